//! A refusal: why, for programs and for people.

mod explain;
mod hint;
pub(crate) mod reason;
pub(crate) mod refusal;
pub(crate) mod rejection;

#[cfg(test)]
mod tests;
