//! The settings of the FAPI 2.0 Security Profile, and what does not fit them.

use std::time::Duration;

use crate::core::keys::algorithm::Algorithm;
use crate::core::policy::problem::PolicyErrorKind;
use crate::core::policy::sender_constraint::SenderConstraint;
use crate::core::policy::settings::Settings;

/// FAPI 2.0 Security Profile section 5.4.1.
const ALGORITHMS: [Algorithm; 4] = [
    Algorithm::PS256,
    Algorithm::ES256,
    Algorithm::EdDSA,
    Algorithm::Ed25519,
];
/// A moment this far ahead is accepted (section 5.3.2.1 item 13).
const SKEW: Duration = Duration::from_secs(10);
/// A moment this far ahead is refused (the same item).
const REFUSED_SKEW: Duration = Duration::from_secs(60);

impl Settings {
    /// The same with the values of the profile where none is set, if the profile is. An algorithm
    /// that the profile of the tokens excludes stays excluded.
    pub(super) fn with_fapi2(self) -> Self {
        if self.fapi2 != Some(true) {
            return self;
        }
        let of_tokens = self.profile();
        let algorithms = ALGORITHMS.iter().copied();
        let algorithms = algorithms.filter(|algorithm| of_tokens.takes(*algorithm));
        Settings {
            algorithms: self.algorithms.or_else(|| Some(algorithms.collect())),
            proof_algorithms: self.proof_algorithms.or_else(|| Some(ALGORITHMS.to_vec())),
            one_algorithm_per_key: self.one_algorithm_per_key.or(Some(true)),
            sender_constraint: self.sender_constraint.or(Some(SenderConstraint::Either)),
            clock_skew_seconds: self.clock_skew_seconds.or(Some(SKEW.as_secs())),
            ..self
        }
    }

    /// The settings that the profile does not allow.
    pub(super) fn fapi2_problems(&self) -> impl Iterator<Item = PolicyErrorKind> {
        let has_others = |named: &Option<Vec<Algorithm>>| {
            let mut named = named.iter().flatten();
            named.any(|algorithm| !ALGORITHMS.contains(algorithm))
        };
        let is_outside_skew = |skew: Duration| skew < SKEW || skew >= REFUSED_SKEW;
        let outside = [
            ("algorithms", has_others(&self.algorithms)),
            ("proof_algorithms", has_others(&self.proof_algorithms)),
            (
                "one_algorithm_per_key",
                self.one_algorithm_per_key == Some(false),
            ),
            (
                "sender_constraint",
                self.sender_constraint == Some(SenderConstraint::IfBound),
            ),
            ("clock_skew", is_outside_skew(self.clock_skew())),
            ("proof_max_ahead", is_outside_skew(self.proof_max_ahead())),
            (
                "allow_jwt_without_audience",
                self.allow_jwt_without_audience == Some(true),
            ),
        ];
        let is_chosen = self.fapi2 == Some(true);
        outside
            .into_iter()
            .filter(move |(_, is_outside)| is_chosen && *is_outside)
            .map(|(setting, _)| PolicyErrorKind::OutsideFapi2 { setting })
    }
}
