//! Endpoints that the service switches off: whose receiver is gone, or has failed for long.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::SystemTime;

use bookora_webhooks::domain::event::EventType;
use bookora_webhooks::proto::delivery::State;
use bookora_webhooks::proto::endpoint::State as EndpointState;
use bookora_webhooks::proto::{
    BatchPublishEventsRequest, DeliveryFilter, EnableEndpointRequest, Endpoint, GetEndpointRequest,
    ListDeliveriesRequest, ListEndpointsRequest, UpdateEndpointRequest,
};

use crate::deliveries::{deliveries_of, delivery_in, publish, sample, seconds};
use crate::plain_receiver::{PlainReceiver, status};
use crate::service::{Service, eventually};

const ACCOUNT: &str = "acct_1";

fn retried_after(waits: &[i64]) -> Endpoint {
    Endpoint {
        account_id: ACCOUNT.to_owned(),
        retry_schedule: waits.iter().copied().map(seconds).collect(),
        ..Endpoint::default()
    }
}

async fn publish_many(service: &Service, event_type: EventType, count: usize) {
    let requests = vec![sample(ACCOUNT, event_type); count];
    let request = BatchPublishEventsRequest { requests };
    service.ingest().await.batch_publish_events(request).await.expect("published");
}

async fn endpoint(service: &Service, endpoint_id: &str) -> Endpoint {
    let request =
        GetEndpointRequest { account_id: ACCOUNT.to_owned(), endpoint_id: endpoint_id.to_owned() };
    let found = service.admin().await.get_endpoint(request).await.expect("it is there");
    found.into_inner().endpoint.expect("and returned")
}

async fn suspended(service: &Service, endpoint_id: &str) -> Endpoint {
    eventually("the endpoint is suspended", async || {
        Some(endpoint(service, endpoint_id).await)
            .filter(|endpoint| endpoint.state() == EndpointState::Suspended)
    })
    .await
}

/// How many of the account's deliveries are in one of these states.
async fn count_in(service: &Service, states: &[State]) -> usize {
    let request = ListDeliveriesRequest {
        account_id: ACCOUNT.to_owned(),
        page_size: 1_000,
        filter: Some(DeliveryFilter {
            states: states.iter().map(|state| (*state).into()).collect(),
            ..DeliveryFilter::default()
        }),
        ..ListDeliveriesRequest::default()
    };
    let listed = service.query().await.list_deliveries(request).await.expect("listed");
    listed.into_inner().deliveries.len()
}

async fn nothing_is_open(service: &Service) {
    let none_open =
        async || (count_in(service, &[State::Pending, State::Retrying]).await == 0).then_some(());
    eventually("nothing is open", none_open).await;
}

#[tokio::test]
async fn a_receiver_that_is_gone_suspends_its_endpoint_until_it_is_enabled() {
    let service = Service::start(&["--allow-http"]);
    let requests = AtomicUsize::new(0);
    let receiver = PlainReceiver::start(move |_| {
        status(match requests.fetch_add(1, Ordering::SeqCst) {
            0 => 503,
            1 => 410,
            _ => 204,
        })
    })
    .await;
    let id = receiver.register(&service, retried_after(&[3_600])).await.endpoint_id;

    let waiting = publish(&service, sample(ACCOUNT, EventType::ReviewCreated)).await;
    delivery_in(&service, &waiting.event_id, State::Retrying).await;
    let refused = publish(&service, sample(ACCOUNT, EventType::ReviewCreated)).await;
    let failed = delivery_in(&service, &refused.event_id, State::Failed).await;
    assert_eq!((failed.attempt_count, failed.next_attempt_time), (1, None));
    assert_eq!(failed.state_reason, "the receiver answered 410 Gone");
    let cancelled = delivery_in(&service, &waiting.event_id, State::Cancelled).await;
    let reason = "the endpoint was suspended: the receiver answered 410 Gone";
    assert_eq!((cancelled.state_reason.as_str(), cancelled.revision), (reason, 3));

    let off = endpoint(&service, &id).await;
    assert_eq!(off.state(), EndpointState::Suspended);
    assert_eq!(off.state_reason, "the receiver answered 410 Gone");
    let later = publish(&service, sample(ACCOUNT, EventType::ReviewCreated)).await;
    assert_eq!(later.delivery_count, 0);

    let mut admin = service.admin().await;
    let change = Endpoint { description: "moved".to_owned(), ..off.clone() };
    let request = UpdateEndpointRequest { endpoint: Some(change), update_mask: None };
    let updated = admin.update_endpoint(request).await.unwrap().into_inner().endpoint.unwrap();
    assert_eq!((updated.state(), updated.description.as_str()), (off.state(), "moved"));
    assert_eq!(updated.state_reason, off.state_reason);
    let request = ListEndpointsRequest {
        account_id: ACCOUNT.to_owned(),
        states: vec![EndpointState::Suspended.into()],
        ..ListEndpointsRequest::default()
    };
    let listed = admin.list_endpoints(request).await.unwrap().into_inner().endpoints;
    assert_eq!(listed, [updated]);

    let request = EnableEndpointRequest { account_id: ACCOUNT.to_owned(), endpoint_id: id };
    let enabled = admin.enable_endpoint(request).await.unwrap().into_inner().endpoint.unwrap();
    assert_eq!((enabled.state(), enabled.state_reason.as_str()), (EndpointState::Active, ""));
    let again = publish(&service, sample(ACCOUNT, EventType::ReviewCreated)).await;
    delivery_in(&service, &again.event_id, State::Succeeded).await;
    assert_eq!(deliveries_of(&service, &later.event_id).await, [], "it stays without");
    assert_eq!(receiver.requests(), 3);
}

