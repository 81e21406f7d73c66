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

use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{ColumnTrait, Condition, EntityTrait, Order, QueryFilter};

use super::Store;
use super::entity::deliveries;
use super::error::StoreError;
use super::lease::LeaseTerms;
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
    store: Arc<Store>,
    watch: ClockWatch,
    /// As many as times that it was set while the database did not answer.
    unfinished: VecDeque<Move>,
}

/// Rows that are being moved, endpoint by endpoint.
struct Move {
    jump: Jump,
    /// `None`: not begun.
    endpoints: Option<Vec<EndpointId>>,
    /// Of the last endpoint: the rows that are due beyond this have been moved, in nanoseconds
    /// since the Unix epoch. It is walked from the end that the clock was set to, so that no row is
    /// met twice.
    moved_to: Option<i64>,
}

impl ClockFollower {
    /// Follows the clock from now on.
    #[must_use]
    pub fn new(store: Arc<Store>) -> Self {
        let watch = ClockWatch::new(&*store.clock);
        Self { store, watch, unfinished: VecDeque::new() }
    }

    /// Where the clock was set since the last call, moves what waits. Answers with the time that it
    /// has followed the clock to: what is due by then is due, and what seems due later may have to
    /// be moved first.
    ///
    /// # Errors
    /// The store's; the next call goes on where this one failed.
    pub async fn follow(&mut self) -> Result<Timestamp, StoreError> {
        if self.store.connections.is_shared() {
            // All go by the database's clock, and each would move the rows.
            return Ok(self.store.clock.now());
        }
        if let Some(jump) = self.watch.look(&*self.store.clock) {
            let seconds = jump.nanos() / 1_000_000_000;
            tracing::warn!(seconds, "the clock was set; what waits for its time moves with it");
            self.unfinished.push_back(Move { jump, endpoints: None, moved_to: None });
        }
        while let Some(next) = self.unfinished.front_mut() {
            if !self.store.move_some(next).await? {
                self.unfinished.pop_front();
            }
        }
        Ok(self.watch.last_look())
    }
}

impl Store {
    /// One bounded step; says whether another is to be taken.
    async fn move_some(&self, progress: &mut Move) -> Result<bool, StoreError> {
        let Some(endpoints) = &mut progress.endpoints else {
            if progress.jump.is_back() {
                self.end_leases_of_the_future().await?;
            }
            progress.endpoints = Some(self.waiting_endpoints().await?);
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

    /// Moves the next rows of an endpoint, and says how far it came; `None`: to the end.
    async fn move_rows(
        &self,
        jump: Jump,
        endpoint_id: EndpointId,
        moved_to: Option<i64>,
    ) -> Result<Option<i64>, StoreError> {
        use deliveries::Column;
        let _turn = self.connections.background_turn().await;
        let transaction = self.connections.begin().await?;
        // What was due already is due by either time, if it is not after the earlier of them.
        let due = Column::NextAttemptTime;
        let mut next = Condition::all().add(due.gt(jump.from.min(jump.to).as_unix_nanos()));
        if let Some(moved_to) = moved_to {
            next = next.add(if jump.is_back() { due.gt(moved_to) } else { due.lt(moved_to) });
        }
        let new_times = jump.first.as_unix_nanos()..=self.clock.now().as_unix_nanos();
        let is_new = Column::UpdateTime.between(*new_times.start(), *new_times.end());
        let order = if jump.is_back() { Order::Asc } else { Order::Desc };
        let rows = Query::select()
            .column(Column::DeliveryId)
            .from(deliveries::Entity)
            .and_where(Column::EndpointId.eq(endpoint_id.as_uuid()))
            .and_where(Column::LeaseToken.is_null())
            .cond_where(next)
            .and_where(is_new.not())
            .order_by(due, order)
            .limit(MOVE_ROWS_MAX)
            .to_owned();
        let moved = deliveries::Entity::update_many()
            .col_expr(due, Expr::col(due).add(jump.nanos()))
            .filter(Column::DeliveryId.in_subquery(rows))
            .exec_with_returning(&transaction)
            .await?;
        transaction.commit().await?;
        if (moved.len() as u64) < MOVE_ROWS_MAX {
            return Ok(None);
        }
        let before = moved.iter().filter_map(|row| row.next_attempt_time);
        let before = before.map(|time| time.saturating_sub(jump.nanos()));
        Ok(if jump.is_back() { before.max() } else { before.min() })
    }

    /// Leases from before the clock was set back would not run out for as long. What is leased was
    /// due.
    async fn end_leases_of_the_future(&self) -> Result<(), StoreError> {
        use deliveries::Column;
        let _turn = self.connections.background_turn().await;
        let transaction = self.connections.begin().await?;
        let now = self.clock.now();
        let longest = (now + LeaseTerms::longest()).as_unix_nanos();
        deliveries::Entity::update_many()
            .col_expr(Column::LeaseExpireTime, Expr::value(longest))
            .col_expr(Column::NextAttemptTime, Expr::value(now.as_unix_nanos()))
            .filter(Column::LeaseToken.is_not_null())
            .filter(Column::LeaseExpireTime.gt(longest))
            .exec(&transaction)
            .await?;
        Ok(transaction.commit().await?)
    }

    /// At the start: what waits and was written at a time that has yet to come, because the clock
    /// was set back since, waits for as long as it was to, from now on. Also what a process that
    /// died had not moved.
    pub(super) async fn start_behind(&self) -> Result<(), StoreError> {
        let endpoints = self.waiting_endpoints().await?;
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
        use deliveries::Column;
        let _turn = self.connections.background_turn().await;
        let transaction = self.connections.begin().await?;
        let now = self.clock.now();
        let (due, written) = (Column::NextAttemptTime, Column::UpdateTime);
        let wait = Expr::col(due).sub(Expr::col(written));
        let moved = deliveries::Entity::update_many()
            .col_expr(due, wait.add(now.as_unix_nanos()))
            .filter(Column::EndpointId.is_in(endpoints.iter().map(|id| id.as_uuid())))
            .filter(Column::LeaseToken.is_null())
            .filter(due.gt(now.as_unix_nanos()))
            .filter(written.gt((now + JUMP_MIN).as_unix_nanos()))
            // Else it was moved before.
            .filter(Expr::col(due).gte(Expr::col(written)))
            .exec(&transaction)
            .await?;
        transaction.commit().await?;
        Ok(moved.rows_affected)
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
