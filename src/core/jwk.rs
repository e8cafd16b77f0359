//! JWK Set (RFC 7517) to keys prepared for verification. One unusable key is skipped and told, and never spoils the
//! rest.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use super::algorithm::{Algorithm, KeyFamily};
use super::base64url;
use super::claims::Thumbprint;
use super::ed25519_points;
use super::excerpt::excerpt;
use super::json::{self, Fault, Value};
use super::secret::SecretProblem;
use super::signature::{Backend, KeyRefused, Material, VerificationKey, sha256};

/// A JWK Set is read up to this size, in bytes.
pub(crate) const MAX_SET_BYTES: usize = 256 * 1024;
/// Keys taken from one set.
pub(crate) const MAX_KEYS: usize = 100;
/// Keys tried for one token.
pub(crate) const MAX_CANDIDATES: usize = 4;
const MIN_RSA_BITS: usize = 2_048;
const MAX_RSA_BITS: usize = 8_192;

/// An issuer's keys, each prepared once for verification (RFC 7517 section 5).
///
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
    skipped: Vec<SkippedKey>,
}

impl KeySet {
    /// Reads a JWK Set. An empty `keys` gives an empty set, with which nothing verifies.
    ///
    /// # Errors
    /// The text is no JWK Set, is too large, or has keys of which none is usable.
    pub fn from_jwks(text: &str) -> Result<Self, KeySetError> {
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
                listed = value
                    .as_array()
                    .map(|elements| (elements, true))
                    .or(Some((Vec::new(), false)));
                Ok(())
            } else {
                value.check()
            }
        })
        .map_err(|fault| match fault {
            Fault::Duplicate => KeySetError::DuplicateMember,
            Fault::NotAnObject if serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok() => {
                KeySetError::NotAKeySet
            }
            Fault::NotAnObject | Fault::Syntax | Fault::TooComplex => KeySetError::NotJson,
        })?;
        let Some((elements, true)) = listed else {
            return Err(if has_pem {
                KeySetError::PemByKeyId
            } else {
                KeySetError::NotAKeySet
            });
        };

        let mut set = KeySet {
            keys: Vec::new(),
            skipped: Vec::new(),
        };
        for (index, element) in elements.iter().enumerate() {
            if index == MAX_KEYS {
                set.skipped.push(SkippedKey {
                    index,
                    id: None,
                    reason: SkipReason::BeyondTheLimit,
                });
                break;
            }
            let members = Members::read(element.text());
            let id = members.as_ref().ok().and_then(|m| m.id.clone());
            match members.and_then(|members| members.prepare(Backend::DEFAULT)) {
                Ok(key) => set.keys.push(Arc::new(key)),
                Err(reason) => set.skipped.push(SkippedKey {
                    index,
                    id: id.map(|id| excerpt(&id)),
                    reason,
                }),
            }
        }
        if set.keys.is_empty() && !set.skipped.is_empty() {
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
            skipped: Vec::new(),
        }
    }

    /// How many keys can be used.
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

    /// The keys that were left out, and why.
    pub fn skipped(&self) -> &[SkippedKey] {
        &self.skipped
    }

    /// The keys to try for a token, at most four: those of its `kid`, or, where it names none, those that fit its
    /// algorithm. A `kid` that matches nothing selects nothing.
    pub(crate) fn candidates(
        &self,
        id: Option<&str>,
        algorithm: Algorithm,
    ) -> impl Iterator<Item = &Arc<VerificationKey>> {
        self.keys
            .iter()
            .filter(move |key| id.is_none_or(|id| key.is_selected_by(id)))
            .filter(move |key| key.fits(algorithm))
            .take(MAX_CANDIDATES)
    }

    /// Whether there is a key to try for such a token.
    #[cfg(feature = "jwks")]
    pub(crate) fn has_candidate(&self, id: Option<&str>, algorithm: Algorithm) -> bool {
        self.candidates(id, algorithm).next().is_some()
    }

    /// Whether a key of this `kid` is there, for whatever algorithm.
    pub(crate) fn has_id(&self, id: &str) -> bool {
        self.keys.iter().any(|key| key.is_selected_by(id))
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

/// Why a JWK can't be used to verify.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SkipReason {
    /// Not a JSON object, or one that is nested too deep.
    #[error("it is not a JSON object")]
    Malformed,
    /// Two members of one name.
    #[error("it has two members of one name")]
    DuplicateMember,
    /// `kty`, or a member that its `kty` needs, is missing or not a string.
    #[error("its member \"{0}\" is missing or not a string")]
    MissingMember(&'static str),
    /// The member is not canonical base64url, or has the wrong number of bytes.
    #[error("its member \"{0}\" is not base64url of the right length")]
    MalformedMember(&'static str),
    /// A `kty` that this crate doesn't know.
    #[error("its kty is unknown")]
    UnknownKeyType,
    /// A `crv` that this crate doesn't verify with.
    #[error("its crv is unknown or not one for signatures")]
    UnknownCurve,
    /// An `alg` that this crate doesn't verify, or one for encryption.
    #[error("its alg is not one that is verified here")]
    UnknownAlgorithm,
    /// An `alg` that doesn't fit its `kty` and `crv`.
    #[error("its alg does not fit its kty and crv")]
    AlgorithmMismatch,
    /// `use` is not `sig`, or `key_ops` is without `verify` (RFC 7517 sections 4.2 and 4.3).
    #[error("its use or key_ops does not allow verification")]
    NotForVerification,
    /// It has private members. Whoever publishes them has lost the key.
    #[error("it is a private key")]
    Private,
    /// `oct`: a shared secret is no public key.
    #[error("it is a symmetric key")]
    Symmetric,
    /// RSA below 2048 bits.
    #[error("it is an RSA key of less than 2048 bits")]
    RsaTooSmall,
    /// RSA above 8192 bits.
    #[error("it is an RSA key of more than 8192 bits")]
    RsaTooLarge,
    /// An even modulus.
    #[error("its RSA modulus is even")]
    RsaEvenModulus,
    /// An exponent that is even, 1, or above 2^32.
    #[error("its RSA exponent is even, 1 or above 2^32")]
    RsaExponent,
    /// An Ed25519 point of small order, under which forged signatures verify, or one not in its one spelling.
    #[error("it is a point of small order or not canonically encoded")]
    WeakPoint,
    /// A point that is not on its curve, or a key that the signature backend refuses.
    #[error("it is not a point of its curve, or the signature backend refuses it")]
    RefusedByBackend,
    /// The signature backend that is built in has no such algorithm, or no key of this size.
    #[error(
        "the signature backend that is built in can't verify with it (rust-crypto has no ES512, ES256K and ML-DSA, and \
         RSA up to 4096 bits; aws-lc-rs has them all)"
    )]
    Unsupported,
    /// It stands behind the hundredth key, as may others.
    #[error("it and what follows stand behind the 100 keys that are taken")]
    BeyondTheLimit,
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

impl VerificationKey {
    /// From one JWK (RFC 7517 section 4).
    ///
    /// # Errors
    /// The key can't be used to verify.
    pub fn from_jwk(text: &str) -> Result<Self, SkipReason> {
        Self::from_jwk_for(Backend::DEFAULT, text)
    }

    /// The same for one backend of several.
    #[doc(hidden)]
    pub fn from_jwk_for(backend: Backend, text: &str) -> Result<Self, SkipReason> {
        if text.len() > MAX_SET_BYTES {
            return Err(SkipReason::Malformed);
        }
        Members::read(text)?.prepare(backend)
    }
}

/// The members of a JWK that count here.
#[derive(Default)]
struct Members<'t> {
    id: Option<Cow<'t, str>>,
    kty: Option<Cow<'t, str>>,
    crv: Option<Cow<'t, str>>,
    algorithm: Member<'t>,
    key_use: Member<'t>,
    key_ops: Option<Value<'t>>,
    n: Member<'t>,
    e: Member<'t>,
    x: Member<'t>,
    y: Member<'t>,
    public: Member<'t>,
    malformed_id: bool,
    is_private: bool,
}

