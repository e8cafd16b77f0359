//! Days of refresh, rotation, outage and clock jumps.

use super::super::bounds::{BUDGET_INTERVAL, BURST};
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
        let ticket = self.state.started(self.now);
        self.fetches += 1;
        if answers {
            assert!(self.state.fetched(ticket, Lifetime::Unsaid, 0.5));
        } else {
            assert!(self.state.failed(ticket, None, 0.5, self.now));
        }
    }

    /// One request, with the fetches that it leads to, and what the caller gets.
    fn ask(&mut self, asked: Asked, answers: bool) -> Decision {
        // A fetch that took no time can't be too old to answer by.
        for _ in 0..2 {
            match self.state.decide(asked, self.now) {
                Decision::ServeAndFetch => {
                    self.fetch(answers);
                    return Decision::Serve;
                }
                Decision::Fetch => {
                    self.fetch(answers);
                    if !answers {
                        return self.state.after_failure(asked, self.now);
                    }
                }
                other => return other,
            }
        }
        panic!("a fresh answer is no answer");
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
    world.pass(LIFETIME + TOLERANCE);
    assert_eq!(world.state.usable_for(world.now), Duration::ZERO);
    assert_eq!(world.ask(Asked::Known, false), Decision::Serve);
    world.pass(Duration::from_nanos(1));
    assert!(is_refused(world.ask(Asked::Known, false)));
}

#[test]
fn s05_nobody_with_a_known_key_waits_while_fetches_fail() {
    let mut world = World::with_keys();
    world.pass(LIFETIME);
    world.fetch(false);
    for _ in 0..3_000 {
        let decision = world.state.decide(Asked::Known, world.now);
        assert!(
            matches!(decision, Decision::Serve | Decision::ServeAndFetch),
            "{decision:?}"
        );
        if decision == Decision::ServeAndFetch {
            world.fetch(false);
        }
        world.pass_secs(1);
    }
}

#[test]
fn s05_nor_while_a_fetch_takes_its_time_to_fail() {
    let longest = Duration::from_secs(120);
    let mut world = World::with_keys();
    world.state.limits.longest_fetch = longest;
    world.pass(LIFETIME);
    world.fetch(false);
    for _ in 0..10 {
        // The pause, then a fetch that takes all the time it may.
        world.pass(world.state.pause);
        assert_eq!(
            world.state.decide(Asked::Known, world.now),
            Decision::ServeAndFetch
        );
        let ticket = world.state.started(world.now);
        for _ in 0..longest.as_secs() {
            world.pass_secs(1);
            let decision = world.state.decide(Asked::Known, world.now);
            assert_ne!(decision, Decision::Fetch, "no caller waits");
        }
        world.state.failed(ticket, None, 0.5, world.now);
    }
}

#[test]
fn s04_a_failure_long_ago_is_no_reason_to_serve_stale_keys() {
    let mut world = World::with_keys();
    world.pass_secs(540);
    world.fetch(false);
    // The issuer answers again, and no request comes for half an hour.
    world.pass_secs(1_800);
    assert_eq!(world.state.decide(Asked::Known, world.now), Decision::Fetch);
}

#[test]
fn s04_a_set_is_as_old_as_the_question_that_brought_it() {
    // The process was frozen while it waited for the answer.
    let mut world = World::new();
    let ticket = world.state.started(world.now);
    world.pass_secs(3_600);
    assert!(world.state.fetched(ticket, Lifetime::Unsaid, 0.5));
    assert_eq!(world.state.age(world.now), Some(Duration::from_secs(3_600)));
    assert_eq!(world.state.decide(Asked::Known, world.now), Decision::Fetch);
    // Asked before the key was published: asked again.
    let mut world = World::with_keys();
    world.pass(COOLDOWN);
    let ticket = world.state.started(world.now);
    world.pass_secs(15);
    assert!(world.state.fetched(ticket, Lifetime::Unsaid, 0.5));
    assert_eq!(
        world.state.decide(Asked::Unknown, world.now),
        Decision::Fetch
    );
}

