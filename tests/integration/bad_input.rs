//! Bad input gets a clear error that names the field, and nothing is stored.

use bookora_webhooks::domain::event::EventType;
use bookora_webhooks::proto::publish_event_request::Data;
use bookora_webhooks::proto::{
    BatchPublishEventsRequest, BookingCreated, CreateEndpointRequest, DeliveryFilter, Endpoint,
    GetDeliveryRequest, GetEndpointRequest, GetEventRequest, ListDeliveriesRequest,
    ListEndpointsRequest, PublishEventRequest, ReviewCreated, UpdateEndpointRequest,
    WatchDeliveriesRequest,
};
use prost_types::{Duration, FieldMask, Timestamp};
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::deliveries::sample;
use crate::party::Receivers;
use crate::service::Service;

const ACCOUNT: &str = "acct_1";
const URL: &str = "https://hooks.example.com/in";

/// The paths that a refusal names.
#[track_caller]
fn violations(status: &Status, reason: &str) -> Vec<String> {
    assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
    let details = status.get_error_details();
    let info = details.error_info().expect("an error has its reason");
    assert_eq!((info.reason.as_str(), info.domain.as_str()), (reason, "webhooks.bookora"));
    let request = details.bad_request().expect("the fields are named");
    assert!(request.field_violations.iter().all(|one| !one.description.is_empty()));
    request.field_violations.iter().map(|violation| violation.field.clone()).collect()
}

fn endpoint() -> Endpoint {
    Endpoint { account_id: ACCOUNT.to_owned(), url: URL.to_owned(), ..Endpoint::default() }
}

fn texts<const N: usize>(texts: [&str; N]) -> Vec<String> {
    texts.iter().map(ToString::to_string).collect()
}

async fn assert_no_endpoints(service: &Service) {
    let request =
        ListEndpointsRequest { account_id: "-".to_owned(), ..ListEndpointsRequest::default() };
    let listed = service.admin().await.list_endpoints(request).await.unwrap().into_inner();
    assert!(listed.endpoints.is_empty(), "nothing was stored");
}

#[tokio::test]
async fn urls_that_are_not_public_https_are_refused() {
    let service = Service::start_strict();
    let mut admin = service.admin().await;
    let long = format!("https://hooks.example.com/{}", "x".repeat(2_048));
    for url in [
        "",
        "hooks.example.com",
        "http://hooks.example.com/",
        "ftp://hooks.example.com/",
        "https:hooks.example.com",
        "https:///hooks",
        "https://user@hooks.example.com/",
        "https://user:secret@hooks.example.com/",
        "https://hooks.example.com/#part",
        "https://hooks.example.com:0/",
        "https://hooks.example.com:65536/",
        "https://hooks/",
        "https://localhost/",
        "https://printer.local/",
        "https://db.internal/",
        "https://app.localhost/",
        "https://hooks.example.com./",
        "https:\\\\hooks.example.com\\",
        "https://hooks.exa\tmple.com/",
        "https://ho%6fks.example.com/",
        "https://10.0.0.1/",
        "https://172.16.0.1/",
        "https://192.168.1.1/",
        "https://169.254.169.254/latest/meta-data/",
        "https://100.64.0.1/",
        "https://0.0.0.0/",
        "https://255.255.255.255/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://0177.0.0.1/",
        "https://127.1/",
        "https://\u{ff11}\u{ff12}\u{ff17}.0.0.1/",
        "https://[::1]/",
        "https://[fd00::1]/",
        "https://[fe80::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://[64:ff9b::a00:1]/",
        "https://[2001:db8::1]/",
        long.as_str(),
    ] {
        let request = CreateEndpointRequest {
            endpoint: Some(Endpoint { url: url.to_owned(), ..endpoint() }),
            ..CreateEndpointRequest::default()
        };
        let status = admin.create_endpoint(request).await.expect_err(url);
        assert_eq!(violations(&status, "INVALID_FIELDS"), ["endpoint.url"], "{url}");
    }
    assert_no_endpoints(&service).await;
}

/// Duration of seconds.
fn wait(seconds: i64) -> Duration {
    Duration { seconds, nanos: 0 }
}

