//! The publishers, a process of their own: load as callers make it, with the latency of each from the
//! time at which it was to be published.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context, ensure};
use bookora_webhooks::proto::event_ingest_client::EventIngestClient;
use bookora_webhooks::proto::publish_event_result::Result as ItemResult;
use bookora_webhooks::proto::{
    BatchPublishEventsRequest, PublishEventRequest, PublishEventResponse, PublishEventResult,
    StreamPublishEventsRequest,
};
use serde::{Deserialize, Serialize};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Channel;
use tonic::{Code, Response, Status};

use super::latency::{Latencies, Taken};
use super::role;
use super::stamp::{Stamp, now_nanos};

/// The part's name.
pub const NAME: &str = "publisher";
/// Connections to each replica, as of several services.
const CONNECTIONS: u32 = 4;
/// Calls that an open load may have under way. One that has more is not kept up with, and fails.
const OPEN_CALLS_MAX: usize = 20_000;
/// How long a call waits that was refused because too many were under way.
const OVERLOADED_WAIT: Duration = Duration::from_millis(50);
/// How often it is made before the load counts as not kept up with.
const OVERLOADED_TRIES_MAX: u32 = 200;
/// Requests of a stream that have no result yet, as the SDKs have.
const OUTSTANDING_MAX: usize = 256;

/// How events are published.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub enum Manner {
    /// So many callers, each with a `PublishEvent` at a time: a closed load.
    Unary { callers: u32 },
    /// A `PublishEvent` at each of so many times in a second, whatever became of those before: an open
    /// load.
    Paced { per_second: u32 },
    /// So many callers, each with a `BatchPublishEvents` at a time.
    Batch { callers: u32, events: u32 },
    /// So many streams.
    Stream { streams: u32 },
}

/// What to publish.
#[derive(Clone, Serialize, Deserialize)]
pub struct Plan {
    /// Of each replica, `ip:port`.
    pub addresses: Vec<String>,
    /// Event number n happens in account n modulo this.
    pub accounts: u32,
    /// How many.
    pub events: u32,
    /// And how.
    pub manner: Manner,
}

/// What was published.
#[derive(Serialize, Deserialize)]
pub struct Published {
    /// Events that were acknowledged: all.
    pub events: u64,
    /// The deliveries that they have.
    pub deliveries: u64,
    /// When it began and ended, in nanoseconds since 1970.
    pub begun_nanos: u64,
    pub ended_nanos: u64,
    /// From the intended time of publishing to the acknowledgement.
    pub latencies: Taken,
}

/// The name of an account.
pub fn account(number: u32) -> String {
    format!("load_{number}")
}

/// Runs as the part.
pub fn run() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    for plan in role::commands::<Plan>() {
        role::answer(&runtime.block_on(publish(plan?))?)?;
    }
    Ok(())
}

async fn publish(plan: Plan) -> anyhow::Result<Published> {
    let mut clients = Vec::new();
    for _ in 0..CONNECTIONS {
        for address in &plan.addresses {
            let channel = Channel::from_shared(format!("http://{address}"))?.connect().await?;
            clients.push(EventIngestClient::new(channel));
        }
    }
    let callers = match plan.manner {
        Manner::Unary { callers } | Manner::Batch { callers, .. } => callers,
        Manner::Stream { streams } => streams,
        Manner::Paced { .. } => 1,
    };
    let (begun_nanos, next) = (now_nanos(), Arc::new(AtomicU32::new(0)));
    let mut calling = JoinSet::new();
    for caller in 0..callers {
        let clients = clients[caller as usize % clients.len()..].iter();
        let caller = Caller {
            clients: clients.cloned().collect(),
            plan: plan.clone(),
            next: Arc::clone(&next),
            tally: Tally::new(),
        };
        calling.spawn(caller.call());
    }
    let mut all = Tally::new();
    while let Some(ended) = calling.join_next().await {
        all.add(&ended??);
    }
    ensure!(all.events == u64::from(plan.events), "{} were acknowledged", all.events);
    Ok(Published {
        events: all.events,
        deliveries: all.deliveries,
        begun_nanos,
        ended_nanos: now_nanos(),
        latencies: all.latencies.taken(),
    })
}

/// What one caller counts.
struct Tally {
    events: u64,
    deliveries: u64,
    latencies: Latencies,
}

impl Tally {
    fn new() -> Self {
        Self { events: 0, deliveries: 0, latencies: Latencies::new() }
    }

    fn count(&mut self, deliveries: i32, intended_nanos: u64) -> anyhow::Result<()> {
        self.events += 1;
        self.deliveries += u64::try_from(deliveries)?;
        self.latencies.record(now_nanos().saturating_sub(intended_nanos));
        Ok(())
    }

    fn add(&mut self, other: &Self) {
        self.events += other.events;
        self.deliveries += other.deliveries;
        self.latencies.add(&other.latencies);
    }
}

struct Caller {
    clients: Vec<EventIngestClient<Channel>>,
    plan: Plan,
    /// The next event's number, of all callers.
    next: Arc<AtomicU32>,
    tally: Tally,
}

impl Caller {
    async fn call(mut self) -> anyhow::Result<Tally> {
        match self.plan.manner {
            Manner::Unary { .. } => self.unary().await?,
            Manner::Paced { per_second } => self.paced(per_second).await?,
            Manner::Batch { events, .. } => self.batches(events).await?,
            Manner::Stream { .. } => self.stream().await?,
        }
        Ok(self.tally)
    }

