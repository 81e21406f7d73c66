//! Rows as they are inserted, on the way of every event: their values in the order of their columns.
//! What is alike in all of them is in the statement, and is not bound again for each.

use sea_orm::Value;

use super::insert::Insertion;
use super::row::{
    delivery_state_number, outcome_number, stored_count, stored_micros, to_json, trigger_number,
};
use crate::domain::attempt::{Attempt, Exchange};
use crate::domain::clock::Timestamp;
use crate::domain::delivery::{Delivery, DeliveryState, ScheduleStart, Verdict};
use crate::domain::event::NewEvent;
use crate::domain::id::{DeliveryId, LeaseToken};
use crate::domain::latency::LatencyBucket;

/// Events.
pub const EVENTS: Insertion<9> = Insertion {
    table: "events",
    columns: [
        "event_id",
        "account_id",
        "event_type",
        "idempotency_key",
        "create_time",
        "publish_time",
        "delivery_count",
        "payload",
        "trace_parent",
    ],
    constants: &[],
    on_conflict: "",
};

/// Deliveries that are made now: pending, at their first revision.
pub const NEW_DELIVERIES: Insertion<11> = Insertion {
    table: "deliveries",
    columns: [
        "delivery_id",
        "account_id",
        "event_id",
        "event_type",
        "endpoint_id",
        "trigger",
        "next_attempt_time",
        "lease_token",
        "lease_expire_time",
        "create_time",
        "update_time",
    ],
    constants: &[
        ("state", PENDING),
        ("state_reason", "''"),
        ("revision", "1"),
        ("attempt_count", "0"),
        ("attempts_before_schedule", "0"),
        ("claim_count", "0"),
        ("swaps_signatures", "FALSE"),
    ],
    on_conflict: "",
};

/// The log rows of [`NEW_DELIVERIES`].
pub const NEW_CHANGES: Insertion<8> = Insertion {
    table: "delivery_changes",
    columns: [
        "account_id",
        "delivery_id",
        "event_id",
        "event_type",
        "endpoint_id",
        "next_attempt_time",
        "create_time",
        "commit_time",
    ],
    constants: &[
        ("revision", "1"),
        ("previous_state", "NULL"),
        ("state", PENDING),
        ("state_reason", "''"),
        ("attempt_count", "0"),
        ("latency_bucket", "NULL"),
    ],
    on_conflict: "",
};

/// Log rows of deliveries that were there.
pub const CHANGES: Insertion<14> = Insertion {
    table: "delivery_changes",
    columns: [
        "account_id",
        "delivery_id",
        "event_id",
        "event_type",
        "endpoint_id",
        "revision",
        "previous_state",
        "state",
        "state_reason",
        "attempt_count",
        "next_attempt_time",
        "create_time",
        "latency_bucket",
        "commit_time",
    ],
    constants: &[],
    on_conflict: "",
};

/// Attempts.
pub const ATTEMPTS: Insertion<17> = Insertion {
    table: "attempts",
    columns: [
        "delivery_id",
        "number",
        "attempt_id",
        "trigger",
        "outcome",
        "http_status",
        "error_message",
        "remote_address",
        "start_time",
        "latency_micros",
        "dns_micros",
        "connect_micros",
        "tls_micros",
        "first_byte_micros",
        "response_headers",
        "response_body",
        "response_body_truncated",
    ],
    constants: &[],
    on_conflict: "",
};

/// The number of [`DeliveryState::Pending`].
const PENDING: &str = "1";

/// The row of an event.
pub fn event(event: &NewEvent, delivery_count: u32, now: Timestamp) -> [Value; 9] {
    [
        event.event_id.as_uuid().into(),
        event.account_id.as_str().into(),
        event.event_type.as_str().into(),
        event.idempotency_key.as_ref().map(|key| key.as_str().to_owned()).into(),
        event.create_time.as_unix_nanos().into(),
        now.as_unix_nanos().into(),
        stored_count(delivery_count).into(),
        event.payload.to_vec().into(),
        event.trace_parent.as_str().into(),
    ]
}

