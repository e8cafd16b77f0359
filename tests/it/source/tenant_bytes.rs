//! Row K06: the key sets of all tenants together are bounded in bytes.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use resource_server::testing::{ManualClock, TestIssuer};
use resource_server::{Issuer, Reason, Tenants, Validator};
use serde_json::{Value, json};

use crate::support::http::{
    AUDIENCE, COOLDOWN, HandMade, LIFETIME, clock, ok, outage, reason, until, validator,
};
use crate::support::signer;

/// RFC 8037 appendix A.
const ED25519_X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
const MIB: u64 = 1024 * 1024;
/// Room for two of the large sets and many small ones: a large one is estimated at 2 MB.
const ROOM: u64 = 5 * MIB;
const SETTING: &str = "max_key_bytes_of_all_tenants";

/// Tenants whose keys are all the same. The set of a tenant in `large` has 999 keys more.
struct Estate {
    server: HandMade,
    clock: ManualClock,
    validator: Validator,
    large: Arc<Mutex<BTreeSet<String>>>,
    signer: TestIssuer,
}

fn with_999_keys_more(set: &str) -> String {
    let mut set: Value = serde_json::from_str(set).unwrap();
    let keys = set["keys"].as_array_mut().unwrap();
    keys.extend(
        (1..1_000)
            .map(|n| json!({"kty": "OKP", "crv": "Ed25519", "x": ED25519_X, "kid": n.to_string()})),
    );
    set.to_string()
}

impl Estate {
    async fn start(large: &[&str]) -> Self {
        let clock = clock();
        let large: BTreeSet<String> = large.iter().map(|name| (*name).to_owned()).collect();
        let large = Arc::new(Mutex::new(large));
        let signer = signer("https://as.example.com", &clock);
        let small_set = signer.jwks();
        let large_set = with_999_keys_more(&small_set);
        let known = Arc::clone(&large);
        let server = HandMade::answering(move |request| {
            let is_large = known.lock().unwrap().contains(&request.path()[1..]);
            ok(if is_large { &large_set } else { &small_set }, "")
        })
        .await;
        let issuer = Issuer::template(
            format!("{}/{{tenant}}", server.host),
            Tenants::matching(|_| true),
        )
        .jwks_at(format!("{}/{{tenant}}", server.host))
        .max_key_bytes_of_all_tenants(ROOM);
        Estate {
            validator: validator(issuer, &clock),
            server,
            clock,
            large,
            signer,
        }
    }

    fn token(&self, tenant: &str) -> String {
        let issuer = format!("{}/{tenant}", self.server.host);
        let day = Duration::from_secs(86_400);
        let token = self.signer.token().issuer(&issuer);
        token.expires_in(day).mint()
    }

    async fn is_served(&self, tenant: &str) {
        let judged = self.validator.validate(&self.token(tenant)).await;
        assert!(judged.is_ok(), "{tenant}: {judged:?}");
    }

    async fn has_no_room(&self, tenant: &str) {
        let said = outage(self.validator.validate(&self.token(tenant)).await);
        assert!(said.contains(SETTING), "{tenant}: {said}");
    }

    /// The tenants with keys, and of each how many.
    fn held(&self) -> Vec<(String, usize)> {
        let health = self.validator.health();
        let tenants = health[0].status().tenants.iter();
        let held = tenants.filter_map(|one| {
            let name = one.issuer.rsplit('/').next().unwrap().to_owned();
            Some((name, one.status.keys.as_ref()?.len()))
        });
        held.collect()
    }

    fn last_error(&self, tenant: &str) -> Option<String> {
        let health = self.validator.health();
        let mut tenants = health[0].status().tenants.iter();
        let one = tenants.find(|one| one.issuer.ends_with(&format!("/{tenant}")))?;
        one.status.last_error.clone()
    }
}

fn are(held: &[(&str, usize)]) -> Vec<(String, usize)> {
    let owned = held.iter().map(|(name, keys)| ((*name).to_owned(), *keys));
    owned.collect()
}

