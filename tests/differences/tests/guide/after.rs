use resource_server::{Issuer, Requirement, StaticKeys, Validator};
use std::error::Error;

/// Once, at start.
pub fn validator(jwks: &str) -> Result<Validator, Box<dyn Error>> {
    let validator = Validator::builder()
        .audience("https://api.example.com")
        .issuer(
            Issuer::new("https://as.example.com").keys(StaticKeys::from_jwks(jwks)?),
            // or Issuer::discover("https://as.example.com"), which fetches the keys
        )
        .build()?;
    Ok(validator)
}

/// The subject, if the token may read orders.
pub async fn subject(token: &str, validator: &Validator) -> Result<String, Box<dyn Error>> {
    let token = validator.validate(token).await?;
    token.require(&Requirement::scope("orders:read"))?;
    Ok(token
        .subject()
        .ok_or("the token has no subject")?
        .to_owned())
}
