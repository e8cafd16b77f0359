//! An issuer's settings become its policy and its sources, or all that is wrong with them.

use std::sync::Arc;

use super::{Issuer, Recipe};
use crate::build_error::BuildProblem;
#[cfg(feature = "fetch")]
use crate::core::{Algorithm, SignedResponse};
use crate::core::{Clock, Policy, PolicyError, is_token68};
use crate::source::DynKeySource;
#[cfg(feature = "fetch")]
use crate::source::{
    Address, AddressProblem, Endpoint, Fetch, Introspection, IntrospectionProblem, IssuerMetadata,
    Location, RemoteIntrospection, SignedAnswers,
};
#[cfg(feature = "fetch")]
use crate::source::{FetchProblem, Fetcher, KeySnapshot, RemoteJwks, TenantKeys};

/// The issuer's metadata, one for all its sources.
#[cfg(feature = "fetch")]
type Metadata = Result<Arc<IssuerMetadata>, AddressProblem>;

/// An issuer as the Validator uses it.
pub(crate) struct Finished {
    pub(crate) policy: Policy,
    /// What brings the evidence for its tokens.
    pub(crate) source: Box<dyn DynKeySource>,
    /// What is asked about the opaque ones, beside keys for the others.
    pub(crate) introspection: Option<Box<dyn DynKeySource>>,
}

/// What a Validator gives to the sources of its issuers.
pub(crate) struct Surroundings<'v> {
    pub(crate) audiences: &'v [String],
    #[cfg_attr(not(feature = "fetch"), allow(dead_code))]
    pub(crate) clock: &'v Arc<dyn Clock>,
    #[cfg(feature = "fetch")]
    pub(crate) fetcher: Option<&'v Fetcher>,
    #[cfg(feature = "fetch")]
    pub(crate) snapshot: Option<&'v KeySnapshot>,
}
impl Issuer {
    /// Whether a client is needed to reach it, and it brings none.
    #[cfg(feature = "fetch")]
    pub(crate) fn needs_common_fetcher(&self) -> bool {
        self.fetch.is_none() && (self.has_fetched_keys() || self.has_introspection())
    }

    #[cfg(feature = "fetch")]
    fn has_key_file(&self) -> bool {
        let is_key_file = |source: &Recipe| matches!(source, Recipe::KeyFile(_));
        self.sources.iter().any(is_key_file)
    }

    #[cfg(feature = "fetch")]
    fn has_fetched_keys(&self) -> bool {
        self.sources
            .iter()
            .any(|source| matches!(source, Recipe::Remote(_)))
    }

    fn has_introspection(&self) -> bool {
        self.introspections() > 0
    }

    #[cfg_attr(not(feature = "fetch"), allow(clippy::unused_self))]
    fn introspections(&self) -> usize {
        #[cfg(feature = "fetch")]
        let count = self.introspections.len();
        #[cfg(not(feature = "fetch"))]
        let count = 0;
        count
    }

    /// What the opaque tokens begin with that it takes.
    pub(crate) fn opaque_prefix(&self) -> Option<&str> {
        self.opaque_prefix.as_deref()
    }

