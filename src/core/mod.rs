//! The pure core: no I/O, no async, no clock. It imports nothing of the rest of the crate.

mod access_token;
mod actor;
mod algorithm;
mod base64url;
mod checks;
mod claim_path;
mod claims;
mod ed25519_points;
mod excerpt;
mod explain;
mod facts;
mod identity;
mod introspection;
mod json;
mod jwk;
mod jws;
mod key_set;
mod mapped;
mod payload;
#[cfg(feature = "pem")]
mod pem;
mod policy;
mod reason;
mod recognize;
mod rejection;
mod required_claim;
mod requirement;
mod roles;
mod secret;
mod signature;
#[cfg(feature = "fetch")]
mod signed_introspection;
mod spiffe;
mod tenants;
mod text;
mod time;
mod verify;

pub use access_token::{AccessToken, Possession, Unconfirmed, Unmet};
pub use actor::Actor;
pub use algorithm::{Algorithm, UnknownAlgorithm};
pub use claim_path::ClaimPath;
pub use claims::{
    Audience, Confirmation, MalformedScope, MalformedThumbprint, Scope, ScopeSet, Thumbprint,
};
pub use identity::{Identity, SubjectKind};
pub use introspection::{IntrospectionResponse, MalformedResponse};
pub use jwk::SkipReason;
pub use jws::{PresentedToken, UnverifiedJwt};
pub use key_set::{KeySet, KeySetError, SkippedKey};
#[cfg(feature = "pem")]
pub use pem::PemError;
pub use policy::{Policy, PolicyBuilder, PolicyError, PolicyProblem, Profile, ScopeClaim};
pub use reason::Reason;
pub use rejection::Rejection;
pub use required_claim::{ClaimValue, RequiredClaim};
pub use requirement::{MalformedRequirement, Requirement};
pub use roles::RoleSet;
pub use secret::SecretProblem;
pub use signature::{Backend, SignatureError, VerificationKey};
pub use tenants::Tenants;
pub use time::{Clock, NumericDate, TimeOutOfRange};
pub use verify::{Evidence, verify};

pub(crate) use checks::wrong_issuer;
pub(crate) use facts::{AcceptedIssuers, KeySetAge};
pub(crate) use jws::{DEFAULT_MAX_TOKEN_BYTES, is_token68};
#[cfg(feature = "pem")]
pub(crate) use pem::read_keys as read_pem_keys;
pub(crate) use tenants::IssuerTemplate;
#[cfg(feature = "fetch")]
pub(crate) use verify::has_candidate;
pub(crate) use verify::{check_claims, check_signature, issuer_of, trust_domain_of};
#[cfg(feature = "fetch")]
pub(crate) use {excerpt::excerpt, json::read_object as read_json_object};

#[cfg(feature = "fetch")]
pub(crate) use signature::sha256;
#[cfg(feature = "fetch")]
pub(crate) use signed_introspection::SignedResponse;
#[cfg(feature = "fetch")]
pub(crate) use {base64url::decode as decode_base64url, json::Value as JsonValue};

#[cfg(feature = "testing")]
pub(crate) use algorithm::KeyFamily;
#[cfg(any(feature = "testing", feature = "fetch"))]
pub(crate) use base64url::encode as encode_base64url;
