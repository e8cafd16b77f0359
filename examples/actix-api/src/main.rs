//! Serves the API on loopback, with an authorization server for tests: `cargo run -p actix-api`.

use std::error::Error;

use actix_web::{App, HttpServer};
use resource_server::testing::TestServer;
use resource_server::{Issuer, Validator}; // new

const API: &str = "https://api.example.com/v1";

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // It stands in for your authorization server, whose URL you give to Issuer::discover.
    let authorization_server = TestServer::start(API).await?;
    let issuer = Issuer::discover(authorization_server.url()); // new
    let validator = Validator::builder().resource(API).issuer(issuer); // new
    let routes = actix_api::routes(validator.build()?)?;
    let server = HttpServer::new(move || App::new().configure(routes.clone()));
    let server = server.bind(("127.0.0.1", 0))?;

    let address = server.addrs().first().copied().ok_or("no address")?;
    let url = format!("http://{address}/v1/orders");
    let token = authorization_server.issuer().token().subject("alice");
    let reader = token.clone().scope("orders:read").mint();
    let writer = token.scope("orders:write").mint();
    println!("without a token:   curl -i {url}");
    println!("served:            curl -i {url} -H 'Authorization: Bearer {reader}'");
    println!("without the scope: curl -i -X POST {url} -H 'Authorization: Bearer {reader}'");
    println!("with the scope:    curl -i -X POST {url} -H 'Authorization: Bearer {writer}'");
    server.run().await?;
    Ok(())
}
