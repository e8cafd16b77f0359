//! Row D03: what the store in Redis says to its server, and what it makes of each reply. Real
//! servers are in the live tests.

use std::error::Error;
use std::time::Duration;

use resource_server::NumericDate;
use resource_server::binding::{Insertion, ProofEntry, RedisReplayStore, ReplayStore};
use resource_server::error::{ReplayStoreError, SourceError, SourceErrorKind};

use crate::support::fake_redis::{FakeRedis, NIL, OK, Reply};

const NOW: NumericDate = NumericDate::from_secs(1_800_000_000);
const POLICY: Reply = Reply::Text("$29\r\nmaxmemory_policy:noeviction\r\n\r\n");

fn proof() -> ProofEntry {
    let until = NOW.saturating_add(Duration::from_secs(60));
    ProofEntry::new([7; 32], [0xff; 16], NOW, until)
}

async fn insert(store: &RedisReplayStore) -> Result<Insertion, SourceError> {
    store.insert(&proof(), NOW).await
}

async fn server(replies: &[Reply]) -> (FakeRedis, RedisReplayStore) {
    let server = FakeRedis::start(replies.to_vec(), POLICY).await;
    let store = RedisReplayStore::connect_lazily(&server.url()).unwrap();
    (server, store)
}

#[tokio::test]
async fn d03_a_proof_is_one_set_with_the_prefix_and_the_lifetime() {
    let (server, store) = server(&[OK, NIL]).await;
    assert_eq!(insert(&store).await.unwrap(), Insertion::New);
    assert_eq!(insert(&store).await.unwrap(), Insertion::Seen);
    let store = store
        .key_prefix("orders:")
        .unwrap()
        .margin(Duration::ZERO)
        .unwrap();
    assert_eq!(insert(&store).await.unwrap(), Insertion::New);
    // 60 seconds, the last of which is good to its end, and a margin of 5 seconds.
    let id = "_____________________w";
    let set = |prefix, milliseconds| {
        let key = format!("{prefix}{id}");
        ["SET", &key, "", "NX", "PX", milliseconds].map(str::to_owned)
    };
    let expected = [
        set("resource-server:proof:", "66000"),
        set("resource-server:proof:", "66000"),
        set("orders:", "61000"),
    ];
    assert_eq!(server.sets(), expected);
}

#[tokio::test]
async fn d03_a_call_whose_connection_ends_is_made_once_more() {
    let (server, store) = server(&[Reply::End, OK]).await;
    assert_eq!(insert(&store).await.unwrap(), Insertion::New);
    assert_eq!(server.sets().len(), 2);
}

#[tokio::test]
async fn d03_a_proof_that_is_there_at_the_second_attempt_is_an_outage() {
    let (server, store) = server(&[Reply::End, NIL, NIL]).await;
    let error = insert(&store).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "the connection to the replay store at {} ended while a proof was entered, so it is not \
             known whether the proof was used before",
            server.address()
        )
    );
    assert_eq!(error.kind(), SourceErrorKind::Connect);
    // Over a connection that holds, it is a replay.
    assert_eq!(insert(&store).await.unwrap(), Insertion::Seen);
}

#[tokio::test]
async fn d03_a_connection_that_ends_twice_is_an_outage() {
    let (server, store) = server(&[Reply::End, Reply::End]).await;
    let error = insert(&store).await.unwrap_err();
    let text = format!("the replay store at {} can't be reached", server.address());
    assert_eq!(error.to_string(), text);
    assert_eq!(error.kind(), SourceErrorKind::Connect);
    assert!(error.source().is_some());
    assert_eq!(server.sets().len(), 2);
    assert_eq!(insert(&store).await.unwrap(), Insertion::New);
}

