//! The Validator: where the parts meet.

mod builder;
mod checks;
mod health;
mod issuers;
mod judgement;
mod possession;
#[cfg(feature = "fetch")]
mod remote;
mod resources;
mod revalidation;
mod sender_constraint;
mod token_cache;
#[cfg(any(feature = "fetch", feature = "mcp"))]
mod watch;

use std::fmt;
use std::sync::Arc;
#[cfg(any(feature = "tower", feature = "actix-web"))]
use std::time::Duration;

use crate::binding::ClientCertificates;
use crate::core::{AccessToken, Algorithm, Clock, Resource, is_identifier};
use crate::credentials::Credentials;
use crate::error::{Error, WarmUpError};
use builder::Settings;
use health::all;
use issuers::TrustedIssuers;
use token_cache::TokenCache;

pub use builder::ValidatorBuilder;
pub use checks::{Check, Denial};
pub use health::{Health, IssuerHealth};
pub(crate) use judgement::Freshness;
pub use token_cache::TokenCacheStatus;

/// A request reaches its innermost layer within this time. What was judged before may be from an
/// earlier request whose parts are used again, and its token may have expired since.
#[cfg(any(feature = "tower", feature = "actix-web"))]
const ONE_REQUEST: Duration = Duration::from_secs(10);

/// Judges the access tokens that requests present to this API. Make one at start and clone it into
/// every handler: a clone is one `Arc`.
///
/// The token's form and its `iss` select issuer, policy and source once, before any check. Their
/// verdict is final.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// use resource_server::{Issuer, Requirement, StaticKeys, Validator, testing::TestIssuer};
///
/// let authorization_server = TestIssuer::new("https://as.example.com", "https://api.example.com");
///
/// let keys = StaticKeys::from_jwks(&authorization_server.jwks())?;
/// let validator = Validator::builder()
///     .audience("https://api.example.com")
///     .issuer(Issuer::new("https://as.example.com").keys(keys))
///     .build()?;
///
/// let bearer = authorization_server.token().subject("alice").scope("orders:read").mint();
/// let token = validator.validate(&bearer).await?;
/// token.require(&Requirement::scope("orders:read"))?;
/// # Ok(()) }) }
/// ```
#[derive(Clone)]
pub struct Validator(Arc<Inner>);

struct Inner {
    issuers: TrustedIssuers,
    clock: Arc<dyn Clock>,
    settings: Settings,
    /// Not shared with the Validator of another resource.
    tokens: Option<TokenCache>,
}

impl Validator {
    /// Settings for a Validator.
    pub fn builder() -> ValidatorBuilder {
        ValidatorBuilder::new()
    }

    /// Judges a bearer token. The same as [`authenticate`](Validator::authenticate) with
    /// [`Credentials::bearer`].
    ///
    /// It checks form, issuer, kind of token, algorithm, audience, time and signature, and that the
    /// token is not bound to a key or certificate. It does **not** check scopes
    /// ([`AccessToken::require`]) nor revocation.
    ///
    /// An opaque token is introspected at the one issuer that accepts it
    /// ([`Issuer::opaque_tokens`](crate::Issuer::opaque_tokens)). The response is checked against
    /// the same policy.
    ///
    /// # Errors
    /// The token is rejected (401). Or its issuer's keys or introspection response are unavailable
    /// (503). Or they must be fetched, and the call is made outside of a tokio runtime (500). Or a
    /// [check](ValidatorBuilder::check) of yours refuses it (401 or 403) or can't be made (503).
    /// Use [`Error::status`].
    pub async fn validate(&self, token: &str) -> Result<AccessToken, Error> {
        self.authenticate(&Credentials::bearer(token)).await
    }

    /// Judges a request by what it presented.
    ///
    /// # Errors
    /// The same as for [`validate`](Validator::validate). Without credentials, the reason is
    /// [`Reason::NoCredentials`](crate::Reason::NoCredentials).
    pub async fn authenticate(&self, presented: &Credentials<'_>) -> Result<AccessToken, Error> {
        self.judge(presented, Freshness::Cached).await
    }

    /// Judges a bearer token as [`validate`](Validator::validate) does, and then introspects it
    /// (RFC 7662), bypassing the cache. Use it where a revocation must take effect immediately;
    /// each call costs a request. The result has the claims of the introspection response.
    ///
    /// If the issuer has keys, a JWT must pass signature verification and introspection. A bad JWT
    /// causes no request.
    ///
    /// # Errors
    /// The same as for [`validate`](Validator::validate). An issuer without
    /// [`introspection`](crate::Issuer::introspection) is the API author's mistake (500), also
    /// where other issuers of this Validator have it. So set it on each issuer whose tokens may be
    /// used for such an operation.
    ///
    /// ```no_run
    /// # use resource_server::{Error, Validator};
    /// # async fn pay(validator: Validator, bearer: &str) -> Result<(), Error> {
    /// use resource_server::Requirement;
    ///
    /// let token = validator.validate_online(bearer).await?;
    /// token.require(&Requirement::scope("payments:write"))?;
    /// # Ok(()) }
    /// ```
    pub async fn validate_online(&self, token: &str) -> Result<AccessToken, Error> {
        self.judge(&Credentials::bearer(token), Freshness::Online)
            .await
    }

