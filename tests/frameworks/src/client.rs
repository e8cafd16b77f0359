//! Sends requests by a socket, which carries what no library would send, and by a client library.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Headers that say nothing about the decision.
const TRANSPORT: [&str; 4] = ["date", "content-length", "connection", "transfer-encoding"];

/// An answer: status, headers in order of their names, and body.
#[derive(Debug, PartialEq, Eq)]
pub struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Reply {
    /// All values of a header.
    pub fn all(&self, name: &str) -> Vec<&str> {
        let lines = self.headers.iter().filter(|(known, _)| known == name);
        lines.map(|(_, value)| value.as_str()).collect()
    }

    pub(crate) fn new(
        status: u16,
        headers: impl Iterator<Item = (String, Vec<u8>)>,
        body: String,
    ) -> Self {
        let headers = headers.filter(|(name, _)| !TRANSPORT.contains(&name.as_str()));
        let text = |value: Vec<u8>| String::from_utf8_lossy(&value).into_owned();
        let mut headers: Vec<_> = headers.map(|(name, value)| (name, text(value))).collect();
        headers.sort();
        Reply {
            status,
            headers,
            body,
        }
    }
}

/// Sends a request byte by byte as it is written here.
///
/// # Panics
/// The server does not answer with HTTP/1.1.
pub async fn by_socket(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, Vec<u8>)],
) -> Reply {
    let mut request = format!("{method} {path} HTTP/1.1\r\nconnection: close\r\n").into_bytes();
    if !headers.iter().any(|(name, _)| *name == "host") {
        request.extend(format!("host: {address}\r\n").as_bytes());
    }
    for (name, value) in headers {
        request.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
    }
    request.extend(b"\r\n");
    let mut stream = TcpStream::connect(address).await.expect("a server listens");
    // A server may answer and close before it has read all.
    let _ = stream.write_all(&request).await;
    let mut text = Vec::new();
    let mut part = [0; 4096];
    while let Ok(length @ 1..) = stream.read(&mut part).await {
        text.extend_from_slice(&part[..length]);
    }
    let mut lines = [httparse::EMPTY_HEADER; 32];
    let mut response = httparse::Response::new(&mut lines);
    let parsed = response.parse(&text).expect("an HTTP answer");
    let head = parsed.unwrap();
    let found = response.headers.iter();
    let found = found.map(|line| (line.name.to_ascii_lowercase(), line.value.to_vec()));
    let body = String::from_utf8_lossy(&text[head..]).into_owned();
    Reply::new(response.code.unwrap_or_default(), found, body)
}

/// Sends a request by reqwest. `None`: it would not send such a header.
///
/// # Panics
/// The server does not answer.
pub async fn by_library(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, Vec<u8>)],
) -> Option<Reply> {
    let mut map = reqwest::header::HeaderMap::new();
    for (name, value) in headers {
        let name: reqwest::header::HeaderName = name.parse().ok()?;
        map.append(name, reqwest::header::HeaderValue::from_bytes(value).ok()?);
    }
    let method = method.parse().expect("a method");
    let client = reqwest::Client::builder().no_proxy().build();
    let request = client
        .expect("a client")
        .request(method, format!("http://{address}{path}"));
    // A server may close the connection while a long request is being sent.
    let response = request.headers(map).send().await.ok()?;
    let status = response.status().as_u16();
    let headers = response.headers().clone();
    let headers = headers.iter();
    let headers = headers.map(|(name, value)| (name.to_string(), value.as_bytes().to_vec()));
    let body = response.text().await.expect("a body");
    Some(Reply::new(status, headers, body))
}
