//! An API that says who it is with a private key (RFC 7523) when it asks about opaque tokens. Rows
//! I01, I03 and I11.

mod support;

use std::time::Duration;

use live_tests::{ApiKey, AuthorizationServer};
use resource_server::clock::{Clock, SystemClock};
use resource_server::testing::ManualClock;
use resource_server::{
    Algorithm, Error, Introspection, Issuer, Validator, ValidatorBuilder, introspection::ClientKey,
};

use support::{OPAQUE_API, SCOPE, TestResult, chain};

fn introspection(key: ClientKey) -> Introspection {
    Introspection::discover().private_key_jwt(AuthorizationServer::KEY_API, key)
}

fn asking(server: &AuthorizationServer, introspection: Introspection) -> ValidatorBuilder {
    let issuer = Issuer::new(server.issuer()).introspection(introspection);
    Validator::builder().audience(OPAQUE_API).issuer(issuer)
}

fn from_pem(key: &ApiKey) -> Result<ClientKey, Box<dyn std::error::Error>> {
    let algorithm: Algorithm = key.algorithm.parse()?;
    Ok(ClientKey::from_pem(algorithm, &key.pem)?)
}

#[tokio::test]
#[ignore = "needs node: see tests/live/README.md"]
async fn i01_an_opaque_token_is_accepted_by_a_key_of_each_algorithm_and_form() -> TestResult {
    let server = AuthorizationServer::start_with_api_keys().await;
    let token = server.token(OPAQUE_API, SCOPE).await;
    let keys = server.api_keys().await;
    let algorithms: Vec<_> = keys.iter().map(|key| key.algorithm.as_str()).collect();
    assert_eq!(algorithms, ["RS256", "PS256", "ES256", "EdDSA", "Ed25519"]);
    let mut asked = 0;
    for key in &keys {
        for (form, client_key) in [
            ("JWK", ClientKey::from_jwk(&key.jwk)?),
            ("PEM", from_pem(key)?.with_key_id(&key.id)),
            ("PEM without a kid", from_pem(key)?),
        ] {
            let case = format!("{} from {form}", key.algorithm);
            let validator = asking(&server, introspection(client_key)).build()?;

            let accepted = validator
                .validate(&token)
                .await
                .unwrap_or_else(|error| panic!("{case}: {}", error.explain()));

            assert!(accepted.is_introspected(), "{case}");
            assert_eq!(accepted.client_id(), Some("live-test"), "{case}");
            asked += 1;
        }
    }
    assert_eq!(server.requests().await.introspection, asked);
    Ok(())
}

/// The server accepts no `jti` twice.
#[tokio::test]
#[ignore = "needs node: see tests/live/README.md"]
async fn i11_each_question_has_an_assertion_of_its_own() -> TestResult {
    let server = AuthorizationServer::start_with_api_keys().await;
    let token = server.token(OPAQUE_API, SCOPE).await;
    let [key, ..] = &server.api_keys().await[..] else {
        panic!("the API has keys");
    };
    let introspection = introspection(ClientKey::from_jwk(&key.jwk)?);
    let validator = asking(&server, introspection.cache_active_for(Duration::ZERO)).build()?;
    for _ in 0..3 {
        validator.validate(&token).await?;
    }
    assert_eq!(server.requests().await.introspection, 3);
    Ok(())
}

#[tokio::test]
#[ignore = "needs node: see tests/live/README.md"]
async fn i03_a_key_that_the_server_does_not_take_is_the_fault_of_the_api() -> TestResult {
    let server = AuthorizationServer::start_with_api_keys().await;
    let other = AuthorizationServer::start_with_api_keys().await;
    let token = server.token(OPAQUE_API, SCOPE).await;
    let mut cases = Vec::new();
    for (key, another) in server.api_keys().await.iter().zip(other.api_keys().await) {
        let name = |what: &str| format!("{what}, {}", key.algorithm);
        let right = || ClientKey::from_jwk(&key.jwk);
        let wrong = ClientKey::from_jwk(&another.jwk)?;
        assert_eq!(wrong.key_id(), Some(key.id.as_str()));
        cases.extend([
            (name("another key of this id"), introspection(wrong)),
            (
                name("an unknown id"),
                introspection(right()?.with_key_id("nobody's")),
            ),
            (
                name("another client"),
                Introspection::discover().private_key_jwt("nobody", right()?),
            ),
            (
                name("for another server"),
                introspection(right()?).assertion_audience(other.issuer()),
            ),
        ]);
    }
    // It stands still, so that no pause of the endpoint ends between two calls.
    let clock = ManualClock::at(SystemClock::new().now());
    let mut asked = 0;
    for (case, introspection) in cases {
        let builder = asking(&server, introspection).clock(clock.clone());
        let validator = builder.build()?;
        // The second is refused without a call: the endpoint has just refused the credentials.
        asked += 1;
        for _ in 0..2 {
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
            assert!(validator.validate_cached(&token).is_none(), "{case}");
            assert_eq!(server.requests().await.introspection, asked, "{case}");
        }
        let health = validator.health();
        let last_error = health[0].status().last_error.as_deref();
        let is_told = last_error.is_some_and(|why| why.contains("own credentials"));
        assert!(is_told, "{case}: {last_error:?}");
    }
    // Only the credentials were wrong.
    let key = &server.api_keys().await[0];
    let validator = asking(&server, introspection(from_pem(key)?)).build()?;
    assert!(validator.validate(&token).await?.is_introspected());
    Ok(())
}
