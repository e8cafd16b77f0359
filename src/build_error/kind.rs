//! What can be wrong with the settings of a Validator.

use crate::binding::dpop_error::DpopError;
use crate::binding::mtls::ClientCertificatesError;
use crate::core::{Algorithm, PolicyErrorKind, ResourceError, SecretError, SenderConstraint};
#[cfg(feature = "fetch")]
use crate::core::{KeySetError, KeySetLimitsError};
#[cfg(feature = "fetch")]
use crate::source::{AddressError, FetchError, IntrospectionError};

/// What is wrong with the settings of a [`Validator`](crate::Validator), and how to fix it.
///
/// The message does not name the issuer: [`ConfigError`](crate::error::ConfigError) does.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigErrorKind {
    /// No issuer is configured.
    #[error("no issuer is configured, so every token would be rejected: add one with .issuer(..)")]
    NoIssuer,
    /// No audience is set, or an empty one.
    #[error(
        "no audience is set, or an empty one: name this API as it appears in `aud`, with .audience(..)"
    )]
    NoAudience,
    /// A [`max_token_bytes`](crate::ValidatorBuilder::max_token_bytes) of zero or above 1 MiB.
    #[error("max_token_bytes is {bytes}: set 1 to 1048576 bytes")]
    TokenSize {
        /// The value that was set.
        bytes: usize,
    },
    /// A [`token_cache`](crate::ValidatorBuilder::token_cache) outside 1 MiB to 64 GiB.
    #[error("token_cache is {bytes}: set 1048576 to 68719476736 bytes")]
    TokenCacheSize {
        /// The value that was set.
        bytes: u64,
    },
    /// The [`resource`](crate::ValidatorBuilder::resource) can't be used.
    #[error("the resource can't be used")]
    Resource(#[source] ResourceError),
    /// [`resource`](crate::ValidatorBuilder::resource) is set more than once.
    #[error(
        "several resources are set: leave one, name other audiences by .audience(..), and make Validators of further \
         resources by .for_resource(..)"
    )]
    SeveralResources,
    /// The settings of [`dpop`](crate::ValidatorBuilder::dpop) can't be used.
    #[error("the settings of DPoP can't be used")]
    Dpop(#[source] DpopError),
    /// [`dpop`](crate::ValidatorBuilder::dpop) is set, and no
    /// [`resource`](crate::ValidatorBuilder::resource).
    #[error("DPoP is offered, and no resource is set that challenges can name: add .resource(..)")]
    DpopWithoutResource,
    /// The settings of
    /// [`client_certificates`](crate::ValidatorBuilder::client_certificates) can't be used.
    #[error("client certificates can't be read as it is set")]
    ClientCertificates(#[source] ClientCertificatesError),
    /// The policy requires a binding that no request can prove.
    #[error(
        "its policy requires tokens that are bound (sender_constraint: {required}), and no request could prove that: add \
         .dpop(..) or .client_certificates(..)"
    )]
    Unprovable {
        /// What the policy requires.
        required: SenderConstraint,
    },
    /// An issuer of [`for_resource`](crate::Validator::for_resource) has audiences of its own.
    #[error(
        "its audiences are set for it alone, so they can't be replaced by those of another resource: set them for the \
         whole Validator, or build a second Validator with this issuer"
    )]
    OwnAudiences,
    /// An issuer of [`for_resource`](crate::Validator::for_resource) has no audience at all.
    #[error(
        "it has no audience, so its tokens are not bound to one resource: build a second Validator without this issuer"
    )]
    NoAudienceToReplace,
    /// An issuer of [`for_resource`](crate::Validator::for_resource) has a policy that accepts
    /// tokens without an audience.
    #[error(
        "its policy accepts tokens without an audience (allow_missing_audience, allow_jwt_without_audience, or the \
         profile of Cognito), which every resource would accept: build a second Validator without this issuer"
    )]
    MissingAudienceAccepted,
    /// The same issuer is configured more than once.
    #[error(
        "it is configured twice: put its keys in one source, its audiences in one Issuer, and several \
         HMAC secrets in Issuer::hmac_secrets"
    )]
    IssuerTwice,
    /// The issuer has no source of keys or introspection responses.
    #[error(
        "no source is set: use Issuer::discover or Issuer::hmac, or add .jwks_at(..), .keys(..), .introspection(..) or \
         .source(..)"
    )]
    NoSource,
    /// The issuer has more than one source of keys.
    #[error(
        "several sources of keys are set (discovery, an address, static keys, a source of your own): leave one"
    )]
    SeveralSources,
    /// The issuer has more than one [`introspection`](crate::Issuer::introspection).
    #[error("introspection is set twice: leave one")]
    SeveralIntrospections,
    /// A setting of a provider has the wrong form, such as a URL for a domain.
    #[error("\"{value}\" is not a {setting}{}", write_instead(instead.as_deref()))]
    ProviderSetting {
        /// The form that is expected.
        setting: &'static str,
        /// The value that was set.
        value: String,
        /// The value in the form that is expected, if it is clear.
        instead: Option<String>,
    },
    /// The issuer has more than one policy.
    #[error("several policies are set: put them into one")]
    SeveralPolicies,
    /// The issuer's policy names another issuer.
    #[error("the policy is for issuer \"{policy}\": leave the name out of the policy")]
    TwoNames {
        /// The name in the policy.
        policy: String,
    },
    /// The issuer's policy can't be used.
    #[error("the policy can't be used")]
    Policy(#[source] PolicyErrorKind),
    /// The secret of [`Issuer::hmac`](crate::Issuer::hmac) can't be used.
    #[error("the secret can't be used")]
    Secret(#[source] SecretError),
    /// The policy of an [`Issuer::hmac`](crate::Issuer::hmac) names another algorithm than the
    /// secret's.
    #[error(
        "the secret is for {algorithm} and the policy names other algorithms: leave them out of the policy"
    )]
    OtherAlgorithms {
        /// The secret's algorithm.
        algorithm: Algorithm,
    },
    /// The policy names HMAC, and the keys are fetched or read from a file. Public keys are never
    /// secrets.
    #[error(
        "the policy names HMAC, and the keys are fetched or read from a file, which never gives secrets: use Issuer::hmac"
    )]
    HmacWithFetchedKeys,
    /// Opaque tokens would go to two issuers. Each goes to one issuer only.
    #[error(
        "opaque tokens {} would also go to issuer \"{other}\": separate them by prefix \
         (Issuer::opaque_tokens_with_prefix)",
        if prefix.is_empty() { "of any kind".to_owned() } else { format!("that begin with \"{prefix}\"") }
    )]
    OpaqueTwice {
        /// The other issuer's name.
        other: String,
        /// The prefix of the tokens. Empty: any token.
        prefix: String,
    },
    /// No opaque token can have this prefix.
    #[error(
        "no token begins with \"{}\", which has characters outside RFC 6750 section 2.1",
        prefix.escape_debug()
    )]
    OpaquePrefix {
        /// The prefix that was set.
        prefix: String,
    },
    /// The issuer accepts opaque tokens and has only keys, which can't verify them.
    #[error(
        "opaque tokens can't be verified with keys: add .introspection(..), or a .source(..) that introspects them"
    )]
    OpaqueWithKeys,
    /// Two issuer templates match the same names, so a token would have two policies.
    #[error("the template overlaps with \"{other}\": a token's issuer could match both")]
    TemplatesOverlap {
        /// The other template.
        other: String,
    },
    /// Tenants are set both by [`Issuer::template`](crate::Issuer::template) and in the policy.
    #[error("tenants are set both on the issuer and in its policy: leave one")]
    TenantsTwice,
    /// The settings of an [`Introspection`](crate::Introspection) can't be used.
    #[cfg(feature = "fetch")]
    #[error("the settings of introspection can't be used")]
    Introspection(#[source] IntrospectionError),
    /// An address can't be fetched from: the issuer's name for discovery, or one that was set.
    #[cfg(feature = "fetch")]
    #[error("the address to fetch from can't be used")]
    Address(#[source] AddressError),
    /// The settings of a [`Fetch`](crate::Fetch) can't be used.
    #[cfg(feature = "fetch")]
    #[error("the settings of Fetch can't be used")]
    Fetch(#[source] FetchError),
    /// The JWK Set of [`Issuer::starting_from_jwks`](crate::Issuer::starting_from_jwks) can't be
    /// used.
    #[cfg(feature = "fetch")]
    #[error("the keys to start from can't be used")]
    StartingKeys(#[source] KeySetError),
    /// A [`max_keys`](crate::Issuer::max_keys) or a
    /// [`max_key_set_bytes`](crate::Issuer::max_key_set_bytes) out of its range.
    #[cfg(feature = "fetch")]
    #[error("a bound of its key sets is out of range")]
    KeySetLimits(#[source] KeySetLimitsError),
    /// Keys to start from are set for an issuer that never fetches any.
    #[cfg(feature = "fetch")]
    #[error("keys to start from are set, and no keys are fetched: set them with .keys(..) alone")]
    StartingKeysNotFetched,
    /// A [`KeyFile::look_every`](crate::keys::KeyFile::look_every) outside 1 second to 1 hour.
    #[cfg(feature = "fetch")]
    #[error("look at the key file every 1 second to 1 hour")]
    KeyFileInterval,
    /// An [`outage_tolerance`](crate::Issuer::outage_tolerance) of more than 24 hours.
    #[cfg(feature = "fetch")]
    #[error("the outage tolerance is over 24 hours")]
    OutageTolerance,
    /// A [`default_key_lifetime`](crate::Issuer::default_key_lifetime) outside 1 minute to 1 hour.
    #[cfg(feature = "fetch")]
    #[error("set a default_key_lifetime from 1 minute to 1 hour")]
    KeyLifetime,
    /// Any tenant is accepted, and each has keys at an address of its own.
    #[cfg(feature = "fetch")]
    #[error(
        "any tenant is accepted, and each has keys of its own, so a token's sender would choose what is fetched: name the \
         tenants (Tenants::only, Tenants::matching), or use one key set for all (.jwks_at(..))"
    )]
    AnyTenantFetched,
    /// More tenants are listed than [`Issuer::max_tenants`](crate::Issuer::max_tenants) allows key
    /// sets.
    #[cfg(feature = "fetch")]
    #[error(
        "{tenants} tenants have keys of their own, and at most {held} key sets are kept: set .max_tenants({tenants})"
    )]
    MoreTenantsThanHeld {
        /// The number of tenants that are listed.
        tenants: usize,
        /// The number of key sets that are kept.
        held: usize,
    },
    /// A `max_tenants` outside 1 to 100,000, a `max_key_bytes_of_all_tenants` outside 1 MiB to 64
    /// GiB, or a `drop_idle_tenants_after` outside 1 minute to 7 days.
    #[cfg(feature = "fetch")]
    #[error(
        "set max_tenants from 1 to 100000, max_key_bytes_of_all_tenants from 1048576 to 68719476736, and \
         drop_idle_tenants_after from 1 minute to 7 days"
    )]
    TenantBounds,
    /// Introspection of a template needs something that differs by tenant: metadata, an audience of
    /// assertions, or the keys of signed responses.
    #[cfg(feature = "fetch")]
    #[error(
        "introspection of a template needs one endpoint for all tenants: use Introspection::at without a placeholder, \
         with private_key_jwt an .assertion_audience(..), and no .signed_answers()"
    )]
    IntrospectionOfTenants,
}

fn write_instead(instead: Option<&str>) -> String {
    instead.map_or_else(String::new, |instead| format!(": write \"{instead}\""))
}
