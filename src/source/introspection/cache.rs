//! Answers that are kept for a while: what the authorization server said, never a verdict.

use std::sync::Arc;
use std::time::Duration;

use crate::core::{IntrospectionResponse, sha256};

use super::super::refresh::Moment;

/// Refused tokens are remembered up to this many.
const MAX_REFUSED: u64 = 10_000;

/// What an answer is kept under; the token itself is not kept. The cache is one source's own, so what another was told never
/// counts here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct TokenHash([u8; 32]);

impl TokenHash {
    pub(super) fn of(token: &str) -> Self {
        TokenHash(sha256(token.as_bytes()))
    }
}

/// How long answers are kept, and how many.
#[derive(Clone, Debug)]
pub(crate) struct CacheSettings {
    pub(crate) active_for: Duration,
    pub(crate) inactive_for: Duration,
    pub(crate) max_bytes: u64,
}

#[derive(Clone)]
struct Kept {
    response: Arc<IntrospectionResponse>,
    asked: Moment,
}

pub(super) struct Cache {
    active: moka::sync::Cache<TokenHash, Kept>,
    active_for: Duration,
    /// By themselves, so that no flood of them evicts what is good.
    inactive: moka::sync::Cache<TokenHash, Moment>,
    inactive_for: Duration,
    /// What all inactive tokens are answered with.
    refusal: Arc<IntrospectionResponse>,
}

impl Cache {
    pub(super) fn new(settings: &CacheSettings) -> Self {
        // Their own times only free memory; whether an answer still counts is decided by our clock.
        let active = moka::sync::Cache::builder()
            .weigher(|_, kept: &Kept| u32::try_from(kept.response.bytes()).unwrap_or(u32::MAX))
            .max_capacity(settings.max_bytes)
            .time_to_live(settings.active_for)
            .build();
        let inactive = moka::sync::Cache::builder()
            .max_capacity(MAX_REFUSED)
            .time_to_live(settings.inactive_for)
            .build();
        Cache {
            active,
            active_for: settings.active_for,
            inactive,
            inactive_for: settings.inactive_for,
            refusal: Arc::new(IntrospectionResponse::inactive()),
        }
    }

    /// An answer that still counts. Its age is that of the question: what was revoked meanwhile may not be known to it.
    pub(super) fn get(&self, hash: &TokenHash, now: Moment) -> Option<Arc<IntrospectionResponse>> {
        if let Some(kept) = self.active.get(hash) {
            let is_over = kept
                .response
                .expires_at()
                .is_some_and(|exp| now.wall >= exp);
            let is_fresh = !is_over && kept.asked.elapsed(now) < self.active_for;
            return is_fresh.then_some(kept.response);
        }
        let asked = self.inactive.get(hash)?;
        (asked.elapsed(now) < self.inactive_for).then(|| Arc::clone(&self.refusal))
    }

    pub(super) fn insert(
        &self,
        hash: TokenHash,
        response: &Arc<IntrospectionResponse>,
        asked: Moment,
    ) {
        if response.is_active() {
            self.inactive.invalidate(&hash);
            if !self.active_for.is_zero() {
                let response = Arc::clone(response);
                self.active.insert(hash, Kept { response, asked });
            }
        } else {
            self.active.invalidate(&hash);
            if !self.inactive_for.is_zero() {
                self.inactive.insert(hash, asked);
            }
        }
    }

    pub(super) fn remove(&self, hash: &TokenHash) {
        self.active.invalidate(hash);
        self.inactive.invalidate(hash);
    }
}
