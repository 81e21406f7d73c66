//! A model of the tables: maps, with what PostgreSQL promises about transactions, or SQLite, and no
//! more. It is meant to be seen to be right by reading it; `tests/integration/model.rs` holds it to
//! both databases.
//!
//! A transaction writes into maps of its own, which are laid over what is committed, and locks what
//! it changes; a statement that meets a lock waits for it ([`link`]), or passes it over where its SQL
//! says so. What is committed is visible at once, but for the log: its rows can be read when every
//! transaction with a lower number is over.

pub mod link;
pub mod promises;
mod statements;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bookora_webhooks::domain::attempt::Attempt;
use bookora_webhooks::domain::clock::{Clock, Timestamp};
use bookora_webhooks::domain::delivery::{Delivery, DeliveryState, ScheduleStart};
use bookora_webhooks::domain::endpoint::Endpoint;
use bookora_webhooks::domain::event::NewEvent;
use bookora_webhooks::domain::id::{DeliveryId, EndpointId, EventId, LeaseToken};
use bookora_webhooks::store::changes::LogPosition;
use bookora_webhooks::store::publish::IdempotencyOwner;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

/// A row of `endpoints`.
#[derive(Clone)]
pub struct EndpointRow {
    /// The endpoint.
    pub endpoint: Arc<Endpoint>,
    /// Since when nothing but failure was recorded.
    pub failing_since: Option<Timestamp>,
}

/// A row of `events`.
#[derive(Clone)]
pub struct EventRow {
    /// The event.
    pub event: NewEvent,
    /// How many deliveries it has.
    pub delivery_count: u32,
}

/// A row of `deliveries`.
#[derive(Clone, Debug)]
pub struct DeliveryRow {
    /// The delivery.
    pub delivery: Delivery,
    /// The schedule that it is on.
    pub schedule_start: ScheduleStart,
    /// How often it was claimed since an outcome was recorded.
    pub claim_count: u32,
    /// Whether the next attempt swaps its signatures.
    pub swaps_signatures: bool,
    /// Who may record, and until when.
    pub lease: Option<(LeaseToken, Timestamp)>,
}

/// A row of `delivery_changes`.
#[derive(Clone, Debug)]
pub struct LogRow {
    /// The transaction's number, where there are several; else 0.
    pub transaction: i64,
    /// The row's own.
    pub sequence: i64,
    /// The delivery after the change.
    pub delivery: Delivery,
    /// Its state before.
    pub previous_state: Option<DeliveryState>,
}

impl LogRow {
    /// Its place.
    pub fn position(&self) -> LogPosition {
        let mut bytes = [0; LogPosition::BYTES];
        bytes[..8].copy_from_slice(&self.transaction.to_be_bytes());
        bytes[8..].copy_from_slice(&self.sequence.to_be_bytes());
        LogPosition::from_bytes(bytes)
    }
}

/// Rows of every table, as they are committed, or as a transaction has changed them.
#[derive(Clone, Default)]
pub struct Rows {
    /// Endpoints.
    pub endpoints: BTreeMap<EndpointId, EndpointRow>,
    /// Events.
    pub events: BTreeMap<EventId, EventRow>,
    /// The unique index of idempotency keys.
    pub keys: BTreeMap<IdempotencyOwner, EventId>,
    /// Deliveries.
    pub deliveries: BTreeMap<DeliveryId, DeliveryRow>,
    /// Attempts, by their numbers.
    pub attempts: BTreeMap<(DeliveryId, u32), Attempt>,
    /// The log, by transaction and its own number.
    pub log: BTreeMap<(i64, i64), LogRow>,
}

/// What a transaction changes, and others wait for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lock {
    /// A row of `deliveries`.
    Delivery(DeliveryId),
    /// A row of `endpoints`.
    Endpoint(EndpointId),
    /// A key that is being used.
    Key(IdempotencyOwner),
}

/// Names a transaction to the process that has it.
pub type Handle = u64;

/// A transaction that is not over.
#[derive(Default)]
pub struct Open {
    /// Whose it is.
    pub owner: u64,
    /// Its number, from its first write on.
    pub number: Option<i64>,
    /// What it has changed.
    pub rows: Rows,
    /// The tokens under which it recorded outcomes, for [`promises`].
    pub recorded: Vec<(DeliveryId, LeaseToken)>,
    /// The right to write, where one has it at a time; given back at the end.
    pub writer: Option<OwnedSemaphorePermit>,
}