#[tokio::test]
async fn d03_a_server_that_does_not_reply_is_an_outage_and_is_connected_to_again() {
    /// More than are needed, and fewer than it takes until the crate redis gives up by itself.
    const CALLS: usize = 20;
    let (server, store) = server(&vec![Reply::Nothing; CALLS]).await;
    let store = store.timeout(Duration::from_millis(10)).unwrap();
    let error = insert(&store).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "the replay store at {} did not respond within 10ms (RedisReplayStore::timeout)",
            server.address()
        )
    );
    assert_eq!(error.kind(), SourceErrorKind::Timeout);
    // The next call that comes so far makes a connection of its own.
    let mut calls = 1;
    while server.connections() < 2 {
        assert!(calls < CALLS, "{} connections", server.connections());
        let error = insert(&store).await.unwrap_err();
        assert_eq!(error.kind(), SourceErrorKind::Timeout);
        calls += 1;
    }
}

#[tokio::test]
async fn d03_an_error_of_the_server_is_an_outage_that_quotes_no_reply() {
    let table = [
        (
            "-OOM command not allowed when used memory > 'maxmemory'.\r\n",
            "is full (maxmemory of Redis)",
            SourceErrorKind::Other,
        ),
        (
            "-LOADING Redis is loading the dataset in memory\r\n",
            "responded with the error LOADING",
            SourceErrorKind::Other,
        ),
        (
            "-READONLY You can't write against a read only replica.\r\n",
            "responded with the error READONLY",
            SourceErrorKind::Other,
        ),
        (
            "-NOPERM User secret has no permissions to run the 'set' command\r\n",
            "refuses the credentials of its URL",
            SourceErrorKind::CredentialsRefused,
        ),
        (
            "-NOAUTH Authentication required.\r\n",
            "refuses the credentials of its URL",
            SourceErrorKind::CredentialsRefused,
        ),
        (
            "-secret Words\r\n",
            "responded with the error of an unknown code",
            SourceErrorKind::Other,
        ),
        (
            "+secret\r\n",
            "can't be used: type error",
            SourceErrorKind::Other,
        ),
        (
            ":1\r\n",
            "can't be used: type error",
            SourceErrorKind::Other,
        ),
    ];
    for (reply, expected, kind) in table {
        let (server, store) = server(&[Reply::Text(reply)]).await;
        let error = insert(&store).await.unwrap_err();
        let text = format!("the replay store at {} {expected}", server.address());
        assert_eq!(error.to_string(), text, "{reply}");
        assert_eq!(error.kind(), kind, "{reply}");
        assert!(error.source().is_none(), "{reply}");
        assert_eq!(server.sets().len(), 1, "{reply}");
        let status = store.status();
        assert_eq!((status.failures, status.last_error), (Some(1), Some(text)));
        assert_eq!(insert(&store).await.unwrap(), Insertion::New, "{reply}");
        assert_eq!(store.status().last_error, None);
        // What is no answer to the command, or comes from a replica, is not asked again.
        let is_kept = reply.starts_with('-') && !reply.starts_with("-READONLY");
        assert_eq!(server.connections(), if is_kept { 1 } else { 2 }, "{reply}");
    }
}

#[tokio::test]
async fn d03_a_policy_that_evicts_or_is_not_named_is_a_warning() {
    let evicts = Reply::Text("$30\r\nmaxmemory_policy:allkeys-lru\r\n\r\n");
    let refuses = Reply::Text("-NOPERM secret\r\n");
    let table = [
        (
            evicts,
            "the maxmemory-policy of the replay store at HOST is allkeys-lru, which may evict live \
             entries: set noeviction",
        ),
        (
            refuses,
            "the replay store at HOST does not name its maxmemory-policy (INFO memory), so it may \
             evict live entries",
        ),
    ];
    for (others, expected) in table {
        let server = FakeRedis::start(Vec::new(), others).await;
        let store = RedisReplayStore::connect_lazily(&server.url()).unwrap();
        assert_eq!(store.status().warning, None);
        assert_eq!(insert(&store).await.unwrap(), Insertion::New);
        // It is read in the background.
        let warning = loop {
            tokio::task::yield_now().await;
            if let Some(warning) = store.status().warning {
                break warning;
            }
        };
        assert_eq!(warning, expected.replace("HOST", &server.address()));
    }
}

