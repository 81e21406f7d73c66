//! A process's connection to the model, which may fail it: statements that wait for each other, and
//! commits whose answer is lost, or which come late.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bookora_webhooks::domain::account::AccountId;
use bookora_webhooks::domain::clock::Timestamp;
use bookora_webhooks::domain::delivery::{Delivery, DeliveryState, Verdict};
use bookora_webhooks::domain::endpoint::Target;
use bookora_webhooks::domain::event::NewEvent;
use bookora_webhooks::domain::id::{DeliveryId, EndpointId, EventId, LeaseToken};
use bookora_webhooks::store::changes::{Change, LogBounds, LogPosition};
use bookora_webhooks::store::error::StoreError;
use bookora_webhooks::store::publish::{EarlierEvent, IdempotencyOwner};
use bookora_webhooks::store::tables::{
    ClaimedRow, DueOf, Lease, MovedRows, NewRows, Payload, StreakChanges, Tables,
    TablesTransaction, WaitingEndpoint,
};
use sea_orm::{DbErr, RuntimeErr};

use super::statements::{Blocked, On};
use super::{Handle, Model};

/// How long a statement waits for another transaction: two that wait for each other do so no longer.
const LOCK_PATIENCE: Duration = Duration::from_secs(3);

/// What becomes of a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is done, and answered.
    Done,
    /// It is not done, and answered with an error.
    Refused,
    /// It is done, and answered with an error.
    AnswerLost,
    /// It is answered with an error, and done after so long.
    Late(Duration),
}

/// What may go wrong between a process and the tables.
#[async_trait]
pub trait Weather: Send + Sync + 'static {
    /// Before a call reaches the tables.
    async fn call(&self, verb: &'static str) -> Result<(), StoreError>;
    /// When it is asked to commit.
    async fn commit(&self) -> Fate;
    /// Before an answer comes back.
    async fn answer(&self);
}

/// The tables as one process reaches them.
pub struct Link {
    model: Arc<Model>,
    owner: u64,
    weather: Arc<dyn Weather>,
}

impl Link {
    /// A process's connection.
    pub fn new(model: Arc<Model>, owner: u64, weather: Arc<dyn Weather>) -> Arc<Self> {
        Arc::new(Self { model, owner, weather })
    }

    async fn read<T>(
        &self,
        verb: &'static str,
        read: impl FnOnce() -> T + Send,
    ) -> Result<T, StoreError> {
        self.weather.call(verb).await?;
        let found = read();
        self.weather.answer().await;
        Ok(found)
    }
}

/// The error of a database that is gone.
pub fn unavailable(what: &str) -> StoreError {
    StoreError::Unavailable(DbErr::Conn(RuntimeErr::Internal(what.to_owned())))
}

#[async_trait]
impl Tables for Link {
    fn is_shared(&self) -> bool {
        self.model.is_shared
    }

    async fn begin(&self) -> Result<Box<dyn TablesTransaction + '_>, StoreError> {
        self.weather.call("begin").await?;
        let writer = if self.model.is_shared {
            None
        } else {
            let writer = Arc::clone(&self.model.writer).acquire_owned();
            Some(writer.await.expect("it is never closed"))
        };
        let begun = self.model.state().begin(self.owner, writer);
        let handle = begun.ok_or_else(|| unavailable("the connection is gone"))?;
        let (model, weather) = (Arc::clone(&self.model), Arc::clone(&self.weather));
        let is_ended = false;
        Ok(Box::new(LinkTransaction { model, weather, handle, is_ended }))
    }

    async fn begin_in_background(&self) -> Result<Box<dyn TablesTransaction + '_>, StoreError> {
        self.begin().await
    }

    async fn waiting_endpoints(
        &self,
        endpoints_max: u32,
    ) -> Result<Vec<WaitingEndpoint>, StoreError> {
        self.read("waiting_endpoints", || self.model.state().waiting_endpoints(endpoints_max)).await
    }

    async fn has_lease_out(&self, within: Duration, now: Timestamp) -> Result<bool, StoreError> {
        let before = self.model.lease_time(now) + within;
        self.read("has_lease_out", || self.model.state().has_lease_out(before)).await
    }

    async fn log_bounds(&self) -> Result<LogBounds, StoreError> {
        self.read("log_bounds", || self.model.state().log_bounds()).await
    }

    async fn log_after(
        &self,
        after: LogPosition,
        changes_max: u64,
    ) -> Result<Vec<Change>, StoreError> {
        self.read("log_after", || self.model.state().log_after(after, changes_max)).await
    }

    async fn log_has_unsettled(&self) -> Result<bool, StoreError> {
        self.read("log_has_unsettled", || self.model.state().log_has_unsettled()).await
    }
}

