//! What a publish says happened: each of the contract's event types, its fields checked and
//! written as the `data` of the body, in the contract's order. The keys are the field names.

use super::custom_event;
use super::violations::Violations;
use crate::domain::event::EventType;
use crate::domain::payload::{Data, DataWriter};
use crate::domain::type_name::{CustomTypes, TypeName};
use crate::proto::publish_event_request::Data as Message;
use crate::proto::{
    BookingCancelled, BookingCreated, BookingRescheduled, CustomerCreated, LeadQualified,
    NoShowDetected, ReviewCreated, WorkflowTriggered,
};

/// Longest id of something in Bookora, in bytes.
const ID_BYTES_MAX: usize = 256;
/// Longest name, in bytes.
const NAME_BYTES_MAX: usize = 1_024;
/// Longest text that a person wrote, in bytes.
const TEXT_BYTES_MAX: usize = 8_192;

/// Checks the message's fields and writes its data; `None` where something is wrong.
pub fn read(
    violations: &mut Violations,
    message: &Message,
    custom_types: &CustomTypes,
) -> Option<(TypeName, Data)> {
    match message {
        Message::CustomerCreated(data) => {
            built_in(violations, EventType::CustomerCreated, |fields| {
                fields.customer_created(data);
            })
        }
        Message::BookingCreated(data) => {
            built_in(violations, EventType::BookingCreated, |fields| {
                fields.booking_created(data);
            })
        }
        Message::BookingCancelled(data) => {
            built_in(violations, EventType::BookingCancelled, |fields| {
                fields.booking_cancelled(data);
            })
        }
        Message::BookingRescheduled(data) => {
            built_in(violations, EventType::BookingRescheduled, |fields| {
                fields.booking_rescheduled(data);
            })
        }
        Message::LeadQualified(data) => built_in(violations, EventType::LeadQualified, |fields| {
            fields.lead_qualified(data);
        }),
        Message::NoShowDetected(data) => {
            built_in(violations, EventType::NoShowDetected, |fields| {
                fields.no_show_detected(data);
            })
        }
        Message::ReviewCreated(data) => built_in(violations, EventType::ReviewCreated, |fields| {
            fields.review_created(data);
        }),
        Message::WorkflowTriggered(data) => {
            built_in(violations, EventType::WorkflowTriggered, |fields| {
                fields.workflow_triggered(data);
            })
        }
        Message::Custom(event) => violations
            .within("custom", |violations| custom_event::read(violations, event, custom_types)),
    }
}

fn built_in(
    violations: &mut Violations,
    event_type: EventType,
    read: impl FnOnce(&mut Fields<'_>),
) -> Option<(TypeName, Data)> {
    violations.within(field(event_type), |violations| {
        let mut fields = Fields { violations, data: Some(DataWriter::new()) };
        read(&mut fields);
        fields.data.map(|data| (event_type.into(), data.finish()))
    })
}

/// The field of `data` that is of this type.
fn field(event_type: EventType) -> String {
    event_type.name().replace('.', "_")
}

/// The path of what makes a body long.
#[must_use]
pub fn data_path(name: &TypeName) -> String {
    match name {
        TypeName::BuiltIn(event_type) => field(*event_type),
        TypeName::Custom(_) => "custom.data".to_owned(),
    }
}

/// Reads fields one by one: each is checked, and written as long as all before were fine.
struct Fields<'a> {
    violations: &'a mut Violations,
    data: Option<DataWriter>,
}

