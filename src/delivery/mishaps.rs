//! What went wrong with deliveries in this process that no row tells of: counted, and told to the
//! operator with the count.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::domain::id::DeliveryId;
use crate::telemetry::metrics::Metrics;

/// Counts since the process started.
#[derive(Default)]
pub struct Mishaps {
    metrics: Metrics,
    panics: AtomicU64,
    late_outcomes: AtomicU64,
}

impl Mishaps {
    /// None yet; they are counted here too.
    #[must_use]
    pub fn new(metrics: Metrics) -> Self {
        Self { metrics, ..Self::default() }
    }

    /// A delivery panicked, a fault of the service; the panic's own message is logged before.
    pub fn panicked(&self, delivery_id: DeliveryId) {
        self.metrics.panicked();
        let panics = self.panics.fetch_add(1, Ordering::Relaxed) + 1;
        tracing::error!(%delivery_id, panics, "a delivery panicked; it is made again later");
    }

    /// The lease was gone when an outcome was to be recorded.
    pub fn came_late(&self, delivery_id: DeliveryId) {
        self.metrics.lease_lost();
        let dropped = self.late_outcomes.fetch_add(1, Ordering::Relaxed) + 1;
        tracing::warn!(%delivery_id, dropped, "the lease was lost; its outcome is dropped");
    }

    /// Deliveries that panicked.
    #[must_use]
    pub fn panics(&self) -> u64 {
        self.panics.load(Ordering::Relaxed)
    }

    /// Outcomes that were dropped because their lease was gone.
    #[must_use]
    pub fn late_outcomes(&self) -> u64 {
        self.late_outcomes.load(Ordering::Relaxed)
    }
}
