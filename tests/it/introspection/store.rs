//! Row I12: answers that several processes share through a store of the user's own.

use std::collections::HashMap;
use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use resource_server::testing::ManualClock;
use resource_server::{
    Introspection, Issuer, Policy, Reason, Validator,
    error::{ConfigErrorKind, IntrospectionError, SourceError},
    introspection::IntrospectionStore,
};
use serde_json::json;

use tokio::sync::Semaphore;

use crate::support::http::{AUDIENCE, HandMade, asking, clock, json, reason, until, validator};
use crate::support::{self, ISSUER, NOW};

const TOKEN: &str = "2YotnFZFEjr1zCsicMWpAA";
const KEY: &[u8; 32] = b"0123456789abcdef0123456789abcdef";

#[derive(Clone, Copy, Default, PartialEq)]
enum Mode {
    #[default]
    Works,
    Fails,
    Hangs,
    /// It keeps what it should remove.
    KeepsAll,
    /// Stores when the gate is opened.
    Gated,
    /// Removes when the gate is opened.
    GatedRemovals,
}

/// What every process of a fleet reaches.
#[derive(Clone)]
struct Shared(Arc<Mutex<Kept>>, Arc<Semaphore>);

impl Default for Shared {
    fn default() -> Self {
        Shared(Arc::default(), Arc::new(Semaphore::new(0)))
    }
}

#[derive(Default)]
struct Kept {
    mode: Mode,
    values: HashMap<[u8; 32], Vec<u8>>,
    lifetimes: Vec<Duration>,
    gets: usize,
    removes: usize,
    waiting: usize,
}

impl Shared {
    fn set(&self, mode: Mode) {
        self.0.lock().unwrap().mode = mode;
    }

    fn len(&self) -> usize {
        self.0.lock().unwrap().values.len()
    }

    /// The one value, and where it is.
    fn only(&self) -> ([u8; 32], Vec<u8>) {
        let kept = self.0.lock().unwrap();
        assert_eq!(kept.values.len(), 1);
        let (place, value) = kept.values.iter().next().unwrap();
        (*place, value.clone())
    }

    fn plant(&self, place: [u8; 32], value: Vec<u8>) {
        self.0.lock().unwrap().values.insert(place, value);
    }

    async fn mode(&self) -> Result<Mode, SourceError> {
        let mode = self.0.lock().unwrap().mode;
        match mode {
            Mode::Hangs => pending().await,
            Mode::Fails => Err(SourceError::new("connection refused")),
            mode => Ok(mode),
        }
    }
}

impl IntrospectionStore for Shared {
    async fn get(&self, key: &[u8; 32]) -> Result<Option<Vec<u8>>, SourceError> {
        self.mode().await?;
        let mut kept = self.0.lock().unwrap();
        kept.gets += 1;
        Ok(kept.values.get(key).cloned())
    }

    async fn put(
        &self,
        key: &[u8; 32],
        value: &[u8],
        lifetime: Duration,
    ) -> Result<(), SourceError> {
        if self.mode().await? == Mode::Gated {
            self.0.lock().unwrap().waiting += 1;
            self.1.acquire().await.unwrap().forget();
        }
        let mut kept = self.0.lock().unwrap();
        kept.values.insert(*key, value.to_vec());
        kept.lifetimes.push(lifetime);
        Ok(())
    }

    async fn remove(&self, key: &[u8; 32]) -> Result<(), SourceError> {
        let mode = self.mode().await?;
        if mode == Mode::GatedRemovals {
            self.0.lock().unwrap().waiting += 1;
            self.1.acquire().await.unwrap().forget();
        }
        let mut kept = self.0.lock().unwrap();
        kept.removes += 1;
        if mode != Mode::KeepsAll {
            kept.values.remove(key);
        }
        Ok(())
    }
}

/// An authorization server, and processes of an API that ask it.
struct World {
    server: HandMade,
    store: Shared,
}

impl World {
    async fn answering(answer: impl Fn(usize) -> String + Send + 'static) -> Self {
        Self::at(HandMade::answering(move |request| answer(request.number)).await)
    }

    fn at(server: HandMade) -> Self {
        World {
            server,
            store: Shared::default(),
        }
    }

