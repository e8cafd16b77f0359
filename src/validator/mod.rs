//! The Validator: where the parts meet.

mod builder;
mod health;
mod opaque_routes;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use crate::core::{
    AcceptedIssuers, AccessToken, Clock, Evidence, IssuerTemplate, KeySetAge, NumericDate, Policy,
    Possession, PresentedToken, Profile, Refusal, Rejection, Unconfirmed, check_claims,
    check_signature, issuer_of, trust_domain_of, verify, wrong_issuer,
};
use crate::credentials::Credentials;
use crate::error::{Error, Misconfigured, Unavailable};
#[cfg(feature = "fetch")]
use crate::source::KeySnapshot;
use crate::source::{DynKeySource, SourceError};
use health::all;
use opaque_routes::OpaqueRoutes;

pub use builder::ValidatorBuilder;
pub use health::{IssuerHealth, WarmUpError};

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
    issuers: HashMap<Box<str>, Trusted, foldhash::quality::RandomState>,
    /// Of those, the names that are templates. A name that stands among the issuers itself goes before them.
    templates: Box<[IssuerTemplate]>,
    /// The same names in the order of configuration, for explanations and health.
    names: Arc<[Box<str>]>,
    opaque: OpaqueRoutes,
    /// Whether one of them takes tokens without `iss`.
    takes_svids: bool,
    clock: Arc<dyn Clock>,
    max_token_bytes: usize,
}

/// One issuer, one policy, one source for each form of token.
struct Trusted {
    name: Arc<str>,
    policy: Policy,
    source: Box<dyn DynKeySource>,
    /// What is asked about its opaque tokens, where its JWTs are judged by keys.
    introspection: Option<Box<dyn DynKeySource>>,
}

impl Validator {
    /// Settings for a Validator.
    pub fn builder() -> ValidatorBuilder {
        ValidatorBuilder::new()
    }

    /// Judges a bearer token. The same as [`authenticate`](Validator::authenticate) with [`Credentials::bearer`].
    ///
    /// It checks form, issuer, kind of token, algorithm, audience, time, signature, and that the token is not bound to a
    /// key or certificate. It does **not** check scopes ([`AccessToken::require`]) nor revocation.
    ///
    /// An opaque token is asked about at the one issuer that takes such ([`Issuer::opaque_tokens`](crate::Issuer::opaque_tokens)); the answer is held
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
    /// As [`validate`](Validator::validate); without credentials,
    /// [`Reason::NoCredentials`](crate::Reason::NoCredentials).
    pub async fn authenticate(&self, presented: &Credentials<'_>) -> Result<AccessToken, Error> {
        let token = self.read(presented)?;
        let trusted = self.select(&token)?;
        let unconfirmed = match self.judge_with_cached(&token, trusted) {
            Some(judged) => judged?,
            None => self.judge_with_source(&token, trusted).await?,
        };
        Ok(unconfirmed.confirm(&Possession::bearer())?)
    }

