//! Why a key is left out of a set.

/// Why a JWK can't be used to verify.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// It is not a JSON object, or it is nested too deep.
    #[error("it is not a JSON object")]
    Malformed,
    /// It has two members of one name.
    #[error("it has two members of one name")]
    DuplicateMember,
    /// `kty`, or a member that its `kty` needs, is missing or not a string.
    #[error("its member \"{0}\" is missing or not a string")]
    MissingMember(&'static str),
    /// The member is not canonical base64url, or has the wrong number of bytes.
    #[error("its member \"{0}\" is not base64url of the right length")]
    MalformedMember(&'static str),
    /// Its `kty` is unknown to this crate.
    #[error("its kty is unknown")]
    UnknownKeyType,
    /// Its `crv` is one that this crate doesn't verify with.
    #[error("its crv is unknown or not one for signatures")]
    UnknownCurve,
    /// Its `alg` is one that this crate doesn't verify, or one for encryption.
    #[error("its alg is not one that is verified here")]
    UnknownAlgorithm,
    /// Its `alg` doesn't fit its `kty` and `crv`.
    #[error("its alg does not fit its kty and crv")]
    AlgorithmMismatch,
    /// Its `use` is not `sig`, or its `key_ops` lacks `verify` (RFC 7517 sections 4.2 and 4.3).
    #[error("its use or key_ops does not allow verification")]
    NotForVerification,
    /// Its `use` is `jwt-svid`, so it is a key of a SPIFFE trust domain. Only a policy with
    /// [`Profile::JwtSvid`](crate::Profile::JwtSvid) uses it.
    #[error("its use is jwt-svid, which only the profile jwt-svid uses")]
    OnlyForSvids,
    /// It has private members, so its owner has lost it.
    #[error("it is a private key")]
    Private,
    /// Its `kty` is `oct`. A shared secret is not a public key.
    #[error("it is a symmetric key")]
    Symmetric,
    /// It is RSA below 2048 bits.
    #[error("it is an RSA key of less than 2048 bits")]
    RsaTooSmall,
    /// It is RSA above 8192 bits.
    #[error("it is an RSA key of more than 8192 bits")]
    RsaTooLarge,
    /// It is RSA above 4096 bits, in a proof of possession.
    #[error("it is an RSA key of more than 4096 bits, which no proof may have")]
    RsaTooLargeForProof,
    /// Its modulus is even.
    #[error("its RSA modulus is even")]
    RsaEvenModulus,
    /// Its exponent is even, 1, or above 2^32.
    #[error("its RSA exponent is even, 1 or above 2^32")]
    RsaExponent,
    /// It is an Ed25519 point of small order, under which forged signatures verify, or not
    /// canonically encoded.
    #[error("it is a point of small order or not canonically encoded")]
    WeakPoint,
    /// It is not a point of its curve, or the signature backend refuses it. (`aws-lc-rs` accepts an
    /// Ed25519 key whose bytes are not a point. No signature verifies with such a key.)
    #[error("it is not a point of its curve, or the signature backend refuses it")]
    RefusedByBackend,
    /// The signature backend that is built in lacks its algorithm, or keys of its size.
    #[error(
        "the signature backend that is built in can't verify with it (rust-crypto lacks ES512, ES256K, ML-DSA and RSA above \
         4096 bits; aws-lc-rs has them all)"
    )]
    Unsupported,
    /// It is beyond the number of keys that are accepted from one set.
    #[error(
        "it and {} after it are over the limit of {limit} keys a set (raise max_keys, up to 10000)",
        match left_out { 1 => "no other key".to_owned(), n => format!("{} other keys", n - 1) }
    )]
    OverMaxKeys {
        /// The number of keys that are accepted.
        limit: usize,
        /// How many keys were left out, this one included.
        left_out: usize,
    },
}
