//! A bounded memory of names that anyone may have made up: it keeps a keyed hash of each name,
//! never the name.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, RandomState};

/// 128 bits under two secret keys: no caller can find two names with one hash.
type NameHash = [u64; 2];

/// What is known of the names that came last, up to a fixed number of names.
pub(super) struct NameMemory<V> {
    secrets: [RandomState; 2],
    by_hash: HashMap<NameHash, (u64, V)>,
    /// In the order of insertion, each with the number that distinguishes it from an older
    /// insertion of the same name.
    order: VecDeque<(NameHash, u64)>,
    insertions: u64,
    capacity: usize,
}

impl<V> NameMemory<V> {
    /// A name is kept for the next `capacity` insertions.
    pub(super) fn new(capacity: usize) -> Self {
        NameMemory {
            secrets: [RandomState::new(), RandomState::new()],
            by_hash: HashMap::new(),
            order: VecDeque::new(),
            insertions: 0,
            capacity,
        }
    }

    fn hash(&self, name: &str) -> NameHash {
        let [one, two] = &self.secrets;
        [one.hash_one(name), two.hash_one(name)]
    }

    pub(super) fn get(&self, name: &str) -> Option<&V> {
        self.by_hash.get(&self.hash(name)).map(|(_, value)| value)
    }

    pub(super) fn insert(&mut self, name: &str, value: V) {
        let hash = self.hash(name);
        self.insertions = self.insertions.wrapping_add(1);
        self.by_hash.insert(hash, (self.insertions, value));
        self.order.push_back((hash, self.insertions));
        while self.order.len() > self.capacity
            && let Some((oldest, number)) = self.order.pop_front()
        {
            if self
                .by_hash
                .get(&oldest)
                .is_some_and(|(last, _)| *last == number)
            {
                self.by_hash.remove(&oldest);
            }
        }
    }

    pub(super) fn remove(&mut self, name: &str) {
        self.by_hash.remove(&self.hash(name));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s13_the_memory_of_names_is_bounded_and_keeps_the_newest() {
        let mut memory = NameMemory::new(100);
        for number in 0..10_000 {
            memory.insert(&number.to_string(), number);
            memory.insert("again and again", number);
        }
        assert!(memory.by_hash.len() <= 100);
        assert!(memory.order.len() <= 100);
        assert_eq!(memory.get("again and again"), Some(&9_999));
        assert_eq!(memory.get("9999"), Some(&9_999));
        assert_eq!(memory.get("0"), None);
        memory.remove("9999");
        assert_eq!(memory.get("9999"), None);
    }
}
