//! The checks of claims, one a function: for those of a JWT and of an introspection response alike.

use std::time::Duration;

use crate::core::checks::spiffe::trust_domain;
use crate::core::excerpt::excerpt;
use crate::core::json::Value;
use crate::core::policy::tenants::IssuerTemplate;
use crate::core::policy::{Policy, Profile};
use crate::core::time::NumericDate;
use crate::core::token::claims::access_token::scope_claim;
use crate::core::token::claims::claim_path::find;
use crate::core::token::claims::mapped::{actors_of, check_roles, client_of, principal_of};
use crate::core::token::claims::values::is_scope_byte;
use crate::core::token::payload::{Claim, Payload};
use crate::core::token::text::OneOrMany;
use crate::core::verdict::facts::{AcceptedIssuers, Facts};
use crate::core::verdict::reason::Reason;
use crate::core::verdict::rejection::Rejection;

pub(crate) fn wrong_issuer(found: &str, accepted: AcceptedIssuers) -> Rejection {
    let found = excerpt(found);
    Rejection::new(Reason::IssuerMismatch, Facts::Issuer { found, accepted })
}

/// That `iss` is the policy's, and of a template a tenant's that is allowed.
pub(crate) fn check_issuer_name(
    found: &str,
    payload: &Payload,
    policy: &Policy,
) -> Result<(), Rejection> {
    let Some((template, tenants)) = policy.tenants() else {
        if found == policy.issuer() {
            return Ok(());
        }
        return Err(wrong_issuer(found, AcceptedIssuers::One(policy.clone())));
    };
    let Some(tenant) = template.tenant_of(found) else {
        return Err(wrong_issuer(found, AcceptedIssuers::One(policy.clone())));
    };
    if !tenants.allow(tenant) {
        let facts = Facts::Tenant {
            found: excerpt(found),
            policy: policy.clone(),
        };
        return Err(Rejection::new(Reason::TenantNotAllowed, facts));
    }
    // The issuer's own word on the tenant, where it gives one.
    match payload.tid {
        Claim::Malformed => return Err(malformed("tid")),
        Claim::Is(_) if payload.str_of(&payload.tid) != Some(tenant) => {
            return Err(Rejection::plain(Reason::TenantMismatch));
        }
        Claim::Absent | Claim::Is(_) => {}
    }
    Ok(())
}

/// Whether a key that is stated for an issuer is for this token's: such sets hold the keys of many.
pub(crate) fn is_key_of(key_issuer: Option<&str>, payload: &Payload, policy: &Policy) -> bool {
    let (Some(_), Some(key_issuer)) = (policy.template(), key_issuer) else {
        return true;
    };
    let Some(issuer) = payload.str_of(&payload.iss) else {
        return false;
    };
    key_issuer == issuer
        || IssuerTemplate::parse(key_issuer)
            .is_some_and(|template| template.tenant_of(issuer).is_some())
}

/// The subject of an SVID is a workload of the trust domain that the policy is about.
pub(crate) fn check_trust_domain(payload: &Payload, policy: &Policy) -> Result<(), Rejection> {
    if policy.profile() != Profile::JwtSvid {
        return Ok(());
    }
    if payload.sub.is_absent() {
        return Err(missing("sub"));
    }
    let id = payload.str_of(&payload.sub);
    let found = id.and_then(trust_domain).ok_or_else(|| malformed("sub"))?;
    if found == policy.issuer() {
        return Ok(());
    }
    Err(wrong_issuer(found, AcceptedIssuers::One(policy.clone())))
}

/// Amazon Cognito says what a token is in `token_use`, and in nothing else.
pub(crate) fn check_token_use(payload: &Payload, policy: &Policy) -> Result<(), Rejection> {
    if policy.profile() != Profile::Cognito {
        return Ok(());
    }
    let stated = find(payload, "token_use").and_then(Value::as_str);
    if stated.is_some_and(|stated| stated == "access") {
        return Ok(());
    }
    let facts = Facts::Member("token_use");
    Err(Rejection::new(Reason::NotAnAccessToken, facts))
}

/// Entries of a refused token that `explain()` shows.
pub(crate) const MAX_SHOWN_AUDIENCES: usize = 10;

pub(crate) fn check_audience(payload: &Payload, policy: &Policy) -> Result<(), Rejection> {
    // Told one by one, so that a long list of a token for somebody else costs little.
    let (mut is_empty, mut is_accepted) = (true, false);
    match &payload.aud {
        // The client says whom the token is for.
        Claim::Absent if policy.profile() == Profile::Cognito => return Ok(()),
        Claim::Malformed => return Err(malformed("aud")),
        Claim::Absent => {}
        Claim::Is(audience) => audience
            .each(payload.text(), usize::MAX, |entry| {
                is_empty &= entry.is_empty();
                is_accepted = is_accepted || policy.audiences().any(|accepted| entry.is(accepted));
            })
            .ok_or_else(|| malformed("aud"))?,
    }
    if is_empty {
        return Err(Rejection::plain(Reason::AudienceMissing));
    }
    if is_accepted {
        return Ok(());
    }
    let mut found = Vec::new();
    if let Claim::Is(audience) = &payload.aud {
        audience.each(payload.text(), MAX_SHOWN_AUDIENCES, |entry| {
            found.push(excerpt(&entry.unescaped()));
        });
    }
    let policy = policy.clone();
    let facts = Facts::Audience { found, policy };
    Err(Rejection::new(Reason::AudienceMismatch, facts))
}

pub(crate) fn check_expiry_is_there(payload: &Payload) -> Result<(), Rejection> {
    if payload.exp.is_absent() {
        return Err(Rejection::plain(Reason::ExpiryMissing));
    }
    Ok(())
}

