//! What all issuers of a Validator share: its clock, its HTTP client and its snapshot of keys.

use std::sync::Arc;

use super::super::Issuer;
use crate::build_error::{ConfigErrorKind, Problems};
use crate::core::Clock;
use crate::source::{Fetch, Fetcher, KeySnapshot};

/// The fetch-only settings of a [`ValidatorBuilder`](crate::ValidatorBuilder).
#[derive(Debug, Default)]
pub(crate) struct SharedSettings {
    pub(crate) fetch: Option<Fetch>,
    pub(crate) snapshot: Option<KeySnapshot>,
}

/// The same settings, checked.
pub(crate) struct Shared {
    pub(super) clock: Arc<dyn Clock>,
    pub(super) fetcher: Option<Fetcher>,
    pub(super) snapshot: Option<KeySnapshot>,
}

impl SharedSettings {
    /// Makes an HTTP client where settings for it were given, or one of the issuers needs it.
    pub(crate) fn build(
        self,
        issuers: &[Issuer],
        clock: &Arc<dyn Clock>,
        problems: &mut Problems,
    ) -> Shared {
        let is_needed = self.fetch.is_some() || issuers.iter().any(Issuer::needs_shared_fetcher);
        let fetcher = is_needed.then(|| {
            let fetch = self.fetch.unwrap_or_default();
            problems.ok_or_push(fetch.build_for_all().map_err(ConfigErrorKind::Fetch))
        });
        Shared {
            clock: Arc::clone(clock),
            fetcher: fetcher.flatten(),
            snapshot: self.snapshot,
        }
    }
}
