//! A moment on the wall clock and on the monotonic clock.

use std::time::Duration;

use crate::core::{Clock, NumericDate};

/// A moment on both clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    pub(crate) wall: NumericDate,
    pub(crate) monotonic: Duration,
}

impl Moment {
    pub(crate) fn of(clock: &dyn Clock) -> Self {
        Moment {
            wall: clock.now(),
            monotonic: clock.monotonic(),
        }
    }

    /// The moment whose wall time was read already.
    pub(crate) fn at(wall: NumericDate, clock: &dyn Clock) -> Self {
        Moment {
            wall,
            monotonic: clock.monotonic(),
        }
    }

    /// Time from then to `now`: the larger of what the two clocks say. The wall clock may jump, and
    /// a process that was frozen wakes with a monotonic clock that stood still.
    pub(crate) fn elapsed(self, now: Moment) -> Duration {
        let monotonic = now.monotonic.saturating_sub(self.monotonic);
        monotonic.max(now.wall.since(self.wall))
    }
}
