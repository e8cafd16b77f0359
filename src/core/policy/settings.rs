//! The settings of a policy, as code and configuration files write them.
//!
//! A new setting is a field here, a method of the builder, a line in [`Settings::over`], and the
//! check that reads it. A setting that can be wrong has a rule in `check.rs` too.

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize};

use crate::core::keys::algorithm::Algorithm;
use crate::core::policy::profile::Profile;
use crate::core::policy::scope_hierarchy::ScopeMap;
use crate::core::policy::sender_constraint::SenderConstraint;
use crate::core::policy::tenants::Tenants;
use crate::core::token::claims::claim_path::ClaimPath;
use crate::core::token::claims::required_claim::RequiredClaim;
use crate::core::token::claims::scope_claim::ScopeClaim;

/// Clock skew that is allowed unless a policy says otherwise: 30 seconds.
const DEFAULT_CLOCK_SKEW: Duration = Duration::from_secs(30);
/// How old a DPoP proof may be unless a policy says otherwise.
const DEFAULT_PROOF_AGE: Duration = Duration::from_secs(60);
/// How far ahead the clock of a proof's maker may be unless a policy says otherwise.
const DEFAULT_PROOF_AHEAD: Duration = Duration::from_secs(10);

/// Every setting, each with its name in a configuration file. `None` is the default.
///
/// The docs of a setting are at its method of [`PolicyBuilder`](crate::PolicyBuilder).
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename = "PolicyBuilder", default, deny_unknown_fields)]
pub(crate) struct Settings {
    // What is accepted.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub(crate) issuer: Option<String>,
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub(crate) audiences: Option<Vec<String>>,
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub(crate) algorithms: Option<Vec<Algorithm>>,
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub(crate) profile: Option<Profile>,
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub(crate) clock_skew_seconds: Option<u64>,
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub(crate) max_token_age_seconds: Option<u64>,
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub(crate) max_remaining_seconds: Option<u64>,
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub(crate) allowed_clients: Option<Vec<String>>,
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub(crate) accepted_types: Option<Vec<String>>,
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub(crate) required_claims: Option<Vec<RequiredClaim>>,
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub(crate) allow_scope_array: Option<bool>,
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub(crate) allow_id_token_claims: Option<bool>,
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub(crate) allow_missing_audience: Option<bool>,
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub(crate) one_algorithm_per_key: Option<bool>,
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub(crate) allow_jwt_without_audience: Option<bool>,
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub(crate) tenants: Option<Tenants>,
    // Proof of possession.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub(crate) sender_constraint: Option<SenderConstraint>,
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub(crate) proof_algorithms: Option<Vec<Algorithm>>,
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub(crate) proof_max_age_seconds: Option<u64>,
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub(crate) proof_max_ahead_seconds: Option<u64>,
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub(super) fapi2: Option<bool>,
    // Where claims are read: only the claim mapping reads these.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub(super) client_claims: Option<Vec<ClaimPath>>,
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub(super) role_claims: Option<Vec<ClaimPath>>,
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub(super) principal_claims: Option<Vec<ClaimPath>>,
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub(super) scope_claim: Option<ScopeClaim>,
    // What the scopes mean: only the scope hierarchy reads this.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub(super) scope_implies: Option<ScopeMap>,
}

/// Refuses `null`, which an emptied line of YAML leaves behind: it does not mean "not set".
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

impl Settings {
    pub(crate) fn profile(&self) -> Profile {
        self.profile.unwrap_or_default()
    }

    pub(crate) fn clock_skew(&self) -> Duration {
        self.clock_skew_seconds
            .map_or(DEFAULT_CLOCK_SKEW, Duration::from_secs)
    }

    pub(crate) fn sender_constraint(&self) -> SenderConstraint {
        self.sender_constraint.unwrap_or_default()
    }

    pub(crate) fn proof_max_age(&self) -> Duration {
        self.proof_max_age_seconds
            .map_or(DEFAULT_PROOF_AGE, Duration::from_secs)
    }

    pub(crate) fn proof_max_ahead(&self) -> Duration {
        self.proof_max_ahead_seconds
            .map_or(DEFAULT_PROOF_AHEAD, Duration::from_secs)
    }

