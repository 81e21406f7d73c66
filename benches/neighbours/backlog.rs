//! Large backlogs and histories, written straight into the database, and the time of a claim.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bookora_webhooks::domain::clock::{Clock, SystemClock};
use bookora_webhooks::domain::id::EndpointId;
use bookora_webhooks::domain::random::SystemRandom;
use bookora_webhooks::store::claim::Wanted;
use bookora_webhooks::store::room::RoomLimits;
use bookora_webhooks::store::{Store, StoreSettings};
use bookora_webhooks::telemetry::metrics::Metrics;
use sea_orm::{ConnectionTrait, Database};

use super::service::Service;
use super::{now, register};

const FEW_DUE: u32 = 1_000;
const MANY_DUE: u32 = 1_000_000;
const TERMINAL: u32 = 5_000_000;
const CLAIMS: usize = 15;
const CLAIM_DELIVERIES: u32 = 64;
/// The n-th id, in the order of time as those that the service makes: 48 bits of time, 80 random.
const TIMED_ID: &str = "CAST(unhex(printf('%012x', 1700000000000 + n)) || randomblob(10) AS BLOB)";

/// Adds due deliveries with an event each.
pub async fn add_due(
    database: &Path,
    account: &str,
    endpoint_id: &str,
    count: u32,
) -> anyhow::Result<()> {
    fill(database, account, endpoint_id, count, "1, 1, 0, 1").await
}

/// `state` is the columns state, revision, attempt count and next attempt.
async fn fill(
    database: &Path,
    account: &str,
    endpoint_id: &str,
    count: u32,
    state: &str,
) -> anyhow::Result<()> {
    let endpoint: EndpointId = endpoint_id.parse()?;
    let endpoint = hex::encode(endpoint.as_uuid().as_bytes());
    let path = database;
    let database = Database::connect(format!("sqlite://{}", path.display())).await?;
    let numbers = format!(
        "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {count})"
    );
    let body = format!("{{\"event\":\"booking.created\",\"data\":\"{}\"}}", "x".repeat(460));
    for sql in [
        "PRAGMA synchronous = OFF".to_owned(),
        "CREATE TEMP TABLE fresh (event_id BLOB, delivery_id BLOB)".to_owned(),
        format!("{numbers} INSERT INTO fresh SELECT {TIMED_ID}, {TIMED_ID} FROM n"),
        format!(
            "INSERT INTO events (event_id, account_id, event_type, create_time, publish_time, \
             delivery_count, payload, trace_parent) SELECT event_id, '{account}', \
             'booking.created', 1, 1, 1, CAST('{body}' AS BLOB), \
             '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00' FROM fresh"
        ),
        format!(
            "INSERT INTO deliveries (delivery_id, account_id, event_id, event_type, endpoint_id, \
             state, revision, attempt_count, next_attempt_time, state_reason, trigger, \
             attempts_before_schedule, swaps_signatures, create_time, update_time) SELECT \
             delivery_id, '{account}', event_id, 'booking.created', x'{endpoint}', {state}, \
             '', 1, 0, FALSE, 1, 1 FROM fresh"
        ),
        "DROP TABLE fresh".to_owned(),
        "PRAGMA wal_checkpoint(TRUNCATE)".to_owned(),
    ] {
        database.execute_unprepared(&sql).await?;
    }
    database.close().await?;
    // What is measured next is not to wait until the disk has all this.
    std::fs::File::open(path)?.sync_all()?;
    Ok(())
}

/// Prints the time of a claim with few rows and with many.
pub async fn claim() -> anyhow::Result<()> {
    let few = claim_millis(FEW_DUE, 0).await?;
    let many = claim_millis(MANY_DUE, TERMINAL).await?;
    println!(
        "claim: {CLAIM_DELIVERIES} of {FEW_DUE} due rows in {few:.2} ms; of {MANY_DUE} due rows \
         beside {TERMINAL} terminal ones in {many:.2} ms ({:.1} x)",
        many / few,
    );
    Ok(())
}

/// The median time of a claim, in milliseconds.
async fn claim_millis(due: u32, terminal: u32) -> anyhow::Result<f64> {
    let service = Service::start(&[]).await?;
    let endpoint = register(&service, "acct", "http://127.2.0.1:9/hooks".to_owned()).await?;
    service.stop().await?;
    add_due(&service.database(), "acct", &endpoint, due).await?;
    if terminal > 0 {
        fill(&service.database(), "acct", &endpoint, terminal, "3, 2, 1, NULL").await?;
    }
    let settings = StoreSettings {
        database_url: format!("sqlite://{}", service.database().display()),
        master_key_file: None,
        room: RoomLimits { in_flight_max: 8_192, endpoint_in_flight_max: 64 },
        request_timeout: Duration::from_secs(5),
        metrics: Metrics::default(),
    };
    let clock = Arc::new(SystemClock::new());
    let (store, _handed) =
        Store::open(settings, Arc::clone(&clock) as _, Arc::new(SystemRandom)).await?;
    let wanted = [Wanted { endpoint_id: endpoint.parse()?, deliveries_max: CLAIM_DELIVERIES }];
    let mut millis = Vec::new();
    for _ in 0..CLAIMS {
        let start = now();
        let claimed = store.queue().claim(&wanted, clock.now()).await?;
        millis.push(start.elapsed().as_secs_f64() * 1_000.0);
        anyhow::ensure!(claimed.leased.len() == CLAIM_DELIVERIES as usize, "a full claim");
    }
    store.close().await?;
    millis.sort_by(f64::total_cmp);
    Ok(millis[millis.len() / 2])
}
