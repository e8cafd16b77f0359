//! Which scopes imply others, by the map in an issuer's policy.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::core::policy::problem::{MAX_IMPLIED_SCOPES, PolicyErrorKind};
use crate::core::token::claims::values::Scope;

/// The scopes that a scope implies directly, as code and configuration files write them.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(transparent)]
pub(crate) struct ScopeMap(BTreeMap<String, Vec<String>>);

impl ScopeMap {
    pub(super) fn add(&mut self, scope: String, implied: impl IntoIterator<Item = String>) {
        self.0.entry(scope).or_default().extend(implied);
    }

    /// All that is wrong.
    pub(super) fn problems(&self) -> Vec<PolicyErrorKind> {
        let mut problems = Vec::new();
        if self.0.is_empty() || self.0.values().any(Vec::is_empty) {
            problems.push(PolicyErrorKind::EmptyList("scope_implies"));
        }
        let count: usize = self.0.values().map(Vec::len).sum();
        if count > MAX_IMPLIED_SCOPES {
            problems.push(PolicyErrorKind::TooManyImpliedScopes { count });
            return problems;
        }
        let named = self.0.keys().chain(self.0.values().flatten());
        let named: BTreeSet<&String> = named.collect();
        for scope in named {
            if scope.parse::<Scope>().is_err() {
                problems.push(PolicyErrorKind::MalformedScope(scope.clone()));
            }
        }
        for cycle in Graph::of(self).sort().cycles {
            let cycle = cycle.into_iter().map(str::to_owned).collect();
            problems.push(PolicyErrorKind::ScopeCycle(cycle));
        }
        problems
    }
}

/// The same with an error for two entries of one scope, of which a map would keep only the last.
impl<'de> Deserialize<'de> for ScopeMap {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;

        impl<'de> Visitor<'de> for Entries {
            type Value = ScopeMap;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map from a scope to the list of scopes that it implies")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ScopeMap, A::Error> {
                let mut entries = BTreeMap::new();
                while let Some((scope, implied)) = map.next_entry::<String, Vec<String>>()? {
                    if entries.insert(scope, implied).is_some() {
                        return Err(A::Error::custom("two entries of one scope"));
                    }
                }
                Ok(ScopeMap(entries))
            }
        }

        deserializer.deserialize_map(Entries)
    }
}

/// Each scope with those that imply it directly.
struct Graph<'m>(BTreeMap<&'m str, BTreeSet<&'m str>>);

impl<'m> Graph<'m> {
    fn of(map: &'m ScopeMap) -> Self {
        let mut implied_by: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (scope, implied) in &map.0 {
            implied_by.entry(scope).or_default();
            for one in implied {
                implied_by.entry(one).or_default().insert(scope);
            }
        }
        Graph(implied_by)
    }

    fn sort(&self) -> Sorted<'m> {
        let mut left = self.0.clone();
        let mut sorted = Sorted::default();
        while !left.is_empty() {
            let free = left.iter().filter(|(_, by)| by.is_empty());
            let mut done: BTreeSet<&str> = free.map(|(scope, _)| *scope).collect();
            if done.is_empty() {
                let cycle = cycle_in(&left);
                done.extend(&cycle);
                sorted.cycles.push(cycle);
            } else {
                sorted.scopes.extend(&done);
            }
            left.retain(|scope, _| !done.contains(scope));
            for implied_by in left.values_mut() {
                implied_by.retain(|scope| !done.contains(scope));
            }
        }
        sorted
    }
}

#[derive(Default)]
struct Sorted<'m> {
    /// The scopes that are in no cycle. Each comes after those that imply it.
    scopes: Vec<&'m str>,
    /// In each cycle a scope implies the next one, and the last implies the first.
    cycles: Vec<Vec<&'m str>>,
}

/// A cycle in a graph where each scope is implied by another one in it.
fn cycle_in<'m>(graph: &BTreeMap<&'m str, BTreeSet<&'m str>>) -> Vec<&'m str> {
    let mut path: Vec<&str> = Vec::new();
    let mut next = graph.keys().next();
    while let Some(scope) = next {
        if let Some(start) = path.iter().position(|passed| passed == scope) {
            let mut cycle = path.split_off(start);
            // The path leads from what is implied to what implies it.
            cycle.reverse();
            return cycle;
        }
        path.push(scope);
        next = graph.get(scope).and_then(BTreeSet::first);
    }
    path
}

/// Which scopes imply another one, directly or by others in between: computed once for a policy.
pub(crate) struct ScopeHierarchy(BTreeMap<Arc<str>, BTreeSet<Arc<str>>>);

impl ScopeHierarchy {
    /// Of a map without problems.
    pub(super) fn of(map: &ScopeMap) -> Self {
        let graph = Graph::of(map);
        let mut implied_by: BTreeMap<Arc<str>, BTreeSet<Arc<str>>> = BTreeMap::new();
        for scope in graph.sort().scopes {
            let mut all = BTreeSet::new();
            for direct in graph.0.get(scope).into_iter().flatten() {
                if let Some((direct, more)) = implied_by.get_key_value(*direct) {
                    all.insert(Arc::clone(direct));
                    all.extend(more.iter().cloned());
                }
            }
            implied_by.insert(scope.into(), all);
        }
        ScopeHierarchy(implied_by)
    }

    /// Whether one of these scopes implies the wanted one.
    pub(crate) fn is_implied<'s>(
        &self,
        wanted: &str,
        mut granted: impl Iterator<Item = &'s str>,
    ) -> bool {
        let implied_by = self.0.get(wanted);
        implied_by.is_some_and(|implied_by| granted.any(|scope| implied_by.contains(scope)))
    }
}
