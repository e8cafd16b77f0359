//! The claims that a claim mapping names: client, roles, principal and scopes. Each check returns
//! the value that it has read, so that the access token has the same.

use crate::core::json::Value;
use crate::core::policy::accepted::Policy;
use crate::core::policy::mapping::Unreadable;
use crate::core::token::bytes::all_bytes;
use crate::core::token::claims::checked::Name;
use crate::core::token::claims::scope_claim::ScopeClaim;
use crate::core::token::claims::values::is_scope_byte;
use crate::core::token::payload::{Claim, Payload};
use crate::core::token::text::OneOrMany;
use crate::core::verdict::claims::ClaimRefusal;
use crate::core::verdict::rejection::Rejection;

pub(crate) fn check_client<'p>(
    payload: &'p Payload,
    policy: &Policy,
) -> Result<Name<'p>, Rejection> {
    let client = policy.mapping().client(payload).map_err(unreadable)?;
    let is_allowed = match &policy.settings().allowed_clients {
        None => true,
        Some(allowed) => client
            .text(payload)
            .is_some_and(|client| allowed.iter().any(|name| name == client)),
    };
    if is_allowed {
        Ok(client)
    } else {
        let slip = policy.mapping().dotted_client_claim(payload);
        Err(ClaimRefusal::ClientNotAllowed { slip }.into())
    }
}

pub(crate) fn check_roles<'p>(
    payload: &'p Payload,
    policy: &Policy,
) -> Result<Vec<Value<'p>>, Rejection> {
    policy.mapping().roles(payload).map_err(unreadable)
}

pub(crate) fn check_principal<'p>(
    payload: &'p Payload,
    policy: &Policy,
) -> Result<Name<'p>, Rejection> {
    policy.mapping().principal(payload).map_err(unreadable)
}

/// Gives the claim that the scopes are in; every scope in it is well-formed.
pub(crate) fn check_scope(payload: &Payload, policy: &Policy) -> Result<ScopeClaim, Rejection> {
    let read_from = policy.mapping().scopes(payload);
    let allows_array = match read_from {
        ScopeClaim::Scope => policy.settings().allow_scope_array == Some(true),
        ScopeClaim::Scp => true,
    };
    let is_sound = match payload.scopes(read_from) {
        Claim::Is(OneOrMany::Many(_)) if !allows_array => {
            return Err(ClaimRefusal::ScopeInList.into());
        }
        Claim::Absent => true,
        Claim::Malformed => false,
        Claim::Is(OneOrMany::One(text)) => all_bytes(text.of(payload.text()), |byte| {
            byte == b' ' || is_scope_byte(byte)
        }),
        Claim::Is(list) => {
            let mut are_scopes = true;
            let is_allowed = |character| u8::try_from(character).is_ok_and(is_scope_byte);
            let are_strings = list.each(payload.text(), usize::MAX, |entry| {
                are_scopes &= entry.all(is_allowed);
            });
            are_strings.is_some() && are_scopes
        }
    };
    if is_sound {
        Ok(read_from)
    } else {
        Err(ClaimRefusal::MalformedScope.into())
    }
}

fn unreadable(claim: Unreadable) -> Rejection {
    match claim {
        Unreadable::Registered(name) => ClaimRefusal::Malformed(name).into(),
        Unreadable::Mapped(path) => ClaimRefusal::Unreadable(path).into(),
    }
}
