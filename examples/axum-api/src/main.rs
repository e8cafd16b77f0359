//! Serves the API on loopback: `cargo run -p axum-api -- ISSUER AUDIENCE JWKS_FILE`.

use std::error::Error;

use resource_server::{Issuer, StaticKeys, Validator};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(issuer), Some(audience), Some(file)) =
        (arguments.next(), arguments.next(), arguments.next())
    else {
        return Err("usage: axum-api ISSUER AUDIENCE JWKS_FILE".into());
    };
    let keys = StaticKeys::from_jwks(&std::fs::read_to_string(file)?)?;
    let validator = Validator::builder()
        .audience(audience)
        .issuer(Issuer::new(issuer).keys(keys))
        .build()?;

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("http://{}/orders", listener.local_addr()?);
    axum::serve(listener, axum_api::router(validator)).await?;
    Ok(())
}
