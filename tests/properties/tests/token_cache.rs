//! Row P04: in any sequence of requests, clock steps, rotations and outages, a Validator with a
//! cache of verified tokens gives the same verdicts as one without.

#[allow(dead_code)]
#[path = "../../it/support/verdict.rs"]
mod verdict;

use std::fmt::Write;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::TestRunner;
use resource_server::error::SourceError;
use resource_server::keys::KeySet;
use resource_server::testing::{ManualClock, TestIssuer};
use resource_server::{
    AccessToken, Error, Evidence, Issuer, KeySource, NumericDate, Policy, PresentedToken, Validator,
};
use serde_json::{Value, json};

use verdict::{API, ISSUER, NOW, clock, signer};

const THUMBPRINT: &str = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs";

#[derive(Clone, Debug)]
enum Step {
    /// A token that was minted before is presented.
    Present(Index),
    /// The same, with another character at a place.
    PresentChanged(Index, Index),
    Mint(Kind),
    Forget(Index),
    Advance(u64),
    /// The wall clock is set, in either direction.
    Set(i64),
    /// New keys sign, and the old ones stay.
    Rotate,
    Withdraw,
    /// The same keys come again in another order.
    Reorder,
    /// The keys of a stranger, under the same `kid`s, or again the issuer's.
    Stranger(bool),
    /// What the source answers from now on.
    Mood(Mood),
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Plain,
    WithoutKeyId,
    Bound,
    ForAnotherApi,
    OfAnotherIssuer,
    LongLived,
    WithLists,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Mood {
    AtHand,
    /// A refresh is due: only a caller that waits gets keys.
    Due,
    Down,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let kind = prop_oneof![
        4 => Just(Kind::Plain),
        2 => Just(Kind::WithoutKeyId),
        1 => Just(Kind::Bound),
        1 => Just(Kind::ForAnotherApi),
        1 => Just(Kind::OfAnotherIssuer),
        1 => Just(Kind::LongLived),
        1 => Just(Kind::WithLists),
    ];
    let mood = prop_oneof![3 => Just(Mood::AtHand), 1 => Just(Mood::Due), 1 => Just(Mood::Down)];
    let step = prop_oneof![
        20 => any::<Index>().prop_map(Step::Present),
        3 => any::<(Index, Index)>().prop_map(|(token, at)| Step::PresentChanged(token, at)),
        5 => kind.prop_map(Step::Mint),
        1 => any::<Index>().prop_map(Step::Forget),
        3 => prop_oneof![0..40_u64, 0..400_u64].prop_map(Step::Advance),
        1 => (-500..1_000_i64).prop_map(Step::Set),
        1 => Just(Step::Rotate),
        1 => Just(Step::Withdraw),
        1 => Just(Step::Reorder),
        1 => any::<bool>().prop_map(Step::Stranger),
        3 => mood.prop_map(Step::Mood),
    ];
    vec(step, 1..80)
}

/// One source, which both Validators share.
#[derive(Clone)]
struct Source(Arc<Mutex<State>>);

struct State {
    keys: Arc<KeySet>,
    mood: Mood,
}

impl Source {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    fn publish(&self, jwks: &str) {
        let keys = KeySet::from_jwks(jwks).unwrap();
        self.state().keys = Arc::new(keys);
    }

    fn keys_unless(&self, moods: &[Mood]) -> Option<Arc<KeySet>> {
        let state = self.state();
        (!moods.contains(&state.mood)).then(|| Arc::clone(&state.keys))
    }
}

impl KeySource for Source {
    async fn evidence(&self, _: &PresentedToken<'_>) -> Result<Evidence, SourceError> {
        let keys = self.keys_unless(&[Mood::Down]);
        keys.map(Evidence::Keys)
            .ok_or_else(|| SourceError::new("down"))
    }

    fn cached(&self, _: &PresentedToken<'_>) -> Option<Evidence> {
        let keys = self.keys_unless(&[Mood::Down, Mood::Due]);
        keys.map(Evidence::Keys)
    }

    fn current_keys(&self, _: &str, _: NumericDate) -> Option<Arc<KeySet>> {
        self.keys_unless(&[Mood::Down, Mood::Due])
    }
}

fn block_on<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.unwrap().block_on(future)
}

fn shown(judged: &Result<AccessToken, Error>) -> String {
    let mut text = String::new();
    match judged {
        Ok(token) => {
            let claims = token.claims::<Value>().unwrap();
            let scopes: Vec<_> = token.scopes().iter().collect();
            let audience: Vec<_> = token.audience().iter().collect();
            write!(
                text,
                "{token:?} {} {claims} {scopes:?} {audience:?} {:?}",
                token.judged_at().as_secs(),
                token.roles().iter().collect::<Vec<_>>()
            )
        }
        Err(error) => write!(text, "{} {error:?} {}", error.status(), error.explain()),
    }
    .unwrap();
    text
}

