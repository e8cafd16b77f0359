//! HTTP without the types of a crate: credentials from header values, answers to refused requests,
//! and the metadata of this API.

#[cfg(any(feature = "tower", feature = "actix-web"))]
mod admission;
mod answer;
mod challenge;
#[cfg(any(feature = "axum", feature = "actix-web"))]
mod claims;
mod credentials;
mod metadata;
mod protect;

#[cfg(any(feature = "tower", feature = "actix-web"))]
pub(crate) use admission::Admission;
pub use answer::Answer;
#[cfg(any(feature = "axum", feature = "actix-web"))]
pub use claims::Claims;
pub use metadata::ResourceMetadata;
pub use protect::Protect;
