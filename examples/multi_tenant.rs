//! One API for many tenants of one authorization server: which tenants are allowed is decided per token, and each tenant's
//! keys are fetched at its first token.
//!
//! `cargo run --example multi_tenant --features testing`

use std::collections::HashSet;
use std::error::Error as StdError;
use std::sync::{Arc, RwLock};

use resource_server::testing::{TestIssuer, TestServer};
use resource_server::{Error, Issuer, Requirement, Tenants, Validator};

const AUDIENCE: &str = "https://api.example.com";

#[tokio::main]
async fn main() -> Result<(), Box<dyn StdError>> {
    // Two tenants' authorization servers; most products have all of them under one host.
    let acme = TestServer::builder(AUDIENCE)
        .path("/realms/acme")
        .start()
        .await?;
    let globex = TestServer::builder(AUDIENCE)
        .path("/realms/globex")
        .start()
        .await?;

    // The customers of this API, as a table of its own has them. They come and go while it runs.
    let customers = Arc::new(RwLock::new(HashSet::from(["acme".to_owned()])));
    let table = Arc::clone(&customers);
    let is_customer = move |realm: &str| table.read().is_ok_and(|table| table.contains(realm));

    let validator = Validator::builder()
        .audience(AUDIENCE)
        // One entry for all realms below a host.
        .issuer(Issuer::discover_tenants(
            format!("{}/realms/{{realm}}", acme.url()),
            Tenants::matching(is_customer.clone()),
        ))
        .issuer(Issuer::discover_tenants(
            format!("{}/realms/{{realm}}", globex.url()),
            Tenants::matching(is_customer),
        ))
        .build()?;

    println!("acme is a customer, globex is not yet:");
    show(&validator, acme.issuer()).await;
    show(&validator, globex.issuer()).await;
    println!("    fetched from globex: {}", globex.fetches().jwks);

    println!("globex becomes one:");
    customers
        .write()
        .map_err(|_| "the table is poisoned")?
        .insert("globex".to_owned());
    show(&validator, globex.issuer()).await;

    println!("A token that globex signed, with the issuer of acme in it:");
    let forged = globex.issuer().token().issuer(acme.issuer().name()).mint();
    let refused = validator.validate(&forged).await;
    match &refused {
        Err(error @ Error::Rejected(_)) => println!("    {} {}", error.status(), error.explain()),
        other => return Err(format!("not refused: {other:?}").into()),
    }

    println!("What is held:");
    for issuer in validator.health() {
        for tenant in &issuer.status().tenants {
            println!("    {}: keys of age {:?}", tenant.issuer, tenant.status.age);
        }
    }
    Ok(())
}

async fn show(validator: &Validator, issuer: &TestIssuer) {
    let bearer = issuer.token().subject("alice").scope("orders:read").mint();
    let judged = validator.validate(&bearer).await.and_then(|token| {
        token.require(&Requirement::scope("orders:read"))?;
        Ok(token)
    });
    match judged {
        // What a tenant may see is for the API to decide, by the tenant of the token.
        Ok(token) => println!("    200 tenant {:?}, {:?}", token.tenant(), token.subject()),
        Err(error) => println!("    {} {}", error.status(), error.explain()),
    }
}
