//! Checks of the API's own, after verification.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::core::{AccessToken, DenialRefusal, Denied, Rejection};
use crate::error::{Error, Unavailable};
use crate::source::SourceError;

/// A check of your own, which runs after verification:
/// [`ValidatorBuilder::check`](crate::ValidatorBuilder::check). Implement it with a plain `async
/// fn`, or give a closure.
///
/// ```
/// use resource_server::{AccessToken, decision::{Check, Denial}, error::SourceError};
///
/// struct SessionIsOpen;
///
/// impl SessionIsOpen {
///     async fn look_up(&self, session: &str) -> Result<bool, std::io::Error> {
///         Ok(!session.is_empty())
///     }
/// }
///
/// impl Check for SessionIsOpen {
///     async fn check(&self, token: AccessToken) -> Result<(), Denial> {
///         let Some(session) = token.claim("sid") else {
///             return Err(Denial::operation().because("the token has no session"));
///         };
///         let is_open = self.look_up(session.as_str().unwrap_or_default()).await;
///         match is_open {
///             Ok(true) => Ok(()),
///             Ok(false) => Err(Denial::token().because("the session has ended")),
///             Err(e) => {
///                 let outage = SourceError::new("the session table").caused_by(e);
///                 Err(Denial::unavailable(outage))
///             }
///         }
///     }
/// }
/// ```
pub trait Check: Send + Sync + 'static {
    /// Whether this token may be used for this request. The token is verified. It is not accepted
    /// yet, so don't keep it. If the request is given up, the check is dropped at its next `await`.
    ///
    /// # Errors
    /// The token is refused, or the check can't be made now.
    fn check(&self, token: AccessToken) -> impl Future<Output = Result<(), Denial>> + Send;
}

impl<F, Fut> Check for F
where
    F: Fn(AccessToken) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<(), Denial>> + Send,
{
    fn check(&self, token: AccessToken) -> impl Future<Output = Result<(), Denial>> + Send {
        self(token)
    }
}

/// Why a [`Check`] does not let a request pass, and so the answer to it.
///
/// `?` makes one of an [`Error`], such as that of [`AccessToken::require`]. The error stays as it
/// is: a rejection keeps its reason and its answer, and an outage stays an outage.
#[derive(Clone, Debug)]
pub struct Denial(Error);

impl Denial {
    /// The token is not good any more: 401 `invalid_token`. The reason is
    /// [`TokenDenied`](crate::Reason::TokenDenied). A client requests another token then.
    pub fn token() -> Self {
        Denial::of(Denied::Token)
    }

    /// The token is good, but not for this request: 403 without a challenge. The reason is
    /// [`OperationDenied`](crate::Reason::OperationDenied).
    pub fn operation() -> Self {
        Denial::of(Denied::Operation)
    }

    /// What the check needs can't be reached: 503, with the error's
    /// [`retry_in`](SourceError::retry_in) as `Retry-After`. It says nothing about the token.
    pub fn unavailable(cause: SourceError) -> Self {
        Denial(Unavailable::of_check(cause).into())
    }

    fn of(denied: Denied) -> Self {
        Denial(Rejection::from(DenialRefusal::of(denied)).into())
    }

    /// Adds a text of yours that [`Error::explain`] shows, escaped and cut at 128 characters. No
    /// answer shows it. It ends up in logs, so leave claims out of it. It has no effect on a denial
    /// that was made of an [`Error`].
    #[must_use]
    pub fn because(self, text: impl AsRef<str>) -> Self {
        let text = text.as_ref();
        Denial(match self.0 {
            Error::Rejected(rejection) => rejection.because(text).into(),
            Error::Unavailable(unavailable) => unavailable.because(text).into(),
            misconfigured @ Error::Misconfigured(_) => misconfigured,
        })
    }
}

impl From<Error> for Denial {
    fn from(error: Error) -> Self {
        Denial(error)
    }
}

/// [`Check`] as a trait object.
trait DynCheck: Send + Sync {
    fn check(&self, token: AccessToken) -> Pending<'_>;
}

type Pending<'c> = Pin<Box<dyn Future<Output = Result<(), Denial>> + Send + 'c>>;

impl<C: Check> DynCheck for C {
    fn check(&self, token: AccessToken) -> Pending<'_> {
        Box::pin(Check::check(self, token))
    }
}

/// The checks of one Validator, in their order.
#[derive(Clone, Default)]
pub(super) struct Checks(Vec<Arc<dyn DynCheck>>);

impl Checks {
    pub(super) fn add(&mut self, check: impl Check) {
        self.0.push(Arc::new(check));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Runs every check, up to the first that refuses the token.
    pub(super) async fn pass(&self, token: &AccessToken) -> Result<(), Error> {
        for check in &self.0 {
            let passed = check.check(token.clone()).await;
            passed.map_err(|Denial(error)| error)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Checks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Checks({})", self.0.len())
    }
}
