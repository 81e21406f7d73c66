//! What an answer may be, whatever was asked.

use http::StatusCode;
use prost_reflect::{DynamicMessage, ReflectMessage, Value};
use tonic::{Code, Status};

use crate::refusal::Refusal;

use super::wire::Answer;

/// What tonic answers before code of ours is asked, by code and beginning of the message: bytes
/// that are no gRPC message or no protobuf, a method that is none, a deadline of the client's that
/// has passed. The codes are those that the stock servers have for it; the server gives each a
/// reason.
const OF_TONIC: [(Code, &str); 8] = [
    (Code::Internal, "failed to decode Protobuf message"),
    (Code::Internal, "protocol error: received message with compressed-flag"),
    (Code::Internal, "protocol error: received message with invalid compression flag"),
    (Code::Internal, "Error decompressing"),
    (Code::Internal, "Unexpected EOF decoding stream"),
    (Code::Internal, "Missing request message"),
    (Code::OutOfRange, "Error, decoded message length too large"),
    (Code::Unimplemented, ""),
];

/// How a whole message was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// As asked.
    Accepted,
    /// With a reason.
    Refused,
    /// As something that is no message at all.
    NoMessage,
}

/// Judges the answer to a request that gRPC lets through. Panics where it is one that no request
/// may get.
pub fn of_a_message(answer: &Answer) -> Verdict {
    assert_eq!(answer.http_status, StatusCode::OK, "{answer:?}");
    let Some(status) = &answer.status else {
        assert!(!answer.messages.is_empty(), "an answer has a status or goes on: {answer:?}");
        return Verdict::Accepted;
    };
    match status.code() {
        Code::Ok => Verdict::Accepted,
        _ if is_of_tonic(status) => {
            Refusal::read(status);
            Verdict::NoMessage
        }
        code => {
            assert!(!matches!(code, Code::Internal | Code::Unknown), "{status:?}");
            Refusal::read(status);
            Verdict::Refused
        }
    }
}

/// Judges the answer to whatever else was sent: HTTP may refuse it as well.
pub fn of_anything(answer: &Answer) {
    if answer.http_status == StatusCode::OK {
        of_a_message(answer);
    } else {
        assert!(answer.http_status.is_client_error(), "{answer:?}");
    }
}

fn is_of_tonic(status: &Status) -> bool {
    OF_TONIC
        .iter()
        .any(|(code, beginning)| status.code() == *code && status.message().starts_with(beginning))
}

/// Checks the errors inside of a response, which are for one of several requests, and counts them.
pub fn of_parts(message: &DynamicMessage) -> usize {
    if message.descriptor().full_name() == "google.rpc.Status" {
        let code = message.get_field_by_name("code").and_then(|code| code.as_i32());
        let code = Code::from_i32(code.expect("a code"));
        assert!(!matches!(code, Code::Ok | Code::Internal | Code::Unknown), "{message:?}");
        return 1;
    }
    message.fields().map(|(_, value)| of_parts_in(value)).sum()
}

fn of_parts_in(value: &Value) -> usize {
    match value {
        Value::Message(message) => of_parts(message),
        Value::List(values) => values.iter().map(of_parts_in).sum(),
        _ => 0,
    }
}
