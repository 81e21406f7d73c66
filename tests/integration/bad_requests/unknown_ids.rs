//! Ids that the account does not have: of nothing, of another account, of what was deleted.

use bookora_webhooks::domain::event::EventType;
use bookora_webhooks::proto::{
    CancelDeliveryRequest, DeleteEndpointRequest, DeliveryFilter, DeliveryView,
    DisableEndpointRequest, EnableEndpointRequest, Endpoint, GetDeliveryRequest,
    GetEndpointRequest, GetEndpointSecretRequest, GetEventRequest, ListAttemptsRequest,
    ListDeliveriesRequest, RecoverEndpointRequest, RecoveryKind, ResendDeliveryRequest,
    RevokeEndpointSecretRequest, RotateEndpointSecretRequest, TestEndpointRequest,
    UpdateEndpointRequest,
};
use prost_types::Timestamp;
use tonic::Status;

use super::unknown_id;
use crate::caller::{ACCOUNT, Call, Caller, OTHER_ACCOUNT, deaf_endpoint, endpoint};
use crate::deliveries::sample;
use crate::refusal::Refusal;
use crate::service::Service;

/// Calls as an account about an id.
type Calls = fn(&str, &str) -> Vec<Call>;

/// Every call about one endpoint.
fn about_endpoint(account: &str, id: &str) -> Vec<Call> {
    let (account_id, endpoint_id) = (|| account.to_owned(), || id.to_owned());
    vec![
        GetEndpointRequest { account_id: account_id(), endpoint_id: endpoint_id() }.into(),
        GetEndpointSecretRequest { account_id: account_id(), endpoint_id: endpoint_id() }.into(),
        EnableEndpointRequest { account_id: account_id(), endpoint_id: endpoint_id() }.into(),
        RotateEndpointSecretRequest {
            account_id: account_id(),
            endpoint_id: endpoint_id(),
            ..RotateEndpointSecretRequest::default()
        }
        .into(),
        RevokeEndpointSecretRequest {
            account_id: account_id(),
            endpoint_id: endpoint_id(),
            secret_id: unknown_id("sec_"),
        }
        .into(),
        TestEndpointRequest {
            account_id: account_id(),
            endpoint_id: endpoint_id(),
            ..TestEndpointRequest::default()
        }
        .into(),
        RecoverEndpointRequest {
            account_id: account_id(),
            endpoint_id: endpoint_id(),
            start_time: Some(Timestamp { seconds: 1, nanos: 0 }),
            include: vec![RecoveryKind::Missed.into()],
            ..RecoverEndpointRequest::default()
        }
        .into(),
        DisableEndpointRequest {
            account_id: account_id(),
            endpoint_id: endpoint_id(),
            reason: "not mine".to_owned(),
        }
        .into(),
        UpdateEndpointRequest {
            endpoint: Some(Endpoint {
                endpoint_id: endpoint_id(),
                description: "not mine".to_owned(),
                ..endpoint(account)
            }),
            ..UpdateEndpointRequest::default()
        }
        .into(),
        // An etag is not looked at before the endpoint is known to be the account's own.
        UpdateEndpointRequest {
            endpoint: Some(Endpoint {
                endpoint_id: endpoint_id(),
                etag: "guessed".to_owned(),
                ..endpoint(account)
            }),
            ..UpdateEndpointRequest::default()
        }
        .into(),
        DeleteEndpointRequest {
            account_id: account_id(),
            endpoint_id: endpoint_id(),
            ..DeleteEndpointRequest::default()
        }
        .into(),
        DeleteEndpointRequest {
            account_id: account_id(),
            endpoint_id: endpoint_id(),
            etag: "guessed".to_owned(),
            ..DeleteEndpointRequest::default()
        }
        .into(),
    ]
}

/// Every call about one delivery.
fn about_delivery(account: &str, id: &str) -> Vec<Call> {
    let (account_id, delivery_id) = (|| account.to_owned(), || id.to_owned());
    let mut calls = reads_of_delivery(account, id);
    let resend = ResendDeliveryRequest {
        account_id: account_id(),
        delivery_id: delivery_id(),
        ..ResendDeliveryRequest::default()
    };
    let cancel = CancelDeliveryRequest { account_id: account_id(), delivery_id: delivery_id() };
    calls.extend([resend.into(), cancel.into()]);
    calls
}

/// Those that only read.
fn reads_of_delivery(account: &str, id: &str) -> Vec<Call> {
    let (account_id, delivery_id) = (|| account.to_owned(), || id.to_owned());
    let get = |view: DeliveryView| GetDeliveryRequest {
        account_id: account_id(),
        delivery_id: delivery_id(),
        view: view.into(),
    };
    vec![
        get(DeliveryView::Basic).into(),
        get(DeliveryView::Full).into(),
        ListAttemptsRequest {
            account_id: account_id(),
            delivery_id: delivery_id(),
            ..ListAttemptsRequest::default()
        }
        .into(),
    ]
}

