//! A token that is good, before its presenter has proven possession of the key that it is bound to.

use std::fmt;

use crate::core::access_token::AccessToken;
use crate::core::checks::binding::check_binding;
use crate::core::possession::Possession;
use crate::core::token::claims::values::Confirmation;
use crate::core::verdict::rejection::Rejection;

/// A token whose signature and claims are good, before its presenter is known to be allowed to use
/// it.
///
/// It gives no claims: [`confirm`](Unconfirmed::confirm) is the only way to them.
#[must_use = "a token is not accepted before it is confirmed"]
pub struct Unconfirmed(AccessToken);

impl Unconfirmed {
    pub(crate) fn new(token: AccessToken) -> Self {
        Unconfirmed(token)
    }

    /// Accepts the token from a presenter who has proven this possession.
    ///
    /// # Errors
    /// The token is bound to a key or certificate (`cnf`) that was not proven. A bound token never
    /// confirms as bearer. Or the token is not bound to the key of a proof that was made. Or the
    /// policy requires a binding
    /// ([`sender_constraint`](crate::PolicyBuilder::sender_constraint)) that the token does not
    /// have.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use resource_server::{Error, Reason, Validator, testing::TestIssuer};
    /// # use serde_json::json;
    /// # let issuer = TestIssuer::new("https://as.example.com", "https://api.example.com");
    /// # let validator = Validator::builder()
    /// #     .audience("https://api.example.com")
    /// #     .issuer(issuer.to_issuer())
    /// #     .build()?;
    /// let bound = issuer.token()
    ///     .claim("cnf", json!({"jkt": "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"}))
    ///     .mint();
    /// // validate() is for bearer tokens.
    /// let Some(Err(Error::Rejected(rejection))) =
    ///     validator.validate_cached(&bound)
    /// else {
    ///     unreachable!()
    /// };
    /// assert_eq!(rejection.reason(), Reason::ProofOfPossessionMissing);
    /// # Ok(())
    /// # }
    /// ```
    pub fn confirm(self, possession: &Possession) -> Result<AccessToken, Rejection> {
        check_binding(&self.0, possession)?;
        Ok(self.0)
    }

    /// What it is bound to.
    pub(crate) fn confirmation(&self) -> Option<&Confirmation> {
        self.0.confirmation()
    }
}

impl fmt::Debug for Unconfirmed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Unconfirmed(..)")
    }
}
