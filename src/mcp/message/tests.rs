//! Row H13: what each message asks for, and which are refused.

use http::Response;

use super::*;

fn tool(name: &str) -> Asked {
    one(Kind::Tool, name)
}

fn one(kind: Kind, name: &str) -> Asked {
    Asked::Targets(vec![Target::named(kind, name).unwrap()])
}

fn subscription(uris: &[&str]) -> Asked {
    let targets = uris.iter().map(|uri| Target::named(Kind::Resource, uri));
    Asked::Subscription(targets.map(Option::unwrap).collect())
}

fn request(method: &str, params: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}"#)
}

/// An object with this many objects and arrays inside one another.
fn nested(depth: usize) -> String {
    let inside = depth - 3; // the message, its params, the arguments
    let arguments = format!("{{\"a\":{}{}}}", "[".repeat(inside), "]".repeat(inside));
    request(
        "tools/call",
        &format!(r#"{{"name":"sum","arguments":{arguments}}}"#),
    )
}

#[test]
fn h13_each_message_asks_for_its_target() {
    for (text, expected) in [
        (request("tools/call", r#"{"name":"sum"}"#), tool("sum")),
        (
            request(r"tools\u002fcall", r#"{"name":"sum"}"#),
            tool("sum"),
        ),
        (
            request(r"\u0074ools/call", r#"{"n\u0061me":"s\u0075m"}"#),
            tool("sum"),
        ),
        // Without an id it is no notification that a server may run all the same.
        (
            r#"{"method":"tools/call","params":{"name":"sum"}}"#.to_owned(),
            tool("sum"),
        ),
        // An answer that is a request too is a request.
        (
            r#"{"result":{},"method":"tools/call","params":{"name":"sum"}}"#.to_owned(),
            tool("sum"),
        ),
        (
            request("tools/call", r#"{"name":"Sum","_meta":{"name":"other"}}"#),
            tool("Sum"),
        ),
        (request("tools/call", r#"{"name":""}"#), tool("")),
        (nested(128), tool("sum")),
        (
            request("prompts/get", r#"{"name":"greet"}"#),
            one(Kind::Prompt, "greet"),
        ),
        (
            request("resources/read", r#"{"uri":"file:///a"}"#),
            one(Kind::Resource, "file:///a"),
        ),
        (
            request("resources/read", r#"{"uri":"FILE:///%61"}"#),
            one(Kind::Resource, "file:///a"),
        ),
        (
            request("resources/subscribe", r#"{"uri":"file:///a"}"#),
            one(Kind::Resource, "file:///a"),
        ),
        (
            request("resources/unsubscribe", r#"{"uri":"file:///a"}"#),
            one(Kind::Resource, "file:///a"),
        ),
        (
            request("skills/get", r#"{"uri":"skill://a/SKILL.md"}"#),
            one(Kind::Resource, "skill://a/SKILL.md"),
        ),
        (
            request("resources/directory/read", r#"{"uri":"skill://a"}"#),
            Asked::Targets(of_directories(vec![
                Target::named(Kind::Resource, "skill://a").unwrap(),
            ])),
        ),
        (
            request(
                "subscriptions/listen",
                r#"{"notifications":{"resourceSubscriptions":["file:///a","file:///b"]}}"#,
            ),
            subscription(&["file:///a", "file:///b"]),
        ),
        (
            request(
                "subscriptions/listen",
                r#"{"notifications":{"toolsListChanged":true}}"#,
            ),
            subscription(&[]),
        ),
        (
            request(
                "subscriptions/listen",
                r#"{"notifications":{"resourceSubscriptions":null}}"#,
            ),
            subscription(&[]),
        ),
        (
            request(
                "completion/complete",
                r#"{"ref":{"type":"ref/prompt","name":"greet"}}"#,
            ),
            one(Kind::Prompt, "greet"),
        ),
        (
            request(
                "completion/complete",
                r#"{"ref":{"type":"ref/resource","uri":"file:///{a}"}}"#,
            ),
            one(Kind::Resource, "file:///{a}"),
        ),
    ] {
        assert_eq!(read(&text), Ok(expected), "H13: {text}");
    }
}

#[test]
fn h13_what_needs_the_token_alone_and_what_is_unknown() {
    for method in [
        "initialize",
        "ping",
        "server/discover",
        "tools/list",
        "prompts/list",
        "resources/list",
        "resources/templates/list",
    ] {
        assert_eq!(
            read(&request(method, "{}")),
            Ok(Asked::Nothing),
            "H13: {method}"
        );
    }
    for (text, expected) in [
        (
            r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
            Asked::Nothing,
        ),
        (r#"{"jsonrpc":"2.0","id":1,"result":{}}"#, Asked::Nothing),
        (r#"{"jsonrpc":"2.0","id":1,"error":{}}"#, Asked::Nothing),
        (" {\"id\":1,\n\"result\":{}} ", Asked::Nothing),
        // With an id it is a request.
        (
            r#"{"id":1,"method":"notifications/initialized"}"#,
            Asked::Unknown,
        ),
        (
            r#"{"id":null,"method":"notifications/initialized"}"#,
            Asked::Unknown,
        ),
        (
            r#"{"id":1,"method":"logging/setLevel","params":{"name":"sum"}}"#,
            Asked::Unknown,
        ),
        (r#"{"id":1,"method":"tasks/get"}"#, Asked::Unknown),
        (
            r#"{"id":1,"method":"Tools/Call","params":{"name":"sum"}}"#,
            Asked::Unknown,
        ),
        (
            r#"{"id":1,"method":"tools/call ","params":{"name":"sum"}}"#,
            Asked::Unknown,
        ),
        (r#"{"id":1,"method":"Ping"}"#, Asked::Unknown),
        (r#"{"id":1,"method":""}"#, Asked::Unknown),
    ] {
        assert_eq!(read(text), Ok(expected), "H13: {text}");
    }
}

#[test]
fn h13_what_can_be_read_in_two_ways_is_refused() {
    let call = request("tools/call", r#"{"name":"sum"}"#);
    let array = format!("[{call}]");
    let two = format!("{call}{call}");
    let deep = nested(129);
    for (text, expected) in [
        ("", Invalid::message()),
        ("[]", Invalid::message()),
        (&array, Invalid::message()),
        ("\"tools/call\"", Invalid::message()),
        ("null", Invalid::message()),
        ("\u{feff}{}", Invalid::message()),
        ("{", Invalid::syntax()),
        ("{\"method\":}", Invalid::syntax()),
        (&two, Invalid::syntax()),
        (&deep, Invalid::message()),
        ("{}", Invalid::message()),
        (r#"{"id":1}"#, Invalid::message()),
        (r#"{"id":1,"method":null}"#, Invalid::message()),
        (r#"{"id":1,"method":["tools/call"]}"#, Invalid::message()),
        (
            r#"{"id":1,"method":"ping","method":"tools/call"}"#,
            Invalid::message(),
        ),
        (
            r#"{"id":1,"method":"ping","m\u0065thod":"tools/call"}"#,
            Invalid::message(),
        ),
        (
            r#"{"method":"tools/call","params":{},"params":{"name":"a"}}"#,
            Invalid::message(),
        ),
        (
            r#"{"method":"tools/call","params":{"name":"a","name":"b"}}"#,
            Invalid::message(),
        ),
        (
            r#"{"method":"tools/call","params":{"name":"a","n\u0061me":"b"}}"#,
            Invalid::message(),
        ),
        // Also where it would decide nothing here.
        (
            r#"{"method":"ping","params":{"a":{"b":1,"b":2}}}"#,
            Invalid::message(),
        ),
    ] {
        assert_eq!(read(text), Err(expected), "H13: {text}");
    }
}

#[test]
fn h13_a_target_that_is_missing_or_malformed_is_refused() {
    for (method, params) in [
        ("tools/call", "{}"),
        ("tools/call", "null"),
        ("tools/call", r#"["sum"]"#),
        ("tools/call", r#"{"name":1}"#),
        ("tools/call", r#"{"name":["sum"]}"#),
        ("tools/call", r#"{"Name":"sum"}"#),
        ("prompts/get", r#"{"uri":"a"}"#),
        ("resources/read", r#"{"name":"a"}"#),
        ("resources/read", r#"{"uri":"file:///a/../b"}"#),
        ("resources/subscribe", r#"{"uri":"file:///a/%2e%2e/b"}"#),
        ("resources/directory/read", r#"{"uri":"file:///a/.."}"#),
        ("skills/get", r#"{"name":"a"}"#),
        ("resources/unsubscribe", r#"{"uri":"file:///a\u0000"}"#),
        ("subscriptions/listen", "{}"),
        ("subscriptions/listen", r#"{"notifications":[]}"#),
        (
            "subscriptions/listen",
            r#"{"notifications":{"resourceSubscriptions":"a"}}"#,
        ),
        (
            "subscriptions/listen",
            r#"{"notifications":{"resourceSubscriptions":{}}}"#,
        ),
        (
            "subscriptions/listen",
            r#"{"notifications":{"resourceSubscriptions":["a",1]}}"#,
        ),
        (
            "subscriptions/listen",
            r#"{"notifications":{"resourceSubscriptions":["a","/.."]}}"#,
        ),
        ("completion/complete", "{}"),
        ("completion/complete", r#"{"ref":{"name":"a"}}"#),
        (
            "completion/complete",
            r#"{"ref":{"type":"ref/tool","name":"a"}}"#,
        ),
        (
            "completion/complete",
            r#"{"ref":{"type":"ref/prompt","uri":"a"}}"#,
        ),
        (
            "completion/complete",
            r#"{"ref":{"type":"ref/resource","name":"a"}}"#,
        ),
    ] {
        let found = read(&request(method, params));
        assert_eq!(
            found,
            Err(Invalid::params(Some("1"))),
            "H13: {method} {params}"
        );
    }
    for (count, is_read) in [(MAX_SUBSCRIPTIONS, true), (MAX_SUBSCRIPTIONS + 1, false)] {
        let uris = vec!["\"a\""; count].join(",");
        let filter = format!(r#"{{"notifications":{{"resourceSubscriptions":[{uris}]}}}}"#);
        let found = read(&request("subscriptions/listen", &filter));
        let refused = Err(Invalid::params(Some("1")));
        assert_eq!(found != refused, is_read, "H13: {count}");
    }
    let missing = r#"{"id":1,"method":"tools/call"}"#;
    assert_eq!(read(missing), Err(Invalid::params(Some("1"))), "H13");
}

#[test]
fn h13_an_answer_repeats_the_id_alone() {
    let long = format!("\"{}\"", "a".repeat(300));
    for (id, repeated) in [
        ("1", "1"),
        ("-1.5", "-1.5"),
        (r#""a\u0022""#, r#""a\u0022""#),
        ("null", "null"),
        ("true", "null"),
        ("{}", "null"),
        ("[1]", "null"),
        (&long, "null"),
    ] {
        let text = format!(r#"{{"id":{id},"method":"tools/call","params":{{"name":1}}}}"#);
        let response: Response<String> = read(&text).unwrap_err().into();
        assert_eq!(response.status(), 400, "H13: {id}");
        assert_eq!(response.headers()["content-type"], "application/json");
        let expected = format!(
            "{{\"jsonrpc\":\"2.0\",\"id\":{repeated},\"error\":{{\"code\":-32602,\"message\":\
             \"Invalid params: the name or URI is missing or malformed\"}}}}"
        );
        assert_eq!(response.body(), &expected, "H13: {id}");
    }
}