    fn calls(&self) -> usize {
        self.server.calls()
    }

    fn introspection(&self) -> Introspection {
        asking(self.server.jwks_url())
    }

    /// One process, whose clock shows so many seconds more.
    fn process(&self, seconds: i64) -> Validator {
        let clock = clock();
        turn(&clock, seconds);
        let introspection = self.introspection().store(self.store.clone(), KEY);
        validator(Issuer::new(ISSUER).introspection(introspection), &clock)
    }

    /// The first process asks, and its answer is stored.
    async fn first_asks(&self) -> Validator {
        let first = self.process(0);
        let _ = first.validate(TOKEN).await;
        until(|| self.store.len() == 1).await;
        first
    }
}

fn turn(clock: &ManualClock, seconds: i64) {
    use resource_server::{NumericDate, clock::Clock};
    clock.set(NumericDate::from_secs(clock.now().as_secs() + seconds));
}

fn active() -> String {
    let answer = json!({"active": true, "aud": AUDIENCE, "sub": "alice", "exp": NOW + 3_600});
    json(&answer)
}

fn inactive() -> String {
    json(&json!({"active": false}))
}

#[tokio::test]
async fn i12_processes_share_an_answer_for_its_time() {
    let world = World::answering(|_| active()).await;
    world.first_asks().await;
    for seconds in [0, 59] {
        let other = world.process(seconds);
        let token = other.validate(TOKEN).await.unwrap();
        assert_eq!(token.subject(), Some("alice"));
        assert_eq!(world.calls(), 1);
        // And then it has it in memory.
        assert!(other.validate_cached(TOKEN).unwrap().is_ok());
        assert!(other.health()[0].status().last_error.is_none());
    }
    // An answer that is a minute old no longer applies, from any process.
    let other = world.process(60);
    assert!(other.validate(TOKEN).await.is_ok());
    assert_eq!(world.calls(), 2);
    assert_eq!(
        world.store.0.lock().unwrap().lifetimes[0],
        Duration::from_secs(60)
    );
}

/// A stored answer has the same age in each process that reads it.
#[tokio::test]
async fn i12_a_stored_answer_gets_no_new_life_in_memory() {
    let world = World::answering(|_| active()).await;
    world.first_asks().await;
    let clock = clock();
    turn(&clock, 50);
    let introspection = world.introspection().store(world.store.clone(), KEY);
    let issuer = Issuer::new(ISSUER).introspection(introspection);
    let other = validator(issuer, &clock);
    assert!(other.validate(TOKEN).await.is_ok());
    clock.advance(Duration::from_secs(9));
    assert!(other.validate_cached(TOKEN).unwrap().is_ok());
    clock.advance(Duration::from_secs(1));
    assert!(other.validate_cached(TOKEN).is_none());
    assert_eq!(world.calls(), 1);
}

#[tokio::test]
async fn i12_an_answer_is_stored_no_longer_than_it_counts() {
    let soon = json(&json!({"active": true, "aud": AUDIENCE, "exp": NOW + 20}));
    let world = World::answering(move |_| soon.clone()).await;
    world.first_asks().await;
    assert_eq!(
        world.store.0.lock().unwrap().lifetimes,
        [Duration::from_secs(20)]
    );
    assert!(world.process(20).validate(TOKEN).await.is_ok());
    assert_eq!(world.calls(), 2);

    // Of an inactive token only that fact is stored, and no other member of the response.
    let told = json(&json!({"active": false, "sub": "alice"}));
    let world = World::answering(move |_| told.clone()).await;
    world.first_asks().await;
    assert_eq!(
        world.store.0.lock().unwrap().lifetimes,
        [Duration::from_secs(10)]
    );
    assert!(!String::from_utf8_lossy(&world.store.only().1).contains("alice"));
    assert_eq!(
        reason(world.process(9).validate(TOKEN).await),
        Reason::Inactive
    );
    assert_eq!(world.calls(), 1);
    assert_eq!(
        reason(world.process(10).validate(TOKEN).await),
        Reason::Inactive
    );
    assert_eq!(world.calls(), 2);

    // What may not be kept is not stored, and what was stored before is removed.
    let world = World::answering(|_| active()).await;
    world.first_asks().await;
    let introspection = world
        .introspection()
        .cache_active_for(Duration::ZERO)
        .store(world.store.clone(), KEY);
    let issuer = Issuer::new(ISSUER).introspection(introspection);
    let other = validator(issuer, &clock());
    assert!(other.validate(TOKEN).await.is_ok());
    assert_eq!(world.calls(), 2);
    until(|| world.store.len() == 0).await;
}

