//! Row K12: tokens that are signed with a shared secret. The secret is configured, is a real
//! secret, and is never combined with public keys.

use std::sync::Arc;

use resource_server::Reason::{AlgorithmNotAllowed, BadSignature, Unsigned};
use resource_server::testing::{TestIssuer, TestToken};
use resource_server::{
    AccessToken, Algorithm, Error, Evidence, Issuer, NumericDate, Policy, Possession,
    PresentedToken, Reason, Rejection, StaticKeys, Validator,
    error::{BuildError, ConfigErrorKind, PolicyErrorKind, SecretError},
    keys::{KeySet, VerificationKey},
    verify,
};
use serde_json::{Value, json};

use crate::support::{API, ISSUER, NOW, clock, problems, signer};

/// With the fewest bytes of their secrets.
const ALGORITHMS: [(Algorithm, usize); 3] = [
    (Algorithm::HS256, 32),
    (Algorithm::HS384, 48),
    (Algorithm::HS512, 64),
];

/// So many bytes, of which no two neighbours are the same.
fn secret(bytes: usize) -> Vec<u8> {
    (0..bytes)
        .map(|at| u8::try_from(at * 7 % 251).unwrap())
        .collect()
}

fn test_issuer() -> TestIssuer {
    signer(ISSUER, &clock())
}

fn build(issuer: Issuer) -> Result<Validator, BuildError> {
    Validator::builder()
        .audience(API)
        .issuer(issuer)
        .clock(clock())
        .build()
}

fn judge(validator: &Validator, token: TestToken) -> Result<AccessToken, Rejection> {
    let judged = validator.validate_cached(&token.mint());
    judged
        .expect("the secret is at hand")
        .map_err(|error| match error {
            Error::Rejected(rejection) => rejection,
            other => panic!("{other:?}"),
        })
}

fn reason(validator: &Validator, token: TestToken) -> Option<Reason> {
    judge(validator, token).err().map(|r| r.reason())
}

#[test]
fn k12_a_token_of_the_secret_is_accepted() {
    let issuer = test_issuer();
    for (algorithm, fewest) in ALGORITHMS {
        for bytes in [fewest, fewest + 1, 4 * fewest, 300] {
            let secret = secret(bytes);
            let validator = build(Issuer::hmac(ISSUER, algorithm, &secret)).unwrap();
            let token = || issuer.token().hmac(algorithm, &secret);
            let accepted = judge(&validator, token().scope("orders:read")).unwrap();
            assert_eq!(accepted.algorithm(), Some(algorithm));
            assert_eq!(accepted.subject(), Some("test-subject"));
            assert!(accepted.scopes().contains("orders:read"));
            // With any `kid`.
            assert_eq!(reason(&validator, token().header("kid", "any")), None);
        }
    }
}

#[test]
fn k12_a_token_of_another_secret_or_algorithm_is_refused() {
    let issuer = test_issuer();
    for (algorithm, bytes) in ALGORITHMS {
        let own = secret(bytes);
        let validator = build(Issuer::hmac(ISSUER, algorithm, &own)).unwrap();
        let signed_with = |secret: &[u8]| issuer.token().hmac(algorithm, secret);
        for other in [
            secret(bytes + 1),
            own[1..].to_vec(),
            [&own[..], &[1]].concat(),
            Vec::new(),
        ] {
            let refused = reason(&validator, signed_with(&other));
            assert_eq!(refused, Some(BadSignature), "{algorithm}");
        }
        for (other, _) in ALGORITHMS.iter().filter(|(other, _)| *other != algorithm) {
            let token = issuer.token().hmac(*other, &own);
            assert_eq!(reason(&validator, token), Some(AlgorithmNotAllowed));
            // And under a false name.
            let token = issuer.token().hmac(*other, &own);
            let posing = token.header("alg", algorithm.as_str());
            assert_eq!(reason(&validator, posing), Some(BadSignature));
        }
        // Public keys have no part in it.
        for other in Algorithm::default_list() {
            let refused = judge(&validator, issuer.token().algorithm(other)).unwrap_err();
            assert_eq!(refused.reason(), AlgorithmNotAllowed, "{other}");
            let text = refused.explain();
            assert!(text.contains(&format!("It allows: {algorithm}.")), "{text}");
            assert!(!text.contains("public keys"), "{text}");
        }
    }
}

