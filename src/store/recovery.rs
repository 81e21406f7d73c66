//! Recovery: sends again what ended FAILED or CANCELLED, and delivers what was missed. What is
//! asked is kept with how far it has come, and done in bounded steps, each one transaction with
//! its cursor: a process that dies goes on where it was.

use std::collections::HashSet;

use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::sea_query::{Expr, ExprTrait, Func, Query};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait,
    IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Select,
};
use uuid::Uuid;

use super::Store;
use super::endpoints::find;
use super::entity::{deliveries, events, recoveries};
use super::error::StoreError;
use super::insert::insert_all;
use super::intervention::resend_rows;
use super::request::NamedRequest;
use super::row;
use super::wakeup::DueEndpoint;
use crate::domain::account::AccountScope;
use crate::domain::clock::Timestamp;
use crate::domain::delivery::{Delivery, DeliveryState, ScheduleStart};
use crate::domain::endpoint::{Addressee, Endpoint, EndpointState};
use crate::domain::id::{DeliveryId, EndpointId, EventId, RecoveryId};
use crate::domain::recovery::{Recovery, RecoveryKinds};
use crate::domain::subscription::{Entry, Subscription};

/// Deliveries or events that one step looks at. Each may be written with a log row: 500 rows in a
/// transaction, which a publish beside it hardly waits for.
const STEP_ROWS_MAX: u64 = 250;
/// Recoveries that go on in turn; the others wait until one is finished.
const RECOVERIES_MAX: u64 = 100;

/// Sends again what is closed.
const RESENDING: i16 = 1;
/// Delivers what was missed.
const DELIVERING: i16 = 2;
/// Finished.
const DONE: i16 = 3;
/// Finished early, because the endpoint is off or gone.
const CANCELLED: i16 = 4;

/// Why a recovery was not begun.
#[derive(Debug, thiserror::Error)]
pub enum RecoveryError {
    /// The account has no such endpoint.
    #[error("no such endpoint")]
    EndpointNotFound,
    /// Nothing is sent to the endpoint: enable it first.
    #[error("the endpoint is off")]
    EndpointDisabled,
    /// This recovery of the endpoint is unfinished: wait for it.
    #[error("a recovery is in progress")]
    InProgress(RecoveryId),
    /// The request id was used for another content, which this recovery came of.
    #[error("the request id was used before")]
    RequestIdReused(RecoveryId),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sea_orm::DbErr> for RecoveryError {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Store(error.into())
    }
}

/// A recovery that was begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Begun {
    /// Its id.
    pub recovery_id: RecoveryId,
    /// How many deliveries it makes or sends again, as counted when it was begun.
    pub delivery_count: u32,
}

impl Store {
    /// Counts what a recovery would bring back, and changes nothing.
    ///
    /// # Errors
    /// [`RecoveryError`], save [`RecoveryError::RequestIdReused`].
    pub async fn count_recovery(&self, recovery: &Recovery) -> Result<u32, RecoveryError> {
        let reader = self.connections.reader();
        let endpoint = require_free(reader, recovery).await?;
        Ok(count(reader, recovery, &endpoint).await?)
    }

    /// Begins a recovery, or finds the one that the same request began. It goes on in
    /// [`Store::continue_recoveries`].
    ///
    /// # Errors
    /// [`RecoveryError`].
    pub async fn begin_recovery(
        &self,
        recovery: &Recovery,
        request: Option<NamedRequest>,
    ) -> Result<Begun, RecoveryError> {
        let reader = self.connections.reader();
        if let Some(begun) = begun_by(reader, recovery, request.as_ref()).await? {
            return Ok(begun);
        }
        let endpoint = require_free(reader, recovery).await?;
        // Beside the transaction: it may take long, and writers are not to wait for it.
        let delivery_count = count(reader, recovery, &endpoint).await?;

        let transaction = self.connections.begin().await?;
        if let Some(begun) = begun_by(&transaction, recovery, request.as_ref()).await? {
            return Ok(begun);
        }
        require_free(&transaction, recovery).await?;
        insert_all(&transaction, vec![new_row(recovery, delivery_count, request)]).await?;
        transaction.commit().await?;
        self.recovery_begun.notify_one();
        Ok(Begun { recovery_id: recovery.recovery_id, delivery_count })
    }

