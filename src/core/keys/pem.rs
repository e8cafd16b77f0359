//! The reader of public keys and certificates in PEM (RFC 7468). A key then passes the same rules
//! as one from a JWK.

use rustls_pki_types::pem::{PemObject, SectionKind};
use x509_cert::Certificate;
use x509_cert::der::asn1::{ObjectIdentifier, UintRef};
use x509_cert::der::{Decode, Reader, SliceReader};
use x509_cert::spki::SubjectPublicKeyInfoOwned;

use crate::core::keys::algorithm::Algorithm;
use crate::core::keys::key_family::KeyFamily;
use crate::core::keys::limits::KeySetLimits;
use crate::core::keys::material::PublicMaterial;
use crate::core::keys::signature::Backend;
use crate::core::keys::skip_reason::KeyError;
use crate::core::keys::verification_key::VerificationKey;

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
const CURVES: [(ObjectIdentifier, KeyFamily); 4] = [
    (
        ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7"),
        KeyFamily::P256,
    ),
    (
        ObjectIdentifier::new_unwrap("1.3.132.0.34"),
        KeyFamily::P384,
    ),
    (
        ObjectIdentifier::new_unwrap("1.3.132.0.35"),
        KeyFamily::P521,
    ),
    (
        ObjectIdentifier::new_unwrap("1.3.132.0.10"),
        KeyFamily::Secp256k1,
    ),
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
    /// The text has no public key and no certificate.
    #[error("no PEM block of a public key or certificate was found")]
    NoKey,
    /// The text has a private key, which does not belong on a resource server.
    #[error("this is a private key: give the public key, and keep the private one away from APIs")]
    PrivateKey,
    /// The text is over 1 MiB, or has more than 1,000 keys. For a key file, these are settings.
    #[error(
        "the PEM text is too large or has too many keys: 1 MiB and 1000 keys are read, unless max_key_set_bytes and \
         max_keys of a key file's issuer set other bounds"
    )]
    TooLarge,
    /// A block is damaged.
    #[error("a PEM block is damaged")]
    Malformed,
    /// The key is of a type that this crate doesn't verify with.
    #[error("the key's type or curve is unknown here")]
    UnknownKeyType,
    /// The stated algorithm doesn't fit the key, or the key must not be used.
    #[error("the key can't be used: {0}")]
    Key(#[source] KeyError),
}

/// Every public key and certificate in the text, each for this algorithm only. A certificate is
/// only a container for its key: its dates and its issuer are not checked.
pub(crate) fn read_keys(
    text: &str,
    key_id: Option<&str>,
    algorithm: Algorithm,
    limits: KeySetLimits,
) -> Result<Vec<VerificationKey>, PemError> {
    if text.len() > limits.max_bytes() {
        return Err(PemError::TooLarge);
    }
    let mut keys = Vec::new();
    for section in <(SectionKind, Vec<u8>)>::pem_slice_iter(text.as_bytes()) {
        let (kind, der) = section.map_err(|_| PemError::Malformed)?;
        let material = match kind {
            SectionKind::PublicKey => {
                let spki =
                    SubjectPublicKeyInfoOwned::from_der(&der).map_err(|_| PemError::Malformed)?;
                material_of(&spki, algorithm)?
            }
            SectionKind::Certificate => {
                let certificate = Certificate::from_der(&der).map_err(|_| PemError::Malformed)?;
                material_of(
                    certificate.tbs_certificate().subject_public_key_info(),
                    algorithm,
                )?
            }
            SectionKind::PrivateKey | SectionKind::RsaPrivateKey | SectionKind::EcPrivateKey => {
                return Err(PemError::PrivateKey);
            }
            _ => continue,
        };
        if keys.len() == limits.max_keys() {
            return Err(PemError::TooLarge);
        }
        let key = VerificationKey::of_public(material, Some(algorithm), Backend::DEFAULT)
            .and_then(VerificationKey::prepare_now)
            .map_err(PemError::Key)?;
        keys.push(key.configured(key_id));
    }
    if keys.is_empty() {
        return Err(PemError::NoKey);
    }
    Ok(keys)
}

/// RFC 5280 section 4.1.2.7, with the key types of RFC 3279, RFC 5480, RFC 8410 and RFC 9881.
fn material_of(
    spki: &SubjectPublicKeyInfoOwned,
    algorithm: Algorithm,
) -> Result<PublicMaterial, PemError> {
    let bytes = spki
        .subject_public_key
        .as_bytes()
        .ok_or(PemError::Malformed)?;
    let oid = spki.algorithm.oid;
    let material = if oid == RSA {
        let (n, e) = rsa_numbers(bytes).map_err(|_| PemError::Malformed)?;
        PublicMaterial::rsa(n.to_vec(), e.to_vec())
    } else if oid == EC {
        let parameters = spki.algorithm.parameters.as_ref();
        let curve: ObjectIdentifier = parameters
            .and_then(|parameters| parameters.decode_as().ok())
            .ok_or(PemError::UnknownKeyType)?;
        let (_, family) = CURVES
            .iter()
            .find(|(known, _)| *known == curve)
            .ok_or(PemError::UnknownKeyType)?;
        // Only uncompressed points are read (SEC 1 section 2.3.3): 4, then both coordinates.
        let coordinates = bytes.strip_prefix(&[4]).ok_or(PemError::UnknownKeyType)?;
        let (x, y) = coordinates.split_at(coordinates.len() / 2);
        PublicMaterial::ec(*family, x.to_vec(), y.to_vec())
    } else if oid == ED25519 {
        PublicMaterial::ed25519(bytes.to_vec())
    } else if ML_DSA.contains(&oid) {
        PublicMaterial::ml_dsa(algorithm, bytes.to_vec())
    } else {
        return Err(PemError::UnknownKeyType);
    };
    material.map_err(PemError::Key)
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
