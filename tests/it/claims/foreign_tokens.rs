//! Tokens of well-known providers that are sent to the wrong place, and what `explain()` says of
//! them (row P07).

use crate::support::{self, API, Api};
use resource_server::Reason::{
    self, AudienceMismatch, AudienceMissing, BadSignature, EncryptedToken, IssuerMismatch,
    NotAnAccessToken, OpaqueToken, UnknownKey,
};
use resource_server::testing::{TestIssuer, TestToken};
use resource_server::{Error, Policy, PolicyBuilder, Profile, Rejection, Validator};
use serde_json::json;

const TENANT: &str = "11111111-2222-3333-4444-555555555555";
const GRAPH: &str = "00000003-0000-0000-c000-000000000000";
const POOL: &str = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Ab12Cd34E";
/// It appears in claims that must not be shown.
const MARKER: &str = "s3cr3tM4rk3r";

/// What the explanation says is nowhere else, and it never has the marker.
#[track_caller]
fn assert_explained(rejection: &Rejection, reason: Reason, has: &[&str], lacks: &[&str]) {
    support::assert_explained(rejection, reason, has, &[lacks, &[MARKER]].concat());
    for words in has {
        let shown = format!("{rejection}{rejection:?}").to_lowercase();
        assert!(!shown.contains(&words.to_lowercase()), "{shown}");
    }
}

fn v1() -> String {
    format!("https://sts.windows.net/{TENANT}/")
}

fn v2() -> String {
    format!("https://login.microsoftonline.com/{TENANT}/v2.0")
}

/// What an API that trusts `configured` says of a token of `found`.
fn refused(
    configured: &str,
    settings: PolicyBuilder,
    found: &str,
    change: impl FnOnce(TestToken) -> TestToken,
) -> Rejection {
    let api = Api::trusting(configured, settings);
    let token = api.token().issuer(found).claim("email", MARKER);
    api.judge(&change(token).mint()).unwrap_err()
}

#[test]
fn p07_a_token_for_microsoft_graph() {
    let words = ["Microsoft Graph", "scope of this API"];
    let as_microsoft_makes_it = |t: TestToken| t.typ("JWT").header("nonce", MARKER).audience(GRAPH);
    // An API with version 2 configured, one with version 1, and one whose audience was set to
    // Graph's because its author had no other.
    let elsewhere = refused(&v2(), Policy::builder(), &v1(), as_microsoft_makes_it);
    assert_explained(&elsewhere, IssuerMismatch, &words, &["manifest"]);
    let here = refused(&v1(), Policy::builder(), &v1(), as_microsoft_makes_it);
    assert_explained(&here, AudienceMismatch, &[words[0], words[1], GRAPH], &[]);
    let settings = || Policy::builder().audience(GRAPH);
    let unverifiable = |t: TestToken| as_microsoft_makes_it(t).signature(&[1; 64]);
    let forced = refused(&v1(), settings(), &v1(), unverifiable);
    assert_explained(&forced, BadSignature, &words, &[]);
    let other_key = |t: TestToken| as_microsoft_makes_it(t).header("kid", "graphs");
    let forced = refused(&v1(), settings(), &v1(), other_key);
    assert_explained(&forced, UnknownKey, &words, &[]);

    // By the audience alone, and by the header alone.
    for audience in [
        "https://graph.microsoft.com",
        "https://graph.microsoft.com/",
    ] {
        let by_name = refused(&v2(), Policy::builder(), &v2(), |t| t.audience(audience));
        assert_explained(&by_name, AudienceMismatch, &words, &[]);
    }
    let by_header = |t: TestToken| t.header("nonce", "n").audience("other");
    assert_explained(
        &refused(&v2(), Policy::builder(), &v2(), by_header),
        AudienceMismatch,
        &words,
        &[],
    );
    // A header of that name means nothing with others.
    let of_others = refused(
        "https://as.example.com",
        Policy::builder(),
        "https://as.example.com",
        by_header,
    );
    assert_explained(&of_others, AudienceMismatch, &[], &["Graph"]);
    let other_api = refused(&v2(), Policy::builder(), &v2(), |t| {
        t.audience("api://other")
    });
    assert_explained(&other_api, AudienceMismatch, &["api://other"], &["Graph"]);
}

