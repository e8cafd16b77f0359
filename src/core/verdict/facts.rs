//! What a rejection knows beside its reason.

use std::sync::Arc;
use std::time::Duration;

use crate::core::json::Fault;
use crate::core::keys::algorithm::{Algorithm, AlgorithmSet};
use crate::core::keys::jwk::KeyUse;
use crate::core::keys::key_set::KeySet;
use crate::core::policy::Policy;
use crate::core::time::NumericDate;
use crate::core::token::claims::claim_path::ClaimPath;
use crate::core::token::claims::required_claim::RequiredClaim;
use crate::core::token::claims::requirement::Requirement;

/// What a rejection knows, for `explain()`. Values of the token were escaped and cut when they got here.
#[derive(Clone)]
pub(crate) enum Facts {
    None,
    Length {
        part: &'static str,
        bytes: usize,
        limit: usize,
    },
    /// Why the header or the claims set could not be read.
    Json(Fault),
    /// No JWT.
    Opaque {
        is_googles: bool,
    },
    Issuer {
        found: String,
        accepted: AcceptedIssuers,
    },
    /// A tenant of the template that is not allowed.
    Tenant {
        found: String,
        policy: Policy,
    },
    /// Without an issuer; its `typ`, which may tell why.
    NoIssuer {
        typ: String,
    },
    Type {
        found: String,
        policy: Policy,
    },
    Member(&'static str),
    /// A claim that the policy names.
    Claim(ClaimPath),
    /// What the policy asks of a claim.
    Required(RequiredClaim),
    Algorithm {
        found: String,
        allowed: Option<AlgorithmSet>,
    },
    Audience {
        found: Vec<String>,
        policy: Policy,
    },
    Time {
        at: NumericDate,
        now: NumericDate,
        skew: Duration,
        limit: Option<Duration>,
    },
    Key {
        id: Option<String>,
        /// A key of this id is there, but not for this algorithm.
        id_is_known: bool,
        algorithm: Algorithm,
        key_use: KeyUse,
        keys: Arc<KeySet>,
        age: KeySetAge,
    },
    Signature {
        id: Option<String>,
        algorithm: Algorithm,
        tried: usize,
    },
    Fit {
        column: usize,
    },
    Scope(Requirement),
}

/// How old a key set is and how long ago it was last asked for, where its source knows.
#[derive(Clone, Copy, Default)]
pub(crate) struct KeySetAge {
    pub(crate) age: Option<Duration>,
    pub(crate) last_asked: Option<Duration>,
}

/// The issuers that a token was held against.
#[derive(Clone)]
pub(crate) enum AcceptedIssuers {
    One(Policy),
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
