//! One issuer: its name, what is accepted from it, and where the evidence for its tokens comes
//! from.

mod build;
mod policy;
#[cfg(feature = "fetch")]
mod remote;
#[cfg(not(feature = "fetch"))]
#[path = "no_remote.rs"]
mod remote;

use std::fmt;

use crate::core::{Algorithm, PolicyBuilder, SecretError, Tenants, without_user_info};
use crate::source::{KeySource, StaticKeys};
use remote::{Recipe, RemoteSettings};

pub(crate) use build::{BuildContext, BuiltIssuer};
pub(crate) use remote::SharedSettings;

/// One issuer whose tokens are accepted: its name, its policy, and one source of evidence.
///
/// ```
/// use resource_server::{Algorithm, Issuer, Policy, StaticKeys};
///
/// # let text = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
/// let issuer = Issuer::new("https://as.example.com")
///     .keys(StaticKeys::from_jwks(text)?)
///     .policy(Policy::builder().algorithms([Algorithm::Ed25519]));
/// # Ok::<(), resource_server::error::KeySetError>(())
/// ```
#[must_use]
pub struct Issuer {
    name: String,
    /// The accepted tenants, where the name is a template.
    tenants: Option<Tenants>,
    settings: Option<PolicyBuilder>,
    has_two_policies: bool,
    provider: Provider,
    audiences: Vec<String>,
    sources: Vec<Recipe>,
    /// The prefix of the opaque tokens that are accepted.
    opaque_prefix: Option<String>,
    /// Whether keys are configured here, so that the source never introspects.
    has_static_keys: bool,
    hmac: Option<Algorithm>,
    secret_problem: Option<SecretError>,
    remote: RemoteSettings,
}

/// The settings of a well-known provider.
#[derive(Default)]
struct Provider {
    /// Defaults for what the user's policy leaves out.
    settings: PolicyBuilder,
    problems: Vec<WrongSetting>,
    /// Whether the only source is the provider's, so that a source of the user replaces it.
    has_source: bool,
}

/// A provider's setting that can't be right.
struct WrongSetting {
    /// The form that is expected.
    setting: &'static str,
    value: String,
    /// The value in that form, if it is clear.
    instead: Option<String>,
}

impl Issuer {
    /// An issuer by its name: the value of `iss`, byte for byte. It has no keys yet.
    pub fn new(name: impl Into<String>) -> Self {
        Issuer {
            name: name.into(),
            tenants: None,
            settings: None,
            has_two_policies: false,
            provider: Provider::default(),
            audiences: Vec::new(),
            sources: Vec::new(),
            opaque_prefix: None,
            has_static_keys: false,
            hmac: None,
            secret_problem: None,
            remote: RemoteSettings::default(),
        }
    }

    /// Many issuers in one, whose names differ in one segment, the tenant. The template has a
    /// placeholder for the tenant: any name in braces, as one whole segment of the path. It has no
    /// keys yet:
    ///
    /// * **One key set for all tenants**: [`jwks_at`](Issuer::jwks_at), or [`keys`](Issuer::keys).
    ///   Or [`discovery_at`](Issuer::discovery_at) with the address of a metadata document whose
    ///   `issuer` is this template.
    /// * **One key set for each tenant**: [`discover_tenants`](Issuer::discover_tenants) instead of
    ///   this. Or `jwks_at` and `discovery_at` with the same placeholder in the address.
    ///
    /// A tenant is 1 to 64 characters of `A` to `Z`, `a` to `z`, `0` to `9` and `-`. If the token
    /// has a `tid` claim, it must be the tenant. If the JWK that fits has an `issuer` member, it
    /// must be the tenant's issuer. [`AccessToken::tenant`](crate::AccessToken::tenant) gives the
    /// tenant.
    ///
    /// ```
    /// use resource_server::{Issuer, Tenants, Validator};
    ///
    /// # #[cfg(feature = "fetch")]
    /// let validator = Validator::builder()
    ///     .audience("https://api.example.com")
    ///     .issuer(
    ///         Issuer::template(
    ///             "https://login.example.com/{tenant}/v2.0",
    ///             Tenants::only(["acme", "globex"]),
    ///         )
    ///         .jwks_at("https://login.example.com/common/keys"),
    ///     )
    ///     .build()?;
    /// # Ok::<(), resource_server::error::BuildError>(())
    /// ```
    pub fn template(template: impl Into<String>, tenants: Tenants) -> Self {
        let mut issuer = Issuer::new(template);
        issuer.tenants = Some(tenants);
        issuer
    }

