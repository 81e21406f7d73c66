//! Reading deliveries and their attempts.

use std::collections::HashMap;

use sea_orm::sea_query::{BinOper, Expr, ExprTrait};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder,
    QuerySelect, Select, Statement,
};
use uuid::Uuid;

use super::Store;
use super::database::dialect;
use super::entity::{attempts, deliveries};
use super::error::StoreError;
use super::insert::{bind_rows, rows_max};
use super::row;
use crate::domain::account::AccountScope;
use crate::domain::attempt::Attempt;
use crate::domain::delivery::{Delivery, DeliveryState};
use crate::domain::id::{DeliveryId, EndpointId, EventId};

/// An attempt without headers and body of its response.
const SHORT_ATTEMPT: &str = "a.delivery_id, a.number, a.attempt_id, a.trigger, a.outcome, \
    a.http_status, a.error_message, a.remote_address, a.start_time, a.latency_micros, \
    a.dns_micros, a.connect_micros, a.tls_micros, a.first_byte_micros, \
    a.response_body_truncated, '[]' AS response_headers";

/// Which deliveries: fields combine with AND, the values of one with OR, an empty one matches all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeliveryFilter {
    /// To one of these endpoints.
    pub endpoint_ids: Vec<EndpointId>,
    /// Of one of these types, by name.
    pub event_types: Vec<String>,
    /// Of one of these events.
    pub event_ids: Vec<EventId>,
    /// In one of these states.
    pub states: Vec<DeliveryState>,
}

impl DeliveryFilter {
    /// Whether the rows that pass are found without looking at others.
    fn is_found_by_index(&self) -> bool {
        !self.event_ids.is_empty() || (self.event_types.is_empty() && self.states.is_empty())
    }

    /// Whether a delivery passes.
    #[must_use]
    pub fn matches(&self, delivery: &Delivery) -> bool {
        fn passes<T: PartialEq>(allowed: &[T], value: &T) -> bool {
            allowed.is_empty() || allowed.contains(value)
        }
        passes(&self.endpoint_ids, &delivery.endpoint_id)
            && passes(&self.event_types, &delivery.event_type)
            && passes(&self.event_ids, &delivery.event_id)
            && passes(&self.states, &delivery.state)
    }
}

/// A delivery as it is shown.
#[derive(Clone, Debug)]
pub struct ShownDelivery {
    /// The delivery.
    pub delivery: Delivery,
    /// Its last attempt, without headers and body of its response.
    pub last_attempt: Option<Attempt>,
}

/// Which deliveries to list.
#[derive(Clone, Debug)]
pub struct DeliveryList {
    /// Whose.
    pub scope: AccountScope,
    /// Which of them.
    pub filter: DeliveryFilter,
    /// Only ids from this one on.
    pub from: Option<DeliveryId>,
    /// Only ids before this one: of the end of the time range, or the last of the page before.
    pub before: Option<DeliveryId>,
    /// At most so many.
    pub limit: u64,
}

/// A page of a listing.
#[derive(Clone, Debug)]
pub struct DeliveryPage {
    /// The deliveries that match, newest first.
    pub rows: Vec<ShownDelivery>,
    /// How far the page has looked, where it stopped before the end: rows from here on were looked
    /// at, older ones were not.
    pub looked_to: Option<DeliveryId>,
}

/// Rows that one page of a filtered listing looks at: a filter that hardly anything passes makes
/// short pages, not long scans.
pub(super) const PAGE_LOOKS_MAX: u64 = 10_000;

/// Where a snapshot of open deliveries goes on.
pub type SnapshotPlace = (String, EndpointId, DeliveryId);

impl Store {
    /// Reads a delivery.
    ///
    /// # Errors
    /// The database's.
    pub async fn delivery(
        &self,
        scope: &AccountScope,
        delivery_id: DeliveryId,
    ) -> Result<Option<ShownDelivery>, StoreError> {
        let query = deliveries::Entity::find_by_id(delivery_id.as_uuid());
        let query = in_scope(query, scope, &DeliveryFilter::default());
        let rows = shown(self.connections.reader(), query).await?;
        Ok(rows.into_iter().next())
    }

    /// Lists deliveries, newest first.
    ///
    /// # Errors
    /// The database's.
    pub async fn deliveries(&self, list: &DeliveryList) -> Result<DeliveryPage, StoreError> {
        use deliveries::Column;
        let mut range = in_scope(deliveries::Entity::find(), &list.scope, &list.filter)
            .order_by_desc(Column::DeliveryId);
        if let Some(from) = list.from {
            range = range.filter(Column::DeliveryId.gte(from.as_uuid()));
        }
        if let Some(before) = list.before {
            range = range.filter(Column::DeliveryId.lt(before.as_uuid()));
        }
        let looked_to = if list.filter.is_found_by_index() {
            None
        } else {
            self.place_in(range.clone(), &list.filter, PAGE_LOOKS_MAX).await?
        };
        let mut query = range.filter(conditions(&list.filter)).limit(list.limit);
        if let Some(looked_to) = looked_to {
            query = query.filter(Column::DeliveryId.gte(looked_to.as_uuid()));
        }
        Ok(DeliveryPage { rows: shown(self.connections.reader(), query).await?, looked_to })
    }

    /// The row so many places down a range, where it has more than that.
    async fn place_in(
        &self,
        range: Select<deliveries::Entity>,
        filter: &DeliveryFilter,
        places: u64,
    ) -> Result<Option<DeliveryId>, StoreError> {
        use deliveries::Column;
        let found: Option<Uuid> = range
            .filter(of_endpoints(filter))
            .select_only()
            .column(Column::DeliveryId)
            .offset(places - 1)
            .into_tuple()
            .one(self.connections.reader())
            .await?;
        Ok(found.map(DeliveryId::from_uuid))
    }

