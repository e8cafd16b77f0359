//! The settings of introspection.

use std::fmt;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use url::form_urlencoded;
use zeroize::Zeroizing;

use super::super::bounds::{
    DEFAULT_ACTIVE_FOR, DEFAULT_CACHE_BYTES, DEFAULT_CONCURRENT_CALLS, DEFAULT_INACTIVE_FOR,
    MAX_CACHED_FOR, MAX_CONCURRENT_CALLS, MIN_CACHE_BYTES,
};
use super::super::fetcher::{Fetcher, sensitive};
use super::authentication::{Authentication, Proof};
use super::cache::CacheSettings;
use super::client_key::ClientKey;
use super::problem::IntrospectionError;
use super::secret_headers::SecretHeaders;
use super::store::{IntrospectionStore, Store, StoreSetting};

/// How tokens are introspected (RFC 7662), for
/// [`Issuer::introspection`](crate::Issuer::introspection).
///
/// Each token is introspected once for all requests that wait for it, even if some of them are
/// cancelled. Responses are cached: 60 seconds for an active token, though never past its `exp`,
/// and 10 seconds for an inactive one. **A revoked token is accepted until its cached response
/// expires.** So these durations bound how late a revocation takes effect. Zero introspects each
/// time, and [`Validator::forget`](crate::Validator::forget) drops one response at once. The cache
/// holds the server's response and never a verdict: policy, binding and requirement are checked
/// each time. Failures are never cached.
///
/// An outage starts a pause in which no token is sent to the endpoint. Tokens whose response is
/// cached are accepted as before. Any other token is answered with 503 and `Retry-After`. The pause
/// is about a second at first and grows to 5 seconds. A `Retry-After` of the endpoint lengthens it,
/// up to 5 minutes. After it, one call at a time tries whether the endpoint answers again.
///
/// What starts a pause depends on whether the token may have caused the failure:
///
/// - A status of 429, any `Retry-After`, a failed connection and missing metadata start one at
///   once.
/// - Any other failure, such as a status of 500 or 403, may be caused by the token. It pauses that
///   token only. The third different token that fails in a row starts the pause for all.
/// - A status of 400, 413, 414, 422 or 431, and a JSON response that can't be used, start none.
///
/// So a caller whose tokens make the server fail needs three of them in a row to pause the calls
/// for new tokens. Tokens that were active in the last hour are paused separately, by failures of
/// such tokens.
///
/// The first answer about a token of either kind ends the pauses of both kinds. A failure that
/// pauses nothing, such as a status of 400, is an answer too. If the endpoint asked for the pause
/// by a `Retry-After`, only an answer to a call that began afterwards ends it.
///
/// Calls at once are bounded. The bound begins at 16 and follows the server. It grows while answers
/// come in time, up to [`max_concurrent_calls`](Introspection::max_concurrent_calls), by default
/// 64. It halves when an answer is late: after a fifth of
/// [`Fetch::timeout`](crate::Fetch::timeout), or a 429 or 503. 16 times `max_concurrent_calls` may
/// wait. A token that gets no turn within a second, or can't wait because too many do, is answered
/// with 503 and `Retry-After`.
///
/// A quarter of the bound, but at least one call, is reserved for tokens that were active in the
/// last hour. Such tokens also have waiting places of their own, a quarter as many as the others
/// share. At most 10,000 such tokens are remembered. A flood of made-up tokens does not displace
/// them. Calls that hang do not either: a reserved call is made even if older calls still exceed a
/// bound that was halved. With `max_concurrent_calls(1)`, no call is reserved. **A flood can
/// displace a token that this process has never seen active**: that token is then answered with
/// 503. Limit the rate of requests by client address before this crate where that matters.
///
/// One connection is kept open at first, and up to 16 while answers come in time. Each is closed
/// after one or two seconds without use, since some servers have one worker for each connection. A
/// kept connection that the server closes just when it is used costs another try, on a new one. One
/// that died in silence costs one call its time limit.
///
/// Token and credentials go to the endpoint and nowhere else: redirects are not followed, and an
/// HTTP client of your own (`Fetch::client`), which might, is refused when
/// the Validator is built.
///
/// ```
/// use resource_server::{Introspection, Issuer, Validator};
///
/// # let secret = "secret";
/// let validator = Validator::builder()
///     .audience("https://api.example.com")
///     .issuer(
///         Issuer::new("https://as.example.com")
///             .introspection(Introspection::discover().client_secret_basic("orders-api", secret)),
///     )
///     .build()?;
/// # Ok::<(), resource_server::error::BuildError>(())
/// ```
#[must_use]
pub struct Introspection {
    pub(crate) endpoint: Option<String>,
    authentication: Option<Authentication>,
    has_two_authentications: bool,
    assertion_audience: Option<String>,
    /// The headers as they were set.
    secret_headers: Vec<(String, Zeroizing<String>)>,
    /// The client id of the authentication.
    own_client_id: Option<String>,
    client_id: Option<String>,
    wants_signed: bool,
    pub(crate) answer_keys: Option<String>,
    store: Option<Box<StoreSetting>>,
    active_for: Duration,
    inactive_for: Duration,
    cache_bytes: u64,
    max_concurrent_calls: usize,
    has_hint: bool,
}

