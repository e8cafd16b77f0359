//! Row P04: the cache of verified tokens under many threads, and together with the other parts of a
//! Validator: tenants, proofs of possession, online verdicts and sources of any kind.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use resource_server::binding::{ClientCertificates, Dpop, DpopNonces};
use resource_server::claims::SenderConstraint;
use resource_server::error::SourceError;
use resource_server::introspection::IntrospectionResponse;
use resource_server::keys::KeySet;
use resource_server::testing::{ManualClock, TestClient, TestIssuer, TestToken};
use resource_server::{
    AccessToken, Algorithm, Credentials, Error, Evidence, Issuer, KeySource, NumericDate, Policy,
    PresentedToken, Profile, Reason, Resource, StaticKeys, Tenants, Validator, ValidatorBuilder,
};
use serde_json::{Value, json};

use crate::support::{API, ISSUER, NOW, block_on, clock, reason, signer, verdict};

const MIB: u64 = 1024 * 1024;
pub(super) const TEMPLATE: &str = "https://login.example.com/{tenantid}/v2.0";

pub(super) fn tenant(name: &str) -> String {
    format!("https://login.example.com/{name}/v2.0")
}

/// Keys by issuer, which a test replaces at any time, and how often a token was judged by them.
#[derive(Clone, Default)]
pub(super) struct Published {
    sets: Arc<Mutex<HashMap<String, Arc<KeySet>>>>,
    asked: Arc<AtomicUsize>,
}

impl Published {
    pub(super) fn of(issuer: &str, jwks: &str) -> Self {
        let published = Published::default();
        published.publish(issuer, jwks);
        published
    }

    pub(super) fn publish(&self, issuer: &str, jwks: &str) {
        let set = Arc::new(KeySet::from_jwks(jwks).unwrap());
        self.share(issuer, &set);
    }

    pub(super) fn share(&self, issuer: &str, set: &Arc<KeySet>) {
        self.sets().insert(issuer.to_owned(), Arc::clone(set));
    }

    pub(super) fn sets(&self) -> MutexGuard<'_, HashMap<String, Arc<KeySet>>> {
        self.sets.lock().unwrap()
    }

    pub(super) fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }

    fn keys(&self, issuer: Option<&str>) -> Option<Arc<KeySet>> {
        self.sets().get(issuer.unwrap_or_default()).cloned()
    }
}

impl KeySource for Published {
    async fn evidence(&self, token: &PresentedToken<'_>) -> Result<Evidence, SourceError> {
        self.cached(token).ok_or_else(|| SourceError::new("none"))
    }

    fn cached(&self, token: &PresentedToken<'_>) -> Option<Evidence> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        self.keys(token.jwt()?.issuer()).map(Evidence::Keys)
    }

    fn current_keys(&self, issuer: &str, _: NumericDate) -> Option<Arc<KeySet>> {
        self.keys(Some(issuer))
    }
}

pub(super) fn caching(source: &Published, clock: &ManualClock) -> Validator {
    let issuer = Issuer::new(ISSUER).source(source.clone());
    let builder = Validator::builder().audience(API).clock(clock.clone());
    builder.issuer(issuer).token_cache(MIB).build().unwrap()
}

/// The public keys of several issuers in one set.
fn joined<'i>(issuers: impl IntoIterator<Item = &'i TestIssuer>) -> String {
    let keys = issuers.into_iter().flat_map(|issuer| {
        let mut jwks: Value = serde_json::from_str(&issuer.jwks()).unwrap();
        std::mem::take(jwks["keys"].as_array_mut().unwrap())
    });
    json!({"keys": keys.collect::<Vec<_>>()}).to_string()
}

