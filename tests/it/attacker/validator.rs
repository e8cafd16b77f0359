//! The Validator's seams: sources, several issuers, order of work (rows P02, P05, P06), outages.

use std::error::Error as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use crate::support::{
    API, Api, ISSUER, NOW, NeverAtHand, THUMBPRINT, block_on, clock, reason as refused,
    signer as manual, validator_of as trusting,
};
use crate::support::{Problem, chain, problems_of};
use resource_server::Reason::{
    AlgorithmNotAllowed, AlgorithmUnknown, AudienceMismatch, BadSignature, CriticalHeader,
    EncryptedToken, Expired, IssuerMismatch, IssuerMissing, MalformedConfirmation,
    MalformedPayload, MalformedToken, NoCredentials, NotAnAccessToken, NotYetValid, OpaqueToken,
    ProofOfPossessionMissing, TooLong, TypeNotAccepted, UnknownKey, Unsigned,
};
use resource_server::testing::{ManualClock, TestIssuer, TestToken};
use resource_server::{
    Algorithm, Credentials, Error, Evidence, Issuer, KeySource, NumericDate, Policy, PolicyBuilder,
    PresentedToken, Reason, StaticKeys, Unavailable, Validator, ValidatorBuilder,
    error::{ConfigErrorKind, KeySetError, PolicyErrorKind, SourceError},
    health::SourceStatus,
    keys::KeySet,
};
use serde_json::json;

const OTHER: &str = "https://other.example.com";

/// A source as a user writes it: it awaits, counts its calls, and fails on request. Clones share
/// their state.
#[derive(Clone)]
struct Counting {
    keys: TestIssuer,
    asked: Arc<AtomicUsize>,
    is_down: Arc<AtomicBool>,
    /// Turned on by this much in each call.
    clock: Option<(ManualClock, Duration)>,
}

impl Counting {
    fn new(keys: &TestIssuer) -> Self {
        Counting {
            keys: keys.clone(),
            asked: Arc::default(),
            is_down: Arc::default(),
            clock: None,
        }
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    fn set_down(&self, is_down: bool) {
        self.is_down.store(is_down, Ordering::SeqCst);
    }
}

impl KeySource for Counting {
    async fn evidence(&self, token: &PresentedToken<'_>) -> Result<Evidence, SourceError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        tokio::task::yield_now().await;
        if let Some((clock, by)) = &self.clock {
            clock.advance(*by);
        }
        if self.is_down.load(Ordering::SeqCst) {
            let cause = std::io::Error::other("connection refused");
            return Err(SourceError::new("the key table can't be read")
                .caused_by(cause)
                .retry_in(Duration::from_secs(7)));
        }
        assert!(token.jwt().is_some());
        self.keys.evidence(token).await
    }

    async fn warm_up(&self) -> Result<(), SourceError> {
        tokio::task::yield_now().await;
        if self.is_down.load(Ordering::SeqCst) {
            let cause = std::io::Error::other("refused");
            return Err(SourceError::new("no way in").caused_by(cause));
        }
        Ok(())
    }

