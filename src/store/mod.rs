//! What is kept, and the only code that speaks to a database.
//!
//! One file per group of verbs: [`publish`], [`endpoints`], [`queue`] (due work, claims), [`lease`] (extension, rescue),
//! [`record`], [`changes`] (the log), [`deliveries`] and [`events`] (reads), [`intervention`] (one
//! delivery, by hand), [`recovery`] (many, by hand), [`secrets`] (rotate, revoke), [`suspension`],
//! [`stats`] (figures from the log), `readings` (for gauges and health), [`prune`], [`clock_jump`]. Secrets are stored sealed
//! (`sealing`), with the keys of [`keyring`] from the file of [`key_file`]; `resealing` follows a
//! change of keys.
//! Writes that come often are committed in groups (`group_commit`). [`room`] and [`wakeup`] are what
//! publishing and dispatching share beside the tables; [`membership`] and [`peers`] what replicas
//! share.

mod cancel;
pub mod changes;
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
pub mod stats;
mod streaks;
pub mod suspension;
mod targets;
pub mod turns;
pub mod wakeup;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use sea_orm_migration::MigratorTrait;
use tokio::sync::{Notify, Semaphore, mpsc};
use uuid::Uuid;

use self::changes::ChangeLog;
use self::database::{Connections, OpenError};
use self::doubts::Doubts;
use self::error::StoreError;
use self::group_commit::{Answer, GroupCommit, GroupLimits};
use self::keyring::{Keyring, KeyringError};
use self::lease::LeaseTerms;
use self::membership::Membership;
use self::peers::{Peers, Talk};
use self::publish::{GROUP_WEIGHT_MAX, Handed, Published, Publisher};
use self::record::{GROUP_VERDICTS_MAX, Recorded, Recorder};
use self::resealing::Resealing;
use self::room::{Room, RoomLimits};
use self::streaks::Streaks;
use self::targets::Targets;
use self::wakeup::Wakeup;
use crate::domain::clock::Clock;
use crate::domain::delivery::Verdict;
use crate::domain::event::NewEvent;
use crate::domain::random::Random;
use crate::telemetry::metrics::Metrics;

