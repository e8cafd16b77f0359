//! A clock that shows one time until it is turned.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::NumericDate;
use crate::clock::Clock;

/// A clock that shows one time until it is turned. Clones are the same clock.
///
/// Turning it wakes no task: what a Validator does in the background it does by the time of the
/// machine. So keys that are due by this clock are refreshed when the next token comes, and
/// [`health`](crate::Validator::health) may tell of old ones until then.
///
/// ```
/// use resource_server::testing::ManualClock;
/// use resource_server::{NumericDate, clock::Clock};
/// use std::time::Duration;
///
/// let clock = ManualClock::at(NumericDate::from_secs(1_000));
/// clock.advance(Duration::from_secs(60));
/// assert_eq!(clock.now().as_secs(), 1_060);
///
/// // A wall clock that is set back; time itself goes on.
/// clock.set(NumericDate::from_secs(0));
/// assert_eq!(clock.monotonic(), Duration::from_secs(60));
/// ```
#[derive(Clone, Debug)]
pub struct ManualClock(Arc<Mutex<Hands>>);

#[derive(Debug)]
struct Hands {
    /// The wall clock was set to this when `monotonic` stood at `since`.
    wall: NumericDate,
    since: Duration,
    monotonic: Duration,
}

impl ManualClock {
    /// Stands at this moment.
    pub fn at(now: NumericDate) -> Self {
        ManualClock(Arc::new(Mutex::new(Hands {
            wall: now,
            since: Duration::ZERO,
            monotonic: Duration::ZERO,
        })))
    }

    /// Turns wall clock and monotonic time on by as much.
    pub fn advance(&self, by: Duration) {
        let mut hands = self.hands();
        hands.monotonic = hands.monotonic.saturating_add(by);
    }

    /// Sets the wall clock, forward or back; monotonic time stays.
    pub fn set(&self, now: NumericDate) {
        let mut hands = self.hands();
        hands.wall = now;
        hands.since = hands.monotonic;
    }

    fn hands(&self) -> MutexGuard<'_, Hands> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for ManualClock {
    fn now(&self) -> NumericDate {
        let hands = self.hands();
        hands
            .wall
            .saturating_add(hands.monotonic.saturating_sub(hands.since))
    }

    fn monotonic(&self) -> Duration {
        self.hands().monotonic
    }
}
