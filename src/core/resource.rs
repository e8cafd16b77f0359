//! What this API is called, and what its answers say: plain data.

use std::fmt;
use std::sync::Arc;

use crate::core::excerpt::without_user_info;
use crate::core::presentation::Schemes;
use crate::core::token::claims::values::Scope;
use crate::core::token_place::TokenPlace;

/// This API as a protected resource (RFC 9728 section 1.2): its identifier, and what its answers to
/// refused requests say.
///
/// Every value in an answer comes from here, and none from a request. So a forged `Host` header
/// changes nothing.
///
/// ```
/// use resource_server::{Issuer, Resource, Validator, testing::TestIssuer};
///
/// # let issuer = TestIssuer::new("https://as.example.com", "https://api.example.com/v1");
/// # let issuer = issuer.to_issuer();
/// let validator = Validator::builder()
///     .resource(
///         Resource::new("https://api.example.com/v1")
///             .scopes_supported(["orders:read", "orders:write"])
///             .entry_scopes(["orders:read"]),
///     )
///     .issuer(issuer)
///     .build()?;
/// let metadata = validator.resource_metadata()?;
/// assert_eq!(metadata.path(), "/.well-known/oauth-protected-resource/v1");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
#[must_use]
pub struct Resource {
    uri: String,
    /// Where its path begins. `None` if it can't be an identifier.
    path_at: Option<usize>,
    /// The same as it was set.
    as_set: String,
    realm: Option<String>,
    scopes_supported: Vec<String>,
    entry_scopes: Vec<String>,
    authorization_servers: Option<Vec<String>>,
    describes_errors: bool,
    body: ErrorBody,
    places: Vec<TokenPlace>,
    origin: Option<String>,
    /// The schemes that its Validator offers.
    schemes: Schemes,
}

/// The body of an answer to a refused request.
#[derive(Clone)]
pub(crate) enum ErrorBody {
    Empty,
    ProblemJson,
    Custom(Arc<BodyHook>),
}

type BodyHook = dyn Fn(u16, Option<&'static str>) -> (&'static str, String) + Send + Sync;

/// Why a [`Resource`] can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ResourceError {
    /// The identifier is not a URL that clients can use.
    #[error(
        "\"{}\" is not a resource identifier: write an https URL (http on loopback) without user, query and fragment",
        found.escape_debug()
    )]
    Identifier {
        /// The value that was set, without user and password.
        found: String,
    },
    /// The realm has characters outside printable ASCII.
    #[error("the realm \"{}\" has characters outside printable ASCII", found.escape_debug())]
    Realm {
        /// The value that was set.
        found: String,
    },
    /// A scope that no token can carry, or `offline_access`, which is for clients alone.
    #[error(
        "the scope \"{}\" is not one that a token for this API can carry (RFC 6749 section 3.3; offline_access is for \
         clients)",
        found.escape_debug()
    )]
    Scope {
        /// The value that was set.
        found: String,
    },
    /// A segment of the identifier's path is one that routers read as a capture.
    #[error(
        "a segment of the path of \"{}\" begins with : or *, which routers read as a capture, so its metadata could not \
         be served: choose another path",
        found.escape_debug()
    )]
    Path {
        /// The value that was set, without user and password.
        found: String,
    },
    /// There is no place that tokens are read from.
    #[error(
        "tokens are read from no place: name at least one, such as TokenPlace::authorization()"
    )]
    NoTokenPlace,
    /// A place that tokens are read from has a name that no request can have, or is named twice.
    #[error(
        "tokens can't be read from {found}: a name has only letters, digits and !#$%&'*+-.^_`|~, no place is named twice, \
         and Authorization, Cookie and Sec-WebSocket-Protocol have places of their own"
    )]
    TokenPlace {
        /// The place.
        found: String,
    },
    /// An authorization server is not a URL that clients can use.
    #[error(
        "\"{}\" is not an authorization server: write its issuer, an https URL (http on loopback) without user, query and \
         fragment",
        found.escape_debug()
    )]
    AuthorizationServer {
        /// The value that was set.
        found: String,
    },
}

impl Resource {
    /// A resource with this identifier (RFC 8707 section 2, RFC 9728 section 1.2): an https URL
    /// without query and fragment, as clients name it and as it appears in `aud`. `http` is
    /// accepted on loopback.
    ///
    /// Scheme and host are converted to lower case, since they have no case (RFC 3986 section
    /// 6.2.2.1). The path is kept byte for byte: `/mcp` and `/mcp/` are two resources.
    pub fn new(uri: impl Into<String>) -> Self {
        let as_set = uri.into();
        let uri = in_lower_case(as_set.clone());
        Resource {
            path_at: split_identifier(&uri).map(|(origin, _)| origin.len()),
            uri,
            as_set,
            realm: None,
            scopes_supported: Vec::new(),
            entry_scopes: Vec::new(),
            authorization_servers: None,
            describes_errors: false,
            body: ErrorBody::Empty,
            places: vec![TokenPlace::authorization()],
            origin: None,
            schemes: Schemes::BEARER,
        }
    }

