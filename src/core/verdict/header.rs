//! Refusals for the header: its algorithm, or members that must not be there.

use crate::core::keys::algorithm::{Algorithm, AlgorithmSet};
use crate::core::verdict::explained::Explained;
use crate::core::verdict::hint::Hint;
use crate::core::verdict::reason::Reason;

#[derive(Clone)]
pub(crate) enum HeaderRefusal {
    /// The header has `crit`.
    Critical,
    /// The header has this member, which changes what the token means.
    Unsupported(&'static str),
    /// `kid` is not a string.
    MalformedKeyId,
    /// There is no `alg`, or it is not a string.
    AlgorithmMissing,
    /// This crate doesn't verify the token's `alg`.
    AlgorithmUnknown { found: String },
    /// The policy doesn't accept the token's `alg`.
    AlgorithmNotAllowed {
        found: String,
        allowed: AlgorithmSet,
    },
}

impl Explained for HeaderRefusal {
    fn reason(&self) -> Reason {
        match self {
            HeaderRefusal::Critical => Reason::CriticalHeader,
            HeaderRefusal::Unsupported(_) => Reason::UnsupportedHeader,
            HeaderRefusal::MalformedKeyId => Reason::MalformedKeyId,
            HeaderRefusal::AlgorithmMissing => Reason::AlgorithmMissing,
            HeaderRefusal::AlgorithmUnknown { .. } => Reason::AlgorithmUnknown,
            HeaderRefusal::AlgorithmNotAllowed { .. } => Reason::AlgorithmNotAllowed,
        }
    }

    fn sentences(&self, _hint: Option<Hint>) -> String {
        match self {
            HeaderRefusal::Critical => {
                "The token's header marks extensions as critical (crit). This API understands no \
                 extension, so it must reject the token."
                    .to_owned()
            }
            HeaderRefusal::Unsupported(name) => format!(
                "The token's header has \"{name}\", which an access token here must not have."
            ),
            HeaderRefusal::MalformedKeyId => "The token's kid is not a string.".to_owned(),
            HeaderRefusal::AlgorithmMissing => {
                "The token's header has no alg, or one that is not a string.".to_owned()
            }
            HeaderRefusal::AlgorithmUnknown { found } => unknown(found),
            HeaderRefusal::AlgorithmNotAllowed { found, allowed } => not_allowed(found, *allowed),
        }
    }
}

fn unknown(found: &str) -> String {
    if found.eq_ignore_ascii_case("none") {
        "The token is unsecured (alg none). Such tokens are never accepted.".to_owned()
    } else if is_hmac(found) {
        shared_secret(found)
    } else {
        format!("The token's alg \"{found}\" is not supported here.")
    }
}

fn not_allowed(found: &str, allowed: AlgorithmSet) -> String {
    let problem = if is_hmac(found) && !allowed.iter().any(Algorithm::is_hmac) {
        shared_secret(found)
    } else {
        format!("The token's alg is \"{found}\", which the policy of its issuer does not allow.")
    };
    let names: Vec<_> = allowed.iter().map(Algorithm::as_str).collect();
    format!("{problem} It allows: {}.", names.join(", "))
}

fn is_hmac(found: &str) -> bool {
    found.starts_with("HS")
}

fn shared_secret(found: &str) -> String {
    format!(
        "The token's alg is \"{found}\", which uses a shared secret. It is never accepted with an \
         issuer's public keys."
    )
}
