//! Due work: which endpoints have any, claiming it under a lease, and freeing leases that ran out.

use std::collections::HashMap;
use std::sync::Arc;

use sea_orm::sea_query::{Expr, Query};
use sea_orm::{
    ColumnTrait, Condition, DatabaseTransaction, EntityTrait, FromQueryResult, Order, QueryFilter,
    Statement,
};
use uuid::Uuid;

use super::Store;
use super::endpoints;
use super::entity::{deliveries, events};
use super::error::StoreError;
use super::row;
use crate::domain::account::AccountId;
use crate::domain::clock::Timestamp;
use crate::domain::delivery::LeasedDelivery;
use crate::domain::endpoint::{EndpointState, Target};
use crate::domain::id::{EndpointId, LeaseToken};
use crate::domain::trace_parent::TraceParent;

/// Endpoints with waiting rows that one look at the table finds.
const DUE_ENDPOINTS_MAX: u32 = 10_000;
/// Leases that one rescue frees; the next frees the next.
const RESCUE_ROWS_MAX: u64 = 1_000;

/// An endpoint with free rows waiting, and when the first of them is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueEndpoint {
    /// The endpoint's account.
    pub account_id: AccountId,
    /// The endpoint.
    pub endpoint_id: EndpointId,
    /// When its first waiting row is due.
    pub first_due: Timestamp,
    /// Whether events are sent to it; the rows of one that is off or gone are not claimed.
    pub is_active: bool,
    /// Its own limit of requests under way.
    pub max_in_flight: Option<u32>,
}

/// How many deliveries to claim for an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The endpoint.
    pub endpoint_id: EndpointId,
    /// At most so many.
    pub deliveries_max: u32,
}

#[derive(FromQueryResult)]
struct Head {
    account_id: String,
    endpoint_id: Uuid,
    next_attempt_time: i64,
    state: Option<i16>,
    max_in_flight: Option<i32>,
}

/// Steps through the index of due work from endpoint to endpoint: its cost grows with the number
/// of endpoints that have waiting rows, not with the rows.
const DUE_ENDPOINTS: &str = "
WITH RECURSIVE heads (account_id, endpoint_id, next_attempt_time) AS (
    SELECT account_id, endpoint_id, next_attempt_time FROM deliveries
    WHERE delivery_id = (
        SELECT delivery_id FROM deliveries
        WHERE next_attempt_time IS NOT NULL AND lease_token IS NULL
        ORDER BY endpoint_id, next_attempt_time LIMIT 1)
    UNION ALL
    SELECT d.account_id, d.endpoint_id, d.next_attempt_time
    FROM heads JOIN deliveries AS d ON d.delivery_id = (
        SELECT delivery_id FROM deliveries
        WHERE next_attempt_time IS NOT NULL AND lease_token IS NULL
        AND endpoint_id > heads.endpoint_id
        ORDER BY endpoint_id, next_attempt_time LIMIT 1)
)
SELECT heads.account_id, heads.endpoint_id, heads.next_attempt_time, e.state, e.max_in_flight
FROM heads LEFT JOIN endpoints AS e ON e.endpoint_id = heads.endpoint_id LIMIT ?";

impl Store {
    /// The endpoints with free rows waiting, due or not.
    ///
    /// # Errors
    /// The database's.
    pub async fn due_endpoints(&self) -> Result<Vec<DueEndpoint>, StoreError> {
        let reader = self.connections.reader();
        let statement = Statement::from_sql_and_values(
            reader.get_database_backend(),
            DUE_ENDPOINTS,
            [DUE_ENDPOINTS_MAX.into()],
        );
        let heads = Head::find_by_statement(statement).all(reader).await?;
        heads.iter().map(due_endpoint).collect()
    }

    /// Leases deliveries that are due to this process: those that have waited longest first. Fewer
    /// than wanted, or none, may be there.
    ///
    /// # Errors
    /// The database's.
    pub async fn claim(&self, wanted: &[Wanted]) -> Result<Vec<LeasedDelivery>, StoreError> {
        let now = self.clock.now();
        let transaction = self.connections.begin().await?;
        let ids = wanted.iter().map(|wanted| wanted.endpoint_id);
        let targets = endpoints::targets(&transaction, ids).await?;
        let mut claimed = Vec::new();
        for wanted in wanted {
            // Deliveries of an endpoint that is gone or off are being cancelled by who did that.
            let active = |target: &&Target| target.state == EndpointState::Active;
            if let Some(target) = targets.get(&wanted.endpoint_id).filter(active) {
                claimed.extend(self.claim_for(&transaction, *wanted, target, now).await?);
            }
        }
        transaction.commit().await?;
        Ok(claimed)
    }

