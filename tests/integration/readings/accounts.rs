//! Two accounts that never see each other, and the caller who may see both.

use bookora_webhooks::domain::event::EventType;
use bookora_webhooks::proto::delivery::State;
use bookora_webhooks::proto::watch_deliveries_response::Message;
use bookora_webhooks::proto::{
    Delivery, DeliveryFilter, DeliveryView, Endpoint, GetDeliveryRequest, GetDeliveryStatsRequest,
    GetEndpointRequest, ListAttemptsRequest, ListDeliveriesRequest, ListEndpointsRequest,
    WatchDeliveriesRequest,
};

use super::events::{events_of, pages};
use super::{all_of, event, settled, started};
use crate::caller::{ACCOUNT, Caller, OTHER_ACCOUNT, deaf_endpoint};
use crate::deliveries::sample;
use crate::tally::{assert_counts, stats, stats_of};

/// What one account has.
struct Holdings {
    endpoint: Endpoint,
    event_id: String,
    delivery: Delivery,
}

impl Holdings {
    async fn of(caller: &mut Caller, account: &str) -> Self {
        let endpoint = caller.register(deaf_endpoint(account)).await;
        let event_id = caller.publish(sample(account, EventType::ReviewCreated)).await.event_id;
        let mut listed = settled(caller, &all_of(account), State::Retrying).await;
        Self { endpoint, event_id, delivery: listed.pop().expect("there is one") }
    }
}

/// The ids of the deliveries in a watch's snapshot.
async fn snapshot(caller: &mut Caller, request: WatchDeliveriesRequest) -> Vec<String> {
    let request = WatchDeliveriesRequest { include_snapshot: true, ..request };
    let mut stream = caller.query.watch_deliveries(request).await.expect("it opens").into_inner();
    let mut ids = Vec::new();
    loop {
        let next = stream.message().await.expect("it goes on").expect("it has no end").message;
        match next.expect("it says something") {
            Message::Update(update) => ids.push(update.delivery.expect("it is set").delivery_id),
            Message::Heartbeat(_) => {}
            Message::SnapshotComplete(_) => return ids,
        }
    }
}

fn watch(account: &str) -> WatchDeliveriesRequest {
    WatchDeliveriesRequest { account_id: account.to_owned(), ..WatchDeliveriesRequest::default() }
}

/// Every listing of the account shows these and nothing else.
async fn assert_shows(caller: &mut Caller, account: &str, holdings: &[&Holdings]) {
    let request =
        ListEndpointsRequest { account_id: account.to_owned(), ..ListEndpointsRequest::default() };
    let endpoints = caller.admin.list_endpoints(request).await.expect("it is listed").into_inner();
    let newest_first: Vec<_> = holdings.iter().rev().map(|one| one.endpoint.clone()).collect();
    assert_eq!(endpoints.endpoints, newest_first);
    let listed = caller.deliveries(all_of(account)).await;
    let newest_first: Vec<_> = holdings.iter().rev().map(|one| one.delivery.clone()).collect();
    assert_eq!(listed, newest_first);
    let events = pages(caller, events_of(account)).await.concat();
    let newest_first: Vec<_> = holdings.iter().rev().map(|one| one.event_id.clone()).collect();
    assert_eq!(events.into_iter().map(|event| event.event_id).collect::<Vec<_>>(), newest_first);
    assert_figures(caller, account, holdings).await;
    let mut watched = snapshot(caller, watch(account)).await;
    let mut expected: Vec<_> =
        holdings.iter().map(|one| one.delivery.delivery_id.clone()).collect();
    watched.sort();
    expected.sort();
    assert_eq!(watched, expected);
}

/// The figures of the account are of these and of nothing else, by endpoint too.
async fn assert_figures(caller: &mut Caller, account: &str, holdings: &[&Holdings]) {
    let figures = stats(caller, stats_of(account)).await;
    let count = i64::try_from(holdings.len()).unwrap();
    assert_eq!((figures.retrying_count, figures.attempt_count), (count, count));
    let oldest = holdings.first().map(|one| one.delivery.clone());
    assert_eq!(figures.oldest_open_delivery, oldest);
    for one in holdings {
        for (asked, count) in [(account, 1), ("acct_nobody", 0)] {
            let endpoint_id = one.endpoint.endpoint_id.clone();
            let request = GetDeliveryStatsRequest { endpoint_id, ..stats_of(asked) };
            let figures = stats(caller, request).await;
            assert_eq!((figures.retrying_count, figures.attempt_count), (count, count));
            assert_eq!(figures.oldest_open_delivery.is_some(), count == 1);
        }
    }
}

