//! Endpoints that are switched off and on.

use bookora_webhooks::domain::event::EventType;
use bookora_webhooks::proto::delivery::State as DeliveryState;
use bookora_webhooks::proto::endpoint::State;
use bookora_webhooks::proto::{
    DisableEndpointRequest, DisableEndpointResponse, EnableEndpointRequest, Endpoint,
    ListDeliveriesRequest,
};

use super::{full_endpoint, started};
use crate::caller::{ACCOUNT, Caller, deaf_endpoint, endpoint, nanos};
use crate::deliveries::sample;
use crate::party::Receivers;
use crate::service::Service;

async fn disable(caller: &mut Caller, of: &Endpoint, reason: &str) -> DisableEndpointResponse {
    let request = DisableEndpointRequest {
        account_id: of.account_id.clone(),
        endpoint_id: of.endpoint_id.clone(),
        reason: reason.to_owned(),
    };
    caller.admin.disable_endpoint(request).await.expect("it is disabled").into_inner()
}

async fn enable(caller: &mut Caller, of: &Endpoint) -> Endpoint {
    let request = EnableEndpointRequest {
        account_id: of.account_id.clone(),
        endpoint_id: of.endpoint_id.clone(),
    };
    let enabled = caller.admin.enable_endpoint(request).await.expect("it is enabled");
    enabled.into_inner().endpoint.expect("it is in the answer")
}

#[tokio::test]
async fn a_disabled_endpoint_says_why_and_an_enabled_one_has_nothing_to_say() {
    let (_service, mut caller) = started().await;
    let active = caller.register(full_endpoint(ACCOUNT)).await;
    let longest = "é".repeat(512);
    let mut before = active.clone();
    // The last one gives no reason.
    for reason in ["moving house", &longest, ""] {
        let answer = disable(&mut caller, &active, reason).await;
        assert_eq!(answer.cancelled_delivery_count, 0);
        let disabled = answer.endpoint.expect("it is in the answer");
        assert_eq!((disabled.state(), disabled.state_reason.as_str()), (State::Disabled, reason));
        assert_ne!(disabled.etag, before.etag);
        assert!(nanos(disabled.update_time) > nanos(before.update_time));
        assert_eq!(caller.endpoint(&active).await, disabled);
        before = disabled;
    }
    let enabled = enable(&mut caller, &active).await;
    assert_ne!(enabled.etag, before.etag);
    let Endpoint { etag, update_time, .. } = enabled.clone();
    assert_eq!(enabled, Endpoint { etag, update_time, ..active.clone() });
    assert_eq!(caller.endpoint(&active).await, enabled);
}

#[tokio::test]
async fn enabling_an_active_endpoint_changes_nothing() {
    let (_service, mut caller) = started().await;
    let active = caller.register(endpoint(ACCOUNT)).await;
    assert_eq!(enable(&mut caller, &active).await, active);
    assert_eq!(caller.endpoint(&active).await, active);
}

#[tokio::test]
async fn an_endpoint_gets_nothing_that_is_published_while_it_is_disabled_and_all_that_is_later() {
    let receivers = Receivers::new();
    let service = Service::start(&[&receivers.ca_argument()]);
    let mut caller = Caller::new(&service).await;
    let mut party = receivers.start(0).await;
    let registered = party.register(&service, party.endpoint(ACCOUNT)).await;
    let mut witness = receivers.start(0).await;
    witness.register(&service, witness.endpoint(ACCOUNT)).await;

    disable(&mut caller, &registered, "moving house").await;
    let meanwhile = caller.publish(sample(ACCOUNT, EventType::ReviewCreated)).await;
    assert_eq!(meanwhile.delivery_count, 1, "to the witness alone");
    assert_eq!(witness.next().await.event_id, meanwhile.event_id);
    enable(&mut caller, &registered).await;
    let later = caller.publish(sample(ACCOUNT, EventType::ReviewCreated)).await;
    assert_eq!(later.delivery_count, 2);
    assert_eq!(party.next().await.event_id, later.event_id);
    assert_eq!(witness.next().await.event_id, later.event_id);
    assert!(party.rest().is_empty(), "what was published meanwhile is not made up for");
    let request = ListDeliveriesRequest {
        account_id: ACCOUNT.to_owned(),
        ..ListDeliveriesRequest::default()
    };
    assert_eq!(caller.deliveries(request).await.len(), 3);
}

#[tokio::test]
async fn what_was_cancelled_stays_cancelled_when_the_endpoint_is_enabled_again() {
    let receivers = Receivers::new();
    let service = Service::start(&[&receivers.ca_argument()]);
    let mut caller = Caller::new(&service).await;
    let registered = caller.register(deaf_endpoint(ACCOUNT)).await;
    for _ in 0..3 {
        caller.publish(sample(ACCOUNT, EventType::ReviewCreated)).await;
    }
    let longest = "r".repeat(1_024);
    let disabled = disable(&mut caller, &registered, &longest).await;
    assert_eq!(disabled.cancelled_delivery_count, 3);
    let request = || ListDeliveriesRequest {
        account_id: ACCOUNT.to_owned(),
        ..ListDeliveriesRequest::default()
    };
    let cancelled = caller.deliveries(request()).await;
    assert!(cancelled.iter().all(|delivery| {
        delivery.state() == DeliveryState::Cancelled && delivery.state_reason.ends_with(&longest)
    }));
    enable(&mut caller, &registered).await;
    let again = disable(&mut caller, &registered, "").await;
    assert_eq!(again.cancelled_delivery_count, 0);
    assert_eq!(caller.deliveries(request()).await, cancelled);
}
