//! One API with tokens of two kinds: JWTs are verified with their issuer's keys, opaque tokens are
//! introspected (RFC 7662). Then a revocation, and an outage.
//!
//! `cargo run --example introspection --features testing`

use std::error::Error as StdError;
use std::time::Duration;

use resource_server::testing::{Fault, ManualClock, TestServer};
use resource_server::{
    AccessToken, Error, Issuer, Validator,
    clock::{Clock, SystemClock},
};
use serde_json::json;

const AUDIENCE: &str = "https://api.example.com";

#[tokio::main]
async fn main() -> Result<(), Box<dyn StdError>> {
    // Replaces your authorization server in this example.
    let server = TestServer::start(AUDIENCE).await?;
    // The program turns this clock, so that cached responses expire at once.
    let clock = ManualClock::at(SystemClock::new().now());

    // What an API writes, once at start. Instead of `server.introspection()`, write
    // `Introspection::discover().client_secret_basic("orders-api", &secret)`.
    let validator = Validator::builder()
        .audience(AUDIENCE)
        .issuer(Issuer::discover(server.url()).introspection(server.introspection()))
        .clock(clock.clone())
        .build()?;

    let jwt = server.issuer().clone().clock(clock.clone()).token();
    let jwt = jwt.subject("alice").scope("orders:read").mint();
    let opaque = server.opaque_token(json!({"sub": "bob", "scope": "orders:read"}));
    server.know(&jwt, json!({"sub": "alice", "scope": "orders:read"}));
    let calls = || server.fetches().introspection;

    println!("A JWT:");
    show(&validator.validate(&jwt).await);
    println!("    introspection calls: {}", calls());

    println!("An opaque token, presented 100 times at once:");
    let tasks: Vec<_> = (0..100)
        .map(|_| {
            let (validator, opaque) = (validator.clone(), opaque.clone());
            tokio::spawn(async move { validator.validate(&opaque).await.is_ok() })
        })
        .collect();
    let mut accepted = 0;
    for task in tasks {
        accepted += usize::from(task.await?);
    }
    println!("    accepted: {accepted}, introspection calls: {}", calls());

    println!("Both are revoked. The opaque token, before and after its cached response expires:");
    server.revoke(&opaque);
    server.revoke(&jwt);
    show(&validator.validate(&opaque).await);
    clock.advance(Duration::from_secs(60));
    show(&validator.validate(&opaque).await);

    println!("The JWT is accepted until it expires, except by validate_online:");
    show(&validator.validate(&jwt).await);
    show(&validator.validate_online(&jwt).await);

    println!("The introspection endpoint is down. That says nothing about a token:");
    server.fail_introspection(Fault::Status {
        code: 503,
        retry_after: Some(5),
    });
    let fresh = server.opaque_token(json!({"sub": "carol"}));
    let outage = validator.validate(&fresh).await;
    show(&outage);
    match outage {
        Err(Error::Unavailable(_)) => Ok(()),
        other => Err(format!("not an outage: {other:?}").into()),
    }
}

fn show(judged: &Result<AccessToken, Error>) {
    match judged {
        Ok(token) => {
            let how = if token.is_introspected() {
                "introspection"
            } else {
                "its signature"
            };
            let who = token.subject().unwrap_or("no subject");
            println!("    200 {who}, by {how}");
        }
        Err(error) => println!("    {} {}", error.status(), error.explain()),
    }
}
