//! The two sides: the queue on the model, and the queue on a database, at the same time and with the
//! same chance.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bookora_webhooks::domain::account::AccountId;
use bookora_webhooks::domain::attempt::{Attempt, Exchange, Outcome, Response, Timing};
use bookora_webhooks::domain::clock::{Clock, SystemClock, Timestamp};
use bookora_webhooks::domain::delivery::{LeasedDelivery, judge};
use bookora_webhooks::domain::endpoint::{Endpoint, EndpointConfig, EndpointState};
use bookora_webhooks::domain::endpoint_secrets::{EndpointSecret, EndpointSecrets};
use bookora_webhooks::domain::endpoint_url::EndpointUrl;
use bookora_webhooks::domain::event::{EventType, NewEvent};
use bookora_webhooks::domain::id::{AttemptId, EndpointId, EventId, SecretId};
use bookora_webhooks::domain::random::{Random, SeededRandom};
use bookora_webhooks::domain::retry::RetrySchedule;
use bookora_webhooks::domain::secret::Secret;
use bookora_webhooks::domain::trace_parent::TraceParent;
use bookora_webhooks::store::changes::LogPosition;
use bookora_webhooks::store::claim::Wanted;
use bookora_webhooks::store::clock_jump::ClockFollower;
use bookora_webhooks::store::error::StoreError;
use bookora_webhooks::store::membership::Membership;
use bookora_webhooks::store::peers::Peers;
use bookora_webhooks::store::publish::Handed;
use bookora_webhooks::store::queue::{Queue, QueueParts};
use bookora_webhooks::store::room::RoomLimits;
use bookora_webhooks::store::tables::Tables;
use bookora_webhooks::store::{Store, StoreSettings};
use bookora_webhooks::telemetry::metrics::Metrics;
use sea_orm::{ConnectionTrait, DatabaseConnection};
use tokio::sync::mpsc;

use super::operation::Operation;
use super::rows;
use crate::database::{FreshDatabase, connect, is_postgres, master_key_file};
use crate::service::eventually;
use crate::simulation::dice::Dice;
use crate::simulation::model::link::{Fate, Link, Weather};
use crate::simulation::model::{EndpointRow, Model};

/// Endpoints: one in each account.
pub const ENDPOINTS: u64 = 3;

/// A clock that goes, or is set, when it is told to; in microseconds, as a server's.
pub struct SetClock {
    wall: AtomicI64,
    monotonic: AtomicI64,
}

impl SetClock {
    /// It shows the present time.
    pub fn new() -> Arc<Self> {
        let micros = SystemClock::new().now().as_unix_nanos() / 1_000;
        Arc::new(Self { wall: AtomicI64::new(micros * 1_000), monotonic: AtomicI64::new(0) })
    }

    fn pass(&self, time: Duration) {
        let nanos = i64::try_from(time.as_micros()).expect("it is short") * 1_000;
        self.wall.fetch_add(nanos, Ordering::Relaxed);
        self.monotonic.fetch_add(nanos, Ordering::Relaxed);
    }

    fn set(&self, millis: i64) {
        self.wall.fetch_add(millis * 1_000_000, Ordering::Relaxed);
    }
}

impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_nanos(self.wall.load(Ordering::Relaxed))
    }

    fn monotonic(&self) -> Duration {
        Duration::from_nanos(self.monotonic.load(Ordering::Relaxed).unsigned_abs())
    }
}

/// Chance that begins anew with each operation, so that both sides draw the same.
struct Redrawn(Mutex<SeededRandom>);

impl Redrawn {
    fn begin(&self, seed: u64) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = SeededRandom::new(seed);
    }
}

impl Random for Redrawn {
    fn fill(&self, bytes: &mut [u8]) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).fill(bytes);
    }
}

/// Nothing goes wrong.
struct Calm;

#[async_trait]
impl Weather for Calm {
    async fn call(&self, _: &'static str) -> Result<(), StoreError> {
        Ok(())
    }

    async fn commit(&self) -> Fate {
        Fate::Done
    }

    async fn answer(&self) {}
}

/// The queue on one of them.
struct Side {
    queue: Arc<Queue>,
    follower: ClockFollower,
    handed: mpsc::Receiver<Handed>,
    /// All that was ever leased.
    leased: Vec<LeasedDelivery>,
    random: Arc<Redrawn>,
    clock: Arc<SetClock>,
    tables: Arc<dyn Tables>,
}

