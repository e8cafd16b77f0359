//! When to use cached keys, when to fetch new ones, and when to report that there are none: a pure
//! state machine.
//!
//! It knows no keys, no network and no clock: (state, what is asked, now) gives a decision, and
//! events move the state on. So days of refresh, rotation, outage and clock jumps are tested in
//! milliseconds.
//!
//! Held keys are *fresh* for their lifetime, then *stale* for the outage tolerance, then unusable.
//! They are refreshed ahead of their end. A key that is not among them is worth one fetch in each
//! cooldown. A fetch that fails is tried again after a pause that doubles.
//!
//! Keys that are given at the start are *unconfirmed* until a fetch replaces them. They serve at
//! once while the first fetch has its time, and what is not among them is never called unknown.

mod budget;

use std::time::Duration;

use super::asked::Asked;
use super::bounds::{
    BACKOFF_SPREAD, CLOCK_SKEW, COOLDOWN, DEFAULT_LIFETIME, DEFAULT_OUTAGE_TOLERANCE,
    DEFAULT_TIMEOUT, FIRST_BACKOFF, MAX_BACKOFF, MAX_FETCH_PAUSE, MAX_LIFETIME,
    MAX_OUTAGE_TOLERANCE, MIN_LIFETIME, NEWS, REFRESH_FROM, REFRESH_SPREAD,
};
use super::moment::Moment;
use crate::core::{KeySetLimits, NumericDate};
use budget::Budget;

/// Bounds and pauses of one key set. All but the time of a fetch are settings.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// How long keys are fresh where the response doesn't say.
    pub(crate) default_lifetime: Duration,
    /// How long keys past their lifetime are used while fetches fail.
    pub(crate) outage_tolerance: Duration,
    /// How long a fetch may take.
    pub(crate) longest_fetch: Duration,
    /// How many keys, in how many bytes.
    pub(crate) key_set: KeySetLimits,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            default_lifetime: DEFAULT_LIFETIME,
            outage_tolerance: DEFAULT_OUTAGE_TOLERANCE,
            longest_fetch: DEFAULT_TIMEOUT.saturating_mul(3),
            key_set: KeySetLimits::default(),
        }
    }
}

impl Limits {
    pub(crate) fn has_sound_tolerance(&self) -> bool {
        self.outage_tolerance <= MAX_OUTAGE_TOLERANCE
    }

    pub(crate) fn has_sound_lifetime(&self) -> bool {
        (MIN_LIFETIME..=MAX_LIFETIME).contains(&self.default_lifetime)
    }
}

/// What is known of keys that are given at the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InHand {
    /// Nothing.
    Undated,
    /// They were fetched by some process.
    Fetched { at: NumericDate, lifetime: Duration },
}

/// Why given keys are not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unusable {
    #[error("they were fetched so long ago that they are no longer used")]
    TooOld,
    #[error("they were fetched in the future, by this machine's clock")]
    InTheFuture,
}

/// What to do for one token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// Answer with the keys held.
    Serve,
    /// Answer with the cached keys, and start a fetch in the background, unless one is under way.
    ServeAndFetch,
    /// Start a fetch, or join the one under way, and answer by how it ends: see
    /// [`Refresh::after_failure`]; if it brings keys, decide again.
    Fetch,
    /// There are no keys to answer with, and the next fetch is not due for this long.
    Refuse { retry_in: Duration },
}

/// The state: what is held since when, and how the last fetches went.
#[derive(Clone, Debug)]
pub(crate) struct Refresh {
    limits: Limits,
    held: Option<Held>,
    /// The number of the fetch under way.
    in_flight: Option<u64>,
    started: u64,
    last_start: Option<Moment>,
    failures: u32,
    failed_at: Option<Moment>,
    /// The number of the last fetch that failed.
    failed: u64,
    /// The time from the last start to the next one, after a failure.
    pause: Duration,
    budget: Budget,
}

#[derive(Clone, Copy, Debug)]
struct Held {
    /// The start of the fetch that brought it: the answer may be as old as that.
    since: Moment,
    fetch: u64,
    lifetime: Duration,
    refresh_after: Duration,
    /// How old it was at `since`.
    age_before: Duration,
    origin: Origin,
    /// When the first fetch since then began, with or without success.
    first_tried: Option<Moment>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    /// A fetch of this process.
    Fetched,
    /// A fetch of another process, at a known time.
    Restored,
    /// The configuration.
    ByHand,
}

