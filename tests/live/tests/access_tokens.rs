//! Access tokens of a real authorization server are accepted, and refused for the right reason when
//! they should be.

mod support;

use std::time::Duration;

use live_tests::AuthorizationServer;
use resource_server::testing::ManualClock;
use resource_server::{
    AccessToken, Algorithm, Error, Issuer, NumericDate, Policy, Profile, Reason, Requirement,
    StaticKeys, Validator,
};

use support::{
    ALGORITHMS, SCOPE, TestResult, expiry, json, refusal, resource, with_changed_payload,
    with_changed_signature,
};

#[tokio::test]
#[ignore = "needs node: see tests/live/README.md"]
async fn a_token_is_accepted_with_the_claims_it_holds() -> TestResult {
    let server = AuthorizationServer::start().await;
    let jwks = server.jwks().await;
    for algorithm in ALGORITHMS {
        let resource = resource(algorithm);
        let token = server.token(&resource, SCOPE).await;
        let validator = Validator::builder()
            .audience(resource.as_str())
            .issuer(Issuer::new(server.issuer()).keys(StaticKeys::from_jwks(&jwks)?))
            .build()?;

        let accepted = validator.validate(&token).await?;

        assert_holds(&accepted, &server, algorithm, &token);
    }
    Ok(())
}

#[tokio::test]
#[ignore = "needs node: see tests/live/README.md"]
async fn a_token_is_accepted_under_the_profile_of_rfc_9068() -> TestResult {
    let server = AuthorizationServer::start().await;
    let jwks = server.jwks().await;
    for algorithm in ALGORITHMS {
        let resource = resource(algorithm);
        let token = server.token(&resource, SCOPE).await;
        let policy = Policy::builder().profile(Profile::Rfc9068);
        let validator = Validator::builder()
            .audience(resource.as_str())
            .issuer(
                Issuer::new(server.issuer())
                    .keys(StaticKeys::from_jwks(&jwks)?)
                    .policy(policy),
            )
            .build()?;

        let accepted = validator.validate(&token).await?;

        assert_holds(&accepted, &server, algorithm, &token);
    }
    Ok(())
}

#[tokio::test]
#[ignore = "needs node: see tests/live/README.md"]
async fn a_token_for_another_resource_is_refused() -> TestResult {
    let server = AuthorizationServer::start().await;
    let jwks = server.jwks().await;
    for algorithm in ALGORITHMS {
        let token = server.token(&resource(algorithm), SCOPE).await;
        let validator = Validator::builder()
            .audience("https://api.example.com/another")
            .issuer(Issuer::new(server.issuer()).keys(StaticKeys::from_jwks(&jwks)?))
            .build()?;

        let reason = refusal(validator.validate(&token).await);

        assert_eq!(reason, Reason::AudienceMismatch, "{algorithm:?}");
    }
    Ok(())
}

#[tokio::test]
#[ignore = "needs node: see tests/live/README.md"]
async fn a_token_of_another_issuer_is_refused() -> TestResult {
    let server = AuthorizationServer::start().await;
    let jwks = server.jwks().await;
    for algorithm in ALGORITHMS {
        let resource = resource(algorithm);
        let token = server.token(&resource, SCOPE).await;
        // It is signed with the server's keys: only the name is wrong.
        let validator = Validator::builder()
            .audience(resource.as_str())
            .issuer(
                Issuer::new("https://another-issuer.example.com")
                    .keys(StaticKeys::from_jwks(&jwks)?),
            )
            .build()?;

        let reason = refusal(validator.validate(&token).await);

        assert_eq!(reason, Reason::IssuerMismatch, "{algorithm:?}");
    }
    Ok(())
}

