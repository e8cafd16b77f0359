//! Real requests over a real socket, in both lines of revisions.

mod client;
mod sessions;
mod streams;

use client::{NEW, OLD, Request, World};
use mcp_server::{LARGE_NUMBER, MANY_NUMBERS, scopes};
use resource_server::NumericDate;
use serde_json::{Value, json};

const METADATA: &str = "/.well-known/oauth-protected-resource";

/// The arguments of `sum` with one number too many for `math:read` alone.
fn many() -> Value {
    json!({"numbers": vec![1; MANY_NUMBERS + 1]})
}

#[tokio::test]
async fn h13_a_client_finds_out_how_to_get_a_token() {
    let world = World::start().await;
    for revision in [OLD, NEW] {
        let reply = world.send(Request::call(revision, "sum", many())).await;
        assert_eq!(reply.status, 401, "{revision}");
        let url = format!("http://{}{METADATA}/mcp", world.address);
        let expected = format!("Bearer scope=\"math:read\", resource_metadata=\"{url}\"");
        assert_eq!(
            reply.challenge.as_deref(),
            Some(expected.as_str()),
            "{revision}"
        );
        // The bytes are the same where a client forges what it can.
        let forged = Request::call(revision, "sum", many()).header("host", "127.0.0.1:1");
        let forged = forged.header("x-forwarded-host", "evil.example.com");
        assert_eq!(
            world.send(forged).await.challenge,
            Some(expected),
            "{revision}"
        );
    }
    let own = world.get(&format!("{METADATA}/mcp")).await;
    let root = world.get(METADATA).await;
    assert_eq!((own.status, root.status), (200, 200));
    assert_eq!(own.json(), root.json());
    assert_eq!(
        own.json(),
        json!({
            "resource": format!("http://{}/mcp", world.address),
            "authorization_servers": [world.server.url()],
            "bearer_methods_supported": ["header"],
        })
    );
    assert_eq!(world.get(&format!("{METADATA}/other")).await.status, 404);
    assert!(world.calls().is_empty());
}

#[tokio::test]
async fn h13_a_good_token_is_served_in_both_revisions() {
    let world = World::start().await;
    let token = world.token("math:read math:write");
    let initialize = json!({
        "protocolVersion": OLD,
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    });
    let initialize = Request::of(OLD, "initialize", initialize).token(&token);
    let reply = world.send(initialize).await;
    assert_eq!(reply.json()["result"]["protocolVersion"], OLD);
    let discover = Request::of(NEW, "server/discover", json!({})).token(&token);
    let reply = world.send(discover).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    assert!(
        reply.json()["result"]["supportedVersions"].is_array(),
        "{}",
        reply.body
    );
    for revision in [OLD, NEW] {
        let call = |tool, arguments| Request::call(revision, tool, arguments).token(&token);
        let reply = world.send(call("sum", json!({"numbers": [1, 2]}))).await;
        assert_eq!(reply.text().as_deref(), Some("3"), "{}", reply.body);
        let initialized = Request::notification(revision).token(&token);
        assert_eq!(world.send(initialized).await.status, 202, "{revision}");
    }
    assert_eq!(world.calls(), ["sum", "sum"]);
}

#[tokio::test]
async fn h13_a_list_has_what_its_reader_may_call() {
    let world = World::start().await;
    for (scope, expected) in [
        ("math:read", vec!["sum"]),
        ("math:read math:write", vec!["add", "sum"]),
        ("other", vec![]),
    ] {
        let list = Request::of(NEW, "tools/list", json!({}));
        let reply = world.send(list.token(&world.token(scope))).await;
        let result = &reply.json()["result"];
        let tools = result["tools"].as_array().unwrap();
        let mut names: Vec<_> = tools.iter().map(|tool| tool["name"].clone()).collect();
        names.sort_by_key(ToString::to_string);
        assert_eq!(names, expected, "{scope}");
        assert_eq!(result["cacheScope"], "private", "{scope}");
    }
}

