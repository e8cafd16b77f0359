//! Everything that is told of decisions.

use std::fmt;
use std::sync::Arc;
#[cfg(feature = "metrics")]
use std::time::Duration;

use super::decision::{About, Decision};
use crate::core::{AccessToken, Clock};
use crate::error::Error;
#[cfg(feature = "tracing")]
use crate::error::SourceErrorKind;

type Hook = dyn Fn(Decision<'_>) + Send + Sync;

/// Whether something is told of decisions even without a function of the user's.
const IS_ALWAYS_TOLD: bool = cfg!(any(feature = "tracing", feature = "metrics"));

/// The functions of one Validator. The tokens that it accepts carry them, for the operations that
/// are refused later.
#[derive(Clone, Default)]
pub(crate) struct Observer {
    hooks: Vec<Arc<Hook>>,
}

impl Observer {
    pub(crate) fn add(&mut self, hook: impl Fn(Decision<'_>) + Send + Sync + 'static) {
        self.hooks.push(Arc::new(hook));
    }

    /// The observer as tokens carry it. `None`: nothing is told of decisions.
    pub(crate) fn shared(self) -> Option<Arc<Observer>> {
        (IS_ALWAYS_TOLD || !self.hooks.is_empty()).then(|| Arc::new(self))
    }

    /// Whether something is told of an accepted token. This is looked at before the decision is
    /// made up, since most tokens are accepted and that event is usually off.
    fn hears_of_acceptance(&self) -> bool {
        #[cfg(feature = "tracing")]
        let has_event = tracing::level_filters::LevelFilter::current() >= tracing::Level::DEBUG;
        #[cfg(not(feature = "tracing"))]
        let has_event = false;
        has_event || cfg!(feature = "metrics") || !self.hooks.is_empty()
    }

    /// The functions of the user's come last, since they may panic.
    fn tell(&self, decision: Decision<'_>) {
        #[cfg(feature = "tracing")]
        emit(&decision);
        #[cfg(feature = "metrics")]
        count(&decision);
        for hook in &self.hooks {
            hook(decision);
        }
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Observer({} hooks)", self.hooks.len())
    }
}

/// One request that is being judged. Dropped without an end, it is no decision.
pub(crate) struct Judging<'v> {
    observer: Option<&'v Arc<Observer>>,
    #[cfg(feature = "metrics")]
    clock: &'v dyn Clock,
    #[cfg(feature = "metrics")]
    began: Duration,
}

impl<'v> Judging<'v> {
    pub(crate) fn begin(observer: Option<&'v Arc<Observer>>, clock: &'v dyn Clock) -> Self {
        #[cfg(not(feature = "metrics"))]
        let _ = clock;
        Judging {
            observer,
            #[cfg(feature = "metrics")]
            began: clock.monotonic(),
            #[cfg(feature = "metrics")]
            clock,
        }
    }

    /// Tells that the token is accepted, and keeps with it what is told of its later decisions.
    pub(crate) fn accepted(self, token: &mut AccessToken, about: About<'_>) {
        if let Some(observer) = self.observer {
            if observer.hears_of_acceptance() {
                // The token doesn't carry the observer yet. So a function that requires something
                // of it causes no further decision.
                let decision = Decision::accepted(token, about);
                #[cfg(feature = "metrics")]
                self.time(&decision);
                observer.tell(decision);
            }
            token.observe_by(Some(Arc::clone(observer) as Arc<_>));
        }
    }

    /// Tells that the request is refused. `token`: the verified token, if a check of the API's own
    /// refused it.
    pub(crate) fn refused(self, error: &Error, token: Option<&AccessToken>, about: About<'_>) {
        if let Some(observer) = self.observer {
            let decision = Decision::refused(error, token, about);
            #[cfg(feature = "metrics")]
            self.time(&decision);
            observer.tell(decision);
        }
    }

    #[cfg(feature = "metrics")]
    fn time(&self, decision: &Decision<'_>) {
        macro_rules! time {
            ($outcome:literal) => {
                metrics::histogram!(
                    "resource_server_decision_duration_seconds",
                    "outcome" => $outcome
                )
                .record(self.clock.monotonic().saturating_sub(self.began))
            };
        }
        match decision.outcome() {
            Ok(_) => time!("accepted"),
            Err(Error::Rejected(_)) => time!("rejected"),
            Err(Error::Unavailable(_)) => time!("unavailable"),
            Err(Error::Misconfigured(_)) => time!("misconfigured"),
        }
    }
}

/// Tells that a handler asked for the token of a request that no layer judged. No Validator is
/// known then, so no function of the user's hears of it.
#[cfg(any(feature = "tower", feature = "actix-web"))]
pub(crate) fn no_layer(error: &Error) {
    let nobody = Observer::default();
    nobody.tell(Decision::refused(error, None, About::default()));
}

/// Tells that an accepted token was refused for an operation.
pub(crate) fn operation_refused(token: &AccessToken, error: &Error) {
    let observer = token.observer();
    if let Some(observer) = observer.and_then(|any| any.downcast_ref::<Observer>()) {
        // Without the observer, as in `accepted`.
        let mut token = token.clone();
        token.observe_by(None);
        observer.tell(Decision::of_operation(error, &token));
    }
}

/// Counts an accepted token, by whether the cache of verified tokens knew it.
pub(crate) fn token_cached(is_hit: bool) {
    #[cfg(feature = "metrics")]
    {
        const TOKENS: &str = "resource_server_token_cache_total";
        let counter = if is_hit {
            metrics::counter!(TOKENS, "result" => "hit")
        } else {
            metrics::counter!(TOKENS, "result" => "miss")
        };
        counter.increment(1);
    }
    #[cfg(not(feature = "metrics"))]
    let _ = is_hit;
}

/// The event of a decision. Its fields are made only if its level is enabled.
#[cfg(feature = "tracing")]
fn emit(decision: &Decision<'_>) {
    use crate::core::{Algorithm, excerpt, without_user_info};
    use tracing::Level;

    macro_rules! event {
        ($level:expr, $outcome:literal, $reason:expr $(, $error:expr)?) => {
            tracing::event!(
                target: "resource_server",
                $level,
                outcome = $outcome,
                reason = $reason,
                about = if decision.is_of_operation() { "operation" } else { "token" },
                issuer = decision.issuer().map(|name| excerpt(&without_user_info(name))).as_deref(),
                algorithm = decision.algorithm().map(Algorithm::as_str),
                kid = decision.key_id().map(excerpt).as_deref(),
                $(explain = $error.explain().as_str(),)?
                $outcome
            )
        };
    }
    match decision.outcome() {
        Ok(_) => event!(Level::DEBUG, "accepted", "none"),
        Err(error @ Error::Rejected(rejection)) => {
            event!(Level::INFO, "rejected", rejection.reason().as_str(), error);
        }
        Err(error @ Error::Unavailable(unavailable)) => match unavailable.kind() {
            // Only the operator of this API can mend that.
            kind @ SourceErrorKind::CredentialsRefused => {
                event!(Level::ERROR, "unavailable", kind.as_str(), error);
            }
            kind => event!(Level::WARN, "unavailable", kind.as_str(), error),
        },
        Err(error @ Error::Misconfigured(_)) => {
            event!(Level::ERROR, "misconfigured", "none", error);
        }
    }
}

#[cfg(feature = "metrics")]
fn count(decision: &Decision<'_>) {
    macro_rules! count {
        ($outcome:literal, $reason:expr) => {
            match decision.is_of_operation() {
                false => metrics::counter!(
                    "resource_server_decisions_total",
                    "about" => "token", "outcome" => $outcome, "reason" => $reason
                ),
                true => metrics::counter!(
                    "resource_server_decisions_total",
                    "about" => "operation", "outcome" => $outcome, "reason" => $reason
                ),
            }
            .increment(1)
        };
    }
    match decision.outcome() {
        Ok(_) => count!("accepted", "none"),
        Err(Error::Rejected(rejection)) => count!("rejected", rejection.reason().as_str()),
        Err(Error::Unavailable(unavailable)) => {
            count!("unavailable", unavailable.kind().as_str());
        }
        Err(Error::Misconfigured(_)) => count!("misconfigured", "none"),
    }
}
