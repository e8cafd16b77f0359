//! JWK Set (RFC 7517 section 5) to keys, and the choice among them. One unusable key is skipped and told, and never spoils
//! the rest.

use std::fmt;
use std::sync::Arc;

use crate::core::excerpt::excerpt;
use crate::core::json::{self, Fault, Value};
use crate::core::keys::algorithm::Algorithm;
use crate::core::keys::jwk::{Jwk, KeyUse, SkipReason};
use crate::core::keys::secret::SecretProblem;
use crate::core::keys::signature::{Backend, VerificationKey};

/// A JWK Set is read up to this size, in bytes.
pub(crate) const MAX_SET_BYTES: usize = 256 * 1024;
/// Keys taken from one set.
pub(crate) const MAX_KEYS: usize = 100;
/// Keys tried for one token.
pub(crate) const MAX_CANDIDATES: usize = 4;

/// An issuer's keys, each prepared once for verification (RFC 7517 section 5).
///
/// Keys for SPIFFE JWT-SVIDs are kept apart ([`svid_keys`](KeySet::svid_keys)).
/// Keys that can't be used are left out and listed by [`skipped`](KeySet::skipped): an unknown `kty` or `alg`, another
/// `use` than `sig`, a missing or doubled member, a private or symmetric key, RSA outside 2048 to 8192 bits or with an
/// unfit exponent, an EC point off its curve, an Ed25519 point of small order. At most 100 keys are taken, from at most 256 KiB.
///
/// ```
/// use resource_server::{KeySet, SkipReason};
///
/// let keys = KeySet::from_jwks(r#"{"keys":[
///     {"kty":"OKP","crv":"Ed25519","kid":"a","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
///     {"kty":"oct","kid":"b","k":"c2VjcmV0"}
/// ]}"#)?;
/// assert!(keys.key_ids().eq(["a"]));
/// assert_eq!(keys.skipped()[0].reason(), SkipReason::Symmetric);
/// # Ok::<(), resource_server::KeySetError>(())
/// ```
pub struct KeySet {
    keys: Vec<Arc<VerificationKey>>,
    /// With `"use": "jwt-svid"`. They stand among the skipped too: for every policy but that of SVIDs they are.
    svid_keys: Vec<Arc<VerificationKey>>,
    skipped: Vec<SkippedKey>,
}

impl KeySet {
    /// Reads a JWK Set. An empty `keys` gives an empty set, with which nothing verifies.
    ///
    /// # Errors
    /// The text is no JWK Set, is too large, or has keys of which none is usable.
    pub fn from_jwks(text: &str) -> Result<Self, KeySetError> {
        Self::read(text, |_| {})
    }

