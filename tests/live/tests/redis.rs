//! The replay store in a real Redis: what it enters, and what it makes of each fault. Row D03.

mod support;

use std::sync::Arc;
use std::time::Duration;

use live_tests::RedisServer;
use resource_server::NumericDate;
use resource_server::binding::{Insertion, ProofEntry, RedisReplayStore, ReplayStore};
use resource_server::error::{SourceError, SourceErrorKind};

use support::{TestResult, until};

/// The time on the API's clock, which is not the server's.
const NOW: NumericDate = NumericDate::from_secs(1_800_000_000);
const GOOD_FOR: Duration = Duration::from_secs(60);
/// Long enough for a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(30);

/// A proof that is made now, by its number.
fn proof(number: u8) -> ProofEntry {
    ProofEntry::new([1; 32], [number; 16], NOW, NOW.saturating_add(GOOD_FOR))
}

fn store(server: &RedisServer) -> RedisReplayStore {
    let store = RedisReplayStore::connect_lazily(&server.url()).unwrap();
    store.timeout(PATIENCE).unwrap()
}

async fn insert(store: &RedisReplayStore, number: u8) -> Result<Insertion, SourceError> {
    store.insert(&proof(number), NOW).await
}

/// The kind of the outage. Its text names the server.
async fn outage(server: &RedisServer, store: &RedisReplayStore, number: u8) -> SourceErrorKind {
    let error = insert(store, number).await.unwrap_err();
    assert!(error.to_string().contains(&server.address()), "{error}");
    let last_error = store.status().last_error.unwrap();
    assert!(last_error.starts_with(&error.to_string()), "{last_error}");
    error.kind()
}

