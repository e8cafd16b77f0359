//! Keys prepared once for verification, and SHA-256. The only file of the library proper that names a crypto backend.

use std::fmt;

use aws_lc_rs::digest;
use aws_lc_rs::rsa::PublicKeyComponents;
use aws_lc_rs::signature::{self as backend, ParsedPublicKey};

use super::algorithm::{Algorithm, KeyFamily};
use super::claims::Thumbprint;
use super::excerpt::excerpt;

/// The material of a public key, well-formed by its own type's rules.
pub(crate) enum KeyMaterial {
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

impl KeyMaterial {
    pub(crate) const fn family(&self) -> KeyFamily {
        match self {
            KeyMaterial::Rsa { .. } => KeyFamily::Rsa,
            KeyMaterial::Ec { family, .. } | KeyMaterial::MlDsa { family, .. } => *family,
            KeyMaterial::Ed25519 { .. } => KeyFamily::Ed25519,
        }
    }

    /// Bytes of a signature: of all algorithms of a family the same (RFC 7518 sections 3.3 to 3.5, RFC 8032, FIPS 204).
    fn signature_bytes(&self) -> usize {
        match self {
            KeyMaterial::Rsa { n, .. } => n.len(),
            KeyMaterial::Ec { x, .. } => 2 * x.len(),
            KeyMaterial::Ed25519 { .. } => 64,
            KeyMaterial::MlDsa { family, .. } => match family {
                KeyFamily::MlDsa44 => 2_420,
                KeyFamily::MlDsa65 => 3_309,
                _ => 4_627,
            },
        }
    }
}

/// The backend does not take the key: for an elliptic curve, a point that is not on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KeyRefused;

/// The signature is not one of this key over this message by this algorithm.
///
/// ```
/// use resource_server::SignatureError;
///
/// assert_eq!(SignatureError.to_string(), "the signature does not verify");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the signature does not verify")]
pub struct SignatureError;

/// A public key, prepared once and used for many verifications.
///
/// It checks a signature and nothing else: not who the key belongs to, nor anything that the signed text says. To judge
/// a token use [`Validator`](crate::Validator) or [`verify`](crate::verify).
///
/// ```
/// use resource_server::{Algorithm, VerificationKey};
///
/// // RFC 8037 appendix A.
/// let jwk = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
/// let key = VerificationKey::from_jwk(jwk)?;
/// assert_eq!(key.thumbprint().to_string(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
/// assert!(key.algorithms().eq([Algorithm::EdDSA, Algorithm::Ed25519]));
/// assert!(key.verify(Algorithm::Ed25519, b"message", &[0; 64]).is_err());
/// # Ok::<(), resource_server::SkipReason>(())
/// ```
pub struct VerificationKey {
    id: Option<Box<str>>,
    /// Given by hand without a `kid`: it counts for whatever `kid` a token has.
    is_for_any_id: bool,
    prepared: Box<[(Algorithm, ParsedPublicKey)]>,
    signature_bytes: usize,
    thumbprint: Thumbprint,
}

impl VerificationKey {
    /// Prepares the key for every one of `algorithms`, all of its family.
    pub(crate) fn prepare(
        id: Option<&str>,
        material: &KeyMaterial,
        algorithms: impl Iterator<Item = Algorithm>,
        thumbprint: Thumbprint,
    ) -> Result<Self, KeyRefused> {
        let prepared = algorithms
            .map(|algorithm| Ok((algorithm, parse(material, algorithm)?)))
            .collect::<Result<_, KeyRefused>>()?;
        Ok(VerificationKey {
            id: id.map(Into::into),
            is_for_any_id: false,
            prepared,
            signature_bytes: material.signature_bytes(),
            thumbprint,
        })
    }

    /// Its `kid`, where it has one (RFC 7517 section 4.5).
    pub fn key_id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// The algorithms that this key may be used with (RFC 7517 section 4.4).
    pub fn algorithms(&self) -> impl Iterator<Item = Algorithm> + '_ {
        self.prepared.iter().map(|(algorithm, _)| *algorithm)
    }

