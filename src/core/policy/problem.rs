//! What can be wrong with the settings of a policy.

use std::fmt;
use std::time::Duration;

use crate::core::keys::algorithm::Algorithm;
use crate::core::policy::profile::Profile;
use crate::core::token::claims::claim_path::ClaimPath;

/// The most implied scopes that one policy may list, over all scopes that imply any.
pub(super) const MAX_IMPLIED_SCOPES: usize = 1_000;

/// What is wrong with the settings of a policy: everything, not only the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyError {
    problems: Vec<PolicyErrorKind>,
}

impl PolicyError {
    pub(crate) fn new(problems: Vec<PolicyErrorKind>) -> Self {
        PolicyError { problems }
    }

    /// Each problem.
    pub fn problems(&self) -> &[PolicyErrorKind] {
        &self.problems
    }
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let problems: Vec<_> = self
            .problems
            .iter()
            .map(PolicyErrorKind::to_string)
            .collect();
        f.write_str(&problems.join("; "))
    }
}

impl std::error::Error for PolicyError {}

/// One thing that is wrong with the settings of a policy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyErrorKind {
    /// No issuer, or an empty one.
    #[error("no issuer is set: name the authorization server as it appears in `iss`")]
    NoIssuer,
    /// No audience, or an empty one.
    #[error(
        "no audience is set, or an empty one: name this API as it appears in `aud`, with .audience(..) or `audiences`"
    )]
    NoAudience,
    /// `allow_jwt_without_audience` without allowed clients and without a required claim that says
    /// which tokens are for this API.
    #[error(
        "allow_jwt_without_audience is set, and nothing else says which tokens are for this API: add `allowed_clients`, or a \
         required claim with equals or one_of, such as azp or the organization (not a claim that every token has, nor typ, \
         token_use or scope)"
    )]
    NothingInPlaceOfAudience,
    /// White space before or after an issuer or audience, which no token will match.
    #[error("\"{0}\" has white space around it, so no token can match it")]
    SpaceAround(String),
    /// An empty list of algorithms.
    #[error("the list of algorithms is empty: leave it out for the default, or name at least one")]
    NoAlgorithm,
    /// An algorithm that the built-in signature backend can't verify.
    #[error(
        "{0} is not verified by the signature backend that is built in: enable the feature `aws-lc-rs`"
    )]
    UnsupportedAlgorithm(Algorithm),
    /// An algorithm that tokens of the profile never have.
    #[error("{algorithm} is no algorithm of the profile {profile}")]
    AlgorithmOutsideProfile {
        /// The algorithm.
        algorithm: Algorithm,
        /// The profile.
        profile: Profile,
    },
    /// An issuer that is not a SPIFFE trust domain, for the profile `jwt-svid`.
    #[error(
        "\"{0}\" is no SPIFFE trust domain: with the profile jwt-svid the issuer is `spiffe://` and its name in lower case, \
         without a path"
    )]
    NotATrustDomain(String),
    /// The profile `cognito` without clients.
    #[error(
        "no clients are named: Amazon Cognito's access tokens have no audience, so `allowed_clients` must say whose tokens are \
         for this API"
    )]
    ClientsNotNamed,
    /// HMAC together with algorithms of public keys: a public key could then be mistaken for a
    /// secret.
    #[error(
        "HMAC is combined with algorithms of public keys: tokens of a shared secret need an issuer, and so a policy, of their \
         own (Issuer::hmac)"
    )]
    HmacBesideOthers,
    /// HMAC as an algorithm of proofs: the key of a proof is public.
    #[error(
        "{0} can't be an algorithm of proofs: the key of a proof is public (RFC 9449 section 4.2)"
    )]
    HmacProof(Algorithm),
    /// A `proof_max_age` outside 1 to 300 seconds, or a `proof_max_ahead` of more than 300.
    #[error("set proof_max_age from 1 to 300 s, and proof_max_ahead to at most 300 s")]
    ProofWindow,
    /// A setting that the FAPI 2.0 Security Profile does not allow.
    #[error(
        "`fapi2` is set, and the FAPI 2.0 Security Profile does not allow this value of `{setting}`: leave it out"
    )]
    OutsideFapi2 {
        /// The setting.
        setting: &'static str,
    },
    /// More skew than 300 seconds.
    #[error("a clock skew of {} s is over 300 s: set the clocks right instead", .0.as_secs())]
    TooMuchSkew(Duration),
    /// A `max_token_age` or `max_remaining` of zero seconds, which no token can meet.
    #[error("max_token_age or max_remaining is less than a second: leave it out to switch it off")]
    ZeroLifetime,
    /// An empty list, which could mean nothing or everything.
    #[error("`{0}` is an empty list: leave it out, or name at least one")]
    EmptyList(&'static str),
    /// A path to a claim with no name, with more than 8 names, or with an empty one.
    #[error("{0} is no path to a claim: it has one to eight names, none of them empty")]
    MalformedPath(ClaimPath),
    /// A required claim without a value, or with an empty one.
    #[error("the required claim {0} has no value that it must be, or an empty one")]
    NoClaimValue(ClaimPath),
    /// An accepted `typ` that is not a media type, or is that of another kind of JWT, such as a
    /// DPoP proof, a logout token or a client attestation.
    #[error(
        "\"{0}\" can't be the typ of access tokens: it is not a media type, or names another kind of token"
    )]
    TypeNotAcceptable(String),
    /// Scopes that imply each other in a circle. Each implies the next, and the last implies the
    /// first.
    #[error("{}, which is a circle: remove one step of it from `scope_implies`", around(.0))]
    ScopeCycle(Vec<String>),
    /// A scope in `scope_implies` that is empty or has characters outside RFC 6749 section 3.3.
    #[error(
        "`scope_implies` names {0:?}, which is not one scope: one or more printable ASCII characters without space, quote and \
         backslash"
    )]
    MalformedScope(String),
    /// More than 1,000 implied scopes in `scope_implies`.
    #[error(
        "`scope_implies` lists {count} implied scopes: at most {MAX_IMPLIED_SCOPES} are accepted"
    )]
    TooManyImpliedScopes {
        /// How many there are, over all scopes that imply any.
        count: usize,
    },
    /// A setting that the profile decides.
    #[error("the profile {profile} decides `{setting}`: leave one of them out")]
    FixedByProfile {
        /// The setting.
        setting: &'static str,
        /// The profile.
        profile: Profile,
    },
    /// An empty list of clients, or an empty name in it.
    #[error("the list of allowed clients is empty or has an empty name: leave it out to allow any")]
    NoClient,
    /// Tenants are set, but the issuer's name does not have exactly one placeholder for them.
    #[error(
        "tenants are set, but \"{0}\" has not exactly one placeholder such as {{tenantid}} as a whole segment of its path"
    )]
    NoPlaceholder(String),
    /// The issuer's name is a template, and nothing says which tenants are allowed.
    #[error(
        "\"{0}\" is a template of an issuer's name: say which tenants are allowed (Issuer::template, or `tenants`)"
    )]
    NoTenants(String),
    /// An empty list of tenants.
    #[error(
        "the list of tenants is empty: for every tenant there is a word of its own (Tenants::any, \"any\")"
    )]
    NoTenant,
    /// A malformed tenant.
    #[error(
        "\"{0}\" can't be a tenant, which is 1 to 64 of A-Z, a-z, 0-9 and -, as it appears in the issuer's name (an id, not a domain)"
    )]
    MalformedTenant(String),
}

/// The steps of a circle, the first scope again at the end.
fn around(scopes: &[String]) -> String {
    let around = scopes.iter().chain(scopes.first());
    let quoted: Vec<_> = around.map(|scope| format!("\"{scope}\"")).collect();
    format!("the scope {}", quoted.join(" implies "))
}
