//! The cases as gRPC calls: the path of a case is a prefix of the method's path, and its headers
//! are metadata. The expected status of gRPC follows from that of HTTP.

mod client;
pub mod frames;
mod wire;

use std::net::SocketAddr;

use http::HeaderMap;
use http::header::{HeaderName, HeaderValue};

use crate::{Case, Expected, Framework, World, cases};

pub use client::by_client;
pub use wire::{OnWire, on_wire};

/// The generated service and client.
#[allow(clippy::pedantic)]
pub mod service {
    include!(concat!(env!("OUT_DIR"), "/framework.Api.rs"));
}

/// What the methods of the service accept.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Asked {}

/// What the methods of the service give.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Told {
    /// The body that a case of HTTP expects.
    #[prost(string, tag = "1")]
    pub text: String,
}

/// A method of the service, by name.
pub const METHODS: [&str; 2] = ["Get", "Watch"];

/// How many messages a stream of `Watch` has.
pub const STREAMED: usize = 2;

/// The result of a call.
#[derive(Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The code of gRPC.
    pub code: i32,
    /// The message of the status.
    pub message: String,
    /// Every header that the decision is responsible for, in order of their names.
    pub metadata: Vec<(String, String)>,
    /// The text of every message.
    pub texts: Vec<String>,
}

/// Headers that say nothing about the decision, or that are compared by themselves.
const TRANSPORT: [&str; 5] = [
    "date",
    "content-length",
    "content-type",
    "grpc-status",
    "grpc-message",
];

fn metadata_in(headers: &HeaderMap) -> Vec<(String, String)> {
    let lines = headers.iter();
    let lines = lines.filter(|(name, _)| !TRANSPORT.contains(&name.as_str()));
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let mut metadata: Vec<_> = lines
        .map(|(name, value)| (name.to_string(), text(value)))
        .collect();
    metadata.sort();
    metadata
}

/// `None`: no library for HTTP would send such a header.
fn headers_of(lines: &[(&str, Vec<u8>)]) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        let name: HeaderName = name.parse().ok()?;
        headers.append(name, HeaderValue::from_bytes(value).ok()?);
    }
    Some(headers)
}

/// The result that follows from the answer of HTTP. `None`: the server library answers before us.
fn outcome_of(expected: &Expected, method: &str) -> Option<Outcome> {
    let (code, message) = match expected.status {
        200 => (0, ""),
        400 => (16, "the credentials are malformed"),
        401 => (16, "a valid access token is required"),
        403 => (7, "the access token does not allow this"),
        503 => (14, "the access token can't be checked now"),
        500 if expected.body.is_empty() => (13, "the server is misconfigured"),
        500 => (13, expected.body),
        _ => return None,
    };
    let messages = if method == "Watch" { STREAMED } else { 1 };
    let messages = if code == 0 { messages } else { 0 };
    let headers = expected.headers.iter();
    let headers = headers.filter(|(name, _)| *name != "content-type");
    let mut metadata: Vec<_> = headers
        .map(|(name, value)| ((*name).to_owned(), value.clone()))
        .collect();
    metadata.sort();
    Some(Outcome {
        code,
        message: message.to_owned(),
        metadata,
        texts: vec![expected.body.to_owned(); messages],
    })
}

/// Calls each method for every case that can be a call, by the generated client and by HTTP/2, and
/// gives the number of these cases.
///
/// # Panics
/// A result is not the one that follows from the case.
pub async fn assert_every_call(address: SocketAddr, world: &World) -> usize {
    let mut faults = Vec::new();
    let cases: Vec<_> = cases().into_iter().filter(Case::is_call).collect();
    for case in &cases {
        for method in METHODS {
            if let Err(fault) = check(address, world, case, method).await {
                faults.push(format!("{} ({method})\n  {fault}", case.name));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    cases.len()
}

async fn check(
    address: SocketAddr,
    world: &World,
    case: &Case,
    method: &str,
) -> Result<(), String> {
    let lines = world.headers(case);
    let path = format!("{}/framework.Api/{method}", case.path);
    let expected = case.expected_of(Framework::Tonic);
    let Some(headers) = headers_of(&lines) else {
        let frames = frames::exchange(address, &path, &lines).await;
        let is_cut_off = expected.status == 0 && frames::is_cut_off(&frames);
        return is_cut_off.then_some(()).ok_or(format!("{frames:?}"));
    };
    let found = on_wire(address, &path, headers.clone()).await;
    let Some(outcome) = outcome_of(expected, method) else {
        let is_same = found.status == expected.status;
        return is_same.then_some(()).ok_or(format!("{found:?}"));
    };
    let on_wire = OnWire {
        status: 200,
        content_type: "application/grpc".to_owned(),
        is_trailers_only: outcome.code != 0,
        outcome,
    };
    if found != on_wire {
        return Err(format!("{found:?}\n  is not {on_wire:?}"));
    }
    let found = by_client(address, case.path, method, headers).await;
    if found != on_wire.outcome {
        return Err(format!("{found:?}\n  is not {:?}", on_wire.outcome));
    }
    Ok(())
}
