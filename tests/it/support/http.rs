//! One API, and the server that it fetches keys or introspection responses from.

use std::time::Duration;

use resource_server::testing::{ManualClock, TestServer, TestToken};
use resource_server::{
    AccessToken, Error, Fetch, Introspection, Issuer, Policy, PolicyBuilder, Reason, Validator,
};

use super::verdict::ISSUER;

pub(crate) use super::server::*;
pub(crate) use super::verdict::{API as AUDIENCE, chain, clock, outage, reason, verdict};

pub(crate) const LIFETIME: Duration = Duration::from_secs(600);
pub(crate) const TOLERANCE: Duration = Duration::from_secs(3_600);
pub(crate) const COOLDOWN: Duration = Duration::from_secs(10);

/// A server and a Validator that uses it, both by one clock, without a background task: only the
/// test causes requests.
pub(crate) struct World<S = TestServer> {
    pub(crate) server: S,
    pub(crate) clock: ManualClock,
    pub(crate) validator: Validator,
}

impl<S> World<S> {
    pub(crate) async fn validate(&self, token: &str) -> Result<AccessToken, Error> {
        self.validator.validate(token).await
    }

    /// Why the token is refused; `None` where it is accepted.
    pub(crate) async fn verdict(&self, token: &str) -> Option<Reason> {
        verdict(self.validate(token).await)
    }

    pub(crate) fn last_error(&self) -> Option<String> {
        self.validator.health()[0].status().last_error.clone()
    }
}

/// The test authorization server, discovered.
impl World<TestServer> {
    pub(crate) async fn new() -> Self {
        Self::with(|issuer| issuer).await
    }

    pub(crate) async fn with(adapt: impl FnOnce(Issuer) -> Issuer) -> Self {
        let server = TestServer::start(AUDIENCE).await.unwrap();
        let clock = clock();
        let issuer = Issuer::discover(server.url()).refresh_on_demand();
        let validator = validator(adapt(issuer), &clock);
        World {
            server,
            clock,
            validator,
        }
    }

    fn minting(&self) -> TestToken {
        let issuer = self.server.issuer().clone().clock(self.clock.clone());
        issuer.token()
    }

    /// A good token by the clock, signed with the current key.
    pub(crate) fn token(&self) -> String {
        self.minting().subject("alice").mint()
    }

    /// A token that lives long enough for tests that let hours pass.
    pub(crate) fn long_token(&self) -> String {
        let lifetime = Duration::from_secs(1_000_000);
        self.minting().expires_in(lifetime).mint()
    }

    /// A token that is good but for its `kid`, which is not published.
    pub(crate) fn stray_token(&self, kid: &str) -> String {
        self.minting().header("kid", kid).mint()
    }
}

/// A hand-made server that introspects tokens.
impl World<HandMade> {
    pub(crate) async fn answering(answer: impl Fn(usize) -> String + Send + 'static) -> Self {
        Self::introspecting(answer, |introspection| introspection, Policy::builder()).await
    }

    pub(crate) async fn introspecting(
        answer: impl Fn(usize) -> String + Send + 'static,
        adapt: impl FnOnce(Introspection) -> Introspection,
        policy: PolicyBuilder,
    ) -> Self {
        let server = HandMade::answering(move |request| answer(request.number)).await;
        let clock = clock();
        let introspection = adapt(asking(server.jwks_url()));
        let issuer = Issuer::new(ISSUER).introspection(introspection);
        World {
            validator: validator(issuer.policy(policy), &clock),
            server,
            clock,
        }
    }

    /// How many requests came.
    pub(crate) fn calls(&self) -> usize {
        self.server.calls()
    }
}

/// An API that trusts one issuer, and waits longer for it than by default: a slow machine is not an
/// outage.
pub(crate) fn validator(issuer: Issuer, clock: &ManualClock) -> Validator {
    let builder = Validator::builder().audience(AUDIENCE).issuer(issuer);
    let builder = builder.fetch(Fetch::new().timeout(Duration::from_secs(20)));
    builder.clock(clock.clone()).build().unwrap()
}

/// An introspection endpoint at this address, where the API authenticates with a secret.
pub(crate) fn asking(url: impl Into<String>) -> Introspection {
    Introspection::at(url).client_secret_basic("api", "hush-hush")
}

/// Waits for the effect of another task.
pub(crate) async fn until(is_done: impl Fn() -> bool) {
    let waited = async {
        while !is_done() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), waited)
        .await
        .expect("the other task has its effect within a minute");
}
