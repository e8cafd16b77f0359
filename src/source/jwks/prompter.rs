//! The task that prompts the refreshes of a JWK Set.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::runtime::Handle;

use super::Inner;
use crate::source::bounds::{LONGEST_SLEEP, SHORTEST_SLEEP};

impl Inner {
    /// A task that only prompts: what is due is decided from the clock when it wakes. It ends with
    /// the last clone, or with its runtime; then the next fetch starts another.
    pub(super) fn start_prompter(self: &Arc<Self>, runtime: &Handle) {
        if self.is_lazy || self.has_prompter.swap(true, Ordering::AcqRel) {
            return;
        }
        let prompter = Prompter(Arc::downgrade(self));
        let mut alive = self.alive.subscribe();
        runtime.spawn(async move {
            while let Some(sleep) = prompter.prompt().await {
                tokio::select! {
                    _ = alive.changed() => break,
                    () = tokio::time::sleep(sleep) => {}
                }
            }
        });
    }
}

struct Prompter(Weak<Inner>);

impl Prompter {
    /// Starts what is due and waits for it; then says how long to sleep. `None` when the source is
    /// gone.
    async fn prompt(&self) -> Option<Duration> {
        let waiting = {
            let inner = self.0.upgrade()?;
            let now = inner.now();
            let mut state = inner.write();
            inner.give_up_stuck_flight(&mut state);
            let due_in = state.refresh.next_due(now);
            if !due_in.is_zero() && state.flight.is_none() {
                return Some(due_in.min(LONGEST_SLEEP));
            }
            inner.fetch(state, now).ok()?
        };
        // Holding nothing that would keep the source alive.
        let late = tokio::time::sleep(LONGEST_SLEEP);
        waiting.flight.wait(late).await;
        Some(SHORTEST_SLEEP)
    }
}

impl Drop for Prompter {
    fn drop(&mut self) {
        if let Some(inner) = self.0.upgrade() {
            inner.has_prompter.store(false, Ordering::Release);
        }
    }
}
