//! What is kept for how long.

use bookora_webhooks::domain::event::EventType;
use bookora_webhooks::proto::delivery::State;
use bookora_webhooks::proto::watch_deliveries_response::Message;
use bookora_webhooks::proto::{
    BatchPublishEventsRequest, Endpoint, GetDeliveryRequest, GetEventRequest, ListAttemptsRequest,
    ListDeliveriesRequest, ListDeliveriesResponse, PublishEventRequest, PublishEventResponse,
    RecoverEndpointRequest, RecoveryKind, ResendDeliveryRequest,
};
use tonic::Code;
use tonic_types::StatusExt;

use crate::caller::Caller;
use crate::deliveries::{deliveries_of, delivery_in, publish, sample, seconds};
use crate::plain_receiver::{PlainReceiver, status};
use crate::service::{Service, eventually};
use crate::tally::{UNCOUNT, assert_counts, stats_of};
use crate::watches::{Watcher, watch_request};

const ACCOUNT: &str = "acct_1";

fn subscribed_to(event_types: &[&str]) -> Endpoint {
    Endpoint {
        account_id: ACCOUNT.to_owned(),
        event_types: event_types.iter().map(ToString::to_string).collect(),
        retry_schedule: vec![seconds(3_600)],
        ..Endpoint::default()
    }
}

async fn has_event(service: &Service, event_id: &str) -> bool {
    let request = GetEventRequest { account_id: ACCOUNT.to_owned(), event_id: event_id.to_owned() };
    match service.query().await.get_event(request).await {
        Ok(_) => true,
        Err(status) if status.code() == Code::NotFound => false,
        Err(status) => panic!("{status}"),
    }
}

async fn is_pruned(service: &Service, event_id: &str) {
    let gone = async || (!has_event(service, event_id).await).then_some(());
    eventually("the event is gone", gone).await;
}

async fn list(service: &Service) -> ListDeliveriesResponse {
    let request = ListDeliveriesRequest {
        account_id: ACCOUNT.to_owned(),
        page_size: 1_000,
        ..ListDeliveriesRequest::default()
    };
    service.query().await.list_deliveries(request).await.expect("listed").into_inner()
}

pub async fn nothing_is_left(service: &Service) {
    let nothing = async || list(service).await.deliveries.is_empty().then_some(());
    eventually("all deliveries are gone", nothing).await;
}

pub async fn publish_many(service: &Service, count: usize) {
    let mut ingest = service.ingest().await;
    for begin in (0..count).step_by(500) {
        let requests = vec![sample(ACCOUNT, EventType::BookingCreated); (count - begin).min(500)];
        let request = BatchPublishEventsRequest { requests };
        ingest.batch_publish_events(request).await.expect("published");
    }
}

/// One receiver that accepts bookings and customers, one that is down for customers and reviews.
pub async fn two_receivers(service: &Service) -> (PlainReceiver, PlainReceiver) {
    let good = PlainReceiver::start(|_| status(204)).await;
    good.register(service, subscribed_to(&["booking.*", "customer.*"])).await;
    let down = PlainReceiver::start(|_| status(500)).await;
    down.register(service, subscribed_to(&["customer.*", "review.*"])).await;
    (good, down)
}

