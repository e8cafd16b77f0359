//! Rows H02, H06 and O02: the decision at the door of a route, without a framework.

use super::answers::{Down, World, expired_token};
use crate::support::{API, block_on};
use resource_server::resource::RequestHead;
use resource_server::{AccessToken, Error, Protect, Requirement, Resource};

const METADATA: &str =
    "resource_metadata=\"https://api.example.com/.well-known/oauth-protected-resource\"";

fn judge(protect: &Protect, authorization: &[&str]) -> Result<Option<AccessToken>, Error> {
    let values = |name: &str| -> Vec<&[u8]> {
        let lines = if name == "authorization" {
            authorization
        } else {
            &[]
        };
        lines.iter().map(|line| line.as_bytes()).collect()
    };
    block_on(protect.judge(&RequestHead::new("GET", "/"), values))
}

fn status(protect: &Protect, authorization: &[&str]) -> u16 {
    judge(protect, authorization).map_or_else(|error| error.status(), |_| 200)
}

fn challenge(protect: &Protect) -> String {
    let answer = judge(protect, &[]).unwrap_err().answer();
    let mut headers = answer.headers();
    let found = headers.find(|(name, _)| *name == "www-authenticate");
    found.map_or_else(String::new, |(_, value)| value.to_owned())
}

/// Only a request without credentials is anonymous.
#[test]
fn h06_optional_is_for_requests_without_credentials() {
    let world = World::new();
    let optional = world.api(API).protect().optional();
    let bearer = |token: String| format!("Bearer {token}");
    let good = bearer(world.signer.token().mint());
    let expired = bearer(expired_token(&world).mint());
    assert!(judge(&optional, &[]).unwrap().is_none());
    assert!(judge(&optional, &["Basic QTpC"]).unwrap().is_none());
    assert!(judge(&optional, &[&good]).unwrap().is_some());
    for (lines, expected) in [
        (&[&*expired][..], 401),
        (&["Bearer no.token"], 401),
        (&["Bearer opaque"], 401),
        (&["DPoP a"], 401),
        (&["Bearer"], 400),
        (&[""], 400),
        (&["Basic QTpC", "Basic QTpC"], 400),
        (&[&*good, &*good], 400),
    ] {
        assert_eq!(status(&optional, lines), expected, "{lines:?}");
    }
    let down = world.api_in_outage(API, Down(None)).protect().optional();
    assert_eq!(status(&down, &[&good]), 503);
    assert_eq!(status(&down, &[]), 200);
}

/// A requirement is for the tokens that are there.
#[test]
fn h06_optional_with_a_requirement() {
    let world = World::new();
    let protect = world.api(API).protect().optional();
    let protect = protect.require(Requirement::scope("a"));
    let bearer = |scope| format!("Bearer {}", world.signer.token().scope(scope).mint());
    assert_eq!(status(&protect, &[]), 200);
    assert_eq!(status(&protect, &[&bearer("b")]), 403);
    assert_eq!(status(&protect, &[&bearer("a b")]), 200);
}

/// The challenge without a token names the scopes of the layer's requirement: all of them, and of
/// alternatives the first.
#[test]
fn h02_the_challenge_names_the_scopes_of_the_requirement() {
    let world = World::new();
    let api = world.api(Resource::new(API).entry_scopes(["entry"]));
    let scope = Requirement::scope;
    let cases = [
        (scope("a"), "a"),
        (Requirement::all_scopes(["a", "b"]), "a b"),
        (Requirement::any_scope(["a", "b"]), "a"),
        (scope("a").and(scope("b")), "a b"),
        (scope("a").and(scope("b").and(scope("a"))), "a b"),
        (scope("a").or(scope("b")), "a"),
        (scope("c").and(scope("a").or(scope("b"))), "c a"),
        (scope("a").and(Requirement::role("clerk")), "a"),
        // Where the operation names no scope, those of the resource.
        (Requirement::role("clerk"), "entry"),
        (Requirement::role("clerk").or(scope("a")), "entry"),
    ];
    for (requirement, expected) in cases {
        let protect = api.protect().require(requirement.clone());
        let expected = format!("Bearer scope=\"{expected}\", {METADATA}");
        assert_eq!(challenge(&protect), expected, "{requirement}");
    }
    // A second requirement adds to the first.
    let twice = api.protect().require(scope("a")).require(scope("b"));
    assert_eq!(
        challenge(&twice),
        format!("Bearer scope=\"a b\", {METADATA}")
    );
    // A bad token needs no scope.
    let refused = judge(&twice, &["Bearer no.token"]).unwrap_err();
    assert!(!format!("{:?}", refused.answer()).contains("scope"));
}

/// The mistake shows whatever the request presents, in every position.
#[test]
fn o02_a_requirement_that_no_token_can_meet_gives_500() {
    let world = World::new();
    let good = format!("Bearer {}", world.signer.token().scope("a").mint());
    let broken = [
        Requirement::scope(""),
        Requirement::all([]),
        Requirement::scope("a").or(Requirement::scope("a b")),
    ];
    for requirement in broken {
        let required = world.api(API).protect().require(requirement.clone());
        let optional = required.clone().optional();
        let added = world.api(API).protect().require(Requirement::scope("a"));
        let added = added.require(requirement.clone());
        for protect in [required, optional, added] {
            for lines in [&[][..], &[&*good], &["Bearer"], &["Bearer no.token"]] {
                assert_eq!(status(&protect, lines), 500, "{requirement} {lines:?}");
            }
        }
    }
}

/// What must be introspected can't be where no introspection is configured.
#[test]
fn h06_online_without_introspection_is_a_mistake() {
    let world = World::new();
    let protect = world.api(API).protect().online();
    let good = format!("Bearer {}", world.signer.token().mint());
    assert_eq!(status(&protect, &[&good]), 500);
    assert_eq!(status(&protect, &["Bearer no.token"]), 401);
}