/// The answer is shared, never a verdict.
#[tokio::test]
async fn i12_each_process_holds_a_stored_answer_against_its_own_policy() {
    let world = World::answering(|_| active()).await;
    world.first_asks().await;
    let introspection = world.introspection().store(world.store.clone(), KEY);
    let policy = Policy::builder().audience("https://other.example");
    let issuer = Issuer::new(ISSUER)
        .introspection(introspection)
        .policy(policy);
    let other = validator(issuer, &clock());
    assert_eq!(
        reason(other.validate(TOKEN).await),
        Reason::AudienceMismatch
    );
    assert_eq!(world.calls(), 1);
}

#[tokio::test]
async fn i12_p01_neither_token_nor_secrets_are_stored() {
    let world = World::answering(|_| active()).await;
    let first = world.first_asks().await;
    let (place, value) = world.store.only();
    for hidden in [TOKEN.as_bytes(), b"hush-hush", KEY] {
        for stored in [&place[..], &value] {
            assert!(!stored.windows(hidden.len()).any(|part| part == hidden));
        }
    }
    let introspection = world.introspection().store(world.store.clone(), KEY);
    let shown = format!("{introspection:?} {first:?} {:?}", first.health());
    assert!(!shown.contains("0123456789abcdef"), "{shown}");
}

#[tokio::test]
async fn i12_a_store_that_fails_or_hangs_is_done_without() {
    for (mode, expected) in [
        (Mode::Fails, "connection refused"),
        (Mode::Hangs, "did not answer in 100 ms"),
    ] {
        let world = World::answering(|number| match number {
            2 => inactive(),
            _ => active(),
        })
        .await;
        let process = world.process(0);
        world.store.set(mode);
        assert!(process.validate("a").await.is_ok());
        assert_eq!(reason(process.validate("b").await), Reason::Inactive);
        assert_eq!(world.calls(), 2);
        let last_error = || process.health()[0].status().last_error.clone();
        let told = last_error().unwrap();
        assert!(told.contains("store") && told.contains(expected), "{told}");
        assert!(process.health()[0].is_ready());
        process.forget("a");
        assert!(process.validate("a").await.is_ok());
        assert_eq!(world.calls(), 3);
        // It works again.
        world.store.set(Mode::Works);
        assert!(process.validate("c").await.is_ok());
        until(|| world.store.len() == 1 && last_error().is_none()).await;
    }
}

/// Anyone who writes to the store without the key writes nothing that is accepted.
#[tokio::test]
async fn i12_a_forged_or_spoilt_value_counts_for_nothing() {
    let world = World::answering(|_| active()).await;
    world.first_asks().await;
    let (place, good) = world.store.only();
    let expect_asked = async |name: &str, value: Vec<u8>| {
        world.store.plant(place, value);
        let calls = world.calls();
        assert!(world.process(0).validate(TOKEN).await.is_ok(), "{name}");
        assert_eq!(world.calls(), calls + 1, "{name}");
    };
    // The good entry is accepted when it is put back.
    world.store.plant(place, good.clone());
    assert!(world.process(0).validate(TOKEN).await.is_ok());
    assert_eq!(world.calls(), 1);

    let body = br#"{"active":true,"aud":"https://api.example.com","sub":"mallory"}"#;
    let head = good.iter().position(|byte| *byte == b'{').unwrap();
    expect_asked(
        "another answer under the old tag",
        [&good[..head], body].concat(),
    )
    .await;
    expect_asked("an answer alone", body.to_vec()).await;
    expect_asked("no tag", [&good[..9], &[0; 32], body].concat()).await;
    expect_asked("nothing", Vec::new()).await;
    expect_asked("zeros", vec![0; good.len()]).await;
    expect_asked("large", vec![1; 1024 * 1024]).await;
    expect_asked("with something behind it", [&good[..], b" "].concat()).await;
    // Its time is later, so that it would be used for longer.
    let calls = world.calls();
    let later = (NOW + 60).to_be_bytes();
    world
        .store
        .plant(place, [&good[..1], &later, &good[9..]].concat());
    assert!(world.process(65).validate(TOKEN).await.is_ok());
    assert_eq!(world.calls(), calls + 1);
    // Version, time, tag and answer.
    for at in [0, 1, 8, 9, 40, 41, good.len() - 1] {
        let mut spoilt = good.clone();
        spoilt[at] ^= 1;
        expect_asked(&format!("byte {at}"), spoilt).await;
    }
    for length in [1, 8, 9, 40, 41, good.len() - 1] {
        expect_asked(&format!("{length} bytes"), good[..length].to_vec()).await;
    }
}

