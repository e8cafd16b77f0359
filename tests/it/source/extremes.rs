//! Rows S07 and S10: the largest and smallest durations and dates, from settings, servers,
//! snapshots and clocks. Nothing panics, and nothing wraps around to another side.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use resource_server::testing::{Fault, TestServer};
use resource_server::{
    Evidence, Fetch, Introspection, Issuer, KeySource, NumericDate, PresentedToken, Tenants,
    Validator,
    clock::Clock,
    error::SourceError,
    keys::{KeyFile, KeySnapshot},
};
use serde_json::{Value, json};

use crate::support::http::{AUDIENCE, World, by_hand, clock, ok, outage};

const NAME: &str = "https://as.example.com";
const MAX: Duration = Duration::MAX;
/// Seconds since 1970.
const WALLS: [i64; 5] = [i64::MIN, -1, 0, 1_700_000_000, i64::MAX];

/// A clock that says what it was set to.
#[derive(Clone)]
struct AnyClock(Arc<Mutex<(NumericDate, Duration)>>);

impl AnyClock {
    fn at(wall: i64, monotonic: Duration) -> Self {
        AnyClock(Arc::new(Mutex::new((
            NumericDate::from_secs(wall),
            monotonic,
        ))))
    }

    fn set(&self, wall: i64, monotonic: Duration) {
        *self.0.lock().unwrap() = (NumericDate::from_secs(wall), monotonic);
    }
}

impl Clock for AnyClock {
    fn now(&self) -> NumericDate {
        self.0.lock().unwrap().0
    }

    fn monotonic(&self) -> Duration {
        self.0.lock().unwrap().1
    }
}

fn moments() -> impl Iterator<Item = (i64, Duration)> {
    let monotonics = [Duration::ZERO, Duration::from_secs(1), MAX];
    WALLS
        .into_iter()
        .flat_map(move |wall| monotonics.map(|monotonic| (wall, monotonic)))
}

async fn snapshot() -> Value {
    let world = World::new().await;
    world.validate(&world.token()).await.unwrap();
    serde_json::to_value(world.validator.snapshot()).unwrap()
}

fn read(form: &Value) -> KeySnapshot {
    serde_json::from_str(&form.to_string()).unwrap()
}

#[tokio::test]
async fn s10_a_setting_that_is_out_of_bounds_is_told_and_never_panics() {
    let form = snapshot().await;
    let name = form["issuers"][0]["issuer"].as_str().unwrap().to_owned();
    let fetched = || Issuer::discover(&name);
    let introspected = |adapt: fn(Introspection) -> Introspection| {
        let introspection = Introspection::at("https://as.example.com/ask");
        let introspection = introspection.client_secret_basic("api", "hush-hush");
        Issuer::new(&name).introspection(adapt(introspection))
    };
    let tenants = || Issuer::discover_tenants("https://as.example.com/{t}", Tenants::only(["a"]));
    let cases = vec![
        ("tolerance", fetched().outage_tolerance(MAX)),
        ("lifetime", fetched().default_key_lifetime(MAX)),
        (
            "no lifetime",
            fetched().default_key_lifetime(Duration::ZERO),
        ),
        ("timeout", fetched().fetch(Fetch::new().timeout(MAX))),
        (
            "connecting",
            fetched().fetch(Fetch::new().connect_timeout(MAX)),
        ),
        (
            "look",
            Issuer::new(NAME).key_file(KeyFile::new("/none").look_every(MAX)),
        ),
        ("idle", tenants().drop_idle_tenants_after(MAX)),
        ("tenants", tenants().max_tenants(usize::MAX)),
        (
            "tenants' keys",
            tenants().max_key_bytes_of_all_tenants(u64::MAX),
        ),
        ("active", introspected(|one| one.cache_active_for(MAX))),
        ("inactive", introspected(|one| one.cache_inactive_for(MAX))),
        (
            "calls",
            introspected(|one| one.max_concurrent_calls(usize::MAX)),
        ),
    ];
    for (what, issuer) in cases {
        let builder = Validator::builder().audience(AUDIENCE).issuer(issuer);
        let built = builder.restore(read(&form)).build();
        assert!(built.is_err(), "{what}");
    }
}

/// The bounds themselves are accepted, and add up.
#[tokio::test]
async fn s10_the_largest_settings_work() {
    let world = World::with(|issuer| {
        issuer
            .outage_tolerance(Duration::from_secs(86_400))
            .default_key_lifetime(Duration::from_secs(3_600))
            .fetch(Fetch::new().timeout(Duration::from_secs(60)))
    })
    .await;
    world.validate(&world.token()).await.unwrap();
    world.server.fail(Fault::Refused);
    let token = world.long_token();
    world.clock.advance(Duration::from_secs(86_400 + 3_600));
    world.validate(&token).await.unwrap();
    world.clock.advance(Duration::from_secs(1));
    outage(world.validate(&token).await);
}