#[tokio::test]
async fn what_is_closed_and_old_goes_and_what_is_open_stays() {
    let service = Service::start(&["--allow-http", "--retention=3s"]);
    let _receivers = two_receivers(&service).await;
    let open = publish(&service, sample(ACCOUNT, EventType::ReviewCreated)).await;
    let half = publish(&service, sample(ACCOUNT, EventType::CustomerCreated)).await;
    let nobody = publish(&service, sample(ACCOUNT, EventType::LeadQualified)).await;
    let closed = publish(&service, sample(ACCOUNT, EventType::BookingCreated)).await;
    assert_eq!([&open, &half, &nobody, &closed].map(|event| event.delivery_count), [1, 2, 0, 1]);
    let delivered = delivery_in(&service, &closed.event_id, State::Succeeded).await;

    is_pruned(&service, &closed.event_id).await;
    is_pruned(&service, &nobody.event_id).await;
    let half_left = async || {
        let left = deliveries_of(&service, &half.event_id).await;
        (left.len() == 1).then_some(left)
    };
    let left = eventually("one of two deliveries is gone", half_left).await;
    assert_eq!(left[0].state(), State::Retrying);
    assert!(has_event(&service, &half.event_id).await, "it has an open delivery");
    assert!(has_event(&service, &open.event_id).await);
    assert_eq!(deliveries_of(&service, &open.event_id).await[0].state(), State::Retrying);

    let (account_id, delivery_id) = (ACCOUNT.to_owned(), delivered.delivery_id);
    let request = GetDeliveryRequest { account_id, delivery_id, ..GetDeliveryRequest::default() };
    let (account_id, delivery_id) = (request.account_id.clone(), request.delivery_id.clone());
    let missing = service.query().await.get_delivery(request).await.unwrap_err();
    assert_eq!(missing.code(), Code::NotFound);
    let request = ListAttemptsRequest { account_id, delivery_id, ..ListAttemptsRequest::default() };
    let missing = service.query().await.list_attempts(request).await.unwrap_err();
    assert_eq!(missing.code(), Code::NotFound);
}

#[tokio::test]
async fn an_idempotency_key_is_free_again_when_its_event_is_gone() {
    let service = Service::start(&["--allow-http", "--retention=1s"]);
    let _receivers = two_receivers(&service).await;
    let keyed = |event_type| PublishEventRequest {
        idempotency_key: "order 17".to_owned(),
        ..sample(ACCOUNT, event_type)
    };
    let first: PublishEventResponse = publish(&service, keyed(EventType::BookingCreated)).await;
    is_pruned(&service, &first.event_id).await;
    let second = publish(&service, keyed(EventType::BookingCancelled)).await;
    assert!(!second.duplicate && second.event_id != first.event_id);
    assert_eq!(second.delivery_count, 1);
}

#[tokio::test]
async fn a_token_from_before_the_logs_floor_is_expired_and_one_at_its_end_goes_on() {
    let mut service = Service::start(&["--allow-http", "--retention=1s"]);
    let _receivers = two_receivers(&service).await;
    let mut watcher = Watcher::open(&service, watch_request()).await;
    assert!(matches!(watcher.next().await, Ok(Message::Heartbeat(_))));
    let early = watcher.token.clone();
    let first = publish(&service, sample(ACCOUNT, EventType::BookingCreated)).await;
    watcher.update().await;
    assert_eq!(watcher.update().await.delivery.unwrap().state(), State::Succeeded);
    let late = watcher.token.clone();
    // The whole log is pruned: it goes before the delivery does.
    is_pruned(&service, &first.event_id).await;

    let expired = async |service: &Service| {
        let status = Watcher::resume(service, &early).await.next().await.unwrap_err();
        assert_eq!(status.code(), Code::OutOfRange);
        status.get_error_details().error_info().unwrap().reason.clone()
    };
    assert_eq!(expired(&service).await, "RESUME_TOKEN_EXPIRED");
    let listed = list(&service).await;
    let mut watchers = vec![watcher];
    for token in [&late, &listed.watch_token] {
        watchers.push(Watcher::resume(&service, token).await);
    }
    watchers.push(Watcher::open(&service, watch_request()).await);
    for watcher in &mut watchers[1..] {
        assert!(matches!(watcher.next().await, Ok(Message::Heartbeat(_))));
        assert_eq!(watcher.token, late, "the end of the log has not moved");
    }
    let second = publish(&service, sample(ACCOUNT, EventType::BookingCreated)).await;
    for watcher in &mut watchers {
        for state in [State::Pending, State::Succeeded] {
            let delivery = watcher.update().await.delivery.unwrap();
            assert_eq!((&delivery.event_id, delivery.state()), (&second.event_id, state));
        }
    }

    // The same of another process, with nothing in the log.
    is_pruned(&service, &second.event_id).await;
    let late = watchers[0].token.clone();
    service.terminate();
    assert!(service.ended().await.success());
    service.restart();
    assert_eq!(expired(&service).await, "RESUME_TOKEN_EXPIRED");
    let mut watcher = Watcher::resume(&service, &late).await;
    let third = publish(&service, sample(ACCOUNT, EventType::BookingCreated)).await;
    assert_eq!(watcher.update().await.delivery.unwrap().event_id, third.event_id);
}

