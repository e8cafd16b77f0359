//! What an API accepts from one issuer.

mod builder;
mod problem;
pub(crate) mod tenants;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::core::keys::KeyUse;
use crate::core::keys::algorithm::{Algorithm, AlgorithmSet};
use crate::core::keys::key_family::KeyFamily;
use crate::core::keys::verification_key::VerificationKey;
use crate::core::token::claims::claim_path::ClaimPath;
use crate::core::token::claims::required_claim::RequiredClaim;
use tenants::{IssuerTemplate, Tenants};

pub use builder::PolicyBuilder;
pub use problem::{PolicyError, PolicyProblem};

/// What this API accepts from one issuer. A policy that exists is a sound one: every way to make one, deserializing
/// included, runs the same checks.
///
/// It is what the pure [`verify`](crate::verify) takes. With a [`Validator`](crate::Validator) hand the settings to
/// [`Issuer::policy`](crate::Issuer::policy) instead; the issuer's name and the API's audience come from there.
///
/// Cloning is cheap.
///
/// ```
/// use resource_server::{Algorithm, Policy};
///
/// let policy = Policy::builder()
///     .issuer("https://as.example.com")
///     .audience("https://api.example.com")
///     .algorithms([Algorithm::ES256, Algorithm::RS256])
///     .build()?;
/// assert_eq!(policy.issuer(), "https://as.example.com");
///
/// // The same from a configuration file; an unknown field is an error.
/// let policy: Policy = serde_json::from_str(r#"{
///     "issuer": "https://as.example.com",
///     "audiences": ["https://api.example.com"],
///     "algorithms": ["ES256", "RS256"]
/// }"#)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Deserialize)]
#[serde(try_from = "PolicyBuilder")]
pub struct Policy(Arc<Settings>);

struct Settings {
    issuer: String,
    audiences: Vec<String>,
    algorithms: AlgorithmSet,
    /// For keys that state no algorithm.
    algorithms_for_unstated: AlgorithmSet,
    profile: Profile,
    clock_skew: Duration,
    max_token_age: Option<Duration>,
    max_remaining: Option<Duration>,
    allowed_clients: Option<Vec<String>>,
    client_claims: Option<Vec<ClaimPath>>,
    accepted_types: Option<Vec<String>>,
    required_claims: Vec<RequiredClaim>,
    roles_from: Vec<ClaimPath>,
    principal_from: Option<Vec<ClaimPath>>,
    scope_claim: ScopeClaim,
    allow_scope_array: bool,
    allow_id_token_claims: bool,
    allow_missing_audience: bool,
    tenants: Option<(IssuerTemplate, Tenants)>,
}

impl Policy {
    /// Settings with everything at its default, and without an issuer and an audience, which a policy must have.
    pub fn builder() -> PolicyBuilder {
        PolicyBuilder::default()
    }

    /// The issuer, byte for byte as it stands in `iss`; of an issuer with many tenants the template of their names.
    pub fn issuer(&self) -> &str {
        &self.0.issuer
    }

    /// The audiences of which a token must have one, byte for byte.
    pub fn audiences(&self) -> impl Iterator<Item = &str> {
        self.0.audiences.iter().map(String::as_str)
    }

    /// The algorithms that are accepted.
    pub fn algorithms(&self) -> impl Iterator<Item = Algorithm> {
        self.0.algorithms.iter()
    }

    pub(crate) fn algorithm_set(&self) -> AlgorithmSet {
        self.0.algorithms
    }

    /// Whether a key may be used with an accepted algorithm that it fits.
    pub(crate) fn allows_key_for(&self, key: &VerificationKey, algorithm: Algorithm) -> bool {
        key.states_algorithm() || self.0.algorithms_for_unstated.contains(algorithm)
    }

    pub(crate) fn profile(&self) -> Profile {
        self.0.profile
    }

    pub(crate) fn clock_skew(&self) -> Duration {
        self.0.clock_skew
    }

    pub(crate) fn max_token_age(&self) -> Option<Duration> {
        self.0.max_token_age
    }

    pub(crate) fn max_remaining(&self) -> Option<Duration> {
        self.0.max_remaining
    }

    pub(crate) fn allowed_clients(&self) -> Option<&[String]> {
        self.0.allowed_clients.as_deref()
    }

    pub(crate) fn client_claims(&self) -> Option<&[ClaimPath]> {
        self.0.client_claims.as_deref()
    }

    /// Instead of those of the profile.
    pub(crate) fn accepted_types(&self) -> Option<&[String]> {
        self.0.accepted_types.as_deref()
    }

    pub(crate) fn required_claims(&self) -> &[RequiredClaim] {
        &self.0.required_claims
    }

    pub(crate) fn roles_from(&self) -> &[ClaimPath] {
        &self.0.roles_from
    }

    /// Instead of the subject.
    pub(crate) fn principal_from(&self) -> Option<&[ClaimPath]> {
        self.0.principal_from.as_deref()
    }

    pub(crate) fn scope_claim(&self) -> ScopeClaim {
        self.0.scope_claim
    }

