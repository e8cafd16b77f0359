//! An axum API behind the layer of a Validator. The lines that end with `// new`, here and in
//! `main.rs`, are what the protection adds to an existing API. Handlers that need the token take it
//! as an argument.

use axum::{Json, Router, http::StatusCode, routing::get};
use resource_server::{AccessToken, Error, Requirement, Validator}; // new

/// The API's routes. All but the metadata need a token, and `/orders` needs a scope besides.
///
/// # Errors
/// The Validator has no resource, so there is no metadata to serve.
pub fn router(validator: &Validator) -> Result<Router, Error> {
    Ok(Router::new()
        .route("/orders", get(orders))
        .route("/me", get(me))
        .layer(validator.protect()) // new
        .merge(validator.resource_metadata()?)) // new
}

async fn orders(token: AccessToken) -> Result<Json<[&'static str; 2]>, Error> {
    token.require(&Requirement::scope("orders:read"))?; // new
    Ok(Json(["apples", "pears"]))
}

/// A subject is unique only within its issuer, so a user is both. A token without a subject is
/// nobody's.
async fn me(token: AccessToken) -> Result<String, StatusCode> {
    let user = token.identity().ok_or(StatusCode::FORBIDDEN)?;
    Ok(format!("{} at {}", user.subject(), user.issuer()))
}
