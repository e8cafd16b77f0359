//! The checks, one a function: those of a JWT and of an introspection response alike.

pub(crate) mod audience;
pub(crate) mod claims;
mod form;
pub(crate) mod header;
pub(crate) mod issuer;
pub(crate) mod key;
pub(crate) mod kind;
pub(crate) mod mapped;
pub(crate) mod time;
