//! What a token lacks for an operation.

use std::time::Duration;

use crate::core::access_token::AccessToken;
use crate::core::json::Value;
use crate::core::token::claims::claim_path::{Found, find};
use crate::core::token::claims::requirement::{Kind, Requirement};
use crate::core::token::claims::values::Scope;
use crate::core::token::date::{Rounding, read_date};
use crate::core::verdict::operation::{Deficit, OperationRefusal, Unmet};
use crate::core::verdict::rejection::Rejection;

/// Rejects the token for an operation that it does not allow. A malformed requirement allows none.
pub(crate) fn check_requirement(
    token: &AccessToken,
    requirement: &Requirement,
) -> Result<(), Rejection> {
    if is_met(token, requirement) {
        return Ok(());
    }
    let need = need(token, requirement);
    let mut deficit = Deficit {
        scopes: need.scopes.into_iter().map(str::to_owned).collect(),
        acr: need
            .acr
            .unwrap_or_default()
            .into_iter()
            .map(str::to_owned)
            .collect(),
        max_age: None,
        is_forbidden: false,
        lacks_scope: false,
        lacking: Vec::new(),
    };
    let (mut lacking_acr, mut lacks_role) = (None, false);
    deficit.lacking = need.named.into_iter().cloned().collect();
    for part in need.lacks {
        match part.kind() {
            Kind::AllScopes(_) | Kind::AnyScope(_) => deficit.lacks_scope = true,
            // Values that all of several parts accept, so that one sign-in is enough.
            Kind::Acr(values) => lacking_acr = Some(values),
            // The strictest of several.
            Kind::MaxAge(age) => {
                let least = deficit.max_age.map_or(*age, |known| known.min(*age));
                deficit.max_age = Some(least);
            }
            Kind::Role(_) => (deficit.is_forbidden, lacks_role) = (true, true),
            Kind::Claim(_)
            | Kind::ClaimContains(..)
            | Kind::Audience(_)
            | Kind::AuthorizationDetail(_)
            | Kind::All(_)
            | Kind::Any(_)
            | Kind::Malformed(_) => deficit.is_forbidden = true,
        }
    }
    match lacking_acr {
        None => deficit.acr.clear(),
        // Alternatives may have led to lists without a common value.
        Some(values) if deficit.acr.is_empty() => deficit.acr.clone_from(values),
        Some(_) => {}
    }
    let payload = token.payload();
    Err(OperationRefusal::Unmet(Box::new(Unmet {
        requirement: requirement.clone(),
        deficit,
        has_scope_claim: !(payload.scope.is_absent() && payload.scp.is_absent()),
        role_slip: token.dotted_role_claim(),
        reads_no_roles: lacks_role && !token.policy().mapping().names_roles(),
    }))
    .into())
}

/// What a requirement needs of this token.
struct Need<'r> {
    /// The scopes of the operation; of alternatives those of the one that the token meets, else of
    /// the first.
    scopes: Vec<&'r str>,
    /// The values of `acr` that every part accepts, if a part requires any.
    acr: Option<Vec<&'r str>>,
    /// The parts that the token lacks, none of which is a combination.
    lacks: Vec<&'r Requirement>,
    /// The same for people: all alternatives where none is met.
    named: Vec<&'r Requirement>,
}

