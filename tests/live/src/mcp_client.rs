//! The official client of the Model Context Protocol.

use serde_json::{Value, json};

use crate::AuthorizationServer;
use crate::authorization_server::{CLIENT, USERS_CLIENT};
use crate::script::{Node, Script};

/// Whom the client acts for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActsFor {
    /// For itself, with the client credentials grant.
    Itself,
    /// For alice, with an authorization code and PKCE.
    Alice,
}

/// The scheme of the client's tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenScheme {
    /// They are bearer tokens.
    Bearer,
    /// They are bound to a DPoP key of the client (RFC 9449).
    Dpop,
}

/// What the client did: it has ended.
#[derive(Clone, Debug)]
pub struct McpClient(Value);

impl McpClient {
    /// Calls tools of a server, each with its arguments, with tokens of this authorization server.
    /// `mode` is how the client negotiates the revision: `legacy` or `auto`.
    ///
    /// # Panics
    /// Without node or npm, or when the client can't connect.
    pub async fn call(
        server: &str,
        tokens: &AuthorizationServer,
        (acts_for, scheme): (ActsFor, TokenScheme),
        mode: &str,
        calls: &[(&str, Value)],
    ) -> Self {
        let (id, secret) = match acts_for {
            ActsFor::Itself => (CLIENT.id, Some(CLIENT.secret)),
            ActsFor::Alice => (USERS_CLIENT, None),
        };
        let settings = json!({
            "server": server,
            "issuer": tokens.issuer(),
            "id": id,
            "secret": secret,
            "dpop": scheme == TokenScheme::Dpop,
            "mode": mode,
            "calls": calls,
        });
        let script = Script::start(Node::Installed, "mcp-client.mjs", &settings).await;
        McpClient(script.ready().clone())
    }

    /// The revision that was negotiated.
    pub fn revision(&self) -> &str {
        self.0["revision"].as_str().unwrap_or_default()
    }

    /// The schemes of the tokens that the server got, each once.
    pub fn schemes(&self) -> &Value {
        &self.0["schemes"]
    }

    /// The text of each call's result, or the name of its error.
    pub fn results(&self) -> &Value {
        &self.0["results"]
    }

    /// Each request: what it was about, the status of its answer, and the scope that it requested.
    pub fn requests(&self) -> &Value {
        &self.0["requests"]
    }
}
