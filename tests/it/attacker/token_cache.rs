//! Row P04: the cache of verified tokens. Each verdict is compared with that of a second Validator,
//! which has no cache.

use std::fmt::Write;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use resource_server::decision::{Decision, Denial};
use resource_server::error::{ConfigErrorKind, SourceError};
use resource_server::introspection::IntrospectionResponse;
use resource_server::keys::KeySet;
use resource_server::testing::{ManualClock, TestIssuer, TestToken};
use resource_server::{
    AccessToken, Algorithm, Error, Evidence, Issuer, KeySource, NumericDate, Policy, PolicyBuilder,
    PresentedToken, Reason, Requirement, StaticKeys, Tenants, Validator, ValidatorBuilder,
};
use serde_json::{Value, json};

use crate::support::{
    API, ISSUER, NOW, THUMBPRINT, block_on, clock, problems_of, reason, signer, verdict,
};

const MIB: u64 = 1024 * 1024;
const HOUR: i64 = 3_600;

/// Two Validators of the same settings, one of them with a cache.
struct Pair {
    cached: Validator,
    plain: Validator,
}

impl Pair {
    fn of(builder: impl Fn() -> ValidatorBuilder) -> Self {
        Pair {
            cached: builder().token_cache(4 * MIB).build().unwrap(),
            plain: builder().build().unwrap(),
        }
    }

    fn trusting(issuer: impl Fn() -> Issuer, clock: &ManualClock) -> Self {
        Pair::of(|| {
            let builder = Validator::builder().audience(API).clock(clock.clone());
            builder.issuer(issuer())
        })
    }

    /// The verdict of both, by every verb, which must be one in every detail. `None`: accepted.
    #[track_caller]
    fn judge(&self, token: &str) -> Option<Reason> {
        let cached = block_on(self.cached.validate(token));
        let plain = block_on(self.plain.validate(token));
        assert_eq!(shown(&cached), shown(&plain), "validate");
        let at_once = self.cached.validate_cached(token);
        let expected = self.plain.validate_cached(token);
        assert_eq!(at_once.as_ref().map(shown), expected.as_ref().map(shown));
        match cached {
            Err(Error::Unavailable(_)) => panic!("an outage is not a verdict"),
            judged => verdict(judged),
        }
    }

    fn entries(&self) -> usize {
        self.cached.health().token_cache().unwrap().entries()
    }
}

/// Everything that a caller, an operator or an API sees of a verdict.
fn shown(judged: &Result<AccessToken, Error>) -> String {
    let mut text = String::new();
    match judged {
        Ok(token) => write!(
            text,
            "{token:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?}",
            token.judged_at(),
            token.subject(),
            token.client_id(),
            token.tenant(),
            token.scopes().iter().collect::<Vec<_>>(),
            token.roles().iter().collect::<Vec<_>>(),
            token.claims::<Value>().unwrap(),
        ),
        Err(error) => write!(text, "{} {error:?} {}", error.status(), error.explain()),
    }
    .unwrap();
    text
}

/// The keys of a test issuer, and how often a token was judged by them from the beginning.
#[derive(Clone)]
struct Counting {
    issuer: TestIssuer,
    asked: Arc<AtomicUsize>,
}

impl Counting {
    fn new(issuer: &TestIssuer) -> Self {
        Counting {
            issuer: issuer.clone(),
            asked: Arc::default(),
        }
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}

impl KeySource for Counting {
    async fn evidence(&self, token: &PresentedToken<'_>) -> Result<Evidence, SourceError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        self.issuer.evidence(token).await
    }

    fn cached(&self, token: &PresentedToken<'_>) -> Option<Evidence> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        self.issuer.cached(token)
    }

