//! What is asked for: ids, filters, times and sizes of pages.

use bookora_webhooks::domain::clock::{Clock, SystemClock};
use bookora_webhooks::proto::delivery::State;
use bookora_webhooks::proto::endpoint::State as EndpointState;
use bookora_webhooks::proto::{
    DeliveryFilter, GetDeliveryRequest, GetDeliveryStatsRequest, GetEndpointRequest,
    GetEventRequest, ListAttemptsRequest, ListDeliveriesRequest, ListEndpointsRequest,
    ListEventTypesRequest, ListEventsRequest, WatchDeliveriesRequest,
};
use prost_types::{Duration, Timestamp};

use super::{BAD_ACCOUNTS, Case, assert_accepted, assert_refused, bad_ids, text, unknown_id};
use crate::caller::{ACCOUNT, Call, Caller};
use crate::service::Service;

fn deliveries() -> ListDeliveriesRequest {
    ListDeliveriesRequest { account_id: ACCOUNT.to_owned(), ..ListDeliveriesRequest::default() }
}

fn endpoints() -> ListEndpointsRequest {
    ListEndpointsRequest { account_id: ACCOUNT.to_owned(), ..ListEndpointsRequest::default() }
}

fn events() -> ListEventsRequest {
    ListEventsRequest { account_id: ACCOUNT.to_owned(), ..ListEventsRequest::default() }
}

fn stats() -> GetDeliveryStatsRequest {
    GetDeliveryStatsRequest { account_id: ACCOUNT.to_owned(), ..GetDeliveryStatsRequest::default() }
}

fn watch() -> WatchDeliveriesRequest {
    WatchDeliveriesRequest { account_id: ACCOUNT.to_owned(), ..WatchDeliveriesRequest::default() }
}

#[tokio::test]
async fn every_read_needs_a_whole_account_or_dash() {
    let service = Service::start(&[]);
    let mut caller = Caller::new(&service).await;
    let too_long = text(65);
    let calls = |account: &str| {
        let account_id = || account.to_owned();
        [
            Call::from(ListEndpointsRequest { account_id: account_id(), ..endpoints() }),
            ListDeliveriesRequest { account_id: account_id(), ..deliveries() }.into(),
            WatchDeliveriesRequest { account_id: account_id(), ..watch() }.into(),
            ListEventsRequest { account_id: account_id(), ..events() }.into(),
            GetDeliveryStatsRequest { account_id: account_id(), ..stats() }.into(),
            GetEndpointRequest { account_id: account_id(), endpoint_id: unknown_id("ep_") }.into(),
            GetEventRequest { account_id: account_id(), event_id: unknown_id("evt_") }.into(),
            GetDeliveryRequest {
                account_id: account_id(),
                delivery_id: unknown_id("dlv_"),
                ..GetDeliveryRequest::default()
            }
            .into(),
            ListAttemptsRequest {
                account_id: account_id(),
                delivery_id: unknown_id("dlv_"),
                ..ListAttemptsRequest::default()
            }
            .into(),
        ]
    };
    let accounts = BAD_ACCOUNTS.into_iter().chain([too_long.as_str()]);
    let cases = accounts.flat_map(|account| {
        calls(account).map(|call| Case::of_field(format!("{call:?}"), call, "account_id"))
    });
    assert_refused(&mut caller, cases).await;
    let [lists @ .., _, _, _, _] = calls("-");
    assert_accepted(&mut caller, lists.map(|call| (format!("{call:?}"), call))).await;
}

