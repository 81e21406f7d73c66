//! Gauges: what is so at the moment somebody asks. They are read when metrics are collected, from
//! what the service keeps anyway; nothing here waits.

use std::sync::Arc;
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::metrics::Meter;

/// Open deliveries, by state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OpenDeliveries {
    /// Before the first attempt ended.
    pub pending: u64,
    /// After one that failed.
    pub retrying: u64,
}

/// Endpoints, by state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EndpointStates {
    /// Sent to.
    pub active: u64,
    /// Switched off by a caller.
    pub disabled: u64,
    /// Switched off by the service.
    pub suspended: u64,
}

/// A pool's connections.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolUse {
    /// In use.
    pub used: u64,
    /// Open and not in use.
    pub idle: u64,
}

/// The pools of connections to the database.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pools {
    /// Those that write.
    pub writer: PoolUse,
    /// Those that read.
    pub reader: PoolUse,
}

/// What gauges show. `None`: not known yet, or no longer.
pub trait Readings: Send + Sync + 'static {
    /// Open deliveries in the store.
    fn open_deliveries(&self) -> Option<OpenDeliveries>;
    /// For how long the delivery that has waited longest has been due.
    fn oldest_due_age(&self) -> Option<Duration>;
    /// Requests under way, and outcomes that are not recorded yet.
    fn in_flight(&self) -> Option<u32>;
    /// How many of them there may be.
    fn in_flight_max(&self) -> u32;
    /// Open watches.
    fn watches(&self) -> usize;
    /// The age of the oldest change that an open watch has not been sent yet.
    fn watch_lag(&self) -> Duration;
    /// Connections to the database.
    fn pools(&self) -> Option<Pools>;
    /// Endpoints in the store.
    fn endpoints(&self) -> Option<EndpointStates>;
}

/// Shows these readings from now on.
pub fn show(meter: &Meter, readings: &Arc<dyn Readings>) {
    show_queue(meter, readings);
    show_requests(meter, readings);
    show_watches(meter, readings);
    show_store(meter, readings);
}

fn show_queue(meter: &Meter, readings: &Arc<dyn Readings>) {
    let [pending, retrying] = ["pending", "retrying"].map(|state| [KeyValue::new("state", state)]);
    let of = Arc::clone(readings);
    meter
        .u64_observable_gauge("bookora.queue.deliveries")
        .with_description("Open deliveries in the store, over all replicas")
        .with_callback(move |gauge| {
            if let Some(open) = of.open_deliveries() {
                gauge.observe(open.pending, &pending);
                gauge.observe(open.retrying, &retrying);
            }
        })
        .build();
    let of = Arc::clone(readings);
    meter
        .f64_observable_gauge("bookora.queue.oldest_due_age")
        .with_unit("s")
        .with_description("For how long the delivery that has waited longest has been due")
        .with_callback(move |gauge| {
            if let Some(age) = of.oldest_due_age() {
                gauge.observe(age.as_secs_f64(), &[]);
            }
        })
        .build();
}

fn show_requests(meter: &Meter, readings: &Arc<dyn Readings>) {
    let of = Arc::clone(readings);
    meter
        .u64_observable_gauge("bookora.requests.in_flight")
        .with_description("Requests under way, and outcomes that are not recorded yet")
        .with_callback(move |gauge| {
            if let Some(in_flight) = of.in_flight() {
                gauge.observe(in_flight.into(), &[]);
            }
        })
        .build();
    let of = Arc::clone(readings);
    meter
        .u64_observable_gauge("bookora.requests.in_flight.limit")
        .with_description("How many of them there may be")
        .with_callback(move |gauge| gauge.observe(of.in_flight_max().into(), &[]))
        .build();
}

fn show_watches(meter: &Meter, readings: &Arc<dyn Readings>) {
    let of = Arc::clone(readings);
    meter
        .u64_observable_gauge("bookora.watches")
        .with_description("Open watches")
        .with_callback(move |gauge| gauge.observe(of.watches() as u64, &[]))
        .build();
    let of = Arc::clone(readings);
    meter
        .f64_observable_gauge("bookora.watch.lag")
        .with_unit("s")
        .with_description("The age of the oldest change that the slowest watch was not sent yet")
        .with_callback(move |gauge| gauge.observe(of.watch_lag().as_secs_f64(), &[]))
        .build();
}

fn show_store(meter: &Meter, readings: &Arc<dyn Readings>) {
    let connections = |pool: &'static str| {
        ["used", "idle"].map(|state| {
            [
                KeyValue::new("db.client.connection.pool.name", pool),
                KeyValue::new("db.client.connection.state", state),
            ]
        })
    };
    let (writer, reader) = (connections("writer"), connections("reader"));
    let of = Arc::clone(readings);
    meter
        .u64_observable_gauge("db.client.connection.count")
        .with_description("Connections to the database")
        .with_callback(move |gauge| {
            let Some(pools) = of.pools() else { return };
            for ([used, idle], pool) in [(&writer, pools.writer), (&reader, pools.reader)] {
                gauge.observe(pool.used, used);
                gauge.observe(pool.idle, idle);
            }
        })
        .build();
    let states = ["active", "disabled", "suspended"].map(|state| [KeyValue::new("state", state)]);
    let of = Arc::clone(readings);
    meter
        .u64_observable_gauge("bookora.endpoints")
        .with_description("Endpoints in the store, over all replicas")
        .with_callback(move |gauge| {
            let Some(endpoints) = of.endpoints() else { return };
            let counts = [endpoints.active, endpoints.disabled, endpoints.suspended];
            for (state, count) in states.iter().zip(counts) {
                gauge.observe(count, state);
            }
        })
        .build();
}
