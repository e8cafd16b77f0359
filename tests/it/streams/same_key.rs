//! Row H10: a key is the same by its numbers, whatever its JWK says besides.

use std::sync::Arc;

use resource_server::error::SourceError;
use resource_server::keys::KeySet;
use resource_server::testing::TestIssuer;
use resource_server::{
    AccessToken, Algorithm, Evidence, Issuer, KeySource, Policy, PresentedToken, StaticKeys,
};
use serde_json::{Value, json};

use crate::support::form::with_public_keys;
use crate::support::{API, ISSUER, block_on, clock, signer, validator};

fn accepted(issuer: &TestIssuer, algorithm: Algorithm) -> AccessToken {
    let settings = Policy::builder().algorithms([algorithm]);
    let validator = validator(issuer.to_issuer().policy(settings), &clock());
    let minted = issuer.token().algorithm(algorithm).mint();
    block_on(validator.validate(&minted)).unwrap()
}

/// The keys of an issuer, each changed. A set without a usable key is an empty one here.
fn changed(issuer: &TestIssuer, change: impl Fn(&mut Value)) -> KeySet {
    KeySet::from_jwks(&changed_jwks(issuer, change)).unwrap_or_default()
}

fn changed_jwks(issuer: &TestIssuer, change: impl Fn(&mut Value)) -> String {
    let mut jwks: Value = serde_json::from_str(&issuer.jwks()).unwrap();
    let keys = jwks["keys"].as_array_mut().unwrap();
    keys.iter_mut().for_each(change);
    jwks.to_string()
}

#[test]
fn h10_the_same_numbers_are_the_same_key() {
    for algorithm in with_public_keys() {
        let issuer = signer(ISSUER, &clock()).algorithms([algorithm]);
        let token = accepted(&issuer, algorithm);
        let stranger = signer(ISSUER, &clock()).algorithms([algorithm]);
        // A stranger's keys have the same ids.
        let strange = KeySet::from_jwks(&stranger.jwks()).unwrap();
        assert!(strange.key_ids().any(|id| Some(id) == token.key_id()));
        for (case, keys, expected) in [
            ("as it is", changed(&issuer, |_| ()), true),
            (
                "under another kid",
                changed(&issuer, |key| key["kid"] = json!("renamed")),
                true,
            ),
            (
                "without a kid",
                changed(&issuer, |key| {
                    drop(key.as_object_mut().unwrap().remove("kid"));
                }),
                true,
            ),
            (
                "for this issuer",
                changed(&issuer, |key| key["issuer"] = json!(ISSUER)),
                true,
            ),
            (
                "for another issuer",
                changed(&issuer, |key| {
                    key["issuer"] = json!("https://other.example.com");
                }),
                false,
            ),
            (
                "for encryption",
                changed(&issuer, |key| key["use"] = json!("enc")),
                false,
            ),
            ("of a stranger", strange, false),
            (
                "of nobody",
                KeySet::from_jwks(r#"{"keys":[]}"#).unwrap(),
                false,
            ),
        ] {
            assert_eq!(keys.has_key_of(&token), expected, "H10: {algorithm} {case}");
        }
    }
}

/// A key whose `alg` is now another one can't verify this token any more.
#[test]
fn h10_a_key_that_is_now_for_another_algorithm() {
    let issuer = signer(ISSUER, &clock()).algorithms([Algorithm::RS256]);
    let token = accepted(&issuer, Algorithm::RS256);
    for (alg, expected) in [("RS256", true), ("RS512", false), ("PS256", false)] {
        let of_rsa = |key: &mut Value| {
            if key["kty"] == "RSA" {
                key["alg"] = json!(alg);
            }
        };
        let keys = changed(&issuer, of_rsa);
        assert_eq!(keys.has_key_of(&token), expected, "H10: {alg}");
    }
}

/// Where a key without an `alg` serves one algorithm, it matters whether the key still states it.
#[test]
fn h10_a_key_that_no_longer_states_its_algorithm() {
    let issuer = signer(ISSUER, &clock()).algorithms([Algorithm::RS256]);
    let stating = changed_jwks(&issuer, |key| {
        if key["kty"] == "RSA" {
            key["alg"] = json!("RS256");
        }
    });
    let settings = Policy::builder().algorithms([Algorithm::PS256, Algorithm::RS256]);
    for (settings, expected) in [
        (settings.clone(), true),
        (settings.one_algorithm_per_key(), false),
    ] {
        let keys = StaticKeys::from_jwks(&stating).unwrap();
        let entry = Issuer::new(ISSUER).policy(settings).keys(keys);
        let validator = validator(entry, &clock());
        let minted = issuer.token().algorithm(Algorithm::RS256).mint();
        let token = block_on(validator.validate(&minted)).unwrap();
        let now = KeySet::from_jwks(&issuer.jwks()).unwrap();
        assert_eq!(now.has_key_of(&token), expected, "H10");
    }
}

/// A source of one's own that reads its secret again for each token.
struct Reading(&'static [u8]);

impl Reading {
    fn keys(&self) -> KeySet {
        KeySet::from_hmac_secret(Algorithm::HS256, self.0).unwrap()
    }
}

impl KeySource for Reading {
    async fn evidence(&self, _: &PresentedToken<'_>) -> Result<Evidence, SourceError> {
        Ok(Evidence::Keys(Arc::new(self.keys())))
    }

    async fn still_trusts(&self, token: &AccessToken) -> Result<bool, SourceError> {
        Ok(self.keys().has_key_of(token))
    }
}

#[test]
fn h10_the_same_secret_is_the_same_key() {
    const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef0123456789abcdef";
    const OTHER: &[u8] = b"0123456789abcdef0123456789abcdef0123456789abcdeF";
    let clock = clock();
    let settings = Policy::builder().algorithms([Algorithm::HS256]);
    let issuer = Issuer::new(ISSUER).policy(settings).source(Reading(SECRET));
    let validator = validator(issuer, &clock);
    let minted = signer(ISSUER, &clock)
        .token()
        .audience(API)
        .hmac(Algorithm::HS256, SECRET)
        .mint();
    let token = block_on(validator.validate(&minted)).unwrap();
    assert!(block_on(validator.revalidate(&token)).is_ok(), "H10");
    for (algorithm, secret, expected) in [
        (Algorithm::HS256, SECRET, true),
        (Algorithm::HS256, OTHER, false),
        (Algorithm::HS384, SECRET, false),
    ] {
        let keys = KeySet::from_hmac_secret(algorithm, secret).unwrap();
        assert_eq!(keys.has_key_of(&token), expected, "H10: {algorithm}");
    }
    // A public key is no secret.
    let public = KeySet::from_jwks(&signer(ISSUER, &clock).jwks()).unwrap();
    assert!(!public.has_key_of(&token), "H10");
}
