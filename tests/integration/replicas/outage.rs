//! The database stops under load, and starts again.

use std::time::{Duration, Instant};

use bookora_webhooks::domain::event::EventType;
use tonic::Code;
use tonic_types::StatusExt;

use super::fleet::Fleet;
use super::load::Load;
use crate::deliveries::sample;
use crate::party::Receivers;
use crate::postgres::Postgres;
use crate::service::eventually;

const EVENTS: usize = 3_000;
const OUTAGE: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::disallowed_methods, reason = "how long the recovery takes is told")]
async fn while_the_database_is_down_publishing_is_unavailable_and_nothing_acknowledged_is_lost() {
    let Some(server) = Postgres::start() else { return };
    let (url, receivers) = (server.fresh_database(), Receivers::new());
    let mut fleet = Fleet::start(3, &url, &[&receivers.ca_argument()]);
    let load = Load::begin(&fleet, receivers.start(0).await, EVENTS).await;
    load.acknowledged(EVENTS / 3).await;
    server.stop();
    let outage = tokio::time::sleep(OUTAGE);
    for service in fleet.services() {
        let mut ingest = service.ingest().await;
        let event = sample("acct_other", EventType::LeadQualified);
        let status = ingest.publish_event(event).await.expect_err("there is no database");
        assert_eq!(status.code(), Code::Unavailable, "{status}");
        let details = status.get_error_details();
        assert_eq!(details.error_info().expect("a reason").reason, "STORE_UNAVAILABLE");
        assert!(details.retry_info().is_some(), "it says when to try again");
    }
    assert!(load.ledger().acknowledged() < EVENTS, "the load goes on through the outage");
    outage.await;
    server.start_again();
    let started = Instant::now();
    for service in fleet.services() {
        let mut ingest = service.ingest().await;
        eventually("publishing works again", async || {
            ingest.publish_event(sample("acct_other", EventType::LeadQualified)).await.ok()
        })
        .await;
    }
    println!("publishing works on every replica {:?} after the database", started.elapsed());
    let repeated = load.end(&url).await;
    println!("{EVENTS} events acknowledged, 0 lost, {repeated} repeated");
    assert!(fleet.all_run(), "no replica ended");
}
