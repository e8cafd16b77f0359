//! The authorization server.

use std::collections::BTreeSet;
use std::time::Duration;

use reqwest::Certificate;
use serde_json::{Value, json};

use crate::http::{self, REQUEST_LIMIT, body};
use crate::port::Port;
use crate::script::{Node, Script};
use crate::{Certificates, EscapedPem, member};

const SCRIPT: &str = "authorization-server.mjs";

/// The client that tokens are issued to. It may not ask about any.
pub(crate) const CLIENT: Client = Client {
    id: "live-test",
    secret: "live-test-secret",
};

/// The client whose tokens are bound to its certificate, of servers that are started for it.
const CERTIFICATE_CLIENT: Client = Client {
    id: "live-certificate",
    secret: "live-certificate-secret",
};

/// The client for which a user signs in, of servers that are started for MCP.
pub(crate) const USERS_CLIENT: &str = "live-user";

/// A client of every server.
#[derive(Clone, Copy, Debug)]
pub struct Client {
    /// Its `client_id`.
    pub id: &'static str,
    /// Its `client_secret`.
    pub secret: &'static str,
}

/// An authorization server, which ends when this is dropped.
#[derive(Debug)]
pub struct AuthorizationServer {
    port: Port,
    node: Node,
    settings: Value,
    /// `None` while it is stopped.
    script: Option<Script>,
    issuer: String,
    address: String,
    token_endpoint: String,
    jwks_uri: String,
    introspection_endpoint: String,
    revocation_endpoint: String,
    http: reqwest::Client,
}

/// A private key of the API that says with such who it is (`private_key_jwt`).
#[derive(Clone, Debug)]
pub struct ApiKey {
    /// The `alg` that it signs by.
    pub algorithm: String,
    /// Its `kid`.
    pub id: String,
    /// In PEM, PKCS #8.
    pub pem: String,
    /// As a JWK, with `alg` and `kid`.
    pub jwk: String,
}

/// A token that the server never issued, signed with one of its keys.
#[derive(Clone, Debug)]
pub struct Forgery {
    /// What is wrong with it.
    pub kind: ForgeryKind,
    /// What the header says, and which key signed in truth.
    pub name: String,
    /// The token.
    pub token: String,
}

/// What is wrong with a forged token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForgeryKind {
    /// Nothing: it is signed as the server does. It shows that the others are refused for their one
    /// fault.
    Faultless,
    /// `alg` is of another size of ML-DSA than the key that signed, which `kid` names.
    OtherAlgorithm,
    /// `alg` and `kid` are those of a key of another size than the key that signed.
    OtherKey,
    /// The signature has a context, which must be empty in JOSE (RFC 9964 section 5).
    Context,
}

impl ForgeryKind {
    const ALL: [(&str, ForgeryKind); 4] = [
        ("faultless", ForgeryKind::Faultless),
        ("otherAlgorithm", ForgeryKind::OtherAlgorithm),
        ("otherKey", ForgeryKind::OtherKey),
        ("context", ForgeryKind::Context),
    ];
}

/// The requests of the library to a server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Requests {
    /// Times it asked for metadata.
    pub metadata: usize,
    /// Times it asked for the JWK Set.
    pub jwks: usize,
    /// Times it asked about a token.
    pub introspection: usize,
    /// The versions of HTTP that it asked in.
    pub http: BTreeSet<String>,
}

impl AuthorizationServer {
    /// An API that may ask about tokens, by `client_secret_basic` alone.
    pub const BASIC_API: Client = Client {
        id: "api: 100% basic",
        secret: "a:b%c%41+d e&f=g\"h/~",
    };

    /// An API that may ask about tokens, by `client_secret_post` alone.
    pub const POST_API: Client = Client {
        id: "api: 100% post",
        secret: "p:q%r%41+s t&u=v\"w/~",
    };

    /// The client id of the API that has private keys, of servers that are
    /// [started with them](Self::start_with_api_keys).
    pub const KEY_API: &str = "api: 100% key";

    /// Starts a server with keys of its own, after installing its packages where that is needed.
    /// Its address is its name.
    ///
    /// # Panics
    /// Without node or npm, or when the server isn't ready within a minute.
    pub async fn start() -> Self {
        let http = reqwest::Client::builder();
        Self::start_with(Node::Installed, json!({}), http).await
    }

