//! What a test server publishes, what is wrong with it at the moment, and how often it was asked.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_lc_rs::digest;
use serde_json::{Value, json};
use tokio::sync::Notify;

use super::door::Door;
use super::fault::Fault;
use super::http::{Answer, Delivery, Request, Response};
use super::introspection::{self, Known};
use super::{Fetches, WellKnown};
use crate::core::{KeySet, encode_base64url};
use crate::testing::TestIssuer;

const JSON: &str = "application/json";
const TEXT: &str = "text/plain; charset=utf-8";
const HTML: &str = "text/html; charset=utf-8";
/// As from a captive portal.
const PAGE: &str = "<!doctype html><title>Sign in</title><p>Sign in to this network";
const JWKS_PATH: &str = "/jwks";
const OAUTH: &str = "/.well-known/oauth-authorization-server";
const OPENID: &str = "/.well-known/openid-configuration";

/// The documents of one issuer, and the faults in serving them.
pub(super) struct Site {
    issuer: TestIssuer,
    /// Scheme and authority.
    url: String,
    /// Where metadata is served.
    metadata_paths: Vec<String>,
    state: Mutex<State>,
    /// Woken when faults change.
    changed: Notify,
}

#[derive(Default)]
struct State {
    refuses: bool,
    metadata: Published,
    jwks: Published,
    /// Its text is not used: the answer depends on the token.
    introspection: Published,
    known: Known,
    cache_control: Option<String>,
    age: Option<Duration>,
    fetches: Fetches,
}

#[derive(Default)]
struct Published {
    fault: Option<Arc<Fault>>,
    /// In place of the issuer's own document.
    text: Option<String>,
}

/// What is served; a fault may be in some of it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Document {
    Metadata,
    Jwks,
    /// The answer about a token.
    Introspection,
}

impl Document {
    pub(super) const ALL: [Self; 3] = [Document::Metadata, Document::Jwks, Document::Introspection];
}

impl Site {
    pub(super) fn new(issuer: TestIssuer, url: String, only: Option<WellKnown>) -> Self {
        let forms = [
            WellKnown::OAuth,
            WellKnown::OpenIdAppended,
            WellKnown::OpenIdInserted,
        ];
        let path = path_of(issuer.name());
        let metadata_paths = forms
            .into_iter()
            .filter(|form| only.is_none_or(|only| only == *form))
            .map(|form| form.path_for(path))
            .collect();
        Site {
            issuer,
            url,
            metadata_paths,
            state: Mutex::default(),
            changed: Notify::new(),
        }
    }

