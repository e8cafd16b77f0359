//! The source of an issuer's own key set, which is fetched.

use super::SourceBuilder;
use crate::build_error::{ConfigErrorKind, Problems};
use crate::source::{
    AddressError, DynKeySource, Endpoint, FetchError, Fetcher, Location, RemoteJwks,
};

impl SourceBuilder<'_> {
    pub(super) fn build_key_set(
        &self,
        location: &Location,
        problems: &mut Problems,
    ) -> Option<Box<dyn DynKeySource>> {
        let fetcher = self.fetcher.as_ref()?;
        let endpoint = location.endpoint(&self.metadata(fetcher), fetcher.http());
        let endpoint = checked(endpoint, fetcher, problems)?;
        let keys = RemoteJwks::new(
            self.policy?.clone(),
            endpoint,
            fetcher,
            self.clock(),
            self.settings.limits,
            self.settings.is_lazy,
        );
        if let Some(starting) = &self.starting_keys {
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

/// Where an issuer's keys are fetched, if the credentials that are configured may be sent there.
pub(super) fn checked(
    endpoint: Result<Endpoint, AddressError>,
    fetcher: &Fetcher,
    problems: &mut Problems,
) -> Option<Endpoint> {
    let endpoint = problems.ok_or_push(endpoint.map_err(ConfigErrorKind::Address))?;
    let home = endpoint.home();
    if home.is_some_and(|home| !fetcher.may_show_credentials_at(home)) {
        problems.push(ConfigErrorKind::Fetch(FetchError::CredentialsOverHttp));
        return None;
    }
    Some(endpoint)
}
