//! Suspending endpoints: those whose receiver is gone, in the transaction that records it, and
//! those that have failed for long, found by their streak.

use std::collections::HashSet;

use sea_orm::sea_query::{Expr, ExprTrait, Query, SelectStatement};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, Order, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect,
};

use super::Store;
use super::database::session::Transaction;
use super::entity::{attempts, deliveries, endpoints};
use super::error::StoreError;
use super::row;
use crate::domain::account::AccountId;
use crate::domain::attempt::Outcome;
use crate::domain::clock::Timestamp;
use crate::domain::delivery::DeliveryState;
use crate::domain::endpoint::{EndpointState, REQUEST_TIMEOUT_MAX};
use crate::domain::id::{DeliveryId, EndpointId};

/// Deliveries on each side of a streak's beginning whose attempts are counted: enough to find the
/// few that suspension asks for, however many there are. A success that another process recorded
/// unseen is among them, since what a process remembers is never old.
const EXAMINED_DELIVERIES_MAX: u64 = 1_000;

/// An active endpoint with nothing but failures on record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailingEndpoint {
    /// Whose it is.
    pub account_id: AccountId,
    /// Its id.
    pub endpoint_id: EndpointId,
    /// When the first of these failures was recorded.
    pub failing_since: Timestamp,
}

/// Which failing endpoints to list.
#[derive(Clone, Copy, Debug)]
pub struct FailingList {
    /// Only those that began to fail at this time or before.
    pub since_at_latest: Timestamp,
    /// Only ids after this one: the last of the page before.
    pub after: Option<EndpointId>,
    /// At most so many.
    pub limit: u64,
}

/// What is known of an endpoint since it began to fail.
struct Record {
    failures: u64,
    has_success: bool,
}

impl Store {
    /// Forgets what this process remembers of streaks: where other processes write them too, it is
    /// not to grow old.
    pub fn forget_streaks(&self) {
        self.streaks.forget_all();
    }

    /// Lists active endpoints that have failed for long, by id.
    ///
    /// # Errors
    /// The database's.
    pub async fn failing_endpoints(
        &self,
        list: FailingList,
    ) -> Result<Vec<FailingEndpoint>, StoreError> {
        use endpoints::Column;
        let mut query = endpoints::Entity::find()
            .filter(Column::FailingSince.lte(list.since_at_latest.as_unix_nanos()))
            .filter(Column::State.eq(row::endpoint_state_number(EndpointState::Active)))
            .order_by_asc(Column::EndpointId)
            .limit(list.limit);
        if let Some(after) = list.after {
            query = query.filter(Column::EndpointId.gt(after.as_uuid()));
        }
        let rows = query.all(self.connections.reader()).await?;
        rows.iter().filter_map(failing_endpoint).collect()
    }

    /// Suspends an endpoint if it made at least so many attempts since it began to fail, and none
    /// succeeded; says whether it did. A streak that holds a success after all is ended instead:
    /// another process recorded it while this one did not know that the endpoint was failing.
    ///
    /// # Errors
    /// The database's.
    pub async fn suspend_failing(
        &self,
        failing: &FailingEndpoint,
        attempts_min: u64,
        reason: &str,
    ) -> Result<bool, StoreError> {
        let record = self.record_since(failing).await?;
        if record.has_success {
            self.end_streak(failing).await?;
            return Ok(false);
        }
        if record.failures < attempts_min {
            return Ok(false);
        }
        let transaction = self.connections.begin().await?;
        let is_unchanged = Condition::all()
            .add(endpoints::Column::EndpointId.eq(failing.endpoint_id.as_uuid()))
            .add(endpoints::Column::FailingSince.eq(failing.failing_since.as_unix_nanos()));
        let suspended = suspend(&transaction, is_unchanged, reason, self.clock.now()).await?;
        transaction.commit().await?;
        Ok(!suspended.is_empty())
    }

