//! The tokens that were active lately, so that a flood of made-up tokens does not displace
//! them.

use std::hash::{BuildHasher, RandomState};
use std::sync::LazyLock;

use moka::policy::EvictionPolicy;
use moka::sync::Cache;

use super::super::bounds::{KNOWN_FOR, MAX_KNOWN_TOKENS};
use super::super::moment::Moment;
use super::cache::TokenHash;

/// Two keyed hashes of 64 bits.
type Digest = [u64; 2];

/// A keyed digest of each token that was active in the last hour, of the 10,000 that were used
/// last.
pub(super) struct ActiveTokens {
    secrets: [RandomState; 2],
    seen: LazyLock<Cache<Digest, Moment>>,
}

impl ActiveTokens {
    pub(super) fn new() -> Self {
        ActiveTokens {
            secrets: [RandomState::new(), RandomState::new()],
            seen: LazyLock::new(|| {
                Cache::builder()
                    .max_capacity(MAX_KNOWN_TOKENS)
                    .time_to_live(KNOWN_FOR)
                    .eviction_policy(EvictionPolicy::lru())
                    .build()
            }),
        }
    }

    fn digest(&self, token: &TokenHash) -> Digest {
        let [one, two] = &self.secrets;
        [one.hash_one(token), two.hash_one(token)]
    }

    pub(super) fn contains(&self, token: &TokenHash, now: Moment) -> bool {
        let seen = self.seen.get(&self.digest(token));
        seen.is_some_and(|seen| seen.elapsed(now) < KNOWN_FOR)
    }

    /// The server has answered about this token.
    pub(super) fn answered(&self, token: &TokenHash, is_active: bool, now: Moment) {
        let digest = self.digest(token);
        if is_active {
            self.seen.insert(digest, now);
        } else {
            self.seen.invalidate(&digest);
        }
    }
}
