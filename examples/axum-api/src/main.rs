//! Serves the API on loopback, with an authorization server for trying it: `cargo run -p axum-api`.

use resource_server::testing::TestServer;
use resource_server::{Issuer, Validator}; // new

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    // It stands in for your authorization server, whose URL you give to Issuer::discover.
    let server = TestServer::start(&url).await?;
    let issuer = Issuer::discover(server.url()); // new
    let validator = Validator::builder().resource(&url).issuer(issuer).build()?; // new

    let token = |scope| server.issuer().token().subject("alice").scope(scope).mint();
    for (path, scope) in [
        ("/orders", "orders:read"),
        ("/orders", "other"),
        ("/me", "other"),
    ] {
        println!(
            "curl -i {url}{path} -H 'Authorization: Bearer {}'\n",
            token(scope)
        );
    }
    println!(
        "curl -i {url}/orders\n\ncurl {}",
        validator.resource_metadata()?.url()
    );
    axum::serve(listener, axum_api::router(&validator)?).await?;
    Ok(())
}
