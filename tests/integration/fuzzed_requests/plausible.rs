//! Values that a client could mean, by the names of fields.

use prost_reflect::FieldDescriptor;
use rand::RngExt;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;

use super::known::Known;
use super::{ACCOUNTS, STILL_ACCOUNT, edges};

/// Seconds of 2026-06-10T10:30:00Z: in the past of every clock that runs these tests.
const SOME_TIME: i64 = 1_781_087_400;
const HOUR: i64 = 3_600;
/// Types to subscribe to, and one group.
const EVENT_TYPES: [&str; 4] =
    ["booking.created", "booking.*", "review.created", "workflow.triggered"];
/// What an update can name.
const PATHS: [&str; 9] = [
    "url",
    "event_types",
    "description",
    "headers",
    "retry_schedule",
    "request_timeout",
    "max_deliveries_per_second",
    "max_in_flight",
    "*",
];

/// How often a field is set that need not be.
pub fn presence(field: &str) -> f64 {
    match field {
        // They have to go with the other fields, and seldom do.
        "page_token" | "resume_token" | "etag" => 0.1,
        "filter" | "states" | "start_time" | "end_time" | "validate_only" | "event_type"
        | "event_types" | "create_time" | "request_id" | "idempotency_key" | "secret"
        | "update_mask" | "retry_schedule" | "headers" => 0.4,
        _ => 0.95,
    }
}

/// Seconds and nanos of a message that is a time or a duration.
pub fn time(message: &str, edginess: f64, random: &mut StdRng) -> Option<(i64, i32)> {
    let is_edge = random.random_bool(edginess);
    match message {
        "google.protobuf.Timestamp" | "google.protobuf.Duration" if is_edge => {
            Some((edges::seconds(random), edges::nanos(random)))
        }
        "google.protobuf.Timestamp" => Some((
            SOME_TIME + random.random_range(-HOUR..HOUR),
            random.random_range(0..1_000_000_000),
        )),
        "google.protobuf.Duration" => {
            Some((random.random_range(1..=29), random.random_range(0..1_000_000_000)))
        }
        _ => None,
    }
}

/// What the fields of one request are about, so that they fit together.
#[derive(Clone, Debug, Default)]
pub struct Subject {
    /// The account.
    pub account_id: String,
    /// The endpoint that was named last.
    endpoint_id: String,
}

impl Subject {
    /// An account, and no endpoint yet.
    pub fn of(account_id: &str) -> Self {
        Self { account_id: account_id.to_owned(), endpoint_id: String::new() }
    }
}

/// A text that the field could hold.
pub fn text(
    field: &FieldDescriptor,
    subject: &mut Subject,
    known: &Known,
    random: &mut StdRng,
) -> String {
    // One in ten is another's.
    let owner = if random.random_bool(0.9) { subject.account_id.as_str() } else { STILL_ACCOUNT };
    let seen = |owner: &str, kind: &str, random: &mut StdRng| {
        known.any(owner, kind, random).cloned().unwrap_or_else(|| format!("{kind}_{:026}", 1))
    };
    let any = |of: &[&str], random: &mut StdRng| of.choose(random).expect("not empty").to_string();
    match field.name() {
        "account_id" if random.random_bool(0.1) => {
            // All accounts, where that can be asked for, or another.
            any(&["-", ACCOUNTS[0], ACCOUNTS[1], ACCOUNTS[2]], random)
        }
        "account_id" => subject.account_id.clone(),
        "endpoint_id" => {
            subject.endpoint_id = seen(owner, "ep", random);
            subject.endpoint_id.clone()
        }
        "endpoint_ids" => seen(owner, "ep", random),
        "event_id" | "event_ids" => seen(owner, "evt", random),
        "delivery_id" => seen(owner, "dlv", random),
        "secret_id" => seen(&subject.endpoint_id, "sec", random),
        "etag" => seen(owner, "etag", random),
        "page_token" | "resume_token" => seen(owner, "token", random),
        "event_type" | "event_types" | "trigger" => any(&EVENT_TYPES, random),
        "paths" => any(&PATHS, random),
        // Nobody listens there, and nothing has to be resolved.
        "url" => format!("https://127.0.0.1:1/hooks/{}?é=%20", random.random_range(0..1_000)),
        "secret" => format!("{:032x}", random.random::<u128>()),
        "request_id" => format!("0190d5a8-3b5e-7c3a-9d53-{:012}", random.random_range(0..20)),
        "idempotency_key" => format!("order {}", random.random_range(0..30)),
        _ => words(random),
    }
}

fn words(random: &mut StdRng) -> String {
    let words = ["Zoë", "Massage", "\"", "\\u0000", "💆", "</script>", "\u{2028}", "2026", "\n"];
    let count = random.random_range(1..=4);
    (0..count).map(|_| *words.choose(random).expect("not empty")).collect::<Vec<_>>().join(" ")
}
