//! The streaming publisher: nothing lost, nothing twice, never more outstanding than it may.

use std::collections::HashMap;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bookora_webhooks_sdk::v1::{Event, ListEventsRequest, PublishEventRequest};
use bookora_webhooks_sdk::{
    Client, ErrorDetails, Publication, StreamPublisher, StreamPublisherOptions,
};
use tokio::sync::Barrier;
use tonic::Code;

use crate::relay::Relay;
use crate::samples::{ACCOUNT, customer};
use crate::service::{Service, eventually, in_time};

const EVENTS: usize = 10_000;
/// Before which of them the service is killed.
const KILLS: [usize; 3] = [EVENTS / 4, EVENTS / 2, EVENTS - 1];

/// All events of an account.
async fn events(client: &Client, account_id: &str) -> Vec<Event> {
    let mut request = ListEventsRequest {
        account_id: account_id.to_owned(),
        page_size: 1_000,
        ..ListEventsRequest::default()
    };
    let mut events = Vec::new();
    loop {
        let page = client.delivery_query().list_events(request.clone()).await.expect("a page");
        let page = page.into_inner();
        events.extend(page.events);
        if page.next_page_token.is_empty() {
            return events;
        }
        request.page_token = page.next_page_token;
    }
}

pub async fn count(client: &Client, account_id: &str) -> usize {
    events(client, account_id).await.len()
}

fn customer_id(number: usize) -> String {
    format!("cus_{number:05}")
}

/// Whether it is ready at once.
async fn is_ready<T>(future: impl Future<Output = T>) -> bool {
    // Without tokio's budget, which makes what is ready wait for its turn.
    let mut future = pin!(tokio::task::unconstrained(future));
    poll_fn(|context| Poll::Ready(future.as_mut().poll(context).is_ready())).await
}

/// Publishes [`EVENTS`] and gives what is to come of each; before some it waits to be met.
async fn publish_all(
    publisher: &StreamPublisher,
    account_id: &str,
    meeting: Option<&Barrier>,
) -> Vec<Publication> {
    let mut publications = Vec::new();
    for number in 0..EVENTS {
        if let Some(meeting) = meeting.filter(|_| KILLS.contains(&number)) {
            meeting.wait().await;
        }
        let request = customer(account_id, &customer_id(number));
        publications.push(publisher.publish(request).await.expect("it is taken"));
    }
    publications
}

