//! One idempotency key, many publishers, several replicas.

use bookora_webhooks::domain::event::EventType;
use bookora_webhooks::proto::PublishEventRequest;
use tokio::task::JoinSet;

use super::ACCOUNT;
use super::fleet::Fleet;
use super::load::everything_is_recorded;
use crate::deliveries::sample;
use crate::party::Receivers;
use crate::postgres::Postgres;

const PUBLISHERS: usize = 64;
const ROUNDS: usize = 5;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_64_racing_publishers_with_one_key_over_3_replicas_one_makes_the_event() {
    let Some(server) = Postgres::shared() else { return };
    let (url, receivers) = (server.fresh_database(), Receivers::new());
    let fleet = Fleet::start(3, &url, &[&receivers.ca_argument()]);
    let mut party = receivers.start(0).await;
    party.register(fleet.service(0), party.endpoint(ACCOUNT)).await;
    for round in 0..ROUNDS {
        let request = PublishEventRequest {
            idempotency_key: format!("round {round}"),
            ..sample(ACCOUNT, EventType::BookingCreated)
        };
        let mut racing = JoinSet::new();
        for publisher in 0..PUBLISHERS {
            let mut ingest = fleet.service(publisher % fleet.len()).ingest().await;
            let request = request.clone();
            racing.spawn(async move { ingest.publish_event(request).await });
        }
        let mut made = Vec::new();
        let mut ids = Vec::new();
        while let Some(published) = racing.join_next().await {
            let published = published.expect("no panic").expect("it is published").into_inner();
            made.extend((!published.duplicate).then(|| published.event_id.clone()));
            assert_eq!(published.delivery_count, 1);
            ids.push(published.event_id);
        }
        assert_eq!(made.len(), 1, "one publisher made the event");
        assert!(ids.iter().all(|id| *id == made[0]), "all are told of it");
        assert_eq!(party.next().await.event_id, made[0]);
    }
    everything_is_recorded(&url, ROUNDS).await;
    assert!(party.rest().is_empty(), "each event came once");
}