/// The row of a delivery that is made now, free or under a lease with its expiry.
pub fn delivery(
    delivery: &Delivery,
    schedule_start: ScheduleStart,
    lease: Option<(LeaseToken, Timestamp)>,
) -> [Value; 11] {
    assert_is_new(delivery);
    assert_eq!(schedule_start.attempts_before, 0, "none was made yet");
    [
        delivery.delivery_id.as_uuid().into(),
        delivery.account_id.as_str().into(),
        delivery.event_id.as_uuid().into(),
        delivery.event_type.as_str().into(),
        delivery.endpoint_id.as_uuid().into(),
        trigger_number(schedule_start.trigger).into(),
        delivery.next_attempt_time.map(Timestamp::as_unix_nanos).into(),
        lease.map(|(token, _)| token.as_stored()).into(),
        lease.map(|(_, expiry)| expiry.as_unix_nanos()).into(),
        delivery.create_time.as_unix_nanos().into(),
        delivery.update_time.as_unix_nanos().into(),
    ]
}

/// The log row of a delivery that is made now.
pub fn new_change(delivery: &Delivery) -> [Value; 8] {
    assert_is_new(delivery);
    [
        delivery.account_id.as_str().into(),
        delivery.delivery_id.as_uuid().into(),
        delivery.event_id.as_uuid().into(),
        delivery.event_type.as_str().into(),
        delivery.endpoint_id.as_uuid().into(),
        delivery.next_attempt_time.map(Timestamp::as_unix_nanos).into(),
        delivery.create_time.as_unix_nanos().into(),
        delivery.update_time.as_unix_nanos().into(),
    ]
}

fn assert_is_new(delivery: &Delivery) {
    let is_new = delivery.revision == 1
        && delivery.state == DeliveryState::Pending
        && delivery.state_reason.is_empty()
        && delivery.attempt_count == 0;
    assert!(is_new, "a delivery is made pending, without attempts");
}

/// The log row of the change that made a delivery what it is.
pub fn change(delivery: &Delivery, previous_state: DeliveryState) -> [Value; 14] {
    change_with(delivery, previous_state, None)
}

/// The log row of what an attempt made of a delivery.
pub fn attempt_change(verdict: &Verdict) -> [Value; 14] {
    let bucket = LatencyBucket::of(verdict.attempt.exchange.timing.total).number();
    let bucket = i16::try_from(bucket).expect("there are less than 1,000");
    change_with(&verdict.delivery, verdict.previous_state, Some(bucket))
}

fn change_with(
    delivery: &Delivery,
    previous_state: DeliveryState,
    latency_bucket: Option<i16>,
) -> [Value; 14] {
    [
        delivery.account_id.as_str().into(),
        delivery.delivery_id.as_uuid().into(),
        delivery.event_id.as_uuid().into(),
        delivery.event_type.as_str().into(),
        delivery.endpoint_id.as_uuid().into(),
        stored_count(delivery.revision).into(),
        delivery_state_number(previous_state).into(),
        delivery_state_number(delivery.state).into(),
        delivery.state_reason.as_str().into(),
        stored_count(delivery.attempt_count).into(),
        delivery.next_attempt_time.map(Timestamp::as_unix_nanos).into(),
        delivery.create_time.as_unix_nanos().into(),
        latency_bucket.into(),
        delivery.update_time.as_unix_nanos().into(),
    ]
}

/// The row of an attempt.
pub fn attempt(delivery_id: DeliveryId, attempt: &Attempt) -> [Value; 17] {
    let Exchange { outcome, error_message, remote_address, response, timing } = &attempt.exchange;
    let response = response.as_ref();
    let status = response.map_or(0, |response| response.status);
    let headers = response.map_or(&[][..], |response| &response.headers);
    let headers: Vec<_> = headers.iter().map(|header| (&header.name, &header.value)).collect();
    [
        delivery_id.as_uuid().into(),
        stored_count(attempt.number).into(),
        attempt.attempt_id.as_uuid().into(),
        trigger_number(attempt.trigger).into(),
        outcome_number(*outcome).into(),
        i16::try_from(status).unwrap_or(0).into(),
        error_message.as_deref().unwrap_or_default().into(),
        remote_address.as_deref().unwrap_or_default().into(),
        attempt.start_time.as_unix_nanos().into(),
        stored_micros(timing.total).into(),
        timing.dns.map(stored_micros).into(),
        timing.connect.map(stored_micros).into(),
        timing.tls.map(stored_micros).into(),
        timing.first_byte.map(stored_micros).into(),
        to_json(&headers).into(),
        response.map_or_else(Vec::new, |response| response.body.clone()).into(),
        response.is_some_and(|response| response.body_truncated).into(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_for_pending_is_its_number() {
        assert_eq!(PENDING, delivery_state_number(DeliveryState::Pending).to_string());
    }
}
