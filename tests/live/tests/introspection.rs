//! Opaque tokens of a real authorization server, which introspects them (RFC 7662). Rows I01 to
//! I05, I08 and I12.

mod support;

use std::time::Duration;

use live_tests::{AuthorizationServer, Client};
use resource_server::{
    Algorithm, Error, Fetch, Introspection, Issuer, NumericDate, Policy, Reason, Requirement,
    Validator, ValidatorBuilder, clock::Clock,
};
use tokio::task::JoinSet;

use support::{
    ALGORITHMS, OPAQUE_API as API, SCOPE, TestResult, clock, outage, refusal, resource, tokens,
    validator,
};

/// The shape of the server's own.
const UNKNOWN: &str = "2YotnFZFEjr1zCsicMWpAA2YotnFZFEjr1zCsicMWpA";

const BASIC: Client = AuthorizationServer::BASIC_API;
const POST: Client = AuthorizationServer::POST_API;

/// How long the library keeps an answer about an active token, and about one that is not.
const ACTIVE_FOR: Duration = Duration::from_secs(60);
const INACTIVE_FOR: Duration = Duration::from_secs(10);
/// What the library allows clocks to differ by.
const SKEW: Duration = Duration::from_secs(30);
const SECOND: Duration = Duration::from_secs(1);

fn introspection() -> Introspection {
    Introspection::discover().client_secret_basic(BASIC.id, BASIC.secret)
}

/// For an API that asks this server about its tokens.
fn asking(server: &AuthorizationServer, introspection: Introspection) -> ValidatorBuilder {
    let issuer = Issuer::new(server.issuer()).introspection(introspection);
    Validator::builder().audience(API).issuer(issuer)
}

/// How often the server was called about a token.
async fn calls(server: &AuthorizationServer) -> usize {
    server.requests().await.introspection
}

/// More than the pause after the second failure in a row of one endpoint.
const PAUSE: Duration = Duration::from_secs(15);

#[tokio::test]
#[ignore = "needs node: see tests/live/README.md"]
async fn i01_an_opaque_token_is_accepted_by_each_way_of_client_authentication() -> TestResult {
    let server = AuthorizationServer::start().await;
    let token = server.token(API, SCOPE).await;
    assert!(!token.contains('.'), "the server issues an opaque token");
    let known = || Introspection::at(server.introspection_endpoint());
    let discovered = Introspection::discover;
    for (case, introspection) in [
        (
            "basic, discovered",
            discovered().client_secret_basic(BASIC.id, BASIC.secret),
        ),
        (
            "post, discovered",
            discovered().client_secret_post(POST.id, POST.secret),
        ),
        (
            "basic, at",
            known().client_secret_basic(BASIC.id, BASIC.secret),
        ),
        ("post, at", known().client_secret_post(POST.id, POST.secret)),
    ] {
        let validator = asking(&server, introspection).build()?;
        assert!(validator.validate_cached(&token).is_none(), "{case}");

        let accepted = validator
            .validate(&token)
            .await
            .unwrap_or_else(|error| panic!("{case}: {}", error.explain()));

        assert!(accepted.is_introspected(), "{case}");
        assert_eq!(accepted.issuer(), server.issuer(), "{case}");
        assert!(accepted.audience().contains(API), "{case}");
        assert_eq!(accepted.client_id(), Some("live-test"), "{case}");
        // The server names no subject for a client that acts for itself, and no key signed.
        assert_eq!(accepted.subject(), None, "{case}");
        assert_eq!(accepted.algorithm(), None, "{case}");
        let expiry = NumericDate::from_secs(server.expiry(&token).await);
        assert_eq!(accepted.expires_at(), Some(expiry), "{case}");
        for scope in SCOPE.split(' ') {
            assert!(accepted.scopes().contains(scope), "{case}");
        }
        assert!(!accepted.scopes().contains("orders"), "{case}");
        assert!(
            validator
                .validate_cached(&token)
                .is_some_and(|now| now.is_ok()),
            "{case}"
        );
    }
    let requests = server.requests().await;
    assert_eq!((requests.metadata, requests.introspection), (2, 4));
    assert_eq!(requests.jwks, 0);
    Ok(())
}

