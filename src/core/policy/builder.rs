//! How code makes a policy: a method for each setting.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::core::excerpt::without_user_info;
use crate::core::keys::algorithm::Algorithm;
use crate::core::policy::accepted::Policy;
use crate::core::policy::problem::PolicyError;
use crate::core::policy::profile::Profile;
use crate::core::policy::sender_constraint::SenderConstraint;
use crate::core::policy::settings::Settings;
use crate::core::policy::tenants::Tenants;
use crate::core::token::claims::claim_path::ClaimPath;
use crate::core::token::claims::required_claim::RequiredClaim;
use crate::core::token::claims::scope_claim::ScopeClaim;

/// The settings of a [`Policy`] before they are checked. [`Issuer::policy`](crate::Issuer::policy)
/// accepts them too; there the issuer and the audience may be left out.
///
/// In a configuration file, each of these may be left out; an unknown field and a `null` are
/// errors. Don't use it with `#[serde(flatten)]`, which would silently drop unknown fields.
///
/// | field | value | default |
/// | --- | --- | --- |
/// | `issuer` | text | the [`Issuer`](crate::Issuer)'s name |
/// | `audiences` | list of texts | the [`Issuer`](crate::Issuer)'s, else the [`Validator`](crate::Validator)'s |
/// | `algorithms` | list of names | [`Algorithm::default_list`] |
/// | `profile` | `"default"`, `"rfc9068"`, `"cognito"`, `"jwt-svid"` | `"default"` |
/// | `clock_skew_seconds` | number, at most 300 | 30 |
/// | `max_token_age_seconds`, `max_remaining_seconds` | number, at least 1 | no limit |
/// | `allowed_clients` | list of texts | any client |
/// | `client_claims` | list of [claims](ClaimPath) | `client_id`, else `azp` |
/// | `accepted_types` | list of texts | those of the profile |
/// | `required_claims` | list of [`RequiredClaim`]s | none |
/// | `role_claims` | list of [claims](ClaimPath) | no roles |
/// | `principal_claims` | list of [claims](ClaimPath) | `sub` |
/// | `scope_claim` | `"scope"`, `"scp"` | `"scope"` |
/// | `scope_implies` | map from a scope to a list of scopes | no scope implies another |
/// | `allow_scope_array`, `allow_id_token_claims`, `one_algorithm_per_key` | `true`, `false` | `false` |
/// | `allow_missing_audience`, `allow_jwt_without_audience` | `true`, `false` | `false` |
/// | `tenants` | list of texts, `"any"` | the issuer is one, not a template |
/// | `sender_constraint` | `"if_bound"`, `"dpop"`, `"mtls"`, `"either"` | `"if_bound"` |
/// | `proof_algorithms` | list of names | [`Algorithm::default_list`] |
/// | `proof_max_age_seconds` | number, 1 to 300 | 60 |
/// | `proof_max_ahead_seconds` | number, at most 300 | 10 |
/// | `fapi2` | `true`, `false` | `false` |
///
/// ```
/// use resource_server::{Policy, PolicyBuilder, error::PolicyError};
/// use std::time::Duration;
///
/// let settings: PolicyBuilder = serde_json::from_str(
///     r#"{"clock_skew_seconds": 10, "profile": "rfc9068"}"#,
/// )?;
/// assert!(serde_json::from_str::<PolicyBuilder>(r#"{"clock_skwe_seconds": 10}"#).is_err());
///
/// // All problems at once.
/// let error = Policy::builder().clock_skew(Duration::from_secs(3600)).build().unwrap_err();
/// assert_eq!(error.problems().len(), 3);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PolicyBuilder(Settings);

impl fmt::Debug for PolicyBuilder {
    /// Shows the issuer's name without a user name and password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = self.0.clone();
        if let Some(issuer) = &mut shown.issuer {
            *issuer = without_user_info(issuer).into_owned();
        }
        f.debug_tuple("PolicyBuilder").field(&shown).finish()
    }
}

impl Policy {
    /// Settings with everything at its default, and without an issuer and an audience, which a
    /// policy must have.
    pub fn builder() -> PolicyBuilder {
        PolicyBuilder::default()
    }
}