    /// Whether something other than `aud` says which tokens are for this API: the clients that they
    /// were issued to, or the value of a claim.
    pub(crate) fn has_stand_in_for_audience(&self) -> bool {
        /// Claims that every token of the issuer has, or that say what kind of token it is. Some
        /// are only in introspection responses. Others say who the user is and how they signed in,
        /// which is the same at every API.
        const NO_STAND_INS: [&str; 23] = [
            "iss",
            "sub",
            "aud",
            "exp",
            "nbf",
            "iat",
            "jti",
            "typ",
            "token_use",
            "token_type",
            "active",
            "scope",
            "scp",
            "ver",
            "tid",
            "acr",
            "amr",
            "auth_time",
            "nonce",
            "cnf",
            "email",
            "email_verified",
            "token_introspection",
        ];
        let names_clients = self
            .allowed_clients
            .as_ref()
            .is_some_and(|clients| !clients.is_empty());
        names_clients
            || self.required_claims.iter().flatten().any(|required| {
                let claim = required.path().names().next().unwrap_or_default();
                !required.values().is_empty() && !NO_STAND_INS.contains(&claim)
            })
    }

    /// These settings, and the provider's for each that is not made here. Claims that either
    /// requires are required.
    pub(super) fn over(self, provider: Settings) -> Self {
        let required_claims = match (self.required_claims, provider.required_claims) {
            // An empty list of the user's stays empty, so that it is reported.
            (Some(mine), Some(mut both)) if !mine.is_empty() => {
                both.extend(mine);
                Some(both)
            }
            (mine, theirs) => mine.or(theirs),
        };
        Settings {
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
            role_claims: self.role_claims.or(provider.role_claims),
            principal_claims: self.principal_claims.or(provider.principal_claims),
            scope_claim: self.scope_claim.or(provider.scope_claim),
            scope_implies: self.scope_implies.or(provider.scope_implies),
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
            allow_jwt_without_audience: self
                .allow_jwt_without_audience
                .or(provider.allow_jwt_without_audience),
            tenants: self.tenants.or(provider.tenants),
            sender_constraint: self.sender_constraint.or(provider.sender_constraint),
            proof_algorithms: self.proof_algorithms.or(provider.proof_algorithms),
            proof_max_age_seconds: self
                .proof_max_age_seconds
                .or(provider.proof_max_age_seconds),
            proof_max_ahead_seconds: self
                .proof_max_ahead_seconds
                .or(provider.proof_max_ahead_seconds),
            fapi2: self.fapi2.or(provider.fapi2),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(settings: &Value) -> Settings {
        serde_json::from_value(settings.clone()).unwrap()
    }

    fn shown(settings: &Settings) -> Value {
        serde_json::to_value(settings).unwrap()
    }

    /// Every setting on both sides, so that a forgotten one fails.
    #[test]
    fn c12_settings_over_those_of_a_provider() {
        let mine = json!({
            "issuer": "https://a.example.com", "audiences": ["a"], "algorithms": ["ES256"], "profile": "rfc9068",
            "clock_skew_seconds": 1, "max_token_age_seconds": 1, "max_remaining_seconds": 1, "allowed_clients": ["a"],
            "client_claims": ["a"], "accepted_types": ["a+jwt"], "required_claims": [{"claim": "a", "present": true}],
            "role_claims": ["a"], "principal_claims": ["a"], "scope_claim": "scp", "allow_scope_array": false,
            "allow_id_token_claims": false, "allow_missing_audience": false,
            "allow_jwt_without_audience": false, "tenants": ["a"],
            "one_algorithm_per_key": false, "scope_implies": {"a": ["c"]},
            "sender_constraint": "dpop", "proof_algorithms": ["ES256"], "proof_max_age_seconds": 1,
            "proof_max_ahead_seconds": 1, "fapi2": false,
        });
        let theirs = json!({
            "issuer": "https://b.example.com", "audiences": ["b"], "algorithms": ["RS256"], "profile": "cognito",
            "clock_skew_seconds": 2, "max_token_age_seconds": 2, "max_remaining_seconds": 2, "allowed_clients": ["b"],
            "client_claims": ["b"], "accepted_types": ["b+jwt"], "required_claims": [{"claim": "b", "present": true}],
            "role_claims": ["b"], "principal_claims": ["b"], "scope_claim": "scope", "allow_scope_array": true,
            "allow_id_token_claims": true, "allow_missing_audience": true,
            "allow_jwt_without_audience": true, "tenants": ["b"],
            "one_algorithm_per_key": true, "scope_implies": {"b": ["c"]},
            "sender_constraint": "mtls", "proof_algorithms": ["PS256"], "proof_max_age_seconds": 2,
            "proof_max_ahead_seconds": 2, "fapi2": true,
        });
        let nothing = shown(&Settings::default());
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
