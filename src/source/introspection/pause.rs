//! The pause after failures of the endpoint: for that time no token is sent to it.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use super::super::SourceError;
use super::super::bounds::{
    FAILED_TOKENS, FIRST_BACKOFF, LONGEST_QUEUE, MAX_CALL_PAUSE, MAX_FETCH_PAUSE,
};
use super::super::moment::Moment;
use super::super::refresh::backoff;
use super::cache::TokenHash;
use super::turns::PerKind;

/// Whether the endpoint may be called now.
///
/// Some servers fail for certain tokens, so that a caller can make a call fail. One such token must
/// not stop the calls for others. So a failure that its token may have caused pauses that token
/// only. When calls for several tokens fail without an answer in between, the pause is for all
/// tokens. A failure that no token can have caused pauses all tokens at once.
///
/// A pause grows with each further one. After it, one call at a time is a trial, and others wait
/// for its outcome. The first answer ends every pause.
///
/// Tokens that were active lately and new tokens are paused separately. So a flood of new tokens
/// that fail does not pause the others, whose answers show that the endpoint works.
#[derive(Default)]
pub(super) struct Pauses {
    state: Mutex<State>,
    trial_ended: Notify,
}

#[derive(Default)]
struct State {
    kinds: PerKind<Line>,
    /// The number of answers. If a call fails after a later call was answered, the failure says
    /// nothing about the current state of the endpoint.
    answers: u64,
}

/// The pauses of one kind of tokens.
#[derive(Default)]
struct Line {
    /// Pauses since the last answer.
    failures: u32,
    last: Option<Failure>,
    /// A trial since the last pause is under way. An earlier one may take as long as a call may,
    /// and says nothing about that pause.
    has_trial: bool,
    /// How many pauses there were. A call belongs to the one that it began after.
    pauses: u64,
    /// Tokens whose calls failed since the last answer or pause. They are fewer than
    /// `FAILED_TOKENS`.
    suspects: Vec<Suspect>,
}

/// A token whose call failed, for a reason that may be the token itself.
struct Suspect {
    token: TokenHash,
    failures: u32,
    last: Failure,
}

struct Failure {
    error: SourceError,
    at: Moment,
    pause: Duration,
    /// The endpoint asked for the pause.
    is_asked_for: bool,
}

/// What may have caused a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Blame {
    /// The endpoint, whichever token is sent.
    Endpoint,
    /// The endpoint or the token.
    EndpointOrToken,
}

/// Whose call it is.
#[derive(Clone, Copy)]
pub(super) struct Caller {
    pub(super) token: TokenHash,
    /// The token was active lately.
    pub(super) is_known: bool,
}

/// A call that may be made. If it is dropped without an outcome, it says nothing about the
/// endpoint.
pub(super) struct Attempt<'a> {
    of: &'a Pauses,
    caller: Caller,
    pauses: PerKind<u64>,
    answers: u64,
    is_trial: bool,
}

impl Pauses {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Fails during a pause of this caller's token.
    pub(super) fn check(&self, caller: Caller, now: Moment) -> Result<(), SourceError> {
        let mut state = self.state();
        state.kinds.of(caller.is_known).check(&caller.token, now)
    }

    /// The same, for a call that begins at once. It waits for a trial, but not for long.
    pub(super) async fn begin(
        &self,
        caller: Caller,
        now: impl Fn() -> Moment,
    ) -> Result<Attempt<'_>, SourceError> {
        let begun = async {
            loop {
                // It sees each end from here on.
                let ended = self.trial_ended.notified();
                if let Some(attempt) = self.try_begin(caller, now())? {
                    return Ok(attempt);
                }
                ended.await;
            }
        };
        let begun = tokio::time::timeout(LONGEST_QUEUE, begun).await;
        begun.unwrap_or_else(|_| {
            let mut state = self.state();
            let line = state.kinds.of(caller.is_known);
            Err(refused(FIRST_BACKOFF, line.last.as_ref()))
        })
    }

    /// `None` while a trial is under way.
    fn try_begin(&self, caller: Caller, now: Moment) -> Result<Option<Attempt<'_>>, SourceError> {
        let mut state = self.state();
        let pauses = PerKind {
            known: state.kinds.known.pauses,
            new: state.kinds.new.pauses,
        };
        let answers = state.answers;
        let line = state.kinds.of(caller.is_known);
        line.check(&caller.token, now)?;
        let is_trial = line.last.is_some();
        if is_trial && line.has_trial {
            return Ok(None);
        }
        line.has_trial |= is_trial;
        Ok(Some(Attempt {
            of: self,
            caller,
            pauses,
            answers,
            is_trial,
        }))
    }
}

