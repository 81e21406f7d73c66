//! Those who watch: they follow the log with a token, lose their connection now and then, and go on
//! from the token, on whichever replica.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bookora_webhooks::domain::id::DeliveryId;
use bookora_webhooks::store::changes::{ChangeLog, ChangePage, LogPosition};
use tokio::sync::broadcast;
use tokio::time::timeout;

use super::world::World;

/// What a watch has seen.
pub struct Seen {
    position: LogPosition,
    revisions: BTreeMap<DeliveryId, u32>,
    changes: usize,
}

/// A watch from the beginning of the log on.
pub struct Watcher(Mutex<Seen>);

impl Watcher {
    /// It has seen nothing.
    pub fn new() -> Arc<Self> {
        let revisions = BTreeMap::new();
        Arc::new(Self(Mutex::new(Seen { position: LogPosition::START, revisions, changes: 0 })))
    }

    /// Changes so far.
    pub fn changes(&self) -> usize {
        self.lock().changes
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Watches without an end.
    pub async fn watch(self: Arc<Self>, world: Arc<World>) {
        loop {
            let connected = world.dice.millis(100, 20_000);
            if let Some(queue) = world.any_queue() {
                let log = Arc::clone(queue.change_log());
                drop(queue);
                // Broken off wherever it is, or failed by the tables.
                let _ = timeout(connected, self.follow(&world, &log)).await;
            }
            world.trace.step("a watch is broken off", &[]);
            tokio::time::sleep(world.dice.millis(1, 2_000)).await;
        }
    }

    /// As `grpc/watch` does.
    async fn follow(&self, world: &World, log: &ChangeLog) -> Option<()> {
        let mut live = log.follow();
        let mut position = self.lock().position;
        if !log.bounds().await.ok()?.reach(position) {
            world.model.state().broken.push("a token of the log is refused".to_owned());
            return None;
        }
        loop {
            loop {
                let page = log.read_after(position).await.ok()?;
                self.take(world, &page, position);
                position = page.end;
                if !page.is_full() {
                    break;
                }
            }
            loop {
                match live.recv().await {
                    Ok(page) if page.after > position => break,
                    Ok(page) => {
                        self.take(world, &page, position);
                        position = position.max(page.end);
                    }
                    Err(broadcast::error::RecvError::Lagged(_)) => break,
                    Err(broadcast::error::RecvError::Closed) => return None,
                }
            }
        }
    }

    fn take(&self, world: &World, page: &ChangePage, position: LogPosition) {
        let mut seen = self.lock();
        for change in page.changes.iter().filter(|change| change.position > position) {
            let (id, revision) = (change.delivery.delivery_id, change.delivery.revision);
            let before = seen.revisions.insert(id, revision).unwrap_or(0);
            if revision != before + 1 {
                let broken = format!("{id}: a watch sees revision {revision} after {before}");
                world.model.state().broken.push(broken);
            }
            seen.position = change.position;
            seen.changes += 1;
        }
    }
}

/// How long watches may be behind at the end: a few looks of the tail, and a reconnection.
pub const CATCH_UP: Duration = Duration::from_secs(30);
