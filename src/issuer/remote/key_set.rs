//! The source of an issuer's own key set, which is fetched.

use super::SourceBuilder;
use crate::build_error::{ConfigErrorKind, Problems};
use crate::source::{DynKeySource, FetchError, Fetcher, Location, RemoteJwks, Whereabouts};

impl SourceBuilder<'_> {
    pub(super) fn build_key_set(
        &self,
        whereabouts: &Whereabouts,
        problems: &mut Problems,
    ) -> Option<Box<dyn DynKeySource>> {
        let fetcher = self.fetcher.as_ref()?;
        let location = locate(whereabouts, &self.name, fetcher, problems)?;
        let keys = RemoteJwks::new(
            self.policy?.clone(),
            location,
            fetcher,
            self.clock(),
            self.settings.limits,
            self.settings.is_lazy,
        );
        if let Some(Ok(starting)) = &self.settings.starting_keys {
            keys.start_with(starting);
        }
        // The age of a snapshot's keys is known, so they replace the starting keys.
        let snapshot = self.shared.snapshot.as_ref();
        if let Some(held) = snapshot.and_then(|snapshot| snapshot.find(&self.name)) {
            keys.restore(&held);
        }
        Some(Box::new(keys))
    }
}

/// The location of an issuer's keys, where the credentials that are configured may be sent.
pub(super) fn locate(
    whereabouts: &Whereabouts,
    name: &str,
    fetcher: &Fetcher,
    problems: &mut Problems,
) -> Option<Location> {
    let located = whereabouts.locate(name, fetcher.http());
    let location = problems.ok_or_push(located.map_err(ConfigErrorKind::Address))?;
    let home = location.home();
    if home.is_some_and(|home| !fetcher.may_show_credentials_at(home)) {
        problems.push(ConfigErrorKind::Fetch(FetchError::CredentialsOverHttp));
        return None;
    }
    Some(location)
}
