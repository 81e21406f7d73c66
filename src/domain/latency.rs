//! How long things took, many of them in little space: counts by log-linear buckets, as in
//! HdrHistogram. A bucket is at most a sixteenth of its value wide, so that its middle is within
//! 3.2 % of all that is in it.

use std::collections::BTreeMap;
use std::time::Duration;

/// Buckets between a power of two and the next; below it, each microsecond has its own.
const BUCKETS_PER_OCTAVE: u64 = 16;
/// log2 of it.
const OCTAVE_BITS: u32 = BUCKETS_PER_OCTAVE.trailing_zeros();

/// A range of durations that are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LatencyBucket(u16);

impl LatencyBucket {
    /// The bucket of a duration, whose microseconds count.
    #[must_use]
    pub fn of(latency: Duration) -> Self {
        let micros = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
        let octave = micros.checked_ilog2().unwrap_or(0).saturating_sub(OCTAVE_BITS);
        // Of 64 bits there are at most 60 octaves of 16, and the first 16.
        let number = u64::from(octave) * BUCKETS_PER_OCTAVE + (micros >> octave);
        Self(u16::try_from(number).expect("there are less than 1,000 buckets"))
    }

    /// The middle of the bucket.
    #[must_use]
    pub fn middle(self) -> Duration {
        let number = u64::from(self.0);
        let octave = (number / BUCKETS_PER_OCTAVE).saturating_sub(1);
        let first = (number - octave * BUCKETS_PER_OCTAVE) << octave;
        Duration::from_micros(first + ((1 << octave) - 1) / 2)
    }

    /// The bucket in its stored form.
    #[must_use]
    pub const fn number(self) -> u16 {
        self.0
    }

    /// The bucket that was stored; `None` where there is no such bucket.
    #[must_use]
    pub fn from_number(number: u16) -> Option<Self> {
        (number <= Self::of(Duration::MAX).0).then_some(Self(number))
    }
}

/// How many took how long.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LatencyHistogram(BTreeMap<LatencyBucket, u64>);

impl LatencyHistogram {
    /// Counts so many more in a bucket.
    pub fn add(&mut self, bucket: LatencyBucket, count: u64) {
        let held = self.0.entry(bucket).or_default();
        *held = held.saturating_add(count);
    }

    /// Counts all that another has.
    pub fn add_all(&mut self, other: &Self) {
        for (bucket, count) in other.buckets() {
            self.add(bucket, count);
        }
    }

    /// The buckets that hold any, from the shortest on, and how many each.
    pub fn buckets(&self) -> impl Iterator<Item = (LatencyBucket, u64)> {
        self.0.iter().map(|(bucket, count)| (*bucket, *count))
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.values().fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// How long at most so many in a hundred took, by the nearest-rank method; `None` where there
    /// are none.
    #[must_use]
    pub fn percentile(&self, percent: u8) -> Option<Duration> {
        assert!((1..=100).contains(&percent), "a percentile is one of 1 to 100");
        let rank = (u128::from(self.count()) * u128::from(percent)).div_ceil(100);
        let mut passed = 0;
        let reaches = |(_, count): &(LatencyBucket, u64)| {
            passed += u128::from(*count);
            passed >= rank
        };
        self.buckets().find(reaches).map(|(bucket, _)| bucket.middle())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::random::{Random, SeededRandom};

    fn random_latency(random: &dyn Random) -> Duration {
        let bits = u64::from_be_bytes(random.bytes());
        // Every magnitude is as likely as any other.
        Duration::from_micros(bits >> (bits % 64))
    }

    #[test]
    fn a_buckets_middle_is_within_4_percent_of_all_that_is_in_it() {
        let random = SeededRandom::new(16);
        let special = (0..10_000).chain([u64::MAX]).map(Duration::from_micros);
        for latency in special.chain((0..100_000).map(|_| random_latency(&random))) {
            let bucket = LatencyBucket::of(latency);
            let off = bucket.middle().abs_diff(latency);
            assert!(off.as_micros() * 100 <= latency.as_micros() * 4, "{latency:?}: {bucket:?}");
            assert_eq!(LatencyBucket::of(bucket.middle()), bucket);
            assert_eq!(LatencyBucket::from_number(bucket.number()), Some(bucket));
        }
        assert_eq!(LatencyBucket::from_number(u16::MAX), None);
    }

    #[test]
    fn buckets_are_in_the_order_of_durations() {
        let random = SeededRandom::new(17);
        let mut latencies: Vec<_> = (0..10_000).map(|_| random_latency(&random)).collect();
        latencies.sort();
        assert!(latencies.is_sorted_by_key(|latency| LatencyBucket::of(*latency)));
    }

    #[test]
    fn percentiles_are_those_of_the_sorted_durations() {
        let random = SeededRandom::new(18);
        for count in [1, 2, 3, 99, 100, 101, 5_000] {
            let mut latencies: Vec<_> = (0..count).map(|_| random_latency(&random)).collect();
            latencies.sort();
            let mut histogram = LatencyHistogram::default();
            let mut other = LatencyHistogram::default();
            for (place, latency) in latencies.iter().enumerate() {
                let into = if place % 2 == 0 { &mut histogram } else { &mut other };
                into.add(LatencyBucket::of(*latency), 1);
            }
            histogram.add_all(&other);
            assert_eq!(histogram.count(), count);
            for percent in [1_u8, 50, 99, 100] {
                let rank = (latencies.len() * usize::from(percent)).div_ceil(100);
                let exact = LatencyBucket::of(latencies[rank - 1]).middle();
                assert_eq!(histogram.percentile(percent), Some(exact), "{percent} of {count}");
            }
        }
        assert_eq!(LatencyHistogram::default().percentile(50), None);
    }
}
