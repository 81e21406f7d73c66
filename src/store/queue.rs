//! The queue of deliveries, from the publish that puts them in to the outcome that takes them out:
//! what publishing, dispatching, recording and rescuing share. It asks the [tables](super::tables)
//! and knows no database.
//!
//! Its verbs are in `publish`, [`claim`](super::claim), [`lease`](super::lease),
//! [`record`](super::record), `cancel`, `doubts` and [`clock_jump`](super::clock_jump).

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc};

use super::changes::ChangeLog;
use super::doubts::Doubts;
use super::error::StoreError;
use super::group_commit::{Answer, GroupCommit, GroupLimits};
use super::lease::LeaseTerms;
use super::membership::Membership;
use super::peers::Peers;
use super::publish::{self, GROUP_WEIGHT_MAX, Handed, Published, Publisher};
use super::record::{GROUP_VERDICTS_MAX, Recorded, Recorder};
use super::room::{Room, RoomLimits};
use super::streaks::Streaks;
use super::tables::Tables;
use super::wakeup::Wakeup;
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

/// What a queue is made of.
pub struct QueueParts {
    /// Where everything is.
    pub tables: Arc<dyn Tables>,
    /// Who else sends.
    pub membership: Arc<Membership>,
    /// What the others are told.
    pub peers: Arc<Peers>,
    /// How much may be leased at once.
    pub room: RoomLimits,
    /// The deadline of requests to endpoints that set none of their own.
    pub request_timeout: Duration,
    /// What time it is for all that use the tables.
    pub clock: Arc<dyn Clock>,
    /// Makes ids and lease tokens.
    pub random: Arc<dyn Random>,
    /// Counts what is done.
    pub metrics: Metrics,
}

/// The queue: one for each process.
pub struct Queue {
    pub(super) tables: Arc<dyn Tables>,
    publishes: GroupCommit<Vec<NewEvent>, Vec<Published>>,
    streams_room: Arc<Semaphore>,
    verdicts: GroupCommit<Verdict, Recorded>,
    pub(super) change_log: Arc<ChangeLog>,
    room: Arc<Room>,
    pub(super) streaks: Arc<Streaks>,
    pub(super) wakeup: Arc<Wakeup>,
    pub(super) doubts: Arc<Doubts>,
    pub(super) switching_off: Arc<()>,
    pub(super) lease_terms: LeaseTerms,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) random: Arc<dyn Random>,
    pub(super) metrics: Metrics,
}

impl Queue {
    /// Starts the tasks that commit, and the log's tail. Beside the queue comes that of deliveries
    /// that are born leased, for the dispatcher.
    #[must_use]
    pub fn start(parts: QueueParts) -> (Arc<Self>, mpsc::Receiver<Handed>) {
        let QueueParts { tables, membership, peers, clock, random, metrics, .. } = parts;
        let change_log = ChangeLog::start(Arc::clone(&tables), Arc::clone(&peers));
        let room = Room::new(parts.room, membership, Arc::clone(&clock));
        let in_flight_max = parts.room.in_flight_max as usize;
        let (handed, to_dispatcher) = mpsc::channel(in_flight_max);
        let lease_terms = LeaseTerms { request_timeout: parts.request_timeout };
        let (wakeup, doubts): (Arc<Wakeup>, Arc<Doubts>) = (Arc::default(), Arc::default());
        let streaks = Arc::new(Streaks::default());
        let publisher = Publisher {
            tables: Arc::clone(&tables),
            room: Arc::clone(&room),
            wakeup: Arc::clone(&wakeup),
            peers,
            change_log: Arc::clone(&change_log),
            handed,
            doubts: Arc::clone(&doubts),
            metrics: metrics.clone(),
            lease_terms,
            clock: Arc::clone(&clock),
            random: Arc::clone(&random),
        };
        let recorder = Recorder {
            tables: Arc::clone(&tables),
            streaks: Arc::clone(&streaks),
            wakeup: Arc::clone(&wakeup),
            change_log: Arc::clone(&change_log),
            metrics: metrics.clone(),
            clock: Arc::clone(&clock),
        };
        let queue = Self {
            tables,
            publishes: start_publisher(publisher),
            streams_room: Arc::new(Semaphore::new(STREAMS_QUEUE_MAX)),
            verdicts: start_recorder(recorder, in_flight_max),
            change_log,
            room,
            streaks,
            wakeup,
            doubts,
            switching_off: Arc::default(),
            lease_terms,
            clock,
            random,
            metrics,
        };
        (Arc::new(queue), to_dispatcher)
    }

    /// For the start where no other process uses the tables: what the one before had under way is
    /// free, and what waits does so by the clock as it is now.
    ///
    /// # Errors
    /// The database's.
    pub async fn take_over(&self) -> Result<(), StoreError> {
        if self.tables.is_shared() {
            return Ok(());
        }
        self.free_all_leases().await?;
        self.start_behind().await
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

    /// The change log.
    #[must_use]
    pub fn change_log(&self) -> &Arc<ChangeLog> {
        &self.change_log
    }

    /// Room for requests under way.
    #[must_use]
    pub fn room(&self) -> &Arc<Room> {
        &self.room
    }

    /// Tells when rows are due.
    #[must_use]
    pub fn wakeup(&self) -> &Arc<Wakeup> {
        &self.wakeup
    }

    /// Counts what is done with the store.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
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
