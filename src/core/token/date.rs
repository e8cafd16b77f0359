//! NumericDate values in JSON.

use std::iter;

use crate::core::json::{Decimal, Value};
use crate::core::time::NumericDate;

#[derive(Clone, Copy)]
pub(crate) enum Rounding {
    /// To the earlier second: for an end.
    Down,
    /// To the later second: for a beginning.
    Up,
}

/// Reads a NumericDate (RFC 7519 section 2). A fraction is rounded so that the token expires
/// earlier, or is valid later.
pub(crate) fn read_date(value: Value<'_>, rounding: Rounding) -> Option<NumericDate> {
    /// Above 10 to this power, no value is an `i64`.
    const MAX_POWER: i64 = 19;

    if !value.is_number() {
        return None;
    }
    if let Some(seconds) = read_digits(value.text()) {
        return Some(NumericDate::from_secs(seconds));
    }
    // By its digits: a double has too few for the rounding to be exact.
    let number = Decimal::of(value.text().as_bytes());
    if number.power() > MAX_POWER {
        return None;
    }
    let whole_digits = usize::try_from(number.power()).unwrap_or(0);
    let padded = number.digits().chain(iter::repeat(b'0')).take(whole_digits);
    let whole = padded.fold(0, |whole, digit| whole * 10 + i128::from(digit - b'0'));
    let mut fraction = number.digits().skip(whole_digits);
    let is_rounded = fraction.any(|digit| digit != b'0');
    let seconds = match (rounding, number.is_negative()) {
        (Rounding::Down, true) => -whole - i128::from(is_rounded),
        (Rounding::Up, false) => whole + i128::from(is_rounded),
        (Rounding::Down, false) => whole,
        (Rounding::Up, true) => -whole,
    };
    seconds.try_into().ok().map(NumericDate::from_secs)
}

/// Reads the usual form of a date: a few digits and nothing else.
fn read_digits(text: &str) -> Option<i64> {
    /// Every number of so many digits fits an i64.
    const MAX_DIGITS: usize = 18;

    if text.len() > MAX_DIGITS {
        return None;
    }
    let mut seconds = 0;
    for byte in text.bytes() {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        seconds = seconds * 10 + i64::from(digit);
    }
    Some(seconds)
}

/// The unit that a date seems to be in, if that is a smaller one than the second. Then it is from
/// 2010, when the first draft of JWT appeared, to 2110. As seconds it would be after the year
/// 40,000.
pub(crate) fn smaller_unit(date: NumericDate) -> Option<&'static str> {
    const YEAR_2010: i64 = 1_262_304_000;
    const YEAR_2110: i64 = 4_417_977_600;
    const UNITS: [(&str, i64); 3] = [
        ("milliseconds", 1_000),
        ("microseconds", 1_000_000),
        ("nanoseconds", 1_000_000_000),
    ];
    UNITS
        .iter()
        .find(|(_, per_second)| (YEAR_2010..YEAR_2110).contains(&(date.as_secs() / per_second)))
        .map(|(unit, _)| *unit)
}