/// A string member. `Some(None)` where it stands there but is not a string.
type Member<'t> = Option<Option<Cow<'t, str>>>;

impl<'t> Members<'t> {
    fn read(text: &'t str) -> Result<Self, SkipReason> {
        let mut members = Members::default();
        json::read_object(text, |name, value| {
            let string = value.as_str();
            match name {
                "kid" => {
                    members.malformed_id = string.is_none();
                    members.id = string;
                }
                "kty" => members.kty = string,
                "crv" => members.crv = string,
                "alg" => members.algorithm = Some(string),
                "use" => members.key_use = Some(string),
                "key_ops" => members.key_ops = Some(value),
                "n" => members.n = Some(string),
                "e" => members.e = Some(string),
                "x" => members.x = Some(string),
                "y" => members.y = Some(string),
                "pub" => members.public = Some(string),
                // RFC 7518 sections 6.2.2, 6.3.2 and 6.4, RFC 9964 section 3.
                "d" | "p" | "q" | "dp" | "dq" | "qi" | "oth" | "k" | "priv" => {
                    members.is_private = true;
                }
                _ => {}
            }
        })
        .map_err(|fault| match fault {
            Fault::Duplicate => SkipReason::DuplicateMember,
            Fault::Syntax | Fault::NotAnObject | Fault::TooComplex => SkipReason::Malformed,
        })?;
        Ok(members)
    }

