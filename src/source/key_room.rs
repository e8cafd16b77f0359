//! Memory that key sets share: a bound in bytes on all of them together.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::bounds::MAX_ROUNDS;

/// What all key sets may occupy together, and how much of it is occupied.
pub(super) struct KeyRoom {
    max_bytes: usize,
    occupied: AtomicUsize,
    /// Gives up so many bytes of other sets, or says that it can't and gives up none.
    make_room: Box<dyn Fn(usize) -> bool + Send + Sync>,
}

/// There is no room, and no other set gives way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the key set needs {needed} bytes of memory, and the sets of all tenants together have at most {max_bytes}, which others \
     are using (raise Issuer::max_key_bytes_of_all_tenants)"
)]
pub(super) struct NoRoom {
    needed: usize,
    max_bytes: usize,
}

/// The room of one set. It is free again when this is dropped.
pub(super) struct Occupied {
    room: Arc<KeyRoom>,
    bytes: usize,
}

/// Room for a set that replaces another: the bytes that it needs in addition to those of the other.
pub(super) struct Growth {
    more: Occupied,
    total: usize,
}

impl KeyRoom {
    /// `make_room` must not be called under a lock that it takes.
    pub(super) fn new(
        max_bytes: usize,
        make_room: impl Fn(usize) -> bool + Send + Sync + 'static,
    ) -> Self {
        KeyRoom {
            max_bytes,
            occupied: AtomicUsize::new(0),
            make_room: Box::new(make_room),
        }
    }

    /// Room for a set of `needed` bytes in place of one that has `held` bytes.
    pub(super) fn grow(self: &Arc<Self>, held: usize, needed: usize) -> Result<Growth, NoRoom> {
        let no_room = NoRoom {
            needed,
            max_bytes: self.max_bytes,
        };
        if needed > self.max_bytes {
            return Err(no_room);
        }
        // Another set may take the room that was made for this one.
        for _ in 0..MAX_ROUNDS {
            let missing = match self.occupy(needed.saturating_sub(held)) {
                Ok(more) => {
                    return Ok(Growth {
                        more,
                        total: needed,
                    });
                }
                Err(missing) => missing,
            };
            if !(self.make_room)(missing) {
                break;
            }
        }
        Err(no_room)
    }

    /// The error is how many bytes are missing.
    fn occupy(self: &Arc<Self>, bytes: usize) -> Result<Occupied, usize> {
        let add = |occupied: usize| {
            let sum = occupied.saturating_add(bytes);
            (sum <= self.max_bytes).then_some(sum)
        };
        self.occupied
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, add)
            .map_err(|occupied| {
                occupied
                    .saturating_add(bytes)
                    .saturating_sub(self.max_bytes)
            })?;
        Ok(Occupied {
            room: Arc::clone(self),
            bytes,
        })
    }

    #[cfg(test)]
    pub(super) fn occupied(&self) -> usize {
        self.occupied.load(Ordering::Relaxed)
    }
}

impl Growth {
    /// The set has replaced the one that had this room.
    pub(super) fn in_place_of(self, held: Option<Occupied>) -> Occupied {
        let mut own = self.more;
        if let Some(mut held) = held {
            own.bytes = own.bytes.saturating_add(std::mem::take(&mut held.bytes));
        }
        // Two fetches of one set end at once only where one was stuck. Then this may be more than
        // was asked for, so the sum stays true.
        let (room, bytes) = (&own.room.occupied, own.bytes);
        if self.total >= bytes {
            room.fetch_add(self.total - bytes, Ordering::Relaxed);
        } else {
            room.fetch_sub(bytes - self.total, Ordering::Relaxed);
        }
        own.bytes = self.total;
        own
    }
}

impl Occupied {
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }
}

impl Drop for Occupied {
    fn drop(&mut self) {
        self.room.occupied.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

impl fmt::Debug for KeyRoom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyRoom")
            .field("max_bytes", &self.max_bytes)
            .field("occupied", &self.occupied)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full() -> bool {
        false
    }

    #[test]
    fn k06_the_sum_follows_sets_that_grow_shrink_and_go() {
        let room = Arc::new(KeyRoom::new(100, |_| full()));
        let one = room.grow(0, 60).unwrap().in_place_of(None);
        assert_eq!(room.occupied(), 60);
        let two = room.grow(0, 41).err().unwrap();
        assert!(two.to_string().contains("max_key_bytes_of_all_tenants"));
        assert_eq!(room.occupied(), 60);
        // It need not fit next to the one that it replaces.
        let one = room.grow(one.bytes(), 100).unwrap().in_place_of(Some(one));
        assert_eq!(room.occupied(), 100);
        let one = room.grow(one.bytes(), 30).unwrap().in_place_of(Some(one));
        assert_eq!(room.occupied(), 30);
        // A set that was fetched and not used after all.
        drop(room.grow(0, 50).unwrap());
        assert_eq!(room.occupied(), 30);
        drop(one);
        assert_eq!(room.occupied(), 0);
    }

    #[test]
    fn k06_what_two_overlapping_fetches_of_one_set_leave_is_counted_once() {
        let room = Arc::new(KeyRoom::new(1_000, |_| full()));
        for (first, second) in [(30, 25), (5, 12), (12, 5), (200, 100)] {
            let old = room.grow(0, 10).unwrap().in_place_of(None);
            let (a, b) = (room.grow(10, first), room.grow(10, second));
            let held = a.unwrap().in_place_of(Some(old));
            assert_eq!(room.occupied() - b.as_ref().unwrap().more.bytes, first);
            let held = b.unwrap().in_place_of(Some(held));
            assert_eq!((held.bytes(), room.occupied()), (second, second));
        }
    }

    #[test]
    fn k06_others_give_way_only_for_a_set_that_fits_at_all() {
        let (asked, held) = (Arc::new(AtomicUsize::new(0)), Arc::default());
        let others: Arc<std::sync::Mutex<Option<Occupied>>> = held;
        let (count, idle) = (Arc::clone(&asked), Arc::clone(&others));
        let room = Arc::new(KeyRoom::new(100, move |missing| {
            count.fetch_add(missing, Ordering::Relaxed);
            idle.lock().unwrap().take().is_some()
        }));
        *others.lock().unwrap() = Some(room.grow(0, 80).unwrap().in_place_of(None));
        assert!(room.grow(0, 101).is_err());
        assert_eq!(asked.load(Ordering::Relaxed), 0);
        let new = room.grow(0, 50).unwrap().in_place_of(None);
        assert_eq!(asked.load(Ordering::Relaxed), 30);
        assert_eq!((new.bytes(), room.occupied()), (50, 50));
    }
}
