//! Reading back: pages, filters, times, attempts, and a watch from where a listing began.

use std::collections::HashSet;

use bookora_webhooks::domain::event::EventType;
use bookora_webhooks::proto::delivery::State;
use bookora_webhooks::proto::watch_deliveries_response::Message;
use bookora_webhooks::proto::{
    BatchPublishEventsRequest, Delivery, DeliveryFilter, DeliveryView, Endpoint,
    GetDeliveryRequest, ListAttemptsRequest, ListDeliveriesRequest, ListDeliveriesResponse,
    WatchDeliveriesRequest,
};

use crate::deliveries::{publish, sample, seconds};
use crate::party::{Party, Receivers};
use crate::service::{Service, eventually};

const ACCOUNT: &str = "acct_1";

async fn service_and_party(fail_attempts: u32) -> (Service, Party) {
    let receivers = Receivers::new();
    let party = receivers.start(fail_attempts).await;
    (Service::start(&[&receivers.ca_argument()]), party)
}

fn list() -> ListDeliveriesRequest {
    ListDeliveriesRequest { account_id: ACCOUNT.to_owned(), ..ListDeliveriesRequest::default() }
}

async fn page(service: &Service, request: ListDeliveriesRequest) -> ListDeliveriesResponse {
    service.query().await.list_deliveries(request).await.expect("listed").into_inner()
}

async fn all(service: &Service, mut request: ListDeliveriesRequest) -> Vec<Delivery> {
    let mut found = Vec::new();
    loop {
        let page = page(service, request.clone()).await;
        found.extend(page.deliveries);
        if page.next_page_token.is_empty() {
            return found;
        }
        request.page_token = page.next_page_token;
    }
}

async fn publish_many(service: &Service, event_type: EventType, events: usize) {
    let requests = vec![sample(ACCOUNT, event_type); events];
    let request = BatchPublishEventsRequest { requests };
    service.ingest().await.batch_publish_events(request).await.expect("published");
}

#[tokio::test]
async fn pages_show_each_delivery_once_newest_first_while_others_are_made() {
    let (service, party) = service_and_party(0).await;
    party.register(&service, party.endpoint(ACCOUNT)).await;
    publish_many(&service, EventType::LeadQualified, 100).await;
    let before: HashSet<_> = all(&service, list()).await.into_iter().map(id).collect();
    assert_eq!(before.len(), 100);

    let mut request = ListDeliveriesRequest { page_size: 7, ..list() };
    let mut seen = Vec::new();
    let mut tokens = HashSet::new();
    loop {
        publish_many(&service, EventType::LeadQualified, 3).await;
        let page = page(&service, request.clone()).await;
        assert!(page.deliveries.len() <= 7);
        seen.extend(page.deliveries.into_iter().map(id));
        tokens.insert(page.watch_token);
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    assert!(seen.is_sorted_by(|newer, older| newer > older), "newest first, none twice");
    assert!(before.iter().all(|id| seen.contains(id)), "none of those before is missing");
    assert_eq!(tokens.len(), 1, "one listing has one watch token");

    // A watch from it begins where the listing did.
    let resume_token = tokens.into_iter().next().unwrap();
    let request = WatchDeliveriesRequest {
        account_id: ACCOUNT.to_owned(),
        resume_token,
        ..WatchDeliveriesRequest::default()
    };
    let mut watch = service.query().await.watch_deliveries(request).await.unwrap().into_inner();
    let later: HashSet<_> = all(&service, list()).await.into_iter().map(id).collect();
    let mut missing: HashSet<_> = later.difference(&before).cloned().collect();
    while !missing.is_empty() {
        let message = watch.message().await.unwrap().expect("the watch goes on");
        if let Some(Message::Update(update)) = message.message {
            missing.remove(&id(update.delivery.unwrap()));
        }
    }
}

fn id(delivery: Delivery) -> String {
    delivery.delivery_id
}

#[tokio::test]
async fn filters_combine_and_times_bound() {
    let (service, party) = service_and_party(0).await;
    let endpoint = party.register(&service, party.endpoint(ACCOUNT)).await;
    // Its certificate is not one that the service trusts: every attempt fails.
    let untrusted = Receivers::new().start(0).await;
    let retry_schedule = vec![seconds(3_600)];
    let failing = Endpoint { retry_schedule, ..untrusted.endpoint(ACCOUNT) };
    let failing = untrusted.register(&service, failing).await;
    let first = publish(&service, sample(ACCOUNT, EventType::BookingCreated)).await;
    let second = publish(&service, sample(ACCOUNT, EventType::ReviewCreated)).await;
    let settled = eventually("all are attempted", async || {
        let found = all(&service, list()).await;
        found.iter().all(|one| one.attempt_count == 1).then_some(found)
    });
    assert_eq!(settled.await.len(), 4);

    let filtered = async |filter: DeliveryFilter| {
        all(&service, ListDeliveriesRequest { filter: Some(filter), ..list() }).await
    };
    let none = DeliveryFilter::default;
    let to_failing = DeliveryFilter { endpoint_ids: vec![failing.endpoint_id.clone()], ..none() };
    let of_first = DeliveryFilter { event_ids: vec![first.event_id.clone()], ..none() };
    let reviews = DeliveryFilter { event_types: vec!["review.created".to_owned()], ..none() };
    let retrying = DeliveryFilter { states: vec![State::Retrying.into()], ..none() };
    for (filter, expected) in
        [(&to_failing, 2), (&of_first, 2), (&reviews, 2), (&retrying, 2), (&none(), 4)]
    {
        assert_eq!(filtered(filter.clone()).await.len(), expected, "{filter:?}");
    }
    let one = DeliveryFilter {
        endpoint_ids: vec![endpoint.endpoint_id],
        event_ids: vec![second.event_id.clone(), first.event_id],
        event_types: vec!["review.created".to_owned()],
        states: vec![State::Succeeded.into(), State::Failed.into()],
    };
    let found = filtered(one).await;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].event_id, second.event_id);

    let made = found[0].create_time.unwrap();
    let bounded = async |start: i64, end: i64| {
        let at = |offset| {
            Some(prost_types::Timestamp { seconds: made.seconds + offset, nanos: made.nanos })
        };
        let request = ListDeliveriesRequest { start_time: at(start), end_time: at(end), ..list() };
        all(&service, request).await.len()
    };
    assert_eq!(
        (bounded(-60, 60).await, bounded(60, 120).await, bounded(-120, -60).await),
        (4, 0, 0)
    );
}

