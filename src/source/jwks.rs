//! The cached JWK Set: fetched, refreshed, shared. When to do what is decided in `refresh`; how one
//! fetch goes is in `load`; the task that prompts is in `prompter`.

mod load;
mod prompter;

use std::ops::Deref;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use tokio::sync::watch;

use crate::chain::chain;
use crate::core::{
    AccessToken, Clock, Evidence, KeySet, KeySetLimits, NumericDate, Policy, PresentedToken,
};
use crate::source::events::{Outcome, Refreshed, refreshed};

use super::asked::{Asked, HoldsKeys, Purpose, asked_of, locked};
use super::bounds::{GRACE, MAX_ROUNDS};
use super::fetcher::Fetcher;
use super::key_room::{KeyRoom, Occupied};
use super::metadata::Endpoint;
use super::moment::Moment;
use super::refresh::{Decision, InHand, Limits, Refresh, Ticket};
use super::runtime::PANICKED;
use super::single_flight::{Flight, Landing, Loss, take_off};
use super::snapshot::HeldKeys;
use super::{KeySource, SourceError, SourceErrorKind, SourceStatus, StaticKeys, runtime, timer};
use load::{EntityTag, Loaded, NotLoaded, StillPublished};

/// An issuer's JWK Set over HTTP.
pub(crate) struct RemoteJwks(Arc<Inner>);

struct Inner {
    /// Says which of the keys a token could be by.
    policy: Policy,
    endpoint: Endpoint,
    fetcher: Fetcher,
    longest_fetch: Duration,
    key_set_limits: KeySetLimits,
    /// What its set shares with others.
    room: Option<Arc<KeyRoom>>,
    clock: Arc<dyn Clock>,
    state: RwLock<State>,
    /// Whether there is no task: the next caller does what is due.
    is_lazy: bool,
    /// Whether a task sleeps until the next refresh is due.
    has_prompter: AtomicBool,
    /// Its end is the end of that task.
    alive: watch::Sender<()>,
}

struct State {
    refresh: Refresh,
    keys: Option<Arc<KeySet>>,
    /// The usable ones of these keys, as a JWK Set.
    jwks: Option<Arc<str>>,
    /// What they occupy, where others share the room.
    occupied: Option<Occupied>,
    /// Of these keys.
    etag: Option<EntityTag>,
    /// The fetch under way.
    flight: Option<(Ticket, Flight<()>)>,
    /// Fetches that came to an end, good or bad. Lost fetches are not among them.
    landings: u64,
    last_error: Option<SourceError>,
    /// The last fetch found that the issuer doesn't exist.
    is_absent: bool,
    /// The last fetch found no turn.
    is_unasked: bool,
}

/// What a caller waits for.
struct Waiting {
    flight: Flight<()>,
    /// Fetches that had come to an end before.
    landings: u64,
}

enum Step {
    Serve(Arc<KeySet>),
    Wait(Waiting),
}

impl RemoteJwks {
    pub(crate) fn new(
        policy: Policy,
        endpoint: Endpoint,
        fetcher: &Fetcher,
        clock: Arc<dyn Clock>,
        limits: Limits,
        is_lazy: bool,
    ) -> Self {
        let home = endpoint.home();
        let fetcher = home.map_or_else(|| fetcher.clone(), |home| fetcher.at_home_at(home));
        // Each address of the metadata, then the keys.
        let calls = endpoint.calls().saturating_add(1);
        let longest_fetch = fetcher
            .timeout()
            .saturating_mul(calls)
            .saturating_add(fetcher.longest_wait_for_first_fetch());
        let limits = Limits {
            longest_fetch,
            ..limits
        };
        RemoteJwks(Arc::new(Inner {
            policy,
            endpoint,
            fetcher,
            longest_fetch,
            key_set_limits: limits.key_set,
            room: None,
            clock,
            state: RwLock::new(State {
                refresh: Refresh::new(limits),
                keys: None,
                jwks: None,
                occupied: None,
                etag: None,
                flight: None,
                landings: 0,
                last_error: None,
                is_absent: false,
                is_unasked: false,
            }),
            is_lazy,
            has_prompter: AtomicBool::new(false),
            alive: watch::Sender::new(()),
        }))
    }

