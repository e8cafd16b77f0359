//! Who a token represents: issuer and subject as one, and whether that is a client or a user.

use std::borrow::Cow;
use std::fmt;

/// Who a token represents: `sub` is unique only within its `iss` (RFC 7519 section 4.1.2, RFC 9700
/// section 4.15), so the two are one value. Use it as the key of data that you store by user. Don't
/// use `sub` alone, which another issuer may give to someone else. Don't use a name or an email
/// address, which may change and be given to another user.
///
/// An issuer may have clients and users with the same name: see [`SubjectKind`].
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use resource_server::{Issuer, Validator, claims::Identity, testing::TestIssuer};
/// # use std::collections::HashMap;
/// # let issuer = TestIssuer::new("https://as.example.com", "https://api.example.com");
/// # let validator = Validator::builder()
/// #     .audience("https://api.example.com")
/// #     .issuer(issuer.to_issuer())
/// #     .build()?;
/// let token = validator.validate_cached(&issuer.token().subject("alice").mint()).unwrap()?;
/// let identity = token.identity().expect("this token has a subject");
/// assert_eq!((identity.issuer(), identity.subject()), ("https://as.example.com", "alice"));
///
/// // To keep beyond the token, and to be found by one that borrows.
/// let mut visits: HashMap<Identity<'static>, u32> = HashMap::new();
/// *visits.entry(identity.clone().into_owned()).or_default() += 1;
/// assert_eq!(visits.get(&identity), Some(&1));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Identity<'t> {
    issuer: Cow<'t, str>,
    subject: Cow<'t, str>,
}

impl<'t> Identity<'t> {
    pub(crate) const fn new(issuer: &'t str, subject: &'t str) -> Self {
        Identity {
            issuer: Cow::Borrowed(issuer),
            subject: Cow::Borrowed(subject),
        }
    }

    /// The issuer: the `iss` claim.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The `sub` claim.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// The same value, without a borrow.
    pub fn into_owned(self) -> Identity<'static> {
        Identity {
            issuer: Cow::Owned(self.issuer.into_owned()),
            subject: Cow::Owned(self.subject.into_owned()),
        }
    }
}

impl fmt::Debug for Identity<'_> {
    /// Names the type only.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity(..)")
    }
}

/// Whether the subject of a token is a client that acts for itself (client credentials grant, RFC
/// 6749 section 4.4) or a user: [`AccessToken::subject_kind`](crate::AccessToken::subject_kind).
///
/// Suppose a client registers a `client_id` equal to a user's `sub`. Its token then has the same
/// [`identity`](crate::AccessToken::identity) as that user (RFC 9700 section 4.15). So check the
/// kind before you treat a subject as a user, and reject the token if the kind is unknown.
///
/// It is reliable only if the issuer keeps client ids and user ids apart (section 4.15.1). A user
/// can otherwise choose a `sub` equal to the `client_id` of the client that signs the user in. That
/// user then looks like the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SubjectKind {
    /// A client that acts for itself.
    Client,
    /// A user.
    User,
}
