//! Keys that the operator configures.

use std::sync::Arc;

use crate::core::{
    AccessToken, Algorithm, Evidence, KeySet, KeySetError, KeySetLimits, NumericDate,
    PresentedToken, SecretError,
};
#[cfg(feature = "pem")]
use crate::core::{PemError, read_pem_keys};

use super::{KeySource, SourceError, SourceStatus};

/// Configured keys, which never change. Cloning is cheap.
///
/// ```
/// use resource_server::{Issuer, StaticKeys};
///
/// let keys = StaticKeys::from_jwks(r#"{"keys":[
///     {"kty":"OKP","crv":"Ed25519","kid":"a","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
/// ]}"#)?;
/// let issuer = Issuer::new("https://as.example.com").keys(keys);
/// # Ok::<(), resource_server::error::KeySetError>(())
/// ```
#[derive(Clone, Debug)]
pub struct StaticKeys(Arc<KeySet>);

impl StaticKeys {
    /// Reads a JWK Set (RFC 7517 section 5) of at most 1,000 keys and 1 MiB.
    /// [`Validator::health`](crate::Validator::health) reports the keys that were skipped and what
    /// was misspelt.
    ///
    /// # Errors
    /// The text is not a JWK Set, or no key in it is usable.
    pub fn from_jwks(text: &str) -> Result<Self, KeySetError> {
        Self::from_jwks_within(text, KeySetLimits::default())
    }

    /// The same with other bounds.
    ///
    /// # Errors
    /// The same as for [`from_jwks`](StaticKeys::from_jwks).
    pub fn from_jwks_within(text: &str, limits: KeySetLimits) -> Result<Self, KeySetError> {
        let keys = KeySet::from_jwks_within(text, limits)?;
        if keys.has_no_key() {
            return Err(KeySetError::Empty);
        }
        Ok(StaticKeys(Arc::new(keys)))
    }

    /// Reads public keys and certificates in PEM (RFC 7468), each for this algorithm only: at most
    /// 1,000 keys and 1 MiB. They are for tokens with any `kid` and with none. For several keys
    /// prefer [`from_pem_by_key_id`](StaticKeys::from_pem_by_key_id).
    ///
    /// A certificate is only a container for its key: its dates and its issuer are not checked.
    ///
    /// # Errors
    /// The text has no key, has a private key, or has one that doesn't fit the algorithm or must
    /// not be used.
    ///
    /// ```
    /// use resource_server::{Algorithm, StaticKeys, error::{KeyError, PemError}};
    ///
    /// // RFC 8410 section 10.1.
    /// let pem = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n";
    /// let keys = StaticKeys::from_pem(Algorithm::Ed25519, pem)?;
    /// assert_eq!(
    ///     StaticKeys::from_pem(Algorithm::RS256, pem).unwrap_err(),
    ///     PemError::Key(KeyError::AlgorithmMismatch)
    /// );
    /// # Ok::<(), PemError>(())
    /// ```
    #[cfg(feature = "pem")]
    pub fn from_pem(algorithm: Algorithm, pem: &str) -> Result<Self, PemError> {
        let keys = read_pem_keys(pem, None, algorithm, KeySetLimits::default())?;
        Ok(StaticKeys(Arc::new(KeySet::of_keys(keys))))
    }

    /// The same with other bounds.
    #[cfg(feature = "fetch")]
    pub(super) fn from_pem_within(
        algorithm: Algorithm,
        pem: &str,
        limits: KeySetLimits,
    ) -> Result<Self, PemError> {
        let keys = read_pem_keys(pem, None, algorithm, limits)?;
        Ok(StaticKeys(Arc::new(KeySet::of_keys(keys))))
    }

    /// The same for several keys, each with its `kid` and its PEM text. A key is then only for
    /// tokens with its `kid`, and for those without one.
    ///
    /// # Errors
    /// The list is empty, or a key can't be used. The first such key is reported, as by
    /// [`from_pem`](StaticKeys::from_pem).
    #[cfg(feature = "pem")]
    pub fn from_pem_by_key_id<'k>(
        algorithm: Algorithm,
        keys: impl IntoIterator<Item = (&'k str, &'k str)>,
    ) -> Result<Self, PemError> {
        let mut all = Vec::new();
        for (key_id, pem) in keys {
            let limits = KeySetLimits::default();
            all.extend(read_pem_keys(pem, Some(key_id), algorithm, limits)?);
        }
        if all.is_empty() {
            return Err(PemError::NoKey);
        }
        Ok(StaticKeys(Arc::new(KeySet::of_keys(all))))
    }

    /// One secret, for this HMAC algorithm and tokens with any `kid` or none. With
    /// [`Issuer::keys`](crate::Issuer::keys) the policy must name the algorithm;
    /// [`Issuer::hmac`](crate::Issuer::hmac) does both.
    ///
    /// # Errors
    /// See [`SecretError`].
    pub fn from_hmac_secret(algorithm: Algorithm, secret: &[u8]) -> Result<Self, SecretError> {
        let keys = KeySet::from_hmac_secret(algorithm, secret)?;
        Ok(StaticKeys(Arc::new(keys)))
    }

    /// Several secrets for one HMAC algorithm, each with the `kid` that its tokens have, or without
    /// one. See [`KeySet::from_hmac_secrets`]. With [`Issuer::keys`](crate::Issuer::keys) the
    /// policy must name the algorithm; [`Issuer::hmac_secrets`](crate::Issuer::hmac_secrets) does
    /// both.
    ///
    /// # Errors
    /// See [`SecretError`]. The first secret that can't be used is reported.
    pub fn from_hmac_secrets<'k>(
        algorithm: Algorithm,
        secrets: impl IntoIterator<Item = (Option<&'k str>, impl AsRef<[u8]>)>,
    ) -> Result<Self, SecretError> {
        let keys = KeySet::from_hmac_secrets(algorithm, secrets)?;
        Ok(StaticKeys(Arc::new(keys)))
    }

    #[cfg(feature = "fetch")]
    pub(super) fn shared(&self) -> Arc<KeySet> {
        Arc::clone(&self.0)
    }

    /// The keys as a set.
    pub fn key_set(&self) -> &KeySet {
        &self.0
    }
}

impl KeySource for StaticKeys {
    async fn evidence(&self, _: &PresentedToken<'_>) -> Result<Evidence, SourceError> {
        Ok(Evidence::Keys(Arc::clone(&self.0)))
    }

    fn cached(&self, _: &PresentedToken<'_>) -> Option<Evidence> {
        Some(Evidence::Keys(Arc::clone(&self.0)))
    }

    fn current_keys(&self, _: &str, _: NumericDate) -> Option<Arc<KeySet>> {
        Some(Arc::clone(&self.0))
    }

    async fn still_trusts(&self, token: &AccessToken) -> Result<bool, SourceError> {
        Ok(self.0.has_key_of(token))
    }

    fn status(&self) -> SourceStatus {
        SourceStatus {
            keys: Some(Arc::clone(&self.0)),
            ..SourceStatus::default()
        }
    }
}
