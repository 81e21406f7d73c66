//! From a publish to the receiver, and what becomes of it when things go wrong.

use std::collections::HashSet;
use std::time::Duration;

use bookora_webhooks::domain::event::EventType;
use bookora_webhooks::grpc::event_samples;
use bookora_webhooks::proto::delivery::State;
use bookora_webhooks::proto::publish_event_result::Result as ResultMessage;
use bookora_webhooks::proto::{
    Attempt, BatchPublishEventsRequest, DeleteEndpointRequest, Delivery, DeliveryFilter,
    DisableEndpointRequest, Endpoint, GetEventRequest, ListAttemptsRequest, ListDeliveriesRequest,
    PublishEventRequest, PublishEventResponse,
};
use tonic::Code;
use tonic_types::StatusExt;

use crate::party::{Party, Receivers};
use crate::plain_receiver::{PlainReceiver, attempt, status};
use crate::service::{Service, eventually};

const ACCOUNT: &str = "acct_1";

/// A service and a receiver that it delivers to.
pub async fn service_and_party(fail_attempts: u32) -> (Service, Party) {
    let receivers = Receivers::new();
    let party = receivers.start(fail_attempts).await;
    let service = Service::start(&[&receivers.ca_argument()]);
    (service, party)
}

/// A publish of a sample.
pub fn sample(account_id: &str, event_type: EventType) -> PublishEventRequest {
    PublishEventRequest {
        account_id: account_id.to_owned(),
        data: Some(event_samples::data(event_type)),
        ..PublishEventRequest::default()
    }
}

/// Publishes an event.
pub async fn publish(service: &Service, request: PublishEventRequest) -> PublishEventResponse {
    let published = service.ingest().await.publish_event(request).await;
    published.expect("it is published").into_inner()
}

/// The deliveries of an event.
pub async fn deliveries_of(service: &Service, event_id: &str) -> Vec<Delivery> {
    let request = ListDeliveriesRequest {
        account_id: "-".to_owned(),
        filter: Some(DeliveryFilter {
            event_ids: vec![event_id.to_owned()],
            ..DeliveryFilter::default()
        }),
        ..ListDeliveriesRequest::default()
    };
    service.query().await.list_deliveries(request).await.expect("listed").into_inner().deliveries
}

/// The one delivery of an event, once it is in a state.
pub async fn delivery_in(service: &Service, event_id: &str, state: State) -> Delivery {
    eventually(&format!("a delivery is {}", state.as_str_name()), async || {
        let mut deliveries = deliveries_of(service, event_id).await;
        assert_eq!(deliveries.len(), 1, "the event has one delivery");
        deliveries.pop().filter(|delivery| delivery.state() == state)
    })
    .await
}

pub async fn attempts_of(service: &Service, delivery: &Delivery) -> Vec<Attempt> {
    let request = ListAttemptsRequest {
        account_id: delivery.account_id.clone(),
        delivery_id: delivery.delivery_id.clone(),
        ..ListAttemptsRequest::default()
    };
    service.query().await.list_attempts(request).await.expect("listed").into_inner().attempts
}

/// A wait.
pub fn seconds(seconds: i64) -> prost_types::Duration {
    prost_types::Duration { seconds, nanos: 0 }
}

#[tokio::test]
async fn every_event_type_arrives_signed_and_byte_for_byte_as_it_was_stored() {
    let (service, mut party) = service_and_party(0).await;
    party.register(&service, party.endpoint(ACCOUNT)).await;
    for event_type in EventType::ALL {
        let published = publish(&service, sample(ACCOUNT, event_type)).await;
        assert_eq!((published.delivery_count, published.duplicate), (1, false));
        let received = party.next().await;
        assert!(received.is_verified());
        assert_eq!(received.event_type, event_type.name());
        assert_eq!(received.event_id, published.event_id);
        let request = GetEventRequest {
            account_id: ACCOUNT.to_owned(),
            event_id: published.event_id.clone(),
        };
        let event = service.query().await.get_event(request).await.unwrap().into_inner();
        assert_eq!(event.event.unwrap().payload.as_bytes(), received.body);
        let delivery = delivery_in(&service, &published.event_id, State::Succeeded).await;
        assert_eq!(delivery.delivery_id, received.delivery_id);
        assert_eq!((delivery.revision, delivery.attempt_count), (2, 1));
        assert_eq!(delivery.last_attempt.unwrap().http_status, 204);
    }
    assert!(party.rest().is_empty(), "nothing was sent twice");
}

