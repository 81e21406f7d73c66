//! Due work: which endpoints have any, and claiming it under a lease.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, LazyLock};

use bytes::Bytes;
use sea_orm::sea_query::Iden;
use sea_orm::{ConnectionTrait, FromQueryResult, Iterable, Statement, Value};
use uuid::Uuid;

use super::Store;
use super::cancel;
use super::database::dialect::{self, DueOf};
use super::database::in_time;
use super::database::session::Transaction;
use super::entity::deliveries;
use super::error::StoreError;
use super::insert::{bind_rows, rows_max};
use super::lease;
use super::wakeup::DueEndpoint;
use super::{new_row, row};
use crate::domain::account::AccountId;
use crate::domain::clock::Timestamp;
use crate::domain::delivery::{DeliveryState, LeasedDelivery};
use crate::domain::endpoint::{Addressee, EndpointState, Target};
use crate::domain::id::{EndpointId, LeaseToken};
use crate::domain::trace_parent::TraceParent;
use crate::failpoint;

/// Endpoints with waiting rows that one look at the table finds.
const DUE_ENDPOINTS_MAX: i64 = 10_000;
/// Endpoints that one claim is for.
pub const CLAIM_ENDPOINTS_MAX: usize = 256;
/// Claims without a recorded outcome after which a delivery is given up: far more than a process
/// that is killed now and then leaves behind.
const CLAIMS_MAX: i32 = 10;
const HOPELESS_REASON: &str = "it was begun 10 times and never came to an end";
/// Something outside of the service deleted it, or brought back half of a database.
const EVENT_MISSING_REASON: &str = "its event is missing from the database";

/// All columns of a delivery, for what is written out.
static COLUMNS: LazyLock<String> = LazyLock::new(|| {
    let names: Vec<_> = deliveries::Column::iter()
        .map(|column| format!("deliveries.{}", column.unquoted()))
        .collect();
    names.join(", ")
});

/// How many deliveries to claim for an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The endpoint.
    pub endpoint_id: EndpointId,
    /// At most so many.
    pub deliveries_max: u32,
}

/// What a claim came to.
#[derive(Debug, Default)]
pub struct Claimed {
    /// What was leased.
    pub leased: Vec<LeasedDelivery>,
    /// The endpoints that had fewer due rows than were wanted.
    pub exhausted: Vec<Exhausted>,
}

/// An endpoint that has no more due rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exhausted {
    /// The endpoint.
    pub endpoint_id: EndpointId,
    /// When its next free row is due; `None`: it has none, or none that can be signed here.
    pub next_due: Option<Timestamp>,
}

