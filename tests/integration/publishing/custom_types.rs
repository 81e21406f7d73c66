//! Types that an operator adds: what may be published, what is sent, and where else they are known.

use std::collections::BTreeMap;

use bookora_webhooks::domain::payload::PAYLOAD_BYTES_MAX;
use bookora_webhooks::proto::delivery::State;
use bookora_webhooks::proto::publish_event_request::Data;
use bookora_webhooks::proto::{
    CustomEvent, DeliveryFilter, DisableEndpointRequest, EnableEndpointRequest, Endpoint,
    GetEventRequest, ListDeliveriesRequest, ListEndpointsRequest, ListEventTypesRequest,
    PublishEventRequest, RecoverEndpointRequest, RecoveryKind, TestEndpointRequest,
    UpdateEndpointRequest,
};
use bytes::Bytes;
use prost::Message;
use prost_types::value::Kind;
use prost_types::{ListValue, Struct, Value};

use super::COUNT_EVENTS;
use crate::caller::{ACCOUNT, Caller, endpoint};
use crate::deliveries::delivery_in;
use crate::party::{Party, Receivers};
use crate::refusal::Refusal;
use crate::service::Service;

const ALLOWED: &str = "--custom-event-types=invoice.paid,crm.*";

fn of(kind: Kind) -> Value {
    Value { kind: Some(kind) }
}

fn text(text: &str) -> Value {
    of(Kind::StringValue(text.to_owned()))
}

fn number(number: f64) -> Value {
    of(Kind::NumberValue(number))
}

fn list(values: Vec<Value>) -> Value {
    of(Kind::ListValue(ListValue { values }))
}

fn structure<const N: usize>(fields: [(&str, Value); N]) -> Struct {
    Struct { fields: BTreeMap::from(fields.map(|(key, value)| (key.to_owned(), value))) }
}

fn object<const N: usize>(fields: [(&str, Value); N]) -> Value {
    of(Kind::StructValue(structure(fields)))
}

fn custom(event_type: &str, data: &Struct) -> PublishEventRequest {
    encoded(event_type, data.encode_to_vec().into())
}

fn encoded(event_type: &str, data: Bytes) -> PublishEventRequest {
    let event = CustomEvent { event_type: event_type.to_owned(), data: Some(data) };
    PublishEventRequest {
        account_id: ACCOUNT.to_owned(),
        data: Some(Data::Custom(event)),
        ..PublishEventRequest::default()
    }
}

async fn with_party(arguments: &[&str]) -> (Service, Caller, Party, String) {
    let receivers = Receivers::new();
    let ca = receivers.ca_argument();
    let service = Service::start(&[&[ca.as_str()], arguments].concat());
    let party = receivers.start(0).await;
    let caller = Caller::new(&service).await;
    (service, caller, party, ca)
}

#[tokio::test]
async fn an_allowed_type_is_sent_as_javascript_would_write_it() {
    let (service, mut caller, mut party, _) = with_party(&[ALLOWED]).await;
    let event_types = vec!["crm.*".to_owned()];
    party.register(&service, Endpoint { event_types, ..party.endpoint(ACCOUNT) }).await;
    let data = structure([
        ("b", number(150.0)),
        ("10", number(-0.0)),
        ("9", number(1e21)),
        ("é", text("\u{1}\"/é\u{2028}")),
        (
            "a",
            object([
                ("z", of(Kind::NullValue(0))),
                ("list", list(vec![number(1e-7), list(vec![])])),
            ]),
        ),
        ("", of(Kind::BoolValue(true))),
    ]);
    let published = caller.publish(custom("crm.contact.merged", &data)).await;
    assert_eq!(published.delivery_count, 1);
    let received = party.next().await;
    assert!(received.is_verified());
    assert_eq!(received.event_type, "crm.contact.merged");
    let body = std::str::from_utf8(&received.body).unwrap();
    let begin = format!(
        "{{\"event\":\"crm.contact.merged\",\"id\":\"{}\",\"created_at\":\"",
        published.event_id
    );
    let data = concat!(
        ",\"data\":{\"9\":1e+21,\"10\":0,\"\":true,",
        "\"a\":{\"list\":[1e-7,[]],\"z\":null},\"b\":150,\"é\":\"\\u0001\\\"/é\u{2028}\"}}"
    );
    assert!(body.starts_with(&begin) && body.ends_with(data), "{body}");
    let request =
        GetEventRequest { account_id: ACCOUNT.to_owned(), event_id: published.event_id.clone() };
    let event = caller.query.get_event(request).await.unwrap().into_inner().event.unwrap();
    assert_eq!((event.event_type.as_str(), event.payload.as_str()), ("crm.contact.merged", body));
    // Not what the endpoint wants.
    assert_eq!(caller.publish(custom("invoice.paid", &structure([]))).await.delivery_count, 0);
}

