//! Responses that several processes share, in a store of the user's own. It is read after the cache
//! in memory.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_lc_rs::hmac;
use moka::notification::RemovalCause;
use moka::policy::EvictionPolicy;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use crate::chain::chain;
use crate::core::{IntrospectionResponse, NumericDate, sha256};

use super::super::SourceError;
use super::super::bounds::{
    CLOCK_SKEW, FORGOTTEN_FOR, MAX_FORGOTTEN, MAX_REMOVALS, MIN_STORE_KEY_BYTES, STORE_LIMIT,
};
use super::cache::TokenHash;

/// Of the form of values below.
const VERSION: u8 = 1;
const TIME_BYTES: usize = 8;
const TAG_BYTES: usize = 32;
/// What keys and values of the store are made for, so that no hash or tag of another use fits.
const LABEL: &[u8] = b"resource-server introspection store 1";

/// A store of your own for introspection responses, so that the processes of a fleet share them:
/// Redis, memcached, a table. For [`Introspection::store`](crate::Introspection::store). Implement
/// it with plain `async fn`s.
///
/// It keeps bytes under a key, for a time. It needs to keep no promise: what it loses is asked for
/// again, and what it brings back is checked. Each call is given 100 ms; an error or a longer wait
/// means to go on without it, shows in
/// [`SourceStatus::last_error`](crate::health::SourceStatus::last_error), and never fails a
/// request.
///
/// ```
/// use resource_server::{error::SourceError, introspection::IntrospectionStore};
/// use std::collections::HashMap;
/// use std::sync::Mutex;
/// use std::time::Duration;
///
/// #[derive(Default)]
/// struct InMemory(Mutex<HashMap<[u8; 32], Vec<u8>>>);
///
/// impl IntrospectionStore for InMemory {
///     async fn get(&self, key: &[u8; 32]) -> Result<Option<Vec<u8>>, SourceError> {
///         Ok(self.0.lock().unwrap().get(key).cloned())
///     }
///     async fn put(
///         &self,
///         key: &[u8; 32],
///         value: &[u8],
///         _lifetime: Duration,
///     ) -> Result<(), SourceError> {
///         self.0.lock().unwrap().insert(*key, value.to_vec());
///         Ok(())
///     }
///     async fn remove(&self, key: &[u8; 32]) -> Result<(), SourceError> {
///         self.0.lock().unwrap().remove(key);
///         Ok(())
///     }
/// }
/// ```
pub trait IntrospectionStore: Send + Sync + 'static {
    /// The value that is stored under this key.
    ///
    /// # Errors
    /// The store can't be asked. Nothing kept is `None`, and no error.
    fn get(
        &self,
        key: &[u8; 32],
    ) -> impl Future<Output = Result<Option<Vec<u8>>, SourceError>> + Send;

    /// Keeps this value, in place of an older one, for `lifetime` from now: whole seconds, at least
    /// one and at most an hour. Longer does no harm but uses memory.
    ///
    /// # Errors
    /// It could not be kept.
    fn put(
        &self,
        key: &[u8; 32],
        value: &[u8],
        lifetime: Duration,
    ) -> impl Future<Output = Result<(), SourceError>> + Send;

    /// Removes the value that is stored under this key, if there is one.
    ///
    /// # Errors
    /// It may still be there.
    fn remove(&self, key: &[u8; 32]) -> impl Future<Output = Result<(), SourceError>> + Send;
}

type Waiting<'a, T> = Pin<Box<dyn Future<Output = Result<T, SourceError>> + Send + 'a>>;

/// [`IntrospectionStore`] as a trait object.
pub(super) trait DynStore: Send + Sync {
    fn get<'a>(&'a self, key: &'a [u8; 32]) -> Waiting<'a, Option<Vec<u8>>>;
    fn put<'a>(&'a self, key: &'a [u8; 32], value: &'a [u8], lifetime: Duration)
    -> Waiting<'a, ()>;
    fn remove<'a>(&'a self, key: &'a [u8; 32]) -> Waiting<'a, ()>;
}

impl<S: IntrospectionStore> DynStore for S {
    fn get<'a>(&'a self, key: &'a [u8; 32]) -> Waiting<'a, Option<Vec<u8>>> {
        Box::pin(IntrospectionStore::get(self, key))
    }