    fn status(&self) -> SourceStatus {
        let mut status = SourceStatus::default();
        status.last_error = Some(self.keys.name().to_owned());
        status
    }
}

/// An API with one issuer whose keys come from a source that counts its calls.
struct Counted {
    issuer: TestIssuer,
    source: Counting,
    clock: ManualClock,
    validator: Validator,
}

impl Counted {
    fn new() -> Self {
        let clock = clock();
        let issuer = manual(ISSUER, &clock);
        let source = Counting::new(&issuer);
        let validator = trusting([Issuer::new(ISSUER).source(source.clone())], &clock);
        Counted {
            issuer,
            source,
            clock,
            validator,
        }
    }
}

#[test]
fn a_source_without_cache_is_asked_by_validate_only() {
    let api = Counted::new();
    let token = api.issuer.token().subject("alice").mint();
    assert!(api.validator.validate_cached(&token).is_none());
    assert_eq!(api.source.asked(), 0);
    let verified = block_on(api.validator.validate(&token)).unwrap();
    assert_eq!(verified.subject(), Some("alice"));
    assert_eq!(api.source.asked(), 1);
    let credentials = Credentials::bearer(&token);
    assert!(block_on(api.validator.authenticate(&credentials)).is_ok());
    assert_eq!(api.source.asked(), 2);

    let forged = api
        .issuer
        .token()
        .signed_by(&manual(ISSUER, &api.clock))
        .mint();
    assert_eq!(
        refused(block_on(api.validator.validate(&forged))),
        BadSignature
    );
    let unknown = api.issuer.token().header("kid", "unknown").mint();
    assert_eq!(
        refused(block_on(api.validator.validate(&unknown))),
        UnknownKey
    );
    assert_eq!(api.source.asked(), 4);
}

#[test]
fn keys_at_hand_are_used_without_asking() {
    let clock = clock();
    let issuer = manual(ISSUER, &clock);
    for entry in [
        issuer.to_issuer(),
        Issuer::new(ISSUER).keys(StaticKeys::from_jwks(&issuer.jwks()).unwrap()),
    ] {
        let validator = trusting([entry], &clock);
        assert!(
            validator
                .validate_cached(&issuer.token().mint())
                .unwrap()
                .is_ok()
        );
        assert!(block_on(validator.validate(&issuer.token().mint())).is_ok());
    }
}

#[test]
fn a_source_error_is_unavailable_and_never_a_rejection() {
    let api = Counted::new();
    api.source.set_down(true);
    let forged = api.issuer.token().signature(&[0; 64]);
    let unknown = api.issuer.token().header("kid", "unknown");
    for token in [api.issuer.token(), forged, unknown] {
        let error = block_on(api.validator.validate(&token.mint())).unwrap_err();
        assert_eq!(error.status(), 503);
        let Error::Unavailable(unavailable) = &error else {
            panic!("{error:?}")
        };
        assert_eq!(unavailable.issuer(), Some(ISSUER));
        assert_eq!(unavailable.retry_after(), Some(Duration::from_secs(7)));
        assert_eq!(
            unavailable.cause().to_string(),
            "the key table can't be read"
        );
        let mut chain = Vec::new();
        let mut next = error.source();
        while let Some(cause) = next {
            chain.push(cause.to_string());
            next = cause.source();
        }
        assert_eq!(chain, ["the key table can't be read", "connection refused"]);
        assert!(error.to_string().contains(ISSUER), "{error}");
    }
    // A token that is bad with any keys is refused in an outage too.
    let expired = api
        .issuer
        .token()
        .expires_at(NumericDate::from_secs(0))
        .mint();
    assert_eq!(refused(block_on(api.validator.validate(&expired))), Expired);
    // Recovery needs only that the source recovers.
    api.source.set_down(false);
    assert!(block_on(api.validator.validate(&api.issuer.token().mint())).is_ok());
}

/// Texts that are not a JWT by form, and why they are refused.
const NO_JWT: &[(&str, Reason)] = &[
    ("", MalformedToken),
    ("two words", MalformedToken),
    ("2YotnFZFEjr1zCsicMWpAA", OpaqueToken),
    ("a.b.c", OpaqueToken),
    ("eyJhbGciOiJSU0EtT0FFUCJ9.a.b.c.d", EncryptedToken),
    ("eyJ.not.good", Reason::NotBase64url),
];

#[test]
fn p02_what_needs_no_key_is_refused_before_a_source_is_asked() {
    type Change = fn(TestToken) -> TestToken;
    let cases: &[(Reason, Change)] = &[
        (TooLong, |t| t.claim("pad", "x".repeat(16 * 1024))),
        (MalformedPayload, |t| t.raw_payload(b"null")),
        (Unsigned, TestToken::unsigned),
        (IssuerMissing, |t| t.without("iss")),
        (IssuerMismatch, |t| t.issuer(OTHER)),
        (TypeNotAccepted, |t| t.typ("dpop+jwt")),
        (NotAnAccessToken, |t| t.typ("JWT").claim("nonce", "n")),
        (CriticalHeader, |t| t.header("crit", json!(["exp"]))),
        (Reason::UnsupportedHeader, |t| t.header("zip", "DEF")),
        (AlgorithmUnknown, |t| t.header("alg", "HS1")),
        (AlgorithmUnknown, |t| t.header("alg", "none")),
        (Reason::AlgorithmMissing, |t| t.without_header("alg")),
        (AlgorithmNotAllowed, |t| t.algorithm(Algorithm::ES256K)),
        (Reason::AudienceMissing, |t| t.without("aud")),
        (AudienceMismatch, |t| t.audience(OTHER)),
        (Reason::ExpiryMissing, |t| t.without("exp")),
        (Expired, |t| t.claim("exp", NOW - 30)),
        (NotYetValid, |t| t.claim("nbf", NOW + 31)),
        (Reason::IssuedInTheFuture, |t| t.claim("iat", NOW + 31)),
        (Reason::MalformedClaim, |t| t.claim("sub", 1)),
        (Reason::MalformedScope, |t| t.scope("a\tb")),
        (MalformedConfirmation, |t| t.claim("cnf", json!({}))),
        (Reason::UnknownConfirmation, |t| {
            t.claim("cnf", json!({"kid": "a"}))
        }),
    ];
    let api = Counted::new();
    let minted = cases
        .iter()
        .map(|(reason, change)| (change(api.issuer.token()).mint(), *reason));
    let texts = NO_JWT
        .iter()
        .map(|(text, reason)| ((*text).to_owned(), *reason));
    for (token, expected) in minted.chain(texts) {
        let now = api
            .validator
            .validate_cached(&token)
            .expect("no source needs to be asked");
        assert_eq!(refused(now), expected, "P02");
        let verdict = block_on(api.validator.validate(&token));
        assert_eq!(refused(verdict), expected, "P02");
        assert_eq!(api.source.asked(), 0, "P02: {expected}");
    }
    // A bound token is good except for its presenter, which is checked last.
    let bound = api
        .issuer
        .token()
        .claim("cnf", json!({"jkt": THUMBPRINT}))
        .mint();
    assert_eq!(
        refused(block_on(api.validator.validate(&bound))),
        ProofOfPossessionMissing
    );
    assert_eq!(api.source.asked(), 1, "P02");
}

#[test]
fn p02_time_is_looked_at_again_after_a_source_was_asked() {
    let clock = clock();
    let issuer = manual(ISSUER, &clock);
    for (passes, expected) in [(329, None), (330, Some(Expired)), (331, Some(Expired))] {
        let mut source = Counting::new(&issuer);
        source.clock = Some((clock.clone(), Duration::from_secs(passes)));
        let validator = trusting([Issuer::new(ISSUER).source(source)], &clock);
        let token = issuer.token().mint();
        match block_on(validator.validate(&token)) {
            Ok(_) => assert_eq!(expected, None, "P02: {passes} s"),
            verdict => assert_eq!(Some(refused(verdict)), expected, "P02: {passes} s"),
        }
    }
}

#[test]
fn several_issuers_each_with_its_own_policy_keys_and_audience() {
    let clock = clock();
    let (a, b, c) = (
        manual(ISSUER, &clock),
        manual(OTHER, &clock),
        manual("urn:c", &clock),
    );
    let only_es384 = Policy::builder().algorithms([Algorithm::ES384]);
    let validator = trusting(
        [
            a.to_issuer(),
            b.to_issuer().audience("urn:b").policy(only_es384),
            Issuer::new("urn:c")
                .source(NeverAtHand(c.clone()))
                .policy(
                    Policy::builder()
                        .audience("urn:c:1")
                        .clock_skew(Duration::ZERO),
                )
                .audience("urn:c:2"),
        ],
        &clock,
    );
    let for_b = || b.token().audience("urn:b");
    let cases = [
        ("a", a.token(), None),
        (
            "a for b's audience",
            a.token().audience("urn:b"),
            Some(AudienceMismatch),
        ),
        ("a within its skew", a.token().claim("exp", NOW - 29), None),
        ("b", for_b().algorithm(Algorithm::ES384), None),
        ("b by a's algorithm", for_b(), Some(AlgorithmNotAllowed)),
        // An issuer's own audiences replace the builder's.
        (
            "b for a's audience",
            b.token().algorithm(Algorithm::ES384),
            Some(AudienceMismatch),
        ),
        ("c", c.token().audience("urn:c:1"), None),
        ("c", c.token().audience("urn:c:2"), None),
        ("c for a's audience", c.token(), Some(AudienceMismatch)),
        (
            "c has no skew",
            c.token().audience("urn:c:1").claim("exp", NOW),
            Some(Expired),
        ),
        (
            "unknown",
            c.token().issuer("urn:d").audience("urn:c:1"),
            Some(IssuerMismatch),
        ),
    ];
    for (what, token, expected) in cases {
        let found = match block_on(validator.validate(&token.mint())) {
            Ok(_) => None,
            verdict => Some(refused(verdict)),
        };
        assert_eq!(found, expected, "P06: {what}");
    }
}

#[test]
fn p05_a_key_of_one_issuer_never_vouches_for_another() {
    let clock = clock();
    // Both publish keys under the same kids.
    let (a, b) = (manual(ISSUER, &clock), manual(OTHER, &clock));
    let (from_a, from_b) = (Counting::new(&a), Counting::new(&b));
    let validator = trusting(
        [
            Issuer::new(ISSUER).source(from_a.clone()),
            Issuer::new(OTHER).source(from_b.clone()),
        ],
        &clock,
    );
    let kid = |issuer: &TestIssuer| {
        let text = issuer.token().mint();
        let presented = PresentedToken::parse(&text).unwrap();
        presented.jwt().unwrap().key_id().map(str::to_owned)
    };
    assert_eq!(kid(&a), kid(&b));
    let forgeries = [
        a.token().signed_by(&b).mint(),
        a.token().signed_by(&b).without_header("kid").mint(),
        b.token().issuer(ISSUER).mint(),
    ];
    for (asked, forged) in (1..).zip(forgeries) {
        assert_eq!(
            refused(block_on(validator.validate(&forged))),
            BadSignature,
            "P05"
        );
        // Only the source of the issuer that the token names is called.
        assert_eq!((from_a.asked(), from_b.asked()), (asked, 0), "P05");
    }
    // An outage is final too, and is this issuer's alone.
    from_a.set_down(true);
    let error = block_on(validator.validate(&a.token().mint())).unwrap_err();
    assert_eq!((error.status(), from_b.asked()), (503, 0), "P05");
    assert!(
        block_on(validator.validate(&b.token().mint())).is_ok(),
        "P05"
    );
}

#[test]
fn p05_a_refusal_is_final() {
    let clock = clock();
    let (a, b) = (manual(ISSUER, &clock), manual(OTHER, &clock));
    let (from_a, from_b) = (Counting::new(&a), Counting::new(&b));
    let validator = trusting(
        [
            Issuer::new(ISSUER).source(from_a.clone()).audience("urn:a"),
            Issuer::new(OTHER).source(from_b.clone()),
        ],
        &clock,
    );
    // B's policy would accept what A's policy refuses: the audience is B's.
    assert_eq!(
        refused(block_on(validator.validate(&a.token().mint()))),
        AudienceMismatch,
        "P05"
    );
    let unknown = a.token().issuer("https://unknown.example.com").mint();
    assert_eq!(
        refused(block_on(validator.validate(&unknown))),
        IssuerMismatch,
        "P05"
    );
    for (text, expected) in NO_JWT {
        let verdict = block_on(validator.validate(text));
        assert_eq!(refused(verdict), *expected, "P05: {text}");
    }
    assert_eq!((from_a.asked(), from_b.asked()), (0, 0), "P05");
}

#[test]
fn warm_up_lists_every_failure_and_the_validator_stays_usable() {
    let clock = clock();
    let issuers = ["urn:a", "urn:b", "urn:c"].map(|name| manual(name, &clock));
    let sources = issuers.each_ref().map(Counting::new);
    let entries = issuers.iter().zip(&sources);
    let validator = trusting(
        entries.map(|(issuer, source)| Issuer::new(issuer.name()).source(source.clone())),
        &clock,
    );
    assert!(block_on(validator.warm_up()).is_ok());
    sources[0].set_down(true);
    sources[2].set_down(true);
    let error = block_on(validator.warm_up()).unwrap_err();
    let names: Vec<_> = error.failures().iter().map(Unavailable::issuer).collect();
    assert_eq!(names, [Some("urn:a"), Some("urn:c")]);
    for shown in ["urn:a", "urn:c", "no way in", "refused"] {
        assert!(error.to_string().contains(shown), "{error}");
    }
    assert!(!error.to_string().contains("urn:b"), "{error}");
    // B continues to work; A works again as soon as it answers.
    assert!(block_on(validator.validate(&issuers[1].token().mint())).is_ok());
    sources[0].set_down(false);
    assert!(block_on(validator.validate(&issuers[0].token().mint())).is_ok());
    let health: Vec<_> = validator
        .health()
        .iter()
        .map(|h| h.issuer().to_owned())
        .collect();
    assert_eq!(health, ["urn:a", "urn:b", "urn:c"]);
    assert_eq!(
        validator.health()[1].status().last_error.as_deref(),
        Some("urn:b")
    );
}

#[test]
fn health_tells_what_keys_there_are_and_what_was_left_out() {
    let clock = clock();
    let mut jwks: serde_json::Value = serde_json::from_str(&manual(ISSUER, &clock).jwks()).unwrap();
    let keys = jwks["keys"].as_array_mut().unwrap();
    keys.push(json!({"kty": "oct", "kid": "secret", "k": "c2VjcmV0"}));
    let keys = StaticKeys::from_jwks(&jwks.to_string()).unwrap();
    let health = trusting([Issuer::new(ISSUER).keys(keys)], &clock).health();
    let keys = health[0].status().keys.as_ref().unwrap();
    assert_eq!(keys.len(), 1);
    assert_eq!(keys.skipped()[0].key_id(), Some("secret"));
}

#[test]
fn clones_share_and_futures_go_to_other_threads() {
    fn sendable<T: Send + Sync + Clone + 'static>(value: &T) -> T {
        value.clone()
    }
    let api = Counted::new();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap();
    runtime.block_on(async {
        let tasks: Vec<_> = (0..8)
            .map(|_| {
                let (validator, token) = (sendable(&api.validator), api.issuer.token().mint());
                tokio::spawn(async move {
                    validator.warm_up().await.unwrap();
                    let credentials = Credentials::bearer(&token);
                    validator.authenticate(&credentials).await.unwrap();
                    validator.validate(&token).await
                })
            })
            .collect();
        for task in tasks {
            sendable(&task.await.unwrap().unwrap());
        }
    });
    assert_eq!(api.source.asked(), 16);
    drop(api.validator.clone());
    assert!(block_on(api.validator.validate(&api.issuer.token().mint())).is_ok());
}

