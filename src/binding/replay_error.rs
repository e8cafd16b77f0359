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
}
