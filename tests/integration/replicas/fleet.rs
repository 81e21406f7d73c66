//! Replicas on one database, and where each is to be found now: a restart moves it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use tonic::transport::Channel;

use crate::database::ask;
use crate::service::{Service, eventually};

/// How long a caller waits for a connection before it goes elsewhere.
const CONNECT_PATIENCE: Duration = Duration::from_secs(2);

/// Equal replicas.
pub struct Fleet {
    services: Vec<Service>,
    addresses: Addresses,
}

/// What a balancer in front of them knows: addresses, some of which may answer nothing.
#[derive(Clone)]
pub struct Addresses(Arc<Mutex<Vec<String>>>);

impl Fleet {
    /// Starts so many at the same moment.
    pub fn start(count: usize, database_url: &str, arguments: &[&str]) -> Self {
        Self::of(Service::start_all_on(&vec![database_url; count], arguments))
    }

    /// A fleet of what runs already.
    pub fn of(services: Vec<Service>) -> Self {
        let addresses = services.iter().map(|service| service.address().to_owned()).collect();
        Self { services, addresses: Addresses(Arc::new(Mutex::new(addresses))) }
    }

    /// Waits until every replica knows all of them, and so what its share of limits is.
    pub async fn know_each_other(&self) {
        let database_url = self.service(0).database_url();
        let count = i64::try_from(self.len()).expect("it is small");
        let mut since = 0;
        // Each has written that it lives before it looks who else does: the second time after all
        // of them are there it has looked once.
        for _ in 0..3 {
            let all = format!("SELECT COUNT(*) FROM replicas WHERE heartbeat_time > {since}");
            eventually("every replica lives", async || {
                (ask(database_url, &all).await == count).then_some(())
            })
            .await;
            since = ask(database_url, "SELECT MAX(heartbeat_time) FROM replicas").await;
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.services.len()
    }

    /// One of them.
    pub fn service(&self, number: usize) -> &Service {
        &self.services[number]
    }

    /// All of them.
    pub fn services(&self) -> &[Service] {
        &self.services
    }

    /// Whether none of them has ended by itself.
    pub fn all_run(&mut self) -> bool {
        self.services.iter_mut().all(|service| !service.has_ended())
    }

    /// Where they are.
    pub fn addresses(&self) -> Addresses {
        self.addresses.clone()
    }

    /// Sends no caller to one any more, as a balancer does that finds it not healthy. It is the last.
    pub fn take_out(&self, number: usize) {
        let mut addresses = self.addresses.0.lock().expect("nobody panicked");
        assert_eq!(number + 1, addresses.len(), "the others keep their numbers");
        addresses.truncate(number);
    }

    /// Kills one (SIGKILL).
    pub fn kill(&mut self, number: usize) {
        self.services[number].kill();
    }

    /// Starts one again that was killed.
    pub fn restart(&mut self, number: usize) {
        self.services[number].restart();
        self.note(number);
    }

    /// Replaces one as an update does: stops it in order, and starts another in its place.
    pub async fn replace(&mut self, number: usize) {
        self.services[number].terminate();
        assert!(self.services[number].ended().await.success(), "it stops in order");
        self.restart(number);
    }

    fn note(&self, number: usize) {
        let mut addresses = self.addresses.0.lock().expect("nobody panicked");
        self.services[number].address().clone_into(&mut addresses[number]);
    }
}

impl Addresses {
    /// A connection to any replica, where it lives.
    pub async fn connect_any(&self, random: &mut StdRng) -> Option<Channel> {
        let address = self.0.lock().expect("nobody panicked").choose(random).cloned();
        let address = address.expect("a fleet has replicas");
        let endpoint = Channel::from_shared(format!("http://{address}")).expect("a URI");
        endpoint.connect_timeout(CONNECT_PATIENCE).connect().await.ok()
    }
}
