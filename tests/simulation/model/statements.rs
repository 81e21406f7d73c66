//! The verbs of the tables, on maps. Each happens at one moment; `Err` names who holds what it has to
//! wait for.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::ops::Bound;
use std::sync::Arc;
use std::time::Duration;

use bookora_webhooks::domain::account::AccountId;
use bookora_webhooks::domain::clock::Timestamp;
use bookora_webhooks::domain::delivery::{Delivery, DeliveryState, ScheduleStart, Verdict};
use bookora_webhooks::domain::endpoint::{Endpoint, EndpointState, Target};
use bookora_webhooks::domain::event::NewEvent;
use bookora_webhooks::domain::id::{DeliveryId, EndpointId, EventId, LeaseToken};
use bookora_webhooks::store::changes::{Change, LogBounds, LogPosition};
use bookora_webhooks::store::publish::{EarlierEvent, IdempotencyOwner};
use bookora_webhooks::store::tables::{
    ClaimedRow, DueOf, Lease, MovedRows, NewRows, Payload, StreakChanges, WaitingEndpoint,
};

use super::{DeliveryRow, EndpointRow, EventRow, Handle, Lock, LogRow, State};

/// Another transaction holds what a statement is to change.
#[derive(Debug)]
pub struct Blocked;

/// A key is there already that is to be inserted.
#[derive(Debug)]
pub struct Duplicate;

/// One transaction on the state.
pub struct On<'a> {
    pub state: &'a mut State,
    pub handle: Handle,
    pub is_shared: bool,
}

