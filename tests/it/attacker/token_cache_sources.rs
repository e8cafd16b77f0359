//! Row P04: the cache of verified tokens, with keys that are fetched or read from a file. Rows S04,
//! S05, S09 and S11 for refreshes and outages.

use std::fs;
use std::time::Duration;

use resource_server::keys::KeyFile;
use resource_server::testing::{Fault, ManualClock, TestIssuer, TestServer};
use resource_server::{Error, Fetch, Issuer, NumericDate, Reason, Tenants, Validator};
use serde_json::json;

use crate::support::http::{AUDIENCE, LIFETIME, TOLERANCE, clock, outage, reason, until, verdict};
use crate::support::{ISSUER, NOW, signer};

const OTHER: &str = "https://api.example.com/other";
const MIB: u64 = 1024 * 1024;
const SECOND: Duration = Duration::from_secs(1);
/// A second less than the lifetime of keys.
const ALMOST: Duration = Duration::from_secs(LIFETIME.as_secs() - 1);
const DOWN: Fault = Fault::Status {
    code: 503,
    retry_after: None,
};

/// A Validator with a cache.
fn caching(issuer: Issuer, clock: &ManualClock) -> Validator {
    let builder = Validator::builder().resource(AUDIENCE).issuer(issuer);
    let builder = builder.fetch(Fetch::new().timeout(Duration::from_secs(20)));
    let builder = builder.clock(clock.clone()).token_cache(MIB);
    builder.build().unwrap()
}

struct World {
    server: TestServer,
    clock: ManualClock,
    validator: Validator,
}

impl World {
    async fn new() -> Self {
        let server = TestServer::start(AUDIENCE).await.unwrap();
        let clock = clock();
        let issuer = Issuer::discover(server.url()).refresh_on_demand();
        World {
            validator: caching(issuer, &clock),
            server,
            clock,
        }
    }

    fn issuer(&self) -> TestIssuer {
        self.server.issuer().clone().clock(self.clock.clone())
    }

    /// A token for both resources that lives longer than a test lasts.
    fn token(&self) -> String {
        let token = self.issuer().token().claim("aud", json!([AUDIENCE, OTHER]));
        token.expires_at(NumericDate::from_secs(i64::MAX)).mint()
    }

    async fn verdict(&self, token: &str) -> Option<Reason> {
        verdict(self.validator.validate(token).await)
    }
}

/// Hits alone keep the keys fresh: one of them starts each refresh, and none waits for it.
#[tokio::test]
async fn p04_s04_a_hit_starts_a_refresh_that_is_due() {
    let world = World::new().await;
    let token = world.token();
    for round in 1..5 {
        assert_eq!(world.verdict(&token).await, None);
        assert_eq!(world.server.fetches().jwks, round);
        for _ in 0..20 {
            assert_eq!(world.verdict(&token).await, None);
        }
        assert_eq!(world.server.fetches().jwks, round, "nothing is due");
        world.clock.advance(ALMOST);
        assert_eq!(world.verdict(&token).await, None);
        until(|| world.server.fetches().jwks == round + 1).await;
        until(|| world.validator.health()[0].status().age < Some(LIFETIME / 2)).await;
    }
}

#[tokio::test]
async fn p04_s05_keys_past_the_tolerance_are_an_outage_for_a_known_token() {
    let world = World::new().await;
    let token = world.token();
    assert_eq!(world.verdict(&token).await, None);
    world.server.fail(DOWN);
    world.clock.advance(TOLERANCE + ALMOST);
    for _ in 0..3 {
        assert_eq!(world.verdict(&token).await, None, "within the tolerance");
    }
    world.clock.advance(2 * SECOND);
    for _ in 0..3 {
        outage(world.validator.validate(&token).await);
        assert!(world.validator.validate_cached(&token).is_none());
    }
    world.server.recover();
    world.clock.advance(TOLERANCE);
    assert_eq!(world.verdict(&token).await, None);
}

#[tokio::test]
async fn p04_s03_a_key_that_is_withdrawn_or_replaced_ends_a_known_token() {
    let world = World::new().await;
    let token = world.token();
    assert_eq!(world.verdict(&token).await, None);
    // Its keys have the same ids.
    let other = TestIssuer::new(world.server.url(), AUDIENCE);
    world.server.serve_jwks(other.jwks());
    world.clock.advance(LIFETIME + SECOND);
    assert_eq!(world.verdict(&token).await, Some(Reason::BadSignature));
    world.server.serve_issuer_keys();
    world.clock.advance(LIFETIME + SECOND);
    assert_eq!(world.verdict(&token).await, None);
    world.issuer().rotate_keys();
    world.clock.advance(LIFETIME + SECOND);
    assert_eq!(world.verdict(&token).await, None, "it is still published");
    world.issuer().withdraw_old_keys();
    world.clock.advance(LIFETIME + SECOND);
    for _ in 0..2 {
        assert_eq!(world.verdict(&token).await, Some(Reason::UnknownKey));
    }
    assert_eq!(world.validator.health().token_cache().unwrap().entries(), 0);
}

