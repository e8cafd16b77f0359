//! Rows C03, C08, C14, O01 and P07: slips of issuers and of settings, and the explanation that
//! leads out of each.

use std::time::Duration;

use resource_server::Reason::{
    ClaimMissing, ClientNotAllowed, InsufficientScope, IssuedInTheFuture, IssuerMismatch,
    LifetimeTooLong, MalformedClaim, MalformedScope, NotYetValid,
};
use resource_server::{
    Error, Policy, PolicyBuilder, Rejection, Requirement,
    claims::{ClaimPath, RequiredClaim},
    testing::TestToken,
};
use serde_json::json;

use crate::support::{Api, NOW, assert_explained};

fn refused(settings: PolicyBuilder, change: impl Fn(TestToken) -> TestToken) -> Rejection {
    let api = Api::with(settings);
    api.judge(&change(api.token()).mint()).expect_err("refused")
}

#[test]
fn c08_a_list_of_scopes_names_the_setting() {
    for list in [json!(["read"]), json!([]), json!(["read", 1])] {
        let rejection = refused(Policy::builder(), |t| t.claim("scope", list.clone()));
        assert_explained(
            &rejection,
            MalformedScope,
            &["is a list", "allow_scope_array"],
            &["characters"],
        );
    }
    for other in [json!("a\tb"), json!(1), json!({})] {
        let rejection = refused(Policy::builder(), |t| t.claim("scope", other.clone()));
        assert_explained(
            &rejection,
            MalformedScope,
            &["characters"],
            &["allow_scope_array"],
        );
    }
    let api = Api::with(Policy::builder().allow_scope_array());
    assert_eq!(
        api.reason(&api.token().claim("scope", json!(["read"])).mint()),
        None
    );
}

#[test]
fn c03_an_exp_in_milliseconds_is_no_time_in_seconds() {
    let api = Api::new();
    for (factor, unit) in [
        (1_000, "milliseconds"),
        (1_000_000, "microseconds"),
        (1_000_000_000, "nanoseconds"),
    ] {
        for seconds in [NOW - 9_999, NOW, NOW + 300, 1_262_304_000, 4_417_977_599] {
            // The issue time says the same, or is absent.
            for token in [
                api.token().without("iat"),
                api.token().claim("iat", NOW * factor),
            ] {
                let rejection = api
                    .judge(&token.claim("exp", seconds * factor).mint())
                    .unwrap_err();
                assert_explained(
                    &rejection,
                    MalformedClaim,
                    &["exp", unit, "seconds since 1970"],
                    &["clock"],
                );
            }
        }
    }
    // Far ahead on purpose, as RFC 7519 allows it.
    for exp in [
        9_999_999_999,
        32_503_680_000,
        99_999_999_999,
        253_402_300_799,
        253_402_300_800,
        999_999_999_999,
        9_999_999_999_999,
        9_007_199_254_740_991,
        8_640_000_000_000_000,
        1_000_000_000_000_000_000,
        i64::MAX,
    ] {
        assert_eq!(
            api.reason(&api.token().claim("exp", exp).mint()),
            None,
            "C03: {exp}"
        );
    }
}

#[test]
fn p07_a_time_in_milliseconds_is_not_a_wrong_clock() {
    let milliseconds = NOW * 1_000;
    for (claim, reason) in [("nbf", NotYetValid), ("iat", IssuedInTheFuture)] {
        let rejection = refused(Policy::builder(), |t| t.claim(claim, milliseconds));
        assert_explained(
            &rejection,
            reason,
            &["looks like milliseconds", "seconds since 1970"],
            &["clocks"],
        );
        let rejection = refused(Policy::builder(), |t| t.claim(claim, NOW + 3_600));
        assert_explained(&rejection, reason, &["clocks"], &["milliseconds"]);
    }
    let short = Policy::builder().max_remaining(Duration::from_secs(600));
    let rejection = refused(short, |t| t.claim("exp", NOW + 3_600));
    assert_explained(&rejection, LifetimeTooLong, &["600 s"], &["milliseconds"]);
}

