//! Layers that ask again for more: introspection of each token, and tools of an MCP server.
//! Requests go to the router without a socket.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Method, Request};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::routing::{any, get, post};
use framework_tests::bound::{BoundWorld, ORIGIN};
use resource_server::binding::{
    CertificateHeader, Connection, Dpop, Insertion, MemoryReplayStore, ProofEntry, ReplayStore,
};
use resource_server::mcp::ToolScopes;
use resource_server::testing::{TestClient, TestServer};
use resource_server::{Issuer, NumericDate, Requirement, Resource, Validator, error::SourceError};
use serde_json::json;
use tower::ServiceExt;

use crate::axum::subject;

async fn ask(router: &Router, request: Request<Body>) -> Response {
    router.clone().oneshot(request).await.unwrap()
}

fn request(method: &str, path: &str, token: &str, proof: &str, body: Body) -> Request<Body> {
    let request = Request::builder().method(method).uri(path);
    let request = request.header("authorization", format!("DPoP {token}"));
    request.header("dpop", proof).body(body).unwrap()
}

fn challenges(response: &Response) -> Vec<&str> {
    let values = response.headers().get_all("www-authenticate").iter();
    values.map(|value| value.to_str().unwrap()).collect()
}

#[derive(Default)]
struct Counting(MemoryReplayStore, AtomicUsize);

impl ReplayStore for Counting {
    async fn insert(&self, entry: &ProofEntry, now: NumericDate) -> Result<Insertion, SourceError> {
        self.1.fetch_add(1, Ordering::SeqCst);
        self.0.insert(entry, now).await
    }
}

/// Each of the layers introspects the token, and the proof is entered once for all of them.
#[tokio::test]
async fn d03_h06_online_layers_enter_a_proof_once() {
    let server = TestServer::start(ORIGIN).await.unwrap();
    let issuer = Issuer::new(server.issuer().name()).introspection(server.introspection());
    let store = Arc::new(Counting::default());
    let dpop = Dpop::at(ORIGIN).replay_store(Arc::clone(&store));
    let builder = Validator::builder().resource(ORIGIN).dpop(dpop);
    let validator = builder.issuer(issuer.opaque_tokens()).build().unwrap();
    let online = || validator.protect().online();
    let both = Router::new()
        .route("/both", get(subject).layer(online()))
        .layer(validator.protect());
    let router = Router::new()
        .route("/online", get(subject).layer(online()))
        .merge(both);

    let client = TestClient::new();
    let token = server.opaque_token(json!({
        "active": true, "aud": ORIGIN, "sub": "alice", "exp": 4_000_000_000_u64,
        "token_type": "DPoP", "cnf": {"jkt": client.jkt().to_string()},
    }));
    let entered = || store.1.load(Ordering::SeqCst);
    // The outer layer of `/both` is answered from the cache, the inner one is not.
    for (path, calls) in [("/online", 1), ("/both", 1)] {
        let (before, asked) = (entered(), server.fetches().introspection);
        let proof = client
            .proof("GET", &format!("{ORIGIN}{path}"), &token)
            .mint();
        let to = || request("GET", path, &token, &proof, Body::empty());
        assert_eq!(ask(&router, to()).await.status(), 200, "{path}");
        assert_eq!(entered(), before + 1, "{path}");
        assert_eq!(server.fetches().introspection, asked + calls, "{path}");
        let replayed = ask(&router, to()).await;
        assert_eq!(replayed.status(), 401, "{path}");
        let found = challenges(&replayed);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(
            found[0].starts_with("DPoP error=\"invalid_dpop_proof\""),
            "{found:?}"
        );
    }
}