/// Settings of an introspection source that were checked.
pub(crate) struct Settings {
    pub(crate) authentication: Authentication,
    pub(crate) secret_headers: SecretHeaders,
    /// The `aud` of signed responses, where they must be signed.
    pub(crate) signed_for: Option<String>,
    pub(crate) cache: CacheSettings,
    pub(crate) max_concurrent_calls: usize,
    pub(crate) has_hint: bool,
    pub(crate) store: Option<Store>,
}

impl Introspection {
    /// Calls the endpoint at this address, without discovery: https, or http on loopback.
    pub fn at(url: impl Into<String>) -> Self {
        Self::with(Some(url.into()))
    }

    /// Calls the `introspection_endpoint` that the issuer's metadata names (RFC 8414 section 2).
    /// The metadata is found by the issuer's name, or is where
    /// [`Issuer::discovery_at`](crate::Issuer::discovery_at) says.
    ///
    /// **Tokens and client credentials go to the endpoint that the metadata names, even on another
    /// host than the issuer's.** RFC 8414 allows that, and some providers do it. The metadata comes
    /// from the issuer over TLS and must have the issuer's name, so it is as trusted as the issuer:
    /// anyone who can change it can also name other keys. If the credentials must never leave one
    /// host, set the address by [`at`](Introspection::at), or use
    /// [`private_key_jwt`](Introspection::private_key_jwt), whose assertions are of no use
    /// elsewhere.
    pub fn discover() -> Self {
        Self::with(None)
    }

    fn with(endpoint: Option<String>) -> Self {
        Introspection {
            endpoint,
            authentication: None,
            has_two_authentications: false,
            assertion_audience: None,
            secret_headers: Vec::new(),
            own_client_id: None,
            client_id: None,
            wants_signed: false,
            answer_keys: None,
            store: None,
            active_for: DEFAULT_ACTIVE_FOR,
            inactive_for: DEFAULT_INACTIVE_FOR,
            cache_bytes: DEFAULT_CACHE_BYTES,
            max_concurrent_calls: DEFAULT_CONCURRENT_CALLS,
            has_hint: true,
        }
    }

    /// Authenticates with `client_secret_basic`: the Basic scheme, with id and secret encoded as in
    /// RFC 6749 section 2.3.1.
    pub fn client_secret_basic(self, client_id: &str, client_secret: &str) -> Self {
        let encode = |text: &str| {
            let encoded: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
            Zeroizing::new(encoded)
        };
        let pair = format!("{}:{}", *encode(client_id), *encode(client_secret));
        let pair = Zeroizing::new(pair);
        let text = Zeroizing::new(format!("Basic {}", STANDARD.encode(pair.as_bytes())));
        let is_sound = !client_id.is_empty() && !client_secret.is_empty();
        self.authenticating(
            Some(client_id),
            is_sound
                .then(|| sensitive(&text))
                .flatten()
                .map(Authentication::Header),
        )
    }

