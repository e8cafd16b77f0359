//! The Validator: where the parts meet.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use crate::build_error::{BuildError, BuildProblem};
use crate::clock::SystemClock;
use crate::core::{
    AcceptedIssuers, AccessToken, Clock, DEFAULT_MAX_TOKEN_BYTES, Evidence, KeySetAge, NumericDate,
    Policy, PolicyProblem, Possession, PresentedToken, Reason, Rejection, Unconfirmed,
    check_claims, check_signature, issuer_of, verify, wrong_issuer,
};
use crate::credentials::Credentials;
use crate::error::{Error, Unavailable};
use crate::issuer::{Issuer, Surroundings};
use crate::source::{DynKeySource, SourceStatus};
#[cfg(feature = "jwks")]
use crate::source::{Fetch, KeySnapshot};

/// The largest token that can be allowed: 1 MiB.
const LARGEST_MAX_TOKEN_BYTES: usize = 1024 * 1024;

/// Judges the access tokens that this API is presented. Make one at start and clone it into every handler: a clone is one
/// `Arc`.
///
/// Issuer, policy and source are chosen once, by the token's form and its `iss`, before any check; what they say is final.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// use resource_server::{Issuer, Requirement, StaticKeys, Validator, testing::TestIssuer};
///
/// let authorization_server = TestIssuer::new("https://as.example.com", "https://api.example.com");
///
/// let validator = Validator::builder()
///     .audience("https://api.example.com")
///     .issuer(Issuer::new("https://as.example.com").keys(StaticKeys::from_jwks(&authorization_server.jwks())?))
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
    issuers: HashMap<Box<str>, Trusted>,
    /// The same names in the order of configuration, for explanations and health.
    names: Arc<[Box<str>]>,
    opaque: OpaqueRoutes,
    clock: Arc<dyn Clock>,
    max_token_bytes: usize,
}

/// Which issuer an opaque token is for, by how it begins.
#[derive(Default)]
struct OpaqueRoutes(Vec<(Box<str>, Box<str>)>);

impl OpaqueRoutes {
    /// The issuer of the longest prefix that fits. A token goes to one issuer only.
    fn find(&self, token: &str) -> Option<&str> {
        let fitting = self
            .0
            .iter()
            .filter(|(prefix, _)| token.starts_with(&**prefix));
        let longest = fitting.max_by_key(|(prefix, _)| prefix.len());
        longest.map(|(_, issuer)| &**issuer)
    }

    /// Says to which issuer tokens of this prefix go already.
    fn insert(&mut self, prefix: &str, issuer: &str) -> Result<(), Box<str>> {
        if let Some((_, other)) = self.0.iter().find(|(known, _)| **known == *prefix) {
            return Err(other.clone());
        }
        self.0.push((prefix.into(), issuer.into()));
        Ok(())
    }
}

/// One issuer, one policy, one source.
struct Trusted {
    name: Arc<str>,
    policy: Policy,
    source: Box<dyn DynKeySource>,
}

impl Validator {
    /// Settings for a Validator.
    pub fn builder() -> ValidatorBuilder {
        ValidatorBuilder {
            issuers: Vec::new(),
            audiences: Vec::new(),
            clock: None,
            #[cfg(feature = "jwks")]
            fetch: None,
            #[cfg(feature = "jwks")]
            snapshot: None,
            max_token_bytes: DEFAULT_MAX_TOKEN_BYTES,
        }
    }

    /// Judges a bearer token. The same as [`authenticate`](Validator::authenticate) with [`Credentials::bearer`].
    ///
    /// It checks form, issuer, kind of token, algorithm, audience, time, signature, and that the token is not bound to a
    /// key or certificate. It does **not** check scopes ([`AccessToken::require`]) nor revocation.
    ///
    /// An opaque token is asked about at the one issuer that takes such ([`Issuer::opaque_tokens`]); the answer is held
    /// against the same policy.
    ///
    /// # Errors
    /// The token is refused (401), or its issuer can't be asked or its keys can't be had (503). Use [`Error::status`].
    pub async fn validate(&self, token: &str) -> Result<AccessToken, Error> {
        self.authenticate(&Credentials::bearer(token)).await
    }

