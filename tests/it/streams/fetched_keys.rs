//! Row H10: the key of an accepted token in sets that are fetched, restored or read from a file,
//! and in those of tenants. Row S05 for outages.

use std::fs;
use std::time::Duration;

use resource_server::keys::KeyFile;
use resource_server::testing::{Fault, ManualClock, TestIssuer, TestServer};
use resource_server::{AccessToken, Error, Issuer, Reason, Tenants, Validator};
use serde_json::Value;

use super::{again, at_once};
use crate::support::http::{
    AUDIENCE, COOLDOWN, LIFETIME, TOLERANCE, World, clock, outage, reason, until, validator,
    verdict,
};
use crate::support::{ISSUER, signer};

const SECOND: Duration = Duration::from_secs(1);
const DOWN: Fault = Fault::Status {
    code: 503,
    retry_after: None,
};

/// A server whose keys are cached, and a token that was accepted by one of them.
async fn accepted(world: &World) -> AccessToken {
    world.validate(&world.long_token()).await.unwrap()
}

async fn refused(world: &World, token: &AccessToken) -> Option<Reason> {
    verdict(again(&world.validator, token).await)
}

fn withdraw(issuer: &TestIssuer) {
    issuer.rotate_keys();
    issuer.withdraw_old_keys();
}

#[tokio::test]
async fn h10_a_withdrawn_key_ends_a_stream_within_the_lifetime() {
    let world = World::new().await;
    let token = accepted(&world).await;
    for _ in 0..100 {
        assert_eq!(refused(&world, &token).await, None, "H10");
    }
    assert_eq!(world.server.fetches().jwks, 1, "H10: nothing is due");
    withdraw(world.server.issuer());
    assert_eq!(refused(&world, &token).await, None, "H10: not known yet");
    world.clock.advance(LIFETIME + SECOND);
    // A refresh is due, and is done as for a token.
    assert_eq!(refused(&world, &token).await, Some(Reason::UnknownKey));
    assert_eq!(world.server.fetches().jwks, 2);
    // A key that is gone is no reason to ask for it again.
    for _ in 0..100 {
        world.clock.advance(Duration::from_millis(500));
        assert_eq!(refused(&world, &token).await, Some(Reason::UnknownKey));
    }
    assert_eq!(world.server.fetches().jwks, 2);
    // A new request with the token is refused for the same reason.
    let new = world.validate(&world.token()).await.unwrap();
    assert_eq!(refused(&world, &new).await, None, "H10");
}

#[tokio::test]
async fn h10_a_rotation_alone_ends_no_stream() {
    let world = World::new().await;
    let old = accepted(&world).await;
    world.server.issuer().rotate_keys();
    world.clock.advance(COOLDOWN);
    let new = accepted(&world).await;
    assert_eq!(world.server.fetches().jwks, 2);
    for token in [&old, &new] {
        assert_eq!(refused(&world, token).await, None, "H10");
    }
    world.server.issuer().withdraw_old_keys();
    world.clock.advance(LIFETIME + SECOND);
    assert_eq!(refused(&world, &new).await, None, "H10");
    assert_eq!(refused(&world, &old).await, Some(Reason::UnknownKey), "H10");
}

#[tokio::test]
async fn h10_a_key_that_is_replaced_under_its_kid_ends_a_stream() {
    let world = World::new().await;
    let token = accepted(&world).await;
    // Its keys have the same ids.
    let other = TestIssuer::new(world.server.url(), AUDIENCE);
    assert!(other.jwks().contains(token.key_id().unwrap()));
    world.server.serve_jwks(other.jwks());
    world.clock.advance(LIFETIME + SECOND);
    assert_eq!(
        refused(&world, &token).await,
        Some(Reason::UnknownKey),
        "H10"
    );
}

