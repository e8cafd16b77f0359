//! Whether a proof was made for the URL of its request (RFC 9449 section 4.3, check 9).
//!
//! Scheme, host and port come from configuration, and never from the request. Of the request only
//! its path is read.

mod path;
mod rewrite;
#[cfg(test)]
mod tests;

use std::net::Ipv6Addr;

use super::dpop_error::DpopError;
use crate::core::{split_identifier, without_user_info};
use path::{MAX_BYTES, decode_unreserved, normalise_path};

pub(crate) use rewrite::PathRewrite;

/// Scheme, host and port by which clients reach this API (RFC 6454 section 4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    scheme: Scheme,
    /// In lower case; an IPv6 address is in its brackets.
    host: String,
    port: u16,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scheme {
    Http,
    Https,
}

impl Scheme {
    fn of(text: &str) -> Option<Self> {
        if text.eq_ignore_ascii_case("https") {
            Some(Scheme::Https)
        } else if text.eq_ignore_ascii_case("http") {
            Some(Scheme::Http)
        } else {
            None
        }
    }

    /// RFC 9110 sections 4.2.1 and 4.2.2.
    const fn default_port(self) -> u16 {
        match self {
            Scheme::Http => 80,
            Scheme::Https => 443,
        }
    }
}

impl Origin {
    /// Reads `scheme://host[:port]` with nothing else, except for one slash at the end. The scheme
    /// is https, or http on loopback.
    pub(crate) fn parse(text: &str) -> Result<Self, DpopError> {
        Self::read(text).unwrap_or_else(|| {
            Err(DpopError::Origin {
                found: without_user_info(text).into_owned(),
            })
        })
    }

    fn read(text: &str) -> Option<Result<Self, DpopError>> {
        if text.len() > MAX_BYTES {
            return None;
        }
        let text = text.to_ascii_lowercase();
        let (origin, path) = split_identifier(&text)?;
        let (scheme, authority) = origin.split_once("://")?;
        let scheme = Scheme::of(scheme)?;
        let (host, port) = split_authority(authority)?;
        let address = host
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'));
        if address.is_some_and(|address| address.parse::<Ipv6Addr>().is_err()) {
            return None;
        }
        let port = port_number(port, scheme)?;
        if !matches!(path, "" | "/") {
            return Some(Err(DpopError::OriginWithPath { found: text }));
        }
        let host = host.to_owned();
        Some(Ok(Origin { scheme, host, port }))
    }

    /// The path of a URL of this origin. `None` for a URL of another one, and for what is not an
    /// absolute URL without user information.
    fn path_of<'u>(&self, uri: &'u str) -> Option<&'u str> {
        let uri = uri.split(['?', '#']).next()?;
        // A URI is ASCII without white space (RFC 3986 section 2).
        if uri.len() > MAX_BYTES || !uri.bytes().all(|byte| byte.is_ascii_graphic()) {
            return None;
        }
        let (scheme, rest) = uri.split_once("://")?;
        let scheme = Scheme::of(scheme)?;
        let path_at = rest.find('/').unwrap_or(rest.len());
        let (authority, path) = rest.split_at_checked(path_at)?;
        // User information makes the host another one, since no host of ours has an `@`.
        let (host, port) = split_authority(authority)?;
        let is_ours = scheme == self.scheme
            && port_number(port, scheme) == Some(self.port)
            && self.has_host(host);
        is_ours.then_some(path)
    }

    /// RFC 3986 sections 6.2.2.1 and 6.2.2.2. An address in brackets has no percent-encoding.
    fn has_host(&self, host: &str) -> bool {
        if host.starts_with('[') {
            return host.eq_ignore_ascii_case(&self.host);
        }
        decode_unreserved(host).is_some_and(|host| host.eq_ignore_ascii_case(&self.host))
    }
}

/// Whether the claim `htu` names the URL of the request: the origin, and the path of the request's
/// target on the wire.
///
/// Both sides are normalised by RFC 3986 sections 6.2.2 and 6.2.3: case of scheme and host, default
/// and empty port, empty path, dot segments, percent-encoding of unreserved characters, and case of
/// hex digits. Nothing else is equal: `%2F` is not `/`, `//` is not `/`, `\` is not `/`, and a host
/// with a trailing dot is another host.
///
/// The query and fragment of `htu` and the query of the target are dropped unread (RFC 9449 section
/// 4.3). Of a target in absolute form only the path is read. `*` is an empty path (RFC 9112 section
/// 3.3).
pub(crate) fn htu_matches(
    htu: &str,
    origin: &Origin,
    rewrite: Option<&PathRewrite>,
    target: &str,
) -> bool {
    let claimed = origin.path_of(htu).and_then(normalise_path);
    let requested = path_of_target(target).and_then(normalise_path);
    match (claimed, requested, rewrite) {
        (Some(claimed), Some(requested), None) => claimed == requested,
        (Some(claimed), Some(requested), Some(rewrite)) => rewrite.leads(&claimed, &requested),
        (None, _, _) | (_, None, _) => false,
    }
}

/// The path of a request target (RFC 9112 section 3.2). `None` for the authority form.
fn path_of_target(target: &str) -> Option<&str> {
    let path = target.split('?').next()?;
    let path = if path.starts_with('/') {
        path
    } else if path == "*" {
        ""
    } else {
        let (scheme, rest) = path.split_once("://")?;
        Scheme::of(scheme)?;
        let path_at = rest.find('/').unwrap_or(rest.len());
        rest.get(path_at..)?
    };
    (path.len() <= MAX_BYTES).then_some(path)
}

/// Host and port. The port is empty where there is none.
fn split_authority(authority: &str) -> Option<(&str, &str)> {
    if !authority.starts_with('[') {
        return Some(authority.split_once(':').unwrap_or((authority, "")));
    }
    let end = authority.find(']')?;
    let (host, rest) = authority.split_at_checked(end + 1)?;
    match rest.strip_prefix(':') {
        Some(port) => Some((host, port)),
        None => rest.is_empty().then_some((host, "")),
    }
}

fn port_number(port: &str, scheme: Scheme) -> Option<u16> {
    if port.is_empty() {
        return Some(scheme.default_port());
    }
    // No rule of RFC 3986 makes `0443` the same as `443`.
    let is_number = port.bytes().all(|byte| byte.is_ascii_digit()) && !port.starts_with('0');
    port.parse().ok().filter(|_| is_number)
}
