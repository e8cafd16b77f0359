//! A key that is prepared for verification.

use std::fmt;
#[cfg(feature = "fetch")]
use std::hash::Hash;
use std::sync::OnceLock;

use crate::core::excerpt::excerpt;
use crate::core::keys::algorithm::Algorithm;
use crate::core::keys::footprint;
use crate::core::keys::material::PublicMaterial;
use crate::core::keys::signature::{Backend, KeyRefused, Prepared, SignatureError};
use crate::core::keys::skip_reason::KeyError;
use crate::core::keys::thumbprint::thumbprint;
use crate::core::thumbprint::Thumbprint;

/// A key, prepared once and used for many verifications.
///
/// It checks a signature and nothing else. It checks neither whose key it is nor what the signed
/// text says. To validate a token use [`Validator`](crate::Validator) or [`verify`](crate::verify).
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
    certificate: CertificateThumbprints,
    /// It was configured without a `kid`, so it is for tokens with any.
    is_for_any_id: bool,
    /// Its JWK states an `alg`, or it was configured for one.
    states_algorithm: bool,
    /// The numbers to prepare. A secret has none: it is prepared at once and kept in no other form.
    material: Option<PublicMaterial>,
    backend: Backend,
    prepared: Box<[Slot]>,
    signature_bytes: usize,
}

/// The thumbprints of its certificate that a JWK states (RFC 7517 sections 4.8 and 4.9). They only
/// select a key.
#[derive(Default)]
pub(crate) struct CertificateThumbprints {
    pub(crate) x5t: Option<Box<[u8]>>,
    pub(crate) x5t_s256: Option<Box<[u8]>>,
}

/// The key for one algorithm, prepared at its first use. Only callers with this key and algorithm
/// wait for that.
struct Slot {
    algorithm: Algorithm,
    prepared: OnceLock<Result<Prepared, KeyRefused>>,
}

impl VerificationKey {
    /// A public key for the algorithm that is stated for it, or for all of its family. Only its
    /// form is checked.
    pub(crate) fn of_public(
        material: PublicMaterial,
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
            .map(|algorithm| {
                backend.check_support(&material, algorithm)?;
                Ok(Slot {
                    algorithm,
                    prepared: OnceLock::new(),
                })
            })
            .collect::<Result<_, KeyRefused>>()?;
        Ok(VerificationKey {
            id: None,
            issuer: None,
            certificate: CertificateThumbprints::default(),
            is_for_any_id: false,
            states_algorithm: stated.is_some(),
            signature_bytes: material.signature_bytes(),
            material: Some(material),
            backend,
            prepared,
        })
    }

    /// Does the arithmetic of preparing now, for one algorithm. The numbers are the same for all of
    /// them.
    pub(crate) fn prepare_now(self) -> Result<Self, KeyError> {
        if let Some(slot) = self.prepared.first() {
            self.prepare(slot)?;
        }
        Ok(self)
    }

    fn prepare<'k>(&'k self, slot: &'k Slot) -> Result<&'k Prepared, KeyRefused> {
        let prepared = slot.prepared.get_or_init(|| match &self.material {
            Some(material) => self.backend.prepare(material, slot.algorithm),
            None => Err(KeyRefused::Malformed),
        });
        prepared.as_ref().map_err(|refused| *refused)
    }

    /// Of an HMAC secret, whose algorithm has tags of this size. It is for tokens with any `kid` or
    /// none.
    pub(crate) fn of_secret(
        algorithm: Algorithm,
        prepared: Prepared,
        tag_bytes: usize,
        backend: Backend,
    ) -> Self {
        let slot = Slot {
            algorithm,
            prepared: OnceLock::from(Ok(prepared)),
        };
        VerificationKey {
            id: None,
            issuer: None,
            certificate: CertificateThumbprints::default(),
            is_for_any_id: true,
            states_algorithm: true,
            material: None,
            backend,
            prepared: Box::new([slot]),
            signature_bytes: tag_bytes,
        }
    }

    /// A key of a JWK Set, with what its JWK says besides its numbers.
    pub(crate) fn published(
        mut self,
        id: Option<&str>,
        issuer: Option<&str>,
        certificate: CertificateThumbprints,
    ) -> Self {
        self.id = id.map(Into::into);
        self.issuer = issuer.map(Into::into);
        self.certificate = certificate;
        self
    }

