//! Every error of the crate. The three kinds inside [`Error`] are never mixed; the others are
//! errors of settings and of what you supply.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::chain::chain;
#[cfg(feature = "mcp")]
use crate::core::without_user_info;
use crate::core::{Presentation, Rejection, Requirement, Resource, excerpt};

pub use crate::binding::dpop_error::DpopError;
pub use crate::binding::mtls::{CertificateError, ClientCertificatesError};
pub use crate::binding::replay_error::ReplayStoreError;
pub use crate::build_error::{BuildError, ConfigError, ConfigErrorKind};
#[cfg(feature = "pem")]
pub use crate::core::PemError;
pub use crate::core::{
    AlgorithmError, KeyError, KeySetError, KeySetLimitsError, PolicyError, PolicyErrorKind,
    RequirementError, ResourceError, ResponseError, ScopeError, SecretError, SignatureError,
    ThumbprintError, TimeRangeError,
};
#[cfg(feature = "fetch")]
pub use crate::source::{AddressError, ClientKeyError, FetchError, IntrospectionError};
pub use crate::source_error::{SourceError, SourceErrorKind};

/// Why a request is not served. The kind says whose fault it is and decides the status: an outage
/// never looks like a bad token.
///
/// ```
/// use resource_server::Error;
///
/// fn answer(error: &Error) -> u16 {
///     eprintln!("{}", error.explain()); // for the log, never for the caller
///     error.status()
/// }
/// ```
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The caller's fault: 401, 403 for an operation that a good token does not allow, or 400 for
    /// malformed credentials.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// The authorization server's fault, or the network's: 503. Says nothing about the token. It
    /// may also be the fault of what a [check](crate::ValidatorBuilder::check) of yours needs.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// The API author's fault: 500. One such fault is a call outside of a tokio runtime, for an
    /// issuer whose evidence must be fetched.
    ///
    /// A runtime without I/O or time (`enable_all`) is the same fault, but tokio reports it only by
    /// a panic. The panic is caught, after the panic hook has run, and the error is `Unavailable`,
    /// with a cause that names `enable_all`. With `panic = "abort"` the process ends.
    #[error(transparent)]
    Misconfigured(#[from] Misconfigured),
}

impl Error {
    /// What happened and what to look at, in one line for the person on call. For a rejection it is
    /// [`Rejection::explain`], else the error with its causes. It is complete without `Display`.
    /// For logs, not for the caller.
    pub fn explain(&self) -> String {
        match self {
            Error::Rejected(rejection) => rejection.explain(),
            Error::Unavailable(unavailable) => chain(unavailable),
            Error::Misconfigured(misconfigured) => chain(misconfigured),
        }
    }

    /// Keeps the API that gives the error, which the answer names, and how the token was presented.
    pub(crate) fn by(self, resource: Option<&Arc<Resource>>, presentation: &Presentation) -> Self {
        match self {
            Error::Rejected(rejection) => rejection.by(resource, presentation).into(),
            Error::Unavailable(unavailable) => Error::Unavailable(Unavailable {
                resource: resource.cloned(),
                ..unavailable
            }),
            Error::Misconfigured(Misconfigured { mistake, .. }) => {
                Error::Misconfigured(Misconfigured {
                    mistake,
                    resource: resource.cloned(),
                })
            }
        }
    }

    /// Names the scopes of the operation in the challenge to a request without credentials.
    pub(crate) fn with_scopes_of(self, requirement: &Requirement) -> Self {
        match self {
            Error::Rejected(rejection) => rejection.with_scopes_of(requirement).into(),
            other => other,
        }
    }

    /// Names the scopes of these requirements too, if scopes are missing.
    #[cfg(any(feature = "tower", feature = "actix-web"))]
    pub(crate) fn naming_too<'r>(self, met: impl Iterator<Item = &'r Requirement>) -> Self {
        match self {
            Error::Rejected(rejection) => rejection.naming_too(met).into(),
            other => other,
        }
    }

    pub(crate) fn resource(&self) -> Option<&Resource> {
        match self {
            Error::Rejected(rejection) => rejection.resource(),
            Error::Unavailable(unavailable) => unavailable.resource.as_deref(),
            Error::Misconfigured(misconfigured) => misconfigured.resource.as_deref(),
        }
    }

    /// The HTTP status: 400, 401 or 403, 503, 500.
    pub fn status(&self) -> u16 {
        match self {
            Error::Rejected(rejection) => rejection.status(),
            Error::Unavailable(_) => 503,
            Error::Misconfigured(_) => 500,
        }
    }
}