    /// The next open deliveries of a snapshot, after a place; where the filter names events, also
    /// those that are closed.
    ///
    /// # Errors
    /// The database's.
    pub async fn snapshot(
        &self,
        scope: &AccountScope,
        filter: &DeliveryFilter,
        after: Option<&SnapshotPlace>,
        limit: u64,
    ) -> Result<Vec<ShownDelivery>, StoreError> {
        use deliveries::Column;
        let mut query = in_scope(deliveries::Entity::find(), scope, filter)
            .filter(conditions(filter))
            .order_by_asc(Column::AccountId)
            .order_by_asc(Column::EndpointId)
            .order_by_asc(Column::DeliveryId)
            .limit(limit);
        if filter.event_ids.is_empty() {
            query = query.filter(Column::NextAttemptTime.is_not_null());
        }
        if let Some((account, endpoint, delivery)) = after {
            let here = Condition::all().add(Column::AccountId.eq(account));
            let in_endpoint = Condition::all()
                .add(Column::EndpointId.eq(endpoint.as_uuid()))
                .add(Column::DeliveryId.gt(delivery.as_uuid()));
            let later =
                Condition::any().add(Column::EndpointId.gt(endpoint.as_uuid())).add(in_endpoint);
            query = query
                .filter(Condition::any().add(Column::AccountId.gt(account)).add(here.add(later)));
        }
        shown(self.connections.reader(), query).await
    }

    /// The attempts of a delivery, by number, after a number.
    ///
    /// # Errors
    /// The database's.
    pub async fn attempts(
        &self,
        delivery_id: DeliveryId,
        after_number: u32,
        limit: u64,
    ) -> Result<Vec<Attempt>, StoreError> {
        let rows = attempts::Entity::find()
            .filter(attempts::Column::DeliveryId.eq(delivery_id.as_uuid()))
            .filter(attempts::Column::Number.gt(row::stored_count(after_number)))
            .order_by_asc(attempts::Column::Number)
            .limit(limit)
            .all(self.connections.reader())
            .await?;
        rows.into_iter().map(row::attempt).collect()
    }
}

/// The deliveries that a query finds, as they are shown.
pub(super) async fn shown<C: ConnectionTrait>(
    connection: &C,
    query: Select<deliveries::Entity>,
) -> Result<Vec<ShownDelivery>, StoreError> {
    let rows = query.all(connection).await?;
    let attempted = rows.iter().filter(|row| row.attempt_count > 0);
    let mut attempts =
        last_attempts(connection, attempted.map(|row| (row.delivery_id, row.attempt_count)))
            .await?;
    let shown = rows.into_iter().map(|row| {
        let last_attempt = attempts.remove(&(row.delivery_id, row.attempt_count));
        Ok(ShownDelivery { delivery: row::delivery(row)?, last_attempt })
    });
    shown.collect()
}

/// The attempts with these numbers, without headers and body of their responses.
pub(super) async fn last_attempts<C: ConnectionTrait>(
    connection: &C,
    wanted: impl Iterator<Item = (Uuid, i32)>,
) -> Result<HashMap<(Uuid, i32), Attempt>, StoreError> {
    let backend = connection.get_database_backend();
    let wanted: Vec<_> = wanted.collect();
    let mut found = HashMap::with_capacity(wanted.len());
    for some in wanted.chunks(rows_max(backend, 2)) {
        let mut values = Vec::new();
        let keys = some.iter().flat_map(|(id, number)| [(*id).into(), (*number).into()]);
        let rows = bind_rows(backend, &mut values, keys, 2);
        let sql = format!(
            "SELECT {SHORT_ATTEMPT}, {} AS response_body FROM ({rows}) AS v \
             JOIN attempts AS a ON a.delivery_id = v.column1 AND a.number = v.column2",
            dialect::no_bytes(backend),
        );
        let statement = Statement::from_sql_and_values(backend, sql, values);
        for row in attempts::Model::find_by_statement(statement).all(connection).await? {
            found.insert((row.delivery_id, row.number), row::attempt(row)?);
        }
    }
    Ok(found)
}

fn in_scope(
    query: Select<deliveries::Entity>,
    scope: &AccountScope,
    filter: &DeliveryFilter,
) -> Select<deliveries::Entity> {
    match scope.account() {
        None => query,
        Some(account) if filter.event_ids.is_empty() => {
            query.filter(deliveries::Column::AccountId.eq(account.as_str()))
        }
        // SQLite would walk the account's history in the order that is asked for; an expression
        // leaves it the index of the events.
        Some(account) => {
            let account = account.as_str();
            query.filter(
                Expr::col(deliveries::Column::AccountId)
                    .binary(BinOper::Custom("||"), "")
                    .eq(account),
            )
        }
    }
}

fn of_endpoints(filter: &DeliveryFilter) -> Condition {
    let mut all = Condition::all();
    if !filter.endpoint_ids.is_empty() {
        let ids = filter.endpoint_ids.iter().map(|id| id.as_uuid());
        all = all.add(deliveries::Column::EndpointId.is_in(ids));
    }
    all
}

fn conditions(filter: &DeliveryFilter) -> Condition {
    use deliveries::Column;
    let mut all = of_endpoints(filter);
    if !filter.event_types.is_empty() {
        all = all.add(Column::EventType.is_in(filter.event_types.iter().map(String::as_str)));
    }
    if !filter.event_ids.is_empty() {
        all = all.add(Column::EventId.is_in(filter.event_ids.iter().map(|id| id.as_uuid())));
    }
    if !filter.states.is_empty() {
        let states = filter.states.iter().map(|state| row::delivery_state_number(*state));
        all = all.add(Column::State.is_in(states));
    }
    all
}
