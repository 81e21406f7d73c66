//! Watching: live, from a snapshot, from a token, and over every kind of break.

mod crowd;
mod endings;

use std::collections::HashMap;
use std::time::Duration;

use bookora_webhooks::domain::event::EventType;
use bookora_webhooks::proto::delivery::State;
use bookora_webhooks::proto::delivery_query_client::DeliveryQueryClient;
use bookora_webhooks::proto::publish_event_result::Result as ResultMessage;
use bookora_webhooks::proto::watch_deliveries_response::Message;
use bookora_webhooks::proto::{
    BatchPublishEventsRequest, CancelDeliveryRequest, Delivery, DeliveryFilter, DeliveryUpdate,
    Endpoint, PublishEventRequest, WatchDeliveriesRequest, WatchDeliveriesResponse,
};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tonic::transport::Channel;
use tonic::{Code, Streaming};
use tonic_types::StatusExt;

use crate::caller::{Caller, deaf_endpoint};
use crate::deliveries::sample;
use crate::party::{Party, Receivers};
use crate::service::{PATIENCE, Service};

const ACCOUNT: &str = "acct_1";

/// A watch of the account's deliveries from now on.
pub fn watch_request() -> WatchDeliveriesRequest {
    WatchDeliveriesRequest { account_id: ACCOUNT.to_owned(), ..WatchDeliveriesRequest::default() }
}

/// A watch as a client keeps one: the stream, and the token to go on with.
pub struct Watcher {
    stream: Streaming<WatchDeliveriesResponse>,
    /// The last message's token.
    pub token: String,
}

impl Watcher {
    /// Opens a watch.
    pub async fn open(service: &Service, request: WatchDeliveriesRequest) -> Self {
        let token = request.resume_token.clone();
        let stream = service.query().await.watch_deliveries(request).await;
        Self { stream: stream.expect("the watch opens").into_inner(), token }
    }

    /// Opens a watch on a connection, where the service lives.
    pub async fn try_open(channel: Channel, request: WatchDeliveriesRequest) -> Option<Self> {
        let token = request.resume_token.clone();
        let stream = DeliveryQueryClient::new(channel).watch_deliveries(request).await;
        Some(Self { stream: stream.ok()?.into_inner(), token })
    }

    /// Opens a watch that reads nothing ahead of its client.
    pub async fn open_narrow(service: &Service, request: WatchDeliveriesRequest) -> Self {
        let mut query = DeliveryQueryClient::new(service.narrow_channel().await);
        let stream = query.watch_deliveries(request).await.expect("the watch opens").into_inner();
        Self { stream, token: String::new() }
    }

    /// Opens a watch that goes on after a token.
    pub async fn resume(service: &Service, token: &str) -> Self {
        let resume_token = token.to_owned();
        Self::open(service, WatchDeliveriesRequest { resume_token, ..watch_request() }).await
    }

    /// The next message of any kind, or how the stream ended.
    pub async fn next(&mut self) -> Result<Message, tonic::Status> {
        let message = tokio::time::timeout(PATIENCE, self.stream.message());
        let message = message.await.expect("a message comes in time")?;
        let message = message.expect("a watch ends with a status");
        self.token = message.resume_token;
        Ok(message.message.expect("a message says something"))
    }

    /// The next update.
    pub async fn update(&mut self) -> DeliveryUpdate {
        loop {
            if let Message::Update(update) = self.next().await.expect("the watch goes on") {
                return update;
            }
        }
    }
}

/// Checks that a client sees each delivery's revisions in order, none missing.
#[derive(Default)]
pub struct Ledger {
    last: HashMap<String, Delivery>,
    /// Revisions that came again.
    pub repeated: usize,
}

impl Ledger {
    pub fn note(&mut self, update: DeliveryUpdate) {
        let said_previous = update.previous_state();
        let delivery = update.delivery.expect("an update has its delivery");
        let before = self.last.get(&delivery.delivery_id);
        let seen = before.map_or(0, |before| before.revision);
        if delivery.revision <= seen {
            self.repeated += 1;
            return;
        }
        assert_eq!(
            delivery.revision,
            seen + 1,
            "revisions of {} come one by one",
            delivery.delivery_id
        );
        let previous = before.map_or(State::Unspecified, Delivery::state);
        assert_eq!(said_previous, previous, "states link up");
        self.last.insert(delivery.delivery_id.clone(), delivery);
    }

