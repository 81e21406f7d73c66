//! Listings of events.

use std::cmp::Reverse;
use std::collections::HashSet;

use bookora_webhooks::domain::event::EventType;
use bookora_webhooks::proto::{Event, ListEventsRequest, ListEventsResponse};
use prost_types::Timestamp;

use super::event;
use crate::caller::{ACCOUNT, Caller, OTHER_ACCOUNT, PAGE_MAX, nanos};
use crate::deliveries::sample;
use crate::service::Service;

const TYPES: [EventType; 3] =
    [EventType::BookingCreated, EventType::ReviewCreated, EventType::CustomerCreated];

pub fn events_of(account_id: &str) -> ListEventsRequest {
    ListEventsRequest { account_id: account_id.to_owned(), ..ListEventsRequest::default() }
}

async fn page(caller: &mut Caller, request: ListEventsRequest) -> ListEventsResponse {
    caller.query.list_events(request).await.expect("it is listed").into_inner()
}

/// Every page of a listing.
pub async fn pages(caller: &mut Caller, mut request: ListEventsRequest) -> Vec<Vec<Event>> {
    let mut pages = Vec::new();
    loop {
        let page = page(caller, request.clone()).await;
        pages.push(page.events);
        if page.next_page_token.is_empty() {
            return pages;
        }
        request.page_token = page.next_page_token;
    }
}

async fn all(caller: &mut Caller, request: ListEventsRequest) -> Vec<Event> {
    pages(caller, request).await.concat()
}

fn ids(events: &[Event]) -> Vec<&str> {
    events.iter().map(|event| event.event_id.as_str()).collect()
}

/// Events of three types in two accounts, some of them of one moment.
async fn filled() -> (Service, Caller, Vec<String>) {
    let service = Service::start(&[]);
    let mut caller = Caller::new(&service).await;
    let mut published = Vec::new();
    for round in 0..20 {
        let event_type = TYPES[round % TYPES.len()];
        published.push(caller.publish(sample(ACCOUNT, event_type)).await.event_id);
        let batch = [ACCOUNT, OTHER_ACCOUNT, ACCOUNT].map(|account| sample(account, event_type));
        published.extend(caller.publish_all(batch.to_vec()).await);
    }
    (service, caller, published)
}

#[tokio::test]
async fn events_are_listed_newest_first_on_pages_of_any_size_as_each_is_read_alone() {
    let (_service, mut caller, published) = filled().await;
    for account in [ACCOUNT, OTHER_ACCOUNT, "-"] {
        let request = ListEventsRequest { page_size: PAGE_MAX, ..events_of(account) };
        let whole = page(&mut caller, request).await;
        assert_eq!(whole.next_page_token, "");
        let whole = whole.events;
        match account {
            "-" => assert!(whole.is_sorted_by_key(|event| Reverse(event.event_id.clone()))),
            _ => assert!(whole.is_sorted_by_key(|event| Reverse(nanos(event.publish_time)))),
        }
        let mut expected = HashSet::new();
        for event_id in &published {
            let alone = event(&mut caller, "-", event_id).await;
            if account == "-" || alone.account_id == account {
                assert!(whole.contains(&alone), "{alone:?}");
                expected.insert(event_id.as_str());
            }
        }
        assert_eq!(ids(&whole).into_iter().collect::<HashSet<_>>(), expected);
        assert_eq!(whole.len(), expected.len());
        for page_size in [1, 7, i32::try_from(whole.len()).unwrap() - 1, i32::MAX] {
            let request = ListEventsRequest { page_size, ..events_of(account) };
            let pages = pages(&mut caller, request).await;
            let full = usize::try_from(page_size.min(PAGE_MAX)).unwrap();
            let sizes: Vec<_> = whole.chunks(full).map(<[_]>::len).collect();
            assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), sizes, "{page_size}");
            assert_eq!(pages.concat(), whole);
        }
    }
    let usual = page(&mut caller, events_of("-")).await;
    assert_eq!(usual.events.len(), 50);
    assert_eq!(all(&mut caller, events_of("acct_nobody")).await, []);
}

fn time(nanos: i128) -> Timestamp {
    let seconds = i64::try_from(nanos.div_euclid(1_000_000_000)).unwrap();
    let nanos = i32::try_from(nanos.rem_euclid(1_000_000_000)).unwrap();
    Timestamp { seconds, nanos }
}

