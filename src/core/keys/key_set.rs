//! The reader of a JWK Set (RFC 7517 section 5). An unusable key is skipped and reported; the rest
//! of the set still works.

use std::fmt;
use std::sync::Arc;

use crate::core::excerpt::excerpt;
use crate::core::json::{self, Fault, Value};
use crate::core::keys::algorithm::Algorithm;
#[cfg(feature = "fetch")]
use crate::core::keys::footprint;
use crate::core::keys::jwk::{Jwk, KeyUse};
use crate::core::keys::limits::KeySetLimits;
use crate::core::keys::members::Reading;
use crate::core::keys::notes::KeyNote;
use crate::core::keys::secret::{self, SecretError};
use crate::core::keys::selection::{KeyHint, Selection};
use crate::core::keys::signature::Backend;
use crate::core::keys::skip_reason::KeyError;
use crate::core::keys::verification_key::VerificationKey;

/// Keys tried for one token.
pub(crate) const MAX_CANDIDATES: usize = 4;
/// Keys of a set that are prepared when it is read, so that a bad one is reported at once. This
/// takes at most a few milliseconds. In a larger set each key is prepared at its first use.
const MAX_PREPARED_AT_ONCE: usize = 100;
/// Notes kept of one set.
const MAX_NOTES: usize = 100;

/// An issuer's keys, each prepared once for verification (RFC 7517 section 5).
///
/// Keys that can't be used are skipped and listed by [`skipped`](KeySet::skipped). These have an
/// unknown `kty` or `alg`, a `use` other than `sig`, or a missing or doubled member. Private and
/// symmetric keys are skipped too. So are RSA keys outside 2048 to 8192 bits or with an unfit
/// exponent, EC points off their curve, and Ed25519 points of small order. Keys for SPIFFE
/// JWT-SVIDs are kept apart ([`svid_keys`](KeySet::svid_keys)).
///
/// A key whose JWK states an `issuer` is for tokens of that issuer only, or of the issuers that fit
/// it as a template. A version 2.0 name of a Microsoft Entra ID tenant also matches the tenant's
/// version 1.0 name.
///
/// Misspelt members with a clear meaning are read, and listed by [`notes`](KeySet::notes). At most
/// 1,000 keys are accepted, from at most 1 MiB; [`from_jwks_within`](KeySet::from_jwks_within) sets
/// other bounds. In a set of more than 100 keys the arithmetic of preparing a key is done at its
/// first use.
///
/// ```
/// use resource_server::{error::KeyError, keys::KeySet};
///
/// let keys = KeySet::from_jwks(r#"{"keys":[
///     {"kty":"OKP","crv":"Ed25519","kid":"a","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
///     {"kty":"oct","kid":"b","k":"c2VjcmV0"}
/// ]}"#)?;
/// assert!(keys.key_ids().eq(["a"]));
/// assert_eq!(keys.skipped()[0].reason(), KeyError::Symmetric);
/// # Ok::<(), resource_server::error::KeySetError>(())
/// ```
#[derive(Default)]
pub struct KeySet {
    keys: Selection,
    /// With `"use": "jwt-svid"`. They are among the skipped too, since every other policy skips
    /// them.
    svid_keys: Selection,
    skipped: Vec<SkippedKey>,
    notes: Vec<KeyNote>,
}

impl KeySet {
    /// Reads a JWK Set of at most 1,000 keys and 1 MiB. An empty `keys` gives an empty set, with
    /// which nothing verifies.
    ///
    /// # Errors
    /// The text is not a JWK Set, is too large, or has no usable key.
    pub fn from_jwks(text: &str) -> Result<Self, KeySetError> {
        Self::from_jwks_within(text, KeySetLimits::default())
    }

    /// The same with other bounds. Of a set with too many keys the first ones are accepted.
    ///
    /// # Errors
    /// The same as for [`from_jwks`](KeySet::from_jwks).
    pub fn from_jwks_within(text: &str, limits: KeySetLimits) -> Result<Self, KeySetError> {
        Self::read(text, limits, |_| {})
    }

