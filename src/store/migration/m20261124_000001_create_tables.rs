//! The first schema. Column types are those of [`crate::store::entity`].

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, binary, binary_null, boolean, integer, integer_null,
    small_integer, small_integer_null, text, text_null, uuid, uuid_null,
};
use sea_orm_migration::sea_orm::DbBackend;

use crate::store::database::dialect::POSTGRES_TRANSACTION;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [
            store_identity(),
            endpoints(),
            endpoint_secrets(),
            events(),
            deliveries(),
            attempts(),
            delivery_changes(manager.get_database_backend()),
            resends(),
            recoveries(),
            replicas(),
            delivery_stats(),
        ] {
            manager.create_table(table).await?;
        }
        for index in INDEXES {
            manager.get_connection().execute_unprepared(index).await?;
        }
        Ok(())
    }

    async fn down(&self, _manager: &SchemaManager) -> Result<(), DbErr> {
        Err(DbErr::Migration("the first schema is not undone: delete the database instead".into()))
    }
}

/// Written out, because sea-query has no partial indexes; SQLite and PostgreSQL read them alike.
const INDEXES: [&str; 21] = [
    // A key means one event.
    "CREATE UNIQUE INDEX events_idempotency ON events (account_id, idempotency_key) \
     WHERE idempotency_key IS NOT NULL",
    // A request id means one endpoint.
    "CREATE UNIQUE INDEX endpoints_create_request ON endpoints (account_id, create_request_id) \
     WHERE create_request_id IS NOT NULL",
    // Matching at publish, and listing newest first.
    "CREATE INDEX endpoints_account ON endpoints (account_id, endpoint_id)",
    // Whom to suspend: only failing endpoints are in it.
    "CREATE INDEX endpoints_failing ON endpoints (endpoint_id, failing_since) \
     WHERE failing_since IS NOT NULL",
    "CREATE INDEX endpoint_secrets_endpoint ON endpoint_secrets (endpoint_id)",
    // An endpoint has one current secret.
    "CREATE UNIQUE INDEX endpoint_secrets_current ON endpoint_secrets (endpoint_id) \
     WHERE expire_time IS NULL",
    // Due work: only open and free rows are in it, so its size is the backlog, not the history.
    "CREATE INDEX deliveries_due ON deliveries (endpoint_id, next_attempt_time) \
     WHERE next_attempt_time IS NOT NULL AND lease_token IS NULL",
    // Open rows, leased or not: the snapshot of a watch, and what is cancelled with an endpoint.
    "CREATE INDEX deliveries_open ON deliveries (account_id, endpoint_id, delivery_id) \
     WHERE next_attempt_time IS NOT NULL",
    // Leases that ran out.
    "CREATE INDEX deliveries_leased ON deliveries (lease_expire_time) WHERE lease_token IS NOT NULL",
    // Listing newest first, and by what a person asks for.
    "CREATE INDEX deliveries_account ON deliveries (account_id, delivery_id)",
    // One delivery of an event to an endpoint, which is also how a recovery finds what was missed.
    "CREATE UNIQUE INDEX deliveries_event ON deliveries (event_id, endpoint_id)",
    "CREATE INDEX deliveries_endpoint ON deliveries (endpoint_id, delivery_id)",
    // What is old enough to be pruned, without stepping over what is open. It costs one entry of
    // some 20 bytes for each delivery, added when it is closed: at the index's end, since time
    // goes on, so that a commit touches one page of it.
    "CREATE INDEX deliveries_closed ON deliveries (update_time) WHERE next_attempt_time IS NULL",
    // The same of events that no endpoint subscribed to; the others go with their deliveries.
    "CREATE INDEX events_undelivered ON events (publish_time) WHERE delivery_count = 0",
    // What a recovery sends again: only failed and cancelled rows are in it, so its cost does not
    // grow with what succeeded.
    "CREATE INDEX deliveries_undelivered ON deliveries (endpoint_id, delivery_id) \
     WHERE state IN (4, 5)",
    // What a recovery may find missed: an account's events in the order of their publish.
    "CREATE INDEX events_account ON events (account_id, publish_time, event_id)",
    // One unfinished recovery of an endpoint, found without the finished ones.
    "CREATE UNIQUE INDEX recoveries_unfinished ON recoveries (endpoint_id) \
     WHERE finish_time IS NULL",
    // A request id means one recovery.
    "CREATE UNIQUE INDEX recoveries_request ON recoveries (account_id, request_id) \
     WHERE request_id IS NOT NULL",
    // What is old enough to be pruned: rows that are few, and written seldom.
    "CREATE INDEX recoveries_finished ON recoveries (finish_time) WHERE finish_time IS NOT NULL",
    "CREATE INDEX resends_made ON resends (create_time)",
    "CREATE INDEX delivery_stats_hour ON delivery_stats (hour)",
];

fn table(name: &'static str) -> TableCreateStatement {
    Table::create().table(name).to_owned()
}

fn store_identity() -> TableCreateStatement {
    table("store_identity")
        .col(integer("id").primary_key())
        .col(uuid("database_id"))
        .col(big_integer("log_floor_transaction"))
        .col(big_integer("log_floor"))
        .col(big_integer("counted_transaction"))
        .col(big_integer("counted_sequence"))
        .col(big_integer("counted_time"))
        .to_owned()
}

fn endpoints() -> TableCreateStatement {
    table("endpoints")
        .col(uuid("endpoint_id").primary_key())
        .col(text("account_id"))
        .col(text("url"))
        .col(text("event_types"))
        .col(text("description"))
        .col(text("headers"))
        .col(text_null("retry_schedule"))
        .col(integer_null("request_timeout_millis"))
        .col(integer_null("max_in_flight"))
        .col(integer_null("max_per_second"))
        .col(small_integer("state"))
        .col(text("state_reason"))
        .col(integer("version"))
        .col(big_integer("create_time"))
        .col(big_integer("update_time"))
        .col(uuid_null("create_request_id"))
        .col(binary_null("create_request_digest"))
        .col(big_integer_null("failing_since"))
        .to_owned()
}