#[tokio::test]
async fn a_request_carries_the_documented_headers_and_the_publishers_trace() {
    let (service, mut party) = service_and_party(0).await;
    let headers = [("authorization".to_owned(), "Bearer 42".to_owned())].into();
    party.register(&service, Endpoint { headers, ..party.endpoint(ACCOUNT) }).await;
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let mut request = tonic::Request::new(sample(ACCOUNT, EventType::LeadQualified));
    request.metadata_mut().insert("traceparent", trace.parse().unwrap());
    let published = service.ingest().await.publish_event(request).await.unwrap().into_inner();

    let received = party.next().await;
    let version = concat!("Bookora-Webhooks/", env!("CARGO_PKG_VERSION"));
    for (name, value) in [
        ("content-type", "application/json"),
        ("user-agent", version),
        ("x-bookora-event", "lead.qualified"),
        ("x-bookora-delivery", received.delivery_id.as_str()),
        ("x-bookora-attempt", "1"),
        ("webhook-id", published.event_id.as_str()),
        ("traceparent", trace),
        ("accept-encoding", "identity"),
        ("authorization", "Bearer 42"),
    ] {
        let all: Vec<_> = received.headers.get_all(name).iter().collect();
        assert_eq!(all, [value], "{name}");
    }
}

#[tokio::test]
async fn a_publish_without_a_trace_begins_one() {
    let (service, mut party) = service_and_party(0).await;
    party.register(&service, party.endpoint(ACCOUNT)).await;
    publish(&service, sample(ACCOUNT, EventType::LeadQualified)).await;
    let received = party.next().await;
    let trace = received.headers["traceparent"].to_str().unwrap();
    assert!(trace.starts_with("00-") && trace.len() == 55, "{trace}");
}

#[tokio::test]
async fn an_endpoint_gets_what_it_subscribes_to_and_nothing_else() {
    let receivers = Receivers::new();
    let service = Service::start(&[&receivers.ca_argument()]);
    let mut parties = Vec::new();
    for event_types in [&[][..], &["booking.*"], &["customer.created", "review.created"]] {
        let party = receivers.start(0).await;
        let event_types = event_types.iter().map(ToString::to_string).collect();
        party.register(&service, Endpoint { event_types, ..party.endpoint(ACCOUNT) }).await;
        parties.push(party);
    }
    let mut expected = 0;
    for event_type in EventType::ALL {
        expected += publish(&service, sample(ACCOUNT, event_type)).await.delivery_count;
    }
    assert_eq!(expected, 8 + 3 + 2);
    for (party, wanted) in parties.iter_mut().zip([8, 3, 2]) {
        let mut types = HashSet::new();
        for _ in 0..wanted {
            types.insert(party.next().await.event_type);
        }
        assert_eq!(types.len(), wanted, "{types:?}");
    }
    assert!(parties.iter_mut().all(|party| party.rest().is_empty()));
}

#[tokio::test]
async fn an_accounts_events_go_to_its_own_endpoints_only() {
    let receivers = Receivers::new();
    let service = Service::start(&[&receivers.ca_argument()]);
    let (mut own, mut foreign) = (receivers.start(0).await, receivers.start(0).await);
    own.register(&service, own.endpoint("acct_own")).await;
    foreign.register(&service, foreign.endpoint("acct_foreign")).await;
    let published = publish(&service, sample("acct_own", EventType::BookingCreated)).await;
    assert_eq!(own.next().await.event_id, published.event_id);
    let published = publish(&service, sample("acct_foreign", EventType::BookingCreated)).await;
    assert_eq!(foreign.next().await.event_id, published.event_id);
    assert!(own.rest().is_empty() && foreign.rest().is_empty());
}

