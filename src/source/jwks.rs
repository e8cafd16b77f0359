//! The cached JWK Set: fetched, refreshed, shared. When to do what is decided in `refresh`.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, Weak};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::watch;

use crate::core::{Clock, Evidence, KeySet, PresentedToken};

use super::address::Address;
use super::discovery::{Discovery, Metadata};
use super::fetcher::{Answer, FetchError, Fetcher};
use super::refresh::{Asked, Decision, Limits, Moment, Refresh};
use super::{KeySource, SourceError, SourceStatus};

/// Metadata is read again this often.
const METADATA_LIFETIME: Duration = Duration::from_secs(86_400);
/// The prompter looks at least this often, for a clock that jumped while it slept.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);
/// Fetches that one request may see end without an outcome, each with the runtime that it ran on.
const MAX_LOST_FETCHES: usize = 3;

/// Where the key set is.
pub(crate) enum Location {
    /// At this address.
    Jwks(Address),
    /// At the address that the issuer's metadata names.
    Metadata(Discovery),
}

/// An issuer's JWK Set over HTTP. Clones share one cache.
pub(crate) struct RemoteJwks(Arc<Inner>);

struct Inner {
    issuer: String,
    location: Location,
    fetcher: Fetcher,
    clock: Arc<dyn Clock>,
    state: RwLock<State>,
    /// Without a task: what is due is done by the next caller.
    is_lazy: bool,
    /// Whether a task sleeps until the next refresh is due.
    has_prompter: AtomicBool,
    /// Its end is the end of that task.
    alive: watch::Sender<()>,
}

struct State {
    refresh: Refresh,
    keys: Option<Arc<KeySet>>,
    etag: Option<String>,
    metadata: Option<(Arc<Metadata>, Moment)>,
    /// Ends when the fetch under way does.
    flight: Option<watch::Receiver<()>>,
    /// Fetches that came to an end, good or bad. One that was lost doesn't count.
    landings: u64,
    last_error: Option<SourceError>,
}

impl RemoteJwks {
    pub(crate) fn new(
        issuer: &str,
        location: Location,
        fetcher: Fetcher,
        clock: Arc<dyn Clock>,
        limits: Limits,
        is_lazy: bool,
    ) -> Self {
        RemoteJwks(Arc::new(Inner {
            issuer: issuer.to_owned(),
            is_lazy,
            location,
            fetcher,
            clock,
            state: RwLock::new(State {
                refresh: Refresh::new(limits),
                keys: None,
                etag: None,
                metadata: None,
                flight: None,
                landings: 0,
                last_error: None,
            }),
            has_prompter: AtomicBool::new(false),
            alive: watch::Sender::new(()),
        }))
    }

    /// Keys for a token, or for none in particular.
    async fn keys(&self, token: Option<&PresentedToken<'_>>) -> Result<Arc<KeySet>, SourceError> {
        let inner = &self.0;
        for _ in 0..MAX_LOST_FETCHES {
            let mut waiting = match inner.step(token)? {
                Step::Serve(keys) => return Ok(keys),
                Step::Wait(waiting) => waiting,
            };
            // Its sender says nothing: it ends with the fetch, or with the runtime of the fetch.
            let _ = waiting.flight.changed().await;
            if let Some(answer) = inner.after_fetch(token, waiting.landings) {
                return answer;
            }
        }
        Err(SourceError::new(format!(
            "the keys of issuer \"{}\" can't be fetched: the runtime that fetches them keeps ending",
            inner.issuer
        )))
    }
}

enum Step {
    Serve(Arc<KeySet>),
    Wait(Waiting),
}

/// A fetch under way.
struct Waiting {
    flight: watch::Receiver<()>,
    /// How many had come to an end before it.
    landings: u64,
}

impl Inner {
    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Moment {
        Moment::of(&*self.clock)
    }

    /// Decides and does it under one lock, so that a thousand callers start one fetch.
    fn step(self: &Arc<Self>, token: Option<&PresentedToken<'_>>) -> Result<Step, SourceError> {
        let mut state = self.write();
        let asked = state.asked(token);
        let decision = state.refresh.decide(asked, self.now());
        match (decision, state.keys.clone()) {
            (Decision::Serve, Some(keys)) => Ok(Step::Serve(keys)),
            (Decision::ServeAndFetch, Some(keys)) => {
                // With keys in hand, a missing runtime is no reason to refuse: the next caller may have one.
                let _ = self.fetch(&mut state);
                Ok(Step::Serve(keys))
            }
            (Decision::Refuse { retry_in }, _) => Err(self.refusal(&state, retry_in)),
            _ => self.fetch(&mut state).map(Step::Wait),
        }
    }

    /// What came of the fetch that was waited for. `None`: nothing, it was lost.
    fn after_fetch(
        &self,
        token: Option<&PresentedToken<'_>>,
        landings: u64,
    ) -> Option<Result<Arc<KeySet>, SourceError>> {
        let state = self.read();
        if state.landings == landings {
            return None;
        }
        let asked = state.asked(token);
        Some(
            match (state.refresh.after_fetch(asked, self.now()), &state.keys) {
                (Decision::Serve, Some(keys)) => Ok(Arc::clone(keys)),
                (Decision::Refuse { retry_in }, _) => Err(self.refusal(&state, retry_in)),
                _ => Err(self.refusal(&state, Duration::ZERO)),
            },
        )
    }

