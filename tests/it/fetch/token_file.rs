//! Row F02: one read of a bearer token's file serves all who wait for it.

use std::fs;
use std::sync::{Arc, Mutex};

use resource_server::testing::TestIssuer;
use resource_server::{Fetch, Issuer, Tenants};
use serde_json::json;

use crate::support::http::{AUDIENCE, by_request, clock, ok, validator};

const SECRET: &str = "s3cr3t-of-the-caller";

#[tokio::test]
async fn f02_the_first_tokens_of_forty_tenants_at_once_share_a_read() {
    let path = std::env::temp_dir().join(format!("resource-server-s-{}", std::process::id()));
    fs::write(&path, SECRET).unwrap();
    let clock = clock();
    let signer = TestIssuer::new("https://as.example.com", AUDIENCE).clock(clock.clone());
    let jwks = signer.jwks();
    let base = Arc::new(Mutex::new(String::new()));
    let host = Arc::clone(&base);
    let (url, requests) = by_request(move |request| {
        let path = request.split(' ').nth(1).unwrap();
        let tenant = path.split('/').nth(1).unwrap();
        let base = host.lock().unwrap();
        let issuer = format!("{base}/{tenant}");
        if path.ends_with("/keys") {
            ok(&jwks, "")
        } else {
            let metadata = json!({"issuer": issuer, "jwks_uri": format!("{issuer}/keys")});
            ok(&metadata.to_string(), "")
        }
    })
    .await;
    let url = url.trim_end_matches("/jwks").to_owned();
    base.lock().unwrap().clone_from(&url);
    let issuer = Issuer::discover_tenants(
        format!("{url}/{{tenantid}}"),
        Tenants::matching(|tenant| tenant.starts_with('t')),
    );
    let validator = validator(issuer.fetch(Fetch::new().bearer_file(&path)), &clock);
    let calls: Vec<_> = (0..40)
        .map(|number| {
            let token = signer.token().issuer(&format!("{url}/t{number}")).mint();
            let validator = validator.clone();
            tokio::spawn(async move { validator.validate(&token).await })
        })
        .collect();
    for (number, call) in calls.into_iter().enumerate() {
        let judged = call.await.unwrap();
        assert!(judged.is_ok(), "tenant {number}: {judged:?}");
    }
    fs::remove_file(&path).unwrap();
    let bearer = format!("authorization: Bearer {SECRET}");
    let requests = requests.lock().unwrap();
    assert!(requests.iter().all(|request| request.contains(&bearer)));
    // Two addresses of metadata, of which the second is right, and the keys.
    assert_eq!(requests.len(), 120);
}
