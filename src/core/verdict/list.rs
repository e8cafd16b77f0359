//! Lists of names within a sentence.

/// The most issuers, audiences, keys or values that one sentence lists.
pub(super) const MAX_LISTED: usize = 10;

/// Audiences of a refused token that `explain()` shows. No more are collected.
pub(crate) const MAX_SHOWN_AUDIENCES: usize = 10;

pub(super) fn quoted<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    let texts: Vec<_> = texts.collect();
    let mut shown: Vec<_> = texts
        .iter()
        .take(MAX_LISTED)
        .map(|text| format!("\"{text}\""))
        .collect();
    if texts.len() > MAX_LISTED {
        shown.push("and more".to_owned());
    }
    shown.join(", ")
}
