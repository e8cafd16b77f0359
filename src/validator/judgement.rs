//! The one way from what a request presented to an [`AccessToken`].
//!
//! [`Case`] has one method for each part of the way, and every verb of the [`Validator`] goes
//! through all of them: `open` (form and issuer), `check_front` (all that needs no evidence, of the
//! token and of its proof), the evidence, `accept` (verdict and possession), and
//! [`Presenter::use_up`] (the proof). A token that the cache of verified tokens knows passes
//! possession, and what follows, in the same way.

use super::Validator;
use super::issuers::Trusted;
use super::possession::{Presenter, UsedProof};
use super::token_cache::{Sight, TokenKey};
use crate::binding::CheckedProof;
use crate::core::{
    AccessToken, CheckedJwt, Evidence, KeySetAge, NumericDate, Presentation, PresentedToken,
    Reason, Rejection, Scheme, Unconfirmed, UnverifiedJwt, check_claims, check_signature, verify,
};
use crate::credentials::Credentials;
use crate::error::{Error, Misconfigured};
use crate::observe::decision::About;
use crate::observe::observer::{Judging, token_cached};
use crate::source::{DynKeySource, SourceError};

/// The evidence that a token is judged by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Freshness {
    /// Cached evidence where there is some.
    Cached,
    /// The authorization server's response to a request that is made now.
    Online,
}

/// A presented token, with the issuer that it selects and what the request holds to prove.
pub(super) struct Case<'v, 'r> {
    validator: &'v Validator,
    token: PresentedToken<'r>,
    issuer: &'v Trusted,
    presenter: Presenter<'v, 'r>,
    /// Where it enters the cache of verified tokens, if it may.
    key: Option<TokenKey>,
}

/// A token whose possession is proven. Its proof may have been used before: see [`Case::enter`].
pub(super) struct Confirmed {
    token: AccessToken,
    proof: Option<UsedProof>,
}

impl Validator {
    /// Judges what a request presented. Waits for evidence and the replay store where it must, and
    /// for the checks of the API's own.
    pub(crate) async fn judge(
        &self,
        credentials: &Credentials<'_>,
        freshness: Freshness,
    ) -> Result<AccessToken, Error> {
        let judging = self.begin();
        let (text, presenter) = match self.read(credentials) {
            Ok(read) => read,
            Err(rejection) => return Err(self.refuse_unread(judging, rejection, Scheme::Bearer)),
        };
        let known = match freshness {
            Freshness::Cached => self.known(text, &presenter),
            Freshness::Online => Err(None),
        };
        let issuer_of_known = known.as_ref().ok().map(|(_, issuer)| &*issuer.name);
        let is_hit = hit_of(&known);
        let case;
        let (judged, about) = match known {
            Ok((confirmed, issuer)) => (Ok(confirmed), About::verified(&issuer.name)),
            Err(key) => {
                case = match self.open(text, presenter) {
                    Ok(case) => Case { key, ..case },
                    Err(rejection) => {
                        return Err(self.refuse_unread(judging, rejection, presenter.scheme()));
                    }
                };
                let judged = match freshness {
                    Freshness::Cached => case.judge().await,
                    Freshness::Online => case.judge_online().await,
                };
                (judged, case.about())
            }
        };
        let entered = match judged {
            Ok(Confirmed { mut token, proof }) => {
                let needs_nonce = match &proof {
                    Some(proof) => presenter.use_up(proof, token.judged_at()).await,
                    None => Ok(false),
                };
                needs_nonce.map(|needs_nonce| {
                    self.present(&mut token, &presenter, needs_nonce);
                    token
                })
            }
            Err(error) => Err(error),
        };
        let mut token = match entered {
            Ok(token) => token,
            Err(error) => {
                // A known token was not parsed yet, and is recorded like a new one.
                let parsed = issuer_of_known.and_then(|_| self.parse(text).ok());
                let about = match (issuer_of_known, &parsed) {
                    (Some(issuer), Some(token)) => About::token(issuer, token),
                    _ => about,
                };
                return Err(self.refuse(judging, error, None, &presenter, about));
            }
        };
        if let Err(error) = self.0.settings.checks.pass(&token).await {
            return Err(self.refuse(judging, error, Some(&token), &presenter, about));
        }
        if let Some(is_hit) = is_hit {
            token_cached(is_hit);
        }
        judging.accepted(&mut token, about);
        Ok(token)
    }

