//! One fetch of an issuer's keys, including the search for their address.

use std::panic::{UnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::core::{KeySet, KeySetError, KeySetLimits};

use super::super::address::Address;
use super::super::bounds::READ_APART_FROM;
use super::super::discovery::Member;
use super::super::fetcher::{Answer, BodyLimit, CallError};
use super::super::key_room::Growth;
use super::super::metadata::{Endpoint, NotFound};
use super::super::refresh::Lifetime;
use super::super::{SourceError, SourceErrorKind};
use super::Inner;

/// An entity tag (RFC 9110 section 8.8.3), which says something at its own address only.
#[derive(Clone)]
pub(super) struct EntityTag {
    at: Address,
    tag: String,
}

/// Why a fetch brought no keys.
pub(super) struct NotLoaded {
    pub(super) error: SourceError,
    /// The issuer doesn't exist, as far as its server says.
    pub(super) is_absent: bool,
    /// It found no turn, so the issuer was not asked. That is no failure of the issuer.
    pub(super) is_unasked: bool,
    /// The keys came and found no room, and some of the held ones are not among them.
    pub(super) still_published: Option<StillPublished>,
}

/// What is left of a held set: the keys that the issuer's new set has too.
pub(super) struct StillPublished {
    pub(super) of: Arc<KeySet>,
    pub(super) keys: Arc<KeySet>,
}

impl From<SourceError> for NotLoaded {
    fn from(error: SourceError) -> Self {
        NotLoaded {
            error,
            is_absent: false,
            is_unasked: false,
            still_published: None,
        }
    }
}

impl From<NotFound> for NotLoaded {
    fn from(not_found: NotFound) -> Self {
        NotLoaded {
            error: not_found.error,
            is_absent: not_found.is_absent,
            is_unasked: false,
            still_published: None,
        }
    }
}

/// A key set as it came; no keys where those held are still the issuer's.
pub(super) struct Loaded {
    pub(super) keys: Option<Fetched>,
    pub(super) lifetime: Lifetime,
}

pub(super) struct Fetched {
    pub(super) keys: Arc<KeySet>,
    /// Those that can be used, as a JWK Set.
    pub(super) jwks: Arc<str>,
    pub(super) etag: Option<EntityTag>,
    /// Room for them, where it is shared.
    pub(super) room: Option<Growth>,
}

impl Inner {
    /// One fetch, including the metadata that names the location.
    pub(super) async fn load(&self) -> Result<Loaded, NotLoaded> {
        let (is_first, is_returning) = {
            let state = self.read();
            (state.keys.is_none(), state.is_unasked)
        };
        let _turn = if is_first {
            let turn = self.fetcher.first_fetch(is_returning).await;
            turn.map_err(|error| NotLoaded {
                is_unasked: true,
                ..error.into()
            })?
        } else {
            None
        };
        let metadata = match &self.endpoint {
            Endpoint::At(address) => {
                let answer = self.get(address).await.map_err(|error| NotLoaded {
                    is_absent: error.says_absent(),
                    ..not_fetched(error).into()
                })?;
                return self.take(address, answer).await;
            }
            Endpoint::InMetadata(metadata) => metadata,
        };
        let found = metadata.find(Member::JwksUri).await?;
        let error = match self.get(&found.address).await {
            Ok(answer) => return self.take(&found.address, answer).await,
            Err(error) => error,
        };
        // Have the keys moved since the metadata was read?
        if !found.is_fresh
            && let Ok(named) = metadata.read(Member::JwksUri).await
            && named.address != found.address
        {
            let answer = self.get(&named.address).await;
            let answer = answer.map_err(not_fetched)?;
            return self.take(&named.address, answer).await;
        }
        Err(not_fetched(error).into())
    }

    async fn take(&self, from: &Address, answer: Answer) -> Result<Loaded, NotLoaded> {
        match answer {
            Answer::NotModified { lifetime } => Ok(Loaded {
                keys: None,
                lifetime: lifetime.map_or(Lifetime::Kept, Lifetime::Said),
            }),
            Answer::Body {
                text,
                etag,
                lifetime,
            } => {
                let read = read_set(text, self.key_set_limits).await;
                let (keys, jwks) = read.map_err(|error| {
                    SourceError::new("the published keys can't be used")
                        .caused_by(error)
                        .of_kind(SourceErrorKind::Body)
                })?;
                let room = self.room_for(&keys, &jwks)?;
                let etag = etag.map(|tag| EntityTag {
                    at: from.clone(),
                    tag,
                });
                Ok(Loaded {
                    keys: Some(Fetched {
                        keys: Arc::new(keys),
                        jwks: jwks.into(),
                        etag,
                        room,
                    }),
                    lifetime: lifetime.map_or(Lifetime::Unsaid, Lifetime::Said),
                })
            }
        }
    }

    /// Without a lock: others may have to give way.
    fn room_for(&self, keys: &KeySet, jwks: &str) -> Result<Option<Growth>, NotLoaded> {
        let Some(room) = &self.room else {
            return Ok(None);
        };
        let needed = keys.estimated_bytes().saturating_add(jwks.len());
        match room.grow(self.bytes(), needed) {
            Ok(growth) => Ok(Some(growth)),
            Err(no_room) => {
                let error = SourceError::new("the published keys are not held").caused_by(no_room);
                Err(NotLoaded {
                    still_published: self.still_published(keys),
                    ..error.into()
                })
            }
        }
    }

    /// `None` where all held keys are still published.
    fn still_published(&self, newer: &KeySet) -> Option<StillPublished> {
        let of = self.read().keys.clone()?;
        let keys = Arc::new(of.still_in(newer));
        (keys.count() < of.count()).then_some(StillPublished { of, keys })
    }

    async fn get(&self, address: &Address) -> Result<Answer, CallError> {
        let etag = self.read().etag.clone();
        let tag = etag.as_ref().filter(|etag| etag.at == *address);
        let tag = tag.map(|etag| etag.tag.as_str());
        let limit = BodyLimit::of_key_set(self.key_set_limits);
        self.fetcher.get(address, tag, limit).await
    }
}

/// Why a set was not read.
#[derive(Debug, PartialEq, thiserror::Error)]
enum NotRead {
    #[error(transparent)]
    NotUsable(#[from] KeySetError),
    #[error("reading the key set panicked, which is a mistake in this crate")]
    Panicked,
}

async fn read_set(text: String, limits: KeySetLimits) -> Result<(KeySet, String), NotRead> {
    let is_large = text.len() > READ_APART_FROM;
    let read = read_apart(is_large, move || KeySet::from_jwks_with_text(&text, limits));
    Ok(read.await.ok_or(NotRead::Panicked)??)
}

/// A large set is read outside the runtime, whose other tasks would wait for it. `None` if reading
/// panicked.
///
/// Where the runtime goes away in between, this comes to no end: it is dropped with its fetch,
/// which is lost by that.
async fn read_apart<T: Send + 'static>(
    is_large: bool,
    read: impl FnOnce() -> T + UnwindSafe + Send + 'static,
) -> Option<T> {
    if !is_large {
        return catch_unwind(read).ok();
    }
    match tokio::task::spawn_blocking(read).await {
        Ok(read) => Some(read),
        Err(lost) if lost.is_panic() => None,
        Err(_cancelled) => std::future::pending().await,
    }
}

fn not_fetched(error: CallError) -> SourceError {
    let (kind, retry_after) = (error.kind(), error.retry_after());
    let told = SourceError::new("the keys can't be fetched");
    told.caused_by(error).of_kind(kind).retry_as(retry_after)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use tokio::task::{spawn, spawn_blocking, yield_now};

    use super::*;

    const KEY: &str =
        r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;

    fn set_of(bytes: usize) -> String {
        let set = format!(r#"{{"keys":[{KEY}]}}"#);
        format!("{set}{}", " ".repeat(bytes - set.len()))
    }

    /// A runtime with one thread for tasks and one for blocking work, which waits for the gate.
    fn on_a_busy_runtime<F: Future>(work: impl FnOnce(mpsc::Sender<()>) -> F) -> F::Output {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .max_blocking_threads(1)
            .build()
            .unwrap();
        runtime.block_on(async {
            let (open, gate) = mpsc::channel();
            spawn_blocking(move || gate.recv());
            work(open).await
        })
    }

    async fn let_others_run() {
        for _ in 0..100 {
            yield_now().await;
        }
    }

    /// While a large set waits for its thread, the other tasks go on: this one opens the gate.
    #[test]
    fn k06_a_large_set_is_read_outside_the_runtime() {
        on_a_busy_runtime(async |open| {
            let limits = KeySetLimits::default();
            let small = spawn(read_set(set_of(READ_APART_FROM), limits));
            let large = spawn(read_set(set_of(READ_APART_FROM + 1), limits));
            let (keys, _) = small.await.unwrap().unwrap();
            assert_eq!(keys.len(), 1);
            let_others_run().await;
            assert!(!large.is_finished());
            open.send(()).unwrap();
            let (keys, _) = large.await.unwrap().unwrap();
            assert_eq!(keys.len(), 1);
        });
    }

    #[test]
    fn k06_a_large_set_that_can_not_be_used_is_reported_as_a_small_one() {
        on_a_busy_runtime(async |open| {
            open.send(()).unwrap();
            let text = format!("{}{{", " ".repeat(READ_APART_FROM));
            let read = read_set(text, KeySetLimits::default()).await;
            assert_eq!(read.err(), Some(KeySetError::NotJson.into()));
        });
    }

    #[tokio::test]
    async fn k06_a_panic_while_a_set_is_read_is_reported_as_that() {
        for is_large in [false, true] {
            let read = read_apart(is_large, || -> () { panic!("as a mistake would") });
            assert_eq!(read.await, None, "{is_large}");
        }
        let reported = NotRead::Panicked.to_string();
        assert!(reported.contains("panicked"), "{reported}");
        assert!(!reported.contains("runtime"), "{reported}");
    }

    /// No outcome is reported as the issuer's: the fetch is lost.
    #[test]
    fn k06_s06_a_runtime_that_ends_while_a_set_is_read_gives_no_outcome() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .max_blocking_threads(1)
            .build()
            .unwrap();
        let (open, gate) = mpsc::channel::<()>();
        let (told, outcome) = mpsc::channel();
        runtime.block_on(async {
            spawn_blocking(move || gate.recv());
            spawn(async move {
                let read = read_set(set_of(READ_APART_FROM + 1), KeySetLimits::default()).await;
                let _ = told.send(read.map(drop));
            });
            let_others_run().await;
        });
        runtime.shutdown_background();
        drop(open);
        assert_eq!(outcome.recv(), Err(mpsc::RecvError));
    }
}
