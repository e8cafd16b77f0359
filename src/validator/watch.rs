//! Watching an accepted token while a connection is open.

use std::time::Duration;

use super::Validator;
use super::revalidation::SHORTEST_LOOK;
use crate::core::AccessToken;
use crate::error::{Error, Unavailable};

/// So many looks in a row may find an outage before the connection ends.
const TOLERATED_OUTAGES: u32 = 3;
/// A look may wait this long for a source or a check of the API's own, which have no time limit by
/// themselves.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

impl Validator {
    /// Waits until an accepted token is no longer accepted, and gives the reason: for a connection
    /// that outlives its request, such as a WebSocket or an event stream. Wait for it beside the
    /// work of the connection, and end the connection when it is done.
    ///
    /// It calls [`revalidate`](Validator::revalidate) after each
    /// [`next_look`](Validator::next_look). Three looks in a row that find an outage are tolerated;
    /// the fourth ends with [`Error::Unavailable`]. A look that takes longer than 60 seconds, or
    /// than the [`time_left`](Validator::time_left), counts as one of them. It needs a tokio
    /// runtime with time enabled. Dropping it is always safe.
    ///
    /// ```
    /// use resource_server::{AccessToken, Error, Validator};
    ///
    /// async fn serve(
    ///     validator: &Validator,
    ///     token: &AccessToken,
    ///     connection: impl Future<Output = ()>,
    /// ) -> Result<(), Error> {
    ///     tokio::select! {
    ///         () = connection => Ok(()),
    ///         error = validator.until_refused(token) => Err(error),
    ///     }
    /// }
    /// ```
    pub async fn until_refused(&self, token: &AccessToken) -> Error {
        let mut outages = 0;
        loop {
            tokio::time::sleep(self.next_look(token)).await;
            match self.look(token).await {
                Ok(()) => outages = 0,
                Err(Error::Unavailable(_)) if outages < TOLERATED_OUTAGES => outages += 1,
                Err(error) => return error,
            }
        }
    }

    /// A wait without an end would keep the connection open after the end of its token.
    async fn look(&self, token: &AccessToken) -> Result<(), Error> {
        let left = self.time_left(token).unwrap_or(LONGEST_WAIT);
        let limit = left.clamp(SHORTEST_LOOK, LONGEST_WAIT);
        let judging = self.begin();
        match tokio::time::timeout(limit, self.revalidate(token)).await {
            Ok(looked) => looked,
            Err(_) => Err(self.refuse_again(judging, Unavailable::of_look(limit).into(), token)),
        }
    }
}