#[tokio::test]
async fn every_field_of_an_endpoint_is_checked() {
    let service = Service::start_strict();
    let mut admin = service.admin().await;
    let header = |name: &str, value: &str| Endpoint {
        headers: [(name.to_owned(), value.to_owned())].into(),
        ..endpoint()
    };
    let account = |account_id: &str| Endpoint { account_id: account_id.to_owned(), ..endpoint() };
    let schedule = |retry_schedule: Vec<Duration>| Endpoint { retry_schedule, ..endpoint() };
    let long_account = "a".repeat(65);
    let cases: Vec<(&str, Endpoint)> = vec![
        ("endpoint.account_id", account("")),
        ("endpoint.account_id", account("-")),
        ("endpoint.account_id", account("two words")),
        ("endpoint.account_id", account("konto_ä")),
        ("endpoint.account_id", account(&long_account)),
        (
            "endpoint.event_types[1]",
            Endpoint { event_types: texts(["booking.created", "booking.deleted"]), ..endpoint() },
        ),
        ("endpoint.event_types[0]", Endpoint { event_types: texts(["*"]), ..endpoint() }),
        (
            "endpoint.event_types",
            Endpoint { event_types: vec!["booking.*".to_owned(); 101], ..endpoint() },
        ),
        ("endpoint.description", Endpoint { description: "x".repeat(1_025), ..endpoint() }),
        ("endpoint.headers[\"Transfer-Encoding\"]", header("Transfer-Encoding", "chunked")),
        ("endpoint.headers[\"webhook-id\"]", header("webhook-id", "1")),
        ("endpoint.headers[\"X-Bookora-Signature\"]", header("X-Bookora-Signature", "1")),
        ("endpoint.headers[\"host\"]", header("host", "example.com")),
        ("endpoint.headers[\"x y\"]", header("x y", "1")),
        ("endpoint.headers[\"x-a\"]", header("x-a", "line\r\nbreak")),
        ("endpoint.headers[\"x-a\"]", header("x-a", &"v".repeat(1_025))),
        ("endpoint.retry_schedule", schedule(vec![wait(1); 11])),
        ("endpoint.retry_schedule[1]", schedule(vec![wait(1), wait(0)])),
        ("endpoint.retry_schedule[0]", schedule(vec![wait(-5)])),
        ("endpoint.retry_schedule[0]", schedule(vec![wait(86_401)])),
        ("endpoint.request_timeout", Endpoint { request_timeout: Some(wait(0)), ..endpoint() }),
        ("endpoint.request_timeout", Endpoint { request_timeout: Some(wait(31)), ..endpoint() }),
        ("endpoint.request_timeout", Endpoint { request_timeout: Some(wait(-1)), ..endpoint() }),
        ("endpoint.max_in_flight", Endpoint { max_in_flight: -1, ..endpoint() }),
        ("endpoint.max_in_flight", Endpoint { max_in_flight: 1_001, ..endpoint() }),
        (
            "endpoint.max_deliveries_per_second",
            Endpoint { max_deliveries_per_second: 10_001, ..endpoint() },
        ),
    ];
    for (field, endpoint) in cases {
        let request =
            CreateEndpointRequest { endpoint: Some(endpoint), ..CreateEndpointRequest::default() };
        let status = admin.create_endpoint(request).await.expect_err(field);
        assert_eq!(violations(&status, "INVALID_FIELDS"), [field]);
    }
    for (field, request) in [
        ("endpoint", CreateEndpointRequest::default()),
        (
            "request_id",
            CreateEndpointRequest {
                endpoint: Some(endpoint()),
                request_id: "not a uuid".to_owned(),
                ..CreateEndpointRequest::default()
            },
        ),
        (
            "secret",
            CreateEndpointRequest {
                endpoint: Some(endpoint()),
                secret: Some("short".to_owned()),
                ..CreateEndpointRequest::default()
            },
        ),
        (
            "secret",
            CreateEndpointRequest {
                endpoint: Some(endpoint()),
                secret: Some("whsec_this is no base64 at all".to_owned()),
                ..CreateEndpointRequest::default()
            },
        ),
    ] {
        let status = admin.create_endpoint(request).await.expect_err(field);
        assert_eq!(violations(&status, "INVALID_FIELDS"), [field]);
    }
    assert_no_endpoints(&service).await;
}

