//! Secrets of HMAC, which the operator configures. A text that is too short or is not a secret is
//! refused (RFC 7518 section 3.2).

use base64::engine::general_purpose::{GeneralPurpose, NO_PAD};
use base64::{Engine, alphabet};
use zeroize::Zeroizing;

use crate::core::keys::algorithm::Algorithm;
use crate::core::keys::signature::{Backend, fill_random};
use crate::core::keys::verification_key::VerificationKey;

/// Why a text can't be the secret of an HMAC algorithm.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SecretError {
    /// The algorithm is not one with a secret.
    #[error("{0} is used with a public key, not with a secret: use HS256, HS384 or HS512")]
    NotHmac(Algorithm),
    /// It is empty, or shorter than the algorithm's hash (RFC 7518 section 3.2).
    #[error(
        "the secret has {bytes} bytes, and the algorithm needs at least {needed}: use random bytes, not a password"
    )]
    TooShort {
        /// Its size.
        bytes: usize,
        /// The fewest that it may have: 32, 48 or 64.
        needed: usize,
    },
    /// It is one byte repeated, such as the zeros of a buffer that was never filled.
    #[error("the secret is one byte repeated, such as the zeros of a buffer that was never filled")]
    OneByteRepeated,
    /// It reads as a key or certificate: PEM, DER, OpenSSH, PuTTY, XML or JWK, plain or in base64
    /// or hex, also within other text. A public key is not a secret.
    #[error(
        "the secret reads as a key in {0}: anyone knows a public key and could sign with it; for a JWK of kty oct decode its \
         member k and give those bytes"
    )]
    ReadsAsKey(&'static str),
    /// There are more than 4 secrets without a `kid`, and for a token only 4 keys are tried.
    #[error("more than 4 secrets have no kid: give each the kid that its tokens have")]
    TooManyWithoutKeyId,
    /// The list of secrets is empty.
    #[error("no secret is given")]
    NoSecret,
    /// There are more secrets than a nonce is checked with.
    #[error(
        "more than {most} secrets are given: leave out those that no nonce was made with lately"
    )]
    TooMany {
        /// The most that may be given.
        most: usize,
    },
    /// The system gave no random bytes for a secret.
    #[error("the system gave no random bytes for a secret")]
    NoRandomBytes,
}

/// Secrets without a `kid`. A token selects all of them, and only so many keys are tried for one
/// token.
const MAX_WITHOUT_ID: usize = 4;

/// Several secrets for one algorithm, in order.
pub(crate) fn keys_of<'k>(
    algorithm: Algorithm,
    secrets: impl IntoIterator<Item = (Option<&'k str>, impl AsRef<[u8]>)>,
) -> Result<Vec<VerificationKey>, SecretError> {
    let mut keys = Vec::new();
    let mut without_id = 0;
    for (id, secret) in secrets {
        without_id += usize::from(id.is_none());
        if without_id > MAX_WITHOUT_ID {
            return Err(SecretError::TooManyWithoutKeyId);
        }
        let key = VerificationKey::from_hmac_secret(algorithm, secret.as_ref())?;
        keys.push(key.configured(id));
    }
    if keys.is_empty() {
        return Err(SecretError::NoSecret);
    }
    Ok(keys)
}

impl VerificationKey {
    /// From a secret, for this algorithm only and for tokens with any `kid` or none (RFC 7518
    /// section 3.2).
    ///
    /// # Errors
    /// See [`SecretError`].
    pub fn from_hmac_secret(algorithm: Algorithm, secret: &[u8]) -> Result<Self, SecretError> {
        Self::from_hmac_secret_for(Backend::DEFAULT, algorithm, secret)
    }

    /// A random secret that only this process has, for HS256.
    pub(crate) fn of_this_process() -> Result<Self, SecretError> {
        let mut bytes = Zeroizing::new([0; 32]);
        fill_random(bytes.as_mut_slice()).map_err(|_| SecretError::NoRandomBytes)?;
        Self::of_bytes(&bytes)
    }

    /// Of random bytes, for HS256. They are not checked: chance may give what reads as a key.
    pub(crate) fn of_bytes(bytes: &[u8; 32]) -> Result<Self, SecretError> {
        let (algorithm, backend) = (Algorithm::HS256, Backend::DEFAULT);
        let prepared = backend.prepare_secret(bytes, algorithm);
        prepared
            .map(|prepared| VerificationKey::of_secret(algorithm, prepared, bytes.len(), backend))
            .map_err(|_| SecretError::NotHmac(algorithm))
    }

    /// Does the same for one backend of several.
    #[doc(hidden)]
    pub fn from_hmac_secret_for(
        backend: Backend,
        algorithm: Algorithm,
        secret: &[u8],
    ) -> Result<Self, SecretError> {
        let not_hmac = SecretError::NotHmac(algorithm);
        let Some(tag_bytes) = algorithm.tag_bytes() else {
            return Err(not_hmac);
        };
        check(secret, tag_bytes)?;
        let prepared = backend.prepare_secret(secret, algorithm);
        prepared
            .map(|prepared| VerificationKey::of_secret(algorithm, prepared, tag_bytes, backend))
            .map_err(|_| not_hmac)
    }
}

