//! What an operator may see of a token's values.

/// Characters shown of a value from outside, before escaping.
const MAX_CHARACTERS: usize = 128;

/// Escaped to printable ASCII and cut at 128 characters, so that no value forges a log line or fills it.
pub(crate) fn excerpt(text: &str) -> String {
    let mut shown: String = text
        .chars()
        .take(MAX_CHARACTERS)
        .flat_map(char::escape_default)
        .collect();
    if text.chars().nth(MAX_CHARACTERS).is_some() {
        shown.push_str("...");
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::excerpt;

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
    }
}