#[tokio::test]
async fn a_type_that_is_not_allowed_is_unknown_and_one_that_is_no_name_is_a_bad_field() {
    let service = Service::start(&[ALLOWED]);
    let mut caller = Caller::new(&service).await;
    let data = structure([]);
    for name in ["invoice.void", "crms.synced", "booking.archived"] {
        let refusal = caller.refusal(custom(name, &data)).await;
        assert_eq!(refusal.reason, "UNKNOWN_EVENT_TYPE", "{name}");
        assert_eq!(refusal.fields, ["custom.event_type"]);
    }
    for name in ["", "invoice", "invoice.*", "Invoice.Paid", "crm.", "booking.created"] {
        let refusal = caller.refusal(custom(name, &data)).await;
        assert_eq!(refusal, Refusal::of_field("custom.event_type"), "{name}");
    }
    let without = Service::start(&[]);
    let mut caller = Caller::new(&without).await;
    let refusal = caller.refusal(custom("invoice.paid", &data)).await;
    assert_eq!(refusal.reason, "UNKNOWN_EVENT_TYPE");
}

/// A struct that is so many deep: objects and arrays by turns.
fn nested(depth: usize) -> Struct {
    let inner = (1..depth).fold(None, |inner: Option<Value>, level| {
        Some(if level % 2 == 0 {
            object([("k", inner.unwrap_or_else(|| object([])))])
        } else {
            list(inner.into_iter().collect())
        })
    });
    structure([("k", inner.unwrap_or_else(|| number(0.0)))])
}

#[tokio::test]
async fn data_that_cannot_be_sent_is_refused_by_its_path_and_nothing_is_stored() {
    let service = Service::start(&[ALLOWED]);
    let mut caller = Caller::new(&service).await;
    caller.register(endpoint(ACCOUNT)).await;
    let before = caller.stored().await;
    let unset = Value { kind: None };
    for (data, path) in [
        (structure([("price", number(f64::NAN))]), "custom.data.price"),
        (
            structure([("items", list(vec![number(1.0), object([("n", number(f64::INFINITY))])]))]),
            "custom.data.items[1].n",
        ),
        (structure([("two words", number(f64::NEG_INFINITY))]), "custom.data[\"two words\"]"),
        (structure([("__proto__", number(1.0))]), "custom.data.__proto__"),
        (structure([("a", object([("b", unset)]))]), "custom.data.a.b"),
    ] {
        let refusal = caller.refusal(custom("invoice.paid", &data)).await;
        assert_eq!(refusal, Refusal::of_field(path));
    }
    let refusal = caller.refusal(custom("invoice.paid", &nested(65))).await;
    assert!(refusal.fields[0].starts_with("custom.data.k.k[0].k"), "{refusal:?}");
    for data in [None, Some(Bytes::from_static(b"\x0a\xff"))] {
        let mut request = custom("invoice.paid", &structure([]));
        let Some(Data::Custom(event)) = &mut request.data else { unreachable!() };
        event.data = data;
        assert_eq!(caller.refusal(request).await, Refusal::of_field("custom.data"));
    }
    assert_eq!(caller.stored().await, before);
    assert_eq!(caller.publish(custom("invoice.paid", &nested(64))).await.delivery_count, 1);
}

#[tokio::test]
async fn a_payload_is_at_most_256_kib_and_one_that_is_larger_is_told_its_size() {
    let service = Service::start(&[ALLOWED]);
    let mut caller = Caller::new(&service).await;
    let of_bytes = |bytes: usize| PublishEventRequest {
        create_time: Some(prost_types::Timestamp { seconds: 0, nanos: 0 }),
        ..custom("invoice.paid", &structure([("t", text(&"x".repeat(bytes)))]))
    };
    let frame = "{\"event\":\"invoice.paid\",\"id\":\"evt_00000000000000000000000000\",\
                 \"created_at\":\"1970-01-01T00:00:00Z\",\"data\":{\"t\":\"\"}}";
    let longest = PAYLOAD_BYTES_MAX - frame.len();
    caller.publish(of_bytes(longest)).await;
    let status = caller.ingest.publish_event(of_bytes(longest + 1)).await.unwrap_err();
    assert_eq!(Refusal::read(&status), Refusal::of_field("custom.data"));
    assert!(status.message().contains("262145 bytes, at most 262144"), "{}", status.message());
    // Far too long to be looked into.
    let status = caller.ingest.publish_event(of_bytes(3 << 20)).await.unwrap_err();
    assert_eq!(Refusal::read(&status), Refusal::of_field("custom.data"));
    assert!(status.message().contains("at most 262144"), "{}", status.message());
    let longest = format!("{COUNT_EVENTS} WHERE LENGTH(payload) = {PAYLOAD_BYTES_MAX}");
    assert_eq!(service.ask_database(&longest).await, 1);
    assert_eq!(service.ask_database(COUNT_EVENTS).await, 1);
}

