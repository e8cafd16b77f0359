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
mod tests {
    use super::*;

    const LIFETIME: Duration = Duration::from_secs(600);
    const TOLERANCE: Duration = Duration::from_secs(3_600);

    /// A world of two clocks, in which an issuer answers or not.
    struct World {
        state: Refresh,
        now: Moment,
        fetches: usize,
    }

    impl World {
        fn new() -> Self {
            World {
                state: Refresh::new(Limits::default()),
                now: Moment {
                    wall: NumericDate::from_secs(1_000_000),
                    monotonic: Duration::from_secs(5),
                },
                fetches: 0,
            }
        }

        fn with_keys() -> Self {
            let mut world = World::new();
            assert_eq!(world.ask(Asked::Known, true), Decision::Serve);
            world
        }

        fn pass(&mut self, time: Duration) {
            self.now.wall = self.now.wall.saturating_add(time);
            self.now.monotonic += time;
        }

        fn pass_secs(&mut self, seconds: u64) {
            self.pass(Duration::from_secs(seconds));
        }

        fn fetch(&mut self, answers: bool) {
            self.state.started(self.now);
            self.fetches += 1;
            if answers {
                self.state.fetched(None, 0.5, self.now);
            } else {
                self.state.failed(None, 0.5);
            }
        }

        /// One request, with whatever fetch it leads to; what the caller gets.
        fn ask(&mut self, asked: Asked, answers: bool) -> Decision {
            match self.state.decide(asked, self.now) {
                Decision::ServeAndFetch => {
                    self.fetch(answers);
                    Decision::Serve
                }
                Decision::Fetch => {
                    self.fetch(answers);
                    self.state.after_fetch(asked, self.now)
                }
                other => other,
            }
        }
    }

    fn is_refused(decision: Decision) -> bool {
        matches!(decision, Decision::Refuse { .. })
    }

    #[test]
    fn s05_fresh_stale_unusable_and_back() {
        let mut world = World::with_keys();
        world.pass(LIFETIME);
        assert_eq!(world.ask(Asked::Known, false), Decision::Serve);
        // The outage goes on; every minute somebody comes.
        for _ in 0..60 {
            assert_eq!(world.ask(Asked::Known, false), Decision::Serve);
            world.pass_secs(60);
        }
        world.pass_secs(1);
        assert!(is_refused(world.ask(Asked::Known, false)));
        world.pass_secs(60);
        assert_eq!(world.ask(Asked::Known, true), Decision::Serve);
        assert_eq!(world.state.age(world.now), Some(Duration::ZERO));
    }

    #[test]
    fn s05_the_end_of_the_tolerance_is_exact() {
        let mut world = World::with_keys();
        world.fetch(false);
        world.pass(LIFETIME + TOLERANCE);
        assert_eq!(
            world.state.decide(Asked::Known, world.now),
            Decision::ServeAndFetch
        );
        world.pass(Duration::from_nanos(1));
        assert_eq!(world.state.decide(Asked::Known, world.now), Decision::Fetch);
    }

    #[test]
    fn s05_down_at_start_then_recovery() {
        let mut world = World::new();
        assert!(is_refused(world.ask(Asked::Known, false)));
        let Decision::Refuse { retry_in } = world.state.decide(Asked::Known, world.now) else {
            panic!("in backoff");
        };
        assert!(retry_in > Duration::ZERO && retry_in <= Duration::from_secs(1));
        world.pass(retry_in);
        assert_eq!(world.ask(Asked::Known, true), Decision::Serve);
    }

