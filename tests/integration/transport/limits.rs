//! Callers that ask for more than there is: each limit, reached over real sockets, with a caller
//! beside it that is served.

use std::time::Duration;

use bookora_webhooks::domain::event::EventType;
use bookora_webhooks::proto::{
    BatchPublishEventsRequest, Endpoint, ListEndpointsRequest, ListEventTypesRequest,
};
use prost::Message;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tonic::metadata::MetadataValue;
use tonic::{Code, Request, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tonic_types::StatusExt;

use super::wire::{
    self, CANCEL, CONTINUATION, DATA, END_HEADERS, END_STREAM, ENHANCE_YOUR_CALM, Frame, GOAWAY,
    HEADERS, INITIAL_WINDOW_SIZE, PING, REFUSED_STREAM, RST_STREAM, SETTINGS, Wire, stream_id,
};
use crate::caller::{ACCOUNT, Caller, PAGE_MAX, endpoint};
use crate::deliveries::sample;
use crate::refusal::Refusal;
use crate::service::{PATIENCE, Service, eventually};
use crate::watches::{Watcher, watch_request};

/// Calls at once on one connection.
const STREAMS_PER_CONNECTION: usize = 100;
/// Unary calls at once.
const CALLS_MAX: usize = 256;
/// Streams at once.
const STREAMS_MAX: usize = 1_024;

const PUBLISH: &str = "/bookora.webhooks.v1.EventIngest/PublishEvent";
const LIST_EVENT_TYPES: &str = "/bookora.webhooks.v1.EndpointAdmin/ListEventTypes";

/// How much more memory a flood may take up, in bytes; far less than what was sent.
const FLOOD_BYTES_MAX: u64 = 32 * 1024 * 1024;

/// A caller beside a flood is served.
async fn is_served(service: &Service) {
    let answer = service.admin().await.list_event_types(ListEventTypesRequest::default()).await;
    answer.expect("others are served");
}

/// Opens calls whose request never comes.
async fn open_calls(wire: &mut Wire, path: &str, count: usize) {
    let head = wire::head(path, &[]);
    let opened: Vec<u8> = (0..count)
        .flat_map(|number| wire::frame(HEADERS, END_HEADERS, stream_id(number), &head))
        .collect();
    assert!(wire.send(&opened).await, "they are taken");
}

/// Calls under way, as many as may be, on connections whose requests never come.
async fn hold_all_calls(service: &Service) -> Vec<Wire> {
    let mut holding = Vec::new();
    for held in (0..CALLS_MAX).step_by(STREAMS_PER_CONNECTION) {
        let mut wire = Wire::open(service, &[]).await;
        let count = STREAMS_PER_CONNECTION.min(CALLS_MAX - held);
        open_calls(&mut wire, PUBLISH, count).await;
        holding.push(wire);
    }
    holding
}

fn is_overloaded(status: &Status) {
    let refusal = Refusal::read(status);
    assert_eq!((refusal.code, &*refusal.reason), (Code::Unavailable, "OVERLOADED"));
    assert!(status.get_error_details().retry_info().unwrap().retry_delay.unwrap().as_secs() >= 1);
    assert_eq!(status.metadata().get("grpc-retry-pushback-ms").unwrap(), "1000");
}

#[tokio::test]
async fn a_connection_has_100_calls_at_once_and_one_more_is_refused_alone() {
    let service = Service::start(&[]);
    let mut wire = Wire::open(&service, &[]).await;
    open_calls(&mut wire, PUBLISH, STREAMS_PER_CONNECTION + 1).await;
    let reset = wire.find(|frame| frame.kind == RST_STREAM).await.expect("it goes on");
    assert_eq!(reset.stream, stream_id(STREAMS_PER_CONNECTION));
    assert_eq!(reset.code(), REFUSED_STREAM);
    let first = wire::frame(RST_STREAM, 0, stream_id(0), &CANCEL.to_be_bytes());
    let last = stream_id(STREAMS_PER_CONNECTION + 1);
    let next = wire::frame(HEADERS, END_HEADERS | END_STREAM, last, &wire::head(PUBLISH, &[]));
    assert!(wire.send(&[first, next].concat()).await);
    let answer = wire.find(|frame| frame.stream == last).await.expect("it goes on");
    assert_eq!(answer.kind, HEADERS, "there is room again");
}

#[tokio::test]
async fn headers_of_more_than_8_kib_are_refused_and_the_connection_goes_on() {
    let service = Service::start(&[]);
    let mut admin = service.admin().await;
    let mut list = async |bytes| {
        let mut request = Request::new(ListEventTypesRequest::default());
        let value: MetadataValue<_> = "x".repeat(bytes).parse().unwrap();
        request.metadata_mut().insert("padding", value);
        admin.list_event_types(request).await
    };
    assert!(list(7_000).await.is_ok());
    assert!(list(9_000).await.is_err());
    assert!(list(7_000).await.is_ok());
}

#[tokio::test]
async fn a_flood_of_headers_ends_its_connection() {
    const FRAMES: usize = 10_000;
    let service = Service::start(&[]);
    is_served(&service).await;
    let before = service.resident_bytes();
    let mut wire = Wire::open(&service, &[]).await;
    let mut is_open = wire.send(&wire::frame(HEADERS, 0, 1, &wire::head(PUBLISH, &[]))).await;
    let more: Vec<u8> = (0..100).flat_map(|_| wire::field("padding", &"x".repeat(100))).collect();
    let mut sent = 0;
    while is_open && sent < FRAMES {
        is_open = wire.send(&wire::frame(CONTINUATION, 0, 1, &more)).await;
        sent += 1;
    }
    if is_open {
        assert!(wire.find(|_| false).await.is_none(), "it is ended");
    }
    is_served(&service).await;
    let grown = service.resident_bytes().saturating_sub(before);
    assert!(grown < FLOOD_BYTES_MAX, "{grown} bytes more after {sent} frames");
}

#[tokio::test]
async fn requests_are_at_most_1_mib_and_of_publishers_8_mib() {
    let service = Service::start(&[]);
    let mut caller = Caller::new(&service).await;
    let before = caller.stored().await;
    let too_large = |bytes| Endpoint { description: "x".repeat(bytes), ..endpoint(ACCOUNT) };
    let request = |bytes| bookora_webhooks::proto::CreateEndpointRequest {
        endpoint: Some(too_large(bytes)),
        ..bookora_webhooks::proto::CreateEndpointRequest::default()
    };
    let refusal = caller.refusal(request(1024 * 1024)).await;
    assert_eq!((refusal.code, &*refusal.reason), (Code::OutOfRange, "MESSAGE_TOO_LARGE"));
    let refusal = caller.refusal(request(1024 * 1024 - 1024)).await;
    assert_eq!(refusal.reason, "INVALID_FIELDS", "it is read, and says too much");
    let batch = |bytes| {
        let mut event = sample(ACCOUNT, EventType::LeadQualified);
        event.idempotency_key = "x".repeat(bytes);
        BatchPublishEventsRequest { requests: vec![event] }
    };
    let refusal = caller.refusal(batch(8 * 1024 * 1024)).await;
    assert_eq!((refusal.code, &*refusal.reason), (Code::OutOfRange, "MESSAGE_TOO_LARGE"));
    let refusal = caller.refusal(batch(8 * 1024 * 1024 - 1024)).await;
    assert_eq!(refusal.reason, "INVALID_FIELDS", "it is read, and says too much");
    assert_eq!(caller.stored().await, before, "nothing is stored");
}

#[tokio::test]
async fn no_answer_is_larger_than_4_mib() {
    const ENDPOINTS: usize = 700;
    const ANSWER_BYTES_MAX: usize = 4 * 1024 * 1024;
    let service = Service::start(&[]);
    let mut caller = Caller::new(&service).await;
    let headers = (0..20).map(|number| (format!("x-padding-{number}"), "x".repeat(400))).collect();
    let large = Endpoint { headers, ..endpoint(ACCOUNT) };
    let bytes = caller.register(large.clone()).await.encoded_len();
    assert!(bytes * ENDPOINTS > ANSWER_BYTES_MAX, "they are more together");
    caller.register_many(&large, ENDPOINTS - 1).await;
    let request = ListEndpointsRequest {
        account_id: ACCOUNT.to_owned(),
        page_size: PAGE_MAX,
        ..ListEndpointsRequest::default()
    };
    // What is cut into pages is below; what is not must not go out.
    match caller.admin.list_endpoints(request).await {
        Ok(page) => assert!(page.into_inner().encoded_len() <= ANSWER_BYTES_MAX),
        Err(status) => {
            let refusal = Refusal::read(&status);
            assert_eq!((refusal.code, &*refusal.reason), (Code::OutOfRange, "MESSAGE_TOO_LARGE"));
        }
    }
}

#[tokio::test]
async fn ten_thousand_streams_that_are_opened_and_reset_end_their_connection_and_cost_nothing() {
    const STREAMS: usize = 10_000;
    let service = Service::start(&[]);
    is_served(&service).await;
    let before = service.resident_bytes();
    let mut wire = Wire::open(&service, &[]).await;
    let head = wire::head(PUBLISH, &[]);
    let flood: Vec<u8> = (0..STREAMS)
        .flat_map(|number| {
            let opened = wire::frame(HEADERS, END_HEADERS, stream_id(number), &head);
            let reset = wire::frame(RST_STREAM, 0, stream_id(number), &CANCEL.to_be_bytes());
            [opened, reset].concat()
        })
        .collect();
    // It may be ended before all of it is taken.
    wire.send(&flood).await;
    if let Some(goaway) = wire.find(|frame| frame.kind == GOAWAY).await {
        assert_eq!(goaway.code(), ENHANCE_YOUR_CALM);
    }
    assert!(wire.find(|_| false).await.is_none(), "it is ended");
    is_served(&service).await;
    let mut caller = Caller::new(&service).await;
    caller.publish(sample(ACCOUNT, EventType::LeadQualified)).await;
    let grown = service.resident_bytes().saturating_sub(before);
    assert!(grown < FLOOD_BYTES_MAX, "{grown} bytes more");
}

/// Sends the same frames on and on, and reads nothing, until nothing more is taken.
async fn flood_without_reading(service: &Service, frames: &[u8]) -> Wire {
    const BYTES_MAX: usize = 256 * 1024 * 1024;
    let mut wire = Wire::open(service, &[]).await;
    let mut sent = 0;
    while sent < BYTES_MAX {
        let sending = tokio::time::timeout(Duration::from_secs(2), wire.send(frames));
        match sending.await {
            Ok(true) => sent += frames.len(),
            // It was ended, or nothing more of it is read: both bound what it costs.
            Ok(false) | Err(_) => return wire,
        }
    }
    panic!("{sent} bytes were taken of a caller that reads nothing")
}

#[tokio::test]
async fn floods_of_pings_and_settings_whose_answers_nobody_reads_come_to_a_stop() {
    let service = Service::start(&[]);
    is_served(&service).await;
    let before = service.resident_bytes();
    let mut floods = Vec::new();
    for one in [wire::frame(PING, 0, 0, &[7; 8]), wire::frame(SETTINGS, 0, 0, &[])] {
        floods.push(flood_without_reading(&service, &one.repeat(4_096)).await);
        is_served(&service).await;
    }
    let grown = service.resident_bytes().saturating_sub(before);
    assert!(grown < FLOOD_BYTES_MAX, "{grown} bytes more");
}

#[tokio::test]
async fn an_old_connection_is_told_to_end_and_finishes_what_is_under_way() {
    let service = Service::start(&["--connection-age=2s"]);
    let mut wire = Wire::open(&service, &[]).await;
    let head = wire::head(LIST_EVENT_TYPES, &[]);
    assert!(wire.send(&wire::frame(HEADERS, END_HEADERS, 1, &head)).await);
    let goaway = wire.find(|frame| frame.kind == GOAWAY).await.expect("it is told");
    assert_eq!(goaway.code(), 0, "it did nothing wrong");
    // The server makes sure that it was heard, then ends with the last call.
    let ping = wire.find(|frame| frame.kind == PING).await.expect("it goes on");
    assert!(wire.send(&wire::frame(PING, wire::ACK, 0, &ping.payload)).await);
    let request = wire::message(&ListEventTypesRequest::default().encode_to_vec());
    assert!(wire.send(&wire::frame(DATA, END_STREAM, 1, &request)).await);
    let is_answer = |frame: &Frame| frame.kind == DATA && frame.stream == 1;
    assert!(wire.find(is_answer).await.is_some(), "the call is answered");
    assert!(wire.find(|_| false).await.is_none(), "then it ends");

    let mut watcher = Watcher::open(&service, watch_request()).await;
    let channel = service.channel().await;
    let mut caller = Caller::on(channel);
    // A client goes over to another connection, and a watch keeps its own.
    let publishing = async {
        loop {
            let event = sample(ACCOUNT, EventType::LeadQualified);
            // One that had not been sent yet when the connection ended is the client's to try again.
            if let Err(status) = caller.ingest.publish_event(event).await {
                assert!(std::error::Error::source(&status).is_some(), "{status:?}");
            }
        }
    };
    assert!(tokio::time::timeout(Duration::from_secs(5), publishing).await.is_err());
    caller.publish(sample(ACCOUNT, EventType::LeadQualified)).await;
    watcher.next().await.expect("it goes on");
}

#[tokio::test]
async fn connections_beyond_the_limit_are_closed_at_once_until_one_ends() {
    let service = Service::start(&["--max-connections=3"]);
    let mut open = Vec::new();
    for _ in 0..3 {
        let mut wire = Wire::open(&service, &[]).await;
        assert!(wire.next().await.is_some(), "it is served");
        open.push(wire);
    }
    let mut refused = TcpStream::connect(service.address()).await.unwrap();
    let end = tokio::time::timeout(PATIENCE, refused.read(&mut [0; 1])).await;
    assert!(matches!(end, Ok(Ok(0) | Err(_))), "it is closed");
    service.logged(&["WARN", "as many connections are open as may be", "refused=1"]).await;
    open.pop();
    let served = async || {
        let endpoint =
            tonic::transport::Channel::from_shared(format!("http://{}", service.address()));
        let channel = endpoint.unwrap().connect().await.ok()?;
        Caller::on(channel).admin.list_event_types(ListEventTypesRequest::default()).await.ok()
    };
    eventually("there is room for another", served).await;
}

#[tokio::test]
async fn calls_whose_requests_never_come_are_ended_and_those_beyond_the_limit_are_told_to_wait() {
    let service = Service::start(&[]);
    let mut caller = Caller::new(&service).await;
    let mut holding = hold_all_calls(&service).await;
    // A call beside them may have had a place when the last of them came.
    let mut last = Wire::open(&service, &[]).await;
    let head = wire::head(PUBLISH, &[]);
    let mut more = (0..).map(stream_id);
    let refused = eventually("as many calls are under way as may be", async || {
        let next = more.next().expect("it has no end");
        assert!(last.send(&wire::frame(HEADERS, END_HEADERS, next, &head)).await);
        caller.ingest.publish_event(sample(ACCOUNT, EventType::LeadQualified)).await.err()
    });
    is_overloaded(&refused.await);
    let status = caller.admin.list_event_types(ListEventTypesRequest::default()).await;
    is_overloaded(&status.expect_err("reads are calls too"));
    let mut health = HealthClient::new(service.channel().await);
    health.check(HealthCheckRequest::default()).await.expect("health is told under any load");
    let mut watcher = Watcher::open(&service, watch_request()).await;
    watcher.next().await.expect("streams are counted apart");

    for wire in &mut holding {
        // By its deadline, and on a connection that goes on.
        let is_answer = |frame: &Frame| frame.kind == HEADERS;
        wire.find(is_answer).await.expect("it is answered");
    }
    let is_free =
        async || caller.ingest.publish_event(sample(ACCOUNT, EventType::LeadQualified)).await.ok();
    eventually("the places are free again", is_free).await;
}

#[tokio::test]
async fn streams_beyond_the_limit_are_told_to_wait_and_calls_go_on() {
    let service = Service::start(&[]);
    let mut opening = JoinSet::new();
    for begun in (0..STREAMS_MAX).step_by(64) {
        let channel = service.channel().await;
        for _ in 0..64.min(STREAMS_MAX - begun) {
            opening.spawn(Watcher::try_open(channel.clone(), watch_request()));
        }
    }
    let mut open: Vec<Watcher> = opening.join_all().await.into_iter().flatten().collect();
    assert_eq!(open.len(), STREAMS_MAX);
    let one_more = service.query().await.watch_deliveries(watch_request()).await;
    is_overloaded(&one_more.expect_err("there are as many as may be"));
    is_served(&service).await;
    for watcher in &mut open {
        watcher.next().await.expect("each of them goes on");
    }
    open.pop();
    let room = async || {
        let opened = service.query().await.watch_deliveries(watch_request()).await;
        opened.ok()
    };
    eventually("there is room for another", room).await;
}

#[tokio::test]
async fn callers_that_never_read_their_answers_lose_their_connections_and_no_place_is_lost() {
    let service = Service::start(&[]);
    let request = wire::message(&ListEventTypesRequest::default().encode_to_vec());
    let head = wire::head(LIST_EVENT_TYPES, &[]);
    let call: Vec<u8> = (0..STREAMS_PER_CONNECTION)
        .flat_map(|number| {
            let opened = wire::frame(HEADERS, END_HEADERS, stream_id(number), &head);
            [opened, wire::frame(DATA, END_STREAM, stream_id(number), &request)].concat()
        })
        .collect();
    let mut unread = Vec::new();
    for _ in 0..=CALLS_MAX / STREAMS_PER_CONNECTION {
        // Nothing may be sent: as if the caller had stopped reading.
        let mut wire = Wire::open(&service, &[(INITIAL_WINDOW_SIZE, 0)]).await;
        assert!(wire.send(&call).await);
        unread.push(wire);
    }
    // Each has its answer's head, or is refused, before anybody else asks for a place.
    for wire in &mut unread {
        for _ in 0..STREAMS_PER_CONNECTION {
            wire.find(|frame| frame.kind == HEADERS).await.expect("it is answered");
        }
    }
    let refused = service.admin().await.list_event_types(ListEventTypesRequest::default()).await;
    is_overloaded(&refused.expect_err("all places are taken by answers that nobody reads"));
    for wire in &mut unread {
        assert!(wire.find(|_| false).await.is_none(), "its connection is ended");
    }
    service.logged(&["WARN", "does not take its answers"]).await;
    is_served(&service).await;
}
