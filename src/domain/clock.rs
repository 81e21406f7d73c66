//! The time, as an argument: [`Timestamp`] is a point in time, [`Clock`] tells the present one.
//!
//! This is the only file that asks the machine for the time. Everything else is handed a clock,
//! so that a test can say what time it is. Waiting is not done here and never by these stamps:
//! timers are monotonic, so that a jump of the wall clock neither stalls nor floods anyone.

use std::fmt;
use std::ops::{Add, Sub};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A point in time in nanoseconds since 1970-01-01T00:00:00Z, between the years 1677 and 2262.
///
/// Arithmetic saturates at the ends of that range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// 1970-01-01T00:00:00Z.
    pub const UNIX_EPOCH: Self = Self(0);

    /// The point `nanos` nanoseconds after the Unix epoch.
    #[must_use]
    pub const fn from_unix_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// The point `millis` milliseconds after the Unix epoch, saturating.
    #[must_use]
    pub const fn from_unix_millis(millis: i64) -> Self {
        Self(millis.saturating_mul(1_000_000))
    }

    /// Nanoseconds since the Unix epoch.
    #[must_use]
    pub const fn as_unix_nanos(self) -> i64 {
        self.0
    }

    /// Whole seconds since the Unix epoch, rounded towards the past.
    #[must_use]
    pub const fn as_unix_seconds(self) -> i64 {
        self.0.div_euclid(1_000_000_000)
    }

    /// Whole milliseconds since the Unix epoch, rounded towards the past; 0 for a point before it.
    #[must_use]
    pub fn as_unix_millis(self) -> u64 {
        u64::try_from(self.0.div_euclid(1_000_000)).unwrap_or(0)
    }

    /// How long after `earlier` this point lies; zero if it lies before.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

impl Add<Duration> for Timestamp {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(saturating_nanos(duration)))
    }
}

impl Sub<Duration> for Timestamp {
    type Output = Self;

    fn sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(saturating_nanos(duration)))
    }
}

impl From<Timestamp> for prost_types::Timestamp {
    fn from(timestamp: Timestamp) -> Self {
        let nanos = timestamp.0.rem_euclid(1_000_000_000);
        Self {
            seconds: timestamp.as_unix_seconds(),
            nanos: i32::try_from(nanos).expect("a remainder below a billion fits"),
        }
    }
}

/// RFC 3339 in UTC with `Z`, with 0, 3, 6 or 9 digits of fraction as needed.
impl fmt::Display for Timestamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        prost_types::Timestamp::from(*self).fmt(formatter)
    }
}

fn saturating_nanos(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}

/// Tells the present time.
pub trait Clock: Send + Sync + 'static {
    /// The present, by the wall clock. It may jump in either direction between two calls.
    fn now(&self) -> Timestamp;

    /// How much time has passed since some fixed start. It never jumps and never goes back.
    fn monotonic(&self) -> Duration;
}

/// How far the wall clock may be off from the monotonic one between two looks before it counts as
/// set: far more than the machine's is slewed by, and hardly noticed in a retry.
pub const JUMP_MIN: Duration = Duration::from_secs(5);

/// Notices when somebody sets the wall clock, by comparing how far it and the monotonic clock went.
#[derive(Clone, Copy, Debug)]
pub struct ClockWatch {
    now: Timestamp,
    monotonic: Duration,
}

/// The wall clock was set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Jump {
    /// What time it would be.
    pub from: Timestamp,
    /// What time it is.
    pub to: Timestamp,
    /// What the new time was at the look before: nothing is stamped with an earlier one of the new.
    pub first: Timestamp,
}

impl ClockWatch {
    /// Looks at the clock for the first time.
    #[must_use]
    pub fn new(clock: &dyn Clock) -> Self {
        Self { now: clock.now(), monotonic: clock.monotonic() }
    }

    /// What the clock said at the last look.
    #[must_use]
    pub const fn last_look(&self) -> Timestamp {
        self.now
    }

