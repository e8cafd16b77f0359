//! One issuer: its name, what is accepted from it, and where the evidence for its tokens comes from.

mod finish;
#[cfg(feature = "fetch")]
mod providers;

use std::fmt;
#[cfg(feature = "fetch")]
use std::time::Duration;

#[cfg(feature = "fetch")]
use crate::core::KeySetError;
use crate::core::{Algorithm, PolicyBuilder, SecretProblem, Tenants};
#[cfg(feature = "fetch")]
use crate::source::Introspection;
use crate::source::{DynKeySource, KeySource, StaticKeys};
#[cfg(feature = "fetch")]
use crate::source::{Fetch, KeyFile, Limits, TenantBounds, Whereabouts};

pub(crate) use finish::Surroundings;

/// One issuer whose tokens are accepted: its name, its policy, and one source of evidence.
///
/// ```
/// use resource_server::{Algorithm, Issuer, Policy, StaticKeys};
///
/// # let text = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
/// let issuer = Issuer::new("https://as.example.com")
///     .keys(StaticKeys::from_jwks(text)?)
///     .policy(Policy::builder().algorithms([Algorithm::Ed25519]));
/// # Ok::<(), resource_server::KeySetError>(())
/// ```
#[must_use]
pub struct Issuer {
    name: String,
    /// Of a name that is a template.
    tenants: Option<Tenants>,
    settings: Option<PolicyBuilder>,
    has_two_policies: bool,
    provider: Provider,
    audiences: Vec<String>,
    sources: Vec<Recipe>,
    #[cfg(feature = "fetch")]
    introspections: Vec<Introspection>,
    /// What opaque tokens for it begin with.
    opaque_prefix: Option<String>,
    has_keys_by_hand: bool,
    hmac: Option<Algorithm>,
    secret_problem: Option<SecretProblem>,
    #[cfg(feature = "fetch")]
    fetch: Option<Fetch>,
    #[cfg(feature = "fetch")]
    limits: Limits,
    #[cfg(feature = "fetch")]
    tenant_bounds: TenantBounds,
    #[cfg(feature = "fetch")]
    is_lazy: bool,
    /// Keys to start from.
    #[cfg(feature = "fetch")]
    starting_keys: Option<Result<StaticKeys, KeySetError>>,
}

/// What the name of a well-known provider brings.
#[derive(Default)]
struct Provider {
    /// They count where the user's say nothing.
    settings: PolicyBuilder,
    /// What was said of it and can't be, each with what it should have been.
    problems: Vec<(&'static str, String)>,
    /// Whether the only source is the provider's, to be replaced by any other.
    has_source: bool,
}

/// A source that is made when the Validator is.
enum Recipe {
    Made(Box<dyn DynKeySource>),
    #[cfg(feature = "fetch")]
    Remote(Whereabouts),
    #[cfg(feature = "fetch")]
    KeyFile(KeyFile),
}

impl Issuer {
    /// By its name: what stands in `iss`, byte for byte. It has no keys yet.
    pub fn new(name: impl Into<String>) -> Self {
        Issuer {
            name: name.into(),
            tenants: None,
            settings: None,
            has_two_policies: false,
            provider: Provider::default(),
            audiences: Vec::new(),
            sources: Vec::new(),
            #[cfg(feature = "fetch")]
            introspections: Vec::new(),
            opaque_prefix: None,
            has_keys_by_hand: false,
            hmac: None,
            secret_problem: None,
            #[cfg(feature = "fetch")]
            fetch: None,
            #[cfg(feature = "fetch")]
            limits: Limits::default(),
            #[cfg(feature = "fetch")]
            tenant_bounds: TenantBounds::default(),
            #[cfg(feature = "fetch")]
            is_lazy: false,
            #[cfg(feature = "fetch")]
            starting_keys: None,
        }
    }

    /// By its name, with keys from where its metadata says: RFC 8414, or OpenID Connect Discovery. The document found must
    /// name this very issuer.
    ///
    /// Keys are fetched at first use, or by [`Validator::warm_up`](crate::Validator::warm_up); refreshed ahead of their end
    /// in the background; fetched anew, at most every 10 s, for a key that is not among them; and used for an hour past
    /// their lifetime while the issuer can't be reached.
    ///
    /// ```
    /// use resource_server::{Issuer, Validator};
    ///
    /// let validator = Validator::builder()
    ///     .audience("https://api.example.com")
    ///     .issuer(Issuer::discover("https://as.example.com"))
    ///     .build()?;
    /// # Ok::<(), resource_server::BuildError>(())
    /// ```
    #[cfg(feature = "fetch")]
    pub fn discover(name: impl Into<String>) -> Self {
        Issuer::new(name).discovered()
    }

