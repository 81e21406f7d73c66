//! The dispatcher: starts what was born leased at once, and claims what waits in the table as it
//! falls due and as room comes free, endpoint by endpoint in turn, so that none keeps the others
//! waiting.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::deliver::Deliverer;
use crate::domain::clock::Clock;
use crate::domain::delivery::LeasedDelivery;
use crate::domain::id::EndpointId;
use crate::store::Store;
use crate::store::error::StoreError;
use crate::store::publish::Handed;
use crate::store::queue::{DueEndpoint, Wanted};
use crate::store::room::Slot;

/// The longest time between two looks at the table. Wake-ups make it rare that this matters; it
/// bounds what a lost one, or a jump of the clock, can cost.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);
/// Deliveries that one transaction claims.
const CLAIM_DELIVERIES_MAX: usize = 256;

/// Decides what is sent when.
pub struct Dispatcher {
    store: Arc<Store>,
    deliverer: Arc<Deliverer>,
    clock: Arc<dyn Clock>,
    under_way: TaskTracker,
}

/// When to look at the table again.
struct NextLook {
    /// After this time.
    wait: Duration,
    /// Or as soon as room comes free: something is due that found none.
    awaits_room: bool,
}

/// Room that was taken for deliveries yet to be claimed.
type Shares = HashMap<EndpointId, Vec<Slot>>;

impl Dispatcher {
    /// A dispatcher that has started nothing yet.
    #[must_use]
    pub fn new(store: Arc<Store>, deliverer: Arc<Deliverer>, clock: Arc<dyn Clock>) -> Self {
        Self { store, deliverer, clock, under_way: TaskTracker::new() }
    }

    /// Runs until `stop`, then waits for what is under way; each of these ends within its
    /// endpoint's deadline and the patience of recording.
    pub async fn run(self, handed: mpsc::Receiver<Handed>, stop: CancellationToken) {
        tokio::join!(self.start_handed(handed, &stop), self.claim_as_due(&stop));
        self.under_way.close();
        self.under_way.wait().await;
    }

    /// Starts what publishing leased; it brings its room along.
    async fn start_handed(&self, mut handed: mpsc::Receiver<Handed>, stop: &CancellationToken) {
        while let Some(Some(Handed { leased, slot })) =
            stop.run_until_cancelled(handed.recv()).await
        {
            self.start(leased, slot);
        }
    }

    /// Claims what waits in the table.
    async fn claim_as_due(&self, stop: &CancellationToken) {
        while !stop.is_cancelled() {
            let next = self.look().await.unwrap_or_else(|error| {
                tracing::warn!(%error, "cannot claim what is due; looking again soon");
                NextLook { wait: LOOK_INTERVAL, awaits_room: false }
            });
            tokio::select! {
                () = stop.cancelled() => {}
                () = self.store.wakeup().told() => {}
                () = self.store.room().freed(), if next.awaits_room => {}
                () = tokio::time::sleep(next.wait) => {}
            }
        }
    }

    /// One look at the table: takes room for what is due, claims it, starts it.
    async fn look(&self) -> Result<NextLook, StoreError> {
        self.store.wakeup().begin_look();
        let waiting = self.store.due_endpoints().await?;
        let now = self.clock.now();
        let (due, later): (Vec<_>, Vec<_>) = waiting
            .into_iter()
            .filter(|endpoint| endpoint.is_active)
            .partition(|endpoint| endpoint.first_due <= now);

        let shares = self.share_room(&due);
        let took_all_it_may = shares.values().map(Vec::len).sum::<usize>() >= CLAIM_DELIVERIES_MAX;
        let exhausted = self.claim(shares).await?;
        if took_all_it_may {
            return Ok(NextLook { wait: Duration::ZERO, awaits_room: false });
        }
        let awaits_room = due.iter().any(|endpoint| !exhausted.contains(&endpoint.endpoint_id));
        let next = later.iter().map(|endpoint| endpoint.first_due).min();
        let next = next.unwrap_or(now + LOOK_INTERVAL).min(now + LOOK_INTERVAL);
        self.store.wakeup().plan_look(next);
        Ok(NextLook { wait: next.since(now), awaits_room })
    }

    /// Takes room for the endpoints, one place each in turn, until there is no more or enough for
    /// one claim.
    fn share_room(&self, due: &[DueEndpoint]) -> Shares {
        let mut shares = Shares::new();
        let mut hungry: Vec<&DueEndpoint> = due.iter().collect();
        let mut places = CLAIM_DELIVERIES_MAX;
        while !hungry.is_empty() && places > 0 {
            hungry.retain(|endpoint| {
                let id = endpoint.endpoint_id;
                let slot = (places > 0)
                    .then(|| self.store.room().try_take(id, endpoint.max_in_flight))
                    .flatten();
                let has_taken = slot.is_some();
                places -= usize::from(has_taken);
                shares.entry(id).or_default().extend(slot);
                has_taken
            });
        }
        shares
    }

    /// Claims as many deliveries as room was taken for, starts them, and says which endpoints had
    /// fewer than that: they have nothing more that is due.
    async fn claim(&self, mut shares: Shares) -> Result<Vec<EndpointId>, StoreError> {
        let wanted: Vec<_> = shares
            .iter()
            .filter(|(_, slots)| !slots.is_empty())
            .map(|(endpoint_id, slots)| Wanted {
                endpoint_id: *endpoint_id,
                deliveries_max: u32::try_from(slots.len()).unwrap_or(u32::MAX),
            })
            .collect();
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        for leased in self.store.claim(&wanted).await? {
            let slots = shares.get_mut(&leased.target.endpoint_id);
            let slot = slots.and_then(Vec::pop).expect("no more is claimed than has room");
            self.start(leased, slot);
        }
        let had_room = wanted.iter().map(|wanted| wanted.endpoint_id);
        Ok(had_room.filter(|endpoint_id| !shares[endpoint_id].is_empty()).collect())
    }

    fn start(&self, leased: LeasedDelivery, slot: Slot) {
        let deliverer = Arc::clone(&self.deliverer);
        self.under_way.spawn(async move { deliverer.deliver(leased, slot).await });
    }
}
