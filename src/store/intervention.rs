//! What a caller does to one delivery by hand: sends it again, or cancels it.

use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect, Select};

use super::Store;
use super::cancel::cancel_rows;
use super::database::session::Transaction;
use super::deliveries::{ShownDelivery, shown};
use super::entity::{deliveries, endpoints, resends};
use super::error::StoreError;
use super::insert::insert_all;
use super::request::NamedRequest;
use super::wakeup::DueEndpoint;
use super::{new_row, row};
use crate::domain::account::AccountId;
use crate::domain::attempt::Trigger;
use crate::domain::clock::Timestamp;
use crate::domain::delivery::DeliveryState;
use crate::domain::endpoint::{Addressee, EndpointState};
use crate::domain::id::{DeliveryId, EndpointId};

/// Why a delivery is what it is after [`Store::cancel_delivery`].
const CANCELLED_REASON: &str = "cancelled by request";

/// Why a delivery was neither sent again nor cancelled.
#[derive(Debug, thiserror::Error)]
pub enum InterventionError {
    /// The account has no such delivery.
    #[error("no such delivery")]
    NotFound,
    /// It is still being delivered: wait until it is closed, or cancel it first.
    #[error("the delivery is open")]
    Open,
    /// It ended otherwise: there is nothing to cancel.
    #[error("the delivery is closed")]
    Closed,
    /// Its endpoint was deleted.
    #[error("the endpoint was deleted")]
    EndpointNotFound(EndpointId),
    /// Nothing is sent to its endpoint: enable the endpoint first.
    #[error("the endpoint is off")]
    EndpointDisabled(EndpointId),
    /// The request id was used to send this delivery again, or for another content.
    #[error("the request id was used before")]
    RequestIdReused(DeliveryId),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sea_orm::DbErr> for InterventionError {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Store(error.into())
    }
}

impl Store {
    /// Sends a closed delivery again: the same bytes, a retry schedule from its beginning, due
    /// now. A named request that did so before changes nothing and finds the delivery as it is.
    ///
    /// # Errors
    /// [`InterventionError`], save [`InterventionError::Closed`].
    pub async fn resend_delivery(
        &self,
        account: &AccountId,
        delivery_id: DeliveryId,
        request: Option<NamedRequest>,
    ) -> Result<ShownDelivery, InterventionError> {
        let transaction = self.connections.begin().await?;
        let now = self.clock.now();
        if let Some(request) = &request
            && is_done(&transaction, account, request).await?
        {
            return shown_after(&transaction, account, delivery_id).await;
        }
        let found = find(&transaction, account, delivery_id).await?;
        if found.next_attempt_time.is_some() {
            return Err(InterventionError::Open);
        }
        let endpoint_id = EndpointId::from_uuid(found.endpoint_id);
        let addressee = require_active(&transaction, account, endpoint_id).await?;
        resend_rows(&transaction, vec![found], now).await?;
        if let Some(request) = request {
            let row = resend_row(account, delivery_id, &request, now);
            insert_all(&transaction, vec![row]).await?;
        }
        let resent = shown_after(&transaction, account, delivery_id).await?;
        transaction.commit().await?;
        self.wakeup.tell(DueEndpoint { addressee, first_due: now });
        self.change_log.committed();
        Ok(resent)
    }

    /// Cancels an open delivery, and takes its lease away: what an attempt that is under way comes
    /// to is dropped. One that is cancelled already is left as it is.
    ///
    /// # Errors
    /// [`InterventionError::NotFound`], [`InterventionError::Closed`], or the store's.
    pub async fn cancel_delivery(
        &self,
        account: &AccountId,
        delivery_id: DeliveryId,
    ) -> Result<ShownDelivery, InterventionError> {
        let transaction = self.connections.begin().await?;
        let found = find(&transaction, account, delivery_id).await?;
        let is_open = found.next_attempt_time.is_some();
        if is_open {
            cancel_rows(&transaction, vec![found], CANCELLED_REASON, self.clock.now()).await?;
        } else if found.state != row::delivery_state_number(DeliveryState::Cancelled) {
            return Err(InterventionError::Closed);
        }
        let cancelled = shown_after(&transaction, account, delivery_id).await?;
        transaction.commit().await?;
        self.metrics.closed(DeliveryState::Cancelled.name(), usize::from(is_open));
        self.change_log.committed();
        Ok(cancelled)
    }
}

