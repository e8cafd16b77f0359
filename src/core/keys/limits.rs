//! Bounds of a key set, which are settings.

use std::ops::RangeInclusive;

/// The largest text of one key that is read by itself, in bytes.
pub(crate) const MAX_JWK_BYTES: usize = 256 * 1024;

const KEYS: RangeInclusive<usize> = 1..=10_000;
const BYTES: RangeInclusive<usize> = 1_024..=16 * 1024 * 1024;
const DEFAULT_KEYS: usize = 1_000;
const DEFAULT_BYTES: usize = 1024 * 1024;

/// Bounds within which a JWK Set is read: 1,000 keys and 1 MiB by default.
///
/// A set over the bound in bytes is refused. Of a set with too many keys the first ones are
/// accepted, and [`KeySet::skipped`](crate::keys::KeySet::skipped) says how many were left out.
///
/// ```
/// use resource_server::keys::{KeySet, KeySetLimits};
///
/// let limits = KeySetLimits::new(10_000, 4 * 1024 * 1024)?;
/// let keys = KeySet::from_jwks_within(r#"{"keys":[]}"#, limits);
/// assert!(keys.is_ok());
/// assert!(KeySetLimits::new(0, 4_096).is_err());
/// # Ok::<(), resource_server::error::KeySetLimitsError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeySetLimits {
    max_keys: usize,
    max_bytes: usize,
}

/// A bound of a key set is out of range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeySetLimitsError {
    /// The number of keys is not from 1 to 10,000.
    #[error("set max_keys from 1 to 10000")]
    MaxKeys,
    /// The size is not from 1 KiB to 16 MiB.
    #[error("set max_key_set_bytes from 1024 to 16777216")]
    MaxBytes,
}

impl KeySetLimits {
    /// At most `max_keys` keys, from 1 to 10,000, and a text of at most `max_bytes` bytes, from 1
    /// KiB to 16 MiB.
    ///
    /// # Errors
    /// A bound is out of range.
    pub fn new(max_keys: usize, max_bytes: usize) -> Result<Self, KeySetLimitsError> {
        if !KEYS.contains(&max_keys) {
            return Err(KeySetLimitsError::MaxKeys);
        }
        if !BYTES.contains(&max_bytes) {
            return Err(KeySetLimitsError::MaxBytes);
        }
        Ok(KeySetLimits {
            max_keys,
            max_bytes,
        })
    }

    /// How many keys of a set are accepted.
    pub const fn max_keys(self) -> usize {
        self.max_keys
    }

    /// The largest text that is read, in bytes.
    pub const fn max_bytes(self) -> usize {
        self.max_bytes
    }
}

impl Default for KeySetLimits {
    fn default() -> Self {
        KeySetLimits {
            max_keys: DEFAULT_KEYS,
            max_bytes: DEFAULT_BYTES,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn k06_bounds_have_ranges() {
        const KIB: usize = 1_024;
        let limits = |keys, bytes| {
            KeySetLimits::new(keys, bytes).map(|limits| (limits.max_keys, limits.max_bytes))
        };
        for (keys, bytes, expected) in [
            (1, KIB, Ok((1, KIB))),
            (10_000, 16 * KIB * KIB, Ok((10_000, 16 * KIB * KIB))),
            (0, KIB, Err(KeySetLimitsError::MaxKeys)),
            (10_001, KIB, Err(KeySetLimitsError::MaxKeys)),
            (1, KIB - 1, Err(KeySetLimitsError::MaxBytes)),
            (1, 16 * KIB * KIB + 1, Err(KeySetLimitsError::MaxBytes)),
        ] {
            assert_eq!(limits(keys, bytes), expected, "{keys} {bytes}");
        }
        let default = KeySetLimits::default();
        assert_eq!(
            KeySetLimits::new(default.max_keys(), default.max_bytes()),
            Ok(default)
        );
    }
}
