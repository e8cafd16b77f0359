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

    /// Takes out the one that was not used for longest of those that are `wanted`, if that is at
    /// least `unused_for` and its keys are not being fetched.
    fn take_idlest(
        &mut self,
        unused_for: Duration,
        now: Duration,
        wanted: impl Fn(&Tenant) -> bool,
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
            if entry.tenant.keys.is_fetching() || !wanted(&entry.tenant) {
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
        self.take_idlest(TIME_OF_USE, now, |_| true).is_some()
    }

    /// Drops all that were not used for so long.
    pub(super) fn drop_unused_for(&mut self, idle_after: Duration, now: Duration) {
        while self.take_idlest(idle_after, now, |_| true).is_some() {}
    }

    /// Takes out those that were not used for longest, as many as have so many bytes of keys
    /// together. None of them where that is not enough.
    pub(super) fn take_idlest_of(
        &mut self,
        bytes: usize,
        now: Duration,
    ) -> Option<Vec<Arc<Tenant>>> {
        let mut taken: Vec<(Arc<str>, Arc<Tenant>)> = Vec::new();
        let has_room = |tenant: &Tenant| tenant.keys.bytes() > 0;
        let mut sum = 0_usize;
        while sum < bytes {
            let Some((name, tenant)) = self.take_idlest(TIME_OF_USE, now, has_room) else {
                for (name, tenant) in taken {
                    self.insert(&name, tenant);
                }
                return None;
            };
            sum = sum.saturating_add(tenant.keys.bytes());
            taken.push((name, tenant));
        }
        Some(taken.into_iter().map(|(_, tenant)| tenant).collect())
    }
}
