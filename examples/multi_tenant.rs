//! One issuer entry for all tenants of an authorization server. A function decides for each token
//! whether its tenant is a customer, and customers come and go while the API runs.
//!
//! Here all tenants share one key set. Where each tenant has its own, use
//! `Issuer::discover_tenants(template, tenants)`: the rest stays the same.
//!
//! `cargo run --example multi_tenant --features testing`

use std::collections::HashSet;
use std::error::Error as StdError;
use std::sync::{Arc, RwLock};

use resource_server::testing::TestServer;
use resource_server::{AccessToken, Issuer, Tenants, Validator};

const AUDIENCE: &str = "https://api.example.com";
const TEMPLATE: &str = "https://login.example.com/{tenant}/v2.0";

#[tokio::main]
async fn main() -> Result<(), Box<dyn StdError>> {
    // Replaces your authorization server in this example.
    let server = TestServer::builder(AUDIENCE).name(TEMPLATE).start().await?;

    // The customers of this API.
    let customers = Arc::new(RwLock::new(HashSet::from(["acme".to_owned()])));
    let known = Arc::clone(&customers);
    let is_customer = move |tenant: &str| known.read().is_ok_and(|set| set.contains(tenant));

    // What an API writes, once at start.
    let validator = Validator::builder()
        .audience(AUDIENCE)
        .issuer(
            Issuer::template(TEMPLATE, Tenants::matching(is_customer)).jwks_at(server.jwks_url()),
        )
        .build()?;

    let token_of = |tenant: &str| {
        let issuer = TEMPLATE.replace("{tenant}", tenant);
        server.issuer().token().issuer(&issuer).subject("alice")
    };
    let (acme, globex) = (token_of("acme").mint(), token_of("globex").mint());

    println!("acme is a customer, globex is not yet. Each asks for an order of acme:");
    show(&validator, &acme, "acme").await;
    show(&validator, &globex, "acme").await;

    println!("globex becomes a customer, and sees its own orders only:");
    customers
        .write()
        .map_err(|_| "the table is poisoned")?
        .insert("globex".to_owned());
    show(&validator, &globex, "acme").await;
    show(&validator, &globex, "globex").await;

    println!("a token whose tenant id contradicts its issuer:");
    let contradictory = token_of("acme").claim("tid", "globex").mint();
    show(&validator, &contradictory, "acme").await;
    Ok(())
}

/// What a handler does for a request about an order of this tenant.
async fn show(validator: &Validator, bearer: &str, owner: &str) {
    match validator.validate(bearer).await {
        Ok(token) if may_see(&token, owner) => println!("    200 an order of {owner}"),
        Ok(token) => println!(
            "    404 not an order of {}",
            token.tenant().unwrap_or("none")
        ),
        Err(error) => println!("    {} {}", error.status(), error.explain()),
    }
}

/// The crate says which tenant a token is from. What that tenant may see is for the API to decide.
fn may_see(token: &AccessToken, owner: &str) -> bool {
    token.tenant() == Some(owner)
}