struct World {
    clock: ManualClock,
    issuer: TestIssuer,
    stranger: TestIssuer,
    source: Source,
    cached: Validator,
    plain: Validator,
    tokens: Vec<String>,
}

impl World {
    fn new(policy: u8) -> Self {
        let clock = clock();
        let (issuer, stranger) = (signer(ISSUER, &clock), signer(ISSUER, &clock));
        let source = Source(Arc::new(Mutex::new(State {
            keys: Arc::new(KeySet::from_jwks(&issuer.jwks()).unwrap()),
            mood: Mood::AtHand,
        })));
        let settings = Policy::builder().role_claims(["roles"]);
        let settings = match policy {
            0 => settings,
            1 => settings.max_token_age(Duration::from_secs(120)),
            2 => settings.max_remaining(Duration::from_secs(200)),
            _ => settings.clock_skew(Duration::ZERO),
        };
        let builder = || {
            let issuer = Issuer::new(ISSUER).policy(settings.clone());
            let builder = Validator::builder().audience(API).clock(clock.clone());
            builder.issuer(issuer.source(source.clone()))
        };
        World {
            cached: builder().token_cache(1024 * 1024).build().unwrap(),
            plain: builder().build().unwrap(),
            tokens: vec![issuer.token().subject("alice").mint()],
            clock,
            issuer,
            stranger,
            source,
        }
    }

    fn mint(&self, kind: Kind) -> String {
        let token = self.issuer.token().subject("alice").scope("a b");
        match kind {
            Kind::Plain => token,
            Kind::WithoutKeyId => token.without_header("kid"),
            Kind::Bound => token.claim("cnf", json!({"jkt": THUMBPRINT})),
            Kind::ForAnotherApi => token.audience("https://other.example.com"),
            Kind::OfAnotherIssuer => token.issuer("https://other.example.com"),
            Kind::LongLived => token.expires_at(NumericDate::from_secs(i64::MAX)),
            Kind::WithLists => token
                .claim("aud", json!(["x", API]))
                .claim("roles", json!(["r", "\u{e9}"])),
        }
        .mint()
    }

    fn take(&mut self, step: &Step) -> Result<bool, TestCaseError> {
        match step {
            Step::Present(token) => {
                return self.present(&self.tokens[token.index(self.tokens.len())]);
            }
            Step::PresentChanged(token, at) => {
                let mut changed = self.tokens[token.index(self.tokens.len())].clone();
                let at = at.index(changed.len());
                let other = if &changed[at..=at] == "A" { "B" } else { "A" };
                changed.replace_range(at..=at, other);
                return self.present(&changed);
            }
            Step::Mint(kind) => self.tokens.push(self.mint(*kind)),
            Step::Forget(token) => self
                .cached
                .forget(&self.tokens[token.index(self.tokens.len())]),
            Step::Advance(seconds) => self.clock.advance(Duration::from_secs(*seconds)),
            Step::Set(seconds) => self.clock.set(NumericDate::from_secs(NOW + seconds)),
            Step::Rotate => {
                self.issuer.rotate_keys();
                self.source.publish(&self.issuer.jwks());
            }
            Step::Withdraw => {
                self.issuer.withdraw_old_keys();
                self.source.publish(&self.issuer.jwks());
            }
            Step::Reorder => {
                let mut jwks: Value = serde_json::from_str(&self.issuer.jwks()).unwrap();
                jwks["keys"].as_array_mut().unwrap().reverse();
                self.source.publish(&jwks.to_string());
            }
            Step::Stranger(true) => self.source.publish(&self.stranger.jwks()),
            Step::Stranger(false) => self.source.publish(&self.issuer.jwks()),
            Step::Mood(mood) => self.source.state().mood = *mood,
        }
        Ok(false)
    }

    /// Whether it is accepted, by both.
    fn present(&self, token: &str) -> Result<bool, TestCaseError> {
        let at_once = self.cached.validate_cached(token);
        let expected = self.plain.validate_cached(token);
        prop_assert_eq!(
            at_once.as_ref().map(shown),
            expected.as_ref().map(shown),
            "validate_cached"
        );
        let cached = block_on(self.cached.validate(token));
        let plain = block_on(self.plain.validate(token));
        prop_assert_eq!(shown(&cached), shown(&plain), "validate");
        Ok(cached.is_ok())
    }
}

#[test]
fn p04_a_cache_changes_no_verdict() {
    let mut config = ProptestConfig::with_cases(400);
    config.failure_persistence = None;
    let accepted = std::cell::Cell::new(0);
    let outcome = TestRunner::new(config).run(&(0..4_u8, steps()), |(policy, steps)| {
        let mut world = World::new(policy);
        for step in &steps {
            let is_accepted = world.take(step)?;
            accepted.set(accepted.get() + usize::from(is_accepted));
        }
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
    assert!(accepted.get() > 500, "{} were accepted", accepted.get());
}
