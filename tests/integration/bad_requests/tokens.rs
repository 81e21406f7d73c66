//! Tokens that do not belong where they are given.

use bookora_webhooks::domain::event::EventType;
use bookora_webhooks::proto::delivery::State;
use bookora_webhooks::proto::endpoint::State as EndpointState;
use bookora_webhooks::proto::{
    DeliveryFilter, Endpoint, ListAttemptsRequest, ListDeliveriesRequest, ListEndpointsRequest,
    ListEventTypesRequest, ListEventsRequest, WatchDeliveriesRequest,
};
use prost_types::Timestamp;

use super::{Case, assert_accepted, assert_refused};
use crate::caller::{ACCOUNT, Call, Caller, OTHER_ACCOUNT, deaf_endpoint};
use crate::deliveries::{sample, seconds};
use crate::service::{Service, eventually};

/// Two endpoints, two events of which one is delivered to both with two attempts each: every listing
/// has a second page.
async fn filled() -> (Service, Caller, [String; 2]) {
    let service = Service::start(&[]);
    let mut caller = Caller::new(&service).await;
    caller.publish(sample(ACCOUNT, EventType::LeadQualified)).await;
    let retry_schedule = vec![seconds(1)];
    for _ in 0..2 {
        let retry_schedule = retry_schedule.clone();
        caller.register(Endpoint { retry_schedule, ..deaf_endpoint(ACCOUNT) }).await;
    }
    caller.publish(sample(ACCOUNT, EventType::ReviewCreated)).await;
    let failed = eventually("every attempt was made", async || {
        let listed = caller.deliveries(deliveries()).await;
        listed.iter().all(|delivery| delivery.state() == State::Failed).then_some(listed)
    })
    .await;
    let ids: Vec<_> = failed.into_iter().map(|delivery| delivery.delivery_id).collect();
    (service, caller, ids.try_into().expect("there are two"))
}

fn deliveries() -> ListDeliveriesRequest {
    ListDeliveriesRequest {
        account_id: ACCOUNT.to_owned(),
        page_size: 1,
        ..ListDeliveriesRequest::default()
    }
}

fn events() -> ListEventsRequest {
    ListEventsRequest {
        account_id: ACCOUNT.to_owned(),
        page_size: 1,
        ..ListEventsRequest::default()
    }
}

fn endpoints() -> ListEndpointsRequest {
    ListEndpointsRequest {
        account_id: ACCOUNT.to_owned(),
        page_size: 1,
        ..ListEndpointsRequest::default()
    }
}

fn event_types() -> ListEventTypesRequest {
    ListEventTypesRequest { page_size: 1, ..ListEventTypesRequest::default() }
}

fn attempts(delivery_id: &str) -> ListAttemptsRequest {
    ListAttemptsRequest {
        account_id: ACCOUNT.to_owned(),
        delivery_id: delivery_id.to_owned(),
        page_size: 1,
        ..ListAttemptsRequest::default()
    }
}

fn watch(account_id: &str) -> WatchDeliveriesRequest {
    WatchDeliveriesRequest {
        account_id: account_id.to_owned(),
        ..WatchDeliveriesRequest::default()
    }
}

async fn watch_token(caller: &mut Caller, account_id: &str) -> String {
    let stream = caller.query.watch_deliveries(watch(account_id)).await.expect("it opens");
    let first = stream.into_inner().message().await.expect("it goes on");
    first.expect("a heartbeat comes at once").resume_token
}

/// One token of each kind.
struct Tokens {
    deliveries: String,
    events: String,
    endpoints: String,
    event_types: String,
    attempts: String,
    watch: String,
}

impl Tokens {
    async fn gather(caller: &mut Caller, delivery_id: &str) -> Self {
        let page = caller.query.list_deliveries(deliveries()).await.expect("it is listed");
        let deliveries = page.into_inner().next_page_token;
        let page = caller.query.list_events(events()).await.expect("it is listed");
        let events = page.into_inner().next_page_token;
        let page = caller.admin.list_endpoints(endpoints()).await.expect("it is listed");
        let endpoints = page.into_inner().next_page_token;
        let page = caller.admin.list_event_types(event_types()).await.expect("it is listed");
        let event_types = page.into_inner().next_page_token;
        let page = caller.query.list_attempts(attempts(delivery_id)).await.expect("it is listed");
        let attempts = page.into_inner().next_page_token;
        let watch = watch_token(caller, ACCOUNT).await;
        let tokens = Self { deliveries, events, endpoints, event_types, attempts, watch };
        assert!(tokens.all().iter().all(|token| !token.is_empty()), "every listing goes on");
        tokens
    }

