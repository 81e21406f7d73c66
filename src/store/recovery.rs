//! Recovery: sends again what ended FAILED or CANCELLED, and delivers what was missed. What is
//! asked is kept with how far it has come, and done in bounded steps, each one transaction with
//! its cursor: a process that dies goes on where it was.

mod search;

use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::sea_query::{Expr, LockBehavior, LockType};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter,
    QueryOrder, QuerySelect,
};
use uuid::Uuid;

use self::search::{count, delivered, next_events, undelivered};
use super::Store;
use super::database::session::Transaction;
use super::endpoints::find;
use super::entity::{deliveries, recoveries};
use super::error::StoreError;
use super::insert::{Inserts, insert_all};
use super::intervention::resend_rows;
use super::keyring::Keyring;
use super::request::NamedRequest;
use super::wakeup::DueEndpoint;
use super::{new_row, row};
use crate::domain::account::AccountScope;
use crate::domain::clock::Timestamp;
use crate::domain::delivery::{Delivery, DeliveryState, ScheduleStart};
use crate::domain::endpoint::{Addressee, Endpoint, EndpointState};
use crate::domain::id::{DeliveryId, EndpointId, EventId, RecoveryId};
use crate::domain::recovery::{Recovery, RecoveryKinds};
use crate::failpoint;

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
        let endpoint = require_free(reader, &self.keyring, recovery).await?;
        Ok(count(reader, recovery, &endpoint).await?)
    }

    /// Begins a recovery, or finds the one that the same request began. It goes on in
    /// [`Store::continue_recovery`].
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
        let endpoint = require_free(reader, &self.keyring, recovery).await?;
        // Beside the transaction: it may take long, and writers are not to wait for it.
        let delivery_count = count(reader, recovery, &endpoint).await?;

        let transaction = self.connections.begin().await?;
        if let Some(begun) = begun_by(&transaction, recovery, request.as_ref()).await? {
            return Ok(begun);
        }
        require_free(&transaction, &self.keyring, recovery).await?;
        insert_all(&transaction, vec![new_row(recovery, delivery_count, request)]).await?;
        transaction.commit().await?;
        self.recovery_begun.notify_one();
        Ok(Begun { recovery_id: recovery.recovery_id, delivery_count })
    }

    /// Waits until a recovery was begun since the last wait.
    pub async fn recovery_begun(&self) {
        self.recovery_begun.notified().await;
    }

    /// The recoveries that are not finished, and not more than can go on in turn.
    ///
    /// # Errors
    /// The database's.
    pub async fn unfinished_recoveries(&self) -> Result<Vec<RecoveryId>, StoreError> {
        let ids: Vec<Uuid> = recoveries::Entity::find()
            .select_only()
            .column(recoveries::Column::RecoveryId)
            .filter(recoveries::Column::FinishTime.is_null())
            // The order of the index that has only these.
            .order_by_asc(recoveries::Column::EndpointId)
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
        let _turn = self.connections.background_turn().await;
        let transaction = self.connections.begin().await?;
        let now = self.clock.now();
        let unfinished = recoveries::Entity::find_by_id(recovery_id.as_uuid())
            .filter(recoveries::Column::FinishTime.is_null())
            // Of several replicas one takes the step.
            .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked);
        let Some(progress) = unfinished.one(&transaction).await? else { return Ok(()) };
        let recovery = row::recovery(&progress)?;
        let endpoint =
            find(&transaction, &self.keyring, &AccountScope::All, recovery.endpoint_id).await?;
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
        failpoint::hit("recovery.before_commit");
        transaction.commit().await?;
        failpoint::hit("recovery.after_commit");
        if let Some(due) = due {
            self.wakeup.tell(due);
        }
        self.change_log.committed();
        Ok(())
    }

    /// Delivers the missed ones among the next events.
    async fn deliver_some(
        &self,
        transaction: &Transaction,
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
            rows.push(new_row::delivery(&delivery, ScheduleStart::AT_RECOVERY, None));
            changes.push(new_row::new_change(&delivery));
        }
        let mut inserts = Inserts::new(transaction.get_database_backend());
        inserts.add(&new_row::NEW_DELIVERIES, rows);
        inserts.add(&new_row::NEW_CHANGES, changes);
        inserts.execute(transaction).await?;
        let last = next.last().filter(|_| is_full(&next));
        Ok(last.map_or(Step::to(DONE), |(event_id, _, publish_time)| Step {
            stage: DELIVERING,
            cursor: (*publish_time, *event_id),
        }))
    }
}

/// Ends what is being brought back to an endpoint that is off or gone.
pub(super) async fn cancel(
    transaction: &Transaction,
    endpoint_id: EndpointId,
    now: Timestamp,
) -> Result<(), StoreError> {
    use recoveries::Column;
    recoveries::Entity::update_many()
        .col_expr(Column::Stage, Expr::value(CANCELLED))
        .col_expr(Column::FinishTime, Expr::value(now.as_unix_nanos()))
        .filter(Column::EndpointId.eq(endpoint_id.as_uuid()))
        .filter(Column::FinishTime.is_null())
        .exec(transaction)
        .await?;
    Ok(())
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
    transaction: &Transaction,
    recovery: &Recovery,
    cursor: Uuid,
    now: Timestamp,
) -> Result<Step, StoreError> {
    use deliveries::Column;
    let after_cursor = DeliveryId::from_uuid(Uuid::from_u128(cursor.as_u128() + 1));
    let mut next = undelivered(recovery, after_cursor)
        .order_by_asc(Column::DeliveryId)
        .limit(STEP_ROWS_MAX)
        .lock_exclusive()
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

/// The endpoint, if a recovery of it may begin.
async fn require_free<C: ConnectionTrait>(
    connection: &C,
    keyring: &Keyring,
    recovery: &Recovery,
) -> Result<Endpoint, RecoveryError> {
    let scope = AccountScope::One(recovery.account_id.clone());
    let endpoint = find(connection, keyring, &scope, recovery.endpoint_id).await?;
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
