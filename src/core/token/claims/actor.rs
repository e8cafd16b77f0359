//! Who acts for a token's subject (RFC 8693 section 4.1).

use std::fmt;

/// The most actors of one token: the current one and those before it.
pub(crate) const MAX_ACTORS: usize = 8;

/// One `act` (RFC 8693 section 4.1).
pub(crate) struct ActorClaims {
    pub(crate) issuer: Option<Box<str>>,
    pub(crate) subject: Option<Box<str>>,
}

/// Who acts for the subject of a token, by its `act` claim (RFC 8693 section 4.1). The outermost is
/// the current actor; those inside acted before it.
///
/// Only the current actor may be considered in a decision about access; earlier ones are
/// informational. A `may_act` claim (section 4.4) makes no one an actor: it is for the
/// authorization server and is not read here. A chain of more than 8 actors is rejected.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use resource_server::{Validator, testing::TestIssuer};
/// # use serde_json::json;
/// # let issuer = TestIssuer::new("https://as.example.com", "https://api.example.com");
/// # let validator = Validator::builder()
/// #     .audience("https://api.example.com")
/// #     .issuer(issuer.to_issuer())
/// #     .build()?;
/// let act = json!({"sub": "orders-service", "act": {"sub": "gateway"}});
/// let minted = issuer.token().subject("alice").claim("act", act).mint();
/// let token = validator.validate_cached(&minted).unwrap()?;
///
/// let actor = token.actor().expect("someone acts for alice");
/// assert_eq!(actor.subject(), Some("orders-service"));
/// assert_eq!(actor.prior().unwrap().subject(), Some("gateway"));
/// assert_eq!(token.actors().count(), 2);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy)]
pub struct Actor<'t> {
    claims: &'t ActorClaims,
    prior: &'t [ActorClaims],
}

impl<'t> Actor<'t> {
    /// The first of a chain.
    pub(crate) fn current(chain: &'t [ActorClaims]) -> Option<Self> {
        let (claims, prior) = chain.split_first()?;
        Some(Actor { claims, prior })
    }

    /// The actor's `sub`.
    pub fn subject(&self) -> Option<&'t str> {
        self.claims.subject.as_deref()
    }

    /// The actor's `iss`: the issuer that assigned the subject. `None` if the token doesn't have
    /// it.
    pub fn issuer(&self) -> Option<&'t str> {
        self.claims.issuer.as_deref()
    }

    /// The actor who acted before this one.
    pub fn prior(&self) -> Option<Self> {
        Actor::current(self.prior)
    }
}

impl fmt::Debug for Actor<'_> {
    /// Names the type only.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Actor(..)")
    }
}
