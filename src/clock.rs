//! The machine's clocks.

use std::time::{Duration, Instant, SystemTime};

use crate::core::{Clock, NumericDate};

/// The machine's own clocks: what a [`Validator`](crate::Validator) uses unless it is given another [`Clock`].
///
/// ```
/// use resource_server::{Clock, SystemClock};
///
/// assert!(SystemClock::new().now().as_secs() > 1_700_000_000);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct SystemClock {
    started: Instant,
}

impl SystemClock {
    /// Its monotonic time counts from this call.
    pub fn new() -> Self {
        SystemClock {
            started: Instant::now(),
        }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> NumericDate {
        NumericDate::from_system_time(SystemTime::now())
    }

    fn monotonic(&self) -> Duration {
        self.started.elapsed()
    }
}