    /// Judges a request by what it presented.
    ///
    /// # Errors
    /// As [`validate`](Validator::validate); without credentials, [`Reason::NoCredentials`].
    pub async fn authenticate(&self, presented: &Credentials<'_>) -> Result<AccessToken, Error> {
        let token = self.read(presented)?;
        let trusted = self.select(&token)?;
        let unconfirmed = match self.judge_with_cached(&token, trusted) {
            Some(judged) => judged?,
            None => self.judge_with_source(&token, trusted).await?,
        };
        Ok(unconfirmed.confirm(&Possession::bearer())?)
    }

    /// Judges a bearer token with what is at hand, without waiting. `None`: its issuer's source must be asked, so call
    /// [`validate`](Validator::validate).
    ///
    /// Whatever it answers, `validate` would answer the same. `None` is no answer: never take it for a request without a
    /// token.
    pub fn validate_now(&self, token: &str) -> Option<Result<AccessToken, Error>> {
        let presented = Credentials::bearer(token);
        let token = match self.read(&presented) {
            Ok(token) => token,
            Err(rejection) => return Some(Err(rejection.into())),
        };
        let trusted = match self.select(&token) {
            Ok(trusted) => trusted,
            Err(rejection) => return Some(Err(rejection.into())),
        };
        let judged = self.judge_with_cached(&token, trusted)?;
        let confirmed = judged.and_then(|unconfirmed| unconfirmed.confirm(&Possession::bearer()));
        Some(confirmed.map_err(Error::from))
    }

    /// Drops what is kept about this token, such as an introspection response, so that the next request with it asks anew: for
    /// a token that was just revoked. Does nothing to a JWT that keys judge.
    pub fn forget(&self, token: &str) {
        if let Ok(token) = PresentedToken::parse_within(token, self.0.max_token_bytes)
            && let Ok(trusted) = self.select(&token)
        {
            trusted.source.forget(&token);
        }
    }

    /// Gets every issuer's source ready for the first token, all at once.
    ///
    /// # Errors
    /// Those that could not. The Validator stays usable: sources try again when they are needed.
    pub async fn warm_up(&self) -> Result<(), WarmUpError> {
        let trusted: Vec<_> = self.trusted().collect();
        let results = all(trusted.iter().map(|trusted| trusted.source.warm_up())).await;
        let failures: Vec<_> = trusted
            .into_iter()
            .zip(results)
            .filter_map(|(trusted, result)| {
                let cause = result.err()?;
                Some(Unavailable::new(Arc::clone(&trusted.name), cause))
            })
            .collect();
        if failures.is_empty() {
            Ok(())
        } else {
            Err(WarmUpError { failures })
        }
    }

    /// How each issuer's source is doing, in the order of configuration. Cheap, without I/O.
    pub fn health(&self) -> Vec<IssuerHealth> {
        self.trusted()
            .map(|trusted| IssuerHealth {
                issuer: Arc::clone(&trusted.name),
                status: trusted.source.status(),
            })
            .collect()
    }

