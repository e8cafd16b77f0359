//! Rows S03 to S09 and S12: keys that are fetched, shared, refreshed, rotated, and outlive an
//! outage.

use std::sync::Arc;
use std::time::Duration;

use resource_server::testing::{Fault, TestIssuer, TestServer};
use resource_server::{
    Error, Issuer, Policy, Profile, Reason, StaticKeys, Validator,
    error::{KeyError, KeySetError},
};

use crate::support::http::{
    AUDIENCE, COOLDOWN, LIFETIME, TOLERANCE, World, clock, outage, reason, until, validator,
};

const UNAVAILABLE: Fault = Fault::Status {
    code: 503,
    retry_after: None,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s03_a_thousand_concurrent_first_requests_make_one_fetch() {
    let world = World::new().await;
    let token = world.token();
    let callers: Vec<_> = (0..1_000)
        .map(|_| {
            let (validator, token) = (world.validator.clone(), token.clone());
            tokio::spawn(async move { validator.validate(&token).await.is_ok() })
        })
        .collect();
    for caller in callers {
        assert!(caller.await.unwrap());
    }
    let fetches = world.server.fetches();
    assert_eq!((fetches.discovery, fetches.jwks), (1, 1));
}

/// The storm: a simulated minute of tokens with random unknown kids, known ones in between.
#[tokio::test]
async fn s03_ten_thousand_unknown_kids_in_a_minute() {
    let world = World::new().await;
    world.validate(&world.token()).await.unwrap();
    let known = world.token();
    let before = world.server.fetches().jwks;
    let mut delayed = 0;
    for i in 0..10_000 {
        let stray = world.stray_token(&format!("kid-{i}"));
        assert_eq!(reason(world.validate(&stray).await), Reason::UnknownKey);
        // Known keys are served from the cache during any other work.
        match world.validator.validate_cached(&known) {
            Some(judged) => drop(judged.unwrap()),
            None => delayed += 1,
        }
        world.clock.advance(Duration::from_millis(6));
    }
    let fetches = world.server.fetches().jwks - before;
    assert!((5..=6).contains(&fetches), "{fetches} fetches");
    assert_eq!(delayed, 0);
}

#[tokio::test]
async fn s04_a_rotated_key_passes_on_its_first_try() {
    let world = World::new().await;
    let old = world.long_token();
    world.validate(&old).await.unwrap();
    world.server.issuer().rotate_keys();
    world.clock.advance(COOLDOWN);
    world.validate(&world.token()).await.unwrap();
    assert_eq!(world.server.fetches().jwks, 2);
    // The old key is still published.
    world.validate(&old).await.unwrap();

    // A second rotation on the heels of the first: within the cooldown the key is unknown, then it
    // isn't.
    world.server.issuer().rotate_keys();
    assert_eq!(
        reason(world.validate(&world.token()).await),
        Reason::UnknownKey
    );
    world.clock.advance(COOLDOWN);
    world.validate(&world.token()).await.unwrap();
}

#[tokio::test]
async fn s04_a_withdrawn_key_stops_within_the_lifetime() {
    let world = World::new().await;
    let old = world.long_token();
    world.validate(&old).await.unwrap();
    world.server.issuer().rotate_keys();
    world.server.issuer().withdraw_old_keys();
    // No token comes until the lifetime is over: the first one then gets the new set.
    world.clock.advance(LIFETIME + Duration::from_secs(1));
    assert_eq!(reason(world.validate(&old).await), Reason::UnknownKey);

    // If the issuer withdraws all keys, that is not an outage.
    let token = world.long_token();
    world.validate(&token).await.unwrap();
    world.server.serve_jwks(r#"{"keys":[]}"#);
    world.clock.advance(LIFETIME + Duration::from_secs(1));
    assert_eq!(reason(world.validate(&token).await), Reason::UnknownKey);
    assert_eq!(world.last_error(), None);
    world.server.serve_issuer_keys();
    world.clock.advance(COOLDOWN);
    world.validate(&token).await.unwrap();
}

#[tokio::test]
async fn s05_an_outage_from_fresh_to_unusable_and_back() {
    let world = World::new().await;
    let token = world.long_token();
    world.validate(&token).await.unwrap();
    world.server.fail(UNAVAILABLE);
    // Stale, but within the tolerance.
    for _ in 0..6 {
        world.clock.advance(LIFETIME);
        world.validate(&token).await.unwrap();
        until(|| world.last_error().is_some()).await;
    }
    world.clock.advance(LIFETIME);
    world.validate(&token).await.unwrap();
    // Beyond it: an outage, never a bad token.
    world.clock.advance(TOLERANCE);
    let Err(Error::Unavailable(unavailable)) = world.validate(&token).await else {
        panic!("an outage");
    };
    assert!(unavailable.retry_after().is_some());
    assert!(outage(world.validate(&token).await).contains("status 503"));
    // The issuer comes back, and nothing has to be restarted.
    world.server.recover();
    world.clock.advance(Duration::from_secs(60));
    world.validate(&token).await.unwrap();
    assert_eq!(world.last_error(), None);
}

#[tokio::test]
async fn s05_the_issuer_is_down_at_start() {
    let world = World::new().await;
    world.server.fail(Fault::Refused);
    let text = outage(world.validate(&world.token()).await);
    assert!(
        text.contains("refused") && text.contains(world.server.url()),
        "{text}"
    );
    let failed = world.validator.warm_up().await.unwrap_err();
    assert_eq!(failed.failures().len(), 1);
    world.server.recover();
    world.clock.advance(Duration::from_secs(2));
    world.validate(&world.token()).await.unwrap();
}

#[tokio::test]
async fn s06_a_caller_that_goes_away_neither_cancels_nor_wastes_the_fetch() {
    let world = World::new().await;
    world
        .server
        .fail_jwks(Fault::Delay(Duration::from_secs(3_600)));
    let first = tokio::spawn({
        let (validator, token) = (world.validator.clone(), world.token());
        async move { validator.validate(&token).await.is_ok() }
    });
    until(|| world.server.fetches().jwks == 1).await;
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    let second = tokio::spawn({
        let (validator, token) = (world.validator.clone(), world.token());
        async move { validator.validate(&token).await.is_ok() }
    });
    world.server.recover();
    assert!(second.await.unwrap());
    assert_eq!(world.server.fetches().jwks, 1);
}

#[test]
fn s06_a_validator_outlives_the_runtime_of_its_fetch() {
    let runtime = || {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
    };
    let home = runtime();
    let server = home.block_on(TestServer::start(AUDIENCE)).unwrap();
    // It serves until the process ends.
    std::thread::spawn(move || home.block_on(std::future::pending::<()>()));
    let validator = Validator::builder()
        .audience(AUDIENCE)
        .issuer(Issuer::discover(server.url()))
        .build()
        .unwrap();
    server.fail_jwks(Fault::Delay(Duration::from_secs(3_600)));
    let token = server.issuer().token().mint();
    // A runtime that ends while the fetch is under way, with a caller that waits on another one.
    let waiting = std::thread::spawn({
        let (validator, token) = (validator.clone(), token.clone());
        let first = runtime();
        first.spawn({
            let (validator, token) = (validator.clone(), token.clone());
            async move { validator.validate(&token).await.map(drop) }
        });
        first.block_on(until(|| server.fetches().jwks == 1));
        move || {
            let second = runtime();
            let waiter = second.spawn(async move { validator.validate(&token).await.map(drop) });
            second.block_on(tokio::task::yield_now());
            drop(first);
            second.block_on(waiter).unwrap()
        }
    });
    let watch = runtime();
    watch.block_on(until(|| server.fetches().jwks == 2));
    server.recover();
    waiting.join().unwrap().unwrap();
    assert_eq!(server.fetches().jwks, 2, "one that was lost, and one anew");
    // A third runtime finds the keys cached.
    watch.block_on(validator.validate(&token)).unwrap();
    assert_eq!(server.fetches().jwks, 2);
}

#[tokio::test]
async fn s08_health_tells_how_a_source_is_doing() {
    let world = World::new().await;
    let status = || world.validator.health()[0].status().clone();
    assert!(status().keys.is_none() && status().age.is_none() && status().last_asked.is_none());
    world.server.serve_jwks(
        r#"{"keys":[
            {"kty":"OKP","crv":"Ed25519","kid":"a","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
            {"kty":"oct","kid":"b","k":"c2VjcmV0"}
        ]}"#,
    );
    world.validator.warm_up().await.unwrap();
    world.clock.advance(Duration::from_secs(7));
    let known = status();
    let keys = known.keys.unwrap();
    assert!(keys.key_ids().eq(["a"]));
    assert_eq!(keys.skipped()[0].key_id(), Some("b"));
    assert_eq!(
        keys.keys().next().unwrap().algorithms().count(),
        2,
        "EdDSA and Ed25519"
    );
    assert_eq!(known.age, Some(Duration::from_secs(7)));
    assert_eq!(known.last_asked, Some(Duration::from_secs(7)));
    let next = known.next_refresh.unwrap();
    assert!(
        next > Duration::from_secs(400) && next < Duration::from_secs(510),
        "{next:?}"
    );
    // The age is reported with an unknown key.
    let Err(Error::Rejected(rejection)) = world.validate(&world.token()).await else {
        panic!("refused");
    };
    let text = rejection.explain();
    assert!(
        text.contains("7 s old") && text.contains("asked for 7 s ago"),
        "{text}"
    );

    world.server.fail(Fault::Garbage);
    world.clock.advance(LIFETIME);
    let _ = world.validate(&world.token()).await;
    assert!(
        status()
            .last_error
            .unwrap()
            .contains("not well-formed JSON")
    );
}

#[tokio::test]
async fn s08_nobody_retries_within_a_request_and_pauses_grow() {
    let world = World::new().await;
    world.server.fail(UNAVAILABLE);
    let token = world.long_token();
    // Ten minutes of a request in each second.
    for _ in 0..600 {
        outage(world.validate(&token).await);
        world.clock.advance(Duration::from_secs(1));
    }
    // Two addresses a try; 1 + 2 + 4 + .. up to 60 s between tries.
    let tries = world.server.fetches().discovery / 2;
    assert!((12..=18).contains(&tries), "{tries}");

    // `Retry-After` applies.
    let world = World::new().await;
    world.server.fail(Fault::Status {
        code: 429,
        retry_after: Some(120),
    });
    let token = world.long_token();
    outage(world.validate(&token).await);
    world.clock.advance(Duration::from_secs(119));
    outage(world.validate(&token).await);
    assert_eq!(world.server.fetches().discovery, 2);
    world.clock.advance(Duration::from_secs(1));
    outage(world.validate(&token).await);
    assert_eq!(world.server.fetches().discovery, 4);
}

#[tokio::test]
async fn s09_four_cases_are_kept_apart() {
    let world = World::new().await;
    // An unknown issuer is refused without a call.
    let stranger =
        TestIssuer::new("https://stranger.example.com", AUDIENCE).clock(world.clock.clone());
    assert_eq!(
        reason(world.validate(&stranger.token().mint()).await),
        Reason::IssuerMismatch
    );
    assert_eq!(world.server.fetches().jwks, 0);
    // An unknown kid, all well: one fetch, then refused.
    world.validate(&world.token()).await.unwrap();
    world.clock.advance(COOLDOWN);
    assert_eq!(
        reason(world.validate(&world.stray_token("x")).await),
        Reason::UnknownKey
    );
    assert_eq!(
        reason(world.validate(&world.stray_token("y")).await),
        Reason::UnknownKey
    );
    assert_eq!(world.server.fetches().jwks, 2);
    // An unknown kid while the issuer can't be reached: it may be a rotated key.
    world.server.fail(UNAVAILABLE);
    world.clock.advance(COOLDOWN);
    outage(world.validate(&world.stray_token("x")).await);
    outage(world.validate(&world.stray_token("x")).await);
    world.validate(&world.token()).await.unwrap();
    // And while the set is stale.
    world.server.recover();
    world.clock.advance(COOLDOWN);
    world.validate(&world.token()).await.unwrap();
    world.server.fail(UNAVAILABLE);
    world.clock.advance(LIFETIME + COOLDOWN);
    outage(world.validate(&world.stray_token("x")).await);
}

#[tokio::test]
async fn s09_one_issuer_that_is_down_changes_nothing_for_another() {
    let (up, down) = (
        TestServer::start(AUDIENCE).await.unwrap(),
        TestServer::start(AUDIENCE).await.unwrap(),
    );
    down.fail(Fault::Delay(Duration::from_secs(3_600)));
    let validator = Validator::builder()
        .audience(AUDIENCE)
        .issuer(Issuer::discover(up.url()))
        .issuer(Issuer::discover(down.url()))
        .build()
        .unwrap();
    let hangs = tokio::spawn({
        let (validator, token) = (validator.clone(), down.issuer().token().mint());
        async move { validator.validate(&token).await }
    });
    until(|| down.fetches().discovery == 1).await;
    let token = up.issuer().token().mint();
    validator.validate(&token).await.unwrap();
    assert!(validator.validate_cached(&token).unwrap().is_ok());
    assert!(!hangs.is_finished());
    down.fail(UNAVAILABLE);
    outage(hangs.await.unwrap());
}

#[tokio::test]
async fn an_unchanged_set_is_not_sent_again_and_keeps_its_place() {
    let world = World::new().await;
    let token = world.long_token();
    world.validate(&token).await.unwrap();
    let keys = || world.validator.health()[0].status().keys.clone().unwrap();
    let before = keys();
    world.clock.advance(LIFETIME + Duration::from_secs(1));
    world.validate(&token).await.unwrap();
    assert_eq!(world.server.fetches().not_modified, 1);
    assert!(Arc::ptr_eq(&before, &keys()));
    assert_eq!(
        world.validator.health()[0].status().age,
        Some(Duration::ZERO)
    );
}

#[tokio::test]
async fn the_issuer_says_how_long_its_keys_are_fresh() {
    for (cache_control, age, lifetime) in [
        ("public, max-age=120", 0, 120),
        ("max-age=300", 100, 200),
        ("max-age=5", 0, 60),
        ("no-store", 0, 60),
        ("max-age=604800", 0, 3_600),
    ] {
        let world = World::new().await;
        world.server.cache_control(cache_control);
        world.server.age(Duration::from_secs(age));
        let token = world.long_token();
        world.validate(&token).await.unwrap();
        world.server.issuer().rotate_keys();
        world.server.issuer().withdraw_old_keys();
        // Refreshed ahead of the end, not before 70 % of it.
        world
            .clock
            .advance(Duration::from_secs(lifetime * 69 / 100));
        assert!(
            world.validator.validate_cached(&token).is_some(),
            "{cache_control}"
        );
        world
            .clock
            .advance(Duration::from_secs(lifetime * 17 / 100));
        assert!(
            world.validator.validate_cached(&token).is_none(),
            "{cache_control}"
        );
        world.validate(&token).await.unwrap();
        until(|| world.server.fetches().jwks == 2).await;
        until(|| world.validator.health()[0].status().age == Some(Duration::ZERO)).await;
        assert_eq!(
            reason(world.validate(&token).await),
            Reason::UnknownKey,
            "{cache_control}"
        );
    }
}

/// The background task refreshes without a request, and ends with the last clone.
#[tokio::test]
async fn keys_are_refreshed_in_the_background() {
    let server = TestServer::start(AUDIENCE).await.unwrap();
    let clock = clock();
    let validator = validator(Issuer::discover(server.url()), &clock);
    let issuer = server.issuer().clone().clock(clock.clone());
    validator.validate(&issuer.token().mint()).await.unwrap();
    for _ in 0..5 {
        let before = server.fetches().jwks;
        clock.advance(LIFETIME.mul_f64(0.9));
        // The task sleeps for a minute at most, then looks at the clock.
        tokio::time::pause();
        tokio::time::advance(Duration::from_secs(61)).await;
        tokio::time::resume();
        until(|| server.fetches().jwks == before + 1).await;
        until(|| validator.health()[0].status().age == Some(Duration::ZERO)).await;
    }
    let tasks = || {
        tokio::runtime::Handle::current()
            .metrics()
            .num_alive_tasks()
    };
    let before = tasks();
    drop(validator);
    until(|| tasks() < before).await;
}

#[tokio::test]
async fn s12_pem_by_kid_is_named_for_what_it_is() {
    const PEM: &str =
        r#"{"1a2b":"-----BEGIN CERTIFICATE-----\nMIIC\n-----END CERTIFICATE-----\n"}"#;
    assert_eq!(
        StaticKeys::from_jwks(PEM).unwrap_err(),
        KeySetError::PemByKeyId
    );
    let world = World::new().await;
    world.server.serve_jwks(PEM);
    let text = outage(world.validate(&world.token()).await);
    assert!(
        text.contains("PEM") && text.contains("oauth2/v3/certs"),
        "{text}"
    );
}

/// A SPIFFE bundle: its keys are known like any others, so no token causes another fetch.
#[tokio::test]
async fn k01_a_bundle_of_keys_for_svids_is_fetched_once() {
    let server = TestServer::start(AUDIENCE).await.unwrap();
    let bundle = server.issuer().jwks().replace("\"sig\"", "\"jwt-svid\"");
    assert!(bundle.contains("jwt-svid"));
    server.serve_jwks(bundle);
    let clock = clock();
    let entry = Issuer::new("spiffe://example.org")
        .jwks_at(server.jwks_url())
        .refresh_on_demand()
        .policy(Policy::builder().profile(Profile::JwtSvid));
    let validator = validator(entry, &clock);
    let issuer = server.issuer().clone().clock(clock.clone());
    for with_kid in [true, false, true] {
        let svid = issuer.token().typ("JWT").without("iss");
        let svid = svid.subject("spiffe://example.org/orders");
        let svid = if with_kid {
            svid
        } else {
            svid.without_header("kid")
        };
        validator.validate(&svid.mint()).await.unwrap();
        // Now an unknown key would cause a fetch.
        clock.advance(COOLDOWN);
    }
    assert_eq!(server.fetches().jwks, 1, "K01");
    let health = validator.health();
    let keys = health[0].status().keys.clone().unwrap();
    assert_eq!((keys.len(), keys.svid_keys().count()), (0, 1), "K01");
    assert_eq!(keys.skipped()[0].reason(), KeyError::OnlyForSvids, "K01");
}

/// A key for SVIDs with a token's `kid` is not a key for other tokens: they have an unknown key,
/// and an outage while the set is stale.
#[tokio::test]
async fn k01_s09_a_key_of_another_use_is_an_unknown_one() {
    let world = World::new().await;
    let mut set: serde_json::Value = serde_json::from_str(&world.server.issuer().jwks()).unwrap();
    let keys = set["keys"].as_array_mut().unwrap();
    let mut other = keys[0].clone();
    other["kid"] = "other".into();
    keys[0]["use"] = "jwt-svid".into();
    keys.push(other);
    world.server.serve_jwks(set.to_string());
    world.validator.warm_up().await.unwrap();
    assert_eq!(
        reason(world.validate(&world.token()).await),
        Reason::UnknownKey
    );
    world.clock.advance(LIFETIME + COOLDOWN);
    world.server.fail(Fault::Reset);
    outage(world.validate(&world.token()).await);
}