/// Something that is needed to judge a token was unavailable: the keys or the introspection
/// response of its issuer, or what a check of yours needs. The token may be good: answer 503, never
/// 401.
///
/// `Display` says what was unavailable, and names the issuer if it is the issuer's. The cause is in
/// [`source`](std::error::Error::source), and does not name it again.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{missing}")]
pub struct Unavailable {
    missing: Missing,
    #[source]
    cause: SourceError,
    resource: Option<Arc<Resource>>,
}

/// What is unavailable.
#[derive(Clone, Debug, thiserror::Error)]
enum Missing {
    #[error("issuer \"{0}\": its tokens can't be judged now")]
    Evidence(Arc<str>),
    #[error("a check of this API (ValidatorBuilder::check) can't be made now")]
    Check,
    #[error("the replay store of DPoP proofs can't be asked now")]
    ReplayStore,
    #[cfg(any(feature = "fetch", feature = "mcp"))]
    #[error("an accepted token can't be checked again now")]
    Look,
}

impl Unavailable {
    /// Of the source of this issuer.
    pub(crate) fn new(issuer: Arc<str>, cause: SourceError) -> Self {
        Unavailable {
            missing: Missing::Evidence(issuer),
            cause,
            resource: None,
        }
    }

    /// Of what a check of the API's own needs.
    pub(crate) fn of_check(cause: SourceError) -> Self {
        Unavailable {
            missing: Missing::Check,
            cause,
            resource: None,
        }
    }

    /// Of the store that remembers used proofs.
    pub(crate) fn of_replay_store(cause: SourceError) -> Self {
        Unavailable {
            missing: Missing::ReplayStore,
            cause,
            resource: None,
        }
    }

    /// Of a look at an accepted token that was given up after this time.
    #[cfg(any(feature = "fetch", feature = "mcp"))]
    pub(crate) fn of_look(limit: Duration) -> Self {
        let what = format!(
            "the source of its keys, or a check of this API, gave no result within {} s",
            limit.as_secs()
        );
        Unavailable {
            missing: Missing::Look,
            cause: SourceError::new(what).of_kind(SourceErrorKind::Timeout),
            resource: None,
        }
    }

    /// Adds the words of the API's author to the failure of a check.
    pub(crate) fn because(self, text: &str) -> Self {
        if !matches!(self.missing, Missing::Check) {
            return self;
        }
        Unavailable {
            cause: self.cause.within(excerpt(text)),
            ..self
        }
    }

    /// The issuer whose source failed, as configured. `None`: a
    /// [check](crate::ValidatorBuilder::check) of yours failed, the replay store of
    /// [`Dpop`](crate::binding::Dpop) did, or an accepted token could not be
    /// checked again in time (`Validator::until_refused`).
    pub fn issuer(&self) -> Option<&str> {
        let Missing::Evidence(issuer) = &self.missing else {
            return None;
        };
        Some(issuer)
    }

    /// The kind of failure, for metrics.
    ///
    /// ```
    /// use resource_server::Unavailable;
    ///
    /// fn label(outage: &Unavailable) -> &'static str {
    ///     outage.kind().as_str() // such as "timeout" or "tls"
    /// }
    /// ```
    pub fn kind(&self) -> SourceErrorKind {
        self.cause.kind()
    }

    /// The error of the source, or the one that the check gave.
    pub fn cause(&self) -> &SourceError {
        &self.cause
    }

    /// When to try again, for `Retry-After` (RFC 9110 section 10.2.3), if the source knows.
    pub fn retry_after(&self) -> Option<Duration> {
        self.cause.retry_after()
    }
}

/// Sources that could not be prepared. `Display` lists each with its causes, in one line.
#[derive(Clone, Debug)]
pub struct WarmUpError {
    failures: Vec<Unavailable>,
}

impl WarmUpError {
    pub(crate) fn new(failures: Vec<Unavailable>) -> Self {
        WarmUpError { failures }
    }

    /// Each issuer whose source failed, and why.
    pub fn failures(&self) -> &[Unavailable] {
        &self.failures
    }
}

impl fmt::Display for WarmUpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let failures: Vec<_> = self.failures.iter().map(|failure| chain(failure)).collect();
        f.write_str(&failures.join("; "))
    }
}

