//! What it costs to count what became of deliveries, and to ask for the figures.

use std::path::Path;

use bookora_webhooks::domain::clock::{Clock, SystemClock};
use bookora_webhooks::domain::id::EndpointId;
use bookora_webhooks::proto::{GetDeliveryStatsRequest, GetDeliveryStatsResponse};
use sea_orm::{ConnectionTrait, Database};

use super::service::Service;
use super::{now, register};

const DELIVERIES: i64 = 1_000_000;
const DAYS: i64 = 30;
const ENDPOINTS: u32 = 10;
const ASKED: usize = 15;
const NANOS_A_DAY: i64 = 86_400_000_000_000;

/// Prints the processor time of counting, and the time of an answer over all that is kept.
pub async fn figures() -> anyhow::Result<()> {
    let mut service = Service::start(&[]).await?;
    let mut endpoints = Vec::new();
    for _ in 0..ENDPOINTS {
        let url = "http://127.2.0.1:9/hooks".to_owned();
        endpoints.push(register(&service, "acct", url).await?);
    }
    service.stop().await?;
    fill(&service.database(), &endpoints).await?;
    service.restart().await?;

    let begun = now();
    let start_time = SystemClock::new().now().as_unix_nanos() - DAYS * NANOS_A_DAY;
    let start_time = Some(prost_types::Timestamp { seconds: start_time / 1_000_000_000, nanos: 0 });
    let account_id = "acct".to_owned();
    let of_account =
        GetDeliveryStatsRequest { account_id, start_time, ..GetDeliveryStatsRequest::default() };
    let cpu_idle = service.cpu_seconds()?;
    while counted(&ask(&service, &of_account).await?) < DELIVERIES {
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    let (seconds, cpu) = (begun.elapsed().as_secs_f64(), service.cpu_seconds()? - cpu_idle);
    #[expect(clippy::cast_precision_loss, reason = "a count of millions")]
    let per_10_000 = cpu * 10_000.0 / DELIVERIES as f64;
    println!(
        "figures: {DELIVERIES} deliveries of {DAYS} days counted in {seconds:.1} s: {per_10_000:.3} \
         CPU s per 10,000"
    );
    let account_id = "-".to_owned();
    let of_all = GetDeliveryStatsRequest { account_id, ..of_account.clone() };
    let endpoint_id = endpoints[0].clone();
    let of_endpoint = GetDeliveryStatsRequest { endpoint_id, ..of_account.clone() };
    for (whose, request) in
        [("all", of_all), ("an account", of_account), ("an endpoint", of_endpoint)]
    {
        let mut millis = Vec::new();
        let mut answer = GetDeliveryStatsResponse::default();
        for _ in 0..ASKED {
            let begun = now();
            answer = ask(&service, &request).await?;
            millis.push(begun.elapsed().as_secs_f64() * 1_000.0);
        }
        millis.sort_by(f64::total_cmp);
        println!(
            "figures: {DAYS} days of {whose}, {} deliveries: {:.1} ms",
            counted(&answer),
            millis[ASKED / 2]
        );
    }
    Ok(())
}

async fn ask(
    service: &Service,
    request: &GetDeliveryStatsRequest,
) -> anyhow::Result<GetDeliveryStatsResponse> {
    Ok(service.query.clone().get_delivery_stats(request.clone()).await?.into_inner())
}

fn counted(answer: &GetDeliveryStatsResponse) -> i64 {
    answer.succeeded_count + answer.retrying_count
}

/// Writes deliveries and their changes straight into the database: 1 in 1,000 waits for its second
/// attempt, the others have succeeded.
async fn fill(path: &Path, endpoints: &[String]) -> anyhow::Result<()> {
    let first = SystemClock::new().now().as_unix_nanos() - DAYS * NANOS_A_DAY;
    let step = DAYS * NANOS_A_DAY / DELIVERIES;
    let hour_ahead = first + DAYS * NANOS_A_DAY + NANOS_A_DAY / 24;
    let database = Database::connect(format!("sqlite://{}", path.display())).await?;
    let mut statements = vec![
        "PRAGMA synchronous = OFF".to_owned(),
        "CREATE TEMP TABLE fresh (n INTEGER PRIMARY KEY, delivery_id BLOB, endpoint_id BLOB, \
         create_time INTEGER)"
            .to_owned(),
        format!(
            "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {DELIVERIES}) \
             INSERT INTO fresh SELECT n, \
             CAST(unhex(printf('%012x', ({first} + n * {step}) / 1000000)) || randomblob(10) AS BLOB), \
             x'', {first} + n * {step} FROM n"
        ),
    ];
    for (place, endpoint_id) in endpoints.iter().enumerate() {
        let endpoint_id: EndpointId = endpoint_id.parse()?;
        let endpoint_id = hex::encode(endpoint_id.as_uuid().as_bytes());
        statements.push(format!(
            "UPDATE fresh SET endpoint_id = x'{endpoint_id}' WHERE n % {ENDPOINTS} = {place}"
        ));
    }
    let state = "CASE WHEN n % 1000 = 0 THEN 2 ELSE 3 END";
    statements.extend([
        format!(
            "INSERT INTO deliveries (delivery_id, account_id, event_id, event_type, endpoint_id, \
             state, revision, attempt_count, next_attempt_time, state_reason, trigger, \
             attempts_before_schedule, swaps_signatures, create_time, update_time) SELECT \
             delivery_id, 'acct', delivery_id, 'booking.created', endpoint_id, {state}, 2, 1, \
             CASE WHEN n % 1000 = 0 THEN {hour_ahead} END, '', 1, 0, FALSE, create_time, \
             create_time FROM fresh"
        ),
        "INSERT INTO delivery_changes (transaction_id, account_id, delivery_id, event_id, \
         event_type, endpoint_id, revision, previous_state, state, state_reason, attempt_count, \
         create_time, latency_bucket, commit_time) SELECT 0, 'acct', delivery_id, delivery_id, \
         'booking.created', endpoint_id, 1, NULL, 1, '', 0, create_time, NULL, create_time \
         FROM fresh"
            .to_owned(),
        // Latencies from 1 ms to 60 ms.
        format!(
            "INSERT INTO delivery_changes (transaction_id, account_id, delivery_id, event_id, \
             event_type, endpoint_id, revision, previous_state, state, state_reason, attempt_count, \
             create_time, latency_bucket, commit_time) SELECT 0, 'acct', delivery_id, delivery_id, \
             'booking.created', endpoint_id, 2, 1, {state}, '', 1, create_time, \
             112 + abs(random() % 96), create_time FROM fresh"
        ),
        "DROP TABLE fresh".to_owned(),
        "PRAGMA wal_checkpoint(TRUNCATE)".to_owned(),
    ]);
    for sql in statements {
        database.execute_unprepared(&sql).await?;
    }
    database.close().await?;
    // What is measured next is not to wait until the disk has all this.
    std::fs::File::open(path)?.sync_all()?;
    Ok(())
}
