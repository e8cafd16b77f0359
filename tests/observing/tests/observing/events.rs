//! Events of the feature `tracing`.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use resource_server::binding::Dpop;
use resource_server::decision::Denial;
use resource_server::error::SourceError;
use resource_server::testing::{Fault, TestClient, TestServer};
use resource_server::{
    AccessToken, Credentials, Evidence, Issuer, KeySource, NumericDate, PresentedToken,
    Requirement, Tenants, Validator,
};
use tracing::Level;
use tracing::level_filters::LevelFilter;

use crate::support::{
    API, ISSUER, NOW, Seen, block_on, builder, clock, events, events_up_to, events_with, signer,
};

struct Down;

impl KeySource for Down {
    async fn evidence(&self, _: &PresentedToken<'_>) -> Result<Evidence, SourceError> {
        Err(SourceError::new("the key table can't be read"))
    }
}

#[test]
fn p08_each_decision_is_one_event() {
    let clock = clock();
    let signer = signer(&clock);
    let validator = builder(signer.to_issuer(), &clock).build().unwrap();
    let good = signer.token().subject("alice").mint();
    let kid = block_on(validator.validate(&good)).unwrap();
    let kid = kid.key_id().unwrap();
    let known = [
        ("issuer", ISSUER),
        ("algorithm", "ES256"),
        ("kid", kid),
        ("about", "token"),
    ];
    let event = |level, outcome, reason, rest: &[(&'static str, &str)]| {
        let outcome = [
            ("message", outcome),
            ("outcome", outcome),
            ("reason", reason),
        ];
        Seen::new(level, &[&outcome[..], rest].concat())
    };

    let seen = events(|| assert!(block_on(validator.validate(&good)).is_ok()));
    let expected = [event(Level::DEBUG, "accepted", "none", &known)];
    assert_eq!(seen, expected, "P08");

    let hour_ago = NumericDate::from_secs(NOW - 3_600);
    let expired = signer.token().expires_at(hour_ago).mint();
    let error = block_on(validator.validate(&expired)).unwrap_err();
    let explain = error.explain();
    let rest = [&known[..], &[("explain", &*explain)]].concat();
    let expected = [event(Level::INFO, "rejected", "expired", &rest)];
    let seen = events(|| assert!(validator.validate_cached(&expired).unwrap().is_err()));
    assert_eq!(seen, expected, "P08");

    let nothing = Credentials::none();
    let rest = [
        ("about", "token"),
        ("explain", "The request presented no access token."),
    ];
    let expected = [event(Level::INFO, "rejected", "no_credentials", &rest)];
    let seen = events(|| assert!(block_on(validator.authenticate(&nothing)).is_err()));
    assert_eq!(seen, expected, "P08");

    let error = block_on(validator.validate_online(&good)).unwrap_err();
    let explain = error.explain();
    let rest = [&known[..], &[("explain", &*explain)]].concat();
    let expected = [event(Level::ERROR, "misconfigured", "none", &rest)];
    let seen = events(|| assert!(block_on(validator.validate_online(&good)).is_err()));
    assert_eq!(seen, expected, "P08");

    let down = builder(Issuer::new(ISSUER).source(Down), &clock);
    let down = down.build().unwrap();
    let explain =
        format!("issuer \"{ISSUER}\": its tokens can't be judged now: the key table can't be read");
    let rest = [&known[..], &[("explain", &*explain)]].concat();
    let expected = [event(Level::WARN, "unavailable", "other", &rest)];
    let seen = events(|| assert!(block_on(down.validate(&good)).is_err()));
    assert_eq!(seen, expected, "P08");

    // Refused later, for an operation.
    let token = block_on(validator.validate(&good)).unwrap();
    let role = Requirement::role("clerk");
    let explain = "The token is good, but the operation needs role \"clerk\". No claim with roles \
                   is set for this issuer (PolicyBuilder::role_claims, or a provider's settings), \
                   so no token of it has a role.";
    let known = [
        ("issuer", ISSUER),
        ("algorithm", "ES256"),
        ("kid", kid),
        ("about", "operation"),
        ("explain", explain),
    ];
    let expected = [event(
        Level::INFO,
        "rejected",
        "operation_not_allowed",
        &known,
    )];
    assert_eq!(events(|| assert!(token.require(&role).is_err())), expected);
    let allowed = Requirement::audience(API);
    assert_eq!(events(|| token.require(&allowed).unwrap()), [], "P08");
}

/// A token that the cache knows is not parsed, and a replay of its proof is recorded like any
/// other.
#[test]
fn p08_p04_a_replay_with_a_known_token_is_recorded_in_the_same_way() {
    let clock = clock();
    let signer = signer(&clock);
    let client = TestClient::new().clock(clock.clone());
    let token = signer.token().bound_to_key_of(&client).mint();
    let url = format!("{API}/orders");
    let replay = |api: &Validator| {
        let proof = client.proof("GET", &url, &token).mint();
        let presented = Credentials::dpop(&token, &proof, "GET", "/orders");
        assert!(block_on(api.authenticate(&presented)).is_ok());
        events(|| assert!(block_on(api.authenticate(&presented)).is_err()))
    };
    let api = || {
        let builder = builder(signer.to_issuer(), &clock).resource(API);
        builder.dpop(Dpop::at(API))
    };
    let recorded = replay(&api().build().unwrap());
    assert_eq!(recorded[0].field("algorithm"), Some("ES256"), "P08");
    assert!(recorded[0].field("kid").is_some(), "P08");
    let cached = api().token_cache(1024 * 1024).build().unwrap();
    assert_eq!(replay(&cached), recorded, "P04");
    assert_eq!(cached.health().token_cache().unwrap().entries(), 1);
}

#[test]
fn p08_a_check_and_what_can_not_wait_cause_no_event_of_their_own() {
    let clock = clock();
    let signer = signer(&clock);
    let checking = builder(signer.to_issuer(), &clock).check(|token: AccessToken| async move {
        token.require(&Requirement::role("clerk"))?;
        Ok(())
    });
    let checking = checking.build().unwrap();
    let good = signer.token().mint();
    let seen = events(|| assert!(block_on(checking.validate(&good)).is_err()));
    let reasons: Vec<_> = seen.iter().map(|event| event.field("reason")).collect();
    assert_eq!(reasons, [Some("operation_not_allowed")], "P08");
    let seen = events(|| assert!(checking.validate_cached(&good).is_none()));
    assert_eq!(seen, [], "P08");
}

#[test]
fn p08_an_event_whose_level_is_off_is_not_made() {
    let clock = clock();
    let signer = signer(&clock);
    let validator = builder(signer.to_issuer(), &clock).build().unwrap();
    let good = signer.token().mint();
    let bad = signer.token().audience("https://other.example.com").mint();
    let work = || {
        assert!(block_on(validator.validate(&good)).is_ok());
        assert!(block_on(validator.validate(&bad)).is_err());
    };
    for (level, expected) in [
        (LevelFilter::DEBUG, 2),
        (LevelFilter::INFO, 1),
        (LevelFilter::WARN, 0),
    ] {
        assert_eq!(events_up_to(level, work).len(), expected, "P08: {level}");
    }
}

#[test]
fn p01_no_event_shows_what_a_token_says() {
    const MARKER: &str = "MARKER";
    let clock = clock();
    let signer = signer(&clock);
    let locked = |_: AccessToken| async { Err(Denial::token()) };
    let open = builder(signer.to_issuer(), &clock).build().unwrap();
    let checking = builder(signer.to_issuer(), &clock).check(locked);
    let checking = checking.build().unwrap();
    let marked = || {
        let token = signer.token().subject(MARKER).scope(MARKER);
        let token = token.client_id(MARKER).claim("jti", MARKER);
        token.claim("email", MARKER).header("x", MARKER)
    };
    let good = marked().mint();
    let expired = marked().expires_at(NumericDate::from_secs(1)).mint();
    let forged = format!("{}AAAA", good.trim_end_matches(|c| c != '.'));
    let seen = events(|| {
        let token = block_on(open.validate(&good)).unwrap();
        assert!(token.require(&Requirement::role("clerk")).is_err());
        assert!(token.claims::<Vec<u8>>().is_err());
        assert!(block_on(checking.validate(&good)).is_err());
        for bad in [&expired, &forged, MARKER] {
            assert!(block_on(open.validate(bad)).is_err());
        }
    });
    assert_eq!(seen.len(), 7, "P01");
    for event in seen {
        let shown = format!("{event:?}");
        assert!(!shown.contains(MARKER), "P01: {shown}");
        for part in good.split('.') {
            assert!(!shown.contains(part), "P01: {shown}");
        }
    }
}

#[test]
fn p01_a_kid_is_escaped_and_cut() {
    let clock = clock();
    let signer = signer(&clock);
    let validator = builder(signer.to_issuer(), &clock).build().unwrap();
    let kid = format!("a\r\nb\u{1b}[2J\"{}", "x".repeat(1_000));
    let token = signer.token().header("kid", kid).mint();
    let seen = events(|| assert!(block_on(validator.validate(&token)).is_err()));
    let shown = seen[0].field("kid").unwrap();
    assert!(
        shown.starts_with("a\\r\\nb\\u{1b}[2J\\\"xxx"),
        "P01: {shown}"
    );
    assert_eq!(shown.len(), 131, "P01: 128 characters and three dots");
}

/// A server, by whose clock an API refreshes its keys when a token comes.
async fn fetching() -> (TestServer, resource_server::testing::ManualClock, Validator) {
    let server = TestServer::start(API).await.unwrap();
    let clock = clock();
    let issuer = Issuer::discover(server.url()).refresh_on_demand();
    let validator = builder(issuer, &clock).build().unwrap();
    (server, clock, validator)
}

fn of_keys(seen: &[Seen]) -> Vec<&Seen> {
    let is_of_keys = |event: &&Seen| event.field("message").unwrap().starts_with("keys");
    seen.iter().filter(is_of_keys).collect()
}

#[test]
fn p08_changes_and_failures_of_keys_are_events() {
    const LIFETIME: Duration = Duration::from_secs(601);
    let seen = events(|| {
        block_on(async {
            let (server, clock, validator) = fetching().await;
            validator.warm_up().await.unwrap();
            clock.advance(LIFETIME);
            validator.warm_up().await.unwrap();
            server.issuer().rotate_keys();
            server.issuer().withdraw_old_keys();
            clock.advance(LIFETIME);
            validator.warm_up().await.unwrap();
            server.fail(Fault::Status {
                code: 500,
                retry_after: None,
            });
            clock.advance(LIFETIME);
            // The old keys serve on.
            validator.warm_up().await.unwrap();
        });
    });
    let found: Vec<_> = of_keys(&seen)
        .into_iter()
        .map(|event| {
            let shown = |name| event.field(name).map(str::to_owned);
            let named = |name| event.field(name).map(|names| names.split(", ").count());
            (
                event.level,
                shown("message").unwrap(),
                named("added"),
                named("withdrawn"),
                shown("age_seconds"),
                shown("reason"),
            )
        })
        .collect();
    let changed = || "keys changed".to_owned();
    let old = || Some("601".to_owned());
    let keys = found[0].2;
    assert!(keys.is_some(), "P08: {found:?}");
    assert_eq!(
        found,
        [
            (Level::INFO, changed(), keys, None, None, None),
            (
                Level::DEBUG,
                "keys unchanged".to_owned(),
                None,
                None,
                old(),
                None
            ),
            (Level::INFO, changed(), keys, keys, old(), None),
            (
                Level::WARN,
                "keys could not be refreshed".to_owned(),
                None,
                None,
                old(),
                Some("status".to_owned())
            ),
        ],
        "P08"
    );
}

/// Only the operator can mend that, so it is louder than an outage.
#[test]
fn i03_p08_refused_credentials_of_this_api_are_an_error() {
    let outages = [
        (401, Level::ERROR, "credentials_refused"),
        (403, Level::ERROR, "credentials_refused"),
        (500, Level::WARN, "status"),
    ];
    for (code, level, reason) in outages {
        let seen = events(|| {
            block_on(async {
                let server = TestServer::start(API).await.unwrap();
                let retry_after = None;
                server.fail_introspection(Fault::Status { code, retry_after });
                let issuer = Issuer::discover(server.url()).introspection(server.introspection());
                let validator = builder(issuer, &clock()).build().unwrap();
                let judged = validator.validate("an-opaque-token").await;
                assert_eq!(judged.unwrap_err().status(), 503, "I03: {code}");
            });
        });
        let mut decisions = seen.iter().filter(|event| event.field("outcome").is_some());
        let decision = decisions.next().unwrap();
        assert_eq!(decision.level, level, "I03: {code}: {seen:?}");
        assert_eq!(decision.field("outcome"), Some("unavailable"), "I03");
        assert_eq!(decision.field("reason"), Some(reason), "I03: {code}");
    }
}

/// Anyone can make up tenants, so they are no warning.
#[test]
fn p08_a_made_up_tenant_causes_no_warning() {
    let seen = events(|| {
        block_on(async {
            let server = TestServer::start(API).await.unwrap();
            let clock = clock();
            let template = format!("{}/{{tenant}}", server.url());
            let issuer = Issuer::discover_tenants(&template, Tenants::matching(|_| true));
            let validator = builder(issuer, &clock).build().unwrap();
            let made_up = signer(&clock)
                .token()
                .issuer(&format!("{}/made-up", server.url()));
            let judged = validator.validate(&made_up.mint()).await;
            assert_eq!(judged.unwrap_err().status(), 503);
        });
    });
    let levels: Vec<_> = of_keys(&seen).iter().map(|event| event.level).collect();
    assert_eq!(levels, [Level::DEBUG], "P08: {seen:?}");
    let issuer = of_keys(&seen)[0].field("issuer").unwrap();
    assert!(issuer.ends_with("/{tenant}"), "P08: {issuer}");
}

/// No lock of a source is held at an event.
#[test]
fn p08_a_subscriber_may_ask_for_the_health() {
    let validator = Arc::new(OnceLock::<Validator>::new());
    let asked = Arc::clone(&validator);
    let on_event = move || {
        let validator = asked.get().expect("set before the first event");
        assert_eq!(validator.health().len(), 1);
        let _ = validator.snapshot();
    };
    let seen = events_with(LevelFilter::TRACE, on_event, || {
        block_on(async {
            let (server, clock, made) = fetching().await;
            let validator = validator.get_or_init(|| made);
            validator.warm_up().await.unwrap();
            let signer = server.issuer().clone().clock(clock);
            validator.validate(&signer.token().mint()).await.unwrap();
        });
    });
    assert_eq!(seen.len(), 2, "P08: {seen:?}");
}

/// A route without the layer serves nobody. Whoever is on call must learn why.
#[test]
fn p08_h06_a_handler_without_a_layer_is_an_event() {
    let nothing = http::Extensions::new();
    let seen = events(|| {
        assert!(AccessToken::of(&nothing).is_err());
        assert!(AccessToken::of_optional(&nothing).is_err());
    });
    let explain = AccessToken::of(&nothing).unwrap_err().explain();
    let fields = [
        ("message", "misconfigured"),
        ("outcome", "misconfigured"),
        ("reason", "none"),
        ("about", "token"),
        ("explain", &*explain),
    ];
    let expected = || Seen::new(Level::ERROR, &fields);
    assert_eq!(seen, [expected(), expected()], "P08");
}
