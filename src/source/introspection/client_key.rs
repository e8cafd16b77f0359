//! This API's own private key, by which it says who it is (RFC 7523 section 2.2).

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
    Algorithm, JsonValue, NumericDate, decode_base64url, encode_base64url, excerpt,
    read_json_object,
};

/// A key's text is read up to this size, in bytes.
const MAX_TEXT_BYTES: usize = 64 * 1024;
/// An assertion is good for so long: it is sent at once, and used once.
const ASSERTION_LIFETIME: Duration = Duration::from_secs(60);
/// Random bytes of an assertion's `jti`.
const JTI_BYTES: usize = 16;

/// The private key of this API, by which it says to an authorization server who it is: for
/// [`Introspection::private_key_jwt`](crate::Introspection::private_key_jwt).
///
/// It signs by one algorithm: RS256 to RS512, PS256 to PS512 (RSA of 2048 to 8192 bits), ES256, ES384, ES512, EdDSA or
/// Ed25519. It is kept in the form that signs and in no other; private members of a JWK are wiped once they are read, the
/// text that you hand in is yours. `Debug` shows algorithm and `kid` alone. Cloning is cheap.
///
/// ```
/// use resource_server::{Algorithm, ClientKey};
///
/// // RFC 8037 appendix A.1.
/// let key = ClientKey::from_jwk(r#"{"kty":"OKP","crv":"Ed25519","kid":"2026-11",
///     "d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
///     "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#)?;
/// assert_eq!(key.algorithm(), Algorithm::EdDSA);
/// assert_eq!(key.key_id(), Some("2026-11"));
/// # Ok::<(), resource_server::ClientKeyProblem>(())
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

/// Why a text gives no [`ClientKey`]. Says nothing of the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ClientKeyProblem {
    /// Over 64 KiB.
    #[error("the text has more than 65536 bytes")]
    TooLarge,
    /// No PEM, damaged PEM, or no private key in it. An encrypted one counts as none.
    #[error(
        "no private key is in the PEM text (PRIVATE KEY, RSA PRIVATE KEY or EC PRIVATE KEY; one that is encrypted must be \
         decrypted first)"
    )]
    NoPrivateKey,
    /// More than one private key in the PEM text.
    #[error("more than one private key is in the PEM text: leave one")]
    SeveralKeys,
    /// Not a JSON object, or one with two members of one name.
    #[error("the text is not a JWK (RFC 7517): a JSON object without doubled members")]
    NotAJwk,
    /// A member of the JWK that its `kty` needs is missing or not canonical base64url. For `d`, it is a public key.
    #[error("the JWK's member \"{0}\" is missing or malformed; a private key is needed")]
    Member(&'static str),
    /// `use` is not `sig`, or `key_ops` is without `sign`.
    #[error("the JWK's use or key_ops does not allow signing")]
    NotForSigning,
    /// The JWK is RSA and doesn't say by which algorithm it signs.
    #[error(
        "the JWK has no alg, and RSA keys sign by several: add \"alg\" to it, such as RS256 or PS256"
    )]
    AlgorithmMissing,
    /// A key type, curve or algorithm that is not signed by here.
    #[error(
        "its algorithm, key type or curve is not one to sign assertions by (RS256 to RS512, PS256 to PS512, ES256, ES384, \
         ES512, EdDSA, Ed25519)"
    )]
    Unsupported,
    /// Damaged, not of the algorithm's kind, or RSA outside 2048 to 8192 bits.
    #[error(
        "the key is damaged, or of another kind than its algorithm, or RSA of less than 2048 or more than 8192 bits"
    )]
    Refused,
}

/// The signer or the system's random numbers failed.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the client assertion could not be signed")]
pub(super) struct NotSigned;