/// A good value that was made for something else.
#[tokio::test]
async fn i12_a_value_counts_for_its_token_and_source_alone() {
    let world = World::answering(|number| match number {
        1 => active(),
        _ => inactive(),
    })
    .await;
    let first = world.first_asks().await;
    let (good_place, good) = world.store.only();
    // It is moved to the place of the answer about another token.
    assert_eq!(reason(first.validate("other").await), Reason::Inactive);
    until(|| world.store.len() == 2).await;
    let kept: Vec<_> = world
        .store
        .0
        .lock()
        .unwrap()
        .values
        .keys()
        .copied()
        .collect();
    for place in kept {
        world.store.plant(place, good.clone());
    }
    let other = world.process(0);
    assert!(other.validate(TOKEN).await.is_ok());
    assert_eq!(reason(other.validate("other").await), Reason::Inactive);
    assert_eq!(world.calls(), 3);

    // Entries of other sources: no source finds them, and none accepts them under its own key.
    let url = world.server.jwks_url();
    let client = Introspection::at(&url).client_secret_basic("billing-api", "hush-hush");
    let other_key = [KEY.as_slice(), b"x"].concat();
    let cases = [
        (
            "issuer",
            "https://other.example",
            asking(&url),
            KEY.to_vec(),
        ),
        (
            "endpoint",
            ISSUER,
            asking(format!("{url}?x=1")),
            KEY.to_vec(),
        ),
        ("client", ISSUER, client, KEY.to_vec()),
        ("key", ISSUER, asking(&url), other_key),
    ];
    for (name, issuer, introspection, key) in cases {
        let store = Shared::default();
        store.plant(good_place, good.clone());
        let build = |introspection: Introspection| {
            let issuer = Issuer::new(issuer).introspection(introspection);
            validator(issuer, &clock())
        };
        let calls = world.calls();
        let other = build(introspection.store(store.clone(), &key));
        assert_eq!(
            reason(other.validate(TOKEN).await),
            Reason::Inactive,
            "{name}"
        );
        assert_eq!(world.calls(), calls + 1, "{name}");
        until(|| store.0.lock().unwrap().lifetimes.len() == 1).await;
        // Each has its own place. Only another key leads to the same place.
        assert_eq!(store.len(), if name == "key" { 1 } else { 2 }, "{name}");
    }
}

#[tokio::test]
async fn i12_an_answer_from_the_future_counts_for_nothing() {
    let world = World::answering(|_| active()).await;
    world.first_asks().await;
    let early = world.process(-1);
    assert!(early.validate(TOKEN).await.is_ok());
    assert_eq!(world.calls(), 2);
}

#[tokio::test]
async fn i12_what_is_forgotten_is_removed_and_asked_for_anew() {
    let world = World::answering(|number| match number {
        1 => active(),
        _ => inactive(),
    })
    .await;
    let first = world.first_asks().await;
    first.forget(TOKEN);
    until(|| world.store.len() == 0).await;
    assert_eq!(
        reason(world.process(0).validate(TOKEN).await),
        Reason::Inactive
    );

    // If the store does not remove it, it no longer applies in the process that forgot it.
    let world = World::answering(|number| match number {
        1 => active(),
        _ => inactive(),
    })
    .await;
    let first = world.first_asks().await;
    world.store.set(Mode::KeepsAll);
    first.forget(TOKEN);
    assert_eq!(reason(first.validate(TOKEN).await), Reason::Inactive);
    assert_eq!(world.calls(), 2);
    // Without a runtime, too.
    let validator = world.process(0);
    std::thread::spawn(move || validator.forget(TOKEN))
        .join()
        .unwrap();
}