    /// The public keys that were fetched, of every issuer that has some: to be put away, and taken up by another process
    /// ([`ValidatorBuilder::restore`]). Keys given by hand and secrets are not in it. Cheap, without I/O.
    ///
    /// ```
    /// # #[cfg(feature = "testing")]
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
    /// use resource_server::{Issuer, KeySnapshot, Validator, testing::TestServer};
    ///
    /// let server = TestServer::start("https://api.example.com").await?;
    /// let validator = || Validator::builder()
    ///     .audience("https://api.example.com")
    ///     .issuer(Issuer::discover(server.url()));
    ///
    /// let first = validator().build()?;
    /// first.warm_up().await?;
    /// let text = serde_json::to_string(&first.snapshot())?; // to a file that only this API can write
    ///
    /// let snapshot: KeySnapshot = serde_json::from_str(&text)?;
    /// let second = validator().restore(snapshot).build()?;
    /// assert!(second.validate_now(&server.issuer().token().mint()).is_some()); // without a fetch
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(feature = "jwks")]
    pub fn snapshot(&self) -> KeySnapshot {
        KeySnapshot::of(self.trusted().filter_map(|trusted| {
            let held = trusted.source.status().held?;
            Some((&*trusted.name, held))
        }))
    }

    fn trusted(&self) -> impl Iterator<Item = &Trusted> {
        self.0
            .names
            .iter()
            .filter_map(|name| self.0.issuers.get(name))
    }

    fn now(&self) -> NumericDate {
        self.0.clock.now()
    }

    fn read<'r>(&self, presented: &Credentials<'r>) -> Result<PresentedToken<'r>, Rejection> {
        let token = presented
            .token()
            .ok_or_else(|| Rejection::plain(Reason::NoCredentials))?;
        PresentedToken::parse_within(token, self.0.max_token_bytes)
    }

    /// The unverified `iss` only selects: the policy then checks the same value. An opaque token goes to the one issuer that
    /// takes it.
    fn select(&self, token: &PresentedToken<'_>) -> Result<&Trusted, Rejection> {
        let jwt = match token.require_jwt() {
            Ok(jwt) => jwt,
            Err(rejection) => {
                let route = token
                    .is_opaque()
                    .then(|| self.0.opaque.find(token.as_str()));
                let trusted = route.flatten().and_then(|name| self.0.issuers.get(name));
                return trusted.ok_or(rejection);
            }
        };
        let issuer = issuer_of(jwt)?;
        self.0
            .issuers
            .get(issuer)
            .ok_or_else(|| wrong_issuer(issuer, AcceptedIssuers::Many(Arc::clone(&self.0.names))))
    }

    fn judge_with_cached(
        &self,
        token: &PresentedToken<'_>,
        trusted: &Trusted,
    ) -> Option<Result<Unconfirmed, Rejection>> {
        // Whoever is asked about a JWT, it must itself meet the policy.
        let jwt = match token
            .jwt()
            .map(|_| check_claims(token, &trusted.policy, self.now()))
        {
            None => None,
            Some(Ok(jwt)) => Some(jwt),
            Some(Err(rejection)) => return Some(Err(rejection)),
        };
        let evidence = trusted.source.cached(token)?;
        let judged = match (jwt, &evidence) {
            (Some(jwt), Evidence::Keys(keys)) => check_signature(jwt, keys, &trusted.policy),
            _ => verify(token, &evidence, &trusted.policy, self.now()),
        };
        Some(judged.map_err(|rejection| trusted.explained(rejection)))
    }

    async fn judge_with_source(
        &self,
        token: &PresentedToken<'_>,
        trusted: &Trusted,
    ) -> Result<Unconfirmed, Error> {
        let evidence = trusted.source.evidence(token).await.map_err(|cause| {
            Error::Unavailable(Unavailable::new(Arc::clone(&trusted.name), cause))
        })?;
        // From the top: the token may have expired while its source was asked.
        let judged = verify(token, &evidence, &trusted.policy, self.now());
        Ok(judged.map_err(|rejection| trusted.explained(rejection))?)
    }
}

impl Trusted {
    /// With what only the source knows.
    fn explained(&self, rejection: Rejection) -> Rejection {
        rejection.with_key_set_age(|| {
            let status = self.source.status();
            KeySetAge {
                age: status.age,
                last_asked: status.last_asked,
            }
        })
    }
}

impl fmt::Debug for Validator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Validator")
            .field("issuers", &self.0.names)
            .finish_non_exhaustive()
    }
}

/// Waits for all of them at once; each gives its result at its own place.
async fn all<T, F: Future<Output = T> + Unpin>(futures: impl Iterator<Item = F>) -> Vec<T> {
    let mut waiting: Vec<(F, Option<T>)> = futures.map(|future| (future, None)).collect();
    poll_fn(|context| {
        let mut is_pending = false;
        for (future, result) in &mut waiting {
            if result.is_none() {
                match std::pin::Pin::new(future).poll(context) {
                    Poll::Ready(value) => *result = Some(value),
                    Poll::Pending => is_pending = true,
                }
            }
        }
        if is_pending {
            Poll::Pending
        } else {
            Poll::Ready(())
        }
    })
    .await;
    waiting
        .into_iter()
        .filter_map(|(_, result)| result)
        .collect()
}

