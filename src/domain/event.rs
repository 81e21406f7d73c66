//! The types of events that are built in, and an event on its way into the store.

use std::fmt;
use std::str::FromStr;

use bytes::Bytes;

use super::account::AccountId;
use super::clock::Timestamp;
use super::id::{EventId, TestEventId};
use super::trace_parent::TraceParent;
use super::type_name::TypeName;

/// A type of event that is built in: its fields are the contract's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EventType {
    /// `booking.cancelled`
    BookingCancelled,
    /// `booking.created`
    BookingCreated,
    /// `booking.rescheduled`
    BookingRescheduled,
    /// `customer.created`
    CustomerCreated,
    /// `lead.qualified`
    LeadQualified,
    /// `no_show.detected`
    NoShowDetected,
    /// `review.created`
    ReviewCreated,
    /// `workflow.triggered`
    WorkflowTriggered,
}

impl EventType {
    /// Every type, sorted by name.
    pub const ALL: [Self; 8] = [
        Self::BookingCancelled,
        Self::BookingCreated,
        Self::BookingRescheduled,
        Self::CustomerCreated,
        Self::LeadQualified,
        Self::NoShowDetected,
        Self::ReviewCreated,
        Self::WorkflowTriggered,
    ];

    /// The name in payloads, headers and subscriptions.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::BookingCancelled => "booking.cancelled",
            Self::BookingCreated => "booking.created",
            Self::BookingRescheduled => "booking.rescheduled",
            Self::CustomerCreated => "customer.created",
            Self::LeadQualified => "lead.qualified",
            Self::NoShowDetected => "no_show.detected",
            Self::ReviewCreated => "review.created",
            Self::WorkflowTriggered => "workflow.triggered",
        }
    }

    /// When such an event is published, in one sentence.
    #[must_use]
    pub const fn description(self) -> &'static str {
        match self {
            Self::BookingCancelled => "A booking was called off, by the customer or the business.",
            Self::BookingCreated => "A booking was made.",
            Self::BookingRescheduled => "A booking was moved to another time.",
            Self::CustomerCreated => "A customer was added.",
            Self::LeadQualified => "A lead's score reached the threshold.",
            Self::NoShowDetected => "A customer did not come to an appointment.",
            Self::ReviewCreated => "A customer wrote a review.",
            Self::WorkflowTriggered => "An automation of the account started.",
        }
    }
}

impl fmt::Display for EventType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// No event type has this name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be an event type, such as booking.created; ListEventTypes lists them")]
pub struct UnknownEventType;

impl FromStr for EventType {
    type Err = UnknownEventType;

    fn from_str(name: &str) -> Result<Self, UnknownEventType> {
        Self::ALL.into_iter().find(|event_type| event_type.name() == name).ok_or(UnknownEventType)
    }
}

/// A sample that is sent to test an endpoint; it is never stored.
#[derive(Clone, Debug)]
pub struct TestEvent {
    /// Its id.
    pub event_id: TestEventId,
    /// Its type.
    pub event_type: TypeName,
    /// The exact body.
    pub payload: Bytes,
    /// The trace of the call that asks for the test.
    pub trace_parent: TraceParent,
}

/// The caller's name for a publish: 1-256 printable ASCII characters. The same key in the same
/// account means the same event.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IdempotencyKey(String);

/// Longest idempotency key, in bytes: room for a path-like name, and an index row stays small.
const IDEMPOTENCY_KEY_BYTES_MAX: usize = 256;

/// The text is no idempotency key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be 1-256 printable ASCII characters")]
pub struct InvalidIdempotencyKey;

impl IdempotencyKey {
    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for IdempotencyKey {
    type Err = InvalidIdempotencyKey;

    fn from_str(text: &str) -> Result<Self, InvalidIdempotencyKey> {
        let length_fits = (1..=IDEMPOTENCY_KEY_BYTES_MAX).contains(&text.len());
        if length_fits && text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidIdempotencyKey)
        }
    }
}

/// An event as it is published: checked and rendered, not yet stored.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// The id it will have unless its idempotency key was used before.
    pub event_id: EventId,
    /// The account in which it happened.
    pub account_id: AccountId,
    /// Its type.
    pub event_type: TypeName,
    /// The caller's name for this publish.
    pub idempotency_key: Option<IdempotencyKey>,
    /// When it happened.
    pub create_time: Timestamp,
    /// Whether the caller said so, or it was set to now.
    pub create_time_given: bool,
    /// The exact body of its requests.
    pub payload: Bytes,
    /// The trace that it belongs to.
    pub trace_parent: TraceParent,
    /// Whether it is only asked what would come of it: nothing is stored.
    pub validate_only: bool,
}

/// An event as it is stored.
#[derive(Clone, Debug)]
pub struct Event {
    /// Its id.
    pub event_id: EventId,
    /// The account in which it happened.
    pub account_id: AccountId,
    /// Its type's name.
    pub event_type: String,
    /// The caller's name for its publish.
    pub idempotency_key: Option<String>,
    /// When it happened.
    pub create_time: Timestamp,
    /// When it was stored.
    pub publish_time: Timestamp,
    /// How many endpoints were subscribed then.
    pub delivery_count: u32,
    /// The exact body of its requests.
    pub payload: Bytes,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_types_are_listed_by_name_and_read_back() {
        assert!(EventType::ALL.is_sorted_by_key(|event_type| event_type.name()));
        for event_type in EventType::ALL {
            assert_eq!(event_type.name().parse(), Ok(event_type));
        }
        assert_eq!("booking.deleted".parse::<EventType>(), Err(UnknownEventType));
    }

    #[test]
    fn an_idempotency_key_is_printable_ascii_of_bounded_length() {
        assert!("order 17/created".parse::<IdempotencyKey>().is_ok());
        for text in ["", "line\nbreak", "schlüssel", &"k".repeat(257)] {
            assert!(text.parse::<IdempotencyKey>().is_err(), "{text}");
        }
    }
}