/// An end, a beginning and a time of issue that are there count.
pub(crate) fn check_time(
    payload: &Payload,
    policy: &Policy,
    now: NumericDate,
) -> Result<(), Rejection> {
    let skew = policy.clock_skew();
    let refuse = |reason, at, limit: Option<Duration>| {
        let facts = Facts::Time {
            at,
            now,
            skew,
            limit,
        };
        Err(Rejection::new(reason, facts))
    };
    match payload.exp {
        Claim::Malformed => return Err(malformed("exp")),
        // Good strictly before exp + skew: RFC 7519 has "on or after" for the end.
        Claim::Is(exp) if now >= exp.saturating_add(skew) => {
            return refuse(Reason::Expired, exp, None);
        }
        Claim::Absent | Claim::Is(_) => {}
    }
    let latest_start = now.saturating_add(skew);
    match payload.nbf {
        Claim::Malformed => return Err(malformed("nbf")),
        Claim::Is(nbf) if nbf > latest_start => return refuse(Reason::NotYetValid, nbf, None),
        Claim::Absent | Claim::Is(_) => {}
    }
    match payload.iat {
        Claim::Malformed => return Err(malformed("iat")),
        Claim::Is(iat) if iat > latest_start => {
            return refuse(Reason::IssuedInTheFuture, iat, None);
        }
        Claim::Absent | Claim::Is(_) => {}
    }
    if let Some(max_age) = policy.max_token_age() {
        let Some(iat) = payload.iat.get().copied() else {
            return Err(missing("iat"));
        };
        if now >= iat.saturating_add(max_age).saturating_add(skew) {
            return refuse(Reason::TooOld, iat, Some(max_age));
        }
    }
    if let Some(max_remaining) = policy.max_remaining() {
        let Some(exp) = payload.exp.get().copied() else {
            return Err(Rejection::plain(Reason::ExpiryMissing));
        };
        if exp > latest_start.saturating_add(max_remaining) {
            return refuse(Reason::LifetimeTooLong, exp, Some(max_remaining));
        }
    }
    Ok(())
}

pub(crate) fn check_other_types(payload: &Payload) -> Result<(), Rejection> {
    for (name, claim) in [
        ("sub", &payload.sub),
        ("jti", &payload.jti),
        ("client_id", &payload.client_id),
    ] {
        if claim.is_malformed() {
            return Err(malformed(name));
        }
    }
    match payload.other_malformed {
        Some(name) => Err(malformed(name)),
        None => actors_of(payload).map(drop),
    }
}

pub(crate) fn check_required(payload: &Payload, policy: &Policy) -> Result<(), Rejection> {
    if policy.profile() != Profile::Rfc9068 {
        return Ok(());
    }
    // iss, exp and aud are required of every token, and were checked above.
    let says_something = |claim| payload.str_of(claim).is_some_and(|text| !text.is_empty());
    let present = [
        ("sub", says_something(&payload.sub)),
        ("client_id", says_something(&payload.client_id)),
        ("iat", payload.iat.get().is_some()),
        ("jti", says_something(&payload.jti)),
    ];
    match present.iter().find(|(_, is_present)| !is_present) {
        Some((name, _)) => Err(missing(name)),
        None => Ok(()),
    }
}

pub(crate) fn check_client(payload: &Payload, policy: &Policy) -> Result<(), Rejection> {
    let client = client_of(payload, policy)?;
    let Some(allowed) = policy.allowed_clients() else {
        return Ok(());
    };
    if client.is_some_and(|client| allowed.iter().any(|name| *name == client)) {
        Ok(())
    } else {
        Err(Rejection::plain(Reason::ClientNotAllowed))
    }
}

pub(crate) fn check_required_claims(payload: &Payload, policy: &Policy) -> Result<(), Rejection> {
    policy
        .required_claims()
        .iter()
        .try_for_each(|required| required.check(payload))
}

/// Roles and principal are of their types.
pub(crate) fn check_mapped(payload: &Payload, policy: &Policy) -> Result<(), Rejection> {
    check_roles(payload, policy)?;
    principal_of(payload, policy).map(drop)
}

pub(crate) fn check_scope(payload: &Payload, policy: &Policy) -> Result<(), Rejection> {
    let (claim, is_scope) = scope_claim(payload, policy);
    let sound = match claim {
        Claim::Absent => true,
        Claim::Malformed => false,
        Claim::Is(OneOrMany::One(text)) => text
            .of(payload.text())
            .bytes()
            .all(|byte| byte == b' ' || is_scope_byte(byte)),
        Claim::Is(list) => {
            (!is_scope || policy.allows_scope_array()) && {
                let (mut are_scopes, mut room) = (true, String::new());
                let are_strings = list.each(payload.text(), usize::MAX, |entry| {
                    let mut bytes = entry.unescaped_in(&mut room).bytes();
                    are_scopes &= bytes.all(is_scope_byte);
                });
                are_strings.is_some() && are_scopes
            }
        }
    };
    if sound {
        Ok(())
    } else {
        Err(Rejection::plain(Reason::MalformedScope))
    }
}

pub(crate) fn check_confirmation(payload: &Payload) -> Result<(), Rejection> {
    match payload.cnf() {
        Claim::Malformed => Err(Rejection::plain(Reason::MalformedConfirmation)),
        Claim::Is(confirmation) if confirmation.asks_for_nothing_known() => {
            Err(Rejection::plain(Reason::UnknownConfirmation))
        }
        Claim::Absent | Claim::Is(_) => Ok(()),
    }
}

pub(crate) fn malformed(name: &'static str) -> Rejection {
    Rejection::new(Reason::MalformedClaim, Facts::Member(name))
}

fn missing(name: &'static str) -> Rejection {
    Rejection::new(Reason::ClaimMissing, Facts::Member(name))
}
