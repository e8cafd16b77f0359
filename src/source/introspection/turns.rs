//! The bound on concurrent calls, which follows what the server answers in time.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use super::super::bounds::{
    CALLS_AT_FIRST, KEPT_AFTER, LONGEST_QUEUE, MAX_KEPT_AFTER, MAX_KEPT_CONNECTIONS,
};

/// The turns of one endpoint's calls.
pub(super) struct Turns {
    max: usize,
    state: Mutex<State>,
}

struct State {
    /// Calls at once, for now.
    bound: usize,
    /// More than one call may run at once, now or later.
    can_reserve: bool,
    /// Answers in time since the bound last changed.
    in_time: usize,
    /// How often the bound was halved. A call belongs to the one that it began after.
    cuts: u64,
    /// Connections that may be kept open. A server with a worker for each connection serves no
    /// other while it waits for more on one that is kept.
    kept: usize,
    /// Answers in time, on connections that were not kept, since `kept` last changed.
    kept_in_time: usize,
    /// How many of those let one more connection be kept, for each that is.
    kept_after: usize,
    running: PerKind<usize>,
    running_kept: usize,
    waiting: PerKind<VecDeque<oneshot::Sender<Turn>>>,
}

/// One value for tokens that were active lately, and one for others.
#[derive(Default)]
pub(super) struct PerKind<T> {
    pub(super) known: T,
    pub(super) new: T,
}

/// The turn of one call, until it is dropped.
pub(super) struct Turn {
    of: Option<Arc<Turns>>,
    is_known: bool,
    /// Its connection may be kept.
    pub(super) is_kept: bool,
    cuts: u64,
}

