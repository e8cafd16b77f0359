//! The metadata of this API as a protected resource (RFC 9728).

use serde_json::{Map, Value};

use crate::core::{Resource, TokenPlace, split_identifier};
use crate::error::Misconfigured;
use crate::validator::Validator;

/// Where metadata is, between host and path (RFC 9728 section 3.1).
pub(crate) const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";

/// The metadata document of this API (RFC 9728 section 2), and the path that serves it.
///
/// Serve the [body](ResourceMetadata::body) at the [path](ResourceMetadata::path) with status 200
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
    /// No [`resource`](crate::ValidatorBuilder::resource) is set.
    pub fn resource_metadata(&self) -> Result<ResourceMetadata, Misconfigured> {
        let resource = self.resource().ok_or_else(Misconfigured::no_resource)?;
        Ok(ResourceMetadata::new(
            resource,
            self.authorization_servers(),
        ))
    }
}

impl ResourceMetadata {
    /// Makes the metadata of a resource whose issuers have these names.
    fn new<'i>(resource: &Resource, issuers: impl Iterator<Item = &'i str>) -> Self {
        let mut members = Map::new();
        members.insert("resource".to_owned(), resource.uri().into());
        let servers: Vec<Value> = match resource.servers() {
            Some(servers) => servers
                .iter()
                .map(|server| server.as_str().into())
                .collect(),
            None => issuers.map(Into::into).collect(),
        };
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
        ResourceMetadata {
            url: url_of(resource.uri()).unwrap_or_default(),
            path: path_of(resource.uri()),
            body: Value::Object(members).to_string(),
        }
    }

    /// The address of the document, as challenges name it.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The path of the document on this API's host.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The document, as JSON.
    pub fn body(&self) -> &str {
        &self.body
    }
}

/// The address of the metadata of a resource.
pub(super) fn url_of(resource: &str) -> Option<String> {
    let (origin, _) = split_identifier(resource)?;
    Some(format!("{origin}{}", path_of(resource)))
}

/// A lone slash after the host is dropped (RFC 9728 section 3.1).
fn path_of(resource: &str) -> String {
    let path = split_identifier(resource).map_or("", |(_, path)| path);
    let path = if path == "/" { "" } else { path };
    format!("{WELL_KNOWN}{path}")
}
