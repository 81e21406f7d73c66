//! Cancelling open deliveries: those of an endpoint that was switched off or deleted, in bounded
//! steps that the next start takes up where a process died.

use std::sync::Arc;

use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::claim;
use super::database::session::Transaction;
use super::entity::deliveries;
use super::error::StoreError;
use super::queue::Queue;
use super::{new_row, row};
use crate::domain::account::AccountId;
use crate::domain::clock::Timestamp;
use crate::domain::delivery::DeliveryState;
use crate::domain::endpoint::EndpointState;
use crate::domain::id::EndpointId;
use crate::failpoint;

/// Deliveries that one transaction cancels; an endpoint with more takes several.
const CANCEL_ROWS_MAX: u64 = 500;

impl Queue {
    /// Cancels what is open for endpoints that are off or gone: left by a process that died while
    /// it switched one off, by a database that failed it, or by a caller who gave up. An endpoint
    /// that this process is disabling or deleting is left to who does that, and counts what he
    /// cancels.
    ///
    /// # Errors
    /// The store's.
    pub async fn cancel_leftovers(&self) -> Result<u32, StoreError> {
        let mut cancelled = 0;
        let waiting = self.waiting_endpoints().await?;
        for stranded in waiting.iter().filter(|waiting| !waiting.is_active()) {
            let endpoint_id = stranded.endpoint_id;
            let endpoint = self.tables.begin().await?.targets(&[endpoint_id]).await?;
            let endpoint = endpoint.get(&endpoint_id);
            let state = endpoint.map(|endpoint| endpoint.state);
            let reason = match endpoint {
                None => DELETED_REASON.to_owned(),
                // It was switched on since.
                Some(endpoint) if endpoint.state == EndpointState::Active => continue,
                Some(endpoint) => off_reason(endpoint.state, &endpoint.state_reason),
            };
            if state == Some(EndpointState::Suspended) || !self.is_switching_off() {
                cancelled += self.cancel_open(&stranded.account_id, endpoint_id, &reason).await?;
            }
        }
        Ok(cancelled)
    }

    /// Held by who disables or deletes an endpoint, until what is open for it is cancelled.
    pub(super) fn switches_off(&self) -> Arc<()> {
        Arc::clone(&self.switching_off)
    }

    fn is_switching_off(&self) -> bool {
        Arc::strong_count(&self.switching_off) > 1
    }

    /// Cancels what is open for an endpoint that was suspended, and says how many deliveries that
    /// were.
    ///
    /// # Errors
    /// The store's. What is left then is cancelled by [`Queue::cancel_leftovers`].
    pub async fn cancel_suspended(
        &self,
        account: &AccountId,
        endpoint_id: EndpointId,
        reason: &str,
    ) -> Result<u32, StoreError> {
        let reason = off_reason(EndpointState::Suspended, reason);
        self.cancel_open(account, endpoint_id, &reason).await
    }

    /// Cancels the open deliveries of an endpoint that was switched off, in bounded steps, and ends
    /// its recovery.
    pub(super) async fn cancel_open(
        &self,
        account: &AccountId,
        endpoint_id: EndpointId,
        reason: &str,
    ) -> Result<u32, StoreError> {
        let mut transaction = self.tables.begin().await?;
        transaction.end_recoveries(endpoint_id, self.clock.now()).await?;
        transaction.commit().await?;
        let mut cancelled: u32 = 0;
        loop {
            let rows = self.cancel_some(account, endpoint_id, reason).await?;
            cancelled = cancelled.saturating_add(u32::try_from(rows).unwrap_or(u32::MAX));
            if rows == 0 {
                return Ok(cancelled);
            }
        }
    }

    /// One bounded step of [`Queue::cancel_open`], in one transaction.
    async fn cancel_some(
        &self,
        account: &AccountId,
        endpoint_id: EndpointId,
        reason: &str,
    ) -> Result<usize, StoreError> {
        let now = self.clock.now();
        let mut transaction = self.tables.begin().await?;
        let open = transaction.open_deliveries(account, endpoint_id, CANCEL_ROWS_MAX).await?;
        if open.is_empty() {
            return Ok(0);
        }
        let rows = open.len();
        claim::close(&mut *transaction, open, DeliveryState::Cancelled, reason, now).await?;
        transaction.commit().await?;
        failpoint::hit("cancel.after_commit");
        self.metrics.closed(DeliveryState::Cancelled.name(), rows);
        self.change_log.committed();
        Ok(rows)
    }
}

/// Cancels open deliveries, with their log rows.
pub(super) async fn cancel_rows(
    transaction: &Transaction,
    open: Vec<deliveries::Model>,
    reason: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let ids = open.iter().map(|row| row.delivery_id);
    close(transaction, ids, DeliveryState::Cancelled, reason, now).await?;
    let mut changes = Vec::with_capacity(open.len());
    for row in open {
        let before = row::delivery(row)?;
        let cancelled = before.closed(DeliveryState::Cancelled, reason, now);
        changes.push(new_row::change(&cancelled, before.state));
    }
    new_row::CHANGES.insert(transaction, changes).await
}

/// Closes open deliveries in their rows; their log rows are the caller's. It takes leases away: a
/// result that is still to come is dropped.
pub(super) async fn close(
    transaction: &Transaction,
    ids: impl Iterator<Item = Uuid>,
    state: DeliveryState,
    reason: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    use deliveries::Column;
    let none = || Expr::value(Option::<i64>::None);
    deliveries::Entity::update_many()
        .col_expr(Column::State, Expr::value(row::delivery_state_number(state)))
        .col_expr(Column::StateReason, Expr::value(reason))
        .col_expr(Column::Revision, Expr::col(Column::Revision).add(1))
        .col_expr(Column::NextAttemptTime, none())
        .col_expr(Column::LeaseToken, none())
        .col_expr(Column::LeaseExpireTime, none())
        .col_expr(Column::UpdateTime, Expr::value(now.as_unix_nanos()))
        .filter(Column::DeliveryId.is_in(ids))
        .exec(transaction)
        .await?;
    Ok(())
}

/// Why the deliveries of a deleted endpoint end.
pub(super) const DELETED_REASON: &str = "the endpoint was deleted";

/// Why the deliveries of an endpoint end that is in this state for this reason.
pub(super) fn off_reason(state: EndpointState, reason: &str) -> String {
    let what = match state {
        EndpointState::Suspended => "the endpoint was suspended",
        EndpointState::Active | EndpointState::Disabled => "the endpoint was disabled",
    };
    if reason.is_empty() { what.to_owned() } else { format!("{what}: {reason}") }
}
