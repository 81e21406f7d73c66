//! An event, as its webhook tells it.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::data::EventData;
use super::fields::{Fields, MalformedBody};

/// Something that happened in Bookora.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Event {
    /// The event's id, `evt_…`: the same on every attempt and for each endpoint. Remember it, and
    /// ignore a second request with the same one.
    pub id: String,
    /// The type's name, such as `booking.created`.
    pub event_type: String,
    /// When it happened, to the nanosecond.
    pub created_at: DateTime<Utc>,
    /// What happened, typed for the types that this version knows.
    pub data: EventData,
    /// The whole body, with the fields that this version does not know.
    pub json: Map<String, Value>,
}

/// Reads a body without verifying it: for what was verified before it was stored.
///
/// Fields that are not known are ignored, and a type that is not known has its data as JSON.
///
/// # Errors
/// Where the body is not an event; a field that is missing, or not of its type, is named.
pub fn parse(body: &[u8]) -> Result<Event, MalformedBody> {
    let value = serde_json::from_slice(body)
        .map_err(|error| MalformedBody::new("", format!("it is not JSON: {error}")))?;
    let Value::Object(json) = value else {
        return Err(MalformedBody::new("", "it is not a JSON object"));
    };
    let fields = Fields { prefix: "", object: &json };
    let event_type = fields.text("event")?;
    let id = fields.text("id")?;
    let created_at = fields.time("created_at")?;
    let data = EventData::read(&event_type, fields.object("data")?)?;
    Ok(Event { id, event_type, created_at, data, json })
}