/// Whether the token allows the operation. This allocates nothing.
fn is_met(token: &AccessToken, requirement: &Requirement) -> bool {
    match requirement.kind() {
        Kind::AllScopes(wanted) => wanted.iter().all(|scope| has_scope(token, scope)),
        Kind::AnyScope(wanted) => wanted.iter().any(|scope| has_scope(token, scope)),
        Kind::Role(role) => token.has_role(role),
        Kind::Claim(claim) => match claim.path().find(token.payload()) {
            Found::Value(value) => value.text() != "null" && claim.is_met_by(value),
            Found::Absent | Found::Unreachable => false,
        },
        Kind::ClaimContains(path, wanted) => match path.find(token.payload()) {
            Found::Value(value) => value
                .elements()
                .is_some_and(|mut elements| elements.any(|element| wanted.is(element))),
            Found::Absent | Found::Unreachable => false,
        },
        Kind::Audience(audience) => token.audience().contains(audience),
        Kind::AuthorizationDetail(detail) => find(token.payload(), "authorization_details")
            .is_some_and(|claim| detail.is_met_by(claim)),
        Kind::Acr(values) => find(token.payload(), "acr")
            .and_then(Value::as_str)
            .is_some_and(|acr| values.iter().any(|value| *value == acr)),
        Kind::MaxAge(age) => signed_in_within(token, *age),
        Kind::All(parts) => parts.iter().all(|part| is_met(token, part)),
        Kind::Any(parts) => parts.iter().any(|part| is_met(token, part)),
        Kind::Malformed(_) => false,
    }
}

fn has_scope(token: &AccessToken, scope: &Scope) -> bool {
    token.has_scope(scope.as_str())
}

fn need<'r>(token: &AccessToken, requirement: &'r Requirement) -> Need<'r> {
    let mut scopes: Vec<&str> = Vec::new();
    let mut acr = None;
    match requirement.kind() {
        Kind::All(parts) => return all(token, parts),
        Kind::Any(parts) => return any(token, requirement, parts),
        Kind::AllScopes(wanted) => scopes.extend(wanted.iter().map(Scope::as_str)),
        Kind::AnyScope(wanted) => {
            let met = wanted.iter().find(|scope| has_scope(token, scope));
            scopes.extend(met.or(wanted.first()).map(Scope::as_str));
        }
        Kind::Acr(values) => acr = Some(values.iter().map(String::as_str).collect()),
        _ => {}
    }
    let is_met = is_met(token, requirement);
    let lacks = if is_met { vec![] } else { vec![requirement] };
    let named = lacks.clone();
    Need {
        scopes,
        acr,
        lacks,
        named,
    }
}

fn all<'r>(token: &AccessToken, parts: &'r [Requirement]) -> Need<'r> {
    let mut whole = Need {
        scopes: Vec::new(),
        acr: None,
        lacks: Vec::new(),
        named: Vec::new(),
    };
    for part in parts {
        let part = need(token, part);
        for scope in part.scopes {
            if !whole.scopes.contains(&scope) {
                whole.scopes.push(scope);
            }
        }
        whole.acr = match (whole.acr, part.acr) {
            (Some(some), Some(others)) => Some(common(&some, &others)),
            (some, None) | (None, some) => some,
        };
        whole.lacks.extend(part.lacks);
        whole.named.extend(part.named);
    }
    whole
}

fn common<'r>(some: &[&'r str], others: &[&str]) -> Vec<&'r str> {
    some.iter()
        .copied()
        .filter(|value| others.contains(value))
        .collect()
}

fn any<'r>(token: &AccessToken, whole: &'r Requirement, parts: &'r [Requirement]) -> Need<'r> {
    let mut first = None;
    for part in parts {
        let need = need(token, part);
        if need.lacks.is_empty() {
            return need;
        }
        first.get_or_insert(need);
    }
    // There is a first part: a combination of nothing is malformed.
    let first = first.unwrap_or(Need {
        scopes: Vec::new(),
        acr: None,
        lacks: vec![whole],
        named: Vec::new(),
    });
    Need {
        named: vec![whole],
        ..first
    }
}

/// Whether `auth_time` is at most this long before the token was judged. A time in the future
/// beyond the skew is no time at all.
fn signed_in_within(token: &AccessToken, age: Duration) -> bool {
    let claim = find(token.payload(), "auth_time");
    // A fraction makes it older for the age, and later for the future.
    let read = |rounding| claim.and_then(|value| read_date(value, rounding));
    let (Some(earliest), Some(latest)) = (read(Rounding::Down), read(Rounding::Up)) else {
        return false;
    };
    let (now, skew) = (token.judged_at(), token.clock_skew());
    let is_recent = now <= earliest.saturating_add(age.saturating_add(skew));
    is_recent && latest <= now.saturating_add(skew)
}