#[tokio::test]
async fn an_id_is_whole_and_of_its_kind() {
    let service = Service::start(&[]);
    let mut caller = Caller::new(&service).await;
    for account in [ACCOUNT, "-"] {
        let account_id = || account.to_owned();
        let of_endpoints = bad_ids("ep_").into_iter().map(|endpoint_id| {
            let request = GetEndpointRequest { account_id: account_id(), endpoint_id };
            Case::of_field(format!("{request:?}"), request, "endpoint_id")
        });
        assert_refused(&mut caller, of_endpoints).await;
        // An empty one stands for all.
        let others = bad_ids("ep_").into_iter().filter(|id| !id.is_empty());
        let of_stats = others.map(|endpoint_id| {
            let request = GetDeliveryStatsRequest {
                account_id: account_id(),
                endpoint_id,
                ..GetDeliveryStatsRequest::default()
            };
            Case::of_field(format!("{request:?}"), request, "endpoint_id")
        });
        assert_refused(&mut caller, of_stats).await;
        let of_events = bad_ids("evt_").into_iter().map(|event_id| {
            let request = GetEventRequest { account_id: account_id(), event_id };
            Case::of_field(format!("{request:?}"), request, "event_id")
        });
        assert_refused(&mut caller, of_events).await;
        let of_deliveries = bad_ids("dlv_").into_iter().flat_map(|delivery_id| {
            let get = GetDeliveryRequest {
                account_id: account_id(),
                delivery_id: delivery_id.clone(),
                ..GetDeliveryRequest::default()
            };
            let list = ListAttemptsRequest {
                account_id: account_id(),
                delivery_id,
                ..ListAttemptsRequest::default()
            };
            [Call::from(get), list.into()]
                .map(|call| Case::of_field(format!("{call:?}"), call, "delivery_id"))
        });
        assert_refused(&mut caller, of_deliveries).await;
    }
    let views = [3, -1, i32::MIN, i32::MAX].map(|view| {
        let (account_id, delivery_id) = (ACCOUNT.to_owned(), unknown_id("dlv_"));
        let request = GetDeliveryRequest { account_id, delivery_id, view };
        Case::of_field(format!("{request:?}"), request, "view")
    });
    assert_refused(&mut caller, views).await;
}

/// Filters with one bad value each, and its path.
fn spoilt_filters() -> Vec<(DeliveryFilter, String)> {
    let filter = DeliveryFilter::default;
    let mut all = Vec::new();
    for id in bad_ids("ep_") {
        let endpoint_ids = vec![unknown_id("ep_"), id];
        all.push((
            DeliveryFilter { endpoint_ids, ..filter() },
            "filter.endpoint_ids[1]".to_owned(),
        ));
    }
    for id in bad_ids("evt_") {
        let event_ids = vec![unknown_id("evt_"), id];
        all.push((DeliveryFilter { event_ids, ..filter() }, "filter.event_ids[1]".to_owned()));
    }
    for name in ["", "booking", "booking.*", "booking..deleted", "Booking.Created", "*"] {
        let event_types = vec!["booking.created".to_owned(), name.to_owned()];
        all.push((DeliveryFilter { event_types, ..filter() }, "filter.event_types[1]".to_owned()));
    }
    for state in [0, 6, 99, -1, i32::MIN, i32::MAX] {
        let states = vec![State::Pending.into(), state];
        all.push((DeliveryFilter { states, ..filter() }, "filter.states[1]".to_owned()));
    }
    let too_many = [
        (
            DeliveryFilter { endpoint_ids: vec![unknown_id("ep_"); 101], ..filter() },
            "filter.endpoint_ids",
        ),
        (
            DeliveryFilter { event_types: vec!["booking.created".to_owned(); 101], ..filter() },
            "filter.event_types",
        ),
        (
            DeliveryFilter { event_ids: vec![unknown_id("evt_"); 101], ..filter() },
            "filter.event_ids",
        ),
        (DeliveryFilter { states: vec![State::Pending.into(); 101], ..filter() }, "filter.states"),
    ];
    all.extend(too_many.map(|(filter, path)| (filter, path.to_owned())));
    all
}

