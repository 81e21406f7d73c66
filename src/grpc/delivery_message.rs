//! Deliveries, attempts and events as the contract's messages.

use std::time::Duration;

use crate::domain::attempt::{Attempt, Outcome, Trigger};
use crate::domain::delivery::{Delivery, DeliveryState};
use crate::domain::event::Event;
use crate::proto;
use crate::proto::attempt::{Header, Outcome as OutcomeMessage, Trigger as TriggerMessage};
use crate::proto::delivery::State;
use crate::store::changes::Change;
use crate::store::deliveries::ShownDelivery;

/// A delivery in the BASIC view.
#[must_use]
pub fn delivery(delivery: &Delivery, last_attempt: Option<&Attempt>) -> proto::Delivery {
    proto::Delivery {
        delivery_id: delivery.delivery_id.to_string(),
        account_id: delivery.account_id.to_string(),
        event_id: delivery.event_id.to_string(),
        event_type: delivery.event_type.clone(),
        endpoint_id: delivery.endpoint_id.to_string(),
        state: state(delivery.state).into(),
        state_reason: delivery.state_reason.clone(),
        revision: count(delivery.revision),
        attempt_count: count(delivery.attempt_count),
        next_attempt_time: delivery.next_attempt_time.map(Into::into),
        last_attempt: last_attempt.map(attempt),
        create_time: Some(delivery.create_time.into()),
        update_time: Some(delivery.update_time.into()),
        payload: String::new(),
    }
}

/// A delivery that was read, in the BASIC view.
#[must_use]
pub fn shown(shown: &ShownDelivery) -> proto::Delivery {
    delivery(&shown.delivery, shown.last_attempt.as_ref())
}

/// A change of a delivery.
#[must_use]
pub fn update(change: &Change) -> proto::DeliveryUpdate {
    let previous_state = change.previous_state.map_or(State::Unspecified, state);
    proto::DeliveryUpdate {
        delivery: Some(delivery(&change.delivery, change.last_attempt.as_ref())),
        previous_state: previous_state.into(),
        commit_time: Some(change.delivery.update_time.into()),
    }
}

/// A state of a delivery.
#[must_use]
pub fn state(state: DeliveryState) -> State {
    match state {
        DeliveryState::Pending => State::Pending,
        DeliveryState::Retrying => State::Retrying,
        DeliveryState::Succeeded => State::Succeeded,
        DeliveryState::Failed => State::Failed,
        DeliveryState::Cancelled => State::Cancelled,
    }
}

/// The state that a filter names; `None` for unspecified.
#[must_use]
pub fn state_of(message: State) -> Option<DeliveryState> {
    match message {
        State::Unspecified => None,
        State::Pending => Some(DeliveryState::Pending),
        State::Retrying => Some(DeliveryState::Retrying),
        State::Succeeded => Some(DeliveryState::Succeeded),
        State::Failed => Some(DeliveryState::Failed),
        State::Cancelled => Some(DeliveryState::Cancelled),
    }
}

/// An attempt, with headers and body of its response where they were read.
#[must_use]
pub fn attempt(attempt: &Attempt) -> proto::Attempt {
    let exchange = &attempt.exchange;
    let response = exchange.response.as_ref();
    let headers = response.map_or(&[][..], |response| &response.headers);
    proto::Attempt {
        attempt_id: attempt.attempt_id.to_string(),
        number: count(attempt.number),
        outcome: outcome(exchange.outcome).into(),
        http_status: response.map_or(0, |response| i32::from(response.status)),
        error_message: exchange.error_message.clone().unwrap_or_default(),
        remote_address: exchange.remote_address.clone().unwrap_or_default(),
        start_time: Some(attempt.start_time.into()),
        latency: Some(duration(exchange.timing.total)),
        dns_latency: exchange.timing.dns.map(duration),
        connect_latency: exchange.timing.connect.map(duration),
        tls_latency: exchange.timing.tls.map(duration),
        first_byte_latency: exchange.timing.first_byte.map(duration),
        response_headers: headers
            .iter()
            .map(|header| Header { name: header.name.clone(), value: header.value.clone() })
            .collect(),
        response_body: response.map(|response| response.body.clone()).unwrap_or_default(),
        response_body_truncated: response.is_some_and(|response| response.body_truncated),
        trigger: trigger(attempt.trigger).into(),
    }
}

/// An event with its payload.
#[must_use]
pub fn event(event: &Event) -> proto::Event {
    proto::Event {
        event_id: event.event_id.to_string(),
        account_id: event.account_id.to_string(),
        event_type: event.event_type.clone(),
        idempotency_key: event.idempotency_key.clone().unwrap_or_default(),
        create_time: Some(event.create_time.into()),
        publish_time: Some(event.publish_time.into()),
        delivery_count: count(event.delivery_count),
        payload: payload(event),
    }
}

/// An event's body as text.
#[must_use]
pub fn payload(event: &Event) -> String {
    // Bodies are rendered as UTF-8; this only spares a check of what the disk gave back.
    String::from_utf8_lossy(&event.payload).into_owned()
}

fn outcome(outcome: Outcome) -> OutcomeMessage {
    match outcome {
        Outcome::Succeeded => OutcomeMessage::Succeeded,
        Outcome::HttpStatus => OutcomeMessage::HttpStatus,
        Outcome::Timeout => OutcomeMessage::Timeout,
        Outcome::Dns => OutcomeMessage::Dns,
        Outcome::Connect => OutcomeMessage::Connect,
        Outcome::Tls => OutcomeMessage::Tls,
        Outcome::Protocol => OutcomeMessage::Protocol,
        Outcome::Blocked => OutcomeMessage::Blocked,
    }
}

fn trigger(trigger: Trigger) -> TriggerMessage {
    match trigger {
        Trigger::Schedule => TriggerMessage::Schedule,
        Trigger::Manual => TriggerMessage::Manual,
        Trigger::Test => TriggerMessage::Test,
    }
}

fn count(count: u32) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

/// A duration.
#[must_use]
pub fn duration(duration: Duration) -> prost_types::Duration {
    duration.try_into().unwrap_or_default()
}
