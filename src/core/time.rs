//! Points in time in the form of JWT, and the clock that the rest of the crate uses.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Seconds from 0000-01-01T00:00:00Z to 1970-01-01T00:00:00Z, in the proleptic Gregorian calendar.
const YEAR_0_TO_1970: i64 = 62_167_219_200;
/// The first year that has five digits.
const YEAR_10000: u64 = 10_000;
const SECONDS_PER_DAY: u64 = 86_400;

/// Seconds since 1970-01-01T00:00:00Z, without leap seconds (RFC 7519 section 2, "NumericDate").
///
/// Arithmetic saturates, so no time in a token makes it wrap or panic. Conversions to and from
/// [`SystemTime`] are always there. Those of `time::OffsetDateTime` need the feature `time`.
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
    /// Makes a date from seconds since 1970. They are negative before it.
    pub const fn from_secs(seconds: i64) -> Self {
        NumericDate(seconds)
    }

    /// Seconds since 1970; negative before it.
    pub const fn as_secs(self) -> i64 {
        self.0
    }

    /// Later by the whole seconds of the duration.
    #[must_use]
    pub fn saturating_add(self, duration: Duration) -> Self {
        NumericDate(self.0.saturating_add_unsigned(duration.as_secs()))
    }

    /// Earlier by the whole seconds of the duration.
    #[must_use]
    pub fn saturating_sub(self, duration: Duration) -> Self {
        NumericDate(self.0.saturating_sub_unsigned(duration.as_secs()))
    }

    /// The time from `earlier` to this moment. Zero if `earlier` is later.
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
    /// RFC 3339 in UTC for the years 0000 to 9999, else the number of seconds.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let since_year_0 = self.0.checked_add(YEAR_0_TO_1970);
        let Some(seconds) = since_year_0.and_then(|seconds| u64::try_from(seconds).ok()) else {
            return write!(f, "{}", self.0);
        };
        let (year, month, day) = civil_date(seconds / SECONDS_PER_DAY);
        if year >= YEAR_10000 {
            return write!(f, "{}", self.0);
        }
        let second = seconds % SECONDS_PER_DAY;
        let (hour, minute) = (second / 3_600, second / 60 % 60);
        let second = second % 60;
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"
        )
    }
}

/// Year, month and day in the proleptic Gregorian calendar of a day that is counted from
/// 0000-01-01.
fn civil_date(days: u64) -> (u64, u64, u64) {
    // 400 years have 146,097 days. The mean year finds the year, or one next to it.
    let mean = days / 146_097 * 400 + days % 146_097 * 400 / 146_097;
    let year = if first_day_of(mean) > days {
        mean - 1
    } else if first_day_of(mean + 1) <= days {
        mean + 1
    } else {
        mean
    };
    let is_leap = first_day_of(year + 1) - first_day_of(year) == 366;
    let february = if is_leap { 29 } else { 28 };
    let mut day = days - first_day_of(year);
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30] {
        if day < length {
            break;
        }
        day -= length;
        month += 1;
    }
    (year, month, day + 1)
}

/// The day of January 1st, counted from 0000-01-01.
fn first_day_of(year: u64) -> u64 {
    let leap_days = year.div_ceil(4) - year.div_ceil(100) + year.div_ceil(400);
    365 * year + leap_days
}

/// The other type can't hold the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the time is out of range")]
pub struct TimeRangeError;

#[cfg(feature = "time")]
impl TryFrom<NumericDate> for time::OffsetDateTime {
    type Error = TimeRangeError;

    /// # Errors
    /// Outside the years -9999 to 9999.
    fn try_from(date: NumericDate) -> Result<Self, Self::Error> {
        time::OffsetDateTime::from_unix_timestamp(date.0).map_err(|_| TimeRangeError)
    }
}

impl TryFrom<NumericDate> for SystemTime {
    type Error = TimeRangeError;