    /// Keys from where each name's own metadata says.
    #[cfg(feature = "fetch")]
    fn discovered(self) -> Self {
        self.with_source(Recipe::Remote(Whereabouts::Discovery))
    }

    /// Many issuers in one, whose names differ in one segment, the tenant's. The template has a placeholder for it, any name
    /// in braces, as one whole segment of the path. It has no keys yet:
    ///
    /// * **One key set for all tenants**: [`jwks_at`](Issuer::jwks_at), or [`discovery_at`](Issuer::discovery_at) with the
    ///   address of a metadata document whose `issuer` is this very template; or [`keys`](Issuer::keys).
    /// * **One key set a tenant**: [`discover_tenants`](Issuer::discover_tenants) instead of this, or `jwks_at` and
    ///   `discovery_at` with the same placeholder in the address.
    ///
    /// The tenant is 1 to 64 of `A` to `Z`, `a` to `z`, `0` to `9` and `-`. Where the token has a `tid`, it must be the
    /// tenant; where the key that fits says by an `issuer` in its JWK whose it is, it must be the tenant's.
    /// [`AccessToken::tenant`](crate::AccessToken::tenant) gives it.
    ///
    /// ```
    /// use resource_server::{Issuer, Tenants, Validator};
    ///
    /// # #[cfg(feature = "fetch")]
    /// let validator = Validator::builder()
    ///     .audience("https://api.example.com")
    ///     .issuer(
    ///         Issuer::template("https://login.example.com/{tenant}/v2.0", Tenants::only(["acme", "globex"]))
    ///             .jwks_at("https://login.example.com/common/keys"),
    ///     )
    ///     .build()?;
    /// # Ok::<(), resource_server::BuildError>(())
    /// ```
    pub fn template(template: impl Into<String>, tenants: Tenants) -> Self {
        let mut issuer = Issuer::new(template);
        issuer.tenants = Some(tenants);
        issuer
    }

    /// The same with keys from where each tenant's own metadata says, which must name the tenant's issuer. Nothing is fetched
    /// for a tenant that is not allowed, and [`Tenants::any`] is an error when the Validator is built: whoever
    /// presents a token must not choose what is fetched.
    ///
    /// A tenant's keys are fetched at its first token, and refreshed when tokens come, without a background task; those of
    /// at most [`max_tenants`](Issuer::max_tenants) are held. At most 64 fetches run at once for all tenants together.
    ///
    /// ```
    /// use resource_server::{Issuer, Tenants};
    ///
    /// let issuer = Issuer::discover_tenants(
    ///     "https://as.example.com/realms/{realm}",
    ///     Tenants::matching(|realm| realm.starts_with("customer-")),
    /// );
    /// ```
    #[cfg(feature = "fetch")]
    pub fn discover_tenants(template: impl Into<String>, tenants: Tenants) -> Self {
        Issuer::template(template, tenants).discovered()
    }

    /// How many tenants' key sets are held, where each has its own: the least recently used goes for a new one, though none that
    /// had a token in the last 10 seconds. Default 1,000, from 1 to 100,000; a list of tenants is no longer than this. A new
    /// tenant that finds no room is answered with 503.
    ///
    /// Where a function allows tenants, those of which no keys were ever fetched, as somebody may have made them up, are at most
    /// a quarter of that and 256 beside: each has a minute to bring keys, and takes the place of another such only.
    #[cfg(feature = "fetch")]
    pub fn max_tenants(mut self, tenants: usize) -> Self {
        self.tenant_bounds.max_tenants = tenants;
        self
    }

    /// How long the key set of a tenant is held that sends no tokens. Default 1 hour, from 1 minute to 7 days.
    #[cfg(feature = "fetch")]
    pub fn drop_idle_tenants_after(mut self, idle: Duration) -> Self {
        self.tenant_bounds.idle_after = idle;
        self
    }

