//! The kinds of key, and what RFC 7518 and its successors say of each: names, sizes and algorithms.

/// The kind of key that an algorithm is used with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum KeyFamily {
    Rsa,
    P256,
    P384,
    P521,
    Secp256k1,
    Ed25519,
    MlDsa44,
    MlDsa65,
    MlDsa87,
    Hmac,
}

impl KeyFamily {
    /// Elliptic curves, which a JWK names by `crv`.
    const CURVES: [Self; 5] = [
        KeyFamily::P256,
        KeyFamily::P384,
        KeyFamily::P521,
        KeyFamily::Secp256k1,
        KeyFamily::Ed25519,
    ];

    /// By `kty` and `crv`. `None` for `AKP`, whose `alg` says more, and for types and curves that
    /// are unknown here.
    #[cfg(feature = "fetch")]
    pub(crate) fn of_key(kty: &str, crv: Option<&str>) -> Option<Self> {
        match kty {
            "RSA" => Some(KeyFamily::Rsa),
            _ => Self::of_curve(kty, crv?),
        }
    }

    /// By the `crv` of a JWK with this `kty` (RFC 7518 section 6.2.1.1, RFC 8812 section 3.1, RFC
    /// 8037 section 2).
    pub(crate) fn of_curve(kty: &str, crv: &str) -> Option<Self> {
        Self::CURVES
            .into_iter()
            .find(|family| family.kty() == kty && family.crv() == Some(crv))
    }

    /// The `kty` of its JWKs.
    pub(crate) const fn kty(self) -> &'static str {
        match self {
            KeyFamily::Rsa => "RSA",
            KeyFamily::P256 | KeyFamily::P384 | KeyFamily::P521 | KeyFamily::Secp256k1 => "EC",
            KeyFamily::Ed25519 => "OKP",
            KeyFamily::MlDsa44 | KeyFamily::MlDsa65 | KeyFamily::MlDsa87 => "AKP",
            KeyFamily::Hmac => "oct",
        }
    }

    /// The `crv` of its JWKs.
    pub(crate) const fn crv(self) -> Option<&'static str> {
        match self {
            KeyFamily::P256 => Some("P-256"),
            KeyFamily::P384 => Some("P-384"),
            KeyFamily::P521 => Some("P-521"),
            KeyFamily::Secp256k1 => Some("secp256k1"),
            KeyFamily::Ed25519 => Some("Ed25519"),
            _ => None,
        }
    }

    /// Bytes of one coordinate of a point (RFC 7518 section 6.2.1.2), or of an encoded public key
    /// (RFC 8032 section 5.1.5, FIPS 204 section 4). `None` where keys of this family differ in
    /// size.
    pub(crate) const fn public_bytes(self) -> Option<usize> {
        match self {
            KeyFamily::P256 | KeyFamily::Secp256k1 | KeyFamily::Ed25519 => Some(32),
            KeyFamily::P384 => Some(48),
            KeyFamily::P521 => Some(66),
            KeyFamily::MlDsa44 => Some(1_312),
            KeyFamily::MlDsa65 => Some(1_952),
            KeyFamily::MlDsa87 => Some(2_592),
            KeyFamily::Rsa | KeyFamily::Hmac => None,
        }
    }
}
