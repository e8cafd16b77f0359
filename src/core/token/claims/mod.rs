//! The claims of a token, typed.

pub(crate) mod actor;
pub(crate) mod authorization_detail;
pub(crate) mod checked;
pub(crate) mod claim_path;
pub(crate) mod identity;
pub(crate) mod required_claim;
pub(crate) mod requirement;
pub(crate) mod roles;
pub(crate) mod scope_claim;
pub(crate) mod spiffe;
pub(crate) mod values;