#[test]
fn a_future_that_is_dropped_leaves_nothing_behind() {
    let api = Counted::new();
    let token = api.issuer.token().mint();
    block_on(async {
        let waiting = api.validator.validate(&token);
        tokio::select! {
            biased;
            verdict = waiting => panic!("the source has not answered: {verdict:?}"),
            () = std::future::ready(()) => {}
        }
    });
    assert_eq!(api.source.asked(), 1);
    assert!(block_on(api.validator.validate(&token)).is_ok());
}

#[test]
fn no_credentials_are_refused_without_an_error_code() {
    let api = Counted::new();
    let error = block_on(api.validator.authenticate(&Credentials::none())).unwrap_err();
    assert_eq!(error.status(), 401);
    let Error::Rejected(rejection) = error else {
        panic!("{error:?}")
    };
    assert_eq!(rejection.reason(), NoCredentials);
    assert_eq!(rejection.oauth_error(), None);
    // Empty credentials are some.
    let error = block_on(api.validator.authenticate(&Credentials::bearer(""))).unwrap_err();
    let Error::Rejected(rejection) = error else {
        panic!("{error:?}")
    };
    assert_eq!(rejection.reason(), MalformedToken);
    assert_eq!(rejection.oauth_error(), Some("invalid_token"));
}

