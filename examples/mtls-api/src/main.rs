//! Serves the API by TLS on loopback, with an authorization server and a client's certificate for
//! trying it: `cargo run -p mtls-api`.

use std::net::SocketAddr;
use std::{env, fs, process};

use axum::serve::ListenerExt;
use mtls_api::{Certificates, router, tls::TlsListener, validator};
use resource_server::Issuer;
use resource_server::binding::Connection;
use resource_server::testing::{TestClient, TestServer};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let tcp = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
    let url = format!("https://localhost:{}", tcp.local_addr()?.port());
    // They stand in for your certificate and your authorization server.
    let own = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
    let server = TestServer::start(&url).await?;
    let validator = validator(&url, Issuer::discover(server.url()), Certificates::Tls)?;

    let client = TestClient::new();
    let folder = env::temp_dir().join(format!("mtls-api-{}", process::id()));
    fs::create_dir(&folder)?;
    fs::write(folder.join("server.pem"), own.cert.pem())?;
    fs::write(folder.join("client.der"), client.certificate_der())?;
    fs::write(folder.join("client.key"), client.certificate_key_der())?;
    let token = server.issuer().token().subject("alice");
    let token = token.bound_to_certificate_of(&client).mint();
    let curl = format!("curl -i --cacert server.pem -H 'Authorization: Bearer {token}' {url}/me");
    println!("cd {}\n\n{curl}\n", folder.display());
    println!("{curl} --cert-type DER --cert client.der --key-type DER --key client.key");

    let listener = TlsListener::new(tcp, own.cert.into(), own.signing_key.into())?;
    // axum hands on the `Addr` of a listener behind `tap_io`, which here is a `Connection`.
    let listener = listener.tap_io(|tls| {
        let _ = tls.get_ref().0.set_nodelay(true);
    });
    let service = router(&validator)?.into_make_service_with_connect_info::<Connection>();
    axum::serve(listener, service).await?;
    Ok(())
}
