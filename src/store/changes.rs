//! The change log: every revision of every delivery in the order of commit, read from any place on
//! and followed live.
//!
//! One task, the tail, reads what was committed and hands it to all who follow. A follower that
//! cannot keep up loses pages, sees the gap, and reads on from the log: its memory is bounded, and
//! it misses nothing.

use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Statement,
};
use tokio::sync::{Notify, broadcast};
use uuid::Uuid;

use super::database::Connections;
use super::deliveries::last_attempts;
use super::entity::delivery_changes;
use super::error::StoreError;
use super::row;
use crate::domain::attempt::Attempt;
use crate::domain::delivery::{Delivery, DeliveryState};

/// Changes of one page of the log: about 1 MiB where every one carries an attempt.
pub const PAGE_CHANGES_MAX: u64 = 500;
/// Pages that the slowest follower may be behind the tail before it has to read the log.
const LIVE_PAGES_MAX: usize = 16;
/// How long the tail waits before it reads again after the database failed.
const TAIL_RETRY_WAIT: Duration = Duration::from_millis(500);

/// How often the tail looks without being told: a commit whose answer was lost tells nobody.
const TAIL_LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// A place in the log; what comes after it is what has not been seen yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LogPosition(i64);

impl LogPosition {
    /// Before the first change.
    pub const START: Self = Self(0);

    /// The position in the form that tokens carry.
    #[must_use]
    pub const fn as_stored(self) -> i64 {
        self.0
    }

    /// The position that a token carries.
    #[must_use]
    pub const fn from_stored(value: i64) -> Self {
        Self(value)
    }
}

/// One change of a delivery.
#[derive(Clone, Debug)]
pub struct Change {
    /// Its place in the log.
    pub position: LogPosition,
    /// The delivery as the change left it; its `update_time` is when it was committed.
    pub delivery: Delivery,
    /// The state before; `None` for a new delivery.
    pub previous_state: Option<DeliveryState>,
    /// The last attempt at that time, without headers and body of its response.
    pub last_attempt: Option<Attempt>,
}

/// A stretch of the log without a gap.
#[derive(Clone, Debug)]
pub struct ChangePage {
    /// The place that it follows on.
    pub after: LogPosition,
    /// The place that it reaches to.
    pub end: LogPosition,
    /// All changes between, in order.
    pub changes: Vec<Change>,
}

/// Why the log was not read.
#[derive(Debug, thiserror::Error)]
pub enum LogReadError {
    /// The log no longer reaches back to the place: what was there cannot be told any more. Begin
    /// anew.
    #[error("the log was pruned beyond this place")]
    Pruned,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sea_orm::DbErr> for LogReadError {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Store(error.into())
    }
}

/// From where to where the log can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogBounds {
    /// Everything after this place is there.
    pub floor: LogPosition,
    /// The end.
    pub head: LogPosition,
}

impl LogBounds {
    /// Whether the log has everything after a place.
    #[must_use]
    pub fn reach(&self, position: LogPosition) -> bool {
        self.floor <= position && position <= self.head
    }
}

/// Read in one statement, and so at one moment. A log that was pruned to its end goes on where it
/// was: sequence numbers are not used again.
const LOG_BOUNDS: &str = "
SELECT (SELECT log_floor FROM store_identity WHERE id = 1),
       (SELECT MAX(sequence) FROM delivery_changes)";

/// The log and its live tail.
pub struct ChangeLog {
    connections: Arc<Connections>,
    live: broadcast::Sender<Arc<ChangePage>>,
    committed: Notify,
}

impl ChangeLog {
    /// The log, with its tail running until the log is dropped.
    #[must_use]
    pub fn start(connections: Arc<Connections>) -> Arc<Self> {
        let (live, _) = broadcast::channel(LIVE_PAGES_MAX);
        let log = Arc::new(Self { connections, live, committed: Notify::new() });
        tokio::spawn(follow_commits(Arc::downgrade(&log)));
        log
    }

    /// Something was committed.
    pub fn committed(&self) {
        self.committed.notify_one();
    }

    /// What is committed from now on. A follower that already stands somewhere compares each
    /// page's `after` with its own place: where there is a gap, [`ChangeLog::read_after`] has it.
    #[must_use]
    pub fn follow(&self) -> broadcast::Receiver<Arc<ChangePage>> {
        self.live.subscribe()
    }

    /// The end of the log.
    ///
    /// # Errors
    /// The database's.
    pub async fn head(&self) -> Result<LogPosition, StoreError> {
        Ok(self.bounds().await?.head)
    }

