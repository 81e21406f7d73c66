//! What an event tells, typed: the fields of `event.proto`, as they are in the body's `data`.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::fields::{Fields, MalformedBody};

/// What happened.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum EventData {
    /// `customer.created`: a customer was added.
    CustomerCreated(CustomerCreated),
    /// `booking.created`: a booking was made.
    BookingCreated(BookingCreated),
    /// `booking.cancelled`: a booking was called off.
    BookingCancelled(BookingCancelled),
    /// `booking.rescheduled`: a booking was moved.
    BookingRescheduled(BookingRescheduled),
    /// `lead.qualified`: a lead's score reached the threshold.
    LeadQualified(LeadQualified),
    /// `no_show.detected`: a customer did not come.
    NoShowDetected(NoShowDetected),
    /// `review.created`: a customer wrote a review.
    ReviewCreated(ReviewCreated),
    /// `workflow.triggered`: an automation of the account started.
    WorkflowTriggered(WorkflowTriggered),
    /// A type that this version does not know, with its data as it came.
    Unknown(Map<String, Value>),
}

impl EventData {
    /// Reads the data of an event of this type.
    pub(super) fn read(
        event_type: &str,
        object: &Map<String, Value>,
    ) -> Result<Self, MalformedBody> {
        let fields = &Fields { prefix: "data.", object };
        Ok(match event_type {
            "customer.created" => Self::CustomerCreated(CustomerCreated::read(fields)?),
            "booking.created" => Self::BookingCreated(BookingCreated::read(fields)?),
            "booking.cancelled" => Self::BookingCancelled(BookingCancelled::read(fields)?),
            "booking.rescheduled" => Self::BookingRescheduled(BookingRescheduled::read(fields)?),
            "lead.qualified" => Self::LeadQualified(LeadQualified::read(fields)?),
            "no_show.detected" => Self::NoShowDetected(NoShowDetected::read(fields)?),
            "review.created" => Self::ReviewCreated(ReviewCreated::read(fields)?),
            "workflow.triggered" => Self::WorkflowTriggered(WorkflowTriggered::read(fields)?),
            _ => Self::Unknown(object.clone()),
        })
    }
}

/// A type's fields, each with how it is read.
macro_rules! data {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty = $read:ident,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub struct $name {
            $($(#[$field_doc])* pub $field: $type,)*
        }

        impl $name {
            fn read(fields: &Fields<'_>) -> Result<Self, MalformedBody> {
                Ok(Self { $($field: fields.$read(stringify!($field))?,)* })
            }
        }
    };
}

data! {
    /// The data of `customer.created`: a customer was added.
    CustomerCreated {
        /// The customer's id in Bookora.
        customer_id: String = text,
        /// The customer's name.
        customer_name: String = text,
        /// The customer's e-mail address. `None` where it was not set.
        email: Option<String> = optional_text,
        /// The customer's telephone number, as it was entered. `None` where it was not set.
        phone: Option<String> = optional_text,
    }
}

data! {
    /// The data of `booking.created`: a booking was made.
    BookingCreated {
        /// The booking's id in Bookora.
        booking_id: String = text,
        /// The id of the customer who booked.
        customer_id: String = text,
        /// The customer's name.
        customer_name: String = text,
        /// The name of the service that was booked.
        service: String = text,
        /// When the appointment starts.
        start_time: DateTime<Utc> = time,
        /// When the appointment ends.
        end_time: DateTime<Utc> = time,
        /// The price in the account's currency, in units (not cents).
        price: f64 = number,
    }
}

data! {
    /// The data of `booking.cancelled`: a booking was called off.
    BookingCancelled {
        /// The booking's id in Bookora.
        booking_id: String = text,
        /// The id of the customer who had booked.
        customer_id: String = text,
        /// The customer's name.
        customer_name: String = text,
        /// The name of the service that was booked.
        service: String = text,
        /// When the appointment would have started.
        start_time: DateTime<Utc> = time,
        /// When the appointment would have ended.
        end_time: DateTime<Utc> = time,
        /// Why it was cancelled, in words. `None` where it was not set.
        reason: Option<String> = optional_text,
    }
}

data! {
    /// The data of `booking.rescheduled`: a booking was moved.
    BookingRescheduled {
        /// The booking's id in Bookora.
        booking_id: String = text,
        /// The id of the customer who booked.
        customer_id: String = text,
        /// The customer's name.
        customer_name: String = text,
        /// The name of the service that was booked.
        service: String = text,
        /// When the appointment started before the move.
        previous_start_time: DateTime<Utc> = time,
        /// When the appointment ended before the move.
        previous_end_time: DateTime<Utc> = time,
        /// When the appointment starts now.
        start_time: DateTime<Utc> = time,
        /// When the appointment ends now.
        end_time: DateTime<Utc> = time,
    }
}

data! {
    /// The data of `lead.qualified`: a lead's score reached the threshold.
    LeadQualified {
        /// The lead's id in Bookora.
        lead_id: String = text,
        /// The lead's name.
        lead_name: String = text,
        /// The lead's score.
        score: f64 = number,
        /// The score from which a lead counts as qualified.
        threshold: f64 = number,
        /// The customer that the lead became. `None` where it was not set.
        customer_id: Option<String> = optional_text,
    }
}

data! {
    /// The data of `no_show.detected`: a customer did not come.
    NoShowDetected {
        /// The booking's id in Bookora.
        booking_id: String = text,
        /// The id of the customer who booked.
        customer_id: String = text,
        /// The customer's name.
        customer_name: String = text,
        /// The name of the service that was booked.
        service: String = text,
        /// When the appointment was to start.
        start_time: DateTime<Utc> = time,
        /// When the appointment was to end.
        end_time: DateTime<Utc> = time,
    }
}

data! {
    /// The data of `review.created`: a customer wrote a review.
    ReviewCreated {
        /// The review's id in Bookora.
        review_id: String = text,
        /// The id of the customer who wrote it.
        customer_id: String = text,
        /// The customer's name.
        customer_name: String = text,
        /// Stars, 1-5.
        rating: i32 = integer,
        /// The booking that is reviewed. `None` where it was not set.
        booking_id: Option<String> = optional_text,
        /// The text of the review. `None` where it was not set.
        comment: Option<String> = optional_text,
    }
}

data! {
    /// The data of `workflow.triggered`: an automation of the account started.
    WorkflowTriggered {
        /// The workflow's id in Bookora.
        workflow_id: String = text,
        /// The workflow's name.
        workflow_name: String = text,
        /// What started it, such as `booking.created` or `schedule`.
        trigger: String = text,
        /// The customer it runs for. `None` where it was not set.
        customer_id: Option<String> = optional_text,
        /// The booking it runs for. `None` where it was not set.
        booking_id: Option<String> = optional_text,
    }
}
