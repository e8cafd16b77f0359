//! Row O03: scopes that imply others, by the map in an issuer's policy.

use crate::support::{Api, ISSUER, block_on, clock, introspected, signer, validator_of};
use resource_server::error::PolicyErrorKind;
use resource_server::{AccessToken, Error, Policy, PolicyBuilder, Reason, Requirement};
use serde_json::json;

/// `admin` implies `orders:write` implies `orders:read`, and `admin` also implies `users`.
fn hierarchy() -> PolicyBuilder {
    Policy::builder()
        .scope_implies("orders:write", ["orders:read"])
        .scope_implies("admin", ["orders:write"])
        .scope_implies("admin", ["users"])
}

fn token_with(settings: PolicyBuilder, scope: &str) -> AccessToken {
    let api = Api::with(settings);
    api.judge(&api.token().scope(scope).mint()).unwrap()
}

/// Why the requirement is refused; `None` where it is met.
fn refusal(token: &AccessToken, requirement: &Requirement) -> Option<Reason> {
    match token.require(requirement) {
        Ok(()) => None,
        Err(Error::Rejected(rejection)) => Some(rejection.reason()),
        Err(other) => panic!("O03: {other:?}"),
    }
}

#[test]
fn o03_what_a_granted_scope_implies() {
    let cases = [
        // Itself, what it implies, and what that implies.
        ("admin", "admin", true),
        ("admin", "orders:write", true),
        ("admin", "orders:read", true),
        ("admin", "users", true),
        ("orders:write", "orders:read", true),
        ("other orders:write", "orders:read", true),
        // It never runs backwards.
        ("orders:read", "orders:write", false),
        ("orders:read", "admin", false),
        ("orders:write users", "admin", false),
        ("orders:write", "users", false),
        // Names match exactly, also those in the map.
        ("administrator", "orders:read", false),
        ("admi", "orders:read", false),
        ("ADMIN", "orders:read", false),
        ("admin:", "orders:read", false),
        ("orders:write:all", "orders:read", false),
        ("orders", "orders:read", false),
        ("admin", "orders", false),
        ("admin", "orders:read:all", false),
        ("admin", "orders:rea", false),
        ("admin", "Orders:read", false),
        // What the map doesn't name is only itself.
        ("other", "orders:read", false),
        ("other", "other", true),
        ("admin", "other", false),
        ("", "orders:read", false),
    ];
    for (granted, wanted, is_met) in cases {
        let token = token_with(hierarchy(), granted);
        let shown = format!("O03: {wanted:?} of {granted:?}");
        assert_eq!(token.has_scope(wanted), is_met, "{shown}");
        let expected = (!is_met).then_some(Reason::InsufficientScope);
        for requirement in [
            Requirement::scope(wanted),
            Requirement::any_scope(["no-one", wanted]),
            Requirement::scope(wanted).and(Requirement::any_scope([wanted])),
            Requirement::scope("no-one").or(Requirement::scope(wanted)),
        ] {
            assert_eq!(refusal(&token, &requirement), expected, "{shown}");
        }
        let all = Requirement::all_scopes([wanted, "no-one"]);
        let refused = refusal(&token, &all);
        assert_eq!(refused, Some(Reason::InsufficientScope), "{shown}");
        // What the issuer granted is shown as it is.
        assert!(
            token
                .scopes()
                .iter()
                .eq(granted.split(' ').filter(|s| !s.is_empty())),
            "{shown}"
        );
        assert_eq!(
            token.scopes().contains(wanted),
            granted.split(' ').any(|scope| scope == wanted),
            "{shown}"
        );
    }
}

#[test]
fn o03_without_a_map_scopes_match_exactly() {
    let token = token_with(Policy::builder(), "admin");
    assert!(token.has_scope("admin"));
    assert!(!token.has_scope("orders:read"));
    let refused = refusal(&token, &Requirement::scope("orders:read"));
    assert_eq!(refused, Some(Reason::InsufficientScope));
}

#[test]
fn o03_a_challenge_names_the_scopes_of_the_operation() {
    let token = token_with(hierarchy(), "orders:read");
    for (requirement, scope) in [
        (Requirement::scope("orders:write"), "orders:write"),
        (
            Requirement::all_scopes(["orders:read", "orders:write"]),
            "orders:read orders:write",
        ),
        (
            Requirement::any_scope(["orders:write", "admin"]),
            "orders:write",
        ),
    ] {
        let answer = token.require(&requirement).unwrap_err().answer();
        assert_eq!(answer.status(), 403, "O03");
        let challenge = answer
            .headers()
            .find(|(name, _)| *name == "www-authenticate");
        let expected = format!("scope=\"{scope}\"");
        let (_, value) = challenge.unwrap();
        assert!(value.contains(&expected), "O03: {value}");
        assert!(!value.contains("admin"), "O03: {value}");
    }
}

