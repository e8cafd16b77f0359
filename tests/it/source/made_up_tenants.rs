//! Row S13: a flood of tokens that name tenants which don't exist keeps no tenant from its keys.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use resource_server::testing::{ManualClock, TestIssuer};
use resource_server::{Fetch, Issuer, Tenants, Validator};
use serde_json::json;
use tokio::sync::Semaphore;

use crate::support::http::{
    AUDIENCE, by_request, by_request_later, clock, ok, outage, until, validator,
};

/// An authorization server that knows the tenants whose name begins with `good`. `status` answers
/// for all others.
struct Town {
    url: String,
    clock: ManualClock,
    requests: Arc<Mutex<Vec<String>>>,
    signer: TestIssuer,
    /// Answers also for the tenants that exist, while it is set.
    outage: Arc<Mutex<Option<&'static str>>>,
}

impl Town {
    async fn start(status: &'static str) -> Self {
        let clock = clock();
        let signer = TestIssuer::new("https://as.example.com", AUDIENCE).clock(clock.clone());
        let jwks = signer.jwks();
        let base = Arc::new(Mutex::new(String::new()));
        let outage = Arc::new(Mutex::new(None));
        let (host, down) = (Arc::clone(&base), Arc::clone(&outage));
        let (url, requests) = by_request(move |request| {
            let refused = |status: &str| {
                format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
            };
            let path = request.split(' ').nth(1).unwrap();
            let segments: Vec<&str> = path.split('/').collect();
            let down = *down.lock().unwrap();
            match (segments.as_slice(), down) {
                (_, Some(status)) => refused(status),
                (["", tenant, ".well-known", _], None) if tenant.starts_with("good") => {
                    let base = host.lock().unwrap();
                    let metadata = json!({
                        "issuer": format!("{base}/{tenant}"),
                        "jwks_uri": format!("{base}/{tenant}/keys"),
                    });
                    ok(&metadata.to_string(), "")
                }
                (["", tenant, "keys"], None) if tenant.starts_with("good") => ok(&jwks, ""),
                _ => refused(status),
            }
        })
        .await;
        let url = url.trim_end_matches("/jwks").to_owned();
        base.lock().unwrap().clone_from(&url);
        Town {
            url,
            clock,
            requests,
            signer,
            outage,
        }
    }

    fn validator(&self, adapt: impl FnOnce(Issuer) -> Issuer) -> Validator {
        let template = format!("{}/{{tenantid}}", self.url);
        let issuer = Issuer::discover_tenants(template, Tenants::matching(|_| true));
        validator(adapt(issuer), &self.clock)
    }

    fn token(&self, tenant: &str) -> String {
        let token = self
            .signer
            .token()
            .issuer(&format!("{}/{tenant}", self.url));
        token.expires_in(Duration::from_secs(86_400)).mint()
    }

    fn requests_of(&self, tenant: &str) -> usize {
        let requests = self.requests.lock().unwrap();
        let is_of = |request: &&String| request.split(' ').nth(1).unwrap().contains(tenant);
        requests.iter().filter(is_of).count()
    }

