//! Rows to domain and back: the one place that knows which number stands for which state.

use std::time::Duration;

use sea_orm::ActiveValue::{NotSet, Set};

use super::entity::{
    attempts, deliveries, delivery_changes, endpoint_secrets, endpoints, events, recoveries,
};
use super::error::StoreError;
use super::keyring::Keyring;
use super::sealing;
use crate::domain::account::AccountId;
use crate::domain::attempt::{
    Attempt, Exchange, Outcome, Response, ResponseHeader, Timing, Trigger,
};
use crate::domain::clock::Timestamp;
use crate::domain::delivery::{Delivery, DeliveryState, ScheduleStart};
use crate::domain::endpoint::{Endpoint, EndpointConfig, EndpointLimits, EndpointState};
use crate::domain::endpoint_url::EndpointUrl;
use crate::domain::event::Event;
use crate::domain::header::EndpointHeaders;
use crate::domain::id::{AttemptId, DeliveryId, EndpointId, EventId, RecoveryId};
use crate::domain::recovery::{Recovery, RecoveryKinds};
use crate::domain::retry::RetrySchedule;
use crate::domain::subscription::Subscription;

/// Pairs of a value and the number that it is stored as.
const DELIVERY_STATES: [(DeliveryState, i16); 5] = [
    (DeliveryState::Pending, 1),
    (DeliveryState::Retrying, 2),
    (DeliveryState::Succeeded, 3),
    (DeliveryState::Failed, 4),
    (DeliveryState::Cancelled, 5),
];
const ENDPOINT_STATES: [(EndpointState, i16); 3] =
    [(EndpointState::Active, 1), (EndpointState::Disabled, 2), (EndpointState::Suspended, 3)];
const OUTCOMES: [(Outcome, i16); 8] = [
    (Outcome::Succeeded, 1),
    (Outcome::HttpStatus, 2),
    (Outcome::Timeout, 3),
    (Outcome::Dns, 4),
    (Outcome::Connect, 5),
    (Outcome::Tls, 6),
    (Outcome::Protocol, 7),
    (Outcome::Blocked, 8),
];
const TRIGGERS: [(Trigger, i16); 3] =
    [(Trigger::Schedule, 1), (Trigger::Manual, 2), (Trigger::Test, 3)];

/// The stored number of a delivery's state.
pub fn delivery_state_number(state: DeliveryState) -> i16 {
    number(&DELIVERY_STATES, state)
}

/// The state of a delivery that a number stands for.
pub fn delivery_state(stored: i16) -> Result<DeliveryState, StoreError> {
    value(&DELIVERY_STATES, stored)
}

/// The stored number of an endpoint's state.
pub fn endpoint_state_number(state: EndpointState) -> i16 {
    number(&ENDPOINT_STATES, state)
}

/// The state of an endpoint that a number stands for.
pub fn endpoint_state(stored: i16) -> Result<EndpointState, StoreError> {
    value(&ENDPOINT_STATES, stored)
}

/// The stored number of an outcome.
pub fn outcome_number(outcome: Outcome) -> i16 {
    number(&OUTCOMES, outcome)
}

/// The stored number of a trigger.
pub fn trigger_number(trigger: Trigger) -> i16 {
    number(&TRIGGERS, trigger)
}

/// A delivery from its row.
pub fn delivery(row: deliveries::Model) -> Result<Delivery, StoreError> {
    Ok(Delivery {
        delivery_id: DeliveryId::from_uuid(row.delivery_id),
        account_id: account(&row.account_id)?,
        event_id: EventId::from_uuid(row.event_id),
        event_type: row.event_type,
        endpoint_id: EndpointId::from_uuid(row.endpoint_id),
        state: value(&DELIVERY_STATES, row.state)?,
        state_reason: row.state_reason,
        revision: count(row.revision)?,
        attempt_count: count(row.attempt_count)?,
        next_attempt_time: row.next_attempt_time.map(Timestamp::from_unix_nanos),
        create_time: Timestamp::from_unix_nanos(row.create_time),
        update_time: Timestamp::from_unix_nanos(row.update_time),
    })
}

/// How the schedule began that a delivery's row is on.
pub fn schedule_start(row: &deliveries::Model) -> Result<ScheduleStart, StoreError> {
    Ok(ScheduleStart {
        attempts_before: count(row.attempts_before_schedule)?,
        trigger: value(&TRIGGERS, row.trigger)?,
    })
}

