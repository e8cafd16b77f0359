//! A token that is good, before its presenter has proven possession of the key that it is bound to.

use std::fmt;

use crate::core::access_token::AccessToken;
use crate::core::token::payload::Claim;
use crate::core::verdict::possession::PossessionRefusal;
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
    /// confirms as bearer.
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
        // A request can prove nothing yet: possession has no key and no certificate.
        let Possession(()) = possession;
        match self.0.payload().cnf() {
            Claim::Absent => Ok(self.0),
            Claim::Malformed | Claim::Is(_) => Err(PossessionRefusal::Missing.into()),
        }
    }
}

impl fmt::Debug for Unconfirmed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Unconfirmed(..)")
    }
}

/// What the presenter of a token has proven to possess.
///
/// ```
/// use resource_server::Possession;
///
/// let nothing_but_the_token = Possession::bearer();
/// ```
#[derive(Clone, Debug)]
pub struct Possession(());

impl Possession {
    /// The token alone.
    pub const fn bearer() -> Self {
        Possession(())
    }
}
