//! The one bounded HTTP client.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{
    ACCEPT, AGE, CACHE_CONTROL, ETAG, HeaderMap, HeaderName, HeaderValue, IF_NONE_MATCH, LOCATION,
    RETRY_AFTER,
};
use reqwest::{Certificate, Client, Identity, Proxy, Response, StatusCode, redirect};
use url::Url;

use super::address::{Address, Http};

const DEFAULT_CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(5);
/// Longer than this a caller would not wait.
const MAX_TIMEOUT: Duration = Duration::from_secs(60);
/// An answer is read up to this size, in bytes.
const MAX_BODY_BYTES: usize = 256 * 1024;

/// How to reach an authorization server: time limits, trust, proxy. For one issuer
/// ([`Issuer::fetch`](crate::Issuer::fetch)) or for all ([`ValidatorBuilder::fetch`](crate::ValidatorBuilder::fetch)).
///
/// Whatever is set, these hold: https only (http for loopback), no redirects, at most 256 KiB are read, one limit for the
/// whole call.
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
    allow_http: bool,
    client: Option<Client>,
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
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = Some(limit);
        self
    }

    /// Trusts these certificates beside the system's: one or more in PEM, such as a private CA.
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

    /// Goes through this proxy, for example `http://proxy.internal:3128`. Without this no proxy is used.
    pub fn proxy(mut self, url: impl Into<String>) -> Self {
        self.proxy = ProxySetting::Url(url.into());
        self
    }

    /// Goes through the proxy that the environment names (`HTTPS_PROXY`, `NO_PROXY` and so on).
    pub fn proxy_from_environment(mut self) -> Self {
        self.proxy = ProxySetting::Environment;
        self
    }

    /// Sends one more header with every call. Its value is a secret as far as this crate is concerned.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Takes `http` addresses beyond loopback. **Dangerous**: whoever sits on the way chooses the keys that tokens are
    /// verified with. For networks where something else protects the way, such as a service mesh.
    pub fn danger_allow_http(mut self) -> Self {
        self.allow_http = true;
        self
    }

    /// Uses a client of yours. Its own trust, proxy and identity count, so none may be set here beside it. Size cap, time
    /// limit and status rules stay, and an answer to which it was redirected is refused.
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

    pub(crate) fn build(&self) -> Result<Fetcher, FetchProblem> {
        let timeout = self.timeout.unwrap_or(DEFAULT_TIMEOUT);
        let connect_timeout = self.connect_timeout.unwrap_or(DEFAULT_CONNECT_TIMEOUT);
        for limit in [timeout, connect_timeout] {
            if limit.is_zero() || limit > MAX_TIMEOUT {
                return Err(FetchProblem::Timeout(limit));
            }
        }
        let headers = self.header_map()?;
        let client = match &self.client {
            Some(client) => {
                let is_alone = self.added_roots.is_empty()
                    && self.only_roots.is_empty()
                    && self.identity.is_none()
                    && self.connect_timeout.is_none()
                    && matches!(self.proxy, ProxySetting::None);
                if !is_alone {
                    return Err(FetchProblem::SettingsBesideClient);
                }
                client.clone()
            }
            None => self.build_client(connect_timeout)?,
        };
        Ok(Fetcher(Arc::new(Inner {
            client,
            headers,
            timeout,
            http: self.http(),
        })))
    }

    fn header_map(&self) -> Result<HeaderMap, FetchProblem> {
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            let refused = || FetchProblem::Header(name.clone());
            let header = HeaderName::from_bytes(name.as_bytes()).map_err(|_| refused())?;
            let mut value = HeaderValue::from_str(value).map_err(|_| refused())?;
            value.set_sensitive(true);
            headers.append(header, value);
        }
        Ok(headers)
    }

    fn build_client(&self, connect_timeout: Duration) -> Result<Client, FetchProblem> {
        let mut builder = Client::builder()
            .connect_timeout(connect_timeout)
            .redirect(redirect::Policy::none())
            .pool_max_idle_per_host(1)
            .user_agent(concat!("resource-server/", env!("CARGO_PKG_VERSION")));
        let added = certificates(&self.added_roots)?;
        let only = certificates(&self.only_roots)?;
        if !added.is_empty() && !only.is_empty() {
            return Err(FetchProblem::TwoKindsOfRoots);
        }
        if !added.is_empty() {
            builder = builder.tls_certs_merge(added);
        }
        if !only.is_empty() {
            builder = builder.tls_certs_only(only);
        }
        if let Some(pem) = &self.identity {
            let identity = Identity::from_pem(pem).map_err(|_| FetchProblem::ClientCertificate)?;
            builder = builder.identity(identity);
        }
        builder = match &self.proxy {
            ProxySetting::None => builder.no_proxy(),
            ProxySetting::Environment => builder,
            ProxySetting::Url(url) => {
                builder.proxy(Proxy::all(url.as_str()).map_err(|_| FetchProblem::Proxy)?)
            }
        };
        builder
            .build()
            .map_err(|error| FetchProblem::Client(Arc::new(error.without_url())))
    }
}

