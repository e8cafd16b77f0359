//! A refusal: why, for programs and for people.

pub(crate) mod explain;
pub(crate) mod facts;
pub(crate) mod reason;
pub(crate) mod recognize;
pub(crate) mod rejection;