/// Before a tool, in `call_tool`, and inside of a tool: the same 403, and no call.
#[tokio::test]
async fn h12_h13_what_a_token_lacks_is_a_403_with_its_scopes() {
    let world = World::start().await;
    let number = || json!({"number": 1});
    for revision in [OLD, NEW] {
        for (granted, tool, arguments, named) in [
            ("math:write", "sum", many(), Some("math:read")),
            ("math:read", "add", number(), Some("math:write")),
            // Only the tool knows, and it names what the layer required too.
            ("math:read", "sum", many(), Some("math:read math:many")),
            ("math:read", "unknown", number(), None),
        ] {
            let call = Request::call(revision, tool, arguments);
            let reply = world.send(call.token(&world.token(granted))).await;
            assert_eq!(
                reply.status, 403,
                "{revision} {granted} {tool}: {}",
                reply.body
            );
            assert_eq!(reply.body, "", "{revision} {granted} {tool}");
            let metadata = format!("http://{}{METADATA}/mcp", world.address);
            let expected = named.map(|scopes| {
                format!(
                    "Bearer error=\"insufficient_scope\", scope=\"{scopes}\", \
                     resource_metadata=\"{metadata}\""
                )
            });
            assert_eq!(reply.challenge, expected, "{revision} {granted} {tool}");
        }
        assert!(world.calls().is_empty(), "{revision}");
    }
    // The client requests what the challenge names, and calls again.
    let stepped_up = world.token("math:read math:many");
    let reply = world
        .send(Request::call(NEW, "sum", many()).token(&stepped_up))
        .await;
    assert_eq!(reply.text().as_deref(), Some("11"), "{}", reply.body);
    assert_eq!(world.calls(), ["sum"]);
}

/// The check inside the server holds by itself.
#[tokio::test]
async fn h12_h13_the_second_check_gives_the_same_answer() {
    let world = World::without_tool_scopes().await;
    for revision in [OLD, NEW] {
        for (granted, tool, named) in [
            ("math:write", "sum", Some("scope=\"math:read\"")),
            ("math:read", "add", Some("scope=\"math:write\"")),
            ("math:read", "unknown", None),
        ] {
            let call = Request::call(revision, tool, json!({"number": 1, "numbers": [1]}));
            let reply = world.send(call.token(&world.token(granted))).await;
            assert_eq!(reply.status, 403, "{revision} {tool}: {}", reply.body);
            let challenge = reply.challenge.as_deref();
            assert_eq!(challenge.is_some(), named.is_some(), "{revision} {tool}");
            let found = challenge.zip(named);
            assert!(
                found.is_none_or(|(found, named)| found.contains(named)),
                "{found:?}"
            );
        }
    }
    assert!(world.calls().is_empty());
}

/// A token of this user that may call `add`.
fn of(world: &World, subject: &str) -> String {
    let token = world.server.issuer().token().subject(subject);
    token.scope("math:write").mint()
}

/// The total and its handle, or the code of the error.
async fn added(world: &World, token: &str, params: Value) -> Result<(String, String), Value> {
    let call = Request::of(NEW, "tools/call", params).token(token);
    let reply = world.send(call).await.json();
    let content = &reply["result"]["content"];
    match (content[0]["text"].as_str(), content[1]["text"].as_str()) {
        (Some(total), Some(handle)) => Ok((total.to_owned(), handle.to_owned())),
        _ => Err(reply["error"]["code"].clone()),
    }
}

fn number(number: i64, handle: Option<&str>) -> Value {
    json!({"name": "add", "arguments": {"number": number, "handle": handle}})
}

#[tokio::test]
async fn h10_h13_a_handle_is_worth_nothing_to_another_user() {
    let world = World::start().await;
    let (alice, bob) = (of(&world, "alice"), of(&world, "bob"));
    let add =
        async |token: &str, handle: Option<&str>| added(&world, token, number(1, handle)).await;
    let (total, handle) = add(&alice, None).await.unwrap();
    assert_eq!((total.as_str(), handle.len()), ("1", 32));
    let (_, bobs) = add(&bob, None).await.unwrap();
    assert_ne!(handle, bobs);
    for (token, handle) in [(&bob, handle.as_str()), (&alice, &bobs), (&alice, "1")] {
        assert_eq!(add(token, Some(handle)).await, Err((-32602).into()), "H13");
    }
    let (total, same) = add(&of(&world, "alice"), Some(&handle)).await.unwrap();
    assert_eq!((total.as_str(), &same), ("2", &handle), "H13");
    let nobody = world.server.issuer().token().without("sub");
    let nobody = nobody.scope("math:write").mint();
    assert_eq!(add(&nobody, None).await, Err((-32602).into()), "H13");
}

