//! DPoP proofs (RFC 9449 section 4): the checks, in one order.

use std::fmt;

use super::ProofEntry;
use super::dpop_error::DpopError;
use super::nonce::DpopNonces;
use super::proof::Proof;
use super::uri::{Origin, PathRewrite, htu_matches};
use crate::core::{
    Claim, Confirmation, NumericDate, Policy, Possession, PossessionRefusal, ProofFault, Rejection,
    Thumbprint, encode_base64url, sha256,
};

/// The media type of a proof (RFC 9449 section 4.2), without `application/`.
const TYPE: &str = "dpop+jwt";

/// Whether proofs need a nonce of this API (RFC 9449 section 9).
#[derive(Clone, Debug, Default)]
pub(crate) enum NonceRule {
    /// A nonce has no effect.
    #[default]
    Off,
    /// A proof without a nonce is accepted, and the answer gives the client one.
    Optional(DpopNonces),
    Required(DpopNonces),
}

impl NonceRule {
    pub(crate) fn nonces(&self) -> Option<&DpopNonces> {
        match self {
            NonceRule::Off => None,
            NonceRule::Optional(nonces) | NonceRule::Required(nonces) => Some(nonces),
        }
    }
}

/// The request that a proof must be for.
#[derive(Clone, Copy)]
pub(crate) struct ProvenRequest<'r> {
    pub(crate) method: &'r str,
    pub(crate) origin: &'r Origin,
    pub(crate) rewrite: Option<&'r PathRewrite>,
    /// As it is on the wire.
    pub(crate) path: &'r str,
    /// The access token, as it was presented.
    pub(crate) token: &'r str,
    pub(crate) nonces: &'r NonceRule,
    /// What is older can't be told from a replay, and needs a new nonce. Where this moment is still
    /// to come, a new nonce would be older too: the store answers.
    pub(crate) known_since: Option<NumericDate>,
}

/// A proof that passed every check that needs neither arithmetic nor the token's claims.
pub(crate) struct CheckedProof<'p> {
    proof: Proof<'p>,
    made_at: NumericDate,
    until: NumericDate,
    /// The client should have another nonce for its next proof.
    pub(crate) needs_nonce: bool,
}

/// The claims of a proof that are texts.
struct Texts {
    htm: String,
    htu: String,
    ath: String,
    nonce: Claim<String>,
}

/// When a proof was made, and the last moment at which it is accepted.
struct Currency {
    made_at: NumericDate,
    until: NumericDate,
    needs_nonce: bool,
}

/// The front part: the checks of RFC 9449 section 4.3 but for the signature. What fails here costs
/// no arithmetic.
pub(crate) fn check_form<'p>(
    proof: &'p str,
    request: &ProvenRequest<'_>,
    policy: &Policy,
    now: NumericDate,
) -> Result<CheckedProof<'p>, PossessionRefusal> {
    check_in_order(proof, request, policy, now).map_err(PossessionRefusal::Proof)
}

fn check_in_order<'p>(
    proof: &'p str,
    request: &ProvenRequest<'_>,
    policy: &Policy,
    now: NumericDate,
) -> Result<CheckedProof<'p>, ProofFault> {
    let (proof, texts) = read(proof, policy)?; // 4.3 items 2 to 5 and 7
    check_method(&texts, request)?; // item 8
    check_uri(&texts, request)?; // item 9
    let currency = check_current(&proof, &texts, request, policy, now)?; // items 10 and 11
    check_token(&texts, request)?; // item 12
    let Currency {
        made_at,
        until,
        needs_nonce,
    } = currency;
    Ok(CheckedProof {
        proof,
        made_at,
        until,
        needs_nonce,
    })
}

fn read<'p>(proof: &'p str, policy: &Policy) -> Result<(Proof<'p>, Texts), ProofFault> {
    let names = ["htm", "htu", "ath", "nonce"];
    let (proof, texts) = Proof::read(proof, TYPE, names, policy.proof_algorithm_set())?;
    let [htm, htu, ath, nonce] = texts;
    let required = |claim, name| match claim {
        Claim::Is(text) => Ok(text),
        Claim::Absent | Claim::Malformed => Err(ProofFault::Claim(name)),
    };
    let texts = Texts {
        htm: required(htm, "htm")?,
        htu: required(htu, "htu")?,
        ath: required(ath, "ath")?,
        nonce,
    };
    Ok((proof, texts))
}

