//! The names of the objects that are open at one place of a text, to find doubles among them.

use std::hash::BuildHasher;
use std::sync::LazyLock;

use foldhash::quality::RandomState;

use super::{Fault, MAX_NAMES, MAX_OPEN_NAMES};

/// serde_json reads an object with one of these names as something else: the first as the JSON in its string, the second,
/// under a feature that any crate of a program may switch on, as a number. Then two readers of one text would see two
/// things, so an object with such a name is refused.
const RAW_VALUE_NAME: &str = "$serde_json::private::RawValue";
const NUMBER_NAME: &str = "$serde_json::private::Number";

/// Each name as a number: no allocation where there are few, and nobody can choose names that collide.
pub(crate) struct Names {
    few: [u64; FEW_NAMES],
    more: Vec<u64>,
    taken: usize,
    key: &'static Key,
}

/// As many as a usual claims set has, with what is nested in it.
const FEW_NAMES: usize = 32;

/// Made once in a process from what others can't know, so that nobody can choose names that are taken for one another: those would
/// be refused as doubles.
pub(crate) static KEY: LazyLock<Key> = LazyLock::new(|| {
    let hasher = RandomState::default();
    let mask = hasher.hash_one(0);
    let factor = hasher.hash_one(1);
    Key {
        hasher,
        mask,
        factor,
    }
});

pub(crate) struct Key {
    hasher: RandomState,
    mask: u64,
    factor: u64,
}

impl Key {
    /// A short name as it is, its length on top of its bytes; a longer one as a keyed hash with the top bit set.
    pub(crate) fn number_of(&self, name: &str) -> u64 {
        const TOP_BIT: u64 = 1 << 63;

        let bytes = name.as_bytes();
        if bytes.len() >= 8 {
            return self.hasher.hash_one(bytes) | TOP_BIT;
        }
        let length = bytes.len() as u64;
        bytes
            .iter()
            .fold(length, |number, byte| number << 8 | u64::from(*byte))
    }

    /// One of 512 places, keyed too, so that nobody knows beforehand which names share one. Those that do are compared.
    fn place_of(&self, number: u64) -> u64 {
        let product = u128::from(number ^ self.mask) * u128::from(self.factor);
        #[allow(clippy::cast_possible_truncation)] // each half of it
        let folded = (product >> 64) as u64 ^ product as u64;
        folded >> 55
    }
}

/// An object that is read.
pub(crate) struct OpenObject {
    /// Its names begin there.
    start: usize,
    /// A bit for each name that it has, and perhaps for others: most new names are known to be new at one look.
    seen: [u64; 8],
}

impl Names {
    pub(crate) fn new() -> Self {
        Names {
            few: [0; FEW_NAMES],
            more: Vec::new(),
            taken: 0,
            key: &KEY,
        }
    }

    pub(crate) const fn open(&self) -> OpenObject {
        OpenObject {
            start: self.taken,
            seen: [0; 8],
        }
    }

    pub(crate) const fn close(&mut self, object: &OpenObject) {
        self.taken = object.start;
    }

    /// Adds a name to the object that was opened last.
    pub(crate) fn insert(&mut self, object: &mut OpenObject, name: &str) -> Result<(), Fault> {
        if name.starts_with("$serde_json") && [RAW_VALUE_NAME, NUMBER_NAME].contains(&name) {
            return Err(Fault::Syntax);
        }
        if self.taken == MAX_OPEN_NAMES {
            return Err(Fault::TooComplex);
        }
        let number = self.key.number_of(name);
        let place = self.key.place_of(number);
        let bit = 1 << (place & 63);
        let seen = object.seen.get((place >> 6) as usize);
        if seen.is_some_and(|seen| seen & bit != 0) && self.has(object, number) {
            return Err(Fault::Duplicate);
        }
        if let Some(seen) = object.seen.get_mut((place >> 6) as usize) {
            *seen |= bit;
        }
        if self.taken - object.start == MAX_NAMES {
            return Err(Fault::TooComplex);
        }
        self.push(number);
        Ok(())
    }

    fn has(&self, object: &OpenObject, number: u64) -> bool {
        let all = if self.more.is_empty() {
            &self.few
        } else {
            &self.more[..]
        };
        let own = all.get(object.start..self.taken).unwrap_or_default();
        // Without an early end, so that it is done several at a time.
        let mut has = false;
        for known in own {
            has |= *known == number;
        }
        has
    }

    fn push(&mut self, number: u64) {
        if self.taken == FEW_NAMES && self.more.is_empty() {
            // From now on all are there.
            self.more.reserve_exact(MAX_OPEN_NAMES);
            self.more.extend_from_slice(&self.few);
        }
        if self.more.is_empty() {
            if let Some(place) = self.few.get_mut(self.taken) {
                *place = number;
            }
        } else {
            self.more.truncate(self.taken);
            self.more.push(number);
        }
        self.taken += 1;
    }
}
