//! Events of types that the operator has added: which type, and what data.

use std::fmt::Display;

use bytes::Bytes;

use super::struct_value;
use super::violations::Violations;
use crate::domain::payload::{Data, PAYLOAD_BYTES_MAX};
use crate::domain::type_name::{CustomType, CustomTypes, TypeName};
use crate::proto::CustomEvent;

/// Most bytes of an encoded struct that is looked into. A number, the kind that shrinks most as it
/// is written, has 11 bytes encoded in a list and 2 in JSON: what is longer does not fit.
const ENCODED_BYTES_MAX: usize = 6 * PAYLOAD_BYTES_MAX;

/// Checks the event's fields and writes its data; `None` where something is wrong.
pub fn read(
    violations: &mut Violations,
    event: &CustomEvent,
    allowed: &CustomTypes,
) -> Option<(TypeName, Data)> {
    let name = name(violations, &event.event_type, allowed);
    let data = data(violations, event.data.as_ref());
    Some((TypeName::Custom(name?), data?))
}

fn name(violations: &mut Violations, name: &str, allowed: &CustomTypes) -> Option<CustomType> {
    let name: CustomType = violations.parse("event_type", name)?;
    if !allowed.allow(&name) {
        let unknown = "is no type of this service's: its operator allows types with \
                       --custom-event-types";
        violations.add_unknown_custom_type("event_type", unknown);
        return None;
    }
    Some(name)
}

fn data(violations: &mut Violations, encoded: Option<&Bytes>) -> Option<Data> {
    let Some(encoded) = encoded else {
        violations.add("data", "must be set; it may have no fields");
        return None;
    };
    if encoded.len() > ENCODED_BYTES_MAX {
        let bytes = encoded.len();
        let limit = PAYLOAD_BYTES_MAX;
        let too_long = "makes the payload too long";
        violations.add("data", format_args!("{too_long}: {bytes} bytes encoded, at most {limit}"));
        return None;
    }
    let value = match struct_value::read(encoded) {
        Ok(value) => value,
        Err(error) => {
            violations.add(place(&error.path), &error);
            return None;
        }
    };
    Data::from_value(&value).map_err(|error| violations.add(place(&error.path), error.problem)).ok()
}

/// The path of a part of the data.
fn place(path: &str) -> impl Display {
    match path.chars().next() {
        None => "data".to_owned(),
        Some('[') => format!("data{path}"),
        Some(_) => format!("data.{path}"),
    }
}
