//! An authorization server's part in a test: keys, a JWK Set, tokens.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::json;

use super::key::TestKey;
use crate::clock::{Clock, SystemClock};
use crate::core::KeyFamily;
use crate::keys::KeySet;
use crate::source::{KeySource, SourceError, SourceStatus};
use crate::{AccessToken, Algorithm, Evidence, Issuer, NumericDate, PresentedToken};

/// Plays the authorization server: mints tokens, publishes keys, rotates them. Clones are the same
/// issuer.
///
/// It signs by ES256 unless a token says otherwise; a key of another kind is made when it is first
/// asked for.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use resource_server::{Algorithm, Error, Reason, Validator, testing::TestIssuer};
///
/// let issuer = TestIssuer::new("https://as.example.com", "https://api.example.com");
/// let validator = Validator::builder()
///     .audience("https://api.example.com")
///     .issuer(issuer.to_issuer())
///     .build()?;
///
/// let good = issuer.token().subject("alice").scope("orders:read");
/// let good = good.algorithm(Algorithm::RS256).mint();
/// assert!(validator.validate_cached(&good).unwrap().is_ok());
///
/// issuer.rotate_keys();
/// assert!(validator.validate_cached(&good).unwrap().is_ok()); // the old key is still published
/// issuer.withdraw_old_keys();
/// let Some(Err(Error::Rejected(rejection))) = validator.validate_cached(&good) else {
///     unreachable!()
/// };
/// assert_eq!(rejection.reason(), Reason::UnknownKey);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct TestIssuer {
    name: Arc<str>,
    audience: Arc<str>,
    clock: Arc<dyn Clock>,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    generation: u32,
    /// The `use` of the published keys.
    key_use: Option<&'static str>,
    /// Signing keys of this generation; old ones follow them until they are withdrawn.
    current: Vec<Arc<TestKey>>,
    old: Vec<Arc<TestKey>>,
    /// What `jwks()` would give, prepared.
    published: Option<Arc<KeySet>>,
}

impl TestIssuer {
    /// An issuer of this name (`iss`), whose tokens are for this audience (`aud`) unless they say
    /// otherwise. The name of a SPIFFE trust domain (`spiffe://..`) gives its published keys the
    /// use `jwt-svid`.
    pub fn new(name: &str, audience: &str) -> Self {
        let state = State {
            key_use: name.starts_with("spiffe://").then_some("jwt-svid"),
            ..State::default()
        };
        let issuer = TestIssuer {
            name: name.into(),
            audience: audience.into(),
            clock: Arc::new(SystemClock::new()),
            state: Arc::new(Mutex::new(state)),
        };
        issuer.key_for(Algorithm::ES256);
        issuer
    }

    /// A server that publishes a new issuer, named by its address, whose tokens are for this
    /// audience.
    ///
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
    /// use resource_server::testing::TestIssuer;
    ///
    /// let server = TestIssuer::serve("https://api.example.com").await?;
    /// assert_eq!(server.issuer().name(), server.url());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The system has no free port on 127.0.0.1.
    #[cfg(feature = "fetch")]
    pub async fn serve(audience: &str) -> std::io::Result<super::TestServer> {
        super::TestServer::start(audience).await
    }

