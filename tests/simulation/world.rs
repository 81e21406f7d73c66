//! One seed: everything that takes part in it, its run, and what must hold at its end.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bookora_webhooks::domain::delivery::DeliveryState;
use bookora_webhooks::domain::endpoint::{Endpoint, EndpointConfig, EndpointLimits, EndpointState};
use bookora_webhooks::domain::endpoint_secrets::{EndpointSecret, EndpointSecrets};
use bookora_webhooks::domain::endpoint_url::EndpointUrl;
use bookora_webhooks::domain::id::{EndpointId, SecretId};
use bookora_webhooks::domain::random::SeededRandom;
use bookora_webhooks::domain::retry::RetrySchedule;
use bookora_webhooks::domain::secret::Secret;
use bookora_webhooks::store::queue::Queue;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::dice::Dice;
use super::model::{EndpointRow, Model};
use super::plan::Plan;
use super::publisher::{self, Ledger};
use super::receiver::{Manner, Receivers};
use super::replica::Replica;
use super::storm;
use super::time::{BEGIN, VirtualClock, now};
use super::trace::Trace;
use super::watcher::{CATCH_UP, Watcher};
use super::weather::ReplicaWeather;

/// Within this all is delivered or given up, once nothing goes wrong any more: leases that run out,
/// and the retries of endpoints that hang, one request after the other.
const SETTLED_WITHIN: Duration = Duration::from_hours(1);

/// Within this the first request to an endpoint that answers at once is made, where nothing goes wrong
/// but that others hang, and there is some room: who hangs keeps it for a second.
const PROMPT_WITHIN: Duration = Duration::from_secs(5);

/// A machine, with its clock, and the replica on it: none while it is away.
struct Place {
    clock: Arc<VirtualClock>,
    replica: Mutex<Option<Replica>>,
}

/// What takes part.
pub struct World {
    pub plan: Plan,
    pub dice: Arc<Dice>,
    pub trace: Arc<Trace>,
    pub begun: Instant,
    pub clock: Arc<VirtualClock>,
    pub model: Arc<Model>,
    pub receivers: Arc<Receivers>,
    pub ledger: Ledger,
    places: Vec<Place>,
    processes: AtomicU64,
    is_over: Arc<AtomicBool>,
    is_clock_set: AtomicBool,
}

/// What came of a seed.
pub struct Outcome {
    /// Promises that were broken, in words.
    pub broken: Vec<String>,
    /// By which two runs are compared.
    pub hash: u64,
    /// How often each step was taken.
    pub counts: BTreeMap<&'static str, u64>,
    /// Seconds that passed inside.
    pub virtual_seconds: u64,
    /// The steps, where they were asked for.
    pub text: String,
}

/// Runs a seed.
pub fn run(seed: u64, has_text: bool) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime starts");
    runtime.block_on(async {
        let world = World::new(seed, has_text);
        world.run().await
    })
}

impl World {
    fn new(seed: u64, has_text: bool) -> Arc<Self> {
        let dice = Arc::new(Dice::new(seed));
        let (plan, begun) = (Plan::draw(&dice), now());
        let clock = Arc::new(VirtualClock::new(begun));
        let model = Model::new(plan.is_shared, clock.clone());
        let trace = Arc::new(Trace::new(begun, has_text));
        let manners = register(&model, &plan, &dice);
        let receivers =
            Receivers::new(Arc::clone(&model), manners, Arc::clone(&dice), Arc::clone(&trace));
        let places = (0..plan.replicas).map(|_| Place::new(begun)).collect();
        Arc::new(Self {
            plan,
            dice,
            trace,
            begun,
            clock,
            model,
            receivers,
            ledger: Ledger::default(),
            places,
            processes: AtomicU64::new(0),
            is_over: Arc::default(),
            is_clock_set: AtomicBool::new(false),
        })
    }

