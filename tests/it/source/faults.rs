//! Rows S04 to S07 and F01: what goes wrong around fetched keys. Runtimes end, stand still or lack
//! a part; processes are frozen; issuers move and send half an answer.

use std::sync::{Arc, OnceLock, mpsc};
use std::time::Duration;

use resource_server::testing::{Fault, TestIssuer, TestServer};
use resource_server::{AccessToken, Error, Fetch, Issuer, Reason, Validator};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Notify;

use crate::support::http::{
    AUDIENCE, COOLDOWN, LIFETIME, TOLERANCE, World, by_hand, chain, clock, ok, outage, reason,
    until, validator,
};

const NAME: &str = "https://as.example.com/tenant";

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// A server on a thread that lives until the process ends.
fn lasting_server() -> TestServer {
    let home = runtime();
    let server = home.block_on(TestServer::start(AUDIENCE)).unwrap();
    std::thread::spawn(move || home.block_on(std::future::pending::<()>()));
    server
}

fn discovering(server: &TestServer) -> Validator {
    Validator::builder()
        .audience(AUDIENCE)
        .issuer(Issuer::discover(server.url()).fetch(Fetch::new().timeout(Duration::from_secs(1))))
        .build()
        .unwrap()
}

/// What the work gives, unless it hangs.
fn within_a_minute<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || sender.send(work()));
    receiver
        .recv_timeout(Duration::from_secs(60))
        .expect("it comes to an end")
}

fn validate_on_a_runtime_of_its_own(
    validator: &Validator,
    token: &str,
) -> Result<AccessToken, Error> {
    let (validator, token) = (validator.clone(), token.to_owned());
    within_a_minute(move || runtime().block_on(validator.validate(&token)))
}

#[test]
fn s06_a_runtime_that_has_ended_blocks_nobody() {
    let server = lasting_server();
    let validator = discovering(&server);
    let token = server.issuer().token().mint();
    let ended = Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let handle = ended.handle().clone();
    drop(ended);
    let judged = within_a_minute({
        let (validator, token) = (validator.clone(), token.clone());
        move || handle.block_on(validator.validate(&token))
    });
    outage(judged);
    validate_on_a_runtime_of_its_own(&validator, &token).unwrap();
}

#[test]
fn s06_a_runtime_that_shuts_down_under_a_request_comes_to_its_end() {
    let server = lasting_server();
    let validator = discovering(&server);
    let token = server.issuer().token().mint();
    within_a_minute({
        let (validator, token) = (validator.clone(), token.clone());
        move || {
            let runtime = Builder::new_multi_thread()
                .worker_threads(2)
                .enable_all()
                .build()
                .unwrap();
            let (begun, is_begun) = mpsc::channel();
            let (closing, is_closing) = mpsc::channel::<()>();
            runtime.spawn(async move {
                begun.send(()).unwrap();
                // Blocks its worker until the runtime is shutting down.
                let _ = is_closing.recv();
                std::thread::sleep(Duration::from_millis(100));
                let _ = validator.validate(&token).await;
            });
            is_begun.recv().unwrap();
            drop(closing);
            drop(runtime);
        }
    });
    validate_on_a_runtime_of_its_own(&validator, &token).unwrap();
}

#[test]
fn s06_a_fetch_on_a_runtime_that_nobody_drives_holds_nobody_up_for_ever() {
    let server = lasting_server();
    let validator = discovering(&server);
    let token = server.issuer().token().mint();
    // The fetch begins, and its runtime lives on without being driven.
    server.fail_jwks(Fault::Delay(Duration::from_secs(3_600)));
    let idle = runtime();
    idle.block_on(async {
        let validating = validator.validate(&token);
        let begun = until(|| server.fetches().jwks == 1);
        tokio::select! {
            _ = validating => panic!("it waits"),
            () = begun => {}
        }
    });
    server.recover();
    validate_on_a_runtime_of_its_own(&validator, &token).unwrap();
    drop(idle);
}