#[test]
fn the_size_of_a_token_is_a_setting() {
    let api = Api::new();
    let limit = |bytes| {
        Validator::builder()
            .audience(API)
            .issuer(api.issuer.to_issuer())
            .clock(api.clock.clone())
            .max_token_bytes(bytes)
            .build()
    };
    let token = api.token().claim("pad", "x".repeat(20_000)).mint();
    let judge = |bytes| limit(bytes).unwrap().validate_cached(&token).unwrap();
    assert!(judge(token.len()).is_ok());
    assert_eq!(refused(judge(token.len() - 1)), TooLong);
    assert!(limit(1).is_ok() && limit(1024 * 1024).is_ok());
    for bytes in [0, 1024 * 1024 + 1, usize::MAX] {
        let problems = problems_of(&limit(bytes).unwrap_err());
        assert_eq!(
            problems,
            [(None, ConfigErrorKind::TokenSize { bytes })],
            "P06"
        );
    }
}

fn keys() -> StaticKeys {
    StaticKeys::from_jwks(&TestIssuer::new(ISSUER, API).jwks()).unwrap()
}

fn of_policy(issuer: &str, problem: PolicyErrorKind) -> Problem {
    let issuer = issuer.to_owned();
    (Some(issuer), ConfigErrorKind::Policy(problem))
}

