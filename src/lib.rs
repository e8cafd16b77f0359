//! An OAuth 2.0 resource server: it decides whether an access token is good, and says exactly why
//! when it is not.
//!
//! A JWT is accepted only if you configured the issuer that it names, and a key of that issuer
//! verifies its signature. The token must also be for this API, be valid now, and be an access
//! token and not another kind of JWT. An opaque token is accepted only if its authorization server
//! says that it is active, and that response meets the same policy.
//!
//! ```
//! # #[cfg(feature = "fetch")]
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! use resource_server::{Error, Issuer, Requirement, Validator, testing::TestServer};
//!
//! // Stands in for your authorization server. It needs the feature `testing`.
//! let server = TestServer::start("https://api.example.com").await?;
//! let bearer = server.issuer().token().subject("alice").scope("orders:read").mint();
//!
//! // Once, at start. This does no I/O.
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
//! // A bad token and an outage are different errors.
//! match validator.validate("eyJ.not.good").await {
//!     Err(error @ Error::Rejected(_)) => assert_eq!(error.status(), 401),
//!     Err(error @ Error::Unavailable(_)) => assert_eq!(error.status(), 503),
//!     other => panic!("{other:?}"),
//! }
//! # Ok(()) }) }
//! # #[cfg(not(feature = "fetch"))]
//! # fn main() {}
//! ```
//!
//! # The verbs
//!
//! | to | call | it needs |
//! | --- | --- | --- |
//! | validate a token | [`Validator::validate`] | async: it waits if keys must be fetched or a token introspected |
//! | protect routes | [`Validator::protect`] as a layer of axum, tower, actix-web or tonic | a feature of that name |
//! | authenticate a request | [`Validator::authenticate`] with [`Credentials`] | the same |
//! | check an accepted token again, on a long-lived connection | [`Validator::revalidate`]; with `fetch` or `mcp`, `until_refused` waits for its end | async: the same |
//! | verify a token with given keys at a given time | [`verify`] | nothing: pure, without I/O, async and clock |
//!
//! [`Validator::validate_cached`] and [`Validator::authenticate_cached`] are for code that can't
//! wait. They are not async. They give `None` if nothing is cached for the token, or a refresh is
//! due and none is running, or a [check](ValidatorBuilder::check) of yours must run first.
//! [`Validator::validate_online`] introspects the token on each call.
//!
//! # Map of the crate
//!
//! | module | what is inside |
//! | --- | --- |
//! | the root | [`Validator`], [`Issuer`], [`Policy`], [`AccessToken`], [`Requirement`], [`Error`] and what nearly every API uses |
//! | [`claims`] | typed claims: scopes, audiences, roles, actors, identities, and how to name a claim |
//! | [`keys`] | key sets, single keys, key files and snapshots |
//! | [`introspection`] | introspection responses, their shared store, and the key of this API |
#![cfg_attr(
    feature = "fetch",
    doc = "| [`providers`] | issuers of Entra ID, Keycloak, Cognito, Auth0, Okta and others |"
)]
//! | [`resource`] | the HTTP answer to a request that is not served, and the metadata of this API |
//! | [`decision`] | your own part in decisions: checks, and a record of what was decided |
//! | [`binding`] | tokens that are bound to their client: DPoP proofs, nonces, replay stores, client certificates |
//! | [`health`] | the state of each issuer's source, of the replay store and of the token cache |
#![cfg_attr(
    feature = "mcp",
    doc = "| [`mcp`] | what each tool, resource and prompt of an MCP server needs from a token, and sessions of one user |"
)]
//! | [`clock`] | the clock of the machine, and the trait for your own |
//! | [`error`] | every error |
#![cfg_attr(
    feature = "testing",
    doc = "| [`testing`] | a test issuer, a test client, a test server and a clock that a test sets |"
)]
#![cfg_attr(
    all(
        any(doc, doctest),
        feature = "fetch",
        feature = "testing",
        feature = "mcp",
        feature = "actix-web",
        feature = "tonic"
    ),
    doc = "| [`guide`] | how to set this crate up, task by task |"
)]
//!
//! # What is not checked
//!
//! * What an operation needs. A token of any scope passes until you call [`AccessToken::require`]
//!   or [`Protect::require`].
//! * Revocation. A JWT is accepted until its `exp`: keep lifetimes short, or limit the age with
//!   [`PolicyBuilder::max_token_age`]. A revoked opaque token is accepted until its cached response
//!   expires. [`Validator::validate_online`] introspects on each call. A connection that outlives a
//!   request calls [`Validator::revalidate`].
//! * Replay. A bearer token may be presented any number of times, and its `jti` is not remembered.
//!   A DPoP proof is accepted once.
//! * Who presents a token that is not bound: it is good for anyone who has it. Require bound tokens
//!   by [`PolicyBuilder::sender_constraint`]. A token that is bound to a key or certificate (`cnf`)
//!   needs its proof ([`binding`]), and is refused until you configure that.
//! * Encrypted tokens. They are refused.
//! * Claims that [`Policy`] does not name. Require your own with [`PolicyBuilder::required_claim`],
//!   or read them with [`AccessToken::claim`] and [`AccessToken::claims`]. Of `act`
//!   ([`AccessToken::actor`]) only the type is checked, and of `acr` and `auth_time` only with the
//!   profile of RFC 9068. A token has no roles unless [`PolicyBuilder::role_claims`] names their
//!   claims.
//! * Which of several issuers may grant what. Roles and scopes of two issuers look alike, so check
//!   [`AccessToken::issuer`] as well.
//! * Whether a subject is a user. A client that acts for itself has a subject too
//!   ([`SubjectKind`](claims::SubjectKind)).
//! * Header members that lead to keys (`jku`, `jwk`, `x5u`, `x5c`). They are ignored.
//! * Dates and issuer of a certificate from which you take static keys ([`StaticKeys`]).
//!
//! # Features
//!
//! | feature | default | content |
//! | --- | --- | --- |
//! | `aws-lc-rs` | yes | the signature backend |
//! | `rust-crypto` | no | a signature backend without C: no ES512, ES256K and ML-DSA, RSA keys of at most 4096 bits, slower |
//! | `fetch` | yes | all I/O: fetched keys, key files, introspection. Needs a tokio runtime with I/O and time |
//! | `pem` | with `fetch` | static keys from PEM |
//! | `axum`, `actix-web`, `tonic` | no | the layer, extractors and answers for that framework |
//! | `mcp` | no | the module `mcp`: requirements by tool, resource and prompt of an MCP server on axum; brings `axum` |
//! | `tower` | with `axum`, `tonic` | the layer alone |
//! | `redis` | no | `binding::RedisReplayStore`: used DPoP proofs are remembered in Redis, for all instances of an API |
//! | `tracing` | no | events of decisions and key refreshes, of the crate `tracing` |
//! | `metrics` | no | counters and histograms of the same, of the crate `metrics` |
//! | `time` | no | conversions between [`NumericDate`] and `OffsetDateTime` of the crate `time` |
//! | `testing` | no | the module `testing`: tokens and proofs, good and bad; with `fetch` also a server |
//!
//! With both backends, `aws-lc-rs` takes precedence. `fetch` (for TLS) and `testing` bring AWS-LC
//! in any case. For FIPS, add `aws-lc-rs = { version = "1", features = ["fips"] }` to your own
//! dependencies: cargo unifies it with ours.
//!
//! Without default features but with a backend, this is the pure core with [`Validator`],
//! [`StaticKeys`] and [`KeySource`].

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

