//! Which tenants are held: those that have had keys, and newcomers, which may have been made up.
//!
//! A newcomer never takes the place of a tenant with keys. Among newcomers, one whose fetch has
//! failed gives way to one that has not been tried. One whose issuer doesn't exist gives up its
//! place at once.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::super::bounds::{
    MAX_KNOWN, MAX_NEWCOMERS, MAX_REMEMBERED, MIN_NEWCOMERS, PART_OF_RETURNING, TIME_OF_ABSENCE,
    TIME_OF_CROWD, TIME_TO_RETURN, TIME_WITHOUT_ROOM,
};
use super::super::moment::Moment;
use super::memory::NameMemory;
use super::settled::Settled;
use super::tenant::Tenant;

/// Why a tenant is not held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotHeld {
    /// Its issuer doesn't exist.
    Absent { retry_in: Duration },
    /// Its keys could not be fetched, and its place was needed.
    Pausing { retry_in: Duration },
    /// All tenants that may be held have keys and are in use.
    Full,
    /// All newcomers that may be held are being fetched.
    Crowded,
}

/// What is remembered of a newcomer that is no longer held.
#[derive(Clone, Copy)]
struct Farewell {
    at: Moment,
    lasts: Duration,
    is_absent: bool,
}

pub(super) struct Held {
    max_tenants: usize,
    idle_after: Duration,
    max_newcomers: usize,
    /// No one makes up a tenant that is listed, and a list is no longer than what is held.
    are_listed: bool,
    settled: Settled,
    newcomers: HashMap<Box<str>, Arc<Tenant>>,
    departed: NameMemory<Farewell>,
    /// Names that found no room, and when they first came, by the monotonic clock.
    turned_away: NameMemory<Duration>,
    /// Names that once had keys.
    known: NameMemory<()>,
    /// When idle ones were last looked for, by the monotonic clock.
    swept: Duration,
    /// When there was last no room for one more, by the same.
    full: Option<Duration>,
}

impl Held {
    pub(super) fn new(max_tenants: usize, idle_after: Duration, are_listed: bool) -> Self {
        Held {
            max_tenants,
            idle_after,
            max_newcomers: max_tenants.div_ceil(4).clamp(MIN_NEWCOMERS, MAX_NEWCOMERS),
            are_listed,
            settled: Settled::default(),
            newcomers: HashMap::new(),
            departed: NameMemory::new(MAX_REMEMBERED),
            turned_away: NameMemory::new(MAX_REMEMBERED),
            known: NameMemory::new(MAX_KNOWN),
            swept: Duration::ZERO,
            full: None,
        }
    }

    pub(super) fn find(&self, name: &str) -> Option<&Arc<Tenant>> {
        self.settled.get(name).or_else(|| self.newcomers.get(name))
    }

    /// Those that are listed in health: all but the newcomers that never had keys, whose names may
    /// be made up. And how many newcomers these are.
    pub(super) fn listed(&self) -> (Vec<Arc<Tenant>>, usize) {
        let mut listed: Vec<_> = self.settled.all().map(Arc::clone).collect();
        let had_keys = self
            .newcomers
            .iter()
            .filter(|(name, tenant)| tenant.keys.has_keys() || self.known.get(name).is_some());
        let settled = listed.len();
        listed.extend(had_keys.map(|(_, tenant)| Arc::clone(tenant)));
        let returning = listed.len() - settled;
        (listed, self.newcomers.len() - returning)
    }

    pub(super) fn is_sweep_due(&self, now: Duration) -> bool {
        now.saturating_sub(self.swept) >= self.idle_after / 2
    }

    /// Whether it is known, without a look at other tenants, that this one can't be held now.
    pub(super) fn refused(&self, name: &str, now: Moment) -> Option<NotHeld> {
        if let Some(farewell) = self.departed.get(name) {
            let retry_in = farewell.lasts.saturating_sub(farewell.at.elapsed(now));
            if !retry_in.is_zero() {
                return Some(if farewell.is_absent {
                    NotHeld::Absent { retry_in }
                } else {
                    NotHeld::Pausing { retry_in }
                });
            }
        }
        let was_full = self
            .full
            .is_some_and(|full| now.monotonic.saturating_sub(full) < TIME_WITHOUT_ROOM);
        was_full.then_some(NotHeld::Full)
    }