/// A struct as another client may encode it: its fields in the order given.
fn in_order(fields: &[(&str, Value)]) -> Bytes {
    let encode = |(key, value): &(&str, Value)| structure([(*key, value.clone())]).encode_to_vec();
    fields.iter().flat_map(encode).collect::<Vec<_>>().into()
}

#[tokio::test]
async fn one_content_in_another_encoding_is_a_duplicate() {
    let service = Service::start(&[ALLOWED]);
    let mut caller = Caller::new(&service).await;
    let keyed = |data| PublishEventRequest {
        idempotency_key: "key".to_owned(),
        ..encoded("invoice.paid", data)
    };
    let (a, b) = (("a", number(0.0)), ("b", text("x")));
    let first = caller.publish(keyed(in_order(&[a.clone(), b.clone()]))).await;
    let again = caller.publish(keyed(in_order(&[b.clone(), ("a", number(-0.0))]))).await;
    assert_eq!((again.event_id, again.duplicate), (first.event_id, true));
    let other = caller.refusal(keyed(in_order(&[a]))).await;
    assert_eq!(other.reason, "IDEMPOTENCY_KEY_REUSED");
    let twice = caller.refusal(encoded("invoice.paid", in_order(&[b.clone(), b]))).await;
    assert_eq!(twice, Refusal::of_field("custom.data.b"));
}

