//! What is wrong with a proof of possession (RFC 9449 section 4.3).

use std::time::Duration;

use crate::core::json::Fault;
use crate::core::keys::skip_reason::KeyError;
use crate::core::verdict::reason::Reason;

/// Why a proof is refused. It carries no value of the proof.
#[derive(Clone)]
pub(crate) enum ProofFault {
    /// The request has no proof.
    Missing,
    /// The request has several, or a list of them.
    Several,
    /// The proof, or its encoded header, has more bytes than the limit.
    TooLong { limit: usize },
    /// It is not three parts of canonical base64url.
    NotAJwt,
    /// The header, or the claims set, is not a well-formed JSON object.
    Json { part: &'static str, fault: Fault },
    /// `typ` is not that of a proof.
    Type { expected: &'static str },
    /// The header has a member that changes how the proof is read: `crit` or `b64`.
    Header(&'static str),
    /// `alg` is missing, unknown, not asymmetric, or not allowed.
    Algorithm,
    /// The header has no `jwk` that is an object.
    NoKey,
    /// Its `jwk` can't be used.
    Key(KeyError),
    /// A claim is missing, or not of its type.
    Claim(&'static str),
    /// `jti` is longer than the limit.
    LongId { limit: usize },
    /// A claim is about another request, or another token.
    Mismatch(&'static str),
    /// It was made longer ago than the limit, or further ahead.
    NotCurrent {
        claim: &'static str,
        max_age: Duration,
        max_ahead: Duration,
    },
    /// It has no nonce, and needs one.
    NoNonce,
    /// Its nonce is old, or was not made by this API.
    OldNonce,
    /// Its signature does not verify.
    Signature,
    /// It was used before.
    Replayed,
}

impl ProofFault {
    pub(super) fn reason(&self) -> Reason {
        match self {
            ProofFault::Missing => Reason::ProofMissing,
            ProofFault::Several
            | ProofFault::TooLong { .. }
            | ProofFault::NotAJwt
            | ProofFault::Json { .. }
            | ProofFault::Type { .. }
            | ProofFault::Header(_)
            | ProofFault::Algorithm
            | ProofFault::NoKey
            | ProofFault::Key(_)
            | ProofFault::Claim(_)
            | ProofFault::LongId { .. } => Reason::ProofMalformed,
            ProofFault::Mismatch(_) => Reason::ProofMismatch,
            ProofFault::NotCurrent { .. } => Reason::ProofNotCurrent,
            ProofFault::NoNonce | ProofFault::OldNonce => Reason::ProofNonce,
            ProofFault::Signature => Reason::ProofBadSignature,
            ProofFault::Replayed => Reason::ProofReplayed,
        }
    }

    pub(super) fn sentences(&self) -> String {
        let text = match self {
            ProofFault::Missing => {
                "The request presented its token under the scheme DPoP, without a proof in the \
                 header DPoP. Does a proxy drop that header?"
            }
            ProofFault::Several => {
                "The request has several DPoP headers, or one with a comma in it. Exactly one proof \
                 is accepted. Does a proxy add or join headers?"
            }
            ProofFault::TooLong { limit } => {
                return format!(
                    "The DPoP proof, or its header, is too long: at most {limit} bytes are accepted \
                     (this bound is fixed)."
                );
            }
            ProofFault::NotAJwt => {
                "The DPoP proof is not a signed JWT: three parts of canonical base64url with dots \
                 between them."
            }
            ProofFault::Json { part, fault } => {
                let problem = match fault {
                    Fault::Duplicate => "has two members of the same name in one object",
                    Fault::Syntax | Fault::NotAnObject | Fault::Number | Fault::TooDeep { .. } => {
                        "is not a well-formed JSON object within the bounds"
                    }
                };
                return format!("The {part} of the DPoP proof {problem}.");
            }
            ProofFault::Type { expected } => {
                return format!("The proof's typ is not \"{expected}\" (RFC 9449 section 4.2).");
            }
            ProofFault::Header(name) => {
                return format!(
                    "The header of the DPoP proof has \"{name}\", which is not accepted."
                );
            }
            ProofFault::Algorithm => {
                "The alg of the DPoP proof is missing, unknown or symmetric, or the policy does not \
                 accept it for proofs (proof_algorithms)."
            }
            ProofFault::NoKey => "The header of the DPoP proof has no jwk.",
            ProofFault::Mismatch(name) => return for_another(name),
            ProofFault::Key(error) => {
                return format!("The jwk of the DPoP proof can't be used: {error}.");
            }
            ProofFault::Claim(name) => {
                return format!("The DPoP proof's \"{name}\" is missing or not of its type.");
            }
            ProofFault::LongId { limit } => {
                return format!(
                    "The DPoP proof's \"jti\" has more than {limit} bytes (this bound is fixed)."
                );
            }
            ProofFault::NotCurrent {
                claim,
                max_age,
                max_ahead,
            } => {
                return format!(
                    "The DPoP proof is not current by its \"{claim}\". It may be {} s old \
                     (proof_max_age) and {} s ahead (proof_max_ahead). Is the clock of the client \
                     or of this API wrong, or does the client use a proof again?",
                    max_age.as_secs(),
                    max_ahead.as_secs()
                );
            }
            ProofFault::NoNonce => {
                "The DPoP proof has no nonce, and this API requires one. The client repeats the \
                 request with the nonce of the answer. This is how each client begins."
            }
            ProofFault::OldNonce => {
                "The DPoP proof's nonce is too old, or was not made by this API. The client repeats \
                 the request with the nonce of the answer. If all proofs of several instances are \
                 refused so, they do not share a secret (DpopNonces::from_secrets)."
            }
            ProofFault::Signature => {
                "The signature of the DPoP proof does not verify with the jwk in its header."
            }
            ProofFault::Replayed => {
                "The DPoP proof was used before. Each request needs a proof of its own. Does the \
                 client or a proxy repeat requests, or was a request recorded and replayed?"
            }
        };
        text.to_owned()
    }
}

/// What the proof is for, by the claim that says so.
fn for_another(name: &str) -> String {
    match name {
        "htm" => {
            format!("The DPoP proof is for another HTTP method (\"{name}\") than the request's.")
        }
        "htu" => format!(
            "The DPoP proof is for another URL (\"{name}\") than the request's: the origin that is \
             configured (Dpop::at) with the path of the request. Does a proxy change the path \
             (Dpop::replace_path_prefix), or do clients use another host?"
        ),
        _ => format!(
            "The DPoP proof is for another access token (\"{name}\") than the one that was \
             presented."
        ),
    }
}