fn check(secret: &[u8], needed: usize) -> Result<(), SecretError> {
    // This comes before the length: for a short key this is the more useful message.
    if let Some(form) = form_of_key(secret) {
        return Err(SecretError::ReadsAsKey(form));
    }
    let bytes = secret.len();
    if bytes < needed {
        return Err(SecretError::TooShort { bytes, needed });
    }
    if secret
        .first()
        .is_some_and(|first| secret.iter().all(|byte| byte == first))
    {
        return Err(SecretError::OneByteRepeated);
    }
    Ok(())
}

/// The form of a key that the bytes are or contain, plain or in an encoding that configuration
/// adds.
fn form_of_key(secret: &[u8]) -> Option<&'static str> {
    let mut layer = secret.to_vec();
    for _ in 0..=MAX_LAYERS {
        if let Some(form) = form_of_bytes(&layer) {
            return Some(form);
        }
        layer = without_encoding(&layer)?;
    }
    None
}

/// Nested encodings that are decoded.
const MAX_LAYERS: usize = 2;

/// Texts that only keys contain. A text with other lines in it, or a damaged one, may still be a
/// key.
const MARKS: [(&[u8], &str); 13] = [
    // RFC 7468, and RFC 4716 with a space.
    (b"--begin", "PEM"),
    (b"-- begin", "PEM"),
    (b"--end ", "PEM"),
    (b"ssh-rsa aaaa", "OpenSSH's form"),
    (b"ssh-dss aaaa", "OpenSSH's form"),
    (b"ssh-ed25519 aaaa", "OpenSSH's form"),
    (b"ecdsa-sha2-nistp", "OpenSSH's form"),
    (b"@openssh.com aaaa", "OpenSSH's form"),
    // "ssh-" and its length, as OpenSSH writes it in base64.
    (b"aaaab3nzac1", "OpenSSH's form"),
    (b"aaaac3nzac1", "OpenSSH's form"),
    (b"aaaae2vjzhnh", "OpenSSH's form"),
    (b"putty-user-key-file", "PuTTY's form"),
    (b"<rsakeyvalue", "XML"),
];

fn form_of_bytes(bytes: &[u8]) -> Option<&'static str> {
    if is_der_of_key(bytes) {
        return Some("DER");
    }
    // UTF-16 is ASCII with zeros between.
    let text: Vec<u8> = bytes
        .iter()
        .filter(|byte| **byte != 0)
        .map(u8::to_ascii_lowercase)
        .collect();
    let holds = |mark: &[u8]| memchr::memmem::find(&text, mark).is_some();
    if let Some((_, form)) = MARKS.iter().find(|(mark, _)| holds(mark)) {
        return Some(form);
    }
    // It need not be well-formed, since another parser may accept it.
    let is_jwk = holds(b"{") && (holds(b"kty") || holds(b"\"keys"));
    is_jwk.then_some("JWK")
}

/// The decoded bytes of hex, or of base64 of either alphabet, with the characters that
/// configuration adds.
fn without_encoding(bytes: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(bytes).ok()?.replace("\\n", "");
    let digits: String = text
        .chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '"' | '\'' | '=' | '\u{feff}'))
        .collect();
    let of_hex: String = digits.chars().filter(|c| *c != ':').collect();
    if of_hex.len().is_multiple_of(2) && of_hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        let pairs = of_hex.as_bytes().chunks(2);
        return pairs
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
            .collect();
    }
    let standard = digits.replace('-', "+").replace('_', "/");
    LENIENT_BASE64.decode(standard).ok()
}

/// Accepts what other readers may.
const LENIENT_BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    NO_PAD.with_decode_allow_trailing_bits(true),
);

/// The shortest DER text that is a key. One of Ed25519 has 44 bytes.
const MIN_DER_BYTES: usize = 40;

/// Whether it begins with a SEQUENCE whose first element is a SEQUENCE (SPKI, certificate) or an
/// INTEGER (PKCS #1, PKCS #8, SEC 1): X.690 section 8.1. Bytes after it are ignored.
fn is_der_of_key(bytes: &[u8]) -> bool {
    const SEQUENCE: u8 = 0x30;
    const INTEGER: u8 = 0x02;
    // BER has indefinite lengths.
    if let [SEQUENCE, 0x80, SEQUENCE | INTEGER, ..] = bytes {
        return bytes.len() >= MIN_DER_BYTES;
    }
    let Some((SEQUENCE, content)) = element(bytes) else {
        return false;
    };
    content.len() + 2 >= MIN_DER_BYTES
        && matches!(element(content), Some((SEQUENCE | INTEGER, first)) if first.len() + 2 < content.len())
}

/// The tag and content of the element that the bytes begin with.
fn element(bytes: &[u8]) -> Option<(u8, &[u8])> {
    let (tag, rest) = bytes.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match *first {
        short @ 0..=0x7f => (usize::from(short), rest),
        long @ 0x81..=0x87 => {
            let (digits, rest) = rest.split_at_checked(usize::from(long & 0x7f))?;
            let length = digits
                .iter()
                .fold(0_u64, |length, digit| length << 8 | u64::from(*digit));
            (usize::try_from(length).ok()?, rest)
        }
        _ => return None,
    };
    Some((*tag, rest.get(..length)?))
}
