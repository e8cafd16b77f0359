//! What is wrong with a header: its `typ` or its `alg`.

use crate::core::keys::algorithm::{Algorithm, AlgorithmSet};
use crate::core::policy::accepted::Policy;
use crate::core::policy::profile::Profile;
use crate::core::token::media_type::other_kind;
use crate::core::verdict::explain::list::quoted;

/// What a header's `typ` shows about a token that is not an access token.
pub(super) fn kind_of(typ: &str) -> String {
    other_kind(typ).map_or_else(String::new, |kind| format!(" It is {kind}."))
}

pub(super) fn algorithm_unknown(found: &str) -> String {
    if found.eq_ignore_ascii_case("none") {
        "The token is unsecured (alg none), which is never accepted.".to_owned()
    } else if is_hmac(found) {
        shared_secret(found)
    } else {
        format!("The token's alg \"{found}\" is not one that is verified here.")
    }
}

pub(super) fn algorithm_not_allowed(found: &str, allowed: AlgorithmSet) -> String {
    let reads = if is_hmac(found) && !allowed.iter().any(Algorithm::is_hmac) {
        shared_secret(found)
    } else {
        format!("The token's alg is \"{found}\", which the policy of its issuer leaves out.")
    };
    let names: Vec<_> = allowed.iter().map(Algorithm::as_str).collect();
    format!("{reads} It allows: {}.", names.join(", "))
}

fn is_hmac(found: &str) -> bool {
    found.starts_with("HS")
}

fn shared_secret(found: &str) -> String {
    format!(
        "The token's alg is \"{found}\", a shared-secret algorithm, which is never taken with an \
         issuer's public keys."
    )
}

pub(super) fn typ(found: &str, policy: &Policy) -> String {
    let expected = match (&policy.settings().accepted_types, policy.profile()) {
        (Some(types), _) => format!(
            "{} (the policy's accepted_types)",
            quoted(types.iter().map(String::as_str))
        ),
        (None, Profile::Default | Profile::Cognito) => "at+jwt, JWT or none".to_owned(),
        (None, Profile::JwtSvid) => {
            "JWT, JOSE or none (the policy has the profile jwt-svid)".to_owned()
        }
        (None, Profile::Rfc9068) => "at+jwt (the policy has the profile of RFC 9068)".to_owned(),
    };
    let known = kind_of(found);
    format!("The token's typ is \"{found}\"; an access token here has {expected}.{known}")
}
