//! Why a call failed, and the one place where that becomes a gRPC status: code, reason, details.

mod library;
mod refusal;

use std::collections::HashMap;
use std::time::Duration;

use prost::Message;
use tokio::task::JoinError;
use tonic::metadata::MetadataValue;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt, pb};

pub(super) use self::library::explain;
pub use self::refusal::Refusal;
use crate::domain::endpoint::ENDPOINTS_PER_ACCOUNT_MAX;
use crate::domain::endpoint_secrets::{RevocationError, RotationError};
use crate::domain::id::{DeliveryId, EndpointId, EventId, SecretId};
use crate::proto::ErrorReason;
use crate::store::changes::LogReadError;
use crate::store::endpoints::EndpointWriteError;
use crate::store::error::StoreError;
use crate::store::intervention::InterventionError;
use crate::store::recovery::RecoveryError;
use crate::store::secrets::SecretWriteError;

/// The domain of every `google.rpc.ErrorInfo` (AIP-193).
const ERROR_DOMAIN: &str = "webhooks.bookora";
/// When a client should try again after UNAVAILABLE.
const RETRY_DELAY: Duration = Duration::from_secs(1);

/// One field that is not as documented.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The field's path, such as `requests[3].booking_created.price`.
    pub field: String,
    /// What is allowed.
    pub description: String,
}

/// Why a call failed.
#[derive(Debug)]
pub enum Failure {
    /// The caller may not call that.
    Refused(Refusal),
    /// Fields are not as documented.
    InvalidFields(Vec<Violation>),
    /// The event's data is unset, or of a type that this build does not know.
    UnknownEventType(Vec<Violation>),
    /// The account has no such endpoint.
    EndpointNotFound(EndpointId),
    /// The account has no such delivery.
    DeliveryNotFound(DeliveryId),
    /// The account has no such event.
    EventNotFound(EventId),
    /// The idempotency key belongs to another event.
    IdempotencyKeyReused(EventId),
    /// Writing an endpoint failed.
    EndpointWrite(EndpointId, EndpointWriteError),
    /// Writing an endpoint's secrets failed.
    SecretWrite(EndpointId, SecretWriteError),
    /// A delivery was neither sent again nor cancelled.
    Intervention(DeliveryId, InterventionError),
    /// A recovery was not begun.
    Recovery(EndpointId, RecoveryError),
    /// As many endpoints are being tested as may be.
    TooManyTests,
    /// The log no longer reaches back to a token.
    ResumeTokenExpired,
    /// A watcher has not read for too long.
    WatchTooSlow,
    /// A watch has reached its age.
    WatchAgeReached,
    /// A stream of publishes has reached its age.
    StreamAgeReached,
    /// The deadline has passed: the client's, or ours for a unary call.
    DeadlineExceeded,
    /// The client's deadline cannot be read.
    MalformedTimeout,
    /// As many calls are under way as may be.
    TooManyCalls,
    /// As many streams are open as may be.
    TooManyStreams,
    /// A call panicked.
    Panicked(JoinError),
    /// The process is shutting down.
    Draining,
    /// The store failed.
    Store(StoreError),
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<LogReadError> for Failure {
    fn from(error: LogReadError) -> Self {
        match error {
            LogReadError::Pruned => Self::ResumeTokenExpired,
            LogReadError::Store(error) => Self::Store(error),
        }
    }
}

impl From<Failure> for Status {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(refusal) => refusal.into(),
            Failure::InvalidFields(found) => invalid(ErrorReason::InvalidFields, found),
            Failure::UnknownEventType(found) => invalid(ErrorReason::UnknownEventType, found),
            Failure::EndpointNotFound(id) => {
                not_found(ErrorReason::EndpointNotFound, "Endpoint", &id.to_string())
            }
            Failure::DeliveryNotFound(id) => {
                not_found(ErrorReason::DeliveryNotFound, "Delivery", &id.to_string())
            }
            Failure::EventNotFound(id) => {
                not_found(ErrorReason::EventNotFound, "Event", &id.to_string())
            }
            Failure::IdempotencyKeyReused(first) => already_exists(
                ErrorReason::IdempotencyKeyReused,
                "the idempotency key was used for an event with other content; use another key",
                "Event",
                &first.to_string(),
            ),
            Failure::EndpointWrite(id, error) => endpoint_write(id, error),
            Failure::SecretWrite(id, error) => secret_write(id, error),
            Failure::Intervention(id, error) => intervention(id, error),
            Failure::Recovery(id, error) => recovery(id, error),
            Failure::TooManyTests => unavailable(
                ErrorReason::Overloaded,
                "as many endpoints are being tested as may be; try again",
            ),
            Failure::ResumeTokenExpired => plain(
                Code::OutOfRange,
                ErrorReason::ResumeTokenExpired,
                "the log no longer reaches back to resume_token: list the deliveries and watch \
                 from the list's watch_token",
            ),
            Failure::WatchTooSlow => plain(
                Code::ResourceExhausted,
                ErrorReason::WatchTooSlow,
                "nothing was read from the watch for 30 s; resume with the last token",
            ),
            Failure::WatchAgeReached => unavailable(
                ErrorReason::WatchAgeReached,
                "the watch has reached its age; resume with the last token",
            ),
            Failure::StreamAgeReached => unavailable(
                ErrorReason::StreamAgeReached,
                "the stream has reached its age; open another and go on",
            ),
            Failure::DeadlineExceeded => plain(
                Code::DeadlineExceeded,
                ErrorReason::DeadlineExceeded,
                "the deadline has passed; a write may have been made: retry it with the same \
                 idempotency key or request id",
            ),
            Failure::MalformedTimeout => plain(
                Code::InvalidArgument,
                ErrorReason::MalformedRequest,
                "grpc-timeout must be 1-8 digits and a unit of H, M, S, m, u or n",
            ),
            Failure::TooManyCalls => unavailable(
                ErrorReason::Overloaded,
                "as many calls are under way as may be; try again",
            ),
            Failure::TooManyStreams => unavailable(
                ErrorReason::Overloaded,
                "as many streams are open as may be; try again",
            ),
            Failure::Panicked(error) => internal(&error),
            Failure::Draining => {
                unavailable(ErrorReason::ServerDraining, "the server is shutting down; try again")
            }
            Failure::Store(error) => store(&error),
        }
    }
}