    /// 50 tokens a second, each of another tenant that doesn't exist.
    async fn flood(&self, validator: &Validator, seconds: usize, names: &str) {
        for number in 0..50 * seconds {
            self.clock.advance(Duration::from_millis(20));
            let token = self.token(&format!("{names}-{number}"));
            let validator = validator.clone();
            tokio::spawn(async move { validator.validate(&token).await });
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

/// Ten tenants that exist come into a flood that has gone on for 8 seconds, and try once a second.
async fn all_are_served_within_5_seconds(status: &'static str, adapt: fn(Issuer) -> Issuer) {
    let town = Town::start(status).await;
    let validator = town.validator(adapt);
    town.flood(&validator, 8, "before").await;
    let mut waiting: BTreeSet<String> = (0..10).map(|number| format!("good-{number}")).collect();
    for second in 0..5 {
        town.flood(&validator, 1, &format!("second-{second}")).await;
        for tenant in waiting.clone() {
            if validator.validate(&town.token(&tenant)).await.is_ok() {
                waiting.remove(&tenant);
            }
        }
    }
    assert_eq!(waiting, BTreeSet::new());
}

#[tokio::test]
async fn s13_tenants_that_do_not_exist_keep_no_other_from_its_keys() {
    all_are_served_within_5_seconds("404 Not Found", |issuer| issuer).await;
}

#[tokio::test]
async fn s13_nor_where_few_tenants_are_held() {
    all_are_served_within_5_seconds("404 Not Found", |issuer| issuer.max_tenants(20)).await;
}

/// Tenants that are not known to be missing use places too, as long as no other tenant needs them.
#[tokio::test]
async fn s13_nor_where_the_server_fails_for_tenants_that_do_not_exist() {
    all_are_served_within_5_seconds("503 No", |issuer| issuer).await;
    all_are_served_within_5_seconds("503 No", |issuer| issuer.max_tenants(20)).await;
}

/// First fetches at once of tenants that come for the first time.
const FIRST_FETCHES: usize = 36;

/// An authorization server that knows the tenants whose name begins with `good`, and answers for no
/// other until the gate is opened.
struct SlowTown {
    url: String,
    clock: ManualClock,
    requests: Arc<Mutex<Vec<String>>>,
    signer: TestIssuer,
    gate: Arc<Semaphore>,
    validator: Validator,
}

impl SlowTown {
    async fn start() -> Self {
        let gate = Arc::new(Semaphore::new(0));
        let (base, doors) = (Arc::new(Mutex::new(String::new())), Arc::clone(&gate));
        let (host, clock) = (Arc::clone(&base), clock());
        let signer = TestIssuer::new("https://as.example.com", AUDIENCE).clock(clock.clone());
        let jwks = signer.jwks();
        let (url, requests) = by_request_later(move |request| {
            let path = request.split(' ').nth(1).unwrap();
            let base = host.lock().unwrap().clone();
            let good = path.split('/').find(|part| part.starts_with("good"));
            let answer = match good {
                None => {
                    "HTTP/1.1 404 No\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".to_owned()
                }
                Some(_) if path.ends_with("/keys") => ok(&jwks, ""),
                Some(tenant) => {
                    let issuer = format!("{base}/{tenant}");
                    let metadata = json!({"issuer": issuer, "jwks_uri": format!("{issuer}/keys")});
                    ok(&metadata.to_string(), "")
                }
            };
            let is_good = good.is_some();
            let doors = Arc::clone(&doors);
            async move {
                if !is_good {
                    let _permit = doors.acquire().await;
                }
                answer
            }
        })
        .await;
        let url = url.trim_end_matches("/jwks").to_owned();
        base.lock().unwrap().clone_from(&url);
        let template = format!("{url}/{{tenantid}}");
        let fetch = Fetch::new().timeout(Duration::from_secs(60));
        let issuer = Issuer::discover_tenants(template, Tenants::matching(|_| true)).fetch(fetch);
        SlowTown {
            validator: validator(issuer, &clock),
            url,
            clock,
            requests,
            signer,
            gate,
        }
    }

    fn token(&self, tenant: &str) -> String {
        let token = self.signer.token();
        token.issuer(&format!("{}/{tenant}", self.url)).mint()
    }

    /// Tokens that each name another tenant that doesn't exist. Their calls wait.
    async fn flood(&self, count: usize, names: &str) {
        for number in 0..count {
            let token = self.token(&format!("{names}-{number}"));
            let validator = self.validator.clone();
            tokio::spawn(async move { validator.validate(&token).await });
            tokio::task::yield_now().await;
        }
    }

    fn requests(&self) -> usize {
        self.requests.lock().unwrap().len()
    }
}

/// The issuer of a tenant that found no turn was not called. So the tenant has no pause, and gets
/// its keys when the slow server has answered the others.
#[tokio::test]
async fn s13_a_fetch_that_found_no_turn_is_no_failure() {
    let town = SlowTown::start().await;
    town.flood(FIRST_FETCHES, "made-up").await;
    until(|| town.requests() == FIRST_FETCHES).await;
    let why = outage(town.validator.validate(&town.token("good")).await);
    assert!(why.contains("got no turn"), "{why}");
    town.gate.add_permits(1_000);
    // Without a step of the clock.
    for _ in 0..100 {
        if town.validator.validate(&town.token("good")).await.is_ok() {
            return;
        }
    }
    panic!("it pauses");
}

/// A server that is slow to refuse each name. New names are first fetched in some of the turns
/// only, and a tenant that comes again has the others.
#[tokio::test]
async fn s13_a_tenant_that_comes_again_is_served_while_a_slow_server_refuses_others() {
    let town = SlowTown::start().await;
    // More than are held at once.
    town.flood(400, "made-up").await;
    until(|| town.requests() == FIRST_FETCHES).await;
    for good in ["good-1", "good-2"] {
        outage(town.validator.validate(&town.token(good)).await);
        town.clock.advance(Duration::from_secs(1));
        town.flood(400, good.trim_start_matches("good-")).await;
        let judged = town.validator.validate(&town.token(good)).await;
        assert!(judged.is_ok(), "{good}: {judged:?}");
    }
    // Metadata and keys of the two.
    assert_eq!(town.requests(), FIRST_FETCHES + 4);
}

#[tokio::test]
async fn s13_an_issuer_that_does_not_exist_is_remembered_for_a_minute() {
    // (status, whether it says that there is no such issuer)
    for (status, is_absent) in [
        ("400 Bad Request", true),
        ("404 Not Found", true),
        ("410 Gone", true),
        ("422 No", true),
        ("401 Unauthorized", false),
        ("403 Forbidden", false),
        ("408 Request Timeout", false),
        ("425 Too Early", false),
        ("429 Too Many Requests", false),
        ("500 No", false),
        ("302 Found", false),
        ("200 OK", false),
    ] {
        let town = Town::start(status).await;
        let validator = town.validator(|issuer| issuer);
        let token = town.token("junk");
        outage(validator.validate(&token).await);
        let first = town.requests_of("junk");
        assert_eq!(first, 4, "{status}: each address once");
        let held = validator.health()[0].status().new_tenants;
        assert_eq!(held, usize::from(!is_absent), "{status}");
        // (milliseconds later, whether the issuer is looked for again)
        for (later, is_asked_again) in [
            (500, false),
            (4_500, !is_absent),
            (54_500, !is_absent),
            (1_000, is_absent),
        ] {
            let before = town.requests_of("junk");
            town.clock.advance(Duration::from_millis(later));
            let text = outage(validator.validate(&token).await);
            let asked = town.requests_of("junk") - before;
            assert_eq!(
                asked > 0,
                is_asked_again,
                "{status}, {later} ms later: {text}"
            );
        }
    }
}

/// Only tenants that can't be made up are listed. They are tried again soon.
#[tokio::test]
async fn s13_a_listed_tenant_is_not_remembered_as_missing() {
    let town = Town::start("404 Not Found").await;
    let template = format!("{}/{{tenantid}}", town.url);
    let issuer = Issuer::discover_tenants(template, Tenants::only(["junk"]));
    let validator = validator(issuer, &town.clock);
    let token = town.token("junk");
    outage(validator.validate(&token).await);
    town.clock.advance(Duration::from_secs(2));
    outage(validator.validate(&token).await);
    assert_eq!(town.requests_of("junk"), 8);
}

#[tokio::test]
async fn s13_a_tenant_that_ever_had_keys_is_never_remembered_as_missing() {
    let town = Town::start("404 Not Found").await;
    let hour = Duration::from_secs(3_600);
    let validator = town.validator(|issuer| issuer.drop_idle_tenants_after(hour));
    let token = town.token("good");
    assert!(validator.validate(&token).await.is_ok());
    // Its keys are dropped, and then for some time it seems not to exist.
    town.clock.advance(2 * hour);
    outage(validator.validate(&town.token("junk")).await);
    assert_eq!(validator.health()[0].status().tenants.len(), 0);
    *town.outage.lock().unwrap() = Some("404 Not Found");
    outage(validator.validate(&token).await);
    *town.outage.lock().unwrap() = None;
    town.clock.advance(Duration::from_secs(2));
    assert!(validator.validate(&token).await.is_ok());
}

/// The remembered answer is reported as an outage.
#[tokio::test]
async fn s13_the_answer_about_a_missing_issuer_stays_an_outage() {
    let town = Town::start("404 Not Found").await;
    let validator = town.validator(|issuer| issuer);
    let token = town.token("junk");
    let first = outage(validator.validate(&token).await);
    assert!(
        first.contains("/junk/.well-known/openid-configuration"),
        "{first}"
    );
    let second = outage(validator.validate(&token).await);
    assert!(second.contains("does not exist"), "{second}");
}

/// Tenants that all exist don't crowd each other out, as after a restart.
#[tokio::test]
async fn s13_sixty_first_tokens_at_once_are_all_served() {
    let town = Town::start("404 Not Found").await;
    let validator = town.validator(|issuer| issuer);
    let calls: Vec<_> = (0..60)
        .map(|number| {
            let token = town.token(&format!("good-{number}"));
            let validator = validator.clone();
            tokio::spawn(async move { validator.validate(&token).await })
        })
        .collect();
    for (number, call) in calls.into_iter().enumerate() {
        let judged = call.await.unwrap();
        assert!(judged.is_ok(), "good-{number}: {judged:?}");
    }
}
