//! Row H10: introspected tokens are introspected again.

use std::time::Duration;

use resource_server::binding::ClientCertificates;
use resource_server::testing::{Fault, ManualClock, TestClient, TestServer};
use resource_server::{Credentials, Introspection, Issuer, Policy, Reason, Validator};
use serde_json::json;

use super::again;
use crate::support::NOW;
use crate::support::http::{AUDIENCE, clock, outage, reason, validator, verdict};

const CACHED: Duration = Duration::from_secs(60);
const SECOND: Duration = Duration::from_secs(1);

/// A server that introspects and has keys, and an API that uses either or both.
struct Streams {
    server: TestServer,
    clock: ManualClock,
    validator: Validator,
}

impl Streams {
    async fn new() -> Self {
        Self::with(|issuer| issuer, |introspection| introspection).await
    }

    async fn with(
        adapt: impl FnOnce(Issuer) -> Issuer,
        cached: impl FnOnce(Introspection) -> Introspection,
    ) -> Self {
        let server = TestServer::start(AUDIENCE).await.unwrap();
        let clock = clock();
        let introspection = cached(server.introspection());
        let issuer = adapt(Issuer::new(server.url()).introspection(introspection));
        let issuer = issuer.policy(Policy::builder());
        Streams {
            validator: validator(issuer.opaque_tokens(), &clock),
            server,
            clock,
        }
    }

    /// An issuer with keys too, for JWTs.
    async fn with_keys() -> Self {
        let server = TestServer::start(AUDIENCE).await.unwrap();
        let clock = clock();
        let issuer = Issuer::discover(server.url()).refresh_on_demand();
        let issuer = issuer.introspection(server.introspection());
        Streams {
            validator: validator(issuer, &clock),
            server,
            clock,
        }
    }

    fn calls(&self) -> usize {
        self.server.fetches().introspection
    }

    fn jwt(&self) -> String {
        let issuer = self.server.issuer().clone().clock(self.clock.clone());
        let token = issuer.token().subject("alice");
        let token = token.expires_in(Duration::from_secs(1_000_000)).mint();
        self.server.know(&token, json!({"sub": "alice"}));
        token
    }
}

#[tokio::test]
async fn h10_a_revoked_opaque_token_ends_a_stream_when_its_response_runs_out() {
    let streams = Streams::new().await;
    let opaque = streams.server.opaque_token(json!({"sub": "alice"}));
    let token = streams.validator.validate(&opaque).await.unwrap();
    streams.server.revoke(&opaque);
    // The cache counts as for a new request.
    streams.clock.advance(CACHED.saturating_sub(SECOND));
    assert_eq!(verdict(again(&streams.validator, &token).await), None);
    assert_eq!(streams.calls(), 1, "H10");
    streams.clock.advance(SECOND);
    let refused = again(&streams.validator, &token).await;
    assert_eq!(reason(refused), Reason::Inactive, "H10");
    assert_eq!(streams.calls(), 2, "H10");

    // At once where the API was told of the revocation.
    let opaque = streams.server.opaque_token(json!({"sub": "bob"}));
    let token = streams.validator.validate(&opaque).await.unwrap();
    streams.server.revoke(&opaque);
    streams.validator.forget(&opaque);
    let refused = again(&streams.validator, &token).await;
    assert_eq!(reason(refused), Reason::Inactive, "H10");
}

#[tokio::test]
async fn h10_a_token_that_was_judged_online_is_judged_online_again() {
    for streams in [Streams::new().await, Streams::with_keys().await] {
        let opaque = streams.server.opaque_token(json!({"sub": "alice"}));
        let jwt = streams.jwt();
        for text in [&opaque, &jwt] {
            let token = streams.validator.validate_online(text).await.unwrap();
            let clone = token.clone();
            for token in [&token, &clone] {
                let before = streams.calls();
                assert_eq!(verdict(again(&streams.validator, token).await), None);
                assert_eq!(streams.calls(), before + 1, "H10: no cached response");
            }
            streams.server.revoke(text);
            let refused = again(&streams.validator, &token).await;
            assert_eq!(reason(refused), Reason::Inactive, "H10");
        }
    }
}

/// A JWT that passed by key and response needs both again.
#[tokio::test]
async fn h10_the_key_of_a_token_that_was_judged_online() {
    let streams = Streams::with_keys().await;
    let token = streams.validator.validate_online(&streams.jwt()).await;
    let token = token.unwrap();
    assert!(token.is_introspected());
    streams.server.issuer().rotate_keys();
    streams.server.issuer().withdraw_old_keys();
    streams.clock.advance(Duration::from_secs(601));
    let refused = again(&streams.validator, &token).await;
    assert_eq!(reason(refused), Reason::UnknownKey, "H10");
}

/// A JWT that its key has verified causes no call, also where the issuer introspects.
#[tokio::test]
async fn h10_a_jwt_of_a_key_is_not_introspected() {
    let streams = Streams::with_keys().await;
    let jwt = streams.jwt();
    let token = streams.validator.validate(&jwt).await.unwrap();
    streams.server.revoke(&jwt);
    assert_eq!(verdict(again(&streams.validator, &token).await), None);
    assert_eq!(streams.calls(), 0, "H10");
}

#[tokio::test]
async fn h10_a_jwt_is_introspected_again_where_there_are_no_keys() {
    let streams = Streams::new().await;
    let jwt = streams.jwt();
    let token = streams.validator.validate(&jwt).await.unwrap();
    assert_eq!(verdict(again(&streams.validator, &token).await), None);
    streams.server.revoke(&jwt);
    streams.clock.advance(CACHED);
    let refused = again(&streams.validator, &token).await;
    assert_eq!(reason(refused), Reason::Inactive, "H10");
}

