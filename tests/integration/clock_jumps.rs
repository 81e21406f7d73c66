//! The wall clock is set by a day, while the service runs and from one start to the next: what
//! waits is sent after its wait, neither at once nor a day later.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use bookora_webhooks::app::App;
use bookora_webhooks::config::{Cli, Command, ServeArgs};
use bookora_webhooks::domain::clock::{Clock, SystemClock, Timestamp};
use bookora_webhooks::domain::event::EventType;
use bookora_webhooks::domain::random::{Random, SystemRandom};
use bookora_webhooks::proto::delivery::State;
use bookora_webhooks::proto::{Delivery, Endpoint, ListDeliveriesRequest};
use bookora_webhooks::telemetry::Telemetry;
use clap::Parser;
use tokio::net::TcpListener;
use tonic::transport::Channel;

use crate::caller::{ACCOUNT, Caller, nanos};
use crate::database::{ask, database_file};
use crate::deliveries::{sample, seconds};
use crate::held_request::HeldRequest;
use crate::plain_receiver::{PlainReceiver, attempt, status};
use crate::service::{eventually, serve_arguments};

const DAY: Duration = Duration::from_hours(24);
/// A wait before a retry that is longer than a test, also with 20 % taken off.
const LONG_WAIT: i64 = 3_600;

/// A wall clock that can be set; time goes on by itself.
struct SetClock {
    machine: SystemClock,
    /// Nanoseconds.
    ahead: AtomicI64,
    /// How often it is read before it is set forward by a [`DAY`]; negative: it is not.
    readings_left: AtomicI64,
}

impl SetClock {
    fn new() -> Arc<Self> {
        let (machine, ahead) = (SystemClock::new(), AtomicI64::new(0));
        Arc::new(Self { machine, ahead, readings_left: AtomicI64::new(-1) })
    }

    fn set_forward_after(&self, readings: i64) {
        self.readings_left.store(readings, Ordering::SeqCst);
    }

    fn was_set(&self) -> bool {
        self.readings_left.load(Ordering::SeqCst) < 0
    }

    fn set_forward(&self, by: Duration) {
        self.ahead.fetch_add(i64::try_from(by.as_nanos()).unwrap(), Ordering::SeqCst);
    }

    fn set_back(&self, by: Duration) {
        self.ahead.fetch_sub(i64::try_from(by.as_nanos()).unwrap(), Ordering::SeqCst);
    }
}

impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        if self.readings_left.fetch_sub(1, Ordering::SeqCst) == 0 {
            self.set_forward(DAY);
        }
        let ahead = self.ahead.load(Ordering::SeqCst);
        Timestamp::from_unix_nanos(self.machine.now().as_unix_nanos() + ahead)
    }

    fn monotonic(&self) -> Duration {
        self.machine.monotonic()
    }
}

/// The service inside of the test, at a time that the test sets.
struct Inside {
    app: App,
    caller: Caller,
}

impl Inside {
    async fn start(folder: &Path, clock: &Arc<SetClock>) -> Self {
        // The one before lets go of the file with its last task.
        let start = async || {
            let (settings, clock) = (settings(folder), Arc::clone(clock) as _);
            App::start(settings, clock, random(), &Telemetry::quiet()).await.ok()
        };
        let app = eventually("it starts", start).await;
        let caller = Caller::on(channel(app.address).await);
        Self { app, caller }
    }

    /// The deliveries, once all are in a state and fulfil a condition.
    async fn all(&mut self, state: State, also: impl Fn(&Delivery) -> bool) -> Vec<Delivery> {
        let request = ListDeliveriesRequest {
            account_id: ACCOUNT.to_owned(),
            page_size: 1_000,
            ..ListDeliveriesRequest::default()
        };
        eventually(&format!("all are {}", state.as_str_name()), async || {
            let deliveries = self.caller.deliveries(request.clone()).await;
            deliveries.iter().all(|one| one.state() == state && also(one)).then_some(deliveries)
        })
        .await
    }

