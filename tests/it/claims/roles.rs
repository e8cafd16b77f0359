//! Who a token speaks for: roles and principal (row C14), identity and kind of subject (C13),
//! actors (C09).

use std::collections::HashMap;

use crate::support::{Api, introspected};
use resource_server::Reason::{MalformedClaim, MalformedPayload};
use resource_server::{
    AccessToken, Policy, Profile, Rejection,
    claims::{ClaimPath, Identity, SubjectKind},
};
use serde_json::json;

fn roles(token: &AccessToken) -> Vec<&str> {
    token.roles().iter().collect()
}

#[test]
fn c14_roles_are_united_from_every_claim_that_the_policy_names() {
    let api = Api::with(Policy::builder().role_claims([
        ClaimPath::nested(["realm_access", "roles"]),
        ClaimPath::nested(["resource_access", "orders-api", "roles"]),
        ClaimPath::from("cognito:groups"),
        ClaimPath::from("https://example.com/roles"),
        ClaimPath::from("groups"),
    ]));
    let token = api
        .token()
        .claim(
            "realm_access",
            json!({"roles": ["offline_access", "clerk"]}),
        )
        .claim(
            "resource_access",
            json!({"orders-api": {"roles": ["approver"]}, "other-api": {"roles": ["admin"]}}),
        )
        .claim("cognito:groups", json!(["staff", ""]))
        .claim("https://example.com/roles", "one role")
        .claim("roles", json!(["admin"]))
        .claim("groups", json!([]));
    let token = api.judge(&token.mint()).unwrap();
    let expected = ["offline_access", "clerk", "approver", "staff", "one role"];
    assert_eq!(roles(&token), expected, "C14");
    for (role, has) in [
        ("clerk", true),
        ("one role", true),
        // Of another client, of a claim that is not named, a part, another case, nothing.
        ("admin", false),
        ("one", false),
        ("cler", false),
        ("Clerk", false),
        ("", false),
    ] {
        assert_eq!(token.has_role(role), has, "C14: {role}");
        assert_eq!(token.roles().contains(role), has, "C14: {role}");
        assert!(!token.roles().is_empty(), "C14");
    }
    assert_eq!(format!("{:?}", token.roles()), "RoleSet(5 roles)");
    // A clone has them too.
    assert_eq!(roles(&token.clone()), expected);
}

