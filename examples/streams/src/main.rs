//! Serves the streams on loopback, with an authorization server for trying them: `cargo run -p
//! streams`.

use std::time::Duration;

use resource_server::resource::TokenPlace;
use resource_server::{Issuer, Resource, Validator, testing::TestServer};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    let server = TestServer::start(&url).await?;
    let places = [
        TokenPlace::authorization(),
        TokenPlace::web_socket_protocol(streams::MARKER),
    ];
    let validator = Validator::builder()
        .resource(Resource::new(&url).tokens_from(places))
        .issuer(Issuer::discover(server.url()))
        .build()?;

    // It lives for 10 s, and for the 30 s of clock skew that the policy allows.
    let token = server
        .issuer()
        .token()
        .expires_in(Duration::from_secs(10))
        .mint();
    println!("curl -N {url}/events -H 'Authorization: Bearer {token}'");
    axum::serve(listener, streams::router(validator)).await?;
    Ok(())
}
