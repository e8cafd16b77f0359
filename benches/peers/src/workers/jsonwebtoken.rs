//! `jsonwebtoken` 12. The program fetches the keys and selects one by `kid`.

use std::collections::HashMap;

use ::jsonwebtoken::errors::{Error, ErrorKind};
use ::jsonwebtoken::jwk::{Jwk, JwkSet};
use ::jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::Deserialize;

use super::fetch_jwks;
use crate::protocol::{Peer, Settings};

/// The claims of the tokens. The optional ones are what other tests leave out.
#[derive(Deserialize)]
#[allow(dead_code)] // a program would read them
struct Claims {
    iss: String,
    sub: String,
    exp: f64,
    iat: Option<f64>,
    nbf: Option<f64>,
    jti: Option<String>,
    client_id: Option<String>,
    scope: Option<String>,
    tenant: Option<String>,
}

pub(super) struct Decoder {
    keys: HashMap<String, (DecodingKey, Validation)>,
    scope: String,
}

/// The key, and the one algorithm that it is for.
fn read(jwk: &Jwk, settings: &Settings) -> Option<(String, (DecodingKey, Validation))> {
    let algorithm = match jwk.common.key_algorithm {
        Some(algorithm) => algorithm.to_string().parse().ok()?,
        None => Algorithm::RS256,
    };
    let mut validation = Validation::new(algorithm);
    validation.set_issuer(&[&settings.issuer]);
    validation.set_audience(&[&settings.audience]);
    validation.set_required_spec_claims(&["exp", "iss", "aud"]);
    validation.validate_nbf = true;
    let key = DecodingKey::from_jwk(jwk).ok()?;
    Some((jwk.common.key_id.clone()?, (key, validation)))
}

impl Peer for Decoder {
    type Input = String;
    type Refusal = Error;

    async fn start(settings: &Settings) -> Result<Self, String> {
        let text = fetch_jwks(settings).await?;
        let jwks: JwkSet = serde_json::from_str(&text).map_err(|error| error.to_string())?;
        let keys = jwks.keys.iter();
        Ok(Self {
            keys: keys.filter_map(|jwk| read(jwk, settings)).collect(),
            scope: settings.scope.clone(),
        })
    }

    fn prepare(&self, token: &str) -> String {
        token.to_owned()
    }

    async fn check(&self, token: &String) -> Result<(), Error> {
        let header = decode_header(token)?;
        let kid = header.kid.unwrap_or_default();
        let (key, validation) = self.keys.get(&kid).ok_or(ErrorKind::InvalidKeyFormat)?;
        let claims = decode::<Claims>(token, key, validation)?.claims;
        let mut scopes = claims.scope.iter().flat_map(|scope| scope.split(' '));
        if scopes.any(|scope| scope == self.scope) {
            Ok(())
        } else {
            Err(ErrorKind::MissingRequiredClaim("scope".into()).into())
        }
    }
}