impl Model {
    /// What time it is for leases.
    fn lease_time(&self, now: Timestamp) -> Timestamp {
        if self.is_shared { self.now() } else { now }
    }
}

/// A transaction; undone when dropped.
struct LinkTransaction {
    model: Arc<Model>,
    weather: Arc<dyn Weather>,
    handle: Handle,
    is_ended: bool,
}

impl Drop for LinkTransaction {
    fn drop(&mut self) {
        if !self.is_ended {
            self.model.state().abort(self.handle);
            self.model.over.notify_waiters();
        }
    }
}

impl LinkTransaction {
    /// Makes a statement, once nobody holds what it is to change.
    async fn make<T>(
        &mut self,
        verb: &'static str,
        mut statement: impl FnMut(&mut On<'_>) -> Result<T, Blocked> + Send,
    ) -> Result<T, StoreError> {
        self.weather.call(verb).await?;
        let made = tokio::time::timeout(LOCK_PATIENCE, async {
            loop {
                let over = self.model.over.notified();
                tokio::pin!(over);
                over.as_mut().enable();
                if let Some(made) = self.try_make(&mut statement)? {
                    return Ok(made);
                }
                over.await;
            }
        });
        let made = made.await.unwrap_or_else(|_| Err(unavailable("a lock was not given up")))?;
        self.weather.answer().await;
        Ok(made)
    }

    fn try_make<T>(
        &self,
        statement: &mut impl FnMut(&mut On<'_>) -> Result<T, Blocked>,
    ) -> Result<Option<T>, StoreError> {
        let mut state = self.model.state();
        if !state.open.contains_key(&self.handle) {
            return Err(unavailable("the connection is gone"));
        }
        let is_shared = self.model.is_shared;
        Ok(statement(&mut On { state: &mut state, handle: self.handle, is_shared }).ok())
    }

    async fn done<T>(
        &mut self,
        verb: &'static str,
        mut statement: impl FnMut(&mut On<'_>) -> T + Send,
    ) -> Result<T, StoreError> {
        self.make(verb, |on| Ok(statement(on))).await
    }
}

#[async_trait]
impl TablesTransaction for LinkTransaction {
    async fn earlier_events(
        &mut self,
        wanted: &[&NewEvent],
    ) -> Result<HashMap<IdempotencyOwner, EarlierEvent>, StoreError> {
        self.done("earlier_events", |on| on.earlier_events(wanted)).await
    }

    async fn active_targets(
        &mut self,
        accounts: &[&AccountId],
    ) -> Result<HashMap<AccountId, Vec<Target>>, StoreError> {
        self.done("active_targets", |on| on.active_targets(accounts)).await
    }

    async fn insert(&mut self, rows: NewRows<'_>) -> Result<(), StoreError> {
        let inserted = self.make("insert", |on| on.insert(&rows)).await?;
        inserted.map_err(|_| StoreError::Conflict(DbErr::Custom("a duplicate key".to_owned())))
    }

    async fn targets(
        &mut self,
        ids: &[EndpointId],
    ) -> Result<HashMap<EndpointId, Target>, StoreError> {
        self.done("targets", |on| on.targets(ids)).await
    }

    async fn take_due(
        &mut self,
        wanted: &[DueOf],
        lease_token: LeaseToken,
        due_by: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<ClaimedRow>, StoreError> {
        let model = Arc::clone(&self.model);
        let take = |on: &mut On<'_>| {
            let now = model.lease_time(now);
            on.take_due(wanted, lease_token, due_by, now)
        };
        self.done("take_due", take).await
    }

    async fn payloads(
        &mut self,
        events: &[EventId],
    ) -> Result<HashMap<EventId, Payload>, StoreError> {
        self.done("payloads", |on| on.payloads(events)).await
    }

    async fn first_due(
        &mut self,
        ids: &[EndpointId],
    ) -> Result<Vec<(EndpointId, Option<Timestamp>)>, StoreError> {
        self.done("first_due", |on| on.first_due(ids)).await
    }

    async fn close(
        &mut self,
        ids: &[DeliveryId],
        state: DeliveryState,
        reason: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.make("close", |on| on.close(ids, state, reason, now)).await
    }

    async fn log(&mut self, changes: &[(Delivery, DeliveryState)]) -> Result<(), StoreError> {
        self.done("log", |on| on.log(changes)).await
    }

    async fn open_deliveries(
        &mut self,
        account: &AccountId,
        endpoint_id: EndpointId,
        deliveries_max: u64,
    ) -> Result<Vec<Delivery>, StoreError> {
        let open = |on: &mut On<'_>| on.open_deliveries(account, endpoint_id, deliveries_max);
        self.make("open_deliveries", open).await
    }

    /// There are none here.
    async fn end_recoveries(&mut self, _: EndpointId, _: Timestamp) -> Result<(), StoreError> {
        self.done("end_recoveries", |_| ()).await
    }

    async fn set_outcomes(&mut self, verdicts: &[&Verdict]) -> Result<Vec<bool>, StoreError> {
        self.make("set_outcomes", |on| on.set_outcomes(verdicts)).await
    }

    async fn log_outcomes(&mut self, verdicts: &[&Verdict]) -> Result<(), StoreError> {
        self.done("log_outcomes", |on| on.log_outcomes(verdicts)).await
    }

    async fn set_streaks(&mut self, news: &StreakChanges) -> Result<(), StoreError> {
        self.make("set_streaks", |on| on.set_streaks(news)).await
    }

    async fn suspend(
        &mut self,
        ids: &[EndpointId],
        reason: &str,
        now: Timestamp,
    ) -> Result<HashSet<EndpointId>, StoreError> {
        self.make("suspend", |on| on.suspend(ids, reason, now)).await
    }

    async fn extend(
        &mut self,
        leases: &[Lease],
        low: Duration,
        lease: Duration,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let model = Arc::clone(&self.model);
        self.make("extend", |on| on.extend(leases, low, lease, model.lease_time(now))).await
    }

    async fn release(&mut self, leases: &[Lease]) -> Result<u64, StoreError> {
        self.make("release", |on| on.release(leases)).await
    }

    async fn free(&mut self, tokens: &[LeaseToken]) -> Result<u64, StoreError> {
        self.make("free", |on| on.free(Some(tokens))).await
    }

    async fn free_expired(&mut self, leases_max: u64, now: Timestamp) -> Result<u64, StoreError> {
        let model = Arc::clone(&self.model);
        self.done("free_expired", |on| on.free_expired(leases_max, model.lease_time(now))).await
    }

    async fn free_all(&mut self) -> Result<u64, StoreError> {
        let free = |on: &mut On<'_>| on.free(None);
        self.make("free_all", free).await
    }

    async fn move_rows(&mut self, rows: MovedRows) -> Result<Vec<Timestamp>, StoreError> {
        self.make("move_rows", |on| on.move_rows(rows)).await
    }

    async fn shorten_leases(
        &mut self,
        longest: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.make("shorten_leases", |on| on.shorten_leases(longest, now)).await
    }

    async fn wait_anew(
        &mut self,
        endpoints: &[EndpointId],
        written_after: Timestamp,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        self.make("wait_anew", |on| on.wait_anew(endpoints, written_after, now)).await
    }

    async fn commit(mut self: Box<Self>) -> Result<(), StoreError> {
        self.weather.call("commit").await?;
        let fate = self.weather.commit().await;
        if fate == Fate::Refused {
            return Err(unavailable("COMMIT, not done"));
        }
        self.is_ended = true;
        let (model, handle) = (Arc::clone(&self.model), self.handle);
        if let Fate::Late(wait) = fate {
            tokio::spawn(async move {
                tokio::time::sleep(wait).await;
                let _ = model.end(handle);
            });
            return Err(unavailable("COMMIT, done later"));
        }
        let committed = model.end(handle);
        self.weather.answer().await;
        match fate {
            Fate::AnswerLost => Err(unavailable("COMMIT, done")),
            _ => committed.ok_or_else(|| unavailable("the connection is gone")),
        }
    }
}

impl Model {
    fn end(&self, handle: Handle) -> Option<()> {
        let committed = self.state().commit(handle);
        self.over.notify_waiters();
        committed
    }
}