fn problems(builder: ValidatorBuilder) -> Vec<Problem> {
    let error = builder.build().unwrap_err();
    let texts: Vec<_> = error
        .problems()
        .iter()
        .map(|problem| chain(problem))
        .collect();
    assert_eq!(error.to_string(), texts.join("; "), "P06: each is told");
    problems_of(&error)
}

#[test]
fn p06_each_problem_of_validator_and_issuers_is_told_at_build() {
    let issuer = ISSUER.to_owned();
    let with_audience = || Validator::builder().audience(API);
    let entry = || Issuer::new(ISSUER).keys(keys());
    let no_audience = of_policy(ISSUER, PolicyErrorKind::NoAudience);
    let space = |text: &str| PolicyErrorKind::SpaceAround(text.to_owned());
    #[rustfmt::skip]
    let cases = [
        (with_audience(), (None, ConfigErrorKind::NoIssuer)),
        (Validator::builder().issuer(entry()), no_audience.clone()),
        (Validator::builder().audience("").issuer(entry()), no_audience.clone()),
        (with_audience().audience("").issuer(entry()), no_audience.clone()),
        (with_audience().issuer(entry().audience("")), no_audience.clone()),
        (Validator::builder().audience(" a").issuer(entry()), of_policy(ISSUER, space(" a"))),
        (with_audience().issuer(Issuer::new("").keys(keys())), of_policy("", PolicyErrorKind::NoIssuer)),
        (with_audience().issuer(Issuer::new("a\n").keys(keys())), of_policy("a\n", space("a\n"))),
        (with_audience().issuer(entry()).issuer(entry()), (Some(issuer.clone()), ConfigErrorKind::IssuerTwice)),
        (with_audience().issuer(Issuer::new(ISSUER)), (Some(issuer.clone()), ConfigErrorKind::NoSource)),
        (with_audience().issuer(entry().keys(keys())), (Some(issuer.clone()), ConfigErrorKind::SeveralSources)),
        (with_audience().issuer(entry().policy(Policy::builder().issuer(OTHER))),
            (Some(issuer), ConfigErrorKind::TwoNames { policy: OTHER.to_owned() })),
    ];
    for (builder, expected) in cases {
        assert_eq!(problems(builder), [expected], "P06");
    }
}

