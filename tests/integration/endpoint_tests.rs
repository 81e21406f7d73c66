//! Testing an endpoint: one sample, sent now.

use std::collections::HashSet;

use bookora_webhooks::domain::event::EventType;
use bookora_webhooks::proto::attempt::{Outcome, Trigger};
use bookora_webhooks::proto::{
    Attempt, DisableEndpointRequest, Endpoint, ListDeliveriesRequest, TestEndpointRequest,
};
use tokio::net::TcpListener;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::deliveries::{seconds, service_and_party};
use crate::interventions::refused_fields;
use crate::service::{Service, eventually};

const ACCOUNT: &str = "acct_1";
/// Tests that the service makes at once.
const TESTS_MAX: usize = 32;

fn test_of(endpoint: &Endpoint) -> TestEndpointRequest {
    TestEndpointRequest {
        account_id: endpoint.account_id.clone(),
        endpoint_id: endpoint.endpoint_id.clone(),
        ..TestEndpointRequest::default()
    }
}

async fn test(service: &Service, request: TestEndpointRequest) -> Result<Attempt, Status> {
    let tested = service.admin().await.test_endpoint(request).await?;
    Ok(tested.into_inner().attempt.expect("the attempt is returned"))
}

async fn assert_nothing_is_stored(service: &Service) {
    let request =
        ListDeliveriesRequest { account_id: "-".to_owned(), ..ListDeliveriesRequest::default() };
    let page = service.query().await.list_deliveries(request).await.unwrap().into_inner();
    assert!(page.deliveries.is_empty(), "a test is no delivery");
}

#[tokio::test]
async fn a_test_sends_one_signed_sample_of_the_type_that_was_asked_for() {
    let (service, mut party) = service_and_party(0).await;
    // What it subscribes to does not matter for a test.
    let event_types = vec!["lead.qualified".to_owned()];
    let endpoint = Endpoint { event_types, ..party.endpoint(ACCOUNT) };
    let endpoint = party.register(&service, endpoint).await;
    let mut ids = HashSet::new();
    for event_type in EventType::ALL {
        let request =
            TestEndpointRequest { event_type: event_type.name().to_owned(), ..test_of(&endpoint) };
        let attempt = test(&service, request).await.unwrap();
        assert_eq!((attempt.trigger(), attempt.outcome()), (Trigger::Test, Outcome::Succeeded));
        assert_eq!((attempt.number, attempt.http_status), (1, 204));
        let received = party.next().await;
        assert!(received.is_verified());
        assert_eq!((received.event_type.as_str(), received.attempt), (event_type.name(), 1));
        assert!(received.event_id.starts_with("evt_test_"), "{}", received.event_id);
        let body: serde_json::Value = serde_json::from_slice(&received.body).unwrap();
        assert_eq!(
            (&body["id"], &body["event"]),
            (&received.event_id.clone().into(), &event_type.name().into())
        );
        ids.insert(received.event_id);
    }
    assert_eq!(ids.len(), EventType::ALL.len(), "every test is an event of its own");
    test(&service, test_of(&endpoint)).await.unwrap();
    assert_eq!(party.next().await.event_type, "booking.created", "the default");
    assert_nothing_is_stored(&service).await;
}

#[tokio::test]
async fn a_receiver_that_refuses_a_test_is_no_error_and_is_not_asked_again() {
    let (service, mut party) = service_and_party(u32::MAX).await;
    let retry_schedule = vec![seconds(1)];
    let endpoint = Endpoint { retry_schedule, ..party.endpoint(ACCOUNT) };
    let endpoint = party.register(&service, endpoint).await;
    let attempt = test(&service, test_of(&endpoint)).await.unwrap();
    assert_eq!((attempt.outcome(), attempt.http_status), (Outcome::HttpStatus, 503));
    assert!(attempt.error_message.contains("503"), "{}", attempt.error_message);
    assert_nothing_is_stored(&service).await;

    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/hooks", silent.local_addr().unwrap());
    let request_timeout = Some(seconds(2));
    let endpoint = Endpoint { url, request_timeout, ..party.endpoint(ACCOUNT) };
    let endpoint = party.register(&service, endpoint).await;
    let attempt = test(&service, test_of(&endpoint)).await.unwrap();
    assert_eq!((attempt.outcome(), attempt.http_status), (Outcome::Timeout, 0));
    // The two seconds of silence were longer than the schedule's wait.
    assert_eq!(party.rest().len(), 1);
}

#[tokio::test]
async fn a_disabled_endpoint_can_be_tested() {
    let (service, mut party) = service_and_party(0).await;
    let endpoint = party.register(&service, party.endpoint(ACCOUNT)).await;
    let request = DisableEndpointRequest {
        account_id: ACCOUNT.to_owned(),
        endpoint_id: endpoint.endpoint_id.clone(),
        ..DisableEndpointRequest::default()
    };
    service.admin().await.disable_endpoint(request).await.unwrap();
    let attempt = test(&service, test_of(&endpoint)).await.unwrap();
    assert_eq!(attempt.outcome(), Outcome::Succeeded);
    assert!(party.next().await.is_verified());
}

#[tokio::test]
async fn a_test_of_what_is_not_there_and_bad_fields_are_refused() {
    let (service, mut party) = service_and_party(0).await;
    let endpoint = party.register(&service, party.endpoint(ACCOUNT)).await;
    let foreign = Endpoint { account_id: "acct_2".to_owned(), ..endpoint };
    let refused = test(&service, test_of(&foreign)).await.unwrap_err();
    assert_eq!(refused.code(), Code::NotFound);
    assert_eq!(refused.get_error_details().error_info().unwrap().reason, "ENDPOINT_NOT_FOUND");
    let request = TestEndpointRequest {
        account_id: "-".to_owned(),
        endpoint_id: "ep_1".to_owned(),
        event_type: "booking.deleted".to_owned(),
    };
    let refused = test(&service, request).await.unwrap_err();
    assert_eq!(refused_fields(&refused), ["account_id", "endpoint_id", "event_type"]);
    assert!(party.rest().is_empty());
}

#[tokio::test]
async fn more_tests_than_may_be_under_way_are_refused_and_a_test_that_is_given_up_makes_room() {
    let (service, mut party) = service_and_party(0).await;
    let good = party.register(&service, party.endpoint(ACCOUNT)).await;
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/hooks", silent.local_addr().unwrap());
    let request_timeout = Some(seconds(30));
    let endpoint = Endpoint { url, request_timeout, ..party.endpoint(ACCOUNT) };
    let endpoint = party.register(&service, endpoint).await;
    let mut under_way = tokio::task::JoinSet::new();
    let mut connections = Vec::new();
    for _ in 0..TESTS_MAX {
        let mut admin = service.admin().await;
        let request = test_of(&endpoint);
        under_way.spawn(async move { admin.test_endpoint(request).await });
        connections.push(silent.accept().await.unwrap());
    }
    let refused = test(&service, test_of(&good)).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unavailable);
    let details = refused.get_error_details();
    assert_eq!(details.error_info().unwrap().reason, "OVERLOADED");
    assert!(details.retry_info().is_some());

    under_way.shutdown().await;
    eventually("there is room again", async || test(&service, test_of(&good)).await.ok()).await;
    assert!(party.next().await.is_verified());
}