/// A tool that the token does not allow is refused under the scheme that the request used.
#[tokio::test]
async fn d06_h13_tools_behind_a_proof() {
    let world = BoundWorld::new();
    let scopes = ToolScopes::new()
        .tool("list", Requirement::scope("orders:read"))
        .tool("drop", Requirement::scope("orders:write"));
    let router = Router::new()
        .route("/v1/mcp", post(subject))
        .layer(scopes)
        .layer(world.validator.protect());
    let token = world.token().bound_to_key_of(&world.client).mint();
    let call = async |tool: &str| {
        let message = json!({
            "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": tool},
        });
        let url = format!("{ORIGIN}/v1/mcp");
        let proof = world.client.proof("POST", &url, &token).mint();
        let body = Body::from(message.to_string());
        ask(&router, request("POST", "/v1/mcp", &token, &proof, body)).await
    };
    let listed = call("list").await;
    assert_eq!(listed.status(), 200);
    assert_eq!(to_bytes(listed.into_body(), 99).await.unwrap(), "alice");
    let refused = call("drop").await;
    assert_eq!(refused.status(), 403);
    assert_eq!(
        challenges(&refused),
        [
            "DPoP error=\"insufficient_scope\", scope=\"orders:write\", \
             resource_metadata=\"https://api.example.com/.well-known/oauth-protected-resource/v1\", \
             algs=\"ES256\""
        ]
    );
    assert_eq!(world.insertions(), 2);
}

/// Two Validators that were built apart share one store, and one is inside of the other.
#[tokio::test]
async fn d03_layers_of_two_validators_with_one_store_enter_a_proof_once() {
    let world = BoundWorld::new();
    let router = Router::new()
        .route("/v1/orders", get(subject))
        .layer(world.elsewhere.protect())
        .layer(world.validator.protect());
    let token = world.token().bound_to_key_of(&world.client).mint();
    let url = format!("{ORIGIN}/v1/orders");
    let proof = world.client.proof("GET", &url, &token).mint();
    let to = || request("GET", "/v1/orders", &token, &proof, Body::empty());
    assert_eq!(ask(&router, to()).await.status(), 200);
    assert_eq!(world.insertions(), 1);
    assert_eq!(ask(&router, to()).await.status(), 401);
}

