//! [`Sessions`]: a layer that binds sessions to the user that opened them.

use std::fmt;
use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::Body;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode};
use tower_layer::Layer;
use tower_service::Service;

use super::session_id;
use crate::core::{Algorithm, Identity, SecretError, VerificationKey};
use crate::http::Admission;

const SESSION_ID: HeaderName = HeaderName::from_static("mcp-session-id");
const REVISION: HeaderName = HeaderName::from_static("mcp-protocol-version");
/// The first revision without sessions. Revisions are dates, so their texts have their order.
const WITHOUT_SESSIONS: &str = "2026-07-28";
/// The text that rmcp answers for an unknown session.
const UNKNOWN: &str = "Not Found: Session not found";

/// Binds the sessions of an MCP server to
/// [`AccessToken::identity`](crate::AccessToken::identity): a layer of axum, inside of
/// [`Protect`](crate::Protect). It is for servers that keep sessions, as rmcp does with
/// `legacy_session_mode`.
///
/// A session id that the server gives out gets a tag of it and of the token's issuer and subject
/// (HMAC with SHA-256). The server behind gets the id without the tag. So each request of a
/// session needs a good token of the user that opened it, and a new token of that user goes on
/// with the session.
///
/// | request | what happens |
/// | --- | --- |
/// | `Mcp-Session-Id` of another user, of another key, forged, cut, or several | 404, as for an unknown session, so that the client begins a new one. The server behind never gets the request |
/// | `Mcp-Protocol-Version` of 2026-07-28 or later | the header `Mcp-Session-Id` is removed and not judged, since these revisions have no sessions |
/// | a token without a subject, and so without an identity | there is no session: 404 for any id, and the server's new id is not given out. Two such tokens are never the same user |
/// | no [`Protect`](crate::Protect) in front | 500 |
///
/// The layer keeps nothing. A session that was opened for a token without a subject can't be
/// reached, and ends by the server's own limit for idle sessions.
///
/// ```
/// use axum::{Router, routing::post};
/// use resource_server::{Validator, mcp::Sessions};
///
/// # use resource_server::testing::TestIssuer;
/// # let issuer = TestIssuer::new("https://as.example.com", "https://api.example.com/mcp");
/// # let builder = Validator::builder().resource("https://api.example.com/mcp");
/// # let validator = builder.issuer(issuer.to_issuer()).build()?;
/// # let service = post(|| async { "" });
/// let app: Router = Router::new()
///     .route("/mcp", service) // rmcp: .nest_service("/mcp", service)
///     .layer(Sessions::with_random_key()?)
///     .layer(validator.protect()); // the last layer runs first
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
#[must_use]
pub struct Sessions {
    key: Arc<VerificationKey>,
}

impl Sessions {
    /// With a key of this process. After a restart, clients begin new sessions.
    ///
    /// # Errors
    /// The system gives no random bytes.
    pub fn with_random_key() -> Result<Self, SecretError> {
        let key = VerificationKey::of_this_process()?;
        Ok(Sessions { key: key.into() })
    }

    /// With a secret of at least 32 random bytes: for several processes that share their sessions.
    /// Use it for nothing else.
    ///
    /// # Errors
    /// The secret is too short, is one byte repeated, or reads as a key or certificate.
    ///
    /// ```
    /// use resource_server::{error::SecretError, mcp::Sessions};
    ///
    /// # let secret = b"0123456789abcdef0123456789abcdef";
    /// let sessions = Sessions::with_key(secret)?;
    /// let short = Sessions::with_key(b"secret");
    /// assert_eq!(short.unwrap_err(), SecretError::TooShort { bytes: 6, needed: 32 });
    /// # Ok::<(), SecretError>(())
    /// ```
    pub fn with_key(secret: &[u8]) -> Result<Self, SecretError> {
        let key = VerificationKey::from_hmac_secret(Algorithm::HS256, secret)?;
        Ok(Sessions { key: key.into() })
    }

    /// Gives the server behind its own id. `Err`: the request is not of a session of this user.
    fn unbind(
        &self,
        headers: &mut HeaderMap,
        identity: Option<&Identity<'_>>,
    ) -> Result<(), NotTheirs> {
        if is_without_sessions(headers) {
            headers.remove(SESSION_ID);
            return Ok(());
        }
        let mut ids = headers.get_all(SESSION_ID).iter();
        let (id, further) = (ids.next(), ids.next());
        let Some(id) = id else {
            return Ok(());
        };
        let known = id.to_str().ok().filter(|_| further.is_none());
        let (known, identity) = known.zip(identity).ok_or(NotTheirs)?;
        let own = session_id::unbind(&self.key, known, identity).ok_or(NotTheirs)?;
        let own = HeaderValue::from_str(own).map_err(|_| NotTheirs)?;
        headers.insert(SESSION_ID, own);
        Ok(())
    }

    /// Gives the client an id that is worth nothing to another user.
    fn bind(&self, headers: &mut HeaderMap, identity: Option<&Identity<'_>>) {
        let Some(own) = headers.remove(SESSION_ID) else {
            return;
        };
        let bound = own
            .to_str()
            .ok()
            .zip(identity)
            .and_then(|(own, identity)| session_id::bind(&self.key, own, identity));
        if let Some(Ok(bound)) = bound.map(HeaderValue::try_from) {
            headers.insert(SESSION_ID, bound);
        }
    }
}

impl fmt::Debug for Sessions {
    /// Names the type only.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sessions(..)")
    }
}

/// The request names a session that is not its user's.
struct NotTheirs;

impl From<NotTheirs> for Response<Body> {
    fn from(_: NotTheirs) -> Self {
        let mut response = Response::new(Body::from(UNKNOWN));
        *response.status_mut() = StatusCode::NOT_FOUND;
        response
    }
}

/// Where the text is not a date, the id is judged, which is never less strict.
fn is_without_sessions(headers: &HeaderMap) -> bool {
    let revision = headers.get(REVISION).and_then(|value| value.to_str().ok());
    revision.is_some_and(|text| {
        let digits = text.bytes().filter(u8::is_ascii_digit).count();
        text.len() == WITHOUT_SESSIONS.len() && digits == 8 && text >= WITHOUT_SESSIONS
    })
}

/// A service behind [`Sessions`].
#[derive(Clone, Debug)]
pub struct SessionBound<S> {
    inner: S,
    sessions: Sessions,
}

impl<S> Layer<S> for Sessions {
    type Service = SessionBound<S>;

    fn layer(&self, inner: S) -> SessionBound<S> {
        let sessions = self.clone();
        SessionBound { inner, sessions }
    }
}

impl<S> Service<Request<Body>> for SessionBound<S>
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

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        // The service that is ready serves; its clone may not be ready yet.
        let clone = self.inner.clone();
        let mut inner = mem::replace(&mut self.inner, clone);
        let sessions = self.sessions.clone();
        Box::pin(async move {
            let token = match Admission::required(request.extensions().get()) {
                Ok(token) => token,
                Err(error) => return Ok(error.answer().into()),
            };
            let identity = token.identity();
            if let Err(not_theirs) = sessions.unbind(request.headers_mut(), identity.as_ref()) {
                return Ok(not_theirs.into());
            }
            let mut response = inner.call(request).await?;
            sessions.bind(response.headers_mut(), identity.as_ref());
            Ok(response)
        })
    }
}
