//! Receivers of every behaviour, well or ill, all at once against one service: none holds a
//! delivery past its deadline, each outcome says what to do, and none costs memory for long.
//!
//! Each module beside [`matrix`] adds rows: what a receiver does, and what a first attempt must
//! make of it.

mod bodies;
mod connections;
mod framing;
mod heads;
mod http2;
mod matrix;
mod statuses;
mod tls;

#[path = "../../src/webhook/tests/authority.rs"]
mod authority;
#[path = "../../src/webhook/tests/receiver.rs"]
mod receiver;

use std::collections::HashMap;
use std::time::{Duration, Instant};

use bookora_webhooks::domain::event::EventType;
use bookora_webhooks::domain::random::SystemRandom;
use bookora_webhooks::domain::secret::Secret;
use bookora_webhooks::proto::delivery::State;
use bookora_webhooks::proto::watch_deliveries_response::Message;
use bookora_webhooks::proto::{
    Attempt, CreateEndpointRequest, Endpoint, WatchDeliveriesRequest, WatchDeliveriesResponse,
};
use tokio::time::{interval, timeout};
use tonic::Streaming;

use self::matrix::{Matrix, Row};
use crate::deliveries::sample;
use crate::service::{PATIENCE, Service};

const ACCOUNT: &str = "acct_1";
/// What each receiver has to answer in.
const DEADLINE: Duration = Duration::from_secs(2);
/// How much later than its deadline an attempt may be recorded and shown.
const LATENESS_MAX: Duration = Duration::from_secs(1);
/// How often all receivers are sent to: what the first round leaves behind is buffers that are
/// used again, what grows from round to round is a leak.
const ROUNDS: u32 = 3;
/// How much more memory the service may hold after the last round than after the first.
const GROWTH_BYTES_MAX: u64 = 32 << 20;
/// How much memory the service may hold at any time: more than twice what it does, and less than
/// one receiver that it keeps everything of would cost.
const PEAK_BYTES_MAX: u64 = 128 << 20;
/// How often it is looked at.
const SAMPLING_INTERVAL: Duration = Duration::from_millis(50);
/// Fewest behaviours that the matrix holds.
const ROWS_MIN: usize = 60;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_receiver_holds_a_delivery_past_its_deadline_or_costs_memory_for_long() {
    let matrix = Matrix::build().await;
    assert!(matrix.rows.len() >= ROWS_MIN, "{} rows", matrix.rows.len());
    let ca_argument = format!("--ca-file={}", matrix.authority.ca_file().display());
    let service = Service::start(&[&ca_argument, "--allow-http"]);
    let rows = register(&service, &matrix).await;
    let mut watch = watch(&service).await;

    let mut wrong = Vec::new();
    let (mut resident, mut peak) = (Vec::new(), 0);
    for round in 1..=ROUNDS {
        let (seen, round_peak) = run(&service, &mut watch).await;
        peak = peak.max(round_peak);
        // A receiver that is gone may not be sent to again.
        let missing = rows.values().filter(|row| !seen.iter().any(|one| rows[&one.0].is(row)));
        wrong.extend(
            missing
                .filter(|row| round == 1 || !row.is_gone())
                .map(|row| format!("round {round}: {}: no outcome", row.name)),
        );
        for (endpoint_id, attempt, took) in &seen {
            wrong.extend(
                rows[endpoint_id]
                    .problems(attempt, *took)
                    .map(|problem| format!("round {round}: {problem}")),
            );
        }
        if round == 1 {
            print_table(&rows, &seen);
        }
        let (now, peak) = (service.resident_bytes(), round_peak);
        let (kib, peak_kib) = (now >> 10, peak >> 10);
        println!("round {round}: {} outcomes, {kib} KiB resident, peak {peak_kib} KiB", seen.len());
        resident.push(now);
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(matrix.trap.connections(), 0, "no redirect was followed");
    assert!(peak <= PEAK_BYTES_MAX, "held {peak} bytes");
    let growth = resident[resident.len() - 1].saturating_sub(resident[0]);
    assert!(growth <= GROWTH_BYTES_MAX, "grew by {growth} bytes: {resident:?}");
}

impl Row {
    fn is(&self, other: &Self) -> bool {
        self.name == other.name
    }

    /// What is wrong with an attempt that was seen `took` after it was asked for.
    fn problems(&self, attempt: &Attempt, took: Duration) -> impl Iterator<Item = String> {
        let (outcome, told) = (attempt.outcome(), attempt.error_message.as_str());
        let latency: Duration = attempt.latency.unwrap().try_into().unwrap();
        let expected = &self.expected;
        [
            (!expected.outcomes.contains(&outcome))
                .then(|| format!("{outcome:?} ({told:?}) instead of {:?}", expected.outcomes)),
            (outcome == *expected.outcomes.first().unwrap() && !told.contains(expected.told))
                .then(|| format!("{told:?} does not say {:?}", expected.told)),
            (latency > DEADLINE + LATENESS_MAX).then(|| format!("recorded as {latency:?} long")),
            (took > DEADLINE + LATENESS_MAX).then(|| format!("seen after {took:?}")),
        ]
        .into_iter()
        .flatten()
        .map(|problem| format!("{}: {problem}", self.name))
    }
}

/// One endpoint for each row, by its id.
async fn register<'a>(service: &Service, matrix: &'a Matrix) -> HashMap<String, &'a Row> {
    let mut admin = service.admin().await;
    let secret = Secret::generate(&SystemRandom);
    let mut rows = HashMap::new();
    for row in &matrix.rows {
        let endpoint = Endpoint {
            account_id: ACCOUNT.to_owned(),
            url: row.url.clone(),
            request_timeout: Some(DEADLINE.try_into().unwrap()),
            // Beyond the test's end: each delivery has one attempt.
            retry_schedule: vec![Duration::from_hours(24).try_into().unwrap()],
            ..Endpoint::default()
        };
        let request = CreateEndpointRequest {
            endpoint: Some(endpoint),
            secret: Some(secret.expose().to_owned()),
            ..CreateEndpointRequest::default()
        };
        let created = admin.create_endpoint(request).await;
        let created = created.unwrap_or_else(|status| panic!("{}: {status}", row.name));
        rows.insert(created.into_inner().endpoint.unwrap().endpoint_id, row);
    }
    rows
}