#[test]
fn a_runtime_without_time_or_io_is_named_for_what_it_lacks() {
    let server = lasting_server();
    let token = server.issuer().token().mint();
    for lacking in [
        Builder::new_current_thread().enable_io().build(),
        Builder::new_current_thread().enable_time().build(),
        Builder::new_current_thread().build(),
    ] {
        let validator = discovering(&server);
        let said = outage(lacking.unwrap().block_on(validator.validate(&token)));
        assert!(said.contains("enable_all"), "{said}");
        validate_on_a_runtime_of_its_own(&validator, &token)
            .map(drop)
            .or_else(|error| {
                // In the pause after the failure.
                assert_eq!(error.status(), 503);
                std::thread::sleep(Duration::from_secs(2));
                validate_on_a_runtime_of_its_own(&validator, &token).map(drop)
            })
            .unwrap();
    }
}

#[test]
fn outside_a_runtime_what_is_at_hand_is_used() {
    let server = lasting_server();
    let validator = discovering(&server);
    let token = server.issuer().token().mint();
    assert!(validator.validate_cached(&token).is_none());
    validate_on_a_runtime_of_its_own(&validator, &token).unwrap();
    assert!(validator.validate_cached(&token).unwrap().is_ok());
}

#[tokio::test]
async fn s07_frozen_while_a_fetch_is_under_way() {
    for is_withdrawn in [true, false] {
        let clock = clock();
        let issuer = TestIssuer::new(NAME, AUDIENCE).clock(clock.clone());
        let long = |issuer: &TestIssuer| {
            let token = issuer.token();
            token.expires_in(Duration::from_secs(1_000_000)).mint()
        };
        let old = long(&issuer);
        let gate = Arc::new(Notify::new());
        let (url, asked) = by_hand({
            let (issuer, gate) = (issuer.clone(), Arc::clone(&gate));
            move |number| {
                let (answer, gate) = (ok(&issuer.jwks(), ""), Arc::clone(&gate));
                async move {
                    if number == 2 {
                        gate.notified().await;
                    }
                    answer
                }
            }
        })
        .await;
        let validator = validator(Issuer::new(NAME).jwks_at(url).refresh_on_demand(), &clock);
        validator.validate(&old).await.unwrap();
        // Due: the answer goes out, and the process is frozen with the refresh under way.
        clock.advance(LIFETIME.mul_f64(0.9));
        validator.validate(&old).await.unwrap();
        until(|| asked.lock().unwrap().len() == 2).await;
        clock.advance(TOLERANCE);
        issuer.rotate_keys();
        if is_withdrawn {
            issuer.withdraw_old_keys();
        }
        gate.notify_one();
        until(|| validator.health()[0].status().last_asked.is_some()).await;
        // An answer to a call from an hour ago is an hour old: the next caller starts a new call.
        validator.validate(&long(&issuer)).await.unwrap();
        match validator.validate(&old).await {
            Ok(_) => assert!(!is_withdrawn),
            refused => assert_eq!(reason(refused), Reason::UnknownKey),
        }
        assert_eq!(asked.lock().unwrap().len(), 3);
    }
}

#[tokio::test]
async fn s04_an_entity_tag_counts_at_its_own_address_only() {
    let old_place = TestServer::start(AUDIENCE).await.unwrap();
    let world = World::new().await;
    let metadata = |jwks: &str| {
        format!(
            r#"{{"issuer":"{}","jwks_uri":"{jwks}"}}"#,
            world.server.url()
        )
    };
    old_place.serve_jwks(world.server.issuer().jwks());
    world.server.serve_metadata(metadata(&old_place.jwks_url()));
    let token = world.long_token();
    world.validate(&token).await.unwrap();
    // A day later the keys are elsewhere, and other ones.
    world.server.issuer().rotate_keys();
    world.server.issuer().withdraw_old_keys();
    let (url, asked) = by_hand({
        let keys = world.server.issuer().jwks();
        move |_| {
            let answer = ok(&keys, "etag: \"1\"\r\n");
            async move { answer }
        }
    })
    .await;
    world.server.serve_metadata(metadata(&url));
    world.clock.advance(Duration::from_secs(86_401));
    assert_eq!(reason(world.validate(&token).await), Reason::UnknownKey);
    let head = asked.lock().unwrap()[0].to_lowercase();
    assert!(!head.contains("if-none-match"), "{head}");
}

