//! Figures of deliveries, which all replicas count together.

use super::ACCOUNT;
use super::fleet::Fleet;
use super::load::Load;
use crate::caller::Caller;
use crate::party::Receivers;
use crate::postgres::Postgres;
use crate::tally::{assert_counts, stats_of};

const REPLICAS: usize = 3;
const EVENTS: usize = 6_000;
const KILLS: usize = 6;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_3_replicas_that_are_killed_in_turn_each_change_is_counted_once() {
    let Some(server) = Postgres::shared() else { return };
    let (url, receivers) = (server.fresh_database(), Receivers::new());
    // A short deadline makes short leases: what a killed replica held is not waited for long.
    let arguments = [&*receivers.ca_argument(), "--request-timeout=1s"];
    let mut fleet = Fleet::start(REPLICAS, &url, &arguments);
    let load = Load::begin(&fleet, receivers.start(0).await, EVENTS).await;
    for kill in 0..KILLS {
        load.acknowledged(EVENTS * (kill + 1) / (KILLS + 1)).await;
        fleet.kill(kill % REPLICAS);
        fleet.restart(kill % REPLICAS);
    }
    load.end(&url).await;
    for service in fleet.services() {
        let mut caller = Caller::new(service).await;
        for account in [ACCOUNT, "-"] {
            let counted = assert_counts(&mut caller, &url, stats_of(account)).await;
            assert_eq!(counted, i64::try_from(EVENTS).unwrap());
        }
    }
    println!("{EVENTS} deliveries counted by {REPLICAS} replicas over {KILLS} kills");
}
