//! Where the introspection endpoint is, where the issuer's metadata says: read once for all who wait for it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::core::{Clock, NumericDate};

use super::super::SourceError;
use super::super::address::Address;
use super::super::discovery::{Discovery, Metadata, NotFound};
use super::super::fetcher::Fetcher;
use super::super::refresh::Moment;
use super::super::runtime;
use super::GRACE;

/// Metadata is read again this often.
const METADATA_LIFETIME: Duration = Duration::from_secs(86_400);
/// Where that fails, it is tried again by one call this often, and the others go on with what is known.
const METADATA_PAUSE: Duration = Duration::from_secs(60);

/// The endpoint that an issuer's metadata names.
pub(super) struct Place {
    discovery: Discovery,
    fetcher: Fetcher,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    known: Option<Known>,
    reading: Option<Reading>,
    /// Tells one reading from another.
    readings: u64,
}

/// Metadata that was read, and when reading it anew was last tried.
struct Known {
    metadata: Metadata,
    read: Moment,
    tried: Moment,
}

type Outcome = Result<Address, SourceError>;

/// One reading under way, which no caller can cancel.
#[derive(Clone)]
struct Reading {
    number: u64,
    begun: Instant,
    landing: watch::Receiver<Option<Outcome>>,
}

impl Place {
    pub(super) fn new(discovery: Discovery, fetcher: Fetcher, clock: Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Place {
            discovery,
            fetcher,
            clock,
            state: Mutex::default(),
        })
    }

    /// How long a reading may take.
    pub(super) fn longest_reading(&self) -> Duration {
        self.fetcher
            .timeout()
            .saturating_mul(self.discovery.count())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Moment {
        Moment::of(&*self.clock)
    }

    /// The endpoint is not where the metadata said: that is read anew at the next call.
    pub(super) fn is_gone(&self) {
        if let Some(known) = &mut self.state().known {
            known.read = Moment {
                wall: NumericDate::from_secs(i64::MIN),
                monotonic: Duration::ZERO,
            };
        }
    }

    pub(super) async fn find(self: &Arc<Self>) -> Outcome {
        let reading = {
            let now = self.now();
            let mut state = self.state();
            if let Some(known) = &mut state.known {
                let is_due = known.read.elapsed(now) >= METADATA_LIFETIME
                    && known.tried.elapsed(now) >= METADATA_PAUSE;
                if !is_due {
                    return Ok(known.metadata.address.clone());
                }
                known.tried = now;
            }
            // One that is lost with its runtime, or stuck on one that nobody drives, is not waited for.
            let under_way = state.reading.clone().filter(|reading| {
                reading.landing.has_changed().is_ok()
                    && reading.begun.elapsed() < self.longest_reading().saturating_add(GRACE)
            });
            match under_way {
                Some(reading) => reading,
                None => self.begin(state)?,
            }
        };
        self.wait(reading).await
    }

    /// The lock is let go before the task is spawned: a runtime that shuts down drops the task within `spawn`.
    fn begin(self: &Arc<Self>, mut state: MutexGuard<'_, State>) -> Result<Reading, SourceError> {
        let runtime = runtime()?;
        let (sender, landing) = watch::channel(None);
        state.readings += 1;
        let reading = Reading {
            number: state.readings,
            begun: Instant::now(),
            landing,
        };
        state.reading = Some(reading.clone());
        let last = state.known.as_ref();
        let last = last.map(|known| known.metadata.found_at.clone());
        drop(state);
        let (place, number) = (Arc::clone(self), reading.number);
        runtime.spawn(async move {
            let outcome = place.read(number, last).await;
            sender.send_replace(Some(outcome));
        });
        Ok(reading)
    }

    async fn read(&self, number: u64, last: Option<Address>) -> Outcome {
        let begun = self.now();
        let found = self.discovery.find(&self.fetcher, last.as_ref()).await;
        let mut state = self.state();
        // Where another was begun in its place, what this one brought counts for its own callers only.
        let is_current = state
            .reading
            .as_ref()
            .is_some_and(|one| one.number == number);
        if is_current {
            state.reading = None;
        }
        match found {
            Ok(metadata) => {
                let address = metadata.address.clone();
                if is_current {
                    state.known = Some(Known {
                        metadata,
                        read: begun,
                        tried: begun,
                    });
                }
                Ok(address)
            }
            Err(NotFound {
                error,
                is_contradiction,
                ..
            }) => match &state.known {
                // What was known goes on to be good, unless the issuer's own document now says otherwise.
                Some(known) if !is_contradiction => Ok(known.metadata.address.clone()),
                _ => {
                    if is_current {
                        state.known = None;
                    }
                    Err(error)
                }
            },
        }
    }

    async fn wait(&self, mut reading: Reading) -> Outcome {
        let limit = self.longest_reading().saturating_add(GRACE);
        let left = limit.saturating_sub(reading.begun.elapsed());
        let timer = super::super::timer(left)?;
        tokio::select! {
            biased;
            landed = reading.landing.wait_for(Option::is_some) => {
                if let Ok(landed) = landed && let Some(outcome) = &*landed {
                    return outcome.clone();
                }
            }
            () = timer => {}
        }
        Err(SourceError::new(
            "the issuer's metadata could not be read in time",
        ))
    }
}
