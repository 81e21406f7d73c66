//! What became of many deliveries, in figures.

use super::clock::Timestamp;
use super::delivery::DeliveryState;
use super::latency::LatencyHistogram;

/// An hour of UTC, counted from 1970 on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hour(i32);

impl Hour {
    /// Nanoseconds of one.
    pub const NANOS: i64 = 3_600_000_000_000;

    /// The hour that a time is in.
    #[must_use]
    pub fn of(time: Timestamp) -> Self {
        let number = time.as_unix_nanos().div_euclid(Self::NANOS);
        Self(i32::try_from(number).expect("64 bits of nanoseconds are some 5 million hours"))
    }

    /// The first hour that begins at a time or later.
    #[must_use]
    pub fn from(time: Timestamp) -> Self {
        let begun = Self::of(time);
        if begun.start() == time { begun } else { Self::after(time) }
    }

    /// The hour that follows on that of a time.
    #[must_use]
    pub fn after(time: Timestamp) -> Self {
        Self(Self::of(time).0 + 1)
    }

    /// When it begins; the last time there is where it would begin after that.
    #[must_use]
    pub fn start(self) -> Timestamp {
        Timestamp::from_unix_nanos(i64::from(self.0).saturating_mul(Self::NANOS))
    }

    /// The hour in its stored form.
    #[must_use]
    pub const fn number(self) -> i32 {
        self.0
    }

    /// The hour that was stored.
    #[must_use]
    pub const fn from_number(number: i32) -> Self {
        Self(number)
    }
}

/// How many deliveries are in which state, and how long their attempts took. Also how these figures
/// change: then a count may be negative.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeliveryStats {
    /// PENDING.
    pub pending: i64,
    /// RETRYING.
    pub retrying: i64,
    /// SUCCEEDED.
    pub succeeded: i64,
    /// FAILED.
    pub failed: i64,
    /// CANCELLED.
    pub cancelled: i64,
    /// Every attempt that has ended.
    pub attempts: LatencyHistogram,
}

impl DeliveryStats {
    /// So many deliveries came into a state, from another or as new ones.
    pub fn moved(&mut self, from: Option<DeliveryState>, to: DeliveryState, count: i64) {
        if let Some(from) = from {
            *self.of_state(from) -= count;
        }
        *self.of_state(to) += count;
    }

    /// Adds the figures of others.
    pub fn add(&mut self, other: &Self) {
        self.pending += other.pending;
        self.retrying += other.retrying;
        self.succeeded += other.succeeded;
        self.failed += other.failed;
        self.cancelled += other.cancelled;
        self.attempts.add_all(&other.attempts);
    }

    /// The same without what is below zero.
    #[must_use]
    pub fn not_negative(self) -> Self {
        Self {
            pending: self.pending.max(0),
            retrying: self.retrying.max(0),
            succeeded: self.succeeded.max(0),
            failed: self.failed.max(0),
            cancelled: self.cancelled.max(0),
            attempts: self.attempts,
        }
    }

    fn of_state(&mut self, state: DeliveryState) -> &mut i64 {
        match state {
            DeliveryState::Pending => &mut self.pending,
            DeliveryState::Retrying => &mut self.retrying,
            DeliveryState::Succeeded => &mut self.succeeded,
            DeliveryState::Failed => &mut self.failed,
            DeliveryState::Cancelled => &mut self.cancelled,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_begins_with_its_first_nanosecond() {
        let at = Timestamp::from_unix_nanos;
        for (nanos, of, from) in [
            (0, 0, 0),
            (1, 0, 1),
            (Hour::NANOS - 1, 0, 1),
            (Hour::NANOS, 1, 1),
            (-1, -1, 0),
            (i64::MAX, 2_562_047, 2_562_048),
        ] {
            assert_eq!((Hour::of(at(nanos)).0, Hour::from(at(nanos)).0), (of, from), "{nanos}");
        }
        assert_eq!(Hour::from(at(i64::MAX)).start(), at(i64::MAX));
        assert_eq!(Hour::from_number(7).start(), at(7 * Hour::NANOS));
    }

    #[test]
    fn a_delivery_is_counted_in_the_state_that_it_came_to() {
        let mut stats = DeliveryStats::default();
        stats.moved(None, DeliveryState::Pending, 3);
        stats.moved(Some(DeliveryState::Pending), DeliveryState::Retrying, 2);
        stats.moved(Some(DeliveryState::Retrying), DeliveryState::Retrying, 1);
        stats.moved(Some(DeliveryState::Retrying), DeliveryState::Failed, 1);
        let expected =
            DeliveryStats { pending: 1, retrying: 1, failed: 1, ..DeliveryStats::default() };
        assert_eq!(stats, expected);
        let mut twice = stats.clone();
        twice.add(&stats);
        assert_eq!((twice.pending, twice.failed, twice.succeeded), (2, 2, 0));
        stats.moved(Some(DeliveryState::Cancelled), DeliveryState::Pending, 5);
        assert_eq!((stats.cancelled, stats.not_negative().cancelled), (-5, 0));
    }
}
