//! The master key is replaced while events are published, and the old one removed, twice.

use std::sync::{Arc, Mutex};

use tokio_util::sync::CancellationToken;

use super::ACCOUNT;
use super::fleet::Fleet;
use super::load::{everything_is_recorded, receive};
use super::publisher::Publisher;
use crate::caller::{Caller, endpoint};
use crate::database::ask;
use crate::ledger::Ledger;
use crate::party::Receivers;
use crate::postgres::Postgres;
use crate::sealing::key_file::{MasterKeyFile, NOTHING_IS_LEFT, sealed_otherwise};
use crate::service::eventually;

/// Endpoints beside the one that is sent to: several steps seal them anew.
const OTHER_ENDPOINTS: usize = 250;
const ROTATIONS: usize = 2;
/// Events between two looks at whether to stop.
const ROUND: usize = 50;

/// Publishes until it is told to stop: how many events.
async fn publish_until(stop: CancellationToken, publisher: Publisher) -> usize {
    let mut published = 0;
    while !stop.is_cancelled() {
        publisher.publish(published..published + ROUND).await;
        published += ROUND;
    }
    published
}

/// Replaces the key of a fleet, and removes it.
async fn rotate(fleet: &Fleet, file: &MasterKeyFile, old: &str) -> String {
    let url = fleet.service(0).database_url();
    let new = file.add();
    file.make_primary(&new);
    for service in fleet.services() {
        service.logged(&[NOTHING_IS_LEFT, &new]).await;
    }
    assert_eq!(ask(url, &sealed_otherwise(&new)).await, 0);
    file.remove(old);
    for service in fleet.services() {
        service.logged(&["is forgotten", old]).await;
    }
    new
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_master_key_is_replaced_under_load_with_nothing_lost_and_the_old_one_can_be_removed() {
    let Some(server) = Postgres::shared() else { return };
    let (url, receivers) = (server.fresh_database(), Receivers::new());
    let folder = tempfile::tempdir().unwrap();
    let (file, mut key) = MasterKeyFile::new(folder.path());
    let mut fleet = Fleet::start(2, &url, &[&*receivers.ca_argument(), &file.argument()]);
    let mut caller = Caller::new(fleet.service(0)).await;
    caller.register_many(&endpoint("acct_2"), OTHER_ENDPOINTS).await;
    let party = receivers.start(0).await;
    party.register(fleet.service(0), party.endpoint(ACCOUNT)).await;
    let (ledger, stop) = (Arc::new(Mutex::new(Ledger::default())), CancellationToken::new());
    let receiving = tokio::spawn(receive(party, Arc::clone(&ledger)));
    let publisher = Publisher { addresses: fleet.addresses(), ledger: Arc::clone(&ledger) };
    let publishing = tokio::spawn(publish_until(stop.clone(), publisher));

    for _ in 0..ROTATIONS {
        key = rotate(&fleet, &file, &key).await;
    }
    // Each starts with the last key alone.
    for replica in 0..fleet.len() {
        fleet.replace(replica).await;
    }
    stop.cancel();
    let published = publishing.await.expect("it ends well");
    let ledger = || ledger.lock().expect("nobody panicked");
    eventually("everything that was acknowledged has come", async || {
        (ledger().lost() == 0).then_some(())
    })
    .await;
    assert_eq!(ledger().acknowledged(), published);
    assert_eq!(ledger().repeated(), 0);
    everything_is_recorded(&url, published).await;
    let sealed = ask(&url, "SELECT COUNT(*) FROM endpoint_secrets").await;
    assert_eq!(sealed, i64::try_from(OTHER_ENDPOINTS + 1).expect("it is small"));
    assert_eq!(ask(&url, &sealed_otherwise(&key)).await, 0);
    receiving.abort();
    println!(
        "{ROTATIONS} rotations of the master key beside {published} events: 0 lost, 0 repeated, \
         every signature verified; {sealed} secrets, all under the last key"
    );
}
