//! What one endpoint costs the others: nothing.

use std::time::{Duration, Instant};

use bookora_webhooks::domain::event::EventType;
use bookora_webhooks::proto::delivery::State;
use bookora_webhooks::proto::{
    BatchPublishEventsRequest, DeliveryFilter, Endpoint, ListDeliveriesRequest,
};
use tokio::net::TcpListener;

use crate::deliveries::sample;
use crate::party::Receivers;
use crate::plain_receiver::{PlainReceiver, status};
use crate::service::{Service, eventually};

async fn publish(service: &Service, account_id: &str, events: usize) {
    let requests = vec![sample(account_id, EventType::BookingCreated); events];
    let request = BatchPublishEventsRequest { requests };
    service.ingest().await.batch_publish_events(request).await.expect("published");
}

fn seconds(seconds: i64) -> prost_types::Duration {
    prost_types::Duration { seconds, nanos: 0 }
}

#[tokio::test]
async fn endpoints_that_hang_do_not_hold_up_one_that_answers() {
    const HANGING: usize = 11;
    let receivers = Receivers::new();
    // A place for each of the hanging endpoints, and little more: with two they would fill it.
    let service = Service::start(&[&receivers.ca_argument(), "--allow-http", "--max-in-flight=16"]);
    let mut silent = Vec::new();
    for hanging in 0..HANGING {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let account_id = format!("hanging_{hanging}");
        let endpoint = Endpoint {
            url: format!("http://{}/hooks", listener.local_addr().unwrap()),
            request_timeout: Some(seconds(30)),
            ..receivers.start(0).await.endpoint(&account_id)
        };
        receivers.start(0).await.register(&service, endpoint).await;
        publish(&service, &account_id, 20).await;
        silent.push(listener);
    }
    let mut healthy = receivers.start(0).await;
    healthy.register(&service, healthy.endpoint("healthy")).await;
    publish(&service, "healthy", 200).await;
    for _ in 0..200 {
        healthy.next().await;
    }
    // All that while no request to a hanging endpoint has ended.
    let request = ListDeliveriesRequest {
        account_id: "-".to_owned(),
        page_size: 1_000,
        filter: Some(DeliveryFilter {
            states: vec![State::Pending.into()],
            ..DeliveryFilter::default()
        }),
        ..ListDeliveriesRequest::default()
    };
    let page = service.query().await.list_deliveries(request).await.unwrap().into_inner();
    let waiting = page.deliveries.iter().filter(|one| one.account_id.starts_with("hanging_"));
    assert_eq!(waiting.count(), HANGING * 20);
}

#[tokio::test]
async fn what_is_ready_for_an_endpoint_that_begins_to_hang_is_given_back_and_sent_later() {
    const LEASED: &str = "SELECT COUNT(*) FROM deliveries WHERE lease_token IS NOT NULL";
    let service = Service::start(&["--allow-http", "--request-timeout=30s"]);
    let (hangs, hang) = tokio::sync::watch::channel(false);
    let receiver = PlainReceiver::start_slow(move |_| {
        let mut hang = hang.clone();
        async move {
            hang.wait_for(|hangs| !hangs).await.expect("the test goes on");
            status(204)
        }
    })
    .await;
    let endpoint =
        Endpoint { account_id: "acct_1".to_owned(), max_in_flight: 2, ..Endpoint::default() };
    receiver.register(&service, endpoint).await;
    let leased = async || service.ask_database(LEASED).await;
    publish(&service, "acct_1", 100).await;
    eventually("it has acknowledged", async || (receiver.requests() == 100).then_some(())).await;
    eventually("that is recorded", async || (leased().await == 0).then_some(())).await;

    hangs.send(true).unwrap();
    publish(&service, "acct_1", 30).await;
    assert!(leased().await > 2, "more than may be under way are ready");
    eventually("they are given back", async || (leased().await == 2).then_some(())).await;
    assert_eq!(receiver.requests(), 102);
    hangs.send(false).unwrap();
    eventually("all have come", async || (receiver.requests() == 130).then_some(())).await;
    eventually("that is recorded", async || (leased().await == 0).then_some(())).await;
    assert_eq!(service.ask_database("SELECT COUNT(*) FROM attempts").await, 130, "each once");
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "how long it takes is what is claimed")]
async fn an_endpoint_is_not_sent_more_in_a_second_than_it_allows() {
    let receivers = Receivers::new();
    let mut party = receivers.start(0).await;
    let service = Service::start(&[&receivers.ca_argument()]);
    let endpoint = Endpoint { max_deliveries_per_second: 10, ..party.endpoint("acct_1") };
    let endpoint = party.register(&service, endpoint).await;
    assert_eq!(endpoint.max_deliveries_per_second, 10);
    let start = Instant::now();
    publish(&service, "acct_1", 30).await;
    for _ in 0..30 {
        party.next().await;
    }
    // Ten were saved up, twenty come at ten a second; the last of them is due 1.9 s after.
    let took = start.elapsed();
    assert!(took >= Duration::from_millis(1_900), "{took:?}");
}

#[tokio::test]
async fn no_more_requests_are_under_way_to_an_endpoint_than_it_allows() {
    let receivers = Receivers::new();
    let service = Service::start(&["--allow-http"]);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = Endpoint {
        url: format!("http://{}/hooks", listener.local_addr().unwrap()),
        max_in_flight: 3,
        request_timeout: Some(seconds(2)),
        ..receivers.start(0).await.endpoint("acct_1")
    };
    receivers.start(0).await.register(&service, endpoint).await;
    publish(&service, "acct_1", 50).await;
    // Hold every connection open: each is a request under way until it times out.
    let mut open = Vec::new();
    let mut first_round = 0;
    let round = tokio::time::timeout(Duration::from_millis(1_500), async {
        loop {
            open.push(listener.accept().await.unwrap());
            first_round += 1;
        }
    });
    assert!(round.await.is_err());
    assert!((1..=3).contains(&first_round), "{first_round} connections");
}