/// Makes closed deliveries due now, with their log rows.
pub(super) async fn resend_rows(
    transaction: &Transaction,
    closed: Vec<deliveries::Model>,
    now: Timestamp,
) -> Result<(), StoreError> {
    use deliveries::Column;
    if closed.is_empty() {
        return Ok(());
    }
    let pending = row::delivery_state_number(DeliveryState::Pending);
    deliveries::Entity::update_many()
        .col_expr(Column::State, Expr::value(pending))
        .col_expr(Column::StateReason, Expr::value(""))
        .col_expr(Column::Revision, Expr::col(Column::Revision).add(1))
        .col_expr(Column::AttemptsBeforeSchedule, Expr::col(Column::AttemptCount))
        .col_expr(Column::Trigger, Expr::value(row::trigger_number(Trigger::Manual)))
        .col_expr(Column::NextAttemptTime, Expr::value(now.as_unix_nanos()))
        .col_expr(Column::ClaimCount, Expr::value(0))
        .col_expr(Column::UpdateTime, Expr::value(now.as_unix_nanos()))
        .filter(Column::DeliveryId.is_in(closed.iter().map(|row| row.delivery_id)))
        .exec(transaction)
        .await?;
    let mut changes = Vec::with_capacity(closed.len());
    for row in closed {
        let before = row::delivery(row)?;
        changes.push(new_row::change(&before.resent(now), before.state));
    }
    new_row::CHANGES.insert(transaction, changes).await
}

fn of_account(account: &AccountId, delivery_id: DeliveryId) -> Select<deliveries::Entity> {
    deliveries::Entity::find_by_id(delivery_id.as_uuid())
        .filter(deliveries::Column::AccountId.eq(account.as_str()))
}

/// Finds a delivery, and keeps others from writing it until the transaction is over.
async fn find(
    transaction: &Transaction,
    account: &AccountId,
    delivery_id: DeliveryId,
) -> Result<deliveries::Model, InterventionError> {
    let found = of_account(account, delivery_id).lock_exclusive().one(transaction).await?;
    found.ok_or(InterventionError::NotFound)
}

/// The delivery as the transaction leaves it.
async fn shown_after(
    transaction: &Transaction,
    account: &AccountId,
    delivery_id: DeliveryId,
) -> Result<ShownDelivery, InterventionError> {
    let mut rows = shown(transaction, of_account(account, delivery_id)).await?;
    rows.pop().ok_or(InterventionError::NotFound)
}

async fn require_active(
    transaction: &Transaction,
    account: &AccountId,
    endpoint_id: EndpointId,
) -> Result<Addressee, InterventionError> {
    let endpoint = endpoints::Entity::find_by_id(endpoint_id.as_uuid()).one(transaction).await?;
    let endpoint = endpoint.ok_or(InterventionError::EndpointNotFound(endpoint_id))?;
    if endpoint.state != row::endpoint_state_number(EndpointState::Active) {
        return Err(InterventionError::EndpointDisabled(endpoint_id));
    }
    let limits = row::limits(endpoint.max_in_flight, endpoint.max_per_second)?;
    Ok(Addressee { account_id: account.clone(), endpoint_id, limits })
}

async fn is_done(
    transaction: &Transaction,
    account: &AccountId,
    request: &NamedRequest,
) -> Result<bool, InterventionError> {
    let id = (account.to_string(), request.request_id);
    let Some(first) = resends::Entity::find_by_id(id).one(transaction).await? else {
        return Ok(false);
    };
    if first.request_digest == request.digest {
        Ok(true)
    } else {
        Err(InterventionError::RequestIdReused(DeliveryId::from_uuid(first.delivery_id)))
    }
}

fn resend_row(
    account: &AccountId,
    delivery_id: DeliveryId,
    request: &NamedRequest,
    now: Timestamp,
) -> resends::ActiveModel {
    resends::ActiveModel {
        account_id: Set(account.to_string()),
        request_id: Set(request.request_id),
        request_digest: Set(request.digest.to_vec()),
        delivery_id: Set(delivery_id.as_uuid()),
        create_time: Set(now.as_unix_nanos()),
    }
}
