//! What is told of decisions: to functions of the user's, and to the crates `tracing`
//! and `metrics` behind the features of their names. Nothing here decides anything.

pub(crate) mod decision;
pub(crate) mod observer;
