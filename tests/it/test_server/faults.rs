//! Each fault in an answer.

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use reqwest::Client;
use resource_server::keys::KeySet;
use resource_server::testing::Fault;
use tokio::net::TcpStream;

use crate::support::client::{
    HOUR, address, broken_body, client, exchange, get, get_jwks, get_status, header, io_kind, start,
};

#[tokio::test]
async fn faults_of_the_answer() {
    let status = |code, retry_after| Fault::Status { code, retry_after };
    let page = "<!doctype html><title>Sign in</title><p>Sign in to this network";
    let location = "https://evil.example/jwks";
    // Fault, status, one header, body.
    let cases = [
        (status(503, Some(30)), 503, ("retry-after", Some("30")), ""),
        (status(503, None), 503, ("retry-after", None), ""),
        (status(204, None), 204, ("content-length", None), ""),
        (status(404, None), 404, ("etag", None), ""),
        (
            Fault::Garbage,
            200,
            ("content-type", Some("application/json")),
            "not JSON",
        ),
        (
            Fault::Html,
            200,
            ("content-type", Some("text/html; charset=utf-8")),
            page,
        ),
        (
            Fault::Redirect(location.into()),
            302,
            ("location", Some(location)),
            "",
        ),
    ];
    let server = start().await;
    let client = client();
    for (fault, status, (name, value), body) in cases {
        server.fail(fault.clone());
        for url in [server.jwks_url(), server.discovery_url()] {
            let response = get(&client, url).await;
            assert_eq!(response.status(), status, "{fault:?}");
            assert_eq!(header(&response, name), value, "{fault:?}");
            assert_eq!(response.text().await.unwrap(), body, "{fault:?}");
        }
    }
}

#[tokio::test]
async fn faults_hit_what_they_are_for() {
    let server = start().await;
    let client = client();
    let unwell = || Fault::Status {
        code: 500,
        retry_after: None,
    };
    let statuses = async || {
        let metadata = get_status(&client, server.discovery_url()).await;
        (metadata, get_status(&client, server.jwks_url()).await)
    };
    server.fail_jwks(unwell());
    assert_eq!(statuses().await, (200, 500));
    server.fail_discovery(Fault::NoMetadata);
    assert_eq!(statuses().await, (404, 500));
    server.recover();
    assert_eq!(statuses().await, (200, 200));
    server.fail_discovery(unwell());
    assert_eq!(statuses().await, (500, 200));
    server.fail(Fault::NoMetadata);
    assert_eq!(statuses().await, (404, 200));
    server.fail_jwks(Fault::Refused);
    server.fail_discovery(unwell());
    assert_eq!(statuses().await, (500, 200));
}

#[tokio::test]
async fn faults_of_the_body() {
    let server = start().await;
    let client = client();
    let jwks = server.issuer().jwks();

    server.fail(Fault::Truncated);
    let response = get(&client, server.jwks_url()).await;
    assert_eq!(response.content_length(), Some(jwks.len() as u64));
    assert_eq!(
        broken_body(response).await,
        &jwks.as_bytes()[..jwks.len() / 2]
    );

    server.fail(Fault::Oversized(100_000));
    let response = get(&client, server.jwks_url()).await;
    assert_eq!(response.content_length(), Some(100_000));
    let body = response.text().await.unwrap();
    assert_eq!(body.len(), 100_000);
    assert_eq!(body.trim_end(), jwks);
    KeySet::from_jwks(&body).unwrap();

    server.fail(Fault::Endless);
    let mut response = get(&client, server.jwks_url()).await;
    assert_eq!(response.content_length(), None);
    let mut read = 0;
    while read < 4 << 20 {
        read += response.chunk().await.unwrap().unwrap().len();
    }
    drop(response);

    let pause = Duration::from_millis(1);
    server.fail(Fault::SlowBody(pause));
    let begin = Instant::now();
    assert_eq!(get_jwks(&client, &server).await, jwks);
    assert!(begin.elapsed() >= pause * u32::try_from(jwks.len()).unwrap());

    server.fail(Fault::SlowBody(HOUR));
    let mut response = get(&client, server.jwks_url()).await; // the head comes at once
    let chunk = tokio::time::timeout(Duration::from_millis(100), response.chunk());
    assert!(chunk.await.is_err());
}

#[tokio::test]
async fn a_delay_ends_by_itself_or_by_recovery_or_by_another_fault() {
    let server = start().await;
    let client = client();
    let delay = Duration::from_millis(50);
    server.fail(Fault::Delay(delay));
    let begin = Instant::now();
    assert_eq!(get_status(&client, server.jwks_url()).await, 200);
    assert!(begin.elapsed() >= delay);

    server.fail(Fault::Delay(HOUR));
    let ask = || {
        let (client, url) = (client.clone(), server.jwks_url());
        tokio::spawn(async move { get_status(&client, url).await })
    };
    let asked = async |count| {
        while server.fetches().jwks < count {
            tokio::task::yield_now().await;
        }
    };
    let waiting = ask();
    asked(2).await;
    server.recover();
    assert_eq!(waiting.await.unwrap(), 200);

    server.fail(Fault::Delay(HOUR));
    let waiting = ask();
    asked(3).await;
    server.fail(Fault::Delay(HOUR * 2)); // still waits
    server.fail_jwks(Fault::Status {
        code: 500,
        retry_after: None,
    });
    assert_eq!(waiting.await.unwrap(), 500);
}

#[tokio::test]
async fn connections_are_reset() {
    let server = start().await;
    server.fail(Fault::Reset);
    let error = client().get(server.jwks_url()).send().await.unwrap_err();
    assert_eq!(io_kind(&error), Some(ErrorKind::ConnectionReset));
    let mut own = TcpStream::connect(address(&server)).await.unwrap();
    let error = exchange(&mut own).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);

    server.fail(Fault::ResetReused);
    let mut own = TcpStream::connect(address(&server)).await.unwrap();
    exchange(&mut own).await.unwrap();
    let error = exchange(&mut own).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);

    let client = Client::builder().no_proxy().build().unwrap();
    get_jwks(&client, &server).await;
    let error = client.get(server.jwks_url()).send().await.unwrap_err();
    assert_eq!(io_kind(&error), Some(ErrorKind::ConnectionReset));
    get_jwks(&client, &server).await; // on a fresh one
}
