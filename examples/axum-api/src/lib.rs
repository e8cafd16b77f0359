//! An axum API behind the layer of a Validator.

use axum::{Json, Router, http::StatusCode, routing::get};
use resource_server::{AccessToken, Requirement, Validator, error::Misconfigured};

/// The API's routes. All but the metadata need a token, and `/orders` needs a scope besides.
///
/// # Errors
/// The Validator has no resource, so there is no metadata to serve.
pub fn router(validator: &Validator) -> Result<Router, Misconfigured> {
    let read = validator
        .protect()
        .require(Requirement::scope("orders:read"));
    Ok(Router::new()
        .route("/orders", get(orders).route_layer(read))
        .route("/me", get(me))
        .layer(validator.protect())
        .merge(validator.resource_metadata()?))
}

async fn orders() -> Json<[&'static str; 2]> {
    Json(["apples", "pears"])
}

/// A subject is unique only within its issuer, so a user is both. A token without a subject is
/// nobody's.
async fn me(token: AccessToken) -> Result<String, StatusCode> {
    let user = token.identity().ok_or(StatusCode::FORBIDDEN)?;
    Ok(format!("{} at {}", user.subject(), user.issuer()))
}
