//! `jwt-simple`, with BoringSSL (its default). The program fetches the keys and selects one by the
//! `kid` that `Token::decode_metadata` reads.

use std::collections::{HashMap, HashSet};

use ::jwt_simple::Error;
use ::jwt_simple::prelude::*;
use serde_json::Value;

use super::fetch_jwks;
use crate::protocol::{Peer, Settings};

/// The claims that the library has no member for.
#[derive(Serialize, Deserialize)]
#[allow(dead_code)] // a program would read them
struct OwnClaims {
    client_id: Option<String>,
    scope: Option<String>,
    tenant: Option<String>,
}

enum Key {
    Rs256(RS256PublicKey),
    Es256(ES256PublicKey),
    EdDsa(Ed25519PublicKey),
}

pub(super) struct Verifier {
    keys: HashMap<String, Key>,
    options: VerificationOptions,
    scope: String,
}

fn read(jwk: &Value) -> Option<(String, Key)> {
    let text = jwk.to_string();
    let key = match jwk["kty"].as_str()? {
        "RSA" => Key::Rs256(RS256PublicKey::from_jwk(&text).ok()?),
        "EC" => Key::Es256(ES256PublicKey::from_jwk(&text).ok()?),
        "OKP" => Key::EdDsa(Ed25519PublicKey::from_jwk(&text).ok()?),
        _ => return None,
    };
    Some((jwk["kid"].as_str()?.to_owned(), key))
}

impl Peer for Verifier {
    type Input = String;
    type Refusal = Error;

    async fn start(settings: &Settings) -> Result<Self, String> {
        let text = fetch_jwks(settings).await?;
        let jwks: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
        let keys = jwks["keys"].as_array().ok_or("no keys")?;
        Ok(Self {
            keys: keys.iter().filter_map(read).collect(),
            options: VerificationOptions {
                allowed_issuers: Some(HashSet::from([settings.issuer.clone()])),
                allowed_audiences: Some(HashSet::from([settings.audience.clone()])),
                ..VerificationOptions::default()
            },
            scope: settings.scope.clone(),
        })
    }

    fn prepare(&self, token: &str) -> String {
        token.to_owned()
    }

    async fn check(&self, token: &String) -> Result<(), Error> {
        let metadata = Token::decode_metadata(token)?;
        let kid = metadata.key_id().unwrap_or_default();
        let key = self
            .keys
            .get(kid)
            .ok_or_else(|| Error::msg("no such key"))?;
        let options = Some(self.options.clone());
        let claims = match key {
            Key::Rs256(key) => key.verify_token::<OwnClaims>(token, options),
            Key::Es256(key) => key.verify_token::<OwnClaims>(token, options),
            Key::EdDsa(key) => key.verify_token::<OwnClaims>(token, options),
        }?;
        let mut scopes = claims
            .custom
            .scope
            .iter()
            .flat_map(|scope| scope.split(' '));
        if scopes.any(|scope| scope == self.scope) {
            Ok(())
        } else {
            Err(Error::msg("no such scope"))
        }
    }
}