#[tokio::test]
async fn a_flood_of_deliveries_to_a_receiver_that_is_gone_ends_with_none_open() {
    let service = Service::start(&["--allow-http"]);
    let receiver = PlainReceiver::start(|_| status(410)).await;
    let limited = Endpoint { max_in_flight: 4, ..retried_after(&[3_600]) };
    let id = receiver.register(&service, limited).await.endpoint_id;
    publish_many(&service, EventType::ReviewCreated, 500).await;
    nothing_is_open(&service).await;
    assert_eq!(endpoint(&service, &id).await.state(), EndpointState::Suspended);
    let failed = count_in(&service, &[State::Failed]).await;
    assert_eq!(failed + count_in(&service, &[State::Cancelled]).await, 500);
    assert!((1..=50).contains(&failed), "{failed} were sent and recorded");
}

#[tokio::test]
async fn an_endpoint_that_fails_for_long_is_suspended() {
    let service = Service::start(&["--allow-http", "--suspend-after=2s"]);
    let receiver = PlainReceiver::start(|_| status(500)).await;
    let id = receiver.register(&service, retried_after(&[1, 1, 3_600])).await.endpoint_id;
    publish_many(&service, EventType::ReviewCreated, 15).await;
    let off = suspended(&service, &id).await;
    assert!(off.state_reason.starts_with("every attempt has failed since 2"), "{off:?}");
    nothing_is_open(&service).await;
    assert_eq!(count_in(&service, &[State::Cancelled]).await, 15, "they had an hour to go");
    let later = publish(&service, sample(ACCOUNT, EventType::ReviewCreated)).await;
    assert_eq!(later.delivery_count, 0);
}

#[tokio::test]
async fn one_success_makes_a_streak_of_failure_begin_anew() {
    let service = Service::start(&["--allow-http", "--suspend-after=6s", "--retry-schedule="]);
    let is_up = Arc::new(AtomicBool::new(false));
    let is_up_now = Arc::clone(&is_up);
    let receiver = PlainReceiver::start(move |_| {
        status(if is_up_now.load(Ordering::SeqCst) { 204 } else { 500 })
    })
    .await;
    let id = receiver.register(&service, retried_after(&[])).await.endpoint_id;
    publish_many(&service, EventType::ReviewCreated, 30).await;
    nothing_is_open(&service).await;
    is_up.store(true, Ordering::SeqCst);
    let good = publish(&service, sample(ACCOUNT, EventType::ReviewCreated)).await;
    let good = delivery_in(&service, &good.event_id, State::Succeeded).await;
    is_up.store(false, Ordering::SeqCst);
    publish_many(&service, EventType::ReviewCreated, 30).await;

    let off = suspended(&service, &id).await;
    let since = off.state_reason.strip_prefix("every attempt has failed since ").unwrap();
    let since: prost_types::Timestamp = since.parse().unwrap();
    let success = SystemTime::try_from(good.update_time.unwrap()).unwrap();
    assert!(SystemTime::try_from(since).unwrap() > success, "{since} is before the success");
}

#[tokio::test]
async fn an_endpoint_that_was_enabled_is_not_judged_by_what_was_before() {
    let service = Service::start(&["--allow-http", "--suspend-after=1s", "--retry-schedule="]);
    let receiver = PlainReceiver::start(|_| status(500)).await;
    let id = receiver.register(&service, retried_after(&[])).await.endpoint_id;
    publish_many(&service, EventType::ReviewCreated, 30).await;
    let first = suspended(&service, &id).await;
    let request = EnableEndpointRequest { account_id: ACCOUNT.to_owned(), endpoint_id: id.clone() };
    service.admin().await.enable_endpoint(request).await.unwrap();
    publish_many(&service, EventType::ReviewCreated, 30).await;
    let second = suspended(&service, &id).await;
    assert_ne!(second.state_reason, first.state_reason, "the streak is a new one");
}
