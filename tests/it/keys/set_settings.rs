//! Bounds of a set and what it reports (rows K06 and K14), and several HMAC secrets (K12).

use std::sync::Arc;

use resource_server::testing::TestIssuer;
use resource_server::{
    Algorithm, Evidence, NumericDate, Policy, PresentedToken, Reason, Rejection, StaticKeys,
    error::{KeyError, KeySetError, SecretError},
    keys::{KeySet, KeySetLimits, Misspelling, SkippedKey},
    verify,
};
use serde_json::{Value, json};

const AS: &str = "https://as.example.com";
const API: &str = "https://api.example.com";
/// RFC 8037 appendix A.
const ED25519_X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

fn ed25519(id: &str) -> Value {
    json!({"kty": "OKP", "crv": "Ed25519", "x": ED25519_X, "kid": id})
}

fn numbered(count: usize) -> Vec<Value> {
    (0..count)
        .map(|number| ed25519(&number.to_string()))
        .collect()
}

fn judge(token: &str, keys: &Arc<KeySet>, algorithm: Algorithm) -> Result<(), Rejection> {
    let policy = Policy::builder().issuer(AS).audience(API);
    let policy = policy.algorithms([algorithm]).build().unwrap();
    let token = PresentedToken::parse(token).unwrap();
    let now = token.jwt().unwrap().expires_at().unwrap().as_secs() - 10;
    let keys = Evidence::Keys(Arc::clone(keys));
    verify(&token, &keys, &policy, NumericDate::from_secs(now)).map(drop)
}

#[test]
fn k06_bounds_are_settings_and_are_named() {
    let text = json!({"keys": numbered(150)}).to_string();
    let limits = KeySetLimits::new(100, 64 * 1024).unwrap();
    let set = Arc::new(KeySet::from_jwks_within(&text, limits).unwrap());
    assert_eq!(set.len(), 100);
    let over = KeyError::OverMaxKeys {
        limit: 100,
        left_out: 50,
    };
    assert_eq!(set.skipped()[0].reason(), over);
    let by_hand = StaticKeys::from_jwks_within(&text, limits).unwrap();
    assert_eq!(by_hand.key_set().skipped(), set.skipped());

    // The operator sees the setting where a token's key is beyond the bound.
    let issuer = TestIssuer::new(AS, API);
    let token = issuer.token().algorithm(Algorithm::EdDSA);
    let token = token.header("kid", "149").mint();
    let rejection = judge(&token, &set, Algorithm::EdDSA).unwrap_err();
    assert_eq!(rejection.reason(), Reason::UnknownKey);
    let explained = rejection.explain();
    for part in ["max_keys", "limit of 100", "49 other keys"] {
        assert!(explained.contains(part), "{part}: {explained}");
    }

    let small = KeySetLimits::new(100, 1_024).unwrap();
    let error = KeySet::from_jwks_within(&text, small).unwrap_err();
    let bytes = text.len();
    assert_eq!(
        error,
        KeySetError::TooLarge {
            bytes,
            limit: 1_024
        }
    );
    assert!(error.to_string().contains("max_key_set_bytes"), "{error}");

    let all = KeySetLimits::new(10_000, 16 * 1024 * 1024).unwrap();
    let text = json!({"keys": numbered(10_000)}).to_string();
    let set = KeySet::from_jwks_within(&text, all).unwrap();
    assert_eq!((set.len(), set.skipped()), (10_000, &[][..]));
}

/// The limit is named before any other key that was skipped.
#[test]
fn k06_the_limit_is_explained_first() {
    let mut keys = vec![json!({"kty": "XYZ"}); 30];
    keys.extend(numbered(71));
    let limits = KeySetLimits::new(100, 64 * 1024).unwrap();
    let text = json!({"keys": keys}).to_string();
    let set = Arc::new(KeySet::from_jwks_within(&text, limits).unwrap());
    let issuer = TestIssuer::new(AS, API);
    let token = issuer.token().algorithm(Algorithm::EdDSA);
    let token = token.header("kid", "70").mint();
    let explained = judge(&token, &set, Algorithm::EdDSA).unwrap_err().explain();
    assert!(explained.contains("max_keys"), "{explained}");
    assert!(explained.contains("no other key after it"), "{explained}");
}