impl Held {
    fn age(&self, now: Moment) -> Duration {
        self.since.elapsed(now).saturating_add(self.age_before)
    }

    fn is_confirmed(&self) -> bool {
        self.origin == Origin::Fetched
    }
}

/// One fetch, from its start on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ticket {
    number: u64,
    start: Moment,
    start_before: Option<Moment>,
    budget_before: Budget,
}

impl Ticket {
    /// Whether both are of one fetch.
    pub(crate) fn is(self, other: Ticket) -> bool {
        self.number == other.number
    }
}

/// How long the keys of an answer are fresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lifetime {
    Said(Duration),
    /// The answer doesn't say.
    Unsaid,
    /// The answer is that those held are still the issuer's, and it says no more: RFC 9111 section
    /// 4.3.4 keeps what was said before.
    Kept,
}

/// Why a fetch may not start now, and for how long.
struct NotYet {
    by_gap: Duration,
    by_budget: Duration,
}

impl NotYet {
    fn wait(&self) -> Duration {
        self.by_gap.max(self.by_budget)
    }
}

impl Refresh {
    pub(crate) fn new(limits: Limits) -> Self {
        Refresh {
            limits,
            held: None,
            in_flight: None,
            started: 0,
            last_start: None,
            failures: 0,
            failed_at: None,
            failed: 0,
            pause: Duration::ZERO,
            budget: Budget::default(),
        }
    }

    /// Starts with given keys, where they are not too old to be used.
    pub(crate) fn start_with(&mut self, in_hand: InHand, now: Moment) -> Result<(), Unusable> {
        let (age_before, lifetime, origin) = match in_hand {
            // Already due, and usable for the tolerance from now on.
            InHand::Undated => (Duration::ZERO, Duration::ZERO, Origin::ByHand),
            InHand::Fetched { at, lifetime } => {
                if at > now.wall.saturating_add(CLOCK_SKEW) {
                    return Err(Unusable::InTheFuture);
                }
                let lifetime = lifetime.clamp(MIN_LIFETIME, MAX_LIFETIME);
                (now.wall.since(at), lifetime, Origin::Restored)
            }
        };
        let held = Held {
            since: now,
            fetch: 0,
            lifetime,
            refresh_after: lifetime.mul_f64(REFRESH_FROM),
            age_before,
            origin,
            first_tried: None,
        };
        if !self.is_usable(held, now) {
            return Err(Unusable::TooOld);
        }
        self.held = Some(held);
        Ok(())
    }

    pub(crate) fn decide(&self, asked: Asked, now: Moment) -> Decision {
        let Some(held) = self.held.filter(|held| self.is_usable(*held, now)) else {
            return match self.may_fetch(self.pause, now) {
                Ok(()) => Decision::Fetch,
                Err(not_yet) => Decision::Refuse {
                    retry_in: not_yet.wait(),
                },
            };
        };
        let age = held.age(now);
        let is_fresh = age <= held.lifetime && held.origin != Origin::ByHand;
        let has_leave = asked == Asked::Known && self.may_serve_unconfirmed(held, now);
        match asked {
            // While fetches fail, no token with a known key waits for them.
            Asked::Known | Asked::Ahead if is_fresh || has_leave || self.has_just_failed(now) => {
                let is_due = age >= held.refresh_after;
                if is_due && self.may_fetch(self.pause, now).is_ok() {
                    Decision::ServeAndFetch
                } else {
                    Decision::Serve
                }
            }
            // The keys were not refreshed in time because no token came: a withdrawn one may be
            // among them.
            Asked::Known | Asked::Ahead => match self.may_fetch(Duration::ZERO, now) {
                Ok(()) => Decision::Fetch,
                Err(_) => Decision::Serve,
            },
            Asked::Unknown => match self.may_fetch(self.pause.max(COOLDOWN), now) {
                Ok(()) => Decision::Fetch,
                // The set is what the issuer said less than a cooldown ago: the key does not exist.
                Err(not_yet)
                    if is_fresh
                        && held.is_confirmed()
                        && self.is_well()
                        && !not_yet.by_gap.is_zero() =>
                {
                    Decision::Serve
                }
                // It may be a rotated key that could not be fetched.
                Err(not_yet) => Decision::Refuse {
                    retry_in: not_yet.wait(),
                },
            },
        }
    }