    fn prepare(&self, backend: Backend) -> Result<VerificationKey, SkipReason> {
        if self.malformed_id {
            return Err(SkipReason::MissingMember("kid"));
        }
        let kty = self
            .kty
            .as_deref()
            .ok_or(SkipReason::MissingMember("kty"))?;
        if kty == "oct" {
            return Err(SkipReason::Symmetric);
        }
        if !["RSA", "EC", "OKP", "AKP"].contains(&kty) {
            return Err(SkipReason::UnknownKeyType);
        }
        if self.is_private {
            return Err(SkipReason::Private);
        }
        self.check_use()?;
        let stated = match &self.algorithm {
            None => None,
            Some(None) => return Err(SkipReason::MissingMember("alg")),
            Some(Some(name)) => Some(
                name.parse::<Algorithm>()
                    .map_err(|_| SkipReason::UnknownAlgorithm)?,
            ),
        };
        let (material, thumbprint) = match kty {
            "RSA" => self.rsa()?,
            "EC" => self.ec()?,
            "OKP" => self.ed25519()?,
            _ => self.ml_dsa(stated.ok_or(SkipReason::MissingMember("alg"))?)?,
        };
        if stated.is_some_and(|stated| stated.family() != material.family()) {
            return Err(SkipReason::AlgorithmMismatch);
        }
        let algorithms = Algorithm::ALL.iter().copied().filter(|algorithm| {
            algorithm.family() == material.family()
                && stated.is_none_or(|stated| algorithm.same_signature_as(stated))
        });
        let id = self.id.as_deref();
        VerificationKey::prepare(id, &material, algorithms, Some(thumbprint), backend).map_err(
            |refused| match refused {
                KeyRefused::Unsupported => SkipReason::Unsupported,
                KeyRefused::Malformed => SkipReason::RefusedByBackend,
            },
        )
    }

    fn check_use(&self) -> Result<(), SkipReason> {
        let by_use = match &self.key_use {
            None => true,
            Some(stated) => stated.as_deref() == Some("sig"),
        };
        let by_operations = self.key_ops.is_none_or(|operations| {
            operations.as_array().is_some_and(|list| {
                list.iter()
                    .any(|op| op.as_str().as_deref() == Some("verify"))
            })
        });
        if by_use && by_operations {
            Ok(())
        } else {
            Err(SkipReason::NotForVerification)
        }
    }

    /// RFC 7518 section 6.3.1. Leading zero bytes, which the RFC knows from older software, are harmless.
    fn rsa(&self) -> Result<(Material<'static>, Thumbprint), SkipReason> {
        let n = without_leading_zeros(bytes_of(&self.n, "n")?);
        let e = without_leading_zeros(bytes_of(&self.e, "e")?);
        let bits = n.len() * 8 - n.first().map_or(0, |b| b.leading_zeros() as usize);
        if bits < MIN_RSA_BITS {
            return Err(SkipReason::RsaTooSmall);
        }
        if bits > MAX_RSA_BITS {
            return Err(SkipReason::RsaTooLarge);
        }
        if n.last().is_none_or(|byte| byte % 2 == 0) {
            return Err(SkipReason::RsaEvenModulus);
        }
        // Odd and at most 2^32, so of at most four bytes.
        if e.len() > 4 || e == [1] || e.last().is_none_or(|byte| byte % 2 == 0) {
            return Err(SkipReason::RsaExponent);
        }
        let thumbprint = thumbprint(&[
            ("e", &base64url::encode(&e)),
            ("kty", "RSA"),
            ("n", &base64url::encode(&n)),
        ]);
        Ok((Material::Rsa { n, e }, thumbprint))
    }

