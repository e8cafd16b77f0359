//! This API's own private key, with which it authenticates to an authorization server (RFC 7523
//! section 2.2).

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::rand::{self, SystemRandom};
use aws_lc_rs::rsa::{KeyPairComponents, PublicKeyComponents};
use aws_lc_rs::signature::{
    self as backend, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, RsaEncoding, RsaKeyPair,
};
use rustls_pki_types::pem::{PemObject, SectionKind};
use serde_json::json;
use zeroize::Zeroizing;

use crate::core::{
    Algorithm, JwkMembers, JwkReading, KeyFamily, NumericDate, decode_base64url, encode_base64url,
    excerpt,
};

/// The largest text of a key that is read, in bytes.
const MAX_TEXT_BYTES: usize = 64 * 1024;
/// The lifetime of an assertion. It is sent at once, and used once.
const ASSERTION_LIFETIME: Duration = Duration::from_secs(60);
/// Random bytes of an assertion's `jti`.
const JTI_BYTES: usize = 16;

/// The private key with which this API authenticates to an authorization server, for
/// [`Introspection::private_key_jwt`](crate::Introspection::private_key_jwt).
///
/// It signs with one algorithm: RS256 to RS512, PS256 to PS512 (RSA of 2048 to 8192 bits), ES256,
/// ES384, ES512, EdDSA or Ed25519. It is kept only in the form that the signer needs. Private
/// members of a JWK are wiped once they are read; wiping the text that you pass is up to you.
/// `Debug` shows only the algorithm and the `kid`. Cloning is cheap.
///
/// ```
/// use resource_server::{Algorithm, introspection::ClientKey};
///
/// // RFC 8037 appendix A.1.
/// let key = ClientKey::from_jwk(r#"{"kty":"OKP","crv":"Ed25519","kid":"2026-11",
///     "d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
///     "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#)?;
/// assert_eq!(key.algorithm(), Algorithm::EdDSA);
/// assert_eq!(key.key_id(), Some("2026-11"));
/// # Ok::<(), resource_server::error::ClientKeyError>(())
/// ```
#[derive(Clone)]
pub struct ClientKey {
    algorithm: Algorithm,
    id: Option<String>,
    signer: Arc<Signer>,
}

enum Signer {
    Rsa(RsaKeyPair, &'static dyn RsaEncoding),
    Ec(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

/// Why a text is not a [`ClientKey`]. It reveals nothing of the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ClientKeyError {
    /// The text is over 64 KiB.
    #[error("the text has more than 65536 bytes")]
    TooLarge,
    /// The text is not PEM, is damaged, or has no private key that is readable without a password.
    #[error(
        "the PEM text has no private key (PRIVATE KEY, RSA PRIVATE KEY or EC PRIVATE KEY; decrypt an encrypted one first)"
    )]
    NoPrivateKey,
    /// The PEM text has more than one private key.
    #[error("the PEM text has more than one private key: remove all but one")]
    SeveralKeys,
    /// The text is not a JSON object, or has two members of one name.
    #[error("the text is not a JWK (RFC 7517): a JSON object without doubled members")]
    NotAJwk,
    /// A member that the JWK's `kty` needs is missing, not canonical base64url, or has the wrong
    /// number of bytes. Without `d` it is a public key.
    #[error("the JWK's member \"{0}\" is missing or malformed; a private key is needed")]
    Member(&'static str),
    /// `use` is not `sig`, or `key_ops` is without `sign`.
    #[error("the JWK's use or key_ops does not allow signing")]
    NotForSigning,
    /// The JWK is an RSA key without an `alg`.
    #[error(
        "the JWK has no alg, and RSA keys sign with several: add \"alg\" to it, such as RS256 or PS256"
    )]
    AlgorithmMissing,
    /// The key type, curve or algorithm is not supported for signing.
    #[error(
        "its algorithm, key type or curve is not supported for signing (RS256 to RS512, PS256 to PS512, ES256, ES384, ES512, \
         EdDSA, Ed25519)"
    )]
    Unsupported,
    /// The key is damaged, doesn't fit its algorithm, or is RSA outside 2048 to 8192 bits.
    #[error(
        "the key is damaged, doesn't fit its algorithm, or is RSA of less than 2048 or more than 8192 bits"
    )]
    Refused,
}