    /// Holds a tenant that is not held yet, where there is room.
    pub(super) fn admit(
        &mut self,
        name: &str,
        tenant: &Arc<Tenant>,
        now: Moment,
    ) -> Result<(), NotHeld> {
        if let Some(refused) = self.refused(name, now) {
            return Err(refused);
        }
        // Only newcomers are looked at each time: there may be many tenants with keys.
        self.settle(now);
        if !self.drop_beyond(now.monotonic) {
            self.full = Some(now.monotonic);
            return Err(NotHeld::Full);
        }
        if self.are_listed {
            self.settled.insert(name, Arc::clone(tenant));
            return Ok(());
        }
        let is_returning = self.is_returning(name, now.monotonic);
        if !self.has_room_for_newcomer(is_returning, now) {
            self.turn_away(name, now.monotonic);
            return Err(NotHeld::Crowded);
        }
        if is_returning {
            tenant.keys.found_no_turn();
        }
        self.departed.remove(name);
        self.newcomers.insert(name.into(), Arc::clone(tenant));
        Ok(())
    }

    /// Drops the keys of tenants without traffic.
    pub(super) fn sweep(&mut self, now: Moment) {
        self.settle(now);
        self.swept = now.monotonic;
        let (idle_after, now) = (self.idle_after, now.monotonic);
        self.settled.drop_unused_for(idle_after, now);
        self.newcomers
            .retain(|_, tenant| tenant.unused_for(now) < idle_after || tenant.keys.is_fetching());
    }

    /// Newcomers that have keys are settled; those whose issuer doesn't exist go.
    pub(super) fn settle(&mut self, now: Moment) {
        let (settled, known, departed) = (&mut self.settled, &mut self.known, &mut self.departed);
        self.newcomers.retain(|name, tenant| {
            if tenant.keys.has_keys() {
                known.insert(name, ());
                settled.insert(name, Arc::clone(tenant));
                return false;
            }
            let is_absent = tenant.keys.is_absent() && known.get(name).is_none();
            if is_absent {
                let farewell = Farewell {
                    at: now,
                    lasts: TIME_OF_ABSENCE,
                    is_absent,
                };
                departed.insert(name, farewell);
            }
            !is_absent
        });
    }

    /// Whether a newcomer came a while ago and found no room. A flood of names that are all
    /// different has none of these.
    fn is_returning(&self, name: &str, now: Duration) -> bool {
        let since = self.turned_away.get(name);
        let since = since.map(|came| now.saturating_sub(*came));
        since.is_some_and(|since| (TIME_OF_CROWD..TIME_TO_RETURN).contains(&since))
    }

    /// The first time is what is remembered, so that one that comes often is not put off for ever.
    fn turn_away(&mut self, name: &str, came: Duration) {
        let before = self.turned_away.get(name);
        if before.is_none_or(|before| came.saturating_sub(*before) >= TIME_TO_RETURN) {
            self.turned_away.insert(name, came);
        }
    }

    /// Room for one more newcomer, of those that are settled apart. The oldest that is not being
    /// fetched makes room; its pause between fetches is remembered.
    fn has_room_for_newcomer(&mut self, is_returning: bool, now: Moment) -> bool {
        while self.newcomers.len() >= self.max_newcomers {
            let all = self.newcomers.iter();
            let idle = all.filter(|(_, tenant)| !tenant.keys.is_fetching());
            let oldest = idle.min_by_key(|(_, tenant)| tenant.made);
            let Some((name, tenant)) = oldest.map(|(name, tenant)| (name.clone(), tenant)) else {
                let more = self.max_newcomers / PART_OF_RETURNING;
                return is_returning && self.newcomers.len() < self.max_newcomers + more;
            };
            let farewell = Farewell {
                at: now,
                lasts: tenant.keys.next_fetch_in().min(TIME_OF_ABSENCE),
                is_absent: false,
            };
            let unasked_since = tenant.keys.is_unasked().then_some(tenant.made);
            self.departed.insert(&name, farewell);
            self.newcomers.remove(&name);
            if let Some(came) = unasked_since {
                self.turn_away(&name, came);
            }
        }
        true
    }

    /// Drops the least recently used of those with keys until they are no more than may be held;
    /// false where too many are in use.
    pub(super) fn drop_beyond(&mut self, now: Duration) -> bool {
        while self.settled.len() > self.max_tenants {
            if !self.settled.drop_idlest(now) {
                return false;
            }
        }
        true
    }

    /// Takes out the least recently used of those with keys, until so many bytes are free; none of
    /// them where too many are in use.
    pub(super) fn give_way(&mut self, bytes: usize, now: Moment) -> Option<Vec<Arc<Tenant>>> {
        self.settle(now);
        self.settled.take_idlest_of(bytes, now.monotonic)
    }
}
