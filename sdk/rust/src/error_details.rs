//! What is in an error of the service, beside its code and its text.

use std::collections::HashMap;
use std::time::Duration;

use prost::Message;
use tonic::{Code, Status};
use tonic_types::{StatusExt, pb};

use crate::v1::ErrorReason;

/// The domain of the service's `google.rpc.ErrorInfo`.
const DOMAIN: &str = "webhooks.bookora";

/// The details of an error, typed. Of an error that does not come from the service all but the code
/// are empty.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ErrorDetails {
    /// The status code.
    pub code: Code,
    /// Why, for programs, such as `INVALID_FIELDS`; empty where the error is not the service's.
    pub reason: String,
    /// The same as a value of the contract; `None` where it has none, or one that this version does
    /// not know: go by the code then.
    pub known_reason: Option<ErrorReason>,
    /// More about the reason, such as `incident_id`.
    pub metadata: HashMap<String, String>,
    /// Which fields of the request are not as documented, at most 25.
    pub field_violations: Vec<FieldViolation>,
    /// When to try again.
    pub retry_delay: Option<Duration>,
    /// What was not found, or exists already.
    pub resource: Option<Resource>,
    /// What is in the wrong state.
    pub precondition_violations: Vec<PreconditionViolation>,
    /// Which quota is used up.
    pub quota_violations: Vec<QuotaViolation>,
}

/// A field that is not as documented.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FieldViolation {
    /// Its path, such as `requests[3].booking_created.price`.
    pub field: String,
    /// What is allowed.
    pub description: String,
}

/// Something of the service's that an error is about.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Resource {
    /// Its type, such as `Endpoint`.
    pub resource_type: String,
    /// Its id.
    pub name: String,
}

/// A state in which a call cannot be carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PreconditionViolation {
    /// The kind of violation.
    pub violation_type: String,
    /// What is in that state, by its id.
    pub subject: String,
    /// What to do about it.
    pub description: String,
}

/// A quota that is used up.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct QuotaViolation {
    /// Whose quota.
    pub subject: String,
    /// Which, and its size.
    pub description: String,
}

impl ErrorDetails {
    /// The details of any error; it takes what it can read, and never fails.
    #[must_use]
    pub fn of(error: &Status) -> Self {
        let all = error.get_error_details();
        let info = all.error_info().filter(|info| info.domain == DOMAIN).cloned();
        let (reason, metadata) = info.map(|info| (info.reason, info.metadata)).unwrap_or_default();
        let known = ErrorReason::from_str_name(&format!("ERROR_REASON_{reason}"));
        Self {
            code: error.code(),
            known_reason: known.filter(|known| *known != ErrorReason::Unspecified),
            reason,
            metadata,
            field_violations: field_violations(&all),
            retry_delay: all.retry_info().and_then(|info| info.retry_delay),
            resource: all.resource_info().map(|found| Resource {
                resource_type: found.resource_type.clone(),
                name: found.resource_name.clone(),
            }),
            precondition_violations: precondition_violations(&all),
            quota_violations: quota_violations(&all),
        }
    }
}

fn field_violations(all: &tonic_types::ErrorDetails) -> Vec<FieldViolation> {
    let found = all.bad_request().into_iter().flat_map(|found| &found.field_violations);
    let copy = |found: &tonic_types::FieldViolation| FieldViolation {
        field: found.field.clone(),
        description: found.description.clone(),
    };
    found.map(copy).collect()
}

fn precondition_violations(all: &tonic_types::ErrorDetails) -> Vec<PreconditionViolation> {
    let found = all.precondition_failure().into_iter().flat_map(|found| &found.violations);
    let copy = |found: &tonic_types::PreconditionViolation| PreconditionViolation {
        violation_type: found.r#type.clone(),
        subject: found.subject.clone(),
        description: found.description.clone(),
    };
    found.map(copy).collect()
}

fn quota_violations(all: &tonic_types::ErrorDetails) -> Vec<QuotaViolation> {
    let found = all.quota_failure().into_iter().flat_map(|found| &found.violations);
    let copy = |found: &tonic_types::QuotaViolation| QuotaViolation {
        subject: found.subject.clone(),
        description: found.description.clone(),
    };
    found.map(copy).collect()
}

/// The error of one item among several, in the results of a batch, as a call of its own would have
/// had it: with the details.
#[must_use]
pub fn item_error(error: &pb::Status) -> Status {
    let details = error.encode_to_vec().into();
    Status::with_details(Code::from_i32(error.code), error.message.clone(), details)
}

/// What to do after a stream has ended so: open another, after as long as the server asks for.
///
/// # Errors
/// Where another would end in the same way.
pub(crate) fn resumption(end: Result<(), Status>) -> Result<Option<Duration>, Status> {
    let Err(error) = end else { return Ok(None) };
    let details = ErrorDetails::of(&error);
    let is_slow = details.known_reason == Some(ErrorReason::WatchTooSlow);
    let is_passing = error.code() == Code::Unavailable || is_slow;
    if is_passing { Ok(details.retry_delay) } else { Err(error) }
}
