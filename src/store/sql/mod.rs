//! The [tables](super::tables) as the databases have them: each verb is a statement or two.

mod claim;
mod leases;
mod log;
mod moves;
mod outcomes;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sea_orm::sea_query::IntoCondition;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use tokio::sync::MutexGuard;

use super::changes::{Change, LogBounds, LogPosition};
use super::database::Connections;
use super::database::session::Transaction;
use super::entity::{deliveries, endpoints};
use super::error::StoreError;
use super::insert::Inserts;
use super::publish::{self, EarlierEvent, IdempotencyOwner};
use super::tables::{
    ClaimedRow, DueOf, Lease, MovedRows, NewRows, Payload, StreakChanges, Tables,
    TablesTransaction, WaitingEndpoint,
};
use super::targets::Targets;
use super::{cancel, new_row, recovery, row, suspension};
use crate::domain::account::AccountId;
use crate::domain::clock::Timestamp;
use crate::domain::delivery::{Delivery, DeliveryState, ScheduleStart, Verdict};
use crate::domain::endpoint::Target;
use crate::domain::event::{IdempotencyKey, NewEvent};
use crate::domain::id::{DeliveryId, EndpointId, EventId, LeaseToken};

/// The tables of a database.
pub struct DatabaseTables {
    connections: Arc<Connections>,
    targets: Arc<Targets>,
}

impl DatabaseTables {
    /// The tables that these connections reach.
    pub fn new(connections: Arc<Connections>, targets: Arc<Targets>) -> Arc<Self> {
        Arc::new(Self { connections, targets })
    }

    async fn begin_after<'a>(
        &'a self,
        turn: Option<MutexGuard<'a, ()>>,
    ) -> Result<Box<dyn TablesTransaction + 'a>, StoreError> {
        let transaction = self.connections.begin().await?;
        Ok(Box::new(DatabaseTransaction { transaction, targets: &self.targets, _turn: turn }))
    }
}

#[async_trait]
impl Tables for DatabaseTables {
    fn is_shared(&self) -> bool {
        self.connections.is_shared()
    }

    async fn begin(&self) -> Result<Box<dyn TablesTransaction + '_>, StoreError> {
        self.begin_after(None).await
    }

    async fn begin_in_background(&self) -> Result<Box<dyn TablesTransaction + '_>, StoreError> {
        let turn = self.connections.background_turn().await;
        self.begin_after(turn).await
    }

    async fn waiting_endpoints(
        &self,
        endpoints_max: u32,
    ) -> Result<Vec<WaitingEndpoint>, StoreError> {
        claim::waiting_endpoints(self.connections.reader(), endpoints_max).await
    }

    async fn has_lease_out(&self, within: Duration, now: Timestamp) -> Result<bool, StoreError> {
        leases::any_out(self.connections.reader(), within, now).await
    }

    async fn log_bounds(&self) -> Result<LogBounds, StoreError> {
        log::bounds(self.connections.reader()).await
    }

    async fn log_after(
        &self,
        after: LogPosition,
        changes_max: u64,
    ) -> Result<Vec<Change>, StoreError> {
        log::after(self.connections.reader(), after, changes_max).await
    }

    async fn log_has_unsettled(&self) -> Result<bool, StoreError> {
        log::has_unsettled(self.connections.reader()).await
    }
}

/// A transaction, and the turn that it keeps until it has ended.
struct DatabaseTransaction<'a> {
    transaction: Transaction,
    targets: &'a Targets,
    _turn: Option<MutexGuard<'a, ()>>,
}