    /// Every delivery as it was last seen.
    pub fn deliveries(&self) -> impl Iterator<Item = &Delivery> {
        self.last.values()
    }

    /// How many changes were seen.
    pub fn changes(&self) -> usize {
        let revisions = self.last.values().map(|delivery| delivery.revision);
        usize::try_from(revisions.sum::<i32>()).expect("not negative")
    }

    pub fn succeeded(&self) -> usize {
        self.last.values().filter(|delivery| delivery.state() == State::Succeeded).count()
    }
}

pub async fn publish_batches(service: &Service, batches: usize, of: usize) -> Vec<String> {
    let mut ingest = service.ingest().await;
    let mut ids = Vec::new();
    for _ in 0..batches {
        let requests = vec![sample(ACCOUNT, EventType::BookingCreated); of];
        let request = BatchPublishEventsRequest { requests };
        let results = ingest.batch_publish_events(request).await.expect("published").into_inner();
        ids.extend(results.results.into_iter().map(|result| match result.result.unwrap() {
            ResultMessage::Published(published) => published.event_id,
            ResultMessage::Error(error) => panic!("{error:?}"),
        }));
    }
    ids
}

async fn service_and_party(fail_attempts: u32) -> (Service, Party) {
    let receivers = Receivers::new();
    let party = receivers.start(fail_attempts).await;
    (Service::start(&[&receivers.ca_argument()]), party)
}

fn seconds(seconds: i64) -> prost_types::Duration {
    prost_types::Duration { seconds, nanos: 0 }
}

/// Keeps a receiver's queue empty, so that it answers however many requests come.
pub fn take_everything(party: Party) -> tokio::task::JoinHandle<()> {
    tokio::spawn(async move {
        let mut party = party;
        while party.receiver.received.recv().await.is_some() {}
    })
}

#[tokio::test]
async fn a_watcher_that_is_cut_at_random_sees_every_revision_of_5_000_deliveries_in_order() {
    const BATCHES: usize = 50;
    const BATCH: usize = 100;
    let (service, party) = service_and_party(1).await;
    let retry_schedule = vec![seconds(1), seconds(1)];
    party.register(&service, Endpoint { retry_schedule, ..party.endpoint(ACCOUNT) }).await;
    let receiving = take_everything(party);

    let mut watcher = Watcher::open(&service, watch_request()).await;
    assert!(matches!(watcher.next().await, Ok(Message::Heartbeat(_))));
    let mut ledger = Ledger::default();
    let mut random = StdRng::seed_from_u64(5_000);
    let mut cuts = 0;
    let watching = async {
        while ledger.succeeded() < BATCHES * BATCH {
            // Cut somewhere: the connection goes with the stream.
            for _ in 0..random.random_range(1..=400) {
                if let Message::Update(update) = watcher.next().await.expect("the watch goes on") {
                    ledger.note(update);
                }
                if ledger.succeeded() == BATCHES * BATCH {
                    break;
                }
            }
            let token = watcher.token.clone();
            drop(watcher);
            cuts += 1;
            watcher = Watcher::resume(&service, &token).await;
        }
    };
    let (ids, ()) = tokio::join!(publish_batches(&service, BATCHES, BATCH), watching);

    assert_eq!((ids.len(), ledger.last.len()), (5_000, 5_000));
    let revisions: Vec<_> = ledger.last.values().map(|delivery| delivery.revision).collect();
    // Made, refused once, acknowledged.
    assert!(revisions.iter().all(|revision| *revision == 3));
    assert_eq!(ledger.repeated, 0, "a token is exclusive: nothing comes twice");
    assert!(cuts >= 20, "{cuts} cuts");
    receiving.abort();
}

