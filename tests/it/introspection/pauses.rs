//! Rows S08 and I13: how often an endpoint that fails is called, and what is served in the
//! meantime.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use resource_server::testing::ManualClock;
use resource_server::{Error, Fetch, Introspection, Issuer, Policy, Reason, Validator};
use serde_json::json;

use crate::support::ISSUER;
use crate::support::http::{
    AUDIENCE, HandMade, JSON, NOT_FOUND, World, asking, clock, json, ok, outage, reason, until,
    url_decoded, validator,
};

fn active() -> String {
    json(&json!({"active": true, "aud": AUDIENCE}))
}

fn status(line: &str, headers: &str) -> String {
    format!("HTTP/1.1 {line}\r\ncontent-length: 0\r\nconnection: close\r\n{headers}\r\n")
}

/// How long a client is asked to wait.
fn retry_after<T>(result: Result<T, Error>) -> Option<Duration> {
    match result {
        Err(Error::Unavailable(unavailable)) => unavailable.retry_after(),
        Err(other) => panic!("not an outage: {other:?}"),
        Ok(_) => panic!("not an outage"),
    }
}

#[tokio::test]
async fn s08_metadata_that_fails_is_not_read_for_each_token() {
    let is_up = Arc::new(AtomicBool::new(false));
    let up = Arc::clone(&is_up);
    let server = HandMade::answering(move |request| {
        if !up.load(Ordering::SeqCst) {
            status("500 Internal Server Error", "")
        } else if request.is_get() {
            let host = &request.host;
            json(&json!({"issuer": host, "introspection_endpoint": format!("{host}/ask")}))
        } else {
            active()
        }
    })
    .await;
    let clock = clock();
    let introspection = Introspection::discover().client_secret_post("api", "hush-hush");
    let validator = validator(
        Issuer::new(&server.host).introspection(introspection),
        &clock,
    );
    for number in 0..200 {
        outage(validator.validate(&format!("junk-{number}")).await);
    }
    assert!(server.calls() <= 4, "{} calls", server.calls());
    is_up.store(true, Ordering::SeqCst);
    clock.advance(Duration::from_secs(1));
    assert!(validator.validate("good").await.is_ok());
}

/// A failure that no token can have caused is an outage at once, any other one after the third
/// token.
#[tokio::test]
async fn s08_an_outage_pauses_the_calls_for_all_tokens_that_are_not_cached() {
    let seconds = Duration::from_secs;
    let retry = "retry-after: 300\r\n";
    let html = ok("<title>Login</title>", "content-type: text/html\r\n");
    // The calls before each of three pauses, and the pauses in seconds.
    let cases = [
        (status("429 Too Many Requests", retry), 1, [300, 300, 300]),
        (status("429 Too Many Requests", ""), 1, [1, 2, 4]),
        (status("503 Service Unavailable", retry), 1, [300, 300, 300]),
        (
            status("503 Service Unavailable", "retry-after: 3600\r\n"),
            1,
            [300, 300, 300],
        ),
        (status("503 Service Unavailable", ""), 3, [1, 2, 4]),
        (status("500 Internal Server Error", ""), 3, [1, 2, 4]),
        (status("401 Unauthorized", ""), 3, [1, 2, 4]),
        (status("403 Forbidden", ""), 3, [1, 2, 4]),
        (NOT_FOUND.to_owned(), 3, [1, 2, 4]),
        (html, 3, [1, 2, 4]),
    ];
    for (failure, calls, pauses) in cases {
        let fails = Arc::new(AtomicBool::new(false));
        let (is_down, answer) = (Arc::clone(&fails), failure.clone());
        let world = World::introspecting(
            move |_| {
                if is_down.load(Ordering::SeqCst) {
                    answer.clone()
                } else {
                    active()
                }
            },
            |introspection| introspection.cache_active_for(seconds(3_600)),
            Policy::builder(),
        )
        .await;
        assert_eq!(world.verdict("cached").await, None);
        fails.store(true, Ordering::SeqCst);
        for (before, pause) in pauses.into_iter().enumerate() {
            for number in 0..200 {
                let token = format!("token-{number}");
                let asked_to_wait = retry_after(world.validate(&token).await);
                let asked_to_wait = asked_to_wait.expect(&failure);
                // The failure that starts the pause is answered with its end too. Those before it
                // pause one token each.
                let pause = seconds(if number + 1 < calls { 1 } else { pause });
                assert!(asked_to_wait >= pause.mul_f64(0.7), "{failure}: {number}");
                if number >= calls || !failure.contains("3600") {
                    assert!(asked_to_wait <= pause, "{failure}: {number}");
                }
            }
            assert_eq!(world.calls(), 1 + calls * (before + 1), "{failure}");
            assert_eq!(world.verdict("cached").await, None);
            world.clock.advance(seconds(pause));
        }
        // It answers again.
        fails.store(false, Ordering::SeqCst);
        assert_eq!(world.verdict("token-0").await, None, "{failure}");
        assert_eq!(world.verdict("token-1").await, None, "{failure}");
        assert_eq!(world.last_error(), None);
    }
}

