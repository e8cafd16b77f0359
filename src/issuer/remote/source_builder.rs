//! Makes the sources of one issuer that are fetched or read from a file.

use std::cell::OnceCell;
use std::sync::Arc;

use super::super::Issuer;
use super::{Recipe, RemoteSettings, Shared};
use crate::build_error::{ConfigErrorKind, Problems};
use crate::core::{Clock, KeySetLimits, Policy};
use crate::source::{
    AddressError, DynKeySource, Fetch, FetchError, Fetcher, IssuerMetadata, Location, StaticKeys,
};

/// One issuer's settings, and what its sources are made with.
pub(in super::super) struct SourceBuilder<'b> {
    pub(super) name: String,
    pub(super) settings: RemoteSettings,
    pub(super) starting_keys: Option<StaticKeys>,
    /// The location of its keys, and so of its metadata.
    pub(super) location: Location,
    /// Made at the first use, and shared by all sources of the issuer.
    metadata: OnceCell<Result<Arc<IssuerMetadata>, AddressError>>,
    /// `None`: the policy has problems, which are collected already.
    pub(super) policy: Option<&'b Policy>,
    /// `None`: nothing is fetched, or the HTTP client has problems, which are collected already.
    pub(super) fetcher: Option<Fetcher>,
    pub(super) shared: &'b Shared,
}

impl<'b> SourceBuilder<'b> {
    pub(in super::super) fn new(
        mut issuer: Issuer,
        recipes: &[Recipe],
        policy: Option<&'b Policy>,
        shared: &'b Shared,
        problems: &mut Problems,
    ) -> Self {
        let location = recipes.iter().find_map(Recipe::fetched);
        issuer.remote.settle_key_set(problems);
        issuer.remote.check(location.is_some(), problems);
        let starting_keys = issuer.remote.starting_keys(problems);
        // A Fetch of its own is checked even where no source needs it.
        let fetcher = match &issuer.remote.fetch {
            None => shared.fetcher.clone(),
            Some(fetch) => problems.ok_or_push(fetch.build().map_err(ConfigErrorKind::Fetch)),
        };
        SourceBuilder {
            name: issuer.name,
            settings: issuer.remote,
            starting_keys,
            location: location.cloned().unwrap_or(Location::Discovery),
            metadata: OnceCell::new(),
            policy,
            fetcher,
            shared,
        }
    }

    pub(in super::super) fn build(
        &mut self,
        recipe: Recipe,
        problems: &mut Problems,
    ) -> Option<Box<dyn DynKeySource>> {
        match recipe {
            Recipe::Made(source) => Some(source),
            Recipe::File(file) => self.build_key_file(file, problems),
            Recipe::Fetched(location) => {
                let tenants = self.policy.and_then(Policy::tenants);
                match tenants.filter(|(template, _)| location.is_by_tenant(template)) {
                    None => self.build_key_set(&location, problems),
                    Some((template, tenants)) => {
                        self.build_tenant_keys(location, template, tenants, problems)
                    }
                }
            }
        }
    }

    /// The issuer's metadata, one for all its sources.
    pub(super) fn metadata(&self, fetcher: &Fetcher) -> Result<Arc<IssuerMetadata>, AddressError> {
        let make = || {
            let is_template = self
                .policy
                .is_some_and(|policy| policy.template().is_some());
            self.location
                .metadata(&self.name, is_template, fetcher, &self.shared.clock)
        };
        self.metadata.get_or_init(make).clone()
    }

    pub(super) fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.shared.clock)
    }
}

impl RemoteSettings {
    /// Checks the bounds of key sets, one by one, so that each is reported.
    fn settle_key_set(&mut self, problems: &mut Problems) {
        let default = KeySetLimits::default();
        let max_keys = self.max_keys.unwrap_or(default.max_keys());
        let max_bytes = self.max_key_set_bytes.unwrap_or(default.max_bytes());
        for alone in [
            KeySetLimits::new(max_keys, default.max_bytes()),
            KeySetLimits::new(default.max_keys(), max_bytes),
        ] {
            problems.ok_or_push(alone.map_err(ConfigErrorKind::KeySetLimits));
        }
        self.limits.key_set = KeySetLimits::new(max_keys, max_bytes).unwrap_or_default();
    }

    fn starting_keys(&self, problems: &mut Problems) -> Option<StaticKeys> {
        let jwks = self.starting_jwks.as_deref()?;
        let keys = StaticKeys::from_jwks_within(jwks, self.limits.key_set);
        problems.ok_or_push(keys.map_err(ConfigErrorKind::StartingKeys))
    }

    fn check(&self, fetches_keys: bool, problems: &mut Problems) {
        if !self.limits.has_sound_lifetime() {
            problems.push(ConfigErrorKind::KeyLifetime);
        }
        if !self.limits.has_sound_tolerance() {
            problems.push(ConfigErrorKind::OutageTolerance);
        }
        if self.starting_jwks.is_some() && !fetches_keys {
            problems.push(ConfigErrorKind::StartingKeysNotFetched);
        }
        let has_credentials = self.fetch.as_ref().is_some_and(Fetch::has_credentials);
        if has_credentials && self.introspections() > 0 {
            problems.push(ConfigErrorKind::Fetch(
                FetchError::CredentialsWithIntrospection,
            ));
        }
        if !self.tenant_bounds.are_sound() {
            problems.push(ConfigErrorKind::TenantBounds);
        }
    }
}
