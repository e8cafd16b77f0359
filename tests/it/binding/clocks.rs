//! Rows D03 and D05: proofs and nonces where a clock of the API is wrong.

use std::time::Duration;

use crate::support::bound::{PATH, URL, World, header, reason};
use crate::support::{API, NOW, block_on};
use resource_server::binding::{Dpop, DpopNonces};
use resource_server::clock::Clock;
use resource_server::testing::ManualClock;
use resource_server::{Credentials, Error, NumericDate, Policy, Reason, Validator};

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

/// A clock that shows a later second at each look.
struct Ticking(ManualClock);

impl Clock for Ticking {
    fn now(&self) -> NumericDate {
        self.0.advance(Duration::from_secs(1));
        self.0.now()
    }

    fn monotonic(&self) -> Duration {
        self.0.monotonic()
    }
}

/// The time of a proof may end after it was found to be good and before it is entered.
#[test]
fn d03_a_proof_whose_time_ends_between_two_looks_at_the_clock_is_no_outage() {
    let world = World::new();
    let api = Validator::builder()
        .resource(API)
        .dpop(Dpop::at(API))
        .issuer(world.signer.to_issuer())
        .clock(Ticking(world.clock.clone()))
        .build()
        .unwrap();
    let token = world.bound().mint();
    world.clock.advance(Duration::from_secs(120));
    let mut judged = [0, 0];
    for age in 50..62 {
        let made = world.clock.now().saturating_sub(Duration::from_secs(age));
        let proof = world.client.proof("GET", URL, &token).issued_at(made);
        let proof = proof.mint();
        let presented = Credentials::dpop(&token, &proof, "GET", PATH);
        match block_on(api.authenticate(&presented)) {
            Ok(_) => judged[0] += 1,
            Err(error) => {
                assert_eq!(reason(&error), Reason::ProofNotCurrent, "D03: {age} s old");
                judged[1] += 1;
            }
        }
    }
    assert!(judged.iter().all(|count| *count > 0), "D03: {judged:?}");
}
