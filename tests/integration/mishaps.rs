//! What goes wrong inside: a delivery or the dispatcher panics, an outcome comes too late, the
//! answer of a commit is lost.

use std::collections::HashSet;

use bookora_webhooks::domain::event::EventType;
use bookora_webhooks::proto::delivery::State;
use bookora_webhooks::proto::{Endpoint, PublishEventRequest};
use tokio::net::TcpListener;
use tonic::Code;

use crate::caller::Caller;
use crate::database::is_postgres;
use crate::deliveries::{delivery_in, publish, sample, seconds};
use crate::held_request::HeldRequest;
use crate::party::Receivers;
use crate::service::Service;

const ACCOUNT: &str = "acct_1";

/// Where a delivery can be made to panic.
pub const FAILPOINTS: [&str; 2] = ["send.before", "send.after"];

/// As if so much time had passed that every lease has run out.
pub const END_LEASES: &str =
    "UPDATE deliveries SET lease_expire_time = 1 WHERE lease_token IS NOT NULL";
/// As if what is leased had been claimed nine times before.
const COUNT_CLAIMS: &str = "UPDATE deliveries SET claim_count = 10 WHERE lease_token IS NOT NULL";

#[tokio::test]
async fn a_delivery_that_panics_costs_nothing_else_and_is_given_up_in_the_end() {
    const OTHERS: usize = 20;
    let receivers = Receivers::new();
    for failpoint in FAILPOINTS {
        // The first delivery panics, the others do not, then the first does again.
        let failpoint = format!("{failpoint}@1,{}=panic", OTHERS + 2);
        let service = Service::start_failing(&[&receivers.ca_argument()], &failpoint);
        let mut party = receivers.start(0).await;
        // One at a time: a place that is not given back would stop the others.
        let endpoint = Endpoint { max_in_flight: 1, ..party.endpoint(ACCOUNT) };
        party.register(&service, endpoint).await;
        let poison = publish(&service, sample(ACCOUNT, EventType::ReviewCreated)).await;
        service.logged(&["a delivery panicked", "panics=1"]).await;
        for _ in 0..OTHERS {
            let other = publish(&service, sample(ACCOUNT, EventType::BookingCreated)).await;
            delivery_in(&service, &other.event_id, State::Succeeded).await;
        }

        service.change_database(END_LEASES).await;
        service.logged(&["a delivery panicked", "panics=2"]).await;
        assert_eq!(service.log().matches("a delivery panicked").count(), 2);
        let open = delivery_in(&service, &poison.event_id, State::Pending).await;
        assert_eq!((open.revision, open.attempt_count), (1, 0));
        service.change_database(&format!("{COUNT_CLAIMS};{END_LEASES}")).await;
        let failed = delivery_in(&service, &poison.event_id, State::Failed).await;
        assert_eq!(failed.state_reason, "it was begun 10 times and never came to an end");

        let last = publish(&service, sample(ACCOUNT, EventType::BookingCreated)).await;
        delivery_in(&service, &last.event_id, State::Succeeded).await;
        let received = party.rest();
        let others = received.iter().filter(|received| received.event_id != poison.event_id);
        assert_eq!(others.count(), OTHERS + 1);
    }
}

#[tokio::test]
async fn a_process_whose_dispatcher_panics_ends_and_says_so_and_the_next_delivers() {
    let receivers = Receivers::new();
    let failpoint = "claim.before_commit@1=panic";
    let mut service = Service::start_failing(&[&receivers.ca_argument()], failpoint);
    let mut party = receivers.start(0).await;
    party.register(&service, Endpoint { max_in_flight: 1, ..party.endpoint(ACCOUNT) }).await;
    // The first is sent by who published it, the others wait and are claimed.
    let mut caller = Caller::new(&service).await;
    let events = caller.publish_all(vec![sample(ACCOUNT, EventType::ReviewCreated); 5]).await;
    assert_eq!(service.ended().await.code(), Some(1));
    assert!(service.log().contains("bookora-webhooks: the dispatcher failed"));
    service.restart();
    let mut received = HashSet::new();
    while received.len() < events.len() {
        received.insert(party.next().await.event_id);
    }
    assert_eq!(received, events.into_iter().collect());
}

#[tokio::test]
async fn what_a_publish_leased_whose_commit_was_not_answered_is_sent_long_before_the_lease_ends() {
    let receivers = Receivers::new();
    // The commits before: the identity of the database, on SQLite no leases to free, the endpoint.
    let failpoint = if is_postgres() { "commit.after@3=error" } else { "commit.after@4=error" };
    let service = Service::start_failing(&[&receivers.ca_argument()], failpoint);
    let mut party = receivers.start(0).await;
    // The lease lasts for longer than a test is patient.
    let endpoint = Endpoint { request_timeout: Some(seconds(30)), ..party.endpoint(ACCOUNT) };
    party.register(&service, endpoint).await;
    let request = PublishEventRequest {
        idempotency_key: "once".to_owned(),
        ..sample(ACCOUNT, EventType::ReviewCreated)
    };
    let mut ingest = service.ingest().await;
    let unknown = ingest.publish_event(request.clone()).await.unwrap_err();
    assert_eq!(unknown.code(), Code::Unavailable);
    let again = ingest.publish_event(request).await.unwrap().into_inner();
    assert!(again.duplicate, "it was stored the first time");
    assert_eq!(party.next().await.event_id, again.event_id);
}

#[tokio::test]
async fn an_outcome_that_comes_after_its_lease_was_taken_away_is_dropped_and_counted() {
    let service = Service::start(&["--allow-http"]);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let slow = Endpoint {
        account_id: ACCOUNT.to_owned(),
        url: format!("http://{}/hooks", listener.local_addr().unwrap()),
        request_timeout: Some(seconds(30)),
        ..Endpoint::default()
    };
    Caller::new(&service).await.register(slow).await;
    for dropped in 1..=2 {
        let published = publish(&service, sample(ACCOUNT, EventType::ReviewCreated)).await;
        let held = HeldRequest::accept(&listener).await;
        service.change_database("UPDATE deliveries SET lease_token = 42").await;
        held.acknowledge().await;
        let count = format!("dropped={dropped}");
        service.logged(&["the lease was lost; its outcome is dropped", &count]).await;
        let open = delivery_in(&service, &published.event_id, State::Pending).await;
        assert_eq!((open.revision, open.attempt_count), (1, 0));
    }
}
