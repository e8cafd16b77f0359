//! Shared parts of the benches: cells of the tables that `tables.rs` puts into README.md.

/// A time, with as many digits as a reader compares.
pub(crate) fn time(ns: f64) -> String {
    let us = ns / 1_000.0;
    let digits = match us {
        ..10.0 => 2,
        ..100.0 => 1,
        _ => 0,
    };
    format!("{us:.digits$} us")
}

/// A count, in groups of three digits.
pub(crate) fn thousands(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A share, in percent.
pub(crate) fn percent(share: f64) -> String {
    let percent = share * 100.0;
    let digits = usize::from(percent < 10.0);
    format!("{percent:.digits$} %")
}
