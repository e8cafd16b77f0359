//! Rows H05 and H08: tokens from other places than the `Authorization` header.

use super::answers::World;
use crate::support::{API, block_on, problems_of};
use resource_server::error::{ConfigErrorKind, ResourceError};
use resource_server::resource::{RequestHead, TokenPlace};
use resource_server::{Credentials, Error, Reason, Resource, Validator};

type Lines<'l> = &'l [(&'l str, &'l str)];

/// The credentials in these header lines. `{}` is the token.
fn outcome(validator: &Validator, lines: Lines<'_>, token: &str) -> Result<(), Reason> {
    let lines: Vec<(&str, Vec<u8>)> = lines
        .iter()
        .map(|(name, value)| (*name, value.replace("{}", token).into_bytes()))
        .collect();
    let presented: Credentials<'_> = validator.credentials(&RequestHead::new("GET", "/"), |name| {
        let found = lines.iter().filter(|(known, _)| *known == name);
        found.map(|(_, value)| value.as_slice()).collect::<Vec<_>>()
    });
    match block_on(validator.authenticate(&presented)) {
        Ok(_) => Ok(()),
        Err(Error::Rejected(rejection)) => Err(rejection.reason()),
        Err(other) => panic!("{other:?}"),
    }
}

const NOTHING: Result<(), Reason> = Err(Reason::NoCredentials);
const MALFORMED: Result<(), Reason> = Err(Reason::MalformedCredentials);

