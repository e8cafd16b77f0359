//! RustCrypto, a backend without C. It has no ES512, ES256K and ML-DSA here, and RSA keys of at
//! most 4096 bits.

use hmac::{Hmac, Mac};
use rsa::{BigUint, Pkcs1v15Sign, Pss, RsaPublicKey};
use sha2::{Digest, Sha256, Sha384, Sha512};
use signature::Verifier;

#[cfg(not(feature = "aws-lc-rs"))]
use super::NoRandomBytes;
use super::{KeyRefused, SignatureError};
use crate::core::keys::algorithm::Algorithm;
use crate::core::keys::material::PublicMaterial;

/// The largest RSA key, in bytes of its modulus.
const MAX_MODULUS_BYTES: usize = 512;

pub(crate) enum Key {
    Rsa(Box<RsaKey>),
    P256(p256::ecdsa::VerifyingKey),
    P384(p384::ecdsa::VerifyingKey),
    Ed25519(Box<ed25519_dalek::VerifyingKey>),
    Hs256(Box<Hmac<Sha256>>),
    Hs384(Box<Hmac<Sha384>>),
    Hs512(Box<Hmac<Sha512>>),
}

pub(crate) struct RsaKey {
    key: RsaPublicKey,
    /// Big-endian, as long as a signature.
    modulus: Vec<u8>,
    hash: Hash,
    is_pss: bool,
}

#[derive(Clone, Copy)]
enum Hash {
    Sha256,
    Sha384,
    Sha512,
}

impl Key {
    /// Whether keys of this size have this algorithm here.
    pub(crate) fn check_support(
        key: &PublicMaterial,
        algorithm: Algorithm,
    ) -> Result<(), KeyRefused> {
        let is_supported = match key {
            // Where the modulus is one bit over whole bytes, the library drops the first byte of
            // what it decodes. It does not check that this byte is zero (RFC 8017 section 8.1.2
            // step 2c).
            PublicMaterial::Rsa { n, .. } => {
                n.len() <= MAX_MODULUS_BYTES && !(is_pss(algorithm) && n.first() == Some(&1))
            }
            PublicMaterial::Ec { .. } => {
                matches!(algorithm, Algorithm::ES256 | Algorithm::ES384)
            }
            PublicMaterial::Ed25519 { .. } => true,
            PublicMaterial::MlDsa { .. } => false,
        };
        if is_supported {
            Ok(())
        } else {
            Err(KeyRefused::Unsupported)
        }
    }

    pub(crate) fn prepare(key: &PublicMaterial, algorithm: Algorithm) -> Result<Self, KeyRefused> {
        match key {
            PublicMaterial::Rsa { n, e } => {
                RsaKey::prepare(n, e, algorithm).map(Box::new).map(Key::Rsa)
            }
            PublicMaterial::Ec { x, y, .. } => {
                // An uncompressed point (SEC 1 section 2.3.3).
                let point = [&[0x04], &x[..], y].concat();
                match algorithm {
                    Algorithm::ES256 => p256::ecdsa::VerifyingKey::from_sec1_bytes(&point)
                        .map(Key::P256)
                        .map_err(|_| KeyRefused::Malformed),
                    Algorithm::ES384 => p384::ecdsa::VerifyingKey::from_sec1_bytes(&point)
                        .map(Key::P384)
                        .map_err(|_| KeyRefused::Malformed),
                    _ => Err(KeyRefused::Unsupported),
                }
            }
            PublicMaterial::Ed25519 { x } => {
                let x = x.as_slice().try_into().map_err(|_| KeyRefused::Malformed)?;
                ed25519_dalek::VerifyingKey::from_bytes(x)
                    .map(Box::new)
                    .map(Key::Ed25519)
                    .map_err(|_| KeyRefused::Malformed)
            }
            PublicMaterial::MlDsa { .. } => Err(KeyRefused::Unsupported),
        }
    }

