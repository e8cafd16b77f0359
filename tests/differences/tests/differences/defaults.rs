//! What jsonwebtoken accepts by its defaults, which the table does not show: there it is as strict
//! as it can be.

use jsonwebtoken::{DecodingKey, Validation};
use resource_server::testing::TestIssuer;
use resource_server::{Issuer, StaticKeys, Validator};
use serde_json::Value;

use crate::comparison::install_provider;
use crate::draft::{API, ISSUER};

#[test]
fn by_default_they_accept_a_token_without_the_issuer_or_audience_that_is_set() {
    install_provider();
    let issuer = TestIssuer::new(ISSUER, API);
    let keys: Value = serde_json::from_str(&issuer.jwks()).unwrap();
    let key = serde_json::from_value(keys["keys"][0].clone()).unwrap();
    let key = DecodingKey::from_jwk(&key).unwrap();
    let validation = by_default();
    let theirs = |token: &str| jsonwebtoken::decode::<Value>(token, &key, &validation).is_ok();
    let ours = Validator::builder()
        .audience(API)
        .issuer(Issuer::new(ISSUER).keys(StaticKeys::from_jwks(&issuer.jwks()).unwrap()))
        .build()
        .unwrap();
    let ours = |token: &str| ours.validate_cached(token).unwrap().is_ok();

    let whole = issuer.token().mint();
    assert!(ours(&whole) && theirs(&whole));
    for claim in ["iss", "aud"] {
        let other = issuer.token().claim(claim, "https://other.example.com");
        let other = other.mint();
        assert!(!ours(&other) && !theirs(&other), "another {claim}");
        let without = issuer.token().without(claim).mint();
        assert!(!ours(&without) && theirs(&without), "without {claim}");
        let mut strict = by_default();
        strict.set_required_spec_claims(&["exp", claim]);
        assert!(jsonwebtoken::decode::<Value>(&without, &key, &strict).is_err());
    }
}

/// Their settings as a user of the defaults has them.
fn by_default() -> Validation {
    let mut validation = Validation::new(jsonwebtoken::Algorithm::ES256);
    validation.set_issuer(&[ISSUER]);
    validation.set_audience(&[API]);
    validation
}
