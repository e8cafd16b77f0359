//! A map that is bounded in bytes, and that values which are used once don't empty.
//!
//! Each shard has two queues. A new value is *young*. One that was used again by the time it is at
//! the front becomes *old*; one that was not is dropped. Young values have a tenth of the room as
//! soon as there is no more, so a flood of values that are used once replaces only such values. An
//! old value that was used since its last turn gets another one. This is S3-FIFO without its list
//! of names (Yang and others, SOSP 2023).
//!
//! The store is our own because of what `token_cache` in benches/ measures: `quick_cache` needs a
//! little more time for a hit and more memory for a value, and it has no end of a value's life.
//! This file uses nothing of the crate, so that the benchmark can include it.

use std::collections::VecDeque;
use std::collections::hash_map::{Entry, HashMap};
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use foldhash::quality::RandomState;

/// Shards are at least this large, so that a large token finds room.
const MIN_SHARD_BYTES: usize = 1024 * 1024;
const MAX_SHARDS: usize = 64;
/// A value with more than this part of its shard is not stored.
pub(crate) const PART_OF_ONE: usize = 8;
/// The part of young values, where there is no room for more.
const PART_OF_YOUNG: usize = 10;
/// Turns that are looked at before a value must go: they bound the time of an insertion.
const MAX_TURNS: usize = 32;
/// Values past their end are looked for this often, in seconds, when a new one comes.
pub(crate) const SWEEP_EVERY: i64 = 60;
/// An estimate of what a value needs besides itself: its slot in a table that is half full, and
/// its place in a queue that may be half full too.
pub(crate) const ENTRY_BYTES: usize =
    2 * (size_of::<u128>() + size_of::<Slot<usize>>() + 1) + 2 * TURN_BYTES;
const TURN_BYTES: usize = size_of::<Turn>();

/// Values by keys that no one else can choose.
pub(crate) struct Store<V> {
    shards: Box<[RwLock<Shard<V>>]>,
    hasher: RandomState,
}

/// What a store holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    pub(crate) entries: usize,
    pub(crate) bytes: usize,
}

struct Shard<V> {
    max_bytes: usize,
    slots: HashMap<u128, Slot<V>, RandomState>,
    young: Queue,
    old: Queue,
    /// The number of the last turn.
    turns: u32,
    /// When values past their end were last looked for.
    swept: i64,
}

struct Slot<V> {
    value: V,
    /// In seconds since 1970; it is not used from then on.
    end: i64,
    bytes: u32,
    turn: u32,
    is_old: bool,
    /// Whether it was used since its last turn.
    is_used: AtomicBool,
}

/// The key of a value and the number of its turn. A value that is gone, or that came again, has
/// another number or none.
type Turn = (u128, u32);

#[derive(Default)]
struct Queue {
    turns: VecDeque<Turn>,
    /// How many of them are of values.
    live: usize,
    /// Of these values.
    bytes: usize,
}

impl<V: Clone> Store<V> {
    pub(crate) fn new(max_bytes: u64) -> Self {
        let max_bytes = usize::try_from(max_bytes).unwrap_or(usize::MAX);
        let count = (max_bytes / MIN_SHARD_BYTES).clamp(1, MAX_SHARDS);
        let hasher = RandomState::default();
        let shard = || {
            RwLock::new(Shard {
                max_bytes: max_bytes / count,
                slots: HashMap::with_hasher(hasher.clone()),
                young: Queue::default(),
                old: Queue::default(),
                turns: 0,
                swept: 0,
            })
        };
        Store {
            shards: std::iter::repeat_with(shard).take(count).collect(),
            hasher,
        }
    }

    /// The shard is chosen by a hash of the key: see the notes on the keyed digest.
    fn shard(&self, key: u128) -> Option<&RwLock<Shard<V>>> {
        // Not by the bits that the table of the shard uses.
        let hash = self.hasher.hash_one(key).rotate_left(32);
        let at = usize::try_from(hash % self.shards.len() as u64).ok()?;
        self.shards.get(at)
    }

