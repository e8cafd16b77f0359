//! What a Validator has only where its issuers can be reached: settings of the HTTP client, and
//! snapshots of keys.

use super::{Validator, ValidatorBuilder};
use crate::source::{Fetch, KeySnapshot};

impl ValidatorBuilder {
    /// How issuers without a [`Fetch`] of their own are reached.
    pub fn fetch(mut self, fetch: Fetch) -> Self {
        self.shared.fetch = Some(fetch);
        self
    }

    /// Starts with the keys that another process has fetched, and continues by fetching. The keys
    /// keep their age. While they are fresh (at most an hour), they are used without a fetch;
    /// afterwards they are handled like fetched keys.
    ///
    /// Keys are not used when they are older than their lifetime and the
    /// [`outage_tolerance`](crate::Issuer::outage_tolerance). They are not used either when this
    /// machine's clock says that they were fetched more than 30 s in the future. Keys of issuers
    /// that are not configured, or whose keys are not fetched, are ignored.
    ///
    /// **Anyone who can write the snapshot decides which keys are trusted**, until an hour and the
    /// tolerance after the last fetch that succeeded. Until the next fetch, [`Validator::health`]
    /// says which keys are not used, and why. A second call replaces the first.
    pub fn restore(mut self, snapshot: KeySnapshot) -> Self {
        self.shared.snapshot = Some(snapshot);
        self
    }
}

impl Validator {
    /// The public keys that were fetched, of every issuer that has some: to store them, and to
    /// start another process with them ([`ValidatorBuilder::restore`]). It has no static keys, no
    /// secrets, and no key sets that tenants have of their own
    /// ([`Issuer::discover_tenants`](crate::Issuer::discover_tenants)). Cheap, without I/O.
    ///
    /// ```
    /// # #[cfg(feature = "testing")]
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
    /// use resource_server::{Issuer, Validator, keys::KeySnapshot, testing::TestServer};
    ///
    /// let server = TestServer::start("https://api.example.com").await?;
    /// let validator = || Validator::builder()
    ///     .audience("https://api.example.com")
    ///     .issuer(Issuer::discover(server.url()));
    ///
    /// let first = validator().build()?;
    /// first.warm_up().await?;
    /// // To a file that only this API can write.
    /// let text = serde_json::to_string(&first.snapshot())?;
    ///
    /// let snapshot: KeySnapshot = serde_json::from_str(&text)?;
    /// let second = validator().restore(snapshot).build()?;
    /// let token = server.issuer().token().mint();
    /// assert!(second.validate_cached(&token).is_some()); // without a fetch
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn snapshot(&self) -> KeySnapshot {
        KeySnapshot::of(self.0.issuers.iter().filter_map(|trusted| {
            let held = trusted.source().status().held?;
            Some((&*trusted.name, held))
        }))
    }
}
