//! What runs beside the calls: what delivers, and what keeps the store in order. All of it ends when
//! it is told to, deliveries under way first.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::gauges::Gauges;
use crate::delivery::deliver::Deliverer;
use crate::delivery::dispatcher::Dispatcher;
use crate::delivery::retention::{Retention, RetentionLimits};
use crate::delivery::suspension::Suspension;
use crate::delivery::{counting, recovery, rescue};
use crate::store::Store;
use crate::store::publish::Handed;

/// How it is run.
#[derive(Clone, Copy)]
pub struct BackgroundSettings {
    /// How long an endpoint must have failed to be suspended.
    pub suspend_after: Duration,
    /// How long what is closed is kept.
    pub retention: RetentionLimits,
    /// How long deliveries under way may take to end.
    pub patience: Duration,
}

/// The tasks.
pub struct Background {
    stop: CancellationToken,
    dispatcher: JoinHandle<()>,
    rescue: JoinHandle<()>,
    /// With what is to be said of each where it failed.
    others: Vec<(&'static str, JoinHandle<()>)>,
}

impl Background {
    /// Starts them all. `handed` brings what is born leased.
    pub fn start(
        store: &Arc<Store>,
        deliverer: &Arc<Deliverer>,
        gauges: Arc<Gauges>,
        handed: mpsc::Receiver<Handed>,
        settings: BackgroundSettings,
    ) -> Self {
        let (stop, clock) = (CancellationToken::new(), store.clock());
        let dispatcher =
            Dispatcher::new(Arc::clone(store.queue()), Arc::clone(deliverer), Arc::clone(&clock));
        let rescue = rescue::run(Arc::clone(store.queue()), dispatcher.under_way(), stop.clone());
        let dispatcher = dispatcher.run(handed, stop.clone(), settings.patience);
        let suspension = Suspension {
            store: Arc::clone(store),
            after: settings.suspend_after,
            clock: Arc::clone(&clock),
        };
        let retention = Retention { store: Arc::clone(store), limits: settings.retention, clock };
        let recovery = recovery::run(Arc::clone(store), stop.clone());
        let counting = counting::run(Arc::clone(store), stop.clone());
        Self {
            dispatcher: tokio::spawn(dispatcher),
            rescue: tokio::spawn(rescue),
            others: vec![
                ("the suspension of endpoints", tokio::spawn(suspension.run(stop.clone()))),
                ("the deletion of what is old", tokio::spawn(retention.run(stop.clone()))),
                ("the recovery of endpoints", tokio::spawn(recovery)),
                ("the counting of deliveries", tokio::spawn(counting)),
                ("the reading of gauges", tokio::spawn(gauges.run(stop.clone()))),
            ],
            stop,
        }
    }

    /// Runs until a part fails without which nothing is delivered.
    pub async fn failed(&mut self) -> anyhow::Error {
        tokio::select! {
            _ = &mut self.dispatcher => anyhow::anyhow!("the dispatcher failed"),
            _ = &mut self.rescue => anyhow::anyhow!("the rescue of leases failed"),
        }
    }

    /// Ends them: what is under way first.
    pub async fn stop(self) {
        self.stop.cancel();
        let first = [("the dispatcher", self.dispatcher), ("the rescue of leases", self.rescue)];
        for (what, task) in first.into_iter().chain(self.others) {
            if task.await.is_err() {
                tracing::warn!("{what} had failed");
            }
        }
    }
}
