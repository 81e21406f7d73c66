//! One delivery by hand: sent again, or cancelled.

use bookora_webhooks::domain::event::EventType;
use bookora_webhooks::proto::attempt::Trigger;
use bookora_webhooks::proto::delivery::State;
use bookora_webhooks::proto::{
    CancelDeliveryRequest, DeleteEndpointRequest, Delivery, DisableEndpointRequest, Endpoint,
    ResendDeliveryRequest,
};
use tokio::net::TcpListener;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::deliveries::{attempts_of, delivery_in, publish, sample, seconds, service_and_party};
use crate::held_request::HeldRequest;
use crate::party::{Party, Receivers};
use crate::service::Service;
use crate::watches::{Ledger, Watcher, watch_request};

const ACCOUNT: &str = "acct_1";
const REQUEST_ID: &str = "0190d5a8-3b5e-7c3a-9d53-0a4c1f8e2b61";

fn resend_of(delivery: &Delivery) -> ResendDeliveryRequest {
    ResendDeliveryRequest {
        account_id: delivery.account_id.clone(),
        delivery_id: delivery.delivery_id.clone(),
        ..ResendDeliveryRequest::default()
    }
}

/// Sends a delivery again.
pub async fn resend(service: &Service, request: ResendDeliveryRequest) -> Result<Delivery, Status> {
    let resent = service.admin().await.resend_delivery(request).await?;
    Ok(resent.into_inner().delivery.expect("the delivery is returned"))
}

/// Cancels a delivery.
pub async fn cancel(service: &Service, delivery: &Delivery) -> Result<Delivery, Status> {
    let request = CancelDeliveryRequest {
        account_id: delivery.account_id.clone(),
        delivery_id: delivery.delivery_id.clone(),
    };
    let cancelled = service.admin().await.cancel_delivery(request).await?;
    Ok(cancelled.into_inner().delivery.expect("the delivery is returned"))
}

