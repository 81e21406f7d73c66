//! The main job, seen: a service on a temporary database, two HTTPS receivers, one event of each
//! type, an endpoint that fails twice before it accepts, the watch, and the verified signatures.
//! Nothing has to be installed or configured.

use std::collections::{BTreeMap, HashMap};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use clap::Parser;
use tonic::transport::Channel;

use crate::app::App;
use crate::config::{Cli, Command, DemoArgs, ServeArgs};
use crate::domain::clock::SystemClock;
use crate::domain::event::EventType;
use crate::domain::random::SystemRandom;
use crate::domain::secret::Secret;
use crate::grpc::event_samples;
use crate::proto::delivery::State;
use crate::proto::delivery_query_client::DeliveryQueryClient;
use crate::proto::endpoint_admin_client::EndpointAdminClient;
use crate::proto::event_ingest_client::EventIngestClient;
use crate::proto::watch_deliveries_response::Message;
use crate::proto::{
    CreateEndpointRequest, Delivery, DeliveryUpdate, Endpoint, PublishEventRequest,
    WatchDeliveriesRequest, WatchDeliveriesResponse,
};
use crate::receiver::{Certificate, Received, Receiver, ReceiverSettings};
use crate::telemetry::Telemetry;

const ACCOUNT: &str = "acct_demo";
/// How many attempts the second receiver refuses.
const FAILS: u32 = 2;
/// Waits before the second endpoint's retries: short, so that the demo is.
const SHORT_SCHEDULE: [Duration; 3] =
    [Duration::from_secs(1), Duration::from_secs(1), Duration::from_secs(1)];
/// What the second endpoint subscribes to.
const BOOKINGS: &str = "booking.*";

/// Runs the demo.
///
/// # Errors
/// Where anything was not delivered, did not verify, or did not end in time.
pub async fn run(settings: &DemoArgs) -> anyhow::Result<()> {
    tokio::time::timeout(settings.timeout, show())
        .await
        .with_context(|| format!("the demo did not end within {:?}", settings.timeout))?
}

async fn show() -> anyhow::Result<()> {
    let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
    let (steady, flaky) = (Party::start(0).await?, Party::start(FAILS).await?);
    let ca_file = folder.path().join("receivers.pem");
    std::fs::write(&ca_file, format!("{}{}", steady.pem, flaky.pem))?;
    let database = folder.path().join("demo.db");
    let app = App::start(
        serve_settings(&[
            "--listen=127.0.0.1:0",
            "--ops-listen=127.0.0.1:0",
            "--allow-network=127.0.0.0/8",
            &format!("--database-url=sqlite://{}?mode=rwc", database.display()),
            &format!("--ca-file={}", ca_file.display()),
        ])?,
        Arc::new(SystemClock::new()),
        Arc::new(SystemRandom),
        &Telemetry::quiet(),
    )
    .await?;
    println!("The service answers gRPC on {}, its database is {}", app.address, database.display());

    let channel = Channel::from_shared(format!("http://{}", app.address))?.connect().await?;
    let all = register(&channel, &steady, &[], &[]).await?;
    println!("Endpoint {} ({}) gets every event", all.endpoint_id, all.url);
    let bookings = register(&channel, &flaky, &[BOOKINGS], &SHORT_SCHEDULE).await?;
    println!(
        "Endpoint {} ({}) gets {BOOKINGS}, and refuses each {FAILS} times before it accepts",
        bookings.endpoint_id, bookings.url
    );

    let mut watch = DeliveryQueryClient::new(channel.clone())
        .watch_deliveries(WatchDeliveriesRequest {
            account_id: ACCOUNT.to_owned(),
            ..WatchDeliveriesRequest::default()
        })
        .await?
        .into_inner();
    let deliveries = publish_all(&channel).await?;

    println!("\nThe watch says:");
    let mut open = deliveries;
    let mut last: HashMap<String, Delivery> = HashMap::new();
    while open > 0 {
        let message = watch.message().await?.context("the watch ended")?;
        let Some(update) = update_of(message) else { continue };
        println!("  {}", line_of(&update, &bookings.endpoint_id));
        let delivery = update.delivery.context("an update has its delivery")?;
        open -= usize::from(is_closed(delivery.state()));
        last.insert(delivery.delivery_id.clone(), delivery);
    }
    app.stop().await;

    println!("\nThe receivers say:");
    let received = [steady.drain("every event"), flaky.drain(BOOKINGS)].concat();
    check(&last, &received, deliveries)?;
    println!(
        "\n{deliveries} deliveries, {} requests, all delivered, all verified.",
        received.len()
    );
    Ok(())
}

/// A receiver with what its endpoint needs to know.
struct Party {
    receiver: Receiver,
    secret: Secret,
    pem: String,
}

