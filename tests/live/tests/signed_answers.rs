//! Answers about opaque tokens that the server signs (RFC 9701). Row I07.

mod support;

use std::time::Duration;

use live_tests::{AuthorizationServer, Client};
use resource_server::{
    Introspection, Issuer, NumericDate, Reason, Validator, ValidatorBuilder,
    introspection::ClientKey,
};

use support::{COOLDOWN, OPAQUE_API, SCOPE, TestResult, clock, key_ids, outage, refusal};

const BASIC: Client = AuthorizationServer::BASIC_API;
const POST: Client = AuthorizationServer::POST_API;

/// The error of the library for an answer that is not the signed one that it requested.
const NOT_SIGNED: &str = "it is not a signed introspection response (RFC 9701)";

/// The error where the content type is not that of a signed answer.
const NOT_THE_TYPE: &str = "its answer is not of the type application/token-introspection+jwt";

/// How long the library keeps an answer about an active token.
const ACTIVE_FOR: Duration = Duration::from_secs(60);
const SECOND: Duration = Duration::from_secs(1);

fn plain() -> Introspection {
    Introspection::discover().client_secret_basic(BASIC.id, BASIC.secret)
}

fn signed() -> Introspection {
    plain().signed_answers()
}

fn asking(server: &AuthorizationServer, introspection: Introspection) -> ValidatorBuilder {
    let issuer = Issuer::new(server.issuer()).introspection(introspection);
    Validator::builder().audience(OPAQUE_API).issuer(issuer)
}

/// The server signs for each API by the algorithm that this one is registered with.
#[tokio::test]
#[ignore = "needs node: see tests/live/README.md"]
async fn i07_a_token_is_accepted_by_an_answer_signed_with_each_algorithm() -> TestResult {
    let server = AuthorizationServer::start_with_api_keys().await;
    let token = server.token(OPAQUE_API, SCOPE).await;
    let key = ClientKey::from_jwk(&server.api_keys().await[0].jwk)?;
    let discovered = Introspection::discover;
    let mut asked = 0;
    for (case, introspection) in [
        (
            "RS256",
            discovered().client_secret_basic(BASIC.id, BASIC.secret),
        ),
        (
            "ES256",
            discovered().client_secret_post(POST.id, POST.secret),
        ),
        (
            "PS256",
            discovered().private_key_jwt(AuthorizationServer::KEY_API, key),
        ),
    ] {
        let validator = asking(&server, introspection.signed_answers()).build()?;

        let accepted = validator
            .validate(&token)
            .await
            .unwrap_or_else(|error| panic!("{case}: {}", error.explain()));

        assert!(accepted.is_introspected(), "{case}");
        assert_eq!(accepted.issuer(), server.issuer(), "{case}");
        assert_eq!(accepted.client_id(), Some("live-test"), "{case}");
        // Of the token, not of the answer: that one is for the API's client id.
        assert!(accepted.audience().contains(OPAQUE_API), "{case}");
        assert!(!accepted.audience().contains(BASIC.id), "{case}");
        let expiry = NumericDate::from_secs(server.expiry(&token).await);
        assert_eq!(accepted.expires_at(), Some(expiry), "{case}");
        for scope in SCOPE.split(' ') {
            assert!(accepted.scopes().contains(scope), "{case}");
        }
        let now = validator.validate_cached(&token);
        assert!(now.is_some_and(|now| now.is_ok()), "{case}");
        assert_eq!(key_ids(&validator), ["ed25519-1", "p256-1", "rsa-1"]);
        assert_eq!(validator.health()[0].status().last_error, None, "{case}");
        asked += 1;
        let requests = server.requests().await;
        let (jwks, introspection) = (requests.jwks, requests.introspection);
        assert_eq!((jwks, introspection), (asked, asked), "{case}");
    }
    Ok(())
}

#[tokio::test]
#[ignore = "needs node: see tests/live/README.md"]
async fn i07_a_token_is_refused_by_a_signed_answer_that_it_is_not_active() -> TestResult {
    let server = AuthorizationServer::start().await;
    let other = AuthorizationServer::start().await;
    let of_the_other = other.token(OPAQUE_API, SCOPE).await;
    let validator = asking(&server, signed()).build()?;
    for token in ["2YotnFZFEjr1zCsicMWpAA2YotnFZFEjr1zCsicMWpA", &of_the_other] {
        let reason = refusal(validator.validate(token).await);
        assert_eq!(reason, Reason::Inactive);
        let again = validator.validate_cached(token).expect("it is at hand");
        assert_eq!(refusal(again), Reason::Inactive);
    }
    let requests = server.requests().await;
    assert_eq!((requests.jwks, requests.introspection), (1, 2));
    Ok(())
}

