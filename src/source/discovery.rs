//! Where an issuer's keys are, or where it is asked about tokens: authorization server metadata (RFC 8414) and OpenID Connect
//! Discovery.

use std::fmt;
use std::time::Duration;

use crate::core::{excerpt, read_json_object};

use super::SourceError;
use super::address::{Address, AddressProblem, Http};
use super::fetcher::{Answer, FetchError, Fetcher};

/// What to ask for an issuer's metadata.
pub(crate) struct Discovery {
    issuer: String,
    wanted: Wanted,
    /// In the order in which they are tried.
    addresses: Vec<Address>,
}

/// The address that is looked for in the metadata.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// RFC 8414 section 2.
    JwksUri,
    /// RFC 8414 section 2, of RFC 7662.
    IntrospectionEndpoint,
}

impl Wanted {
    const fn member(self) -> &'static str {
        match self {
            Wanted::JwksUri => "jwks_uri",
            Wanted::IntrospectionEndpoint => "introspection_endpoint",
        }
    }
}

/// What a metadata document says, once it is known to be the issuer's.
pub(crate) struct Metadata {
    /// Where it was found.
    pub(crate) found_at: Address,
    /// The wanted one.
    pub(crate) address: Address,
}

/// Why no metadata was found.
pub(crate) struct NotFound {
    pub(crate) error: SourceError,
    /// Where the issuer's document was found before, there is one now that is another issuer's or unusable.
    pub(crate) is_contradiction: bool,
    /// Each address says that the issuer doesn't exist.
    pub(crate) is_absent: bool,
}

impl Discovery {
    /// By the issuer's name: the well-known paths of RFC 8414 section 3 and of OpenID Connect Discovery section 4, the
    /// latter behind the issuer's path and between host and path.
    pub(crate) fn by_name(
        issuer: &str,
        wanted: Wanted,
        http: Http,
    ) -> Result<Self, AddressProblem> {
        let name = Address::parse(issuer, http)?;
        if name.url().query().is_some() {
            return Err(AddressProblem::Query);
        }
        if name.url().path().contains("/.well-known/") {
            return Err(AddressProblem::WellKnown);
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
            wanted,
            addresses,
        })
    }

    /// By the address of its metadata document, which is compared with the issuer's name all the same.
    pub(crate) fn at(issuer: &str, wanted: Wanted, address: Address) -> Self {
        Discovery {
            issuer: issuer.to_owned(),
            wanted,
            addresses: vec![address],
        }
    }

    /// The address that is configured, or follows from the issuer's name.
    pub(crate) fn home(&self) -> Option<&Address> {
        self.addresses.first()
    }

    /// How many addresses there are to try.
    pub(crate) fn count(&self) -> u32 {
        u32::try_from(self.addresses.len()).unwrap_or(u32::MAX)
    }

    /// Finds the metadata, at the address where it was last time if that is known.
    ///
    /// An answer that is not the issuer's document leads on to the next address: hosts have all kinds of things at paths
    /// that they don't know. Where none fits, the gravest answer is the error.
    pub(crate) async fn find(
        &self,
        fetcher: &Fetcher,
        last: Option<&Address>,
    ) -> Result<Metadata, NotFound> {
        let mut failures: Vec<Failure> = Vec::new();
        let mut contradiction = None;
        let others = self
            .addresses
            .iter()
            .filter(|address| Some(*address) != last);
        for address in last.into_iter().chain(others) {
            let failure = match fetcher.get(address, None).await {
                Err(error) => Failure::from(error),
                // No `ETag` was sent, so there is nothing that can be unmodified.
                Ok(Answer::NotModified { .. }) => continue,
                Ok(Answer::Body { text, .. }) => match self.read(&text, address, fetcher.http()) {
                    Ok(metadata) => return Ok(metadata),
                    Err(failure) => failure,
                },
            };
            // Other addresses may always have been another issuer's; where ours was found, that says something.
            if last == Some(address) && failure.is_contradiction() {
                contradiction = Some(failure);
            } else {
                failures.push(failure);
            }
        }
        Err(match contradiction {
            Some(failure) => NotFound {
                error: self.gravest(vec![failure]),
                is_contradiction: true,
                is_absent: false,
            },
            None => NotFound {
                is_contradiction: false,
                is_absent: failures.len() == self.addresses.len()
                    && failures.iter().all(Failure::says_absent),
                error: self.gravest(failures),
            },
        })
    }

    fn read(&self, text: &str, at: &Address, http: Http) -> Result<Metadata, Failure> {
        let mut issuer = None;
        let mut named = None;
        let member = self.wanted.member();
        let read = read_json_object(text, |name, value| match name {
            "issuer" => issuer = value.as_str().map(std::borrow::Cow::into_owned),
            _ if name == member => named = value.as_str().map(std::borrow::Cow::into_owned),
            _ => {}
        })
        .is_ok();
        let document = |problem| Failure::Document {
            at: at.to_string(),
            problem,
        };
        let (true, Some(issuer)) = (read, issuer) else {
            return Err(document(DocumentProblem::NotMetadata));
        };
        if issuer != self.issuer {
            return Err(Failure::OtherIssuer {
                at: at.to_string(),
                found: issuer,
            });
        }
        let Some(named) = named else {
            return Err(document(DocumentProblem::NoAddress(member)));
        };
        let address = Address::parse(&named, at.http_of_what_it_names(http))
            .map_err(|problem| document(DocumentProblem::Address(member, problem)))?;
        Ok(Metadata {
            found_at: at.clone(),
            address,
        })
    }

    fn gravest(&self, failures: Vec<Failure>) -> SourceError {
        let tried: Vec<_> = self.addresses.iter().map(Address::to_string).collect();
        let what = format!("no metadata of issuer \"{}\" was found", self.issuer);
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
        let mut error = match gravity {
            Some(Gravity::NotThere) => SourceError::new(format!("{what} at {}", tried.join(", "))),
            _ => SourceError::new(what),
        };
        if let Some(failure) = gravest {
            error = error.caused_by(failure);
        }
        if let Some(after) = retry_after {
            error = error.retry_in(after);
        }
        error
    }
}

