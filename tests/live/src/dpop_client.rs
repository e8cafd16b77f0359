//! Clients that hold a DPoP key (RFC 9449), on libraries of others.

use serde_json::{Value, json};

use crate::authorization_server::CLIENT;
use crate::script::{Node, Script};
use crate::{AuthorizationServer, member};

/// The library that a client uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DpopLibrary {
    /// npm's `openid-client`.
    OpenidClient,
    /// npm's `oauth4webapi`.
    Oauth4webapi,
}

/// A client with a DPoP key of its own. It ends when this is dropped.
#[derive(Debug)]
pub struct DpopClient(Script);

/// What a client did.
#[derive(Clone, Debug)]
pub struct DpopAnswer(Value);

/// A request that a client made, and what the response had.
#[derive(Clone, Copy, Debug)]
pub struct DpopRequest<'a>(&'a Value);

impl DpopClient {
    /// Starts a client with a new key of this algorithm, for tokens of this authorization server.
    ///
    /// # Panics
    /// Without node or npm, and when the client isn't ready within a minute.
    pub async fn start(
        library: DpopLibrary,
        algorithm: &str,
        tokens: &AuthorizationServer,
    ) -> Self {
        let settings = json!({
            "library": match library {
                DpopLibrary::OpenidClient => "openid-client",
                DpopLibrary::Oauth4webapi => "oauth4webapi",
            },
            "algorithm": algorithm,
            "issuer": tokens.issuer(),
            "id": CLIENT.id,
            "secret": CLIENT.secret,
        });
        DpopClient(Script::start(Node::Installed, "dpop-client.mjs", &settings).await)
    }

    /// A token for a resource by the client credentials grant, which is bound to the client's key,
    /// and the requests that it took.
    ///
    /// # Panics
    /// When the server refuses, or the token is not bound.
    pub async fn token(&self, resource: &str, scope: &str) -> (String, DpopAnswer) {
        let grant = json!({ "resource": resource, "scope": scope });
        let answer = self.ask("token", &grant).await;
        assert_eq!(answer.0["type"], "dpop", "the token is bound to a key");
        (member(&answer.0, "token"), answer)
    }

    /// Calls an API with this token and a proof.
    ///
    /// # Panics
    /// When there is no response.
    pub async fn call(&self, method: &str, url: &str, token: &str) -> DpopAnswer {
        let call = json!({ "method": method, "url": url, "token": token });
        self.ask("call", &call).await
    }

    async fn ask(&self, command: &str, argument: &Value) -> DpopAnswer {
        DpopAnswer(self.0.ask(&format!("{command} {argument}")).await)
    }
}

impl DpopAnswer {
    /// The status of each response.
    pub fn statuses(&self) -> Vec<u64> {
        let all = self.requests().map(|request| request.0["status"].as_u64());
        all.map(Option::unwrap_or_default).collect()
    }

    /// The challenges of a refusal, as the library reads them: `[{ scheme, parameters }]`.
    pub fn challenges(&self) -> &Value {
        &self.0["challenges"]
    }

    /// The last request.
    ///
    /// # Panics
    /// Without one.
    pub fn last(&self) -> DpopRequest<'_> {
        self.requests().last().expect("the client made a request")
    }

    fn requests(&self) -> impl Iterator<Item = DpopRequest<'_>> {
        let all = self.0["requests"].as_array().into_iter().flatten();
        all.map(DpopRequest)
    }
}

impl<'a> DpopRequest<'a> {
    /// The value of its `Authorization` header.
    pub fn authorization(&self) -> &'a str {
        self.0["authorization"].as_str().unwrap_or_default()
    }

    /// Its proof.
    pub fn proof(&self) -> &'a str {
        self.0["proof"].as_str().unwrap_or_default()
    }

    /// The nonce in the response.
    pub fn nonce(&self) -> Option<&'a str> {
        self.0["nonce"].as_str()
    }
}
