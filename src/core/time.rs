//! Points in time as JWT writes them, and the clock that the crate reads.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Seconds since 1970-01-01T00:00:00Z, leap seconds ignored (RFC 7519 section 2, "NumericDate").
///
/// Arithmetic saturates, so that no time in a token can make it wrap or panic.
///
/// ```
/// use resource_server::NumericDate;
/// use std::time::Duration;
///
/// let issued = NumericDate::from_secs(1_700_000_000);
/// assert_eq!(issued.saturating_add(Duration::from_secs(60)).as_secs(), 1_700_000_060);
/// assert_eq!(issued.to_string(), "2023-11-14T22:13:20Z");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NumericDate(i64);

impl NumericDate {
    /// Makes it of seconds since 1970; negative before it.
    pub const fn from_secs(seconds: i64) -> Self {
        NumericDate(seconds)
    }

    /// Seconds since 1970; negative before it.
    pub const fn as_secs(self) -> i64 {
        self.0
    }

    /// Later by whole seconds; a fraction of a second is dropped.
    #[must_use]
    pub fn saturating_add(self, duration: Duration) -> Self {
        NumericDate(self.0.saturating_add_unsigned(duration.as_secs()))
    }

    /// Earlier by whole seconds; a fraction of a second is dropped.
    #[must_use]
    pub fn saturating_sub(self, duration: Duration) -> Self {
        NumericDate(self.0.saturating_sub_unsigned(duration.as_secs()))
    }

    /// The time from `earlier` until this moment; zero if it has passed.
    #[must_use]
    pub fn since(self, earlier: NumericDate) -> Duration {
        Duration::from_secs(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    pub(crate) fn from_system_time(time: SystemTime) -> Self {
        match time.duration_since(UNIX_EPOCH) {
            Ok(after) => NumericDate(i64::try_from(after.as_secs()).unwrap_or(i64::MAX)),
            Err(before) => {
                let seconds = i64::try_from(before.duration().as_secs()).unwrap_or(i64::MAX);
                NumericDate(seconds.saturating_neg())
            }
        }
    }
}

impl fmt::Display for NumericDate {
    /// Writes RFC 3339 in UTC if the year has four digits, else the number of seconds.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match time::OffsetDateTime::try_from(*self) {
            Ok(t) => write!(
                f,
                "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
                t.year(),
                u8::from(t.month()),
                t.day(),
                t.hour(),
                t.minute(),
                t.second()
            ),
            Err(_) => write!(f, "{}", self.0),
        }
    }
}

/// The moment is outside the range of the other type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the time is out of range")]
pub struct TimeOutOfRange;

impl TryFrom<NumericDate> for time::OffsetDateTime {
    type Error = TimeOutOfRange;

    /// # Errors
    /// The moment is outside the years -9999 to 9999.
    fn try_from(date: NumericDate) -> Result<Self, Self::Error> {
        time::OffsetDateTime::from_unix_timestamp(date.0).map_err(|_| TimeOutOfRange)
    }
}

impl TryFrom<NumericDate> for SystemTime {
    type Error = TimeOutOfRange;

    /// # Errors
    /// The platform's clock can't represent the moment.
    fn try_from(date: NumericDate) -> Result<Self, Self::Error> {
        let distance = Duration::from_secs(date.0.unsigned_abs());
        let moment = if date.0 >= 0 {
            UNIX_EPOCH.checked_add(distance)
        } else {
            UNIX_EPOCH.checked_sub(distance)
        };
        moment.ok_or(TimeOutOfRange)
    }
}

impl From<time::OffsetDateTime> for NumericDate {
    fn from(moment: time::OffsetDateTime) -> Self {
        NumericDate(moment.unix_timestamp())
    }
}

/// The source of the current time. `SystemClock` in production, `testing::ManualClock` in tests.
///
/// ```
/// use resource_server::{Clock, NumericDate};
/// use std::time::Duration;
///
/// struct Noon;
/// impl Clock for Noon {
///     fn now(&self) -> NumericDate { NumericDate::from_secs(43_200) }
///     fn monotonic(&self) -> Duration { Duration::ZERO }
/// }
/// assert_eq!(Noon.now().to_string(), "1970-01-01T12:00:00Z");
/// ```
pub trait Clock: Send + Sync + 'static {
    /// Wall-clock time, which the times in a token are compared with. It may jump.
    fn now(&self) -> NumericDate;

    /// Time since a fixed moment; it never goes back. It may stop while a process is frozen.
    fn monotonic(&self) -> Duration;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c11_the_ends_of_the_range_neither_wrap_nor_panic() {
        for seconds in [i64::MIN, i64::MAX, 253_402_300_800, -253_402_300_800, 0] {
            let date = NumericDate::from_secs(seconds);
            let _ = date.to_string();
            let _ = time::OffsetDateTime::try_from(date);
            let _ = SystemTime::try_from(date);
            let later = date.saturating_add(Duration::MAX);
            assert!(later >= date);
            assert!(date.saturating_sub(Duration::MAX) <= date);
            assert_eq!(date.since(later), Duration::ZERO);
        }
        assert!(time::OffsetDateTime::try_from(NumericDate::from_secs(253_402_300_800)).is_err());
        assert_eq!(
            NumericDate::from_secs(253_402_300_800).to_string(),
            "253402300800"
        );
    }

    #[test]
    fn a_moment_before_1970_is_negative() {
        let moment = UNIX_EPOCH - Duration::from_secs(5);
        assert_eq!(NumericDate::from_system_time(moment).as_secs(), -5);
        assert_eq!(SystemTime::try_from(NumericDate::from_secs(-5)), Ok(moment));
    }
}
