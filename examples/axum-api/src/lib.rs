//! An axum API whose handlers call `validate()` by hand.

use axum::extract::State;
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use resource_server::{AccessToken, Credentials, Error, Requirement, Validator};
use serde::Serialize;

/// The API's routes. A Validator is cheap to clone, so it is the handlers' state as it is.
pub fn router(validator: Validator) -> Router {
    Router::new()
        .route("/orders", get(orders))
        .with_state(validator)
}

#[derive(Serialize)]
struct Orders {
    of: String,
    orders: Vec<&'static str>,
}

async fn orders(
    State(validator): State<Validator>,
    headers: HeaderMap,
) -> Result<Json<Orders>, Refused> {
    let token = authenticate(&validator, &headers).await?;
    token.require(&Requirement::scope("orders:read"))?;
    Ok(Json(Orders {
        of: token.subject().unwrap_or_default().to_owned(),
        orders: vec!["apples", "pears"],
    }))
}

async fn authenticate(validator: &Validator, headers: &HeaderMap) -> Result<AccessToken, Refused> {
    let mut lines = headers.get_all(AUTHORIZATION).iter();
    let credentials = match (lines.next(), lines.next()) {
        (None, _) => Credentials::none(),
        // RFC 9110 section 11.6.2: one line. Which of two would count?
        (Some(_), Some(_)) => return Err(Refused::BadRequest),
        (Some(line), None) => {
            let line = line.to_str().map_err(|_| Refused::BadRequest)?;
            match line.split_once(' ') {
                Some((scheme, token)) if scheme.eq_ignore_ascii_case("Bearer") => {
                    Credentials::bearer(token.trim_start_matches(' '))
                }
                // Another scheme is as good as none.
                _ => Credentials::none(),
            }
        }
    };
    Ok(validator.authenticate(&credentials).await?)
}

/// Why a request is not served, on its way to an answer.
#[derive(Debug)]
enum Refused {
    BadRequest,
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
            Refused::BadRequest => return StatusCode::BAD_REQUEST.into_response(),
            Refused::Token(error) => error,
        };
        // 401 or 403 for a bad token, 503 for an outage, 500 for our own mistake: never mapped by hand.
        let status =
            StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        // For the person on call, never for the caller.
        eprintln!("{}", error.explain());
        match error {
            Error::Rejected(rejection) => {
                let error = rejection.oauth_error();
                let scopes = rejection.requirement().map(|requirement| {
                    let scopes: Vec<_> = requirement.scopes().collect();
                    scopes.join(" ")
                });
                let challenge = match (error, scopes) {
                    (Some(error), Some(scopes)) => {
                        format!("Bearer error=\"{error}\", scope=\"{scopes}\"")
                    }
                    (Some(error), None) => format!("Bearer error=\"{error}\""),
                    (None, _) => "Bearer".to_owned(),
                };
                let headers = [
                    (WWW_AUTHENTICATE, challenge),
                    (CACHE_CONTROL, "no-store".to_owned()),
                ];
                (status, headers).into_response()
            }
            Error::Unavailable(unavailable) => match unavailable.retry_after() {
                Some(after) => {
                    (status, [(RETRY_AFTER, after.as_secs().to_string())]).into_response()
                }
                None => status.into_response(),
            },
            _ => status.into_response(),
        }
    }
}