/// Some tenants publish sets that are as large as may be, and send tokens all the time.
#[tokio::test]
async fn k06_large_sets_of_a_few_tenants_are_bounded_together() {
    let evil = ["evil-0", "evil-1", "evil-2", "evil-3"];
    let estate = Estate::start(&evil).await;
    for tenant in ["good-0", "good-1", "evil-0", "evil-1"] {
        estate.is_served(tenant).await;
    }
    let full = [
        ("evil-0", 1_000),
        ("evil-1", 1_000),
        ("good-0", 1),
        ("good-1", 1),
    ];
    // All are in use, so the newcomers wait, and a good newcomer finds room.
    for _ in 0..3 {
        for tenant in ["evil-2", "evil-3"] {
            estate.has_no_room(tenant).await;
        }
        assert_eq!(estate.held(), are(&full));
    }
    estate.is_served("good-2").await;
    // The tenant that is idle for longest is dropped, also for another large set. None in use is.
    estate.clock.advance(Duration::from_secs(10));
    for tenant in ["good-0", "good-1", "good-2", "evil-1", "evil-2"] {
        estate.is_served(tenant).await;
    }
    let after = [
        ("evil-1", 1_000),
        ("evil-2", 1_000),
        ("good-0", 1),
        ("good-1", 1),
        ("good-2", 1),
    ];
    assert_eq!(estate.held(), are(&after));
    estate.has_no_room("evil-3").await;
    assert_eq!(estate.held(), are(&after));
}

/// Only as many give way as are needed, and none where that is not enough.
#[tokio::test]
async fn k06_idle_tenants_give_way_only_where_that_makes_room() {
    let estate = Estate::start(&["large-0", "large-1", "large-2"]).await;
    for tenant in ["small", "large-0", "large-1"] {
        estate.is_served(tenant).await;
    }
    estate.clock.advance(Duration::from_secs(10));
    estate.is_served("large-0").await;
    estate.is_served("large-1").await;
    // Dropping the small one would not make enough room.
    estate.has_no_room("large-2").await;
    assert_eq!(
        estate.held(),
        are(&[("large-0", 1_000), ("large-1", 1_000), ("small", 1)])
    );
}

#[tokio::test]
async fn k06_a_set_that_grows_at_a_refresh_needs_room_too() {
    let estate = Estate::start(&["a", "b"]).await;
    for tenant in ["a", "b", "grows"] {
        estate.is_served(tenant).await;
    }
    estate.large.lock().unwrap().insert("grows".to_owned());
    // The refresh of all three is due. Two sets stay as they are, and need no more room.
    estate.clock.advance(Duration::from_secs(520));
    for tenant in ["a", "b", "grows"] {
        estate.is_served(tenant).await;
    }
    until(|| estate.last_error("grows").is_some()).await;
    let said = estate.last_error("grows").unwrap();
    assert!(said.contains(SETTING), "{said}");
    // Its old keys remain in use.
    estate.is_served("grows").await;
    assert_eq!(
        estate.held(),
        are(&[("a", 1_000), ("b", 1_000), ("grows", 1)])
    );
    until(|| estate.server.asked_for("/a") == 2 && estate.server.asked_for("/b") == 2).await;
    assert_eq!(estate.last_error("a"), None);
    // When another is idle, there is room.
    estate.clock.advance(Duration::from_secs(12));
    estate.is_served("b").await;
    estate.is_served("grows").await;
    until(|| estate.held() == are(&[("b", 1_000), ("grows", 1_000)])).await;
    assert_eq!(estate.last_error("grows"), None);
}

