//! Row P01 for proofs: a refusal for each reason, of requests that have a marker wherever it may
//! not be seen.

use crate::support::bound::{PATH, URL, World};
use crate::support::{API, NOW, block_on};
use resource_server::binding::{Dpop, DpopNonces, DpopRequest};
use resource_server::testing::{TestClient, TestProof};
use resource_server::{Credentials, Error, NumericDate, Policy, Rejection};

/// Each refusal, and the proof that it is about.
pub(crate) fn refused_proofs(marker: &str) -> Vec<(Rejection, String)> {
    let world = World::new();
    let nonces = DpopNonces::of_this_process().unwrap();
    let with_nonces = World::with(Policy::builder(), Dpop::at(API).require_nonces(nonces));
    let mut found = Vec::new();
    let other = TestClient::new().clock(world.clock.clone());
    let token = world.bound().mint();
    let unbound = world.signer.token().mint();
    let by = |client: &TestClient, token: &str| {
        let proof = client.proof("GET", URL, token).claim("jti", marker);
        proof.claim(marker, marker).header("kid", marker)
    };
    let mine = |token: &str| by(&world.client, token);
    let long_ago = NumericDate::from_secs(NOW - 3_600);
    let mut refuse = |world: &World, token: &str, proof: TestProof| {
        let proof = proof.mint();
        let Err(Error::Rejected(rejection)) = world.get(token, &proof) else {
            panic!("{proof} is not refused");
        };
        found.push((rejection, proof));
    };
    refuse(&world, &token, mine(&token).header("typ", marker));
    refuse(&world, &token, mine(&token).header("alg", marker));
    refuse(&world, &token, mine(&token).header("jwk", marker));
    refuse(&world, &token, mine(&token).claim("jti", marker.repeat(30)));
    refuse(&world, &token, mine(&token).claim("htm", marker));
    refuse(
        &world,
        &token,
        mine(&token).claim("htu", format!("https://{marker}/{marker}")),
    );
    refuse(&world, &token, mine(&token).claim("ath", marker));
    refuse(&world, &token, mine(&token).issued_at(long_ago));
    refuse(&world, &token, mine(&token).signed_by(&other));
    refuse(&world, &token, by(&other, &token));
    refuse(&world, &unbound, mine(&unbound));
    let bound = with_nonces.bound().mint();
    refuse(
        &with_nonces,
        &bound,
        by(&with_nonces.client, &bound).nonce(marker),
    );

    let proof = mine(&token).mint();
    world.get(&token, &proof).unwrap();
    let Err(Error::Rejected(replayed)) = world.get(&token, &proof) else {
        panic!("a replay");
    };
    found.push((replayed, proof));

    let lines: [&[u8]; 1] = [&[b"DPoP ", token.as_bytes()].concat()];
    let missing = Credentials::from_authorization(lines);
    let Err(Error::Rejected(missing)) = block_on(world.api.authenticate(&missing)) else {
        panic!("no proof");
    };
    found.push((missing, String::new()));
    for (_, proof) in &found {
        let presented = Credentials::dpop(&token, proof, "GET", PATH);
        let shown = format!("{presented:?}{presented:#?}");
        assert!(
            proof.is_empty() || !shown.contains(proof.as_str()),
            "{shown}"
        );
    }
    found
}

/// What the pure check of a proof is given, and what it gives.
#[test]
fn p01_debug_of_a_request_and_of_its_proof_shows_no_token() {
    let request = DpopRequest::new("GET", URL, "the-token").unwrap();
    let shown = format!("{request:?}{request:#?}");
    assert!(!shown.contains("the-token"), "P01: {shown}");
}
