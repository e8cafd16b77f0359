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

fn new(token: &str) -> Caller {
    Caller {
        token: TokenHash::of(token),
        is_known: false,
    }
}

fn known(token: &str) -> Caller {
    Caller {
        is_known: true,
        ..new(token)
    }
}

fn begin(pauses: &Pauses, caller: Caller, millis: u64) -> Attempt<'_> {
    let begun = pauses.try_begin(caller, at(millis)).ok().flatten();
    begun.unwrap_or_else(|| panic!("no call at {millis}"))
}

/// A call that fails, for a reason that may be its token.
fn fail(pauses: &Pauses, caller: Caller, millis: u64) {
    begin(pauses, caller, millis).failed(Blame::EndpointOrToken, error(), 1.0, at(millis));
}

fn left(pauses: &Pauses, caller: Caller, millis: u64) -> Option<Duration> {
    pauses.check(caller, at(millis)).err()?.retry_after()
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn s08_a_pause_grows_and_one_call_at_a_time_ends_it() {
    let pauses = Pauses::default();
    let token = new("token");
    let mut now = 0;
    for pause in [1_000, 2_000, 4_000, 5_000, 5_000] {
        let trial = begin(&pauses, token, now);
        if now > 0 {
            assert!(matches!(pauses.try_begin(new("other"), at(now)), Ok(None)));
            // Each kind of tokens has a trial.
            drop(begin(&pauses, known("other"), now));
        }
        trial.failed(Blame::Endpoint, error(), 1.0, at(now));
        for caller in [token, new("other"), known("other")] {
            let refused = pauses.check(caller, at(now + pause - 1)).unwrap_err();
            assert_eq!(refused.retry_after(), Some(Duration::from_millis(1)));
            assert!(chain(&refused).ends_with(": status 500"));
        }
        now += pause;
    }
    // A trial without an outcome makes way for another.
    drop(begin(&pauses, token, now));
    begin(&pauses, token, now).answered();
    let [one, two] = [(); 2].map(|()| begin(&pauses, token, now));
    one.failed(Blame::Endpoint, error(), 0.0, at(now));
    assert_eq!(left(&pauses, token, now), Some(Duration::from_millis(750)));
    drop(two);
}

#[test]
fn s08_calls_that_began_before_a_pause_neither_lengthen_it_nor_end_what_was_asked_for() {
    let pauses = Pauses::default();
    let token = new("token");
    let [one, two, three, four, five, late] = [(); 6].map(|()| begin(&pauses, token, 0));
    one.failed(Blame::Endpoint, error(), 1.0, at(0));
    two.failed(Blame::Endpoint, error(), 1.0, at(500));
    assert_eq!(left(&pauses, token, 500), Some(Duration::from_millis(500)));
    three.answered();
    assert_eq!(left(&pauses, token, 500), None);
    // Nor does one begin another after an answer.
    late.failed(Blame::Endpoint, error(), 1.0, at(500));
    assert_eq!(left(&pauses, token, 500), None);
    let for_an_hour = error().retry_in(Duration::from_secs(3_600));
    four.failed(Blame::EndpointOrToken, for_an_hour, 1.0, at(500));
    assert_eq!(left(&pauses, known("other"), 500), Some(MAX_FETCH_PAUSE));
    five.answered();
    assert_eq!(left(&pauses, token, 500), Some(MAX_FETCH_PAUSE));
}

#[test]
fn s08_a_token_whose_calls_fail_is_paused_alone() {
    let pauses = Pauses::default();
    let (junk, good) = (new("junk"), new("good"));
    // However often it is sent.
    let mut now = 0;
    for pause in [1, 2, 4, 5, 5] {
        fail(&pauses, junk, now);
        assert_eq!(left(&pauses, junk, now), Some(seconds(pause)));
        assert_eq!(left(&pauses, good, now), None);
        now += pause * 1_000;
    }
    // Between answers, two junk tokens pause nothing else, however often they are sent.
    for _ in 0..10 {
        fail(&pauses, new("other junk"), now);
        assert_eq!(left(&pauses, good, now), None);
        begin(&pauses, good, now).answered();
        assert_eq!(left(&pauses, junk, now), None);
        fail(&pauses, junk, now);
    }
}

#[test]
fn s08_several_tokens_whose_calls_fail_one_after_another_pause_all_of_their_kind() {
    let pauses = Pauses::default();
    let token = |number: u64| new(&format!("token-{number}"));
    let (other, active) = (new("other"), known("active"));
    let mut now = 0;
    for pause in [1, 2, 4, 5, 5] {
        for number in 0..3 {
            assert_eq!(left(&pauses, other, now), None);
            fail(&pauses, token(now + number), now);
        }
        assert_eq!(left(&pauses, other, now), Some(seconds(pause)));
        assert_eq!(left(&pauses, active, now), None);
        now += pause * 1_000;
    }
    // Calls that fail together are one pause.
    let [a, b, c, d] = [0, 1, 2, 3].map(|number| begin(&pauses, known(&format!("{number}")), now));
    for attempt in [a, b, c] {
        attempt.failed(Blame::EndpointOrToken, error(), 1.0, at(now));
    }
    assert_eq!(left(&pauses, active, now), Some(seconds(1)));
    d.failed(Blame::EndpointOrToken, error(), 1.0, at(now + 900));
    assert_eq!(
        left(&pauses, active, now + 900),
        Some(Duration::from_millis(100))
    );
    // An answer about either kind ends both.
    for number in 0..3 {
        fail(&pauses, token(now + number), now);
    }
    assert_eq!(left(&pauses, other, now), Some(seconds(5)));
    begin(&pauses, active, now + 1_000).answered();
    assert_eq!(left(&pauses, other, now + 1_000), None);
    fail(&pauses, other, now + 1_000);
    assert_eq!(left(&pauses, token(0), now + 1_000), None);
}

/// A token that makes the endpoint hang is a trial until that ends, but not beyond its own pause.
#[test]
fn s08_a_trial_that_an_answer_or_a_pause_overtook_keeps_no_later_one_waiting() {
    for is_answered in [true, false] {
        let pauses = Pauses::default();
        let (hangs, good) = (new("hangs"), new("good"));
        let late = begin(&pauses, new("late"), 0);
        begin(&pauses, good, 0).failed(Blame::Endpoint, error(), 1.0, at(0));
        let overtaken = begin(&pauses, hangs, 1_000);
        if is_answered {
            begin(&pauses, known("active"), 1_000).answered();
            begin(&pauses, good, 1_000).failed(Blame::Endpoint, error(), 1.0, at(1_000));
        } else {
            let for_a_second = error().retry_in(seconds(1));
            late.failed(Blame::EndpointOrToken, for_a_second, 1.0, at(1_000));
        }
        let trial = begin(&pauses, good, 3_000);
        // Its end does not let another in while this trial is under way.
        drop(overtaken);
        assert!(matches!(
            pauses.try_begin(new("other"), at(3_000)),
            Ok(None)
        ));
        drop(trial);
        begin(&pauses, new("other"), 3_000).answered();
    }
}
