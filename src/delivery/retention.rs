//! Retention: deletes, as time goes by, what has been kept for long enough. In small steps with
//! pauses: whoever publishes or records takes the database in between.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::domain::clock::{Clock, Timestamp};
use crate::domain::delivery_stats::Hour;
use crate::store::Store;
use crate::store::error::StoreError;
use crate::store::prune::Step;

/// Rounds within the shortest time that anything is kept: it is kept a tenth longer at most …
const ROUNDS: u32 = 10;
/// … though a round that finds nothing still takes the database once for each kind …
const ROUND_INTERVAL_MIN: Duration = Duration::from_millis(500);
/// … and one that comes seldom finds so much that it disturbs.
const ROUND_INTERVAL_MAX: Duration = Duration::from_mins(1);
/// Between two steps: as long as a step takes or longer, so that at least half of the time is for
/// others. 500 deliveries in 30 ms are still more than are made.
const STEP_PAUSE: Duration = Duration::from_millis(20);

/// How much longer than can be asked for figures are kept, so that none go while they are asked
/// for.
const STATS_MARGIN: Duration = Duration::from_hours(1);

/// How long things are kept.
#[derive(Clone, Copy, Debug)]
pub struct RetentionLimits {
    /// Closed deliveries after their last change, with their attempts; events as long as they have
    /// a delivery, or from their publish; finished recoveries, the ids of requests to send again,
    /// and, from their hour on, the figures of deliveries. Default 30 days.
    pub deliveries: Duration,
    /// Changes in the log. Default 7 days, at most as long as deliveries.
    pub log: Duration,
}

/// What is deleted, one kind after the other. The log first: its rows show attempts.
const KINDS: [Kind; 7] = [
    Kind::Changes,
    Kind::Deliveries,
    Kind::Events,
    Kind::Stats,
    Kind::Recoveries,
    Kind::Resends,
    Kind::Pages,
];

#[derive(Clone, Copy)]
enum Kind {
    Changes,
    Deliveries,
    Events,
    Stats,
    Recoveries,
    Resends,
    Pages,
}

/// Deletes what is old.
pub struct Retention {
    /// Where it is.
    pub store: Arc<Store>,
    /// How long it is kept.
    pub limits: RetentionLimits,
    /// Says what time it is.
    pub clock: Arc<dyn Clock>,
}

impl Retention {
    /// Runs until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        let shortest = self.limits.deliveries.min(self.limits.log);
        let interval = (shortest / ROUNDS).clamp(ROUND_INTERVAL_MIN, ROUND_INTERVAL_MAX);
        while stop.run_until_cancelled(tokio::time::sleep(interval)).await.is_some() {
            // A step that is cut short is undone; the next start takes it again.
            match stop.run_until_cancelled(self.round()).await {
                None | Some(Ok(())) => {}
                Some(Err(error)) => tracing::warn!(%error, "cannot delete what is old"),
            }
        }
    }

    async fn round(&self) -> Result<(), StoreError> {
        let now = self.clock.now();
        for kind in KINDS {
            while self.step(kind, now).await? == Step::More {
                tokio::time::sleep(STEP_PAUSE).await;
            }
        }
        Ok(())
    }

    async fn step(&self, kind: Kind, now: Timestamp) -> Result<Step, StoreError> {
        self.store.metrics().timed("prune", self.prune(kind, now)).await
    }

    async fn prune(&self, kind: Kind, now: Timestamp) -> Result<Step, StoreError> {
        match kind {
            Kind::Changes => self.store.prune_log(now - self.limits.log).await,
            Kind::Deliveries => self.store.prune_deliveries(now - self.limits.deliveries).await,
            Kind::Events => self.store.prune_events(now - self.limits.deliveries).await,
            Kind::Stats => {
                let before = Hour::of(now - self.limits.deliveries - STATS_MARGIN);
                self.store.prune_stats(before).await
            }
            Kind::Recoveries => self.store.prune_recoveries(now - self.limits.deliveries).await,
            Kind::Resends => self.store.prune_resends(now - self.limits.deliveries).await,
            Kind::Pages => self.store.give_back_pages().await,
        }
    }
}
