//! Keys: a JWK Set to keys that are prepared once, and what verifies with them.

pub(crate) mod algorithm;
pub(crate) mod ed25519_points;
pub(crate) mod jwk;
pub(crate) mod key_set;
#[cfg(feature = "pem")]
pub(crate) mod pem;
pub(crate) mod secret;
pub(crate) mod signature;
