//! The one bounded HTTP client.

mod body_limit;
mod credentials;
mod environment;
mod failure;
mod headers;
mod response;

use std::env;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use reqwest::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderMap,
    HeaderName, HeaderValue, IF_NONE_MATCH,
};
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use tokio::sync::{Semaphore, SemaphorePermit};
use url::Origin;

use crate::core::excerpt;

use super::SourceError;
use super::address::{Address, Http};
use super::bounds::{KEPT_FOR, LONGEST_QUEUE};
use super::fetch_problem::FetchError;
pub(crate) use body_limit::BodyLimit;
pub(super) use credentials::{Credential, Credentials, sensitive};
use environment::proxy_in;
pub(crate) use failure::CallError;
use failure::{CallErrorKind, unreachable, was_dropped};
use headers::lifetime;
use response::{check_is_json, check_location_and_status, content_type, is_of_type, read};

/// The client, made once; for one issuer or shared by all.
#[derive(Clone)]
pub(crate) struct Fetcher {
    inner: Arc<Inner>,
    /// Where the extra headers may go.
    home: Option<Origin>,
    /// How many calls run at once, where many share it.
    permits: Option<Arc<Permits>>,
    credentials: Option<Arc<Credentials>>,
    keeping: Option<Keeping>,
}

struct Permits {
    calls: Semaphore,
    first_fetches: Semaphore,
    /// First fetches of issuers that found no turn before, in addition.
    returning: Semaphore,
}

/// What keeps connections open, once it is asked for; of all clones the same.
#[derive(Clone)]
struct Keeping {
    has_client_certificate: bool,
    make: Arc<dyn Fn() -> Result<Clients, FetchError> + Send + Sync>,
    kept: Arc<OnceLock<Kept>>,
}

struct Kept {
    clients: Clients,
    /// When a connection was last put back.
    used: Mutex<Option<Instant>>,
}

impl Kept {
    /// Whether a call may meet a connection that was used before.
    fn may_be_used_again(&self) -> bool {
        let used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.is_some_and(|used| used.elapsed() <= KEPT_FOR + Duration::from_secs(1))
    }
}

struct Inner {
    clients: Clients,
    headers: HeaderMap,
    timeout: Duration,
    http: Http,
}

pub(crate) enum Clients {
    /// The user's.
    Own(Client),
    /// Ours: one for plain http on loopback, and for all where there is no proxy.
    Made {
        direct: Client,
        proxied: Option<Client>,
    },
}

/// What a call brought.
pub(crate) enum Answer {
    Body {
        text: String,
        etag: Option<String>,
        lifetime: Option<Duration>,
    },
    /// 304, to a call that named the `ETag` of what is held.
    NotModified { lifetime: Option<Duration> },
}

impl Fetcher {
    pub(crate) fn new(clients: Clients, headers: HeaderMap, timeout: Duration, http: Http) -> Self {
        let inner = Arc::new(Inner {
            clients,
            headers,
            timeout,
            http,
        });
        Fetcher {
            inner,
            home: None,
            permits: None,
            credentials: None,
            keeping: None,
        }
    }

    /// The same, with what the issuer wants to see.
    pub(super) fn with_credentials(self, credentials: Credentials) -> Self {
        Fetcher {
            credentials: Some(Arc::new(credentials)),
            ..self
        }
    }

    /// Adds what is known of its settings, and how to make clients that keep connections open.
    pub(crate) fn with(
        mut self,
        has_client_certificate: bool,
        make: impl Fn() -> Result<Clients, FetchError> + Send + Sync + 'static,
    ) -> Self {
        self.keeping = Some(Keeping {
            has_client_certificate,
            make: Arc::new(make),
            kept: Arc::default(),
        });
        self
    }

    /// Keeps the connections of [`post`](Fetcher::post) open for a while from now on.
    pub(crate) fn keep_connections(&self) -> Result<(), FetchError> {
        if let Some(keeping) = &self.keeping
            && keeping.kept.get().is_none()
        {
            let clients = (keeping.make)()?;
            let used = Mutex::default();
            // Where another was quicker, its clients are as good.
            let _ = keeping.kept.set(Kept { clients, used });
        }
        Ok(())
    }

    /// The same, for an issuer that is configured at this address.
    pub(crate) fn at_home_at(&self, address: &Address) -> Self {
        Fetcher {
            home: Some(address.url().origin()),
            ..self.clone()
        }
    }

    /// The same, with which no more than so many calls and first fetches run at once, of all that
    /// are made from it. So many of the first fetches are for `returning` issuers, which found no
    /// turn before.
    pub(crate) fn bounded(&self, calls: usize, first_fetches: usize, returning: usize) -> Self {
        Fetcher {
            permits: Some(Arc::new(Permits {
                calls: Semaphore::new(calls),
                first_fetches: Semaphore::new(first_fetches.saturating_sub(returning)),
                returning: Semaphore::new(returning),
            })),
            ..self.clone()
        }
    }