#[tokio::test]
async fn a_watcher_that_is_overtaken_by_the_pruning_is_told() {
    const EVENTS: usize = 2_000;
    let service = Service::start(&["--allow-http", "--retention=1s"]);
    let _receivers = two_receivers(&service).await;
    let mut watcher = Watcher::open_narrow(&service, watch_request()).await;
    publish_many(&service, EVENTS).await;
    // Nothing was read of the watch: what the queue and the connection hold is far less.
    nothing_is_left(&service).await;
    let mut updates = 0;
    let status = loop {
        match watcher.next().await {
            Ok(Message::Update(_)) => updates += 1,
            Ok(_) => {}
            Err(status) => break status,
        }
        assert!(updates < 2 * EVENTS, "every change came through: nothing is shown");
    };
    assert_eq!(status.code(), Code::OutOfRange, "{status}");
}

#[tokio::test]
async fn figures_and_ids_of_requests_go_when_they_are_old() {
    let service = Service::start(&["--allow-http", "--retention=3s"]);
    let (good, _down) = two_receivers(&service).await;
    let endpoint = good.register(&service, subscribed_to(&["workflow.*"])).await;
    let event = publish(&service, sample(ACCOUNT, EventType::WorkflowTriggered)).await;
    let delivery = delivery_in(&service, &event.event_id, State::Succeeded).await;
    let request = ResendDeliveryRequest {
        account_id: ACCOUNT.to_owned(),
        delivery_id: delivery.delivery_id,
        request_id: "0190d5a8-3b5e-7c3a-9d53-0a4c1f8e2b61".to_owned(),
    };
    service.admin().await.resend_delivery(request).await.expect("it is sent again");
    let request = RecoverEndpointRequest {
        account_id: ACCOUNT.to_owned(),
        endpoint_id: endpoint.endpoint_id,
        start_time: Some(prost_types::Timestamp::default()),
        include: vec![RecoveryKind::Failed.into()],
        ..RecoverEndpointRequest::default()
    };
    service.admin().await.recover_endpoint(request).await.expect("it is recovered");
    for table in ["resends", "recoveries", "delivery_stats"] {
        let rows = format!("SELECT COUNT(*) FROM {table}");
        if table == "delivery_stats" {
            eventually("it is counted", async || {
                (service.ask_database(&rows).await > 0).then_some(())
            })
            .await;
            // As if it had been hours ago.
            service.change_database("UPDATE delivery_stats SET hour = hour - 3").await;
        }
        eventually(&format!("{table} is empty"), async || {
            (service.ask_database(&rows).await == 0).then_some(())
        })
        .await;
    }
}

#[tokio::test]
async fn the_log_is_counted_before_it_goes() {
    const EVENTS: usize = 200;
    let mut service = Service::start(&["--allow-http"]);
    let _receivers = two_receivers(&service).await;
    publish_many(&service, EVENTS).await;
    let open = "SELECT COUNT(*) FROM deliveries WHERE next_attempt_time IS NOT NULL";
    eventually("all is delivered", async || (service.ask_database(open).await == 0).then_some(()))
        .await;
    service.kill();
    service.change_database(UNCOUNT).await;
    service.change_database("UPDATE delivery_changes SET commit_time = 1").await;
    service.change_arguments(&["--allow-http", "--log-retention=1s"]);
    service.restart();
    let log = "SELECT COUNT(*) FROM delivery_changes";
    eventually("the log is gone", async || (service.ask_database(log).await == 0).then_some(()))
        .await;
    let mut caller = Caller::new(&service).await;
    let counted = assert_counts(&mut caller, service.database_url(), stats_of(ACCOUNT)).await;
    assert_eq!(counted, i64::try_from(EVENTS).unwrap());
}
