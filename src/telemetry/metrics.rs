//! The metrics: what the layers count and how long it took. Instruments are made once, and so are
//! the sets of attributes, so that counting allocates nothing. `docs/metrics.md` lists them all.
//!
//! No attribute takes values that callers, endpoints or receivers choose freely: an unknown method
//! is `_OTHER`, and a status that no standard names counts as the first of its class.

use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, Histogram, Meter, MeterProvider};
use opentelemetry_sdk::metrics::SdkMeterProvider;
use tokio::time::Instant;

use super::by_endpoint::ByEndpoint;
use super::calls::Calls;
use super::family::Family;
use super::requests::Requests;

/// Where histograms of times have their steps, in seconds: from a statement in memory to the longest
/// deadline of a request.
const STEPS_SECONDS: [f64; 13] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 30.0];
/// The same for what may wait for hours.
const STEPS_OF_WAITS_SECONDS: [f64; 12] =
    [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 10.0, 60.0, 600.0, 3_600.0];
/// Where the sizes of groups have their steps: the largest is that of a group of outcomes.
const STEPS_OF_SIZES: [f64; 11] =
    [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1_024.0];

/// How an attempt may end.
const OUTCOMES: [&str; 8] =
    ["succeeded", "http_status", "timeout", "dns", "connect", "tls", "protocol", "blocked"];
/// How a delivery may end.
const CLOSED_STATES: [&str; 3] = ["succeeded", "failed", "cancelled"];
/// The parts of an attempt.
const PHASES: [&str; 5] = ["dns", "connect", "tls", "first_byte", "total"];
/// What is asked of the store that is timed.
const OPERATIONS: [&str; 7] = ["publish", "record", "claim", "extend", "rescue", "prune", "count"];
/// What is committed in groups.
const GROUPS: [&str; 2] = ["publish", "record"];
/// What may come of an event that is published.
const PUBLISHED: [&str; 3] = ["stored", "duplicate", "key_reused"];

/// How long the parts of an attempt took; `None`: it had no such part.
#[derive(Clone, Copy, Debug, Default)]
pub struct Phases {
    /// Resolving.
    pub dns: Option<Duration>,
    /// Connecting.
    pub connect: Option<Duration>,
    /// The handshake.
    pub tls: Option<Duration>,
    /// From the request to the response's head.
    pub first_byte: Option<Duration>,
    /// All of it.
    pub total: Duration,
}

/// What came of the events of some publishes.
#[derive(Clone, Copy, Debug, Default)]
pub struct PublishedEvents {
    /// Stored now.
    pub stored: u64,
    /// Stored before.
    pub duplicates: u64,
    /// Refused, since another event has their key.
    pub keys_reused: u64,
    /// Deliveries that were made.
    pub deliveries: u64,
}

/// Counts. Cheap to clone; the default one counts for nobody.
#[derive(Clone)]
pub struct Metrics(Arc<Instruments>);

struct Instruments {
    calls: Calls,
    requests: Requests,
    published: Counts<3>,
    deliveries_created: Counter<u64>,
    deliveries_closed: Counts<3>,
    attempts: Counts<8>,
    by_endpoint: Option<ByEndpoint>,
    phases: (Histogram<f64>, Family<5>),
    delivery_delay: Histogram<f64>,
    store: Histogram<f64>,
    store_ok: Family<7>,
    store_error: Family<7>,
    group_size: (Histogram<u64>, Family<2>),
    leases_lost: Counter<u64>,
    leases_rescued: Counter<u64>,
    panicked: Counter<u64>,
    suspensions: Counter<u64>,
}

/// A counter with one attribute of known values.
struct Counts<const N: usize> {
    counter: Counter<u64>,
    family: Family<N>,
}

impl<const N: usize> Counts<N> {
    fn new(counter: Counter<u64>, key: &'static str, values: [&'static str; N]) -> Self {
        let family = Family::new(key, values, &[]);
        // Present from the start, so that the first one is seen as an increase.
        family.sets().for_each(|attributes| counter.add(0, attributes));
        Self { counter, family }
    }

    fn add(&self, value: &str, count: u64) {
        if count > 0 {
            self.counter.add(count, self.family.of(value));
        }
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new(&SdkMeterProvider::builder().build().meter("none"), false)
    }
}

