//! The authorization server's own answer about a token.

pub(crate) mod introspected;
pub(crate) mod response;
#[cfg(feature = "fetch")]
pub(crate) mod signed;
