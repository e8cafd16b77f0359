//! The check of a policy's settings: every problem, not only the first.

use std::time::Duration;

use crate::core::policy::problem::PolicyErrorKind;
use crate::core::policy::profile::Profile;
use crate::core::policy::settings::Settings;
use crate::core::policy::tenants::IssuerTemplate;
use crate::core::token::claims::required_claim::RequiredClaim;
use crate::core::token::claims::spiffe::is_trust_domain;
use crate::core::token::media_type::{other_kind, subtype_of};

/// More skew than this hides a broken clock: 300 seconds.
const MAX_CLOCK_SKEW: Duration = Duration::from_secs(300);
/// The longest window of a proof, each way.
const MAX_PROOF_WINDOW: Duration = Duration::from_secs(300);

impl Settings {
    /// All that is wrong; nothing where these settings make a policy.
    pub(super) fn problems(&self) -> Vec<PolicyErrorKind> {
        let profile = self.profile();
        let mut problems = Vec::new();
        let issuer = self.issuer.as_deref().unwrap_or_default();
        if issuer.is_empty() {
            problems.push(PolicyErrorKind::NoIssuer);
        } else if issuer.trim() != issuer {
            problems.push(PolicyErrorKind::SpaceAround(issuer.to_owned()));
        } else if profile == Profile::JwtSvid && !is_trust_domain(issuer) {
            problems.push(PolicyErrorKind::NotATrustDomain(issuer.to_owned()));
        }
        let template = IssuerTemplate::parse(issuer);
        match (&self.tenants, &template) {
            (Some(_), None) => problems.push(PolicyErrorKind::NoPlaceholder(issuer.to_owned())),
            (None, _) if issuer.contains(['{', '}']) => {
                problems.push(PolicyErrorKind::NoTenants(issuer.to_owned()));
            }
            (Some(tenants), Some(_)) if tenants.count() == Some(0) => {
                problems.push(PolicyErrorKind::NoTenant);
            }
            (Some(tenants), Some(_)) => {
                let malformed = tenants.malformed().map(str::to_owned);
                problems.extend(malformed.map(PolicyErrorKind::MalformedTenant));
            }
            _ => {}
        }
        let audiences = self.audiences.as_deref().unwrap_or_default();
        let needs_no_audience = self.allow_jwt_without_audience == Some(true);
        if needs_no_audience && !self.has_stand_in_for_audience() {
            problems.push(PolicyErrorKind::NothingInPlaceOfAudience);
        }
        let needs_audience = profile != Profile::Cognito && !needs_no_audience;
        if (needs_audience && audiences.is_empty()) || audiences.iter().any(String::is_empty) {
            problems.push(PolicyErrorKind::NoAudience);
        }
        for audience in audiences {
            if audience.trim() != audience {
                problems.push(PolicyErrorKind::SpaceAround(audience.clone()));
            }
        }
        if self.algorithms.as_ref().is_some_and(Vec::is_empty) {
            problems.push(PolicyErrorKind::NoAlgorithm);
        }
        let named = || self.algorithms.iter().flatten();
        for algorithm in named().filter(|algorithm| !algorithm.is_supported()) {
            problems.push(PolicyErrorKind::UnsupportedAlgorithm(*algorithm));
        }
        for algorithm in named().filter(|algorithm| !profile.takes(**algorithm)) {
            problems.push(PolicyErrorKind::AlgorithmOutsideProfile {
                algorithm: *algorithm,
                profile,
            });
        }
        if named().any(|algorithm| algorithm.is_hmac())
            && !named().all(|algorithm| algorithm.is_hmac())
        {
            problems.push(PolicyErrorKind::HmacBesideOthers);
        }
        let clock_skew = self.clock_skew();
        if clock_skew > MAX_CLOCK_SKEW {
            problems.push(PolicyErrorKind::TooMuchSkew(clock_skew));
        }
        if self.max_token_age_seconds == Some(0) || self.max_remaining_seconds == Some(0) {
            problems.push(PolicyErrorKind::ZeroLifetime);
        }
        if let Some(clients) = &self.allowed_clients
            && (clients.is_empty() || clients.iter().any(String::is_empty))
        {
            problems.push(PolicyErrorKind::NoClient);
        }
        if profile == Profile::Cognito && self.allowed_clients.is_none() {
            problems.push(PolicyErrorKind::ClientsNotNamed);
        }
        problems.extend(self.proof_problems());
        problems.extend(self.fapi2_problems());
        problems.extend(self.claim_problems(profile));
        problems
    }

