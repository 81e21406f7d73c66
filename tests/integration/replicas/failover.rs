//! The database's machine is lost, and its synchronous standby takes its place.

use super::fleet::Fleet;
use super::load::Load;
use crate::party::Receivers;
use crate::postgres::{Postgres, at_hosts};

const EVENTS: usize = 3_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_a_synchronous_standby_takes_over_nothing_acknowledged_is_lost() {
    let Some(primary) = Postgres::start() else { return };
    let url = primary.fresh_database();
    let standby = primary.standby();
    let hosts = format!("{},{}", primary.host(), standby.host());
    let receivers = Receivers::new();
    let arguments = [&*receivers.ca_argument(), "--request-timeout=1s"];
    let mut fleet = Fleet::start(3, &at_hosts(&url, &hosts), &arguments);
    let load = Load::begin(&fleet, receivers.start(0).await, EVENTS).await;
    load.acknowledged(EVENTS / 3).await;
    primary.kill();
    let before = load.ledger().acknowledged();
    assert!(before < EVENTS, "the load goes on through the failover");
    standby.promote();
    let repeated = load.end(&at_hosts(&url, &standby.host())).await;
    println!(
        "{before} events acknowledged before the failover, {EVENTS} in all, 0 lost, {repeated} repeated"
    );
    assert!(fleet.all_run(), "no replica ended");
}
