//! The source of introspection responses.

use super::SourceBuilder;
use crate::build_error::{ConfigErrorKind, Problems};
use crate::core::Policy;
use crate::source::{
    Address, AddressError, DynKeySource, Endpoint, Fetcher, Introspection, IntrospectionError,
    RemoteIntrospection,
};

impl SourceBuilder<'_> {
    pub(in super::super) fn build_introspection(
        &mut self,
        problems: &mut Problems,
    ) -> Option<Box<dyn DynKeySource>> {
        let introspection = self.settings.introspections.pop()?;
        let fetcher = self.fetcher.as_ref()?;
        let is_template = |policy: &Policy| policy.template().is_some();
        if self.policy.is_some_and(is_template) && !introspection.can_be_of_tenants() {
            problems.push(ConfigErrorKind::IntrospectionOfTenants);
            return None;
        }
        let endpoint = problems.ok_or_push(self.endpoint(&introspection, fetcher));
        let answer_keys = introspection.answer_keys.clone();
        let settings = match introspection.finish(&self.name, fetcher) {
            Ok(settings) => Some(settings),
            Err(found) => {
                for problem in found {
                    problems.push(ConfigErrorKind::Introspection(problem));
                }
                None
            }
        };
        let (endpoint, settings, policy) = (endpoint?, settings?, self.policy?);
        problems.ok_or_push(fetcher.keep_connections().map_err(ConfigErrorKind::Fetch))?;
        let signed = match &settings.signed_for {
            None => None,
            Some(client_id) => {
                let keys = answer_keys.as_deref();
                let signed = self.build_signed_answers(client_id, keys, policy, fetcher);
                Some(problems.ok_or_push(signed)?)
            }
        };
        Some(Box::new(RemoteIntrospection::new(
            endpoint,
            fetcher,
            self.clock(),
            settings,
            signed,
        )))
    }

    fn endpoint(
        &self,
        introspection: &Introspection,
        fetcher: &Fetcher,
    ) -> Result<Endpoint, ConfigErrorKind> {
        match &introspection.endpoint {
            Some(url) => Address::parse(url, fetcher.http())
                .map(Endpoint::At)
                .map_err(|problem| unusable("the introspection endpoint", url, problem)),
            None => self
                .metadata(fetcher)
                .map(Endpoint::InMetadata)
                .map_err(ConfigErrorKind::Address),
        }
    }
}

/// An address that can't be used, without the secrets that may be in it.
pub(super) fn unusable(what: &'static str, url: &str, problem: AddressError) -> ConfigErrorKind {
    ConfigErrorKind::Introspection(IntrospectionError::Address {
        what,
        address: Address::shown(url),
        problem,
    })
}
