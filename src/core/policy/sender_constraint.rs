//! What the tokens of an issuer must be bound to.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What an issuer's tokens must be bound to (RFC 9700 section 2.2.1). A binding that a token has is
/// checked with every value of this setting.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum SenderConstraint {
    /// Tokens without a binding are accepted as bearer tokens.
    #[default]
    #[serde(rename = "if_bound")]
    IfBound,
    /// Each token is bound to a key of its client by DPoP (RFC 9449).
    #[serde(rename = "dpop")]
    Dpop,
    /// Each token is bound to the certificate of its client by mutual TLS (RFC 8705).
    #[serde(rename = "mtls")]
    MutualTls,
    /// Each token is bound in one of the two ways.
    #[serde(rename = "either")]
    Either,
}

impl SenderConstraint {
    /// Its name in a configuration file.
    pub const fn as_str(self) -> &'static str {
        match self {
            SenderConstraint::IfBound => "if_bound",
            SenderConstraint::Dpop => "dpop",
            SenderConstraint::MutualTls => "mtls",
            SenderConstraint::Either => "either",
        }
    }
}

impl fmt::Display for SenderConstraint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
