//! Keys in a file that is looked at again and again. When to look is decided in `looks`.

mod looks;

use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use crate::chain::chain;
use crate::core::{
    AccessToken, Algorithm, Clock, Evidence, KeySet, KeySetLimits, NumericDate, Policy,
    PresentedToken,
};
use crate::source::events::{Outcome, Refreshed, refreshed};

use super::asked::{Asked, HoldsKeys, Purpose, asked_of, locked};
use super::bounds::{
    DEFAULT_INTERVAL, LONGEST_WAIT, MAX_INTERVAL, MAX_KEY_SET_BYTES, MIN_INTERVAL,
};
use super::file::{FileProblem, read_apart};
use super::moment::Moment;
use super::single_flight::{Awaited, Flight, take_off};
use super::{KeySource, SourceError, SourceStatus, StaticKeys, timer};
use looks::{Decision, Looks};

/// A file with an issuer's public keys, which is read again when it changes; for
/// [`Issuer::key_file`](crate::Issuer::key_file). It holds a JWK Set (RFC 7517 section 5), or PEM
/// where [`pem`](KeyFile::pem) says so, of at most 1 MiB and 1,000 keys. These bounds are
/// [`Issuer::max_key_set_bytes`](crate::Issuer::max_key_set_bytes) and
/// [`Issuer::max_keys`](crate::Issuer::max_keys).
///
/// It is looked at when a token comes and the last look was 10 seconds ago, by its content and from
/// its path on: so it may be rewritten, replaced, or changed by a symlink that is swapped, as
/// Kubernetes does with what it mounts. A token whose key is not in it leads to a look too, at most
/// once a second, so a new key works at once; one that replaces another under its `kid`,
/// or in PEM, from the next look on. A key that is removed stops with the next look.
///
/// Each look is made on a thread of its own and waited for: 5 seconds at most, where a tokio
/// runtime with time measures them.
///
/// A file that is missing, can't be read, is only half written or has no key that can be used
/// changes nothing: the keys read before serve on, for as long as that lasts, and
/// [`SourceStatus::last_error`] reports it. An empty set is treated the same way, so to end all
/// trust in an issuer, remove the issuer. Where there never were keys, its tokens can't be judged
/// (503). Write a new file and rename it, rather than writing into the old one.
///
/// Symmetric keys (`oct`) in it are left out as in any set.
///
/// ```
/// use resource_server::{Issuer, Validator, keys::KeyFile};
/// use std::time::Duration;
///
/// let validator = Validator::builder()
///     .audience("https://api.example.com")
///     .issuer(Issuer::new("https://as.example.com")
///         .key_file(KeyFile::new("/etc/keys/jwks.json").look_every(Duration::from_secs(30))))
///     .build()?;
/// # Ok::<(), resource_server::error::BuildError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct KeyFile {
    path: PathBuf,
    interval: Duration,
    form: Form,
    limits: KeySetLimits,
}

#[derive(Clone, Copy, Debug)]
enum Form {
    Jwks,
    Pem(Algorithm),
}

impl KeyFile {
    /// Names the file. It need not exist yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        KeyFile {
            path: path.into(),
            interval: DEFAULT_INTERVAL,
            form: Form::Jwks,
            limits: KeySetLimits::default(),
        }
    }

    /// How long to wait before the file is checked again. The default is 10 seconds; 1 second to 1
    /// hour are accepted.
    pub fn look_every(mut self, interval: Duration) -> Self {
        self.interval = interval;
        self
    }

    /// Reads the file as PEM (RFC 7468) instead of a JWK Set. It holds public keys and certificates
    /// for this algorithm, as [`StaticKeys::from_pem`] accepts them. They apply to tokens of any
    /// `kid`.
    pub fn pem(mut self, algorithm: Algorithm) -> Self {
        self.form = Form::Pem(algorithm);
        self
    }

    pub(crate) fn has_sound_interval(&self) -> bool {
        (MIN_INTERVAL..=MAX_INTERVAL).contains(&self.interval)
    }

    /// The source that it is, by this clock, within these bounds.
    pub(crate) fn finish(
        mut self,
        policy: Policy,
        clock: Arc<dyn Clock>,
        limits: KeySetLimits,
    ) -> WatchedKeys {
        self.limits = limits;
        WatchedKeys(Arc::new(Inner {
            state: RwLock::new(State {
                looks: Looks::new(self.interval),
                keys: None,
                flight: None,
                last_error: None,
            }),
            file: self,
            policy,
            clock,
        }))
    }

    fn read(&self, content: &[u8]) -> Result<StaticKeys, SourceError> {
        let unusable = || self.failed("can't be used");
        let text = std::str::from_utf8(content).map_err(|error| unusable().caused_by(error))?;
        match self.form {
            Form::Jwks => StaticKeys::from_jwks_within(text, self.limits)
                .map_err(|error| unusable().caused_by(error)),
            Form::Pem(algorithm) => StaticKeys::from_pem_within(algorithm, text, self.limits)
                .map_err(|error| unusable().caused_by(error)),
        }
    }

    fn failed(&self, what: &str) -> SourceError {
        SourceError::new(format!("the key file {} {what}", self.path.display()))
    }
}

