//! Who issued the token: one issuer, a tenant of many, or a SPIFFE trust domain.

use crate::core::checks::kind::typ_of;
use crate::core::excerpt::excerpt;
use crate::core::policy::accepted::Policy;
use crate::core::policy::profile::Profile;
use crate::core::token::claims::spiffe::trust_domain;
use crate::core::token::jws::UnverifiedJwt;
use crate::core::token::payload::{Claim, Payload};
use crate::core::verdict::claims::ClaimRefusal;
use crate::core::verdict::issuer::{AcceptedIssuers, IssuerRefusal};
use crate::core::verdict::rejection::Rejection;

pub(crate) fn check_issuer(jwt: &UnverifiedJwt<'_>, policy: &Policy) -> Result<(), Rejection> {
    let payload = jwt.payload();
    match trust_domain_of(jwt) {
        Some(domain) if policy.profile() == Profile::JwtSvid => {
            check_issuer_name(domain, payload, policy)?;
        }
        _ => check_issuer_name(issuer_of(jwt)?, payload, policy)?,
    }
    check_trust_domain(payload, policy)
}

/// The trust domain of a token without `iss` whose `sub` is a SPIFFE ID. It selects the policy and
/// the keys, if JWT-SVIDs are accepted.
pub(crate) fn trust_domain_of<'a>(jwt: &'a UnverifiedJwt<'_>) -> Option<&'a str> {
    let payload = jwt.payload();
    if !payload.iss.is_absent() {
        return None;
    }
    trust_domain(payload.str_of(&payload.sub)?)
}

/// The `iss` claim, which selects the policy and the keys. Every token but a JWT-SVID needs it.
pub(crate) fn issuer_of<'a>(jwt: &'a UnverifiedJwt<'_>) -> Result<&'a str, Rejection> {
    if jwt.payload().iss.is_malformed() {
        return Err(ClaimRefusal::Malformed("iss").into());
    }
    jwt.issuer().ok_or_else(|| {
        let typ = typ_of(jwt);
        IssuerRefusal::Missing { typ }.into()
    })
}

pub(crate) fn wrong_issuer(found: &str, accepted: AcceptedIssuers) -> Rejection {
    let found = excerpt(found);
    IssuerRefusal::Mismatch { found, accepted }.into()
}

/// Checks that `iss` is the policy's, or of an allowed tenant if the policy has a template.
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
        let (found, policy) = (excerpt(found), policy.clone());
        return Err(IssuerRefusal::TenantNotAllowed { found, policy }.into());
    }
    // The issuer may name the tenant too, and then must agree.
    match payload.tid {
        Claim::Malformed => return Err(ClaimRefusal::Malformed("tid").into()),
        Claim::Is(_) if payload.str_of(&payload.tid) != Some(tenant) => {
            return Err(IssuerRefusal::TenantMismatch.into());
        }
        Claim::Absent | Claim::Is(_) => {}
    }
    Ok(())
}

/// Checks that the subject of a JWT-SVID is a workload of the policy's trust domain.
pub(crate) fn check_trust_domain(payload: &Payload, policy: &Policy) -> Result<(), Rejection> {
    if policy.profile() != Profile::JwtSvid {
        return Ok(());
    }
    if payload.sub.is_absent() {
        return Err(ClaimRefusal::Missing("sub").into());
    }
    let id = payload.str_of(&payload.sub);
    let Some(found) = id.and_then(trust_domain) else {
        return Err(ClaimRefusal::Malformed("sub").into());
    };
    if found == policy.issuer() {
        return Ok(());
    }
    Err(wrong_issuer(found, AcceptedIssuers::One(policy.clone())))
}
