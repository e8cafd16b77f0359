//! When to use held keys, when to fetch new ones, and when to say that there are none: a pure state machine.
//!
//! It knows no keys, no network and no clock: (state, what is asked, now) gives a decision, and events move the state on.
//! So days of refresh, rotation, outage and clock jumps are tested in milliseconds.
//!
//! Held keys are *fresh* for their lifetime, then *stale* for the outage tolerance, then unusable. They are refreshed ahead
//! of their end. A key that is not among them is worth one fetch in each cooldown. A fetch that fails is tried again after
//! a pause that doubles.

use std::time::Duration;

use crate::core::{Clock, NumericDate};

/// Bounds and pauses. Only the outage tolerance and the lifetime without a word of the issuer are settings.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// How long keys count as fresh where the answer doesn't say.
    pub(crate) default_lifetime: Duration,
    /// How long keys past their lifetime are used while fetches fail.
    pub(crate) outage_tolerance: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            default_lifetime: Duration::from_secs(600),
            outage_tolerance: Duration::from_secs(3_600),
        }
    }
}

/// An issuer can't make us ask more often than this, nor trust a set for longer.
pub(crate) const MIN_LIFETIME: Duration = Duration::from_secs(60);
pub(crate) const MAX_LIFETIME: Duration = Duration::from_secs(3_600);
/// Between fetches for keys that are not in the set.
pub(crate) const COOLDOWN: Duration = Duration::from_secs(10);
/// After the first failed fetch; doubles with each further one.
const FIRST_BACKOFF: Duration = Duration::from_secs(1);
const MAX_BACKOFF: Duration = Duration::from_secs(60);
/// A `Retry-After` counts up to this.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(300);
/// Whatever the clocks say, fetches start at most this many at once and then one in each cooldown of monotonic time.
const BURST: u32 = 6;

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

    /// Time from then to `now`: the larger of what the two clocks say. The wall clock may jump, and a process that was
    /// frozen wakes with a monotonic clock that stood still.
    pub(crate) fn elapsed(self, now: Moment) -> Duration {
        let monotonic = now.monotonic.saturating_sub(self.monotonic);
        monotonic.max(now.wall.since(self.wall))
    }
}

/// Whether the token's key is among those held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    Known,
    Unknown,
}

/// What to do for one token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// Answer with the keys held.
    Serve,
    /// Answer with the keys held, and start a fetch (or leave the one under way) behind it.
    ServeAndFetch,
    /// Start a fetch, or join the one under way, and answer by how it ends: see [`Refresh::after_fetch`].
    Fetch,
    /// There are no keys to answer with, and asking again is not due for so long.
    Refuse { retry_in: Duration },
}

/// The state: what is held since when, and how the last fetches went.
#[derive(Clone, Debug)]
pub(crate) struct Refresh {
    limits: Limits,
    held: Option<Held>,
    in_flight: bool,
    last_start: Option<Moment>,
    start_before: Option<Moment>,
    failures: u32,
    /// From the last start, after a failure.
    pause: Duration,
    /// When the budget of fetches is full again, in monotonic time.
    budget_full_at: Duration,
}

#[derive(Clone, Copy, Debug)]
struct Held {
    since: Moment,
    lifetime: Duration,
    refresh_after: Duration,
}

impl Refresh {
    pub(crate) fn new(limits: Limits) -> Self {
        Refresh {
            limits,
            held: None,
            in_flight: false,
            last_start: None,
            start_before: None,
            failures: 0,
            pause: Duration::ZERO,
            budget_full_at: Duration::ZERO,
        }
    }

    pub(crate) fn decide(&self, asked: Asked, now: Moment) -> Decision {
        let Some(held) = self.held.filter(|held| self.is_usable(*held, now)) else {
            return match self.may_fetch(self.pause, now) {
                Ok(()) => Decision::Fetch,
                Err(retry_in) => Decision::Refuse { retry_in },
            };
        };
        let age = held.since.elapsed(now);
        let is_fresh = age <= held.lifetime;
        let is_well = self.failures == 0;
        match asked {
            // While fetches fail nobody with a known key waits for them.
            Asked::Known if is_fresh || !is_well => {
                let is_due = age >= held.refresh_after;
                if is_due && self.may_fetch(self.pause, now).is_ok() {
                    Decision::ServeAndFetch
                } else {
                    Decision::Serve
                }
            }
            // The keys were not refreshed in time because nobody asked: a withdrawn one may be among them.
            Asked::Known => match self.may_fetch(Duration::ZERO, now) {
                Ok(()) => Decision::Fetch,
                Err(_) => Decision::Serve,
            },
            Asked::Unknown => match self.may_fetch(self.pause.max(COOLDOWN), now) {
                Ok(()) => Decision::Fetch,
                // The set is what the issuer said less than a cooldown ago: the key does not exist.
                Err(_) if is_fresh && is_well => Decision::Serve,
                // It may be a rotated key that could not be fetched.
                Err(retry_in) => Decision::Refuse { retry_in },
            },
        }
    }

