//! The wall clock is set, by a day perhaps: what waits in the table moves with it, so that it is
//! sent when it would have been, neither all at once nor a day late.
//!
//! Rows are stamped by the wall clock, since people read the stamps. While the process runs it sees
//! a jump, because the monotonic clock does not make it. From one start to the next it does not;
//! but what is stamped with a time to come shows that the clock was set back.
//!
//! Leases need less: what is under way has its lease extended before any that ran out is freed.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::Arc;

use super::error::StoreError;
use super::lease::LeaseTerms;
use super::queue::Queue;
use super::tables::MovedRows;
use crate::domain::clock::{ClockWatch, JUMP_MIN, Jump, Timestamp};
use crate::domain::delivery::Verdict;
use crate::domain::id::EndpointId;

/// Rows that one transaction moves: a publish beside it hardly waits.
const MOVE_ROWS_MAX: u64 = 500;

/// Endpoints whose rows one transaction of the start looks at.
const START_ENDPOINTS_MAX: usize = 500;

/// Moves what waits whenever the clock was set. For whoever claims: nothing is to be claimed in
/// between.
pub struct ClockFollower {
    queue: Arc<Queue>,
    watch: ClockWatch,
    /// As many as times that it was set while the database did not answer.
    unfinished: VecDeque<Move>,
}

/// Rows that are being moved, endpoint by endpoint.
struct Move {
    jump: Jump,
    /// `None`: not begun.
    endpoints: Option<Vec<EndpointId>>,
    /// Of the last endpoint: the rows that are due beyond this have been moved. It is walked from
    /// the end that the clock was set to, so that no row is met twice.
    moved_to: Option<Timestamp>,
}

impl ClockFollower {
    /// Follows the clock from now on.
    #[must_use]
    pub fn new(queue: Arc<Queue>) -> Self {
        let watch = ClockWatch::new(&*queue.clock);
        Self { queue, watch, unfinished: VecDeque::new() }
    }

    /// Where the clock was set since the last call, moves what waits. Answers with the time that it
    /// has followed the clock to: what is due by then is due, and what seems due later may have to
    /// be moved first.
    ///
    /// # Errors
    /// The store's; the next call goes on where this one failed.
    pub async fn follow(&mut self) -> Result<Timestamp, StoreError> {
        if self.queue.tables.is_shared() {
            // All go by the database's clock, and each would move the rows.
            return Ok(self.queue.clock.now());
        }
        if let Some(jump) = self.watch.look(&*self.queue.clock) {
            let seconds = jump.nanos() / 1_000_000_000;
            tracing::warn!(seconds, "the clock was set; what waits for its time moves with it");
            self.unfinished.push_back(Move { jump, endpoints: None, moved_to: None });
        }
        while let Some(next) = self.unfinished.front_mut() {
            if !self.queue.move_some(next).await? {
                self.unfinished.pop_front();
            }
        }
        Ok(self.watch.last_look())
    }
}

impl Queue {
    /// One bounded step; says whether another is to be taken.
    async fn move_some(&self, progress: &mut Move) -> Result<bool, StoreError> {
        let Some(endpoints) = &mut progress.endpoints else {
            if progress.jump.is_back() {
                self.end_leases_of_the_future().await?;
            }
            progress.endpoints = Some(self.waiting_ids().await?);
            return Ok(true);
        };
        let Some(endpoint_id) = endpoints.last().copied() else { return Ok(false) };
        let moved = self.move_rows(progress.jump, endpoint_id, progress.moved_to).await?;
        progress.moved_to = moved;
        if moved.is_none() {
            endpoints.pop();
        }
        Ok(true)
    }

    async fn waiting_ids(&self) -> Result<Vec<EndpointId>, StoreError> {
        let waiting = self.waiting_endpoints().await?;
        Ok(waiting.iter().map(|waiting| waiting.endpoint_id).collect())
    }

    /// Moves the next rows of an endpoint, and says how far it came; `None`: to the end.
    async fn move_rows(
        &self,
        jump: Jump,
        endpoint_id: EndpointId,
        moved_to: Option<Timestamp>,
    ) -> Result<Option<Timestamp>, StoreError> {
        let mut transaction = self.tables.begin_in_background().await?;
        let new_until = self.clock.now();
        let rows_max = MOVE_ROWS_MAX;
        let rows = MovedRows { jump, endpoint_id, moved_to, new_until, rows_max };
        let before = transaction.move_rows(rows).await?;
        transaction.commit().await?;
        if (before.len() as u64) < MOVE_ROWS_MAX {
            return Ok(None);
        }
        Ok(if jump.is_back() { before.into_iter().max() } else { before.into_iter().min() })
    }

    /// Leases from before the clock was set back would not run out for as long. What is leased was
    /// due.
    async fn end_leases_of_the_future(&self) -> Result<(), StoreError> {
        let mut transaction = self.tables.begin_in_background().await?;
        let now = self.clock.now();
        transaction.shorten_leases(now + LeaseTerms::longest(), now).await?;
        transaction.commit().await
    }

    /// At the start: what waits and was written at a time that has yet to come, because the clock
    /// was set back since, waits for as long as it was to, from now on. Also what a process that
    /// died had not moved.
    pub(super) async fn start_behind(&self) -> Result<(), StoreError> {
        let endpoints = self.waiting_ids().await?;
        let mut moved = 0;
        for some in endpoints.chunks(START_ENDPOINTS_MAX) {
            moved += self.wait_anew(some).await?;
        }
        if moved > 0 {
            tracing::warn!(moved, "the clock was set back since the last start");
        }
        Ok(())
    }

    async fn wait_anew(&self, endpoints: &[EndpointId]) -> Result<u64, StoreError> {
        let mut transaction = self.tables.begin_in_background().await?;
        let now = self.clock.now();
        let moved = transaction.wait_anew(endpoints, now + JUMP_MIN, now).await?;
        transaction.commit().await?;
        Ok(moved)
    }
}

/// The verdict as it is to be written at `now`. Where the clock was set back since it was judged,
/// what waits has been moved already: this moves with it.
pub(super) fn stamped(verdict: &Verdict, now: Timestamp) -> Cow<'_, Verdict> {
    let judged = verdict.delivery.update_time;
    if judged.since(now) < JUMP_MIN {
        return Cow::Borrowed(verdict);
    }
    let mut moved = verdict.clone();
    let wait = moved.delivery.next_attempt_time.map(|time| time.since(judged));
    moved.delivery.next_attempt_time = wait.map(|wait| now + wait);
    moved.delivery.update_time = now;
    Cow::Owned(moved)
}
