//! Row S10: a start with given keys that continues by fetching, and the snapshot for it.

use std::time::Duration;

use resource_server::testing::{Fault, TestIssuer, TestServer};
use resource_server::{
    Algorithm, Issuer, NumericDate, Reason, StaticKeys, Validator, ValidatorBuilder,
    clock::Clock,
    error::{ConfigErrorKind, KeySetError},
    keys::KeySnapshot,
};
use serde_json::{Value, json};

use crate::support::http::{
    AUDIENCE, COOLDOWN, LIFETIME, TOLERANCE, World, chain, outage, reason, until, validator,
};
use crate::support::problems;

const OTHER: &str = "https://other.example.com";

/// A server that refuses connections from the start, and a Validator with its keys given.
async fn seeded_in_an_outage(adapt: impl FnOnce(Issuer) -> Issuer) -> World {
    let world = World::new().await;
    world.server.fail(Fault::Refused);
    let issuer = Issuer::discover(world.server.url())
        .starting_from_jwks(&world.server.issuer().jwks())
        .refresh_on_demand();
    let validator = validator(adapt(issuer), &world.clock);
    World { validator, ..world }
}

fn is_confirmed(validator: &Validator) -> Option<bool> {
    validator.health()[0].status().is_confirmed
}

fn builder(world: &World) -> ValidatorBuilder {
    Validator::builder()
        .audience(AUDIENCE)
        .issuer(Issuer::discover(world.server.url()).refresh_on_demand())
        .clock(world.clock.clone())
}

/// As a file would bring it.
fn read(form: &Value) -> KeySnapshot {
    serde_json::from_str(&form.to_string()).unwrap()
}

fn written(snapshot: &KeySnapshot) -> Value {
    serde_json::to_value(snapshot).unwrap()
}

#[tokio::test]
async fn s10_a_start_in_an_outage() {
    let world = seeded_in_an_outage(|issuer| issuer).await;
    assert_eq!(is_confirmed(&world.validator), Some(false));
    assert!(world.validator.health()[0].is_ready());
    // `warm_up` tries to confirm them, and does not fail where that is impossible.
    world.validator.warm_up().await.unwrap();
    let old = world.long_token();
    world.validate(&old).await.unwrap();
    until(|| world.last_error().is_some()).await;
    // It may be a rotated key: not called a bad token.
    let said = outage(world.validate(&world.stray_token("rotated")).await);
    assert!(said.contains("refused"), "{said}");
    world.server.issuer().rotate_keys();
    outage(world.validate(&world.token()).await);
    world.clock.advance(TOLERANCE.saturating_sub(COOLDOWN));
    world.validate(&old).await.unwrap();
    assert_eq!(is_confirmed(&world.validator), Some(false));

    // After the outage the fetched keys replace them, and a withdrawn key stops working.
    world.server.issuer().withdraw_old_keys();
    world.server.recover();
    world.clock.advance(COOLDOWN);
    world.validate(&world.token()).await.unwrap();
    assert_eq!(is_confirmed(&world.validator), Some(true));
    assert_eq!(reason(world.validate(&old).await), Reason::UnknownKey);
    assert_eq!(world.last_error(), None);
}

#[tokio::test]
async fn s10_keys_by_hand_end_with_the_tolerance() {
    let world = seeded_in_an_outage(|issuer| issuer).await;
    world.clock.advance(TOLERANCE + Duration::from_secs(1));
    assert!(!world.validator.health()[0].is_ready());
    outage(world.validate(&world.token()).await);
    // Without tolerance nothing is used that was not fetched.
    let world = seeded_in_an_outage(|issuer| issuer.outage_tolerance(Duration::ZERO)).await;
    world.clock.advance(Duration::from_nanos(1));
    outage(world.validate(&world.token()).await);
}

#[tokio::test]
async fn s10_nobody_waits_for_the_first_refresh_and_it_comes() {
    let world = World::new().await;
    let (jwks, token) = (world.server.issuer().jwks(), world.token());
    world.server.issuer().rotate_keys();
    world.server.issuer().withdraw_old_keys();
    let issuer = Issuer::discover(world.server.url()).starting_from_jwks(&jwks);
    let validator = validator(issuer, &world.clock);
    // The answer is a long time coming.
    world
        .server
        .fail_jwks(Fault::Delay(Duration::from_secs(3_600)));
    validator.validate(&token).await.unwrap();
    until(|| world.server.fetches().jwks == 1).await;
    assert_eq!(is_confirmed(&validator), Some(false));
    world.server.recover();
    until(|| is_confirmed(&validator) == Some(true)).await;
    let judged = validator.validate(&token).await;
    assert_eq!(reason(judged), Reason::UnknownKey);
    validator.validate(&world.token()).await.unwrap();
}

