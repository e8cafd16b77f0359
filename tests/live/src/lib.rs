//! Starts real authorization servers of two makes for tests and asks them for access tokens; starts
//! a forward proxy and a Redis too.
//!
//! What goes wrong here is no finding about the library, so it panics with what is needed to mend
//! it.

mod authorization_server;
mod certificates;
mod dpop_client;
mod forward_proxy;
mod glewlwyd;
mod http;
mod mcp_client;
mod port;
mod redis_server;
mod script;

pub use authorization_server::{
    ApiKey, AuthorizationServer, Client, Forgery, ForgeryKind, Requests,
};
pub use certificates::{Certificates, EscapedPem};
pub use dpop_client::{DpopAnswer, DpopClient, DpopLibrary, DpopRequest};
pub use forward_proxy::ForwardProxy;
pub use glewlwyd::Glewlwyd;
pub use mcp_client::{ActsFor, McpClient, TokenScheme};
pub use redis_server::RedisServer;

use serde_json::Value;

/// A string member of a JSON object.
fn member(object: &Value, name: &str) -> String {
    let Some(value) = object[name].as_str() else {
        panic!("no string {name:?} in {object}");
    };
    value.to_owned()
}
