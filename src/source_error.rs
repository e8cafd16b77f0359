//! Why a source has no evidence.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// A source has no evidence now: an outage, or a mistake in its configuration. Cloning is cheap.
///
/// ```
/// use resource_server::error::SourceError;
/// use std::error::Error;
/// use std::time::Duration;
///
/// let error = SourceError::new("the key table can't be read")
///     .caused_by(std::io::Error::other("connection refused"))
///     .retry_in(Duration::from_secs(5));
/// assert_eq!(error.to_string(), "the key table can't be read");
/// assert_eq!(error.source().unwrap().to_string(), "connection refused");
/// ```
#[derive(Clone, Debug)]
pub struct SourceError(Arc<Inner>);

#[derive(Clone, Debug)]
struct Inner {
    what: String,
    cause: Option<Arc<dyn StdError + Send + Sync>>,
    retry_after: Option<Duration>,
    kind: Option<SourceErrorKind>,
    /// The call was made outside of a tokio runtime.
    is_outside_runtime: bool,
}

/// What kind of outage a [`SourceError`] is: few enough to label a metric with.
///
/// ```
/// use resource_server::error::{SourceError, SourceErrorKind};
///
/// let error = SourceError::new("the key table can't be read");
/// assert_eq!(error.kind(), SourceErrorKind::Other);
/// assert_eq!(error.kind().as_str(), "other");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SourceErrorKind {
    /// The host's name does not resolve.
    Dns,
    /// The host can't be connected to, or the connection ended before a response.
    Connect,
    /// The TLS handshake failed, for example by a certificate that is not trusted.
    Tls,
    /// There was no whole response within the time limit.
    Timeout,
    /// The response has a status that is not 200: a redirect, an error of the client or of the
    /// server.
    Status,
    /// The response is too large, of another type, or not the document that is expected.
    Body,
    /// The server refuses this API's own credentials (401 or 403).
    CredentialsRefused,
    /// Any other error, and any error of your own source.
    Other,
}

impl SourceErrorKind {
    /// A stable name in lower case, such as `credentials_refused`.
    pub const fn as_str(self) -> &'static str {
        match self {
            SourceErrorKind::Dns => "dns",
            SourceErrorKind::Connect => "connect",
            SourceErrorKind::Tls => "tls",
            SourceErrorKind::Timeout => "timeout",
            SourceErrorKind::Status => "status",
            SourceErrorKind::Body => "body",
            SourceErrorKind::CredentialsRefused => "credentials_refused",
            SourceErrorKind::Other => "other",
        }
    }
}

impl SourceError {
    /// Makes an error that says what failed. The text must be safe to log: no secret, no token.
    pub fn new(what: impl Into<String>) -> Self {
        SourceError(Arc::new(Inner {
            what: what.into(),
            cause: None,
            retry_after: None,
            kind: None,
            is_outside_runtime: false,
        }))
    }

    /// Adds the cause, which shows in the error's chain.
    #[must_use]
    pub fn caused_by(mut self, cause: impl StdError + Send + Sync + 'static) -> Self {
        Arc::make_mut(&mut self.0).cause = Some(Arc::new(cause));
        self
    }

    /// Sets the time after which a new attempt is worthwhile.
    #[must_use]
    pub fn retry_in(mut self, after: Duration) -> Self {
        Arc::make_mut(&mut self.0).retry_after = Some(after);
        self
    }

    /// An error with this text, whose cause and pause are this one.
    pub(crate) fn within(self, what: String) -> Self {
        let retry_after = self.retry_after();
        let whole = SourceError::new(what).caused_by(self);
        match retry_after {
            Some(after) => whole.retry_in(after),
            None => whole,
        }
    }

    #[cfg(any(feature = "fetch", feature = "mcp", feature = "redis"))]
    #[must_use]
    pub(crate) fn of_kind(mut self, kind: SourceErrorKind) -> Self {
        Arc::make_mut(&mut self.0).kind = Some(kind);
        self
    }

    /// The same, by a mistake of the caller.
    #[cfg(any(feature = "fetch", feature = "redis"))]
    #[must_use]
    pub(super) fn outside_runtime(mut self) -> Self {
        Arc::make_mut(&mut self.0).is_outside_runtime = true;
        self
    }

    /// The same with the pause of its cause, where that has one.
    #[cfg(feature = "fetch")]
    #[must_use]
    pub(super) fn retry_as(self, after: Option<Duration>) -> Self {
        match after {
            Some(after) => self.retry_in(after),
            None => self,
        }
    }

    /// What kind of outage it is, by itself or by the first of its causes that is a SourceError and
    /// says so.
    pub fn kind(&self) -> SourceErrorKind {
        let kind = self.own_chain().find_map(|SourceError(inner)| inner.kind);
        kind.unwrap_or(SourceErrorKind::Other)
    }

    /// Whether it, or a cause of it, says that the call was made outside of a tokio runtime.
    pub(crate) fn is_outside_runtime(&self) -> bool {
        self.own_chain()
            .any(|SourceError(inner)| inner.is_outside_runtime)
    }

    /// It and its causes, as far as they are errors of this type.
    fn own_chain(&self) -> impl Iterator<Item = &SourceError> {
        let first: &(dyn StdError + 'static) = self;
        std::iter::successors(Some(first), |one| StdError::source(*one))
            .filter_map(|one| one.downcast_ref())
    }

    /// When a new attempt is worthwhile, where that is known.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }
}

impl fmt::Display for SourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.what)
    }
}

impl StdError for SourceError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match &self.0.cause {
            Some(cause) => Some(cause.as_ref()),
            None => None,
        }
    }
}
