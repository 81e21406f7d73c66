//! One sample event of each type: the examples of ListEventTypes, what TestEndpoint sends, and what
//! the demo publishes.

use std::fmt::Display;

use bytes::Bytes;

use super::event_data;
use super::violations::Violations;
use crate::domain::clock::Timestamp;
use crate::domain::event::EventType;
use crate::domain::id::EventId;
use crate::domain::payload::{self, Data, DataWriter};
use crate::domain::type_name::{CustomTypes, TypeName};
use crate::proto::publish_event_request::Data as Message;
use crate::proto::{
    BookingCancelled, BookingCreated, BookingRescheduled, CustomerCreated, LeadQualified,
    NoShowDetected, ReviewCreated, WorkflowTriggered,
};

/// 2026-06-10T10:30:00Z, when the samples happened.
const SAMPLE_SECONDS: i64 = 1_781_087_400;
/// Ten days later, 09:00: when the sample appointment starts.
const APPOINTMENT_SECONDS: i64 = 1_781_946_000;

/// A sample's data.
#[must_use]
pub fn data(event_type: EventType) -> Message {
    match event_type {
        EventType::BookingCancelled => Message::BookingCancelled(BookingCancelled {
            booking_id: booking_id(),
            customer_id: customer_id(),
            customer_name: customer_name(),
            service: service(),
            start_time: appointment(0),
            end_time: appointment(60),
            reason: Some("Flight was moved".to_owned()),
        }),
        EventType::BookingCreated => Message::BookingCreated(BookingCreated {
            booking_id: booking_id(),
            customer_id: customer_id(),
            customer_name: customer_name(),
            service: service(),
            start_time: appointment(0),
            end_time: appointment(60),
            price: 150.0,
        }),
        EventType::BookingRescheduled => Message::BookingRescheduled(BookingRescheduled {
            booking_id: booking_id(),
            customer_id: customer_id(),
            customer_name: customer_name(),
            service: service(),
            previous_start_time: appointment(0),
            previous_end_time: appointment(60),
            start_time: appointment(120),
            end_time: appointment(180),
        }),
        EventType::CustomerCreated => Message::CustomerCreated(CustomerCreated {
            customer_id: customer_id(),
            customer_name: customer_name(),
            email: Some("zoe@example.com".to_owned()),
            phone: Some("+49 30 5550 1234".to_owned()),
        }),
        EventType::LeadQualified => Message::LeadQualified(LeadQualified {
            lead_id: "lead_58".to_owned(),
            lead_name: "Café Österreicher".to_owned(),
            score: 87.5,
            threshold: 80.0,
            customer_id: None,
        }),
        EventType::NoShowDetected => Message::NoShowDetected(NoShowDetected {
            booking_id: booking_id(),
            customer_id: customer_id(),
            customer_name: customer_name(),
            service: service(),
            start_time: appointment(0),
            end_time: appointment(60),
        }),
        EventType::ReviewCreated => Message::ReviewCreated(ReviewCreated {
            review_id: "rev_9".to_owned(),
            customer_id: customer_id(),
            customer_name: customer_name(),
            rating: 5,
            booking_id: Some(booking_id()),
            comment: Some("\"Best massage in town\" 💆".to_owned()),
        }),
        EventType::WorkflowTriggered => Message::WorkflowTriggered(WorkflowTriggered {
            workflow_id: "wf_7".to_owned(),
            workflow_name: "Remind a day before".to_owned(),
            trigger: "booking.created".to_owned(),
            customer_id: Some(customer_id()),
            booking_id: Some(booking_id()),
        }),
    }
}

/// A whole body, exactly as it would be sent.
///
/// # Panics
/// Where a sample breaks the rules of its own type; a test shows that none does.
#[must_use]
pub fn body(event_type: &TypeName) -> String {
    let happened = Timestamp::from_unix_millis(SAMPLE_SECONDS * 1_000);
    let number = match event_type {
        TypeName::BuiltIn(event_type) => *event_type as usize,
        TypeName::Custom(_) => EventType::ALL.len(),
    };
    let event_id = EventId::from_uuid(uuid::Uuid::from_u128(
        0x019e_b0e5_e4c0_7d2a_8f11_2b6c_9d4e_5f60 + number as u128,
    ));
    let body = body_of(event_type, event_id, happened);
    String::from_utf8(body.into()).expect("bodies are UTF-8")
}

/// The body of a sample with this id, as if it happened at `create_time`. Of a custom type it has
/// an empty `data`: what it is to hold only its publisher knows.
///
/// # Panics
/// As [`body`].
#[must_use]
pub fn body_of(event_type: &TypeName, event_id: impl Display, create_time: Timestamp) -> Bytes {
    let data = match event_type {
        TypeName::BuiltIn(event_type) => data_of(*event_type),
        TypeName::Custom(_) => DataWriter::new().finish(),
    };
    payload::render(event_type, event_id, create_time, &data).expect("samples are short")
}

fn data_of(event_type: EventType) -> Data {
    let mut violations = Violations::new();
    let read = event_data::read(&mut violations, &data(event_type), &CustomTypes::default());
    let (name, data) = violations.finish(read).expect("samples follow the rules");
    assert_eq!(name, event_type.into(), "a sample is of its type");
    data
}

fn booking_id() -> String {
    "bkg_1042".to_owned()
}

fn customer_id() -> String {
    "cus_311".to_owned()
}

fn customer_name() -> String {
    "Zoë Baker".to_owned()
}

fn service() -> String {
    "Deep tissue massage".to_owned()
}

#[expect(clippy::unnecessary_wraps, reason = "the fields are optional in the generated code")]
fn appointment(minutes: i64) -> Option<prost_types::Timestamp> {
    Some(prost_types::Timestamp { seconds: APPOINTMENT_SECONDS + 60 * minutes, nanos: 0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sample_follows_the_rules_and_is_of_its_type() {
        for event_type in EventType::ALL {
            let begin = format!("{{\"event\":\"{event_type}\",\"id\":\"evt_01ktrebs60fmn8y49bdje");
            let body = body(&event_type.into());
            assert!(
                body.starts_with("{\"event\":\"") && body.contains(event_type.name()),
                "{begin} {body}"
            );
            let parsed: serde_json::Value = serde_json::from_str(&body).unwrap();
            assert_eq!(parsed["event"], event_type.name());
            assert_eq!(parsed["created_at"], "2026-06-10T10:30:00Z");
        }
    }

    #[test]
    fn a_price_of_150_00_is_sent_as_150() {
        assert!(body(&EventType::BookingCreated.into()).contains("\"price\":150}"));
    }
}
