//! What a Validator decides, for a record of your own.

use std::fmt;
use std::sync::Arc;

use crate::core::{AccessToken, Resource};
use crate::error::Error;

/// What was decided about a request or an operation, as
/// [`ValidatorBuilder::on_decision`](crate::ValidatorBuilder::on_decision) reports it.
///
/// ```
/// use resource_server::{Error, decision::Decision};
///
/// fn record(decision: Decision<'_>) -> String {
///     let resource = decision.resource().map_or("", |resource| resource.uri());
///     match decision.outcome() {
///         Ok(token) => format!("accepted {} {resource}", token.issuer()),
///         Err(Error::Rejected(rejection)) => format!("rejected {} {resource}", rejection.reason()),
///         Err(Error::Unavailable(outage)) => format!("unavailable {} {resource}", outage.kind().as_str()),
///         Err(_) => format!("misconfigured {resource}"),
///     }
/// }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Decision<'d> {
    outcome: Result<&'d AccessToken, &'d Error>,
    /// The token, if it is verified.
    token: Option<&'d AccessToken>,
    resource: Option<&'d Resource>,
    is_of_operation: bool,
}

impl<'d> Decision<'d> {
    fn accepted(token: &'d AccessToken) -> Self {
        Decision {
            outcome: Ok(token),
            token: Some(token),
            resource: token.resource().map(Arc::as_ref),
            is_of_operation: false,
        }
    }

    /// `token`: the verified token, if a check of the API's own refused it.
    fn refused(error: &'d Error, token: Option<&'d AccessToken>) -> Self {
        Decision {
            outcome: Err(error),
            token,
            resource: error.resource(),
            is_of_operation: false,
        }
    }

    /// The token that was accepted, or the error that the request or the operation was refused
    /// with.
    ///
    /// # Errors
    /// It was refused.
    pub fn outcome(&self) -> Result<&'d AccessToken, &'d Error> {
        self.outcome
    }

    /// The verified token: one that was accepted, or one that a
    /// [check](crate::ValidatorBuilder::check) of yours or an operation refused. `None` where no
    /// token was verified: what such a token says may be made up.
    pub fn token(&self) -> Option<&'d AccessToken> {
        self.token
    }

    /// The API that decided, if it has a [`resource`](crate::ValidatorBuilder::resource).
    pub fn resource(&self) -> Option<&'d Resource> {
        self.resource
    }

    /// Whether an accepted token was refused for an operation
    /// ([`AccessToken::require`], [`AccessToken::claims`]). Otherwise the decision is about what a
    /// request presented.
    pub fn is_of_operation(&self) -> bool {
        self.is_of_operation
    }
}

type Hook = dyn Fn(Decision<'_>) + Send + Sync;

/// Everything that is told of decisions. The tokens that a Validator accepts carry it, for the
/// operations that are refused later.
#[derive(Clone, Default)]
pub(crate) struct Observer {
    hooks: Vec<Arc<Hook>>,
}

impl Observer {
    pub(crate) fn add(&mut self, hook: impl Fn(Decision<'_>) + Send + Sync + 'static) {
        self.hooks.push(Arc::new(hook));
    }

    /// The observer as tokens carry it. `None`: nothing is told of decisions.
    pub(crate) fn shared(self) -> Option<Arc<Observer>> {
        (!self.hooks.is_empty()).then(|| Arc::new(self))
    }

    /// The token doesn't carry the observer yet. So a hook that requires something of it causes no
    /// further decision.
    pub(crate) fn accepted(&self, token: &AccessToken) {
        self.tell(Decision::accepted(token));
    }

    /// `token`: the verified token, if a check of the API's own refused it.
    pub(crate) fn refused(&self, error: &Error, token: Option<&AccessToken>) {
        self.tell(Decision::refused(error, token));
    }

    fn tell(&self, decision: Decision<'_>) {
        for hook in &self.hooks {
            hook(decision);
        }
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Observer({} hooks)", self.hooks.len())
    }
}

/// Reports that an accepted token was refused for an operation.
pub(crate) fn operation_refused(token: &AccessToken, error: &Error) {
    let observer = token.observer();
    if let Some(observer) = observer.and_then(|any| any.downcast_ref::<Observer>()) {
        // Without the observer, as in `accepted`.
        let token = token.clone().observed_by(None);
        observer.tell(Decision {
            is_of_operation: true,
            ..Decision::refused(error, Some(&token))
        });
    }
}