#[tokio::test]
async fn an_update_is_checked_and_changes_nothing_when_it_is_refused() {
    let service = Service::start_strict();
    let mut admin = service.admin().await;
    let request =
        CreateEndpointRequest { endpoint: Some(endpoint()), ..CreateEndpointRequest::default() };
    let created = admin.create_endpoint(request).await.unwrap().into_inner().endpoint.unwrap();
    let bad = Endpoint { url: "http://10.0.0.1/".to_owned(), max_in_flight: -1, ..created.clone() };
    for (paths, expected) in [
        (vec!["url", "max_in_flight"], vec!["endpoint.url", "endpoint.max_in_flight"]),
        (vec!["nonsense"], vec!["update_mask"]),
        (vec!["state"], vec!["update_mask"]),
        (vec!["account_id"], vec!["update_mask"]),
    ] {
        let paths = paths.iter().map(ToString::to_string).collect();
        let request = UpdateEndpointRequest {
            endpoint: Some(bad.clone()),
            update_mask: Some(FieldMask { paths }),
        };
        let status = admin.update_endpoint(request).await.unwrap_err();
        assert_eq!(violations(&status, "INVALID_FIELDS"), expected);
    }
    let request = GetEndpointRequest {
        account_id: ACCOUNT.to_owned(),
        endpoint_id: created.endpoint_id.clone(),
    };
    let after = admin.get_endpoint(request).await.unwrap().into_inner().endpoint.unwrap();
    assert_eq!(after, created);
}

fn booking(change: impl FnOnce(&mut BookingCreated)) -> PublishEventRequest {
    let mut request = sample(ACCOUNT, EventType::BookingCreated);
    if let Some(Data::BookingCreated(booking)) = &mut request.data {
        change(booking);
    }
    request
}

fn review(change: impl FnOnce(&mut ReviewCreated)) -> PublishEventRequest {
    let mut request = sample(ACCOUNT, EventType::ReviewCreated);
    if let Some(Data::ReviewCreated(review)) = &mut request.data {
        change(review);
    }
    request
}

#[expect(clippy::unnecessary_wraps, reason = "the fields are optional in the generated code")]
fn time(seconds: i64, nanos: i32) -> Option<Timestamp> {
    Some(Timestamp { seconds, nanos })
}

fn keyed(key: &str) -> PublishEventRequest {
    PublishEventRequest {
        idempotency_key: key.to_owned(),
        ..sample(ACCOUNT, EventType::BookingCreated)
    }
}

fn created_at(create_time: Option<Timestamp>) -> PublishEventRequest {
    PublishEventRequest { create_time, ..sample(ACCOUNT, EventType::BookingCreated) }
}

fn bad_events() -> Vec<(&'static str, PublishEventRequest)> {
    let of = |account_id: &str| sample(account_id, EventType::BookingCreated);
    vec![
        ("account_id", of("")),
        ("account_id", of("-")),
        ("account_id", of("a b")),
        ("idempotency_key", keyed("schlüssel")),
        ("idempotency_key", keyed("line\nbreak")),
        ("idempotency_key", keyed(&"k".repeat(257))),
        ("create_time", created_at(time(-1, 0))),
        ("create_time", created_at(time(4_102_444_800, 0))),
        ("create_time", created_at(time(0, -1))),
        ("booking_created.price", booking(|data| data.price = f64::NAN)),
        ("booking_created.price", booking(|data| data.price = f64::INFINITY)),
        ("booking_created.price", booking(|data| data.price = -0.01)),
        ("booking_created.booking_id", booking(|data| data.booking_id.clear())),
        ("booking_created.booking_id", booking(|data| data.booking_id = "b".repeat(257))),
        ("booking_created.customer_name", booking(|data| data.customer_name.clear())),
        ("booking_created.service", booking(|data| data.service = "s".repeat(1_025))),
        ("booking_created.start_time", booking(|data| data.start_time = None)),
        ("booking_created.end_time", booking(|data| data.end_time = None)),
        ("booking_created.end_time", booking(|data| data.end_time = time(0, 0))),
        ("booking_created.start_time", booking(|data| data.start_time = time(0, 1_000_000_000))),
        ("booking_created.end_time", booking(|data| data.end_time = time(253_402_300_800, 0))),
        ("review_created.rating", review(|data| data.rating = 0)),
        ("review_created.rating", review(|data| data.rating = 6)),
        ("review_created.comment", review(|data| data.comment = Some("c".repeat(8_193)))),
        ("review_created.booking_id", review(|data| data.booking_id = Some(String::new()))),
    ]
}

/// A service with an endpoint that would get whatever is stored.
async fn listening_service() -> (Service, crate::party::Party) {
    let receivers = Receivers::new();
    let party = receivers.start(0).await;
    let service = Service::start(&[&receivers.ca_argument()]);
    party.register(&service, party.endpoint(ACCOUNT)).await;
    (service, party)
}

async fn assert_no_deliveries(service: &Service) {
    let request =
        ListDeliveriesRequest { account_id: "-".to_owned(), ..ListDeliveriesRequest::default() };
    let listed = service.query().await.list_deliveries(request).await.unwrap().into_inner();
    assert!(listed.deliveries.is_empty(), "nothing was stored");
}

