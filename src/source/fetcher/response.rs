//! What of a response is accepted.

use reqwest::header::LOCATION;
use reqwest::{Response, StatusCode};

use super::super::address::Address;
use super::super::bounds::MAX_BODY_BYTES;
use super::failure::{CallErrorKind, unreachable};
use super::headers::retry_after;

/// An answer from where it was asked for, with status 200.
pub(super) fn check_location_and_status(
    response: Response,
    address: &Address,
) -> Result<Response, CallErrorKind> {
    if response.url() != address.url() {
        return Err(CallErrorKind::Redirected {
            host: response.url().host_str().unwrap_or_default().to_owned(),
        });
    }
    let status = response.status();
    if status.is_redirection() && status != StatusCode::NOT_MODIFIED {
        return Err(CallErrorKind::Redirected {
            host: location_host(&response),
        });
    }
    if status != StatusCode::OK {
        return Err(CallErrorKind::Status {
            code: status.as_u16(),
            retry_after: retry_after(response.headers()),
        });
    }
    Ok(response)
}

/// Parameters say nothing (RFC 8259 section 11, RFC 9701 section 5).
pub(super) fn is_of_type(content_type: &str, media_type: &str) -> bool {
    let name = content_type.split(';').next().unwrap_or_default();
    name.trim().eq_ignore_ascii_case(media_type)
}

/// The body, within the bound on its size.
pub(super) async fn read(mut response: Response) -> Result<String, CallErrorKind> {
    let too_large = CallErrorKind::TooLarge {
        limit: MAX_BODY_BYTES,
    };
    let announced = response.content_length().unwrap_or(0);
    if announced > MAX_BODY_BYTES as u64 {
        return Err(too_large);
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
        if body.len().saturating_add(chunk.len()) > MAX_BODY_BYTES {
            return Err(too_large);
        }
        body.extend_from_slice(&chunk);
    }
    String::from_utf8(body).map_err(|_| CallErrorKind::NotText)
}

fn location_host(response: &Response) -> String {
    response
        .headers()
        .get(LOCATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|location| response.url().join(location).ok())
        .and_then(|url| url.host_str().map(str::to_owned))
        .unwrap_or_default()
}
