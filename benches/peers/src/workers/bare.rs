//! The signature alone, with the key already parsed, by aws-lc-rs.

use std::collections::HashMap;
use std::sync::Arc;

use aws_lc_rs::signature::{self as backend, ParsedPublicKey, RsaPublicKeyComponents};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::fetch_jwks;
use crate::protocol::{Peer, Settings};

pub(super) struct Signature {
    keys: HashMap<String, Arc<ParsedPublicKey>>,
}

/// A token taken apart. All tokens share their key, so that it stays in the processor's caches.
pub(super) struct Signed {
    key: Option<Arc<ParsedPublicKey>>,
    input: Vec<u8>,
    signature: Vec<u8>,
}

fn decode(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).unwrap_or_default()
}

fn parse(jwk: &Value) -> Option<(String, Arc<ParsedPublicKey>)> {
    let bytes = |name: &str| decode(jwk[name].as_str().unwrap_or_default());
    let key = match jwk["kty"].as_str()? {
        "RSA" => RsaPublicKeyComponents {
            n: bytes("n"),
            e: bytes("e"),
        }
        .to_parsed_public_key(&backend::RSA_PKCS1_2048_8192_SHA256),
        "EC" => ParsedPublicKey::new(
            &backend::ECDSA_P256_SHA256_FIXED,
            [vec![4], bytes("x"), bytes("y")].concat(),
        ),
        _ => ParsedPublicKey::new(&backend::ED25519, bytes("x")),
    };
    Some((jwk["kid"].as_str()?.to_owned(), Arc::new(key.ok()?)))
}

impl Peer for Signature {
    type Input = Signed;
    type Refusal = &'static str;

    async fn start(settings: &Settings) -> Result<Self, String> {
        let jwks: Value = serde_json::from_str(&fetch_jwks(settings).await?)
            .map_err(|error| error.to_string())?;
        let keys = jwks["keys"].as_array().ok_or("no keys")?;
        Ok(Self {
            keys: keys.iter().filter_map(parse).collect(),
        })
    }

    fn prepare(&self, token: &str) -> Signed {
        let (input, signature) = token.rsplit_once('.').unwrap_or_default();
        let header = input.split('.').next().unwrap_or_default();
        let header: Value = serde_json::from_slice(&decode(header)).unwrap_or_default();
        let key = header["kid"].as_str().and_then(|kid| self.keys.get(kid));
        Signed {
            key: key.cloned(),
            input: input.as_bytes().to_owned(),
            signature: decode(signature),
        }
    }

    async fn check(&self, signed: &Signed) -> Result<(), &'static str> {
        let key = signed.key.as_ref().ok_or("no such key")?;
        key.verify_sig(&signed.input, &signed.signature)
            .map_err(|_| "no such signature")
    }
}
