//! The metadata of this API as a protected resource (RFC 9728).

use std::iter;

use serde_json::{Map, Value};

use crate::core::{Resource, TokenPlace};
use crate::error::Misconfigured;
use crate::validator::Validator;

/// Where metadata is, between host and path (RFC 9728 section 3.1).
pub(crate) const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";

/// The metadata document of this API (RFC 9728 section 2), and the paths that serve it.
///
/// Serve the [body](ResourceMetadata::body) at the [paths](ResourceMetadata::paths) with status 200
/// and the media type `application/json`, to `GET` requests without a token. A client that got a
/// 401 finds there which authorization server issues tokens for this API.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use resource_server::{Resource, Validator, testing::TestIssuer};
///
/// # let issuer = TestIssuer::new("https://as.example.com", "https://api.example.com");
/// let validator = Validator::builder()
///     .resource("https://api.example.com")
///     .issuer(issuer.to_issuer()) // https://as.example.com
///     .build()?;
/// let metadata = validator.resource_metadata()?;
/// assert_eq!(metadata.path(), "/.well-known/oauth-protected-resource");
/// let body: serde_json::Value = serde_json::from_str(metadata.body())?;
/// assert_eq!(body["resource"], "https://api.example.com");
/// assert_eq!(body["authorization_servers"][0], "https://as.example.com");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceMetadata {
    url: String,
    path: String,
    is_at_root: bool,
    body: String,
}

impl Validator {
    /// The metadata of this API as a protected resource (RFC 9728), for clients without a token.
    ///
    /// It lists what [`Resource::authorization_servers`](crate::Resource::authorization_servers)
    /// sets. By default these are the issuers of the Validator whose name is a URL without a
    /// placeholder and whose keys are not a shared secret.
    ///
    /// # Errors
    /// No [`resource`](crate::ValidatorBuilder::resource) is set. Or there is no authorization
    /// server to list, so that no client could get a token.
    pub fn resource_metadata(&self) -> Result<ResourceMetadata, Misconfigured> {
        let resource = self.resource().ok_or_else(Misconfigured::no_resource)?;
        ResourceMetadata::new(resource, self.authorization_servers())
    }
}

impl ResourceMetadata {
    /// Makes the metadata of a resource whose issuers have these names.
    fn new<'i>(
        resource: &Resource,
        issuers: impl Iterator<Item = &'i str>,
    ) -> Result<Self, Misconfigured> {
        let mut members = Map::new();
        members.insert("resource".to_owned(), resource.uri().into());
        let servers: Vec<Value> = match resource.servers() {
            Some(servers) => servers
                .iter()
                .map(|server| server.as_str().into())
                .collect(),
            None => issuers.map(Into::into).collect(),
        };
        if servers.is_empty() {
            return Err(Misconfigured::no_authorization_server());
        }
        let mut list = |name: &str, values: Vec<Value>| {
            if !values.is_empty() {
                members.insert(name.to_owned(), values.into());
            }
        };
        list("authorization_servers", servers);
        let scopes = resource.supported().iter();
        list(
            "scopes_supported",
            scopes.map(|scope| scope.as_str().into()).collect(),
        );
        let reads_header = resource.places().contains(&TokenPlace::authorization());
        let methods = reads_header.then(|| "header".into());
        list("bearer_methods_supported", methods.into_iter().collect());
        let schemes = resource.schemes();
        let algorithms = schemes.dpop_algorithms.iter().flatten();
        list(
            "dpop_signing_alg_values_supported",
            algorithms.map(|name| (*name).into()).collect(),
        );
        for (name, is_so) in [
            ("dpop_bound_access_tokens_required", schemes.requires_dpop),
            (
                "tls_client_certificate_bound_access_tokens",
                schemes.offers_certificates,
            ),
        ] {
            if is_so {
                members.insert(name.to_owned(), true.into());
            }
        }
        // `build()` rejects an invalid identifier, so the fallback is never used.
        let [origin, well_known, path] = url_parts(resource).unwrap_or(["", WELL_KNOWN, ""]);
        Ok(ResourceMetadata {
            url: [origin, well_known, path].concat(),
            path: [well_known, path].concat(),
            is_at_root: false,
            body: Value::Object(members).to_string(),
        })
    }

    /// Serves the document at the root's well-known path too, where clients of the Model Context
    /// Protocol look for it next. Call this for the only resource of a server, if it has a path.
    ///
    /// It is a setting, since a Validator can't know whether it is the only one of a server: a
    /// router refuses two documents at one path.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use resource_server::{Validator, testing::TestIssuer};
    /// # let issuer = TestIssuer::new("https://as.example.com", "https://api.example.com/mcp");
    /// # let builder = Validator::builder().resource("https://api.example.com/mcp");
    /// # let validator = builder.issuer(issuer.to_issuer()).build()?;
    /// let metadata = validator.resource_metadata()?.at_root_too();
    /// assert!(metadata.paths().eq([
    ///     "/.well-known/oauth-protected-resource/mcp",
    ///     "/.well-known/oauth-protected-resource",
    /// ]));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn at_root_too(mut self) -> Self {
        self.is_at_root = true;
        self
    }

    /// The address of the document, as challenges name it.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The path of the document on this API's host.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// All paths to serve the document at: its [own](ResourceMetadata::path), and the
    /// [root's](ResourceMetadata::at_root_too) where that is another one and is wanted.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        let root = (self.is_at_root && self.path != WELL_KNOWN).then_some(WELL_KNOWN);
        iter::once(self.path()).chain(root)
    }

    /// The document, as JSON.
    pub fn body(&self) -> &str {
        &self.body
    }
}

/// The address of the metadata of a resource: the origin, and a path of two parts. A lone slash
/// after the host is dropped (RFC 9728 section 3.1).
pub(super) fn url_parts(resource: &Resource) -> Option<[&str; 3]> {
    let (origin, path) = resource.split_uri()?;
    let path = if path == "/" { "" } else { path };
    Some([origin, WELL_KNOWN, path])
}