/// The signer or the system's random numbers failed.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the client assertion could not be signed")]
pub(super) struct NotSigned;

impl ClientKey {
    /// Reads an unencrypted private key from PEM: PKCS #8 (RFC 5958), PKCS #1 or SEC 1.
    /// Certificates and public keys in the text are ignored. The key has no `kid` until
    /// [`with_key_id`](ClientKey::with_key_id) gives it one.
    ///
    /// # Errors
    /// See [`ClientKeyError`].
    pub fn from_pem(algorithm: Algorithm, pem: impl AsRef<[u8]>) -> Result<Self, ClientKeyError> {
        let pem = pem.as_ref();
        if pem.len() > MAX_TEXT_BYTES {
            return Err(ClientKeyError::TooLarge);
        }
        let mut found = None;
        for section in <(SectionKind, Vec<u8>)>::pem_slice_iter(pem) {
            let (kind, der) = section.map_err(|_| ClientKeyError::NoPrivateKey)?;
            let der = Zeroizing::new(der);
            if !matches!(
                kind,
                SectionKind::PrivateKey | SectionKind::RsaPrivateKey | SectionKind::EcPrivateKey
            ) {
                continue;
            }
            if found.is_some() {
                return Err(ClientKeyError::SeveralKeys);
            }
            found = Some((kind, der));
        }
        let (kind, der) = found.ok_or(ClientKeyError::NoPrivateKey)?;
        let is_pkcs8 = kind == SectionKind::PrivateKey;
        let signer = match (kind_of(algorithm)?, kind) {
            (Kind::Rsa(encoding), SectionKind::PrivateKey) => {
                RsaKeyPair::from_pkcs8(&der).map(|pair| Signer::Rsa(pair, encoding))
            }
            (Kind::Rsa(encoding), SectionKind::RsaPrivateKey) => {
                RsaKeyPair::from_der(&der).map(|pair| Signer::Rsa(pair, encoding))
            }
            (Kind::Ec(curve), SectionKind::PrivateKey) => {
                EcdsaKeyPair::from_pkcs8(curve, &der).map(Signer::Ec)
            }
            (Kind::Ec(curve), SectionKind::EcPrivateKey) => {
                EcdsaKeyPair::from_private_key_der(curve, &der).map(Signer::Ec)
            }
            (Kind::Ed25519, _) if is_pkcs8 => Ed25519KeyPair::from_pkcs8(&der).map(Signer::Ed25519),
            _ => return Err(ClientKeyError::Refused),
        };
        let signer = signer.map_err(|_| ClientKeyError::Refused)?;
        Ok(Self::new(algorithm, None, signer))
    }

    /// Reads a private JWK (RFC 7517, RFC 7518 section 6, RFC 8037) and its `kid`. An RSA key must
    /// have `n`, `e`, `d`, `p`, `q`, `dp`, `dq` and `qi`, and `alg`. Without an `alg`, an EC key
    /// signs with its curve's algorithm, and an Ed25519 key with `EdDSA`.
    ///
    /// # Errors
    /// See [`ClientKeyError`].
    pub fn from_jwk(text: &str) -> Result<Self, ClientKeyError> {
        if text.len() > MAX_TEXT_BYTES {
            return Err(ClientKeyError::TooLarge);
        }
        let members = JwkMembers::read(text, &MEMBERS, JwkReading::Strict)
            .map_err(|_| ClientKeyError::NotAJwk)?;
        Jwk(members).read()
    }

    fn new(algorithm: Algorithm, id: Option<String>, signer: Signer) -> Self {
        ClientKey {
            algorithm,
            id,
            signer: Arc::new(signer),
        }
    }