#[tokio::test]
async fn every_field_of_an_event_is_checked_and_nothing_of_a_bad_one_is_stored() {
    let (service, mut party) = listening_service().await;
    let mut ingest = service.ingest().await;
    for (field, request) in bad_events() {
        let status = ingest.publish_event(request.clone()).await.expect_err(field);
        assert_eq!(violations(&status, "INVALID_FIELDS"), [field]);

        // In a batch the path tells which, and the good ones beside it are not stored either.
        let mut requests = vec![sample(ACCOUNT, EventType::BookingCreated); 5];
        requests[3] = request;
        let request = BatchPublishEventsRequest { requests };
        let status = ingest.batch_publish_events(request).await.expect_err(field);
        assert_eq!(violations(&status, "INVALID_FIELDS"), [format!("requests[3].{field}")]);
    }
    assert_no_deliveries(&service).await;
    assert!(party.rest().is_empty());
}

#[tokio::test]
async fn an_event_without_data_is_of_an_unknown_type() {
    let (service, _party) = listening_service().await;
    let mut ingest = service.ingest().await;
    let empty = PublishEventRequest { data: None, ..sample(ACCOUNT, EventType::BookingCreated) };
    let status = ingest.publish_event(empty.clone()).await.unwrap_err();
    assert_eq!(violations(&status, "UNKNOWN_EVENT_TYPE"), ["data"]);
    let request = BatchPublishEventsRequest { requests: vec![empty] };
    let status = ingest.batch_publish_events(request).await.unwrap_err();
    assert_eq!(violations(&status, "UNKNOWN_EVENT_TYPE"), ["requests[0].data"]);
    assert_no_deliveries(&service).await;
}

#[tokio::test]
async fn a_batch_has_1_to_500_events_and_an_error_lists_at_most_25_fields() {
    let (service, _party) = listening_service().await;
    let mut ingest = service.ingest().await;
    for count in [0, 501] {
        let requests = vec![sample(ACCOUNT, EventType::BookingCreated); count];
        let request = BatchPublishEventsRequest { requests };
        let status = ingest.batch_publish_events(request).await.unwrap_err();
        assert_eq!(violations(&status, "INVALID_FIELDS"), ["requests"], "{count}");
    }
    let requests = vec![booking(|data| data.price = f64::NAN); 100];
    let request = BatchPublishEventsRequest { requests };
    let status = ingest.batch_publish_events(request).await.unwrap_err();
    assert_eq!(violations(&status, "INVALID_FIELDS").len(), 25);
    assert_no_deliveries(&service).await;
}

#[tokio::test]
async fn reads_are_checked_too() {
    let service = Service::start_strict();
    let mut query = service.query().await;
    let list = |change: fn(&mut ListDeliveriesRequest)| {
        let mut request = ListDeliveriesRequest {
            account_id: ACCOUNT.to_owned(),
            filter: Some(DeliveryFilter::default()),
            ..ListDeliveriesRequest::default()
        };
        change(&mut request);
        request
    };
    for (field, request) in [
        ("account_id", list(|request| request.account_id.clear())),
        ("page_size", list(|request| request.page_size = -1)),
        ("page_token", list(|request| request.page_token = "garbage".to_owned())),
        (
            "end_time",
            list(|request| {
                request.start_time = time(2_000, 0);
                request.end_time = time(1_000, 0);
            }),
        ),
        ("start_time", list(|request| request.start_time = time(-1, 0))),
        (
            "filter.endpoint_ids[0]",
            list(|request| {
                request.filter.as_mut().unwrap().endpoint_ids = texts(["ep_1"]);
            }),
        ),
        (
            "filter.event_ids[1]",
            list(|request| {
                let good = format!("evt_{}", "0".repeat(26));
                request.filter.as_mut().unwrap().event_ids = vec![good, "x".to_owned()];
            }),
        ),
        (
            "filter.event_types[0]",
            list(|request| {
                request.filter.as_mut().unwrap().event_types = texts(["booking.deleted"]);
            }),
        ),
        (
            "filter.event_types",
            list(|request| {
                request.filter.as_mut().unwrap().event_types =
                    vec!["booking.created".to_owned(); 101];
            }),
        ),
        ("filter.states[0]", list(|request| request.filter.as_mut().unwrap().states = vec![0])),
        ("filter.states[0]", list(|request| request.filter.as_mut().unwrap().states = vec![99])),
    ] {
        let status = query.list_deliveries(request).await.expect_err(field);
        assert_eq!(violations(&status, "INVALID_FIELDS"), [field]);
    }
    let watch = WatchDeliveriesRequest {
        account_id: ACCOUNT.to_owned(),
        ..WatchDeliveriesRequest::default()
    };
    for (field, request) in [
        (
            "heartbeat_interval",
            WatchDeliveriesRequest { heartbeat_interval: Some(wait(0)), ..watch.clone() },
        ),
        (
            "heartbeat_interval",
            WatchDeliveriesRequest { heartbeat_interval: Some(wait(61)), ..watch.clone() },
        ),
        (
            "resume_token",
            WatchDeliveriesRequest { resume_token: "garbage".to_owned(), ..watch.clone() },
        ),
    ] {
        let status = query.watch_deliveries(request).await.expect_err(field);
        assert_eq!(violations(&status, "INVALID_FIELDS"), [field]);
    }
}