/// Settings of a [`Validator`].
#[derive(Debug)]
#[must_use]
pub struct ValidatorBuilder {
    issuers: Vec<Issuer>,
    audiences: Vec<String>,
    clock: Option<ClockSetting>,
    #[cfg(feature = "jwks")]
    fetch: Option<Fetch>,
    #[cfg(feature = "jwks")]
    snapshot: Option<KeySnapshot>,
    max_token_bytes: usize,
}

struct ClockSetting(Arc<dyn Clock>);

impl fmt::Debug for ClockSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock(..)")
    }
}

impl ValidatorBuilder {
    /// One more issuer whose tokens are accepted.
    pub fn issuer(mut self, issuer: Issuer) -> Self {
        self.issuers.push(issuer);
        self
    }

    /// This API, as it stands in `aud`, byte for byte. Called again, one more name of it. Counts for every issuer that has
    /// no audience of its own.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audiences.push(audience.into());
        self
    }

    /// Another clock than the machine's, for tests. It also counts the age of keys, pauses between fetches and outages. Give
    /// the same one to the `TestIssuer`.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Some(ClockSetting(Arc::new(clock)));
        self
    }

    /// How issuers are reached that have no [`Fetch`] of their own.
    #[cfg(feature = "jwks")]
    pub fn fetch(mut self, fetch: Fetch) -> Self {
        self.fetch = Some(fetch);
        self
    }

    /// Starts from the keys that another process has fetched, and goes on by fetching. They are as old as they are: used
    /// without a fetch while fresh (at most an hour), then as any keys that were fetched, and not at all when older than their
    /// lifetime and the [`outage_tolerance`](Issuer::outage_tolerance), or when this machine's clock says that they were
    /// fetched more than 30 s from now. Those of issuers that are not configured, or whose keys are not fetched, are ignored.
    ///
    /// **Whoever can write the snapshot decides which keys are trusted**, and for how long: up to an hour and the tolerance after
    /// the last fetch that succeeded. Keys that are not used, and why, show in [`Validator::health`] until the next fetch. A
    /// second call replaces the first.
    #[cfg(feature = "jwks")]
    pub fn restore(mut self, snapshot: KeySnapshot) -> Self {
        self.snapshot = Some(snapshot);
        self
    }

    /// The largest token that is taken, in bytes. Default 16 KiB, at most 1 MiB.
    pub fn max_token_bytes(mut self, bytes: usize) -> Self {
        self.max_token_bytes = bytes;
        self
    }

    /// Checks the settings. Does no I/O and needs no runtime.
    ///
    /// # Errors
    /// All problems at once: see [`BuildProblem`].
    ///
    /// ```
    /// use resource_server::{Issuer, Validator};
    ///
    /// let error = Validator::builder().issuer(Issuer::new("https://as.example.com")).build().unwrap_err();
    /// assert_eq!(error.problems().len(), 2); // neither audience nor keys
    /// ```
    pub fn build(self) -> Result<Validator, BuildError> {
        let mut problems = Vec::new();
        if self.issuers.is_empty() {
            problems.push(BuildProblem::NoIssuer);
        }
        let lacks_audience = self.issuers.is_empty() && self.audiences.is_empty();
        let mut known = HashSet::new();
        for issuer in &self.issuers {
            if !known.insert(issuer.name()) {
                problems.push(BuildProblem::IssuerTwice {
                    issuer: issuer.name().to_owned(),
                });
            }
        }
        if !(1..=LARGEST_MAX_TOKEN_BYTES).contains(&self.max_token_bytes) {
            problems.push(BuildProblem::TokenSize {
                bytes: self.max_token_bytes,
            });
        }
        let clock = match self.clock {
            Some(ClockSetting(clock)) => clock,
            None => Arc::new(SystemClock::new()),
        };
        #[cfg(feature = "jwks")]
        let fetcher =
            if self.fetch.is_some() || self.issuers.iter().any(Issuer::needs_common_fetcher) {
                self.fetch
                    .unwrap_or_default()
                    .build_for_all()
                    .map_err(|problem| {
                        problems.push(BuildProblem::Fetch {
                            issuer: None,
                            problem,
                        });
                    })
                    .ok()
            } else {
                None
            };
        let surroundings = Surroundings {
            audiences: &self.audiences,
            clock: &clock,
            #[cfg(feature = "jwks")]
            fetcher: fetcher.as_ref(),
            #[cfg(feature = "jwks")]
            snapshot: self.snapshot.as_ref(),
        };
        let mut issuers = HashMap::new();
        let mut names = Vec::new();
        let mut opaque = OpaqueRoutes::default();
        for issuer in self.issuers {
            if let Some(prefix) = issuer.opaque_prefix()
                && let Err(other) = opaque.insert(prefix, issuer.name())
            {
                problems.push(BuildProblem::OpaqueTwice {
                    issuer: issuer.name().to_owned(),
                    other: other.into(),
                    prefix: prefix.to_owned(),
                });
            }
            match issuer.finish(&surroundings) {
                Err(found) => problems.extend(found),
                Ok((policy, source)) => {
                    let name: Box<str> = policy.issuer().into();
                    let trusted = Trusted {
                        name: policy.issuer().into(),
                        policy,
                        source,
                    };
                    issuers.insert(name.clone(), trusted);
                    names.push(name);
                }
            }
        }
        // Where an issuer uses the audiences set here, its policy has told the same.
        let is_told = problems.iter().any(|told| {
            matches!(told, BuildProblem::Policy { problem, .. } if *problem == PolicyProblem::NoAudience)
        });
        if lacks_audience || (self.audiences.iter().any(String::is_empty) && !is_told) {
            problems.push(BuildProblem::NoAudience);
        }
        if !problems.is_empty() {
            return Err(BuildError::new(problems));
        }
        Ok(Validator(Arc::new(Inner {
            issuers,
            names: names.into(),
            opaque,
            clock,
            max_token_bytes: self.max_token_bytes,
        })))
    }
}

