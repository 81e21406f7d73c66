//! Leases: extending, giving back and freeing them.

use std::time::Duration;

use sea_orm::sea_query::{Expr, ExprTrait, LockBehavior, LockType, Query, SimpleExpr};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, Order, QueryFilter, QuerySelect,
    UpdateMany,
};

use crate::domain::clock::Timestamp;
use crate::domain::id::LeaseToken;
use crate::store::database::dialect;
use crate::store::database::session::{Pool, Transaction};
use crate::store::entity::deliveries;
use crate::store::error::StoreError;
use crate::store::lease::nanos;
use crate::store::tables::Lease;

/// Whether any lease runs out within so much time.
pub async fn any_out(reader: &Pool, within: Duration, now: Timestamp) -> Result<bool, StoreError> {
    let soon = lease_now(reader, now).add(nanos(within));
    let first = deliveries::Entity::find()
        .select_only()
        .column(deliveries::Column::LeaseExpireTime)
        .filter(deliveries::Column::LeaseToken.is_not_null())
        .filter(is_lease_out(soon))
        .limit(1)
        .into_tuple::<i64>()
        .one(reader)
        .await?;
    Ok(first.is_some())
}

/// Has leases that run out within `low` last for `lease` from now on.
pub async fn extend(
    transaction: &Transaction,
    leases: &[Lease],
    [low, lease]: [Duration; 2],
    now: Timestamp,
) -> Result<(), StoreError> {
    let now = lease_now(transaction, now);
    deliveries::Entity::update_many()
        .col_expr(deliveries::Column::LeaseExpireTime, now.clone().add(nanos(lease)))
        .filter(is_one_of(leases))
        .filter(is_lease_out(now.add(nanos(low))))
        .exec(transaction)
        .await?;
    Ok(())
}

/// Frees leases, and has their claim count as none.
pub async fn release(transaction: &Transaction, leases: &[Lease]) -> Result<u64, StoreError> {
    let update = freeing().col_expr(deliveries::Column::ClaimCount, one_claim_less());
    execute(transaction, update.filter(is_one_of(leases))).await
}

/// Frees leases by their tokens alone.
pub async fn free(transaction: &Transaction, tokens: &[LeaseToken]) -> Result<u64, StoreError> {
    use deliveries::Column;
    let stored = tokens.iter().map(|token| token.as_stored());
    // The first condition lets the index of leases be used: there is none of tokens.
    let held = Condition::all()
        .add(Column::LeaseToken.is_not_null())
        .add(Column::LeaseExpireTime.gt(0))
        .add(Column::LeaseToken.is_in(stored));
    execute(transaction, freeing().filter(held)).await
}

/// Frees leases that ran out.
pub async fn free_expired(
    transaction: &Transaction,
    leases_max: u64,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let expired = Query::select()
        .column(deliveries::Column::DeliveryId)
        .from(deliveries::Entity)
        .and_where(deliveries::Column::LeaseToken.is_not_null())
        .and_where(is_lease_out(lease_now(transaction, now)))
        .order_by(deliveries::Column::LeaseExpireTime, Order::Asc)
        .limit(leases_max)
        // What another replica is freeing, or the holder is extending, is left to them.
        .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
        .to_owned();
    let which = deliveries::Column::DeliveryId.in_subquery(expired);
    execute(transaction, freeing().filter(which)).await
}

/// Frees every lease.
pub async fn free_all(transaction: &Transaction) -> Result<u64, StoreError> {
    execute(transaction, freeing().filter(deliveries::Column::LeaseToken.is_not_null())).await
}

/// What time it is for leases.
fn lease_now(connection: &impl ConnectionTrait, now: Timestamp) -> SimpleExpr {
    dialect::lease_now(connection.get_database_backend(), now)
}

async fn execute(
    transaction: &Transaction,
    update: UpdateMany<deliveries::Entity>,
) -> Result<u64, StoreError> {
    Ok(update.exec(transaction).await?.rows_affected)
}

/// Frees leases.
fn freeing() -> UpdateMany<deliveries::Entity> {
    let none = || Expr::value(Option::<i64>::None);
    deliveries::Entity::update_many()
        .col_expr(deliveries::Column::LeaseToken, none())
        .col_expr(deliveries::Column::LeaseExpireTime, none())
}

/// What was born leased was not claimed.
fn one_claim_less() -> SimpleExpr {
    let claims = || Expr::col(deliveries::Column::ClaimCount);
    Expr::case(claims().gt(0), claims().sub(1)).finally(0).into()
}

fn is_one_of(leases: &[Lease]) -> Condition {
    let ids = leases.iter().map(|(delivery_id, _)| delivery_id.as_uuid());
    let tokens = leases.iter().map(|(_, token)| token.as_stored());
    // Tokens are random: that of another delivery of the list does not fit by chance.
    Condition::all()
        .add(deliveries::Column::DeliveryId.is_in(ids))
        .add(deliveries::Column::LeaseToken.is_in(tokens))
}

fn is_lease_out(at: SimpleExpr) -> SimpleExpr {
    Expr::col(deliveries::Column::LeaseExpireTime).lt(at)
}
