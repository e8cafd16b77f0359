//! A refusal: why, for programs and for people.

pub(crate) mod audience;
pub(crate) mod claims;
pub(crate) mod denial;
mod explained;
pub(crate) mod form;
pub(crate) mod header;
mod hint;
pub(crate) mod issuer;
pub(crate) mod key;
pub(crate) mod kind;
mod likeness;
pub(crate) mod list;
pub(crate) mod operation;
pub(crate) mod possession;
pub(crate) mod proof;
pub(crate) mod reason;
pub(crate) mod refusal;
pub(crate) mod rejection;
pub(crate) mod time;

#[cfg(test)]
mod tests;