    /// The same with keys of ML-DSA besides, one of each size.
    ///
    /// # Panics
    /// As [`start`](Self::start); also where the packages hold no Node for this kind of machine and
    /// the machine's own knows no ML-DSA.
    pub async fn start_with_ml_dsa() -> Self {
        let http = reqwest::Client::builder();
        Self::start_with(Node::WithMlDsa, json!({ "mlDsa": true }), http).await
    }

    /// The same with one more API, which has private keys.
    ///
    /// # Panics
    /// As [`start`](Self::start).
    pub async fn start_with_api_keys() -> Self {
        let http = reqwest::Client::builder();
        Self::start_with(Node::Installed, json!({ "clientKeys": true }), http).await
    }

    /// A server that signs no answers about tokens.
    ///
    /// # Panics
    /// As [`start`](Self::start).
    pub async fn start_with_plain_answers() -> Self {
        let http = reqwest::Client::builder();
        Self::start_with(Node::Installed, json!({ "plainAnswers": true }), http).await
    }

    /// A server whose tokens are for one resource besides: an MCP server with scopes of its own.
    ///
    /// # Panics
    /// As [`start`](Self::start).
    pub async fn start_for_mcp(resource: &str) -> Self {
        let http = reqwest::Client::builder();
        Self::start_with(Node::Installed, json!({ "mcp": resource }), http).await
    }

    /// A server with one more client, whose tokens are bound to its certificate (RFC 8705 section
    /// 3).
    ///
    /// # Panics
    /// As [`start`](Self::start).
    pub async fn start_with_certificates() -> Self {
        let http = reqwest::Client::builder();
        Self::start_with(Node::Installed, json!({ "certificates": true }), http).await
    }

    /// A server that requires a nonce of its own in the DPoP proofs of token requests (RFC 9449
    /// section 8).
    ///
    /// # Panics
    /// As [`start`](Self::start).
    pub async fn start_with_dpop_nonces() -> Self {
        let http = reqwest::Client::builder();
        Self::start_with(Node::Installed, json!({ "dpopNonces": true }), http).await
    }

    /// The same behind TLS, at an address of `localhost`, for an issuer of this name.
    ///
    /// # Panics
    /// As [`start`](Self::start).
    pub async fn start_behind_tls(issuer: &str, certificates: &Certificates) -> Self {
        let settings = json!({
            "name": issuer,
            "tls": { "certificate": certificates.server, "key": certificates.key },
        });
        let ca = Certificate::from_pem(certificates.ca.as_bytes()).expect("the CA is in PEM");
        let http = reqwest::Client::builder().tls_certs_only([ca]);
        Self::start_with(Node::Installed, settings, http).await
    }

    async fn start_with(node: Node, mut settings: Value, http: reqwest::ClientBuilder) -> Self {
        let mut port = Port::reserve();
        settings["port"] = port.number.into();
        port.leave_to_server();
        let script = Script::start(node, SCRIPT, &settings).await;
        let http = http::client(http);
        let address = member(script.ready(), "address");
        let metadata_url = format!("{address}/.well-known/oauth-authorization-server");
        let metadata = body(http.get(metadata_url)).await;
        let metadata: Value =
            serde_json::from_str(&metadata).expect("the metadata document is JSON");
        Self {
            port,
            node,
            settings,
            issuer: member(script.ready(), "issuer"),
            address,
            token_endpoint: member(&metadata, "token_endpoint"),
            jwks_uri: member(&metadata, "jwks_uri"),
            introspection_endpoint: member(&metadata, "introspection_endpoint"),
            revocation_endpoint: member(&metadata, "revocation_endpoint"),
            http,
            script: Some(script),
        }
    }

    /// The issuer's name, as it appears in `iss`.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Where it is.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Where its metadata names its JWK Set.
    pub fn jwks_uri(&self) -> &str {
        &self.jwks_uri
    }

    /// The introspection endpoint that its metadata names.
    pub fn introspection_endpoint(&self) -> &str {
        &self.introspection_endpoint
    }