    /// Fetched sets have room here, or are not used. Called before the first fetch.
    pub(super) fn share(&mut self, room: &Arc<KeyRoom>) {
        if let Some(inner) = Arc::get_mut(&mut self.0) {
            inner.room = Some(Arc::clone(room));
        }
    }

    /// Its tenant found no room before, so it is as if a fetch had found no turn.
    pub(super) fn found_no_turn(&self) {
        self.0.write().is_unasked = true;
    }

    /// Whether the last fetch found no turn.
    pub(super) fn is_unasked(&self) -> bool {
        self.0.read().is_unasked
    }

    /// What its keys occupy of the room that it shares.
    pub(super) fn bytes(&self) -> usize {
        self.0.bytes()
    }

    /// Frees its room ahead of its end: some caller may still use the keys for a moment.
    pub(super) fn give_up_room(&self) {
        self.0.write().occupied = None;
    }

    /// How long a fetch may take, including the search for the address of the keys.
    pub(crate) fn longest_fetch(&self) -> Duration {
        self.0.longest_fetch
    }

    /// Whether it has keys, of any age.
    pub(crate) fn has_keys(&self) -> bool {
        self.0.read().keys.is_some()
    }

    /// Whether a fetch is under way that may still come to an end.
    pub(crate) fn is_fetching(&self) -> bool {
        let state = self.0.read();
        let flight = state.flight.as_ref();
        flight.is_some_and(|(_, flight)| flight.is_under_way(self.0.limit()))
    }

    /// Whether it has no keys and its last fetch found that the issuer doesn't exist.
    pub(crate) fn is_absent(&self) -> bool {
        let state = self.0.read();
        state.keys.is_none() && state.is_absent
    }

    /// When the next fetch may start, from now.
    pub(crate) fn next_fetch_in(&self) -> Duration {
        self.0.read().refresh.next_due(self.0.now())
    }

    /// Starts with configured keys, of any age.
    pub(crate) fn start_with(&self, keys: &StaticKeys) {
        let now = self.0.now();
        let mut state = self.0.write();
        if state.refresh.start_with(InHand::Undated, now).is_ok() {
            state.keys = Some(keys.shared());
        }
    }

    /// Starts with keys that another process has fetched. Where they can't be used it starts
    /// without, and says so until its first fetch.
    pub(crate) fn restore(&self, held: &HeldKeys) {
        let now = self.0.now();
        let in_hand = InHand::Fetched {
            at: held.fetched_at,
            lifetime: held.lifetime,
        };
        let unused = || SourceError::new("the keys in the snapshot are not used");
        let read = KeySet::from_jwks_with_text(&held.jwks, self.0.key_set_limits);
        let mut state = self.0.write();
        let (keys, jwks) = match read {
            Ok(read) => read,
            Err(error) => {
                state.last_error = Some(unused().caused_by(error));
                return;
            }
        };
        match state.refresh.start_with(in_hand, now) {
            Ok(()) => {
                state.keys = Some(Arc::new(keys));
                state.jwks = Some(jwks.into());
            }
            Err(error) => state.last_error = Some(unused().caused_by(error)),
        }
    }

    /// Keys for a token, or before there is one.
    async fn keys(&self, purpose: Purpose<'_>) -> Result<Arc<KeySet>, SourceError> {
        let inner = &self.0;
        for _ in 0..MAX_ROUNDS {
            let waiting = match inner.step(purpose)? {
                Step::Serve(keys) => return Ok(keys),
                Step::Wait(waiting) => waiting,
            };
            inner.wait(&waiting.flight).await?;
            if let Some(answer) = inner.after_failure(purpose, waiting.landings) {
                return answer;
            }
            // It brought keys, or was lost. The keys may be too old by now, where the process was
            // frozen in the meantime, so decide again.
        }
        Err(inner.read().refusal(Duration::ZERO))
    }
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

