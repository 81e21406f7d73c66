//! What has to be stored, by the answers that were given.

use std::collections::BTreeSet;

use prost_reflect::{DynamicMessage, ReflectMessage, Value};

/// Counted from the answers.
#[derive(Debug, Default)]
pub struct Tally {
    /// Events that were acknowledged.
    pub events: usize,
    /// Deliveries that were said to exist for them.
    pub deliveries: usize,
    /// Endpoints that were made and not deleted.
    pub endpoint_ids: BTreeSet<String>,
}

impl Tally {
    /// Notes what an accepted request of a method stored, by its response.
    pub fn note(&mut self, method: &str, response: &DynamicMessage) {
        if method == "CreateEndpoint" {
            let endpoint = response.get_field_by_name("endpoint").expect("it has one");
            let endpoint = endpoint.as_message().expect("a message");
            self.endpoint_ids.insert(text(endpoint, "endpoint_id"));
        }
        for published in published(response) {
            // One that was only checked has no id.
            if !flag(published, "duplicate") && !text(published, "event_id").is_empty() {
                self.events += 1;
                let count = published.get_field_by_name("delivery_count");
                let count = count.and_then(|count| count.as_i32()).expect("a number");
                self.deliveries += usize::try_from(count).expect("not negative");
            }
        }
    }
}

/// The events that a response says are published, one or several.
fn published(response: &DynamicMessage) -> Vec<&DynamicMessage> {
    if response.descriptor().name() == "PublishEventResponse" {
        return vec![response];
    }
    let mut found = Vec::new();
    for (_, value) in response.fields() {
        match value {
            Value::Message(message) => found.extend(published(message)),
            Value::List(values) => {
                found.extend(values.iter().filter_map(Value::as_message).flat_map(published));
            }
            _ => {}
        }
    }
    found
}

fn text(message: &DynamicMessage, field: &str) -> String {
    let value = message.get_field_by_name(field).expect("the field is in the contract");
    value.as_str().expect("a text").to_owned()
}

/// Whether a flag is set.
fn flag(message: &DynamicMessage, field: &str) -> bool {
    message.get_field_by_name(field).and_then(|value| value.as_bool()).unwrap_or(false)
}
