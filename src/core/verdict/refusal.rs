//! Why a token is refused, with the facts of each case.

use std::sync::Arc;
use std::time::Duration;

use crate::core::keys::KeyUse;
use crate::core::keys::algorithm::{Algorithm, AlgorithmSet};
use crate::core::keys::key_set::KeySet;
use crate::core::policy::accepted::Policy;
use crate::core::time::NumericDate;
use crate::core::token::claims::claim_path::{ClaimPath, DottedName};
use crate::core::token::claims::required_claim::RequiredClaim;
use crate::core::token::claims::requirement::Requirement;
use crate::core::token::jws::FormFault;
use crate::core::token::payload::Foreign;
use crate::core::verdict::reason::Reason;

/// Audiences of a refused token that `explain()` shows. No more are collected.
pub(crate) const MAX_SHOWN_AUDIENCES: usize = 10;

/// One refusal: each variant carries what its explanation needs, and nothing else.
///
/// A `String` in a variant is an excerpt of the token: it is already escaped and cut.
#[derive(Clone)]
pub(crate) enum Refusal {
    /// The request presented no token.
    NoCredentials,
    /// The token's form is not sound.
    Form(FormFault),
    /// The token is opaque, and no source introspects opaque tokens.
    Opaque { is_googles: bool },
    /// The token is a JWE.
    Encrypted,
    /// The authorization server says that the token is not active.
    Inactive,
    /// There is no `iss`; the header's `typ` may say why.
    IssuerMissing { typ: String },
    /// `iss`, or the trust domain of a JWT-SVID, is not accepted.
    IssuerMismatch {
        found: String,
        accepted: AcceptedIssuers,
    },
    /// `iss` fits the policy's template, but its tenant is not allowed.
    TenantNotAllowed { found: String, policy: Policy },
    /// `tid` is not the tenant in `iss`.
    TenantMismatch,
    /// The header's `typ` is not accepted; it is empty where there is none.
    TypeNotAccepted { found: String, policy: Policy },
    /// The claims show another kind of JWT.
    NotAnAccessToken(Foreign),
    /// The header has `crit`.
    CriticalHeader,
    /// The header has this member, which changes what the token means.
    UnsupportedHeader(&'static str),
    /// The header's `kid` is not a string.
    MalformedKeyId,
    /// The header has no `alg`, or one that is not a string.
    AlgorithmMissing,
    /// This crate doesn't verify the token's `alg`.
    AlgorithmUnknown { found: String },
    /// The policy doesn't accept the token's `alg`.
    AlgorithmNotAllowed {
        found: String,
        allowed: AlgorithmSet,
    },
    /// The JWT has no `aud`, or only empty ones.
    AudienceMissing(Policy),
    /// The introspection response has no `aud`, or only empty ones.
    AudienceMissingInResponse,
    /// The policy allows a response without `aud`, but this one has no `token_type` either.
    AudienceAndTypeMissing,
    /// No `aud` is accepted; at most [`MAX_SHOWN_AUDIENCES`] of them are kept.
    AudienceMismatch { found: Vec<String>, policy: Policy },
    /// There is no `exp`.
    ExpiryMissing,
    /// `exp` is in a smaller unit than the second.
    ExpiryNotInSeconds { unit: &'static str },
    /// `exp` has passed.
    Expired(Moment),
    /// `nbf` is in the future.
    NotYetValid(Moment),
    /// `iat` is in the future.
    IssuedInTheFuture(Moment),
    /// `iat` is further back than `max_age`.
    TooOld { issued: Moment, max_age: Duration },
    /// `exp` is further ahead than `max_remaining`.
    LifetimeTooLong {
        expires: Moment,
        max_remaining: Duration,
    },
    /// The profile or another setting requires this claim.
    ClaimMissing(&'static str),
    /// The token does not have the claim that the policy requires.
    RequiredClaimMissing {
        required: RequiredClaim,
        /// The claim, if the policy names it by dots.
        slip: Option<DottedName>,
    },
    /// The claim has another value than the policy requires.
    RequiredClaimMismatch(RequiredClaim),
    /// A registered claim is not of its type.
    MalformedClaim(&'static str),
    /// `sub` is an empty string.
    EmptySubject,
    /// `act` is not a chain of actors.
    MalformedActor,
    /// A claim that the policy reads is not of its type, or can't be reached.
    UnreadableClaim(ClaimPath),
    /// The client is not one of the policy's.
    ClientNotAllowed {
        /// A claim that the policy names by dots.
        slip: Option<DottedName>,
    },
    /// A scope has characters that no scope may have, or the claim is not a string.
    MalformedScope,
    /// The scopes are in a list, which the policy doesn't accept.
    ScopeInList,
    /// `cnf` is malformed, or the answer about the token contradicts it.
    MalformedConfirmation,
    /// `cnf` has no member that this crate knows.
    UnknownConfirmation,
    /// No key has the token's `kid` and fits its algorithm.
    UnknownKey {
        id: Option<String>,
        /// Whether a key has this `kid`, but is for another algorithm.
        id_is_known: bool,
        /// The token names no `kid`, and the thumbprint of its certificate selects the key.
        is_by_thumbprint: bool,
        algorithm: Algorithm,
        key_use: KeyUse,
        keys: Arc<KeySet>,
        age: KeySetAge,
    },
    /// A key fits, but its JWK states an issuer that is not the token's.
    KeyOfAnotherIssuer {
        /// Empty where the member is not a string.
        stated: String,
        issuer: String,
    },
    /// The signature verifies with none of the keys that fit.
    BadSignature {
        id: Option<String>,
        algorithm: Algorithm,
        tried: usize,
    },
    /// The token is bound, and possession was not proven.
    ProofOfPossessionMissing,
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

impl Refusal {
    /// The refusal's name for programs.
    pub(crate) fn reason(&self) -> Reason {
        match self {
            Refusal::NoCredentials => Reason::NoCredentials,
            Refusal::Form(fault) => match fault {
                FormFault::TokenTooLong { .. } | FormFault::HeaderTooLong { .. } => Reason::TooLong,
                FormFault::Malformed => Reason::MalformedToken,
                FormFault::NotBase64url => Reason::NotBase64url,
                FormFault::MalformedHeader(_) => Reason::MalformedHeader,
                FormFault::MalformedPayload(_) => Reason::MalformedPayload,
                FormFault::Unsigned => Reason::Unsigned,
            },
            Refusal::Opaque { .. } => Reason::OpaqueToken,
            Refusal::Encrypted => Reason::EncryptedToken,
            Refusal::Inactive => Reason::Inactive,
            Refusal::IssuerMissing { .. } => Reason::IssuerMissing,
            Refusal::IssuerMismatch { .. } => Reason::IssuerMismatch,
            Refusal::TenantNotAllowed { .. } => Reason::TenantNotAllowed,
            Refusal::TenantMismatch => Reason::TenantMismatch,
            Refusal::TypeNotAccepted { .. } => Reason::TypeNotAccepted,
            Refusal::NotAnAccessToken(_) => Reason::NotAnAccessToken,
            Refusal::CriticalHeader => Reason::CriticalHeader,
            Refusal::UnsupportedHeader(_) => Reason::UnsupportedHeader,
            Refusal::MalformedKeyId => Reason::MalformedKeyId,
            Refusal::AlgorithmMissing => Reason::AlgorithmMissing,
            Refusal::AlgorithmUnknown { .. } => Reason::AlgorithmUnknown,
            Refusal::AlgorithmNotAllowed { .. } => Reason::AlgorithmNotAllowed,
            Refusal::AudienceMissing(_)
            | Refusal::AudienceMissingInResponse
            | Refusal::AudienceAndTypeMissing => Reason::AudienceMissing,
            Refusal::AudienceMismatch { .. } => Reason::AudienceMismatch,
            Refusal::ExpiryMissing => Reason::ExpiryMissing,
            Refusal::Expired(_) => Reason::Expired,
            Refusal::NotYetValid(_) => Reason::NotYetValid,
            Refusal::IssuedInTheFuture(_) => Reason::IssuedInTheFuture,
            Refusal::TooOld { .. } => Reason::TooOld,
            Refusal::LifetimeTooLong { .. } => Reason::LifetimeTooLong,
            Refusal::ClaimMissing(_) | Refusal::RequiredClaimMissing { .. } => Reason::ClaimMissing,
            Refusal::RequiredClaimMismatch(_) => Reason::ClaimMismatch,
            Refusal::MalformedClaim(_)
            | Refusal::ExpiryNotInSeconds { .. }
            | Refusal::EmptySubject
            | Refusal::MalformedActor
            | Refusal::UnreadableClaim(_) => Reason::MalformedClaim,
            Refusal::ClientNotAllowed { .. } => Reason::ClientNotAllowed,
            Refusal::MalformedScope | Refusal::ScopeInList => Reason::MalformedScope,
            Refusal::MalformedConfirmation => Reason::MalformedConfirmation,
            Refusal::UnknownConfirmation => Reason::UnknownConfirmation,
            Refusal::UnknownKey { .. } => Reason::UnknownKey,
            Refusal::KeyOfAnotherIssuer { .. } => Reason::KeyOfAnotherIssuer,
            Refusal::BadSignature { .. } => Reason::BadSignature,
            Refusal::ProofOfPossessionMissing => Reason::ProofOfPossessionMissing,
            Refusal::ClaimsDoNotFit { .. } => Reason::ClaimsDoNotFit,
            Refusal::InsufficientScope { .. } => Reason::InsufficientScope,
        }
    }
}

/// A time in the token and the time that it was compared with.
#[derive(Clone, Copy)]
pub(crate) struct Moment {
    pub(crate) at: NumericDate,
    pub(crate) now: NumericDate,
    pub(crate) skew: Duration,
}

/// How old a key set is and how long ago it was last requested, where its source knows.
#[derive(Clone, Copy, Default)]
pub(crate) struct KeySetAge {
    pub(crate) age: Option<Duration>,
    pub(crate) last_asked: Option<Duration>,
}

/// The issuers that are accepted.
#[derive(Clone)]
pub(crate) enum AcceptedIssuers {
    /// The policy's.
    One(Policy),
    /// Every issuer of a Validator.
    Many(Arc<[Box<str>]>),
}

impl AcceptedIssuers {
    pub(crate) fn names(&self) -> Vec<&str> {
        match self {
            AcceptedIssuers::One(policy) => vec![policy.issuer()],
            AcceptedIssuers::Many(names) => names.iter().map(AsRef::as_ref).collect(),
        }
    }
}
