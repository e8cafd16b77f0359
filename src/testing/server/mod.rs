//! A [`TestIssuer`] on a port of this machine, with everything that can go wrong there.

mod door;
mod fault;
mod http;
mod introspection;
mod site;
mod tls;

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use self::door::Door;
use self::http::{Connection, Wire};
use self::site::{Document, Site};
use self::tls::Tls;
use super::TestIssuer;

pub use self::fault::Fault;

/// An authorization server on loopback: metadata (RFC 8414 and OpenID Connect Discovery) and JWK
/// Set of a [`TestIssuer`], introspection of opaque tokens (RFC 7662), and any [`Fault`] in serving
/// them.
///
/// What the issuer signs with and publishes is served at once. The server runs on the tokio runtime
/// that starts it, which needs I/O and time enabled, and ends when it is dropped or that runtime
/// ends; its port is free as soon as it is dropped. It speaks HTTP/1.1, with and without TLS, and
/// sends no `Date`.
///
/// How an API behaves in an outage and after a rotation, tested:
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// use resource_server::testing::{Fault, ManualClock, TestServer};
/// use resource_server::{Issuer, Validator, clock::{Clock, SystemClock}};
/// use std::time::Duration;
///
/// let clock = ManualClock::at(SystemClock::new().now());
/// let server = TestServer::start("https://api.example.com").await?;
/// let issuer = server.issuer().clone().clock(clock.clone());
/// let validator = Validator::builder()
///     .audience("https://api.example.com")
///     .issuer(Issuer::discover(server.url()))
///     .clock(clock.clone())
///     .build()?;
///
/// // Down at the start: 503, never 401. Then it recovers.
/// server.fail(Fault::Status { code: 503, retry_after: None });
/// assert_eq!(validator.validate(&issuer.token().mint()).await.unwrap_err().status(), 503);
/// server.recover();
/// clock.advance(Duration::from_secs(60));
/// validator.validate(&issuer.token().mint()).await?;
///
/// // A rotation: a key published ten seconds before it signs is never refused.
/// issuer.rotate_keys();
/// clock.advance(Duration::from_secs(10));
/// validator.validate(&issuer.token().mint()).await?;
/// assert_eq!(server.fetches().jwks, 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct TestServer {
    site: Arc<Site>,
    door: Arc<Door>,
    ca_pem: String,
    accepting: JoinHandle<()>,
}

/// A [`TestServer`] on its way to be started.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// use resource_server::testing::{TestServer, WellKnown};
///
/// let server = TestServer::builder("https://api.example.com")
///     .name("https://as.example.com/tenant")
///     .only(WellKnown::OpenIdAppended)
///     .tls()
///     .start()
///     .await?;
/// assert_eq!(server.issuer().name(), "https://as.example.com/tenant");
/// let expected = format!("{}/tenant/.well-known/openid-configuration", server.url());
/// assert_eq!(server.discovery_url(), expected);
///
/// let ca = reqwest::Certificate::from_pem(server.ca_pem().as_bytes())?;
/// let http = reqwest::Client::builder().tls_certs_only([ca]).no_proxy().build()?;
/// assert_eq!(http.get(server.discovery_url()).send().await?.status(), 200);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct TestServerBuilder {
    audience: String,
    name: Option<String>,
    path: String,
    only: Option<WellKnown>,
    tls: bool,
}

/// The addresses at which an issuer's metadata may be: for the issuer
/// `https://as.example.com/tenant`, below that host. Where an issuer's name has no path, both
/// OpenID forms are one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WellKnown {
    /// `/.well-known/oauth-authorization-server/tenant`, by RFC 8414 section 3.
    OAuth,
    /// `/tenant/.well-known/openid-configuration`, by OpenID Connect Discovery section 4.
    OpenIdAppended,
    /// `/.well-known/openid-configuration/tenant`, by RFC 8414 section 5.
    OpenIdInserted,
}