impl Failure {
    /// The failure as a message inside a response.
    #[must_use]
    pub fn into_message(self) -> pb::Status {
        let status = Status::from(self);
        pb::Status::decode(status.details()).expect("a status carries its own encoding")
    }
}

fn endpoint_write(id: EndpointId, error: EndpointWriteError) -> Status {
    match error {
        EndpointWriteError::NotFound => Failure::EndpointNotFound(id).into(),
        EndpointWriteError::EtagMismatch => plain(
            Code::Aborted,
            ErrorReason::EtagMismatch,
            "the endpoint was changed since its etag was read: read it again",
        ),
        EndpointWriteError::QuotaExceeded => {
            let mut details = info(ErrorReason::QuotaExceeded, HashMap::new());
            let limit = format!("an account holds at most {ENDPOINTS_PER_ACCOUNT_MAX} endpoints");
            details.add_quota_failure_violation("endpoints of the account", limit.clone());
            Status::with_error_details(Code::ResourceExhausted, limit, details)
        }
        EndpointWriteError::RequestIdReused(first) => already_exists(
            ErrorReason::RequestIdReused,
            "the request_id was used for a request with other content; use another",
            "Endpoint",
            &first.to_string(),
        ),
        EndpointWriteError::Store(error) => store(&error),
    }
}

