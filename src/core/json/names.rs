//! The names in the open objects of a text, to find duplicates.

use std::hash::{BuildHasher, Hasher};
use std::sync::LazyLock;

use foldhash::quality::RandomState;

/// Names that need no allocation: a usual claims set has fewer.
const FEW: usize = 32;
/// The shortest names take about five bytes of the text each, so the table is never full.
const TEXT_BYTES_PER_SLOT: usize = 4;

/// Seeded once per process, so that no sender can choose names that collide.
static SEED: LazyLock<RandomState> = LazyLock::new(RandomState::default);

/// A set of hashes, each over a name and the position of its object.
///
/// Up to 32 names are a list. When an object ends, its names are dropped from it. With more, the
/// hashes move to an open-addressing table that is never cleared or resized: a hash of an object
/// that has ended matches no other object. The table takes as many bytes as the text.
pub(super) struct Names {
    seed: &'static RandomState,
    few: [u64; FEW],
    count: usize,
    /// The lower halves of hashes; the upper halves select the slots. Zero is an empty slot.
    table: Vec<u32>,
    slots: usize,
}

/// An object whose members are being read.
#[derive(Clone, Copy)]
pub(super) struct OpenObject {
    /// The position of its first member, which no other open or ended object has.
    pub(super) start: usize,
    first_name: usize,
}

impl Names {
    pub(super) fn in_text(text: &str) -> Self {
        Names {
            seed: &SEED,
            few: [0; FEW],
            count: 0,
            table: Vec::new(),
            slots: text.len() / TEXT_BYTES_PER_SLOT,
        }
    }

    pub(super) const fn open(&self, start: usize) -> OpenObject {
        OpenObject {
            start,
            first_name: self.count,
        }
    }

    pub(super) const fn close(&mut self, object: OpenObject) {
        self.count = object.first_name;
    }

    /// The hash of a name in its object.
    #[inline]
    pub(super) fn hash(&self, object: OpenObject, name: &[u8]) -> u64 {
        let mut hasher = self.seed.build_hasher();
        hasher.write(name);
        hasher.write_usize(object.start);
        hasher.finish()
    }

    /// Adds the hash of a name of the innermost open object. Returns `false` if it was there
    /// already, which means a duplicate or, very rarely, another name with the same hash.
    #[allow(clippy::inline_always)] // a call for each name would cost a tenth more
    #[allow(clippy::manual_contains)] // it prepares for more hashes than there are
    #[inline(always)]
    pub(super) fn insert(&mut self, object: OpenObject, hash: u64) -> bool {
        if !self.table.is_empty() {
            return insert_into(&mut self.table, hash);
        }
        let own = self.few.get(object.first_name..self.count);
        if own.unwrap_or_default().iter().any(|other| *other == hash) {
            return false;
        }
        if let Some(place) = self.few.get_mut(self.count) {
            *place = hash;
            self.count += 1;
            return true;
        }
        self.move_to_table();
        insert_into(&mut self.table, hash)
    }

    #[inline(never)] // once in a text
    fn move_to_table(&mut self) {
        self.table = vec![0; self.slots];
        for hash in self.few {
            insert_into(&mut self.table, hash);
        }
    }
}

fn insert_into(table: &mut [u32], hash: u64) -> bool {
    let slots = table.len() as u64;
    // The upper half as a fraction of the slots. Both casts keep less than they could.
    #[allow(clippy::cast_possible_truncation)]
    let (slot, lower) = ((((hash >> 32) * slots) >> 32) as usize, hash as u32);
    let lower = lower.max(1);
    let (before, from) = table.split_at_mut(slot.min(table.len()));
    for place in from.iter_mut().chain(before) {
        if *place == 0 {
            *place = lower;
            return true;
        }
        if *place == lower {
            return false;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use foldhash::quality::FixedState;

    use super::*;

    fn add(names: &mut Names, object: OpenObject, name: &str) -> bool {
        let hash = names.hash(object, name.as_bytes());
        names.insert(object, hash)
    }

    #[test]
    fn c05_up_to_32_names_allocate_nothing() {
        let text = "0".repeat(1_000);
        let mut names = Names::in_text(&text);
        for round in 0..3 {
            let outer = names.open(round);
            for at in 0..FEW / 2 {
                assert!(add(&mut names, outer, &at.to_string()));
            }
            let inner = names.open(100 + round);
            for at in 0..FEW / 2 {
                assert!(add(&mut names, inner, &at.to_string()));
            }
            names.close(inner);
            names.close(outer);
            assert_eq!(names.table.capacity(), 0);
        }
    }

    /// The shortest names that a text can have, in one object and in many.
    #[test]
    fn c05_the_table_is_no_larger_than_the_text_and_never_full() {
        for (size, bytes_per_name) in [(200, 5), (2_000, 6), (100_000, 7)] {
            let text = "0".repeat(size);
            let mut names = Names::in_text(&text);
            for at in 0..size / bytes_per_name {
                let object = names.open(at / 40);
                assert!(add(&mut names, object, &(at % 40).to_string()), "{at}");
            }
            assert!(names.table.capacity() * 4 <= size, "{size}");
            assert!(names.table.contains(&0), "{size}");
        }
    }

    fn longest_run(table: &[u32]) -> usize {
        let runs = table.split(|place| *place == 0);
        runs.map(<[u32]>::len).max().unwrap_or(0)
    }

    #[test]
    fn c05_names_chosen_to_collide_without_the_seed_gain_nothing() {
        const NAMES: usize = 500;
        let text = "0".repeat(NAMES * 16);
        let unkeyed = |name: &String| {
            let mut hasher = FixedState::default().build_hasher();
            hasher.write(name.as_bytes());
            hasher.write_usize(0);
            hasher.finish()
        };
        // All belong into the first hundredth of the slots.
        let all = (0..).map(|at| format!("n{at}"));
        let chosen = all.filter(|name| unkeyed(name) < u64::MAX / 100);
        let chosen: Vec<_> = chosen.take(NAMES).collect();

        let mut names = Names::in_text(&text);
        let object = names.open(0);
        for name in &chosen {
            assert!(names.insert(object, unkeyed(name)));
        }
        assert!(longest_run(&names.table) > NAMES * 9 / 10);

        let mut names = Names::in_text(&text);
        for name in &chosen {
            assert!(add(&mut names, object, name));
        }
        assert!(longest_run(&names.table) < NAMES / 10);
    }
}