/// In a large set the arithmetic is done at first use, and a key that turns out bad is as good as
/// absent.
#[test]
fn k06_a_bad_key_of_a_large_set_is_skipped_at_first_use() {
    let issuer = TestIssuer::new(AS, API);
    let off_curve =
        |id: &str| json!({"kty": "EC", "crv": "P-256", "kid": id, "x": ED25519_X, "y": ED25519_X});
    let bad = KeyError::RefusedByBackend;
    for (others, is_large) in [(97, false), (99, true)] {
        let mut keys = numbered(others);
        keys.insert(7, off_curve("bad"));
        let jwks: Value = serde_json::from_str(&issuer.jwks()).unwrap();
        let mut own = jwks["keys"][0].clone();
        own["kid"] = json!("good");
        keys.push(own);
        let text = json!({"keys": keys}).to_string();
        let set = Arc::new(KeySet::from_jwks(&text).unwrap());
        let at_load: Vec<_> = set.skipped().iter().map(SkippedKey::reason).collect();
        assert_eq!(at_load, if is_large { vec![] } else { vec![bad] });
        assert!(set.skipped_at_first_use().is_empty());

        // The key of another algorithm and another kid does not touch it.
        let token = |kid: &str| issuer.token().header("kid", kid).mint();
        assert!(judge(&token("good"), &set, Algorithm::ES256).is_ok());
        assert!(set.skipped_at_first_use().is_empty());

        let rejection = judge(&token("bad"), &set, Algorithm::ES256).unwrap_err();
        assert_eq!(rejection.reason(), Reason::UnknownKey);
        let explained = rejection.explain();
        assert!(explained.contains("key 7 (kid \"bad\")"), "{explained}");
        let found: Vec<_> = set
            .skipped_at_first_use()
            .iter()
            .map(|key| (key.index(), key.key_id().map(str::to_owned), key.reason()))
            .collect();
        let expected = vec![(7, Some("bad".to_owned()), bad)];
        assert_eq!(found, if is_large { expected } else { vec![] });
        // Without a kid the good one is found after it.
        let token = issuer.token().without_header("kid").mint();
        assert!(judge(&token, &set, Algorithm::ES256).is_ok());
    }
}

#[test]
fn k14_what_was_misspelt_is_reported() {
    let standard = ED25519_X.replace('_', "/");
    let mut key = ed25519("a\n");
    key["x"] = json!(format!("{standard}="));
    key["d"] = json!(null);
    key["alg"] = json!(null);
    let mut skipped = key.clone();
    skipped["kty"] = json!(null);
    let ec = json!({"kty": "EC", "crv": "P-256", "x": "AGBLjcpgRPnhyLoBUJAVwD6SQqqM1XH724pQlJg5lVbM",
        "y": "zgSGOm8PM2n2Q3MwY86BPTpKU94O-64HPK1olXBkAHM"});
    let text = json!({"keys": [skipped, ed25519("right"), key, ec]}).to_string();
    let set = KeySet::from_jwks(&text).unwrap();
    let found: Vec<_> = set
        .notes()
        .iter()
        .map(|note| {
            (
                note.index(),
                note.key_id(),
                note.member(),
                note.misspelling(),
            )
        })
        .collect();
    let id = Some("a\\n");
    assert_eq!(
        found,
        [
            (2, id, "d", Misspelling::Null),
            (2, id, "alg", Misspelling::Null),
            (2, id, "x", Misspelling::Base64),
            (3, None, "x", Misspelling::Length),
        ]
    );
    let said: Vec<_> = set.notes().iter().map(ToString::to_string).collect();
    assert_eq!(
        said[0],
        r#"key 2 (kid "a\n"): its member "d" is null and was read as absent"#
    );
    assert_eq!(
        said[3],
        r#"key 3: its member "x" has too few or too many leading zeros"#
    );
    let many = vec![key_with_null(); 150];
    let set = KeySet::from_jwks(&json!({"keys": many}).to_string()).unwrap();
    assert_eq!((set.len(), set.notes().len()), (150, 100));
}

