//! What the issuers' policies require of senders, and what requests can prove.

use super::issuers::Trusted;
use crate::build_error::{ConfigErrorKind, Problems};
use crate::core::{Algorithm, Schemes, SenderConstraint};

/// Checks that a request could prove what the issuer's policy requires.
pub(super) fn check_provable(
    issuer: &Trusted,
    has_dpop: bool,
    has_certificates: bool,
    problems: &mut Problems,
) {
    let required = issuer.policy.settings().sender_constraint();
    let is_provable = match required {
        SenderConstraint::IfBound => true,
        SenderConstraint::Dpop => has_dpop,
        SenderConstraint::MutualTls => has_certificates,
        SenderConstraint::Either => has_dpop || has_certificates,
    };
    if !is_provable {
        problems.push_for(&issuer.name, ConfigErrorKind::Unprovable { required });
    }
}

/// The schemes that an API with these issuers offers.
pub(super) fn schemes(issuers: &[&Trusted], has_dpop: bool, has_certificates: bool) -> Schemes {
    let each_is = |accepted: &[SenderConstraint]| {
        let mut issuers = issuers.iter();
        issuers.all(|issuer| accepted.contains(&issuer.policy.settings().sender_constraint()))
    };
    let requires_dpop = each_is(&[SenderConstraint::Dpop]);
    // Without certificates, a key is the only thing that a token can be bound to.
    let has_no_other_way =
        !has_certificates && each_is(&[SenderConstraint::Dpop, SenderConstraint::Either]);
    let accepts = |algorithm: Algorithm| {
        let mut issuers = issuers.iter();
        issuers.any(|issuer| issuer.policy.proof_algorithm_set().contains(algorithm))
    };
    let algorithms = || Algorithm::ALL.iter().copied().filter(|one| accepts(*one));
    Schemes {
        offers_bearer: !(has_dpop && (requires_dpop || has_no_other_way)),
        dpop_algorithms: has_dpop.then(|| algorithms().map(Algorithm::as_str).collect()),
        requires_dpop: has_dpop && requires_dpop,
        offers_certificates: has_certificates,
    }
}
