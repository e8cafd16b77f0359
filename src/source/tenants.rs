//! Keys of an issuer with many tenants, each with a set of its own: fetched at first use, bounded in number, dropped when
//! idle.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use crate::core::{Clock, Evidence, IssuerTemplate, PresentedToken};

use super::fetcher::Fetcher;
use super::jwks::{RemoteJwks, Whereabouts};
use super::refresh::Limits;
use super::{KeySource, SourceError, SourceStatus, TenantStatus};

/// Fetches at once, of all tenants together.
const CALLS: usize = 64;

/// How many tenants' keys are held, and how long those of a tenant that sends no tokens.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TenantBounds {
    pub(crate) max_tenants: usize,
    pub(crate) idle_after: Duration,
}

impl Default for TenantBounds {
    fn default() -> Self {
        TenantBounds {
            max_tenants: 1_000,
            idle_after: Duration::from_secs(3_600),
        }
    }
}

impl TenantBounds {
    pub(crate) fn are_sound(self) -> bool {
        (1..=100_000).contains(&self.max_tenants)
            && self.idle_after >= Duration::from_secs(60)
            && self.idle_after <= Duration::from_secs(7 * 86_400)
    }
}

/// The key sets of an issuer's tenants. It has no background task: keys are refreshed when a token comes, so that a tenant
/// without traffic costs none.
pub(crate) struct TenantKeys {
    template: IssuerTemplate,
    whereabouts: Whereabouts,
    fetcher: Fetcher,
    clock: Arc<dyn Clock>,
    limits: Limits,
    bounds: TenantBounds,
    held: RwLock<Held>,
}

#[derive(Default)]
struct Held {
    by_tenant: HashMap<Box<str>, Arc<Tenant>>,
    /// When idle ones were last looked for, by the monotonic clock.
    swept: Duration,
}

struct Tenant {
    issuer: Arc<str>,
    keys: RemoteJwks,
    /// By the monotonic clock, in nanoseconds.
    last_used: AtomicU64,
}

impl TenantKeys {
    pub(crate) fn new(
        template: IssuerTemplate,
        whereabouts: Whereabouts,
        fetcher: &Fetcher,
        clock: Arc<dyn Clock>,
        limits: Limits,
        bounds: TenantBounds,
    ) -> Self {
        TenantKeys {
            template,
            whereabouts,
            fetcher: fetcher.bounded(CALLS),
            clock,
            limits,
            bounds,
            held: RwLock::default(),
        }
    }

    fn read(&self) -> RwLockReadGuard<'_, Held> {
        self.held.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Held> {
        self.held.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The issuer and the tenant of a token. Policy has checked both.
    fn tenant_of<'t>(&self, token: &'t PresentedToken<'_>) -> Option<(&'t str, &'t str)> {
        let issuer = token.jwt()?.issuer()?;
        Some((issuer, self.template.tenant_of(issuer)?))
    }

    /// The tenant's keys, where they are held.
    fn find(&self, tenant: &str) -> Option<Arc<Tenant>> {
        let now = self.clock.monotonic();
        let held = self.read();
        let found = held.by_tenant.get(tenant).cloned();
        let is_sweep_due = now.saturating_sub(held.swept) >= self.bounds.idle_after / 2;
        drop(held);
        if let Some(tenant) = &found {
            tenant.last_used.store(nanos(now), Ordering::Relaxed);
        }
        if is_sweep_due {
            self.write().sweep(now, self.bounds.idle_after);
        }
        found
    }

    fn find_or_make(&self, issuer: &str, tenant: &str) -> Result<Arc<Tenant>, SourceError> {
        if let Some(found) = self.find(tenant) {
            return Ok(found);
        }
        let made = self.make(issuer, tenant)?;
        let now = self.clock.monotonic();
        let mut held = self.write();
        if let Some(found) = held.by_tenant.get(tenant) {
            return Ok(Arc::clone(found));
        }
        held.sweep(now, self.bounds.idle_after);
        if held.by_tenant.len() >= self.bounds.max_tenants {
            held.drop_least_recently_used();
        }
        held.by_tenant.insert(tenant.into(), Arc::clone(&made));
        Ok(made)
    }

    fn make(&self, issuer: &str, tenant: &str) -> Result<Arc<Tenant>, SourceError> {
        let whereabouts = self.whereabouts.of_tenant(&self.template, tenant);
        let location = whereabouts
            .locate(issuer, self.fetcher.http())
            .map_err(|problem| {
                SourceError::new("the tenant's keys are at no sound address").caused_by(problem)
            })?;
        let clock = Arc::clone(&self.clock);
        let is_lazy = true;
        Ok(Arc::new(Tenant {
            issuer: issuer.into(),
            last_used: AtomicU64::new(nanos(clock.monotonic())),
            keys: RemoteJwks::new(issuer, location, &self.fetcher, clock, self.limits, is_lazy),
        }))
    }
}

impl Held {
    /// Drops the keys of tenants without traffic.
    fn sweep(&mut self, now: Duration, idle_after: Duration) {
        self.swept = now;
        self.by_tenant.retain(|_, tenant| {
            let last_used = Duration::from_nanos(tenant.last_used.load(Ordering::Relaxed));
            now.saturating_sub(last_used) < idle_after
        });
    }

    fn drop_least_recently_used(&mut self) {
        let oldest = self
            .by_tenant
            .iter()
            .min_by_key(|(_, tenant)| tenant.last_used.load(Ordering::Relaxed))
            .map(|(name, _)| name.clone());
        if let Some(name) = oldest {
            self.by_tenant.remove(&name);
        }
    }
}

/// Enough for centuries.
fn nanos(moment: Duration) -> u64 {
    u64::try_from(moment.as_nanos()).unwrap_or(u64::MAX)
}

impl KeySource for TenantKeys {
    async fn evidence(&self, token: &PresentedToken<'_>) -> Result<Evidence, SourceError> {
        let Some((issuer, tenant)) = self.tenant_of(token) else {
            return Err(SourceError::new(
                "keys are held by tenant, and the token names none",
            ));
        };
        let tenant = self.find_or_make(issuer, tenant)?;
        tenant.keys.evidence(token).await
    }

    fn cached(&self, token: &PresentedToken<'_>) -> Option<Evidence> {
        let (_, tenant) = self.tenant_of(token)?;
        self.find(tenant)?.keys.cached(token)
    }

    fn status(&self) -> SourceStatus {
        let held = self.read();
        let mut tenants: Vec<_> = held
            .by_tenant
            .values()
            .map(|tenant| TenantStatus {
                issuer: Arc::clone(&tenant.issuer),
                status: tenant.keys.status(),
            })
            .collect();
        drop(held);
        tenants.sort_by(|one, two| one.issuer.cmp(&two.issuer));
        SourceStatus {
            tenants,
            ..SourceStatus::default()
        }
    }
}
