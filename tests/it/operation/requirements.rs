//! What an operation asks (rows O01 and O02, scopes), and bound tokens (rows D07 and M03).

use std::sync::Arc;

use crate::support::{API, Api, ISSUER, THUMBPRINT, block_on};
use resource_server::Reason::{
    InsufficientScope, MalformedConfirmation, MalformedPayload, ProofOfPossessionMissing,
    UnknownConfirmation,
};
use resource_server::{
    AccessToken, Error, Evidence, Policy, Possession, PresentedToken, Profile, Requirement,
    claims::Scope, clock::Clock, error::RequirementError, keys::KeySet, verify,
};

fn token_with(scope: &str) -> AccessToken {
    let api = Api::new();
    api.judge(&api.token().scope(scope).mint()).unwrap()
}

#[test]
fn o01_all_of_and_any_of_scopes() {
    let cases: &[(&str, &str, &[&str], bool)] = &[
        ("all", "a", &["a"], true),
        ("all", "b c a", &["a", "b"], true),
        ("all", "a a", &["a", "a"], true),
        ("all", "a", &["a", "b"], false),
        ("all", "b", &["a", "b"], false),
        ("all", "ab", &["a", "b"], false),
        ("all", "A", &["a"], false),
        ("all", "administrator", &["admin"], false),
        ("all", "orders", &["orders:read"], false),
        ("all", "orders:read", &["orders"], false),
        ("all", "", &["a"], false),
        ("any", "a", &["a"], true),
        ("any", "b", &["a", "b"], true),
        ("any", "c a", &["a", "b"], true),
        ("any", "c d", &["a", "b"], false),
        ("any", "ab", &["a", "b"], false),
        ("any", "", &["a", "b"], false),
    ];
    for (kind, granted, asked, passes) in cases {
        let requirement = match *kind {
            "all" => Requirement::all_scopes(*asked),
            _ => Requirement::any_scope(*asked),
        };
        let shown = format!("O01: {kind} of {asked:?} with {granted:?}");
        assert!(requirement.check().is_ok(), "{shown}");
        assert!(requirement.scopes().eq(asked.iter().copied()), "{shown}");
        match token_with(granted).require(&requirement) {
            Ok(()) => assert!(passes, "{shown}"),
            Err(error @ Error::Rejected(_)) => {
                assert!(!passes, "{shown}");
                assert_eq!(error.status(), 403, "{shown}");
                let Error::Rejected(rejection) = error else {
                    unreachable!()
                };
                assert_eq!(rejection.reason(), InsufficientScope, "{shown}");
                assert_eq!(
                    rejection.oauth_error(),
                    Some("insufficient_scope"),
                    "{shown}"
                );
                assert_eq!(rejection.requirement(), Some(&requirement), "{shown}");
                // It names what is missing, and nothing that is there.
                let explained = rejection.explain();
                for scope in *asked {
                    assert!(
                        explained.contains(&format!("\"{scope}\"")),
                        "{shown}: {explained}"
                    );
                }
                for scope in granted
                    .split(' ')
                    .filter(|s| !s.is_empty() && !asked.contains(s))
                {
                    assert!(
                        !explained.contains(&format!("\"{scope}\"")),
                        "{shown}: {explained}"
                    );
                }
            }
            Err(other) => panic!("{shown}: {other:?}"),
        }
    }
}

#[test]
fn o01_a_requirement_reads_as_what_it_asks() {
    for (requirement, text) in [
        (Requirement::scope("a"), "scope \"a\""),
        (
            Requirement::all_scopes(["a", "b"]),
            "all of the scopes \"a\", \"b\"",
        ),
        (
            Requirement::any_scope(["a", "b"]),
            "one of the scopes \"a\", \"b\"",
        ),
    ] {
        assert_eq!(requirement.to_string(), text, "O01");
    }
}

#[test]
fn o01_one_scope_from_text_or_from_outside() {
    let token = token_with("orders:read");
    let scope: Scope = "orders:read".parse().unwrap();
    assert_eq!(scope.to_string(), "orders:read", "O01");
    for requirement in [
        Requirement::scope("orders:read"),
        Requirement::scope(&scope),
    ] {
        assert!(token.require(&requirement).is_ok(), "O01: {requirement}");
    }
    assert!(
        token_with("orders")
            .require(&Requirement::scope(&scope))
            .is_err(),
        "O01"
    );
}

