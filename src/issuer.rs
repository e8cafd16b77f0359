//! One issuer: its name, what is accepted from it, and where the evidence for its tokens comes from.

use std::fmt;
#[cfg(feature = "jwks")]
use std::time::Duration;

use crate::build_error::BuildProblem;
#[cfg(feature = "introspection")]
use crate::core::SignedResponse;
use crate::core::{
    Algorithm, Clock, Policy, PolicyBuilder, PolicyError, SecretProblem, is_token68,
};
#[cfg(feature = "introspection")]
use crate::source::AddressProblem;
#[cfg(feature = "jwks")]
use crate::source::{Address, Discovery, Fetch, Fetcher, Limits, Location, RemoteJwks, Wanted};
use crate::source::{DynKeySource, KeySource, StaticKeys};
#[cfg(feature = "introspection")]
use crate::source::{
    Endpoint, Introspection, IntrospectionProblem, RemoteIntrospection, SignedAnswers,
};

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
    settings: Option<PolicyBuilder>,
    has_two_policies: bool,
    audiences: Vec<String>,
    sources: Vec<Recipe>,
    /// What opaque tokens for it begin with.
    opaque_prefix: Option<String>,
    has_keys_by_hand: bool,
    hmac: Option<Algorithm>,
    secret_problem: Option<SecretProblem>,
    #[cfg(feature = "jwks")]
    fetch: Option<Fetch>,
    #[cfg(feature = "jwks")]
    limits: Limits,
    #[cfg(feature = "jwks")]
    is_lazy: bool,
}

/// Longer than this an outage is no outage.
#[cfg(feature = "jwks")]
const MAX_OUTAGE_TOLERANCE: Duration = Duration::from_secs(86_400);

/// A source that is made when the Validator is.
enum Recipe {
    Made(Box<dyn DynKeySource>),
    #[cfg(feature = "jwks")]
    Discovery,
    #[cfg(feature = "jwks")]
    DiscoveryAt(String),
    #[cfg(feature = "jwks")]
    JwksAt(String),
    #[cfg(feature = "introspection")]
    Introspection(Box<Introspection>),
}

/// What a Validator gives to the sources of its issuers.
pub(crate) struct Surroundings<'v> {
    pub(crate) audiences: &'v [String],
    #[cfg_attr(not(feature = "jwks"), allow(dead_code))]
    pub(crate) clock: &'v std::sync::Arc<dyn Clock>,
    #[cfg(feature = "jwks")]
    pub(crate) fetcher: Option<&'v Fetcher>,
}

