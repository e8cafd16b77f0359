//! The one shared in-flight request: work that is done once for all who wait for it, and that no
//! caller can cancel.
//!
//! A [`Flight`] is what callers share while the work goes on. A [`Landing`] goes with the work, and
//! hands its outcome to all of them. Work that is dropped before it has landed is lost: its runtime
//! has ended, or it panicked. Its waiters learn of that, and the next caller begins again. The
//! owner of a flight keeps it where it likes, one or by key, under a lock of its own.
//!
//! The lock must be let go before the work is spawned: a runtime that is shutting down drops a task
//! within `spawn`, and what is to happen to lost work usually takes that lock.

use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::watch;

/// Work under way.
pub(super) struct Flight<T> {
    number: u64,
    begun: Instant,
    landing: watch::Receiver<Option<T>>,
}

impl<T> Clone for Flight<T> {
    fn clone(&self) -> Self {
        Flight {
            number: self.number,
            begun: self.begun,
            landing: self.landing.clone(),
        }
    }
}

/// What came of waiting.
pub(super) enum Awaited<T> {
    Landed(T),
    /// There is no outcome, and there will be none.
    Lost,
    /// There is no outcome yet.
    Late,
}

/// How work was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Loss {
    /// It was never begun.
    Unbegun,
    /// It was dropped half way: its runtime has ended.
    Dropped,
    Panicked,
}

/// What goes with the work. If it is dropped before it has landed, `lost` is called with the
/// flight's number, and then the waiters learn of it.
pub(super) struct Landing<T, L: FnOnce(u64, Loss)> {
    number: u64,
    has_begun: bool,
    lost: Option<L>,
    outcome: watch::Sender<Option<T>>,
}

/// Both ends of one flight. `lost` runs at most once, without any lock that is held here.
pub(super) fn take_off<T, L: FnOnce(u64, Loss)>(lost: L) -> (Flight<T>, Landing<T, L>) {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let (outcome, landing) = watch::channel(None);
    let flight = Flight {
        number,
        begun: Instant::now(),
        landing,
    };
    let landing = Landing {
        number,
        has_begun: false,
        lost: Some(lost),
        outcome,
    };
    (flight, landing)
}

impl<T> Flight<T> {
    /// The number of this flight, which no other flight of the process has.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// Whether the work may still land, and in time. Work that takes longer than `limit` is stuck:
    /// on a runtime that is not driven it neither goes on nor is dropped.
    pub(super) fn is_under_way(&self, limit: Duration) -> bool {
        self.landing.has_changed().is_ok() && !self.is_over(limit)
    }

    pub(super) fn is_over(&self, limit: Duration) -> bool {
        self.begun.elapsed() >= limit
    }

    /// How much is left of a time limit for the work.
    pub(super) fn left_of(&self, limit: Duration) -> Duration {
        limit.saturating_sub(self.begun.elapsed())
    }
}

impl<T: Clone> Flight<T> {
    /// Waits for the outcome until `late` ends.
    pub(super) async fn wait(&self, late: impl Future<Output = ()>) -> Awaited<T> {
        let mut landing = self.landing.clone();
        tokio::select! {
            biased;
            landed = landing.wait_for(Option::is_some) => match landed {
                Ok(outcome) => outcome.clone().map_or(Awaited::Lost, Awaited::Landed),
                Err(_) => Awaited::Lost,
            },
            () = late => Awaited::Late,
        }
    }
}

impl<T, L: FnOnce(u64, Loss)> Landing<T, L> {
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// The work begins: from now on the other side may see it.
    pub(super) fn begin(&mut self) {
        self.has_begun = true;
    }

    /// Hands the outcome to all who wait.
    pub(super) fn land(mut self, outcome: T) {
        self.lost = None;
        self.outcome.send_replace(Some(outcome));
    }
}

impl<T, L: FnOnce(u64, Loss)> Drop for Landing<T, L> {
    fn drop(&mut self) {
        let Some(lost) = self.lost.take() else {
            return;
        };
        let how = if std::thread::panicking() {
            Loss::Panicked
        } else if self.has_begun {
            Loss::Dropped
        } else {
            Loss::Unbegun
        };
        lost(self.number, how);
    }
}

#[cfg(test)]
impl<T> Flight<T> {
    /// The same, as if it had begun so much earlier.
    pub(super) fn begun_earlier(mut self, by: Duration) -> Self {
        self.begun = self.begun.checked_sub(by).unwrap();
        self
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    const LIMIT: Duration = Duration::from_secs(60);

    fn never() -> impl Future<Output = ()> {
        std::future::pending()
    }

    #[tokio::test]
    async fn s06_an_outcome_goes_to_all_who_wait_and_to_those_who_come_later() {
        let (flight, mut landing) = take_off(|_, _| unreachable!());
        assert!(flight.is_under_way(LIMIT));
        let waiting = {
            let flight = flight.clone();
            tokio::spawn(async move { flight.wait(never()).await })
        };
        tokio::task::yield_now().await;
        landing.begin();
        landing.land(7);
        assert!(matches!(waiting.await.unwrap(), Awaited::Landed(7)));
        assert!(matches!(flight.wait(never()).await, Awaited::Landed(7)));
        assert!(!flight.is_under_way(LIMIT));
    }

    #[tokio::test]
    async fn s06_lost_work_is_told_to_its_owner_and_then_to_those_who_wait() {
        for (has_begun, expected) in [(false, Loss::Unbegun), (true, Loss::Dropped)] {
            let told = Arc::new(Mutex::new(None));
            let seen = Arc::clone(&told);
            let (flight, mut landing) = take_off::<(), _>(move |_, loss| {
                *seen.lock().unwrap() = Some(loss);
            });
            if has_begun {
                landing.begin();
            }
            drop(landing);
            assert_eq!(*told.lock().unwrap(), Some(expected));
            assert!(matches!(flight.wait(never()).await, Awaited::Lost));
            assert!(!flight.is_under_way(LIMIT));
        }
    }

    #[tokio::test]
    async fn s06_work_that_panics_is_lost_as_such() {
        let told = Arc::new(Mutex::new(None));
        let seen = Arc::clone(&told);
        let (flight, landing) = take_off::<(), _>(move |_, loss| {
            *seen.lock().unwrap() = Some(loss);
        });
        let work = tokio::spawn(async move {
            let mut landing = landing;
            landing.begin();
            panic!("on purpose");
        });
        assert!(work.await.unwrap_err().is_panic());
        assert!(matches!(flight.wait(never()).await, Awaited::Lost));
        assert_eq!(*told.lock().unwrap(), Some(Loss::Panicked));
    }

    #[tokio::test]
    async fn s06_work_that_is_stuck_is_waited_for_no_longer_than_its_limit() {
        let (flight, landing) = take_off::<(), _>(|_, _| ());
        assert!(flight.left_of(LIMIT) > Duration::from_secs(50));
        assert_eq!(flight.left_of(Duration::ZERO), Duration::ZERO);
        assert!(!flight.is_under_way(Duration::ZERO));
        let late = flight.wait(std::future::ready(())).await;
        assert!(matches!(late, Awaited::Late));
        // Nothing is lost by waiting.
        assert!(flight.is_under_way(LIMIT));
        drop(landing);
    }
}