#[tokio::test]
async fn a_failed_attempt_is_repeated_with_the_same_bytes_until_it_is_acknowledged() {
    let (service, mut party) = service_and_party(2).await;
    let retry_schedule = vec![seconds(1), seconds(1)];
    party.register(&service, Endpoint { retry_schedule, ..party.endpoint(ACCOUNT) }).await;
    let published = publish(&service, sample(ACCOUNT, EventType::ReviewCreated)).await;
    let requests = [party.next().await, party.next().await, party.next().await];
    assert_eq!(requests.each_ref().map(|request| request.attempt), [1, 2, 3]);
    assert_eq!(requests.each_ref().map(|request| request.answered), [503, 503, 204]);
    for request in &requests {
        assert!(request.is_verified());
        assert_eq!((&request.event_id, &request.body), (&published.event_id, &requests[0].body));
        assert_eq!(request.delivery_id, requests[0].delivery_id);
    }
    let delivery = delivery_in(&service, &published.event_id, State::Succeeded).await;
    assert_eq!((delivery.revision, delivery.attempt_count), (4, 3));
    assert_eq!(delivery.state_reason, "");
    let statuses: Vec<_> =
        attempts_of(&service, &delivery).await.iter().map(|a| (a.number, a.http_status)).collect();
    assert_eq!(statuses, [(1, 503), (2, 503), (3, 204)]);
}

#[tokio::test]
async fn a_delivery_whose_retries_are_used_up_ends_failed_with_the_reason() {
    let (service, mut party) = service_and_party(u32::MAX).await;
    let retry_schedule = vec![seconds(1)];
    party.register(&service, Endpoint { retry_schedule, ..party.endpoint(ACCOUNT) }).await;
    let published = publish(&service, sample(ACCOUNT, EventType::ReviewCreated)).await;
    let delivery = delivery_in(&service, &published.event_id, State::Failed).await;
    assert_eq!((delivery.attempt_count, delivery.next_attempt_time), (2, None));
    assert!(delivery.state_reason.contains("503"), "{}", delivery.state_reason);
    assert_eq!(party.rest().len(), 2, "the first attempt and one retry");
}

#[tokio::test]
async fn the_services_retry_schedule_holds_where_the_endpoint_has_none() {
    let receivers = Receivers::new();
    let mut party = receivers.start(u32::MAX).await;
    let service = Service::start(&[&receivers.ca_argument(), "--retry-schedule=1s,1s,1s"]);
    party.register(&service, party.endpoint(ACCOUNT)).await;
    let published = publish(&service, sample(ACCOUNT, EventType::ReviewCreated)).await;
    let delivery = delivery_in(&service, &published.event_id, State::Failed).await;
    assert_eq!((delivery.attempt_count, party.rest().len()), (4, 4));
}

#[tokio::test]
async fn a_receiver_that_does_not_answer_in_time_has_not_acknowledged() {
    let service = Service::start(&["--allow-http"]);
    // It accepts connections (the kernel does) and never says a word.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let receivers = Receivers::new();
    let endpoint = Endpoint {
        url: format!("http://{}/hooks", silent.local_addr().unwrap()),
        request_timeout: Some(seconds(1)),
        retry_schedule: vec![seconds(3_600)],
        ..receivers.start(0).await.endpoint(ACCOUNT)
    };
    receivers.start(0).await.register(&service, endpoint).await;
    let published = publish(&service, sample(ACCOUNT, EventType::ReviewCreated)).await;
    let delivery = delivery_in(&service, &published.event_id, State::Retrying).await;
    let attempt = delivery.last_attempt.unwrap();
    assert_eq!(attempt.outcome().as_str_name(), "OUTCOME_TIMEOUT");
    let took = Duration::try_from(attempt.latency.unwrap()).unwrap();
    assert!(took >= Duration::from_secs(1), "{took:?}");
    // The wait is an hour, give or take a fifth.
    let due = delivery.next_attempt_time.unwrap().seconds;
    let wait = due - delivery.update_time.unwrap().seconds;
    assert!((2_879..=4_321).contains(&wait), "{wait} s");
}

