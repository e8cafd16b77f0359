//! The claims of a token, typed.

pub(crate) mod access_token;
pub(crate) mod actor;
pub(crate) mod claim_path;
pub(crate) mod identity;
pub(crate) mod mapped;
pub(crate) mod required_claim;
pub(crate) mod requirement;
pub(crate) mod roles;
pub(crate) mod values;
