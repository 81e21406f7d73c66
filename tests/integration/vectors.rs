//! The bodies of `tests/vectors`, which every SDK reads as well: what is published arrives as the
//! vector says, byte for byte.

use std::collections::HashMap;

use bookora_webhooks::proto::{DESCRIPTORS, PublishEventRequest};
use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage};
use serde_json::Value;

use crate::body_writer::round_trip;
use crate::caller::Caller;
use crate::node;
use crate::party::Receivers;
use crate::service::Service;

const VECTORS: &str = include_str!("../vectors/webhooks.json");
const REQUEST: &str = "bookora.webhooks.v1.PublishEventRequest";

/// What is published, the id that the vector's event has, and the vector's body.
struct BodyVector {
    request: PublishEventRequest,
    event_id: String,
    body: String,
}

impl BodyVector {
    fn all() -> Vec<Self> {
        let pool =
            DescriptorPool::decode(DESCRIPTORS).expect("the program's descriptors are whole");
        let descriptor = pool.get_message_by_name(REQUEST).expect("the contract has it");
        let file: Value = serde_json::from_str(VECTORS).expect("the file is JSON");
        let vectors = file["bodies"].as_array().expect("a list").iter();
        let read = vectors.map(|vector| {
            let request = DynamicMessage::deserialize(descriptor.clone(), &vector["request"]);
            let request = request.expect("proto JSON of the request").encode_to_vec();
            let text = |field: &str| vector[field].as_str().expect("a text").to_owned();
            Self {
                request: PublishEventRequest::decode(&*request).expect("a request"),
                event_id: text("id"),
                body: text("body"),
            }
        });
        read.collect()
    }
}

#[tokio::test]
async fn every_event_arrives_with_the_body_of_its_vector() {
    let receivers = Receivers::new();
    let mut party = receivers.start(0).await;
    let service = Service::start(&[&receivers.ca_argument(), "--custom-event-types=invoice.*"]);
    let mut caller = Caller::new(&service).await;
    party.register(&service, party.endpoint("acct_1")).await;
    let vectors = BodyVector::all();
    assert!(vectors.len() >= 25, "{} vectors", vectors.len());

    let mut expected = HashMap::new();
    for BodyVector { request, event_id, body } in vectors {
        let published = caller.publish(request).await;
        expected.insert(published.event_id.clone(), body.replace(&event_id, &published.event_id));
    }
    while !expected.is_empty() {
        let received = party.next().await;
        assert!(received.is_verified());
        let body = expected.remove(&received.event_id).expect("each comes once");
        assert_eq!(std::str::from_utf8(&received.body), Ok(&*body));
    }
}

#[test]
fn node_writes_the_body_of_each_vector_back_as_it_was() {
    let Some(node) = node::require() else { return };
    let bodies: Vec<_> = BodyVector::all().into_iter().map(|vector| vector.body).collect();
    let count = bodies.len();
    let report = round_trip(node, bodies.into_iter());
    assert_eq!(report["mismatches"], 0, "{:#}", report["first"]);
    assert_eq!(report["lines"], count);
}
