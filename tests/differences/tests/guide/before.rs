use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use std::error::Error;

#[derive(serde::Deserialize)]
struct Claims {
    sub: String,
    #[serde(default)]
    scope: String,
}

/// The subject, if the token may read orders.
pub fn subject(token: &str, jwks: &str) -> Result<String, Box<dyn Error>> {
    let keys: JwkSet = serde_json::from_str(jwks)?; // fetched and refreshed by code of yours
    let kid = decode_header(token)?.kid.ok_or("the token has no kid")?;
    let key = DecodingKey::from_jwk(keys.find(&kid).ok_or("unknown kid")?)?;

    let mut validation = Validation::new(Algorithm::ES256);
    validation.set_issuer(&["https://as.example.com"]);
    validation.set_audience(&["https://api.example.com"]);
    validation.set_required_spec_claims(&["exp", "iss", "aud"]);
    validation.validate_nbf = true;
    validation.leeway = 30;
    let claims = decode::<Claims>(token, &key, &validation)?.claims;

    if !claims.scope.split(' ').any(|scope| scope == "orders:read") {
        return Err("orders:read is missing".into());
    }
    Ok(claims.sub)
}
