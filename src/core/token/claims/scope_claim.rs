//! The two claims that scopes are in.

use serde::{Deserialize, Serialize};

/// The claim that a token's scopes are read from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum ScopeClaim {
    /// `scope` (RFC 9068 section 2.2.3), or `scp` if there is no `scope`. Never both together.
    #[default]
    #[serde(rename = "scope")]
    Scope,
    /// `scp`, or `scope` if there is no `scp`.
    #[serde(rename = "scp")]
    Scp,
}
