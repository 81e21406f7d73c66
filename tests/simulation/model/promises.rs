//! What a commit must not break, whatever was decided before it: the invariants of
//! docs/architecture.md that are about rows.

use std::collections::BTreeMap;

use bookora_webhooks::domain::delivery::DeliveryState;
use bookora_webhooks::domain::id::{DeliveryId, LeaseToken};

use super::{LogRow, Rows};

/// The promises that a transaction breaks, which changes `before` by `changed` and records outcomes
/// under these leases.
pub fn broken_by(
    before: &Rows,
    changed: &Rows,
    recorded: &[(DeliveryId, LeaseToken)],
) -> Vec<String> {
    let mut broken = Vec::new();
    let mut log: BTreeMap<DeliveryId, Vec<&LogRow>> = BTreeMap::new();
    for row in changed.log.values() {
        log.entry(row.delivery.delivery_id).or_default().push(row);
    }
    for (id, row) in &changed.deliveries {
        let old = before.deliveries.get(id);
        let logged = log.remove(id).unwrap_or_default();
        let revisions = row.delivery.revision - old.map_or(0, |old| old.delivery.revision);
        if usize::try_from(revisions).ok() != Some(logged.len()) {
            broken.push(format!("{id}: {revisions} changes, {} rows of the log", logged.len()));
        }
        let mut state = old.map(|old| old.delivery.state);
        let mut revision = old.map_or(0, |old| old.delivery.revision);
        for row in &logged {
            revision += 1;
            if row.delivery.revision != revision || row.previous_state != state {
                broken.push(format!("{id}: the log says {row:?} after {state:?}, {revision}"));
            }
            if !is_arrow(state, row.delivery.state) {
                broken.push(format!("{id}: {state:?} became {:?}", row.delivery.state));
            }
            state = Some(row.delivery.state);
        }
        if state.is_some_and(|state| state != row.delivery.state) {
            broken.push(format!("{id}: is {:?}, the log says {state:?}", row.delivery.state));
        }
        if row.delivery.state.is_open() != row.delivery.next_attempt_time.is_some() {
            broken.push(format!("{id}: is open and not due, or the reverse"));
        }
        let has_event = |rows: &Rows| rows.events.contains_key(&row.delivery.event_id);
        if !has_event(before) && !has_event(changed) {
            broken.push(format!("{id}: its event is not there"));
        }
    }
    broken.extend(log.keys().map(|id| format!("{id}: is in the log, and not changed")));
    for (event_id, row) in changed.events.iter().filter(|(id, _)| !before.events.contains_key(id)) {
        let of_event = |row: &&super::DeliveryRow| row.delivery.event_id == *event_id;
        let made = changed.deliveries.values().filter(of_event).count();
        if u32::try_from(made).ok() != Some(row.delivery_count) {
            let count = row.delivery_count;
            broken.push(format!("{event_id}: is stored with {made} of {count} deliveries"));
        }
    }
    for (id, token) in recorded {
        let held = before.deliveries.get(id).and_then(|row| row.lease).map(|(held, _)| held);
        if held != Some(*token) {
            broken.push(format!("{id}: an outcome is recorded by who does not hold the lease"));
        }
    }
    broken
}

/// The arrows of `domain/delivery`.
fn is_arrow(before: Option<DeliveryState>, after: DeliveryState) -> bool {
    use DeliveryState::{Cancelled, Failed, Pending, Retrying, Succeeded};
    match before {
        Some(Pending | Retrying) => matches!(after, Retrying | Succeeded | Failed | Cancelled),
        None | Some(Succeeded | Failed | Cancelled) => after == Pending,
    }
}