    pub(crate) fn allows_scope_array(&self) -> bool {
        self.0.allow_scope_array
    }

    pub(crate) fn allows_id_token_claims(&self) -> bool {
        self.0.allow_id_token_claims
    }

    pub(crate) fn allows_missing_audience(&self) -> bool {
        self.0.allow_missing_audience
    }

    /// Of an issuer with many tenants.
    pub(crate) fn template(&self) -> Option<&IssuerTemplate> {
        self.0.tenants.as_ref().map(|(template, _)| template)
    }

    /// The template and the tenants of it that are allowed.
    pub(crate) fn tenants(&self) -> Option<&(IssuerTemplate, Tenants)> {
        self.0.tenants.as_ref()
    }
}

impl fmt::Debug for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Policy")
            .field("issuer", &self.0.issuer)
            .field("audiences", &self.0.audiences)
            .field("algorithms", &self.algorithms().collect::<Vec<_>>())
            .field("profile", &self.0.profile)
            .finish_non_exhaustive()
    }
}

/// Which kind of JWT is taken for an access token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Profile {
    /// `typ` is `at+jwt`, `JWT` or absent. Where it is not `at+jwt`, a token with claims of an ID token, a logout token
    /// or a security event is refused (RFC 8725 sections 2.8 and 3.12).
    ///
    /// Where an accepted audience is also the `client_id` of a client that gets ID tokens, that is not enough to tell
    /// the two kinds apart: use [`Profile::Rfc9068`], or require a claim that only access tokens have
    /// ([`PolicyBuilder::required_claim`]).
    #[default]
    #[serde(rename = "default")]
    Default,
    /// RFC 9068: `typ` is `at+jwt`, and `iss`, `exp`, `aud`, `sub`, `client_id`, `iat` and `jti` are all there.
    #[serde(rename = "rfc9068")]
    Rfc9068,
    /// Amazon Cognito, whose access tokens have no `aud` unless the client asked for a resource: `token_use` is `access` (an
    /// ID token has `id`), and `client_id` is one of [`allowed_clients`](PolicyBuilder::allowed_clients), which must be set.
    /// Otherwise as the default. No audience is needed; an `aud` that is there must be one of those that are set.
    ///
    /// What says that a token is meant for this API is then only whom it was issued to: name the app clients that may call
    /// it, and no others of the pool. [`Issuer::cognito`](crate::Issuer::cognito) sets all of it.
    #[serde(rename = "cognito")]
    Cognito,
    /// SPIFFE JWT-SVIDs: the policy's issuer is a trust domain (`spiffe://example.org`), of which `sub`, a SPIFFE ID with a
    /// path, must be; `iss` may be absent, and is the same where it is there. `typ` is `JWT`, `JOSE` or absent, the algorithm
    /// one of RSA and ECDSA, `aud` and `exp` are there. Only keys with `"use": "jwt-svid"` count, which no other profile
    /// takes.
    ///
    /// ```
    /// use resource_server::{Issuer, Policy, Profile, Validator};
    ///
    /// # #[cfg(feature = "fetch")]
    /// let validator = Validator::builder()
    ///     .audience("spiffe://example.org/orders")
    ///     .issuer(
    ///         Issuer::new("spiffe://example.org")
    ///             .jwks_at("https://bundles.example.org/")
    ///             .policy(Policy::builder().profile(Profile::JwtSvid)),
    ///     )
    ///     .build()?;
    /// # Ok::<(), resource_server::BuildError>(())
    /// ```
    #[serde(rename = "jwt-svid")]
    JwtSvid,
}

impl Profile {
    /// Its name in a configuration file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Profile::Default => "default",
            Profile::Rfc9068 => "rfc9068",
            Profile::Cognito => "cognito",
            Profile::JwtSvid => "jwt-svid",
        }
    }

    /// Whether its tokens may be by this algorithm (JWT-SVID section 2.1).
    fn takes(self, algorithm: Algorithm) -> bool {
        let family = algorithm.family();
        self != Profile::JwtSvid
            || matches!(
                family,
                KeyFamily::Rsa | KeyFamily::P256 | KeyFamily::P384 | KeyFamily::P521
            )
    }

    /// The algorithms of a policy that names none.
    fn default_algorithms(self) -> Vec<Algorithm> {
        Algorithm::default_list()
            .filter(|algorithm| self.takes(*algorithm))
            .collect()
    }

    /// The keys that its tokens are verified with.
    pub(crate) fn key_use(self) -> KeyUse {
        match self {
            Profile::Default | Profile::Rfc9068 | Profile::Cognito => KeyUse::Signature,
            Profile::JwtSvid => KeyUse::JwtSvid,
        }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The claim that a token's scopes are read from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum ScopeClaim {
    /// `scope` (RFC 9068 section 2.2.3), or `scp` where there is no `scope`. Never both together.
    #[default]
    #[serde(rename = "scope")]
    Scope,
    /// `scp`, or `scope` where there is no `scp`.
    #[serde(rename = "scp")]
    Scp,
}
