//! Rows D03 and D05: proofs and nonces where a clock of the API is wrong.

use std::time::Duration;

use super::support::{URL, World, header, reason};
use crate::support::{API, NOW};
use resource_server::binding::{Dpop, DpopNonces};
use resource_server::{Error, NumericDate, Policy, Reason};

/// World starts its API an hour before `NOW`.
const START: i64 = NOW - 3_600;

fn world(lifetime: Duration) -> World {
    let nonces = DpopNonces::from_secrets([b"0123456789abcdef0123456789abcdef"]).unwrap();
    let dpop = Dpop::at(API).require_nonces(nonces.lifetime(lifetime));
    World::with(Policy::builder(), dpop)
}

fn at(seconds: i64) -> NumericDate {
    NumericDate::from_secs(seconds)
}

/// What a client gets that follows the answer to its first request.
fn second_request(world: &World) -> Result<(), Error> {
    let token = world.bound().mint();
    let first = world.client.proof("GET", URL, &token).mint();
    let refused = world.get(&token, &first).unwrap_err();
    assert_eq!(reason(&refused), Reason::ProofNonce);
    let nonce = header(&refused, "dpop-nonce").expect("a nonce");
    let second = world.client.proof("GET", URL, &token).nonce(&nonce).mint();
    world.get(&token, &second).map(drop)
}

/// No new nonce is late enough for a store that began in the future.
#[test]
fn d05_a_store_that_began_in_the_future_is_an_outage_until_then() {
    let world = world(Duration::from_secs(300));
    world.clock.set(at(START - 200));
    let Err(Error::Unavailable(outage)) = second_request(&world) else {
        panic!("D05: a new nonce would not help");
    };
    assert_eq!(outage.retry_after(), Some(Duration::from_secs(200)), "D05");
    world.clock.set(at(START));
    assert!(second_request(&world).is_ok(), "D05");
}

#[test]
fn d05_a_store_begins_again_where_the_clock_was_far_ahead_at_the_start() {
    let world = world(Duration::from_secs(300));
    for back in [16 * 60, 86_400, 366 * 86_400] {
        world.clock.set(at(START - back));
        assert!(second_request(&world).is_ok(), "D05: {back} s back");
    }
}

/// A nonce of an instance whose clock is ahead ends later than an hour from now.
#[test]
fn d03_d05_the_longest_nonce_of_a_clock_that_is_ahead_is_remembered() {
    let world = world(Duration::from_secs(3_600));
    let token = world.bound().mint();
    let proof = || world.client.proof("GET", URL, &token);
    world.clock.set(at(NOW + 10));
    let refused = world.get(&token, &proof().mint()).unwrap_err();
    let nonce = header(&refused, "dpop-nonce").expect("a nonce");
    world.clock.set(at(NOW));
    let once = proof().nonce(&nonce).mint();
    assert_eq!(world.reason(&token, &once), None, "D03");
    assert_eq!(
        world.reason(&token, &once),
        Some(Reason::ProofReplayed),
        "D03"
    );
}
