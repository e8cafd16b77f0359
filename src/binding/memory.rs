//! The replay store of one process.

mod discarded;
mod shard;

use std::fmt;
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use foldhash::quality::RandomState;

use super::record::Record;
use super::replay::{Insertion, ProofEntry, ReplayStore, ReplayStoreStatus};
use super::replay_error::ReplayStoreError;
use crate::core::NumericDate;
use crate::source_error::SourceError;
use shard::{Entered, Shard};

const DEFAULT_MAX_ENTRIES: usize = 1_000_000;
const DEFAULT_MAX_OF_CLIENT: usize = 20_000;
const MAX_ENTRIES: std::ops::RangeInclusive<usize> = 1..=100_000_000;

/// So many threads enter at once, and one shard is small when its slice goes.
const SHARDS: usize = 64;
/// A clock that went back further began again. No proof that was accepted before such a step can be
/// accepted after it, since the widest window of a policy is 10 minutes.
const CLOCK_STEP: Duration = Duration::from_secs(15 * 60);
/// The beginning of a store that has not begun.
const NEVER: i64 = i64::MAX;
/// When a full store is worth another try.
const RETRY_WHEN_FULL: Duration = Duration::from_secs(1);

/// Remembers used proofs in the memory of one process: the default where DPoP is configured.
///
/// Another process does not see its entries, so each instance of an API would accept a proof once.
/// An API of several instances needs a store that they share: `RedisReplayStore`, with the feature
/// `redis`, or a [`ReplayStore`] of your own.
///
/// - A live entry is never dropped. An entry is held for up to 32 seconds after the last moment at
///   which its proof could be accepted.
/// - Its memory is bounded by [`max_entries`](Self::max_entries), and one client's share by
///   [`max_entries_per_client`](Self::max_entries_per_client). A proof that exceeds a bound is
///   [`Unavailable`](crate::Unavailable), and the error names the setting.
/// - A proof that was made before the store began is unavailable too, since an earlier process may
///   have accepted it. So a client whose clock is two seconds late waits two seconds after a start.
/// - A proof that a client dates ahead is the exception. If an earlier process accepted it just
///   before its end, the new process accepts it once more. A required nonce, or a shared store,
///   closes this gap.
/// - Where the clock goes back to a time whose entries were discarded, a proof of that time is
///   unavailable.
/// - Where the clock goes back to more than 15 minutes before the store began, the store begins
///   again. Start the process after the clock is set: a clock that was late at the start hides when
///   the process began.
///
/// An entry needs 20 to 40 bytes, and each client another 15 to 30 bytes in each slice of 32
/// seconds that has an entry of it. So the default of 1,000,000 entries needs 20 to 70 MB when it
/// is full. With the default window, that is about 10,000 requests a second.
///
/// ```
/// use resource_server::binding::{MemoryReplayStore, ReplayStore};
///
/// let store = MemoryReplayStore::new()
///     .max_entries(200_000)?
///     .max_entries_per_client(50_000)?;
/// assert_eq!(store.status().entries, Some(0));
/// # Ok::<(), resource_server::error::ReplayStoreError>(())
/// ```
#[must_use]
pub struct MemoryReplayStore {
    max_entries: usize,
    max_of_client: usize,
    /// The earliest moment at which it was asked, in seconds since 1970.
    begin: AtomicI64,
    /// Its key is random, so no one can make a key whose hash is that of another client, or many of
    /// one shard.
    hasher: RandomState,
    shards: Box<[Mutex<Shard>]>,
    /// How many entries all shards have.
    entries: AtomicUsize,
    /// Which shard the next call tidies besides its own.
    turn: AtomicUsize,
    /// When a full store last discarded what had ended in all shards, in seconds since 1970.
    tidied: AtomicI64,
    record: Record,
}

impl MemoryReplayStore {
    /// A store of at most 1,000,000 entries, and 20,000 of each client.
    pub fn new() -> Self {
        MemoryReplayStore {
            max_entries: DEFAULT_MAX_ENTRIES,
            max_of_client: DEFAULT_MAX_OF_CLIENT,
            begin: AtomicI64::new(NEVER),
            hasher: RandomState::default(),
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            entries: AtomicUsize::new(0),
            turn: AtomicUsize::new(0),
            tidied: AtomicI64::new(NEVER),
            record: Record::default(),
        }
    }

    /// The most entries of all clients, from 1 to 100,000,000. The default is 1,000,000.
    ///
    /// # Errors
    /// The number is out of its range.
    pub fn max_entries(mut self, entries: usize) -> Result<Self, ReplayStoreError> {
        if !MAX_ENTRIES.contains(&entries) {
            return Err(ReplayStoreError::MaxEntries);
        }
        self.max_entries = entries;
        Ok(self)
    }