#[tokio::test]
async fn attempts_are_paged_by_number_and_the_full_view_has_the_payload() {
    let (service, mut party) = service_and_party(2).await;
    let retry_schedule = vec![seconds(1), seconds(1)];
    party.register(&service, Endpoint { retry_schedule, ..party.endpoint(ACCOUNT) }).await;
    publish(&service, sample(ACCOUNT, EventType::ReviewCreated)).await;
    let [_, _, last] = [party.next().await, party.next().await, party.next().await];
    let delivery_id = last.delivery_id.clone();
    let get = async |view: DeliveryView| {
        let request = GetDeliveryRequest {
            account_id: "-".to_owned(),
            delivery_id: delivery_id.clone(),
            view: view.into(),
        };
        let got = service.query().await.get_delivery(request).await.unwrap().into_inner();
        got.delivery.unwrap()
    };
    let succeeded = eventually("it is acknowledged", async || {
        Some(get(DeliveryView::Full).await).filter(|one| one.state() == State::Succeeded)
    });
    assert_eq!(succeeded.await.payload.as_bytes(), last.body);
    assert_eq!(get(DeliveryView::Basic).await.payload, "");

    let mut request = ListAttemptsRequest {
        account_id: ACCOUNT.to_owned(),
        delivery_id,
        page_size: 2,
        ..ListAttemptsRequest::default()
    };
    let first = service.query().await.list_attempts(request.clone()).await.unwrap().into_inner();
    let numbers = |attempts: &[bookora_webhooks::proto::Attempt]| {
        attempts.iter().map(|attempt| (attempt.number, attempt.http_status)).collect::<Vec<_>>()
    };
    assert_eq!(numbers(&first.attempts), [(1, 503), (2, 503)]);
    assert!(first.attempts[0].tls_latency.is_some() && first.attempts[0].latency.is_some());
    assert!(!first.attempts[0].error_message.is_empty());
    request.page_token = first.next_page_token;
    let rest = service.query().await.list_attempts(request).await.unwrap().into_inner();
    assert_eq!(numbers(&rest.attempts), [(3, 204)]);
    assert!(rest.next_page_token.is_empty());
    assert!(rest.attempts[0].response_headers.iter().any(|header| header.name == "date"));
}
