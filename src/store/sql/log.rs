//! The change log, read.

use std::collections::HashMap;

use sea_orm::{ConnectionTrait, QuerySelect, Statement};
use uuid::Uuid;

use crate::domain::attempt::Attempt;
use crate::store::changes::{Change, LogBounds, LogPosition};
use crate::store::database::dialect;
use crate::store::database::session::Pool;
use crate::store::deliveries::last_attempts;
use crate::store::entity::delivery_changes;
use crate::store::error::StoreError;
use crate::store::row;

/// From where to where the log can be read.
pub async fn bounds(reader: &Pool) -> Result<LogBounds, StoreError> {
    let backend = reader.get_database_backend();
    let statement = Statement::from_string(backend, dialect::log_bounds(backend));
    let row = reader.query_one_raw(statement).await?;
    let row = row.ok_or_else(|| row::corrupt("log_floor", "no row"))?;
    let place = |at: usize| -> Result<Option<LogPosition>, StoreError> {
        let transaction_id: Option<i64> = row.try_get_by_index(at)?;
        let sequence: Option<i64> = row.try_get_by_index(at + 1)?;
        let both = transaction_id.zip(sequence);
        Ok(both.map(|(transaction_id, sequence)| LogPosition::at(transaction_id, sequence)))
    };
    let floor = place(0)?.ok_or_else(|| row::corrupt("log_floor", "none"))?;
    // A log that was pruned to its end goes on where it was: places are not used again.
    Ok(LogBounds { floor, head: place(2)?.unwrap_or(floor) })
}

/// The changes behind a place.
pub async fn after(
    reader: &Pool,
    after: LogPosition,
    changes_max: u64,
) -> Result<Vec<Change>, StoreError> {
    let backend = reader.get_database_backend();
    let (transaction_id, sequence) = after.numbers();
    let rows = dialect::log_after(backend, transaction_id, sequence)
        .limit(changes_max)
        .all(reader)
        .await?;
    let attempted = rows.iter().filter(|row| row.attempt_count > 0);
    let attempts =
        last_attempts(reader, attempted.map(|row| (row.delivery_id, row.attempt_count))).await?;
    rows.into_iter().map(|row| change(row, &attempts)).collect()
}

fn change(
    row: delivery_changes::Model,
    attempts: &HashMap<(Uuid, i32), Attempt>,
) -> Result<Change, StoreError> {
    let position = LogPosition::of(&row);
    // Revisions without an attempt of their own share the one before them.
    let last_attempt = attempts.get(&(row.delivery_id, row.attempt_count)).cloned();
    let (delivery, previous_state) = row::changed_delivery(row)?;
    Ok(Change { position, delivery, previous_state, last_attempt })
}

/// Whether anything is committed that cannot be read yet.
pub async fn has_unsettled(reader: &Pool) -> Result<bool, StoreError> {
    let backend = reader.get_database_backend();
    let Some(sql) = dialect::log_has_unsettled(backend) else { return Ok(false) };
    let row = reader.query_one_raw(Statement::from_string(backend, sql)).await?;
    Ok(row.map(|row| row.try_get_by_index(0)).transpose()?.unwrap_or(false))
}