#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
pub use library::*;

/// The whole crate in one module, so that a build without a signature backend has no error but the
/// one above.
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
#[path = ""]
mod library {
    pub mod binding;
    pub(crate) mod build_error;
    pub(crate) mod chain;
    pub mod clock;
    pub(crate) mod core;
    pub(crate) mod credentials;
    pub mod error;
    pub(crate) mod http;
    pub(crate) mod issuer;
    pub(crate) mod observe;
    pub(crate) mod operation;
    pub(crate) mod source;
    pub(crate) mod source_error;
    pub(crate) mod validator;

    #[cfg(feature = "actix-web")]
    pub(crate) mod actix;
    #[cfg(feature = "axum")]
    pub(crate) mod axum;
    #[cfg(feature = "mcp")]
    pub mod mcp;
    #[cfg(feature = "tonic")]
    pub(crate) mod tonic;
    #[cfg(feature = "tower")]
    pub(crate) mod tower;

    #[cfg(all(
        any(doc, doctest),
        feature = "fetch",
        feature = "testing",
        feature = "mcp",
        feature = "actix-web",
        feature = "tonic"
    ))]
    pub mod guide;
    #[cfg(feature = "fetch")]
    pub mod providers;
    #[cfg(feature = "testing")]
    pub mod testing;

    /// Private functions that fuzz targets call. It exists only under cargo-fuzz.
    #[cfg(all(fuzzing, feature = "fetch"))]
    #[doc(hidden)]
    pub mod fuzzing {
        /// The address of the keys that a metadata document of this issuer names, if keys may be
        /// fetched from there.
        pub fn keys_named_by_metadata(issuer: &str, text: &str) -> Option<String> {
            crate::source::keys_named_by_metadata(issuer, text)
        }
    }

    // The Rust blocks of the README are compiled as doc tests.
    #[cfg(all(doctest, feature = "fetch", feature = "testing", feature = "mcp"))]
    #[doc = include_str!("../README.md")]
    struct ReadmeExamples;

    #[doc(hidden)]
    pub use crate::core::Backend;

    pub use crate::core::{
        AccessToken, Algorithm, Evidence, NumericDate, Policy, PolicyBuilder, Possession,
        PresentedToken, Profile, Reason, Rejection, Requirement, Resource, Tenants, Unconfirmed,
        UnverifiedJwt, verify,
    };
    pub use credentials::Credentials;
    pub use error::{Error, Misconfigured, Unavailable};
    pub use http::Protect;
    pub use issuer::Issuer;
    #[cfg(feature = "fetch")]
    pub use source::{Fetch, Introspection};
    pub use source::{KeySource, StaticKeys};
    pub use validator::{Validator, ValidatorBuilder};

    pub mod claims {
        //! Typed claims: scopes, audiences, roles, actors, identities, and how to name a claim.
        pub use crate::core::{
            Actor, Audience, AuthorizationDetail, ClaimPath, ClaimValue, Confirmation, Identity,
            RequiredClaim, RoleSet, Scope, ScopeClaim, ScopeSet, SenderConstraint, SubjectKind,
            Thumbprint,
        };
    }

    pub mod keys {
        //! Keys: sets, single keys, files and snapshots of them.
        pub use crate::core::{
            KeyNote, KeySet, KeySetLimits, Misspelling, SkippedKey, VerificationKey,
        };
        #[cfg(feature = "fetch")]
        pub use crate::source::{KeyFile, KeySnapshot};
    }

    pub mod introspection {
        //! Introspection of opaque tokens: responses, their shared store, and the key of this API.
        pub use crate::core::IntrospectionResponse;
        #[cfg(feature = "fetch")]
        pub use crate::source::{ClientKey, IntrospectionStore};
    }

    pub mod resource {
        //! What this API answers: to requests that it does not serve, and about itself.
        pub use crate::core::TokenPlace;
        pub use crate::credentials::RequestHead;
        #[cfg(any(feature = "axum", feature = "actix-web"))]
        pub use crate::http::Claims;
        #[cfg(feature = "actix-web")]
        pub use crate::http::OptionalToken;
        #[cfg(any(feature = "tower", feature = "actix-web"))]
        pub use crate::http::Protected;
        pub use crate::http::{Answer, ResourceMetadata};
        #[cfg(feature = "tonic")]
        pub use crate::tonic::{GrpcProtect, GrpcProtected};
    }

    pub mod decision {
        //! Your own part in decisions: checks after verification, and a record of what was decided.
        pub use crate::observe::decision::Decision;
        pub use crate::validator::{Check, Denial};
    }

    pub mod health {
        //! The state of each issuer's source, the replay store and the token cache, as
        //! [`Validator::health`](crate::Validator::health) reports it.
        pub use crate::source::{SourceStatus, TenantStatus};
        pub use crate::validator::{Health, IssuerHealth, TokenCacheStatus};
    }
}
