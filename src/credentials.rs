//! What a request presented.

use std::fmt;

use crate::core::CredentialsFault;

/// What a request presented to get access: plain borrowed values, without a type of a framework.
///
/// ```
/// use resource_server::Credentials;
///
/// let lines: [&[u8]; 1] = [b"Bearer eyJ..."];
/// let presented = Credentials::from_authorization(lines);
/// let the_same = Credentials::bearer("eyJ...");
/// let nothing = Credentials::none();
/// ```
#[derive(Clone)]
pub struct Credentials<'r>(Presented<'r>);

#[derive(Clone, Copy)]
pub(crate) enum Presented<'r> {
    Nothing,
    Bearer(&'r str),
    /// A token under the scheme `DPoP` (RFC 9449 section 7.1).
    Dpop,
    /// Something that is not one access token.
    Malformed(CredentialsFault),
}

impl<'r> Credentials<'r> {
    /// An access token under the Bearer scheme (RFC 6750 section 2.1): the token alone, without
    /// `Bearer `.
    pub const fn bearer(token: &'r str) -> Self {
        Credentials(Presented::Bearer(token))
    }

    /// No credentials. The request is rejected with
    /// [`Reason::NoCredentials`](crate::Reason::NoCredentials), whose challenge has no error.
    pub const fn none() -> Self {
        Credentials(Presented::Nothing)
    }

    pub(crate) const fn of(presented: Presented<'r>) -> Self {
        Credentials(presented)
    }

    /// The token under the Bearer scheme.
    pub(crate) const fn bearer_token(&self) -> Option<&'r str> {
        match self.0 {
            Presented::Bearer(token) => Some(token),
            Presented::Nothing | Presented::Dpop | Presented::Malformed(_) => None,
        }
    }

    pub(crate) const fn are_none(&self) -> bool {
        matches!(self.0, Presented::Nothing)
    }

    pub(crate) const fn presented(&self) -> Presented<'r> {
        self.0
    }
}

impl fmt::Debug for Credentials<'_> {
    /// Shows no token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Presented::Nothing => "Credentials(none)",
            Presented::Bearer(_) => "Credentials(bearer)",
            Presented::Dpop => "Credentials(DPoP)",
            Presented::Malformed(_) => "Credentials(malformed)",
        })
    }
}