/// Weight of the publishes that may be on their way into a commit: so many events, or 64 MiB of
/// large ones; more is refused as overload.
const PUBLISH_QUEUE_MAX: usize = 4_096;
/// What of it streams may have, all together: they wait for room, and half is left to who does not.
const STREAMS_QUEUE_MAX: usize = PUBLISH_QUEUE_MAX / 2;

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
    publishes: GroupCommit<Vec<NewEvent>, Vec<Published>>,
    streams_room: Arc<Semaphore>,
    verdicts: GroupCommit<Verdict, Recorded>,
    change_log: Arc<ChangeLog>,
    membership: Arc<Membership>,
    room: Arc<Room>,
    streaks: Arc<Streaks>,
    keyring: Arc<Keyring>,
    targets: Arc<Targets>,
    wakeup: Arc<Wakeup>,
    recovery_begun: Notify,
    lease_terms: LeaseTerms,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    database_id: Uuid,
    switching_off: Arc<()>,
    doubts: Arc<Doubts>,
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
        let change_log = ChangeLog::start(Arc::clone(&connections), Arc::clone(&peers));
        let wakeup = Arc::new(Wakeup::default());
        if connections.is_shared() {
            membership::join(&membership, &connections, &clock).await?;
            let talk = Talk {
                connections: Arc::downgrade(&connections),
                peers: Arc::clone(&peers),
                membership: Arc::clone(&membership),
                change_log: Arc::downgrade(&change_log),
                wakeup: Arc::clone(&wakeup),
            };
            talk.start();
        }
        let room = Room::new(settings.room, Arc::clone(&membership), Arc::clone(&clock));
        let streaks = Arc::new(Streaks::default());
        let doubts = Arc::new(Doubts::default());
        let lease_terms = LeaseTerms { request_timeout: settings.request_timeout };
        let in_flight_max = settings.room.in_flight_max as usize;
        let (handed, to_dispatcher) = mpsc::channel(in_flight_max);
        let targets = Targets::new(Arc::clone(&keyring));
        let publisher = Publisher {
            connections: Arc::clone(&connections),
            room: Arc::clone(&room),
            wakeup: Arc::clone(&wakeup),
            peers,
            change_log: Arc::clone(&change_log),
            handed,
            doubts: Arc::clone(&doubts),
            targets: Arc::clone(&targets),
            metrics: settings.metrics.clone(),
            lease_terms,
            clock: Arc::clone(&clock),
            random: Arc::clone(&random),
        };
        let recorder = Recorder {
            connections: Arc::clone(&connections),
            streaks: Arc::clone(&streaks),
            wakeup: Arc::clone(&wakeup),
            change_log: Arc::clone(&change_log),
            metrics: settings.metrics.clone(),
            clock: Arc::clone(&clock),
        };
        let store = Self {
            publishes: start_publisher(publisher),
            streams_room: Arc::new(Semaphore::new(STREAMS_QUEUE_MAX)),
            verdicts: start_recorder(recorder, in_flight_max),
            connections,
            change_log,
            membership,
            room,
            streaks,
            keyring,
            targets,
            wakeup,
            recovery_begun: Notify::new(),
            lease_terms,
            clock,
            random,
            database_id,
            switching_off: Arc::default(),
            doubts,
            metrics: settings.metrics,
        };
        if !store.connections.is_shared() {
            store.free_all_leases().await?;
            store.start_behind().await?;
        }
        store.cancel_leftovers().await?;
        Ok((Arc::new(store), to_dispatcher))
    }

    /// Stores events, with one delivery for each subscribed endpoint: all in one transaction, or
    /// none. The answers are in the order of the events, and come after the commit.
    ///
    /// # Errors
    /// The store's; on [`StoreError::Unavailable`] it is not known whether it was committed.
    pub async fn publish(&self, events: Vec<NewEvent>) -> Result<Vec<Published>, StoreError> {
        self.publishes.write(events).await
    }

    /// Has an event of a stream stored, behind all whose publish has begun; waits until there is
    /// room for it, and leaves the answer to be waited for.
    ///
    /// # Errors
    /// [`StoreError::Closed`] where the process is ending; the answer has the others.
    pub async fn publish_later(&self, event: NewEvent) -> Result<PublishAnswer, StoreError> {
        self.publishes.queue(vec![event], &self.streams_room).await.map(PublishAnswer)
    }

    /// Records what an attempt made of a delivery, if its lease still holds.
    ///
    /// # Errors
    /// The store's.
    pub async fn record(&self, verdict: Verdict) -> Result<Recorded, StoreError> {
        self.verdicts.write(verdict).await
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

    /// Room for requests under way.
    #[must_use]
    pub fn room(&self) -> &Arc<Room> {
        &self.room
    }

    /// Tells when rows are due.
    #[must_use]
    pub fn wakeup(&self) -> &Wakeup {
        &self.wakeup
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

/// What is to come of an event that is being stored.
pub struct PublishAnswer(Answer<Vec<Published>>);

impl PublishAnswer {
    /// Waits for the commit. Where nobody does, the event is stored all the same.
    ///
    /// # Errors
    /// The store's; on [`StoreError::Unavailable`] it is not known whether it was committed.
    pub async fn wait(self) -> Result<Published, StoreError> {
        let published = self.0.wait().await?;
        let [published] = <[_; 1]>::try_from(published).expect("one event, one answer");
        Ok(published)
    }
}

fn start_publisher(publisher: Publisher) -> GroupCommit<Vec<NewEvent>, Vec<Published>> {
    let limits = GroupLimits { queue_max: PUBLISH_QUEUE_MAX, weight_max: GROUP_WEIGHT_MAX };
    let publisher = Arc::new(publisher);
    GroupCommit::start(
        limits,
        |events| publish::weight(events),
        move |group| {
            let publisher = Arc::clone(&publisher);
            async move { publisher.commit(group).await }
        },
    )
}

fn start_recorder(recorder: Recorder, in_flight_max: usize) -> GroupCommit<Verdict, Recorded> {
    // Every outcome has a slot in the room: the queue is never full.
    let limits = GroupLimits { queue_max: in_flight_max, weight_max: GROUP_VERDICTS_MAX };
    let recorder = Arc::new(recorder);
    GroupCommit::start(
        limits,
        |_| 1,
        move |group| {
            let recorder = Arc::clone(&recorder);
            async move { recorder.commit(group).await }
        },
    )
}
