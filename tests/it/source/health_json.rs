//! Row S08: the health of an issuer as JSON, for health endpoints.

use std::time::Duration;

use resource_server::testing::{Fault, TestServer};
use resource_server::{Algorithm, Issuer, StaticKeys, Tenants, Validator};
use serde_json::{Value, json};

use crate::support::http::{AUDIENCE, World, clock, until, validator};

const ED25519: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
/// RFC 8037 appendix A.3.
const THUMBPRINT: &str = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k";
const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";

fn health(validator: &Validator) -> Value {
    serde_json::to_value(validator.health()).unwrap()["issuers"].take()
}

#[tokio::test]
async fn s08_health_json_shows_keys_by_name_only() {
    let jwks = json!({"keys": [
        {"kty": "OKP", "crv": "Ed25519", "kid": "a", "x": ED25519},
        {"kty": "oct", "kid": "b", "k": "c2VjcmV0"},
    ]});
    let keys = StaticKeys::from_jwks(&jwks.to_string()).unwrap();
    let validator = Validator::builder()
        .audience(AUDIENCE)
        .issuer(Issuer::new("https://static.example.com").keys(keys))
        .issuer(Issuer::hmac(
            "https://hmac.example.com",
            Algorithm::HS256,
            SECRET,
        ))
        .build()
        .unwrap();
    let shown = health(&validator);
    assert_eq!(shown[0]["issuer"], "https://static.example.com");
    assert_eq!(shown[0]["is_ready"], true);
    let status = &shown[0]["status"];
    assert_eq!(
        status["keys"],
        json!([{"kid": "a", "thumbprint": THUMBPRINT}])
    );
    let skipped = &status["skipped_keys"][0];
    assert_eq!(
        (&skipped["index"], &skipped["kid"]),
        (&json!(1), &json!("b"))
    );
    assert!(skipped["reason"].is_string(), "{skipped}");
    // A thumbprint of a secret would help to guess the secret.
    assert_eq!(
        shown[1]["status"]["keys"],
        json!([{"kid": null, "thumbprint": null}])
    );
    let text = shown.to_string();
    assert!(!text.contains(ED25519), "{text}");
    assert!(!text.contains("c2VjcmV0"), "{text}");
}

#[tokio::test]
async fn s08_health_json_has_times_in_seconds_and_errors_as_text() {
    let world = World::new().await;
    let before = health(&world.validator);
    assert_eq!(
        before[0],
        json!({
            "issuer": world.server.url(),
            "is_ready": false,
            "status": {
                "keys": null,
                "skipped_keys": null,
                "is_confirmed": null,
                "age_seconds": null,
                "lifetime_seconds": null,
                "usable_for_seconds": 0.0,
                "last_asked_seconds_ago": null,
                "next_refresh_seconds": 0.0,
                "last_error": null,
                "tenants": [],
                "new_tenants": 0,
            },
        })
    );

    world.validate(&world.token()).await.unwrap();
    world.clock.advance(Duration::from_millis(1_500));
    let shown = health(&world.validator);
    let status = &shown[0]["status"];
    assert_eq!(shown[0]["is_ready"], true);
    assert_eq!(status["keys"].as_array().map(Vec::len), Some(1));
    assert_eq!(status["is_confirmed"], true);
    assert_eq!(status["age_seconds"], 1.5);
    assert_eq!(status["lifetime_seconds"], 600.0);
    assert_eq!(status["usable_for_seconds"], 4_198.5);
    assert_eq!(status["last_asked_seconds_ago"], 1.5);
    assert!(status["next_refresh_seconds"].is_f64(), "{status}");

    world.server.fail(Fault::Refused);
    world.clock.advance(Duration::from_secs(20));
    world.validate(&world.stray_token("a")).await.unwrap_err();
    until(|| world.last_error().is_some()).await;
    let shown = health(&world.validator);
    assert_eq!(
        shown[0]["status"]["last_error"],
        world.last_error().unwrap()
    );
}

#[tokio::test]
async fn s08_health_json_lists_tenants() {
    let server = TestServer::builder(AUDIENCE)
        .path("/realms/acme")
        .start()
        .await
        .unwrap();
    let template = format!("{}/realms/{{realm}}", server.url());
    let clock = clock();
    let validator = validator(
        Issuer::discover_tenants(template, Tenants::only(["acme"])),
        &clock,
    );
    let token = server.issuer().clone().clock(clock).token().mint();
    validator.validate(&token).await.unwrap();
    let shown = health(&validator);
    let tenant = &shown[0]["status"]["tenants"][0];
    assert_eq!(tenant["issuer"], server.issuer().name());
    assert_eq!(tenant["status"]["age_seconds"], 0.0);
    assert_eq!(
        tenant["status"]["keys"].as_array().map(Vec::len),
        Some(1),
        "{tenant}"
    );
}

/// A name that anyone can make up is not shown, and one that had keys is, also when it has none any
/// more.
#[tokio::test]
async fn s08_health_lists_no_tenant_that_never_had_keys() {
    let server = TestServer::builder(AUDIENCE)
        .path("/realms/acme")
        .start()
        .await
        .unwrap();
    let origin = server.url();
    let clock = clock();
    let hour = Duration::from_secs(3_600);
    let issuer = Issuer::discover_tenants(
        format!("{origin}/realms/{{realm}}"),
        Tenants::matching(|_| true),
    );
    let validator = validator(issuer.drop_idle_tenants_after(hour), &clock);
    let issuer = server.issuer().clone().clock(clock.clone());
    let token = || issuer.token().expires_in(hour * 24);
    // (what health lists, how many newcomers it reports)
    let listed = || {
        let shown = health(&validator);
        let status = &shown[0]["status"];
        let tenants = status["tenants"].as_array().unwrap().iter();
        let names: Vec<_> = tenants.map(|one| one["issuer"].clone()).collect();
        (names, status["new_tenants"].clone())
    };
    let acme = json!(server.issuer().name());
    validator.validate(&token().mint()).await.unwrap();
    server.fail(Fault::Refused);
    for name in ["made-up-1", "made-up-2"] {
        let made_up = token().issuer(&format!("{origin}/realms/{name}")).mint();
        validator.validate(&made_up).await.unwrap_err();
    }
    assert_eq!(listed(), (vec![acme.clone()], json!(2)));
    // Its keys are dropped, and can't be fetched again.
    clock.advance(hour * 2);
    validator.validate(&token().mint()).await.unwrap_err();
    assert_eq!(listed(), (vec![acme], json!(0)));
}