#[tokio::test]
async fn a_listing_of_events_can_be_narrowed_by_type_and_by_the_time_of_publishing() {
    let (_service, mut caller, _published) = filled().await;
    let name = |event_type: EventType| event_type.name().to_owned();
    let type_sets = [
        vec![],
        vec![name(TYPES[0])],
        vec![name(TYPES[1]), name(TYPES[2]), name(TYPES[1])],
        vec![name(EventType::LeadQualified)],
    ];
    let mut sizes = [1, 3, PAGE_MAX].into_iter().cycle();
    for account in [ACCOUNT, "-"] {
        let whole = all(&mut caller, events_of(account)).await;
        let moments: Vec<_> = whole.iter().map(|event| nanos(event.publish_time)).collect();
        let (last, first) = (moments[0], moments[moments.len() - 1]);
        let middle = moments[moments.len() / 2];
        let bounds =
            [None, Some(first), Some(middle), Some(middle + 1), Some(last), Some(last + 1)];
        let mut shown = 0;
        for start in bounds {
            for end in bounds {
                if start.zip(end).is_some_and(|(start, end)| end < start) {
                    continue;
                }
                for event_types in &type_sets {
                    let request = ListEventsRequest {
                        event_types: event_types.clone(),
                        start_time: start.map(time),
                        end_time: end.map(time),
                        page_size: sizes.next().unwrap(),
                        ..events_of(account)
                    };
                    let passes = |event: &&Event| {
                        let moment = nanos(event.publish_time);
                        start.is_none_or(|start| moment >= start)
                            && end.is_none_or(|end| moment < end)
                            && (event_types.is_empty() || event_types.contains(&event.event_type))
                    };
                    let expected: Vec<_> = whole.iter().filter(passes).cloned().collect();
                    let found = all(&mut caller, request.clone()).await;
                    assert_eq!(ids(&found), ids(&expected), "{request:?}");
                    assert_eq!(found, expected);
                    shown += found.len();
                }
            }
        }
        assert!(shown > 5 * whole.len(), "{shown}");
    }
}

#[tokio::test]
async fn pages_show_each_event_exactly_once_while_more_are_published() {
    let (_service, mut caller, published) = filled().await;
    for account in [ACCOUNT, "-"] {
        let before = all(&mut caller, events_of(account)).await;
        let before: HashSet<_> = ids(&before).into_iter().map(str::to_owned).collect();
        let mut publisher = caller.clone();
        let mut request = ListEventsRequest { page_size: 3, ..events_of(account) };
        let mut shown = Vec::new();
        loop {
            let more = vec![sample(ACCOUNT, EventType::LeadQualified); 2];
            let (page, _) =
                tokio::join!(page(&mut caller, request.clone()), publisher.publish_all(more));
            shown.extend(ids(&page.events).into_iter().map(str::to_owned));
            request.page_token = page.next_page_token;
            if request.page_token.is_empty() {
                break;
            }
        }
        let once: HashSet<_> = shown.iter().cloned().collect();
        assert_eq!(once.len(), shown.len(), "none is shown twice");
        assert!(once.is_superset(&before), "none is left out");
    }
    assert!(!published.is_empty());
}

/// Such a page is cut where it has looked at enough; the next goes on from there.
#[tokio::test]
async fn a_rare_type_is_found_behind_10_000_other_events() {
    let service = Service::start(&[]);
    let mut caller = Caller::new(&service).await;
    let rare = caller.publish(sample(ACCOUNT, EventType::ReviewCreated)).await;
    for _ in 0..22 {
        caller.publish_all(vec![sample(ACCOUNT, EventType::BookingCreated); 500]).await;
    }
    for account in [ACCOUNT, "-"] {
        for page_size in [1, PAGE_MAX] {
            let event_types = vec!["review.created".to_owned()];
            let request = ListEventsRequest { event_types, page_size, ..events_of(account) };
            let pages = pages(&mut caller, request).await;
            assert_eq!(pages.len(), 2, "the first page has looked at 10,000");
            assert_eq!(ids(&pages.concat()), [rare.event_id.as_str()]);
        }
    }
}
