//! What an event's way asks of the tables, transaction by transaction: to be stored, claimed,
//! recorded, rescued, and read in the log.
//!
//! [`Tables`] is an argument of the [queue](super::queue) and of the [log](super::changes), as the
//! clock is, so that the rules above it run in a simulation on a model that is easy to see to be
//! right. Here are the statements; what is decided between them, and what is told after a commit,
//! is left to who asks. The databases' are in `sql`.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

use super::changes::{Change, LogBounds, LogPosition};
use super::error::StoreError;
use super::publish::{EarlierEvent, IdempotencyOwner};
pub use super::streaks::StreakChanges;
use crate::domain::account::AccountId;
use crate::domain::clock::{Jump, Timestamp};
use crate::domain::delivery::{Delivery, DeliveryState, ScheduleStart, Verdict};
use crate::domain::endpoint::{EndpointLimits, EndpointState, Target};
use crate::domain::event::NewEvent;
use crate::domain::id::{DeliveryId, EndpointId, EventId, LeaseToken};
use crate::domain::trace_parent::TraceParent;

/// A delivery's lease: only who names both may record, extend or release.
pub type Lease = (DeliveryId, LeaseToken);

/// A delivery that is made now, free or under a lease that runs out at a time.
#[derive(Clone, Debug)]
pub struct NewDelivery {
    /// Pending, at its first revision.
    pub delivery: Delivery,
    /// Who may send it, and until when.
    pub lease: Option<(LeaseToken, Timestamp)>,
}

/// What a publish inserts; each delivery has a row of the log beside it.
pub struct NewRows<'a> {
    /// Each with how many deliveries it has.
    pub events: Vec<(&'a NewEvent, u32)>,
    /// The deliveries of these.
    pub deliveries: Vec<NewDelivery>,
    /// When they are stored.
    pub now: Timestamp,
}

/// How many due deliveries to lease of one endpoint.
#[derive(Clone, Copy, Debug)]
pub struct DueOf {
    /// The endpoint.
    pub endpoint_id: EndpointId,
    /// Deliveries at most.
    pub deliveries_max: u32,
    /// For how long they are leased.
    pub lease: Duration,
}

/// A delivery that was just leased.
#[derive(Clone, Debug)]
pub struct ClaimedRow {
    /// The delivery.
    pub delivery: Delivery,
    /// The schedule that it is on.
    pub schedule_start: ScheduleStart,
    /// How often it was claimed since an outcome was last recorded, this time among them.
    pub claim_count: u32,
    /// Whether the two signatures of an overlap change places.
    pub swaps_signatures: bool,
}

/// What is sent, and as part of which trace.
#[derive(Clone, Debug)]
pub struct Payload {
    /// The exact body.
    pub bytes: Bytes,
    /// The trace of the publish.
    pub trace_parent: TraceParent,
}

/// An endpoint with free rows.
#[derive(Clone, Debug)]
pub struct WaitingEndpoint {
    /// Whose its rows are.
    pub account_id: AccountId,
    /// Its id.
    pub endpoint_id: EndpointId,
    /// When its first free row is due.
    pub first_due: Timestamp,
    /// Its state and limits; `None`: it is gone.
    pub endpoint: Option<(EndpointState, EndpointLimits)>,
}

impl WaitingEndpoint {
    /// Whether anything is sent to it.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.endpoint.is_some_and(|(state, _)| state == EndpointState::Active)
    }
}

/// Free rows of an endpoint that are moved because the clock was set.
#[derive(Clone, Copy, Debug)]
pub struct MovedRows {
    /// How it was set.
    pub jump: Jump,
    /// Whose rows.
    pub endpoint_id: EndpointId,
    /// Rows that are due beyond this, as seen from where the clock was set to, have been moved.
    pub moved_to: Option<Timestamp>,
    /// What was written from the jump's first time until this is by the new time already.
    pub new_until: Timestamp,
    /// At most so many.
    pub rows_max: u64,
}

/// The tables, as one process reaches them.
#[async_trait]
pub trait Tables: Send + Sync + 'static {
    /// Whether other processes use them too.
    fn is_shared(&self) -> bool;

    /// Begins a transaction for a caller who waits; it is undone when dropped.
    async fn begin(&self) -> Result<Box<dyn TablesTransaction + '_>, StoreError>;

    /// Begins a transaction that nobody waits for: where there is one writer, one of these at most
    /// stands in line before a caller's.
    async fn begin_in_background(&self) -> Result<Box<dyn TablesTransaction + '_>, StoreError>;

    /// The endpoints with free rows, due or not, whatever their state.
    async fn waiting_endpoints(
        &self,
        endpoints_max: u32,
    ) -> Result<Vec<WaitingEndpoint>, StoreError>;

    /// Whether any lease runs out within so much time.
    async fn has_lease_out(&self, within: Duration, now: Timestamp) -> Result<bool, StoreError>;

    /// From where to where the log can be read.
    async fn log_bounds(&self) -> Result<LogBounds, StoreError>;

    /// The changes behind a place, in order, as far as nothing can come between them any more.
    async fn log_after(
        &self,
        after: LogPosition,
        changes_max: u64,
    ) -> Result<Vec<Change>, StoreError>;

    /// Whether anything is committed that cannot be read yet.
    async fn log_has_unsettled(&self) -> Result<bool, StoreError>;
}