/// Keys are withdrawn, replaced and published again while other threads present tokens. What begins
/// after a key is gone is refused, and what begins after it is back is accepted.
#[test]
fn p04_threads_see_each_rotation_at_once() {
    let clock = clock();
    let [one, other] = [(); 2].map(|()| signer(ISSUER, &clock).algorithms([Algorithm::EdDSA]));
    let mint = |issuer: &TestIssuer, number: usize| {
        let token = issuer.token().algorithm(Algorithm::EdDSA);
        let token = token.expires_at(NumericDate::from_secs(NOW + 1_000_000));
        token.subject(&format!("{number}")).mint()
    };
    // Both have keys with the same `kid`.
    let sets = [
        vec![&one],
        vec![&other],
        vec![&one, &other],
        vec![&other, &one],
    ];
    let trusts = [[true, false], [false, true], [true, true], [true, true]];
    let source = Published::of(ISSUER, &joined(sets[0].iter().copied()));
    let validator = caching(&source, &clock);
    let tokens: Vec<_> = (0..8).map(|n| (mint(&one, n), mint(&other, n))).collect();
    let flood: Vec<_> = (0..200).map(|n| mint(&one, 100 + n)).collect();
    // Even: the set with half of this number, modulo their count. Odd: a change is under way.
    let stage = AtomicUsize::new(0);
    let (is_done, judged) = (AtomicBool::new(false), AtomicUsize::new(0));
    let wrong = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for thread in 0..3 {
            let (validator, clock, stage, is_done) = (&validator, &clock, &stage, &is_done);
            let (tokens, flood, trusts) = (&tokens, &flood, &trusts);
            let (judged, wrong) = (&judged, &wrong);
            scope.spawn(move || {
                let mut round = thread;
                while !is_done.load(Ordering::SeqCst) {
                    round += 1;
                    let (by_one, by_other) = &tokens[round % tokens.len()];
                    for (token, signer) in [(by_one, 0), (by_other, 1)] {
                        let before = stage.load(Ordering::SeqCst);
                        let found = validator.validate_cached(token).unwrap().is_ok();
                        let after = stage.load(Ordering::SeqCst);
                        if before == after && before % 2 == 0 {
                            let expected = trusts[before / 2 % trusts.len()][signer];
                            wrong.fetch_add(usize::from(found != expected), Ordering::Relaxed);
                            judged.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                    match round % 7 {
                        0 => validator.forget(by_one),
                        1 => drop(validator.validate_cached(&flood[round % flood.len()])),
                        // Each look for tokens past their end takes a lock for long.
                        2 => clock.advance(Duration::from_millis(1)),
                        _ => {}
                    }
                }
            });
        }
        for next in 1..400 {
            stage.store(2 * next - 1, Ordering::SeqCst);
            source.publish(ISSUER, &joined(sets[next % sets.len()].iter().copied()));
            stage.store(2 * next, Ordering::SeqCst);
            while judged.load(Ordering::Relaxed) < 10 * next {
                std::thread::yield_now();
            }
        }
        is_done.store(true, Ordering::SeqCst);
    });
    assert_eq!(wrong.into_inner(), 0);
    let status = validator.health().token_cache().unwrap();
    assert!(status.bytes() <= MIB && status.entries() <= 2 * 8 + 200);
}

/// Many threads fill a full cache, forget, rotate and set the clock in both directions. The bounds
/// hold, and at the end it holds nothing that it should have dropped.
#[test]
fn p04_threads_keep_the_bounds() {
    let clock = clock();
    let issuer = signer(ISSUER, &clock).algorithms([Algorithm::EdDSA]);
    let source = Published::of(ISSUER, &issuer.jwks());
    let validator = caching(&source, &clock);
    let mint = |number: i64| {
        let token = issuer.token().algorithm(Algorithm::EdDSA);
        let end = NumericDate::from_secs(NOW + 200 + number % 400);
        let token = token.subject(&format!("{number}")).expires_at(end);
        // Some are too large for the cache, or nearly.
        let pad = if number % 97 == 0 { 9_000 } else { 0 };
        token.claim("pad", "x".repeat(pad)).mint()
    };
    let tokens: Vec<_> = (0..3_000).map(mint).collect();
    std::thread::scope(|scope| {
        for thread in 0..4_usize {
            let (validator, source, tokens) = (&validator, &source, &tokens);
            let (clock, jwks) = (&clock, issuer.jwks());
            scope.spawn(move || {
                for round in 0..4_000_usize {
                    let at = (round * (2 * thread + 1) + 700 * thread) % tokens.len();
                    let _ = validator.validate_cached(&tokens[at]);
                    match (round + 250 * thread) % 1_000 {
                        10 => source.publish(ISSUER, &jwks),
                        20 => clock.set(NumericDate::from_secs(NOW - 1_000)),
                        30 => clock.set(NumericDate::from_secs(NOW + 300)),
                        40..60 => validator.forget(&tokens[at]),
                        60 => clock.set(NumericDate::from_secs(NOW)),
                        _ => {}
                    }
                    if round % 16 == 0 {
                        let status = validator.health().token_cache().unwrap();
                        assert!(status.bytes() <= MIB, "{status:?}");
                    }
                }
            });
        }
    });
    clock.set(NumericDate::from_secs(NOW));
    let mut accepted = 0;
    for token in &tokens {
        accepted += usize::from(validator.validate_cached(token).unwrap().is_ok());
    }
    assert_eq!(accepted, tokens.len());
    for token in &tokens {
        validator.forget(token);
    }
    let status = validator.health().token_cache().unwrap();
    assert_eq!((status.entries(), status.bytes()), (0, 0));
}

