//! Values of a token as an operator may see them.

use std::borrow::Cow;

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

/// An issuer's name without the user name and password that a mistaken one may have.
///
/// What is replaced may be too much, never too little: a name with a mistake is no URL, so no rule
/// says where a password ends. A name such as `service@project.example` has none.
pub(crate) fn without_user_info(name: &str) -> Cow<'_, str> {
    let scheme = name
        .find("://")
        .filter(|at| name.bytes().take(*at).all(is_of_scheme));
    let (scheme, rest) = scheme.map_or(("", name), |at| name.split_at(at + "://".len()));
    let host = rest.split(['/', '\\', '?', '#']).next();
    match rest.rsplit_once('@') {
        Some((before, after))
            if before.contains(':')
                || !scheme.is_empty() && host.is_some_and(|host| host.contains('@')) =>
        {
            Cow::Owned(format!("{scheme}...@{after}"))
        }
        _ => Cow::Borrowed(name),
    }
}

/// RFC 3986 section 3.1.
fn is_of_scheme(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p01_a_name_is_shown_without_user_name_and_password() {
        for (name, shown) in [
            (
                "https://as.example.com/@team",
                "https://as.example.com/@team",
            ),
            ("service@project.example", "service@project.example"),
            (
                "https://as.example.com:8443/a",
                "https://as.example.com:8443/a",
            ),
            ("https://user@as.example.com", "https://...@as.example.com"),
            (
                "https://user:SECRET@as.example.com/a",
                "https://...@as.example.com/a",
            ),
            (
                "https://user:SEC/RET@as.example.com",
                "https://...@as.example.com",
            ),
            (
                "https://user:SEC@RET@as.example.com",
                "https://...@as.example.com",
            ),
            ("https://SECRET@as.example.com/@team", "https://...@team"),
            ("https://SECRET@as.example.com/a@b", "https://...@b"),
            ("user:SEC://RET@as.example.com", "...@as.example.com"),
            ("https:/user:SEC://RET@as.example.com", "...@as.example.com"),
            ("user:SECRET@as.example.com", "...@as.example.com"),
            ("https:/user:SECRET@as.example.com", "...@as.example.com"),
            (
                "https://:SECRET@as.example.com",
                "https://...@as.example.com",
            ),
        ] {
            assert_eq!(without_user_info(name), shown);
        }
    }

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
