//! Requirements by name and pattern.

use std::collections::HashMap;
use std::iter;
use std::sync::Arc;

use super::message::{Kind, Target};
use super::uri;
use crate::core::{Requirement, excerpt};

/// What one name, or the rest, needs.
#[derive(Clone, Debug)]
pub(super) enum Rule {
    Refused,
    AnyToken,
    Requirement(Arc<Requirement>),
}

impl Rule {
    pub(super) fn and(self, requirement: Requirement) -> Self {
        Rule::Requirement(Arc::new(match self {
            Rule::Requirement(earlier) => Arc::unwrap_or_clone(earlier).and(requirement),
            Rule::Refused | Rule::AnyToken => requirement,
        }))
    }

    pub(super) fn needed(&self) -> Needed {
        match self {
            Rule::Refused => Needed::Refused,
            Rule::AnyToken => Needed::Nothing,
            Rule::Requirement(requirement) => Needed::All(Arc::clone(requirement)),
        }
    }
}

/// What one message needs besides a good token.
#[derive(Debug)]
pub(super) enum Needed {
    Nothing,
    All(Arc<Requirement>),
    /// No token is enough.
    Refused,
}

impl Needed {
    pub(super) fn all(parts: &[&Arc<Requirement>]) -> Self {
        match parts {
            [] => Needed::Nothing,
            [one] => Needed::All(Arc::clone(one)),
            several => {
                let several = several.iter().map(|part| Requirement::clone(part));
                Needed::All(Arc::new(Requirement::all(several)))
            }
        }
    }
}

/// The rules of the tools, of the resources, or of the prompts.
#[derive(Clone, Debug, Default)]
pub(super) struct Rules {
    exact: HashMap<String, Rule>,
    /// The beginnings of names, the longest first.
    beginnings: Vec<(String, Rule)>,
}

impl Rules {
    /// Adds what a name or pattern needs, or gives the mistake.
    pub(super) fn add(
        &mut self,
        kind: Kind,
        pattern: &str,
        requirement: Requirement,
    ) -> Result<(), String> {
        let of = |problem: &str| format!("the {kind} \"{}\": {problem}", excerpt(pattern));
        if let Err(problem) = requirement.check() {
            return Err(of(&problem.to_string()));
        }
        let (name, is_beginning) = match pattern.strip_suffix('*') {
            Some(beginning) => (beginning, true),
            None => (pattern, false),
        };
        if pattern.is_empty() || name.contains('*') {
            return Err(of("write a name, with * at its end alone"));
        }
        let name = match kind {
            Kind::Resource => uri::comparable(name).ok_or_else(|| {
                of("no request can have a URI with a dot segment, backslash, control characters or a host outside ASCII")
            })?,
            Kind::Tool | Kind::Prompt => name.to_owned(),
        };
        if !is_beginning {
            let rule = self.exact.remove(&name).unwrap_or(Rule::Refused);
            self.exact.insert(name, rule.and(requirement));
            return Ok(());
        }
        let known = self.beginnings.iter().position(|(known, _)| *known == name);
        let rule = known.map_or(Rule::Refused, |at| self.beginnings.remove(at).1);
        let shorter = |(other, _): &(String, Rule)| other.len() < name.len();
        let at = self.beginnings.iter().position(shorter);
        let at = at.unwrap_or(self.beginnings.len());
        self.beginnings.insert(at, (name, rule.and(requirement)));
        Ok(())
    }

    /// What the target needs: first by its own name, or the rest's rule, and then by each other
    /// reading of it, unless the rule found first is a narrower one of the same names.
    pub(super) fn find<'r>(
        &'r self,
        target: &Target,
        otherwise: &'r Rule,
    ) -> impl Iterator<Item = &'r Rule> {
        let (covered, own) = self.longest(target.name()).unwrap_or(("", otherwise));
        let others = target.readings().filter_map(move |reading| {
            let (other, rule) = self.longest(&reading)?;
            (!covered.starts_with(other)).then_some(rule)
        });
        iter::once(own).chain(others)
    }

    /// Every rule, in no order.
    pub(super) fn all(&self) -> impl Iterator<Item = &Rule> {
        let beginnings = self.beginnings.iter().map(|(_, rule)| rule);
        self.exact.values().chain(beginnings)
    }

    /// The rule of a name, and the part of the name that it was written for.
    fn longest(&self, name: &str) -> Option<(&str, &Rule)> {
        let found = self.exact.get_key_value(name).or_else(|| {
            let mut beginnings = self.beginnings.iter();
            let found = beginnings.find(|(beginning, _)| name.starts_with(beginning));
            found.map(|(beginning, rule)| (beginning, rule))
        });
        found.map(|(name, rule)| (name.as_str(), rule))
    }
}
