//! Keys of an issuer with many tenants, each with a set of its own: fetched at first use, bounded
//! in number, dropped when idle.
//!
//! Anyone who presents a token may have made up its tenant, and its signature. Which tenants are
//! held, and which give way to others, is decided in `held`.

mod held;
mod memory;
mod settled;
mod tenant;

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use crate::core::{
    AccessToken, Clock, Evidence, IssuerTemplate, KeySet, NumericDate, Policy, PresentedToken,
};

use super::bounds::{
    DEFAULT_IDLE_AFTER, DEFAULT_MAX_TENANTS, DEFAULT_TENANT_BYTES, FIRST_FETCHES,
    FIRST_FETCHES_OF_RETURNING, MAX_IDLE_AFTER, MAX_TENANT_BYTES, MAX_TENANTS, MIN_IDLE_AFTER,
    MIN_TENANT_BYTES, TENANT_CALLS, TIME_OF_CROWD, TIME_OF_USE,
};
use super::fetcher::Fetcher;
use super::jwks::RemoteJwks;
use super::key_room::KeyRoom;
use super::location::Location;
use super::moment::Moment;
use super::refresh::Limits;
use super::{DynKeySource, KeySource, SourceError, SourceStatus, TenantStatus, Waiting};
use held::{Held, NotHeld};
use tenant::Tenant;

/// How many tenants' keys are held, in how many bytes, and how long those of a tenant that sends no
/// tokens.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TenantBounds {
    pub(crate) max_tenants: usize,
    /// Of the key sets of all tenants together.
    pub(crate) max_bytes: u64,
    pub(crate) idle_after: Duration,
}

impl Default for TenantBounds {
    fn default() -> Self {
        TenantBounds {
            max_tenants: DEFAULT_MAX_TENANTS,
            max_bytes: DEFAULT_TENANT_BYTES,
            idle_after: DEFAULT_IDLE_AFTER,
        }
    }
}

impl TenantBounds {
    pub(crate) fn are_sound(self) -> bool {
        (1..=MAX_TENANTS).contains(&self.max_tenants)
            && (MIN_TENANT_BYTES..=MAX_TENANT_BYTES).contains(&self.max_bytes)
            && (MIN_IDLE_AFTER..=MAX_IDLE_AFTER).contains(&self.idle_after)
    }
}

/// The key sets of an issuer's tenants. It has no background task: keys are refreshed when a token
/// comes, so that a tenant without traffic costs none.
pub(crate) struct TenantKeys {
    template: IssuerTemplate,
    policy: Policy,
    location: Location,
    fetcher: Fetcher,
    clock: Arc<dyn Clock>,
    limits: Limits,
    held: Arc<RwLock<Held>>,
    room: Arc<KeyRoom>,
}