    /// What to answer after a fetch that was waited for and failed.
    pub(crate) fn after_failure(&self, asked: Asked, now: Moment) -> Decision {
        let is_usable = self.held.is_some_and(|held| self.is_usable(held, now));
        if is_usable && asked != Asked::Unknown {
            return Decision::Serve;
        }
        let wait = self.may_fetch(self.pause, now).err();
        Decision::Refuse {
            retry_in: wait.map_or(Duration::ZERO, |not_yet| not_yet.wait()),
        }
    }

    /// A fetch begins.
    pub(crate) fn started(&mut self, now: Moment) -> Ticket {
        self.started = self.started.saturating_add(1);
        let ticket = Ticket {
            number: self.started,
            start: now,
            start_before: self.last_start,
            budget_before: self.budget,
        };
        self.in_flight = Some(ticket.number);
        self.last_start = Some(now);
        if let Some(held) = &mut self.held {
            held.first_tried.get_or_insert(now);
        }
        self.budget.spend(now);
        ticket
    }

    /// Records that the fetch brought keys. Returns whether to use them: not if a later fetch was
    /// faster. `spread`, from 0 to 1, keeps many processes from asking at once.
    pub(crate) fn fetched(&mut self, ticket: Ticket, lifetime: Lifetime, spread: f64) -> bool {
        if self.held.is_some_and(|held| held.fetch > ticket.number) {
            return false;
        }
        let lifetime = match (lifetime, self.held) {
            (Lifetime::Said(lifetime), _) => lifetime,
            (Lifetime::Kept, Some(held)) => held.lifetime,
            _ => self.limits.default_lifetime,
        };
        let lifetime = lifetime.clamp(MIN_LIFETIME, MAX_LIFETIME);
        self.ended(ticket);
        // A late answer says nothing of a fetch that began after it and failed.
        if ticket.number > self.failed {
            self.failures = 0;
            self.failed_at = None;
            self.pause = Duration::ZERO;
        }
        self.held = Some(Held {
            since: ticket.start,
            fetch: ticket.number,
            lifetime,
            refresh_after: lifetime.mul_f64(REFRESH_FROM + REFRESH_SPREAD * spread.clamp(0.0, 1.0)),
            age_before: Duration::ZERO,
            origin: Origin::Fetched,
            first_tried: None,
        });
        true
    }

    /// It failed. The result says whether that applies: not where another fetch was begun in its
    /// place.
    pub(crate) fn failed(
        &mut self,
        ticket: Ticket,
        retry_after: Option<Duration>,
        spread: f64,
        now: Moment,
    ) -> bool {
        if !self.ended(ticket) {
            return false;
        }
        let backoff = backoff(self.failures, MAX_BACKOFF, spread);
        self.failures = self.failures.saturating_add(1);
        self.failed_at = Some(now);
        self.failed = ticket.number;
        self.pause = backoff.max(retry_after.unwrap_or_default().min(MAX_FETCH_PAUSE));
        true
    }

    /// It ended without an outcome, because the runtime that it ran on did. It is no failure and
    /// starts no pause, but the issuer may have been asked: so the budget stays spent.
    pub(crate) fn lost(&mut self, ticket: Ticket) {
        if self.ended(ticket) {
            self.last_start = ticket.start_before;
        }
    }

    /// It was lost before it had begun in earnest.
    pub(crate) fn never_began(&mut self, ticket: Ticket) {
        if self.ended(ticket) {
            self.last_start = ticket.start_before;
            self.budget = ticket.budget_before;
        }
    }

    /// Whether this was the fetch under way.
    fn ended(&mut self, ticket: Ticket) -> bool {
        let is_current = self.in_flight == Some(ticket.number);
        if is_current {
            self.in_flight = None;
        }
        is_current
    }

    pub(crate) fn is_in_flight(&self) -> bool {
        self.in_flight.is_some()
    }

    /// Whether the last fetch that came to an end brought keys.
    pub(crate) fn is_well(&self) -> bool {
        self.failures == 0
    }

