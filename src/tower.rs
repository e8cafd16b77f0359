//! [`Protect`] as a layer of tower, and what a layer left in a request of the crate http.

use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::header::CACHE_CONTROL;
use http::request::Parts;
use http::{Extensions, HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, Uri};
use tower_layer::Layer;
use tower_service::Service;

use crate::binding::Connection;
use crate::core::AccessToken;
use crate::credentials::RequestHead;
use crate::error::{Error, Misconfigured};
use crate::http::{Admission, Answer, DPOP_NONCE, Protect, Protected};

impl<S> Layer<S> for Protect {
    type Service = Protected<S>;

    fn layer(&self, inner: S) -> Protected<S> {
        self.before(inner)
    }
}

impl<S, B, R> Service<Request<B>> for Protected<S>
where
    S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    B: Send + 'static,
    R: From<String> + 'static,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = Served<R, S::Error>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        self.serve(request, |error| error.answer().into())
    }
}

/// What a service of the crate http gives, later.
pub(crate) type Served<R, E> = Pin<Box<dyn Future<Output = Result<Response<R>, E>> + Send>>;

impl<S> Protected<S> {
    /// Lets the service answer, or refuses in its place. `refuse` makes the response of an error.
    pub(crate) fn serve<B, R>(
        &mut self,
        request: Request<B>,
        refuse: fn(Error) -> Response<R>,
    ) -> Served<R, S::Error>
    where
        S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
        S::Future: Send,
        B: Send + 'static,
        R: 'static,
    {
        // The service that is ready serves; its clone may not be ready yet.
        let clone = self.inner.clone();
        let mut inner = mem::replace(&mut self.inner, clone);
        let protect = self.protect.clone();
        Box::pin(async move {
            let (mut parts, body) = request.into_parts();
            let admission = match protect.admit_parts(&mut parts).await {
                Ok(admission) => admission,
                Err(error) => return Ok(refuse(error)),
            };
            let served = inner.call(Request::from_parts(parts, body)).await;
            let left = admission.close();
            let mut response = served?;
            if let Some(error) = left {
                return Ok(refuse(error.clone()));
            }
            if let Some(nonce) = admission.fresh_nonce() {
                send_nonce(nonce, response.headers_mut());
            }
            Ok(response)
        })
    }
}

impl Protect {
    /// Decides about a request, and leaves the decision in it.
    pub(crate) async fn admit_parts(&self, parts: &mut Parts) -> Result<Admission, Error> {
        let outer = parts.extensions.remove::<Admission>();
        let connection = connection_of(&parts.extensions);
        let head = RequestHead {
            method: parts.method.as_str(),
            path: path_on_wire(&parts.extensions, &parts.uri),
            connection: connection.as_ref(),
        };
        let headers = &parts.headers;
        let values = |name: &str| headers.get_all(name).iter().map(HeaderValue::as_bytes);
        let admission = self.admit(outer, &head, values).await?;
        parts.extensions.insert(admission.clone());
        Ok(admission)
    }
}

/// The path before a router has removed a prefix.
fn path_on_wire<'r>(extensions: &'r Extensions, uri: &'r Uri) -> &'r str {
    #[cfg(feature = "axum")]
    if let Some(original) = crate::axum::original_uri(extensions) {
        return original.path();
    }
    let _ = extensions;
    uri.path()
}

/// What the server knows of the connection.
fn connection_of(extensions: &Extensions) -> Option<Connection> {
    #[cfg(feature = "axum")]
    if let Some(connection) = crate::axum::connection(extensions) {
        return Some(connection);
    }
    extensions.get().copied()
}

/// Gives the client the nonce for its next proof, in a response that no cache may store (RFC 9449
/// section 8.2).
fn send_nonce(nonce: &str, headers: &mut HeaderMap) {
    if let Ok(nonce) = HeaderValue::from_str(nonce) {
        headers.insert(DPOP_NONCE, nonce);
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}

impl AccessToken {
    /// The token of a request that [`Protect`] let through, from the request's extensions.
    ///
    /// ```
    /// use resource_server::{AccessToken, Error};
    ///
    /// fn subject(parts: &http::request::Parts) -> Result<String, Error> {
    ///     let token = AccessToken::of(&parts.extensions)?;
    ///     Ok(token.subject().unwrap_or("nobody").to_owned())
    /// }
    /// ```
    ///
    /// # Errors
    /// The request has no token, and the layer is [optional](Protect::optional) (401). Or no layer
    /// judged it (500).
    pub fn of(extensions: &Extensions) -> Result<Self, Error> {
        Admission::required(extensions.get())
    }

    /// The token of a request that [`Protect`] let through, or `None` if there is none and the
    /// layer is [optional](Protect::optional).
    ///
    /// # Errors
    /// No layer judged the request (500).
    pub fn of_optional(extensions: &Extensions) -> Result<Option<Self>, Error> {
        Admission::optional(extensions.get())
    }
}

impl Error {
    /// Makes the layer send the answer of this error in place of the handler's response. Use it
    /// where a framework between layer and handler can't return the error itself. The first error
    /// wins. It must be set before the handler's response is returned to the layer.
    ///
    /// ```
    /// use resource_server::{AccessToken, Error, Requirement};
    ///
    /// fn check(parts: &http::request::Parts) -> Result<(), Error> {
    ///     let token = AccessToken::of(&parts.extensions)?;
    ///     let checked = token.require(&Requirement::scope("orders:read"));
    ///     if let Err(error) = &checked {
    ///         error.replace_response(&parts.extensions)?;
    ///     }
    ///     checked
    /// }
    /// ```
    ///
    /// # Errors
    /// No layer judged the request, or the layer has sent the response already (500). So nothing
    /// replaces it.
    pub fn replace_response(&self, extensions: &Extensions) -> Result<(), Error> {
        let admission: &Admission = extensions.get().ok_or_else(Misconfigured::no_layer)?;
        admission.answer_with(self)
    }
}

impl<B: From<String>> From<Answer> for Response<B> {
    fn from(answer: Answer) -> Self {
        let (status, headers, body) = answer.into_parts();
        let mut response = Response::new(B::from(body));
        // Every status and header of an answer is sound, so the fallback is never taken.
        *response.status_mut() =
            StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        response.headers_mut().reserve(headers.len());
        for (name, value) in headers {
            if let Ok(value) = HeaderValue::from_str(&value) {
                response
                    .headers_mut()
                    .append(HeaderName::from_static(name), value);
            }
        }
        response
    }
}
