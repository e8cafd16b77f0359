//! The header: what no token may have there, and the algorithm.

use crate::core::excerpt::excerpt;
use crate::core::policy::accepted::Policy;
use crate::core::token::jws::UnverifiedJwt;
use crate::core::verdict::header::HeaderRefusal;
use crate::core::verdict::rejection::Rejection;

pub(crate) fn check_header(jwt: &UnverifiedJwt<'_>) -> Result<(), Rejection> {
    if jwt.has_critical_header() {
        return Err(HeaderRefusal::Critical.into());
    }
    if let Some(name) = jwt.unsupported_header() {
        return Err(HeaderRefusal::Unsupported(name).into());
    }
    if jwt.has_malformed_key_id() {
        return Err(HeaderRefusal::MalformedKeyId.into());
    }
    Ok(())
}

pub(crate) fn check_algorithm(jwt: &UnverifiedJwt<'_>, policy: &Policy) -> Result<(), Rejection> {
    let allowed = policy.algorithm_set();
    if jwt
        .algorithm()
        .is_some_and(|algorithm| allowed.contains(algorithm))
    {
        return Ok(());
    }
    let Some(name) = jwt.alg() else {
        return Err(HeaderRefusal::AlgorithmMissing.into());
    };
    let found = excerpt(name);
    Err(if jwt.algorithm().is_some() {
        HeaderRefusal::AlgorithmNotAllowed { found, allowed }.into()
    } else {
        HeaderRefusal::AlgorithmUnknown { found }.into()
    })
}
