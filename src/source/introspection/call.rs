//! One call of the endpoint: its address, its form, and what may have caused a failure.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::AUTHORIZATION;
use url::form_urlencoded;
use zeroize::Zeroizing;

use crate::chain::chain;
use crate::core::IntrospectionResponse;

use super::super::address::Address;
use super::super::bounds::{GRACE, LATE_PART, LONGEST_QUEUE};
use super::super::discovery::Member;
use super::super::fetcher::CallError;
use super::super::jwks::spread;
use super::super::metadata::Endpoint;
use super::super::{SourceError, SourceErrorKind};
use super::client_key::NotSigned;
use super::pause::{Blame, Caller};
use super::signed::SignedAnswers;
use super::turns::Turn;
use super::{Inner, Outcome};

/// RFC 7662 section 2.2.
const PLAIN: &str = "application/json";

/// Why there is no response.
enum Failure {
    /// Another token would have failed the same way.
    Endpoint(SourceError),
    /// The endpoint is down, or it fails for this token: by a fault of the server, or by a rule of
    /// a firewall in front of it.
    EndpointOrToken(SourceError),
    /// The endpoint answered, but not about this token: some servers answer 400 to every JWT, and a
    /// response may be too large. So a caller can't stop the calls for other tokens by sending such
    /// tokens.
    Token(SourceError),
}

impl From<SourceError> for Failure {
    fn from(error: SourceError) -> Self {
        Failure::Endpoint(error)
    }
}

impl Inner {
    /// Introspects the token, within the bound on calls at once and outside of pauses.
    pub(super) async fn ask(&self, token: &str, caller: Caller) -> Outcome {
        self.pauses.check(caller, self.now())?;
        let Some(turn) = self.turns.take(caller.is_known).await else {
            return Err(self.turned_away());
        };
        let attempt = self.pauses.begin(caller, || self.now()).await?;
        let limit = self.longest_call.saturating_sub(LONGEST_QUEUE) + GRACE / 2;
        let response = tokio::time::timeout(limit, self.call(token, &turn)).await;
        let response = response.unwrap_or_else(|_| {
            let error = SourceError::new("the introspection endpoint did not answer in time");
            Err(error.of_kind(SourceErrorKind::Timeout).into())
        });
        let now = self.now();
        let outcome = match response {
            Ok(response) => {
                attempt.answered();
                Ok(response)
            }
            Err(Failure::Token(error)) => {
                attempt.answered();
                Err(error)
            }
            Err(Failure::Endpoint(error)) => {
                Err(attempt.failed(Blame::Endpoint, error, spread(), now))
            }
            Err(Failure::EndpointOrToken(error)) => {
                Err(attempt.failed(Blame::EndpointOrToken, error, spread(), now))
            }
        };
        let mut health = self.health();
        health.last_asked = Some(now);
        health.last_error = outcome.as_ref().err().map(|error| chain(error));
        outcome
    }

    async fn call(&self, token: &str, turn: &Turn) -> Result<Arc<IntrospectionResponse>, Failure> {
        let (address, issuer) = self.address().await?;
        let issuer = issuer.as_deref();
        let wants_new = !turn.is_kept;
        let text = match self.post(&address, issuer, token, wants_new, turn).await? {
            // The server closed the connection during the write. A second request is harmless, and
            // has an assertion of its own.
            Err(error) if error.is_of_old_connection() => {
                self.post(&address, issuer, token, true, turn).await?
            }
            answered => answered,
        };
        let text = text.map_err(|error| self.not_answered(error))?;
        let unusable = |error: SourceError| {
            let told = SourceError::new("the response of the introspection endpoint can't be used");
            let retry_after = error.retry_after();
            told.caused_by(error).retry_as(retry_after)
        };
        match &self.signed {
            Some(signed) => {
                let response = signed.open(&text, &*self.clock).await;
                response.map_err(|error| match error.kind() {
                    SourceErrorKind::Body => Failure::Token(unusable(error)),
                    // Its keys are missing.
                    _ => Failure::Endpoint(unusable(error)),
                })
            }
            None => IntrospectionResponse::from_json(&text).map_err(|error| {
                let told = SourceError::new("it is not an introspection response");
                let told = told.caused_by(error).of_kind(SourceErrorKind::Body);
                Failure::Token(unusable(told))
            }),
        }
        .map(Arc::new)
    }

