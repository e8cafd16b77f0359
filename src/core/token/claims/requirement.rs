//! What one operation requires of a verified token.

use std::fmt;

use crate::core::token::claims::values::{Scope, ScopeSet};

/// The scopes that an operation requires.
///
/// Constructors never fail. A requirement that no token can meet (an empty list, a scope with a
/// space) gives [`Misconfigured`](crate::Misconfigured) (500);
/// [`check`](Requirement::check) reports it early.
///
/// ```
/// use resource_server::Requirement;
///
/// let read = Requirement::scope("orders:read");
/// let export = Requirement::all_scopes(["orders:read", "orders:export"]);
/// let either = Requirement::any_scope(["orders:read", "orders:admin"]);
/// assert!(read.check().is_ok());
///
/// let typo = Requirement::scope("orders read");
/// assert!(typo.check().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement(Kind);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    AllScopes(Vec<Scope>),
    AnyScope(Vec<Scope>),
    Malformed(RequirementError),
}

impl Requirement {
    /// This scope.
    pub fn scope(scope: impl AsRef<str>) -> Self {
        Self::all_scopes([scope])
    }

    /// Every one of these scopes.
    pub fn all_scopes<S: AsRef<str>>(scopes: impl IntoIterator<Item = S>) -> Self {
        Self::of(scopes, Kind::AllScopes)
    }

    /// At least one of these scopes.
    pub fn any_scope<S: AsRef<str>>(scopes: impl IntoIterator<Item = S>) -> Self {
        Self::of(scopes, Kind::AnyScope)
    }

    fn of<S: AsRef<str>>(
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

    /// Checks that a token can meet it. Call this when you build the route.
    ///
    /// # Errors
    /// No token can meet it.
    pub fn check(&self) -> Result<(), RequirementError> {
        match &self.0 {
            Kind::AllScopes(_) | Kind::AnyScope(_) => Ok(()),
            Kind::Malformed(problem) => Err(*problem),
        }
    }

    /// The scopes that it names, for a challenge (RFC 6750 section 3).
    pub fn scopes(&self) -> impl Iterator<Item = &str> {
        let scopes: &[Scope] = match &self.0 {
            Kind::AllScopes(scopes) | Kind::AnyScope(scopes) => scopes,
            Kind::Malformed(_) => &[],
        };
        scopes.iter().map(Scope::as_str)
    }

    /// The scopes that a client must request: of alternatives the first alone.
    pub(crate) fn challenge_scopes(&self) -> impl Iterator<Item = &str> {
        let most = match &self.0 {
            Kind::AllScopes(scopes) => scopes.len(),
            Kind::AnyScope(_) => 1,
            Kind::Malformed(_) => 0,
        };
        self.scopes().take(most)
    }

    pub(crate) fn is_met_by(&self, granted: &ScopeSet<'_>) -> bool {
        let has = |scope: &Scope| granted.contains(scope.as_str());
        match &self.0 {
            Kind::AllScopes(scopes) => !scopes.is_empty() && scopes.iter().all(has),
            Kind::AnyScope(scopes) => scopes.iter().any(has),
            Kind::Malformed(_) => false,
        }
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.scopes().map(|scope| format!("\"{scope}\"")).collect();
        let names = names.join(", ");
        match &self.0 {
            Kind::AllScopes(scopes) if scopes.len() == 1 => write!(f, "scope {names}"),
            Kind::AllScopes(_) => write!(f, "all of the scopes {names}"),
            Kind::AnyScope(_) => write!(f, "one of the scopes {names}"),
            Kind::Malformed(problem) => write!(f, "{problem}"),
        }
    }
}

/// A requirement that can never pass: the API author's mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RequirementError {
    /// A scope is empty or has characters outside RFC 6749 section 3.3.
    #[error("a requirement names a scope that no token can carry (RFC 6749 section 3.3)")]
    Scope,
    /// All or any of nothing.
    #[error("a requirement names no scope")]
    Empty,
}