    /// Waits until a recovery was begun since the last wait.
    pub async fn recovery_begun(&self) {
        self.recovery_begun.notified().await;
    }

    /// The recoveries that are not finished: those that were begun first, and not more than can go
    /// on in turn.
    ///
    /// # Errors
    /// The database's.
    pub async fn unfinished_recoveries(&self) -> Result<Vec<RecoveryId>, StoreError> {
        let ids: Vec<Uuid> = recoveries::Entity::find()
            .select_only()
            .column(recoveries::Column::RecoveryId)
            .filter(recoveries::Column::FinishTime.is_null())
            .order_by_asc(recoveries::Column::RecoveryId)
            .limit(RECOVERIES_MAX)
            .into_tuple()
            .all(self.connections.reader())
            .await?;
        Ok(ids.into_iter().map(RecoveryId::from_uuid).collect())
    }

    /// Takes a recovery one bounded step further. What is sent again or made is free and due now:
    /// the dispatcher takes it as it has room.
    ///
    /// # Errors
    /// The store's; the step is undone then, and can be taken again.
    pub async fn continue_recovery(&self, recovery_id: RecoveryId) -> Result<(), StoreError> {
        let now = self.clock.now();
        let transaction = self.connections.begin().await?;
        let unfinished = recoveries::Entity::find_by_id(recovery_id.as_uuid())
            .filter(recoveries::Column::FinishTime.is_null());
        let Some(progress) = unfinished.one(&transaction).await? else { return Ok(()) };
        let recovery = row::recovery(&progress)?;
        let endpoint = find(&transaction, &AccountScope::All, recovery.endpoint_id).await?;
        let active = endpoint.filter(|endpoint| endpoint.state == EndpointState::Active);
        let due = active
            .as_ref()
            .map(|endpoint| DueEndpoint { addressee: Addressee::of(endpoint), first_due: now });
        let step = match active {
            None => Step::to(CANCELLED),
            Some(_) if progress.stage == RESENDING => {
                resend_some(&transaction, &recovery, progress.cursor_id, now).await?
            }
            Some(endpoint) => {
                let cursor = (progress.cursor_time, progress.cursor_id);
                self.deliver_some(&transaction, &recovery, &endpoint, cursor, now).await?
            }
        };
        let mut row = progress.into_active_model();
        step.set(&mut row, now);
        row.update(&transaction).await?;
        transaction.commit().await?;
        if let Some(due) = due {
            self.wakeup.tell(due);
        }
        self.change_log.committed();
        Ok(())
    }

    /// Delivers the missed ones among the next events.
    async fn deliver_some(
        &self,
        transaction: &DatabaseTransaction,
        recovery: &Recovery,
        endpoint: &Endpoint,
        cursor: (i64, Uuid),
        now: Timestamp,
    ) -> Result<Step, StoreError> {
        let next = next_events(transaction, recovery, cursor).await?;
        let delivered = delivered(transaction, recovery.endpoint_id, &next).await?;
        let (mut rows, mut changes) = (Vec::new(), Vec::new());
        for (event_id, event_type, _) in &next {
            if delivered.contains(event_id) || !endpoint.config.subscription.wants(event_type) {
                continue;
            }
            let delivery = Delivery {
                delivery_id: DeliveryId::new(now, &*self.random),
                account_id: recovery.account_id.clone(),
                event_id: EventId::from_uuid(*event_id),
                event_type: event_type.clone(),
                endpoint_id: recovery.endpoint_id,
                state: DeliveryState::Pending,
                state_reason: String::new(),
                revision: 1,
                attempt_count: 0,
                next_attempt_time: Some(now),
                create_time: now,
                update_time: now,
            };
            rows.push(row::new_delivery_row(&delivery, ScheduleStart::AT_RECOVERY, None));
            changes.push(row::change(&delivery, None));
        }
        insert_all(transaction, rows).await?;
        insert_all(transaction, changes).await?;
        let last = next.last().filter(|_| is_full(&next));
        Ok(last.map_or(Step::to(DONE), |(event_id, _, publish_time)| Step {
            stage: DELIVERING,
            cursor: (*publish_time, *event_id),
        }))
    }

