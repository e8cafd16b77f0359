//! The one way from what a request presented to an [`AccessToken`].
//!
//! [`Case`] has one method for each part of the way, and every verb of the [`Validator`] goes
//! through all of them: `open` (form and issuer), `check_claims` (all that needs no evidence), the
//! evidence, and `accept` (verdict, possession). A token that the cache of verified tokens knows
//! passes possession, and what follows, in the same way.

use super::Validator;
use super::issuers::Trusted;
use super::token_cache::{Sight, TokenKey};
use crate::core::{
    AccessToken, CheckedJwt, Evidence, FormRefusal, KeySetAge, NumericDate, Possession,
    PresentedToken, Rejection, Unconfirmed, UnverifiedJwt, check_claims, check_signature, verify,
};
use crate::credentials::{Credentials, Presented};
use crate::error::{Error, Misconfigured};
use crate::observe::decision::About;
use crate::observe::observer::Judging;
use crate::source::{DynKeySource, SourceError};

/// The evidence that a token is judged by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Freshness {
    /// Cached evidence where there is some.
    Cached,
    /// The authorization server's response to a request that is made now.
    Online,
}

/// A presented token, with the issuer that it selects.
pub(super) struct Case<'v, 'r> {
    validator: &'v Validator,
    token: PresentedToken<'r>,
    issuer: &'v Trusted,
    /// Where it enters the cache of verified tokens, if it may.
    key: Option<TokenKey>,
}

impl Validator {
    /// Judges what a request presented. Waits for evidence where it must, and for the checks of the
    /// API's own.
    pub(crate) async fn judge(
        &self,
        presented: &Credentials<'_>,
        freshness: Freshness,
    ) -> Result<AccessToken, Error> {
        let judging = self.begin();
        let known = match freshness {
            Freshness::Cached => self.known(presented),
            Freshness::Online => Err(None),
        };
        let case;
        let (judged, about) = match known {
            Ok((token, issuer)) => (Ok(token), About::verified(&issuer.name)),
            Err(key) => {
                case = match self.open(presented) {
                    Ok(case) => Case { key, ..case },
                    Err(rejection) => return Err(self.refuse_unread(judging, rejection)),
                };
                let judged = match freshness {
                    Freshness::Cached => case.judge().await,
                    Freshness::Online => case.judge_online().await,
                };
                (judged, case.about())
            }
        };
        let mut token = match judged {
            Ok(token) => token.by(self.0.settings.resource.as_ref()),
            Err(error) => return Err(self.refuse(judging, error, None, about)),
        };
        if let Err(error) = self.0.settings.checks.pass(&token).await {
            return Err(self.refuse(judging, error, Some(&token), about));
        }
        judging.accepted(&mut token, about);
        Ok(token)
    }

    /// Judges what a request presented, if that needs no wait.
    pub(super) fn judge_cached(
        &self,
        presented: &Credentials<'_>,
    ) -> Option<Result<AccessToken, Error>> {
        let judging = self.begin();
        let case;
        let (judged, about) = match self.known(presented) {
            Ok((token, issuer)) => (Ok(token), About::verified(&issuer.name)),
            Err(key) => {
                case = match self.open(presented) {
                    Ok(case) => Case { key, ..case },
                    Err(rejection) => return Some(Err(self.refuse_unread(judging, rejection))),
                };
                (case.judge_cached()?, case.about())
            }
        };
        Some(match judged {
            // A check may wait.
            Ok(_) if !self.0.settings.checks.is_empty() => return None,
            Ok(token) => {
                let mut token = token.by(self.0.settings.resource.as_ref());
                judging.accepted(&mut token, about);
                Ok(token)
            }
            Err(error) => Err(self.refuse(judging, error, None, about)),
        })
    }

    /// A token that was verified before, confirmed by what the request proves. Otherwise the token
    /// is judged as a new one, and may enter the cache of verified tokens under this key.
    fn known(
        &self,
        presented: &Credentials<'_>,
    ) -> Result<(AccessToken, &Trusted), Option<TokenKey>> {
        match self.sight(presented.bearer_token()) {
            Sight::Known(token, issuer) => match confirm(token) {
                Ok(token) => Ok((token, issuer)),
                Err(_) => Err(None),
            },
            Sight::New(key) => Err(key),
        }
    }

    /// The error for a request without credentials, where a handler needs a token.
    #[cfg(any(feature = "tower", feature = "actix-web"))]
    pub(crate) fn no_credentials(&self) -> Error {
        let rejection = Rejection::from(FormRefusal::NoCredentials);
        self.refuse_unread(self.begin(), rejection)
    }

    /// The error for a mistake of the API's author.
    pub(crate) fn mistaken(&self, mistake: Misconfigured) -> Error {
        self.refuse_unread(self.begin(), mistake)
    }

