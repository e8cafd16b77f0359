//! Introspection of tokens by the authorization server (RFC 7662): one call for all who wait, and a
//! cache of the responses.

mod active_tokens;
mod authentication;
mod cache;
mod call;
mod client_key;
mod pause;
mod problem;
mod secret_headers;
mod settings;
mod signed;
mod store;
mod turns;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError};
use zeroize::Zeroizing;

use crate::core::{AccessToken, Clock, Evidence, IntrospectionResponse, PresentedToken};
use crate::source::events::introspection_cached;

use super::bounds::{GRACE, LONGEST_QUEUE, STORE_LIMIT, WAITING_PER_CALL};
use super::fetcher::Fetcher;
use super::metadata::Endpoint;
use super::moment::Moment;
use super::single_flight::{Awaited, Flight, Landing, Loss, take_off};
use super::{DynKeySource, SourceError, SourceStatus, Waiting, runtime, timer};
use active_tokens::ActiveTokens;
use authentication::Authentication;
use cache::{Cache, TokenHash};
pub use client_key::{ClientKey, ClientKeyError};
use pause::{Caller, Pauses};
pub use problem::IntrospectionError;
use secret_headers::SecretHeaders;
pub use settings::Introspection;
pub(crate) use settings::Settings;
pub(crate) use signed::SignedAnswers;
pub use store::IntrospectionStore;
use store::Store;
use turns::Turns;

/// An issuer's introspection endpoint.
pub(crate) struct RemoteIntrospection(Arc<Inner>);

struct Inner {
    endpoint: Endpoint,
    fetcher: Fetcher,
    authentication: Authentication,
    secret_headers: SecretHeaders,
    /// Whether the form has a `token_type_hint`.
    has_hint: bool,
    /// What signed responses are checked with, if they must be signed.
    signed: Option<SignedAnswers>,
    clock: Arc<dyn Clock>,
    cache: Cache,
    /// Shared with other processes, and read after the cache.
    store: Option<Store>,
    /// Calls under way, by token.
    calls: Mutex<HashMap<TokenHash, Call>>,
    turns: Arc<Turns>,
    /// One for each call that runs or waits.
    places: Arc<Semaphore>,
    /// Further ones, for tokens that were active lately.
    places_of_known: Arc<Semaphore>,
    active: ActiveTokens,
    longest_call: Duration,
    pauses: Pauses,
    health: Mutex<Health>,
}

#[derive(Default)]
struct Health {
    last_asked: Option<Moment>,
    last_error: Option<String>,
}

type Outcome = Result<Arc<IntrospectionResponse>, SourceError>;

/// A call under way.
#[derive(Clone)]
struct Call {
    flight: Flight<Outcome>,
    asked: Moment,
}

/// The answers that a caller accepts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Any,
    /// One that is requested now. `supersedes`: another was cached in this process.
    New {
        supersedes: bool,
    },
}

/// The token of one call, and what the caller wants.
struct Question {
    hash: TokenHash,
    token: Zeroizing<String>,
    wanted: Wanted,
    /// The token was active lately.
    is_known: bool,
    asked: Moment,
}

enum Boarding {
    Answered(Arc<IntrospectionResponse>),
    Waiting(Call),
}

impl RemoteIntrospection {
    pub(crate) fn new(
        endpoint: Endpoint,
        fetcher: &Fetcher,
        clock: Arc<dyn Clock>,
        settings: Settings,
        signed: Option<SignedAnswers>,
    ) -> Self {
        let home = endpoint.home();
        let fetcher = home.map_or_else(|| fetcher.clone(), |home| fetcher.at_home_at(home));
        let for_metadata = fetcher.timeout().saturating_mul(endpoint.calls());
        let calls = settings.max_concurrent_calls;
        let places = calls.saturating_mul(1 + WAITING_PER_CALL);
        let for_keys = signed
            .as_ref()
            .map_or(Duration::ZERO, SignedAnswers::longest_fetch);
        let for_store = settings
            .store
            .as_ref()
            .map_or(Duration::ZERO, |_| STORE_LIMIT);
        RemoteIntrospection(Arc::new(Inner {
            endpoint,
            longest_call: [for_metadata, for_keys, for_store, LONGEST_QUEUE]
                .into_iter()
                .fold(
                    fetcher.timeout().saturating_mul(2),
                    Duration::saturating_add,
                ),
            fetcher,
            authentication: settings.authentication,
            secret_headers: settings.secret_headers,
            has_hint: settings.has_hint,
            signed,
            clock,
            cache: Cache::new(&settings.cache),
            store: settings.store,
            calls: Mutex::default(),
            turns: Turns::new(calls),
            places: Arc::new(Semaphore::new(places)),
            places_of_known: Arc::new(Semaphore::new(places / 4)),
            active: ActiveTokens::new(),
            pauses: Pauses::default(),
            health: Mutex::default(),
        }))
    }
}