/// Tenants that share a source, and partly a set: each is judged by the set of its own, by an
/// issuer at any place of the configuration.
#[test]
fn p04_c10_tenants_of_one_source_with_sets_of_their_own() {
    let clock = clock();
    let names = ["acme", "globex", "initech"].map(tenant);
    let signers = [(); 2].map(|()| signer(ISSUER, &clock).algorithms([Algorithm::EdDSA]));
    let source = Published::default();
    let sets = signers
        .each_ref()
        .map(|signer| Arc::new(KeySet::from_jwks(&signer.jwks()).unwrap()));
    let both = Arc::new(KeySet::from_jwks(&joined(&signers)).unwrap());
    let issuers = || {
        let strict = Policy::builder().allowed_clients(["web"]);
        let exact = Issuer::new(&names[2]).policy(strict).source(source.clone());
        let open = Issuer::template(TEMPLATE, Tenants::any()).source(source.clone());
        [
            Issuer::new("https://a.example.com").source(source.clone()),
            open,
            exact,
        ]
    };
    let api = |is_reversed: bool, cache: bool| {
        let mut issuers = issuers();
        if is_reversed {
            issuers.reverse();
        }
        let builder = Validator::builder().resource(API).clock(clock.clone());
        let builder = issuers.into_iter().fold(builder, ValidatorBuilder::issuer);
        let builder = if cache {
            builder.token_cache(MIB)
        } else {
            builder
        };
        builder.build().unwrap()
    };
    let plain = api(false, false);
    let (first, second) = (api(false, true), api(true, true));
    let tokens: Vec<_> = names
        .iter()
        .flat_map(|name| signers.iter().map(move |signer| (name, signer)))
        .flat_map(|(name, signer)| {
            let token = || signer.token().issuer(name).algorithm(Algorithm::EdDSA);
            [
                token().client_id("web").mint(),
                token().client_id("app").mint(),
            ]
        })
        .collect();
    let mut accepted = 0;
    let mut kept: Vec<(usize, AccessToken)> = Vec::new();
    // Each step gives the set of each tenant.
    for step in 0..27_usize {
        for (place, name) in names.iter().enumerate() {
            let digit = step / 3_usize.pow(u32::try_from(place).unwrap()) % 3;
            source.share(name, if digit == 2 { &both } else { &sets[digit] });
        }
        for token in &tokens {
            for _ in 0..2 {
                let expected = shown(&block_on(plain.validate(token)));
                for (which, validator) in [&first, &second].into_iter().enumerate() {
                    let judged = block_on(validator.validate(token));
                    assert_eq!(shown(&judged), expected, "step {step}");
                    let at_once = validator.validate_cached(token).unwrap();
                    assert_eq!(shown(&at_once), expected, "step {step}");
                    accepted += usize::from(judged.is_ok());
                    kept.extend(judged.ok().map(|token| (which, token)));
                }
            }
        }
    }
    assert!(accepted > 300, "{accepted}");
    // A token belongs to the Validator that accepted it, though the other one's issuers have equal
    // names.
    for (which, token) in &kept {
        let (own, other) = if *which == 0 {
            (&first, &second)
        } else {
            (&second, &first)
        };
        assert!(block_on(own.revalidate(token)).is_ok());
        let error = block_on(other.revalidate(token)).unwrap_err();
        assert_eq!(error.status(), 500);
    }
}

