//! One tenant: its keys, and when they were last used.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::super::jwks::RemoteJwks;

pub(super) struct Tenant {
    pub(super) issuer: Arc<str>,
    pub(super) keys: RemoteJwks,
    /// By the monotonic clock.
    pub(super) made: Duration,
    /// By the same, in nanoseconds.
    last_used: AtomicU64,
}

impl Tenant {
    pub(super) fn new(issuer: &str, keys: RemoteJwks, now: Duration) -> Self {
        Tenant {
            issuer: issuer.into(),
            keys,
            made: now,
            last_used: AtomicU64::new(nanos(now)),
        }
    }

    pub(super) fn used(&self, now: Duration) {
        self.last_used.store(nanos(now), Ordering::Relaxed);
    }

    /// In nanoseconds of the monotonic clock.
    pub(super) fn last_used(&self) -> u64 {
        self.last_used.load(Ordering::Relaxed)
    }

    pub(super) fn unused_for(&self, now: Duration) -> Duration {
        now.saturating_sub(Duration::from_nanos(self.last_used()))
    }
}

/// Enough for centuries.
fn nanos(moment: Duration) -> u64 {
    u64::try_from(moment.as_nanos()).unwrap_or(u64::MAX)
}