impl TenantKeys {
    pub(crate) fn new(
        template: IssuerTemplate,
        policy: Policy,
        location: Location,
        fetcher: &Fetcher,
        clock: Arc<dyn Clock>,
        limits: Limits,
        bounds: TenantBounds,
    ) -> Self {
        let are_listed = policy
            .tenants()
            .is_some_and(|(_, tenants)| tenants.count().is_some());
        let held = Held::new(bounds.max_tenants, bounds.idle_after, are_listed);
        let held = Arc::new(RwLock::new(held));
        let room = room(bounds.max_bytes, &held, &clock);
        TenantKeys {
            template,
            policy,
            location,
            fetcher: fetcher.bounded(TENANT_CALLS, FIRST_FETCHES, FIRST_FETCHES_OF_RETURNING),
            clock,
            limits,
            held,
            room: Arc::new(room),
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

    fn now(&self) -> Moment {
        Moment::of(&*self.clock)
    }

    /// The tenant's keys, where they are held.
    fn find(&self, tenant: &str) -> Option<Arc<Tenant>> {
        let now = self.now();
        let held = self.read();
        let found = held.find(tenant).cloned();
        let is_sweep_due = held.is_sweep_due(now.monotonic);
        drop(held);
        if let Some(tenant) = &found {
            tenant.used(now.monotonic);
        }
        if is_sweep_due {
            self.write().sweep(now);
        }
        found
    }

    /// The tenant's keys, and whether the tenant is new here.
    fn find_or_make(&self, issuer: &str, tenant: &str) -> Result<(Arc<Tenant>, bool), SourceError> {
        if let Some(found) = self.find(tenant) {
            return Ok((found, false));
        }
        let now = self.now();
        let refused = self.read().refused(tenant, now);
        if let Some(refused) = refused {
            return Err(not_held(refused));
        }
        let made = self.make(issuer, tenant)?;
        let mut held = self.write();
        if let Some(found) = held.find(tenant) {
            return Ok((Arc::clone(found), false));
        }
        held.admit(tenant, &made, now).map_err(not_held)?;
        Ok((made, true))
    }

    /// Keys were asked for, so it may be known by now whether this tenant has some.
    fn settle(&self, tenant: &Tenant, is_new: bool) {
        if is_new || tenant.keys.is_absent() {
            let now = self.now();
            let mut held = self.write();
            held.settle(now);
            held.drop_beyond(now.monotonic);
        }
    }

    fn make(&self, issuer: &str, tenant: &str) -> Result<Arc<Tenant>, SourceError> {
        let location = self.location.of_tenant(&self.template, tenant);
        let metadata = location.metadata(issuer, true, &self.fetcher, &self.clock);
        let endpoint = location
            .endpoint(&metadata, self.fetcher.http())
            .map_err(|problem| {
                SourceError::new("the tenant's keys are at no sound address").caused_by(problem)
            })?;
        let (clock, policy) = (Arc::clone(&self.clock), self.policy.clone());
        let is_lazy = true;
        let now = clock.monotonic();
        let mut keys =
            RemoteJwks::new(policy, endpoint, &self.fetcher, clock, self.limits, is_lazy);
        keys.share(&self.room);
        Ok(Arc::new(Tenant::new(issuer, keys, now)))
    }
}

/// What all sets may occupy together. The least recently used of those with keys give way.
fn room(max_bytes: u64, held: &Arc<RwLock<Held>>, clock: &Arc<dyn Clock>) -> KeyRoom {
    let (held, clock) = (Arc::downgrade(held), Arc::clone(clock));
    let max_bytes = usize::try_from(max_bytes).unwrap_or(usize::MAX);
    KeyRoom::new(max_bytes, move |bytes| {
        let Some(held) = held.upgrade() else {
            return false;
        };
        let now = Moment::of(&*clock);
        let mut held = held.write().unwrap_or_else(PoisonError::into_inner);
        let gone = held.give_way(bytes, now);
        // Without the lock: a set may be large.
        drop(held);
        for tenant in gone.iter().flatten() {
            tenant.keys.give_up_room();
        }
        gone.is_some()
    })
}

fn no_tenant() -> SourceError {
    SourceError::new("keys are held by tenant, and the token names none")
}

/// The error of all shows the template; this one says whose keys they are.
fn of_tenant(name: &str, error: SourceError) -> SourceError {
    let retry_after = error.retry_after();
    let of_tenant = SourceError::new(format!("tenant \"{name}\""));
    of_tenant.caused_by(error).retry_as(retry_after)
}

fn not_held(refused: NotHeld) -> SourceError {
    let (what, retry_in) = match refused {
        NotHeld::Absent { retry_in } => (
            "the token's issuer does not exist: less than a minute ago, each address of its metadata answered that there is \
             none",
            retry_in,
        ),
        NotHeld::Pausing { retry_in } => (
            "the keys of the token's issuer could not be fetched a moment ago",
            retry_in,
        ),
        NotHeld::Full => (
            "so many tenants have sent tokens just now that the keys of no more are held (Issuer::max_tenants)",
            TIME_OF_USE,
        ),
        NotHeld::Crowded => (
            "the keys of so many tenants are being fetched for the first time that this one got no turn",
            TIME_OF_CROWD,
        ),
    };
    SourceError::new(what).retry_in(retry_in)
}

impl DynKeySource for TenantKeys {
    fn evidence<'a>(&'a self, token: &'a PresentedToken<'a>) -> Waiting<'a, Evidence> {
        Box::pin(async move {
            let (issuer, name) = self.tenant_of(token).ok_or_else(no_tenant)?;
            let (tenant, is_new) = self.find_or_make(issuer, name)?;
            let evidence = KeySource::evidence(&tenant.keys, token).await;
            self.settle(&tenant, is_new);
            evidence.map_err(|error| of_tenant(name, error))
        })
    }

    fn still_trusts<'a>(&'a self, token: &'a AccessToken) -> Waiting<'a, bool> {
        Box::pin(async move {
            let issuer = token.issuer();
            let name = self.template.tenant_of(issuer).ok_or_else(no_tenant)?;
            let (tenant, is_new) = self.find_or_make(issuer, name)?;
            let trusts = KeySource::still_trusts(&tenant.keys, token).await;
            self.settle(&tenant, is_new);
            trusts.map_err(|error| of_tenant(name, error))
        })
    }

    fn cached(&self, token: &PresentedToken<'_>) -> Option<Evidence> {
        let (_, tenant) = self.tenant_of(token)?;
        KeySource::cached(&self.find(tenant)?.keys, token)
    }

    fn current_keys(&self, issuer: &str, now: NumericDate) -> Option<Arc<KeySet>> {
        let tenant = self.find(self.template.tenant_of(issuer)?)?;
        KeySource::current_keys(&tenant.keys, issuer, now)
    }

    /// Nothing is kept about a token.
    fn forget(&self, _token: &PresentedToken<'_>) {}

    /// Tenants are known by their tokens.
    fn warm_up(&self) -> Waiting<'_, ()> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn status(&self) -> SourceStatus {
        let (listed, new_tenants) = self.read().listed();
        // Without the lock: there may be many.
        let of_tenant = |tenant: &Arc<Tenant>| TenantStatus {
            issuer: Arc::clone(&tenant.issuer),
            status: KeySource::status(&tenant.keys),
        };
        let mut tenants: Vec<_> = listed.iter().map(of_tenant).collect();
        tenants.sort_by(|one, two| one.issuer.cmp(&two.issuer));
        SourceStatus {
            tenants,
            new_tenants,
            ..SourceStatus::default()
        }
    }

    fn status_of(&self, issuer: &str) -> SourceStatus {
        let held = self.read();
        let tenant = self.template.tenant_of(issuer);
        let tenant = tenant.and_then(|tenant| held.find(tenant));
        tenant.map_or_else(SourceStatus::default, |tenant| {
            KeySource::status(&tenant.keys)
        })
    }
}
