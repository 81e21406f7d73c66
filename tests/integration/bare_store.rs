//! The store by itself, at a time that the caller says.

use std::path::PathBuf;
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
use bookora_webhooks::store::claim::Wanted;
use bookora_webhooks::store::publish::Handed;
use bookora_webhooks::store::record::Recorded;
use bookora_webhooks::store::room::RoomLimits;
use bookora_webhooks::store::{Store, StoreSettings};
use bookora_webhooks::telemetry::metrics::Metrics;
use tokio::sync::mpsc;

/// A clock that goes when it is told to.
pub struct HandClock(pub AtomicI64);

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_nanos(self.0.load(Ordering::Relaxed))
    }

    fn monotonic(&self) -> Duration {
        Duration::from_nanos(self.0.load(Ordering::Relaxed).unsigned_abs())
    }
}

/// A store at a time of its own, with one endpoint.
pub struct BareStore {
    /// The store.
    pub store: Arc<Store>,
    /// What is born leased.
    pub handed: Mutex<mpsc::Receiver<Handed>>,
    /// Its time.
    pub clock: Arc<HandClock>,
    random: Arc<SeededRandom>,
    account: AccountId,
    endpoint_id: EndpointId,
}

impl BareStore {
    /// Opens the store on a new database.
    pub async fn open(database_url: &str, master_key_file: Option<PathBuf>) -> Self {
        // Near the time of a server, which has a clock of its own.
        let begin = SystemClock::new().now().as_unix_nanos();
        let clock = Arc::new(HandClock(AtomicI64::new(begin)));
        let random = Arc::new(SeededRandom::new(1));
        let settings = StoreSettings {
            database_url: database_url.to_owned(),
            master_key_file,
            room: RoomLimits { in_flight_max: 8_192, endpoint_in_flight_max: 64 },
            request_timeout: Duration::from_secs(5),
            metrics: Metrics::default(),
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
        Self { store, handed, clock, random, account, endpoint_id }
    }

    /// Publishes events.
    pub async fn publish(&self, events: usize) {
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

    /// Claims what is due, at most so many.
    pub async fn claim(&self, deliveries_max: u32) -> Vec<LeasedDelivery> {
        let wanted = [Wanted { endpoint_id: self.endpoint_id, deliveries_max }];
        self.store
            .queue()
            .claim(&wanted, self.store.clock().now())
            .await
            .expect("it is claimed")
            .leased
    }

    /// Records that all were acknowledged, at the same time as they would be.
    pub async fn record_all(&self, leased: &[LeasedDelivery]) -> Vec<Recorded> {
        let records =
            leased.iter().map(|leased| self.store.queue().record(self.acknowledged(leased)));
        let recorded = futures_util::future::join_all(records).await;
        recorded.into_iter().map(|recorded| recorded.expect("it is recorded")).collect()
    }

    /// What an acknowledgement makes of a leased delivery.
    pub fn acknowledged(&self, leased: &LeasedDelivery) -> Verdict {
        self.ended(leased, Outcome::Succeeded)
    }

    /// What an attempt that ended so makes of a leased delivery.
    pub fn ended(&self, leased: &LeasedDelivery, outcome: Outcome) -> Verdict {
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
