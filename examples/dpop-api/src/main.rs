//! Serves the API. Without settings it is on loopback, with an authorization server and a client
//! for trying it: `cargo run -p dpop-api`. The settings are variables of the environment, which
//! `Settings` lists.

use std::net::SocketAddr;

use dpop_api::{Settings, router, validator};
use resource_server::Issuer;
use resource_server::testing::{TestClient, TestServer};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let settings = Settings::read(|name| std::env::var(name).ok())?;
    let listen = settings
        .listen
        .unwrap_or(SocketAddr::from(([127, 0, 0, 1], 0)));
    let listener = tokio::net::TcpListener::bind(listen).await?;
    let at_this_address = format!("http://{}/orders", listener.local_addr()?);
    let resource = settings.resource.clone().unwrap_or(at_this_address);
    let (issuer, server) = if let Some(trusted) = settings.issuer()? {
        (trusted, None)
    } else {
        // It stands in for your authorization server, whose URL you give to Issuer::discover.
        let server = TestServer::start(&resource).await?;
        (Issuer::discover(server.url()), Some(server))
    };
    let validator = validator(&resource, issuer, &settings)?.build()?;

    println!("{resource}");
    if let Some(server) = &server {
        print_request(&resource, server);
    }
    axum::serve(listener, router(&resource, &validator)?).await?;
    Ok(())
}

fn print_request(resource: &str, server: &TestServer) {
    let client = TestClient::new();
    let token = server.issuer().token().subject("alice");
    let token = token.bound_to_key_of(&client).mint();
    let proof = client.proof("GET", resource, &token).mint();
    println!(
        "\nThe proof is good for a minute, and for one request. With NONCES=on the answer is the \
         nonce that it lacks:\n\n\
         curl -i {resource} -H 'Authorization: DPoP {token}' -H 'DPoP: {proof}'"
    );
}
