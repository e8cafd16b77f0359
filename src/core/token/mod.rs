//! A token: its compact form, its claims set, and what the user reads of it.

pub(crate) mod bytes;
pub(crate) mod claim_name;
pub(crate) mod claims;
pub(crate) mod date;
pub(crate) mod footprint;
pub(crate) mod jws;
pub(crate) mod media_type;
pub(crate) mod payload;
pub(crate) mod presented;
pub(crate) mod text;
