//! The cache of tokens that keys have verified. A token that comes again is found by a digest of
//! its whole text, before it is parsed.
//!
//! A hit only ever accepts. All that may end in another way than before is checked again here, and
//! where a check fails, the token is judged as a new one. So the verdict, and every detail of a
//! refusal, is what it would be without the cache.

mod store;
#[cfg(test)]
mod store_tests;

use std::fmt;
use std::sync::Arc;

use super::Validator;
use super::issuers::Trusted;
use crate::build_error::{ConfigErrorKind, Problems};
use crate::core::{
    Evidence, KeyedDigest, NumericDate, PresentedToken, Remembered, Unconfirmed, UnverifiedJwt,
};
use store::Store;

/// A smaller cache holds no token of the default size limit.
const MIN_BYTES: u64 = 1024 * 1024;
const MAX_BYTES: u64 = 64 * 1024 * 1024 * 1024;

/// The tokens that one Validator has verified.
pub(super) struct TokenCache {
    digest: KeyedDigest,
    store: Store<Known>,
    max_bytes: u64,
}

/// A token that was verified, and the number of its issuer.
#[derive(Clone)]
struct Known {
    token: Arc<Remembered>,
    issuer: usize,
}

/// What is known of a token before it is parsed.
pub(super) enum Sight<'v> {
    /// It was verified before, and is still good. What the request proves is not checked yet.
    Known(Unconfirmed, &'v Trusted),
    /// It must be judged. If it is good, it enters the cache under this key.
    New(Option<TokenKey>),
}

/// What the cache finds a token by.
#[derive(Clone, Copy)]
pub(super) struct TokenKey(u128);

impl TokenCache {
    /// `None` if none is set, or if the system gives no random secret: a cache only saves time.
    pub(super) fn new(max_bytes: Option<u64>) -> Option<Self> {
        let max_bytes = max_bytes?;
        Some(TokenCache {
            digest: KeyedDigest::new()?,
            store: Store::new(max_bytes),
            max_bytes,
        })
    }

    pub(super) fn status(&self) -> TokenCacheStatus {
        let usage = self.store.usage();
        TokenCacheStatus {
            entries: usage.entries,
            bytes: usage.bytes as u64,
            max_bytes: self.max_bytes,
        }
    }

    fn key(&self, token: &str) -> Option<TokenKey> {
        self.digest.of(token).map(TokenKey)
    }

    fn insert(&self, key: TokenKey, known: Known, now: NumericDate) {
        let end = known.token.end().map_or(i64::MAX, NumericDate::as_secs);
        let bytes = known.token.estimated_bytes();
        self.store.insert(key.0, known, bytes, end, now.as_secs());
    }
}

pub(super) fn check_size(max_bytes: Option<u64>, problems: &mut Problems) {
    if let Some(bytes) = max_bytes
        && !(MIN_BYTES..=MAX_BYTES).contains(&bytes)
    {
        problems.push(ConfigErrorKind::TokenCacheSize { bytes });
    }
}

