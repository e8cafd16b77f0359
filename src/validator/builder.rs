//! The settings of a Validator, and their checks.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use super::checks::{Check, Checks};
use super::issuers::{OpaqueRoutes, Trusted, TrustedIssuers};
use super::sender_constraint::{ProofSettings, Proofs};
use super::token_cache::{self, TokenCache};
use super::{Inner, Validator};
use crate::binding::{ClientCertificates, Dpop};
use crate::build_error::{BuildError, ConfigErrorKind, Problems};
use crate::clock::SystemClock;
use crate::core::{Clock, DEFAULT_MAX_TOKEN_BYTES, PolicyErrorKind, Resource, without_user_info};
use crate::issuer::{BuildContext, Issuer, SharedSettings};
use crate::observe::decision::Decision;
use crate::observe::observer::Observer;

/// The largest token size that can be set: 1 MiB.
const LARGEST_MAX_TOKEN_BYTES: usize = 1024 * 1024;

/// What the Validator reads for each token. A new setting of that kind is a field here.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) max_token_bytes: usize,
    /// Of the cache of verified tokens, if there is one.
    pub(super) token_cache_bytes: Option<u64>,
    /// This API, for its answers.
    pub(super) resource: Option<Arc<Resource>>,
    pub(super) proofs: Proofs,
    pub(super) checks: Checks,
    /// What is told of each decision, if anything is.
    pub(super) observer: Option<Arc<Observer>>,
}

/// Settings of a [`Validator`].
#[derive(Debug)]
#[must_use]
pub struct ValidatorBuilder {
    issuers: Vec<Issuer>,
    audiences: Vec<String>,
    clock: Option<ClockSetting>,
    settings: Settings,
    has_several_resources: bool,
    proofs: ProofSettings,
    observer: Observer,
    pub(super) shared: SharedSettings,
}

struct ClockSetting(Arc<dyn Clock>);

impl fmt::Debug for ClockSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock(..)")
    }
}

impl ValidatorBuilder {
    pub(super) fn new() -> Self {
        ValidatorBuilder {
            issuers: Vec::new(),
            audiences: Vec::new(),
            clock: None,
            settings: Settings {
                max_token_bytes: DEFAULT_MAX_TOKEN_BYTES,
                token_cache_bytes: None,
                resource: None,
                proofs: Proofs::default(),
                checks: Checks::default(),
                observer: None,
            },
            has_several_resources: false,
            proofs: ProofSettings::default(),
            observer: Observer::default(),
            shared: SharedSettings::default(),
        }
    }

    /// Adds an issuer whose tokens are accepted.
    pub fn issuer(mut self, issuer: Issuer) -> Self {
        self.issuers.push(issuer);
        self
    }

    /// Names this API by its resource identifier: the audience of its tokens, and what its answers
    /// to refused requests and its metadata say ([`Resource`]). There is at most one:
    /// [`Validator::for_resource`] makes Validators of further ones.
    ///
    /// Give an `https` URL, or a [`Resource`] with more settings. If the tokens' `aud` has another
    /// name for this API, add it by [`audience`](ValidatorBuilder::audience).
    ///
    /// The audience is the URL byte for byte, as you write it, and with scheme and host in lower
    /// case ([`uri`](Resource::uri)). For a URL without a path, `https://host` and `https://host/`
    /// are both accepted. `/mcp` and `/mcp/` are different.
    pub fn resource(mut self, resource: impl Into<Resource>) -> Self {
        let resource = resource.into();
        self.audiences.extend(resource.audiences());
        self.has_several_resources |= self.settings.resource.is_some();
        self.settings.resource = Some(Arc::new(resource));
        self
    }

