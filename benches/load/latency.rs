//! How long things took, in a histogram that keeps three digits of each.

use std::time::Duration;

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

/// The longest that is told apart: five minutes.
const NANOS_MAX: u64 = 300_000_000_000;

/// Times that were taken.
pub struct Latencies(Histogram<u64>);

/// The same, to be told to another process: each time in nanoseconds, and how often it was taken.
#[derive(Default, Serialize, Deserialize)]
pub struct Taken(Vec<(u64, u64)>);

impl Latencies {
    /// None yet.
    pub fn new() -> Self {
        Self(Histogram::new_with_bounds(1_000, NANOS_MAX, 3).expect("the bounds are in order"))
    }

    /// Takes one.
    pub fn record(&mut self, nanos: u64) {
        self.0.saturating_record(nanos);
    }

    /// Takes those of another.
    pub fn add(&mut self, other: &Self) {
        self.0.add(&other.0).expect("the bounds are the same");
    }

    /// All of them, for another process.
    pub fn taken(&self) -> Taken {
        let values = self.0.iter_recorded();
        Taken(values.map(|at| (at.value_iterated_to(), at.count_at_value())).collect())
    }

    /// What another process took.
    pub fn of(taken: &Taken) -> Self {
        let mut latencies = Self::new();
        for (nanos, times) in &taken.0 {
            latencies.0.saturating_record_n(*nanos, *times);
        }
        latencies
    }

    /// The time that so many of 1,000 did not exceed.
    pub fn permille(&self, permille: f64) -> Duration {
        Duration::from_nanos(self.0.value_at_quantile(permille / 1_000.0))
    }
}
