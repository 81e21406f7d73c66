//! Why somebody may not call.

use tonic::{Code, Status};

use super::{Failure, plain};
use crate::proto::ErrorReason;

/// Why somebody may not call: the same answer whatever the call is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The caller shows no credential where one is needed.
    CredentialsMissing,
    /// The caller's credential is none, or is not known (any more).
    CredentialsInvalid,
    /// The caller may not do that, whether or not what it is about exists.
    PermissionDenied,
    /// There is no such service or method.
    UnknownMethod,
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Refusal> for Status {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::CredentialsMissing => plain(
                Code::Unauthenticated,
                ErrorReason::CredentialsMissing,
                "credentials are needed: `authorization: Bearer <token>`, or a client certificate",
            ),
            Refusal::CredentialsInvalid => plain(
                Code::Unauthenticated,
                ErrorReason::CredentialsInvalid,
                "the credentials are not known",
            ),
            Refusal::PermissionDenied => plain(
                Code::PermissionDenied,
                ErrorReason::PermissionDenied,
                "the caller's credentials do not allow this call, or not for this account",
            ),
            Refusal::UnknownMethod => plain(
                Code::Unimplemented,
                ErrorReason::UnknownMethod,
                "this server has no such service or method",
            ),
        }
    }
}