    fn refusal(&self, state: &State, retry_in: Duration) -> SourceError {
        let issuer = &self.issuer;
        let what = match &state.keys {
            None => format!("the keys of issuer \"{issuer}\" could not be fetched yet"),
            Some(_) => format!(
                "the keys of issuer \"{issuer}\" are too old, or the token's is not among them, and they could not \
                 be fetched anew"
            ),
        };
        let error = SourceError::new(what);
        let error = match &state.last_error {
            Some(cause) => error.caused_by(cause.clone()),
            None => error,
        };
        // Whole seconds, at least one: what `Retry-After` can say.
        error.retry_in(Duration::from_secs(retry_in.as_secs() + 1))
    }

    /// Starts a fetch that no caller can cancel, or joins the one under way.
    fn fetch(self: &Arc<Self>, state: &mut State) -> Result<Waiting, SourceError> {
        let landings = state.landings;
        if let Some(flight) = &state.flight {
            return Ok(Waiting {
                flight: flight.clone(),
                landings,
            });
        }
        let runtime = Handle::try_current().map_err(|error| {
            SourceError::new("keys are fetched within a tokio runtime, and there is none here")
                .caused_by(error)
        })?;
        let (landing, flight) = watch::channel(());
        state.flight = Some(flight.clone());
        state.refresh.started(self.now());
        let under_way = Flight {
            inner: Arc::clone(self),
            has_landed: false,
            _landing: landing,
        };
        runtime.spawn(under_way.fly());
        self.start_prompter(&runtime);
        Ok(Waiting { flight, landings })
    }

    /// One fetch, with whatever it takes to find out where from.
    async fn load(&self) -> Result<Loaded, SourceError> {
        let etag = self.read().etag.clone();
        match &self.location {
            Location::Jwks(address) => {
                let answer = self.fetcher.get(address, etag.as_deref()).await;
                self.take(answer.map_err(|error| self.not_fetched(error))?)
            }
            Location::Metadata(discovery) => {
                let (metadata, is_fresh) = self.metadata(discovery).await?;
                match self.fetcher.get(&metadata.jwks_uri, etag.as_deref()).await {
                    // The keys have moved since the metadata was read.
                    Err(error) if error.status() == Some(404) && !is_fresh => {
                        let metadata = self.read_metadata(discovery).await?;
                        let answer = self.fetcher.get(&metadata.jwks_uri, None).await;
                        self.take(answer.map_err(|error| self.not_fetched(error))?)
                    }
                    answer => self.take(answer.map_err(|error| self.not_fetched(error))?),
                }
            }
        }
    }

    /// The issuer's metadata, and whether it was read just now.
    async fn metadata(&self, discovery: &Discovery) -> Result<(Arc<Metadata>, bool), SourceError> {
        let known = self.read().metadata.clone();
        match known {
            Some((metadata, since)) if since.elapsed(self.now()) < METADATA_LIFETIME => {
                Ok((metadata, false))
            }
            _ => Ok((self.read_metadata(discovery).await?, true)),
        }
    }

    async fn read_metadata(&self, discovery: &Discovery) -> Result<Arc<Metadata>, SourceError> {
        let known = self.read().metadata.clone();
        let last = known.as_ref().map(|(metadata, _)| &metadata.found_at);
        let metadata = Arc::new(discovery.find(&self.fetcher, last).await?);
        let mut state = self.write();
        if known.is_some_and(|(known, _)| known.jwks_uri != metadata.jwks_uri) {
            // An entity tag is of one address.
            state.etag = None;
        }
        state.metadata = Some((Arc::clone(&metadata), self.now()));
        Ok(metadata)
    }

    fn take(&self, answer: Answer) -> Result<Loaded, SourceError> {
        match answer {
            Answer::NotModified { lifetime } => Ok(Loaded {
                keys: None,
                lifetime,
            }),
            Answer::Body {
                text,
                etag,
                lifetime,
            } => {
                let keys = KeySet::from_jwks(&text).map_err(|error| {
                    SourceError::new(format!(
                        "what issuer \"{}\" publishes as its keys can't be used",
                        self.issuer
                    ))
                    .caused_by(error)
                })?;
                Ok(Loaded {
                    keys: Some((Arc::new(keys), etag)),
                    lifetime,
                })
            }
        }
    }

    fn not_fetched(&self, error: FetchError) -> SourceError {
        let what = format!("the keys of issuer \"{}\" can't be fetched", self.issuer);
        let retry_after = error.retry_after();
        let error = SourceError::new(what).caused_by(error);
        match retry_after {
            Some(after) => error.retry_in(after),
            None => error,
        }
    }

