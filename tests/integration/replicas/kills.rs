//! Replicas that are killed at random, under load.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::fleet::Fleet;
use super::hopper;
use super::load::{Load, UNDER_WAY};
use crate::party::Receivers;
use crate::postgres::Postgres;
use crate::watches::{Watcher, watch_request};

const REPLICAS: usize = 3;
const EVENTS: usize = 20_000;
const KILLS: usize = 20;
/// How long a replica is away at most.
const AWAY_MAX: Duration = Duration::from_millis(500);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_20_000_events_none_is_lost_and_no_change_is_missed_while_replicas_are_killed() {
    let Some(server) = Postgres::shared() else { return };
    let (url, receivers) = (server.fresh_database(), Receivers::new());
    // A short deadline makes short leases: what a killed replica held is not waited for long.
    let arguments = [&*receivers.ca_argument(), "--request-timeout=1s"];
    let mut fleet = Fleet::start(REPLICAS, &url, &arguments);
    let mut watcher = Watcher::open(fleet.service(0), watch_request()).await;
    watcher.next().await.expect("its first message has the token to begin with");
    let watching = tokio::spawn(hopper::watch(fleet.addresses(), watcher.token, EVENTS));
    let load = Load::begin(&fleet, receivers.start(0).await, EVENTS).await;
    let mut random = StdRng::seed_from_u64(20_000);
    for kill in 0..KILLS {
        load.acknowledged(EVENTS * (kill + 1) / (KILLS + 1)).await;
        let replica = random.random_range(0..fleet.len());
        fleet.kill(replica);
        // How long it is away is what is random here, not something to wait for.
        tokio::time::sleep(AWAY_MAX.mul_f64(random.random_range(0.0..1.0))).await;
        fleet.restart(replica);
    }
    let repeated = load.end(&url).await;
    let seen = watching.await.expect("the watcher ends well");

    println!(
        "{KILLS} kills of {REPLICAS} replicas: {EVENTS} events acknowledged, 0 lost, {repeated} \
         repeated (at most {} were under way), {} hops of the watcher",
        KILLS * UNDER_WAY,
        seen.hops
    );
    assert!(repeated <= KILLS * UNDER_WAY, "{repeated} came twice");
    assert_eq!(seen.ledger.repeated, 0, "a token is exclusive: nothing comes twice");
    assert!(seen.hops > KILLS, "{} hops", seen.hops);
}
