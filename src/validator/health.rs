//! Preparing the sources of a Validator, and their state.

use std::future::{Future, poll_fn};
use std::ops::Deref;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use super::token_cache::TokenCacheStatus;
use crate::binding::ReplayStoreStatus;
use crate::source::SourceStatus;

/// Waits for all futures at once. The results are in the order of the futures.
pub(super) async fn all<T, F: Future<Output = T> + Unpin>(
    futures: impl Iterator<Item = F>,
) -> Vec<T> {
    let mut waiting: Vec<(F, Option<T>)> = futures.map(|future| (future, None)).collect();
    poll_fn(|context| {
        let mut is_pending = false;
        for (future, result) in &mut waiting {
            if result.is_none() {
                match std::pin::Pin::new(future).poll(context) {
                    Poll::Ready(value) => *result = Some(value),
                    Poll::Pending => is_pending = true,
                }
            }
        }
        if is_pending {
            Poll::Pending
        } else {
            Poll::Ready(())
        }
    })
    .await;
    waiting
        .into_iter()
        .filter_map(|(_, result)| result)
        .collect()
}

/// The state of a Validator: of each issuer's source, of the replay store of DPoP proofs, and of
/// the cache of verified tokens.
///
/// It is also the list of the issuers' states. It serializes to an object with `is_ready`,
/// `issuers`, `replay_store` and `token_cache`, for a health endpoint. The endpoint shows which
/// issuers and keys you trust, and addresses in `last_error`: serve it to your operators only.
#[derive(Clone, Debug)]
pub struct Health {
    pub(super) issuers: Vec<IssuerHealth>,
    pub(super) replay_store: Option<ReplayStoreStatus>,
    pub(super) token_cache: Option<TokenCacheStatus>,
}

impl Health {
    /// The state of each issuer's source, in the order of configuration. An issuer with keys and
    /// introspection appears once for each.
    pub fn issuers(&self) -> &[IssuerHealth] {
        &self.issuers
    }

    /// The state of the replay store, if DPoP is offered.
    pub fn replay_store(&self) -> Option<&ReplayStoreStatus> {
        self.replay_store.as_ref()
    }

    /// What the cache of verified tokens holds, if there is one
    /// ([`ValidatorBuilder::token_cache`](crate::ValidatorBuilder::token_cache)).
    pub fn token_cache(&self) -> Option<TokenCacheStatus> {
        self.token_cache
    }

    /// Whether every issuer [is ready](IssuerHealth::is_ready), for a readiness probe.
    pub fn is_ready(&self) -> bool {
        self.issuers.iter().all(IssuerHealth::is_ready)
    }
}

impl Deref for Health {
    type Target = [IssuerHealth];

    fn deref(&self) -> &[IssuerHealth] {
        &self.issuers
    }
}

impl IntoIterator for Health {
    type Item = IssuerHealth;
    type IntoIter = std::vec::IntoIter<IssuerHealth>;

    fn into_iter(self) -> Self::IntoIter {
        self.issuers.into_iter()
    }
}

impl Serialize for Health {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut form = serializer.serialize_struct("Health", 4)?;
        form.serialize_field("is_ready", &self.is_ready())?;
        form.serialize_field("issuers", &self.issuers)?;
        form.serialize_field("replay_store", &self.replay_store.as_ref().map(Shown))?;
        form.serialize_field("token_cache", &self.token_cache)?;
        form.end()
    }
}

/// The status of a replay store in its serialized form.
struct Shown<'s>(&'s ReplayStoreStatus);

impl Serialize for Shown<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Shown(status) = self;
        let mut form = serializer.serialize_struct("ReplayStoreStatus", 4)?;
        form.serialize_field("entries", &status.entries)?;
        form.serialize_field("failures", &status.failures)?;
        form.serialize_field("last_error", &status.last_error)?;
        form.serialize_field("warning", &status.warning)?;
        form.end()
    }
}

/// The state of one issuer's source.
///
/// ```
/// # use resource_server::{Validator, testing::TestIssuer};
/// # let issuer = TestIssuer::new("https://as.example.com", "https://api.example.com");
/// # let validator = Validator::builder()
/// #     .audience("https://api.example.com")
/// #     .issuer(issuer.to_issuer())
/// #     .build()?;
/// let is_ready = validator.health().is_ready();
/// for issuer in validator.health() {
///     let status = issuer.status();
///     println!("{}: age {:?}, last error {:?}", issuer.issuer(), status.age, status.last_error);
/// }
/// # Ok::<(), resource_server::error::BuildError>(())
/// ```
///
/// It serializes to an object with `issuer`, `is_ready` and `status`.
#[derive(Clone, Debug)]
pub struct IssuerHealth {
    pub(super) issuer: Arc<str>,
    pub(super) status: SourceStatus,
}

impl IssuerHealth {
    /// The issuer's name, as configured.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Whether there are keys to judge its tokens by, for a readiness probe. False until the first
    /// keys were fetched ([`Validator::warm_up`](crate::Validator::warm_up)), and when they are too
    /// old.
    ///
    /// An issuer with introspection is always ready, because there are no keys to wait for. The
    /// same applies to an issuer whose tenants each have a key set. [`SourceStatus::last_error`]
    /// has the last failure.
    pub fn is_ready(&self) -> bool {
        self.status.usable_for != Some(Duration::ZERO)
    }

    /// The status that its source reports.
    pub fn status(&self) -> &SourceStatus {
        &self.status
    }
}

impl Serialize for IssuerHealth {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut form = serializer.serialize_struct("IssuerHealth", 3)?;
        form.serialize_field("issuer", self.issuer())?;
        form.serialize_field("is_ready", &self.is_ready())?;
        form.serialize_field("status", self.status())?;
        form.end()
    }
}