/// The event types.
impl Fields<'_> {
    fn customer_created(&mut self, data: &CustomerCreated) {
        self.id("customer_id", &data.customer_id);
        self.name("customer_name", &data.customer_name);
        self.optional("email", data.email.as_deref(), NAME_BYTES_MAX);
        self.optional("phone", data.phone.as_deref(), ID_BYTES_MAX);
    }

    fn booking_created(&mut self, data: &BookingCreated) {
        self.booking(&data.booking_id, &data.customer_id, &data.customer_name, &data.service);
        self.period(["start_time", "end_time"], [data.start_time.as_ref(), data.end_time.as_ref()]);
        if data.price < 0.0 {
            self.violations.add("price", "must not be negative");
        }
        self.number("price", data.price);
    }

    fn booking_cancelled(&mut self, data: &BookingCancelled) {
        self.booking(&data.booking_id, &data.customer_id, &data.customer_name, &data.service);
        self.period(["start_time", "end_time"], [data.start_time.as_ref(), data.end_time.as_ref()]);
        self.optional("reason", data.reason.as_deref(), TEXT_BYTES_MAX);
    }

    fn booking_rescheduled(&mut self, data: &BookingRescheduled) {
        self.booking(&data.booking_id, &data.customer_id, &data.customer_name, &data.service);
        self.period(
            ["previous_start_time", "previous_end_time"],
            [data.previous_start_time.as_ref(), data.previous_end_time.as_ref()],
        );
        self.period(["start_time", "end_time"], [data.start_time.as_ref(), data.end_time.as_ref()]);
    }

    fn lead_qualified(&mut self, data: &LeadQualified) {
        self.id("lead_id", &data.lead_id);
        self.name("lead_name", &data.lead_name);
        self.number("score", data.score);
        self.number("threshold", data.threshold);
        self.optional("customer_id", data.customer_id.as_deref(), ID_BYTES_MAX);
    }

    fn no_show_detected(&mut self, data: &NoShowDetected) {
        self.booking(&data.booking_id, &data.customer_id, &data.customer_name, &data.service);
        self.period(["start_time", "end_time"], [data.start_time.as_ref(), data.end_time.as_ref()]);
    }

    fn review_created(&mut self, data: &ReviewCreated) {
        self.id("review_id", &data.review_id);
        self.id("customer_id", &data.customer_id);
        self.name("customer_name", &data.customer_name);
        self.violations.in_range("rating", data.rating, 1..=5);
        self.write(|writer| Some(writer.integer("rating", data.rating)));
        self.optional("booking_id", data.booking_id.as_deref(), ID_BYTES_MAX);
        self.optional("comment", data.comment.as_deref(), TEXT_BYTES_MAX);
    }

    fn workflow_triggered(&mut self, data: &WorkflowTriggered) {
        self.id("workflow_id", &data.workflow_id);
        self.name("workflow_name", &data.workflow_name);
        self.id("trigger", &data.trigger);
        self.optional("customer_id", data.customer_id.as_deref(), ID_BYTES_MAX);
        self.optional("booking_id", data.booking_id.as_deref(), ID_BYTES_MAX);
    }
}

/// The kinds of fields.
impl Fields<'_> {
    /// What all events about a booking begin with.
    fn booking(&mut self, booking_id: &str, customer_id: &str, customer_name: &str, service: &str) {
        self.id("booking_id", booking_id);
        self.id("customer_id", customer_id);
        self.name("customer_name", customer_name);
        self.name("service", service);
    }

    fn id(&mut self, field: &'static str, id: &str) {
        self.violations.text(field, id, ID_BYTES_MAX);
        self.write(|data| Some(data.string(field, id)));
    }

    fn name(&mut self, field: &'static str, name: &str) {
        self.violations.text(field, name, NAME_BYTES_MAX);
        self.write(|data| Some(data.string(field, name)));
    }

    fn optional(&mut self, field: &'static str, text: Option<&str>, bytes_max: usize) {
        if let Some(text) = text {
            self.violations.text(field, text, bytes_max);
        }
        self.write(|data| Some(data.optional_string(field, text)));
    }

    fn number(&mut self, field: &'static str, number: f64) {
        if !number.is_finite() {
            self.violations.add(field, "must be a finite number");
        }
        self.write(|data| data.number(field, number).ok());
    }

    fn period(&mut self, names: [&'static str; 2], times: [Option<&prost_types::Timestamp>; 2]) {
        let start = self.time(names[0], times[0]);
        let end = self.time(names[1], times[1]);
        let order = |time: &prost_types::Timestamp| (time.seconds, time.nanos);
        if start.zip(end).is_some_and(|(start, end)| order(end) < order(start)) {
            self.violations.add(names[1], format_args!("must not be before {}", names[0]));
        }
    }

    fn time<'a>(
        &mut self,
        field: &'static str,
        time: Option<&'a prost_types::Timestamp>,
    ) -> Option<&'a prost_types::Timestamp> {
        let time = self.violations.time(field, time);
        self.write(|data| Some(data.time(field, time?)));
        time
    }

    fn write(&mut self, write: impl FnOnce(DataWriter) -> Option<DataWriter>) {
        self.data = self.data.take().and_then(write);
    }
}
