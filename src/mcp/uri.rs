//! URIs of resources, as they are compared with patterns.

use std::fmt::Write as _;

/// Schemes whose host a server may convert before it uses it (IDNA).
const WITH_HOST: [&str; 6] = ["http", "https", "ws", "wss", "ftp", "file"];

/// The spelling that is compared: scheme and host in lower case, percent-encoding where it is
/// needed and only there (RFC 3986 section 6.2.2), no default port (section 6.2.3), and one
/// spelling of local files (RFC 8089 section 2).
///
/// `None`: it has a dot segment, a backslash, a control character or white space around it, or a
/// host outside ASCII. A server may resolve, convert or drop these after the comparison.
pub(super) fn comparable(uri: &str) -> Option<String> {
    let is_unclear = |byte: u8| byte.is_ascii_control() || byte == b'\\';
    if uri.bytes().any(is_unclear) || uri.trim() != uri {
        return None;
    }
    let encoded = encoded_once(uri);
    // A server may decode these separators before it resolves dot segments.
    let separated = encoded.replace("%2F", "/").replace("%5C", "/");
    let mut segments = separated.split('/');
    if segments.any(|segment| matches!(segment, "." | "..")) {
        return None;
    }
    let Parts {
        scheme,
        authority,
        rest,
    } = Parts::of(&encoded);
    let Some(scheme) = scheme.map(str::to_ascii_lowercase) else {
        return Some(encoded);
    };
    let authority = authority.map(str::to_ascii_lowercase);
    let is_web = matches!(&*scheme, "http" | "https");
    match authority.as_deref() {
        Some(host) if WITH_HOST.contains(&&*scheme) && host.contains('%') => None,
        // Servers read a host behind any number of slashes.
        Some("") if is_web && rest.starts_with('/') => {
            comparable(&format!("{scheme}://{}", rest.trim_start_matches('/')))
        }
        None if is_web && !rest.is_empty() => {
            comparable(&format!("{scheme}://{}", rest.trim_start_matches('/')))
        }
        None if scheme == "file" && !rest.is_empty() => {
            Some(format!("file:///{}", rest.trim_start_matches('/')))
        }
        None => Some(format!("{scheme}:{rest}")),
        Some("localhost") if scheme == "file" => Some(format!("file://{rest}")),
        Some(authority) => {
            let authority = without_default_port(&scheme, authority);
            Some(format!("{scheme}://{authority}{rest}"))
        }
    }
}

/// What a lenient server may read in a comparable URI instead: it ignores the fragment, the query,
/// a user name, doubled slashes or one at the end, or it decodes everything. Usually there is none.
pub(super) fn readings(uri: &str) -> Vec<String> {
    let Parts {
        scheme,
        authority,
        rest,
    } = Parts::of(uri);
    let mut beginning = scheme.map_or_else(String::new, |scheme| format!("{scheme}:"));
    if let Some(authority) = authority {
        let host = authority
            .rsplit_once('@')
            .map_or(authority, |(_, host)| host);
        beginning += "//";
        beginning += host;
    }
    let without_fragment = rest.split('#').next().unwrap_or_default();
    let path_end = without_fragment.find('?');
    let (path, query) = without_fragment.split_at(path_end.unwrap_or(without_fragment.len()));
    let path = with_single_slashes(&decoded(path));
    let shorter = path.strip_suffix('/').unwrap_or(&path);
    let is_web_root = path.is_empty() && matches!(scheme, Some("http" | "https"));
    let mut readings = Vec::new();
    let mut add = |path: &str, query: &str| {
        let reading = format!("{beginning}{path}{query}");
        if reading != uri && !readings.contains(&reading) {
            readings.push(reading);
        }
    };
    add(&path, query);
    add(&path, "");
    add(if is_web_root { "/" } else { shorter }, "");
    readings
}

/// The same URI as that of a directory, whose members begin with it.
pub(super) fn as_directory(uri: &str) -> String {
    let end = uri.find(['?', '#']).unwrap_or(uri.len());
    let path = uri.get(..end).unwrap_or_default();
    format!("{}/", path.strip_suffix('/').unwrap_or(path))
}

struct Parts<'u> {
    scheme: Option<&'u str>,
    authority: Option<&'u str>,
    /// Path, query and fragment.
    rest: &'u str,
}

