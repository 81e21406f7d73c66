//! What an endpoint, an account or a backlog costs the others, measured on the real binary:
//!
//! - `hang`: 1,000 endpoints of which 900 hang; the rate of the other 100, beside their rate alone.
//! - `flood`: an account with 1,000,000 due deliveries; another account's time from publish to
//!   receipt, beside its time alone, and the memory of the service.
//! - `carry`: what one database carries: deliveries a second, processor time and bytes of each, on
//!   the database that `BOOKORA_BENCH_DATABASE_URL` names, with `BOOKORA_BENCH_REPLICAS` replicas
//!   and the keys of `BOOKORA_MASTER_KEY_FILE`; without them on a SQLite file.
//! - `claim`: the time of one claim with 1,000,000 due and 5,000,000 terminal rows, beside that
//!   with 1,000 due rows.
//! - `figures`: the processor time of counting 1,000,000 deliveries of 30 days, and the time of a
//!   GetDeliveryStats over all of them.
//!
//! `cargo bench --bench neighbours -- hang`; without a name all are run. Figures are ratios within
//! one run: absolute ones are the machine's.

mod backlog;
mod carry;
mod figures;
mod receiver;
mod service;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::ensure;
use bookora_webhooks::domain::event::EventType;
use bookora_webhooks::grpc::event_samples;
use bookora_webhooks::proto::{
    BatchPublishEventsRequest, CreateEndpointRequest, Endpoint, PublishEventRequest,
};
use tokio::task::JoinSet;

use self::receiver::Receiver;
use self::service::Service;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let wanted: Vec<String> =
        std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let is_wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|one| one == name);
    if is_wanted("hang") {
        hang().await?;
    }
    if is_wanted("flood") {
        flood().await?;
    }
    if is_wanted("carry") {
        let url = std::env::var("BOOKORA_BENCH_DATABASE_URL").ok();
        let replicas = std::env::var("BOOKORA_BENCH_REPLICAS").unwrap_or_else(|_| "1".to_owned());
        carry::carry(url.as_deref(), replicas.parse()?).await?;
    }
    if is_wanted("claim") {
        backlog::claim().await?;
    }
    if is_wanted("figures") {
        figures::figures().await?;
    }
    Ok(())
}

const HEALTHY: u8 = 100;
const HANGING: u16 = 900;
const EVENTS_PER_HEALTHY: usize = 100;

async fn hang() -> anyhow::Result<()> {
    let service = Service::start(&[]).await?;
    let mut receiver = Receiver::start().await?;
    let silent = Receiver::start_silent().await?;
    for healthy in 1..=HEALTHY {
        let url = format!("http://127.2.0.{healthy}:{}/hooks", receiver.port);
        register(&service, &format!("healthy_{healthy}"), url).await?;
    }
    for hanging in 0..HANGING {
        let [high, low] = hanging.to_be_bytes();
        let url = format!("http://127.1.{high}.{}:{}/hooks", low.max(1), silent.port);
        register(&service, &format!("hanging_{hanging}"), url).await?;
    }
    healthy_rate(&service, &mut receiver).await?;
    let alone = healthy_rate(&service, &mut receiver).await?;
    let accounts: Vec<String> = (0..HANGING).map(|hanging| format!("hanging_{hanging}")).collect();
    for some in accounts.chunks(25) {
        publish(&service, some, 20).await?;
    }
    let beside_first = healthy_rate(&service, &mut receiver).await?;
    let beside = healthy_rate(&service, &mut receiver).await?;
    println!(
        "hang: {HEALTHY} endpoints alone {alone:.0} deliveries/s; beside {HANGING} that hang \
         {beside_first:.0} at first, then {beside:.0}: {:.0} % and {:.0} %",
        100.0 * beside_first / alone,
        100.0 * beside / alone,
    );
    Ok(())
}

/// Publishes to the healthy endpoints and says at which rate it arrived.
async fn healthy_rate(service: &Service, receiver: &mut Receiver) -> anyhow::Result<f64> {
    let accounts: Vec<String> = (1..=HEALTHY).map(|healthy| format!("healthy_{healthy}")).collect();
    let total = accounts.len() * EVENTS_PER_HEALTHY;
    let start = now();
    let mut publishing = JoinSet::new();
    for some in accounts.chunks(25) {
        let (some, service) = (some.to_vec(), service.clone());
        publishing.spawn(async move {
            for _ in 0..EVENTS_PER_HEALTHY / 20 {
                publish(&service, &some, 20).await?;
            }
            anyhow::Ok(())
        });
    }
    for _ in 0..total {
        receiver.next().await?;
    }
    for published in publishing.join_all().await {
        published?;
    }
    #[expect(clippy::cast_precision_loss, reason = "a count of thousands")]
    Ok(total as f64 / start.elapsed().as_secs_f64())
}

