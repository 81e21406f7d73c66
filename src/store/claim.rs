//! Due work: which endpoints have any, and claiming it under a lease.

use std::collections::HashMap;
use std::sync::Arc;

use super::database::in_time;
use super::error::StoreError;
use super::queue::Queue;
use super::tables::{ClaimedRow, DueOf, TablesTransaction, WaitingEndpoint};
use super::wakeup::DueEndpoint;
use crate::domain::clock::Timestamp;
use crate::domain::delivery::{Delivery, DeliveryState, LeasedDelivery};
use crate::domain::endpoint::{Addressee, EndpointState, Target};
use crate::domain::id::{EndpointId, LeaseToken};
use crate::failpoint;

/// Endpoints with waiting rows that one look at the table finds.
const DUE_ENDPOINTS_MAX: u32 = 10_000;
/// Endpoints that one claim is for.
pub const CLAIM_ENDPOINTS_MAX: usize = 256;
/// Claims without a recorded outcome after which a delivery is given up: far more than a process
/// that is killed now and then leaves behind.
const CLAIMS_MAX: u32 = 10;
const HOPELESS_REASON: &str = "it was begun 10 times and never came to an end";
/// Something outside of the service deleted it, or brought back half of a database.
const EVENT_MISSING_REASON: &str = "its event is missing from the database";

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

impl WaitingEndpoint {
    fn due_endpoint(&self) -> Option<DueEndpoint> {
        let (_, limits) = self.endpoint.filter(|_| self.is_active())?;
        let (account_id, endpoint_id) = (self.account_id.clone(), self.endpoint_id);
        let addressee = Addressee { account_id, endpoint_id, limits };
        Some(DueEndpoint { addressee, first_due: self.first_due })
    }
}

impl Queue {
    /// The active endpoints with free rows waiting, due or not.
    ///
    /// # Errors
    /// The database's.
    pub async fn due_endpoints(&self) -> Result<Vec<DueEndpoint>, StoreError> {
        let waiting = in_time(self.waiting_endpoints()).await?;
        let due: Vec<_> = waiting.iter().filter_map(WaitingEndpoint::due_endpoint).collect();
        self.wakeup.found_oldest(due.iter().map(|due| due.first_due).min());
        Ok(due)
    }

    /// The endpoints with free rows waiting, whatever their state.
    pub(super) async fn waiting_endpoints(&self) -> Result<Vec<WaitingEndpoint>, StoreError> {
        self.tables.waiting_endpoints(DUE_ENDPOINTS_MAX).await
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
        let mut transaction = self.tables.begin_in_background().await?;
        let ids: Vec<_> = wanted.iter().map(|wanted| wanted.endpoint_id).collect();
        let targets = transaction.targets(&ids).await?;
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
        let (leased, given_up) = self.lease(&mut *transaction, &takers, due_by).await?;
        let mut exhausted = exhausted(&mut *transaction, wanted, &leased).await?;
        // Found again by the next look at the whole table, and not sooner.
        let is_sealed = |id| targets.get(&id).is_some_and(|target| target.secrets.is_none());
        for exhausted in exhausted.iter_mut().filter(|one| is_sealed(one.endpoint_id)) {
            exhausted.next_due = None;
        }
        failpoint::hit("claim.before_commit");
        if let Err(error) = transaction.commit().await {
            self.doubts.add(leased.iter());
            return Err(error);
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
        transaction: &mut dyn TablesTransaction,
        takers: &[(Wanted, &Target)],
        due_by: Timestamp,
    ) -> Result<(Vec<LeasedDelivery>, usize), StoreError> {
        if takers.is_empty() {
            return Ok((Vec::new(), 0));
        }
        let (lease_token, now) = (LeaseToken::new(&*self.random), self.clock.now());
        let due: Vec<_> =
            takers.iter().map(|(wanted, target)| self.due_of(wanted, target)).collect();
        let claimed = transaction.take_due(&due, lease_token, due_by, now).await?;
        let (claimed, hopeless): (Vec<_>, Vec<_>) =
            claimed.into_iter().partition(|row| row.claim_count <= CLAIMS_MAX);
        let mut given_up = hopeless.len();
        give_up(transaction, hopeless, HOPELESS_REASON, now).await?;
        let events: Vec<_> = claimed.iter().map(|row| row.delivery.event_id).collect();
        let payloads = transaction.payloads(&events).await?;
        let (claimed, lost): (Vec<_>, Vec<_>) =
            claimed.into_iter().partition(|row| payloads.contains_key(&row.delivery.event_id));
        given_up += lost.len();
        give_up(transaction, lost, EVENT_MISSING_REASON, now).await?;
        let targets: HashMap<EndpointId, &Target> =
            takers.iter().map(|(wanted, target)| (wanted.endpoint_id, *target)).collect();
        let leased = claimed.into_iter().map(|row| {
            let payload = &payloads[&row.delivery.event_id];
            LeasedDelivery {
                swaps_signatures: row.swaps_signatures,
                schedule_start: row.schedule_start,
                lease_token,
                payload: payload.bytes.clone(),
                trace_parent: payload.trace_parent.clone(),
                target: Arc::clone(targets[&row.delivery.endpoint_id]),
                delivery: row.delivery,
            }
        });
        Ok((leased.collect(), given_up))
    }

    fn due_of(&self, wanted: &Wanted, target: &Target) -> DueOf {
        DueOf {
            endpoint_id: wanted.endpoint_id,
            deliveries_max: wanted.deliveries_max,
            lease: self.lease_terms.duration(target),
        }
    }
}

/// Ends deliveries FAILED that cannot be sent, so that they do not stand in the others' way.
async fn give_up(
    transaction: &mut dyn TablesTransaction,
    hopeless: Vec<ClaimedRow>,
    reason: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    for row in &hopeless {
        tracing::error!(delivery_id = %row.delivery.delivery_id, "{reason}");
    }
    let open = hopeless.into_iter().map(|row| row.delivery).collect();
    close(transaction, open, DeliveryState::Failed, reason, now).await
}

/// Closes open deliveries, with their rows of the log.
pub(super) async fn close(
    transaction: &mut dyn TablesTransaction,
    open: Vec<Delivery>,
    state: DeliveryState,
    reason: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    if open.is_empty() {
        return Ok(());
    }
    let ids: Vec<_> = open.iter().map(|delivery| delivery.delivery_id).collect();
    transaction.close(&ids, state, reason, now).await?;
    let changes: Vec<_> =
        open.iter().map(|open| (open.closed(state, reason, now), open.state)).collect();
    transaction.log(&changes).await
}

/// The endpoints that had fewer due rows than were wanted, and when their first free row is due.
async fn exhausted(
    transaction: &mut dyn TablesTransaction,
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
    let ids: Vec<_> = wanted.iter().filter(had_fewer).map(|wanted| wanted.endpoint_id).collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let first_due = transaction.first_due(&ids).await?;
    let exhausted = first_due.into_iter();
    Ok(exhausted.map(|(endpoint_id, next_due)| Exhausted { endpoint_id, next_due }).collect())
}
