//! What several modules share.
#![allow(dead_code)] // which parts are used depends on the features

mod api;
pub(crate) mod bound;
mod build;
#[cfg(feature = "fetch")]
pub(crate) mod client;
#[cfg(feature = "redis")]
pub(crate) mod fake_redis;
pub(crate) mod form;
#[cfg(feature = "fetch")]
pub(crate) mod http;
pub(crate) mod keys;
pub(crate) mod page;
pub(crate) mod rfc;
#[cfg(feature = "fetch")]
mod server;
mod verdict;

pub(crate) use api::*;
pub(crate) use build::*;
pub(crate) use verdict::*;