    /// Judges a bearer token as [`validate`](Validator::validate) does, and then asks its issuer about it all the same, past
    /// what is kept of earlier answers (RFC 7662): for an operation that must see at once that a token was revoked, at
    /// the price of a call each time. The token that this gives says what the issuer answered.
    ///
    /// A JWT must pass by its signature where its issuer has keys, and in the answer; a bad one causes no call.
    ///
    /// # Errors
    /// As [`validate`](Validator::validate). An issuer without [`introspection`](crate::Issuer::introspection) can't be asked:
    /// that is the API author's mistake (500), also where other issuers of this Validator can, so give it to each whose tokens
    /// may come to such an operation.
    ///
    /// ```no_run
    /// # async fn pay(validator: resource_server::Validator, bearer: &str) -> Result<(), resource_server::Error> {
    /// use resource_server::Requirement;
    ///
    /// let token = validator.validate_online(bearer).await?;
    /// token.require(&Requirement::scope("payments:write"))?;
    /// # Ok(()) }
    /// ```
    pub async fn validate_online(&self, token: &str) -> Result<AccessToken, Error> {
        let presented = Credentials::bearer(token);
        let token = self.read(&presented)?;
        let trusted = self.select(&token)?;
        if trusted.introspection.is_some() && token.jwt().is_some() {
            let judged = match self.judge_with_cached(&token, trusted) {
                Some(judged) => judged?,
                None => self.judge_with_source(&token, trusted).await?,
            };
            // Who presents it is the same in the answer.
            let _ = judged.confirm(&Possession::bearer())?;
        } else if token.jwt().is_some() {
            check_claims(&token, &trusted.policy, self.now())?;
        }
        let asked = trusted.introspection.as_ref().unwrap_or(&trusted.source);
        asked.forget(&token);
        let evidence = asked.evidence(&token).await;
        let evidence = evidence.map_err(|cause| trusted.unavailable(cause))?;
        let unconfirmed = verify(&token, &evidence, &trusted.policy, self.now())?;
        let confirmed = unconfirmed.confirm(&Possession::bearer())?;
        // Only now, so that a token that is bad in any case is that.
        if !confirmed.is_introspected() {
            return Err(Misconfigured::no_introspection(&trusted.name).into());
        }
        Ok(confirmed)
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
            trusted.source_for(&token).forget(&token);
        }
    }

    /// Gets every issuer's source ready for the first token, all at once.
    ///
    /// # Errors
    /// Those that could not. The Validator stays usable: sources try again when they are needed.
    pub async fn warm_up(&self) -> Result<(), WarmUpError> {
        let sources: Vec<_> = self
            .trusted()
            .flat_map(|trusted| trusted.sources().map(|source| (&trusted.name, source)))
            .collect();
        let results = all(sources.iter().map(|(_, source)| source.warm_up())).await;
        let failures: Vec<_> = sources
            .into_iter()
            .zip(results)
            .filter_map(|((name, _), result)| {
                let cause = result.err()?;
                Some(Unavailable::new(Arc::clone(name), cause))
            })
            .collect();
        if failures.is_empty() {
            Ok(())
        } else {
            Err(WarmUpError { failures })
        }
    }

    /// How each issuer's source is doing, in the order of configuration; an issuer with keys and introspection stands there
    /// once for each. Cheap, without I/O.
    pub fn health(&self) -> Vec<IssuerHealth> {
        self.trusted()
            .flat_map(|trusted| {
                trusted.sources().map(|source| IssuerHealth {
                    issuer: Arc::clone(&trusted.name),
                    status: source.status(),
                })
            })
            .collect()
    }

    /// The public keys that were fetched, of every issuer that has some: to be put away, and taken up by another process
    /// ([`ValidatorBuilder::restore`]). Keys given by hand and secrets are not in it, nor are key sets that tenants have of their
    /// own ([`Issuer::discover_tenants`](crate::Issuer::discover_tenants)). Cheap, without I/O.
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
    #[cfg(feature = "fetch")]
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
            .ok_or_else(|| Rejection::from(Refusal::NoCredentials))?;
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
        let unknown =
            |found| wrong_issuer(found, AcceptedIssuers::Many(Arc::clone(&self.0.names))).of(jwt);
        // A JWT-SVID need not name an issuer. Where it does, that alone counts.
        if let Some(domain) = trust_domain_of(jwt)
            && self.0.takes_svids
        {
            let trusted = self.0.issuers.get(domain);
            return trusted
                .filter(|trusted| trusted.takes_svids())
                .ok_or_else(|| unknown(domain));
        }
        let issuer = issuer_of(jwt)?;
        self.find(issuer).ok_or_else(|| unknown(issuer))
    }

    fn find(&self, issuer: &str) -> Option<&Trusted> {
        let issuers = &self.0.issuers;
        issuers.get(issuer).or_else(|| {
            let mut templates = self.0.templates.iter();
            let template = templates.find(|template| template.tenant_of(issuer).is_some())?;
            issuers.get(template.as_str())
        })
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
        let evidence = trusted.source_for(token).cached(token)?;
        let judged = match (jwt, &evidence) {
            (Some(jwt), Evidence::Keys(keys)) => check_signature(jwt, keys, &trusted.policy),
            _ => verify(token, &evidence, &trusted.policy, self.now()),
        };
        Some(judged.map_err(|rejection| trusted.explained(token, rejection)))
    }

    async fn judge_with_source(
        &self,
        token: &PresentedToken<'_>,
        trusted: &Trusted,
    ) -> Result<Unconfirmed, Error> {
        let asked = trusted.source_for(token).evidence(token).await;
        let evidence = asked.map_err(|cause| trusted.unavailable(cause))?;
        // From the top: the token may have expired while its source was asked.
        let judged = verify(token, &evidence, &trusted.policy, self.now());
        Ok(judged.map_err(|rejection| trusted.explained(token, rejection))?)
    }
}

impl Trusted {
    fn source_for(&self, token: &PresentedToken<'_>) -> &dyn DynKeySource {
        match &self.introspection {
            Some(introspection) if token.jwt().is_none() => &**introspection,
            _ => &*self.source,
        }
    }

    fn sources(&self) -> impl Iterator<Item = &dyn DynKeySource> {
        std::iter::once(&*self.source).chain(self.introspection.as_deref())
    }

    fn unavailable(&self, cause: SourceError) -> Error {
        Error::Unavailable(Unavailable::new(Arc::clone(&self.name), cause))
    }

    fn takes_svids(&self) -> bool {
        self.policy.profile() == Profile::JwtSvid
    }

    /// With what only the source knows.
    fn explained(&self, token: &PresentedToken<'_>, rejection: Rejection) -> Rejection {
        rejection.with_key_set_age(|| {
            let status = self.source.status_for(token);
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