    /// A configured key without a JWK: for tokens with this `kid` and without one. Without an id it
    /// is for any token.
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
        self.prepared.iter().map(|slot| slot.algorithm)
    }

    /// The issuer, or the template of issuers, that its JWK states.
    pub(crate) fn stated_issuer(&self) -> Option<&str> {
        self.issuer.as_deref()
    }

    /// An estimate of its memory, once it is prepared for each of its algorithms. A secret is not
    /// fetched, so none is estimated.
    pub(crate) fn estimated_bytes(&self) -> usize {
        let name = |name: &Option<Box<str>>| name.as_deref().map_or(0, str::len);
        let thumbprint = |bytes: &Option<Box<[u8]>>| bytes.as_deref().map_or(0, <[u8]>::len);
        let names = name(&self.id)
            + name(&self.issuer)
            + thumbprint(&self.certificate.x5t)
            + thumbprint(&self.certificate.x5t_s256);
        self.material.as_ref().map_or(0, |material| {
            footprint::of_public_key(material, self.prepared.len(), names)
        })
    }

    /// What decides which tokens it verifies: its names, its numbers and its algorithms. A
    /// certificate's thumbprint only selects a key.
    #[cfg(feature = "fetch")]
    pub(crate) fn terms(&self) -> impl Eq + Hash + '_ {
        let algorithms: Vec<_> = self.algorithms().collect();
        let names = (self.key_id(), self.stated_issuer());
        (names, &self.material, algorithms)
    }

    pub(crate) fn is_for_any_id(&self) -> bool {
        self.is_for_any_id
    }

    pub(crate) fn states_algorithm(&self) -> bool {
        self.states_algorithm
    }

    pub(crate) fn certificate(&self) -> &CertificateThumbprints {
        &self.certificate
    }

    pub(crate) fn fits(&self, algorithm: Algorithm) -> bool {
        self.algorithms().any(|own| own == algorithm)
    }

    /// Whether it can be used with an algorithm that it fits. The first call does the arithmetic.
    pub(crate) fn is_usable_with(&self, algorithm: Algorithm) -> bool {
        self.prepared_for(algorithm).is_some()
    }

    fn prepared_for(&self, algorithm: Algorithm) -> Option<&Prepared> {
        let slot = self
            .prepared
            .iter()
            .find(|slot| slot.algorithm == algorithm)?;
        self.prepare(slot).ok()
    }

    /// Why the key turned out to be unusable, where it was used.
    pub(crate) fn fault(&self) -> Option<KeyError> {
        let refused = self
            .prepared
            .iter()
            .find_map(|slot| match slot.prepared.get() {
                Some(Err(refused)) => Some(*refused),
                Some(Ok(_)) | None => None,
            });
        refused.map(KeyError::from)
    }

    /// Whether both have the same numbers, or the same secret. Neither the `kid` nor anything else
    /// of the JWK matters.
    pub(crate) fn is_same_key(&self, other: &Self) -> bool {
        match (&self.material, &other.material) {
            (Some(ours), Some(theirs)) => ours == theirs,
            (None, None) => self.is_same_secret(other),
            (Some(_), None) | (None, Some(_)) => false,
        }
    }

    /// A secret is kept only in the backend's form, which gives no bytes to compare. Two secrets of
    /// one algorithm are the same if both make one tag of a message.
    fn is_same_secret(&self, other: &Self) -> bool {
        const MESSAGE: &[u8] = b"resource-server: is this the same secret?";
        let Some(algorithm) = self.algorithms().next() else {
            return false;
        };
        let tag = self.tag(algorithm, MESSAGE);
        tag.is_some_and(|tag| other.verify(algorithm, MESSAGE, &tag).is_ok())
    }

    /// The tag of a message by a secret. `None` for a public key, and for another algorithm.
    pub(crate) fn tag(&self, algorithm: Algorithm, message: &[u8]) -> Option<Vec<u8>> {
        self.prepared_for(algorithm)
            .and_then(|key| key.tag(message))
    }

    /// The key's thumbprint by SHA-256 (RFC 7638), which is computed by each call. A secret has
    /// none: its thumbprint would help to guess it (section 7).
    pub fn thumbprint(&self) -> Option<Thumbprint> {
        self.material.as_ref().map(thumbprint)
    }

    /// Checks that `signature` is this key's over `message` by `algorithm`. A signature of the
    /// wrong length is refused without arithmetic.
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
        let key = self.prepared_for(algorithm).ok_or(SignatureError)?;
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
