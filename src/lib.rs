//! OAuth 2.0 resource server: decides whether an access token presented to an API is good, and says exactly why when it
//! is not.
//!
//! A JWT access token is accepted only when its signature is by a key of the issuer that it names, that issuer is one you
//! configured, it is meant for this API, it has not expired, it is an access token and no other kind of JWT, and its
//! presenter may use it. An opaque one, only when the authorization server that is asked about it says that it is active, and
//! its answer meets the same conditions. Everything else is refused, with the reason.
//!
//! ```
//! # #[cfg(feature = "fetch")]
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! use resource_server::{Error, Issuer, Requirement, Validator, testing::TestServer};
//!
//! // Stands in for your authorization server; from the feature `testing`.
//! let server = TestServer::start("https://api.example.com").await?;
//! let bearer = server.issuer().token().subject("alice").scope("orders:read").mint();
//!
//! // Once, at start: does no I/O.
//! let validator = Validator::builder()
//!     .audience("https://api.example.com")
//!     .issuer(Issuer::discover(server.url())) // such as "https://as.example.com"
//!     .build()?;
//!
//! // In each request handler.
//! let token = validator.validate(&bearer).await?;
//! token.require(&Requirement::scope("orders:read"))?;
//! assert_eq!(token.subject(), Some("alice"));
//!
//! // What is not good is told apart from what could not be judged.
//! match validator.validate("eyJ.not.good").await {
//!     Err(error @ Error::Rejected(_)) => assert_eq!(error.status(), 401), // the caller's fault
//!     Err(error @ Error::Unavailable(_)) => assert_eq!(error.status(), 503), // the issuer's keys can't be had
//!     other => panic!("{other:?}"),
//! }
//! # Ok(()) }) }
//! # #[cfg(not(feature = "fetch"))]
//! # fn main() {}
//! ```
//!
//! # Three verbs
//!
//! | verb | judges | needs |
//! | --- | --- | --- |
//! | [`Validator::validate`] | a bearer token | a [`Validator`]; waits for keys where they are not at hand |
//! | [`Validator::authenticate`] | a request, by its [`Credentials`] | the same |
//! | [`verify`] | a token by evidence in hand, at a given time | nothing: pure, without I/O, async and clock |
//!
//! # What is not checked
//!
//! * What an operation needs: [`AccessToken::require`] asks it of the verified token. Without that call a token of any scope
//!   passes.
//! * Revocation: a JWT is good until its `exp`. Keep them short-lived, or bound their age with
//!   [`PolicyBuilder::max_token_age`]. An introspected token is good for as long as the answer about it is kept.
//!   [`Validator::validate_online`] asks each time.
//! * Use more than once: a bearer token may be presented again and again, and `jti` is not remembered.
//! * Who presents it: a token that is bound to a key or certificate (`cnf`) is refused, since nothing here proves
//!   possession; one that is not bound serves whoever has it. Encrypted tokens are refused too.
//! * Claims that are not named in [`Policy`]: those of your own are yours to require
//!   ([`PolicyBuilder::required_claim`]) or to read ([`AccessToken::claim`], [`AccessToken::claims`]), and so are `acr`,
//!   `auth_time` and `act` ([`AccessToken::actor`]), of which only the type is checked. There are no roles before
//!   [`PolicyBuilder::roles_from`] says where.
//! * Which of several issuers may do what: a role or scope of one reads like that of another ([`AccessToken::issuer`]).
//! * Whether a subject is a user: a client that acts for itself has a subject too ([`SubjectKind`]).
//! * Header members that lead to keys (`jku`, `jwk`, `x5u`, `x5c`): they are not looked at, not even for their form.
//! * Dates and issuer of a certificate that keys are taken from by hand ([`StaticKeys`]).
//!
//! # Features
//!
//! * `aws-lc-rs` (default): the signature backend. For FIPS add `aws-lc-rs = { version = "1", features = ["fips"] }` to
//!   your own dependencies: cargo unites it with ours.
//! * `rust-crypto`: a signature backend without C, by RustCrypto, for the pure core (`fetch` by its TLS, and `testing`, bring
//!   AWS-LC all the same). It has no ES512, ES256K and ML-DSA, takes RSA keys of at most 4096 bits, and is slower. Where both are
//!   on, `aws-lc-rs` serves.
//! * `fetch` (default): all I/O. Keys that are fetched, or read from a file that changes, and introspection of opaque tokens
//!   ([`Issuer::introspection`]). Fetching needs a tokio runtime when a token comes; brings reqwest with rustls.
//! * `pem` (with `fetch`): [`StaticKeys::from_pem`].
//! * `testing`: [`testing::TestIssuer`] mints tokens, good and bad, for tests of your own API; with `fetch`,
//!   [`testing::TestServer`] serves their keys and fails as you tell it.
//!
//! Without default features but with a signature backend this is the pure core, [`Validator`], [`StaticKeys`] and [`KeySource`].

#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic
    )
)]

#[cfg(not(any(feature = "aws-lc-rs", feature = "rust-crypto")))]
compile_error!(
    "resource-server needs a signature backend: enable the feature `aws-lc-rs` or `rust-crypto`"
);

mod build_error;
mod clock;
mod core;
mod credentials;
mod error;
mod issuer;
mod source;
mod validator;

#[cfg(feature = "testing")]
pub mod testing;

/// What the fuzz targets reach of the inside. There only under cargo-fuzz.
#[cfg(all(fuzzing, feature = "fetch"))]
#[doc(hidden)]
pub mod fuzzing {
    /// The address of the keys that a metadata document of this issuer names, where it may be fetched from.
    pub fn keys_named_by_metadata(issuer: &str, text: &str) -> Option<String> {
        crate::source::keys_named_by_metadata(issuer, text)
    }
}

#[doc(hidden)]
pub use crate::core::Backend;

pub use build_error::{BuildError, BuildProblem};
pub use clock::SystemClock;
pub use credentials::Credentials;
pub use error::{Error, Misconfigured, Unavailable};
pub use issuer::Issuer;
#[cfg(feature = "fetch")]
pub use source::{AddressProblem, Fetch, FetchProblem, KeyFile, KeySnapshot};
#[cfg(feature = "fetch")]
pub use source::{
    ClientKey, ClientKeyProblem, Introspection, IntrospectionProblem, IntrospectionStore,
};
pub use source::{KeySource, SourceError, SourceStatus, StaticKeys, TenantStatus};
pub use validator::{IssuerHealth, Validator, ValidatorBuilder, WarmUpError};

#[cfg(feature = "pem")]
pub use crate::core::PemError;
pub use crate::core::{
    AccessToken, Actor, Algorithm, Audience, ClaimPath, ClaimValue, Clock, Confirmation, Evidence,
    Identity, IntrospectionResponse, KeyNote, KeySet, KeySetError, KeySetLimits, KeySetLimitsError,
    MalformedRequirement, MalformedResponse, MalformedScope, MalformedThumbprint, Misspelling,
    NumericDate, Policy, PolicyBuilder, PolicyError, PolicyProblem, Possession, PresentedToken,
    Profile, Reason, Rejection, RequiredClaim, Requirement, RoleSet, Scope, ScopeClaim, ScopeSet,
    SecretProblem, SignatureError, SkipReason, SkippedKey, SubjectKind, Tenants, Thumbprint,
    TimeOutOfRange, Unconfirmed, UnknownAlgorithm, Unmet, UnverifiedJwt, VerificationKey, verify,
};
