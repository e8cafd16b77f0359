//! Whether the presenter has proven what the token is bound to (RFC 7800, RFC 8705, RFC 9449).

use crate::core::access_token::AccessToken;
use crate::core::policy::sender_constraint::SenderConstraint;
use crate::core::possession::Possession;
use crate::core::thumbprint::Thumbprint;
use crate::core::token::claims::values::Confirmation;
use crate::core::token::payload::Claim;
use crate::core::verdict::possession::PossessionRefusal;

/// Checks every binding of the token against what was proven, and that the policy's binding is
/// there.
pub(crate) fn check_binding(
    token: &AccessToken,
    possession: &Possession,
) -> Result<(), PossessionRefusal> {
    let confirmation = match token.payload().cnf() {
        Claim::Absent => None,
        Claim::Malformed => return Err(PossessionRefusal::Malformed),
        Claim::Is(confirmation) => Some(*confirmation),
    };
    check_key(confirmation, possession)?; // RFC 9449 7.1
    check_certificate(confirmation, possession)?; // RFC 8705 3
    let required = token.policy().settings().sender_constraint();
    check_required(confirmation, required) // FAPI 2.0 5.3.4
}

/// A proof was made, so the token must be bound to its key. A token that is bound to a key needs a
/// proof.
fn check_key(
    confirmation: Option<Confirmation>,
    possession: &Possession,
) -> Result<(), PossessionRefusal> {
    match (confirmation.and_then(|cnf| cnf.jkt()), possession.jkt) {
        (Some(bound), Some(proven)) if is_same(&bound, &proven) => Ok(()),
        (Some(_), Some(_)) => Err(PossessionRefusal::AnotherKey),
        (Some(_), None) => Err(PossessionRefusal::Missing),
        (None, Some(_)) => Err(PossessionRefusal::NotBoundToKey),
        (None, None) => Ok(()),
    }
}

/// A certificate that the connection has anyway binds no token that does not name it.
fn check_certificate(
    confirmation: Option<Confirmation>,
    possession: &Possession,
) -> Result<(), PossessionRefusal> {
    let bound = confirmation.and_then(|cnf| cnf.x5t_s256());
    match (bound, possession.x5t_s256) {
        (Some(bound), Some(proven)) if is_same(&bound, &proven) => Ok(()),
        (Some(_), Some(_)) => Err(PossessionRefusal::AnotherCertificate),
        (Some(_), None) => Err(PossessionRefusal::CertificateMissing),
        (None, _) => Ok(()),
    }
}

fn check_required(
    confirmation: Option<Confirmation>,
    required: SenderConstraint,
) -> Result<(), PossessionRefusal> {
    let has_key = confirmation.is_some_and(|cnf| cnf.jkt().is_some());
    let has_certificate = confirmation.is_some_and(|cnf| cnf.x5t_s256().is_some());
    let is_met = match required {
        SenderConstraint::IfBound => {
            // A member that this crate does not know can't be proven.
            confirmation.is_none() || has_key || has_certificate
        }
        SenderConstraint::Dpop => has_key,
        SenderConstraint::MutualTls => has_certificate,
        SenderConstraint::Either => has_key || has_certificate,
    };
    if is_met {
        Ok(())
    } else if confirmation.is_some() && required == SenderConstraint::IfBound {
        Err(PossessionRefusal::Unknown)
    } else {
        Err(PossessionRefusal::NotBound { required })
    }
}

/// In constant time, although both are public: no caller learns how much of a guess fits.
fn is_same(one: &Thumbprint, other: &Thumbprint) -> bool {
    let pairs = one.as_bytes().iter().zip(other.as_bytes());
    pairs.fold(0, |difference, (one, other)| difference | (one ^ other)) == 0
}
