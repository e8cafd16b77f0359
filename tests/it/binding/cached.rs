//! Rows D07 and P04: a hit of the cache of verified tokens proves its binding each time.

use crate::support::bound::{PATH, URL, World, reason};
use crate::support::{API, block_on};
use resource_server::binding::{ClientCertificates, Dpop};
use resource_server::testing::TestClient;
use resource_server::{Credentials, Reason, Validator};

#[test]
fn d07_p04_a_hit_proves_its_binding_each_time() {
    let world = World::new();
    let api = |cache: Option<u64>| {
        let mut builder = Validator::builder()
            .resource(API)
            .dpop(Dpop::at(API))
            .client_certificates(ClientCertificates::from_tls())
            .issuer(world.signer.to_issuer())
            .clock(world.clock.clone());
        if let Some(bytes) = cache {
            builder = builder.token_cache(bytes);
        }
        builder.build().unwrap()
    };
    let (cached, uncached) = (api(Some(1024 * 1024)), api(None));
    let token = world.bound().bound_to_certificate_of(&world.client).mint();
    let other = TestClient::new().clock(world.clock.clone());
    let mine = |method: &str| world.client.proof(method, URL, &token).mint();
    let (first, second) = (mine("GET"), mine("GET"));
    let (put, theirs) = (mine("PUT"), other.proof("GET", URL, &token).mint());
    let (third, fourth, last) = (mine("GET"), mine("GET"), mine("GET"));
    let bearer = || Credentials::bearer(&token);
    let by = |proof| Credentials::dpop(&token, proof, "GET", PATH);
    let mine_certificate = world.client.certificate();
    let replayed = Some(Reason::ProofReplayed);
    let missing = Some(Reason::ProofOfPossessionMissing);
    let mismatch = Some(Reason::PossessionMismatch);
    let requests = [
        (
            "first sight",
            by(&first).with_certificate(mine_certificate),
            None,
        ),
        (
            "a hit",
            by(&second).with_certificate(mine_certificate),
            None,
        ),
        (
            "replayed",
            by(&second).with_certificate(mine_certificate),
            replayed,
        ),
        (
            "replayed",
            by(&first).with_certificate(mine_certificate),
            replayed,
        ),
        (
            "another method",
            by(&put).with_certificate(mine_certificate),
            Some(Reason::ProofMismatch),
        ),
        (
            "another key",
            by(&theirs).with_certificate(mine_certificate),
            mismatch,
        ),
        (
            "another certificate",
            by(&third).with_certificate(other.certificate()),
            mismatch,
        ),
        ("no certificate", by(&fourth), missing),
        (
            "no proof",
            bearer().with_certificate(mine_certificate),
            missing,
        ),
        ("nothing but the token", bearer(), missing),
        (
            "a hit after all of these",
            by(&last).with_certificate(mine_certificate),
            None,
        ),
    ];
    for (case, presented, expected) in requests {
        for (kind, api) in [("cached", &cached), ("not cached", &uncached)] {
            let judged = block_on(api.authenticate(&presented));
            let found = judged.err().map(|error| reason(&error));
            assert_eq!(found, expected, "{case}, {kind}");
        }
    }
    assert_eq!(cached.health().token_cache().unwrap().entries(), 1);
}
