//! The authorization server of another make.

use serde_json::{Value, json};

use crate::http::{self, body};
use crate::port::Port;
use crate::script::{Node, Script};
use crate::{Client, member};

/// A running glewlwyd, which ends when this is dropped.
#[derive(Debug)]
pub struct Glewlwyd {
    issuer: String,
    token_endpoint: String,
    introspection_endpoint: String,
    revocation_endpoint: String,
    api_key: String,
    http: reqwest::Client,
    /// In this order: the port is held until the server is ended.
    _script: Script,
    _port: Port,
}

impl Glewlwyd {
    /// An API that may introspect tokens, by its secret in either place, by its key, or by its own
    /// token.
    pub const API: Client = Client {
        id: "orders-api",
        secret: "orders-api-secret",
    };

    /// The resource that tokens are issued for.
    pub const RESOURCE: &str = "https://api.example.com/orders";

    /// The algorithms that it signs by.
    pub const ALGORITHMS: [&str; 4] = ["ES256", "RS256", "PS256", "EdDSA"];

    /// Starts a server with keys and a database of its own.
    ///
    /// # Panics
    /// Without node, npm or the package glewlwyd of Debian, or when the server isn't ready within a
    /// minute.
    pub async fn start() -> Self {
        let mut port = Port::reserve();
        port.leave_to_server();
        let settings = json!({ "port": port.number });
        let script = Script::start(Node::Installed, "glewlwyd.mjs", &settings).await;
        let issuer = member(script.ready(), "issuer");
        let http = http::client(reqwest::Client::builder());
        let metadata_url = format!("{issuer}/.well-known/openid-configuration");
        let metadata = body(http.get(metadata_url)).await;
        let metadata: Value =
            serde_json::from_str(&metadata).expect("the metadata document is JSON");
        Glewlwyd {
            token_endpoint: member(&metadata, "token_endpoint"),
            introspection_endpoint: member(&metadata, "introspection_endpoint"),
            revocation_endpoint: member(&metadata, "revocation_endpoint"),
            api_key: script.ready()["key"].to_string(),
            issuer,
            http,
            _script: script,
            _port: port,
        }
    }

    /// The issuer's name, as it appears in `iss`. It has a path.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The introspection endpoint that its metadata names.
    pub fn introspection_endpoint(&self) -> &str {
        &self.introspection_endpoint
    }

    /// The private key of [`API`](Self::API), as a JWK.
    pub fn api_key(&self) -> &str {
        &self.api_key
    }

    /// The client that gets tokens signed by this algorithm, which is one of
    /// [`ALGORITHMS`](Self::ALGORITHMS).
    #[must_use]
    pub fn client_id(algorithm: &str) -> String {
        format!("live-test-{algorithm}")
    }

    /// An access token for [`RESOURCE`](Self::RESOURCE) by the client credentials grant, signed by
    /// this algorithm, with the scope given (space-separated).
    ///
    /// # Panics
    /// When the server refuses, or grants another scope.
    pub async fn token(&self, algorithm: &str, scope: &str) -> String {
        let resource = [("resource", Self::RESOURCE)];
        self.granted(&Self::client_id(algorithm), scope, &resource)
            .await
    }

    /// The same for no resource.
    ///
    /// # Panics
    /// As [`token`](Self::token).
    pub async fn token_for_no_resource(&self, algorithm: &str, scope: &str) -> String {
        self.granted(&Self::client_id(algorithm), scope, &[]).await
    }

    /// The token by which [`API`](Self::API) may ask about others.
    ///
    /// # Panics
    /// As [`token`](Self::token).
    pub async fn api_token(&self) -> String {
        self.granted(Self::API.id, "introspect", &[]).await
    }

    async fn granted(&self, client: &str, scope: &str, parameters: &[(&str, &str)]) -> String {
        let grant = [("grant_type", "client_credentials"), ("scope", scope)];
        let request = self
            .http
            .post(&self.token_endpoint)
            .basic_auth(client, Some(format!("{client}-secret")))
            .form(&[&grant, parameters].concat());
        let answer: Value =
            serde_json::from_str(&body(request).await).expect("the token endpoint answers in JSON");
        assert_eq!(
            answer["scope"], scope,
            "the scope granted is not the one asked for"
        );
        member(&answer, "access_token")
    }

    /// Revokes a token that this algorithm's client got (RFC 7009).
    ///
    /// # Panics
    /// When the server refuses.
    pub async fn revoke(&self, algorithm: &str, token: &str) {
        let client = Self::client_id(algorithm);
        let request = self
            .http
            .post(&self.revocation_endpoint)
            .basic_auth(&client, Some(format!("{client}-secret")))
            .form(&[("token", token), ("token_type_hint", "access_token")]);
        body(request).await;
    }
}