const PACED_EVENTS: u32 = 1_000;
const PACE: Duration = Duration::from_millis(20);
const DUE: u32 = 1_000_000;

async fn flood() -> anyhow::Result<()> {
    let mut service = Service::start(&[]).await?;
    let mut receiver = Receiver::start().await?;
    let mut flooded = Receiver::start().await?;
    let url = format!("http://127.2.0.1:{}/hooks", receiver.port);
    register(&service, "modest", url).await?;
    let url = format!("http://127.3.0.1:{}/hooks", flooded.port);
    let flooded_endpoint = register(&service, "flooded", url).await?;
    paced(&service, &mut receiver).await?;
    let alone = paced(&service, &mut receiver).await?;
    service.stop().await?;
    backlog::add_due(&service.database(), "flooded", &flooded_endpoint, DUE).await?;
    service.restart().await?;
    let drained = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&drained);
    let draining = tokio::spawn(async move {
        while flooded.next().await.is_ok() {
            count.fetch_add(1, Ordering::Relaxed);
        }
    });
    let beside = paced(&service, &mut receiver).await?;
    let rss = service.rss_mib()?;
    draining.abort();
    let drained = drained.load(Ordering::Relaxed);
    ensure!(0 < drained && drained < DUE, "{drained} of {DUE} were sent: that is no flood");
    println!(
        "flood: publish to receipt alone p50 {:.1} ms, p99 {:.1} ms; beside {DUE} due deliveries \
         of another account p50 {:.1} ms, p99 {:.1} ms ({:.1} x); {drained} of these were sent \
         meanwhile; RSS {rss} MiB",
        alone[0],
        alone[1],
        beside[0],
        beside[1],
        beside[1] / alone[1],
    );
    Ok(())
}

/// Publishes at a steady pace and says p50 and p99 from publish to receipt, in milliseconds.
async fn paced(service: &Service, receiver: &mut Receiver) -> anyhow::Result<[f64; 2]> {
    let mut ingest = service.ingest.clone();
    let publishing = tokio::spawn(async move {
        let mut ticks = tokio::time::interval(PACE);
        let mut begun = Vec::new();
        for _ in 0..PACED_EVENTS {
            // The intended time: a publish that comes late is not forgiven its delay.
            let intended = ticks.tick().await.into_std();
            let published = ingest.publish_event(sample("modest")).await?.into_inner();
            begun.push((published.event_id, intended));
        }
        anyhow::Ok(begun)
    });
    let mut arrived = std::collections::HashMap::new();
    while arrived.len() < PACED_EVENTS as usize {
        let (event_id, time) = receiver.next().await?;
        arrived.entry(event_id).or_insert(time);
    }
    let mut millis: Vec<f64> = publishing
        .await??
        .into_iter()
        .map(|(event_id, intended)| (arrived[&event_id] - intended).as_secs_f64() * 1_000.0)
        .collect();
    millis.sort_by(f64::total_cmp);
    Ok([millis[millis.len() / 2], millis[millis.len() * 99 / 100]])
}

async fn register(service: &Service, account_id: &str, url: String) -> anyhow::Result<String> {
    let endpoint = Endpoint { account_id: account_id.to_owned(), url, ..Endpoint::default() };
    let request =
        CreateEndpointRequest { endpoint: Some(endpoint), ..CreateEndpointRequest::default() };
    let created = service.admin.clone().create_endpoint(request).await?.into_inner();
    Ok(created.endpoint.unwrap_or_default().endpoint_id)
}

async fn publish(service: &Service, accounts: &[String], events: usize) -> anyhow::Result<()> {
    let requests = accounts.iter().flat_map(|account| vec![sample(account); events]).collect();
    let request = BatchPublishEventsRequest { requests };
    service.ingest.clone().batch_publish_events(request).await?;
    Ok(())
}

fn sample(account_id: &str) -> PublishEventRequest {
    PublishEventRequest {
        account_id: account_id.to_owned(),
        data: Some(event_samples::data(EventType::BookingCreated)),
        ..PublishEventRequest::default()
    }
}

#[expect(clippy::disallowed_methods, reason = "measuring time is what this is for")]
fn now() -> Instant {
    Instant::now()
}
