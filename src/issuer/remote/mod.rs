//! The settings of an issuer whose evidence is fetched or read from a file. All of them need the
//! feature `fetch`.

mod introspection;
mod key_file;
mod key_set;
mod shared;
mod signed_answers;
mod source_builder;
mod tenant_keys;

use std::time::Duration;

use super::{Issuer, WrongSetting};
use crate::core::{PolicyBuilder, Tenants};
use crate::source::{
    DynKeySource, Fetch, Introspection, KeyFile, KeySource, Limits, Location, TenantBounds,
};

pub(crate) use shared::{Shared, SharedSettings};
pub(super) use source_builder::SourceBuilder;

/// The fetch-only settings of an [`Issuer`].
#[derive(Default)]
pub(super) struct RemoteSettings {
    fetch: Option<Fetch>,
    introspections: Vec<Introspection>,
    limits: Limits,
    tenant_bounds: TenantBounds,
    is_lazy: bool,
    max_keys: Option<usize>,
    max_key_set_bytes: Option<usize>,
    /// Read within the bounds, once all settings are known.
    starting_jwks: Option<String>,
}

impl RemoteSettings {
    pub(super) fn introspections(&self) -> usize {
        self.introspections.len()
    }
}

/// A source, or how `build()` makes it.
pub(super) enum Recipe {
    Made(Box<dyn DynKeySource>),
    /// Keys are fetched.
    Fetched(Location),
    /// Keys are read from a file.
    File(KeyFile),
}

impl Recipe {
    pub(super) fn made(source: impl KeySource) -> Self {
        Recipe::Made(Box::new(source))
    }

    /// Whether it gives keys that are fetched or read from a file.
    pub(super) fn is_remote(&self) -> bool {
        !matches!(self, Recipe::Made(_))
    }

    /// The location of the keys, where they are fetched.
    fn fetched(&self) -> Option<&Location> {
        match self {
            Recipe::Fetched(location) => Some(location),
            Recipe::File(_) | Recipe::Made(_) => None,
        }
    }
}

impl Issuer {
    /// An issuer by its name, with keys from the location that its metadata names: RFC 8414, or
    /// OpenID Connect Discovery. The metadata must name this issuer. Four addresses are tried in
    /// this order: RFC 8414's, OpenID's, OpenID's document in the manner of RFC 8414, and RFC
    /// 8414's document in the manner of OpenID.
    ///
    /// Keys are fetched at first use, or by [`Validator::warm_up`](crate::Validator::warm_up), and
    /// refreshed in the background before their lifetime ends. A key that is missing causes another
    /// fetch, at most every 10 s. Keys are used for an hour past their lifetime while the issuer
    /// can't be reached.
    ///
    /// ```
    /// use resource_server::{Issuer, Validator};
    ///
    /// let validator = Validator::builder()
    ///     .audience("https://api.example.com")
    ///     .issuer(Issuer::discover("https://as.example.com"))
    ///     .build()?;
    /// # Ok::<(), resource_server::error::BuildError>(())
    /// ```
    pub fn discover(name: impl Into<String>) -> Self {
        Issuer::new(name).fetching(Location::Discovery)
    }

    /// As [`template`](Issuer::template), with keys from the location that each tenant's own
    /// metadata names. The metadata must name the tenant's issuer. Nothing is fetched for a tenant
    /// that is not accepted. [`Tenants::any`] is an error when the Validator is built, because the
    /// sender of a token must not choose what is fetched.
    ///
    /// A tenant's keys are fetched at its first token, and refreshed when tokens come, without a
    /// background task. At most [`max_tenants`](Issuer::max_tenants) key sets are kept. At most 64
    /// fetches run at once for all tenants together.
    ///
    /// ```
    /// use resource_server::{Issuer, Tenants};
    ///
    /// let issuer = Issuer::discover_tenants(
    ///     "https://as.example.com/realms/{realm}",
    ///     Tenants::matching(|realm| realm.starts_with("customer-")),
    /// );
    /// ```
    pub fn discover_tenants(template: impl Into<String>, tenants: Tenants) -> Self {
        Issuer::template(template, tenants).fetching(Location::Discovery)
    }

    /// Keys from the location that this metadata document names, for an issuer whose name is not
    /// its address (containers, clusters, AD FS). The document must still name this issuer.
    ///
    /// The issuer's name is what tokens have in `iss`. AD FS writes another name into tokens than
    /// into the `issuer` of its metadata, and publishes it there as `access_token_issuer`. So that
    /// member may be the name too, in a document that also has an `issuer`. It may not be the name
    /// of a template.
    ///
    /// ```
    /// use resource_server::Issuer;
    ///
    /// let issuer = Issuer::new("http://adfs.example.com/adfs/services/trust")
    ///     .discovery_at("https://adfs.example.com/adfs/.well-known/openid-configuration");
    /// ```
    pub fn discovery_at(self, url: impl Into<String>) -> Self {
        self.fetching(Location::MetadataAt(url.into()))
    }

    /// Keys from this address of a JWK Set, without discovery.
    pub fn jwks_at(self, url: impl Into<String>) -> Self {
        self.fetching(Location::DocumentAt(url.into()))
    }