impl fmt::Debug for Fetch {
    /// Shows no header, proxy or certificate: there may be secrets among them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fetch")
            .field("connect_timeout", &self.connect_timeout)
            .field("timeout", &self.timeout)
            .field("allow_http", &self.allow_http)
            .finish_non_exhaustive()
    }
}

/// Each PEM text with at least one certificate, and each certificate sound: the client takes garbage in silence.
fn certificates(texts: &[Vec<u8>]) -> Result<Vec<Certificate>, FetchProblem> {
    let mut all = Vec::new();
    for pem in texts {
        let found = Certificate::from_pem_bundle(pem).map_err(|_| FetchProblem::RootCertificate)?;
        if found.is_empty() {
            return Err(FetchProblem::RootCertificate);
        }
        all.extend(found);
    }
    if !all.is_empty() {
        // A client that trusts these alone reads each of them.
        Client::builder()
            .tls_certs_only(all.clone())
            .build()
            .map_err(|_| FetchProblem::RootCertificate)?;
    }
    Ok(all)
}

/// What is wrong with the settings of a [`Fetch`].
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchProblem {
    /// A time limit of zero, or above 60 s.
    #[error("a time limit of {} ms: set from 1 ms to 60 s", .0.as_millis())]
    Timeout(Duration),
    /// A PEM text without a certificate, or with a damaged one.
    #[error("a root certificate's PEM text has no certificate in it, or a damaged one")]
    RootCertificate,
    /// Roots to add to the system's, and roots to trust alone.
    #[error("root certificates are set both beside the system's and instead of them: choose one")]
    TwoKindsOfRoots,
    /// A client certificate that can't be read.
    #[error("the client certificate's PEM text must have a certificate and its private key")]
    ClientCertificate,
    /// A proxy address that can't be read.
    #[error("the proxy's address is not a URL")]
    Proxy,
    /// A header whose name or value can't stand in a request.
    #[error(
        "the header \"{0}\" can't be sent: its name or value has characters that are not allowed"
    )]
    Header(String),
    /// Settings that an own client already has.
    #[error(
        "a client of your own is set, and beside it trust, proxy, identity or connect timeout: set these there"
    )]
    SettingsBesideClient,
    /// The client can't be made.
    #[error("the HTTP client can't be made")]
    Client(#[source] Arc<reqwest::Error>),
}

impl PartialEq for FetchProblem {
    fn eq(&self, other: &Self) -> bool {
        self.to_string() == other.to_string()
    }
}

impl Eq for FetchProblem {}

/// The client, made once.
#[derive(Clone)]
pub(crate) struct Fetcher(Arc<Inner>);

struct Inner {
    client: Client,
    headers: HeaderMap,
    timeout: Duration,
    http: Http,
}

/// What a call brought.
pub(crate) enum Answer {
    Body {
        text: String,
        etag: Option<String>,
        lifetime: Option<Duration>,
    },
    /// 304, to a call that named the `ETag` of what is held.
    NotModified { lifetime: Option<Duration> },
}

impl Fetcher {
    pub(crate) fn http(&self) -> Http {
        self.0.http
    }