fn secret_write(id: EndpointId, error: SecretWriteError) -> Status {
    match error {
        SecretWriteError::EndpointNotFound => Failure::EndpointNotFound(id).into(),
        SecretWriteError::Rotation(RotationError::InProgress { secret_id, expire_time }) => {
            failed_precondition(
                ErrorReason::RotationInProgress,
                &secret_id.to_string(),
                format!(
                    "a rotation is in progress: {secret_id} signs until {expire_time}; wait, or \
                     end it with RevokeEndpointSecret"
                ),
            )
        }
        SecretWriteError::Rotation(RotationError::SameSecret) => {
            let description = "must be another than the current secret".to_owned();
            let same = Violation { field: "secret".to_owned(), description };
            Failure::InvalidFields(vec![same]).into()
        }
        SecretWriteError::Revocation(secret, error) => revocation(secret, error),
        SecretWriteError::RequestIdReused(secret) => already_exists(
            ErrorReason::RequestIdReused,
            "the request_id was used for a request with other content; use another",
            "EndpointSecret",
            &secret.to_string(),
        ),
        SecretWriteError::Store(error) => store(&error),
    }
}

fn revocation(secret: SecretId, error: RevocationError) -> Status {
    match error {
        RevocationError::InUse => failed_precondition(
            ErrorReason::SecretInUse,
            &secret.to_string(),
            format!(
                "{secret} is the current secret: to end it, call RotateEndpointSecret with an \
                 overlap of 0"
            ),
        ),
        RevocationError::NotFound => {
            let mut details = info(ErrorReason::SecretNotFound, HashMap::new());
            let message = format!("the endpoint has no secret {secret} in force");
            details.set_resource_info("EndpointSecret", secret.to_string(), "", &message);
            Status::with_error_details(Code::NotFound, message, details)
        }
    }
}

fn intervention(id: DeliveryId, error: InterventionError) -> Status {
    match error {
        InterventionError::NotFound => Failure::DeliveryNotFound(id).into(),
        InterventionError::EndpointNotFound(endpoint) => Failure::EndpointNotFound(endpoint).into(),
        InterventionError::Open => failed_precondition(
            ErrorReason::DeliveryOpen,
            &id.to_string(),
            "the delivery is PENDING or RETRYING: it is still being sent".to_owned(),
        ),
        InterventionError::Closed => failed_precondition(
            ErrorReason::DeliveryClosed,
            &id.to_string(),
            "the delivery is SUCCEEDED or FAILED: there is nothing to cancel".to_owned(),
        ),
        InterventionError::EndpointDisabled(endpoint) => endpoint_disabled(endpoint),
        InterventionError::RequestIdReused(first) => already_exists(
            ErrorReason::RequestIdReused,
            "the request_id was used for a request with other content; use another",
            "Delivery",
            &first.to_string(),
        ),
        InterventionError::Store(error) => store(&error),
    }
}

fn recovery(id: EndpointId, error: RecoveryError) -> Status {
    match error {
        RecoveryError::EndpointNotFound => Failure::EndpointNotFound(id).into(),
        RecoveryError::EndpointDisabled => endpoint_disabled(id),
        RecoveryError::InProgress(other) => failed_precondition(
            ErrorReason::RecoveryInProgress,
            &id.to_string(),
            format!("recovery {other} of the endpoint is unfinished: wait for it"),
        ),
        RecoveryError::RequestIdReused(first) => already_exists(
            ErrorReason::RequestIdReused,
            "the request_id was used for a request with other content; use another",
            "Recovery",
            &first.to_string(),
        ),
        RecoveryError::Store(error) => store(&error),
    }
}

fn endpoint_disabled(id: EndpointId) -> Status {
    failed_precondition(
        ErrorReason::EndpointDisabled,
        &id.to_string(),
        "the endpoint is not ACTIVE, so nothing is sent to it: enable it first".to_owned(),
    )
}

