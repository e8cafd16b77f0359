//! Bodies that are no single message, and the bounds of bodies.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use axum::Router;
use axum::body::{Body, Bytes, HttpBody, to_bytes};
use axum::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, RETRY_AFTER};
use axum::routing::any;
use tower::ServiceExt;

use crate::{Seen, app, call, challenge, issuer, message, post, scopes, validator};

#[tokio::test]
async fn h13_a_body_that_is_no_single_message_reaches_no_service() {
    let (issuer, seen) = (issuer(), Seen::default());
    let scopes = scopes().otherwise_any_token().max_body_bytes(10_000);
    let app = app(scopes, &validator(&issuer), &seen);
    let token = issuer.token().scope("math:read").mint();
    let array = format!("[{}]", call("sum"));
    for (body, status, code) in [
        (array.into_bytes(), 400, -32600),
        (b"{".to_vec(), 400, -32700),
        (b"{\"method\":\"\xff\"}".to_vec(), 400, -32700),
        (
            message("tools/call", r#"{"name":"sum","name":"drop"}"#).into_bytes(),
            400,
            -32600,
        ),
        (message("tools/call", "{}").into_bytes(), 400, -32602),
        (call(&"a".repeat(10_000)).into_bytes(), 413, -32600),
    ] {
        let response = app
            .clone()
            .oneshot(post(Some(&token), body.clone()))
            .await
            .unwrap();
        let sent = String::from_utf8_lossy(&body[..body.len().min(80)]).into_owned();
        assert_eq!(response.status().as_u16(), status, "H13: {sent}");
        assert_eq!(
            response.headers()[CONTENT_TYPE],
            "application/json",
            "{sent}"
        );
        let answer = to_bytes(response.into_body(), 4_096).await.unwrap();
        let answer: serde_json::Value = serde_json::from_slice(&answer).unwrap();
        assert_eq!(answer["error"]["code"], code, "H13: {sent}");
        let id = if code == -32602 { Some(7) } else { None };
        assert_eq!(answer["id"].as_i64(), id, "H13: {sent}");
    }
    assert!(seen.lock().unwrap().is_empty(), "H13");
}

/// Pieces of a body whose length is not announced. `None` breaks off.
struct Pieces(Vec<Option<Bytes>>, Arc<Mutex<usize>>);

impl HttpBody for Pieces {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, Self::Error>>> {
        *self.1.lock().unwrap() += 1;
        let next = (!self.0.is_empty()).then(|| self.0.remove(0));
        Poll::Ready(next.map(|piece| match piece {
            Some(bytes) => Ok(http_body::Frame::data(bytes)),
            None => Err(std::io::ErrorKind::ConnectionReset.into()),
        }))
    }
}

#[tokio::test]
async fn h13_a_body_is_read_in_pieces_and_only_with_a_good_token() {
    let (issuer, seen) = (issuer(), Seen::default());
    let app = app(scopes().max_body_bytes(1_000), &validator(&issuer), &seen);
    let good = issuer.token().scope("math:read").mint();
    let whole = call("sum");
    let (one, two) = whole.split_at(20);
    let piece = |text: &str| Some(Bytes::from(text.to_owned()));
    let long = "a".repeat(600);
    for (what, token, pieces, status, polls) in [
        (
            "two pieces",
            Some(good.as_str()),
            vec![piece(one), piece(two)],
            200,
            3,
        ),
        (
            "broken off",
            Some(good.as_str()),
            vec![piece(one), None],
            400,
            2,
        ),
        (
            "over the bound",
            Some(good.as_str()),
            vec![piece(&long); 9],
            413,
            2,
        ),
        ("no token", None, vec![piece(&whole)], 401, 0),
        ("a bad token", Some("bad"), vec![piece(&whole)], 401, 0),
    ] {
        let polled = Arc::new(Mutex::new(0));
        let body = Body::new(Pieces(pieces, Arc::clone(&polled)));
        let response = app.clone().oneshot(post(token, body)).await.unwrap();
        assert_eq!(response.status().as_u16(), status, "H13: {what}");
        assert_eq!(*polled.lock().unwrap(), polls, "H13: {what}");
    }
    assert_eq!(*seen.lock().unwrap(), [whole.as_bytes()], "H13");
}

#[tokio::test]
async fn h13_bodies_count_together_until_the_service_drops_them() {
    let (issuer, seen) = (issuer(), Seen::default());
    let scopes = scopes()
        .max_body_bytes(8_000)
        .max_bytes_of_all_bodies(10_000);
    let app = app(scopes, &validator(&issuer), &seen);
    let token = issuer.token().scope("math:read").mint();
    let arguments = format!(r#"{{"name":"sum","arguments":"{}"}}"#, "a".repeat(6_000));
    let body = message("tools/call", &arguments);
    let send = || app.clone().oneshot(post(Some(&token), body.clone()));
    // The service holds on to the first body.
    assert_eq!(send().await.unwrap().status(), 200, "H13");
    let busy = send().await.unwrap();
    assert_eq!(busy.status(), 503, "H13");
    assert_eq!(busy.headers()[RETRY_AFTER], "1", "H13");
    assert_eq!(challenge(&busy), None, "H13");
    seen.lock().unwrap().clear();
    assert_eq!(send().await.unwrap().status(), 200, "H13");
}

/// A service for any method may read a message where this layer expects none.
#[tokio::test]
async fn h13_a_body_is_a_message_with_every_method() {
    let (issuer, seen) = (issuer(), Seen::default());
    let app = app(scopes(), &validator(&issuer), &seen);
    for method in ["GET", "HEAD", "DELETE", "OPTIONS", "PUT", "PATCH", "QUERY"] {
        for (granted, status) in [("other", 403), ("math:read", 200)] {
            let token = issuer.token().scope(granted).mint();
            let mut request = post(Some(&token), call("sum"));
            *request.method_mut() = method.parse().unwrap();
            let response = app.clone().oneshot(request).await.unwrap();
            assert_eq!(response.status().as_u16(), status, "H13: {method}");
        }
    }
    assert_eq!(seen.lock().unwrap().len(), 7, "H13");
}

#[tokio::test]
async fn h13_an_encoded_body_is_refused() {
    let (issuer, seen) = (issuer(), Seen::default());
    let app = app(scopes(), &validator(&issuer), &seen);
    let token = issuer.token().scope("math:read").mint();
    for coding in ["gzip", "br", "identity, br", ""] {
        let mut request = post(Some(&token), Body::from(call("sum")));
        let headers = request.headers_mut();
        headers.insert(CONTENT_ENCODING, coding.parse().unwrap());
        let response = app.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), 415, "H13: {coding}");
        assert_eq!(response.headers()[ACCEPT_ENCODING], "identity", "H13");
    }
    assert!(seen.lock().unwrap().is_empty(), "H13");
    let mut request = post(Some(&token), Body::from(call("sum")));
    let headers = request.headers_mut();
    headers.append(CONTENT_ENCODING, "Identity".parse().unwrap());
    let response = app.clone().oneshot(request).await.unwrap();
    assert_eq!(response.status(), 200, "H13");
    let mut request = post(Some(&token), Body::from(call("sum")));
    let headers = request.headers_mut();
    headers.append(CONTENT_ENCODING, "identity".parse().unwrap());
    headers.append(CONTENT_ENCODING, "br".parse().unwrap());
    let response = app.oneshot(request).await.unwrap();
    assert_eq!(response.status(), 415, "H13");
}

