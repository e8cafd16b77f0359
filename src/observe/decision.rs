//! One decision, as it is told.

use std::sync::Arc;

#[cfg(feature = "tracing")]
use crate::core::Algorithm;
#[cfg(feature = "tracing")]
use crate::core::UnverifiedJwt;
use crate::core::{AccessToken, PresentedToken, Resource};
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
///         Err(Error::Rejected(refused)) => format!("rejected {} {resource}", refused.reason()),
///         Err(Error::Unavailable(outage)) => {
///             format!("unavailable {} {resource}", outage.kind().as_str())
///         }
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
    about: About<'d>,
}

/// What is known of a presented token beside the outcome.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct About<'d> {
    issuer: Option<&'d str>,
    #[cfg(feature = "tracing")]
    jwt: Option<&'d UnverifiedJwt<'d>>,
}

impl<'d> About<'d> {
    /// A token that selects this issuer, by the name that is configured.
    pub(crate) fn token(issuer: &'d str, token: &'d PresentedToken<'_>) -> Self {
        #[cfg(not(feature = "tracing"))]
        let _ = token;
        About {
            issuer: Some(issuer),
            #[cfg(feature = "tracing")]
            jwt: token.jwt(),
        }
    }

    /// A verified token, of which there is no more to tell than itself.
    pub(crate) fn verified(issuer: &'d str) -> Self {
        About {
            issuer: Some(issuer),
            #[cfg(feature = "tracing")]
            jwt: None,
        }
    }

    /// A token that was accepted before.
    pub(crate) fn accepted(token: &'d AccessToken) -> Self {
        About::verified(token.configured_issuer())
    }
}

impl<'d> Decision<'d> {
    pub(super) fn accepted(token: &'d AccessToken, about: About<'d>) -> Self {
        Decision {
            outcome: Ok(token),
            token: Some(token),
            resource: token.resource().map(Arc::as_ref),
            is_of_operation: false,
            about,
        }
    }

    /// `token`: the verified token, if a check of the API's own refused it.
    pub(super) fn refused(
        error: &'d Error,
        token: Option<&'d AccessToken>,
        about: About<'d>,
    ) -> Self {
        Decision {
            outcome: Err(error),
            token,
            resource: error.resource(),
            is_of_operation: false,
            about,
        }
    }

    pub(super) fn of_operation(error: &'d Error, token: &'d AccessToken) -> Self {
        Decision {
            is_of_operation: true,
            ..Decision::refused(error, Some(token), About::accepted(token))
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

    /// The issuer that the token selects, by the name that you configured: for an issuer with many
    /// tenants, the template. `None` where the token names no issuer of yours, or the request
    /// presented no token. It says nothing about whether the token is from that issuer.
    pub fn issuer(&self) -> Option<&'d str> {
        self.about.issuer
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

    /// The algorithm that verified the token, else the one that its header names.
    #[cfg(feature = "tracing")]
    pub(super) fn algorithm(&self) -> Option<Algorithm> {
        match self.token {
            Some(token) => token.algorithm(),
            None => self.about.jwt?.algorithm(),
        }
    }

    /// The `kid` of the key that verified the token, else the one in its header, which may be
    /// anything.
    #[cfg(feature = "tracing")]
    pub(super) fn key_id(&self) -> Option<&'d str> {
        match self.token {
            Some(token) => token.key_id(),
            None => self.about.jwt?.key_id(),
        }
    }
}