#[tokio::test]
async fn a_retry_comes_no_earlier_than_the_receiver_asks_for() {
    let service = Service::start(&["--allow-http"]);
    let receiver = PlainReceiver::start(|headers| {
        let mut answer = status(if attempt(headers) == 3 { 204 } else { 503 });
        let asked = if attempt(headers) == 1 { "2" } else { "1e30" };
        answer.headers_mut().insert("retry-after", asked.parse().unwrap());
        answer
    })
    .await;
    let retry_schedule = vec![seconds(1), seconds(1)];
    let account_id = ACCOUNT.to_owned();
    let endpoint = Endpoint { account_id, retry_schedule, ..Endpoint::default() };
    receiver.register(&service, endpoint).await;

    let published = publish(&service, sample(ACCOUNT, EventType::ReviewCreated)).await;
    let delivery = delivery_in(&service, &published.event_id, State::Retrying).await;
    let nanos = |time: Option<prost_types::Timestamp>| {
        let time = time.expect("it is set");
        i128::from(time.seconds) * 1_000_000_000 + i128::from(time.nanos)
    };
    let wait = nanos(delivery.next_attempt_time) - nanos(delivery.update_time);
    assert!((2_000_000_000..=2_400_000_000).contains(&wait), "{wait} ns");

    let delivery = delivery_in(&service, &published.event_id, State::Succeeded).await;
    let starts: Vec<_> = attempts_of(&service, &delivery).await;
    let starts: Vec<_> = starts.iter().map(|attempt| nanos(attempt.start_time)).collect();
    assert_eq!((starts.len(), receiver.requests()), (3, 3));
    assert!(starts[1] - starts[0] >= 2_000_000_000, "{starts:?}");
    assert!(starts[2] - starts[1] >= 800_000_000, "what makes no sense changes nothing");
}

#[tokio::test]
async fn disabling_an_endpoint_cancels_what_is_open_and_sends_nothing_more() {
    let (service, mut party) = service_and_party(u32::MAX).await;
    let retry_schedule = vec![seconds(3_600)];
    let endpoint = Endpoint { retry_schedule, ..party.endpoint(ACCOUNT) };
    let endpoint = party.register(&service, endpoint).await;
    let published = publish(&service, sample(ACCOUNT, EventType::ReviewCreated)).await;
    delivery_in(&service, &published.event_id, State::Retrying).await;

    let request = DisableEndpointRequest {
        account_id: ACCOUNT.to_owned(),
        endpoint_id: endpoint.endpoint_id.clone(),
        reason: "moving house".to_owned(),
    };
    let disabled = service.admin().await.disable_endpoint(request).await.unwrap().into_inner();
    assert_eq!(disabled.cancelled_delivery_count, 1);
    let delivery = delivery_in(&service, &published.event_id, State::Cancelled).await;
    assert_eq!(delivery.state_reason, "the endpoint was disabled: moving house");
    assert_eq!((delivery.revision, delivery.next_attempt_time), (3, None));

    let later = publish(&service, sample(ACCOUNT, EventType::ReviewCreated)).await;
    assert_eq!(later.delivery_count, 0);
    assert_eq!(party.rest().len(), 1, "only the attempt before it was disabled");
}