    /// What became of the deliveries that were published around the beginning of a streak: those
    /// before it were being retried then, those after it are what came since, oldest first, which
    /// is the order in which they are sent.
    async fn record_since(&self, failing: &FailingEndpoint) -> Result<Record, StoreError> {
        use deliveries::Column;
        let begin = DeliveryId::first_at(failing.failing_since).as_uuid();
        let before = deliveries_of(failing, Column::DeliveryId.lt(begin), Order::Desc);
        let after = deliveries_of(failing, Column::DeliveryId.gte(begin), Order::Asc);
        let mut record = Record { failures: 0, has_success: false };
        for examined in [before, after] {
            record.failures += self.failures_in(&examined, failing.failing_since).await?;
            record.has_success |= self.has_success_in(examined, failing.failing_since).await?;
        }
        Ok(record)
    }

    /// A streak begins when a failure is judged; its attempt, and those beside it, began before.
    async fn failures_in(
        &self,
        examined: &SelectStatement,
        failing_since: Timestamp,
    ) -> Result<u64, StoreError> {
        use attempts::Column;
        let first_start = failing_since - REQUEST_TIMEOUT_MAX;
        let failures = attempts::Entity::find()
            .filter(Column::DeliveryId.in_subquery(examined.clone()))
            .filter(Column::StartTime.gte(first_start.as_unix_nanos()))
            .filter(Column::Outcome.ne(row::outcome_number(Outcome::Succeeded)));
        Ok(failures.count(self.connections.reader()).await?)
    }

    async fn has_success_in(
        &self,
        examined: SelectStatement,
        failing_since: Timestamp,
    ) -> Result<bool, StoreError> {
        use deliveries::Column;
        let success = deliveries::Entity::find()
            .filter(Column::DeliveryId.in_subquery(examined))
            .filter(Column::State.eq(row::delivery_state_number(DeliveryState::Succeeded)))
            .filter(Column::UpdateTime.gt(failing_since.as_unix_nanos()))
            .one(self.connections.reader())
            .await?;
        Ok(success.is_some())
    }

    async fn end_streak(&self, failing: &FailingEndpoint) -> Result<(), StoreError> {
        let transaction = self.connections.begin().await?;
        endpoints::Entity::update_many()
            .col_expr(endpoints::Column::FailingSince, Expr::value(Option::<i64>::None))
            .filter(endpoints::Column::EndpointId.eq(failing.endpoint_id.as_uuid()))
            .filter(endpoints::Column::FailingSince.eq(failing.failing_since.as_unix_nanos()))
            .exec(&transaction)
            .await?;
        transaction.commit().await?;
        self.streaks.forget(failing.endpoint_id);
        Ok(())
    }
}

/// Suspends those of the endpoints that are active, and says which those were.
pub(super) async fn suspend(
    transaction: &Transaction,
    which: Condition,
    reason: &str,
    now: Timestamp,
) -> Result<HashSet<EndpointId>, StoreError> {
    use endpoints::Column;
    let suspended = endpoints::Entity::update_many()
        .col_expr(Column::State, Expr::value(row::endpoint_state_number(EndpointState::Suspended)))
        .col_expr(Column::StateReason, Expr::value(reason))
        .col_expr(Column::Version, Expr::col(Column::Version).add(1))
        .col_expr(Column::UpdateTime, Expr::value(now.as_unix_nanos()))
        .filter(which)
        .filter(Column::State.eq(row::endpoint_state_number(EndpointState::Active)))
        .exec_with_returning(transaction)
        .await?;
    Ok(suspended.into_iter().map(|row| EndpointId::from_uuid(row.endpoint_id)).collect())
}

fn deliveries_of(
    failing: &FailingEndpoint,
    which: sea_orm::sea_query::SimpleExpr,
    order: Order,
) -> SelectStatement {
    Query::select()
        .column(deliveries::Column::DeliveryId)
        .from(deliveries::Entity)
        .and_where(deliveries::Column::EndpointId.eq(failing.endpoint_id.as_uuid()))
        .and_where(which)
        .order_by(deliveries::Column::DeliveryId, order)
        .limit(EXAMINED_DELIVERIES_MAX)
        .to_owned()
}

fn failing_endpoint(row: &endpoints::Model) -> Option<Result<FailingEndpoint, StoreError>> {
    let failing_since = Timestamp::from_unix_nanos(row.failing_since?);
    let account_id = row.account_id.parse().map_err(|error| row::corrupt("account_id", error));
    let endpoint_id = EndpointId::from_uuid(row.endpoint_id);
    Some(account_id.map(|account_id| FailingEndpoint { account_id, endpoint_id, failing_since }))
}
