//! Row D03: the replay store in memory accepts each proof once, within its bounds, and gives an
//! error where it can't know.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::thread;

use resource_server::NumericDate;
use resource_server::binding::{Insertion, MemoryReplayStore, ProofEntry, ReplayStore};
use resource_server::error::{ReplayStoreError, SourceError, SourceErrorKind};

/// The first second of a time slice of the store.
const START: i64 = 1_800_000_000;
/// How long proofs of these tests are good.
const GOOD_FOR: i64 = 60;
/// A proof that ends in the slice of `START + GOOD_FOR` is held until then, at the latest.
const HELD_FOR: i64 = GOOD_FOR + 32;

type Inserted = Result<Insertion, SourceError>;

const fn at(second: i64) -> NumericDate {
    NumericDate::from_secs(START + second)
}

fn begun() -> MemoryReplayStore {
    let store = MemoryReplayStore::new();
    store.begin(at(0));
    store
}

/// A proof of a client, by numbers, that is made at this second.
fn proof(client: u32, number: u32, second: i64) -> ProofEntry {
    let (mut jkt, mut id) = ([0; 32], [0; 16]);
    jkt[..4].copy_from_slice(&client.to_be_bytes());
    id[..4].copy_from_slice(&client.to_be_bytes());
    id[12..].copy_from_slice(&number.to_be_bytes());
    ProofEntry::new(jkt, id, at(second), at(second + GOOD_FOR))
}

/// The store in memory never waits.
fn insert(store: &impl ReplayStore, proof: &ProofEntry, second: i64) -> Inserted {
    let mut insertion = pin!(store.insert(proof, at(second)));
    match insertion
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()))
    {
        Poll::Ready(inserted) => inserted,
        Poll::Pending => panic!("the store waits"),
    }
}

fn is_new(store: &impl ReplayStore, proof: &ProofEntry, second: i64) -> bool {
    insert(store, proof, second).unwrap() == Insertion::New
}

/// What the error says, and the seconds of its pause.
fn outage(inserted: Inserted) -> (String, Option<u64>) {
    let error = inserted.unwrap_err();
    assert_eq!(error.kind(), SourceErrorKind::Other);
    (
        error.to_string(),
        error.retry_after().map(|pause| pause.as_secs()),
    )
}

fn entries(store: &impl ReplayStore) -> u64 {
    store.status().entries.unwrap()
}

#[test]
fn d03_a_proof_is_new_once_to_its_last_moment() {
    let store = begun();
    let used = proof(1, 1, 0);
    assert_eq!(insert(&store, &used, 0).unwrap(), Insertion::New);
    for second in [0, 1, GOOD_FOR - 1, GOOD_FOR] {
        assert_eq!(insert(&store, &used, second).unwrap(), Insertion::Seen);
    }
    assert_eq!(entries(&store), 1);
}

#[test]
fn d03_other_proofs_of_the_client_and_of_other_clients_are_new() {
    let store = begun();
    for (client, number) in [(1, 1), (1, 2), (2, 1), (2, 2)] {
        assert!(is_new(&store, &proof(client, number, 0), 0));
    }
    assert_eq!(entries(&store), 4);
}

#[test]
fn d03_a_replay_is_seen_whatever_end_it_has() {
    let store = begun();
    let used = proof(1, 1, 0);
    assert!(is_new(&store, &used, 0));
    for until in [0, 31, 32, 59, 61, 128, 600] {
        let again = ProofEntry::new(used.jkt, used.id, at(0), at(until));
        let inserted = insert(&store, &again, 0).unwrap();
        assert_eq!(inserted, Insertion::Seen, "{until}");
    }
    assert_eq!(entries(&store), 1);
}

#[test]
fn d03_of_threads_that_race_for_a_proof_exactly_one_has_it() {
    const THREADS: u64 = 8;
    const PROOFS: u32 = 2_000;
    let store = Arc::new(begun());
    let new: u64 = thread::scope(|scope| {
        let race = || {
            let new = |number: &u32| is_new(&store, &proof(number % 7, *number, 0), 0);
            (0..PROOFS).filter(new).count() as u64
        };
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(race)).collect();
        threads.into_iter().map(|one| one.join().unwrap()).sum()
    });
    assert_eq!(new, u64::from(PROOFS));
    assert_eq!(entries(&store), u64::from(PROOFS));
}

#[test]
fn d03_entries_are_discarded_after_their_time_and_the_count_is_exact() {
    let store = begun();
    for number in 0..100 {
        assert!(is_new(&store, &proof(1, number, 0), 0));
    }
    // They end in the slice of second 64.
    for number in 100..110 {
        assert!(is_new(&store, &proof(1, number, 4), 4));
    }
    assert_eq!(entries(&store), 110);
    // Nothing is discarded before the last moment of its slice has passed.
    assert!(!is_new(&store, &proof(1, 100, 4), 63));
    assert_eq!(entries(&store), 110);
    assert!(!is_new(&store, &proof(1, 100, 4), 64));
    assert_eq!(entries(&store), 10);
    assert!(is_new(&store, &proof(1, 110, 200), 200));
    assert_eq!(entries(&store), 1);
}

