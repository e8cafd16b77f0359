//! Refusals for claims: those that the policy requires or reads, and the types of registered ones.

use crate::core::excerpt::excerpt;
use crate::core::token::claims::actor::MAX_ACTORS;
use crate::core::token::claims::claim_path::{ClaimPath, DottedName};
use crate::core::token::claims::required_claim::{ClaimValue, RequiredClaim};
use crate::core::verdict::explained::Explained;
use crate::core::verdict::hint::Hint;
use crate::core::verdict::list::MAX_LISTED;
use crate::core::verdict::reason::Reason;

#[derive(Clone)]
pub(crate) enum ClaimRefusal {
    /// The profile or another setting requires this claim.
    Missing(&'static str),
    /// The token does not have the claim that the policy requires.
    RequiredMissing {
        required: RequiredClaim,
        /// The claim, if the policy names it by dots.
        slip: Option<DottedName>,
    },
    /// The claim has another value than the policy requires.
    RequiredMismatch(RequiredClaim),
    /// A registered claim is not of its type.
    Malformed(&'static str),
    /// `sub` is an empty string.
    EmptySubject,
    /// `act` is not a chain of actors.
    MalformedActor,
    /// A claim that the policy reads is not of its type, or can't be reached.
    Unreadable(ClaimPath),
    /// The client is not one of the policy's.
    ClientNotAllowed {
        /// A claim that the policy names by dots.
        slip: Option<DottedName>,
    },
    /// A scope has characters that no scope may have, or the claim is not a string.
    MalformedScope,
    /// The scopes are in a list, which the policy doesn't accept.
    ScopeInList,
}

impl Explained for ClaimRefusal {
    fn reason(&self) -> Reason {
        match self {
            ClaimRefusal::Missing(_) | ClaimRefusal::RequiredMissing { .. } => Reason::ClaimMissing,
            ClaimRefusal::RequiredMismatch(_) => Reason::ClaimMismatch,
            ClaimRefusal::Malformed(_)
            | ClaimRefusal::EmptySubject
            | ClaimRefusal::MalformedActor
            | ClaimRefusal::Unreadable(_) => Reason::MalformedClaim,
            ClaimRefusal::ClientNotAllowed { .. } => Reason::ClientNotAllowed,
            ClaimRefusal::MalformedScope | ClaimRefusal::ScopeInList => Reason::MalformedScope,
        }
    }

    fn sentences(&self, _hint: Option<Hint>) -> String {
        match self {
            ClaimRefusal::Missing(name) => format!(
                "The token has no \"{name}\" claim, which the policy of its issuer requires."
            ),
            ClaimRefusal::RequiredMissing { required, slip } => format!(
                "The token has no claim {}, or null there; the policy of its issuer requires it{}.{}",
                required.path(),
                wanted(required.values()),
                dotted(slip.as_ref())
            ),
            ClaimRefusal::RequiredMismatch(required) => format!(
                "The token's claim {} is not what the policy of its issuer requires{}. Values are \
                 compared exactly and by type, so a list differs from each of its entries.",
                required.path(),
                wanted(required.values())
            ),
            ClaimRefusal::Malformed(name) => format!(
                "The token's \"{name}\" claim is not of the type that its specification gives it."
            ),
            ClaimRefusal::EmptySubject => {
                "The token's \"sub\" claim is empty, so it names no one. The authorization server \
                 must set it, or leave it out."
                    .to_owned()
            }
            ClaimRefusal::MalformedActor => format!(
                "The token's \"act\" claim is not a chain of at most {MAX_ACTORS} objects whose \
                 iss and sub are strings (RFC 8693 section 4.1)."
            ),
            ClaimRefusal::Unreadable(path) => format!(
                "The policy of the token's issuer reads the claim {path}. It is not of the \
                 required type, or it can't be reached because a claim on the way is not an object."
            ),
            ClaimRefusal::ClientNotAllowed { slip } => format!(
                "The token's client is missing, or it is not one that the policy allows. The client \
                 is the client_id, else azp, unless the policy names other claims.{}",
                dotted(slip.as_ref())
            ),
            ClaimRefusal::MalformedScope => {
                "A scope of the token has characters that no scope may have (RFC 6749 section \
                 3.3), or the claim of its scopes is not a string."
                    .to_owned()
            }
            ClaimRefusal::ScopeInList => {
                "The token's scope is a list. RFC 9068 defines it as a string with spaces between \
                 the scopes. If the authorization server always writes a list, the policy needs \
                 allow_scope_array."
                    .to_owned()
            }
        }
    }
}

/// A nested path that the policy writes as one name.
pub(super) fn dotted(slip: Option<&DottedName>) -> String {
    let Some(DottedName { named, nested }) = slip else {
        return String::new();
    };
    let names: Vec<_> = nested
        .names()
        .map(|name| format!("\"{}\"", excerpt(name)))
        .collect();
    let names = names.join(", ");
    format!(
        " The policy names the claim {named}, in which dots have no meaning. The token has the \
         nested path [{names}]: name it by ClaimPath::nested([{names}]), or by that list in a \
         configuration file."
    )
}

/// The values that a policy requires of a claim. The token's own value is never shown.
fn wanted(values: &[ClaimValue]) -> String {
    let mut wanted: Vec<_> = values
        .iter()
        .take(MAX_LISTED)
        .map(ToString::to_string)
        .collect();
    if values.len() > MAX_LISTED {
        wanted.push("..".to_owned());
    }
    match wanted.as_slice() {
        [] => String::new(),
        [one] => format!(": {one}"),
        several => format!(": one of {}", several.join(", ")),
    }
}
