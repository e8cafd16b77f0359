//! The machine's clocks.

use std::time::{Duration, Instant, SystemTime};

use crate::core::NumericDate;

pub use crate::core::Clock;

/// The machine's own clocks. A [`Validator`](crate::Validator) uses them unless you set another
/// [`Clock`].
///
/// ```
/// use resource_server::clock::{Clock, SystemClock};
///
/// assert!(SystemClock::new().now().as_secs() > 1_700_000_000);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct SystemClock {
    started: Instant,
}

impl SystemClock {
    /// The monotonic time starts at zero with this call.
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
