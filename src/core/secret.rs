//! Secrets of HMAC, given by hand: what is no secret, or too little of one, is refused (RFC 7518 section 3.2).

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use super::algorithm::Algorithm;
use super::signature::{Backend, Material, VerificationKey};

/// Why a text can't be the secret of an HMAC algorithm.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SecretProblem {
    /// The algorithm is none with a secret.
    #[error("{0} is used with a public key, not with a secret: take HS256, HS384 or HS512")]
    NotHmac(Algorithm),
    /// Shorter than the algorithm's hash (RFC 7518 section 3.2); empty, too.
    #[error(
        "the secret has {bytes} bytes, and the algorithm needs {needed} at least: take random bytes, not a password"
    )]
    TooShort {
        /// Its size.
        bytes: usize,
        /// The fewest that it may have: 32, 48 or 64.
        needed: usize,
    },
    /// One byte again and again, such as zeros: a buffer that nobody filled.
    #[error(
        "the secret is one byte again and again, such as zeros of a buffer that was never filled"
    )]
    OneByteRepeated,
    /// It reads as a key or certificate: PEM, DER, OpenSSH or JWK. A public key for a secret is known to everybody.
    #[error(
        "the secret reads as a key in {0}: a public key is known to everybody, so anybody could sign with it; for a JWK of \
         kty oct give the bytes that its k stands for"
    )]
    ReadsAsKey(&'static str),
}

impl VerificationKey {
    /// From a secret, for this algorithm alone and for tokens of any `kid` or none (RFC 7518 section 3.2).
    ///
    /// # Errors
    /// See [`SecretProblem`].
    pub fn from_hmac_secret(algorithm: Algorithm, secret: &[u8]) -> Result<Self, SecretProblem> {
        Self::from_hmac_secret_for(Backend::DEFAULT, algorithm, secret)
    }

    /// The same for one backend of several.
    #[doc(hidden)]
    pub fn from_hmac_secret_for(
        backend: Backend,
        algorithm: Algorithm,
        secret: &[u8],
    ) -> Result<Self, SecretProblem> {
        let not_hmac = SecretProblem::NotHmac(algorithm);
        let Some(tag_bytes) = algorithm.tag_bytes() else {
            return Err(not_hmac);
        };
        check(secret, tag_bytes)?;
        let material = Material::Hmac { secret, tag_bytes };
        VerificationKey::prepare(None, &material, [algorithm].into_iter(), None, backend)
            .map(|key| key.named_by_hand(None))
            .map_err(|_| not_hmac)
    }
}

fn check(secret: &[u8], needed: usize) -> Result<(), SecretProblem> {
    // Before its length: a short key of this kind is better told as one.
    if let Some(form) = form_of_key(secret) {
        return Err(SecretProblem::ReadsAsKey(form));
    }
    let bytes = secret.len();
    if bytes < needed {
        return Err(SecretProblem::TooShort { bytes, needed });
    }
    if secret
        .first()
        .is_some_and(|first| secret.iter().all(|byte| byte == first))
    {
        return Err(SecretProblem::OneByteRepeated);
    }
    Ok(())
}

/// The form of a key that the bytes are, if they are one.
fn form_of_key(secret: &[u8]) -> Option<&'static str> {
    if is_der_of_key(secret) {
        return Some("DER");
    }
    let text = std::str::from_utf8(secret)
        .ok()?
        .trim_start_matches('\u{feff}')
        .trim();
    // `---- BEGIN SSH2 PUBLIC KEY ----` is RFC 4716's.
    if text.contains("-----BEGIN ") || text.contains("---- BEGIN ") {
        return Some("PEM");
    }
    if ["ssh-", "ecdsa-sha2-", "sk-ssh-", "sk-ecdsa-"]
        .iter()
        .any(|name| text.starts_with(name))
    {
        return Some("OpenSSH's form");
    }
    if is_jwk(text) {
        return Some("JWK");
    }
    // PEM without its first and last line, as configuration files have it.
    let base64: String = text.split_whitespace().collect();
    let der = STANDARD_NO_PAD.decode(base64.trim_end_matches('=')).ok()?;
    is_der_of_key(&der).then_some("base64 of DER")
}

/// A JWK or JWK Set, well-formed enough for somebody's parser.
fn is_jwk(text: &str) -> bool {
    let Ok(serde_json::Value::Object(members)) = serde_json::from_str(text) else {
        return false;
    };
    members.contains_key("kty") || members.contains_key("keys")
}

/// A SEQUENCE over the whole of it that begins with a SEQUENCE (SPKI, certificate) or an INTEGER (PKCS #1, PKCS #8, SEC 1)
/// within it: X.690 sections 8.1 and 10.1.
fn is_der_of_key(bytes: &[u8]) -> bool {
    const SEQUENCE: u8 = 0x30;
    const INTEGER: u8 = 0x02;
    let Some((SEQUENCE, content, [])) = element(bytes) else {
        return false;
    };
    matches!(element(content), Some((SEQUENCE | INTEGER, _, rest)) if !rest.is_empty())
}

/// The tag, content and what follows of one DER element.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = bytes.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match *first {
        short @ 0..=0x7f => (usize::from(short), rest),
        long @ 0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(long & 0x7f))?;
            let length = digits
                .iter()
                .fold(0, |length, digit| length << 8 | usize::from(*digit));
            (length, rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((*tag, content, rest))
}