impl Side {
    fn start(tables: Arc<dyn Tables>, clock: &Arc<SetClock>) -> Self {
        let random = Arc::new(Redrawn(Mutex::new(SeededRandom::new(0))));
        let (queue, handed) = Queue::start(QueueParts {
            tables: Arc::clone(&tables),
            membership: Membership::alone(&*random),
            peers: Arc::new(Peers::default()),
            room: RoomLimits { in_flight_max: 4, endpoint_in_flight_max: 4 },
            request_timeout: Duration::from_secs(5),
            clock: clock.clone(),
            random: random.clone(),
            metrics: Metrics::default(),
        });
        let follower = ClockFollower::new(Arc::clone(&queue));
        let (leased, clock) = (Vec::new(), Arc::clone(clock));
        Self { queue, follower, handed, leased, random, clock, tables }
    }

    /// Does it, and says what came of it.
    async fn perform(&mut self, operation: Operation, endpoints: &[Endpoint]) -> String {
        let answer = match operation {
            Operation::Publish { accounts, key } => self.publish(accounts, key, endpoints).await,
            Operation::Claim { endpoints: which, each } => self.claim(which, each, endpoints).await,
            Operation::Record { lease, outcome } => self.record(&[(lease, outcome)]).await,
            Operation::RecordTwo { leases: [one, other] } => {
                self.record(&[(one, 0), (other, 1)]).await
            }
            Operation::Release { lease } => {
                let leases: Vec<_> = self.lease(lease).into_iter().collect();
                format!("{:?}", self.queue.release(&leases).await)
            }
            Operation::Extend => {
                let leases: Vec<_> =
                    (0..self.leased.len() as u64).filter_map(|lease| self.lease(lease)).collect();
                format!("{:?}", self.queue.extend(&leases).await)
            }
            Operation::Rescue => format!("{:?}", self.queue.rescue().await),
            Operation::Look => {
                let mut due = self.queue.due_endpoints().await.expect("it answers");
                due.sort_by_key(|due| due.addressee.endpoint_id);
                format!("{due:?} {:?}", self.queue.has_leases_running_out().await)
            }
            Operation::ReadLog { from } => self.read_log(from).await,
            Operation::Cancel { endpoint } => {
                let endpoint = &endpoints[usize::try_from(endpoint).expect("it is one of few")];
                let (account, id) = (&endpoint.account_id, endpoint.endpoint_id);
                format!("{:?}", self.queue.cancel_suspended(account, id, "by the test").await)
            }
            Operation::CancelLeftovers => format!("{:?}", self.queue.cancel_leftovers().await),
            Operation::Pass(_) | Operation::SetClock(_) => {
                format!("{:?}", self.follower.follow().await)
            }
            Operation::Restart => {
                let mut again = Self::start(Arc::clone(&self.tables), &self.clock);
                again.leased = std::mem::take(&mut self.leased);
                *self = again;
                format!("{:?}", self.queue.take_over().await)
            }
        };
        while let Ok(handed) = self.handed.try_recv() {
            self.leased.push(handed.leased);
        }
        answer
    }

    fn lease(&self, number: u64) -> Option<bookora_webhooks::store::tables::Lease> {
        let leased = self.leased.get(usize::try_from(number).ok()?)?;
        Some((leased.delivery.delivery_id, leased.lease_token))
    }

    async fn publish(&self, accounts: u64, key: Option<u64>, endpoints: &[Endpoint]) -> String {
        let (now, random): (_, &dyn Random) = (self.clock.now(), &*self.random);
        let of = endpoints.iter().enumerate().filter(|(at, _)| accounts & (1 << at) != 0);
        let event = |account_id: AccountId| NewEvent {
            event_id: EventId::new(now, random),
            account_id,
            event_type: EventType::LeadQualified.into(),
            idempotency_key: key.map(|key| format!("k{key}").parse().expect("it is a key")),
            create_time: now,
            create_time_given: false,
            // Of one key not always the same.
            payload: format!("{{\"data\":{}}}", key.map_or(0, |_| accounts & 1)).into(),
            trace_parent: TraceParent::new(random),
            validate_only: false,
        };
        let events = of.map(|(_, endpoint)| event(endpoint.account_id.clone())).collect();
        format!("{:?}", self.queue.publish(events).await)
    }

