//! A part of the store in memory: entries by the time at which they end.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use foldhash::quality::RandomState;

use super::discarded::Discarded;
use crate::binding::replay::ProofEntry;
use crate::core::NumericDate;

/// The length of a time slice in seconds. A longer one holds entries longer than they must live; a
/// shorter one means more slices to look into. With the default window, three or four are live.
const SLICE_SECONDS: i64 = 32;

/// A keyed hash of a client's key. Two clients of one hash, one pair in 2^64, share their bound. As
/// bytes, it needs no padding in a table.
type Client = [u8; 8];

/// Entries whose `until` is in one stretch of time. It is discarded as a whole.
pub(super) struct Slice {
    /// `until` divided by [`SLICE_SECONDS`].
    number: i64,
    ids: HashSet<[u8; 16], RandomState>,
    /// How many of them each client has.
    by_client: HashMap<Client, u32, RandomState>,
}

impl Slice {
    pub(super) fn len(&self) -> usize {
        self.ids.len()
    }

    fn insert(&mut self, client: Client, id: [u8; 16]) {
        self.ids.insert(id);
        *self.by_client.entry(client).or_default() += 1;
    }
}

/// What became of an entry.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Entered {
    New,
    Seen,
    /// Entries of that time were discarded, since the clock showed a later time before. A new proof
    /// is of another time after this pause.
    Discarded(Duration),
    /// The client has as many entries as it may have. The first of them are discarded after this
    /// pause.
    ClientIsFull(Duration),
    /// The store has as many entries as it may have. Some may be of a time that has passed.
    StoreIsFull,
}

/// Slices of the clients whose keys belong to this shard.
#[derive(Default)]
pub(super) struct Shard {
    /// In no order, and few.
    slices: Vec<Slice>,
    discarded: Discarded,
}

impl Shard {
    /// Moves the slices that ended to `ended`, for the caller to free without the lock, and gives
    /// the number of entries in them.
    pub(super) fn take_ended(&mut self, now: NumericDate, ended: &mut Vec<Slice>) -> usize {
        let current = slice_number(now);
        let mut entries = 0;
        for slice in self.slices.extract_if(.., |slice| slice.number < current) {
            self.discarded.add(slice.number);
            entries += slice.len();
            ended.push(slice);
        }
        entries
    }

    /// Enters a proof of a client if it is in no slice, and `reserve` has room for one more.
    pub(super) fn enter(
        &mut self,
        client: u64,
        entry: &ProofEntry,
        now: NumericDate,
        max_of_client: u64,
        reserve: impl FnOnce() -> bool,
    ) -> Entered {
        let client = client.to_ne_bytes();
        // A proof with the same id may have had another end.
        if self
            .slices
            .iter()
            .any(|slice| slice.ids.contains(&entry.id))
        {
            return Entered::Seen;
        }
        let number = slice_number(entry.until);
        if let Some(last) = self.discarded.end_of_range_with(number) {
            return Entered::Discarded(until_ended(last, entry.until));
        }
        let count = |slice: &Slice| slice.by_client.get(&client).copied();
        let of_client: u64 = self.slices.iter().filter_map(count).map(u64::from).sum();
        if of_client >= max_of_client {
            let with_client = self.slices.iter().filter(|slice| count(slice).is_some());
            let first = with_client.map(|slice| slice.number).min();
            return Entered::ClientIsFull(until_ended(first.unwrap_or(number), now));
        }
        if !reserve() {
            return Entered::StoreIsFull;
        }
        let slice = self.slices.iter_mut().find(|slice| slice.number == number);
        if let Some(slice) = slice {
            slice.insert(client, entry.id);
        } else {
            let mut slice = Slice {
                number,
                ids: HashSet::default(),
                by_client: HashMap::default(),
            };
            slice.insert(client, entry.id);
            self.slices.push(slice);
        }
        Entered::New
    }
}

fn slice_number(moment: NumericDate) -> i64 {
    moment.as_secs().div_euclid(SLICE_SECONDS)
}

/// Seconds from a moment until the slice with this number has ended.
fn until_ended(number: i64, moment: NumericDate) -> Duration {
    let end = number.saturating_add(1).saturating_mul(SLICE_SECONDS);
    NumericDate::from_secs(end).since(moment)
}