#[test]
fn o02_a_token_without_scopes_lacks_every_one() {
    let api = Api::new();
    let token = api.judge(&api.token().mint()).unwrap();
    for requirement in [Requirement::scope("a"), Requirement::any_scope(["a", "b"])] {
        match token.require(&requirement) {
            Err(Error::Rejected(rejection)) => assert_eq!(rejection.reason(), InsufficientScope),
            other => panic!("O02: {other:?}"),
        }
    }
}

#[test]
fn o02_what_makes_no_sense_never_passes_and_is_the_authors_mistake() {
    const MALFORMED: &[&str] = &[
        "", " ", "a b", " a", "a ", "a\t", "a\n", "a\0", "a\u{7f}", "\"a\"", "a\\b", "é",
        "a\u{a0}b",
    ];
    // Grants as much as a token can.
    let token = token_with("a b orders:read !#[]~");
    let nothing: [&str; 0] = [];
    let mut cases = vec![
        (Requirement::all_scopes(nothing), RequirementError::Empty),
        (Requirement::any_scope(nothing), RequirementError::Empty),
    ];
    for scope in MALFORMED {
        assert!(scope.parse::<Scope>().is_err(), "O02: {scope:?}");
        for requirement in [
            Requirement::scope(scope),
            Requirement::all_scopes(["a", scope]),
            Requirement::any_scope(["a", scope]),
            Requirement::any_scope([scope, "a"]),
        ] {
            cases.push((requirement, RequirementError::Scope));
        }
    }
    for (requirement, problem) in cases {
        assert_eq!(requirement.check(), Err(problem), "O02: {requirement:?}");
        match token.require(&requirement) {
            Err(error @ Error::Misconfigured(_)) => {
                assert_eq!(error.to_string(), problem.to_string(), "O02");
                assert_eq!(error.status(), 500);
            }
            other => panic!("O02: {requirement:?}: {other:?}"),
        }
    }
}

