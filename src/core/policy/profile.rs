//! Kinds of JWT that are accepted as access tokens.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::core::keys::algorithm::{Algorithm, KeyFamily};
use crate::core::keys::jwk::KeyUse;

/// Which kind of JWT is taken for an access token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Profile {
    /// `typ` is `at+jwt`, `JWT` or absent. Where it is not `at+jwt`, a token with claims of an ID token, a logout token
    /// or a security event is refused (RFC 8725 sections 2.8 and 3.12).
    ///
    /// Where an accepted audience is also the `client_id` of a client that gets ID tokens, that is not enough to tell
    /// the two kinds apart: use [`Profile::Rfc9068`], or require a claim that only access tokens have
    /// ([`PolicyBuilder::required_claim`](crate::PolicyBuilder::required_claim)).
    #[default]
    #[serde(rename = "default")]
    Default,
    /// RFC 9068: `typ` is `at+jwt`, and `iss`, `exp`, `aud`, `sub`, `client_id`, `iat` and `jti` are all there.
    #[serde(rename = "rfc9068")]
    Rfc9068,
    /// Amazon Cognito, whose access tokens have no `aud` unless the client asked for a resource: `token_use` is `access` (an
    /// ID token has `id`), and `client_id` is one of [`allowed_clients`](crate::PolicyBuilder::allowed_clients), which must be set.
    /// Otherwise as the default. No audience is needed; an `aud` that is there must be one of those that are set.
    ///
    /// What says that a token is meant for this API is then only whom it was issued to: name the app clients that may call
    /// it, and no others of the pool. [`Issuer::cognito`](crate::Issuer::cognito) sets all of it.
    #[serde(rename = "cognito")]
    Cognito,
    /// SPIFFE JWT-SVIDs: the policy's issuer is a trust domain (`spiffe://example.org`), of which `sub`, a SPIFFE ID with a
    /// path, must be; `iss` may be absent, and is the same where it is there. `typ` is `JWT`, `JOSE` or absent, the algorithm
    /// one of RSA and ECDSA, `aud` and `exp` are there. Only keys with `"use": "jwt-svid"` count, which no other profile
    /// takes.
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
    /// # Ok::<(), resource_server::BuildError>(())
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

    /// Whether its tokens may be by this algorithm (JWT-SVID section 2.1).
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