impl Metrics {
    /// On a meter; `by_endpoint`: attempts have the endpoint as an attribute.
    #[must_use]
    pub fn new(meter: &Meter, by_endpoint: bool) -> Self {
        let counts = |name: &'static str, what: &'static str| {
            let counter = meter.u64_counter(name).with_description(what).build();
            counter.add(0, &[]);
            counter
        };
        let attempts = meter
            .u64_counter("bookora.attempts")
            .with_description("Attempts of deliveries that ended, by how")
            .build();
        let by_endpoint = by_endpoint.then(|| ByEndpoint::new(attempts.clone(), OUTCOMES));
        let operations =
            |outcome| Family::new("operation", OPERATIONS, &[KeyValue::new("outcome", outcome)]);
        Self(Arc::new(Instruments {
            calls: Calls::new(seconds(
                meter,
                "rpc.server.call.duration",
                "Calls of the service that ended, and how long they took",
                &STEPS_SECONDS,
            )),
            requests: Requests::new(seconds(
                meter,
                "http.client.request.duration",
                "Requests to receivers that ended, and how long they took",
                &STEPS_SECONDS,
            )),
            published: Counts::new(
                meter
                    .u64_counter("bookora.events.published")
                    .with_description("Events that were published, by what came of them")
                    .build(),
                "outcome",
                PUBLISHED,
            ),
            deliveries_created: counts(
                "bookora.deliveries.created",
                "Deliveries that were made of published events",
            ),
            deliveries_closed: Counts::new(
                meter
                    .u64_counter("bookora.deliveries.closed")
                    .with_description("Deliveries that ended, by how")
                    .build(),
                "state",
                CLOSED_STATES,
            ),
            attempts: match by_endpoint {
                // The endpoint's own series are the only ones then: a sum counts nothing twice.
                Some(_) => {
                    Counts { counter: attempts, family: Family::new("outcome", OUTCOMES, &[]) }
                }
                None => Counts::new(attempts, "outcome", OUTCOMES),
            },
            by_endpoint,
            phases: (
                seconds(
                    meter,
                    "bookora.attempt.phase.duration",
                    "How long the parts of attempts took",
                    &STEPS_SECONDS,
                ),
                Family::new("phase", PHASES, &[]),
            ),
            delivery_delay: seconds(
                meter,
                "bookora.delivery.delay",
                "From the publish of an event to the start of the first attempt",
                &STEPS_OF_WAITS_SECONDS,
            ),
            store: seconds(
                meter,
                "bookora.store.duration",
                "How long the store took",
                &STEPS_SECONDS,
            ),
            store_ok: operations("ok"),
            store_error: operations("error"),
            group_size: (
                meter
                    .u64_histogram("bookora.store.group.size")
                    .with_description("Writes that one transaction committed together")
                    .with_boundaries(STEPS_OF_SIZES.to_vec())
                    .build(),
                Family::new("operation", GROUPS, &[]),
            ),
            leases_lost: counts(
                "bookora.leases.lost",
                "Outcomes that were dropped because the lease was another's by then",
            ),
            leases_rescued: counts("bookora.leases.rescued", "Leases that ran out and were freed"),
            panicked: counts("bookora.deliveries.panicked", "Deliveries that panicked"),
            suspensions: counts("bookora.endpoints.suspensions", "Endpoints that were suspended"),
        }))
    }

    /// What counts calls, by the paths of the methods that there are.
    pub fn know_methods<'a>(&self, paths: impl Iterator<Item = &'a str>) {
        self.0.calls.know(paths);
    }

    /// A call of the method at this path ended with this gRPC code.
    pub fn call(&self, path: &str, code: i32, took: Duration) {
        self.0.calls.record(path, code, took);
    }

    /// A request to a receiver ended; `status` where one came.
    pub fn request(&self, status: Option<u16>, outcome: &str, phases: &Phases) {
        self.0.requests.record(status, outcome, phases.total);
        let (histogram, family) = &self.0.phases;
        let [dns, connect, tls, first_byte, total] = PHASES;
        let of_connection = [(dns, phases.dns), (connect, phases.connect), (tls, phases.tls)];
        for (phase, took) in of_connection
            .into_iter()
            .chain([(first_byte, phases.first_byte), (total, Some(phases.total))])
        {
            if let Some(took) = took {
                histogram.record(took.as_secs_f64(), family.of(phase));
            }
        }
    }

    /// An attempt of a delivery ended, to the endpoint of this number, which is shown like this.
    pub fn attempt(&self, outcome: &str, endpoint: u128, endpoint_id: &dyn Display) {
        match &self.0.by_endpoint {
            Some(by_endpoint) => by_endpoint.add(outcome, endpoint, endpoint_id),
            None => self.0.attempts.add(outcome, 1),
        }
    }

    /// The first attempt of a delivery began, so long after its event was published.
    pub fn first_attempt(&self, delay: Duration) {
        self.0.delivery_delay.record(delay.as_secs_f64(), &[]);
    }

    /// Publishes were committed.
    pub fn published(&self, events: PublishedEvents) {
        let [stored, duplicate, key_reused] = PUBLISHED;
        self.0.published.add(stored, events.stored);
        self.0.published.add(duplicate, events.duplicates);
        self.0.published.add(key_reused, events.keys_reused);
        if events.deliveries > 0 {
            self.0.deliveries_created.add(events.deliveries, &[]);
        }
    }

    /// Deliveries ended in this state.
    pub fn closed(&self, state: &str, count: usize) {
        self.0.deliveries_closed.add(state, count as u64);
    }

    /// Does something of the store's, and notes how long it took and whether it worked.
    ///
    /// # Errors
    /// The work's.
    pub async fn timed<T, E>(
        &self,
        operation: &str,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let begun = monotonic_now();
        let done = work.await;
        let family = if done.is_ok() { &self.0.store_ok } else { &self.0.store_error };
        self.0.store.record(begun.elapsed().as_secs_f64(), family.of(operation));
        done
    }

    /// So many writes went into one transaction.
    pub fn group(&self, operation: &str, writes: usize) {
        let (histogram, family) = &self.0.group_size;
        histogram.record(writes as u64, family.of(operation));
    }

    /// An outcome was dropped.
    pub fn lease_lost(&self) {
        self.0.leases_lost.add(1, &[]);
    }

    /// Leases were freed.
    pub fn leases_rescued(&self, count: u64) {
        self.0.leases_rescued.add(count, &[]);
    }

    /// A delivery panicked.
    pub fn panicked(&self) {
        self.0.panicked.add(1, &[]);
    }

    /// An endpoint was suspended.
    pub fn suspended(&self) {
        self.0.suspensions.add(1, &[]);
    }
}

fn seconds(meter: &Meter, name: &'static str, what: &'static str, steps: &[f64]) -> Histogram<f64> {
    let histogram = meter.f64_histogram(name).with_unit("s").with_description(what);
    histogram.with_boundaries(steps.to_vec()).build()
}

/// The time by which durations are measured.
#[expect(clippy::disallowed_methods, reason = "durations are monotonic, whatever the clock says")]
#[must_use]
pub fn monotonic_now() -> Instant {
    Instant::now()
}