    /// Names this API as it appears in `aud`, byte for byte. Each further call adds a name. Applies
    /// to every issuer that has no audience of its own.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audiences.push(audience.into());
        self
    }

    /// Offers DPoP (RFC 9449): tokens that are bound to a key of their client are accepted with a
    /// proof. Challenges and metadata say so. Set [`resource`](ValidatorBuilder::resource) too,
    /// since these name it.
    ///
    /// Tokens that are not bound stay bearer tokens, unless an issuer's policy requires a binding
    /// ([`sender_constraint`](crate::PolicyBuilder::sender_constraint)). Without this setting, a
    /// token that is bound to a key is refused.
    ///
    /// ```
    /// use resource_server::binding::{Dpop, DpopNonces};
    /// use resource_server::{Policy, Validator, claims::SenderConstraint};
    ///
    /// # use resource_server::testing::TestIssuer;
    /// # let issuer = TestIssuer::new("https://as.example.com", "https://api.example.com");
    /// # let issuer = issuer.to_issuer();
    /// # let secret = "q8Vd2mXz7Lr5Tn0Ck4Wy9Hb3Jf6Sg1PeUs4";
    /// let nonces = DpopNonces::from_secrets([secret])?;
    /// let validator = Validator::builder()
    ///     .resource("https://api.example.com")
    ///     .dpop(Dpop::at("https://api.example.com").require_nonces(nonces))
    ///     .issuer(issuer.policy(Policy::builder().sender_constraint(SenderConstraint::Dpop)))
    ///     .build()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn dpop(mut self, dpop: Dpop) -> Self {
        self.proofs.dpop = Some(dpop);
        self
    }

    /// Reads the certificates of clients, for tokens that are bound to one by mutual TLS (RFC 8705
    /// section 3). Without this setting, such a token is refused.
    pub fn client_certificates(mut self, certificates: ClientCertificates) -> Self {
        self.proofs.certificates = Some(certificates);
        self
    }

    /// Replaces the system clock (for tests). It also measures the age of keys, pauses
    /// between fetches and outages. Give the same clock to the `TestIssuer`.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Some(ClockSetting(Arc::new(clock)));
        self
    }

    /// The largest token that is accepted, in bytes. Default 16 KiB, at most 1 MiB.
    pub fn max_token_bytes(mut self, bytes: usize) -> Self {
        self.settings.max_token_bytes = bytes;
        self
    }

    /// Keeps verified tokens in memory, in at most so many bytes: 1 MiB to 64 GiB. By default none
    /// are kept. A token that comes again is then accepted without its signature being computed. A
    /// token of 800 bytes needs about 1.2 KiB.
    ///
    /// **The verdict is the same as without a cache.** A hit checks again what may have changed:
    ///
    /// * the size limit, `exp`, `nbf`, `iat` and the lifetimes that the policy sets, by the clock;
    /// * whether the tenant is still allowed;
    /// * whether the issuer's keys may still be used. A refresh that is due is started, and keys
    ///   past the [`outage_tolerance`](crate::Issuer::outage_tolerance) give 503;
    /// * after a refresh, whether the token's key is still there, by its numbers and not by its
    ///   `kid`. If that is not clear, the signature is computed again;
    /// * possession of a key or certificate (`cnf`), your [checks](ValidatorBuilder::check) and
    ///   what an operation requires.
    ///
    /// Each hit is a [decision](ValidatorBuilder::on_decision) like any other.
    ///
    /// Tokens that keys have verified are kept, and never their text. They are found by a keyed
    /// digest of 128 bits over the whole text, signature included. Its secret is random, is this
    /// Validator's own and never leaves the process. Introspected tokens are not among them, since
    /// [`Introspection`](crate::Introspection) has a cache of its own. Tokens that are signed with
    /// HMAC are not either. A source of your own takes part by
    /// [`KeySource::current_keys`](crate::KeySource::current_keys).
    ///
    /// `bytes` bounds an estimate of what the tokens need. The token of a tenant counts with its
    /// key, since the source may drop the keys of a tenant before the
    /// token ends.
    ///
    /// Tokens that are used once make room before others, so a flood of them displaces no token
    /// that is in use. A Validator of [`Validator::for_resource`] has a cache of its own, of the
    /// same size.
    ///
    /// ```
    /// use resource_server::{Issuer, Validator};
    ///
    /// # #[cfg(feature = "fetch")]
    /// let validator = Validator::builder()
    ///     .audience("https://api.example.com")
    ///     .issuer(Issuer::discover("https://as.example.com"))
    ///     .token_cache(64 * 1024 * 1024) // about 50,000 tokens
    ///     .build()?;
    /// # Ok::<(), resource_server::error::BuildError>(())
    /// ```
    pub fn token_cache(mut self, bytes: u64) -> Self {
        self.settings.token_cache_bytes = Some(bytes);
        self
    }

    /// Adds a check of your own, which runs after verification for each token that is good so far:
    /// is the account locked, is the session open, may this network use the API? It may do I/O.
    /// Several checks run in order, and the first refusal ends it.
    ///
    /// A check gets the verified token, and gives `Ok(())` or a
    /// [`Denial`](crate::decision::Denial). It runs in [`validate`](Validator::validate),
    /// [`authenticate`](Validator::authenticate) and
    /// [`validate_online`](Validator::validate_online), also where all evidence is cached. The
    /// methods that can't wait ([`validate_cached`](Validator::validate_cached)) give `None` for a
    /// good token.
    ///
    /// There is no time limit around it: a check that does I/O sets its own. A panic in it reaches
    /// the caller, and the token is not accepted.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
    /// use std::collections::HashSet;
    /// use std::sync::Arc;
    ///
    /// use resource_server::{
    ///     AccessToken, Reason, Requirement, Validator, decision::Denial, testing::TestIssuer,
    /// };
    ///
    /// let issuer = TestIssuer::new("https://as.example.com", "https://api.example.com");
    /// let locked = Arc::new(HashSet::from(["mallory"])); // in production: a database
    ///
    /// let validator = Validator::builder()
    ///     .audience("https://api.example.com")
    ///     .issuer(issuer.to_issuer())
    ///     .check(move |token: AccessToken| {
    ///         let locked = Arc::clone(&locked);
    ///         async move {
    ///             token.require(&Requirement::scope("orders:read"))?;
    ///             match token.subject() {
    ///                 Some(subject) if locked.contains(subject) => {
    ///                     Err(Denial::token().because("the account is locked"))
    ///                 }
    ///                 _ => Ok(()),
    ///             }
    ///         }
    ///     })
    ///     .build()?;
    ///
    /// let minted = issuer.token().subject("mallory").scope("orders:read").mint();
    /// let error = validator.validate(&minted).await.unwrap_err();
    /// assert_eq!(error.status(), 401);
    /// assert!(error.explain().contains("the account is locked"));
    /// # Ok(()) }) }
    /// ```
    pub fn check(mut self, check: impl Check) -> Self {
        self.settings.checks.add(check);
        self
    }

    /// Calls this function at each decision, for a record of your own such as an audit log. Several
    /// functions are called in order.
    ///
    /// There is one call for each request that is judged, also where a
    /// [check](ValidatorBuilder::check) of yours refuses it. There is one more for each operation
    /// that is refused later ([`AccessToken::require`](crate::AccessToken::require),
    /// [`AccessToken::claims`](crate::AccessToken::claims)); an operation that is allowed causes
    /// none. `None` of [`validate_cached`](Validator::validate_cached) is not a decision, and
    /// neither is a call that is dropped before its end.
    ///
    /// The function runs on the task of the request, so it must be quick: hand the record to a
    /// channel. A panic in it reaches the caller, who then gets no token.
    ///
    /// **What you record is yours to redact.** The token itself can't be reached, and must never be
    /// recorded. The subject and the other claims of [`Decision::token`] are personal data. Of a
    /// token that was not verified there are no claims. [`Error::explain`](crate::Error::explain)
    /// shows its issuer, audience, `kid`, `alg`, `typ` and times, and what your API expects.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use std::sync::mpsc;
    ///
    /// use resource_server::{Requirement, Validator, decision::Decision, testing::TestIssuer};
    ///
    /// let issuer = TestIssuer::new("https://as.example.com", "https://api.example.com");
    /// let (audit, records) = mpsc::channel();
    /// let validator = Validator::builder()
    ///     .audience("https://api.example.com")
    ///     .issuer(issuer.to_issuer())
    ///     .on_decision(move |decision: Decision<'_>| {
    ///         let client = decision.token().and_then(|token| token.client_id());
    ///         let client = client.unwrap_or("unknown").to_owned();
    ///         let text = match decision.outcome() {
    ///             Ok(_) => "accepted".to_owned(),
    ///             Err(error) => format!("{} {}", error.status(), error),
    ///         };
    ///         let _ = audit.send((client, text));
    ///     })
    ///     .build()?;
    ///
    /// let minted = issuer.token().client_id("shop").scope("orders:read").mint();
    /// let token = validator.validate_cached(&minted).unwrap()?;
    /// assert!(token.require(&Requirement::scope("orders:write")).is_err());
    /// assert_eq!(records.recv()?, ("shop".to_owned(), "accepted".to_owned()));
    /// assert!(records.recv()?.1.starts_with("403 token refused: insufficient_scope"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn on_decision(mut self, hook: impl Fn(Decision<'_>) + Send + Sync + 'static) -> Self {
        self.observer.add(hook);
        self
    }

    /// Checks the settings. Does no I/O and needs no runtime.
    ///
    /// # Errors
    /// Every problem of the settings: see [`ConfigErrorKind`].
    ///
    /// ```
    /// use resource_server::{Issuer, Validator};
    ///
    /// let issuer = Issuer::new("https://as.example.com");
    /// let error = Validator::builder().issuer(issuer).build().unwrap_err();
    /// assert_eq!(error.problems().len(), 2); // neither audience nor keys
    /// ```
    pub fn build(mut self) -> Result<Validator, BuildError> {
        let mut problems = Problems::of_validator();
        self.check_settings(&mut problems);
        let offered = self.proofs.offered();
        let resource = self.settings.resource.take();
        let proofs = self.proofs.build(resource.as_deref(), &mut problems);
        let clock = match self.clock {
            Some(ClockSetting(clock)) => clock,
            None => Arc::new(SystemClock::new()),
        };
        let context = BuildContext {
            audiences: &self.audiences,
            shared: &self.shared.build(&self.issuers, &clock, &mut problems),
        };
        let opaque = route_opaque(&self.issuers, &mut problems);
        let has_issuers = !self.issuers.is_empty();
        let trusted = build_issuers(self.issuers, &context, &mut problems);
        check_overlaps(&trusted, &mut problems);
        check_audiences(&self.audiences, has_issuers, &mut problems);
        for issuer in &trusted {
            offered.check(issuer, &mut problems);
        }
        problems.into_result()?;
        proofs.begin(clock.now());
        let schemes = offered.schemes(&trusted.iter().collect::<Vec<_>>());
        Ok(Validator(Arc::new(Inner {
            issuers: TrustedIssuers::new(trusted, opaque),
            clock,
            tokens: TokenCache::new(self.settings.token_cache_bytes),
            settings: Settings {
                resource: resource
                    .map(|resource| Arc::new(Arc::unwrap_or_clone(resource).offering(schemes))),
                proofs,
                observer: self.observer.shared(),
                ..self.settings
            },
        })))
    }

    fn check_settings(&self, problems: &mut Problems) {
        if self.issuers.is_empty() {
            problems.push(ConfigErrorKind::NoIssuer);
        }
        if self.has_several_resources {
            problems.push(ConfigErrorKind::SeveralResources);
        }
        for problem in self.settings.resource.iter().flat_map(|one| one.problems()) {
            problems.push(ConfigErrorKind::Resource(problem));
        }
        let mut known = HashSet::new();
        for issuer in &self.issuers {
            if !known.insert(issuer.name()) {
                problems.push_for(issuer.name(), ConfigErrorKind::IssuerTwice);
            }
        }
        if !(1..=LARGEST_MAX_TOKEN_BYTES).contains(&self.settings.max_token_bytes) {
            problems.push(ConfigErrorKind::TokenSize {
                bytes: self.settings.max_token_bytes,
            });
        }
        token_cache::check_size(self.settings.token_cache_bytes, problems);
    }
}

