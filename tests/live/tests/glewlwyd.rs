//! The access tokens of another make of authorization server, glewlwyd: by its keys, and by what it
//! answers about them. Rows C02, C06, S01, I01 to I03, I05, I07 and I11.

mod support;

use std::time::Duration;

use live_tests::{Client, Glewlwyd};
use resource_server::{
    Algorithm, Error, Introspection, Issuer, NumericDate, Policy, Profile, Reason, Requirement,
    Validator, ValidatorBuilder, introspection::ClientKey,
};

use support::{
    SCOPE, TestResult, chain, clock, expiry, json, outage, refusal, with_changed_payload,
};

const API: Client = Glewlwyd::API;

/// How long the library keeps an answer about an active token.
const ACTIVE_FOR: Duration = Duration::from_secs(60);

fn validator(issuer: Issuer) -> ValidatorBuilder {
    Validator::builder()
        .audience(Glewlwyd::RESOURCE)
        .issuer(issuer)
}

fn asking(server: &Glewlwyd, introspection: Introspection) -> ValidatorBuilder {
    validator(Issuer::new(server.issuer()).introspection(introspection))
}

#[tokio::test]
#[ignore = "needs glewlwyd and node: see tests/live/README.md"]
async fn s01_tokens_of_every_algorithm_are_accepted_by_discovery() -> TestResult {
    let server = Glewlwyd::start().await;
    let validator = validator(Issuer::discover(server.issuer())).build()?;
    for name in Glewlwyd::ALGORITHMS {
        let algorithm: Algorithm = name.parse()?;
        let token = server.token(name, SCOPE).await;
        let header = json(&token, 0);
        assert_eq!(
            (&header["typ"], &header["alg"]),
            (&"at+jwt".into(), &name.into())
        );

        let accepted = validator
            .validate(&token)
            .await
            .unwrap_or_else(|error| panic!("{name}: {}", error.explain()));

        assert_eq!(accepted.algorithm(), Some(algorithm));
        assert_eq!(accepted.issuer(), server.issuer());
        assert!(accepted.audience().contains(Glewlwyd::RESOURCE), "{name}");
        let client = Glewlwyd::client_id(name);
        assert_eq!(accepted.client_id(), Some(client.as_str()));
        assert_eq!(accepted.subject(), Some(client.as_str()));
        assert_eq!(accepted.jwt_id(), json(&token, 1)["jti"].as_str());
        let expiry = NumericDate::from_secs(expiry(&token));
        assert_eq!(accepted.expires_at(), Some(expiry), "{name}");
        for scope in SCOPE.split(' ') {
            accepted.require(&Requirement::scope(scope))?;
        }
        assert!(!accepted.scopes().contains("introspect"), "{name}");

        let changed = with_changed_payload(&token);
        let reason = refusal(validator.validate(&changed).await);
        assert_eq!(reason, Reason::BadSignature, "{name}");
    }
    Ok(())
}

#[tokio::test]
#[ignore = "needs glewlwyd and node: see tests/live/README.md"]
async fn c06_a_token_is_accepted_under_the_profile_of_rfc_9068() -> TestResult {
    let server = Glewlwyd::start().await;
    let policy = Policy::builder().profile(Profile::Rfc9068);
    let validator = validator(Issuer::discover(server.issuer()).policy(policy)).build()?;
    for algorithm in Glewlwyd::ALGORITHMS {
        let token = server.token(algorithm, SCOPE).await;
        let accepted = validator
            .validate(&token)
            .await
            .unwrap_or_else(|error| panic!("{algorithm}: {}", error.explain()));
        assert!(accepted.jwt_id().is_some(), "{algorithm}");
    }
    Ok(())
}

