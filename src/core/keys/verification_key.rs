//! A key that is prepared for verification.

use std::fmt;

use crate::core::excerpt::excerpt;
use crate::core::keys::algorithm::Algorithm;
use crate::core::keys::material::PublicMaterial;
use crate::core::keys::signature::{Backend, KeyRefused, Prepared, SignatureError};
use crate::core::keys::skip_reason::KeyError;
use crate::core::keys::thumbprint::thumbprint;
use crate::core::thumbprint::Thumbprint;

/// A key, prepared once and used for many verifications.
///
/// It checks a signature and nothing else. It checks neither whose key it is nor what the signed text says. To validate a
/// token use [`Validator`](crate::Validator) or [`verify`](crate::verify).
///
/// ```
/// use resource_server::{Algorithm, keys::VerificationKey};
///
/// // RFC 8037 appendix A.
/// let jwk = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
/// let key = VerificationKey::from_jwk(jwk)?;
/// let thumbprint = key.thumbprint().map(|thumbprint| thumbprint.to_string());
/// assert_eq!(thumbprint.as_deref(), Some("kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"));
/// assert!(key.algorithms().eq([Algorithm::EdDSA, Algorithm::Ed25519]));
/// assert!(key.verify(Algorithm::Ed25519, b"message", &[0; 64]).is_err());
/// # Ok::<(), resource_server::error::KeyError>(())
/// ```
pub struct VerificationKey {
    id: Option<Box<str>>,
    /// The issuer, or the template of issuers, that its JWK states.
    issuer: Option<Box<str>>,
    /// It was configured without a `kid`, so it is for tokens with any.
    is_for_any_id: bool,
    prepared: Box<[(Algorithm, Prepared)]>,
    signature_bytes: usize,
    thumbprint: Option<Thumbprint>,
}

impl VerificationKey {
    /// Prepares a public key for the algorithm that is stated for it, or for all of its family.
    pub(crate) fn of_public(
        material: &PublicMaterial,
        stated: Option<Algorithm>,
        backend: Backend,
    ) -> Result<Self, KeyError> {
        let family = material.family();
        if stated.is_some_and(|stated| stated.family() != family) {
            return Err(KeyError::AlgorithmMismatch);
        }
        let algorithms = Algorithm::ALL.iter().copied().filter(|algorithm| {
            algorithm.family() == family
                && stated.is_none_or(|stated| algorithm.same_signature_as(stated))
        });
        let prepared = algorithms
            .map(|algorithm| Ok((algorithm, backend.prepare(material, algorithm)?)))
            .collect::<Result<_, KeyRefused>>()?;
        Ok(VerificationKey {
            id: None,
            issuer: None,
            is_for_any_id: false,
            prepared,
            signature_bytes: material.signature_bytes(),
            thumbprint: Some(thumbprint(material)),
        })
    }

    /// Of an HMAC secret, whose algorithm has tags of this size. It is for tokens with any `kid` or none.
    pub(crate) fn of_secret(algorithm: Algorithm, prepared: Prepared, tag_bytes: usize) -> Self {
        VerificationKey {
            id: None,
            issuer: None,
            is_for_any_id: true,
            prepared: Box::new([(algorithm, prepared)]),
            signature_bytes: tag_bytes,
            thumbprint: None,
        }
    }

    /// A key of a JWK Set, with its `kid` and the issuer that its JWK states.
    pub(crate) fn published(mut self, id: Option<&str>, issuer: Option<&str>) -> Self {
        self.id = id.map(Into::into);
        self.issuer = issuer.map(Into::into);
        self
    }

    /// A configured key without a JWK: for tokens with this `kid` and without one. Without an id it is for any token.
    #[cfg(feature = "pem")]
    pub(crate) fn configured(mut self, id: Option<&str>) -> Self {
        self.is_for_any_id = id.is_none();
        self.id = id.map(Into::into);
        self
    }

    /// Its `kid`, where it has one (RFC 7517 section 4.5).
    pub fn key_id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// The algorithms that this key may be used with (RFC 7517 section 4.4).
    pub fn algorithms(&self) -> impl Iterator<Item = Algorithm> + '_ {
        self.prepared.iter().map(|(algorithm, _)| *algorithm)
    }

    /// The issuer, or the template of issuers, that its JWK states.
    pub(crate) fn stated_issuer(&self) -> Option<&str> {
        self.issuer.as_deref()
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

    /// Checks that `signature` is this key's over `message` by `algorithm`. A signature of the wrong length is refused
    /// without arithmetic.
    ///
    /// # Errors
    /// The signature does not verify, or the key may not be used with the algorithm.
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

impl From<KeyRefused> for KeyError {
    fn from(refused: KeyRefused) -> Self {
        match refused {
            KeyRefused::Unsupported => KeyError::Unsupported,
            KeyRefused::Malformed => KeyError::RefusedByBackend,
        }
    }
}
