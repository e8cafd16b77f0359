//! The ways in which a request gets to an API.

use std::net::SocketAddr;

use http::{HeaderMap, HeaderName, HeaderValue, Request};
use tokio::net::TcpStream;

use crate::client::{Reply, by_library, by_socket};
use crate::grpc::{Outcome, by_client, on_wire};

/// A way in which requests are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wire {
    /// HTTP/1.1, byte by byte.
    Socket,
    /// HTTP/1.1 of a client library.
    Library,
    /// HTTP/2 without TLS, whose authority is not the API's.
    Http2,
    /// gRPC by HTTP/2.
    Grpc,
    /// gRPC by the generated client.
    GrpcClient,
}

/// The service of gRPC, and its method that the requests call.
const SERVICE: &str = "/framework.Api/";
const CALL: &str = "Get";

impl Wire {
    /// Every way of HTTP.
    pub const HTTP: [Wire; 3] = [Wire::Socket, Wire::Library, Wire::Http2];
    /// Every way of gRPC.
    pub const GRPC: [Wire; 2] = [Wire::Grpc, Wire::GrpcClient];

    /// The method of the requests.
    pub fn method(self) -> &'static str {
        match self {
            Wire::Socket | Wire::Library | Wire::Http2 => "GET",
            Wire::Grpc | Wire::GrpcClient => "POST",
        }
    }

    /// The path of a route as it is on the wire.
    pub fn path(self, route: &str) -> String {
        match self {
            Wire::Socket | Wire::Library | Wire::Http2 => route.to_owned(),
            Wire::Grpc | Wire::GrpcClient => format!("{route}{SERVICE}{CALL}"),
        }
    }

    /// Sends a request to this route.
    ///
    /// # Panics
    /// The server does not answer, or the library would not send such a header.
    pub async fn send(
        self,
        address: SocketAddr,
        route: &str,
        headers: &[(&str, Vec<u8>)],
    ) -> Reply {
        let path = self.path(route);
        match self {
            Wire::Socket => by_socket(address, self.method(), &path, headers).await,
            Wire::Library => {
                let reply = by_library(address, self.method(), &path, headers).await;
                reply.expect("the library sends it")
            }
            Wire::Http2 => by_http2(address, &path, map_of(headers)).await,
            Wire::Grpc => reply_of(on_wire(address, &path, map_of(headers)).await.outcome),
            Wire::GrpcClient => reply_of(by_client(address, route, CALL, map_of(headers)).await),
        }
    }
}

fn map_of(lines: &[(&str, Vec<u8>)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    // HTTP/2 has its authority in place of this header.
    for (name, value) in lines.iter().filter(|(name, _)| *name != "host") {
        let name: HeaderName = name.parse().expect("a name");
        headers.append(name, HeaderValue::from_bytes(value).expect("a value"));
    }
    headers
}

async fn by_http2(address: SocketAddr, path: &str, headers: HeaderMap) -> Reply {
    let stream = TcpStream::connect(address).await.expect("a server listens");
    let (client, connection) = h2::client::handshake(stream).await.expect("HTTP/2");
    let connection = tokio::spawn(connection);
    let mut client = client.ready().await.expect("a connection");
    let request = Request::get(format!("http://elsewhere.example.net{path}")).body(());
    let mut request = request.expect("a request");
    request.headers_mut().extend(headers);
    let (response, _) = client.send_request(request, true).expect("a stream");
    let (parts, mut body) = response.await.expect("an answer").into_parts();
    let mut data = Vec::new();
    while let Some(part) = body.data().await {
        let part = part.expect("data");
        // There is no more than a few bytes of it.
        let _ = body.flow_control().release_capacity(part.len());
        data.extend_from_slice(&part);
    }
    drop(client);
    connection.abort();
    let headers = parts.headers.iter();
    let headers = headers.map(|(name, value)| (name.to_string(), value.as_bytes().to_vec()));
    let body = String::from_utf8_lossy(&data).into_owned();
    Reply::new(parts.status.as_u16(), headers, body)
}

/// The answer of HTTP that a result of gRPC stands for.
fn reply_of(outcome: Outcome) -> Reply {
    let status = match (outcome.code, outcome.message.as_str()) {
        (0, _) => 200,
        (16, "the credentials are malformed") => 400,
        (16, _) => 401,
        (7, _) => 403,
        (14, _) => 503,
        _ => 500,
    };
    let headers = outcome.metadata.into_iter();
    let headers = headers.map(|(name, value)| (name, value.into_bytes()));
    Reply::new(status, headers, outcome.texts.concat())
}
