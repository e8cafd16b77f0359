//! URIs of resources, as they are compared with patterns.

use std::fmt::Write as _;

/// Scheme and host in lower case, and unreserved characters decoded (RFC 3986 section 6.2.2). So a
/// URI has one spelling, and no spelling gets around a pattern.
///
/// `None`: it has a dot segment or a control character, which a server may resolve or drop after it
/// was compared.
pub(super) fn comparable(uri: &str) -> Option<String> {
    if uri.bytes().any(|byte| byte.is_ascii_control()) {
        return None;
    }
    let mut decoded = decode_unreserved(uri);
    // A server may decode these separators before it resolves dot segments.
    let separated = decoded.replace("%2F", "/").replace("%5C", "/");
    let mut segments = separated.split(['/', '\\']);
    if segments.any(|segment| matches!(segment, "." | "..")) {
        return None;
    }
    let end = end_of_authority(&decoded);
    if let Some(beginning) = decoded.get_mut(..end) {
        beginning.make_ascii_lowercase();
    }
    Some(decoded)
}

fn decode_unreserved(uri: &str) -> String {
    let mut pieces = uri.split('%');
    let mut decoded = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let digits = piece.get(..2);
        let digits = digits.filter(|two| two.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        let rest = match byte {
            Some(byte) if is_unreserved(byte) => {
                decoded.push(char::from(byte));
                piece.get(2..)
            }
            Some(byte) => {
                // Writing to a String can't fail.
                let _ = write!(decoded, "%{byte:02X}");
                piece.get(2..)
            }
            None => {
                decoded.push('%');
                Some(piece)
            }
        };
        decoded.push_str(rest.unwrap_or_default());
    }
    decoded
}

const fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// The end of scheme and authority, or of the scheme alone.
fn end_of_authority(uri: &str) -> usize {
    let Some((scheme, rest)) = uri.split_once(':') else {
        return 0;
    };
    let after_scheme = scheme.len() + 1;
    match rest.strip_prefix("//") {
        Some(rest) => after_scheme + 2 + rest.find(['/', '\\', '?', '#']).unwrap_or(rest.len()),
        None => after_scheme,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn h13_a_uri_is_compared_in_one_spelling() {
        for (uri, expected) in [
            ("file:///a/B", Some("file:///a/B")),
            ("FILE:///a", Some("file:///a")),
            (
                "https://API.example.com/A?B#C",
                Some("https://api.example.com/A?B#C"),
            ),
            ("note://Alice", Some("note://alice")),
            ("URN:Isbn:1", Some("urn:Isbn:1")),
            ("file:///%61%7e%2d", Some("file:///a~-")),
            ("file:///a%2fb%c3%A9", Some("file:///a%2Fb%C3%A9")),
            ("file:///%", Some("file:///%")),
            ("file:///%4", Some("file:///%4")),
            ("file:///%zz%+1", Some("file:///%zz%+1")),
            ("file:///%\u{e9}", Some("file:///%\u{e9}")),
            ("file:///a..b/...", Some("file:///a..b/...")),
            ("", Some("")),
            ("plain", Some("plain")),
            ("file:///a/../b", None),
            ("file:///a/./b", None),
            ("file:///a/..", None),
            ("file:///a/%2e%2E/b", None),
            ("file:///a%2f..%2Fb", None),
            ("file:///a\\..\\b", None),
            ("file:///a%5c..%5Cb", None),
            ("file:///a/.\t./b", None),
            ("file:///a\0", None),
        ] {
            assert_eq!(comparable(uri).as_deref(), expected, "H13: {uri}");
        }
    }
}