fn insufficient(settings: PolicyBuilder, change: impl Fn(TestToken) -> TestToken) -> Rejection {
    let api = Api::with(settings);
    let token = api.judge(&change(api.token()).mint()).unwrap();
    let Err(Error::Rejected(rejection)) = token.require(&Requirement::scope("orders:read")) else {
        panic!("not refused");
    };
    rejection
}

#[test]
fn o01_a_token_without_a_scope_claim_is_explained_as_such() {
    let rejection = insufficient(Policy::builder(), |t| t.without("scope").without("scp"));
    assert_explained(
        &rejection,
        InsufficientScope,
        &["\"orders:read\"", "no scope claim at all"],
        &["its scopes"],
    );
    for scope in ["", "orders:write"] {
        let rejection = insufficient(Policy::builder(), |t| t.claim("scope", scope));
        assert_explained(
            &rejection,
            InsufficientScope,
            &["\"orders:read\"", "its scopes"],
            &["at all"],
        );
    }
}

/// A name with dots is literal. It is a slip only if the token has the nested path and not the
/// name.
#[test]
fn c14_a_dotted_name_for_a_nested_path_is_reported() {
    const ADVICE: &str = r#"ClaimPath::nested(["realm_access", "roles"])"#;
    let nested = json!({"roles": ["clerk"]});
    let dotted = || Policy::builder().role_claims(["realm_access.roles"]);
    let rejection = insufficient(dotted(), |t| t.claim("realm_access", nested.clone()));
    let words = ["roles are not read", "\"realm_access.roles\"", ADVICE];
    assert_explained(&rejection, InsufficientScope, &words, &["clerk"]);

    let right = Policy::builder().role_claims([ClaimPath::nested(["realm_access", "roles"])]);
    for (settings, claim, value) in [
        (right, "realm_access", nested.clone()),
        (dotted(), "realm_access.roles", json!(["clerk"])),
        (dotted(), "realm_access", json!({})),
        (dotted(), "realm_access", json!("roles")),
        (
            Policy::builder().role_claims(["a..b"]),
            "a",
            json!({"": {"b": "c"}}),
        ),
        (
            Policy::builder().role_claims(["roles"]),
            "realm_access",
            nested.clone(),
        ),
    ] {
        let rejection = insufficient(settings, |t| t.claim(claim, value.clone()));
        assert_explained(&rejection, InsufficientScope, &["orders:read"], &["nested"]);
    }

    // The same slip in other settings that name claims.
    let required = Policy::builder().required_claim(RequiredClaim::equals("org.id", "a"));
    let rejection = refused(required, |t| t.claim("org", json!({"id": "a"})));
    assert_explained(
        &rejection,
        ClaimMissing,
        &[r#"ClaimPath::nested(["org", "id"])"#],
        &[],
    );
    let client = Policy::builder()
        .client_claims(["app.client.id"])
        .allowed_clients(["web"]);
    let rejection = refused(client, |t| t.claim("app", json!({"client": {"id": "web"}})));
    assert_explained(
        &rejection,
        ClientNotAllowed,
        &[r#"ClaimPath::nested(["app", "client", "id"])"#],
        &["\"web\""],
    );
    let partly = ClaimPath::nested(["a.b", "c"]);
    let required = Policy::builder().required_claim(RequiredClaim::present(partly));
    let rejection = refused(required, |t| t.claim("a", json!({"b": {"c": 1}})));
    assert_explained(
        &rejection,
        ClaimMissing,
        &[r#"ClaimPath::nested(["a", "b", "c"])"#],
        &[],
    );
}

/// The issuer's name is what tokens have. The address to fetch from is another setting (S01).
#[test]
fn p07_the_name_of_the_issuer_is_what_tokens_have() {
    for found in [
        "https://as.example.com/",
        "http://as.example.com",
        "https://as.example.com:8443",
    ] {
        let rejection = refused(Policy::builder(), |t| t.claim("iss", found));
        let words = [
            "write the issuer as the token has it",
            "discovery_at",
            "jwks_at",
        ];
        assert_explained(&rejection, IssuerMismatch, &words, &[]);
    }
}

#[cfg(feature = "fetch")]
mod of_providers {
    use resource_server::{Issuer, Tenants, Validator, providers};

    fn error_of(issuer: Issuer) -> String {
        let built = Validator::builder().audience("api").issuer(issuer).build();
        built.expect_err("a problem").to_string()
    }

    #[test]
    fn c14_a_url_in_place_of_a_providers_setting_is_reported_with_the_right_value() {
        let guid = "72F988BF-86f1-41af-91ab-2d7cd011db47";
        #[rustfmt::skip]
        let table: Vec<(Issuer, &str, &str)> = vec![
            (providers::auth0("https://x.eu.auth0.com/"), "https://x.eu.auth0.com/", "x.eu.auth0.com"),
            (providers::auth0("https://x.eu.auth0.com"), "https://x.eu.auth0.com", "x.eu.auth0.com"),
            (providers::auth0("X.eu.auth0.com"), "X.eu.auth0.com", "x.eu.auth0.com"),
            (providers::okta("https://x.okta.com/oauth2/default", "default"), "https://x.okta.com/oauth2/default", "x.okta.com"),
            (providers::okta("x.okta.com", "oauth2/default"), "oauth2/default", "default"),
            (providers::okta("x.okta.com", "https://x.okta.com/oauth2/aus1"), "https://x.okta.com/oauth2/aus1", "aus1"),
            (providers::keycloak("https://a.b/realms/shop/", "c"), "https://a.b/realms/shop/", "https://a.b/realms/shop"),
            (providers::keycloak("https://a.b/realms/shop/.well-known/openid-configuration", "c"), "https://a.b/realms/shop/.well-known/openid-configuration", "https://a.b/realms/shop"),
            (providers::keycloak("https://a.b/realms/shop/protocol/openid-connect/certs", "c"), "https://a.b/realms/shop/protocol/openid-connect/certs", "https://a.b/realms/shop"),
            (providers::cognito("eu-west-1", "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_A", ["c"]), "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_A", "eu-west-1_A"),
            (providers::firebase("https://securetoken.google.com/shop-1"), "https://securetoken.google.com/shop-1", "shop-1"),
            (providers::github_actions("https://github.com/octo/repo.git"), "https://github.com/octo/repo.git", "octo/repo"),
            (providers::github_actions("octo/repo.git"), "octo/repo.git", "octo/repo"),
            (providers::google(["serviceAccount:a@b.iam.gserviceaccount.com"]), "serviceAccount:a@b.iam.gserviceaccount.com", "a@b.iam.gserviceaccount.com"),
            (providers::kubernetes("https://k.example.com", ["system:serviceaccount:shop:web"]), "system:serviceaccount:shop:web", "shop"),
            (providers::spiffe("spiffe://example.org"), "spiffe://example.org", "example.org"),
            (providers::entra_id_v2(Tenants::only([guid])), guid, "72f988bf-86f1-41af-91ab-2d7cd011db47"),
        ];
        for (issuer, value, instead) in table {
            let error = error_of(issuer);
            assert!(
                error.contains(&format!("\"{value}\" is not a")),
                "C14: {error}"
            );
            assert!(
                error.contains(&format!(": write \"{instead}\"")),
                "C14: {error}"
            );
        }
        // No address is made of a URL, and nothing is guessed.
        assert!(
            !error_of(providers::auth0("https://x.eu.auth0.com/")).contains("https://https://")
        );
        for issuer in [
            providers::auth0("user@example.com"),
            providers::keycloak("https://sso.example.com", "api"),
            providers::github_actions("octo-org/octo-repo/x"),
            providers::google(["alice@gmail.com"]),
            providers::entra_id_v2(Tenants::only(["common"])),
        ] {
            let error = error_of(issuer);
            assert!(!error.contains(": write \""), "C14: {error}");
        }
    }
}
