//! The cache of responses: what the authorization server said, never a verdict.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use crate::core::{IntrospectionResponse, sha256};

use super::super::bounds::MAX_REFUSED;
use super::super::moment::Moment;

/// The key of a response; the token itself is not kept. The cache is one source's own, so
/// another source's responses never apply here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct TokenHash([u8; 32]);

impl TokenHash {
    pub(super) fn of(token: &str) -> Self {
        TokenHash(sha256(token.as_bytes()))
    }

    pub(super) fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// How long responses are cached, and how many.
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

/// Made when it is first needed: most of thousands of issuers are idle, and an empty cache uses 32
/// KiB.
type Lazy<V> = LazyLock<Held<V>, Box<dyn FnOnce() -> Held<V> + Send>>;
type Held<V> = moka::sync::Cache<TokenHash, V>;

pub(super) struct Cache {
    active: Lazy<Kept>,
    active_for: Duration,
    /// Separate, so that a flood of inactive tokens evicts no active one.
    inactive: Lazy<Moment>,
    inactive_for: Duration,
    /// The response for every inactive token.
    refusal: Arc<IntrospectionResponse>,
}

impl Cache {
    pub(super) fn new(settings: &CacheSettings) -> Self {
        let (max_bytes, active_for) = (settings.max_bytes, settings.active_for);
        let inactive_for = settings.inactive_for;
        // Their own times only free memory; whether a response still applies is decided by our
        // clock.
        let active: Box<dyn FnOnce() -> Held<Kept> + Send> = Box::new(move || {
            moka::sync::Cache::builder()
                .weigher(|_, kept: &Kept| u32::try_from(kept.response.bytes()).unwrap_or(u32::MAX))
                .max_capacity(max_bytes)
                .time_to_live(active_for)
                .build()
        });
        let inactive: Box<dyn FnOnce() -> Held<Moment> + Send> = Box::new(move || {
            moka::sync::Cache::builder()
                .max_capacity(MAX_REFUSED)
                .time_to_live(inactive_for)
                .build()
        });
        Cache {
            active: LazyLock::new(active),
            active_for,
            inactive: LazyLock::new(inactive),
            inactive_for,
            refusal: Arc::new(IntrospectionResponse::inactive()),
        }
    }

    /// How long the response about an active token is kept.
    pub(super) fn active_for(&self) -> Duration {
        self.active_for
    }

    /// How long a response of this age still applies.
    pub(super) fn time_left(
        &self,
        response: &IntrospectionResponse,
        asked: Moment,
        now: Moment,
    ) -> Duration {
        let kept_for = if response.is_active() {
            self.active_for
        } else {
            self.inactive_for
        };
        let left = kept_for.saturating_sub(asked.elapsed(now));
        match response.expires_at() {
            Some(exp) if response.is_active() => left.min(exp.since(now.wall)),
            _ => left,
        }
    }

    /// A response that still applies. Its age is that of the request: it may not know of a
    /// revocation since then.
    pub(super) fn get(&self, hash: &TokenHash, now: Moment) -> Option<Arc<IntrospectionResponse>> {
        if let Some(kept) = self.active.get(hash) {
            let left = self.time_left(&kept.response, kept.asked, now);
            return (!left.is_zero()).then_some(kept.response);
        }
        let asked = self.inactive.get(hash)?;
        let left = self.time_left(&self.refusal, asked, now);
        (!left.is_zero()).then(|| Arc::clone(&self.refusal))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::NumericDate;

    fn at(seconds: u64) -> Moment {
        Moment {
            wall: NumericDate::from_secs(1_000).saturating_add(Duration::from_secs(seconds)),
            monotonic: Duration::from_secs(seconds),
        }
    }

    fn cache(max_bytes: u64) -> Cache {
        Cache::new(&CacheSettings {
            active_for: Duration::from_secs(60),
            inactive_for: Duration::from_secs(10),
            max_bytes,
        })
    }

    fn active() -> Arc<IntrospectionResponse> {
        let response = IntrospectionResponse::from_json(r#"{"active":true}"#);
        Arc::new(response.unwrap())
    }

    #[test]
    fn i05_a_flood_of_refused_tokens_evicts_nothing_that_is_good() {
        let cache = cache(1 << 20);
        let good = TokenHash::of("good");
        cache.insert(good, &active(), at(0));
        let inactive = Arc::new(IntrospectionResponse::inactive());
        for number in 0..3 * MAX_REFUSED {
            cache.insert(TokenHash::of(&number.to_string()), &inactive, at(0));
        }
        cache.inactive.run_pending_tasks();
        assert!(cache.inactive.entry_count() <= MAX_REFUSED);
        assert!(cache.get(&good, at(0)).unwrap().is_active());
    }

    #[test]
    fn i05_the_memory_of_answers_is_bounded() {
        let cache = cache(100 * 1024);
        let text = format!(r#"{{"active":true,"a":"{}"}}"#, "x".repeat(10 * 1024));
        let large = Arc::new(IntrospectionResponse::from_json(&text).unwrap());
        for number in 0..1_000 {
            cache.insert(TokenHash::of(&number.to_string()), &large, at(0));
        }
        cache.active.run_pending_tasks();
        assert!(cache.active.weighted_size() <= 100 * 1024);
        // Each is weighed by its whole text.
        assert!((1..10).contains(&cache.active.entry_count()));
    }

    #[test]
    fn i05_the_newest_answer_about_a_token_counts() {
        let cache = cache(1 << 20);
        let hash = TokenHash::of("token");
        let inactive = Arc::new(IntrospectionResponse::inactive());
        cache.insert(hash, &active(), at(0));
        cache.insert(hash, &inactive, at(1));
        assert!(!cache.get(&hash, at(2)).unwrap().is_active());
        cache.insert(hash, &active(), at(3));
        assert!(cache.get(&hash, at(4)).unwrap().is_active());
        assert!(cache.get(&hash, at(63)).is_none());
        cache.remove(&hash);
        assert!(cache.get(&hash, at(4)).is_none());
    }

    /// A clock that goes back makes no answer younger than the other clock has it.
    #[test]
    fn i05_the_age_of_an_answer_is_the_larger_of_two() {
        let cache = cache(1 << 20);
        let hash = TokenHash::of("token");
        cache.insert(hash, &active(), at(100));
        let back = Moment {
            wall: NumericDate::from_secs(0),
            ..at(160)
        };
        assert!(cache.get(&hash, back).is_none());
        let frozen = Moment {
            monotonic: Duration::from_secs(100),
            ..at(160)
        };
        assert!(cache.get(&hash, frozen).is_none());
    }
}