#[tokio::test]
async fn s05_keys_that_moved_are_found_whatever_their_old_place_says() {
    for fault in [
        Fault::Status {
            code: 410,
            retry_after: None,
        },
        Fault::Redirect("https://new.example.com/jwks".into()),
        Fault::Refused,
        Fault::Html,
    ] {
        let old_place = TestServer::start(AUDIENCE).await.unwrap();
        let world = World::new().await;
        let metadata = |jwks: &str| {
            format!(
                r#"{{"issuer":"{}","jwks_uri":"{jwks}"}}"#,
                world.server.url()
            )
        };
        old_place.serve_jwks(world.server.issuer().jwks());
        world.server.serve_metadata(metadata(&old_place.jwks_url()));
        let token = world.long_token();
        world.validate(&token).await.unwrap();
        world.server.serve_issuer_metadata();
        old_place.fail(fault.clone());
        world.clock.advance(LIFETIME + Duration::from_secs(1));
        world.validate(&token).await.unwrap();
        if !matches!(fault, Fault::Html) {
            assert_eq!(world.last_error(), None, "{fault:?}");
            assert_eq!(world.server.fetches().jwks, 1, "{fault:?}");
        }
    }
}

#[tokio::test]
async fn s05_metadata_that_can_not_be_read_again_is_no_outage_of_the_keys() {
    let world = World::new().await;
    let token = world.long_token();
    world.validate(&token).await.unwrap();
    world.server.fail_discovery(Fault::Status {
        code: 500,
        retry_after: None,
    });
    world.clock.advance(Duration::from_secs(86_401));
    world.validate(&token).await.unwrap();
    assert_eq!(world.last_error(), None);
    // A document of another issuer is something else.
    world.server.recover();
    world.server.serve_metadata(
        r#"{"issuer":"https://evil.example","jwks_uri":"https://evil.example/jwks"}"#,
    );
    world.clock.advance(Duration::from_secs(86_401));
    assert!(outage(world.validate(&token).await).contains("evil.example"));
}

#[tokio::test]
async fn s05_metadata_that_hangs_is_no_outage_of_the_keys() {
    let world =
        World::with(|issuer| issuer.fetch(Fetch::new().timeout(Duration::from_millis(200)))).await;
    let token = world.long_token();
    world.validate(&token).await.unwrap();
    world
        .server
        .fail_discovery(Fault::Delay(Duration::from_secs(3_600)));
    world.clock.advance(Duration::from_secs(86_401));
    for round in 2..6 {
        world.validate(&token).await.unwrap();
        assert_eq!(world.last_error(), None);
        assert_eq!(world.server.fetches().jwks, round);
        world.clock.advance(LIFETIME + Duration::from_secs(1));
    }
}