    fn fetching(self, location: Location) -> Self {
        self.with_source(Recipe::Fetched(location))
    }

    /// Static keys in a file that may change, such as a JWK Set that is mounted into a container: a
    /// path, or a [`KeyFile`] with settings.
    pub fn key_file(self, file: impl Into<KeyFile>) -> Self {
        self.with_source(Recipe::File(file.into()))
    }

    /// Introspects this issuer's opaque tokens (RFC 7662). Where several issuers are introspected,
    /// separate their tokens by [`opaque_tokens_with_prefix`](Issuer::opaque_tokens_with_prefix).
    ///
    /// What happens to its JWTs depends on whether it has keys too:
    ///
    /// * **With keys** ([`discover`](Issuer::discover), [`jwks_at`](Issuer::jwks_at),
    ///   [`keys`](Issuer::keys)): the keys judge JWTs, and these are not introspected.
    ///   [`Validator::validate_online`](crate::Validator::validate_online) does both.
    /// * **Without**: JWTs are introspected too. They must meet the policy themselves and in the
    ///   response. Some servers refuse to introspect JWTs, with status 400. Then those can't be
    ///   judged (503), and the issuer needs keys.
    ///
    /// ```
    /// use resource_server::{Introspection, Issuer};
    ///
    /// # let secret = "secret";
    /// let both = Issuer::discover("https://as.example.com")
    ///     .introspection(Introspection::discover().client_secret_basic("orders-api", secret));
    /// ```
    pub fn introspection(mut self, introspection: Introspection) -> Self {
        self.remote.introspections.push(introspection);
        self.opaque_prefix.get_or_insert_default();
        self
    }

    /// How this issuer is reached, instead of the Validator's [`Fetch`].
    pub fn fetch(mut self, fetch: Fetch) -> Self {
        self.remote.fetch = Some(fetch);
        self
    }

    /// How many tenants' key sets are kept, where each tenant has its own. Default 1,000, from 1 to
    /// 100,000. A list of tenants may not be longer than this.
    ///
    /// A new key set replaces the least recently used one, but none that had a token in the last 10
    /// seconds. A new tenant that finds no room is answered with 503. Where a function accepts
    /// tenants, somebody may have made up those for which no keys were ever fetched. So these are
    /// at most a quarter of that number, and at most 256. One that found no room and comes again
    /// after a second may exceed that, by a quarter at most. Each has a minute to bring keys, and
    /// replaces only another such tenant.
    pub fn max_tenants(mut self, tenants: usize) -> Self {
        self.remote.tenant_bounds.max_tenants = tenants;
        self
    }

    /// How many bytes of memory the key sets of all tenants have together, where each tenant has
    /// its own. Default 256 MiB, from 1 MiB to 64 GiB. The size of a set is an estimate: the text
    /// of its keys, and what they need once they are prepared for each of their algorithms. Three
    /// RSA keys of 2048 bits are estimated at 10 KB, or at 42 KB where they have no `alg`.
    ///
    /// When a fetched set finds no room, the tenants that are idle for longest are dropped. A
    /// tenant that had a token in the last 10 seconds is not. Where that is not enough, the fetch
    /// fails: a new tenant is answered with 503, and a tenant with keys keeps those that are in the
    /// new set too. The error names this setting.
    pub fn max_key_bytes_of_all_tenants(mut self, bytes: u64) -> Self {
        self.remote.tenant_bounds.max_bytes = bytes;
        self
    }

    /// How long a tenant's key set is kept without a token. Default 1 hour, from 1 minute to 7
    /// days.
    pub fn drop_idle_tenants_after(mut self, idle: Duration) -> Self {
        self.remote.tenant_bounds.idle_after = idle;
        self
    }

    /// How long fetched keys are used past their lifetime while the issuer can't be reached.
    /// Default 1 hour, at most 24 hours. Zero stops accepting tokens when the lifetime ends.
    pub fn outage_tolerance(mut self, tolerance: Duration) -> Self {
        self.remote.limits.outage_tolerance = tolerance;
        self
    }

    /// How long fetched keys are fresh where the response has no `Cache-Control`. Default 10
    /// minutes, from 1 minute to 1 hour. A lifetime from a response is kept within these bounds
    /// too.
    pub fn default_key_lifetime(mut self, lifetime: Duration) -> Self {
        self.remote.limits.default_lifetime = lifetime;
        self
    }

    /// How many keys of a set are accepted that is fetched or read from a file. Default 1,000, from
    /// 1 to 10,000.
    ///
    /// If a set has more keys, the first ones are accepted.
    /// [`KeySet::skipped`](crate::keys::KeySet::skipped) of
    /// [`SourceStatus::keys`](crate::health::SourceStatus::keys) says how many were left out. For a
    /// template, the bound applies to each tenant's set.
    ///
    /// ```
    /// use resource_server::{Issuer, Validator};
    ///
    /// let validator = Validator::builder()
    ///     .audience("https://api.example.com")
    ///     .issuer(
    ///         Issuer::discover("https://as.example.com")
    ///             .max_keys(5_000)
    ///             .max_key_set_bytes(4 << 20),
    ///     )
    ///     .build()?;
    /// # Ok::<(), resource_server::error::BuildError>(())
    /// ```
    pub fn max_keys(mut self, keys: usize) -> Self {
        self.remote.max_keys = Some(keys);
        self
    }

