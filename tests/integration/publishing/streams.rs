//! `StreamPublishEvents`: order, errors, and flow.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bookora_webhooks::domain::event::EventType;
use bookora_webhooks::proto::publish_event_request::Data;
use bookora_webhooks::proto::{PublishEventRequest, StreamPublishEventsRequest, WorkflowTriggered};
use tonic::Code;

use super::{COUNT_EVENTS, PublishStream, numbered, published};
use crate::caller::{ACCOUNT, Caller};
use crate::deliveries::sample;
use crate::refusal::Refusal;
use crate::service::{Service, eventually};

#[tokio::test]
async fn of_10_000_events_each_has_its_result_in_order_and_they_are_stored_in_order() {
    const EVENTS: usize = 10_000;
    const STEPS_BACK: &str = "SELECT COUNT(*) FROM (SELECT publish_time - \
        LAG(publish_time) OVER (ORDER BY create_time) AS step FROM events) AS steps WHERE step < 0";
    let service = Service::start(&[]);
    let mut stream = PublishStream::open(&service).await;
    stream.send_all(0..EVENTS, numbered);
    let mut ids = HashSet::new();
    for number in 0..EVENTS {
        let published = stream.published().await;
        assert_eq!(published.create_time, numbered(number).create_time, "result {number}");
        assert!(!published.duplicate);
        ids.insert(published.event_id);
    }
    assert_eq!(ids.len(), EVENTS);
    assert!(stream.finish().await.is_empty());
    assert_eq!(service.ask_database(COUNT_EVENTS).await, 10_000);
    assert_eq!(service.ask_database(STEPS_BACK).await, 0, "none is stored before an earlier one");
    let commits = service.ask_database("SELECT COUNT(DISTINCT publish_time) FROM events").await;
    println!("{EVENTS} events of one stream in {commits} commits");
    assert!(commits < 5_000, "they share commits");
}

#[tokio::test]
async fn a_publisher_that_waits_for_each_result_gets_it_once_the_event_is_stored() {
    let service = Service::start(&[]);
    let mut stream = PublishStream::open(&service).await;
    for number in 0..20 {
        assert!(stream.send(numbered(number)).await);
        stream.published().await;
        let stored = service.ask_database(COUNT_EVENTS).await;
        assert_eq!(stored, i64::try_from(number + 1).unwrap());
    }
    assert!(stream.finish().await.is_empty());
}

#[tokio::test]
async fn a_refused_request_gets_its_error_and_those_around_it_are_published() {
    let service = Service::start(&[]);
    let mut stream = PublishStream::open(&service).await;
    let fine = || sample(ACCOUNT, EventType::BookingCreated);
    let mut unpriced = fine();
    let Some(Data::BookingCreated(data)) = &mut unpriced.data else { unreachable!() };
    data.price = f64::NAN;
    let keyed = |event_type| PublishEventRequest {
        idempotency_key: "one".to_owned(),
        ..sample(ACCOUNT, event_type)
    };
    let requests = [
        Some(keyed(EventType::BookingCreated)),
        Some(unpriced),
        None,
        Some(PublishEventRequest { data: None, ..fine() }),
        Some(PublishEventRequest { account_id: "-".to_owned(), ..fine() }),
        Some(keyed(EventType::BookingCreated)),
        Some(keyed(EventType::ReviewCreated)),
        Some(fine()),
    ];
    for request in requests {
        stream.requests.send(StreamPublishEventsRequest { request }).await.unwrap();
    }
    let first = stream.published().await;
    assert_eq!(stream.refused().await, Refusal::of_field("request.booking_created.price"));
    assert_eq!(stream.refused().await, Refusal::of_field("request"));
    let unknown = stream.refused().await;
    assert_eq!(unknown.reason, "UNKNOWN_EVENT_TYPE");
    assert_eq!(unknown.fields, ["request.data"]);
    assert_eq!(stream.refused().await, Refusal::of_field("request.account_id"));
    let again = stream.published().await;
    assert_eq!((again.event_id, again.duplicate), (first.event_id.clone(), true));
    let reused = stream.refused().await;
    assert_eq!(
        (reused.code, reused.reason.as_str()),
        (Code::AlreadyExists, "IDEMPOTENCY_KEY_REUSED")
    );
    assert_eq!(reused.resource, Some(("Event".to_owned(), first.event_id)));
    assert!(!stream.published().await.duplicate);
    assert!(stream.finish().await.is_empty());
    assert_eq!(service.ask_database(COUNT_EVENTS).await, 2);
}

#[tokio::test]
async fn a_stream_that_the_client_half_closes_answers_all_and_ends_with_ok() {
    const EVENTS: usize = 300;
    let service = Service::start(&[]);
    // The results of a stream are not read before all is sent: its window takes them.
    let stream = PublishStream::open(&service).await;
    for number in 0..EVENTS {
        assert!(stream.send(numbered(number)).await);
    }
    let results = stream.finish().await;
    assert_eq!(results.len(), EVENTS);
    for (number, result) in results.into_iter().enumerate() {
        assert_eq!(published(result).create_time, numbered(number).create_time);
    }
}

