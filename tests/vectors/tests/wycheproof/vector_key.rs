//! The vectors' keys, public ones as JWKs, for both backends.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use resource_server::{
    Algorithm, Backend,
    error::{KeyError, SecretError},
    keys::VerificationKey,
};
use serde_json::{Value, json};

fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A key as each backend has it that can.
pub(crate) struct VectorKey(Vec<(Backend, VerificationKey)>);

impl VectorKey {
    pub(crate) fn by_backend(&self) -> impl Iterator<Item = (Backend, &VerificationKey)> {
        self.0.iter().map(|(backend, key)| (*backend, key))
    }

    pub(crate) fn is_of_both(&self) -> bool {
        self.0.len() == 2
    }
}

/// Row K13: both take the key, or refuse it for the same reason, or `rust-crypto` says that it
/// can't.
fn prepare(jwk: &Value) -> Result<VectorKey, KeyError> {
    let of = |backend| VerificationKey::from_jwk_for(backend, &jwk.to_string());
    match (of(Backend::AwsLcRs), of(Backend::RustCrypto)) {
        (Ok(key), Ok(other)) => Ok(VectorKey(vec![
            (Backend::AwsLcRs, key),
            (Backend::RustCrypto, other),
        ])),
        (Ok(key), Err(KeyError::Unsupported)) => Ok(VectorKey(vec![(Backend::AwsLcRs, key)])),
        (Err(reason), Err(other)) if other == reason => Err(reason),
        (key, other) => panic!("{jwk}: {:?}, {:?}", key.err(), other.err()),
    }
}

pub(crate) fn hmac(algorithm: Algorithm, secret: &[u8]) -> Result<VectorKey, SecretError> {
    [Backend::AwsLcRs, Backend::RustCrypto]
        .into_iter()
        .map(|backend| {
            let key = VerificationKey::from_hmac_secret_for(backend, algorithm, secret)?;
            Ok((backend, key))
        })
        .collect::<Result<_, _>>()
        .map(VectorKey)
}

/// RFC 7518 section 6.3.1, in which integers have no leading zero bytes.
pub(crate) fn rsa(n: &[u8], e: &[u8]) -> Result<VectorKey, KeyError> {
    fn integer(bytes: &[u8]) -> String {
        let start = bytes.iter().take_while(|byte| **byte == 0).count();
        base64url(&bytes[start..])
    }
    prepare(&json!({"kty": "RSA", "n": integer(n), "e": integer(e)}))
}

/// RFC 7518 section 6.2.1, from an uncompressed point (SEC 1 section 2.3.3).
pub(crate) fn ec(curve: &str, point: &[u8]) -> Result<VectorKey, KeyError> {
    let (form, coordinates) = point.split_first().unwrap();
    assert_eq!(*form, 0x04);
    let (x, y) = coordinates.split_at(coordinates.len() / 2);
    prepare(&json!({"kty": "EC", "crv": curve, "x": base64url(x), "y": base64url(y)}))
}

/// RFC 8037 section 2.
pub(crate) fn ed25519(x: &[u8]) -> Result<VectorKey, KeyError> {
    prepare(&json!({"kty": "OKP", "crv": "Ed25519", "x": base64url(x)}))
}

/// RFC 9964 section 3.
pub(crate) fn ml_dsa(algorithm: &str, public: &[u8]) -> Result<VectorKey, KeyError> {
    prepare(&json!({"kty": "AKP", "alg": algorithm, "pub": base64url(public)}))
}

/// Row K02 for RSA keys of this length.
pub(crate) fn rsa_refusal(bits: usize) -> Option<KeyError> {
    match bits {
        ..2048 => Some(KeyError::RsaTooSmall),
        2048..=8192 => None,
        _ => Some(KeyError::RsaTooLarge),
    }
}