#[async_trait]
impl TablesTransaction for DatabaseTransaction<'_> {
    async fn earlier_events(
        &mut self,
        wanted: &[&NewEvent],
    ) -> Result<HashMap<IdempotencyOwner, EarlierEvent>, StoreError> {
        publish::earlier_events(&self.transaction, wanted.iter().copied()).await
    }

    async fn active_targets(
        &mut self,
        accounts: &[&AccountId],
    ) -> Result<HashMap<AccountId, Vec<Target>>, StoreError> {
        self.targets.active_of(&self.transaction, accounts.iter().copied()).await
    }

    async fn insert(&mut self, rows: NewRows<'_>) -> Result<(), StoreError> {
        let NewRows { mut events, deliveries, now } = rows;
        // Keys in one order: two replicas that store the same ones wait, and do not block, each
        // other.
        events.sort_by_key(|(event, _)| {
            (event.account_id.as_str(), event.idempotency_key.as_ref().map(IdempotencyKey::as_str))
        });
        let events = events.iter().map(|(event, count)| new_row::event(event, *count, now));
        let start = ScheduleStart::AT_PUBLISH;
        let new = deliveries.iter().map(|new| new_row::delivery(&new.delivery, start, new.lease));
        let changes = deliveries.iter().map(|new| new_row::new_change(&new.delivery));
        let mut inserts = Inserts::new(self.transaction.get_database_backend());
        inserts.add(&new_row::EVENTS, events.collect());
        inserts.add(&new_row::NEW_DELIVERIES, new.collect());
        inserts.add(&new_row::NEW_CHANGES, changes.collect());
        inserts.execute(&self.transaction).await
    }

    async fn targets(
        &mut self,
        ids: &[EndpointId],
    ) -> Result<HashMap<EndpointId, Target>, StoreError> {
        self.targets.with_ids(&self.transaction, ids.iter().copied()).await
    }

    async fn take_due(
        &mut self,
        wanted: &[DueOf],
        lease_token: LeaseToken,
        due_by: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<ClaimedRow>, StoreError> {
        claim::take_due(&self.transaction, wanted, lease_token, [due_by, now]).await
    }

    async fn payloads(
        &mut self,
        events: &[EventId],
    ) -> Result<HashMap<EventId, Payload>, StoreError> {
        claim::payloads(&self.transaction, events).await
    }

    async fn first_due(
        &mut self,
        ids: &[EndpointId],
    ) -> Result<Vec<(EndpointId, Option<Timestamp>)>, StoreError> {
        claim::first_due(&self.transaction, ids).await
    }

    async fn close(
        &mut self,
        ids: &[DeliveryId],
        state: DeliveryState,
        reason: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let ids = ids.iter().map(|id| id.as_uuid());
        cancel::close(&self.transaction, ids, state, reason, now).await
    }

    async fn log(&mut self, changes: &[(Delivery, DeliveryState)]) -> Result<(), StoreError> {
        let rows = changes.iter().map(|(delivery, before)| new_row::change(delivery, *before));
        new_row::CHANGES.insert(&self.transaction, rows.collect()).await
    }

    async fn open_deliveries(
        &mut self,
        account: &AccountId,
        endpoint_id: EndpointId,
        deliveries_max: u64,
    ) -> Result<Vec<Delivery>, StoreError> {
        use deliveries::Column;
        let open = deliveries::Entity::find()
            .filter(Column::AccountId.eq(account.as_str()))
            .filter(Column::EndpointId.eq(endpoint_id.as_uuid()))
            .filter(Column::NextAttemptTime.is_not_null())
            .order_by_asc(Column::DeliveryId)
            .limit(deliveries_max)
            .lock_exclusive()
            .all(&self.transaction)
            .await?;
        open.into_iter().map(row::delivery).collect()
    }

    async fn end_recoveries(
        &mut self,
        endpoint_id: EndpointId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        recovery::cancel(&self.transaction, endpoint_id, now).await
    }

    async fn set_outcomes(&mut self, verdicts: &[&Verdict]) -> Result<Vec<bool>, StoreError> {
        outcomes::set(&self.transaction, verdicts).await
    }

    async fn log_outcomes(&mut self, verdicts: &[&Verdict]) -> Result<(), StoreError> {
        outcomes::log(&self.transaction, verdicts).await
    }

    async fn set_streaks(&mut self, news: &StreakChanges) -> Result<(), StoreError> {
        news.write(&self.transaction).await
    }

    async fn suspend(
        &mut self,
        ids: &[EndpointId],
        reason: &str,
        now: Timestamp,
    ) -> Result<HashSet<EndpointId>, StoreError> {
        let ids = ids.iter().map(|id| id.as_uuid());
        let which = endpoints::Column::EndpointId.is_in(ids).into_condition();
        suspension::suspend(&self.transaction, which, reason, now).await
    }

    async fn extend(
        &mut self,
        leases: &[Lease],
        low: Duration,
        lease: Duration,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        leases::extend(&self.transaction, leases, [low, lease], now).await
    }

    async fn release(&mut self, leases: &[Lease]) -> Result<u64, StoreError> {
        leases::release(&self.transaction, leases).await
    }

    async fn free(&mut self, tokens: &[LeaseToken]) -> Result<u64, StoreError> {
        leases::free(&self.transaction, tokens).await
    }

    async fn free_expired(&mut self, leases_max: u64, now: Timestamp) -> Result<u64, StoreError> {
        leases::free_expired(&self.transaction, leases_max, now).await
    }

    async fn free_all(&mut self) -> Result<u64, StoreError> {
        leases::free_all(&self.transaction).await
    }

    async fn move_rows(&mut self, rows: MovedRows) -> Result<Vec<Timestamp>, StoreError> {
        moves::move_rows(&self.transaction, rows).await
    }

    async fn shorten_leases(
        &mut self,
        longest: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        moves::shorten_leases(&self.transaction, longest, now).await
    }

    async fn wait_anew(
        &mut self,
        endpoints: &[EndpointId],
        written_after: Timestamp,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        moves::wait_anew(&self.transaction, endpoints, written_after, now).await
    }

    async fn commit(self: Box<Self>) -> Result<(), StoreError> {
        let Self { transaction, _turn, .. } = *self;
        Ok(transaction.commit().await?)
    }
}
