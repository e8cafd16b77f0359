//! How an authorization server is reached: the settings of the HTTP client.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Certificate, Client, ClientBuilder, Identity, Proxy, redirect};
use url::Url;

use super::address::Http;
use super::bounds::{
    DEFAULT_CONNECT_TIMEOUT, DEFAULT_TIMEOUT, KEPT_FOR, MAX_KEPT_CONNECTIONS, MAX_TIMEOUT,
};
use super::fetch_problem::FetchError;
use super::fetcher::{Clients, Credential, Credentials, Fetcher};

/// In lower case, as [`HeaderName`] is.
const CREDENTIAL_HEADERS: [&str; 5] = [
    "authorization",
    "proxy-authorization",
    "cookie",
    "x-api-key",
    "api-key",
];

/// How to reach an authorization server: time limits, trust, proxy. For one issuer
/// ([`Issuer::fetch`](crate::Issuer::fetch)) or for all
/// ([`ValidatorBuilder::fetch`](crate::ValidatorBuilder::fetch)).
///
/// These always hold: https only (http for loopback), no redirects, one time limit for the whole
/// call. At most 1 MiB of metadata or of a key set is read
/// ([`Issuer::max_key_set_bytes`](crate::Issuer::max_key_set_bytes)), and 256 KiB of an
/// introspection response.
///
/// ```no_run
/// use resource_server::{Fetch, Issuer, Validator};
/// use std::time::Duration;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let fetch = Fetch::new()
///     .root_certificates_pem(std::fs::read("internal-ca.pem")?)
///     .proxy("http://proxy.internal:3128")
///     .timeout(Duration::from_secs(3));
/// let validator = Validator::builder()
///     .audience("https://api.example.com")
///     .issuer(Issuer::discover("https://as.internal").fetch(fetch))
///     .build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
#[must_use]
pub struct Fetch {
    connect_timeout: Option<Duration>,
    timeout: Option<Duration>,
    added_roots: Vec<Vec<u8>>,
    only_roots: Vec<Vec<u8>>,
    identity: Option<Vec<u8>>,
    proxy: ProxySetting,
    headers: Vec<(String, String)>,
    credentials: Vec<Result<Credential, FetchError>>,
    /// Origins that the credentials go to as well.
    credential_origins: Vec<String>,
    allow_http: bool,
    client: Option<Client>,
}

/// Whether connections are used again.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Connections {
    /// Each call has its own: a call every few minutes gains nothing by one that is kept, which may
    /// be dead by then.
    One,
    /// For calls that come one upon another.
    Kept,
}

#[derive(Clone, Default)]
enum ProxySetting {
    #[default]
    None,
    Environment,
    Url(String),
}

impl Fetch {
    /// Everything at its default.
    pub fn new() -> Self {
        Fetch::default()
    }

    /// How long connecting may take. Default 2 s, at most 60 s.
    pub fn connect_timeout(mut self, limit: Duration) -> Self {
        self.connect_timeout = Some(limit);
        self
    }