impl Party {
    async fn start(fail_attempts: u32) -> anyhow::Result<Self> {
        let secret = Secret::generate(&SystemRandom);
        let certificate = Certificate::for_names(&["127.0.0.1"])?;
        let pem = certificate.pem().to_owned();
        let receiver = Receiver::start(ReceiverSettings {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            secret: secret.clone(),
            certificate: Some(certificate),
            fail_attempts,
        })
        .await?;
        Ok(Self { receiver, secret, pem })
    }

    /// Prints and returns what came in.
    fn drain(mut self, name: &str) -> Vec<Received> {
        let mut all = Vec::new();
        while let Ok(received) = self.receiver.received.try_recv() {
            println!("  [{name}] {received}");
            all.push(received);
        }
        all
    }
}

fn serve_settings(arguments: &[&str]) -> anyhow::Result<ServeArgs> {
    let all = ["bookora-webhooks", "serve"].iter().chain(arguments);
    match Cli::try_parse_from(all)?.command {
        // Whoever may call a service of the user's need not call this one.
        Command::Serve(serve) => Ok(ServeArgs { tokens_file: None, ..serve.settings }),
        _ => anyhow::bail!("`serve` was asked for"),
    }
}

async fn register(
    channel: &Channel,
    party: &Party,
    event_types: &[&str],
    schedule: &[Duration],
) -> anyhow::Result<Endpoint> {
    let schedule: Result<Vec<_>, _> = schedule.iter().map(|wait| (*wait).try_into()).collect();
    let endpoint = Endpoint {
        account_id: ACCOUNT.to_owned(),
        url: format!("https://{}/hooks", party.receiver.address),
        event_types: event_types.iter().map(ToString::to_string).collect(),
        retry_schedule: schedule?,
        ..Endpoint::default()
    };
    let response = EndpointAdminClient::new(channel.clone())
        .create_endpoint(CreateEndpointRequest {
            endpoint: Some(endpoint),
            secret: Some(party.secret.expose().to_owned()),
            ..CreateEndpointRequest::default()
        })
        .await?;
    response.into_inner().endpoint.context("a created endpoint is returned")
}

/// Publishes one event of each type and says how many deliveries that makes.
async fn publish_all(channel: &Channel) -> anyhow::Result<usize> {
    let mut ingest = EventIngestClient::new(channel.clone());
    let mut deliveries = 0;
    println!("\nPublished:");
    for event_type in EventType::ALL {
        let published = ingest
            .publish_event(PublishEventRequest {
                account_id: ACCOUNT.to_owned(),
                idempotency_key: format!("demo {event_type}"),
                data: Some(event_samples::data(event_type)),
                ..PublishEventRequest::default()
            })
            .await?
            .into_inner();
        println!(
            "  {event_type} is {}, {} deliveries",
            published.event_id, published.delivery_count
        );
        deliveries += usize::try_from(published.delivery_count)?;
    }
    Ok(deliveries)
}

fn update_of(message: WatchDeliveriesResponse) -> Option<DeliveryUpdate> {
    match message.message {
        Some(Message::Update(update)) => Some(update),
        _ => None,
    }
}

fn is_closed(state: State) -> bool {
    matches!(state, State::Succeeded | State::Failed | State::Cancelled)
}

fn line_of(update: &DeliveryUpdate, flaky_endpoint: &str) -> String {
    let Some(delivery) = &update.delivery else { return String::new() };
    let name = |state: State| state.as_str_name().trim_start_matches("STATE_").to_owned();
    let to = if delivery.endpoint_id == flaky_endpoint { BOOKINGS } else { "every event" };
    let change = match update.previous_state() {
        State::Unspecified => name(delivery.state()),
        previous => format!("{} -> {}", name(previous), name(delivery.state())),
    };
    let reason = match delivery.state_reason.as_str() {
        "" => String::new(),
        reason => format!(" ({reason})"),
    };
    format!("{} {} to [{to}]: {change}{reason}", delivery.delivery_id, delivery.event_type)
}

/// Every delivery acknowledged, every request signed as it should be.
fn check(
    last: &HashMap<String, Delivery>,
    received: &[Received],
    deliveries: usize,
) -> anyhow::Result<()> {
    ensure!(last.len() == deliveries, "{} of {deliveries} deliveries were watched", last.len());
    for delivery in last.values() {
        let state = delivery.state().as_str_name();
        ensure!(delivery.state() == State::Succeeded, "{} ended {state}", delivery.delivery_id);
    }
    let mut attempts: BTreeMap<&str, u32> = BTreeMap::new();
    for request in received {
        ensure!(request.is_verified(), "{} did not verify", request.delivery_id);
        *attempts.entry(&request.delivery_id).or_default() += 1;
    }
    ensure!(attempts.len() == deliveries, "{} of {deliveries} deliveries arrived", attempts.len());
    let retried = attempts.values().filter(|count| **count == FAILS + 1).count();
    let bookings = EventType::ALL.iter().filter(|kind| kind.name().starts_with("booking.")).count();
    ensure!(retried == bookings, "{retried} of {bookings} deliveries were retried {FAILS} times");
    Ok(())
}