#[tokio::test]
async fn deleting_an_endpoint_cancels_what_is_open_and_keeps_it_readable() {
    let (service, party) = service_and_party(u32::MAX).await;
    let retry_schedule = vec![seconds(3_600)];
    let endpoint = Endpoint { retry_schedule, ..party.endpoint(ACCOUNT) };
    let endpoint = party.register(&service, endpoint).await;
    let published = publish(&service, sample(ACCOUNT, EventType::ReviewCreated)).await;
    delivery_in(&service, &published.event_id, State::Retrying).await;
    let request = DeleteEndpointRequest {
        account_id: ACCOUNT.to_owned(),
        endpoint_id: endpoint.endpoint_id,
        ..DeleteEndpointRequest::default()
    };
    let deleted = service.admin().await.delete_endpoint(request).await.unwrap().into_inner();
    assert_eq!(deleted.cancelled_delivery_count, 1);
    let delivery = delivery_in(&service, &published.event_id, State::Cancelled).await;
    assert_eq!(delivery.state_reason, "the endpoint was deleted");
    assert_eq!(attempts_of(&service, &delivery).await.len(), 1);
}

#[tokio::test]
async fn the_same_key_and_content_is_one_event_and_other_content_is_refused() {
    let (service, mut party) = service_and_party(0).await;
    party.register(&service, party.endpoint(ACCOUNT)).await;
    let keyed = |event_type| PublishEventRequest {
        idempotency_key: "order 17".to_owned(),
        ..sample(ACCOUNT, event_type)
    };
    let first = publish(&service, keyed(EventType::BookingCreated)).await;
    let again = publish(&service, keyed(EventType::BookingCreated)).await;
    assert_eq!(again, PublishEventResponse { duplicate: true, ..first.clone() });

    let other = keyed(EventType::BookingCancelled);
    let refused = service.ingest().await.publish_event(other).await.unwrap_err();
    assert_eq!(refused.code(), Code::AlreadyExists);
    let details = refused.get_error_details();
    assert_eq!(details.error_info().unwrap().reason, "IDEMPOTENCY_KEY_REUSED");
    assert_eq!(details.resource_info().unwrap().resource_name, first.event_id);

    let elsewhere = PublishEventRequest {
        account_id: "acct_2".to_owned(),
        ..keyed(EventType::BookingCancelled)
    };
    assert!(!publish(&service, elsewhere).await.duplicate, "a key is an account's own");
    assert_eq!(party.next().await.event_id, first.event_id);
    assert!(party.rest().is_empty(), "one delivery");
}

#[tokio::test]
async fn a_given_time_is_part_of_the_content() {
    let service = Service::start(&[]);
    let at = |seconds| PublishEventRequest {
        idempotency_key: "k".to_owned(),
        create_time: Some(prost_types::Timestamp { seconds, nanos: 0 }),
        ..sample(ACCOUNT, EventType::BookingCreated)
    };
    let first = publish(&service, at(1_781_087_400)).await;
    assert!(publish(&service, at(1_781_087_400)).await.duplicate);
    assert!(service.ingest().await.publish_event(at(1_781_087_401)).await.is_err());
    let without_time = PublishEventRequest { create_time: None, ..at(0) };
    let again = publish(&service, without_time).await;
    assert_eq!((again.duplicate, again.create_time), (true, first.create_time));
}

#[tokio::test]
async fn racing_publishers_with_one_key_make_one_event() {
    let (service, mut party) = service_and_party(0).await;
    party.register(&service, party.endpoint(ACCOUNT)).await;
    let mut racing = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let mut ingest = service.ingest().await;
        racing.spawn(async move {
            let mut answers = Vec::new();
            for _ in 0..8 {
                let request = PublishEventRequest {
                    idempotency_key: "one".to_owned(),
                    ..sample(ACCOUNT, EventType::BookingCreated)
                };
                answers.push(ingest.publish_event(request).await.unwrap().into_inner());
            }
            answers
        });
    }
    let answers: Vec<_> = racing.join_all().await.into_iter().flatten().collect();
    let ids: HashSet<_> = answers.iter().map(|answer| &answer.event_id).collect();
    assert_eq!(ids.len(), 1);
    assert_eq!(answers.iter().filter(|answer| !answer.duplicate).count(), 1);
    party.next().await;
    delivery_in(&service, &answers[0].event_id, State::Succeeded).await;
    assert!(party.rest().is_empty(), "one delivery");
}