    /// Whether credentials, where there are some, may be shown at this address of the issuer's.
    pub(crate) fn may_show_credentials_at(&self, home: &Address) -> bool {
        self.credentials.is_none() || self.is_private(home)
    }

    /// Whether a client certificate is shown.
    pub(crate) fn has_client_certificate(&self) -> bool {
        self.keeping
            .as_ref()
            .is_some_and(|keeping| keeping.has_client_certificate)
    }

    /// Whether the client is the user's, whose ways are not known.
    pub(crate) fn has_own_client(&self) -> bool {
        matches!(self.inner.clients, Clients::Own(_))
    }

    pub(crate) fn http(&self) -> Http {
        self.inner.http
    }

    /// The time limit of one call.
    pub(crate) fn timeout(&self) -> Duration {
        self.inner.timeout
    }

    /// Gets a JSON document of at most this size, past caches on the way. With the `etag` of what
    /// is held, an unchanged one isn't sent again.
    pub(crate) async fn get(
        &self,
        address: &Address,
        etag: Option<&str>,
        limit: BodyLimit,
    ) -> Result<Answer, CallError> {
        let call = async {
            let _permit = self.permit().await?;
            self.call(address, etag, limit).await
        };
        tokio::time::timeout(self.inner.timeout, call)
            .await
            .unwrap_or(Err(CallErrorKind::Timeout))
            .map_err(|kind| self.failed(address, kind))
    }

    /// Posts a form (RFC 7662 section 2.1) with these headers, which have the credentials. Gives
    /// the body of the response, which must be of this media type. A kept connection may be used,
    /// unless a new one is wanted.
    pub(crate) async fn post(
        &self,
        address: &Address,
        headers: &HeaderMap,
        form: &str,
        media_type: &'static str,
        wants_new: bool,
    ) -> Result<String, CallError> {
        let kept = self.keeping.as_ref().and_then(|keeping| keeping.kept.get());
        let kept = kept.filter(|_| !wants_new);
        let may_be_old = kept.is_some_and(Kept::may_be_used_again);
        let clients = kept.map_or(&self.inner.clients, |kept| &kept.clients);
        let call = async {
            let request = |client: &Client| {
                client
                    .post(address.url().clone())
                    .headers(headers.clone())
                    .header(ACCEPT, media_type)
                    .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                    .body(form.to_owned())
            };
            let mut own = vec![ACCEPT, CONTENT_TYPE, AUTHORIZATION];
            own.extend(headers.keys().cloned());
            let sent = self.send(clients, address, &own, request).await;
            let response = sent.map_err(|error| {
                if may_be_old && was_dropped(&error) {
                    CallErrorKind::Dropped(Arc::new(error.without_url()))
                } else {
                    unreachable(error)
                }
            })?;
            if let Some(kept) = kept {
                let mut used = kept.used.lock().unwrap_or_else(PoisonError::into_inner);
                *used = Some(Instant::now());
            }
            let response = check_location_and_status(response, address)?;
            let found = content_type(&response).map(str::to_owned);
            if !found
                .as_deref()
                .is_some_and(|found| is_of_type(found, media_type))
            {
                return Err(CallErrorKind::OtherType {
                    wanted: media_type,
                    found: found.map_or_else(|| "none".to_owned(), |found| excerpt(&found)),
                });
            }
            read(response, BodyLimit::INTROSPECTION).await
        };
        tokio::time::timeout(self.inner.timeout, call)
            .await
            .unwrap_or(Err(CallErrorKind::Timeout))
            .map_err(|kind| self.failed(address, kind))
    }

    fn failed(&self, address: &Address, kind: CallErrorKind) -> CallError {
        let clients = &self.inner.clients;
        let hint = match clients {
            // Its trust and its proxies are its own.
            Clients::Own(_) => None,
            Clients::Made { .. } => {
                let is_direct = self.proxy_of(clients, address).is_none();
                let variable = is_direct.then(|| proxy_in(address, |name| env::var(name).ok()));
                kind.hint(variable.flatten())
            }
        };
        CallError {
            address: address.to_string(),
            kind,
            hint,
        }
    }

