//! Why a call was refused, read from its status as a client reads it.

use tonic::{Code, Status};
use tonic_types::StatusExt;

/// The domain of every reason.
const DOMAIN: &str = "webhooks.bookora";
/// What clients take of an error's trailers by default: 8 KiB in Java; in C++, Python and Ruby too,
/// where between 8 and 16 KiB some are refused at random.
const TRAILERS_BYTES_MAX: usize = 8 * 1024;
/// Of these, what trailers other than message and details take up: names, and the status.
const OTHER_TRAILERS_BYTES: usize = 256;

/// A refusal, as far as programs look at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The status code.
    pub code: Code,
    /// The reason of its `ErrorInfo`.
    pub reason: String,
    /// The paths of its `BadRequest`, in order.
    pub fields: Vec<String>,
    /// Kind and name of its `ResourceInfo`.
    pub resource: Option<(String, String)>,
}

impl Refusal {
    /// Reads a status. Every status has a message, a reason of ours, and fits where clients have
    /// room for it.
    pub fn read(status: &Status) -> Self {
        let details = status.check_error_details().expect("the details can be read");
        let info = details.error_info().unwrap_or_else(|| panic!("{status:?} gives no reason"));
        assert_eq!(info.domain, DOMAIN);
        assert!(!status.message().is_empty(), "{status:?} says nothing");
        assert!(trailers_bytes(status) <= TRAILERS_BYTES_MAX, "{status:?} is too long");
        let violations = details.bad_request().map_or(&[][..], |bad| &bad.field_violations);
        assert!(violations.iter().all(|violation| !violation.description.is_empty()));
        Self {
            code: status.code(),
            reason: info.reason.clone(),
            fields: violations.iter().map(|violation| violation.field.clone()).collect(),
            resource: details
                .resource_info()
                .map(|info| (info.resource_type.clone(), info.resource_name.clone())),
        }
    }

    /// The refusal of a field.
    pub fn of_field(path: &str) -> Self {
        Self {
            code: Code::InvalidArgument,
            reason: "INVALID_FIELDS".to_owned(),
            fields: vec![path.to_owned()],
            resource: None,
        }
    }

    /// The refusal of an id.
    pub fn of_id(kind: &str, id: &str) -> Self {
        Self {
            code: Code::NotFound,
            reason: format!("{}_NOT_FOUND", kind.to_uppercase()),
            fields: Vec::new(),
            resource: Some((kind.to_owned(), id.to_owned())),
        }
    }
}

/// What the status takes up in the trailers: its details in base64, its message percent-encoded.
fn trailers_bytes(status: &Status) -> usize {
    let is_plain = |byte: &u8| matches!(byte, b' '..=b'~') && *byte != b'%';
    let encoded = status.message().bytes().filter(|byte| !is_plain(byte)).count();
    OTHER_TRAILERS_BYTES
        + status.details().len().div_ceil(3) * 4
        + status.message().len()
        + 2 * encoded
}
