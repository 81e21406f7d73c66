//! Recovering an endpoint: what did not arrive is brought back, once, whatever happens meanwhile.

use std::collections::{HashMap, HashSet};

use bookora_webhooks::domain::event::EventType;
use bookora_webhooks::proto::delivery::State;
use bookora_webhooks::proto::{
    Delivery, DeliveryFilter, DisableEndpointRequest, EnableEndpointRequest, Endpoint, Event,
    GetEventRequest, ListDeliveriesRequest, RecoverEndpointRequest, RecoverEndpointResponse,
    RecoveryKind, UpdateEndpointRequest,
};
use prost_types::Timestamp;
use tokio::net::TcpSocket;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::database::ask;
use crate::deliveries::{
    attempts_of, deliveries_of, delivery_in, publish, sample, seconds, service_and_party,
};
use crate::interventions::{assert_precondition, refused_fields};
use crate::party::Party;
use crate::service::{Service, eventually};
use crate::watches::{Ledger, Watcher, publish_batches, watch_request};

const ACCOUNT: &str = "acct_1";
const REQUEST_ID: &str = "0190d5a8-3b5e-7c3a-9d53-0a4c1f8e2b61";
const EVERYTHING: [RecoveryKind; 3] =
    [RecoveryKind::Failed, RecoveryKind::Cancelled, RecoveryKind::Missed];

/// A recovery of all that was since 1970.
fn recovery_of(endpoint: &Endpoint, include: &[RecoveryKind]) -> RecoverEndpointRequest {
    RecoverEndpointRequest {
        account_id: endpoint.account_id.clone(),
        endpoint_id: endpoint.endpoint_id.clone(),
        start_time: Some(Timestamp::default()),
        include: include.iter().map(|kind| i32::from(*kind)).collect(),
        ..RecoverEndpointRequest::default()
    }
}

async fn recover(
    service: &Service,
    request: RecoverEndpointRequest,
) -> Result<RecoverEndpointResponse, Status> {
    Ok(service.admin().await.recover_endpoint(request).await?.into_inner())
}

/// How many deliveries a recovery would bring back.
async fn count(service: &Service, request: RecoverEndpointRequest) -> i32 {
    let request = RecoverEndpointRequest { validate_only: true, ..request };
    let counted = recover(service, request).await.expect("it is counted");
    assert_eq!(counted.recovery_id, "", "nothing was begun");
    counted.delivery_count
}

/// Registers an endpoint whose receiver is not there: connections to it are refused for as long as
/// the socket is kept.
async fn register_down(service: &Service, party: &Party) -> (Endpoint, TcpSocket) {
    let nobody = TcpSocket::new_v4().unwrap();
    nobody.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let url = format!("https://{}/hooks", nobody.local_addr().unwrap());
    let retry_schedule = vec![seconds(1)];
    let endpoint = Endpoint { url, retry_schedule, ..party.endpoint(ACCOUNT) };
    (party.register(service, endpoint).await, nobody)
}

async fn change(service: &Service, endpoint: &Endpoint) -> Endpoint {
    let endpoint = Some(Endpoint { etag: String::new(), ..endpoint.clone() });
    let request = UpdateEndpointRequest { endpoint, update_mask: None };
    let changed = service.admin().await.update_endpoint(request).await.expect("it is changed");
    changed.into_inner().endpoint.unwrap()
}

async fn disable(service: &Service, endpoint: &Endpoint) -> i32 {
    let request = DisableEndpointRequest {
        account_id: endpoint.account_id.clone(),
        endpoint_id: endpoint.endpoint_id.clone(),
        ..DisableEndpointRequest::default()
    };
    let disabled = service.admin().await.disable_endpoint(request).await.expect("it is disabled");
    disabled.into_inner().cancelled_delivery_count
}

async fn enable(service: &Service, endpoint: &Endpoint) {
    let request = EnableEndpointRequest {
        account_id: endpoint.account_id.clone(),
        endpoint_id: endpoint.endpoint_id.clone(),
    };
    service.admin().await.enable_endpoint(request).await.expect("it is enabled");
}