#[test]
fn s06_of_two_fetches_the_later_one_counts() {
    let mut world = World::new();
    let stuck = world.state.started(world.now);
    world.state.lost(stuck);
    world.pass_secs(20);
    let second = world.state.started(world.now);
    // The failure of the first says nothing now.
    assert!(!world.state.failed(stuck, None, 0.5, world.now));
    assert!(world.state.is_in_flight());
    assert!(world.state.fetched(second, Lifetime::Unsaid, 0.5));
    assert!(!world.state.fetched(stuck, Lifetime::Unsaid, 0.5));
    assert_eq!(world.state.age(world.now), Some(Duration::ZERO));
    // Its success would have been taken, had nothing newer come.
    let mut world = World::new();
    let stuck = world.state.started(world.now);
    world.state.lost(stuck);
    assert!(world.state.fetched(stuck, Lifetime::Unsaid, 0.5));
}

/// A fetch was given up, the next one failed, and then the first one brings keys after all.
#[test]
fn s09_keys_that_come_late_hide_no_later_failure() {
    let mut world = World::with_keys();
    world.pass(LIFETIME + Duration::from_secs(1));
    let given_up = world.state.started(world.now);
    world.state.lost(given_up);
    world.pass_secs(20);
    let failing = world.state.started(world.now);
    assert!(world.state.failed(failing, None, 0.5, world.now));
    assert!(world.state.fetched(given_up, Lifetime::Unsaid, 0.5));
    // The keys are accepted, and an unknown key may still be one that could not be fetched.
    assert_eq!(world.state.age(world.now), Some(Duration::from_secs(20)));
    assert!(!world.state.is_well());
    assert!(is_refused(world.state.decide(Asked::Unknown, world.now)));
    // Until a later fetch succeeds.
    world.pass_secs(20);
    let last = world.state.started(world.now);
    assert!(world.state.fetched(last, Lifetime::Unsaid, 0.5));
    assert!(world.state.is_well());
    assert_eq!(
        world.state.decide(Asked::Unknown, world.now),
        Decision::Serve
    );
}

#[test]
fn s04_an_unmodified_set_keeps_the_lifetime_that_was_said() {
    let mut world = World::new();
    let minute = Duration::from_secs(60);
    let ticket = world.state.started(world.now);
    world.state.fetched(ticket, Lifetime::Said(minute), 0.5);
    world.pass(minute);
    let ticket = world.state.started(world.now);
    world.state.fetched(ticket, Lifetime::Kept, 0.5);
    assert_eq!(world.state.held.unwrap().lifetime, minute);
}

