//! Long-lived connections: an accepted token is checked again while the connection is open.

use std::time::Duration;

use super::Validator;
use super::issuers::Trusted;
use super::possession::Presenter;
use crate::core::{AccessToken, check_accepted_again, key_withdrawn};
use crate::error::{Error, Misconfigured};
use crate::observe::decision::About;
use crate::observe::observer::Judging;

/// A token is looked at again this often, also where its issuer never changes its keys.
const LONGEST_LOOK: Duration = Duration::from_secs(5 * 60);
/// No loop is faster, whatever the settings are.
pub(super) const SHORTEST_LOOK: Duration = Duration::from_secs(1);
/// Where responses are not cached, each look is a call. This is the lifetime of a cached response
/// where no setting says.
const LOOK_WITHOUT_CACHE: Duration = Duration::from_secs(60);

impl Validator {
    /// How long this token is still valid by this Validator's clock, with the policy's
    /// [`clock_skew`](crate::PolicyBuilder::clock_skew): until `exp`, or until
    /// [`max_token_age`](crate::PolicyBuilder::max_token_age) if that is earlier. Zero when that
    /// has passed. `None` if the token has no end, as an introspected token without `exp`.
    ///
    /// It says nothing about keys and revocation: see [`revalidate`](Validator::revalidate).
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use resource_server::{Validator, testing::{ManualClock, TestIssuer}};
    /// # use resource_server::NumericDate;
    /// use std::time::Duration;
    ///
    /// let clock = ManualClock::at(NumericDate::from_secs(1_700_000_000));
    /// let issuer = TestIssuer::new("https://as.example.com", "https://api.example.com")
    ///     .clock(clock.clone());
    /// let validator = Validator::builder()
    ///     .audience("https://api.example.com")
    ///     .issuer(issuer.to_issuer())
    ///     .clock(clock.clone())
    ///     .build()?;
    /// let minted = issuer.token().expires_in(Duration::from_secs(60)).mint();
    /// let token = validator.validate_cached(&minted).unwrap()?;
    /// assert_eq!(validator.time_left(&token), Some(Duration::from_secs(60 + 30)));
    ///
    /// clock.advance(Duration::from_secs(100));
    /// assert_eq!(validator.time_left(&token), Some(Duration::ZERO));
    /// # Ok(())
    /// # }
    /// ```
    pub fn time_left(&self, token: &AccessToken) -> Option<Duration> {
        let end = token.end()?;
        Some(end.since(self.0.clock.now()))
    }

    /// Checks an accepted token again, for a connection that outlives a request: a WebSocket, an
    /// event stream, a gRPC stream. Call it after each [`next_look`](Validator::next_look), and end
    /// the connection when the token is rejected.
    ///
    /// * **Time**: `exp`, and [`max_token_age`](crate::PolicyBuilder::max_token_age) if it is set.
    /// * **The key** that verified a JWT must still be one of its issuer or tenant, by its numbers
    ///   and not by its `kid`. Keys are refreshed as for a new token. During an outage the cached
    ///   keys are used for their lifetime and the
    ///   [`outage_tolerance`](crate::Issuer::outage_tolerance). Your own source answers by
    ///   [`KeySource::still_trusts`](crate::KeySource::still_trusts).
    /// * **Introspection**: an introspected token is introspected again. A cached response is used
    ///   as for a new request. A token that [`validate_online`](Validator::validate_online)
    ///   accepted is introspected without the cache. The new response is checked against the
    ///   policy, but the claims in `token` stay as they were.
    /// * **The binding** (`cnf`) was proven when the token was accepted, and is not proven again. A
    ///   new response must have the same one.
    /// * **Checks of your own** ([`ValidatorBuilder::check`](crate::ValidatorBuilder::check)) run
    ///   again.
    /// * **The tenant** must still be one of the allowed [`Tenants`](crate::Tenants).
    ///
    /// The rest of the policy is not checked again, since it can't have changed.
    ///
    /// # Errors
    /// The token is rejected (401). Its reason is that of a new request with it, and
    /// [`UnknownKey`](crate::Reason::UnknownKey) for a key that was withdrawn. Or the keys or the
    /// introspection response are unavailable (503), which says nothing about the token. Or another
    /// Validator accepted the token, which is the API author's mistake (500).
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
    /// use resource_server::{Error, Reason, Validator, testing::TestIssuer};
    ///
    /// let issuer = TestIssuer::new("https://as.example.com", "https://api.example.com");
    /// let validator = Validator::builder()
    ///     .audience("https://api.example.com")
    ///     .issuer(issuer.to_issuer())
    ///     .build()?;
    /// let token = validator.validate(&issuer.token().mint()).await?;
    /// validator.revalidate(&token).await?;
    ///
    /// issuer.rotate_keys();
    /// issuer.withdraw_old_keys();
    /// let Err(Error::Rejected(rejection)) = validator.revalidate(&token).await else {
    ///     unreachable!()
    /// };
    /// assert_eq!(rejection.reason(), Reason::UnknownKey);
    /// # Ok(()) }) }
    /// ```
    pub async fn revalidate(&self, token: &AccessToken) -> Result<(), Error> {
        let judging = self.begin();
        let judged = match self.0.issuers.of_accepted(token) {
            Some(issuer) => self.judge_again(token, issuer).await,
            None => Err(Misconfigured::accepted_elsewhere().into()),
        };
        let judged = match judged {
            // What a check requires of it is no further decision.
            Ok(()) => self.0.settings.checks.pass(&unobserved(token)).await,
            refused => refused,
        };
        judged.map_err(|error| self.refuse_again(judging, error, token))
    }

