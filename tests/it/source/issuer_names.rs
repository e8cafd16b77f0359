//! Rows S01 and S14: an issuer whose tokens have another name than its metadata, the last of the
//! derived addresses, and the advice for the operator where metadata is missing.

use std::sync::LazyLock;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use resource_server::introspection::ClientKey;
use resource_server::testing::TestIssuer;
use resource_server::{Introspection, Issuer, Tenants};
use serde_json::{Value, json};

use crate::support::http::{
    AUDIENCE, HandMade, NOT_FOUND, clock, json as ok_json, ok, outage, url_decoded, validator,
};
use crate::support::signer;

/// What AD FS writes into `iss`.
const TOKENS: &str = "http://adfs.example/adfs/services/trust";
const OPAQUE: &str = "2YotnFZFEjr1zCsicMWpAA";
/// RFC 8037 appendix A.1.
const CLIENT_JWK: &str = r#"{"kty":"OKP","crv":"Ed25519",
    "d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;

/// All tokens are by one key.
static SIGNER: LazyLock<TestIssuer> = LazyLock::new(|| signer(TOKENS, &clock()));

/// A server with keys, an introspection endpoint, and documents by their path. `HOST` in a document
/// is the server's address.
async fn server(documents: Vec<(&'static str, Value)>) -> HandMade {
    let jwks = SIGNER.jwks();
    HandMade::answering(move |request| match request.path() {
        "/keys" => ok(&jwks, ""),
        "/ask" => ok_json(&json!({"active": true, "aud": AUDIENCE})),
        path => documents.iter().find(|(at, _)| *at == path).map_or_else(
            || NOT_FOUND.to_owned(),
            |(_, document)| ok(&document.to_string().replace("HOST", &request.host), ""),
        ),
    })
    .await
}

fn document(issuer: impl Into<Value>, access_token_issuer: impl Into<Value>) -> Value {
    let (issuer, access_token_issuer) = (issuer.into(), access_token_issuer.into());
    json!({
        "issuer": issuer, "access_token_issuer": access_token_issuer,
        "jwks_uri": "HOST/keys", "introspection_endpoint": "HOST/ask",
    })
}

/// What comes of a token of this issuer: `None` where it is accepted.
async fn outcome(issuer: Issuer, name: &str) -> Option<String> {
    let token = SIGNER.token().issuer(name).mint();
    let result = validator(issuer.refresh_on_demand(), &clock())
        .validate(&token)
        .await;
    match result {
        Ok(_) => None,
        refused => Some(outage(refused)),
    }
}

#[tokio::test]
async fn s14_the_configured_name_may_be_that_of_the_tokens() {
    let adfs = || json!("HOST/adfs");
    for (document, expected) in [
        (document(adfs(), json!(TOKENS)), None),
        (document(json!(TOKENS), json!("http://other.example")), None),
        (document(json!(TOKENS), json!(7)), None),
        (
            document(json!(null), json!(TOKENS)),
            Some("not a metadata document"),
        ),
        (
            document(adfs(), json!(format!("{TOKENS}/"))),
            Some("/adfs\""),
        ),
        (document(adfs(), json!([TOKENS])), Some("/adfs\"")),
    ] {
        let server = server(vec![("/doc", document.clone())]).await;
        let at = format!("{}/doc", server.host);
        let said = outcome(Issuer::new(TOKENS).discovery_at(at), TOKENS).await;
        match (expected, said) {
            (None, None) => {}
            (Some(part), Some(said)) => assert!(said.contains(part), "{said}"),
            (_, said) => panic!("{document}: {said:?}"),
        }
    }
}

#[tokio::test]
async fn s14_never_at_a_derived_address_or_for_a_template() {
    let of_tokens = "HOST/adfs/services/trust";
    let derived = "/adfs/services/trust/.well-known/openid-configuration";
    let server = server(vec![
        (derived, document(json!("HOST/adfs"), json!(of_tokens))),
        (
            "/a/doc",
            document(json!("HOST/adfs"), json!("https://as.example.com/a")),
        ),
        (
            "/doc",
            document(json!("HOST/adfs"), json!("https://as.example.com/{tenant}")),
        ),
    ])
    .await;
    let host = &server.host;
    let name = of_tokens.replace("HOST", host);
    let said = outcome(Issuer::discover(&name), &name).await.unwrap();
    assert!(said.contains("access_token_issuer"), "{said}");
    assert!(said.contains("discovery_at"), "{said}");
    for at in [format!("{host}/{{tenant}}/doc"), format!("{host}/doc")] {
        let issuer = Issuer::template("https://as.example.com/{tenant}", Tenants::only(["a"]));
        let said = outcome(issuer.discovery_at(at), "https://as.example.com/a").await;
        let said = said.expect("the document's own name is another");
        assert!(said.contains("/adfs\""), "{said}");
    }
    assert_eq!(server.asked_for("/keys"), 0);
}

#[tokio::test]
async fn s14_an_assertion_is_for_the_name_of_the_document() {
    for (issuer, expected) in [
        ("HOST/adfs", "HOST/adfs"),
        ("https://adfs.example/adfs", "https://adfs.example/adfs"),
        (TOKENS, TOKENS),
        // Another server, which would accept what it is not meant to have (CVE-2025-27370).
        ("https://honest.example", TOKENS),
        ("https://adfs.example:8443/adfs", TOKENS),
        ("honest", TOKENS),
    ] {
        let server = server(vec![("/doc", document(json!(issuer), json!(TOKENS)))]).await;
        let key = ClientKey::from_jwk(CLIENT_JWK).unwrap();
        let introspection = Introspection::discover().private_key_jwt("api", key);
        let issuer = Issuer::new(TOKENS)
            .discovery_at(format!("{}/doc", server.host))
            .introspection(introspection);
        validator(issuer, &clock()).validate(OPAQUE).await.unwrap();
        let requests = server.requests.lock().unwrap().clone();
        let asked = requests
            .iter()
            .find(|one| one.starts_with("POST "))
            .unwrap();
        let form = url_decoded(asked.split_once("\r\n\r\n").unwrap().1);
        let assertion = form.iter().find(|(name, _)| name == "client_assertion");
        let claims = assertion.unwrap().1.split('.').nth(1).unwrap();
        let claims: Value =
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap();
        assert_eq!(claims["aud"], expected.replace("HOST", &server.host));
    }
}

#[tokio::test]
async fn s01_rfc_8414s_name_behind_the_path_is_tried_last() {
    const LAST: &str = "/o/.well-known/oauth-authorization-server";
    let server = server(vec![(LAST, document(json!("HOST/o"), json!(null)))]).await;
    let name = format!("{}/o", server.host);
    let clock = clock();
    let token = || {
        let token = SIGNER.clone().clock(clock.clone()).token();
        token.issuer(&name).mint()
    };
    let validator = validator(Issuer::discover(&name).refresh_on_demand(), &clock);
    validator.validate(&token()).await.unwrap();
    let asked = || -> Vec<String> {
        let requests = server.requests.lock().unwrap();
        requests
            .iter()
            .map(|one| crate::support::http::path(one).to_owned())
            .collect()
    };
    assert_eq!(
        asked(),
        [
            "/.well-known/oauth-authorization-server/o",
            "/o/.well-known/openid-configuration",
            "/.well-known/openid-configuration/o",
            LAST,
            "/keys",
        ]
    );
    // A day later it is read first.
    clock.advance(Duration::from_secs(86_401));
    validator.validate(&token()).await.unwrap();
    assert_eq!(asked()[5..], [LAST, "/keys"]);
}

/// Only another setting ends these outages, so the error names it.
#[tokio::test]
async fn s01_want_of_metadata_names_the_settings_that_do_without() {
    const AT: &str = "/.well-known/oauth-authorization-server";
    let nothing = json!({"issuer": "HOST"});
    for documents in [vec![], vec![(AT, nothing)], vec![(AT, json!("<html>"))]] {
        let server = server(documents.clone()).await;
        let said = outcome(Issuer::discover(&server.host), &server.host).await;
        assert!(
            said.clone().unwrap().contains("Issuer::jwks_at"),
            "{said:?}"
        );
        let introspection = Introspection::discover().client_secret_basic("api", "hush-hush");
        let issuer = Issuer::new(&server.host).introspection(introspection);
        let said = outage(validator(issuer, &clock()).validate(OPAQUE).await);
        assert!(said.contains("Introspection::at"), "{said}");
    }
    // Another name is another mistake, and one that is not mended so.
    let server = server(vec![(
        AT,
        document(json!("https://evil.example"), json!(null)),
    )])
    .await;
    let said = outcome(Issuer::discover(&server.host), &server.host)
        .await
        .unwrap();
    assert!(said.contains("what tokens have in `iss`"), "{said}");
    assert!(said.contains("discovery_at"), "{said}");
    assert!(!said.contains("configure that name"), "{said}");
}