#[tokio::test]
async fn s10_getting_ready_confirms_what_is_in_hand() {
    let world = World::new().await;
    let issuer = Issuer::discover(world.server.url())
        .starting_from_jwks(&world.server.issuer().jwks())
        .refresh_on_demand();
    let validator = validator(issuer, &world.clock);
    validator.warm_up().await.unwrap();
    assert_eq!(is_confirmed(&validator), Some(true));
    assert_eq!(world.server.fetches().jwks, 1);
}

#[tokio::test]
async fn s10_a_key_that_is_not_in_hand_is_asked_for() {
    let world = World::new().await;
    let jwks = world.server.issuer().jwks();
    world.server.issuer().rotate_keys();
    let issuer = Issuer::discover(world.server.url())
        .starting_from_jwks(&jwks)
        .refresh_on_demand();
    let validator = validator(issuer, &world.clock);
    validator.validate(&world.token()).await.unwrap();
    let judged = validator.validate(&world.stray_token("stray")).await;
    assert_eq!(reason(judged), Reason::UnknownKey);
    assert_eq!(world.server.fetches().jwks, 1);
}

#[tokio::test]
async fn s10_a_set_to_start_from_that_can_not_be_right_is_told_when_built() {
    let problem = |issuer: Issuer| match &*problems(issuer) {
        [one] => one.clone(),
        other => panic!("{other:?}"),
    };
    let secret = r#"{"keys":[{"kty":"oct","kid":"a","k":"c2VjcmV0"}]}"#;
    for (text, expected) in [
        ("", Some(KeySetError::NotJson)),
        (r#"{"keys":["#, Some(KeySetError::NotJson)),
        (r#"{"keys":[]}"#, Some(KeySetError::Empty)),
        (secret, None),
    ] {
        let told = problem(Issuer::discover(OTHER).starting_from_jwks(text));
        let (_, ConfigErrorKind::StartingKeys(problem)) = told else {
            panic!("{told:?}");
        };
        match expected {
            Some(expected) => assert_eq!(problem, expected, "{text}"),
            None => assert!(matches!(problem, KeySetError::NoUsableKey { .. }), "{text}"),
        }
    }
    let jwks = TestIssuer::new(OTHER, AUDIENCE).jwks();
    let keys = StaticKeys::from_jwks(&jwks).unwrap();
    assert_eq!(
        problem(Issuer::new(OTHER).keys(keys).starting_from_jwks(&jwks)),
        (Some(OTHER.into()), ConfigErrorKind::StartingKeysNotFetched)
    );
}

#[tokio::test]
async fn s10_a_snapshot_is_taken_up_without_a_fetch() {
    let world = World::new().await;
    assert_eq!(world.validator.snapshot().issuers().count(), 0);
    world.validate(&world.token()).await.unwrap();
    world.clock.advance(Duration::from_secs(200));
    let form = written(&world.validator.snapshot());
    assert_eq!(form["version"], 1);
    let fetched_at = form["issuers"][0]["fetched_at"].as_i64().unwrap();
    assert_eq!(fetched_at, world.clock.now().as_secs() - 200);
    assert_eq!(form["issuers"][0]["lifetime_seconds"], 600);

    world.server.fail(Fault::Refused);
    world.clock.advance(Duration::from_secs(200));
    let second = builder(&world).restore(read(&form)).build().unwrap();
    let judged = second.validate_cached(&world.token());
    judged.expect("nothing is to be waited for").unwrap();
    let health = second.health();
    let status = health[0].status();
    assert_eq!(status.age, Some(Duration::from_secs(400)));
    assert_eq!(status.is_confirmed, Some(false));
    assert_eq!(status.last_asked, None);
    second.warm_up().await.unwrap();
    assert_eq!(world.server.fetches().jwks, 1);
    // The given keys keep their age.
    assert_eq!(written(&second.snapshot()), form);

    // While the keys are only restored, an unknown key gives no verdict.
    outage(second.validate(&world.stray_token("rotated")).await);
    // Stale, then too old: as fetched keys.
    let long = world.long_token();
    world.clock.advance(Duration::from_secs(600 + 3_600 - 400));
    second.validate(&long).await.unwrap();
    world.clock.advance(Duration::from_secs(1));
    outage(second.validate(&long).await);
    world.server.recover();
    world.clock.advance(Duration::from_secs(60));
    second.validate(&long).await.unwrap();
    assert_eq!(is_confirmed(&second), Some(true));
    let (first, now) = (fetched_at, written(&second.snapshot()));
    assert!(now["issuers"][0]["fetched_at"].as_i64().unwrap() > first);
}

#[tokio::test]
async fn s10_a_restored_key_that_was_withdrawn_stops_within_the_lifetime() {
    let world = World::new().await;
    let old = world.long_token();
    world.validate(&old).await.unwrap();
    let snapshot = world.validator.snapshot();
    world.server.issuer().rotate_keys();
    world.server.issuer().withdraw_old_keys();
    world.clock.advance(Duration::from_secs(300));
    let second = builder(&world).restore(snapshot).build().unwrap();
    second.validate(&old).await.unwrap();
    world.clock.advance(Duration::from_secs(301));
    second.warm_up().await.unwrap();
    assert_eq!(reason(second.validate(&old).await), Reason::UnknownKey);
}

#[tokio::test]
async fn s10_what_is_too_old_or_of_the_future_or_no_key_set_is_not_used() {
    let world = World::new().await;
    world.validate(&world.token()).await.unwrap();
    let form = written(&world.validator.snapshot());
    let now = world.clock.now().as_secs();
    let with = |member: &str, value: Value| {
        let mut form = form.clone();
        form["issuers"][0][member] = value;
        form
    };
    world.server.fail(Fault::Refused);
    let stale = i64::try_from((LIFETIME + TOLERANCE).as_secs()).unwrap();
    let secret = r#"{"keys":[{"kty":"oct","kid":"a","k":"c2VjcmV0"}]}"#;
    let large = format!(r#"{{"keys":[],"x":"{}"}}"#, "x".repeat(1024 * 1024));
    for (form, part) in [
        (with("fetched_at", json!(now - stale - 1)), "so long ago"),
        (with("fetched_at", json!(i64::MIN)), "so long ago"),
        (with("fetched_at", json!(now + 31)), "in the future"),
        (with("fetched_at", json!(i64::MAX)), "in the future"),
        (with("jwks", json!("{")), "not well-formed JSON"),
        (with("jwks", json!(secret)), "symmetric"),
        (with("jwks", json!(large)), "1048576"),
    ] {
        let validator = builder(&world).restore(read(&form)).build().unwrap();
        let health = validator.health();
        let said = health[0].status().last_error.clone().unwrap();
        assert!(said.contains("snapshot") && said.contains(part), "{said}");
        assert_eq!(is_confirmed(&validator), None, "{part}");
        outage(validator.validate(&world.token()).await);
        assert_eq!(validator.snapshot().issuers().count(), 0);
    }
    // No lifetime is longer than an hour, in any snapshot.
    let mut long = with("lifetime_seconds", json!(u64::MAX));
    let validator = builder(&world).restore(read(&long)).build().unwrap();
    let usable_for = validator.health()[0].status().usable_for;
    assert_eq!(usable_for, Some(Duration::from_secs(7_200)));
    long["issuers"][0]["fetched_at"] = json!(now - 7_201);
    let validator = builder(&world).restore(read(&long)).build().unwrap();
    outage(validator.validate(&world.token()).await);
    // A snapshot that is not used does not replace configured keys.
    let by_hand = Issuer::discover(world.server.url())
        .starting_from_jwks(&world.server.issuer().jwks())
        .refresh_on_demand();
    let validator = Validator::builder()
        .audience(AUDIENCE)
        .issuer(by_hand)
        .clock(world.clock.clone())
        .restore(read(&with("jwks", json!(""))))
        .build()
        .unwrap();
    validator.validate(&world.token()).await.unwrap();
    // It is gone with the first fetch.
    world.server.recover();
    world.clock.advance(COOLDOWN);
    validator.warm_up().await.unwrap();
    assert_eq!(validator.health()[0].status().last_error, None);
}

#[tokio::test]
async fn s10_keys_of_a_snapshot_count_before_those_by_hand() {
    let world = World::new().await;
    world.validate(&world.token()).await.unwrap();
    let snapshot = world.validator.snapshot();
    let stranger = TestIssuer::new(world.server.url(), AUDIENCE).clock(world.clock.clone());
    let issuer = Issuer::discover(world.server.url())
        .starting_from_jwks(&stranger.jwks())
        .refresh_on_demand();
    let validator = Validator::builder()
        .audience(AUDIENCE)
        .issuer(issuer)
        .clock(world.clock.clone())
        .restore(snapshot)
        .build()
        .unwrap();
    let judged = validator.validate_cached(&world.token());
    judged.expect("fresh").unwrap();
    let judged = validator.validate(&stranger.token().mint()).await;
    assert_eq!(reason(judged), Reason::BadSignature);
}

#[test]
fn s10_a_text_that_is_no_snapshot_is_refused() {
    let entry = json!({"issuer": OTHER, "fetched_at": 1, "lifetime_seconds": 600, "jwks": "{}"});
    let good = json!({"version": 1, "issuers": [entry]});
    assert_eq!(written(&read(&good)), good);
    let mut more = entry.clone();
    more["trusted"] = json!(true);
    let mut negative = entry.clone();
    negative["lifetime_seconds"] = json!(-1);
    for (bad, part) in [
        (json!({"version": 2, "issuers": []}), "version 2"),
        (json!({"issuers": []}), "version"),
        (json!({"version": 1}), "issuers"),
        (
            json!({"version": 1, "issuers": [], "x": 1}),
            "unknown field",
        ),
        (json!({"version": 1, "issuers": [more]}), "unknown field"),
        (json!({"version": 1, "issuers": [negative]}), "-1"),
        (
            json!({"version": 1, "issuers": [entry, entry]}),
            "one issuer",
        ),
        (json!([]), "invalid"),
    ] {
        let error = serde_json::from_str::<KeySnapshot>(&bad.to_string());
        let said = error.unwrap_err().to_string();
        assert!(said.contains(part), "{bad}: {said}");
    }
}

/// A set with a secret and a private key next to the public one. Neither is in the snapshot, and
/// configured keys are not in it.
#[tokio::test]
async fn s10_nothing_but_public_keys_is_in_a_snapshot() {
    const SECRET: &str = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE";
    let world = World::new().await;
    let mut set: Value = serde_json::from_str(&world.server.issuer().jwks()).unwrap();
    let mut private = set["keys"][0].clone();
    private["d"] = json!("cHJpdmF0ZQ");
    private["kid"] = json!("private");
    let symmetric = json!({"kty": "oct", "kid": "oct", "alg": "HS256", "k": SECRET});
    let keys = set["keys"].as_array_mut().unwrap();
    keys.insert(0, private);
    keys.insert(0, symmetric.clone());
    world.server.serve_jwks(set.to_string());
    world.validate(&world.token()).await.unwrap();
    let snapshot = world.validator.snapshot();
    let text = written(&snapshot).to_string();
    assert!(
        !text.contains(SECRET) && !text.contains("cHJpdmF0ZQ"),
        "{text}"
    );
    assert!(!text.contains("oct") && !text.contains("private"), "{text}");
    assert!(!format!("{snapshot:?}").contains("keys\\\""));
    let second = builder(&world).restore(snapshot).build().unwrap();
    second.validate_cached(&world.token()).unwrap().unwrap();

    // Written by anyone who can write to it.
    let mut form = written(&world.validator.snapshot());
    let jwks = form["issuers"][0]["jwks"].as_str().unwrap();
    let mut set: Value = serde_json::from_str(jwks).unwrap();
    set["keys"].as_array_mut().unwrap().push(symmetric);
    form["issuers"][0]["jwks"] = json!(set.to_string());
    let third = builder(&world).restore(read(&form)).build().unwrap();
    third.validate_cached(&world.token()).unwrap().unwrap();
    let secret = b"0123456789012345678901234567890123456789";
    let issuer = world.server.issuer().clone().clock(world.clock.clone());
    let token = issuer.token().hmac(Algorithm::HS256, &secret[..32]);
    let judged = third.validate(&token.header("kid", "oct").mint()).await;
    assert_eq!(reason(judged), Reason::AlgorithmNotAllowed);
    assert!(!written(&third.snapshot()).to_string().contains(SECRET));
}

#[tokio::test]
async fn s10_only_what_was_fetched_is_in_a_snapshot_and_only_what_is_configured_comes_out() {
    const HMAC: &str = "https://hmac.example.com";
    const BY_HAND: &str = "https://by-hand.example.com";
    let world = World::new().await;
    let other = TestIssuer::new(BY_HAND, AUDIENCE).clock(world.clock.clone());
    let secret = [7, 1, 2, 3, 4, 5, 6, 8].repeat(4);
    let many = || {
        builder(&world)
            .issuer(other.to_issuer())
            .issuer(Issuer::hmac(HMAC, Algorithm::HS256, &secret))
    };
    let validator = many().build().unwrap();
    validator.warm_up().await.unwrap();
    let snapshot = validator.snapshot();
    assert!(snapshot.issuers().eq([world.server.url()]));
    // Given keys have no known age.
    let in_hand = seeded_in_an_outage(|issuer| issuer).await;
    in_hand.validate(&in_hand.token()).await.unwrap();
    assert_eq!(in_hand.validator.snapshot().issuers().count(), 0);

    // An issuer that is not configured (any more), and one whose keys are not fetched.
    let mut form = written(&snapshot);
    let entry = |name: &str, jwks: String| {
        json!({
            "issuer": name,
            "fetched_at": world.clock.now().as_secs(),
            "lifetime_seconds": 600,
            "jwks": jwks,
        })
    };
    let stranger = TestIssuer::new(OTHER, AUDIENCE).clock(world.clock.clone());
    let forger = TestIssuer::new(BY_HAND, AUDIENCE).clock(world.clock.clone());
    let entries = form["issuers"].as_array_mut().unwrap();
    entries.push(entry(OTHER, stranger.jwks()));
    entries.push(entry(BY_HAND, forger.jwks()));
    let second = many().restore(read(&form)).build().unwrap();
    second.validate(&world.token()).await.unwrap();
    second.validate(&other.token().mint()).await.unwrap();
    let judged = second.validate(&stranger.token().mint()).await;
    assert_eq!(reason(judged), Reason::IssuerMismatch);
    let judged = second.validate(&forger.token().mint()).await;
    assert_eq!(reason(judged), Reason::BadSignature);
    assert_eq!(second.health().len(), 3);
    assert!(second.snapshot().issuers().eq([world.server.url()]));
}

/// The clock of the machine shows 1970 when the process starts.
#[tokio::test]
async fn s10_a_clock_that_is_not_set_yet_trusts_no_snapshot() {
    let world = World::new().await;
    world.validate(&world.token()).await.unwrap();
    let snapshot = world.validator.snapshot();
    let token = world.token();
    let now = world.clock.now();
    world.clock.set(NumericDate::from_secs(0));
    let second = builder(&world).restore(snapshot).build().unwrap();
    world.server.fail(Fault::Refused);
    world.clock.set(now);
    let said = chain(&second.validate(&token).await.unwrap_err());
    assert!(said.contains("can't be judged now"), "{said}");
}

#[tokio::test]
async fn s10_the_issuers_word_that_it_has_no_keys_is_kept_too() {
    let world = World::new().await;
    world.server.serve_jwks(r#"{"keys":[]}"#);
    world.validator.warm_up().await.unwrap();
    let snapshot = world.validator.snapshot();
    assert_eq!(snapshot.issuers().count(), 1);
    world.server.serve_issuer_keys();
    let second = builder(&world).restore(snapshot).build().unwrap();
    second.validate(&world.token()).await.unwrap();
}

#[tokio::test]
async fn s10_an_issuer_that_names_its_server_otherwise() {
    let server = TestServer::builder(AUDIENCE).name(OTHER).start().await;
    let server = server.unwrap();
    let clock = crate::support::http::clock();
    let issuer = || Issuer::new(OTHER).jwks_at(server.jwks_url());
    let first = validator(issuer(), &clock);
    first.warm_up().await.unwrap();
    assert!(first.snapshot().issuers().eq([OTHER]));
    server.fail(Fault::Refused);
    let second = Validator::builder()
        .audience(AUDIENCE)
        .issuer(issuer())
        .clock(clock.clone())
        .restore(first.snapshot())
        .build()
        .unwrap();
    let token = server.issuer().clone().clock(clock.clone()).token().mint();
    second.validate_cached(&token).unwrap().unwrap();
}