fn key_with_null() -> Value {
    let mut key = ed25519("a");
    key["d"] = json!(null);
    key
}

const OLD: &[u8] = b"0123456789abcdef0123456789abcdef";
const NEW: &[u8] = b"fedcba9876543210fedcba9876543210";

/// A token for HS256, signed with this secret.
fn hmac_token(secret: &[u8], kid: Option<&str>) -> String {
    let token = TestIssuer::new(AS, API).token();
    let token = token.hmac(Algorithm::HS256, secret);
    match kid {
        Some(kid) => token.header("kid", kid),
        None => token.without_header("kid"),
    }
    .mint()
}

#[test]
fn k12_several_secrets_at_once() {
    let both = |first, second| [(first, NEW), (second, OLD)];
    let third: &[u8] = b"another secret of exactly 32 by.";
    for (name, secrets, token, expected) in [
        ("new, no kid", both(None, None), hmac_token(NEW, None), None),
        ("old, no kid", both(None, None), hmac_token(OLD, None), None),
        (
            "old, any kid",
            both(None, None),
            hmac_token(OLD, Some("x")),
            None,
        ),
        (
            "neither",
            both(None, None),
            hmac_token(third, None),
            Some(Reason::BadSignature),
        ),
        (
            "new by kid",
            both(Some("n"), Some("o")),
            hmac_token(NEW, Some("n")),
            None,
        ),
        (
            "old by kid",
            both(Some("n"), Some("o")),
            hmac_token(OLD, Some("o")),
            None,
        ),
        (
            "old without kid",
            both(Some("n"), Some("o")),
            hmac_token(OLD, None),
            None,
        ),
        (
            "wrong kid",
            both(Some("n"), Some("o")),
            hmac_token(OLD, Some("n")),
            Some(Reason::BadSignature),
        ),
        (
            "unknown kid",
            both(Some("n"), Some("o")),
            hmac_token(OLD, Some("x")),
            Some(Reason::UnknownKey),
        ),
        (
            "kid beside a secret without",
            both(Some("n"), None),
            hmac_token(OLD, Some("n")),
            None,
        ),
        (
            "any kid beside",
            both(Some("n"), None),
            hmac_token(OLD, Some("x")),
            None,
        ),
        (
            "its kid alone",
            both(Some("n"), None),
            hmac_token(NEW, Some("x")),
            Some(Reason::BadSignature),
        ),
    ] {
        let keys = KeySet::from_hmac_secrets(Algorithm::HS256, secrets).unwrap();
        let judged = judge(&token, &Arc::new(keys), Algorithm::HS256);
        let found = judged.as_ref().err().map(Rejection::reason);
        assert_eq!(found, expected, "{name}");
    }
    let secrets = both(None, None);
    let keys = Arc::new(KeySet::from_hmac_secrets(Algorithm::HS256, secrets).unwrap());
    let rejection = judge(&hmac_token(third, None), &keys, Algorithm::HS256).unwrap_err();
    let explained = rejection.explain();
    assert!(explained.contains("any of the 2 secrets"), "{explained}");
}