    /// An access token for a resource by the client credentials grant, with the scope given
    /// (space-separated).
    ///
    /// # Panics
    /// When the server refuses, or grants another scope: it drops scopes it doesn't know without a
    /// word.
    pub async fn token(&self, resource: &str, scope: &str) -> String {
        let request = self.token_request(CLIENT);
        Self::granted(request, &[("resource", resource)], scope).await
    }

    /// The same for no resource: an opaque token that names no audience.
    ///
    /// # Panics
    /// As [`token`](Self::token).
    pub async fn token_for_no_resource(&self, scope: &str) -> String {
        Self::granted(self.token_request(CLIENT), &[], scope).await
    }

    /// The same as [`token`](Self::token), of the client with this certificate: the token is bound
    /// to it. The server must be [started with certificates](Self::start_with_certificates).
    ///
    /// # Panics
    /// As [`token`](Self::token).
    pub async fn certificate_bound_token(
        &self,
        resource: &str,
        scope: &str,
        certificate: &EscapedPem,
    ) -> String {
        let request = self.token_request(CERTIFICATE_CLIENT);
        let request = request.header(EscapedPem::HEADER, certificate.as_str());
        Self::granted(request, &[("resource", resource)], scope).await
    }

    fn token_request(&self, client: Client) -> reqwest::RequestBuilder {
        let request = self.http.post(&self.token_endpoint);
        request.basic_auth(client.id, Some(client.secret))
    }

    async fn granted(
        request: reqwest::RequestBuilder,
        parameters: &[(&str, &str)],
        scope: &str,
    ) -> String {
        let grant = [("grant_type", "client_credentials"), ("scope", scope)];
        let request = request.form(&[&grant, parameters].concat());
        let answer: Value =
            serde_json::from_str(&body(request).await).expect("the token endpoint answers in JSON");
        assert_eq!(
            answer["scope"], scope,
            "the scope granted is not the one asked for"
        );
        member(&answer, "access_token")
    }

    /// Revokes an opaque token (RFC 7009).
    ///
    /// # Panics
    /// When the server refuses. It does not for a token that it doesn't know.
    pub async fn revoke(&self, token: &str) {
        let request = self
            .http
            .post(&self.revocation_endpoint)
            .basic_auth(CLIENT.id, Some(CLIENT.secret))
            .form(&[("token", token), ("token_type_hint", "access_token")]);
        body(request).await;
    }

    /// When an opaque token expires, in seconds, as the server has it stored.
    ///
    /// # Panics
    /// For a token that the server doesn't know, and as [`announce_keys`](Self::announce_keys).
    pub async fn expiry(&self, token: &str) -> i64 {
        let tokens: Vec<(String, Value)> =
            serde_json::from_value(self.script().ask("tokens").await)
                .expect("the tokens are pairs of a key and what is known");
        let known = tokens.iter().find(|(key, _)| key.ends_with(token));
        known
            .and_then(|(_, token)| token["exp"].as_i64())
            .expect("the token is known and has an expiry")
    }

    /// Lets answers about active tokens wait from now on, though what they say is settled.
    ///
    /// # Panics
    /// As [`announce_keys`](Self::announce_keys).
    pub async fn hold_answers(&self) {
        self.script().ask("hold").await;
    }

