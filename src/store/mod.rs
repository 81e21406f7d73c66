//! What is kept, and the only code that speaks to a database.
//!
//! One file per group of verbs. On the way of every event, in the [`queue`]: [`publish`], [`claim`]
//! (due work), [`lease`] (extension, rescue), [`record`], `cancel`, [`clock_jump`]; what they ask of
//! the database is in [`tables`], and its statements in `sql`. Beside it: [`changes`] (the log),
//! [`endpoints`], [`deliveries`] and [`events`] (reads), [`intervention`] (one
//! delivery, by hand), [`recovery`] (many, by hand), [`secrets`] (rotate, revoke), [`suspension`],
//! [`stats`] (figures from the log), `readings` (for gauges and health), [`prune`]. Secrets are stored sealed
//! (`sealing`), with the keys of [`keyring`] from the file of [`key_file`]; `resealing` follows a
//! change of keys.
//! Writes that come often are committed in groups (`group_commit`). [`room`] and [`wakeup`] are what
//! publishing and dispatching share beside the tables; [`membership`] and [`peers`] what replicas
//! share.

mod cancel;
pub mod changes;
pub mod claim;
pub mod clock_jump;
pub mod database;
pub mod deliveries;
mod doubts;
pub mod endpoints;
mod entity;
pub mod error;
pub mod events;
mod group_commit;
mod identity;
mod insert;
pub mod intervention;
pub mod key_file;
pub mod keyring;
pub mod lease;
pub mod membership;
mod migration;
mod new_row;
pub mod peers;
pub mod prune;
pub mod publish;
pub mod queue;
mod readings;
pub mod record;
pub mod recovery;
pub mod request;
mod resealing;
pub mod room;
mod row;
mod sealing;
pub mod secrets;
mod sql;
pub mod stats;
mod streaks;
pub mod suspension;
pub mod tables;
mod targets;
pub mod turns;
pub mod wakeup;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use sea_orm_migration::MigratorTrait;
use tokio::sync::{Notify, mpsc};
use uuid::Uuid;

use self::changes::ChangeLog;
use self::database::{Connections, OpenError};
use self::error::StoreError;
use self::keyring::{Keyring, KeyringError};
use self::membership::Membership;
use self::peers::{Peers, Talk};
use self::publish::{Handed, Published};
pub use self::queue::PublishAnswer;
use self::queue::{Queue, QueueParts};
use self::resealing::Resealing;
use self::room::RoomLimits;
use self::sql::DatabaseTables;
use self::streaks::Streaks;
use self::tables::Tables;
use self::targets::Targets;
use self::wakeup::Wakeup;
use crate::domain::clock::Clock;
use crate::domain::event::NewEvent;
use crate::domain::random::Random;
use crate::telemetry::metrics::Metrics;

/// How the store is set up.
#[derive(Clone)]
pub struct StoreSettings {
    /// Where the database is: `sqlite://<path>?mode=rwc`.
    pub database_url: String,
    /// The file with the master keys that secrets are sealed with. `None`: beside the SQLite file,
    /// where one is made if there is none.
    pub master_key_file: Option<PathBuf>,
    /// How many requests may be under way at once, which is how many deliveries are leased.
    pub room: RoomLimits,
    /// The deadline of requests to endpoints that set none of their own; leases outlive it.
    pub request_timeout: Duration,
    /// Counts what is done.
    pub metrics: Metrics,
}

