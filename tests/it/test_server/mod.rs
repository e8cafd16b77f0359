//! The test authorization server, as a plain HTTP client sees it.

mod faults;
#[cfg(feature = "fetch")]
mod introspection;
mod port;
mod serving;