    fn put<'a>(
        &'a self,
        key: &'a [u8; 32],
        value: &'a [u8],
        lifetime: Duration,
    ) -> Waiting<'a, ()> {
        Box::pin(IntrospectionStore::put(self, key, value, lifetime))
    }

    fn remove<'a>(&'a self, key: &'a [u8; 32]) -> Waiting<'a, ()> {
        Box::pin(IntrospectionStore::remove(self, key))
    }
}

/// A store as it was set, before the source that uses it is known.
pub(super) struct StoreSetting {
    pub(super) backend: Arc<dyn DynStore>,
    pub(super) key: hmac::Key,
    pub(super) key_is_sound: bool,
}

impl StoreSetting {
    pub(super) fn new(backend: impl IntrospectionStore, key: &[u8]) -> Self {
        let is_one_byte = key.iter().all(|byte| Some(byte) == key.first());
        StoreSetting {
            backend: Arc::new(backend),
            key: hmac::Key::new(hmac::HMAC_SHA256, key),
            key_is_sound: key.len() >= MIN_STORE_KEY_BYTES && !is_one_byte,
        }
    }
}

/// The store, as one source uses it.
#[derive(Clone)]
pub(crate) struct Store {
    backend: Arc<dyn DynStore>,
    key: hmac::Key,
    /// The identity of the source: another source's responses never apply here.
    source: [u8; 32],
    /// When the stored responses for a token were last invalidated here, even if the store still
    /// has one.
    forgotten: moka::sync::Cache<TokenHash, NumericDate>,
    /// So many tokens were forgotten that some are no longer known: responses to requests before
    /// those don't apply.
    nothing_before: Arc<AtomicI64>,
    /// Bounds the removals at once.
    removals: Arc<Semaphore>,
    last_error: Arc<Mutex<Option<String>>>,
}

/// An answer that was stored, and when it was asked for.
pub(super) struct Stored {
    pub(super) response: IntrospectionResponse,
    pub(super) asked: NumericDate,
}

impl Store {
    /// Makes the store of the source that these texts identify.
    pub(super) fn new(setting: StoreSetting, source: &[&str]) -> Self {
        let mut identity = LABEL.to_vec();
        for text in source {
            // The length comes first, so that no two lists are one text.
            identity.extend_from_slice(&text.len().to_be_bytes());
            identity.extend_from_slice(text.as_bytes());
        }
        let nothing_before = Arc::new(AtomicI64::new(i64::MIN));
        let floor = Arc::clone(&nothing_before);
        Store {
            backend: setting.backend,
            key: setting.key,
            source: sha256(&identity),
            forgotten: moka::sync::Cache::builder()
                .max_capacity(MAX_FORGOTTEN)
                .time_to_live(FORGOTTEN_FOR)
                .eviction_policy(EvictionPolicy::lru())
                .eviction_listener(move |_, at: NumericDate, cause| {
                    if cause == RemovalCause::Size {
                        floor.fetch_max(at.as_secs(), Ordering::AcqRel);
                    }
                })
                .build(),
            nothing_before,
            removals: Arc::new(Semaphore::new(MAX_REMOVALS)),
            last_error: Arc::default(),
        }
    }

    fn place(&self, token: &TokenHash) -> [u8; 32] {
        sha256(&[&self.source[..], token.as_bytes()].concat())
    }