/// More than flow control lets through in either direction.
const MORE_THAN_THE_WINDOWS: usize = 20_000;
/// What streams may cost that are held back: their requests under way, and the windows.
const HELD_BYTES_MAX: u64 = 64 << 20;

/// A publish of hardly any bytes: of a large number of them each still is a frame of its own.
fn tiny(number: usize) -> PublishEventRequest {
    let data = WorkflowTriggered {
        workflow_id: "w".to_owned(),
        workflow_name: "w".to_owned(),
        trigger: "t".to_owned(),
        ..WorkflowTriggered::default()
    };
    PublishEventRequest {
        account_id: "a".to_owned(),
        create_time: numbered(number).create_time,
        data: Some(Data::WorkflowTriggered(data)),
        ..PublishEventRequest::default()
    }
}

/// Waits until neither of these counts grows any longer, or all are at the end: where they only
/// pause, less is shown, and nothing wrong.
async fn stalled(counts: &[Arc<AtomicUsize>]) -> usize {
    const POLLS: usize = 25;
    let (mut before, mut unchanged) = (0, 0);
    eventually("nothing is sent any longer", async || {
        let now = counts.iter().map(|count| count.load(Ordering::SeqCst)).sum();
        unchanged = if now == before { unchanged + 1 } else { 0 };
        before = now;
        (unchanged == POLLS && now > 0).then_some(now)
    })
    .await
}

#[tokio::test]
async fn clients_that_read_no_results_are_held_back_cost_little_and_lose_nothing() {
    const STREAMS: usize = 4;
    let service = Service::start(&[]);
    let mut others = Caller::new(&service).await;
    others.publish(sample(ACCOUNT, EventType::BookingCreated)).await;
    let resident = service.resident_bytes();
    let channel = service.narrow_channel().await;
    let (mut streams, mut counts) = (Vec::new(), Vec::new());
    for _ in 0..STREAMS {
        let stream = PublishStream::open_on(channel.clone(), None).await;
        counts.push(stream.send_all(0..MORE_THAN_THE_WINDOWS, tiny));
        streams.push(stream);
    }
    let sent = stalled(&counts).await;
    assert!(sent < STREAMS * MORE_THAN_THE_WINDOWS, "they are held back");
    let held = service.resident_bytes().saturating_sub(resident);
    println!(
        "{STREAMS} streams held back after {sent} requests, {} KiB more in memory",
        held >> 10
    );
    assert!(held <= HELD_BYTES_MAX, "{held} bytes");
    // Neither another stream nor a single call has to wait for them.
    let mut other = PublishStream::open(&service).await;
    for _ in 0..500 {
        assert!(other.send(sample(ACCOUNT, EventType::ReviewCreated)).await);
        other.published().await;
    }
    others.publish(sample(ACCOUNT, EventType::BookingCreated)).await;

    // One is read to its end, slower than it goes on; the others are given up.
    let mut stream = streams.swap_remove(0);
    drop(streams);
    for number in 0..MORE_THAN_THE_WINDOWS {
        let published = stream.published().await;
        assert_eq!(published.create_time, numbered(number).create_time, "result {number}");
        tokio::task::yield_now().await;
    }
    assert!(stream.finish().await.is_empty());
}

/// Streams take turns: many of them get on together, next to single calls.
#[tokio::test]
async fn many_streams_and_single_calls_get_on_together() {
    const STREAMS: usize = 20;
    const EVENTS: usize = 300;
    let service = Service::start(&[]);
    let mut working = tokio::task::JoinSet::new();
    for _ in 0..STREAMS {
        let mut stream = PublishStream::open(&service).await;
        working.spawn(async move {
            let requests = stream.requests.clone();
            let sending = async move {
                for _ in 0..EVENTS {
                    let request = Some(sample(ACCOUNT, EventType::LeadQualified));
                    requests.send(StreamPublishEventsRequest { request }).await.unwrap();
                }
            };
            let reading = async {
                for _ in 0..EVENTS {
                    stream.published().await;
                }
            };
            tokio::join!(sending, reading);
            assert!(stream.finish().await.is_empty());
        });
    }
    let mut caller = Caller::new(&service).await;
    while !working.is_empty() {
        caller.publish(sample("acct_2", EventType::ReviewCreated)).await;
        if let Ok(Some(done)) = tokio::time::timeout(Duration::ZERO, working.join_next()).await {
            done.expect("it ends well");
        }
    }
    let of_streams = format!("{COUNT_EVENTS} WHERE account_id = '{ACCOUNT}'");
    let stored = service.ask_database(&of_streams).await;
    assert_eq!(usize::try_from(stored).unwrap(), STREAMS * EVENTS);
}
