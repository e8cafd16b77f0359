//! Row C05, the bounds of JSON: the bytes of a token, its depth and the size of its numbers.
//! Nothing bounds how many members, values and entries there are.

use std::fmt::Write as _;

use crate::support::{Api, with_members};
use resource_server::Reason::{MalformedHeader, MalformedPayload};
use resource_server::{
    Policy,
    error::{KeyError, ResponseError},
    introspection::IntrospectionResponse,
    keys::KeySet,
};
use serde_json::{Value, json};

/// `"name":value` for each number.
fn members(count: usize, member: impl Fn(usize) -> String) -> String {
    (0..count).map(member).collect::<Vec<_>>().join(",")
}

#[test]
fn c05_tokens_of_real_products_are_accepted() {
    let api = Api::with(Policy::builder().role_claims(["roles", "groups"]));
    let groups: Vec<_> = (0..1_100).map(|at| format!("g{at:04}")).collect();
    let token = api.token().claim("groups", json!(groups)).mint();
    let judged = api.judge(&token).unwrap();
    assert_eq!(judged.roles().iter().count(), 1_100, "C05: groups");
    assert!(judged.has_role("g1099"));

    let roles: Vec<_> = (0..257).map(|at| format!("role-{at:03}")).collect();
    let token = api.token().claim("roles", json!(roles)).mint();
    assert!(
        api.judge(&token).unwrap().has_role("role-256"),
        "C05: roles"
    );

    for count in [190, 1_100] {
        let claims = members(count, |at| format!("\"c{at}\":0"));
        let token = api
            .token()
            .raw_payload(&with_members(api.claims(&[]), &claims))
            .mint();
        let judged = api.judge(&token).unwrap();
        let last = format!("c{}", count - 1);
        assert_eq!(judged.claim(&last), Some(json!(0)), "C05: {count} members");
        let all: Value = judged.claims().unwrap();
        assert_eq!(all.as_object().map(serde_json::Map::len), Some(count + 7));
    }
}

#[test]
fn c05_lists_of_any_length_are_read_to_their_end() {
    let api = Api::new();
    let list = |last: &str| {
        let mut list: Vec<_> = (0..1_000).map(|at| format!("urn:{at}")).collect();
        list.push(last.to_owned());
        json!(list)
    };
    let token = api.token().claim("aud", list(crate::support::API)).mint();
    assert_eq!(api.judge(&token).unwrap().audience().iter().count(), 1_001);
    let token = api.token().claim("scp", list("orders:read")).mint();
    assert!(api.judge(&token).unwrap().scopes().contains("orders:read"));
    let scope = (0..1_000).fold(String::new(), |mut scope, at| {
        let _ = write!(scope, "s{at} ");
        scope
    });
    let token = api.token().scope(&(scope + "orders:read")).mint();
    assert!(api.judge(&token).unwrap().scopes().contains("orders:read"));
}

#[test]
fn c05_a_duplicate_among_many_members_is_refused() {
    let api = Api::new();
    let many = members(1_000, |at| format!("\"c{at}\":0"));
    for last in [
        r#""c0":0"#,
        r#""\u0063999":0"#,
        r#""sub":"b""#,
        r#""s\u0075b":"b""#,
    ] {
        for members in [
            format!("{many},{last}"),
            format!("\"x\":[{{{many},\"sub\":0,{last}}}]"),
        ] {
            let payload = with_members(api.claims(&[]), &members);
            let token = api.token().raw_payload(&payload).mint();
            let rejection = api.judge(&token).unwrap_err();
            assert_eq!(rejection.reason(), MalformedPayload, "C05: {last}");
            assert!(rejection.explain().contains("two members of the same name"));
        }
    }
}

