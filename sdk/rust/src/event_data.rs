//! Each type's data as the `data` of a publish, so that nobody spells the field's name.

use crate::v1::publish_event_request::Data;
use crate::v1::{
    BookingCancelled, BookingCreated, BookingRescheduled, CustomEvent, CustomerCreated,
    LeadQualified, NoShowDetected, ReviewCreated, WorkflowTriggered,
};

macro_rules! into_data {
    ($($variant:ident: $message:ty,)*) => {
        $(impl From<$message> for Data {
            fn from(message: $message) -> Self {
                Self::$variant(message)
            }
        })*
    };
}

into_data! {
    CustomerCreated: CustomerCreated,
    BookingCreated: BookingCreated,
    BookingCancelled: BookingCancelled,
    BookingRescheduled: BookingRescheduled,
    LeadQualified: LeadQualified,
    NoShowDetected: NoShowDetected,
    ReviewCreated: ReviewCreated,
    WorkflowTriggered: WorkflowTriggered,
    Custom: CustomEvent,
}