#[test]
fn p06_each_problem_of_a_policy_is_told_at_build_and_by_itself() {
    let seconds = Duration::from_secs;
    let policy = Policy::builder;
    let of_validator = |settings: PolicyBuilder| {
        let entry = Issuer::new(ISSUER).keys(keys()).policy(settings);
        Validator::builder().audience(API).issuer(entry)
    };
    #[rustfmt::skip]
    let cases = [
        (policy().audience(""), PolicyErrorKind::NoAudience),
        (policy().audience("a "), PolicyErrorKind::SpaceAround("a ".to_owned())),
        (policy().algorithms([]), PolicyErrorKind::NoAlgorithm),
        (policy().clock_skew(seconds(301)), PolicyErrorKind::TooMuchSkew(seconds(301))),
        (policy().clock_skew(Duration::MAX), PolicyErrorKind::TooMuchSkew(seconds(u64::MAX))),
        (policy().max_token_age(seconds(0)), PolicyErrorKind::ZeroLifetime),
        (policy().max_remaining(Duration::from_millis(999)), PolicyErrorKind::ZeroLifetime),
        (policy().allowed_clients([""]), PolicyErrorKind::NoClient),
        (policy().allowed_clients(["a", ""]), PolicyErrorKind::NoClient),
        (policy().allowed_clients(Vec::<String>::new()), PolicyErrorKind::NoClient),
    ];
    for (settings, expected) in cases {
        let found = problems(of_validator(settings.clone()));
        assert_eq!(found, [of_policy(ISSUER, expected.clone())], "P06");
        let alone = settings.issuer(ISSUER).audience(API).build().unwrap_err();
        assert_eq!(alone.problems(), [expected], "P06");
    }
    for skew in [0, 1, 300] {
        let settings = policy().issuer(ISSUER).clock_skew(seconds(skew));
        assert!(of_validator(settings).build().is_ok(), "P06: {skew} s");
    }
}