    /// Mints by this clock instead of the machine's.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Makes keys for these algorithms now, so that they are in the JWK Set before the first token.
    /// Tokens are signed with ES256 all the same, unless
    /// [`TestToken::algorithm`](super::TestToken::algorithm) says otherwise.
    /// None of HMAC, whose secrets are not published.
    ///
    /// # Panics
    /// It panics if one of them is HMAC.
    #[must_use]
    pub fn algorithms(self, algorithms: impl IntoIterator<Item = Algorithm>) -> Self {
        for algorithm in algorithms {
            self.key_for(algorithm);
        }
        self
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The audience of its tokens.
    pub fn audience(&self) -> &str {
        &self.audience
    }

    /// This issuer for a Validator, with its keys as they are at each moment. To put its keys under
    /// settings of your own, hand a clone to [`Issuer::source`]:
    ///
    /// ```
    /// use resource_server::testing::TestIssuer;
    /// use resource_server::{Issuer, Policy, Validator};
    ///
    /// let issuer = TestIssuer::new("https://as.example.com", "https://api.example.com");
    /// let settings = Policy::builder().allowed_clients(["web"]);
    /// let validator = Validator::builder()
    ///     .audience("https://api.example.com")
    ///     .issuer(Issuer::new(issuer.name()).policy(settings).source(issuer.clone()))
    ///     .build()?;
    /// let token = issuer.token().client_id("web").mint();
    /// assert!(validator.validate_cached(&token).expect("keys at hand").is_ok());
    /// # Ok::<(), resource_server::error::BuildError>(())
    /// ```
    pub fn to_issuer(&self) -> Issuer {
        Issuer::new(&*self.name).source(self.clone())
    }

    /// The JWK Set that it publishes now: keys that it makes later, for another algorithm or by
    /// [`rotate_keys`](TestIssuer::rotate_keys), are not in it.
    pub fn jwks(&self) -> String {
        self.state().jwks()
    }

    /// Signs with new keys from now on. The old ones stay published.
    ///
    /// A Validator that fetches keys asks for an unknown one at most every 10 s, by its clock. In a
    /// test advance its [`ManualClock`](super::ManualClock) by 10 s after this, or tokens of the
    /// new key may be refused as [`UnknownKey`](crate::Reason::UnknownKey).
    pub fn rotate_keys(&self) {
        let mut state = self.state();
        state.generation += 1;
        state.published = None;
        let old = std::mem::take(&mut state.current);
        for key in &old {
            state.generate(key.family);
        }
        state.old.splice(..0, old);
    }

    /// Publishes the keys that it signs with and no older ones.
    pub fn withdraw_old_keys(&self) {
        let mut state = self.state();
        state.old.clear();
        state.published = None;
    }

    pub(super) fn now(&self) -> NumericDate {
        self.clock.now()
    }

    /// The key that signs by this algorithm.
    pub(super) fn key_for(&self, algorithm: Algorithm) -> Arc<TestKey> {
        let mut state = self.state();
        let family = algorithm.family();
        let found = state.current.iter().find(|key| key.family == family);
        match found {
            Some(key) => Arc::clone(key),
            None => state.generate(family),
        }
    }

    fn key_set(&self) -> Arc<KeySet> {
        self.state().key_set()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn generate(&mut self, family: KeyFamily) -> Arc<TestKey> {
        let id = format!("{family:?}-{}", self.generation).to_ascii_lowercase();
        let key = Arc::new(TestKey::generate(family, id));
        self.current.push(Arc::clone(&key));
        self.published = None;
        key
    }

    fn jwks(&self) -> String {
        let published = self.current.iter().chain(&self.old);
        let keys: Vec<_> = published
            .map(|key| {
                let mut jwk = key.jwk.clone();
                if let (Some(key_use), Some(members)) = (self.key_use, jwk.as_object_mut()) {
                    members.insert("use".to_owned(), key_use.into());
                }
                jwk
            })
            .collect();
        json!({ "keys": keys }).to_string()
    }

    fn key_set(&mut self) -> Arc<KeySet> {
        let set = self.published.take().unwrap_or_else(|| {
            Arc::new(KeySet::from_jwks(&self.jwks()).expect("what it publishes is a JWK Set"))
        });
        Arc::clone(self.published.insert(set))
    }
}

impl KeySource for TestIssuer {
    async fn evidence(&self, _: &PresentedToken<'_>) -> Result<Evidence, SourceError> {
        Ok(Evidence::Keys(self.key_set()))
    }

    fn cached(&self, _: &PresentedToken<'_>) -> Option<Evidence> {
        Some(Evidence::Keys(self.key_set()))
    }

    fn current_keys(&self, _: &str, _: NumericDate) -> Option<Arc<KeySet>> {
        Some(self.key_set())
    }

    async fn still_trusts(&self, token: &AccessToken) -> Result<bool, SourceError> {
        Ok(self.key_set().has_key_of(token))
    }

    fn status(&self) -> SourceStatus {
        SourceStatus {
            keys: Some(self.key_set()),
            ..SourceStatus::default()
        }
    }
}

impl fmt::Debug for TestIssuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestIssuer")
            .field("name", &self.name)
            .field("audience", &self.audience)
            .finish_non_exhaustive()
    }
}
