//! Fields of a JSON object, read as what they have to be.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

/// The body is not an event.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the body is not an event of Bookora: {}{}", self.subject(), problem)]
pub struct MalformedBody {
    field: String,
    problem: String,
}

impl MalformedBody {
    pub(super) fn new(field: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { field: field.into(), problem: problem.into() }
    }

    fn subject(&self) -> String {
        if self.field.is_empty() { String::new() } else { format!("{} ", self.field) }
    }

    /// `MALFORMED_BODY`, as the other languages' SDKs call it.
    #[must_use]
    pub fn code(&self) -> &'static str {
        "MALFORMED_BODY"
    }

    /// The path of the field that is missing or of another type, such as `data.price`; empty where
    /// the body as a whole is no JSON object.
    #[must_use]
    pub fn field(&self) -> &str {
        &self.field
    }
}

/// An object, and where in the body it is.
pub struct Fields<'a> {
    /// Its path with a dot behind it, or empty.
    pub prefix: &'static str,
    pub object: &'a Map<String, Value>,
}

impl<'a> Fields<'a> {
    pub fn text(&self, name: &str) -> Result<String, MalformedBody> {
        self.required(name, "a text", |value| Some(value.as_str()?.to_owned()))
    }

    /// `None` where it is absent.
    pub fn optional_text(&self, name: &str) -> Result<Option<String>, MalformedBody> {
        if self.object.contains_key(name) { self.text(name).map(Some) } else { Ok(None) }
    }

    pub fn number(&self, name: &str) -> Result<f64, MalformedBody> {
        self.required(name, "a number", Value::as_f64)
    }

    pub fn integer(&self, name: &str) -> Result<i32, MalformedBody> {
        let integer = |value: &Value| value.as_i64()?.try_into().ok();
        self.required(name, "an integer of 32 bits", integer)
    }

    /// RFC 3339.
    pub fn time(&self, name: &str) -> Result<DateTime<Utc>, MalformedBody> {
        let time =
            |value: &Value| Some(DateTime::parse_from_rfc3339(value.as_str()?).ok()?.to_utc());
        self.required(name, "a time (RFC 3339)", time)
    }

    pub fn object(&self, name: &str) -> Result<&'a Map<String, Value>, MalformedBody> {
        self.required(name, "an object", Value::as_object)
    }

    fn required<T>(
        &self,
        name: &str,
        what: &str,
        read: impl FnOnce(&'a Value) -> Option<T>,
    ) -> Result<T, MalformedBody> {
        let path = || format!("{}{name}", self.prefix);
        match self.object.get(name) {
            None => Err(MalformedBody::new(path(), "is missing")),
            Some(value) => {
                read(value).ok_or_else(|| MalformedBody::new(path(), format!("is not {what}")))
            }
        }
    }
}