/// The issuer that each opaque token goes to.
fn route_opaque(issuers: &[Issuer], problems: &mut Problems) -> OpaqueRoutes {
    let mut routes = OpaqueRoutes::default();
    for issuer in issuers {
        if let Some(prefix) = issuer.opaque_prefix()
            && let Err(other) = routes.insert(prefix, issuer.name())
        {
            let kind = ConfigErrorKind::OpaqueTwice {
                other: without_user_info(&other).into_owned(),
                prefix: prefix.to_owned(),
            };
            problems.push_for(issuer.name(), kind);
        }
    }
    routes
}

/// The issuers without problems.
fn build_issuers(
    issuers: Vec<Issuer>,
    context: &BuildContext<'_>,
    problems: &mut Problems,
) -> Vec<Trusted> {
    let mut trusted = Vec::with_capacity(issuers.len());
    for issuer in issuers {
        match issuer.build(context) {
            Ok(built) => trusted.push(Trusted::new(built)),
            Err(found) => problems.append(found),
        }
    }
    trusted
}

/// Templates that one issuer's name could match.
fn check_overlaps(trusted: &[Trusted], problems: &mut Problems) {
    let templates: Vec<_> = trusted.iter().filter_map(Trusted::template).collect();
    for (position, one) in templates.iter().enumerate() {
        for other in templates.iter().take(position) {
            if one.overlaps(other) {
                let kind = ConfigErrorKind::TemplatesOverlap {
                    other: other.as_str().to_owned(),
                };
                problems.push_for(one.as_str(), kind);
            }
        }
    }
}

fn check_audiences(audiences: &[String], has_issuers: bool, problems: &mut Problems) {
    let is_missing = audiences.is_empty() && !has_issuers;
    // An issuer that uses these audiences has reported an empty one already.
    let is_reported = problems.contains(&ConfigErrorKind::Policy(PolicyErrorKind::NoAudience));
    let is_empty = audiences.iter().any(String::is_empty) && !is_reported;
    if is_missing || is_empty {
        problems.push(ConfigErrorKind::NoAudience);
    }
}
