//! What one operation requires of a verified token.

use std::fmt;
use std::time::Duration;

use crate::core::excerpt::excerpt;
use crate::core::token::claims::authorization_detail::AuthorizationDetail;
use crate::core::token::claims::claim_path::ClaimPath;
use crate::core::token::claims::required_claim::{ClaimValue, RequiredClaim};
use crate::core::token::claims::values::Scope;

/// What an operation requires of a token: scopes, roles, claims, how and when the user signed in,
/// and combinations of these.
///
/// Constructors never fail. A requirement that no token can meet (an empty list, a scope with a
/// space) gives [`Misconfigured`](crate::Misconfigured) (500);
/// [`check`](Requirement::check) reports it early.
///
/// ```
/// use std::time::Duration;
/// use resource_server::Requirement;
///
/// let read = Requirement::scope("orders:read");
/// let export = Requirement::all_scopes(["orders:read", "orders:export"]);
/// let either = Requirement::any_scope(["orders:read", "orders:admin"]);
/// let refund = Requirement::scope("orders:write")
///     .and(Requirement::role("clerk").or(Requirement::role("manager")))
///     .and(Requirement::max_age(Duration::from_secs(300)));
/// assert!(refund.check().is_ok());
///
/// let typo = Requirement::scope("orders read");
/// assert!(typo.check().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement(Kind);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    AllScopes(Vec<Scope>),
    AnyScope(Vec<Scope>),
    Role(String),
    Claim(RequiredClaim),
    ClaimContains(ClaimPath, ClaimValue),
    Audience(String),
    AuthorizationDetail(AuthorizationDetail),
    Acr(Vec<String>),
    MaxAge(Duration),
    All(Vec<Requirement>),
    Any(Vec<Requirement>),
    Malformed(RequirementError),
}

impl Requirement {
    /// This scope, or one that implies it in the issuer's policy
    /// ([`PolicyBuilder::scope_implies`](crate::PolicyBuilder::scope_implies)).
    pub fn scope(scope: impl AsRef<str>) -> Self {
        Self::all_scopes([scope])
    }

    /// Every one of these scopes.
    pub fn all_scopes<S: AsRef<str>>(scopes: impl IntoIterator<Item = S>) -> Self {
        Self::of_scopes(scopes, Kind::AllScopes)
    }

    /// At least one of these scopes. A challenge names the first, so begin with the least powerful.
    pub fn any_scope<S: AsRef<str>>(scopes: impl IntoIterator<Item = S>) -> Self {
        Self::of_scopes(scopes, Kind::AnyScope)
    }

    fn of_scopes<S: AsRef<str>>(
        scopes: impl IntoIterator<Item = S>,
        kind: fn(Vec<Scope>) -> Kind,
    ) -> Self {
        let scopes: Result<Vec<Scope>, _> = scopes
            .into_iter()
            .map(|scope| scope.as_ref().parse())
            .collect();
        Requirement(match scopes {
            Err(_) => Kind::Malformed(RequirementError::Scope),
            Ok(scopes) if scopes.is_empty() => Kind::Malformed(RequirementError::Empty),
            Ok(scopes) => kind(scopes),
        })
    }

    /// A requirement whose value is usable, or the mistake that it is not.
    fn sound(is_sound: bool, kind: impl FnOnce() -> Kind) -> Self {
        Requirement(if is_sound {
            kind()
        } else {
            Kind::Malformed(RequirementError::Value)
        })
    }

    /// This role, as [`AccessToken::roles`](crate::AccessToken::roles) has it. Without it the
    /// request is refused with 403 and no challenge, since a client can't request a role.
    pub fn role(role: impl Into<String>) -> Self {
        let role = role.into();
        Self::sound(!role.is_empty(), || Kind::Role(role))
    }

    /// A claim with a value. Without it the request is refused with 403 and no challenge.
    ///
    /// ```
    /// use resource_server::{Requirement, claims::RequiredClaim};
    ///
    /// let verified = Requirement::claim(RequiredClaim::equals("email_verified", true));
    /// ```
    pub fn claim(claim: RequiredClaim) -> Self {
        Self::sound(claim.path().is_sound() && claim.has_sound_values(), || {
            Kind::Claim(claim)
        })
    }

    /// A claim that is an array with this value among its elements. A string never contains
    /// another. Without it the request is refused with 403 and no challenge.
    ///
    /// ```
    /// use resource_server::Requirement;
    ///
    /// let staff = Requirement::claim_contains("groups", "staff");
    /// ```
    pub fn claim_contains(path: impl Into<ClaimPath>, value: impl Into<ClaimValue>) -> Self {
        let (path, value) = (path.into(), value.into());
        let is_empty = matches!(&value, ClaimValue::String(text) if text.is_empty());
        Self::sound(path.is_sound() && !is_empty, || {
            Kind::ClaimContains(path, value)
        })
    }