/// Why the store cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The database cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// There are no master keys, or not those that are needed.
    #[error(transparent)]
    Keys(#[from] KeyringError),
    /// It was opened, but does not work.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The store: hand out one, share it.
pub struct Store {
    connections: Arc<Connections>,
    queue: Arc<Queue>,
    change_log: Arc<ChangeLog>,
    membership: Arc<Membership>,
    streaks: Arc<Streaks>,
    keyring: Arc<Keyring>,
    wakeup: Arc<Wakeup>,
    recovery_begun: Notify,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    database_id: Uuid,
    metrics: Metrics,
}

impl Store {
    /// Opens the database, brings it to this build's schema, frees what the process before had
    /// leased, and starts the tasks that commit. Beside the store comes the queue of deliveries
    /// that are born leased, for the dispatcher.
    ///
    /// # Errors
    /// [`StartError`], in words for the operator.
    pub async fn open(
        settings: StoreSettings,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Result<(Arc<Self>, mpsc::Receiver<Handed>), StartError> {
        let connections = Connections::open(&settings.database_url, Arc::clone(&clock)).await?;
        let connections = Arc::new(connections);
        let clock = connections.clock(&clock);
        let lock = connections.lock_schema().await.map_err(OpenError::from)?;
        migration::Migrator::up(connections.writer().bare(), None)
            .await
            .map_err(OpenError::from)?;
        let database_id = identity::identify(&connections, &*random).await?;
        drop(lock);
        let keyring = Keyring::open(settings.master_key_file, &connections, &*random).await?;
        let resealing = Resealing {
            connections: Arc::downgrade(&connections),
            keyring: Arc::clone(&keyring),
            clock: Arc::clone(&clock),
            random: Arc::clone(&random),
        };
        resealing.start();

        let membership = Membership::alone(&*random);
        let peers = Arc::new(Peers::default());
        let targets = Targets::new(Arc::clone(&keyring));
        let parts = QueueParts {
            tables: DatabaseTables::new(Arc::clone(&connections), targets),
            membership: Arc::clone(&membership),
            peers: Arc::clone(&peers),
            room: settings.room,
            request_timeout: settings.request_timeout,
            clock: Arc::clone(&clock),
            random: Arc::clone(&random),
            metrics: settings.metrics.clone(),
        };
        let (queue, to_dispatcher) = Queue::start(parts);
        if connections.is_shared() {
            membership::join(&membership, &connections, &clock).await?;
            let talk = Talk {
                connections: Arc::downgrade(&connections),
                peers,
                membership: Arc::clone(&membership),
                change_log: Arc::downgrade(queue.change_log()),
                wakeup: Arc::clone(queue.wakeup()),
            };
            talk.start();
        }
        let store = Self {
            connections,
            change_log: Arc::clone(&queue.change_log),
            membership,
            streaks: Arc::clone(&queue.streaks),
            keyring,
            wakeup: Arc::clone(&queue.wakeup),
            queue,
            recovery_begun: Notify::new(),
            clock,
            random,
            database_id,
            metrics: settings.metrics,
        };
        store.queue.take_over().await?;
        store.queue.cancel_leftovers().await?;
        Ok((Arc::new(store), to_dispatcher))
    }

    /// The queue of deliveries.
    #[must_use]
    pub fn queue(&self) -> &Arc<Queue> {
        &self.queue
    }

    /// What the queue asks: another may be put on it.
    #[must_use]
    pub fn tables(&self) -> Arc<dyn Tables> {
        Arc::clone(&self.queue.tables)
    }

    /// Stores events, with one delivery for each subscribed endpoint: all in one transaction, or
    /// none. The answers are in the order of the events, and come after the commit.
    ///
    /// # Errors
    /// The store's; on [`StoreError::Unavailable`] it is not known whether it was committed.
    pub async fn publish(&self, events: Vec<NewEvent>) -> Result<Vec<Published>, StoreError> {
        self.queue.publish(events).await
    }

    /// Has an event of a stream stored, behind all whose publish has begun; waits until there is
    /// room for it, and leaves the answer to be waited for.
    ///
    /// # Errors
    /// [`StoreError::Closed`] where the process is ending; the answer has the others.
    pub async fn publish_later(&self, event: NewEvent) -> Result<PublishAnswer, StoreError> {
        self.queue.publish_later(event).await
    }

    /// Closes the database, after the last use: what is asked afterwards fails.
    ///
    /// # Errors
    /// The database's.
    pub async fn close(&self) -> Result<(), StoreError> {
        if self.connections.is_shared() {
            membership::leave(&self.membership, &self.connections).await?;
        }
        Ok(self.connections.close().await?)
    }

    /// The change log.
    #[must_use]
    pub fn change_log(&self) -> &ChangeLog {
        &self.change_log
    }

    /// Counts what is done with the store.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// What time it is: the database's, where several processes use it.
    #[must_use]
    pub fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock)
    }

    /// Random, made with the database: tokens that clients keep are bound to it.
    #[must_use]
    pub fn database_id(&self) -> Uuid {
        self.database_id
    }
}