#[test]
fn p07_the_two_versions_of_microsofts_tokens() {
    let other = "https://login.microsoftonline.com/99999999-2222-3333-4444-555555555555/v2.0";
    let (v1, v2) = (v1(), v2());
    for (configured, found, wanted) in [
        (&v2, &v1, "AcceptedVersion: 2"),
        (&v1, &v2, "AcceptedVersion: null"),
    ] {
        let rejection = refused(configured, Policy::builder(), found, |t| t);
        let names = [
            configured.as_str(),
            found.as_str(),
            "version 1",
            "version 2",
            wanted,
        ];
        assert_explained(&rejection, IssuerMismatch, &names, &["not configured"]);
    }
    let tenant = refused(other, Policy::builder(), &v2, |t| t);
    assert_explained(&tenant, IssuerMismatch, &["tenant"], &["manifest"]);
    let tenant = refused(other, Policy::builder(), &v1, |t| t);
    assert_explained(&tenant, IssuerMismatch, &["not configured"], &["manifest"]);
}

#[test]
fn p07_tokens_of_amazon_cognito() {
    let id_token = |t: TestToken| {
        t.typ("JWT")
            .audience("1example23456789")
            .without("client_id")
            .claim("token_use", "id")
            .claim("cognito:username", MARKER)
    };
    let cognito = || {
        Policy::builder()
            .profile(Profile::Cognito)
            .allowed_clients(["1example23456789"])
    };
    let words = ["ID token", "Cognito", "access token"];
    let by_default = refused(POOL, Policy::builder(), POOL, id_token);
    assert_explained(&by_default, AudienceMismatch, &words, &[]);
    let by_profile = refused(POOL, cognito(), POOL, id_token);
    assert_explained(&by_profile, NotAnAccessToken, &words, &[]);
    let other_pool = refused(
        "https://cognito-idp.eu-west-1.amazonaws.com/x",
        cognito(),
        POOL,
        id_token,
    );
    assert_explained(&other_pool, IssuerMismatch, &words, &[]);

    let access = |t: TestToken| t.typ("JWT").without("aud").claim("token_use", "access");
    let by_default = refused(POOL, Policy::builder(), POOL, access);
    assert_explained(
        &by_default,
        AudienceMissing,
        &["profile cognito", "allowed_clients"],
        &["ID token"],
    );
    // Of others, `token_use` says nothing.
    let of_others = refused(
        "https://as.example.com",
        Policy::builder(),
        "https://as.example.com",
        |t| t.audience("x").claim("token_use", "id"),
    );
    assert_explained(&of_others, AudienceMismatch, &[], &["Cognito"]);

    // Without an audience of the API's own, the explanation has none to name.
    let issuer = TestIssuer::new(POOL, API);
    let validator = Validator::builder()
        .issuer(issuer.to_issuer().policy(cognito()))
        .build()
        .unwrap();
    let token = issuer
        .token()
        .claim("token_use", "access")
        .audience("urn:x")
        .mint();
    let Some(Err(Error::Rejected(rejection))) = validator.validate_cached(&token) else {
        panic!("not refused");
    };
    assert_explained(&rejection, AudienceMismatch, &["urn:x", "none is set"], &[]);
}

#[test]
fn p07_a_token_whose_audience_is_its_client() {
    let to = |audience: &'static str, azp: serde_json::Value| {
        refused(
            "https://as.example.com",
            Policy::builder(),
            "https://as.example.com",
            |t| t.typ("JWT").audience(audience).claim("azp", azp),
        )
    };
    assert_explained(
        &to("web", json!("web")),
        AudienceMismatch,
        &["ID token", "client"],
        &[],
    );
    assert_explained(
        &to("urn:other", json!("web")),
        AudienceMismatch,
        &[],
        &["ID token"],
    );
    assert_explained(
        &to("urn:other", json!([MARKER])),
        AudienceMismatch,
        &[],
        &["ID token"],
    );
}

