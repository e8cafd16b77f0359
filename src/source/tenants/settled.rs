//! Tenants with keys, and which of them were not used for longest.
//!
//! A token of a tenant only stores the time in the tenant, under a shared lock. The order of last
//! use is brought up to date when it is needed: each step of that is paid for by a token that came
//! since.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use super::super::bounds::TIME_OF_USE;
use super::tenant::Tenant;

/// When a tenant was last used, as far as the order knows, and a number that no other has.
type Turn = (u64, u64);

struct Entry {
    tenant: Arc<Tenant>,
    turn: Turn,
}

#[derive(Default)]
pub(super) struct Settled {
    by_name: HashMap<Arc<str>, Entry>,
    /// The same tenants. No turn is later than the tenant's last use.
    by_use: BTreeMap<Turn, Arc<str>>,
    turns: u64,
}

impl Settled {
    pub(super) fn get(&self, name: &str) -> Option<&Arc<Tenant>> {
        self.by_name.get(name).map(|entry| &entry.tenant)
    }

    pub(super) fn len(&self) -> usize {
        self.by_name.len()
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Arc<Tenant>> {
        self.by_name.values().map(|entry| &entry.tenant)
    }

    pub(super) fn insert(&mut self, name: &str, tenant: Arc<Tenant>) {
        let name: Arc<str> = name.into();
        let turn = self.next_turn(&tenant);
        self.by_use.insert(turn, Arc::clone(&name));
        if let Some(before) = self.by_name.insert(name, Entry { tenant, turn }) {
            self.by_use.remove(&before.turn);
        }
    }

    fn next_turn(&mut self, tenant: &Tenant) -> Turn {
        self.turns = self.turns.wrapping_add(1);
        (tenant.last_used(), self.turns)
    }

    /// Takes out the one that was not used for longest, if that is at least `unused_for` and its
    /// keys are not being fetched.
    fn take_idlest(
        &mut self,
        unused_for: Duration,
        now: Duration,
    ) -> Option<(Arc<str>, Arc<Tenant>)> {
        let mut passed_over = Vec::new();
        let mut found = None;
        while let Some((turn, name)) = self.by_use.pop_first() {
            let Some(entry) = self.by_name.get_mut(&name) else {
                continue;
            };
            let last_used = entry.tenant.last_used();
            if last_used > turn.0 {
                entry.turn.0 = last_used;
                self.by_use.insert(entry.turn, name);
                continue;
            }
            // All others were used later.
            if entry.tenant.unused_for(now) < unused_for {
                self.by_use.insert(turn, name);
                break;
            }
            if entry.tenant.keys.is_fetching() {
                passed_over.push((turn, name));
                continue;
            }
            found = self.by_name.remove(&name).map(|entry| (name, entry.tenant));
            break;
        }
        self.by_use.extend(passed_over);
        found
    }

    /// Drops the one that was not used for longest, except those in use. False where there is none.
    pub(super) fn drop_idlest(&mut self, now: Duration) -> bool {
        self.take_idlest(TIME_OF_USE, now).is_some()
    }

    /// Drops all that were not used for so long.
    pub(super) fn drop_unused_for(&mut self, idle_after: Duration, now: Duration) {
        while self.take_idlest(idle_after, now).is_some() {}
    }

    /// Takes out those that were not used for longest, as many as have so many bytes of keys
    /// together. None of them where that is not enough.
    ///
    /// Idle ones without keys are dropped on the way, in either case. Each set that needs room
    /// would look at all of them again.
    pub(super) fn take_idlest_of(
        &mut self,
        bytes: usize,
        now: Duration,
    ) -> Option<Vec<Arc<Tenant>>> {
        let mut taken: Vec<(Arc<str>, Arc<Tenant>)> = Vec::new();
        let mut sum = 0_usize;
        while sum < bytes {
            let Some((name, tenant)) = self.take_idlest(TIME_OF_USE, now) else {
                for (name, tenant) in taken {
                    self.insert(&name, tenant);
                }
                return None;
            };
            let of_tenant = tenant.keys.bytes();
            if of_tenant > 0 {
                sum = sum.saturating_add(of_tenant);
                taken.push((name, tenant));
            }
        }
        Some(taken.into_iter().map(|(_, tenant)| tenant).collect())
    }
}

#[cfg(test)]
mod tests {
    use crate::clock::SystemClock;
    use crate::core::{Clock, Policy};
    use crate::source::address::{Address, Http};
    use crate::source::jwks::RemoteJwks;
    use crate::source::metadata::Endpoint;
    use crate::source::refresh::Limits;

    use super::*;

    /// Listed tenants whose keys could not be fetched may be many. Each is looked at once, and not
    /// whenever a set needs room.
    #[test]
    fn k06_idle_tenants_without_keys_are_passed_over_once() {
        let address = Address::parse("https://as.example.com/jwks", Http::ToLoopback).unwrap();
        let fetcher = crate::Fetch::new().build().unwrap();
        let policy = Policy::builder()
            .issuer("https://as.example.com")
            .audience("https://api.example.com")
            .build()
            .unwrap();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
        let mut settled = Settled::default();
        for (name, used) in [("idle-0", 1), ("idle-1", 2), ("in use", 95)] {
            let endpoint = Endpoint::At(address.clone());
            let (policy, clock) = (policy.clone(), Arc::clone(&clock));
            let keys = RemoteJwks::new(policy, endpoint, &fetcher, clock, Limits::default(), true);
            let tenant = Tenant::new(name, keys, Duration::from_secs(used));
            settled.insert(name, Arc::new(tenant));
        }
        let taken = settled.take_idlest_of(1, Duration::from_secs(100));
        assert!(taken.is_none());
        let left: Vec<_> = settled.all().map(|tenant| &*tenant.issuer).collect();
        assert_eq!(left, ["in use"]);
    }
}