/// The delivery that a log row shows, and its state before.
pub fn changed_delivery(
    row: delivery_changes::Model,
) -> Result<(Delivery, Option<DeliveryState>), StoreError> {
    let previous_state = row.previous_state.map(|state| value(&DELIVERY_STATES, state));
    let delivery = Delivery {
        delivery_id: DeliveryId::from_uuid(row.delivery_id),
        account_id: account(&row.account_id)?,
        event_id: EventId::from_uuid(row.event_id),
        event_type: row.event_type,
        endpoint_id: EndpointId::from_uuid(row.endpoint_id),
        state: value(&DELIVERY_STATES, row.state)?,
        state_reason: row.state_reason,
        revision: count(row.revision)?,
        attempt_count: count(row.attempt_count)?,
        next_attempt_time: row.next_attempt_time.map(Timestamp::from_unix_nanos),
        create_time: Timestamp::from_unix_nanos(row.create_time),
        update_time: Timestamp::from_unix_nanos(row.commit_time),
    };
    Ok((delivery, previous_state.transpose()?))
}

/// What is asked of a recovery, from its row.
pub fn recovery(row: &recoveries::Model) -> Result<Recovery, StoreError> {
    Ok(Recovery {
        recovery_id: RecoveryId::from_uuid(row.recovery_id),
        account_id: account(&row.account_id)?,
        endpoint_id: EndpointId::from_uuid(row.endpoint_id),
        start_time: Timestamp::from_unix_nanos(row.start_time),
        end_time: Timestamp::from_unix_nanos(row.end_time),
        kinds: RecoveryKinds { failed: row.failed, cancelled: row.cancelled, missed: row.missed },
        create_time: Timestamp::from_unix_nanos(row.create_time),
    })
}

/// An event from its row.
pub fn event(row: events::Model) -> Result<Event, StoreError> {
    Ok(Event {
        event_id: EventId::from_uuid(row.event_id),
        account_id: account(&row.account_id)?,
        event_type: row.event_type,
        idempotency_key: row.idempotency_key,
        create_time: Timestamp::from_unix_nanos(row.create_time),
        publish_time: Timestamp::from_unix_nanos(row.publish_time),
        delivery_count: count(row.delivery_count)?,
        payload: row.payload.into(),
    })
}

/// An endpoint from its row and those of its secrets, which the keys open.
pub fn endpoint(
    row: endpoints::Model,
    secrets: &[endpoint_secrets::Model],
    keyring: &Keyring,
) -> Result<Endpoint, StoreError> {
    let (endpoint_id, account_id) =
        (EndpointId::from_uuid(row.endpoint_id), account(&row.account_id)?);
    let secrets = sealing::endpoint_secrets(&account_id, endpoint_id, secrets, keyring)?;
    let waits: Option<Vec<u64>> = row.retry_schedule.as_deref().map(from_json).transpose()?;
    let schedule = waits
        .map(|waits| RetrySchedule::new(waits.into_iter().map(Duration::from_millis).collect()));
    let headers: Vec<(String, String)> = from_json(&row.headers)?;
    let pairs = headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    Ok(Endpoint {
        endpoint_id,
        account_id,
        config: EndpointConfig {
            url: EndpointUrl::stored(&row.url).map_err(|error| corrupt("url", error))?,
            subscription: Subscription::stored(from_json(&row.event_types)?),
            description: row.description,
            headers: EndpointHeaders::parse(pairs)
                .map_err(|_| corrupt("headers", "not allowed"))?,
            retry_schedule: schedule
                .transpose()
                .map_err(|error| corrupt("retry_schedule", error))?,
            request_timeout: row
                .request_timeout_millis
                .map(|millis| count(millis).map(u64::from).map(Duration::from_millis))
                .transpose()?,
            limits: limits(row.max_in_flight, row.max_per_second)?,
        },
        state: value(&ENDPOINT_STATES, row.state)?,
        state_reason: row.state_reason,
        secrets,
        create_time: Timestamp::from_unix_nanos(row.create_time),
        update_time: Timestamp::from_unix_nanos(row.update_time),
        version: count(row.version)?,
    })
}

/// An endpoint's limits from its columns.
pub fn limits(
    max_in_flight: Option<i32>,
    max_per_second: Option<i32>,
) -> Result<EndpointLimits, StoreError> {
    Ok(EndpointLimits {
        in_flight_max: max_in_flight.map(count).transpose()?,
        per_second_max: max_per_second.map(count).transpose()?,
    })
}

