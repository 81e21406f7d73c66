//! Listings of endpoints: pages, states, and what is sent to whom.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashSet};

use bookora_webhooks::proto::endpoint::State;
use bookora_webhooks::proto::{
    DeleteEndpointRequest, DisableEndpointRequest, Endpoint, ListEndpointsRequest,
    ListEndpointsResponse,
};
use prost::Message;

use super::{listed, started};
use crate::caller::{ACCOUNT, Caller, OTHER_ACCOUNT, PAGE_MAX, endpoint, nanos};
use crate::deliveries::seconds;

/// What a client takes of an answer by default, in bytes.
const ANSWER_BYTES_MAX: usize = 4 * 1024 * 1024;

fn request() -> ListEndpointsRequest {
    ListEndpointsRequest { account_id: ACCOUNT.to_owned(), ..ListEndpointsRequest::default() }
}

async fn page(caller: &mut Caller, request: ListEndpointsRequest) -> ListEndpointsResponse {
    caller.admin.list_endpoints(request).await.expect("it is listed").into_inner()
}

/// Every page of a listing.
async fn pages(caller: &mut Caller, mut request: ListEndpointsRequest) -> Vec<Vec<Endpoint>> {
    let mut pages = Vec::new();
    loop {
        let page = page(caller, request.clone()).await;
        pages.push(page.endpoints);
        if page.next_page_token.is_empty() {
            return pages;
        }
        request.page_token = page.next_page_token;
    }
}

async fn all(caller: &mut Caller, request: ListEndpointsRequest) -> Vec<Endpoint> {
    pages(caller, request).await.concat()
}

fn ids(endpoints: &[Endpoint]) -> Vec<&str> {
    endpoints.iter().map(|endpoint| endpoint.endpoint_id.as_str()).collect()
}

#[tokio::test]
async fn endpoints_are_listed_newest_first_on_pages_of_any_size() {
    let (_service, mut caller) = started().await;
    let mut registered = caller.register_many(&endpoint(ACCOUNT), 60).await;
    caller.register_many(&endpoint(OTHER_ACCOUNT), 3).await;
    let whole = page(&mut caller, ListEndpointsRequest { page_size: PAGE_MAX, ..request() }).await;
    assert_eq!(whole.next_page_token, "");
    let millis = |endpoint: &Endpoint| nanos(endpoint.create_time) / 1_000_000;
    assert!(whole.endpoints.is_sorted_by_key(|endpoint| Reverse(millis(endpoint))));
    registered.sort_by(|one, other| one.endpoint_id.cmp(&other.endpoint_id));
    assert_eq!(ids(&whole.endpoints), ids(&registered).into_iter().rev().collect::<Vec<_>>());

    for (page_size, sizes) in [
        (0, vec![50, 10]),
        (1, vec![1; 60]),
        (59, vec![59, 1]),
        (60, vec![60]),
        (61, vec![60]),
        (1_001, vec![60]),
        (i32::MAX, vec![60]),
    ] {
        let pages = pages(&mut caller, ListEndpointsRequest { page_size, ..request() }).await;
        assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), sizes, "{page_size}");
        assert_eq!(pages.concat(), whole.endpoints);
    }
}

#[tokio::test]
async fn a_page_may_have_another_size_than_the_one_before() {
    let (_service, mut caller) = started().await;
    caller.register_many(&endpoint(ACCOUNT), 10).await;
    let expected = all(&mut caller, request()).await;
    let first = page(&mut caller, ListEndpointsRequest { page_size: 3, ..request() }).await;
    let rest = ListEndpointsRequest { page_token: first.next_page_token, ..request() };
    let rest = page(&mut caller, rest).await;
    assert_eq!([first.endpoints, rest.endpoints].concat(), expected);
}

#[tokio::test]
async fn what_is_created_or_deleted_between_two_pages_shifts_none_of_the_others() {
    let (_service, mut caller) = started().await;
    caller.register_many(&endpoint(ACCOUNT), 10).await;
    let before = all(&mut caller, request()).await;
    let first = page(&mut caller, ListEndpointsRequest { page_size: 4, ..request() }).await;
    caller.register_many(&endpoint(ACCOUNT), 3).await;
    // The last one that was shown, and the next that would have been.
    for deleted in &before[3..=4] {
        let request = DeleteEndpointRequest {
            account_id: ACCOUNT.to_owned(),
            endpoint_id: deleted.endpoint_id.clone(),
            ..DeleteEndpointRequest::default()
        };
        caller.admin.delete_endpoint(request).await.unwrap();
    }
    let rest = ListEndpointsRequest { page_token: first.next_page_token, ..request() };
    assert_eq!(page(&mut caller, rest).await.endpoints, before[5..]);
}