    /// Sets the `kid`, by which the authorization server finds the public key.
    #[must_use]
    pub fn with_key_id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// The key's `kid`, if it has one.
    pub fn key_id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// The algorithm that the key signs with.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// A new assertion (RFC 7523 section 3), to be used once and at once.
    pub(super) fn assertion(
        &self,
        client_id: &str,
        audience: &str,
        now: NumericDate,
    ) -> Result<Zeroizing<String>, NotSigned> {
        let mut header = json!({"alg": self.algorithm.as_str(), "typ": "JWT"});
        if let (Some(id), Some(members)) = (&self.id, header.as_object_mut()) {
            members.insert("kid".to_owned(), id.as_str().into());
        }
        let mut random = [0; JTI_BYTES];
        rand::fill(&mut random).map_err(|_| NotSigned)?;
        let claims = json!({
            "iss": client_id,
            "sub": client_id,
            "aud": audience,
            "jti": encode_base64url(&random),
            "iat": now.as_secs(),
            "exp": now.saturating_add(ASSERTION_LIFETIME).as_secs(),
        });
        let encode = |value: &serde_json::Value| encode_base64url(value.to_string().as_bytes());
        let input = format!("{}.{}", encode(&header), encode(&claims));
        let signature = self.sign(input.as_bytes())?;
        Ok(Zeroizing::new(format!(
            "{input}.{}",
            encode_base64url(&signature)
        )))
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, NotSigned> {
        let random = SystemRandom::new();
        let signature = match &*self.signer {
            Signer::Rsa(pair, encoding) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                let signed = pair.sign(*encoding, &random, message, &mut signature);
                signed.map(|()| signature)
            }
            Signer::Ec(pair) => pair
                .sign(&random, message)
                .map(|signature| signature.as_ref().to_vec()),
            Signer::Ed25519(pair) => pair
                .try_sign(message)
                .map(|signature| signature.as_ref().to_vec()),
        };
        signature.map_err(|_| NotSigned)
    }
}

impl fmt::Debug for ClientKey {
    /// Shows nothing of the key itself.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientKey")
            .field("algorithm", &self.algorithm)
            .field("key_id", &self.key_id().map(excerpt))
            .finish_non_exhaustive()
    }
}