impl On<'_> {
    fn delivery(&self, id: DeliveryId) -> Option<&DeliveryRow> {
        let own = &self.state.open[&self.handle].rows;
        own.deliveries.get(&id).or_else(|| self.state.rows.deliveries.get(&id))
    }

    fn endpoint(&self, id: EndpointId) -> Option<&EndpointRow> {
        let own = &self.state.open[&self.handle].rows;
        own.endpoints.get(&id).or_else(|| self.state.rows.endpoints.get(&id))
    }

    /// Those that are open, and what this transaction has changed.
    fn deliveries(&self) -> impl Iterator<Item = &DeliveryRow> {
        let own = &self.state.open[&self.handle].rows.deliveries;
        let others = self.state.due.iter().filter(|id| !own.contains_key(id));
        others.map(|id| &self.state.rows.deliveries[id]).chain(own.values())
    }

    fn is_locked_by_another(&self, lock: &Lock) -> bool {
        self.state.locks.get(lock).is_some_and(|holder| *holder != self.handle)
    }

    fn is_free_of_others(&self, id: DeliveryId) -> bool {
        !self.is_locked_by_another(&Lock::Delivery(id))
    }

    /// Draws the transaction's number at its first write.
    fn number(&mut self) -> i64 {
        let next = self.state.numbers + 1;
        let open = self.state.open.get_mut(&self.handle).expect("it is open");
        if open.number.is_none() {
            open.number = Some(next);
            self.state.numbers = next;
        }
        open.number.expect("it was just drawn")
    }

    /// Locks all, or none and says that it has to wait.
    fn lock(&mut self, locks: Vec<Lock>) -> Result<(), Blocked> {
        if locks.iter().any(|lock| self.is_locked_by_another(lock)) {
            return Err(Blocked);
        }
        if !locks.is_empty() {
            self.number();
        }
        let handle = self.handle;
        self.state.locks.extend(locks.into_iter().map(|lock| (lock, handle)));
        Ok(())
    }

    fn put(&mut self, row: DeliveryRow) {
        let own = &mut self.state.open.get_mut(&self.handle).expect("it is open").rows;
        own.deliveries.insert(row.delivery.delivery_id, row);
    }

    /// Changes the deliveries with these ids, and says how many.
    fn update(
        &mut self,
        ids: &[DeliveryId],
        change: impl Fn(&mut DeliveryRow),
    ) -> Result<u64, Blocked> {
        self.lock(ids.iter().map(|id| Lock::Delivery(*id)).collect())?;
        for id in ids {
            let mut row = self.delivery(*id).expect("who is changed is there").clone();
            change(&mut row);
            self.put(row);
        }
        Ok(ids.len() as u64)
    }

    fn ids(&self, which: impl Fn(&DeliveryRow) -> bool) -> Vec<DeliveryId> {
        self.deliveries().filter(|row| which(row)).map(|row| row.delivery.delivery_id).collect()
    }

    fn append(&mut self, delivery: &Delivery, previous_state: Option<DeliveryState>) {
        let number = self.number();
        let transaction = if self.is_shared { number } else { 0 };
        self.state.sequences += 1;
        let sequence = self.state.sequences;
        let own = &mut self.state.open.get_mut(&self.handle).expect("it is open").rows;
        let delivery = delivery.clone();
        own.log.insert(
            (transaction, sequence),
            LogRow { transaction, sequence, delivery, previous_state },
        );
    }

    pub fn earlier_events(&self, wanted: &[&NewEvent]) -> HashMap<IdempotencyOwner, EarlierEvent> {
        let keys = wanted.iter().filter_map(|event| owner(event));
        let found = keys.filter_map(|key| Some((*self.state.rows.keys.get(&key)?, key)));
        let earlier = found.map(|(event_id, key)| {
            let EventRow { event, delivery_count } = &self.state.rows.events[&event_id];
            let earlier = EarlierEvent {
                event_id,
                event_type: event.event_type.to_string(),
                create_time: event.create_time,
                delivery_count: *delivery_count,
                payload: event.payload.clone(),
            };
            (key, earlier)
        });
        earlier.collect()
    }

    pub fn active_targets(&self, accounts: &[&AccountId]) -> HashMap<AccountId, Vec<Target>> {
        let accounts: BTreeSet<&str> = accounts.iter().map(|account| account.as_str()).collect();
        let mut targets: HashMap<AccountId, Vec<Target>> = HashMap::new();
        for id in self.state.rows.endpoints.keys() {
            let target = &self.endpoint(*id).expect("it is there").endpoint;
            let is_wanted = accounts.contains(target.account_id.as_str());
            if is_wanted && target.state == EndpointState::Active {
                targets.entry(target.account_id.clone()).or_default().push(Arc::clone(target));
            }
        }
        targets
    }

    pub fn targets(&self, ids: &[EndpointId]) -> HashMap<EndpointId, Target> {
        let found = ids.iter().filter_map(|id| Some((*id, &self.endpoint(*id)?.endpoint)));
        found.map(|(id, endpoint)| (id, Arc::clone(endpoint))).collect()
    }

    pub fn insert(&mut self, rows: &NewRows<'_>) -> Result<Result<(), Duplicate>, Blocked> {
        let keys: Vec<_> = rows.events.iter().filter_map(|(event, _)| owner(event)).collect();
        self.lock(keys.iter().cloned().map(Lock::Key).collect())?;
        if keys.iter().any(|key| self.state.rows.keys.contains_key(key)) {
            return Ok(Err(Duplicate));
        }
        let own = &mut self.state.open.get_mut(&self.handle).expect("it is open").rows;
        for (event, delivery_count) in &rows.events {
            let row = EventRow { event: (*event).clone(), delivery_count: *delivery_count };
            own.events.insert(event.event_id, row);
            own.keys.extend(owner(event).map(|key| (key, event.event_id)));
        }
        for new in &rows.deliveries {
            self.put(DeliveryRow {
                delivery: new.delivery.clone(),
                schedule_start: ScheduleStart::AT_PUBLISH,
                claim_count: 0,
                swaps_signatures: false,
                lease: new.lease,
            });
            self.append(&new.delivery, None);
        }
        Ok(Ok(()))
    }

    pub fn take_due(
        &mut self,
        wanted: &[DueOf],
        token: LeaseToken,
        due_by: Timestamp,
        now: Timestamp,
    ) -> Vec<ClaimedRow> {
        let mut taken = Vec::new();
        for of in wanted {
            let is_due = |row: &&DeliveryRow| {
                let due = free_since(row).filter(|due| *due <= due_by);
                row.delivery.endpoint_id == of.endpoint_id
                    && due.is_some()
                    && self.is_free_of_others(row.delivery.delivery_id)
            };
            let due = self.deliveries().filter(is_due);
            let mut due: Vec<_> =
                due.map(|row| (free_since(row), row.delivery.delivery_id)).collect();
            due.sort_unstable();
            let ids: Vec<_> =
                due.iter().take(of.deliveries_max as usize).map(|(_, id)| *id).collect();
            let expiry = now + of.lease;
            self.update(&ids, |row| {
                row.claim_count += 1;
                row.lease = Some((token, expiry));
            })
            .expect("what others have locked is passed over");
            taken.extend(ids);
        }
        let claimed = taken.into_iter().filter_map(|id| self.delivery(id));
        let claimed = claimed.map(|row| ClaimedRow {
            delivery: row.delivery.clone(),
            schedule_start: row.schedule_start,
            claim_count: row.claim_count,
            swaps_signatures: row.swaps_signatures,
        });
        claimed.collect()
    }

    pub fn payloads(&self, events: &[EventId]) -> HashMap<EventId, Payload> {
        let found = events.iter().filter_map(|id| self.state.rows.events.get(id));
        let payload = |row: &EventRow| Payload {
            bytes: row.event.payload.clone(),
            trace_parent: row.event.trace_parent.clone(),
        };
        found.map(|row| (row.event.event_id, payload(row))).collect()
    }

    pub fn first_due(&self, ids: &[EndpointId]) -> Vec<(EndpointId, Option<Timestamp>)> {
        let first = |id: &EndpointId| {
            let of_it = self.deliveries().filter(|row| row.delivery.endpoint_id == *id);
            let first = of_it.filter_map(free_since).min();
            let state = self.endpoint(*id).map(|row| row.endpoint.state);
            (*id, first.filter(|_| state == Some(EndpointState::Active)))
        };
        ids.iter().map(first).collect()
    }

    pub fn close(
        &mut self,
        ids: &[DeliveryId],
        state: DeliveryState,
        reason: &str,
        now: Timestamp,
    ) -> Result<(), Blocked> {
        self.update(ids, |row| {
            row.delivery.state = state;
            reason.clone_into(&mut row.delivery.state_reason);
            row.delivery.revision += 1;
            row.delivery.next_attempt_time = None;
            row.delivery.update_time = now;
            row.lease = None;
        })?;
        Ok(())
    }

    pub fn log(&mut self, changes: &[(Delivery, DeliveryState)]) {
        for (delivery, before) in changes {
            self.append(delivery, Some(*before));
        }
    }

    pub fn open_deliveries(
        &mut self,
        account: &AccountId,
        endpoint_id: EndpointId,
        deliveries_max: u64,
    ) -> Result<Vec<Delivery>, Blocked> {
        let mut ids = self.ids(|row| {
            let delivery = &row.delivery;
            delivery.account_id == *account
                && delivery.endpoint_id == endpoint_id
                && delivery.next_attempt_time.is_some()
        });
        ids.sort_unstable();
        ids.truncate(usize::try_from(deliveries_max).unwrap_or(usize::MAX));
        self.lock(ids.iter().map(|id| Lock::Delivery(*id)).collect())?;
        let open = ids.into_iter().filter_map(|id| self.delivery(id));
        Ok(open.map(|row| row.delivery.clone()).collect())
    }

    pub fn set_outcomes(&mut self, verdicts: &[&Verdict]) -> Result<Vec<bool>, Blocked> {
        let ids = verdicts.iter().map(|verdict| verdict.delivery.delivery_id);
        if ids.clone().any(|id| !self.is_free_of_others(id)) {
            return Err(Blocked);
        }
        let mut held = Vec::new();
        for verdict in verdicts {
            let id = verdict.delivery.delivery_id;
            let token = self.delivery(id).and_then(|row| row.lease).map(|(token, _)| token);
            let is_held = token == Some(verdict.lease_token);
            held.push(is_held);
            if is_held {
                let after = &verdict.delivery;
                self.update(&[id], |row| {
                    row.delivery.state = after.state;
                    row.delivery.state_reason.clone_from(&after.state_reason);
                    row.delivery.revision = after.revision;
                    row.delivery.attempt_count = after.attempt_count;
                    row.delivery.next_attempt_time = after.next_attempt_time;
                    row.delivery.update_time = after.update_time;
                    row.swaps_signatures = verdict.swaps_signatures;
                    row.claim_count = 0;
                    row.lease = None;
                })?;
                let open = self.state.open.get_mut(&self.handle).expect("it is open");
                open.recorded.push((id, verdict.lease_token));
            }
        }
        Ok(held)
    }

    pub fn log_outcomes(&mut self, verdicts: &[&Verdict]) {
        for verdict in verdicts {
            self.append(&verdict.delivery, Some(verdict.previous_state));
            let own = &mut self.state.open.get_mut(&self.handle).expect("it is open").rows;
            let key = (verdict.delivery.delivery_id, verdict.attempt.number);
            own.attempts.insert(key, verdict.attempt.clone());
        }
    }

    fn update_endpoint(&mut self, id: EndpointId, change: impl FnOnce(&mut EndpointRow)) {
        let mut row = self.endpoint(id).expect("who is changed is there").clone();
        change(&mut row);
        let own = &mut self.state.open.get_mut(&self.handle).expect("it is open").rows;
        own.endpoints.insert(id, row);
    }

    pub fn set_streaks(&mut self, news: &StreakChanges) -> Result<(), Blocked> {
        let is_failing =
            |id: &&EndpointId| self.endpoint(**id).is_some_and(|row| row.failing_since.is_some());
        let there = |id: &&EndpointId| self.endpoint(**id).is_some();
        let began: BTreeSet<_> =
            news.began.iter().filter(|id| there(id) && !is_failing(id)).copied().collect();
        let ended: BTreeSet<_> = news.ended.iter().filter(is_failing).copied().collect();
        self.lock(began.iter().chain(&ended).map(|id| Lock::Endpoint(*id)).collect())?;
        for id in began {
            self.update_endpoint(id, |row| row.failing_since = news.begin_time);
        }
        for id in ended {
            self.update_endpoint(id, |row| row.failing_since = None);
        }
        Ok(())
    }

    pub fn suspend(
        &mut self,
        ids: &[EndpointId],
        reason: &str,
        now: Timestamp,
    ) -> Result<HashSet<EndpointId>, Blocked> {
        let is_active = |id: &&EndpointId| {
            self.endpoint(**id).is_some_and(|row| row.endpoint.state == EndpointState::Active)
        };
        let active: BTreeSet<_> = ids.iter().filter(is_active).copied().collect();
        self.lock(active.iter().map(|id| Lock::Endpoint(*id)).collect())?;
        for id in &active {
            self.update_endpoint(*id, |row| {
                row.endpoint = Arc::new(Endpoint {
                    state: EndpointState::Suspended,
                    state_reason: reason.to_owned(),
                    version: row.endpoint.version + 1,
                    update_time: now,
                    ..(*row.endpoint).clone()
                });
            });
        }
        Ok(active.into_iter().collect())
    }

    pub fn extend(
        &mut self,
        leases: &[Lease],
        low: Duration,
        lease: Duration,
        now: Timestamp,
    ) -> Result<(), Blocked> {
        let is_low = |row: &DeliveryRow| {
            is_one_of(row, leases) && row.lease.is_some_and(|(_, expiry)| expiry < now + low)
        };
        let ids = self.ids(is_low);
        let extended = |row: &mut DeliveryRow| {
            row.lease = row.lease.map(|(token, _)| (token, now + lease));
        };
        self.update(&ids, extended).map(drop)
    }

    pub fn release(&mut self, leases: &[Lease]) -> Result<u64, Blocked> {
        let ids = self.ids(|row| is_one_of(row, leases));
        self.update(&ids, |row| {
            row.lease = None;
            row.claim_count = row.claim_count.saturating_sub(1);
        })
    }

    /// `None`: every lease.
    pub fn free(&mut self, tokens: Option<&[LeaseToken]>) -> Result<u64, Blocked> {
        let is_meant = |token| tokens.is_none_or(|tokens| tokens.contains(&token));
        let ids = self.ids(|row| row.lease.is_some_and(|(token, _)| is_meant(token)));
        self.update(&ids, |row| row.lease = None)
    }

    pub fn free_expired(&mut self, leases_max: u64, now: Timestamp) -> u64 {
        let out = self.deliveries().filter_map(|row| {
            let (_, expiry) = row.lease.filter(|(_, expiry)| *expiry < now)?;
            let id = row.delivery.delivery_id;
            self.is_free_of_others(id).then_some((expiry, id))
        });
        let mut out: Vec<_> = out.collect();
        out.sort_unstable();
        out.truncate(usize::try_from(leases_max).unwrap_or(usize::MAX));
        let ids: Vec<_> = out.into_iter().map(|(_, id)| id).collect();
        self.update(&ids, |row| row.lease = None).expect("what others have locked is passed over")
    }

    pub fn move_rows(&mut self, rows: MovedRows) -> Result<Vec<Timestamp>, Blocked> {
        let MovedRows { jump, endpoint_id, moved_to, new_until, rows_max } = rows;
        let has_yet_to_move = |due: Timestamp| match moved_to {
            None => true,
            Some(moved_to) if jump.is_back() => due > moved_to,
            Some(moved_to) => due < moved_to,
        };
        let next = |row: &&DeliveryRow| {
            let due = free_since(row).filter(|due| *due > jump.from.min(jump.to));
            let is_new = (jump.first..=new_until).contains(&row.delivery.update_time);
            row.delivery.endpoint_id == endpoint_id && due.is_some_and(has_yet_to_move) && !is_new
        };
        let next = self.deliveries().filter(next);
        let mut next: Vec<_> =
            next.filter_map(|row| Some((free_since(row)?, row.delivery.delivery_id))).collect();
        next.sort_unstable();
        if !jump.is_back() {
            next.reverse();
        }
        next.truncate(usize::try_from(rows_max).unwrap_or(usize::MAX));
        let ids: Vec<_> = next.iter().map(|(_, id)| *id).collect();
        let moved = |time: Timestamp| {
            Timestamp::from_unix_nanos(time.as_unix_nanos().saturating_add(jump.nanos()))
        };
        self.update(&ids, |row| {
            row.delivery.next_attempt_time = row.delivery.next_attempt_time.map(moved);
        })?;
        Ok(next.into_iter().map(|(due, _)| due).collect())
    }

    pub fn shorten_leases(&mut self, longest: Timestamp, now: Timestamp) -> Result<(), Blocked> {
        let ids = self.ids(|row| row.lease.is_some_and(|(_, expiry)| expiry > longest));
        self.update(&ids, |row| {
            row.lease = row.lease.map(|(token, _)| (token, longest));
            row.delivery.next_attempt_time = Some(now);
        })?;
        Ok(())
    }

    pub fn wait_anew(
        &mut self,
        endpoints: &[EndpointId],
        written_after: Timestamp,
        now: Timestamp,
    ) -> Result<u64, Blocked> {
        let ids = self.ids(|row| {
            let written = row.delivery.update_time;
            endpoints.contains(&row.delivery.endpoint_id)
                && free_since(row).is_some_and(|due| due > now && due >= written)
                && written > written_after
        });
        self.update(&ids, |row| {
            let wait =
                row.delivery.next_attempt_time.map(|due| due.since(row.delivery.update_time));
            row.delivery.next_attempt_time = wait.map(|wait| now + wait);
        })
    }
}

