//! One metadata document of an issuer: authorization server metadata (RFC 8414) and OpenID Connect
//! Discovery. Which document is read when is decided in `metadata`.

use std::fmt;
use std::time::Duration;

use crate::core::{excerpt, read_json_object};

use super::address::{Address, AddressError, Http};
use super::fetcher::{Answer, CallError, Fetcher};
use super::runtime::PANICKED;
use super::{SourceError, SourceErrorKind};

/// Where an issuer's metadata may be.
pub(crate) struct Discovery {
    issuer: String,
    /// In the order in which they are tried.
    addresses: Vec<Address>,
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
}

/// What a document says that is known to be the issuer's.
pub(super) struct Document {
    at: Address,
    jwks_uri: Result<Address, DocumentProblem>,
    introspection_endpoint: Result<Address, DocumentProblem>,
}

impl Document {
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
    /// Discovery section 4, the latter behind the issuer's path and between host and path.
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
        }
        Ok(Discovery {
            issuer: issuer.to_owned(),
            addresses,
        })
    }

    /// By the address of its metadata document, which is compared with the issuer's name all the
    /// same.
    pub(super) fn at(issuer: &str, address: Address) -> Self {
        Discovery {
            issuer: issuer.to_owned(),
            addresses: vec![address],
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
        match fetcher.get(at, None).await? {
            Answer::Body { text, .. } => self.document(&text, at, fetcher.http()),
            // No `ETag` was sent, so there is nothing that can be unmodified.
            Answer::NotModified { .. } => Err(Failure::Document {
                at: at.to_string(),
                problem: DocumentProblem::NotMetadata,
            }),
        }
    }

    fn document(&self, text: &str, at: &Address, http: Http) -> Result<Document, Failure> {
        let (mut issuer, mut jwks_uri, mut introspection_endpoint) = (None, None, None);
        let read = read_json_object(text, |name, value| {
            let text = || value.as_str().map(std::borrow::Cow::into_owned);
            if name == "issuer" {
                issuer = text();
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
        if issuer != self.issuer {
            return Err(Failure::OtherIssuer {
                at: at.to_string(),
                found: issuer,
            });
        }
        let address = |member: Member, named: Option<String>| {
            let named = named.ok_or(DocumentProblem::NoAddress(member.name()))?;
            Address::parse(&named, at.http_of_what_it_names(http))
                .map_err(|problem| DocumentProblem::Address(member.name(), problem))
        };
        Ok(Document {
            at: at.clone(),
            jwks_uri: address(Member::JwksUri, jwks_uri),
            introspection_endpoint: address(Member::IntrospectionEndpoint, introspection_endpoint),
        })
    }

    /// The error of several addresses that gave nothing. The gravest failure is its cause.
    pub(super) fn gravest(&self, failures: Vec<Failure>) -> SourceError {
        let tried: Vec<_> = self.addresses.iter().map(Address::to_string).collect();
        let what = "no metadata was found".to_owned();
        // The first among the gravest: `max_by_key` would take the last.
        let gravest = failures.into_iter().reduce(|kept, next| {
            if next.gravity() > kept.gravity() {
                next
            } else {
                kept
            }
        });
        let gravity = gravest.as_ref().map(Failure::gravity);
        let retry_after = gravest.as_ref().and_then(Failure::retry_after);
        let kind = gravest.as_ref().map(Failure::kind);
        let mut error = match gravity {
            Some(Gravity::NotThere) => SourceError::new(format!("{what} at {}", tried.join(", "))),
            _ => SourceError::new(what),
        };
        if let Some(failure) = gravest {
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
enum Gravity {
    NotThere,
    NotADocument,
    Unusable,
    OtherIssuer,
    Unavailable,
}

/// What is wrong with a document.
#[derive(Clone, Debug, thiserror::Error)]
pub(super) enum DocumentProblem {
    #[error("the answer is no metadata document: it must be a JSON object that names its issuer")]
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
        found: String,
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
    fn gravity(&self) -> Gravity {
        match self {
            Failure::Panicked => Gravity::Unavailable,
            Failure::OtherIssuer { .. } => Gravity::OtherIssuer,
            Failure::Document {
                problem: DocumentProblem::NotMetadata,
                ..
            } => Gravity::NotADocument,
            Failure::Document { .. } => Gravity::Unusable,
            Failure::Fetch(error) => match error.status() {
                // RFC 9110 section 15.5.9, RFC 6585 section 4: not now.
                Some(408 | 429) => Gravity::Unavailable,
                Some(400..=499) => Gravity::NotThere,
                Some(_) => Gravity::Unavailable,
                None if error.is_network() => Gravity::Unavailable,
                None => Gravity::NotADocument,
            },
        }
    }

    pub(super) fn says_absent(&self) -> bool {
        matches!(self, Failure::Fetch(error) if error.says_absent())
    }

    pub(super) fn is_contradiction(&self) -> bool {
        matches!(self.gravity(), Gravity::OtherIssuer | Gravity::Unusable)
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
            Failure::OtherIssuer { at, found } => write!(
                f,
                "{at}: the document there is of issuer \"{}\": configure that name, or the address of the right document",
                excerpt(found)
            ),
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
