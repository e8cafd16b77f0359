//! One fetch of an issuer's keys, with what it takes to find out where they are.

use std::sync::Arc;
use std::time::Duration;

use crate::core::{IssuerTemplate, KeySet};

use super::super::SourceError;
use super::super::address::{Address, AddressProblem, Http};
use super::super::discovery::{Discovery, Metadata, NotFound, Wanted};
use super::super::fetcher::{Answer, FetchError};
use super::super::refresh::Lifetime;
use super::Inner;

/// Metadata is read again this often.
const METADATA_LIFETIME: Duration = Duration::from_secs(86_400);
/// After reading it again has failed.
const METADATA_PAUSE: Duration = Duration::from_secs(600);
/// Where the key set is.
pub(crate) enum Location {
    /// At this address.
    Jwks(Address),
    /// At the address that the issuer's metadata names.
    Metadata(Discovery),
}

/// What is said about where the key set is, before it is known to be an address.
#[derive(Clone, Debug)]
pub(crate) enum Whereabouts {
    /// Where the metadata says, which is found by the issuer's name.
    Discovery,
    /// Where the metadata at this address says.
    DiscoveryAt(String),
    /// At this address.
    JwksAt(String),
}

impl Whereabouts {
    /// Whether each tenant of the template has keys of its own.
    pub(crate) fn is_by_tenant(&self, template: &IssuerTemplate) -> bool {
        match self {
            Whereabouts::Discovery => true,
            Whereabouts::DiscoveryAt(url) | Whereabouts::JwksAt(url) => template.is_in(url),
        }
    }

    pub(crate) fn of_tenant(&self, template: &IssuerTemplate, tenant: &str) -> Self {
        match self {
            Whereabouts::Discovery => Whereabouts::Discovery,
            Whereabouts::DiscoveryAt(url) => Whereabouts::DiscoveryAt(template.fill(url, tenant)),
            Whereabouts::JwksAt(url) => Whereabouts::JwksAt(template.fill(url, tenant)),
        }
    }

    pub(crate) fn locate(&self, issuer: &str, http: Http) -> Result<Location, AddressProblem> {
        Ok(match self {
            Whereabouts::JwksAt(url) => Location::Jwks(Address::parse(url, http)?),
            Whereabouts::Discovery | Whereabouts::DiscoveryAt(_) => {
                Location::Metadata(self.metadata(issuer, Wanted::JwksUri, http)?)
            }
        })
    }

    /// Where the issuer's metadata is: by its name, unless an address of it is given.
    pub(crate) fn metadata(
        &self,
        issuer: &str,
        wanted: Wanted,
        http: Http,
    ) -> Result<Discovery, AddressProblem> {
        match self {
            Whereabouts::Discovery | Whereabouts::JwksAt(_) => {
                Discovery::by_name(issuer, wanted, http)
            }
            Whereabouts::DiscoveryAt(url) => {
                let address = Address::parse(url, http)?;
                Ok(Discovery::at(issuer, wanted, address))
            }
        }
    }
}

impl Location {
    /// The address that is configured, or follows from the issuer's name.
    pub(crate) fn home(&self) -> Option<&Address> {
        match self {
            Location::Jwks(address) => Some(address),
            Location::Metadata(discovery) => discovery.home(),
        }
    }
}

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
}

impl From<SourceError> for NotLoaded {
    fn from(error: SourceError) -> Self {
        NotLoaded {
            error,
            is_absent: false,
        }
    }
}

