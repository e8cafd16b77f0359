//! Row H13: the bounds of bodies.

use std::task::{Context, Poll, Waker};

use http::Response;

use super::*;

/// Every body here is ready at once.
fn read_now(body: Body, max_bytes: usize, room: &Room) -> Result<Bytes, Refused> {
    let reading = std::pin::pin!(read(body, max_bytes, room));
    match reading.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => panic!("it waits"),
    }
}

fn used(room: &Room) -> usize {
    room.used.load(Ordering::Relaxed)
}

fn answer(refused: Refused) -> Response<String> {
    refused.into()
}

#[test]
fn h13_a_body_is_read_up_to_its_bound() {
    let room = Room::of(64 * 1024);
    for (length, expected) in [(0, Ok(0)), (3_000, Ok(3_000)), (3_001, Err(413))] {
        let found = read_now(Body::from(vec![b'a'; length]), 3_000, &room);
        let found = found.map(|bytes| bytes.len());
        let found = found.map_err(|refused| answer(refused).status().as_u16());
        assert_eq!(found, expected, "H13: {length}");
        assert_eq!(used(&room), 0, "H13: {length}");
    }
}

/// A body whose length is not announced comes in pieces.
#[test]
fn h13_pieces_count_by_their_memory() {
    let room = Room::of(10_000);
    let mut held = Held {
        bytes: Vec::new(),
        share: room.share(),
    };
    for (piece, length, memory) in [
        (0, 0, 0),
        (2, 2, FIRST_BYTES),
        (1_022, 1_024, FIRST_BYTES),
        (1, 1_025, 2_048),
        (5_000, 6_025, 6_025),
        (1, 6_026, 8_000),
        (1_974, 8_000, 8_000),
    ] {
        held.add(&vec![b'a'; piece], 8_000).unwrap();
        assert_eq!((held.bytes.len(), used(&room)), (length, memory), "H13");
        assert!(held.bytes.capacity() >= memory, "H13");
    }
    let refused = held.add(b"a", 8_000).unwrap_err();
    assert_eq!(answer(refused).status(), 413, "H13");
    drop(held);
    assert_eq!(used(&room), 0, "H13");
}

#[test]
fn h13_all_bodies_together_have_a_bound_for_as_long_as_they_are_held() {
    let room = Room::of(10_000);
    let read = |length: usize| read_now(Body::from(vec![b'a'; length]), 8_000, &room);
    let first = read(6_000).unwrap();
    assert_eq!(used(&room), 6_000, "H13");
    let busy = answer(read(4_001).unwrap_err());
    assert_eq!(busy.status(), 503, "H13");
    assert_eq!(busy.headers()["retry-after"], "1", "H13");
    assert_eq!(
        used(&room),
        6_000,
        "H13: what was refused gives its share back"
    );
    let second = read(4_000).unwrap();
    assert_eq!(used(&room), 10_000, "H13");
    // A part holds the whole.
    let part = first.slice(..1);
    drop(first);
    assert_eq!(used(&room), 10_000, "H13");
    drop((part, second));
    assert_eq!(used(&room), 0, "H13");
    assert!(read(6_000).is_ok(), "H13");
}
