//! NumericDate values in JSON.

use crate::core::json::Value;
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
    /// 2^63: the first double above every i64.
    const END: f64 = 9_223_372_036_854_775_808.0;

    if !value.is_number() {
        return None;
    }
    let text = value.text();
    if let Some(seconds) = read_digits(text) {
        return Some(NumericDate::from_secs(seconds));
    }
    if text.contains(['e', 'E']) {
        let seconds: f64 = text.parse().ok()?;
        let whole = match rounding {
            Rounding::Down => seconds.floor(),
            Rounding::Up => seconds.ceil(),
        };
        if !(-END..END).contains(&whole) {
            return None;
        }
        #[allow(clippy::cast_possible_truncation)] // whole, and in the range of i64
        return Some(NumericDate::from_secs(whole as i64));
    }
    // This reads digits: a double has too few of them for exact rounding.
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let seconds: i64 = whole.parse().ok()?;
    let has_fraction = fraction.bytes().any(|digit| digit != b'0');
    let seconds = match rounding {
        _ if !has_fraction => seconds,
        Rounding::Down if text.starts_with('-') => seconds.checked_sub(1)?,
        Rounding::Up if !text.starts_with('-') => seconds.checked_add(1)?,
        // Without its fraction it is rounded already.
        Rounding::Down | Rounding::Up => seconds,
    };
    Some(NumericDate::from_secs(seconds))
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