#[tokio::test]
async fn h10_a_key_that_is_published_under_another_kid_is_the_same() {
    let world = World::new().await;
    let token = accepted(&world).await;
    let mut jwks: Value = serde_json::from_str(&world.server.issuer().jwks()).unwrap();
    jwks["keys"][0]["kid"] = "renamed".into();
    world.server.serve_jwks(jwks.to_string());
    world.clock.advance(LIFETIME + SECOND);
    assert_eq!(refused(&world, &token).await, None, "H10");
    assert_eq!(world.server.fetches().jwks, 2);
    // A new request is refused, since the kid in its header selects no key.
    let fresh = world.validate(&world.token()).await;
    assert_eq!(reason(fresh), Reason::UnknownKey);
}

#[tokio::test]
async fn h10_an_outage_is_never_a_withdrawn_key() {
    let world = World::new().await;
    let token = accepted(&world).await;
    world.server.fail(DOWN);
    world.clock.advance(LIFETIME + TOLERANCE);
    assert_eq!(refused(&world, &token).await, None, "H10: tolerated");
    until(|| world.last_error().is_some()).await;
    world.clock.advance(SECOND);
    for _ in 0..3 {
        outage(again(&world.validator, &token).await);
        world.clock.advance(COOLDOWN);
    }
    // The time still counts, and needs no key.
    world.clock.advance(Duration::from_secs(2_000_000));
    assert_eq!(refused(&world, &token).await, Some(Reason::Expired));

    let world = World::new().await;
    let token = accepted(&world).await;
    world.server.fail(DOWN);
    world.clock.advance(LIFETIME + TOLERANCE + SECOND);
    outage(again(&world.validator, &token).await);
    world.server.recover();
    world.clock.advance(Duration::from_secs(60));
    assert_eq!(refused(&world, &token).await, None, "H10: as before");
    world.server.fail(DOWN);
    withdraw(world.server.issuer());
    world.clock.advance(LIFETIME + TOLERANCE + SECOND);
    outage(again(&world.validator, &token).await);
    world.server.recover();
    world.clock.advance(Duration::from_secs(60));
    assert_eq!(refused(&world, &token).await, Some(Reason::UnknownKey));
}

/// What the issuer said last counts while it is away, so a key that it had withdrawn by then is
/// withdrawn.
#[tokio::test]
async fn h10_a_key_that_was_withdrawn_before_an_outage() {
    let world = World::new().await;
    let token = accepted(&world).await;
    withdraw(world.server.issuer());
    world.clock.advance(COOLDOWN);
    // A new token brings the new set.
    world.validate(&world.token()).await.unwrap();
    world.server.fail(DOWN);
    for _ in 0..6 {
        assert_eq!(refused(&world, &token).await, Some(Reason::UnknownKey));
        world.clock.advance(LIFETIME);
    }
}

#[tokio::test]
async fn h10_keys_from_a_snapshot_or_the_configuration() {
    let world = World::new().await;
    world.validate(&world.token()).await.unwrap();
    let snapshot = world.validator.snapshot();
    let issuer = || Issuer::discover(world.server.url()).refresh_on_demand();
    let restored = Validator::builder()
        .audience(AUDIENCE)
        .issuer(issuer())
        .clock(world.clock.clone())
        .restore(snapshot)
        .build()
        .unwrap();
    let jwks = world.server.issuer().jwks();
    let configured = validator(issuer().starting_from_jwks(&jwks), &world.clock);
    for validator in [&restored, &configured] {
        let token = validator.validate(&world.long_token()).await.unwrap();
        // Given keys serve while the first fetch is under way.
        at_once(validator, &token).unwrap();
        assert_eq!(verdict(again(validator, &token).await), None, "H10");
        assert!(validator.next_look(&token) >= Duration::from_secs(300));
    }
    let of = async |validator: &Validator| validator.validate(&world.long_token()).await.unwrap();
    let tokens = [of(&restored).await, of(&configured).await];
    withdraw(world.server.issuer());
    world.clock.advance(LIFETIME + SECOND);
    for (validator, token) in [&restored, &configured].into_iter().zip(&tokens) {
        // As for a token: given keys serve until the first fetch has had its time.
        let _ = again(validator, token).await;
        until(|| validator.health()[0].status().is_confirmed == Some(true)).await;
        let refused = again(validator, token).await;
        assert_eq!(reason(refused), Reason::UnknownKey, "H10");
    }
}