/// What an algorithm signs with.
#[derive(Clone, Copy)]
enum Kind {
    Rsa(&'static dyn RsaEncoding),
    Ec(&'static EcdsaSigningAlgorithm),
    Ed25519,
}

fn kind_of(algorithm: Algorithm) -> Result<Kind, ClientKeyError> {
    Ok(match algorithm {
        Algorithm::RS256 => Kind::Rsa(&backend::RSA_PKCS1_SHA256),
        Algorithm::RS384 => Kind::Rsa(&backend::RSA_PKCS1_SHA384),
        Algorithm::RS512 => Kind::Rsa(&backend::RSA_PKCS1_SHA512),
        Algorithm::PS256 => Kind::Rsa(&backend::RSA_PSS_SHA256),
        Algorithm::PS384 => Kind::Rsa(&backend::RSA_PSS_SHA384),
        Algorithm::PS512 => Kind::Rsa(&backend::RSA_PSS_SHA512),
        Algorithm::ES256 => Kind::Ec(&backend::ECDSA_P256_SHA256_FIXED_SIGNING),
        Algorithm::ES384 => Kind::Ec(&backend::ECDSA_P384_SHA384_FIXED_SIGNING),
        Algorithm::ES512 => Kind::Ec(&backend::ECDSA_P521_SHA512_FIXED_SIGNING),
        Algorithm::EdDSA | Algorithm::Ed25519 => Kind::Ed25519,
        _ => return Err(ClientKeyError::Unsupported),
    })
}

/// The members that are read.
const MEMBERS: [&str; 16] = [
    "kty", "crv", "alg", "kid", "use", "key_ops", "n", "e", "d", "p", "q", "dp", "dq", "qi", "x",
    "y",
];

struct Jwk<'t>(JwkMembers<'t>);

impl<'t> Jwk<'t> {
    /// A string member, where it is there.
    fn text(&self, name: &'static str) -> Result<Option<Cow<'t, str>>, ClientKeyError> {
        let text = self.0.text(name);
        text.map_err(|_| ClientKeyError::Member(name))
    }

    /// The bytes of a private member, which are wiped on drop.
    fn private(&self, name: &'static str) -> Result<Zeroizing<Vec<u8>>, ClientKeyError> {
        // A text without escapes is a slice of the JWK, so no copy remains in memory. Base64url
        // needs no escapes.
        let text = self.0.text(name).ok().flatten();
        text.and_then(|text| match text {
            Cow::Borrowed(text) => decode_base64url(text).ok(),
            Cow::Owned(_) => None,
        })
        .filter(|bytes| !bytes.is_empty())
        .map(Zeroizing::new)
        .ok_or(ClientKeyError::Member(name))
    }

    fn public(&self, name: &'static str) -> Result<Vec<u8>, ClientKeyError> {
        let bytes = self.0.bytes(name).ok();
        bytes.ok_or(ClientKeyError::Member(name))
    }

    /// A coordinate or an encoded key, which has exactly the bytes of its family.
    fn sized(&self, name: &'static str, family: KeyFamily) -> Result<Vec<u8>, ClientKeyError> {
        let bytes = self.public(name)?;
        if family.public_bytes() == Some(bytes.len()) {
            Ok(bytes)
        } else {
            Err(ClientKeyError::Member(name))
        }
    }

    fn read(&self) -> Result<ClientKey, ClientKeyError> {
        self.check_use()?;
        let kty = self.text("kty")?.ok_or(ClientKeyError::Member("kty"))?;
        let crv = self.text("crv")?;
        let stated = match self.text("alg")? {
            None => None,
            Some(name) => Some(name.parse().map_err(|_| ClientKeyError::Unsupported)?),
        };
        let family = KeyFamily::of_key(&kty, crv.as_deref());
        let algorithm = match (stated, family) {
            (Some(stated), _) => stated,
            (None, Some(KeyFamily::Rsa)) => return Err(ClientKeyError::AlgorithmMissing),
            (None, family) => family
                .and_then(Algorithm::of_family)
                .ok_or(ClientKeyError::Unsupported)?,
        };
        let kind = kind_of(algorithm)?;
        if family != Some(algorithm.family()) {
            return Err(ClientKeyError::Refused);
        }
        let signer = match kind {
            Kind::Rsa(encoding) => Signer::Rsa(self.rsa()?, encoding),
            Kind::Ec(curve) => Signer::Ec(self.ec(algorithm.family(), curve)?),
            Kind::Ed25519 => Signer::Ed25519(self.ed25519()?),
        };
        let id = self.text("kid")?.map(Cow::into_owned);
        Ok(ClientKey::new(algorithm, id, signer))
    }

    fn check_use(&self) -> Result<(), ClientKeyError> {
        let by_use = self.text("use")?.is_none_or(|stated| stated == "sig");
        if by_use && self.0.lists("key_ops", "sign") != Some(false) {
            Ok(())
        } else {
            Err(ClientKeyError::NotForSigning)
        }
    }

    /// RFC 7518 section 6.3. The backend checks that the members fit one another.
    fn rsa(&self) -> Result<RsaKeyPair, ClientKeyError> {
        let number = |name| {
            let number = self.0.number(name).ok();
            number.ok_or(ClientKeyError::Member(name))
        };
        let components = KeyPairComponents {
            public_key: PublicKeyComponents {
                n: number("n")?,
                e: number("e")?,
            },
            d: self.private("d")?,
            p: self.private("p")?,
            q: self.private("q")?,
            dP: self.private("dp")?,
            dQ: self.private("dq")?,
            qInv: self.private("qi")?,
        };
        RsaKeyPair::from_components(&components).map_err(|_| ClientKeyError::Refused)
    }

    /// RFC 7518 section 6.2. An uncompressed point is 4, then both coordinates (SEC 1 section
    /// 2.3.3).
    fn ec(
        &self,
        family: KeyFamily,
        curve: &'static EcdsaSigningAlgorithm,
    ) -> Result<EcdsaKeyPair, ClientKeyError> {
        let private = self.private("d")?;
        let mut public = vec![4];
        public.extend_from_slice(&self.sized("x", family)?);
        public.extend_from_slice(&self.sized("y", family)?);
        EcdsaKeyPair::from_private_key_and_public_key(curve, &private, &public)
            .map_err(|_| ClientKeyError::Refused)
    }

    /// RFC 8037 section 2.
    fn ed25519(&self) -> Result<Ed25519KeyPair, ClientKeyError> {
        let seed = self.private("d")?;
        if KeyFamily::Ed25519.public_bytes() != Some(seed.len()) {
            return Err(ClientKeyError::Member("d"));
        }
        let public = self.sized("x", KeyFamily::Ed25519)?;
        Ed25519KeyPair::from_seed_and_public_key(&seed, &public)
            .map_err(|_| ClientKeyError::Refused)
    }
}