async fn event(service: &Service, account_id: &str, event_id: &str) -> Event {
    let request =
        GetEventRequest { account_id: account_id.to_owned(), event_id: event_id.to_owned() };
    service.query().await.get_event(request).await.unwrap().into_inner().event.unwrap()
}

/// All deliveries in some states.
async fn deliveries_in(service: &Service, states: &[State]) -> Vec<Delivery> {
    let mut query = service.query().await;
    let mut all = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = ListDeliveriesRequest {
            account_id: ACCOUNT.to_owned(),
            page_size: 1_000,
            page_token,
            filter: Some(DeliveryFilter {
                states: states.iter().map(|state| i32::from(*state)).collect(),
                ..DeliveryFilter::default()
            }),
            ..ListDeliveriesRequest::default()
        };
        let page = query.list_deliveries(request).await.expect("listed").into_inner();
        all.extend(page.deliveries);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return all;
        }
    }
}

/// Waits until so many deliveries are in a state.
async fn wait_for(service: &Service, state: State, wanted: usize) {
    eventually(&format!("{wanted} are {}", state.as_str_name()), async || {
        let found = deliveries_in(service, &[state]).await.len();
        (found == wanted).then_some(())
    })
    .await;
}

/// Waits until no recovery is unfinished.
async fn finished(service: &Service) {
    eventually("the recovery is finished", async || {
        let sql = "SELECT COUNT(*) FROM recoveries WHERE finish_time IS NULL";
        (ask(service.database_url(), sql).await == 0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn after_an_outage_everything_that_failed_was_cancelled_or_missed_arrives_once() {
    const FAILED: usize = 2_000;
    const CANCELLED: usize = 500;
    const MISSED: usize = 1_500;
    let (service, mut party) = service_and_party(0).await;
    let mut watcher = Watcher::open(&service, watch_request()).await;
    let (down, _nobody) = register_down(&service, &party).await;
    let mut expected = publish_batches(&service, FAILED / 500, 500).await;
    wait_for(&service, State::Failed, FAILED).await;
    let down = change(&service, &Endpoint { retry_schedule: vec![seconds(3_600)], ..down }).await;
    expected.extend(publish_batches(&service, CANCELLED / 500, 500).await);
    wait_for(&service, State::Retrying, CANCELLED).await;
    assert_eq!(disable(&service, &down).await, i32::try_from(CANCELLED).unwrap());
    expected.extend(publish_batches(&service, MISSED / 500, 500).await);
    let url = party.endpoint(ACCOUNT).url;
    change(&service, &Endpoint { url, ..down.clone() }).await;
    enable(&service, &down).await;

    for (kind, number) in EVERYTHING.into_iter().zip([FAILED, CANCELLED, MISSED]) {
        let counted = count(&service, recovery_of(&down, &[kind])).await;
        assert_eq!(counted, i32::try_from(number).unwrap(), "{}", kind.as_str_name());
    }
    let counted = count(&service, recovery_of(&down, &EVERYTHING)).await;
    let recovered = recover(&service, recovery_of(&down, &EVERYTHING)).await.unwrap();
    assert_eq!(recovered.delivery_count, counted);
    assert!(recovered.recovery_id.starts_with("rcv_"), "{}", recovered.recovery_id);

    let mut received: HashMap<String, usize> = HashMap::new();
    for _ in 0..expected.len() {
        let request = party.next().await;
        assert!(request.is_verified());
        *received.entry(request.event_id).or_default() += 1;
    }
    assert_eq!(received.len(), expected.len(), "every event arrived, and none twice");
    assert!(expected.iter().all(|event_id| received.contains_key(event_id)));
    wait_for(&service, State::Succeeded, expected.len()).await;
    finished(&service).await;
    assert!(party.rest().is_empty(), "nothing came more than once");
    assert_eq!(count(&service, recovery_of(&down, &EVERYTHING)).await, 0, "nothing is left");

    let mut ledger = Ledger::default();
    while ledger.succeeded() < expected.len() {
        ledger.note(watcher.update().await);
    }
}

#[tokio::test]
async fn a_recovery_that_was_killed_in_the_middle_goes_on_after_the_restart() {
    const BATCHES: usize = 8;
    let (mut service, mut party) = service_and_party(0).await;
    let endpoint = party.register(&service, party.endpoint(ACCOUNT)).await;
    disable(&service, &endpoint).await;
    let expected: HashSet<_> = publish_batches(&service, BATCHES, 500).await.into_iter().collect();
    enable(&service, &endpoint).await;
    let recovered = recover(&service, recovery_of(&endpoint, &EVERYTHING)).await.unwrap();
    assert_eq!(recovered.delivery_count, i32::try_from(expected.len()).unwrap());
    let mut received = HashSet::from([party.next().await.event_id]);
    service.kill();
    let made = ask(service.database_url(), "SELECT COUNT(*) FROM deliveries").await;
    let unfinished = "SELECT COUNT(*) FROM recoveries WHERE finish_time IS NULL";
    assert_eq!(ask(service.database_url(), unfinished).await, 1);
    assert!(made > 0 && made < i64::from(recovered.delivery_count), "the middle, not {made}");

    service.restart();
    while received.len() < expected.len() {
        let request = party.next().await;
        assert!(request.is_verified());
        received.insert(request.event_id);
    }
    assert_eq!(received, expected);
    wait_for(&service, State::Succeeded, expected.len()).await;
    finished(&service).await;
    let deliveries = deliveries_in(&service, &[]).await;
    let events: HashSet<_> = deliveries.iter().map(|delivery| &delivery.event_id).collect();
    assert_eq!((deliveries.len(), events.len()), (expected.len(), expected.len()));
    assert!(deliveries.iter().all(|delivery| delivery.revision == 2), "made once, sent once");
}

#[tokio::test]
async fn one_recovery_of_an_endpoint_at_a_time_and_none_of_one_that_is_disabled() {
    const MISSED: i32 = 4_000;
    let (service, mut party) = service_and_party(0).await;
    // One at a time, so that most of it is open when it is disabled.
    let endpoint = Endpoint { max_in_flight: 1, ..party.endpoint(ACCOUNT) };
    let endpoint = party.register(&service, endpoint).await;
    disable(&service, &endpoint).await;
    publish_batches(&service, 8, 500).await;
    let refused = recover(&service, recovery_of(&endpoint, &EVERYTHING)).await.unwrap_err();
    assert_precondition(&refused, "ENDPOINT_DISABLED", &endpoint.endpoint_id);
    enable(&service, &endpoint).await;

    let first = recover(&service, recovery_of(&endpoint, &EVERYTHING)).await.unwrap();
    assert_eq!(first.delivery_count, MISSED);
    for validate_only in [false, true] {
        let again = RecoverEndpointRequest { validate_only, ..recovery_of(&endpoint, &EVERYTHING) };
        let refused = recover(&service, again).await.unwrap_err();
        assert_precondition(&refused, "RECOVERY_IN_PROGRESS", &endpoint.endpoint_id);
        assert!(refused.message().contains(&first.recovery_id), "{}", refused.message());
    }

    party.next().await;
    let cancelled = disable(&service, &endpoint).await;
    finished(&service).await;
    assert!(cancelled > 0 && cancelled < MISSED, "it was in the middle, not at {cancelled}");
    assert!(deliveries_in(&service, &[State::Pending, State::Retrying]).await.is_empty());
    let made = deliveries_in(&service, &[]).await.len();
    enable(&service, &endpoint).await;
    // What it had not come to is missed still, what it had is cancelled or succeeded.
    let succeeded =
        i32::try_from(deliveries_in(&service, &[State::Succeeded]).await.len()).unwrap();
    let left = count(&service, recovery_of(&endpoint, &EVERYTHING)).await;
    assert_eq!(left, MISSED - succeeded);
    assert_eq!(deliveries_in(&service, &[]).await.len(), made, "the first one is not resumed");
}

#[tokio::test]
async fn a_request_to_recover_that_is_made_twice_recovers_once() {
    let (mut service, mut party) = service_and_party(0).await;
    let endpoint = party.register(&service, party.endpoint(ACCOUNT)).await;
    disable(&service, &endpoint).await;
    publish_batches(&service, 1, 5).await;
    enable(&service, &endpoint).await;
    let request = RecoverEndpointRequest {
        request_id: REQUEST_ID.to_owned(),
        ..recovery_of(&endpoint, &EVERYTHING)
    };
    let counting = RecoverEndpointRequest { validate_only: true, ..request.clone() };
    assert_eq!(recover(&service, counting.clone()).await.unwrap().delivery_count, 5);
    let first = recover(&service, request.clone()).await.unwrap();
    assert_eq!(first.delivery_count, 5);
    assert_eq!(recover(&service, request.clone()).await.unwrap(), first);
    wait_for(&service, State::Succeeded, 5).await;
    finished(&service).await;
    service.kill();
    service.restart();
    assert_eq!(recover(&service, request.clone()).await.unwrap(), first);
    assert_eq!(recover(&service, counting).await.unwrap().delivery_count, 0);
    assert_eq!(party.rest().len(), 5);

    let failed = vec![RecoveryKind::Failed.into()];
    let refused =
        recover(&service, RecoverEndpointRequest { include: failed, ..request }).await.unwrap_err();
    assert_eq!(refused.code(), Code::AlreadyExists);
    let details = refused.get_error_details();
    assert_eq!(details.error_info().unwrap().reason, "REQUEST_ID_REUSED");
    assert_eq!(details.resource_info().unwrap().resource_name, first.recovery_id);
}

#[tokio::test]
async fn only_what_the_endpoint_subscribes_to_in_its_account_and_range_was_missed() {
    let (service, mut party) = service_and_party(0).await;
    let event_types = ["booking.*", "review.created"].map(ToString::to_string).to_vec();
    let endpoint = Endpoint { event_types, ..party.endpoint(ACCOUNT) };
    let endpoint = party.register(&service, endpoint).await;
    disable(&service, &endpoint).await;
    let mut missed = Vec::new();
    for event_type in EventType::ALL {
        let published = publish(&service, sample(ACCOUNT, event_type)).await;
        publish(&service, sample("acct_2", event_type)).await;
        if endpoint.event_types.contains(&event_type.to_string())
            || event_type.name().starts_with("booking.")
        {
            missed.push(published.event_id);
        }
    }
    enable(&service, &endpoint).await;
    // From the second to before the last of the four.
    let time = async |index: usize| event(&service, ACCOUNT, &missed[index]).await.publish_time;
    let request = RecoverEndpointRequest {
        start_time: time(1).await,
        end_time: time(3).await,
        ..recovery_of(&endpoint, &[RecoveryKind::Missed])
    };
    assert_eq!(missed.len(), 4);
    assert_eq!(count(&service, request.clone()).await, 2);
    assert_eq!(recover(&service, request).await.unwrap().delivery_count, 2);
    let received = HashSet::from([party.next().await.event_id, party.next().await.event_id]);
    assert_eq!(received, HashSet::from([missed[1].clone(), missed[2].clone()]));
    finished(&service).await;
    let all = recovery_of(&endpoint, &[RecoveryKind::Missed]);
    assert_eq!(count(&service, all).await, 2, "the first and the last");
    let recovered = &deliveries_of(&service, &missed[1]).await[0];
    delivery_in(&service, &missed[1], State::Succeeded).await;
    let attempts = attempts_of(&service, recovered).await;
    assert_eq!(attempts[0].trigger().as_str_name(), "TRIGGER_MANUAL");
    assert_eq!(event(&service, ACCOUNT, &missed[1]).await.delivery_count, 0, "as published");
    assert!(party.rest().is_empty());
}

#[tokio::test]
async fn only_deliveries_of_the_range_and_kinds_that_are_asked_for_are_sent_again() {
    let (service, mut party) = service_and_party(2).await;
    let retry_schedule = vec![seconds(1)];
    let endpoint = Endpoint { retry_schedule, ..party.endpoint(ACCOUNT) };
    let endpoint = party.register(&service, endpoint).await;
    let mut failed = Vec::new();
    for _ in 0..3 {
        let published = publish(&service, sample(ACCOUNT, EventType::ReviewCreated)).await;
        failed.push(delivery_in(&service, &published.event_id, State::Failed).await);
    }
    let ranged = RecoverEndpointRequest {
        start_time: failed[1].create_time,
        end_time: failed[2].create_time,
        ..recovery_of(&endpoint, &[RecoveryKind::Failed])
    };
    let cancelled = recovery_of(&endpoint, &[RecoveryKind::Cancelled, RecoveryKind::Missed]);
    assert_eq!(count(&service, cancelled.clone()).await, 0);
    assert_eq!(recover(&service, cancelled).await.unwrap().delivery_count, 0);
    assert_eq!(count(&service, ranged.clone()).await, 1);
    assert_eq!(recover(&service, ranged).await.unwrap().delivery_count, 1);
    let again = delivery_in(&service, &failed[1].event_id, State::Succeeded).await;
    assert_eq!((again.revision, again.attempt_count), (5, 3));
    finished(&service).await;
    for untouched in [&failed[0], &failed[2]] {
        let now = delivery_in(&service, &untouched.event_id, State::Failed).await;
        assert_eq!(&now, untouched);
    }
    assert_eq!(party.rest().len(), 7);
}

#[tokio::test]
async fn a_recovery_of_what_is_not_there_and_bad_fields_are_refused() {
    let (service, party) = service_and_party(0).await;
    let endpoint = party.register(&service, party.endpoint(ACCOUNT)).await;
    let foreign = Endpoint { account_id: "acct_2".to_owned(), ..endpoint.clone() };
    let refused = recover(&service, recovery_of(&foreign, &EVERYTHING)).await.unwrap_err();
    assert_eq!(refused.code(), Code::NotFound);
    assert_eq!(refused.get_error_details().error_info().unwrap().reason, "ENDPOINT_NOT_FOUND");

    let empty = RecoverEndpointRequest {
        account_id: "-".to_owned(),
        request_id: "one".to_owned(),
        ..RecoverEndpointRequest::default()
    };
    let refused = recover(&service, empty).await.unwrap_err();
    let fields = ["request_id", "account_id", "endpoint_id", "start_time", "include"];
    assert_eq!(refused_fields(&refused), fields);

    let at = |seconds| Some(Timestamp { seconds, nanos: 0 });
    let good = recovery_of(&endpoint, &EVERYTHING);
    for (start_time, end_time, include, fields) in [
        (at(-1), None, vec![1], "start_time"),
        (at(i64::MAX), None, vec![1], "start_time"),
        (at(9_000_000_000), None, vec![1], "start_time"),
        (at(10), at(-1), vec![1], "end_time"),
        (at(10), at(10), vec![1], "end_time"),
        (at(10), at(9), vec![1], "end_time"),
        (at(10), None, vec![1, 0], "include[1]"),
        (at(10), None, vec![4], "include[0]"),
        (at(10), None, vec![1; 11], "include"),
    ] {
        let bad = RecoverEndpointRequest { start_time, end_time, include, ..good.clone() };
        let refused = recover(&service, bad).await.unwrap_err();
        assert_eq!(refused_fields(&refused), [fields]);
    }
    let begun = ask(service.database_url(), "SELECT COUNT(*) FROM recoveries").await;
    assert_eq!(begun, 0);
    let late = RecoverEndpointRequest { end_time: at(9_000_000_000), ..good };
    assert_eq!(recover(&service, late).await.unwrap().delivery_count, 0, "later counts as now");
}
