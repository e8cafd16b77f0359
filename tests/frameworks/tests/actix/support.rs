//! Calls without a socket.

use actix_http::Request;
use actix_web::body::{MessageBody, to_bytes};
use actix_web::dev::{Service, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{AUTHORIZATION, HeaderMap};
use actix_web::test::TestRequest;
use resource_server::testing::{TestIssuer, TestServer};
use resource_server::{Resource, Validator};

pub(crate) const API: &str = "https://api.example.com";

pub(crate) fn test_issuer() -> TestIssuer {
    TestIssuer::new("https://as.example.com", API)
}

pub(crate) fn validator_of(issuer: &TestIssuer) -> Validator {
    named(issuer, Resource::new(API))
}

pub(crate) fn named(issuer: &TestIssuer, resource: Resource) -> Validator {
    let validator = Validator::builder()
        .resource(resource)
        .issuer(issuer.to_issuer());
    validator.build().unwrap()
}

/// Introspects the tokens of this server.
pub(crate) fn introspecting(server: &TestServer) -> Validator {
    let issuer = resource_server::Issuer::new(server.url()).introspection(server.introspection());
    Validator::builder()
        .resource(API)
        .issuer(issuer)
        .build()
        .unwrap()
}

/// An answer: status, headers in order of their names, and body.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Reply {
    /// All values of a header.
    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        let lines = self.headers.iter().filter(|(known, _)| known == name);
        lines.map(|(_, value)| value.as_str()).collect()
    }

    async fn of(status: StatusCode, headers: HeaderMap, body: impl MessageBody) -> Self {
        let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
        let lines = headers.iter();
        let mut headers: Vec<_> = lines
            .map(|(name, value)| (name.to_string(), text(value.as_bytes())))
            .collect();
        headers.sort();
        let body = to_bytes(body).await.ok().unwrap();
        Reply {
            status: status.as_u16(),
            headers,
            body: text(&body),
        }
    }
}

/// Sends a request to an app, as the server of actix-web would: an `Err` becomes its response.
pub(crate) async fn send<B: MessageBody>(
    app: &impl Service<Request, Response = ServiceResponse<B>, Error = actix_web::Error>,
    request: TestRequest,
) -> Reply {
    match app.call(request.to_request()).await {
        Ok(response) => {
            Reply::of(
                response.status(),
                response.headers().clone(),
                response.into_body(),
            )
            .await
        }
        Err(error) => {
            let (head, body) = error.error_response().into_parts();
            Reply::of(head.status(), head.headers().clone(), body).await
        }
    }
}

/// Sends a request with this token to an app.
pub(crate) async fn get<B: MessageBody>(
    app: &impl Service<Request, Response = ServiceResponse<B>, Error = actix_web::Error>,
    path: &str,
    token: Option<&str>,
) -> Reply {
    let mut request = TestRequest::get().uri(path);
    if let Some(token) = token {
        request = request.insert_header((AUTHORIZATION, format!("Bearer {token}")));
    }
    send(app, request).await
}