#[test]
fn k12_a_tag_is_whole_and_exact() {
    let issuer = test_issuer();
    for (algorithm, bytes) in ALGORITHMS {
        let secret = secret(bytes);
        let validator = build(Issuer::hmac(ISSUER, algorithm, &secret)).unwrap();
        let good = issuer.token().hmac(algorithm, &secret).mint();
        let (signed, tag) = good.rsplit_once('.').unwrap();
        let tag = crate::support::form::decode(tag);
        assert_eq!(tag.len(), bytes);
        let refused = |tag: &[u8]| {
            let token = format!("{signed}.{}", crate::support::form::encode(tag));
            match validator.validate_cached(&token).unwrap() {
                Err(Error::Rejected(rejection)) => rejection.reason(),
                other => panic!("{other:?}"),
            }
        };
        for at in 0..bytes {
            let mut changed = tag.clone();
            changed[at] ^= 1;
            assert_eq!(refused(&changed), BadSignature, "{algorithm}, byte {at}");
        }
        for length in [1, bytes / 2, bytes - 1] {
            assert_eq!(
                refused(&tag[..length]),
                BadSignature,
                "{algorithm}, {length}"
            );
        }
        assert_eq!(refused(&[&tag[..], &[0]].concat()), BadSignature);
    }
}

/// The test issuer's tokens of a secret can be spoilt like all others.
#[test]
fn k12_a_token_of_the_secret_without_its_signature_is_refused() {
    let own = secret(32);
    let validator = build(Issuer::hmac(ISSUER, Algorithm::HS256, &own)).unwrap();
    let token = || test_issuer().token().hmac(Algorithm::HS256, &own);
    assert_eq!(reason(&validator, token()), None);
    assert_eq!(reason(&validator, token().unsigned()), Some(Unsigned));
    let zeros = token().signature(&[0; 32]);
    let refused = judge(&validator, zeros).unwrap_err();
    assert_eq!(refused.reason(), BadSignature);
    assert!(refused.explain().contains("another secret"));
    assert!(!refused.explain().contains("kid"));
    let other = token().sign_with(<[u8]>::to_vec);
    assert_eq!(reason(&validator, other), Some(BadSignature));
}

#[test]
fn k12_a_secret_is_at_least_as_long_as_the_hash() {
    for (algorithm, needed) in ALGORITHMS {
        for bytes in [0, 1, needed / 2, needed - 1] {
            let found = problems(Issuer::hmac(ISSUER, algorithm, secret(bytes)));
            let problem = SecretError::TooShort { bytes, needed };
            let issuer = ISSUER.to_owned();
            assert_eq!(found, [(Some(issuer), ConfigErrorKind::Secret(problem))]);
        }
        assert!(build(Issuer::hmac(ISSUER, algorithm, secret(needed))).is_ok());
    }
}

#[test]
fn k12_one_byte_again_and_again_is_no_secret() {
    let check = |secret: &[u8]| KeySet::from_hmac_secret(Algorithm::HS256, secret).map(drop);
    for byte in [0, b' ', b'0', b'a', 0xff] {
        for bytes in [32, 33, 1 << 10] {
            let repeated = vec![byte; bytes];
            assert_eq!(check(&repeated), Err(SecretError::OneByteRepeated));
        }
    }
    let mut almost = [0; 32];
    almost[31] = 1;
    assert_eq!(check(&almost), Ok(()));
    almost = [0; 32];
    almost[0] = 1;
    assert_eq!(check(&almost), Ok(()));
}

