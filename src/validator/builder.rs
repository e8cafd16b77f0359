//! The settings of a Validator, and the check of them.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

use super::opaque_routes::OpaqueRoutes;
use super::{Inner, Trusted, Validator};
use crate::build_error::{BuildError, BuildProblem};
use crate::clock::SystemClock;
use crate::core::{Clock, DEFAULT_MAX_TOKEN_BYTES, IssuerTemplate, PolicyProblem};
use crate::issuer::{Issuer, Surroundings};
#[cfg(feature = "fetch")]
use crate::source::{Fetch, KeySnapshot};

/// The largest token that can be allowed: 1 MiB.
const LARGEST_MAX_TOKEN_BYTES: usize = 1024 * 1024;

/// Settings of a [`Validator`].
#[derive(Debug)]
#[must_use]
pub struct ValidatorBuilder {
    issuers: Vec<Issuer>,
    audiences: Vec<String>,
    clock: Option<ClockSetting>,
    #[cfg(feature = "fetch")]
    fetch: Option<Fetch>,
    #[cfg(feature = "fetch")]
    snapshot: Option<KeySnapshot>,
    max_token_bytes: usize,
}

struct ClockSetting(Arc<dyn Clock>);

impl fmt::Debug for ClockSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock(..)")
    }
}

impl ValidatorBuilder {
    pub(super) fn new() -> Self {
        ValidatorBuilder {
            issuers: Vec::new(),
            audiences: Vec::new(),
            clock: None,
            #[cfg(feature = "fetch")]
            fetch: None,
            #[cfg(feature = "fetch")]
            snapshot: None,
            max_token_bytes: DEFAULT_MAX_TOKEN_BYTES,
        }
    }

    /// One more issuer whose tokens are accepted.
    pub fn issuer(mut self, issuer: Issuer) -> Self {
        self.issuers.push(issuer);
        self
    }

