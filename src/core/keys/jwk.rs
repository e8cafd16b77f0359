//! One JWK (RFC 7517 section 4) to a key that is prepared for verification, or why it can't be one.

use std::borrow::Cow;

use crate::core::base64url;
use crate::core::json::{self, Fault, Value};
use crate::core::keys::algorithm::{Algorithm, KeyFamily};
use crate::core::keys::ed25519_points;
use crate::core::keys::key_set::MAX_SET_BYTES;
use crate::core::keys::signature::{Backend, KeyRefused, Material, VerificationKey, sha256};
use crate::core::token::claims::values::Thumbprint;

const MIN_RSA_BITS: usize = 2_048;
const MAX_RSA_BITS: usize = 8_192;

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
    /// `use` is `jwt-svid`: a key of a SPIFFE trust domain. Only a policy with [`Profile::JwtSvid`](crate::Profile::JwtSvid)
    /// takes it.
    #[error("its use is jwt-svid, for the profile jwt-svid alone")]
    OnlyForSvids,
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
    /// A point that is not on its curve, or a key that the signature backend refuses. (`aws-lc-rs` takes an Ed25519 key whose
    /// bytes are no point, and no signature verifies with it.)
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
        match Jwk::read(text)?.prepare(backend)? {
            (key, KeyUse::Signature) => Ok(key),
            (_, KeyUse::JwtSvid) => Err(SkipReason::OnlyForSvids),
        }
    }
}

/// What a key may verify, by its `use` (RFC 7517 section 4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyUse {
    /// Any signature: `sig`, or nothing is said.
    Signature,
    /// `jwt-svid` (JWT-SVID section 6).
    JwtSvid,
}

/// The members of a JWK that count here.
#[derive(Default)]
pub(crate) struct Jwk<'t> {
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
    /// No member of RFC 7517: sets that many tenants share say by it whose key this is.
    issuer: Member<'t>,
    malformed_id: bool,
    is_private: bool,
}

/// A string member. `Some(None)` where it stands there but is not a string.
type Member<'t> = Option<Option<Cow<'t, str>>>;

impl<'t> Jwk<'t> {
    pub(crate) fn read(text: &'t str) -> Result<Self, SkipReason> {
        let mut jwk = Jwk::default();
        json::read_object(text, |name, value| {
            let string = value.as_str();
            match name {
                "kid" => {
                    jwk.malformed_id = string.is_none();
                    jwk.id = string;
                }
                "kty" => jwk.kty = string,
                "crv" => jwk.crv = string,
                "alg" => jwk.algorithm = Some(string),
                "use" => jwk.key_use = Some(string),
                "key_ops" => jwk.key_ops = Some(value),
                "n" => jwk.n = Some(string),
                "e" => jwk.e = Some(string),
                "x" => jwk.x = Some(string),
                "y" => jwk.y = Some(string),
                "pub" => jwk.public = Some(string),
                "issuer" => jwk.issuer = Some(string),
                // RFC 7518 sections 6.2.2, 6.3.2 and 6.4, RFC 9964 section 3.
                "d" | "p" | "q" | "dp" | "dq" | "qi" | "oth" | "k" | "priv" => {
                    jwk.is_private = true;
                }
                _ => {}
            }
        })
        .map_err(|fault| match fault {
            Fault::Duplicate => SkipReason::DuplicateMember,
            Fault::Syntax | Fault::NotAnObject | Fault::Number | Fault::TooDeep { .. } => {
                SkipReason::Malformed
            }
        })?;
        Ok(jwk)
    }

    pub(crate) fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    pub(crate) fn prepare(
        &self,
        backend: Backend,
    ) -> Result<(VerificationKey, KeyUse), SkipReason> {
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
        let key_use = self.key_use()?;
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
        let key = VerificationKey::prepare(id, &material, algorithms, Some(thumbprint), backend)
            .map_err(|refused| match refused {
                KeyRefused::Unsupported => SkipReason::Unsupported,
                KeyRefused::Malformed => SkipReason::RefusedByBackend,
            })?;
        // One that is no text is nobody's.
        let issuer = self
            .issuer
            .as_ref()
            .map(|issuer| issuer.as_deref().unwrap_or_default());
        Ok((key.stated_for(issuer), key_use))
    }

    fn key_use(&self) -> Result<KeyUse, SkipReason> {
        let by_use = match &self.key_use {
            None => Some(KeyUse::Signature),
            Some(stated) => match stated.as_deref() {
                Some("sig") => Some(KeyUse::Signature),
                Some("jwt-svid") => Some(KeyUse::JwtSvid),
                _ => None,
            },
        };
        let by_operations = self.key_ops.is_none_or(|operations| {
            operations
                .elements()
                .is_some_and(|mut list| list.any(|op| op.as_str().as_deref() == Some("verify")))
        });
        by_use
            .filter(|_| by_operations)
            .ok_or(SkipReason::NotForVerification)
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
