//! One process of the service, as far as deliveries go: the queue, the dispatcher and the rescue that
//! ship, put together as `app` does, on the model.

use std::sync::Arc;
use std::time::Duration;

use bookora_webhooks::delivery::deliver::{Deliverer, DeliveryDefaults};
use bookora_webhooks::delivery::dispatcher::Dispatcher;
use bookora_webhooks::delivery::mishaps::Mishaps;
use bookora_webhooks::delivery::rescue;
use bookora_webhooks::domain::clock::Clock;
use bookora_webhooks::domain::random::SeededRandom;
use bookora_webhooks::domain::retry::RetrySchedule;
use bookora_webhooks::store::database::clock::DatabaseClock;
use bookora_webhooks::store::membership::Membership;
use bookora_webhooks::store::peers::Peers;
use bookora_webhooks::store::publish::Handed;
use bookora_webhooks::store::queue::{Queue, QueueParts};
use bookora_webhooks::telemetry::metrics::Metrics;
use bookora_webhooks::telemetry::traces::Traces;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::model::link::Link;
use super::plan::REQUEST_TIMEOUT;
use super::receiver::ModelSender;
use super::time::VirtualClock;
use super::weather::{Gate, ReplicaWeather};
use super::world::World;

/// How often what is open for endpoints that are off is looked for, as the suspension of endpoints
/// does.
const LEFTOVERS_INTERVAL: Duration = Duration::from_secs(5);
/// How often the database is asked for its time.
const CLOCK_INTERVAL: Duration = Duration::from_secs(1);
/// How long deliveries under way may take to end at a stop.
const PATIENCE: Duration = Duration::from_secs(12);

/// A process.
pub struct Replica {
    /// What others ask.
    pub queue: Arc<Queue>,
    /// What goes wrong.
    pub weather: Arc<ReplicaWeather>,
    /// What the others are told.
    pub peers: Arc<Peers>,
    /// Its machine's clock.
    pub clock: Arc<VirtualClock>,
    stop: CancellationToken,
    dispatcher: JoinHandle<()>,
    others: Vec<JoinHandle<()>>,
}

impl Replica {
    /// Starts a process on a machine.
    pub fn start(world: &World, machine: Arc<VirtualClock>) -> Self {
        let number = world.next_process();
        let weather = world.weather(number);
        let database = Arc::new(DatabaseClock::new(machine.clone()));
        let clock: Arc<dyn Clock> =
            if world.plan.is_shared { database.clone() } else { machine.clone() };
        let random = Arc::new(SeededRandom::new(world.dice.below(u64::MAX)));
        let peers = Arc::new(Peers::default());
        let (queue, handed) = Queue::start(QueueParts {
            tables: Link::new(Arc::clone(&world.model), number, weather.clone()),
            membership: Membership::alone(&*random),
            peers: Arc::clone(&peers),
            room: world.plan.room,
            request_timeout: REQUEST_TIMEOUT,
            clock: Arc::clone(&clock),
            random: random.clone(),
            metrics: Metrics::default(),
        });
        let receivers = Arc::clone(&world.receivers);
        let deliverer = Deliverer {
            queue: Arc::clone(&queue),
            sender: Arc::new(ModelSender { receivers, weather: Arc::clone(&weather) }),
            defaults: DeliveryDefaults {
                retry_schedule: RetrySchedule::new([2, 4, 9].map(Duration::from_secs).to_vec())
                    .expect("it is allowed"),
                request_timeout: REQUEST_TIMEOUT,
            },
            clock: Arc::clone(&clock),
            random,
            mishaps: Mishaps::default(),
            traces: Traces::default(),
        };
        let stop = CancellationToken::new();
        let dispatcher = Dispatcher::new(Arc::clone(&queue), Arc::new(deliverer), clock);
        let rescue = rescue::run(Arc::clone(&queue), dispatcher.under_way(), stop.clone());
        let others = vec![
            tokio::spawn(rescue),
            tokio::spawn(cancel_leftovers(Arc::clone(&queue))),
            tokio::spawn(ask_the_time(
                world.model.clone(),
                weather.clone(),
                machine.clone(),
                database,
            )),
        ];
        let run = run(dispatcher, Arc::clone(&queue), handed, stop.clone());
        let dispatcher = tokio::spawn(run);
        Self { queue, weather, peers, clock: machine, stop, dispatcher, others }
    }

    /// It is gone from one moment to the next.
    pub fn kill(self, world: &World) {
        self.weather.set_gate(Gate::Killed);
        self.dispatcher.abort();
        self.others.iter().for_each(JoinHandle::abort);
        world.model.abort_all_of(self.weather.number);
    }

    /// It ends in order.
    pub async fn stop(self, world: &World) {
        self.weather.set_cut_off(false);
        self.weather.set_gate(Gate::Open);
        self.stop.cancel();
        let ended = self.dispatcher.await;
        if ended.is_err() {
            world.model.state().broken.push("the dispatcher panicked".to_owned());
        }
        self.weather.set_gate(Gate::Killed);
        self.others.iter().for_each(JoinHandle::abort);
        world.model.abort_all_of(self.weather.number);
    }

    /// Whether what must not end has ended.
    pub fn has_failed(&self) -> bool {
        self.dispatcher.is_finished() || self.others.iter().any(JoinHandle::is_finished)
    }
}

/// First what the start does, until it works, since who starts it tries again.
async fn run(
    dispatcher: Dispatcher,
    queue: Arc<Queue>,
    handed: mpsc::Receiver<Handed>,
    stop: CancellationToken,
) {
    while queue.take_over().await.is_err() {
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    dispatcher.run(handed, stop, PATIENCE).await;
}

async fn cancel_leftovers(queue: Arc<Queue>) {
    loop {
        tokio::time::sleep(LEFTOVERS_INTERVAL).await;
        // What is left is looked for again.
        let _ = queue.cancel_leftovers().await;
    }
}

async fn ask_the_time(
    model: Arc<super::model::Model>,
    weather: Arc<ReplicaWeather>,
    machine: Arc<VirtualClock>,
    database: Arc<DatabaseClock>,
) {
    loop {
        let asked = machine.monotonic();
        weather.pass().await;
        let time = model.now();
        weather.pass().await;
        database.set(time, asked);
        tokio::time::sleep(CLOCK_INTERVAL).await;
    }
}
