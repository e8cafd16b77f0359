//! How much of a response is read.

use std::fmt;

use crate::core::KeySetLimits;

use super::super::bounds::{MAX_INTROSPECTION_BYTES, MAX_KEY_SET_BYTES, MAX_METADATA_BYTES};

/// The largest body that is read, and the setting that says so, where there is one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BodyLimit {
    bytes: usize,
    setting: Option<&'static str>,
}

impl BodyLimit {
    pub(crate) const METADATA: BodyLimit = BodyLimit {
        bytes: MAX_METADATA_BYTES,
        setting: None,
    };
    pub(super) const INTROSPECTION: BodyLimit = BodyLimit {
        bytes: MAX_INTROSPECTION_BYTES,
        setting: None,
    };

    pub(super) fn bytes(self) -> usize {
        self.bytes
    }

    pub(crate) fn of_key_set(limits: KeySetLimits) -> Self {
        BodyLimit {
            bytes: limits.max_bytes(),
            setting: Some(MAX_KEY_SET_BYTES),
        }
    }
}

impl fmt::Display for BodyLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.bytes)?;
        match self.setting {
            Some(setting) => write!(f, " (raise {setting})"),
            None => Ok(()),
        }
    }
}
