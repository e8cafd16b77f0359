//! What an API accepts from one issuer, and where it reads the claims of its tokens.

pub(crate) mod accepted;
pub(crate) mod builder;
mod check;
mod fapi2;
pub(crate) mod mapping;
pub(crate) mod problem;
pub(crate) mod profile;
pub(crate) mod scope_hierarchy;
pub(crate) mod sender_constraint;
pub(crate) mod settings;
pub(crate) mod tenants;
