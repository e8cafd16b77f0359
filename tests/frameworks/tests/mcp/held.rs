//! Row H12: the start of an event stream is held back until its first message.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, HttpBody, to_bytes};
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use axum::http::{Extensions, Request, Response};
use axum::routing::any;
use http_body::Frame;
use resource_server::mcp::{CallError, ToolScopes};
use resource_server::{AccessToken, Error};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::Instant;
use tower::ServiceExt;

use crate::{call, challenge, issuer, post, scope, scopes, validator};

/// What the tests send as frames; the answer ends when the sender is dropped.
struct Frames {
    frames: UnboundedReceiver<&'static str>,
    /// It has its only other clone in the test.
    _alive: Arc<()>,
}

impl HttpBody for Frames {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let frame = self.frames.poll_recv(context);
        frame.map(|text| text.map(|text| Ok(Frame::data(Bytes::from_static(text.as_bytes())))))
    }
}

/// A server with one answer, which the test writes.
struct World {
    app: Router,
    token: String,
    writer: Option<UnboundedSender<&'static str>>,
    extensions: Arc<Mutex<Option<Extensions>>>,
    alive: Arc<()>,
}

impl World {
    fn new(scopes: ToolScopes, headers: &'static [(&'static str, &'static str)]) -> Self {
        let (writer, frames) = unbounded_channel();
        let alive = Arc::new(());
        let body = Frames {
            frames,
            _alive: Arc::clone(&alive),
        };
        let mut response = Response::builder();
        for (name, value) in headers {
            response = response.header(*name, *value);
        }
        let response = Arc::new(Mutex::new(Some(response.body(Body::new(body)).unwrap())));
        let extensions = Arc::<Mutex<Option<Extensions>>>::default();
        let seen = Arc::clone(&extensions);
        let handler = move |request: Request<Body>| {
            *seen.lock().unwrap() = Some(request.extensions().clone());
            let response = response.lock().unwrap().take().unwrap();
            async move { response }
        };
        let issuer = issuer();
        World {
            app: Router::new()
                .route("/mcp", any(handler))
                .layer(scopes)
                .layer(validator(&issuer).protect()),
            token: issuer.token().scope("math:read").mint(),
            writer: Some(writer),
            extensions,
            alive,
        }
    }

    fn streaming() -> Self {
        World::new(scopes(), &[("content-type", "text/event-stream")])
    }

    fn post(&self) -> Request<Body> {
        post(Some(&self.token), call("sum"))
    }

    fn answer(&self) -> impl Future<Output = Response<Body>> + use<> {
        let answer = self.app.clone().oneshot(self.post());
        async { answer.await.unwrap() }
    }

    fn write(&self, text: &'static str) {
        self.writer.as_ref().unwrap().send(text).unwrap();
    }

    /// What a tool does that finds a requirement unmet.
    fn refuse(&self) -> CallError {
        let extensions = self.extensions.lock().unwrap().clone().unwrap();
        let token = AccessToken::of(&extensions).unwrap();
        let error = token.require(&scope("math:many")).unwrap_err();
        error.refuse_call(&extensions)
    }

    /// Whether an error could still be left.
    fn is_too_late(&self) -> bool {
        let extensions = self.extensions.lock().unwrap().clone().unwrap();
        let token = AccessToken::of(&extensions).unwrap();
        let error = token.require(&scope("math:many")).unwrap_err();
        let left = error.replace_response(&extensions);
        assert!(
            matches!(left, Ok(()) | Err(Error::Misconfigured(_))),
            "{left:?}"
        );
        left.is_err()
    }

    async fn text(mut self, response: Response<Body>) -> String {
        self.writer = None;
        let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        String::from_utf8(bytes.to_vec()).unwrap()
    }
}

/// What rmcp sends before the tool runs.
const PRIMING: &str = "id: 0\nretry: 3000\ndata: \n\n";
const MESSAGE: &str = "data: {}\n\n";

