//! What of a response is accepted.

use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE, LOCATION};
use reqwest::{Response, StatusCode};

use crate::core::excerpt;

use super::super::address::Address;
use super::body_limit::BodyLimit;
use super::failure::{CallErrorKind, unreachable};
use super::headers::retry_after;

/// Of UTF-8, and of UTF-16 in both byte orders.
const BYTE_ORDER_MARKS: [&[u8]; 3] = [b"\xEF\xBB\xBF", b"\xFF\xFE", b"\xFE\xFF"];

/// An answer from where it was asked for, with status 200.
pub(super) fn check_location_and_status(
    response: Response,
    address: &Address,
) -> Result<Response, CallErrorKind> {
    if response.url() != address.url() {
        return Err(CallErrorKind::Redirected {
            to: Address::shown(response.url().as_str()),
        });
    }
    let status = response.status();
    if status.is_redirection()
        && status != StatusCode::NOT_MODIFIED
        && let Some(to) = location(&response)
    {
        return Err(CallErrorKind::Redirected { to });
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
pub(super) async fn read(
    mut response: Response,
    limit: BodyLimit,
) -> Result<String, CallErrorKind> {
    let too_large = CallErrorKind::TooLarge { limit };
    if let Some(encoding) = encoding(&response) {
        return Err(CallErrorKind::Compressed(encoding));
    }
    let announced = response.content_length().unwrap_or(0);
    if announced > u64::try_from(limit.bytes()).unwrap_or(u64::MAX) {
        return Err(too_large);
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
        if body.len().saturating_add(chunk.len()) > limit.bytes() {
            return Err(too_large);
        }
        body.extend_from_slice(&chunk);
    }
    if BYTE_ORDER_MARKS.iter().any(|mark| body.starts_with(mark)) {
        return Err(CallErrorKind::ByteOrderMark);
    }
    String::from_utf8(body).map_err(|_| CallErrorKind::NotText)
}

/// Servers give JSON any content type, so it is reported only where the text can't be what is
/// wanted: an object.
pub(super) fn check_is_json(text: &str, content_type: Option<&str>) -> Result<(), CallErrorKind> {
    let Some(found) = content_type.filter(|found| !is_json(found)) else {
        return Ok(());
    };
    if text.trim_start().starts_with(['{', '[']) {
        return Ok(());
    }
    Err(CallErrorKind::NotJson(excerpt(found)))
}

/// RFC 6839 section 3.1.
fn is_json(content_type: &str) -> bool {
    let name = content_type.split(';').next().unwrap_or_default();
    let name = name.trim().to_ascii_lowercase();
    name.ends_with("/json") || name.ends_with("+json")
}

pub(super) fn content_type(response: &Response) -> Option<&str> {
    response.headers().get(CONTENT_TYPE)?.to_str().ok()
}

/// How it is encoded (RFC 9110 section 8.4), where it is: in lower case, escaped and cut.
fn encoding(response: &Response) -> Option<String> {
    let lines = response.headers().get_all(CONTENT_ENCODING).iter();
    let named: Vec<_> = lines
        .flat_map(|line| line.as_bytes().split(|byte| *byte == b','))
        .map(|name| String::from_utf8_lossy(name).trim().to_ascii_lowercase())
        .filter(|name| !name.is_empty() && name != "identity")
        .collect();
    (!named.is_empty()).then(|| excerpt(&named.join(", ")))
}

fn location(response: &Response) -> Option<String> {
    let location = response.headers().get(LOCATION)?.to_str().ok()?;
    let url = response.url().join(location).ok()?;
    Some(Address::shown(url.as_str()))
}
