//! The test authorization server, as a plain HTTP client sees it.

mod client;
mod faults;
mod port;
mod serving;
