//! One metadata document of an issuer: authorization server metadata (RFC 8414) and OpenID Connect
//! Discovery. Which document is read when is decided in `metadata`.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use url::Url;

use crate::core::{excerpt, read_json_object};

use super::address::{Address, AddressError, Http};
use super::fetcher::{Answer, BodyLimit, CallError, Fetcher};
use super::runtime::PANICKED;
use super::{SourceError, SourceErrorKind};

/// Where an issuer's metadata may be.
pub(crate) struct Discovery {
    issuer: String,
    /// In the order in which they are tried.
    addresses: Vec<Address>,
    /// Whether the issuer's name may be the document's `access_token_issuer`.
    accepts_token_issuer: bool,
}

/// An address that the metadata names (RFC 8414 section 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Member {
    JwksUri,
    /// Of RFC 7662.
    IntrospectionEndpoint,
}

impl Member {
    pub(super) const ALL: [Member; 2] = [Member::JwksUri, Member::IntrospectionEndpoint];

    const fn name(self) -> &'static str {
        match self {
            Member::JwksUri => "jwks_uri",
            Member::IntrospectionEndpoint => "introspection_endpoint",
        }
    }

    /// The setting that replaces the member.
    const fn setting(self) -> &'static str {
        match self {
            Member::JwksUri => "Issuer::jwks_at",
            Member::IntrospectionEndpoint => "Introspection::at",
        }
    }
}

/// What a document says that is known to be the issuer's.
pub(super) struct Document {
    at: Address,
    issuer: Arc<str>,
    jwks_uri: Result<Address, DocumentProblem>,
    introspection_endpoint: Result<Address, DocumentProblem>,
}

impl Document {
    /// The name that assertions for the issuer have as `aud`: the document's `issuer`, which need
    /// not be the configured name (see [`Discovery::at`]).
    pub(super) fn issuer(&self) -> &Arc<str> {
        &self.issuer
    }

    pub(super) fn member(&self, member: Member) -> Result<&Address, Failure> {
        let named = match member {
            Member::JwksUri => &self.jwks_uri,
            Member::IntrospectionEndpoint => &self.introspection_endpoint,
        };
        named.as_ref().map_err(|problem| Failure::Document {
            at: self.at.to_string(),
            problem: problem.clone(),
        })
    }
}

impl Discovery {
    /// By the issuer's name: the well-known paths of RFC 8414 section 3 and of OpenID Connect
    /// Discovery section 4, the latter after the issuer's path and between host and path. The last
    /// is RFC 8414's after the path, where servers have it that are mounted below a path.
    pub(super) fn by_name(issuer: &str, http: Http) -> Result<Self, AddressError> {
        let name = Address::parse(issuer, http)?;
        if name.url().query().is_some() {
            return Err(AddressError::Query);
        }
        if name.url().path().contains("/.well-known/") {
            return Err(AddressError::WellKnown);
        }
        let path = name.url().path().trim_end_matches('/');
        let mut addresses = vec![
            name.with_path(&format!("/.well-known/oauth-authorization-server{path}")),
            name.with_path(&format!("{path}/.well-known/openid-configuration")),
        ];
        if !path.is_empty() {
            addresses.push(name.with_path(&format!("/.well-known/openid-configuration{path}")));
            addresses
                .push(name.with_path(&format!("{path}/.well-known/oauth-authorization-server")));
        }
        Ok(Discovery {
            issuer: issuer.to_owned(),
            addresses,
            accepts_token_issuer: false,
        })
    }

    /// By the address of its metadata document. The document is still compared with the issuer's
    /// name: by its `issuer`, and by its `access_token_issuer` where that is accepted. AD FS has a
    /// name of its own there for the `iss` of access tokens.
    pub(super) fn at(issuer: &str, address: Address, accepts_token_issuer: bool) -> Self {
        Discovery {
            issuer: issuer.to_owned(),
            addresses: vec![address],
            accepts_token_issuer,
        }
    }

    /// The address that is configured, or follows from the issuer's name.
    pub(super) fn home(&self) -> Option<&Address> {
        self.addresses.first()
    }

    /// How many addresses there are to try.
    pub(super) fn count(&self) -> u32 {
        u32::try_from(self.addresses.len()).unwrap_or(u32::MAX)
    }

    pub(super) fn addresses(&self) -> &[Address] {
        &self.addresses
    }

    /// The document at one address. Hosts have all kinds of things at paths that they don't know,
    /// so what is there need not be the issuer's.
    pub(super) async fn read(&self, at: &Address, fetcher: &Fetcher) -> Result<Document, Failure> {
        match fetcher.get(at, None, BodyLimit::METADATA).await? {
            Answer::Body { text, .. } => self.document(&text, at, fetcher.http()),
            // No `ETag` was sent, so there is nothing that can be unmodified.
            Answer::NotModified { .. } => Err(Failure::Document {
                at: at.to_string(),
                problem: DocumentProblem::NotMetadata,
            }),
        }
    }