    /// # Errors
    /// The platform's clock can't hold the moment.
    fn try_from(date: NumericDate) -> Result<Self, Self::Error> {
        let distance = Duration::from_secs(date.0.unsigned_abs());
        let moment = if date.0 >= 0 {
            UNIX_EPOCH.checked_add(distance)
        } else {
            UNIX_EPOCH.checked_sub(distance)
        };
        moment.ok_or(TimeRangeError)
    }
}

#[cfg(feature = "time")]
impl From<time::OffsetDateTime> for NumericDate {
    /// A fraction of a second is rounded down.
    fn from(moment: time::OffsetDateTime) -> Self {
        NumericDate(moment.unix_timestamp())
    }
}

/// The source of the current time: `SystemClock` in production, `testing::ManualClock` in tests.
///
/// ```
/// use resource_server::{NumericDate, clock::Clock};
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
    /// Wall-clock time, for comparison with the times in a token. It may jump.
    fn now(&self) -> NumericDate;

    /// Time since a fixed moment. It never goes back, and may stop while a process is frozen.
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
            let _ = SystemTime::try_from(date);
            let later = date.saturating_add(Duration::MAX);
            assert!(later >= date);
            assert!(date.saturating_sub(Duration::MAX) <= date);
            assert_eq!(date.since(later), Duration::ZERO);
        }
    }

    #[test]
    fn c11_a_date_is_written_as_rfc_3339_from_year_0_to_9999() {
        let table = [
            (i64::MIN, "-9223372036854775808"),
            (-62_167_219_201, "-62167219201"),
            (-62_167_219_200, "0000-01-01T00:00:00Z"),
            (-62_162_035_201, "0000-02-29T23:59:59Z"),
            (-1, "1969-12-31T23:59:59Z"),
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_700_000_000, "2023-11-14T22:13:20Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
            (253_402_300_799, "9999-12-31T23:59:59Z"),
            (253_402_300_800, "253402300800"),
            (i64::MAX, "9223372036854775807"),
        ];
        for (seconds, expected) in table {
            assert_eq!(NumericDate::from_secs(seconds).to_string(), expected);
        }
    }

    /// Every day, against an independent implementation.
    #[test]
    fn c11_every_day_from_year_0_to_9999_is_the_one_of_the_crate_time() {
        let mut date = time::Date::from_calendar_date(0, time::Month::January, 1).unwrap();
        for days in 0..first_day_of(YEAR_10000) {
            let (year, month, day) = civil_date(days);
            let found = (
                i32::try_from(year).unwrap(),
                u8::try_from(month).unwrap(),
                u8::try_from(day).unwrap(),
            );
            let expected = (date.year(), u8::from(date.month()), date.day());
            assert_eq!(found, expected, "day {days}");
            date = date.next_day().unwrap_or(date);
        }
        assert_eq!(
            date,
            time::Date::from_calendar_date(9999, time::Month::December, 31).unwrap()
        );
    }

    #[cfg(feature = "time")]
    #[test]
    fn c11_conversions_of_the_crate_time_hold_its_whole_range() {
        for seconds in [-377_705_116_800, -1, 0, 1_700_000_000, 253_402_300_799] {
            let date = NumericDate::from_secs(seconds);
            let moment = time::OffsetDateTime::try_from(date).unwrap();
            assert_eq!(moment.unix_timestamp(), seconds);
            assert_eq!(NumericDate::from(moment), date);
        }
        for seconds in [i64::MIN, -377_705_116_801, 253_402_300_800, i64::MAX] {
            let date = NumericDate::from_secs(seconds);
            assert_eq!(time::OffsetDateTime::try_from(date), Err(TimeRangeError));
        }
        let half = time::OffsetDateTime::from_unix_timestamp_nanos(-500_000_000).unwrap();
        assert_eq!(NumericDate::from(half).as_secs(), -1);
    }

    #[test]
    fn a_moment_before_1970_is_negative() {
        let moment = UNIX_EPOCH - Duration::from_secs(5);
        assert_eq!(NumericDate::from_system_time(moment).as_secs(), -5);
        assert_eq!(SystemTime::try_from(NumericDate::from_secs(-5)), Ok(moment));
    }
}