impl Issuer {
    /// By its name: what stands in `iss`, byte for byte. It has no keys yet.
    pub fn new(name: impl Into<String>) -> Self {
        Issuer {
            name: name.into(),
            settings: None,
            has_two_policies: false,
            audiences: Vec::new(),
            sources: Vec::new(),
            opaque_prefix: None,
            has_keys_by_hand: false,
            hmac: None,
            secret_problem: None,
            #[cfg(feature = "jwks")]
            fetch: None,
            #[cfg(feature = "jwks")]
            limits: Limits::default(),
            #[cfg(feature = "jwks")]
            is_lazy: false,
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
    #[cfg(feature = "jwks")]
    pub fn discover(name: impl Into<String>) -> Self {
        let mut issuer = Issuer::new(name);
        issuer.sources.push(Recipe::Discovery);
        issuer
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
        let mut issuer = Issuer::new(name);
        issuer.hmac = Some(algorithm);
        match StaticKeys::from_hmac_secret(algorithm, secret.as_ref()) {
            Ok(keys) => issuer.keys(keys),
            Err(problem) => {
                issuer.secret_problem = Some(problem);
                issuer
            }
        }
    }

    /// Keys from where this metadata document says, for an issuer whose name is not its address (containers, clusters,
    /// AD FS). The document must still name this issuer.
    #[cfg(feature = "jwks")]
    pub fn discovery_at(mut self, url: impl Into<String>) -> Self {
        self.sources.push(Recipe::DiscoveryAt(url.into()));
        self
    }

    /// Keys from this address of a JWK Set, without discovery.
    #[cfg(feature = "jwks")]
    pub fn jwks_at(mut self, url: impl Into<String>) -> Self {
        self.sources.push(Recipe::JwksAt(url.into()));
        self
    }

    /// Asks this issuer about its tokens (RFC 7662), instead of judging them by keys: the opaque ones, and its JWTs too, which
    /// must then meet the policy by themselves and in its answer. (Some servers refuse to be asked about JWTs, with status 400:
    /// then those can't be judged, 503, and the issuer wants keys instead.) For one of several such issuers say which opaque tokens are
    /// its by [`opaque_tokens_with_prefix`](Issuer::opaque_tokens_with_prefix).
    #[cfg(feature = "introspection")]
    pub fn introspection(mut self, introspection: Introspection) -> Self {
        self.sources
            .push(Recipe::Introspection(Box::new(introspection)));
        self.opaque_prefix.get_or_insert_default();
        self
    }

    /// How this issuer is reached, instead of what the Validator has for all.
    #[cfg(feature = "jwks")]
    pub fn fetch(mut self, fetch: Fetch) -> Self {
        self.fetch = Some(fetch);
        self
    }

    /// How long fetched keys are used past their lifetime while the issuer can't be reached. Default 1 hour, at most 24
    /// hours; zero ends service with the lifetime.
    #[cfg(feature = "jwks")]
    pub fn outage_tolerance(mut self, tolerance: Duration) -> Self {
        self.limits.outage_tolerance = tolerance;
        self
    }

    /// How long fetched keys are fresh where the answer has no `Cache-Control`. Default 10 minutes, from 1 minute to 1 hour.
    /// What an answer says is held within these bounds too.
    #[cfg(feature = "jwks")]
    pub fn default_key_lifetime(mut self, lifetime: Duration) -> Self {
        self.limits.default_lifetime = lifetime;
        self
    }

    /// Refreshes keys only when a token comes, without a background task: for processes that are frozen between requests.
    #[cfg(feature = "jwks")]
    pub fn refresh_on_demand(mut self) -> Self {
        self.is_lazy = true;
        self
    }

    /// Keys given by hand.
    pub fn keys(mut self, keys: StaticKeys) -> Self {
        self.has_keys_by_hand = true;
        self.source(keys)
    }

    /// A source of your own.
    pub fn source(mut self, source: impl KeySource) -> Self {
        self.sources.push(Recipe::Made(Box::new(source)));
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

    /// Whether a client is needed to fetch its keys, and it brings none.
    #[cfg(feature = "jwks")]
    pub(crate) fn needs_common_fetcher(&self) -> bool {
        self.fetch.is_none()
            && self
                .sources
                .iter()
                .any(|source| !matches!(source, Recipe::Made(_)))
    }

    #[cfg(feature = "jwks")]
    fn has_fetched_keys(&self) -> bool {
        self.sources.iter().any(|source| {
            matches!(
                source,
                Recipe::Discovery | Recipe::DiscoveryAt(_) | Recipe::JwksAt(_)
            )
        })
    }

    /// What the opaque tokens begin with that it takes.
    pub(crate) fn opaque_prefix(&self) -> Option<&str> {
        self.opaque_prefix.as_deref()
    }

    /// Whether nothing but keys can come from its source.
    fn has_only_keys(&self) -> bool {
        #[cfg(feature = "jwks")]
        let is_fetched = self.has_fetched_keys();
        #[cfg(not(feature = "jwks"))]
        let is_fetched = false;
        self.has_keys_by_hand || is_fetched
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Its policy and source, or everything that is wrong with them.
    pub(crate) fn finish(
        mut self,
        surroundings: &Surroundings<'_>,
    ) -> Result<(Policy, Box<dyn DynKeySource>), Vec<BuildProblem>> {
        let mut problems = Vec::new();
        let policy = self.finish_policy(surroundings.audiences, &mut problems);
        if let Some(problem) = self.secret_problem.take() {
            problems.push(BuildProblem::Secret {
                issuer: self.name.clone(),
                problem,
            });
        } else if self.sources.is_empty() {
            problems.push(BuildProblem::NoSource {
                issuer: self.name.clone(),
            });
        }
        if self.opaque_prefix.is_some() && self.has_only_keys() {
            problems.push(BuildProblem::OpaqueWithKeys {
                issuer: self.name.clone(),
            });
        }
        if let Some(prefix) = &self.opaque_prefix
            && !is_token68(prefix)
        {
            problems.push(BuildProblem::OpaquePrefix {
                issuer: self.name.clone(),
                prefix: prefix.clone(),
            });
        }
        if self.sources.len() > 1 {
            problems.push(BuildProblem::SeveralSources {
                issuer: self.name.clone(),
            });
        }
        #[cfg(feature = "jwks")]
        if !self.limits.has_sound_lifetime() {
            problems.push(BuildProblem::KeyLifetime {
                issuer: self.name.clone(),
            });
        }
        #[cfg(feature = "jwks")]
        if self.limits.outage_tolerance > MAX_OUTAGE_TOLERANCE {
            problems.push(BuildProblem::OutageTolerance {
                issuer: self.name.clone(),
            });
        }
        // Looked at also where no source needs it.
        #[cfg(feature = "jwks")]
        let fetcher = match &self.fetch {
            None => surroundings.fetcher.cloned(),
            Some(fetch) => fetch
                .build()
                .map_err(|problem| {
                    problems.push(BuildProblem::Fetch {
                        issuer: Some(self.name.clone()),
                        problem,
                    });
                })
                .ok(),
        };
        let mut source = None;
        for recipe in std::mem::take(&mut self.sources) {
            source = match recipe {
                Recipe::Made(source) => Some(source),
                #[cfg(feature = "introspection")]
                Recipe::Introspection(introspection) => fetcher.as_ref().and_then(|fetcher| {
                    self.finish_introspection(
                        *introspection,
                        policy.as_ref(),
                        fetcher,
                        surroundings,
                        &mut problems,
                    )
                }),
                #[cfg(feature = "jwks")]
                recipe => fetcher.as_ref().and_then(|fetcher| {
                    self.finish_remote(&recipe, fetcher, surroundings, &mut problems)
                }),
            };
        }
        match (policy, source) {
            (Some(policy), Some(source)) if problems.is_empty() => Ok((policy, source)),
            _ => Err(problems),
        }
    }

    fn finish_policy(
        &self,
        default_audiences: &[String],
        problems: &mut Vec<BuildProblem>,
    ) -> Option<Policy> {
        if self.has_two_policies {
            problems.push(BuildProblem::SeveralPolicies {
                issuer: self.name.clone(),
            });
        }
        let settings = self.settings.clone().unwrap_or_default();
        if let Some(other) = settings.issuer_name()
            && other != self.name
        {
            problems.push(BuildProblem::TwoNames {
                issuer: self.name.clone(),
                policy: other.to_owned(),
            });
        }
        let has_own = settings.has_audiences() || !self.audiences.is_empty();
        let audiences = if has_own {
            &self.audiences
        } else {
            default_audiences
        };
        let mut settings = settings.issuer(&self.name);
        if let Some(algorithm) = self.hmac {
            if settings
                .named_algorithms()
                .is_some_and(|named| named.iter().any(|one| *one != algorithm))
            {
                problems.push(BuildProblem::OtherAlgorithms {
                    issuer: self.name.clone(),
                    algorithm,
                });
            }
            settings = settings.algorithms([algorithm]);
        }
        #[cfg(feature = "jwks")]
        if self.has_fetched_keys()
            && settings
                .named_algorithms()
                .into_iter()
                .flatten()
                .any(|named| named.is_hmac())
        {
            problems.push(BuildProblem::HmacWithFetchedKeys {
                issuer: self.name.clone(),
            });
        }
        for audience in audiences {
            settings = settings.audience(audience);
        }
        let built = settings.build();
        let of_policy = built.as_ref().err().map(PolicyError::problems);
        problems.extend(
            of_policy
                .into_iter()
                .flatten()
                .map(|problem| BuildProblem::Policy {
                    issuer: self.name.clone(),
                    problem: problem.clone(),
                }),
        );
        built.ok()
    }

    #[cfg(feature = "jwks")]
    fn finish_remote(
        &self,
        recipe: &Recipe,
        fetcher: &Fetcher,
        surroundings: &Surroundings<'_>,
        problems: &mut Vec<BuildProblem>,
    ) -> Option<Box<dyn DynKeySource>> {
        let location = match recipe {
            Recipe::Made(_) => return None,
            #[cfg(feature = "introspection")]
            Recipe::Introspection(_) => return None,
            Recipe::Discovery => Discovery::by_name(&self.name, Wanted::JwksUri, fetcher.http())
                .map(Location::Metadata),
            Recipe::DiscoveryAt(url) => Address::parse(url, fetcher.http()).map(|address| {
                Location::Metadata(Discovery::at(&self.name, Wanted::JwksUri, address))
            }),
            Recipe::JwksAt(url) => Address::parse(url, fetcher.http()).map(Location::Jwks),
        };
        match location {
            Ok(location) => Some(Box::new(RemoteJwks::new(
                &self.name,
                location,
                fetcher,
                std::sync::Arc::clone(surroundings.clock),
                self.limits,
                self.is_lazy,
            ))),
            Err(problem) => {
                problems.push(BuildProblem::Address {
                    issuer: self.name.clone(),
                    problem,
                });
                None
            }
        }
    }
}

#[cfg(feature = "introspection")]
impl Issuer {
    fn finish_introspection(
        &self,
        introspection: Introspection,
        policy: Option<&Policy>,
        fetcher: &Fetcher,
        surroundings: &Surroundings<'_>,
        problems: &mut Vec<BuildProblem>,
    ) -> Option<Box<dyn DynKeySource>> {
        let issuer = || self.name.clone();
        let endpoint = match introspection.endpoint.clone() {
            Some(url) => Address::parse(&url, fetcher.http())
                .map(Endpoint::At)
                .map_err(|problem| self.unfit("the introspection endpoint", &url, problem)),
            None => Discovery::by_name(&self.name, Wanted::IntrospectionEndpoint, fetcher.http())
                .map(Endpoint::Metadata)
                .map_err(|problem| BuildProblem::Address {
                    issuer: issuer(),
                    problem,
                }),
        };
        let endpoint = endpoint.map_err(|problem| problems.push(problem));
        let answer_keys = introspection.answer_keys.clone();
        let settings = introspection.finish(&self.name, fetcher).map_err(|found| {
            problems.extend(
                found
                    .into_iter()
                    .map(|problem| BuildProblem::Introspection {
                        issuer: issuer(),
                        problem,
                    }),
            );
        });
        let (Ok(endpoint), Ok(settings), Some(policy)) = (endpoint, settings, policy) else {
            return None;
        };
        if let Err(problem) = fetcher.keep_connections() {
            problems.push(BuildProblem::Fetch {
                issuer: Some(issuer()),
                problem,
            });
            return None;
        }
        let signed = match &settings.signed_for {
            None => None,
            Some(client_id) => Some(self.finish_signed_answers(
                client_id,
                answer_keys.as_deref(),
                policy,
                fetcher,
                surroundings,
                problems,
            )?),
        };
        Some(Box::new(RemoteIntrospection::new(
            &self.name,
            endpoint,
            fetcher,
            std::sync::Arc::clone(surroundings.clock),
            settings,
            signed,
        )))
    }

    /// An address that can't be used, without what may be a secret in it.
    fn unfit(&self, what: &'static str, url: &str, problem: AddressProblem) -> BuildProblem {
        let issuer = self.name.clone();
        let address = Address::shown(url);
        let problem = IntrospectionProblem::Address {
            what,
            address,
            problem,
        };
        BuildProblem::Introspection { issuer, problem }
    }

    /// What signed answers to this client are opened with.
    fn finish_signed_answers(
        &self,
        client_id: &str,
        keys_at: Option<&str>,
        policy: &Policy,
        fetcher: &Fetcher,
        surroundings: &Surroundings<'_>,
        problems: &mut Vec<BuildProblem>,
    ) -> Option<SignedAnswers> {
        let issuer = self.name.clone();
        let location = match keys_at {
            Some(url) => Address::parse(url, fetcher.http())
                .map(Location::Jwks)
                .map_err(|problem| self.unfit("the address of answers' keys", url, problem)),
            None => Discovery::by_name(&self.name, Wanted::JwksUri, fetcher.http())
                .map(Location::Metadata)
                .map_err(|problem| BuildProblem::Address {
                    issuer: issuer.clone(),
                    problem,
                }),
        };
        if policy.algorithms().any(Algorithm::is_hmac) {
            problems.push(BuildProblem::HmacWithFetchedKeys { issuer });
            return None;
        }
        let location = match location {
            Ok(location) => location,
            Err(problem) => {
                problems.push(problem);
                return None;
            }
        };
        let Ok(policy) = SignedResponse::policy(policy, client_id) else {
            let problem = IntrospectionProblem::ClientId;
            problems.push(BuildProblem::Introspection { issuer, problem });
            return None;
        };
        let keys = RemoteJwks::new(
            &self.name,
            location,
            fetcher,
            std::sync::Arc::clone(surroundings.clock),
            self.limits,
            self.is_lazy,
        );
        Some(SignedAnswers { keys, policy })
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