/// A route behind a layer of its own, with a middleware and another layer outside of it. The
/// middleware replaces the method and headers of the request; an empty value removes a header.
fn changed_between(
    outer: &Validator,
    inner: &Validator,
    method: &Method,
    headers: &[(&'static str, &str)],
) -> Router {
    let owned = |(name, value): &(&'static str, &str)| (*name, (*value).to_owned());
    let (method, headers) = (
        method.clone(),
        headers.iter().map(owned).collect::<Vec<_>>(),
    );
    let change = from_fn(move |mut request: Request<Body>, next: Next| {
        *request.method_mut() = method.clone();
        for (name, value) in &headers {
            request.headers_mut().remove(*name);
            if !value.is_empty() {
                request.headers_mut().insert(*name, value.parse().unwrap());
            }
        }
        next.run(request)
    });
    let route = any(subject).layer(inner.protect());
    let router = Router::new().route("/v1/orders", route).layer(change);
    router.layer(outer.protect())
}

/// What is between two layers of one Validator changes the scheme or the proof.
#[tokio::test]
async fn h06_d03_d04_a_proof_that_changes_between_two_layers_is_judged() {
    let world = BoundWorld::new();
    let url = format!("{ORIGIN}/v1/orders");
    let token = world.token().bound_to_key_of(&world.client).mint();
    let made = |token: &str| world.client.proof("GET", &url, token).mint();
    let used = made(&token);
    let api = &world.validator;
    let alone = changed_between(api, api, &Method::GET, &[]);
    let sent = request("GET", "/v1/orders", &token, &used, Body::empty());
    assert_eq!(ask(&alone, sent).await.status(), 200);

    let theirs = world.other.proof("GET", &url, &token).mint();
    let elsewhere = world.client.proof("PUT", &url, &token).mint();
    let other = world
        .token()
        .subject("bob")
        .bound_to_key_of(&world.client)
        .mint();
    let (bearer, of_other) = (format!("Bearer {token}"), format!("DPoP {other}"));
    let (good, of_other_too) = (made(&token), made(&other));
    for (name, headers, expected, insertions) in [
        ("as it was", vec![], 200, 1),
        ("Bearer", vec![("authorization", &*bearer)], 401, 1),
        ("no proof", vec![("dpop", "")], 401, 1),
        ("no text of a proof", vec![("dpop", "x")], 401, 1),
        ("two proofs", vec![("dpop", "a, b")], 401, 1),
        ("a used proof", vec![("dpop", &*used)], 401, 2),
        ("another client's proof", vec![("dpop", &*theirs)], 401, 1),
        (
            "a proof of another method",
            vec![("dpop", &*elsewhere)],
            401,
            1,
        ),
        ("another token", vec![("authorization", &*of_other)], 401, 1),
        (
            "another token and its proof",
            vec![("authorization", &*of_other), ("dpop", &*of_other_too)],
            200,
            2,
        ),
        ("another good proof", vec![("dpop", &*good)], 200, 2),
        // Nothing else is presented, so what was accepted applies.
        ("no credentials", vec![("authorization", "")], 200, 1),
    ] {
        let router = changed_between(api, api, &Method::GET, &headers);
        let before = world.insertions();
        let first = made(&token);
        let sent = request("GET", "/v1/orders", &token, &first, Body::empty());
        assert_eq!(ask(&router, sent).await.status(), expected, "{name}");
        assert_eq!(world.insertions(), before + insertions, "{name}");
    }
}

/// A proof that a layer in front has entered is no proof for another origin or method.
#[tokio::test]
async fn d02_d03_an_entered_proof_is_judged_by_the_next_layer() {
    let world = BoundWorld::new();
    let url = format!("{ORIGIN}/v1/orders");
    let second = || Resource::new(format!("{ORIGIN}/v2"));
    let of = |resource| world.validator.for_resource(resource).unwrap();
    let same = of(second());
    let moved = of(second().dpop_origin("https://other.example.com"));
    let token = world.token().bound_to_key_of(&world.client).mint();
    for (name, inner, method, expected) in [
        ("the same origin", &same, Method::GET, 200),
        ("another method", &same, Method::PUT, 401),
        ("another origin", &moved, Method::GET, 401),
    ] {
        let router = changed_between(&world.validator, inner, &method, &[]);
        let proof = world.client.proof("GET", &url, &token).mint();
        let sent = || request("GET", "/v1/orders", &token, &proof, Body::empty());
        let before = world.insertions();
        assert_eq!(ask(&router, sent()).await.status(), expected, "{name}");
        assert_eq!(world.insertions(), before + 1, "{name}");
        assert_eq!(ask(&router, sent()).await.status(), 401, "{name}: again");
    }
}

/// A middleware between two layers gives the request another scheme for the same token, without one
/// proof. A layer alone refuses that.
#[tokio::test]
async fn h06_d04_a_scheme_that_changes_between_two_layers_is_judged() {
    let world = BoundWorld::new();
    let api = &world.validator;
    let token = world.token().mint();
    let dpop = format!("DPoP {token}");
    let mut found = Vec::new();
    for proof in ["", "a, b"] {
        let headers = [("authorization", &*dpop), ("dpop", proof)];
        let router = changed_between(api, api, &Method::GET, &headers);
        let sent = Request::builder().uri("/v1/orders");
        let sent = sent.header("authorization", format!("Bearer {token}"));
        let inside = ask(&router, sent.body(Body::empty()).unwrap())
            .await
            .status();
        let alone = Router::new().route("/v1/orders", any(subject).layer(api.protect()));
        let sent = request("GET", "/v1/orders", &token, "a, b", Body::empty());
        found.push((ask(&alone, sent).await.status().as_u16(), inside.as_u16()));
    }
    assert_eq!(found, [(401, 401), (401, 401)], "alone, inside");
}

/// The same with the certificate of the client.
#[tokio::test]
async fn h06_m02_a_certificate_that_changes_between_two_layers_is_judged() {
    let world = BoundWorld::new();
    let api = &world.validator;
    let token = world.token().bound_to_certificate_of(&world.client).mint();
    let header = CertificateHeader::rfc9440();
    let mine = world.client.certificate_header(&header).1;
    let theirs = world.other.certificate_header(&header).1;
    let mut found = Vec::new();
    for certificate in [&*mine, "x", &*theirs] {
        let router = changed_between(api, api, &Method::GET, &[("client-cert", certificate)]);
        let sent = Request::builder().uri("/v1/orders");
        let sent = sent.header("authorization", format!("Bearer {token}"));
        let mut sent = sent
            .header("client-cert", &mine)
            .body(Body::empty())
            .unwrap();
        let peer = Connection::from_peer("127.0.0.1".parse().unwrap());
        sent.extensions_mut().insert(peer);
        found.push(ask(&router, sent).await.status().as_u16());
    }
    assert_eq!(
        found,
        [200, 400, 401],
        "the same, malformed, another client's"
    );
}