    pub(super) fn last_error(&self) -> Option<String> {
        let last = self.last_error.lock();
        last.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// An answer about this token that is ours and of the past. How old it may be is not decided
    /// here.
    pub(super) async fn get(&self, token: &TokenHash, now: NumericDate) -> Option<Stored> {
        let place = self.place(token);
        let value = self.limited(self.backend.get(&place)).await??;
        let stored = self.read(&place, &value)?;
        let applies = stored.asked <= now && !self.is_forgotten(token, stored.asked, CLOCK_SKEW);
        applies.then_some(stored)
    }

    /// Keeps an answer for others, unless the token was forgotten in the meantime. Says whether the
    /// store has done what it was to do.
    pub(super) async fn put(
        &self,
        token: &TokenHash,
        response: &IntrospectionResponse,
        asked: NumericDate,
        lifetime: Duration,
    ) -> bool {
        let place = self.place(token);
        if lifetime.as_secs() == 0 {
            // Earlier responses to others are older.
            return self.limited(self.backend.remove(&place)).await.is_some();
        }
        let value = self.write(&place, response, asked);
        let lifetime = Duration::from_secs(lifetime.as_secs());
        let put = self.limited(self.backend.put(&place, &value, lifetime));
        let is_stored = put.await.is_some();
        // By our own clock.
        if self.is_forgotten(token, asked, Duration::ZERO) {
            self.limited(self.backend.remove(&place)).await;
        }
        is_stored
    }

    /// From now on no stored response for this token applies, unless it is requested after `now`,
    /// by any clock.
    pub(super) fn forget(&self, token: &TokenHash, now: NumericDate) {
        self.forgotten.insert(*token, now);
    }

    pub(super) async fn remove(&self, token: &TokenHash) {
        let place = self.place(token);
        self.limited(self.backend.remove(&place)).await;
    }

    /// Removes what is stored for this token, in the background. Beyond the bound on removals at
    /// once it stays in the store, where it expires; in this process it doesn't apply.
    pub(super) fn remove_later(&self, token: TokenHash, runtime: &Handle) {
        let Ok(permit) = Arc::clone(&self.removals).try_acquire_owned() else {
            let what = "so many tokens are being forgotten that one was left to expire there";
            self.report(Some(what.to_owned()));
            return;
        };
        let store = self.clone();
        runtime.spawn(async move {
            store.remove(&token).await;
            drop(permit);
        });
    }

    fn is_forgotten(&self, token: &TokenHash, asked: NumericDate, skew: Duration) -> bool {
        let is_before = |moment: NumericDate| asked <= moment.saturating_add(skew);
        is_before(NumericDate::from_secs(
            self.nothing_before.load(Ordering::Acquire),
        )) || self.forgotten.get(token).is_some_and(is_before)
    }

    /// What the store does, or `None` where it fails or is slow; `last_error` reports that.
    async fn limited<T>(&self, call: Waiting<'_, T>) -> Option<T> {
        let (done, error) = match tokio::time::timeout(STORE_LIMIT, call).await {
            Ok(Ok(done)) => (Some(done), None),
            Ok(Err(error)) => (None, Some(chain(&error))),
            Err(_) => (None, Some("it did not answer in 100 ms".to_owned())),
        };
        self.report(error);
        done
    }

    fn report(&self, error: Option<String>) {
        let last = self.last_error.lock();
        *last.unwrap_or_else(PoisonError::into_inner) =
            error.map(|error| format!("the store of introspection responses: {error}"));
    }

    fn write(
        &self,
        place: &[u8; 32],
        response: &IntrospectionResponse,
        asked: NumericDate,
    ) -> Vec<u8> {
        // Nothing else is stored for a token that is not active.
        let text = if response.is_active() {
            response.text()
        } else {
            r#"{"active":false}"#
        };
        let asked = asked.as_secs().to_be_bytes();
        let tag = hmac::sign(&self.key, &authenticated(place, asked, text.as_bytes()));
        [&[VERSION][..], &asked, tag.as_ref(), text.as_bytes()].concat()
    }

    fn read(&self, place: &[u8; 32], value: &[u8]) -> Option<Stored> {
        let (&version, rest) = value.split_first()?;
        let (asked, rest) = rest.split_first_chunk::<TIME_BYTES>()?;
        let (tag, text) = rest.split_first_chunk::<TAG_BYTES>()?;
        if version != VERSION || text.len() > IntrospectionResponse::MAX_BYTES {
            return None;
        }
        hmac::verify(&self.key, &authenticated(place, *asked, text), tag).ok()?;
        let response = IntrospectionResponse::from_json(std::str::from_utf8(text).ok()?).ok()?;
        Some(Stored {
            response,
            asked: NumericDate::from_secs(i64::from_be_bytes(*asked)),
        })
    }
}

/// What a value's tag is over. It has the key of the entry, so that a response about one token does
/// not verify for another.
fn authenticated(place: &[u8; 32], asked: [u8; TIME_BYTES], text: &[u8]) -> Vec<u8> {
    [LABEL, &place[..], &asked, text].concat()
}
