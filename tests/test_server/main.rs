//! The test authorization server, as a plain HTTP client sees it.

mod client;
mod faults;
#[cfg(feature = "introspection")]
mod introspection;
mod port;
mod serving;