    /// By its name, for tokens that are signed with a secret which this API shares with it: `HS256`, `HS384` or `HS512`
    /// (RFC 7518 section 3.2). Sets the source and the algorithm; a policy may be added for the rest.
    ///
    /// Whoever has the secret can mint tokens, each API that verifies them included: where there is a choice, take an issuer
    /// with public keys. The secret has at least as many bytes as the hash (32, 48 or 64), best random ones, and is taken
    /// as it is: where it stands encoded (base64, hex), decode it first. What reads as a key or certificate, and one byte
    /// again and again, is refused when the Validator is built. A token may have any `kid`, or none. The secret is
    /// kept in the form that the backend needs and in no other; memory that it went through on the way is not wiped.
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
    /// # Ok::<(), resource_server::BuildError>(())
    /// ```
    pub fn hmac(name: impl Into<String>, algorithm: Algorithm, secret: impl AsRef<[u8]>) -> Self {
        Issuer::hmac_secrets(name, algorithm, [(None, secret)])
    }

    /// The same with several secrets at once, so that one can be replaced without refusing the tokens of the other: add the
    /// new secret, let the authorization server sign with it, and remove the old one when its last token has expired.
    ///
    /// A secret with a `kid` is for tokens with that `kid`, and for those without one. A secret without a `kid` is for all
    /// tokens; there are at most 4 of them. The secrets that a token selects are tried in this order, at most 4 of them.
    ///
    /// ```
    /// use resource_server::{Algorithm, Issuer, Validator};
    ///
    /// # let (new, old) = (b"0123456789abcdef0123456789abcdef", b"fedcba9876543210fedcba9876543210");
    /// let secrets = [(Some("2026-11"), new), (Some("2026-05"), old)];
    /// let validator = Validator::builder()
    ///     .audience("https://api.example.com")
    ///     .issuer(Issuer::hmac_secrets("https://as.example.com", Algorithm::HS256, secrets))
    ///     .build()?;
    /// # Ok::<(), resource_server::BuildError>(())
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

    /// Keys from where this metadata document says, for an issuer whose name is not its address (containers, clusters,
    /// AD FS). The document must still name this issuer.
    #[cfg(feature = "fetch")]
    pub fn discovery_at(self, url: impl Into<String>) -> Self {
        self.with_source(Recipe::Remote(Whereabouts::DiscoveryAt(url.into())))
    }

    /// Keys from this address of a JWK Set, without discovery.
    #[cfg(feature = "fetch")]
    pub fn jwks_at(self, url: impl Into<String>) -> Self {
        self.with_source(Recipe::Remote(Whereabouts::JwksAt(url.into())))
    }

    /// Asks this issuer about its opaque tokens (RFC 7662). For one of several such issuers say which opaque tokens are its
    /// by [`opaque_tokens_with_prefix`](Issuer::opaque_tokens_with_prefix).
    ///
    /// What happens to its JWTs depends on whether it has keys too:
    ///
    /// * **With keys** ([`discover`](Issuer::discover), [`jwks_at`](Issuer::jwks_at), [`keys`](Issuer::keys)): they are judged
    ///   by them, and nobody is asked; but by [`Validator::validate_online`](crate::Validator::validate_online) both.
    /// * **Without**: the issuer is asked about them too, and they must meet the policy by themselves and in its answer. (Some
    ///   servers refuse to be asked about JWTs, with status 400: then those can't be judged, 503, and the issuer wants
    ///   keys.)
    ///
    /// ```
    /// use resource_server::{Introspection, Issuer};
    ///
    /// # let secret = "secret";
    /// let both = Issuer::discover("https://as.example.com")
    ///     .introspection(Introspection::discover().client_secret_basic("orders-api", secret));
    /// ```
    #[cfg(feature = "fetch")]
    pub fn introspection(mut self, introspection: Introspection) -> Self {
        self.introspections.push(introspection);
        self.opaque_prefix.get_or_insert_default();
        self
    }

    /// How this issuer is reached, instead of what the Validator has for all.
    #[cfg(feature = "fetch")]
    pub fn fetch(mut self, fetch: Fetch) -> Self {
        self.fetch = Some(fetch);
        self
    }

    /// How long fetched keys are used past their lifetime while the issuer can't be reached. Default 1 hour, at most 24
    /// hours; zero ends service with the lifetime.
    #[cfg(feature = "fetch")]
    pub fn outage_tolerance(mut self, tolerance: Duration) -> Self {
        self.limits.outage_tolerance = tolerance;
        self
    }

    /// How long fetched keys are fresh where the answer has no `Cache-Control`. Default 10 minutes, from 1 minute to 1 hour.
    /// What an answer says is held within these bounds too.
    #[cfg(feature = "fetch")]
    pub fn default_key_lifetime(mut self, lifetime: Duration) -> Self {
        self.limits.default_lifetime = lifetime;
        self
    }

