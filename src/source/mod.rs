//! Where evidence comes from: the small async trait for sources, and the sources of this crate.

#[cfg(feature = "fetch")]
mod address;
#[cfg(feature = "fetch")]
mod asked;
#[cfg(feature = "fetch")]
mod bounds;
#[cfg(feature = "fetch")]
mod discovery;
#[cfg(feature = "fetch")]
mod events;
#[cfg(feature = "fetch")]
mod fetch;
#[cfg(feature = "fetch")]
mod fetch_problem;
#[cfg(feature = "fetch")]
mod fetcher;
#[cfg(feature = "fetch")]
mod file;
#[cfg(feature = "fetch")]
mod introspection;
#[cfg(feature = "fetch")]
mod jwks;
#[cfg(feature = "fetch")]
mod key_file;
#[cfg(feature = "fetch")]
mod key_room;
#[cfg(feature = "fetch")]
mod location;
#[cfg(feature = "fetch")]
mod metadata;
#[cfg(feature = "fetch")]
mod moment;
#[cfg(feature = "fetch")]
mod refresh;
#[cfg(feature = "fetch")]
mod runtime;
#[cfg(feature = "fetch")]
mod single_flight;
#[cfg(feature = "fetch")]
mod snapshot;
mod static_keys;
mod status_json;
#[cfg(feature = "fetch")]
mod tenants;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use crate::core::{AccessToken, Evidence, KeySet, NumericDate, PresentedToken};

pub(crate) use crate::source_error::SourceError;
#[cfg(feature = "fetch")]
pub(crate) use crate::source_error::SourceErrorKind;
pub use static_keys::StaticKeys;

#[cfg(all(fuzzing, feature = "fetch"))]
pub(crate) use discovery::keys_named_by_metadata;
#[cfg(feature = "fetch")]
pub use introspection::{
    ClientKey, ClientKeyError, Introspection, IntrospectionError, IntrospectionStore,
};
#[cfg(feature = "fetch")]
pub(crate) use introspection::{RemoteIntrospection, SignedAnswers};
#[cfg(feature = "fetch")]
use runtime::{runtime, timer};
#[cfg(feature = "fetch")]
pub(crate) use {
    address::Address,
    location::Location,
    metadata::{Endpoint, IssuerMetadata},
};
#[cfg(feature = "fetch")]
pub use {
    address::AddressError, fetch::Fetch, fetch_problem::FetchError, key_file::KeyFile,
    snapshot::KeySnapshot,
};
#[cfg(feature = "fetch")]
pub(crate) use {
    fetcher::Fetcher,
    jwks::RemoteJwks,
    refresh::Limits,
    snapshot::HeldKeys,
    tenants::{TenantBounds, TenantKeys},
};

