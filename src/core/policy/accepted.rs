//! What an API accepts from one issuer.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;

use crate::core::excerpt::without_user_info;
use crate::core::keys::algorithm::{Algorithm, AlgorithmSet};
use crate::core::keys::verification_key::VerificationKey;
use crate::core::policy::mapping::ClaimMapping;
use crate::core::policy::problem::PolicyError;
use crate::core::policy::profile::Profile;
use crate::core::policy::scope_hierarchy::ScopeHierarchy;
use crate::core::policy::settings::Settings;
use crate::core::policy::tenants::{IssuerTemplate, Tenants};

/// What this API accepts from one issuer. Every constructor, and deserializing, runs the same
/// checks.
///
/// The pure [`verify`](crate::verify) needs one. With a [`Validator`](crate::Validator) give the
/// settings to [`Issuer::policy`](crate::Issuer::policy) instead; it knows the issuer's name and
/// the API's audience.
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
#[serde(try_from = "Settings")]
pub struct Policy(Arc<Sound>);

/// Checked settings, and what is derived from them once.
struct Sound {
    settings: Settings,
    issuer: String,
    algorithms: AlgorithmSet,
    /// For keys that state no algorithm.
    algorithms_for_unstated: AlgorithmSet,
    proof_algorithms: AlgorithmSet,
    tenants: Option<(IssuerTemplate, Tenants)>,
    scopes: Option<ScopeHierarchy>,
}

/// Every policy is made here.
impl TryFrom<Settings> for Policy {
    type Error = PolicyError;

    fn try_from(settings: Settings) -> Result<Self, PolicyError> {
        let problems = settings.problems();
        if !problems.is_empty() {
            return Err(PolicyError::new(problems));
        }
        let settings = settings.with_fapi2();
        let issuer = settings.issuer.clone().unwrap_or_default();
        let profile = settings.profile();
        let algorithms = match &settings.algorithms {
            Some(named) => named.clone(),
            None => profile.default_algorithms(),
        };
        let proof_algorithms = match &settings.proof_algorithms {
            Some(named) => named.iter().copied().collect(),
            None => Algorithm::default_list().collect(),
        };
        let is_one_per_key = settings.one_algorithm_per_key.unwrap_or_default();
        let tenants = IssuerTemplate::parse(&issuer).zip(settings.tenants.clone());
        let scopes = settings.scope_implies.as_ref().map(ScopeHierarchy::of);
        Ok(Policy(Arc::new(Sound {
            settings,
            issuer,
            algorithms: algorithms.iter().copied().collect(),
            algorithms_for_unstated: for_unstated(&algorithms, is_one_per_key),
            proof_algorithms,
            tenants,
            scopes,
        })))
    }
}

impl Policy {
    /// The issuer, exactly as it appears in `iss`. For an issuer with many tenants, the template of
    /// their names.
    pub fn issuer(&self) -> &str {
        &self.0.issuer
    }

    /// A token must have at least one of these audiences, byte for byte.
    pub fn audiences(&self) -> impl Iterator<Item = &str> {
        let audiences = self.0.settings.audiences.iter().flatten();
        audiences.map(String::as_str)
    }

    /// The same policy for another API: its tokens must have one of exactly these audiences.
    pub(crate) fn with_audiences(&self, audiences: &[String]) -> Result<Policy, PolicyError> {
        Policy::try_from(Settings {
            audiences: Some(audiences.to_vec()),
            ..self.0.settings.clone()
        })
    }

    /// Whether some token without an audience is accepted.
    pub(crate) fn accepts_missing_audience(&self) -> bool {
        let settings = &self.0.settings;
        settings.allow_missing_audience == Some(true)
            || settings.allow_jwt_without_audience == Some(true)
            || settings.profile() == Profile::Cognito
    }

    /// Whether a JWT without an audience is accepted.
    #[cfg(feature = "mcp")]
    pub(crate) fn allows_jwt_without_audience(&self) -> bool {
        self.0.settings.allow_jwt_without_audience == Some(true)
    }

    /// The algorithms that are accepted.
    pub fn algorithms(&self) -> impl Iterator<Item = Algorithm> {
        self.0.algorithms.iter()
    }

    /// Whether both are one policy, and not only equal ones.
    pub(crate) fn is(&self, other: &Policy) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    pub(crate) fn algorithm_set(&self) -> AlgorithmSet {
        self.0.algorithms
    }

    /// Whether a key may be used with an accepted algorithm that it fits.
    pub(crate) fn allows_key_for(&self, key: &VerificationKey, algorithm: Algorithm) -> bool {
        key.states_algorithm() || self.0.algorithms_for_unstated.contains(algorithm)
    }

    /// The algorithms of proofs of possession that are accepted.
    pub(crate) fn proof_algorithm_set(&self) -> AlgorithmSet {
        self.0.proof_algorithms
    }

    pub(crate) fn profile(&self) -> Profile {
        self.0.settings.profile()
    }

    pub(crate) fn clock_skew(&self) -> Duration {
        self.0.settings.clock_skew()
    }

    /// The template of the issuer's name, if it has many tenants.
    pub(crate) fn template(&self) -> Option<&IssuerTemplate> {
        self.0.tenants.as_ref().map(|(template, _)| template)
    }

    /// The template of the issuer's name and the tenants that are allowed.
    pub(crate) fn tenants(&self) -> Option<&(IssuerTemplate, Tenants)> {
        self.0.tenants.as_ref()
    }

    /// Which scopes imply others, if the policy says so.
    pub(crate) fn scope_hierarchy(&self) -> Option<&ScopeHierarchy> {
        self.0.scopes.as_ref()
    }

    /// The settings as they were made, for the checks: a setting needs no accessor of its own.
    pub(crate) fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// Where the claims of a token are read.
    pub(crate) fn mapping(&self) -> ClaimMapping<'_> {
        ClaimMapping::new(&self.0.settings)
    }
}

/// The algorithms of keys that state none: all of them, or for each type of key the first. The two
/// names of Ed25519 are one algorithm.
fn for_unstated(algorithms: &[Algorithm], is_one_per_key: bool) -> AlgorithmSet {
    let is_first = |algorithm: &&Algorithm| {
        let mut all = algorithms.iter();
        all.find(|other| other.family() == algorithm.family())
            .is_some_and(|first| first.same_signature_as(**algorithm))
    };
    let all = algorithms.iter();
    all.filter(|algorithm| !is_one_per_key || is_first(algorithm))
        .copied()
        .collect()
}

impl fmt::Debug for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Policy")
            .field("issuer", &without_user_info(&self.0.issuer))
            .field("audiences", &self.audiences().collect::<Vec<_>>())
            .field("algorithms", &self.algorithms().collect::<Vec<_>>())
            .field("profile", &self.profile())
            .finish_non_exhaustive()
    }
}