/// Every event is there once, and each result is that of its own request.
async fn assert_published(client: &Client, account_id: &str, publications: Vec<Publication>) {
    let stored = events(client, account_id).await;
    assert_eq!(stored.len(), EVENTS);
    let payloads: HashMap<_, _> =
        stored.into_iter().map(|event| (event.event_id, event.payload)).collect();
    assert_eq!(payloads.len(), EVENTS);
    for (number, publication) in publications.into_iter().enumerate() {
        let published = publication.await.expect("it is published");
        let payload = &payloads[&published.event_id];
        assert!(payload.contains(&customer_id(number)), "{number}: {payload}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_events_are_published_once_each_with_their_results_in_order() {
    let service = Service::start(&[]);
    let client = service.client();
    let publisher = client.stream_publisher(StreamPublisherOptions::default());
    #[expect(clippy::disallowed_methods, reason = "the rate is told")]
    let began = std::time::Instant::now();
    let mut publications = publish_all(&publisher, "acct_many", None).await;
    in_time("one in the middle", &mut publications[EVENTS / 2]).await.expect("it is published");
    for publication in &mut publications[..EVENTS / 2] {
        assert!(is_ready(publication).await, "those before have their results");
    }
    in_time("the rest", publisher.close()).await.expect("the stream ends");
    let seconds = began.elapsed().as_secs_f64();
    println!("{:.0} events/s", f64::from(u32::try_from(EVENTS).expect("few")) / seconds);
    assert_eq!(count(&client, "acct_many").await, EVENTS);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_killed_in_between_loses_none_of_ten_thousand_and_doubles_none() {
    let mut service = Service::start(&[]);
    let client = service.client();
    let meeting = Arc::new(Barrier::new(2));
    let publishing = tokio::spawn({
        let (client, meeting) = (client.clone(), Arc::clone(&meeting));
        async move {
            let publisher = client.stream_publisher(StreamPublisherOptions::default());
            // What was taken before has no result yet, up to the bound.
            let publications = publish_all(&publisher, "acct_kill", Some(&meeting)).await;
            publisher.close().await.expect("the stream ends");
            publications
        }
    });
    for _ in KILLS {
        in_time("some are published", meeting.wait()).await;
        service.kill();
        service.restart();
    }
    let publications = in_time("all are published", publishing).await.expect("no panic");
    assert_published(&client, "acct_kill", publications).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_than_the_bound_is_outstanding_and_a_cut_connection_gives_all_their_results() {
    let service = Service::start(&[]);
    let relay = Relay::start(service.address()).await;
    let client = Client::builder(format!("http://{}", relay.address())).build().expect("usable");
    let options = StreamPublisherOptions::default().outstanding_max(8);
    let publisher = client.stream_publisher(options);
    let first = publisher.publish(customer(ACCOUNT, "cus_0")).await.expect("it is taken");
    first.await.expect("the stream is open");

    relay.lose_answers();
    let mut publications = Vec::new();
    for number in 1..=8 {
        let request = customer(ACCOUNT, &customer_id(number));
        publications.push(publisher.publish(request).await.expect("there is room"));
    }
    let mut ninth = Box::pin(publisher.publish(customer(ACCOUNT, "cus_9")));
    assert!(!is_ready(ninth.as_mut()).await, "there is no room");
    let direct = service.client();
    let are_stored = async || (count(&direct, ACCOUNT).await == 9).then_some(());
    eventually("the eight are stored, and their results lost", are_stored).await;
    assert!(!is_ready(publisher.flush()).await, "nothing has its result");

    relay.cut();
    publications.push(in_time("there is room again", ninth).await.expect("it is taken"));
    in_time("everything has its result", publisher.flush()).await.expect("it goes on");
    for (number, publication) in (1..).zip(publications) {
        let published = publication.await.expect("it is published");
        assert_eq!(published.duplicate, number <= 8, "what was sent again has the same key");
    }
    in_time("the end", publisher.close()).await.expect("the stream ends");
    assert_eq!(count(&direct, ACCOUNT).await, 10);
}

#[tokio::test]
async fn an_event_that_is_refused_fails_alone() {
    let service = Service::start(&[]);
    let publisher = service.client().stream_publisher(StreamPublisherOptions::default());
    let bad = publisher.publish(customer(ACCOUNT, "")).await.expect("it is taken");
    let keyed =
        PublishEventRequest { idempotency_key: "mine".to_owned(), ..customer(ACCOUNT, "cus_1") };
    let good = publisher.publish(keyed).await.expect("it is taken");
    assert_eq!(good.idempotency_key(), "mine");
    assert_eq!(bad.idempotency_key().len(), 36, "a UUID");
    let error = bad.await.expect_err("a field is missing");
    let details = ErrorDetails::of(&error);
    assert_eq!(details.reason, "INVALID_FIELDS");
    assert_eq!(details.field_violations[0].field, "request.customer_created.customer_id");
    good.await.expect("it is published");
    publisher.close().await.expect("the stream ends");
}

#[tokio::test]
async fn an_error_that_would_come_again_fails_everything() {
    let (service, _) = Service::start_secure(&[("all", &["publisher"])], &[]);
    let token = format!("bwt_{}", "A".repeat(43));
    let client = service.secure_client().token(token).build().expect("usable");
    let publisher = client.stream_publisher(StreamPublisherOptions::default());
    let publication = publisher.publish(customer(ACCOUNT, "cus_1")).await.expect("it is taken");
    let error = in_time("the refusal", publication).await.expect_err("nobody knows the token");
    assert_eq!(ErrorDetails::of(&error).reason, "CREDENTIALS_INVALID");
    let error = publisher.publish(customer(ACCOUNT, "cus_2")).await.expect_err("it has ended");
    assert_eq!(error.code(), Code::Unauthenticated);
    assert_eq!(publisher.close().await.expect_err("so").code(), Code::Unauthenticated);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silence_that_is_too_long_fails_everything() {
    let service = Service::start(&[]);
    let relay = Relay::start(service.address()).await;
    let client = Client::builder(format!("http://{}", relay.address())).build().expect("usable");
    relay.lose_answers();
    let options = StreamPublisherOptions::default().patience(Duration::from_millis(300));
    let publisher = client.stream_publisher(options);
    let publication = publisher.publish(customer(ACCOUNT, "cus_1")).await.expect("it is taken");
    let error = in_time("the end of patience", publication).await.expect_err("no result came");
    assert_eq!(error.code(), Code::Unavailable, "{error}");
    assert!(publisher.flush().await.is_err());
}