#[tokio::test]
#[ignore = "needs node: see tests/live/README.md"]
async fn i02_a_token_that_the_server_does_not_know_is_inactive() -> TestResult {
    let server = AuthorizationServer::start().await;
    let other = AuthorizationServer::start().await;
    let clock = clock();
    let validator = asking(&server, introspection())
        .clock(clock.clone())
        .build()?;
    let of_the_other = other.token(API, SCOPE).await;
    for token in [UNKNOWN, &of_the_other] {
        let reason = refusal(validator.validate(token).await);
        assert_eq!(reason, Reason::Inactive);
    }
    assert_eq!(calls(&server).await, 2);

    // It is introspected again only after some time.
    clock.advance(INACTIVE_FOR.saturating_sub(SECOND));
    let again = validator.validate_cached(UNKNOWN).expect("it is at hand");
    assert_eq!(refusal(again), Reason::Inactive);
    assert_eq!(calls(&server).await, 2);
    clock.advance(SECOND);
    assert!(validator.validate_cached(UNKNOWN).is_none());
    let reason = refusal(validator.validate(UNKNOWN).await);
    assert_eq!(reason, Reason::Inactive);
    assert_eq!(calls(&server).await, 3);
    Ok(())
}

#[tokio::test]
#[ignore = "needs node: see tests/live/README.md"]
async fn i03_a_wrong_secret_is_the_fault_of_the_api() -> TestResult {
    let server = AuthorizationServer::start().await;
    let token = server.token(API, SCOPE).await;
    let discovered = Introspection::discover;
    let mut expected = 0;
    for (case, introspection) in [
        ("basic", discovered().client_secret_basic(BASIC.id, "wrong")),
        ("post", discovered().client_secret_post(POST.id, "wrong")),
        (
            "nobody",
            discovered().client_secret_basic("nobody", BASIC.secret),
        ),
    ] {
        let validator = asking(&server, introspection).build()?;
        // The second is refused without a call: the endpoint has just refused the credentials.
        expected += 1;
        for _ in 0..2 {
            let result = validator.validate(&token).await;
            let Err(error @ Error::Unavailable(_)) = &result else {
                panic!("{case}: {result:?}");
            };
            assert_eq!(error.status(), 503, "{case}");
            let why = error.explain();
            assert!(why.contains("refuses this API's own credentials"), "{why}");
            assert!(why.contains("status 401"), "{why}");
            assert!(!why.contains(&token) && !why.contains("wrong"), "{why}");
            assert!(validator.validate_cached(&token).is_none(), "{case}");
            assert_eq!(calls(&server).await, expected, "{case}");
        }
        let health = validator.health();
        let last_error = health[0].status().last_error.as_deref();
        assert!(
            last_error.is_some_and(|why| why.contains("own credentials")),
            "{case}"
        );
    }

    let validator = asking(&server, introspection()).build()?;
    assert!(validator.validate(&token).await?.is_introspected());
    assert_eq!(validator.health()[0].status().last_error, None);
    Ok(())
}

#[tokio::test]
#[ignore = "needs node: see tests/live/README.md"]
async fn i04_a_token_for_another_resource_is_refused() -> TestResult {
    let server = AuthorizationServer::start().await;
    let token = server.token(API, SCOPE).await;
    let issuer = Issuer::new(server.issuer()).introspection(introspection());
    let validator = Validator::builder()
        .audience("https://api.example.com/another")
        .issuer(issuer)
        .build()?;

    // By the answer that is kept just as by the one that just came.
    for _ in 0..2 {
        let reason = refusal(validator.validate(&token).await);
        assert_eq!(reason, Reason::AudienceMismatch);
    }
    assert_eq!(calls(&server).await, 1);
    Ok(())
}

#[tokio::test]
#[ignore = "needs node: see tests/live/README.md"]
async fn i04_a_token_for_no_resource_needs_a_policy_that_says_so() -> TestResult {
    let server = AuthorizationServer::start().await;
    let token = server.token_for_no_resource(SCOPE).await;
    let lenient = Issuer::new(server.issuer())
        .introspection(introspection())
        .policy(Policy::builder().allow_missing_audience());
    let (strict, lenient) = (
        asking(&server, introspection()).build()?,
        Validator::builder().audience(API).issuer(lenient).build()?,
    );

    let reason = refusal(strict.validate(&token).await);

    assert_eq!(reason, Reason::AudienceMissing);
    let accepted = lenient.validate(&token).await?;
    assert_eq!(accepted.client_id(), Some("live-test"));
    Ok(())
}

