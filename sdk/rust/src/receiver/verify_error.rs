//! Why a request is not taken for one of Bookora's.

use std::time::Duration;

use super::fields::MalformedBody;
use super::headers;

/// Why a request does not verify. Answer it with 401, or with 400 where the body is malformed.
///
/// The texts are for developers; they hold no secret and no signature that would have been right.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// A header that is needed did not come.
    #[error("the header {header} is missing")]
    MissingHeader {
        /// The header's name, in lowercase.
        header: &'static str,
    },
    /// A header is not as it is documented.
    #[error("the header {header} {problem}")]
    InvalidHeader {
        /// The header's name, in lowercase.
        header: &'static str,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The request is older, or newer, than is tolerated: somebody may have recorded it, or a clock
    /// is wrong.
    #[error(
        "webhook-timestamp is {} s {} the receiver's clock; {} s are tolerated",
        off_by.as_secs(),
        if *is_ahead { "ahead of" } else { "behind" },
        tolerance.as_secs()
    )]
    TimestampOutOfTolerance {
        /// How far it is off.
        off_by: Duration,
        /// Whether it is in the future, by the receiver's clock.
        is_ahead: bool,
        /// How much is tolerated.
        tolerance: Duration,
    },
    /// No signature was made with any of the secrets, for what came.
    #[error(
        "no signature in {header} fits the body and a secret: is the secret the endpoint's, and \
         the body exactly as it came?"
    )]
    NoMatchingSignature {
        /// The header that was looked at, in lowercase.
        header: &'static str,
    },
    /// The request is signed, but its body is not an event.
    #[error(transparent)]
    MalformedBody(#[from] MalformedBody),
}

impl VerifyError {
    /// The kind, as the other languages' SDKs call it: `MISSING_HEADER`, `INVALID_HEADER`,
    /// `TIMESTAMP_OUT_OF_TOLERANCE`, `NO_MATCHING_SIGNATURE` or `MALFORMED_BODY`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::MissingHeader { .. } => "MISSING_HEADER",
            Self::InvalidHeader { .. } => "INVALID_HEADER",
            Self::TimestampOutOfTolerance { .. } => "TIMESTAMP_OUT_OF_TOLERANCE",
            Self::NoMatchingSignature { .. } => "NO_MATCHING_SIGNATURE",
            Self::MalformedBody(_) => "MALFORMED_BODY",
        }
    }

    /// The header that it is about, in lowercase.
    #[must_use]
    pub fn header(&self) -> Option<&'static str> {
        match self {
            Self::MissingHeader { header }
            | Self::InvalidHeader { header, .. }
            | Self::NoMatchingSignature { header } => Some(header),
            Self::TimestampOutOfTolerance { .. } => Some(headers::TIMESTAMP),
            Self::MalformedBody(_) => None,
        }
    }
}