    /// What to answer after the fetch that was waited for.
    pub(crate) fn after_fetch(&self, asked: Asked, now: Moment) -> Decision {
        let is_usable = self.held.is_some_and(|held| self.is_usable(held, now));
        let is_well = self.failures == 0;
        if is_usable && (is_well || asked == Asked::Known) {
            Decision::Serve
        } else {
            Decision::Refuse {
                retry_in: self.may_fetch(self.pause, now).err().unwrap_or_default(),
            }
        }
    }

    /// A fetch begins.
    pub(crate) fn started(&mut self, now: Moment) {
        self.in_flight = true;
        self.start_before = self.last_start;
        self.last_start = Some(now);
        self.budget_full_at = self.budget_full_at.max(now.monotonic) + COOLDOWN;
    }

    /// It brought keys that are to be used for `lifetime`, where the answer says so. `spread`, from 0 to 1, keeps many
    /// processes from asking at once.
    pub(crate) fn fetched(&mut self, lifetime: Option<Duration>, spread: f64, now: Moment) {
        let lifetime = lifetime
            .unwrap_or(self.limits.default_lifetime)
            .clamp(MIN_LIFETIME, MAX_LIFETIME);
        self.in_flight = false;
        self.failures = 0;
        self.pause = Duration::ZERO;
        self.held = Some(Held {
            since: now,
            lifetime,
            // Between 70 % and 85 %.
            refresh_after: lifetime.mul_f64(0.7 + 0.15 * spread.clamp(0.0, 1.0)),
        });
    }

    /// It brought none.
    pub(crate) fn failed(&mut self, retry_after: Option<Duration>, spread: f64) {
        let doubled = FIRST_BACKOFF * 2_u32.pow(self.failures.min(10));
        self.in_flight = false;
        self.failures = self.failures.saturating_add(1);
        let backoff = doubled
            .min(MAX_BACKOFF)
            .mul_f64(0.75 + 0.25 * spread.clamp(0.0, 1.0));
        self.pause = backoff.max(retry_after.unwrap_or_default().min(MAX_RETRY_AFTER));
    }

    /// It ended without an outcome, because the runtime that it ran on did: as if it had not begun.
    pub(crate) fn lost(&mut self) {
        self.in_flight = false;
        self.last_start = self.start_before;
    }

    pub(crate) fn is_in_flight(&self) -> bool {
        self.in_flight
    }

    /// Age of the keys held.
    pub(crate) fn age(&self, now: Moment) -> Option<Duration> {
        self.held.map(|held| held.since.elapsed(now))
    }

    /// How long ago the issuer was last asked.
    pub(crate) fn last_asked(&self, now: Moment) -> Option<Duration> {
        self.last_start.map(|start| start.elapsed(now))
    }

    /// When the next fetch without a request for it is due, from now. A prompter that sleeps so long and then asks again
    /// keeps the keys fresh.
    pub(crate) fn next_due(&self, now: Moment) -> Duration {
        let by_age = match self.held {
            Some(held) if self.failures == 0 => {
                held.refresh_after.saturating_sub(held.since.elapsed(now))
            }
            _ => Duration::ZERO,
        };
        let by_pause = self.may_fetch(self.pause, now).err().unwrap_or_default();
        by_age.max(by_pause)
    }

    fn is_usable(&self, held: Held, now: Moment) -> bool {
        held.since.elapsed(now) <= held.lifetime + self.limits.outage_tolerance
    }

    /// Whether a fetch may start, `gap` after the last start at the earliest; or how long that is to wait. One that is
    /// under way may be joined.
    fn may_fetch(&self, gap: Duration, now: Moment) -> Result<(), Duration> {
        if self.in_flight {
            return Ok(());
        }
        let since_start = self
            .last_start
            .map_or(Duration::MAX, |start| start.elapsed(now));
        let by_gap = gap.saturating_sub(since_start);
        let allowance = COOLDOWN * (BURST - 1);
        let by_budget = self
            .budget_full_at
            .saturating_sub(now.monotonic)
            .saturating_sub(allowance);
        let wait = by_gap.max(by_budget);
        if wait.is_zero() { Ok(()) } else { Err(wait) }
    }
}

#[cfg(test)]
mod tests;