/// Sources that did not get ready.
#[derive(Clone, Debug)]
pub struct WarmUpError {
    failures: Vec<Unavailable>,
}

impl WarmUpError {
    /// Each issuer whose source did not get ready, and why.
    pub fn failures(&self) -> &[Unavailable] {
        &self.failures
    }
}

impl fmt::Display for WarmUpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let failures: Vec<_> = self
            .failures
            .iter()
            .map(|failure| {
                format!(
                    "issuer \"{}\": {}",
                    failure.issuer(),
                    failure.cause().chain()
                )
            })
            .collect();
        f.write_str(&failures.join("; "))
    }
}

impl std::error::Error for WarmUpError {}

/// How one issuer's source is doing.
///
/// ```
/// # use resource_server::{Validator, testing::TestIssuer};
/// # let issuer = TestIssuer::new("https://as.example.com", "https://api.example.com");
/// # let validator = Validator::builder().audience("https://api.example.com").issuer(issuer.to_issuer()).build()?;
/// let is_ready = validator.health().iter().all(|issuer| issuer.is_ready());
/// for issuer in validator.health() {
///     let status = issuer.status();
///     println!("{}: age {:?}, last error {:?}", issuer.issuer(), status.age, status.last_error);
/// }
/// # Ok::<(), resource_server::BuildError>(())
/// ```
#[derive(Clone, Debug)]
pub struct IssuerHealth {
    issuer: Arc<str>,
    status: SourceStatus,
}

impl IssuerHealth {
    /// The issuer's name, as configured.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Whether its tokens can be judged now, as far as the source knows. For a readiness probe.
    pub fn is_ready(&self) -> bool {
        self.status.usable_for != Some(Duration::ZERO)
    }

    /// What its source says.
    pub fn status(&self) -> &SourceStatus {
        &self.status
    }
}