    /// Ends what is being brought back to an endpoint that is off or gone.
    pub(super) async fn cancel_recovery(&self, endpoint_id: EndpointId) -> Result<(), StoreError> {
        use recoveries::Column;
        let now = self.clock.now().as_unix_nanos();
        let transaction = self.connections.begin().await?;
        recoveries::Entity::update_many()
            .col_expr(Column::Stage, Expr::value(CANCELLED))
            .col_expr(Column::FinishTime, Expr::value(now))
            .filter(Column::EndpointId.eq(endpoint_id.as_uuid()))
            .filter(Column::FinishTime.is_null())
            .exec(&transaction)
            .await?;
        Ok(transaction.commit().await?)
    }
}

/// Where a step leaves a recovery.
struct Step {
    stage: i16,
    /// Time and id of what was looked at last.
    cursor: (i64, Uuid),
}

impl Step {
    /// At the beginning of a stage.
    const fn to(stage: i16) -> Self {
        Self { stage, cursor: (i64::MIN, Uuid::nil()) }
    }

    fn set(self, row: &mut recoveries::ActiveModel, now: Timestamp) {
        let is_finished = matches!(self.stage, DONE | CANCELLED);
        row.stage = Set(self.stage);
        row.cursor_time = Set(self.cursor.0);
        row.cursor_id = Set(self.cursor.1);
        row.finish_time = Set(is_finished.then_some(now.as_unix_nanos()));
    }
}

/// Sends again the ones that are asked for among the next deliveries that did not arrive.
async fn resend_some(
    transaction: &DatabaseTransaction,
    recovery: &Recovery,
    cursor: Uuid,
    now: Timestamp,
) -> Result<Step, StoreError> {
    use deliveries::Column;
    let mut next = undelivered(recovery)
        .filter(Column::DeliveryId.gt(cursor))
        .order_by_asc(Column::DeliveryId)
        .limit(STEP_ROWS_MAX)
        .all(transaction)
        .await?;
    let last = next.last().filter(|_| is_full(&next)).map(|row| row.delivery_id);
    let states: Vec<_> = recovery.kinds.states().map(row::delivery_state_number).collect();
    let range = recovery.start_time.as_unix_nanos()..recovery.end_time.as_unix_nanos();
    let asked = recovery.create_time.as_unix_nanos();
    next.retain(|row| {
        states.contains(&row.state) && range.contains(&row.create_time) && row.update_time <= asked
    });
    resend_rows(transaction, next, now).await?;
    Ok(match last {
        Some(last) => Step { stage: RESENDING, cursor: (i64::MIN, last) },
        None if recovery.kinds.missed => Step::to(DELIVERING),
        None => Step::to(DONE),
    })
}

fn is_full<T>(rows: &[T]) -> bool {
    rows.len() as u64 >= STEP_ROWS_MAX
}

/// The deliveries to the endpoint that ended FAILED or CANCELLED, made in the milliseconds of the
/// range: an index holds just these.
fn undelivered(recovery: &Recovery) -> Select<deliveries::Entity> {
    use deliveries::Column;
    const MILLISECOND: std::time::Duration = std::time::Duration::from_millis(1);
    let (failed, cancelled) = (DeliveryState::Failed, DeliveryState::Cancelled);
    let [failed, cancelled] = [failed, cancelled].map(row::delivery_state_number);
    let from = DeliveryId::first_at(recovery.start_time);
    let before = DeliveryId::first_at(recovery.end_time + MILLISECOND);
    deliveries::Entity::find()
        // Written out: a bound value would not show that the index has every row.
        .filter(Expr::cust(format!("state IN ({failed}, {cancelled})")))
        .filter(Column::EndpointId.eq(recovery.endpoint_id.as_uuid()))
        .filter(Column::DeliveryId.gte(from.as_uuid()))
        .filter(Column::DeliveryId.lt(before.as_uuid()))
}