impl Line {
    fn check(&self, token: &TokenHash, now: Moment) -> Result<(), SourceError> {
        let own = self.suspects.iter().find(|suspect| suspect.token == *token);
        let own = own.map(|suspect| &suspect.last);
        for failure in self.last.iter().chain(own) {
            let left = failure.pause.saturating_sub(failure.at.elapsed(now));
            if !left.is_zero() {
                return Err(refused(left, Some(failure)));
            }
        }
        Ok(())
    }

    /// The call for this token failed. Whether so many tokens have failed that it is the endpoint.
    fn suspect(&mut self, token: TokenHash, failure: impl FnOnce(u32) -> Failure) -> bool {
        let known = self.suspects.iter_mut().find(|one| one.token == token);
        if let Some(suspect) = known {
            suspect.last = failure(suspect.failures);
            suspect.failures = suspect.failures.saturating_add(1);
            return false;
        }
        if self.suspects.len() + 1 >= FAILED_TOKENS {
            return true;
        }
        self.suspects.push(Suspect {
            token,
            failures: 1,
            last: failure(0),
        });
        false
    }

    /// `is_further` is false if the call began before the last pause: that pause does not grow.
    fn pause(&mut self, is_further: bool, failure: impl FnOnce(u32) -> Failure) {
        self.last = Some(failure(self.failures));
        if is_further {
            self.failures = self.failures.saturating_add(1);
        }
        self.pauses = self.pauses.wrapping_add(1);
        self.has_trial = false;
        self.suspects.clear();
    }

    fn end(&mut self) {
        self.failures = 0;
        self.last = None;
        self.has_trial = false;
        self.suspects.clear();
    }
}

fn refused(retry_after: Duration, last: Option<&Failure>) -> SourceError {
    let what = "the introspection endpoint failed just now and is not called again yet";
    let error = SourceError::new(what).retry_in(retry_after);
    match last {
        Some(last) => error.caused_by(last.error.clone()),
        None => error,
    }
}

impl Attempt<'_> {
    /// The endpoint answered, which ends every pause. An answer to a call from before a pause does
    /// not end one that the endpoint asked for.
    pub(super) fn answered(mut self) {
        let mut state = self.of.state();
        state.answers = state.answers.wrapping_add(1);
        for is_known in [false, true] {
            let line = state.kinds.of(is_known);
            let is_earlier = *self.pauses.of(is_known) != line.pauses;
            if !(is_earlier && line.last.as_ref().is_some_and(|last| last.is_asked_for)) {
                line.end();
            }
        }
        // Those that wait for a trial need not wait longer.
        self.of.trial_ended.notify_waiters();
    }

    /// The endpoint failed. Calls that began together and fail together are one failure, and one
    /// that ends after a later answer is ignored. `spread`, from 0 to 1, keeps many processes from
    /// trying at the same moment.
    ///
    /// Returns the error with the end of the pause of this caller's token, where there is one.
    pub(super) fn failed(
        mut self,
        blame: Blame,
        error: SourceError,
        spread: f64,
        now: Moment,
    ) -> SourceError {
        let mut state = self.of.state();
        let asked_for = error.retry_after().map(|pause| pause.min(MAX_FETCH_PAUSE));
        let is_after_answer = self.answers != state.answers;
        let failure = |failures| Failure {
            error: error.clone(),
            at: now,
            pause: backoff(failures, MAX_CALL_PAUSE, spread).max(asked_for.unwrap_or_default()),
            is_asked_for: asked_for.is_some(),
        };
        let is_of_endpoint = blame == Blame::Endpoint || asked_for.is_some();
        let own_kind = self.caller.is_known;
        for is_known in [false, true] {
            let line = state.kinds.of(is_known);
            let is_earlier = *self.pauses.of(is_known) != line.pauses;
            if (is_earlier || is_after_answer) && asked_for.is_none() {
                continue;
            }
            if is_of_endpoint || is_known == own_kind && line.suspect(self.caller.token, failure) {
                line.pause(!is_earlier, failure);
            }
        }
        let paused = state.kinds.of(own_kind).check(&self.caller.token, now);
        let pause = paused.err().and_then(|paused| paused.retry_after());
        let retry_after = error.retry_after().max(pause);
        error.retry_as(retry_after)
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        if self.is_trial {
            let own_kind = self.caller.is_known;
            let mut state = self.of.state();
            let line = state.kinds.of(own_kind);
            if *self.pauses.of(own_kind) == line.pauses {
                line.has_trial = false;
            }
            drop(state);
            self.of.trial_ended.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests;