#[tokio::test]
async fn a_filter_holds_whole_values_and_at_most_100_of_a_field() {
    let service = Service::start(&[]);
    let mut caller = Caller::new(&service).await;
    let cases = spoilt_filters().into_iter().flat_map(|(filter, path)| {
        let list = ListDeliveriesRequest { filter: Some(filter.clone()), ..deliveries() };
        let follow = WatchDeliveriesRequest { filter: Some(filter), ..watch() };
        [Call::from(list), follow.into()]
            .map(|call| Case::of_field(format!("{path} of {call:?}"), call, &path))
    });
    assert_refused(&mut caller, cases).await;

    let full = DeliveryFilter {
        endpoint_ids: vec![unknown_id("ep_"); 100],
        event_types: vec!["booking.created".to_owned(); 100],
        event_ids: vec![unknown_id("evt_"); 100],
        states: vec![State::Cancelled.into(); 100],
    };
    let list = ListDeliveriesRequest { filter: Some(full.clone()), ..deliveries() };
    let follow = WatchDeliveriesRequest { filter: Some(full), ..watch() };
    let fine = [Call::from(list), follow.into()].map(|call| (format!("{call:?}"), call));
    assert_accepted(&mut caller, fine).await;
}

#[tokio::test]
async fn a_filter_of_endpoints_names_states_that_exist_and_a_type_that_could() {
    let service = Service::start(&[]);
    let mut caller = Caller::new(&service).await;
    let states = [0, 99, -1, i32::MAX].map(|state| {
        let states = vec![EndpointState::Active.into(), state];
        let request = ListEndpointsRequest { states, ..endpoints() };
        Case::of_field(format!("{request:?}"), request, "states[1]")
    });
    assert_refused(&mut caller, states).await;
    let types = ["booking", "booking.*", "booking..deleted", " "].map(|name| {
        let request = ListEndpointsRequest { event_type: name.to_owned(), ..endpoints() };
        Case::of_field(format!("{request:?}"), request, "event_type")
    });
    assert_refused(&mut caller, types).await;
    let states = vec![EndpointState::Active.into(); 1_000];
    let many = ListEndpointsRequest { states, ..endpoints() };
    assert_refused(&mut caller, [Case::of_field("many states", many, "states")]).await;
}

#[tokio::test]
async fn a_range_of_times_does_not_end_before_it_starts() {
    let service = Service::start(&[]);
    let mut caller = Caller::new(&service).await;
    let at = |seconds, nanos| Some(Timestamp { seconds, nanos });
    let ranges = |start_time, end_time| {
        [
            Call::from(ListDeliveriesRequest { start_time, end_time, ..deliveries() }),
            ListEventsRequest { start_time, end_time, ..events() }.into(),
            GetDeliveryStatsRequest { start_time, end_time, ..stats() }.into(),
        ]
    };
    let year_10_000 = 253_402_300_800;
    let cases = [
        (ranges(at(4_000_000_000, 0), at(3_999_999_999, 999_999_999)), "end_time"),
        (ranges(at(0, -1), None), "start_time"),
        (ranges(at(0, 1_000_000_000), None), "start_time"),
        (ranges(at(i64::MAX, 0), None), "start_time"),
        (ranges(at(year_10_000, 0), None), "start_time"),
        (ranges(None, at(0, -1)), "end_time"),
        (ranges(None, at(1, i32::MAX)), "end_time"),
        (ranges(None, at(i64::MIN, 0)), "end_time"),
        (ranges(None, at(-62_135_596_801, 0)), "end_time"),
    ];
    let cases = cases.map(|(calls, path)| {
        calls.map(|call| match (&call, path) {
            // These do not lie in the future, nor long ago.
            (Call::GetDeliveryStats(_), "end_time") => None,
            _ => Some(Case::of_field(format!("{call:?}"), call, path)),
        })
    });
    let cases: Vec<_> = cases.into_iter().flatten().flatten().collect();
    assert_refused(&mut caller, cases).await;
    let fine = [
        (at(1_000, 0), at(1_000, 0)),
        (at(0, 0), None),
        (None, at(0, 0)),
        // What was made then can be told: nothing.
        (at(-62_135_596_800, 0), at(-1, 0)),
        (at(year_10_000 - 1, 999_999_999), None),
        (None, at(year_10_000 - 1, 0)),
    ];
    let fine = fine.into_iter().flat_map(|(start, end)| {
        let [deliveries, events, _] = ranges(start, end);
        [deliveries, events]
    });
    assert_accepted(&mut caller, fine.map(|call| (format!("{call:?}"), call))).await;
}

