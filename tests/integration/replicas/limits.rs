//! An endpoint's own limits hold over all replicas together.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bookora_webhooks::proto::Endpoint;

use super::ACCOUNT;
use super::fleet::Fleet;
use super::gate::GatedReceiver;
use super::load::everything_is_recorded;
use crate::plain_receiver::{PlainReceiver, status};
use crate::postgres::Postgres;
use crate::watches::publish_batches;

const ARGUMENTS: [&str; 1] = ["--allow-http"];
const REPLICAS: usize = 3;

async fn publish_over_all(fleet: &Fleet, events: usize) {
    for service in fleet.services() {
        publish_batches(service, 1, events / fleet.len()).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_3_replicas_no_more_requests_are_under_way_than_the_endpoint_allows() {
    const LIMIT: usize = 6;
    const EVENTS: usize = 300;
    let Some(server) = Postgres::shared() else { return };
    let url = server.fresh_database();
    let fleet = Fleet::start(REPLICAS, &url, &ARGUMENTS);
    fleet.know_each_other().await;
    let gated = GatedReceiver::start().await;
    let max_in_flight = i32::try_from(LIMIT).unwrap();
    let account_id = ACCOUNT.to_owned();
    let endpoint = Endpoint { account_id, max_in_flight, ..Endpoint::default() };
    gated.receiver.register(fleet.service(0), endpoint).await;
    // Until the endpoint is known to take several at once.
    publish_over_all(&fleet, EVENTS).await;
    everything_is_recorded(&url, EVENTS).await;
    gated.shut();
    publish_over_all(&fleet, EVENTS).await;
    // All of the limit is used.
    gated.waiting(LIMIT).await;
    gated.open();
    everything_is_recorded(&url, 2 * EVENTS).await;
    assert_eq!(gated.under_way_most(), LIMIT);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::disallowed_methods, reason = "how long it takes is what is claimed")]
async fn over_3_replicas_no_more_is_sent_in_a_second_than_the_endpoint_allows() {
    const PER_SECOND: usize = 30;
    const EVENTS: usize = 150;
    let Some(server) = Postgres::shared() else { return };
    let url = server.fresh_database();
    let fleet = Fleet::start(REPLICAS, &url, &ARGUMENTS);
    fleet.know_each_other().await;
    let last = Arc::new(Mutex::new(Instant::now()));
    let noted = Arc::clone(&last);
    let receiver = PlainReceiver::start(move |_| {
        *noted.lock().expect("nobody panicked") = Instant::now();
        status(204)
    })
    .await;
    let max_deliveries_per_second = i32::try_from(PER_SECOND).unwrap();
    let account_id = ACCOUNT.to_owned();
    let endpoint = Endpoint { account_id, max_deliveries_per_second, ..Endpoint::default() };
    receiver.register(fleet.service(0), endpoint).await;
    let start = Instant::now();
    publish_over_all(&fleet, EVENTS).await;
    everything_is_recorded(&url, EVENTS).await;
    // 30 were saved up, 120 come at 30 a second; the last of each replica is due 3.9 s after.
    let took = last.lock().expect("nobody panicked").duration_since(start);
    assert!(took >= Duration::from_millis(3_900), "{took:?}");
}
