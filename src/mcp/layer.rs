//! [`ToolScopes`] as a layer of axum.

use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::str;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::Body;
use http::header::CONTENT_ENCODING;
use http::{Method, Request, Response};
use tower_layer::Layer;
use tower_service::Service;

use super::refusal::{Invalid, Refused, unlisted};
use super::rules::Needed;
use super::{ToolScopes, body, held, message};
use crate::error::Misconfigured;
use crate::http::Admission;

/// A service behind [`ToolScopes`].
#[derive(Clone, Debug)]
pub struct ToolScoped<S> {
    inner: S,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    scopes: ToolScopes,
    /// What [`ToolScopes::check`] found.
    mistake: Option<Misconfigured>,
}

impl<S> Layer<S> for ToolScopes {
    type Service = ToolScoped<S>;

    fn layer(&self, inner: S) -> ToolScoped<S> {
        let shared = Arc::new(Shared {
            scopes: self.clone(),
            mistake: self.check().err(),
        });
        ToolScoped { inner, shared }
    }
}

impl<S> Service<Request<Body>> for ToolScoped<S>
where
    S: Service<Request<Body>, Response = Response<Body>> + Clone + Send + 'static,
    S::Future: Send,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        // The service that is ready serves; its clone may not be ready yet.
        let clone = self.inner.clone();
        let mut inner = mem::replace(&mut self.inner, clone);
        let shared = Arc::clone(&self.shared);
        Box::pin(async move {
            let request = match shared.decide(request).await {
                Ok(request) => request,
                Err(refused) => return Ok(refused.into()),
            };
            let is_call = request.method() == Method::POST;
            let response = inner.call(request).await?;
            if is_call {
                return Ok(held::until_message(response, shared.scopes.hold).await);
            }
            Ok(response)
        })
    }
}

impl Shared {
    /// The request as it is handed on, with the same bytes.
    async fn decide(&self, request: Request<Body>) -> Result<Request<Body>, Refused> {
        let (mut parts, body) = request.into_parts();
        let admission: Option<Admission> = parts.extensions.get().cloned();
        let token = Admission::required(admission.as_ref())?;
        let admission = admission.ok_or_else(Misconfigured::no_layer)?;
        if let Some(mistake) = &self.mistake {
            return Err(token.refuse(mistake.clone().into()).into());
        }
        let bytes = body::read(body, self.scopes.max_body_bytes, &self.scopes.room).await?;
        if bytes.is_empty() && has_no_message(&parts.method) {
            return Ok(Request::from_parts(parts, Body::empty()));
        }
        // What decodes it behind this layer would read another message.
        let mut codings = parts.headers.get_all(CONTENT_ENCODING).iter();
        if !codings.all(|coding| coding.as_bytes().eq_ignore_ascii_case(b"identity")) {
            return Err(Refused::Encoded);
        }
        let text = str::from_utf8(&bytes).map_err(|_| Refused::Invalid(Invalid::syntax()))?;
        let asked = message::read(text).map_err(Refused::Invalid)?;
        match self.scopes.needed(&asked) {
            Needed::Nothing => {}
            Needed::Refused => return Err(token.refuse(unlisted()).into()),
            Needed::All(requirement) => {
                let checked = token.require(&requirement);
                checked.map_err(|error| admission.complete(error))?;
                // What is found unmet behind this layer then names these scopes too.
                parts.extensions.insert(admission.requiring(requirement));
            }
        }
        Ok(Request::from_parts(parts, Body::from(bytes)))
    }
}

/// Methods that usually have no message: streams of the server, the end of a session, and questions
/// about the route.
fn has_no_message(method: &Method) -> bool {
    [Method::GET, Method::HEAD, Method::DELETE, Method::OPTIONS].contains(method)
}
