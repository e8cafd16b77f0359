//! Rows O01, O02 and H02: requirements other than scopes, combinations, and what is answered.

use std::time::Duration;

use crate::support::{API, Api, NOW, block_on};
use resource_server::claims::{AuthorizationDetail, ClaimPath, RequiredClaim};
use resource_server::error::RequirementError;
use resource_server::testing::TestToken;
use resource_server::{AccessToken, Error, Policy, Reason, Requirement};
use serde_json::{Value, json};

fn api() -> Api {
    Api::with(Policy::builder().role_claims(["roles"]))
}

fn accepted(api: &Api, token: &TestToken) -> AccessToken {
    block_on(api.validator.validate(&token.clone().mint())).unwrap()
}

/// A token with one more claim.
fn token_with(api: &Api, name: &str, value: &Value) -> AccessToken {
    accepted(api, &api.token().claim(name, value.clone()))
}

/// The reason, the status and the challenge, without what every challenge here has.
fn refused(result: Result<(), Error>) -> (Reason, u16, Option<String>) {
    let Err(error @ Error::Rejected(_)) = result else {
        panic!("{result:?}");
    };
    let answer = error.answer();
    let challenge = answer
        .headers()
        .find(|(name, _)| *name == "www-authenticate");
    let challenge = challenge.map(|(_, value)| value.trim_start_matches("Bearer ").to_owned());
    let Error::Rejected(rejection) = error else {
        unreachable!()
    };
    (rejection.reason(), answer.status(), challenge)
}

fn forbidden() -> (Reason, u16, Option<String>) {
    (Reason::OperationNotAllowed, 403, None)
}

fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(60 * minutes)
}

