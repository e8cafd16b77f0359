//! The integration tests: the public API alone, in one binary. A module holds one group of
//! requirements; `tests/README.md` lists the groups.

mod attacker;
mod binding;
mod claims;
#[cfg(feature = "fetch")]
mod fetch;
#[cfg(feature = "fetch")]
mod guide;
mod http;
mod introspection;
mod keys;
mod operation;
mod requirement_rows;
#[cfg(feature = "fetch")]
mod source;
mod streams;
mod support;
#[cfg(feature = "fetch")]
mod test_server;
mod token;
