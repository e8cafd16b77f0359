//! What is checked again of a token that was accepted a while ago.

use std::sync::Arc;

use crate::core::access_token::AccessToken;
use crate::core::checks::issuer::check_issuer_name;
use crate::core::checks::key::is_key_of;
use crate::core::checks::time::check_time;
use crate::core::excerpt::excerpt;
use crate::core::keys::key_set::KeySet;
use crate::core::proof::Proof;
use crate::core::time::NumericDate;
use crate::core::verdict::key::KeyRefusal;
use crate::core::verdict::rejection::Rejection;

/// The checks that need no evidence and may end in another way than before: the time, and the
/// tenant, since a function of the API may decide which tenants are allowed.
pub(crate) fn check_accepted_again(token: &AccessToken, now: NumericDate) -> Result<(), Rejection> {
    let (payload, policy) = (token.payload(), token.policy());
    check_issuer_name(token.issuer(), payload, policy)
        .and_then(|()| check_time(payload, policy, now))
        .map_err(Rejection::again)
}

/// The rejection of a token whose key is no longer trusted.
pub(crate) fn key_withdrawn(token: &AccessToken) -> Rejection {
    let refusal = KeyRefusal::Withdrawn {
        id: token.key_id().map(excerpt),
        algorithm: token.algorithm(),
    };
    Rejection::from(refusal).again()
}

impl KeySet {
    /// Whether the key that verified this token is in this set, and may still verify it: by its
    /// numbers and not by its `kid`. False for an introspected token.
    ///
    /// A source of your own answers [`KeySource::still_trusts`](crate::KeySource::still_trusts)
    /// with it.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use resource_server::{Validator, keys::KeySet, testing::TestIssuer};
    ///
    /// let issuer = TestIssuer::new("https://as.example.com", "https://api.example.com");
    /// let validator = Validator::builder()
    ///     .audience("https://api.example.com")
    ///     .issuer(issuer.to_issuer())
    ///     .build()?;
    /// let token = validator.validate_cached(&issuer.token().mint()).unwrap()?;
    /// assert!(KeySet::from_jwks(&issuer.jwks())?.has_key_of(&token));
    ///
    /// issuer.rotate_keys();
    /// issuer.withdraw_old_keys();
    /// assert!(!KeySet::from_jwks(&issuer.jwks())?.has_key_of(&token));
    /// # Ok(())
    /// # }
    /// ```
    pub fn has_key_of(&self, token: &AccessToken) -> bool {
        let Proof::Signature { key, algorithm } = token.proof() else {
            return false;
        };
        let policy = token.policy();
        let mut keys = self.of(policy.profile().key_use()).iter();
        keys.any(|one| {
            (Arc::ptr_eq(one, key) || one.is_same_key(key))
                && one.fits(*algorithm)
                && is_key_of(one.stated_issuer(), token.payload(), policy)
                && policy.allows_key_for(one, *algorithm)
        })
    }
}
