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
use super::{DynKeySource, KeySource, SourceError, SourceStatus, TenantStatus, Waiting};

/// Fetches at once, of all tenants together.
const CALLS: usize = 64;
/// Of tenants that somebody may have made up, those that are held and never had keys are at most so many.
const MAX_WITHOUT_KEYS: usize = 256;
/// One of them is held so long at least: longer than the pauses between its fetches.
const TIME_FOR_KEYS: Duration = Duration::from_secs(60);
/// One with keys is held so long after its last token.
const TIME_OF_USE: Duration = COOLDOWN;
/// Where there was no room, it is not looked for again so long: to look takes a step for each tenant, and keeps all others
/// waiting.
const TIME_WITHOUT_ROOM: Duration = Duration::from_secs(1);

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
    /// Tenants that never had keys, of those that are held, are at most so many.
    max_without: usize,
    held: RwLock<Held>,
}

#[derive(Default)]
struct Held {
    by_tenant: HashMap<Box<str>, Arc<Tenant>>,
    /// When idle ones were last looked for, by the monotonic clock.
    swept: Duration,
    /// When there was last no room for one more, by the same.
    full: Option<Duration>,
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
        // Nobody makes up one that is listed, and a list is no longer than what is held: so one that is down takes no room
        // from another.
        let are_listed = policy
            .tenants()
            .is_some_and(|(_, tenants)| tenants.count().is_some());
        let max_without = if are_listed {
            usize::MAX
        } else {
            MAX_WITHOUT_KEYS.min(bounds.max_tenants.div_ceil(4))
        };
        TenantKeys {
            template,
            policy,
            whereabouts,
            fetcher: fetcher.bounded(CALLS),
            clock,
            limits,
            bounds,
            max_without,
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
        let now = self.clock.monotonic();
        if self.read().was_full(now) {
            return Err(no_room());
        }
        let made = self.make(issuer, tenant)?;
        let mut held = self.write();
        if let Some(found) = held.by_tenant.get(tenant) {
            return Ok((Arc::clone(found), false));
        }
        if held.was_full(now) {
            return Err(no_room());
        }
        held.sweep(now, self.bounds.idle_after);
        let has_room = held.make_room(now, self.bounds.max_tenants, self.max_without);
        if !has_room {
            held.full = Some(now);
            return Err(no_room());
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
            keys: RemoteJwks::new(policy, location, &self.fetcher, clock, self.limits, is_lazy),
        }))
    }
}

fn no_room() -> SourceError {
    let error = SourceError::new(
        "so many tenants have sent tokens just now that the keys of no more are held (Issuer::max_tenants)",
    );
    error.retry_in(TIME_OF_USE)
}

/// Names the tenant, since the Validator names the template only.
fn of_tenant(tenant: &str, cause: SourceError) -> SourceError {
    let retry_after = cause.retry_after();
    let error = SourceError::new(format!("tenant \"{tenant}\"")).caused_by(cause);
    match retry_after {
        Some(after) => error.retry_in(after),
        None => error,
    }
}

impl Held {
    fn was_full(&self, now: Duration) -> bool {
        self.full
            .is_some_and(|full| now.saturating_sub(full) < TIME_WITHOUT_ROOM)
    }

    /// Drops the keys of tenants without traffic.
    fn sweep(&mut self, now: Duration, idle_after: Duration) {
        self.swept = now;
        self.by_tenant
            .retain(|_, tenant| tenant.unused_for(now) < idle_after || tenant.keys.is_fetching());
    }

    /// Makes room for a tenant of which nothing is known, where there is some to be had.
    fn make_room(&mut self, now: Duration, max_tenants: usize, max_without: usize) -> bool {
        if !self.drop_beyond(now, max_tenants) {
            return false;
        }
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

impl DynKeySource for TenantKeys {
    fn evidence<'a>(&'a self, token: &'a PresentedToken<'a>) -> Waiting<'a, Evidence> {
        Box::pin(async move {
            let Some((issuer, tenant)) = self.tenant_of(token) else {
                return Err(SourceError::new(
                    "keys are held by tenant, and the token names none",
                ));
            };
            let (held, is_new) = self.find_or_make(issuer, tenant)?;
            let evidence = KeySource::evidence(&held.keys, token).await;
            let evidence = evidence.map_err(|error| of_tenant(tenant, error));
            if is_new {
                let now = self.clock.monotonic();
                self.write().drop_beyond(now, self.bounds.max_tenants);
            }
            evidence
        })
    }

    fn cached(&self, token: &PresentedToken<'_>) -> Option<Evidence> {
        let (_, tenant) = self.tenant_of(token)?;
        KeySource::cached(&self.find(tenant)?.keys, token)
    }

    /// Nothing is kept about a token.
    fn forget(&self, _token: &PresentedToken<'_>) {}

    /// Tenants are known by their tokens.
    fn warm_up(&self) -> Waiting<'_, ()> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn status(&self) -> SourceStatus {
        let held = self.read();
        let mut tenants: Vec<_> = held
            .by_tenant
            .values()
            .map(|tenant| TenantStatus {
                issuer: Arc::clone(&tenant.issuer),
                status: KeySource::status(&tenant.keys),
            })
            .collect();
        drop(held);
        tenants.sort_by(|one, two| one.issuer.cmp(&two.issuer));
        SourceStatus {
            tenants,
            ..SourceStatus::default()
        }
    }

    fn status_for(&self, token: &PresentedToken<'_>) -> SourceStatus {
        let held = self.read();
        let tenant = self
            .tenant_of(token)
            .and_then(|(_, tenant)| held.by_tenant.get(tenant));
        tenant.map_or_else(SourceStatus::default, |tenant| {
            KeySource::status(&tenant.keys)
        })
    }
}