    /// The largest key set that is fetched or read from a file, in bytes. Default 1 MiB, from 1 KiB
    /// to 16 MiB.
    ///
    /// A larger set is refused as a whole: that is a failed fetch, and the keys of the last one
    /// stay in use. [`SourceStatus::last_error`](crate::health::SourceStatus::last_error) reports
    /// it. The bound also applies to the sets of [`starting_from_jwks`](Issuer::starting_from_jwks)
    /// and [`ValidatorBuilder::restore`](crate::ValidatorBuilder::restore), and to each tenant's
    /// set.
    pub fn max_key_set_bytes(mut self, bytes: usize) -> Self {
        self.remote.max_key_set_bytes = Some(bytes);
        self
    }

    /// Refreshes keys only when a token comes, without a background task: for processes that are
    /// frozen between requests.
    pub fn refresh_on_demand(mut self) -> Self {
        self.remote.is_lazy = true;
        self
    }

    /// Starts with this JWK Set, such as one from a file, and continues by fetching. So tokens are
    /// judged at once, also while the issuer can't be reached when this API starts. For issuers
    /// whose keys are fetched.
    ///
    /// The age of the set is unknown. So its keys are due for a refresh at first use, and are used
    /// for the time that this first fetch may take (some 20 s). A fetch that succeeds replaces the
    /// whole set. While the issuer can't be reached, the set is used until
    /// [`outage_tolerance`](Issuer::outage_tolerance) after the Validator was built. A key that is
    /// not in the set always causes a fetch.
    ///
    /// [`Validator::warm_up`](crate::Validator::warm_up) waits for the fetch, and succeeds with
    /// this set where the fetch fails. Until a fetch has succeeded,
    /// [`SourceStatus::is_confirmed`](crate::health::SourceStatus::is_confirmed) is `Some(false)`.
    ///
    /// **Anyone who can write the set decides which keys are trusted.** Only its public keys are
    /// used. A set without a usable key is a [`ConfigError`](crate::error::ConfigError). Usable
    /// keys of this issuer in a snapshot
    /// ([`ValidatorBuilder::restore`](crate::ValidatorBuilder::restore)) take precedence.
    ///
    /// ```
    /// use resource_server::{Issuer, Validator};
    ///
    /// # let text = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
    /// let validator = Validator::builder()
    ///     .audience("https://api.example.com")
    ///     .issuer(Issuer::discover("https://as.example.com").starting_from_jwks(text))
    ///     .build()?;
    /// assert_eq!(validator.health()[0].status().is_confirmed, Some(false));
    /// # Ok::<(), resource_server::error::BuildError>(())
    /// ```
    pub fn starting_from_jwks(mut self, text: &str) -> Self {
        self.remote.starting_jwks = Some(text.to_owned());
        self
    }
}

/// How the functions of [`providers`](crate::providers) make an issuer.
impl Issuer {
    /// A source that any source of the user replaces.
    pub(crate) fn provided(mut self, settings: PolicyBuilder) -> Self {
        self.provider.settings = settings;
        self
    }

    /// Collects a value of the wrong form, for the error of building the Validator. `instead` is
    /// what may have been meant.
    pub(crate) fn known_by(
        mut self,
        setting: &'static str,
        is_sound: impl Fn(&str) -> bool,
        value: &str,
        instead: &str,
    ) -> Self {
        if !is_sound(value) {
            self.provider.problems.push(WrongSetting {
                setting,
                value: value.to_owned(),
                instead: is_sound(instead).then(|| instead.to_owned()),
            });
        }
        self
    }

    pub(crate) fn found_at(mut self, location: Location) -> Self {
        self.sources.push(Recipe::Fetched(location));
        self.provider.has_source = true;
        self
    }

    /// Whether it needs the Validator's client, because it fetches and has no [`Fetch`] of its own.
    fn needs_shared_fetcher(&self) -> bool {
        let fetches_keys = self.sources.iter().any(|recipe| recipe.fetched().is_some());
        let has_introspection = self.remote.introspections() > 0;
        self.remote.fetch.is_none() && (fetches_keys || has_introspection)
    }
}

#[cfg(test)]
impl Issuer {
    /// Its name and the location of its keys in one line.
    pub(crate) fn shown(&self) -> String {
        let location = match self.sources.as_slice() {
            [] => "nowhere".to_owned(),
            [Recipe::Fetched(Location::Discovery)] => "by discovery".to_owned(),
            [Recipe::Fetched(Location::MetadataAt(url))] => format!("as {url} says"),
            [Recipe::Fetched(Location::DocumentAt(url))] => format!("at {url}"),
            _ => "elsewhere".to_owned(),
        };
        format!("{}: keys {location}", self.name)
    }
}
