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
#[cfg(feature = "actix-web")]
mod optional_token;
mod protect;
#[cfg(any(feature = "tower", feature = "actix-web"))]
mod protected;

#[cfg(any(feature = "tower", feature = "actix-web"))]
pub(crate) use admission::Admission;
pub use answer::Answer;
#[cfg(any(feature = "tower", feature = "actix-web"))]
pub(crate) use answer::DPOP_NONCE;
#[cfg(any(feature = "axum", feature = "actix-web"))]
pub use claims::Claims;
pub use metadata::ResourceMetadata;
#[cfg(feature = "actix-web")]
pub(crate) use metadata::WELL_KNOWN;
#[cfg(feature = "actix-web")]
pub use optional_token::OptionalToken;
pub use protect::Protect;
#[cfg(any(feature = "tower", feature = "actix-web"))]
pub use protected::Protected;
