//! Rows S06, I05 and I11: work that is shared in flight (keys, introspection calls, metadata)
//! outlives the runtime that it runs on, and a late answer replaces no newer one. Callers that go
//! away are in `refreshing.rs`, `key_file.rs` and `introspection/asking.rs`. A file is read on a
//! separate thread.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use resource_server::testing::{ManualClock, TestIssuer};
use resource_server::{Error, Fetch, Introspection, Issuer, Reason, Validator};
use serde_json::json;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Semaphore;

use crate::support::http::{AUDIENCE, by_request_later, clock, ok, reason, until};

const OPAQUE: &str = "2YotnFZFEjr1zCsicMWpAA";

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// What the shared work requests.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Shared {
    Keys,
    Call,
    Metadata,
}

const ALL: [Shared; 3] = [Shared::Keys, Shared::Call, Shared::Metadata];

/// Each runs on its own thread, because they wait for real time limits.
fn for_all(test: impl Fn(Shared) + Sync) {
    std::thread::scope(|scope| {
        for slow in ALL {
            let test = &test;
            scope.spawn(move || test(slow));
        }
    });
}

impl Shared {
    fn is_asked_by(self, request: &str) -> bool {
        let path = request.split(' ').nth(1).unwrap();
        match self {
            Shared::Keys => path.starts_with("/keys"),
            Shared::Call => path.starts_with("/ask"),
            Shared::Metadata => path.starts_with("/.well-known"),
        }
    }
}

/// An authorization server that lives until the process ends. Its first answer of one kind waits
/// for a gate, and is an old one by then.
struct Server {
    url: String,
    requests: Arc<Mutex<Vec<String>>>,
    gate: Arc<Semaphore>,
    clock: ManualClock,
    signer: TestIssuer,
}

impl Server {
    fn start(slow: Shared) -> Self {
        let clock = clock();
        let base = Arc::new(Mutex::new(String::new()));
        let host = Arc::clone(&base);
        let gate = Arc::new(Semaphore::new(0));
        let doors = Arc::clone(&gate);
        let old = TestIssuer::new("https://as.example.com", AUDIENCE).jwks();
        let signer = TestIssuer::new("https://as.example.com", AUDIENCE).clock(clock.clone());
        let new = signer.jwks();
        let (sender, receiver) = mpsc::channel();
        std::thread::spawn(move || {
            let asked = AtomicUsize::new(0);
            let home = runtime();
            home.block_on(async {
                let serving = by_request_later(move |request| {
                    let is_held =
                        slow.is_asked_by(request) && asked.fetch_add(1, Ordering::Relaxed) == 0;
                    let base = host.lock().unwrap().clone();
                    let answer = if Shared::Keys.is_asked_by(request) {
                        ok(if is_held { &old } else { &new }, "")
                    } else if Shared::Call.is_asked_by(request) {
                        let body = json!({"active": is_held, "aud": AUDIENCE});
                        ok(&body.to_string(), "content-type: application/json\r\n")
                    } else {
                        let endpoint = if is_held { "ask-old" } else { "ask" };
                        let endpoint = format!("{base}/{endpoint}");
                        let body = json!({"issuer": base, "introspection_endpoint": endpoint});
                        ok(&body.to_string(), "")
                    };
                    let doors = Arc::clone(&doors);
                    async move {
                        if is_held {
                            let _permit = doors.acquire().await;
                        }
                        answer
                    }
                });
                sender.send(serving.await).unwrap();
                std::future::pending::<()>().await;
            });
        });
        let (url, requests) = receiver.recv().unwrap();
        let url = url.trim_end_matches("/jwks").to_owned();
        base.lock().unwrap().clone_from(&url);
        Server {
            url,
            requests,
            gate,
            clock,
            signer,
        }
    }

    fn validator(&self, slow: Shared, timeout: Duration) -> Validator {
        let introspected = |introspection: Introspection| {
            let introspection = introspection.client_secret_post("api", "hush-hush");
            Issuer::new(&self.url).introspection(introspection)
        };
        let issuer = match slow {
            Shared::Keys => Issuer::new(&self.url)
                .jwks_at(format!("{}/keys", self.url))
                .refresh_on_demand(),
            Shared::Call => introspected(Introspection::at(format!("{}/ask", self.url))),
            Shared::Metadata => {
                introspected(Introspection::discover().cache_inactive_for(Duration::ZERO))
            }
        };
        Validator::builder()
            .audience(AUDIENCE)
            .issuer(issuer.fetch(Fetch::new().timeout(timeout)))
            .clock(self.clock.clone())
            .build()
            .unwrap()
    }