/// A claim, what is required of it, and values that meet that and that don't.
type Case = (&'static str, Requirement, Vec<Value>, Vec<Value>);

fn of_claims() -> Vec<Case> {
    vec![
        (
            "tenant",
            Requirement::claim(RequiredClaim::equals("tenant", "acme")),
            vec![json!("acme")],
            vec![
                json!("Acme"),
                json!("acme "),
                json!(["acme"]),
                json!({"acme": "acme"}),
            ],
        ),
        (
            "level",
            Requirement::claim(RequiredClaim::one_of("level", [1, 2])),
            vec![json!(1), json!(2)],
            vec![json!("1"), json!(3), json!([1]), json!(true)],
        ),
        (
            "groups",
            Requirement::claim_contains("groups", "staff"),
            vec![json!(["staff"]), json!(["a", 1, null, "staff"])],
            vec![
                json!("staff"),
                json!("all staff here"),
                json!(["staffs"]),
                json!([["staff"]]),
                json!({"staff": true}),
            ],
        ),
        (
            "groups",
            Requirement::claim_contains("groups", 7),
            vec![json!([7])],
            vec![json!(["7"]), json!([7.5]), json!([77])],
        ),
        (
            "realm",
            Requirement::claim_contains(ClaimPath::nested(["realm", "groups"]), "staff"),
            vec![json!({"groups": ["staff"]})],
            vec![
                json!({"groups": "staff"}),
                json!(["staff"]),
                json!({"groups": null}),
            ],
        ),
        (
            "acr",
            Requirement::acr(["gold", "urn:mfa"]),
            vec![json!("gold"), json!("urn:mfa")],
            vec![
                json!("Gold"),
                json!("golden"),
                json!(["gold"]),
                json!("gold urn:mfa"),
            ],
        ),
        (
            "roles",
            Requirement::role("clerk"),
            vec![json!(["clerk", "a"]), json!("clerk")],
            vec![json!(["clerks"]), json!("clerk a"), json!(["Clerk"])],
        ),
    ]
}

fn of_details() -> Vec<Case> {
    let pay = || AuthorizationDetail::of_type("payment");
    let detail = Requirement::authorization_detail;
    vec![
        (
            "authorization_details",
            detail(pay().actions(["read", "write"]).locations(["https://a"])),
            vec![
                json!([{"type": "payment", "actions": ["write", "read", "x"], "locations": ["https://a", "b"]}]),
                json!([{"type": "x"}, 7, {"type": "payment", "actions": ["read", "write"], "locations": ["https://a"]}]),
            ],
            vec![
                json!({"type": "payment", "actions": ["read", "write"], "locations": ["https://a"]}),
                json!([{"type": "payment", "actions": ["read"], "locations": ["https://a"]}]),
                // No two objects together.
                json!([
                    {"type": "payment", "actions": ["read"], "locations": ["https://a"]},
                    {"type": "payment", "actions": ["write"], "locations": ["https://a"]},
                ]),
                json!([{"type": "payment", "actions": "read write", "locations": ["https://a"]}]),
                json!([{"type": "Payment", "actions": ["read", "write"], "locations": ["https://a"]}]),
                json!([{"actions": ["read", "write"], "locations": ["https://a"]}]),
                json!([["payment"]]),
            ],
        ),
        (
            "authorization_details",
            detail(pay()),
            vec![json!([{"type": "payment"}])],
            vec![json!(["payment"]), json!("payment")],
        ),
    ]
}

#[test]
fn o01_o02_each_requirement_on_a_claim_fails_unless_it_is_met() {
    let api = api();
    let odd = [
        json!(null),
        json!(7),
        json!({}),
        json!(""),
        json!([]),
        json!([null]),
        json!({"a": "b"}),
    ];
    for (claim, requirement, met, unmet) in of_claims().into_iter().chain(of_details()) {
        assert!(requirement.check().is_ok(), "O01: {requirement}");
        for value in met {
            let token = token_with(&api, claim, &value);
            assert!(
                token.require(&requirement).is_ok(),
                "O01: {requirement}: {value}"
            );
        }
        // The policy itself refuses roles of an odd type.
        let odd = odd.iter().filter(|_| claim != "roles");
        for value in unmet.iter().chain(odd) {
            let token = token_with(&api, claim, value);
            let result = token.require(&requirement);
            assert!(result.is_err(), "O02: {requirement}: {value}");
        }
        let without = accepted(&api, &api.token());
        assert!(
            without.require(&requirement).is_err(),
            "O02: {requirement}: no claim"
        );
    }
}

#[test]
fn o01_an_audience_is_required_besides_the_policys() {
    let api = Api::new();
    let both = json!([API, "https://payments.example.com"]);
    let token = token_with(&api, "aud", &both);
    let payments = Requirement::audience("https://payments.example.com");
    assert!(token.require(&payments).is_ok());
    let plain = accepted(&api, &api.token());
    assert_eq!(refused(plain.require(&payments)), forbidden());
}

/// Row O02: measured from the time of the validation, with the policy's skew of 30 s.
#[test]
fn o01_o02_max_age_is_measured_against_auth_time() {
    let api = Api::new();
    let requirement = Requirement::max_age(minutes(5));
    for (ago, is_met) in [
        (json!(NOW), true),
        (json!(NOW - 300), true),
        (json!(NOW - 330), true),
        (json!(NOW - 331), false),
        (json!(NOW + 30), true),
        (json!(NOW + 31), false),
        // A fraction makes a sign-in older.
        (json!(f64::from(u32::try_from(NOW).unwrap()) - 330.5), false),
        (json!(f64::from(u32::try_from(NOW).unwrap()) + 30.5), false),
        (json!(NOW.to_string()), false),
        (json!(null), false),
        (json!(i64::MIN), false),
        (json!(i64::MAX), false),
        (json!([NOW]), false),
    ] {
        let token = token_with(&api, "auth_time", &ago);
        let result = token.require(&requirement);
        assert_eq!(result.is_ok(), is_met, "O02: {ago}");
    }
    let recent = token_with(&api, "auth_time", &json!(NOW));
    assert_eq!(recent.judged_at().as_secs(), NOW);
    assert!(recent.require(&Requirement::max_age(Duration::MAX)).is_ok());
    let without = accepted(&api, &api.token());
    assert!(
        without
            .require(&Requirement::max_age(Duration::MAX))
            .is_err()
    );
}

#[test]
fn o01_h02_combinations_and_their_answers() {
    let api = api();
    let step_up = |challenge: &str| {
        let challenge = format!("error=\"insufficient_user_authentication\", {challenge}");
        (Reason::AuthenticationInsufficient, 401, Some(challenge))
    };
    let scope = |scope: &str| {
        let challenge = format!("error=\"insufficient_scope\", scope=\"{scope}\"");
        (Reason::InsufficientScope, 403, Some(challenge))
    };
    let (read, write) = (
        || Requirement::scope("read"),
        || Requirement::scope("write"),
    );
    let clerk = || Requirement::role("clerk");
    let acr = || Requirement::acr(["gold", "mfa"]);
    let recent = || Requirement::max_age(minutes(5));
    let cases = [
        // The token has the scope read, and the role clerk.
        (read().and(clerk()), None),
        (read().or(write()), None),
        (write().or(read()), None),
        (write().or(acr()).or(clerk()), None),
        (read().and(write()), Some(scope("read write"))),
        (
            Requirement::all([write(), read(), write()]),
            Some(scope("write read")),
        ),
        (Requirement::role("manager"), Some(forbidden())),
        (acr(), Some(step_up("acr_values=\"gold mfa\""))),
        (recent(), Some(step_up("max_age=\"300\""))),
        (
            acr().and(recent()).and(Requirement::max_age(minutes(1))),
            Some(step_up("acr_values=\"gold mfa\", max_age=\"60\"")),
        ),
        // One sign-in must be enough, so the values are those that all parts accept.
        (
            acr().and(Requirement::acr(["silver", "mfa"])),
            Some(step_up("acr_values=\"mfa\"")),
        ),
        // Together: forbidden, then sign-in, then scope.
        (
            write().and(acr()).and(recent()),
            Some(step_up(
                "acr_values=\"gold mfa\", max_age=\"300\", scope=\"write\"",
            )),
        ),
        (read().and(acr()), Some(step_up("acr_values=\"gold mfa\""))),
        (
            write().and(acr()).and(Requirement::role("manager")),
            Some(forbidden()),
        ),
        // Of alternatives, the first is named.
        (
            write().or(Requirement::role("manager")),
            Some(scope("write")),
        ),
        (Requirement::role("manager").or(write()), Some(forbidden())),
        (
            Requirement::any_scope(["write", "admin"]).and(read().or(write())),
            Some(scope("write read")),
        ),
    ];
    let token = api.token().scope("read").claim("roles", json!(["clerk"]));
    let token = accepted(&api, &token);
    for (requirement, expected) in cases {
        let result = token.require(&requirement);
        match expected {
            None => assert!(result.is_ok(), "{requirement}: {result:?}"),
            Some(expected) => assert_eq!(refused(result), expected, "{requirement}"),
        }
    }
}

#[test]
fn o01_a_step_up_names_what_met_parts_accept_too() {
    let api = Api::new();
    let token = token_with(&api, "acr", &json!("gold"));
    let both = Requirement::acr(["gold", "mfa"]).and(Requirement::acr(["silver", "mfa"]));
    let (reason, status, challenge) = refused(token.require(&both));
    assert_eq!((reason, status), (Reason::AuthenticationInsufficient, 401));
    assert!(challenge.unwrap().contains("acr_values=\"mfa\""));
}

#[test]
fn o01_explain_names_the_parts_that_were_missing() {
    let api = api();
    let token = accepted(
        &api,
        &api.token().scope("read").claim("roles", json!(["clerk"])),
    );
    let requirement = Requirement::scope("read")
        .and(Requirement::role("clerk"))
        .and(Requirement::role("manager"))
        .and(Requirement::scope("write").or(Requirement::scope("admin")))
        .and(Requirement::max_age(minutes(5)));
    let error = token.require(&requirement).unwrap_err();
    assert_eq!(
        error.explain(),
        "The token is good, but the operation needs role \"manager\" and (scope \"write\" or \
         scope \"admin\") and an auth_time at most 300 s ago."
    );
    let Error::Rejected(rejection) = error else {
        unreachable!()
    };
    assert_eq!(rejection.requirement(), Some(&requirement));
    assert!(rejection.reason().is_found_in_verified_token());
}

#[test]
fn o02_what_no_token_can_meet_is_the_authors_mistake() {
    let nothing: [&str; 0] = [];
    let empty_detail = AuthorizationDetail::of_type("");
    let empty_action = AuthorizationDetail::of_type("a").actions([""]);
    let typo = || Requirement::scope("a b");
    let cases = [
        (Requirement::all([]), RequirementError::Empty),
        (Requirement::any([]), RequirementError::Empty),
        (Requirement::acr(nothing), RequirementError::Empty),
        (Requirement::acr([""]), RequirementError::Value),
        (
            Requirement::acr(["a"]).and(Requirement::acr(["b"])),
            RequirementError::Acr,
        ),
        (Requirement::acr(["a b"]), RequirementError::Value),
        (Requirement::acr(["a\r\nb"]), RequirementError::Value),
        (Requirement::role(""), RequirementError::Value),
        (Requirement::audience(""), RequirementError::Value),
        (
            Requirement::claim_contains("", "a"),
            RequirementError::Value,
        ),
        (
            Requirement::claim_contains("a", ""),
            RequirementError::Value,
        ),
        (
            Requirement::claim(RequiredClaim::present("")),
            RequirementError::Value,
        ),
        (
            Requirement::claim(RequiredClaim::equals("a", "")),
            RequirementError::Value,
        ),
        (
            Requirement::authorization_detail(empty_detail),
            RequirementError::Value,
        ),
        (
            Requirement::authorization_detail(empty_action),
            RequirementError::Value,
        ),
        (Requirement::scope("a").and(typo()), RequirementError::Scope),
        // Also as one of several alternatives.
        (Requirement::scope("a").or(typo()), RequirementError::Scope),
        (
            Requirement::any([Requirement::all([typo()])]),
            RequirementError::Scope,
        ),
    ];
    let api = Api::new();
    let token = accepted(&api, &api.token().scope("a b"));
    for (requirement, problem) in cases {
        assert_eq!(requirement.check(), Err(problem), "O02: {requirement}");
        let error = token.require(&requirement).unwrap_err();
        assert!(matches!(error, Error::Misconfigured(_)), "O02: {error:?}");
        assert_eq!(error.status(), 500);
    }
}