    /// Keeps this API with the error, so that an answer can name it, and tells of the decision.
    pub(super) fn refuse_again(
        &self,
        judging: Judging<'_>,
        error: Error,
        token: &AccessToken,
    ) -> Error {
        let error = error.by(self.0.settings.resource.as_ref(), token.presentation());
        let token = unobserved(token);
        judging.refused(&error, Some(&token), About::accepted(&token));
        error
    }

    /// How long to wait until an accepted token should be checked again by
    /// [`revalidate`](Validator::revalidate): the shortest of [`time_left`](Validator::time_left),
    /// the lifetime of the cached keys or of a cached introspection response, and 5 minutes.
    ///
    /// It is at least 1 second, so a loop never spins. Where introspection responses are not
    /// cached, 60 seconds are used as their lifetime. Cheap, without I/O.
    pub fn next_look(&self, token: &AccessToken) -> Duration {
        let issuer = self.0.issuers.of_accepted(token);
        let lifetime = issuer.and_then(|issuer| {
            let source = if token.is_introspected() {
                issuer.online_source()
            } else {
                issuer.source()
            };
            source.status_of(token.issuer()).lifetime
        });
        let lifetime = match lifetime {
            Some(Duration::ZERO) => LOOK_WITHOUT_CACHE,
            Some(lifetime) => lifetime,
            None => LONGEST_LOOK,
        };
        let left = self.time_left(token).unwrap_or(LONGEST_LOOK);
        left.min(lifetime).clamp(SHORTEST_LOOK, LONGEST_LOOK)
    }

    async fn judge_again(&self, token: &AccessToken, issuer: &Trusted) -> Result<(), Error> {
        check_accepted_again(token, self.0.clock.now())?;
        let Some(introspected) = token.introspected() else {
            let trusts = issuer.source().still_trusts(token).await;
            if !trusts.map_err(|cause| issuer.no_evidence(cause))? {
                return Err(key_withdrawn(token).into());
            }
            // It may have expired in the meantime.
            return Ok(check_accepted_again(token, self.0.clock.now())?);
        };
        // The text passes the same way as in the first place, so that the new response is judged by
        // the same checks.
        let presenter = Presenter::earlier(token.confirmation());
        let case = self.open(introspected.text(), presenter)?;
        if introspected.is_online() {
            case.judge_online().await?;
        } else {
            case.judge().await?;
        }
        Ok(())
    }
}

/// The token without those who are told of decisions: what they require of it is none.
fn unobserved(token: &AccessToken) -> AccessToken {
    let mut token = token.clone();
    token.observe_by(None);
    token
}