    /// Authenticates with `client_secret_post`: id and secret are in the form (RFC 6749 section
    /// 2.3.1). Use it for servers that require this.
    pub fn client_secret_post(self, client_id: &str, client_secret: &str) -> Self {
        let is_sound = !client_id.is_empty() && !client_secret.is_empty();
        let proof = Proof::Secret(Zeroizing::new(client_secret.to_owned()));
        self.authenticating(Some(client_id), is_sound.then(|| form(client_id, proof)))
    }

    /// Authenticates with `private_key_jwt`: an assertion that is signed with this API's private
    /// key (RFC 7523 section 2.2, OpenID Connect Core section 9). Each call has a new one, which is
    /// valid for 60 seconds and for one use (`jti`).
    ///
    /// Its `aud` is the issuer's name and nothing else, never an address that metadata names: if an
    /// attacker could choose it, they could replay the assertion at another server
    /// (CVE-2025-27370). For a server that requires another audience there is
    /// [`assertion_audience`](Introspection::assertion_audience).
    ///
    /// There is one exception (AD FS): the configured name is the `access_token_issuer` of the
    /// document at [`Issuer::discovery_at`](crate::Issuer::discovery_at). Then `aud` is the
    /// document's `issuer`, if that is on the host of the configured name or of the document.
    ///
    /// ```
    /// use resource_server::{Introspection, Issuer, introspection::ClientKey};
    ///
    /// # let jwk = r#"{"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    /// let key = ClientKey::from_jwk(jwk)?.with_key_id("2026-11");
    /// let issuer = Issuer::new("https://as.example.com")
    ///     .introspection(Introspection::discover().private_key_jwt("orders-api", key));
    /// # Ok::<(), resource_server::error::ClientKeyError>(())
    /// ```
    pub fn private_key_jwt(self, client_id: &str, key: ClientKey) -> Self {
        let proof = Proof::Assertion {
            key,
            audience: String::new(),
            is_set: false,
        };
        let is_sound = !client_id.is_empty();
        self.authenticating(Some(client_id), is_sound.then(|| form(client_id, proof)))
    }

    /// The `aud` of the assertions of [`private_key_jwt`](Introspection::private_key_jwt), for a
    /// server that requires another than the issuer's name, such as the address of its token
    /// endpoint. Not checked. It must name this server only: any server that the audience names
    /// could use the assertion.
    pub fn assertion_audience(mut self, audience: impl Into<String>) -> Self {
        self.assertion_audience = Some(audience.into());
        self
    }

    /// Authenticates with an access token of this API (RFC 6750), which must not expire.
    pub fn bearer_token(self, token: &str) -> Self {
        let text = Zeroizing::new(format!("Bearer {token}"));
        let is_sound = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
        self.authenticating(
            None,
            is_sound
                .then(|| sensitive(&text))
                .flatten()
                .map(Authentication::Header),
        )
    }

    /// Authenticates with `tls_client_auth`: the client certificate of [`Fetch`](crate::Fetch), and
    /// this `client_id` (RFC 8705 section 2). The certificate must be set there.
    pub fn tls_client_auth(self, client_id: &str) -> Self {
        let is_sound = !client_id.is_empty();
        let form = is_sound.then(|| form(client_id, Proof::Certificate));
        self.authenticating(Some(client_id), form)
    }

