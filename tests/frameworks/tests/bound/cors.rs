//! A script of another origin: its preflight, and what it can read. The layer is the one that the
//! guide's page on frameworks shows.

use axum::Router;
use axum::body::Body;
use axum::http::header::{AUTHORIZATION, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::request::Builder;
use axum::http::{HeaderName, HeaderValue, Request};
use axum::response::Response;
use axum::routing::get;
use framework_tests::bound::{BoundWorld, NONCE_LIFETIME, ORIGIN};
use tower::ServiceExt;
use tower_http::cors::CorsLayer;

use crate::axum::subject;

const SITE: &str = "https://app.example.com";

fn router(world: &BoundWorld) -> Router {
    let origin = HeaderValue::from_static(SITE);
    let [dpop, dpop_nonce] = ["dpop", "dpop-nonce"].map(HeaderName::from_static);
    let cors = CorsLayer::new()
        .allow_origin(origin)
        .allow_headers([AUTHORIZATION, dpop])
        .expose_headers([WWW_AUTHENTICATE, RETRY_AFTER, dpop_nonce]);
    Router::new()
        .route("/orders", get(subject))
        .layer(world.validator.protect())
        .layer(cors)
}

async fn ask(world: &BoundWorld, request: Builder) -> Response {
    let request = request.uri("/orders").header("origin", SITE);
    let request = request.body(Body::empty()).unwrap();
    router(world).oneshot(request).await.unwrap()
}

fn list(response: &Response, name: &str) -> Vec<String> {
    let value = response.headers()[name].to_str().unwrap();
    let mut names: Vec<_> = value
        .split(',')
        .map(|name| name.trim().to_owned())
        .collect();
    names.sort();
    names
}

/// A browser asks before it sends the headers of a proof. That request has none of them.
#[tokio::test]
async fn h11_d06_a_preflight_needs_no_token() {
    let world = BoundWorld::new();
    let preflight = Request::options("/")
        .header("access-control-request-method", "GET")
        .header("access-control-request-headers", "authorization,dpop");
    let response = ask(&world, preflight).await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["access-control-allow-origin"], SITE);
    assert_eq!(
        list(&response, "access-control-allow-headers"),
        ["authorization", "dpop"]
    );
}

/// The script can read the nonce of a refusal, and of a success, and the challenge.
#[tokio::test]
async fn h11_d05_a_script_reads_the_nonce() {
    let world = BoundWorld::with_nonces();
    let token = world.token().bound_to_key_of(&world.client).mint();
    let send = async |nonce: Option<&str>| {
        let proof = world
            .client
            .proof("GET", &format!("{ORIGIN}/orders"), &token);
        let proof = nonce.map_or(proof.clone(), |nonce| proof.nonce(nonce));
        let mut request = Request::get("/");
        for (name, value) in BoundWorld::dpop(&token, &proof.mint()) {
            request = request.header(name, value);
        }
        ask(&world, request).await
    };
    let refused = send(None).await;
    assert_eq!(refused.status(), 401);
    let nonce = refused.headers()["dpop-nonce"].to_str().unwrap().to_owned();
    world.clock.advance(NONCE_LIFETIME);
    let served = send(Some(&nonce)).await;
    assert_eq!(served.status(), 200);
    assert!(served.headers().contains_key("dpop-nonce"));
    for response in [refused, served] {
        assert_eq!(response.headers()["access-control-allow-origin"], SITE);
        assert_eq!(
            list(&response, "access-control-expose-headers"),
            ["dpop-nonce", "retry-after", "www-authenticate"]
        );
    }
}
