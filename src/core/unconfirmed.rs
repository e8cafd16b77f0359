//! A token that is good, before its presenter has proven possession of the key that it is bound to.

use std::fmt;
use std::sync::Arc;

use crate::core::access_token::AccessToken;
use crate::core::checks::accepted_again::check_accepted_again;
use crate::core::checks::binding::check_binding;
use crate::core::keys::key_set::KeySet;
use crate::core::possession::Possession;
use crate::core::remembered::{Held, Remembered};
use crate::core::time::NumericDate;
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

    pub(crate) fn issuer(&self) -> &str {
        self.0.issuer()
    }

    pub(crate) fn judged_at(&self) -> NumericDate {
        self.0.judged_at()
    }

    /// The same token in the form in which a cache shares it. `key_id` is the `kid` of its header.
    /// The second value is `None` if the token must not be cached.
    pub(crate) fn shared(
        self,
        keys: &Arc<KeySet>,
        key_id: Option<&str>,
    ) -> (Self, Option<Arc<Remembered>>) {
        let (good, at) = self.0.into_good();
        let (held, remembered) = match Remembered::new(good, keys, key_id) {
            Ok(remembered) => {
                let remembered = Arc::new(remembered);
                (Held::Shared(Arc::clone(&remembered)), Some(remembered))
            }
            Err(good) => (Held::Own(good), None),
        };
        (Unconfirmed(AccessToken::judged(held, at)), remembered)
    }

    /// A token of a cache, judged again by all that may end in another way than before without
    /// other keys. The caller knows that its key is still good.
    pub(crate) fn recall(remembered: Arc<Remembered>, now: NumericDate) -> Result<Self, Rejection> {
        let token = AccessToken::judged(Held::Shared(remembered), now);
        check_accepted_again(&token, now)?;
        Ok(Unconfirmed(token))
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
