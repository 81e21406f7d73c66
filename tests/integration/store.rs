//! The store by itself, at a time that the test says: leases.

use std::collections::HashSet;
use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bookora_webhooks::domain::account::AccountId;
use bookora_webhooks::domain::attempt::{Attempt, Exchange, Outcome, Timing, Trigger};
use bookora_webhooks::domain::clock::{Clock, SystemClock, Timestamp};
use bookora_webhooks::domain::delivery::{LeasedDelivery, Verdict, judge};
use bookora_webhooks::domain::endpoint::{Endpoint, EndpointConfig, EndpointState};
use bookora_webhooks::domain::endpoint_secrets::{EndpointSecret, EndpointSecrets};
use bookora_webhooks::domain::endpoint_url::EndpointUrl;
use bookora_webhooks::domain::event::{EventType, NewEvent};
use bookora_webhooks::domain::id::{AttemptId, EndpointId, EventId, SecretId};
use bookora_webhooks::domain::random::{Random, SeededRandom};
use bookora_webhooks::domain::retry::RetrySchedule;
use bookora_webhooks::domain::secret::Secret;
use bookora_webhooks::domain::trace_parent::TraceParent;
use bookora_webhooks::store::publish::Handed;
use bookora_webhooks::store::queue::Wanted;
use bookora_webhooks::store::record::Recorded;
use bookora_webhooks::store::room::RoomLimits;
use bookora_webhooks::store::{Store, StoreSettings};
use sea_orm::{ConnectionTrait, DbBackend};
use tokio::sync::mpsc;

use crate::database::{FreshDatabase, ask, connect, master_key_file};

/// Longer than any lease to an endpoint with the default deadline.
const LONGER_THAN_A_LEASE: Duration = Duration::from_secs(21);

/// A clock that goes when it is told to.
struct HandClock(AtomicI64);

impl HandClock {
    fn advance(&self, by: Duration) {
        self.0.fetch_add(i64::try_from(by.as_nanos()).unwrap(), Ordering::Relaxed);
    }

    fn set_back(&self, by: Duration) {
        self.0.fetch_sub(i64::try_from(by.as_nanos()).unwrap(), Ordering::Relaxed);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_nanos(self.0.load(Ordering::Relaxed))
    }

    fn monotonic(&self) -> Duration {
        Duration::from_nanos(self.0.load(Ordering::Relaxed).unsigned_abs())
    }
}

/// A store at a time of its own, with one endpoint.
struct Bench {
    store: Arc<Store>,
    handed: Mutex<mpsc::Receiver<Handed>>,
    clock: Arc<HandClock>,
    random: Arc<SeededRandom>,
    account: AccountId,
    endpoint_id: EndpointId,
    database: FreshDatabase,
}

impl Bench {
    async fn new(folder: &Path) -> Self {
        Self::on(FreshDatabase::new(folder)).await
    }

    async fn on(database: FreshDatabase) -> Self {
        // Near the time of a server, which has a clock of its own.
        let begin = SystemClock::new().now().as_unix_nanos();
        let clock = Arc::new(HandClock(AtomicI64::new(begin)));
        let random = Arc::new(SeededRandom::new(1));
        let settings = StoreSettings {
            database_url: database.url().to_owned(),
            master_key_file: master_key_file(database.url()),
            room: RoomLimits { in_flight_max: 2_048, endpoint_in_flight_max: 64 },
            request_timeout: Duration::from_secs(5),
        };
        let (store, handed) =
            Store::open(settings, clock.clone(), random.clone()).await.expect("it opens");
        let (now, account) = (clock.now(), "acct_1".parse::<AccountId>().unwrap());
        let url = EndpointUrl::parse("https://hooks.example.com/", false).unwrap();
        let secret = EndpointSecret {
            secret_id: SecretId::new(now, &*random),
            secret: Secret::generate(&*random),
            create_time: now,
        };
        let endpoint = Endpoint {
            endpoint_id: EndpointId::new(now, &*random),
            account_id: account.clone(),
            config: EndpointConfig::new(url),
            state: EndpointState::Active,
            state_reason: String::new(),
            secrets: Some(EndpointSecrets::new(secret)),
            create_time: now,
            update_time: now,
            version: 1,
        };
        let endpoint_id = endpoint.endpoint_id;
        store.create_endpoint(endpoint, None).await.expect("it is created");
        let handed = Mutex::new(handed);
        Self { store, handed, clock, random, account, endpoint_id, database }
    }

    /// Lets the time of every lease pass. On a server it is the server's time, which nobody
    /// moves: there the leases are moved back instead.
    async fn outwait_leases(&self) {
        let database = connect(self.database.url()).await;
        if database.get_database_backend() == DbBackend::Sqlite {
            self.clock.advance(LONGER_THAN_A_LEASE);
        } else {
            let earlier = format!(
                "UPDATE deliveries SET lease_expire_time = lease_expire_time - {} \
                 WHERE lease_token IS NOT NULL",
                LONGER_THAN_A_LEASE.as_nanos()
            );
            database.execute_unprepared(&earlier).await.expect("they are moved");
        }
        database.close().await.expect("the connection ends");
    }

    async fn publish(&self, events: usize) {
        let now = self.clock.now();
        let event = |_| NewEvent {
            event_id: EventId::new(now, &*self.random),
            account_id: self.account.clone(),
            event_type: EventType::LeadQualified.into(),
            idempotency_key: None,
            create_time: now,
            create_time_given: false,
            payload: "{}".into(),
            trace_parent: TraceParent::new(&*self.random),
            validate_only: false,
        };
        self.store.publish((0..events).map(event).collect()).await.expect("it is stored");
    }