/// Where the evidence for one issuer's tokens comes from. Implement it with a plain `async fn`.
///
/// A source is asked only for tokens that its issuer may have issued: for a JWT, when its claims
/// already passed the policy; for an opaque token, if
/// [`Issuer::opaque_tokens`](crate::Issuer::opaque_tokens) routes it to this source. It finds
/// evidence and never judges. There is no time limit around it: a source that does I/O sets its
/// own.
///
/// ```
/// use resource_server::{
///     Evidence, Issuer, KeySource, PresentedToken, error::SourceError, keys::KeySet,
/// };
/// use std::sync::Arc;
///
/// struct FromDatabase;
///
/// impl FromDatabase {
///     async fn load(&self) -> Result<String, std::io::Error> {
///         Ok(r#"{"keys":[]}"#.to_owned())
///     }
/// }
///
/// impl KeySource for FromDatabase {
///     async fn evidence(&self, _token: &PresentedToken<'_>) -> Result<Evidence, SourceError> {
///         let failed = || SourceError::new("the key table");
///         let text = self.load().await.map_err(|e| failed().caused_by(e))?;
///         let keys = KeySet::from_jwks(&text).map_err(|e| failed().caused_by(e))?;
///         Ok(Evidence::Keys(Arc::new(keys)))
///     }
/// }
///
/// let issuer = Issuer::new("https://as.example.com").source(FromDatabase);
/// ```
pub trait KeySource: Send + Sync + 'static {
    /// The evidence for this token: the issuer's keys, or the authorization server's introspection
    /// response.
    ///
    /// # Errors
    /// The evidence is unavailable now. That is an outage (503), never a verdict about the token.
    fn evidence(
        &self,
        token: &PresentedToken<'_>,
    ) -> impl Future<Output = Result<Evidence, SourceError>> + Send;

    /// What is cached for the token, without waiting. This call starts no fetch.
    ///
    /// `None`: call [`evidence`](KeySource::evidence). Nothing is cached for the token, or a
    /// refresh is due and none is running.
    fn cached(&self, token: &PresentedToken<'_>) -> Option<Evidence> {
        let _ = token;
        None
    }

    /// The keys that [`cached`](KeySource::cached) would give for a token of this issuer (`iss`)
    /// whose key is among them, without that token. The cache of verified tokens calls this for
    /// each token that it knows: see
    /// [`ValidatorBuilder::token_cache`](crate::ValidatorBuilder::token_cache).
    ///
    /// `None`, as by default: tokens of this source are not cached, or the token must be judged as
    /// a new one. The latter applies where a refresh is due and none is running, and where the keys
    /// are too old to be used. This call starts no fetch, and must be quick.
    ///
    /// `now` is the time by the Validator's clock, which was read a moment ago.
    ///
    /// Give the same `Arc` for as long as the keys stay the same. Another `Arc` says that they may
    /// have changed: each cached token is then compared with the new keys, or verified again.
    fn current_keys(&self, issuer: &str, now: NumericDate) -> Option<Arc<KeySet>> {
        let _ = (issuer, now);
        None
    }

    /// Drops what is cached for this token, so that the next call asks again. A source without a
    /// cache needs no implementation.
    fn forget(&self, token: &PresentedToken<'_>) {
        let _ = token;
    }

    /// Whether the key that verified this token may still verify it, for
    /// [`Validator::revalidate`](crate::Validator::revalidate). It is called for tokens that a key
    /// of this source verified. An introspected token is introspected again instead, by
    /// [`evidence`](KeySource::evidence).
    ///
    /// By default it is true: the token stays accepted for its time. A source whose keys may be
    /// withdrawn answers with [`KeySet::has_key_of`], and refreshes its keys first where that is
    /// due.
    ///
    /// # Errors
    /// It is unknown now. That is an outage (503), never a verdict about the token.
    fn still_trusts(
        &self,
        token: &AccessToken,
    ) -> impl Future<Output = Result<bool, SourceError>> + Send {
        let _ = token;
        async { Ok(true) }
    }

    /// Gets ready for the first token.
    ///
    /// # Errors
    /// It failed. Later calls may succeed.
    fn warm_up(&self) -> impl Future<Output = Result<(), SourceError>> + Send {
        async { Ok(()) }
    }

    /// The state of the source. Health endpoints call this, so it must be cheap and do no I/O.
    fn status(&self) -> SourceStatus {
        SourceStatus::default()
    }
}