impl std::error::Error for WarmUpError {}

/// The API author's own mistake, which building the Validator can't find.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{mistake}")]
pub struct Misconfigured {
    mistake: Mistake,
    resource: Option<Arc<Resource>>,
}

#[derive(Clone, Debug, thiserror::Error)]
enum Mistake {
    #[error(transparent)]
    Requirement(RequirementError),
    #[error(
        "issuer \"{0}\" has no introspection, so its tokens can't be validated online: add Issuer::introspection"
    )]
    NoIntrospection(Arc<str>),
    #[error(
        "issuer \"{0}\": its evidence is fetched on the tokio runtime of the call, and this call is made outside of one: \
         make it in a task, or in Runtime::block_on"
    )]
    OutsideRuntime(Arc<str>),
    #[error(
        "the token was not accepted by this Validator, so it can't be checked again here: use the Validator that accepted it"
    )]
    AcceptedElsewhere,
    #[error("no resource is set, so there is no metadata: name this API by .resource(..)")]
    NoResource,
    #[error(
        "the metadata would name no authorization server, so clients could not get a token: name one by \
         Resource::authorization_servers(..). By default these are the issuers whose name is an https URL (http on \
         loopback) without a placeholder, and whose keys are not a shared secret"
    )]
    NoAuthorizationServer,
    #[cfg(any(feature = "tower", feature = "actix-web"))]
    #[error(
        "a handler or a layer asks for the token of a request that no layer judged: add .layer(validator.protect()) to the route, \
         .wrap(validator.protect()) in actix-web, or .layer(validator.protect().grpc()) in tonic. In axum the layer that is \
         added last runs first, so add it after ToolScopes and Sessions"
    )]
    NoLayer,
    #[cfg(any(feature = "tower", feature = "actix-web"))]
    #[error(
        "an error was to replace the response of a request, and the layer has sent that response already: leave the error \
         before"
    )]
    Answered,
    #[cfg(feature = "mcp")]
    #[error(
        "issuer \"{0}\": its policy accepts JWTs without an audience (allow_jwt_without_audience), and an MCP server must \
         accept only tokens that were issued for it: configure the issuer to write `aud`"
    )]
    TokensOfAnyServer(String),
    #[cfg(feature = "mcp")]
    #[error("ToolScopes can't be used: {0}")]
    ToolScopes(String),
}

impl Misconfigured {
    pub(crate) fn outside_runtime(issuer: &Arc<str>) -> Self {
        Mistake::OutsideRuntime(Arc::clone(issuer)).into()
    }

    pub(crate) fn no_introspection(issuer: &Arc<str>) -> Self {
        Mistake::NoIntrospection(Arc::clone(issuer)).into()
    }

    #[cfg(any(feature = "tower", feature = "actix-web"))]
    pub(crate) fn no_layer() -> Self {
        Mistake::NoLayer.into()
    }

    #[cfg(any(feature = "tower", feature = "actix-web"))]
    pub(crate) fn answered() -> Self {
        Mistake::Answered.into()
    }

    #[cfg(feature = "mcp")]
    pub(crate) fn tokens_of_any_server(issuer: &str) -> Self {
        Mistake::TokensOfAnyServer(excerpt(&without_user_info(issuer))).into()
    }

    #[cfg(feature = "mcp")]
    pub(crate) fn tool_scopes(mistakes: &[String]) -> Self {
        Mistake::ToolScopes(mistakes.join("; ")).into()
    }

    /// Whether the client may read its text: it is the same for every request and API.
    #[cfg(any(feature = "tower", feature = "actix-web"))]
    pub(crate) const fn is_for_client(&self) -> bool {
        matches!(self.mistake, Mistake::NoLayer)
    }

    pub(crate) fn accepted_elsewhere() -> Self {
        Mistake::AcceptedElsewhere.into()
    }

    pub(crate) fn no_resource() -> Self {
        Mistake::NoResource.into()
    }

    pub(crate) fn no_authorization_server() -> Self {
        Mistake::NoAuthorizationServer.into()
    }
}

impl From<RequirementError> for Misconfigured {
    fn from(problem: RequirementError) -> Self {
        Mistake::Requirement(problem).into()
    }
}

impl From<Mistake> for Misconfigured {
    fn from(mistake: Mistake) -> Self {
        Misconfigured {
            mistake,
            resource: None,
        }
    }
}