    /// The proofs of possession that are accepted.
    fn proof_problems(&self) -> Vec<PolicyErrorKind> {
        let mut problems = Vec::new();
        if self.proof_algorithms.as_ref().is_some_and(Vec::is_empty) {
            problems.push(PolicyErrorKind::EmptyList("proof_algorithms"));
        }
        for algorithm in self.proof_algorithms.iter().flatten() {
            if algorithm.is_hmac() {
                problems.push(PolicyErrorKind::HmacProof(*algorithm));
            } else if !algorithm.is_supported() {
                problems.push(PolicyErrorKind::UnsupportedAlgorithm(*algorithm));
            }
        }
        let age = self.proof_max_age();
        if !(Duration::from_secs(1)..=MAX_PROOF_WINDOW).contains(&age)
            || self.proof_max_ahead() > MAX_PROOF_WINDOW
        {
            problems.push(PolicyErrorKind::ProofWindow);
        }
        problems
    }

    /// What is read from claims of the user's choice.
    fn claim_problems(&self, profile: Profile) -> Vec<PolicyErrorKind> {
        let mut problems = Vec::new();
        let paths = [
            ("client_claims", &self.client_claims),
            ("role_claims", &self.role_claims),
            ("principal_claims", &self.principal_claims),
        ];
        for (setting, paths) in paths {
            if paths.as_ref().is_some_and(Vec::is_empty) {
                problems.push(PolicyErrorKind::EmptyList(setting));
            }
        }
        let required = self.required_claims.iter().flatten();
        if self.required_claims.as_ref().is_some_and(Vec::is_empty) {
            problems.push(PolicyErrorKind::EmptyList("required_claims"));
        }
        let named = paths.iter().flat_map(|(_, paths)| paths.iter().flatten());
        for path in named.chain(required.clone().map(RequiredClaim::path)) {
            if !path.is_sound() {
                problems.push(PolicyErrorKind::MalformedPath(path.clone()));
            }
        }
        for required in required.filter(|required| !required.has_sound_values()) {
            problems.push(PolicyErrorKind::NoClaimValue(required.path().clone()));
        }
        if self.accepted_types.as_ref().is_some_and(Vec::is_empty) {
            problems.push(PolicyErrorKind::EmptyList("accepted_types"));
        }
        if let Some(map) = &self.scope_implies {
            problems.extend(map.problems());
        }
        for typ in self.accepted_types.iter().flatten() {
            if !is_acceptable(typ) {
                problems.push(PolicyErrorKind::TypeNotAcceptable(typ.clone()));
            }
        }
        let fixed = [
            (
                "accepted_types",
                self.accepted_types.is_some(),
                [Profile::Rfc9068, Profile::JwtSvid].as_slice(),
            ),
            (
                "allow_jwt_without_audience",
                self.allow_jwt_without_audience == Some(true),
                &[Profile::Rfc9068, Profile::JwtSvid],
            ),
            (
                "client_claims",
                self.client_claims.is_some(),
                &[Profile::Cognito],
            ),
        ];
        for (setting, is_set, profiles) in fixed {
            if is_set && profiles.contains(&profile) {
                problems.push(PolicyErrorKind::FixedByProfile { setting, profile });
            }
        }
        problems
    }
}

/// Whether a `typ` may be one of access tokens: a subtype of `application` that is not known to be
/// of something else.
fn is_acceptable(typ: &str) -> bool {
    let subtype = subtype_of(typ);
    // RFC 6838 section 4.2.
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte);
    !subtype.is_empty() && subtype.bytes().all(is_name) && other_kind(typ).is_none()
}
