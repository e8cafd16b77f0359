//! The one cache of an issuer's metadata, shared by its keys and its introspection.
//!
//! A document is read once for all who wait for it. Reading goes address by address, and each step
//! ends with at most one more document of the issuer. So a caller goes on as soon as a document
//! names what it needs, and never waits for what only another caller needs.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::core::Clock;

use super::address::Address;
use super::bounds::{GRACE, MAX_LOST, METADATA_LIFETIME, METADATA_PAUSE};
use super::discovery::{Discovery, Document, Failure, Member};
use super::fetcher::Fetcher;
use super::moment::Moment;
use super::single_flight::{Flight, Loss, take_off};
use super::{SourceError, runtime, timer};

/// An address, or the metadata that names it.
#[derive(Clone)]
pub(crate) enum Endpoint {
    At(Address),
    InMetadata(Arc<IssuerMetadata>),
}

impl Endpoint {
    /// The address that is configured, or follows from the issuer's name.
    pub(crate) fn home(&self) -> Option<&Address> {
        match self {
            Endpoint::At(address) => Some(address),
            Endpoint::InMetadata(metadata) => metadata.discovery.home(),
        }
    }

    /// How many calls it may take to learn the address.
    pub(super) fn calls(&self) -> u32 {
        match self {
            Endpoint::At(_) => 0,
            Endpoint::InMetadata(metadata) => metadata.discovery.count(),
        }
    }
}

/// What an issuer's metadata says.
pub(crate) struct IssuerMetadata {
    discovery: Discovery,
    fetcher: Fetcher,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    known: PerMember<Option<Known>>,
    /// When reading known members again was last tried.
    tried: Option<Moment>,
    reading: Reading,
    /// The step under way.
    flight: Option<Flight<()>>,
}

#[derive(Default)]
struct PerMember<T> {
    jwks_uri: T,
    introspection_endpoint: T,
}

impl<T> PerMember<T> {
    fn get(&self, member: Member) -> &T {
        match member {
            Member::JwksUri => &self.jwks_uri,
            Member::IntrospectionEndpoint => &self.introspection_endpoint,
        }
    }

    fn get_mut(&mut self, member: Member) -> &mut T {
        match member {
            Member::JwksUri => &mut self.jwks_uri,
            Member::IntrospectionEndpoint => &mut self.introspection_endpoint,
        }
    }
}

/// A member of the metadata as it was read last.
#[derive(Clone)]
struct Known {
    address: Address,
    issuer: Arc<str>,
    found_at: Address,
    read: Moment,
    /// It led to nothing.
    is_doubted: bool,
}

impl Known {
    fn found(&self, is_fresh: bool) -> Found {
        Found {
            address: self.address.clone(),
            issuer: Arc::clone(&self.issuer),
            is_fresh,
        }
    }

    fn is_due(&self, now: Moment) -> bool {
        self.is_doubted || self.read.elapsed(now) >= METADATA_LIFETIME
    }
}

/// One reading of the metadata, from address to address.
#[derive(Default)]
struct Reading {
    number: u64,
    begun: Option<Moment>,
    /// The member that it was begun for.
    wanted: Option<Member>,
    addresses: Vec<Address>,
    /// What came of each address so far.
    steps: Vec<Result<Document, Failure>>,
}

impl Reading {
    fn found(&self, member: Member) -> Option<(&Address, &Arc<str>)> {
        let mut documents = self.steps.iter().flatten();
        documents.find_map(|one| Some((one.member(member).ok()?, one.issuer())))
    }

    /// The address of the next step.
    fn next(&self) -> Option<&Address> {
        self.addresses.get(self.steps.len())
    }

    /// Why this member was not found.
    fn failures(&self, member: Member) -> Vec<(&Address, Failure)> {
        let steps = self.addresses.iter().zip(&self.steps);
        steps
            .filter_map(|(at, step)| match step {
                Ok(document) => Some((at, document.member(member).err()?)),
                Err(failure) => Some((at, failure.clone())),
            })
            .collect()
    }
}

