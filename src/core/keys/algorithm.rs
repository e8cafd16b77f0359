//! Signature algorithms of JWS that this crate can verify.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::core::keys::key_family::KeyFamily;

/// A signature algorithm, by its registered `alg` name (RFC 7518 3.1, RFC 8037, RFC 8812, RFC 9864,
/// RFC 9964).
///
/// There is no value for `none`: an unsecured token can't be described, so it can't be allowed.
/// HMAC is only for a secret that you configure, as with [`Issuer::hmac`](crate::Issuer::hmac). It
/// can't be combined with other algorithms in one policy.
///
/// ```
/// use resource_server::Algorithm;
///
/// assert_eq!("ES256".parse(), Ok(Algorithm::ES256));
/// assert!("none".parse::<Algorithm>().is_err());
/// assert_eq!(Algorithm::MlDsa65.as_str(), "ML-DSA-65");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    RS256,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    RS384,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    RS512,
    /// RSASSA-PSS with SHA-256 and a salt of 32 bytes.
    PS256,
    /// RSASSA-PSS with SHA-384 and a salt of 48 bytes.
    PS384,
    /// RSASSA-PSS with SHA-512 and a salt of 64 bytes.
    PS512,
    /// ECDSA on P-256 with SHA-256.
    ES256,
    /// ECDSA on P-384 with SHA-384.
    ES384,
    /// ECDSA on P-521 with SHA-512.
    ES512,
    /// ECDSA on secp256k1 with SHA-256 (RFC 8812). Accepted only where a policy names it.
    ES256K,
    /// EdDSA, which here means Ed25519 (RFC 8037).
    EdDSA,
    /// Ed25519 by its fully specified name (RFC 9864).
    Ed25519,
    /// ML-DSA-44 (RFC 9964).
    #[serde(rename = "ML-DSA-44")]
    MlDsa44,
    /// ML-DSA-65 (RFC 9964).
    #[serde(rename = "ML-DSA-65")]
    MlDsa65,
    /// ML-DSA-87 (RFC 9964).
    #[serde(rename = "ML-DSA-87")]
    MlDsa87,
    /// HMAC with SHA-256 and a secret of 32 bytes at least.
    HS256,
    /// HMAC with SHA-384 and a secret of 48 bytes at least.
    HS384,
    /// HMAC with SHA-512 and a secret of 64 bytes at least.
    HS512,
}