    /// Gets a JSON document, past caches on the way. With the `etag` of what is held, an unchanged one isn't sent again.
    pub(crate) async fn get(
        &self,
        address: &Address,
        etag: Option<&str>,
    ) -> Result<Answer, FetchError> {
        let failed = |kind| FetchError {
            address: address.to_string(),
            kind,
        };
        // The server may have closed a pooled connection; the client sees it only when it has written. Asking is
        // harmless, so it is done once more.
        let mut response = self.send(address.url(), etag).await;
        if response.as_ref().is_err_and(was_dropped) {
            response = self.send(address.url(), etag).await;
        }
        let response = response.map_err(|error| failed(unreachable(error)))?;
        if response.url() != address.url() {
            return Err(failed(FetchErrorKind::Redirected {
                host: response.url().host_str().unwrap_or_default().to_owned(),
            }));
        }
        let status = response.status();
        if status == StatusCode::NOT_MODIFIED && etag.is_some() {
            return Ok(Answer::NotModified {
                lifetime: lifetime(response.headers()),
            });
        }
        if status.is_redirection() && status != StatusCode::NOT_MODIFIED {
            return Err(failed(FetchErrorKind::Redirected {
                host: location_host(&response),
            }));
        }
        if status != StatusCode::OK {
            return Err(failed(FetchErrorKind::Status {
                code: status.as_u16(),
                retry_after: retry_after(response.headers()),
            }));
        }
        let etag = response
            .headers()
            .get(ETAG)
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned);
        let lifetime = lifetime(response.headers());
        let text = read(response).await.map_err(failed)?;
        Ok(Answer::Body {
            text,
            etag,
            lifetime,
        })
    }

    async fn send(&self, url: &Url, etag: Option<&str>) -> Result<Response, reqwest::Error> {
        let mut request = self
            .0
            .client
            .get(url.clone())
            .timeout(self.0.timeout)
            .headers(self.0.headers.clone())
            .header(ACCEPT, "application/json, application/jwk-set+json")
            .header(CACHE_CONTROL, "no-cache");
        if let Some(etag) = etag {
            request = request.header(IF_NONE_MATCH, etag);
        }
        request.send().await
    }
}

/// Whether the connection ended before there was an answer.
fn was_dropped(error: &reqwest::Error) -> bool {
    error.is_request() && !error.is_connect() && !error.is_timeout()
}

fn unreachable(error: reqwest::Error) -> FetchErrorKind {
    if error.is_timeout() {
        FetchErrorKind::Timeout
    } else {
        FetchErrorKind::Unreachable(Arc::new(error.without_url()))
    }
}

async fn read(mut response: Response) -> Result<String, FetchErrorKind> {
    let too_large = FetchErrorKind::TooLarge {
        limit: MAX_BODY_BYTES,
    };
    let announced = response.content_length().unwrap_or(0);
    if announced > MAX_BODY_BYTES as u64 {
        return Err(too_large);
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
        if body.len() + chunk.len() > MAX_BODY_BYTES {
            return Err(too_large);
        }
        body.extend_from_slice(&chunk);
    }
    String::from_utf8(body).map_err(|_| FetchErrorKind::NotText)
}

fn location_host(response: &Response) -> String {
    response
        .headers()
        .get(LOCATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|location| response.url().join(location).ok())
        .and_then(|url| url.host_str().map(str::to_owned))
        .unwrap_or_default()
}

/// RFC 9110 section 10.2.3, where it is a number of seconds.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?;
    text.trim().parse().ok().map(Duration::from_secs)
}

/// How long the answer is fresh (RFC 9111 section 4.2), where it says so. `no-store` and `no-cache` are no time at all.
fn lifetime(headers: &HeaderMap) -> Option<Duration> {
    let mut max_age = None;
    for value in headers.get_all(CACHE_CONTROL) {
        for directive in value.to_str().unwrap_or_default().split(',') {
            let (name, argument) = match directive.split_once('=') {
                Some((name, argument)) => (name.trim(), argument.trim().trim_matches('"')),
                None => (directive.trim(), ""),
            };
            if name.eq_ignore_ascii_case("no-store") || name.eq_ignore_ascii_case("no-cache") {
                return Some(Duration::ZERO);
            }
            if name.eq_ignore_ascii_case("max-age") {
                // The shortest counts where there are several; one that can't be read is no time (section 4.2.1).
                let seconds = argument.parse().map_or(0, |seconds: u64| seconds);
                max_age = Some(max_age.map_or(seconds, |known: u64| known.min(seconds)));
            }
        }
    }
    let age = headers
        .get(AGE)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.trim().parse::<u64>().ok())
        .unwrap_or(0);
    max_age.map(|max_age| Duration::from_secs(max_age.saturating_sub(age)))
}

