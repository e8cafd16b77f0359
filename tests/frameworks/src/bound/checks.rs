//! What every framework must do with bound tokens.

use std::net::SocketAddr;
use std::time::Duration;

use super::cases::{of_certificates, of_dpop, refused, served};
use super::{BoundWorld, NONCE_LIFETIME, ORIGIN, Wire};
use crate::cases::Expected;
use crate::client::Reply;

/// Sends every case to a server on this address, whose routes are under this prefix.
///
/// # Panics
/// An answer is not the one that the case names.
pub async fn assert_every_bound_case(
    address: SocketAddr,
    world: &BoundWorld,
    wires: &[Wire],
    prefix: &str,
) {
    let mut faults = Vec::new();
    for &wire in wires {
        let cases = of_dpop(world, wire, prefix).into_iter();
        for case in cases.chain(of_certificates(world, prefix)) {
            let reply = wire.send(address, &case.route, &case.headers).await;
            let expected = case.expected;
            if !expected.is(&reply) {
                faults.push(format!(
                    "{wire:?}, {}\n  {reply:?}\n  is not {expected:?}",
                    case.name
                ));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Three layers judge one request. They enter its proof once, and the next request with that proof
/// is refused.
///
/// # Panics
/// An answer is another.
pub async fn assert_layers_enter_a_proof_once(
    address: SocketAddr,
    world: &BoundWorld,
    wires: &[Wire],
    prefix: &str,
) {
    for &wire in wires {
        let route = format!("{prefix}/layered");
        let request = proven(world, wire, &route, None);
        let before = world.insertions();
        let first = wire.send(address, &route, &request).await;
        assert!(served().is(&first), "{wire:?}: {first:?}");
        assert_eq!(world.insertions(), before + 1, "{wire:?}");
        for _ in 0..2 {
            let again = wire.send(address, &route, &request).await;
            let expected = refused(401, &[("DPoP", "error=\"invalid_dpop_proof\"")]);
            assert!(expected.is(&again), "{wire:?}: {again:?}");
        }
    }
}

/// A nonce is demanded, used, and replaced when it is near its end.
///
/// # Panics
/// An answer is another.
pub async fn assert_nonces_round_trip(
    address: SocketAddr,
    world: &BoundWorld,
    wires: &[Wire],
    prefix: &str,
) {
    for &wire in wires {
        // One layer, three layers, and a handler that sets these headers itself.
        let own = [
            ("cache-control", "public, max-age=60"),
            ("dpop-nonce", "stale"),
        ];
        for (route, own) in [("/orders", &[][..]), ("/layered", &[]), ("/marked", &own)] {
            let route = format!("{prefix}{route}");
            let send = async |nonce: Option<&str>| {
                let request = proven(world, wire, &route, nonce);
                wire.send(address, &route, &request).await
            };
            let name = format!("{wire:?} {route}");
            let nonce = demanded(&send(None).await, &name);
            let first = send(Some(&nonce)).await;
            assert!(with(served(), own).is(&first), "{name}: {first:?}");
            // At the half of its lifetime it does not yet get a successor, and a second later it
            // does.
            world.clock.advance(NONCE_LIFETIME / 2);
            let half = send(Some(&nonce)).await;
            assert!(with(served(), own).is(&half), "{name}: {half:?}");
            world.clock.advance(Duration::from_secs(1));
            let renewed = send(Some(&nonce)).await;
            let fresh = fresh_nonce(&renewed, &name);
            assert_ne!(fresh, nonce, "{name}");
            let replaced = [
                ("cache-control", "no-store"),
                ("dpop-nonce", fresh.as_str()),
            ];
            assert!(
                with(served(), &replaced).is(&renewed),
                "{name}: {renewed:?}"
            );
            let next = send(Some(&fresh)).await;
            assert!(with(served(), own).is(&next), "{name}: {next:?}");
            // Past its lifetime it is refused, and the answer has another one.
            world.clock.advance(NONCE_LIFETIME / 2);
            demanded(&send(Some(&nonce)).await, &name);
        }
        refused_in_the_handler(address, world, wire, prefix).await;
    }
}

/// What a handler refuses also brings the next nonce, once.
async fn refused_in_the_handler(address: SocketAddr, world: &BoundWorld, wire: Wire, prefix: &str) {
    let route = format!("{prefix}/scoped");
    let request = proven(world, wire, &route, None);
    let nonce = demanded(&wire.send(address, &route, &request).await, &route);
    world
        .clock
        .advance(NONCE_LIFETIME / 2 + Duration::from_secs(1));
    let request = proven(world, wire, &route, Some(&nonce));
    let reply = wire.send(address, &route, &request).await;
    let fresh = fresh_nonce(&reply, &route);
    let lacks = "error=\"insufficient_scope\", scope=\"orders:write\"";
    let expected = with(refused(403, &[("DPoP", lacks)]), &[("dpop-nonce", &fresh)]);
    assert!(expected.is(&reply), "{wire:?}: {reply:?}");
}

/// The headers of a request with a token and its proof.
fn proven(
    world: &BoundWorld,
    wire: Wire,
    route: &str,
    nonce: Option<&str>,
) -> Vec<(&'static str, Vec<u8>)> {
    let token = world.token().bound_to_key_of(&world.client).mint();
    let url = format!("{ORIGIN}{}", wire.path(route));
    let proof = world.client.proof(wire.method(), &url, &token);
    let proof = match nonce {
        Some(nonce) => proof.nonce(nonce),
        None => proof,
    };
    BoundWorld::dpop(&token, &proof.mint())
}

/// The nonce of an answer that demands one.
fn demanded(reply: &Reply, name: &str) -> String {
    let nonce = fresh_nonce(reply, name);
    let expected = refused(401, &[("DPoP", "error=\"use_dpop_nonce\"")]);
    let expected = with(expected, &[("dpop-nonce", &nonce)]);
    assert!(expected.is(reply), "{name}: {reply:?}");
    nonce
}

fn fresh_nonce(reply: &Reply, name: &str) -> String {
    match reply.all("dpop-nonce")[..] {
        [nonce] => nonce.to_owned(),
        _ => panic!("{name}: not one nonce in {reply:?}"),
    }
}

fn with(mut expected: Expected, headers: &[(&'static str, &str)]) -> Expected {
    let headers = headers
        .iter()
        .map(|(name, value)| (*name, (*value).to_owned()));
    expected.headers.extend(headers);
    expected
}