    async fn permit(&self) -> Result<Option<SemaphorePermit<'_>>, CallErrorKind> {
        match &self.permits {
            None => Ok(None),
            Some(permits) => turn(&permits.calls)
                .await
                .map(Some)
                .ok_or(CallErrorKind::Busy),
        }
    }

    /// How long a first fetch may wait for its turn.
    pub(crate) fn longest_wait_for_first_fetch(&self) -> Duration {
        let has_bound = self.permits.is_some();
        if has_bound {
            LONGEST_QUEUE
        } else {
            Duration::ZERO
        }
    }

    /// A turn for an issuer whose keys were never fetched. It lasts until they are.
    pub(crate) async fn first_fetch(
        &self,
        is_returning: bool,
    ) -> Result<Option<SemaphorePermit<'_>>, SourceError> {
        let Some(permits) = &self.permits else {
            return Ok(None);
        };
        let turn = if is_returning {
            tokio::select! {
                biased;
                turn = turn(&permits.first_fetches) => turn,
                turn = turn(&permits.returning) => turn,
            }
        } else {
            turn(&permits.first_fetches).await
        };
        turn.map(Some).ok_or_else(|| {
            SourceError::new(
                "so many issuers' keys are being fetched for the first time that these got no turn",
            )
        })
    }

    async fn call(
        &self,
        address: &Address,
        etag: Option<&str>,
        limit: BodyLimit,
    ) -> Result<Answer, CallErrorKind> {
        let credentials = self.credentials_for(address);
        let shown = match credentials {
            Some(credentials) => Some(credentials.header().await?),
            None => None,
        };
        let request = |client: &Client| {
            let mut request = client
                .get(address.url().clone())
                .header(ACCEPT, "application/json, application/jwk-set+json");
            if let Some((name, value)) = &shown {
                request = request.header(name, value.clone());
            }
            if let Some(etag) = etag {
                request = request.header(IF_NONE_MATCH, etag);
            }
            request
        };
        let response = self
            .send(&self.inner.clients, address, &[], request)
            .await
            .map_err(unreachable)?;
        if response.url() == address.url()
            && response.status() == StatusCode::NOT_MODIFIED
            && etag.is_some()
        {
            return Ok(Answer::NotModified {
                lifetime: lifetime(response.headers()),
            });
        }
        let response = check_location_and_status(response, address).map_err(|kind| match kind {
            CallErrorKind::Status {
                code: code @ (401 | 403),
                ..
            } if shown.is_none() && self.credentials.is_some() => {
                CallErrorKind::CredentialsWithheld { code }
            }
            kind => kind,
        })?;
        let etag = response
            .headers()
            .get(ETAG)
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned);
        let lifetime = lifetime(response.headers());
        let content_type = content_type(&response).map(str::to_owned);
        let text = read(response, limit).await?;
        check_is_json(&text, content_type.as_deref())?;
        Ok(Answer::Body {
            text,
            etag,
            lifetime,
        })
    }

    /// The credentials, where they may be shown: to the origin that they were given for, and so
    /// that no one else sees them.
    fn credentials_for(&self, address: &Address) -> Option<&Credentials> {
        let credentials = self.credentials.as_deref()?;
        let origin = address.url().origin();
        let is_theirs = self.home.as_ref() == Some(&origin) || credentials.are_also_for(&origin);
        (is_theirs && self.is_private(address)).then_some(credentials)
    }

    /// Encrypted, or within this machine.
    fn is_private(&self, address: &Address) -> bool {
        !address.is_http()
            || address.is_loopback() && self.proxy_of(&self.inner.clients, address).is_none()
    }

    /// Sends what `request` makes for one of the clients, with the extra headers where they may go,
    /// except for those that are its `own`.
    async fn send(
        &self,
        clients: &Clients,
        address: &Address,
        own: &[HeaderName],
        request: impl Fn(&Client) -> RequestBuilder,
    ) -> Result<Response, reqwest::Error> {
        let mut extra = HeaderMap::new();
        if self.home.as_ref() == Some(&address.url().origin()) {
            extra.clone_from(&self.inner.headers);
            for name in own {
                extra.remove(name);
            }
        }
        // A client of the user's may ask for compression by itself, unless this is set.
        extra.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        let request = |client: &Client| {
            let request = request(client).header(CACHE_CONTROL, "no-cache");
            request.headers(extra.clone())
        };
        match clients {
            Clients::Made { direct, .. } => {
                let client = self.proxy_of(clients, address).unwrap_or(direct);
                request(client).send().await
            }
            // The server may have closed a pooled connection; the client sees it only when it has
            // written. Asking is harmless, so it is done once more.
            Clients::Own(client) => match request(client).send().await {
                Err(error) if was_dropped(&error) => request(client).send().await,
                sent => sent,
            },
        }
    }

    /// The client that goes through a proxy, where this address is reached so. Plain http is
    /// accepted for loopback since no one is on the path; a proxy would be.
    fn proxy_of<'c>(&self, clients: &'c Clients, address: &Address) -> Option<&'c Client> {
        let is_only_safe_directly = address.is_http() && self.inner.http != Http::Anywhere;
        match clients {
            Clients::Made { proxied, .. } if !is_only_safe_directly => proxied.as_ref(),
            _ => None,
        }
    }
}

async fn turn(permits: &Semaphore) -> Option<SemaphorePermit<'_>> {
    let turn = tokio::time::timeout(LONGEST_QUEUE, permits.acquire()).await;
    turn.ok()?.ok()
}
