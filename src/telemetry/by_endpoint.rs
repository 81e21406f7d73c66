//! Attempts by endpoint, where the operator asks for it: the one attribute that grows, and so one
//! with a limit.

use std::collections::HashMap;
use std::fmt::Display;
use std::sync::{Arc, PoisonError, RwLock};

use opentelemetry::KeyValue;
use opentelemetry::metrics::Counter;

use super::family::Family;

/// Endpoints with series of their own; those beyond share `other`. With 8 outcomes that is 80,000
/// series and 30 MB.
pub const ENDPOINTS_MAX: usize = 10_000;
const ENDPOINT_ID: &str = "endpoint_id";
const OTHER: &str = "other";

/// How many outcomes there are.
const OUTCOMES: usize = 8;
/// Series that the counter may have.
pub const SERIES_MAX: usize = (ENDPOINTS_MAX + 1) * OUTCOMES;

/// Attempts that ended.
pub struct ByEndpoint {
    counter: Counter<u64>,
    outcomes: [&'static str; OUTCOMES],
    endpoints: RwLock<HashMap<u128, Arc<Family<OUTCOMES>>>>,
    other: Arc<Family<OUTCOMES>>,
}

impl ByEndpoint {
    /// None yet.
    pub fn new(counter: Counter<u64>, outcomes: [&'static str; OUTCOMES]) -> Self {
        let other = Arc::new(family(outcomes, OTHER.to_owned()));
        Self { counter, outcomes, endpoints: RwLock::default(), other }
    }

    /// One ended.
    pub fn add(&self, outcome: &str, number: u128, endpoint_id: &dyn Display) {
        self.counter.add(1, self.family(number, endpoint_id).of(outcome));
    }

    fn family(&self, number: u128, endpoint_id: &dyn Display) -> Arc<Family<OUTCOMES>> {
        let known = self.endpoints.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(family) = known.get(&number) {
            return Arc::clone(family);
        }
        drop(known);
        let mut known = self.endpoints.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= ENDPOINTS_MAX && !known.contains_key(&number) {
            return Arc::clone(&self.other);
        }
        let new = || Arc::new(family(self.outcomes, endpoint_id.to_string()));
        Arc::clone(known.entry(number).or_insert_with(new))
    }
}

fn family(outcomes: [&'static str; OUTCOMES], endpoint_id: String) -> Family<OUTCOMES> {
    Family::new("outcome", outcomes, &[KeyValue::new(ENDPOINT_ID, endpoint_id)])
}

#[cfg(test)]
mod tests {
    use opentelemetry::metrics::MeterProvider;
    use opentelemetry_sdk::metrics::SdkMeterProvider;

    use super::*;

    #[test]
    fn endpoints_beyond_the_limit_share_one_series() {
        let meter = SdkMeterProvider::builder().build().meter("test");
        let outcomes = ["a", "b", "c", "d", "e", "f", "g", "h"];
        let attempts = ByEndpoint::new(meter.u64_counter("attempts").build(), outcomes);
        let endpoints = u128::try_from(ENDPOINTS_MAX).unwrap();
        for endpoint in 0..endpoints {
            assert!(!Arc::ptr_eq(&attempts.family(endpoint, &endpoint), &attempts.other));
        }
        assert!(Arc::ptr_eq(&attempts.family(endpoints, &endpoints), &attempts.other));
        assert!(
            !Arc::ptr_eq(&attempts.family(0, &0), &attempts.other),
            "a known one keeps its own"
        );
    }
}