    /// This audience in `aud`, byte for byte, in addition to those that the policy accepts. Without
    /// it the request is refused with 403 and no challenge.
    pub fn audience(audience: impl Into<String>) -> Self {
        let audience = audience.into();
        Self::sound(!audience.is_empty(), || Kind::Audience(audience))
    }

    /// An object in `authorization_details` (RFC 9396 section 2). Without it the request is refused
    /// with 403 and no challenge.
    pub fn authorization_detail(detail: AuthorizationDetail) -> Self {
        Self::sound(detail.is_sound(), || Kind::AuthorizationDetail(detail))
    }

    /// That the user signed in with one of these authentication context classes: the claim `acr`
    /// (RFC 9470 section 4). Otherwise the client is asked to sign the user in again, by 401 and
    /// the error `insufficient_user_authentication`.
    pub fn acr<A: Into<String>>(values: impl IntoIterator<Item = A>) -> Self {
        let values: Vec<String> = values.into_iter().map(Into::into).collect();
        let is_sound = |value: &String| {
            !value.is_empty() && value.bytes().all(|byte| matches!(byte, b'!'..=b'~'))
        };
        Requirement(if values.is_empty() {
            Kind::Malformed(RequirementError::Empty)
        } else if values.iter().all(is_sound) {
            Kind::Acr(values)
        } else {
            Kind::Malformed(RequirementError::Value)
        })
    }

    /// That the user signed in at most this long before the token was validated: the claim
    /// `auth_time` (RFC 9470 section 4), in whole seconds. The policy's clock skew is added.
    /// Otherwise the client is asked to sign the user in again, by 401 and the error
    /// `insufficient_user_authentication`.
    pub fn max_age(max_age: Duration) -> Self {
        Requirement(Kind::MaxAge(Duration::from_secs(max_age.as_secs())))
    }

    /// Every one of these requirements.
    pub fn all(requirements: impl IntoIterator<Item = Requirement>) -> Self {
        Self::of_parts(requirements, Kind::All)
    }

    /// At least one of these requirements. An answer names what the first one lacks, so begin with
    /// the least powerful.
    pub fn any(requirements: impl IntoIterator<Item = Requirement>) -> Self {
        Self::of_parts(requirements, Kind::Any)
    }

    fn of_parts(
        requirements: impl IntoIterator<Item = Requirement>,
        kind: fn(Vec<Requirement>) -> Kind,
    ) -> Self {
        let requirements: Vec<_> = requirements.into_iter().collect();
        // One that can never pass makes the whole a mistake, also as one of several alternatives.
        if let Some(problem) = requirements.iter().find_map(|one| one.check().err()) {
            return Requirement(Kind::Malformed(problem));
        }
        if requirements.is_empty() {
            return Requirement(Kind::Malformed(RequirementError::Empty));
        }
        let whole = Requirement(kind(requirements));
        match whole.common_acr() {
            Some(values) if values.is_empty() => {
                Requirement(Kind::Malformed(RequirementError::Acr))
            }
            _ => whole,
        }
    }

    /// The values of `acr` that every part accepts, as far as that is no matter of alternatives.
    fn common_acr(&self) -> Option<Vec<&str>> {
        match &self.0 {
            Kind::Acr(values) => Some(values.iter().map(String::as_str).collect()),
            Kind::All(parts) => {
                let lists = parts.iter().filter_map(Requirement::common_acr);
                lists.reduce(|mut common, list| {
                    common.retain(|value| list.contains(value));
                    common
                })
            }
            _ => None,
        }
    }

    /// This and the other.
    #[must_use]
    pub fn and(self, other: Requirement) -> Self {
        Self::all([self, other])
    }

    /// This or the other.
    #[must_use]
    pub fn or(self, other: Requirement) -> Self {
        Self::any([self, other])
    }

    /// Checks that a token can meet it. Call this when you build the route.
    ///
    /// # Errors
    /// No token can meet it.
    pub fn check(&self) -> Result<(), RequirementError> {
        match &self.0 {
            Kind::Malformed(problem) => Err(*problem),
            _ => Ok(()),
        }
    }

    /// The scopes that it names, in its order.
    pub fn scopes(&self) -> impl Iterator<Item = &str> {
        let mut scopes = Vec::new();
        self.add_scopes(&mut scopes);
        scopes.into_iter()
    }