#[tokio::test]
async fn a_range_of_figures_lies_in_what_is_counted() {
    let service = Service::start(&["--retention=2d"]);
    let mut caller = Caller::new(&service).await;
    let now = SystemClock::new().now();
    let ago = |seconds: i64| {
        let seconds = now.as_unix_seconds() - seconds;
        Some(Timestamp { seconds, nanos: 0 })
    };
    let range = |start_time, end_time| GetDeliveryStatsRequest { start_time, end_time, ..stats() };
    let (hour, day) = (3_600, 86_400);
    let cases = [
        (range(ago(2 * day + 2 * hour), None), "start_time"),
        (range(Some(Timestamp::default()), ago(0)), "start_time"),
        (range(ago(-hour), None), "start_time"),
        (range(ago(-hour), ago(-2 * hour)), "start_time"),
        (range(None, ago(2 * day + 2 * hour)), "end_time"),
        (range(ago(hour), ago(hour)), "end_time"),
        (range(ago(hour), ago(2 * hour)), "end_time"),
    ];
    let cases = cases.map(|(request, path)| Case::of_field(format!("{request:?}"), request, path));
    assert_refused(&mut caller, cases).await;
    let fine = [
        range(None, None),
        range(ago(2 * day), None),
        range(ago(2 * day), ago(-hour)),
        range(None, ago(2 * day - hour)),
        range(ago(1), ago(0)),
    ];
    let fine = fine.map(|request| (format!("{request:?}"), Call::from(request)));
    assert_accepted(&mut caller, fine).await;
}

#[tokio::test]
async fn a_page_has_no_negative_size() {
    let service = Service::start(&[]);
    let mut caller = Caller::new(&service).await;
    let (account_id, delivery_id) = (ACCOUNT.to_owned(), unknown_id("dlv_"));
    let attempts =
        ListAttemptsRequest { account_id, delivery_id, ..ListAttemptsRequest::default() };
    let cases = [-1, i32::MIN].into_iter().flat_map(|page_size| {
        [
            ListEventsRequest { page_size, ..events() }.into(),
            Call::from(ListEndpointsRequest { page_size, ..endpoints() }),
            ListDeliveriesRequest { page_size, ..deliveries() }.into(),
            ListAttemptsRequest { page_size, ..attempts.clone() }.into(),
            ListEventTypesRequest { page_size, ..ListEventTypesRequest::default() }.into(),
        ]
    });
    let cases = cases.map(|call| Case::of_field(format!("{call:?}"), call, "page_size"));
    assert_refused(&mut caller, cases).await;
}

#[tokio::test]
async fn a_heartbeat_comes_every_1_to_60_seconds() {
    let service = Service::start(&[]);
    let mut caller = Caller::new(&service).await;
    let every = |seconds, nanos| WatchDeliveriesRequest {
        heartbeat_interval: Some(Duration { seconds, nanos }),
        ..watch()
    };
    let cases = [
        every(0, 0),
        every(0, 999_999_999),
        every(60, 1),
        every(61, 0),
        every(-1, 0),
        every(-15, 0),
        every(15, -1),
        every(15, 1_000_000_000),
        every(i64::MAX, 0),
        every(i64::MIN, 0),
    ];
    let cases =
        cases.map(|request| Case::of_field(format!("{request:?}"), request, "heartbeat_interval"));
    assert_refused(&mut caller, cases).await;
    let fine = [every(1, 0), every(60, 0)];
    let fine = fine.map(|request| (format!("{request:?}"), Call::from(request)));
    assert_accepted(&mut caller, fine).await;
}