    async fn claim(&mut self, which: u64, each: u64, endpoints: &[Endpoint]) -> String {
        let each = u32::try_from(each).expect("it is small");
        let wanted = endpoints.iter().enumerate().filter(|(at, _)| which & (1 << at) != 0);
        let wanted: Vec<_> = wanted
            .map(|(_, endpoint)| Wanted { endpoint_id: endpoint.endpoint_id, deliveries_max: each })
            .collect();
        let claimed = self.queue.claim(&wanted, self.clock.now()).await.expect("it is claimed");
        let (mut leased, mut exhausted) = (claimed.leased, claimed.exhausted);
        leased.sort_by_key(|leased| leased.delivery.delivery_id);
        exhausted.sort_by_key(|exhausted| exhausted.endpoint_id);
        let told: Vec<_> = leased
            .iter()
            .map(|leased| {
                let LeasedDelivery { delivery, schedule_start, payload, trace_parent, .. } = leased;
                let target = &leased.target;
                let target = (target.endpoint_id, target.state, target.version);
                (delivery.clone(), *schedule_start, payload.clone(), trace_parent.clone(), target)
            })
            .collect();
        self.leased.extend(leased);
        format!("{told:?} {exhausted:?}")
    }

    async fn record(&self, outcomes: &[(u64, u64)]) -> String {
        let (now, random): (_, &dyn Random) = (self.clock.now(), &*self.random);
        let mut verdicts = Vec::new();
        for (lease, outcome) in outcomes {
            let Some(leased) = self.leased.get(usize::try_from(*lease).expect("it fits")) else {
                continue;
            };
            let attempt = Attempt {
                attempt_id: AttemptId::new(now, random),
                number: leased.delivery.attempt_count + 1,
                trigger: leased.schedule_start.trigger,
                start_time: now,
                exchange: exchange(*outcome),
            };
            verdicts.push(judge(leased, attempt, &RetrySchedule::default(), now, random));
        }
        let records = verdicts.into_iter().map(|verdict| self.queue.record(verdict));
        format!("{:?}", futures_util::future::join_all(records).await)
    }

    async fn read_log(&self, from: u64) -> String {
        // On PostgreSQL a transaction in any of the server's databases holds the log's end back: the
        // tests beside this one have some.
        eventually("all of the log can be read", async || {
            let has_unsettled = self.tables.log_has_unsettled().await.expect("it answers");
            (!has_unsettled).then_some(())
        })
        .await;
        let log = self.queue.change_log();
        let mut page = log.read_after(LogPosition::START).await.expect("it can be read");
        let at = usize::try_from(from).expect("it fits") % (page.changes.len() + 1);
        if let Some(before) = at.checked_sub(1) {
            let position = page.changes[before].position;
            page = log.read_after(position).await.expect("it can be read");
        }
        let head = log.head().await.expect("it can be read");
        let last = page.changes.last().is_none_or(|last| page.is_full() || last.position == head);
        let changes: Vec<_> = page
            .changes
            .into_iter()
            .map(|change| {
                let attempt = change
                    .last_attempt
                    .map(|attempt| (attempt.attempt_id, attempt.number, attempt.exchange.outcome));
                (change.delivery, change.previous_state, attempt)
            })
            .collect();
        format!("{changes:?} {last}")
    }
}

/// What an attempt comes to: mostly success, or failures of several kinds.
fn exchange(outcome: u64) -> Exchange {
    let status = match outcome {
        8 => Some(500),
        9 => Some(401),
        10 => Some(410),
        _ => None,
    };
    let kind = match (outcome, status) {
        (_, Some(_)) => Outcome::HttpStatus,
        (6 | 7 | 11, _) => Outcome::Connect,
        _ => Outcome::Succeeded,
    };
    let response = status.map(|status| Response {
        status,
        headers: Vec::new(),
        body: Vec::new(),
        body_truncated: false,
        retry_after: None,
    });
    let error_message = (kind != Outcome::Succeeded).then(|| "it failed".to_owned());
    let timing = Timing { total: Duration::from_millis(outcome), ..Timing::default() };
    Exchange { outcome: kind, error_message, remote_address: None, response, timing }
}

/// Both sides.
pub struct Both {
    model: Arc<Model>,
    of_model: Side,
    of_database: Side,
    endpoints: Vec<Endpoint>,
    store: Arc<Store>,
    /// Beside the store.
    connection: DatabaseConnection,
    clock: Arc<SetClock>,
    operations: u64,
}