/// The time of a call is by the clock of the process that made it.
#[tokio::test]
async fn i12_what_is_forgotten_stays_so_where_the_clock_of_who_stored_it_is_ahead() {
    let world = World::answering(|number| match number {
        1 => active(),
        _ => inactive(),
    })
    .await;
    assert!(world.process(5).validate(TOKEN).await.is_ok());
    until(|| world.store.len() == 1).await;
    let clock = clock();
    let introspection = world.introspection().store(world.store.clone(), KEY);
    let issuer = Issuer::new(ISSUER).introspection(introspection);
    let behind = validator(issuer, &clock);
    world.store.set(Mode::KeepsAll);
    behind.forget(TOKEN);
    clock.advance(Duration::from_secs(6));
    assert_eq!(reason(behind.validate(TOKEN).await), Reason::Inactive);
    assert_eq!(world.calls(), 2);
}

/// More tokens than are remembered, before and after: then no earlier stored answer applies.
#[tokio::test]
async fn i12_a_flood_does_not_undo_forgetting() {
    let world = World::answering(|number| match number {
        1 => active(),
        _ => inactive(),
    })
    .await;
    let clock = clock();
    let introspection = world.introspection().store(world.store.clone(), KEY);
    let issuer = Issuer::new(ISSUER).introspection(introspection);
    let first = validator(issuer, &clock);
    let flood = |name: &str, times: usize| {
        for number in (0..times).flat_map(|_| 0..10_500) {
            first.forget(&format!("{name}-{number}"));
        }
    };
    // Those that come again and again must not seem dearer than one that comes once.
    flood("before", 4);
    turn(&clock, 1);
    assert!(first.validate(TOKEN).await.is_ok());
    until(|| world.store.len() == 1).await;
    world.store.set(Mode::KeepsAll);
    turn(&clock, 1);
    first.forget(TOKEN);
    flood("after", 2);
    assert_eq!(reason(first.validate(TOKEN).await), Reason::Inactive);
    assert_eq!(world.calls(), 2);
}

/// The answer to a call from before the token was forgotten is not stored after it.
#[tokio::test]
async fn i12_a_forgotten_answer_under_way_is_not_stored() {
    let (server, gate) = HandMade::gated(|_| true, |_| active()).await;
    let world = World::at(server);
    let process = world.process(0);
    let asking = tokio::spawn({
        let process = process.clone();
        async move { process.validate(TOKEN).await.is_ok() }
    });
    until(|| world.calls() == 1).await;
    process.forget(TOKEN);
    gate.add_permits(100);
    assert!(asking.await.unwrap());
    // Another is stored, so that what belongs to the first has been done.
    assert!(process.validate("another").await.is_ok());
    until(|| world.store.0.lock().unwrap().lifetimes.len() == 1).await;
    assert_eq!(world.store.len(), 1);
}

/// Nor does it stay there where it was being stored.
#[tokio::test]
async fn i12_what_is_forgotten_while_it_is_stored_is_removed() {
    let world = World::answering(|_| active()).await;
    let process = world.process(0);
    world.store.set(Mode::Gated);
    assert!(process.validate(TOKEN).await.is_ok());
    let kept = || world.store.0.lock().unwrap();
    until(|| kept().waiting == 1).await;
    process.forget(TOKEN);
    until(|| kept().removes == 1).await;
    world.store.1.add_permits(1);
    until(|| kept().removes == 2).await;
    assert_eq!(world.store.len(), 0);
}