#[test]
fn s07_a_process_that_is_frozen_again_and_again_is_not_starved() {
    for minutes in [15, 72] {
        let mut world = World::with_keys();
        for _ in 0..50 {
            world.now.wall = world
                .now
                .wall
                .saturating_add(Duration::from_secs(60 * minutes));
            let before = world.fetches;
            assert_eq!(world.ask(Asked::Known, true), Decision::Serve);
            assert_eq!(world.fetches, before + 1, "every {minutes} minutes");
        }
    }
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
    let pause = |said: Option<u64>, spread| {
        let mut world = World::new();
        let ticket = world.state.started(world.now);
        world
            .state
            .failed(ticket, said.map(Duration::from_secs), spread, world.now);
        world.state.pause
    };
    assert!(pause(None, 0.0) < pause(None, 1.0));
    // The issuer's own word counts, up to a bound.
    for (said, counts) in [(30, 30), (86_400, 300)] {
        assert_eq!(pause(Some(said), 1.0), Duration::from_secs(counts));
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
    // The keys are stale and no request came: the one fetch fails.
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
    assert!(world.fetches <= 3_600 / 5 + 11, "{}", world.fetches);
}

#[test]
fn s06_a_fetch_that_was_lost_counts_for_nothing() {
    let mut world = World::new();
    for _ in 0..100 {
        let ticket = world.state.started(world.now);
        world.state.never_began(ticket);
        assert_eq!(world.state.decide(Asked::Known, world.now), Decision::Fetch);
    }
    // Where the issuer may have been asked, the budget bounds how often.
    for _ in 0..BURST {
        assert_eq!(world.state.decide(Asked::Known, world.now), Decision::Fetch);
        let ticket = world.state.started(world.now);
        world.state.lost(ticket);
    }
    assert!(is_refused(world.state.decide(Asked::Known, world.now)));
    world.pass(BUDGET_INTERVAL);
    assert_eq!(world.state.decide(Asked::Known, world.now), Decision::Fetch);
    let mut world = World::with_keys();
    world.pass(COOLDOWN);
    let ticket = world.state.started(world.now);
    assert_eq!(
        world.state.decide(Asked::Unknown, world.now),
        Decision::Fetch,
        "joins"
    );
    world.state.lost(ticket);
    assert_eq!(
        world.state.decide(Asked::Unknown, world.now),
        Decision::Fetch,
        "starts again"
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
        let ticket = world.state.started(world.now);
        let said = said.map(Duration::from_secs);
        let said = said.map_or(Lifetime::Unsaid, Lifetime::Said);
        world.state.fetched(ticket, said, 0.0);
        assert_eq!(
            world.state.held.unwrap().lifetime,
            Duration::from_secs(counts)
        );
    }
}

#[test]
fn s04_a_set_is_renewed_between_70_and_85_percent_of_its_lifetime() {
    for (spread, seconds) in [(-1.0, 420), (0.0, 420), (0.5, 465), (1.0, 510), (2.0, 510)] {
        let mut world = World::new();
        assert_eq!(world.state.next_due(world.now), Duration::ZERO, "no keys");
        let ticket = world.state.started(world.now);
        world.state.fetched(ticket, Lifetime::Unsaid, spread);
        world.pass_secs(100);
        let due = world.state.next_due(world.now) + Duration::from_secs(100);
        let off = due.abs_diff(Duration::from_secs(seconds));
        assert!(off < Duration::from_millis(1), "{spread}: {due:?}");
        // After a failure it is the pause that counts.
        world.fetch(false);
        assert_eq!(world.state.next_due(world.now), world.state.pause);
    }
}

#[test]
fn what_is_held_is_told() {
    let mut world = World::new();
    assert_eq!(world.state.usable_for(world.now), Duration::ZERO);
    assert_eq!(world.state.last_asked(world.now), None);
    world.fetch(true);
    world.pass_secs(100);
    let passed = Duration::from_secs(100);
    assert_eq!(
        world.state.usable_for(world.now) + passed,
        LIFETIME + TOLERANCE
    );
    assert_eq!(world.state.last_asked(world.now), Some(passed));
}

#[test]
fn a_lifetime_by_hand_has_the_same_bounds() {
    for (seconds, is_sound) in [
        (0, false),
        (59, false),
        (60, true),
        (3_600, true),
        (3_601, false),
    ] {
        let limits = Limits {
            default_lifetime: Duration::from_secs(seconds),
            ..Limits::default()
        };
        assert_eq!(limits.has_sound_lifetime(), is_sound, "{seconds}");
    }
}

#[test]
fn s06_a_ticket_is_of_one_fetch() {
    let mut world = World::new();
    let first = world.state.started(world.now);
    let second = world.state.started(world.now);
    assert!(first.is(first) && second.is(second));
    assert!(!first.is(second) && !second.is(first));
}

fn fetched_ago(world: &World, age: Duration) -> InHand {
    InHand::Fetched {
        at: world.now.wall.saturating_sub(age),
        lifetime: LIFETIME,
    }
}

impl World {
    fn starting_with(in_hand: InHand) -> Self {
        let mut world = World::new();
        assert_eq!(world.state.start_with(in_hand, world.now), Ok(()));
        world
    }
}

#[test]
fn s10_keys_by_hand_serve_at_once_and_are_due() {
    let mut world = World::starting_with(InHand::Undated);
    assert_eq!(world.state.is_confirmed(), Some(false));
    assert_eq!(world.state.usable_for(world.now), TOLERANCE);
    assert_eq!(world.state.next_due(world.now), Duration::ZERO);
    assert_eq!(world.state.fetched_at(world.now), None);
    // Also where the first token comes late.
    world.pass_secs(1_800);
    let decision = world.state.decide(Asked::Known, world.now);
    assert_eq!(decision, Decision::ServeAndFetch);
    // Ahead of any token there is time.
    let decision = world.state.decide(Asked::Ahead, world.now);
    assert_eq!(decision, Decision::Fetch);
    assert_eq!(world.ask(Asked::Known, true), Decision::Serve);
    assert_eq!(world.state.is_confirmed(), Some(true));
    assert_eq!(world.state.age(world.now), Some(Duration::ZERO));
}

#[test]
fn s10_keys_by_hand_outlive_an_outage_up_to_the_tolerance() {
    let mut world = World::starting_with(InHand::Undated);
    for _ in 0..60 {
        assert_eq!(world.ask(Asked::Known, false), Decision::Serve);
        assert_eq!(world.ask(Asked::Ahead, false), Decision::Serve);
        world.pass_secs(60);
    }
    assert_eq!(world.ask(Asked::Known, false), Decision::Serve);
    world.pass_secs(1);
    assert!(is_refused(world.ask(Asked::Known, false)));
    world.pass_secs(60);
    assert_eq!(world.ask(Asked::Known, true), Decision::Serve);
    assert_eq!(world.state.is_confirmed(), Some(true));
}

#[test]
fn s10_a_fetch_that_never_ends_does_not_leave_unconfirmed_keys_in_use() {
    let longest = Limits::default().longest_fetch;
    for in_hand in [
        InHand::Undated,
        fetched_ago(&World::new(), LIFETIME + TOLERANCE / 2),
    ] {
        let mut world = World::starting_with(in_hand);
        let ticket = world.state.started(world.now);
        world.state.lost(ticket);
        world.pass(longest + NEWS);
        let decision = world.state.decide(Asked::Known, world.now);
        assert_eq!(decision, Decision::ServeAndFetch);
        world.pass_secs(1);
        let decision = world.state.decide(Asked::Known, world.now);
        assert_eq!(decision, Decision::Fetch, "now it is waited for");
        // A second try gives no new leave.
        let ticket = world.state.started(world.now);
        let decision = world.state.decide(Asked::Known, world.now);
        assert_eq!(decision, Decision::Fetch);
        world.state.failed(ticket, None, 0.5, world.now);
        assert_eq!(
            world.state.after_failure(Asked::Known, world.now),
            Decision::Serve
        );
    }
}

#[test]
fn s10_an_unknown_key_is_never_called_so_by_unconfirmed_keys() {
    for in_hand in [
        InHand::Undated,
        fetched_ago(&World::new(), Duration::from_secs(5)),
    ] {
        let mut world = World::starting_with(in_hand);
        let decision = world.state.decide(Asked::Unknown, world.now);
        assert_eq!(decision, Decision::Fetch);
        assert!(is_refused(world.ask(Asked::Unknown, false)));
        // Within the cooldown after a fetch that was lost, the set is not the issuer's word either.
        let mut world = World::starting_with(in_hand);
        for _ in 0..BURST {
            let ticket = world.state.started(world.now);
            world.state.lost(ticket);
        }
        let asked = world.state.started(world.now);
        world.state.in_flight = None;
        assert!(is_refused(world.state.decide(Asked::Unknown, world.now)));
        world.state.in_flight = Some(asked.number);
        assert!(world.state.fetched(asked, Lifetime::Unsaid, 0.5));
        let decision = world.state.decide(Asked::Unknown, world.now);
        assert_eq!(decision, Decision::Serve, "now it is");
    }
}

#[test]
fn s10_restored_keys_are_as_old_as_they_are() {
    let restored = |age: u64| {
        let world = World::new();
        World::starting_with(fetched_ago(&world, Duration::from_secs(age)))
    };
    // Fresh: nothing is asked.
    let world = restored(300);
    assert_eq!(world.state.age(world.now), Some(Duration::from_secs(300)));
    assert_eq!(world.state.decide(Asked::Known, world.now), Decision::Serve);
    assert_eq!(world.state.decide(Asked::Ahead, world.now), Decision::Serve);
    assert_eq!(world.state.is_confirmed(), Some(false));
    // Due.
    let world = restored(500);
    assert_eq!(
        world.state.decide(Asked::Known, world.now),
        Decision::ServeAndFetch
    );
    // Stale.
    let mut world = restored(700);
    assert_eq!(
        world.state.decide(Asked::Known, world.now),
        Decision::ServeAndFetch
    );
    assert_eq!(world.state.decide(Asked::Ahead, world.now), Decision::Fetch);
    world.pass_secs(600 + 3_600 - 700);
    assert_eq!(world.ask(Asked::Known, false), Decision::Serve);
    world.pass_secs(1);
    assert!(is_refused(world.ask(Asked::Known, false)));
    // A wall clock that is set back doesn't make them young.
    let mut world = restored(600 + 3_600);
    world.now.wall = world.now.wall.saturating_sub(Duration::from_secs(100_000));
    world.now.monotonic += Duration::from_secs(1);
    assert_eq!(world.state.usable_for(world.now), Duration::ZERO);
    assert!(is_refused(world.ask(Asked::Known, false)));
}

#[test]
fn s10_what_is_too_old_or_of_the_future_is_not_restored() {
    let mut world = World::new();
    let state = &mut world.state;
    let now = world.now;
    let mut start = |at: NumericDate, lifetime: u64| {
        let lifetime = Duration::from_secs(lifetime);
        state.start_with(InHand::Fetched { at, lifetime }, now)
    };
    let ago = |age| now.wall.saturating_sub(Duration::from_secs(age));
    let ahead = |by| now.wall.saturating_add(Duration::from_secs(by));
    assert_eq!(start(ago(4_201), 600), Err(Unusable::TooOld));
    assert_eq!(
        start(NumericDate::from_secs(i64::MIN), 600),
        Err(Unusable::TooOld)
    );
    // No lifetime is longer than an hour.
    assert_eq!(start(ago(7_201), u64::MAX), Err(Unusable::TooOld));
    assert_eq!(start(ahead(31), 600), Err(Unusable::InTheFuture));
    assert_eq!(
        start(NumericDate::from_secs(i64::MAX), 600),
        Err(Unusable::InTheFuture)
    );
    assert_eq!(state.age(now), None);
    let mut start = |at| {
        let lifetime = LIFETIME;
        state.start_with(InHand::Fetched { at, lifetime }, now)
    };
    assert_eq!(start(ahead(30)), Ok(()));
    assert_eq!(state.age(now), Some(Duration::ZERO));
}

#[test]
fn s10_what_goes_into_a_snapshot_does_not_grow_younger() {
    let mut world = World::with_keys();
    world.pass(Duration::from_millis(300_500));
    let mut age = world.state.age(world.now).unwrap();
    for _ in 0..10 {
        let (at, lifetime) = world.state.fetched_at(world.now).unwrap();
        assert_eq!(lifetime, LIFETIME);
        let before = world.now;
        world = World::new();
        world.now.wall = before.wall;
        let in_hand = InHand::Fetched { at, lifetime };
        world.state.start_with(in_hand, world.now).unwrap();
        world.pass(Duration::from_millis(700));
        let next = world.state.age(world.now).unwrap();
        assert!(next >= age + Duration::from_millis(700), "{next:?}");
        age = next;
    }
}

mod properties;