impl From<NotFound> for NotLoaded {
    fn from(not_found: NotFound) -> Self {
        NotLoaded {
            error: not_found.error,
            is_absent: not_found.is_absent,
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
}

impl Inner {
    /// One fetch, with whatever it takes to find out where from.
    pub(super) async fn load(&self) -> Result<Loaded, NotLoaded> {
        let is_first = self.read().keys.is_none();
        let _turn = if is_first {
            self.fetcher.first_fetch().await?
        } else {
            None
        };
        let discovery = match &self.location {
            Location::Jwks(address) => {
                let answer = self.get(address).await.map_err(|error| NotLoaded {
                    is_absent: error.says_absent(),
                    error: self.not_fetched(error),
                })?;
                return Ok(self.take(address, answer)?);
            }
            Location::Metadata(discovery) => discovery,
        };
        let (metadata, is_fresh) = self.metadata(discovery).await?;
        let error = match self.get(&metadata.address).await {
            Ok(answer) => return Ok(self.take(&metadata.address, answer)?),
            Err(error) => error,
        };
        // Have the keys moved since the metadata was read?
        if !is_fresh
            && let Ok(anew) = self.read_metadata(discovery).await
            && anew.address != metadata.address
        {
            let answer = self.get(&anew.address).await;
            let answer = answer.map_err(|error| self.not_fetched(error))?;
            return Ok(self.take(&anew.address, answer)?);
        }
        Err(self.not_fetched(error).into())
    }

    async fn get(&self, address: &Address) -> Result<Answer, FetchError> {
        let etag = self.read().etag.clone();
        let tag = etag.as_ref().filter(|etag| etag.at == *address);
        let tag = tag.map(|etag| etag.tag.as_str());
        self.fetcher.get(address, tag).await
    }

    /// The issuer's metadata, and whether it was read just now. Once known, it is read again from time to time; where that
    /// can't be done, that is no reason to do without the keys.
    async fn metadata(&self, discovery: &Discovery) -> Result<(Arc<Metadata>, bool), NotFound> {
        let (known, failed_at) = {
            let state = self.read();
            (state.metadata.clone(), state.metadata_failed_at)
        };
        let Some((known, since)) = known else {
            return match self.read_metadata(discovery).await {
                Ok(metadata) => Ok((metadata, true)),
                Err(error) => Err(error),
            };
        };
        let now = self.now();
        let is_due = since.elapsed(now) >= METADATA_LIFETIME
            && failed_at.is_none_or(|at| at.elapsed(now) >= METADATA_PAUSE);
        if !is_due {
            return Ok((known, false));
        }
        // Within the time of one call, so that there is as much left for the keys.
        let read = self.read_metadata(discovery);
        match tokio::time::timeout(self.fetcher.timeout(), read).await {
            Ok(Ok(metadata)) => Ok((metadata, true)),
            Ok(Err(error)) if error.is_contradiction => Err(error),
            Ok(Err(_)) | Err(_) => {
                self.write().metadata_failed_at = Some(now);
                Ok((known, true))
            }
        }
    }

    async fn read_metadata(&self, discovery: &Discovery) -> Result<Arc<Metadata>, NotFound> {
        let known = self.read().metadata.clone();
        let last = known.as_ref().map(|(metadata, _)| &metadata.found_at);
        let metadata = Arc::new(discovery.find(&self.fetcher, last).await?);
        let now = self.now();
        let mut state = self.write();
        state.metadata = Some((Arc::clone(&metadata), now));
        state.metadata_failed_at = None;
        Ok(metadata)
    }

    fn take(&self, from: &Address, answer: Answer) -> Result<Loaded, SourceError> {
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
                let (keys, jwks) = KeySet::from_jwks_with_text(&text).map_err(|error| {
                    SourceError::new(format!(
                        "what issuer \"{}\" publishes as its keys can't be used",
                        self.issuer
                    ))
                    .caused_by(error)
                })?;
                let etag = etag.map(|tag| EntityTag {
                    at: from.clone(),
                    tag,
                });
                Ok(Loaded {
                    keys: Some(Fetched {
                        keys: Arc::new(keys),
                        jwks: jwks.into(),
                        etag,
                    }),
                    lifetime: lifetime.map_or(Lifetime::Unsaid, Lifetime::Said),
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
}