/// Methods have case (RFC 9110 section 9.1).
fn check_method(texts: &Texts, request: &ProvenRequest<'_>) -> Result<(), ProofFault> {
    if texts.htm == request.method {
        Ok(())
    } else {
        Err(ProofFault::Mismatch("htm"))
    }
}

fn check_uri(texts: &Texts, request: &ProvenRequest<'_>) -> Result<(), ProofFault> {
    if htu_matches(&texts.htu, request.origin, request.rewrite, request.path) {
        Ok(())
    } else {
        Err(ProofFault::Mismatch("htu"))
    }
}

/// The time of a nonce replaces the client's, where there is a nonce.
fn check_current(
    proof: &Proof<'_>,
    texts: &Texts,
    request: &ProvenRequest<'_>,
    policy: &Policy,
    now: NumericDate,
) -> Result<Currency, ProofFault> {
    let settings = policy.settings();
    let (max_age, max_ahead) = (settings.proof_max_age(), settings.proof_max_ahead());
    let currency = match (request.nonces, &texts.nonce) {
        (NonceRule::Required(_), Claim::Absent) => return Err(ProofFault::NoNonce),
        (NonceRule::Off, _) | (NonceRule::Optional(_), Claim::Absent) => {
            proof.check_issued(now, max_age, max_ahead)?;
            Currency {
                made_at: proof.issued_at(),
                until: proof.issued_at().saturating_add(max_age),
                needs_nonce: matches!(request.nonces, NonceRule::Optional(_)),
            }
        }
        (NonceRule::Optional(nonces) | NonceRule::Required(nonces), nonce) => {
            let nonce = nonce.get().ok_or(ProofFault::OldNonce)?;
            let accepted = nonces.check(nonce, now).map_err(|_| ProofFault::OldNonce)?;
            if request
                .known_since
                .is_some_and(|since| accepted.made_at < since && since <= now)
            {
                return Err(ProofFault::OldNonce);
            }
            Currency {
                made_at: accepted.made_at,
                until: accepted.until,
                needs_nonce: accepted.is_near_its_end,
            }
        }
    };
    proof.check_lifetime(now, max_age, max_ahead)?;
    Ok(currency)
}

fn check_token(texts: &Texts, request: &ProvenRequest<'_>) -> Result<(), ProofFault> {
    if texts.ath == encode_base64url(&sha256(request.token.as_bytes())) {
        Ok(())
    } else {
        Err(ProofFault::Mismatch("ath"))
    }
}

impl CheckedProof<'_> {
    /// The back part: the key is the one that the token is bound to, and signed the proof. The
    /// token comes first, so that a stolen one costs no arithmetic of its thief's choice.
    pub(crate) fn prove(
        &self,
        confirmation: Option<&Confirmation>,
    ) -> Result<Thumbprint, PossessionRefusal> {
        let jkt = self.proof.jkt();
        match confirmation.and_then(Confirmation::jkt) {
            Some(bound) if bound == jkt => {}
            Some(_) => return Err(PossessionRefusal::AnotherKey),
            None => return Err(PossessionRefusal::NotBoundToKey),
        }
        let verified = self.proof.check_signature();
        verified.map_err(PossessionRefusal::Proof)?;
        Ok(jkt)
    }

    pub(crate) fn entry(&self) -> ProofEntry {
        self.proof.entry(self.made_at, self.until)
    }
}

/// A request and the access token that it presents under the scheme DPoP, for
/// [`verify_proof`]. Its `Debug` output names the type only, since it holds the token.
#[derive(Clone)]
pub struct DpopRequest<'r> {
    method: &'r str,
    origin: Origin,
    path: &'r str,
    token: &'r str,
    nonces: NonceRule,
}

