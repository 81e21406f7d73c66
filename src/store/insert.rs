//! Inserting many rows at once, whatever the table.

use sea_orm::{ActiveModelTrait, DatabaseTransaction, EntityTrait};

use super::error::StoreError;

/// Rows of one insert. SQLite binds at most 32,766 values in a statement, the widest row of those
/// that come by the thousand has 15.
const INSERT_ROWS_MAX: usize = 2_000;

/// Inserts rows in as few statements as the bind limit allows.
pub(super) async fn insert_all<A>(
    transaction: &DatabaseTransaction,
    mut rows: Vec<A>,
) -> Result<(), StoreError>
where
    A: ActiveModelTrait + Send,
{
    while !rows.is_empty() {
        let rest = rows.split_off(rows.len().min(INSERT_ROWS_MAX));
        A::Entity::insert_many(rows).exec_without_returning(transaction).await?;
        rows = rest;
    }
    Ok(())
}