    pub(super) fn begin(&self) -> Judging<'_> {
        Judging::begin(self.0.settings.observer.as_ref(), &*self.0.clock)
    }

    /// Keeps this API with the error, so that an answer can name it, and tells of the decision.
    /// `token`: the verified token, if a check refused it.
    fn refuse(
        &self,
        judging: Judging<'_>,
        error: Error,
        token: Option<&AccessToken>,
        about: About<'_>,
    ) -> Error {
        let error = error.by(self.0.settings.resource.as_ref());
        judging.refused(&error, token, about);
        error
    }

    /// Of a request that presented no token of a configured issuer, or whose token was not read.
    fn refuse_unread(&self, judging: Judging<'_>, error: impl Into<Error>) -> Error {
        self.refuse(judging, error.into(), None, About::default())
    }

    /// Checks the token's form and selects its issuer.
    pub(super) fn open<'r>(&self, presented: &Credentials<'r>) -> Result<Case<'_, 'r>, Rejection> {
        let text = match presented.presented() {
            Presented::Bearer(text) => text,
            Presented::Nothing => return Err(FormRefusal::NoCredentials.into()),
            Presented::Dpop => return Err(FormRefusal::DpopScheme.into()),
            Presented::Malformed(fault) => return Err(FormRefusal::Credentials(fault).into()),
        };
        let token = PresentedToken::parse_within(text, self.0.settings.max_token_bytes)?;
        Ok(Case {
            validator: self,
            issuer: self.0.issuers.select(&token)?,
            token,
            key: None,
        })
    }
}

/// The only place where a verified token is confirmed by what the request proved to hold, and so
/// the only one that gives an [`AccessToken`].
fn confirm(token: Unconfirmed) -> Result<AccessToken, Rejection> {
    token.confirm(&Possession::bearer())
}

impl Case<'_, '_> {
    /// Drops what the source has cached about this token.
    pub(super) fn forget(&self) {
        self.source().forget(&self.token);
    }

    /// What is told of its token.
    fn about(&self) -> About<'_> {
        About::token(&self.issuer.name, &self.token)
    }

    pub(super) async fn judge(&self) -> Result<AccessToken, Error> {
        match self.judge_cached() {
            Some(judged) => judged,
            None => self.judge_by(self.source()).await,
        }
    }

    /// Keys come first where the issuer has some, so that a bad token causes no request.
    pub(super) async fn judge_online(&self) -> Result<AccessToken, Error> {
        if self.issuer.has_both() && self.token.jwt().is_some() {
            self.judge().await?;
        } else {
            self.check_claims(self.now())?;
        }
        let source = self.issuer.online_source();
        let token = self.accept_by(source.new_evidence(&self.token).await)?;
        // This comes last, so that a bad token is rejected as such.
        if !token.is_introspected() {
            return Err(Misconfigured::no_introspection(&self.issuer.name).into());
        }
        Ok(token.introspected_online())
    }

    fn judge_cached(&self) -> Option<Result<AccessToken, Error>> {
        let now = self.now();
        let jwt = match self.check_claims(now) {
            Ok(jwt) => jwt,
            Err(rejection) => return Some(Err(rejection.into())),
        };
        let evidence = self.source().cached(&self.token)?;
        let policy = &self.issuer.policy;
        let judged = match (jwt, &evidence) {
            // `verify` would only repeat the checks of the claims.
            (Some(jwt), Evidence::Keys(keys)) => check_signature(jwt, keys, policy),
            _ => verify(&self.token, &evidence, policy, now),
        };
        Some(self.accept(judged, &evidence))
    }

    async fn judge_by(&self, source: &dyn DynKeySource) -> Result<AccessToken, Error> {
        self.accept_by(source.evidence(&self.token).await)
    }

    fn accept_by(&self, evidence: Result<Evidence, SourceError>) -> Result<AccessToken, Error> {
        let evidence = evidence.map_err(|cause| self.issuer.no_evidence(cause))?;
        // Every check again: the token may have expired in the meantime.
        let judged = verify(&self.token, &evidence, &self.issuer.policy, self.now());
        self.accept(judged, &evidence)
    }

    /// All checks of a JWT that need no evidence. An opaque token has none.
    fn check_claims(&self, now: NumericDate) -> Result<Option<CheckedJwt<'_, '_>>, Rejection> {
        match self.token.jwt() {
            None => Ok(None),
            Some(_) => check_claims(&self.token, &self.issuer.policy, now).map(Some),
        }
    }

    /// The end of the way: what was verified by this evidence enters the cache, and is confirmed.
    fn accept(
        &self,
        judged: Result<Unconfirmed, Rejection>,
        evidence: &Evidence,
    ) -> Result<AccessToken, Error> {
        let token = judged.map_err(|rejection| self.explained(rejection))?;
        let (jwt, issuer) = (self.token.jwt(), self.issuer);
        let token = self
            .validator
            .remember(self.key, token, jwt, evidence, issuer);
        Ok(confirm(token)?)
    }

    /// Adds to a rejection what only the source knows.
    fn explained(&self, rejection: Rejection) -> Rejection {
        rejection.with_key_set_age(|| {
            let issuer = self.token.jwt().and_then(UnverifiedJwt::issuer);
            let status = self.issuer.source().status_of(issuer.unwrap_or_default());
            KeySetAge {
                age: status.age,
                last_asked: status.last_asked,
            }
        })
    }

    fn source(&self) -> &dyn DynKeySource {
        self.issuer.source_for(&self.token)
    }

    fn now(&self) -> NumericDate {
        self.validator.0.clock.now()
    }
}
