//! Rows H10 and H13: sessions are bound to the user that opened them.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::header::AUTHORIZATION;
use axum::http::{Request, Response};
use axum::routing::any;
use resource_server::error::SecretError;
use resource_server::mcp::Sessions;
use resource_server::testing::{ManualClock, TestIssuer, TestToken};
use resource_server::{NumericDate, Validator};
use tower::ServiceExt;

use crate::MCP;

const KEY: &[u8] = b"0123456789abcdef0123456789abcdef";
const OTHER_KEY: &[u8] = b"fedcba9876543210fedcba9876543210";
const ISSUER: &str = "https://as.example.com";
const OTHER_ISSUER: &str = "https://other.example.com";
const METHODS: [&str; 3] = ["POST", "GET", "DELETE"];

/// A server that gives each request without a session the same new one, and records the others.
#[derive(Clone)]
struct World {
    issuer: TestIssuer,
    other_issuer: TestIssuer,
    validator: Validator,
    clock: ManualClock,
    seen: Arc<Mutex<Vec<String>>>,
}

impl World {
    fn new() -> Self {
        let clock = ManualClock::at(NumericDate::from_secs(1_700_000_000));
        let issuer = TestIssuer::new(ISSUER, MCP).clock(clock.clone());
        let other_issuer = TestIssuer::new(OTHER_ISSUER, MCP).clock(clock.clone());
        let builder = Validator::builder().resource(MCP).clock(clock.clone());
        let builder = builder.issuer(issuer.to_issuer());
        let validator = builder.issuer(other_issuer.to_issuer()).build().unwrap();
        World {
            issuer,
            other_issuer,
            validator,
            clock,
            seen: Arc::default(),
        }
    }

    fn app(&self, sessions: Sessions) -> Router {
        let seen = Arc::clone(&self.seen);
        let handler = move |request: Request<Body>| {
            let mut response = Response::builder();
            match request.headers().get("mcp-session-id") {
                Some(id) => {
                    let id = id.to_str().unwrap();
                    let line = format!("{} {id}", request.method());
                    seen.lock().unwrap().push(line);
                }
                None => response = response.header("mcp-session-id", "server.1"),
            }
            async move { response.body(Body::from("served")).unwrap() }
        };
        Router::new()
            .route("/mcp", any(handler))
            .layer(sessions)
            .layer(self.validator.protect())
    }

    async fn send(
        &self,
        key: &[u8],
        method: &str,
        token: &TestToken,
        headers: &[(&str, &str)],
    ) -> Response<Body> {
        let mut request = Request::builder().method(method).uri("/mcp");
        request = request.header(AUTHORIZATION, format!("Bearer {}", token.clone().mint()));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let app = self.app(Sessions::with_key(key).unwrap());
        app.oneshot(request.body(Body::empty()).unwrap())
            .await
            .unwrap()
    }

    async fn status(&self, method: &str, token: &TestToken, id: &str) -> u16 {
        let headers = [("mcp-session-id", id)];
        let response = self.send(KEY, method, token, &headers).await;
        response.status().as_u16()
    }

    /// The id of a new session of this token.
    async fn opened(&self, token: &TestToken) -> Option<String> {
        let response = self.send(KEY, "POST", token, &[]).await;
        assert_eq!(response.status(), 200);
        let id = response.headers().get("mcp-session-id")?;
        Some(id.to_str().unwrap().to_owned())
    }

    fn of(&self, subject: &str) -> TestToken {
        self.issuer.token().subject(subject)
    }

    fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().drain(..).collect()
    }
}

#[tokio::test]
async fn h13_a_session_goes_on_with_each_token_of_its_user() {
    let world = World::new();
    let id = world.opened(&world.of("alice")).await.unwrap();
    assert!(id.starts_with("server.1."), "H13: {id}");
    let later = world
        .of("alice")
        .scope("other")
        .expires_in(Duration::from_secs(60));
    for method in METHODS {
        for token in [&world.of("alice"), &later] {
            assert_eq!(world.status(method, token, &id).await, 200, "H13: {method}");
            // The server gets the id that it gave.
            assert_eq!(world.seen(), [format!("{method} server.1")], "H13");
        }
    }
    // The same id each time, and on another instance with the same key.
    assert_eq!(world.opened(&world.of("alice")).await, Some(id), "H13");
}