#[tokio::test]
async fn a_snapshot_shows_what_is_open_and_the_watch_goes_on_without_a_gap() {
    let (service, party) = service_and_party(1).await;
    let retry_schedule = vec![seconds(2)];
    party.register(&service, Endpoint { retry_schedule, ..party.endpoint(ACCOUNT) }).await;
    let receiving = take_everything(party);
    publish_batches(&service, 3, 100).await;

    // More is published while the snapshot is read.
    let more = publish_batches(&service, 3, 100);
    let request = WatchDeliveriesRequest { include_snapshot: true, ..watch_request() };
    let watching = async {
        let mut watcher = Watcher::open(&service, request).await;
        let mut last: HashMap<String, Delivery> = HashMap::new();
        let mut is_complete = false;
        loop {
            match watcher.next().await.expect("the watch goes on") {
                Message::Heartbeat(_) => {}
                Message::SnapshotComplete(_) => {
                    is_complete = true;
                    assert!(!last.is_empty(), "some were open");
                }
                Message::Update(update) => {
                    let delivery = update.delivery.unwrap();
                    let seen = last.get(&delivery.delivery_id).map(|seen| seen.revision);
                    if is_complete {
                        let next = seen.unwrap_or(0) + 1;
                        assert!(delivery.revision <= next, "{next} of {delivery:?} is missing");
                    }
                    if delivery.revision > seen.unwrap_or(0) {
                        last.insert(delivery.delivery_id.clone(), delivery);
                    }
                }
            }
            assert_eq!(watcher.token.is_empty(), !is_complete, "the first token ends the snapshot");
            let succeeded = last.values().filter(|seen| seen.state() == State::Succeeded).count();
            if succeeded == 600 {
                return;
            }
        }
    };
    tokio::join!(more, watching);
    receiving.abort();
}

#[tokio::test]
async fn a_snapshot_of_named_events_shows_closed_deliveries_too() {
    let (service, mut party) = service_and_party(0).await;
    party.register(&service, party.endpoint(ACCOUNT)).await;
    let mut live = Watcher::open(&service, watch_request()).await;
    let ids = publish_batches(&service, 1, 2).await;
    while live.update().await.delivery.unwrap().state() != State::Succeeded {}
    while live.update().await.delivery.unwrap().state() != State::Succeeded {}
    party.rest();

    let request = WatchDeliveriesRequest {
        include_snapshot: true,
        filter: Some(DeliveryFilter {
            event_ids: vec![ids[0].clone()],
            ..DeliveryFilter::default()
        }),
        ..watch_request()
    };
    let mut watcher = Watcher::open(&service, request.clone()).await;
    let delivery = watcher.update().await.delivery.unwrap();
    assert_eq!((&delivery.event_id, delivery.state()), (&ids[0], State::Succeeded));
    assert!(matches!(watcher.next().await, Ok(Message::SnapshotComplete(_))));

    let everything = WatchDeliveriesRequest { filter: None, ..request };
    let mut watcher = Watcher::open(&service, everything).await;
    assert!(matches!(watcher.next().await, Ok(Message::Heartbeat(_))));
    assert!(matches!(watcher.next().await, Ok(Message::SnapshotComplete(_))), "none is open");
}

#[tokio::test]
async fn a_filter_hides_changes_but_not_the_progress_of_the_token() {
    let (service, party) = service_and_party(0).await;
    party.register(&service, party.endpoint(ACCOUNT)).await;
    let receiving = take_everything(party);
    let filter = DeliveryFilter {
        event_types: vec!["review.created".to_owned()],
        states: vec![State::Succeeded.into()],
        ..DeliveryFilter::default()
    };
    let heartbeat_interval = Some(seconds(1));
    let request =
        WatchDeliveriesRequest { filter: Some(filter), heartbeat_interval, ..watch_request() };
    let mut watcher = Watcher::open(&service, request).await;
    let mut everything = Watcher::open(&service, watch_request()).await;
    assert!(matches!(watcher.next().await, Ok(Message::Heartbeat(_))), "one comes at once");
    let first = watcher.token.clone();
    publish_batches(&service, 1, 10).await;
    for _ in 0..20 {
        everything.update().await;
    }
    // Hidden changes move the token, as the heartbeats show.
    while watcher.token == first {
        assert!(matches!(watcher.next().await, Ok(Message::Heartbeat(_))));
    }
    let mut ingest = service.ingest().await;
    ingest.publish_event(sample(ACCOUNT, EventType::ReviewCreated)).await.unwrap();
    let update = watcher.update().await;
    assert_eq!(update.previous_state(), State::Pending);
    let delivery = update.delivery.unwrap();
    assert_eq!((delivery.event_type.as_str(), delivery.revision), ("review.created", 2));
    receiving.abort();
}

