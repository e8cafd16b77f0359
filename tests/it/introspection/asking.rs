//! Rows I01 to I06 and I10 to I12, and F03: how the authorization server introspects tokens, and
//! what is cached of its answers.

use std::future::{Future, poll_fn};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use resource_server::testing::ManualClock;
use resource_server::{
    Error, Fetch, Introspection, Issuer, Policy, Reason, Validator,
    error::{AddressError, ConfigErrorKind, IntrospectionError},
};
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use crate::support::http::{
    AUDIENCE, HandMade, JSON, NOT_FOUND, UNAVAILABLE, World, asking, by_hand, chain, clock, json,
    ok, outage, reason, until, url_decoded, validator,
};
use crate::support::{self, ISSUER, NOW};
use crate::support::{Problem, problems_of};

const TOKEN: &str = "2YotnFZFEjr1zCsicMWpAA";

fn active() -> Value {
    json!({"active": true, "aud": AUDIENCE, "sub": "alice", "iat": NOW - 10, "exp": NOW + 3_600})
}

/// An API that introspects at this server.
fn asking_at(server: &HandMade) -> Validator {
    let introspection = asking(server.jwks_url());
    validator(Issuer::new(ISSUER).introspection(introspection), &clock())
}

/// Metadata of the issuer that is this server, with an introspection endpoint at this path.
fn metadata(host: &str, path: &str) -> String {
    json(&json!({"issuer": host, "introspection_endpoint": format!("{host}{path}")}))
}

/// An API that introspects where the metadata of this issuer says.
fn discovering(server: &HandMade, clock: &ManualClock) -> Validator {
    let introspection = Introspection::discover().client_secret_post("api", "hush-hush");
    validator(
        Issuer::new(&server.host).introspection(introspection),
        clock,
    )
}

type Pairs = Vec<(String, String)>;

/// A request's headers and its form.
fn parts(request: &str) -> (Pairs, Pairs) {
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let headers = head.lines().skip(1).map(|line| {
        let (name, value) = line.split_once(": ").unwrap();
        (name.to_ascii_lowercase(), value.to_owned())
    });
    let form = url_decoded(body);
    (headers.collect(), form)
}

/// A client certificate and its key.
fn certificate() -> String {
    let made = rcgen::generate_simple_self_signed(["api".to_owned()]).unwrap();
    let pem = |label: &str, der: &[u8]| {
        let text = STANDARD.encode(der);
        format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----\n")
    };
    let key = pem("PRIVATE KEY", &made.signing_key.serialize_der());
    pem("CERTIFICATE", made.cert.der()) + &key
}

#[tokio::test]
async fn i01_the_question_and_who_asks() {
    let ask = async |introspection: fn(Introspection) -> Introspection, token: &str| {
        let (url, requests) = by_hand(|_| std::future::ready(json(&active()))).await;
        let issuer = Issuer::new(ISSUER)
            .introspection(introspection(Introspection::at(&url)))
            .fetch(Fetch::new().client_certificate_pem(certificate()));
        let validator = validator(issuer, &clock());
        assert!(validator.validate(token).await.is_ok());
        let request = requests.lock().unwrap()[0].clone();
        assert!(request.starts_with("POST /jwks HTTP/1.1\r\n"), "{request}");
        parts(&request)
    };
    let header = |headers: &[(String, String)], wanted: &str| {
        let found: Vec<_> = headers.iter().filter(|(name, _)| name == wanted).collect();
        assert!(found.len() <= 1, "{found:?}");
        found.first().map(|(_, value)| value.clone())
    };
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());

    // The example of RFC 6749 section 2.3.1, then one with what must be encoded before base64.
    let odd = "a+b/c~d-e._=";
    let (headers, form) = ask(
        |i| i.client_secret_basic("s6BhdRkqt3", "7Fjfp0ZBr1KtDRbnfVdmIw"),
        odd,
    )
    .await;
    let basic = "Basic czZCaGRSa3F0Mzo3RmpmcDBaQnIxS3REUmJuZlZkbUl3";
    assert_eq!(header(&headers, "authorization").as_deref(), Some(basic));
    let expected = [pair("token", odd), pair("token_type_hint", "access_token")];
    assert_eq!(form, expected);
    let content_type = header(&headers, "content-type");
    assert_eq!(
        content_type.as_deref(),
        Some("application/x-www-form-urlencoded")
    );
    assert_eq!(
        header(&headers, "accept").as_deref(),
        Some("application/json")
    );
    // "a%3Ab:c+d%25%2B%C3%BC" in base64.
    let (headers, _) = ask(|i| i.client_secret_basic("a:b", "c d%+ü"), TOKEN).await;
    let basic = "Basic YSUzQWI6YytkJTI1JTJCJUMzJUJD";
    assert_eq!(header(&headers, "authorization").as_deref(), Some(basic));

    let (headers, form) = ask(|i| i.client_secret_post("a:b", "c d%+ü&="), TOKEN).await;
    assert_eq!(header(&headers, "authorization"), None);
    let who = [pair("client_id", "a:b"), pair("client_secret", "c d%+ü&=")];
    assert_eq!(form[2..], who);

    let (headers, form) = ask(|i| i.bearer_token("own-token"), TOKEN).await;
    assert_eq!(
        header(&headers, "authorization").as_deref(),
        Some("Bearer own-token")
    );
    assert_eq!(form.len(), 2);

    let (headers, form) = ask(|i| i.tls_client_auth("api"), TOKEN).await;
    assert_eq!(header(&headers, "authorization"), None);
    assert_eq!(form[2..], [pair("client_id", "api")]);
}