fn assert_all(places: &[TokenPlace], cases: &[(Lines<'_>, Result<(), Reason>)]) {
    let world = World::new();
    let api = world.api(Resource::new(API).tokens_from(places.to_vec()));
    let token = world.signer.token().mint();
    for (lines, expected) in cases {
        assert_eq!(outcome(&api, lines, &token), *expected, "{lines:?}");
    }
}

#[test]
fn h08_by_default_only_authorization_is_read() {
    let world = World::new();
    let api = world.api(API);
    let token = world.signer.token().mint();
    for (lines, expected) in [
        (&[("authorization", "Bearer {}")][..], Ok(())),
        (&[("x-token", "{}")], NOTHING),
        (&[("cookie", "token={}")], NOTHING),
        (&[("sec-websocket-protocol", "bearer, {}")], NOTHING),
        (&[("proxy-authorization", "Bearer {}")], NOTHING),
    ] {
        assert_eq!(outcome(&api, lines, &token), expected, "{lines:?}");
    }
}

#[test]
fn h08_a_header_holds_a_token_alone() {
    assert_all(
        &[TokenPlace::header("X-Token")],
        &[
            (&[("x-token", "{}")], Ok(())),
            (&[], NOTHING),
            // Not a place any more.
            (&[("authorization", "Bearer {}")], NOTHING),
            (
                &[("x-token", "{}"), ("authorization", "Bearer x y")],
                Ok(()),
            ),
            (&[("x-token", "")], MALFORMED),
            (&[("x-token", "Bearer {}")], MALFORMED),
            (&[("x-token", " {}")], MALFORMED),
            (&[("x-token", "{},{}")], MALFORMED),
            (&[("x-token", "{}"), ("x-token", "{}")], MALFORMED),
            (&[("x-token", "\u{e9}")], MALFORMED),
            (&[("x-token", "=")], MALFORMED),
        ],
    );
}

#[test]
fn h08_a_cookie_holds_a_token_alone() {
    assert_all(
        &[TokenPlace::cookie("token")],
        &[
            (&[("cookie", "token={}")], Ok(())),
            (&[("cookie", "a=b; token={}; c=d")], Ok(())),
            (&[("cookie", "a=b;token={}")], Ok(())),
            (&[("cookie", "a=b"), ("cookie", "token={}")], Ok(())),
            (&[], NOTHING),
            (&[("cookie", "a=b")], NOTHING),
            // The name is the whole of it, with its case.
            (&[("cookie", "token2={}; mytoken={}; Token={}")], NOTHING),
            // Other readers drop white space around the name and the value.
            (&[("cookie", "token ={}")], MALFORMED),
            (&[("cookie", "token= {}")], MALFORMED),
            (&[("cookie", "token\t={}")], MALFORMED),
            (&[("cookie", "token={}; token =other")], MALFORMED),
            (&[("cookie", "token={} ; a=b")], Ok(())),
            (&[("cookie", "token token={}")], NOTHING),
            (&[("cookie", "a=token={}")], NOTHING),
            (&[("cookie", "token")], NOTHING),
            (&[("cookie", "token=")], MALFORMED),
            (&[("cookie", "token=\"{}\"")], MALFORMED),
            (&[("cookie", "token={} {}")], MALFORMED),
            (&[("cookie", "token={}; token={}")], MALFORMED),
            (&[("cookie", "token={}"), ("cookie", "token={}")], MALFORMED),
            (&[("cookie", "token=\u{e9}")], MALFORMED),
        ],
    );
}

#[test]
fn h08_a_web_socket_protocol_follows_its_marker() {
    let name = "sec-websocket-protocol";
    assert_all(
        &[TokenPlace::web_socket_protocol("bearer")],
        &[
            (&[(name, "bearer, {}")], Ok(())),
            (&[(name, "chat,bearer,{}")], Ok(())),
            (&[(name, "bearer"), (name, "{}")], Ok(())),
            (&[(name, "bearer, {}, chat")], Ok(())),
            (&[], NOTHING),
            (&[(name, "chat, {}")], NOTHING),
            (&[(name, "Bearer, {}")], NOTHING),
            (&[(name, "bearer {}")], NOTHING),
            (&[(name, "bearer")], MALFORMED),
            (&[(name, "bearer,")], MALFORMED),
            (&[(name, "bearer, , {}")], MALFORMED),
            (&[(name, "bearer, {}, bearer, {}")], MALFORMED),
        ],
    );
}

/// Two places at once are refused, also if one of them is malformed. A scheme that is not offered
/// is nothing.
#[test]
fn h08_a_request_fills_one_place() {
    let places = [
        TokenPlace::authorization(),
        TokenPlace::cookie("token"),
        TokenPlace::header("x-token"),
    ];
    assert_all(
        &places,
        &[
            (&[("authorization", "Bearer {}")], Ok(())),
            (&[("cookie", "token={}")], Ok(())),
            (&[("x-token", "{}")], Ok(())),
            (
                &[("authorization", "Basic QTpC"), ("x-token", "{}")],
                Ok(()),
            ),
            (
                &[("authorization", "Bearer {}"), ("x-token", "{}")],
                MALFORMED,
            ),
            (
                &[("authorization", "Bearer {}"), ("cookie", "token={}")],
                MALFORMED,
            ),
            (&[("cookie", "token={}"), ("x-token", "{}")], MALFORMED),
            (&[("authorization", "Bearer"), ("x-token", "{}")], MALFORMED),
            (
                &[("authorization", "Bearer {}"), ("x-token", "")],
                MALFORMED,
            ),
            (
                &[("authorization", "DPoP {}"), ("x-token", "{}")],
                MALFORMED,
            ),
            (
                &[("authorization", "DPoP {}")],
                Err(Reason::DpopNotSupported),
            ),
        ],
    );
}

#[test]
fn h03_h08_a_place_that_no_request_can_fill_is_a_build_error() {
    let world = World::new();
    let problems = |places: &[TokenPlace]| {
        let resource = Resource::new(API).tokens_from(places.to_vec());
        let builder = Validator::builder().resource(resource);
        match builder.issuer(world.signer.to_issuer()).build() {
            Ok(_) => Vec::new(),
            Err(error) => problems_of(&error).into_iter().map(|one| one.1).collect(),
        }
    };
    let unsound = [
        TokenPlace::header(""),
        TokenPlace::header("x token"),
        TokenPlace::header("x-token\r\ny"),
        TokenPlace::header("x-t\u{f6}ken"),
        TokenPlace::header("Authorization"),
        TokenPlace::header("cookie"),
        TokenPlace::header("sec-websocket-protocol"),
        TokenPlace::cookie(""),
        TokenPlace::cookie("a=b"),
        TokenPlace::cookie("a;b"),
        TokenPlace::web_socket_protocol("a,b"),
        TokenPlace::web_socket_protocol(""),
    ];
    for place in unsound {
        let expected = ResourceError::TokenPlace {
            found: place.to_string(),
        };
        let expected = [ConfigErrorKind::Resource(expected)];
        assert_eq!(problems(std::slice::from_ref(&place)), expected, "{place}");
    }
    let twice = [TokenPlace::header("x-token"), TokenPlace::header("X-Token")];
    assert_eq!(problems(&twice).len(), 1);
    let none = [ConfigErrorKind::Resource(ResourceError::NoTokenPlace)];
    assert_eq!(problems(&[]), none);
    let sound = [
        TokenPlace::authorization(),
        TokenPlace::header("X-Forwarded-Access-Token"),
        TokenPlace::cookie("__Host-token"),
        TokenPlace::web_socket_protocol("bearer"),
    ];
    assert_eq!(problems(&sound), []);
}

/// The metadata says that a token in the header is accepted only if it is (RFC 9728 section 2).
#[test]
fn h04_h08_the_metadata_claims_only_what_is_configured() {
    let world = World::new();
    let places = [TokenPlace::cookie("token")];
    let api = world.api(Resource::new(API).tokens_from(places));
    let metadata = api.resource_metadata().unwrap();
    assert!(
        !metadata.body().contains("bearer_methods_supported"),
        "{}",
        metadata.body()
    );
}