    fn document(&self, text: &str, at: &Address, http: Http) -> Result<Document, Failure> {
        let (mut issuer, mut token_issuer) = (None, None);
        let (mut jwks_uri, mut introspection_endpoint) = (None, None);
        let read = read_json_object(text, |name, value| {
            let text = || value.as_str().map(std::borrow::Cow::into_owned);
            if name == "issuer" {
                issuer = text();
            } else if name == "access_token_issuer" {
                token_issuer = text();
            } else if name == Member::JwksUri.name() {
                jwks_uri = text();
            } else if name == Member::IntrospectionEndpoint.name() {
                introspection_endpoint = text();
            }
        })
        .is_ok();
        let (true, Some(issuer)) = (read, issuer) else {
            return Err(Failure::Document {
                at: at.to_string(),
                problem: DocumentProblem::NotMetadata,
            });
        };
        let is_for_tokens = token_issuer.is_some_and(|name| name == self.issuer);
        if issuer != self.issuer && !(is_for_tokens && self.accepts_token_issuer) {
            return Err(Failure::OtherIssuer {
                at: at.to_string(),
                found: excerpt(&issuer),
                is_for_tokens,
            });
        }
        let address = |member: Member, named: Option<String>| {
            let named = named.ok_or(DocumentProblem::NoAddress(member.name()))?;
            Address::parse(&named, at.http_of_what_it_names(http))
                .map_err(|problem| DocumentProblem::Address(member.name(), problem))
        };
        Ok(Document {
            at: at.clone(),
            issuer: self.audience(issuer, at).into(),
            jwks_uri: address(Member::JwksUri, jwks_uri),
            introspection_endpoint: address(Member::IntrospectionEndpoint, introspection_endpoint),
        })
    }

    /// The document's `issuer`, where it is known to be this server's: by its host, which is the
    /// configured name's or the document's own. Otherwise a server that names another one there
    /// could hand our assertions on to it (CVE-2025-27370).
    fn audience(&self, issuer: String, at: &Address) -> String {
        let place = |url: &Url| (url.host_str().map(str::to_owned), url.port());
        let named = Url::parse(&issuer).ok().map(|url| place(&url));
        let configured = Url::parse(&self.issuer).ok().map(|url| place(&url));
        let is_own = named.is_some() && (named == configured || named == Some(place(at.url())));
        if is_own { issuer } else { self.issuer.clone() }
    }

    /// The error of several addresses that gave no such member. Its cause is the failure that came
    /// nearest to a document of the issuer.
    pub(super) fn nearest(&self, failures: Vec<Failure>, member: Member) -> SourceError {
        // The first among equals: `max_by_key` would take the last.
        let nearest = failures.into_iter().reduce(|kept, next| {
            if next.nearness() > kept.nearness() {
                next
            } else {
                kept
            }
        });
        let retry_after = nearest.as_ref().and_then(Failure::retry_after);
        let kind = nearest.as_ref().map(Failure::kind);
        let mut what = "no metadata was found".to_owned();
        if let Some(nearness) = nearest.as_ref().map(Failure::nearness) {
            if nearness == Nearness::NotThere {
                let tried: Vec<_> = self.addresses.iter().map(Address::to_string).collect();
                what = format!("{what} at {}", tried.join(", "));
            }
            // The others end by themselves, or are mended otherwise.
            if !matches!(nearness, Nearness::OtherIssuer | Nearness::Unavailable) {
                let setting = member.setting();
                what = format!("{what} ({setting} sets the address that it would name)");
            }
        }
        let mut error = SourceError::new(what);
        if let Some(failure) = nearest {
            error = error.caused_by(failure);
        }
        if let Some(kind) = kind {
            error = error.of_kind(kind);
        }
        error.retry_as(retry_after)
    }
}

