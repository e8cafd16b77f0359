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

use super::message::Asked;
use super::refusal::{Invalid, Refused, unlisted};
use super::rules::Needed;
use super::{ToolScopes, body, ending, held, message};
use crate::core::AccessToken;
use crate::error::Misconfigured;
use crate::http::Admission;
use crate::validator::Validator;

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
            let passed = match shared.decide(request).await {
                Ok(passed) => passed,
                Err(refused) => return Ok(refused.into()),
            };
            let is_call = passed.request.method() == Method::POST;
            let mut response = inner.call(passed.request).await?;
            if is_call {
                response = held::until_message(response, shared.scopes.hold).await;
            }
            if let Some((validator, token)) = passed.ends_with {
                response = ending::with_token(response, validator, token);
            }
            Ok(response)
        })
    }
}

/// A request that is handed on.
struct Passed {
    /// With the same bytes.
    request: Request<Body>,
    /// If the answer may be a stream that stays open: it ends when this Validator refuses this
    /// token.
    ends_with: Option<(Validator, AccessToken)>,
}

impl Shared {
    async fn decide(&self, request: Request<Body>) -> Result<Passed, Refused> {
        let (mut parts, body) = request.into_parts();
        let admission: Option<Admission> = parts.extensions.get().cloned();
        let token = Admission::required(admission.as_ref())?;
        let admission = admission.ok_or_else(Misconfigured::no_layer)?;
        if let Some(mistake) = &self.mistake {
            return Err(token.refuse(mistake.clone().into()).into());
        }
        // MCP requires that tokens are issued for the server (RFC 8707 section 2).
        if token.policy().allows_jwt_without_audience() {
            let mistake = Misconfigured::tokens_of_any_server(token.configured_issuer());
            return Err(token.refuse(mistake.into()).into());
        }
        let ends_with = Some((admission.validator().clone(), token.clone()));
        let bytes = body::read(body, self.scopes.max_body_bytes, &self.scopes.room).await?;
        if bytes.is_empty() && has_no_message(&parts.method) {
            return Ok(Passed {
                request: Request::from_parts(parts, Body::empty()),
                ends_with,
            });
        }
        // What decodes it behind this layer would read another message.
        let mut codings = parts.headers.get_all(CONTENT_ENCODING).iter();
        if !codings.all(|coding| coding.as_bytes().eq_ignore_ascii_case(b"identity")) {
            return Err(Refused::Encoded);
        }
        let text = str::from_utf8(&bytes).map_err(|_| Refused::Invalid(Invalid::syntax()))?;
        let asked = message::read(text).map_err(Refused::Invalid)?;
        let is_open = matches!(asked, Asked::Subscription(_)) || has_no_message(&parts.method);
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
        Ok(Passed {
            request: Request::from_parts(parts, Body::from(bytes)),
            ends_with: ends_with.filter(|_| is_open),
        })
    }
}

/// Methods that usually have no message: streams of the server, the end of a session, and questions
/// about the route.
fn has_no_message(method: &Method) -> bool {
    [Method::GET, Method::HEAD, Method::DELETE, Method::OPTIONS].contains(method)
}
