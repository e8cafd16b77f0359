//! Kinds of JWT that are accepted as access tokens.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::core::keys::KeyUse;
use crate::core::keys::algorithm::Algorithm;
use crate::core::keys::key_family::KeyFamily;

/// The kind of JWT that is accepted as an access token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Profile {
    /// `typ` is `at+jwt`, `JWT` or absent. Where it is not `at+jwt`, a token with claims of an ID
    /// token, a logout token or a security event is refused (RFC 8725 sections 2.8 and 3.12).
    ///
    /// If an accepted audience is also the `client_id` of a client that gets ID tokens, this does
    /// not tell the two kinds apart. Then use [`Profile::Rfc9068`], or require a claim that only
    /// access tokens have
    /// ([`PolicyBuilder::required_claim`](crate::PolicyBuilder::required_claim)).
    #[default]
    #[serde(rename = "default")]
    Default,
    /// RFC 9068: `typ` is `at+jwt`, and `iss`, `exp`, `aud`, `sub`, `client_id`, `iat` and `jti`
    /// are all present.
    #[serde(rename = "rfc9068")]
    Rfc9068,
    /// Amazon Cognito, whose access tokens have no `aud` unless the client asked for a resource.
    /// `token_use` is `access` (an ID token has `id`), and `client_id` is one of
    /// [`allowed_clients`](crate::PolicyBuilder::allowed_clients), which must be set. The rest is
    /// as in the default profile. No audience is needed; an `aud` that is present must be one of
    /// those that are set.
    ///
    /// Only the client then says that a token is meant for this API. So name the app clients that
    /// may call it, and no others of the pool. [`Issuer::cognito`](crate::providers::cognito) sets
    /// all of this.
    #[serde(rename = "cognito")]
    Cognito,
    /// SPIFFE JWT-SVIDs: the policy's issuer is a trust domain (`spiffe://example.org`). `sub` is a
    /// SPIFFE ID with a path in this trust domain; `iss` is the same trust domain or absent. `typ`
    /// is `JWT`, `JOSE` or absent, the algorithm is RSA or ECDSA, and `aud` and `exp` are present.
    /// Only keys with `"use": "jwt-svid"` are used, and no other profile uses these.
    ///
    /// ```
    /// use resource_server::{Issuer, Policy, Profile, Validator};
    ///
    /// # #[cfg(feature = "fetch")]
    /// let validator = Validator::builder()
    ///     .audience("spiffe://example.org/orders")
    ///     .issuer(
    ///         Issuer::new("spiffe://example.org")
    ///             .jwks_at("https://bundles.example.org/")
    ///             .policy(Policy::builder().profile(Profile::JwtSvid)),
    ///     )
    ///     .build()?;
    /// # Ok::<(), resource_server::error::BuildError>(())
    /// ```
    #[serde(rename = "jwt-svid")]
    JwtSvid,
}

impl Profile {
    /// Its name in a configuration file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Profile::Default => "default",
            Profile::Rfc9068 => "rfc9068",
            Profile::Cognito => "cognito",
            Profile::JwtSvid => "jwt-svid",
        }
    }

    /// The algorithms of a policy that names none.
    pub(super) fn default_algorithms(self) -> Vec<Algorithm> {
        Algorithm::default_list()
            .filter(|algorithm| self.takes(*algorithm))
            .collect()
    }

    /// Whether its tokens may be signed with this algorithm (JWT-SVID section 2.1).
    pub(super) fn takes(self, algorithm: Algorithm) -> bool {
        let family = algorithm.family();
        self != Profile::JwtSvid
            || matches!(
                family,
                KeyFamily::Rsa | KeyFamily::P256 | KeyFamily::P384 | KeyFamily::P521
            )
    }

    /// The keys that its tokens are verified with.
    pub(crate) fn key_use(self) -> KeyUse {
        match self {
            Profile::Default | Profile::Rfc9068 | Profile::Cognito => KeyUse::Signature,
            Profile::JwtSvid => KeyUse::JwtSvid,
        }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
