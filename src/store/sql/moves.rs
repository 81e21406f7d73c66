//! Rows that move with the clock, when it was set.

use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{ColumnTrait, Condition, EntityTrait, Order, QueryFilter};

use crate::domain::clock::Timestamp;
use crate::domain::id::EndpointId;
use crate::store::database::session::Transaction;
use crate::store::entity::deliveries::{self, Column};
use crate::store::error::StoreError;
use crate::store::tables::MovedRows;

/// Moves free rows with the clock, and says when they were due before.
pub async fn move_rows(
    transaction: &Transaction,
    rows: MovedRows,
) -> Result<Vec<Timestamp>, StoreError> {
    let MovedRows { jump, endpoint_id, moved_to, new_until, rows_max } = rows;
    // What was due already is due by either time, if it is not after the earlier of them.
    let due = Column::NextAttemptTime;
    let mut next = Condition::all().add(due.gt(jump.from.min(jump.to).as_unix_nanos()));
    if let Some(moved_to) = moved_to.map(Timestamp::as_unix_nanos) {
        next = next.add(if jump.is_back() { due.gt(moved_to) } else { due.lt(moved_to) });
    }
    let is_new = Column::UpdateTime.between(jump.first.as_unix_nanos(), new_until.as_unix_nanos());
    let order = if jump.is_back() { Order::Asc } else { Order::Desc };
    let rows = Query::select()
        .column(Column::DeliveryId)
        .from(deliveries::Entity)
        .and_where(Column::EndpointId.eq(endpoint_id.as_uuid()))
        .and_where(Column::LeaseToken.is_null())
        .cond_where(next)
        .and_where(is_new.not())
        .order_by(due, order)
        .limit(rows_max)
        .to_owned();
    let moved = deliveries::Entity::update_many()
        .col_expr(due, Expr::col(due).add(jump.nanos()))
        .filter(Column::DeliveryId.in_subquery(rows))
        .exec_with_returning(transaction)
        .await?;
    let before = moved.iter().filter_map(|row| row.next_attempt_time);
    let before = before.map(|time| time.saturating_sub(jump.nanos()));
    Ok(before.map(Timestamp::from_unix_nanos).collect())
}

/// Has leases that last longer than until `longest` run out then; what they hold is due now.
pub async fn shorten_leases(
    transaction: &Transaction,
    longest: Timestamp,
    now: Timestamp,
) -> Result<(), StoreError> {
    deliveries::Entity::update_many()
        .col_expr(Column::LeaseExpireTime, Expr::value(longest.as_unix_nanos()))
        .col_expr(Column::NextAttemptTime, Expr::value(now.as_unix_nanos()))
        .filter(Column::LeaseToken.is_not_null())
        .filter(Column::LeaseExpireTime.gt(longest.as_unix_nanos()))
        .exec(transaction)
        .await?;
    Ok(())
}

/// Has free rows that were written at a time to come wait anew, as long as they were to.
pub async fn wait_anew(
    transaction: &Transaction,
    endpoints: &[EndpointId],
    written_after: Timestamp,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let (due, written) = (Column::NextAttemptTime, Column::UpdateTime);
    let wait = Expr::col(due).sub(Expr::col(written));
    let moved = deliveries::Entity::update_many()
        .col_expr(due, wait.add(now.as_unix_nanos()))
        .filter(Column::EndpointId.is_in(endpoints.iter().map(|id| id.as_uuid())))
        .filter(Column::LeaseToken.is_null())
        .filter(due.gt(now.as_unix_nanos()))
        .filter(written.gt(written_after.as_unix_nanos()))
        // Else it was moved before.
        .filter(Expr::col(due).gte(Expr::col(written)))
        .exec(transaction)
        .await?;
    Ok(moved.rows_affected)
}
