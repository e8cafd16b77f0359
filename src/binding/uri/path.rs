//! The normal form of a path (RFC 3986 sections 6.2.2 and 6.2.3).

/// The longest URL and path that are compared, in bytes without their queries.
pub(super) const MAX_BYTES: usize = 8 * 1024;

/// `None` where a `%` is not followed by two hex digits.
pub(super) fn normalise_path(path: &str) -> Option<String> {
    // A dot may be percent-encoded, so this comes first.
    let decoded = decode_unreserved(path)?;
    if decoded.is_empty() {
        return Some("/".to_owned());
    }
    Some(without_dot_segments(&decoded))
}

/// RFC 3986 section 5.2.4, for a path that begins with a slash.
pub(super) fn without_dot_segments(path: &str) -> String {
    let mut kept = String::with_capacity(path.len());
    let mut segments = path.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        let is_dots = matches!(segment, "." | "..");
        if segment == ".." {
            kept.truncate(kept.rfind('/').unwrap_or(0));
        }
        if !is_dots || segments.peek().is_none() {
            kept.push('/');
        }
        if !is_dots {
            kept.push_str(segment);
        }
    }
    kept
}

/// RFC 3986 sections 6.2.2.1 and 6.2.2.2: what needs no percent-encoding has none, and hex digits
/// are in upper case. `None` where a `%` is not followed by two hex digits.
pub(super) fn decode_unreserved(text: &str) -> Option<String> {
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        let (digits, after) = after.split_at_checked(2)?;
        if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
        decoded.push_str(before);
        let byte = u8::from_str_radix(digits, 16).ok()?;
        if is_unreserved(byte) {
            decoded.push(char::from(byte));
        } else {
            decoded.push('%');
            decoded.extend(digits.chars().map(|digit| digit.to_ascii_uppercase()));
        }
        rest = after;
    }
    decoded.push_str(rest);
    Some(decoded)
}

/// RFC 3986 section 2.3.
const fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}