/// For the fuzz target: the document as if found at the issuer's first address.
#[cfg(fuzzing)]
pub(crate) fn keys_named_by_metadata(issuer: &str, text: &str) -> Option<String> {
    let discovery = Discovery::by_name(issuer, Http::ToLoopback).ok()?;
    let at = discovery.home()?;
    let document = discovery.document(text, at, Http::ToLoopback).ok()?;
    let address = document.member(Member::JwksUri).ok()?;
    Some(address.url().to_string())
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Nearness {
    NotThere,
    NotADocument,
    /// The server wants credentials.
    Guarded,
    Redirected,
    OtherIssuer,
    /// The issuer's document, which lacks something.
    Unusable,
    /// It may be any of these at the next attempt.
    Unavailable,
}

/// What is wrong with a document.
#[derive(Clone, Debug, thiserror::Error)]
pub(super) enum DocumentProblem {
    #[error(
        "the answer is not a metadata document: it must be a JSON object that names its issuer"
    )]
    NotMetadata,
    #[error("the metadata document has no {0}")]
    NoAddress(&'static str),
    #[error("the metadata document's {0} may not be fetched from: {1}")]
    Address(&'static str, AddressError),
}

/// Why one address gave no metadata.
#[derive(Clone, Debug)]
pub(super) enum Failure {
    Fetch(CallError),
    Document {
        at: String,
        problem: DocumentProblem,
    },
    OtherIssuer {
        at: String,
        /// Escaped and cut.
        found: String,
        /// The configured name is its `access_token_issuer`.
        is_for_tokens: bool,
    },
    /// The HTTP client did.
    Panicked,
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        Failure::Fetch(error)
    }
}

impl Failure {
    fn nearness(&self) -> Nearness {
        match self {
            Failure::Panicked => Nearness::Unavailable,
            Failure::OtherIssuer { .. } => Nearness::OtherIssuer,
            Failure::Document {
                problem: DocumentProblem::NotMetadata,
                ..
            } => Nearness::NotADocument,
            Failure::Document { .. } => Nearness::Unusable,
            Failure::Fetch(error) if error.is_redirect() => Nearness::Redirected,
            Failure::Fetch(error) => match error.status() {
                // Without a usable `Location`.
                Some(300..=399) => Nearness::Redirected,
                Some(401 | 403) => Nearness::Guarded,
                // RFC 9110 section 15.5.9, RFC 6585 section 4: not now.
                Some(408 | 429) => Nearness::Unavailable,
                Some(400..=499) => Nearness::NotThere,
                Some(_) => Nearness::Unavailable,
                None if error.is_network() => Nearness::Unavailable,
                None => Nearness::NotADocument,
            },
        }
    }

    pub(super) fn says_absent(&self) -> bool {
        matches!(self, Failure::Fetch(error) if error.says_absent())
    }

    pub(super) fn is_contradiction(&self) -> bool {
        matches!(self.nearness(), Nearness::OtherIssuer | Nearness::Unusable)
    }

    fn kind(&self) -> SourceErrorKind {
        match self {
            Failure::Fetch(error) => error.kind(),
            Failure::Document { .. } | Failure::OtherIssuer { .. } => SourceErrorKind::Body,
            Failure::Panicked => SourceErrorKind::Other,
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Failure::Fetch(error) => error.retry_after(),
            _ => None,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Fetch(error) => error.fmt(f),
            Failure::Panicked => f.write_str(PANICKED),
            Failure::Document { at, problem } => write!(f, "{at}: {problem}"),
            Failure::OtherIssuer {
                at,
                found,
                is_for_tokens,
            } => {
                write!(f, "{at}: the document there is of issuer \"{found}\"")?;
                f.write_str(if *is_for_tokens {
                    ", and the configured name is its access_token_issuer, which is accepted only where \
                     Issuer::discovery_at sets the document's address, and not for a template"
                } else {
                    ": the issuer's name is what tokens have in `iss`, and where to fetch from is another setting \
                     (Issuer::discovery_at, Issuer::jwks_at)"
                })
            }
        }
    }
}

impl std::error::Error for Failure {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Failure::Fetch(error) => std::error::Error::source(error),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s01_the_well_known_addresses_in_their_order() {
        let of = |issuer: &str| -> Vec<String> {
            let discovery = Discovery::by_name(issuer, Http::Never).unwrap();
            discovery.addresses.iter().map(Address::to_string).collect()
        };
        assert_eq!(
            of("https://as.example.com"),
            [
                "https://as.example.com/.well-known/oauth-authorization-server",
                "https://as.example.com/.well-known/openid-configuration",
            ]
        );
        assert_eq!(of("https://as.example.com/"), of("https://as.example.com"));
        assert_eq!(
            of("https://as.example.com/tenant/1"),
            [
                "https://as.example.com/.well-known/oauth-authorization-server/tenant/1",
                "https://as.example.com/tenant/1/.well-known/openid-configuration",
                "https://as.example.com/.well-known/openid-configuration/tenant/1",
                "https://as.example.com/tenant/1/.well-known/oauth-authorization-server",
            ]
        );
        assert_eq!(
            Discovery::by_name("https://as.example.com?x=1", Http::Never).err(),
            Some(AddressError::Query)
        );
        assert_eq!(
            Discovery::by_name(
                "https://as.example.com/.well-known/openid-configuration",
                Http::Never
            )
            .err(),
            Some(AddressError::WellKnown)
        );
    }
}