#[tokio::test(start_paused = true)]
async fn h12_a_tool_refuses_while_the_stream_has_no_message() {
    for last in [Some(MESSAGE), Some(": keep-alive\n\n"), None] {
        let mut world = World::streaming();
        world.write(PRIMING);
        let mut answer = tokio::spawn(world.answer());
        // A priming event ends no waiting, whatever the time until the limit.
        let early = tokio::time::timeout(Duration::from_secs(14), &mut answer).await;
        assert!(early.is_err(), "H12: {last:?}");
        let error = world.refuse();
        match last {
            Some(text) => world.write(text),
            None => world.writer = None,
        }
        let response = answer.await.unwrap();
        assert_eq!(response.status(), 403, "H12: {last:?}");
        let named = challenge(&response).unwrap();
        assert!(
            named.contains("scope=\"math:read math:many\""),
            "H12: {named}"
        );
        assert!(
            !response.headers().contains_key(CONTENT_TYPE),
            "H12: {last:?}"
        );
        // The tool returns the same.
        assert_eq!(error.code(), 403);
        assert_eq!(error.data()["www-authenticate"], named, "H12");
        // The stream that was replaced is closed.
        assert_eq!(Arc::strong_count(&world.alive), 1, "H12: {last:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn h12_a_message_ends_the_waiting_and_nothing_is_lost() {
    for first in [MESSAGE, ": keep-alive\n\n"] {
        let world = World::streaming();
        world.write(PRIMING);
        world.write(first);
        let begun = Instant::now();
        let response = world.answer().await;
        assert_eq!(begun.elapsed(), Duration::ZERO, "H12: {first}");
        assert_eq!(response.status(), 200, "H12: {first}");
        assert_eq!(response.headers()[CONTENT_TYPE], "text/event-stream");
        // Now it is too late, and the tool returns what says the same.
        assert!(world.is_too_late(), "H12: {first}");
        let error = world.refuse();
        assert_eq!(
            (error.code(), error.message()),
            (403, "the token does not allow this"),
            "H12"
        );
        assert!(!(-32_768..=-32_000).contains(&error.code()), "H12");
        let named = error.data()["www-authenticate"]
            .as_str()
            .unwrap()
            .to_owned();
        assert!(
            named.contains("scope=\"math:read math:many\""),
            "H12: {named}"
        );
        world.write("data: {\"last\":true}\n\n");
        let text = world.text(response).await;
        let expected = format!("{PRIMING}{first}data: {{\"last\":true}}\n\n");
        assert_eq!(text, expected, "H12");
    }
}

#[tokio::test(start_paused = true)]
async fn h12_the_waiting_has_a_limit() {
    for (set, limit) in [
        (None, 15),
        (Some(Duration::from_secs(60)), 60),
        (Some(Duration::ZERO), 0),
    ] {
        let scopes = set.map_or(scopes(), |set| scopes().hold_answers_for(set));
        let world = World::new(scopes, &[("content-type", "text/event-stream")]);
        world.write(PRIMING);
        let begun = Instant::now();
        let response = world.answer().await;
        assert_eq!(begun.elapsed().as_secs(), limit, "H12");
        assert_eq!(response.status(), 200, "H12");
        assert!(world.is_too_late(), "H12");
        world.write(MESSAGE);
        let text = world.text(response).await;
        assert_eq!(text, format!("{PRIMING}{MESSAGE}"), "H12");
    }
}

#[tokio::test(start_paused = true)]
async fn h12_what_is_no_readable_stream_of_a_call_is_not_held_back() {
    for (method, headers) in [
        ("POST", &[("content-type", "application/json")][..]),
        ("POST", &[]),
        (
            "POST",
            &[
                ("content-type", "text/event-stream"),
                ("content-encoding", "gzip"),
            ],
        ),
        ("GET", &[("content-type", "text/event-stream")]),
    ] {
        let world = World::new(scopes(), headers);
        let mut request = world.post();
        *request.method_mut() = method.parse().unwrap();
        if method == "GET" {
            *request.body_mut() = Body::empty();
        }
        let begun = Instant::now();
        let response = world.app.clone().oneshot(request).await.unwrap();
        assert_eq!(begun.elapsed(), Duration::ZERO, "H12: {method} {headers:?}");
        let encoding = response.headers().get(CONTENT_ENCODING).is_some();
        assert_eq!(encoding, headers.len() == 2, "H12: {method}");
        world.write(PRIMING);
        assert_eq!(
            world.text(response).await,
            PRIMING,
            "H12: {method} {headers:?}"
        );
    }
}

/// A server that sends events without a message for ever holds no memory for ever.
#[tokio::test(start_paused = true)]
async fn h12_what_is_held_back_is_bounded() {
    static LONG: &str = "id: 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcd\n\n";
    for frame in [LONG, ""] {
        // Each costs 64 bytes besides its own.
        let frames = (64 * 1024_usize).div_ceil(frame.len() + 64);
        let world = World::streaming();
        for _ in 0..frames - 1 {
            world.write(frame);
        }
        let mut answer = tokio::spawn(world.answer());
        let early = tokio::time::timeout(Duration::from_secs(14), &mut answer).await;
        assert!(early.is_err(), "H12: {frame:?}");
        world.write(frame);
        let response = answer.await.unwrap();
        let text = world.text(response).await;
        assert_eq!(text.len(), frame.len() * frames, "H12");
    }
}

#[tokio::test(start_paused = true)]
async fn h12_a_client_that_goes_away_while_it_waits_leaves_nothing() {
    let world = World::streaming();
    world.write(PRIMING);
    let answer = world.answer();
    let waited = tokio::time::timeout(Duration::from_secs(5), answer).await;
    assert!(waited.is_err(), "H12");
    assert_eq!(Arc::strong_count(&world.alive), 1, "H12");
    assert!(world.writer.unwrap().is_closed(), "H12");
}
