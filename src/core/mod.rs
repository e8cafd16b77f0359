//! The pure core: no I/O, no async, no clock. It imports nothing of the rest of the crate.

mod base64url;
mod checks;
mod excerpt;
mod introspection;
mod json;
mod keys;
mod policy;
mod time;
mod token;
mod verdict;
mod verify;

pub use introspection::response::{IntrospectionResponse, MalformedResponse};
pub use keys::algorithm::{Algorithm, UnknownAlgorithm};
pub use keys::key_set::{KeySet, KeySetError, SkippedKey};
pub use keys::limits::{KeySetLimits, KeySetLimitsError};
pub use keys::notes::{KeyNote, Misspelling};
#[cfg(feature = "pem")]
pub use keys::pem::PemError;
pub use keys::secret::SecretProblem;
pub use keys::signature::{Backend, SignatureError};
pub use keys::skip_reason::SkipReason;
pub use keys::verification_key::VerificationKey;
pub use policy::tenants::Tenants;
pub use policy::{Policy, PolicyBuilder, PolicyError, PolicyProblem, Profile, ScopeClaim};
pub use time::{Clock, NumericDate, TimeOutOfRange};
pub use token::claims::access_token::{AccessToken, Possession, Unconfirmed, Unmet};
pub use token::claims::actor::Actor;
pub use token::claims::claim_path::ClaimPath;
pub use token::claims::identity::{Identity, SubjectKind};
pub use token::claims::required_claim::{ClaimValue, RequiredClaim};
pub use token::claims::requirement::{MalformedRequirement, Requirement};
pub use token::claims::roles::RoleSet;
pub use token::claims::values::{
    Audience, Confirmation, MalformedScope, MalformedThumbprint, Scope, ScopeSet, Thumbprint,
};
pub use token::jws::{PresentedToken, UnverifiedJwt};
pub use verdict::reason::Reason;
pub use verdict::rejection::Rejection;
pub use verify::{Evidence, verify};

pub(crate) use checks::claims::wrong_issuer;
#[cfg(feature = "pem")]
pub(crate) use keys::pem::read_keys as read_pem_keys;
pub(crate) use policy::tenants::IssuerTemplate;
pub(crate) use token::jws::{DEFAULT_MAX_TOKEN_BYTES, is_token68};
pub(crate) use verdict::facts::{AcceptedIssuers, KeySetAge};
#[cfg(feature = "fetch")]
pub(crate) use verify::has_candidate;
pub(crate) use verify::{check_claims, check_signature, issuer_of, trust_domain_of};
#[cfg(feature = "fetch")]
pub(crate) use {excerpt::excerpt, json::read_object as read_json_object};

#[cfg(feature = "fetch")]
pub(crate) use base64url::decode as decode_base64url;
#[cfg(feature = "fetch")]
pub(crate) use introspection::signed::SignedResponse;
#[cfg(feature = "fetch")]
pub(crate) use keys::members::{Members as JwkMembers, Reading as JwkReading};
#[cfg(feature = "fetch")]
pub(crate) use keys::signature::sha256;

#[cfg(any(feature = "testing", feature = "fetch"))]
pub(crate) use base64url::encode as encode_base64url;
#[cfg(any(feature = "testing", feature = "fetch"))]
pub(crate) use keys::key_family::KeyFamily;