    /// Refreshes keys only when a token comes, without a background task: for processes that are frozen between requests.
    #[cfg(feature = "fetch")]
    pub fn refresh_on_demand(mut self) -> Self {
        self.is_lazy = true;
        self
    }

    /// Starts from this JWK Set, such as one from a file, and goes on by fetching: so that tokens are judged at once, and also
    /// where the issuer can't be reached when this API starts. For issuers whose keys are fetched.
    ///
    /// How old it is nobody knows. So its keys are due for a refresh at first use, and count for the time that this first fetch
    /// may take (some 20 s); from then on only what was fetched counts, which takes the place of the whole set, or, while the
    /// issuer can't be reached, they do, until [`outage_tolerance`](Issuer::outage_tolerance) after the Validator was built. A
    /// key that is not in the set is always asked for. [`Validator::warm_up`](crate::Validator::warm_up) waits for the fetch, and is
    /// content with the keys in hand where it fails. Until a fetch has succeeded,
    /// [`SourceStatus::is_confirmed`](crate::SourceStatus::is_confirmed) is `Some(false)`.
    ///
    /// Whoever can write the set decides which keys are trusted. It holds public keys: symmetric and private ones are left out,
    /// and a set without a key that can be used is a [`BuildProblem`](crate::BuildProblem). Where a snapshot
    /// ([`ValidatorBuilder::restore`](crate::ValidatorBuilder::restore)) has keys of this issuer that can be used, those count
    /// instead.
    ///
    /// ```
    /// use resource_server::{Issuer, Validator};
    ///
    /// # let text = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
    /// let validator = Validator::builder()
    ///     .audience("https://api.example.com")
    ///     .issuer(Issuer::discover("https://as.example.com").starting_from_jwks(text))
    ///     .build()?;
    /// assert_eq!(validator.health()[0].status().is_confirmed, Some(false));
    /// # Ok::<(), resource_server::BuildError>(())
    /// ```
    #[cfg(feature = "fetch")]
    pub fn starting_from_jwks(mut self, text: &str) -> Self {
        self.starting_keys = Some(StaticKeys::from_jwks(text));
        self
    }

    /// Keys given by hand.
    pub fn keys(mut self, keys: StaticKeys) -> Self {
        self.has_keys_by_hand = true;
        self.source(keys)
    }

    /// Keys given by hand in a file that may change, such as a JWK Set that is mounted into a container: a path, or a [`KeyFile`]
    /// with settings.
    #[cfg(feature = "fetch")]
    pub fn key_file(mut self, file: impl Into<KeyFile>) -> Self {
        self.has_keys_by_hand = true;
        self.with_source(Recipe::KeyFile(file.into()))
    }

    /// A source of your own.
    pub fn source(self, source: impl KeySource) -> Self {
        self.with_source(Recipe::Made(Box::new(source)))
    }

    fn with_source(mut self, recipe: Recipe) -> Self {
        if std::mem::take(&mut self.provider.has_source) {
            self.sources.clear();
        }
        self.sources.push(recipe);
        self
    }

    /// Opaque tokens are this issuer's: its [`source`](Issuer::source) is asked about them and must bring
    /// [`Evidence::Introspection`](crate::Evidence::Introspection). Without this call they are refused. Each opaque token
    /// goes to one issuer only; where several take some, tell them apart by
    /// [`opaque_tokens_with_prefix`](Issuer::opaque_tokens_with_prefix).
    ///
    /// What is opaque is told by form alone: whatever is a JWT by form goes to the issuer that it names.
    pub fn opaque_tokens(self) -> Self {
        self.opaque_tokens_with_prefix("")
    }

    /// The same for those that begin with this text, of characters that a token may have (RFC 6750 section 2.1). The longest
    /// prefix of all issuers counts.
    pub fn opaque_tokens_with_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.opaque_prefix = Some(prefix.into());
        self
    }

    /// What is accepted from this issuer. The issuer's name and the audience may be left out of it; audiences that it has
    /// count as this issuer's own.
    pub fn policy(mut self, settings: PolicyBuilder) -> Self {
        self.has_two_policies |= self.settings.is_some();
        self.settings = Some(settings);
        self
    }

    /// An audience that this issuer's tokens may have. An issuer's own audiences replace the Validator's.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audiences.push(audience.into());
        self
    }
}

impl fmt::Debug for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issuer")
            .field("name", &self.name)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
