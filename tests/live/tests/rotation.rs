//! A real authorization server changes its keys under way.

mod support;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use live_tests::AuthorizationServer;
use resource_server::{Issuer, Reason, Validator};
use tokio::task::JoinSet;

use support::{
    ALGORITHMS, COOLDOWN, KEY_LIFETIME, SCOPE, TestResult, chain, clock, key_id, key_ids, refusal,
    resource, tokens, validator,
};

const OLD: [&str; 3] = ["ed25519-1", "p256-1", "rsa-1"];
const NEW: [&str; 3] = ["ed25519-2", "p256-2", "rsa-2"];

#[tokio::test]
#[ignore = "needs node: see tests/live/README.md"]
async fn nobody_is_refused_while_keys_rotate() -> TestResult {
    let server = Arc::new(AuthorizationServer::start().await);
    let clock = clock();
    let issuer = Issuer::discover(server.issuer()).default_key_lifetime(KEY_LIFETIME);
    let validator = validator(issuer).clock(clock.clone()).build()?;
    let old_tokens = tokens(&server).await;

    let mut traffic = Traffic::start(&server, &validator);
    traffic.flows().await;
    server.announce_keys().await;
    traffic.flows().await;
    // The new keys are published and not used for as long.
    clock.advance(COOLDOWN);
    server.sign_with_newest_keys().await;
    traffic.flows().await;
    for token in &old_tokens {
        validator.validate(token).await?;
    }
    server.withdraw_older_keys().await;
    clock.advance(KEY_LIFETIME + Duration::from_secs(1));
    traffic.flows().await;
    let seen = traffic.stop().await;

    assert_eq!(
        seen,
        OLD.into_iter().chain(NEW).map(str::to_owned).collect()
    );
    // At first, for the new keys, and at the end of their lifetime.
    let requests = server.requests().await;
    assert_eq!((requests.metadata, requests.jwks), (1, 3));
    // A withdrawn key is no longer used after one lifetime.
    assert_eq!(key_ids(&validator), NEW);
    for token in &old_tokens {
        let reason = refusal(validator.validate(token).await);
        assert_eq!(reason, Reason::UnknownKey);
    }
    Ok(())
}

#[tokio::test]
#[ignore = "needs node: see tests/live/README.md"]
async fn keys_that_sign_at_once_are_known_after_a_cooldown() -> TestResult {
    let server = AuthorizationServer::start().await;
    let clock = clock();
    let validator = validator(Issuer::discover(server.issuer()))
        .clock(clock.clone())
        .build()?;
    validator.warm_up().await?;
    server.announce_keys().await;
    server.sign_with_newest_keys().await;
    let new_tokens = tokens(&server).await;
    clock.advance(COOLDOWN * 9 / 10);
    for token in &new_tokens {
        let reason = refusal(validator.validate(token).await);
        assert_eq!(reason, Reason::UnknownKey);
    }
    assert_eq!(server.requests().await.jwks, 1);

    clock.advance(COOLDOWN / 10);

    for token in &new_tokens {
        validator.validate(token).await?;
    }
    assert_eq!(server.requests().await.jwks, 2);
    Ok(())
}

/// Clients that get fresh tokens and use each at once, until they are stopped.
struct Traffic {
    clients: JoinSet<Result<BTreeSet<String>, String>>,
    rounds: Vec<Arc<AtomicUsize>>,
    is_over: Arc<AtomicBool>,
}

impl Traffic {
    const CLIENTS: usize = 4;

    fn start(server: &Arc<AuthorizationServer>, validator: &Validator) -> Self {
        let mut traffic = Traffic {
            clients: JoinSet::new(),
            rounds: Vec::new(),
            is_over: Arc::default(),
        };
        for _ in 0..Self::CLIENTS {
            let rounds = Arc::new(AtomicUsize::new(0));
            traffic.rounds.push(Arc::clone(&rounds));
            let is_over = Arc::clone(&traffic.is_over);
            let (server, validator) = (Arc::clone(server), validator.clone());
            traffic.clients.spawn(async move {
                let mut seen = BTreeSet::new();
                while !is_over.load(Ordering::Relaxed) {
                    for algorithm in ALGORITHMS {
                        let token = server.token(&resource(algorithm), SCOPE).await;
                        let key_id = key_id(&token);
                        match validator.validate(&token).await {
                            Ok(_) => seen.insert(key_id),
                            Err(error) => return Err(format!("{key_id}: {}", chain(&error))),
                        };
                    }
                    rounds.fetch_add(1, Ordering::Relaxed);
                }
                Ok(seen)
            });
        }
        traffic
    }

    /// Waits until each client has begun and ended a round of all algorithms since this call.
    async fn flows(&mut self) {
        let rounds = |counter: &Arc<AtomicUsize>| counter.load(Ordering::Relaxed);
        let goals: Vec<_> = self
            .rounds
            .iter()
            .map(|counter| rounds(counter) + 2)
            .collect();
        let is_there = || {
            self.rounds
                .iter()
                .map(rounds)
                .zip(&goals)
                .all(|(at, goal)| at >= *goal)
        };
        tokio::select! {
            () = support::until(is_there) => {}
            ended = self.clients.join_next() => panic!("a client ended: {ended:?}"),
        }
    }

    /// The ids of all keys whose tokens were accepted.
    async fn stop(self) -> BTreeSet<String> {
        self.is_over.store(true, Ordering::Relaxed);
        let seen = self.clients.join_all().await.into_iter();
        seen.flat_map(|seen| seen.expect("every token is accepted"))
            .collect()
    }
}
