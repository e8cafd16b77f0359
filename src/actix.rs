//! [`Protect`] as middleware of actix-web, and what handlers behind it ask for.

mod answers;

use std::future::{Future, Ready, ready};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{Payload, Service, ServiceRequest, ServiceResponse, Transform};
use actix_web::http::header::HeaderValue;
use actix_web::{FromRequest, HttpMessage, HttpRequest, HttpResponse};
use serde::de::DeserializeOwned;

use crate::binding::Connection;
use crate::core::AccessToken;
use crate::credentials::RequestHead;
use crate::error::{Error, Misconfigured};
use crate::http::{Admission, Claims, OptionalToken, Protect, Protected};

/// The middleware of actix-web, for `wrap` of an `App`, a `Scope` and a `Resource`.
///
/// Of several `wrap` calls on one value, the last is outermost. An `App` is outside of its scopes,
/// and a scope outside of its resources. Wrap `Cors`, `Logger` and `Compress` last: they then see
/// refusals, and `Cors` answers preflights, which have no token.
///
/// The middleware covers every service of what it wraps, in any order, and unknown paths. So wrap a
/// scope if the `App` serves the [metadata](crate::resource::ResourceMetadata). A refusal is a
/// response, not an `Err`.
///
/// ```
/// use actix_web::{App, middleware::Logger, web};
/// use resource_server::{AccessToken, Requirement, Validator};
///
/// async fn list(token: AccessToken) -> String {
///     token.subject().unwrap_or("nobody").to_owned()
/// }
///
/// # use resource_server::testing::TestIssuer;
/// # let issuer = TestIssuer::new("https://as.example.com", "https://api.example.com");
/// let validator = Validator::builder()
///     .resource("https://api.example.com/v1")
///     .issuer(issuer.to_issuer())
///     .build()?;
/// let metadata = validator.resource_metadata()?;
/// let write = validator.protect().require(Requirement::scope("orders:write"));
/// let v1 = web::scope("/v1")
///     .service(web::resource("/orders").get(list))
///     .service(web::resource("/drafts").post(list).wrap(write))
///     .wrap(validator.protect());
/// let app = App::new().service(metadata).service(v1).wrap(Logger::default());
/// # let _ = app;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
impl<S, B> Transform<S, ServiceRequest> for Protect
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = actix_web::Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = actix_web::Error;
    type Transform = Protected<Rc<S>>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        ready(Ok(self.before(Rc::new(service))))
    }
}

impl<S, B> Service<ServiceRequest> for Protected<Rc<S>>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = actix_web::Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = actix_web::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>>>>;

    fn poll_ready(&self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let inner = Rc::clone(&self.inner);
        let protect = self.protect.clone();
        Box::pin(async move {
            let admission = match protect.admit_request(&request).await {
                Ok(admission) => admission,
                Err(error) => return Ok(request.error_response(error).map_into_right_body()),
            };
            let served = inner.call(request).await;
            let Some(error) = admission.close() else {
                let mut served = served?;
                if let Some(nonce) = admission.fresh_nonce() {
                    answers::send_nonce(nonce, served.headers_mut());
                }
                return Ok(served.map_into_left_body());
            };
            match served {
                Ok(response) => {
                    let answer = HttpResponse::from_error(error.clone());
                    Ok(response.into_response(answer).map_into_right_body())
                }
                Err(_) => Err(error.clone().into()),
            }
        })
    }
}

impl Protect {
    /// Decides about a request, and leaves the decision in it.
    async fn admit_request(&self, request: &ServiceRequest) -> Result<Admission, Error> {
        let outer = request.extensions_mut().remove::<Admission>();
        let connection = connection_of(request);
        let head = RequestHead {
            method: request.method().as_str(),
            path: request.uri().path(),
            connection: connection.as_ref(),
        };
        let values = |name: &str| request.headers().get_all(name).map(HeaderValue::as_bytes);
        let admission = self.admit(outer, &head, values).await?;
        request.extensions_mut().insert(admission.clone());
        Ok(admission)
    }
}

/// What `HttpServer::on_connect` has left for the connection, or the peer's address alone.
fn connection_of(request: &ServiceRequest) -> Option<Connection> {
    let known = request.request().conn_data::<Connection>().copied();
    known.or_else(|| request.peer_addr().map(Into::into))
}

/// The token of the request. A route without the layer ([`Protect`]) gives 500, and never serves.
///
/// Never use `Option<AccessToken>` in actix-web: it makes every error `None`. Use
/// [`OptionalToken`]. In middleware of your own, call `request.extract::<AccessToken>().await`.
impl FromRequest for AccessToken {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Admission::required(request.extensions().get()))
    }
}

impl FromRequest for OptionalToken {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Admission::optional(request.extensions().get()).map(OptionalToken))
    }
}

impl<T: DeserializeOwned> FromRequest for Claims<T> {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let token = Admission::required(request.extensions().get());
        ready(token.and_then(|token| token.claims().map(Claims)))
    }
}

impl Error {
    /// Makes the middleware of actix-web send the answer of this error in place of the handler's
    /// response. Use it where code between middleware and handler can't return the error itself.
    /// The first error wins. It must be set before the response is returned to the middleware.
    ///
    /// For the crate http, and so for tower, axum and tonic, there is `replace_response`.
    ///
    /// ```
    /// use actix_web::HttpRequest;
    /// use resource_server::{AccessToken, Error, Requirement};
    ///
    /// async fn list(request: HttpRequest, token: AccessToken) -> Result<&'static str, Error> {
    ///     if let Err(error) = token.require(&Requirement::scope("orders:read")) {
    ///         error.replace_response_to(&request)?;
    ///     }
    ///     Ok("not sent to a token without the scope")
    /// }
    /// # let _ = actix_web::web::get().to(list);
    /// ```
    ///
    /// # Errors
    /// No layer judged the request, or the innermost one that did has sent the response already
    /// (500). So nothing replaces it.
    ///
    /// # Panics
    /// The caller holds what `request.extensions_mut()` gives.
    pub fn replace_response_to(&self, request: &HttpRequest) -> Result<(), Error> {
        let extensions = request.extensions();
        let admission: &Admission = extensions.get().ok_or_else(Misconfigured::no_layer)?;
        admission.answer_with(self)
    }
}
