//! The one way from what a request presented to an [`AccessToken`].
//!
//! [`Case`] has one method for each part of the way, and every verb of the [`Validator`] goes
//! through all of them: `open` (form and issuer), `check_claims` (all that needs no evidence), the
//! evidence, and `accept` (verdict, possession).

use std::sync::Arc;

use super::Validator;
use super::issuers::Trusted;
use crate::core::{
    AccessToken, CheckedJwt, Evidence, FormRefusal, KeySetAge, NumericDate, Possession,
    PresentedToken, Rejection, Unconfirmed, UnverifiedJwt, check_claims, check_signature, verify,
};
use crate::credentials::{Credentials, Presented};
use crate::error::{Error, Misconfigured};
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
}

impl Validator {
    /// Judges what a request presented. Waits for evidence where it must, and for the checks of the
    /// API's own.
    pub(crate) async fn judge(
        &self,
        presented: &Credentials<'_>,
        freshness: Freshness,
    ) -> Result<AccessToken, Error> {
        let judged = match (self.open(presented), freshness) {
            (Ok(case), Freshness::Cached) => case.judge().await,
            (Ok(case), Freshness::Online) => case.judge_online().await,
            (Err(rejection), _) => Err(rejection.into()),
        };
        match judged {
            Ok(token) => {
                let token = token.by(self.0.settings.resource.as_ref());
                match self.0.settings.checks.pass(&token).await {
                    Ok(()) => Ok(self.accepted(token)),
                    Err(error) => Err(self.refused(error, Some(&token))),
                }
            }
            Err(error) => Err(self.refused(error, None)),
        }
    }

    /// Judges what a request presented, if that needs no wait.
    pub(super) fn judge_cached(
        &self,
        presented: &Credentials<'_>,
    ) -> Option<Result<AccessToken, Error>> {
        let judged = match self.open(presented) {
            Ok(case) => case.judge_cached()?,
            Err(rejection) => Err(rejection.into()),
        };
        Some(match judged {
            // A check may wait.
            Ok(_) if !self.0.settings.checks.is_empty() => return None,
            Ok(token) => Ok(self.accepted(token.by(self.0.settings.resource.as_ref()))),
            Err(error) => Err(self.refused(error, None)),
        })
    }

    /// The error for a request without credentials, where a handler needs a token.
    #[cfg(any(feature = "tower", feature = "actix-web"))]
    pub(crate) fn no_credentials(&self) -> Error {
        self.refused(Rejection::from(FormRefusal::NoCredentials).into(), None)
    }

    /// The error for a mistake of the API's author.
    pub(crate) fn mistaken(&self, mistake: Misconfigured) -> Error {
        self.refused(mistake.into(), None)
    }

    /// Reports the decision, and keeps with the token what is told of its later ones.
    fn accepted(&self, token: AccessToken) -> AccessToken {
        match &self.0.settings.observer {
            None => token,
            Some(observer) => {
                observer.accepted(&token);
                token.observed_by(Some(Arc::clone(observer) as Arc<_>))
            }
        }
    }

    /// Keeps this API with the error, so that an answer can name it, and reports the decision.
    /// `token`: the verified token, if a check refused it.
    pub(super) fn refused(&self, error: Error, token: Option<&AccessToken>) -> Error {
        let error = error.by(self.0.settings.resource.as_ref());
        if let Some(observer) = &self.0.settings.observer {
            observer.refused(&error, token);
        }
        error
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
        })
    }
}

impl Case<'_, '_> {
    /// Drops what the source has cached about this token.
    pub(super) fn forget(&self) {
        self.source().forget(&self.token);
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
        Some(self.accept(match (jwt, &evidence) {
            // `verify` would only repeat the checks of the claims.
            (Some(jwt), Evidence::Keys(keys)) => check_signature(jwt, keys, policy),
            _ => verify(&self.token, &evidence, policy, now),
        }))
    }

    async fn judge_by(&self, source: &dyn DynKeySource) -> Result<AccessToken, Error> {
        self.accept_by(source.evidence(&self.token).await)
    }

    fn accept_by(&self, evidence: Result<Evidence, SourceError>) -> Result<AccessToken, Error> {
        let evidence = evidence.map_err(|cause| self.issuer.no_evidence(cause))?;
        // Every check again: the token may have expired in the meantime.
        self.accept(verify(
            &self.token,
            &evidence,
            &self.issuer.policy,
            self.now(),
        ))
    }

    /// All checks of a JWT that need no evidence. An opaque token has none.
    fn check_claims(&self, now: NumericDate) -> Result<Option<CheckedJwt<'_, '_>>, Rejection> {
        match self.token.jwt() {
            None => Ok(None),
            Some(_) => check_claims(&self.token, &self.issuer.policy, now).map(Some),
        }
    }

    /// The only place where a verified token is confirmed by what the request proved to hold, and
    /// so the only one that gives an [`AccessToken`].
    fn accept(&self, judged: Result<Unconfirmed, Rejection>) -> Result<AccessToken, Error> {
        let unconfirmed = judged.map_err(|rejection| self.explained(rejection))?;
        Ok(unconfirmed.confirm(&Possession::bearer())?)
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