    fn all(&self) -> [&str; 6] {
        [
            &self.deliveries,
            &self.events,
            &self.endpoints,
            &self.event_types,
            &self.attempts,
            &self.watch,
        ]
    }

    /// The tokens of other kinds than `own`, spoilt forms of `own`, and what is no token at all.
    fn wrong(&self, own: &str) -> Vec<String> {
        let mut changed = own.to_owned().into_bytes();
        changed[4] = if changed[4] == b'A' { b'B' } else { b'A' };
        let spoilt = [
            own[1..].to_owned(),
            own[..own.len() - 1].to_owned(),
            format!("{own}A"),
            format!("{own}AAAA"),
            format!("{own}="),
            format!(" {own}"),
            String::from_utf8(changed).expect("it stays ASCII"),
            own.repeat(100),
        ];
        let garbage = ["garbage", "-", "!", "é", "\0", "AAAA"].map(str::to_owned);
        let others = self.all().into_iter().filter(|token| *token != own).map(str::to_owned);
        others.chain(spoilt).chain(garbage).collect()
    }
}

#[tokio::test]
async fn a_page_token_goes_on_with_its_own_kind_of_listing_only() {
    let (_service, mut caller, [delivery_id, _]) = filled().await;
    let tokens = Tokens::gather(&mut caller, &delivery_id).await;
    let mut calls = Vec::new();
    for page_token in tokens.wrong(&tokens.deliveries) {
        calls.push(Call::from(ListDeliveriesRequest { page_token, ..deliveries() }));
    }
    for page_token in tokens.wrong(&tokens.events) {
        calls.push(ListEventsRequest { page_token, ..events() }.into());
    }
    for page_token in tokens.wrong(&tokens.endpoints) {
        calls.push(ListEndpointsRequest { page_token, ..endpoints() }.into());
    }
    for page_token in tokens.wrong(&tokens.event_types) {
        calls.push(ListEventTypesRequest { page_token, ..event_types() }.into());
    }
    for page_token in tokens.wrong(&tokens.attempts) {
        calls.push(ListAttemptsRequest { page_token, ..attempts(&delivery_id) }.into());
    }
    let cases =
        calls.into_iter().map(|call| Case::of_field(format!("{call:?}"), call, "page_token"));
    assert_refused(&mut caller, cases).await;
}