async fn count<C: ConnectionTrait>(
    connection: &C,
    recovery: &Recovery,
    endpoint: &Endpoint,
) -> Result<u32, StoreError> {
    let mut total = 0;
    if recovery.kinds.resends() {
        use deliveries::Column;
        let states = recovery.kinds.states().map(row::delivery_state_number);
        total += undelivered(recovery)
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
    published(recovery)
        .filter(wanted(subscription))
        .filter(Expr::exists(delivered).not())
        .select_only()
        .column(events::Column::EventId)
}

/// The account's events that were published in the range.
fn published(recovery: &Recovery) -> Select<events::Entity> {
    use events::Column;
    events::Entity::find()
        .filter(Column::AccountId.eq(recovery.account_id.as_str()))
        .filter(Column::PublishTime.gte(recovery.start_time.as_unix_nanos()))
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
                let length = i64::try_from(group.len()).unwrap_or(i64::MAX);
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

type NextEvent = (Uuid, String, i64);

/// Id, type and time of the next events of the range, whether or not they were missed: so a step
/// is short however few were.
async fn next_events(
    transaction: &DatabaseTransaction,
    recovery: &Recovery,
    (cursor_time, cursor_id): (i64, Uuid),
) -> Result<Vec<NextEvent>, StoreError> {
    use events::Column;
    let place = Expr::tuple([Expr::col(Column::PublishTime), Expr::col(Column::EventId)]);
    let cursor = Expr::tuple([Expr::value(cursor_time), Expr::value(cursor_id)]);
    let next = published(recovery)
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
async fn delivered(
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

/// The endpoint, if a recovery of it may begin.
async fn require_free<C: ConnectionTrait>(
    connection: &C,
    recovery: &Recovery,
) -> Result<Endpoint, RecoveryError> {
    let scope = AccountScope::One(recovery.account_id.clone());
    let endpoint = find(connection, &scope, recovery.endpoint_id).await?;
    let endpoint = endpoint.ok_or(RecoveryError::EndpointNotFound)?;
    if endpoint.state != EndpointState::Active {
        return Err(RecoveryError::EndpointDisabled);
    }
    let unfinished = recoveries::Entity::find()
        .filter(recoveries::Column::EndpointId.eq(recovery.endpoint_id.as_uuid()))
        .filter(recoveries::Column::FinishTime.is_null())
        .one(connection)
        .await?;
    match unfinished {
        Some(other) => Err(RecoveryError::InProgress(RecoveryId::from_uuid(other.recovery_id))),
        None => Ok(endpoint),
    }
}

async fn begun_by<C: ConnectionTrait>(
    connection: &C,
    recovery: &Recovery,
    request: Option<&NamedRequest>,
) -> Result<Option<Begun>, RecoveryError> {
    let Some(request) = request else { return Ok(None) };
    let found = recoveries::Entity::find()
        .filter(recoveries::Column::AccountId.eq(recovery.account_id.as_str()))
        .filter(recoveries::Column::RequestId.eq(request.request_id))
        .one(connection)
        .await?;
    let Some(first) = found else { return Ok(None) };
    let recovery_id = RecoveryId::from_uuid(first.recovery_id);
    if first.request_digest.as_deref() != Some(&request.digest) {
        return Err(RecoveryError::RequestIdReused(recovery_id));
    }
    Ok(Some(Begun { recovery_id, delivery_count: first.delivery_count.unsigned_abs() }))
}

/// The row of a recovery that begins; one that has nothing to do is done.
fn new_row(
    recovery: &Recovery,
    delivery_count: u32,
    request: Option<NamedRequest>,
) -> recoveries::ActiveModel {
    let RecoveryKinds { failed, cancelled, missed } = recovery.kinds;
    let (request_id, digest) = request.map(|request| (request.request_id, request.digest)).unzip();
    let mut row = recoveries::ActiveModel {
        recovery_id: Set(recovery.recovery_id.as_uuid()),
        account_id: Set(recovery.account_id.to_string()),
        endpoint_id: Set(recovery.endpoint_id.as_uuid()),
        start_time: Set(recovery.start_time.as_unix_nanos()),
        end_time: Set(recovery.end_time.as_unix_nanos()),
        failed: Set(failed),
        cancelled: Set(cancelled),
        missed: Set(missed),
        delivery_count: Set(row::stored_count(delivery_count)),
        stage: NotSet,
        cursor_time: NotSet,
        cursor_id: NotSet,
        request_id: Set(request_id),
        request_digest: Set(digest.map(|digest| digest.to_vec())),
        create_time: Set(recovery.create_time.as_unix_nanos()),
        finish_time: NotSet,
    };
    let first = match delivery_count {
        0 => Step::to(DONE),
        _ if recovery.kinds.resends() => Step::to(RESENDING),
        _ => Step::to(DELIVERING),
    };
    first.set(&mut row, recovery.create_time);
    row
}