#[tokio::test]
async fn a_watch_sees_its_own_account_and_dash_sees_all() {
    let receivers = Receivers::new();
    let service = Service::start(&[&receivers.ca_argument()]);
    for account in [ACCOUNT, "acct_2"] {
        let party = receivers.start(0).await;
        party.register(&service, party.endpoint(account)).await;
        take_everything(party);
    }
    let mut own = Watcher::open(&service, watch_request()).await;
    let request = WatchDeliveriesRequest { account_id: "-".to_owned(), ..watch_request() };
    let mut all = Watcher::open(&service, request).await;
    own.next().await.unwrap();
    all.next().await.unwrap();
    let mut ingest = service.ingest().await;
    for account in ["acct_2", ACCOUNT] {
        ingest.publish_event(sample(account, EventType::ReviewCreated)).await.unwrap();
    }
    let own_seen = [own.update().await, own.update().await];
    assert!(own_seen.iter().all(|seen| seen.delivery.as_ref().unwrap().account_id == ACCOUNT));
    let mut accounts = Vec::new();
    for _ in 0..4 {
        accounts.push(all.update().await.delivery.unwrap().account_id);
    }
    accounts.sort();
    assert_eq!(accounts, [ACCOUNT, ACCOUNT, "acct_2", "acct_2"]);
}

#[tokio::test]
async fn what_is_published_right_after_a_watch_was_opened_is_seen() {
    let (service, party) = service_and_party(0).await;
    party.register(&service, party.endpoint(ACCOUNT)).await;
    let receiving = take_everything(party);
    let (mut query, mut ingest) = (service.query().await, service.ingest().await);
    for _ in 0..50 {
        let stream = query.watch_deliveries(watch_request()).await.unwrap().into_inner();
        // Nothing has been read from the stream yet.
        let published = ingest.publish_event(sample(ACCOUNT, EventType::LeadQualified)).await;
        let event_id = published.unwrap().into_inner().event_id;
        let mut watcher = Watcher { stream, token: String::new() };
        while watcher.update().await.delivery.unwrap().event_id != event_id {}
    }
    receiving.abort();
}

#[tokio::test]
async fn a_shutdown_ends_the_watch_with_a_last_token_that_resumes_after_the_restart() {
    let (mut service, party) = service_and_party(0).await;
    party.register(&service, party.endpoint(ACCOUNT)).await;
    let receiving = take_everything(party);
    let mut watcher = Watcher::open(&service, watch_request()).await;
    publish_batches(&service, 1, 50).await;
    let mut ledger = Ledger::default();
    for _ in 0..30 {
        ledger.note(watcher.update().await);
    }
    service.terminate();
    let status = loop {
        match watcher.next().await {
            Ok(Message::Update(update)) => ledger.note(update),
            Ok(_) => {}
            Err(status) => break status,
        }
    };
    assert_eq!(status.code(), Code::Unavailable);
    let details = status.get_error_details();
    assert_eq!(details.error_info().unwrap().reason, "SERVER_DRAINING");
    assert!(details.retry_info().is_some());
    assert!(status.metadata().get("grpc-retry-pushback-ms").is_some());
    assert!(service.ended().await.success());

    service.restart();
    let mut watcher = Watcher::resume(&service, &watcher.token).await;
    while ledger.succeeded() < 50 {
        ledger.note(watcher.update().await);
    }
    receiving.abort();
}