    /// Judges what a request presented, if that needs no wait.
    pub(super) fn judge_cached(
        &self,
        credentials: &Credentials<'_>,
    ) -> Option<Result<AccessToken, Error>> {
        let judging = self.begin();
        let (text, presenter) = match self.read(credentials) {
            Ok(read) => read,
            Err(rejection) => {
                return Some(Err(self.refuse_unread(judging, rejection, Scheme::Bearer)));
            }
        };
        let case;
        let known = self.known(text, &presenter);
        let is_hit = hit_of(&known);
        let (judged, about) = match known {
            Ok((confirmed, issuer)) => (Ok(confirmed), About::verified(&issuer.name)),
            Err(key) => {
                case = match self.open(text, presenter) {
                    Ok(case) => Case { key, ..case },
                    Err(rejection) => {
                        let error = self.refuse_unread(judging, rejection, presenter.scheme());
                        return Some(Err(error));
                    }
                };
                (case.judge_cached()?, case.about())
            }
        };
        Some(match judged {
            // A check may wait, and so may the replay store.
            Ok(confirmed) if !self.0.settings.checks.is_empty() || confirmed.proof.is_some() => {
                return None;
            }
            Ok(confirmed) => {
                let mut token = confirmed.token;
                self.present(&mut token, &presenter, false);
                if let Some(is_hit) = is_hit {
                    token_cached(is_hit);
                }
                judging.accepted(&mut token, about);
                Ok(token)
            }
            Err(error) => Err(self.refuse(judging, error, None, &presenter, about)),
        })
    }

    /// A token that was verified before, confirmed by what the request proves. Otherwise the token
    /// is judged as a new one, and may enter the cache of verified tokens under this key.
    fn known(
        &self,
        text: &str,
        presenter: &Presenter<'_, '_>,
    ) -> Result<(Confirmed, &Trusted), Option<TokenKey>> {
        let (token, issuer) = match self.sight(text) {
            Sight::Known(token, issuer) => (token, issuer),
            Sight::New(key) => return Err(key),
        };
        // A refusal is found again on the way of a new token, with every detail.
        let confirmed = if presenter.has_proof() {
            let proof = presenter.check_proof(text, &issuer.policy, token.judged_at());
            confirm(token, presenter, proof.map_err(|_| None)?.as_ref())
        } else {
            confirm(token, presenter, None)
        };
        match confirmed {
            Ok(confirmed) => Ok((confirmed, issuer)),
            Err(_) => Err(None),
        }
    }

    /// The error for a request without credentials, where a handler needs a token.
    #[cfg(any(feature = "tower", feature = "actix-web"))]
    pub(crate) fn no_credentials(&self) -> Error {
        let rejection = Rejection::from(crate::core::FormRefusal::NoCredentials);
        self.refuse_unread(self.begin(), rejection, Scheme::Bearer)
    }

    /// The error for a mistake of the API's author.
    pub(crate) fn mistaken(&self, mistake: Misconfigured) -> Error {
        self.refuse_unread(self.begin(), mistake, Scheme::Bearer)
    }

    pub(super) fn begin(&self) -> Judging<'_> {
        Judging::begin(self.0.settings.observer.as_ref(), &*self.0.clock)
    }

    /// Of a request that presented no token of a configured issuer, or whose token was not read.
    fn refuse_unread(
        &self,
        judging: Judging<'_>,
        error: impl Into<Error>,
        scheme: Scheme,
    ) -> Error {
        let presentation = Presentation {
            scheme,
            fresh_nonce: None,
        };
        self.tell_refused(judging, error.into(), None, &presentation, About::default())
    }

    /// `token`: the verified token, if a check refused it.
    fn refuse(
        &self,
        judging: Judging<'_>,
        error: Error,
        token: Option<&AccessToken>,
        presenter: &Presenter<'_, '_>,
        about: About<'_>,
    ) -> Error {
        let lacks_nonce = matches!(
            &error,
            Error::Rejected(rejection) if rejection.reason() == Reason::ProofNonce
        );
        let presentation = presenter.presentation(lacks_nonce, &*self.0.clock);
        self.tell_refused(judging, error, token, &presentation, about)
    }

    /// Keeps this API with the error, so that an answer can name it, and tells of the decision.
    fn tell_refused(
        &self,
        judging: Judging<'_>,
        error: Error,
        token: Option<&AccessToken>,
        presentation: &Presentation,
        about: About<'_>,
    ) -> Error {
        let error = error.by(self.0.settings.resource.as_ref(), presentation);
        judging.refused(&error, token, about);
        error
    }

    /// Keeps with an accepted token which API accepted it, and how it was presented, so that a
    /// later refusal can answer in the same way.
    fn present(&self, token: &mut AccessToken, presenter: &Presenter<'_, '_>, needs_nonce: bool) {
        let presentation = presenter.presentation(needs_nonce, &*self.0.clock);
        token.accepted_by(self.0.settings.resource.as_ref(), presentation);
    }

    fn parse<'r>(&self, text: &'r str) -> Result<PresentedToken<'r>, Rejection> {
        PresentedToken::parse_within(text, self.0.settings.max_token_bytes)
    }

    /// Drops what is cached about a token: that it was verified, and what its source knows of it.
    pub(super) fn drop_cached(&self, text: &str) {
        self.forget_verified(text);
        if let Ok(case) = self.open(text, Presenter::nothing()) {
            case.source().forget(&case.token);
        }
    }

    /// Checks the token's form and selects its issuer.
    pub(super) fn open<'v, 'r>(
        &'v self,
        text: &'r str,
        presenter: Presenter<'v, 'r>,
    ) -> Result<Case<'v, 'r>, Rejection> {
        let token = self.parse(text)?;
        Ok(Case {
            validator: self,
            issuer: self.0.issuers.select(&token)?,
            token,
            presenter,
            key: None,
        })
    }
}

