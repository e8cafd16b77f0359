//! Thumbprints of public keys by SHA-256 (RFC 7638, RFC 8037 appendix A.3, RFC 9964).

use crate::core::base64url;
use crate::core::keys::algorithm::Algorithm;
use crate::core::keys::material::PublicMaterial;
use crate::core::keys::signature::sha256;
use crate::core::thumbprint::Thumbprint;

/// Over the normalised members, so the spelling that a key came in makes no difference.
pub(crate) fn thumbprint(material: &PublicMaterial) -> Thumbprint {
    let family = material.family();
    let crv = ("crv", family.crv().unwrap_or_default().to_owned());
    let kty = ("kty", family.kty().to_owned());
    let bytes = |name, bytes| (name, base64url::encode(bytes));
    match material {
        PublicMaterial::Rsa { n, e } => hash(&[bytes("e", e), kty, bytes("n", n)]),
        PublicMaterial::Ec { x, y, .. } => hash(&[crv, kty, bytes("x", x), bytes("y", y)]),
        PublicMaterial::Ed25519 { x } => hash(&[crv, kty, bytes("x", x)]),
        PublicMaterial::MlDsa { public, .. } => {
            let algorithm = Algorithm::of_family(family).map_or("", |only| only.as_str());
            hash(&[("alg", algorithm.to_owned()), kty, bytes("pub", public)])
        }
    }
}

/// RFC 7638 section 3: the required members in the order of their names, without white space. No
/// value needs escaping.
fn hash(members: &[(&str, String)]) -> Thumbprint {
    let members: Vec<_> = members
        .iter()
        .map(|(name, value)| format!("\"{name}\":\"{value}\""))
        .collect();
    Thumbprint::from_bytes(sha256(format!("{{{}}}", members.join(",")).as_bytes()))
}
