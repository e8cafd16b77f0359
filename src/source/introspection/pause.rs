//! The pause after a failure of the endpoint: for that time no token is sent to it.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use super::super::SourceError;
use super::super::bounds::{FIRST_BACKOFF, LONGEST_QUEUE, MAX_CALL_PAUSE, MAX_FETCH_PAUSE};
use super::super::moment::Moment;
use super::super::refresh::backoff;

/// Whether the endpoint may be asked now.
///
/// A failure starts a pause, which grows with each further failure. After the pause, one call at a
/// time tries whether the endpoint answers again, and others wait for its outcome. The first answer
/// ends it all.
#[derive(Default)]
pub(super) struct Pauses {
    state: Mutex<State>,
    trial_ended: Notify,
}

#[derive(Default)]
struct State {
    /// Failures since the last answer.
    failures: u32,
    last: Option<Failure>,
    has_trial: bool,
    /// How many pauses there were. A call belongs to the one that it began after.
    pauses: u64,
    /// How many answers there were. A call that fails after an answer to a later one tells nothing
    /// of the endpoint as it is now.
    answers: u64,
}

struct Failure {
    error: SourceError,
    at: Moment,
    pause: Duration,
    /// The endpoint asked for the pause.
    is_asked_for: bool,
}

/// A call that may be made. Dropped without an outcome it says nothing of the endpoint.
pub(super) struct Attempt<'a> {
    of: &'a Pauses,
    pauses: u64,
    answers: u64,
    is_trial: bool,
}

impl Pauses {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Fails during a pause.
    pub(super) fn check(&self, now: Moment) -> Result<(), SourceError> {
        self.state().check(now)
    }

    /// The same, for a call that begins at once. It waits for a trial, but not for long.
    pub(super) async fn begin(&self, now: impl Fn() -> Moment) -> Result<Attempt<'_>, SourceError> {
        let begun = async {
            loop {
                // It learns of each end from here on.
                let ended = self.trial_ended.notified();
                if let Some(attempt) = self.try_begin(now())? {
                    return Ok(attempt);
                }
                ended.await;
            }
        };
        let begun = tokio::time::timeout(LONGEST_QUEUE, begun).await;
        begun.unwrap_or_else(|_| Err(self.state().refused(FIRST_BACKOFF)))
    }

    /// `None` while a trial is under way.
    fn try_begin(&self, now: Moment) -> Result<Option<Attempt<'_>>, SourceError> {
        let mut state = self.state();
        state.check(now)?;
        let is_trial = state.last.is_some();
        if is_trial && state.has_trial {
            return Ok(None);
        }
        state.has_trial |= is_trial;
        Ok(Some(Attempt {
            of: self,
            pauses: state.pauses,
            answers: state.answers,
            is_trial,
        }))
    }
}

impl State {
    fn check(&self, now: Moment) -> Result<(), SourceError> {
        let left = self.last.as_ref().map_or(Duration::ZERO, |last| {
            last.pause.saturating_sub(last.at.elapsed(now))
        });
        if left.is_zero() {
            Ok(())
        } else {
            Err(self.refused(left))
        }
    }

    fn refused(&self, retry_after: Duration) -> SourceError {
        let what = "the introspection endpoint failed just now and is not asked again yet";
        let error = SourceError::new(what).retry_in(retry_after);
        match &self.last {
            Some(last) => error.caused_by(last.error.clone()),
            None => error,
        }
    }
}

