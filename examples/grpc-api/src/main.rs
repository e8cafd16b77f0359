//! Serves the API on loopback with an authorization server for tests, calls it, and prints what
//! comes back: `cargo run -p grpc-api`.

use std::error::Error;

use resource_server::testing::TestServer;
use resource_server::{Issuer, Validator}; // new
use tonic::transport::server::TcpIncoming;

const API: &str = "https://api.example.com";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // It stands in for your authorization server, whose URL you give to Issuer::discover.
    let authorization_server = TestServer::start(API).await?;
    let issuer = Issuer::discover(authorization_server.url()); // new
    let validator = Validator::builder().resource(API).issuer(issuer); // new
    let incoming = TcpIncoming::bind("127.0.0.1:0".parse()?)?;
    let url = format!("http://{}", incoming.local_addr()?);
    let server = tokio::spawn(grpc_api::serve(incoming, validator.build()?));

    let token = authorization_server.issuer().token().subject("alice");
    let good = token.clone().scope("orders:read").mint();
    let weak = token.scope("profile").mint();
    let calls = [
        ("without a token", None),
        ("without the scope", Some(weak.as_str())),
        ("with the scope", Some(good.as_str())),
    ];
    for (name, token) in calls {
        match grpc_api::list(&url, token).await {
            Ok(reply) => println!("{name}: {reply:?}"),
            Err(status) => println!("{name}: {status:?}"),
        }
    }
    server.abort();
    Ok(())
}