#[tokio::test]
#[ignore = "needs node: see tests/live/README.md"]
async fn i04_a_scope_that_was_not_granted_is_insufficient() -> TestResult {
    let server = AuthorizationServer::start().await;
    let token = server.token(API, "orders:read").await;
    let validator = asking(&server, introspection()).build()?;
    for _ in 0..2 {
        let accepted = validator.validate(&token).await?;
        accepted.require(&Requirement::scope("orders:read"))?;

        let result = accepted.require(&Requirement::scope("orders:write"));

        assert_eq!(result.as_ref().err().map(Error::status), Some(403));
        assert_eq!(refusal(result), Reason::InsufficientScope);
    }
    assert_eq!(calls(&server).await, 1);
    Ok(())
}

/// The API's clock is ahead of the server's. The server still says that the token is active, and
/// the policy refuses it.
#[tokio::test]
#[ignore = "needs node: see tests/live/README.md"]
async fn i04_an_active_token_is_refused_once_its_expiry_and_the_skew_are_past() -> TestResult {
    let server = AuthorizationServer::start().await;
    let token = server.token(API, SCOPE).await;
    let clock = clock();
    let validator = asking(&server, introspection())
        .clock(clock.clone())
        .build()?;
    let expiry = validator.validate(&token).await?.expires_at();
    let left = expiry.expect("it has an expiry").since(clock.now());

    clock.advance(left.saturating_sub(SECOND));
    validator.validate(&token).await?;
    assert_eq!(calls(&server).await, 2);
    // An answer is not cached past the expiry, so the server is called each time.
    clock.advance(SKEW);
    validator.validate(&token).await?;
    assert_eq!(calls(&server).await, 3);
    clock.advance(SECOND);
    let reason = refusal(validator.validate(&token).await);

    assert_eq!(reason, Reason::Expired);
    assert_eq!(calls(&server).await, 4);
    Ok(())
}

/// Both clocks are past the expiry, though within the skew: now it is the server that says no.
#[tokio::test]
#[ignore = "needs node: see tests/live/README.md"]
async fn i04_a_token_that_ended_at_the_server_is_inactive() -> TestResult {
    let server = AuthorizationServer::start().await;
    let token = server.token(API, SCOPE).await;
    let clock = clock();
    let validator = asking(&server, introspection())
        .clock(clock.clone())
        .build()?;
    let expiry = validator.validate(&token).await?.expires_at();
    let left = expiry.expect("it has an expiry").since(clock.now());
    clock.advance(left.saturating_sub(SECOND));
    validator.validate(&token).await?;

    server.expire_tokens().await;

    // It is kept until it ends and no longer.
    validator.validate(&token).await?;
    assert_eq!(calls(&server).await, 2);
    clock.advance(SECOND);
    let reason = refusal(validator.validate(&token).await);
    assert_eq!(reason, Reason::Inactive);
    assert_eq!(calls(&server).await, 3);
    Ok(())
}

#[tokio::test]
#[ignore = "needs node: see tests/live/README.md"]
async fn i05_a_revoked_token_is_refused_when_the_answer_about_it_runs_out() -> TestResult {
    let server = AuthorizationServer::start().await;
    let (token, other) = (
        server.token(API, SCOPE).await,
        server.token(API, SCOPE).await,
    );
    let clock = clock();
    let with_cache = |introspection| asking(&server, introspection).clock(clock.clone()).build();
    let (waiting, told, without_cache) = (
        with_cache(introspection())?,
        with_cache(introspection())?,
        with_cache(introspection().cache_active_for(Duration::ZERO))?,
    );
    for validator in [&waiting, &told, &without_cache] {
        validator.validate(&token).await?;
        validator.validate(&other).await?;
    }
    assert_eq!(calls(&server).await, 6);

    server.revoke(&token).await;

    // As late as the cache's life says.
    clock.advance(ACTIVE_FOR.saturating_sub(SECOND));
    waiting.validate(&token).await?;
    told.validate(&token).await?;
    assert_eq!(calls(&server).await, 6);
    // Without a cache at once.
    let reason = refusal(without_cache.validate(&token).await);
    assert_eq!(reason, Reason::Inactive);
    // If the API learns of the revocation, it applies at once. Cached answers about other tokens
    // stay.
    told.forget(&token);
    assert!(told.validate_cached(&token).is_none());
    assert!(told.validate_cached(&other).is_some_and(|now| now.is_ok()));
    let reason = refusal(told.validate(&token).await);
    assert_eq!(reason, Reason::Inactive);
    assert_eq!(calls(&server).await, 8);
    // Another Validator has its own answer.
    waiting.validate(&token).await?;
    clock.advance(SECOND);
    let reason = refusal(waiting.validate(&token).await);
    assert_eq!(reason, Reason::Inactive);
    waiting.validate(&other).await?;
    assert_eq!(calls(&server).await, 10);
    Ok(())
}

