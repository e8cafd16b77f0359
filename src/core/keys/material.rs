//! Public keys as numbers, and the rules that a key must meet by itself (rows K02, K03 and K07).
//!
//! Every public key passes through here, from a JWK and from PEM alike. Whether a point is on its
//! curve is for the backend.

use crate::core::keys::algorithm::Algorithm;
use crate::core::keys::ed25519_points;
use crate::core::keys::key_family::KeyFamily;
use crate::core::keys::members::without_leading_zeros;
use crate::core::keys::skip_reason::KeyError;

const MIN_RSA_BITS: usize = 2_048;
const MAX_RSA_BITS: usize = 8_192;
/// A caller chooses the key of a proof, and larger keys only cost time.
const MAX_RSA_BITS_OF_PROOF: usize = 4_096;
/// An exponent is at most 2^32, and odd, so it has at most this many bytes.
const MAX_EXPONENT_BYTES: usize = 4;

/// The numbers of a public key. Its form is known to be right, so one key has one spelling.
#[derive(PartialEq, Eq, Hash)]
pub(crate) enum PublicMaterial {
    /// Modulus and exponent, big-endian, no leading zero.
    Rsa { n: Vec<u8>, e: Vec<u8> },
    /// Coordinates, each as long as the field.
    Ec {
        family: KeyFamily,
        x: Vec<u8>,
        y: Vec<u8>,
    },
    /// The encoded point.
    Ed25519 { x: Vec<u8> },
    /// The encoded public key.
    MlDsa { family: KeyFamily, public: Vec<u8> },
}

impl PublicMaterial {
    /// RFC 7518 section 6.3.1. Leading zero bytes are dropped.
    pub(crate) fn rsa(n: Vec<u8>, e: Vec<u8>) -> Result<Self, KeyError> {
        let (n, e) = (without_leading_zeros(n), without_leading_zeros(e));
        let bits = bits(&n);
        if bits < MIN_RSA_BITS {
            return Err(KeyError::RsaTooSmall);
        }
        if bits > MAX_RSA_BITS {
            return Err(KeyError::RsaTooLarge);
        }
        if n.last().is_none_or(|byte| byte % 2 == 0) {
            return Err(KeyError::RsaEvenModulus);
        }
        let is_even = e.last().is_none_or(|byte| byte % 2 == 0);
        if e.len() > MAX_EXPONENT_BYTES || e == [1] || is_even {
            return Err(KeyError::RsaExponent);
        }
        Ok(PublicMaterial::Rsa { n, e })
    }

    /// RFC 7518 section 6.2.1, RFC 8812 section 3.1.
    pub(crate) fn ec(family: KeyFamily, x: Vec<u8>, y: Vec<u8>) -> Result<Self, KeyError> {
        let x = exactly(family, x, "x")?;
        let y = exactly(family, y, "y")?;
        Ok(PublicMaterial::Ec { family, x, y })
    }

    /// RFC 8037 section 2.
    pub(crate) fn ed25519(x: Vec<u8>) -> Result<Self, KeyError> {
        let x = exactly(KeyFamily::Ed25519, x, "x")?;
        if ed25519_points::is_weak(&x) {
            return Err(KeyError::WeakPoint);
        }
        Ok(PublicMaterial::Ed25519 { x })
    }

    /// RFC 9964 section 3.
    pub(crate) fn ml_dsa(algorithm: Algorithm, public: Vec<u8>) -> Result<Self, KeyError> {
        let family = algorithm.family();
        if family.kty() != "AKP" {
            return Err(KeyError::AlgorithmMismatch);
        }
        let public = exactly(family, public, "pub")?;
        Ok(PublicMaterial::MlDsa { family, public })
    }

    /// Whether it is RSA of more bits than the key of a proof may have.
    pub(crate) fn is_larger_than_proofs_have(&self) -> bool {
        matches!(self, PublicMaterial::Rsa { n, .. } if bits(n) > MAX_RSA_BITS_OF_PROOF)
    }

    pub(crate) const fn family(&self) -> KeyFamily {
        match self {
            PublicMaterial::Rsa { .. } => KeyFamily::Rsa,
            PublicMaterial::Ec { family, .. } | PublicMaterial::MlDsa { family, .. } => *family,
            PublicMaterial::Ed25519 { .. } => KeyFamily::Ed25519,
        }
    }

    /// Bytes of a signature, which all algorithms of a family share (RFC 7518 sections 3.3 to 3.5,
    /// RFC 8032, FIPS 204).
    pub(crate) fn signature_bytes(&self) -> usize {
        match self {
            PublicMaterial::Rsa { n, .. } => n.len(),
            PublicMaterial::Ec { x, .. } => 2 * x.len(),
            PublicMaterial::Ed25519 { .. } => 64,
            PublicMaterial::MlDsa { family, .. } => match family {
                KeyFamily::MlDsa44 => 2_420,
                KeyFamily::MlDsa65 => 3_309,
                _ => 4_627,
            },
        }
    }
}

fn exactly(family: KeyFamily, bytes: Vec<u8>, name: &'static str) -> Result<Vec<u8>, KeyError> {
    if family.public_bytes() == Some(bytes.len()) {
        Ok(bytes)
    } else {
        Err(KeyError::MalformedMember(name))
    }
}
/// Bits of a number without a leading zero byte.
fn bits(number: &[u8]) -> usize {
    let zeros = number
        .first()
        .map_or(0, |byte| byte.leading_zeros() as usize);
    number.len() * 8 - zeros
}