async fn watch(service: &Service) -> Streaming<WatchDeliveriesResponse> {
    let request = WatchDeliveriesRequest {
        account_id: ACCOUNT.to_owned(),
        ..WatchDeliveriesRequest::default()
    };
    let mut watch = service.query().await.watch_deliveries(request).await.unwrap().into_inner();
    // The first heartbeat: from here on every change is seen.
    watch.message().await.unwrap();
    watch
}

/// A first attempt that ended: the endpoint's id, the attempt, and how long after the publish it
/// was seen.
type Seen = (String, Attempt, Duration);

/// Publishes one event to all endpoints and sees every first attempt end, and how much memory the
/// service held at most meanwhile.
async fn run(
    service: &Service,
    watch: &mut Streaming<WatchDeliveriesResponse>,
) -> (Vec<Seen>, u64) {
    let event = sample(ACCOUNT, EventType::BookingCreated);
    let published = service.ingest().await.publish_event(event).await.unwrap().into_inner();
    let start = now();
    let (mut seen, mut peak) = (Vec::new(), 0);
    let mut sampling = interval(SAMPLING_INTERVAL);
    while seen.len() < usize::try_from(published.delivery_count).unwrap() {
        let message = tokio::select! {
            message = timeout(PATIENCE, watch.message()) => message,
            _ = sampling.tick() => {
                peak = peak.max(service.resident_bytes());
                continue;
            }
        };
        let message = message.expect("each attempt ends").unwrap().expect("the watch goes on");
        let Some(Message::Update(update)) = message.message else { continue };
        let delivery = update.delivery.unwrap();
        if delivery.event_id == published.event_id && delivery.state() != State::Pending {
            let attempt = delivery.last_attempt.expect("an attempt ended");
            seen.push((delivery.endpoint_id, attempt, start.elapsed()));
        }
    }
    (seen, peak)
}

fn print_table(rows: &HashMap<String, &Row>, seen: &[Seen]) {
    let mut lines: Vec<String> = seen
        .iter()
        .map(|(endpoint_id, attempt, took)| {
            let outcome = attempt.outcome().as_str_name().trim_start_matches("OUTCOME_");
            let name = &rows[endpoint_id].name;
            format!(
                "{name:<64} {outcome:<12} {:>5} ms  {}",
                took.as_millis(),
                attempt.error_message
            )
        })
        .collect();
    lines.sort();
    println!("{}\n{} behaviours", lines.join("\n"), lines.len());
}

#[expect(clippy::disallowed_methods, reason = "how long an attempt took is measured from outside")]
fn now() -> Instant {
    Instant::now()
}