    /// When the ten that wait for [`LONG_WAIT`] are due, in nanoseconds, by event: in about that
    /// time, once all else has arrived.
    async fn due_later(&mut self, clock: &SetClock) -> BTreeMap<String, i128> {
        let request = ListDeliveriesRequest {
            account_id: ACCOUNT.to_owned(),
            ..ListDeliveriesRequest::default()
        };
        let waiting: BTreeMap<_, _> = eventually("all else has arrived", async || {
            let deliveries = self.caller.deliveries(request.clone()).await;
            let waiting = deliveries.iter().filter(|one| one.state() != State::Succeeded);
            let waiting: BTreeMap<_, _> =
                waiting.map(|one| (one.event_id.clone(), due(one))).collect();
            (waiting.len() == 10).then_some(waiting)
        })
        .await;
        let now = i128::from(clock.now().as_unix_nanos());
        let wait = i128::from(LONG_WAIT) * 1_000_000_000;
        assert!(waiting.values().all(|due| (now + wait / 2..now + 2 * wait).contains(due)));
        waiting
    }

    async fn publish(&mut self, events: usize) {
        self.caller.publish_all(vec![sample(ACCOUNT, EventType::BookingCreated); events]).await;
    }
}

fn settings(folder: &Path) -> ServeArgs {
    let arguments = ["--allow-http", "--allow-network=127.0.0.0/8"].map(str::to_owned);
    let arguments = serve_arguments(&database_file(folder)).into_iter().chain(arguments);
    let cli = Cli::try_parse_from(["bookora-webhooks".to_owned()].into_iter().chain(arguments));
    let Ok(Cli { command: Command::Serve(serve) }) = cli else { panic!("it is `serve`") };
    serve.settings
}

fn random() -> Arc<dyn Random> {
    Arc::new(SystemRandom)
}

async fn channel(address: SocketAddr) -> Channel {
    let endpoint = Channel::from_shared(format!("http://{address}")).expect("a URI");
    endpoint.connect().await.expect("it takes connections")
}

/// Refuses the first attempt of everything.
async fn flaky() -> PlainReceiver {
    PlainReceiver::start(|headers| status(if attempt(headers) == 1 { 500 } else { 204 })).await
}

fn retried_after(receiver: &PlainReceiver, wait: i64) -> Endpoint {
    Endpoint {
        account_id: ACCOUNT.to_owned(),
        url: receiver.url(),
        retry_schedule: vec![seconds(wait)],
        ..Endpoint::default()
    }
}

/// In nanoseconds.
fn due(delivery: &Delivery) -> i128 {
    nanos(delivery.next_attempt_time)
}

#[tokio::test]
async fn what_waits_when_the_clock_is_set_back_is_sent_after_its_wait_and_not_a_day_later() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), SetClock::new());
    let mut inside = Inside::start(folder.path(), &clock).await;
    let (soon, later) = (flaky().await, flaky().await);
    inside.caller.register(retried_after(&soon, 2)).await;
    inside.caller.register(retried_after(&later, LONG_WAIT)).await;
    inside.publish(5).await;
    eventually("all were refused once", async || {
        (soon.requests() >= 5 && later.requests() >= 5).then_some(())
    })
    .await;
    clock.set_back(DAY);
    // Nor does it hold up what is published from then on.
    inside.publish(5).await;
    eventually("what was to be sent soon arrives", async || (soon.requests() == 20).then_some(()))
        .await;
    inside.due_later(&clock).await;
    assert_eq!(later.requests(), 10, "each once");
    inside.app.stop().await;
}

#[tokio::test]
async fn what_waits_when_the_clock_is_set_forward_is_not_sent_at_once() {
    // More than one step moves.
    const EVENTS: usize = 700;
    let (folder, clock) = (tempfile::tempdir().unwrap(), SetClock::new());
    let mut inside = Inside::start(folder.path(), &clock).await;
    let receiver = flaky().await;
    inside.caller.register(retried_after(&receiver, LONG_WAIT)).await;
    for _ in 0..2 {
        inside.publish(EVENTS / 2).await;
    }
    let before = inside.all(State::Retrying, |_| true).await;
    let due_before: Vec<_> = before.iter().map(due).collect();
    clock.set_forward(DAY);
    let earliest = i128::from(clock.now().as_unix_nanos());
    let after = inside.all(State::Retrying, |one| due(one) > earliest).await;
    let day = i128::try_from(DAY.as_nanos()).unwrap();
    let off = |(before, after): (&i128, &Delivery)| (due(after) - before - day).unsigned_abs();
    let off = due_before.iter().zip(&after).map(off).max().unwrap();
    assert!(off < 1_000_000_000, "moved by {off} ns more or less than the clock");
    // What is published now is sent at once, and nothing else is.
    inside.publish(1).await;
    eventually("it is sent", async || (receiver.requests() > EVENTS).then_some(())).await;
    inside.all(State::Retrying, |one| one.attempt_count == 1).await;
    assert_eq!(receiver.requests(), EVENTS + 1);
    inside.app.stop().await;
}