/// Each of these can be read by its id.
async fn assert_readable(caller: &mut Caller, account: &str, holdings: &Holdings) {
    let account_id = || account.to_owned();
    let Holdings { endpoint, event_id, delivery } = holdings;
    let request =
        GetEndpointRequest { account_id: account_id(), endpoint_id: endpoint.endpoint_id.clone() };
    let read = caller.admin.get_endpoint(request).await.expect("it is there").into_inner();
    assert_eq!(read.endpoint.as_ref(), Some(endpoint));
    assert_eq!(event(caller, account, event_id).await.account_id, endpoint.account_id);
    let delivery_id = || delivery.delivery_id.clone();
    let view = DeliveryView::Basic.into();
    let request = GetDeliveryRequest { account_id: account_id(), delivery_id: delivery_id(), view };
    let read = caller.query.get_delivery(request).await.expect("it is there").into_inner();
    assert_eq!(read.delivery.as_ref(), Some(delivery));
    let request = ListAttemptsRequest {
        account_id: account_id(),
        delivery_id: delivery_id(),
        ..ListAttemptsRequest::default()
    };
    let read = caller.query.list_attempts(request).await.expect("it is there").into_inner();
    assert_eq!(read.attempts.len(), 1);
}

#[tokio::test]
async fn two_accounts_never_see_each_other_and_dash_sees_both() {
    let (service, mut caller, _party) = started().await;
    let own = Holdings::of(&mut caller, ACCOUNT).await;
    let foreign = Holdings::of(&mut caller, OTHER_ACCOUNT).await;
    assert_eq!(assert_counts(&mut caller, service.database_url(), stats_of("-")).await, 2);
    assert_shows(&mut caller, ACCOUNT, &[&own]).await;
    assert_shows(&mut caller, OTHER_ACCOUNT, &[&foreign]).await;
    assert_shows(&mut caller, "acct_nobody", &[]).await;
    // Account ids are compared whole, and letters as they are.
    assert_shows(&mut caller, "ACCT_1", &[]).await;
    assert_shows(&mut caller, "acct_", &[]).await;
    assert_shows(&mut caller, "-", &[&own, &foreign]).await;

    assert_readable(&mut caller, ACCOUNT, &own).await;
    assert_readable(&mut caller, OTHER_ACCOUNT, &foreign).await;
    assert_readable(&mut caller, "-", &own).await;
    assert_readable(&mut caller, "-", &foreign).await;
}

#[tokio::test]
async fn a_filter_that_names_what_another_account_has_finds_nothing() {
    let (_service, mut caller, _party) = started().await;
    let own = Holdings::of(&mut caller, ACCOUNT).await;
    let foreign = Holdings::of(&mut caller, OTHER_ACCOUNT).await;
    for filter in [
        DeliveryFilter {
            endpoint_ids: vec![foreign.endpoint.endpoint_id.clone()],
            ..DeliveryFilter::default()
        },
        DeliveryFilter { event_ids: vec![foreign.event_id.clone()], ..DeliveryFilter::default() },
        DeliveryFilter {
            event_ids: vec![foreign.event_id.clone()],
            endpoint_ids: vec![own.endpoint.endpoint_id.clone()],
            ..DeliveryFilter::default()
        },
        DeliveryFilter {
            event_ids: vec![foreign.event_id.clone()],
            event_types: vec!["review.created".to_owned()],
            states: vec![State::Retrying.into()],
            ..DeliveryFilter::default()
        },
    ] {
        let request = ListDeliveriesRequest { filter: Some(filter.clone()), ..all_of(ACCOUNT) };
        assert_eq!(caller.deliveries(request).await, [], "{filter:?}");
        let request = WatchDeliveriesRequest { filter: Some(filter.clone()), ..watch(ACCOUNT) };
        assert_eq!(snapshot(&mut caller, request).await, [""; 0], "{filter:?}");
    }
    let both = DeliveryFilter {
        event_ids: vec![own.event_id.clone(), foreign.event_id.clone()],
        ..DeliveryFilter::default()
    };
    let request = ListDeliveriesRequest { filter: Some(both.clone()), ..all_of(ACCOUNT) };
    assert_eq!(caller.deliveries(request).await, std::slice::from_ref(&own.delivery));
    let request = ListDeliveriesRequest { filter: Some(both), ..all_of("-") };
    assert_eq!(caller.deliveries(request).await, [foreign.delivery, own.delivery]);
}
