//! The signature backends, SHA-256, a keyed digest, random bytes and comparison in constant time.
//! Only the files in this folder name a crypto library.

#[cfg(feature = "aws-lc-rs")]
mod aws_lc;
mod keyed_digest;
#[cfg(feature = "rust-crypto")]
mod rust_crypto;

use crate::core::keys::algorithm::Algorithm;
use crate::core::keys::material::PublicMaterial;

#[cfg(feature = "aws-lc-rs")]
pub(crate) use aws_lc::{fill_random, is_equal_in_constant_time, sha256};
pub(crate) use keyed_digest::KeyedDigest;
#[cfg(not(feature = "aws-lc-rs"))]
pub(crate) use rust_crypto::{fill_random, is_equal_in_constant_time, sha256};

/// The system has no random bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NoRandomBytes;

/// Why a backend refuses a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyRefused {
    /// The backend has no such algorithm, or no key of this size.
    Unsupported,
    /// The numbers are not a key. On an elliptic curve: the point is not on it.
    Malformed,
}

/// A library that does the arithmetic. A program uses the one that its features select, and
/// `aws-lc-rs` where both are on. Tests name it, so that both can be compared in one process.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    #[cfg(feature = "aws-lc-rs")]
    AwsLcRs,
    #[cfg(feature = "rust-crypto")]
    RustCrypto,
}

impl Backend {
    #[cfg(feature = "aws-lc-rs")]
    pub(crate) const DEFAULT: Self = Backend::AwsLcRs;
    #[cfg(not(feature = "aws-lc-rs"))]
    pub(crate) const DEFAULT: Self = Backend::RustCrypto;

    /// Whether the backend has the algorithm, and keys of this size. This is no arithmetic.
    pub(crate) fn check_support(
        self,
        key: &PublicMaterial,
        algorithm: Algorithm,
    ) -> Result<(), KeyRefused> {
        match self {
            #[cfg(feature = "aws-lc-rs")]
            Backend::AwsLcRs => aws_lc::Key::check_support(key, algorithm),
            #[cfg(feature = "rust-crypto")]
            Backend::RustCrypto => rust_crypto::Key::check_support(key, algorithm),
        }
    }

    pub(crate) fn prepare(
        self,
        key: &PublicMaterial,
        algorithm: Algorithm,
    ) -> Result<Prepared, KeyRefused> {
        match self {
            #[cfg(feature = "aws-lc-rs")]
            Backend::AwsLcRs => aws_lc::Key::prepare(key, algorithm).map(Prepared::AwsLcRs),
            #[cfg(feature = "rust-crypto")]
            Backend::RustCrypto => {
                rust_crypto::Key::prepare(key, algorithm).map(Prepared::RustCrypto)
            }
        }
    }

    /// Prepares an HMAC secret.
    pub(crate) fn prepare_secret(
        self,
        secret: &[u8],
        algorithm: Algorithm,
    ) -> Result<Prepared, KeyRefused> {
        match self {
            #[cfg(feature = "aws-lc-rs")]
            Backend::AwsLcRs => aws_lc::Key::of_secret(secret, algorithm).map(Prepared::AwsLcRs),
            #[cfg(feature = "rust-crypto")]
            Backend::RustCrypto => {
                rust_crypto::Key::of_secret(secret, algorithm).map(Prepared::RustCrypto)
            }
        }
    }
}

/// A key in the form of one backend, for one algorithm.
pub(crate) enum Prepared {
    #[cfg(feature = "aws-lc-rs")]
    AwsLcRs(aws_lc::Key),
    #[cfg(feature = "rust-crypto")]
    RustCrypto(rust_crypto::Key),
}

impl Prepared {
    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), SignatureError> {
        match self {
            #[cfg(feature = "aws-lc-rs")]
            Prepared::AwsLcRs(key) => key.verify(message, signature),
            #[cfg(feature = "rust-crypto")]
            Prepared::RustCrypto(key) => key.verify(message, signature),
        }
    }

    /// The tag of a message by an HMAC secret. `None` for a public key.
    pub(crate) fn tag(&self, message: &[u8]) -> Option<Vec<u8>> {
        match self {
            #[cfg(feature = "aws-lc-rs")]
            Prepared::AwsLcRs(key) => key.tag(message),
            #[cfg(feature = "rust-crypto")]
            Prepared::RustCrypto(key) => key.tag(message),
        }
    }
}

/// The signature is not one of this key over this message by this algorithm.
///
/// ```
/// use resource_server::error::SignatureError;
///
/// assert_eq!(SignatureError.to_string(), "the signature does not verify");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the signature does not verify")]
pub struct SignatureError;
