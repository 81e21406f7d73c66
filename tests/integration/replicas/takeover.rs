//! A replica that ends with deliveries under way.

use bookora_webhooks::domain::event::EventType;
use bookora_webhooks::proto::Endpoint;
use bookora_webhooks::proto::delivery::State;

use super::ACCOUNT;
use super::gate::GatedReceiver;
use super::load::everything_is_recorded;
use crate::deliveries::{delivery_in, publish, sample, seconds};
use crate::postgres::Postgres;
use crate::service::Service;

const ARGUMENTS: [&str; 1] = ["--allow-http"];

/// A replica that has one delivery under way to a receiver whose gate is shut, and that may take
/// some seconds; the database, the receiver, and the event.
async fn holding_one(
    server: &Postgres,
    request_timeout: i64,
) -> (Service, String, GatedReceiver, String) {
    let url = server.fresh_database();
    let holder = Service::start_on(&url, &ARGUMENTS);
    let gated = GatedReceiver::start().await;
    let endpoint = Endpoint {
        account_id: ACCOUNT.to_owned(),
        request_timeout: Some(seconds(request_timeout)),
        ..Endpoint::default()
    };
    gated.receiver.register(&holder, endpoint).await;
    gated.shut();
    let published = publish(&holder, sample(ACCOUNT, EventType::BookingCreated)).await;
    gated.waiting(1).await;
    (holder, url, gated, published.event_id)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_killed_replica_had_under_way_is_sent_again_by_another_that_has_run_all_along() {
    let Some(server) = Postgres::shared() else { return };
    let (mut holder, url, gated, event_id) = holding_one(server, 5).await;
    let other = Service::start_on(&url, &ARGUMENTS);
    holder.kill();
    gated.open();
    let delivery = delivery_in(&other, &event_id, State::Succeeded).await;
    assert_eq!((delivery.revision, delivery.attempt_count), (2, 1));
    assert_eq!(gated.that_came(2), 1);
    everything_is_recorded(&url, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_that_is_told_to_stop_ends_what_is_under_way_and_nobody_repeats_it() {
    let Some(server) = Postgres::shared() else { return };
    let (mut holder, url, gated, event_id) = holding_one(server, 5).await;
    let other = Service::start_on(&url, &ARGUMENTS);
    holder.terminate();
    gated.open();
    assert!(holder.ended().await.success());
    let delivery = delivery_in(&other, &event_id, State::Succeeded).await;
    assert_eq!((delivery.revision, delivery.attempt_count), (2, 1));
    assert_eq!(gated.that_came(1), 1, "it was sent once");
    everything_is_recorded(&url, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_replica_does_not_finish_before_it_stops_is_taken_over_before_the_lease_ends() {
    let Some(server) = Postgres::shared() else { return };
    let (mut holder, url, gated, event_id) = holding_one(server, 30).await;
    let other = Service::start_on(&url, &ARGUMENTS);
    let longer = "UPDATE deliveries SET lease_expire_time = lease_expire_time + 86400000000000";
    other.change_database(longer).await;
    holder.terminate();
    assert!(holder.ended().await.success());
    gated.open();
    let delivery = delivery_in(&other, &event_id, State::Succeeded).await;
    assert_eq!((delivery.revision, delivery.attempt_count), (2, 1));
    assert_eq!(gated.that_came(2), 1, "it was sent once more");
    everything_is_recorded(&url, 1).await;
}
