//! What a recovery looks for: the deliveries that did not arrive, and the events that were missed.

use std::collections::HashSet;

use sea_orm::sea_query::{Expr, ExprTrait, Func, Query};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect, Select,
};
use uuid::Uuid;

use super::STEP_ROWS_MAX;
use crate::domain::clock::Timestamp;
use crate::domain::delivery::DeliveryState;
use crate::domain::endpoint::Endpoint;
use crate::domain::id::{DeliveryId, EndpointId};
use crate::domain::recovery::Recovery;
use crate::domain::subscription::{Entry, Subscription};
use crate::store::entity::{deliveries, events};
use crate::store::error::StoreError;
use crate::store::row;

/// The deliveries to the endpoint that ended FAILED or CANCELLED, made in the milliseconds of the
/// range, with ids of at least `least`: an index holds just these.
pub fn undelivered(recovery: &Recovery, least: DeliveryId) -> Select<deliveries::Entity> {
    use deliveries::Column;
    const MILLISECOND: std::time::Duration = std::time::Duration::from_millis(1);
    let (failed, cancelled) = (DeliveryState::Failed, DeliveryState::Cancelled);
    let [failed, cancelled] = [failed, cancelled].map(row::delivery_state_number);
    // One bound: of two the database may take the one that makes every step begin at the start.
    let from = DeliveryId::first_at(recovery.start_time).max(least);
    let before = DeliveryId::first_at(recovery.end_time + MILLISECOND);
    deliveries::Entity::find()
        // Written out: a bound value would not show that the index has every row.
        .filter(Expr::cust(format!("state IN ({failed}, {cancelled})")))
        .filter(Column::EndpointId.eq(recovery.endpoint_id.as_uuid()))
        .filter(Column::DeliveryId.gte(from.as_uuid()))
        .filter(Column::DeliveryId.lt(before.as_uuid()))
}

/// How many deliveries a recovery sends again or makes.
pub async fn count<C: ConnectionTrait>(
    connection: &C,
    recovery: &Recovery,
    endpoint: &Endpoint,
) -> Result<u32, StoreError> {
    let mut total = 0;
    if recovery.kinds.resends() {
        use deliveries::Column;
        let states = recovery.kinds.states().map(row::delivery_state_number);
        total += undelivered(recovery, DeliveryId::first_at(recovery.start_time))
            .filter(Column::State.is_in(states))
            .filter(Column::CreateTime.gte(recovery.start_time.as_unix_nanos()))
            .filter(Column::CreateTime.lt(recovery.end_time.as_unix_nanos()))
            .filter(Column::UpdateTime.lte(recovery.create_time.as_unix_nanos()))
            .count(connection)
            .await?;
    }
    if recovery.kinds.missed {
        total += missed(recovery, &endpoint.config.subscription).count(connection).await?;
    }
    Ok(u32::try_from(total).unwrap_or(u32::MAX))
}

/// The events of the range that the endpoint subscribes to and has no delivery of.
fn missed(recovery: &Recovery, subscription: &Subscription) -> Select<events::Entity> {
    let event_id = (events::Entity, events::Column::EventId);
    let delivered = Query::select()
        .expr(Expr::value(1))
        .from(deliveries::Entity)
        .and_where(
            Expr::col((deliveries::Entity, deliveries::Column::EventId)).eq(Expr::col(event_id)),
        )
        .and_where(deliveries::Column::EndpointId.eq(recovery.endpoint_id.as_uuid()))
        .to_owned();
    published(recovery, recovery.start_time)
        .filter(wanted(subscription))
        .filter(Expr::exists(delivered).not())
        .select_only()
        .column(events::Column::EventId)
}

/// The account's events that were published in the range, at `from` or later.
fn published(recovery: &Recovery, from: Timestamp) -> Select<events::Entity> {
    use events::Column;
    events::Entity::find()
        .filter(Column::AccountId.eq(recovery.account_id.as_str()))
        .filter(Column::PublishTime.gte(from.as_unix_nanos()))
        .filter(Column::PublishTime.lt(recovery.end_time.as_unix_nanos()))
}

/// [`Subscription::wants`], in SQL.
fn wanted(subscription: &Subscription) -> Condition {
    use events::Column;
    let mut any = Condition::any();
    for entry in subscription.parsed() {
        any = any.add(match entry {
            Entry::Name(name) => Column::EventType.eq(name),
            Entry::Group(group) => {
                let length = i32::try_from(group.len()).unwrap_or(i32::MAX);
                let begin = Func::cust("SUBSTR").args([
                    Expr::col(Column::EventType),
                    Expr::value(1),
                    Expr::value(length),
                ]);
                Expr::expr(begin).eq(group)
            }
        });
    }
    any
}

/// Id, type and publish time of an event; the time in nanoseconds since the Unix epoch.
pub type NextEvent = (Uuid, String, i64);

/// Id, type and time of the next events of the range, whether or not they were missed: so a step
/// is short however few were.
pub async fn next_events(
    transaction: &DatabaseTransaction,
    recovery: &Recovery,
    (cursor_time, cursor_id): (i64, Uuid),
) -> Result<Vec<NextEvent>, StoreError> {
    use events::Column;
    let place = Expr::tuple([Expr::col(Column::PublishTime), Expr::col(Column::EventId)]);
    let cursor = Expr::tuple([Expr::value(cursor_time), Expr::value(cursor_id)]);
    // One bound on the time, as for deliveries.
    let next =
        published(recovery, recovery.start_time.max(Timestamp::from_unix_nanos(cursor_time)))
            .select_only()
            .columns([Column::EventId, Column::EventType, Column::PublishTime])
            .filter(place.gt(cursor))
            .order_by_asc(Column::PublishTime)
            .order_by_asc(Column::EventId)
            .limit(STEP_ROWS_MAX)
            .into_tuple()
            .all(transaction)
            .await?;
    Ok(next)
}

/// Which of these events have a delivery to the endpoint.
pub async fn delivered(
    transaction: &DatabaseTransaction,
    endpoint_id: EndpointId,
    events: &[NextEvent],
) -> Result<HashSet<Uuid>, StoreError> {
    use deliveries::Column;
    let ids: Vec<Uuid> = deliveries::Entity::find()
        .select_only()
        .column(Column::EventId)
        .filter(Column::EventId.is_in(events.iter().map(|(event_id, ..)| *event_id)))
        .filter(Column::EndpointId.eq(endpoint_id.as_uuid()))
        .into_tuple()
        .all(transaction)
        .await?;
    Ok(ids.into_iter().collect())
}