    /// Waits until an answer does.
    ///
    /// # Panics
    /// When there is none within half a minute, and as [`announce_keys`](Self::announce_keys).
    pub async fn until_one_is_held(&self) {
        let held = async {
            while self.script().ask("held").await == 0 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(REQUEST_LIMIT, held)
            .await
            .expect("the server is asked about an active token");
    }

    /// Sends the answers that wait.
    ///
    /// # Panics
    /// As [`announce_keys`](Self::announce_keys).
    pub async fn release_answers(&self) {
        self.script().ask("release").await;
    }

    /// Puts the server's clock ahead, so that every token it has issued is past its expiry.
    ///
    /// # Panics
    /// As [`announce_keys`](Self::announce_keys).
    pub async fn expire_tokens(&self) {
        self.script().ask("expire").await;
    }

    /// Forgeries of ML-DSA tokens: each of these tokens once without a fault, and with each fault
    /// there is.
    ///
    /// # Panics
    /// For a token that isn't of this server and ML-DSA, and as
    /// [`announce_keys`](Self::announce_keys).
    pub async fn forge(&self, tokens: &[String]) -> Vec<Forgery> {
        let keys = self.script().ask("keys").await;
        let settings = json!({ "keys": keys, "tokens": tokens });
        let script = Script::start(self.node, "forger.mjs", &settings).await;
        let Value::Array(forgeries) = &script.ready()["forgeries"] else {
            panic!("no forgeries in {}", script.ready());
        };
        let forgery = |forgery: &Value| {
            let kind = member(forgery, "kind");
            let known = ForgeryKind::ALL.into_iter().find(|(name, _)| *name == kind);
            Forgery {
                kind: known.expect("the kinds of both sides are the same").1,
                name: member(forgery, "name"),
                token: member(forgery, "token"),
            }
        };
        forgeries.iter().map(forgery).collect()
    }

    /// The private keys of [`KEY_API`](Self::KEY_API), one of each algorithm. Their ids are the
    /// same in every server.
    ///
    /// # Panics
    /// As [`announce_keys`](Self::announce_keys).
    pub async fn api_keys(&self) -> Vec<ApiKey> {
        let Value::Array(keys) = self.script().ask("clientKeys").await else {
            panic!("the authorization server doesn't tell the keys of its API");
        };
        let key = |key: &Value| ApiKey {
            algorithm: member(key, "alg"),
            id: member(key, "kid"),
            pem: member(key, "pem"),
            jwk: key["jwk"].to_string(),
        };
        keys.iter().map(key).collect()
    }

    /// The text of the JWK Set that the server publishes.
    ///
    /// # Panics
    /// When the server doesn't give it.
    pub async fn jwks(&self) -> String {
        body(self.http.get(&self.jwks_uri)).await
    }

    /// Publishes new keys beside those that sign.
    ///
    /// # Panics
    /// When the server is stopped, as everything that asks it.
    pub async fn announce_keys(&self) {
        self.script().ask("announce").await;
    }

    /// Signs with the newest keys from now on. The older ones stay published.
    ///
    /// # Panics
    /// As [`announce_keys`](Self::announce_keys).
    pub async fn sign_with_newest_keys(&self) {
        self.script().ask("sign").await;
    }

    /// Publishes the newest keys alone.
    ///
    /// # Panics
    /// As [`announce_keys`](Self::announce_keys).
    pub async fn withdraw_older_keys(&self) {
        self.script().ask("withdraw").await;
    }

    /// What the library asked for since the last start. What this asks for by itself doesn't count.
    ///
    /// # Panics
    /// As [`announce_keys`](Self::announce_keys), and for a request that the library has no reason
    /// for.
    pub async fn requests(&self) -> Requests {
        let Value::Array(all) = self.script().ask("requests").await else {
            panic!("the authorization server doesn't tell what it was asked for");
        };
        let mut requests = Requests::default();
        for request in all {
            match member(&request, "path") {
                path if path.starts_with("/.well-known/") => requests.metadata += 1,
                path if path == "/jwks" => requests.jwks += 1,
                path if path == "/token/introspection" => requests.introspection += 1,
                path => panic!("the library asked for {path}"),
            }
            requests.http.insert(member(&request, "http"));
        }
        requests
    }

    /// Stops the server at once. Its port refuses connections until it is started again.
    ///
    /// # Panics
    /// When it is stopped already.
    pub async fn stop(&mut self) {
        for state in ["keys", "tokens"] {
            self.settings[state] = self.script().ask(state).await;
        }
        let script = self.script.take().expect("it was just asked");
        script.kill().await;
    }

    /// Starts it again, at the same port with the same name, keys and issued tokens.
    ///
    /// # Panics
    /// As [`start`](Self::start); also when somebody took its port meanwhile.
    pub async fn start_again(&mut self) {
        self.port.leave_to_server();
        self.script = Some(Script::start(self.node, SCRIPT, &self.settings).await);
    }

    fn script(&self) -> &Script {
        self.script.as_ref().expect("the server is not stopped")
    }
}