impl<'r> DpopRequest<'r> {
    /// The request's method, its URL as clients see it, and the access token. The origin of the URL
    /// must come from configuration, and never from a header of the request.
    ///
    /// # Errors
    /// The URL is not an https URL (http on loopback).
    pub fn new(method: &'r str, url: &'r str, token: &'r str) -> Result<Self, DpopError> {
        let authority = url.find("://").map_or(0, |at| at + 3);
        let after = url.get(authority..).unwrap_or_default();
        let end = after.find(['/', '?', '#']).unwrap_or(after.len());
        let (origin, path) = url.split_at_checked(authority + end).unwrap_or((url, ""));
        Ok(DpopRequest {
            method,
            origin: Origin::parse(origin)?,
            path: if path.starts_with('/') { path } else { "/" },
            token,
            nonces: NonceRule::Off,
        })
    }

    /// Requires a nonce of these in the proof (RFC 9449 section 9).
    #[must_use]
    pub fn require_nonces(self, nonces: DpopNonces) -> Self {
        DpopRequest {
            nonces: NonceRule::Required(nonces),
            ..self
        }
    }
}

impl fmt::Debug for DpopRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DpopRequest(..)")
    }
}

/// A good proof: what it proves, and what a replay store must remember of it.
#[derive(Clone, Copy, Debug)]
pub struct VerifiedProof {
    jkt: Thumbprint,
    entry: ProofEntry,
}

impl VerifiedProof {
    /// What it proves, for [`Unconfirmed::confirm`](crate::Unconfirmed::confirm).
    pub const fn possession(&self) -> Possession {
        Possession::bearer().with_key(self.jkt)
    }

    /// What a [`ReplayStore`](super::ReplayStore) must remember of it.
    pub const fn entry(&self) -> &ProofEntry {
        &self.entry
    }
}

/// Checks a DPoP proof (RFC 9449 section 4.3) against its request and this policy. It is pure: it
/// does no I/O and reads no clock.
///
/// It checks form, key, method, URL, nonce or time, the hash of the access token, and the
/// signature, in this order. It does **not** check that the token is bound to the key: that is
/// [`Unconfirmed::confirm`](crate::Unconfirmed::confirm). It does not know whether the proof was
/// used before: enter it in a [`ReplayStore`](super::ReplayStore), after all other checks. A
/// [`Validator`](crate::Validator) does all of this.
///
/// # Errors
/// The rejection of the first check that fails.
///
/// ```
/// use resource_server::binding::{DpopRequest, verify_proof};
/// use resource_server::{NumericDate, Policy, Reason, testing::TestClient};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let client = TestClient::new();
/// let url = "https://api.example.com/orders";
/// let now = NumericDate::from_secs(1_000);
/// let proof = client.proof("GET", url, "the token").issued_at(now).mint();
///
/// let policy = Policy::builder()
///     .issuer("https://as.example.com")
///     .audience("https://api.example.com")
///     .build()?;
/// let request = DpopRequest::new("GET", url, "the token")?;
/// let verified = verify_proof(&proof, &request, &policy, now)?;
/// assert_eq!(&verified.entry().jkt, client.jkt().as_bytes());
///
/// let other = DpopRequest::new("POST", url, "the token")?;
/// let rejection = verify_proof(&proof, &other, &policy, now).unwrap_err();
/// assert_eq!(rejection.reason(), Reason::ProofMismatch);
/// # Ok(())
/// # }
/// ```
pub fn verify_proof(
    proof: &str,
    request: &DpopRequest<'_>,
    policy: &Policy,
    now: NumericDate,
) -> Result<VerifiedProof, Rejection> {
    let request = ProvenRequest {
        method: request.method,
        origin: &request.origin,
        rewrite: None,
        path: request.path,
        token: request.token,
        nonces: &request.nonces,
        known_since: None,
    };
    let checked = check_form(proof, &request, policy, now)?;
    let verified = checked.proof.check_signature();
    verified.map_err(PossessionRefusal::Proof)?;
    Ok(VerifiedProof {
        jkt: checked.proof.jkt(),
        entry: checked.entry(),
    })
}
