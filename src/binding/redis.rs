//! The replay store that the instances of an API share, in Redis.

mod link;
mod outage;
mod policy;

use std::fmt;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use redis::Client;
use tokio::runtime::Handle;

use super::record::Record;
use super::replay::{Insertion, ProofEntry, ReplayStore, ReplayStoreStatus};
use super::replay_error::ReplayStoreError;
use crate::core::NumericDate;
use crate::source_error::SourceError;
use link::Server;

const DEFAULT_KEY_PREFIX: &str = "resource-server:proof:";
const DEFAULT_MARGIN: Duration = Duration::from_secs(5);
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(1);
const KEY_PREFIX_BYTES: RangeInclusive<usize> = 1..=100;
const MARGINS: RangeInclusive<Duration> = Duration::ZERO..=Duration::from_secs(60);
const TIMEOUTS: RangeInclusive<Duration> = Duration::from_millis(10)..=Duration::from_secs(30);

/// Remembers used proofs in Redis or Valkey, for all instances of an API that have the same server
/// and [`key_prefix`](Self::key_prefix). Needs the feature `redis`.
///
/// Each proof is one `SET key "" NX PX milliseconds`. Its key is a hash, so Redis sees nothing of a
/// token or proof. All calls share one connection. It is opened by the first call and reopened
/// after an error, so an API starts while Redis is down.
///
/// - A call that fails, or takes longer than [`timeout`](Self::timeout), is an outage (503). Its
///   proof may have been entered, and is not accepted later.
/// - A call whose connection ends is made once more. If the proof is there then, it is not known
///   whether it was there before: that is an outage too.
/// - An entry lives until its proof can't be accepted any longer, and for a
///   [`margin`](Self::margin) for the clocks of other instances.
/// - The memory is bounded by Redis itself. Set `maxmemory`, and `maxmemory-policy noeviction`: a
///   full Redis is then an outage. Any other policy may evict live entries. The policy is read
///   after each connect, and [`ReplayStoreStatus::warning`] names one that evicts.
/// - Entries are lost with the data of Redis: in a restart without `appendonly yes`, or in a
///   failover to a replica that is late. A proof that was used shortly before is accepted once
///   more.
///
/// Redis Cluster is not supported. Calls are made on the caller's tokio runtime, which needs I/O
/// and time.
///
/// ```
/// use resource_server::binding::RedisReplayStore;
/// use std::time::Duration;
///
/// let store = RedisReplayStore::connect_lazily("redis://:secret@redis.internal:6379/0")?
///     .key_prefix("orders-api:proof:")?
///     .timeout(Duration::from_millis(250))?;
/// // The URL's user information is not shown.
/// assert!(!format!("{store:?}").contains("secret"));
/// # Ok::<(), resource_server::error::ReplayStoreError>(())
/// ```
#[must_use]
pub struct RedisReplayStore {
    key_prefix: String,
    margin: Duration,
    timeout: Duration,
    server: Arc<Server>,
    record: Record,
}

impl RedisReplayStore {
    /// A store at this URL: `redis://user:password@host:port/database`, or
    /// `unix:///path?db=database`. It makes no connection.
    ///
    /// `rediss://` needs TLS, which this crate does not turn on: see
    /// [`with_client`](Self::with_client).
    ///
    /// # Errors
    /// The URL can't be used.
    pub fn connect_lazily(url: &str) -> Result<Self, ReplayStoreError> {
        // The crate's own error may quote the URL.
        let client = Client::open(url).map_err(|_| {
            let scheme = url.split_once(':').map(|(scheme, _)| scheme);
            match scheme {
                Some("rediss" | "valkeys") => ReplayStoreError::Tls,
                _ => ReplayStoreError::Url,
            }
        })?;
        Ok(Self::with_client(client))
    }

