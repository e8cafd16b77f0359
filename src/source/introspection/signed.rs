//! Signed answers (RFC 9701): the issuer's keys, and what an answer is held against.

use std::time::Duration;

use crate::core::{Clock, Evidence, IntrospectionResponse, Policy, SignedResponse};

use super::super::jwks::RemoteJwks;
use super::super::{KeySource, SourceError, SourceErrorKind, SourceStatus};

/// What signed answers are opened with.
pub(crate) struct SignedAnswers {
    pub(crate) keys: RemoteJwks,
    /// The keys of answers, not of tokens.
    pub(crate) policy: Policy,
}

impl SignedAnswers {
    /// RFC 9701 section 4.
    pub(super) const MEDIA_TYPE: &'static str = "application/token-introspection+jwt";

    /// The answer in this text, if it is the issuer's, for this client, and of now.
    pub(super) async fn open(
        &self,
        text: &str,
        clock: &dyn Clock,
    ) -> Result<IntrospectionResponse, SourceError> {
        let not_signed = |fault| {
            let told = SourceError::new("it is not a signed introspection response (RFC 9701)");
            told.caused_by(fault).of_kind(SourceErrorKind::Body)
        };
        let signed = SignedResponse::read(text).map_err(not_signed)?;
        signed
            .check(&self.policy, clock.now())
            .map_err(not_signed)?;
        match self.keys.evidence(signed.token()).await? {
            Evidence::Keys(keys) => signed.verify(&keys, &self.policy).map_err(not_signed),
            Evidence::Introspection(_) => Err(SourceError::new("its source of keys has none")),
        }
    }

    pub(super) fn longest_fetch(&self) -> Duration {
        self.keys.longest_fetch()
    }

    pub(super) async fn warm_up(&self) -> Result<(), SourceError> {
        self.keys.warm_up().await
    }

    pub(super) fn status(&self) -> SourceStatus {
        self.keys.status()
    }
}
