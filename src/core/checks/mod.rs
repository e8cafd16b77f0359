//! The checks of a token, one a function.

pub(crate) mod claims;
pub(crate) mod key_issuer;
pub(crate) mod spiffe;
