//! The settings of a policy, from code or from a configuration file, and the check of them.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize};

use super::problem::{PolicyError, PolicyProblem};
use super::{Policy, Profile, ScopeClaim, Settings};
use crate::core::algorithm::Algorithm;

/// Clock skew that is allowed unless a policy says otherwise: 30 seconds.
const DEFAULT_CLOCK_SKEW: Duration = Duration::from_secs(30);
/// More skew than this hides a broken clock: 300 seconds.
const MAX_CLOCK_SKEW: Duration = Duration::from_secs(300);

/// Settings of a [`Policy`] on the way to one. Also what [`Issuer::policy`](crate::Issuer::policy) takes, where issuer
/// and audience may be left out.
///
/// In a configuration file, each of these may be left out; an unknown field and a `null` are errors. Don't put it behind
/// `#[serde(flatten)]`, which would drop unknown fields in silence.
///
/// | field | value | default |
/// | --- | --- | --- |
/// | `issuer` | text | the [`Issuer`](crate::Issuer)'s name |
/// | `audiences` | list of texts | the [`Issuer`](crate::Issuer)'s, else the [`Validator`](crate::Validator)'s |
/// | `algorithms` | list of names | [`Algorithm::default_list`] |
/// | `profile` | `"default"`, `"rfc9068"` | `"default"` |
/// | `clock_skew_seconds` | number, at most 300 | 30 |
/// | `max_token_age_seconds`, `max_remaining_seconds` | number, at least 1 | no limit |
/// | `allowed_clients` | list of texts | any client |
/// | `scope_claim` | `"scope"`, `"scp"` | `"scope"` |
/// | `allow_scope_array`, `allow_id_token_claims`, `allow_missing_audience` | `true`, `false` | `false` |
///
/// ```
/// use resource_server::{PolicyBuilder, PolicyError, Policy};
/// use std::time::Duration;
///
/// let settings: PolicyBuilder = serde_json::from_str(r#"{"clock_skew_seconds": 10, "profile": "rfc9068"}"#)?;
/// assert!(serde_json::from_str::<PolicyBuilder>(r#"{"clock_skwe_seconds": 10}"#).is_err());
///
/// // All problems at once.
/// let error = Policy::builder().clock_skew(Duration::from_secs(3600)).build().unwrap_err();
/// assert_eq!(error.problems().len(), 3);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PolicyBuilder {
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    issuer: Option<String>,
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    audiences: Option<Vec<String>>,
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    algorithms: Option<Vec<Algorithm>>,
    profile: Profile,
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    clock_skew_seconds: Option<u64>,
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    max_token_age_seconds: Option<u64>,
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    max_remaining_seconds: Option<u64>,
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    allowed_clients: Option<Vec<String>>,
    scope_claim: ScopeClaim,
    allow_scope_array: bool,
    allow_id_token_claims: bool,
    allow_missing_audience: bool,
}

/// A setting that is there has a value: `null`, such as an emptied line of YAML leaves behind, is not "not set".
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

impl PolicyBuilder {
    /// The issuer's name, as it stands in `iss` to the byte (RFC 9207, RFC 8414 section 2).
    #[must_use]
    pub fn issuer(mut self, name: impl Into<String>) -> Self {
        self.issuer = Some(name.into());
        self
    }

