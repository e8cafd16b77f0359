//! Tokens of the form that real issuers write, of rows C11, C14 and C15.

use resource_server::Reason::{ClaimMismatch, MalformedClaim};
use resource_server::{Policy, Profile, claims::RequiredClaim};
use serde_json::json;

use crate::support::Api;

/// AD FS, Ping and others write these claims in types of their own. Nothing reads them.
#[test]
fn c11_claims_that_nothing_asks_for_have_any_type() {
    let others = r#"null 1 "1603986887" "2020-03-14T18:52:01.180Z" true [] ["pwd"] {} [1]"#;
    let claims = [
        "auth_time",
        "acr",
        "amr",
        "sid",
        "email",
        "email_verified",
        "idtyp",
        "token_use",
        "org_id",
        "may_act",
    ];
    let settings = || Policy::builder().client_claims(["client_id"]);
    for api in [Api::new(), Api::with(settings())] {
        for claim in claims {
            api.check("C11", claim, &[(None, others)]);
        }
    }
    // RFC 9068 section 2.2.1 defines these two.
    let api = Api::with(Policy::builder().profile(Profile::Rfc9068));
    let no_number = r#"null "1603986887" "2020-03-14T18:52:01.180Z" true [] {}"#;
    let no_string = r"null 1 true [] {}";
    api.check(
        "C11",
        "auth_time",
        &[(Some(MalformedClaim), no_number), (None, "1603986887 -1.5")],
    );
    api.check(
        "C11",
        "acr",
        &[(Some(MalformedClaim), no_string), (None, r#""1" """#)],
    );
    api.check("C11", "amr", &[(None, others)]);
    // A requirement of the policy asks too.
    let silver = Policy::builder().required_claim(RequiredClaim::equals("acr", "silver"));
    let api = Api::with(silver);
    api.check(
        "C11",
        "acr",
        &[
            (Some(ClaimMismatch), r#"1 ["silver"]"#),
            (None, r#""silver""#),
        ],
    );
}

/// Accessors of the access token read nothing of a type that was not checked.
#[test]
fn c11_accessors_rest_on_checked_types() {
    let api = Api::new();
    let odd = api
        .token()
        .claim("auth_time", "1603986887")
        .claim("acr", 1)
        .claim("idtyp", 5);
    let token = api.judge(&odd.mint()).unwrap();
    assert_eq!(token.subject_kind(), None);
    assert_eq!(token.claim("acr"), Some(json!(1)));
    assert_eq!(token.claim("auth_time"), Some(json!("1603986887")));
}

#[test]
fn c11_what_the_verdict_rests_on_is_still_refused() {
    let api = Api::new();
    for claim in ["nbf", "iat"] {
        api.check(
            "C11",
            claim,
            &[(Some(MalformedClaim), r#""99999999999" null"#)],
        );
    }
    for profile in [Profile::Default, Profile::Rfc9068] {
        let api = Api::with(Policy::builder().profile(profile));
        api.check(
            "C11",
            "sub",
            &[(Some(MalformedClaim), r#""" null"#), (None, r#""a""#)],
        );
    }
    let rejection = api.judge(&api.minted(&[("sub", r#""""#)])).unwrap_err();
    assert!(
        rejection.explain().contains("\"sub\" claim is empty"),
        "{}",
        rejection.explain()
    );
}