    /// An issuer whose tokens are signed with a secret that this API shares with it: `HS256`,
    /// `HS384` or `HS512` (RFC 7518 section 3.2). It sets the source and the algorithm. A policy
    /// may be added for the rest.
    ///
    /// Everyone who has the secret can mint tokens, including each API that verifies them. Prefer
    /// an issuer with public keys where you have the choice. The secret has at least as many bytes
    /// as the hash (32, 48 or 64), best random ones. It is used without decoding: decode base64 or
    /// hex first.
    ///
    /// Building the Validator fails for a secret that reads as a key or certificate, or that
    /// repeats one byte. A token may have any `kid`, or none. The secret is kept only in the form
    /// that the backend needs; other copies that were made on the way are not wiped.
    ///
    /// ```
    /// use resource_server::{Algorithm, Issuer, Validator};
    ///
    /// # let secret = b"0123456789abcdef0123456789abcdef";
    /// let validator = Validator::builder()
    ///     .audience("https://api.example.com")
    ///     .issuer(Issuer::hmac("https://as.example.com", Algorithm::HS256, secret))
    ///     .build()?;
    ///
    /// let short = Validator::builder()
    ///     .audience("https://api.example.com")
    ///     .issuer(Issuer::hmac("https://as.example.com", Algorithm::HS256, b"secret"));
    /// assert!(short.build().is_err());
    /// # Ok::<(), resource_server::error::BuildError>(())
    /// ```
    pub fn hmac(name: impl Into<String>, algorithm: Algorithm, secret: impl AsRef<[u8]>) -> Self {
        Issuer::hmac_secrets(name, algorithm, [(None, secret)])
    }

    /// The same with several secrets at once, so that one can be replaced without refusing the
    /// tokens of the other: add the new secret, let the authorization server sign with it, and
    /// remove the old one when its last token has expired.
    ///
    /// A secret with a `kid` is for tokens with that `kid`, and for those without one. A secret
    /// without a `kid` is for all tokens; there are at most 4 of them. The secrets that a token
    /// selects are tried in this order, at most 4 of them.
    ///
    /// ```
    /// use resource_server::{Algorithm, Issuer, Validator};
    ///
    /// # let new = b"0123456789abcdef0123456789abcdef";
    /// # let old = b"fedcba9876543210fedcba9876543210";
    /// let secrets = [(Some("2026-11"), new), (Some("2026-05"), old)];
    /// let validator = Validator::builder()
    ///     .audience("https://api.example.com")
    ///     .issuer(Issuer::hmac_secrets("https://as.example.com", Algorithm::HS256, secrets))
    ///     .build()?;
    /// # Ok::<(), resource_server::error::BuildError>(())
    /// ```
    pub fn hmac_secrets<'k>(
        name: impl Into<String>,
        algorithm: Algorithm,
        secrets: impl IntoIterator<Item = (Option<&'k str>, impl AsRef<[u8]>)>,
    ) -> Self {
        let mut issuer = Issuer::new(name);
        issuer.hmac = Some(algorithm);
        match StaticKeys::from_hmac_secrets(algorithm, secrets) {
            Ok(keys) => issuer.keys(keys),
            Err(problem) => {
                issuer.secret_problem = Some(problem);
                issuer
            }
        }
    }

    /// Static keys, which never change.
    pub fn keys(mut self, keys: StaticKeys) -> Self {
        self.has_static_keys = true;
        self.source(keys)
    }

    /// A source of your own.
    pub fn source(self, source: impl KeySource) -> Self {
        self.with_source(Recipe::made(source))
    }

    fn with_source(mut self, recipe: Recipe) -> Self {
        if std::mem::take(&mut self.provider.has_source) {
            self.sources.clear();
        }
        self.sources.push(recipe);
        self
    }

    /// Sends opaque tokens to this issuer's [`source`](Issuer::source), which must give
    /// [`Evidence::Introspection`](crate::Evidence::Introspection). Without this call opaque tokens
    /// are rejected.
    ///
    /// Each opaque token goes to one issuer only. Where several issuers accept them, separate them
    /// by [`opaque_tokens_with_prefix`](Issuer::opaque_tokens_with_prefix). Only the form decides
    /// what is opaque: a token with the form of a JWT goes to the issuer that it names.
    pub fn opaque_tokens(self) -> Self {
        self.opaque_tokens_with_prefix("")
    }

    /// As [`opaque_tokens`](Issuer::opaque_tokens), for tokens with this prefix only. It has
    /// characters that a token may have (RFC 6750 section 2.1). The longest matching prefix of all
    /// issuers decides.
    pub fn opaque_tokens_with_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.opaque_prefix = Some(prefix.into());
        self
    }

    /// What is accepted from this issuer. The issuer's name and the audience may be left out of the
    /// policy. Audiences in it are this issuer's own.
    pub fn policy(mut self, settings: PolicyBuilder) -> Self {
        self.has_two_policies |= self.settings.is_some();
        self.settings = Some(settings);
        self
    }

    /// An audience that this issuer's tokens may have. An issuer's own audiences replace the
    /// Validator's.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audiences.push(audience.into());
        self
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The prefix of the opaque tokens that this issuer accepts.
    pub(crate) fn opaque_prefix(&self) -> Option<&str> {
        self.opaque_prefix.as_deref()
    }
}

impl fmt::Debug for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issuer")
            .field("name", &without_user_info(&self.name))
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