/// An endpoint whose rows wait although nothing is sent to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stranded {
    pub account_id: AccountId,
    pub endpoint_id: EndpointId,
}

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
    fn is_active(&self) -> bool {
        self.state == Some(row::endpoint_state_number(EndpointState::Active))
    }

    fn account_id(&self) -> Result<AccountId, StoreError> {
        self.account_id.parse().map_err(|error| row::corrupt("account_id", error))
    }

    fn due_endpoint(&self) -> Result<DueEndpoint, StoreError> {
        Ok(DueEndpoint {
            addressee: Addressee {
                account_id: self.account_id()?,
                endpoint_id: EndpointId::from_uuid(self.endpoint_id),
                limits: row::limits(self.max_in_flight, self.max_per_second)?,
            },
            first_due: Timestamp::from_unix_nanos(self.next_attempt_time),
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

impl Store {
    /// The active endpoints with free rows waiting, due or not.
    ///
    /// # Errors
    /// The database's.
    pub async fn due_endpoints(&self) -> Result<Vec<DueEndpoint>, StoreError> {
        let heads = in_time(self.heads()).await?;
        let active = || heads.iter().filter(|head| head.is_active());
        let oldest = active().map(|head| head.next_attempt_time).min();
        self.wakeup.found_oldest(oldest.map(Timestamp::from_unix_nanos));
        active().map(Head::due_endpoint).collect()
    }

    /// The endpoints that are off or gone and have free rows all the same.
    pub(super) async fn stranded_endpoints(&self) -> Result<Vec<Stranded>, StoreError> {
        let heads = self.heads().await?;
        let stranded = heads.iter().filter(|head| !head.is_active()).map(|head| {
            let endpoint_id = EndpointId::from_uuid(head.endpoint_id);
            Ok(Stranded { account_id: head.account_id()?, endpoint_id })
        });
        stranded.collect()
    }

    /// The endpoints with free rows waiting, whatever their state.
    pub(super) async fn waiting_endpoints(&self) -> Result<Vec<EndpointId>, StoreError> {
        let heads = self.heads().await?;
        Ok(heads.iter().map(|head| EndpointId::from_uuid(head.endpoint_id)).collect())
    }

    async fn heads(&self) -> Result<Vec<Head>, StoreError> {
        let reader = self.connections.reader();
        let statement = Statement::from_sql_and_values(
            reader.get_database_backend(),
            DUE_ENDPOINTS,
            [DUE_ENDPOINTS_MAX.into()],
        );
        Ok(Head::find_by_statement(statement).all(reader).await?)
    }

    /// Leases deliveries that are due by a point in time to this process, those that have waited
    /// longest first, and says which endpoints have no more that are. At most
    /// [`CLAIM_ENDPOINTS_MAX`] at once.
    ///
    /// # Errors
    /// The database's.
    pub async fn claim(&self, wanted: &[Wanted], due_by: Timestamp) -> Result<Claimed, StoreError> {
        in_time(self.claim_now(wanted, due_by)).await
    }

    async fn claim_now(&self, wanted: &[Wanted], due_by: Timestamp) -> Result<Claimed, StoreError> {
        let _turn = self.connections.background_turn().await;
        let transaction = self.connections.begin().await?;
        let ids = wanted.iter().map(|wanted| wanted.endpoint_id);
        let targets = self.targets.with_ids(&transaction, ids).await?;
        // Deliveries of an endpoint that is gone or off are being cancelled by who did that; those
        // that cannot be signed here wait for another replica, or for a key.
        let active = |endpoint_id| {
            targets
                .get(&endpoint_id)
                .filter(|target| target.state == EndpointState::Active && target.secrets.is_some())
        };
        let takers: Vec<(Wanted, &Target)> = wanted
            .iter()
            .filter_map(|wanted| active(wanted.endpoint_id).map(|target| (*wanted, target)))
            .collect();
        let (leased, given_up) = self.lease(&transaction, &takers, due_by).await?;
        let mut exhausted = exhausted(&transaction, wanted, &leased).await?;
        // Found again by the next look at the whole table, and not sooner.
        let is_sealed = |id| targets.get(&id).is_some_and(|target| target.secrets.is_none());
        for exhausted in exhausted.iter_mut().filter(|one| is_sealed(one.endpoint_id)) {
            exhausted.next_due = None;
        }
        failpoint::hit("claim.before_commit");
        if let Err(error) = transaction.commit().await {
            self.doubts.add(leased.iter());
            return Err(error.into());
        }
        failpoint::hit("claim.after_commit");
        // Some may have been given up.
        self.metrics.closed(DeliveryState::Failed.name(), given_up);
        self.change_log.committed();
        Ok(Claimed { leased, exhausted })
    }

    /// Leases, and gives up what was begun too often or cannot be sent; says how many that were.
    async fn lease(
        &self,
        transaction: &Transaction,
        takers: &[(Wanted, &Target)],
        due_by: Timestamp,
    ) -> Result<(Vec<LeasedDelivery>, usize), StoreError> {
        if takers.is_empty() {
            return Ok((Vec::new(), 0));
        }
        let (lease_token, now) = (LeaseToken::new(&*self.random), self.clock.now());
        let claimed = self.take_due(transaction, takers, lease_token, [due_by, now]).await?;
        let (claimed, hopeless): (Vec<_>, Vec<_>) =
            claimed.into_iter().partition(|row| row.claim_count <= CLAIMS_MAX);
        let mut given_up = hopeless.len();
        give_up(transaction, hopeless, HOPELESS_REASON, now).await?;
        let payloads = payloads(transaction, &claimed).await?;
        let (claimed, lost): (Vec<_>, Vec<_>) =
            claimed.into_iter().partition(|row| payloads.contains_key(&row.event_id));
        given_up += lost.len();
        give_up(transaction, lost, EVENT_MISSING_REASON, now).await?;
        let targets: HashMap<Uuid, &Target> =
            takers.iter().map(|(wanted, target)| (wanted.endpoint_id.as_uuid(), *target)).collect();
        let leased = claimed.into_iter().map(|delivery| {
            let payload = &payloads[&delivery.event_id];
            let target = Arc::clone(targets[&delivery.endpoint_id]);
            Ok(LeasedDelivery {
                swaps_signatures: delivery.swaps_signatures,
                schedule_start: row::schedule_start(&delivery)?,
                delivery: row::delivery(delivery)?,
                lease_token,
                payload: payload.bytes.clone(),
                trace_parent: payload.trace_parent.clone(),
                target,
            })
        });
        let leased: Result<_, StoreError> = leased.collect();
        Ok((leased?, given_up))
    }

    /// Sets the lease on the rows that are due, in one statement.
    async fn take_due(
        &self,
        transaction: &Transaction,
        takers: &[(Wanted, &Target)],
        lease_token: LeaseToken,
        [due_by, now]: [Timestamp; 2],
    ) -> Result<Vec<deliveries::Model>, StoreError> {
        let backend = transaction.get_database_backend();
        let wanted: Vec<_> = takers
            .iter()
            .map(|(wanted, target)| DueOf {
                endpoint_id: wanted.endpoint_id.as_uuid(),
                rows_max: i64::from(wanted.deliveries_max),
                lease: lease::nanos(self.lease_terms.duration(target)),
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
        Ok(deliveries::Model::find_by_statement(statement).all(transaction).await?)
    }
}

/// Ends deliveries FAILED that cannot be sent, so that they do not stand in the others' way.
async fn give_up(
    transaction: &Transaction,
    hopeless: Vec<deliveries::Model>,
    reason: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    if hopeless.is_empty() {
        return Ok(());
    }
    let ids = hopeless.iter().map(|row| row.delivery_id);
    cancel::close(transaction, ids, DeliveryState::Failed, reason, now).await?;
    let mut changes = Vec::with_capacity(hopeless.len());
    for row in hopeless {
        let before = row::delivery(row)?;
        tracing::error!(delivery_id = %before.delivery_id, "{reason}");
        let failed = before.closed(DeliveryState::Failed, reason, now);
        changes.push(new_row::change(&failed, before.state));
    }
    new_row::CHANGES.insert(transaction, changes).await
}

/// The endpoints that had fewer due rows than were wanted, and when their first free row is due.
async fn exhausted(
    transaction: &Transaction,
    wanted: &[Wanted],
    leased: &[LeasedDelivery],
) -> Result<Vec<Exhausted>, StoreError> {
    let mut found: HashMap<EndpointId, u32> = HashMap::new();
    for leased in leased {
        *found.entry(leased.delivery.endpoint_id).or_default() += 1;
    }
    let had_fewer = |wanted: &&Wanted| {
        found.get(&wanted.endpoint_id).copied().unwrap_or(0) < wanted.deliveries_max
    };
    let ids: Vec<Uuid> =
        wanted.iter().filter(had_fewer).map(|wanted| wanted.endpoint_id.as_uuid()).collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let places: Vec<_> = (1..=ids.len()).map(|place| format!("(${place})")).collect();
    let sql = format!(
        "SELECT wanted.column1, (SELECT next_attempt_time FROM deliveries \
         WHERE endpoint_id = wanted.column1 AND lease_token IS NULL \
         AND next_attempt_time IS NOT NULL ORDER BY next_attempt_time LIMIT 1), \
         (SELECT state FROM endpoints WHERE endpoint_id = wanted.column1) \
         FROM (VALUES {}) AS wanted",
        places.join(", ")
    );
    let backend = transaction.get_database_backend();
    let values = ids.into_iter().map(Value::from);
    let statement = Statement::from_sql_and_values(backend, sql, values);
    let rows = transaction.query_all_raw(statement).await?;
    let exhausted = rows.iter().map(|row| {
        let next_due: Option<i64> = row.try_get_by_index(1)?;
        let state: Option<i16> = row.try_get_by_index(2)?;
        let is_active = state == Some(row::endpoint_state_number(EndpointState::Active));
        Ok(Exhausted {
            endpoint_id: EndpointId::from_uuid(row.try_get_by_index(0)?),
            next_due: next_due.filter(|_| is_active).map(Timestamp::from_unix_nanos),
        })
    });
    exhausted.collect()
}

/// What is sent, and as part of which trace.
struct Payload {
    bytes: Bytes,
    trace_parent: TraceParent,
}

async fn payloads(
    transaction: &Transaction,
    claimed: &[deliveries::Model],
) -> Result<HashMap<Uuid, Payload>, StoreError> {
    let backend = transaction.get_database_backend();
    let ids: HashSet<Uuid> = claimed.iter().map(|delivery| delivery.event_id).collect();
    let ids: Vec<Value> = ids.into_iter().map(Value::from).collect();
    let mut payloads = HashMap::with_capacity(ids.len());
    for some in ids.chunks(rows_max(1)) {
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
            payloads.insert(row.try_get_by_index(0)?, payload);
        }
    }
    Ok(payloads)
}
