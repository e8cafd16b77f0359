//! How many fetches may start, by any clock.

use std::time::Duration;

use super::super::bounds::{BUDGET_INTERVAL, BURST};
use super::super::moment::Moment;

/// A budget of fetches that no clock can be made to overdraw for long. Its time goes on with either
/// clock, and with the wall clock only where that is later than it ever was: one that swings earns
/// nothing, a process that was frozen does.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Budget {
    /// Its own time, as of `latest`.
    time: Duration,
    latest: Option<Moment>,
    full_at: Duration,
}

impl Budget {
    fn time(&self, now: Moment) -> Duration {
        let passed = self
            .latest
            .map_or(Duration::ZERO, |latest| latest.elapsed(now));
        self.time.saturating_add(passed)
    }

    /// How long until there is something to spend.
    pub(super) fn wait(&self, now: Moment) -> Duration {
        self.full_at
            .saturating_sub(self.time(now))
            .saturating_sub(BUDGET_INTERVAL.saturating_mul(BURST - 1))
    }

    pub(super) fn spend(&mut self, now: Moment) {
        self.time = self.time(now);
        let high = self.latest.map_or(now, |latest| Moment {
            wall: latest.wall.max(now.wall),
            monotonic: latest.monotonic.max(now.monotonic),
        });
        self.latest = Some(high);
        self.full_at = self.full_at.max(self.time).saturating_add(BUDGET_INTERVAL);
    }
}
