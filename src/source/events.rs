//! What is told of sources: refreshes of keys, and hits of the cache of introspection. It imports
//! nothing of the sources and of errors, so each source may call it.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use crate::core::KeySet;

/// A refresh of an issuer's keys that came to an end and applies.
#[cfg_attr(not(all(feature = "tracing", feature = "metrics")), allow(dead_code))]
pub(crate) struct Refreshed<'r> {
    /// The issuer by the name that is configured: a template, for tenants.
    pub(crate) issuer: &'r str,
    /// How old the keys had become.
    pub(crate) age: Option<Duration>,
    pub(crate) outcome: Outcome,
}

#[cfg_attr(not(all(feature = "tracing", feature = "metrics")), allow(dead_code))]
pub(crate) enum Outcome {
    /// Other keys are used from now on.
    Changed {
        before: Option<Arc<KeySet>>,
        now: Arc<KeySet>,
    },
    /// The keys that are used are still the issuer's.
    Unchanged,
    Failed {
        error: Box<dyn Error>,
        /// A few fixed names.
        kind: &'static str,
        /// Whether anyone who makes up a tenant can cause it.
        is_of_unknown_tenant: bool,
    },
}

/// Tells of one refresh. No lock is held: what it is told to may ask for the health of the source.
pub(crate) fn refreshed(refresh: &Refreshed<'_>) {
    #[cfg(feature = "tracing")]
    traced::refreshed(refresh);
    #[cfg(feature = "metrics")]
    measures::refreshed(refresh);
    #[cfg(not(any(feature = "tracing", feature = "metrics")))]
    let _ = refresh;
}

/// Tells whether a response of introspection was cached.
pub(crate) fn introspection_cached(is_hit: bool) {
    #[cfg(feature = "metrics")]
    measures::introspection_cached(is_hit);
    #[cfg(not(feature = "metrics"))]
    let _ = is_hit;
}

#[cfg(feature = "metrics")]
mod measures {
    use super::{Outcome, Refreshed};

    pub(super) fn refreshed(refresh: &Refreshed<'_>) {
        const REFRESHES: &str = "resource_server_key_refreshes_total";
        match &refresh.outcome {
            Outcome::Changed { .. } => {
                metrics::counter!(REFRESHES, "outcome" => "changed", "reason" => "none")
            }
            Outcome::Unchanged => {
                metrics::counter!(REFRESHES, "outcome" => "unchanged", "reason" => "none")
            }
            Outcome::Failed { kind, .. } => {
                metrics::counter!(REFRESHES, "outcome" => "failed", "reason" => *kind)
            }
        }
        .increment(1);
        if let Some(age) = refresh.age {
            metrics::histogram!("resource_server_key_age_seconds").record(age);
        }
    }

    pub(super) fn introspection_cached(is_hit: bool) {
        const LOOKUPS: &str = "resource_server_introspection_cache_total";
        if is_hit {
            metrics::counter!(LOOKUPS, "result" => "hit").increment(1);
        } else {
            metrics::counter!(LOOKUPS, "result" => "miss").increment(1);
        }
    }
}

#[cfg(feature = "tracing")]
mod traced {
    use std::collections::HashSet;

    use super::{Outcome, Refreshed};
    use crate::chain::chain;
    use crate::core::{KeySet, Thumbprint, VerificationKey, excerpt, without_user_info};
    use tracing::Level;

    /// The most keys that one event names.
    const MAX_NAMED: usize = 10;

    pub(super) fn refreshed(refresh: &Refreshed<'_>) {
        macro_rules! event {
            ($level:expr, $($rest:tt)+) => {
                tracing::event!(
                    target: "resource_server",
                    $level,
                    issuer = excerpt(&without_user_info(refresh.issuer)).as_str(),
                    age_seconds = refresh.age.map(|age| age.as_secs()),
                    $($rest)+
                )
            };
        }
        match &refresh.outcome {
            Outcome::Changed { before, now } => event!(
                Level::INFO,
                keys = now.len(),
                skipped = now.skipped().len(),
                added = names(now, before.as_deref()).as_deref(),
                withdrawn = before
                    .as_deref()
                    .and_then(|before| names(before, Some(now.as_ref())))
                    .as_deref(),
                "keys changed"
            ),
            Outcome::Unchanged => event!(Level::DEBUG, "keys unchanged"),
            Outcome::Failed {
                error,
                kind,
                is_of_unknown_tenant: false,
            } => event!(
                Level::WARN,
                reason = *kind,
                error = chain(&**error).as_str(),
                "keys could not be refreshed"
            ),
            Outcome::Failed { error, kind, .. } => event!(
                Level::DEBUG,
                reason = *kind,
                error = chain(&**error).as_str(),
                "keys of an unknown tenant could not be fetched"
            ),
        }
    }

    /// The keys of one set that another doesn't have, by kid or thumbprint.
    fn names(keys: &KeySet, without: Option<&KeySet>) -> Option<String> {
        let known: HashSet<Thumbprint> = without
            .into_iter()
            .flat_map(all)
            .filter_map(VerificationKey::thumbprint)
            .collect();
        let is_new = |key: &&VerificationKey| {
            let thumbprint = key.thumbprint();
            thumbprint.is_none_or(|thumbprint| !known.contains(&thumbprint))
        };
        let mut names: Vec<_> = all(keys)
            .filter(is_new)
            .map(|key| match (key.key_id(), key.thumbprint()) {
                (Some(id), _) => excerpt(id),
                (None, Some(thumbprint)) => thumbprint.to_string(),
                (None, None) => "unnamed".to_owned(),
            })
            .collect();
        let more = names.len().saturating_sub(MAX_NAMED);
        names.truncate(MAX_NAMED);
        if more > 0 {
            names.push(format!("{more} more"));
        }
        (!names.is_empty()).then(|| names.join(", "))
    }

    fn all(keys: &KeySet) -> impl Iterator<Item = &VerificationKey> {
        keys.keys().chain(keys.svid_keys())
    }
}
