//! Inserting many rows at once, whatever the table.

use sea_orm::{ActiveModelTrait, EntityTrait, Iterable};

use super::database::session::Transaction;
use super::error::StoreError;

/// Values of one insert: SQLite binds at most 32,766 in a statement, PostgreSQL twice as many.
const INSERT_VALUES_MAX: usize = 32_766;

/// Inserts rows in as few statements as the bind limit allows.
pub(super) async fn insert_all<A>(
    transaction: &Transaction,
    mut rows: Vec<A>,
) -> Result<(), StoreError>
where
    A: ActiveModelTrait + Send,
{
    let columns = <A::Entity as EntityTrait>::Column::iter().count();
    while !rows.is_empty() {
        let rest = rows.split_off(rows.len().min(INSERT_VALUES_MAX / columns));
        A::Entity::insert_many(rows).exec_without_returning(transaction).await?;
        rows = rest;
    }
    Ok(())
}