impl Both {
    /// Opens both, with the same endpoints.
    pub async fn open(database: &FreshDatabase, clock: &Arc<SetClock>, dice: &Dice) -> Self {
        if is_postgres() {
            give_clock(database.url()).await;
        }
        let connection = connect(database.url()).await;
        let settings = StoreSettings {
            database_url: database.url().to_owned(),
            master_key_file: master_key_file(database.url()),
            room: RoomLimits { in_flight_max: 4, endpoint_in_flight_max: 4 },
            request_timeout: Duration::from_secs(5),
            metrics: Metrics::default(),
        };
        let random = Arc::new(SeededRandom::new(dice.below(u64::MAX)));
        set_server_clock(&connection, clock).await;
        let opened = Store::open(settings, clock.clone(), random.clone()).await;
        let (store, _handed) = opened.expect("it opens");
        let model = Model::new(is_postgres(), clock.clone());
        let mut endpoints = Vec::new();
        for number in 0..ENDPOINTS {
            let endpoint = endpoint(number, clock.now(), &*random);
            store.create_endpoint(endpoint.clone(), None).await.expect("it is created");
            let row = EndpointRow { endpoint: Arc::new(endpoint.clone()), failing_since: None };
            model.state().rows.endpoints.insert(endpoint.endpoint_id, row);
            endpoints.push(endpoint);
        }
        let link = Link::new(Arc::clone(&model), 1, Arc::new(Calm));
        let (of_model, of_database) =
            (Side::start(link, clock), Side::start(store.tables(), clock));
        let clock = Arc::clone(clock);
        Self { model, of_model, of_database, endpoints, store, connection, clock, operations: 0 }
    }

    /// How many leases were ever taken.
    pub fn leases(&self) -> u64 {
        self.of_model.leased.len() as u64
    }

    /// Does the same on both, and gives their answers.
    pub async fn perform(&mut self, operation: Operation) -> (String, String) {
        match operation {
            Operation::Pass(time) => self.clock.pass(time),
            Operation::SetClock(millis) => self.clock.set(millis),
            _ => {}
        }
        // What is stamped is stamped with a time of its own.
        self.clock.pass(Duration::from_micros(1));
        set_server_clock(&self.connection, &self.clock).await;
        self.operations += 1;
        for side in [&self.of_model, &self.of_database] {
            side.random.begin(self.operations);
        }
        let model = self.of_model.perform(operation, &self.endpoints).await;
        let real = self.of_database.perform(operation, &self.endpoints).await;
        let broken = std::mem::take(&mut self.model.state().broken);
        assert!(broken.is_empty(), "{operation:?}: {broken:?}");
        (model, real)
    }

    /// The rows of both.
    pub async fn rows(&self) -> (Vec<String>, Vec<String>) {
        let real = rows::of_database(&self.connection).await;
        (rows::of_model(&self.model.state()), real)
    }

    /// Closes the database.
    pub async fn close(self) {
        self.store.close().await.expect("it closes");
        self.connection.close().await.expect("the connection ends");
    }
}

/// From here on the server's clock is a row, for connections to come.
async fn give_clock(url: &str) {
    let connection = connect(url).await;
    let name = "SELECT current_database()";
    let statement = sea_orm::Statement::from_string(connection.get_database_backend(), name);
    let row = connection.query_one_raw(statement).await.expect("it answers").expect("a row");
    let name: String = row.try_get_by_index(0).expect("a name");
    // Ahead of the catalogue, where the server's own clock is.
    for statement in [
        "CREATE SCHEMA test".to_owned(),
        "CREATE TABLE test.moment (micros bigint)".to_owned(),
        "INSERT INTO test.moment VALUES (0)".to_owned(),
        "CREATE FUNCTION test.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS \
         'SELECT timestamptz ''epoch'' + micros * interval ''1 microsecond'' FROM test.moment'"
            .to_owned(),
        format!("ALTER DATABASE {name} SET search_path = test, pg_catalog"),
    ] {
        connection.execute_unprepared(&statement).await.expect("it is done");
    }
    connection.close().await.expect("the connection ends");
}

async fn set_server_clock(connection: &DatabaseConnection, clock: &SetClock) {
    if is_postgres() {
        let micros = clock.now().as_unix_nanos() / 1_000;
        let set = format!("UPDATE test.moment SET micros = {micros}");
        connection.execute_unprepared(&set).await.expect("it is set");
    }
}

fn endpoint(number: u64, now: Timestamp, random: &dyn Random) -> Endpoint {
    let secret = EndpointSecret {
        secret_id: SecretId::new(now, random),
        secret: Secret::generate(random),
        create_time: now,
    };
    let url = EndpointUrl::parse("https://hooks.example.com/", false).expect("it is allowed");
    let mut config = EndpointConfig::new(url);
    // Another length of leases.
    config.request_timeout = (number == 1).then_some(Duration::from_secs(1));
    Endpoint {
        endpoint_id: EndpointId::new(now, random),
        account_id: format!("acct_{number}").parse().expect("it is allowed"),
        config,
        state: EndpointState::Active,
        state_reason: String::new(),
        secrets: Some(EndpointSecrets::new(secret)),
        create_time: now,
        update_time: now,
        version: 1,
    }
}