    fn bytes(&self) -> usize {
        self.read().occupied.as_ref().map_or(0, Occupied::bytes)
    }

    /// The locked state, with what is asked of its keys.
    fn look<G: Deref<Target = State>>(
        &self,
        purpose: Purpose<'_>,
        lock: impl Fn() -> G,
    ) -> (G, Asked) {
        let seen = self.read().held();
        locked(seen, lock, |keys| asked_of(keys, purpose, &self.policy))
    }

    /// Decides and does it under one lock, so that a thousand callers start one fetch.
    fn step(self: &Arc<Self>, purpose: Purpose<'_>) -> Result<Step, SourceError> {
        let now = self.now();
        let (mut state, asked) = self.look(purpose, || self.write());
        self.give_up_stuck_flight(&mut state);
        let decision = state.refresh.decide(asked, now);
        match (decision, state.keys.clone()) {
            (Decision::Serve, Some(keys)) => Ok(Step::Serve(keys)),
            (Decision::ServeAndFetch, Some(keys)) => {
                // With cached keys, a missing runtime is not a reason to refuse: the next caller
                // may have one.
                let _ = self.fetch(state, now);
                Ok(Step::Serve(keys))
            }
            (Decision::Refuse { retry_in }, _) => Err(state.refusal(retry_in)),
            _ => self.fetch(state, now).map(Step::Wait),
        }
    }

    /// What to answer where the fetch that was waited for failed.
    fn after_failure(
        &self,
        purpose: Purpose<'_>,
        landings: u64,
    ) -> Option<Result<Arc<KeySet>, SourceError>> {
        let now = self.now();
        let (state, asked) = self.look(purpose, || self.read());
        let brought_keys = state.refresh.is_well() && !state.is_unasked;
        if state.landings == landings || brought_keys {
            return None;
        }
        Some(
            match (state.refresh.after_failure(asked, now), &state.keys) {
                (Decision::Serve, Some(keys)) => Ok(Arc::clone(keys)),
                (Decision::Refuse { retry_in }, _) => Err(state.refusal(retry_in)),
                _ => Err(state.refusal(Duration::ZERO)),
            },
        )
    }

    /// Starts a fetch that no caller can cancel, or joins the one under way.
    ///
    /// The lock is released before the task is spawned. A runtime that is shutting down drops the
    /// task within `spawn`, and that drop takes the lock again.
    fn fetch(
        self: &Arc<Self>,
        mut state: RwLockWriteGuard<'_, State>,
        now: Moment,
    ) -> Result<Waiting, SourceError> {
        let landings = state.landings;
        if let Some((_, flight)) = &state.flight {
            let flight = flight.clone();
            return Ok(Waiting { flight, landings });
        }
        let runtime = runtime()?;
        let ticket = state.refresh.started(now);
        let inner = Arc::clone(self);
        let (flight, landing) = take_off(move |_, loss| inner.lost(ticket, loss));
        state.flight = Some((ticket, flight.clone()));
        drop(state);
        runtime.spawn(Arc::clone(self).fly(ticket, landing));
        self.start_prompter(&runtime);
        Ok(Waiting { flight, landings })
    }

    async fn fly<L: FnOnce(u64, Loss)>(
        self: Arc<Self>,
        ticket: Ticket,
        mut landing: Landing<(), L>,
    ) {
        landing.begin();
        // A little more than its calls may take together: each of them says better what it waited
        // for.
        let limit = self.longest_fetch.saturating_add(GRACE / 2);
        let load = tokio::time::timeout(limit, self.load());
        let outcome = load.await.unwrap_or_else(|_| {
            let error = SourceError::new("the keys did not come in time");
            Err(error.of_kind(SourceErrorKind::Timeout).into())
        });
        self.landed(ticket, outcome);
        landing.land(());
    }

