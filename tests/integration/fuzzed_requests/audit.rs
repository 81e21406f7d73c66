//! Reads everything back that is stored, in every account, and checks it against the limits that
//! the contract sets.

use std::collections::{BTreeMap, BTreeSet};

use bookora_webhooks::domain::account::AccountId;
use bookora_webhooks::domain::endpoint_url::EndpointUrl;
use bookora_webhooks::proto::delivery::State;
use bookora_webhooks::proto::{
    Delivery, DeliveryView, Endpoint, GetDeliveryRequest, GetEndpointRequest, GetEventRequest,
    ListAttemptsRequest, ListDeliveriesRequest, ListEndpointsRequest, endpoint,
};
use prost_types::{Duration, Timestamp};

use crate::caller::Caller;

/// Pages have to be turned.
const PAGE: i32 = 70;
/// What a payload has.
const BODY_KEYS: [&str; 4] = ["event", "id", "created_at", "data"];

/// Everything of all accounts.
pub struct Audit {
    /// Ids of all endpoints.
    pub endpoint_ids: BTreeSet<String>,
    /// All deliveries.
    pub deliveries: usize,
    /// Events that have deliveries.
    pub events: usize,
}

/// Reads and checks everything.
pub async fn read_all(caller: &mut Caller) -> Audit {
    let (endpoints, deliveries) =
        (endpoints_of(caller, "-").await, deliveries_of(caller, "-").await);
    let of_endpoints = endpoints.iter().map(|endpoint| endpoint.account_id.clone());
    let of_deliveries = deliveries.iter().map(|delivery| delivery.account_id.clone());
    let accounts: BTreeSet<String> = of_endpoints.chain(of_deliveries).collect();
    let (mut in_accounts, mut deliveries_in_accounts) = (Vec::new(), 0);
    for account in &accounts {
        in_accounts.extend(endpoints_of(caller, account).await);
        deliveries_in_accounts += deliveries_of(caller, account).await.len();
    }
    let ids = |endpoints: &[Endpoint]| -> BTreeSet<String> {
        endpoints.iter().map(|endpoint| endpoint.endpoint_id.clone()).collect()
    };
    assert_eq!(ids(&in_accounts), ids(&endpoints), "each is in one account's listing");
    assert_eq!(deliveries_in_accounts, deliveries.len(), "and each delivery too");
    for endpoint in &endpoints {
        check_endpoint(endpoint);
        let request = GetEndpointRequest {
            account_id: endpoint.account_id.clone(),
            endpoint_id: endpoint.endpoint_id.clone(),
        };
        let read = caller.admin.get_endpoint(request).await.expect("it is there").into_inner();
        assert_eq!(read.endpoint.as_ref(), Some(endpoint));
    }
    let mut by_event = BTreeMap::new();
    for delivery in &deliveries {
        check_delivery(delivery);
        by_event.insert(delivery.event_id.clone(), delivery);
    }
    for delivery in by_event.values() {
        check_event(caller, delivery).await;
    }
    Audit { endpoint_ids: ids(&endpoints), deliveries: deliveries.len(), events: by_event.len() }
}

/// Every endpoint of an account.
pub async fn endpoints_of(caller: &mut Caller, account_id: &str) -> Vec<Endpoint> {
    let mut request = ListEndpointsRequest {
        account_id: account_id.to_owned(),
        page_size: PAGE,
        ..ListEndpointsRequest::default()
    };
    let mut all = Vec::new();
    loop {
        let page = caller.admin.list_endpoints(request.clone()).await.expect("it is listed");
        let page = page.into_inner();
        all.extend(page.endpoints);
        if page.next_page_token.is_empty() {
            return all;
        }
        request.page_token = page.next_page_token;
    }
}

/// Every delivery of an account.
pub async fn deliveries_of(caller: &mut Caller, account_id: &str) -> Vec<Delivery> {
    let request = ListDeliveriesRequest {
        account_id: account_id.to_owned(),
        page_size: PAGE,
        ..ListDeliveriesRequest::default()
    };
    caller.deliveries(request).await
}