    /// Sends one more header with a secret, in addition to client authentication: for example the
    /// API key that a gateway in front of the endpoint requires. Call it again for another header.
    ///
    /// The header goes where the client credentials go: to the introspection endpoint and nowhere
    /// else, and not with requests for metadata or keys. [`discover`](Introspection::discover) says
    /// who names that endpoint. The value is wiped when the Validator is dropped, and no error or
    /// `Debug` output shows it. An `Authorization` header is allowed only with a client
    /// authentication that does not use it. Bad and repeated names are reported when the Validator
    /// is built.
    ///
    /// ```
    /// use resource_server::Introspection;
    ///
    /// # let (secret, gateway_key) = ("secret", "key");
    /// let introspection = Introspection::at("https://gateway.example.com/introspect")
    ///     .client_secret_basic("orders-api", secret)
    ///     .secret_header("X-Api-Key", gateway_key);
    /// ```
    pub fn secret_header(mut self, name: impl Into<String>, value: &str) -> Self {
        let value = Zeroizing::new(value.to_owned());
        self.secret_headers.push((name.into(), value));
        self
    }

    /// Credentials that can't be sent are reported when the Validator is built.
    fn authenticating(
        mut self,
        client_id: Option<&str>,
        authentication: Option<Authentication>,
    ) -> Self {
        self.own_client_id = client_id.map(str::to_owned);
        self.has_two_authentications |= self.authentication.is_some();
        self.authentication = Some(authentication.unwrap_or(Authentication::Unsound));
        self
    }

    /// Accepts only signed responses (RFC 9701). An unsigned one is treated as an outage (503), and
    /// so is an encrypted one.
    ///
    /// A signed response is `application/token-introspection+jwt`, signed with a key of the issuer.
    /// Its `iss` is the issuer, its `aud` is this API's client id, and its `iat` is at most 5
    /// minutes and the policy's skew ago. Only its member `token_introspection` is read for the
    /// token.
    ///
    /// A signature protects against anyone between the authorization server and this API, such as a
    /// gateway that ends TLS. It also proves afterwards what the server has said. It does **not**
    /// bind the response to the request: RFC 9701 puts nothing of the token into it, so an attacker
    /// on the path can replay a response about another token from the last minutes. TLS to the
    /// server itself prevents that.
    ///
    /// The keys are the issuer's fetched keys, else those of `jwks_uri` in its metadata. The rules
    /// of [`Issuer::discover`](crate::Issuer::discover) apply.
    /// [`answer_keys_at`](Introspection::answer_keys_at) replaces them. The algorithms are the
    /// policy's. Most servers sign only for clients that are registered for it
    /// (`introspection_signed_response_alg`).
    ///
    /// ```
    /// use resource_server::{Introspection, Issuer, Validator};
    ///
    /// # let secret = "secret";
    /// let introspection = Introspection::discover()
    ///     .client_secret_basic("orders-api", secret)
    ///     .signed_answers();
    /// let validator = Validator::builder()
    ///     .audience("https://api.example.com")
    ///     .issuer(Issuer::new("https://as.example.com").introspection(introspection))
    ///     .build()?;
    /// # Ok::<(), resource_server::error::BuildError>(())
    /// ```
    pub fn signed_answers(mut self) -> Self {
        self.wants_signed = true;
        self
    }

    /// The address of the JWK Set for signed responses, instead of the issuer's own.
    pub fn answer_keys_at(mut self, jwks_url: impl Into<String>) -> Self {
        self.answer_keys = Some(jwks_url.into());
        self
    }

    /// This API's client id. It is the `aud` of signed responses, and part of the store's keys.
    /// Needed with [`bearer_token`](Introspection::bearer_token) only: the other methods have it
    /// already.
    pub fn client_id(mut self, client_id: impl Into<String>) -> Self {
        self.client_id = Some(client_id.into());
        self
    }

