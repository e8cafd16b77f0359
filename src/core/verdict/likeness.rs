//! How two names of issuers or audiences differ, if one may be a slip for the other.

/// The difference between two similar names; the smallest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Difference {
    TrailingSlash,
    Case,
    Scheme,
    Port,
    Path,
}

impl Difference {
    pub(super) fn in_words(self) -> &'static str {
        match self {
            Difference::TrailingSlash => {
                "only in a trailing slash: write the issuer as the token has it. The address to \
                 fetch from is another setting (discovery_at, jwks_at)."
            }
            Difference::Case => {
                "only in upper and lower case: write the issuer as the token has it."
            }
            Difference::Scheme => {
                "in the scheme (http or https): write the issuer as the token has it. The address \
                 to fetch from is another setting (discovery_at, jwks_at)."
            }
            Difference::Port => {
                "in the port: write the issuer as the token has it. The address to fetch from is \
                 another setting (discovery_at, jwks_at)."
            }
            Difference::Path => {
                "in the path, which is often the tenant or realm: is the token from another one, \
                 or another environment?"
            }
        }
    }
}

pub(super) fn difference(found: &str, expected: &str) -> Option<Difference> {
    let bare = |text: &str| text.trim_end_matches('/').to_owned();
    if bare(found) == bare(expected) {
        return Some(Difference::TrailingSlash);
    }
    if found.eq_ignore_ascii_case(expected) {
        return Some(Difference::Case);
    }
    let (found_scheme, found_rest) = found.split_once("://")?;
    let (expected_scheme, expected_rest) = expected.split_once("://")?;
    if bare(found_rest) == bare(expected_rest) && found_scheme != expected_scheme {
        return Some(Difference::Scheme);
    }
    let (found_host, found_path) = found_rest.split_once('/').unwrap_or((found_rest, ""));
    let (expected_host, expected_path) =
        expected_rest.split_once('/').unwrap_or((expected_rest, ""));
    if found_host == expected_host && found_path != expected_path {
        return Some(Difference::Path);
    }
    let (found_name, found_port) = host_and_port(found_host)?;
    let (expected_name, expected_port) = host_and_port(expected_host)?;
    (found_name == expected_name && found_port != expected_port).then_some(Difference::Port)
}

/// `None` if there is more, such as a user name that looks like a host.
fn host_and_port(authority: &str) -> Option<(&str, &str)> {
    // An IPv6 address has colons within its brackets.
    let host_end = authority.rfind(']').map_or(0, |bracket| bracket + 1);
    let colon = authority.get(host_end..)?.find(':').map(|at| host_end + at);
    let (host, port) = match colon {
        Some(colon) => (authority.get(..colon)?, authority.get(colon + 1..)?),
        None => (authority, ""),
    };
    let is_plain = !host.contains('@') && port.bytes().all(|byte| byte.is_ascii_digit());
    is_plain.then_some((host, port))
}
