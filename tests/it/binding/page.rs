//! Row D06: the table of the guide's page on bound tokens is what the crate answers.

use std::fmt::Write as _;

use crate::support::bound::{URL, World};
use crate::support::page::check_table;
use crate::support::{API, block_on};
use resource_server::binding::{ClientCertificates, Dpop, DpopNonces};
use resource_server::claims::SenderConstraint;
use resource_server::{Algorithm, Credentials, Policy, PolicyBuilder, Requirement, Validator};

const PAGE: &str = "docs/guide/binding.md";
const METADATA: &str =
    "resource_metadata=\"https://api.example.com/.well-known/oauth-protected-resource\"";

#[test]
fn d06_the_guide_shows_what_a_client_sees() {
    check_table(PAGE, &table());
}

fn es256() -> PolicyBuilder {
    Policy::builder().proof_algorithms([Algorithm::ES256])
}

fn table() -> String {
    let world = World::with(es256(), Dpop::at(API));
    let unbound = world.signer.token().mint();
    let token = world.bound().mint();
    let proof = || world.client.proof("GET", URL, &token);
    let good = world.get(&token, &proof().mint()).unwrap();
    let bearer = |api: &Validator, token: &str| block_on(api.validate(token)).unwrap_err();
    let used = proof().mint();
    world.get(&token, &used).unwrap();

    let nonces = DpopNonces::of_this_process().unwrap();
    let with_nonces = World::with(es256(), Dpop::at(API).require_nonces(nonces));
    let of_nonces = with_nonces.bound().mint();
    let without_nonce = with_nonces.client.proof("GET", URL, &of_nonces).mint();

    let only_dpop = es256().sender_constraint(SenderConstraint::Dpop);
    let only_dpop = World::with(only_dpop, Dpop::at(API));
    let by_certificate = Validator::builder()
        .resource(API)
        .client_certificates(ClientCertificates::from_tls())
        .issuer(world.signer.to_issuer())
        .clock(world.clock.clone())
        .build()
        .unwrap();
    let of_certificate = world.signer.token().bound_to_certificate_of(&world.client);

    let none = block_on(world.api.authenticate(&Credentials::none()));
    let situations = [
        ("no credentials", none.unwrap_err()),
        (
            "`Bearer` with a token that is bound to a key",
            bearer(&world.api, &token),
        ),
        (
            "`DPoP` with a bad token, an unbound one, or the proof of another key",
            world.get("no.token", &proof().mint()).unwrap_err(),
        ),
        (
            "a bad proof: none, two, of another request, too old, ..",
            world
                .get(&token, &proof().claim("htm", "PUT").mint())
                .unwrap_err(),
        ),
        (
            "a proof for the second time",
            world.get(&token, &used).unwrap_err(),
        ),
        (
            "a proof without the nonce that it needs, or with an old one",
            with_nonces.get(&of_nonces, &without_nonce).unwrap_err(),
        ),
        (
            "a good request, whose token lacks a scope",
            good.require(&Requirement::scope("orders:read"))
                .unwrap_err(),
        ),
        (
            "an unbound token where the policy requires DPoP",
            bearer(&only_dpop.api, &unbound),
        ),
        (
            "mutual TLS alone: no certificate, or another one",
            bearer(&by_certificate, &of_certificate.mint()),
        ),
    ];
    let mut table = "| situation | status | headers |\n| --- | --- | --- |\n".to_owned();
    for (situation, error) in situations {
        let answer = error.answer();
        let headers: Vec<_> = answer
            .headers()
            .filter(|(name, _)| *name != "cache-control")
            .map(|(name, value)| match name {
                "dpop-nonce" => "`dpop-nonce: ...`".to_owned(),
                _ => format!("`{name}: {}`", value.replace(METADATA, "[..]")),
            })
            .collect();
        let (status, headers) = (answer.status(), headers.join(", "));
        writeln!(table, "| {situation} | {status} | {headers} |").unwrap();
    }
    table
}
