//! The pure core: no I/O, no async, no clock. It imports nothing of the rest of the crate.

mod access_token;
mod base64url;
mod checks;
mod excerpt;
mod introspection;
mod json;
mod keys;
mod policy;
mod possession;
mod presentation;
mod proof;
mod remembered;
mod resource;
mod thumbprint;
mod time;
mod token;
mod token_place;
mod unconfirmed;
mod verdict;
mod verify;

pub use access_token::AccessToken;
pub use introspection::response::{IntrospectionResponse, ResponseError};
pub use keys::algorithm::{Algorithm, AlgorithmError};
pub use keys::key_set::{KeySet, KeySetError, SkippedKey};
pub use keys::limits::{KeySetLimits, KeySetLimitsError};
pub use keys::notes::{KeyNote, Misspelling};
#[cfg(feature = "pem")]
pub use keys::pem::PemError;
pub use keys::secret::SecretError;
pub use keys::signature::{Backend, SignatureError};
pub use keys::skip_reason::KeyError;
pub use keys::verification_key::VerificationKey;
pub use policy::accepted::Policy;
pub use policy::builder::PolicyBuilder;
pub use policy::problem::{PolicyError, PolicyErrorKind};
pub use policy::profile::Profile;
pub use policy::sender_constraint::SenderConstraint;
pub use policy::tenants::Tenants;
pub use possession::Possession;
pub use resource::{Resource, ResourceError};
pub use thumbprint::{Thumbprint, ThumbprintError};
pub use time::{Clock, NumericDate, TimeRangeError};
pub use token::claims::actor::Actor;
pub use token::claims::authorization_detail::AuthorizationDetail;
pub use token::claims::claim_path::ClaimPath;
pub use token::claims::identity::{Identity, SubjectKind};
pub use token::claims::required_claim::{ClaimValue, RequiredClaim};
pub use token::claims::requirement::{Requirement, RequirementError};
pub use token::claims::roles::RoleSet;
pub use token::claims::scope_claim::ScopeClaim;
pub use token::claims::values::{Audience, Confirmation, Scope, ScopeError, ScopeSet};
pub use token::jws::UnverifiedJwt;
pub use token::presented::PresentedToken;
pub use token_place::TokenPlace;
pub use unconfirmed::Unconfirmed;
pub use verdict::reason::Reason;
pub use verdict::rejection::Rejection;
pub use verify::{Evidence, verify};

pub(crate) use base64url::{decode as decode_base64url, encode as encode_base64url};
pub(crate) use checks::accepted_again::{check_accepted_again, key_withdrawn};
pub(crate) use checks::issuer::{issuer_of, trust_domain_of, wrong_issuer};
#[cfg(feature = "fetch")]
pub(crate) use checks::key::has_candidate;
pub(crate) use checks::operation::check_requirement;
pub(crate) use excerpt::{excerpt, without_user_info};
#[cfg(feature = "mcp")]
pub(crate) use json::read_object_within as read_json_object_within;
pub(crate) use json::{Fault as JsonFault, Value as JsonValue, read_object as read_json_object};
pub(crate) use keys::algorithm::AlgorithmSet;
#[cfg(feature = "pem")]
pub(crate) use keys::pem::read_keys as read_pem_keys;
pub(crate) use keys::signature::{KeyedDigest, is_equal_in_constant_time, sha256};
pub(crate) use policy::tenants::IssuerTemplate;
pub(crate) use presentation::{Presentation, Scheme, Schemes};
pub(crate) use remembered::Remembered;
pub(crate) use resource::{ErrorBody, is_identifier, split_identifier};
pub(crate) use token::date::{Rounding, read_date};
pub(crate) use token::media_type::names_media_type;
pub(crate) use token::payload::Claim;
pub(crate) use token::presented::{DEFAULT_MAX_TOKEN_BYTES, is_token68};
pub(crate) use token_place::{Place, is_http_token, is_tchar};
pub(crate) use verdict::denial::{DenialRefusal, Denied};
pub(crate) use verdict::form::{CredentialsFault, FormRefusal};
pub(crate) use verdict::issuer::AcceptedIssuers;
pub(crate) use verdict::key::KeySetAge;
pub(crate) use verdict::possession::PossessionRefusal;
pub(crate) use verdict::proof::ProofFault;
pub(crate) use verify::{CheckedJwt, check_claims, check_signature};

#[cfg(feature = "fetch")]
pub(crate) use introspection::signed::SignedResponse;
#[cfg(feature = "fetch")]
pub(crate) use keys::members::{Members as JwkMembers, Reading as JwkReading};

#[cfg(any(feature = "testing", feature = "fetch"))]
pub(crate) use keys::key_family::KeyFamily;