#[tokio::test]
async fn h10_h13_a_request_state_is_worth_nothing_to_another_user() {
    let world = World::start().await;
    let (alice, bob) = (of(&world, "alice"), of(&world, "bob"));
    let (_, own) = added(&world, &alice, number(1, None)).await.unwrap();
    let large = || number(LARGE_NUMBER, None);
    let call = Request::of(NEW, "tools/call", large()).token(&alice);
    let reply = world.send(call).await.json();
    assert_eq!(reply["result"]["resultType"], "input_required", "{reply}");
    let state = reply["result"]["requestState"].as_str().unwrap();
    let with = |mut params: Value, state: &str| {
        params["requestState"] = state.into();
        params
    };
    for (what, token, params) in [
        ("another user", &bob, with(large(), state)),
        (
            "another number",
            &alice,
            with(number(LARGE_NUMBER + 1, None), state),
        ),
        (
            "another total",
            &alice,
            with(number(LARGE_NUMBER, Some(&own)), state),
        ),
        (
            "a cut state",
            &alice,
            with(large(), &state[..state.len() - 1]),
        ),
        ("no state of ours", &alice, with(large(), "state")),
    ] {
        let found = added(&world, token, params).await;
        assert_eq!(found, Err((-32602).into()), "H13: {what}");
    }
    assert_eq!(world.calls(), ["add"], "H13");
    let (total, _) = added(&world, &alice, with(large(), state)).await.unwrap();
    assert_eq!(total, LARGE_NUMBER.to_string(), "H13");
}

#[tokio::test]
async fn h09_h13_a_token_that_is_not_for_this_server_calls_nothing() {
    let world = World::start().await;
    let issuer = world.server.issuer();
    let good = || issuer.token().subject("alice").scope("math:read");
    let own = format!("http://{}/mcp", world.address);
    for (what, token) in [
        (
            "of another resource",
            good().audience("https://other.example.com/mcp").mint(),
        ),
        (
            "of the resource with a slash",
            good().audience(&format!("{own}/")).mint(),
        ),
        (
            "of the host",
            good().audience(&format!("http://{}", world.address)).mint(),
        ),
        (
            "expired",
            good()
                .expires_at(NumericDate::from_secs(1_000_000_000))
                .mint(),
        ),
        ("nonsense", "nonsense".to_owned()),
    ] {
        for revision in [OLD, NEW] {
            let call = Request::call(revision, "sum", json!({"numbers": [1]}));
            let reply = world.send(call.token(&token)).await;
            assert_eq!(reply.status, 401, "{what}, {revision}");
            let challenge = reply.challenge.unwrap_or_default();
            assert!(
                challenge.contains("error=\"invalid_token\""),
                "{what}: {challenge}"
            );
        }
    }
    assert!(world.calls().is_empty());
}