    /// How long a fetch is waited for.
    fn limit(&self) -> Duration {
        self.longest_fetch.saturating_add(GRACE)
    }

    /// Waits for the end of a fetch, but no longer than it can take. What came of it is in the
    /// state.
    async fn wait(&self, flight: &Flight<()>) -> Result<(), SourceError> {
        let late = timer(flight.left_of(self.limit()))?;
        flight.wait(late).await;
        Ok(())
    }

    /// A runtime that lives but is not driven neither continues a fetch nor drops it. Then another
    /// fetch replaces it. If the old one still ends, its keys are used unless newer ones came.
    fn give_up_stuck_flight(&self, state: &mut State) {
        let limit = self.limit();
        if let Some((ticket, _)) = state.flight.take_if(|(_, flight)| flight.is_over(limit)) {
            state.refresh.lost(ticket);
        }
    }

    /// The fetch ended without an outcome.
    fn lost(&self, ticket: Ticket, loss: Loss) {
        if loss == Loss::Panicked {
            self.landed(ticket, Err(SourceError::new(PANICKED).into()));
            return;
        }
        let mut state = self.write();
        state.flight.take_if(|(current, _)| current.is(ticket));
        if loss == Loss::Unbegun {
            state.refresh.never_began(ticket);
        } else {
            state.refresh.lost(ticket);
        }
    }

    fn landed(&self, ticket: Ticket, outcome: Result<Loaded, NotLoaded>) {
        // Without the lock: what this is told to may ask for the status.
        if let Some(refresh) = self.apply(ticket, outcome) {
            refreshed(&refresh);
        }
    }

    /// Applies the outcome of a fetch, unless it came too late or the issuer was not asked.
    fn apply(&self, ticket: Ticket, outcome: Result<Loaded, NotLoaded>) -> Option<Refreshed<'_>> {
        let spread = spread();
        let now = self.now();
        let mut state = self.write();
        let age = state.refresh.age(now);
        state.flight.take_if(|(current, _)| current.is(ticket));
        let outcome = match outcome {
            Ok(Loaded { keys, lifetime }) => {
                if !state.refresh.fetched(ticket, lifetime, spread) {
                    return None;
                }
                let mut told = Outcome::Unchanged;
                // Unmodified keys stay the same allocation, and with it what hangs on it.
                if let Some(fetched) = keys {
                    if state.jwks.as_deref() != Some(&*fetched.jwks) {
                        told = Outcome::Changed {
                            before: state.keys.clone(),
                            now: Arc::clone(&fetched.keys),
                        };
                    }
                    state.keys = Some(fetched.keys);
                    state.jwks = Some(fetched.jwks);
                    state.etag = fetched.etag;
                    let before = state.occupied.take();
                    state.occupied = fetched.room.map(|room| room.in_place_of(before));
                }
                if state.refresh.is_well() {
                    state.last_error = None;
                }
                state.is_absent = false;
                told
            }
            Err(not_loaded) if not_loaded.is_unasked => {
                state.refresh.never_began(ticket);
                state.last_error = Some(not_loaded.error);
                state.is_unasked = true;
                state.landings = state.landings.saturating_add(1);
                return None;
            }
            Err(NotLoaded {
                error,
                is_absent,
                still_published,
                ..
            }) => {
                if !state
                    .refresh
                    .failed(ticket, error.retry_after(), spread, now)
                {
                    return None;
                }
                state.last_error = Some(error.clone());
                state.is_absent = is_absent;
                if let Some(still_published) = still_published {
                    state.keep_only(still_published);
                }
                Outcome::Failed {
                    kind: error.kind().as_str(),
                    error: Box::new(error),
                    // Keys of many tenants share their room.
                    is_of_unknown_tenant: self.room.is_some() && state.keys.is_none(),
                }
            }
        };
        state.is_unasked = false;
        state.landings = state.landings.saturating_add(1);
        Some(Refreshed {
            issuer: self.policy.issuer(),
            age,
            outcome,
        })
    }
}

