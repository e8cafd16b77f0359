//! One API in several frameworks. The requests and the answers that they must get are data: a
//! framework is a function that serves the API's routes.

pub mod bound;
mod cases;
mod client;
pub mod grpc;
mod world;

pub use cases::{Case, Expected, Framework, cases};
pub use client::{Reply, by_library, by_socket};
pub use world::{API, World};

/// Sends every case to a server on this address, by a socket and by a client library.
///
/// # Panics
/// An answer is not the one that the case names.
pub async fn assert_every_case(address: std::net::SocketAddr, world: &World, framework: Framework) {
    let mut faults = Vec::new();
    for case in cases() {
        let headers = world.headers(&case);
        let expected = case.expected_of(framework);
        let replies = [
            Some(by_socket(address, case.method, case.path, &headers).await),
            by_library(address, case.method, case.path, &headers).await,
        ];
        for reply in replies.into_iter().flatten() {
            if !expected.is(&reply) {
                faults.push(format!("{}\n  {reply:?}\n  is not {expected:?}", case.name));
            }
        }
    }
    assert!(faults.is_empty(), "{framework:?}: {}", faults.join("\n"));
}