    /// Shares responses with the other processes of this API through a store of yours. It is read
    /// after the cache in memory. Durations run from the request, by the wall clock, so the
    /// machines' clocks must be right. A response is ignored if it is from the future, belongs to
    /// another issuer, endpoint or client, is damaged, or takes more than 100 ms.
    ///
    /// It is stored under a hash of issuer, endpoint, client and token; the token itself is not
    /// stored. **Responses are stored in clear text**: subject, scopes and all else that the
    /// authorization server says of people. Each is authenticated (HMAC-SHA-256) by `key`: at least
    /// 32 random bytes, the same in each process and used nowhere else. Without the key, no one can
    /// forge a response or move it to another token. Anyone who can write to the store can still
    /// restore an older response about the same token until it expires, and remove any.
    ///
    /// [`Validator::forget`](crate::Validator::forget) removes the token's response there too, in
    /// the background, at most 256 at once. Beyond that, one is left there until it expires. In
    /// this process it is dropped at once; another process may still have it in memory.
    /// [`Validator::validate_online`](crate::Validator::validate_online) neither reads the store
    /// nor removes anything before the authorization server has answered.
    pub fn store(mut self, store: impl IntrospectionStore, key: impl AsRef<[u8]>) -> Self {
        self.store = Some(Box::new(StoreSetting::new(store, key.as_ref())));
        self
    }

    /// How long the response about an active token is cached, but never past its `exp`. Default 60
    /// seconds, at most an hour; zero introspects each time.
    pub fn cache_active_for(mut self, lifetime: Duration) -> Self {
        self.active_for = lifetime;
        self
    }

    /// How long the response about an inactive token is cached. Default 10 seconds, at most an
    /// hour; zero introspects each time.
    pub fn cache_inactive_for(mut self, lifetime: Duration) -> Self {
        self.inactive_for = lifetime;
        self
    }

    /// How much memory the responses about active tokens may use. Default 16 MiB, about 20,000
    /// usual responses; at least 128 KiB.
    pub fn cache_bytes(mut self, bytes: u64) -> Self {
        self.cache_bytes = bytes;
        self
    }

    /// The most calls at once. Default 64, from 1 to 1024. Fewer run where the server does not
    /// answer more in time. 16 times as many wait for their turn, each with its token in memory; a
    /// quarter more where those were active in the last hour. Set it to the number of the server's
    /// workers if that is small and known. From 2 on, a quarter of the calls, but at least one, is
    /// reserved for tokens that were active in the last hour. With 1, a flood of made-up tokens can
    /// displace those too.
    pub fn max_concurrent_calls(mut self, calls: usize) -> Self {
        self.max_concurrent_calls = calls;
        self
    }

    /// Leaves `token_type_hint=access_token` out of the request (RFC 7662 section 2.1). By default
    /// it is sent. Use this where the server answers `"active": false` about good tokens: some
    /// servers search only the tokens of the hinted type, and name that type otherwise.
    ///
    /// ```
    /// use resource_server::Introspection;
    ///
    /// # let secret = "secret";
    /// let introspection = Introspection::discover()
    ///     .client_secret_basic("orders-api", secret)
    ///     .without_token_type_hint();
    /// ```
    pub fn without_token_type_hint(mut self) -> Self {
        self.has_hint = false;
        self
    }

    /// Whether nothing that it needs is each tenant's own.
    pub(crate) fn can_be_of_tenants(&self) -> bool {
        let is_assertion = matches!(
            &self.authentication,
            Some(Authentication::Form {
                proof: Proof::Assertion { .. },
                ..
            })
        );
        let is_for_all = |url: &String| !url.contains(['{', '}']);
        self.endpoint.as_ref().is_some_and(is_for_all)
            && !self.wants_signed
            && (!is_assertion || self.assertion_audience.is_some())
    }