    /// Age of the keys held.
    pub(crate) fn age(&self, now: Moment) -> Option<Duration> {
        self.held.map(|held| held.age(now))
    }

    /// How long the keys held are fresh. `None` for configured keys, which are due at once.
    pub(crate) fn lifetime(&self) -> Option<Duration> {
        let held = self.held.filter(|held| held.origin != Origin::ByHand);
        held.map(|held| held.lifetime)
    }

    /// Whether the keys held came by a fetch of this process.
    pub(crate) fn is_confirmed(&self) -> Option<bool> {
        self.held.map(|held| held.is_confirmed())
    }

    /// When the cached keys were fetched, by the current wall clock, and their lifetime. `None` if
    /// that is unknown.
    pub(crate) fn fetched_at(&self, now: Moment) -> Option<(NumericDate, Duration)> {
        let held = self.held.filter(|held| held.origin != Origin::ByHand)?;
        // Up to a second too early rather than too late.
        let age = held
            .age(now)
            .saturating_add(Duration::from_nanos(999_999_999));
        Some((now.wall.saturating_sub(age), held.lifetime))
    }

    /// How long the keys held can still be used.
    pub(crate) fn usable_for(&self, now: Moment) -> Duration {
        self.held.map_or(Duration::ZERO, |held| {
            self.end_of(held).saturating_sub(held.age(now))
        })
    }

    /// How long ago the issuer was last asked.
    pub(crate) fn last_asked(&self, now: Moment) -> Option<Duration> {
        self.last_start.map(|start| start.elapsed(now))
    }

    /// When the next fetch without a request for it is due, from now. A refresh task that sleeps
    /// for that time and then asks again keeps the keys fresh.
    pub(crate) fn next_due(&self, now: Moment) -> Duration {
        let by_age = match self.held {
            Some(held) if self.is_well() => held.refresh_after.saturating_sub(held.age(now)),
            _ => Duration::ZERO,
        };
        let not_yet = self.may_fetch(self.pause, now).err();
        by_age.max(not_yet.map_or(Duration::ZERO, |not_yet| not_yet.wait()))
    }

    fn is_usable(&self, held: Held, now: Moment) -> bool {
        held.age(now) <= self.end_of(held)
    }

    /// The age at which held keys are no longer used.
    fn end_of(&self, held: Held) -> Duration {
        held.lifetime.saturating_add(self.limits.outage_tolerance)
    }

    /// Given keys serve without waiting until the first fetch has had its time, and no longer, with
    /// or without its success.
    fn may_serve_unconfirmed(&self, held: Held, now: Moment) -> bool {
        let time = self.limits.longest_fetch.saturating_add(NEWS);
        !held.is_confirmed() && held.first_tried.is_none_or(|at| at.elapsed(now) <= time)
    }

    /// A failure long ago says nothing about now.
    fn has_just_failed(&self, now: Moment) -> bool {
        let news = self.limits.longest_fetch.saturating_add(NEWS);
        let news = news.saturating_add(self.pause);
        self.failed_at.is_some_and(|at| at.elapsed(now) <= news)
    }

    /// Whether a fetch may start, `gap` after the last start at the earliest. One that is under way
    /// may be joined.
    fn may_fetch(&self, gap: Duration, now: Moment) -> Result<(), NotYet> {
        if self.is_in_flight() {
            return Ok(());
        }
        let since_start = self
            .last_start
            .map_or(Duration::MAX, |start| start.elapsed(now));
        let not_yet = NotYet {
            by_gap: gap.saturating_sub(since_start),
            by_budget: self.budget.wait(now),
        };
        if not_yet.wait().is_zero() {
            Ok(())
        } else {
            Err(not_yet)
        }
    }
}

/// The pause after one more failure: it doubles up to `longest`, and is shorter by a part that
/// `spread`, from 0 to 1, selects.
pub(super) fn backoff(failures: u32, longest: Duration, spread: f64) -> Duration {
    FIRST_BACKOFF
        .saturating_mul(2_u32.saturating_pow(failures))
        .min(longest)
        .mul_f64(1.0 - BACKOFF_SPREAD * (1.0 - spread.clamp(0.0, 1.0)))
}

#[cfg(test)]
mod tests;