    async fn post(
        &self,
        address: &Address,
        issuer: Option<&str>,
        token: &str,
        wants_new: bool,
        turn: &Turn,
    ) -> Result<Result<String, CallError>, SourceError> {
        let form = self.form(issuer, token).map_err(|error| {
            SourceError::new("the introspection endpoint can't be called").caused_by(error)
        })?;
        let mut headers = self.secret_headers.to_send();
        if let Some(value) = self.authentication.header() {
            headers.insert(AUTHORIZATION, value.clone());
        }
        let signed = self.signed.as_ref();
        let media_type = signed.map_or(PLAIN, |_| SignedAnswers::MEDIA_TYPE);
        let posted = self
            .fetcher
            .post(address, &headers, &form, media_type, wants_new);
        let mut posted = pin!(posted);
        let in_time = self.fetcher.timeout() / LATE_PART;
        let Ok(answer) = tokio::time::timeout(in_time, &mut posted).await else {
            // The bound shrinks now, so that no further call joins those that wait.
            turn.was_late();
            return Ok(posted.await);
        };
        match &answer {
            Ok(_) => turn.was_in_time(),
            Err(error) if matches!(error.status(), Some(429 | 503)) => turn.was_late(),
            Err(_) => {}
        }
        Ok(answer)
    }

    /// RFC 7662 section 2.1.
    fn form(&self, issuer: Option<&str>, token: &str) -> Result<Zeroizing<String>, NotSigned> {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("token", token);
        if self.has_hint {
            form.append_pair("token_type_hint", "access_token");
        }
        let now = self.clock.now();
        self.authentication.append_to(&mut form, issuer, now)?;
        Ok(Zeroizing::new(form.finish()))
    }

    /// The address, and the `issuer` of the document that names it.
    pub(super) async fn address(&self) -> Result<(Address, Option<Arc<str>>), SourceError> {
        match &self.endpoint {
            Endpoint::At(address) => Ok((address.clone(), None)),
            Endpoint::InMetadata(metadata) => {
                let found = metadata.find(Member::IntrospectionEndpoint).await;
                found
                    .map(|one| (one.address, Some(one.issuer)))
                    .map_err(|not| not.error)
            }
        }
    }

    /// The error for a token that can't wait longer for its turn.
    pub(super) fn turned_away(&self) -> SourceError {
        let what = "so many tokens are being introspected that this one was turned away";
        let error = SourceError::new(what).retry_in(Duration::from_secs(1));
        self.health().last_error = Some(chain(&error));
        error
    }

    fn not_answered(&self, error: CallError) -> Failure {
        if matches!(error.status(), Some(404 | 410))
            && let Endpoint::InMetadata(metadata) = &self.endpoint
        {
            metadata.doubt(Member::IntrospectionEndpoint);
        }
        let what = match error.status() {
            Some(401 | 403) => {
                "the introspection endpoint refuses this API's own credentials: look at its client id, and at its secret or key"
            }
            _ if error.kind() == SourceErrorKind::Timeout => {
                "the introspection endpoint gives no answer about the token in time: if it has few workers, set Introspection::max_concurrent_calls to their number"
            }
            _ => "the introspection endpoint gives no answer about the token",
        };
        let is_of_token = error.is_about_one_request();
        let is_of_endpoint = error.is_about_any_request();
        let (kind, retry_after) = (error.kind(), error.retry_after());
        let told = SourceError::new(what).caused_by(error);
        let told = told.of_kind(kind).retry_as(retry_after);
        if is_of_token {
            Failure::Token(told)
        } else if is_of_endpoint {
            Failure::Endpoint(told)
        } else {
            Failure::EndpointOrToken(told)
        }
    }
}