impl From<PathBuf> for KeyFile {
    fn from(path: PathBuf) -> Self {
        KeyFile::new(path)
    }
}

impl From<&Path> for KeyFile {
    fn from(path: &Path) -> Self {
        KeyFile::new(path)
    }
}

impl From<&str> for KeyFile {
    fn from(path: &str) -> Self {
        KeyFile::new(path)
    }
}

impl From<String> for KeyFile {
    fn from(path: String) -> Self {
        KeyFile::new(path)
    }
}

/// The keys of a file.
pub(crate) struct WatchedKeys(Arc<Inner>);

struct Inner {
    file: KeyFile,
    /// Says which of the keys a token could be by.
    policy: Policy,
    clock: Arc<dyn Clock>,
    state: RwLock<State>,
}

struct State {
    looks: Looks,
    /// What was read last and could be used, and the keys in it.
    keys: Option<(Vec<u8>, StaticKeys)>,
    /// The look under way.
    flight: Option<Flight<()>>,
    last_error: Option<SourceError>,
}

enum Step {
    Serve(StaticKeys),
    Wait(Flight<()>),
}

impl Inner {
    fn state(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn state_mut(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Moment {
        Moment::of(&*self.clock)
    }

    /// The locked state, with what is asked of its keys.
    fn locked<G: Deref<Target = State>>(
        &self,
        purpose: Purpose<'_>,
        lock: impl Fn() -> G,
    ) -> (G, Asked) {
        let seen = self.state().held();
        locked(seen, lock, |keys| asked_of(keys, purpose, &self.policy))
    }

    async fn keys(self: &Arc<Self>, purpose: Purpose<'_>) -> Result<StaticKeys, SourceError> {
        let flight = match self.step(purpose)? {
            Step::Serve(keys) => return Ok(keys),
            Step::Wait(flight) => flight,
        };
        let has_landed = wait(flight).await;
        let now = self.now();
        let (state, asked) = self.locked(purpose, || self.state());
        match (state.looks.after_look(asked, now), &state.keys) {
            (Decision::Serve, Some((_, keys))) if has_landed || asked != Asked::Unknown => {
                Ok(keys.clone())
            }
            (decision, _) => Err(self.refusal(&state, decision)),
        }
    }

    /// Decides and does it under one lock, so that a thousand callers make one look.
    fn step(self: &Arc<Self>, purpose: Purpose<'_>) -> Result<Step, SourceError> {
        let now = self.now();
        let (state, asked) = self.locked(purpose, || self.state_mut());
        let is_under_way = state.flight.is_some();
        let decision = state.looks.decide(asked, is_under_way, now);
        match (decision, &state.keys) {
            (Decision::Serve, Some((_, keys))) => Ok(Step::Serve(keys.clone())),
            (Decision::Look, _) => Ok(Step::Wait(self.look(state, now))),
            (decision, _) => Err(self.refusal(&state, decision)),
        }
    }

    /// One look at a time: one that hangs is not followed by others that hang.
    fn look(self: &Arc<Self>, mut state: RwLockWriteGuard<'_, State>, now: Moment) -> Flight<()> {
        if let Some(flight) = &state.flight {
            return flight.clone();
        }
        let inner = Arc::clone(self);
        let (flight, landing) = take_off(move |_, _| {
            inner.landed(now, Err(FileProblem::NoThread));
        });
        state.looks.began(now);
        state.flight = Some(flight.clone());
        // If no thread is available, the work is dropped within this call, and that drop takes the
        // lock.
        drop(state);
        let inner = Arc::clone(self);
        read_apart(&self.file.path, self.file.limits.max_bytes(), move |read| {
            inner.landed(now, read);
            landing.land(());
        });
        flight
    }

    fn landed(&self, began: Moment, read: Result<Vec<u8>, FileProblem>) {
        // Keys are prepared without the lock.
        let outcome = match read {
            Err(problem @ FileProblem::TooLarge(_)) => Err(self
                .file
                .failed(&format!("can't be read (raise {MAX_KEY_SET_BYTES})"))
                .caused_by(problem)),
            Err(problem) => Err(self.file.failed("can't be read").caused_by(problem)),
            Ok(content) => match self.state().unchanged(&content) {
                Some(keys) => Ok((content, keys)),
                None => self.file.read(&content).map(|keys| (content, keys)),
            },
        };
        let mut state = self.state_mut();
        state.flight = None;
        let age = state.looks.good.map(|good| good.elapsed(self.now()));
        state.looks.ended(began, outcome.is_ok());
        let outcome = match outcome {
            Ok(keys) => {
                let before = state.held();
                let now = keys.1.shared();
                state.keys = Some(keys);
                state.last_error = None;
                match before {
                    // Unchanged content gives the same set again.
                    Some(before) if Arc::ptr_eq(&before, &now) => Outcome::Unchanged,
                    before => Outcome::Changed { before, now },
                }
            }
            Err(error) => {
                state.last_error = Some(error.clone());
                Outcome::Failed {
                    kind: error.kind().as_str(),
                    error: Box::new(error),
                    is_of_unknown_tenant: false,
                }
            }
        };
        drop(state);
        refreshed(&Refreshed {
            issuer: self.policy.issuer(),
            age,
            outcome,
        });
    }

    fn refusal(&self, state: &State, decision: Decision) -> SourceError {
        let what = match state.keys {
            None => "has given no keys yet",
            Some(_) => "may have the token's key by now, and can't be read again",
        };
        let error = self.file.failed(what);
        let error = match (&state.last_error, &state.flight) {
            (Some(cause), _) => error.caused_by(cause.clone()),
            (None, Some(_)) => error.caused_by(self.slow()),
            (None, None) => error,
        };
        let retry_in = match decision {
            Decision::Refuse { retry_in } => retry_in,
            _ => Duration::ZERO,
        };
        // Whole seconds, at least one: what `Retry-After` can say.
        error.retry_in(Duration::from_secs(retry_in.as_secs().saturating_add(1)))
    }

    fn slow(&self) -> SourceError {
        self.file.failed("is taking long to be read")
    }
}

impl State {
    /// The keys, if they may be used now without a look.
    fn at_hand(&self, asked: Asked, now: Moment) -> Option<Arc<KeySet>> {
        let (_, keys) = self.keys.as_ref()?;
        let decision = self.looks.decide(asked, self.flight.is_some(), now);
        (decision == Decision::Serve).then(|| keys.shared())
    }

    /// The keys that were read from the same content.
    fn unchanged(&self, content: &[u8]) -> Option<StaticKeys> {
        let (known, keys) = self.keys.as_ref()?;
        (known == content).then(|| keys.clone())
    }
}

impl HoldsKeys for State {
    fn held(&self) -> Option<Arc<KeySet>> {
        self.keys.as_ref().map(|(_, keys)| keys.shared())
    }
}

/// Whether the look has ended; waits for it, but not for long where there is a timer.
async fn wait(flight: Flight<()>) -> bool {
    let late = async {
        match timer(flight.left_of(LONGEST_WAIT)) {
            Ok(timer) => timer.await,
            Err(_) => std::future::pending().await,
        }
    };
    !matches!(flight.wait(late).await, Awaited::Late)
}

impl KeySource for WatchedKeys {
    async fn evidence(&self, token: &PresentedToken<'_>) -> Result<Evidence, SourceError> {
        let keys = self.0.keys(Purpose::Token(token)).await?;
        Ok(Evidence::Keys(keys.shared()))
    }

    fn cached(&self, token: &PresentedToken<'_>) -> Option<Evidence> {
        let (state, asked) = self.0.locked(Purpose::Token(token), || self.0.state());
        state.at_hand(asked, self.0.now()).map(Evidence::Keys)
    }

    fn current_keys(&self, _: &str, now: NumericDate) -> Option<Arc<KeySet>> {
        let now = Moment::at(now, &*self.0.clock);
        self.0.state().at_hand(Asked::Known, now)
    }

    async fn warm_up(&self) -> Result<(), SourceError> {
        self.0.keys(Purpose::Ahead).await.map(drop)
    }

    async fn still_trusts(&self, token: &AccessToken) -> Result<bool, SourceError> {
        let keys = self.0.keys(Purpose::Accepted).await?;
        Ok(keys.key_set().has_key_of(token))
    }

    fn status(&self) -> SourceStatus {
        let state = self.0.state();
        let now = self.0.now();
        let since_last = state.looks.last.map(|last| last.elapsed(now));
        let is_slow = state
            .flight
            .as_ref()
            .is_some_and(|flight| flight.is_over(LONGEST_WAIT));
        let slow = is_slow.then(|| self.0.slow());
        SourceStatus {
            keys: state.keys.as_ref().map(|(_, keys)| keys.shared()),
            age: state.looks.good.map(|good| good.elapsed(now)),
            lifetime: Some(state.looks.interval),
            // Without an end, once there are some.
            usable_for: state.keys.is_none().then_some(Duration::ZERO),
            last_asked: since_last,
            last_error: slow
                .or_else(|| state.last_error.clone())
                .map(|error| chain(&error)),
            next_refresh: Some(since_last.map_or(Duration::ZERO, |since| {
                state.looks.interval.saturating_sub(since)
            })),
            ..SourceStatus::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use crate::core::NumericDate;

    use super::*;

    const JWKS: &str = r#"{"keys":[
        {"kty":"OKP","crv":"Ed25519","kid":"a","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
    ]}"#;

    struct Standing;

    impl Clock for Standing {
        fn now(&self) -> NumericDate {
            NumericDate::from_secs(1_000_000)
        }

        fn monotonic(&self) -> Duration {
            Duration::from_secs(5)
        }
    }

    /// A disk that hangs: no token with a known key waits, and no other token is called bad.
    #[tokio::test]
    async fn s11_a_look_that_hangs() {
        let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"EdDSA","kid":"b"}"#);
        let text = format!("{header}.e30.AAAA");
        let stray = PresentedToken::parse(&text).unwrap();
        let policy = Policy::builder()
            .issuer("https://as.example.com")
            .audience("https://api.example.com");
        let source = KeyFile::new("/keys.json").finish(
            policy.build().unwrap(),
            Arc::new(Standing),
            KeySetLimits::default(),
        );
        let now = source.0.now();
        let (flight, _hangs) = take_off(|_, _| ());
        {
            let mut state = source.0.state_mut();
            state.looks.began(now);
            state.flight = Some(flight.begun_earlier(LONGEST_WAIT));
        }
        let error = source.evidence(&stray).await.unwrap_err();
        assert!(
            chain(&error).contains("/keys.json is taking long"),
            "{}",
            chain(&error)
        );
        assert!(source.warm_up().await.is_err());
        {
            let mut state = source.0.state_mut();
            let keys = StaticKeys::from_jwks(JWKS).unwrap();
            state.keys = Some((JWKS.into(), keys));
            state.looks.ended(now, true);
        }
        source.warm_up().await.unwrap();
        assert!(source.evidence(&stray).await.is_err());
        assert!(source.cached(&stray).is_none());
        let said = source.status().last_error.unwrap();
        assert!(said.contains("taking long"), "{said}");
    }
}
