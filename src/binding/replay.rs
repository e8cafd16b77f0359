//! Which proofs were used already (RFC 9449 section 11.1).

use std::future::Future;

use crate::core::NumericDate;
use crate::source_error::SourceError;

/// A proof of possession that is about to be used.
///
/// Its `Debug` output shows no part of the proof.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct ProofEntry {
    /// The SHA-256 thumbprint (RFC 7638) of the client's key.
    pub jkt: [u8; 32],
    /// The identity of the proof: the first 16 bytes of SHA-256 over `jkt` and the proof's `jti`.
    /// So no client can use up the `jti` of another.
    pub id: [u8; 16],
    /// When the proof was made: its `iat`, or the time of its nonce where a nonce is required.
    pub made_at: NumericDate,
    /// The last moment at which the proof could be accepted. An entry must live until it has
    /// passed.
    pub until: NumericDate,
}

impl std::fmt::Debug for ProofEntry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ProofEntry(..)")
    }
}

/// What a [`ReplayStore`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Insertion {
    /// The proof was not there. It is now.
    New,
    /// The proof was there: it is being replayed.
    Seen,
}

/// Remembers which proofs were used, so that a proof is accepted once (RFC 9449 section 11.1).
/// Implement it with a plain `async fn`.
///
/// An entry is made after all other checks of the token and its proof have passed. There is no time
/// limit around a call: a store that does I/O sets its own.
pub trait ReplayStore: Send + Sync + 'static {
    /// Enters a proof if it is not there: in one atomic step, so that of two calls with the same
    /// `id` exactly one gets [`Insertion::New`].
    ///
    /// # Errors
    /// The store is down, slow or full, or can't know about proofs of that time. That is an outage
    /// (503): the proof is not accepted.
    fn insert(
        &self,
        entry: &ProofEntry,
        now: NumericDate,
    ) -> impl Future<Output = Result<Insertion, SourceError>> + Send;

    /// Called once, when a Validator with this store is built. A store that forgets its entries
    /// when the process ends keeps the earliest of these moments, and refuses proofs made before
    /// it.
    fn begin(&self, now: NumericDate) {
        let _ = now;
    }

    /// The state of the store. Health endpoints call this, so it must be cheap and do no I/O.
    fn status(&self) -> ReplayStoreStatus {
        ReplayStoreStatus::default()
    }
}

/// State of a [`ReplayStore`]. Unknown values are `None`.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ReplayStoreStatus {
    /// How many entries are live.
    pub entries: Option<u64>,
    /// The last error, or `None` after a later success.
    pub last_error: Option<String>,
    /// What is wrong with the store's configuration, such as a policy by which live entries are
    /// evicted.
    pub warning: Option<String>,
}