/// The shortest time limit that a slow machine keeps.
#[tokio::test]
async fn s08_an_endpoint_that_hangs_is_not_called_for_each_token() {
    let server = HandMade::answering_later(|_| std::future::pending()).await;
    let issuer = Issuer::new(ISSUER)
        .introspection(asking(server.jwks_url()))
        .fetch(Fetch::new().timeout(Duration::from_millis(200)));
    let validator = validator(issuer, &clock());
    for number in 0..200 {
        outage(validator.validate(&format!("token-{number}")).await);
    }
    assert_eq!(server.calls(), 3);
}

/// Faults of a server, and rules of a firewall in front of it, that certain tokens run into.
fn failures_by_junk() -> [String; 6] {
    [
        status("500 Internal Server Error", ""),
        status("502 Bad Gateway", ""),
        status("503 Service Unavailable", ""),
        status("403 Forbidden", ""),
        ok("<title>Blocked</title>", "content-type: text/html\r\n"),
        // The connection ends without an answer.
        String::new(),
    ]
}

/// An API without a cache of active tokens, whose server fails for each token with "junk" in it.
async fn failing_for_junk(failure: String) -> (HandMade, ManualClock, Validator) {
    let server = HandMade::answering(move |request| {
        if request.text.contains("junk") {
            failure.clone()
        } else {
            active()
        }
    })
    .await;
    let introspection = asking(server.jwks_url()).cache_active_for(Duration::ZERO);
    let issuer = Issuer::new(ISSUER).introspection(introspection);
    let clock = clock();
    let validator = validator(issuer, &clock);
    (server, clock, validator)
}

/// The attack: tokens that make the server fail, between tokens that it has never seen before.
#[tokio::test]
async fn s08_tokens_that_make_the_server_fail_pause_no_other_token() {
    for failure in failures_by_junk() {
        let (_server, clock, validator) = failing_for_junk(failure.clone()).await;
        for number in 0..20 {
            for junk in [format!("junk-{number}"), "same-junk".to_owned()] {
                outage(validator.validate(&junk).await);
            }
            let good = validator.validate(&format!("good-{number}")).await;
            assert!(good.is_ok(), "{failure}: {good:?}");
            clock.advance(Duration::from_millis(100));
        }
    }
}

/// The same as a flood: it pauses the calls for new tokens, but none for a token that was active.
#[tokio::test]
async fn s08_a_flood_that_makes_the_server_fail_pauses_no_token_that_was_active() {
    for failure in failures_by_junk() {
        let (server, _clock, validator) = failing_for_junk(failure.clone()).await;
        assert!(validator.validate("good").await.is_ok());
        for round in 0..10 {
            for number in 0..50 {
                outage(validator.validate(&format!("junk-{round}-{number}")).await);
            }
            let new = format!("new-{round}");
            outage(validator.validate(&new).await);
            let good = validator.validate("good").await;
            assert!(good.is_ok(), "{failure}: {good:?}");
            // An answer ends the pause.
            assert!(validator.validate(&new).await.is_ok());
        }
        // A kept connection that ends costs another call.
        let junk = if failure.is_empty() { 6 } else { 3 };
        assert!(server.calls() <= 1 + 10 * (junk + 2), "{}", server.calls());
    }
}

