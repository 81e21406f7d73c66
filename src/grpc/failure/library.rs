//! Errors that the gRPC library makes by itself, before code of ours is asked.

use http::HeaderMap;
use tonic::{Code, Status};

use super::plain;
use crate::proto::ErrorReason;

/// Gives an error that the library made by itself what every other has: a reason, and a message.
/// The headers are those of a response, or its trailers; others are left as they are.
pub fn explain(headers: &mut HeaderMap) {
    let is_explained = |name| headers.contains_key(name);
    if !is_explained("grpc-status") || is_explained("grpc-status-details-bin") {
        return;
    }
    let Some(status) = Status::from_header_map(headers) else { return };
    let is_encoding = headers.contains_key("grpc-accept-encoding");
    let (reason, fallback) = match status.code() {
        Code::Unimplemented if is_encoding => {
            (ErrorReason::UnsupportedEncoding, "the request's compression is not supported")
        }
        Code::Unimplemented => (ErrorReason::UnknownMethod, "no such method"),
        Code::Internal => (ErrorReason::MalformedRequest, "the request cannot be read"),
        Code::OutOfRange | Code::ResourceExhausted => {
            (ErrorReason::MessageTooLarge, "the message is too large")
        }
        Code::NotFound => (ErrorReason::UnknownService, "no such service"),
        _ => return,
    };
    let message = if status.message().is_empty() { fallback } else { status.message() };
    // Fits into a header: it is base64, and a message was in one.
    let _ = plain(status.code(), reason, message).add_header(headers);
}