#[tokio::test]
#[ignore = "needs redis-server: see tests/live/README.md"]
async fn d03_two_instances_refuse_each_others_replay() -> TestResult {
    let server = RedisServer::started(&[]).await;
    let (one, other) = (store(&server), store(&server));
    assert_eq!(insert(&one, 1).await?, Insertion::New);
    assert_eq!(insert(&other, 1).await?, Insertion::Seen);
    assert_eq!(insert(&other, 2).await?, Insertion::New);
    assert_eq!(insert(&one, 2).await?, Insertion::Seen);
    assert_eq!(insert(&one, 1).await?, Insertion::Seen);
    // Another API on the same server has other keys.
    let elsewhere = store(&server).key_prefix("another-api:")?;
    assert_eq!(insert(&elsewhere, 1).await?, Insertion::New);
    assert_eq!(server.ask(&["DBSIZE"]).await, "3");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs redis-server: see tests/live/README.md"]
async fn d03_of_calls_that_race_for_a_proof_exactly_one_has_it() {
    const CALLS: usize = 40;
    let server = RedisServer::started(&[]).await;
    let stores = [store(&server), store(&server)].map(Arc::new);
    for number in 0..20 {
        let calls: Vec<_> = stores
            .iter()
            .cycle()
            .take(CALLS)
            .map(|store| {
                let store = Arc::clone(store);
                tokio::spawn(async move { insert(&store, number).await.unwrap() })
            })
            .collect();
        let mut new = 0;
        for call in calls {
            new += usize::from(call.await.unwrap() == Insertion::New);
        }
        assert_eq!(new, 1, "{number}");
    }
}

#[tokio::test]
#[ignore = "needs redis-server: see tests/live/README.md"]
async fn d03_an_entry_outlives_its_proof_by_the_margin_also_between_two_clocks() -> TestResult {
    let server = RedisServer::started(&[]).await;
    // The first instance's clock is two seconds ahead, so it sees less time before the end.
    let ahead = Duration::from_secs(2);
    let first = store(&server);
    let before = server.now().await;
    let entered = first.insert(&proof(1), NOW.saturating_add(ahead)).await?;
    let after = server.now().await;
    assert_eq!(entered, Insertion::New);
    assert_eq!(insert(&store(&server), 1).await?, Insertion::Seen);

    let key = server.ask(&["RANDOMKEY"]).await;
    assert_eq!(key, "resource-server:proof:AQEBAQEBAQEBAQEBAQEBAQ");
    let ends_at: i64 = server.ask(&["PEXPIRETIME", &key]).await.parse()?;
    // 58 seconds, the second of `until` itself, and the margin.
    let lifetime = 58 + 1 + 5;
    let possible = (before + lifetime) * 1_000..=(after + 1 + lifetime) * 1_000;
    assert!(possible.contains(&ends_at), "{possible:?} {ends_at}");
    // By the second instance's clock, the proof is good for 61 seconds from then.
    assert!(ends_at >= (before + 61) * 1_000, "{before} {ends_at}");
    Ok(())
}

#[tokio::test]
#[ignore = "needs redis-server: see tests/live/README.md"]
async fn d03_a_server_that_is_down_at_the_start_is_an_outage_until_it_is_up() -> TestResult {
    let mut server = RedisServer::stopped();
    let store = store(&server);
    for _ in 0..3 {
        let kind = outage(&server, &store, 1).await;
        assert_eq!(kind, SourceErrorKind::Connect);
    }
    server.start(&[]).await;
    assert_eq!(insert(&store, 1).await?, Insertion::New);
    assert_eq!(insert(&store, 1).await?, Insertion::Seen);
    let status = store.status();
    assert_eq!((status.failures, status.last_error), (Some(3), None));
    Ok(())
}

#[tokio::test]
#[ignore = "needs redis-server: see tests/live/README.md"]
async fn d03_a_server_that_crashes_is_an_outage_until_it_is_up_and_forgets_nothing() -> TestResult {
    let mut server = RedisServer::started(&[]).await;
    let store = store(&server);
    assert_eq!(insert(&store, 1).await?, Insertion::New);
    server.crash().await;
    for _ in 0..3 {
        let kind = outage(&server, &store, 2).await;
        assert_eq!(kind, SourceErrorKind::Connect);
    }
    server.start(&[]).await;
    assert_eq!(insert(&store, 2).await?, Insertion::New);
    assert_eq!(insert(&store, 1).await?, Insertion::Seen);
    assert_eq!(store.status().last_error, None);
    Ok(())
}

#[tokio::test]
#[ignore = "needs redis-server: see tests/live/README.md"]
async fn d03_no_new_proof_is_lost_by_a_restart_between_two_calls() -> TestResult {
    let mut server = RedisServer::started(&[]).await;
    let store = store(&server);
    for number in 0..5 {
        assert_eq!(insert(&store, number).await?, Insertion::New, "{number}");
        server.crash().await;
        server.start(&[]).await;
    }
    // A connection that an administrator ends is no different.
    for number in 5..10 {
        assert_eq!(insert(&store, number).await?, Insertion::New, "{number}");
        server.ask(&["CLIENT", "KILL", "TYPE", "normal"]).await;
    }
    assert_eq!(store.status().failures, Some(0));
    Ok(())
}

#[tokio::test]
#[ignore = "needs redis-server: see tests/live/README.md"]
async fn d03_a_server_that_is_slow_is_an_outage_within_the_limit() -> TestResult {
    let server = RedisServer::started(&[]).await;
    let store = store(&server);
    assert_eq!(insert(&store, 1).await?, Insertion::New);
    server.ask(&["CLIENT", "PAUSE", "3600000", "WRITE"]).await;
    let store = store.timeout(Duration::from_millis(20))?;
    for _ in 0..2 {
        let kind = outage(&server, &store, 2).await;
        assert_eq!(kind, SourceErrorKind::Timeout);
    }
    let store = store.timeout(PATIENCE)?;
    server.ask(&["CLIENT", "UNPAUSE"]).await;
    assert_eq!(insert(&store, 3).await?, Insertion::New);
    assert_eq!(insert(&store, 1).await?, Insertion::Seen);
    Ok(())
}

#[tokio::test]
#[ignore = "needs redis-server: see tests/live/README.md"]
async fn d03_a_full_server_is_an_outage_and_drops_no_entry() -> TestResult {
    let server = RedisServer::started(&["--maxmemory-policy", "noeviction"]).await;
    let store = store(&server);
    assert_eq!(insert(&store, 1).await?, Insertion::New);
    server.ask(&["CONFIG", "SET", "maxmemory", "1"]).await;
    let error = insert(&store, 2).await.unwrap_err();
    let address = server.address();
    assert_eq!(
        error.to_string(),
        format!("the replay store at {address} is full (maxmemory of Redis)")
    );
    server.ask(&["CONFIG", "SET", "maxmemory", "0"]).await;
    assert_eq!(insert(&store, 2).await?, Insertion::New);
    assert_eq!(insert(&store, 1).await?, Insertion::Seen);
    Ok(())
}

#[tokio::test]
#[ignore = "needs redis-server: see tests/live/README.md"]
async fn d03_a_policy_that_evicts_is_a_warning_until_a_later_connect_finds_another() -> TestResult {
    let server = RedisServer::started(&["--maxmemory-policy", "allkeys-lru"]).await;
    let store = store(&server);
    assert_eq!(insert(&store, 1).await?, Insertion::New);
    until(|| store.status().warning.is_some()).await;
    let address = server.address();
    assert_eq!(
        store.status().warning.unwrap(),
        format!(
            "the maxmemory-policy of the replay store at {address} is allkeys-lru, which may evict \
             live entries: set noeviction"
        )
    );
    server
        .ask(&["CONFIG", "SET", "maxmemory-policy", "noeviction"])
        .await;
    server.ask(&["CLIENT", "KILL", "TYPE", "normal"]).await;
    assert_eq!(insert(&store, 2).await?, Insertion::New);
    until(|| store.status().warning.is_none()).await;
    Ok(())
}

#[tokio::test]
#[ignore = "needs redis-server: see tests/live/README.md"]
async fn d03_a_wrong_password_is_an_outage_that_does_not_show_it() -> TestResult {
    let server = RedisServer::started(&["--requirepass", "wonderland"]).await;
    let address = server.address();
    for password in ["", ":looking-glass@"] {
        let url = format!("redis://{password}{address}");
        let store = RedisReplayStore::connect_lazily(&url)?.timeout(PATIENCE)?;
        let error = insert(&store, 1).await.unwrap_err();
        assert_eq!(error.kind(), SourceErrorKind::CredentialsRefused, "{error}");
        let shown = format!("{error:?} {store:?} {:?}", store.status());
        assert!(!shown.contains("looking-glass"), "{shown}");
    }
    let url = format!("redis://:wonderland@{address}");
    let store = RedisReplayStore::connect_lazily(&url)?.timeout(PATIENCE)?;
    assert_eq!(insert(&store, 1).await?, Insertion::New);
    Ok(())
}