#[tokio::test]
async fn types_that_are_allowed_by_name_are_listed_with_an_empty_example() {
    let service = Service::start(&["--custom-event-types=invoice.paid,crm.*,booking.archived"]);
    let mut caller = Caller::new(&service).await;
    let request = ListEventTypesRequest::default();
    let listed = caller.admin.list_event_types(request).await.unwrap().into_inner().event_types;
    let names: Vec<_> = listed.iter().map(|listed| listed.name.as_str()).collect();
    assert!(names.is_sorted() && names.len() == 10, "{names:?}");
    for name in ["invoice.paid", "booking.archived"] {
        let listed = listed.iter().find(|listed| listed.name == name).expect(name);
        assert!(listed.description.starts_with("Added by the operator"));
        let begin = format!("{{\"event\":\"{name}\",\"id\":\"evt_");
        assert!(listed.example.starts_with(&begin) && listed.example.ends_with(",\"data\":{}}"));
    }
    let mut request = ListEventTypesRequest { page_size: 3, ..ListEventTypesRequest::default() };
    let mut paged = Vec::new();
    loop {
        let page = caller.admin.list_event_types(request.clone()).await.unwrap().into_inner();
        paged.extend(page.event_types);
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    assert_eq!(paged, listed);
}

#[tokio::test]
async fn an_endpoint_subscribes_to_what_is_allowed_and_is_tested_with_it() {
    let (service, mut caller, mut party, _) = with_party(&[ALLOWED]).await;
    for (entry, fits) in [
        ("invoice.paid", true),
        ("invoice.*", true),
        ("crm.*", true),
        ("crm.contact.merged", true),
        ("crm.contact.*", true),
        ("invoice.void", false),
        ("crms.*", false),
        ("crm", false),
    ] {
        let asked = Endpoint { event_types: vec![entry.to_owned()], ..endpoint(ACCOUNT) };
        if fits {
            assert_eq!(caller.register(asked).await.event_types, [entry]);
        } else {
            let request = bookora_webhooks::proto::CreateEndpointRequest {
                endpoint: Some(asked),
                ..Default::default()
            };
            let refusal = caller.refusal(request).await;
            assert_eq!(refusal, Refusal::of_field("endpoint.event_types[0]"), "{entry}");
        }
    }
    let tested = party.register(&service, party.endpoint(ACCOUNT)).await;
    let test = |event_type: &str| TestEndpointRequest {
        account_id: ACCOUNT.to_owned(),
        endpoint_id: tested.endpoint_id.clone(),
        event_type: event_type.to_owned(),
    };
    for name in ["invoice.paid", "crm.contact.merged"] {
        caller.admin.test_endpoint(test(name)).await.unwrap();
        let received = party.next().await;
        assert!(received.is_verified());
        assert_eq!(received.event_type, name);
        assert!(received.body.ends_with(b",\"data\":{}}"));
    }
    for name in ["invoice.void", "invoice", "crm.*"] {
        let refusal = caller.refusal(test(name)).await;
        assert_eq!(refusal, Refusal::of_field("event_type"), "{name}");
    }
}

/// The deliveries of a type.
async fn of_type(caller: &mut Caller, event_type: &str) -> usize {
    let filter =
        DeliveryFilter { event_types: vec![event_type.to_owned()], ..DeliveryFilter::default() };
    let request = ListDeliveriesRequest {
        account_id: ACCOUNT.to_owned(),
        filter: Some(filter),
        ..ListDeliveriesRequest::default()
    };
    caller.deliveries(request).await.len()
}

#[tokio::test]
async fn what_is_stored_stays_valid_when_less_is_allowed() {
    let (mut service, mut caller, mut party, ca) = with_party(&[ALLOWED]).await;
    let event_types = vec!["invoice.paid".to_owned(), "crm.*".to_owned()];
    let asked = Endpoint { event_types: event_types.clone(), ..party.endpoint(ACCOUNT) };
    let registered = party.register(&service, asked).await;
    let id = || (registered.account_id.clone(), registered.endpoint_id.clone());
    let (account_id, endpoint_id) = id();
    let disable = DisableEndpointRequest { account_id, endpoint_id, reason: String::new() };
    caller.admin.disable_endpoint(disable).await.unwrap();
    let missed = caller.publish(custom("invoice.paid", &structure([("n", number(1.0))]))).await;
    let (account_id, endpoint_id) = id();
    let enable = EnableEndpointRequest { account_id, endpoint_id };
    caller.admin.enable_endpoint(enable).await.unwrap();

    service.terminate();
    assert!(service.ended().await.success());
    service.change_arguments(&[&ca]);
    service.restart();
    let mut caller = Caller::new(&service).await;
    assert_eq!(caller.endpoint(&registered).await.event_types, event_types);
    let (account_id, endpoint_id) = id();
    let update = UpdateEndpointRequest {
        endpoint: Some(Endpoint {
            account_id,
            endpoint_id,
            description: "as before".to_owned(),
            event_types: event_types.clone(),
            ..Endpoint::default()
        }),
        update_mask: Some(prost_types::FieldMask { paths: vec!["description".to_owned()] }),
    };
    caller.admin.update_endpoint(update.clone()).await.unwrap();
    let paths = vec!["event_types".to_owned()];
    let update =
        UpdateEndpointRequest { update_mask: Some(prost_types::FieldMask { paths }), ..update };
    let refusal = caller.refusal(update).await;
    assert_eq!(refusal, Refusal::of_field("endpoint.event_types[0]"));
    let list = ListEndpointsRequest {
        account_id: ACCOUNT.to_owned(),
        event_type: "crm.contact.merged".to_owned(),
        ..ListEndpointsRequest::default()
    };
    let listed = caller.admin.list_endpoints(list).await.unwrap().into_inner().endpoints;
    assert_eq!(listed.len(), 1);
    let refusal = caller.refusal(custom("invoice.paid", &structure([]))).await;
    assert_eq!(refusal.reason, "UNKNOWN_EVENT_TYPE");

    // What was missed of the type is recovered, sent and found.
    assert_eq!(of_type(&mut caller, "invoice.paid").await, 0);
    let (account_id, endpoint_id) = id();
    let recover = RecoverEndpointRequest {
        account_id,
        endpoint_id,
        start_time: Some(prost_types::Timestamp { seconds: 0, nanos: 0 }),
        include: vec![RecoveryKind::Missed.into()],
        ..RecoverEndpointRequest::default()
    };
    let recovered = caller.admin.recover_endpoint(recover).await.unwrap().into_inner();
    assert_eq!(recovered.delivery_count, 1);
    let received = party.next().await;
    assert_eq!(
        (received.event_id, received.event_type.as_str()),
        (missed.event_id.clone(), "invoice.paid")
    );
    assert!(received.body.ends_with(b",\"data\":{\"n\":1}}"));
    delivery_in(&service, &missed.event_id, State::Succeeded).await;
    assert_eq!(of_type(&mut caller, "invoice.paid").await, 1);
    assert_eq!(of_type(&mut caller, "invoice.void").await, 0, "a name without events matches none");
}
