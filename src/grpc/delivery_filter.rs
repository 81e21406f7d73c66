//! Which deliveries a caller asks for.

use std::fmt::Display;

use super::delivery_message::state_of;
use super::violations::Violations;
use crate::domain::delivery::DeliveryState;
use crate::domain::type_name::TypeName;
use crate::proto;
use crate::proto::delivery::State;
use crate::store::deliveries::DeliveryFilter;

/// Values of one field of a filter.
const FILTER_VALUES_MAX: usize = 100;

/// Reads a filter; an unset one matches all.
pub fn read(violations: &mut Violations, filter: Option<&proto::DeliveryFilter>) -> DeliveryFilter {
    let Some(filter) = filter else { return DeliveryFilter::default() };
    violations.within("filter", |violations| DeliveryFilter {
        endpoint_ids: values(violations, "endpoint_ids", &filter.endpoint_ids),
        event_types: event_types(violations, &filter.event_types),
        event_ids: values(violations, "event_ids", &filter.event_ids),
        states: states(violations, &filter.states),
    })
}

/// Reads `event_types`: names of types.
pub fn event_types(violations: &mut Violations, names: &[String]) -> Vec<String> {
    // Also of a type that is not published any longer: what was is there.
    let event_types: Vec<TypeName> = values(violations, "event_types", names);
    event_types.iter().map(ToString::to_string).collect()
}

fn values<T>(violations: &mut Violations, field: &str, texts: &[String]) -> Vec<T>
where
    T: std::str::FromStr,
    T::Err: Display,
{
    if !violations.count(field, texts.len(), FILTER_VALUES_MAX) {
        return Vec::new();
    }
    let read = texts.iter().enumerate();
    read.filter_map(|(index, text)| violations.parse(format_args!("{field}[{index}]"), text))
        .collect()
}

fn states(violations: &mut Violations, numbers: &[i32]) -> Vec<DeliveryState> {
    if !violations.count("states", numbers.len(), FILTER_VALUES_MAX) {
        return Vec::new();
    }
    let mut states = Vec::with_capacity(numbers.len());
    for (index, number) in numbers.iter().enumerate() {
        match State::try_from(*number).ok().and_then(state_of) {
            Some(state) => states.push(state),
            None => violations.add(
                format_args!("states[{index}]"),
                "must be PENDING, RETRYING, SUCCEEDED, FAILED or CANCELLED",
            ),
        }
    }
    states
}
