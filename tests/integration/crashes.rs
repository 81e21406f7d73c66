//! The process dies, at every step of the way and at random, under load; a ledger outside of it
//! holds what was acknowledged against what arrived. What is done beside the way is in [`steps`].

mod steps;

use std::time::Duration;

use bookora_webhooks::domain::event::EventType;
use bookora_webhooks::proto::delivery::State;
use bookora_webhooks::proto::publish_event_result::Result as ResultMessage;
use bookora_webhooks::proto::{
    BatchPublishEventsRequest, CreateEndpointRequest, Endpoint, ListDeliveriesRequest,
    PublishEventRequest,
};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::task::JoinSet;

use crate::deliveries::sample;
use crate::ledger::Ledger;
use crate::mishaps::END_LEASES;
use crate::party::{Party, Receivers};
use crate::service::{PATIENCE, Service, eventually};

pub use steps::FAILPOINTS as FAILPOINTS_BESIDE;

const ACCOUNT: &str = "acct_1";
/// Requests that may be under way when the process dies.
const IN_FLIGHT: usize = 2;
/// What may come twice: these, and for each of them seven that were answered and not recorded yet.
const UNDER_WAY: usize = 8 * IN_FLIGHT;

/// Every step of the way at which a process can die.
pub const FAILPOINTS: [&str; 8] = [
    "publish.before_commit",
    "publish.after_commit",
    "claim.before_commit",
    "claim.after_commit",
    "send.before",
    "send.after",
    "record.before_commit",
    "record.after_commit",
];

/// A service under load that may die at any time, and is then started again.
struct Load {
    service: Service,
    party: Party,
    ledger: Ledger,
    crashes: usize,
}

impl Load {
    async fn new(receivers: &Receivers, service: Service) -> Self {
        let party = receivers.start(0).await;
        let mut load = Self { service, party, ledger: Ledger::default(), crashes: 0 };
        load.register().await;
        load
    }

    /// Registers the endpoint, until that is acknowledged: a dispatcher that hears of it may claim,
    /// and die of that, before the answer has left.
    async fn register(&mut self) {
        let endpoint = Endpoint {
            max_in_flight: i32::try_from(IN_FLIGHT).unwrap(),
            ..self.party.endpoint(ACCOUNT)
        };
        let request = CreateEndpointRequest {
            request_id: "6ba7b810-9dad-41d1-80b4-00c04fd430c8".to_owned(),
            ..self.party.registration(endpoint)
        };
        loop {
            self.start_again_if_dead();
            let Some(mut admin) = self.service.try_admin().await else { continue };
            if admin.create_endpoint(request.clone()).await.is_ok() {
                return;
            }
        }
    }

    /// Publishes events, each until it is acknowledged, as a careful publisher does: with a key.
    async fn publish(&mut self, numbers: std::ops::Range<usize>) {
        let keyed = |number| PublishEventRequest {
            idempotency_key: format!("event {number}"),
            ..sample(ACCOUNT, EventType::BookingCreated)
        };
        let requests: Vec<_> = numbers.clone().map(keyed).collect();
        loop {
            self.start_again_if_dead();
            let request = BatchPublishEventsRequest { requests: requests.clone() };
            let Some(mut ingest) = self.service.try_ingest().await else { continue };
            let Ok(results) = ingest.batch_publish_events(request).await else { continue };
            for (number, result) in numbers.clone().zip(results.into_inner().results) {
                match result.result {
                    Some(ResultMessage::Published(published)) => {
                        self.ledger.acknowledge(&published, number);
                    }
                    other => panic!("{other:?}"),
                }
            }
            return;
        }
    }

    /// Takes in what has arrived, until nothing that was acknowledged is missing.
    async fn receive_all(&mut self) {
        let complete = tokio::time::timeout(PATIENCE, async {
            while self.ledger.lost() > 0 {
                self.start_again_if_dead();
                let next = self.party.receiver.received.recv();
                if let Ok(received) = tokio::time::timeout(Duration::from_millis(50), next).await {
                    self.ledger.receive(received.expect("the receiver runs"));
                }
            }
        });
        let complete = complete.await.is_ok();
        assert!(complete, "{} acknowledged events are lost", self.ledger.lost());
    }

    fn receive_some(&mut self) {
        for received in self.party.rest() {
            self.ledger.receive(received);
        }
    }