    /// Looks again: whether it was set since the last look.
    pub fn look(&mut self, clock: &dyn Clock) -> Option<Jump> {
        let before = std::mem::replace(self, Self::new(clock));
        let passed = self.monotonic.saturating_sub(before.monotonic);
        let jump = Jump { from: before.now + passed, to: self.now, first: self.now - passed };
        let size = jump.to.since(jump.from).max(jump.from.since(jump.to));
        (size >= JUMP_MIN).then_some(jump)
    }
}

impl Jump {
    /// Nanoseconds that were gained; negative where the clock was set back.
    #[must_use]
    pub const fn nanos(self) -> i64 {
        self.to.0.saturating_sub(self.from.0)
    }

    /// Whether the clock was set back.
    #[must_use]
    pub const fn is_back(self) -> bool {
        self.nanos() < 0
    }
}

/// The machine's clock.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock {
    start: Instant,
}

impl SystemClock {
    /// The machine's clock; its monotonic time starts now.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    #[must_use]
    pub fn new() -> Self {
        Self { start: Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the wall clock")]
    fn now(&self) -> Timestamp {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp(saturating_nanos(since_epoch))
    }

    fn monotonic(&self) -> Duration {
        self.start.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timestamp_prints_as_rfc_3339_with_as_many_digits_as_needed() {
        let at = |nanos| Timestamp::from_unix_nanos(nanos).to_string();
        assert_eq!(at(1_781_087_400_000_000_000), "2026-06-10T10:30:00Z");
        assert_eq!(at(1_781_087_400_500_000_000), "2026-06-10T10:30:00.500Z");
        assert_eq!(at(1_781_087_400_000_120_000), "2026-06-10T10:30:00.000120Z");
        assert_eq!(at(1_781_087_400_000_000_001), "2026-06-10T10:30:00.000000001Z");
        assert_eq!(at(-1), "1969-12-31T23:59:59.999999999Z");
    }

    struct SetClock {
        now: Timestamp,
        monotonic: Duration,
    }

    impl Clock for SetClock {
        fn now(&self) -> Timestamp {
            self.now
        }

        fn monotonic(&self) -> Duration {
            self.monotonic
        }
    }

    #[test]
    fn a_clock_that_is_set_jumps_once_and_one_that_goes_or_is_slewed_does_not() {
        let second = Duration::from_secs(1);
        let day = Duration::from_hours(24);
        let at = |seconds: u32, off: u32, back: Duration| SetClock {
            now: Timestamp::UNIX_EPOCH + 9 * day + seconds * second + off * second - back,
            monotonic: seconds * second,
        };
        let mut watch = ClockWatch::new(&at(0, 0, Duration::ZERO));
        assert_eq!(watch.look(&at(1, 0, Duration::ZERO)), None);
        assert_eq!(watch.look(&at(3_600, 1, Duration::ZERO)), None, "a second in an hour");
        let jump = watch.look(&at(3_602, 1, day)).expect("it was set back");
        assert!(jump.is_back());
        assert_eq!(jump.from, at(3_602, 1, Duration::ZERO).now);
        assert_eq!(jump.to, at(3_602, 1, day).now);
        assert_eq!(jump.first, at(3_600, 1, day).now);
        assert_eq!(watch.look(&at(3_603, 1, day)), None);
        let jump = watch.look(&at(3_604, 1, Duration::ZERO)).expect("it was set forward");
        assert_eq!(jump.nanos().unsigned_abs(), u64::try_from(day.as_nanos()).unwrap());
        assert!(!jump.is_back());
    }

    #[test]
    fn arithmetic_saturates_instead_of_wrapping() {
        let last = Timestamp::from_unix_nanos(i64::MAX);
        assert_eq!(last + Duration::MAX, last);
        assert_eq!(Timestamp::UNIX_EPOCH.since(last), Duration::ZERO);
    }
}