    pub(crate) fn of_secret(secret: &[u8], algorithm: Algorithm) -> Result<Self, KeyRefused> {
        match algorithm {
            Algorithm::HS256 => with_secret(secret).map(Key::Hs256),
            Algorithm::HS384 => with_secret(secret).map(Key::Hs384),
            Algorithm::HS512 => with_secret(secret).map(Key::Hs512),
            _ => Err(KeyRefused::Unsupported),
        }
    }

    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), SignatureError> {
        match self {
            Key::Rsa(key) => return key.verify(message, signature),
            Key::P256(key) => p256::ecdsa::Signature::from_slice(signature)
                .and_then(|signature| key.verify(message, &signature))
                .ok(),
            Key::P384(key) => p384::ecdsa::Signature::from_slice(signature)
                .and_then(|signature| key.verify(message, &signature))
                .ok(),
            Key::Ed25519(key) => ed25519_dalek::Signature::from_slice(signature)
                .and_then(|signature| key.verify(message, &signature))
                .ok(),
            // This compares the whole tag in constant time.
            Key::Hs256(key) => key
                .as_ref()
                .clone()
                .chain_update(message)
                .verify_slice(signature)
                .ok(),
            Key::Hs384(key) => key
                .as_ref()
                .clone()
                .chain_update(message)
                .verify_slice(signature)
                .ok(),
            Key::Hs512(key) => key
                .as_ref()
                .clone()
                .chain_update(message)
                .verify_slice(signature)
                .ok(),
        }
        .ok_or(SignatureError)
    }

    pub(crate) fn tag(&self, message: &[u8]) -> Option<Vec<u8>> {
        match self {
            Key::Hs256(key) => Some(tag(key.as_ref(), message)),
            Key::Hs384(key) => Some(tag(key.as_ref(), message)),
            Key::Hs512(key) => Some(tag(key.as_ref(), message)),
            Key::Rsa(_) | Key::P256(_) | Key::P384(_) | Key::Ed25519(_) => None,
        }
    }
}

fn tag<M: Mac + Clone>(key: &M, message: &[u8]) -> Vec<u8> {
    let tag = key.clone().chain_update(message).finalize();
    tag.into_bytes().to_vec()
}

const fn is_pss(algorithm: Algorithm) -> bool {
    matches!(
        algorithm,
        Algorithm::PS256 | Algorithm::PS384 | Algorithm::PS512
    )
}

fn with_secret<M: hmac::digest::KeyInit>(secret: &[u8]) -> Result<Box<M>, KeyRefused> {
    M::new_from_slice(secret)
        .map(Box::new)
        .map_err(|_| KeyRefused::Malformed)
}

impl RsaKey {
    fn prepare(n: &[u8], e: &[u8], algorithm: Algorithm) -> Result<Self, KeyRefused> {
        let hash = match algorithm {
            Algorithm::RS256 | Algorithm::PS256 => Hash::Sha256,
            Algorithm::RS384 | Algorithm::PS384 => Hash::Sha384,
            Algorithm::RS512 | Algorithm::PS512 => Hash::Sha512,
            _ => return Err(KeyRefused::Unsupported),
        };
        let key = RsaPublicKey::new(BigUint::from_bytes_be(n), BigUint::from_bytes_be(e))
            .map_err(|_| KeyRefused::Malformed)?;
        Ok(RsaKey {
            key,
            modulus: n.to_vec(),
            hash,
            is_pss: is_pss(algorithm),
        })
    }

    fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), SignatureError> {
        // RFC 8017 section 5.2.2 step 1, which the library omits for PSS. Without it s + n would be
        // a second signature.
        if signature.len() != self.modulus.len() || signature >= &self.modulus[..] {
            return Err(SignatureError);
        }
        match self.hash {
            Hash::Sha256 => self.verify_digest::<Sha256>(message, signature),
            Hash::Sha384 => self.verify_digest::<Sha384>(message, signature),
            Hash::Sha512 => self.verify_digest::<Sha512>(message, signature),
        }
    }

    fn verify_digest<D>(&self, message: &[u8], signature: &[u8]) -> Result<(), SignatureError>
    where
        D: Digest
            + rsa::pkcs8::AssociatedOid
            + sha2::digest::FixedOutputReset
            + Clone
            + Send
            + Sync
            + 'static,
    {
        let digest = D::digest(message);
        let verified = if self.is_pss {
            // The salt must be as long as the hash (RFC 7518 section 3.5).
            self.key.verify(Pss::new::<D>(), &digest, signature)
        } else {
            self.key
                .verify(Pkcs1v15Sign::new::<D>(), &digest, signature)
        };
        verified.map_err(|_| SignatureError)
    }
}

#[cfg(not(feature = "aws-lc-rs"))]
pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// Fills the whole of `bytes`, for secrets.
#[cfg(not(feature = "aws-lc-rs"))]
pub(crate) fn fill_random(bytes: &mut [u8]) -> Result<(), NoRandomBytes> {
    getrandom::fill(bytes).map_err(|_| NoRandomBytes)
}

/// The time depends on the lengths alone.
#[cfg(not(feature = "aws-lc-rs"))]
pub(crate) fn is_equal_in_constant_time(one: &[u8], other: &[u8]) -> bool {
    subtle::ConstantTimeEq::ct_eq(one, other).into()
}
