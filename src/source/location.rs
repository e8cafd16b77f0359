//! Where a document is fetched from, as it is configured. A checked URL is an [`Address`].

use std::sync::Arc;

use crate::core::{Clock, IssuerTemplate};

use super::address::{Address, AddressError, Http};
use super::discovery::Discovery;
use super::fetcher::Fetcher;
use super::metadata::{Endpoint, IssuerMetadata};

/// Where from.
#[derive(Clone, Debug)]
pub(crate) enum Location {
    /// Where the issuer's metadata says. The metadata is found by the issuer's name.
    Discovery,
    /// Where the metadata at this URL says.
    MetadataAt(String),
    /// At this URL.
    DocumentAt(String),
}

impl Location {
    /// Whether each tenant of the template has a location of its own.
    pub(crate) fn is_by_tenant(&self, template: &IssuerTemplate) -> bool {
        match self {
            Location::Discovery => true,
            Location::MetadataAt(url) | Location::DocumentAt(url) => template.is_in(url),
        }
    }

    pub(crate) fn of_tenant(&self, template: &IssuerTemplate, tenant: &str) -> Self {
        match self {
            Location::Discovery => Location::Discovery,
            Location::MetadataAt(url) => Location::MetadataAt(template.fill(url, tenant)),
            Location::DocumentAt(url) => Location::DocumentAt(template.fill(url, tenant)),
        }
    }

    /// The issuer's metadata: found by the issuer's name, unless its URL is configured. One for all
    /// sources of the issuer. At a configured URL, an issuer's name may be the document's
    /// `access_token_issuer`; a tenant's may not, since the URL is configured for all tenants.
    pub(crate) fn metadata(
        &self,
        issuer: &str,
        is_template: bool,
        fetcher: &Fetcher,
        clock: &Arc<dyn Clock>,
    ) -> Result<Arc<IssuerMetadata>, AddressError> {
        let http = fetcher.http();
        let discovery = match self {
            Location::Discovery | Location::DocumentAt(_) => Discovery::by_name(issuer, http)?,
            Location::MetadataAt(url) => {
                Discovery::at(issuer, Address::parse(url, http)?, !is_template)
            }
        };
        Ok(IssuerMetadata::new(discovery, fetcher, clock))
    }

    /// The address itself, or the metadata that names it.
    pub(crate) fn endpoint(
        &self,
        metadata: &Result<Arc<IssuerMetadata>, AddressError>,
        http: Http,
    ) -> Result<Endpoint, AddressError> {
        match self {
            Location::DocumentAt(url) => Address::parse(url, http).map(Endpoint::At),
            Location::Discovery | Location::MetadataAt(_) => {
                metadata.clone().map(Endpoint::InMetadata)
            }
        }
    }
}
