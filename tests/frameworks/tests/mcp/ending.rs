//! Row H10: streams that stay open end with their token. Sleeps end at once, in tokio's paused
//! time; the Validator's time is the test's.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use axum::http::{Request, Response};
use axum::routing::any;
use http_body::Frame;
use resource_server::testing::{ManualClock, TestIssuer};
use resource_server::{NumericDate, Validator};
use tower::ServiceExt;

use crate::{MCP, call, message, post, scopes};

/// A stream of one event and no end. Its `Arc` says whether it is still there.
struct Open {
    event: Option<&'static str>,
    _open: Arc<()>,
}

impl HttpBody for Open {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.event.take() {
            Some(text) => Poll::Ready(Some(Ok(Frame::data(Bytes::from(text))))),
            None => Poll::Pending,
        }
    }
}

struct World {
    clock: ManualClock,
    issuer: TestIssuer,
    app: Router,
    open: Arc<()>,
}

impl World {
    fn new(content_type: &'static str) -> Self {
        let clock = ManualClock::at(NumericDate::from_secs(1_700_000_000));
        let issuer = TestIssuer::new("https://as.example.com", MCP).clock(clock.clone());
        let builder = Validator::builder().resource(MCP).clock(clock.clone());
        let validator = builder.issuer(issuer.to_issuer()).build().unwrap();
        let open = Arc::new(());
        let handed_out = Arc::clone(&open);
        let handler = move || {
            let body = Body::new(Open {
                event: Some("data: {}\n\n"),
                _open: Arc::clone(&handed_out),
            });
            let response = Response::builder().header("content-type", content_type);
            async move { response.body(body).unwrap() }
        };
        let router = Router::new().route("/mcp", any(handler)).layer(scopes());
        World {
            clock,
            issuer,
            app: router.layer(validator.protect()),
            open,
        }
    }

    /// The body of the answer, after its first frame.
    async fn begun(&self, method: &str, message: &str) -> Body {
        let token = self.issuer.token().scope("math:read reports:read");
        let token = token.expires_in(Duration::from_secs(60)).mint();
        let mut request: Request<Body> = post(Some(&token), message.to_owned());
        *request.method_mut() = method.parse().unwrap();
        let response = self.app.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), 200);
        let mut body = response.into_body();
        assert!(next(&mut body).await.unwrap(), "{method} {message}");
        body
    }

    fn is_open(&self) -> bool {
        // One is the test's, and one is the handler's.
        Arc::strong_count(&self.open) > 2
    }
}

/// Whether there is a further frame, or the end. `None` for neither within an hour.
async fn next(body: &mut Body) -> Option<bool> {
    let frame = std::future::poll_fn(|context| Pin::new(&mut *body).poll_frame(context));
    let frame = tokio::time::timeout(Duration::from_secs(3_600), frame).await;
    frame
        .ok()
        .map(|frame| frame.is_some_and(|frame| frame.is_ok()))
}

fn listen() -> String {
    let uris = r#"{"notifications":{"resourceSubscriptions":["file:///reports/a"]}}"#;
    message("subscriptions/listen", uris)
}

#[tokio::test(start_paused = true)]
async fn h10_h13_an_open_stream_ends_with_its_token() {
    for (method, message) in [("GET", String::new()), ("POST", listen())] {
        // It expires, and its key is withdrawn.
        for is_withdrawn in [false, true] {
            let world = World::new("text/event-stream");
            let mut body = world.begun(method, &message).await;
            assert_eq!(next(&mut body).await, None, "H10: {method}");
            world.clock.advance(Duration::from_secs(59));
            assert_eq!(next(&mut body).await, None, "H10: {method}");
            assert!(world.is_open(), "H10: {method}");
            if is_withdrawn {
                world.issuer.rotate_keys();
                world.issuer.withdraw_old_keys();
            } else {
                // The clock skew is over too.
                world.clock.advance(Duration::from_secs(31));
            }
            assert_eq!(next(&mut body).await, Some(false), "H10: {method}");
            // The server behind is told, though the client still holds its end.
            assert!(!world.is_open(), "H10: {method}");
            assert!(body.is_end_stream(), "H10: {method}");
            assert_eq!(next(&mut body).await, Some(false), "H10: {method}");
        }
    }
}

/// The token was good when the call was made, and its result is for this client.
#[tokio::test(start_paused = true)]
async fn h10_h13_the_answer_of_a_call_is_not_cut_off() {
    for (content_type, method, message) in [
        ("text/event-stream", "POST", call("sum")),
        ("application/json", "GET", String::new()),
    ] {
        let world = World::new(content_type);
        let mut body = world.begun(method, &message).await;
        world.clock.advance(Duration::from_secs(1_000));
        assert_eq!(next(&mut body).await, None, "H10: {content_type}");
        assert!(world.is_open(), "H10: {content_type}");
    }
}

#[tokio::test(start_paused = true)]
async fn h10_h13_a_client_that_closes_its_stream_leaves_nothing() {
    let world = World::new("text/event-stream");
    let body = world.begun("GET", "").await;
    assert!(world.is_open(), "H10");
    drop(body);
    assert!(!world.is_open(), "H10");
}