/// Everything there is.
#[derive(Default)]
pub struct State {
    /// What is committed.
    pub rows: Rows,
    /// Which of its deliveries are open.
    pub due: BTreeSet<DeliveryId>,
    open: BTreeMap<Handle, Open>,
    locks: BTreeMap<Lock, Handle>,
    handles: Handle,
    numbers: i64,
    sequences: i64,
    /// Processes whose connections are gone.
    gone: BTreeSet<u64>,
    /// Promises that were broken, in words.
    pub broken: Vec<String>,
}

/// The tables.
pub struct Model {
    state: Mutex<State>,
    /// Whether several processes use them, as on PostgreSQL; else one, as on SQLite.
    is_shared: bool,
    /// The database's own.
    clock: Arc<dyn Clock>,
    /// A transaction is over.
    over: Notify,
    /// One writer at a time, where it is not shared.
    writer: Arc<Semaphore>,
}

impl Model {
    /// Empty tables.
    pub fn new(is_shared: bool, clock: Arc<dyn Clock>) -> Arc<Self> {
        let writer = Arc::new(Semaphore::new(1));
        Arc::new(Self { state: Mutex::default(), is_shared, clock, over: Notify::new(), writer })
    }

    /// Looks at everything, or changes it from outside.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The database's time.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The connections of a process are gone: what it has not committed is undone.
    pub fn abort_all_of(&self, owner: u64) {
        let mut state = self.state();
        state.gone.insert(owner);
        state.abort_where(|open| open.owner == owner);
        drop(state);
        self.over.notify_waiters();
    }
}

impl State {
    /// `None`: the process is gone meanwhile.
    fn begin(&mut self, owner: u64, writer: Option<OwnedSemaphorePermit>) -> Option<Handle> {
        if self.gone.contains(&owner) {
            return None;
        }
        self.handles += 1;
        self.open.insert(self.handles, Open { owner, writer, ..Open::default() });
        Some(self.handles)
    }

    fn abort_where(&mut self, which: impl Fn(&Open) -> bool) {
        self.open.retain(|_, open| !which(open));
        self.locks.retain(|_, handle| self.open.contains_key(handle));
    }

    fn abort(&mut self, handle: Handle) {
        self.open.remove(&handle);
        self.locks.retain(|_, holder| *holder != handle);
    }

    /// Makes what a transaction changed what there is; `None`: it was aborted before.
    fn commit(&mut self, handle: Handle) -> Option<()> {
        let Open { rows, recorded, .. } = self.open.remove(&handle)?;
        self.locks.retain(|_, holder| *holder != handle);
        let broken = promises::broken_by(&self.rows, &rows, &recorded);
        self.broken.extend(broken);
        self.rows.endpoints.extend(rows.endpoints);
        self.rows.events.extend(rows.events);
        self.rows.keys.extend(rows.keys);
        for (id, row) in rows.deliveries {
            if row.delivery.state.is_open() {
                self.due.insert(id);
            } else {
                self.due.remove(&id);
            }
            self.rows.deliveries.insert(id, row);
        }
        self.rows.attempts.extend(rows.attempts);
        self.rows.log.extend(rows.log);
        Some(())
    }

    /// The first transaction number that is not over: what those before it wrote is all there.
    fn horizon(&self) -> i64 {
        self.open.values().filter_map(|open| open.number).min().unwrap_or(self.numbers + 1)
    }

    /// The rows of the log that can be read, in their order.
    pub fn readable_log(&self) -> impl DoubleEndedIterator<Item = &LogRow> {
        self.rows.log.range(..(self.horizon(), 0)).map(|(_, row)| row)
    }

    /// What is still open, in words.
    pub fn unfinished(&self) -> String {
        let first = self.due.iter().next().map(|id| &self.rows.deliveries[id]);
        let endpoint = first.and_then(|row| self.rows.endpoints.get(&row.delivery.endpoint_id));
        let endpoint = endpoint.map(|row| (row.endpoint.state, row.endpoint.config.limits));
        let open: Vec<_> =
            self.open.values().map(|open| (open.owner, open.writer.is_some())).collect();
        let count = self.due.len();
        format!("{count} deliveries are open, or a publish is: {first:?} to {endpoint:?}; {open:?}")
    }

    /// How many deliveries are open.
    pub fn open_deliveries(&self) -> usize {
        self.due.len()
    }
}