/// The answer in flight was settled before the token was revoked. It applies to those who wait for
/// it, and to no later caller.
#[tokio::test]
#[ignore = "needs node: see tests/live/README.md"]
async fn i12_an_answer_under_way_counts_no_more_once_its_token_is_forgotten() -> TestResult {
    let server = AuthorizationServer::start().await;
    let token = server.token(API, SCOPE).await;
    let validator = asking(&server, introspection())
        .fetch(Fetch::new().timeout(Duration::from_secs(30)))
        .build()?;
    server.hold_answers().await;
    let first = tokio::spawn({
        let (validator, token) = (validator.clone(), token.clone());
        async move { validator.validate(&token).await }
    });
    server.until_one_is_held().await;

    server.revoke(&token).await;
    validator.forget(&token);

    let reason = refusal(validator.validate(&token).await);
    assert_eq!(reason, Reason::Inactive);
    server.release_answers().await;
    assert!(first.await??.is_introspected());
    let reason = refusal(validator.validate(&token).await);
    assert_eq!(reason, Reason::Inactive);
    assert_eq!(calls(&server).await, 2);
    Ok(())
}

#[tokio::test]
#[ignore = "needs node: see tests/live/README.md"]
async fn i05_requests_with_one_token_are_one_call() -> TestResult {
    let server = AuthorizationServer::start().await;
    // Whether answers are kept or not: those who ask at once share a call.
    for (case, introspection) in [
        ("kept", introspection()),
        ("not kept", introspection().cache_active_for(Duration::ZERO)),
    ] {
        let validator = asking(&server, introspection).build()?;
        let token = server.token(API, SCOPE).await;
        let before = server.requests().await;

        let mut requests = JoinSet::new();
        for _ in 0..100 {
            let (validator, token) = (validator.clone(), token.clone());
            requests.spawn(async move { validator.validate(&token).await });
        }
        for result in requests.join_all().await {
            assert_eq!(result?.client_id(), Some("live-test"), "{case}");
        }

        let after = server.requests().await;
        assert_eq!(after.introspection - before.introspection, 1, "{case}");
        assert_eq!(after.metadata - before.metadata, 1, "{case}");
    }
    Ok(())
}

#[tokio::test]
#[ignore = "needs node: see tests/live/README.md"]
async fn i08_one_validator_takes_jwts_by_keys_and_opaque_tokens_by_introspection() -> TestResult {
    let by_keys = AuthorizationServer::start().await;
    let by_answers = AuthorizationServer::start().await;
    let validator = validator(Issuer::discover(by_keys.issuer()))
        .audience(API)
        .issuer(Issuer::new(by_answers.issuer()).introspection(introspection()))
        .build()?;

    for (algorithm, token) in ALGORITHMS.into_iter().zip(tokens(&by_keys).await) {
        let accepted = validator.validate(&token).await?;
        assert!(!accepted.is_introspected());
        assert_eq!(accepted.algorithm(), Some(algorithm));
        assert_eq!(accepted.issuer(), by_keys.issuer());
    }
    let requests = by_answers.requests().await;
    assert_eq!((requests.metadata, requests.introspection), (0, 0));
    let opaque = by_answers.token(API, SCOPE).await;
    let accepted = validator.validate(&opaque).await?;
    assert!(accepted.is_introspected());
    assert_eq!(accepted.issuer(), by_answers.issuer());
    // Opaque tokens go to one server only, which doesn't know those of the other.
    let opaque = by_keys.token(API, SCOPE).await;
    let reason = refusal(validator.validate(&opaque).await);
    assert_eq!(reason, Reason::Inactive);
    assert_eq!(calls(&by_keys).await, 0);
    assert_eq!(calls(&by_answers).await, 2);
    Ok(())
}