    /// From where to where the log can be read.
    ///
    /// # Errors
    /// The database's.
    pub async fn bounds(&self) -> Result<LogBounds, StoreError> {
        let reader = self.connections.reader();
        let statement = Statement::from_string(reader.get_database_backend(), LOG_BOUNDS);
        let row = reader.query_one_raw(statement).await?;
        let row = row.ok_or_else(|| row::corrupt("log_floor", "no row"))?;
        let floor: i64 = row.try_get_by_index(0)?;
        let last: Option<i64> = row.try_get_by_index(1)?;
        Ok(LogBounds { floor: LogPosition(floor), head: LogPosition(last.unwrap_or(floor)) })
    }

    /// The next page after a place; a page of fewer than [`PAGE_CHANGES_MAX`] reaches the end.
    ///
    /// # Errors
    /// [`LogReadError::Pruned`], or the database's.
    pub async fn read_after(&self, after: LogPosition) -> Result<ChangePage, LogReadError> {
        let reader = self.connections.reader();
        let rows = delivery_changes::Entity::find()
            .filter(delivery_changes::Column::Sequence.gt(after.0))
            .order_by_asc(delivery_changes::Column::Sequence)
            .limit(PAGE_CHANGES_MAX)
            .all(reader)
            .await?;
        // Rows go from the beginning of the log on: while the very next one is there, none of those
        // that follow it is missing.
        let is_next = rows.first().is_some_and(|first| first.sequence == after.0 + 1);
        if !is_next && self.bounds().await?.floor > after {
            return Err(LogReadError::Pruned);
        }
        let attempted = rows.iter().filter(|row| row.attempt_count > 0);
        let mut attempts =
            last_attempts(reader, attempted.map(|row| (row.delivery_id, row.attempt_count)))
                .await?;
        let changes: Result<Vec<_>, _> =
            rows.into_iter().map(|row| change(row, &mut attempts)).collect();
        let changes = changes?;
        let end = changes.last().map_or(after, |last| last.position);
        Ok(ChangePage { after, end, changes })
    }
}

impl ChangePage {
    /// Whether the log may go on behind this page.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.changes.len() as u64 >= PAGE_CHANGES_MAX
    }
}

fn change(
    row: delivery_changes::Model,
    attempts: &mut HashMap<(Uuid, i32), Attempt>,
) -> Result<Change, StoreError> {
    let position = LogPosition(row.sequence);
    let last_attempt = attempts.remove(&(row.delivery_id, row.attempt_count));
    let (delivery, previous_state) = row::changed_delivery(row)?;
    Ok(Change { position, delivery, previous_state, last_attempt })
}

/// The tail: after each commit, and from time to time, reads what is new and hands it on, as long as anybody follows.
async fn follow_commits(log: Weak<ChangeLog>) {
    // `None`: nobody followed, or the database failed; begin again at the end of the log.
    let mut position = None;
    while let Some(log) = log.upgrade() {
        tokio::select! {
            () = log.committed.notified() => {}
            () = tokio::time::sleep(TAIL_LOOK_INTERVAL) => {}
        }
        if log.live.receiver_count() == 0 {
            position = None;
            continue;
        }
        position = match log.hand_on(position).await {
            Ok(reached) => Some(reached),
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "cannot read the log");
                tokio::time::sleep(TAIL_RETRY_WAIT).await;
                log.committed();
                None
            }
        };
    }
}

impl ChangeLog {
    async fn hand_on(&self, from: Option<LogPosition>) -> Result<LogPosition, StoreError> {
        let Some(mut position) = from else { return self.begin_at_head().await };
        loop {
            let page = match self.read_after(position).await {
                Ok(page) => page,
                // The followers find out by themselves.
                Err(LogReadError::Pruned) => return self.begin_at_head().await,
                Err(LogReadError::Store(error)) => return Err(error),
            };
            position = page.end;
            let is_full = page.is_full();
            if !page.changes.is_empty() {
                self.send(page);
            }
            if !is_full {
                return Ok(position);
            }
        }
    }

    async fn begin_at_head(&self) -> Result<LogPosition, StoreError> {
        // An empty page tells the followers how far the log has come: they see the gap.
        let head = self.head().await?;
        self.send(ChangePage { after: head, end: head, changes: Vec::new() });
        Ok(head)
    }

    fn send(&self, page: ChangePage) {
        // The last follower may just have left.
        let _ = self.live.send(Arc::new(page));
    }
}
