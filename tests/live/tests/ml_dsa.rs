//! ML-DSA (RFC 9964): the access tokens of a real authorization server, and forgeries that its keys
//! have signed. Rows K10, K13, C02 and C03.

mod support;

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use live_tests::{AuthorizationServer, ForgeryKind};
use resource_server::testing::ManualClock;
use resource_server::{
    Algorithm, Issuer, NumericDate, Reason, Validator, ValidatorBuilder,
    error::KeyError,
    keys::{KeySet, SkippedKey},
};
use serde_json::Value;

use support::{
    SCOPE, TestResult, expiry, json, key_ids, refusal, resource, with_changed_payload,
    with_changed_signature,
};

struct Size {
    algorithm: Algorithm,
    /// Of the public key, in bytes (RFC 9964 table 1).
    public_key: usize,
    /// Of the signature, in bytes.
    signature: usize,
}

const SIZES: [Size; 3] = [
    Size {
        algorithm: Algorithm::MlDsa44,
        public_key: 1_312,
        signature: 2_420,
    },
    Size {
        algorithm: Algorithm::MlDsa65,
        public_key: 1_952,
        signature: 3_309,
    },
    Size {
        algorithm: Algorithm::MlDsa87,
        public_key: 2_592,
        signature: 4_627,
    },
];

#[tokio::test]
#[ignore = "needs node: see tests/live/README.md"]
async fn k10_ml_dsa_tokens_are_accepted_after_one_fetch() -> TestResult {
    let server = AuthorizationServer::start_with_ml_dsa().await;
    let validator = api(&server).build()?;
    for (size, token) in SIZES.iter().zip(tokens(&server).await) {
        let header = json(&token, 0);
        assert_eq!(header["alg"], size.algorithm.as_str());
        assert_eq!(header["typ"], "at+jwt");

        let accepted = validator.validate(&token).await?;

        assert_eq!(accepted.algorithm(), Some(size.algorithm));
        assert_eq!(accepted.issuer(), server.issuer());
        assert_eq!(accepted.client_id(), Some("live-test"));
        assert!(accepted.scopes().contains("orders:write"));
        assert_eq!(accepted.jwt_id(), json(&token, 1)["jti"].as_str());
    }
    let requests = server.requests().await;
    assert_eq!((requests.metadata, requests.jwks), (1, 1));
    let ml_dsa = ["ml-dsa-44-1", "ml-dsa-65-1", "ml-dsa-87-1"];
    assert_eq!(key_ids(&validator)[1..4], ml_dsa);
    let health = validator.health();
    let keys = health[0].status().keys.as_ref();
    assert!(keys.is_some_and(|keys| keys.skipped().is_empty()));
    Ok(())
}

#[tokio::test]
#[ignore = "needs node: see tests/live/README.md"]
async fn k10_an_ml_dsa_token_with_one_changed_byte_is_refused() -> TestResult {
    let server = AuthorizationServer::start_with_ml_dsa().await;
    let validator = api(&server).build()?;
    for (size, token) in SIZES.iter().zip(tokens(&server).await) {
        validator.validate(&token).await?;
        for (what, changed) in [
            ("signature", with_changed_signature(&token)),
            ("payload", with_changed_payload(&token)),
        ] {
            let reason = refusal(validator.validate(&changed).await);
            let algorithm = size.algorithm;
            assert_eq!(reason, Reason::BadSignature, "{algorithm}, {what} changed");
        }
    }
    Ok(())
}

#[tokio::test]
#[ignore = "needs node: see tests/live/README.md"]
async fn k13_ml_dsa_keys_and_signatures_have_their_exact_sizes() -> TestResult {
    let server = AuthorizationServer::start_with_ml_dsa().await;
    let validator = api(&server).build()?;
    let set: Value = serde_json::from_str(&server.jwks().await)?;
    let published = set["keys"].as_array().expect("a JWK Set has keys");
    for (size, token) in SIZES.iter().zip(tokens(&server).await) {
        let algorithm = size.algorithm.as_str();
        let key = published
            .iter()
            .find(|key| key["alg"] == algorithm)
            .expect("the server publishes a key of each size");
        assert_eq!(key["kty"], "AKP");
        assert_eq!(key["kid"], json(&token, 0)["kid"]);
        let public_key = key["pub"].as_str().expect("an AKP key has a pub");
        assert_eq!(URL_SAFE_NO_PAD.decode(public_key)?.len(), size.public_key);
        let (signed, signature) = token.rsplit_once('.').expect("a token has three parts");
        let signature = URL_SAFE_NO_PAD.decode(signature)?;
        assert_eq!(signature.len(), size.signature);

        validator.validate(&token).await?;
        for wrong in [&signature[1..], &[&signature[..], &[0]].concat()] {
            let token = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(wrong));
            let reason = refusal(validator.validate(&token).await);
            let length = wrong.len();
            assert_eq!(reason, Reason::BadSignature, "{algorithm}, {length} bytes");
        }
    }
    Ok(())
}

