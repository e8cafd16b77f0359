//! HTTP without the types of a crate: credentials from header values, answers to refused requests,
//! and the metadata of this API.

mod answer;
mod challenge;
mod credentials;
mod metadata;

pub use answer::Answer;
pub use metadata::ResourceMetadata;