/// The row of an endpoint, without the request that made it and without its streak of failure.
pub fn endpoint_row(endpoint: &Endpoint) -> endpoints::ActiveModel {
    let config = &endpoint.config;
    let waits = config.retry_schedule.as_ref().map(|schedule| {
        let millis: Vec<_> = schedule.waits().iter().map(Duration::as_millis).collect();
        to_json(&millis)
    });
    let headers: Vec<(&str, &str)> = config.headers.pairs().collect();
    endpoints::ActiveModel {
        endpoint_id: Set(endpoint.endpoint_id.as_uuid()),
        account_id: Set(endpoint.account_id.to_string()),
        url: Set(config.url.as_str().to_owned()),
        event_types: Set(to_json(&config.subscription.entries())),
        description: Set(config.description.clone()),
        headers: Set(to_json(&headers)),
        retry_schedule: Set(waits),
        request_timeout_millis: Set(config
            .request_timeout
            .map(|timeout| i32::try_from(timeout.as_millis()).unwrap_or(i32::MAX))),
        max_in_flight: Set(config.limits.in_flight_max.map(stored_count)),
        max_per_second: Set(config.limits.per_second_max.map(stored_count)),
        state: Set(endpoint_state_number(endpoint.state)),
        state_reason: Set(endpoint.state_reason.clone()),
        version: Set(stored_count(endpoint.version)),
        create_time: Set(endpoint.create_time.as_unix_nanos()),
        update_time: Set(endpoint.update_time.as_unix_nanos()),
        create_request_id: NotSet,
        create_request_digest: NotSet,
        failing_since: NotSet,
    }
}

/// An attempt from its row.
pub fn attempt(row: attempts::Model) -> Result<Attempt, StoreError> {
    let headers: Vec<(String, String)> = from_json(&row.response_headers)?;
    let headers = headers.into_iter().map(|(name, value)| ResponseHeader { name, value }).collect();
    let response = (row.http_status != 0).then(|| Response {
        status: row.http_status.unsigned_abs(),
        headers,
        body: row.response_body,
        body_truncated: row.response_body_truncated,
        retry_after: None,
    });
    Ok(Attempt {
        attempt_id: AttemptId::from_uuid(row.attempt_id),
        number: count(row.number)?,
        trigger: value(&TRIGGERS, row.trigger)?,
        start_time: Timestamp::from_unix_nanos(row.start_time),
        exchange: Exchange {
            outcome: value(&OUTCOMES, row.outcome)?,
            error_message: Some(row.error_message).filter(|message| !message.is_empty()),
            remote_address: Some(row.remote_address).filter(|address| !address.is_empty()),
            response,
            timing: Timing {
                total: micros(row.latency_micros),
                dns: row.dns_micros.map(micros),
                connect: row.connect_micros.map(micros),
                tls: row.tls_micros.map(micros),
                first_byte: row.first_byte_micros.map(micros),
            },
        },
    })
}

/// A count as it is stored.
pub fn stored_count(count: u32) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

/// JSON text for a column that is only ever read whole.
pub fn to_json<T: serde::Serialize + ?Sized>(value: &T) -> String {
    serde_json::to_string(value).expect("lists of text and numbers have a JSON form")
}

/// A failure to read what a column holds.
pub fn corrupt(column: &str, problem: impl std::fmt::Display) -> StoreError {
    StoreError::Corrupt(format!("{column}: {problem}"))
}

/// What [`to_json`] wrote.
pub fn from_json<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| corrupt("json", error))
}

fn account(text: &str) -> Result<AccountId, StoreError> {
    text.parse().map_err(|error| corrupt("account_id", error))
}

fn count(stored: i32) -> Result<u32, StoreError> {
    u32::try_from(stored).map_err(|error| corrupt("count", error))
}

fn micros(stored: i64) -> Duration {
    Duration::from_micros(stored.unsigned_abs())
}

/// A duration as it is stored.
pub fn stored_micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

fn number<T: PartialEq + Copy>(pairs: &[(T, i16)], wanted: T) -> i16 {
    let found = pairs.iter().find(|(value, _)| *value == wanted);
    found.expect("every value has a number").1
}

fn value<T: Copy>(pairs: &[(T, i16)], stored: i16) -> Result<T, StoreError> {
    let found = pairs.iter().find(|(_, number)| *number == stored);
    found.map(|(value, _)| *value).ok_or_else(|| corrupt("number", stored))
}
