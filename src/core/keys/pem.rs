//! Public keys and certificates in PEM (RFC 7468) to keys prepared for verification.
//!
//! A key is turned into the JWK that it is, and then passes the same rules as any JWK.

use rustls_pki_types::pem::{PemObject, SectionKind};
use serde_json::json;
use x509_cert::Certificate;
use x509_cert::der::asn1::{ObjectIdentifier, UintRef};
use x509_cert::der::{Decode, Reader, SliceReader};
use x509_cert::spki::SubjectPublicKeyInfoOwned;

use crate::core::base64url;
use crate::core::keys::algorithm::Algorithm;
use crate::core::keys::jwk::SkipReason;
use crate::core::keys::key_set::{MAX_KEYS, MAX_SET_BYTES};
use crate::core::keys::signature::VerificationKey;

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
const CURVES: [(ObjectIdentifier, &str); 4] = [
    (ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7"), "P-256"),
    (ObjectIdentifier::new_unwrap("1.3.132.0.34"), "P-384"),
    (ObjectIdentifier::new_unwrap("1.3.132.0.35"), "P-521"),
    (ObjectIdentifier::new_unwrap("1.3.132.0.10"), "secp256k1"),
];
const ML_DSA: [ObjectIdentifier; 3] = [
    ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.3.17"),
    ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.3.18"),
    ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.3.19"),
];

/// Why a PEM text gives no keys.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PemError {
    /// No public key or certificate in it.
    #[error("no PEM block of a public key or certificate was found")]
    NoKey,
    /// A private key: it does not belong on a resource server.
    #[error("this is a private key: give the public key, and keep the private one away from APIs")]
    PrivateKey,
    /// Over 256 KiB, or more than 100 keys.
    #[error("more than 256 KiB or more than 100 keys")]
    TooLarge,
    /// A damaged block.
    #[error("a PEM block is damaged")]
    Malformed,
    /// A key of a type that this crate doesn't verify with.
    #[error("the key's type or curve is unknown here")]
    UnknownKeyType,
    /// A key that the stated algorithm doesn't fit, or that must not be used.
    #[error("the key can't be used: {0}")]
    Key(#[source] SkipReason),
}

/// Every public key and certificate in the text, each for this algorithm alone. A certificate only carries its key: its
/// dates and its issuer are not looked at.
pub(crate) fn read_keys(
    text: &str,
    key_id: Option<&str>,
    algorithm: Algorithm,
) -> Result<Vec<VerificationKey>, PemError> {
    if text.len() > MAX_SET_BYTES {
        return Err(PemError::TooLarge);
    }
    let mut keys = Vec::new();
    for section in <(SectionKind, Vec<u8>)>::pem_slice_iter(text.as_bytes()) {
        let (kind, der) = section.map_err(|_| PemError::Malformed)?;
        let jwk = match kind {
            SectionKind::PublicKey => {
                let spki =
                    SubjectPublicKeyInfoOwned::from_der(&der).map_err(|_| PemError::Malformed)?;
                jwk_of(&spki, algorithm)?
            }
            SectionKind::Certificate => {
                let certificate = Certificate::from_der(&der).map_err(|_| PemError::Malformed)?;
                jwk_of(
                    certificate.tbs_certificate().subject_public_key_info(),
                    algorithm,
                )?
            }
            SectionKind::PrivateKey | SectionKind::RsaPrivateKey | SectionKind::EcPrivateKey => {
                return Err(PemError::PrivateKey);
            }
            _ => continue,
        };
        if keys.len() == MAX_KEYS {
            return Err(PemError::TooLarge);
        }
        let key = VerificationKey::from_jwk(&jwk.to_string()).map_err(PemError::Key)?;
        keys.push(key.named_by_hand(key_id));
    }
    if keys.is_empty() {
        return Err(PemError::NoKey);
    }
    Ok(keys)
}

/// RFC 5280 section 4.1.2.7, with the key types of RFC 3279, RFC 5480, RFC 8410 and RFC 9881.
fn jwk_of(
    spki: &SubjectPublicKeyInfoOwned,
    algorithm: Algorithm,
) -> Result<serde_json::Value, PemError> {
    let bytes = spki
        .subject_public_key
        .as_bytes()
        .ok_or(PemError::Malformed)?;
    let alg = algorithm.as_str();
    let oid = spki.algorithm.oid;
    if oid == RSA {
        let (n, e) = rsa_numbers(bytes).map_err(|_| PemError::Malformed)?;
        let (n, e) = (base64url::encode(n), base64url::encode(e));
        return Ok(json!({"kty": "RSA", "alg": alg, "n": n, "e": e}));
    }
    if oid == EC {
        let parameters = spki.algorithm.parameters.as_ref();
        let curve: ObjectIdentifier = parameters
            .and_then(|parameters| parameters.decode_as().ok())
            .ok_or(PemError::UnknownKeyType)?;
        let (_, crv) = CURVES
            .iter()
            .find(|(known, _)| *known == curve)
            .ok_or(PemError::UnknownKeyType)?;
        // Uncompressed points only (SEC 1 section 2.3.3): 4, then both coordinates.
        let coordinates = bytes.strip_prefix(&[4]).ok_or(PemError::UnknownKeyType)?;
        let (x, y) = coordinates.split_at(coordinates.len() / 2);
        let (x, y) = (base64url::encode(x), base64url::encode(y));
        return Ok(json!({"kty": "EC", "alg": alg, "crv": crv, "x": x, "y": y}));
    }
    if oid == ED25519 {
        let x = base64url::encode(bytes);
        return Ok(json!({"kty": "OKP", "alg": alg, "crv": "Ed25519", "x": x}));
    }
    if ML_DSA.contains(&oid) {
        return Ok(json!({"kty": "AKP", "alg": alg, "pub": base64url::encode(bytes)}));
    }
    Err(PemError::UnknownKeyType)
}

/// RFC 8017 appendix A.1.1.
fn rsa_numbers(der: &[u8]) -> x509_cert::der::Result<(&[u8], &[u8])> {
    let mut reader = SliceReader::new(der)?;
    let numbers = reader.sequence(|inner| -> x509_cert::der::Result<_> {
        Ok((UintRef::decode(inner)?, UintRef::decode(inner)?))
    })?;
    reader.finish()?;
    Ok((numbers.0.as_bytes(), numbers.1.as_bytes()))
}
