//! Refusals for what a token is bound to (`cnf`), and for the proof of possession.

use crate::core::verdict::explained::Explained;
use crate::core::verdict::hint::Hint;
use crate::core::verdict::reason::Reason;

#[derive(Clone)]
pub(crate) enum PossessionRefusal {
    /// `cnf` is malformed, or the introspection response contradicts it.
    Malformed,
    /// `cnf` has no member that this crate knows.
    Unknown,
    /// The token is bound, and possession was not proven.
    Missing,
}

impl Explained for PossessionRefusal {
    fn reason(&self) -> Reason {
        match self {
            PossessionRefusal::Malformed => Reason::MalformedConfirmation,
            PossessionRefusal::Unknown => Reason::UnknownConfirmation,
            PossessionRefusal::Missing => Reason::ProofOfPossessionMissing,
        }
    }

    fn sentences(&self, _hint: Option<Hint>) -> String {
        let text = match self {
            PossessionRefusal::Malformed => {
                "The token's cnf does not have the form that RFC 7800, RFC 8705 or RFC 9449 gives \
                 it, or an introspection response contradicts it. So the key that the token is \
                 bound to is unknown."
            }
            PossessionRefusal::Unknown => {
                "The token is bound (cnf) to something other than a DPoP key or a client \
                 certificate. This API can't check a proof of that."
            }
            PossessionRefusal::Missing => {
                "The token is good but bound (cnf) to a key or certificate of its client. It was \
                 presented as a plain bearer token, without proof that the presenter holds that \
                 key."
            }
        };
        text.to_owned()
    }
}