/// Keys of any age and lifetime, at any time of this machine.
#[tokio::test]
async fn s10_a_snapshot_of_any_date_is_restored_or_refused() {
    let form = snapshot().await;
    let jwks = form["issuers"][0]["jwks"].clone();
    let mut usable = 0;
    for wall in WALLS {
        for fetched_at in [i64::MIN, -1, 0, 1_700_000_000, i64::MAX] {
            for lifetime in [0, 600, u64::MAX] {
                let form = json!({"version": 1, "issuers": [{
                    "issuer": NAME, "fetched_at": fetched_at, "lifetime_seconds": lifetime, "jwks": jwks,
                }]});
                let clock = AnyClock::at(wall, Duration::from_secs(1));
                let validator = Validator::builder()
                    .audience(AUDIENCE)
                    .issuer(Issuer::discover(NAME).refresh_on_demand())
                    .clock(clock.clone())
                    .restore(read(&form))
                    .build()
                    .unwrap();
                // The dates are the same or very far apart; -1 and 0 are not.
                let is_recent = fetched_at.abs_diff(wall) <= 30;
                let held = validator.health()[0].status().usable_for != Some(Duration::ZERO);
                assert_eq!(held, is_recent, "{wall} {fetched_at} {lifetime}");
                usable += usize::from(held);
                for (wall, monotonic) in moments() {
                    clock.set(wall, monotonic);
                    let status = validator.health()[0].status().clone();
                    assert!(status.usable_for.unwrap() <= Duration::from_secs(7_200));
                    let _ = validator.snapshot();
                }
            }
        }
    }
    assert!(usable > 0);
}

/// Clocks that go anywhere under a source that has fetched.
#[tokio::test]
async fn s07_a_clock_that_goes_anywhere_under_fetched_keys() {
    let server = TestServer::start(AUDIENCE).await.unwrap();
    for wall in WALLS {
        let clock = AnyClock::at(wall, Duration::from_secs(1));
        let built = |issuer: Issuer| {
            let builder = Validator::builder().audience(AUDIENCE).issuer(issuer);
            builder.clock(clock.clone()).build().unwrap()
        };
        let keys = built(Issuer::discover(server.url()).refresh_on_demand());
        let _ = keys.warm_up().await;
        let opaque = built(Issuer::new(server.url()).introspection(server.introspection()));
        let token = server.opaque_token(json!({"active": true, "exp": i64::MAX}));
        for (wall, monotonic) in moments() {
            clock.set(wall, monotonic);
            let _ = keys.warm_up().await;
            let _ = keys.validate(&server.issuer().token().mint()).await;
            let _ = opaque.validate(&token).await;
            let usable_for = keys.health()[0].status().usable_for.unwrap();
            assert!(usable_for <= Duration::from_secs(7_200), "{usable_for:?}");
        }
    }
}

#[tokio::test]
async fn s05_a_server_says_any_duration() {
    for (header, usable_for) in [
        (
            format!("cache-control: max-age={}\r\n", u64::MAX),
            3_600 + 3_600,
        ),
        (
            "cache-control: max-age=99999999999999999999999\r\n".into(),
            60 + 3_600,
        ),
        (
            format!("cache-control: max-age=600\r\nage: {}\r\n", u64::MAX),
            60 + 3_600,
        ),
    ] {
        let keys = World::new().await.server.issuer().jwks();
        let answer = ok(&keys, &header);
        let (url, _) = by_hand(move |_| std::future::ready(answer.clone())).await;
        let validator = crate::support::http::validator(Issuer::new(NAME).jwks_at(url), &clock());
        validator.warm_up().await.unwrap();
        let status = validator.health()[0].status().clone();
        assert_eq!(
            status.usable_for,
            Some(Duration::from_secs(usable_for)),
            "{header}"
        );
    }
    let world = World::new().await;
    world.server.fail(Fault::Status {
        code: 503,
        retry_after: Some(u64::MAX),
    });
    outage(world.validate(&world.token()).await);
    let next = world.validator.health()[0].status().next_refresh.unwrap();
    assert!(next <= Duration::from_secs(300), "{next:?}");
}

/// What a source of the user's own says goes out as it is.
struct Far;

impl KeySource for Far {
    async fn evidence(&self, _: &PresentedToken<'_>) -> Result<Evidence, SourceError> {
        Err(SourceError::new("far").retry_in(MAX))
    }
}

#[tokio::test]
async fn s05_a_source_says_any_duration() {
    let issuer = resource_server::testing::TestIssuer::new(NAME, AUDIENCE);
    let validator = Validator::builder().audience(AUDIENCE);
    let validator = validator.issuer(Issuer::new(NAME).source(Far)).build();
    let validator = validator.unwrap();
    // A token that never ends, and one that has ended before time began.
    for (date, status) in [(i64::MAX, 503), (i64::MIN, 401)] {
        let token = issuer.token().expires_at(NumericDate::from_secs(date));
        let error = validator.validate(&token.mint()).await.unwrap_err();
        assert_eq!(error.status(), status, "{error:?}");
    }
    for lifetime in [Duration::ZERO, MAX] {
        let _ = validator
            .validate(&issuer.token().expires_in(lifetime).mint())
            .await;
    }
    for date in [i64::MIN, i64::MAX] {
        let date = NumericDate::from_secs(date);
        let _ = issuer.token().issued_at(date).not_before(date).mint();
    }
}
