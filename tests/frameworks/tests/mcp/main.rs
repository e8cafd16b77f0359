//! Tool scopes in axum, before a service that records each message that reaches it.

mod bodies;
mod checks;
mod ending;
mod held;
mod readings;
mod sessions;

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::State;
use axum::http::header::WWW_AUTHENTICATE;
use axum::http::{Extensions, Request};
use axum::response::Response;
use axum::routing::any;
use resource_server::mcp::ToolScopes;
use resource_server::testing::TestIssuer;
use resource_server::{AccessToken, Policy, Requirement, Validator};
use tower::ServiceExt;

const MCP: &str = "https://api.example.com/mcp";

type Seen = Arc<Mutex<Vec<Bytes>>>;

fn scope(name: &str) -> Requirement {
    Requirement::scope(name)
}

fn scopes() -> ToolScopes {
    ToolScopes::new()
        .tool("sum", scope("math:read"))
        .tool("admin_*", scope("admin"))
        .tool("admin_read_*", scope("math:read"))
        .tool("admin_read_all", scope("admin").and(scope("audit")))
        .tool("drop", Requirement::role("operator"))
        .resource("file:///reports/*", scope("reports:read"))
        .resource("file:///reports/secret", scope("secret"))
        .prompt("greet", scope("greet"))
}

fn issuer() -> TestIssuer {
    TestIssuer::new("https://as.example.com", MCP)
}

fn validator(issuer: &TestIssuer) -> Validator {
    let policy = Policy::builder().scope_implies("admin", ["math:read"]);
    let issuer = issuer.to_issuer().policy(policy.role_claims(["roles"]));
    let builder = Validator::builder().resource(MCP).issuer(issuer);
    builder.build().unwrap()
}

async fn record(State(seen): State<Seen>, request: Request<Body>) -> &'static str {
    let bytes = to_bytes(request.into_body(), usize::MAX).await.unwrap();
    seen.lock().unwrap().push(bytes);
    "reached"
}

fn app(scopes: ToolScopes, validator: &Validator, seen: &Seen) -> Router {
    Router::new()
        .route("/mcp", any(record))
        .layer(scopes)
        .layer(validator.protect())
        .with_state(Arc::clone(seen))
}

fn post(token: Option<&str>, body: impl Into<Body>) -> Request<Body> {
    let mut request = Request::post("/mcp");
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    request.body(body.into()).unwrap()
}

fn message(method: &str, params: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":7,"method":"{method}","params":{params}}}"#)
}