    pub(super) fn issuer(&self) -> &TestIssuer {
        &self.issuer
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    pub(super) fn jwks_url(&self) -> String {
        format!("{}{JWKS_PATH}", self.url)
    }

    pub(super) fn introspection_url(&self) -> String {
        format!("{}{}", self.url, introspection::PATH)
    }

    pub(super) fn know_client(&self, id: &str, keys: KeySet) {
        self.state().known.insert_client(id, keys);
    }

    /// Makes this token known. The answer about it has these members.
    pub(super) fn know(&self, token: &str, members: Value) {
        let answer = introspection::answer(self.issuer.name(), self.issuer.audience(), members);
        self.state().known.insert(token, answer);
    }

    pub(super) fn revoke(&self, token: &str) {
        self.state().known.remove(token);
    }

    pub(super) fn discovery_url(&self) -> String {
        let path = self.metadata_paths.first().map_or(OAUTH, String::as_str);
        format!("{}{path}", self.url)
    }

    pub(super) fn fetches(&self) -> Fetches {
        self.state().fetches
    }

    pub(super) fn set_cache_control(&self, value: &str) {
        self.state().cache_control = Some(value.to_owned());
    }

    pub(super) fn set_age(&self, age: Duration) {
        self.state().age = Some(age);
    }

    /// Publishes this text, or the issuer's own document again.
    pub(super) fn set_text(&self, document: Document, text: Option<String>) {
        self.state().published(document).text = text;
    }

    /// Sets the fault of these documents. It replaces any earlier fault.
    pub(super) fn set_fault(
        &self,
        documents: &[Document],
        fault: Option<&Arc<Fault>>,
        door: &Door,
    ) {
        let mut state = self.state();
        state.refuses = fault.is_some_and(|fault| matches!(**fault, Fault::Refused));
        if state.refuses {
            for document in Document::ALL {
                state.published(document).fault = None;
            }
            door.close();
        } else {
            for document in documents {
                state.published(*document).fault = fault.cloned();
            }
            door.open();
        }
        drop(state);
        self.changed.notify_waiters();
    }

    /// Judges a request; waits where the fault is a delay.
    pub(super) async fn answer(&self, request: &Request, is_reused: bool) -> Answer {
        let Some(document) = self.count(request) else {
            return Answer::Respond(not_found());
        };
        let fault = loop {
            // Before the fault is looked at, so that no change is missed.
            let changed = self.changed.notified();
            let (refuses, fault) = self.fault(document);
            if refuses {
                return Answer::HangUp;
            }
            let Some(Fault::Delay(delay)) = fault.as_deref() else {
                break fault;
            };
            if tokio::time::timeout(*delay, changed).await.is_err() {
                break None;
            }
        };
        match fault.as_deref() {
            Some(fault) => self.answer_by_fault(fault, document, request, is_reused),
            None => Answer::Respond(self.document(document, request)),
        }
    }

    fn answer_by_fault(
        &self,
        fault: &Fault,
        document: Document,
        request: &Request,
        is_reused: bool,
    ) -> Answer {
        let with = |delivery| Response {
            delivery,
            ..self.whole_document(document, request)
        };
        Answer::Respond(match fault {
            Fault::Refused => return Answer::HangUp,
            Fault::Reset => return Answer::Reset,
            Fault::ResetReused if is_reused => return Answer::Reset,
            Fault::NoMetadata if document == Document::Metadata => not_found(),
            Fault::Delay(_) | Fault::ResetReused | Fault::NoMetadata => {
                self.document(document, request)
            }
            Fault::Status { code, retry_after } => {
                let response = Response::empty(*code);
                match retry_after {
                    Some(seconds) => response.header("retry-after", seconds.to_string()),
                    None => response,
                }
            }
            Fault::Redirect(location) => Response::empty(302).header("location", location),
            Fault::Garbage => Response::new(200, JSON, "not JSON".into()),
            Fault::Html => Response::new(200, HTML, PAGE.into()),
            Fault::SlowBody(pause) => with(Delivery::Slow(*pause)),
            Fault::Truncated => with(Delivery::Truncated),
            Fault::Endless => with(Delivery::Endless),
            Fault::Oversized(size) => with(Delivery::Padded(*size)),
        })
    }

    /// Counts a request, and returns the document that it asks for.
    fn count(&self, request: &Request) -> Option<Document> {
        let mut state = self.state();
        let fetches = &mut state.fetches;
        if request.method == "POST" && request.path == introspection::PATH {
            fetches.introspection += 1;
            Some(Document::Introspection)
        } else if request.method != "GET" {
            fetches.other += 1;
            None
        } else if request.path == JWKS_PATH {
            fetches.jwks += 1;
            Some(Document::Jwks)
        } else if request.path.contains(OAUTH) || request.path.contains(OPENID) {
            fetches.discovery += 1;
            Some(Document::Metadata)
        } else {
            fetches.other += 1;
            None
        }
    }

    /// Whether the server refuses all, and what is wrong with this document.
    fn fault(&self, document: Document) -> (bool, Option<Arc<Fault>>) {
        let mut state = self.state();
        let fault = state.published(document).fault.clone();
        (state.refuses, fault)
    }

    /// The answer without a fault.
    fn document(&self, document: Document, request: &Request) -> Response {
        let response = self.whole_document(document, request);
        let etag = response.headers.iter().find(|(name, _)| *name == "etag");
        if etag.is_some_and(|(_, etag)| request.has_match(etag)) {
            self.state().fetches.not_modified += 1;
            let mut headers = response.headers;
            headers.retain(|(name, _)| *name != "content-type");
            return Response {
                headers,
                ..Response::empty(304)
            };
        }
        response
    }

    fn whole_document(&self, document: Document, request: &Request) -> Response {
        let mut state = self.state();
        let text = state.published(document).text.clone();
        match document {
            Document::Introspection => state.known.answer(request, self.issuer.name()),
            Document::Metadata if self.metadata_paths.contains(&request.path) => {
                Response::new(200, JSON, text.unwrap_or_else(|| self.metadata()))
            }
            Document::Metadata => not_found(),
            Document::Jwks => {
                let jwks = text.unwrap_or_else(|| self.issuer.jwks());
                let etag = etag_of(&jwks);
                let mut response = Response::new(200, JSON, jwks).header("etag", etag);
                if let Some(value) = &state.cache_control {
                    response = response.header("cache-control", value);
                }
                if let Some(age) = state.age {
                    response = response.header("age", age.as_secs().to_string());
                }
                response
            }
        }
    }

    /// RFC 8414 section 2, with what OpenID Connect Discovery section 3 requires besides.
    fn metadata(&self) -> String {
        let name = self.issuer.name();
        json!({
            "issuer": name,
            "authorization_endpoint": format!("{}/authorize", self.url),
            "token_endpoint": format!("{}/token", self.url),
            "jwks_uri": self.jwks_url(),
            "introspection_endpoint": self.introspection_url(),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        })
        .to_string()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn published(&mut self, document: Document) -> &mut Published {
        match document {
            Document::Metadata => &mut self.metadata,
            Document::Jwks => &mut self.jwks,
            Document::Introspection => &mut self.introspection,
        }
    }
}

impl WellKnown {
    /// Where an issuer with this path has its metadata.
    fn path_for(self, path: &str) -> String {
        match self {
            WellKnown::OAuth => format!("{OAUTH}{path}"),
            WellKnown::OpenIdAppended => format!("{path}{OPENID}"),
            WellKnown::OpenIdInserted => format!("{OPENID}{path}"),
        }
    }
}

/// The path of an issuer's name, without a slash at its end (RFC 8414 section 3.1).
fn path_of(name: &str) -> &str {
    let (_, rest) = name.split_once("://").unwrap_or_default();
    let path = rest.find('/').and_then(|at| rest.get(at..));
    path.unwrap_or_default().trim_end_matches('/')
}

fn etag_of(document: &str) -> String {
    let digest = digest::digest(&digest::SHA256, document.as_bytes());
    format!("\"{}\"", encode_base64url(digest.as_ref()))
}

fn not_found() -> Response {
    Response::new(404, TEXT, "not found".into())
}
