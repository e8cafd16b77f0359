//! An axum API whose tokens are bound to keys of their clients (DPoP, RFC 9449). The lines that end
//! with `// new` are what the protection adds to an existing API. `settings.rs` reads them from the
//! environment, so that any client and any issuer can drive this one.

mod keys;
mod settings;

use axum::{Json, Router, routing::get};
use resource_server::binding::{Dpop, DpopNonces}; // new
use resource_server::claims::SenderConstraint; // new
use resource_server::{AccessToken, Error, Issuer, Policy, Validator, ValidatorBuilder}; // new
use serde_json::{Value, json};

pub use settings::{Settings, SettingsError};

/// A Validator of tokens that are bound to a key. Other tokens are refused.
///
/// # Errors
/// The system has no random bytes for the secret of the nonces.
pub fn validator(
    resource: &str,
    issuer: Issuer,
    settings: &Settings,
) -> Result<ValidatorBuilder, Box<dyn std::error::Error>> {
    let (origin, _) = origin_and_path(resource);
    let mut dpop = Dpop::at(origin); // new
    if settings.has_nonces {
        // A fleet of several processes shares secrets: `DpopNonces::from_secrets`.
        dpop = dpop.require_nonces(DpopNonces::of_this_process()?); // new
    }
    let mut policy = Policy::builder().sender_constraint(SenderConstraint::Dpop); // new
    if settings.is_fapi2 {
        policy = policy.fapi2();
    }
    Ok(Validator::builder()
        .resource(resource)
        .dpop(dpop) // new
        .issuer(issuer.policy(policy))) // new
}

/// The resource, at the path of its URL, and its metadata. `POST` accepts any body.
///
/// # Errors
/// The Validator has no resource, so there is no metadata to serve.
pub fn router(resource: &str, validator: &Validator) -> Result<Router, Error> {
    let (_, path) = origin_and_path(resource);
    Ok(Router::new()
        .route(path, get(show).post(show))
        .layer(validator.protect()) // new
        .merge(validator.resource_metadata()?)) // new
}

async fn show(token: AccessToken) -> Json<Value> {
    Json(json!({"issuer": token.issuer(), "subject": token.subject(), "client": token.client_id()}))
}

/// The parts of an absolute URL. Its path is `/` if it has none.
fn origin_and_path(url: &str) -> (&str, &str) {
    let authority = url.find("://").map_or(0, |at| at + 3);
    let path = url[authority..].find('/').map(|at| authority + at);
    path.map_or((url, "/"), |at| url.split_at(at))
}