    /// Settings for an issuer of this name, or everything that is wrong with them.
    pub(crate) fn finish(
        mut self,
        issuer: &str,
        fetcher: &Fetcher,
    ) -> Result<Settings, Vec<IntrospectionError>> {
        let mut problems = Vec::new();
        if self.has_two_authentications {
            problems.push(IntrospectionError::SeveralAuthentications);
        }
        match &mut self.authentication {
            None => problems.push(IntrospectionError::NoAuthentication),
            Some(Authentication::Unsound) => problems.push(IntrospectionError::Credentials),
            Some(Authentication::Form {
                proof: Proof::Assertion {
                    audience, is_set, ..
                },
                ..
            }) => {
                *is_set = self.assertion_audience.is_some();
                *audience = self
                    .assertion_audience
                    .take()
                    .unwrap_or_else(|| issuer.to_owned());
                if audience.is_empty() {
                    problems.push(IntrospectionError::AssertionAudience);
                }
            }
            Some(Authentication::Form {
                proof: Proof::Certificate,
                ..
            }) if !fetcher.has_own_client() && !fetcher.has_client_certificate() => {
                problems.push(IntrospectionError::NoClientCertificate);
            }
            Some(_) => {}
        }
        if self.assertion_audience.is_some() {
            problems.push(IntrospectionError::AssertionAudience);
        }
        let has_authorization = matches!(self.authentication, Some(Authentication::Header(_)));
        let secret_headers =
            SecretHeaders::checked(self.secret_headers, has_authorization, &mut problems);
        let needs_client_id = self.wants_signed || self.store.is_some();
        if needs_client_id && self.client_id.is_none() && self.own_client_id.is_none() {
            problems.push(IntrospectionError::NoClientId);
        }
        if let Some(named) = &self.client_id
            && (named.is_empty()
                || named.trim() != named
                || self.own_client_id.as_ref().is_some_and(|own| own != named))
        {
            problems.push(IntrospectionError::ClientId);
        }
        if self.store.as_ref().is_some_and(|store| !store.key_is_sound) {
            problems.push(IntrospectionError::StoreKey);
        }
        if self.answer_keys.is_some() && !self.wants_signed {
            problems.push(IntrospectionError::KeysForPlainAnswers);
        }
        for lifetime in [self.active_for, self.inactive_for] {
            if lifetime > MAX_CACHED_FOR {
                problems.push(IntrospectionError::CachedTooLong(lifetime));
            }
        }
        if self.cache_bytes < MIN_CACHE_BYTES {
            problems.push(IntrospectionError::CacheTooSmall(self.cache_bytes));
        }
        if fetcher.has_own_client() {
            problems.push(IntrospectionError::OwnClient);
        }
        if !(1..=MAX_CONCURRENT_CALLS).contains(&self.max_concurrent_calls) {
            problems.push(IntrospectionError::ConcurrentCalls(
                self.max_concurrent_calls,
            ));
        }
        let Some(authentication) = self.authentication.filter(|_| problems.is_empty()) else {
            return Err(problems);
        };
        let client_id = self.client_id.or(self.own_client_id);
        let store = self.store.map(|store| {
            let endpoint = self.endpoint.as_deref().unwrap_or_default();
            let client_id = client_id.as_deref().unwrap_or_default();
            let form = if self.wants_signed { "signed" } else { "plain" };
            Store::new(*store, &[issuer, endpoint, client_id, form])
        });
        Ok(Settings {
            authentication,
            secret_headers,
            signed_for: client_id.filter(|_| self.wants_signed),
            cache: CacheSettings {
                active_for: self.active_for,
                inactive_for: self.inactive_for,
                max_bytes: self.cache_bytes,
            },
            max_concurrent_calls: self.max_concurrent_calls,
            has_hint: self.has_hint,
            store,
        })
    }
}

impl fmt::Debug for Introspection {
    /// Shows no secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Introspection")
            .field("active_for", &self.active_for)
            .field("inactive_for", &self.inactive_for)
            .finish_non_exhaustive()
    }
}

fn form(client_id: &str, proof: Proof) -> Authentication {
    Authentication::Form {
        client_id: client_id.to_owned(),
        proof,
    }
}