#[tokio::test]
async fn a_clock_that_is_set_at_any_moment_makes_nothing_due() {
    const EVENTS: usize = 3;
    // A turn of the dispatcher, and what else goes by the clock meanwhile.
    const READINGS: i64 = 8;
    let (folder, clock) = (tempfile::tempdir().unwrap(), SetClock::new());
    let mut inside = Inside::start(folder.path(), &clock).await;
    let receiver = flaky().await;
    inside.caller.register(retried_after(&receiver, LONG_WAIT)).await;
    inside.publish(EVENTS).await;
    inside.all(State::Retrying, |_| true).await;
    for readings in 0..READINGS {
        clock.set_forward_after(readings);
        eventually("it is set", async || clock.was_set().then_some(())).await;
        let earliest = i128::from(clock.now().as_unix_nanos());
        inside.all(State::Retrying, |one| due(one) > earliest).await;
    }
    assert_eq!(receiver.requests(), EVENTS, "each was sent once");
    inside.app.stop().await;
}

#[tokio::test]
async fn what_is_under_way_when_the_clock_is_set_is_not_sent_again() {
    for is_back in [false, true] {
        let (folder, clock) = (tempfile::tempdir().unwrap(), SetClock::new());
        let mut inside = Inside::start(folder.path(), &clock).await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = Endpoint {
            account_id: ACCOUNT.to_owned(),
            url: format!("http://{}/hooks", listener.local_addr().unwrap()),
            request_timeout: Some(seconds(30)),
            ..Endpoint::default()
        };
        inside.caller.register(endpoint).await;
        inside.publish(1).await;
        let held = HeldRequest::accept(&listener).await;
        if is_back {
            clock.set_back(DAY);
        } else {
            clock.set_forward(DAY);
        }
        let (lease, now) = (database_file(folder.path()), clock.now().as_unix_nanos());
        // By when the lease has come to the new time, it would have been freed if it were to be.
        eventually("the lease follows the clock", async || {
            let sql = "SELECT MAX(lease_expire_time) FROM deliveries";
            let expiry = ask(&lease, sql).await;
            (now..now + 100_000_000_000).contains(&expiry).then_some(())
        })
        .await;
        held.acknowledge().await;
        let delivered = inside.all(State::Succeeded, |_| true).await;
        assert_eq!((delivered[0].attempt_count, delivered[0].revision), (1, 2));
        let again = tokio::time::timeout(Duration::ZERO, listener.accept()).await;
        assert!(again.is_err(), "it was sent once");
        inside.app.stop().await;
    }
}

#[tokio::test]
async fn a_start_with_a_clock_behind_sends_what_waits_after_its_wait() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), SetClock::new());
    let mut inside = Inside::start(folder.path(), &clock).await;
    let (soon, later) = (flaky().await, flaky().await);
    inside.caller.register(retried_after(&soon, 2)).await;
    inside.caller.register(retried_after(&later, LONG_WAIT)).await;
    inside.publish(10).await;
    inside.all(State::Retrying, |_| true).await;
    inside.app.stop().await;
    clock.set_back(DAY);
    let mut inside = Inside::start(folder.path(), &clock).await;
    let arrived = async || (soon.requests() == 20).then_some(());
    eventually("what was to be sent soon arrives", arrived).await;
    let waiting = inside.due_later(&clock).await;
    // Another start finds them as they are to be.
    inside.app.stop().await;
    let mut inside = Inside::start(folder.path(), &clock).await;
    assert_eq!(inside.due_later(&clock).await, waiting);
    assert_eq!(later.requests(), 10, "each once");
    inside.app.stop().await;
}
