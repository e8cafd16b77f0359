//! The reader of one public key as a JWK (RFC 7517 section 4). It decodes no private member.

use std::borrow::Cow;

use crate::core::base64url;
use crate::core::json::Fault;
use crate::core::keys::algorithm::Algorithm;
use crate::core::keys::key_family::KeyFamily;
use crate::core::keys::limits::MAX_JWK_BYTES;
use crate::core::keys::material::PublicMaterial;
use crate::core::keys::members::{MemberFault, Members, Reading};
use crate::core::keys::notes::Misspelling;
use crate::core::keys::signature::Backend;
use crate::core::keys::skip_reason::KeyError;
use crate::core::keys::verification_key::{CertificateThumbprints, VerificationKey};

impl VerificationKey {
    /// Reads one JWK of a public key (RFC 7517 section 4), of at most 256 KiB.
    ///
    /// The key is read strictly, since the text may come from anyone. A fault that
    /// [`KeySet::notes`](crate::keys::KeySet::notes) reports for a set is an error here.
    ///
    /// # Errors
    /// The key can't be used to verify.
    pub fn from_jwk(text: &str) -> Result<Self, KeyError> {
        Self::from_jwk_for(Backend::DEFAULT, text)
    }

    /// Does what [`from_jwk`](Self::from_jwk) does, for one backend of several.
    #[doc(hidden)]
    pub fn from_jwk_for(backend: Backend, text: &str) -> Result<Self, KeyError> {
        if text.len() > MAX_JWK_BYTES {
            return Err(KeyError::Malformed);
        }
        match Jwk::read(text, Reading::Strict)?.key(backend)? {
            (key, KeyUse::Signature) => key.prepare_now(),
            (_, KeyUse::JwtSvid) => Err(KeyError::OnlyForSvids),
        }
    }
}

impl VerificationKey {
    /// Reads the JWK of a proof of possession (RFC 9449 section 4.2), for the proof's algorithm
    /// alone. The proof's maker chose it, so it is read strictly, and its size is bounded. It is
    /// prepared when it is used.
    pub(crate) fn from_jwk_of_proof(text: &str, algorithm: Algorithm) -> Result<Self, KeyError> {
        let jwk = Jwk::read(text, Reading::Strict)?;
        jwk.key_for(algorithm, Backend::DEFAULT)
    }
}

/// What a key may verify, by its `use` (RFC 7517 section 4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyUse {
    /// Any signature: `use` is `sig` or absent.
    Signature,
    /// `jwt-svid` (JWT-SVID section 6).
    JwtSvid,
}

/// The members that are read. `issuer` is not one of RFC 7517: sets that many tenants share say in
/// it whose key this is.
const MEMBERS: [&str; 23] = [
    "kty", "crv", "kid", "alg", "use", "key_ops", "n", "e", "x", "y", "pub", "issuer", "x5t",
    "x5t#S256", "d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv",
];
/// Those of private and symmetric keys (RFC 7518 sections 6.2.2, 6.3.2 and 6.4, RFC 9964 section
/// 3). Only their presence matters.
const PRIVATE: [&str; 9] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"];

/// One JWK, parsed as an object. Nothing is checked yet, so that a set can name the `kid` of a key
/// that it skips.
pub(crate) struct Jwk<'t>(Members<'t>);

impl<'t> Jwk<'t> {
    pub(crate) fn read(text: &'t str, reading: Reading) -> Result<Self, KeyError> {
        Members::read(text, &MEMBERS, reading)
            .map(Jwk)
            .map_err(|fault| match fault {
                Fault::Duplicate => KeyError::DuplicateMember,
                Fault::Syntax | Fault::NotAnObject | Fault::Number | Fault::TooDeep { .. } => {
                    KeyError::Malformed
                }
            })
    }

