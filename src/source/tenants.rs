//! Keys of an issuer with many tenants, each with a set of its own: fetched at first use, bounded in number, dropped when
//! idle.
//!
//! Whoever presents a token may have made up its tenant, and its signature. So a tenant that never had keys takes the place
//! only of another such, and not before that had its time; and what is known of a tenant, its pauses between fetches
//! included, outlives any number of others that come in a moment.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use crate::core::{Clock, Evidence, IssuerTemplate, Policy, PresentedToken};

use super::fetcher::Fetcher;
use super::jwks::{RemoteJwks, Whereabouts};
use super::refresh::{COOLDOWN, Limits};
use super::{KeySource, SourceError, SourceStatus, TenantStatus};

/// Fetches at once, of all tenants together.
const CALLS: usize = 64;
/// Tenants that never had keys, of those that are held, are at most so many.
const MAX_WITHOUT_KEYS: usize = 256;
/// One of them is held so long at least: longer than the pauses between its fetches.
const TIME_FOR_KEYS: Duration = Duration::from_secs(60);
/// One with keys is held so long after its last token.
const TIME_OF_USE: Duration = COOLDOWN;

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
    policy: Policy,
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
    /// By the monotonic clock.
    made: Duration,
    /// By the same, in nanoseconds.
    last_used: AtomicU64,
}

impl Tenant {
    fn unused_for(&self, now: Duration) -> Duration {
        now.saturating_sub(Duration::from_nanos(self.last_used.load(Ordering::Relaxed)))
    }
}

impl TenantKeys {
    pub(crate) fn new(
        template: IssuerTemplate,
        policy: Policy,
        whereabouts: Whereabouts,
        fetcher: &Fetcher,
        clock: Arc<dyn Clock>,
        limits: Limits,
        bounds: TenantBounds,
    ) -> Self {
        TenantKeys {
            template,
            policy,
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

    /// The tenant's keys, and whether the tenant is new here.
    fn find_or_make(&self, issuer: &str, tenant: &str) -> Result<(Arc<Tenant>, bool), SourceError> {
        if let Some(found) = self.find(tenant) {
            return Ok((found, false));
        }
        let made = self.make(issuer, tenant)?;
        let now = self.clock.monotonic();
        let mut held = self.write();
        if let Some(found) = held.by_tenant.get(tenant) {
            return Ok((Arc::clone(found), false));
        }
        held.sweep(now, self.bounds.idle_after);
        let has_room = held.make_room(now, self.bounds.max_tenants);
        if !has_room {
            let error = SourceError::new(
                "so many tenants have sent tokens just now that the keys of no more are held (Issuer::max_tenants)",
            );
            return Err(error.retry_in(TIME_OF_USE));
        }
        held.by_tenant.insert(tenant.into(), Arc::clone(&made));
        Ok((made, true))
    }

    fn make(&self, issuer: &str, tenant: &str) -> Result<Arc<Tenant>, SourceError> {
        let whereabouts = self.whereabouts.of_tenant(&self.template, tenant);
        let location = whereabouts
            .locate(issuer, self.fetcher.http())
            .map_err(|problem| {
                SourceError::new("the tenant's keys are at no sound address").caused_by(problem)
            })?;
        let (clock, policy) = (Arc::clone(&self.clock), self.policy.clone());
        let is_lazy = true;
        let now = clock.monotonic();
        Ok(Arc::new(Tenant {
            issuer: issuer.into(),
            made: now,
            last_used: AtomicU64::new(nanos(now)),
            keys: RemoteJwks::new(
                issuer,
                policy,
                location,
                &self.fetcher,
                clock,
                self.limits,
                is_lazy,
            ),
        }))
    }
}

impl Held {
    /// Drops the keys of tenants without traffic.
    fn sweep(&mut self, now: Duration, idle_after: Duration) {
        self.swept = now;
        self.by_tenant
            .retain(|_, tenant| tenant.unused_for(now) < idle_after || tenant.keys.is_fetching());
    }

    /// Makes room for a tenant of which nothing is known, where there is some to be had.
    fn make_room(&mut self, now: Duration, max_tenants: usize) -> bool {
        if !self.drop_beyond(now, max_tenants) {
            return false;
        }
        let max_without = MAX_WITHOUT_KEYS.min(max_tenants.div_ceil(4));
        let without = || {
            let all = self.by_tenant.iter();
            all.filter(|(_, tenant)| !tenant.keys.has_keys())
        };
        if without().count() < max_without {
            return true;
        }
        let had_their_time = without().filter(|(_, tenant)| {
            now.saturating_sub(tenant.made) >= TIME_FOR_KEYS && !tenant.keys.is_fetching()
        });
        let oldest = had_their_time.min_by_key(|(_, tenant)| tenant.made);
        let oldest = oldest.map(|(name, _)| name.clone());
        oldest.is_some_and(|name| self.by_tenant.remove(&name).is_some())
    }

    /// Drops the least recently used of those with keys until they are no more than so many; false where too many are in use.
    fn drop_beyond(&mut self, now: Duration, max_tenants: usize) -> bool {
        loop {
            let all = self.by_tenant.iter();
            let with_keys = all.filter(|(_, tenant)| tenant.keys.has_keys());
            if with_keys.clone().count() <= max_tenants {
                return true;
            }
            let unused = with_keys.filter(|(_, tenant)| {
                tenant.unused_for(now) >= TIME_OF_USE && !tenant.keys.is_fetching()
            });
            let oldest = unused.max_by_key(|(_, tenant)| tenant.unused_for(now));
            let Some(name) = oldest.map(|(name, _)| name.clone()) else {
                return false;
            };
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
        let (tenant, is_new) = self.find_or_make(issuer, tenant)?;
        let evidence = tenant.keys.evidence(token).await;
        if is_new {
            let now = self.clock.monotonic();
            self.write().drop_beyond(now, self.bounds.max_tenants);
        }
        evidence
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
