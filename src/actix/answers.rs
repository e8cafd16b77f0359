//! Answers and the metadata as responses of actix-web.

use std::future::ready;

use actix_web::body::BoxBody;
use actix_web::dev::{AppService, HttpServiceFactory};
use actix_web::guard::fn_guard;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, HeaderMap, HeaderName, HeaderValue};
use actix_web::{HttpResponse, ResponseError, web};

use crate::error::Error;
use crate::http::{Answer, DPOP_NONCE, ResourceMetadata, WELL_KNOWN};

impl From<Answer> for HttpResponse {
    fn from(answer: Answer) -> Self {
        // Every status and header of an answer is sound, so the fallback is never taken.
        let status =
            StatusCode::from_u16(answer.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = BoxBody::new(answer.body().to_owned());
        let mut response = HttpResponse::with_body(status, body);
        for (name, value) in answer.headers() {
            if let Ok(value) = HeaderValue::from_str(value) {
                let name = HeaderName::from_static(name);
                response.headers_mut().append(name, value);
            }
        }
        response
    }
}

/// Gives the client the nonce for its next proof, in a response that no cache may store (RFC 9449
/// section 8.2).
pub(super) fn send_nonce(nonce: &str, headers: &mut HeaderMap) {
    if let Ok(nonce) = HeaderValue::from_str(nonce) {
        headers.insert(HeaderName::from_static(DPOP_NONCE), nonce);
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        self.answer().into()
    }
}

/// The routes that serve the metadata, for `App::service`. Register it on the `App`, outside of
/// every scope and of every `wrap` of [`Protect`](crate::Protect), so that clients without a token
/// can read it. In a scope it is never found.
impl HttpServiceFactory for ResourceMetadata {
    fn register(self, config: &mut AppService) {
        // actix-web decodes a path before it compares it with a pattern. So the path is compared as
        // it is on the wire.
        let paths: Vec<String> = self.paths().map(str::to_owned).collect();
        let is_path = fn_guard(move |context| {
            let path = context.head().uri.path();
            paths.iter().any(|one| one == path)
        });
        let document = move || {
            let body = self.body().to_owned();
            let document = HttpResponse::Ok()
                .content_type("application/json")
                .body(body);
            ready(document)
        };
        web::resource(format!("{WELL_KNOWN}{{path:.*}}"))
            .guard(is_path)
            .route(web::get().to(document.clone()))
            .route(web::head().to(document))
            .register(config);
    }
}