/// State of a source. Unknown values are `None`.
///
/// ```
/// use resource_server::health::SourceStatus;
///
/// let mut status = SourceStatus::default();
/// status.last_error = Some("connection refused".to_owned());
/// ```
///
/// It serializes to one object, with `null` for what the source doesn't know: `keys` (a list of
/// `kid` and `thumbprint`), `skipped_keys` (a list of `index`, `kid` and `reason`), `is_confirmed`,
/// `age_seconds`, `lifetime_seconds`, `usable_for_seconds`, `last_asked_seconds_ago`,
/// `next_refresh_seconds`, `last_error`, `tenants` and `new_tenants`. Times are numbers of
/// seconds, with fractions. Keys are shown by id and thumbprint (RFC 7638) only.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct SourceStatus {
    /// The cached keys. [`KeySet::skipped`] lists what was skipped and why, and [`KeySet::notes`]
    /// what was misspelt but accepted. They stay here when they are too old to be used.
    pub keys: Option<Arc<KeySet>>,
    /// Whether they came from the issuer. `Some(false)`: the source was started with given keys
    /// ([`Issuer::starting_from_jwks`](crate::Issuer::starting_from_jwks),
    /// [`ValidatorBuilder::restore`](crate::ValidatorBuilder::restore)), and no fetch has succeeded
    /// since.
    pub is_confirmed: Option<bool>,
    /// Their age. For keys of [`Issuer::starting_from_jwks`](crate::Issuer::starting_from_jwks):
    /// the time since they were loaded.
    pub age: Option<Duration>,
    /// How long they are used before newer ones are needed: the lifetime of cached keys or
    /// responses, or how often a file is read. Zero if nothing is cached.
    /// [`Validator::next_look`](crate::Validator::next_look) reads it.
    pub lifetime: Option<Duration>,
    /// How long they can still be used if nothing newer comes. Zero where there are none, or where
    /// they are too old: then tokens of this issuer are answered with 503.
    pub usable_for: Option<Duration>,
    /// How long ago they were last asked for, with or without success.
    pub last_asked: Option<Duration>,
    /// The last error, or `None` after a later success.
    pub last_error: Option<String>,
    /// When they will be refreshed, from now.
    pub next_refresh: Option<Duration>,
    /// State of each tenant's source that is cached now: of tenants that are listed by name in the
    /// settings, and of those that had keys at some time.
    pub tenants: Vec<TenantStatus>,
    /// How many tenants are waiting for their first keys. Anyone who sends a token may have made up
    /// their names, so only their number is reported.
    pub new_tenants: usize,
    /// The part that goes into a snapshot.
    #[cfg(feature = "fetch")]
    pub(crate) held: Option<HeldKeys>,
}

/// The status of the source of one tenant's keys. It serializes to an object with `issuer` and
/// `status`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TenantStatus {
    /// The tenant's issuer.
    pub issuer: Arc<str>,
    /// What its source says.
    pub status: SourceStatus,
}

type Waiting<'a, T> = Pin<Box<dyn Future<Output = Result<T, SourceError>> + Send + 'a>>;

/// [`KeySource`] as a trait object, so that a Validator holds sources of any type.
pub(crate) trait DynKeySource: Send + Sync {
    fn evidence<'a>(&'a self, token: &'a PresentedToken<'a>) -> Waiting<'a, Evidence>;
    fn cached(&self, token: &PresentedToken<'_>) -> Option<Evidence>;
    fn current_keys(&self, _issuer: &str, _now: NumericDate) -> Option<Arc<KeySet>> {
        None
    }
    fn forget(&self, token: &PresentedToken<'_>);

    /// Evidence that is requested now, regardless of what is cached.
    fn new_evidence<'a>(&'a self, token: &'a PresentedToken<'a>) -> Waiting<'a, Evidence> {
        self.forget(token);
        self.evidence(token)
    }

    fn still_trusts<'a>(&'a self, token: &'a AccessToken) -> Waiting<'a, bool>;
    fn warm_up(&self) -> Waiting<'_, ()>;
    fn status(&self) -> SourceStatus;

    /// The status of the evidence that the tokens of this issuer are judged by. For a source of
    /// many tenants it is one tenant's, so that a refused token costs little.
    fn status_of(&self, _issuer: &str) -> SourceStatus {
        self.status()
    }
}

impl<S: KeySource> DynKeySource for S {
    fn evidence<'a>(&'a self, token: &'a PresentedToken<'a>) -> Waiting<'a, Evidence> {
        Box::pin(KeySource::evidence(self, token))
    }

    fn cached(&self, token: &PresentedToken<'_>) -> Option<Evidence> {
        KeySource::cached(self, token)
    }

    fn current_keys(&self, issuer: &str, now: NumericDate) -> Option<Arc<KeySet>> {
        KeySource::current_keys(self, issuer, now)
    }

    fn forget(&self, token: &PresentedToken<'_>) {
        KeySource::forget(self, token);
    }

    fn still_trusts<'a>(&'a self, token: &'a AccessToken) -> Waiting<'a, bool> {
        Box::pin(KeySource::still_trusts(self, token))
    }

    fn warm_up(&self) -> Waiting<'_, ()> {
        Box::pin(KeySource::warm_up(self))
    }

    fn status(&self) -> SourceStatus {
        KeySource::status(self)
    }
}