#[test]
fn k12_at_most_four_secrets_are_tried() {
    let secret = |number: u8| {
        let mut secret = OLD.to_vec();
        secret[0] = number;
        secret
    };
    let without_id = |count: u8| (0..count).map(|number| (None, secret(number)));
    let problem = |count| KeySet::from_hmac_secrets(Algorithm::HS256, without_id(count)).err();
    assert_eq!(problem(4), None);
    assert_eq!(problem(5), Some(SecretError::TooManyWithoutKeyId));
    assert_eq!(problem(0), Some(SecretError::NoSecret));
    let short = [(None, NEW), (Some("a"), &b"short"[..])];
    let short = StaticKeys::from_hmac_secrets(Algorithm::HS256, short);
    let (bytes, needed) = (5, 32);
    assert_eq!(short.err(), Some(SecretError::TooShort { bytes, needed }));

    let ids = ["0", "1", "2", "3", "4"];
    let named = ids
        .iter()
        .zip(0..)
        .map(|(id, number)| (Some(*id), secret(number)));
    let keys = Arc::new(KeySet::from_hmac_secrets(Algorithm::HS256, named).unwrap());
    for (number, id) in (0..).zip(ids) {
        let judge = |kid| judge(&hmac_token(&secret(number), kid), &keys, Algorithm::HS256);
        assert!(judge(Some(id)).is_ok(), "{id}");
        assert_eq!(judge(None).is_ok(), number < 4, "{id}");
    }
}

/// Row K15: which tokens one key of a set verifies under a list of algorithms.
#[test]
fn k15_a_key_without_alg_serves_the_first_algorithm_only() {
    use Algorithm::{ES256, Ed25519, EdDSA, PS256, RS256, RS512};

    let issuer = TestIssuer::new(AS, API);
    let token = |algorithm| issuer.token().algorithm(algorithm).without_header("kid");
    let jwks = |stated: Option<Algorithm>, of: Algorithm| {
        let _ = token(of).mint();
        let mut set: Value = serde_json::from_str(&issuer.jwks()).unwrap();
        for key in set["keys"].as_array_mut().unwrap() {
            key.as_object_mut().unwrap().remove("alg");
            if let Some(stated) = stated {
                key["alg"] = json!(stated.as_str());
            }
        }
        KeySet::from_jwks(&set.to_string()).map(Arc::new)
    };
    let accepts = |list: &[Algorithm], is_on: bool, stated, algorithm| {
        let policy = Policy::builder().issuer(AS).audience(API);
        let policy = policy.algorithms(list.iter().copied());
        let policy = if is_on {
            policy.one_algorithm_per_key()
        } else {
            policy
        };
        let text = token(algorithm).mint();
        let token = PresentedToken::parse(&text).unwrap();
        let now = token.jwt().unwrap().expires_at().unwrap().as_secs() - 10;
        let keys = Evidence::Keys(jwks(stated, algorithm).unwrap());
        let now = NumericDate::from_secs(now);
        let judged = verify(&token, &keys, &policy.build().unwrap(), now);
        judged.map(drop).map_err(|rejection| rejection.reason())
    };
    let unknown = Err(Reason::UnknownKey);
    for (list, is_on, stated, algorithm, expected) in [
        (&[RS256, PS256][..], false, None, PS256, Ok(())),
        (&[RS256, PS256], true, None, RS256, Ok(())),
        (&[RS256, PS256], true, None, PS256, unknown),
        (&[PS256, RS256], true, None, PS256, Ok(())),
        (&[PS256, RS256], true, None, RS256, unknown),
        (&[ES256, RS512, RS256], true, None, RS512, Ok(())),
        (&[ES256, RS512, RS256], true, None, ES256, Ok(())),
        (&[RS256, PS256], true, Some(PS256), PS256, Ok(())),
        // Two names of one algorithm.
        (&[EdDSA, Ed25519], true, None, Ed25519, Ok(())),
        (&[Ed25519, EdDSA], true, None, EdDSA, Ok(())),
    ] {
        let found = accepts(list, is_on, stated, algorithm);
        assert_eq!(found, expected, "{list:?} {is_on} {stated:?} {algorithm}");
    }
    // From a configuration file.
    let policy = |value: &str| {
        serde_json::from_str::<Policy>(&format!(
            r#"{{"issuer":"{AS}","audiences":["{API}"],"one_algorithm_per_key":{value}}}"#
        ))
    };
    assert!(policy("true").is_ok() && policy("false").is_ok() && policy("null").is_err());
}
