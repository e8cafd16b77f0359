//! The vectors' public keys, as JWKs.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use resource_server::{SkipReason, VerificationKey};
use serde_json::{Value, json};

fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn prepare(jwk: &Value) -> Result<VerificationKey, SkipReason> {
    VerificationKey::from_jwk(&jwk.to_string())
}

/// RFC 7518 section 6.3.1, in which integers have no leading zero bytes.
pub(crate) fn rsa(n: &[u8], e: &[u8]) -> Result<VerificationKey, SkipReason> {
    fn integer(bytes: &[u8]) -> String {
        let start = bytes.iter().take_while(|byte| **byte == 0).count();
        base64url(&bytes[start..])
    }
    prepare(&json!({"kty": "RSA", "n": integer(n), "e": integer(e)}))
}

/// RFC 7518 section 6.2.1, from an uncompressed point (SEC 1 section 2.3.3).
pub(crate) fn ec(curve: &str, point: &[u8]) -> Result<VerificationKey, SkipReason> {
    let (form, coordinates) = point.split_first().unwrap();
    assert_eq!(*form, 0x04);
    let (x, y) = coordinates.split_at(coordinates.len() / 2);
    prepare(&json!({"kty": "EC", "crv": curve, "x": base64url(x), "y": base64url(y)}))
}

/// RFC 8037 section 2.
pub(crate) fn ed25519(x: &[u8]) -> Result<VerificationKey, SkipReason> {
    prepare(&json!({"kty": "OKP", "crv": "Ed25519", "x": base64url(x)}))
}

/// RFC 9964 section 3.
pub(crate) fn ml_dsa(algorithm: &str, public: &[u8]) -> Result<VerificationKey, SkipReason> {
    prepare(&json!({"kty": "AKP", "alg": algorithm, "pub": base64url(public)}))
}

/// Row K02 for RSA keys of this length.
pub(crate) fn rsa_refusal(bits: usize) -> Option<SkipReason> {
    match bits {
        ..2048 => Some(SkipReason::RsaTooSmall),
        2048..=8192 => None,
        _ => Some(SkipReason::RsaTooLarge),
    }
}