#[test]
fn d03_entries_of_silent_clients_are_discarded_too() {
    let store = begun();
    for client in 0..1_000 {
        assert!(is_new(&store, &proof(client, 0, 0), 0));
    }
    let later = HELD_FOR;
    for number in 0..64 {
        assert!(is_new(&store, &proof(1, 1 + number, later), later));
    }
    assert_eq!(entries(&store), 64);
}

#[test]
fn d03_the_entries_of_a_client_are_bounded_and_counted_exactly() {
    let store = begun().max_entries_per_client(3).unwrap();
    for (number, second) in [(0, 0), (1, 0), (2, 40)] {
        assert!(is_new(&store, &proof(1, number, second), second));
    }
    let (text, pause) = outage(insert(&store, &proof(1, 3, 50), 50));
    assert_eq!(
        text,
        "one client has 3 proofs in the replay store (max_entries_per_client)"
    );
    // The slice of the first two ends with second 63.
    assert_eq!(pause, Some(14));
    // A replay is a replay, also now, and another client is not affected.
    assert!(!is_new(&store, &proof(1, 0, 0), 50));
    assert!(is_new(&store, &proof(2, 0, 50), 50));

    let text = outage(insert(&store, &proof(1, 3, 63), 63)).0;
    assert!(text.ends_with("(max_entries_per_client)"), "{text}");
    for (number, expected) in [(3, true), (4, true), (5, false)] {
        let inserted = insert(&store, &proof(1, number, 64), 64);
        assert_eq!(inserted.is_ok(), expected, "{number}");
    }
}

#[test]
fn d03_the_entries_of_all_clients_are_bounded_and_none_is_dropped() {
    let store = begun().max_entries(100).unwrap();
    for client in 0..100 {
        assert!(is_new(&store, &proof(client, 0, 0), 0));
    }
    for client in 100..200 {
        let (text, pause) = outage(insert(&store, &proof(client, 0, 1), 1));
        assert_eq!(
            text,
            "the replay store is full with 100 proofs (max_entries)"
        );
        assert_eq!(pause, Some(1));
    }
    for client in 0..100 {
        assert!(!is_new(&store, &proof(client, 0, 0), GOOD_FOR), "{client}");
    }
    assert_eq!(entries(&store), 100);
}

#[test]
fn d03_a_full_store_makes_room_of_all_that_ended() {
    let store = begun().max_entries(100).unwrap();
    for number in 0..100 {
        assert!(is_new(&store, &proof(1, number, 0), 0));
    }
    assert!(insert(&store, &proof(2, 0, 63), 63).is_err());
    assert!(is_new(&store, &proof(2, 0, HELD_FOR), HELD_FOR));
    assert_eq!(entries(&store), 1);
}

#[test]
fn d03_a_million_proofs_of_one_client_leave_the_others_room() {
    let store = begun().max_entries(1_000).unwrap();
    let store = store.max_entries_per_client(100).unwrap();
    let accepted = (0..1_000_000)
        .filter(|number| insert(&store, &proof(1, *number, 0), 0).is_ok())
        .count();
    assert_eq!(accepted, 100);
    assert_eq!(entries(&store), 100);
    assert!(is_new(&store, &proof(2, 0, 0), 0));
}

#[test]
fn d03_a_proof_from_before_the_begin_is_unavailable_with_a_pause() {
    let store = begun();
    // A second Validator does not make the store begin again.
    store.begin(at(30));
    let (text, pause) = outage(insert(&store, &proof(1, 1, -7), 1));
    assert_eq!(
        text,
        "the replay store began at 2027-01-15T08:00:00Z, and can't know whether a proof that was \
         made before was used"
    );
    assert_eq!(pause, Some(7));
    // The client's clock is eight seconds late: it is told when its next proof is good.
    assert!(insert(&store, &proof(1, 2, 7 - 8), 7).is_err());
    assert!(is_new(&store, &proof(1, 3, 8 - 8), 8));
    assert_eq!(entries(&store), 1);

    let never_begun = MemoryReplayStore::new();
    assert!(insert(&never_begun, &proof(1, 1, 9), 10).is_err());
    assert!(is_new(&never_begun, &proof(1, 2, 10), 10));
}

#[test]
fn d03_a_clock_that_goes_back_below_the_begin_reopens_nothing_near_it() {
    let store = begun();
    assert!(is_new(&store, &proof(1, 1, 0), 0));
    let text = outage(insert(&store, &proof(1, 2, -100), -100)).0;
    assert!(text.starts_with("the replay store began at"), "{text}");
    assert!(is_new(&store, &proof(1, 3, 1), 1));
    assert!(!is_new(&store, &proof(1, 1, 0), 1));

    // A process that starts with the clock of another year, which is then set.
    let year = 365 * 86_400;
    let early = MemoryReplayStore::new();
    early.begin(at(year));
    assert!(insert(&early, &proof(1, 1, -1), 0).is_err());
    assert!(is_new(&early, &proof(1, 1, 0), 0));
}