impl Validator {
    /// Looks for a token before it is parsed.
    pub(super) fn sight(&self, token: &str) -> Sight<'_> {
        let cache = self.0.tokens.as_ref();
        let Some(cache) = cache.filter(|_| self.may_be_known(token)) else {
            return Sight::New(None);
        };
        let Some(key) = cache.key(token) else {
            return Sight::New(None);
        };
        match self.recall(cache, key) {
            Some((token, issuer)) => Sight::Known(token, issuer),
            None => Sight::New(Some(key)),
        }
    }

    /// No other text is worth its digest.
    fn may_be_known(&self, token: &str) -> bool {
        token.len() <= self.0.settings.max_token_bytes && PresentedToken::may_be_jwt(token)
    }

    /// A known token, if it would be accepted as a new one. Its source says which keys are current,
    /// and has nothing to do first: a due refresh is started on the way of a new token.
    fn recall(&self, cache: &TokenCache, key: TokenKey) -> Option<(Unconfirmed, &Trusted)> {
        let known = cache.store.get(key.0)?;
        let issuer = self.0.issuers.numbered(known.issuer)?;
        let now = self.0.clock.now();
        let keys = issuer.source().current_keys(known.token.issuer(), now)?;
        let by_current_keys = if known.token.is_by(&keys) {
            known.token
        } else {
            // The set was refreshed. This allocates, once for each token and set.
            let Some(renewed) = known.token.renewed_by(&keys).map(Arc::new) else {
                // A token that must be verified again stays until then, to keep its place.
                if known.token.is_by_key_id() {
                    cache.store.remove(key.0);
                }
                return None;
            };
            let token = Arc::clone(&renewed);
            cache.insert(key, Known { token, ..known }, now);
            renewed
        };
        let recalled = Unconfirmed::recall(by_current_keys, now).ok();
        if recalled.is_none() {
            cache.store.remove(key.0);
        }
        Some((recalled?, issuer))
    }

    /// A token that was verified just now, by this evidence. From now on the cache shares it.
    pub(super) fn remember(
        &self,
        key: Option<TokenKey>,
        token: Unconfirmed,
        jwt: Option<&UnverifiedJwt<'_>>,
        evidence: &Evidence,
        issuer: &Trusted,
    ) -> Unconfirmed {
        let (Some(cache), Some(key), Some(jwt), Evidence::Keys(keys)) =
            (self.0.tokens.as_ref(), key, jwt, evidence)
        else {
            return token;
        };
        // A source that doesn't say so would never have a hit.
        let now = token.judged_at();
        let current = issuer.source().current_keys(token.issuer(), now);
        if !current.is_some_and(|current| Arc::ptr_eq(&current, keys)) {
            return token;
        }
        let (token, remembered) = token.shared(keys, jwt.key_id());
        if let Some(token) = remembered {
            let issuer = issuer.number;
            cache.insert(key, Known { token, issuer }, now);
        }
        token
    }

    /// Drops a token of any form from the cache.
    pub(super) fn forget_verified(&self, token: &str) {
        if let Some(cache) = &self.0.tokens
            && let Some(key) = cache.key(token)
        {
            cache.store.remove(key.0);
        }
    }
}

/// What the cache of verified tokens holds: see
/// [`Health::token_cache`](crate::health::Health::token_cache). It serializes to an object with
/// `entries`, `bytes` and `max_bytes`.
///
/// ```
/// use resource_server::{Validator, testing::TestIssuer};
///
/// let issuer = TestIssuer::new("https://as.example.com", "https://api.example.com");
/// let validator = Validator::builder()
///     .audience("https://api.example.com")
///     .issuer(issuer.to_issuer())
///     .token_cache(64 * 1024 * 1024)
///     .build()?;
/// let token = issuer.token().mint();
/// assert!(validator.validate_cached(&token).unwrap().is_ok());
/// assert_eq!(validator.health().token_cache().unwrap().entries(), 1);
///
/// validator.forget(&token);
/// assert_eq!(validator.health().token_cache().unwrap().bytes(), 0);
/// # Ok::<(), resource_server::error::BuildError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct TokenCacheStatus {
    entries: usize,
    bytes: u64,
    max_bytes: u64,
}

impl TokenCacheStatus {
    /// How many tokens it holds.
    pub fn entries(&self) -> usize {
        self.entries
    }

    /// How many bytes they need, as it estimates them.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// How many bytes they may need:
    /// [`ValidatorBuilder::token_cache`](crate::ValidatorBuilder::token_cache).
    pub fn max_bytes(&self) -> u64 {
        self.max_bytes
    }
}

impl fmt::Debug for TokenCache {
    /// Shows no token and no secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenCache")
            .field("max_bytes", &self.max_bytes)
            .finish_non_exhaustive()
    }
}
