//! SHA-256 thumbprints of keys and certificates.

use std::fmt;
use std::str::FromStr;

use crate::core::base64url;

/// A SHA-256 thumbprint, of a key (RFC 7638) or of a certificate (RFC 8705 section 3.1).
///
/// ```
/// use resource_server::claims::Thumbprint;
///
/// let text = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs";
/// let thumbprint: Thumbprint = text.parse()?;
/// assert_eq!(thumbprint.to_string(), text);
/// # Ok::<(), resource_server::error::ThumbprintError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Thumbprint([u8; 32]);

impl Thumbprint {
    /// Makes a thumbprint of a digest.
    pub const fn from_bytes(digest: [u8; 32]) -> Self {
        Thumbprint(digest)
    }

    /// The digest itself.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Thumbprint {
    /// 43 characters of base64url.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&base64url::encode(&self.0))
    }
}

impl fmt::Debug for Thumbprint {
    /// Names the type only: a token's confirmation does not belong in a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Thumbprint(..)")
    }
}

impl FromStr for Thumbprint {
    type Err = ThumbprintError;

    /// # Errors
    /// The text is not the 43 characters of canonical base64url of 32 bytes.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bytes = base64url::decode(text).map_err(|_| ThumbprintError)?;
        bytes
            .try_into()
            .map(Thumbprint)
            .map_err(|_| ThumbprintError)
    }
}

/// The text is not a SHA-256 thumbprint in base64url.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a SHA-256 thumbprint: 43 characters of base64url without padding")]
pub struct ThumbprintError;