#[test]
fn p06_all_problems_at_once() {
    let skew = Duration::from_secs(3600);
    let settings = Policy::builder()
        .algorithms([])
        .clock_skew(skew)
        .allowed_clients([""]);
    let builder = Validator::builder()
        .max_token_bytes(0)
        .issuer(Issuer::new("urn:a").policy(settings))
        .issuer(Issuer::new("urn:b").keys(keys()).keys(keys()));
    let (a, b) = ("urn:a".to_owned(), "urn:b".to_owned());
    let expected = [
        (None, ConfigErrorKind::TokenSize { bytes: 0 }),
        (Some(a), ConfigErrorKind::NoSource),
        of_policy("urn:a", PolicyErrorKind::NoAudience),
        of_policy("urn:a", PolicyErrorKind::NoAlgorithm),
        of_policy("urn:a", PolicyErrorKind::TooMuchSkew(skew)),
        of_policy("urn:a", PolicyErrorKind::NoClient),
        (Some(b), ConfigErrorKind::SeveralSources),
        of_policy("urn:b", PolicyErrorKind::NoAudience),
    ];
    let found = problems(builder);
    let missing: Vec<_> = expected.iter().filter(|p| !found.contains(p)).collect();
    assert!(missing.is_empty(), "P06: {missing:?}");
    assert_eq!(found.len(), expected.len(), "P06: {found:?}");
    let nothing = [
        (None, ConfigErrorKind::NoIssuer),
        (None, ConfigErrorKind::NoAudience),
    ];
    assert_eq!(problems(Validator::builder()), nothing, "P06");
    assert_eq!(problems(Validator::builder().audience("")), nothing, "P06");
}

#[test]
fn p06_an_issuer_given_twice_is_told_beside_its_other_problems() {
    let found = problems(
        Validator::builder()
            .audience(API)
            .issuer(Issuer::new(ISSUER).keys(keys()))
            .issuer(Issuer::new(ISSUER)),
    );
    let issuer = ISSUER.to_owned();
    assert!(
        found.contains(&(Some(issuer.clone()), ConfigErrorKind::NoSource)),
        "P06: {found:?}"
    );
    assert!(
        found.contains(&(Some(issuer), ConfigErrorKind::IssuerTwice)),
        "P06: {found:?}"
    );
}

#[test]
fn p06_an_empty_audience_is_a_mistake_even_where_no_issuer_uses_it() {
    let entry = Issuer::new(ISSUER).keys(keys()).audience("urn:a");
    let found = problems(Validator::builder().audience("").issuer(entry));
    assert!(
        found.contains(&(None, ConfigErrorKind::NoAudience)),
        "P06: {found:?}"
    );
}

