//! Due work: the endpoints that have any, and the statement that leases it.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use sea_orm::sea_query::Iden;
use sea_orm::{ConnectionTrait, FromQueryResult, Iterable, Statement, Value};
use uuid::Uuid;

use crate::domain::clock::Timestamp;
use crate::domain::endpoint::EndpointState;
use crate::domain::id::{EndpointId, EventId, LeaseToken};
use crate::domain::trace_parent::TraceParent;
use crate::store::database::dialect;
use crate::store::database::session::{Pool, Transaction};
use crate::store::entity::deliveries;
use crate::store::error::StoreError;
use crate::store::insert::{bind_rows, rows_max};
use crate::store::tables::{ClaimedRow, DueOf, Payload, WaitingEndpoint};
use crate::store::{lease, row};

/// All columns of a delivery, for what is written out.
static COLUMNS: LazyLock<String> = LazyLock::new(|| {
    let names: Vec<_> = deliveries::Column::iter()
        .map(|column| format!("deliveries.{}", column.unquoted()))
        .collect();
    names.join(", ")
});

#[derive(FromQueryResult)]
struct Head {
    account_id: String,
    endpoint_id: Uuid,
    next_attempt_time: i64,
    state: Option<i16>,
    max_in_flight: Option<i32>,
    max_per_second: Option<i32>,
}

impl Head {
    fn into_waiting(self) -> Result<WaitingEndpoint, StoreError> {
        let limits = row::limits(self.max_in_flight, self.max_per_second)?;
        let state = self.state.map(row::endpoint_state).transpose()?;
        Ok(WaitingEndpoint {
            account_id: self
                .account_id
                .parse()
                .map_err(|error| row::corrupt("account_id", error))?,
            endpoint_id: EndpointId::from_uuid(self.endpoint_id),
            first_due: Timestamp::from_unix_nanos(self.next_attempt_time),
            endpoint: state.map(|state| (state, limits)),
        })
    }
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
SELECT heads.account_id, heads.endpoint_id, heads.next_attempt_time, e.state,
    e.max_in_flight, e.max_per_second
FROM heads LEFT JOIN endpoints AS e ON e.endpoint_id = heads.endpoint_id LIMIT $1";

/// The endpoints with free rows.
pub async fn waiting_endpoints(
    reader: &Pool,
    endpoints_max: u32,
) -> Result<Vec<WaitingEndpoint>, StoreError> {
    let statement = Statement::from_sql_and_values(
        reader.get_database_backend(),
        DUE_ENDPOINTS,
        [i64::from(endpoints_max).into()],
    );
    let heads = Head::find_by_statement(statement).all(reader).await?;
    heads.into_iter().map(Head::into_waiting).collect()
}

/// Sets the lease on the rows that are due, in one statement.
pub async fn take_due(
    transaction: &Transaction,
    wanted: &[DueOf],
    lease_token: LeaseToken,
    [due_by, now]: [Timestamp; 2],
) -> Result<Vec<ClaimedRow>, StoreError> {
    let backend = transaction.get_database_backend();
    let wanted: Vec<_> = wanted
        .iter()
        .map(|wanted| dialect::DueOf {
            endpoint_id: wanted.endpoint_id.as_uuid(),
            rows_max: i64::from(wanted.deliveries_max),
            lease: lease::nanos(wanted.lease),
        })
        .collect();
    let mut values = Vec::new();
    let due = dialect::due_rows(backend, &mut values, due_by, &wanted);
    let token = dialect::place(backend, &mut values, lease_token.as_stored().into());
    let lease_now = dialect::lease_now_text(backend, &mut values, now);
    let sql = format!(
        "WITH due AS ({due}) UPDATE deliveries SET claim_count = claim_count + 1, \
         lease_token = {token}, lease_expire_time = {lease_now} + due.lease FROM due \
         WHERE deliveries.delivery_id = due.delivery_id RETURNING {}",
        COLUMNS.as_str(),
    );
    let statement = Statement::from_sql_and_values(backend, sql, values);
    let rows = deliveries::Model::find_by_statement(statement).all(transaction).await?;
    rows.into_iter().map(claimed).collect()
}

fn claimed(row: deliveries::Model) -> Result<ClaimedRow, StoreError> {
    Ok(ClaimedRow {
        schedule_start: row::schedule_start(&row)?,
        claim_count: row.claim_count.unsigned_abs(),
        swaps_signatures: row.swaps_signatures,
        delivery: row::delivery(row)?,
    })
}

/// When the first free row of each endpoint is due; `None`: it has none, or is not active.
pub async fn first_due(
    transaction: &Transaction,
    ids: &[EndpointId],
) -> Result<Vec<(EndpointId, Option<Timestamp>)>, StoreError> {
    let backend = transaction.get_database_backend();
    let mut values = Vec::new();
    let ids = ids.iter().map(|id| Value::from(id.as_uuid()));
    let rows = bind_rows(backend, &mut values, ids, 1);
    let sql = format!(
        "SELECT wanted.column1, (SELECT next_attempt_time FROM deliveries \
         WHERE endpoint_id = wanted.column1 AND lease_token IS NULL \
         AND next_attempt_time IS NOT NULL ORDER BY next_attempt_time LIMIT 1), \
         (SELECT state FROM endpoints WHERE endpoint_id = wanted.column1) \
         FROM ({rows}) AS wanted WHERE wanted.column1 IS NOT NULL",
    );
    let statement = Statement::from_sql_and_values(backend, sql, values);
    let rows = transaction.query_all_raw(statement).await?;
    let first_due = rows.iter().map(|row| {
        let next_due: Option<i64> = row.try_get_by_index(1)?;
        let state: Option<i16> = row.try_get_by_index(2)?;
        let is_active = state == Some(row::endpoint_state_number(EndpointState::Active));
        let next_due = next_due.filter(|_| is_active).map(Timestamp::from_unix_nanos);
        Ok((EndpointId::from_uuid(row.try_get_by_index(0)?), next_due))
    });
    first_due.collect()
}

/// The payloads of events.
pub async fn payloads(
    transaction: &Transaction,
    events: &[EventId],
) -> Result<HashMap<EventId, Payload>, StoreError> {
    let backend = transaction.get_database_backend();
    let ids: HashSet<Uuid> = events.iter().map(|event_id| event_id.as_uuid()).collect();
    let ids: Vec<Value> = ids.into_iter().map(Value::from).collect();
    let mut payloads = HashMap::with_capacity(ids.len());
    for some in ids.chunks(rows_max(backend, 1)) {
        let mut values = Vec::new();
        let rows = bind_rows(backend, &mut values, some.iter().cloned(), 1);
        let sql = format!(
            "SELECT e.event_id, e.payload, e.trace_parent FROM ({rows}) AS claimed \
             JOIN events AS e ON e.event_id = claimed.column1"
        );
        let statement = Statement::from_sql_and_values(backend, sql, values);
        for row in transaction.query_all_raw(statement).await? {
            let bytes: Vec<u8> = row.try_get_by_index(1)?;
            let trace_parent: String = row.try_get_by_index(2)?;
            let trace_parent: Result<TraceParent, _> = trace_parent.parse();
            let trace_parent = trace_parent.map_err(|error| row::corrupt("trace_parent", error))?;
            let payload = Payload { bytes: bytes.into(), trace_parent };
            payloads.insert(EventId::from_uuid(row.try_get_by_index(0)?), payload);
        }
    }
    Ok(payloads)
}