/// One token that is sent again and again is not introspected again and again. (A connection that
/// ends may cost another call, so that case has no exact number.)
#[tokio::test]
async fn s08_a_token_that_makes_the_server_fail_is_paused_itself() {
    for failure in failures_by_junk().into_iter().take(5) {
        let (server, clock, validator) = failing_for_junk(failure.clone()).await;
        for (before, pause) in [1, 2, 4, 5, 5].into_iter().enumerate() {
            let pause = Duration::from_secs(pause);
            for _ in 0..100 {
                let asked_to_wait = retry_after(validator.validate("junk").await);
                let asked_to_wait = asked_to_wait.expect(&failure);
                let is_in_range = (pause.mul_f64(0.7)..=pause).contains(&asked_to_wait);
                assert!(is_in_range, "{failure}: {asked_to_wait:?}");
            }
            assert_eq!(server.calls(), 1 + before, "{failure}");
            clock.advance(pause);
        }
    }
}

/// Some servers refuse JWTs this way, and a caller that sends one must not stop the calls for
/// others.
#[tokio::test]
async fn s08_what_may_concern_one_token_pauses_nothing() {
    let large = format!(r#"{{"active":true,"a":"{}"}}"#, "x".repeat(70 * 1024));
    for failure in [
        status("400 Bad Request", ""),
        status("414 URI Too Long", ""),
        status("422 Unprocessable Content", ""),
        ok(&large, JSON),
        ok(&"x".repeat(1024 * 1024), JSON),
    ] {
        let world = World::answering(move |number| match number % 6 {
            0 => active(),
            _ => failure.clone(),
        })
        .await;
        for round in 0..3 {
            // More failures in a row than an outage needs.
            for number in 0..5 {
                outage(world.validate(&format!("bad-{round}-{number}")).await);
            }
            assert_eq!(world.verdict(&format!("good-{round}")).await, None);
        }
    }
}

/// After the pause one call tries whether the endpoint answers, and the others wait for its
/// outcome.
#[tokio::test]
async fn s08_one_call_at_a_time_tries_whether_the_endpoint_answers_again() {
    let answer = |number| match number {
        1 | 2 => status("429 Too Many Requests", ""),
        _ => active(),
    };
    let (server, gate) = HandMade::gated(|number| number > 1, answer).await;
    let clock = clock();
    let introspection = asking(server.jwks_url());
    let validator = validator(Issuer::new(ISSUER).introspection(introspection), &clock);
    outage(validator.validate("first").await);
    for (pause, calls) in [(1, 2), (2, 3)] {
        clock.advance(Duration::from_secs(pause));
        let tasks: Vec<_> = (0..20)
            .map(|number| {
                let validator = validator.clone();
                tokio::spawn(async move { validator.validate(&format!("token-{number}")).await })
            })
            .collect();
        until(|| server.calls() == calls).await;
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        assert_eq!(server.calls(), calls);
        gate.add_permits(if calls == 2 { 1 } else { 100 });
        for task in tasks {
            let result = task.await.unwrap();
            if calls == 2 {
                outage(result);
            } else {
                assert!(result.is_ok());
            }
        }
        gate.forget_permits(1);
    }
    assert_eq!(server.calls(), 22);
}

#[tokio::test]
async fn i13_the_hint_of_the_tokens_type_can_be_left_out() {
    for is_left_out in [false, true] {
        let forms = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&forms);
        let server = HandMade::answering(move |request| {
            let form = url_decoded(request.text.split_once("\r\n\r\n").unwrap().1);
            let has_hint = form.iter().any(|(name, _)| name == "token_type_hint");
            seen.lock().unwrap().push(form);
            // As some servers do.
            if has_hint {
                json(&json!({"active": false}))
            } else {
                active()
            }
        })
        .await;
        let mut introspection = asking(server.jwks_url());
        if is_left_out {
            introspection = introspection.without_token_type_hint();
        }
        let validator = validator(Issuer::new(ISSUER).introspection(introspection), &clock());
        let result = validator.validate("token").await;
        let form = forms.lock().unwrap()[0].clone();
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        if is_left_out {
            assert!(result.is_ok());
            assert_eq!(form, [pair("token", "token")]);
        } else {
            assert_eq!(reason(result), Reason::Inactive);
            assert_eq!(form[1], pair("token_type_hint", "access_token"));
        }
    }
}