fn about_event(account: &str, id: &str) -> Vec<Call> {
    let (account_id, event_id) = (account.to_owned(), id.to_owned());
    vec![GetEventRequest { account_id, event_id }.into()]
}

/// All of an answer that a client can see, with the id taken out of it.
fn without_id(status: &Status, id: &str) -> String {
    let details = String::from_utf8_lossy(status.details()).replace(id, "ID");
    let message = status.message().replace(id, "ID");
    let metadata = status.metadata().keys().map(|key| format!("{key:?}"));
    let mut metadata: Vec<String> = metadata.collect();
    metadata.sort();
    format!("{:?} {message} {details:?} {metadata:?}", status.code())
}

async fn answers(caller: &mut Caller, calls: Vec<Call>, kind: &str, id: &str) -> Vec<String> {
    let mut answers = Vec::new();
    for call in calls {
        let what = format!("{call:?}");
        let status = caller.call(call).await.expect_err(&what);
        assert_eq!(Refusal::read(&status), Refusal::of_id(kind, id), "{what}");
        answers.push(without_id(&status, id));
    }
    answers
}

#[tokio::test]
async fn an_id_of_another_account_is_answered_like_one_that_nothing_has() {
    let service = Service::start(&[]);
    let mut caller = Caller::new(&service).await;
    let registered = caller.register(deaf_endpoint(OTHER_ACCOUNT)).await;
    let published = caller.publish(sample(OTHER_ACCOUNT, EventType::ReviewCreated)).await;
    let of_other = || ListDeliveriesRequest {
        account_id: OTHER_ACCOUNT.to_owned(),
        ..ListDeliveriesRequest::default()
    };
    let delivery_id = caller.deliveries(of_other()).await[0].delivery_id.clone();

    let kinds: [(&str, &str, &str, Calls); 3] = [
        ("Endpoint", "ep_", &registered.endpoint_id, about_endpoint),
        ("Delivery", "dlv_", &delivery_id, about_delivery),
        ("Event", "evt_", &published.event_id, about_event),
    ];
    for (kind, prefix, foreign, calls) in kinds {
        let nobodys = unknown_id(prefix);
        let expected = answers(&mut caller, calls(ACCOUNT, &nobodys), kind, &nobodys).await;
        let answered = answers(&mut caller, calls(ACCOUNT, foreign), kind, foreign).await;
        assert_eq!(answered, expected);
    }

    assert_eq!(caller.endpoint(&registered).await, registered);
    let filter = |filter| ListDeliveriesRequest {
        account_id: ACCOUNT.to_owned(),
        filter: Some(filter),
        ..ListDeliveriesRequest::default()
    };
    let of_endpoint =
        DeliveryFilter { endpoint_ids: vec![registered.endpoint_id], ..DeliveryFilter::default() };
    let of_event =
        DeliveryFilter { event_ids: vec![published.event_id], ..DeliveryFilter::default() };
    for foreign in [of_endpoint, of_event] {
        assert_eq!(caller.deliveries(filter(foreign)).await, []);
    }
    assert_eq!(caller.deliveries(of_other()).await[0].delivery_id, delivery_id);
}

#[tokio::test]
async fn what_nothing_has_is_not_found_among_all_accounts_either() {
    let service = Service::start(&[]);
    let mut caller = Caller::new(&service).await;
    caller.register(endpoint(ACCOUNT)).await;
    let get = |id: &str| {
        let endpoint_id = id.to_owned();
        vec![GetEndpointRequest { account_id: "-".to_owned(), endpoint_id }.into()]
    };
    let id = unknown_id("ep_");
    answers(&mut caller, get(&id), "Endpoint", &id).await;
    let id = unknown_id("dlv_");
    answers(&mut caller, reads_of_delivery("-", &id), "Delivery", &id).await;
    let id = unknown_id("evt_");
    answers(&mut caller, about_event("-", &id), "Event", &id).await;
}

#[tokio::test]
async fn a_deleted_endpoint_is_answered_like_one_that_never_was() {
    let service = Service::start(&[]);
    let mut caller = Caller::new(&service).await;
    let id = caller.register(endpoint(ACCOUNT)).await.endpoint_id;
    let request = DeleteEndpointRequest {
        account_id: ACCOUNT.to_owned(),
        endpoint_id: id.clone(),
        ..DeleteEndpointRequest::default()
    };
    caller.admin.delete_endpoint(request).await.expect("it is deleted");
    let nobodys = unknown_id("ep_");
    let calls = about_endpoint(ACCOUNT, &nobodys);
    let expected = answers(&mut caller, calls, "Endpoint", &nobodys).await;
    let answered = answers(&mut caller, about_endpoint(ACCOUNT, &id), "Endpoint", &id).await;
    assert_eq!(answered, expected);
}