    /// The `realm` of challenges (RFC 9110 section 11.5). By default there is none.
    pub fn realm(mut self, realm: impl Into<String>) -> Self {
        self.realm = Some(realm.into());
        self
    }

    /// The scopes that the metadata lists (RFC 9728 section 2). By default it lists none.
    pub fn scopes_supported<S: Into<String>>(
        mut self,
        scopes: impl IntoIterator<Item = S>,
    ) -> Self {
        self.scopes_supported = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// The scopes that the challenge names when a request has no credentials. By default it names
    /// none.
    pub fn entry_scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.entry_scopes = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// The authorization servers that the metadata lists. By default these are the issuers of the
    /// Validator whose name is a URL without a placeholder and whose keys are not a shared secret.
    pub fn authorization_servers<S: Into<String>>(
        mut self,
        issuers: impl IntoIterator<Item = S>,
    ) -> Self {
        self.authorization_servers = Some(issuers.into_iter().map(Into::into).collect());
        self
    }

    /// Adds an `error_description` to challenges (RFC 6750 section 3): a fixed text for each kind
    /// of refusal, which never says what this API expects. By default there is none.
    pub fn describe_errors(mut self) -> Self {
        self.describes_errors = true;
        self
    }

    /// Gives refused requests a body of `application/problem+json` (RFC 9457), with the status and
    /// the OAuth error. By default the body is empty.
    pub fn problem_json(mut self) -> Self {
        self.body = ErrorBody::ProblemJson;
        self
    }

    /// Gives refused requests a body of your own. The function gets the status and the OAuth error,
    /// if there is one, and gives the media type and the body. It can't change status and headers.
    /// If the media type is empty or has characters outside printable ASCII, the answer has no
    /// body.
    ///
    /// ```
    /// use resource_server::Resource;
    ///
    /// let resource = Resource::new("https://api.example.com").body(|status, error| {
    ///     let error = error.unwrap_or("none");
    ///     ("application/json", format!(r#"{{"code":{status},"error":"{error}"}}"#))
    /// });
    /// ```
    pub fn body(
        mut self,
        body: impl Fn(u16, Option<&'static str>) -> (&'static str, String) + Send + Sync + 'static,
    ) -> Self {
        self.body = ErrorBody::Custom(Arc::new(body));
        self
    }

    /// The places that the token of a request is read from. By default it is the `Authorization`
    /// header alone. Name that one too if it is still a place. A request that presents something in
    /// two of them is refused with 400.
    ///
    /// A token in the query string is never read, since URLs end up in logs (RFC 9700 section
    /// 4.3.2).
    pub fn tokens_from(mut self, places: impl IntoIterator<Item = TokenPlace>) -> Self {
        self.places = places.into_iter().collect();
        self
    }

    /// The origin by which clients reach this resource, for DPoP proofs, if it is another than that
    /// of [`Dpop::at`](crate::binding::Dpop::at): scheme, host and port. It has no effect without
    /// DPoP. A further resource ([`Validator::for_resource`](crate::Validator::for_resource)) has
    /// the origin of the Validator that it is made from, unless it sets one.
    pub fn dpop_origin(mut self, origin: impl Into<String>) -> Self {
        self.origin = Some(origin.into());
        self
    }

    /// The same, of a Validator that offers these schemes.
    pub(crate) fn offering(self, schemes: Schemes) -> Self {
        Resource { schemes, ..self }
    }

    pub(crate) fn schemes(&self) -> &Schemes {
        &self.schemes
    }

    pub(crate) fn origin(&self) -> Option<&str> {
        self.origin.as_deref()
    }

    /// Its identifier, with scheme and host in lower case.
    pub fn uri(&self) -> &str {
        &self.uri
    }

    /// Scheme and authority of its identifier, and the path after them; `None` if it can't be one.
    pub(crate) fn split_uri(&self) -> Option<(&str, &str)> {
        self.uri.split_at_checked(self.path_at?)
    }

    /// The audiences that name it. `https://host` and `https://host/` are one and the same (RFC
    /// 3986 section 6.2.3), so a resource without a path has both. An authorization server that has
    /// the URL as it was set may write upper case into tokens.
    pub(crate) fn audiences(&self) -> Vec<String> {
        let mut audiences = vec![self.uri.clone()];
        if self.as_set != self.uri {
            audiences.push(self.as_set.clone());
        }
        match self.split_uri() {
            Some((_, "")) => audiences.push(format!("{}/", self.uri)),
            Some((origin, "/")) => audiences.push(origin.to_owned()),
            Some(_) | None => {}
        }
        audiences
    }

    /// Everything that is wrong with it.
    pub(crate) fn problems(&self) -> Vec<ResourceError> {
        let mut problems = Vec::new();
        if !is_identifier(&self.uri) {
            let found = shown(&self.uri);
            problems.push(ResourceError::Identifier { found });
        }
        if let Some(realm) = &self.realm
            && !realm.bytes().all(|byte| matches!(byte, b' '..=b'~'))
        {
            let found = realm.clone();
            problems.push(ResourceError::Realm { found });
        }
        for scope in self.scopes_supported.iter().chain(&self.entry_scopes) {
            if scope.parse::<Scope>().is_err() || scope == "offline_access" {
                let found = scope.clone();
                problems.push(ResourceError::Scope { found });
            }
        }
        for server in self.authorization_servers.iter().flatten() {
            if !is_identifier(server) {
                let found = shown(server);
                problems.push(ResourceError::AuthorizationServer { found });
            }
        }
        if has_capture(&self.uri) {
            let found = shown(&self.uri);
            problems.push(ResourceError::Path { found });
        }
        if self.places.is_empty() {
            problems.push(ResourceError::NoTokenPlace);
        }
        for (position, place) in self.places.iter().enumerate() {
            let mut earlier = self.places.iter().take(position);
            if !place.is_sound() || earlier.any(|one| one == place) {
                let found = place.to_string();
                problems.push(ResourceError::TokenPlace { found });
            }
        }
        problems
    }

    pub(crate) fn realm_name(&self) -> Option<&str> {
        self.realm.as_deref()
    }

    pub(crate) fn supported(&self) -> &[String] {
        &self.scopes_supported
    }

    pub(crate) fn entry(&self) -> &[String] {
        &self.entry_scopes
    }

    pub(crate) fn servers(&self) -> Option<&[String]> {
        self.authorization_servers.as_deref()
    }

    pub(crate) fn describes_errors(&self) -> bool {
        self.describes_errors
    }

    pub(crate) fn places(&self) -> &[TokenPlace] {
        &self.places
    }

    pub(crate) fn error_body(&self) -> &ErrorBody {
        &self.body
    }
}

impl From<&str> for Resource {
    fn from(uri: &str) -> Self {
        Resource::new(uri)
    }
}

impl From<&String> for Resource {
    fn from(uri: &String) -> Self {
        Resource::new(uri)
    }
}

impl From<String> for Resource {
    fn from(uri: String) -> Self {
        Resource::new(uri)
    }
}

impl fmt::Debug for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resource")
            .field("uri", &shown(&self.uri))
            .finish_non_exhaustive()
    }
}