    pub(crate) fn id(&self) -> Option<Cow<'t, str>> {
        self.0.text("kid").ok().flatten()
    }

    /// The members so far that were misspelt but accepted.
    pub(crate) fn notes(&self) -> Vec<(&'static str, Misspelling)> {
        self.0.notes()
    }

    /// The key, checked for form.
    pub(crate) fn key(&self, backend: Backend) -> Result<(VerificationKey, KeyUse), KeyError> {
        let id = self.text("kid")?;
        let (material, key_use, stated) = self.public()?;
        let key = VerificationKey::of_public(material, stated, backend)?;
        let issuer = self.issuer();
        let key = key.published(id.as_deref(), issuer.as_deref(), self.certificate());
        Ok((key, key_use))
    }

    /// The key for one algorithm, which its `alg` must not contradict.
    fn key_for(&self, algorithm: Algorithm, backend: Backend) -> Result<VerificationKey, KeyError> {
        let (material, key_use, stated) = self.public()?;
        if key_use != KeyUse::Signature {
            return Err(KeyError::OnlyForSvids);
        }
        if stated.is_some_and(|stated| !stated.same_signature_as(algorithm)) {
            return Err(KeyError::AlgorithmMismatch);
        }
        if material.is_larger_than_proofs_have() {
            return Err(KeyError::RsaTooLargeForProof);
        }
        VerificationKey::of_public(material, Some(algorithm), backend)
    }

    /// The numbers of the public key, what it may verify, and the algorithm that it states.
    fn public(&self) -> Result<(PublicMaterial, KeyUse, Option<Algorithm>), KeyError> {
        let kty = self.required_text("kty")?;
        match &*kty {
            "oct" => return Err(KeyError::Symmetric),
            "RSA" | "EC" | "OKP" | "AKP" => {}
            _ => return Err(KeyError::UnknownKeyType),
        }
        if self.0.has_any(&PRIVATE) {
            return Err(KeyError::Private);
        }
        let key_use = self.key_use()?;
        let stated = match self.text("alg")? {
            None => None,
            Some(name) => {
                let known: Result<Algorithm, _> = name.parse();
                Some(known.map_err(|_| KeyError::UnknownAlgorithm)?)
            }
        };
        let material = self.material(&kty, stated)?;
        Ok((material, key_use, stated))
    }

    /// The issuer that the key states. A value that is not a string is the name of no issuer.
    fn issuer(&self) -> Option<Cow<'t, str>> {
        let value = self.0.raw("issuer")?;
        Some(value.as_str().unwrap_or_default())
    }

    /// A thumbprint that can't be read selects nothing; it is read as strictly as a token's. Some
    /// software writes the digits of one in base64url, so its length may differ.
    fn certificate(&self) -> CertificateThumbprints {
        let thumbprint = |name| {
            let text = self.0.text(name).ok()??;
            let bytes = base64url::decode(&text).ok()?;
            (!bytes.is_empty()).then(|| bytes.into_boxed_slice())
        };
        CertificateThumbprints {
            x5t: thumbprint("x5t"),
            x5t_s256: thumbprint("x5t#S256"),
        }
    }

    fn key_use(&self) -> Result<KeyUse, KeyError> {
        let not_for_verification = KeyError::NotForVerification;
        let key_use = match self
            .0
            .text("use")
            .map_err(|_| not_for_verification)?
            .as_deref()
        {
            None | Some("sig") => KeyUse::Signature,
            Some("jwt-svid") => KeyUse::JwtSvid,
            Some(_) => return Err(not_for_verification),
        };
        if self.0.lists("key_ops", "verify") == Some(false) {
            return Err(not_for_verification);
        }
        Ok(key_use)
    }

    fn material(&self, kty: &str, stated: Option<Algorithm>) -> Result<PublicMaterial, KeyError> {
        match kty {
            "RSA" => PublicMaterial::rsa(self.bytes("n")?, self.bytes("e")?),
            "AKP" => {
                let algorithm = stated.ok_or(KeyError::MissingMember("alg"))?;
                if algorithm.family().kty() != "AKP" {
                    return Err(KeyError::AlgorithmMismatch);
                }
                PublicMaterial::ml_dsa(algorithm, self.bytes("pub")?)
            }
            _ => {
                let crv = self.required_text("crv")?;
                match KeyFamily::of_curve(kty, &crv).ok_or(KeyError::UnknownCurve)? {
                    KeyFamily::Ed25519 => PublicMaterial::ed25519(self.bytes("x")?),
                    curve => {
                        let (x, y) = (self.coordinate("x", curve)?, self.coordinate("y", curve)?);
                        PublicMaterial::ec(curve, x, y)
                    }
                }
            }
        }
    }

    fn text(&self, name: &'static str) -> Result<Option<Cow<'t, str>>, KeyError> {
        self.0.text(name).map_err(|fault| reason(fault, name))
    }

    fn required_text(&self, name: &'static str) -> Result<Cow<'t, str>, KeyError> {
        self.text(name)?.ok_or(KeyError::MissingMember(name))
    }

    fn coordinate(&self, name: &'static str, curve: KeyFamily) -> Result<Vec<u8>, KeyError> {
        let length = curve.public_bytes().unwrap_or_default();
        let bytes = self.0.coordinate(name, length);
        bytes.map_err(|fault| reason(fault, name))
    }

    fn bytes(&self, name: &'static str) -> Result<Vec<u8>, KeyError> {
        self.0.bytes(name).map_err(|fault| reason(fault, name))
    }
}

fn reason(fault: MemberFault, name: &'static str) -> KeyError {
    match fault {
        MemberFault::Missing => KeyError::MissingMember(name),
        MemberFault::Malformed => KeyError::MalformedMember(name),
    }
}
