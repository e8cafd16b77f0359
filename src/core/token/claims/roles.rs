//! The roles of a token, as users read them.

use std::fmt;

use crate::core::token::text::Text;

/// The roles that a token's user or client has, from the claims that
/// [`PolicyBuilder::role_claims`](crate::PolicyBuilder::role_claims) names. Membership is exact and
/// case-sensitive.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use resource_server::{Policy, Validator, claims::ClaimPath, testing::TestIssuer};
/// # use serde_json::json;
/// # let issuer = TestIssuer::new("https://as.example.com", "https://api.example.com");
/// let settings = Policy::builder()
///     .role_claims([ClaimPath::nested(["realm_access", "roles"]), ClaimPath::from("groups")]);
/// # let validator = Validator::builder()
/// #     .audience("https://api.example.com")
/// #     .issuer(issuer.to_issuer().policy(settings))
/// #     .build()?;
/// let minted = issuer
///     .token()
///     .claim("realm_access", json!({"roles": ["clerk"]}))
///     .claim("groups", "staff")
///     .mint();
/// let token = validator.validate_cached(&minted).unwrap()?;
/// assert_eq!(token.roles().iter().collect::<Vec<_>>(), ["clerk", "staff"]);
/// assert!(token.has_role("clerk") && !token.has_role("cler"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy)]
pub struct RoleSet<'t> {
    roles: &'t [Text],
    /// The claims set that they are in.
    text: &'t str,
}

impl<'t> RoleSet<'t> {
    pub(crate) const fn new(roles: &'t [Text], text: &'t str) -> Self {
        RoleSet { roles, text }
    }

    /// Whether this is one of the roles.
    pub fn contains(&self, role: &str) -> bool {
        self.iter().any(|granted| granted == role)
    }

    /// Every role, in the order of the policy's claims and then of the token, duplicates included.
    pub fn iter(&self) -> impl Iterator<Item = &'t str> + use<'t> {
        let text = self.text;
        self.roles.iter().map(move |role| role.of(text))
    }

    /// Whether there are no roles.
    pub fn is_empty(&self) -> bool {
        self.roles.is_empty()
    }
}

impl fmt::Debug for RoleSet<'_> {
    /// Shows how many, not which.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RoleSet({} roles)", self.roles.len())
    }
}