#[tokio::test]
async fn a_kill_costs_a_watcher_nothing_either() {
    let (mut service, party) = service_and_party(0).await;
    party.register(&service, party.endpoint(ACCOUNT)).await;
    let receiving = take_everything(party);
    let mut watcher = Watcher::open(&service, watch_request()).await;
    publish_batches(&service, 1, 200).await;
    let mut ledger = Ledger::default();
    for _ in 0..50 {
        ledger.note(watcher.update().await);
    }
    service.kill();
    let token = loop {
        match watcher.next().await {
            Ok(Message::Update(update)) => ledger.note(update),
            Ok(_) => {}
            Err(_) => break watcher.token,
        }
    };
    service.restart();
    let mut watcher = Watcher::resume(&service, &token).await;
    while ledger.succeeded() < 200 {
        ledger.note(watcher.update().await);
    }
    receiving.abort();
}

#[tokio::test]
async fn a_watcher_that_does_not_read_for_a_while_misses_nothing() {
    let (service, party) = service_and_party(0).await;
    party.register(&service, party.endpoint(ACCOUNT)).await;
    let receiving = take_everything(party);
    let mut idle = Watcher::open(&service, watch_request()).await;
    let mut eager = Watcher::open(&service, watch_request()).await;
    let (ids, ()) = tokio::join!(publish_batches(&service, 40, 100), async {
        for _ in 0..8_000 {
            eager.update().await;
        }
    });
    // All of it went past the idle one: its queue is full, the live feed has run over.
    let mut ledger = Ledger::default();
    while ledger.succeeded() < ids.len() {
        ledger.note(idle.update().await);
    }
    assert_eq!(ledger.repeated, 0);
    receiving.abort();
}

#[tokio::test]
async fn a_change_that_is_no_attempt_shows_the_last_one_before_it() {
    let service = Service::start(&[]);
    let mut caller = Caller::new(&service).await;
    caller.register(deaf_endpoint(ACCOUNT)).await;
    let mut live = Watcher::open(&service, watch_request()).await;
    assert!(matches!(live.next().await, Ok(Message::Heartbeat(_))));
    let begin = live.token.clone();
    caller.publish(sample(ACCOUNT, EventType::ReviewCreated)).await;
    live.update().await;
    let retrying = live.update().await.delivery.expect("an update has its delivery");
    assert!(retrying.last_attempt.is_some());
    let request = CancelDeliveryRequest {
        account_id: ACCOUNT.to_owned(),
        delivery_id: retrying.delivery_id.clone(),
    };
    let cancelled = caller.admin.cancel_delivery(request).await.expect("it is cancelled");
    let cancelled = cancelled.into_inner().delivery;
    assert_eq!(live.update().await.delivery, cancelled);

    // Read from the log, all at once.
    let mut late = Watcher::resume(&service, &begin).await;
    late.update().await;
    assert_eq!(late.update().await.delivery, Some(retrying));
    assert_eq!(late.update().await.delivery, cancelled);
}

/// Publishing with a key and following with a snapshot of the event is how a caller waits for its
/// own event's deliveries.
#[tokio::test]
async fn a_publisher_can_follow_what_it_just_published() {
    let (service, mut party) = service_and_party(1).await;
    let retry_schedule = vec![seconds(1)];
    party.register(&service, Endpoint { retry_schedule, ..party.endpoint(ACCOUNT) }).await;
    let request = PublishEventRequest {
        idempotency_key: "mine".to_owned(),
        ..sample(ACCOUNT, EventType::ReviewCreated)
    };
    let published = service.ingest().await.publish_event(request).await.unwrap().into_inner();
    let mut watcher = Watcher::open(
        &service,
        WatchDeliveriesRequest {
            include_snapshot: true,
            filter: Some(DeliveryFilter {
                event_ids: vec![published.event_id],
                ..DeliveryFilter::default()
            }),
            ..watch_request()
        },
    )
    .await;
    let followed = tokio::time::timeout(Duration::from_secs(30), async {
        while watcher.update().await.delivery.unwrap().state() != State::Succeeded {}
    });
    followed.await.expect("it is acknowledged at the second attempt");
    assert_eq!(party.rest().len(), 2);
}