    async fn claim_for(
        &self,
        transaction: &DatabaseTransaction,
        wanted: Wanted,
        target: &Target,
        now: Timestamp,
    ) -> Result<Vec<LeasedDelivery>, StoreError> {
        let lease_token = LeaseToken::new(&*self.random);
        let expiry = self.lease_terms.expiry(target, now);
        let claimed = deliveries::Entity::update_many()
            .col_expr(deliveries::Column::LeaseToken, Expr::value(lease_token.as_stored()))
            .col_expr(deliveries::Column::LeaseExpireTime, Expr::value(expiry.as_unix_nanos()))
            .filter(deliveries::Column::DeliveryId.in_subquery(due_rows(wanted, now)))
            .exec_with_returning(transaction)
            .await?;
        let mut payloads = payloads(transaction, &claimed).await?;
        let mut leased = Vec::with_capacity(claimed.len());
        for delivery in claimed {
            let event = payloads
                .remove(&delivery.event_id)
                .ok_or_else(|| row::corrupt("event_id", "its event is missing"))?;
            let trace_parent: Result<TraceParent, _> = event.trace_parent.parse();
            leased.push(LeasedDelivery {
                schedule_start: row::schedule_start(&delivery)?,
                delivery: row::delivery(delivery)?,
                lease_token,
                payload: event.payload.into(),
                trace_parent: trace_parent.map_err(|error| row::corrupt("trace_parent", error))?,
                target: Arc::clone(target),
            });
        }
        Ok(leased)
    }

    /// Frees the leases that ran out, a bounded number at a time, and says how many.
    ///
    /// # Errors
    /// The database's.
    pub async fn rescue(&self) -> Result<u64, StoreError> {
        let now = self.clock.now().as_unix_nanos();
        let expired = Query::select()
            .column(deliveries::Column::DeliveryId)
            .from(deliveries::Entity)
            .and_where(deliveries::Column::LeaseToken.is_not_null())
            .and_where(deliveries::Column::LeaseExpireTime.lt(now))
            .order_by(deliveries::Column::LeaseExpireTime, Order::Asc)
            .limit(RESCUE_ROWS_MAX)
            .to_owned();
        self.free(deliveries::Column::DeliveryId.in_subquery(expired).into()).await
    }

    /// Frees every lease. For the start on SQLite, where no other process can hold one: what the
    /// process before had under way is sent again at once.
    pub(super) async fn free_all_leases(&self) -> Result<u64, StoreError> {
        self.free(deliveries::Column::LeaseToken.is_not_null().into()).await
    }

    async fn free(&self, which: Condition) -> Result<u64, StoreError> {
        let transaction = self.connections.begin().await?;
        let none = || Expr::value(Option::<i64>::None);
        let freed = deliveries::Entity::update_many()
            .col_expr(deliveries::Column::LeaseToken, none())
            .col_expr(deliveries::Column::LeaseExpireTime, none())
            .filter(which)
            .exec(&transaction)
            .await?;
        transaction.commit().await?;
        if freed.rows_affected > 0 {
            self.wakeup.due_at(self.clock.now());
        }
        Ok(freed.rows_affected)
    }
}

/// The rows that have waited longest for an endpoint. On PostgreSQL those that another replica is
/// claiming are passed over; SQLite has one writer and no such clause.
fn due_rows(wanted: Wanted, now: Timestamp) -> sea_orm::sea_query::SelectStatement {
    Query::select()
        .column(deliveries::Column::DeliveryId)
        .from(deliveries::Entity)
        .and_where(deliveries::Column::EndpointId.eq(wanted.endpoint_id.as_uuid()))
        .and_where(deliveries::Column::LeaseToken.is_null())
        .and_where(deliveries::Column::NextAttemptTime.lte(now.as_unix_nanos()))
        .order_by(deliveries::Column::NextAttemptTime, Order::Asc)
        .limit(u64::from(wanted.deliveries_max))
        .to_owned()
}

async fn payloads(
    transaction: &DatabaseTransaction,
    claimed: &[deliveries::Model],
) -> Result<HashMap<Uuid, events::Model>, StoreError> {
    if claimed.is_empty() {
        return Ok(HashMap::new());
    }
    let ids = claimed.iter().map(|delivery| delivery.event_id);
    let found =
        events::Entity::find().filter(events::Column::EventId.is_in(ids)).all(transaction).await?;
    Ok(found.into_iter().map(|event| (event.event_id, event)).collect())
}

fn due_endpoint(head: &Head) -> Result<DueEndpoint, StoreError> {
    Ok(DueEndpoint {
        account_id: head.account_id.parse().map_err(|error| row::corrupt("account_id", error))?,
        endpoint_id: EndpointId::from_uuid(head.endpoint_id),
        first_due: Timestamp::from_unix_nanos(head.next_attempt_time),
        is_active: head.state == Some(row::endpoint_state_number(EndpointState::Active)),
        max_in_flight: head.max_in_flight.map(i32::unsigned_abs),
    })
}