#[tokio::test]
async fn h10_the_next_look_is_within_the_lifetime_of_the_keys() {
    for (cache_control, expected) in [
        ("max-age=120", 120),
        ("max-age=3600", 300),
        ("no-store", 60),
    ] {
        let world = World::new().await;
        world.server.cache_control(cache_control);
        let token = accepted(&world).await;
        let next = world.validator.next_look(&token);
        assert_eq!(next, Duration::from_secs(expected), "H10: {cache_control}");
    }
}

/// A server with one tenant, whose keys are its own.
async fn tenant() -> (TestServer, ManualClock, Validator, TestIssuer) {
    let builder = TestServer::builder(AUDIENCE).path("/realms/acme");
    let server = builder.start().await.unwrap();
    let clock = clock();
    let template = format!("{}/realms/{{realm}}", server.url());
    let issuer = Issuer::discover_tenants(template, Tenants::only(["acme", "globex"]));
    let issuer = issuer.drop_idle_tenants_after(Duration::from_secs(3_600));
    let validator = validator(issuer, &clock);
    let signer = server.issuer().clone().clock(clock.clone());
    (server, clock, validator, signer)
}

#[tokio::test]
async fn h10_the_keys_of_a_tenant() {
    let (server, clock, validator, signer) = tenant().await;
    let long = Duration::from_secs(1_000_000);
    let minted = signer.token().expires_in(long).mint();
    let token = validator.validate(&minted).await.unwrap();
    assert_eq!(token.tenant(), Some("acme"));
    assert_eq!(verdict(again(&validator, &token).await), None, "H10");
    server.cache_control("max-age=100");
    // Its keys were dropped in the meantime, and are fetched again.
    clock.advance(Duration::from_secs(20_000));
    assert_eq!(verdict(again(&validator, &token).await), None, "H10");
    assert_eq!(validator.next_look(&token), Duration::from_secs(100));
    server.fail(DOWN);
    clock.advance(Duration::from_secs(100) + TOLERANCE + SECOND);
    let said = outage(again(&validator, &token).await);
    assert!(said.contains("tenant \"acme\""), "H10: {said}");
    server.recover();
    withdraw(&signer);
    clock.advance(Duration::from_secs(60));
    let refused = again(&validator, &token).await;
    assert_eq!(reason(refused), Reason::UnknownKey, "H10");
}

#[tokio::test]
async fn h10_the_keys_of_a_file() {
    let path = std::env::temp_dir().join(format!("rs-streams-{}.json", std::process::id()));
    let clock = clock();
    let (issuer, other) = (signer(ISSUER, &clock), signer(ISSUER, &clock));
    fs::write(&path, issuer.jwks()).unwrap();
    let interval = Duration::from_secs(20);
    let file = KeyFile::new(&path).look_every(interval);
    let validator = validator(Issuer::new(ISSUER).key_file(file), &clock);
    let long = Duration::from_secs(1_000_000);
    let minted = issuer.token().expires_in(long).mint();
    let token = validator.validate(&minted).await.unwrap();
    assert_eq!(validator.next_look(&token), interval);
    // Not there for a while: what was read before counts.
    fs::remove_file(&path).unwrap();
    clock.advance(interval);
    assert_eq!(verdict(again(&validator, &token).await), None, "H10");
    fs::write(&path, other.jwks()).unwrap();
    assert_eq!(verdict(again(&validator, &token).await), None, "H10");
    clock.advance(interval);
    let refused = again(&validator, &token).await;
    fs::remove_file(&path).unwrap();
    assert_eq!(reason(refused), Reason::UnknownKey, "H10");
}

/// Without a runtime, keys that are due can't be fetched: the API author's mistake.
#[test]
fn h10_outside_of_a_runtime() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (world, token) = runtime.block_on(async {
        let world = World::new().await;
        let token = accepted(&world).await;
        (world, token)
    });
    world.clock.advance(LIFETIME + TOLERANCE + SECOND);
    let judged = at_once(&world.validator, &token);
    assert!(matches!(judged, Err(Error::Misconfigured(_))), "{judged:?}");
}