#[tokio::test]
async fn i02_i03_i06_a_failure_is_an_outage_and_is_not_kept() {
    let html = "<!doctype html><title>Login</title>";
    let of_type = |body: &str, content_type: &str| {
        let header = format!("content-type: {content_type}\r\n");
        ok(body, &header)
    };
    let status = |line: &str, headers: &str| {
        format!("HTTP/1.1 {line}\r\ncontent-length: 0\r\nconnection: close\r\n{headers}\r\n")
    };
    let large = format!(
        r#"{{"active":true,"a":"{}"}}"#,
        "x".repeat(10 * 1024 * 1024)
    );
    let middling = format!(r#"{{"active":true,"a":"{}"}}"#, "x".repeat(70 * 1024));
    let good = active().to_string();
    #[rustfmt::skip]
    let cases = [
        ("HTML with 200", of_type(html, "text/html"), "application/json", Some(1_000)),
        ("HTML that says it is JSON", ok(html, JSON), "not a well-formed JSON object", None),
        ("JSON of another type", of_type(&good, "text/plain"), "application/json", Some(1_000)),
        ("signed, which was not asked for", of_type(&good, "application/token-introspection+jwt"), "application/json", Some(1_000)),
        ("no type", ok(&good, ""), "application/json", Some(1_000)),
        ("10 MB", ok(&large, JSON), "larger than", None),
        ("70 KB", ok(&middling, JSON), "more than 65536 bytes", None),
        ("cut short", ok(&good, JSON).replace(&good, &good[..20]), "can't be reached", Some(1_000)),
        ("active as a string", ok(r#"{"active":"true"}"#, JSON), "\"active\"", None),
        ("active as a number", ok(r#"{"active":1}"#, JSON), "\"active\"", None),
        ("nothing active", ok("{}", JSON), "\"active\"", None),
        ("active twice", ok(r#"{"active":true,"active":false}"#, JSON), "two members of one name", None),
        ("401", status("401 Unauthorized", ""), "refuses this API's own credentials", Some(1_000)),
        ("403", status("403 Forbidden", ""), "refuses this API's own credentials", Some(1_000)),
        ("400", status("400 Bad Request", ""), "status 400", None),
        ("404", status("404 Not Found", ""), "status 404", Some(1_000)),
        ("204", status("204 No Content", ""), "status 204", Some(1_000)),
        ("429", status("429 Too Many Requests", "retry-after: 7\r\n"), "status 429", Some(7_000)),
        ("500", status("500 Internal Server Error", ""), "status 500", Some(1_000)),
        ("429 for a month", status("429 Too Many Requests", "retry-after: 2592000\r\n"), "status 429", Some(3_600_000)),
        ("503", status("503 Service Unavailable", "retry-after: 120\r\n"), "status 503", Some(120_000)),
        ("redirect", status("307 Temporary Redirect", "location: https://evil.example/\r\n"), "evil.example", Some(1_000)),
        ("no HTTP", "SSH-2.0-OpenSSH_9.2\r\n".to_owned(), "can't be reached", Some(1_000)),
        ("nothing", String::new(), "can't be reached", Some(1_000)),
    ];
    for (name, answer, expected, retry_after) in cases {
        let retry_after = retry_after.map(Duration::from_millis);
        let world = World::answering(move |number| match number {
            1 => answer.clone(),
            _ => json(&active()),
        })
        .await;
        let result = world.validator.validate(TOKEN).await;
        if let Err(Error::Unavailable(unavailable)) = &result {
            // A pause is shorter by up to a quarter, at random.
            let at_least = retry_after.map(|pause| pause.mul_f64(0.75));
            let is_in_range = (at_least..=retry_after).contains(&unavailable.retry_after());
            assert!(is_in_range, "{name}: {unavailable:?}");
        }
        let told = outage(result);
        assert!(told.contains(expected), "{name}: {told}");
        assert!(
            !told.contains("hush") && !told.contains(TOKEN),
            "{name}: {told}"
        );
        let status = world.validator.health()[0].status().clone();
        assert!(status.last_error.is_some(), "{name}");
        // Nothing was kept: after the pause it is introspected again, and is good.
        world.clock.advance(Duration::from_secs(300));
        assert_eq!(world.verdict(TOKEN).await, None, "{name}");
        assert_eq!(world.calls(), 2, "{name}");
        assert!(world.validator.health()[0].status().last_error.is_none());
    }
}

#[tokio::test]
async fn i06_a_json_type_may_have_parameters() {
    let body = active().to_string();
    for content_type in [
        "application/json;charset=UTF-8",
        "Application/JSON ; charset=utf-8",
    ] {
        let answer = ok(&body, &format!("content-type: {content_type}\r\n"));
        let world = World::answering(move |_| answer.clone()).await;
        assert_eq!(world.verdict(TOKEN).await, None, "{content_type}");
    }
}

#[tokio::test]
async fn i06_an_endpoint_that_hangs_is_an_outage() {
    let (url, _) = by_hand(|_| std::future::pending()).await;
    let introspection = asking(url);
    let issuer = Issuer::new(ISSUER)
        .introspection(introspection)
        .fetch(Fetch::new().timeout(Duration::from_millis(50)));
    let validator = validator(issuer, &clock());
    let told = outage(validator.validate(TOKEN).await);
    assert!(told.contains("did not answer in time"), "{told}");
}

#[tokio::test]
async fn i05_an_answer_is_kept_for_its_time_and_not_past_its_end() {
    let world = World::answering(|_| json(&active())).await;
    let expect_calls = async |token: &str, calls: usize| {
        assert_eq!(world.verdict(token).await, None);
        assert_eq!(world.calls(), calls);
    };
    assert!(world.validator.validate_cached(TOKEN).is_none());
    expect_calls(TOKEN, 1).await;
    assert!(world.validator.validate_cached(TOKEN).unwrap().is_ok());
    world.clock.advance(Duration::from_secs(59));
    expect_calls(TOKEN, 1).await;
    world.clock.advance(Duration::from_secs(1));
    assert!(world.validator.validate_cached(TOKEN).is_none());
    expect_calls(TOKEN, 2).await;
    expect_calls("another", 3).await;
    world.validator.forget("another");
    expect_calls(TOKEN, 3).await;
    expect_calls("another", 4).await;

    let soon = json!({"active": true, "aud": AUDIENCE, "exp": NOW + 20});
    let world = World::answering(move |_| json(&soon)).await;
    assert_eq!(world.verdict(TOKEN).await, None);
    world.clock.advance(Duration::from_secs(19));
    assert_eq!(world.verdict(TOKEN).await, None);
    assert_eq!(world.calls(), 1);
    world.clock.advance(Duration::from_secs(1));
    // It is within the skew, but the server's current answer is needed.
    assert_eq!(world.verdict(TOKEN).await, None);
    assert_eq!(world.calls(), 2);
}

#[tokio::test]
async fn i05_i12_times_are_settings_and_zero_keeps_nothing() {
    let answering = async |active_for: u64, inactive_for: u64| {
        let (active_for, inactive_for) = (
            Duration::from_secs(active_for),
            Duration::from_secs(inactive_for),
        );
        let answer = |number| match number % 2 {
            1 => json(&active()),
            _ => ok(r#"{"active":false}"#, JSON),
        };
        let adapt = |i: Introspection| {
            i.cache_active_for(active_for)
                .cache_inactive_for(inactive_for)
        };
        World::introspecting(answer, adapt, Policy::builder()).await
    };
    let world = answering(0, 0).await;
    for (calls, expected) in [
        (1, None),
        (2, Some(Reason::Inactive)),
        (3, None),
        (4, Some(Reason::Inactive)),
    ] {
        assert_eq!(world.verdict(TOKEN).await, expected);
        assert_eq!(world.calls(), calls);
    }
    let world = answering(5, 3_600).await;
    assert_eq!(world.verdict(TOKEN).await, None);
    world.clock.advance(Duration::from_secs(5));
    assert_eq!(world.verdict(TOKEN).await, Some(Reason::Inactive));
    world.clock.advance(Duration::from_secs(3_599));
    assert_eq!(world.verdict(TOKEN).await, Some(Reason::Inactive));
    assert_eq!(world.calls(), 2);
}

/// A revocation is seen when the answer that is kept runs out, or is dropped.
#[tokio::test]
async fn i05_i12_a_revoked_token_is_refused_within_the_time() {
    let answer = |number| match number {
        1 => json(&active()),
        _ => ok(r#"{"active":false}"#, JSON),
    };
    let world = World::answering(answer).await;
    assert_eq!(world.verdict(TOKEN).await, None);
    world.clock.advance(Duration::from_secs(59));
    assert_eq!(world.verdict(TOKEN).await, None);
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(world.verdict(TOKEN).await, Some(Reason::Inactive));
    // For ten seconds it is not introspected again.
    world.clock.advance(Duration::from_secs(9));
    assert_eq!(world.verdict(TOKEN).await, Some(Reason::Inactive));
    assert_eq!(world.calls(), 2);
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(world.verdict(TOKEN).await, Some(Reason::Inactive));
    assert_eq!(world.calls(), 3);

    let world = World::answering(answer).await;
    assert_eq!(world.verdict(TOKEN).await, None);
    world.validator.forget(TOKEN);
    assert_eq!(world.verdict(TOKEN).await, Some(Reason::Inactive));
}

/// The answer to a call from before the token was forgotten is not cached.
#[tokio::test]
async fn i12_an_answer_under_way_is_forgotten_too() {
    let answer = |number| match number {
        1 => json(&active()),
        _ => json(&json!({"active": false})),
    };
    let (server, gate) = HandMade::gated(|number| number == 1, answer).await;
    let validator = asking_at(&server);
    let early = tokio::spawn({
        let validator = validator.clone();
        async move { validator.validate(TOKEN).await }
    });
    until(|| server.calls() == 1).await;
    validator.forget(TOKEN);
    // A caller who comes now starts a new call, and does not wait for the old answer.
    assert_eq!(reason(validator.validate(TOKEN).await), Reason::Inactive);
    gate.add_permits(1);
    assert!(early.await.unwrap().is_ok());
    assert_eq!(reason(validator.validate(TOKEN).await), Reason::Inactive);
    assert_eq!(server.calls(), 2);
}

/// The answer is what is cached: the policy checks it each time.
#[tokio::test]
async fn i04_i05_a_verdict_is_never_kept() {
    let policy = Policy::builder().max_token_age(Duration::from_secs(20));
    let world = World::introspecting(|_| json(&active()), |i| i, policy).await;
    assert_eq!(world.verdict(TOKEN).await, None);
    world.clock.advance(Duration::from_secs(39));
    assert_eq!(world.verdict(TOKEN).await, None);
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(world.verdict(TOKEN).await, Some(Reason::TooOld));
    assert_eq!(world.calls(), 1);

    // One that is refused now may be good in a moment.
    let early = json!({"active": true, "aud": AUDIENCE, "nbf": NOW + 40});
    let world = World::answering(move |_| json(&early)).await;
    assert_eq!(world.verdict(TOKEN).await, Some(Reason::NotYetValid));
    world.clock.advance(Duration::from_secs(10));
    assert_eq!(world.verdict(TOKEN).await, None);
    assert_eq!(world.calls(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i05_a_thousand_requests_with_one_token_make_one_call() {
    let (server, gate) = HandMade::gated(|_| true, |_| json(&active())).await;
    let validator = asking_at(&server);
    // The first caller goes away before there is an answer.
    let first = tokio::spawn({
        let validator = validator.clone();
        async move { validator.validate(TOKEN).await.map(drop) }
    });
    until(|| server.calls() == 1).await;
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    let accepted = Arc::new(AtomicUsize::new(0));
    let waiting: Vec<_> = (0..1_000)
        .map(|_| {
            let (validator, accepted) = (validator.clone(), Arc::clone(&accepted));
            tokio::spawn(async move {
                assert!(validator.validate(TOKEN).await.is_ok());
                accepted.fetch_add(1, Ordering::Relaxed);
            })
        })
        .collect();
    gate.add_permits(1);
    for task in waiting {
        task.await.unwrap();
    }
    assert_eq!(accepted.load(Ordering::Relaxed), 1_000);
    assert_eq!(server.calls(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f03_i10_calls_at_once_are_bounded_and_the_rest_is_told_to_come_again() {
    let (server, gate) = HandMade::gated(|number| number > 1, |_| json(&active())).await;
    // One of the three is reserved for known tokens.
    let introspection = asking(server.jwks_url()).max_concurrent_calls(3);
    let validator = validator(Issuer::new(ISSUER).introspection(introspection), &clock());
    assert!(validator.validate("known").await.is_ok());
    let ask = |token: String| {
        let validator = validator.clone();
        tokio::spawn(async move { validator.validate(&token).await })
    };
    let admitted: Vec<_> = (0..2).map(|n| ask(format!("served-{n}"))).collect();
    until(|| server.calls() == 3).await;
    let last_error = || validator.health()[0].status().last_error.clone();
    assert_eq!(last_error(), None);
    let turned_away: Vec<_> = (0..20).map(|n| ask(format!("flood-{n}"))).collect();
    for task in turned_away {
        let Err(Error::Unavailable(unavailable)) = task.await.unwrap() else {
            panic!("over the bound");
        };
        assert_eq!(unavailable.retry_after(), Some(Duration::from_secs(1)));
        // What is known is not slowed.
        assert!(validator.validate_cached("known").unwrap().is_ok());
    }
    assert_eq!(server.calls(), 3);
    assert!(last_error().unwrap().contains("turned away"));
    gate.add_permits(2);
    for task in admitted {
        assert!(task.await.unwrap().is_ok());
    }
    assert_eq!(last_error(), None);
}

/// A flood uses no more memory than so many tokens need.
#[tokio::test]
async fn f03_i10_calls_that_wait_are_bounded_too() {
    let (server, gate) = HandMade::gated(|_| true, |_| json(&active())).await;
    let introspection = asking(server.jwks_url()).max_concurrent_calls(1);
    let validator = validator(Issuer::new(ISSUER).introspection(introspection), &clock());
    let one = tokio::spawn({
        let validator = validator.clone();
        async move { validator.validate("one").await }
    });
    until(|| server.calls() == 1).await;
    // One runs and sixteen wait; the rest is turned away before anything is awaited.
    let mut waiting = Vec::new();
    let mut turned_away = 0;
    let tokens = (0..20).map(|number| format!("flood-{number}"));
    for token in tokens.chain(["flood-0".to_owned()]) {
        let validator = validator.clone();
        let mut call = Box::pin(async move { validator.validate(&token).await });
        let polled = poll_fn(|context| Poll::Ready(call.as_mut().poll(context)));
        match polled.await {
            Poll::Pending => waiting.push(call),
            Poll::Ready(Err(Error::Unavailable(unavailable))) => {
                assert_eq!(unavailable.retry_after(), Some(Duration::from_secs(1)));
                turned_away += 1;
            }
            Poll::Ready(other) => panic!("{other:?}"),
        }
    }
    // The second caller with the same token uses no place.
    assert_eq!((waiting.len(), turned_away), (17, 4));
    let last_error = validator.health()[0].status().last_error.clone();
    assert!(last_error.unwrap().contains("turned away"));
    gate.add_permits(100);
    assert!(one.await.unwrap().is_ok());
    for call in waiting {
        // It has its turn, or is answered with a time to retry where this machine needs a second
        // for it.
        let ended = call.await;
        assert!(
            matches!(ended, Ok(_) | Err(Error::Unavailable(_))),
            "{ended:?}"
        );
    }
    assert!(validator.validate("flood-19").await.is_ok());
}

#[tokio::test]
async fn i11_the_endpoint_is_where_the_issuer_says() {
    let server = HandMade::answering(|request| match request.number {
        1 => metadata(&request.host, "/ask"),
        _ => json(&active()),
    })
    .await;
    let validator = discovering(&server, &clock());
    validator.warm_up().await.unwrap();
    for token in ["a", "b"] {
        assert!(validator.validate(token).await.is_ok());
    }
    let requests = server.requests.lock().unwrap();
    let lines: Vec<_> = requests
        .iter()
        .map(|request| request.lines().next().unwrap())
        .collect();
    assert_eq!(
        lines,
        [
            "GET /.well-known/oauth-authorization-server HTTP/1.1",
            "POST /ask HTTP/1.1",
            "POST /ask HTTP/1.1",
        ]
    );
    assert!(!requests[0].contains("hush"));
}

/// A cold start reads the metadata once, with any callers that go away. Only those who waited for
/// it see its failure.
#[tokio::test]
async fn i11_f03_metadata_is_read_once_for_all_who_wait() {
    let is_up = Arc::new(AtomicBool::new(false));
    let up = Arc::clone(&is_up);
    let gate = Arc::new(Semaphore::new(0));
    let wait = Arc::clone(&gate);
    let server = HandMade::answering_later(move |request| {
        let (gate, up) = (Arc::clone(&wait), Arc::clone(&up));
        async move {
            if !request.is_get() {
                return json(&active());
            }
            let _permit = gate.acquire().await;
            if up.load(Ordering::Relaxed) {
                metadata(&request.host, "/ask")
            } else {
                UNAVAILABLE.to_owned()
            }
        }
    })
    .await;
    let clock = clock();
    let validator = discovering(&server, &clock);
    let gets = || {
        let requests = server.requests.lock().unwrap();
        requests.iter().filter(|one| one.starts_with("GET")).count()
    };
    let crowd = || -> Vec<_> {
        (0..50)
            .map(|number| {
                let validator = validator.clone();
                tokio::spawn(async move { validator.validate(&format!("t{number}")).await })
            })
            .collect()
    };
    // The first who asks for it is gone before it comes.
    let first = tokio::spawn({
        let validator = validator.clone();
        async move { validator.warm_up().await.map_err(drop) }
    });
    until(|| gets() == 1).await;
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    let waiting = crowd();
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    gate.add_permits(1_000);
    for call in waiting {
        outage(call.await.unwrap());
    }
    // Both well-known addresses, once each.
    assert_eq!(gets(), 2);

    is_up.store(true, Ordering::Relaxed);
    clock.advance(Duration::from_secs(1));
    for call in crowd() {
        assert!(call.await.unwrap().is_ok());
    }
    assert_eq!(gets(), 3);
}

#[tokio::test]
async fn i11_metadata_without_an_endpoint_is_told() {
    let server = HandMade::answering(|request| {
        let host = request.host;
        json(&json!({"issuer": host, "jwks_uri": format!("{host}/keys")}))
    })
    .await;
    let validator = discovering(&server, &clock());
    let told = outage(validator.validate(TOKEN).await);
    assert!(told.contains("no introspection_endpoint"), "{told}");
    // The token and the secret went nowhere.
    let requests = server.requests.lock().unwrap();
    assert!(requests.iter().all(|request| request.starts_with("GET ")));
    assert!(requests.iter().all(|request| !request.contains(TOKEN)));
}

/// If metadata can't be read again, calls are not delayed, and its earlier content still applies.
#[tokio::test]
async fn i11_metadata_is_read_again_once_a_day_and_when_the_endpoint_is_gone() {
    let is_there = Arc::new(Mutex::new("/ask"));
    let place = Arc::clone(&is_there);
    let endless = json!({"active": true, "aud": AUDIENCE});
    let server = HandMade::answering(move |request| {
        let there = *place.lock().unwrap();
        match (request.is_get(), there) {
            (true, "down") => String::new(),
            (true, _) => metadata(&request.host, there),
            (false, "down") => json(&endless),
            _ if request.path() == there => json(&endless),
            _ => NOT_FOUND.to_owned(),
        }
    })
    .await;
    let introspection = Introspection::discover()
        .client_secret_post("api", "hush-hush")
        .cache_active_for(Duration::ZERO);
    let clock = clock();
    let issuer = Issuer::new(&server.host).introspection(introspection);
    let validator = validator(issuer, &clock);
    let gets = || {
        let requests = server.requests.lock().unwrap();
        requests.iter().filter(|one| one.starts_with("GET")).count()
    };
    let is_good = async || validator.validate(TOKEN).await.is_ok();
    assert!(is_good().await && is_good().await);
    assert_eq!(gets(), 1);

    // It moved: one failure, then it is found.
    *is_there.lock().unwrap() = "/moved";
    outage(validator.validate(TOKEN).await);
    clock.advance(Duration::from_secs(60));
    assert!(is_good().await);
    assert_eq!(gets(), 2);
    assert!(is_good().await);
    assert_eq!(gets(), 2);

    // A day later the metadata is down: each address is tried once a minute, and no token suffers
    // for it.
    *is_there.lock().unwrap() = "down";
    clock.advance(Duration::from_secs(86_400));
    for _ in 0..5 {
        assert!(is_good().await);
        assert_eq!(gets(), 4);
    }
    clock.advance(Duration::from_secs(60));
    assert!(is_good().await);
    assert_eq!(gets(), 6);
}

/// An answer from before the process stood still says nothing about the present.
#[tokio::test]
async fn i05_an_answer_from_before_a_freeze_does_not_count() {
    let clock = clock();
    let turned = clock.clone();
    let (url, _) = by_hand(move |number| {
        if number == 1 {
            turned.advance(Duration::from_secs(3_000));
        }
        std::future::ready(json(&active()))
    })
    .await;
    let introspection = asking(url);
    let validator = validator(Issuer::new(ISSUER).introspection(introspection), &clock);
    let told = outage(validator.validate(TOKEN).await);
    assert!(told.contains("was suspended"), "{told}");
    assert!(validator.validate_cached(TOKEN).is_none());
    assert!(validator.validate(TOKEN).await.is_ok());
}

/// Extra headers never replace those with the client's identity and the content type.
#[tokio::test]
async fn i11_extra_headers_do_not_replace_the_credentials() {
    let (url, requests) = by_hand(|_| std::future::ready(json(&active()))).await;
    let introspection = asking(&url);
    let fetch = Fetch::new()
        .header("Content-Type", "text/plain")
        .header("X-Gateway", "y");
    let issuer = Issuer::new(ISSUER)
        .introspection(introspection)
        .fetch(fetch);
    let validator = validator(issuer, &clock());
    assert!(validator.validate(TOKEN).await.is_ok());
    let (headers, _) = parts(&requests.lock().unwrap()[0]);
    let values = |wanted: &str| -> Vec<String> {
        let found = headers.iter().filter(|(name, _)| name == wanted);
        found.map(|(_, value)| value.clone()).collect()
    };
    assert_eq!(values("authorization"), ["Basic YXBpOmh1c2gtaHVzaA=="]);
    assert_eq!(
        values("content-type"),
        ["application/x-www-form-urlencoded"]
    );
    assert_eq!(values("x-gateway"), ["y"]);
}

/// Redirects are not followed, so that token and secret go to one place.
#[tokio::test]
async fn i11_a_redirect_takes_nothing_elsewhere() {
    let (elsewhere, asked) = by_hand(|_| std::future::ready(json(&active()))).await;
    let world = World::answering(move |_| {
        format!("HTTP/1.1 307 Temporary Redirect\r\nlocation: {elsewhere}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
    })
    .await;
    outage(world.validator.validate(TOKEN).await);
    assert_eq!(world.calls(), 1);
    assert!(asked.lock().unwrap().is_empty());
}

fn problems(introspection: Introspection) -> Vec<Problem> {
    let issuer = Issuer::new(ISSUER).introspection(introspection);
    support::problems(issuer)
}

#[test]
fn i11_settings_that_can_not_be_right_are_told_when_built() {
    let at = || Introspection::at("https://as.example.com/introspect");
    let basic = || at().client_secret_basic("api", "hush-hush");
    let hour = Duration::from_secs(3_600);
    let longer = hour + Duration::from_secs(1);
    assert_eq!(problems(basic()), []);
    assert_eq!(
        problems(basic().cache_active_for(hour).cache_inactive_for(hour)),
        []
    );
    assert_eq!(problems(basic().max_concurrent_calls(1_024)), []);
    let posted = at().client_secret_post("api", "hush-hush");
    assert_eq!(problems(posted.secret_header("Authorization", "Key v")), []);
    #[rustfmt::skip]
    let cases = [
        (at(), IntrospectionError::NoAuthentication),
        (basic().bearer_token("t"), IntrospectionError::SeveralAuthentications),
        (basic().client_secret_basic("api", "hush-hush"), IntrospectionError::SeveralAuthentications),
        (at().client_secret_basic("", "secret"), IntrospectionError::Credentials),
        (at().client_secret_basic("api", ""), IntrospectionError::Credentials),
        (at().client_secret_post("", "secret"), IntrospectionError::Credentials),
        (at().client_secret_post("api", ""), IntrospectionError::Credentials),
        (at().bearer_token(""), IntrospectionError::Credentials),
        (at().bearer_token("a\r\nb: c"), IntrospectionError::Credentials),
        (at().tls_client_auth(""), IntrospectionError::Credentials),
        (at().tls_client_auth("api"), IntrospectionError::NoClientCertificate),
        (basic().cache_active_for(longer), IntrospectionError::CachedTooLong(longer)),
        (basic().cache_inactive_for(longer), IntrospectionError::CachedTooLong(longer)),
        (at().bearer_token("a b"), IntrospectionError::Credentials),
        (basic().secret_header("a b", "v"), IntrospectionError::SecretHeader("a b".into())),
        (basic().secret_header("x-key", ""), IntrospectionError::SecretHeader("x-key".into())),
        (basic().secret_header("x-key", "v\r\na: b"), IntrospectionError::SecretHeader("x-key".into())),
        (basic().secret_header("Authorization", "v"), IntrospectionError::SecretHeader("Authorization".into())),
        (basic().secret_header("Content-Type", "v"), IntrospectionError::SecretHeader("Content-Type".into())),
        (basic().secret_header("x", "v").secret_header("X", "w"), IntrospectionError::SecretHeader("X".into())),
        (basic().cache_bytes(0), IntrospectionError::CacheTooSmall(0)),
        (basic().cache_bytes(131_071), IntrospectionError::CacheTooSmall(131_071)),
        (basic().max_concurrent_calls(0), IntrospectionError::ConcurrentCalls(0)),
        (basic().max_concurrent_calls(1_025), IntrospectionError::ConcurrentCalls(1_025)),
    ];
    for (introspection, problem) in cases {
        let issuer = ISSUER.to_owned();
        let expected = (Some(issuer), ConfigErrorKind::Introspection(problem));
        assert_eq!(problems(introspection), [expected]);
    }
    // Two places to ask.
    let both = Issuer::new(ISSUER)
        .introspection(basic())
        .introspection(basic());
    let built = Validator::builder()
        .audience(AUDIENCE)
        .issuer(both)
        .build()
        .unwrap_err();
    let twice = ConfigErrorKind::SeveralIntrospections;
    assert!(problems_of(&built).contains(&(Some(ISSUER.to_owned()), twice)));
}

/// A client that may follow redirects.
#[cfg(feature = "reqwest-client")]
#[test]
fn i11_a_client_of_ones_own_is_refused() {
    let basic = Introspection::at("https://as.example.com/ask").client_secret_basic("api", "x");
    let own = Fetch::new().client(reqwest::Client::new());
    let issuer = Issuer::new(ISSUER).introspection(basic).fetch(own);
    let built = Validator::builder()
        .audience(AUDIENCE)
        .issuer(issuer)
        .build()
        .unwrap_err();
    let own_client = ConfigErrorKind::Introspection(IntrospectionError::OwnClient);
    assert_eq!(problems_of(&built), [(Some(ISSUER.to_owned()), own_client)]);
}

/// An address that can't be used is named, without what may be a secret in it.
#[test]
fn i11_p01_an_address_that_is_refused_is_shown_without_secrets() {
    let basic = || Introspection::discover().client_secret_basic("api", "hush-hush");
    #[rustfmt::skip]
    let cases = [
        ("http://as.example.com/introspect", "http://as.example.com/introspect", AddressError::Http),
        ("http://as.example.com/introspect?key=hush", "http://as.example.com/introspect", AddressError::Http),
        ("as.example.com/introspect", "as.example.com/introspect", AddressError::NotAUrl),
        ("hush:hush@as.example.com/introspect#hush", "as.example.com/introspect", AddressError::NotAUrl),
        ("https://hush:hush@as.example.com/introspect", "https://as.example.com/introspect", AddressError::UserInfo),
        ("https://hush/hush@as.example.com/ intro", "https://as.example.com/ intro", AddressError::NotAUrl),
    ];
    for (url, address, problem) in cases {
        for is_of_keys in [false, true] {
            let introspection = if is_of_keys {
                basic().signed_answers().answer_keys_at(url)
            } else {
                asking(url)
            };
            let found = problems(introspection);
            let [(_, ConfigErrorKind::Introspection(told))] = &*found else {
                panic!("{url}: {found:?}");
            };
            let IntrospectionError::Address {
                address: shown,
                problem: found,
                ..
            } = told
            else {
                panic!("{url}: {told:?}");
            };
            assert_eq!((&**shown, found), (address, &problem), "{url}");
            let told = crate::support::chain(told);
            assert!(!told.contains("hush"), "{told}");
        }
    }
}

#[test]
fn i10_a_prefix_that_no_token_has_is_told() {
    let at = || Introspection::at("https://as.example.com/introspect");
    let basic = || at().client_secret_basic("api", "hush-hush");
    for (prefix, is_fit) in [
        ("ory_at_", true),
        ("", true),
        ("a.~+/-=", true),
        ("a b", false),
        ("a=b", false),
        ("é", false),
        ("a\n", false),
        ("Bearer ", false),
    ] {
        let issuer = Issuer::new(ISSUER).introspection(basic());
        let built = Validator::builder()
            .audience(AUDIENCE)
            .issuer(issuer.opaque_tokens_with_prefix(prefix))
            .build();
        let (issuer, prefix) = (ISSUER.to_owned(), prefix.to_owned());
        match built {
            Ok(_) => assert!(is_fit, "{prefix}"),
            Err(error) => {
                assert!(!is_fit, "{error}");
                assert_eq!(
                    problems_of(&error),
                    [(Some(issuer), ConfigErrorKind::OpaquePrefix { prefix })]
                );
            }
        }
    }
}

#[tokio::test]
async fn p01_no_secret_is_shown() {
    let world =
        World::answering(|_| "HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n".to_owned())
            .await;
    let error = world.validator.validate(TOKEN).await.unwrap_err();
    let introspection =
        Introspection::at(world.server.jwks_url()).client_secret_post("api", "my-own-secret");
    let issuer = Issuer::new(ISSUER).introspection(introspection);
    let shown = format!(
        "{error:?} {error} {} {} {:?} {:?} {issuer:?}",
        error.explain(),
        chain(&error),
        world.validator,
        world.validator.health(),
    );
    for hidden in ["hush", "YXBpOmh1c2gtaHVzaA", "my-own-secret", TOKEN] {
        assert!(!shown.contains(hidden), "{hidden}: {shown}");
    }
}
