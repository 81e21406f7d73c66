//! Load on a whole fleet: publishers, a receiver, and the ledger between them; and what the
//! database says of it in the end.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use bookora_webhooks::proto::Endpoint;
use tokio::task::{JoinHandle, JoinSet};

use super::ACCOUNT;
use super::fleet::Fleet;
use super::publisher::Publisher;
use crate::database::ask;
use crate::ledger::Ledger;
use crate::party::Party;
use crate::service::{PATIENCE, eventually};

/// Requests that may be under way to the endpoint at once, over all replicas.
const IN_FLIGHT: usize = 24;
/// What a kill may make come twice, at most: these, and for each of them seven that were answered and
/// not recorded yet.
pub const UNDER_WAY: usize = 8 * IN_FLIGHT;
/// Publishers, each with one call at a time.
const PUBLISHERS: usize = 4;
/// Between two looks at the ledger.
const LOOK: Duration = Duration::from_millis(20);

/// Events that are being published, and received.
pub struct Load {
    events: usize,
    ledger: Arc<Mutex<Ledger>>,
    publishing: JoinSet<()>,
    receiving: JoinHandle<()>,
}

impl Load {
    /// Registers the receiver, and begins to publish so many events over the whole fleet.
    pub async fn begin(fleet: &Fleet, party: Party, events: usize) -> Self {
        let max_in_flight = i32::try_from(IN_FLIGHT).expect("it is small");
        let endpoint = Endpoint { max_in_flight, ..party.endpoint(ACCOUNT) };
        party.register(fleet.service(0), endpoint).await;
        let ledger = Arc::new(Mutex::new(Ledger::default()));
        let receiving = tokio::spawn(receive(party, Arc::clone(&ledger)));
        let mut publishing = JoinSet::new();
        let share = events / PUBLISHERS;
        assert_eq!(share * PUBLISHERS, events, "the shares are the whole");
        for begin in (0..events).step_by(share) {
            let (addresses, ledger) = (fleet.addresses(), Arc::clone(&ledger));
            let publisher = Publisher { addresses, ledger };
            publishing.spawn(async move { publisher.publish(begin..begin + share).await });
        }
        Self { events, ledger, publishing, receiving }
    }

    /// What was acknowledged and what came, so far.
    pub fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().expect("nobody panicked")
    }

    /// Waits until so many events are acknowledged, as long as it goes on.
    pub async fn acknowledged(&self, wanted: usize) {
        let mut before = self.ledger().acknowledged();
        while before < wanted {
            let more = async {
                while self.ledger().acknowledged() == before {
                    tokio::time::sleep(LOOK).await;
                }
            };
            let went_on = tokio::time::timeout(PATIENCE, more).await;
            assert!(went_on.is_ok(), "publishing stopped at {before} of {}", self.events);
            before = self.ledger().acknowledged();
        }
    }

    /// Waits until everything is acknowledged, has come, and is recorded so; checks the log. Says
    /// how many requests came again.
    pub async fn end(mut self, database_url: &str) -> usize {
        self.acknowledged(self.events).await;
        while let Some(published) = self.publishing.join_next().await {
            published.expect("a publisher ends well");
        }
        eventually("everything that was acknowledged has come", async || {
            (self.ledger().lost() == 0).then_some(())
        })
        .await;
        assert_eq!(self.ledger().acknowledged(), self.events, "a key is one event");
        everything_is_recorded(database_url, self.events).await;
        self.receiving.abort();
        self.ledger().repeated()
    }
}

/// Notes what comes to a receiver.
pub async fn receive(mut party: Party, ledger: Arc<Mutex<Ledger>>) {
    while let Some(received) = party.receiver.received.recv().await {
        ledger.lock().expect("nobody panicked").receive(received);
    }
}

/// Waits until so many deliveries have come to their end, and holds the log against them: every
/// revision of each, once.
pub async fn everything_is_recorded(database_url: &str, deliveries: usize) {
    const CLOSED: &str = "SELECT COUNT(*) FROM deliveries WHERE next_attempt_time IS NULL";
    const BROKEN: &str = "
        SELECT COUNT(*) FROM deliveries AS d FULL JOIN (
            SELECT delivery_id, COUNT(*) AS rows, COUNT(DISTINCT revision) AS revisions,
                MIN(revision) AS first, MAX(revision) AS last
            FROM delivery_changes GROUP BY delivery_id
        ) AS log ON log.delivery_id = d.delivery_id
        WHERE (rows = d.revision AND revisions = rows AND first = 1 AND last = d.revision)
            IS NOT TRUE";
    let deliveries = i64::try_from(deliveries).expect("it is small");
    eventually("every delivery has come to its end", async || {
        (ask(database_url, CLOSED).await == deliveries).then_some(())
    })
    .await;
    assert_eq!(ask(database_url, "SELECT COUNT(*) FROM deliveries").await, deliveries);
    assert_eq!(ask(database_url, BROKEN).await, 0, "a delivery's revisions are 1, 2, 3…");
}