/// How many requests a [`TestServer`] has received.
///
/// Each is counted when it has been read and before it is answered, also where a fault is all that
/// comes back. Connects that are refused, and connections without a request, aren't.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Fetches {
    /// Requests for metadata, at any well-known address.
    pub discovery: usize,
    /// Requests for the JWK Set.
    pub jwks: usize,
    /// Questions about tokens, at the introspection endpoint.
    pub introspection: usize,
    /// Those among `jwks` that were answered with 304.
    pub not_modified: usize,
    /// All others.
    pub other: usize,
}

impl TestServer {
    /// Starts a server whose issuer is named by its address, `http://127.0.0.1:PORT`, with tokens
    /// for this audience.
    ///
    /// # Errors
    /// Where the system has no port on 127.0.0.1.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub async fn start(audience: &str) -> io::Result<Self> {
        Self::builder(audience).start().await
    }

    /// A server with another name, TLS or fewer forms of metadata.
    pub fn builder(audience: &str) -> TestServerBuilder {
        TestServerBuilder {
            audience: audience.to_owned(),
            name: None,
            path: String::new(),
            only: None,
            tls: false,
        }
    }

    /// The issuer: mints tokens, rotates and withdraws the keys that are served. A clone is the
    /// same issuer, also with a clock of its own: `server.issuer().clone().clock(clock)`.
    pub fn issuer(&self) -> &TestIssuer {
        self.site.issuer()
    }

    /// Scheme, host and port, without a slash at the end, such as `http://127.0.0.1:49152`.
    pub fn url(&self) -> &str {
        self.site.url()
    }

    /// The URL of the JWK Set.
    pub fn jwks_url(&self) -> String {
        self.site.jwks_url()
    }

    /// The URL of the metadata: in the form of RFC 8414, or in the form that the server is limited
    /// to.
    pub fn discovery_url(&self) -> String {
        self.site.discovery_url()
    }

    /// Where it introspects tokens (RFC 7662), by a client that names itself by
    /// [`CLIENT_ID`](Self::CLIENT_ID) and [`CLIENT_SECRET`](Self::CLIENT_SECRET), by the Basic
    /// scheme or in the form, or by an assertion ([`know_client`](Self::know_client)).
    pub fn introspection_url(&self) -> String {
        self.site.introspection_url()
    }

    /// The client that may introspect tokens.
    pub const CLIENT_ID: &str = introspection::CLIENT_ID;

    /// Its secret.
    pub const CLIENT_SECRET: &str = introspection::CLIENT_SECRET;

    /// How this server introspects tokens, for
    /// [`Issuer::introspection`](crate::Issuer::introspection).
    ///
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
    /// use resource_server::testing::TestServer;
    /// use resource_server::{Issuer, Validator};
    /// use serde_json::json;
    ///
    /// let server = TestServer::start("https://api.example.com").await?;
    /// let validator = Validator::builder()
    ///     .audience("https://api.example.com")
    ///     .issuer(Issuer::discover(server.url()).introspection(server.introspection()))
    ///     .build()?;
    ///
    /// let opaque = server.opaque_token(json!({"sub": "alice", "scope": "orders:read"}));
    /// assert_eq!(validator.validate(&opaque).await?.subject(), Some("alice"));
    ///
    /// server.revoke(&opaque);
    /// assert_eq!(validator.validate_online(&opaque).await.unwrap_err().status(), 401);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn introspection(&self) -> crate::Introspection {
        crate::Introspection::at(self.introspection_url())
            .client_secret_basic(Self::CLIENT_ID, Self::CLIENT_SECRET)
    }

    /// From now on this client may introspect tokens with assertions that are signed with one of
    /// these keys, a JWK Set of public ones (RFC 7523): what
    /// [`Introspection::private_key_jwt`](crate::Introspection::private_key_jwt) sends. They must
    /// be for the issuer, by its name. Whether they are in time is judged by their own `iat`, so
    /// that the clock of a test counts.
    ///
    /// ```
    /// # #[cfg(feature = "fetch")]
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
    /// use resource_server::testing::TestServer;
    /// use resource_server::{Introspection, Issuer, Validator, introspection::ClientKey};
    ///
    /// let server = TestServer::start("https://api.example.com").await?;
    /// // RFC 8037 appendix A.
    /// let public = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    /// let private = public.replace("}", r#","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"}"#);
    /// server.know_client("orders-api", &format!(r#"{{"keys":[{public}]}}"#))?;
    ///
    /// let introspection = Introspection::at(server.introspection_url())
    ///     .private_key_jwt("orders-api", ClientKey::from_jwk(&private)?);
    /// let validator = Validator::builder()
    ///     .audience("https://api.example.com")
    ///     .issuer(Issuer::new(server.issuer().name()).introspection(introspection))
    ///     .build()?;
    /// let opaque = server.opaque_token(serde_json::json!({"scope": "orders:read"}));
    /// assert!(validator.validate(&opaque).await?.scopes().contains("orders:read"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The text is not a JWK Set.
    pub fn know_client(&self, id: &str, jwks: &str) -> Result<(), crate::error::KeySetError> {
        self.site
            .know_client(id, crate::keys::KeySet::from_jwks(jwks)?);
        Ok(())
    }

    /// A new opaque token, which the introspection endpoint calls active, with `iss`, `aud`,
    /// `token_type` and `client_id`, and with these members besides or instead. It has no end
    /// unless an `exp` is among them.
    pub fn opaque_token(&self, members: Value) -> String {
        let token = introspection::random_token();
        self.site.know(&token, members);
        token
    }

    /// From now on the introspection endpoint calls this token active, with the same and these
    /// members: for JWTs.
    pub fn know(&self, token: &str, members: Value) {
        self.site.know(token, members);
    }

    /// From now on the introspection endpoint calls this token inactive. A Validator that keeps an
    /// earlier answer hears of it when that runs out (60 s by default, by its clock), or after
    /// [`forget`](crate::Validator::forget).
    pub fn revoke(&self, token: &str) {
        self.site.revoke(token);
    }

    /// The certificate of its CA; empty without TLS.
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// Requests received so far.
    pub fn fetches(&self) -> Fetches {
        self.site.fetches()
    }

    /// The `Cache-Control` header of the JWK Set's answers. Without this they have none.
    pub fn cache_control(&self, value: &str) {
        self.site.set_cache_control(value);
    }

    /// Sets the `Age` header of the JWK Set's answers, in whole seconds, as if they came from a
    /// cache. By default they have no `Age`.
    pub fn age(&self, age: Duration) {
        self.site.set_age(age);
    }

    /// Publishes this text as the JWK Set, unchecked, until
    /// [`serve_issuer_keys`](Self::serve_issuer_keys).
    pub fn serve_jwks(&self, text: impl Into<String>) {
        self.site.set_text(Document::Jwks, Some(text.into()));
    }

    /// Publishes the issuer's keys again.
    pub fn serve_issuer_keys(&self) {
        self.site.set_text(Document::Jwks, None);
    }

    /// Publishes this text as the metadata, unchecked, until
    /// [`serve_issuer_metadata`](Self::serve_issuer_metadata).
    pub fn serve_metadata(&self, text: impl Into<String>) {
        self.site.set_text(Document::Metadata, Some(text.into()));
    }

    /// Publishes the issuer's metadata again.
    pub fn serve_issuer_metadata(&self) {
        self.site.set_text(Document::Metadata, None);
    }

    /// Sets the fault of metadata, JWK Set and introspection, from the next answer on. It replaces
    /// any earlier fault.
    ///
    /// # Panics
    /// It panics if the port can't be held for [`Fault::Refused`].
    pub fn fail(&self, fault: Fault) {
        self.set_fault(&Document::ALL, Some(&Arc::new(fault)));
    }

    /// Does what [`fail`](Self::fail) does, for the JWK Set only. Other faults stay as they are.
    ///
    /// # Panics
    /// As [`fail`](Self::fail).
    pub fn fail_jwks(&self, fault: Fault) {
        self.set_fault(&[Document::Jwks], Some(&Arc::new(fault)));
    }

    /// Does what [`fail`](Self::fail) does, for the metadata only.
    ///
    /// # Panics
    /// As [`fail`](Self::fail).
    pub fn fail_discovery(&self, fault: Fault) {
        self.set_fault(&[Document::Metadata], Some(&Arc::new(fault)));
    }

    /// Does what [`fail`](Self::fail) does, for introspection only.
    ///
    /// # Panics
    /// As [`fail`](Self::fail).
    pub fn fail_introspection(&self, fault: Fault) {
        self.set_fault(&[Document::Introspection], Some(&Arc::new(fault)));
    }

    /// Nothing is wrong any more.
    ///
    /// # Panics
    /// It panics after [`Fault::Refused`] if the runtime that started the server has ended.
    pub fn recover(&self) {
        self.set_fault(&Document::ALL, None);
    }

    fn set_fault(&self, documents: &[Document], fault: Option<&Arc<Fault>>) {
        self.site.set_fault(documents, fault, &self.door);
    }
}