impl Algorithm {
    /// Every algorithm of this crate.
    pub const ALL: &'static [Algorithm] = &[
        Algorithm::RS256,
        Algorithm::RS384,
        Algorithm::RS512,
        Algorithm::PS256,
        Algorithm::PS384,
        Algorithm::PS512,
        Algorithm::ES256,
        Algorithm::ES384,
        Algorithm::ES512,
        Algorithm::ES256K,
        Algorithm::EdDSA,
        Algorithm::Ed25519,
        Algorithm::MlDsa44,
        Algorithm::MlDsa65,
        Algorithm::MlDsa87,
        Algorithm::HS256,
        Algorithm::HS384,
        Algorithm::HS512,
    ];

    /// The algorithms that a policy accepts unless it names its own: all that the backend supports
    /// but ES256K and HMAC.
    ///
    /// A key type fits one family of algorithms only, so a longer list allows no more.
    pub fn default_list() -> impl Iterator<Item = Algorithm> {
        Self::ALL.iter().copied().filter(|algorithm| {
            algorithm.is_supported() && !algorithm.is_hmac() && *algorithm != Algorithm::ES256K
        })
    }

    /// Whether the signature backend that is built in verifies it. `aws-lc-rs` verifies all of
    /// them, `rust-crypto` all but ES512, ES256K and ML-DSA.
    pub const fn is_supported(self) -> bool {
        cfg!(feature = "aws-lc-rs")
            || !matches!(
                self.family(),
                KeyFamily::P521
                    | KeyFamily::Secp256k1
                    | KeyFamily::MlDsa44
                    | KeyFamily::MlDsa65
                    | KeyFamily::MlDsa87
            )
    }

    /// Whether it is HMAC, which signs and verifies with one secret.
    pub const fn is_hmac(self) -> bool {
        self.tag_bytes().is_some()
    }

    /// Bytes of an HMAC's tag, which is also the least size of its secret (RFC 7518 section 3.2).
    pub(crate) const fn tag_bytes(self) -> Option<usize> {
        match self {
            Algorithm::HS256 => Some(32),
            Algorithm::HS384 => Some(48),
            Algorithm::HS512 => Some(64),
            _ => None,
        }
    }

    /// The registered name, as it appears in a token's `alg`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Algorithm::RS256 => "RS256",
            Algorithm::RS384 => "RS384",
            Algorithm::RS512 => "RS512",
            Algorithm::PS256 => "PS256",
            Algorithm::PS384 => "PS384",
            Algorithm::PS512 => "PS512",
            Algorithm::ES256 => "ES256",
            Algorithm::ES384 => "ES384",
            Algorithm::ES512 => "ES512",
            Algorithm::ES256K => "ES256K",
            Algorithm::EdDSA => "EdDSA",
            Algorithm::Ed25519 => "Ed25519",
            Algorithm::MlDsa44 => "ML-DSA-44",
            Algorithm::MlDsa65 => "ML-DSA-65",
            Algorithm::MlDsa87 => "ML-DSA-87",
            Algorithm::HS256 => "HS256",
            Algorithm::HS384 => "HS384",
            Algorithm::HS512 => "HS512",
        }
    }

    /// The algorithm of a family that has one. Ed25519 has two names, of which this is the older.
    pub(crate) const fn of_family(family: KeyFamily) -> Option<Algorithm> {
        match family {
            KeyFamily::P256 => Some(Algorithm::ES256),
            KeyFamily::P384 => Some(Algorithm::ES384),
            KeyFamily::P521 => Some(Algorithm::ES512),
            KeyFamily::Secp256k1 => Some(Algorithm::ES256K),
            KeyFamily::Ed25519 => Some(Algorithm::EdDSA),
            KeyFamily::MlDsa44 => Some(Algorithm::MlDsa44),
            KeyFamily::MlDsa65 => Some(Algorithm::MlDsa65),
            KeyFamily::MlDsa87 => Some(Algorithm::MlDsa87),
            KeyFamily::Rsa | KeyFamily::Hmac => None,
        }
    }

    pub(crate) const fn family(self) -> KeyFamily {
        match self {
            Algorithm::RS256
            | Algorithm::RS384
            | Algorithm::RS512
            | Algorithm::PS256
            | Algorithm::PS384
            | Algorithm::PS512 => KeyFamily::Rsa,
            Algorithm::ES256 => KeyFamily::P256,
            Algorithm::ES384 => KeyFamily::P384,
            Algorithm::ES512 => KeyFamily::P521,
            Algorithm::ES256K => KeyFamily::Secp256k1,
            Algorithm::EdDSA | Algorithm::Ed25519 => KeyFamily::Ed25519,
            Algorithm::MlDsa44 => KeyFamily::MlDsa44,
            Algorithm::MlDsa65 => KeyFamily::MlDsa65,
            Algorithm::MlDsa87 => KeyFamily::MlDsa87,
            Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512 => KeyFamily::Hmac,
        }
    }

    /// The two names of Ed25519 are one algorithm (RFC 9864): a key that states either is used with
    /// both.
    pub(crate) fn same_signature_as(self, other: Algorithm) -> bool {
        self == other
            || (self.family() == KeyFamily::Ed25519 && other.family() == KeyFamily::Ed25519)
    }
}

/// A set of algorithms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AlgorithmSet(u32);

impl AlgorithmSet {
    pub(crate) const fn contains(self, algorithm: Algorithm) -> bool {
        self.0 & (1 << algorithm as u32) != 0
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = Algorithm> {
        Algorithm::ALL
            .iter()
            .copied()
            .filter(move |algorithm| self.contains(*algorithm))
    }
}

impl FromIterator<Algorithm> for AlgorithmSet {
    fn from_iter<I: IntoIterator<Item = Algorithm>>(algorithms: I) -> Self {
        AlgorithmSet(
            algorithms
                .into_iter()
                .fold(0, |set, algorithm| set | 1 << algorithm as u32),
        )
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text is not the name of an algorithm of this crate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a signature algorithm that this crate verifies")]
pub struct AlgorithmError;

impl FromStr for Algorithm {
    type Err = AlgorithmError;

    /// Names are compared exactly; `rs256` is not `RS256`.
    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .iter()
            .copied()
            .find(|algorithm| algorithm.as_str() == name)
            .ok_or(AlgorithmError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn k01_a_family_and_its_algorithms_agree() {
        for algorithm in Algorithm::ALL {
            let family = algorithm.family();
            let only = Algorithm::of_family(family);
            assert!(
                only.is_none_or(|only| only.same_signature_as(*algorithm)),
                "{algorithm}"
            );
            let named = family.crv().map(|crv| (family.kty(), crv));
            let found = named.and_then(|(kty, crv)| KeyFamily::of_curve(kty, crv));
            assert_eq!(found, named.map(|_| family), "{algorithm}");
        }
        for (kty, crv) in [
            ("OKP", "P-256"),
            ("EC", "Ed25519"),
            ("EC", "p-256"),
            ("OKP", "Ed448"),
            ("EC", ""),
        ] {
            assert_eq!(KeyFamily::of_curve(kty, crv), None, "{kty} {crv}");
        }
    }
}
