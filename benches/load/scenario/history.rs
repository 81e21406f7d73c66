//! A long history, written straight into the database: publishing it would take the rest of the day.

use bookora_webhooks::domain::id::EndpointId;
use sea_orm::ConnectionTrait;

use crate::database::{Database, Kind};
use crate::stamp::{BODY_BYTES, now_nanos};

/// What is in it.
pub struct History {
    pub account: String,
    /// Each event went to all of these. The first has it open, and the others acknowledged it.
    pub endpoint_ids: Vec<String>,
    pub events: u32,
}

const NANOS_PER_DAY: u64 = 86_400_000_000_000;
const NANOS_PER_MILLI: u64 = 1_000_000;
/// Deliveries in a statement: what is under way fits into memory.
const EVENTS_OF_STATEMENT: u32 = 50_000;

/// Writes a history of the last day, up to a minute ago.
pub async fn fill(database: &Database, history: &History) -> anyhow::Result<()> {
    let dialect = Dialect(database.kind);
    let connection = database.connect().await?;
    if database.kind == Kind::Sqlite {
        connection.execute_unprepared("PRAGMA synchronous = OFF").await?;
    }
    let now = now_nanos();
    let (begin_millis, tomorrow) = ((now - NANOS_PER_DAY) / NANOS_PER_MILLI, now + NANOS_PER_DAY);
    let mut endpoints = Vec::new();
    for (number, id) in history.endpoint_ids.iter().enumerate() {
        let id: EndpointId = id.parse()?;
        endpoints
            .push(format!("({number}, {})", dialect.uuid(&hex::encode(id.as_uuid().as_bytes()))));
    }
    let (account, endpoints) = (&history.account, endpoints.join(", "));
    let body = "m".repeat(BODY_BYTES);
    for first in (0..history.events).step_by(EVENTS_OF_STATEMENT as usize) {
        let last = (first + EVENTS_OF_STATEMENT).min(history.events) - 1;
        let time = format!("(({begin_millis} + n) * {NANOS_PER_MILLI})");
        let numbers = format!(
            "WITH RECURSIVE numbers (n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM numbers \
             WHERE n < {last})"
        );
        // An event's id is found again by its number.
        let event_id = dialect.id(begin_millis, "n", "0000000000000000e0e0");
        connection
            .execute_unprepared(&format!(
                "{numbers} INSERT INTO events (event_id, account_id, event_type, create_time, \
                 publish_time, delivery_count, payload, trace_parent) SELECT {event_id}, \
                 '{account}', 'booking.created', {time}, {time}, {}, {}, \
                 '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00' FROM numbers",
                history.endpoint_ids.len(),
                dialect.bytes(&hex::encode(&body)),
            ))
            .await?;
        let delivery_id = dialect.random_id(begin_millis, "n");
        connection
            .execute_unprepared(&format!(
                "{numbers}, endpoint (number, id) AS (VALUES {endpoints}) INSERT INTO deliveries \
                 (delivery_id, account_id, event_id, event_type, endpoint_id, state, state_reason, \
                 revision, attempt_count, attempts_before_schedule, trigger, next_attempt_time, \
                 swaps_signatures, create_time, update_time) SELECT {delivery_id}, '{account}', \
                 {event_id}, 'booking.created', id, CASE number WHEN 0 THEN 2 ELSE 3 END, '', 2, 1, \
                 0, 1, CASE number WHEN 0 THEN {tomorrow} END, FALSE, {time}, {time} FROM numbers, \
                 endpoint"
            ))
            .await?;
    }
    let tidy = match database.kind {
        Kind::Sqlite => "PRAGMA wal_checkpoint(TRUNCATE)",
        Kind::Postgres => "VACUUM ANALYZE",
    };
    connection.execute_unprepared(tidy).await?;
    if database.kind == Kind::Postgres {
        connection.execute_unprepared("CHECKPOINT").await?;
    }
    connection.close().await?;
    // What is measured next is not to wait until the disk has all this.
    anyhow::ensure!(std::process::Command::new("sync").status()?.success(), "it is on the disk");
    Ok(())
}

/// What the two databases write differently.
struct Dialect(Kind);

impl Dialect {
    fn uuid(&self, hex: &str) -> String {
        match self.0 {
            Kind::Sqlite => format!("x'{hex}'"),
            Kind::Postgres => format!("'{hex}'::uuid"),
        }
    }

    fn bytes(&self, hex: &str) -> String {
        match self.0 {
            Kind::Sqlite => format!("x'{hex}'"),
            Kind::Postgres => format!("'\\x{hex}'::bytea"),
        }
    }

    /// An id of 48 bits of time and these 80.
    fn id(&self, begin_millis: u64, number: &str, rest: &str) -> String {
        match self.0 {
            Kind::Sqlite => {
                format!(
                    "CAST(unhex(printf('%012x', {begin_millis} + {number}) || '{rest}') AS BLOB)"
                )
            }
            Kind::Postgres => {
                format!("(lpad(to_hex({begin_millis} + {number}), 12, '0') || '{rest}')::uuid")
            }
        }
    }

    /// One of 48 bits of time and 80 random ones, as the service makes them.
    fn random_id(&self, begin_millis: u64, number: &str) -> String {
        match self.0 {
            Kind::Sqlite => format!(
                "CAST(unhex(printf('%012x', {begin_millis} + {number})) || randomblob(10) AS BLOB)"
            ),
            Kind::Postgres => format!(
                "(lpad(to_hex({begin_millis} + {number}), 12, '0') || \
                 substr(md5(random()::text), 1, 20))::uuid"
            ),
        }
    }
}
