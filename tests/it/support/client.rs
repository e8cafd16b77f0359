//! Clients, and what they get.

use std::error::Error as StdError;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

use reqwest::{Certificate, Client, Response, redirect};
use resource_server::testing::TestServer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub(crate) use super::verdict::API as AUDIENCE;

pub(crate) const HOUR: Duration = Duration::from_secs(3600);
/// No test that does what it should waits this long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A new connection for each request.
pub(crate) fn client() -> Client {
    let builder = Client::builder().no_proxy().timeout(PATIENCE);
    let builder = builder.redirect(redirect::Policy::none());
    builder.pool_max_idle_per_host(0).build().unwrap()
}

pub(crate) fn tls_client(ca_pem: &str) -> Client {
    let ca = Certificate::from_pem(ca_pem.as_bytes()).unwrap();
    let builder = Client::builder().no_proxy().timeout(PATIENCE);
    let builder = builder.tls_certs_only([ca]);
    builder.pool_max_idle_per_host(0).build().unwrap()
}

/// The body as far as it comes, of a response that breaks off.
pub(crate) async fn broken_body(mut response: Response) -> Vec<u8> {
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) => body.extend(chunk),
            Ok(None) => panic!("whole after {} bytes", body.len()),
            Err(_) => return body,
        }
    }
}

pub(crate) async fn start() -> TestServer {
    TestServer::start(AUDIENCE).await.unwrap()
}

pub(crate) async fn get(client: &Client, url: impl AsRef<str>) -> Response {
    client.get(url.as_ref()).send().await.unwrap()
}

pub(crate) async fn get_status(client: &Client, url: impl AsRef<str>) -> u16 {
    get(client, url).await.status().as_u16()
}

pub(crate) async fn get_jwks(client: &Client, server: &TestServer) -> String {
    get(client, server.jwks_url()).await.text().await.unwrap()
}

pub(crate) fn header<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
    Some(response.headers().get(name)?.to_str().unwrap())
}

/// The kind of the I/O error at the bottom.
pub(crate) fn io_kind(error: &(dyn StdError + 'static)) -> Option<ErrorKind> {
    let mut next = Some(error);
    let mut kind = None;
    while let Some(error) = next {
        kind = error.downcast_ref().map(std::io::Error::kind).or(kind);
        next = error.source();
    }
    kind
}

pub(crate) fn address(server: &TestServer) -> SocketAddr {
    let (_, address) = server.url().split_once("://").unwrap();
    address.parse().unwrap()
}

/// Sends one request for the JWK Set on a connection of our own; gives what comes until the body's
/// end.
pub(crate) async fn exchange(stream: &mut TcpStream) -> std::io::Result<String> {
    stream
        .write_all(b"GET /jwks HTTP/1.1\r\nhost: x\r\n\r\n")
        .await?;
    let mut text = String::new();
    while !text.ends_with("]}") {
        let mut piece = [0; 4096];
        let count = stream.read(&mut piece).await?;
        if count == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        text.push_str(std::str::from_utf8(&piece[..count]).unwrap());
    }
    Ok(text)
}