#[tokio::test]
#[ignore = "needs node: see tests/live/README.md"]
async fn k13_a_published_ml_dsa_key_without_its_alg_is_skipped() -> TestResult {
    let server = AuthorizationServer::start_with_ml_dsa().await;
    let mut set: Value = serde_json::from_str(&server.jwks().await)?;
    let published = set["keys"].as_array_mut().expect("a JWK Set has keys");
    for key in published.iter_mut().filter(|key| key["kty"] == "AKP") {
        key.as_object_mut()
            .expect("a key is an object")
            .remove("alg");
    }

    let keys = KeySet::from_jwks(&set.to_string())?;

    let reasons: Vec<_> = keys.skipped().iter().map(SkippedKey::reason).collect();
    assert_eq!(reasons, [KeyError::MissingMember("alg"); 3]);
    Ok(())
}

#[tokio::test]
#[ignore = "needs node: see tests/live/README.md"]
async fn k13_ml_dsa_forgeries_are_refused() -> TestResult {
    let server = AuthorizationServer::start_with_ml_dsa().await;
    let validator = api(&server).build()?;
    let forgeries = server.forge(&tokens(&server).await).await;
    let mut faultless = 0;
    for forgery in &forgeries {
        let verdict = validator.validate(&forgery.token).await;
        let expected = match forgery.kind {
            ForgeryKind::Faultless => {
                verdict?;
                faultless += 1;
                continue;
            }
            // The key that `kid` names signs with no other algorithm.
            ForgeryKind::OtherAlgorithm => Reason::UnknownKey,
            ForgeryKind::OtherKey | ForgeryKind::Context => Reason::BadSignature,
        };
        assert_eq!(
            refusal(verdict),
            expected,
            "{:?}: {}",
            forgery.kind,
            forgery.name
        );
    }
    // For each size: itself, with the two other sizes in two ways, and with a context.
    assert_eq!((faultless, forgeries.len()), (3, 3 * (1 + 2 * 2 + 1)));
    Ok(())
}

#[tokio::test]
#[ignore = "needs node: see tests/live/README.md"]
async fn c02_an_ml_dsa_token_for_another_resource_is_refused() -> TestResult {
    let server = AuthorizationServer::start_with_ml_dsa().await;
    let validator = Validator::builder()
        .audience("https://api.example.com/another")
        .issuer(Issuer::discover(server.issuer()))
        .build()?;
    for token in tokens(&server).await {
        let reason = refusal(validator.validate(&token).await);
        assert_eq!(reason, Reason::AudienceMismatch);
    }
    Ok(())
}

#[tokio::test]
#[ignore = "needs node: see tests/live/README.md"]
async fn c03_an_ml_dsa_token_is_refused_once_its_expiry_and_the_skew_are_past() -> TestResult {
    let server = AuthorizationServer::start_with_ml_dsa().await;
    for token in tokens(&server).await {
        let clock = ManualClock::at(NumericDate::from_secs(expiry(&token)));
        let validator = api(&server).clock(clock.clone()).build()?;

        clock.advance(Duration::from_secs(29));
        // The same validator accepts it first, so nothing that it remembers may outlive the token.
        validator.validate(&token).await?;
        clock.advance(Duration::from_secs(2));
        let reason = refusal(validator.validate(&token).await);

        assert_eq!(reason, Reason::Expired);
    }
    Ok(())
}

/// For an API with the names of the resources of ML-DSA, whose keys are found by the issuer's name.
fn api(server: &AuthorizationServer) -> ValidatorBuilder {
    SIZES
        .iter()
        .fold(Validator::builder(), |builder, size| {
            builder.audience(resource(size.algorithm))
        })
        .issuer(Issuer::discover(server.issuer()))
}

/// One token of each size.
async fn tokens(server: &AuthorizationServer) -> Vec<String> {
    let mut tokens = Vec::new();
    for size in &SIZES {
        tokens.push(server.token(&resource(size.algorithm), SCOPE).await);
    }
    tokens
}