    /// Whether nothing but keys can come from its source.
    fn has_only_keys(&self) -> bool {
        #[cfg(feature = "fetch")]
        let is_fetched = self.has_fetched_keys();
        #[cfg(not(feature = "fetch"))]
        let is_fetched = false;
        self.has_keys_by_hand || is_fetched
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Its policy and sources, or everything that is wrong with them.
    pub(crate) fn finish(
        mut self,
        surroundings: &Surroundings<'_>,
    ) -> Result<Finished, Vec<BuildProblem>> {
        let mut problems = Vec::new();
        let policy = self.finish_policy(surroundings.audiences, &mut problems);
        self.check_sources(&mut problems);
        #[cfg(feature = "fetch")]
        self.check_limits(&mut problems);
        // Looked at also where no source needs it.
        #[cfg(feature = "fetch")]
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
        #[cfg(feature = "fetch")]
        let place = self.place_of_keys();
        #[cfg(feature = "fetch")]
        let fetcher = fetcher.map(|fetcher| {
            let metadata = place.metadata(&self.name, &fetcher, surroundings.clock);
            (fetcher, metadata)
        });
        let mut source = None;
        for recipe in std::mem::take(&mut self.sources) {
            source = match recipe {
                Recipe::Made(source) => Some(source),
                #[cfg(feature = "fetch")]
                Recipe::KeyFile(file) => {
                    if !file.has_sound_interval() {
                        problems.push(BuildProblem::KeyFileInterval {
                            issuer: self.name.clone(),
                        });
                    }
                    let clock = surroundings.clock.clone();
                    let source = policy.clone().map(|policy| file.finish(policy, clock));
                    source.map(|source| Box::new(source) as Box<dyn DynKeySource>)
                }
                #[cfg(feature = "fetch")]
                Recipe::Remote(location) => {
                    let policy = policy.as_ref();
                    fetcher.as_ref().and_then(|(fetcher, metadata)| {
                        self.finish_remote(
                            location,
                            metadata,
                            policy,
                            fetcher,
                            surroundings,
                            &mut problems,
                        )
                    })
                }
            };
        }
        #[cfg(not(feature = "fetch"))]
        let introspection = None;
        #[cfg(feature = "fetch")]
        let introspection = std::mem::take(&mut self.introspections)
            .pop()
            .zip(fetcher.as_ref())
            .and_then(|(introspection, (fetcher, metadata))| {
                let policy = policy.as_ref();
                self.finish_introspection(
                    introspection,
                    (&place, metadata),
                    policy,
                    fetcher,
                    surroundings,
                    &mut problems,
                )
            });
        // Alone it is what everything is asked of.
        let (source, introspection) = match (source, introspection) {
            (None, Some(introspection)) => (Some(introspection), None),
            both => both,
        };
        match (policy, source) {
            (Some(policy), Some(source)) if problems.is_empty() => Ok(Finished {
                policy,
                source,
                introspection,
            }),
            _ => Err(problems),
        }
    }

    fn check_sources(&mut self, problems: &mut Vec<BuildProblem>) {
        if let Some(problem) = self.secret_problem.take() {
            problems.push(BuildProblem::Secret {
                issuer: self.name.clone(),
                problem,
            });
        } else if self.sources.is_empty() && !self.has_introspection() {
            problems.push(BuildProblem::NoSource {
                issuer: self.name.clone(),
            });
        }
        if self.opaque_prefix.is_some() && self.has_only_keys() && !self.has_introspection() {
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
        if self.introspections() > 1 {
            problems.push(BuildProblem::SeveralIntrospections {
                issuer: self.name.clone(),
            });
        }
    }

    #[cfg(feature = "fetch")]
    fn check_limits(&self, problems: &mut Vec<BuildProblem>) {
        let issuer = || self.name.clone();
        if !self.limits.has_sound_lifetime() {
            problems.push(BuildProblem::KeyLifetime { issuer: issuer() });
        }
        if !self.limits.has_sound_tolerance() {
            problems.push(BuildProblem::OutageTolerance { issuer: issuer() });
        }
        if self.starting_keys.is_some() && !self.has_fetched_keys() {
            problems.push(BuildProblem::StartingKeysNotFetched { issuer: issuer() });
        }
        if let Some(Err(problem)) = &self.starting_keys {
            problems.push(BuildProblem::StartingKeys {
                issuer: issuer(),
                problem: problem.clone(),
            });
        }
        #[cfg(feature = "fetch")]
        if self.has_introspection() && self.fetch.as_ref().is_some_and(Fetch::has_credentials) {
            problems.push(BuildProblem::Fetch {
                issuer: Some(issuer()),
                problem: FetchProblem::CredentialsWithIntrospection,
            });
        }
        if !self.tenant_bounds.are_sound() {
            problems.push(BuildProblem::TenantBounds { issuer: issuer() });
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
        problems.extend(self.provider.problems.iter().map(|(setting, value)| {
            BuildProblem::ProviderSetting {
                issuer: self.name.clone(),
                setting,
                value: value.clone(),
            }
        }));
        let settings = self.settings.clone().unwrap_or_default();
        let settings = settings.over(self.provider.settings.clone());
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
        if let Some(tenants) = &self.tenants {
            if settings.has_tenants() {
                problems.push(BuildProblem::TenantsTwice {
                    issuer: self.name.clone(),
                });
            }
            settings = settings.tenants(tenants.clone());
        }
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
        #[cfg(feature = "fetch")]
        if (self.has_fetched_keys() || self.has_key_file())
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

    #[cfg(feature = "fetch")]
    fn finish_remote(
        &self,
        location: Location,
        metadata: &Metadata,
        policy: Option<&Policy>,
        fetcher: &Fetcher,
        surroundings: &Surroundings<'_>,
        problems: &mut Vec<BuildProblem>,
    ) -> Option<Box<dyn DynKeySource>> {
        let clock = Arc::clone(surroundings.clock);
        let tenants = policy.and_then(Policy::tenants);
        let by_tenant = tenants.filter(|(template, _)| location.is_by_tenant(template));
        // Each tenant's addresses are as sound as this one's.
        let sample = by_tenant.map(|(template, _)| {
            let name = template.fill(&self.name, "a");
            let location = location.of_tenant(template, "a");
            let metadata = location.metadata(&name, fetcher, &clock);
            location.endpoint(&metadata, fetcher.http())
        });
        let sought = sample.unwrap_or_else(|| location.endpoint(metadata, fetcher.http()));
        let endpoint = match sought {
            Ok(endpoint) => endpoint,
            Err(problem) => {
                problems.push(BuildProblem::Address {
                    issuer: self.name.clone(),
                    problem,
                });
                return None;
            }
        };
        let home = endpoint.home();
        if home.is_some_and(|home| !fetcher.may_show_credentials_at(home)) {
            problems.push(BuildProblem::Fetch {
                issuer: Some(self.name.clone()),
                problem: FetchProblem::CredentialsOverHttp,
            });
            return None;
        }
        // Where there is none, that is told already.
        let policy = policy?.clone();
        let Some((template, tenants)) = by_tenant else {
            let (limits, is_lazy) = (self.limits, self.is_lazy);
            let keys = RemoteJwks::new(policy, endpoint, fetcher, clock, limits, is_lazy);
            self.put_keys_in_hand(&keys, surroundings);
            return Some(Box::new(keys));
        };
        if self.starting_keys.is_some() {
            problems.push(BuildProblem::StartingKeysNotFetched {
                issuer: self.name.clone(),
            });
        }
        if !tenants.are_chosen() {
            problems.push(BuildProblem::AnyTenantFetched {
                issuer: self.name.clone(),
            });
        }
        let (limits, bounds) = (self.limits, self.tenant_bounds);
        if let Some(tenants) = tenants.count().filter(|count| *count > bounds.max_tenants)
            && bounds.are_sound()
        {
            problems.push(BuildProblem::MoreTenantsThanHeld {
                issuer: self.name.clone(),
                tenants,
                held: bounds.max_tenants,
            });
        }
        let template = template.clone();
        let keys = TenantKeys::new(template, policy, location, fetcher, clock, limits, bounds);
        Some(Box::new(keys))
    }
}

#[cfg(feature = "fetch")]
impl Issuer {
    /// Those of the snapshot count before those given by hand: their age is known.
    fn put_keys_in_hand(&self, source: &RemoteJwks, surroundings: &Surroundings<'_>) {
        if let Some(Ok(keys)) = &self.starting_keys {
            source.start_with(keys);
        }
        if let Some(held) = surroundings
            .snapshot
            .and_then(|snapshot| snapshot.find(&self.name))
        {
            source.restore(&held);
        }
    }
}

#[cfg(feature = "fetch")]
impl Issuer {
    /// Where its keys and its metadata are.
    fn place_of_keys(&self) -> Location {
        let place = self.sources.iter().find_map(|source| match source {
            Recipe::Remote(place) => Some(place.clone()),
            Recipe::Made(_) | Recipe::KeyFile(_) => None,
        });
        place.unwrap_or(Location::Discovery)
    }

    fn finish_introspection(
        &self,
        introspection: Introspection,
        (place, metadata): (&Location, &Metadata),
        policy: Option<&Policy>,
        fetcher: &Fetcher,
        surroundings: &Surroundings<'_>,
        problems: &mut Vec<BuildProblem>,
    ) -> Option<Box<dyn DynKeySource>> {
        let issuer = || self.name.clone();
        if policy.is_some_and(|policy| policy.template().is_some())
            && !introspection.can_be_of_tenants()
        {
            problems.push(BuildProblem::IntrospectionOfTenants { issuer: issuer() });
            return None;
        }
        let endpoint = match introspection.endpoint.clone() {
            Some(url) => Address::parse(&url, fetcher.http())
                .map(Endpoint::At)
                .map_err(|problem| self.unfit("the introspection endpoint", &url, problem)),
            None => metadata
                .clone()
                .map(Endpoint::InMetadata)
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
        let signed = settings.signed_for.as_deref().map(|client_id| {
            let endpoint =
                self.place_of_answer_keys(answer_keys.as_deref(), (place, metadata), fetcher)?;
            self.finish_signed_answers(client_id, endpoint, policy, fetcher, surroundings)
        });
        let signed = signed.transpose().map_err(|problem| problems.push(problem));
        let signed = signed.ok()?;
        Some(Box::new(RemoteIntrospection::new(
            endpoint,
            fetcher,
            Arc::clone(surroundings.clock),
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

    /// Where the keys of signed answers are.
    fn place_of_answer_keys(
        &self,
        given: Option<&str>,
        (place, metadata): (&Location, &Metadata),
        fetcher: &Fetcher,
    ) -> Result<Endpoint, BuildProblem> {
        match given {
            Some(url) => Address::parse(url, fetcher.http())
                .map(Endpoint::At)
                .map_err(|problem| self.unfit("the address of answers' keys", url, problem)),
            None => place.endpoint(metadata, fetcher.http()).map_err(|problem| {
                let issuer = self.name.clone();
                BuildProblem::Address { issuer, problem }
            }),
        }
    }

    /// What signed answers to this client are opened with, by keys from there.
    fn finish_signed_answers(
        &self,
        client_id: &str,
        endpoint: Endpoint,
        policy: &Policy,
        fetcher: &Fetcher,
        surroundings: &Surroundings<'_>,
    ) -> Result<SignedAnswers, BuildProblem> {
        let issuer = || self.name.clone();
        if policy.algorithms().any(Algorithm::is_hmac) {
            return Err(BuildProblem::HmacWithFetchedKeys { issuer: issuer() });
        }
        let policy = SignedResponse::policy(policy, client_id).map_err(|_| {
            let problem = IntrospectionProblem::ClientId;
            BuildProblem::Introspection {
                issuer: issuer(),
                problem,
            }
        })?;
        let keys = RemoteJwks::new(
            policy.clone(),
            endpoint,
            fetcher,
            Arc::clone(surroundings.clock),
            self.limits,
            self.is_lazy,
        );
        Ok(SignedAnswers { keys, policy })
    }
}
