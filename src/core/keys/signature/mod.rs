//! Keys prepared once for verification, and SHA-256. Below here stand the crypto backends; nothing else of the library
//! proper names one.

#[cfg(feature = "aws-lc-rs")]
mod aws_lc;
#[cfg(feature = "rust-crypto")]
mod rust_crypto;

use std::fmt;

use crate::core::excerpt::excerpt;
use crate::core::keys::algorithm::{Algorithm, KeyFamily};
use crate::core::thumbprint::Thumbprint;

#[cfg(feature = "aws-lc-rs")]
pub(crate) use aws_lc::sha256;
#[cfg(not(feature = "aws-lc-rs"))]
pub(crate) use rust_crypto::sha256;

/// The material of a key, well-formed by its own type's rules.
pub(crate) enum Material<'m> {
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
    MlDsa {
        family: KeyFamily,
        #[cfg_attr(not(feature = "aws-lc-rs"), allow(dead_code))]
        public: Vec<u8>,
    },
    /// A shared secret, and the bytes of its algorithm's tag.
    Hmac { secret: &'m [u8], tag_bytes: usize },
}

impl Material<'_> {
    pub(crate) const fn family(&self) -> KeyFamily {
        match self {
            Material::Rsa { .. } => KeyFamily::Rsa,
            Material::Ec { family, .. } | Material::MlDsa { family, .. } => *family,
            Material::Ed25519 { .. } => KeyFamily::Ed25519,
            Material::Hmac { .. } => KeyFamily::Hmac,
        }
    }

    /// Bytes of a signature: of all algorithms of a family the same (RFC 7518 sections 3.3 to 3.5, RFC 8032, FIPS 204).
    fn signature_bytes(&self) -> usize {
        match self {
            Material::Rsa { n, .. } => n.len(),
            Material::Ec { x, .. } => 2 * x.len(),
            Material::Ed25519 { .. } => 64,
            Material::MlDsa { family, .. } => match family {
                KeyFamily::MlDsa44 => 2_420,
                KeyFamily::MlDsa65 => 3_309,
                _ => 4_627,
            },
            Material::Hmac { tag_bytes, .. } => *tag_bytes,
        }
    }
}

/// Why a backend does not take a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyRefused {
    /// It has no such algorithm, or no key of this size.
    Unsupported,
    /// The key is none: for an elliptic curve, a point that is not on it.
    Malformed,
}

/// What does the arithmetic. Here so that both can be compared in one process: a program has the one that its features
/// give, and `aws-lc-rs` where it has both.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    #[cfg(feature = "aws-lc-rs")]
    AwsLcRs,
    #[cfg(feature = "rust-crypto")]
    RustCrypto,
}

impl Backend {
    #[cfg(feature = "aws-lc-rs")]
    pub(crate) const DEFAULT: Self = Backend::AwsLcRs;
    #[cfg(not(feature = "aws-lc-rs"))]
    pub(crate) const DEFAULT: Self = Backend::RustCrypto;

    fn prepare(self, key: &Material<'_>, algorithm: Algorithm) -> Result<Prepared, KeyRefused> {
        match self {
            #[cfg(feature = "aws-lc-rs")]
            Backend::AwsLcRs => aws_lc::Key::prepare(key, algorithm).map(Prepared::AwsLcRs),
            #[cfg(feature = "rust-crypto")]
            Backend::RustCrypto => {
                rust_crypto::Key::prepare(key, algorithm).map(Prepared::RustCrypto)
            }
        }
    }
}

/// A key in the form of one backend, for one algorithm.
enum Prepared {
    #[cfg(feature = "aws-lc-rs")]
    AwsLcRs(aws_lc::Key),
    #[cfg(feature = "rust-crypto")]
    RustCrypto(rust_crypto::Key),
}

impl Prepared {
    fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), SignatureError> {
        match self {
            #[cfg(feature = "aws-lc-rs")]
            Prepared::AwsLcRs(key) => key.verify(message, signature),
            #[cfg(feature = "rust-crypto")]
            Prepared::RustCrypto(key) => key.verify(message, signature),
        }
    }
}

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

/// A key, prepared once and used for many verifications.
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
/// let thumbprint = key.thumbprint().map(|thumbprint| thumbprint.to_string());
/// assert_eq!(thumbprint.as_deref(), Some("kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"));
/// assert!(key.algorithms().eq([Algorithm::EdDSA, Algorithm::Ed25519]));
/// assert!(key.verify(Algorithm::Ed25519, b"message", &[0; 64]).is_err());
/// # Ok::<(), resource_server::SkipReason>(())
/// ```
pub struct VerificationKey {
    id: Option<Box<str>>,
    /// Whose it is, where its JWK says so.
    issuer: Option<Box<str>>,
    /// Given by hand without a `kid`: it counts for whatever `kid` a token has.
    is_for_any_id: bool,
    prepared: Box<[(Algorithm, Prepared)]>,
    signature_bytes: usize,
    thumbprint: Option<Thumbprint>,
}

impl VerificationKey {
    /// Prepares the key for every one of `algorithms`, all of its family.
    pub(crate) fn prepare(
        id: Option<&str>,
        material: &Material<'_>,
        algorithms: impl Iterator<Item = Algorithm>,
        thumbprint: Option<Thumbprint>,
        backend: Backend,
    ) -> Result<Self, KeyRefused> {
        let prepared = algorithms
            .map(|algorithm| Ok((algorithm, backend.prepare(material, algorithm)?)))
            .collect::<Result<_, KeyRefused>>()?;
        Ok(VerificationKey {
            id: id.map(Into::into),
            issuer: None,
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

    pub(crate) fn stated_for(mut self, issuer: Option<&str>) -> Self {
        self.issuer = issuer.map(Into::into);
        self
    }

    /// The issuer, or the template of issuers, that its JWK states.
    pub(crate) fn stated_issuer(&self) -> Option<&str> {
        self.issuer.as_deref()
    }

    /// A key given by hand: by this `kid`, or by none and then for tokens of any.
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

    /// The key's thumbprint by SHA-256 (RFC 7638). A secret has none: its thumbprint would help to guess it (section 7).
    pub fn thumbprint(&self) -> Option<Thumbprint> {
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
        key.verify(message, signature)
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