    /// A store with a client of the crate `redis` 1, for what a URL can't say.
    ///
    /// For TLS, add the crate `redis` with its feature `tokio-rustls-comp` to your dependencies:
    /// cargo unifies it with ours. Where your build has two cryptography providers of rustls, you
    /// must install one as the default before the first call. Otherwise rustls panics, and each
    /// call is an outage.
    pub fn with_client(client: Client) -> Self {
        RedisReplayStore {
            key_prefix: DEFAULT_KEY_PREFIX.to_owned(),
            margin: DEFAULT_MARGIN,
            timeout: DEFAULT_TIMEOUT,
            server: Arc::new(Server::new(client)),
            record: Record::default(),
        }
    }

    /// The text that each key begins with, by default `resource-server:proof:`: 1 to 100 visible
    /// ASCII characters. It is the same for all instances of an API.
    ///
    /// # Errors
    /// The text is out of these bounds.
    pub fn key_prefix(mut self, prefix: impl Into<String>) -> Result<Self, ReplayStoreError> {
        let prefix = prefix.into();
        let is_visible = prefix.bytes().all(|byte| byte.is_ascii_graphic());
        if !is_visible || !KEY_PREFIX_BYTES.contains(&prefix.len()) {
            return Err(ReplayStoreError::KeyPrefix);
        }
        self.key_prefix = prefix;
        Ok(self)
    }

    /// How far the clocks of two instances may differ, by default 5 seconds, from 0 to 60. Entries
    /// live longer by this time.
    ///
    /// # Errors
    /// The time is out of its range.
    pub fn margin(mut self, margin: Duration) -> Result<Self, ReplayStoreError> {
        if !MARGINS.contains(&margin) {
            return Err(ReplayStoreError::Margin);
        }
        self.margin = margin;
        Ok(self)
    }

    /// The limit of a whole call, by default 1 second, from 10 milliseconds to 30 seconds. It
    /// covers the connect, the response and the second attempt.
    ///
    /// # Errors
    /// The time is out of its range.
    pub fn timeout(mut self, timeout: Duration) -> Result<Self, ReplayStoreError> {
        if !TIMEOUTS.contains(&timeout) {
            return Err(ReplayStoreError::Timeout);
        }
        self.timeout = timeout;
        // A connection has limits that depend on it.
        self.server.disconnect();
        Ok(self)
    }

    async fn enter(&self, entry: &ProofEntry, now: NumericDate) -> Result<Insertion, SourceError> {
        let lifetime = entry.lifetime(now)? + self.margin;
        let runtime = Handle::try_current().map_err(|error| {
            let what = "Redis is called on a tokio runtime, and this call is outside of one";
            SourceError::new(what).caused_by(error).outside_runtime()
        })?;
        let mut key = self.key_prefix.clone();
        URL_SAFE_NO_PAD.encode_string(entry.id, &mut key);
        let (server, timeout) = (Arc::clone(&self.server), self.timeout);
        // A task of its own, so that no panic of the runtime or of TLS reaches the caller.
        let call = runtime.spawn(async move { server.enter(&key, lifetime, timeout).await });
        call.await.unwrap_or_else(|error| {
            self.server.disconnect();
            let what = "the call of Redis ended early: is it on a runtime with I/O and time (enable_all), and does rustls have a default provider?";
            Err(SourceError::new(what).caused_by(error))
        })
    }
}

impl fmt::Debug for RedisReplayStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisReplayStore")
            .field("address", &self.server.address())
            .field("key_prefix", &self.key_prefix)
            .field("margin", &self.margin)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

impl ReplayStore for RedisReplayStore {
    async fn insert(&self, entry: &ProofEntry, now: NumericDate) -> Result<Insertion, SourceError> {
        self.record.of(self.enter(entry, now).await)
    }

    fn status(&self) -> ReplayStoreStatus {
        ReplayStoreStatus {
            entries: None,
            failures: Some(self.record.failures()),
            last_error: self.record.last_error(),
            warning: self.server.warning(),
        }
    }
}
