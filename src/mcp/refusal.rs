//! Answers to messages that are not handed on.

use http::header::{ACCEPT_ENCODING, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Response, StatusCode};

use crate::core::{DenialRefusal, Denied, Rejection};
use crate::error::Error;

/// The longest `id` that an answer repeats, in bytes of JSON.
const MAX_ID_BYTES: usize = 256;

/// Why a request is not handed on.
#[derive(Debug)]
pub(super) enum Refused {
    /// The token does not allow it, or the API's author made a mistake.
    Error(Error),
    Invalid(Invalid),
    /// The bodies of other requests take the memory for all.
    Busy,
    /// The body has a content coding (RFC 9110 section 8.4).
    Encoded,
}

impl<E: Into<Error>> From<E> for Refused {
    fn from(error: E) -> Self {
        Refused::Error(error.into())
    }
}

impl<B: From<String>> From<Refused> for Response<B> {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Error(error) => error.answer().into(),
            Refused::Invalid(invalid) => invalid.into(),
            Refused::Busy => {
                let mut response = empty(StatusCode::SERVICE_UNAVAILABLE);
                let second = HeaderValue::from_static("1");
                response.headers_mut().insert(RETRY_AFTER, second);
                response
            }
            Refused::Encoded => {
                let mut response = empty(StatusCode::UNSUPPORTED_MEDIA_TYPE);
                // RFC 9110 section 12.5.3: the codings that are accepted.
                let none = HeaderValue::from_static("identity");
                response.headers_mut().insert(ACCEPT_ENCODING, none);
                response
            }
        }
    }
}

fn empty<B: From<String>>(status: StatusCode) -> Response<B> {
    let mut response = Response::new(B::from(String::new()));
    *response.status_mut() = status;
    response
}

/// No rule covers what the request asks for.
pub(super) fn unlisted() -> Error {
    Rejection::from(DenialRefusal::of(Denied::Unlisted)).into()
}

/// A body that is not one message, as a JSON-RPC error (JSON-RPC 2.0 section 5.1).
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Invalid {
    status: StatusCode,
    code: i32,
    text: &'static str,
    /// The `id` of the request, as JSON.
    id: Option<String>,
}

impl Invalid {
    fn of(status: StatusCode, code: i32, text: &'static str) -> Self {
        Invalid {
            status,
            code,
            text,
            id: None,
        }
    }

    pub(super) fn syntax() -> Self {
        let text = "Parse error: the body is not JSON in UTF-8";
        Invalid::of(StatusCode::BAD_REQUEST, -32700, text)
    }

    pub(super) fn message() -> Self {
        let text = "Invalid request: the body is not a single, well-formed message";
        Invalid::of(StatusCode::BAD_REQUEST, -32600, text)
    }

    pub(super) fn too_long() -> Self {
        let text = "Invalid request: the body is too long";
        Invalid::of(StatusCode::PAYLOAD_TOO_LARGE, -32600, text)
    }

    /// The request has this `id`, which was read strictly.
    pub(super) fn params(id: Option<&str>) -> Self {
        let text = "Invalid params: the name or URI is missing or malformed";
        let is_number = |text: &str| text.starts_with(|c: char| c == '-' || c.is_ascii_digit());
        let id = id.filter(|id| id.starts_with('"') || is_number(id));
        let id = id.filter(|id| id.len() <= MAX_ID_BYTES);
        Invalid {
            id: id.map(str::to_owned),
            ..Invalid::of(StatusCode::BAD_REQUEST, -32602, text)
        }
    }
}

impl<B: From<String>> From<Invalid> for Response<B> {
    fn from(invalid: Invalid) -> Self {
        let Invalid {
            status,
            code,
            text,
            id,
        } = invalid;
        let id = id.as_deref().unwrap_or("null");
        let body = format!(
            "{{\"jsonrpc\":\"2.0\",\"id\":{id},\"error\":{{\"code\":{code},\"message\":\"{text}\"}}}}"
        );
        let mut response = Response::new(B::from(body));
        *response.status_mut() = status;
        let json = HeaderValue::from_static("application/json");
        response.headers_mut().insert(CONTENT_TYPE, json);
        response
    }
}