#[tokio::test]
#[ignore = "needs glewlwyd and node: see tests/live/README.md"]
async fn c02_a_token_for_another_resource_or_for_none_is_refused() -> TestResult {
    let server = Glewlwyd::start().await;
    let for_another = Validator::builder()
        .audience("https://api.example.com/another")
        .issuer(Issuer::discover(server.issuer()))
        .build()?;
    let validator = validator(Issuer::discover(server.issuer())).build()?;
    for algorithm in Glewlwyd::ALGORITHMS {
        let token = server.token(algorithm, SCOPE).await;
        let reason = refusal(for_another.validate(&token).await);
        assert_eq!(reason, Reason::AudienceMismatch, "{algorithm}");
        // Then the server puts the granted scopes in place of an audience.
        let token = server.token_for_no_resource(algorithm, SCOPE).await;
        assert_eq!(json(&token, 1)["aud"], SCOPE);
        let reason = refusal(validator.validate(&token).await);
        assert_eq!(reason, Reason::AudienceMismatch, "{algorithm}");
    }
    Ok(())
}

#[tokio::test]
#[ignore = "needs glewlwyd and node: see tests/live/README.md"]
async fn i01_a_token_is_accepted_by_each_way_of_client_authentication() -> TestResult {
    let server = Glewlwyd::start().await;
    let token = server.token("ES256", SCOPE).await;
    let api_token = server.api_token().await;
    let key = ClientKey::from_jwk(server.api_key())?;
    let discovered = Introspection::discover;
    for (case, introspection) in [
        ("bearer", discovered().bearer_token(&api_token)),
        (
            "basic",
            discovered().client_secret_basic(API.id, API.secret),
        ),
        ("post", discovered().client_secret_post(API.id, API.secret)),
        (
            "key",
            discovered()
                .private_key_jwt(API.id, key)
                .assertion_audience(server.introspection_endpoint()),
        ),
    ] {
        let validator = asking(&server, introspection).build()?;

        let accepted = validator
            .validate(&token)
            .await
            .unwrap_or_else(|error| panic!("{case}: {}", error.explain()));

        assert!(accepted.is_introspected(), "{case}");
        assert_eq!(accepted.issuer(), server.issuer(), "{case}");
        assert!(accepted.audience().contains(Glewlwyd::RESOURCE), "{case}");
        let client = Glewlwyd::client_id("ES256");
        assert_eq!(accepted.client_id(), Some(client.as_str()), "{case}");
        let expiry = NumericDate::from_secs(expiry(&token));
        assert_eq!(accepted.expires_at(), Some(expiry), "{case}");
        accepted.require(&Requirement::scope("orders:write"))?;
        let reason = refusal(validator.validate("unknown").await);
        assert_eq!(reason, Reason::Inactive, "{case}");
    }
    Ok(())
}

#[tokio::test]
#[ignore = "needs glewlwyd and node: see tests/live/README.md"]
async fn i03_credentials_that_the_server_does_not_take_are_the_fault_of_the_api() -> TestResult {
    let server = Glewlwyd::start().await;
    let token = server.token("ES256", SCOPE).await;
    let right = || ClientKey::from_jwk(server.api_key());
    let discovered = Introspection::discover;
    for (case, introspection) in [
        // A sound token without the required scope.
        ("bearer, of another", discovered().bearer_token(&token)),
        ("bearer, unknown", discovered().bearer_token("unknown")),
        ("basic", discovered().client_secret_basic(API.id, "wrong")),
        ("post", discovered().client_secret_post(API.id, "wrong")),
        ("key, another id", {
            let key = right()?.with_key_id("nobody's");
            discovered()
                .private_key_jwt(API.id, key)
                .assertion_audience(server.introspection_endpoint())
        }),
        // This server accepts the address of the called endpoint as the audience, and not its own
        // name.
        (
            "key, for the issuer",
            discovered().private_key_jwt(API.id, right()?),
        ),
    ] {
        let validator = asking(&server, introspection).build()?;
        let result = validator.validate(&token).await;
        let Err(error @ Error::Unavailable(_)) = &result else {
            panic!("{case}: {result:?}");
        };
        assert_eq!(error.status(), 503, "{case}");
        for why in [error.explain(), chain(error)] {
            let says = |what| why.contains(what);
            assert!(says("refuses this API's own credentials"), "{case}: {why}");
            assert!(says("status 401"), "{case}: {why}");
            assert!(!says(&token), "{case}: {why}");
        }
    }
    Ok(())
}

