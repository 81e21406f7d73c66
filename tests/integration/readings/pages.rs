//! Pages of deliveries, and the watch that goes on from them.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use bookora_webhooks::domain::event::EventType;
use bookora_webhooks::proto::delivery::State;
use bookora_webhooks::proto::watch_deliveries_response::Message;
use bookora_webhooks::proto::{
    Delivery, DeliveryFilter, DisableEndpointRequest, Endpoint, ListDeliveriesRequest,
    ListDeliveriesResponse, WatchDeliveriesRequest,
};

use super::{all_of, settled, started};
use crate::caller::{ACCOUNT, Caller, PAGE_MAX, deaf_endpoint, nanos};
use crate::deliveries::sample;
use crate::service::PATIENCE;

async fn page(caller: &mut Caller, request: ListDeliveriesRequest) -> ListDeliveriesResponse {
    caller.query.list_deliveries(request).await.expect("it is listed").into_inner()
}

/// Every page of a listing.
async fn pages(
    caller: &mut Caller,
    mut request: ListDeliveriesRequest,
) -> Vec<ListDeliveriesResponse> {
    let mut pages = Vec::new();
    loop {
        let page = page(caller, request.clone()).await;
        request.page_token.clone_from(&page.next_page_token);
        pages.push(page);
        if request.page_token.is_empty() {
            return pages;
        }
    }
}

fn ids(deliveries: &[Delivery]) -> Vec<String> {
    deliveries.iter().map(|delivery| delivery.delivery_id.clone()).collect()
}

#[tokio::test]
async fn deliveries_are_listed_newest_first_on_pages_of_any_size() {
    let (service, mut caller, party) = started().await;
    party.register(&service, party.endpoint(ACCOUNT)).await;
    caller.publish_all(vec![sample(ACCOUNT, EventType::ReviewCreated); 30]).await;
    for _ in 0..30 {
        caller.publish(sample(ACCOUNT, EventType::ReviewCreated)).await;
    }
    let whole = settled(&mut caller, &all_of(ACCOUNT), State::Succeeded).await;
    assert_eq!(whole.len(), 60);
    let millis = |delivery: &Delivery| nanos(delivery.create_time) / 1_000_000;
    assert!(whole.is_sorted_by_key(|delivery| Reverse(millis(delivery))));
    for (page_size, sizes) in [
        (0, vec![50, 10]),
        (1, vec![1; 60]),
        (59, vec![59, 1]),
        (60, vec![60]),
        (1_001, vec![60]),
        (i32::MAX, vec![60]),
    ] {
        let request = ListDeliveriesRequest { page_size, ..all_of(ACCOUNT) };
        let pages = pages(&mut caller, request).await;
        let found_sizes: Vec<_> = pages.iter().map(|page| page.deliveries.len()).collect();
        assert_eq!(found_sizes, sizes, "{page_size}");
        let found: Vec<_> = pages.into_iter().flat_map(|page| page.deliveries).collect();
        assert_eq!(found, whole);
    }
}

#[tokio::test]
async fn more_than_1_000_on_a_page_count_as_1_000() {
    let (_service, mut caller, _party) = started().await;
    caller.register(Endpoint { max_in_flight: 1, ..deaf_endpoint(ACCOUNT) }).await;
    for _ in 0..3 {
        caller.publish_all(vec![sample(ACCOUNT, EventType::ReviewCreated); 350]).await;
    }
    let request = ListDeliveriesRequest { page_size: 1_001, ..all_of(ACCOUNT) };
    let sizes = pages(&mut caller, request).await;
    assert_eq!(sizes.iter().map(|page| page.deliveries.len()).collect::<Vec<_>>(), [1_000, 50]);
}

#[tokio::test]
async fn pages_show_each_delivery_exactly_once_while_more_are_published() {
    let (_service, mut caller, _party) = started().await;
    caller.register(Endpoint { max_in_flight: 1, ..deaf_endpoint(ACCOUNT) }).await;
    caller.publish_all(vec![sample(ACCOUNT, EventType::ReviewCreated); 300]).await;
    let before: HashSet<_> = ids(&caller.deliveries(all_of(ACCOUNT)).await).into_iter().collect();
    assert_eq!(before.len(), 300);

    let mut publisher = caller.clone();
    let mut request = ListDeliveriesRequest { page_size: 7, ..all_of(ACCOUNT) };
    let mut shown = Vec::new();
    loop {
        let more = vec![sample(ACCOUNT, EventType::BookingCreated); 5];
        let (page, _) =
            tokio::join!(page(&mut caller, request.clone()), publisher.publish_all(more));
        shown.extend(ids(&page.deliveries));
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            break;
        }
    }
    let once: HashSet<_> = shown.iter().cloned().collect();
    assert_eq!(once.len(), shown.len(), "none is shown twice");
    assert!(once.is_superset(&before), "none is left out");
    assert!(shown.iter().is_sorted_by_key(Reverse), "newest first, over all pages");
}