#[test]
fn o03_one_issuers_map_is_for_its_own_tokens() {
    let clock = clock();
    let other = "https://other.example.com";
    let (mine, theirs) = (signer(ISSUER, &clock), signer(other, &clock));
    let validator = validator_of(
        [mine.to_issuer().policy(hierarchy()), theirs.to_issuer()],
        &clock,
    );
    for (issuer, is_met) in [(&mine, true), (&theirs, false)] {
        let minted = issuer.token().scope("admin").mint();
        let token = block_on(validator.validate(&minted)).unwrap();
        assert_eq!(token.issuer(), issuer.name());
        assert_eq!(token.has_scope("orders:read"), is_met, "O03");
        let refused = refusal(&token, &Requirement::scope("orders:read"));
        let expected = (!is_met).then_some(Reason::InsufficientScope);
        assert_eq!(refused, expected, "O03: {}", issuer.name());
    }
}

#[test]
fn o03_an_introspected_token_has_it_too() {
    for (granted, is_met) in [("admin", true), ("administrator", false)] {
        let token = introspected(hierarchy(), &json!({"scope": granted})).unwrap();
        assert!(token.is_introspected());
        assert_eq!(token.has_scope("orders:read"), is_met, "O03: {granted}");
    }
}

/// Paths of the map that meet again are no circle.
#[test]
fn o03_two_ways_to_one_scope() {
    let settings = Policy::builder()
        .scope_implies("top", ["left", "right"])
        .scope_implies("left", ["bottom"])
        .scope_implies("right", ["bottom", "bottom"]);
    let token = token_with(settings, "top");
    assert!(token.has_scope("bottom"));
}

#[test]
fn o03_from_a_configuration_file() {
    let text = r#"{"scope_implies": {"admin": ["orders:write"], "orders:write": ["orders:read"]}}"#;
    let settings: PolicyBuilder = serde_json::from_str(text).unwrap();
    let written = serde_json::to_value(&settings).unwrap();
    assert_eq!(
        written,
        serde_json::from_str::<serde_json::Value>(text).unwrap()
    );
    assert!(token_with(settings, "admin").has_scope("orders:read"));
    for wrong in [
        r#"{"scope_implies": null}"#,
        r#"{"scope_implies": {"admin": null}}"#,
        r#"{"scope_implies": {"admin": "orders:read"}}"#,
        r#"{"scope_implies": [["admin", "orders:read"]]}"#,
        r#"{"scope_implies": {"admin": ["a"], "admin": ["b"]}}"#,
    ] {
        assert!(serde_json::from_str::<PolicyBuilder>(wrong).is_err());
    }
}

#[test]
fn o03_what_is_wrong_with_a_map() {
    let malformed = |scope: &str| PolicyErrorKind::MalformedScope(scope.to_owned());
    let cycle = |scopes: &[&str]| {
        PolicyErrorKind::ScopeCycle(scopes.iter().map(|scope| (*scope).to_owned()).collect())
    };
    let nothing: [&str; 0] = [];
    let implies =
        |scope: &str, implied: &[&str]| Policy::builder().scope_implies(scope, implied.to_vec());
    let chain = |length: usize| {
        (0..length).fold(Policy::builder(), |settings, i| {
            settings.scope_implies(format!("s{i}"), [format!("s{}", i + 1)])
        })
    };
    let empty: PolicyBuilder = serde_json::from_str(r#"{"scope_implies": {}}"#).unwrap();
    for (settings, expected) in [
        (implies("a", &["a"]), vec![cycle(&["a"])]),
        (
            implies("a", &["b"]).scope_implies("b", ["a"]),
            vec![cycle(&["b", "a"])],
        ),
        // Only what is in the circle is named, and each circle.
        (
            implies("top", &["a"])
                .scope_implies("a", ["b"])
                .scope_implies("b", ["c", "bottom"])
                .scope_implies("c", ["a"])
                .scope_implies("x", ["x"]),
            vec![cycle(&["b", "c", "a"]), cycle(&["x"])],
        ),
        (implies("a", &["b c"]), vec![malformed("b c")]),
        (implies("a b", &["c"]), vec![malformed("a b")]),
        (
            implies("", &["a\"", "é"]),
            vec![malformed(""), malformed("a\""), malformed("é")],
        ),
        (
            Policy::builder().scope_implies("a", nothing),
            vec![PolicyErrorKind::EmptyList("scope_implies")],
        ),
        (empty, vec![PolicyErrorKind::EmptyList("scope_implies")]),
        (chain(1_000), vec![]),
        (
            chain(1_001),
            vec![PolicyErrorKind::TooManyImpliedScopes { count: 1_001 }],
        ),
    ] {
        let shown = format!("{settings:.200?}");
        let built = settings.issuer(ISSUER).audience("api").build();
        let found = built.err();
        let found = found.as_ref().map_or(&[][..], |error| error.problems());
        assert_eq!(found, expected, "O03: {shown}");
    }
    assert_eq!(
        cycle(&["a", "b"]).to_string(),
        "the scope \"a\" implies \"b\" implies \"a\", which is a circle: remove one step of it from `scope_implies`"
    );
    // The whole length of the longest chain that is accepted.
    let token = token_with(chain(1_000), "s0");
    assert!(token.has_scope("s1000"));
    assert!(!token.has_scope("s1001"));
}