impl Inner {
    fn now(&self) -> Moment {
        Moment::of(&*self.clock)
    }

    fn calls(&self) -> MutexGuard<'_, HashMap<TokenHash, Call>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn health(&self) -> MutexGuard<'_, Health> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Joins the call about this token that is under way, or begins one that no caller can cancel.
    /// If the caller needs a new answer, it begins one, and an earlier call is dropped.
    fn board(
        self: &Arc<Self>,
        hash: TokenHash,
        token: &str,
        wanted: Wanted,
    ) -> Result<Boarding, SourceError> {
        let runtime = runtime()?;
        let now = self.now();
        let is_known = self.active.contains(&hash, now);
        let (place, call, landing, wanted) = {
            let mut calls = self.calls();
            // It may have come since the caller looked.
            let cached = self.cache.get(&hash, now);
            let wanted = match (wanted, cached) {
                (Wanted::Any, Some(response)) => return Ok(Boarding::Answered(response)),
                (Wanted::New { .. }, cached) => Wanted::New {
                    supersedes: cached.is_some(),
                },
                (Wanted::Any, None) => Wanted::Any,
            };
            // One that is lost with its runtime, or stuck on one that is not driven, or in a
            // process that was frozen, is not waited for.
            if wanted == Wanted::Any
                && let Some(known) = calls.get(&hash)
                && known.flight.is_under_way(self.longest_call)
                && known.asked.elapsed(now) < self.longest_call
            {
                return Ok(Boarding::Waiting(known.clone()));
            }
            let Ok(place) = self.place(is_known) else {
                drop(calls);
                return Err(self.turned_away());
            };
            let inner = Arc::clone(self);
            let (flight, landing) = take_off(move |number, _| inner.end(hash, number));
            let call = Call { flight, asked: now };
            calls.insert(hash, call.clone());
            (place, call, landing, wanted)
        };
        // The lock is let go before: a runtime that shuts down drops the task within `spawn`.
        let question = Question {
            hash,
            token: Zeroizing::new(token.to_owned()),
            wanted,
            is_known,
            asked: now,
        };
        runtime.spawn(Arc::clone(self).fly(question, landing, place));
        Ok(Boarding::Waiting(call))
    }

    fn place(&self, is_known: bool) -> Result<OwnedSemaphorePermit, TryAcquireError> {
        let place = || Arc::clone(&self.places).try_acquire_owned();
        if is_known {
            let reserved = Arc::clone(&self.places_of_known).try_acquire_owned();
            reserved.or_else(|_| place())
        } else {
            place()
        }
    }

    /// Carries out one call and hands its outcome to all who wait.
    async fn fly<L: FnOnce(u64, Loss)>(
        self: Arc<Self>,
        question: Question,
        mut landing: Landing<Outcome, L>,
        _place: OwnedSemaphorePermit,
    ) {
        landing.begin();
        let Question {
            hash,
            token,
            wanted,
            is_known,
            asked,
        } = question;
        if wanted == Wanted::Any
            && let Some((response, asked)) = self.stored(&hash).await
        {
            self.keep(&hash, landing.number(), Some((&response, asked)));
            landing.land(Ok(response));
            return;
        }
        let caller = Caller {
            token: hash,
            is_known,
        };
        let outcome = self.ask(&token, caller).await;
        let response = outcome.as_ref().ok().cloned();
        let answer = response.as_ref().map(|response| (response, asked));
        let is_kept = self.keep(&hash, landing.number(), answer);
        landing.land(outcome);
        if let (Some(response), Some(store), true) = (response, &self.store, is_kept) {
            if let Wanted::New { supersedes: true } = wanted {
                // An earlier answer may be on its way to the store, so neither is kept there.
                store.forget(&hash, asked.wall);
                store.remove(&hash).await;
                return;
            }
            let left = self.cache.time_left(&response, asked, self.now());
            let is_stored = store.put(&hash, &response, asked.wall, left).await;
            if !is_stored && !response.is_active() {
                // An earlier answer may still be there.
                store.forget(&hash, asked.wall);
            }
        }
    }

    /// Ends the entry of this call and keeps its answer, unless the token was forgotten in the
    /// meantime.
    fn keep(
        &self,
        hash: &TokenHash,
        number: u64,
        answer: Option<(&Arc<IntrospectionResponse>, Moment)>,
    ) -> bool {
        // Under the lock, so that what is being forgotten is not kept after all.
        let mut calls = self.calls();
        let is_current = end_of(&mut calls, hash, number);
        if is_current && let Some((response, asked)) = answer {
            self.cache.insert(*hash, response, asked);
            self.active.answered(hash, response.is_active(), asked);
        }
        is_current
    }

    /// Ends the entry of a call that was lost.
    fn end(&self, hash: TokenHash, number: u64) {
        end_of(&mut self.calls(), &hash, number);
    }