#[tokio::test]
#[ignore = "needs node: see tests/live/README.md"]
async fn i07_a_revoked_token_is_refused_when_the_signed_answer_about_it_runs_out() -> TestResult {
    let server = AuthorizationServer::start().await;
    let token = server.token(OPAQUE_API, SCOPE).await;
    let clock = clock();
    let with = |introspection| asking(&server, introspection).clock(clock.clone()).build();
    let (cached, uncached) = (
        with(signed())?,
        with(signed().cache_active_for(Duration::ZERO))?,
    );
    cached.validate(&token).await?;
    uncached.validate(&token).await?;

    server.revoke(&token).await;

    let reason = refusal(uncached.validate(&token).await);
    assert_eq!(reason, Reason::Inactive);
    clock.advance(ACTIVE_FOR.saturating_sub(SECOND));
    cached.validate(&token).await?;
    assert_eq!(server.requests().await.introspection, 3);
    clock.advance(SECOND);
    let reason = refusal(cached.validate(&token).await);
    assert_eq!(reason, Reason::Inactive);
    assert_eq!(server.requests().await.introspection, 4);
    Ok(())
}

#[tokio::test]
#[ignore = "needs node: see tests/live/README.md"]
async fn i07_answers_signed_with_new_keys_are_read_after_one_more_fetch() -> TestResult {
    let server = AuthorizationServer::start().await;
    let clock = clock();
    let validator = asking(&server, signed()).clock(clock.clone()).build()?;
    validator
        .validate(&server.token(OPAQUE_API, SCOPE).await)
        .await?;
    assert_eq!(key_ids(&validator), ["ed25519-1", "p256-1", "rsa-1"]);

    server.announce_keys().await;
    server.sign_with_newest_keys().await;
    server.withdraw_older_keys().await;

    clock.advance(COOLDOWN);
    for _ in 0..2 {
        let token = server.token(OPAQUE_API, SCOPE).await;
        assert!(validator.validate(&token).await?.is_introspected());
    }
    assert_eq!(key_ids(&validator), ["ed25519-2", "p256-2", "rsa-2"]);
    let requests = server.requests().await;
    assert_eq!((requests.jwks, requests.introspection), (2, 3));
    Ok(())
}

#[tokio::test]
#[ignore = "needs node: see tests/live/README.md"]
async fn i07_an_answer_signed_with_the_keys_of_another_says_nothing_of_the_token() -> TestResult {
    let server = AuthorizationServer::start().await;
    let other = AuthorizationServer::start().await;
    let token = server.token(OPAQUE_API, SCOPE).await;
    // Both publish keys of the same ids.
    let validator = asking(&server, signed().answer_keys_at(other.jwks_uri())).build()?;
    for asked in 1..=2 {
        for token in [token.as_str(), "unknown"] {
            let why = outage(validator.validate(token).await);
            assert!(why.contains(NOT_SIGNED), "{why}");
            assert!(why.contains("signature"), "{why}");
            assert!(!why.contains("credentials"), "{why}");
        }
        assert_eq!(server.requests().await.introspection, 2 * asked);
    }
    Ok(())
}

#[tokio::test]
#[ignore = "needs node: see tests/live/README.md"]
async fn i07_a_plain_answer_says_nothing_of_the_token_where_a_signed_one_is_required() -> TestResult
{
    let server = AuthorizationServer::start_with_plain_answers().await;
    let token = server.token(OPAQUE_API, SCOPE).await;
    let validator = asking(&server, signed()).build()?;
    // With any content: that one is active, and the other is not.
    for token in [token.as_str(), "unknown"] {
        let why = outage(validator.validate(token).await);
        assert!(why.contains(NOT_THE_TYPE), "{why}");
        assert!(validator.validate_cached(token).is_none(), "it is not kept");
    }
    let health = validator.health();
    let last_error = health[0].status().last_error.as_deref();
    assert!(last_error.is_some_and(|why| why.contains(NOT_THE_TYPE)));
    // One token's failure pauses no other token.
    assert_eq!(server.requests().await.introspection, 2);
    // The server's answer was a signed one for those who accept it.
    let validator = asking(&server, plain()).build()?;
    assert!(validator.validate(&token).await?.is_introspected());
    Ok(())
}