    /// The same, and beside it a JWK Set of the keys taken alone, each as it stands in the text: so nothing private or
    /// symmetric is in it.
    #[cfg(feature = "fetch")]
    pub(crate) fn from_jwks_with_text(text: &str) -> Result<(Self, String), KeySetError> {
        let mut taken: Vec<&str> = Vec::new();
        let keys = Self::read(text, |jwk| taken.push(jwk))?;
        Ok((keys, format!(r#"{{"keys":[{}]}}"#, taken.join(","))))
    }

    /// Tells the text of each key that it takes.
    fn read<'t>(text: &'t str, mut taken: impl FnMut(&'t str)) -> Result<Self, KeySetError> {
        if text.len() > MAX_SET_BYTES {
            return Err(KeySetError::TooLarge { bytes: text.len() });
        }
        let mut listed = None;
        let mut has_pem = false;
        json::read_members(text, |name, value| {
            has_pem |= value
                .as_str()
                .is_some_and(|text| text.trim_start().starts_with("-----BEGIN"));
            if name == "keys" {
                listed = value.elements();
                Ok(())
            } else {
                value.check()
            }
        })
        .map_err(|fault| match fault {
            Fault::Duplicate => KeySetError::DuplicateMember,
            Fault::NotAnObject if Value::of(text).check() != Err(Fault::Syntax) => {
                KeySetError::NotAKeySet
            }
            Fault::NotAnObject | Fault::Syntax | Fault::Number | Fault::TooDeep { .. } => {
                KeySetError::NotJson
            }
        })?;
        let Some(elements) = listed else {
            return Err(if has_pem {
                KeySetError::PemByKeyId
            } else {
                KeySetError::NotAKeySet
            });
        };

        let mut set = KeySet {
            keys: Vec::new(),
            svid_keys: Vec::new(),
            skipped: Vec::new(),
        };
        for (index, element) in elements.enumerate() {
            if index == MAX_KEYS {
                set.skipped.push(SkippedKey {
                    index,
                    id: None,
                    reason: SkipReason::BeyondTheLimit,
                });
                break;
            }
            let jwk = Jwk::read(element.text());
            let prepared = match &jwk {
                Ok(jwk) => jwk.prepare(Backend::DEFAULT),
                Err(reason) => Err(*reason),
            };
            let reason = match prepared {
                Ok((key, KeyUse::Signature)) => {
                    taken(element.text());
                    set.keys.push(Arc::new(key));
                    continue;
                }
                Ok((key, KeyUse::JwtSvid)) => {
                    taken(element.text());
                    set.svid_keys.push(Arc::new(key));
                    SkipReason::OnlyForSvids
                }
                Err(reason) => reason,
            };
            set.skipped.push(SkippedKey {
                index,
                id: jwk.ok().and_then(|jwk| jwk.id().map(excerpt)),
                reason,
            });
        }
        if set.has_no_key() && !set.skipped.is_empty() {
            return Err(KeySetError::NoUsableKey {
                skipped: set.skipped,
            });
        }
        Ok(set)
    }

    /// One secret, for this HMAC algorithm and tokens of any `kid` or none (RFC 7518 section 3.2). Whoever has it can mint
    /// tokens: where there is a choice, take an algorithm with public keys. [`Issuer::hmac`](crate::Issuer::hmac) is this and
    /// the policy for it.
    ///
    /// # Errors
    /// See [`SecretProblem`].
    ///
    /// ```
    /// use resource_server::{Algorithm, KeySet, SecretProblem};
    ///
    /// let short = KeySet::from_hmac_secret(Algorithm::HS256, b"secret");
    /// assert_eq!(short.unwrap_err(), SecretProblem::TooShort { bytes: 6, needed: 32 });
    /// ```
    pub fn from_hmac_secret(algorithm: Algorithm, secret: &[u8]) -> Result<Self, SecretProblem> {
        VerificationKey::from_hmac_secret(algorithm, secret).map(|key| Self::of_keys(vec![key]))
    }

    pub(crate) fn of_keys(keys: Vec<VerificationKey>) -> Self {
        KeySet {
            keys: keys.into_iter().map(Arc::new).collect(),
            svid_keys: Vec::new(),
            skipped: Vec::new(),
        }
    }

    /// How many keys can be used. Those of [`svid_keys`](KeySet::svid_keys) are not among these.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether no key can be used, so that nothing verifies.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The `kid` of each usable key that has one, in the set's order.
    pub fn key_ids(&self) -> impl Iterator<Item = &str> {
        self.keys.iter().filter_map(|key| key.key_id())
    }

    /// The usable keys, in the set's order.
    pub fn keys(&self) -> impl Iterator<Item = &VerificationKey> {
        self.keys.iter().map(AsRef::as_ref)
    }

    /// The keys for SPIFFE JWT-SVIDs (`"use": "jwt-svid"`), which only a policy with
    /// [`Profile::JwtSvid`](crate::Profile::JwtSvid) takes, and such a policy takes no others. They are told as
    /// [skipped](KeySet::skipped) too, since all other policies leave them out.
    pub fn svid_keys(&self) -> impl Iterator<Item = &VerificationKey> {
        self.svid_keys.iter().map(AsRef::as_ref)
    }

    /// Not for whatever policy.
    pub(crate) fn has_no_key(&self) -> bool {
        self.keys.is_empty() && self.svid_keys.is_empty()
    }

    /// Those that tokens of one kind are verified with.
    pub(crate) fn of(&self, key_use: KeyUse) -> &[Arc<VerificationKey>] {
        match key_use {
            KeyUse::Signature => &self.keys,
            KeyUse::JwtSvid => &self.svid_keys,
        }
    }

    /// The keys that were left out, and why.
    pub fn skipped(&self) -> &[SkippedKey] {
        &self.skipped
    }

    /// The keys to try for a token, at most four: those of its `kid`, or, where it names none, those that fit its
    /// algorithm. A `kid` that matches nothing selects nothing.
    pub(crate) fn fitting(
        &self,
        id: Option<&str>,
        algorithm: Algorithm,
        key_use: KeyUse,
    ) -> impl Iterator<Item = &Arc<VerificationKey>> {
        self.of(key_use)
            .iter()
            .filter(move |key| id.is_none_or(|id| key.is_selected_by(id)))
            .filter(move |key| key.fits(algorithm))
    }

    /// Whether a key of this `kid` is there, for whatever algorithm.
    pub(crate) fn has_id(&self, id: &str, key_use: KeyUse) -> bool {
        self.of(key_use).iter().any(|key| key.is_selected_by(id))
    }
}

impl fmt::Debug for KeySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeySet")
            .field("key_ids", &self.key_ids().map(excerpt).collect::<Vec<_>>())
            .field("skipped", &self.skipped)
            .finish_non_exhaustive()
    }
}

/// A key of a set that was left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SkippedKey {
    index: usize,
    id: Option<String>,
    reason: SkipReason,
}

