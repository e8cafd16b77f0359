//! Calls by HTTP/2 without a library for gRPC, which show what is on the wire.

use std::net::SocketAddr;

use http::{HeaderMap, Request};
use prost::Message;
use tokio::net::TcpStream;

use super::{Outcome, Told, metadata_in};

/// A result as it is on the wire.
#[derive(Debug, PartialEq, Eq)]
pub struct OnWire {
    /// The status of HTTP, or 0 if the server ends the stream without an answer.
    pub status: u16,
    /// The media type of the response.
    pub content_type: String,
    /// Whether the first headers are all that there is, and the status of gRPC is among them.
    pub is_trailers_only: bool,
    /// The result for a client of gRPC.
    pub outcome: Outcome,
}

impl OnWire {
    fn cut_off() -> Self {
        OnWire {
            status: 0,
            content_type: String::new(),
            is_trailers_only: false,
            outcome: Outcome {
                code: -1,
                message: String::new(),
                metadata: Vec::new(),
                texts: Vec::new(),
            },
        }
    }
}

/// An empty message, uncompressed.
const EMPTY: &[u8] = &[0, 0, 0, 0, 0];

/// Calls a method by its whole path.
///
/// # Panics
/// The server does not speak HTTP/2.
pub async fn on_wire(address: SocketAddr, path: &str, headers: HeaderMap) -> OnWire {
    let stream = TcpStream::connect(address).await.expect("a server listens");
    let (client, connection) = h2::client::handshake(stream).await.expect("HTTP/2");
    let connection = tokio::spawn(connection);
    let mut client = client.ready().await.expect("a connection");
    let request = Request::post(format!("http://{address}{path}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers");
    let mut request = request.body(()).expect("a request");
    request.headers_mut().extend(headers);
    let (response, mut body) = client.send_request(request, false).expect("a stream");
    // A server may refuse before it has read all.
    let _ = body.send_data(EMPTY.into(), true);
    let Ok(response) = response.await else {
        return OnWire::cut_off();
    };
    let (parts, mut body) = response.into_parts();
    let is_end = body.is_end_stream();
    let mut data = Vec::new();
    while let Some(part) = body.data().await {
        let part = part.expect("data");
        // There is no more than a few bytes of it.
        let _ = body.flow_control().release_capacity(part.len());
        data.extend_from_slice(&part);
    }
    let trailers = body.trailers().await.expect("trailers");
    drop(client);
    connection.abort();
    let has_trailers = trailers.is_some();
    let last = trailers.unwrap_or_else(|| parts.headers.clone());
    let text = |headers: &HeaderMap, name: &str| {
        let value = headers.get(name).map(http::HeaderValue::as_bytes);
        String::from_utf8_lossy(value.unwrap_or_default()).into_owned()
    };
    let message = text(&last, "grpc-message");
    OnWire {
        status: parts.status.as_u16(),
        content_type: text(&parts.headers, "content-type"),
        is_trailers_only: is_end && !has_trailers && data.is_empty(),
        outcome: Outcome {
            code: text(&last, "grpc-status").parse().unwrap_or(-1),
            message: message.replace("%20", " ").replace("%27", "'"),
            metadata: metadata_in(&parts.headers),
            texts: texts_in(&data),
        },
    }
}

/// The messages of a body: each has a byte for compression and its length in front.
fn texts_in(mut data: &[u8]) -> Vec<String> {
    let mut texts = Vec::new();
    while let Some((head, rest)) = data.split_at_checked(EMPTY.len()) {
        let length = [head[1], head[2], head[3], head[4]];
        let (message, rest) = rest.split_at(u32::from_be_bytes(length) as usize);
        texts.push(Told::decode(message).expect("a message").text);
        data = rest;
    }
    texts
}