impl ClientKey {
    /// From PEM: PKCS #8 (RFC 5958), PKCS #1 or SEC 1, not encrypted. Certificates and public keys beside it are passed over.
    /// It has no `kid` until [`with_key_id`](ClientKey::with_key_id) gives it one.
    ///
    /// # Errors
    /// See [`ClientKeyProblem`].
    pub fn from_pem(algorithm: Algorithm, pem: impl AsRef<[u8]>) -> Result<Self, ClientKeyProblem> {
        let pem = pem.as_ref();
        if pem.len() > MAX_TEXT_BYTES {
            return Err(ClientKeyProblem::TooLarge);
        }
        let mut found = None;
        for section in <(SectionKind, Vec<u8>)>::pem_slice_iter(pem) {
            let (kind, der) = section.map_err(|_| ClientKeyProblem::NoPrivateKey)?;
            let der = Zeroizing::new(der);
            if !matches!(
                kind,
                SectionKind::PrivateKey | SectionKind::RsaPrivateKey | SectionKind::EcPrivateKey
            ) {
                continue;
            }
            if found.is_some() {
                return Err(ClientKeyProblem::SeveralKeys);
            }
            found = Some((kind, der));
        }
        let (kind, der) = found.ok_or(ClientKeyProblem::NoPrivateKey)?;
        let is_pkcs8 = kind == SectionKind::PrivateKey;
        let signer = match (kind_of(algorithm)?, kind) {
            (Kind::Rsa(encoding), SectionKind::PrivateKey) => {
                RsaKeyPair::from_pkcs8(&der).map(|pair| Signer::Rsa(pair, encoding))
            }
            (Kind::Rsa(encoding), SectionKind::RsaPrivateKey) => {
                RsaKeyPair::from_der(&der).map(|pair| Signer::Rsa(pair, encoding))
            }
            (Kind::Ec(_, curve), SectionKind::PrivateKey) => {
                EcdsaKeyPair::from_pkcs8(curve, &der).map(Signer::Ec)
            }
            (Kind::Ec(_, curve), SectionKind::EcPrivateKey) => {
                EcdsaKeyPair::from_private_key_der(curve, &der).map(Signer::Ec)
            }
            (Kind::Ed25519, _) if is_pkcs8 => Ed25519KeyPair::from_pkcs8(&der).map(Signer::Ed25519),
            _ => return Err(ClientKeyProblem::Refused),
        };
        let signer = signer.map_err(|_| ClientKeyProblem::Refused)?;
        Ok(Self::new(algorithm, None, signer))
    }

    /// From a private JWK (RFC 7517, RFC 7518 section 6, RFC 8037), with its `kid`. An RSA key has all of `n`, `e`, `d`, `p`,
    /// `q`, `dp`, `dq` and `qi`, and an `alg`; without one an EC key signs by its curve's algorithm, an Ed25519 key by `EdDSA`.
    ///
    /// # Errors
    /// See [`ClientKeyProblem`].
    pub fn from_jwk(text: &str) -> Result<Self, ClientKeyProblem> {
        if text.len() > MAX_TEXT_BYTES {
            return Err(ClientKeyProblem::TooLarge);
        }
        let mut members: Vec<(&'static str, JsonValue<'_>)> = Vec::new();
        read_json_object(text, |name, value| {
            if let Some(name) = MEMBERS.iter().find(|known| **known == name) {
                members.push((name, value));
            }
        })
        .map_err(|_| ClientKeyProblem::NotAJwk)?;
        Jwk(members).read()
    }

    fn new(algorithm: Algorithm, id: Option<String>, signer: Signer) -> Self {
        ClientKey {
            algorithm,
            id,
            signer: Arc::new(signer),
        }
    }

    /// With this `kid`, by which the authorization server finds the public key.
    #[must_use]
    pub fn with_key_id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// Its `kid`, where it has one.
    pub fn key_id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// The algorithm that it signs by.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// A new assertion (RFC 7523 section 3): for one use, soon.
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
    /// Shows nothing of the key.
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
    /// By `crv`.
    Ec(&'static str, &'static EcdsaSigningAlgorithm),
    Ed25519,
}

fn kind_of(algorithm: Algorithm) -> Result<Kind, ClientKeyProblem> {
    Ok(match algorithm {
        Algorithm::RS256 => Kind::Rsa(&backend::RSA_PKCS1_SHA256),
        Algorithm::RS384 => Kind::Rsa(&backend::RSA_PKCS1_SHA384),
        Algorithm::RS512 => Kind::Rsa(&backend::RSA_PKCS1_SHA512),
        Algorithm::PS256 => Kind::Rsa(&backend::RSA_PSS_SHA256),
        Algorithm::PS384 => Kind::Rsa(&backend::RSA_PSS_SHA384),
        Algorithm::PS512 => Kind::Rsa(&backend::RSA_PSS_SHA512),
        Algorithm::ES256 => Kind::Ec("P-256", &backend::ECDSA_P256_SHA256_FIXED_SIGNING),
        Algorithm::ES384 => Kind::Ec("P-384", &backend::ECDSA_P384_SHA384_FIXED_SIGNING),
        Algorithm::ES512 => Kind::Ec("P-521", &backend::ECDSA_P521_SHA512_FIXED_SIGNING),
        Algorithm::EdDSA | Algorithm::Ed25519 => Kind::Ed25519,
        _ => return Err(ClientKeyProblem::Unsupported),
    })
}

/// The members of a JWK that count here.
const MEMBERS: [&str; 16] = [
    "kty", "crv", "alg", "kid", "use", "key_ops", "n", "e", "d", "p", "q", "dp", "dq", "qi", "x",
    "y",
];

struct Jwk<'t>(Vec<(&'static str, JsonValue<'t>)>);