    fn start_again_if_dead(&mut self) {
        if self.service.has_ended() {
            self.crashes += 1;
            self.service.restart();
        }
    }
}

/// All at the same time: on a server each waits for the lease of what was under way to run out.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_crash_at_any_step_loses_nothing_and_repeats_only_what_was_under_way() {
    let mut crashing = JoinSet::new();
    for failpoint in FAILPOINTS {
        for nth in [1, 4] {
            crashing.spawn(crash_at(format!("{failpoint}@{nth}")));
        }
    }
    while let Some(crashed) = crashing.join_next().await {
        crashed.expect("nothing was lost");
    }
}

async fn crash_at(failpoint: String) {
    let receivers = Receivers::new();
    let service = Service::start_failing(&[&receivers.ca_argument()], &failpoint);
    let mut load = Load::new(&receivers, service).await;
    for batch in 0..10 {
        load.publish(batch * 20..(batch + 1) * 20).await;
    }
    load.receive_all().await;
    assert_eq!(load.crashes, 1, "{failpoint} was passed");
    let (acknowledged, repeated) = (load.ledger.acknowledged(), load.ledger.repeated());
    assert_eq!(acknowledged, 200, "{failpoint}: a key is one event");
    assert!(repeated <= UNDER_WAY, "{failpoint}: {repeated} came twice");
}

#[tokio::test]
async fn a_delivery_that_kills_whoever_sends_it_is_given_up_in_the_end() {
    let receivers = Receivers::new();
    let mut service = Service::start(&[&receivers.ca_argument()]);
    let mut party = receivers.start(0).await;
    party.register(&service, party.endpoint(ACCOUNT)).await;
    service.kill();
    service.restart_failing("send.before@1");
    let mut ingest = service.ingest().await;
    // The process dies right after the commit: the answer may or may not have come.
    let _ = ingest.publish_event(sample(ACCOUNT, EventType::ReviewCreated)).await;
    assert!(!service.ended().await.success());
    for _ in 0..10 {
        // On a server nobody else frees it before.
        service.change_database(END_LEASES).await;
        service.run_into("send.before@1").await;
    }
    service.change_database(END_LEASES).await;
    service.restart();
    let request = ListDeliveriesRequest {
        account_id: ACCOUNT.to_owned(),
        ..ListDeliveriesRequest::default()
    };
    let failed = eventually("the delivery is given up", async || {
        let page = service.query().await.list_deliveries(request.clone()).await;
        let deliveries = page.unwrap().into_inner().deliveries;
        deliveries.into_iter().find(|delivery| delivery.state() == State::Failed)
    });
    assert_eq!(failed.await.state_reason, "it was begun 10 times and never came to an end");
    // The others live.
    let mut ingest = service.ingest().await;
    let published = ingest.publish_event(sample(ACCOUNT, EventType::ReviewCreated)).await;
    let published = published.unwrap().into_inner();
    assert_eq!(party.next().await.event_id, published.event_id);
}

/// A short run in the suite; `make kills KILLS=200` makes a long one.
#[tokio::test]
async fn random_kills_under_load_lose_nothing() {
    let kills = std::env::var("BOOKORA_TEST_KILLS").ok().and_then(|kills| kills.parse().ok());
    let kills: usize = kills.unwrap_or(10);
    let receivers = Receivers::new();
    let service = Service::start(&[&receivers.ca_argument()]);
    let mut load = Load::new(&receivers, service).await;
    let mut random = StdRng::seed_from_u64(200);
    let mut published = 0;
    for _ in 0..kills {
        for _ in 0..random.random_range(1..=5) {
            load.publish(published..published + 20).await;
            published += 20;
        }
        // The time of the kill is what is random here, not something to wait for.
        tokio::time::sleep(Duration::from_millis(random.random_range(0..40))).await;
        load.service.kill();
        load.receive_some();
        load.start_again_if_dead();
    }
    load.receive_all().await;
    let (acknowledged, repeated) = (load.ledger.acknowledged(), load.ledger.repeated());
    println!(
        "{kills} kills: {} events acknowledged, {} lost, {repeated} repeated (at most {} were \
         under way)",
        acknowledged,
        load.ledger.lost(),
        kills * UNDER_WAY
    );
    assert_eq!(acknowledged, published);
    assert!(repeated <= kills * UNDER_WAY, "{repeated} came twice");
}