    fn current_keys(&self, issuer: &str, now: NumericDate) -> Option<Arc<KeySet>> {
        self.issuer.current_keys(issuer, now)
    }
}

/// A Validator with a cache, and the source that it asks for tokens that it doesn't know.
fn counted(clock: &ManualClock) -> (Validator, Counting, TestIssuer) {
    let issuer = signer(ISSUER, clock);
    let source = Counting::new(&issuer);
    let builder = Validator::builder().audience(API).clock(clock.clone());
    let builder = builder.issuer(Issuer::new(ISSUER).source(source.clone()));
    (builder.token_cache(MIB).build().unwrap(), source, issuer)
}

fn accept(validator: &Validator, token: &str) -> AccessToken {
    block_on(validator.validate(token)).unwrap()
}

#[test]
fn p04_a_known_token_is_accepted_without_its_signature() {
    let clock = clock();
    let (validator, source, issuer) = counted(&clock);
    let minted = issuer.token().subject("alice").scope("read").mint();
    let first = accept(&validator, &minted);
    assert_eq!(source.asked(), 1);
    clock.advance(Duration::from_secs(10));
    for _ in 0..10 {
        let again = accept(&validator, &minted);
        assert_eq!(again.subject(), Some("alice"));
        assert_eq!(again.judged_at().as_secs(), NOW + 10);
        again.require(&Requirement::scope("read")).unwrap();
        let error = again.require(&Requirement::scope("write")).unwrap_err();
        assert_eq!(error.status(), 403);
        let at_once = validator.validate_cached(&minted).unwrap().unwrap();
        assert_eq!(at_once.key_id(), first.key_id());
    }
    assert_eq!(source.asked(), 1, "P04: every further one was a hit");
    // A token that a hit gave is one of this Validator.
    block_on(validator.revalidate(&accept(&validator, &minted))).unwrap();
}

#[test]
fn p04_forget_drops_the_entry() {
    let (validator, source, issuer) = counted(&clock());
    let minted = issuer.token().mint();
    accept(&validator, &minted);
    accept(&validator, &minted);
    assert_eq!(source.asked(), 1);
    validator.forget(&minted);
    assert_eq!(validator.health().token_cache().unwrap().bytes(), 0);
    accept(&validator, &minted);
    assert_eq!(source.asked(), 2);
    // Nothing to drop.
    validator.forget("x");
    assert_eq!(validator.health().token_cache().unwrap().entries(), 1);
}

/// CVE-2026-35030, CVE-2026-35039.
#[test]
fn p04_a_token_that_differs_in_one_byte_is_another() {
    let clock = clock();
    let issuer = signer(ISSUER, &clock);
    let pair = Pair::trusting(|| issuer.to_issuer(), &clock);
    let good = issuer.token().subject("alice").mint();
    assert_eq!(pair.judge(&good), None);
    for at in 0..good.len() {
        let mut other = good.clone();
        let replacement = if &good[at..=at] == "A" { "B" } else { "A" };
        other.replace_range(at..=at, replacement);
        assert!(pair.judge(&other).is_some(), "byte {at}");
    }
    for other in [
        &good[..good.len() - 1],
        &format!("{good}A"),
        &format!("{good}="),
        &format!(" {good}"),
        &format!("{good}.{good}"),
    ] {
        assert!(pair.judge(other).is_some(), "{other}");
    }
    assert_eq!(pair.entries(), 1);
    // Two signatures of one text are two tokens.
    let claims = good.split('.').nth(1).unwrap();
    let payload = crate::support::form::decode(claims);
    let same = issuer.token().raw_payload(&payload).mint();
    assert_eq!(same.split('.').nth(1), Some(claims));
    assert_eq!(pair.judge(&same), None);
    assert_eq!(pair.entries(), 2);
}

#[test]
fn p04_only_successes_enter() {
    let clock = clock();
    let issuer = signer(ISSUER, &clock);
    let pair = Pair::trusting(|| issuer.to_issuer(), &clock);
    let token = || issuer.token();
    let other = signer(ISSUER, &clock);
    for (bad, expected) in [
        (token().claim("exp", NOW - HOUR), Reason::Expired),
        (token().audience("https://x"), Reason::AudienceMismatch),
        (token().issuer("https://x"), Reason::IssuerMismatch),
        (token().header("kid", "x"), Reason::UnknownKey),
        (other.token(), Reason::BadSignature),
        (token().header("typ", "x"), Reason::TypeNotAccepted),
        (token().claim("pad", "x".repeat(20_000)), Reason::TooLong),
    ] {
        let bad = bad.mint();
        for _ in 0..3 {
            assert_eq!(pair.judge(&bad), Some(expected));
        }
    }
    for garbage in [
        "",
        "e",
        "ey",
        "eyJ",
        "eyJ.e30.",
        "x",
        "eyJhbGciOiJub25lIn0.e30.",
    ] {
        assert_eq!(pair.judge(garbage), Some(reason_of(&pair.plain, garbage)));
    }
    assert_eq!(pair.entries(), 0);
}

fn reason_of(validator: &Validator, token: &str) -> Reason {
    reason(block_on(validator.validate(token)))
}

/// What is left of a token's time, by policies with each kind of limit, where the clock moves in
/// both directions.
#[test]
fn p04_the_time_is_checked_at_each_hit() {
    let times = |token: TestToken| {
        token
            .claim("iat", NOW)
            .claim("nbf", NOW + 10)
            .claim("exp", NOW + 300)
    };
    let none = || Policy::builder();
    let table: [(&str, PolicyBuilder); 4] = [
        ("exp", none()),
        ("skew", none().clock_skew(Duration::ZERO)),
        ("age", none().max_token_age(Duration::from_secs(100))),
        ("rest", none().max_remaining(Duration::from_secs(250))),
    ];
    for (name, policy) in table {
        let clock = clock();
        let issuer = signer(ISSUER, &clock);
        let entry = || {
            Issuer::new(ISSUER)
                .source(issuer.clone())
                .policy(policy.clone())
        };
        let pair = Pair::trusting(entry, &clock);
        let token = times(issuer.token()).mint();
        let mut accepted = 0;
        let steps = [
            60,
            99,
            100,
            129,
            130,
            299,
            300,
            329,
            330,
            10_000,
            60,
            10,
            9,
            -20,
            -21,
            -1_000,
            60,
            i64::MAX - NOW,
            60,
            i64::MIN,
            60,
        ];
        for seconds in steps {
            let now = NOW.saturating_add(seconds);
            clock.set(NumericDate::from_secs(now));
            for _ in 0..2 {
                accepted += usize::from(pair.judge(&token).is_none());
            }
        }
        assert!(accepted >= 8, "{name}: {accepted}");
        clock.set(NumericDate::from_secs(NOW + 60));
        assert_eq!(pair.judge(&token), None, "{name}");
        assert_eq!(pair.entries(), 1, "{name}");
        clock.set(NumericDate::from_secs(NOW + 10_000));
        assert!(pair.judge(&token).is_some(), "{name}");
        assert_eq!(pair.entries(), 0, "{name}: its time is over");
    }
}

/// Row D07: what the request proves is looked at each time.
#[test]
fn p04_d07_a_bound_token_without_its_proof() {
    let clock = clock();
    let issuer = signer(ISSUER, &clock);
    let pair = Pair::trusting(|| issuer.to_issuer(), &clock);
    for cnf in [json!({"jkt": THUMBPRINT}), json!({"x5t#S256": THUMBPRINT})] {
        let bound = issuer.token().claim("cnf", cnf).mint();
        for _ in 0..3 {
            let expected = Some(Reason::ProofOfPossessionMissing);
            assert_eq!(pair.judge(&bound), expected);
        }
    }
}

/// A key that is withdrawn, one that another replaces under its `kid`, one that stays in another
/// set, and one that gets another `kid`.
#[test]
fn p04_the_key_is_compared_by_its_numbers_where_the_set_is_another() {
    let clock = clock();
    let issuer = signer(ISSUER, &clock).algorithms([Algorithm::EdDSA]);
    let other = signer(ISSUER, &clock).algorithms([Algorithm::EdDSA]);
    let set = |jwks: &str| Arc::new(KeySet::from_jwks(jwks).unwrap());
    let edited = |edit: &dyn Fn(&mut Vec<Value>)| {
        let mut jwks: Value = serde_json::from_str(&issuer.jwks()).unwrap();
        edit(jwks["keys"].as_array_mut().unwrap());
        jwks.to_string()
    };
    let with = |member: &str, value: &str| {
        edited(&|keys| {
            for key in keys {
                key[member] = value.into();
            }
        })
    };
    let renamed = with("kid", "new");
    let reversed = edited(&|keys| keys.reverse());
    let of_another_issuer = with("issuer", "https://x");
    // Other keys come first, so that this one is not tried any more: of the same `kid`, or of
    // others.
    let crowded = |is_same_kid: bool| {
        edited(&|keys| {
            let own = keys.remove(0);
            for number in 0..4 {
                let stranger = signer(ISSUER, &clock);
                let mut stranger: Value = serde_json::from_str(&stranger.jwks()).unwrap();
                let mut key = stranger["keys"][0].take();
                if !is_same_kid {
                    key["kid"] = format!("{number}").into();
                }
                keys.push(key);
            }
            keys.push(own);
        })
    };
    let other_use = with("use", "enc");
    let (unknown, forged) = (Some(Reason::UnknownKey), Some(Reason::BadSignature));
    for (name, jwks, with_kid, without) in [
        ("the same", issuer.jwks(), None, None),
        ("reversed", reversed, None, None),
        (
            "replaced",
            other.jwks(),
            Some(Reason::BadSignature),
            Some(Reason::BadSignature),
        ),
        ("renamed", renamed, unknown, None),
        (
            "of another issuer",
            of_another_issuer,
            Some(Reason::KeyOfAnotherIssuer),
            Some(Reason::KeyOfAnotherIssuer),
        ),
        ("crowded", crowded(true), forged, forged),
        ("crowded by others", crowded(false), None, forged),
        ("withdrawn", r#"{"keys":[]}"#.to_owned(), unknown, unknown),
        ("for another use", other_use, unknown, unknown),
    ] {
        let keys = Switched::new(set(&issuer.jwks()));
        let pair = Pair::trusting(|| Issuer::new(ISSUER).source(keys.clone()), &clock);
        let tokens = [issuer.token(), issuer.token().without_header("kid")];
        let tokens = tokens.map(TestToken::mint);
        for token in &tokens {
            assert_eq!(pair.judge(token), None);
        }
        let jwks = KeySet::from_jwks(&jwks).unwrap_or_default();
        keys.switch(Arc::new(jwks));
        for (token, expected) in tokens.iter().zip([with_kid, without]) {
            for _ in 0..2 {
                assert_eq!(pair.judge(token), expected, "{name}");
            }
        }
        // And back.
        keys.switch(set(&issuer.jwks()));
        for token in &tokens {
            assert_eq!(pair.judge(token), None, "{name}");
        }
    }
}

/// A set that a test replaces.
#[derive(Clone)]
struct Switched {
    keys: Arc<Mutex<Arc<KeySet>>>,
    asked: Arc<AtomicUsize>,
}

impl Switched {
    fn new(keys: Arc<KeySet>) -> Self {
        Switched {
            keys: Arc::new(Mutex::new(keys)),
            asked: Arc::default(),
        }
    }

    fn switch(&self, keys: Arc<KeySet>) {
        *self.keys.lock().unwrap() = keys;
    }

    fn keys(&self) -> Arc<KeySet> {
        Arc::clone(&self.keys.lock().unwrap())
    }
}

impl KeySource for Switched {
    async fn evidence(&self, _: &PresentedToken<'_>) -> Result<Evidence, SourceError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        Ok(Evidence::Keys(self.keys()))
    }

    fn cached(&self, _: &PresentedToken<'_>) -> Option<Evidence> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        Some(Evidence::Keys(self.keys()))
    }

    fn current_keys(&self, _: &str, _: NumericDate) -> Option<Arc<KeySet>> {
        Some(self.keys())
    }
}

#[test]
fn p04_after_a_rotation_a_key_that_stays_makes_hits() {
    let clock = clock();
    let issuer = signer(ISSUER, &clock);
    let set = || Arc::new(KeySet::from_jwks(&issuer.jwks()).unwrap());
    let keys = Switched::new(set());
    let builder = Validator::builder().audience(API).clock(clock.clone());
    let validator = builder.issuer(Issuer::new(ISSUER).source(keys.clone()));
    let validator = validator.token_cache(MIB).build().unwrap();
    let (with_kid, without) = (
        issuer.token().mint(),
        issuer.token().without_header("kid").mint(),
    );
    for token in [&with_kid, &without, &with_kid, &without] {
        accept(&validator, token);
    }
    let asked = || keys.asked.load(Ordering::Relaxed);
    assert_eq!(asked(), 2);
    issuer.rotate_keys();
    keys.switch(set());
    for _ in 0..5 {
        accept(&validator, &with_kid);
    }
    assert_eq!(asked(), 2, "the key is in the new set");
    // Which keys its header selects is not known without its text.
    for _ in 0..5 {
        accept(&validator, &without);
    }
    assert_eq!(asked(), 3);
}

/// What a function of the API decides may change at any time.
#[test]
fn p04_c10_a_tenant_that_is_no_longer_allowed() {
    const TEMPLATE: &str = "https://login.example.com/{tenantid}/v2.0";
    const ACME: &str = "https://login.example.com/acme/v2.0";
    let clock = clock();
    let issuer = signer(ACME, &clock);
    let is_allowed = Arc::new(AtomicBool::new(true));
    let entry = || {
        let is_allowed = Arc::clone(&is_allowed);
        let tenants = Tenants::matching(move |_| is_allowed.load(Ordering::Relaxed));
        Issuer::template(TEMPLATE, tenants).source(issuer.clone())
    };
    let pair = Pair::trusting(entry, &clock);
    let token = issuer.token().mint();
    for (allows, expected) in [
        (true, None),
        (true, None),
        (false, Some(Reason::TenantNotAllowed)),
        (false, Some(Reason::TenantNotAllowed)),
        (true, None),
    ] {
        is_allowed.store(allows, Ordering::Relaxed);
        assert_eq!(pair.judge(&token), expected);
    }
}

/// Row C10: tenants with one key set are told apart, and so are issuers.
#[test]
fn p04_the_entry_is_that_of_its_issuer_and_tenant() {
    const TEMPLATE: &str = "https://login.example.com/{tenantid}/v2.0";
    let tenant = |name| format!("https://login.example.com/{name}/v2.0");
    let clock = clock();
    let issuer = signer(ISSUER, &clock);
    let keys = || StaticKeys::from_jwks(&issuer.jwks()).unwrap();
    let pair = Pair::of(|| {
        let strict = Policy::builder().allowed_clients(["web"]);
        let strict = Issuer::new("https://strict.example.com").policy(strict);
        Validator::builder()
            .audience(API)
            .clock(clock.clone())
            .issuer(Issuer::new(ISSUER).keys(keys()))
            .issuer(strict.keys(keys()))
            .issuer(Issuer::template(TEMPLATE, Tenants::only(["acme", "globex"])).keys(keys()))
    });
    let refused = Some(Reason::ClientNotAllowed);
    for (name, expected) in [
        (ISSUER.to_owned(), None),
        ("https://strict.example.com".to_owned(), refused),
        (tenant("acme"), None),
        (tenant("globex"), None),
        (tenant("initech"), Some(Reason::TenantNotAllowed)),
    ] {
        let token = issuer.token().issuer(&name).client_id("app").mint();
        for _ in 0..3 {
            assert_eq!(pair.judge(&token), expected, "{name}");
        }
    }
    assert_eq!(pair.entries(), 3);
}

/// Nothing is shared with the Validator of another resource.
#[test]
fn p04_each_validator_has_a_cache_of_its_own() {
    const OTHER: &str = "https://api.example.com/other";
    let clock = clock();
    let issuer = signer(ISSUER, &clock);
    let builder = Validator::builder().resource(API).clock(clock.clone());
    let first = builder.issuer(issuer.to_issuer()).token_cache(MIB);
    let first = first.build().unwrap();
    let second = first.for_resource(OTHER).unwrap();
    let tokens = [
        (issuer.token().mint(), true, false),
        (issuer.token().audience(OTHER).mint(), false, true),
        (
            issuer.token().claim("aud", json!([API, OTHER])).mint(),
            true,
            true,
        ),
    ];
    for _ in 0..2 {
        for (token, by_first, by_second) in &tokens {
            for (validator, expected) in [(&first, by_first), (&second, by_second)] {
                let judged = block_on(validator.validate(token));
                assert_eq!(judged.is_ok(), *expected);
                if let Ok(token) = judged {
                    let error = token.require(&Requirement::scope("x")).unwrap_err();
                    let resource = validator.resource_metadata().unwrap();
                    let answer = error.answer();
                    let mut headers = answer.headers();
                    assert!(headers.any(|(_, value)| value.contains(resource.url())));
                }
            }
        }
    }
    for validator in [&first, &second] {
        let status = validator.health().token_cache().unwrap();
        assert_eq!((status.entries(), status.max_bytes()), (2, MIB));
    }
}

/// Rows O04 and P08.
#[test]
fn p04_o04_p08_checks_and_records_see_each_hit() {
    let clock = clock();
    let issuer = signer(ISSUER, &clock);
    let is_locked = Arc::new(AtomicBool::new(false));
    let records = [Arc::new(Mutex::new(Vec::new())), Arc::default()];
    let built = |at: usize| {
        let (is_locked, records) = (Arc::clone(&is_locked), Arc::clone(&records[at]));
        let builder = Validator::builder().resource(API).clock(clock.clone());
        let builder = builder.issuer(issuer.to_issuer());
        let builder = builder.check(move |token: AccessToken| {
            let is_locked = is_locked.load(Ordering::Relaxed);
            async move {
                tokio::task::yield_now().await;
                token.require(&Requirement::scope("read"))?;
                if is_locked {
                    return Err(Denial::token().because("locked"));
                }
                Ok(())
            }
        });
        builder.on_decision(move |decision: Decision<'_>| {
            let subject = decision.token().and_then(AccessToken::subject);
            let record = format!(
                "{:?} {subject:?} {:?} {:?} {}",
                decision.outcome().map(AccessToken::judged_at),
                decision.issuer(),
                decision
                    .resource()
                    .map(|resource| resource.uri().to_owned()),
                decision.is_of_operation(),
            );
            records.lock().unwrap().push(record);
        })
    };
    let pair = Pair {
        cached: built(0).token_cache(MIB).build().unwrap(),
        plain: built(1).build().unwrap(),
    };
    let token = issuer.token().subject("alice").scope("read").mint();
    let unscoped = issuer.token().subject("bob").mint();
    for (locked, expected) in [
        (false, None),
        (false, None),
        (true, Some(Reason::TokenDenied)),
        (false, None),
    ] {
        is_locked.store(locked, Ordering::Relaxed);
        assert_eq!(pair.judge(&token), expected);
        assert_eq!(pair.judge(&unscoped), Some(Reason::InsufficientScope));
        // A check may wait.
        assert!(pair.cached.validate_cached(&token).is_none());
    }
    for validator in [&pair.cached, &pair.plain] {
        is_locked.store(false, Ordering::Relaxed);
        let token = accept(validator, &token);
        assert!(token.require(&Requirement::scope("write")).is_err());
    }
    assert_eq!(pair.entries(), 2);
    let [cached, plain] = records.map(|records| records.lock().unwrap().clone());
    assert_eq!(cached, plain);
    assert_eq!(cached.len(), 10, "{cached:#?}");
}

/// A source that doesn't say which keys are current, a shared secret, and an introspected token.
#[test]
fn p04_what_is_not_cached() {
    struct Silent(TestIssuer);
    impl KeySource for Silent {
        async fn evidence(&self, token: &PresentedToken<'_>) -> Result<Evidence, SourceError> {
            self.0.evidence(token).await
        }
    }
    struct Introspecting;
    impl KeySource for Introspecting {
        async fn evidence(&self, _: &PresentedToken<'_>) -> Result<Evidence, SourceError> {
            let response = json!({"active": true, "aud": API, "exp": NOW + 300, "iss": ISSUER});
            let response = IntrospectionResponse::from_json(&response.to_string()).unwrap();
            Ok(Evidence::Introspection(Arc::new(response)))
        }
        fn current_keys(&self, _: &str, _: NumericDate) -> Option<Arc<KeySet>> {
            Some(Arc::default())
        }
    }
    let clock = clock();
    let issuer = signer(ISSUER, &clock);
    let secret = b"0123456789abcdef0123456789abcdef";
    let by_secret = issuer.token().hmac(Algorithm::HS256, secret).mint();
    let jwt = issuer.token().mint();
    let entries: [(&dyn Fn() -> Issuer, &str); 3] = [
        (&|| Issuer::new(ISSUER).source(Silent(issuer.clone())), &jwt),
        (
            &|| Issuer::hmac(ISSUER, Algorithm::HS256, secret),
            &by_secret,
        ),
        (&|| Issuer::new(ISSUER).source(Introspecting), &jwt),
    ];
    for (entry, token) in entries {
        let pair = Pair::trusting(entry, &clock);
        for _ in 0..3 {
            assert_eq!(pair.judge(token), None);
        }
        assert_eq!(pair.entries(), 0);
    }
}

/// Sources say that a refresh is due, or that there is nothing to judge by.
#[test]
fn p04_s05_an_outage_is_not_a_hit() {
    let clock = clock();
    let issuer = signer(ISSUER, &clock);
    let source = Moody::new(&issuer);
    let pair = Pair::trusting(|| Issuer::new(ISSUER).source(source.clone()), &clock);
    let token = issuer.token().mint();
    for _ in 0..2 {
        assert_eq!(pair.judge(&token), None);
    }
    source.is_down.store(true, Ordering::Relaxed);
    for validator in [&pair.cached, &pair.plain] {
        for _ in 0..2 {
            let error = block_on(validator.validate(&token)).unwrap_err();
            assert_eq!(error.status(), 503);
            assert!(validator.validate_cached(&token).is_none());
        }
    }
    source.is_down.store(false, Ordering::Relaxed);
    assert_eq!(pair.judge(&token), None);
}

/// Keys that may be unavailable.
#[derive(Clone)]
struct Moody {
    issuer: TestIssuer,
    is_down: Arc<AtomicBool>,
}

impl Moody {
    fn new(issuer: &TestIssuer) -> Self {
        Moody {
            issuer: issuer.clone(),
            is_down: Arc::default(),
        }
    }