#[test]
fn p06_a_deserialized_policy_is_checked_the_same() {
    const BASE: &str =
        r#""issuer":"https://as.example.com","audiences":["https://api.example.com"]"#;
    let read = |json: &str| serde_json::from_str::<Policy>(json).map_err(|e| e.to_string());
    let problem = |problem: PolicyErrorKind| problem.to_string();
    let space = |text: &str| problem(PolicyErrorKind::SpaceAround(text.to_owned()));
    for member in [
        r#""clock_skew_seconds":300"#,
        r#""algorithms":["ES256","PS384","EdDSA"]"#,
        r#""profile":"rfc9068","scope_claim":"scp""#,
        r#""allowed_clients":["web"],"max_remaining_seconds":1"#,
    ] {
        assert!(
            read(&format!("{{{BASE},{member}}}")).is_ok(),
            "P06: {member}"
        );
    }
    #[rustfmt::skip]
    let added = [
        (r#""algorithms":[]"#, problem(PolicyErrorKind::NoAlgorithm)),
        (r#""algorithms":["none"]"#, "unknown variant `none`".to_owned()),
        (r#""algorithms":["HS1"]"#, "unknown variant `HS1`".to_owned()),
        (r#""algorithms":["HS256","ES256"]"#, "HMAC is combined with".to_owned()),
        (r#""algorithms":["ES256","rs256"]"#, "unknown variant `rs256`".to_owned()),
        (r#""algorithms":[""]"#, "unknown variant ``".to_owned()),
        (r#""clock_skew_seconds":301"#, problem(PolicyErrorKind::TooMuchSkew(Duration::from_secs(301)))),
        (r#""clock_skew_seconds":-1"#, "invalid value".to_owned()),
        (r#""max_token_age_seconds":0"#, problem(PolicyErrorKind::ZeroLifetime)),
        (r#""max_remaining_seconds":0"#, problem(PolicyErrorKind::ZeroLifetime)),
        (r#""allowed_clients":[]"#, problem(PolicyErrorKind::NoClient)),
        (r#""allowed_clients":["web",""]"#, problem(PolicyErrorKind::NoClient)),
        (r#""profile":"any""#, "unknown variant `any`".to_owned()),
        (r#""clock_skew":1"#, "unknown field `clock_skew`".to_owned()),
        (r#""audience":"https://api.example.com""#, "unknown field `audience`".to_owned()),
        (r#""issuer":"https://as.example.com""#, "duplicate field `issuer`".to_owned()),
    ];
    #[rustfmt::skip]
    let whole = [
        (r#"{"audiences":["a"]}"#, problem(PolicyErrorKind::NoIssuer)),
        (r#"{"audiences":["a"],"issuer":""}"#, problem(PolicyErrorKind::NoIssuer)),
        (r#"{"audiences":["a"],"issuer":" a"}"#, space(" a")),
        (r#"{"issuer":"a"}"#, problem(PolicyErrorKind::NoAudience)),
        (r#"{"issuer":"a","audiences":[]}"#, problem(PolicyErrorKind::NoAudience)),
        (r#"{"issuer":"a","audiences":["a",""]}"#, problem(PolicyErrorKind::NoAudience)),
        (r#"{"issuer":"a","audiences":["a "]}"#, space("a ")),
    ];
    let added = added.map(|(member, expected)| (format!("{{{BASE},{member}}}"), expected));
    let whole = whole.map(|(text, expected)| (text.to_owned(), expected));
    for (text, expected) in added.into_iter().chain(whole) {
        let error = read(&text).unwrap_err();
        assert!(error.contains(&expected), "P06: {text}: {error}");
    }
    let error = read(r#"{"clock_skew_seconds":999,"algorithms":[]}"#).unwrap_err();
    assert_eq!(error.matches("; ").count(), 3, "P06: all at once: {error}");
}

#[test]
fn p06_settings_for_an_issuer_may_lack_its_name_and_audience_and_nothing_more() {
    let read = |json: &str| serde_json::from_str::<PolicyBuilder>(json).unwrap();
    let builder = |settings: PolicyBuilder| {
        let entry = Issuer::new(ISSUER).keys(keys()).policy(settings);
        Validator::builder().audience(API).issuer(entry)
    };
    assert!(builder(read("{}")).build().is_ok(), "P06");
    // An empty list differs from no list: it removes the builder's audience.
    let no_audience = of_policy(ISSUER, PolicyErrorKind::NoAudience);
    assert_eq!(
        problems(builder(read(r#"{"audiences":[]}"#))),
        [no_audience],
        "P06"
    );
    assert!(
        serde_json::from_str::<PolicyBuilder>(r#"{"skew":1}"#).is_err(),
        "P06"
    );
}

/// An issuer's way to withdraw all its keys.
struct Withdrawn;

impl KeySource for Withdrawn {
    async fn evidence(&self, _: &PresentedToken<'_>) -> Result<Evidence, SourceError> {
        let keys = KeySet::from_jwks(r#"{"keys":[]}"#);
        let keys = keys.map_err(|error| SourceError::new("no keys").caused_by(error))?;
        Ok(Evidence::Keys(Arc::new(keys)))
    }
}

#[test]
fn k04_an_empty_key_set_given_by_hand_is_a_mistake_but_an_issuers_own_is_not() {
    let empty = StaticKeys::from_jwks(r#"{"keys":[]}"#);
    assert_eq!(empty.unwrap_err(), KeySetError::Empty, "K04");
    let clock = clock();
    let validator = trusting([Issuer::new(ISSUER).source(Withdrawn)], &clock);
    let token = manual(ISSUER, &clock).token().mint();
    assert_eq!(
        refused(block_on(validator.validate(&token))),
        UnknownKey,
        "K04"
    );
}