#[tokio::test]
async fn a_page_token_goes_on_with_the_same_listing_only() {
    let (_service, mut caller, [delivery_id, other_id]) = filled().await;
    let tokens = Tokens::gather(&mut caller, &delivery_id).await;
    let time = || Some(Timestamp { seconds: 1, nanos: 0 });
    let other = || OTHER_ACCOUNT.to_owned();
    let all = || "-".to_owned();
    let filter = DeliveryFilter { states: vec![State::Failed.into()], ..DeliveryFilter::default() };
    let mut calls = Vec::new();
    for request in [
        ListDeliveriesRequest { account_id: other(), ..deliveries() },
        ListDeliveriesRequest { account_id: all(), ..deliveries() },
        ListDeliveriesRequest { filter: Some(filter), ..deliveries() },
        ListDeliveriesRequest { start_time: time(), ..deliveries() },
        ListDeliveriesRequest { end_time: time(), ..deliveries() },
    ] {
        let page_token = tokens.deliveries.clone();
        calls.push(Call::from(ListDeliveriesRequest { page_token, ..request }));
    }
    for request in [
        ListEventsRequest { account_id: other(), ..events() },
        ListEventsRequest { account_id: all(), ..events() },
        ListEventsRequest { event_types: vec!["lead.qualified".to_owned()], ..events() },
        ListEventsRequest { start_time: time(), ..events() },
        ListEventsRequest { end_time: time(), ..events() },
    ] {
        let page_token = tokens.events.clone();
        calls.push(ListEventsRequest { page_token, ..request }.into());
    }
    for request in [
        ListEndpointsRequest { account_id: other(), ..endpoints() },
        ListEndpointsRequest { account_id: all(), ..endpoints() },
        ListEndpointsRequest { states: vec![EndpointState::Active.into()], ..endpoints() },
        ListEndpointsRequest { event_type: "booking.created".to_owned(), ..endpoints() },
    ] {
        let page_token = tokens.endpoints.clone();
        calls.push(ListEndpointsRequest { page_token, ..request }.into());
    }
    for request in
        [attempts(&other_id), ListAttemptsRequest { account_id: all(), ..attempts(&delivery_id) }]
    {
        let page_token = tokens.attempts.clone();
        calls.push(ListAttemptsRequest { page_token, ..request }.into());
    }
    let cases =
        calls.into_iter().map(|call| Case::of_field(format!("{call:?}"), call, "page_token"));
    assert_refused(&mut caller, cases).await;

    let page_size = 7;
    let fine = [
        Call::from(ListDeliveriesRequest {
            page_token: tokens.deliveries,
            page_size,
            ..deliveries()
        }),
        ListEventsRequest { page_token: tokens.events, page_size, ..events() }.into(),
        ListEndpointsRequest { page_token: tokens.endpoints, page_size, ..endpoints() }.into(),
        ListEventTypesRequest { page_token: tokens.event_types, page_size }.into(),
        ListAttemptsRequest { page_token: tokens.attempts, page_size, ..attempts(&delivery_id) }
            .into(),
    ];
    assert_accepted(&mut caller, fine.map(|call| (format!("{call:?}"), call))).await;
}

#[tokio::test]
async fn a_watch_resumes_with_a_token_of_its_own_account_only() {
    let (_service, mut caller, [delivery_id, _]) = filled().await;
    let tokens = Tokens::gather(&mut caller, &delivery_id).await;
    let of_all = watch_token(&mut caller, "-").await;
    let mut wrong = tokens.wrong(&tokens.watch);
    wrong.push(of_all.clone());
    let mut requests: Vec<_> = wrong
        .into_iter()
        .map(|resume_token| WatchDeliveriesRequest { resume_token, ..watch(ACCOUNT) })
        .collect();
    for account in [OTHER_ACCOUNT, "-"] {
        let resume_token = tokens.watch.clone();
        requests.push(WatchDeliveriesRequest { resume_token, ..watch(account) });
    }
    let cases = requests
        .into_iter()
        .map(|request| Case::of_field(format!("{request:?}"), request, "resume_token"));
    assert_refused(&mut caller, cases).await;

    let filter = DeliveryFilter { states: vec![State::Failed.into()], ..DeliveryFilter::default() };
    let fine = [
        WatchDeliveriesRequest {
            resume_token: tokens.watch,
            filter: Some(filter),
            include_snapshot: true,
            ..watch(ACCOUNT)
        },
        WatchDeliveriesRequest { resume_token: of_all, ..watch("-") },
    ];
    let fine = fine.map(|request| (format!("{request:?}"), Call::from(request)));
    assert_accepted(&mut caller, fine).await;
}

/// An operator who puts another database in place has not put its tokens there.
#[tokio::test]
async fn a_token_is_of_one_database() {
    let (_service, mut caller, [delivery_id, _]) = filled().await;
    let tokens = Tokens::gather(&mut caller, &delivery_id).await;
    let elsewhere = Service::start(&[]);
    let mut elsewhere = Caller::new(&elsewhere).await;
    let cases = [
        (
            Call::from(ListDeliveriesRequest { page_token: tokens.deliveries, ..deliveries() }),
            "page_token",
        ),
        (ListEventsRequest { page_token: tokens.events, ..events() }.into(), "page_token"),
        (ListEndpointsRequest { page_token: tokens.endpoints, ..endpoints() }.into(), "page_token"),
        (
            WatchDeliveriesRequest { resume_token: tokens.watch, ..watch(ACCOUNT) }.into(),
            "resume_token",
        ),
    ];
    let cases = cases.map(|(call, path)| Case::of_field(format!("{call:?}"), call, path));
    assert_refused(&mut elsewhere, cases).await;
}
