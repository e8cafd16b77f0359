//! Rows C07 and T09: other kinds of JWT of the same issuer, by their type and by their claims.

use resource_server::Reason::{NotAnAccessToken, TypeNotAccepted};
use resource_server::error::PolicyErrorKind::TypeNotAcceptable;
use resource_server::{Policy, Profile, testing::TestToken};
use serde_json::json;

use crate::support::{API, Api, ISSUER, assert_explained};

const OTHERS: [(&str, &str); 14] = [
    ("dpop+jwt", "DPoP proof"),
    ("logout+jwt", "logout token"),
    ("secevent+jwt", "security event"),
    ("token-introspection+jwt", "introspection response"),
    ("txntoken+jwt", "transaction token"),
    ("wit+jwt", "workload identity token"),
    ("wpt+jwt", "proof of possession"),
    ("kb+jwt", "key binding"),
    ("dc+sd-jwt", "credential"),
    ("statuslist+jwt", "status list"),
    ("oauth-client-attestation+jwt", "client attestation"),
    ("oauth-client-attestation-pop+jwt", "client attestation"),
    ("oauth-id-jag+jwt", "identity assertion"),
    ("client-authentication+jwt", "client's assertion"),
];

#[test]
fn t09_types_of_other_kinds_are_refused_in_every_profile_and_named() {
    let own_type = Policy::builder().accepted_types(["vendor+jwt", "at+jwt"]);
    let profiles = [
        Policy::builder(),
        Policy::builder().profile(Profile::Rfc9068),
        Policy::builder()
            .profile(Profile::Cognito)
            .allowed_clients(["test-client"]),
        own_type,
    ];
    for api in profiles.map(Api::with) {
        for (typ, kind) in OTHERS {
            for spelling in [
                typ.to_owned(),
                typ.to_uppercase(),
                format!("application/{typ}"),
            ] {
                let rejection = api.judge(&api.token().typ(&spelling).mint()).unwrap_err();
                assert_explained(&rejection, TypeNotAccepted, &[&spelling, kind], &[]);
            }
        }
    }
}

#[test]
fn t09_no_policy_accepts_types_of_other_kinds() {
    for (typ, _) in OTHERS {
        for spelling in [
            typ.to_owned(),
            typ.to_uppercase(),
            format!("Application/{typ}"),
        ] {
            let settings = Policy::builder().issuer(ISSUER).audience(API);
            let error = settings
                .accepted_types(["at+jwt", &spelling])
                .build()
                .unwrap_err();
            assert_eq!(
                error.problems(),
                [TypeNotAcceptable(spelling.clone())],
                "T09"
            );
        }
    }
}

/// Signed authorization responses (JARM) have the client as their audience.
#[test]
fn c07_a_signed_authorization_response_is_not_an_access_token() {
    let bare = |token: TestToken| token.typ("JWT").without("sub").without("scope");
    for settings in [Policy::builder(), Policy::builder().allow_id_token_claims()] {
        let api = Api::with(settings);
        for parameter in ["code", "error", "access_token", "id_token"] {
            let response = || bare(api.token()).claim(parameter, "x").claim("state", "y");
            let rejection = api.judge(&response().mint()).unwrap_err();
            let quoted = format!("\"{parameter}\"");
            assert_explained(
                &rejection,
                NotAnAccessToken,
                &[&quoted, "\"state\"", "JARM"],
                &[],
            );
            let nulls = bare(api.token())
                .claim(parameter, json!(null))
                .claim("state", json!(null));
            assert_eq!(
                api.reason(&nulls.mint()),
                Some(NotAnAccessToken),
                "C07: {parameter}"
            );
            // Alone it may be a claim of the provider's.
            let alone = bare(api.token()).claim(parameter, "x");
            assert_eq!(api.reason(&alone.mint()), None, "C07: {parameter}");
            // An explicit type lifts the guard.
            let typed = response().typ("at+jwt");
            assert_eq!(api.reason(&typed.mint()), None, "C07: {parameter}");
        }
        assert_eq!(
            api.reason(&bare(api.token()).claim("state", "CA").mint()),
            None
        );
    }
}
