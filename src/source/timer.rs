//! A limit on waiting, on whatever runtime.

use std::future::{Future, poll_fn};
use std::panic::AssertUnwindSafe;
use std::task::Poll;
use std::time::Duration;

use super::SourceError;

/// A timer of the runtime that this is called on. A runtime that has none, or is shutting down, says so by a panic and in no
/// other way; that is not our caller's to bear.
pub(super) fn timer(after: Duration) -> Result<impl Future<Output = ()>, SourceError> {
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
