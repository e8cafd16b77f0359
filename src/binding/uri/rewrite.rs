//! A proxy that replaces the beginning of a path before a request reaches this API.

use super::super::dpop_error::DpopError;
use super::path::{MAX_BYTES, decode_unreserved, without_dot_segments};

/// A proxy in front of this API replaces an external path prefix by an internal one. This setting
/// undoes that for the comparison of URLs, on whole segments.
///
/// A path outside of the internal prefix is compared as it is. The root (`/`) is the prefix of
/// every path. It has one spelling and a prefix has two (`/api`, `/api/`), so where either side is
/// the root, both spellings lead to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PathRewrite {
    /// Normalised, without a slash at the end, so the root is empty.
    internal: String,
    external: String,
}

impl PathRewrite {
    /// From the prefix that this API sees, and the one that clients see.
    pub(crate) fn parse(internal: &str, external: &str) -> Result<Self, DpopError> {
        let prefix = |text: &str| {
            read_prefix(text).ok_or_else(|| DpopError::PathPrefix {
                found: text.to_owned(),
            })
        };
        Ok(PathRewrite {
            internal: prefix(internal)?,
            external: prefix(external)?,
        })
    }

    /// Whether a request that clients send to the path `claimed` arrives here as `requested`. Both
    /// are normalised.
    pub(super) fn leads(&self, claimed: &str, requested: &str) -> bool {
        let Some(requested) = after_prefix(requested, &self.internal) else {
            return claimed == requested;
        };
        let Some(claimed) = after_prefix(claimed, &self.external) else {
            return false;
        };
        let is_root = |rest: &str| matches!(rest, "" | "/");
        let has_root = self.internal.is_empty() || self.external.is_empty();
        claimed == requested || has_root && is_root(claimed) && is_root(requested)
    }
}

/// What follows the prefix, if that ends at the end of a segment.
fn after_prefix<'p>(path: &'p str, prefix: &str) -> Option<&'p str> {
    let rest = path.strip_prefix(prefix)?;
    (rest.is_empty() || rest.starts_with('/')).then_some(rest)
}

fn read_prefix(text: &str) -> Option<String> {
    if text == "/" {
        return Some(String::new());
    }
    let is_of_path = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'?' | b'#');
    let is_prefix = text.len() <= MAX_BYTES
        && text.starts_with('/')
        && !text.ends_with('/')
        && text.bytes().all(is_of_path);
    let prefix = decode_unreserved(text).filter(|_| is_prefix)?;
    (without_dot_segments(&prefix) == prefix).then_some(prefix)
}
