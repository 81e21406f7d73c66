//! The vectors of `tests/vectors`, which the SDKs are tested with too: what is signed here is what
//! verifies there.

use bytes::Bytes;
use serde_json::Value;

use crate::domain::clock::Timestamp;
use crate::domain::endpoint_secrets::SigningSecrets;
use crate::domain::endpoint_url::EndpointUrl;
use crate::domain::header::EndpointHeaders;
use crate::domain::id::DeliveryId;
use crate::domain::random::SeededRandom;
use crate::domain::secret::Secret;
use crate::domain::trace_parent::TraceParent;
use crate::webhook::request::Webhook;
use crate::webhook::signature::{verify_bookora, verify_standard};

const VECTORS: &str = include_str!("../../../tests/vectors/webhooks.json");
const SIGNATURE_HEADERS: [&str; 5] = [
    "x-bookora-signature",
    "x-bookora-signature-previous",
    "webhook-id",
    "webhook-timestamp",
    "webhook-signature",
];

/// The vectors of one kind.
fn vectors(kind: &str) -> Vec<Value> {
    let mut all: Value = serde_json::from_str(VECTORS).expect("the file is JSON");
    let vectors = all[kind].take();
    vectors.as_array().filter(|vectors| !vectors.is_empty()).expect("there are some").clone()
}

fn text<'a>(vector: &'a Value, field: &str) -> &'a str {
    vector[field].as_str().unwrap_or_else(|| panic!("{field} of {vector} is a text"))
}

fn secrets(vector: &Value) -> Vec<Secret> {
    let texts = vector["secrets"].as_array().expect("a list of secrets").iter();
    texts.map(|text| Secret::parse(text.as_str().expect("a text")).expect("a secret")).collect()
}

#[test]
fn a_request_is_signed_as_the_vectors_say() {
    let random = SeededRandom::new(1);
    for vector in vectors("signing") {
        let secrets = secrets(&vector);
        let timestamp = vector["timestamp"].as_i64().expect("seconds");
        let webhook = Webhook {
            url: &EndpointUrl::parse("https://example.com/hooks", false).expect("a URL"),
            headers: &EndpointHeaders::default(),
            secrets: SigningSecrets { first: &secrets[0], second: secrets.get(1) },
            event_type: "no_show.detected",
            event_id: text(&vector, "id"),
            delivery_id: DeliveryId::new(Timestamp::from_unix_millis(0), &random),
            attempt: 1,
            trace_parent: &TraceParent::new(&random),
            body: Bytes::from(text(&vector, "body").to_owned()),
            // An attempt begins anywhere within its second.
            sent_at: Timestamp::from_unix_millis(timestamp * 1_000 + 999),
        };
        let request = webhook.sign();
        for name in SIGNATURE_HEADERS {
            let sent = request.headers().get(name).map(|value| value.to_str().expect("ASCII"));
            let expected = vector["headers"][name].as_str();
            assert_eq!(sent, expected, "{name} of {}", text(&vector, "name"));
        }
    }
}

#[test]
fn what_verifies_is_what_the_vectors_say() {
    let mut compared = 0;
    for vector in vectors("verifying") {
        let outcome = text(&vector, "outcome");
        if !["OK", "NO_MATCHING_SIGNATURE"].contains(&outcome) {
            continue;
        }
        let (body, headers) = (text(&vector, "body").as_bytes(), &vector["headers"]);
        let verifies = |secret: &Secret| match headers["webhook-signature"].as_str() {
            Some(signatures) => {
                let (id, time) = (text(headers, "webhook-id"), text(headers, "webhook-timestamp"));
                verify_standard(secret, id, time, body, signatures)
            }
            None => ["x-bookora-signature", "x-bookora-signature-previous"]
                .iter()
                .filter_map(|name| headers[name].as_str())
                .any(|signature| verify_bookora(secret, body, signature)),
        };
        let verified = secrets(&vector).iter().any(verifies);
        assert_eq!(verified, outcome == "OK", "{}", text(&vector, "name"));
        compared += 1;
    }
    assert!(compared >= 30, "{compared} were compared");
}
