//! The dispatcher: starts what was born leased at once, and claims what waits in the table as it
//! falls due and as room comes free, account by account and endpoint by endpoint in turn. Only
//! endpoints that have room are read: the million rows of one that hangs are not walked.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::backlog::{Backlog, Shares};
use super::deliver::Deliverer;
use super::under_way::UnderWay;
use crate::domain::clock::{Clock, Timestamp};
use crate::domain::delivery::LeasedDelivery;
use crate::store::claim::{CLAIM_ENDPOINTS_MAX, Claimed, Wanted};
use crate::store::clock_jump::ClockFollower;
use crate::store::error::StoreError;
use crate::store::publish::Handed;
use crate::store::queue::Queue;
use crate::store::room::{Slot, Turn};

/// How often to look at the whole table. Being told makes it rare that this matters; it bounds
/// what a lost hint, or a jump of the clock, can cost.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);
/// How soon to look again where another replica says that it has no room for what is due.
const TOLD_LOOK_INTERVAL: Duration = Duration::from_millis(50);
/// Deliveries that one transaction claims.
const CLAIM_DELIVERIES_MAX: usize = 256;
const _: () = assert!(CLAIM_DELIVERIES_MAX <= CLAIM_ENDPOINTS_MAX);
/// How long to wait after the database failed a claim.
const CLAIM_RETRY_WAIT: Duration = Duration::from_millis(200);
/// How long giving back leases may take at the end. Those that are not given back run out.
pub const RELEASE_PATIENCE: Duration = Duration::from_secs(2);

/// Decides what is sent when.
pub struct Dispatcher {
    queue: Arc<Queue>,
    deliverer: Arc<Deliverer>,
    clock: Arc<dyn Clock>,
    tasks: TaskTracker,
    under_way: UnderWay,
}

impl Dispatcher {
    /// A dispatcher that has started nothing yet.
    #[must_use]
    pub fn new(queue: Arc<Queue>, deliverer: Arc<Deliverer>, clock: Arc<dyn Clock>) -> Self {
        let (tasks, under_way) = (TaskTracker::new(), UnderWay::default());
        Self { queue, deliverer, clock, tasks, under_way }
    }

    /// What is under way.
    #[must_use]
    pub fn under_way(&self) -> UnderWay {
        self.under_way.clone()
    }

    /// Runs until `stop`, then waits for what is under way, as long as `patience` lasts. What has
    /// not come to an end by then is released for others to send.
    pub async fn run(
        self,
        mut handed: mpsc::Receiver<Handed>,
        stop: CancellationToken,
        patience: Duration,
    ) {
        tokio::join!(self.start_handed(&mut handed, &stop), self.claim_as_due(&stop));
        self.tasks.close();
        // What is left is released.
        let _ = timeout(patience, self.tasks.wait()).await;
        match timeout(RELEASE_PATIENCE, self.release(handed)).await {
            Ok(Ok(0)) => {}
            Ok(Ok(released)) => tracing::warn!(released, "deliveries did not end in time"),
            Ok(Err(error)) => tracing::warn!(%error, "cannot release what did not end in time"),
            Err(_) => tracing::warn!("cannot release in time what did not end in time"),
        }
    }

    /// Gives back the leases of what is under way, and of what was handed over and not begun.
    async fn release(&self, mut handed: mpsc::Receiver<Handed>) -> Result<u64, StoreError> {
        handed.close();
        let mut leases = self.under_way.leases();
        while let Ok(Handed { leased, .. }) = handed.try_recv() {
            leases.push((leased.delivery.delivery_id, leased.lease_token));
        }
        self.queue.release(&leases).await
    }

    /// Starts what publishing leased; it brings its room along.
    async fn start_handed(&self, handed: &mut mpsc::Receiver<Handed>, stop: &CancellationToken) {
        while let Some(Some(Handed { leased, slot })) =
            stop.run_until_cancelled(handed.recv()).await
        {
            self.start(leased, slot);
        }
    }

