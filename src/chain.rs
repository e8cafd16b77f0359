//! An error and its causes as one line of text.

use std::error::Error;
use std::fmt::Write;

/// The error's message and those of its causes, joined by `": "`.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        // Writing to a String never fails.
        let _ = write!(text, ": {error}");
        cause = error.source();
    }
    text
}