    fn read(&self, key: u128) -> Option<RwLockReadGuard<'_, Shard<V>>> {
        let shard = self.shard(key)?;
        Some(shard.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn write(&self, key: u128) -> Option<RwLockWriteGuard<'_, Shard<V>>> {
        let shard = self.shard(key)?;
        Some(shard.write().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn get(&self, key: u128) -> Option<V> {
        let shard = self.read(key)?;
        let slot = shard.slots.get(&key)?;
        // A hot value is only read here, so its line stays in the cache of each core.
        if !slot.is_used.load(Ordering::Relaxed) {
            slot.is_used.store(true, Ordering::Relaxed);
        }
        Some(slot.value.clone())
    }

    /// Stores a value of so many bytes. `end` and `now` are seconds by one clock.
    pub(crate) fn insert(&self, key: u128, value: V, bytes: usize, end: i64, now: i64) {
        let Some(mut shard) = self.write(key) else {
            return;
        };
        let bytes = bytes.saturating_add(ENTRY_BYTES);
        let fitting = u32::try_from(bytes).ok();
        let fitting = fitting.filter(|_| bytes <= shard.max_bytes / PART_OF_ONE);
        let mut gone = Gone::default();
        if shard.is_sweep_due(now) {
            shard.sweep(now, &mut gone);
        }
        let Some(bytes) = fitting else {
            gone.extend(shard.remove(key));
            drop(shard);
            return;
        };
        gone.extend(shard.push(key, value, bytes, end));
        while shard.young.bytes + shard.old.bytes > shard.max_bytes {
            let Some(value) = shard.evict() else { break };
            gone.extend([value]);
        }
        drop(shard);
    }

    pub(crate) fn remove(&self, key: u128) {
        let removed = self.write(key).and_then(|mut shard| shard.remove(key));
        drop(removed);
    }

    /// The length of all queues.
    #[cfg(test)]
    pub(crate) fn turns(&self) -> usize {
        let shards = self.shards.iter();
        let shards = shards.map(|shard| shard.read().unwrap_or_else(PoisonError::into_inner));
        shards
            .map(|shard| shard.young.turns.len() + shard.old.turns.len())
            .sum()
    }

    pub(crate) fn usage(&self) -> Usage {
        let mut usage = Usage::default();
        for shard in &self.shards {
            let shard = shard.read().unwrap_or_else(PoisonError::into_inner);
            usage.entries += shard.slots.len();
            usage.bytes += shard.young.bytes + shard.old.bytes;
        }
        usage
    }
}

impl<V> Shard<V> {
    /// Gives the value that was there before. A value that comes again is used, and keeps its kind
    /// of queue.
    fn push(&mut self, key: u128, value: V, bytes: u32, end: i64) -> Option<V> {
        self.turns = self.turns.wrapping_add(1);
        let before = self.slots.get(&key);
        let is_old = before.is_some_and(|before| before.is_old);
        let slot = Slot {
            value,
            bytes,
            end,
            turn: self.turns,
            is_old,
            is_used: AtomicBool::new(before.is_some()),
        };
        let turn = (key, slot.turn);
        self.queue(is_old).push(turn, bytes);
        let before = self.slots.insert(key, slot);
        if let Some(before) = &before {
            self.queue(before.is_old).removed(before.bytes);
        }
        for queue in [&mut self.young, &mut self.old] {
            queue.compact(|(key, turn)| {
                let slot = self.slots.get(key);
                slot.is_some_and(|slot| slot.turn == *turn)
            });
        }
        before.map(|slot| slot.value)
    }

    fn queue(&mut self, is_old: bool) -> &mut Queue {
        if is_old {
            &mut self.old
        } else {
            &mut self.young
        }
    }

    fn remove(&mut self, key: u128) -> Option<V> {
        let slot = self.slots.remove(&key)?;
        self.queue(slot.is_old).removed(slot.bytes);
        Some(slot.value)
    }

    /// Takes out the value whose turn it is, or the newest if many values get another turn first.
    /// `None` if there is none.
    fn evict(&mut self) -> Option<V> {
        for _ in 0..MAX_TURNS {
            let is_old = self.young.live == 0
                || (self.old.live > 0 && self.young.bytes <= self.max_bytes / PART_OF_YOUNG);
            let (key, turn) = self.queue(is_old).turns.pop_front()?;
            let Entry::Occupied(mut entry) = self.slots.entry(key) else {
                continue;
            };
            let slot = entry.get_mut();
            if slot.turn != turn {
                continue;
            }
            let (bytes, is_used) = (slot.bytes, std::mem::take(slot.is_used.get_mut()));
            slot.is_old = true;
            let unused = (!is_used).then(|| entry.remove().value);
            self.queue(is_old).removed(bytes);
            if unused.is_some() {
                return unused;
            }
            self.old.push((key, turn), bytes);
        }
        let is_old = self.young.live == 0;
        while let Some((key, turn)) = self.queue(is_old).turns.pop_back() {
            if self.slots.get(&key).is_some_and(|slot| slot.turn == turn) {
                return self.remove(key);
            }
        }
        None
    }

    fn is_sweep_due(&self, now: i64) -> bool {
        // A clock that was set back too.
        !(0..SWEEP_EVERY).contains(&now.saturating_sub(self.swept))
    }

    /// Takes out the values whose end has come.
    fn sweep(&mut self, now: i64, gone: &mut Gone<V>) {
        self.swept = now;
        let ended: Vec<_> = self
            .slots
            .iter()
            .filter(|(_, slot)| slot.end <= now)
            .map(|(key, _)| *key)
            .collect();
        gone.extend(ended.into_iter().filter_map(|key| self.remove(key)));
    }
}

/// Values that are freed when the lock is no longer held. A new value usually replaces one other,
/// for which nothing is allocated.
struct Gone<V> {
    one: Option<V>,
    more: Vec<V>,
}

impl<V> Default for Gone<V> {
    fn default() -> Self {
        Gone {
            one: None,
            more: Vec::new(),
        }
    }
}

impl<V> Gone<V> {
    fn extend(&mut self, values: impl IntoIterator<Item = V>) {
        for value in values {
            self.more.extend(self.one.replace(value));
        }
    }
}

impl Queue {
    fn push(&mut self, turn: Turn, bytes: u32) {
        self.turns.push_back(turn);
        self.live += 1;
        self.bytes += bytes as usize;
    }

    /// One of its values is gone. Its turn stays, and is passed over.
    fn removed(&mut self, bytes: u32) {
        self.live -= 1;
        self.bytes -= bytes as usize;
    }

    /// Drops the turns of values that are gone, before they are more than the others. Each is paid
    /// for by a value that came.
    fn compact(&mut self, is_live: impl Fn(&Turn) -> bool) {
        if self.turns.len() > 2 * self.live + 16 {
            self.turns.retain(is_live);
        }
    }
}