fn endpoint_secrets() -> TableCreateStatement {
    table("endpoint_secrets")
        .col(uuid("secret_id").primary_key())
        .col(uuid("endpoint_id"))
        .col(text("key_id"))
        .col(binary("nonce"))
        .col(binary("ciphertext"))
        .col(big_integer("create_time"))
        .col(big_integer_null("expire_time"))
        .col(uuid_null("rotate_request_id"))
        .col(binary_null("rotate_request_digest"))
        .to_owned()
}

fn events() -> TableCreateStatement {
    table("events")
        .col(uuid("event_id").primary_key())
        .col(text("account_id"))
        .col(text("event_type"))
        .col(text_null("idempotency_key"))
        .col(big_integer("create_time"))
        .col(big_integer("publish_time"))
        .col(integer("delivery_count"))
        .col(binary("payload"))
        .col(text("trace_parent"))
        .to_owned()
}

fn deliveries() -> TableCreateStatement {
    table("deliveries")
        .col(uuid("delivery_id").primary_key())
        .col(text("account_id"))
        .col(uuid("event_id"))
        .col(text("event_type"))
        .col(uuid("endpoint_id"))
        .col(small_integer("state"))
        .col(text("state_reason"))
        .col(integer("revision"))
        .col(integer("attempt_count"))
        .col(integer("attempts_before_schedule"))
        .col(small_integer("trigger"))
        .col(big_integer_null("next_attempt_time"))
        .col(integer("claim_count").default(0))
        .col(boolean("swaps_signatures"))
        .col(big_integer_null("lease_token"))
        .col(big_integer_null("lease_expire_time"))
        .col(big_integer("create_time"))
        .col(big_integer("update_time"))
        .to_owned()
}

fn attempts() -> TableCreateStatement {
    table("attempts")
        .col(uuid("delivery_id"))
        .col(integer("number"))
        .col(uuid("attempt_id"))
        .col(small_integer("trigger"))
        .col(small_integer("outcome"))
        .col(small_integer("http_status"))
        .col(text("error_message"))
        .col(text("remote_address"))
        .col(big_integer("start_time"))
        .col(big_integer("latency_micros"))
        .col(big_integer_null("dns_micros"))
        .col(big_integer_null("connect_micros"))
        .col(big_integer_null("tls_micros"))
        .col(big_integer_null("first_byte_micros"))
        .col(text("response_headers"))
        .col(binary("response_body"))
        .col(boolean("response_body_truncated"))
        .primary_key(Index::create().col("delivery_id").col("number"))
        .to_owned()
}

fn delivery_changes(backend: DbBackend) -> TableCreateStatement {
    let mut table = table("delivery_changes");
    match backend {
        // In the order in which it is read.
        DbBackend::Postgres => table
            .col(big_integer("transaction_id").default(Expr::cust(POSTGRES_TRANSACTION)))
            .col(big_integer("sequence").auto_increment())
            .primary_key(Index::create().col("transaction_id").col("sequence")),
        _ => table
            .col(big_integer("sequence").primary_key().auto_increment())
            .col(big_integer("transaction_id").default(0)),
    };
    table
        .col(text("account_id"))
        .col(uuid("delivery_id"))
        .col(uuid("event_id"))
        .col(text("event_type"))
        .col(uuid("endpoint_id"))
        .col(integer("revision"))
        .col(small_integer_null("previous_state"))
        .col(small_integer("state"))
        .col(text("state_reason"))
        .col(integer("attempt_count"))
        .col(big_integer_null("next_attempt_time"))
        .col(big_integer("create_time"))
        .col(small_integer_null("latency_bucket"))
        .col(big_integer("commit_time"))
        .to_owned()
}

fn resends() -> TableCreateStatement {
    table("resends")
        .col(text("account_id"))
        .col(uuid("request_id"))
        .col(binary("request_digest"))
        .col(uuid("delivery_id"))
        .col(big_integer("create_time"))
        .primary_key(Index::create().col("account_id").col("request_id"))
        .to_owned()
}

fn recoveries() -> TableCreateStatement {
    table("recoveries")
        .col(uuid("recovery_id").primary_key())
        .col(text("account_id"))
        .col(uuid("endpoint_id"))
        .col(big_integer("start_time"))
        .col(big_integer("end_time"))
        .col(boolean("failed"))
        .col(boolean("cancelled"))
        .col(boolean("missed"))
        .col(integer("delivery_count"))
        .col(small_integer("stage"))
        .col(big_integer("cursor_time"))
        .col(uuid("cursor_id"))
        .col(uuid_null("request_id"))
        .col(binary_null("request_digest"))
        .col(big_integer("create_time"))
        .col(big_integer_null("finish_time"))
        .to_owned()
}

fn replicas() -> TableCreateStatement {
    table("replicas")
        .col(uuid("replica_id").primary_key())
        .col(big_integer("heartbeat_time"))
        .to_owned()
}

fn delivery_stats() -> TableCreateStatement {
    table("delivery_stats")
        .col(uuid("endpoint_id"))
        .col(text("account_id"))
        .col(integer("hour"))
        .col(big_integer("pending"))
        .col(big_integer("retrying"))
        .col(big_integer("succeeded"))
        .col(big_integer("failed"))
        .col(big_integer("cancelled"))
        .col(text("attempts"))
        .primary_key(Index::create().col("endpoint_id").col("account_id").col("hour"))
        .to_owned()
}
