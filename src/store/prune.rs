//! Pruning: deletes what has been kept for long enough, a bounded step at a time, so that nothing
//! else that is written waits for it long. Open deliveries and their events stay, whatever their
//! age.

use std::collections::HashSet;

use sea_orm::sea_query::{Expr, ExprTrait, LockBehavior, LockType, Query, SimpleExpr};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, Iterable, PrimaryKeyToColumn, QueryFilter,
    QueryOrder, QuerySelect, QueryTrait, Value,
};
use uuid::Uuid;

use super::Store;
use super::changes::LogPosition;
use super::database::dialect;
use super::database::session::Transaction;
use super::entity::{
    attempts, deliveries, delivery_changes, delivery_stats, events, recoveries, resends,
    store_identity,
};
use super::error::StoreError;
use super::stats::Counted;
use crate::domain::clock::Timestamp;
use crate::domain::delivery_stats::Hour;
use crate::failpoint;

/// Deliveries that one transaction deletes, each with its attempts and perhaps its event: some
/// 10 ms.
const PRUNE_DELIVERIES_MAX: u64 = 500;
/// Events without deliveries that one transaction deletes.
const PRUNE_EVENTS_MAX: u64 = 500;
/// Rows of the log that one transaction deletes; they lie together.
const PRUNE_CHANGES_MAX: u64 = 2_000;
/// Rows of a table with nothing that hangs on them that one transaction deletes.
const PRUNE_ROWS_MAX: u64 = 500;

/// Whether a step found as much as it may take: there is probably more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Take another.
    More,
    /// Nothing is left for now.
    Done,
}

impl Step {
    fn after(rows: usize, rows_max: u64) -> Self {
        if rows as u64 >= rows_max { Self::More } else { Self::Done }
    }
}

impl Store {
    /// Deletes the beginning of the log as far as it was written before a time and is counted, and
    /// moves the log's floor there.
    ///
    /// # Errors
    /// The database's.
    pub async fn prune_log(&self, before: Timestamp) -> Result<Step, StoreError> {
        use delivery_changes::Column;
        let _turn = self.connections.background_turn().await;
        let transaction = self.connections.begin().await?;
        let backend = transaction.get_database_backend();
        let first: Vec<(i64, i64, i64)> =
            dialect::log_order(backend, delivery_changes::Entity::find())
                .select_only()
                .columns([Column::TransactionId, Column::Sequence, Column::CommitTime])
                .limit(PRUNE_CHANGES_MAX)
                .into_tuple()
                .all(&transaction)
                .await?;
        let counted = Counted::read(&transaction).await?.position;
        let is_counted = |row: &&(i64, i64, i64)| LogPosition::at(row.0, row.1) <= counted;
        let first: Vec<_> = first.iter().take_while(is_counted).collect();
        // What stands before an old row is older still, whatever the clock said when it was written.
        let is_old = |row: &&(i64, i64, i64)| row.2 < before.as_unix_nanos();
        let Some(last) = first.iter().rposition(is_old) else { return Ok(Step::Done) };
        let (transaction_id, sequence, _) = *first[last];
        // The floor first: of two replicas the second waits here, and then finds less to delete.
        store_identity::Entity::update_many()
            .col_expr(store_identity::Column::LogFloorTransaction, Expr::value(transaction_id))
            .col_expr(store_identity::Column::LogFloor, Expr::value(sequence))
            .filter(is_below(transaction_id, sequence))
            .exec(&transaction)
            .await?;
        delivery_changes::Entity::delete_many()
            .filter(dialect::log_up_to(backend, transaction_id, sequence))
            .exec(&transaction)
            .await?;
        failpoint::hit("prune.before_commit");
        transaction.commit().await?;
        failpoint::hit("prune.after_commit");
        Ok(Step::after(last + 1, PRUNE_CHANGES_MAX))
    }

    /// Deletes closed deliveries that last changed before a time, oldest first, with their
    /// attempts; and their events, where it was the event's last delivery.
    ///
    /// # Errors
    /// The database's.
    pub async fn prune_deliveries(&self, before: Timestamp) -> Result<Step, StoreError> {
        use deliveries::Column;
        let _turn = self.connections.background_turn().await;
        let transaction = self.connections.begin().await?;
        let old: Vec<(Uuid, Uuid)> = deliveries::Entity::find()
            .select_only()
            .columns([Column::DeliveryId, Column::EventId])
            .filter(Column::NextAttemptTime.is_null())
            .filter(Column::UpdateTime.lt(before.as_unix_nanos()))
            .order_by_asc(Column::UpdateTime)
            .limit(PRUNE_DELIVERIES_MAX)
            // What somebody is sending again, or another replica deletes, is left to them.
            .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
            .into_tuple()
            .all(&transaction)
            .await?;
        if old.is_empty() {
            return Ok(Step::Done);
        }
        let ids = || old.iter().map(|(delivery_id, _)| *delivery_id);
        attempts::Entity::delete_many()
            .filter(attempts::Column::DeliveryId.is_in(ids()))
            .exec(&transaction)
            .await?;
        deliveries::Entity::delete_many()
            .filter(Column::DeliveryId.is_in(ids()))
            .exec(&transaction)
            .await?;
        // A delivery is never older than its event: both are old.
        let event_ids: HashSet<Uuid> = old.iter().map(|(_, event_id)| *event_id).collect();
        delete_undelivered(&transaction, event_ids).await?;
        failpoint::hit("prune.before_commit");
        transaction.commit().await?;
        failpoint::hit("prune.after_commit");
        Ok(Step::after(old.len(), PRUNE_DELIVERIES_MAX))
    }

