//! RustCrypto, by the verifiers of jsonwebtoken: without C. It has no ES512, ES256K and ML-DSA, and RSA up to 4096 bits.
//!
//! Never by jsonwebtoken's default provider, which is one for the whole process.

use jsonwebtoken::DecodingKey;
use jsonwebtoken::crypto::rust_crypto::DEFAULT_PROVIDER;
#[cfg(not(feature = "aws-lc-rs"))]
use sha2::{Digest, Sha256};

use super::{KeyRefused, Material, SignatureError};
use crate::core::algorithm::Algorithm;

/// RSA keys are verified with up to this size, in bytes of the modulus.
const MAX_MODULUS_BYTES: usize = 512;

/// The key's material. The verifier itself can be neither shared nor sent, so it is made for each signature.
pub(super) struct Key {
    algorithm: jsonwebtoken::Algorithm,
    key: DecodingKey,
}

impl Key {
    pub(super) fn prepare(key: &Material<'_>, algorithm: Algorithm) -> Result<Self, KeyRefused> {
        let algorithm = name_of(algorithm).ok_or(KeyRefused::Unsupported)?;
        let key = match key {
            Material::Rsa { n, .. } if n.len() > MAX_MODULUS_BYTES => {
                return Err(KeyRefused::Unsupported);
            }
            Material::Rsa { n, e } => DecodingKey::from_rsa_raw_components(n, e),
            // An uncompressed point (SEC 1 section 2.3.3).
            Material::Ec { x, y, .. } => DecodingKey::from_ec_der(&[&[0x04], &x[..], y].concat()),
            Material::Ed25519 { x } => DecodingKey::from_ed_der(x),
            Material::Hmac { secret, .. } => DecodingKey::from_secret(secret),
            Material::MlDsa { .. } => return Err(KeyRefused::Unsupported),
        };
        // A point that is not on its curve is found here.
        (DEFAULT_PROVIDER.verifier_factory)(&algorithm, &key).map_err(|_| KeyRefused::Malformed)?;
        Ok(Key { algorithm, key })
    }

    pub(super) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), SignatureError> {
        (DEFAULT_PROVIDER.verifier_factory)(&self.algorithm, &self.key)
            .map_err(|_| SignatureError)?
            .verify(message, &signature.to_vec())
            .map_err(|_| SignatureError)
    }
}

fn name_of(algorithm: Algorithm) -> Option<jsonwebtoken::Algorithm> {
    use jsonwebtoken::Algorithm as Name;
    match algorithm {
        Algorithm::RS256 => Some(Name::RS256),
        Algorithm::RS384 => Some(Name::RS384),
        Algorithm::RS512 => Some(Name::RS512),
        Algorithm::PS256 => Some(Name::PS256),
        Algorithm::PS384 => Some(Name::PS384),
        Algorithm::PS512 => Some(Name::PS512),
        Algorithm::ES256 => Some(Name::ES256),
        Algorithm::ES384 => Some(Name::ES384),
        Algorithm::EdDSA | Algorithm::Ed25519 => Some(Name::EdDSA),
        Algorithm::HS256 => Some(Name::HS256),
        Algorithm::HS384 => Some(Name::HS384),
        Algorithm::HS512 => Some(Name::HS512),
        Algorithm::ES512
        | Algorithm::ES256K
        | Algorithm::MlDsa44
        | Algorithm::MlDsa65
        | Algorithm::MlDsa87 => None,
    }
}

#[cfg(not(feature = "aws-lc-rs"))]
pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}