/// How deliveries changed, by a watch until a number of changes was seen. A revision that was known
/// may be shown once more, as after any token.
async fn changes(
    caller: &mut Caller,
    watch_token: &str,
    known: &[Delivery],
    count: usize,
) -> HashMap<String, Vec<Delivery>> {
    let request = WatchDeliveriesRequest {
        account_id: ACCOUNT.to_owned(),
        resume_token: watch_token.to_owned(),
        ..WatchDeliveriesRequest::default()
    };
    let mut stream = caller.query.watch_deliveries(request).await.expect("it opens").into_inner();
    let known = |delivery: &Delivery| {
        let same = |known: &&Delivery| known.delivery_id == delivery.delivery_id;
        known.iter().find(same).map_or(0, |known| known.revision)
    };
    let mut changes: HashMap<String, Vec<Delivery>> = HashMap::new();
    let watching = async {
        let mut seen = 0;
        while seen < count {
            let next = stream.message().await.expect("it goes on").expect("it has no end");
            let Some(Message::Update(update)) = next.message else { continue };
            let delivery = update.delivery.expect("an update has its delivery");
            if delivery.revision > known(&delivery) {
                changes.entry(delivery.delivery_id.clone()).or_default().push(delivery);
                seen += 1;
            }
        }
    };
    tokio::time::timeout(PATIENCE, watching).await.expect("every change is seen in time");
    changes
}

#[tokio::test]
async fn a_watch_from_a_listing_shows_every_change_since_its_first_page() {
    let (service, mut caller, party) = started().await;
    let deaf = caller.register(deaf_endpoint(ACCOUNT)).await;
    for _ in 0..6 {
        caller.publish(sample(ACCOUNT, EventType::ReviewCreated)).await;
    }
    let before = settled(&mut caller, &all_of(ACCOUNT), State::Retrying).await;
    let request = ListDeliveriesRequest { page_size: 2, ..all_of(ACCOUNT) };
    let first = page(&mut caller, request.clone()).await;

    // What was listed changes, what was not yet listed changes, and more is published.
    let disable = DisableEndpointRequest {
        account_id: ACCOUNT.to_owned(),
        endpoint_id: deaf.endpoint_id,
        ..DisableEndpointRequest::default()
    };
    caller.admin.disable_endpoint(disable).await.expect("it is disabled");
    party.register(&service, party.endpoint(ACCOUNT)).await;
    let published = caller.publish_all(vec![sample(ACCOUNT, EventType::LeadQualified); 3]).await;

    let rest = ListDeliveriesRequest { page_token: first.next_page_token, ..request };
    let rest = pages(&mut caller, rest).await;
    assert_eq!(rest.len(), 2);
    assert!(rest.iter().all(|page| page.watch_token == first.watch_token));

    let count = before.len() + 2 * published.len();
    let seen = changes(&mut caller, &first.watch_token, &before, count).await;
    for listed in &before {
        let [cancelled] = &seen[&listed.delivery_id][..] else {
            panic!("one change of {listed:?}")
        };
        assert_eq!(cancelled.revision, listed.revision + 1);
        assert_eq!(cancelled.state(), State::Cancelled);
    }
    let of_new: Vec<_> =
        seen.values().filter(|changes| published.contains(&changes[0].event_id)).collect();
    assert_eq!(of_new.len(), published.len());
    for changes in of_new {
        let states: Vec<_> = changes.iter().map(|seen| (seen.revision, seen.state())).collect();
        assert_eq!(states, [(1, State::Pending), (2, State::Succeeded)]);
    }

    let later = page(&mut caller, all_of(ACCOUNT)).await;
    assert_ne!(later.watch_token, first.watch_token, "another listing, another place");
    let again = page(&mut caller, all_of(ACCOUNT)).await;
    assert_eq!(again.watch_token, later.watch_token, "nothing has changed");
}

/// Such a page is cut where it has looked at enough; the next goes on from there.
#[tokio::test]
async fn what_a_filter_hardly_lets_through_is_found_behind_10_000_others() {
    let (_service, mut caller, _party) = started().await;
    caller.register(Endpoint { max_in_flight: 1, ..deaf_endpoint(ACCOUNT) }).await;
    let rare = caller.publish(sample(ACCOUNT, EventType::ReviewCreated)).await;
    for _ in 0..25 {
        caller.publish_all(vec![sample(ACCOUNT, EventType::BookingCreated); 450]).await;
    }
    let filter = DeliveryFilter {
        event_types: vec!["review.created".to_owned()],
        ..DeliveryFilter::default()
    };
    for page_size in [1, PAGE_MAX] {
        let filter = Some(filter.clone());
        let request = ListDeliveriesRequest { filter, page_size, ..all_of(ACCOUNT) };
        let pages = pages(&mut caller, request).await;
        assert!(pages.len() > 1, "one page looked at everything");
        assert!(pages.iter().all(|page| page.watch_token == pages[0].watch_token));
        let found: Vec<_> = pages.into_iter().flat_map(|page| page.deliveries).collect();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].event_id, rare.event_id);
    }
}