    #[test]
    fn s08_the_pause_doubles_up_to_a_minute_and_spreads() {
        let mut world = World::new();
        let mut pauses = Vec::new();
        for _ in 0..9 {
            world.fetch(false);
            pauses.push(world.state.pause.as_secs_f64());
            world.pass_secs(300);
        }
        let expected = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0, 60.0].map(|s| s * 0.875);
        for (pause, expected) in pauses.iter().zip(expected) {
            assert!((pause - expected).abs() < 1e-6, "{pauses:?}");
        }
        let mut early = World::new();
        early.state.failed(None, 0.0);
        let mut late = World::new();
        late.state.failed(None, 1.0);
        assert!(early.state.pause < late.state.pause);
        // The issuer's own word counts, up to a bound.
        for (said, counts) in [(30, 30), (86_400, 300)] {
            let mut world = World::new();
            world.state.failed(Some(Duration::from_secs(said)), 1.0);
            assert_eq!(world.state.pause, Duration::from_secs(counts));
        }
    }

    #[test]
    fn s04_a_key_published_one_cooldown_before_it_signs_is_never_refused() {
        // Whenever the last fetch was, and wherever the key was published between then and now.
        for since_fetch in 0..=30 {
            let mut world = World::with_keys();
            world.pass_secs(since_fetch);
            // Published now; signs a cooldown later.
            world.pass(COOLDOWN);
            let before = world.fetches;
            assert_eq!(world.ask(Asked::Unknown, true), Decision::Serve);
            assert_eq!(
                world.fetches,
                before + 1,
                "asked after the key was published"
            );
        }
    }

    #[test]
    fn s03_unknown_keys_cost_one_fetch_in_each_cooldown() {
        let mut world = World::with_keys();
        let before = world.fetches;
        for _ in 0..60_000 {
            assert_eq!(world.ask(Asked::Unknown, true), Decision::Serve);
            assert_eq!(world.state.decide(Asked::Known, world.now), Decision::Serve);
            world.pass(Duration::from_millis(1));
        }
        assert!(world.fetches - before <= 6, "{}", world.fetches - before);
    }

    #[test]
    fn s09_an_unknown_key_while_fetches_fail_is_no_bad_token() {
        let mut world = World::with_keys();
        world.pass(COOLDOWN);
        assert!(is_refused(world.ask(Asked::Unknown, false)));
        assert!(is_refused(world.ask(Asked::Unknown, false)));
        // Known keys go on.
        assert_eq!(world.ask(Asked::Known, false), Decision::Serve);
        // Stale, nobody asked: the one fetch fails.
        let mut world = World::with_keys();
        world.pass(LIFETIME + Duration::from_secs(1));
        assert!(is_refused(world.ask(Asked::Unknown, false)));
    }

    #[test]
    fn s04_a_withdrawn_key_is_gone_within_the_lifetime_while_the_issuer_answers() {
        // Nobody asks for long: the first one who does waits for the fetch.
        let mut world = World::with_keys();
        world.pass(LIFETIME + Duration::from_secs(1));
        assert_eq!(world.state.decide(Asked::Known, world.now), Decision::Fetch);
        // Somebody asks all the time: the set is renewed ahead of its end.
        let mut world = World::with_keys();
        for _ in 0..100_000 {
            world.ask(Asked::Known, true);
            assert!(world.state.age(world.now).unwrap() <= LIFETIME.mul_f64(0.86));
            world.pass_secs(1);
        }
    }

    #[test]
    fn s07_a_frozen_process_does_not_wake_trusting_an_old_set() {
        let mut world = World::with_keys();
        // The monotonic clock stood still.
        world.now.wall = world.now.wall.saturating_add(Duration::from_secs(3_600));
        assert_eq!(world.state.decide(Asked::Known, world.now), Decision::Fetch);
        world.now.wall = world.now.wall.saturating_add(Duration::from_secs(864_000));
        assert_eq!(world.state.decide(Asked::Known, world.now), Decision::Fetch);
        assert!(is_refused(world.ask(Asked::Known, false)));
    }

    #[test]
    fn s07_a_wall_clock_that_jumps_neither_freezes_nor_storms() {
        // Back by a year: time goes on by the other clock.
        let mut world = World::with_keys();
        world.now.wall = world
            .now
            .wall
            .saturating_sub(Duration::from_secs(31_536_000));
        assert_eq!(world.state.decide(Asked::Known, world.now), Decision::Serve);
        world.now.monotonic += LIFETIME + Duration::from_secs(1);
        assert_eq!(world.state.decide(Asked::Known, world.now), Decision::Fetch);
        // To and fro, every second for an hour.
        let mut world = World::with_keys();
        let home = world.now.wall;
        for second in 0..3_600_u64 {
            let away = Duration::from_secs((second % 2) * 864_000 + second);
            world.now.wall = home.saturating_add(away);
            world.now.monotonic += Duration::from_secs(1);
            world.ask(Asked::Unknown, true);
            world.ask(Asked::Known, true);
        }
        assert!(world.fetches <= 366 + 1, "{}", world.fetches);
    }

    #[test]
    fn s06_a_fetch_that_was_lost_counts_for_nothing() {
        let mut world = World::new();
        world.state.started(world.now);
        world.state.lost();
        assert_eq!(world.state.decide(Asked::Known, world.now), Decision::Fetch);
        let mut world = World::with_keys();
        world.pass(COOLDOWN);
        world.state.started(world.now);
        assert_eq!(
            world.state.decide(Asked::Unknown, world.now),
            Decision::Fetch,
            "joins"
        );
        world.state.lost();
        assert_eq!(
            world.state.decide(Asked::Unknown, world.now),
            Decision::Fetch,
            "starts anew"
        );
    }

    #[test]
    fn lifetimes_are_held_within_their_bounds() {
        for (said, counts) in [
            (None, 600),
            (Some(0), 60),
            (Some(120), 120),
            (Some(604_800), 3_600),
        ] {
            let mut world = World::new();
            world.state.started(world.now);
            let said = said.map(Duration::from_secs);
            world.state.fetched(said, 0.0, world.now);
            assert_eq!(
                world.state.held.unwrap().lifetime,
                Duration::from_secs(counts)
            );
        }
    }

    mod properties {
        use super::*;
        use proptest::prelude::*;

        #[derive(Clone, Debug)]
        enum Step {
            Pass(u64),
            Jump(i64),
            Freeze(u64),
            Ask { known: bool, answers: bool },
            Prompt { answers: bool },
            Lose,
        }

        fn step() -> impl Strategy<Value = Step> {
            prop_oneof![
                4 => (1_u64..120_000).prop_map(Step::Pass),
                1 => (1_u64..90_000_000).prop_map(Step::Pass),
                1 => (-1_000_000_i64..1_000_000).prop_map(Step::Jump),
                1 => (1_u64..10_000).prop_map(Step::Freeze),
                8 => (any::<bool>(), any::<bool>()).prop_map(|(known, answers)| Step::Ask { known, answers }),
                2 => any::<bool>().prop_map(|answers| Step::Prompt { answers }),
                1 => Just(Step::Lose),
            ]
        }

        proptest! {
            /// Never used beyond lifetime plus tolerance; never more fetches than the bound; no withdrawn key past its
            /// lifetime while the issuer answers; always recovers.
            #[test]
            fn s03_s05_s07_whatever_happens_the_promises_hold(steps in prop::collection::vec(step(), 1..300)) {
                let mut world = World::new();
                let begun = world.now.monotonic;
                let mut last_failed = false;
                for step in steps {
                    match step {
                        Step::Pass(millis) => world.pass(Duration::from_millis(millis)),
                        Step::Jump(seconds) if seconds < 0 => {
                            world.now.wall = world.now.wall.saturating_sub(Duration::from_secs(seconds.unsigned_abs()));
                        }
                        Step::Jump(seconds) => {
                            world.now.wall = world.now.wall.saturating_add(Duration::from_secs(seconds.unsigned_abs()));
                        }
                        Step::Freeze(seconds) => {
                            world.now.wall = world.now.wall.saturating_add(Duration::from_secs(seconds));
                        }
                        Step::Ask { known, answers } => {
                            let asked = if known { Asked::Known } else { Asked::Unknown };
                            let before = world.fetches;
                            let budget_was_empty = world.state.may_fetch(Duration::ZERO, world.now).is_err();
                            let decision = world.ask(asked, answers);
                            if world.fetches > before {
                                last_failed = !answers;
                            }
                            if decision == Decision::Serve {
                                let age = world.state.age(world.now).unwrap();
                                prop_assert!(age <= LIFETIME + TOLERANCE);
                                if !last_failed && !budget_was_empty {
                                    prop_assert!(age <= LIFETIME);
                                }
                                if asked == Asked::Unknown {
                                    prop_assert!(!last_failed, "a rotated key is never called unknown in an outage");
                                }
                            }
                        }
                        Step::Prompt { answers } => {
                            if world.state.next_due(world.now).is_zero() {
                                world.fetch(answers);
                                last_failed = !answers;
                            }
                        }
                        Step::Lose => {
                            if world.state.may_fetch(world.state.pause.max(COOLDOWN), world.now).is_ok() {
                                world.state.started(world.now);
                                world.fetches += 1;
                                world.state.lost();
                            }
                        }
                    }
                    let bound = u64::from(BURST) + world.now.monotonic.saturating_sub(begun).as_secs() / COOLDOWN.as_secs() + 1;
                    prop_assert!(world.fetches as u64 <= bound, "{} of {bound}", world.fetches);
                }
                world.pass(MAX_RETRY_AFTER);
                prop_assert_eq!(world.ask(Asked::Known, true), Decision::Serve, "always recovers");
                world.pass(COOLDOWN);
                prop_assert_eq!(world.ask(Asked::Unknown, true), Decision::Serve);
            }
        }
    }
}