/// A call that brought nothing. Shows the address without its query.
#[derive(Clone, Debug)]
pub(crate) struct FetchError {
    address: String,
    kind: FetchErrorKind,
}

impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.address, self.kind)
    }
}

impl std::error::Error for FetchError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.kind.source()
    }
}

#[derive(Clone, Debug, thiserror::Error)]
enum FetchErrorKind {
    #[error("it can't be reached")]
    Unreachable(#[source] Arc<reqwest::Error>),
    #[error("it did not answer in time")]
    Timeout,
    #[error("it answered with status {code}")]
    Status {
        code: u16,
        retry_after: Option<Duration>,
    },
    #[error(
        "it redirects to host \"{host}\", and redirects are not followed: set the address that it leads to"
    )]
    Redirected { host: String },
    #[error("its answer is larger than {limit} bytes")]
    TooLarge { limit: usize },
    #[error("its answer is not UTF-8 text")]
    NotText,
}

impl FetchError {
    /// Whether the other side could not be reached, or not in time.
    pub(crate) fn is_network(&self) -> bool {
        matches!(
            self.kind,
            FetchErrorKind::Unreachable(_) | FetchErrorKind::Timeout
        )
    }

    pub(crate) fn status(&self) -> Option<u16> {
        match self.kind {
            FetchErrorKind::Status { code, .. } => Some(code),
            _ => None,
        }
    }

    pub(crate) fn retry_after(&self) -> Option<Duration> {
        match self.kind {
            FetchErrorKind::Status { retry_after, .. } => retry_after,
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_long_an_answer_is_fresh() {
        let cases: &[(&[&str], Option<&str>, Option<u64>)] = &[
            (&[], None, None),
            (&["public"], None, None),
            (&["public, max-age=300"], None, Some(300)),
            (&["max-age=300"], Some("100"), Some(200)),
            (&["max-age=300"], Some("400"), Some(0)),
            (&["MAX-AGE=\"300\""], None, Some(300)),
            (&["max-age=300, max-age=60"], None, Some(60)),
            (&["max-age=300", "max-age=60"], None, Some(60)),
            (&["max-age=x"], None, Some(0)),
            (&["max-age=-1"], None, Some(0)),
            (&["no-store, max-age=300"], None, Some(0)),
            (&["no-cache"], None, Some(0)),
            (&["max-age=99999999999999999999"], None, Some(0)),
        ];
        for (lines, age, expected) in cases {
            let mut headers = HeaderMap::new();
            for line in *lines {
                headers.append(CACHE_CONTROL, HeaderValue::from_str(line).unwrap());
            }
            if let Some(age) = age {
                headers.insert(AGE, HeaderValue::from_str(age).unwrap());
            }
            let expected = expected.map(Duration::from_secs);
            assert_eq!(lifetime(&headers), expected, "{lines:?} {age:?}");
        }
    }

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
                Some(FetchProblem::RootCertificate),
                "{text}"
            );
            assert_eq!(
                problem(Fetch::new().only_root_certificates_pem(text)),
                Some(FetchProblem::RootCertificate),
                "{text}"
            );
            assert_eq!(
                problem(Fetch::new().client_certificate_pem(text)),
                Some(FetchProblem::ClientCertificate),
                "{text}"
            );
        }
        assert_eq!(
            problem(Fetch::new().proxy("not a url")),
            Some(FetchProblem::Proxy)
        );
        assert_eq!(
            problem(Fetch::new().header("a b", "c")),
            Some(FetchProblem::Header("a b".into()))
        );
        assert_eq!(
            problem(Fetch::new().header("a", "c\r\nd: e")),
            Some(FetchProblem::Header("a".into()))
        );
        for limit in [Duration::ZERO, Duration::from_secs(61)] {
            assert_eq!(
                problem(Fetch::new().timeout(limit)),
                Some(FetchProblem::Timeout(limit))
            );
            assert_eq!(
                problem(Fetch::new().connect_timeout(limit)),
                Some(FetchProblem::Timeout(limit))
            );
        }
        let own = || Fetch::new().client(Client::new());
        assert_eq!(problem(own()), None);
        assert_eq!(
            problem(own().proxy_from_environment()),
            Some(FetchProblem::SettingsBesideClient)
        );
    }
}
