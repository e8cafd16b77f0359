//! The checks of a token, one a function.

pub(crate) mod claims;
pub(crate) mod spiffe;