impl<'u> Parts<'u> {
    fn of(uri: &'u str) -> Self {
        let (scheme, rest) = match uri.split_once(':') {
            Some((scheme, rest)) => (Some(scheme), rest),
            None => (None, uri),
        };
        let behind = rest.strip_prefix("//").filter(|_| scheme.is_some());
        let split = behind
            .map(|behind| behind.split_at(behind.find(['/', '?', '#']).unwrap_or(behind.len())));
        Parts {
            scheme,
            authority: split.map(|(authority, _)| authority),
            rest: split.map_or(rest, |(_, rest)| rest),
        }
    }
}

fn without_default_port<'a>(scheme: &str, authority: &'a str) -> &'a str {
    let port = match scheme {
        "http" | "ws" => ":80",
        "https" | "wss" => ":443",
        _ => return authority,
    };
    let bare = authority.strip_suffix(port);
    bare.or_else(|| authority.strip_suffix(':'))
        .unwrap_or(authority)
}

/// With percent-encoding for each byte that no URI has as it is, and for no unreserved one.
fn encoded_once(uri: &str) -> String {
    recoded(uri, is_unreserved, |byte| {
        is_unreserved(byte) || is_reserved(byte)
    })
}

/// With each printable ASCII character as it is. `?`, `#` and `%` stay encoded, so that the path
/// keeps its end.
fn decoded(path: &str) -> String {
    let is_plain = |byte: u8| byte == b'/' || is_unreserved(byte) || is_in_segments(byte);
    let path = recoded(path, is_plain, |byte| {
        is_unreserved(byte) || is_reserved(byte)
    });
    path.replace("%5C", "/")
}

/// A text in which escapes of some bytes are decoded, and only some bytes are left without one.
fn recoded(text: &str, is_decoded: impl Fn(u8) -> bool, is_left: impl Fn(u8) -> bool) -> String {
    let mut recoded = String::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        let escaped = read_escape(rest);
        let (byte, behind) = escaped.unwrap_or((*first, behind));
        let is_plain = if escaped.is_some() {
            is_decoded(byte)
        } else {
            is_left(byte)
        };
        if is_plain {
            recoded.push(char::from(byte));
        } else {
            // Writing to a String can't fail.
            let _ = write!(recoded, "%{byte:02X}");
        }
        rest = behind;
    }
    recoded
}

/// The byte of an escape at the beginning, and what is behind it.
fn read_escape(text: &[u8]) -> Option<(u8, &[u8])> {
    let [b'%', high, low, behind @ ..] = text else {
        return None;
    };
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    let byte = u8::try_from(digit(high)? * 16 + digit(low)?).ok()?;
    Some((byte, behind))
}

fn with_single_slashes(path: &str) -> String {
    let mut single = String::with_capacity(path.len());
    for character in path.chars() {
        if character != '/' || !single.ends_with('/') {
            single.push(character);
        }
    }
    single
}

const fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// Beside unreserved ones (RFC 3986 section 3.3).
const fn is_in_segments(byte: u8) -> bool {
    matches!(byte, b'!' | b'$' | b'&'..=b',' | b';' | b'=' | b':' | b'@')
}

const fn is_reserved(byte: u8) -> bool {
    is_in_segments(byte) || matches!(byte, b'/' | b'?' | b'#' | b'[' | b']')
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
            ("file:///%", Some("file:///%25")),
            ("file:///%4", Some("file:///%254")),
            ("file:///%zz%+1", Some("file:///%25zz%25+1")),
            ("file:///%\u{e9}", Some("file:///%25%C3%A9")),
            ("file:///a b{c}", Some("file:///a%20b%7Bc%7D")),
            ("file:///a*", Some("file:///a*")),
            ("file:/a", Some("file:///a")),
            ("file:a", Some("file:///a")),
            ("file://LocalHost/a", Some("file:///a")),
            ("file://host/a", Some("file://host/a")),
            ("file://", Some("file://")),
            ("https://a:443/b", Some("https://a/b")),
            ("https://a:80/b", Some("https://a:80/b")),
            ("http://a:80", Some("http://a")),
            ("http://a:/b", Some("http://a/b")),
            ("https:///A:443/b", Some("https://a/b")),
            ("https:/a/b", Some("https://a/b")),
            ("https://", Some("https://")),
            ("https://?a", Some("https://?a")),
            ("note://\u{e9}", Some("note://%c3%a9")),
            ("https://\u{ff41}pi.example.com/", None),
            ("https://%EF%BD%81pi.example.com/", None),
            ("https:/\u{ff41}pi.example.com/", None),
            ("file://\u{ff4c}ocalhost/", None),
            (" file:///a", None),
            ("file:///a\u{a0}", None),
            ("file:///a\\b", None),
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