#[tokio::test]
async fn h13_a_bad_body_calls_nothing() {
    let world = World::start().await;
    let token = world.token("math:read math:write");
    let sum = |name: &str| {
        format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{{name},"arguments":{{"numbers":[1]}}}}}}"#
        )
    };
    let padding = " ".repeat(4 * 1024 * 1024);
    for (what, body, status, code) in [
        (
            "over the bound",
            sum(r#""name":"sum""#) + &padding,
            413,
            -32600,
        ),
        (
            "a doubled name",
            sum(r#""name":"add","name":"sum""#),
            400,
            -32600,
        ),
        (
            "a doubled name, escaped",
            sum(r#""name":"add","n\u0061me":"sum""#),
            400,
            -32600,
        ),
        (
            "an array",
            format!("[{}]", sum(r#""name":"sum""#)),
            400,
            -32600,
        ),
        (
            "two messages",
            sum(r#""name":"sum""#).repeat(2),
            400,
            -32700,
        ),
        ("no name", sum(r#""title":"sum""#), 400, -32602),
        ("nothing", String::new(), 400, -32600),
    ] {
        for revision in [OLD, NEW] {
            let request = Request::raw(revision, "tools/call", "sum", body.clone());
            let reply = world.send(request.token(&token)).await;
            assert_eq!(reply.status, status, "{what}, {revision}");
            assert_eq!(reply.json()["error"]["code"], code, "{what}, {revision}");
        }
    }
    // Escapes mean what they mean: here a tool that the token does not allow.
    let escaped = sum(r#""name":"\u0073um""#).replace("tools/call", r"tools\u002fcall");
    for (granted, status) in [("math:write", 403), ("math:read", 200)] {
        let request = Request::raw(OLD, "tools/call", "sum", escaped.clone());
        let reply = world.send(request.token(&world.token(granted))).await;
        assert_eq!(reply.status, status, "{granted}: {}", reply.body);
    }
    assert_eq!(world.calls(), ["sum"]);
    // A call without an id is no call, and rmcp does not run it.
    let silent = sum(r#""name":"sum""#).replace(r#""id":1,"#, "");
    let request = Request::raw(OLD, "tools/call", "sum", silent);
    let reply = world.send(request.token(&world.token("math:write"))).await;
    assert_eq!(reply.status, 403, "{}", reply.body);
    assert_eq!(world.calls(), ["sum"]);
}

/// The body decides. Where the headers count, rmcp compares them with it.
#[tokio::test]
async fn h13_headers_that_differ_from_the_body_open_nothing() {
    let world = World::start().await;
    let call = || Request::call(NEW, "add", json!({"number": 1}));
    let (low, high) = (world.token("math:read"), world.token("math:write"));
    for (what, request) in [
        ("another tool", call().header("mcp-name", "sum")),
        (
            "another tool in base64",
            call().header("mcp-name", "=?base64?c3Vt?="),
        ),
        ("another method", call().header("mcp-method", "tools/list")),
    ] {
        let reply = world.send(request.clone().token(&low)).await;
        assert_eq!(reply.status, 403, "{what}: {}", reply.body);
        let reply = world.send(request.token(&high)).await;
        assert_eq!(reply.status, 400, "{what}: {}", reply.body);
        assert_eq!(reply.json()["error"]["code"], -32020, "{what}");
    }
    assert!(world.calls().is_empty());
    // The same name in base64.
    let same = call().header("mcp-name", "=?base64?YWRk?=").token(&high);
    assert_eq!(world.send(same).await.text().as_deref(), Some("1"));
    // Before 2026-07-28 the headers mean nothing.
    let old = Request::call(OLD, "add", json!({"number": 1})).header("mcp-name", "sum");
    assert_eq!(world.send(old.clone().token(&low)).await.status, 403);
    assert_eq!(
        world.send(old.token(&high)).await.text().as_deref(),
        Some("1")
    );
    assert_eq!(world.calls(), ["add", "add"]);
}

/// rmcp answers what the layer lets through.
#[tokio::test]
async fn h13_an_unknown_method_or_revision_is_an_error_of_its_status() {
    let closed = World::start().await;
    let open = World::with_scopes(scopes().otherwise_any_token()).await;
    for (world, status, code) in [(&closed, 403, None), (&open, 404, Some(-32601))] {
        let unknown = Request::of(NEW, "unknown/method", json!({}));
        let reply = world.send(unknown.token(&world.token("math:read"))).await;
        assert_eq!(reply.status, status, "{}", reply.body);
        let found = code.map(|_| reply.json()["error"]["code"].as_i64().unwrap());
        assert_eq!(found, code, "{status}");
    }
    let token = closed.token("math:read");
    for (revision, body_of, code) in [("2099-01-01", OLD, None), (OLD, NEW, Some(-32020))] {
        let call = Request::call(body_of, "sum", json!({"numbers": [1]}));
        let call = call.header("mcp-protocol-version", revision);
        let reply = closed.send(call.token(&token)).await;
        assert_eq!(reply.status, 400, "{revision}: {}", reply.body);
        let found = code.map(|_| reply.json()["error"]["code"].as_i64().unwrap());
        assert_eq!(found, code, "{revision}");
    }
    assert!(closed.calls().is_empty() && open.calls().is_empty());
}

#[tokio::test]
async fn h13_a_forged_origin_or_host_is_forbidden() {
    let world = World::start().await;
    let token = world.token("math:read");
    let call = || Request::call(NEW, "sum", json!({"numbers": [1]}));
    for (name, value, status) in [
        ("origin", "https://evil.example.com", 403),
        ("origin", "null", 403),
        ("origin", "nonsense", 403),
        ("origin", "http://localhost:3000", 200),
        ("host", "evil.example.com", 403),
    ] {
        let reply = world.send(call().header(name, value).token(&token)).await;
        assert_eq!(reply.status, status, "{name}: {value}: {}", reply.body);
        // Without a token the 401 comes first.
        let reply = world.send(call().header(name, value)).await;
        assert_eq!(reply.status, 401, "{name}: {value}");
    }
    assert_eq!(world.calls(), ["sum"]);
}

/// There are no sessions, so none can be used by another token.
#[tokio::test]
async fn h13_there_is_no_session_to_share() {
    let world = World::start().await;
    let token = world.token("math:read");
    let initialize = json!({
        "protocolVersion": OLD,
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    });
    let initialize = Request::of(OLD, "initialize", initialize).token(&token);
    let reply = world.send(initialize).await;
    assert_eq!((reply.status, reply.session), (200, None));
    for method in ["GET", "DELETE"] {
        for (token, status) in [(Some(token.as_str()), 405), (None, 401)] {
            let found = world.bare(method, token, "1").await;
            assert_eq!(found, status, "{method}");
        }
    }
}