/// One transaction. Where leases are concerned `now` is the asking process's time, and not looked
/// at where the database has its own.
#[async_trait]
pub trait TablesTransaction: Send {
    /// The events that the idempotency keys of `wanted` mean already.
    async fn earlier_events(
        &mut self,
        wanted: &[&NewEvent],
    ) -> Result<HashMap<IdempotencyOwner, EarlierEvent>, StoreError>;

    /// The active endpoints of accounts.
    async fn active_targets(
        &mut self,
        accounts: &[&AccountId],
    ) -> Result<HashMap<AccountId, Vec<Target>>, StoreError>;

    /// Inserts events and deliveries, and the deliveries' rows of the log.
    async fn insert(&mut self, rows: NewRows<'_>) -> Result<(), StoreError>;

    /// The endpoints with these ids, whatever their state.
    async fn targets(
        &mut self,
        ids: &[EndpointId],
    ) -> Result<HashMap<EndpointId, Target>, StoreError>;

    /// Leases what is free and due by a time, what has waited longest first. What another
    /// transaction is about to change is passed over.
    async fn take_due(
        &mut self,
        wanted: &[DueOf],
        lease_token: LeaseToken,
        due_by: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<ClaimedRow>, StoreError>;

    /// The payloads of events; one that is missing is left out.
    async fn payloads(
        &mut self,
        events: &[EventId],
    ) -> Result<HashMap<EventId, Payload>, StoreError>;

    /// When the first free row of each endpoint is due; `None`: it has none, or is not active.
    async fn first_due(
        &mut self,
        ids: &[EndpointId],
    ) -> Result<Vec<(EndpointId, Option<Timestamp>)>, StoreError>;

    /// Closes open deliveries in their rows, and takes their leases away.
    async fn close(
        &mut self,
        ids: &[DeliveryId],
        state: DeliveryState,
        reason: &str,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// Adds changes without an attempt to the log, each with the state before.
    async fn log(&mut self, changes: &[(Delivery, DeliveryState)]) -> Result<(), StoreError>;

    /// The oldest open deliveries to an endpoint, which nobody else changes until the end.
    async fn open_deliveries(
        &mut self,
        account: &AccountId,
        endpoint_id: EndpointId,
        deliveries_max: u64,
    ) -> Result<Vec<Delivery>, StoreError>;

    /// Ends the recoveries of an endpoint.
    async fn end_recoveries(
        &mut self,
        endpoint_id: EndpointId,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// Sets the deliveries whose lease is still the verdict's, and says of each whether it was.
    async fn set_outcomes(&mut self, verdicts: &[&Verdict]) -> Result<Vec<bool>, StoreError>;

    /// Adds the attempts of verdicts, and their rows of the log.
    async fn log_outcomes(&mut self, verdicts: &[&Verdict]) -> Result<(), StoreError>;

    /// Sets since when endpoints have failed, where that is news.
    async fn set_streaks(&mut self, news: &StreakChanges) -> Result<(), StoreError>;

    /// Suspends those endpoints that are active, and says which those were.
    async fn suspend(
        &mut self,
        ids: &[EndpointId],
        reason: &str,
        now: Timestamp,
    ) -> Result<HashSet<EndpointId>, StoreError>;

    /// Has leases that run out within `low` last for `lease` from now on.
    async fn extend(
        &mut self,
        leases: &[Lease],
        low: Duration,
        lease: Duration,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// Frees leases, and has their claim count as none; says how many there were.
    async fn release(&mut self, leases: &[Lease]) -> Result<u64, StoreError>;

    /// Frees leases by their tokens alone.
    async fn free(&mut self, tokens: &[LeaseToken]) -> Result<u64, StoreError>;

    /// Frees leases that ran out, those first that did so first. What another transaction is about
    /// to change is passed over.
    async fn free_expired(&mut self, leases_max: u64, now: Timestamp) -> Result<u64, StoreError>;

    /// Frees every lease.
    async fn free_all(&mut self) -> Result<u64, StoreError>;

    /// Moves free rows with the clock, and says when they were due before.
    async fn move_rows(&mut self, rows: MovedRows) -> Result<Vec<Timestamp>, StoreError>;

    /// Has leases that last longer than until `longest` run out then; what they hold is due now.
    async fn shorten_leases(
        &mut self,
        longest: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// Has free rows of endpoints that were written later than `written_after` wait anew, as long
    /// as they were to, and says how many those were.
    async fn wait_anew(
        &mut self,
        endpoints: &[EndpointId],
        written_after: Timestamp,
        now: Timestamp,
    ) -> Result<u64, StoreError>;

    /// Commits. Where it fails it is not known whether it was committed.
    async fn commit(self: Box<Self>) -> Result<(), StoreError>;
}
