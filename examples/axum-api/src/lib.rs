//! An axum API whose handlers call the Validator themselves, with an answer for each kind of
//! refusal (RFC 6750 section 3).

use std::time::Duration;

use axum::extract::State;
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use resource_server::{AccessToken, Credentials, Error, Rejection, Requirement, Validator};
use serde::Serialize;

/// Names this API in challenges. A challenge needs at least one parameter (RFC 6750 section 3).
const REALM: &str = "orders";

/// The answer to an outage where the source does not know when to try again.
const DEFAULT_RETRY_AFTER: Duration = Duration::from_secs(10);

/// The API's routes. A Validator is cheap to clone, so it is the state of the handlers.
pub fn router(validator: Validator) -> Router {
    Router::new()
        .route("/orders", get(orders))
        .with_state(validator)
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

/// Reads the `Authorization` header and judges the token in it.
///
/// # Errors
/// The request is malformed, its token is bad, or the token can't be judged now.
pub async fn authenticate(
    validator: &Validator,
    headers: &HeaderMap,
) -> Result<AccessToken, Refused> {
    let mut lines = headers.get_all(AUTHORIZATION).iter();
    let credentials = match (lines.next(), lines.next()) {
        (None, _) => Credentials::none(),
        // Two lines are ambiguous: one part of a system could read the first, another the second.
        (Some(_), Some(_)) => return Err(Refused::Malformed),
        (Some(line), None) => {
            let line = line.to_str().map_err(|_| Refused::Malformed)?;
            let (scheme, token) = line.split_once(' ').unwrap_or((line, ""));
            if !scheme.eq_ignore_ascii_case("Bearer") {
                // Credentials of another scheme are no credentials for this API.
                Credentials::none()
            } else if token.trim_matches(' ').is_empty() {
                return Err(Refused::Malformed);
            } else {
                Credentials::bearer(token.trim_start_matches(' '))
            }
        }
    };
    Ok(validator.authenticate(&credentials).await?)
}

/// Why a request is not served.
#[derive(Debug)]
pub enum Refused {
    /// The `Authorization` header can't be read: 400.
    Malformed,
    /// The token is good, but names no subject, which this API needs: 401.
    NoSubject,
    /// The crate's own error, which knows its status.
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
            Refused::Malformed => {
                return challenge(StatusCode::BAD_REQUEST, Some("invalid_request"), None);
            }
            Refused::NoSubject => {
                return challenge(StatusCode::UNAUTHORIZED, Some("invalid_token"), None);
            }
            Refused::Token(error) => error,
        };
        // For the person on call. Never send it to the caller: it shows what this API expects.
        eprintln!("{}", error.explain());
        // The crate decides: 401 or 403 for the token, 503 for an outage, 500 for our own mistake.
        let status =
            StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        match error {
            Error::Rejected(rejection) => {
                let scope = required_scope(&rejection);
                challenge(status, rejection.oauth_error(), scope.as_deref())
            }
            // No challenge: the token may be good, so the caller must keep it and try again.
            Error::Unavailable(unavailable) => {
                let after = unavailable.retry_after().unwrap_or(DEFAULT_RETRY_AFTER);
                let seconds = after.as_secs() + u64::from(after.subsec_nanos() > 0);
                (status, [(RETRY_AFTER, seconds.to_string())]).into_response()
            }
            _ => status.into_response(),
        }
    }
}

/// The scopes that the operation requires, if the token lacks them.
fn required_scope(rejection: &Rejection) -> Option<String> {
    let scopes: Vec<_> = rejection.requirement()?.scopes().collect();
    Some(scopes.join(" "))
}

fn challenge(status: StatusCode, error: Option<&str>, scope: Option<&str>) -> Response {
    let parameters = [("realm", Some(REALM)), ("error", error), ("scope", scope)];
    let parameters: Vec<_> = parameters
        .into_iter()
        .filter_map(|(name, value)| Some(format!("{name}=\"{}\"", value?)))
        .collect();
    let challenge = format!("Bearer {}", parameters.join(", "));
    let headers = [
        (WWW_AUTHENTICATE, challenge),
        (CACHE_CONTROL, "no-store".to_owned()),
    ];
    (status, headers).into_response()
}
