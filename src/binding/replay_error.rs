//! What can be wrong with the settings of a replay store.

/// A setting of a replay store is out of its range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayStoreError {
    /// The number of entries is not from 1 to 100,000,000.
    #[error("set max_entries from 1 to 100000000")]
    MaxEntries,
    /// The number of entries of one client is not from 1 to 100,000,000.
    #[error("set max_entries_per_client from 1 to 100000000")]
    MaxEntriesPerClient,
    /// The URL is not one of Redis.
    #[cfg(feature = "redis")]
    #[error("set the URL of the replay store as redis://host:port/database or unix:///path")]
    Url,
    /// The URL asks for TLS, and the crate `redis` is built without it.
    #[cfg(feature = "redis")]
    #[error(
        "the URL of the replay store needs TLS: add the crate redis with its feature tokio-rustls-comp to your dependencies"
    )]
    Tls,
    /// The prefix of keys is not 1 to 100 visible ASCII characters.
    #[cfg(feature = "redis")]
    #[error("set key_prefix to 1 to 100 visible ASCII characters")]
    KeyPrefix,
    /// The margin is not from 0 to 60 seconds.
    #[cfg(feature = "redis")]
    #[error("set margin from 0 to 60 s")]
    Margin,
    /// The limit is not from 10 milliseconds to 30 seconds.
    #[cfg(feature = "redis")]
    #[error("set timeout from 10 ms to 30 s")]
    Timeout,
}