/// A body that waits after its first piece.
struct Stalled(Option<Bytes>);

impl HttpBody for Stalled {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, Self::Error>>> {
        match self.0.take() {
            Some(bytes) => Poll::Ready(Some(Ok(http_body::Frame::data(bytes)))),
            None => Poll::Pending,
        }
    }
}

async fn panics(_: Bytes) -> &'static str {
    panic!("a mistake of the service")
}

#[tokio::test]
async fn h13_a_cancelled_request_and_a_panic_give_their_share_back() {
    let (issuer, seen) = (issuer(), Seen::default());
    let scopes = scopes()
        .max_body_bytes(8_000)
        .max_bytes_of_all_bodies(8_000);
    let app = app(scopes.clone(), &validator(&issuer), &seen);
    let token = issuer.token().scope("math:read").mint();
    let whole = message(
        "tools/call",
        &format!(r#"{{"name":"sum","a":"{}"}}"#, "a".repeat(5_000)),
    );
    let send = || app.clone().oneshot(post(Some(&token), whole.clone()));

    let piece = Bytes::from(whole.clone()).slice(..5_000);
    let stalled = Body::new(Stalled(Some(piece)));
    let mut reading = Box::pin(app.clone().oneshot(post(Some(&token), stalled)));
    let mut context = Context::from_waker(Waker::noop());
    assert!(reading.as_mut().poll(&mut context).is_pending(), "H13");
    assert_eq!(send().await.unwrap().status(), 503, "H13");
    drop(reading);
    assert_eq!(send().await.unwrap().status(), 200, "H13");
    seen.lock().unwrap().clear();

    let broken = Router::new()
        .route("/mcp", any(panics))
        .layer(scopes)
        .layer(validator(&issuer).protect());
    let request = post(Some(&token), whole.clone());
    assert!(tokio::spawn(broken.oneshot(request)).await.is_err(), "H13");
    assert_eq!(send().await.unwrap().status(), 200, "H13");
}
