//! Keys: a JWK Set to keys that are prepared once, and what verifies with them.

pub(crate) mod algorithm;
mod ed25519_points;
mod footprint;
mod jwk;
pub(crate) mod key_family;
pub(crate) mod key_set;
pub(crate) mod limits;
mod material;
pub(crate) mod members;
pub(crate) mod notes;
#[cfg(feature = "pem")]
pub(crate) mod pem;
pub(crate) mod secret;
pub(crate) mod selection;
pub(crate) mod signature;
pub(crate) mod skip_reason;
mod thumbprint;
pub(crate) mod verification_key;

pub(crate) use jwk::KeyUse;