/// Anyone can make tokens up: they cost the store nothing before the server has answered.
#[tokio::test]
async fn i12_online_nothing_is_removed_before_the_server_has_answered() {
    let answer = |number| match number {
        1 => active(),
        2..=3 => inactive(),
        _ => "HTTP/1.1 500 Oh\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".to_owned(),
    };
    let (server, gate) = HandMade::gated(|number| number == 2, answer).await;
    let world = World::at(server);
    let first = world.first_asks().await;
    let other = world.process(0);
    let online = tokio::spawn({
        let other = other.clone();
        async move { other.validate_online(TOKEN).await }
    });
    until(|| world.calls() == 2).await;
    {
        let kept = world.store.0.lock().unwrap();
        // What is stored is not read either.
        assert_eq!((kept.values.len(), kept.gets, kept.removes), (1, 1, 0));
    }
    gate.add_permits(1);
    assert_eq!(reason(online.await.unwrap()), Reason::Inactive);
    // Others learn of it.
    until(|| world.store.0.lock().unwrap().lifetimes.len() == 2).await;
    let third = world.process(0).validate(TOKEN).await;
    assert_eq!(reason(third), Reason::Inactive);
    assert_eq!(world.calls(), 2);

    // Where this process has an earlier answer, that is dropped with the new one.
    assert_eq!(reason(first.validate_online(TOKEN).await), Reason::Inactive);
    until(|| world.store.len() == 0).await;
    assert_eq!(reason(first.validate(TOKEN).await), Reason::Inactive);
    for number in 0..200 {
        let junk = first.validate_online(&format!("junk-{number}")).await;
        crate::support::http::outage(junk);
    }
    assert_eq!(world.store.0.lock().unwrap().removes, 1);
}

/// If the store can't store the new answer, the old one there does not apply.
#[tokio::test]
async fn i12_online_a_store_that_fails_brings_nothing_back() {
    let world = World::answering(|number| match number {
        1 => active(),
        _ => inactive(),
    })
    .await;
    world.first_asks().await;
    let clock = clock();
    let introspection = world.introspection().store(world.store.clone(), KEY);
    let issuer = Issuer::new(ISSUER).introspection(introspection);
    let other = validator(issuer, &clock);
    world.store.set(Mode::Fails);
    assert_eq!(reason(other.validate_online(TOKEN).await), Reason::Inactive);
    let last_error = || other.health()[0].status().last_error.clone();
    until(|| last_error().is_some()).await;
    world.store.set(Mode::Works);
    turn(&clock, 10);
    assert_eq!(reason(other.validate(TOKEN).await), Reason::Inactive);
    assert_eq!(world.calls(), 3);
}

#[tokio::test]
async fn i12_removals_at_once_are_bounded() {
    let world = World::answering(|_| inactive()).await;
    let process = world.process(0);
    world.store.set(Mode::GatedRemovals);
    for number in 0..2_000 {
        process.forget(&format!("token-{number}"));
    }
    for _ in 0..3_000 {
        tokio::task::yield_now().await;
    }
    let waiting = world.store.0.lock().unwrap().waiting;
    assert!((1..=256).contains(&waiting), "{waiting}");
    let told = process.health()[0].status().last_error.clone().unwrap();
    assert!(told.contains("left to expire"), "{told}");
}

#[test]
fn i12_settings_of_the_store_are_told_when_built() {
    let problems = |introspection| {
        let issuer = Issuer::new(ISSUER).introspection(introspection);
        support::problems(issuer)
    };
    let basic = || Introspection::discover().client_secret_basic("orders-api", "hush-hush");
    let bearer = || Introspection::discover().bearer_token("t");
    let store = Shared::default;
    assert_eq!(problems(basic().store(store(), KEY)), []);
    assert_eq!(
        problems(bearer().client_id("orders-api").store(store(), KEY)),
        []
    );
    let cases = [
        (
            basic().store(store(), &KEY[..31]),
            IntrospectionError::StoreKey,
        ),
        (basic().store(store(), []), IntrospectionError::StoreKey),
        (
            basic().store(store(), [0; 32]),
            IntrospectionError::StoreKey,
        ),
        (bearer().store(store(), KEY), IntrospectionError::NoClientId),
    ];
    for (introspection, problem) in cases {
        let issuer = ISSUER.to_owned();
        assert_eq!(
            problems(introspection),
            [(Some(issuer), ConfigErrorKind::Introspection(problem))]
        );
    }
}