#[tokio::test]
async fn a_listing_shows_one_account_or_with_dash_all() {
    let (_service, mut caller) = started().await;
    let own = caller.register(endpoint(ACCOUNT)).await;
    let foreign = caller.register(endpoint(OTHER_ACCOUNT)).await;
    // Account ids are compared whole, and letters as they are.
    for similar in ["acct_", "acct_11", "ACCT_1"] {
        caller.register(endpoint(similar)).await;
    }
    assert_eq!(listed(&mut caller, ACCOUNT).await, std::slice::from_ref(&own));
    assert_eq!(listed(&mut caller, OTHER_ACCOUNT).await, std::slice::from_ref(&foreign));
    assert_eq!(listed(&mut caller, "acct_nobody").await, []);
    let everyones = listed(&mut caller, "-").await;
    assert_eq!(everyones.len(), 5);
    assert!(everyones.contains(&own) && everyones.contains(&foreign));
    let of_all = ListEndpointsRequest { account_id: "-".to_owned(), page_size: 2, ..request() };
    assert_eq!(all(&mut caller, of_all).await, everyones);
}

#[tokio::test]
async fn a_listing_can_be_narrowed_by_state_and_by_what_is_sent() {
    let (_service, mut caller) = started().await;
    let subscriptions: [&[&str]; 6] = [
        &[],
        &["booking.*"],
        &["booking.created"],
        &["review.created", "customer.created"],
        &["no_show.*", "booking.cancelled"],
        &["lead.qualified"],
    ];
    let mut registered = BTreeMap::new();
    for (index, names) in subscriptions.iter().enumerate() {
        let event_types = names.iter().map(ToString::to_string).collect();
        let created = caller.register(Endpoint { event_types, ..endpoint(ACCOUNT) }).await;
        if index % 2 == 1 {
            let request = DisableEndpointRequest {
                account_id: ACCOUNT.to_owned(),
                endpoint_id: created.endpoint_id.clone(),
                ..DisableEndpointRequest::default()
            };
            caller.admin.disable_endpoint(request).await.unwrap();
        }
        registered.insert(index, created.endpoint_id);
    }
    let (active, disabled) = (State::Active.into(), State::Disabled.into());
    let cases: [(&[i32], &str, &[usize]); 11] = [
        (&[], "", &[0, 1, 2, 3, 4, 5]),
        (&[active], "", &[0, 2, 4]),
        (&[disabled], "", &[1, 3, 5]),
        (&[active, disabled, active], "", &[0, 1, 2, 3, 4, 5]),
        (&[], "booking.created", &[0, 1, 2]),
        (&[], "booking.cancelled", &[0, 1, 4]),
        (&[], "no_show.detected", &[0, 4]),
        (&[], "workflow.triggered", &[0]),
        (&[active], "booking.created", &[0, 2]),
        (&[disabled], "booking.created", &[1]),
        (&[disabled], "workflow.triggered", &[]),
    ];
    for (states, event_type, expected) in cases {
        for page_size in [0, 1, 4] {
            let request = ListEndpointsRequest {
                states: states.to_vec(),
                event_type: event_type.to_owned(),
                page_size,
                ..request()
            };
            let found = all(&mut caller, request.clone()).await;
            let found: HashSet<_> = ids(&found).into_iter().map(str::to_owned).collect();
            let expected: HashSet<_> =
                expected.iter().map(|index| registered[index].clone()).collect();
            assert_eq!(found, expected, "{request:?}");
        }
    }
}

/// The longest values in every field: some 25 KB each.
fn largest_endpoint() -> Endpoint {
    let header = |index: usize| (format!("{index:02}{}", "n".repeat(62)), "v".repeat(1_024));
    let url = "https://hooks.example.com/";
    Endpoint {
        url: format!("{url}{}", "u".repeat(2_048 - url.len())),
        description: "d".repeat(1_024),
        headers: (0..20).map(header).collect(),
        retry_schedule: vec![seconds(86_400); 10],
        ..endpoint(ACCOUNT)
    }
}

#[tokio::test]
async fn a_page_of_the_largest_endpoints_is_not_larger_than_clients_take() {
    const ENDPOINTS: usize = 200;
    let (_service, mut caller) = started().await;
    let size = largest_endpoint().encoded_len();
    assert!(ENDPOINTS * size > ANSWER_BYTES_MAX, "{size} bytes each do not fill an answer");
    caller.register_many(&largest_endpoint(), ENDPOINTS).await;
    let request = ListEndpointsRequest { page_size: PAGE_MAX, ..request() };
    let pages = pages(&mut caller, request).await;
    let found = pages.concat();
    assert_eq!(ids(&found).into_iter().collect::<HashSet<_>>().len(), ENDPOINTS);
    assert_eq!(found.len(), ENDPOINTS);
}