    async fn run(self: &Arc<Self>) -> Outcome {
        for replica in 0..self.plan.replicas {
            self.start(replica);
        }
        let watchers: Vec<_> = (0..self.plan.watchers).map(|_| Watcher::new()).collect();
        for watcher in &watchers {
            tokio::spawn(Arc::clone(watcher).watch(Arc::clone(self)));
        }
        let storm = tokio::spawn(storm::rage(Arc::clone(self)));
        let batches = self.plan.events.div_ceil(self.plan.publishers);
        let publishing: Vec<_> = (0..self.plan.publishers)
            .map(|number| tokio::spawn(publisher::publish(Arc::clone(self), number, batches)))
            .collect();
        let end = self.begun + self.plan.storm + SETTLED_WITHIN;
        while now() < end && !self.is_settled(&storm, &publishing) {
            tokio::time::sleep(Duration::from_secs(1)).await;
            self.look();
        }
        let is_settled = self.is_settled(&storm, &publishing);
        let caught_up = now() + CATCH_UP;
        let changes = self.model.state().rows.log.len();
        while now() < caught_up && watchers.iter().any(|watcher| watcher.changes() < changes) {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        let mut broken = std::mem::take(&mut self.model.state().broken);
        if !is_settled {
            broken.push(self.model.state().unfinished());
        }
        for watcher in watchers {
            if watcher.changes() != changes {
                broken.push(format!("a watch saw {} of {changes} changes", watcher.changes()));
            }
        }
        broken.extend(self.broken_at_the_end());
        let virtual_seconds = (now() - self.begun).as_secs();
        let (hash, counts) = (self.trace.hash(), self.trace.counts());
        let text = format!("{:#?}\n{}", self.plan, self.trace.text());
        Outcome { broken, hash, counts, virtual_seconds, text }
    }

    fn is_settled(&self, storm: &JoinHandle<()>, publishing: &[JoinHandle<()>]) -> bool {
        storm.is_finished()
            && publishing.iter().all(JoinHandle::is_finished)
            && self.model.state().open_deliveries() == 0
    }

    /// What must hold at every moment.
    fn look(&self) {
        for place in &self.places {
            let place = lock(place);
            let Some(replica) = &*place else { continue };
            let in_flight = replica.queue.room().in_flight();
            if in_flight > self.plan.room.in_flight_max.max(2) {
                self.model
                    .state()
                    .broken
                    .push(format!("{in_flight} deliveries are leased at once"));
            }
            if replica.has_failed() {
                self.model.state().broken.push("a part of a replica has ended".to_owned());
            }
        }
    }

    /// The next process's number.
    pub fn next_process(&self) -> u64 {
        self.processes.fetch_add(1, Ordering::Relaxed)
    }

    /// The weather of a process.
    pub fn weather(&self, number: u64) -> Arc<ReplicaWeather> {
        let (dice, trace) = (Arc::clone(&self.dice), Arc::clone(&self.trace));
        ReplicaWeather::new(number, dice, trace, self.plan.odds, Arc::clone(&self.is_over))
    }

    fn start(self: &Arc<Self>, replica: u64) {
        let started = Replica::start(self, Arc::clone(&self.place(replica).clock));
        tokio::spawn(carry_hints(Arc::clone(self), replica, Arc::clone(&started.peers)));
        *lock(self.place(replica)) = Some(started);
    }

    fn place(&self, replica: u64) -> &Place {
        &self.places[usize::try_from(replica).expect("there are few")]
    }

    /// Does something with a replica, if it is not away.
    pub fn with(&self, replica: u64, what: impl FnOnce(&Replica)) {
        if let Some(replica) = &*lock(self.place(replica)) {
            what(replica);
        }
    }

    /// Ends a replica in some way, and starts another in its place after a while.
    pub fn replace<F: Future<Output = ()> + Send>(
        self: &Arc<Self>,
        replica: u64,
        away: Duration,
        end: impl FnOnce(Replica, Arc<Self>) -> F + Send + 'static,
    ) {
        let Some(old) = lock(self.place(replica)).take() else { return };
        let world = Arc::clone(self);
        tokio::spawn(async move {
            end(old, Arc::clone(&world)).await;
            tokio::time::sleep(away).await;
            world.start(replica);
        });
    }

    /// The queue of a replica that is there; `None`: none is.
    pub fn any_queue(&self) -> Option<Arc<Queue>> {
        let there = self.places.iter();
        let there: Vec<_> = there
            .filter_map(|place| lock(place).as_ref().map(|replica| Arc::clone(&replica.queue)))
            .collect();
        (!there.is_empty()).then(|| Arc::clone(self.dice.pick(&there)))
    }

    /// Where one process has the tables its clock is set once at most, and not where it may not learn
    /// of a commit: what the service does not see to is in docs/simulation.md.
    pub fn may_set_clock(&self) -> bool {
        let learns_of_commits = self.plan.odds.answer_lost + self.plan.odds.late == 0;
        self.plan.is_shared
            || (learns_of_commits && !self.is_clock_set.swap(true, Ordering::Relaxed))
    }

    /// Nothing goes wrong any more.
    pub fn calm_down(&self) {
        self.trace.step("the storm is over", &[]);
        self.is_over.store(true, Ordering::Relaxed);
        for place in &self.places {
            if let Some(replica) = &*lock(place) {
                replica.weather.set_cut_off(false);
                replica.weather.set_gate(super::weather::Gate::Open);
            }
        }
    }

    /// What must hold once everything has settled.
    fn broken_at_the_end(&self) -> Vec<String> {
        let state = self.model.state();
        let received = self.receivers.received();
        let mut broken = Vec::new();
        for (event_id, count) in self.ledger.acknowledged().iter() {
            let is_of = |row: &&super::model::DeliveryRow| row.delivery.event_id == *event_id;
            let deliveries = state.rows.deliveries.values().filter(is_of).count();
            if !state.rows.events.contains_key(event_id) || deliveries != *count as usize {
                broken.push(format!("{event_id}: was acknowledged and is lost"));
            }
        }
        for (id, row) in &state.rows.deliveries {
            let delivery = &row.delivery;
            let got = received.get(id);
            let endpoint = &state.rows.endpoints[&delivery.endpoint_id].endpoint;
            if self.plan.is_fair()
                && self.receivers.manners[&delivery.endpoint_id] == Manner::Prompt
                && endpoint.config.limits == EndpointLimits::default()
                && let Some(first) = got.and_then(|got| got.first)
            {
                let waited = BEGIN + (first - self.begun);
                let waited = waited.since(delivery.create_time);
                if waited > PROMPT_WITHIN {
                    broken.push(format!("{id}: waited {waited:?} behind endpoints that hang"));
                }
            }
            let attempts = state.rows.attempts.range((*id, 0)..=(*id, u32::MAX)).count();
            if u32::try_from(attempts) != Ok(delivery.attempt_count) {
                broken.push(format!("{id}: {attempts} attempts, not {}", delivery.attempt_count));
            }
            match delivery.state {
                DeliveryState::Succeeded if got.is_none_or(|got| got.taken == 0) => {
                    broken.push(format!("{id}: succeeded and was not taken"));
                }
                DeliveryState::Failed if got.is_none() => {
                    broken.push(format!("{id}: failed and was never sent"));
                }
                DeliveryState::Cancelled if endpoint.state == EndpointState::Active => {
                    broken.push(format!("{id}: was cancelled, and its endpoint is active"));
                }
                _ => {}
            }
        }
        broken
    }
}

/// Registers the plan's endpoints.
fn register(model: &Model, plan: &Plan, dice: &Dice) -> BTreeMap<EndpointId, Manner> {
    let random = SeededRandom::new(dice.below(u64::MAX));
    let mut manners = BTreeMap::new();
    for (manner, account) in &plan.endpoints {
        let secret = EndpointSecret {
            secret_id: SecretId::new(BEGIN, &random),
            secret: Secret::generate(&random),
            create_time: BEGIN,
        };
        let url = EndpointUrl::parse("https://hooks.example.com/", false).expect("it is allowed");
        let mut config = EndpointConfig::new(url);
        if *manner == Manner::Hanging {
            let once = RetrySchedule::new(vec![Duration::from_secs(2)]);
            config.retry_schedule = Some(once.expect("it is allowed"));
            config.request_timeout = Some(Duration::from_secs(2));
        }
        if dice.chance(150) {
            config.limits.in_flight_max = Some(1);
        }
        if dice.chance(150) {
            config.limits.per_second_max = Some(2);
        }
        let endpoint = Endpoint {
            endpoint_id: EndpointId::new(BEGIN, &random),
            account_id: publisher::account(*account),
            config,
            state: EndpointState::Active,
            state_reason: String::new(),
            secrets: Some(EndpointSecrets::new(secret)),
            create_time: BEGIN,
            update_time: BEGIN,
            version: 1,
        };
        manners.insert(endpoint.endpoint_id, *manner);
        let row = EndpointRow { endpoint: Arc::new(endpoint), failing_since: None };
        model.state().rows.endpoints.insert(row.endpoint.endpoint_id, row);
    }
    manners
}

/// What a replica tells the others; some of it gets lost.
async fn carry_hints(
    world: Arc<World>,
    from: u64,
    peers: Arc<bookora_webhooks::store::peers::Peers>,
) {
    loop {
        let (has_committed, has_due) = peers.told().await;
        tokio::time::sleep(world.dice.millis(1, 10)).await;
        for to in (0..world.plan.replicas).filter(|to| *to != from) {
            if world.dice.chance(800) {
                world.with(to, |replica| {
                    if has_committed {
                        replica.queue.change_log().committed_elsewhere();
                    }
                    if has_due {
                        replica.queue.wakeup().look();
                    }
                });
            }
        }
    }
}

impl Place {
    fn new(begun: Instant) -> Self {
        Self { clock: Arc::new(VirtualClock::new(begun)), replica: Mutex::new(None) }
    }
}

fn lock(place: &Place) -> MutexGuard<'_, Option<Replica>> {
    place.replica.lock().unwrap_or_else(PoisonError::into_inner)
}
