mod backends;
mod hmac;
mod jwk_sets;
#[cfg(feature = "pem")]
mod pem;
mod published;
mod rfc_vectors;
mod set_settings;
