//! How long requests to receivers took (semantic conventions for HTTP clients), by what came back.
//! Not by server: that would grow with the endpoints.

use std::collections::HashMap;
use std::time::Duration;

use http::StatusCode;
use opentelemetry::KeyValue;
use opentelemetry::metrics::Histogram;

/// Why no response came, as outcomes are called.
const NO_RESPONSE: [&str; 6] = ["timeout", "dns", "connect", "tls", "protocol", "blocked"];

/// Requests that ended.
pub struct Requests {
    histogram: Histogram<f64>,
    by_status: HashMap<u16, Vec<KeyValue>>,
    by_reason: HashMap<&'static str, Vec<KeyValue>>,
}

impl Requests {
    /// None yet.
    pub fn new(histogram: Histogram<f64>) -> Self {
        let by_status = (100..=599).filter(|status| known_status(*status) == *status);
        let by_status = by_status.map(|status| (status, status_set(status))).collect();
        let by_reason =
            NO_RESPONSE.map(|reason| (reason, set(KeyValue::new("error.type", reason))));
        Self { histogram, by_status, by_reason: by_reason.into() }
    }

    /// One ended. A head that breaks a limit has a status and is an error all the same.
    pub fn record(&self, status: Option<u16>, outcome: &str, took: Duration) {
        let by_reason = || self.by_reason.get(outcome);
        let by_status = |status| self.by_status.get(&known_status(status));
        let attributes = by_reason().or_else(|| status.and_then(by_status));
        self.histogram.record(took.as_secs_f64(), attributes.map_or(&[], Vec::as_slice));
    }
}

/// The status, or the first of its class where no standard names it: clients have to treat it like
/// that (RFC 9110, section 15), and receivers cannot make the series grow by it.
pub fn known_status(status: u16) -> u16 {
    let code = StatusCode::from_u16(status).ok();
    match code {
        Some(code) if code.canonical_reason().is_some() => status,
        _ if (100..600).contains(&status) => status / 100 * 100,
        _ => 500,
    }
}

fn set(more: KeyValue) -> Vec<KeyValue> {
    vec![KeyValue::new("http.request.method", "POST"), more]
}

fn status_set(status: u16) -> Vec<KeyValue> {
    let mut attributes = set(KeyValue::new("http.response.status_code", i64::from(status)));
    // Only 2xx acknowledges: a redirect fails too, since none is followed.
    if !(200..300).contains(&status) {
        attributes.push(KeyValue::new("error.type", status.to_string()));
    }
    attributes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_that_nobody_knows_counts_as_the_first_of_its_class() {
        for (status, known) in [(204, 204), (299, 200), (499, 400), (503, 503), (799, 500)] {
            assert_eq!(known_status(status), known);
        }
        assert!((100..=999).map(known_status).collect::<std::collections::HashSet<_>>().len() < 80);
    }
}