    /// The next event, to be published now.
    fn next(&self) -> Option<(Stamp, PublishEventRequest)> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let stamp = Stamp { number, intended_nanos: now_nanos() };
        (number < self.plan.events).then(|| (stamp, self.event(stamp)))
    }

    fn event(&self, stamp: Stamp) -> PublishEventRequest {
        stamp.event(account(stamp.number % self.plan.accounts))
    }

    async fn unary(&mut self) -> anyhow::Result<()> {
        while let Some((stamp, event)) = self.next() {
            let published = self.clients[0].publish_event(event).await?.into_inner();
            self.tally.count(published.delivery_count, stamp.intended_nanos)?;
        }
        Ok(())
    }

    async fn paced(&mut self, per_second: u32) -> anyhow::Result<()> {
        let begun = now_nanos();
        let mut due = due_numbers(begun, per_second, self.plan.events);
        let under_way = Arc::new(Semaphore::new(OPEN_CALLS_MAX));
        let mut calls = JoinSet::new();
        while let Some(number) = due.recv().await {
            let stamp = Stamp { number, intended_nanos: begun + due_after(number, per_second) };
            let permit = Arc::clone(&under_way).try_acquire_owned();
            let permit = permit.context("the service does not keep up with this load")?;
            let client = self.clients[number as usize % self.clients.len()].clone();
            let event = self.event(stamp);
            calls.spawn(async move {
                let published = publish_patiently(client, event).await;
                drop(permit);
                anyhow::Ok((published?.delivery_count, stamp))
            });
            while let Some(ended) = calls.try_join_next() {
                let (deliveries, stamp) = ended??;
                self.tally.count(deliveries, stamp.intended_nanos)?;
            }
        }
        while let Some(ended) = calls.join_next().await {
            let (deliveries, stamp) = ended??;
            self.tally.count(deliveries, stamp.intended_nanos)?;
        }
        Ok(())
    }

    async fn batches(&mut self, events: u32) -> anyhow::Result<()> {
        loop {
            let batch = (0..events).map_while(|_| self.next());
            let (stamps, requests): (Vec<_>, Vec<_>) = batch.unzip();
            if requests.is_empty() {
                return Ok(());
            }
            let request = BatchPublishEventsRequest { requests };
            let response = self.clients[0].batch_publish_events(request).await?.into_inner();
            ensure!(response.results.len() == stamps.len(), "a result for each");
            for (stamp, result) in stamps.iter().zip(response.results) {
                self.tally.count(deliveries(Some(result))?, stamp.intended_nanos)?;
            }
        }
    }

    async fn stream(&mut self) -> anyhow::Result<()> {
        let (send, requests) = mpsc::channel(OUTSTANDING_MAX);
        let requests = ReceiverStream::new(requests);
        let mut client = self.clients[0].clone();
        let call = client.stream_publish_events(requests);
        let mut waiting = VecDeque::new();
        // The first request goes before the call: the server may answer with it only.
        self.fill(&send, &mut waiting);
        let mut results = call.await?.into_inner();
        while let Some(stamp) = waiting.pop_front() {
            let result = results.message().await?.context("a result for each")?.result;
            self.tally.count(deliveries(result)?, stamp.intended_nanos)?;
            self.fill(&send, &mut waiting);
        }
        drop(send);
        ensure!(results.message().await?.is_none(), "no result without a request");
        Ok(())
    }

    fn fill(&self, send: &mpsc::Sender<StreamPublishEventsRequest>, waiting: &mut VecDeque<Stamp>) {
        while waiting.len() < OUTSTANDING_MAX {
            let Ok(room) = send.try_reserve() else { return };
            let Some((stamp, event)) = self.next() else { return };
            waiting.push_back(stamp);
            room.send(StreamPublishEventsRequest { request: Some(event) });
        }
    }
}

/// Publishes an event, again where the service has too many calls under way: as every client does
/// that has the published service config. The wait is part of the event's latency.
async fn publish_patiently(
    mut client: EventIngestClient<Channel>,
    event: PublishEventRequest,
) -> Result<PublishEventResponse, Status> {
    for _ in 1..OVERLOADED_TRIES_MAX {
        match client.publish_event(event.clone()).await {
            Err(status) if status.code() == Code::Unavailable => {
                tokio::time::sleep(OVERLOADED_WAIT).await;
            }
            published => return published.map(Response::into_inner),
        }
    }
    client.publish_event(event).await.map(Response::into_inner)
}

/// The number of each event when it is to be published, from a thread of its own: it wakes within
/// some 0.1 ms, where a timer of the runtime would be up to 2 ms late, which would count as latency.
fn due_numbers(begun: u64, per_second: u32, events: u32) -> mpsc::Receiver<u32> {
    let (send, due) = mpsc::channel(OPEN_CALLS_MAX);
    std::thread::spawn(move || {
        for number in 0..events {
            let due_nanos = begun + due_after(number, per_second);
            std::thread::sleep(Duration::from_nanos(due_nanos.saturating_sub(now_nanos())));
            if send.blocking_send(number).is_err() {
                return;
            }
        }
    });
    due
}

/// How long after the first an event is to be published, in nanoseconds.
fn due_after(number: u32, per_second: u32) -> u64 {
    u64::from(number) * 1_000_000_000 / u64::from(per_second)
}

/// The deliveries of an event that was published.
fn deliveries(result: Option<PublishEventResult>) -> anyhow::Result<i32> {
    match result.and_then(|result| result.result).context("a result")? {
        ItemResult::Published(published) => Ok(published.delivery_count),
        ItemResult::Error(error) => anyhow::bail!("it was refused: {}", error.message),
    }
}
