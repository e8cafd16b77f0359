//! Secrets of nonces.

use resource_server::binding::DpopNonces;
use resource_server::error::SecretError;

const SECRET: &str = "0123456789abcdef0123456789abcdef";

#[test]
fn d05_k12_only_a_secret_makes_nonces() {
    let pem = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n";
    let other = |n: usize| format!("{n}{SECRET}");
    let too_short = |bytes| SecretError::TooShort { bytes, needed: 32 };
    for (name, secrets, expected) in [
        ("none", vec![], Some(SecretError::NoSecret)),
        ("one", vec![SECRET.to_owned()], None),
        ("four", (0..4).map(other).collect(), None),
        (
            "five",
            (0..5).map(other).collect(),
            Some(SecretError::TooMany { most: 4 }),
        ),
        ("empty", vec![String::new()], Some(too_short(0))),
        (
            "31 bytes",
            vec![SECRET[1..].to_owned()],
            Some(too_short(31)),
        ),
        (
            "a short second one",
            vec![other(1), "short".to_owned()],
            Some(too_short(5)),
        ),
        (
            "one byte",
            vec!["x".repeat(32)],
            Some(SecretError::OneByteRepeated),
        ),
        (
            "zeros",
            vec!["\0".repeat(32)],
            Some(SecretError::OneByteRepeated),
        ),
        (
            "a public key",
            vec![pem.to_owned()],
            Some(SecretError::ReadsAsKey("PEM")),
        ),
    ] {
        assert_eq!(DpopNonces::from_secrets(secrets).err(), expected, "{name}");
    }
    // An endless list is not read to its end.
    let endless = std::iter::repeat(SECRET);
    let refused = DpopNonces::from_secrets(endless).err();
    assert_eq!(refused, Some(SecretError::TooMany { most: 4 }));
}

#[test]
fn d05_p01_no_secret_is_shown() {
    let configured = DpopNonces::from_secrets([SECRET]).unwrap();
    let own = DpopNonces::of_this_process().unwrap();
    for nonces in [configured, own] {
        assert_eq!(
            format!("{nonces:?} {nonces:#?}"),
            "DpopNonces(..) DpopNonces(..)"
        );
    }
}