    fn token(&self, slow: Shared) -> String {
        match slow {
            Shared::Keys => self.signer.token().issuer(&self.url).mint(),
            Shared::Call | Shared::Metadata => OPAQUE.to_owned(),
        }
    }

    fn count(&self, what: Shared) -> usize {
        let requests = self.requests.lock().unwrap();
        let asked = requests.iter().filter(|one| what.is_asked_by(one));
        asked.count()
    }
}

/// A validation that a runtime can own.
fn validated(
    validator: &Validator,
    token: &str,
) -> impl Future<Output = Result<(), Error>> + Send + use<> {
    let (validator, token) = (validator.clone(), token.to_owned());
    async move { validator.validate(&token).await.map(drop) }
}

/// The newer answer: of keys that they verify, of a call that the token is not active.
async fn is_newer(validator: &Validator, slow: Shared, token: &str) {
    let judged = validator.validate(token).await;
    match slow {
        Shared::Keys => drop(judged.unwrap()),
        Shared::Call | Shared::Metadata => assert_eq!(reason(judged), Reason::Inactive),
    }
}

#[test]
fn s06_i05_i11_a_runtime_that_ends_is_no_failure_and_the_next_caller_begins_again() {
    for_all(|slow| {
        let server = Server::start(slow);
        let validator = server.validator(slow, Duration::from_secs(20));
        let token = server.token(slow);
        let (first, second) = (runtime(), runtime());
        first.spawn(validated(&validator, &token));
        first.block_on(until(|| server.count(slow) == 1));
        let waiter = second.spawn(validated(&validator, &token));
        second.block_on(tokio::task::yield_now());
        drop(first);
        // It learns of the end: long before the call's limit of 20 s, and as of no bad token.
        let outcome =
            second.block_on(async { tokio::time::timeout(Duration::from_secs(5), waiter).await });
        let judged = outcome.expect("who waits learns of it").unwrap();
        let status = judged.err().map(|error| error.status());
        assert!(
            matches!(status, None | Some(401 | 503)),
            "{slow:?}: {status:?}"
        );
        second.block_on(is_newer(&validator, slow, &token));
        // At once: nothing is a failure, so nothing pauses.
        assert_eq!(server.count(slow), 2, "{slow:?}");
        assert_eq!(validator.health()[0].status().last_error, None, "{slow:?}");
    });
}

#[test]
fn s06_i05_i11_an_answer_that_comes_late_replaces_no_newer_one() {
    for_all(|slow| {
        let server = Server::start(slow);
        let validator = server.validator(slow, Duration::from_millis(200));
        let token = server.token(slow);
        let (idle, driven) = (runtime(), runtime());
        idle.spawn(validated(&validator, &token));
        idle.block_on(until(|| server.count(slow) == 1));
        // Its runtime is not driven for longer than the work may take with all its pauses.
        std::thread::sleep(Duration::from_millis(2_900));
        driven.block_on(is_newer(&validator, slow, &token));
        assert_eq!(server.count(slow), 2, "{slow:?}");
        // Now it continues.
        server.gate.add_permits(1);
        idle.block_on(async { tokio::time::sleep(Duration::from_millis(300)).await });
        let posts = server.count(Shared::Call);
        driven.block_on(is_newer(&validator, slow, &token));
        assert_eq!(server.count(slow), 2, "{slow:?}");
        if slow == Shared::Metadata {
            assert_eq!(server.count(Shared::Call), posts + 1);
            let requests = server.requests.lock().unwrap();
            assert!(requests.last().unwrap().starts_with("POST /ask "));
        }
    });
}

/// A caller that comes while the work is stuck, and before it is given up, waits no longer than the
/// work may take.
#[test]
fn s06_i05_i11_work_that_is_stuck_holds_nobody_up_for_ever() {
    for_all(|slow| {
        let server = Server::start(slow);
        let validator = server.validator(slow, Duration::from_millis(200));
        let token = server.token(slow);
        let (idle, driven) = (runtime(), runtime());
        idle.spawn(validated(&validator, &token));
        idle.block_on(until(|| server.count(slow) == 1));
        let waited = driven.block_on(async {
            let judging = validator.validate(&token);
            tokio::time::timeout(Duration::from_secs(5), judging).await
        });
        let _ = waited.expect("it is not waited for longer than it may take");
        std::thread::sleep(Duration::from_millis(500));
        driven.block_on(is_newer(&validator, slow, &token));
        assert_eq!(validator.health()[0].status().last_error, None, "{slow:?}");
    });
}
