//! Refusals of a good token that does not fit the operation or the API's own type of claims.

use crate::core::token::claims::claim_path::DottedName;
use crate::core::token::claims::requirement::Requirement;
use crate::core::verdict::claims::dotted;
use crate::core::verdict::hint::Hint;
use crate::core::verdict::refusal::{Explained, Reason};

#[derive(Clone)]
pub(crate) enum OperationRefusal {
    /// The claims don't fit the type of the API, from this column of the claims set on.
    ClaimsDoNotFit { column: usize },
    /// The token lacks what the operation requires.
    InsufficientScope {
        requirement: Requirement,
        /// Whether the token has a claim for scopes.
        has_scope_claim: bool,
        /// A claim of roles that the policy names by dots.
        role_slip: Option<DottedName>,
    },
}

impl Explained for OperationRefusal {
    fn reason(&self) -> Reason {
        match self {
            OperationRefusal::ClaimsDoNotFit { .. } => Reason::ClaimsDoNotFit,
            OperationRefusal::InsufficientScope { .. } => Reason::InsufficientScope,
        }
    }

    fn sentences(&self, _hint: Option<Hint>) -> String {
        match self {
            OperationRefusal::ClaimsDoNotFit { column } => format!(
                "The claims don't fit the type that this API reads them into. The first mismatch is \
                 at column {column} of the claims set."
            ),
            OperationRefusal::InsufficientScope {
                requirement,
                has_scope_claim,
                role_slip,
            } => {
                let found = if *has_scope_claim {
                    "which its scopes don't include."
                } else {
                    "and the token has no scope claim at all, neither scope nor scp. Did the \
                     client request a scope, and does the authorization server write scopes into \
                     its tokens?"
                };
                let roles = match dotted(role_slip.as_ref()) {
                    text if text.is_empty() => text,
                    text => format!(" Its roles are not read either.{text}"),
                };
                format!("The token is good, but the operation needs {requirement}, {found}{roles}")
            }
        }
    }
}