#[test]
fn c14_absence_is_no_role_and_a_wrong_type_refuses() {
    let api =
        Api::with(Policy::builder().role_claims([ClaimPath::nested(["realm_access", "roles"])]));
    let good = r#"absent {} {"roles":[]} {"roles":["a"]} {"roles":"a"} {"roles":""} {"x":1}"#;
    let wrong = r#"null 1 true "roles" ["roles"] [] {"roles":null} {"roles":1} {"roles":{}} {"roles":[1]}
        {"roles":["a",null]} {"roles":[["a"]]} {"roles":true}"#;
    api.check(
        "C14",
        "realm_access",
        &[(None, good), (Some(MalformedClaim), wrong)],
    );

    let flat = Api::with(Policy::builder().role_claims(["roles", "groups"]));
    let table = [
        (None, r#"absent [] ["a"] "a""#),
        (Some(MalformedClaim), r#"null 1 {} [null] ["a",1]"#),
    ];
    flat.check("C14", "groups", &table);
    // Only the bytes of a token are bounded.
    let many = |count: usize| json!(vec!["r"; count]);
    let judged = |count| flat.reason(&flat.token().claim("roles", many(count)).mint());
    for count in [256, 257, 1_100] {
        assert_eq!(judged(count), None, "C14: {count}");
    }

    let rejection = api
        .judge(&api.minted(&[("realm_access", r#""s3cr3t""#)]))
        .unwrap_err();
    let explained = rejection.explain();
    assert!(
        explained.contains(r#""realm_access"."roles""#),
        "{explained}"
    );
    assert!(!explained.contains("s3cr3t"), "{explained}");
}

#[test]
fn c14_without_a_setting_there_are_no_roles_and_the_principal_is_the_subject() {
    let api = Api::new();
    let minted = api
        .token()
        .subject("alice")
        .claim("roles", json!(["admin"]))
        .claim("groups", 1)
        .claim("email", "alice@example.com");
    let token = api.judge(&minted.mint()).unwrap();
    assert!(token.roles().is_empty() && !token.has_role("admin"), "C14");
    assert_eq!(token.principal(), Some("alice"));
    let token = api.judge(&api.token().without("sub").mint()).unwrap();
    assert_eq!(token.principal(), None);
}

#[test]
fn c14_the_principal_is_the_first_claim_that_is_there() {
    let settings = Policy::builder().principal_claims([
        ClaimPath::nested(["user", "login"]),
        ClaimPath::from("preferred_username"),
    ]);
    let api = Api::with(settings);
    for (user, name, expected) in [
        (r#"{"login":"a"}"#, r#""b""#, Ok(Some("a"))),
        (r#"{"login":""}"#, r#""b""#, Ok(Some(""))),
        ("{}", r#""b""#, Ok(Some("b"))),
        ("absent", r#""\u0062""#, Ok(Some("b"))),
        // The subject is no substitute for it.
        ("absent", "absent", Ok(None)),
        (r#"{"login":1}"#, r#""b""#, Err(MalformedClaim)),
        (r#"{"login":null}"#, r#""b""#, Err(MalformedClaim)),
        (r#""a""#, r#""b""#, Err(MalformedClaim)),
        ("absent", "null", Err(MalformedClaim)),
        ("absent", r#"["b"]"#, Err(MalformedClaim)),
    ] {
        let changes = [("user", user), ("preferred_username", name)];
        let verdict = api.judge(&api.minted(&changes));
        let found = verdict
            .as_ref()
            .map(AccessToken::principal)
            .map_err(Rejection::reason);
        assert_eq!(found, expected, "C14: {user} {name}");
    }
}

#[test]
fn c14_introspection_answers_are_read_the_same_way() {
    let settings = || {
        Policy::builder()
            .role_claims(["roles"])
            .principal_claims(["username"])
    };
    let token = introspected(settings(), &json!({"roles": ["clerk"], "username": "al"})).unwrap();
    assert_eq!(
        (roles(&token), token.principal()),
        (vec!["clerk"], Some("al"))
    );
    for members in [json!({"roles": {}}), json!({"username": 1})] {
        let reason = introspected(settings(), &members).unwrap_err().reason();
        assert_eq!(reason, MalformedClaim, "C14: {members}");
    }
}

/// RFC 9700 section 4.15: a client that registered under the name of a user.
#[test]
fn c13_a_client_under_a_users_name_is_told_to_be_a_client() {
    let api = Api::with(Policy::builder().profile(Profile::Rfc9068));
    let judge = |sub: &str, client: &str| {
        let token = api.token().subject(sub).client_id(client);
        api.judge(&token.mint()).unwrap()
    };
    let (alice, client) = (judge("alice", "web"), judge("alice", "alice"));
    // One identity, so that alone lets the client in as alice.
    assert_eq!(alice.identity(), client.identity(), "C13");
    assert_eq!(client.subject_kind(), Some(SubjectKind::Client), "C13");
    assert_eq!(alice.subject_kind(), None, "C13");
    for (sub, client) in [("alice", "Alice"), ("alice", "alice "), ("a", "alice")] {
        assert_eq!(
            judge(sub, client).subject_kind(),
            None,
            "C13: {sub} {client}"
        );
    }
}

#[test]
fn c13_the_kind_of_subject_where_the_token_tells() {
    let api = Api::new();
    for (changes, expected) in [
        (&[("idtyp", r#""app""#)][..], Some(SubjectKind::Client)),
        (&[("idtyp", r#""user""#)], Some(SubjectKind::User)),
        (
            &[("idtyp", r#""user""#), ("client_id", r#""alice""#)],
            Some(SubjectKind::User),
        ),
        // Another value of `idtyp` says nothing about the subject, with any names.
        (
            &[("idtyp", r#""device""#), ("client_id", r#""alice""#)],
            None,
        ),
        (&[("idtyp", "1"), ("client_id", r#""alice""#)], None),
        (&[("idtyp", "null"), ("client_id", r#""alice""#)], None),
        (&[("client_id", r#""alice""#)], Some(SubjectKind::Client)),
        (
            &[("client_id", "absent"), ("azp", r#""alice""#)],
            Some(SubjectKind::Client),
        ),
        (&[("client_id", "absent")], None),
        (&[("sub", "absent")], None),
        (&[("sub", "absent"), ("client_id", "absent")], None),
    ] {
        let token = api.judge(&api.minted(changes)).unwrap();
        assert_eq!(token.subject_kind(), expected, "C13: {changes:?}");
    }
}

#[test]
fn c13_an_identity_outlives_its_token() {
    let (a, b) = (
        Api::new(),
        Api::trusting("https://b.example.com", Policy::builder()),
    );
    let mut orders: HashMap<Identity<'static>, &str> = HashMap::new();
    for (api, what) in [(&a, "of a"), (&b, "of b")] {
        let token = api.judge(&api.token().subject("alice").mint()).unwrap();
        orders.insert(token.identity().unwrap().into_owned(), what);
    }
    assert_eq!(orders.len(), 2, "C13: the same sub of two issuers");
    for (api, sub, what) in [
        (&a, "alice", Some("of a")),
        (&b, "alice", Some("of b")),
        (&a, "bob", None),
    ] {
        let token = api.judge(&api.token().subject(sub).mint()).unwrap();
        let found = orders.get(&token.identity().unwrap()).copied();
        assert_eq!(found, what, "C13: {sub}");
    }
}

/// Names of (subject, issuer), the current actor first.
fn chain(token: &AccessToken) -> Vec<(Option<&str>, Option<&str>)> {
    token
        .actors()
        .map(|actor| (actor.subject(), actor.issuer()))
        .collect()
}

#[test]
fn c09_the_chain_of_actors_is_read_from_the_current_one_back() {
    let api = Api::new();
    let act = json!({
        "sub": "orders", "iss": "https://as.example.com", "client_id": 7,
        "act": {"sub": "gateway", "act": {"iss": "https://b.example"}}
    });
    let token = api.judge(&api.token().claim("act", act).mint()).unwrap();
    let expected = [
        (Some("orders"), Some("https://as.example.com")),
        (Some("gateway"), None),
        (None, Some("https://b.example")),
    ];
    assert_eq!(chain(&token), expected, "C09");
    let current = token.actor().unwrap();
    assert_eq!(current.subject(), Some("orders"));
    assert_eq!(current.prior().unwrap().subject(), Some("gateway"));
    assert!(current.prior().unwrap().prior().unwrap().prior().is_none());
    assert_eq!(format!("{current:?}"), "Actor(..)");
    // The subject is still who the token speaks for.
    assert_eq!(token.subject(), Some("test-subject"));

    let spelled = api.minted(&[("\\u0061ct", r#"{"s\u0075b":"o\u0072ders"}"#)]);
    assert_eq!(
        chain(&api.judge(&spelled).unwrap()),
        [(Some("orders"), None)]
    );
    assert!(api.judge(&api.token().mint()).unwrap().actor().is_none());
}

#[test]
fn c09_a_chain_has_its_types_and_its_bound() {
    let api = Api::new();
    let nested = |depth: usize| {
        (1..depth).fold(
            json!({"sub": "a"}),
            |inner, _| json!({"sub": "a", "act": inner}),
        )
    };
    for (depth, expected) in [
        (1, None),
        (8, None),
        (9, Some(MalformedClaim)),
        (20, Some(MalformedClaim)),
        (40, Some(MalformedPayload)),
    ] {
        let verdict = api.judge(&api.token().claim("act", nested(depth)).mint());
        if let Ok(token) = &verdict {
            assert_eq!(token.actors().count(), depth, "C09");
        }
        let found = verdict.err().map(|rejection| rejection.reason());
        assert_eq!(found, expected, "C09: {depth} actors");
    }
    let table = [
        (None, r#"{} {"sub":""} {"act":{}} {"sub":"a","x":1}"#),
        (
            Some(MalformedClaim),
            r#"null "a" [] [{"sub":"a"}] {"sub":1} {"sub":null} {"sub":["a"]} {"iss":1} {"iss":null} {"act":"a"}
            {"act":null} {"act":[]} {"sub":"a","act":{"sub":1}} {"act":{"act":{"iss":{}}}}"#,
        ),
    ];
    api.check("C09", "act", &table);
    let rejection = api
        .judge(&api.minted(&[("act", r#"{"sub":1}"#)]))
        .unwrap_err();
    let explained = rejection.explain();
    assert!(
        explained.contains("\"act\"") && explained.contains('8'),
        "{explained}"
    );

    let reason = |members| {
        introspected(Policy::builder(), &members)
            .unwrap_err()
            .reason()
    };
    assert_eq!(reason(json!({"act": {"sub": 1}})), MalformedClaim, "C09");
    assert_eq!(reason(json!({"act": nested(9)})), MalformedClaim, "C09");
}

/// RFC 8693 section 4.4: it says who may become an actor, at the authorization server.
#[test]
fn c09_may_act_grants_nothing() {
    let api = Api::new();
    for may_act in [
        json!({"sub": "admin-service"}),
        json!({"sub": "admin-service", "act": {"sub": "admin-service"}}),
        json!({"act": {"sub": "admin-service"}}),
        json!("anything"),
    ] {
        let token = api.judge(&api.token().claim("may_act", may_act.clone()).mint());
        let token = token.unwrap();
        assert!(token.actor().is_none(), "C09: {may_act}");
        assert_eq!(token.actors().count(), 0, "C09: {may_act}");
        assert_eq!(token.subject(), Some("test-subject"));
    }
    // Nor is it one of the chain, inside an actor.
    let act = json!({"sub": "orders", "may_act": {"sub": "admin-service"}});
    let token = api.judge(&api.token().claim("act", act).mint()).unwrap();
    assert_eq!(chain(&token), [(Some("orders"), None)], "C09");
}
