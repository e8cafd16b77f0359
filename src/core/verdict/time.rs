//! Refusals for the token's times.

use std::time::Duration;

use crate::core::time::NumericDate;
use crate::core::token::date::smaller_unit;
use crate::core::verdict::explained::Explained;
use crate::core::verdict::hint::Hint;
use crate::core::verdict::reason::Reason;

#[derive(Clone)]
pub(crate) enum TimeRefusal {
    /// There is no `exp`.
    ExpiryMissing,
    /// `exp` is in a smaller unit than the second.
    ExpiryNotInSeconds { unit: &'static str },
    /// `exp` has passed.
    Expired(Moment),
    /// `nbf` is in the future.
    NotYetValid(Moment),
    /// `iat` is in the future.
    IssuedInTheFuture(Moment),
    /// `iat` is further back than `max_age`.
    TooOld { issued: Moment, max_age: Duration },
    /// `exp` is further ahead than `max_remaining`.
    LifetimeTooLong {
        expires: Moment,
        max_remaining: Duration,
    },
}

/// A time in the token and the time that it was compared with.
#[derive(Clone, Copy)]
pub(crate) struct Moment {
    pub(crate) at: NumericDate,
    pub(crate) now: NumericDate,
    pub(crate) skew: Duration,
}

impl Explained for TimeRefusal {
    fn reason(&self) -> Reason {
        match self {
            TimeRefusal::ExpiryMissing => Reason::ExpiryMissing,
            TimeRefusal::ExpiryNotInSeconds { .. } => Reason::MalformedClaim,
            TimeRefusal::Expired(_) => Reason::Expired,
            TimeRefusal::NotYetValid(_) => Reason::NotYetValid,
            TimeRefusal::IssuedInTheFuture(_) => Reason::IssuedInTheFuture,
            TimeRefusal::TooOld { .. } => Reason::TooOld,
            TimeRefusal::LifetimeTooLong { .. } => Reason::LifetimeTooLong,
        }
    }

    fn sentences(&self, _hint: Option<Hint>) -> String {
        match self {
            TimeRefusal::ExpiryMissing => {
                "The token has no exp, so it would never expire.".to_owned()
            }
            TimeRefusal::ExpiryNotInSeconds { unit } => expiry_not_in_seconds(unit),
            TimeRefusal::Expired(moment) => expired(*moment),
            TimeRefusal::NotYetValid(moment) => not_yet_valid(*moment),
            TimeRefusal::IssuedInTheFuture(moment) => issued_in_the_future(*moment),
            TimeRefusal::TooOld { issued, max_age } => too_old(*issued, *max_age),
            TimeRefusal::LifetimeTooLong {
                expires,
                max_remaining,
            } => lifetime_too_long(*expires, *max_remaining),
        }
    }
}

/// Two clocks may be this far apart; a longer time has another cause.
const MAX_CLOCK_ERROR_SECONDS: u64 = 300;

const SECONDS: &str = "Times in a token are in seconds since 1970 (RFC 7519 section 2): the \
                       authorization server must write them so.";

fn expired(moment: Moment) -> String {
    let Moment { at, now, .. } = moment;
    let ago = ago(moment);
    let verdict = if ago <= MAX_CLOCK_ERROR_SECONDS {
        "If the client had just fetched it, look at the clocks of both machines."
    } else {
        "No clock skew explains that; the client must fetch a new one."
    };
    let skew = moment.skew.as_secs();
    format!("The token expired {ago} s ago, at {at} (now {now}, skew allowed {skew} s). {verdict}")
}

fn expiry_not_in_seconds(unit: &str) -> String {
    format!(
        "The token's exp is a time in {unit}. {SECONDS} As seconds, the token would be good for \
         thousands of years."
    )
}

fn not_yet_valid(moment: Moment) -> String {
    let Moment { at, now, .. } = moment;
    let (ahead, skew) = (ahead(moment), moment.skew.as_secs());
    let advice = advice_for_future(moment);
    format!(
        "The token is valid only from {at} on, in {ahead} s (now {now}, skew allowed {skew} s). \
         {advice}"
    )
}

fn issued_in_the_future(moment: Moment) -> String {
    let Moment { at, now, .. } = moment;
    let (ahead, skew) = (ahead(moment), moment.skew.as_secs());
    let advice = advice_for_future(moment);
    format!(
        "The token says that it was issued at {at}, {ahead} s from now (now {now}, skew allowed \
         {skew} s). {advice}"
    )
}

fn too_old(issued: Moment, max_age: Duration) -> String {
    let (at, ago, skew) = (issued.at, ago(issued), issued.skew.as_secs());
    let limit = max_age.as_secs();
    format!(
        "The token was issued {ago} s ago, at {at}; the policy accepts at most {limit} s \
         (skew allowed {skew} s)."
    )
}

fn lifetime_too_long(expires: Moment, max_remaining: Duration) -> String {
    let (at, ahead, skew) = (expires.at, ahead(expires), expires.skew.as_secs());
    let limit = max_remaining.as_secs();
    format!(
        "The token lives until {at}, {ahead} s from now; the policy accepts at most {limit} s (skew allowed {skew} s).{}",
        unit_of(expires).map_or_else(String::new, |text| format!(" {text}"))
    )
}

fn advice_for_future(moment: Moment) -> String {
    unit_of(moment).unwrap_or_else(|| "Look at the clocks of both machines.".to_owned())
}

/// What is wrong with a time that is in another unit.
fn unit_of(moment: Moment) -> Option<String> {
    let unit = smaller_unit(moment.at)?;
    Some(format!("The time looks like {unit}. {SECONDS}"))
}

fn ago(moment: Moment) -> u64 {
    moment.now.since(moment.at).as_secs()
}

fn ahead(moment: Moment) -> u64 {
    moment.at.since(moment.now).as_secs()
}
