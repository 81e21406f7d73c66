//! What one database carries: publishes to ten accounts with an endpoint each, until all has
//! arrived.

use std::time::Duration;

use anyhow::Context;
use sea_orm::{ConnectionTrait, Database, DbBackend, Statement};
use tokio::task::JoinSet;

use super::receiver::Receiver;
use super::service::{Service, process_cpu_seconds};
use super::{now, publish, register};

const ACCOUNTS: usize = 10;
const EVENTS: usize = 40_000;
/// Events of one call.
const BATCH: usize = 20;
/// Callers at once.
const PUBLISHERS: usize = 8;
/// How long the last outcomes may take to be recorded.
const SETTLING: Duration = Duration::from_millis(500);

/// Prints the rate, the processor time and the bytes, on the database at `url` with as many
/// replicas; without one, on a SQLite file.
pub async fn carry(url: Option<&str>, replicas: usize) -> anyhow::Result<()> {
    let mut services = Vec::new();
    for _ in 0..replicas {
        services.push(match url {
            None => Service::start(&[]).await?,
            Some(url) => Service::start_on(url, &[]).await?,
        });
    }
    let first = services.first().context("one at least")?;
    let url = url.map_or_else(|| format!("sqlite://{}", first.database().display()), str::to_owned);
    let mut receiver = Receiver::start().await?;
    let accounts: Vec<String> =
        (0..ACCOUNTS).map(|number| format!("carry_{}_{number}", std::process::id())).collect();
    for (number, account) in accounts.iter().enumerate() {
        let url = format!("http://127.2.0.{}:{}/hooks", number + 1, receiver.port);
        register(first, account, url).await?;
    }
    run(&services, &accounts, &mut receiver, EVENTS / 4).await?;

    let (bytes, cpu) = (stored_bytes(&url).await?, cpu_seconds(&services)?);
    let begun = now();
    run(&services, &accounts, &mut receiver, EVENTS).await?;
    let seconds = begun.elapsed().as_secs_f64();
    tokio::time::sleep(SETTLING).await;
    let (bytes, cpu) = (stored_bytes(&url).await? - bytes, cpu_seconds(&services)? - cpu);
    #[expect(clippy::cast_precision_loss, reason = "counts of thousands")]
    let (events, bytes) = (EVENTS as f64, bytes as f64);
    println!(
        "carry: {replicas} replica(s) on {}: {:.0} deliveries/s; {:.2} CPU s per 10,000 of the \
         service and its database; {:.0} bytes stored for each",
        url.split(':').next().unwrap_or_default(),
        events / seconds,
        cpu * 10_000.0 / events,
        bytes / events,
    );
    Ok(())
}

/// Publishes over all replicas, and waits until everything has arrived.
async fn run(
    services: &[Service],
    accounts: &[String],
    receiver: &mut Receiver,
    events: usize,
) -> anyhow::Result<()> {
    let mut publishing = JoinSet::new();
    for publisher in 0..PUBLISHERS {
        let service = services[publisher % services.len()].clone();
        let accounts = accounts.to_vec();
        publishing.spawn(async move {
            for batch in 0..events / BATCH / PUBLISHERS {
                let account = &accounts[(batch + publisher) % accounts.len()];
                publish(&service, std::slice::from_ref(account), BATCH).await?;
            }
            anyhow::Ok(())
        });
    }
    for _ in 0..events / BATCH / PUBLISHERS * BATCH * PUBLISHERS {
        receiver.next().await?;
    }
    for published in publishing.join_all().await {
        published?;
    }
    Ok(())
}

/// Of the replicas, and of every PostgreSQL on this machine.
fn cpu_seconds(services: &[Service]) -> anyhow::Result<f64> {
    let mut seconds = 0.0;
    for service in services {
        seconds += service.cpu_seconds()?;
    }
    for entry in std::fs::read_dir("/proc")?.flatten() {
        let name = std::fs::read_to_string(entry.path().join("comm")).unwrap_or_default();
        if name.trim() == "postgres" {
            // One that has just ended is not counted.
            seconds += process_cpu_seconds(&entry.file_name().to_string_lossy()).unwrap_or(0.0);
        }
    }
    Ok(seconds)
}

async fn stored_bytes(url: &str) -> anyhow::Result<i64> {
    let database = Database::connect(url).await?;
    let backend = database.get_database_backend();
    let sql = match backend {
        DbBackend::Postgres => "SELECT pg_database_size(current_database())",
        _ => "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()",
    };
    let row = database.query_one_raw(Statement::from_string(backend, sql)).await?;
    let bytes = row.context("a row")?.try_get_by_index(0)?;
    database.close().await?;
    Ok(bytes)
}