    async fn claim(&self, deliveries_max: u32) -> Vec<LeasedDelivery> {
        let wanted = [Wanted { endpoint_id: self.endpoint_id, deliveries_max }];
        self.store.claim(&wanted, self.store.clock().now()).await.expect("it is claimed").leased
    }

    /// Records that all were acknowledged, at the same time as they would be.
    async fn record_all(&self, leased: &[LeasedDelivery]) -> Vec<Recorded> {
        let records = leased.iter().map(|leased| self.store.record(self.acknowledged(leased)));
        let recorded = futures_util::future::join_all(records).await;
        recorded.into_iter().map(|recorded| recorded.expect("it is recorded")).collect()
    }

    /// What an acknowledgement makes of a leased delivery.
    fn acknowledged(&self, leased: &LeasedDelivery) -> Verdict {
        self.ended(leased, Outcome::Succeeded)
    }

    /// What an attempt that ended so makes of a leased delivery.
    fn ended(&self, leased: &LeasedDelivery, outcome: Outcome) -> Verdict {
        let (now, random): (_, &dyn Random) = (self.clock.now(), &*self.random);
        let exchange = Exchange {
            outcome,
            error_message: None,
            remote_address: None,
            response: None,
            timing: Timing::default(),
        };
        let attempt = Attempt {
            attempt_id: AttemptId::new(now, random),
            number: leased.delivery.attempt_count + 1,
            trigger: Trigger::Schedule,
            start_time: now,
            exchange,
        };
        judge(leased, attempt, &RetrySchedule::default(), now, random)
    }
}

#[tokio::test]
async fn of_10_000_leases_that_ran_out_no_late_outcome_is_recorded() {
    const ROUNDS: usize = 100;
    const DELIVERIES: usize = 100;
    let folder = tempfile::tempdir().unwrap();
    let bench = Bench::new(folder.path()).await;
    for _ in 0..ROUNDS {
        bench.publish(DELIVERIES).await;
        let mut late = bench.claim(1_000).await;
        while let Ok(handed) = bench.handed.lock().unwrap().try_recv() {
            late.push(handed.leased);
        }
        assert_eq!(late.len(), DELIVERIES);
        assert!(bench.claim(1_000).await.is_empty(), "what is leased is not claimed");

        bench.outwait_leases().await;
        assert_eq!(bench.store.rescue().await.unwrap(), DELIVERIES as u64);
        let taken_over = bench.claim(1_000).await;
        let ids: HashSet<_> = taken_over.iter().map(|one| one.delivery.delivery_id).collect();
        assert_eq!(ids.len(), DELIVERIES, "each is taken over once");
        assert!(bench.record_all(&late).await.iter().all(|one| *one == Recorded::LeaseLost));
        assert!(bench.record_all(&taken_over).await.iter().all(|one| *one == Recorded::Yes));
    }
}

#[tokio::test]
async fn leases_that_are_extended_in_time_are_not_freed() {
    let folder = tempfile::tempdir().unwrap();
    let bench = Bench::new(folder.path()).await;
    bench.publish(1).await;
    let leased = bench.handed.lock().unwrap().try_recv().expect("it is born leased").leased;
    assert!(!bench.store.has_leases_running_out().await.unwrap());
    bench.outwait_leases().await;
    assert!(bench.store.has_leases_running_out().await.unwrap());
    bench.store.extend(&[(leased.delivery.delivery_id, leased.lease_token)]).await.unwrap();
    assert_eq!(bench.store.rescue().await.unwrap(), 0);
    let recorded = bench.store.record(bench.acknowledged(&leased)).await.unwrap();
    assert_eq!(recorded, Recorded::Yes);
}

#[tokio::test]
async fn an_outcome_that_is_recorded_after_the_clock_was_set_back_waits_as_long_as_it_was_to() {
    let folder = tempfile::tempdir().unwrap();
    // With a server it is the server's clock that would have to be set.
    let bench = Bench::on(FreshDatabase::file(folder.path())).await;
    bench.publish(1).await;
    let leased = bench.handed.lock().unwrap().try_recv().expect("it is born leased").leased;
    let failed = bench.ended(&leased, Outcome::Connect);
    bench.clock.set_back(Duration::from_hours(24));
    assert_eq!(bench.store.record(failed).await.unwrap(), Recorded::Yes);
    // 30 s, and a fifth more or less.
    bench.clock.advance(Duration::from_secs(23));
    assert!(bench.claim(1).await.is_empty());
    bench.clock.advance(Duration::from_secs(14));
    assert_eq!(bench.claim(1).await.len(), 1);
}

#[tokio::test]
async fn a_delivery_whose_event_is_missing_is_given_up_and_does_not_hold_up_the_others() {
    const LOSE_ONE: &str = "DELETE FROM events WHERE event_id = (SELECT event_id FROM deliveries \
                            WHERE lease_token IS NULL ORDER BY delivery_id LIMIT 1)";
    const GIVEN_UP: &str = "state = 4 AND state_reason = 'its event is missing from the database'";
    let folder = tempfile::tempdir().unwrap();
    let bench = Bench::new(folder.path()).await;
    // Of a new endpoint's deliveries one is handed over, and the others wait.
    bench.publish(4).await;
    let database = connect(bench.database.url()).await;
    database.execute_unprepared(LOSE_ONE).await.unwrap();
    database.close().await.unwrap();
    assert_eq!(bench.claim(10).await.len(), 2);
    for table in ["deliveries", "delivery_changes"] {
        let count = format!("SELECT COUNT(*) FROM {table} WHERE {GIVEN_UP}");
        assert_eq!(ask(bench.database.url(), &count).await, 1, "{table}");
    }
}