impl Turns {
    pub(super) fn new(max: usize) -> Arc<Self> {
        Arc::new(Turns {
            max,
            state: Mutex::new(State {
                bound: max.min(CALLS_AT_FIRST),
                can_reserve: max > 1,
                in_time: 0,
                cuts: 0,
                kept: 1,
                kept_in_time: 0,
                kept_after: KEPT_AFTER,
                running: PerKind::default(),
                running_kept: 0,
                waiting: PerKind::default(),
            }),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a turn, but not for long.
    pub(super) async fn take(self: &Arc<Self>, is_known: bool) -> Option<Turn> {
        let turn = {
            let (sender, turn) = oneshot::channel();
            let mut state = self.state();
            let waiting = state.waiting.of(is_known);
            // Those that gave up are at the front.
            while waiting.front().is_some_and(oneshot::Sender::is_closed) {
                waiting.pop_front();
            }
            waiting.push_back(sender);
            self.grant(&mut state);
            turn
        };
        let turn = tokio::time::timeout(LONGEST_QUEUE, turn).await;
        turn.ok()?.ok()
    }

    /// Hands out the turns that are free.
    fn grant(self: &Arc<Self>, state: &mut State) {
        while let Some(is_known) = state.next() {
            let Some(sender) = state.waiting.of(is_known).pop_front() else {
                return;
            };
            let is_kept = state.running_kept < state.kept;
            let turn = Turn {
                of: Some(Arc::clone(self)),
                is_known,
                is_kept,
                cuts: state.cuts,
            };
            match sender.send(turn) {
                Ok(()) => {
                    *state.running.of(is_known) += 1;
                    state.running_kept += usize::from(is_kept);
                }
                // Its drop would wait for the lock.
                Err(mut turn) => turn.of = None,
            }
        }
    }
}

impl<T> PerKind<T> {
    pub(super) fn of(&mut self, is_known: bool) -> &mut T {
        if is_known {
            &mut self.known
        } else {
            &mut self.new
        }
    }
}

impl State {
    /// How many calls are for known tokens alone: a quarter, but at least one. One call can't be
    /// divided where it is all that may be.
    fn reserved(&self) -> usize {
        (self.bound / 4).max(usize::from(self.can_reserve))
    }

    /// Whether the next turn is one of a known token. A reserved call is free also while calls for
    /// new tokens, which began before the bound was halved, exceed the bound.
    fn next(&self) -> Option<bool> {
        let (known, new) = (self.running.known, self.running.new);
        let reserved = self.reserved();
        let has_room = known + new < self.bound;
        let most_new = self.bound.saturating_sub(reserved).max(1);
        let new_waits = !self.waiting.new.is_empty() && has_room && new < most_new;
        let may_be_known = has_room || known < reserved;
        if !self.waiting.known.is_empty() && may_be_known && (known <= reserved || !new_waits) {
            Some(true)
        } else {
            new_waits.then_some(false)
        }
    }

    /// Whether more calls would run if they could.
    fn is_full(&self) -> bool {
        let reserved = self.reserved();
        self.running.known + self.running.new + reserved >= self.bound
    }
}

impl Turn {
    /// The server answered in time.
    pub(super) fn was_in_time(&self) {
        let Some(turns) = &self.of else {
            return;
        };
        let mut state = turns.state();
        if state.is_full() {
            state.in_time += 1;
            // Quickly as far as at first, then by one for each round of calls.
            let round = if state.bound < CALLS_AT_FIRST {
                1
            } else {
                state.bound
            };
            if state.in_time >= round {
                state.in_time = 0;
                state.bound = (state.bound + 1).min(turns.max);
                turns.grant(&mut state);
            }
        }
        if !self.is_kept {
            state.kept_in_time += 1;
            if state.kept_in_time >= state.kept_after.saturating_mul(state.kept.max(1)) {
                state.kept_in_time = 0;
                state.kept = (state.kept + 1).min(MAX_KEPT_CONNECTIONS);
            }
        }
    }

    /// The server did not answer in time. Calls that ran together are late together.
    pub(super) fn was_late(&self) {
        let Some(turns) = &self.of else {
            return;
        };
        let mut state = turns.state();
        if self.cuts == state.cuts {
            state.cuts = state.cuts.wrapping_add(1);
            state.bound = (state.bound / 2).max(1);
            state.in_time = 0;
            state.kept /= 2;
            state.kept_in_time = 0;
            state.kept_after = state.kept_after.saturating_mul(2).min(MAX_KEPT_AFTER);
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let Some(turns) = self.of.take() else {
            return;
        };
        let mut state = turns.state();
        let running = state.running.of(self.is_known);
        *running = running.saturating_sub(1);
        state.running_kept = state.running_kept.saturating_sub(usize::from(self.is_kept));
        turns.grant(&mut state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn taken(turns: &Arc<Turns>, is_known: bool) -> Option<Turn> {
        // Without a wait.
        tokio::select! {
            biased;
            turn = turns.take(is_known) => turn,
            () = std::future::ready(()) => None,
        }
    }

    async fn all(turns: &Arc<Turns>, is_known: bool) -> Vec<Turn> {
        let mut all = Vec::new();
        while let Some(turn) = taken(turns, is_known).await {
            all.push(turn);
        }
        all
    }

    fn bounds(turns: &Turns) -> (usize, usize) {
        let state = turns.state();
        (state.bound, state.kept)
    }

    #[tokio::test]
    async fn f03_a_quarter_of_the_turns_is_for_known_tokens() {
        for (max, of_new, of_known) in [
            (1, 1, 0),
            (2, 1, 1),
            (3, 2, 1),
            (4, 3, 1),
            (8, 6, 2),
            (16, 12, 4),
        ] {
            let turns = Turns::new(max);
            let new = all(&turns, false).await;
            let known = all(&turns, true).await;
            assert_eq!((new.len(), known.len()), (of_new, of_known), "{max}");
            drop((new, known));
            assert_eq!(all(&turns, true).await.len(), max);
        }
    }

    #[tokio::test]
    async fn f03_the_bound_grows_while_answers_come_in_time_and_halves_when_one_is_late() {
        let turns = Turns::new(64);
        assert_eq!(turns.state().bound, CALLS_AT_FIRST);
        // One call at a time needs no more.
        for _ in 0..1_000 {
            taken(&turns, false).await.unwrap().was_in_time();
        }
        assert_eq!(turns.state().bound, CALLS_AT_FIRST);
        for _ in 0..10_000 {
            for turn in all(&turns, false).await {
                turn.was_in_time();
            }
            if turns.state().bound == 64 {
                break;
            }
        }
        assert_eq!(turns.state().bound, 64);
        assert_eq!(turns.state().kept, MAX_KEPT_CONNECTIONS);
        for turn in all(&turns, false).await {
            turn.was_late();
        }
        assert_eq!(bounds(&turns), (32, 8));
        for _ in 0..10 {
            taken(&turns, true).await.unwrap().was_late();
        }
        assert_eq!(bounds(&turns), (1, 0));
        for turn in all(&turns, true).await {
            turn.was_in_time();
        }
        assert_eq!(turns.state().bound, 2);
    }

    /// Calls for tokens that make the server hang end long after the bound was halved for them.
    #[tokio::test]
    async fn f03_calls_from_before_the_bound_was_halved_take_no_reserved_call() {
        let turns = Turns::new(64);
        let mut hang = all(&turns, false).await;
        assert_eq!(hang.len(), 12);
        for (bound, of_known) in [(8, 2), (4, 1), (2, 1), (1, 1), (1, 1)] {
            for turn in &hang {
                turn.was_late();
            }
            assert_eq!(turns.state().bound, bound);
            assert!(taken(&turns, false).await.is_none());
            let known = all(&turns, true).await;
            assert_eq!(known.len(), of_known, "{bound}");
            drop(known);
            hang.clear();
            hang = all(&turns, false).await;
            assert_eq!(hang.len(), (bound - of_known).max(1));
        }
        // The last call may be either kind's.
        drop(hang);
        assert_eq!(all(&turns, true).await.len(), 1);
    }

    #[tokio::test]
    async fn f03_who_waits_gets_the_turn_that_ends_and_who_gave_up_takes_none() {
        let turns = Turns::new(1);
        let first = taken(&turns, false).await.unwrap();
        for _ in 0..100 {
            assert!(taken(&turns, false).await.is_none());
        }
        assert!(turns.state().waiting.new.len() <= 1);
        let waiting = {
            let turns = Arc::clone(&turns);
            tokio::spawn(async move { turns.take(false).await.is_some() })
        };
        tokio::task::yield_now().await;
        drop(first);
        assert!(waiting.await.unwrap());
        assert!(taken(&turns, false).await.is_some());
    }
}