/// For the fuzz target: the document as if found at the issuer's first address.
#[cfg(fuzzing)]
pub(crate) fn keys_named_by_metadata(issuer: &str, text: &str) -> Option<String> {
    let discovery = Discovery::by_name(issuer, Wanted::JwksUri, Http::ToLoopback).ok()?;
    let at = discovery.home()?;
    let metadata = discovery.read(text, at, Http::ToLoopback).ok()?;
    Some(metadata.address.url().to_string())
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
#[derive(Debug, thiserror::Error)]
enum DocumentProblem {
    #[error("the answer is no metadata document: it must be a JSON object that names its issuer")]
    NotMetadata,
    #[error("the metadata document has no {0}")]
    NoAddress(&'static str),
    #[error("the metadata document's {0} may not be fetched from: {1}")]
    Address(&'static str, AddressProblem),
}

/// Why one address gave no metadata.
#[derive(Debug)]
enum Failure {
    Fetch(FetchError),
    Document {
        at: String,
        problem: DocumentProblem,
    },
    OtherIssuer {
        at: String,
        found: String,
    },
}

impl From<FetchError> for Failure {
    fn from(error: FetchError) -> Self {
        Failure::Fetch(error)
    }
}

impl Failure {
    fn gravity(&self) -> Gravity {
        match self {
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

    fn says_absent(&self) -> bool {
        matches!(self, Failure::Fetch(error) if error.says_absent())
    }

    fn is_contradiction(&self) -> bool {
        matches!(self.gravity(), Gravity::OtherIssuer | Gravity::Unusable)
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
            let discovery = Discovery::by_name(issuer, Wanted::JwksUri, Http::Never).unwrap();
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
            Discovery::by_name("https://as.example.com?x=1", Wanted::JwksUri, Http::Never).err(),
            Some(AddressProblem::Query)
        );
        assert_eq!(
            Discovery::by_name(
                "https://as.example.com/.well-known/openid-configuration",
                Wanted::JwksUri,
                Http::Never
            )
            .err(),
            Some(AddressProblem::WellKnown)
        );
    }
}