    fn landed(&self, outcome: Result<Loaded, SourceError>) {
        let now = self.now();
        let spread = spread();
        let mut state = self.write();
        state.flight = None;
        state.landings += 1;
        match outcome {
            Ok(Loaded { keys, lifetime }) => {
                // Unmodified keys stay the same allocation, and with it what hangs on it.
                if let Some((keys, etag)) = keys {
                    state.keys = Some(keys);
                    state.etag = etag;
                }
                state.last_error = None;
                state.refresh.fetched(lifetime, spread, now);
            }
            Err(error) => {
                state.refresh.failed(error.retry_after(), spread);
                state.last_error = Some(error);
            }
        }
    }

    /// A task that only prompts: what is due is decided from the clock when it wakes. It ends with the last clone, or with
    /// its runtime; then the next fetch starts another.
    fn start_prompter(self: &Arc<Self>, runtime: &Handle) {
        if self.is_lazy || self.has_prompter.swap(true, Ordering::AcqRel) {
            return;
        }
        let prompter = Prompter(Arc::downgrade(self));
        let mut alive = self.alive.subscribe();
        runtime.spawn(async move {
            while let Some(prompt) = prompter.prompt() {
                let waited = async {
                    match prompt {
                        Prompt::Await(mut flight) => {
                            let _ = flight.changed().await;
                        }
                        Prompt::Sleep(time) => tokio::time::sleep(time).await,
                    }
                };
                tokio::select! {
                    _ = alive.changed() => break,
                    () = waited => {}
                }
            }
        });
    }
}

impl State {
    fn asked(&self, token: Option<&PresentedToken<'_>>) -> Asked {
        let Some(jwt) = token.and_then(PresentedToken::jwt) else {
            return Asked::Known;
        };
        let is_known = self.keys.as_ref().is_some_and(|keys| {
            jwt.algorithm()
                .is_some_and(|algorithm| keys.has_candidate(jwt.key_id(), algorithm))
        });
        if is_known {
            Asked::Known
        } else {
            Asked::Unknown
        }
    }
}

/// A key set as it came; no keys where those held are still the issuer's.
struct Loaded {
    keys: Option<(Arc<KeySet>, Option<String>)>,
    lifetime: Option<Duration>,
}

/// A fetch under way. However it ends, its waiters learn of it: also when its runtime drops it, or when it panics.
struct Flight {
    inner: Arc<Inner>,
    has_landed: bool,
    _landing: watch::Sender<()>,
}

impl Flight {
    async fn fly(mut self) {
        let outcome = self.inner.load().await;
        self.inner.landed(outcome);
        self.has_landed = true;
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        if !self.has_landed {
            let mut state = self.inner.write();
            state.flight = None;
            state.refresh.lost();
        }
    }
}

struct Prompter(Weak<Inner>);

enum Prompt {
    Await(watch::Receiver<()>),
    Sleep(Duration),
}

impl Prompter {
    /// Starts what is due, and says what to wait for. `None` when nobody is left to prompt for.
    fn prompt(&self) -> Option<Prompt> {
        let inner = self.0.upgrade()?;
        let mut state = inner.write();
        let due_in = state.refresh.next_due(inner.now());
        if due_in.is_zero() || state.flight.is_some() {
            inner
                .fetch(&mut state)
                .ok()
                .map(|waiting| Prompt::Await(waiting.flight))
        } else {
            Some(Prompt::Sleep(due_in.min(LONGEST_SLEEP)))
        }
    }
}

impl Drop for Prompter {
    fn drop(&mut self) {
        if let Some(inner) = self.0.upgrade() {
            inner.has_prompter.store(false, Ordering::Release);
        }
    }
}

/// From 0 to 1, another in each process and at each call.
fn spread() -> f64 {
    use std::hash::{BuildHasher, RandomState};
    let random = RandomState::new().hash_one(0_u8);
    #[allow(clippy::cast_precision_loss)] // a rough figure is wanted
    let spread = random as f64 / u64::MAX as f64;
    spread
}

impl KeySource for RemoteJwks {
    async fn evidence(&self, token: &PresentedToken<'_>) -> Result<Evidence, SourceError> {
        self.keys(Some(token)).await.map(Evidence::Keys)
    }

    fn cached(&self, token: &PresentedToken<'_>) -> Option<Evidence> {
        let state = self.0.read();
        let keys = state.keys.as_ref()?;
        let asked = state.asked(Some(token));
        match state.refresh.decide(asked, self.0.now()) {
            Decision::Serve => Some(Evidence::Keys(Arc::clone(keys))),
            Decision::ServeAndFetch if state.refresh.is_in_flight() => {
                Some(Evidence::Keys(Arc::clone(keys)))
            }
            _ => None,
        }
    }

    async fn warm_up(&self) -> Result<(), SourceError> {
        self.keys(None).await.map(|_| ())
    }

    fn status(&self) -> SourceStatus {
        let state = self.0.read();
        let now = self.0.now();
        SourceStatus {
            keys: state.keys.clone(),
            age: state.refresh.age(now),
            last_asked: state.refresh.last_asked(now),
            last_error: state.last_error.as_ref().map(SourceError::chain),
            next_refresh: Some(state.refresh.next_due(now)),
        }
    }
}