    /// The most entries of one client, by its key, from 1 to 100,000,000. The default is 20,000,
    /// which is about 200 requests a second with the default window. Where a nonce is required,
    /// entries live as long as it, so with nonces of 5 minutes it is about 60.
    ///
    /// Set it far below [`max_entries`](Self::max_entries): one client can fill the store
    /// otherwise. The bound is for each key, and a client may have tokens for several keys.
    ///
    /// # Errors
    /// The number is out of its range.
    pub fn max_entries_per_client(mut self, entries: usize) -> Result<Self, ReplayStoreError> {
        if !MAX_ENTRIES.contains(&entries) {
            return Err(ReplayStoreError::MaxEntriesPerClient);
        }
        self.max_of_client = entries;
        Ok(self)
    }

    fn enter(&self, entry: &ProofEntry, now: NumericDate) -> Result<Insertion, SourceError> {
        entry.lifetime(now)?;
        let begin = self.begun(now);
        if entry.made_at < begin {
            let what = format!(
                "the replay store began at {begin}, and can't know whether a proof that was made before was used"
            );
            return Err(SourceError::new(what).retry_in(begin.since(entry.made_at)));
        }
        let client = self.hasher.hash_one(entry.jkt);
        let mut entered = self.enter_in_shard(client, entry, now);
        self.tidy(self.turn.fetch_add(1, Ordering::Relaxed) % SHARDS, now);
        // Once in a second is enough: it finds what has ended in this second.
        if entered == Entered::StoreIsFull
            && self.tidied.swap(now.as_secs(), Ordering::Relaxed) != now.as_secs()
        {
            (0..SHARDS).for_each(|number| self.tidy(number, now));
            entered = self.enter_in_shard(client, entry, now);
        }
        match entered {
            Entered::New => Ok(Insertion::New),
            Entered::Seen => Ok(Insertion::Seen),
            Entered::Discarded(pause) => Err(SourceError::new(
                "the clock went back to a time whose proofs the replay store has discarded",
            )
            .retry_in(pause)),
            Entered::ClientIsFull(pause) => Err(SourceError::new(format!(
                "one client has {} proofs in the replay store (max_entries_per_client)",
                self.max_of_client
            ))
            .retry_in(pause)),
            Entered::StoreIsFull => Err(SourceError::new(format!(
                "the replay store is full with {} proofs (max_entries)",
                self.max_entries
            ))
            .retry_in(RETRY_WHEN_FULL)),
        }
    }

    /// The moment since when the store knows every proof. A store that was not begun begins now.
    fn begun(&self, now: NumericDate) -> NumericDate {
        let begin = NumericDate::from_secs(self.begin.load(Ordering::Relaxed));
        if begin.since(now) <= CLOCK_STEP {
            return begin;
        }
        self.begin.fetch_min(now.as_secs(), Ordering::Relaxed);
        now
    }

    fn enter_in_shard(&self, client: u64, entry: &ProofEntry, now: NumericDate) -> Entered {
        let number = usize::try_from(client % SHARDS as u64).unwrap_or(0);
        self.within(number, now, |shard| {
            shard.enter(client, entry, now, self.max_of_client as u64, || {
                self.reserve()
            })
        })
        // There is a shard of this number.
        .unwrap_or(Entered::StoreIsFull)
    }

    /// Discards what has ended in a shard, also where its clients are silent.
    fn tidy(&self, number: usize, now: NumericDate) {
        self.within(number, now, |_| ());
    }

    /// Calls a function with a locked shard, from which the slices that ended are gone. They are
    /// freed after the lock, since that takes longer than all else.
    fn within<T>(
        &self,
        number: usize,
        now: NumericDate,
        call: impl FnOnce(&mut Shard) -> T,
    ) -> Option<T> {
        let mut ended = Vec::new();
        let mut shard = locked(self.shards.get(number)?);
        let entries = shard.take_ended(now, &mut ended);
        self.entries.fetch_sub(entries, Ordering::Relaxed);
        let result = call(&mut shard);
        drop(shard);
        drop(ended);
        Some(result)
    }

    /// Counts one more entry, if there is room for it.
    fn reserve(&self) -> bool {
        let more = |entries| (entries < self.max_entries).then_some(entries + 1);
        let (set, read) = (Ordering::Relaxed, Ordering::Relaxed);
        self.entries.fetch_update(set, read, more).is_ok()
    }
}

impl Default for MemoryReplayStore {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for MemoryReplayStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryReplayStore")
            .field("max_entries", &self.max_entries)
            .field("max_entries_per_client", &self.max_of_client)
            .field("entries", &self.entries)
            .finish_non_exhaustive()
    }
}

impl ReplayStore for MemoryReplayStore {
    async fn insert(&self, entry: &ProofEntry, now: NumericDate) -> Result<Insertion, SourceError> {
        self.record.of(self.enter(entry, now))
    }

    fn begin(&self, now: NumericDate) {
        self.begin.fetch_min(now.as_secs(), Ordering::Relaxed);
    }

    fn knows_since(&self) -> Option<NumericDate> {
        let begin = self.begin.load(Ordering::Relaxed);
        (begin != NEVER).then(|| NumericDate::from_secs(begin))
    }

    fn status(&self) -> ReplayStoreStatus {
        ReplayStoreStatus {
            entries: Some(self.entries.load(Ordering::Relaxed) as u64),
            failures: Some(self.record.failures()),
            last_error: self.record.last_error(),
            warning: None,
        }
    }
}

fn locked(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}
