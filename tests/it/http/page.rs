//! Row H02: the table of the guide's page on HTTP is what the crate answers.

use std::fmt::Write as _;
use std::time::Duration;

use super::answers::{Down, World, expired_token, refused};
use crate::support::page::check_table;
use crate::support::{API, block_on};
use resource_server::{Credentials, Requirement, Resource, decision::Denial};

const PAGE: &str = "docs/guide/http.md";
const METADATA: &str = "https://api.example.com/.well-known/oauth-protected-resource";

#[test]
fn h02_the_guide_shows_what_a_client_sees() {
    check_table(PAGE, &table());
}

fn table() -> String {
    let world = World::new();
    let resource = || Resource::new(API).entry_scopes(["orders:read"]);
    let api = world.api(resource());
    let presented = |lines: &[&str]| {
        let lines = lines.iter().map(|line| line.as_bytes());
        block_on(api.authenticate(&Credentials::from_authorization(lines))).unwrap_err()
    };
    let token = || world.signer.token();
    let good = block_on(api.validate(&token().mint())).unwrap();
    let refused_by = |denial: Denial| {
        let api = world.builder(resource()).check(move |_| {
            let denial = denial.clone();
            async move { Err(denial) }
        });
        refused(&api.build().unwrap(), &token())
    };
    let down = world.api_in_outage(resource(), Down(Some(Duration::from_secs(5))));
    let situations = [
        (
            "no credentials, or a scheme that is not offered",
            presented(&[]),
        ),
        (
            "two `Authorization` lines",
            presented(&["Bearer a", "Bearer b"]),
        ),
        (
            "`Bearer` without exactly one token",
            presented(&["Bearer a b"]),
        ),
        ("the scheme DPoP", presented(&["DPoP a"])),
        (
            "a bad token: expired, for another API, forged, ..",
            refused(&api, &expired_token(&world)),
        ),
        (
            "a good token that lacks a scope",
            good.require(&Requirement::all_scopes(["orders:read", "orders:export"]))
                .unwrap_err(),
        ),
        (
            "a good token, and its user signed in too long ago",
            good.require(&Requirement::max_age(Duration::from_secs(300)))
                .unwrap_err(),
        ),
        (
            "a good token that lacks a role or claim",
            good.require(&Requirement::role("clerk")).unwrap_err(),
        ),
        (
            "a check of yours refuses the token",
            refused_by(Denial::token()),
        ),
        (
            "a check of yours refuses the request",
            refused_by(Denial::operation()),
        ),
        (
            "the authorization server can't be reached",
            refused(&down, &token()),
        ),
        (
            "a mistake of the API, such as a malformed `Requirement`",
            good.require(&Requirement::scope("orders read"))
                .unwrap_err(),
        ),
    ];
    let mut table = "| situation | status | header |\n| --- | --- | --- |\n".to_owned();
    for (situation, error) in situations {
        let answer = error.answer();
        assert_eq!(answer.body(), "", "{situation}");
        let headers: Vec<_> = answer
            .headers()
            .filter(|(name, _)| *name != "cache-control")
            .map(|(name, value)| format!("`{name}: {}`", value.replace(METADATA, "[..]")))
            .collect();
        let (status, headers) = (answer.status(), headers.join(", "));
        writeln!(table, "| {situation} | {status} | {headers} |").unwrap();
    }
    table
}