    /// One more audience that is accepted (RFC 7519 section 4.1.3). A token needs one of them.
    #[must_use]
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audiences.get_or_insert_default().push(audience.into());
        self
    }

    /// The algorithms to accept instead of [`Algorithm::default_list`]. Names count as they are: a list of `Ed25519`
    /// alone refuses `EdDSA`. HMAC stands beside no other kind.
    #[must_use]
    pub fn algorithms(mut self, algorithms: impl IntoIterator<Item = Algorithm>) -> Self {
        self.algorithms = Some(algorithms.into_iter().collect());
        self
    }

    /// Which kind of JWT is taken for an access token.
    #[must_use]
    pub fn profile(mut self, profile: Profile) -> Self {
        self.profile = profile;
        self
    }

    /// How far the issuer's clock may be from ours, in whole seconds. Default 30 seconds, at most 300.
    #[must_use]
    pub fn clock_skew(mut self, skew: Duration) -> Self {
        self.clock_skew_seconds = Some(skew.as_secs());
        self
    }

    /// Refuses a token older than this by its `iat`, which it then must have. Whole seconds; off by default.
    #[must_use]
    pub fn max_token_age(mut self, age: Duration) -> Self {
        self.max_token_age_seconds = Some(age.as_secs());
        self
    }

    /// Refuses a token whose `exp` lies further ahead than this. Whole seconds; off by default.
    #[must_use]
    pub fn max_remaining(mut self, lifetime: Duration) -> Self {
        self.max_remaining_seconds = Some(lifetime.as_secs());
        self
    }

    /// The only clients whose tokens are accepted, by their `client_id`. Without this call any client's are; an empty list
    /// is an error.
    #[must_use]
    pub fn allowed_clients<C: Into<String>>(
        mut self,
        client_ids: impl IntoIterator<Item = C>,
    ) -> Self {
        self.allowed_clients = Some(client_ids.into_iter().map(Into::into).collect());
        self
    }

    /// The claim that counts where a token has both `scope` and `scp`.
    #[must_use]
    pub fn scope_claim(mut self, claim: ScopeClaim) -> Self {
        self.scope_claim = claim;
        self
    }

    /// Takes a `scope` that is a JSON array too. RFC 9068 section 2.2.3 has a string, and that is the default.
    #[must_use]
    pub fn allow_scope_array(mut self) -> Self {
        self.allow_scope_array = true;
        self
    }

    /// Takes tokens with `nonce`, `at_hash`, `c_hash` or `s_hash`, for providers whose access tokens carry them
    /// (Keycloak before 25 puts `nonce` into them). Signs of other kinds of token stay refused.
    #[must_use]
    pub fn allow_id_token_claims(mut self) -> Self {
        self.allow_id_token_claims = true;
        self
    }

    /// Takes an introspection response without `aud`, which RFC 7662 section 2.2 has optional. Then nothing says that the
    /// token is meant for this API: use it only where the authorization server answers each API about its own tokens
    /// alone. A response that has an `aud` must still fit, and a JWT always needs one.
    #[must_use]
    pub fn allow_missing_audience(mut self) -> Self {
        self.allow_missing_audience = true;
        self
    }

    /// Checks the settings.
    ///
    /// # Errors
    /// All problems at once: see [`PolicyProblem`].
    pub fn build(self) -> Result<Policy, PolicyError> {
        let mut problems = Vec::new();
        let issuer = self.issuer.unwrap_or_default();
        if issuer.is_empty() {
            problems.push(PolicyProblem::NoIssuer);
        } else if issuer.trim() != issuer {
            problems.push(PolicyProblem::SpaceAround(issuer.clone()));
        }
        let audiences = self.audiences.unwrap_or_default();
        if audiences.is_empty() || audiences.iter().any(String::is_empty) {
            problems.push(PolicyProblem::NoAudience);
        }
        for audience in &audiences {
            if audience.trim() != audience {
                problems.push(PolicyProblem::SpaceAround(audience.clone()));
            }
        }
        if self.algorithms.as_ref().is_some_and(Vec::is_empty) {
            problems.push(PolicyProblem::NoAlgorithm);
        }
        let named = || self.algorithms.iter().flatten();
        for algorithm in named().filter(|algorithm| !algorithm.is_supported()) {
            problems.push(PolicyProblem::UnsupportedAlgorithm(*algorithm));
        }
        if named().any(|algorithm| algorithm.is_hmac())
            && !named().all(|algorithm| algorithm.is_hmac())
        {
            problems.push(PolicyProblem::HmacBesideOthers);
        }
        let clock_skew = self
            .clock_skew_seconds
            .map_or(DEFAULT_CLOCK_SKEW, Duration::from_secs);
        if clock_skew > MAX_CLOCK_SKEW {
            problems.push(PolicyProblem::TooMuchSkew(clock_skew));
        }
        if self.max_token_age_seconds == Some(0) || self.max_remaining_seconds == Some(0) {
            problems.push(PolicyProblem::ZeroLifetime);
        }
        if let Some(clients) = &self.allowed_clients
            && (clients.is_empty() || clients.iter().any(String::is_empty))
        {
            problems.push(PolicyProblem::NoClient);
        }
        if !problems.is_empty() {
            return Err(PolicyError::new(problems));
        }
        Ok(Policy(Arc::new(Settings {
            issuer,
            audiences,
            algorithms: match self.algorithms {
                Some(named) => named.into_iter().collect(),
                None => Algorithm::default_list().collect(),
            },
            profile: self.profile,
            clock_skew,
            max_token_age: self.max_token_age_seconds.map(Duration::from_secs),
            max_remaining: self.max_remaining_seconds.map(Duration::from_secs),
            allowed_clients: self.allowed_clients,
            scope_claim: self.scope_claim,
            allow_scope_array: self.allow_scope_array,
            allow_id_token_claims: self.allow_id_token_claims,
            allow_missing_audience: self.allow_missing_audience,
        })))
    }

    pub(crate) fn issuer_name(&self) -> Option<&str> {
        self.issuer.as_deref()
    }

    pub(crate) fn named_algorithms(&self) -> Option<&[Algorithm]> {
        self.algorithms.as_deref()
    }

    pub(crate) fn has_audiences(&self) -> bool {
        self.audiences.is_some()
    }
}

impl TryFrom<PolicyBuilder> for Policy {
    type Error = PolicyError;

    fn try_from(settings: PolicyBuilder) -> Result<Self, PolicyError> {
        settings.build()
    }
}
