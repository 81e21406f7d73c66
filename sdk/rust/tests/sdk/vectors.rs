//! Every vector of `tests/vectors/webhooks.json`, which the service and all SDKs share.

use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bookora_webhooks_sdk::receiver::{EventData, Verifier, parse};
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

fn vectors(group: &str) -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors/webhooks.json");
    let text = std::fs::read_to_string(path).expect("the vectors are in the checkout");
    let mut all: Value = serde_json::from_str(&text).expect("they are JSON");
    let Value::Array(group) = all[group].take() else { panic!("there is a group {group}") };
    assert!(!group.is_empty());
    group
}

fn text<'a>(vector: &'a Value, key: &str) -> &'a str {
    vector[key].as_str().unwrap_or_default()
}

fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::Array(values) => {
            values.iter().map(|value| value.as_str().expect("a text")).collect()
        }
        value => vec![value.as_str().expect("a text")],
    }
}

/// JSON with its keys sorted.
fn sorted(text: &str) -> String {
    serde_json::from_str::<Value>(text).expect("JSON").to_string()
}

fn headers(vector: &Value) -> Vec<(&str, &str)> {
    let headers = vector["headers"].as_object().expect("headers");
    let pairs = headers.iter().map(|(name, values)| (name.as_str(), texts(values)));
    pairs.flat_map(|(name, values)| values.into_iter().map(move |value| (name, value))).collect()
}

fn time(value: &Value) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(value.as_u64().expect("seconds"))
}

#[test]
fn what_the_service_signs_verifies_with_each_secret_and_with_all() {
    for vector in vectors("signing") {
        let secrets = texts(&vector["secrets"]);
        let sets = secrets.iter().map(|secret| vec![*secret]).chain([secrets.clone()]);
        for set in sets {
            for tolerance in [Some(Duration::ZERO), None] {
                let verifier = Verifier::new(&set).expect("good secrets").tolerance(tolerance);
                let body = text(&vector, "body").as_bytes();
                let verified =
                    verifier.verify_at(body, headers(&vector), time(&vector["timestamp"]));
                let event = verified.unwrap_or_else(|error| panic!("{vector}: {error}"));
                assert_eq!(Value::from(event.json).to_string(), sorted(text(&vector, "body")));
            }
        }
    }
}

/// Outcome and header.
fn verify(vector: &Value) -> (String, String) {
    let tolerance = vector["tolerance_seconds"].as_u64().map(Duration::from_secs);
    let verifier = match Verifier::new(texts(&vector["secrets"])) {
        Ok(verifier) => verifier.tolerance(tolerance),
        Err(error) => return (error.code().to_owned(), String::new()),
    };
    let body = text(vector, "body").as_bytes();
    match verifier.verify_at(body, headers(vector), time(&vector["now"])) {
        Ok(_) => ("OK".to_owned(), String::new()),
        Err(error) => {
            let said = error.to_string();
            for secret in texts(&vector["secrets"]) {
                assert!(!said.contains(secret), "{said}");
            }
            (error.code().to_owned(), error.header().unwrap_or_default().to_owned())
        }
    }
}

#[test]
fn each_request_has_the_outcome_that_every_language_gives() {
    for vector in vectors("verifying") {
        let expected = (text(&vector, "outcome").to_owned(), text(&vector, "header").to_owned());
        assert_eq!(verify(&vector), expected, "{vector}");
    }
}

#[test]
fn a_body_that_is_no_event_names_the_field() {
    for vector in vectors("malformed") {
        let body = text(&vector, "body").as_bytes();
        let error = parse(body).map(|event| panic!("{vector}: {event:?}")).unwrap_err();
        assert_eq!(error.field(), text(&vector, "field"), "{vector}: {error}");
    }
}

#[test]
fn a_body_is_read_with_all_its_fields() {
    for vector in vectors("bodies") {
        let body: Value = serde_json::from_str(text(&vector, "body")).expect("JSON");
        let event = parse(text(&vector, "body").as_bytes()).expect("an event");
        assert_eq!(event.event_type, text(&body, "event"));
        assert_eq!(event.id, text(&body, "id"));
        assert_eq!(Value::from(event.json), body);
        assert_eq!(as_sent(&event.created_at), body["created_at"]);
        assert_eq!(fields_of(&event.data), body["data"], "{vector}");
    }
}

/// RFC 3339 with 0, 3, 6 or 9 digits after the second, as the service writes times.
fn as_sent(time: &DateTime<Utc>) -> Value {
    time.to_rfc3339_opts(SecondsFormat::AutoSi, true).into()
}

/// A number as JSON has it: 150.00 is 150 there.
fn number(value: f64) -> Value {
    serde_json::from_str(&value.to_string()).expect("a finite number")
}

/// The typed fields as JSON again, without those that are not set.
fn fields_of(data: &EventData) -> Value {
    let mut fields = match data {
        EventData::CustomerCreated(it) => json!({
            "customer_id": it.customer_id, "customer_name": it.customer_name, "email": it.email,
            "phone": it.phone,
        }),
        EventData::BookingCreated(it) => json!({
            "booking_id": it.booking_id, "customer_id": it.customer_id,
            "customer_name": it.customer_name, "service": it.service,
            "start_time": as_sent(&it.start_time), "end_time": as_sent(&it.end_time),
            "price": number(it.price),
        }),
        EventData::BookingCancelled(it) => json!({
            "booking_id": it.booking_id, "customer_id": it.customer_id,
            "customer_name": it.customer_name, "service": it.service,
            "start_time": as_sent(&it.start_time), "end_time": as_sent(&it.end_time),
            "reason": it.reason,
        }),
        EventData::BookingRescheduled(it) => json!({
            "booking_id": it.booking_id, "customer_id": it.customer_id,
            "customer_name": it.customer_name, "service": it.service,
            "previous_start_time": as_sent(&it.previous_start_time),
            "previous_end_time": as_sent(&it.previous_end_time),
            "start_time": as_sent(&it.start_time), "end_time": as_sent(&it.end_time),
        }),
        EventData::LeadQualified(it) => json!({
            "lead_id": it.lead_id, "lead_name": it.lead_name, "score": number(it.score),
            "threshold": number(it.threshold), "customer_id": it.customer_id,
        }),
        EventData::NoShowDetected(it) => json!({
            "booking_id": it.booking_id, "customer_id": it.customer_id,
            "customer_name": it.customer_name, "service": it.service,
            "start_time": as_sent(&it.start_time), "end_time": as_sent(&it.end_time),
        }),
        EventData::ReviewCreated(it) => json!({
            "review_id": it.review_id, "customer_id": it.customer_id,
            "customer_name": it.customer_name, "rating": it.rating, "booking_id": it.booking_id,
            "comment": it.comment,
        }),
        EventData::WorkflowTriggered(it) => json!({
            "workflow_id": it.workflow_id, "workflow_name": it.workflow_name,
            "trigger": it.trigger, "customer_id": it.customer_id, "booking_id": it.booking_id,
        }),
        EventData::Unknown(object) => return object.clone().into(),
        _ => panic!("a type that this test does not know: {data:?}"),
    };
    fields.as_object_mut().expect("an object").retain(|_, value| !value.is_null());
    fields
}