impl SkippedKey {
    /// Its place in the set, counted from 0.
    pub fn index(&self) -> usize {
        self.index
    }

    /// Its `kid` where it has one that can be read, escaped and cut at 128 characters.
    pub fn key_id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// Why it can't be used.
    pub fn reason(&self) -> SkipReason {
        self.reason
    }
}

impl fmt::Display for SkippedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.id {
            Some(id) => write!(f, "key {} (kid \"{id}\"): {}", self.index, self.reason),
            None => write!(f, "key {}: {}", self.index, self.reason),
        }
    }
}

/// Why a text gives no [`KeySet`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeySetError {
    /// Over 256 KiB.
    #[error("the JWK Set has {bytes} bytes, more than the 262144 that are read")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// Not JSON, with something behind it, or nested too deep.
    #[error("the JWK Set is not well-formed JSON")]
    NotJson,
    /// JSON without an array named `keys`.
    #[error("not a JWK Set: an object with an array named \"keys\" is needed (RFC 7517 section 5)")]
    NotAKeySet,
    /// An object of PEM texts by `kid`, as Google and Firebase publish beside their JWK Set.
    #[error(
        "not a JWK Set but PEM certificates by kid: use the issuer's JWK Set instead (its jwks_uri; for Google \
         https://www.googleapis.com/oauth2/v3/certs, for Firebase \
         https://www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com)"
    )]
    PemByKeyId,
    /// Two members of one name beside the keys, such as a second `keys`.
    #[error("the JWK Set has two members of one name")]
    DuplicateMember,
    /// No key at all.
    #[error("the JWK Set is empty")]
    Empty,
    /// Keys, but none that can be used.
    #[error("no key of the JWK Set can be used: {}", list(skipped))]
    NoUsableKey {
        /// Each of them, and why.
        skipped: Vec<SkippedKey>,
    },
}

fn list(skipped: &[SkippedKey]) -> String {
    /// Keys named in one sentence.
    const MAX_LISTED: usize = 5;

    let named = skipped.iter().take(MAX_LISTED).map(SkippedKey::to_string);
    let mut texts: Vec<_> = named.collect();
    if skipped.len() > MAX_LISTED {
        texts.push(format!("and {} more", skipped.len() - MAX_LISTED));
    }
    texts.join("; ")
}
