//! Values of a token as an operator may see them.

/// The most characters that are shown of a value from outside, escapes included.
const MAX_CHARACTERS: usize = 128;

/// Escapes to printable ASCII and cuts at 128 characters, so that no value forges a log line or
/// fills it.
pub(crate) fn excerpt(text: &str) -> String {
    let mut shown = String::new();
    for character in text.chars() {
        let escaped = character.escape_default();
        if shown.len() + escaped.len() > MAX_CHARACTERS {
            shown.push_str("...");
            break;
        }
        shown.extend(escaped);
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t08_and_p01_values_from_outside_are_escaped_and_cut() {
        assert_eq!(excerpt("https://as.example"), "https://as.example");
        assert_eq!(
            excerpt("a\r\nb\u{1b}[2J\"\u{202e}"),
            "a\\r\\nb\\u{1b}[2J\\\"\\u{202e}"
        );
        let long = excerpt(&"x".repeat(1 << 20));
        assert_eq!(long.len(), 131);
        assert!(long.ends_with("x..."));
        assert_eq!(excerpt(&"x".repeat(128)).len(), 128);
        assert!(excerpt(&"\u{10ffff}".repeat(1 << 10)).len() <= 131);
    }
}
