//! Calls by a real client over a real socket, with keys that are fetched from a test authorization
//! server.

use std::time::Duration;

use resource_server::testing::{ManualClock, TestServer};
use resource_server::{Issuer, NumericDate, Policy, Validator};
use serde_json::json;
use tonic::Code;
use tonic::transport::server::TcpIncoming;

const API: &str = "https://api.example.com";

#[tokio::test]
async fn the_api_answers_by_the_token() {
    let authorization_server = TestServer::start(API).await.unwrap();
    let validator = Validator::builder()
        .resource(API)
        .issuer(Issuer::discover(authorization_server.url()))
        .build()
        .unwrap();
    let incoming = TcpIncoming::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let url = format!("http://{}", incoming.local_addr().unwrap());
    tokio::spawn(grpc_api::serve(incoming, validator));

    let token = authorization_server.issuer().token().subject("alice");
    let weak = token.clone().mint();
    let metadata =
        "resource_metadata=\"https://api.example.com/.well-known/oauth-protected-resource\"";
    let table = [
        (None, Code::Unauthenticated, ""),
        (
            Some("abc"),
            Code::Unauthenticated,
            "error=\"invalid_token\", ",
        ),
        (
            Some(weak.as_str()),
            Code::PermissionDenied,
            "error=\"insufficient_scope\", scope=\"orders:read\", ",
        ),
    ];
    for (token, code, parameters) in table {
        let status = grpc_api::list(&url, token).await.unwrap_err();
        assert_eq!(status.code(), code, "{token:?}");
        let challenge = status.metadata().get("www-authenticate").unwrap();
        let expected = format!("Bearer {parameters}{metadata}");
        assert_eq!(challenge.to_str().unwrap(), expected, "{token:?}");
    }
    let good = token.scope("orders:read").mint();
    let reply = grpc_api::list(&url, Some(&good)).await.unwrap();
    assert_eq!(reply.owner, "alice");
    assert_eq!(reply.items, ["apples", "pears"]);
}

/// What ends a token.
#[derive(Clone, Copy, Debug)]
enum End {
    Expiry,
    KeyWithdrawn,
    Revoked,
}

/// A token here has a second left by a clock that the test sets, so the first look at it comes
/// after a second.
#[tokio::test]
async fn h10_a_stream_ends_with_its_token() {
    const NOW: i64 = 1_700_000_000;
    for end in [End::Expiry, End::KeyWithdrawn, End::Revoked] {
        let clock = ManualClock::at(NumericDate::from_secs(NOW));
        let server = TestServer::start(API).await.unwrap();
        let issuer = server.issuer().clone().clock(clock.clone());
        let introspection = server.introspection().cache_active_for(Duration::ZERO);
        let policy = Policy::builder().clock_skew(Duration::ZERO);
        let trusted = issuer.to_issuer().introspection(introspection);
        let builder = Validator::builder().resource(API);
        let builder = builder.issuer(trusted.policy(policy)).clock(clock.clone());
        let incoming = TcpIncoming::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let url = format!("http://{}", incoming.local_addr().unwrap());
        tokio::spawn(grpc_api::serve(incoming, builder.build().unwrap()));

        let token = match end {
            End::Revoked => server.opaque_token(json!({"exp": NOW + 1})),
            _ => issuer.token().expires_in(Duration::from_secs(1)).mint(),
        };
        let mut stream = grpc_api::watch(&url, &token).await.unwrap();
        assert!(stream.message().await.unwrap().is_some(), "{end:?}");
        match end {
            End::Expiry => clock.advance(Duration::from_secs(2)),
            End::KeyWithdrawn => {
                issuer.rotate_keys();
                issuer.withdraw_old_keys();
            }
            End::Revoked => server.revoke(&token),
        }
        let status = loop {
            match stream.message().await {
                Ok(message) => assert!(message.is_some(), "{end:?}: no status"),
                Err(status) => break status,
            }
        };
        assert_eq!(status.code(), Code::Unauthenticated, "{end:?}");
    }
}

#[test]
fn the_protection_adds_at_most_ten_lines() {
    let files = [
        include_str!("../src/lib.rs"),
        include_str!("../src/main.rs"),
    ];
    let added: usize = files
        .map(|text| text.matches(" // new\n").count())
        .iter()
        .sum();
    assert!((1..=10).contains(&added), "{added}");
}