/// With scheme and authority in lower case, if clients can use it.
fn in_lower_case(uri: String) -> String {
    let scheme = uri.find("://").unwrap_or_default();
    let after_scheme = uri.get(scheme + 3..).unwrap_or_default();
    let authority = after_scheme.find('/').unwrap_or(after_scheme.len());
    let mut lower = uri.clone();
    if let Some(origin) = lower.get_mut(..scheme + 3 + authority) {
        origin.make_ascii_lowercase();
    }
    if is_identifier(&lower) { lower } else { uri }
}

/// Whether a router would read a segment of the path as a capture.
fn has_capture(uri: &str) -> bool {
    split_identifier(uri).is_some_and(|(_, path)| path.contains("/:") || path.contains("/*"))
}

/// Without the password that a mistaken URL may have.
fn shown(uri: &str) -> String {
    without_user_info(uri).into_owned()
}

/// Scheme and authority of a URL, and the path after them, where it is https, or http on loopback,
/// without user, query and fragment.
pub(crate) fn split_identifier(uri: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = uri.split_once("://")?;
    let path_at = rest.find('/').unwrap_or(rest.len());
    let (authority, path) = rest.split_at_checked(path_at)?;
    let is_sound = is_authority(authority) && path.bytes().all(is_path_byte);
    let is_safe = match scheme {
        "https" => true,
        "http" => is_loopback(authority),
        _ => false,
    };
    let origin = uri.get(..scheme.len() + 3 + path_at)?;
    (is_sound && is_safe).then_some((origin, path))
}

/// Whether clients can use it as the identifier of a resource or an authorization server.
pub(crate) fn is_identifier(uri: &str) -> bool {
    split_identifier(uri).is_some()
}

/// A host, which may be an IPv6 address in brackets, and a port where there is a colon.
fn is_authority(authority: &str) -> bool {
    let (host, port) = host_and_port(authority);
    let is_host = if let Some(rest) = host.strip_prefix('[') {
        let is_address = |byte: u8| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.');
        rest.strip_suffix(']')
            .is_some_and(|address| !address.is_empty() && address.bytes().all(is_address))
    } else {
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
        !host.is_empty() && host.bytes().all(is_name)
    };
    is_host
        && port.is_none_or(|port| {
            let is_number = port.bytes().all(|byte| byte.is_ascii_digit());
            is_number && port.len() <= 5 && port.parse::<u16>().is_ok()
        })
}

fn host_and_port(authority: &str) -> (&str, Option<&str>) {
    match authority.rsplit_once(':') {
        // A colon within brackets belongs to an IPv6 address.
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (authority, None),
    }
}

fn is_loopback(authority: &str) -> bool {
    let (host, _) = host_and_port(authority);
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || address
            .parse()
            .is_ok_and(|address: std::net::IpAddr| address.is_loopback())
}

/// Whether a path may have it (RFC 3986 section 3.3).
const fn is_path_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'!' | b'$'..=b'/' | b':' | b';' | b'=' | b'@' | b'_' | b'~'
        )
}