#[tokio::test]
#[ignore = "needs glewlwyd and node: see tests/live/README.md"]
async fn i05_a_revoked_token_is_refused_by_introspection_and_lives_on_by_keys() -> TestResult {
    let server = Glewlwyd::start().await;
    let api_token = server.api_token().await;
    let introspection = || Introspection::discover().bearer_token(&api_token);
    let clock = clock();
    let (cached, uncached, by_keys) = (
        asking(&server, introspection())
            .clock(clock.clone())
            .build()?,
        asking(&server, introspection().cache_active_for(Duration::ZERO)).build()?,
        validator(Issuer::discover(server.issuer())).build()?,
    );
    let token = server.token("RS256", SCOPE).await;
    for validator in [&cached, &uncached, &by_keys] {
        validator.validate(&token).await?;
    }

    server.revoke("RS256", &token).await;

    let reason = refusal(uncached.validate(&token).await);
    assert_eq!(reason, Reason::Inactive);
    // By the answer that is kept, for as long as the cache's life says.
    cached.validate(&token).await?;
    clock.advance(ACTIVE_FOR);
    let reason = refusal(cached.validate(&token).await);
    assert_eq!(reason, Reason::Inactive);
    // Its signature is as good as before.
    by_keys.validate(&token).await?;
    Ok(())
}

/// The server writes the audience of the token into `aud` of its answer, where RFC 9701 section 5
/// requires the calling API. So an API that calls with a bearer token sets its client id to the
/// token's audience.
#[tokio::test]
#[ignore = "needs glewlwyd and node: see tests/live/README.md"]
async fn i07_a_token_is_accepted_by_a_signed_answer_for_its_resource() -> TestResult {
    let server = Glewlwyd::start().await;
    let api_token = server.api_token().await;
    let signed = |client_id: &str| {
        Introspection::discover()
            .bearer_token(&api_token)
            .client_id(client_id)
            .signed_answers()
    };
    let validator = asking(&server, signed(Glewlwyd::RESOURCE)).build()?;
    for algorithm in Glewlwyd::ALGORITHMS {
        let token = server.token(algorithm, SCOPE).await;

        let accepted = validator
            .validate(&token)
            .await
            .unwrap_or_else(|error| panic!("{algorithm}: {}", error.explain()));

        assert!(accepted.is_introspected(), "{algorithm}");
        assert_eq!(accepted.issuer(), server.issuer(), "{algorithm}");
        assert!(accepted.audience().contains(Glewlwyd::RESOURCE));
        let client = Glewlwyd::client_id(algorithm);
        assert_eq!(accepted.client_id(), Some(client.as_str()));
        accepted.require(&Requirement::scope("orders:write"))?;
    }

    // Who is called by another name is not the one that the answer is for.
    let token = server.token("ES256", SCOPE).await;
    let by_secret = Introspection::discover()
        .client_secret_basic(API.id, API.secret)
        .signed_answers();
    for introspection in [signed(API.id), by_secret] {
        let validator = asking(&server, introspection).build()?;
        let why = outage(validator.validate(&token).await);
        assert!(why.contains("not a signed introspection response"), "{why}");
        assert!(why.contains("audience"), "{why}");
    }
    Ok(())
}

/// The server answers 400 where RFC 9701 section 5 requires a signed answer that the token is not
/// active. That is no answer about the token, which is still not accepted.
#[tokio::test]
#[ignore = "needs glewlwyd and node: see tests/live/README.md"]
async fn i07_a_revoked_token_is_not_judged_where_signed_answers_are_required() -> TestResult {
    let server = Glewlwyd::start().await;
    let introspection = Introspection::discover()
        .bearer_token(&server.api_token().await)
        .client_id(Glewlwyd::RESOURCE)
        .signed_answers()
        .cache_active_for(Duration::ZERO);
    let validator = asking(&server, introspection).build()?;
    let token = server.token("ES256", SCOPE).await;
    validator.validate(&token).await?;

    server.revoke("ES256", &token).await;

    for token in [token.as_str(), "unknown"] {
        let why = outage(validator.validate(token).await);
        assert!(why.contains("status 400"), "{why}");
        assert!(!why.contains("credentials"), "{why}");
    }
    Ok(())
}
