//! Row F03: servers with few workers, and floods of made-up tokens.

use std::sync::Arc;
use std::time::Duration;

use resource_server::{Fetch, Introspection, Issuer, Validator};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::support::ISSUER;
use crate::support::http::{
    AUDIENCE, HandMade, asking, clock, json, outage, until, validator as patient,
};

fn active() -> String {
    json(&json!({"active": true, "aud": AUDIENCE}))
}

/// A server with so many workers, each of which serves one connection until the client closes it.
async fn few_workers(workers: usize, takes: Duration) -> String {
    let listener = Arc::new(TcpListener::bind("127.0.0.1:0").await.unwrap());
    let url = format!("http://{}/ask", listener.local_addr().unwrap());
    for _ in 0..workers {
        let listener = Arc::clone(&listener);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut text = Vec::new();
                let mut piece = [0; 4096];
                while let Ok(count @ 1..) = stream.read(&mut piece).await {
                    text.extend_from_slice(&piece[..count]);
                    // The form's last pair.
                    if !text.ends_with(b"token_type_hint=access_token") {
                        continue;
                    }
                    text.clear();
                    tokio::time::sleep(takes).await;
                    let answer = active().replace("connection: close", "connection: keep-alive");
                    if stream.write_all(answer.as_bytes()).await.is_err() {
                        break;
                    }
                }
            }
        });
    }
    url
}

fn introspecting(introspection: Introspection) -> Validator {
    let issuer = Issuer::new(ISSUER).introspection(introspection);
    let builder = Validator::builder().audience(AUDIENCE).issuer(issuer);
    builder.clock(clock()).build().unwrap()
}

async fn accepted(validator: &Validator, tokens: impl Iterator<Item = String>) -> usize {
    let tasks: Vec<_> = tokens
        .map(|token| {
            let validator = validator.clone();
            tokio::spawn(async move { validator.validate(&token).await.is_ok() })
        })
        .collect();
    let mut accepted = 0;
    for task in tasks {
        accepted += usize::from(task.await.unwrap());
    }
    accepted
}

#[tokio::test]
async fn f03_a_server_with_few_workers_is_not_sunk() {
    for workers in [1, 2, 4] {
        let url = few_workers(workers, Duration::from_millis(5)).await;
        let validator = introspecting(asking(url));
        for round in 0..2 {
            let tokens = (0..60).map(|number| format!("token-{round}-{number}"));
            let accepted = accepted(&validator, tokens).await;
            assert!(accepted >= 57, "{workers} workers: {accepted} of 60");
        }
    }
}

#[tokio::test]
async fn f03_an_answer_that_is_late_names_the_setting() {
    let server = HandMade::answering_later(|_| std::future::pending()).await;
    let issuer = Issuer::new(ISSUER)
        .introspection(asking(server.jwks_url()))
        .fetch(Fetch::new().timeout(Duration::from_millis(200)));
    let validator = patient(issuer, &clock());
    let told = outage(validator.validate("token").await);
    assert!(told.contains("max_concurrent_calls"), "{told}");
}

/// Made-up tokens have every turn and every place that is not reserved, and get no answer.
#[tokio::test]
async fn f03_i10_a_flood_of_made_up_tokens_leaves_turns_to_tokens_that_were_active() {
    let server = HandMade::answering_later(|request| async move {
        if request.text.contains("junk") {
            std::future::pending().await
        } else {
            active()
        }
    })
    .await;
    let clock = clock();
    let issuer = Issuer::new(ISSUER).introspection(asking(server.jwks_url()));
    let validator = patient(issuer, &clock);
    let good = || (0..60).map(|number| format!("good-{number}"));
    assert_eq!(accepted(&validator, good()).await, 60);
    // Their responses are no longer cached.
    clock.advance(Duration::from_secs(3_500));
    let calls = server.calls();
    let junk: Vec<_> = (0..1_400)
        .map(|number| {
            let validator = validator.clone();
            tokio::spawn(async move { validator.validate(&format!("junk-{number}")).await })
        })
        .collect();
    until(|| server.calls() >= calls + 12).await;
    let accepted = accepted(&validator, good()).await;
    assert!(accepted >= 59, "{accepted} of 60");
    for task in &junk {
        task.abort();
    }
}
