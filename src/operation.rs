//! What an operation of the API needs from a verified token.

use serde::de::DeserializeOwned;

use crate::core::{AccessToken, Requirement, check_requirement};
use crate::error::{Error, Misconfigured};
use crate::observe::observer::operation_refused;

impl AccessToken {
    /// Checks that this token allows an operation.
    ///
    /// `?` works in every function whose error accepts an [`Error`], such as one that has
    /// `From<Error>`:
    ///
    /// ```
    /// use resource_server::{AccessToken, Error, Requirement};
    ///
    /// enum ApiError {
    ///     Token(Error),
    ///     NoSuchOrder,
    /// }
    ///
    /// impl From<Error> for ApiError {
    ///     fn from(error: Error) -> Self {
    ///         ApiError::Token(error)
    ///     }
    /// }
    ///
    /// fn delete(token: &AccessToken, order: Option<u64>) -> Result<u64, ApiError> {
    ///     token.require(&Requirement::scope("orders:delete"))?;
    ///     order.ok_or(ApiError::NoSuchOrder)
    /// }
    ///
    /// fn export(token: &AccessToken) -> Result<String, Box<dyn std::error::Error>> {
    ///     token.require(&Requirement::scope("orders:export"))?;
    ///     Ok(std::fs::read_to_string("orders.csv")?)
    /// }
    /// ```
    ///
    /// # Errors
    /// [`Error::Rejected`]: the token does not allow it. The [`Reason`](crate::Reason) is
    /// `OperationNotAllowed` (403 without a challenge: a role, claim, audience or authorization
    /// detail is missing), `AuthenticationInsufficient` (401: the user must sign in again), or
    /// `InsufficientScope` (403). [`Error::Misconfigured`] (500): the requirement can never pass,
    /// which is the API author's mistake.
    pub fn require(&self, requirement: &Requirement) -> Result<(), Error> {
        let checked = match requirement.check() {
            Ok(()) => check_requirement(self, requirement).map_err(Error::from),
            Err(problem) => Err(Misconfigured::from(problem).into()),
        };
        checked.map_err(|error| self.refuse(error))
    }

    /// All claims, read into a type of yours from the text that was signed.
    ///
    /// ```
    /// use resource_server::{AccessToken, Error};
    ///
    /// #[derive(serde::Deserialize)]
    /// struct Claims {
    ///     department: String,
    /// }
    ///
    /// fn department(token: &AccessToken) -> Result<String, Error> {
    ///     let claims: Claims = token.claims()?;
    ///     Ok(claims.department)
    /// }
    /// ```
    ///
    /// # Errors
    /// [`Error::Rejected`] with [`Reason::ClaimsDoNotFit`](crate::Reason::ClaimsDoNotFit) (401):
    /// the claims don't fit the type, so the token lacks what this API needs.
    pub fn claims<T: DeserializeOwned>(&self) -> Result<T, Error> {
        let read = self.read_claims().map_err(Error::from);
        read.map_err(|error| self.refuse(error))
    }

    pub(crate) fn refuse(&self, error: Error) -> Error {
        let error = error.by(self.resource(), self.presentation());
        operation_refused(self, &error);
        error
    }
}
