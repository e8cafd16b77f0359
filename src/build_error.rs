//! What is wrong with the settings of a Validator, told when it is built.

use std::fmt;

#[cfg(feature = "fetch")]
use crate::core::KeySetError;
use crate::core::{Algorithm, PolicyProblem, SecretProblem};
#[cfg(feature = "fetch")]
use crate::source::IntrospectionProblem;
#[cfg(feature = "fetch")]
use crate::source::{AddressProblem, FetchProblem};

/// What is wrong with the settings of a [`Validator`](crate::Validator): everything, not only the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildError {
    problems: Vec<BuildProblem>,
}

impl BuildError {
    pub(crate) fn new(problems: Vec<BuildProblem>) -> Self {
        BuildError { problems }
    }

    /// Each problem.
    pub fn problems(&self) -> &[BuildProblem] {
        &self.problems
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let problems: Vec<_> = self.problems.iter().map(BuildProblem::to_string).collect();
        f.write_str(&problems.join("; "))
    }
}

impl std::error::Error for BuildError {}

/// One thing that is wrong with the settings of a [`Validator`](crate::Validator), and the remedy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildProblem {
    /// No issuer at all.
    #[error("no issuer is configured, so no token could be accepted: add one with .issuer(..)")]
    NoIssuer,
    /// No audience, or an empty one.
    #[error(
        "no audience is set, or an empty one: name this API as it stands in `aud`, with .audience(..)"
    )]
    NoAudience,
    /// The same issuer more than once.
    #[error(
        "issuer \"{issuer}\" is configured twice: put its keys in one source, its audiences in one Issuer, and several HMAC secrets in \
         Issuer::hmac_secrets"
    )]
    IssuerTwice {
        /// Its name.
        issuer: String,
    },
    /// An issuer without a source.
    #[error(
        "issuer \"{issuer}\" has no source: use Issuer::discover or Issuer::hmac, or add .jwks_at(..), .keys(..), \
         .introspection(..) or .source(..)"
    )]
    NoSource {
        /// Its name.
        issuer: String,
    },
    /// An issuer with more than one source.
    #[error(
        "issuer \"{issuer}\" has several sources of keys (discovery, an address, keys by hand, a source of your own): leave one"
    )]
    SeveralSources {
        /// Its name.
        issuer: String,
    },
    /// An issuer that is asked about its tokens in two ways.
    #[error("issuer \"{issuer}\" has introspection set twice: leave one")]
    SeveralIntrospections {
        /// Its name.
        issuer: String,
    },
    /// What can't be the setting of a provider, such as a URL for a domain.
    #[error("issuer \"{issuer}\": \"{value}\" is no {setting}")]
    ProviderSetting {
        /// Its name, as made with this setting.
        issuer: String,
        /// What it should be.
        setting: &'static str,
        /// What it is.
        value: String,
    },
    /// An issuer with more than one policy.
    #[error("issuer \"{issuer}\" has several policies: put them into one")]
    SeveralPolicies {
        /// Its name.
        issuer: String,
    },
    /// An issuer whose policy names another one.
    #[error(
        "issuer \"{issuer}\" has a policy for issuer \"{policy}\": leave the name out of the policy"
    )]
    TwoNames {
        /// The issuer's name.
        issuer: String,
        /// The name in its policy.
        policy: String,
    },
    /// An issuer's policy.
    #[error("issuer \"{issuer}\": {problem}")]
    Policy {
        /// The issuer's name.
        issuer: String,
        /// What is wrong with its policy.
        problem: PolicyProblem,
    },
    /// The secret of [`Issuer::hmac`](crate::Issuer::hmac).
    #[error("issuer \"{issuer}\": {problem}")]
    Secret {
        /// The issuer's name.
        issuer: String,
        /// What is wrong with the secret.
        problem: SecretProblem,
    },
    /// A policy beside [`Issuer::hmac`](crate::Issuer::hmac) that names another algorithm than the secret's.
    #[error(
        "issuer \"{issuer}\" has a secret for {algorithm} and a policy for other algorithms: leave them out of the policy"
    )]
    OtherAlgorithms {
        /// The issuer's name.
        issuer: String,
        /// The secret's algorithm.
        algorithm: Algorithm,
    },
    /// A policy that names HMAC for an issuer whose keys are fetched or read from a file: public keys are never secrets.
    #[cfg(feature = "fetch")]
    #[error(
        "issuer \"{issuer}\" has a policy for HMAC, and its keys are fetched or read from a file, which gives no secrets: use Issuer::hmac"
    )]
    HmacWithFetchedKeys {
        /// The issuer's name.
        issuer: String,
    },
    /// The settings of an [`Introspection`](crate::Introspection).
    #[cfg(feature = "fetch")]
    #[error("issuer \"{issuer}\": {problem}")]
    Introspection {
        /// The issuer's name.
        issuer: String,
        /// What is wrong with them.
        problem: IntrospectionProblem,
    },
    /// Opaque tokens that would go to two issuers: each goes to one only.
    #[error(
        "opaque tokens {} would go to issuer \"{issuer}\" and to issuer \"{other}\": tell them apart by how they begin \
         (Issuer::opaque_tokens_with_prefix)",
        if prefix.is_empty() { "of any kind".to_owned() } else { format!("that begin with \"{prefix}\"") }
    )]
    OpaqueTwice {
        /// The issuer's name.
        issuer: String,
        /// The other's.
        other: String,
        /// What the tokens begin with; empty where any is meant.
        prefix: String,
    },
    /// A prefix of opaque tokens that none can begin with.
    #[error(
        "issuer \"{issuer}\": no token begins with \"{}\", which has characters that no token has (RFC 6750 section 2.1)",
        prefix.escape_debug()
    )]
    OpaquePrefix {
        /// The issuer's name.
        issuer: String,
        /// The prefix.
        prefix: String,
    },
    /// Opaque tokens for an issuer that has only keys, by which they can't be judged.
    #[error(
        "issuer \"{issuer}\" has only keys, by which opaque tokens can't be judged: give it a source that asks about them"
    )]
    OpaqueWithKeys {
        /// The issuer's name.
        issuer: String,
    },
    /// An address that may not be fetched from: the issuer's name for discovery, or one that was given.
    #[cfg(feature = "fetch")]
    #[error("issuer \"{issuer}\": the address to fetch from can't be used: {problem}")]
    Address {
        /// The issuer's name.
        issuer: String,
        /// What is wrong with the address.
        problem: AddressProblem,
    },
    /// The settings of a [`Fetch`](crate::Fetch).
    #[cfg(feature = "fetch")]
    #[error("{}: {problem}", match issuer { Some(issuer) => format!("issuer \"{issuer}\""), None => "fetch".to_owned() })]
    Fetch {
        /// The issuer's name, where it is its own `Fetch`.
        issuer: Option<String>,
        /// What is wrong with it.
        problem: FetchProblem,
    },
    /// The JWK Set of [`Issuer::starting_from_jwks`](crate::Issuer::starting_from_jwks).
    #[cfg(feature = "fetch")]
    #[error("issuer \"{issuer}\": the keys to start from can't be used: {problem}")]
    StartingKeys {
        /// The issuer's name.
        issuer: String,
        /// What is wrong with it.
        problem: KeySetError,
    },
    /// Keys to start from for an issuer that never fetches any.
    #[cfg(feature = "fetch")]
    #[error(
        "issuer \"{issuer}\" has keys to start from, and its keys are not fetched: give them with .keys(..) alone"
    )]
    StartingKeysNotFetched {
        /// The issuer's name.
        issuer: String,
    },
    /// A [`KeyFile::look_every`](crate::KeyFile::look_every) outside 1 second to 1 hour.
    #[cfg(feature = "fetch")]
    #[error("issuer \"{issuer}\": look at its key file every 1 second to 1 hour")]
    KeyFileInterval {
        /// The issuer's name.
        issuer: String,
    },
    /// An `outage_tolerance` of more than 24 hours.
    #[cfg(feature = "fetch")]
    #[error("issuer \"{issuer}\": the outage tolerance is over 24 hours")]
    OutageTolerance {
        /// The issuer's name.
        issuer: String,
    },
    /// A `default_key_lifetime` outside 1 minute to 1 hour.
    #[cfg(feature = "fetch")]
    #[error("issuer \"{issuer}\": set a default_key_lifetime from 1 minute to 1 hour")]
    KeyLifetime {
        /// The issuer's name.
        issuer: String,
    },
    /// Two templates that one issuer's name could fit: a token would have two policies.
    #[error(
        "issuer templates \"{issuer}\" and \"{other}\" overlap: a token's issuer could fit both"
    )]
    TemplatesOverlap {
        /// One.
        issuer: String,
        /// The other.
        other: String,
    },
    /// Tenants both by [`Issuer::template`](crate::Issuer::template) and in the policy.
    #[error("issuer \"{issuer}\" has tenants both of its own and in its policy: leave one")]
    TenantsTwice {
        /// The template.
        issuer: String,
    },
    /// Any tenant, with keys that each fetches from an address of its own.
    #[cfg(feature = "fetch")]
    #[error(
        "issuer \"{issuer}\" takes any tenant, and each has keys of its own: then whoever presents a token chooses what is \
         fetched. Say which tenants there are (Tenants::only, Tenants::matching), or use one key set for all (.jwks_at(..))"
    )]
    AnyTenantFetched {
        /// The template.
        issuer: String,
    },
    /// A list of more tenants than [`Issuer::max_tenants`](crate::Issuer::max_tenants) key sets are held, each with its own.
    #[cfg(feature = "fetch")]
    #[error(
        "issuer \"{issuer}\" has {tenants} tenants with keys of their own, and only {held} key sets are held: set \
         .max_tenants({tenants})"
    )]
    MoreTenantsThanHeld {
        /// The template.
        issuer: String,
        /// How many are listed.
        tenants: usize,
        /// How many key sets are held.
        held: usize,
    },
    /// A `max_tenants` outside 1 to 100,000, or a `drop_idle_tenants_after` outside 1 minute to 7 days.
    #[cfg(feature = "fetch")]
    #[error(
        "issuer \"{issuer}\": set max_tenants from 1 to 100000 and drop_idle_tenants_after from 1 minute to 7 days"
    )]
    TenantBounds {
        /// The template.
        issuer: String,
    },
    /// Introspection for a template that would need what each tenant has of its own: metadata, an audience of assertions, or
    /// keys of signed answers.
    #[cfg(feature = "fetch")]
    #[error(
        "issuer \"{issuer}\" is a template: give one introspection endpoint for all tenants (Introspection::at, without a \
         placeholder), with private_key_jwt an .assertion_audience(..), and leave out .signed_answers()"
    )]
    IntrospectionOfTenants {
        /// The template.
        issuer: String,
    },
    /// A `max_token_bytes` of zero or above 1 MiB.
    #[error("max_token_bytes is {bytes}: set from 1 to 1048576 bytes")]
    TokenSize {
        /// What was set.
        bytes: usize,
    },
}