    /// Deletes events that were published before a time and that no endpoint subscribed to.
    ///
    /// # Errors
    /// The database's.
    pub async fn prune_events(&self, before: Timestamp) -> Result<Step, StoreError> {
        use events::Column;
        let _turn = self.connections.background_turn().await;
        let transaction = self.connections.begin().await?;
        let old: Vec<Uuid> = events::Entity::find()
            .select_only()
            .column(Column::EventId)
            // As in the index: SQLite does not use a partial index for a bound value.
            .filter(Expr::cust("delivery_count = 0"))
            .filter(Column::PublishTime.lt(before.as_unix_nanos()))
            .filter(has_no_delivery())
            .order_by_asc(Column::PublishTime)
            .limit(PRUNE_EVENTS_MAX)
            .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
            .into_tuple()
            .all(&transaction)
            .await?;
        if old.is_empty() {
            return Ok(Step::Done);
        }
        let rows = old.len();
        delete_undelivered(&transaction, old).await?;
        failpoint::hit("prune.before_commit");
        transaction.commit().await?;
        failpoint::hit("prune.after_commit");
        Ok(Step::after(rows, PRUNE_EVENTS_MAX))
    }

    /// Deletes the figures of deliveries that were made before an hour.
    ///
    /// # Errors
    /// The database's.
    pub async fn prune_stats(&self, before: Hour) -> Result<Step, StoreError> {
        use delivery_stats::{Column, Entity};
        self.prune_oldest::<Entity>(Column::Hour, before.number()).await
    }

    /// Deletes the recoveries that were finished before a time; their request ids are free again.
    ///
    /// # Errors
    /// The database's.
    pub async fn prune_recoveries(&self, before: Timestamp) -> Result<Step, StoreError> {
        use recoveries::{Column, Entity};
        self.prune_oldest::<Entity>(Column::FinishTime, before.as_unix_nanos()).await
    }

    /// Deletes what is known of requests to send again that were made before a time; their ids are
    /// free again.
    ///
    /// # Errors
    /// The database's.
    pub async fn prune_resends(&self, before: Timestamp) -> Result<Step, StoreError> {
        use resends::{Column, Entity};
        self.prune_oldest::<Entity>(Column::CreateTime, before.as_unix_nanos()).await
    }

    /// Deletes the rows of a table that are of before a time, oldest first.
    async fn prune_oldest<E: EntityTrait>(
        &self,
        time: E::Column,
        before: impl Into<Value> + Send,
    ) -> Result<Step, StoreError> {
        let keys = || E::PrimaryKey::iter().map(PrimaryKeyToColumn::into_column);
        let oldest = E::find()
            .select_only()
            .columns(keys())
            .filter(time.lt(before))
            .order_by_asc(time)
            .limit(PRUNE_ROWS_MAX)
            .into_query();
        let _turn = self.connections.background_turn().await;
        let transaction = self.connections.begin().await?;
        let deleted = E::delete_many()
            .filter(Expr::tuple(keys().map(Expr::col)).in_subquery(oldest))
            .exec(&transaction)
            .await?;
        if deleted.rows_affected == 0 {
            return Ok(Step::Done);
        }
        failpoint::hit("prune.before_commit");
        transaction.commit().await?;
        failpoint::hit("prune.after_commit");
        Ok(if deleted.rows_affected >= PRUNE_ROWS_MAX { Step::More } else { Step::Done })
    }

    /// Gives back a bounded part of the file where much of it is free.
    ///
    /// # Errors
    /// The database's.
    pub async fn give_back_pages(&self) -> Result<Step, StoreError> {
        let gave_back = self.connections.give_back_pages().await?;
        Ok(if gave_back { Step::More } else { Step::Done })
    }
}

/// Deletes those of the events that have no delivery; their idempotency keys go with them.
async fn delete_undelivered(
    transaction: &Transaction,
    event_ids: impl IntoIterator<Item = Uuid>,
) -> Result<(), StoreError> {
    events::Entity::delete_many()
        .filter(events::Column::EventId.is_in(event_ids))
        .filter(has_no_delivery())
        .exec(transaction)
        .await?;
    Ok(())
}

/// Whether the log's floor is below a place: it never moves back.
fn is_below(transaction_id: i64, sequence: i64) -> SimpleExpr {
    use store_identity::Column;
    let floor = [Column::LogFloorTransaction, Column::LogFloor].map(Expr::col);
    let place = [transaction_id, sequence].map(Expr::value);
    Expr::tuple(floor).lt(Expr::tuple(place))
}

fn has_no_delivery() -> SimpleExpr {
    let event = (events::Entity, events::Column::EventId);
    let of_event = Query::select()
        .expr(Expr::val(1))
        .from(deliveries::Entity)
        .and_where(Expr::col((deliveries::Entity, deliveries::Column::EventId)).equals(event))
        .to_owned();
    Expr::exists(of_event).not()
}
