//! Which database this is. Tokens that clients keep are bound to it.

use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::Expr;
use sea_orm::{ConnectionTrait, EntityTrait, Statement};
use uuid::Uuid;

use super::database::{Connections, dialect};
use super::entity::store_identity::{ActiveModel, Column, Entity};
use super::entity::{delivery_changes, store_identity};
use super::error::StoreError;
use super::{insert, stats};
use crate::domain::random::Random;

/// The database's id, which is made the first time. Where the database was brought from another
/// server, whose transactions had higher numbers, what is written from now on would stand before
/// what is in the log: the log begins anew, and with it the id.
///
/// # Errors
/// The database's.
pub async fn identify(connections: &Connections, random: &dyn Random) -> Result<Uuid, StoreError> {
    let transaction = connections.begin().await?;
    let backend = transaction.get_database_backend();
    let found: Option<store_identity::Model> = Entity::find_by_id(1).one(&transaction).await?;
    let is_foreign = match dialect::log_is_ahead(backend) {
        None => false,
        Some(sql) => {
            let row = transaction.query_one_raw(Statement::from_string(backend, sql)).await?;
            row.map(|row| row.try_get_by_index(0)).transpose()?.unwrap_or(false)
        }
    };
    if let Some(found) = &found
        && !is_foreign
    {
        return Ok(found.database_id);
    }
    let database_id = uuid::Builder::from_random_bytes(random.bytes()).into_uuid();
    if found.is_some() {
        tracing::warn!("the database comes from another server: watchers have to begin anew");
        stats::count_rest(&transaction).await?;
        delivery_changes::Entity::delete_many().exec(&transaction).await?;
        Entity::update_many()
            .col_expr(Column::DatabaseId, Expr::value(database_id))
            .col_expr(Column::LogFloorTransaction, Expr::value(0))
            .col_expr(Column::LogFloor, Expr::value(0))
            .exec(&transaction)
            .await?;
    } else {
        let row = ActiveModel {
            id: Set(1),
            database_id: Set(database_id),
            log_floor_transaction: Set(0),
            log_floor: Set(0),
            counted_transaction: Set(0),
            counted_sequence: Set(0),
            counted_time: Set(0),
        };
        insert::insert_all(&transaction, vec![row]).await?;
    }
    transaction.commit().await?;
    Ok(database_id)
}
