//! Row P03, the JWK Set parser on any text: a set never yields a key that it must leave out.

#![no_main]

use libfuzzer_sys::fuzz_target;
use resource_server::{StaticKeys, keys::KeySet};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// Each key by itself: one that another reader can't read spoils no other.
#[derive(Deserialize)]
struct Listed<'t> {
    #[serde(borrow)]
    keys: Vec<&'t RawValue>,
}

fuzz_target!(|text: &str| {
    let Ok(set) = KeySet::from_jwks(text) else {
        return;
    };
    assert!(set.len() <= 1_000 && text.len() <= 1024 * 1024);
    assert_eq!(set.is_empty(), StaticKeys::from_jwks(text).is_err());
    let Listed { keys: listed } = serde_json::from_str(text).expect("a JWK Set");
    let skipped: Vec<_> = set.skipped().iter().map(|key| key.index()).collect();
    let taken = listed
        .iter()
        .enumerate()
        .filter(|(index, _)| *index < 1_000 && !skipped.contains(index));
    let mut count = 0;
    for ((_, jwk), key) in taken.zip(set.keys()) {
        count += 1;
        let mut jwk: Map<String, Value> =
            serde_json::from_str(jwk.get()).expect("a key that is taken is JSON");
        // Row K14: in a set, `null` is absence.
        jwk.retain(|_, value| !value.is_null());
        assert_eq!(key.key_id(), jwk.get("kid").and_then(Value::as_str));
        let kty = jwk["kty"].as_str().expect("kty");
        assert!(["RSA", "EC", "OKP", "AKP"].contains(&kty), "{kty}");
        for private in ["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"] {
            assert!(jwk.get(private).is_none(), "{private}");
        }
        assert!(matches!(
            jwk.get("use").map(|u| u.as_str()),
            None | Some(Some("sig"))
        ));
        if let Some(operations) = jwk.get("key_ops") {
            assert!(
                operations
                    .as_array()
                    .expect("a list")
                    .contains(&"verify".into())
            );
        }
        assert!(key.algorithms().count() > 0);
        assert!(!key.algorithms().any(|algorithm| algorithm.is_hmac()));
        if let Some(stated) = jwk.get("alg") {
            let stated = stated
                .as_str()
                .expect("a name")
                .parse()
                .expect("a known one");
            assert!(key.algorithms().any(|algorithm| algorithm == stated));
        }
    }
    assert_eq!(count, set.len());
});
