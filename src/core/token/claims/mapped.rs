//! What is read from claims of the policy's choice: the client, the roles and the principal. And the chain of actors.

use std::borrow::Cow;

use crate::core::checks::claims::malformed;
use crate::core::json::{self, Value};
use crate::core::policy::{Policy, Profile};
use crate::core::token::claims::claim_path::{ClaimPath, Found, strings};
use crate::core::token::payload::{Claim, Payload};
use crate::core::verdict::facts::Facts;
use crate::core::verdict::reason::Reason;
use crate::core::verdict::rejection::Rejection;

/// Actors of one token: the current one and those before it.
pub(crate) const MAX_ACTORS: usize = 8;

/// Of one token. Nothing is kept where there is nothing.
#[derive(Default)]
pub(crate) struct Mapped {
    /// Where it is another claim than `client_id`.
    pub(crate) client: Option<Box<str>>,
    pub(crate) roles: Box<[Box<str>]>,
    /// Where it is another claim than `sub`.
    pub(crate) principal: Option<Box<str>>,
    /// The current one first.
    pub(crate) actors: Box<[ActorClaims]>,
}

/// One `act` (RFC 8693 section 4.1).
pub(crate) struct ActorClaims {
    pub(crate) issuer: Option<Box<str>>,
    pub(crate) subject: Option<Box<str>>,
}

impl Mapped {
    /// Of claims that were checked.
    pub(crate) fn read(payload: &Payload, policy: &Policy) -> Result<Self, Rejection> {
        let client = if client_is_registered(payload, policy) {
            None
        } else {
            client_of(payload, policy)?.map(Into::into)
        };
        let roles = roles_of(payload, policy)?;
        Ok(Mapped {
            client,
            roles: roles.into_iter().map(Into::into).collect(),
            principal: principal_of(payload, policy)?.map(Into::into),
            actors: actors_of(payload)?.into(),
        })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.client.is_none()
            && self.roles.is_empty()
            && self.principal.is_none()
            && self.actors.is_empty()
    }
}

/// Whether the client is what `client_id` says.
pub(crate) fn client_is_registered(payload: &Payload, policy: &Policy) -> bool {
    policy.client_claims().is_none() && payload.client_id.get().is_some()
}

/// The client that a token was issued to, where a claim says it: `client_id` (RFC 8693 section 4.3), else `azp` (OpenID
/// Connect Core section 2), unless the policy names others.
pub(crate) fn client_of<'p>(
    payload: &'p Payload,
    policy: &Policy,
) -> Result<Option<Cow<'p, str>>, Rejection> {
    if let Some(paths) = policy.client_claims() {
        return first_string(payload, paths);
    }
    match &payload.client_id {
        Claim::Is(text) => Ok(Some(Cow::Borrowed(text.of(payload.text())))),
        Claim::Malformed => Err(malformed("client_id")),
        Claim::Absent if policy.profile() == Profile::Cognito => Ok(None),
        Claim::Absent if payload.azp.is_malformed() => Err(malformed("azp")),
        Claim::Absent => Ok(payload.str_of(&payload.azp).map(Cow::Borrowed)),
    }
}

/// That each path of the policy has strings or nothing. No role is copied before the signature was
/// checked.
pub(crate) fn check_roles(payload: &Payload, policy: &Policy) -> Result<(), Rejection> {
    each_of_roles(payload, policy, |value| {
        value.has_only_strings().then_some(())
    })
}

/// The roles at every path of the policy, or none.
fn roles_of<'p>(payload: &'p Payload, policy: &Policy) -> Result<Vec<Cow<'p, str>>, Rejection> {
    let mut roles = Vec::new();
    each_of_roles(payload, policy, |value| {
        let found = strings(value)?;
        roles.extend(found.into_iter().filter(|role| !role.is_empty()));
        Some(())
    })?;
    Ok(roles)
}

/// Reads the value at each path that roles are read from; `None` if it is of the wrong type.
fn each_of_roles<'p>(
    payload: &'p Payload,
    policy: &Policy,
    mut read: impl FnMut(Value<'p>) -> Option<()>,
) -> Result<(), Rejection> {
    for path in policy.roles_from() {
        match path.find(payload) {
            Found::Absent => {}
            Found::Unreachable => return Err(misfit(path)),
            Found::Value(value) => read(value).ok_or_else(|| misfit(path))?,
        }
    }
    Ok(())
}

/// By the policy's paths. `None` also where it has none and the principal is the subject.
pub(crate) fn principal_of<'p>(
    payload: &'p Payload,
    policy: &Policy,
) -> Result<Option<Cow<'p, str>>, Rejection> {
    first_string(payload, policy.principal_from().unwrap_or_default())
}

/// The first that is there counts, and must be a string.
fn first_string<'p>(
    payload: &'p Payload,
    paths: &[ClaimPath],
) -> Result<Option<Cow<'p, str>>, Rejection> {
    for path in paths {
        match path.find(payload) {
            Found::Absent => {}
            Found::Unreachable => return Err(misfit(path)),
            Found::Value(value) => return value.as_str().map(Some).ok_or_else(|| misfit(path)),
        }
    }
    Ok(None)
}

/// The chain of `act` (RFC 8693 section 4.1), the current actor first.
pub(crate) fn actors_of(payload: &Payload) -> Result<Vec<ActorClaims>, Rejection> {
    let refused = || malformed("act");
    let mut actors = Vec::new();
    let mut next = payload.has_actor.then(|| payload.find("act")).flatten();
    while let Some(act) = next.take() {
        if actors.len() == MAX_ACTORS {
            return Err(refused());
        }
        let (mut issuer, mut subject) = (None, None);
        json::read_object(act.text(), |name, value| match name {
            "iss" => issuer = Some(value),
            "sub" => subject = Some(value),
            "act" => next = Some(value),
            _ => {}
        })
        .map_err(|_| refused())?;
        let string = |value: Option<json::Value<'_>>| {
            value
                .map(|value| value.as_str().map(Into::into).ok_or_else(refused))
                .transpose()
        };
        actors.push(ActorClaims {
            issuer: string(issuer)?,
            subject: string(subject)?,
        });
    }
    Ok(actors)
}

fn misfit(path: &ClaimPath) -> Rejection {
    Rejection::new(Reason::MalformedClaim, Facts::Claim(path.clone()))
}
