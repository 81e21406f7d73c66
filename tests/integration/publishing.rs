//! What publishing offers beside the plain call: types that an operator adds, and asking what would
//! come of a publish.

mod custom_types;
mod validation;

use bookora_webhooks::domain::event::EventType;
use bookora_webhooks::proto::publish_event_result::Result as ResultMessage;
use bookora_webhooks::proto::{PublishEventRequest, PublishEventResponse, PublishEventResult};
use prost::Message;
use tonic::{Code, Status};

use crate::caller::ACCOUNT;
use crate::deliveries::sample;
use crate::refusal::Refusal;

/// What a result of several says was published.
fn published(result: PublishEventResult) -> PublishEventResponse {
    match result.result {
        Some(ResultMessage::Published(published)) => published,
        other => panic!("{other:?}"),
    }
}

/// Why a result of several is an error.
fn refused(result: PublishEventResult) -> Refusal {
    let Some(ResultMessage::Error(error)) = result.result else { panic!("{result:?}") };
    let details = error.encode_to_vec().into();
    Refusal::read(&Status::with_details(Code::from(error.code), error.message, details))
}

/// A publish with a key of its own, that happened so many seconds after 2026-06-10T10:30:00Z.
fn numbered(number: usize) -> PublishEventRequest {
    let seconds = 1_781_087_400 + i64::try_from(number).unwrap();
    PublishEventRequest {
        idempotency_key: format!("event {number}"),
        create_time: Some(prost_types::Timestamp { seconds, nanos: 0 }),
        ..sample(ACCOUNT, EventType::BookingCreated)
    }
}