    /// How long a whole call may take, from connecting to the last byte. Default 5 s, at most 60 s.
    ///
    /// A token waits only where there are no keys that can be used, and then for each call that it
    /// takes to get some. These are metadata at up to four addresses (two where the issuer's name
    /// has no path), and keys: up to five times this. Where that is too long, put a limit of your
    /// own around [`Validator::validate`](crate::Validator::validate); the fetch goes on for those
    /// who come later.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = Some(limit);
        self
    }

    /// Trusts these certificates in addition to the system's: one or more in PEM, such as a private
    /// CA.
    pub fn root_certificates_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.added_roots.push(pem.into());
        self
    }

    /// Trusts these certificates and no others: one or more in PEM.
    pub fn only_root_certificates_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.only_roots.push(pem.into());
        self
    }

    /// Shows this client certificate: certificates and private key in one PEM text.
    pub fn client_certificate_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.identity = Some(pem.into());
        self
    }

    /// Goes through this proxy, `http` or `https`, for example `http://proxy.internal:3128`.
    /// Without this no proxy is used; for plain http on loopback never, unless `danger_allow_http`
    /// is set.
    pub fn proxy(mut self, url: impl Into<String>) -> Self {
        self.proxy = ProxySetting::Url(url.into());
        self
    }

    /// Goes through the proxy that the environment names (`HTTPS_PROXY`, `NO_PROXY` and so on); for
    /// plain http on loopback never, unless `danger_allow_http` is set.
    pub fn proxy_from_environment(mut self) -> Self {
        self.proxy = ProxySetting::Environment;
        self
    }

    /// Sends one more header with calls to the configured origin: that of the issuer's name, or of
    /// the address given for its metadata, keys or introspection. It does not go to another origin
    /// that metadata names. **In the `Fetch` of a whole Validator it goes to every issuer**, and
    /// over plain http where that is allowed.
    ///
    /// `Authorization`, `Proxy-Authorization`, `Cookie`, `X-Api-Key` and `Api-Key` have
    /// credentials, so they are a [`FetchError`]. Set credentials by [`basic`](Fetch::basic),
    /// [`bearer_file`](Fetch::bearer_file) or [`secret_header`](Fetch::secret_header), which are
    /// bound to one issuer's origin and go by https only. `Accept-Encoding` is always `identity`.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Shows the bearer token in this file (RFC 6750 section 2.1) with calls for metadata and keys:
    /// for an issuer that shows them only to those it knows, such as a Kubernetes API server. The
    /// file is read on its own thread for each call, and once for calls that wait at the same time.
    /// So a renewed token applies immediately, also if a symlink is swapped. It holds one token of
    /// at most 16 KiB; blanks and line breaks around it are left out. Where it can't be read or
    /// holds anything else, there is no call, which is an outage that names the file.
    ///
    /// This and the other credentials, [`basic`](Fetch::basic) and
    /// [`secret_header`](Fetch::secret_header), are for one issuer, so they are set by
    /// [`Issuer::fetch`](crate::Issuer::fetch), one at most. They go only to the origin (scheme,
    /// host and port) that is configured there: that of the issuer's name, or of the address given
    /// by [`discovery_at`](crate::Issuer::discovery_at) or [`jwks_at`](crate::Issuer::jwks_at). Not
    /// to another one that the metadata names, unless
    /// [`credentials_also_for`](Fetch::credentials_also_for) does too; not where a redirect leads;
    /// and never over plain http except to loopback. Introspection has credentials of its own and
    /// does not use these.
    ///
    /// For tokens of a Kubernetes cluster's service accounts, use their `iss` as the issuer's name,
    /// and name the address of the keys, as here: the `jwks_uri` in the cluster's metadata is often
    /// the API server's address as seen from outside, to which the token does not go.
    ///
    /// ```no_run
    /// use resource_server::{Fetch, Issuer, Validator};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let account = "/var/run/secrets/kubernetes.io/serviceaccount";
    /// let fetch = Fetch::new()
    ///     .only_root_certificates_pem(std::fs::read(format!("{account}/ca.crt"))?)
    ///     .bearer_file(format!("{account}/token"));
    /// let validator = Validator::builder()
    ///     .audience("orders-api")
    ///     .issuer(
    ///         Issuer::new("https://kubernetes.default.svc.cluster.local")
    ///             .jwks_at("https://kubernetes.default.svc/openid/v1/jwks")
    ///             .fetch(fetch),
    ///     )
    ///     .build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn bearer_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.credentials
            .push(Ok(Credential::BearerFile(path.into())));
        self
    }

    /// Shows this user name and password (RFC 7617) with calls for metadata and keys. Where they go
    /// is said at [`bearer_file`](Fetch::bearer_file).
    pub fn basic(mut self, user: &str, password: &str) -> Self {
        self.credentials.push(Credential::basic(user, password));
        self
    }

    /// Shows this secret, such as an API key, in a header of its own with calls for metadata and
    /// keys. Where it goes is said at [`bearer_file`](Fetch::bearer_file).
    pub fn secret_header(mut self, name: &str, value: &str) -> Self {
        self.credentials.push(Credential::header(name, value));
        self
    }

    /// Lets the credentials go to this origin too, such as `https://203.0.113.7:6443`: where the
    /// issuer's metadata is in one place and its keys in another. **Anyone who answers there gets
    /// them.**
    pub fn credentials_also_for(mut self, origin: impl Into<String>) -> Self {
        self.credential_origins.push(origin.into());
        self
    }

    /// Accepts `http` addresses beyond loopback. **Dangerous**: anyone on the network path chooses
    /// the keys that tokens are verified with. For networks where something else protects the way,
    /// such as a service mesh.
    pub fn danger_allow_http(mut self) -> Self {
        self.allow_http = true;
        self
    }

    /// Uses a client of yours. Its trust, proxy and identity apply, so none can be set here in
    /// addition. Our size cap, time limit and status rules still hold, and a response after a
    /// redirect is refused. Configure it without redirects (`redirect::Policy::none()`), since a
    /// redirect would take the headers along.
    ///
    /// Needs the feature `reqwest-client`: reqwest has not reached its 1.0, so a new version of it
    /// may change this method.
    #[cfg(feature = "reqwest-client")]
    pub fn client(mut self, client: Client) -> Self {
        self.client = Some(client);
        self
    }

    pub(crate) fn http(&self) -> Http {
        if self.allow_http {
            Http::Anywhere
        } else {
            Http::ToLoopback
        }
    }

    pub(crate) fn has_credentials(&self) -> bool {
        !self.credentials.is_empty()
    }

    /// For issuers that have none of their own. One's credentials are no business of another.
    pub(crate) fn build_for_all(&self) -> Result<Fetcher, FetchError> {
        if self.has_credentials() {
            return Err(FetchError::CredentialsForAll);
        }
        self.build()
    }

    pub(crate) fn build(&self) -> Result<Fetcher, FetchError> {
        let timeout = self.timeout.unwrap_or(DEFAULT_TIMEOUT);
        let connect_timeout = self.connect_timeout.unwrap_or(DEFAULT_CONNECT_TIMEOUT);
        for limit in [timeout, connect_timeout] {
            if limit.is_zero() || limit > MAX_TIMEOUT {
                return Err(FetchError::Timeout(limit));
            }
        }
        let headers = self.header_map()?;
        let credentials = self.sound_credentials(&headers)?;
        let clients = self.clients(connect_timeout, Connections::One)?;
        let fetcher = Fetcher::new(clients, headers, timeout, self.http());
        let fetcher = {
            let settings = self.clone();
            let keeping = move || settings.clients(connect_timeout, Connections::Kept);
            fetcher.with(self.identity.is_some(), keeping)
        };
        Ok(match credentials {
            Some(credentials) => fetcher.with_credentials(credentials),
            None => fetcher,
        })
    }

    fn sound_credentials(&self, headers: &HeaderMap) -> Result<Option<Credentials>, FetchError> {
        let credential = match self.credentials.as_slice() {
            [] if self.credential_origins.is_empty() => return Ok(None),
            [] => return Err(FetchError::OriginWithoutCredentials),
            [credential] => credential.clone()?,
            _ => return Err(FetchError::SeveralCredentials),
        };
        if headers.contains_key(credential.header_name()) {
            return Err(FetchError::SeveralCredentials);
        }
        // It might follow redirects, and send along what it was given.
        if self.client.is_some() {
            return Err(FetchError::CredentialsWithOwnClient);
        }
        Credentials::new(credential, &self.credential_origins).map(Some)
    }

    fn clients(
        &self,
        connect_timeout: Duration,
        connections: Connections,
    ) -> Result<Clients, FetchError> {
        if let Some(client) = &self.client {
            let is_alone = self.added_roots.is_empty()
                && self.only_roots.is_empty()
                && self.identity.is_none()
                && self.connect_timeout.is_none()
                && matches!(self.proxy, ProxySetting::None);
            return if is_alone {
                Ok(Clients::Own(client.clone()))
            } else {
                Err(FetchError::SettingsBesideClient)
            };
        }
        let client_builder = || self.client_builder(connect_timeout, connections);
        let builder = client_builder()?;
        let proxied = match &self.proxy {
            ProxySetting::None => None,
            ProxySetting::Environment => Some(client_builder()?),
            ProxySetting::Url(url) => {
                let proxy = proxy(url).ok_or(FetchError::Proxy)?;
                Some(client_builder()?.proxy(proxy))
            }
        };
        Ok(Clients::Made {
            direct: built(builder.no_proxy())?,
            proxied: proxied.map(built).transpose()?,
        })
    }

    fn header_map(&self) -> Result<HeaderMap, FetchError> {
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            let refused = || FetchError::Header(name.clone());
            let header = HeaderName::from_bytes(name.as_bytes()).map_err(|_| refused())?;
            if CREDENTIAL_HEADERS.contains(&header.as_str()) {
                return Err(FetchError::CredentialHeader(name.clone()));
            }
            let mut value = HeaderValue::from_str(value).map_err(|_| refused())?;
            value.set_sensitive(true);
            headers.append(header, value);
        }
        Ok(headers)
    }

    fn client_builder(
        &self,
        connect_timeout: Duration,
        connections: Connections,
    ) -> Result<ClientBuilder, FetchError> {
        let mut builder = Client::builder()
            .connect_timeout(connect_timeout)
            .redirect(redirect::Policy::none())
            .user_agent(concat!("resource-server/", env!("CARGO_PKG_VERSION")));
        match connections {
            Connections::One => builder = builder.pool_max_idle_per_host(0),
            // HTTP/1.1, whose connection ends with a call that times out on it; one of HTTP/2 that
            // died in silence would go on to take calls.
            Connections::Kept => {
                builder = builder
                    .http1_only()
                    .pool_max_idle_per_host(MAX_KEPT_CONNECTIONS)
                    .pool_idle_timeout(KEPT_FOR);
            }
        }
        let added = certificates(&self.added_roots)?;
        let only = certificates(&self.only_roots)?;
        if !added.is_empty() && !only.is_empty() {
            return Err(FetchError::TwoKindsOfRoots);
        }
        if !added.is_empty() {
            builder = builder.tls_certs_merge(added);
        }
        if !only.is_empty() {
            builder = builder.tls_certs_only(only);
        }
        if let Some(pem) = &self.identity {
            let identity = Identity::from_pem(pem).map_err(|_| FetchError::ClientCertificate)?;
            builder = builder.identity(identity);
        }
        Ok(builder)
    }
}