#[tokio::test]
async fn p04_s11_a_key_that_is_removed_from_its_file_ends_a_known_token() {
    let path = std::env::temp_dir().join(format!("token-cache-{}.json", std::process::id()));
    let clock = clock();
    let issuer = signer(ISSUER, &clock);
    fs::write(&path, issuer.jwks()).unwrap();
    let entry = Issuer::new(ISSUER).key_file(KeyFile::new(&*path));
    let validator = caching(entry, &clock);
    let token = issuer.token().mint();
    for _ in 0..3 {
        assert_eq!(verdict(validator.validate(&token).await), None);
    }
    assert_eq!(validator.health().token_cache().unwrap().entries(), 1);
    issuer.rotate_keys();
    fs::write(&path, issuer.jwks()).unwrap();
    clock.advance(Duration::from_secs(10));
    assert_eq!(verdict(validator.validate(&token).await), None);
    issuer.withdraw_old_keys();
    fs::write(&path, issuer.jwks()).unwrap();
    assert_eq!(verdict(validator.validate(&token).await), None, "no look");
    clock.advance(Duration::from_secs(10));
    let refused = validator.validate(&token).await;
    assert_eq!(reason(refused), Reason::UnknownKey);
    fs::remove_file(&path).unwrap();
}

/// Each tenant has keys of its own. Those of an idle one are dropped, with hits as without.
#[tokio::test]
async fn p04_s03_a_known_token_of_a_tenant() {
    let server = TestServer::builder(AUDIENCE).path("/acme/v2.0");
    let server = server.start().await.unwrap();
    let clock = clock();
    let name = server.issuer().name().to_owned();
    let template = name.replace("/acme/", "/{tenantid}/");
    let tenants = Tenants::matching(|tenant| tenant == "acme");
    let entry = Issuer::discover_tenants(template, tenants);
    let validator = caching(entry, &clock);
    let issuer = server.issuer().clone().clock(clock.clone());
    let token = issuer.token().expires_in(100 * TOLERANCE).mint();
    for _ in 0..5 {
        let token = validator.validate(&token).await.unwrap();
        assert_eq!(token.tenant(), Some("acme"));
    }
    assert_eq!(server.fetches().jwks, 1);
    assert_eq!(validator.health().token_cache().unwrap().entries(), 1);
    server.fail(DOWN);
    clock.advance(LIFETIME + TOLERANCE + SECOND);
    outage(validator.validate(&token).await);
    server.recover();
    clock.advance(TOLERANCE);
    assert!(validator.validate(&token).await.is_ok());
}

/// A small generator, so that a failure repeats by its seed.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % bound as u64).unwrap()
    }
}

/// Status and reason.
fn shown(judged: &Result<resource_server::AccessToken, Error>) -> (u16, Option<Reason>) {
    match judged {
        Ok(_) => (200, None),
        Err(Error::Rejected(rejection)) => (401, Some(rejection.reason())),
        Err(error) => (error.status(), None),
    }
}

/// Two Validators with one source, of which one never knows a token: at each moment of any sequence
/// of steps, rotations, replacements and outages they agree.
#[tokio::test]
async fn p04_s04_s05_s09_any_sequence_of_refreshes_and_outages() {
    let (mut hits, mut refused, mut outages) = (0, 0, 0);
    for seed in 1..25 {
        let mut random = Random(0x9E37_79B9_7F4A_7C15_u64.wrapping_mul(seed));
        let world = World::new().await;
        let forgetting = world.validator.for_resource(OTHER).unwrap();
        let stranger = TestIssuer::new(world.server.url(), AUDIENCE);
        let mut tokens = vec![world.token()];
        let mut log = Vec::new();
        for _ in 0..40 {
            let step = random.below(12);
            log.push(step);
            match step {
                0 => world.server.fail(DOWN),
                1 | 2 => world.server.recover(),
                3 => world.issuer().rotate_keys(),
                4 => world.issuer().withdraw_old_keys(),
                5 => world.server.serve_jwks(stranger.jwks()),
                6 => world.server.serve_issuer_keys(),
                7 => {
                    let now = NOW + i64::try_from(random.below(20_000)).unwrap();
                    world.clock.set(NumericDate::from_secs(now));
                }
                _ => {
                    let seconds = [1, 9, 11, 61, 301, 450, 590, 601, 1_200, 4_000, 4_300];
                    let seconds = seconds[random.below(seconds.len())];
                    world.clock.advance(Duration::from_secs(seconds));
                }
            }
            if tokens.len() < 6 && random.below(3) == 0 {
                tokens.push(world.token());
            }
            for _ in 0..random.below(30) {
                tokio::task::yield_now().await;
            }
            for token in &tokens {
                forgetting.forget(token);
                let (knowing, other) = if random.below(2) == 0 {
                    let knowing = world.validator.validate(token).await;
                    (knowing, forgetting.validate(token).await)
                } else {
                    let other = forgetting.validate(token).await;
                    (world.validator.validate(token).await, other)
                };
                assert_eq!(shown(&knowing), shown(&other), "{seed}: {log:?}");
                let at_once = world.validator.validate_cached(token);
                forgetting.forget(token);
                let other = forgetting.validate_cached(token);
                let [at_once, other] = [at_once, other].map(|one| one.as_ref().map(shown));
                assert_eq!(at_once, other, "{seed}: {log:?}");
                match shown(&knowing).0 {
                    200 => hits += 1,
                    401 => refused += 1,
                    _ => outages += 1,
                }
            }
        }
    }
    assert!(
        hits > 500 && refused > 200 && outages > 50,
        "{hits} {refused} {outages}"
    );
}