/// An address that the metadata names.
pub(super) struct Found {
    pub(super) address: Address,
    /// The `issuer` of the document.
    pub(super) issuer: Arc<str>,
    /// It was read just now, or could not be read again now.
    pub(super) is_fresh: bool,
}

/// Why no address was found.
pub(super) struct NotFound {
    pub(super) error: SourceError,
    /// Where the issuer's document was found before, there is one now that is another issuer's or
    /// unusable.
    pub(super) is_contradiction: bool,
    /// Each address says that the issuer doesn't exist.
    pub(super) is_absent: bool,
}

impl From<SourceError> for NotFound {
    fn from(error: SourceError) -> Self {
        NotFound {
            error,
            is_contradiction: false,
            is_absent: false,
        }
    }
}

/// What a caller does next.
enum Next {
    Found(Found),
    Wait(Flight<()>),
    NotFound(NotFound),
}

impl IssuerMetadata {
    pub(super) fn new(
        discovery: Discovery,
        fetcher: &Fetcher,
        clock: &Arc<dyn Clock>,
    ) -> Arc<Self> {
        let home = discovery.home();
        let fetcher = home.map_or_else(|| fetcher.clone(), |home| fetcher.at_home_at(home));
        Arc::new(IssuerMetadata {
            discovery,
            fetcher,
            clock: Arc::clone(clock),
            state: Mutex::default(),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Moment {
        Moment::of(&*self.clock)
    }

    /// The address that a member names. Once known, it is read again from time to time; where that
    /// can't be done, it goes on to be used, unless the issuer's own document now says otherwise.
    pub(super) async fn find(self: &Arc<Self>, member: Member) -> Result<Found, NotFound> {
        let known = {
            let now = self.now();
            let mut state = self.state();
            let known = state.known.get(member).clone();
            if let Some(known) = &known {
                let is_paused = state
                    .tried
                    .is_some_and(|tried| tried.elapsed(now) < METADATA_PAUSE);
                if !known.is_due(now) || is_paused {
                    return Ok(known.found(false));
                }
                state.tried = Some(now);
            }
            known
        };
        let Some(known) = known else {
            return self.read(member).await;
        };
        // Within the time of one call, so that there is as much left for what it is read for.
        match tokio::time::timeout(self.fetcher.timeout(), self.read(member)).await {
            Ok(Ok(found)) => Ok(found),
            Ok(Err(error)) if error.is_contradiction => Err(error),
            Ok(Err(_)) | Err(_) => Ok(known.found(true)),
        }
    }

    /// What a member names leads to nothing: it is read again when it is next asked for.
    pub(super) fn doubt(&self, member: Member) {
        if let Some(known) = self.state().known.get_mut(member) {
            known.is_doubted = true;
        }
    }

    /// Reads the metadata now, or joins those who do, until a document names this member.
    pub(super) async fn read(self: &Arc<Self>, member: Member) -> Result<Found, NotFound> {
        let mut joined = None;
        for _ in 0..self.discovery.addresses().len() + MAX_LOST {
            let flight = match self.step(member, &mut joined)? {
                Next::Found(found) => return Ok(found),
                Next::NotFound(error) => return Err(error),
                Next::Wait(flight) => flight,
            };
            flight.wait(timer(flight.left_of(self.limit()))?).await;
        }
        Err(SourceError::new("the issuer's metadata could not be read in time").into())
    }

    /// How long a step is waited for.
    fn limit(&self) -> Duration {
        self.fetcher.timeout().saturating_add(GRACE)
    }

    fn step(
        self: &Arc<Self>,
        member: Member,
        joined: &mut Option<u64>,
    ) -> Result<Next, SourceError> {
        let now = self.now();
        let mut state = self.state();
        let flight = state.flight.clone();
        let flight = flight.filter(|flight| flight.is_under_way(self.limit()));
        if joined.is_none() && flight.is_none() {
            state.begin(&self.discovery, member, now);
        }
        *joined = Some(state.reading.number);
        if let Some((address, issuer)) = state.reading.found(member) {
            return Ok(Next::Found(Found {
                address: address.clone(),
                issuer: Arc::clone(issuer),
                is_fresh: true,
            }));
        }
        if let Some(flight) = flight {
            return Ok(Next::Wait(flight));
        }
        let Some(address) = state.reading.next().cloned() else {
            return Ok(Next::NotFound(state.not_found(&self.discovery, member)));
        };
        let runtime = runtime()?;
        // A step that is lost is begun again by the next caller. One that panics would panic again.
        let metadata = Arc::clone(self);
        let (flight, mut landing) = take_off(move |number, loss| {
            if loss == Loss::Panicked {
                metadata.state().landed(number, Err(Failure::Panicked));
            }
        });
        state.flight = Some(flight.clone());
        // A runtime that is shutting down drops the task within `spawn`.
        drop(state);
        let metadata = Arc::clone(self);
        runtime.spawn(async move {
            landing.begin();
            let read = metadata.discovery.read(&address, &metadata.fetcher).await;
            metadata.state().landed(landing.number(), read);
            landing.land(());
        });
        Ok(Next::Wait(flight))
    }
}

impl State {
    /// Starts to read from the first address on, at the address where the member was last time if
    /// that is known.
    fn begin(&mut self, discovery: &Discovery, member: Member, now: Moment) {
        let last = self.known.get(member).as_ref();
        let last = last.map(|known| known.found_at.clone());
        let all = discovery.addresses().iter();
        let others = all.filter(|address| Some(*address) != last.as_ref());
        self.reading = Reading {
            number: self.reading.number.wrapping_add(1),
            begun: Some(now),
            wanted: Some(member),
            addresses: last.iter().chain(others).cloned().collect(),
            steps: Vec::new(),
        };
    }

    /// One address was read. What comes late, when another step was begun in its place, says
    /// nothing.
    fn landed(&mut self, number: u64, read: Result<Document, Failure>) {
        let is_current = self.flight.as_ref().map(Flight::number) == Some(number);
        let Some(at) = self.reading.next().filter(|_| is_current).cloned() else {
            return;
        };
        self.flight = None;
        if let (Ok(document), Some(begun)) = (&read, self.reading.begun) {
            for member in Member::ALL {
                let is_first = self.reading.found(member).is_none();
                let known = self.known.get_mut(member);
                let is_due = known
                    .as_ref()
                    .is_none_or(|known| known.is_due(begun) || known.found_at == at);
                if let Ok(address) = document.member(member)
                    && is_first
                    && (is_due || self.reading.wanted == Some(member))
                {
                    *known = Some(Known {
                        address: address.clone(),
                        issuer: Arc::clone(document.issuer()),
                        found_at: at.clone(),
                        read: begun,
                        is_doubted: false,
                    });
                    self.tried = Some(begun);
                }
            }
        }
        self.reading.steps.push(read);
    }

    fn not_found(&mut self, discovery: &Discovery, member: Member) -> NotFound {
        let failures = self.reading.failures(member);
        let is_absent = failures.len() == discovery.addresses().len()
            && failures.iter().all(|(_, failure)| failure.says_absent());
        // Other addresses may always have been another issuer's; where ours was found, that says
        // something.
        let last = self.known.get(member).as_ref().map(|one| &one.found_at);
        let contradiction = failures
            .iter()
            .find(|(at, failure)| Some(*at) == last && failure.is_contradiction());
        let is_contradiction = contradiction.is_some();
        let reported = match contradiction {
            Some((_, failure)) => vec![failure.clone()],
            None => failures.into_iter().map(|(_, failure)| failure).collect(),
        };
        if is_contradiction {
            *self.known.get_mut(member) = None;
        }
        NotFound {
            error: discovery.nearest(reported, member),
            is_contradiction,
            is_absent,
        }
    }
}