#[tokio::test]
async fn h13_no_one_else_gets_into_a_session() {
    let world = World::new();
    let alice = world.of("alice");
    let id = world.opened(&alice).await.unwrap();
    let bobs = world.opened(&world.of("bob")).await.unwrap();
    let response = world.send(OTHER_KEY, "POST", &alice, &[]).await;
    let of_other_key = response.headers()["mcp-session-id"]
        .to_str()
        .unwrap()
        .to_owned();
    let (_, tag) = id.rsplit_once('.').unwrap();
    let cases = [
        ("another subject", world.of("bob"), id.clone()),
        (
            "another issuer",
            world.other_issuer.token().subject("alice"),
            id.clone(),
        ),
        (
            "no subject",
            world.issuer.token().without("sub"),
            id.clone(),
        ),
        ("the session of another", alice.clone(), bobs),
        ("another key", alice.clone(), of_other_key),
        ("the server's own id", alice.clone(), "server.1".to_owned()),
        ("a cut id", alice.clone(), id[..id.len() - 1].to_owned()),
        (
            "a cut id without its tag",
            alice.clone(),
            "server.".to_owned(),
        ),
        ("a forged id", alice.clone(), format!("server.2.{tag}")),
        ("a tag alone", alice.clone(), tag.to_owned()),
        ("no text", alice.clone(), String::new()),
    ];
    for (what, token, id) in &cases {
        for method in METHODS {
            let headers = [("mcp-session-id", id.as_str())];
            let response = world.send(KEY, method, token, &headers).await;
            assert_eq!(response.status(), 404, "H13: {what}, {method}");
            let body = to_bytes(response.into_body(), 100).await.unwrap();
            assert_eq!(&*body, b"Not Found: Session not found", "H13: {what}");
        }
    }
    // Two ids: which one the server reads is its choice.
    for ids in [[id.as_str(), "server.1"], ["server.1", id.as_str()]] {
        let headers = ids.map(|id| ("mcp-session-id", id));
        let response = world.send(KEY, "POST", &alice, &headers).await;
        assert_eq!(response.status(), 404, "H13");
    }
    assert!(world.seen().is_empty(), "H13");
}

#[tokio::test]
async fn h10_h13_an_expired_token_gets_nothing_from_its_open_session() {
    let world = World::new();
    let minted = world.of("alice").expires_in(Duration::from_secs(60));
    let id = world.opened(&minted).await.unwrap();
    let expired = minted.mint();
    world.clock.advance(Duration::from_secs(91));
    for method in METHODS {
        let request = Request::builder().method(method).uri("/mcp");
        let request = request.header(AUTHORIZATION, format!("Bearer {expired}"));
        let request = request.header("mcp-session-id", &id).body(Body::empty());
        let app = world.app(Sessions::with_key(KEY).unwrap());
        let response = app.oneshot(request.unwrap()).await.unwrap();
        assert_eq!(response.status(), 401, "H13: {method}");
    }
    assert!(world.seen().is_empty(), "H13");
    // A new token of the same user goes on.
    assert_eq!(world.status("POST", &world.of("alice"), &id).await, 200);
}

/// Two tokens without an identity are not the same user.
#[tokio::test]
async fn h13_without_an_identity_there_is_no_session() {
    let world = World::new();
    let nobody = world.issuer.token().without("sub");
    assert_eq!(world.opened(&nobody).await, None, "H13");
    let id = world.opened(&world.of("alice")).await.unwrap();
    for id in ["server.1", "server.1.", &id] {
        for method in METHODS {
            let found = world.status(method, &nobody, id).await;
            assert_eq!(found, 404, "H13: {method} {id}");
        }
    }
    assert!(world.seen().is_empty(), "H13");
}

#[tokio::test]
async fn h13_revisions_without_sessions_get_none() {
    let world = World::new();
    let bob = world.of("bob");
    let id = world.opened(&world.of("alice")).await.unwrap();
    for (revision, status) in [
        ("2026-07-28", 200),
        ("2027-01-01", 200),
        ("2025-11-25", 404),
        ("2026-07-27", 404),
        ("nonsense", 404),
        ("9", 404),
    ] {
        for id in [id.as_str(), "server.1"] {
            let headers = [("mcp-session-id", id), ("mcp-protocol-version", revision)];
            let response = world.send(KEY, "POST", &bob, &headers).await;
            assert_eq!(response.status().as_u16(), status, "H13: {revision}");
        }
    }
    // The server saw no id.
    assert!(world.seen().is_empty(), "H13");
}

#[tokio::test]
async fn h13_keys_of_sessions_are_random_or_long_enough() {
    let world = World::new();
    let random = || Sessions::with_random_key().unwrap();
    let mut ids = Vec::new();
    for sessions in [random(), random()] {
        let request = Request::post("/mcp").header(
            AUTHORIZATION,
            format!("Bearer {}", world.of("alice").mint()),
        );
        let app = world.app(sessions.clone());
        let response = app
            .oneshot(request.body(Body::empty()).unwrap())
            .await
            .unwrap();
        ids.push(response.headers()["mcp-session-id"].clone());
        assert_eq!(format!("{sessions:?}"), "Sessions(..)", "H13");
    }
    assert_ne!(ids[0], ids[1], "H13");
    for (secret, expected) in [
        (
            &KEY[..31],
            SecretError::TooShort {
                bytes: 31,
                needed: 32,
            },
        ),
        (&[0; 32], SecretError::OneByteRepeated),
    ] {
        let found = Sessions::with_key(secret).unwrap_err();
        assert_eq!(found, expected, "K12 H13");
    }
}

#[tokio::test]
async fn h13_sessions_need_a_token_that_a_layer_accepted() {
    let world = World::new();
    let handler = || async { "served" };
    let sessions = Sessions::with_key(KEY).unwrap();
    let bare = Router::new().route("/mcp", any(handler)).layer(sessions);
    let optional = bare.clone().layer(world.validator.protect().optional());
    for (app, status) in [(bare, 500), (optional, 401)] {
        let request = Request::post("/mcp").body(Body::empty()).unwrap();
        let response = app.oneshot(request).await.unwrap();
        assert_eq!(response.status().as_u16(), status, "H13");
    }
}
