//! What is wrong with a token's times.

use std::time::Duration;

use crate::core::token::date::smaller_unit;
use crate::core::verdict::refusal::Moment;

/// Two clocks may be this far apart; a longer time has another cause.
const MAX_CLOCK_ERROR_SECONDS: u64 = 300;

const SECONDS: &str = "Times in a token are in seconds since 1970 (RFC 7519 section 2): the \
                       authorization server must write them so.";

pub(super) fn expired(moment: Moment) -> String {
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

pub(super) fn expiry_not_in_seconds(unit: &str) -> String {
    format!(
        "The token's exp is a time in {unit}. {SECONDS} As seconds, the token would be good for \
         thousands of years."
    )
}

pub(super) fn not_yet_valid(moment: Moment) -> String {
    let Moment { at, now, .. } = moment;
    let (ahead, skew) = (ahead(moment), moment.skew.as_secs());
    let advice = advice_for_future(moment);
    format!(
        "The token is valid only from {at} on, in {ahead} s (now {now}, skew allowed {skew} s). \
         {advice}"
    )
}

pub(super) fn issued_in_the_future(moment: Moment) -> String {
    let Moment { at, now, .. } = moment;
    let (ahead, skew) = (ahead(moment), moment.skew.as_secs());
    let advice = advice_for_future(moment);
    format!(
        "The token says that it was issued at {at}, {ahead} s from now (now {now}, skew allowed \
         {skew} s). {advice}"
    )
}

pub(super) fn too_old(issued: Moment, max_age: Duration) -> String {
    let (at, ago, skew) = (issued.at, ago(issued), issued.skew.as_secs());
    let limit = max_age.as_secs();
    format!(
        "The token was issued {ago} s ago, at {at}; the policy takes none older than {limit} s \
         (skew allowed {skew} s)."
    )
}

pub(super) fn lifetime_too_long(expires: Moment, max_remaining: Duration) -> String {
    let (at, ahead, skew) = (expires.at, ahead(expires), expires.skew.as_secs());
    let limit = max_remaining.as_secs();
    format!(
        "The token lives until {at}, {ahead} s from now; the policy takes none that lives longer \
         than {limit} s (skew allowed {skew} s).{}",
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
