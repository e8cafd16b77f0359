//! Serves the API on loopback: `cargo run -p axum-api -- ISSUER RESOURCE`.

use std::error::Error;

use resource_server::{Issuer, Validator};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(issuer), Some(resource)) = (arguments.next(), arguments.next()) else {
        return Err("usage: axum-api ISSUER RESOURCE".into());
    };
    let validator = Validator::builder()
        .resource(resource)
        .issuer(Issuer::discover(issuer))
        .build()?;
    // Start even if the issuer is down now: requests get 503 until it is back.
    if let Err(error) = validator.warm_up().await {
        eprintln!("{error}");
    }

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("http://{}/orders", listener.local_addr()?);
    axum::serve(listener, axum_api::router(validator)?).await?;
    Ok(())
}
