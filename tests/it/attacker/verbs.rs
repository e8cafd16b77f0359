//! Row P05: every verb of the Validator makes the same checks.

use resource_server::testing::{TestIssuer, TestToken};
use resource_server::{AccessToken, Credentials, Error, Issuer, Reason, StaticKeys, Validator};
use serde_json::json;

use crate::support::{API, Api, ISSUER, NOW, THUMBPRINT, block_on};

type Verb = fn(&Validator, &str) -> Result<AccessToken, Error>;

const VERBS: [(&str, Verb); 4] = [
    ("validate", |validator, token| {
        block_on(validator.validate(token))
    }),
    ("authenticate", |validator, token| {
        block_on(validator.authenticate(&Credentials::bearer(token)))
    }),
    ("validate_cached", |validator, token| {
        validator.validate_cached(token).expect("static keys")
    }),
    ("validate_online", |validator, token| {
        block_on(validator.validate_online(token))
    }),
];

#[test]
fn p05_no_verb_skips_a_check() {
    let api = Api::new();
    let keys = StaticKeys::from_jwks(&api.issuer.jwks()).unwrap();
    let validator = Validator::builder()
        .audience(API)
        .clock(api.clock.clone())
        .issuer(Issuer::new(ISSUER).keys(keys))
        .build()
        .unwrap();
    let impostor = TestIssuer::new(ISSUER, API).clock(api.clock.clone());
    let mint = |change: fn(TestToken) -> TestToken| change(api.token()).mint();
    let cases = [
        (mint(|token| token.claim("exp", NOW - 100)), Reason::Expired),
        (
            mint(|token| token.claim("nbf", NOW + 100)),
            Reason::NotYetValid,
        ),
        (
            mint(|token| token.claim("aud", "urn:b")),
            Reason::AudienceMismatch,
        ),
        (
            mint(|token| token.claim("iss", "urn:b")),
            Reason::IssuerMismatch,
        ),
        (mint(|token| token.typ("dpop+jwt")), Reason::TypeNotAccepted),
        (
            mint(|token| token.claim("cnf", json!({"jkt": THUMBPRINT}))),
            Reason::ProofOfPossessionMissing,
        ),
        (
            mint(|token| token.claim("cnf", json!({"x5t#S256": THUMBPRINT}))),
            Reason::ProofOfPossessionMissing,
        ),
        (impostor.token().mint(), Reason::BadSignature),
        ("opaque".to_owned(), Reason::OpaqueToken),
        ("a b".to_owned(), Reason::MalformedToken),
        ("x".repeat(17_000), Reason::TooLong),
    ];
    for (verb, judge) in VERBS {
        for (token, reason) in &cases {
            match judge(&validator, token) {
                Err(Error::Rejected(rejection)) => {
                    assert_eq!(rejection.reason(), *reason, "P05: {verb}");
                }
                other => panic!("P05: {verb}: {reason:?}: {other:?}"),
            }
        }
        // A good token. Online validation needs introspection, which is checked last.
        match judge(&validator, &api.token().mint()) {
            Ok(token) => assert!(!token.is_introspected() && verb != "validate_online"),
            Err(error) => {
                assert_eq!(
                    (verb, error.status()),
                    ("validate_online", 500),
                    "P05: {error}"
                );
            }
        }
    }
}
