//! The body of every request that carries an event, rendered once, at publish:
//! `{"event":…,"id":…,"created_at":…,"data":{…}}`, compact, keys in this order.
//!
//! How strings and numbers are written is [`super::json`]'s; which keys an event type has is the
//! contract's (`grpc`).

use std::fmt::Display;

use bytes::Bytes;

use super::clock::Timestamp;
use super::json::{self, NotFinite, Value, ValueError};
use super::type_name::TypeName;

/// Largest body, in bytes. Receivers limit bodies too: Express takes 100 KiB by default, Fastify
/// 1 MiB.
pub const PAYLOAD_BYTES_MAX: usize = 256 * 1024;

/// Bytes of a body around its data, at most: the four keys, an event type, an id and a time.
const FRAME_BYTES: usize = 192;

/// The event's `data`, as JSON text, being written key by key.
///
/// Keys are the contract's field names: none needs escaping, none is a number.
#[derive(Debug)]
pub struct DataWriter {
    text: String,
}

impl DataWriter {
    /// An empty object.
    #[must_use]
    pub fn new() -> Self {
        Self { text: String::from("{") }
    }

    /// Adds a string.
    #[must_use]
    pub fn string(mut self, key: &'static str, value: &str) -> Self {
        self.key(key);
        json::write_string(&mut self.text, value);
        self
    }

    /// Adds a string where there is one; the key is absent otherwise.
    #[must_use]
    pub fn optional_string(self, key: &'static str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.string(key, value),
            None => self,
        }
    }

    /// Adds a time in RFC 3339.
    #[must_use]
    pub fn time(self, key: &'static str, value: &prost_types::Timestamp) -> Self {
        self.string(key, &value.to_string())
    }

    /// Adds a number.
    ///
    /// # Errors
    /// [`NotFinite`] for NaN and the infinities, which JSON has no form for.
    pub fn number(mut self, key: &'static str, value: f64) -> Result<Self, NotFinite> {
        self.key(key);
        json::write_number(&mut self.text, value)?;
        Ok(self)
    }

    /// Adds a whole number.
    #[must_use]
    pub fn integer(mut self, key: &'static str, value: i32) -> Self {
        self.key(key);
        json::write_integer(&mut self.text, value);
        self
    }

    /// Closes the object.
    #[must_use]
    pub fn finish(mut self) -> Data {
        self.text.push('}');
        Data(self.text)
    }

    fn key(&mut self, key: &'static str) {
        if self.text.len() > 1 {
            self.text.push(',');
        }
        json::write_string(&mut self.text, key);
        self.text.push(':');
    }
}

impl Default for DataWriter {
    fn default() -> Self {
        Self::new()
    }
}

/// The event's `data` as JSON text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Data(String);

impl Data {
    /// The data that a value is, an object. Its keys are written in the order of [`json`].
    ///
    /// # Errors
    /// [`ValueError`] names the first part of it that cannot be written.
    pub fn from_value(value: &Value) -> Result<Self, ValueError> {
        assert!(matches!(value, Value::Object(_)), "data is an object");
        let mut text = String::new();
        json::write_value(&mut text, value)?;
        Ok(Self(text))
    }

    /// Length in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.0.len()
    }
}

/// The body is longer than any may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("makes the payload too long: {bytes} bytes, at most {PAYLOAD_BYTES_MAX}")]
pub struct PayloadTooLong {
    /// What it would have, in bytes.
    pub bytes: usize,
}

/// The body for an event; its id is written as it is shown.
///
/// # Errors
/// [`PayloadTooLong`] above [`PAYLOAD_BYTES_MAX`].
pub fn render(
    event_type: &TypeName,
    id: impl Display,
    create_time: Timestamp,
    data: &Data,
) -> Result<Bytes, PayloadTooLong> {
    let mut body = String::with_capacity(FRAME_BYTES + data.bytes());
    body.push_str("{\"event\":");
    json::write_string(&mut body, event_type.as_str());
    body.push_str(",\"id\":");
    json::write_string(&mut body, &id.to_string());
    body.push_str(",\"created_at\":");
    json::write_string(&mut body, &create_time.to_string());
    body.push_str(DATA_KEY);
    body.push_str(&data.0);
    body.push('}');
    if body.len() > PAYLOAD_BYTES_MAX {
        return Err(PayloadTooLong { bytes: body.len() });
    }
    Ok(body.into())
}