/// What is read beside transactions.
impl State {
    pub fn waiting_endpoints(&self, endpoints_max: u32) -> Vec<WaitingEndpoint> {
        let mut first: Vec<(EndpointId, Timestamp, &AccountId)> = self
            .due
            .iter()
            .filter_map(|id| {
                let row = &self.rows.deliveries[id];
                let delivery = &row.delivery;
                Some((delivery.endpoint_id, free_since(row)?, &delivery.account_id))
            })
            .collect();
        first.sort_unstable_by_key(|(id, due, _)| (*id, *due));
        first.dedup_by_key(|(id, ..)| *id);
        first.truncate(endpoints_max as usize);
        let waiting = first.into_iter().map(|(endpoint_id, first_due, account)| {
            let endpoint = self.rows.endpoints.get(&endpoint_id).map(|row| &row.endpoint);
            WaitingEndpoint {
                account_id: account.clone(),
                endpoint_id,
                first_due,
                endpoint: endpoint.map(|endpoint| (endpoint.state, endpoint.config.limits)),
            }
        });
        waiting.collect()
    }

    pub fn has_lease_out(&self, before: Timestamp) -> bool {
        let mut leases = self.due.iter().filter_map(|id| self.rows.deliveries[id].lease);
        leases.any(|(_, expiry)| expiry < before)
    }