/// A set that is larger than all the room drops no others.
#[tokio::test]
async fn k06_a_set_that_never_fits_is_refused_alone() {
    let server = HandMade::answering(|request| {
        let keys = if request.path() == "/large" { 1_000 } else { 1 };
        let key =
            |n: usize| json!({"kty": "OKP", "crv": "Ed25519", "x": ED25519_X, "kid": n.to_string()});
        let set = json!({"keys": (0..keys).map(key).collect::<Vec<_>>()});
        ok(&set.to_string(), "")
    })
    .await;
    let clock = clock();
    let template = format!("{}/{{tenant}}", server.host);
    let issuer = Issuer::template(&template, Tenants::only(["large", "small"]))
        .jwks_at(&template)
        .max_key_bytes_of_all_tenants(MIB);
    let api = Validator::builder()
        .audience(AUDIENCE)
        .issuer(issuer)
        .clock(clock.clone());
    let api = api.build().unwrap();
    let token = |tenant: &str| {
        let issuer = signer(&format!("{}/{tenant}", server.host), &clock);
        issuer.token().header("kid", "stray").mint()
    };
    // It has keys, and this is by another.
    let refused = api.validate(&token("small")).await;
    assert_eq!(reason(refused), Reason::UnknownKey);
    clock.advance(Duration::from_secs(60));
    let said = outage(api.validate(&token("large")).await);
    assert!(said.contains(SETTING), "{said}");
    let health = api.health();
    let tenants = &health[0].status().tenants;
    let with_keys: Vec<_> = tenants
        .iter()
        .filter(|one| one.status.keys.is_some())
        .collect();
    assert_eq!(with_keys.len(), 1);
    assert!(with_keys[0].issuer.ends_with("/small"));
}

const NOT_MODIFIED: &str = "HTTP/1.1 304 Not Modified\r\nconnection: close\r\n\r\n";

/// The new set has the other keys of the old one, but is too large to be held.
#[tokio::test]
async fn s04_k06_a_withdrawn_key_is_gone_although_the_new_set_finds_no_room() {
    let clock = clock();
    let signer = signer("https://as.example.com", &clock);
    let day = Duration::from_secs(86_400);
    let mint = |issuer: &str| signer.token().issuer(issuer).expires_in(day).mint();
    let sets = Arc::new(Mutex::new((String::new(), "")));
    let current = Arc::clone(&sets);
    let server = HandMade::answering(move |request| {
        let (set, tag) = &*current.lock().unwrap();
        if request.text.contains(&format!("if-none-match: {tag}\r\n")) {
            return NOT_MODIFIED.to_owned();
        }
        ok(set, &format!("etag: {tag}\r\n"))
    })
    .await;
    let tenant = format!("{}/a", server.host);
    let withdrawn = mint(&tenant);
    signer.rotate_keys();
    let kept = mint(&tenant);
    let both = signer.jwks();
    signer.withdraw_old_keys();
    let grown = with_999_keys_more(&signer.jwks());
    *sets.lock().unwrap() = (both.clone(), "\"both\"");

    let template = format!("{}/{{tenant}}", server.host);
    let issuer = Issuer::template(&template, Tenants::only(["a"]))
        .jwks_at(&template)
        .max_key_bytes_of_all_tenants(MIB);
    let api = validator(issuer, &clock);
    let status = || api.health()[0].status().tenants[0].status.clone();
    let is_accepted = async |token: &str| {
        let judged = api.validate(token).await;
        assert!(judged.is_ok(), "{judged:?}");
    };
    is_accepted(&withdrawn).await;
    is_accepted(&kept).await;

    *sets.lock().unwrap() = (grown, "\"grown\"");
    clock.advance(LIFETIME + Duration::from_secs(1));
    let said = outage(api.validate(&withdrawn).await);
    assert!(said.contains(SETTING), "{said}");
    is_accepted(&kept).await;
    let now = status();
    assert_eq!(now.keys.as_ref().map(|keys| keys.len()), Some(1));
    let last_error = now.last_error.as_deref().unwrap_or_default();
    assert!(last_error.contains(SETTING), "{last_error}");

    // The set that is published again is not the one that is held now.
    *sets.lock().unwrap() = (both, "\"both\"");
    clock.advance(COOLDOWN);
    is_accepted(&withdrawn).await;
    is_accepted(&kept).await;
    assert_eq!(status().last_error, None);
}