    /// Also gives a JWK Set of the accepted keys only, each as it appears in the text. So it has no
    /// private and no symmetric key.
    #[cfg(feature = "fetch")]
    pub(crate) fn from_jwks_with_text(
        text: &str,
        limits: KeySetLimits,
    ) -> Result<(Self, String), KeySetError> {
        let mut accepted: Vec<&str> = Vec::new();
        let keys = Self::read(text, limits, |jwk| accepted.push(jwk))?;
        Ok((keys, format!(r#"{{"keys":[{}]}}"#, accepted.join(","))))
    }

    /// Hands the text of each key that it accepts to `accepted`.
    fn read<'t>(
        text: &'t str,
        limits: KeySetLimits,
        mut accepted: impl FnMut(&'t str),
    ) -> Result<Self, KeySetError> {
        let (elements, count) = elements_of(text, limits)?;
        let is_prepared_at_once = count <= MAX_PREPARED_AT_ONCE;
        let mut set = KeySet::default();
        for (index, element) in elements.iter().copied().enumerate() {
            let jwk = match Jwk::read(element, Reading::Lenient) {
                Ok(jwk) => jwk,
                Err(reason) => {
                    set.skip(index, None, reason);
                    continue;
                }
            };
            let key = jwk.key(Backend::DEFAULT).and_then(|(key, key_use)| {
                let key = if is_prepared_at_once {
                    key.prepare_now()?
                } else {
                    key
                };
                Ok((key, key_use))
            });
            let id = || jwk.id().as_deref().map(excerpt);
            match key {
                Ok((key, key_use)) => {
                    accepted(element);
                    set.note(index, &jwk);
                    match key_use {
                        KeyUse::Signature => set.keys.push(key.into(), index),
                        KeyUse::JwtSvid => {
                            set.svid_keys.push(key.into(), index);
                            set.skip(index, id(), KeyError::OnlyForSvids);
                        }
                    }
                }
                Err(reason) => set.skip(index, id(), reason),
            }
        }
        if count > limits.max_keys() {
            let reason = KeyError::OverMaxKeys {
                limit: limits.max_keys(),
                left_out: count - limits.max_keys(),
            };
            set.skip(limits.max_keys(), None, reason);
        }
        if set.has_no_key() && !set.skipped.is_empty() {
            return Err(KeySetError::NoUsableKey {
                skipped: set.skipped,
            });
        }
        Ok(set)
    }

    fn skip(&mut self, index: usize, id: Option<String>, reason: KeyError) {
        self.skipped.push(SkippedKey { index, id, reason });
    }

    fn note(&mut self, index: usize, jwk: &Jwk<'_>) {
        let left = MAX_NOTES.saturating_sub(self.notes.len());
        for (member, misspelling) in jwk.notes().into_iter().take(left) {
            self.notes.push(KeyNote {
                index,
                id: jwk.id().as_deref().map(excerpt),
                member,
                misspelling,
            });
        }
    }

    /// One secret, for this HMAC algorithm and tokens with any `kid` or none (RFC 7518 section
    /// 3.2). Anyone who has it can mint tokens, so prefer an algorithm with public keys.
    /// [`Issuer::hmac`](crate::Issuer::hmac) is this and the policy for it.
    ///
    /// # Errors
    /// See [`SecretError`].
    ///
    /// ```
    /// use resource_server::{Algorithm, error::SecretError, keys::KeySet};
    ///
    /// let short = KeySet::from_hmac_secret(Algorithm::HS256, b"secret");
    /// assert_eq!(short.unwrap_err(), SecretError::TooShort { bytes: 6, needed: 32 });
    /// ```
    pub fn from_hmac_secret(algorithm: Algorithm, secret: &[u8]) -> Result<Self, SecretError> {
        Self::from_hmac_secrets(algorithm, [(None, secret)])
    }

    /// Several secrets for one HMAC algorithm, so that one can be replaced while tokens of another
    /// are still in use.
    ///
    /// A secret with a `kid` is for tokens with that `kid`, and for those without one. A secret
    /// without a `kid` is for all tokens; there are at most 4 of them. The secrets that a token
    /// selects are tried in this order, at most 4 of them.
    ///
    /// # Errors
    /// See [`SecretError`]. The first secret that can't be used is reported.
    ///
    /// ```
    /// use resource_server::{Algorithm, keys::KeySet};
    ///
    /// # let new = b"0123456789abcdef0123456789abcdef";
    /// # let old = b"fedcba9876543210fedcba9876543210";
    /// let secrets = [(Some("2026-11"), new), (Some("2026-05"), old)];
    /// let keys = KeySet::from_hmac_secrets(Algorithm::HS256, secrets)?;
    /// assert!(keys.key_ids().eq(["2026-11", "2026-05"]));
    /// # Ok::<(), resource_server::error::SecretError>(())
    /// ```
    pub fn from_hmac_secrets<'k>(
        algorithm: Algorithm,
        secrets: impl IntoIterator<Item = (Option<&'k str>, impl AsRef<[u8]>)>,
    ) -> Result<Self, SecretError> {
        secret::keys_of(algorithm, secrets).map(Self::of_keys)
    }

    pub(crate) fn of_keys(keys: Vec<VerificationKey>) -> Self {
        let mut set = KeySet::default();
        for (index, key) in keys.into_iter().enumerate() {
            set.keys.push(key.into(), index);
        }
        set
    }

    /// The keys of this set that `newer` has too, under the same name and terms. It reports nothing
    /// about keys.
    #[cfg(feature = "fetch")]
    pub(crate) fn still_in(&self, newer: &KeySet) -> KeySet {
        KeySet {
            keys: self.keys.still_in(&newer.keys),
            svid_keys: self.svid_keys.still_in(&newer.svid_keys),
            ..KeySet::default()
        }
    }

    /// How many keys there are for any policy.
    #[cfg(feature = "fetch")]
    pub(crate) fn count(&self) -> usize {
        self.keys.keys().len() + self.svid_keys.keys().len()
    }

    /// How many keys are usable. Those of [`svid_keys`](KeySet::svid_keys) are not included.
    pub fn len(&self) -> usize {
        self.keys.keys().len()
    }

    /// Whether no key is usable, so that nothing verifies.
    pub fn is_empty(&self) -> bool {
        self.keys.keys().is_empty()
    }

    /// The `kid` of each usable key that has one, in the set's order.
    pub fn key_ids(&self) -> impl Iterator<Item = &str> {
        self.keys().filter_map(VerificationKey::key_id)
    }

    /// The usable keys, in the set's order.
    pub fn keys(&self) -> impl Iterator<Item = &VerificationKey> {
        self.keys.keys().iter().map(AsRef::as_ref)
    }

    /// The keys for SPIFFE JWT-SVIDs (`"use": "jwt-svid"`). Only a policy with
    /// [`Profile::JwtSvid`](crate::Profile::JwtSvid) uses them, and such a policy uses no others.
    /// They are also listed as [skipped](KeySet::skipped), since all other policies skip them.
    pub fn svid_keys(&self) -> impl Iterator<Item = &VerificationKey> {
        self.svid_keys.keys().iter().map(AsRef::as_ref)
    }

    /// Whether there is no key for any policy.
    pub(crate) fn has_no_key(&self) -> bool {
        self.is_empty() && self.svid_keys.keys().is_empty()
    }

    /// An estimate of its memory, in bytes, once all keys are prepared.
    #[cfg(feature = "fetch")]
    pub(crate) fn estimated_bytes(&self) -> usize {
        let keys = self.keys().chain(self.svid_keys());
        let keys: usize = keys.map(VerificationKey::estimated_bytes).sum();
        let skipped = footprint::of_reports(self.skipped.iter().map(SkippedKey::key_id));
        keys.saturating_add(skipped)
            .saturating_add(footprint::of_notes(&self.notes))
    }

    /// Those that tokens of one kind are verified with.
    pub(crate) fn of(&self, key_use: KeyUse) -> &[Arc<VerificationKey>] {
        self.selection(key_use).keys()
    }

    fn selection(&self, key_use: KeyUse) -> &Selection {
        match key_use {
            KeyUse::Signature => &self.keys,
            KeyUse::JwtSvid => &self.svid_keys,
        }
    }

    /// The keys that were skipped when the set was read, and why.
    pub fn skipped(&self) -> &[SkippedKey] {
        &self.skipped
    }

    /// The keys that turned out to be unusable at their first use, and why. Only a set of more than
    /// 100 keys has any: in a smaller one they are among the [skipped](KeySet::skipped).
    pub fn skipped_at_first_use(&self) -> Vec<SkippedKey> {
        let keys = self.keys.with_places().chain(self.svid_keys.with_places());
        keys.filter_map(|(index, key)| {
            Some(SkippedKey {
                index,
                reason: key.fault()?,
                id: key.key_id().map(excerpt),
            })
        })
        .collect()
    }

    /// Members that are misspelt but were accepted: base64 for base64url, a coordinate with too few
    /// or too many leading zeros, `null` for an absent member. The first 100 of them are kept.
    ///
    /// ```
    /// use resource_server::keys::KeySet;
    ///
    /// let keys = KeySet::from_jwks(r#"{"keys":[
    ///     {"kty":"OKP","crv":"Ed25519","kid":"a","d":null,
    ///      "x":"11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="}
    /// ]}"#)?;
    /// let notes: Vec<_> = keys.notes().iter().map(|note| note.member()).collect();
    /// assert_eq!(notes, ["d", "x"]);
    /// # Ok::<(), resource_server::error::KeySetError>(())
    /// ```
    pub fn notes(&self) -> &[KeyNote] {
        &self.notes
    }

    /// The keys for an algorithm that a token's header selects, in the set's order: by `kid`, else
    /// by the thumbprint of a certificate where any key has one, else all that fit the algorithm.
    /// The caller tries at most [`MAX_CANDIDATES`].
    pub(crate) fn fitting(
        &self,
        hint: KeyHint<'_>,
        algorithm: Algorithm,
        key_use: KeyUse,
    ) -> impl Iterator<Item = &Arc<VerificationKey>> {
        self.selection(key_use).select(hint, algorithm)
    }

    /// Whether a key with this `kid` is there, for any algorithm.
    pub(crate) fn has_id(&self, id: &str, key_use: KeyUse) -> bool {
        self.selection(key_use).has_id(id)
    }

    /// Whether the thumbprint of a certificate selects the keys for this header.
    pub(crate) fn is_by_thumbprint(&self, hint: KeyHint<'_>, key_use: KeyUse) -> bool {
        self.selection(key_use).is_by_thumbprint(hint)
    }
}

/// The text of each element of `keys`, of those within the limit, and how many there are.
fn elements_of(text: &str, limits: KeySetLimits) -> Result<(Vec<&str>, usize), KeySetError> {
    if text.len() > limits.max_bytes() {
        return Err(KeySetError::TooLarge {
            bytes: text.len(),
            limit: limits.max_bytes(),
        });
    }
    let mut listed = None;
    let mut has_pem = false;
    json::read_members(text, |name, value| {
        if name == "keys" {
            listed = value.elements();
            return Ok(());
        }
        has_pem |= value
            .as_str()
            .is_some_and(|text| text.trim_start().starts_with("-----BEGIN"));
        value.check()
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
    match listed {
        Some(elements) => {
            let (mut within, mut count) = (Vec::new(), 0);
            for element in elements {
                if count < limits.max_keys() {
                    within.push(element.text());
                }
                count += 1;
            }
            Ok((within, count))
        }
        None if has_pem => Err(KeySetError::PemByKeyId),
        None => Err(KeySetError::NotAKeySet),
    }
}

/// Entries that `Debug` shows of each list, so that a large set does not fill a log.
const MAX_SHOWN: usize = 100;

fn shown<T>(list: &[T]) -> &[T] {
    list.get(..MAX_SHOWN).unwrap_or(list)
}

impl fmt::Debug for KeySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids: Vec<_> = self.key_ids().take(MAX_SHOWN).map(excerpt).collect();
        f.debug_struct("KeySet")
            .field("key_ids", &ids)
            .field("skipped", &shown(&self.skipped))
            .field("notes", &shown(&self.notes))
            .finish_non_exhaustive()
    }
}

/// A key of a set that is not used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SkippedKey {
    index: usize,
    id: Option<String>,
    reason: KeyError,
}

impl SkippedKey {
    /// Its position in the set, from 0.
    pub fn index(&self) -> usize {
        self.index
    }

    /// Its `kid`, where it has a readable one, escaped and cut at 128 characters.
    pub fn key_id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// Why it can't be used.
    pub fn reason(&self) -> KeyError {
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

/// Why a text is not a [`KeySet`].
///
/// `Debug` shows at most 100 of the keys that are skipped.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeySetError {
    /// It is larger than allowed.
    #[error(
        "the JWK Set has {bytes} bytes, and at most {limit} are read (raise max_key_set_bytes, up to 16777216)"
    )]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The size that is allowed.
        limit: usize,
    },
    /// It is not JSON, is followed by other text, or is nested too deep.
    #[error("the JWK Set is not well-formed JSON")]
    NotJson,
    /// It is JSON without an array named `keys`.
    #[error("not a JWK Set: an object with an array named \"keys\" is needed (RFC 7517 section 5)")]
    NotAKeySet,
    /// It is an object of PEM texts by `kid`, as Google and Firebase publish next to their JWK Set.
    #[error(
        "not a JWK Set but PEM certificates by kid: use the issuer's JWK Set instead (its jwks_uri; for Google \
         https://www.googleapis.com/oauth2/v3/certs, for Firebase \
         https://www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com)"
    )]
    PemByKeyId,
    /// It has two members of one name, such as a second `keys`.
    #[error("the JWK Set has two members of one name")]
    DuplicateMember,
    /// It has no key at all.
    #[error("the JWK Set is empty")]
    Empty,
    /// It has keys, but none that is usable.
    #[error("no key of the JWK Set can be used: {}", list(skipped))]
    NoUsableKey {
        /// Each key, and why it is not usable.
        skipped: Vec<SkippedKey>,
    },
}

