//! Streams that end with their token.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, HttpBody};
use bytes::Bytes;
use http::Response;
use http_body::Frame;

use super::event_stream;
use crate::core::AccessToken;
use crate::error::Error;
use crate::validator::Validator;

/// Ends an event stream when its token is no longer accepted. Other answers are given back.
pub(super) fn with_token(
    response: Response<Body>,
    validator: Validator,
    token: AccessToken,
) -> Response<Body> {
    if !event_stream::is_event_stream(response.headers()) {
        return response;
    }
    let refused = Box::pin(async move { validator.until_refused(&token).await });
    response.map(|stream| Body::new(Ending { stream, refused }))
}

struct Ending {
    stream: Body,
    refused: Pin<Box<dyn Future<Output = Error> + Send>>,
}

impl HttpBody for Ending {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if !self.stream.is_end_stream() && self.refused.as_mut().poll(context).is_ready() {
            // Dropping the rest tells the server behind that no one reads it any more.
            self.stream = Body::empty();
        }
        Pin::new(&mut self.stream).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.stream.is_end_stream()
    }
}