impl State {
    /// The keys, if they may be used now and there is nothing to start first.
    fn at_hand(&self, asked: Asked, now: Moment) -> Option<&Arc<KeySet>> {
        let keys = self.keys.as_ref()?;
        match self.refresh.decide(asked, now) {
            Decision::Serve => Some(keys),
            Decision::ServeAndFetch if self.refresh.is_in_flight() => Some(keys),
            _ => None,
        }
    }

    fn refusal(&self, retry_in: Duration) -> SourceError {
        let what = match &self.keys {
            None => "the keys could not be fetched yet",
            Some(_) => {
                "the keys are too old, or the token's is not among them, and they could not be fetched again"
            }
        };
        let error = SourceError::new(what);
        let error = match &self.last_error {
            Some(cause) => error.caused_by(cause.clone()),
            None => error,
        };
        // Whole seconds, at least one: what `Retry-After` can say.
        error.retry_in(Duration::from_secs(retry_in.as_secs().saturating_add(1)))
    }

    /// Drops the keys that the issuer withdrew, where the set without them found no room. The age
    /// and the room of the others stay as they are.
    fn keep_only(&mut self, still_published: StillPublished) {
        let StillPublished { of, keys } = still_published;
        if !self
            .keys
            .as_ref()
            .is_some_and(|held| Arc::ptr_eq(held, &of))
        {
            return;
        }
        self.keys = Some(keys);
        self.jwks = None;
        // It is of a set with other keys, and no answer may confirm these as that one.
        self.etag = None;
    }
}

impl HoldsKeys for State {
    fn held(&self) -> Option<Arc<KeySet>> {
        self.keys.clone()
    }
}

/// A number from 0 to 1, different in each process and at each call.
pub(super) fn spread() -> f64 {
    use std::hash::{BuildHasher, RandomState};
    let random = RandomState::new().hash_one(0_u8);
    #[allow(clippy::cast_precision_loss)] // a rough figure is wanted
    let spread = random as f64 / u64::MAX as f64;
    spread
}

impl KeySource for RemoteJwks {
    async fn evidence(&self, token: &PresentedToken<'_>) -> Result<Evidence, SourceError> {
        self.keys(Purpose::Token(token)).await.map(Evidence::Keys)
    }

    fn cached(&self, token: &PresentedToken<'_>) -> Option<Evidence> {
        let (state, asked) = self.0.look(Purpose::Token(token), || self.0.read());
        state
            .at_hand(asked, self.0.now())
            .cloned()
            .map(Evidence::Keys)
    }

    fn current_keys(&self, _: &str, now: NumericDate) -> Option<Arc<KeySet>> {
        let now = Moment::at(now, &*self.0.clock);
        self.0.read().at_hand(Asked::Known, now).cloned()
    }

    async fn warm_up(&self) -> Result<(), SourceError> {
        self.keys(Purpose::Ahead).await.map(|_| ())
    }

    async fn still_trusts(&self, token: &AccessToken) -> Result<bool, SourceError> {
        let keys = self.keys(Purpose::Accepted).await?;
        Ok(keys.has_key_of(token))
    }

    fn status(&self) -> SourceStatus {
        let state = self.0.read();
        let now = self.0.now();
        let fetched = state.refresh.fetched_at(now).zip(state.jwks.clone());
        SourceStatus {
            keys: state.keys.clone(),
            is_confirmed: state.refresh.is_confirmed(),
            held: fetched.map(|((fetched_at, lifetime), jwks)| HeldKeys {
                jwks,
                fetched_at,
                lifetime,
            }),
            age: state.refresh.age(now),
            lifetime: state.refresh.lifetime(),
            usable_for: Some(state.refresh.usable_for(now)),
            last_asked: state.refresh.last_asked(now),
            last_error: state.last_error.as_ref().map(|error| chain(error)),
            next_refresh: Some(state.refresh.next_due(now)),
            tenants: Vec::new(),
            new_tenants: 0,
        }
    }
}