#[tokio::test]
async fn h10_an_endpoint_that_is_down_is_never_a_revocation() {
    let streams = Streams::new().await;
    let opaque = streams.server.opaque_token(json!({"sub": "alice"}));
    let token = streams.validator.validate(&opaque).await.unwrap();
    streams.server.fail(Fault::Status {
        code: 503,
        retry_after: None,
    });
    assert_eq!(verdict(again(&streams.validator, &token).await), None);
    streams.clock.advance(CACHED);
    outage(again(&streams.validator, &token).await);
    streams.server.recover();
    streams.clock.advance(Duration::from_secs(60));
    assert_eq!(verdict(again(&streams.validator, &token).await), None);
}

#[tokio::test]
async fn h10_a_new_response_is_judged_by_the_policy() {
    let streams = Streams::new().await;
    let opaque = streams.server.opaque_token(json!({"sub": "alice"}));
    let token = streams.validator.validate(&opaque).await.unwrap();
    let jkt = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs";
    for (members, expected) in [
        (
            json!({"aud": "https://other.example.com"}),
            Some(Reason::AudienceMismatch),
        ),
        (json!({"exp": NOW - 100}), Some(Reason::Expired)),
        (
            json!({"iss": "https://other.example.com"}),
            Some(Reason::IssuerMismatch),
        ),
        (
            json!({"token_type": "DPoP", "cnf": {"jkt": jkt}}),
            Some(Reason::ProofOfPossessionMissing),
        ),
        (json!({"sub": "alice"}), None),
    ] {
        streams.server.know(&opaque, members.clone());
        streams.validator.forget(&opaque);
        let judged = again(&streams.validator, &token).await;
        assert_eq!(verdict(judged), expected, "H10: {members}");
    }
}

#[tokio::test]
async fn h10_the_next_look_at_an_introspected_token() {
    let seconds = Duration::from_secs;
    for (cached_for, expected) in [(60, 60), (10, 10), (0, 60), (3_600, 300)] {
        let streams = Streams::with(
            |issuer| issuer,
            |introspection| introspection.cache_active_for(seconds(cached_for)),
        )
        .await;
        let opaque = streams.server.opaque_token(json!({"sub": "alice"}));
        let token = streams.validator.validate(&opaque).await.unwrap();
        assert_eq!(streams.validator.time_left(&token), None);
        let next = streams.validator.next_look(&token);
        assert_eq!(next, seconds(expected), "H10: {cached_for}");
        let ends_soon = json!({"exp": NOW - 25});
        let opaque = streams.server.opaque_token(ends_soon);
        let token = streams.validator.validate(&opaque).await.unwrap();
        assert_eq!(streams.validator.next_look(&token), seconds(5), "H10");
    }
    // The cache of responses counts, and not that of the keys.
    let streams = Streams::with_keys().await;
    let opaque = streams.server.opaque_token(json!({}));
    let jwt = streams.jwt();
    for (text, expected) in [(&opaque, 60), (&jwt, 300)] {
        let token = streams.validator.validate(text).await.unwrap();
        assert_eq!(streams.validator.next_look(&token), seconds(expected));
    }
    let token = streams.validator.validate_online(&jwt).await.unwrap();
    assert_eq!(streams.validator.next_look(&token), seconds(60));
}

#[tokio::test]
async fn h10_the_kept_text_is_shown_nowhere() {
    let streams = Streams::new().await;
    let opaque = streams.server.opaque_token(json!({"sub": "alice"}));
    let token = streams.validator.validate(&opaque).await.unwrap();
    let shown = format!("{token:?}{token:#?}");
    streams.server.revoke(&opaque);
    streams.clock.advance(CACHED);
    let error = again(&streams.validator, &token).await.unwrap_err();
    let shown = format!("{shown}{error:?}{error}{}", error.explain());
    assert!(!shown.contains(&opaque), "H10: {shown}");
}

/// A stream of a client's certificate does not go on as one of a bearer token.
#[tokio::test]
async fn h10_m01_a_new_response_must_have_the_same_certificate() {
    let server = TestServer::start(AUDIENCE).await.unwrap();
    let clock = clock();
    let issuer = Issuer::new(server.url()).introspection(server.introspection());
    let builder = Validator::builder().resource(AUDIENCE).clock(clock.clone());
    let builder = builder.client_certificates(ClientCertificates::from_tls());
    let api = builder.issuer(issuer.opaque_tokens()).build().unwrap();
    let (client, other) = (TestClient::new(), TestClient::new());
    let bound_to = |client: &TestClient| {
        let x5t = client.certificate().thumbprint().to_string();
        json!({"aud": AUDIENCE, "cnf": {"x5t#S256": x5t}})
    };
    let opaque = server.opaque_token(bound_to(&client));
    let presented = Credentials::bearer(&opaque).with_certificate(client.certificate());
    let token = api.authenticate(&presented).await.unwrap();
    for (members, expected) in [
        (bound_to(&client), None),
        (bound_to(&other), Some(Reason::PossessionMismatch)),
        (json!({"aud": AUDIENCE}), Some(Reason::TokenNotBound)),
    ] {
        server.know(&opaque, members.clone());
        api.forget(&opaque);
        assert_eq!(
            verdict(again(&api, &token).await),
            expected,
            "H10: {members}"
        );
    }
}
