//! What the test server says about tokens.

use std::time::Duration;

use resource_server::testing::{Fault, ManualClock, TestServer};
use resource_server::{
    Introspection, Issuer, NumericDate, Reason, Validator, introspection::ClientKey,
};
use serde_json::{Value, json};

use crate::support::{API as AUDIENCE, reason};

fn validator(server: &TestServer, introspection: Introspection) -> Validator {
    Validator::builder()
        .audience(AUDIENCE)
        .issuer(
            Issuer::discover(server.url()).introspection(
                introspection
                    .cache_active_for(Duration::ZERO)
                    .cache_inactive_for(Duration::ZERO),
            ),
        )
        .build()
        .unwrap()
}

#[tokio::test]
async fn a_token_is_active_until_it_is_revoked() {
    let server = TestServer::start(AUDIENCE).await.unwrap();
    let validator = validator(&server, server.introspection());
    let opaque = server.opaque_token(json!({"sub": "alice", "scope": "read"}));
    assert_ne!(opaque, server.opaque_token(json!({})));
    let token = validator.validate(&opaque).await.unwrap();
    assert_eq!(
        (token.subject(), token.issuer()),
        (Some("alice"), server.url())
    );
    assert!(token.scopes().contains("read"));
    server.revoke(&opaque);
    let error = validator.validate(&opaque).await.unwrap_err();
    assert_eq!(reason(Err(error)), Reason::Inactive);
    let error = validator.validate("never-issued").await.unwrap_err();
    assert_eq!(reason(Err(error)), Reason::Inactive);
    assert_eq!(server.fetches().introspection, 3);

    let elsewhere = server.opaque_token(json!({"aud": "https://other.example.com"}));
    let error = validator.validate(&elsewhere).await.unwrap_err();
    assert_eq!(reason(Err(error)), Reason::AudienceMismatch);
}

#[tokio::test]
async fn a_jwt_is_known_where_it_is_made_known() {
    let server = TestServer::start(AUDIENCE).await.unwrap();
    let validator = validator(&server, server.introspection());
    let jwt = server.issuer().token().mint();
    let error = validator.validate_online(&jwt).await.unwrap_err();
    assert_eq!(reason(Err(error)), Reason::Inactive);
    server.know(&jwt, json!({"sub": "bob"}));
    let token = validator.validate_online(&jwt).await.unwrap();
    assert_eq!(token.subject(), Some("bob"));
}

#[tokio::test]
async fn who_asks_must_be_known() {
    let server = TestServer::start(AUDIENCE).await.unwrap();
    let opaque = server.opaque_token(json!({}));
    let at = || Introspection::at(server.introspection_url());
    let (id, secret) = (TestServer::CLIENT_ID, TestServer::CLIENT_SECRET);
    for (introspection, is_known) in [
        (server.introspection(), true),
        (at().client_secret_post(id, secret), true),
        (
            Introspection::discover().client_secret_basic(id, secret),
            true,
        ),
        (at().client_secret_basic(id, "wrong"), false),
        (at().client_secret_post("wrong", secret), false),
        (at().bearer_token(secret), false),
    ] {
        match validator(&server, introspection).validate(&opaque).await {
            Ok(_) => assert!(is_known),
            Err(error) => {
                assert!(!is_known, "{}", error.explain());
                assert_eq!(error.status(), 503);
            }
        }
    }
    let client = reqwest::Client::new();
    let empty = client
        .post(server.introspection_url())
        .basic_auth(id, Some(secret));
    assert_eq!(empty.send().await.unwrap().status(), 400);
    let get = client.get(server.introspection_url()).send().await.unwrap();
    assert_eq!(get.status(), 404);
}

/// A client that authenticates by an assertion, with its own clock.
#[tokio::test]
async fn a_client_that_has_a_key_is_known_by_it() {
    // RFC 8037 appendix A.
    const PUBLIC: &str =
        r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    let private = PUBLIC.replace(
        '}',
        r#","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"}"#,
    );
    let key = || ClientKey::from_jwk(&private).unwrap();

    let server = TestServer::start(AUDIENCE).await.unwrap();
    let opaque = server.opaque_token(json!({}));
    let discovered = Introspection::discover;
    let judge = async |introspection: Introspection| {
        let issuer = Issuer::discover(server.url()).introspection(introspection);
        let validator = Validator::builder()
            .audience(AUDIENCE)
            .issuer(issuer)
            .clock(ManualClock::at(NumericDate::from_secs(1_000_000)))
            .build()
            .unwrap();
        validator.validate(&opaque).await.map(drop)
    };
    let refused = judge(discovered().private_key_jwt("api", key())).await;
    assert_eq!(refused.unwrap_err().status(), 503, "not known yet");
    server
        .know_client("api", &format!(r#"{{"keys":[{PUBLIC}]}}"#))
        .unwrap();
    judge(discovered().private_key_jwt("api", key()))
        .await
        .unwrap();
    let other = server.issuer().jwks();
    server.know_client("other", &other).unwrap();
    for (case, introspection) in [
        (
            "another's key",
            discovered().private_key_jwt("other", key()),
        ),
        ("unknown", discovered().private_key_jwt("unknown", key())),
        (
            "for another",
            discovered()
                .private_key_jwt("api", key())
                .assertion_audience("https://as.example.com"),
        ),
    ] {
        let error = judge(introspection).await.unwrap_err();
        assert_eq!(error.status(), 503, "{case}");
        assert!(error.explain().contains("credentials"), "{case}");
    }
    assert!(server.know_client("api", "{}").is_err());
    judge(server.introspection()).await.unwrap();
}

#[tokio::test]
async fn it_fails_on_command_apart_from_the_rest() {
    let server = TestServer::start(AUDIENCE).await.unwrap();
    let made = || validator(&server, server.introspection());
    let validator = made();
    let opaque = server.opaque_token(json!({}));
    let jwt = server.issuer().token().mint();
    server.fail_introspection(Fault::Status {
        code: 500,
        retry_after: None,
    });
    assert_eq!(validator.validate(&opaque).await.unwrap_err().status(), 503);
    assert!(validator.validate(&jwt).await.is_ok());
    server.recover();
    // The first is in its pause after the failure.
    let validator = made();
    assert!(validator.validate(&opaque).await.is_ok());
    server.fail(Fault::Garbage);
    assert_eq!(validator.validate(&opaque).await.unwrap_err().status(), 503);
}

#[tokio::test]
async fn requests_with_bodies_follow_one_another() {
    let server = TestServer::start(AUDIENCE).await.unwrap();
    let opaque = server.opaque_token(json!({"sub": "alice"}));
    let client = reqwest::Client::new();
    for _ in 0..3 {
        let answer = client
            .post(server.introspection_url())
            .basic_auth(TestServer::CLIENT_ID, Some(TestServer::CLIENT_SECRET))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(format!("token={opaque}&pad={}", "x".repeat(10_000)))
            .send()
            .await
            .unwrap();
        let answer: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        assert_eq!(answer["sub"], "alice");
    }
    assert_eq!(server.fetches().introspection, 3);
}
