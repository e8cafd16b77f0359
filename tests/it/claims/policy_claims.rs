//! What a policy asks of claims of its choice, of the client and of `typ` (row C12).

use crate::support::{self, API, Api, ISSUER};
use resource_server::Reason::{
    self, ClaimMismatch, ClaimMissing, ClientNotAllowed, IssuerMismatch, MalformedClaim,
    NotAnAccessToken, TypeNotAccepted,
};
use resource_server::{
    Policy, PolicyBuilder, Profile, Rejection, Tenants,
    claims::{ClaimPath, ClaimValue, RequiredClaim},
    error::PolicyErrorKind,
};
use serde_json::json;

fn requiring(required: RequiredClaim) -> Api {
    Api::with(Policy::builder().required_claim(required))
}

/// The reason for which an introspected token with these members is refused.
fn introspected(settings: PolicyBuilder, members: &serde_json::Value) -> Option<Reason> {
    let refused = support::introspected(settings, members).err();
    refused.map(|rejection| rejection.reason())
}

#[test]
fn c12_a_required_claim_is_there() {
    let api = requiring(RequiredClaim::present("tenant"));
    let table = [
        (None, r#""acme" "" 0 false [] {}"#),
        (Some(ClaimMissing), "absent null"),
    ];
    api.check("C12", "tenant", &table);
}

/// All of these except the last can be escaped in two ways: `\n` and `\u000a`.
#[test]
fn c12_and_c14_a_claim_is_found_whose_name_was_escaped() {
    for character in ["\"", "\\", "\u{8}", "\u{c}", "\n", "\r", "\t", "\u{1f}"] {
        for name in [character.to_owned(), format!("a{character}b")] {
            let settings = Policy::builder().required_claim(RequiredClaim::present(name.as_str()));
            let members = json!({name.as_str(): 1});
            assert_eq!(introspected(settings, &members), None, "C12: {name:?}");
        }
    }
}

#[test]
fn c12_a_required_claim_has_its_value_by_type_and_exactly() {
    let text = requiring(RequiredClaim::equals("repository", "octo/repo"));
    let table = [
        (None, r#""octo/repo" "octo\/repo" "\u006fcto/repo""#),
        (
            Some(ClaimMismatch),
            r#""octo/repo2" "octo/rep" "OCTO/REPO" "octo/repo\u0020" "" ["octo/repo"] {"octo/repo":1} 1 true"#,
        ),
        (Some(ClaimMissing), "absent null"),
    ];
    text.check("C12", "repository", &table);

    let number = requiring(RequiredClaim::equals("level", 3));
    let table = [
        (None, "3"),
        (
            Some(ClaimMismatch),
            r#""3" 3.0 3e0 30 -3 true [3] 3.5 18446744073709551619"#,
        ),
    ];
    number.check("C12", "level", &table);

    let flag = requiring(RequiredClaim::equals("email_verified", true));
    let table = [
        (None, "true"),
        (Some(ClaimMismatch), r#"false "true" 1 "TRUE" [true] {}"#),
        (Some(ClaimMissing), "absent null"),
    ];
    flag.check("C12", "email_verified", &table);
}

#[test]
fn c12_a_required_claim_is_one_of_several() {
    let path = ClaimPath::nested(["kubernetes.io", "namespace"]);
    let api = requiring(RequiredClaim::one_of(path, ["orders", "billing"]));
    let table = [
        (
            None,
            r#"{"namespace":"orders"} {"namespace":"billing","x":{"namespace":"z"}}"#,
        ),
        (
            Some(ClaimMismatch),
            r#"{"namespace":"order"} {"namespace":["orders"]} {"namespace":"orders,billing"}"#,
        ),
        (
            Some(ClaimMissing),
            r#"absent null {} {"namespace":null} "orders" ["namespace"] {"x":{"namespace":"orders"}}"#,
        ),
    ];
    api.check("C12", "kubernetes.io", &table);
    // The dot is a part of the name and no way into an object.
    let dotted = api.minted(&[("kubernetes", r#"{"io":{"namespace":"orders"}}"#)]);
    assert_eq!(api.reason(&dotted), Some(ClaimMissing));
    let dotted = api.minted(&[("kubernetes.io.namespace", r#""orders""#)]);
    assert_eq!(api.reason(&dotted), Some(ClaimMissing));

    let mixed: [ClaimValue; 2] = [1.into(), "one".into()];
    let api = requiring(RequiredClaim::one_of("level", mixed));
    let table = [(None, r#"1 "one""#), (Some(ClaimMismatch), r#""1" 2"#)];
    api.check("C12", "level", &table);
}

#[test]
fn c12_every_required_claim_counts() {
    let api = Api::with(
        Policy::builder()
            .required_claim(RequiredClaim::present("tenant"))
            .required_claim(RequiredClaim::equals("ref", "main")),
    );
    let judged = |changes: &[(&str, &str)]| api.reason(&api.minted(changes));
    assert_eq!(judged(&[("tenant", "1"), ("ref", r#""main""#)]), None);
    assert_eq!(judged(&[("ref", r#""main""#)]), Some(ClaimMissing));
    assert_eq!(judged(&[("tenant", "1")]), Some(ClaimMissing));
    assert_eq!(
        judged(&[("tenant", "1"), ("ref", r#""dev""#)]),
        Some(ClaimMismatch)
    );
}

#[test]
fn c12_introspection_answers_are_held_to_the_same() {
    let required = || Policy::builder().required_claim(RequiredClaim::equals("tenant", "acme"));
    for (members, expected) in [
        (json!({"tenant": "acme"}), None),
        (json!({"tenant": "other"}), Some(ClaimMismatch)),
        (json!({}), Some(ClaimMissing)),
    ] {
        assert_eq!(introspected(required(), &members), expected, "{members}");
    }
    let clients = || {
        Policy::builder()
            .client_claims(["cid"])
            .allowed_clients(["web"])
    };
    for (members, expected) in [
        (json!({"cid": "web"}), None),
        (json!({"client_id": "web"}), Some(ClientNotAllowed)),
        (json!({"cid": 1}), Some(MalformedClaim)),
    ] {
        assert_eq!(introspected(clients(), &members), expected, "{members}");
    }
}

/// The claim and its value are in the policy, so the person on call may see them. The token's own
/// value is never shown.
#[test]
fn c12_and_p01_the_claim_is_named_and_its_value_is_not() {
    let path = ClaimPath::nested(["org", "na\u{1b}me"]);
    let api = requiring(RequiredClaim::equals(path, "acme"));
    for (text, expected) in [
        (r#"{"na\u001bme":"s3cr3t"}"#, ClaimMismatch),
        (r#"{"s3cr3t":1}"#, ClaimMissing),
    ] {
        let rejection = api.judge(&api.minted(&[("org", text)])).unwrap_err();
        assert_eq!(rejection.reason(), expected);
        let explained = rejection.explain();
        assert!(explained.contains(r#""org"."na\u{1b}me""#), "{explained}");
        assert!(explained.contains(r#": "acme""#), "{explained}");
        let shown = format!("{rejection}{rejection:?}");
        assert!(!shown.contains("acme"), "{shown}");
        assert!(!explained.contains("s3cr3t") && !shown.contains("s3cr3t"));
    }
    // A long list and a long value are cut.
    let many = (0..11).map(|number| format!("{number}{}", "x".repeat(200)));
    let api = requiring(RequiredClaim::one_of("org", many));
    let rejection = api
        .judge(&api.minted(&[("org", r#""s3cr3t""#)]))
        .unwrap_err();
    let explained = rejection.explain();
    assert!(explained.contains(r#": one of "0xx"#), "{explained}");
    assert!(explained.contains(r#""9xx"#) && explained.contains(", ... Values"));
    assert!(!explained.contains(r#""10x"#) && explained.len() < 2_000);
    let api = requiring(RequiredClaim::one_of("org", [1, 2]));
    let explained = api
        .judge(&api.minted(&[("org", "3")]))
        .unwrap_err()
        .explain();
    assert!(explained.contains(": one of 1, 2. Values"), "{explained}");
    let api = requiring(RequiredClaim::equals("org", true));
    let explained = api.judge(&api.minted(&[])).unwrap_err().explain();
    assert!(explained.contains("requires it: true."), "{explained}");
    let api = requiring(RequiredClaim::present("org"));
    let explained = api.judge(&api.minted(&[])).unwrap_err().explain();
    assert!(explained.contains("requires it."), "{explained}");
}

#[test]
fn c12_the_client_is_client_id_and_else_azp() {
    let api = Api::with(Policy::builder().allowed_clients(["web"]));
    let judged = |changes: &[(&str, &str)]| api.judge(&api.minted(changes));
    for (client_id, azp, expected) in [
        (r#""web""#, "absent", None),
        (r#""web""#, r#""other""#, None),
        ("absent", r#""web""#, None),
        ("absent", r#""w\u0065b""#, None),
        // The other of the two is not a second chance.
        (r#""other""#, r#""web""#, Some(ClientNotAllowed)),
        (r#""""#, r#""web""#, Some(ClientNotAllowed)),
        ("absent", r#""other""#, Some(ClientNotAllowed)),
        ("absent", "absent", Some(ClientNotAllowed)),
        ("null", r#""web""#, Some(MalformedClaim)),
        ("absent", "null", Some(MalformedClaim)),
        ("absent", r#"["web"]"#, Some(MalformedClaim)),
    ] {
        let verdict = judged(&[("client_id", client_id), ("azp", azp)]);
        let shown = format!("C12: client_id {client_id}, azp {azp}");
        match (&verdict, expected) {
            (Ok(token), None) => assert_eq!(token.client_id(), Some("web"), "{shown}"),
            (verdict, expected) => {
                let found = verdict.as_ref().err().map(Rejection::reason);
                assert_eq!(found, expected, "{shown}");
            }
        }
    }
    // Where the policy requires no client, the client is read from the same claim.
    let api = Api::new();
    let token = api.judge(&api.minted(&[("client_id", "absent"), ("azp", r#""web""#)]));
    assert_eq!(token.unwrap().client_id(), Some("web"));
    let token = api.judge(&api.minted(&[("client_id", "absent")])).unwrap();
    assert_eq!(token.client_id(), None);
}

#[test]
fn c12_the_client_is_read_from_the_claims_that_the_policy_names() {
    let settings = Policy::builder()
        .client_claims([ClaimPath::from("cid"), ClaimPath::nested(["app", "id"])])
        .allowed_clients(["web"]);
    let api = Api::with(settings);
    for (cid, app, expected) in [
        (r#""web""#, "absent", None),
        (r#""web""#, r#"{"id":"other"}"#, None),
        ("absent", r#"{"id":"web"}"#, None),
        (r#""other""#, r#"{"id":"web"}"#, Some(ClientNotAllowed)),
        ("absent", "{}", Some(ClientNotAllowed)),
        ("absent", r#""web""#, Some(MalformedClaim)),
        ("1", r#"{"id":"web"}"#, Some(MalformedClaim)),
        ("null", r#"{"id":"web"}"#, Some(MalformedClaim)),
    ] {
        // A claim that the policy doesn't name has no effect.
        let changes = [
            ("cid", cid),
            ("app", app),
            ("client_id", r#""web""#),
            ("azp", r#""web""#),
        ];
        let verdict = api.judge(&api.minted(&changes));
        let client = verdict.as_ref().ok().and_then(|token| token.client_id());
        assert_eq!(
            client,
            expected.is_none().then_some("web"),
            "C12: {cid} {app}"
        );
        let found = verdict.as_ref().err().map(Rejection::reason);
        assert_eq!(found, expected, "C12: {cid} {app}");
    }
}

#[test]
fn c12_and_t09_the_policys_types_replace_those_of_the_profile() {
    let api = Api::with(Policy::builder().accepted_types(["application/x-at+jwt", "entity+jwt"]));
    for (typ, expected) in [
        ("x-at+jwt", None),
        ("X-AT+JWT", None),
        ("application/x-at+jwt", None),
        ("Application/X-At+Jwt", None),
        ("application/entity+jwt", None),
        ("at+jwt", Some(TypeNotAccepted)),
        ("JWT", Some(TypeNotAccepted)),
        ("", Some(TypeNotAccepted)),
        ("x-at+jwt ", Some(TypeNotAccepted)),
        ("x-at+jwt2", Some(TypeNotAccepted)),
        ("application/application/x-at+jwt", Some(TypeNotAccepted)),
        ("dpop+jwt", Some(TypeNotAccepted)),
    ] {
        let found = api.reason(&api.token().typ(typ).mint());
        assert_eq!(found, expected, "C12: {typ}");
    }
    let none = api
        .judge(&api.token().without_header("typ").mint())
        .unwrap_err();
    assert_eq!(none.reason(), TypeNotAccepted);
    let explained = none.explain();
    assert!(explained.contains("\"entity+jwt\"") && explained.contains("accepted_types"));
    // Signs of another kind of token still apply.
    let id_token = api.token().typ("x-at+jwt").claim("nonce", "n").mint();
    assert_eq!(api.reason(&id_token), Some(NotAnAccessToken));
    // The issuer comes before the type.
    let foreign = api
        .token()
        .typ("at+jwt")
        .issuer("https://other.example")
        .mint();
    assert_eq!(api.reason(&foreign), Some(IssuerMismatch));
}

fn problems(settings: PolicyBuilder) -> Vec<PolicyErrorKind> {
    match settings.issuer(ISSUER).audience(API).build() {
        Ok(_) => Vec::new(),
        Err(error) => error.problems().to_vec(),
    }
}

#[test]
fn c12_and_t09_types_of_other_kinds_can_not_be_let_in() {
    for typ in [
        "dpop+jwt",
        "DPoP+JWT",
        "application/dpop+jwt",
        "Application/DPOP+jwt",
        "logout+jwt",
        "application/logout+jwt",
        "secevent+jwt",
        "token-introspection+jwt",
        "Application/Token-Introspection+JWT",
        "",
        "application/",
        " at+jwt",
        "at+jwt\n",
        "application/application/dpop+jwt",
        "text/at+jwt",
        "é",
    ] {
        let found = problems(Policy::builder().accepted_types(["at+jwt", typ]));
        assert_eq!(
            found,
            [PolicyErrorKind::TypeNotAcceptable(typ.to_owned())],
            "{typ}"
        );
    }
    assert!(problems(Policy::builder().accepted_types(["at+jwt", "JWT", "x.y-z+jwt"])).is_empty());
    let rfc9068 = Policy::builder()
        .profile(Profile::Rfc9068)
        .accepted_types(["JWT"]);
    let fixed = PolicyErrorKind::FixedByProfile {
        setting: "accepted_types",
        profile: Profile::Rfc9068,
    };
    assert_eq!(problems(rfc9068), [fixed]);
}

#[test]
fn p06_settings_that_can_not_be_meant_are_problems_all_at_once() {
    let empty = ClaimPath::from("");
    let deep = ClaimPath::nested(["a"; 9]);
    let nothing: [&str; 0] = [];
    let settings = Policy::builder()
        .client_claims(nothing)
        .accepted_types(nothing)
        .role_claims([empty.clone(), ClaimPath::nested(nothing)])
        .principal_claims([deep.clone()])
        .required_claim(RequiredClaim::equals("tenant", ""))
        .required_claim(RequiredClaim::one_of("ref", nothing))
        .required_claim(RequiredClaim::one_of("ref", ["main", ""]))
        .required_claim(RequiredClaim::present(""));
    let found = problems(settings);
    let expected = [
        PolicyErrorKind::EmptyList("client_claims"),
        PolicyErrorKind::EmptyList("accepted_types"),
        PolicyErrorKind::MalformedPath(empty.clone()),
        PolicyErrorKind::MalformedPath(ClaimPath::nested(nothing)),
        PolicyErrorKind::MalformedPath(deep),
        PolicyErrorKind::NoClaimValue("tenant".into()),
        PolicyErrorKind::NoClaimValue("ref".into()),
        PolicyErrorKind::MalformedPath(empty),
    ];
    for problem in &expected {
        assert!(found.contains(problem), "{problem:?}: {found:?}");
    }
    assert_eq!(found.len(), 9, "{found:?}");
    for setting in ["role_claims", "principal_claims", "required_claims"] {
        let settings = serde_json::from_value(json!({ setting: [] })).unwrap();
        assert_eq!(problems(settings), [PolicyErrorKind::EmptyList(setting)]);
    }
}

#[test]
fn c10_p06_a_template_and_its_tenants_go_together() {
    const TEMPLATE: &str = "https://login.example.com/{tenant}/v2.0";
    let problems = |issuer: &str, tenants: Option<Tenants>| {
        let settings = Policy::builder().issuer(issuer).audience(API);
        let settings = match tenants {
            Some(tenants) => settings.tenants(tenants),
            None => settings,
        };
        settings
            .build()
            .map_or_else(|error| error.problems().to_vec(), |_| Vec::new())
    };
    let none: [&str; 0] = [];
    let acme = || Some(Tenants::only(["acme"]));
    let half = "https://login.example.com/{tenant/v2.0";
    for (issuer, tenants, expected) in [
        (TEMPLATE, acme(), None),
        (ISSUER, None, None),
        (
            ISSUER,
            acme(),
            Some(PolicyErrorKind::NoPlaceholder(ISSUER.into())),
        ),
        (
            half,
            acme(),
            Some(PolicyErrorKind::NoPlaceholder(half.into())),
        ),
        (half, None, Some(PolicyErrorKind::NoTenants(half.into()))),
        (
            TEMPLATE,
            None,
            Some(PolicyErrorKind::NoTenants(TEMPLATE.into())),
        ),
        (
            TEMPLATE,
            Some(Tenants::only(none)),
            Some(PolicyErrorKind::NoTenant),
        ),
        (
            TEMPLATE,
            Some(Tenants::only(["acme", "a/b"])),
            Some(PolicyErrorKind::MalformedTenant("a/b".into())),
        ),
    ] {
        let found = problems(issuer, tenants);
        assert_eq!(found, Vec::from_iter(expected), "{issuer}");
    }
}

#[test]
fn p06_settings_from_a_file_are_the_same_and_nothing_unknown_is_taken() {
    let text = json!({
        "required_claims": [
            {"claim": "repository", "equals": "octo/repo"},
            {"claim": ["kubernetes.io", "namespace"], "one_of": ["orders", 1, true]},
            {"claim": "tenant", "present": true},
        ],
        "client_claims": ["cid", ["app", "id"]],
        "accepted_types": ["x-at+jwt"],
        "role_claims": [["realm_access", "roles"], "groups"],
        "principal_claims": ["email"],
    });
    let settings: PolicyBuilder = serde_json::from_value(text.clone()).unwrap();
    let written = serde_json::to_value(&settings).unwrap();
    for (name, value) in text.as_object().unwrap() {
        assert_eq!(&written[name], value, "{name}");
    }
    let api = Api::with(settings);
    let good = api.token().typ("x-at+jwt").claim("repository", "octo/repo");
    let good = good
        .claim("kubernetes.io", json!({"namespace": 1}))
        .claim("tenant", "");
    let good = good
        .claim("cid", "web")
        .claim("groups", "staff")
        .claim("email", "a@b");
    let token = api.judge(&good.mint()).unwrap();
    assert_eq!(token.client_id(), Some("web"));
    assert_eq!(token.principal(), Some("a@b"));
    assert!(token.has_role("staff"));

    for wrong in [
        json!({"claim": "a"}),
        json!({"equals": "a"}),
        json!({"claim": "a", "equals": "b", "one_of": ["b"]}),
        json!({"claim": "a", "equals": "b", "present": true}),
        json!({"claim": "a", "present": false}),
        json!({"claim": "a", "present": null}),
        json!({"claim": "a", "equals": null}),
        json!({"claim": "a", "equals": null, "present": true}),
        json!({"claim": "a", "equals": 1.5}),
        json!({"claim": "a", "equals": ["b"]}),
        json!({"claim": "a", "equals": {}}),
        json!({"claim": "a", "one_of": "b"}),
        json!({"claim": "a", "equals": "b", "not": "c"}),
        json!({"claim": null, "present": true}),
        json!({"claim": {"a": "b"}, "present": true}),
        json!("a"),
    ] {
        let text = json!({"required_claims": [wrong]});
        assert!(
            serde_json::from_value::<PolicyBuilder>(text).is_err(),
            "{wrong}"
        );
    }
    for wrong in [
        json!({"required_claims": null}),
        json!({"role_claims": null}),
        json!({"role_claims": "roles"}),
        json!({"principal_claims": [1]}),
        json!({"accepted_types": "at+jwt"}),
        json!({"client_claims": null}),
    ] {
        assert!(
            serde_json::from_value::<PolicyBuilder>(wrong.clone()).is_err(),
            "{wrong}"
        );
    }
}