    fn is_down(&self) -> bool {
        self.is_down.load(Ordering::Relaxed)
    }
}

impl KeySource for Moody {
    async fn evidence(&self, token: &PresentedToken<'_>) -> Result<Evidence, SourceError> {
        if self.is_down() {
            return Err(SourceError::new("down"));
        }
        self.issuer.evidence(token).await
    }

    fn cached(&self, token: &PresentedToken<'_>) -> Option<Evidence> {
        self.issuer.cached(token).filter(|_| !self.is_down())
    }

    fn current_keys(&self, issuer: &str, now: NumericDate) -> Option<Arc<KeySet>> {
        let keys = self.issuer.current_keys(issuer, now);
        keys.filter(|_| !self.is_down())
    }
}

/// Tokens that are used once fill the room, and no more. A token that is used stays.
#[test]
fn p04_a_flood_of_valid_tokens_that_are_used_once() {
    let clock = clock();
    let (validator, source, issuer) = counted(&clock);
    let issuer = issuer.algorithms([Algorithm::EdDSA]);
    let mint = |number: usize| {
        let token = issuer.token().algorithm(Algorithm::EdDSA);
        token.subject(&format!("{number}")).mint()
    };
    let hot = mint(0);
    accept(&validator, &hot);
    let mut most = 0;
    let mut asked = 1;
    for number in 1..3_000 {
        accept(&validator, &mint(number));
        asked += 1;
        accept(&validator, &hot);
        let status = validator.health().token_cache().unwrap();
        assert!(status.bytes() <= MIB);
        most = most.max(status.entries());
    }
    assert_eq!(source.asked(), asked, "the hot token was always a hit");
    let left = validator.health().token_cache().unwrap().entries();
    assert!(
        (300..2_000).contains(&most) && left + 200 > most,
        "{most}, {left}"
    );
}

#[test]
fn p04_p06_the_bounds_of_its_size() {
    let issuer = signer(ISSUER, &clock());
    let build = |bytes| {
        let builder = Validator::builder().audience(API);
        builder
            .issuer(issuer.to_issuer())
            .token_cache(bytes)
            .build()
    };
    for bytes in [MIB, 64 * MIB, 64 * 1024 * MIB] {
        assert_eq!(
            build(bytes)
                .unwrap()
                .health()
                .token_cache()
                .unwrap()
                .max_bytes(),
            bytes
        );
    }
    for bytes in [0, 1, MIB - 1, 64 * 1024 * MIB + 1, u64::MAX] {
        let error = build(bytes).unwrap_err();
        let expected = ConfigErrorKind::TokenCacheSize { bytes };
        assert_eq!(problems_of(&error), [(None, expected)]);
    }
    let builder = Validator::builder()
        .audience(API)
        .issuer(issuer.to_issuer());
    assert!(builder.build().unwrap().health().token_cache().is_none());
}

#[test]
fn p01_p04_debug_shows_nothing_of_a_cached_token() {
    let (validator, _, issuer) = counted(&clock());
    let minted = issuer.token().subject("alice").mint();
    let token = accept(&validator, &minted);
    let debug = format!(
        "{validator:?} {token:?} {:?}",
        validator.health().token_cache()
    );
    assert!(
        !debug.contains("alice") && !debug.contains(&minted[..40]),
        "{debug}"
    );
}