#[tokio::test]
async fn s05_what_stands_at_other_addresses_is_no_contradiction() {
    const NOT_FOUND: &str =
        "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    let host = Arc::new(OnceLock::new());
    let keys = Arc::new(OnceLock::new());
    let (url, asked) = by_hand({
        let (host, keys) = (Arc::clone(&host), Arc::clone(&keys));
        move |number| {
            let host: &String = host.get().unwrap();
            let of = |issuer: &str| {
                ok(
                    &format!(r#"{{"issuer":"{issuer}","jwks_uri":"{host}/jwks"}}"#),
                    "",
                )
            };
            let keys: &String = keys.get().unwrap();
            std::future::ready(match number {
                // This host ignores the path of RFC 8414's form: it is always the root's document.
                1 | 5 => of(host),
                2 => of(&format!("{host}/tenant")),
                // A day later, ours is unavailable for some time.
                4 | 6 | 7 => NOT_FOUND.to_owned(),
                _ => ok(keys, ""),
            })
        }
    })
    .await;
    let url = url.replace("/jwks", "");
    host.set(url.clone()).unwrap();
    let clock = clock();
    let issuer = TestIssuer::new(&format!("{url}/tenant"), AUDIENCE).clock(clock.clone());
    keys.set(issuer.jwks()).unwrap();
    let token = issuer
        .token()
        .expires_in(Duration::from_secs(1_000_000))
        .mint();
    let validator = validator(Issuer::discover(issuer.name()).refresh_on_demand(), &clock);
    validator.validate(&token).await.unwrap();
    assert_eq!(asked.lock().unwrap().len(), 3);
    clock.advance(Duration::from_secs(86_401));
    validator.validate(&token).await.unwrap();
    assert_eq!(asked.lock().unwrap().len(), 8);
    assert_eq!(validator.health()[0].status().last_error, None);
}

#[tokio::test]
async fn s02_the_time_limit_is_one_for_the_whole_call() {
    // Every address hangs; two calls' time for all of them together.
    let world =
        World::with(|issuer| issuer.fetch(Fetch::new().timeout(Duration::from_millis(200)))).await;
    world.server.fail(Fault::Delay(Duration::from_secs(3_600)));
    outage(world.validate(&world.token()).await);
    assert!(world.server.fetches().discovery <= 2);
}

#[tokio::test]
async fn f01_secret_headers_go_to_the_configured_origin_alone() {
    let (url, asked) = by_hand(|_| async { ok(r#"{"keys":[]}"#, "") }).await;
    let world =
        World::with(|issuer| issuer.fetch(Fetch::new().header("x-gateway", "secret-value"))).await;
    let metadata = format!(
        r#"{{"issuer":"{}","jwks_uri":"{url}"}}"#,
        world.server.url()
    );
    world.server.serve_metadata(metadata);
    assert_eq!(
        reason(world.validate(&world.token()).await),
        Reason::UnknownKey
    );
    let head = asked.lock().unwrap()[0].to_lowercase();
    assert!(!head.contains("secret-value"), "{head}");
}

#[tokio::test]
async fn f01_http_on_loopback_is_never_asked_for_through_a_proxy() {
    let (proxy, asked) = by_hand(|_| async { ok(r#"{"keys":[]}"#, "") }).await;
    let world =
        World::with(|issuer| issuer.fetch(Fetch::new().proxy(proxy.replace("/jwks", "")))).await;
    world.validate(&world.token()).await.unwrap();
    assert!(asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn p01_secrets_of_the_way_stand_in_no_error() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let closed = listener.local_addr().unwrap();
    drop(listener);
    for (issuer, fetch) in [
        (
            Issuer::new(NAME).jwks_at(format!("http://{closed}/jwks?key=hunter2")),
            Fetch::new(),
        ),
        (
            Issuer::new(NAME).jwks_at("https://keys.invalid/jwks?key=hunter2"),
            Fetch::new()
                .proxy(format!("http://user:hunter2@{closed}"))
                .header("x-gateway", "Bearer hunter2"),
        ),
    ] {
        assert!(!format!("{fetch:?} {issuer:?}").contains("hunter2"));
        let validator = validator(issuer.fetch(fetch), &clock());
        let token = TestIssuer::new(NAME, AUDIENCE)
            .clock(clock())
            .token()
            .mint();
        let error = validator.validate(&token).await.unwrap_err();
        let status = format!("{:?}", validator.health());
        for shown in [chain(&error), format!("{error:?}"), error.explain(), status] {
            assert!(!shown.contains("hunter2"), "{shown}");
        }
    }
}

#[tokio::test]
async fn s09_readiness_follows_what_callers_get() {
    let world = World::new().await;
    let is_ready = || world.validator.health()[0].is_ready();
    assert!(!is_ready());
    let token = world.long_token();
    world.validate(&token).await.unwrap();
    assert!(is_ready());
    world.server.fail(Fault::Status {
        code: 503,
        retry_after: None,
    });
    world
        .clock
        .advance((LIFETIME + TOLERANCE).saturating_sub(COOLDOWN));
    world.validate(&token).await.unwrap();
    assert!(is_ready());
    world.clock.advance(COOLDOWN + Duration::from_secs(1));
    outage(world.validate(&token).await);
    assert!(!is_ready());
}