fn check_endpoint(endpoint: &Endpoint) {
    let is_between = |time: &Duration, min: i64, max: i64| {
        (0..1_000_000_000).contains(&time.nanos)
            && time.seconds >= min
            && (time.seconds < max || (time.seconds == max && time.nanos == 0))
    };
    let is_text = |text: &str, bytes_max: usize| text.len() <= bytes_max && !text.contains('\0');
    assert!(endpoint.account_id.parse::<AccountId>().is_ok(), "{endpoint:?}");
    assert!(is_id("ep_", &endpoint.endpoint_id), "{endpoint:?}");
    assert!(EndpointUrl::parse(&endpoint.url, false).is_ok(), "{endpoint:?}");
    assert!(endpoint.url.len() <= 2_048, "{endpoint:?}");
    assert!(endpoint.event_types.len() <= 100, "{endpoint:?}");
    assert!(endpoint.event_types.iter().all(|name| name.contains('.')), "{endpoint:?}");
    assert!(is_text(&endpoint.description, 1_024), "{endpoint:?}");
    assert!(is_text(&endpoint.state_reason, 2_048), "{endpoint:?}");
    assert!(endpoint.headers.len() <= 20, "{endpoint:?}");
    for (name, value) in &endpoint.headers {
        let is_visible = |byte: u8| matches!(byte, b'\t' | b' '..=b'~');
        assert!((1..=64).contains(&name.len()) && value.len() <= 1_024, "{endpoint:?}");
        assert!(http::HeaderName::try_from(name).is_ok(), "{endpoint:?}");
        assert!(value.bytes().all(is_visible), "{endpoint:?}");
    }
    assert!(endpoint.retry_schedule.len() <= 10, "{endpoint:?}");
    let waits = |wait: &Duration| is_between(wait, 1, 86_400);
    assert!(endpoint.retry_schedule.iter().all(waits), "{endpoint:?}");
    assert!(
        endpoint.request_timeout.as_ref().is_none_or(|time| is_between(time, 1, 30)),
        "{endpoint:?}"
    );
    assert!((0..=10_000).contains(&endpoint.max_deliveries_per_second), "{endpoint:?}");
    assert!((0..=1_000).contains(&endpoint.max_in_flight), "{endpoint:?}");
    assert_ne!(endpoint.state(), endpoint::State::Unspecified, "{endpoint:?}");
    assert!((1..=2).contains(&endpoint.secrets.len()), "{endpoint:?}");
    assert!(endpoint.secrets.iter().all(|secret| is_id("sec_", &secret.secret_id)));
    assert!(!endpoint.etag.is_empty(), "{endpoint:?}");
    assert!(is_time(endpoint.create_time) && is_time(endpoint.update_time), "{endpoint:?}");
}

fn check_delivery(delivery: &Delivery) {
    assert!(is_id("dlv_", &delivery.delivery_id), "{delivery:?}");
    assert!(is_id("evt_", &delivery.event_id), "{delivery:?}");
    assert!(is_id("ep_", &delivery.endpoint_id), "{delivery:?}");
    assert!(delivery.event_type.contains('.'), "{delivery:?}");
    assert!(delivery.payload.is_empty(), "a listing is BASIC: {delivery:?}");
    let is_open = matches!(delivery.state(), State::Pending | State::Retrying);
    assert_ne!(delivery.state(), State::Unspecified, "{delivery:?}");
    assert_eq!(delivery.next_attempt_time.is_some(), is_open, "{delivery:?}");
    assert!(delivery.next_attempt_time.is_none() || is_time(delivery.next_attempt_time));
    assert!(delivery.revision >= 1 && delivery.attempt_count >= 0, "{delivery:?}");
    assert_eq!(delivery.last_attempt.is_some(), delivery.attempt_count > 0, "{delivery:?}");
    assert!(is_time(delivery.create_time) && is_time(delivery.update_time), "{delivery:?}");
}

/// Checks an event and one of its deliveries with its attempts.
async fn check_event(caller: &mut Caller, delivery: &Delivery) {
    let account_id = delivery.account_id.clone();
    let request =
        GetEventRequest { account_id: account_id.clone(), event_id: delivery.event_id.clone() };
    let event = caller.query.get_event(request).await.expect("it is there").into_inner();
    let event = event.event.expect("it is in the answer");
    assert_eq!(event.event_type, delivery.event_type);
    assert!(is_time(event.create_time) && is_time(event.publish_time), "{event:?}");
    let key = &event.idempotency_key;
    assert!(key.len() <= 256 && key.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{event:?}");
    let body: serde_json::Value = serde_json::from_str(&event.payload).expect("it is JSON");
    let body = body.as_object().expect("an object");
    let keys: BTreeSet<_> = body.keys().map(String::as_str).collect();
    assert_eq!(keys, BTreeSet::from(BODY_KEYS), "{event:?}");
    assert_eq!(body["id"], event.event_id.as_str());
    assert_eq!(body["event"], event.event_type.as_str());

    let request = GetDeliveryRequest {
        account_id: account_id.clone(),
        delivery_id: delivery.delivery_id.clone(),
        view: DeliveryView::Full.into(),
    };
    let full = caller.query.get_delivery(request).await.expect("it is there").into_inner();
    assert_eq!(full.delivery.expect("it is in the answer").payload, event.payload);
    let request = ListAttemptsRequest {
        account_id,
        delivery_id: delivery.delivery_id.clone(),
        ..ListAttemptsRequest::default()
    };
    let attempts = caller.query.list_attempts(request).await.expect("they are there").into_inner();
    for (place, attempt) in attempts.attempts.iter().enumerate() {
        assert!(is_id("att_", &attempt.attempt_id), "{attempt:?}");
        assert_eq!(usize::try_from(attempt.number).ok(), Some(place + 1), "{attempt:?}");
        assert!(!attempt.error_message.is_empty(), "nobody listens anywhere: {attempt:?}");
    }
}

fn is_id(prefix: &str, text: &str) -> bool {
    text.strip_prefix(prefix).is_some_and(|rest| rest.len() == 26)
}

/// Whether a time is set, from 1970 on, by protobuf's rules.
fn is_time(time: Option<Timestamp>) -> bool {
    time.is_some_and(|time| time.seconds >= 0 && (0..1_000_000_000).contains(&time.nanos))
}
