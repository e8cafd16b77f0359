//! What the API author says about introspection.

use std::fmt;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::HeaderValue;
use url::form_urlencoded;
use zeroize::Zeroizing;

use super::cache::CacheSettings;

const DEFAULT_ACTIVE_FOR: Duration = Duration::from_secs(60);
const DEFAULT_INACTIVE_FOR: Duration = Duration::from_secs(10);
/// Longer than this is no cache but a grant.
const MAX_CACHED_FOR: Duration = Duration::from_secs(3_600);
const DEFAULT_CACHE_BYTES: u64 = 16 * 1024 * 1024;
/// Less holds no answer of the largest size.
const MIN_CACHE_BYTES: u64 = 128 * 1024;
const DEFAULT_CALLS: usize = 64;
const MAX_CALLS: usize = 1_024;

/// How an authorization server is asked about tokens (RFC 7662), for
/// [`Issuer::introspection`](crate::Issuer::introspection).
///
/// Each token is asked about once for all requests that wait for it, whoever of them goes away. Answers are kept for a while:
/// 60 seconds where the token is active, though never past its `exp`, and 10 seconds where it is not. **A token that is
/// revoked is refused when the answer that is kept runs out**, so the time is how late a revocation may come; zero asks each
/// time, and [`Validator::forget`](crate::Validator::forget) drops one answer at once. What is kept is the server's answer
/// and never a verdict: policy, binding and requirement are held against it each time. Failures are never kept.
///
/// At most 64 calls run at once; one that gets no turn within a second is answered with 503.
///
/// Token and credentials go to the endpoint and nowhere else: redirects are not followed, and an HTTP client of your own
/// ([`Fetch::client`](crate::Fetch::client)), which might, is refused when the Validator is built.
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
/// # Ok::<(), resource_server::BuildError>(())
/// ```
#[must_use]
pub struct Introspection {
    pub(crate) endpoint: Option<String>,
    authentication: Option<Authentication>,
    has_two_authentications: bool,
    active_for: Duration,
    inactive_for: Duration,
    cache_bytes: u64,
    max_concurrent_calls: usize,
}

/// How this API says who it is (RFC 7662 section 2.1, RFC 6749 section 2.3).
pub(crate) enum Authentication {
    /// Of the Basic or the Bearer scheme.
    Header(HeaderValue),
    Form {
        client_id: String,
        /// None where a client certificate says it (RFC 8705 section 2).
        client_secret: Option<Zeroizing<String>>,
    },
}

/// Settings of an introspection source that were checked.
pub(crate) struct Settings {
    pub(crate) authentication: Authentication,
    pub(crate) cache: CacheSettings,
    pub(crate) max_concurrent_calls: usize,
}

/// What is wrong with an [`Introspection`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IntrospectionProblem {
    /// No way to say who this API is: an endpoint that answers anybody can be asked for valid tokens (RFC 7662 section 4).
    #[error(
        "the introspection endpoint must know who asks: add .client_secret_basic(..), .client_secret_post(..), \
         .bearer_token(..) or .tls_client_auth(..)"
    )]
    NoAuthentication,
    /// More than one way.
    #[error("more than one way of client authentication is set: leave one")]
    SeveralAuthentications,
    /// An empty client id or secret, or one that can't stand in a header.
    #[error("the client id or secret is empty, or the token has characters that can't be sent")]
    Credentials,
    /// Answers kept for more than an hour.
    #[error("answers are kept for {} s, more than 3600: a revocation would go unseen for that long", .0.as_secs())]
    CachedTooLong(Duration),
    /// A cache of less than 128 KiB: to keep nothing, set the times to zero.
    #[error("a cache of {0} bytes: set at least 131072, or the times to zero to keep nothing")]
    CacheTooSmall(u64),
    /// A client of one's own, which may follow redirects and so hand token and secret on.
    #[error(
        "introspection does not go through an HTTP client of your own (Fetch::client), which may follow a redirect and hand \
         token and secret on: set trust, proxy and identity on Fetch instead"
    )]
    OwnClient,
    /// No call at once, or more than 1024.
    #[error("set from 1 to 1024 calls at once, not {0}")]
    ConcurrentCalls(usize),
}

impl Introspection {
    /// Asks at this address, without discovery: https, or http on loopback.
    pub fn at(url: impl Into<String>) -> Self {
        Self::with(Some(url.into()))
    }

    /// At the `introspection_endpoint` that the issuer's metadata names (RFC 8414 section 2).
    pub fn discover() -> Self {
        Self::with(None)
    }

    fn with(endpoint: Option<String>) -> Self {
        Introspection {
            endpoint,
            authentication: None,
            has_two_authentications: false,
            active_for: DEFAULT_ACTIVE_FOR,
            inactive_for: DEFAULT_INACTIVE_FOR,
            cache_bytes: DEFAULT_CACHE_BYTES,
            max_concurrent_calls: DEFAULT_CALLS,
        }
    }

