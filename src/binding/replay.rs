//! Which proofs were used already (RFC 9449 section 11.1).

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use crate::core::NumericDate;
use crate::source_error::SourceError;

/// The longest time for which a proof may be good. The longest nonce is good for an hour and for
/// the seconds by which the clock of its maker is ahead. A longer time is a mistake, which would
/// fill a store.
const LONGEST_LIFETIME: Duration = Duration::from_secs(2 * 60 * 60);
/// A time in seconds is good until the second ends.
const LAST_SECOND: Duration = Duration::from_secs(1);

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

impl ProofEntry {
    /// An entry from its parts, for tests of a store of your own. A Validator makes its entries
    /// itself.
    pub const fn new(
        jkt: [u8; 32],
        id: [u8; 16],
        made_at: NumericDate,
        until: NumericDate,
    ) -> Self {
        ProofEntry {
            jkt,
            id,
            made_at,
            until,
        }
    }

    /// How long the entry must live from `now`, to the end of the second `until`.
    ///
    /// # Errors
    /// `until` has passed, or is more than two hours ahead.
    pub(super) fn lifetime(&self, now: NumericDate) -> Result<Duration, SourceError> {
        if self.until < now {
            return Err(SourceError::new(
                "the time of a proof ended before it was entered in the replay store",
            ));
        }
        let lifetime = self.until.since(now);
        if lifetime > LONGEST_LIFETIME {
            return Err(SourceError::new(
                "a replay store remembers a proof for two hours at most, and this one is good for longer",
            ));
        }
        Ok(lifetime + LAST_SECOND)
    }
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
/// limit around a call: a store that does I/O sets its own. An `Arc` of a store is a store, for
/// several Validators, or to read its [`status`](ReplayStore::status) elsewhere. A layer inside of
/// another one enters a proof again unless their stores are clones of one `Arc`.
///
/// Validators that share a store need the same
/// [`proof_max_age`](crate::PolicyBuilder::proof_max_age) and the same nonces. An entry lives until
/// the Validator that made it refuses its proof, and another one may accept that proof for longer.
///
/// A store must keep two promises. It gives [`Insertion::New`] once for each `id`, and it keeps
/// each entry until `until` has passed on the clock that `now` is read from. So a cache that evicts
/// entries is not a replay store: where it is full, it must give an error.
///
/// ```
/// use resource_server::NumericDate;
/// use resource_server::binding::{Insertion, ProofEntry, ReplayStore};
/// use resource_server::error::SourceError;
/// use std::collections::HashSet;
/// use std::sync::Mutex;
///
/// /// For a batch job that ends before it has seen many proofs: it drops no entry.
/// #[derive(Default)]
/// struct KeepsAll(Mutex<HashSet<[u8; 16]>>);
///
/// impl ReplayStore for KeepsAll {
///     async fn insert(
///         &self,
///         entry: &ProofEntry,
///         _now: NumericDate,
///     ) -> Result<Insertion, SourceError> {
///         let is_new = self.0.lock().unwrap().insert(entry.id);
///         Ok(if is_new { Insertion::New } else { Insertion::Seen })
///     }
/// }
/// ```
pub trait ReplayStore: Send + Sync + 'static {
    /// Enters a proof if it is not there: in one atomic step, so that of two calls with the same
    /// `id` exactly one gets [`Insertion::New`]. `now` is the wall-clock time at which the proof
    /// was found to be good.
    ///
    /// # Errors
    /// The store is down, slow or full, or can't know about proofs of that time. That is an outage
    /// (503): the proof is not accepted. [`SourceError::retry_in`] sets the time after which a new
    /// proof of the same client is accepted, where the store knows it.
    fn insert(
        &self,
        entry: &ProofEntry,
        now: NumericDate,
    ) -> impl Future<Output = Result<Insertion, SourceError>> + Send;

    /// Called when a Validator with this store is built, so once for each of them. A store that
    /// forgets its entries when the process ends keeps the earliest of these moments. It refuses
    /// proofs that were made before, since an earlier process may have accepted them.
    fn begin(&self, now: NumericDate) {
        let _ = now;
    }

    /// The moment since when the store knows every proof, if it forgets its entries when the
    /// process ends. A proof whose nonce is older is answered with a new nonce, and not with an
    /// outage, since the client would repeat the old nonce. While the clock shows an earlier moment
    /// than this, no new nonce would help, and [`insert`](ReplayStore::insert) decides.
    fn knows_since(&self) -> Option<NumericDate> {
        None
    }

    /// The state of the store. Health endpoints call this, so it must be cheap and do no I/O.
    fn status(&self) -> ReplayStoreStatus {
        ReplayStoreStatus::default()
    }

    /// Where the store is in memory. It is only compared: layers inside of one another whose stores
    /// are clones of one `Arc` enter a proof once.
    #[doc(hidden)]
    fn address(&self) -> usize {
        std::ptr::from_ref(self).cast::<()>().addr()
    }
}

impl<S: ReplayStore> ReplayStore for Arc<S> {
    fn insert(
        &self,
        entry: &ProofEntry,
        now: NumericDate,
    ) -> impl Future<Output = Result<Insertion, SourceError>> + Send {
        S::insert(self, entry, now)
    }

    fn begin(&self, now: NumericDate) {
        S::begin(self, now);
    }

    fn knows_since(&self) -> Option<NumericDate> {
        S::knows_since(self)
    }

    fn status(&self) -> ReplayStoreStatus {
        S::status(self)
    }

    fn address(&self) -> usize {
        S::address(self)
    }
}

/// State of a [`ReplayStore`]. Unknown values are `None`.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ReplayStoreStatus {
    /// How many entries are held: all live ones, and those whose time has just passed.
    pub entries: Option<u64>,
    /// How many calls ended with an error so far.
    pub failures: Option<u64>,
    /// The last error, or `None` after a later success.
    pub last_error: Option<String>,
    /// What is wrong with the store's configuration, such as a policy by which live entries are
    /// evicted.
    pub warning: Option<String>,
}