/// The server answers 400 when it should introspect a JWT. That is no answer about the token.
#[tokio::test]
#[ignore = "needs node: see tests/live/README.md"]
async fn i08_a_jwt_that_the_server_will_not_be_asked_about_is_not_judged() -> TestResult {
    let server = AuthorizationServer::start().await;
    let token = server.token(&resource(Algorithm::ES256), SCOPE).await;
    let issuer = || Issuer::new(server.issuer()).introspection(introspection());
    let for_another = asking(&server, introspection()).build()?;
    let validator = validator(issuer()).audience(API).build()?;

    // It must meet the policy first.
    let reason = refusal(for_another.validate(&token).await);
    assert_eq!(reason, Reason::AudienceMismatch);
    assert_eq!(calls(&server).await, 0);
    for asked in 1..=2 {
        let why = outage(validator.validate(&token).await);
        assert!(why.contains("status 400"), "{why}");
        assert!(!why.contains("credentials"), "{why}");
        assert_eq!(calls(&server).await, asked, "it is not kept");
    }
    // The same for a text that only the server treats as a JWT: its header has a blank before the
    // brace.
    let why = outage(validator.validate("IHsiYWxnIjoiRVMyNTYifQ.e30.AA").await);
    assert!(why.contains("status 400"), "{why}");
    // It does not affect tokens that the server introspects.
    let opaque = server.token(API, SCOPE).await;
    assert!(validator.validate(&opaque).await?.is_introspected());
    Ok(())
}

#[tokio::test]
#[ignore = "needs node: see tests/live/README.md"]
async fn i03_answers_that_are_kept_outlast_an_outage_for_their_life() -> TestResult {
    let mut server = AuthorizationServer::start().await;
    let clock = clock();
    let validator = asking(&server, introspection())
        .clock(clock.clone())
        .build()?;
    let last_error = || validator.health()[0].status().last_error.clone();
    let (known, unknown) = (
        server.token(API, SCOPE).await,
        server.token(API, SCOPE).await,
    );
    validator.validate(&known).await?;

    server.stop().await;

    clock.advance(ACTIVE_FOR.saturating_sub(SECOND));
    validator.validate(&known).await?;
    assert_eq!(last_error(), None, "what is kept needs no server");
    let why = outage(validator.validate(&unknown).await);
    assert!(why.contains("can't be reached"), "{why}");
    assert!(why.contains(server.introspection_endpoint()), "{why}");
    assert!(!why.contains(&unknown), "{why}");
    assert!(last_error().is_some_and(|error| error.contains("can't be reached")));
    // The one call that failed removes nothing from the cache.
    validator.validate(&known).await?;
    // Past the pause that followed it.
    clock.advance(PAUSE);
    let why = outage(validator.validate(&known).await);
    assert!(why.contains("can't be reached"), "{why}");

    server.start_again().await;
    clock.advance(PAUSE);

    for token in [&known, &unknown, &server.token(API, SCOPE).await] {
        validator.validate(token).await?;
    }
    assert_eq!(last_error(), None);
    // The address of the endpoint was known all the time.
    let requests = server.requests().await;
    assert_eq!((requests.metadata, requests.introspection), (0, 3));
    Ok(())
}

#[tokio::test]
#[ignore = "needs node: see tests/live/README.md"]
async fn i03_a_restart_between_two_calls_goes_unnoticed() -> TestResult {
    let mut server = AuthorizationServer::start().await;
    let validator = asking(&server, introspection()).build()?;
    let (first, second) = (
        server.token(API, SCOPE).await,
        server.token(API, SCOPE).await,
    );
    // It leaves an open connection.
    validator.validate(&first).await?;

    server.stop().await;
    server.start_again().await;

    validator.validate(&second).await?;
    assert_eq!(validator.health()[0].status().last_error, None);
    let requests = server.requests().await;
    assert_eq!((requests.metadata, requests.introspection), (0, 1));
    Ok(())
}

#[tokio::test]
#[ignore = "needs node: see tests/live/README.md"]
async fn i03_a_validator_made_during_an_outage_finds_the_server_later() -> TestResult {
    let mut server = AuthorizationServer::start().await;
    let token = server.token(API, SCOPE).await;
    server.stop().await;

    let clock = clock();
    let validator = asking(&server, introspection())
        .clock(clock.clone())
        .build()?;
    assert!(validator.warm_up().await.is_err());
    let why = outage(validator.validate(&token).await);
    assert!(why.contains("can't be reached"), "{why}");

    server.start_again().await;
    clock.advance(PAUSE);

    assert!(validator.validate(&token).await?.is_introspected());
    let requests = server.requests().await;
    assert_eq!((requests.metadata, requests.introspection), (1, 1));
    Ok(())
}
