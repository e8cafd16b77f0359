//! What a request presented.

use std::fmt;

/// What a request presented to get access: plain borrowed values, without a type of a framework.
///
/// ```
/// use resource_server::Credentials;
///
/// let presented = Credentials::bearer("eyJ...");
/// let nothing = Credentials::none();
/// ```
#[derive(Clone)]
pub struct Credentials<'r> {
    token: Option<&'r str>,
}

impl<'r> Credentials<'r> {
    /// An access token under the Bearer scheme (RFC 6750 section 2.1): the token alone, without
    /// `Bearer `.
    pub const fn bearer(token: &'r str) -> Self {
        Credentials { token: Some(token) }
    }

    /// No credentials. The request is rejected with
    /// [`Reason::NoCredentials`](crate::Reason::NoCredentials), whose challenge has no error.
    pub const fn none() -> Self {
        Credentials { token: None }
    }

    pub(crate) const fn token(&self) -> Option<&'r str> {
        self.token
    }
}

impl fmt::Debug for Credentials<'_> {
    /// Shows no token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.token {
            Some(_) => "Credentials(bearer)",
            None => "Credentials(none)",
        })
    }
}
