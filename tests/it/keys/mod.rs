mod backends;
mod hmac;
mod jwk_sets;
#[cfg(feature = "pem")]
mod pem;
mod rfc_vectors;
