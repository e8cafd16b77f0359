//! What is needed of a tokio runtime: that it is there, and a limit on waiting.

use std::future::{Future, poll_fn};
use std::panic::AssertUnwindSafe;
use std::task::Poll;
use std::time::Duration;

use tokio::runtime::Handle;

use super::SourceError;

/// Why work panicked, as far as anyone knows.
pub(super) const PANICKED: &str =
    "the fetch panicked: was it on a runtime without I/O and time (enable_all)?";

/// The runtime that this is called on.
pub(super) fn runtime() -> Result<Handle, SourceError> {
    Handle::try_current().map_err(|error| {
        let what =
            "an authorization server is called on a tokio runtime, and this call is outside of one";
        SourceError::new(what).caused_by(error).outside_runtime()
    })
}

/// A timer of the runtime that this is called on. A runtime that has no timer, or is shutting down,
/// reports that only by a panic. The panic must not reach the caller.
///
/// # Errors
/// There is no runtime, which is found without a panic, or there is no timer.
pub(super) fn timer(after: Duration) -> Result<impl Future<Output = ()>, SourceError> {
    runtime()?;
    let sleep = std::panic::catch_unwind(|| tokio::time::sleep(after)).map_err(|_| {
        SourceError::new(
            "an issuer is asked on a tokio runtime with I/O and time: build it with enable_all",
        )
    })?;
    let mut sleep = Box::pin(sleep);
    Ok(poll_fn(move |context| {
        let poll = AssertUnwindSafe(|| sleep.as_mut().poll(context));
        std::panic::catch_unwind(poll).unwrap_or(Poll::Ready(()))
    }))
}