    pub fn log_bounds(&self) -> LogBounds {
        let head = self.readable_log().next_back().map(LogRow::position);
        LogBounds { floor: LogPosition::START, head: head.unwrap_or(LogPosition::START) }
    }

    pub fn log_after(&self, after: LogPosition, changes_max: u64) -> Vec<Change> {
        let after = numbers(after);
        let horizon = (self.horizon(), 0);
        if horizon <= after {
            return Vec::new();
        }
        let rows = self.rows.log.range((Bound::Excluded(after), Bound::Excluded(horizon)));
        let rows = rows.map(|(_, row)| row);
        let changes = rows.take(usize::try_from(changes_max).unwrap_or(usize::MAX)).map(|row| {
            let attempt = (row.delivery.delivery_id, row.delivery.attempt_count);
            Change {
                position: row.position(),
                delivery: row.delivery.clone(),
                previous_state: row.previous_state,
                last_attempt: self.rows.attempts.get(&attempt).cloned(),
            }
        });
        changes.collect()
    }

    pub fn log_has_unsettled(&self) -> bool {
        self.rows.log.range((self.horizon(), 0)..).next().is_some()
    }
}

/// The transaction's number and the row's.
fn numbers(position: LogPosition) -> (i64, i64) {
    let bytes = position.to_bytes();
    let number = |at: usize| i64::from_be_bytes(std::array::from_fn(|place| bytes[at + place]));
    (number(0), number(8))
}

fn owner(event: &NewEvent) -> Option<IdempotencyOwner> {
    let key = event.idempotency_key.as_ref()?;
    Some((event.account_id.clone(), key.as_str().to_owned()))
}

/// Since when, or from when on, a row may be claimed.
fn free_since(row: &DeliveryRow) -> Option<Timestamp> {
    row.delivery.next_attempt_time.filter(|_| row.lease.is_none())
}

fn is_one_of(row: &DeliveryRow, leases: &[Lease]) -> bool {
    let token = row.lease.map(|(token, _)| token);
    leases.iter().any(|(id, of)| *id == row.delivery.delivery_id && Some(*of) == token)
}