#[tokio::test]
#[ignore = "needs node: see tests/live/README.md"]
async fn a_token_is_refused_once_its_expiry_and_the_skew_are_past() -> TestResult {
    let server = AuthorizationServer::start().await;
    let jwks = server.jwks().await;
    for algorithm in ALGORITHMS {
        let resource = resource(algorithm);
        let token = server.token(&resource, SCOPE).await;
        let clock = ManualClock::at(NumericDate::from_secs(expiry(&token)));
        let validator = Validator::builder()
            .audience(resource.as_str())
            .issuer(Issuer::new(server.issuer()).keys(StaticKeys::from_jwks(&jwks)?))
            .clock(clock.clone())
            .build()?;

        clock.advance(Duration::from_secs(29));
        // The same validator accepts it first, so nothing that it remembers may outlive the token.
        validator.validate(&token).await?;
        clock.advance(Duration::from_secs(2));
        let reason = refusal(validator.validate(&token).await);

        assert_eq!(reason, Reason::Expired, "{algorithm:?}");
    }
    Ok(())
}

#[tokio::test]
#[ignore = "needs node: see tests/live/README.md"]
async fn a_token_with_one_changed_byte_is_refused() -> TestResult {
    let server = AuthorizationServer::start().await;
    let jwks = server.jwks().await;
    for algorithm in ALGORITHMS {
        let resource = resource(algorithm);
        let token = server.token(&resource, SCOPE).await;
        let validator = Validator::builder()
            .audience(resource.as_str())
            .issuer(Issuer::new(server.issuer()).keys(StaticKeys::from_jwks(&jwks)?))
            .build()?;
        validator.validate(&token).await?;

        let reason = refusal(validator.validate(&with_changed_signature(&token)).await);
        assert_eq!(
            reason,
            Reason::BadSignature,
            "{algorithm:?}, signature changed"
        );

        let reason = refusal(validator.validate(&with_changed_payload(&token)).await);
        assert_eq!(
            reason,
            Reason::BadSignature,
            "{algorithm:?}, payload changed"
        );
    }
    Ok(())
}

#[tokio::test]
#[ignore = "needs node: see tests/live/README.md"]
async fn a_scope_that_was_not_granted_is_insufficient() -> TestResult {
    let server = AuthorizationServer::start().await;
    let jwks = server.jwks().await;
    for algorithm in ALGORITHMS {
        let resource = resource(algorithm);
        let token = server.token(&resource, "orders:read").await;
        let validator = Validator::builder()
            .audience(resource.as_str())
            .issuer(Issuer::new(server.issuer()).keys(StaticKeys::from_jwks(&jwks)?))
            .build()?;
        let accepted = validator.validate(&token).await?;
        accepted.require(&Requirement::scope("orders:read"))?;

        let result = accepted.require(&Requirement::scope("orders:write"));

        let status = result.as_ref().err().map(Error::status);
        assert_eq!(status, Some(403), "{algorithm:?}");
        assert_eq!(refusal(result), Reason::InsufficientScope, "{algorithm:?}");
    }
    Ok(())
}

/// What the library reports is what the server put into the token.
fn assert_holds(
    accepted: &AccessToken,
    server: &AuthorizationServer,
    algorithm: Algorithm,
    token: &str,
) {
    let header = json(token, 0);
    assert_eq!(
        header["alg"],
        algorithm.as_str(),
        "the server signs with the algorithm under test"
    );
    assert_eq!(header["typ"], "at+jwt");
    let payload = json(token, 1);

    assert_eq!(accepted.algorithm(), Some(algorithm));
    assert_eq!(accepted.issuer(), server.issuer());
    assert!(
        accepted.audience().contains(resource(algorithm).as_str()),
        "{algorithm:?}"
    );
    // A client that acts for itself is the subject of its tokens.
    assert_eq!(accepted.subject(), Some("live-test"));
    assert_eq!(accepted.client_id(), Some("live-test"));
    assert!(accepted.scopes().contains("orders:read"), "{algorithm:?}");
    assert!(accepted.scopes().contains("orders:write"), "{algorithm:?}");
    assert!(!accepted.scopes().contains("orders"), "{algorithm:?}");
    assert_eq!(
        accepted.expires_at(),
        Some(NumericDate::from_secs(expiry(token)))
    );
    assert!(accepted.jwt_id().is_some(), "{algorithm:?}");
    assert_eq!(accepted.jwt_id(), payload["jti"].as_str());
}
