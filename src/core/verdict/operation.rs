//! Refusals of a good token that does not fit the operation or the API's own type of claims.

use std::time::Duration;

use crate::core::token::claims::claim_path::DottedName;
use crate::core::token::claims::requirement::Requirement;
use crate::core::verdict::claims::dotted;
use crate::core::verdict::explained::Explained;
use crate::core::verdict::hint::Hint;
use crate::core::verdict::reason::Reason;

#[derive(Clone)]
pub(crate) enum OperationRefusal {
    /// The claims don't fit the type of the API, from this column of the claims set on.
    ClaimsDoNotFit { column: usize },
    /// The token lacks what the operation requires.
    Unmet(Box<Unmet>),
}

#[derive(Clone)]
pub(crate) struct Unmet {
    pub(crate) requirement: Requirement,
    pub(crate) deficit: Deficit,
    /// Whether the token has a claim for scopes.
    pub(crate) has_scope_claim: bool,
    /// A claim of roles that the policy names by dots.
    pub(crate) role_slip: Option<DottedName>,
    /// Whether a role is missing, and the policy names no claim that has roles.
    pub(crate) reads_no_roles: bool,
}

/// What the token lacks, by what can be done about it.
#[derive(Clone)]
pub(crate) struct Deficit {
    /// Every scope that the operation needs, those that the token has among them.
    pub(crate) scopes: Vec<String>,
    /// The values of `acr` that would do, if the token has none of them.
    pub(crate) acr: Vec<String>,
    /// The age of the sign-in that would do, if the token's is greater.
    pub(crate) max_age: Option<Duration>,
    /// Whether something is missing that no client can request.
    pub(crate) is_forbidden: bool,
    pub(crate) lacks_scope: bool,
    /// The parts of the requirement that the token lacks.
    pub(crate) lacking: Vec<Requirement>,
}

impl Deficit {
    /// Adds the scopes of further requirements before its own.
    #[cfg(any(feature = "tower", feature = "actix-web"))]
    pub(crate) fn name_too<'r>(&mut self, met: impl Iterator<Item = &'r Requirement>) {
        let mut scopes: Vec<String> = Vec::new();
        let further = met.flat_map(Requirement::scopes_to_request);
        for scope in further.chain(std::mem::take(&mut self.scopes)) {
            if !scopes.contains(&scope) {
                scopes.push(scope);
            }
        }
        self.scopes = scopes;
    }

    /// What no client can mend comes first, and then what a new sign-in mends.
    fn reason(&self) -> Reason {
        if self.is_forbidden {
            Reason::OperationNotAllowed
        } else if self.max_age.is_some() || !self.acr.is_empty() {
            Reason::AuthenticationInsufficient
        } else {
            Reason::InsufficientScope
        }
    }
}

impl Explained for OperationRefusal {
    fn reason(&self) -> Reason {
        match self {
            OperationRefusal::ClaimsDoNotFit { .. } => Reason::ClaimsDoNotFit,
            OperationRefusal::Unmet(unmet) => unmet.deficit.reason(),
        }
    }

    fn sentences(&self, _hint: Option<Hint>) -> String {
        match self {
            OperationRefusal::ClaimsDoNotFit { column } => format!(
                "The claims don't fit the type that this API reads them into. The first mismatch is \
                 at column {column} of the claims set."
            ),
            OperationRefusal::Unmet(unmet) => unmet.in_words(),
        }
    }
}

impl Unmet {
    fn in_words(&self) -> String {
        let lacking = match self.deficit.lacking.as_slice() {
            [one] => one.to_string(),
            several => Requirement::all(several.iter().cloned()).to_string(),
        };
        let deficit = &self.deficit;
        let lacks_scope_alone =
            deficit.lacks_scope && deficit.reason() == Reason::InsufficientScope;
        let mut text = if lacks_scope_alone && self.has_scope_claim {
            format!(
                "The token is good, but the operation needs {lacking}, which its scopes don't \
                 include."
            )
        } else {
            format!("The token is good, but the operation needs {lacking}.")
        };
        if deficit.lacks_scope && !self.has_scope_claim {
            text.push_str(
                " The token has no scope claim at all, neither scope nor scp. Did the client \
                 request a scope, and does the authorization server write scopes into its tokens?",
            );
        }
        if self.reads_no_roles {
            text.push_str(
                " No claim with roles is set for this issuer (PolicyBuilder::role_claims, or a \
                 provider's settings), so no token of it has a role.",
            );
        }
        let roles = dotted(self.role_slip.as_ref());
        if !roles.is_empty() {
            text.push_str(" Its roles are not read either.");
            text.push_str(&roles);
        }
        text
    }
}