/// All that differs between two verdicts.
fn shown(judged: &Result<AccessToken, Error>) -> String {
    match judged {
        Ok(token) => format!(
            "{token:?} {:?} {:?} {:?} {:?} {:?}",
            token.judged_at(),
            token.tenant(),
            token.identity(),
            token.dpop_nonce().is_some(),
            token.claims::<Value>().unwrap(),
        ),
        Err(error) => format!("{} {error:?} {:?}", error.explain(), error.answer()),
    }
}

/// Two APIs of the same settings, the first of them with a cache, and clients of both.
struct BoundPair {
    clock: ManualClock,
    issuer: TestIssuer,
    /// Each with a further resource, which has the same replay store.
    apis: [[Validator; 2]; 2],
    clients: [TestClient; 2],
}

const FURTHER: &str = "https://other.example.com/v2";

impl BoundPair {
    fn new(required: SenderConstraint, rule: &dyn Fn(Dpop) -> Dpop) -> Self {
        let clock = clock();
        // Proofs may be older than the first requests.
        clock.set(NumericDate::from_secs(NOW - 3_600));
        let issuer = signer(ISSUER, &clock).algorithms([Algorithm::EdDSA]);
        let apis = [true, false].map(|has_cache| {
            let policy = Policy::builder().sender_constraint(required);
            let builder = Validator::builder()
                .resource(API)
                .dpop(rule(Dpop::at(API)))
                .client_certificates(ClientCertificates::from_tls())
                .issuer(issuer.to_issuer().policy(policy))
                .clock(clock.clone());
            let builder = if has_cache {
                builder.token_cache(MIB)
            } else {
                builder
            };
            let first = builder.build().unwrap();
            let further = Resource::new(FURTHER).dpop_origin("https://other.example.com");
            let further = first.for_resource(further).unwrap();
            [first, further]
        });
        clock.set(NumericDate::from_secs(NOW));
        BoundPair {
            clients: [(); 2].map(|()| TestClient::new().clock(clock.clone())),
            clock,
            issuer,
            apis,
        }
    }

    /// Bound to nothing, to a key, to a certificate, to both, and to what is not known.
    fn tokens(&self) -> [String; 5] {
        let client = &self.clients[0];
        let token = || {
            let token = self.issuer.token().algorithm(Algorithm::EdDSA);
            let token = token.claim("aud", json!([API, FURTHER]));
            token.expires_at(NumericDate::from_secs(NOW + 10_000))
        };
        let by_key = || token().bound_to_key_of(client);
        [
            token(),
            by_key(),
            token().bound_to_certificate_of(client),
            by_key().bound_to_certificate_of(client),
            token().claim("cnf", json!({"kid": "x"})),
        ]
        .map(TestToken::mint)
    }

    /// For each API a proof of each client and origin.
    fn proofs(&self, token: &str, nonces: &[Option<String>; 2]) -> Vec<[String; 2]> {
        let origins = ["https://api.example.com/a", "https://other.example.com/a"];
        let all = origins
            .iter()
            .flat_map(|url| self.clients.iter().map(move |by| (url, by)));
        let minted = all.map(|(url, by)| {
            nonces.each_ref().map(|nonce| {
                let proof = by.proof("GET", url, token);
                nonce
                    .iter()
                    .fold(proof, |proof, nonce| proof.nonce(nonce))
                    .mint()
            })
        });
        minted.collect()
    }

