//! The policy and the keys that signed introspection responses are verified with (RFC 9701).

use super::SourceBuilder;
use super::introspection::unusable;
use crate::build_error::ConfigErrorKind;
use crate::core::{Algorithm, Policy, SignedResponse};
use crate::source::{Address, Endpoint, Fetcher, IntrospectionError, RemoteJwks, SignedAnswers};

impl SourceBuilder<'_> {
    /// For responses to this client. `keys` is the address of their keys, unless they are the
    /// issuer's.
    pub(super) fn build_signed_answers(
        &self,
        client_id: &str,
        keys: Option<&str>,
        policy: &Policy,
        fetcher: &Fetcher,
    ) -> Result<SignedAnswers, ConfigErrorKind> {
        let endpoint = match keys {
            Some(url) => Address::parse(url, fetcher.http())
                .map(Endpoint::At)
                .map_err(|problem| unusable("the address of answers' keys", url, problem))?,
            None => self
                .location
                .endpoint(&self.metadata(fetcher), fetcher.http())
                .map_err(ConfigErrorKind::Address)?,
        };
        if policy.algorithms().any(Algorithm::is_hmac) {
            return Err(ConfigErrorKind::HmacWithFetchedKeys);
        }
        let policy = SignedResponse::policy(policy, client_id)
            .map_err(|_| ConfigErrorKind::Introspection(IntrospectionError::ClientId))?;
        let keys = RemoteJwks::new(
            policy.clone(),
            endpoint,
            fetcher,
            self.clock(),
            self.settings.limits,
            self.settings.is_lazy,
        );
        Ok(SignedAnswers { keys, policy })
    }
}
