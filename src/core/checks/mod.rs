//! The checks, one a function. A JWT and an introspection response share most of them.

pub(crate) mod accepted_again;
pub(crate) mod audience;
pub(crate) mod binding;
pub(crate) mod claims;
mod form;
pub(crate) mod header;
pub(crate) mod issuer;
pub(crate) mod key;
mod key_issuer;
pub(crate) mod kind;
pub(crate) mod mapped;
pub(crate) mod operation;
pub(crate) mod time;
