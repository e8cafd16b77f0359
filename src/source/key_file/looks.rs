//! When to read a key file, and what to answer in the meantime: pure, as `refresh` is.

use std::time::Duration;

use super::super::asked::Asked;
use super::super::bounds::KEY_FILE_COOLDOWN;
use super::super::moment::Moment;

/// How the looks went.
#[derive(Clone, Debug)]
pub(super) struct Looks {
    pub(super) interval: Duration,
    /// When the last look began.
    pub(super) last: Option<Moment>,
    /// When the last look began that brought keys, be it the same ones.
    pub(super) good: Option<Moment>,
    is_well: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    Serve,
    /// Look, or join the look under way.
    Look,
    Refuse {
        retry_in: Duration,
    },
}

impl Looks {
    pub(super) fn new(interval: Duration) -> Self {
        Looks {
            interval,
            last: None,
            good: None,
            is_well: false,
        }
    }

    pub(super) fn decide(&self, asked: Asked, is_under_way: bool, now: Moment) -> Decision {
        let since_last = self.since_last(now);
        match (asked, self.good) {
            (Asked::Known | Asked::Ahead, Some(_)) => {
                if since_last >= self.interval && !is_under_way {
                    Decision::Look
                } else {
                    Decision::Serve
                }
            }
            _ if since_last >= KEY_FILE_COOLDOWN || is_under_way => Decision::Look,
            _ => self.after_look(asked, now),
        }
    }

    /// What to answer when there is nothing to wait for.
    pub(super) fn after_look(&self, asked: Asked, now: Moment) -> Decision {
        let has_keys = self.good.is_some();
        // It may be a new key in a file that could not be read.
        if has_keys && (asked != Asked::Unknown || self.is_well) {
            return Decision::Serve;
        }
        Decision::Refuse {
            retry_in: KEY_FILE_COOLDOWN.saturating_sub(self.since_last(now)),
        }
    }

    pub(super) fn began(&mut self, now: Moment) {
        self.last = Some(now);
    }

    pub(super) fn ended(&mut self, began: Moment, is_well: bool) {
        self.is_well = is_well;
        if is_well {
            self.good = Some(began);
        }
    }

    fn since_last(&self, now: Moment) -> Duration {
        self.last.map_or(Duration::MAX, |last| last.elapsed(now))
    }
}

#[cfg(test)]
mod tests {
    use crate::core::NumericDate;

    use super::*;

    const INTERVAL: Duration = Duration::from_secs(10);

    fn at(seconds: u64) -> Moment {
        Moment {
            wall: NumericDate::from_secs(1_000_000).saturating_add(Duration::from_secs(seconds)),
            monotonic: Duration::from_secs(seconds),
        }
    }

    fn refused(decision: Decision) -> bool {
        matches!(decision, Decision::Refuse { .. })
    }

    #[test]
    fn s11_when_to_look() {
        let mut looks = Looks::new(INTERVAL);
        let decide = |looks: &Looks, asked, seconds| looks.decide(asked, false, at(seconds));
        // Without keys: once a second, and later callers join.
        assert_eq!(decide(&looks, Asked::Unknown, 0), Decision::Look);
        looks.began(at(0));
        assert_eq!(looks.decide(Asked::Unknown, true, at(0)), Decision::Look);
        looks.ended(at(0), false);
        assert!(refused(decide(&looks, Asked::Unknown, 0)));
        assert_eq!(decide(&looks, Asked::Unknown, 1), Decision::Look);
        looks.began(at(1));
        looks.ended(at(1), true);
        // With keys: when the interval is over, and one of all who come.
        assert_eq!(decide(&looks, Asked::Known, 10), Decision::Serve);
        assert_eq!(decide(&looks, Asked::Known, 11), Decision::Look);
        looks.began(at(11));
        assert_eq!(looks.decide(Asked::Known, true, at(30)), Decision::Serve);
        looks.ended(at(11), true);
        // For a key that is not there: once a second.
        assert_eq!(decide(&looks, Asked::Unknown, 11), Decision::Serve);
        assert_eq!(decide(&looks, Asked::Unknown, 12), Decision::Look);
        // By either clock: a process that was frozen wakes with a monotonic clock that stood still.
        let woken = Moment {
            wall: at(3_600).wall,
            ..at(11)
        };
        assert_eq!(looks.decide(Asked::Known, false, woken), Decision::Look);
        // While looks fail, the old keys are used without limit, and a key that is not among them
        // may be a new one.
        looks.began(at(30));
        looks.ended(at(30), false);
        assert_eq!(decide(&looks, Asked::Known, 31), Decision::Serve);
        assert!(refused(decide(&looks, Asked::Unknown, 30)));
        looks.began(at(1_000_000_000));
        looks.ended(at(1_000_000_000), false);
        let decision = looks.after_look(Asked::Known, at(1_000_000_000));
        assert_eq!(decision, Decision::Serve);
    }

    #[test]
    fn s11_ten_thousand_unknown_kids_in_a_minute_make_sixty_looks() {
        let mut looks = Looks::new(INTERVAL);
        let mut count = 0;
        for i in 0..10_000_u64 {
            let now = at(i * 6 / 1_000);
            if looks.decide(Asked::Unknown, false, now) == Decision::Look {
                count += 1;
                looks.began(now);
                looks.ended(now, i > 5_000);
            }
        }
        assert_eq!(count, 60);
    }
}