/// `cnf` texts that bind a token to something known.
fn bound() -> Vec<String> {
    vec![
        format!(r#"{{"jkt":"{THUMBPRINT}"}}"#),
        format!(r#"{{"x5t#S256":"{THUMBPRINT}"}}"#),
        format!(r#"{{"jkt":"{THUMBPRINT}","x5t#S256":"{THUMBPRINT}"}}"#),
        // Unknown members next to a known one are ignored (RFC 7800 section 3.1).
        format!(r#"{{"jkt":"{THUMBPRINT}","kid":"a"}}"#),
        format!(r#"{{"x":null,"x5t#S256":"{THUMBPRINT}"}}"#),
        format!(r#"{{"jk\u0074":"{THUMBPRINT}"}}"#),
        r#"{"jkt":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}"#.to_owned(),
    ]
}

#[test]
fn d07_a_bound_token_is_never_accepted_as_bearer() {
    for settings in [
        Policy::builder(),
        Policy::builder()
            .profile(Profile::Rfc9068)
            .allow_scope_array()
            .allow_id_token_claims(),
    ] {
        let api = Api::with(settings);
        for cnf in bound() {
            let token = api
                .token()
                .raw_payload(&api.claims(&[("cnf", &cnf)]))
                .mint();
            assert_eq!(
                api.reason(&token),
                Some(ProofOfPossessionMissing),
                "D07: {cnf}"
            );
            let rejection = api.judge(&token).unwrap_err();
            assert_eq!(rejection.oauth_error(), Some("invalid_token"), "D07: {cnf}");
            assert_eq!(rejection.status(), 401, "D07: {cnf}");
        }
    }
}

#[test]
fn d07_the_core_alone_gives_no_access_token() {
    let api = Api::new();
    let policy = Policy::builder()
        .issuer(ISSUER)
        .audience(API)
        .build()
        .unwrap();
    let keys = Evidence::Keys(Arc::new(KeySet::from_jwks(&api.issuer.jwks()).unwrap()));
    for cnf in bound() {
        let text = api
            .token()
            .raw_payload(&api.claims(&[("cnf", &cnf)]))
            .mint();
        let presented = PresentedToken::parse(&text).unwrap();
        // Its signature and claims hold: only its binding is not proven.
        let unconfirmed = verify(&presented, &keys, &policy, api.clock.now()).unwrap();
        assert!(
            !format!("{unconfirmed:?}").contains(THUMBPRINT),
            "D07: {unconfirmed:?}"
        );
        let rejection = unconfirmed.confirm(&Possession::bearer()).unwrap_err();
        assert_eq!(rejection.reason(), ProofOfPossessionMissing, "D07: {cnf}");
        assert!(
            rejection.reason().is_found_in_verified_token(),
            "D07: {cnf}"
        );
    }
}

#[test]
fn d07_an_unsound_cnf_is_never_no_cnf() {
    let api = Api::new();
    let members = |value: &str| [r#"{"jkt":"#, r#"{"x5t#S256":"#].map(|m| format!("{m}{value}}}"));
    let cut = &THUMBPRINT[..42];
    // 43 characters whose last one has bits that 32 bytes don't fill.
    let spare_bits = format!("\"{cut}t\"");
    let mut unsound: Vec<String> = [
        "null",
        "{}",
        "[]",
        r#"[{"jkt":"a"}]"#,
        r#""""#,
        r#""jkt""#,
        "1",
        "true",
        "false",
    ]
    .map(str::to_owned)
    .to_vec();
    for value in [
        "null".to_owned(),
        r#""""#.to_owned(),
        "1".to_owned(),
        "{}".to_owned(),
        format!(r#"["{THUMBPRINT}"]"#),
        format!("\"{cut}\""),
        format!("\"{THUMBPRINT}A\""),
        format!("\"{THUMBPRINT}AA\""),
        format!("\"{THUMBPRINT}{THUMBPRINT}\""),
        format!("\"{THUMBPRINT}=\""),
        format!("\" {cut}\""),
        format!("\"{cut}.\""),
        // The other alphabet; 16, 20 and 64 bytes are other digests.
        r#""NzbLsXh8uDCcd+6MNwXF4W/7noWXFZAfHkxZsRGC9Xs""#.to_owned(),
        format!("\"{}\"", "A".repeat(22)),
        format!("\"{}\"", "A".repeat(27)),
        format!("\"{}\"", "A".repeat(86)),
        spare_bits,
    ] {
        unsound.extend(members(&value));
    }
    // One good member does not excuse the other, in either order.
    unsound.push(format!(r#"{{"jkt":"{THUMBPRINT}","x5t#S256":null}}"#));
    unsound.push(format!(r#"{{"jkt":"a","x5t#S256":"{THUMBPRINT}"}}"#));
    unsound.push(r#"{"jkt":null,"kid":"a"}"#.to_owned());
    for cnf in unsound {
        let token = api
            .token()
            .raw_payload(&api.claims(&[("cnf", &cnf)]))
            .mint();
        assert_eq!(
            api.reason(&token),
            Some(MalformedConfirmation),
            "D07: {cnf}"
        );
    }
    let doubled = format!(r#"{{"jkt":"{THUMBPRINT}","jkt":"{THUMBPRINT}"}}"#);
    let token = api
        .token()
        .raw_payload(&api.claims(&[("cnf", &doubled)]))
        .mint();
    assert_eq!(api.reason(&token), Some(MalformedPayload), "D07: {doubled}");
}

#[test]
fn m03_only_members_we_do_not_know() {
    let api = Api::new();
    for cnf in [
        r#"{"jwk":{"kty":"OKP"}}"#,
        r#"{"kid":"a"}"#,
        r#"{"x5t":"a","osc":{}}"#,
        r#"{"JKT":"NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"}"#,
        r#"{"jkt ":"NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"}"#,
        r#"{"x5t#s256":null}"#,
        r#"{"":null}"#,
    ] {
        let token = api.token().raw_payload(&api.claims(&[("cnf", cnf)])).mint();
        assert_eq!(api.reason(&token), Some(UnknownConfirmation), "M03: {cnf}");
    }
}

#[test]
fn d07_a_bound_token_without_its_signature_says_nothing_of_its_binding() {
    let api = Api::new();
    let other = Api::new();
    let claims = api.claims(&[("cnf", &bound()[0])]);
    let forged = api
        .token()
        .raw_payload(&claims)
        .signed_by(&other.issuer)
        .mint();
    let rejection = api.judge(&forged).unwrap_err();
    assert_eq!(
        rejection.reason(),
        resource_server::Reason::BadSignature,
        "D07"
    );
    assert!(!rejection.reason().is_found_in_verified_token(), "D07");
    let error = block_on(api.validator.validate(&forged)).unwrap_err();
    assert_eq!(error.status(), 401, "D07");
}