impl Attempt<'_> {
    /// The endpoint answered, which ends the pause. An answer to a call from before a pause does
    /// not end one that the endpoint asked for.
    pub(super) fn answered(self) {
        let mut state = self.of.state();
        state.answers = state.answers.wrapping_add(1);
        let is_earlier = self.pauses != state.pauses;
        if !(is_earlier && state.last.as_ref().is_some_and(|last| last.is_asked_for)) {
            state.failures = 0;
            state.last = None;
        }
    }

    /// The endpoint failed. Calls that began together and fail together are one failure, and one
    /// that outlived an answer is none. `spread`, from 0 to 1, keeps many processes from trying at
    /// one moment.
    pub(super) fn failed(self, error: &SourceError, spread: f64, now: Moment) {
        let mut state = self.of.state();
        let asked_for = error.retry_after().map(|pause| pause.min(MAX_FETCH_PAUSE));
        let is_earlier = self.pauses != state.pauses;
        let is_outdated = is_earlier || self.answers != state.answers;
        if is_outdated && asked_for.is_none() {
            return;
        }
        let grown = backoff(state.failures, MAX_CALL_PAUSE, spread);
        if !is_earlier {
            state.failures = state.failures.saturating_add(1);
        }
        state.pauses = state.pauses.wrapping_add(1);
        state.last = Some(Failure {
            error: error.clone(),
            at: now,
            pause: grown.max(asked_for.unwrap_or_default()),
            is_asked_for: asked_for.is_some(),
        });
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        if self.is_trial {
            self.of.state().has_trial = false;
            self.of.trial_ended.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain::chain;
    use crate::core::NumericDate;

    fn at(millis: u64) -> Moment {
        Moment {
            wall: NumericDate::from_secs(0),
            monotonic: Duration::from_millis(millis),
        }
    }

    fn error() -> SourceError {
        SourceError::new("status 500")
    }

    fn begin(pauses: &Pauses, millis: u64) -> Attempt<'_> {
        let begun = pauses.try_begin(at(millis)).ok().flatten();
        begun.unwrap_or_else(|| panic!("no call at {millis}"))
    }

    fn left(pauses: &Pauses, millis: u64) -> Option<Duration> {
        pauses.check(at(millis)).err()?.retry_after()
    }

    #[test]
    fn s08_a_pause_grows_and_one_call_at_a_time_ends_it() {
        let pauses = Pauses::default();
        let mut now = 0;
        for pause in [1_000, 2_000, 4_000, 5_000, 5_000] {
            let trial = begin(&pauses, now);
            if now > 0 {
                assert!(matches!(pauses.try_begin(at(now)), Ok(None)));
            }
            trial.failed(&error(), 1.0, at(now));
            let refused = pauses.check(at(now + pause - 1)).unwrap_err();
            assert_eq!(refused.retry_after(), Some(Duration::from_millis(1)));
            assert!(chain(&refused).ends_with(": status 500"));
            now += pause;
        }
        // A trial without an outcome makes way for another.
        drop(begin(&pauses, now));
        begin(&pauses, now).answered();
        let [one, two] = [begin(&pauses, now), begin(&pauses, now)];
        one.failed(&error(), 0.0, at(now));
        assert_eq!(left(&pauses, now), Some(Duration::from_millis(750)));
        drop(two);
    }

    #[test]
    fn s08_calls_that_began_before_a_pause_neither_lengthen_it_nor_end_what_was_asked_for() {
        let pauses = Pauses::default();
        let [one, two, three, four, five, late] = [(); 6].map(|()| begin(&pauses, 0));
        one.failed(&error(), 1.0, at(0));
        two.failed(&error(), 1.0, at(500));
        assert_eq!(left(&pauses, 500), Some(Duration::from_millis(500)));
        three.answered();
        assert_eq!(left(&pauses, 500), None);
        // Nor does one begin another after an answer.
        late.failed(&error(), 1.0, at(500));
        assert_eq!(left(&pauses, 500), None);
        let for_an_hour = error().retry_in(Duration::from_secs(3_600));
        four.failed(&for_an_hour, 1.0, at(500));
        assert_eq!(left(&pauses, 500), Some(MAX_FETCH_PAUSE));
        five.answered();
        assert_eq!(left(&pauses, 500), Some(MAX_FETCH_PAUSE));
    }
}