    /// Says who this API is by the Basic scheme, with id and secret encoded as RFC 6749 section 2.3.1 has it.
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
            is_sound
                .then(|| sensitive(&text))
                .flatten()
                .map(Authentication::Header),
        )
    }

    /// Says who this API is in the form (RFC 6749 section 2.3.1), for servers that want it there.
    pub fn client_secret_post(self, client_id: &str, client_secret: &str) -> Self {
        let is_sound = !client_id.is_empty() && !client_secret.is_empty();
        self.authenticating(is_sound.then(|| Authentication::Form {
            client_id: client_id.to_owned(),
            client_secret: Some(Zeroizing::new(client_secret.to_owned())),
        }))
    }

    /// Says who this API is by an access token of its own (RFC 6750), which must not run out.
    pub fn bearer_token(self, token: &str) -> Self {
        let text = Zeroizing::new(format!("Bearer {token}"));
        let is_sound = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
        self.authenticating(
            is_sound
                .then(|| sensitive(&text))
                .flatten()
                .map(Authentication::Header),
        )
    }

    /// Says who this API is by the client certificate of [`Fetch`](crate::Fetch), with this `client_id` (RFC 8705 section 2).
    /// Whether one is set there is not checked when the Validator is built: without it the server refuses each question.
    pub fn tls_client_auth(self, client_id: &str) -> Self {
        self.authenticating((!client_id.is_empty()).then(|| Authentication::Form {
            client_id: client_id.to_owned(),
            client_secret: None,
        }))
    }

    /// What can't be sent is none that an endpoint could know: told when the Validator is built.
    fn authenticating(mut self, authentication: Option<Authentication>) -> Self {
        self.has_two_authentications |= self.authentication.is_some();
        self.authentication = Some(authentication.unwrap_or(Authentication::Form {
            client_id: String::new(),
            client_secret: None,
        }));
        self
    }

    /// How long the answer about an active token is kept, though never past its `exp`. Default 60 seconds, at most an hour;
    /// zero asks each time.
    pub fn cache_active_for(mut self, lifetime: Duration) -> Self {
        self.active_for = lifetime;
        self
    }

    /// How long the answer about an inactive token is kept. Default 10 seconds, at most an hour; zero asks each time.
    pub fn cache_inactive_for(mut self, lifetime: Duration) -> Self {
        self.inactive_for = lifetime;
        self
    }

    /// How much memory the answers about active tokens may take. Default 16 MiB, about 20,000 usual answers; at least 128 KiB.
    pub fn cache_bytes(mut self, bytes: u64) -> Self {
        self.cache_bytes = bytes;
        self
    }

    /// How many calls run at once. Default 64, from 1 to 1024.
    pub fn max_concurrent_calls(mut self, calls: usize) -> Self {
        self.max_concurrent_calls = calls;
        self
    }

    pub(crate) fn finish(
        self,
        has_own_client: bool,
    ) -> Result<Settings, Vec<IntrospectionProblem>> {
        let mut problems = Vec::new();
        if self.has_two_authentications {
            problems.push(IntrospectionProblem::SeveralAuthentications);
        }
        match &self.authentication {
            None => problems.push(IntrospectionProblem::NoAuthentication),
            Some(Authentication::Form { client_id, .. }) if client_id.is_empty() => {
                problems.push(IntrospectionProblem::Credentials);
            }
            Some(_) => {}
        }
        for lifetime in [self.active_for, self.inactive_for] {
            if lifetime > MAX_CACHED_FOR {
                problems.push(IntrospectionProblem::CachedTooLong(lifetime));
            }
        }
        if self.cache_bytes < MIN_CACHE_BYTES {
            problems.push(IntrospectionProblem::CacheTooSmall(self.cache_bytes));
        }
        if has_own_client {
            problems.push(IntrospectionProblem::OwnClient);
        }
        if !(1..=MAX_CALLS).contains(&self.max_concurrent_calls) {
            problems.push(IntrospectionProblem::ConcurrentCalls(
                self.max_concurrent_calls,
            ));
        }
        match self.authentication {
            Some(authentication) if problems.is_empty() => Ok(Settings {
                authentication,
                cache: CacheSettings {
                    active_for: self.active_for,
                    inactive_for: self.inactive_for,
                    max_bytes: self.cache_bytes,
                },
                max_concurrent_calls: self.max_concurrent_calls,
            }),
            _ => Err(problems),
        }
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

impl Authentication {
    pub(super) fn header(&self) -> Option<&HeaderValue> {
        match self {
            Authentication::Header(value) => Some(value),
            Authentication::Form { .. } => None,
        }
    }

    pub(super) fn form_members(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let (id, secret) = match self {
            Authentication::Header(_) => (None, None),
            Authentication::Form {
                client_id,
                client_secret,
            } => (
                Some(client_id.as_str()),
                client_secret.as_ref().map(|secret| secret.as_str()),
            ),
        };
        let id = id.map(|id| ("client_id", id));
        id.into_iter()
            .chain(secret.map(|secret| ("client_secret", secret)))
    }
}

fn sensitive(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}