    /// A response to another process, while it applies.
    async fn stored(&self, hash: &TokenHash) -> Option<(Arc<IntrospectionResponse>, Moment)> {
        let stored = self.store.as_ref()?.get(hash, self.clock.now()).await?;
        let now = self.now();
        let age = now.wall.since(stored.asked);
        let asked = Moment {
            wall: stored.asked,
            monotonic: now.monotonic.saturating_sub(age),
        };
        let left = self.cache.time_left(&stored.response, asked, now);
        (!left.is_zero()).then(|| (Arc::new(stored.response), asked))
    }

    /// Waits for the end of a call, but no longer than it can take.
    async fn wait(&self, call: Call) -> Outcome {
        let limit = self.longest_call.saturating_add(GRACE);
        let late = timer(call.flight.left_of(limit))?;
        let Awaited::Landed(outcome) = call.flight.wait(late).await else {
            return Err(SourceError::new("the introspection call did not end"));
        };
        if outcome.is_ok() && call.asked.elapsed(self.now()) > limit {
            let what =
                "the process was suspended, or its clock was set, while a token was introspected";
            return Err(SourceError::new(what).retry_in(Duration::from_secs(1)));
        }
        outcome
    }
}

/// Removes the entry of this call; says whether it was still there.
fn end_of(calls: &mut HashMap<TokenHash, Call>, hash: &TokenHash, number: u64) -> bool {
    let is_current = calls
        .get(hash)
        .is_some_and(|call| call.flight.number() == number);
    if is_current {
        calls.remove(hash);
    }
    is_current
}

impl RemoteIntrospection {
    async fn answer(
        &self,
        token: &PresentedToken<'_>,
        wanted: Wanted,
    ) -> Result<Evidence, SourceError> {
        let inner = &self.0;
        let hash = TokenHash::of(token.as_str());
        if wanted == Wanted::Any
            && let Some(response) = inner.cache.get(&hash, inner.now())
        {
            introspection_cached(true);
            return Ok(Evidence::Introspection(response));
        }
        // Before anything is begun that a runtime without time could not end.
        drop(timer(Duration::ZERO)?);
        let boarding = inner.board(hash, token.as_str(), wanted)?;
        if wanted == Wanted::Any {
            introspection_cached(matches!(boarding, Boarding::Answered(_)));
        }
        let response = match boarding {
            Boarding::Answered(response) => response,
            Boarding::Waiting(call) => inner.wait(call).await?,
        };
        Ok(Evidence::Introspection(response))
    }
}

impl DynKeySource for RemoteIntrospection {
    fn evidence<'a>(&'a self, token: &'a PresentedToken<'a>) -> Waiting<'a, Evidence> {
        Box::pin(self.answer(token, Wanted::Any))
    }

    /// Cached and stored responses stay until the server has answered, so that made-up tokens cost
    /// the store nothing.
    fn new_evidence<'a>(&'a self, token: &'a PresentedToken<'a>) -> Waiting<'a, Evidence> {
        Box::pin(self.answer(token, Wanted::New { supersedes: false }))
    }

    fn cached(&self, token: &PresentedToken<'_>) -> Option<Evidence> {
        let hash = TokenHash::of(token.as_str());
        let response = self.0.cache.get(&hash, self.0.now())?;
        introspection_cached(true);
        Some(Evidence::Introspection(response))
    }

    fn forget(&self, token: &PresentedToken<'_>) {
        let hash = TokenHash::of(token.as_str());
        {
            let mut calls = self.0.calls();
            calls.remove(&hash);
            self.0.cache.remove(&hash);
            if let Some(store) = &self.0.store {
                store.forget(&hash, self.0.clock.now());
            }
        }
        let has_time = || timer(Duration::ZERO).is_ok();
        if let (Some(store), Ok(runtime)) = (&self.0.store, runtime())
            && has_time()
        {
            store.remove_later(hash, &runtime);
        }
    }

    /// It has no keys, so no token was verified with one.
    fn still_trusts<'a>(&'a self, _: &'a AccessToken) -> Waiting<'a, bool> {
        Box::pin(std::future::ready(Ok(false)))
    }

    fn warm_up(&self) -> Waiting<'_, ()> {
        Box::pin(async {
            runtime()?;
            drop(timer(Duration::ZERO)?);
            self.0.address().await?;
            match &self.0.signed {
                Some(signed) => signed.warm_up().await,
                None => Ok(()),
            }
        })
    }

    fn status(&self) -> SourceStatus {
        let of_keys = self.0.signed.as_ref().map(SignedAnswers::status);
        let of_keys = of_keys.unwrap_or_default();
        let health = self.0.health();
        let now = self.0.now();
        SourceStatus {
            last_asked: health.last_asked.map(|at| at.elapsed(now)),
            last_error: health
                .last_error
                .clone()
                .or_else(|| self.0.store.as_ref().and_then(Store::last_error))
                .or(of_keys.last_error),
            // What is cached of a token, and not the keys of signed responses.
            lifetime: Some(self.0.cache.active_for()),
            ..of_keys
        }
    }
}
