//! A replica that is cut off from the database, and lives on.

use bookora_webhooks::domain::event::EventType;
use bookora_webhooks::proto::Endpoint;
use bookora_webhooks::proto::delivery::State;

use super::fleet::Fleet;
use super::gate::GatedReceiver;
use super::load::{Load, UNDER_WAY, everything_is_recorded};
use super::{ACCOUNT, hopper};
use crate::deliveries::{attempts_of, delivery_in, publish, sample, seconds};
use crate::link::Link;
use crate::party::Receivers;
use crate::postgres::{Postgres, at_hosts};
use crate::service::{Service, eventually};
use crate::watches::{Watcher, watch_request};

const ARGUMENTS: [&str; 1] = ["--allow-http"];
/// Deliveries that the replica holds while it is cut off.
const HELD: usize = 4;
/// Deliveries before, so that the receiver is known to take several at once.
const WARMING_UP: usize = 20;

/// An endpoint with leases as short as they may be without an attempt timing out by chance.
fn endpoint() -> Endpoint {
    Endpoint {
        account_id: ACCOUNT.to_owned(),
        request_timeout: Some(seconds(3)),
        ..Endpoint::default()
    }
}

/// Begun while the link was cut, and forgotten: the next to use the connection would be in it.
fn has_no_transaction_left(service: &Service) {
    assert!(!service.log().contains("already a transaction in progress"));
}

async fn publish_many(service: &Service, events: usize) -> Vec<String> {
    let mut ids = Vec::new();
    for _ in 0..events {
        ids.push(publish(service, sample(ACCOUNT, EventType::BookingCreated)).await.event_id);
    }
    ids
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_replica_that_is_cut_off_had_leased_is_taken_over_and_its_late_results_are_refused()
{
    let Some(server) = Postgres::shared() else { return };
    let url = server.fresh_database();
    let link = Link::to(&server.host()).await;
    let cut_off = Service::start_on(&at_hosts(&url, &link.host()), &ARGUMENTS);
    let gated = GatedReceiver::start().await;
    gated.receiver.register(&cut_off, endpoint()).await;
    for event_id in publish_many(&cut_off, WARMING_UP).await {
        delivery_in(&cut_off, &event_id, State::Succeeded).await;
    }
    gated.shut();
    let held = publish_many(&cut_off, HELD).await;
    gated.waiting(HELD).await;
    link.cut();
    // It has results now, and cannot record them.
    gated.open();

    let other = Service::start_on(&url, &ARGUMENTS);
    let mut taken_over = Vec::new();
    for event_id in &held {
        let delivery = delivery_in(&other, event_id, State::Succeeded).await;
        assert_eq!((delivery.revision, delivery.attempt_count), (2, 1));
        taken_over.push(delivery);
    }
    assert_eq!(gated.that_came(2), HELD, "each was sent by both");
    link.mend();
    // That of a try which was not answered is not called late: it may have been recorded.
    cut_off.logged(&["the lease was lost"]).await;
    eventually("none of its results is open", async || {
        let log = cut_off.log();
        let is_refused = |id: &str| {
            let is_told = |line: &&str| {
                line.contains("the lease was lost") || line.contains("recording an outcome failed")
            };
            log.lines().filter(is_told).any(|line| line.contains(id))
        };
        taken_over.iter().all(|delivery| is_refused(&delivery.delivery_id)).then_some(())
    })
    .await;
    for (event_id, before) in held.iter().zip(&taken_over) {
        assert_eq!(delivery_in(&cut_off, event_id, State::Succeeded).await, *before);
        assert_eq!(attempts_of(&cut_off, before).await.len(), 1);
    }
    assert_eq!(gated.that_came(1), WARMING_UP, "nothing else was sent twice");
    everything_is_recorded(&url, WARMING_UP + HELD).await;
    // It is as good as before.
    let event_ids = publish_many(&cut_off, 1).await;
    delivery_in(&other, &event_ids[0], State::Succeeded).await;
    has_no_transaction_left(&cut_off);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_that_is_cut_off_in_the_middle_of_its_work_holds_up_no_other_for_long() {
    const EVENTS: usize = 3_000;
    let Some(server) = Postgres::shared() else { return };
    let (url, receivers) = (server.fresh_database(), Receivers::new());
    let link = Link::to(&server.host()).await;
    let arguments = [&*receivers.ca_argument(), "--request-timeout=1s"];
    let urls = [&url, &*at_hosts(&url, &link.host())];
    let mut fleet = Fleet::of(Service::start_all_on(&urls, &arguments));
    let mut watcher = Watcher::open(fleet.service(0), watch_request()).await;
    watcher.next().await.expect("its first message has the token to begin with");
    let load = Load::begin(&fleet, receivers.start(0).await, EVENTS).await;
    load.acknowledged(EVENTS / 3).await;
    // Under load there is always a transaction that has begun and does not end: what it locks, and
    // what is behind it in the log, is free when the server gives the session up.
    link.cut();
    fleet.take_out(1);
    // Everything is delivered, and seen by a watcher, without the one that is cut off.
    let seen = hopper::watch(fleet.addresses(), watcher.token, EVENTS).await;
    link.mend();
    let repeated = load.end(&url).await;
    println!("cut off under load: {EVENTS} events acknowledged, 0 lost, {repeated} repeated");
    assert!(repeated <= UNDER_WAY, "{repeated} came twice");
    assert_eq!(seen.ledger.repeated, 0, "a token is exclusive: nothing comes twice");
    has_no_transaction_left(fleet.service(1));
    assert!(fleet.all_run(), "no replica ended");
}
