//! The receiver's side: [`Verifier`] says whether a request comes from Bookora and reads its
//! event, [`parse`] reads a body alone. Nothing of gRPC is in it, and nothing of a web framework:
//! a request is its body's bytes and its headers, whatever holds them.

mod data;
mod event;
mod fields;
mod headers;
mod secret;
mod verifier;
mod verify_error;

pub use self::data::{
    BookingCancelled, BookingCreated, BookingRescheduled, CustomerCreated, EventData,
    LeadQualified, NoShowDetected, ReviewCreated, WorkflowTriggered,
};
pub use self::event::{Event, parse};
pub use self::fields::MalformedBody;
pub use self::secret::InvalidSecret;
pub use self::verifier::{TOLERANCE_DEFAULT, Verifier};
pub use self::verify_error::VerifyError;