    /// Judges a bearer token with cached evidence, without waiting.
    ///
    /// `None`: call [`validate`](Validator::validate). Nothing is cached for the token, or a
    /// refresh is due and none is running. So `None` also occurs now and then during an outage,
    /// while the cached keys are still usable. This call starts no fetch. Code that can't wait
    /// answers 503, and another task calls [`warm_up`](Validator::warm_up) or `validate`.
    ///
    /// With a [check](ValidatorBuilder::check) of yours, a good token always gives `None`, because
    /// a check may wait. A bad token gives its error.
    ///
    /// A verdict is the same that `validate` gives. `None` is not a verdict: never treat it as a
    /// request without a token.
    pub fn validate_cached(&self, token: &str) -> Option<Result<AccessToken, Error>> {
        self.authenticate_cached(&Credentials::bearer(token))
    }

    /// [`authenticate`](Validator::authenticate) for code that can't wait: as
    /// [`validate_cached`](Validator::validate_cached), for what a request presented. Missing and
    /// malformed credentials always give their error, and never `None`.
    pub fn authenticate_cached(
        &self,
        presented: &Credentials<'_>,
    ) -> Option<Result<AccessToken, Error>> {
        self.judge_cached(presented)
    }

    /// Drops what is cached about this token, such as an introspection response, so that the next
    /// request with it introspects it again. Use it for a token that was just revoked. A JWT leaves
    /// the [cache of verified tokens](ValidatorBuilder::token_cache), and its keys then verify it
    /// again.
    pub fn forget(&self, token: &str) {
        self.drop_cached(token);
    }

    /// Prepares every issuer's source for the first token, all at once.
    ///
    /// Keys are fetched, and metadata is read. No introspection endpoint is called, so nothing is
    /// known about an endpoint that is set by `Introspection::at`.
    ///
    /// # Errors
    /// The error lists each source that failed. The Validator stays usable, since sources try again
    /// when they are needed.
    pub async fn warm_up(&self) -> Result<(), WarmUpError> {
        let sources: Vec<_> = self
            .0
            .issuers
            .iter()
            .flat_map(|issuer| issuer.sources().map(move |source| (issuer, source)))
            .collect();
        let results = all(sources.iter().map(|(_, source)| source.warm_up())).await;
        let failures: Vec<_> = sources
            .into_iter()
            .zip(results)
            .filter_map(|((issuer, _), result)| Some(issuer.unavailable(result.err()?)))
            .collect();
        if failures.is_empty() {
            Ok(())
        } else {
            Err(WarmUpError::new(failures))
        }
    }

    /// Whether it is a clone of the other, and not one that was built in the same way.
    #[cfg(any(feature = "tower", feature = "actix-web"))]
    pub(crate) fn is_same_as(&self, other: &Validator) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Whether this Validator judged the token at most [`ONE_REQUEST`] ago.
    #[cfg(any(feature = "tower", feature = "actix-web"))]
    pub(crate) fn judged_now(&self, token: &AccessToken) -> bool {
        self.0.clock.now().since(token.judged_at()) <= ONE_REQUEST
    }

    /// How certificates of clients are read, if they are.
    pub(crate) fn certificates(&self) -> Option<&ClientCertificates> {
        self.0.settings.proofs.certificates.as_ref()
    }

    pub(crate) fn resource(&self) -> Option<&Resource> {
        self.0.settings.resource.as_deref()
    }

    /// The issuers that a client can find an authorization server by: their name is a URL without a
    /// placeholder, and their keys are not a shared secret.
    pub(crate) fn authorization_servers(&self) -> impl Iterator<Item = &str> {
        self.0.issuers.iter().filter_map(|issuer| {
            let has_secret = issuer.policy.algorithm_set().iter().any(Algorithm::is_hmac);
            let is_one = issuer.template().is_none() && !has_secret;
            (is_one && is_identifier(&issuer.name)).then_some(&*issuer.name)
        })
    }

    /// The state of each issuer's source, in the order of configuration, of the replay store,
    /// and of the cache of verified tokens. Cheap, without I/O.
    pub fn health(&self) -> Health {
        let issuers = self.0.issuers.iter();
        let issuers = issuers.flat_map(|issuer| {
            issuer.sources().map(|source| IssuerHealth {
                issuer: Arc::clone(&issuer.name),
                status: source.status(),
            })
        });
        Health {
            issuers: issuers.collect(),
            replay_store: self.0.settings.proofs.status(),
            token_cache: self.0.tokens.as_ref().map(TokenCache::status),
        }
    }
}

impl fmt::Debug for Validator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Validator")
            .field("issuers", &self.0.issuers.names())
            .finish_non_exhaustive()
    }
}