/// Asserts that a call failed for a state, and that the failure names what is in it.
pub fn assert_precondition(refused: &Status, reason: &str, subject: &str) {
    assert_eq!(refused.code(), Code::FailedPrecondition, "{refused:?}");
    let details = refused.get_error_details();
    assert_eq!(details.error_info().unwrap().reason, reason);
    let violation = &details.precondition_failure().unwrap().violations[0];
    assert_eq!((violation.r#type.as_str(), violation.subject.as_str()), (reason, subject));
}

/// The fields that a call was refused for.
pub fn refused_fields(refused: &Status) -> Vec<String> {
    assert_eq!(refused.code(), Code::InvalidArgument, "{refused:?}");
    let details = refused.get_error_details();
    let violations = &details.bad_request().unwrap().field_violations;
    violations.iter().map(|violation| violation.field.clone()).collect()
}

/// Registers an endpoint with one retry a second later, and publishes one event to it.
async fn publish_one(service: &Service, party: &Party, wait_seconds: i64) -> (Endpoint, String) {
    let retry_schedule = vec![seconds(wait_seconds)];
    let endpoint = Endpoint { retry_schedule, ..party.endpoint(ACCOUNT) };
    let endpoint = party.register(service, endpoint).await;
    let published = publish(service, sample(ACCOUNT, EventType::ReviewCreated)).await;
    (endpoint, published.event_id)
}

async fn triggers_of(service: &Service, delivery: &Delivery) -> Vec<(i32, Trigger)> {
    let attempts = attempts_of(service, delivery).await;
    attempts.iter().map(|attempt| (attempt.number, attempt.trigger())).collect()
}

#[tokio::test]
async fn a_failed_delivery_is_resent_with_the_same_bytes_and_a_fresh_retry_schedule() {
    let (service, mut party) = service_and_party(3).await;
    let mut watcher = Watcher::open(&service, watch_request()).await;
    let (_, event_id) = publish_one(&service, &party, 1).await;
    let failed = delivery_in(&service, &event_id, State::Failed).await;
    assert_eq!((failed.revision, failed.attempt_count), (3, 2));

    let resent = resend(&service, resend_of(&failed)).await.unwrap();
    assert_eq!((resent.state(), resent.revision), (State::Pending, 4));
    assert_eq!((resent.attempt_count, resent.state_reason.as_str()), (2, ""));
    assert_eq!(resent.next_attempt_time, resent.update_time, "due at once");
    assert_eq!(resent.last_attempt, failed.last_attempt);

    // The receiver refuses the third attempt: the schedule's one retry is there again.
    let requests = [party.next().await, party.next().await, party.next().await, party.next().await];
    assert_eq!(requests.each_ref().map(|request| request.attempt), [1, 2, 3, 4]);
    for request in &requests {
        assert!(request.is_verified());
        assert_eq!(request.body, requests[0].body);
        assert_eq!(request.event_id, event_id);
        assert_eq!(request.delivery_id, failed.delivery_id);
    }
    let succeeded = delivery_in(&service, &event_id, State::Succeeded).await;
    assert_eq!((succeeded.revision, succeeded.attempt_count), (6, 4));
    let (scheduled, manual) = (Trigger::Schedule, Trigger::Manual);
    let triggers = triggers_of(&service, &succeeded).await;
    assert_eq!(triggers, [(1, scheduled), (2, scheduled), (3, manual), (4, manual)]);

    let mut ledger = Ledger::default();
    for revision in 1..=6 {
        let update = watcher.update().await;
        assert_eq!(update.delivery.as_ref().unwrap().revision, revision);
        ledger.note(update);
    }
}

#[tokio::test]
async fn a_resent_delivery_whose_fresh_schedule_is_used_up_fails_again() {
    let (service, mut party) = service_and_party(u32::MAX).await;
    let (_, event_id) = publish_one(&service, &party, 1).await;
    for (round, attempts) in [(1, 2), (2, 4), (3, 6)] {
        let failed = delivery_in(&service, &event_id, State::Failed).await;
        assert_eq!(failed.attempt_count, attempts, "round {round}");
        if round < 3 {
            resend(&service, resend_of(&failed)).await.unwrap();
        } else {
            let refused = cancel(&service, &failed).await.unwrap_err();
            assert_precondition(&refused, "DELIVERY_CLOSED", &failed.delivery_id);
        }
    }
    assert_eq!(party.rest().len(), 6);
}

#[tokio::test]
async fn a_succeeded_delivery_can_be_resent() {
    let (service, mut party) = service_and_party(0).await;
    let (_, event_id) = publish_one(&service, &party, 1).await;
    let first = party.next().await;
    let succeeded = delivery_in(&service, &event_id, State::Succeeded).await;
    let resent = resend(&service, resend_of(&succeeded)).await.unwrap();
    assert_eq!((resent.state(), resent.revision), (State::Pending, 3));
    let second = party.next().await;
    assert_eq!((second.attempt, &second.body), (2, &first.body));
    let again = delivery_in(&service, &event_id, State::Succeeded).await;
    assert_eq!((again.revision, again.attempt_count), (4, 2));
}

#[tokio::test]
async fn a_cancelled_delivery_sends_nothing_more_until_it_is_resent() {
    let (service, mut party) = service_and_party(1).await;
    let (_, event_id) = publish_one(&service, &party, 3_600).await;
    let retrying = delivery_in(&service, &event_id, State::Retrying).await;
    let cancelled = cancel(&service, &retrying).await.unwrap();
    assert_eq!((cancelled.state(), cancelled.revision), (State::Cancelled, 3));
    assert_eq!(cancelled.state_reason, "cancelled by request");
    assert_eq!(cancelled.next_attempt_time, None);
    let again = cancel(&service, &retrying).await.unwrap();
    assert_eq!(again, cancelled, "one that is cancelled is left as it is");
    assert_eq!(party.rest().len(), 1);

    resend(&service, resend_of(&cancelled)).await.unwrap();
    assert_eq!(party.next().await.attempt, 2);
    delivery_in(&service, &event_id, State::Succeeded).await;
}

#[tokio::test]
async fn the_log_has_the_last_attempt_with_every_revision_that_comes_after_it() {
    let (service, party) = service_and_party(1).await;
    let mut watcher = Watcher::open(&service, watch_request()).await;
    watcher.next().await.expect("a heartbeat comes at once");
    let (_, event_id) = publish_one(&service, &party, 3_600).await;
    let retrying = delivery_in(&service, &event_id, State::Retrying).await;
    let cancelled = cancel(&service, &retrying).await.unwrap();
    resend(&service, resend_of(&cancelled)).await.unwrap();
    let succeeded = delivery_in(&service, &event_id, State::Succeeded).await;

    // Read in one piece, not as it happened.
    let mut replay = Watcher::resume(&service, &watcher.token).await;
    let mut attempts = Vec::new();
    for _ in 0..succeeded.revision {
        let delivery = replay.update().await.delivery.unwrap();
        let last = delivery.last_attempt.as_ref().map(|attempt| attempt.number);
        attempts.push((delivery.state(), delivery.attempt_count, last));
    }
    let (pending, end) = (State::Pending, State::Succeeded);
    let retried = [(State::Retrying, 1, Some(1)), (State::Cancelled, 1, Some(1))];
    let resent = [(pending, 1, Some(1)), (end, 2, Some(2))];
    assert_eq!(attempts, [&[(pending, 0, None)][..], &retried, &resent].concat());
}

#[tokio::test]
async fn an_open_delivery_is_not_resent_and_a_closed_one_not_cancelled() {
    let (service, mut party) = service_and_party(1).await;
    let (_, event_id) = publish_one(&service, &party, 3_600).await;
    let open = delivery_in(&service, &event_id, State::Retrying).await;
    let refused = resend(&service, resend_of(&open)).await.unwrap_err();
    assert_precondition(&refused, "DELIVERY_OPEN", &open.delivery_id);
    assert_eq!(delivery_in(&service, &event_id, State::Retrying).await, open);

    cancel(&service, &open).await.unwrap();
    resend(&service, resend_of(&open)).await.unwrap();
    let succeeded = delivery_in(&service, &event_id, State::Succeeded).await;
    let refused = cancel(&service, &succeeded).await.unwrap_err();
    assert_precondition(&refused, "DELIVERY_CLOSED", &succeeded.delivery_id);
    assert_eq!(delivery_in(&service, &event_id, State::Succeeded).await, succeeded);
    assert_eq!(party.rest().len(), 2);
}

#[tokio::test]
async fn what_an_attempt_comes_to_after_its_delivery_was_cancelled_is_dropped() {
    let service = Service::start(&["--allow-http"]);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let party = Receivers::new().start(0).await;
    let url = format!("http://{}/hooks", listener.local_addr().unwrap());
    let request_timeout = Some(seconds(30));
    party.register(&service, Endpoint { url, request_timeout, ..party.endpoint(ACCOUNT) }).await;
    let event_id = publish(&service, sample(ACCOUNT, EventType::ReviewCreated)).await.event_id;
    let under_way = HeldRequest::accept(&listener).await;
    let pending = delivery_in(&service, &event_id, State::Pending).await;
    cancel(&service, &pending).await.unwrap();
    let resent = resend(&service, resend_of(&pending)).await.unwrap();
    assert_eq!((resent.revision, resent.attempt_count), (3, 0));
    let second = HeldRequest::accept(&listener).await;
    under_way.acknowledge().await;
    second.acknowledge().await;
    let succeeded = delivery_in(&service, &event_id, State::Succeeded).await;
    assert_eq!((succeeded.revision, succeeded.attempt_count), (4, 1));
    assert_eq!(triggers_of(&service, &succeeded).await, [(1, Trigger::Manual)]);
}

#[tokio::test]
async fn nothing_is_resent_to_an_endpoint_that_is_disabled_or_deleted() {
    let (service, mut party) = service_and_party(0).await;
    let (endpoint, event_id) = publish_one(&service, &party, 1).await;
    let succeeded = delivery_in(&service, &event_id, State::Succeeded).await;
    let endpoint_id = endpoint.endpoint_id;
    let request = DisableEndpointRequest {
        account_id: ACCOUNT.to_owned(),
        endpoint_id: endpoint_id.clone(),
        ..DisableEndpointRequest::default()
    };
    service.admin().await.disable_endpoint(request).await.unwrap();
    let refused = resend(&service, resend_of(&succeeded)).await.unwrap_err();
    assert_precondition(&refused, "ENDPOINT_DISABLED", &endpoint_id);

    let request = DeleteEndpointRequest {
        account_id: ACCOUNT.to_owned(),
        endpoint_id: endpoint_id.clone(),
        ..DeleteEndpointRequest::default()
    };
    service.admin().await.delete_endpoint(request).await.unwrap();
    let refused = resend(&service, resend_of(&succeeded)).await.unwrap_err();
    assert_eq!(refused.code(), Code::NotFound);
    let details = refused.get_error_details();
    assert_eq!(details.error_info().unwrap().reason, "ENDPOINT_NOT_FOUND");
    assert_eq!(details.resource_info().unwrap().resource_name, endpoint_id);
    assert_eq!(delivery_in(&service, &event_id, State::Succeeded).await, succeeded);
    assert_eq!(party.rest().len(), 1);
}

#[tokio::test]
async fn a_request_to_resend_that_is_made_twice_resends_once() {
    let (mut service, mut party) = service_and_party(0).await;
    let (_, event_id) = publish_one(&service, &party, 1).await;
    let first = delivery_in(&service, &event_id, State::Succeeded).await;
    let request = ResendDeliveryRequest { request_id: REQUEST_ID.to_owned(), ..resend_of(&first) };
    resend(&service, request.clone()).await.unwrap();
    // While it is open, and when it is closed again, and after a restart.
    assert_eq!(resend(&service, request.clone()).await.unwrap().delivery_id, first.delivery_id);
    let closed = delivery_in(&service, &event_id, State::Succeeded).await;
    assert_eq!(resend(&service, request.clone()).await.unwrap(), closed);
    service.kill();
    service.restart();
    assert_eq!(resend(&service, request.clone()).await.unwrap(), closed);
    assert_eq!((closed.revision, party.rest().len()), (4, 2));

    let other = publish(&service, sample(ACCOUNT, EventType::BookingCreated)).await;
    let other = delivery_in(&service, &other.event_id, State::Succeeded).await;
    let reused = ResendDeliveryRequest { delivery_id: other.delivery_id.clone(), ..request };
    let refused = resend(&service, reused).await.unwrap_err();
    assert_eq!(refused.code(), Code::AlreadyExists);
    let details = refused.get_error_details();
    assert_eq!(details.error_info().unwrap().reason, "REQUEST_ID_REUSED");
    assert_eq!(details.resource_info().unwrap().resource_name, first.delivery_id);
    assert_eq!(delivery_in(&service, &other.event_id, State::Succeeded).await, other);
}

#[tokio::test]
async fn another_accounts_delivery_is_not_found() {
    let (service, mut party) = service_and_party(0).await;
    let (_, event_id) = publish_one(&service, &party, 1).await;
    let own = delivery_in(&service, &event_id, State::Succeeded).await;
    let foreign = Delivery { account_id: "acct_2".to_owned(), ..own.clone() };
    for refused in [
        resend(&service, resend_of(&foreign)).await.unwrap_err(),
        cancel(&service, &foreign).await.unwrap_err(),
    ] {
        assert_eq!(refused.code(), Code::NotFound);
        let details = refused.get_error_details();
        assert_eq!(details.error_info().unwrap().reason, "DELIVERY_NOT_FOUND");
        assert_eq!(details.resource_info().unwrap().resource_name, own.delivery_id);
    }
    assert_eq!(delivery_in(&service, &event_id, State::Succeeded).await, own);
    assert_eq!(party.rest().len(), 1);
}

#[tokio::test]
async fn bad_fields_of_a_resend_and_a_cancel_are_named() {
    let service = Service::start(&[]);
    let request = ResendDeliveryRequest {
        account_id: "-".to_owned(),
        delivery_id: "evt_00000000000000000000000000".to_owned(),
        request_id: "one".to_owned(),
    };
    let refused = resend(&service, request).await.unwrap_err();
    assert_eq!(refused_fields(&refused), ["request_id", "account_id", "delivery_id"]);
    let refused = cancel(&service, &Delivery::default()).await.unwrap_err();
    assert_eq!(refused_fields(&refused), ["account_id", "delivery_id"]);
}
