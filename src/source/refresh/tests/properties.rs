//! What holds after any sequence of events, tried with generated ones.

use std::ops::Range;

use super::*;
use crate::source::bounds::MAX_RETRY_AFTER;

/// A generator of numbers: SplitMix64, which any seed suits.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut number = self.0;
        number = (number ^ number >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        number = (number ^ number >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        number ^ number >> 31
    }

    fn within(&mut self, range: Range<u64>) -> u64 {
        range.start + self.next() % (range.end - range.start)
    }

    fn coin(&mut self) -> bool {
        self.next().is_multiple_of(2)
    }
}

#[derive(Clone, Copy, Debug)]
enum Step {
    /// Milliseconds.
    Pass(u64),
    /// Seconds by which the wall clock is set on or back.
    SetOn(u64),
    SetBack(u64),
    /// Seconds in which the process, and with it the monotonic clock, is stopped.
    Freeze(u64),
    Ask {
        known: bool,
        answers: bool,
    },
    Prompt {
        answers: bool,
    },
    Lose,
}

impl Step {
    fn generate(numbers: &mut Numbers) -> Self {
        match numbers.within(0..18) {
            0..4 => Step::Pass(numbers.within(1..120_000)),
            4 => Step::Pass(numbers.within(1..90_000_000)),
            5 if numbers.coin() => Step::SetOn(numbers.within(0..1_000_000)),
            5 => Step::SetBack(numbers.within(0..1_000_001)),
            6 => Step::Freeze(numbers.within(1..10_000)),
            7..15 => Step::Ask {
                known: numbers.coin(),
                answers: numbers.coin(),
            },
            15 | 16 => Step::Prompt {
                answers: numbers.coin(),
            },
            _ => Step::Lose,
        }
    }
}

/// The state machine, and what the promises are measured by.
struct Run {
    world: World,
    started_with: Option<InHand>,
    first_tried: Option<Moment>,
    failed_at: Option<Moment>,
    /// The time that passed by the clock that went on further; by the wall clock only where it is
    /// later than ever.
    passed: Duration,
    last: Moment,
    latest_wall: NumericDate,
}

impl Run {
    /// Without keys, with configured keys, or with keys of some age.
    fn generate(numbers: &mut Numbers) -> Self {
        let mut world = World::new();
        let started_with = match numbers.within(0..3) {
            0 => None,
            1 => Some(InHand::Undated),
            _ => {
                let age = Duration::from_secs(numbers.within(0..4_200));
                Some(fetched_ago(&world, age))
            }
        };
        if let Some(keys) = started_with {
            world.state.start_with(keys, world.now).unwrap();
        }
        Run {
            started_with,
            first_tried: None,
            failed_at: None,
            passed: Duration::ZERO,
            last: world.now,
            latest_wall: world.now.wall,
            world,
        }
    }

    fn take(&mut self, step: Step) {
        let world = &mut self.world;
        match step {
            Step::Pass(millis) => world.pass(Duration::from_millis(millis)),
            Step::SetOn(seconds) | Step::Freeze(seconds) => {
                let time = Duration::from_secs(seconds);
                world.now.wall = world.now.wall.saturating_add(time);
            }
            Step::SetBack(seconds) => {
                let time = Duration::from_secs(seconds);
                world.now.wall = world.now.wall.saturating_sub(time);
            }
            Step::Ask { known, answers } => self.ask(known, answers),
            Step::Prompt { answers } => {
                if world.state.next_due(world.now).is_zero() {
                    world.fetch(answers);
                    self.failed_at = (!answers).then_some(world.now);
                }
            }
            Step::Lose => {
                let pause = world.state.pause.max(COOLDOWN);
                if world.state.may_fetch(pause, world.now).is_ok() {
                    let ticket = world.state.started(world.now);
                    world.state.lost(ticket);
                }
            }
        }
    }

    /// Never used beyond lifetime plus tolerance, and no withdrawn key past its lifetime while the
    /// issuer answers.
    fn ask(&mut self, known: bool, answers: bool) {
        let world = &mut self.world;
        let asked = if known { Asked::Known } else { Asked::Unknown };
        let before = world.fetches;
        let budget_was_empty = world.state.may_fetch(Duration::ZERO, world.now).is_err();
        let decision = world.ask(asked, answers);
        if world.fetches > before {
            self.failed_at = (!answers).then_some(world.now);
        }
        if decision != Decision::Serve {
            return;
        }
        let now = world.now;
        let age = world.state.age(now).unwrap();
        let is_confirmed = world.state.is_confirmed() == Some(true);
        let is_undated = !is_confirmed && self.started_with == Some(InHand::Undated);
        let lifetime = if is_undated { Duration::ZERO } else { LIFETIME };
        assert!(age <= lifetime + TOLERANCE);
        let leave = Limits::default().longest_fetch + NEWS;
        let within = |at: Moment, time: Duration| at.elapsed(now) <= time;
        let has_just_failed = self
            .failed_at
            .is_some_and(|at| within(at, MAX_BACKOFF + leave));
        let has_leave = !is_confirmed && self.first_tried.is_none_or(|at| within(at, leave));
        if !has_just_failed && !budget_was_empty && !has_leave {
            assert!(age <= lifetime && !is_undated);
        }
        if asked == Asked::Unknown {
            assert!(is_confirmed);
            let reason = "a rotated key is never called unknown in an outage";
            assert!(self.failed_at.is_none(), "{reason}");
        }
    }

    /// Never more fetches than the bound.
    fn check_fetches(&mut self) {
        let Moment { wall, monotonic } = self.world.now;
        if self.world.state.started > 0 {
            self.first_tried.get_or_insert(self.world.now);
        }
        let monotonic = monotonic.saturating_sub(self.last.monotonic);
        self.passed += monotonic.max(wall.since(self.latest_wall));
        self.last = self.world.now;
        self.latest_wall = self.latest_wall.max(wall);
        let bound = u64::from(BURST) + self.passed.as_secs() / BUDGET_INTERVAL.as_secs() + 1;
        let fetches = self.world.fetches as u64;
        assert!(fetches <= bound, "{fetches} of {bound}");
    }

    /// After an outage it always recovers.
    fn check_recovery(&mut self) {
        self.world.pass(MAX_RETRY_AFTER);
        assert_eq!(self.world.ask(Asked::Known, true), Decision::Serve);
        self.world.pass(COOLDOWN);
        assert_eq!(self.world.ask(Asked::Unknown, true), Decision::Serve);
    }
}

/// Each seed is a case of its own, and the last one that a failure prints has failed.
#[test]
fn s03_s05_s07_s10_whatever_happens_the_promises_hold() {
    for seed in 0..256 {
        let mut numbers = Numbers(seed);
        let mut run = Run::generate(&mut numbers);
        println!("seed {seed}, starts with {:?}", run.started_with);
        for _ in 0..numbers.within(1..300) {
            let step = Step::generate(&mut numbers);
            run.take(step);
            run.check_fetches();
        }
        run.check_recovery();
    }
}