    /// Claims what waits in the table.
    async fn claim_as_due(&self, stop: &CancellationToken) {
        let mut backlog = Backlog::default();
        let mut follower = ClockFollower::new(Arc::clone(&self.queue));
        let (mut last_look, mut next_look) = (Duration::ZERO, Duration::ZERO);
        while !stop.is_cancelled() {
            // One time for the whole turn: if the clock is set meanwhile, what waits has not moved.
            let now = match follower.follow().await {
                Ok(now) => now,
                Err(error) => {
                    tracing::warn!(%error, "cannot follow the clock");
                    tokio::time::sleep(CLAIM_RETRY_WAIT).await;
                    continue;
                }
            };
            if self.clock.monotonic() >= next_look {
                self.look(&mut backlog, now).await;
                last_look = self.clock.monotonic();
                next_look = last_look + LOOK_INTERVAL;
            }
            if self.queue.wakeup().take_look() {
                next_look = next_look.min(last_look + TOLD_LOOK_INTERVAL);
            }
            self.take_hints(&mut backlog, now);
            if self.claim_some(&mut backlog, now).await {
                continue;
            }
            let wait = self.wait(&backlog, next_look);
            // In one order, so that a simulation repeats itself; whichever it is, all are looked at.
            tokio::select! {
                biased;
                () = stop.cancelled() => {}
                () = self.queue.wakeup().told() => {}
                () = self.queue.room().freed() => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    /// Looks at the whole table.
    async fn look(&self, backlog: &mut Backlog, now: Timestamp) {
        self.queue.room().end_all_waits();
        backlog.end_all_waits(now);
        match self.queue.due_endpoints().await {
            Ok(endpoints) => endpoints.into_iter().for_each(|due| backlog.note(due, now)),
            Err(error) => tracing::warn!(%error, "cannot look for what is due"),
        }
    }

    /// Takes in what writes and ended requests have told.
    fn take_hints(&self, backlog: &mut Backlog, now: Timestamp) {
        for due in self.queue.wakeup().take().into_values() {
            backlog.note(due, now);
        }
        for endpoint_id in self.queue.room().take_over() {
            backlog.end_wait(endpoint_id, now);
        }
        backlog.ripen(now);
    }

    /// Claims for those whose turn it is, and says whether there may be more to claim at once.
    async fn claim_some(&self, backlog: &mut Backlog, now: Timestamp) -> bool {
        let room = self.queue.room();
        let shares =
            backlog.share_room(CLAIM_DELIVERIES_MAX, now, |addressee| room.take_or_wait(addressee));
        if shares.is_empty() {
            return false;
        }
        match self.claim(shares, now).await {
            Ok(claimed) => backlog.note_claimed(&claimed, now),
            Err(error) => {
                tracing::warn!(%error, "cannot claim what is due");
                tokio::time::sleep(CLAIM_RETRY_WAIT).await;
            }
        }
        true
    }

    /// Claims as many deliveries as room was taken for, and starts them.
    async fn claim(&self, mut shares: Shares, now: Timestamp) -> Result<Claimed, StoreError> {
        let wanted: Vec<_> = shares
            .iter()
            .map(|(endpoint_id, slots)| Wanted {
                endpoint_id: *endpoint_id,
                deliveries_max: u32::try_from(slots.len()).unwrap_or(u32::MAX),
            })
            .collect();
        let claiming = self.queue.claim(&wanted, now);
        let mut claimed = self.queue.metrics().timed("claim", claiming).await?;
        for leased in claimed.leased.drain(..) {
            let slots = shares.get_mut(&leased.target.endpoint_id);
            let slot = slots.and_then(Vec::pop).expect("no more is claimed than has room");
            self.start(leased, slot);
        }
        shares.into_values().flatten().for_each(Slot::unused);
        Ok(claimed)
    }

    fn wait(&self, backlog: &Backlog, next_look: Duration) -> Duration {
        let until_look = next_look.saturating_sub(self.clock.monotonic());
        let until_due = backlog.next_due().map(|time: Timestamp| time.since(self.clock.now()));
        until_due.map_or(until_look, |until_due| until_due.min(until_look))
    }

    fn start(&self, leased: LeasedDelivery, slot: Slot) {
        let (deliverer, mut slot) = (Arc::clone(&self.deliverer), slot);
        let guard = self.under_way.enter(leased.delivery.delivery_id, leased.lease_token);
        self.tasks.spawn(async move {
            match slot.turn().await {
                // In a box, so that what is ready and not begun takes little memory.
                Turn::Begin => Box::pin(deliverer.deliver(leased, slot)).await,
                Turn::GiveBack => guard.give_back(),
            }
        });
    }
}