const DATA_KEY: &str = ",\"data\":";

/// The part of a rendered body that says what happened: from its `data` on. Two publishes with
/// one idempotency key must agree in it.
#[must_use]
pub fn data_of(body: &[u8]) -> &[u8] {
    // Before `data` come a type's name, an id and a time, none of which can hold these bytes.
    let at = body.windows(DATA_KEY.len()).position(|window| window == DATA_KEY.as_bytes());
    at.map_or(body, |at| &body[at..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::event::EventType;
    use crate::domain::id::EventId;

    #[test]
    fn a_body_is_compact_and_keeps_the_order_of_keys() {
        let data = DataWriter::new()
            .string("booking_id", "bkg_1")
            .optional_string("reason", None)
            .optional_string("comment", Some("say \"hi\"\n"))
            .time("start_time", &Timestamp::UNIX_EPOCH.into())
            .number("price", 150.0)
            .unwrap()
            .integer("rating", 5)
            .finish();
        let id = EventId::from_uuid(uuid::Uuid::nil());
        let body =
            render(&EventType::BookingCreated.into(), id, Timestamp::UNIX_EPOCH, &data).unwrap();
        assert_eq!(
            std::str::from_utf8(&body).unwrap(),
            "{\"event\":\"booking.created\",\"id\":\"evt_00000000000000000000000000\",\
             \"created_at\":\"1970-01-01T00:00:00Z\",\"data\":{\"booking_id\":\"bkg_1\",\
             \"comment\":\"say \\\"hi\\\"\\n\",\"start_time\":\"1970-01-01T00:00:00Z\",\
             \"price\":150,\"rating\":5}}"
        );
    }

    #[test]
    fn the_data_of_two_events_compares_without_their_ids_and_times() {
        let data = DataWriter::new().string("a", ",\"data\":").finish();
        let [first, second] = [(1, 10), (2, 20)].map(|(id, at)| {
            let id = EventId::from_uuid(uuid::Uuid::from_u128(id));
            let event_type = EventType::ReviewCreated.into();
            render(&event_type, id, Timestamp::from_unix_millis(at), &data).unwrap()
        });
        assert_ne!(first, second);
        assert_eq!(data_of(&first), data_of(&second));
        assert_eq!(data_of(&first), b",\"data\":{\"a\":\",\\\"data\\\":\"}}");
    }

    #[test]
    fn numbers_that_json_has_no_form_for_are_refused() {
        assert!(DataWriter::new().number("price", f64::NAN).is_err());
        assert!(DataWriter::new().number("price", f64::INFINITY).is_err());
    }

    #[test]
    fn the_frame_of_a_body_fits_where_room_is_kept_for_it() {
        let longest = format!("a.{}", "b".repeat(62)).parse().unwrap();
        let id = EventId::from_uuid(uuid::Uuid::max());
        let empty = DataWriter::new().finish();
        let body = render(&longest, id, Timestamp::from_unix_nanos(1), &empty).unwrap();
        assert!(body.len() <= FRAME_BYTES + empty.bytes(), "{}", body.len());
    }

    #[test]
    fn a_body_may_be_as_long_as_the_limit_and_not_a_byte_longer() {
        let event_type = EventType::ReviewCreated.into();
        let id = EventId::from_uuid(uuid::Uuid::nil());
        let of = |bytes: usize| {
            let data = DataWriter::new().string("a", &"x".repeat(bytes)).finish();
            render(&event_type, id, Timestamp::UNIX_EPOCH, &data)
        };
        let frame = of(0).unwrap().len();
        assert_eq!(of(PAYLOAD_BYTES_MAX - frame).unwrap().len(), PAYLOAD_BYTES_MAX);
        let bytes = PAYLOAD_BYTES_MAX + 1;
        assert_eq!(of(bytes - frame), Err(PayloadTooLong { bytes }));
    }
}