    /// What both say to requests with this token and these proofs, with each certificate and
    /// method. It must be the same. Gives how many they accept, and keeps nonces for later.
    fn judge(
        &self,
        token: &str,
        proofs: Option<&[String; 2]>,
        nonces: &mut [Option<String>; 2],
    ) -> usize {
        let mut accepted = 0;
        let [mine, theirs] = self.clients.each_ref().map(TestClient::certificate);
        for certificate in [None, Some(mine), Some(theirs)] {
            for (resource, method) in [(0, "GET"), (0, "PUT"), (1, "GET")] {
                let [known, plain] = [0, 1].map(|which| {
                    let presented = match proofs {
                        Some(both) => Credentials::dpop(token, &both[which], method, "/a"),
                        None => Credentials::bearer(token),
                    };
                    let presented = match certificate {
                        Some(certificate) => presented.with_certificate(certificate),
                        None => presented,
                    };
                    let api = &self.apis[which][resource];
                    let at_once = api.authenticate_cached(&presented);
                    let judged = block_on(api.authenticate(&presented));
                    let nonce = fresh_nonce(&judged);
                    nonces[which] = nonce.or(nonces[which].take());
                    (at_once.as_ref().map(shown), shown(&judged), judged.is_ok())
                });
                assert_eq!(known, plain);
                accepted += usize::from(known.2);
            }
        }
        accepted
    }
}

/// Rows D05, D07 and D09: each policy of senders, each rule of nonces, and each kind of request, at
/// first sight and again, for two resources with one replay store and other origins.
#[test]
fn p04_d05_d07_d09_any_request_with_a_bound_token() {
    let nonces = || DpopNonces::from_secrets([b"Jq0w5PzYz7Lk3VbN8mXc1TgH4rDs6FaE"]).unwrap();
    let rules: [&dyn Fn(Dpop) -> Dpop; 3] = [
        &|dpop| dpop,
        &|dpop| dpop.accept_nonces(nonces()),
        &|dpop| dpop.require_nonces(nonces()),
    ];
    for rule in rules {
        for (required, least) in [
            (SenderConstraint::IfBound, [30, 8]),
            (SenderConstraint::Dpop, [0, 8]),
            (SenderConstraint::MutualTls, [5, 4]),
            (SenderConstraint::Either, [5, 8]),
        ] {
            let pair = BoundPair::new(required, rule);
            // Without a proof, and with one.
            let mut accepted = [0, 0];
            for token in &pair.tokens() {
                let (mut proofs, mut nonces) = (Vec::new(), [None, None]);
                for round in 0..3 {
                    pair.clock.advance(Duration::from_secs(100 * round));
                    // Those of earlier rounds come again.
                    proofs.extend(pair.proofs(token, &nonces));
                    accepted[0] += pair.judge(token, None, &mut nonces);
                    for both in &proofs {
                        accepted[1] += pair.judge(token, Some(both), &mut nonces);
                    }
                }
            }
            let is_enough = accepted[0] >= least[0] && accepted[1] >= least[1];
            assert!(is_enough, "{required}: {accepted:?}");
            assert!(pair.apis[0][0].health().token_cache().unwrap().entries() > 0);
        }
    }
}

fn fresh_nonce(judged: &Result<AccessToken, Error>) -> Option<String> {
    match judged {
        Ok(token) => token.dpop_nonce().map(str::to_owned),
        Err(error) => {
            let answer = error.answer();
            let mut headers = answer.headers();
            let found = headers.find(|(name, _)| *name == "dpop-nonce");
            found.map(|(_, value)| value.to_owned())
        }
    }
}

/// A source that has keys at hand and asks the authorization server when it must, as one's own may.
#[derive(Clone)]
struct Mixed {
    keys: Published,
    is_active: Arc<AtomicBool>,
    forgets: Arc<AtomicUsize>,
}

impl KeySource for Mixed {
    async fn evidence(&self, _: &PresentedToken<'_>) -> Result<Evidence, SourceError> {
        let response = if self.is_active.load(Ordering::Relaxed) {
            json!({"active": true, "aud": API, "exp": NOW + 300, "iss": ISSUER})
        } else {
            json!({"active": false})
        };
        let response = IntrospectionResponse::from_json(&response.to_string()).unwrap();
        Ok(Evidence::Introspection(Arc::new(response)))
    }

    fn cached(&self, token: &PresentedToken<'_>) -> Option<Evidence> {
        self.keys.cached(token)
    }

    fn current_keys(&self, issuer: &str, now: NumericDate) -> Option<Arc<KeySet>> {
        self.keys.current_keys(issuer, now)
    }

