//! AWS-LC through aws-lc-rs. It has every algorithm, and its keys are parsed once.

use aws_lc_rs::rsa::PublicKeyComponents;
use aws_lc_rs::signature::{self as backend, ParsedPublicKey};
use aws_lc_rs::{constant_time, digest, hmac, rand};

use super::{KeyRefused, NoRandomBytes, SignatureError};
use crate::core::keys::algorithm::Algorithm;
use crate::core::keys::material::PublicMaterial;

pub(crate) enum Key {
    Public(ParsedPublicKey),
    Secret(Box<hmac::Key>),
}

impl Key {
    /// It has every algorithm of public keys, and keys of every size that is accepted.
    pub(crate) fn check_support(
        key: &PublicMaterial,
        algorithm: Algorithm,
    ) -> Result<(), KeyRefused> {
        if key.family() == algorithm.family() {
            Ok(())
        } else {
            Err(KeyRefused::Unsupported)
        }
    }

    pub(crate) fn prepare(key: &PublicMaterial, algorithm: Algorithm) -> Result<Self, KeyRefused> {
        parse(key, algorithm).map(Key::Public)
    }

    pub(crate) fn of_secret(secret: &[u8], algorithm: Algorithm) -> Result<Self, KeyRefused> {
        let hash = match algorithm {
            Algorithm::HS256 => hmac::HMAC_SHA256,
            Algorithm::HS384 => hmac::HMAC_SHA384,
            Algorithm::HS512 => hmac::HMAC_SHA512,
            _ => return Err(KeyRefused::Unsupported),
        };
        Ok(Key::Secret(Box::new(hmac::Key::new(hash, secret))))
    }

    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), SignatureError> {
        match self {
            Key::Public(key) => key.verify_sig(message, signature),
            // This compares in constant time.
            Key::Secret(key) => hmac::verify(key, message, signature),
        }
        .map_err(|_| SignatureError)
    }

    pub(crate) fn tag(&self, message: &[u8]) -> Option<Vec<u8>> {
        match self {
            Key::Public(_) => None,
            Key::Secret(key) => Some(hmac::sign(key, message).as_ref().to_vec()),
        }
    }
}

fn parse(material: &PublicMaterial, algorithm: Algorithm) -> Result<ParsedPublicKey, KeyRefused> {
    let parsed = match material {
        PublicMaterial::Rsa { n, e } => {
            let parameters = match algorithm {
                Algorithm::RS256 => &backend::RSA_PKCS1_2048_8192_SHA256,
                Algorithm::RS384 => &backend::RSA_PKCS1_2048_8192_SHA384,
                Algorithm::RS512 => &backend::RSA_PKCS1_2048_8192_SHA512,
                Algorithm::PS256 => &backend::RSA_PSS_2048_8192_SHA256,
                Algorithm::PS384 => &backend::RSA_PSS_2048_8192_SHA384,
                Algorithm::PS512 => &backend::RSA_PSS_2048_8192_SHA512,
                _ => return Err(KeyRefused::Unsupported),
            };
            PublicKeyComponents { n, e }.to_parsed_public_key(parameters)
        }
        PublicMaterial::Ec { x, y, .. } => {
            let parameters = match algorithm {
                Algorithm::ES256 => &backend::ECDSA_P256_SHA256_FIXED,
                Algorithm::ES384 => &backend::ECDSA_P384_SHA384_FIXED,
                Algorithm::ES512 => &backend::ECDSA_P521_SHA512_FIXED,
                Algorithm::ES256K => &backend::ECDSA_P256K1_SHA256_FIXED,
                _ => return Err(KeyRefused::Unsupported),
            };
            // An uncompressed point (SEC 1 section 2.3.3).
            let mut point = Vec::with_capacity(1 + x.len() + y.len());
            point.push(0x04);
            point.extend_from_slice(x);
            point.extend_from_slice(y);
            ParsedPublicKey::new(parameters, point)
        }
        PublicMaterial::Ed25519 { x } => ParsedPublicKey::new(&backend::ED25519, x),
        PublicMaterial::MlDsa { public, .. } => {
            let parameters = match algorithm {
                Algorithm::MlDsa44 => &backend::ML_DSA_44,
                Algorithm::MlDsa65 => &backend::ML_DSA_65,
                Algorithm::MlDsa87 => &backend::ML_DSA_87,
                _ => return Err(KeyRefused::Unsupported),
            };
            ParsedPublicKey::new(parameters, public)
        }
    };
    parsed.map_err(|_| KeyRefused::Malformed)
}

pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    for (to, from) in out
        .iter_mut()
        .zip(digest::digest(&digest::SHA256, bytes).as_ref())
    {
        *to = *from;
    }
    out
}

/// Fills the whole of `bytes`, for secrets.
pub(crate) fn fill_random(bytes: &mut [u8]) -> Result<(), NoRandomBytes> {
    rand::fill(bytes).map_err(|_| NoRandomBytes)
}

/// The time depends on the lengths alone.
pub(crate) fn is_equal_in_constant_time(one: &[u8], other: &[u8]) -> bool {
    constant_time::verify_slices_are_equal(one, other).is_ok()
}