    /// RFC 7518 section 6.2.1, RFC 8812 section 3.1.
    fn ec(&self) -> Result<(Material<'static>, Thumbprint), SkipReason> {
        let curve = self
            .crv
            .as_deref()
            .ok_or(SkipReason::MissingMember("crv"))?;
        let (family, field_bytes) = match curve {
            "P-256" => (KeyFamily::P256, 32),
            "P-384" => (KeyFamily::P384, 48),
            "P-521" => (KeyFamily::P521, 66),
            "secp256k1" => (KeyFamily::Secp256k1, 32),
            _ => return Err(SkipReason::UnknownCurve),
        };
        let x = exactly(field_bytes, bytes_of(&self.x, "x")?, "x")?;
        let y = exactly(field_bytes, bytes_of(&self.y, "y")?, "y")?;
        let thumbprint = thumbprint(&[
            ("crv", curve),
            ("kty", "EC"),
            ("x", &base64url::encode(&x)),
            ("y", &base64url::encode(&y)),
        ]);
        Ok((Material::Ec { family, x, y }, thumbprint))
    }

    /// RFC 8037 section 2.
    fn ed25519(&self) -> Result<(Material<'static>, Thumbprint), SkipReason> {
        let curve = self
            .crv
            .as_deref()
            .ok_or(SkipReason::MissingMember("crv"))?;
        if curve != "Ed25519" {
            return Err(SkipReason::UnknownCurve);
        }
        let x = exactly(32, bytes_of(&self.x, "x")?, "x")?;
        if ed25519_points::is_weak(&x) {
            return Err(SkipReason::WeakPoint);
        }
        let thumbprint = thumbprint(&[
            ("crv", "Ed25519"),
            ("kty", "OKP"),
            ("x", &base64url::encode(&x)),
        ]);
        Ok((Material::Ed25519 { x }, thumbprint))
    }

    /// RFC 9964 section 3.
    fn ml_dsa(&self, algorithm: Algorithm) -> Result<(Material<'static>, Thumbprint), SkipReason> {
        let family = algorithm.family();
        let public_bytes = match family {
            KeyFamily::MlDsa44 => 1_312,
            KeyFamily::MlDsa65 => 1_952,
            KeyFamily::MlDsa87 => 2_592,
            _ => return Err(SkipReason::AlgorithmMismatch),
        };
        let public = exactly(public_bytes, bytes_of(&self.public, "pub")?, "pub")?;
        let thumbprint = thumbprint(&[
            ("alg", algorithm.as_str()),
            ("kty", "AKP"),
            ("pub", &base64url::encode(&public)),
        ]);
        Ok((Material::MlDsa { family, public }, thumbprint))
    }
}

fn bytes_of(member: &Member<'_>, name: &'static str) -> Result<Vec<u8>, SkipReason> {
    let text = member
        .as_ref()
        .and_then(Option::as_deref)
        .ok_or(SkipReason::MissingMember(name))?;
    base64url::decode(text).map_err(|_| SkipReason::MalformedMember(name))
}

fn exactly(length: usize, bytes: Vec<u8>, name: &'static str) -> Result<Vec<u8>, SkipReason> {
    if bytes.len() == length {
        Ok(bytes)
    } else {
        Err(SkipReason::MalformedMember(name))
    }
}

fn without_leading_zeros(mut bytes: Vec<u8>) -> Vec<u8> {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    bytes.drain(..zeros);
    bytes
}

/// RFC 7638 section 3: the required members in the order of their names, without white space. None of the values needs
/// escaping.
fn thumbprint(members: &[(&str, &str)]) -> Thumbprint {
    let members: Vec<_> = members
        .iter()
        .map(|(name, value)| format!("\"{name}\":\"{value}\""))
        .collect();
    Thumbprint::from_bytes(sha256(format!("{{{}}}", members.join(",")).as_bytes()))
}
