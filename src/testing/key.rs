//! Key pairs that sign test tokens.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    self as backend, EcdsaKeyPair, Ed25519KeyPair, KeyPair, PqdsaKeyPair, RsaKeyPair,
};
use serde_json::{Value, json};

use crate::Algorithm;
use crate::core::{KeyFamily, encode_base64url};

/// A key pair of one family, with the JWK of its public half.
pub(super) struct TestKey {
    pub(super) id: String,
    pub(super) family: KeyFamily,
    pub(super) jwk: Value,
    pair: Pair,
}

enum Pair {
    Rsa(RsaKeyPair),
    Ec(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    MlDsa(PqdsaKeyPair),
}

const MADE: &str = "the backend makes a key pair";

impl TestKey {
    pub(super) fn generate(family: KeyFamily, id: String) -> Self {
        let ec = |curve: &str, algorithm| {
            let pair = EcdsaKeyPair::generate(algorithm).expect(MADE);
            // 0x04, then both coordinates.
            let point = pair.public_key().as_ref().get(1..).expect(MADE);
            let (x, y) = point.split_at(point.len() / 2);
            let jwk = json!({
                "kty": "EC", "crv": curve, "x": encode_base64url(x), "y": encode_base64url(y),
            });
            (Pair::Ec(pair), jwk)
        };
        let ml_dsa = |name: &str, algorithm| {
            let pair = PqdsaKeyPair::generate(algorithm).expect(MADE);
            let public = encode_base64url(pair.public_key().as_ref());
            let jwk = json!({"kty": "AKP", "alg": name, "pub": public});
            (Pair::MlDsa(pair), jwk)
        };
        let (pair, mut jwk) = match family {
            KeyFamily::Rsa => {
                let pair = RsaKeyPair::generate(KeySize::Rsa2048).expect(MADE);
                let public = pair.public_key();
                let n = public.modulus().big_endian_without_leading_zero();
                let e = public.exponent().big_endian_without_leading_zero();
                let jwk = json!({"kty": "RSA", "n": encode_base64url(n), "e": encode_base64url(e)});
                (Pair::Rsa(pair), jwk)
            }
            KeyFamily::P256 => ec("P-256", &backend::ECDSA_P256_SHA256_FIXED_SIGNING),
            KeyFamily::P384 => ec("P-384", &backend::ECDSA_P384_SHA384_FIXED_SIGNING),
            KeyFamily::P521 => ec("P-521", &backend::ECDSA_P521_SHA512_FIXED_SIGNING),
            KeyFamily::Secp256k1 => ec("secp256k1", &backend::ECDSA_P256K1_SHA256_FIXED_SIGNING),
            KeyFamily::Ed25519 => {
                let pair = Ed25519KeyPair::generate().expect(MADE);
                let x = encode_base64url(pair.public_key().as_ref());
                (
                    Pair::Ed25519(pair),
                    json!({"kty": "OKP", "crv": "Ed25519", "x": x}),
                )
            }
            KeyFamily::MlDsa44 => ml_dsa("ML-DSA-44", &backend::ML_DSA_44_SIGNING),
            KeyFamily::MlDsa65 => ml_dsa("ML-DSA-65", &backend::ML_DSA_65_SIGNING),
            KeyFamily::MlDsa87 => ml_dsa("ML-DSA-87", &backend::ML_DSA_87_SIGNING),
            KeyFamily::Hmac => panic!("a secret is not published: mint by TestToken::hmac"),
        };
        if let Some(members) = jwk.as_object_mut() {
            members.insert("kid".into(), id.as_str().into());
            members.insert("use".into(), "sig".into());
        }
        TestKey {
            id,
            family,
            jwk,
            pair,
        }
    }

    pub(super) fn sign(&self, algorithm: Algorithm, message: &[u8]) -> Vec<u8> {
        const SIGNED: &str = "the backend signs";
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Rsa(pair) => {
                let encoding: &'static dyn backend::RsaEncoding = match algorithm {
                    Algorithm::RS384 => &backend::RSA_PKCS1_SHA384,
                    Algorithm::RS512 => &backend::RSA_PKCS1_SHA512,
                    Algorithm::PS256 => &backend::RSA_PSS_SHA256,
                    Algorithm::PS384 => &backend::RSA_PSS_SHA384,
                    Algorithm::PS512 => &backend::RSA_PSS_SHA512,
                    _ => &backend::RSA_PKCS1_SHA256,
                };
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(encoding, &random, message, &mut signature)
                    .expect(SIGNED);
                signature
            }
            Pair::Ec(pair) => pair.sign(&random, message).expect(SIGNED).as_ref().to_vec(),
            Pair::Ed25519(pair) => pair.sign(message).as_ref().to_vec(),
            Pair::MlDsa(pair) => {
                let mut signature = vec![0; pair.algorithm().signature_len()];
                let length = pair.sign(message, &mut signature).expect(SIGNED);
                signature.truncate(length);
                signature
            }
        }
    }
}