/// Whether the cache of verified tokens knew a token. `None` where it was not asked.
fn hit_of<T>(known: &Result<T, Option<TokenKey>>) -> Option<bool> {
    match known {
        Ok(_) => Some(true),
        Err(Some(_)) => Some(false),
        Err(None) => None,
    }
}

/// The only place where a verified token is confirmed by what the request proved to hold, and so
/// the only one that gives an [`AccessToken`].
fn confirm(
    token: Unconfirmed,
    presenter: &Presenter<'_, '_>,
    proof: Option<&CheckedProof<'_>>,
) -> Result<Confirmed, Rejection> {
    let possession = presenter.prove(proof, token.confirmation())?;
    Ok(Confirmed {
        token: token.confirm(&possession)?,
        proof: proof.map(UsedProof::of),
    })
}

impl Case<'_, '_> {
    /// What is told of its token.
    fn about(&self) -> About<'_> {
        About::token(&self.issuer.name, &self.token)
    }

    pub(super) async fn judge(&self) -> Result<Confirmed, Error> {
        match self.judge_cached() {
            Some(judged) => judged,
            None => self.judge_by(self.source()).await,
        }
    }

    /// Keys come first where the issuer has some, so that a bad token causes no request.
    pub(super) async fn judge_online(&self) -> Result<Confirmed, Error> {
        if self.issuer.has_both() && self.token.jwt().is_some() {
            self.judge().await?;
        } else {
            self.check_front(self.now())?;
        }
        let source = self.issuer.online_source();
        let confirmed = self.accept_by(source.new_evidence(&self.token).await)?;
        // This comes last, so that a bad token is rejected as such.
        if !confirmed.token.is_introspected() {
            return Err(Misconfigured::no_introspection(&self.issuer.name).into());
        }
        Ok(Confirmed {
            token: confirmed.token.introspected_online(),
            ..confirmed
        })
    }

    fn judge_cached(&self) -> Option<Result<Confirmed, Error>> {
        let now = self.now();
        let (jwt, proof) = match self.check_front(now) {
            Ok(checked) => checked,
            Err(rejection) => return Some(Err(rejection.into())),
        };
        let evidence = self.source().cached(&self.token)?;
        let policy = &self.issuer.policy;
        let judged = match (jwt, &evidence) {
            // `verify` would only repeat the checks of the claims.
            (Some(jwt), Evidence::Keys(keys)) => check_signature(jwt, keys, policy),
            _ => verify(&self.token, &evidence, policy, now),
        };
        Some(self.accept(judged, &evidence, proof.as_ref()))
    }

    async fn judge_by(&self, source: &dyn DynKeySource) -> Result<Confirmed, Error> {
        self.accept_by(source.evidence(&self.token).await)
    }

    fn accept_by(&self, evidence: Result<Evidence, SourceError>) -> Result<Confirmed, Error> {
        let evidence = evidence.map_err(|cause| self.issuer.no_evidence(cause))?;
        // Every check again: the token or its proof may have expired in the meantime.
        let now = self.now();
        let proof = self.check_proof(now)?;
        let judged = verify(&self.token, &evidence, &self.issuer.policy, now);
        self.accept(judged, &evidence, proof.as_ref())
    }

    /// All checks of a token and its proof that need no evidence. An opaque token has none.
    fn check_front(
        &self,
        now: NumericDate,
    ) -> Result<(Option<CheckedJwt<'_, '_>>, Option<CheckedProof<'_>>), Rejection> {
        let jwt = match self.token.jwt() {
            None => None,
            Some(_) => Some(check_claims(&self.token, &self.issuer.policy, now)?),
        };
        Ok((jwt, self.check_proof(now)?))
    }

    fn check_proof(&self, now: NumericDate) -> Result<Option<CheckedProof<'_>>, Rejection> {
        let token = self.token.as_str();
        Ok(self
            .presenter
            .check_proof(token, &self.issuer.policy, now)?)
    }

    /// The end of the way: what was verified by this evidence enters the cache, and is confirmed.
    fn accept(
        &self,
        judged: Result<Unconfirmed, Rejection>,
        evidence: &Evidence,
        proof: Option<&CheckedProof<'_>>,
    ) -> Result<Confirmed, Error> {
        let token = judged.map_err(|rejection| self.explained(rejection))?;
        let jwt = self.token.jwt();
        let token = self
            .validator
            .remember(self.key, token, jwt, evidence, self.issuer);
        Ok(confirm(token, &self.presenter, proof)?)
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