#[tokio::test]
async fn a_token_is_good_only_for_what_it_was_given_for() {
    let (service, _party) = listening_service().await;
    let mut ingest = service.ingest().await;
    for _ in 0..3 {
        ingest.publish_event(sample(ACCOUNT, EventType::BookingCreated)).await.unwrap();
    }
    let mut query = service.query().await;
    let list = ListDeliveriesRequest {
        account_id: ACCOUNT.to_owned(),
        page_size: 1,
        ..ListDeliveriesRequest::default()
    };
    let first = query.list_deliveries(list.clone()).await.unwrap().into_inner();
    let page_token = first.next_page_token;
    assert!(!page_token.is_empty());
    for other in [
        ListDeliveriesRequest { account_id: "acct_2".to_owned(), ..list.clone() },
        ListDeliveriesRequest {
            filter: Some(DeliveryFilter { states: vec![3], ..DeliveryFilter::default() }),
            ..list.clone()
        },
    ] {
        let request = ListDeliveriesRequest { page_token: page_token.clone(), ..other };
        let status = query.list_deliveries(request).await.unwrap_err();
        assert_eq!(violations(&status, "INVALID_FIELDS"), ["page_token"]);
    }
    let request = ListEndpointsRequest {
        account_id: ACCOUNT.to_owned(),
        page_token,
        ..ListEndpointsRequest::default()
    };
    let status = service.admin().await.list_endpoints(request).await.unwrap_err();
    assert_eq!(violations(&status, "INVALID_FIELDS"), ["page_token"]);
    let request = WatchDeliveriesRequest {
        account_id: "acct_2".to_owned(),
        resume_token: first.watch_token,
        ..WatchDeliveriesRequest::default()
    };
    let status = query.watch_deliveries(request).await.unwrap_err();
    assert_eq!(violations(&status, "INVALID_FIELDS"), ["resume_token"]);
}

#[tokio::test]
async fn what_is_another_accounts_is_not_found_just_as_what_does_not_exist() {
    let (service, mut party) = listening_service().await;
    let published = service
        .ingest()
        .await
        .publish_event(sample(ACCOUNT, EventType::BookingCreated))
        .await
        .unwrap()
        .into_inner();
    let delivery_id = party.next().await.delivery_id;
    let list =
        ListEndpointsRequest { account_id: ACCOUNT.to_owned(), ..ListEndpointsRequest::default() };
    let listed = service.admin().await.list_endpoints(list).await.unwrap().into_inner();
    let endpoint_id = listed.endpoints[0].endpoint_id.clone();

    let mut query = service.query().await;
    let unknown = "0".repeat(26);
    for (kind, own) in
        [("evt_", &published.event_id), ("dlv_", &delivery_id), ("ep_", &endpoint_id)]
    {
        for id in [own.clone(), format!("{kind}{unknown}")] {
            let account_id = "acct_2".to_owned();
            let (status, reason) = match kind {
                "evt_" => {
                    let request = GetEventRequest { account_id, event_id: id.clone() };
                    (query.get_event(request).await.unwrap_err(), "EVENT_NOT_FOUND")
                }
                "dlv_" => {
                    let request =
                        GetDeliveryRequest { account_id, delivery_id: id.clone(), view: 0 };
                    (query.get_delivery(request).await.unwrap_err(), "DELIVERY_NOT_FOUND")
                }
                _ => {
                    let request = GetEndpointRequest { account_id, endpoint_id: id.clone() };
                    let status = service.admin().await.get_endpoint(request).await.unwrap_err();
                    (status, "ENDPOINT_NOT_FOUND")
                }
            };
            assert_eq!(status.code(), Code::NotFound);
            let details = status.get_error_details();
            assert_eq!(details.error_info().unwrap().reason, reason);
            assert_eq!(details.resource_info().unwrap().resource_name, id);
        }
    }
}
