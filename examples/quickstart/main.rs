//! The crate at work: good and bad tokens with the status, the reason and the explanation of each;
//! then what callers see while keys rotate, and while the authorization server is down.
//!
//! `cargo run --example quickstart --features testing`

mod outage;
mod print;
mod tokens;

use std::error::Error as StdError;
use std::time::Instant;

use resource_server::testing::{ManualClock, TestServer};
use resource_server::{
    AccessToken, Algorithm, Error, Issuer, Requirement, Validator,
    clock::{Clock, SystemClock},
};

const AUDIENCE: &str = "https://api.example.com";

/// What an API writes in each request handler.
async fn handle(validator: &Validator, bearer: &str) -> Result<AccessToken, Error> {
    let token = validator.validate(bearer).await?;
    token.require(&Requirement::scope("orders:read"))?;
    Ok(token)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn StdError>> {
    // Replaces your authorization server in this example.
    let server = TestServer::start(AUDIENCE).await?;
    // The program turns this clock, so that the hours of an outage pass at once.
    let clock = ManualClock::at(SystemClock::new().now());

    // What an API writes, once at start. The clock is for this demonstration.
    let validator = Validator::builder()
        .audience(AUDIENCE)
        .issuer(Issuer::discover(server.url()))
        .clock(clock.clone())
        .build()?;

    let issuer = server.issuer().clone().clock(clock.clone()).algorithms([
        Algorithm::RS256,
        Algorithm::PS256,
        Algorithm::ES256,
        Algorithm::ES384,
        Algorithm::Ed25519,
        Algorithm::MlDsa65,
    ]);
    validator.warm_up().await?;

    print::heading_of_tokens();
    let mut surprises = 0;
    for (case, expected, bearer) in tokens::all(&issuer, clock.now()) {
        let started = Instant::now();
        let outcome = handle(&validator, &bearer).await;
        let status = print::token(case, &outcome, started.elapsed());
        surprises += usize::from(status != expected);
    }

    surprises += outage::show(&validator, &server, &issuer, &clock).await;
    match surprises {
        0 => Ok(()),
        _ => Err(format!("{surprises} cases had an unexpected result").into()),
    }
}
