//! Tests of the store.

use super::store::{ENTRY_BYTES, PART_OF_ONE, SWEEP_EVERY, Store, Usage};

const MIB: u64 = 1024 * 1024;
const NOW: i64 = 1_700_000_000;
const LATER: i64 = NOW + 3_600;
/// With [`ENTRY_BYTES`], what each value counts here.
const BYTES: usize = 1024 - ENTRY_BYTES;

fn put(store: &Store<u128>, key: u128) {
    store.insert(key, key, BYTES, LATER, NOW);
}

#[test]
fn p04_a_flood_of_values_that_are_used_once_drops_no_value_that_is_used() {
    let store = Store::new(4 * MIB);
    for hot in 0..1_000 {
        put(&store, hot);
        assert_eq!(store.get(hot), Some(hot));
    }
    for once in 1_000..100_000 {
        put(&store, once);
        assert!(store.usage().bytes <= 4 * 1024 * 1024);
        store.get(once % 1_000);
    }
    let kept = (0..1_000).filter(|hot| store.get(*hot).is_some()).count();
    assert_eq!(kept, 1_000);
    // The room is used, and not only the tenth of it.
    assert!(store.usage().entries > 3_000, "{:?}", store.usage());
}

#[test]
fn p04_old_values_that_are_used_no_more_make_room() {
    let store = Store::new(MIB);
    for key in 0..900 {
        put(&store, key);
        store.get(key);
    }
    for key in 10_000..20_000 {
        put(&store, key);
        store.get(key);
    }
    let kept = (0..900).filter(|key| store.get(*key).is_some()).count();
    assert_eq!(kept, 0);
    assert!(store.usage().entries > 900);
}

#[test]
fn p04_values_end() {
    let store = Store::new(MIB);
    store.insert(1, 1, BYTES, NOW + 10, NOW);
    store.insert(2, 2, BYTES, NOW + 100, NOW);
    assert_eq!(store.usage().entries, 2);
    // The time to look has not come.
    store.insert(3, 3, BYTES, NOW + 100, NOW + SWEEP_EVERY - 1);
    assert_eq!(store.usage().entries, 3);
    store.insert(4, 4, BYTES, NOW + 200, NOW + SWEEP_EVERY);
    assert_eq!(store.get(1), None);
    assert_eq!(store.usage().entries, 3);
    // A clock that is set back starts the time again.
    store.insert(5, 5, BYTES, NOW + 200, NOW - 1_000);
    store.insert(6, 6, BYTES, NOW + 200, NOW + 100);
    let left: Vec<_> = (1..=6).filter(|key| store.get(*key).is_some()).collect();
    assert_eq!(left, [4, 5, 6]);
}

#[test]
fn p04_what_is_removed_and_replaced_leaves_nothing() {
    let store = Store::new(MIB);
    for round in 0..10_000 {
        put(&store, round % 3);
        store.remove(round % 2);
    }
    for key in [0, 1, 2, 7] {
        store.remove(key);
    }
    assert_eq!(store.usage(), Usage::default());
    assert!(store.turns() <= 40, "{}", store.turns());
}

#[test]
fn p04_a_value_that_would_take_much_of_a_shard_is_not_stored() {
    let store = Store::new(MIB);
    let most = 1024 * 1024 / PART_OF_ONE;
    store.insert(1, 1, most, LATER, NOW);
    assert_eq!(store.get(1), None);
    store.insert(1, 1, most - ENTRY_BYTES, LATER, NOW);
    assert_eq!(store.get(1), Some(1));
    // Nor does the one stay that it would replace.
    store.insert(1, 1, usize::MAX, LATER, NOW);
    assert_eq!(store.usage(), Usage::default());
}

/// Every value is used, so each would get another turn. The bound holds, and new values enter.
#[test]
fn p04_an_insertion_looks_at_few_values() {
    let store = Store::new(MIB);
    for key in 0..2_000 {
        put(&store, key);
        for used in 0..=key {
            store.get(used);
        }
        assert!(store.usage().bytes <= 1024 * 1024, "{key}");
    }
    assert!(store.usage().entries > 900);
    for _ in 0..100 {
        put(&store, 5_000);
    }
    assert_eq!(store.get(5_000), Some(5_000));
}

#[test]
fn p04_two_threads_lose_nothing() {
    let store = Store::new(16 * MIB);
    std::thread::scope(|scope| {
        for thread in 0..2 {
            let store = &store;
            scope.spawn(move || {
                for key in 0..5_000 {
                    let key = key * 2 + thread;
                    put(store, key);
                    assert_eq!(store.get(key), Some(key));
                    if key % 4 == 0 {
                        store.remove(key);
                    }
                }
            });
        }
    });
    let usage = store.usage();
    assert_eq!((usage.entries, usage.bytes), (7_500, 7_500 * 1024));
}