#[test]
fn d03_a_clock_that_jumps_ahead_and_back_accepts_no_proof_again() {
    let store = begun();
    let used = proof(1, 1, 10);
    assert!(is_new(&store, &used, 10));
    // For a while, the clock is a year ahead. So the entry is discarded, and others are made.
    let year = 365 * 86_400;
    let made_ahead = [0, 40, 80, 200].map(|second| year + second);
    for (number, second) in (2..).zip(made_ahead) {
        assert!(is_new(&store, &proof(1, number, second), second));
    }
    // The clock is right again. It is not known whether a proof with that end was used.
    let (text, pause) = outage(insert(&store, &used, 12));
    assert_eq!(
        text,
        "the clock went back to a time whose proofs the replay store has discarded"
    );
    // Its slice ends after second 95, and the proof at second 70.
    assert_eq!(pause, Some(96 - 70));
    // A proof with a later end can't have been used, as its slice is not gone.
    assert!(is_new(&store, &proof(1, 9, 40), 40));
    assert!(!is_new(&store, &proof(1, 9, 40), 41));
    // In a year, what was used then is still known, or refused.
    for (number, second) in (2..).zip(made_ahead) {
        let inserted = insert(&store, &proof(1, number, second), second);
        assert_ne!(inserted.ok(), Some(Insertion::New), "{second}");
    }
    assert!(!is_new(&store, &proof(1, 5, year + 200), year + 200));
}

#[test]
fn d03_a_clock_that_goes_back_a_little_still_knows_every_proof() {
    let store = begun();
    assert!(is_new(&store, &proof(1, 1, 100), 100));
    for back in [100, 90, 41] {
        assert!(!is_new(&store, &proof(1, 1, 100), back), "{back}");
    }
    assert_eq!(entries(&store), 1);
}

#[test]
fn d03_a_proof_that_ended_or_ends_in_hours_is_not_entered() {
    let store = begun();
    let proof_until = |until| ProofEntry::new([1; 32], [1; 16], at(0), at(until));
    let table = [
        (
            -1,
            "the time of a proof ended before it was entered in the replay store",
        ),
        (
            7_201,
            "a replay store remembers a proof for two hours at most, and this one is good for longer",
        ),
    ];
    for (until, expected) in table {
        let (text, pause) = outage(insert(&store, &proof_until(until), 0));
        assert_eq!((text.as_str(), pause), (expected, None));
    }
    assert_eq!(entries(&store), 0);
    assert!(is_new(&store, &proof_until(7_200), 0));
    assert!(!is_new(&store, &proof_until(0), 0));
}

#[test]
fn d03_the_status_shows_the_last_error_until_a_success() {
    let store = begun();
    let status = store.status();
    assert_eq!(
        (status.entries, status.failures, status.last_error),
        (Some(0), Some(0), None)
    );
    insert(&store, &proof(1, 1, -1), 0).unwrap_err();
    insert(&store, &proof(1, 1, -1), 0).unwrap_err();
    let status = store.status();
    assert_eq!(status.failures, Some(2));
    let error = status.last_error.unwrap();
    assert!(error.starts_with("the replay store began at"), "{error}");
    assert!(is_new(&store, &proof(1, 2, 0), 0));
    let status = store.status();
    assert_eq!((status.failures, status.last_error), (Some(2), None));
    assert_eq!(status.warning, None);
}

#[test]
fn d03_the_bounds_of_the_store_have_ranges() {
    let max_entries = |entries| MemoryReplayStore::new().max_entries(entries).err();
    let of_client = |entries| {
        MemoryReplayStore::new()
            .max_entries_per_client(entries)
            .err()
    };
    for (entries, is_in_range) in [
        (0, false),
        (1, true),
        (100_000_000, true),
        (100_000_001, false),
    ] {
        let expected = |error| (!is_in_range).then_some(error);
        assert_eq!(max_entries(entries), expected(ReplayStoreError::MaxEntries));
        let error = ReplayStoreError::MaxEntriesPerClient;
        assert_eq!(of_client(entries), expected(error));
    }
}

#[test]
fn p01_debug_of_a_store_and_of_an_entry_shows_no_proof() {
    let store = begun();
    let used = proof(0x4142_4344, 0x4546_4748, 0);
    assert!(is_new(&store, &used, 0));
    assert_eq!(format!("{used:?}"), "ProofEntry(..)");
    assert_eq!(
        format!("{store:?}"),
        "MemoryReplayStore { max_entries: 1000000, max_entries_per_client: 20000, entries: 1, .. }"
    );
}
