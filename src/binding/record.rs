//! What a replay store reports of its calls.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::chain::chain;
use crate::source_error::SourceError;

/// The errors of a store, for its status.
#[derive(Default)]
pub(super) struct Record {
    failures: AtomicU64,
    /// Whether there is a last error, so that a success takes no lock.
    is_failing: AtomicBool,
    last_error: Mutex<Option<String>>,
}

impl Record {
    /// Counts a result, and passes it on.
    pub(super) fn of<T>(&self, result: Result<T, SourceError>) -> Result<T, SourceError> {
        match &result {
            Ok(_) => {
                // Reading first leaves the cache line to all threads, as nearly all calls succeed.
                if self.is_failing.load(Ordering::Acquire) {
                    let mut text = self.text();
                    *text = None;
                    self.is_failing.store(false, Ordering::Release);
                }
            }
            Err(error) => {
                self.failures.fetch_add(1, Ordering::Relaxed);
                let mut text = self.text();
                *text = Some(chain(error));
                self.is_failing.store(true, Ordering::Release);
            }
        }
        result
    }

    pub(super) fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }

    pub(super) fn last_error(&self) -> Option<String> {
        self.text().clone()
    }

    fn text(&self) -> MutexGuard<'_, Option<String>> {
        self.last_error
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
