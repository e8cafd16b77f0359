//! Answers that are held back until their first message, while another answer may replace them.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, HttpBody};
use bytes::Bytes;
use http::Response;
use http_body::Frame;

use super::event_stream::{self, MessageFinder};

/// What is held back of one answer, in bytes.
const MAX_HELD_BYTES: usize = 64 * 1024;
/// What a frame costs besides its bytes. So frames without bytes have an end too.
const FRAME_BYTES: usize = 64;

/// Waits for the first message of an event stream, for at most this time. Other answers are given
/// back at once. If this future is dropped, the answer is dropped with it.
pub(super) async fn until_message(response: Response<Body>, limit: Duration) -> Response<Body> {
    if limit.is_zero() || !event_stream::is_readable(response.headers()) {
        return response;
    }
    let (parts, rest) = response.into_parts();
    let mut held = Held {
        first: VecDeque::new(),
        rest,
    };
    // The frames that came before the end of the time are kept.
    let _ = tokio::time::timeout(limit, held.read_to_message()).await;
    Response::from_parts(parts, Body::new(held))
}

/// A body whose first frames were read already.
struct Held {
    first: VecDeque<Result<Frame<Bytes>, axum::Error>>,
    rest: Body,
}

impl Held {
    async fn read_to_message(&mut self) {
        let mut finder = MessageFinder::new();
        let mut bytes = 0;
        while bytes < MAX_HELD_BYTES {
            let next = poll_fn(|context| Pin::new(&mut self.rest).poll_frame(context)).await;
            let Some(frame) = next else {
                return;
            };
            // Trailers and a failure are the end.
            let data = frame.as_ref().ok().and_then(Frame::data_ref);
            let is_awaited = data.is_none_or(|data| finder.finds_in(data));
            bytes += FRAME_BYTES + data.map_or(0, Bytes::len);
            self.first.push_back(frame);
            if is_awaited {
                return;
            }
        }
    }
}

impl HttpBody for Held {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        match self.first.pop_front() {
            Some(frame) => Poll::Ready(Some(frame)),
            None => Pin::new(&mut self.rest).poll_frame(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.first.is_empty() && self.rest.is_end_stream()
    }
}