#[test]
fn p07_keycloaks_tokens_for_no_api() {
    const REALM: &str = "https://sso.example.com/realms/orders";
    let words = ["Keycloak", "audience mapper"];
    let account = refused(REALM, Policy::builder(), REALM, |t| {
        t.typ("JWT").audience("account")
    });
    assert_explained(
        &account,
        AudienceMismatch,
        &[words[0], words[1], "\"account\""],
        &[],
    );
    let several = refused(REALM, Policy::builder(), REALM, |t| {
        t.claim("aud", json!(["realm-management", "account"]))
            .claim("azp", "account")
    });
    assert_explained(&several, AudienceMismatch, &words, &["ID token"]);
    let none = refused(REALM, Policy::builder(), REALM, |t| t.without("aud"));
    assert_explained(&none, AudienceMissing, &words, &[]);
    let of_others = refused(
        "https://as.example.com",
        Policy::builder(),
        "https://as.example.com",
        |t| t.without("aud"),
    );
    assert_explained(&of_others, AudienceMissing, &[], &["Keycloak"]);
    let other = refused(REALM, Policy::builder(), REALM, |t| t.audience("accounts"));
    assert_explained(&other, AudienceMismatch, &[], &["Keycloak"]);
}

#[test]
fn p07_okta_keeps_its_orgs_tokens_to_itself() {
    const ORG: &str = "https://dev-123456.okta.com";
    const CUSTOM: &str = "https://dev-123456.okta.com/oauth2/default";
    let words = ["org authorization server", "/oauth2/default"];
    let elsewhere = refused(CUSTOM, Policy::builder(), ORG, |t| t.audience(ORG));
    assert_explained(
        &elsewhere,
        IssuerMismatch,
        &[words[0], words[1], "differ"],
        &[],
    );
    let here = refused(ORG, Policy::builder(), ORG, |t| t.audience(ORG));
    assert_explained(&here, AudienceMismatch, &words, &[]);
    let forced = refused(ORG, Policy::builder(), ORG, |t| {
        t.header("kid", "okta's own")
    });
    assert_explained(&forced, UnknownKey, &words, &[]);
    for (configured, found) in [
        (ORG, CUSTOM),
        ("https://as.example.com", "https://okta.com.evil.example"),
        ("https://as.example.com", "https://notokta.com"),
    ] {
        let other = refused(configured, Policy::builder(), found, |t| t);
        assert_explained(&other, IssuerMismatch, &[], &["org authorization server"]);
    }
}

#[test]
fn p07_tokens_that_are_no_signed_jwts() {
    let api = Api::new();
    let google = api.judge("ya29.a0AfH6SMBx-s3cr3tM4rk3r").unwrap_err();
    assert_explained(&google, OpaqueToken, &["Google"], &["Auth0"]);
    let opaque = api.judge("dGhpcyBpcyBub3QgYSB0b2tlbg").unwrap_err();
    assert_explained(
        &opaque,
        OpaqueToken,
        &["Auth0", "without an audience"],
        &["Google"],
    );
    // {"alg":"dir","enc":"A256GCM"}, without an encrypted key.
    let sealed = api
        .judge("eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..a.b.c")
        .unwrap_err();
    assert_explained(
        &sealed,
        EncryptedToken,
        &["Auth0", "no audience", "decryption key"],
        &[],
    );
}

/// What a token looks like explains a refusal and never makes or unmakes one.
#[test]
fn p07_a_good_token_is_good_whatever_it_looks_like() {
    for (issuer, audience) in [
        ("https://dev-123456.okta.com", API),
        (&*v1(), GRAPH),
        ("https://sso.example.com/realms/orders", "account"),
        (POOL, "web"),
    ] {
        let api = Api::trusting(issuer, Policy::builder().audience(audience));
        let token = api
            .token()
            .audience(audience)
            .claim("azp", audience)
            .header("nonce", "n");
        assert_eq!(
            api.reason(&token.claim("token_use", "id").mint()),
            None,
            "{issuer}"
        );
    }
}
