//! An axum API whose handlers call the Validator themselves. The crate decides what a client sees;
//! this file only moves values between its types and axum's.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use resource_server::error::Misconfigured;
use resource_server::{AccessToken, Credentials, Error, Requirement, Validator};
use serde::Serialize;

/// The API's routes. A Validator is cheap to clone, so it is the state of the handlers.
///
/// # Errors
/// The Validator has no resource, so there is no metadata to serve.
pub fn router(validator: Validator) -> Result<Router, Misconfigured> {
    let metadata = validator.resource_metadata()?;
    let path = metadata.path().to_owned();
    let document = move || async move {
        (
            [(header::CONTENT_TYPE, "application/json")],
            metadata.body().to_owned(),
        )
    };
    Ok(Router::new()
        .route("/orders", get(orders))
        .route(&path, get(document))
        .with_state(validator))
}

#[derive(Serialize)]
struct Orders {
    issuer: String,
    subject: String,
    items: Vec<&'static str>,
}

async fn orders(
    State(validator): State<Validator>,
    headers: HeaderMap,
) -> Result<Json<Orders>, Refused> {
    let token = authenticate(&validator, &headers).await?;
    token.require(&Requirement::scope("orders:read"))?;
    // A subject is unique only within its issuer, so the owner is issuer and subject as one value.
    // A token without a subject has no owner, and must not become one with an empty name.
    let owner = token.identity().ok_or(Refused::NoSubject)?;
    Ok(Json(Orders {
        issuer: owner.issuer().to_owned(),
        subject: owner.subject().to_owned(),
        items: vec!["apples", "pears"],
    }))
}

/// Judges what the `Authorization` header presents.
///
/// # Errors
/// The request is not served.
pub async fn authenticate(
    validator: &Validator,
    headers: &HeaderMap,
) -> Result<AccessToken, Error> {
    let lines = headers.get_all(header::AUTHORIZATION).iter();
    let credentials = Credentials::from_authorization(lines.map(HeaderValue::as_bytes));
    validator.authenticate(&credentials).await
}

/// Why a request is not served.
#[derive(Debug)]
pub enum Refused {
    /// The token is good, but names no subject, which this operation needs.
    NoSubject,
    /// The crate's own error, which knows its answer.
    Token(Error),
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Refused::Token(error)
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let error = match self {
            Refused::NoSubject => return StatusCode::FORBIDDEN.into_response(),
            Refused::Token(error) => error,
        };
        // For the person on call. Never send it to the caller: it shows what this API expects.
        eprintln!("{}", error.explain());
        let answer = error.answer();
        let status =
            StatusCode::from_u16(answer.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        // The answer has the media type of its body: a `String` would add another.
        let body = Body::from(answer.body().to_owned());
        (status, AppendHeaders(answer.headers()), body).into_response()
    }
}
