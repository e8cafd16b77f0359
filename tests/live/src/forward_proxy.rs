//! A forward proxy.

use serde_json::{Value, json};

use crate::member;
use crate::script::{Node, Script};

/// A running forward proxy without any rules, which ends when this is dropped.
#[derive(Debug)]
pub struct ForwardProxy {
    address: String,
    script: Script,
}

impl ForwardProxy {
    /// Starts a proxy, after installing its packages where that is needed.
    ///
    /// # Panics
    /// Without node or npm, or when the proxy isn't ready within a minute.
    pub async fn start() -> Self {
        let script = Script::start(Node::Installed, "forward-proxy.mjs", &json!({})).await;
        ForwardProxy {
            address: member(script.ready(), "address"),
            script,
        }
    }

    /// Where it is.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// What it was asked for, as the first two words of each request: `CONNECT localhost:443`.
    ///
    /// # Panics
    /// When the proxy doesn't tell.
    pub async fn requests(&self) -> Vec<String> {
        let Value::Array(requests) = self.script.ask("requests").await else {
            panic!("the proxy doesn't tell what it was asked for");
        };
        let text = |request: Value| request.as_str().expect("a request is text").to_owned();
        requests.into_iter().map(text).collect()
    }

    /// Stops it at once. Its port answers no more.
    ///
    /// # Panics
    /// When the process can't be killed.
    pub async fn stop(self) {
        self.script.kill().await;
    }
}