fn call(tool: &str) -> String {
    message("tools/call", &format!(r#"{{"name":"{tool}"}}"#))
}

fn challenge(response: &Response) -> Option<&str> {
    let value = response.headers().get(WWW_AUTHENTICATE)?;
    Some(value.to_str().unwrap())
}

/// Of a message with a token of these scopes: the status and the scopes of the challenge.
async fn asked(scopes: ToolScopes, granted: &str, body: &str) -> (u16, Option<String>) {
    let (issuer, seen) = (issuer(), Seen::default());
    let app = app(scopes, &validator(&issuer), &seen);
    let token = issuer.token().scope(granted).mint();
    let response = app
        .oneshot(post(Some(&token), body.to_owned()))
        .await
        .unwrap();
    let status = response.status().as_u16();
    let reached: Vec<Bytes> = (status == 200)
        .then(|| Bytes::from(body.to_owned()))
        .into_iter()
        .collect();
    assert_eq!(*seen.lock().unwrap(), reached, "{body}");
    let named = challenge(&response).map(|value| {
        let (_, rest) = value
            .split_once("scope=\"")
            .unwrap_or_else(|| panic!("{value}"));
        rest.split('"').next().unwrap().to_owned()
    });
    (status, named)
}

#[tokio::test]
async fn h13_each_operation_needs_its_own_requirement() {
    let needs = |names: &str| (403, Some(names.to_owned()));
    let (passes, refused) = ((200, None), (403, None));
    let listen = |uris: &str| {
        let filter = format!(r#"{{"notifications":{{"resourceSubscriptions":[{uris}]}}}}"#);
        message("subscriptions/listen", &filter)
    };
    for (granted, body, expected) in [
        ("math:read", call("sum"), passes.clone()),
        ("other", call("sum"), needs("math:read")),
        ("other", call(r"s\u0075m"), needs("math:read")),
        (
            "other",
            message(r"tools\u002fcall", r#"{"name":"sum"}"#),
            needs("math:read"),
        ),
        // O03: one scope implies the other.
        ("admin", call("sum"), passes.clone()),
        ("math:read", call("admin_write"), needs("admin")),
        // The longest pattern, and the exact name before it.
        ("math:read", call("admin_read_log"), passes.clone()),
        ("math:read", call("admin_read_all"), needs("admin audit")),
        ("admin", call("admin_read_all"), needs("admin audit")),
        ("admin audit", call("admin_read_all"), passes.clone()),
        // No challenge helps where a role is missing.
        ("admin", call("drop"), refused.clone()),
        // What no rule covers.
        ("admin", call("unknown"), refused.clone()),
        ("admin", call("Sum"), refused.clone()),
        ("admin", call("admin"), refused.clone()),
        ("admin", message("logging/setLevel", "{}"), refused.clone()),
        (
            "admin",
            message("prompts/get", r#"{"name":"sum"}"#),
            refused.clone(),
        ),
        (
            "other",
            message("prompts/get", r#"{"name":"greet"}"#),
            needs("greet"),
        ),
        (
            "other",
            message(
                "completion/complete",
                r#"{"ref":{"type":"ref/prompt","name":"greet"}}"#,
            ),
            needs("greet"),
        ),
        (
            "secret",
            message("resources/read", r#"{"uri":"file:///reports/a"}"#),
            needs("reports:read"),
        ),
        (
            "reports:read",
            message("resources/read", r#"{"uri":"FILE:///reports/s%65cret"}"#),
            needs("secret"),
        ),
        (
            "reports:read",
            message("resources/subscribe", r#"{"uri":"file:///reports/secret"}"#),
            needs("secret"),
        ),
        (
            "reports:read",
            listen(r#""file:///reports/a","file:///reports/b""#),
            passes.clone(),
        ),
        (
            "reports:read",
            listen(r#""file:///reports/a","file:///reports/secret","file:///reports/b""#),
            needs("reports:read secret"),
        ),
        (
            "reports:read",
            listen(r#""file:///reports/a","file:///other""#),
            refused.clone(),
        ),
        ("other", listen(""), passes.clone()),
        ("other", message("tools/list", "{}"), passes.clone()),
        ("other", message("initialize", "{}"), passes.clone()),
    ] {
        let found = asked(scopes(), granted, &body).await;
        assert_eq!(found, expected, "H13: {granted}: {body}");
    }
}

#[tokio::test]
async fn h13_the_rest_needs_what_is_set() {
    let cases = [
        (
            scopes().otherwise(scope("rest")),
            (403, Some("rest".to_owned())),
            403,
        ),
        (scopes().otherwise_any_token(), (200, None), 200),
    ];
    for (scopes, unknown, method) in cases {
        let found = asked(scopes.clone(), "other", &call("unknown")).await;
        assert_eq!(found, unknown, "H13");
        let found = asked(scopes.clone(), "other", &message("tasks/get", "{}")).await;
        assert_eq!(found.0, method, "H13");
        // It does not weaken what has a rule.
        let found = asked(scopes, "other", &call("sum")).await;
        assert_eq!(found, (403, Some("math:read".to_owned())), "H13");
    }
}

#[tokio::test]
async fn h13_the_body_decides_and_not_the_headers() {
    let (issuer, seen) = (issuer(), Seen::default());
    let app = app(scopes(), &validator(&issuer), &seen);
    let token = issuer.token().scope("other").mint();
    let mut request = post(Some(&token), call("sum"));
    let headers = request.headers_mut();
    headers.insert("mcp-method", "tools/list".parse().unwrap());
    headers.insert("mcp-name", "=?base64?b3RoZXI=?=".parse().unwrap());
    let response = app.oneshot(request).await.unwrap();
    assert_eq!(response.status(), 403, "H13");
    assert!(seen.lock().unwrap().is_empty(), "H13");
}

#[tokio::test]
async fn h13_requests_without_a_message_need_the_token_alone() {
    let (issuer, seen) = (issuer(), Seen::default());
    let app = app(scopes(), &validator(&issuer), &seen);
    let token = issuer.token().scope("other").mint();
    for (method, with, without) in [
        ("GET", 200, 401),
        ("DELETE", 200, 401),
        ("HEAD", 200, 401),
        ("OPTIONS", 200, 401),
        // Others are read as a message.
        ("PUT", 400, 401),
        ("PATCH", 400, 401),
    ] {
        for (token, status) in [(Some(token.as_str()), with), (None, without)] {
            let mut request = post(token, Body::empty());
            *request.method_mut() = method.parse().unwrap();
            let response = app.clone().oneshot(request).await.unwrap();
            assert_eq!(response.status().as_u16(), status, "H13: {method}");
        }
    }
}

#[tokio::test]
async fn h13_without_the_layer_in_front_nothing_is_served() {
    let seen = Seen::default();
    let bare = Router::new().route("/mcp", any(record)).layer(scopes());
    let bare = bare.with_state(Arc::clone(&seen));
    let response = bare.oneshot(post(Some("a"), call("sum"))).await.unwrap();
    assert_eq!(response.status(), 500, "H13");
    // Nor where the layer in front lets requests through without a token.
    let issuer = issuer();
    let optional = Router::new()
        .route("/mcp", any(record))
        .layer(scopes())
        .layer(validator(&issuer).protect().optional())
        .with_state(Arc::clone(&seen));
    let response = optional
        .oneshot(post(None, message("ping", "{}")))
        .await
        .unwrap();
    assert_eq!(response.status(), 401, "H13");
    assert!(seen.lock().unwrap().is_empty(), "H13");
}

/// A client requests what the challenge names, so the scopes of all layers are there.
#[tokio::test]
async fn h12_h13_the_challenge_names_the_scopes_of_all_layers() {
    async fn tool(extensions: Extensions) -> &'static str {
        let token = AccessToken::of(&extensions).unwrap();
        let export = Requirement::all_scopes(["math:export", "math:read"]);
        if let Err(error) = token.require(&export) {
            error.replace_response(&extensions).unwrap();
        }
        "the tool goes on"
    }
    let issuer = issuer();
    let app = Router::new()
        .route("/mcp", any(tool))
        .layer(scopes())
        .layer(validator(&issuer).protect().require(scope("mcp")));
    for (granted, tool, status, named) in [
        ("mcp math:read math:export", "sum", 200, None),
        ("mcp", "sum", 403, Some("mcp math:read")),
        (
            "mcp math:read",
            "sum",
            403,
            Some("mcp math:read math:export"),
        ),
        ("math:read", "sum", 403, Some("mcp")),
        // A role is missing, and no scope.
        ("mcp admin", "drop", 403, None),
    ] {
        let token = issuer.token().scope(granted).mint();
        let response = app
            .clone()
            .oneshot(post(Some(&token), call(tool)))
            .await
            .unwrap();
        assert_eq!(response.status().as_u16(), status, "H12: {granted}");
        let named = named.map(|scopes| format!("scope=\"{scopes}\""));
        let found = challenge(&response);
        assert_eq!(found.is_some(), named.is_some(), "H12: {granted}");
        assert!(
            found
                .zip(named)
                .is_none_or(|(found, named)| found.contains(&named)),
            "{found:?}"
        );
    }
}

/// Each layer adds its own requirement.
#[tokio::test]
async fn h13_two_layers_of_tool_scopes_both_hold() {
    let (issuer, seen) = (issuer(), Seen::default());
    let inner = ToolScopes::new().tool("sum", scope("inner"));
    let app = Router::new()
        .route("/mcp", any(record))
        .layer(inner)
        .layer(scopes().otherwise_any_token())
        .layer(validator(&issuer).protect())
        .with_state(Arc::clone(&seen));
    for (granted, tool, status, named) in [
        ("other", "sum", 403, Some("scope=\"math:read\"")),
        ("inner", "sum", 403, Some("scope=\"math:read\"")),
        ("math:read", "sum", 403, Some("scope=\"math:read inner\"")),
        ("math:read inner", "sum", 200, None),
        // The inner layer covers nothing else.
        ("math:read inner", "unknown", 403, None),
    ] {
        let token = issuer.token().scope(granted).mint();
        let request = post(Some(&token), call(tool));
        let response = app.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status().as_u16(), status, "H13: {granted}");
        let found = challenge(&response);
        assert_eq!(found.is_some(), named.is_some(), "H13: {granted}");
        let has = |named| found.is_some_and(|found: &str| found.contains(named));
        assert!(named.is_none_or(has), "H13: {granted}: {found:?}");
    }
    assert_eq!(seen.lock().unwrap().len(), 1, "H13");
}
