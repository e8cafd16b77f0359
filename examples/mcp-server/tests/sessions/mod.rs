//! Rows H10 and H13: rmcp with its sessions, behind the layer that binds them.

use std::time::Duration;

use axum::Router;
use mcp_server::Tools;
use resource_server::Validator;
use resource_server::mcp::Sessions;
use serde_json::json;

use crate::client::{NEW, OLD, Request, World};
use crate::streams::{initialized, service};

fn router(validator: &Validator, tools: &Tools) -> Router {
    let own = tools.clone();
    Router::new()
        .nest_service("/mcp", service(move || own.clone(), true, true))
        .layer(tools.scopes().clone())
        .layer(Sessions::with_random_key().unwrap())
        .layer(validator.protect())
}

async fn world() -> World {
    World::serve(router).await
}

fn of(world: &World, subject: &str) -> String {
    let token = world.server.issuer().token().subject(subject);
    token.scope("math:read").mint()
}

async fn call(world: &World, revision: &str, token: &str, session: &str) -> (u16, Option<String>) {
    let call = Request::call(revision, "sum", json!({"numbers": [1, 2]}));
    let reply = world
        .send(call.token(token).header("mcp-session-id", session))
        .await;
    let text = (reply.status == 200).then(|| {
        let result = &reply.messages()[0]["result"];
        result["content"][0]["text"].as_str().unwrap().to_owned()
    });
    (reply.status, text)
}

#[tokio::test]
async fn h13_a_session_of_rmcp_serves_its_user_alone() {
    let world = world().await;
    let (alice, bob) = (of(&world, "alice"), of(&world, "bob"));
    let session = initialized(&world, &alice).await.unwrap();
    let bobs = initialized(&world, &bob).await.unwrap();
    let (own, _) = session.rsplit_once('.').unwrap();
    let nobody = world.server.issuer().token().without("sub");
    let nobody = nobody.scope("math:read").mint();
    for (what, token, id) in [
        ("another subject", &bob, session.as_str()),
        ("the session of another", &alice, bobs.as_str()),
        ("no subject", &nobody, session.as_str()),
        ("the id of rmcp", &alice, own),
        ("a cut id", &alice, &session[..session.len() - 1]),
    ] {
        assert_eq!(
            call(&world, OLD, token, id).await,
            (404, None),
            "H13: {what}"
        );
        for method in ["GET", "DELETE"] {
            let found = world.bare(method, Some(token), id).await;
            assert_eq!(found, 404, "H13: {what}, {method}");
        }
    }
    assert!(world.calls().is_empty(), "H13");
    // The session is still there, and goes on with another token of its user.
    for token in [&alice, &of(&world, "alice")] {
        let found = call(&world, OLD, token, &session).await;
        assert_eq!(found, (200, Some("3".to_owned())), "H13");
    }
    assert_eq!(world.bare("GET", Some(&alice), &session).await, 200);
    assert_eq!(world.bare("DELETE", Some(&alice), &session).await, 202);
    assert_eq!(
        call(&world, OLD, &alice, &session).await,
        (404, None),
        "H13"
    );
    assert_eq!(world.calls(), ["sum", "sum"]);
}

#[tokio::test]
async fn h10_h13_an_expired_token_calls_nothing_in_its_open_session() {
    let world = world().await;
    let alice = of(&world, "alice");
    let session = initialized(&world, &alice).await.unwrap();
    world.clock.advance(Duration::from_secs(300 + 31));
    assert_eq!(
        call(&world, OLD, &alice, &session).await,
        (401, None),
        "H13"
    );
    for method in ["GET", "DELETE"] {
        let found = world.bare(method, Some(&alice), &session).await;
        assert_eq!(found, 401, "H13: {method}");
    }
    assert!(world.calls().is_empty(), "H13");
}

#[tokio::test]
async fn h13_a_token_without_a_subject_gets_no_session_of_rmcp() {
    let world = world().await;
    let nobody = || {
        let token = world.server.issuer().token().without("sub");
        token.scope("math:read").mint()
    };
    assert_eq!(initialized(&world, &nobody()).await, None, "H13");
    let call = Request::call(OLD, "sum", json!({"numbers": [1]}));
    // rmcp's answer to a request without a session.
    assert_eq!(world.send(call.token(&nobody())).await.status, 400, "H13");
    assert!(world.calls().is_empty(), "H13");
    // Revisions without sessions need none.
    let call = Request::call(NEW, "sum", json!({"numbers": [1]}));
    assert_eq!(world.send(call.token(&nobody())).await.status, 200, "H13");
}

#[tokio::test]
async fn h13_revisions_without_sessions_ignore_the_id() {
    let world = world().await;
    let (alice, bob) = (of(&world, "alice"), of(&world, "bob"));
    let session = initialized(&world, &alice).await.unwrap();
    for id in [session.as_str(), "nonsense"] {
        let found = call(&world, NEW, &bob, id).await;
        assert_eq!(found, (200, Some("3".to_owned())), "H13: {id}");
    }
}
