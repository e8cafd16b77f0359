//! Bounds of a key set.

/// The largest text of keys that is read, in bytes.
pub(crate) const MAX_SET_BYTES: usize = 256 * 1024;
/// Keys accepted from one text.
pub(crate) const MAX_KEYS: usize = 100;