/// The public form of a key, or what its owner pasted by mistake.
#[test]
fn k12_a_key_is_no_secret() {
    let issuer = test_issuer().algorithms([Algorithm::RS256, Algorithm::EdDSA]);
    let set: Value = serde_json::from_str(&issuer.jwks()).unwrap();
    let keys = set["keys"].as_array().unwrap();
    let rsa = keys.iter().find(|key| key["kty"] == "RSA").unwrap();
    let (spki, pkcs1) = (
        crate::support::keys::spki(rsa),
        crate::support::keys::pkcs1(rsa),
    );
    let pem = |label: &str| crate::support::keys::pem(label, &spki);
    // RFC 8410 section 10.1.
    let ed25519 = "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=";
    // RFC 8410 section 10.3.
    let private = "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC";
    let ssh = crate::support::keys::open_ssh("ssh-ed25519", &[&[7; 32]]);
    let oct = json!({"kty": "oct", "k": crate::support::form::encode(&secret(32))});
    let lines = crate::support::keys::pem("", &spki);
    let lines: Vec<_> = lines.lines().collect();
    let folded = lines[1..lines.len() - 1].join("\r\n");
    #[rustfmt::skip]
    let cases = [
        ("PEM of SPKI", pem("PUBLIC KEY").into_bytes(), "PEM"),
        ("PEM of PKCS #1", crate::support::keys::pem("RSA PUBLIC KEY", &pkcs1).into_bytes(), "PEM"),
        ("PEM of a certificate", pem("CERTIFICATE").into_bytes(), "PEM"),
        ("PEM of a private key", pem("PRIVATE KEY").into_bytes(), "PEM"),
        ("PEM of OpenSSH", pem("OPENSSH PRIVATE KEY").into_bytes(), "PEM"),
        ("PEM behind a comment", format!("key of 2026\n{}", pem("PUBLIC KEY")).into_bytes(), "PEM"),
        ("PEM behind white space", format!("\n \t{}", pem("PUBLIC KEY")).into_bytes(), "PEM"),
        ("PEM in one line", pem("PUBLIC KEY").replace('\n', "").into_bytes(), "PEM"),
        ("PEM with a byte order mark", format!("\u{feff}{}", pem("PUBLIC KEY")).into_bytes(), "PEM"),
        ("PEM in Latin-1", [b"Schl\xfcssel\n", pem("PUBLIC KEY").as_bytes()].concat(), "PEM"),
        ("PEM and a stray byte", [pem("PUBLIC KEY").as_bytes(), b"\xff"].concat(), "PEM"),
        ("PEM in UTF-16", utf_16(&pem("PUBLIC KEY")), "PEM"),
        ("PEM in lower case", pem("PUBLIC KEY").to_lowercase().into_bytes(), "PEM"),
        ("PEM without its first line", pem("PUBLIC KEY").split_once('\n').unwrap().1.into(), "PEM"),
        ("base64 of PEM", crate::support::keys::base64(pem("PUBLIC KEY").as_bytes()).into_bytes(), "PEM"),
        ("base64url of PEM", crate::support::form::encode(pem("PUBLIC KEY").as_bytes()).into_bytes(), "PEM"),
        ("PEM with \\n in words", pem("PUBLIC KEY").replace('\n', "\\n").into_bytes(), "PEM"),
        ("PuTTY", b"PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\n".to_vec(), "PuTTY's form"),
        ("XML", b"<RSAKeyValue><Modulus>oWY=</Modulus></RSAKeyValue>".to_vec(), "XML"),
        ("RFC 4716", b"---- BEGIN SSH2 PUBLIC KEY ----\nAAAAB3NzaC1yc2EAAAADAQAB\n".to_vec(), "PEM"),
        ("DER of SPKI", spki.clone(), "DER"),
        ("DER of PKCS #1", pkcs1.clone(), "DER"),
        ("DER of Ed25519", crate::support::form::decode_base64(ed25519), "DER"),
        ("DER of a private key", crate::support::form::decode_base64(private), "DER"),
        ("DER and a line break", [&spki[..], b"\n"].concat(), "DER"),
        ("DER and a zero", [&pkcs1[..], &[0]].concat(), "DER"),
        ("DER twice", spki.repeat(2), "DER"),
        ("BER of indefinite length", [&[0x30, 0x80], &spki[4..], &[0, 0]].concat(), "DER"),
        ("base64url of SPKI", crate::support::form::encode(&spki).into_bytes(), "DER"),
        ("base64 of SPKI in quotes", format!("\"{}\"", crate::support::keys::base64(&spki)).into_bytes(), "DER"),
        ("base64 of SPKI, \\n in words", crate::support::keys::base64(&spki).replace('A', "A\\n").into_bytes(), "DER"),
        ("base64 of base64 of SPKI", crate::support::keys::base64(crate::support::keys::base64(&spki).as_bytes()).into_bytes(), "DER"),
        ("hex of SPKI", hex(&spki, "").into_bytes(), "DER"),
        ("hex of SPKI with colons", hex(&spki, ":").into_bytes(), "DER"),
        ("base64 of SPKI", crate::support::keys::base64(&spki).into_bytes(), "DER"),
        ("base64 of SPKI in lines", folded.into_bytes(), "DER"),
        ("base64 of Ed25519", ed25519.into(), "DER"),
        ("base64 of a private key", private.into(), "DER"),
        ("OpenSSH", ssh.clone().into_bytes(), "OpenSSH's form"),
        ("OpenSSH ECDSA", crate::support::keys::open_ssh("ecdsa-sha2-nistp256", &[&[7; 65]]).into_bytes(), "OpenSSH's form"),
        ("OpenSSH behind white space", format!(" {ssh}").into_bytes(), "OpenSSH's form"),
        ("known_hosts", format!("host.example {ssh}").into_bytes(), "OpenSSH's form"),
        ("authorized_keys", format!("# of 2026\nno-pty {ssh} me@example").into_bytes(), "OpenSSH's form"),
        ("OpenSSH's blob", ssh.split_once(' ').unwrap().1.into(), "OpenSSH's form"),
        ("JWK in an array", format!("[{rsa}]").into_bytes(), "JWK"),
        ("JWK in a member", json!({"jwk": rsa}).to_string().into_bytes(), "JWK"),
        ("JWK in a string", json!(rsa.to_string()).to_string().into_bytes(), "JWK"),
        ("JWK with a comment", format!("// of 2026\n{rsa}").into_bytes(), "JWK"),
        ("JWK and a semicolon", format!("{rsa};").into_bytes(), "JWK"),
        ("JWK and a zero", format!("{rsa}\0").into_bytes(), "JWK"),
        ("two JWKs", format!("{rsa}\n{rsa}").into_bytes(), "JWK"),
        ("JWK with a lone surrogate", rsa.to_string().replacen('{', r#"{"a":"\ud800","#, 1).into_bytes(), "JWK"),
        ("JWK in Latin-1", [b"{\"a\":\"\xfc\",", &rsa.to_string().as_bytes()[1..]].concat(), "JWK"),
        ("JWK behind a byte order mark", format!("\n\u{feff}{rsa}").into_bytes(), "JWK"),
        ("base64url of JWK", crate::support::form::encode(rsa.to_string().as_bytes()).into_bytes(), "JWK"),
        ("JWK", rsa.to_string().into_bytes(), "JWK"),
        ("JWK in lines", serde_json::to_vec_pretty(rsa).unwrap(), "JWK"),
        ("JWK Set", issuer.jwks().into_bytes(), "JWK"),
        ("JWK of a secret", oct.to_string().into_bytes(), "JWK"),
        ("short JWK", br#"{"kty":"oct"}"#.to_vec(), "JWK"),
    ];
    for (name, text, form) in cases {
        for (algorithm, _) in ALGORITHMS {
            let found = KeySet::from_hmac_secret(algorithm, &text).map(drop);
            assert_eq!(found, Err(SecretError::ReadsAsKey(form)), "{name}");
        }
    }
}

/// Random bytes, hex, base64 and words are used as they are.
#[test]
fn k12_what_only_begins_like_a_key_is_a_secret() {
    for text in [
        &b"correct horse battery staple, and then some more"[..],
        b"4f6c6420736563726574732061726520626574746572207468616e206e6577",
        b"yv66vsr+ur7K/rq+yv66vsr+ur7K/rq+yv66vsr+ur4=",
        br#"{"this":"is JSON, and no JWK at all, of so many bytes"}"#,
        b"ssh-agents of the world, unite: a secret phrase",
        b"I begin -- and end -- with dashes, thirty-two bytes",
        // A SEQUENCE by its first byte, of another length or content.
        b"0\x1e12345678901234567890123456789012",
        b"0\x1e\x04\x0512345678901234567890123456789",
        b"0\x2e\x04\x05123456789012345678901234567890123456789012345",
        b"0\x2e\x02\x2c123456789012345678901234567890123456789012345",
        b"MAswCQYHKoZIzj0CAQ4F3Kq9mE2uXw==",
    ] {
        let taken = KeySet::from_hmac_secret(Algorithm::HS256, text);
        assert!(taken.is_ok(), "{}: {taken:?}", text.escape_ascii());
    }
}

#[test]
fn k12_other_algorithms_have_no_secret() {
    for algorithm in Algorithm::ALL.iter().copied().filter(|a| !a.is_hmac()) {
        let problem = SecretError::NotHmac(algorithm);
        let key = VerificationKey::from_hmac_secret(algorithm, &secret(64));
        assert_eq!(key.map(drop), Err(problem.clone()));
        let found = problems(Issuer::hmac(ISSUER, algorithm, secret(64)));
        let issuer = ISSUER.to_owned();
        assert!(found.contains(&(Some(issuer), ConfigErrorKind::Secret(problem))));
    }
    assert!(!Algorithm::default_list().any(Algorithm::is_hmac));
}

#[test]
fn k12_a_secret_stands_beside_no_public_key() {
    use Algorithm::{ES256, HS256, HS512};
    let policy = |algorithms: &[Algorithm]| Policy::builder().algorithms(algorithms.to_vec());
    let issuer = || ISSUER.to_owned();
    let hmac = || Issuer::hmac(ISSUER, HS256, secret(32));

    let mixed = policy(&[ES256, HS256]).issuer(ISSUER).audience(API).build();
    let mixed = mixed.unwrap_err();
    assert_eq!(mixed.problems(), [PolicyErrorKind::HmacBesideOthers]);
    let read = |algorithms: &str| {
        let text = format!(r#"{{"issuer":"a","audiences":["b"],"algorithms":{algorithms}}}"#);
        serde_json::from_str::<Policy>(&text).is_ok()
    };
    assert!(read(r#"["HS256"]"#) && read(r#"["ES256"]"#) && !read(r#"["HS256","ES256"]"#));

    for other in [&[ES256][..], &[HS512], &[HS256, HS512]] {
        let found = problems(hmac().policy(policy(other)));
        let (issuer, algorithm) = (issuer(), HS256);
        assert_eq!(
            found,
            [(Some(issuer), ConfigErrorKind::OtherAlgorithms { algorithm })]
        );
    }
    assert!(build(hmac().policy(policy(&[HS256]))).is_ok());
    assert!(build(hmac().policy(Policy::builder().allow_id_token_claims())).is_ok());

    let keys = StaticKeys::from_jwks(&test_issuer().jwks()).unwrap();
    let found = problems(hmac().keys(keys));
    assert_eq!(found, [(Some(issuer()), ConfigErrorKind::SeveralSources)]);
}

#[cfg(feature = "fetch")]
#[test]
fn k12_fetched_keys_are_no_secrets() {
    let policy = || Policy::builder().algorithms([Algorithm::HS256]);
    let issuer = ISSUER.to_owned();
    let fetched = (Some(issuer), ConfigErrorKind::HmacWithFetchedKeys);
    for issuer in [
        Issuer::discover(ISSUER),
        Issuer::new(ISSUER).jwks_at(ISSUER),
        Issuer::new(ISSUER).discovery_at(ISSUER),
    ] {
        let found = problems(issuer.policy(policy()));
        assert_eq!(found, std::slice::from_ref(&fetched));
    }
}

/// A set that publishes a secret gives no key, also where the policy has HMAC.
#[test]
fn k12_a_published_secret_is_no_secret() {
    let own = secret(32);
    let oct =
        json!({"kty": "oct", "kid": "o", "alg": "HS256", "k": crate::support::form::encode(&own)});
    let mut set: Value = serde_json::from_str(&test_issuer().jwks()).unwrap();
    set["keys"].as_array_mut().unwrap().push(oct);
    let keys = StaticKeys::from_jwks(&set.to_string()).unwrap();
    let policy = Policy::builder().algorithms([Algorithm::HS256]);
    let validator = build(Issuer::new(ISSUER).keys(keys).policy(policy)).unwrap();
    let token = test_issuer().token().hmac(Algorithm::HS256, &own);
    let refused = reason(&validator, token.header("kid", "o"));
    assert_eq!(refused, Some(Reason::UnknownKey));
}

#[test]
fn k12_the_core_takes_a_secret_too() {
    let own = secret(48);
    let keys = KeySet::from_hmac_secret(Algorithm::HS384, &own).unwrap();
    let policy = Policy::builder().issuer(ISSUER).audience(API);
    let policy = policy.algorithms([Algorithm::HS384]).build().unwrap();
    let text = test_issuer().token().hmac(Algorithm::HS384, &own).mint();
    let token = PresentedToken::parse(&text).unwrap();
    let evidence = Evidence::Keys(Arc::new(keys));
    let unconfirmed = verify(&token, &evidence, &policy, NumericDate::from_secs(NOW)).unwrap();
    assert!(unconfirmed.confirm(&Possession::bearer()).is_ok());
}

#[test]
fn k12_nothing_shows_the_secret() {
    let own = b"a secret that nobody may see in a log, ever";
    let key = VerificationKey::from_hmac_secret(Algorithm::HS256, own).unwrap();
    assert_eq!(key.thumbprint(), None);
    let keys = KeySet::from_hmac_secret(Algorithm::HS256, own).unwrap();
    let issuer = Issuer::hmac(ISSUER, Algorithm::HS256, own);
    let shown = format!("{key:?} {keys:?} {issuer:?}");
    let validator = build(issuer).unwrap();
    let refused = judge(
        &validator,
        test_issuer().token().hmac(Algorithm::HS256, b"other"),
    );
    let refused = refused.unwrap_err();
    let health = validator.health();
    let shown = format!(
        "{shown} {validator:?} {health:?} {refused:?} {}",
        refused.explain()
    );
    let bad = b"{\"kty\":\"oct\",\"k\":\"a secret that nobody may see\"}";
    let error = build(Issuer::hmac(ISSUER, Algorithm::HS256, bad)).unwrap_err();
    let shown = format!("{shown} {error:?} {error}");
    let bytes = format!("{:?}", &own[..8]);
    for part in [
        "a secret that",
        "nobody may see",
        &bytes[1..bytes.len() - 1],
        "6120736563726574",
    ] {
        assert!(!shown.contains(part), "{shown}");
    }
}

fn hex(bytes: &[u8], between: &str) -> String {
    let pairs: Vec<_> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    pairs.join(between)
}

fn utf_16(text: &str) -> Vec<u8> {
    let units = text.encode_utf16().flat_map(u16::to_le_bytes);
    [0xff, 0xfe].into_iter().chain(units).collect()
}

/// Rotation: the tokens of both secrets are accepted, and the message for two issuers of one name
/// says how.
#[test]
fn k12_several_secrets_of_one_issuer() {
    let issuer = test_issuer();
    let (algorithm, bytes) = ALGORITHMS[0];
    let (old, new) = (secret(bytes), secret(bytes + 1));
    let secrets = [(None, &new), (Some("old"), &old)];
    let validator = build(Issuer::hmac_secrets(ISSUER, algorithm, secrets)).unwrap();
    let token = |secret| issuer.token().hmac(algorithm, secret);
    assert_eq!(reason(&validator, token(&new)), None);
    assert_eq!(reason(&validator, token(&old).header("kid", "old")), None);
    let by_other_id = token(&old).header("kid", "new");
    assert_eq!(reason(&validator, by_other_id), Some(BadSignature));

    let none: [(Option<&str>, &[u8]); 0] = [];
    let [(_, ConfigErrorKind::Secret(problem))] =
        &problems(Issuer::hmac_secrets(ISSUER, algorithm, none))[..]
    else {
        panic!("not one problem");
    };
    assert!(
        problem.to_string().contains("no secret is given"),
        "{problem}"
    );

    let one = |secret: &[u8]| Issuer::hmac(ISSUER, algorithm, secret);
    let twice = Validator::builder()
        .audience(API)
        .issuer(one(&old))
        .issuer(one(&new))
        .build()
        .unwrap_err();
    let twice = twice.to_string();
    assert!(twice.contains("hmac_secrets"), "{twice}");
}