    /// The scopes that a client without a token should request: of alternatives the first.
    pub(crate) fn scopes_to_request(&self) -> Box<[String]> {
        let scopes = match &self.0 {
            Kind::AllScopes(scopes) => scopes.as_slice(),
            Kind::AnyScope(scopes) => scopes.get(..1).unwrap_or_default(),
            Kind::Any(parts) => {
                let first = parts.first().map(Requirement::scopes_to_request);
                return first.unwrap_or_default();
            }
            Kind::All(parts) => {
                let mut all: Vec<String> = Vec::new();
                for scope in parts.iter().flat_map(Requirement::scopes_to_request) {
                    if !all.contains(&scope) {
                        all.push(scope);
                    }
                }
                return all.into();
            }
            Kind::Role(_)
            | Kind::Claim(_)
            | Kind::ClaimContains(..)
            | Kind::Audience(_)
            | Kind::AuthorizationDetail(_)
            | Kind::Acr(_)
            | Kind::MaxAge(_)
            | Kind::Malformed(_) => &[],
        };
        scopes.iter().map(ToString::to_string).collect()
    }

    /// Adds every scope that it names, those of all alternatives among them.
    pub(crate) fn add_scopes<'r>(&'r self, found: &mut Vec<&'r str>) {
        match &self.0 {
            Kind::AllScopes(scopes) | Kind::AnyScope(scopes) => {
                found.extend(scopes.iter().map(Scope::as_str));
            }
            Kind::All(parts) | Kind::Any(parts) => {
                for part in parts {
                    part.add_scopes(found);
                }
            }
            Kind::Role(_)
            | Kind::Claim(_)
            | Kind::ClaimContains(..)
            | Kind::Audience(_)
            | Kind::AuthorizationDetail(_)
            | Kind::Acr(_)
            | Kind::MaxAge(_)
            | Kind::Malformed(_) => {}
        }
    }

    pub(crate) fn kind(&self) -> &Kind {
        &self.0
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::AllScopes(scopes) if scopes.len() == 1 => write!(f, "scope {}", quoted(scopes)),
            Kind::AllScopes(scopes) => write!(f, "all of the scopes {}", quoted(scopes)),
            Kind::AnyScope(scopes) => write!(f, "one of the scopes {}", quoted(scopes)),
            Kind::Role(role) => write!(f, "role \"{}\"", excerpt(role)),
            Kind::Claim(claim) => {
                write!(f, "claim {}", claim.path())?;
                match claim.values() {
                    [] => Ok(()),
                    [value] => write!(f, " = {value}"),
                    [first, ..] => write!(f, " = {first} or another accepted value"),
                }
            }
            Kind::ClaimContains(path, value) => write!(f, "claim {path} with {value} in it"),
            Kind::Audience(audience) => write!(f, "audience \"{}\"", excerpt(audience)),
            Kind::AuthorizationDetail(detail) => write!(f, "{detail}"),
            Kind::Acr(values) => write!(f, "an acr among {}", quoted(values)),
            Kind::MaxAge(age) => write!(f, "an auth_time at most {} s ago", age.as_secs()),
            Kind::All(parts) => join(f, parts, " and "),
            Kind::Any(parts) => join(f, parts, " or "),
            Kind::Malformed(problem) => write!(f, "{problem}"),
        }
    }
}

fn quoted<T: fmt::Display>(values: &[T]) -> String {
    let values: Vec<_> = values.iter().map(|value| format!("\"{value}\"")).collect();
    values.join(", ")
}

fn join(f: &mut fmt::Formatter<'_>, parts: &[Requirement], word: &str) -> fmt::Result {
    let parts: Vec<_> = parts
        .iter()
        .map(|part| match &part.0 {
            Kind::All(_) | Kind::Any(_) => format!("({part})"),
            _ => part.to_string(),
        })
        .collect();
    f.write_str(&parts.join(word))
}

/// A requirement that can never pass: the API author's mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RequirementError {
    /// A scope is empty or has characters outside RFC 6749 section 3.3.
    #[error("a requirement names a scope that no token can carry (RFC 6749 section 3.3)")]
    Scope,
    /// All or any of nothing.
    #[error("a requirement names no scope, value or part")]
    Empty,
    /// Lists of `acr` that must all be met have no common value.
    #[error("a requirement names lists of acr without a common value, so no token can meet it")]
    Acr,
    /// A role, claim, value or audience is empty, or an `acr` has characters that a challenge can't
    /// have.
    #[error("a requirement names an empty role, claim, value or audience, or an acr with a space")]
    Value,
}
