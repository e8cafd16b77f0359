//! The library finds the keys of a real authorization server by its name.

mod support;

use live_tests::AuthorizationServer;
use resource_server::{Issuer, Reason, Validator};

use support::{ALGORITHMS, SCOPE, TestResult, key_ids, refusal, resource, tokens, validator};

#[tokio::test]
#[ignore = "needs node: see tests/live/README.md"]
async fn tokens_of_every_algorithm_are_accepted_after_one_fetch() -> TestResult {
    let server = AuthorizationServer::start().await;
    let validator = validator(Issuer::discover(server.issuer())).build()?;
    assert!(
        key_ids(&validator).is_empty(),
        "nothing is fetched at first"
    );

    for (algorithm, token) in ALGORITHMS.into_iter().zip(tokens(&server).await) {
        let accepted = validator.validate(&token).await?;

        assert_eq!(accepted.algorithm(), Some(algorithm));
        assert_eq!(accepted.issuer(), server.issuer());
        assert_eq!(accepted.client_id(), Some("live-test"));
        assert!(
            validator
                .validate_cached(&token)
                .is_some_and(|now| now.is_ok())
        );
    }

    let requests = server.requests().await;
    assert_eq!((requests.metadata, requests.jwks), (1, 1));
    assert_eq!(key_ids(&validator), ["ed25519-1", "p256-1", "rsa-1"]);
    let health = validator.health();
    let keys = health[0].status().keys.as_ref();
    assert!(keys.is_some_and(|keys| keys.skipped().is_empty()));
    assert_eq!(health[0].status().last_error, None);
    Ok(())
}

#[tokio::test]
#[ignore = "needs node: see tests/live/README.md"]
async fn a_token_for_another_resource_is_refused_without_a_fetch() -> TestResult {
    let server = AuthorizationServer::start().await;
    let validator = Validator::builder()
        .audience("https://api.example.com/another")
        .issuer(Issuer::discover(server.issuer()))
        .build()?;
    for algorithm in ALGORITHMS {
        let token = server.token(&resource(algorithm), SCOPE).await;

        let reason = refusal(validator.validate(&token).await);

        assert_eq!(reason, Reason::AudienceMismatch, "{algorithm:?}");
    }
    let requests = server.requests().await;
    assert_eq!((requests.metadata, requests.jwks), (0, 0));
    Ok(())
}

#[tokio::test]
#[ignore = "needs node: see tests/live/README.md"]
async fn a_token_of_another_server_of_the_same_kind_is_refused() -> TestResult {
    let server = AuthorizationServer::start().await;
    let other = AuthorizationServer::start().await;
    // Both publish keys of the same ids.
    let impostor = Issuer::new(server.issuer()).jwks_at(other.jwks_uri());
    let (right, wrong) = (
        validator(Issuer::discover(server.issuer())).build()?,
        validator(impostor).build()?,
    );
    for token in tokens(&server).await {
        right.validate(&token).await?;
        let reason = refusal(wrong.validate(&token).await);
        assert_eq!(reason, Reason::BadSignature);
    }
    for token in tokens(&other).await {
        let reason = refusal(right.validate(&token).await);
        assert_eq!(reason, Reason::IssuerMismatch);
    }
    Ok(())
}