impl TestServerBuilder {
    /// The issuer's name, where that isn't the server's address. It may be a template
    /// ([`Issuer::template`](crate::Issuer::template)): then its keys for all tenants are had by
    /// `jwks_at(server.jwks_url())`, and tokens by `server.issuer().token().issuer(name)`.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// A path after the address in the issuer's name, such as `/tenant`. Without effect where a
    /// name is given.
    pub fn path(mut self, path: &str) -> Self {
        self.path = match path {
            "" => String::new(),
            path => format!("/{}", path.trim_start_matches('/')),
        };
        self
    }

    /// Metadata in this form only: the other addresses answer 404.
    pub fn only(mut self, form: WellKnown) -> Self {
        self.only = Some(form);
        self
    }

    /// HTTPS, with a certificate for `localhost` and `127.0.0.1` by a CA made for this server:
    /// [`ca_pem`](TestServer::ca_pem).
    pub fn tls(mut self) -> Self {
        self.tls = true;
        self
    }

    /// Starts the server on the tokio runtime that this runs in.
    ///
    /// # Errors
    /// Where the system has no port on 127.0.0.1.
    ///
    /// # Panics
    /// It panics outside a tokio runtime, or if the backend can't make a key.
    pub async fn start(self) -> io::Result<TestServer> {
        let door = Arc::new(Door::open_any().await?);
        let (scheme, ca_pem, acceptor) = if self.tls {
            let tls = Tls::new();
            ("https", tls.ca_pem, Some(tls.acceptor))
        } else {
            ("http", String::new(), None)
        };
        let url = format!("{scheme}://{}", door.address());
        let name = self.name.unwrap_or_else(|| format!("{url}{}", self.path));
        let issuer = TestIssuer::new(&name, &self.audience);
        let site = Arc::new(Site::new(issuer, url, self.only));
        let accepting = tokio::spawn(accept(Arc::clone(&door), Arc::clone(&site), acceptor));
        Ok(TestServer {
            site,
            door,
            ca_pem,
            accepting,
        })
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.accepting.abort();
        self.door.free();
    }
}

