//! Registered claims, and those that the policy requires.

use crate::core::json;
use crate::core::policy::accepted::Policy;
use crate::core::policy::profile::Profile;
use crate::core::token::claims::actor::{ActorClaims, MAX_ACTORS};
use crate::core::token::claims::claim_path::{DottedName, Found};
use crate::core::token::claims::required_claim::RequiredClaim;
use crate::core::token::payload::{Claim, Payload};
use crate::core::verdict::claims::ClaimRefusal;
use crate::core::verdict::possession::PossessionRefusal;
use crate::core::verdict::rejection::Rejection;

/// Checks the types of claims that accessors of the access token rest on. `auth_time` and `acr` are
/// checked only where the profile defines them (RFC 9068 section 2.2.1): some issuers write them in
/// types of their own, and nothing else reads them.
pub(crate) fn check_other_types(payload: &Payload, policy: &Policy) -> Result<(), Rejection> {
    for (name, claim) in [
        ("sub", &payload.sub),
        ("jti", &payload.jti),
        ("client_id", &payload.client_id),
    ] {
        if claim.is_malformed() {
            return Err(ClaimRefusal::Malformed(name).into());
        }
    }
    // An empty subject would be an identity that every such token shares.
    if payload.str_of(&payload.sub) == Some("") {
        return Err(ClaimRefusal::EmptySubject.into());
    }
    if payload.act.is_malformed() {
        return Err(ClaimRefusal::MalformedActor.into());
    }
    match payload.malformed_authentication {
        Some(name) if policy.profile() == Profile::Rfc9068 => {
            Err(ClaimRefusal::Malformed(name).into())
        }
        Some(_) | None => Ok(()),
    }
}

/// Reads the chain of actors, the current one first.
pub(crate) fn check_actors(payload: &Payload) -> Result<Vec<ActorClaims>, Rejection> {
    let refused = || Rejection::from(ClaimRefusal::MalformedActor);
    let mut actors = Vec::new();
    let mut next = payload.act.get().and_then(|()| payload.find("act"));
    while let Some(act) = next.take() {
        if actors.len() == MAX_ACTORS {
            return Err(refused());
        }
        let (mut issuer, mut subject) = (None, None);
        json::read_object(act.text(), |name, value| match name {
            _ if payload.is_absence(value) => {}
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

pub(crate) fn check_required(payload: &Payload, policy: &Policy) -> Result<(), Rejection> {
    if policy.profile() != Profile::Rfc9068 {
        return Ok(());
    }
    // Every token needs iss, exp and aud, which were checked before.
    let says_something = |claim| payload.str_of(claim).is_some_and(|text| !text.is_empty());
    let present = [
        ("sub", says_something(&payload.sub)),
        ("client_id", says_something(&payload.client_id)),
        ("iat", payload.iat.get().is_some()),
        ("jti", says_something(&payload.jti)),
    ];
    match present.iter().find(|(_, is_present)| !is_present) {
        Some((name, _)) => Err(ClaimRefusal::Missing(name).into()),
        None => Ok(()),
    }
}

pub(crate) fn check_required_claims(payload: &Payload, policy: &Policy) -> Result<(), Rejection> {
    let mut required = policy.settings().required_claims.iter().flatten();
    required.try_for_each(|required| check_required_claim(payload, required))
}

fn check_required_claim(payload: &Payload, required: &RequiredClaim) -> Result<(), Rejection> {
    let value = match required.path().find(payload) {
        Found::Value(value) if value.text() != "null" => value,
        Found::Value(_) | Found::Absent | Found::Unreachable => {
            let slip = DottedName::find(required.path(), payload);
            let required = required.clone();
            return Err(ClaimRefusal::RequiredMissing { required, slip }.into());
        }
    };
    if required.is_met_by(value) {
        Ok(())
    } else {
        Err(ClaimRefusal::RequiredMismatch(required.clone()).into())
    }
}

pub(crate) fn check_confirmation(payload: &Payload) -> Result<(), Rejection> {
    match payload.cnf() {
        Claim::Malformed => Err(PossessionRefusal::Malformed.into()),
        Claim::Is(confirmation) if confirmation.asks_for_nothing_known() => {
            Err(PossessionRefusal::Unknown.into())
        }
        Claim::Absent | Claim::Is(_) => Ok(()),
    }
}