fn built(builder: ClientBuilder) -> Result<Client, FetchError> {
    builder
        .build()
        .map_err(|error| FetchError::Client(Arc::new(error.without_url())))
}

/// The client would go past a proxy of another scheme in silence.
fn proxy(text: &str) -> Option<Proxy> {
    let url = Url::parse(text).ok()?;
    let is_known = ["http", "https"].contains(&url.scheme()) && url.has_host();
    is_known.then(|| Proxy::all(url).ok()).flatten()
}

impl fmt::Debug for Fetch {
    /// Shows no header, credential, proxy or certificate: there may be secrets among them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fetch")
            .field("connect_timeout", &self.connect_timeout)
            .field("timeout", &self.timeout)
            .field("allow_http", &self.allow_http)
            .finish_non_exhaustive()
    }
}

/// Checks that each PEM text has at least one certificate and that each certificate is sound: the
/// client silently accepts garbage.
fn certificates(texts: &[Vec<u8>]) -> Result<Vec<Certificate>, FetchError> {
    let mut all = Vec::new();
    for pem in texts {
        let found = Certificate::from_pem_bundle(pem).map_err(|_| FetchError::RootCertificate)?;
        if found.is_empty() {
            return Err(FetchError::RootCertificate);
        }
        all.extend(found);
    }
    if !all.is_empty() {
        // A client that trusts these alone reads each of them.
        Client::builder()
            .tls_certs_only(all.clone())
            .build()
            .map_err(|_| FetchError::RootCertificate)?;
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f01_settings_that_can_not_work_are_told_when_built() {
        const CERTIFICATE_SHAPED: &str =
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        let problem = |fetch: Fetch| fetch.build().err();
        assert_eq!(problem(Fetch::new()), None);
        for text in [
            "",
            "garbage",
            CERTIFICATE_SHAPED,
            "-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n",
        ] {
            assert_eq!(
                problem(Fetch::new().root_certificates_pem(text)),
                Some(FetchError::RootCertificate),
                "{text}"
            );
            assert_eq!(
                problem(Fetch::new().only_root_certificates_pem(text)),
                Some(FetchError::RootCertificate),
                "{text}"
            );
            assert_eq!(
                problem(Fetch::new().client_certificate_pem(text)),
                Some(FetchError::ClientCertificate),
                "{text}"
            );
        }
        for address in [
            "not a url",
            "proxy.internal:3128",
            "ftp://proxy.internal",
            "socks5://proxy.internal",
            "httpss://proxy",
        ] {
            assert_eq!(
                problem(Fetch::new().proxy(address)),
                Some(FetchError::Proxy),
                "{address}"
            );
        }
        assert_eq!(
            problem(Fetch::new().header("a b", "c")),
            Some(FetchError::Header("a b".into()))
        );
        assert_eq!(
            problem(Fetch::new().header("a", "c\r\nd: e")),
            Some(FetchError::Header("a".into()))
        );
        for limit in [Duration::ZERO, Duration::from_secs(61)] {
            assert_eq!(
                problem(Fetch::new().timeout(limit)),
                Some(FetchError::Timeout(limit))
            );
            assert_eq!(
                problem(Fetch::new().connect_timeout(limit)),
                Some(FetchError::Timeout(limit))
            );
        }
    }

    #[cfg(feature = "reqwest-client")]
    #[test]
    fn f01_a_client_of_ones_own_has_its_own_settings() {
        let problem = |fetch: Fetch| fetch.build().err();
        let own = || Fetch::new().client(Client::new());
        assert_eq!(problem(own()), None);
        assert_eq!(
            problem(own().proxy_from_environment()),
            Some(FetchError::SettingsBesideClient)
        );
    }
}
