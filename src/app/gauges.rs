//! What the gauges show: what the parts of the service know anyway, and a few figures of the store
//! that are asked for now and then.

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::domain::clock::Clock;
use crate::grpc::watch_lag::WatchLags;
use crate::store::Store;
use crate::store::database::in_time;
use crate::store::error::StoreError;
use crate::telemetry::gauges::{EndpointStates, OpenDeliveries, Pools, Readings};

/// How often the store is asked: more often than it is scraped.
const INTERVAL: Duration = Duration::from_secs(5);
/// … but what it is asked takes a hundredth of the time at most, however much it has.
const SHARE: u32 = 100;

/// Reads the gauges.
pub struct Gauges {
    /// Not kept open by who shows it.
    store: Weak<Store>,
    clock: Arc<dyn Clock>,
    watches: WatchLags,
    in_flight_max: u32,
    counted: Mutex<Option<Counted>>,
}

/// What the store was asked.
#[derive(Clone, Copy)]
struct Counted {
    open: OpenDeliveries,
    endpoints: EndpointStates,
}

impl Gauges {
    /// Of these parts.
    #[must_use]
    pub fn new(store: &Arc<Store>, watches: WatchLags, in_flight_max: u32) -> Arc<Self> {
        let (clock, store) = (store.clock(), Arc::downgrade(store));
        Arc::new(Self { store, clock, watches, in_flight_max, counted: Mutex::default() })
    }

    /// Asks the store from time to time, until `stop`.
    pub async fn run(self: Arc<Self>, stop: CancellationToken) {
        loop {
            let begun = self.clock.monotonic();
            if stop.run_until_cancelled(self.count()).await.is_none() {
                return;
            }
            let took = self.clock.monotonic().saturating_sub(begun);
            let wait = INTERVAL.max(took.saturating_mul(SHARE));
            if stop.run_until_cancelled(tokio::time::sleep(wait)).await.is_none() {
                return;
            }
        }
    }

    async fn count(&self) {
        let Some(store) = self.store.upgrade() else { return };
        let counted = match in_time(count(&store)).await {
            Ok(counted) => Some(counted),
            Err(error) => {
                // Rather no figures than old ones.
                tracing::warn!(%error, "cannot count what is in the store");
                None
            }
        };
        *self.counted.lock().unwrap_or_else(PoisonError::into_inner) = counted;
    }

    fn counted(&self) -> Option<Counted> {
        *self.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn count(store: &Store) -> Result<Counted, StoreError> {
    let open = store.open_deliveries().await?;
    Ok(Counted { open, endpoints: store.endpoint_states().await? })
}

impl Readings for Gauges {
    fn open_deliveries(&self) -> Option<OpenDeliveries> {
        self.counted().map(|counted| counted.open)
    }

    fn oldest_due_age(&self) -> Option<Duration> {
        self.store.upgrade().map(|store| store.oldest_due_age())
    }

    fn in_flight(&self) -> Option<u32> {
        self.store.upgrade().map(|store| store.queue().room().in_flight())
    }

    fn in_flight_max(&self) -> u32 {
        self.in_flight_max
    }

    fn watches(&self) -> usize {
        self.watches.count()
    }

    fn watch_lag(&self) -> Duration {
        self.watches.oldest(self.clock.now())
    }

    fn pools(&self) -> Option<Pools> {
        self.store.upgrade().map(|store| store.pools())
    }

    fn endpoints(&self) -> Option<EndpointStates> {
        self.counted().map(|counted| counted.endpoints)
    }
}