impl PolicyBuilder {
    /// The issuer's name, exactly as it appears in `iss` (RFC 9207, RFC 8414 section 2).
    #[must_use]
    pub fn issuer(mut self, name: impl Into<String>) -> Self {
        self.0.issuer = Some(name.into());
        self
    }

    /// One more audience that is accepted (RFC 7519 section 4.1.3). A token needs one of them.
    #[must_use]
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.0
            .audiences
            .get_or_insert_default()
            .push(audience.into());
        self
    }

    /// The algorithms to accept instead of [`Algorithm::default_list`]. Names match exactly: a list
    /// with only `Ed25519` rejects `EdDSA`. HMAC can't be combined with other algorithms.
    #[must_use]
    pub fn algorithms(mut self, algorithms: impl IntoIterator<Item = Algorithm>) -> Self {
        self.0.algorithms = Some(algorithms.into_iter().collect());
        self
    }

    /// The algorithms of another policy in its order, and whether a key serves one of them.
    #[cfg(feature = "fetch")]
    pub(crate) fn algorithms_of(mut self, other: &Policy) -> Self {
        let settings = other.settings();
        let listed = settings.algorithms.clone();
        self.0.algorithms = Some(listed.unwrap_or_else(|| other.profile().default_algorithms()));
        self.0.one_algorithm_per_key = settings.one_algorithm_per_key;
        self
    }

    /// A key without an `alg` serves one algorithm: the first of those in
    /// [`algorithms`](PolicyBuilder::algorithms) that fit its type (RFC 8725 section 3.1). By
    /// default it serves all of the list that fit, since large providers publish RSA keys without
    /// an `alg`. A key with an `alg` is not affected.
    ///
    /// ```
    /// use resource_server::{Algorithm, Policy};
    ///
    /// let settings = Policy::builder()
    ///     .algorithms([Algorithm::PS256, Algorithm::RS256, Algorithm::ES256])
    ///     .one_algorithm_per_key();
    /// // An RSA key without an alg now serves PS256 only.
    /// ```
    #[must_use]
    pub fn one_algorithm_per_key(mut self) -> Self {
        self.0.one_algorithm_per_key = Some(true);
        self
    }

    /// The kind of JWT that is accepted as an access token.
    #[must_use]
    pub fn profile(mut self, profile: Profile) -> Self {
        self.0.profile = Some(profile);
        self
    }

    /// How far the issuer's clock may be from ours, in whole seconds. Default 30 seconds, at most
    /// 300.
    #[must_use]
    pub fn clock_skew(mut self, skew: Duration) -> Self {
        self.0.clock_skew_seconds = Some(skew.as_secs());
        self
    }

    /// Rejects a token whose `iat` is further back than this, or missing. Whole seconds; off by
    /// default.
    #[must_use]
    pub fn max_token_age(mut self, age: Duration) -> Self {
        self.0.max_token_age_seconds = Some(age.as_secs());
        self
    }

    /// Rejects a token whose `exp` is further ahead than this. Whole seconds; off by default.
    #[must_use]
    pub fn max_remaining(mut self, lifetime: Duration) -> Self {
        self.0.max_remaining_seconds = Some(lifetime.as_secs());
        self
    }

    /// The only clients whose tokens are accepted. A client is read from `client_id`, else `azp`,
    /// unless [`client_claims`](PolicyBuilder::client_claims) names other claims. Without this call
    /// every client is accepted; an empty list is an error.
    #[must_use]
    pub fn allowed_clients<C: Into<String>>(
        mut self,
        client_ids: impl IntoIterator<Item = C>,
    ) -> Self {
        self.0.allowed_clients = Some(client_ids.into_iter().map(Into::into).collect());
        self
    }

    /// The claims that name the client which a token was issued to, instead of `client_id` and else
    /// `azp`. The first of them that is present is read, and must be a string. Others are `cid`
    /// (Okta) and `appid` (Microsoft Entra v1).
    ///
    /// [`AccessToken::client_id`](crate::AccessToken::client_id) gives this client, and
    /// [`allowed_clients`](PolicyBuilder::allowed_clients) compares it.
    #[must_use]
    pub fn client_claims<P: Into<ClaimPath>>(mut self, paths: impl IntoIterator<Item = P>) -> Self {
        self.0.client_claims = Some(paths.into_iter().map(Into::into).collect());
        self
    }

    /// The values of the header's `typ` to accept, instead of those of the profile: for a provider
    /// with an explicit type of its own (RFC 8725 section 3.11). Case does not matter, nor does the
    /// prefix `application/`. A token without a `typ` is then rejected.
    ///
    /// A type other than `at+jwt` does not switch off the search for claims of other kinds of
    /// token. The types of other kinds of JWT can't be accepted: DPoP proofs, logout tokens,
    /// security events, introspection responses, client assertions and attestations, credentials,
    /// and others.
    #[must_use]
    pub fn accepted_types<T: Into<String>>(mut self, types: impl IntoIterator<Item = T>) -> Self {
        self.0.accepted_types = Some(types.into_iter().map(Into::into).collect());
        self
    }

    /// One more claim that a token must have, such as a tenant or a repository.
    #[must_use]
    pub fn required_claim(mut self, required: RequiredClaim) -> Self {
        self.0
            .required_claims
            .get_or_insert_default()
            .push(required);
        self
    }

    /// The claims that [roles](crate::AccessToken::roles) are read from, all of them together: such
    /// as `roles`, `groups`, `cognito:groups`, and nested `realm_access`, `roles` (Keycloak). Each
    /// is an array of strings, or a string that is one role. A token with another type there is
    /// rejected; a token without the claim has no roles from it.
    ///
    /// ```
    /// use resource_server::{Policy, claims::ClaimPath};
    ///
    /// let settings = Policy::builder().role_claims([
    ///     ClaimPath::nested(["realm_access", "roles"]),
    ///     ClaimPath::nested(["resource_access", "orders-api", "roles"]),
    /// ]);
    /// ```
    #[must_use]
    pub fn role_claims<P: Into<ClaimPath>>(mut self, paths: impl IntoIterator<Item = P>) -> Self {
        self.0.role_claims = Some(paths.into_iter().map(Into::into).collect());
        self
    }

    /// The claims that the [principal](crate::AccessToken::principal) is read from, instead of
    /// `sub`. The first of them that is present is read, and must be a string.
    #[must_use]
    pub fn principal_claims<P: Into<ClaimPath>>(
        mut self,
        paths: impl IntoIterator<Item = P>,
    ) -> Self {
        self.0.principal_claims = Some(paths.into_iter().map(Into::into).collect());
        self
    }

    /// The claim that takes precedence where a token has both `scope` and `scp`.
    #[must_use]
    pub fn scope_claim(mut self, claim: ScopeClaim) -> Self {
        self.0.scope_claim = Some(claim);
        self
    }

    /// A scope that implies others: where an operation requires one of them, a token with `scope`
    /// has it too. RFC 6749 section 3.3 leaves the meaning of scopes to the API. Each call adds to
    /// the map. It is transitive, and never runs backwards. By default scopes match exactly.
    ///
    /// It changes what [`AccessToken::require`](crate::AccessToken::require) and
    /// [`AccessToken::has_scope`](crate::AccessToken::has_scope) accept.
    /// [`AccessToken::scopes`](crate::AccessToken::scopes) still shows what the issuer granted, and
    /// a challenge still names the scopes of the operation. It applies to tokens of this policy's
    /// issuer only.
    ///
    /// A policy may list at most 1,000 implied scopes. Scopes that imply each other, an empty list
    /// and a malformed scope are problems of the policy.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use resource_server::{Issuer, Policy, Requirement, Validator, testing::TestIssuer};
    ///
    /// let settings = Policy::builder()
    ///     .scope_implies("admin", ["orders:write"])
    ///     .scope_implies("orders:write", ["orders:read"]);
    ///
    /// let issuer = TestIssuer::new("https://as.example.com", "https://api.example.com");
    /// let validator = Validator::builder()
    ///     .audience("https://api.example.com")
    ///     .issuer(issuer.to_issuer().policy(settings))
    ///     .build()?;
    /// let token = validator.validate_cached(&issuer.token().scope("admin").mint()).unwrap()?;
    /// token.require(&Requirement::scope("orders:read"))?;
    /// assert!(token.has_scope("orders:read"));
    /// assert!(!token.scopes().contains("orders:read"));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn scope_implies<S: Into<String>>(
        mut self,
        scope: impl Into<String>,
        implied: impl IntoIterator<Item = S>,
    ) -> Self {
        let map = self.0.scope_implies.get_or_insert_default();
        map.add(scope.into(), implied.into_iter().map(Into::into));
        self
    }

    /// Accepts a `scope` that is a JSON array too. By default it must be a string, as RFC 9068
    /// section 2.2.3 has it.
    #[must_use]
    pub fn allow_scope_array(mut self) -> Self {
        self.0.allow_scope_array = Some(true);
        self
    }

    /// Accepts tokens with `nonce`, `at_hash`, `c_hash` or `s_hash`, for providers whose access
    /// tokens have them (Keycloak before 25 adds `nonce`). Claims of other kinds of token are still
    /// rejected.
    #[must_use]
    pub fn allow_id_token_claims(mut self) -> Self {
        self.0.allow_id_token_claims = Some(true);
        self
    }

    /// Accepts an introspection response without `aud`, which is optional in RFC 7662 section 2.2.
    /// Then nothing says that the token is meant for this API. Use it only where the authorization
    /// server answers each API about its own tokens alone, or together with
    /// [`allowed_clients`](PolicyBuilder::allowed_clients) or a
    /// [`required_claim`](PolicyBuilder::required_claim) with a value.
    ///
    /// Some servers answer with neither `aud` nor `token_type` about refresh tokens. So a response
    /// without both is accepted only with one of these two settings; which claims serve is said at
    /// [`allow_jwt_without_audience`](PolicyBuilder::allow_jwt_without_audience).
    ///
    /// An empty `aud` (`[]` or `""`) is a missing one. A response that has an `aud` must still
    /// match. This is not for JWTs, which have
    /// [`allow_jwt_without_audience`](PolicyBuilder::allow_jwt_without_audience).
    #[must_use]
    pub fn allow_missing_audience(mut self) -> Self {
        self.0.allow_missing_audience = Some(true);
        self
    }

    /// Accepts a JWT without `aud`, for providers whose access tokens never have one (WorkOS,
    /// Clerk). Off by default, since `aud` is what says that a token is meant for this API (RFC
    /// 8725 section 3.9).
    ///
    /// Something else must say it, so `build` fails unless one of these is set too:
    ///
    /// * [`allowed_clients`](PolicyBuilder::allowed_clients).
    /// * A [`required_claim`](PolicyBuilder::required_claim) of the form
    ///   [`equals`](RequiredClaim::equals) or [`one_of`](RequiredClaim::one_of), such as the
    ///   organization. The claim must not be `iss`, `sub`, `aud`, `exp`, `nbf`, `iat`, `jti`,
    ///   `typ`, `token_use`, `token_type`, `token_introspection`, `active`, `scope`, `scp`, `ver`,
    ///   `tid`, `acr`, `amr`, `auth_time`, `nonce`, `cnf`, `email` or `email_verified`, or be
    ///   inside one of these.
    ///
    /// An audience of this API may then be left out. An empty `aud` (`[]` or `""`) is a missing
    /// one. An `aud` that is present must still match. [`Profile::Rfc9068`] and
    /// [`Profile::JwtSvid`] always need one, and `build` fails for them. [`Profile::Cognito`] does
    /// not need this.
    ///
    /// ```
    /// use resource_server::{Policy, claims::RequiredClaim};
    ///
    /// let workos = Policy::builder()
    ///     .issuer("https://api.workos.com/user_management/client_01EXAMPLE")
    ///     .allow_jwt_without_audience()
    ///     .required_claim(RequiredClaim::equals("org_id", "org_01EXAMPLE"));
    /// assert!(workos.build().is_ok());
    ///
    /// let alone = Policy::builder().issuer("https://as.example.com").allow_jwt_without_audience();
    /// assert!(alone.build().is_err());
    /// ```
    #[must_use]
    pub fn allow_jwt_without_audience(mut self) -> Self {
        self.0.allow_jwt_without_audience = Some(true);
        self
    }

    /// The tenants whose tokens are accepted, of an issuer whose name is a template such as
    /// `https://login.example.com/{tenantid}/v2.0`. The placeholder is one whole segment of the
    /// path, in braces. A token's `tid`, if present, must be the tenant in its `iss`. The `issuer`
    /// of the key's JWK, if present, must name that tenant too.
    /// [`Issuer::template`](crate::Issuer::template) sets this.
    #[must_use]
    pub fn tenants(mut self, tenants: Tenants) -> Self {
        self.0.tenants = Some(tenants);
        self
    }

    /// What each token of the issuer must be bound to. By default a token without a binding is a
    /// bearer token. A binding that a token has is always checked.
    ///
    /// `build()` of the Validator reports a binding that no request could prove: DPoP needs
    /// [`ValidatorBuilder::dpop`](crate::ValidatorBuilder::dpop), and mutual TLS
    /// [`ValidatorBuilder::client_certificates`](crate::ValidatorBuilder::client_certificates).
    #[must_use]
    pub fn sender_constraint(mut self, required: SenderConstraint) -> Self {
        self.0.sender_constraint = Some(required);
        self
    }

    /// The algorithms of DPoP proofs (RFC 9449 section 4.3) to accept instead of
    /// [`Algorithm::default_list`]. RSA keys of proofs have 2,048 to 4,096 bits.
    #[must_use]
    pub fn proof_algorithms(mut self, algorithms: impl IntoIterator<Item = Algorithm>) -> Self {
        self.0.proof_algorithms = Some(algorithms.into_iter().collect());
        self
    }

    /// How old a DPoP proof may be by its `iat` (RFC 9449 section 11.1), in whole seconds. Default
    /// 60, from 1 to 300. Where nonces are required or accepted, a proof with a nonce is judged by
    /// the time of the nonce instead.
    #[must_use]
    pub fn proof_max_age(mut self, age: Duration) -> Self {
        self.0.proof_max_age_seconds = Some(age.as_secs());
        self
    }

    /// How far ahead the `iat` of a DPoP proof may be, in whole seconds. Default 10, at most 300.
    /// It is the skew of proofs: the policy's [`clock_skew`](PolicyBuilder::clock_skew) is for
    /// tokens.
    #[must_use]
    pub fn proof_max_ahead(mut self, ahead: Duration) -> Self {
        self.0.proof_max_ahead_seconds = Some(ahead.as_secs());
        self
    }

    /// The FAPI 2.0 Security Profile for resource servers (sections 5.3.4 and 5.4.1).
    ///
    /// * Tokens and proofs are signed with PS256, ES256, EdDSA or Ed25519.
    /// * Each token is bound by DPoP or mutual TLS
    ///   ([`SenderConstraint::Either`]).
    /// * A key without `alg` serves one algorithm
    ///   ([`one_algorithm_per_key`](PolicyBuilder::one_algorithm_per_key)).
    /// * The clock skew is 10 seconds (section 5.3.2.1 item 13).
    ///
    /// You may set these stricter. A value that the profile does not allow is an error. It does not
    /// cover revocation: use introspection, or tokens that live for minutes.
    #[must_use]
    pub fn fapi2(mut self) -> Self {
        self.0.fapi2 = Some(true);
        self
    }

    /// Checks the settings.
    ///
    /// # Errors
    /// Every problem of the settings: see [`PolicyErrorKind`](crate::error::PolicyErrorKind).
    pub fn build(self) -> Result<Policy, PolicyError> {
        self.0.try_into()
    }

    /// These settings, and the provider's for each that is not made here.
    pub(crate) fn over(self, provider: PolicyBuilder) -> Self {
        PolicyBuilder(self.0.over(provider.0))
    }

    pub(crate) fn issuer_name(&self) -> Option<&str> {
        self.0.issuer.as_deref()
    }

    pub(crate) fn named_algorithms(&self) -> Option<&[Algorithm]> {
        self.0.algorithms.as_deref()
    }

    pub(crate) fn has_tenants(&self) -> bool {
        self.0.tenants.is_some()
    }

    pub(crate) fn has_audiences(&self) -> bool {
        self.0.audiences.is_some()
    }
}

impl TryFrom<PolicyBuilder> for Policy {
    type Error = PolicyError;

    fn try_from(settings: PolicyBuilder) -> Result<Self, PolicyError> {
        settings.build()
    }
}