    fn forget(&self, _: &PresentedToken<'_>) {
        self.forgets.fetch_add(1, Ordering::Relaxed);
    }
}

/// Row I03: the cache answers no question that is asked online, and learns nothing from its answer.
#[test]
fn p04_i03_an_online_verdict_is_never_a_hit() {
    let clock = clock();
    let issuer = signer(ISSUER, &clock);
    let source = Mixed {
        keys: Published::of(ISSUER, &issuer.jwks()),
        is_active: Arc::new(AtomicBool::new(true)),
        forgets: Arc::default(),
    };
    let builder = Validator::builder().audience(API).clock(clock.clone());
    let builder = builder.issuer(Issuer::new(ISSUER).source(source.clone()));
    let validator = builder.token_cache(MIB).build().unwrap();
    let token = issuer.token().mint();
    for is_active in [true, false, true] {
        source.is_active.store(is_active, Ordering::Relaxed);
        for _ in 0..2 {
            let known = block_on(validator.validate(&token)).unwrap();
            assert!(!known.is_introspected());
            let online = block_on(validator.validate_online(&token));
            assert_eq!(
                online.as_ref().map(AccessToken::is_introspected).ok(),
                is_active.then_some(true)
            );
            if !is_active {
                assert_eq!(reason(online), Reason::Inactive);
            }
        }
    }
    let entries = || validator.health().token_cache().unwrap().entries();
    assert_eq!(entries(), 1);
    // The source hears of a token that the cache knew.
    let before = source.forgets.load(Ordering::Relaxed);
    validator.forget(&token);
    assert_eq!(source.forgets.load(Ordering::Relaxed), before + 1);
    assert_eq!(entries(), 0);
    source.keys.sets().clear();
    for _ in 0..2 {
        assert!(
            block_on(validator.validate(&token))
                .unwrap()
                .is_introspected()
        );
    }
    assert_eq!(entries(), 0);
}

