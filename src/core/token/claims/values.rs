//! Registered claims as users read them: audience, scopes, confirmation.

use std::fmt;
use std::str::FromStr;

use crate::core::thumbprint::Thumbprint;
use crate::core::token::text::Text;

/// The `aud` claim: the resources that a token is meant for (RFC 7519 section 4.1.3).
///
/// It is compared byte for byte: a trailing slash or another case makes another audience.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use resource_server::{Issuer, Validator, testing::TestIssuer};
/// # let issuer = TestIssuer::new("https://as.example.com", "https://api.example.com");
/// # let validator = Validator::builder()
/// #     .audience("https://api.example.com")
/// #     .issuer(issuer.to_issuer())
/// #     .build()?;
/// # let token = validator.validate_cached(&issuer.token().mint()).unwrap()?;
/// assert!(token.audience().contains("https://api.example.com"));
/// assert!(!token.audience().contains("https://api.example.com/"));
/// assert_eq!(token.audience().iter().count(), 1);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy)]
pub struct Audience<'t> {
    entries: &'t [Text],
    within: &'t str,
}

impl<'t> Audience<'t> {
    pub(crate) const fn new(entries: &'t [Text], within: &'t str) -> Self {
        Audience { entries, within }
    }

    /// Whether this is one of the audiences, byte for byte.
    pub fn contains(&self, audience: &str) -> bool {
        self.iter().any(|entry| entry == audience)
    }

    /// Every audience, in the token's order.
    pub fn iter(&self) -> impl Iterator<Item = &'t str> + use<'t> {
        let within = self.within;
        self.entries.iter().map(move |entry| entry.of(within))
    }
}

impl fmt::Debug for Audience<'_> {
    /// Shows how many, not which.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Audience({} entries)", self.entries.len())
    }
}

/// The scopes that a token carries (RFC 6749 section 3.3, RFC 9068 section 2.2.3).
///
/// Membership is exact and case-sensitive: `admin` is not granted by `administrator`, nor
/// `orders:read` by `orders`.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use resource_server::{Issuer, Validator, testing::TestIssuer};
/// # let issuer = TestIssuer::new("https://as.example.com", "https://api.example.com");
/// # let validator = Validator::builder()
/// #     .audience("https://api.example.com")
/// #     .issuer(issuer.to_issuer())
/// #     .build()?;
/// let minted = issuer.token().scope("orders:read orders:write").mint();
/// let token = validator.validate_cached(&minted).unwrap()?;
/// assert!(token.scopes().contains("orders:read"));
/// assert!(!token.scopes().contains("orders"));
/// assert_eq!(token.scopes().iter().collect::<Vec<_>>(), ["orders:read", "orders:write"]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy)]
pub struct ScopeSet<'t> {
    entries: &'t [Text],
    within: &'t str,
}

impl<'t> ScopeSet<'t> {
    pub(crate) const fn new(entries: &'t [Text], within: &'t str) -> Self {
        ScopeSet { entries, within }
    }

    /// Whether the token carries this scope.
    pub fn contains(&self, scope: &str) -> bool {
        self.iter().any(|granted| granted == scope)
    }

    /// Every scope, in the token's order, duplicates included.
    pub fn iter(&self) -> impl Iterator<Item = &'t str> + use<'t> {
        let within = self.within;
        self.entries
            .iter()
            .flat_map(move |entry| entry.of(within).split(' '))
            .filter(|scope| !scope.is_empty())
    }

    /// Whether the token carries no scope at all.
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }
}

impl fmt::Debug for ScopeSet<'_> {
    /// Shows how many, not which.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ScopeSet({} scopes)", self.iter().count())
    }
}

/// Whether RFC 6749 section 3.3 allows it in a scope: printable ASCII except space, `"` and `\`.
pub(crate) const fn is_scope_byte(byte: u8) -> bool {
    matches!(byte, 0x21 | 0x23..=0x5B | 0x5D..=0x7E)
}

/// One scope that is well-formed by RFC 6749 section 3.3. Use it for scopes from outside, such as a
/// configuration file.
///
/// ```
/// use resource_server::{Requirement, claims::Scope};
///
/// let scope: Scope = "orders:read".parse()?;
/// let requirement = Requirement::scope(&scope);
/// assert!("orders read".parse::<Scope>().is_err());
/// # Ok::<(), resource_server::error::ScopeError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Scope(Box<str>);

impl Scope {
    /// The scope's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Scope {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Scope {
    type Err = ScopeError;

    /// # Errors
    /// The text is empty, or has a character outside RFC 6749 section 3.3. A space is one: this is
    /// a scope, not a list.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.is_empty() || !text.bytes().all(is_scope_byte) {
            return Err(ScopeError);
        }
        Ok(Scope(text.into()))
    }
}

/// The text is not one scope of RFC 6749 section 3.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a scope: one or more printable ASCII characters without space, quote and backslash")]
pub struct ScopeError;

/// What the presenter of a token must prove to hold: its `cnf` claim (RFC 7800, RFC 8705 section
/// 3.1, RFC 9449 section 6.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Confirmation {
    jkt: Option<Thumbprint>,
    x5t_s256: Option<Thumbprint>,
}

impl Confirmation {
    pub(crate) const fn new(jkt: Option<Thumbprint>, x5t_s256: Option<Thumbprint>) -> Self {
        Confirmation { jkt, x5t_s256 }
    }

    /// Whether it has only members that this crate doesn't know.
    pub(crate) const fn asks_for_nothing_known(&self) -> bool {
        self.jkt.is_none() && self.x5t_s256.is_none()
    }

    /// `jkt`: the thumbprint of the DPoP key.
    pub const fn jkt(&self) -> Option<Thumbprint> {
        self.jkt
    }

    /// `x5t#S256`: the thumbprint of the client's certificate.
    pub const fn x5t_s256(&self) -> Option<Thumbprint> {
        self.x5t_s256
    }
}
