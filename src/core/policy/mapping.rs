//! Where a token's client, roles, principal and scopes are read.

use crate::core::json::Value;
use crate::core::policy::profile::Profile;
use crate::core::policy::settings::Settings;
use crate::core::token::claims::checked::{Name, Registered};
use crate::core::token::claims::claim_path::{ClaimPath, DottedName, Found, one_or_many};
use crate::core::token::claims::scope_claim::ScopeClaim;
use crate::core::token::payload::{Claim, Payload};

/// Where the claims of a policy's tokens are read.
///
/// It reads and does not judge: what it can't read, a check refuses.
#[derive(Clone, Copy)]
pub(crate) struct ClaimMapping<'s>(&'s Settings);

/// A claim that is not of the type that its reader needs.
pub(crate) enum Unreadable {
    /// A registered claim.
    Registered(&'static str),
    /// A claim that the policy names; it may also be out of reach.
    Mapped(ClaimPath),
}

impl<'s> ClaimMapping<'s> {
    pub(super) const fn new(settings: &'s Settings) -> Self {
        ClaimMapping(settings)
    }

    /// The client that a token was issued to: `client_id` (RFC 8693 section 4.3), else `azp`
    /// (OpenID Connect Core section 2), unless the policy names other claims.
    pub(crate) fn client(self, payload: &Payload) -> Result<Name<'_>, Unreadable> {
        if let Some(paths) = &self.0.client_claims {
            return first_string(payload, paths);
        }
        match (&payload.client_id, &payload.azp) {
            (Claim::Is(_), _) => Ok(Name::Registered(Registered::ClientId)),
            (Claim::Malformed, _) => Err(Unreadable::Registered("client_id")),
            // Amazon Cognito's access tokens have a `client_id`; nothing else names the client.
            (Claim::Absent, _) if self.0.profile() == Profile::Cognito => Ok(Name::Absent),
            (Claim::Absent, Claim::Is(_)) => Ok(Name::Registered(Registered::Azp)),
            (Claim::Absent, Claim::Malformed) => Err(Unreadable::Registered("azp")),
            (Claim::Absent, Claim::Absent) => Ok(Name::Absent),
        }
    }

    /// The claims of roles of every path of the policy, in order. Each is a string or a list of
    /// strings.
    pub(crate) fn roles(self, payload: &Payload) -> Result<Vec<Value<'_>>, Unreadable> {
        let mut roles = Vec::new();
        for path in self.0.role_claims.iter().flatten() {
            match path.find(payload) {
                Found::Absent => {}
                Found::Value(value) if one_or_many(value).all(|role| role.is_some()) => {
                    roles.push(value);
                }
                Found::Unreachable | Found::Value(_) => {
                    return Err(Unreadable::Mapped(path.clone()));
                }
            }
        }
        Ok(roles)
    }

    /// Whether some claim has roles.
    pub(crate) fn names_roles(self) -> bool {
        self.0.role_claims.is_some()
    }

    /// A claim of roles that is absent because its nested path is written as one name.
    pub(crate) fn dotted_role_claim(self, payload: &Payload) -> Option<DottedName> {
        dotted(self.0.role_claims.as_ref(), payload)
    }

    /// A claim of the client that is absent because its nested path is written as one name.
    pub(crate) fn dotted_client_claim(self, payload: &Payload) -> Option<DottedName> {
        dotted(self.0.client_claims.as_ref(), payload)
    }

    /// The principal: the subject, unless the policy names other claims.
    pub(crate) fn principal(self, payload: &Payload) -> Result<Name<'_>, Unreadable> {
        match &self.0.principal_claims {
            None => Ok(Name::Registered(Registered::Subject)),
            Some(paths) => first_string(payload, paths),
        }
    }

    /// The claim that the scopes are in. A claim that is there is read even when it is malformed:
    /// it never gives way to the other.
    pub(crate) fn scopes(self, payload: &Payload) -> ScopeClaim {
        let preferred = self.0.scope_claim.unwrap_or_default();
        match preferred {
            ScopeClaim::Scope if payload.scope.is_absent() => ScopeClaim::Scp,
            ScopeClaim::Scp if payload.scp.is_absent() => ScopeClaim::Scope,
            ScopeClaim::Scope | ScopeClaim::Scp => preferred,
        }
    }
}

fn dotted(paths: Option<&Vec<ClaimPath>>, payload: &Payload) -> Option<DottedName> {
    let mut paths = paths.into_iter().flatten();
    paths.find_map(|path| DottedName::find(path, payload))
}

/// The first claim that is there decides, and must be a string.
fn first_string<'p>(payload: &'p Payload, paths: &[ClaimPath]) -> Result<Name<'p>, Unreadable> {
    for path in paths {
        match path.find(payload) {
            Found::Absent => {}
            Found::Unreachable => return Err(Unreadable::Mapped(path.clone())),
            Found::Value(value) => {
                let text = value.as_str().map(Name::Mapped);
                return text.ok_or_else(|| Unreadable::Mapped(path.clone()));
            }
        }
    }
    Ok(Name::Absent)
}
