//! How long calls took (semantic conventions for RPC), by method and code.

use std::collections::HashMap;
use std::sync::OnceLock;
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::metrics::Histogram;

/// The codes of gRPC by their numbers.
pub const CODES: [&str; 17] = [
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
];
/// UNKNOWN, as which a number counts that is no code.
const UNKNOWN: usize = 2;
/// A method that there is not (semantic conventions).
const OTHER: &str = "_OTHER";

/// The sets of one method, by code.
type Sets = [Vec<KeyValue>; CODES.len()];

/// Calls that ended.
pub struct Calls {
    histogram: Histogram<f64>,
    methods: OnceLock<HashMap<String, Sets>>,
    other: Sets,
}

impl Calls {
    /// None yet.
    #[must_use]
    pub fn new(histogram: Histogram<f64>) -> Self {
        Self { histogram, methods: OnceLock::new(), other: sets(OTHER) }
    }

    /// These are the methods, by path.
    pub fn know<'a>(&self, paths: impl Iterator<Item = &'a str>) {
        let known = paths.map(|path| (path.to_owned(), sets(method_of(path))));
        // Once: the methods of a build are the same each time.
        let _ = self.methods.set(known.collect());
    }

    /// One ended.
    pub fn record(&self, path: &str, code: i32, took: Duration) {
        let known = self.methods.get().and_then(|methods| methods.get(path));
        let attributes = &known.unwrap_or(&self.other)[code_place(code)];
        self.histogram.record(took.as_secs_f64(), attributes);
    }
}

/// A code's name.
#[must_use]
pub fn code_name(code: i32) -> &'static str {
    CODES[code_place(code)]
}

/// A method's name: its path without the slash that it begins with.
#[must_use]
pub fn method_of(path: &str) -> &str {
    path.strip_prefix('/').unwrap_or(path)
}

fn code_place(code: i32) -> usize {
    usize::try_from(code).ok().filter(|code| *code < CODES.len()).unwrap_or(UNKNOWN)
}

fn sets(method: &str) -> Sets {
    CODES.map(|code| {
        vec![
            KeyValue::new("rpc.system.name", "grpc"),
            KeyValue::new("rpc.method", method.to_owned()),
            KeyValue::new("rpc.response.status_code", code),
        ]
    })
}
