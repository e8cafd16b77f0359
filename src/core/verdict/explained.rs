//! What every group of refusals has.

use crate::core::verdict::hint::Hint;
use crate::core::verdict::reason::Reason;

/// A group of refusals. Each refusal carries what its explanation needs, and nothing else. A
/// `String` in it is an excerpt of the token: it is already escaped and cut.
pub(crate) trait Explained {
    /// The refusal's name for programs.
    fn reason(&self) -> Reason;

    /// Sentences for the person on call: what was found, what was expected, what to do. The hint
    /// is added after them.
    fn sentences(&self, hint: Option<Hint>) -> String;
}