fn store(error: &StoreError) -> Status {
    match error {
        StoreError::Full(_) => {
            log(error);
            plain(Code::ResourceExhausted, ErrorReason::StoreFull, "the database's disk is full")
        }
        StoreError::Unavailable(_) => {
            log(error);
            unavailable(ErrorReason::StoreUnavailable, "the database does not answer; try again")
        }
        StoreError::Conflict(_) => unavailable(
            ErrorReason::StoreUnavailable,
            "another call wrote the same at the same time; try again",
        ),
        StoreError::Sealed => unavailable(
            ErrorReason::StoreUnavailable,
            "the endpoint's secrets do not open with the master keys that this replica has; try \
             again",
        ),
        StoreError::Overloaded => {
            unavailable(ErrorReason::Overloaded, "too much is queued; try again")
        }
        StoreError::Closed => Failure::Draining.into(),
        StoreError::Corrupt(_) | StoreError::Bug(_) => internal(error),
    }
}

/// A fault of ours: the caller gets an id, the log gets the cause under that id.
fn internal(error: &(dyn std::error::Error + 'static)) -> Status {
    let incident_id = incident_id();
    tracing::error!(incident_id, error, "internal error");
    let metadata = HashMap::from([("incident_id".to_owned(), incident_id)]);
    let details = info(ErrorReason::Internal, metadata);
    Status::with_error_details(
        Code::Internal,
        "a fault of the service; its log has the id",
        details,
    )
}

#[expect(clippy::disallowed_methods, reason = "only tells one incident in the log from another")]
fn incident_id() -> String {
    format!("inc_{:016x}", rand::random::<u64>())
}

fn log(error: &StoreError) {
    tracing::warn!(error = error as &dyn std::error::Error, "the store failed a call");
}

fn invalid(reason: ErrorReason, found: Vec<Violation>) -> Status {
    let message = match found.first() {
        Some(first) => format!("{}: {}", first.field, first.description),
        None => "a field is not as documented".to_owned(),
    };
    let mut details = info(reason, HashMap::new());
    for violation in found {
        details.add_bad_request_violation(violation.field, violation.description);
    }
    Status::with_error_details(Code::InvalidArgument, message, details)
}

fn not_found(reason: ErrorReason, kind: &str, id: &str) -> Status {
    let mut details = info(reason, HashMap::new());
    details.set_resource_info(kind, id, "", "no such resource in the account");
    let message = format!("the account has no {} {id}", kind.to_lowercase());
    Status::with_error_details(Code::NotFound, message, details)
}

fn already_exists(reason: ErrorReason, message: &str, kind: &str, id: &str) -> Status {
    let mut details = info(reason, HashMap::new());
    details.set_resource_info(kind, id, "", message);
    Status::with_error_details(Code::AlreadyExists, message, details)
}

fn failed_precondition(reason: ErrorReason, subject: &str, message: String) -> Status {
    let mut details = info(reason, HashMap::new());
    details.add_precondition_failure_violation(name(reason), subject, &message);
    Status::with_error_details(Code::FailedPrecondition, message, details)
}

fn unavailable(reason: ErrorReason, message: &str) -> Status {
    let mut details = info(reason, HashMap::new());
    details.set_retry_info(Some(RETRY_DELAY));
    let mut status = Status::with_error_details(Code::Unavailable, message, details);
    // Obeyed by the retry policy of stock clients (gRFC A6).
    let pushback = MetadataValue::from(u64::try_from(RETRY_DELAY.as_millis()).unwrap_or(u64::MAX));
    status.metadata_mut().insert("grpc-retry-pushback-ms", pushback);
    status
}

fn plain(code: Code, reason: ErrorReason, message: &str) -> Status {
    Status::with_error_details(code, message, info(reason, HashMap::new()))
}

fn info(reason: ErrorReason, metadata: HashMap<String, String>) -> ErrorDetails {
    ErrorDetails::with_error_info(name(reason), ERROR_DOMAIN, metadata)
}

/// A reason's name, as programs compare it.
fn name(reason: ErrorReason) -> &'static str {
    let name = reason.as_str_name();
    name.strip_prefix("ERROR_REASON_").unwrap_or(name)
}
