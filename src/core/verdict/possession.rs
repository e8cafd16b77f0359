//! Refusals for what a token is bound to (`cnf`), and for the proof of possession.

use crate::core::policy::sender_constraint::SenderConstraint;
use crate::core::verdict::explained::Explained;
use crate::core::verdict::hint::Hint;
use crate::core::verdict::proof::ProofFault;
use crate::core::verdict::reason::Reason;

#[derive(Clone)]
pub(crate) enum PossessionRefusal {
    /// `cnf` is malformed, or the introspection response contradicts it.
    Malformed,
    /// `cnf` has no member that this crate knows.
    Unknown,
    /// The token is bound to a key, and possession was not proven.
    Missing,
    /// The token is bound to a certificate, and the request has none.
    CertificateMissing,
    /// The key of the proof is not the one that the token is bound to.
    AnotherKey,
    /// The certificate is not the one that the token is bound to.
    AnotherCertificate,
    /// There is a proof, and the token is not bound to a key.
    NotBoundToKey,
    /// The token was bound when it was accepted, and a new introspection response lacks that.
    NoLongerBound,
    /// The token is not bound as the policy requires.
    NotBound { required: SenderConstraint },
    /// The proof is not good.
    Proof(ProofFault),
}

impl Explained for PossessionRefusal {
    fn reason(&self) -> Reason {
        match self {
            PossessionRefusal::Malformed => Reason::MalformedConfirmation,
            PossessionRefusal::Unknown => Reason::UnknownConfirmation,
            PossessionRefusal::Missing | PossessionRefusal::CertificateMissing => {
                Reason::ProofOfPossessionMissing
            }
            PossessionRefusal::AnotherKey | PossessionRefusal::AnotherCertificate => {
                Reason::PossessionMismatch
            }
            PossessionRefusal::NotBoundToKey
            | PossessionRefusal::NoLongerBound
            | PossessionRefusal::NotBound { .. } => Reason::TokenNotBound,
            PossessionRefusal::Proof(fault) => fault.reason(),
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
                "The token is good but bound (cnf.jkt) to a key of its client. It was presented \
                 without a DPoP proof. The client must send it under the scheme DPoP, with a \
                 proof in the header DPoP. This API must offer that (ValidatorBuilder::dpop)."
            }
            PossessionRefusal::CertificateMissing => {
                "The token is good but bound (cnf.x5t#S256) to the certificate of its client, and \
                 the request came without a client certificate that is read here. Does the client \
                 connect with its certificate, and does the TLS layer hand it on \
                 (ValidatorBuilder::client_certificates)? From a header it is read only if the peer \
                 is one of TrustedPeers and the server knows its address (in axum: \
                 into_make_service_with_connect_info)."
            }
            PossessionRefusal::AnotherKey => {
                "The DPoP proof is signed by another key than the one that the token is bound to \
                 (cnf.jkt). Did the client get the token with another key, or is the token stolen?"
            }
            PossessionRefusal::AnotherCertificate => {
                "The client certificate is not the one that the token is bound to (cnf.x5t#S256). \
                 Was the certificate renewed after the token was issued, or is the token stolen?"
            }
            PossessionRefusal::NotBoundToKey => {
                "The token was presented under the scheme DPoP, and it is not bound to a key \
                 (cnf.jkt). Did the client request the token without a DPoP proof?"
            }
            PossessionRefusal::NoLongerBound => {
                "The token was bound (cnf) when it was accepted, and the introspection response \
                 of now does not bind it so. Was it issued again, or is the response incomplete?"
            }
            PossessionRefusal::NotBound { required } => {
                return format!(
                    "The policy requires that each token is bound to its client \
                     (sender_constraint: {required}), and this one is not bound so (cnf). \
                     Configure the client at the authorization server to get bound tokens."
                );
            }
            PossessionRefusal::Proof(fault) => return fault.sentences(),
        };
        text.to_owned()
    }
}
