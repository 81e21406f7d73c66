//! The database's machine is lost, and its synchronous standby takes its place.

use super::fleet::Fleet;
use super::load::Load;
use crate::link::Link;
use crate::party::Receivers;
use crate::postgres::{Postgres, at_hosts};

const EVENTS: usize = 3_000;

/// Puts three replicas under load, with the URL's hosts, and fails the database over by `fail`.
async fn fail_over(url: &str, hosts: &str, standby: &Postgres, fail: impl FnOnce()) {
    let receivers = Receivers::new();
    let arguments = [&*receivers.ca_argument(), "--request-timeout=1s"];
    let mut fleet = Fleet::start(3, &at_hosts(url, hosts), &arguments);
    let load = Load::begin(&fleet, receivers.start(0).await, EVENTS).await;
    load.acknowledged(EVENTS / 3).await;
    fail();
    let before = load.ledger().acknowledged();
    assert!(before < EVENTS, "the load goes on through the failover");
    standby.promote();
    let repeated = load.end(&at_hosts(url, &standby.host())).await;
    println!(
        "{before} events acknowledged before the failover, {EVENTS} in all, 0 lost, {repeated} \
         repeated"
    );
    assert!(fleet.all_run(), "no replica ended");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_a_synchronous_standby_takes_over_nothing_acknowledged_is_lost() {
    let Some(primary) = Postgres::start() else { return };
    let url = primary.fresh_database();
    let standby = primary.standby();
    let hosts = format!("{},{}", primary.host(), standby.host());
    fail_over(&url, &hosts, &standby, || primary.kill()).await;
}

/// A machine that loses its power, or its network, closes no connection.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_primary_that_vanishes_without_a_word_is_given_up_for_its_standby() {
    let Some(primary) = Postgres::start() else { return };
    let url = primary.fresh_database();
    let standby = primary.standby();
    let link = Link::to(&primary.host()).await;
    let hosts = format!("{},{}", link.host(), standby.host());
    let vanish = || {
        link.cut();
        primary.kill();
    };
    fail_over(&url, &hosts, &standby, vanish).await;
}
