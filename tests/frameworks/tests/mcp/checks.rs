//! The same check inside a tool, and the mistakes of the API's author.

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::http::header::AUTHORIZATION;
use axum::routing::any;
use resource_server::mcp::ToolScopes;
use resource_server::{Error, Policy, Reason, Requirement, Validator};
use tower::ServiceExt;

use crate::{MCP, asked, issuer, message, scope, scopes, validator};

#[tokio::test]
async fn h13_mistakes_are_found_early_and_fail_every_request() {
    let none: [&str; 0] = [];
    for (scopes, text) in [
        (
            ToolScopes::new().tool("a", scope("a b")),
            "the tool \"a\": a requirement names a scope",
        ),
        (
            ToolScopes::new().prompt("a", Requirement::all_scopes(none)),
            "the prompt \"a\": ",
        ),
        (
            ToolScopes::new().tool("a*b", scope("a")),
            "the tool \"a*b\": write a name, with * at",
        ),
        (
            ToolScopes::new().tool("a**", scope("a")),
            "the tool \"a**\": write a name",
        ),
        (
            ToolScopes::new().tool("", scope("a")),
            "the tool \"\": write a name",
        ),
        (
            ToolScopes::new().resource("file:///../*", scope("a")),
            "with a dot segment",
        ),
        (ToolScopes::new().otherwise(scope("")), "for the rest: "),
        (
            ToolScopes::new()
                .otherwise(scope("a"))
                .otherwise_any_token(),
            "for the rest: set otherwise or otherwise_any_token",
        ),
        (
            ToolScopes::new().resource("file:///a\\b", scope("a")),
            "backslash",
        ),
        (
            ToolScopes::new().max_body_bytes(0),
            "max_body_bytes is 0: set it from 1 to",
        ),
        (
            ToolScopes::new().max_bytes_of_all_bodies(9),
            "max_bytes_of_all_bodies, which is 9",
        ),
        (
            ToolScopes::new().hold_answers_for(std::time::Duration::from_secs(61)),
            "hold_answers_for is 61s: set it to at most 60s",
        ),
    ] {
        let found = Error::from(scopes.check().unwrap_err());
        assert!(found.explain().contains(text), "H13: {}", found.explain());
        let found = asked(scopes.clone(), "a", &message("ping", "{}")).await;
        assert_eq!(found, (500, None), "H13: {text}");
        let issuer = issuer();
        let token = issuer.token().scope("a b").mint();
        let token = validator(&issuer).validate_cached(&token).unwrap().unwrap();
        assert_eq!(
            scopes.require(&token, "a").unwrap_err().status(),
            500,
            "H13: {text}"
        );
        assert!(!scopes.allows(&token, "a"), "H13: {text}");
    }
    let two = ToolScopes::new()
        .tool("", scope("a"))
        .prompt("b", scope(""));
    let found = Error::from(two.check().unwrap_err()).explain();
    assert!(
        found.contains("the tool") && found.contains("the prompt"),
        "{found}"
    );
    assert!(scopes().tool("*", scope("a")).check().is_ok(), "H13");
}

#[tokio::test]
async fn h13_the_check_inside_a_tool_is_the_same() {
    let issuer = issuer();
    let validator = validator(&issuer);
    let scopes = scopes();
    let token = |granted: &str| {
        let minted = issuer.token().scope(granted).mint();
        validator.validate_cached(&minted).unwrap().unwrap()
    };
    let reason = |result: Result<(), Error>| match result {
        Ok(()) => None,
        Err(Error::Rejected(rejection)) => Some(rejection.reason()),
        Err(other) => panic!("{other}"),
    };
    let (lacks, denied) = (
        Some(Reason::InsufficientScope),
        Some(Reason::OperationDenied),
    );
    for (granted, tool, expected) in [
        ("math:read", "sum", None),
        ("admin", "sum", None),
        ("other", "sum", lacks),
        ("math:read", "admin_write", lacks),
        ("admin", "drop", Some(Reason::OperationNotAllowed)),
        ("admin", "unknown", denied),
    ] {
        let token = token(granted);
        assert_eq!(
            reason(scopes.require(&token, tool)),
            expected,
            "H13: {tool}"
        );
        assert_eq!(
            scopes.allows(&token, tool),
            expected.is_none(),
            "H13: {tool}"
        );
    }
    let reader = token("reports:read");
    for (uri, expected) in [
        ("file:///reports/a", None),
        ("FILE:///reports/a", None),
        ("file:///reports/secret", lacks),
        ("file:///reports/../reports/a", denied),
        ("file:///a", denied),
    ] {
        assert_eq!(
            reason(scopes.require_resource(&reader, uri)),
            expected,
            "H13: {uri}"
        );
        assert_eq!(
            scopes.allows_resource(&reader, uri),
            expected.is_none(),
            "H13: {uri}"
        );
    }
    for (granted, name, expected) in [
        ("greet", "greet", None),
        ("a", "greet", lacks),
        ("a", "b", denied),
    ] {
        let token = token(granted);
        assert_eq!(
            reason(scopes.require_prompt(&token, name)),
            expected,
            "H13: {name}"
        );
        assert_eq!(
            scopes.allows_prompt(&token, name),
            expected.is_none(),
            "H13: {name}"
        );
    }
    let error = scopes.require(&reader, "unknown").unwrap_err();
    assert!(
        error.explain().contains("ToolScopes::otherwise"),
        "{}",
        error.explain()
    );
}

/// The specification requires that a server accepts only tokens that were issued for it.
#[tokio::test]
async fn c15_h13_tokens_without_an_audience_are_a_mistake() {
    let issuer = issuer();
    let policy = Policy::builder()
        .allow_jwt_without_audience()
        .allowed_clients(["test-client"]);
    let builder = Validator::builder().resource(MCP);
    let validator = builder.issuer(issuer.to_issuer().policy(policy)).build();
    let validator = validator.unwrap();
    let app = || {
        let service = any(|| async { "served" });
        let app: Router = Router::new().route("/mcp", service);
        app.layer(scopes()).layer(validator.protect())
    };
    for token in [issuer.token().without("aud").mint(), issuer.token().mint()] {
        let request = Request::post("/mcp")
            .header(AUTHORIZATION, format!("Bearer {token}"))
            .body(Body::from(message("ping", "{}")));
        let response = app().oneshot(request.unwrap()).await.unwrap();
        assert_eq!(response.status(), 500);
    }
}
