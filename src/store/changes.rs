//! The change log: every revision of every delivery in the order of commit, read from any place on
//! and followed live.
//!
//! One task, the tail, reads what was committed and hands it to all who follow. A follower that
//! cannot keep up loses pages, sees the gap, and reads on from the log: its memory is bounded, and
//! it misses nothing.

use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::sync::{Notify, broadcast};

use super::entity::delivery_changes;
use super::error::StoreError;
use super::peers::Peers;
use super::tables::Tables;
use crate::domain::attempt::Attempt;
use crate::domain::delivery::{Delivery, DeliveryState};

/// Changes of one page of the log: about 1 MiB where every one carries an attempt.
pub const PAGE_CHANGES_MAX: u64 = 500;
/// Pages that the slowest follower may be behind the tail before it has to read the log.
const LIVE_PAGES_MAX: usize = 16;
/// How long the tail waits before it reads again after the database failed.
const TAIL_RETRY_WAIT: Duration = Duration::from_millis(500);
/// How often the tail reads without being told of a commit: what it costs when a commit's answer,
/// or a notification of another process, was lost.
const POLL_INTERVAL: Duration = Duration::from_millis(500);
/// How soon it reads again after it has handed something on: what is committed in between goes to
/// every follower at once, and wakes each of a thousand but two hundred times a second.
const TAIL_INTERVAL: Duration = Duration::from_millis(5);
/// How soon it reads again where rows wait for an older transaction to end; twice as long each
/// time, up to [`POLL_INTERVAL`].
const UNSETTLED_WAIT: Duration = Duration::from_millis(2);

/// A place in the log; what comes after it is what has not been seen yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LogPosition {
    /// Where several processes write: the transaction, see
    /// [`log_order`](super::database::dialect::log_order). Otherwise 0.
    transaction_id: i64,
    sequence: i64,
}

impl LogPosition {
    /// Before the first change.
    pub const START: Self = Self { transaction_id: 0, sequence: 0 };
    /// Bytes of [`LogPosition::to_bytes`].
    pub const BYTES: usize = 16;

    /// The position in the form that tokens carry.
    #[must_use]
    pub fn to_bytes(self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        bytes[..8].copy_from_slice(&self.transaction_id.to_be_bytes());
        bytes[8..].copy_from_slice(&self.sequence.to_be_bytes());
        bytes
    }

    /// The position that a token carries.
    #[must_use]
    pub fn from_bytes(bytes: [u8; Self::BYTES]) -> Self {
        let number = |at: usize| i64::from_be_bytes(std::array::from_fn(|place| bytes[at + place]));
        Self { transaction_id: number(0), sequence: number(8) }
    }

    /// The place with these numbers.
    pub(super) const fn at(transaction_id: i64, sequence: i64) -> Self {
        Self { transaction_id, sequence }
    }

    /// The transaction's number and the row's in it.
    pub(super) const fn numbers(self) -> (i64, i64) {
        (self.transaction_id, self.sequence)
    }

    /// The place of a row.
    pub(super) const fn of(row: &delivery_changes::Model) -> Self {
        Self { transaction_id: row.transaction_id, sequence: row.sequence }
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

/// The log and its live tail.
pub struct ChangeLog {
    tables: Arc<dyn Tables>,
    live: broadcast::Sender<Arc<ChangePage>>,
    committed: Notify,
    peers: Arc<Peers>,
}

impl ChangeLog {
    /// The log, with its tail running until the log is dropped.
    #[must_use]
    pub fn start(tables: Arc<dyn Tables>, peers: Arc<Peers>) -> Arc<Self> {
        let (live, _) = broadcast::channel(LIVE_PAGES_MAX);
        let log = Arc::new(Self { tables, live, committed: Notify::new(), peers });
        tokio::spawn(follow_commits(Arc::downgrade(&log)));
        log
    }

    /// This process has committed something.
    pub fn committed(&self) {
        self.committed.notify_one();
        self.peers.committed();
    }

    /// Another process may have.
    pub fn committed_elsewhere(&self) {
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
        self.tables.log_bounds().await
    }

    /// The next page after a place; a page of fewer than [`PAGE_CHANGES_MAX`] reaches the end.
    ///
    /// # Errors
    /// [`LogReadError::Pruned`], or the database's.
    pub async fn read_after(&self, after: LogPosition) -> Result<ChangePage, LogReadError> {
        let changes = self.tables.log_after(after, PAGE_CHANGES_MAX).await?;
        // Rows go from the beginning of the log on: while the very next one is there, none of those
        // that follow it is missing. Of several writers' numbers the next may never be.
        let next = LogPosition { sequence: after.sequence + 1, ..after };
        let is_next = changes.first().is_some_and(|first| first.position == next);
        if !is_next && self.bounds().await?.floor > after {
            return Err(LogReadError::Pruned);
        }
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

/// The tail: after each commit, and from time to time, reads what is new and hands it on, as long
/// as anybody follows.
async fn follow_commits(log: Weak<ChangeLog>) {
    // `None`: nobody followed, or the database failed; begin again at the end of the log.
    let mut position = None;
    let mut unsettled_wait = None;
    while let Some(log) = log.upgrade() {
        log.wait_for_commit(unsettled_wait).await;
        if log.live.receiver_count() == 0 {
            position = None;
            continue;
        }
        (position, unsettled_wait) = match log.read_on(position, unsettled_wait).await {
            Ok((reached, unsettled_wait)) => {
                if position != Some(reached) {
                    tokio::time::sleep(TAIL_INTERVAL).await;
                }
                (Some(reached), unsettled_wait)
            }
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "cannot read the log");
                tokio::time::sleep(TAIL_RETRY_WAIT).await;
                log.committed_elsewhere();
                (None, None)
            }
        };
    }
}

impl ChangeLog {
    /// Until this process, or as far as is told another, has committed something; or until it is
    /// time to look.
    async fn wait_for_commit(&self, unsettled_wait: Option<Duration>) {
        let wait = unsettled_wait.unwrap_or(POLL_INTERVAL);
        // Told or not: it is time to look.
        let _ = tokio::time::timeout(wait, self.committed.notified()).await;
    }

    /// Hands on what is new, and says how far it came, and how long to wait for what is committed
    /// and cannot be read yet.
    async fn read_on(
        &self,
        from: Option<LogPosition>,
        waited: Option<Duration>,
    ) -> Result<(LogPosition, Option<Duration>), StoreError> {
        // Before reading: what is settled in between is read, what is committed in between is told.
        let is_unsettled = self.tables.log_has_unsettled().await?;
        let reached = self.hand_on(from).await?;
        let longer = waited.map_or(UNSETTLED_WAIT, |waited| (2 * waited).min(POLL_INTERVAL));
        let wait = if from == Some(reached) { longer } else { UNSETTLED_WAIT };
        Ok((reached, is_unsettled.then_some(wait)))
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