#[tokio::test]
async fn d03_a_proof_that_ended_or_ends_in_hours_is_not_sent() {
    let (server, store) = server(&[]).await;
    let proof = proof();
    for now in [
        proof.until.saturating_add(Duration::from_secs(1)),
        proof.until.saturating_sub(Duration::from_secs(7_201)),
    ] {
        assert!(store.insert(&proof, now).await.is_err());
    }
    assert!(server.sets().is_empty());
}

#[test]
fn d03_a_call_outside_of_a_runtime_or_on_a_poor_one_is_an_error() {
    let store = RedisReplayStore::connect_lazily("redis://127.0.0.1:1").unwrap();
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let mut insertion = std::pin::pin!(insert(&store));
    let std::task::Poll::Ready(inserted) = insertion.as_mut().poll(&mut context) else {
        panic!("it waits");
    };
    assert_eq!(
        inserted.unwrap_err().to_string(),
        "Redis is called on a tokio runtime, and this call is outside of one"
    );

    let poor = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let error = poor.block_on(insert(&store)).unwrap_err();
    assert!(error.to_string().contains("enable_all"), "{error}");
}

#[test]
fn d03_settings_of_the_store_in_redis_have_ranges() {
    let open = |url| RedisReplayStore::connect_lazily(url).err();
    for url in [
        "redis://localhost",
        "redis://user:pass@[::1]:6380/3",
        "unix:///run/redis.sock?db=2",
        "valkey://localhost",
    ] {
        assert_eq!(open(url), None, "{url}");
    }
    for url in [
        "",
        "localhost",
        "http://localhost",
        "redis:",
        "redis://localhost/x",
    ] {
        assert_eq!(open(url), Some(ReplayStoreError::Url), "{url}");
    }
    assert_eq!(open("rediss://localhost"), Some(ReplayStoreError::Tls));

    let store = || RedisReplayStore::connect_lazily("redis://localhost").unwrap();
    let longest = "p".repeat(100);
    for prefix in ["p", "a:{b}:", &longest] {
        assert!(store().key_prefix(prefix).is_ok());
    }
    for prefix in ["", "a b", "\u{e9}", "a\n", &format!("{longest}p")] {
        let error = store().key_prefix(prefix).err();
        assert_eq!(error, Some(ReplayStoreError::KeyPrefix), "{prefix}");
    }
    let ms = Duration::from_millis;
    for (margin, is_in_range) in [(0, true), (60_000, true), (60_001, false)] {
        let error = store().margin(ms(margin)).err();
        assert_eq!(error, (!is_in_range).then_some(ReplayStoreError::Margin));
    }
    for (timeout, is_in_range) in [(9, false), (10, true), (30_000, true), (30_001, false)] {
        let error = store().timeout(ms(timeout)).err();
        assert_eq!(error, (!is_in_range).then_some(ReplayStoreError::Timeout));
    }
}

#[tokio::test]
async fn p01_no_user_information_of_the_url_is_shown() {
    let url = "unix:///nowhere/redis.sock?user=alice&pass=wonderland";
    for url in ["redis://alice:wonderland@127.0.0.1:1/0", url] {
        let store = RedisReplayStore::connect_lazily(url).unwrap();
        let error = insert(&store).await.unwrap_err();
        assert_eq!(error.kind(), SourceErrorKind::Connect);
        let cause = error.source().map(ToString::to_string);
        let shown = format!("{store:?} {error} {error:?} {cause:?} {:?}", store.status());
        for secret in ["alice", "wonderland"] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }
    for bad in [
        "redis://alice:wonderland@/x",
        "http://alice:wonderland@host",
    ] {
        let error = RedisReplayStore::connect_lazily(bad).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("wonderland"));
    }
}
