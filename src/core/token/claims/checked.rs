//! The claims of a token that the checks have read: the same values reach the access token.

use std::borrow::Cow;
use std::sync::Arc;

use crate::core::json::Value;
use crate::core::time::NumericDate;
use crate::core::token::claims::actor::ActorClaims;
use crate::core::token::claims::claim_path::one_or_many;
use crate::core::token::claims::roles::RoleSet;
use crate::core::token::claims::scope_claim::ScopeClaim;
use crate::core::token::footprint::{ALLOCATION, of_text};
use crate::core::token::payload::Payload;
use crate::core::token::text::Text;

/// A name that the claims give to a client or a principal.
pub(crate) enum Name<'p> {
    /// No claim names it.
    Absent,
    /// It is in a registered claim.
    Registered(Registered),
    /// It is in a claim that the policy names.
    Mapped(Cow<'p, str>),
}

/// A registered claim that names a client or a principal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Registered {
    /// `client_id`.
    ClientId,
    /// `azp`.
    Azp,
    /// `sub`.
    Subject,
}

impl Registered {
    fn of(self, payload: &Payload) -> Option<&str> {
        payload.str_of(match self {
            Registered::ClientId => &payload.client_id,
            Registered::Azp => &payload.azp,
            Registered::Subject => &payload.sub,
        })
    }
}

impl Name<'_> {
    pub(crate) fn text<'a>(&'a self, payload: &'a Payload) -> Option<&'a str> {
        match self {
            Name::Absent => None,
            Name::Registered(claim) => claim.of(payload),
            Name::Mapped(text) => Some(text),
        }
    }

    /// The registered claim, or else the text to keep.
    fn into_parts(self) -> (Option<Registered>, Option<Box<str>>) {
        match self {
            Name::Absent => (None, None),
            Name::Registered(claim) => (Some(claim), None),
            Name::Mapped(text) => (None, Some(text.into())),
        }
    }
}

/// What the checks have read of a claims set and found sound. They borrow, so that a token that is
/// refused later costs little.
pub(crate) struct CheckedClaims<'p> {
    pub(crate) payload: &'p Arc<Payload>,
    pub(crate) client: Name<'p>,
    pub(crate) principal: Name<'p>,
    /// Claims that are one role or a list of roles.
    pub(crate) roles: Vec<Value<'p>>,
    /// The current actor first.
    pub(crate) actors: Vec<ActorClaims>,
    /// The claim that the scopes are in.
    pub(crate) scopes: ScopeClaim,
    /// When they were checked.
    pub(crate) at: NumericDate,
}

impl CheckedClaims<'_> {
    /// The same, to keep with an access token.
    pub(crate) fn into_kept(self) -> KeptClaims {
        let (client_claim, client) = self.client.into_parts();
        let (principal_claim, principal) = self.principal.into_parts();
        let mapped = Mapped {
            client,
            principal,
            roles: roles_in(&self.roles, self.payload.text()),
            actors: self.actors.into(),
        };
        KeptClaims {
            payload: Arc::clone(self.payload),
            client_claim,
            principal_claim,
            scope_claim: self.scopes,
            mapped: (!mapped.is_empty()).then(|| Arc::new(mapped)),
        }
    }
}

/// Every role of the claims, which are slices of `text`. Empty roles are left out.
fn roles_in(claims: &[Value<'_>], text: &str) -> Box<[Text]> {
    let roles = claims.iter().copied().flat_map(one_or_many).flatten();
    let roles = roles.filter(|role| !role.is_empty());
    roles
        .filter_map(|role| Text::of_string(role, text))
        .collect()
}

/// The claims of an access token. Cloning is cheap, and registered claims take no memory of their
/// own.
#[derive(Clone)]
pub(crate) struct KeptClaims {
    payload: Arc<Payload>,
    client_claim: Option<Registered>,
    principal_claim: Option<Registered>,
    scope_claim: ScopeClaim,
    mapped: Option<Arc<Mapped>>,
}

/// The values that are in no registered claim.
struct Mapped {
    client: Option<Box<str>>,
    principal: Option<Box<str>>,
    roles: Box<[Text]>,
    actors: Box<[ActorClaims]>,
}

impl Mapped {
    fn is_empty(&self) -> bool {
        self.client.is_none()
            && self.principal.is_none()
            && self.roles.is_empty()
            && self.actors.is_empty()
    }

    fn estimated_bytes(&self) -> usize {
        let name = |name: &Option<Box<str>>| name.as_deref().map_or(0, of_text);
        let roles = self.roles.iter();
        let roles = roles.map(|role| size_of::<Text>() + role.estimated_bytes());
        let actors = self
            .actors
            .iter()
            .map(|actor| size_of::<ActorClaims>() + name(&actor.issuer) + name(&actor.subject));
        ALLOCATION
            + size_of::<Self>()
            + name(&self.client)
            + name(&self.principal)
            + roles.chain(actors).sum::<usize>()
    }
}

impl KeptClaims {
    pub(crate) fn payload(&self) -> &Payload {
        &self.payload
    }

    pub(crate) fn client(&self) -> Option<&str> {
        match self.client_claim {
            Some(claim) => claim.of(&self.payload),
            None => self.mapped.as_ref()?.client.as_deref(),
        }
    }

    pub(crate) fn principal(&self) -> Option<&str> {
        match self.principal_claim {
            Some(claim) => claim.of(&self.payload),
            None => self.mapped.as_ref()?.principal.as_deref(),
        }
    }

    pub(crate) fn roles(&self) -> RoleSet<'_> {
        let mapped = self.mapped.as_ref();
        RoleSet::new(
            mapped.map_or(&[], |mapped| &mapped.roles),
            self.payload.text(),
        )
    }

    /// The current actor first.
    pub(crate) fn actors(&self) -> &[ActorClaims] {
        self.mapped.as_ref().map_or(&[], |mapped| &mapped.actors)
    }

    pub(crate) fn scope_claim(&self) -> ScopeClaim {
        self.scope_claim
    }

    /// An estimate of their memory.
    pub(crate) fn estimated_bytes(&self) -> usize {
        let mapped = self.mapped.as_ref();
        self.payload.estimated_bytes() + mapped.map_or(0, |mapped| mapped.estimated_bytes())
    }
}