impl fmt::Debug for TestServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestServer")
            .field("url", &self.url())
            .field("issuer", &self.issuer().name())
            .field("fetches", &self.fetches())
            .finish_non_exhaustive()
    }
}

async fn accept(door: Arc<Door>, site: Arc<Site>, acceptor: Option<TlsAcceptor>) {
    loop {
        let connection = door.accept().await;
        let site = Arc::clone(&site);
        let acceptor = acceptor.clone();
        // A connection that breaks is the client's to notice.
        door.admit(async move {
            let _ = match acceptor {
                Some(acceptor) => serve_tls(connection, &acceptor, &site).await,
                None => serve(connection, &site).await,
            };
        });
    }
}

async fn serve_tls(tcp: TcpStream, acceptor: &TlsAcceptor, site: &Site) -> io::Result<()> {
    serve(acceptor.accept(tcp).await?, site).await
}

async fn serve(wire: impl Wire, site: &Site) -> io::Result<()> {
    // A byte of a slow body is a packet.
    wire.tcp().set_nodelay(true)?;
    let mut connection = Connection::new(wire);
    let mut is_reused = false;
    while let Some(request) = connection.request().await? {
        let answer = site.answer(&request, is_reused).await;
        if !connection.answer(&request, answer).await? {
            break;
        }
        is_reused = true;
    }
    Ok(())
}