#[tokio::test]
async fn a_batch_answers_in_order_and_a_reused_key_concerns_its_own_request() {
    let (service, mut party) = service_and_party(0).await;
    party.register(&service, party.endpoint(ACCOUNT)).await;
    let keyed = |key: &str, event_type| PublishEventRequest {
        idempotency_key: key.to_owned(),
        ..sample(ACCOUNT, event_type)
    };
    let request = BatchPublishEventsRequest {
        requests: vec![
            keyed("a", EventType::BookingCreated),
            keyed("b", EventType::BookingCreated),
            keyed("a", EventType::BookingCreated),
            keyed("b", EventType::ReviewCreated),
            sample("acct_2", EventType::BookingCreated),
        ],
    };
    let results = service.ingest().await.batch_publish_events(request).await.unwrap();
    let results: Vec<_> =
        results.into_inner().results.into_iter().map(|result| result.result.unwrap()).collect();
    let [first, second, again, refused, elsewhere] = &results[..] else { panic!("{results:?}") };
    let published = |result: &ResultMessage| match result {
        ResultMessage::Published(published) => published.clone(),
        ResultMessage::Error(error) => panic!("{error:?}"),
    };
    assert_eq!(published(again), PublishEventResponse { duplicate: true, ..published(first) });
    assert_eq!(published(elsewhere).delivery_count, 0);
    let ResultMessage::Error(error) = refused else { panic!("{refused:?}") };
    assert_eq!(error.code, Code::AlreadyExists as i32);
    assert!(error.details.iter().any(|detail| detail.type_url.ends_with("google.rpc.ErrorInfo")));
    let received = HashSet::from([party.next().await.event_id, party.next().await.event_id]);
    assert_eq!(received, HashSet::from([published(first).event_id, published(second).event_id]));
}

#[tokio::test]
async fn what_was_acknowledged_before_a_kill_is_delivered_after_the_restart() {
    const EVENTS: usize = 500;
    let (mut service, mut party) = service_and_party(0).await;
    // One at a time, so that most of it is still waiting when the process dies.
    party.register(&service, Endpoint { max_in_flight: 1, ..party.endpoint(ACCOUNT) }).await;
    let requests = vec![sample(ACCOUNT, EventType::BookingCreated); EVENTS];
    let request = BatchPublishEventsRequest { requests };
    let results = service.ingest().await.batch_publish_events(request).await.unwrap();
    let before = party.next().await;
    service.kill();
    let mut missing: HashSet<String> = results
        .into_inner()
        .results
        .into_iter()
        .map(|result| match result.result.unwrap() {
            ResultMessage::Published(published) => published.event_id,
            ResultMessage::Error(error) => panic!("{error:?}"),
        })
        .collect();
    assert_eq!(missing.len(), EVENTS);
    missing.remove(&before.event_id);
    let sent_before: Vec<_> = party.rest();
    assert!(sent_before.len() < EVENTS / 2, "the kill came too late to show anything");
    for received in sent_before {
        missing.remove(&received.event_id);
    }

    service.restart();
    let mut received_after = 0;
    while !missing.is_empty() {
        let received = party.next().await;
        assert!(received.is_verified());
        missing.remove(&received.event_id);
        received_after += 1;
    }
    assert!(received_after >= EVENTS / 2, "{received_after} came after the restart");
    let open = eventually("nothing is open", async || {
        let request = ListDeliveriesRequest {
            account_id: ACCOUNT.to_owned(),
            page_size: 1_000,
            filter: Some(DeliveryFilter {
                states: vec![State::Pending.into(), State::Retrying.into()],
                ..DeliveryFilter::default()
            }),
            ..ListDeliveriesRequest::default()
        };
        let page = service.query().await.list_deliveries(request).await.unwrap().into_inner();
        Some(page.deliveries).filter(Vec::is_empty)
    })
    .await;
    assert!(open.is_empty());
}