#[test]
fn c05_a_refusal_for_a_bound_names_the_bound() {
    let api = Api::new();
    let nested = |depth: usize| format!("\"x\":{}{}", "[".repeat(depth - 1), "]".repeat(depth - 1));
    let long = format!("\"x\":{}", "9".repeat(65));
    for (members, shown) in [
        (nested(33), "more than 32 deep"),
        (long, "more than 64 bytes"),
        (r#""x":1e309"#.to_owned(), "beyond the range of a double"),
        ("\"x\":".to_owned(), "not a well-formed JSON object"),
    ] {
        let payload = with_members(api.claims(&[]), &members);
        let rejection = api
            .judge(&api.token().raw_payload(&payload).mint())
            .unwrap_err();
        assert_eq!(rejection.reason(), MalformedPayload, "C05: {members}");
        let explained = rejection.explain();
        assert!(explained.contains("claims set"), "{explained}");
        assert!(explained.contains(shown), "{explained}");

        let header = format!(r#"{{"alg":"ES256",{members}}}"#);
        let token = api.token().raw_header(header.as_bytes()).mint();
        let rejection = api.judge(&token).unwrap_err();
        assert_eq!(rejection.reason(), MalformedHeader, "T04: {members}");
        let explained = rejection.explain();
        assert!(explained.contains("header"), "{explained}");
        assert!(explained.contains(shown), "{explained}");
    }
    let token = api.token().claim("pad", "x".repeat(16 * 1024)).mint();
    let explained = api.judge(&token).unwrap_err().explain();
    assert!(explained.contains("16384") && explained.contains("max_token_bytes"));
}

#[test]
fn c05_an_introspection_response_has_the_same_bounds() {
    let many = members(1_100, |at| format!("\"c{at}\":[{at},null]"));
    let read = |members: &str| {
        let text = format!(r#"{{"active":true,"aud":"a",{members}}}"#);
        IntrospectionResponse::from_json(&text).err()
    };
    assert_eq!(read(&many), None);
    for double in [
        r#""c7":0"#,
        r#""\u0061ud":"b""#,
        r#""cnf":{"jkt":"a","j\u006bt":"a"}"#,
    ] {
        let found = read(&format!("{many},{double}"));
        assert_eq!(found, Some(ResponseError::DuplicateMember), "{double}");
    }
    let number = format!("\"x\":{}", "1".repeat(65));
    assert_eq!(read(&number), Some(ResponseError::Number));
}

/// Each key of a set is read by itself.
#[test]
fn k04_a_bad_key_of_a_set_is_skipped_and_the_set_read_on() {
    let good = r#"{"kty":"OKP","crv":"Ed25519","kid":"a","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    let deep = format!("{{\"x\":{}{}}}", "[".repeat(40), "]".repeat(40));
    let many = members(1_100, |at| format!("\"c{at}\":0"));
    let much = good.replacen('{', &format!("{{{many},"), 1);
    for (bad, reason) in [
        (r#"{"kty":"OKP","kty":"OKP"}"#, KeyError::DuplicateMember),
        (
            r#"{"kty":"OKP","x":{"a":1,"\u0061":1}}"#,
            KeyError::DuplicateMember,
        ),
        (r#"{"kty":"\ud800"}"#, KeyError::Malformed),
        (r#"{"kty":1e400}"#, KeyError::Malformed),
        (&deep, KeyError::Malformed),
        ("[{}]", KeyError::Malformed),
        ("null", KeyError::Malformed),
    ] {
        let set = format!(r#"{{"keys":[{bad},{good},{bad},{much}],"x":{{"keys":[{bad}]}}}}"#);
        // Outside of the keys a set has no bad part.
        assert!(
            KeySet::from_jwks(&set).is_err() || bad == "[{}]" || bad == "null",
            "{set}"
        );
        let set = format!(r#"{{"keys":[{bad},{good},{bad},{much}]}}"#);
        let keys = KeySet::from_jwks(&set).unwrap();
        assert!(keys.key_ids().eq(["a", "a"]), "{bad}");
        let skipped: Vec<_> = keys
            .skipped()
            .iter()
            .map(|key| (key.index(), key.reason()))
            .collect();
        assert_eq!(skipped, [(0, reason), (2, reason)], "{bad}");
        for spoilt in [
            format!("{set}x"),
            set.replacen('[', "[,", 1),
            set.replacen("]}", ",]}", 1),
            format!(r#"{{"keys":[{good}],"k\u0065ys":[{good}]}}"#),
        ] {
            assert!(KeySet::from_jwks(&spoilt).is_err(), "{spoilt}");
        }
    }
}