    /// A key given by hand: by this `kid`, or by none and then for tokens of any.
    #[cfg(feature = "pem")]
    pub(crate) fn named_by_hand(mut self, id: Option<&str>) -> Self {
        self.is_for_any_id = id.is_none();
        self.id = id.map(Into::into);
        self
    }

    /// Whether a token's `kid` selects this key.
    pub(crate) fn is_selected_by(&self, id: &str) -> bool {
        self.is_for_any_id || self.key_id() == Some(id)
    }

    pub(crate) fn fits(&self, algorithm: Algorithm) -> bool {
        self.algorithms().any(|own| own == algorithm)
    }

    /// The key's thumbprint by SHA-256 (RFC 7638).
    pub fn thumbprint(&self) -> Thumbprint {
        self.thumbprint
    }

    /// Whether `signature` is this key's over `message` by `algorithm`. A signature of another length than the
    /// algorithm's is refused without any arithmetic.
    ///
    /// # Errors
    /// It is not, or the key may not be used with the algorithm.
    pub fn verify(
        &self,
        algorithm: Algorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), SignatureError> {
        if signature.len() != self.signature_bytes {
            return Err(SignatureError);
        }
        let (_, key) = self
            .prepared
            .iter()
            .find(|(prepared, _)| *prepared == algorithm)
            .ok_or(SignatureError)?;
        key.verify_sig(message, signature)
            .map_err(|_| SignatureError)
    }
}

impl fmt::Debug for VerificationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerificationKey")
            .field("key_id", &self.key_id().map(excerpt))
            .field("algorithms", &self.algorithms().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

fn parse(material: &KeyMaterial, algorithm: Algorithm) -> Result<ParsedPublicKey, KeyRefused> {
    let parsed = match material {
        KeyMaterial::Rsa { n, e } => {
            let parameters = match algorithm {
                Algorithm::RS256 => &backend::RSA_PKCS1_2048_8192_SHA256,
                Algorithm::RS384 => &backend::RSA_PKCS1_2048_8192_SHA384,
                Algorithm::RS512 => &backend::RSA_PKCS1_2048_8192_SHA512,
                Algorithm::PS256 => &backend::RSA_PSS_2048_8192_SHA256,
                Algorithm::PS384 => &backend::RSA_PSS_2048_8192_SHA384,
                Algorithm::PS512 => &backend::RSA_PSS_2048_8192_SHA512,
                _ => return Err(KeyRefused),
            };
            PublicKeyComponents { n, e }.to_parsed_public_key(parameters)
        }
        KeyMaterial::Ec { x, y, .. } => {
            let parameters = match algorithm {
                Algorithm::ES256 => &backend::ECDSA_P256_SHA256_FIXED,
                Algorithm::ES384 => &backend::ECDSA_P384_SHA384_FIXED,
                Algorithm::ES512 => &backend::ECDSA_P521_SHA512_FIXED,
                Algorithm::ES256K => &backend::ECDSA_P256K1_SHA256_FIXED,
                _ => return Err(KeyRefused),
            };
            // An uncompressed point (SEC 1 section 2.3.3).
            let mut point = Vec::with_capacity(1 + x.len() + y.len());
            point.push(0x04);
            point.extend_from_slice(x);
            point.extend_from_slice(y);
            ParsedPublicKey::new(parameters, point)
        }
        KeyMaterial::Ed25519 { x } => ParsedPublicKey::new(&backend::ED25519, x),
        KeyMaterial::MlDsa { public, .. } => {
            let parameters = match algorithm {
                Algorithm::MlDsa44 => &backend::ML_DSA_44,
                Algorithm::MlDsa65 => &backend::ML_DSA_65,
                Algorithm::MlDsa87 => &backend::ML_DSA_87,
                _ => return Err(KeyRefused),
            };
            ParsedPublicKey::new(parameters, public)
        }
    };
    parsed.map_err(|_| KeyRefused)
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
