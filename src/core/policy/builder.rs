//! The settings of a policy, from code or from a configuration file, and the check of them.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize};

use super::problem::{PolicyError, PolicyProblem};
use super::{Policy, Profile, ScopeClaim, Settings};
use crate::core::checks::spiffe::is_trust_domain;
use crate::core::keys::algorithm::{Algorithm, AlgorithmSet};
use crate::core::policy::tenants::{IssuerTemplate, Tenants};
use crate::core::token::claims::claim_path::ClaimPath;
use crate::core::token::claims::required_claim::RequiredClaim;
use crate::core::token::jws::subtype_of;

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
/// | `profile` | `"default"`, `"rfc9068"`, `"cognito"`, `"jwt-svid"` | `"default"` |
/// | `clock_skew_seconds` | number, at most 300 | 30 |
/// | `max_token_age_seconds`, `max_remaining_seconds` | number, at least 1 | no limit |
/// | `allowed_clients` | list of texts | any client |
/// | `client_claims` | list of [claims](ClaimPath) | `client_id`, else `azp` |
/// | `accepted_types` | list of texts | those of the profile |
/// | `required_claims` | list of [`RequiredClaim`]s | none |
/// | `roles_from` | list of [claims](ClaimPath) | no roles |
/// | `principal_from` | list of [claims](ClaimPath) | `sub` |
/// | `scope_claim` | `"scope"`, `"scp"` | `"scope"` |
/// | `allow_scope_array`, `allow_id_token_claims`, `allow_missing_audience`, `one_algorithm_per_key` | `true`, `false` | `false` |
/// | `tenants` | list of texts, `"any"` | the issuer is one, not a template |
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
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    profile: Option<Profile>,
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    clock_skew_seconds: Option<u64>,
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    max_token_age_seconds: Option<u64>,
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    max_remaining_seconds: Option<u64>,
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    allowed_clients: Option<Vec<String>>,
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    client_claims: Option<Vec<ClaimPath>>,
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    accepted_types: Option<Vec<String>>,
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    required_claims: Option<Vec<RequiredClaim>>,
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    roles_from: Option<Vec<ClaimPath>>,
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    principal_from: Option<Vec<ClaimPath>>,
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    scope_claim: Option<ScopeClaim>,
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    allow_scope_array: Option<bool>,
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    allow_id_token_claims: Option<bool>,
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    allow_missing_audience: Option<bool>,
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    one_algorithm_per_key: Option<bool>,
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    tenants: Option<Tenants>,
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

    /// A key without an `alg` serves one algorithm: of those that fit its type, the first in the list of
    /// [`algorithms`](PolicyBuilder::algorithms) (RFC 8725 section 3.1). By default it serves all of the list that fit, since
    /// large providers publish RSA keys without an `alg`. A key with an `alg` is not affected.
    ///
    /// ```
    /// use resource_server::{Algorithm, Policy};
    ///
    /// let settings = Policy::builder()
    ///     .algorithms([Algorithm::PS256, Algorithm::RS256, Algorithm::ES256])
    ///     .one_algorithm_per_key();
    /// // An RSA key without an alg now serves PS256 only.
    /// ```
    #[must_use]
    pub fn one_algorithm_per_key(mut self) -> Self {
        self.one_algorithm_per_key = Some(true);
        self
    }

    /// Which kind of JWT is taken for an access token.
    #[must_use]
    pub fn profile(mut self, profile: Profile) -> Self {
        self.profile = Some(profile);
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

    /// The only clients whose tokens are accepted, by their `client_id`, or else `azp`, unless
    /// [`client_claims`](PolicyBuilder::client_claims) names others. Without this call any client's are; an empty list is an
    /// error.
    #[must_use]
    pub fn allowed_clients<C: Into<String>>(
        mut self,
        client_ids: impl IntoIterator<Item = C>,
    ) -> Self {
        self.allowed_clients = Some(client_ids.into_iter().map(Into::into).collect());
        self
    }

    /// Where the client is read from that a token was issued to, instead of `client_id` and else `azp`: the first of these
    /// claims that is there counts, and must be a string. Others are `cid` (Okta) and `appid` (Microsoft Entra v1).
    ///
    /// What [`AccessToken::client_id`](crate::AccessToken::client_id) gives, and
    /// [`allowed_clients`](PolicyBuilder::allowed_clients) looks at.
    #[must_use]
    pub fn client_claims<P: Into<ClaimPath>>(mut self, paths: impl IntoIterator<Item = P>) -> Self {
        self.client_claims = Some(paths.into_iter().map(Into::into).collect());
        self
    }

    /// The header's `typ` that a token must have, instead of what the profile accepts: for a provider with an explicit type
    /// of its own (RFC 8725 section 3.11). Compared without case, and with and without `application/`. A token without a
    /// `typ` is then refused.
    ///
    /// Signs of another kind of token are still looked for where the type is not `at+jwt`. DPoP proofs, logout tokens,
    /// security events and introspection responses can't be let in by their types.
    #[must_use]
    pub fn accepted_types<T: Into<String>>(mut self, types: impl IntoIterator<Item = T>) -> Self {
        self.accepted_types = Some(types.into_iter().map(Into::into).collect());
        self
    }

    /// One more claim that a token must have, such as a tenant or a repository.
    #[must_use]
    pub fn required_claim(mut self, required: RequiredClaim) -> Self {
        self.required_claims.get_or_insert_default().push(required);
        self
    }

    /// Where [roles](crate::AccessToken::roles) are read from, all of these united: such as `roles`, `groups`,
    /// `cognito:groups`, and nested `realm_access`, `roles` (Keycloak). Each is an array of strings, or a string that is one
    /// role; a token with something else there is refused, and one without it has no roles from there.
    ///
    /// ```
    /// use resource_server::{ClaimPath, Policy};
    ///
    /// let settings = Policy::builder().roles_from([
    ///     ClaimPath::nested(["realm_access", "roles"]),
    ///     ClaimPath::nested(["resource_access", "orders-api", "roles"]),
    /// ]);
    /// ```
    #[must_use]
    pub fn roles_from<P: Into<ClaimPath>>(mut self, paths: impl IntoIterator<Item = P>) -> Self {
        self.roles_from = Some(paths.into_iter().map(Into::into).collect());
        self
    }

    /// Where the [principal](crate::AccessToken::principal) is read from, instead of `sub`: the first of these claims that is
    /// there, which must be a string.
    #[must_use]
    pub fn principal_from<P: Into<ClaimPath>>(
        mut self,
        paths: impl IntoIterator<Item = P>,
    ) -> Self {
        self.principal_from = Some(paths.into_iter().map(Into::into).collect());
        self
    }

    /// The claim that counts where a token has both `scope` and `scp`.
    #[must_use]
    pub fn scope_claim(mut self, claim: ScopeClaim) -> Self {
        self.scope_claim = Some(claim);
        self
    }

    /// Takes a `scope` that is a JSON array too. RFC 9068 section 2.2.3 has a string, and that is the default.
    #[must_use]
    pub fn allow_scope_array(mut self) -> Self {
        self.allow_scope_array = Some(true);
        self
    }

    /// Takes tokens with `nonce`, `at_hash`, `c_hash` or `s_hash`, for providers whose access tokens carry them
    /// (Keycloak before 25 puts `nonce` into them). Signs of other kinds of token stay refused.
    #[must_use]
    pub fn allow_id_token_claims(mut self) -> Self {
        self.allow_id_token_claims = Some(true);
        self
    }

    /// Takes an introspection response without `aud`, which RFC 7662 section 2.2 has optional. Then nothing says that the
    /// token is meant for this API: use it only where the authorization server answers each API about its own tokens
    /// alone. A response that has an `aud` must still fit, and a JWT always needs one.
    #[must_use]
    pub fn allow_missing_audience(mut self) -> Self {
        self.allow_missing_audience = Some(true);
        self
    }

    /// The issuer's name is a template such as `https://login.example.com/{tenantid}/v2.0`, and these are the tenants whose
    /// tokens are accepted. The placeholder is one whole segment of the path, in braces. A token's `tid`, where it has
    /// one, must be the tenant in its `iss`, and so must the `issuer` of the key that verified it, where the JWK has such.
    /// What [`Issuer::template`](crate::Issuer::template) sets.
    #[must_use]
    pub fn tenants(mut self, tenants: Tenants) -> Self {
        self.tenants = Some(tenants);
        self
    }

    /// Checks the settings.
    ///
    /// # Errors
    /// All problems at once: see [`PolicyProblem`].
    pub fn build(self) -> Result<Policy, PolicyError> {
        let profile = self.profile.unwrap_or_default();
        let of_claims = self.claim_problems(profile);
        let mut problems = Vec::new();
        let issuer = self.issuer.unwrap_or_default();
        if issuer.is_empty() {
            problems.push(PolicyProblem::NoIssuer);
        } else if issuer.trim() != issuer {
            problems.push(PolicyProblem::SpaceAround(issuer.clone()));
        } else if profile == Profile::JwtSvid && !is_trust_domain(&issuer) {
            problems.push(PolicyProblem::NotATrustDomain(issuer.clone()));
        }
        let template = IssuerTemplate::parse(&issuer);
        match (&self.tenants, &template) {
            (Some(_), None) => problems.push(PolicyProblem::NoPlaceholder(issuer.clone())),
            (None, _) if issuer.contains(['{', '}']) => {
                problems.push(PolicyProblem::NoTenants(issuer.clone()));
            }
            (Some(tenants), Some(_)) if tenants.count() == Some(0) => {
                problems.push(PolicyProblem::NoTenant);
            }
            (Some(tenants), Some(_)) => {
                let malformed = tenants.malformed().map(str::to_owned);
                problems.extend(malformed.map(PolicyProblem::MalformedTenant));
            }
            _ => {}
        }
        let audiences = self.audiences.unwrap_or_default();
        let needs_audience = profile != Profile::Cognito;
        if (needs_audience && audiences.is_empty()) || audiences.iter().any(String::is_empty) {
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
        for algorithm in named().filter(|algorithm| !profile.takes(**algorithm)) {
            problems.push(PolicyProblem::AlgorithmOutsideProfile {
                algorithm: *algorithm,
                profile,
            });
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
        if profile == Profile::Cognito && self.allowed_clients.is_none() {
            problems.push(PolicyProblem::ClientsNotNamed);
        }
        problems.extend(of_claims);
        if !problems.is_empty() {
            return Err(PolicyError::new(problems));
        }
        let algorithms = self
            .algorithms
            .unwrap_or_else(|| profile.default_algorithms());
        let is_one_per_key = self.one_algorithm_per_key.unwrap_or_default();
        Ok(Policy(Arc::new(Settings {
            issuer,
            audiences,
            algorithms: algorithms.iter().copied().collect(),
            algorithms_for_unstated: for_unstated(&algorithms, is_one_per_key),
            profile,
            clock_skew,
            max_token_age: self.max_token_age_seconds.map(Duration::from_secs),
            max_remaining: self.max_remaining_seconds.map(Duration::from_secs),
            allowed_clients: self.allowed_clients,
            client_claims: self.client_claims,
            accepted_types: self.accepted_types,
            required_claims: self.required_claims.unwrap_or_default(),
            roles_from: self.roles_from.unwrap_or_default(),
            principal_from: self.principal_from,
            scope_claim: self.scope_claim.unwrap_or_default(),
            allow_scope_array: self.allow_scope_array.unwrap_or_default(),
            allow_id_token_claims: self.allow_id_token_claims.unwrap_or_default(),
            allow_missing_audience: self.allow_missing_audience.unwrap_or_default(),
            tenants: template.zip(self.tenants),
        })))
    }

    /// What is read from claims of the user's choice.
    fn claim_problems(&self, profile: Profile) -> Vec<PolicyProblem> {
        let mut problems = Vec::new();
        let paths = [
            ("client_claims", &self.client_claims),
            ("roles_from", &self.roles_from),
            ("principal_from", &self.principal_from),
        ];
        for (setting, paths) in paths {
            if paths.as_ref().is_some_and(Vec::is_empty) {
                problems.push(PolicyProblem::EmptyList(setting));
            }
        }
        let required = self.required_claims.iter().flatten();
        if self.required_claims.as_ref().is_some_and(Vec::is_empty) {
            problems.push(PolicyProblem::EmptyList("required_claims"));
        }
        let named = paths.iter().flat_map(|(_, paths)| paths.iter().flatten());
        for path in named.chain(required.clone().map(RequiredClaim::path)) {
            if !path.is_sound() {
                problems.push(PolicyProblem::MalformedPath(path.clone()));
            }
        }
        for required in required.filter(|required| !required.has_sound_values()) {
            problems.push(PolicyProblem::NoClaimValue(required.path().clone()));
        }
        if self.accepted_types.as_ref().is_some_and(Vec::is_empty) {
            problems.push(PolicyProblem::EmptyList("accepted_types"));
        }
        for typ in self.accepted_types.iter().flatten() {
            if !is_acceptable(typ) {
                problems.push(PolicyProblem::TypeNotAcceptable(typ.clone()));
            }
        }
        let fixed = [
            (
                "accepted_types",
                self.accepted_types.is_some(),
                [Profile::Rfc9068, Profile::JwtSvid].as_slice(),
            ),
            (
                "client_claims",
                self.client_claims.is_some(),
                &[Profile::Cognito],
            ),
        ];
        for (setting, is_set, profiles) in fixed {
            if is_set && profiles.contains(&profile) {
                problems.push(PolicyProblem::FixedByProfile { setting, profile });
            }
        }
        problems
    }

    /// These settings, and those of a provider where one is not made here. Claims that either requires are required.
    pub(crate) fn over(self, provider: PolicyBuilder) -> Self {
        let required_claims = match (self.required_claims, provider.required_claims) {
            // An empty list of the user's stays one, to be told.
            (Some(mine), Some(mut both)) if !mine.is_empty() => {
                both.extend(mine);
                Some(both)
            }
            (mine, theirs) => mine.or(theirs),
        };
        PolicyBuilder {
            issuer: self.issuer.or(provider.issuer),
            audiences: self.audiences.or(provider.audiences),
            algorithms: self.algorithms.or(provider.algorithms),
            profile: self.profile.or(provider.profile),
            clock_skew_seconds: self.clock_skew_seconds.or(provider.clock_skew_seconds),
            max_token_age_seconds: self
                .max_token_age_seconds
                .or(provider.max_token_age_seconds),
            max_remaining_seconds: self
                .max_remaining_seconds
                .or(provider.max_remaining_seconds),
            allowed_clients: self.allowed_clients.or(provider.allowed_clients),
            client_claims: self.client_claims.or(provider.client_claims),
            accepted_types: self.accepted_types.or(provider.accepted_types),
            required_claims,
            roles_from: self.roles_from.or(provider.roles_from),
            principal_from: self.principal_from.or(provider.principal_from),
            scope_claim: self.scope_claim.or(provider.scope_claim),
            allow_scope_array: self.allow_scope_array.or(provider.allow_scope_array),
            allow_id_token_claims: self
                .allow_id_token_claims
                .or(provider.allow_id_token_claims),
            allow_missing_audience: self
                .allow_missing_audience
                .or(provider.allow_missing_audience),
            one_algorithm_per_key: self
                .one_algorithm_per_key
                .or(provider.one_algorithm_per_key),
            tenants: self.tenants.or(provider.tenants),
        }
    }

    pub(crate) fn issuer_name(&self) -> Option<&str> {
        self.issuer.as_deref()
    }

    pub(crate) fn named_algorithms(&self) -> Option<&[Algorithm]> {
        self.algorithms.as_deref()
    }

    pub(crate) fn has_tenants(&self) -> bool {
        self.tenants.is_some()
    }

    pub(crate) fn has_audiences(&self) -> bool {
        self.audiences.is_some()
    }
}

/// The algorithms of keys that state none: all, or of those that one type of key fits the first. The two names of Ed25519 are
/// one algorithm.
fn for_unstated(algorithms: &[Algorithm], is_one_per_key: bool) -> AlgorithmSet {
    let is_first = |algorithm: &&Algorithm| {
        let mut family = algorithms.iter().copied();
        family
            .find(|other| other.family() == algorithm.family())
            .is_some_and(|first| first.same_signature_as(**algorithm))
    };
    let all = algorithms.iter();
    all.filter(|algorithm| !is_one_per_key || is_first(algorithm))
        .copied()
        .collect()
}

/// Whether a `typ` may be one of access tokens: a subtype of `application` that is not known to be of something else.
fn is_acceptable(typ: &str) -> bool {
    const OTHERS: [&str; 4] = [
        "dpop+jwt",
        "logout+jwt",
        "secevent+jwt",
        "token-introspection+jwt",
    ];
    let subtype = subtype_of(typ);
    // RFC 6838 section 4.2.
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte);
    !subtype.is_empty()
        && subtype.bytes().all(is_name)
        && !OTHERS
            .iter()
            .any(|other| subtype.eq_ignore_ascii_case(other))
}

impl TryFrom<PolicyBuilder> for Policy {
    type Error = PolicyError;

    fn try_from(settings: PolicyBuilder) -> Result<Self, PolicyError> {
        settings.build()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(settings: &Value) -> PolicyBuilder {
        serde_json::from_value(settings.clone()).unwrap()
    }

    fn shown(settings: &PolicyBuilder) -> Value {
        serde_json::to_value(settings).unwrap()
    }

    /// Each setting of both kinds, so that one that is forgotten shows.
    #[test]
    fn c12_settings_over_those_of_a_provider() {
        let mine = json!({
            "issuer": "https://a.example.com", "audiences": ["a"], "algorithms": ["ES256"], "profile": "rfc9068",
            "clock_skew_seconds": 1, "max_token_age_seconds": 1, "max_remaining_seconds": 1, "allowed_clients": ["a"],
            "client_claims": ["a"], "accepted_types": ["a+jwt"], "required_claims": [{"claim": "a", "present": true}],
            "roles_from": ["a"], "principal_from": ["a"], "scope_claim": "scp", "allow_scope_array": false,
            "allow_id_token_claims": false, "allow_missing_audience": false, "tenants": ["a"],
            "one_algorithm_per_key": false,
        });
        let theirs = json!({
            "issuer": "https://b.example.com", "audiences": ["b"], "algorithms": ["RS256"], "profile": "cognito",
            "clock_skew_seconds": 2, "max_token_age_seconds": 2, "max_remaining_seconds": 2, "allowed_clients": ["b"],
            "client_claims": ["b"], "accepted_types": ["b+jwt"], "required_claims": [{"claim": "b", "present": true}],
            "roles_from": ["b"], "principal_from": ["b"], "scope_claim": "scope", "allow_scope_array": true,
            "allow_id_token_claims": true, "allow_missing_audience": true, "tenants": ["b"],
            "one_algorithm_per_key": true,
        });
        let nothing = shown(&PolicyBuilder::default());
        let over = |one: &Value, other: &Value| shown(&read(one).over(read(other)));
        assert_eq!(over(&nothing, &nothing), nothing);
        assert_eq!(over(&mine, &nothing), mine);
        assert_eq!(over(&nothing, &theirs), theirs);
        let mut both = mine.clone();
        both["required_claims"] =
            json!([{"claim": "b", "present": true}, {"claim": "a", "present": true}]);
        assert_eq!(over(&mine, &theirs), both);
        let empty = json!({"required_claims": []});
        assert_eq!(
            over(&empty, &theirs)["required_claims"],
            empty["required_claims"]
        );
    }
}
