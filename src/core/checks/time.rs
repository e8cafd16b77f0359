//! Whether the token is valid now.

use std::time::Duration;

use crate::core::policy::accepted::Policy;
use crate::core::time::NumericDate;
use crate::core::token::date::smaller_unit;
use crate::core::token::payload::{Claim, Payload};
use crate::core::verdict::claims::ClaimRefusal;
use crate::core::verdict::rejection::Rejection;
use crate::core::verdict::time::{Moment, TimeRefusal};

/// Checks that a JWT has an end that it can reach. An `exp` in milliseconds would be after the year
/// 40,000.
pub(crate) fn check_expiry_is_there(payload: &Payload) -> Result<(), Rejection> {
    let Some(unit) = payload.exp.get().copied().and_then(smaller_unit) else {
        return if payload.exp.is_absent() {
            Err(TimeRefusal::ExpiryMissing.into())
        } else {
            Ok(())
        };
    };
    Err(TimeRefusal::ExpiryNotInSeconds { unit }.into())
}

/// When the token is no longer valid by the checks below: the earlier of `exp` and the greatest
/// age, with the skew. `None` where neither is known.
pub(crate) fn end_of(payload: &Payload, policy: &Policy) -> Option<NumericDate> {
    let max_age = policy.settings().max_token_age_seconds;
    let oldest = payload
        .iat
        .get()
        .zip(max_age)
        .map(|(iat, age)| iat.saturating_add(Duration::from_secs(age)));
    let end = payload.exp.get().copied().into_iter().chain(oldest).min();
    end.map(|end| end.saturating_add(policy.clock_skew()))
}

/// Checks `exp`, `nbf` and `iat`, if they are present, and the lifetimes that the policy allows.
pub(crate) fn check_time(
    payload: &Payload,
    policy: &Policy,
    now: NumericDate,
) -> Result<(), Rejection> {
    let skew = policy.clock_skew();
    let moment = |at| Moment { at, now, skew };
    match payload.exp {
        Claim::Malformed => return Err(ClaimRefusal::Malformed("exp").into()),
        // The token is valid strictly before exp + skew: RFC 7519 has "on or after" for the end.
        Claim::Is(exp) if now >= exp.saturating_add(skew) => {
            return Err(TimeRefusal::Expired(moment(exp)).into());
        }
        Claim::Absent | Claim::Is(_) => {}
    }
    let latest_start = now.saturating_add(skew);
    match payload.nbf {
        Claim::Malformed => return Err(ClaimRefusal::Malformed("nbf").into()),
        Claim::Is(nbf) if nbf > latest_start => {
            return Err(TimeRefusal::NotYetValid(moment(nbf)).into());
        }
        Claim::Absent | Claim::Is(_) => {}
    }
    match payload.iat {
        Claim::Malformed => return Err(ClaimRefusal::Malformed("iat").into()),
        Claim::Is(iat) if iat > latest_start => {
            return Err(TimeRefusal::IssuedInTheFuture(moment(iat)).into());
        }
        Claim::Absent | Claim::Is(_) => {}
    }
    let settings = policy.settings();
    if let Some(max_age) = settings.max_token_age_seconds.map(Duration::from_secs) {
        let Some(iat) = payload.iat.get().copied() else {
            return Err(ClaimRefusal::Missing("iat").into());
        };
        if now >= iat.saturating_add(max_age).saturating_add(skew) {
            let issued = moment(iat);
            return Err(TimeRefusal::TooOld { issued, max_age }.into());
        }
    }
    if let Some(max_remaining) = settings.max_remaining_seconds.map(Duration::from_secs) {
        let Some(exp) = payload.exp.get().copied() else {
            return Err(TimeRefusal::ExpiryMissing.into());
        };
        if exp > latest_start.saturating_add(max_remaining) {
            let expires = moment(exp);
            return Err(TimeRefusal::LifetimeTooLong {
                expires,
                max_remaining,
            }
            .into());
        }
    }
    Ok(())
}
