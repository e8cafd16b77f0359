//! The source of tenants' keys, where each tenant has a key set of its own.

use super::SourceBuilder;
use super::key_set::checked;
use crate::build_error::{ConfigErrorKind, Problems};
use crate::core::{IssuerTemplate, Tenants};
use crate::source::{DynKeySource, Location, TenantKeys};

/// A tenant whose addresses are checked for all tenants: they differ in the tenant only.
const SAMPLE: &str = "a";

impl SourceBuilder<'_> {
    pub(super) fn build_tenant_keys(
        &self,
        location: Location,
        template: &IssuerTemplate,
        tenants: &Tenants,
        problems: &mut Problems,
    ) -> Option<Box<dyn DynKeySource>> {
        let fetcher = self.fetcher.as_ref()?;
        let sample = location.of_tenant(template, SAMPLE);
        let name = template.fill(&self.name, SAMPLE);
        let metadata = sample.metadata(&name, true, fetcher, &self.shared.clock);
        checked(
            sample.endpoint(&metadata, fetcher.http()),
            fetcher,
            problems,
        )?;
        self.check_tenants(tenants, problems);
        Some(Box::new(TenantKeys::new(
            template.clone(),
            self.policy?.clone(),
            location,
            fetcher,
            self.clock(),
            self.settings.limits,
            self.settings.tenant_bounds,
        )))
    }

    fn check_tenants(&self, tenants: &Tenants, problems: &mut Problems) {
        if self.settings.starting_jwks.is_some() {
            problems.push(ConfigErrorKind::StartingKeysNotFetched);
        }
        if !tenants.are_chosen() {
            problems.push(ConfigErrorKind::AnyTenantFetched);
        }
        let bounds = self.settings.tenant_bounds;
        if let Some(tenants) = tenants.count()
            && tenants > bounds.max_tenants
            && bounds.are_sound()
        {
            problems.push(ConfigErrorKind::MoreTenantsThanHeld {
                tenants,
                held: bounds.max_tenants,
            });
        }
    }
}
