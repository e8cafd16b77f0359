//! Row H10: connections that outlive a request, whose token is checked again.

#[cfg(feature = "fetch")]
mod fetched_keys;
#[cfg(feature = "fetch")]
mod introspected;
mod own_sources;
mod same_key;
mod time;
#[cfg(feature = "fetch")]
mod watch;

use resource_server::{AccessToken, Error, Validator};

/// The token if it is still accepted, so that the verdict is read as that of a request.
async fn again(validator: &Validator, token: &AccessToken) -> Result<AccessToken, Error> {
    let judged = validator.revalidate(token).await;
    judged.map(|()| token.clone())
}

/// The same without waiting.
#[cfg(feature = "fetch")]
fn at_once(validator: &Validator, token: &AccessToken) -> Result<(), Error> {
    use std::task::{Context, Poll, Waker};

    let judged = std::pin::pin!(validator.revalidate(token));
    match judged.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(judged) => judged,
        Poll::Pending => panic!("it waits"),
    }
}