impl fmt::Debug for KeySetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KeySetError::TooLarge { bytes, limit } => f
                .debug_struct("TooLarge")
                .field("bytes", bytes)
                .field("limit", limit)
                .finish(),
            KeySetError::NotJson => f.write_str("NotJson"),
            KeySetError::NotAKeySet => f.write_str("NotAKeySet"),
            KeySetError::PemByKeyId => f.write_str("PemByKeyId"),
            KeySetError::DuplicateMember => f.write_str("DuplicateMember"),
            KeySetError::Empty => f.write_str("Empty"),
            KeySetError::NoUsableKey { skipped } => f
                .debug_struct("NoUsableKey")
                .field("skipped", &shown(skipped))
                .finish_non_exhaustive(),
        }
    }
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

#[cfg(all(test, feature = "fetch"))]
mod tests {
    use super::KeySet;

    const X: &str = r#""x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo""#;
    const OTHER_X: &str = r#""x":"PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw""#;

    fn set(members: &str) -> KeySet {
        let jwks = format!(r#"{{"keys":[{{"kty":"OKP","crv":"Ed25519",{members}}}]}}"#);
        KeySet::from_jwks(&jwks).unwrap()
    }

    #[test]
    fn s04_a_key_is_still_published_under_the_same_name_and_terms_only() {
        let held = format!(r#"{X},"kid":"a""#);
        for (newer, is_still) in [
            (held.clone(), true),
            (format!(r#"{held},"use":"sig","x5t":"AAAA""#), true),
            (format!(r#"{OTHER_X},"kid":"a""#), false),
            (format!(r#"{X},"kid":"b""#), false),
            (X.to_owned(), false),
            (format!(r#"{held},"alg":"EdDSA""#), true),
            (format!(r#"{held},"issuer":"https://other.example""#), false),
            (format!(r#"{held},"use":"jwt-svid""#), false),
        ] {
            let still = set(&held).still_in(&set(&newer));
            assert_eq!(still.len(), usize::from(is_still), "{newer}");
            assert_eq!(still.count(), still.len(), "{newer}");
        }
        let svids = set(&format!(r#"{held},"use":"jwt-svid""#));
        assert_eq!(svids.still_in(&svids).count(), 1);
        assert_eq!(svids.still_in(&set(&held)).count(), 0);
    }
}