    /// This API, as it stands in `aud`, byte for byte. Called again, one more name of it. Counts for every issuer that has
    /// no audience of its own.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audiences.push(audience.into());
        self
    }

    /// Another clock than the machine's, for tests. It also counts the age of keys, pauses between fetches and outages. Give
    /// the same one to the `TestIssuer`.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Some(ClockSetting(Arc::new(clock)));
        self
    }

    /// How issuers are reached that have no [`Fetch`] of their own.
    #[cfg(feature = "fetch")]
    pub fn fetch(mut self, fetch: Fetch) -> Self {
        self.fetch = Some(fetch);
        self
    }

    /// Starts from the keys that another process has fetched, and goes on by fetching. They are as old as they are: used
    /// without a fetch while fresh (at most an hour), then as any keys that were fetched, and not at all when older than their
    /// lifetime and the [`outage_tolerance`](Issuer::outage_tolerance), or when this machine's clock says that they were
    /// fetched more than 30 s from now. Those of issuers that are not configured, or whose keys are not fetched, are ignored.
    ///
    /// **Whoever can write the snapshot decides which keys are trusted**, and for how long: up to an hour and the tolerance after
    /// the last fetch that succeeded. Keys that are not used, and why, show in [`Validator::health`] until the next fetch. A
    /// second call replaces the first.
    #[cfg(feature = "fetch")]
    pub fn restore(mut self, snapshot: KeySnapshot) -> Self {
        self.snapshot = Some(snapshot);
        self
    }

    /// The largest token that is taken, in bytes. Default 16 KiB, at most 1 MiB.
    pub fn max_token_bytes(mut self, bytes: usize) -> Self {
        self.max_token_bytes = bytes;
        self
    }

    /// Checks the settings. Does no I/O and needs no runtime.
    ///
    /// # Errors
    /// All problems at once: see [`BuildProblem`].
    ///
    /// ```
    /// use resource_server::{Issuer, Validator};
    ///
    /// let error = Validator::builder().issuer(Issuer::new("https://as.example.com")).build().unwrap_err();
    /// assert_eq!(error.problems().len(), 2); // neither audience nor keys
    /// ```
    pub fn build(self) -> Result<Validator, BuildError> {
        let mut problems = Vec::new();
        if self.issuers.is_empty() {
            problems.push(BuildProblem::NoIssuer);
        }
        let lacks_audience = self.issuers.is_empty() && self.audiences.is_empty();
        let mut known = HashSet::new();
        for issuer in &self.issuers {
            if !known.insert(issuer.name()) {
                problems.push(BuildProblem::IssuerTwice {
                    issuer: issuer.name().to_owned(),
                });
            }
        }
        if !(1..=LARGEST_MAX_TOKEN_BYTES).contains(&self.max_token_bytes) {
            problems.push(BuildProblem::TokenSize {
                bytes: self.max_token_bytes,
            });
        }
        let clock = match self.clock {
            Some(ClockSetting(clock)) => clock,
            None => Arc::new(SystemClock::new()),
        };
        #[cfg(feature = "fetch")]
        let fetcher =
            if self.fetch.is_some() || self.issuers.iter().any(Issuer::needs_common_fetcher) {
                self.fetch
                    .unwrap_or_default()
                    .build_for_all()
                    .map_err(|problem| {
                        problems.push(BuildProblem::Fetch {
                            issuer: None,
                            problem,
                        });
                    })
                    .ok()
            } else {
                None
            };
        let surroundings = Surroundings {
            audiences: &self.audiences,
            clock: &clock,
            #[cfg(feature = "fetch")]
            fetcher: fetcher.as_ref(),
            #[cfg(feature = "fetch")]
            snapshot: self.snapshot.as_ref(),
        };
        let mut issuers = HashMap::default();
        let mut names = Vec::new();
        let mut templates: Vec<IssuerTemplate> = Vec::new();
        let mut opaque = OpaqueRoutes::default();
        for issuer in self.issuers {
            if let Some(prefix) = issuer.opaque_prefix()
                && let Err(other) = opaque.insert(prefix, issuer.name())
            {
                problems.push(BuildProblem::OpaqueTwice {
                    issuer: issuer.name().to_owned(),
                    other: other.into(),
                    prefix: prefix.to_owned(),
                });
            }
            match issuer.finish(&surroundings) {
                Err(found) => problems.extend(found),
                Ok(finished) => {
                    let name: Box<str> = finished.policy.issuer().into();
                    templates.extend(finished.policy.template().cloned());
                    let trusted = Trusted {
                        name: finished.policy.issuer().into(),
                        policy: finished.policy,
                        source: finished.source,
                        introspection: finished.introspection,
                    };
                    issuers.insert(name.clone(), trusted);
                    names.push(name);
                }
            }
        }
        problems.extend(overlaps(&templates));
        // Where an issuer uses the audiences set here, its policy has told the same.
        let is_told = problems.iter().any(|told| {
            matches!(told, BuildProblem::Policy { problem, .. } if *problem == PolicyProblem::NoAudience)
        });
        if lacks_audience || (self.audiences.iter().any(String::is_empty) && !is_told) {
            problems.push(BuildProblem::NoAudience);
        }
        if !problems.is_empty() {
            return Err(BuildError::new(problems));
        }
        Ok(Validator(Arc::new(Inner {
            takes_svids: issuers.values().any(Trusted::takes_svids),
            issuers,
            templates: templates.into(),
            names: names.into(),
            opaque,
            clock,
            max_token_bytes: self.max_token_bytes,
        })))
    }
}

/// Templates that one issuer's name could fit.
fn overlaps(templates: &[IssuerTemplate]) -> impl Iterator<Item = BuildProblem> {
    let pairs = templates.iter().enumerate().flat_map(|(position, one)| {
        let others = templates.iter().take(position);
        others.map(move |other| (one, other))
    });
    pairs
        .filter(|(one, other)| one.overlaps(other))
        .map(|(one, other)| BuildProblem::TemplatesOverlap {
            issuer: one.as_str().to_owned(),
            other: other.as_str().to_owned(),
        })
}
