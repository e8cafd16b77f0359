//! An event stream and a WebSocket in axum that end when their token does: at its expiry, when its
//! key is withdrawn, or when it is revoked at its introspection endpoint.

use std::convert::Infallible;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::response::Response;
use axum::response::sse::{Event, Sse};
use axum::routing::get;
use futures_util::{Stream, StreamExt};
use resource_server::{AccessToken, Error, Validator};
use tokio_stream::wrappers::IntervalStream;

/// The subprotocol that a browser names before the token: `new WebSocket(url, ["bearer", token])`.
/// The handshake selects it, and never the token.
pub const MARKER: &str = "bearer";

/// The API's routes. The Validator is their state, since a connection asks it again.
pub fn router(validator: Validator) -> Router {
    Router::new()
        .route("/events", get(events))
        .route("/socket", get(socket))
        .layer(validator.protect())
        .with_state(validator)
}

fn ticks() -> IntervalStream {
    IntervalStream::new(tokio::time::interval(Duration::from_secs(1)))
}

/// Ends without a word. The client connects again, and that request gets the answer.
async fn events(
    State(validator): State<Validator>,
    token: AccessToken,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let end = async move { validator.until_refused(&token).await };
    let events = ticks().map(|_| Ok(Event::default().data("tick")));
    Sse::new(events.take_until(Box::pin(end)))
}

async fn socket(
    State(validator): State<Validator>,
    token: AccessToken,
    upgrade: WebSocketUpgrade,
) -> Response {
    upgrade
        .protocols([MARKER])
        .on_upgrade(|socket| talk(socket, validator, token))
}

async fn talk(mut socket: WebSocket, validator: Validator, token: AccessToken) {
    let error = tokio::select! {
        () = echo(&mut socket) => return,
        error = validator.until_refused(&token) => error,
    };
    eprintln!("{}", error.explain());
    let code = match error {
        Error::Rejected(_) => close_code::POLICY,
        _ => close_code::AGAIN,
    };
    let frame = CloseFrame {
        code,
        reason: "the token has ended".into(),
    };
    // The client may be gone already.
    let _ = socket.send(Message::Close(Some(frame))).await;
}

async fn echo(socket: &mut WebSocket) {
    while let Some(Ok(message)) = socket.recv().await {
        if matches!(message, Message::Text(_)) && socket.send(message).await.is_err() {
            return;
        }
    }
}