impl<'t> Jwk<'t> {
    fn find(&self, name: &str) -> Option<JsonValue<'t>> {
        let found = self.0.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| *value)
    }

    /// A string member, where it is there.
    fn text(&self, name: &'static str) -> Result<Option<String>, ClientKeyProblem> {
        let Some(value) = self.find(name) else {
            return Ok(None);
        };
        let text = value.as_str().ok_or(ClientKeyProblem::Member(name))?;
        Ok(Some(text.into_owned()))
    }

    fn bytes(&self, name: &'static str) -> Result<Zeroizing<Vec<u8>>, ClientKeyProblem> {
        // Without escapes, which base64url never needs, it is a slice of the text: no copy is left behind.
        self.find(name)
            .and_then(|value| match value.as_str() {
                Some(Cow::Borrowed(text)) => decode_base64url(text).ok(),
                _ => None,
            })
            .filter(|bytes| !bytes.is_empty())
            .map(Zeroizing::new)
            .ok_or(ClientKeyProblem::Member(name))
    }

    fn read(&self) -> Result<ClientKey, ClientKeyProblem> {
        self.check_use()?;
        let kty = self.text("kty")?.ok_or(ClientKeyProblem::Member("kty"))?;
        let crv = self.text("crv")?;
        let stated = match self.text("alg")? {
            None => None,
            Some(name) => Some(name.parse().map_err(|_| ClientKeyProblem::Unsupported)?),
        };
        let algorithm = match (stated, kty.as_str(), crv.as_deref()) {
            (Some(stated), _, _) => stated,
            (None, "RSA", _) => return Err(ClientKeyProblem::AlgorithmMissing),
            (None, "EC", Some("P-256")) => Algorithm::ES256,
            (None, "EC", Some("P-384")) => Algorithm::ES384,
            (None, "EC", Some("P-521")) => Algorithm::ES512,
            (None, "OKP", Some("Ed25519")) => Algorithm::EdDSA,
            _ => return Err(ClientKeyProblem::Unsupported),
        };
        let signer = match (kind_of(algorithm)?, kty.as_str(), crv.as_deref()) {
            (Kind::Rsa(encoding), "RSA", _) => Signer::Rsa(self.rsa()?, encoding),
            (Kind::Ec(name, curve), "EC", Some(crv)) if crv == name => Signer::Ec(self.ec(curve)?),
            (Kind::Ed25519, "OKP", Some("Ed25519")) => Signer::Ed25519(self.ed25519()?),
            _ => return Err(ClientKeyProblem::Refused),
        };
        Ok(ClientKey::new(algorithm, self.text("kid")?, signer))
    }

    fn check_use(&self) -> Result<(), ClientKeyProblem> {
        let by_use = self.text("use")?.is_none_or(|stated| stated == "sig");
        let by_operations = self.find("key_ops").is_none_or(|operations| {
            let list = operations.elements();
            list.is_some_and(|mut list| list.any(|op| op.as_str().as_deref() == Some("sign")))
        });
        if by_use && by_operations {
            Ok(())
        } else {
            Err(ClientKeyProblem::NotForSigning)
        }
    }

    /// RFC 7518 section 6.3. The backend holds all members against one another.
    fn rsa(&self) -> Result<RsaKeyPair, ClientKeyProblem> {
        let without_zeros = |name| {
            let bytes = self.bytes(name)?;
            let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
            Ok(bytes.get(zeros..).unwrap_or_default().to_vec())
        };
        let components = KeyPairComponents {
            public_key: PublicKeyComponents {
                n: without_zeros("n")?,
                e: without_zeros("e")?,
            },
            d: self.bytes("d")?,
            p: self.bytes("p")?,
            q: self.bytes("q")?,
            dP: self.bytes("dp")?,
            dQ: self.bytes("dq")?,
            qInv: self.bytes("qi")?,
        };
        RsaKeyPair::from_components(&components).map_err(|_| ClientKeyProblem::Refused)
    }

    /// RFC 7518 section 6.2: 4, then both coordinates.
    fn ec(&self, curve: &'static EcdsaSigningAlgorithm) -> Result<EcdsaKeyPair, ClientKeyProblem> {
        let private = self.bytes("d")?;
        let mut public = vec![4];
        public.extend_from_slice(&self.bytes("x")?);
        public.extend_from_slice(&self.bytes("y")?);
        EcdsaKeyPair::from_private_key_and_public_key(curve, &private, &public)
            .map_err(|_| ClientKeyProblem::Refused)
    }

    /// RFC 8037 section 2.
    fn ed25519(&self) -> Result<Ed25519KeyPair, ClientKeyProblem> {
        let seed = self.bytes("d")?;
        if seed.len() != 32 {
            return Err(ClientKeyProblem::Member("d"));
        }
        Ed25519KeyPair::from_seed_and_public_key(&seed, &self.bytes("x")?)
            .map_err(|_| ClientKeyProblem::Refused)
    }
}