/// A source that says one thing and does another: what it says is never what a token was verified
/// by, so no token enters.
#[test]
fn p04_a_source_that_contradicts_itself_has_no_hits() {
    #[derive(Clone)]
    struct Contradicting(Published, Published);
    impl KeySource for Contradicting {
        async fn evidence(&self, token: &PresentedToken<'_>) -> Result<Evidence, SourceError> {
            self.0.evidence(token).await
        }
        fn current_keys(&self, issuer: &str, now: NumericDate) -> Option<Arc<KeySet>> {
            self.1.current_keys(issuer, now)
        }
    }
    let clock = clock();
    let issuer = signer(ISSUER, &clock);
    let of_both = || Published::of(ISSUER, &issuer.jwks());
    let source = Contradicting(of_both(), of_both());
    let builder = Validator::builder().audience(API).clock(clock.clone());
    let builder = builder.issuer(Issuer::new(ISSUER).source(source.clone()));
    let validator = builder.token_cache(MIB).build().unwrap();
    let token = issuer.token().mint();
    for round in 1..4 {
        assert_eq!(verdict(block_on(validator.validate(&token))), None);
        assert_eq!(source.0.asked(), round);
    }
    assert_eq!(validator.health().token_cache().unwrap().entries(), 0);
    source.0.publish(ISSUER, r#"{"keys":[]}"#);
    assert_eq!(
        verdict(block_on(validator.validate(&token))),
        Some(Reason::UnknownKey)
    );
}

/// Row C11: tokens without an issuer, beside an issuer whose policy differs and that has the same
/// keys.
#[test]
fn p04_tokens_without_an_issuer() {
    let clock = clock();
    let issuer = signer("spiffe://one.example", &clock).algorithms([Algorithm::ES256]);
    let of_access_tokens = issuer.jwks().replace("jwt-svid", "sig");
    let svid = || Policy::builder().profile(Profile::JwtSvid);
    let keys = || StaticKeys::from_jwks(&issuer.jwks()).unwrap();
    let api = |cache: bool| {
        let builder = Validator::builder().audience(API).clock(clock.clone());
        let builder = builder
            .issuer(
                Issuer::new("spiffe://one.example")
                    .policy(svid())
                    .keys(keys()),
            )
            .issuer(
                Issuer::new("spiffe://two.example")
                    .policy(svid().max_remaining(Duration::from_secs(60)))
                    .keys(keys()),
            )
            .issuer(Issuer::new(ISSUER).keys(StaticKeys::from_jwks(&of_access_tokens).unwrap()));
        let builder = if cache {
            builder.token_cache(MIB)
        } else {
            builder
        };
        builder.build().unwrap()
    };
    let (cached, plain) = (api(true), api(false));
    let token = |subject: &str, left: i64| {
        let token = issuer
            .token()
            .without("iss")
            .without_header("typ")
            .subject(subject);
        token.claim("exp", NOW + left)
    };
    let tokens = [
        token("spiffe://one.example/a", 300).mint(),
        token("spiffe://two.example/a", 300).mint(),
        token("spiffe://two.example/a", 50).mint(),
        token("spiffe://three.example/a", 300).mint(),
        token("spiffe://one.example/a", 300)
            .claim("iss", "spiffe://one.example")
            .mint(),
        token("spiffe://two.example/a", 50)
            .claim("iss", "spiffe://one.example")
            .mint(),
        token("spiffe://one.example/a", 300)
            .claim("iss", ISSUER)
            .mint(),
        issuer
            .token()
            .issuer(ISSUER)
            .subject("spiffe://one.example/a")
            .mint(),
    ];
    let mut accepted = 0;
    for step in [0, 10, 49, 60, 81, 200, 331, 0, -100, 0] {
        clock.set(NumericDate::from_secs(NOW + step));
        for token in tokens.iter().chain(&tokens) {
            let known = block_on(cached.validate(token));
            accepted += usize::from(known.is_ok());
            assert_eq!(shown(&known), shown(&block_on(plain.validate(token))));
        }
    }
    assert!(accepted > 20, "{accepted}");
    assert!(cached.health().token_cache().unwrap().entries() >= 2);
}

/// Rows S03, S05, S09 and S11: keys that were given at the start, those of a tenant, and those of a
/// file, in any sequence of changes.
#[cfg(feature = "fetch")]
mod any_sequence {
    use std::path::PathBuf;

    use resource_server::keys::KeyFile;
    use resource_server::testing::{Fault, TestServer};

    use super::*;

    const OTHER: &str = "https://api.example.com/other";
    const DOWN: Fault = Fault::Status {
        code: 503,
        retry_after: None,
    };

    /// A small generator, so that a failure repeats by its seed.
    struct Random(u64);

    impl Random {
        fn below(&mut self, bound: u64) -> u64 {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            self.0 % bound
        }
    }

    /// Where the keys come from.
    enum Origin {
        Server(TestServer),
        File(PathBuf, TestIssuer),
    }

    impl Origin {
        fn signer(&self) -> &TestIssuer {
            match self {
                Origin::Server(server) => server.issuer(),
                Origin::File(_, issuer) => issuer,
            }
        }

        fn serve(&self, jwks: String) {
            match self {
                Origin::Server(server) => server.serve_jwks(jwks),
                Origin::File(path, _) => std::fs::write(path, jwks).unwrap(),
            }
        }

        fn recover(&self) {
            match self {
                Origin::Server(server) => {
                    server.recover();
                    server.serve_issuer_keys();
                }
                Origin::File(path, issuer) => std::fs::write(path, issuer.jwks()).unwrap(),
            }
        }

        fn fail(&self) {
            match self {
                Origin::Server(server) => server.fail(DOWN),
                Origin::File(path, _) => drop(std::fs::remove_file(path)),
            }
        }
    }

    async fn origin(kind: u64, seed: u64, clock: &ManualClock) -> (Origin, Issuer) {
        match kind {
            0 => {
                let server = TestServer::start(API).await.unwrap();
                let issuer = Issuer::discover(server.url()).refresh_on_demand();
                let issuer = issuer.starting_from_jwks(&server.issuer().jwks());
                (Origin::Server(server), issuer)
            }
            1 => {
                let server = TestServer::builder(API).path("/acme/v2.0");
                let server = server.start().await.unwrap();
                let template = server.issuer().name().replace("/acme/", "/{tenantid}/");
                let issuer = Issuer::discover_tenants(template, Tenants::only(["acme", "b"]));
                (Origin::Server(server), issuer)
            }
            _ => {
                let name = format!("token-cache-{}-{seed}.json", std::process::id());
                let path = std::env::temp_dir().join(name);
                let signer = signer(ISSUER, clock);
                std::fs::write(&path, signer.jwks()).unwrap();
                let issuer = Issuer::new(ISSUER).key_file(KeyFile::new(&*path));
                (Origin::File(path, signer), issuer)
            }
        }
    }

    fn seen(judged: &Result<AccessToken, Error>) -> (u16, Option<Reason>) {
        match judged {
            Ok(_) => (200, None),
            Err(Error::Rejected(rejection)) => (401, Some(rejection.reason())),
            Err(error) => (error.status(), None),
        }
    }

    #[tokio::test]
    async fn p04_s03_s09_s11_given_keys_tenants_and_files() {
        let mut counts = [[0; 3]; 3];
        for seed in 1..25 {
            let kind = seed % 3;
            let mut random = Random(0x9E37_79B9_7F4A_7C15_u64.wrapping_mul(seed));
            let clock = clock();
            let (origin, entry) = origin(kind, seed, &clock).await;
            let builder = Validator::builder().resource(API).issuer(entry);
            let builder = builder.clock(clock.clone()).token_cache(MIB);
            let knowing = builder.build().unwrap();
            let forgetting = knowing.for_resource(OTHER).unwrap();
            // Its keys have the same ids.
            let stranger = TestIssuer::new(origin.signer().name(), API);
            let mint = |of: &TestIssuer| {
                let token = of
                    .token()
                    .claim("aud", json!([API, OTHER]))
                    .claim("iat", NOW);
                token
                    .expires_at(NumericDate::from_secs(NOW + 15_000))
                    .mint()
            };
            let mut tokens = vec![mint(origin.signer()), mint(&stranger)];
            let mut log = Vec::new();
            for _ in 0..40 {
                let step = random.below(11);
                log.push(step);
                match step {
                    0 => origin.fail(),
                    1 | 2 => origin.recover(),
                    3 => {
                        origin.signer().rotate_keys();
                        origin.serve(origin.signer().jwks());
                    }
                    4 => {
                        origin.signer().withdraw_old_keys();
                        origin.serve(origin.signer().jwks());
                    }
                    5 => origin.serve(stranger.jwks()),
                    6 => origin.serve(joined([&stranger, origin.signer()])),
                    7 => {
                        let now = NOW + i64::try_from(random.below(16_000)).unwrap();
                        clock.set(NumericDate::from_secs(now));
                    }
                    _ => {
                        let seconds = [1, 9, 11, 61, 301, 450, 590, 601, 1_200, 4_300];
                        let at = usize::try_from(random.below(10)).unwrap();
                        clock.advance(Duration::from_secs(seconds[at]));
                    }
                }
                if tokens.len() < 6 && random.below(3) == 0 {
                    tokens.push(mint(origin.signer()));
                }
                for _ in 0..random.below(30) {
                    tokio::task::yield_now().await;
                }
                for token in &tokens {
                    forgetting.forget(token);
                    let known = knowing.validate(token).await;
                    let new = forgetting.validate(token).await;
                    assert_eq!(seen(&known), seen(&new), "{kind} {seed}: {log:?}");
                    // No look at a file or fetch may end between the two.
                    let at_once = knowing.validate_cached(token);
                    forgetting.forget(token);
                    let other = forgetting.validate_cached(token);
                    let [at_once, other] = [at_once, other].map(|one| one.as_ref().map(seen));
                    assert_eq!(at_once, other, "{kind} {seed}: {log:?}");
                    let column = match seen(&known).0 {
                        200 => 0,
                        401 => 1,
                        _ => 2,
                    };
                    counts[usize::try_from(kind).unwrap()][column] += 1;
                }
            }
            origin.fail();
        }
        for [accepted, refused, _] in counts {
            assert!(accepted > 150 && refused > 100, "{counts:?}");
        }
    }
}
