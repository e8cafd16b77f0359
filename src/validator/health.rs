//! How the sources of a Validator get ready, and how they are doing.

use std::fmt;
use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use crate::error::Unavailable;
use crate::source::SourceStatus;

/// Waits for all of them at once; each gives its result at its own place.
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

/// Sources that did not get ready.
#[derive(Clone, Debug)]
pub struct WarmUpError {
    pub(super) failures: Vec<Unavailable>,
}

impl WarmUpError {
    /// Each issuer whose source did not get ready, and why.
    pub fn failures(&self) -> &[Unavailable] {
        &self.failures
    }
}

impl fmt::Display for WarmUpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let failures: Vec<_> = self
            .failures
            .iter()
            .map(|failure| {
                format!(
                    "issuer \"{}\": {}",
                    failure.issuer(),
                    failure.cause().chain()
                )
            })
            .collect();
        f.write_str(&failures.join("; "))
    }
}

impl std::error::Error for WarmUpError {}

/// How one issuer's source is doing.
///
/// ```
/// # use resource_server::{Validator, testing::TestIssuer};
/// # let issuer = TestIssuer::new("https://as.example.com", "https://api.example.com");
/// # let validator = Validator::builder().audience("https://api.example.com").issuer(issuer.to_issuer()).build()?;
/// let is_ready = validator.health().iter().all(|issuer| issuer.is_ready());
/// for issuer in validator.health() {
///     let status = issuer.status();
///     println!("{}: age {:?}, last error {:?}", issuer.issuer(), status.age, status.last_error);
/// }
/// # Ok::<(), resource_server::BuildError>(())
/// ```
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

    /// Whether there are keys to judge its tokens by. For a readiness probe: false until the first were fetched
    /// ([`Validator::warm_up`](crate::Validator::warm_up)), and when they are too old.
    ///
    /// An issuer that is asked about its tokens, and one of many tenants with keys of their own, have no keys to wait for and
    /// count as ready, whatever the last answer was: [`SourceStatus::last_error`] tells of that.
    pub fn is_ready(&self) -> bool {
        self.status.usable_for != Some(Duration::ZERO)
    }

    /// What its source says.
    pub fn status(&self) -> &SourceStatus {
        &self.status
    }
}
