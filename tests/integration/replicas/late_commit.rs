//! The log has several writers, and a row may be committed after rows that were written later.

use bookora_webhooks::proto::watch_deliveries_response::Message;
use bookora_webhooks::proto::{DeliveryUpdate, WatchDeliveriesRequest};
use sea_orm::{ConnectionTrait, DatabaseTransaction, TransactionTrait};

use super::ACCOUNT;
use crate::caller::{Caller, deaf_endpoint};
use crate::database::{ask, connect};
use crate::deliveries::seconds;
use crate::postgres::Postgres;
use crate::service::{Service, eventually};
use crate::watches::{Watcher, publish_batches, watch_request};

/// Two deliveries that are in the log only.
const EARLY: &str = "01900000-0000-7000-8000-00000000000a";
const LATE: &str = "01900000-0000-7000-8000-00000000000b";

/// Writes a row of the log that says of a delivery what the first row says of another.
async fn append(transaction: &DatabaseTransaction, delivery_id: &str) {
    let row = format!(
        "INSERT INTO delivery_changes (account_id, delivery_id, event_id, event_type, endpoint_id, \
         revision, previous_state, state, state_reason, attempt_count, next_attempt_time, \
         create_time, commit_time) \
         SELECT account_id, '{delivery_id}', event_id, event_type, endpoint_id, \
         revision, previous_state, state, state_reason, attempt_count, next_attempt_time, \
         create_time, commit_time FROM delivery_changes WHERE revision = 1 LIMIT 1"
    );
    transaction.execute_unprepared(&row).await.expect("it is written");
}

/// Waits until the service has looked at the log twice more, and shown nothing new.
async fn sees_nothing(watcher: &mut Watcher) {
    for _ in 0..2 {
        let message = watcher.next().await.expect("the watch goes on");
        assert!(matches!(message, Message::Heartbeat(_)), "{message:?}");
    }
}

fn id_of(update: &DeliveryUpdate) -> &str {
    let delivery = update.delivery.as_ref().expect("an update has its delivery");
    delivery.delivery_id.strip_prefix("dlv_").expect("that is its prefix")
}

/// The service with one delivery, and a watcher that has seen all of it.
async fn watched(database_url: &str) -> (Service, Watcher) {
    let service = Service::start_on(database_url, &[]);
    Caller::new(&service).await.register(deaf_endpoint(ACCOUNT)).await;
    let heartbeat_interval = Some(seconds(1));
    let request = WatchDeliveriesRequest { heartbeat_interval, ..watch_request() };
    let mut watcher = Watcher::open(&service, request).await;
    publish_batches(&service, 1, 1).await;
    for _ in 0..2 {
        watcher.update().await;
    }
    (service, watcher)
}

#[tokio::test]
async fn a_row_that_is_committed_after_a_later_one_is_shown_and_shown_first() {
    let Some(server) = Postgres::shared() else { return };
    let url = server.fresh_database();
    let (service, mut watcher) = watched(&url).await;
    let database = connect(&url).await;
    let early = database.begin().await.unwrap();
    append(&early, EARLY).await;
    let late = database.begin().await.unwrap();
    append(&late, LATE).await;
    late.commit().await.unwrap();
    // What was committed could be shown only with a gap before it.
    sees_nothing(&mut watcher).await;
    let mut resumed = Watcher::resume(&service, &watcher.token).await;
    early.commit().await.unwrap();
    for watcher in [&mut watcher, &mut resumed] {
        for number in ["a", "b"] {
            let update = watcher.update().await;
            assert!(id_of(&update).ends_with(number), "{update:?}");
        }
    }
}

#[tokio::test]
async fn a_row_of_the_older_transaction_that_was_written_later_is_shown_too() {
    let Some(server) = Postgres::shared() else { return };
    let url = server.fresh_database();
    let (_service, mut watcher) = watched(&url).await;
    let database = connect(&url).await;
    let older = database.begin().await.unwrap();
    // It is numbered now, and its row in the log after that of the younger one.
    older.execute_unprepared("SELECT pg_current_xact_id()").await.unwrap();
    let younger = database.begin().await.unwrap();
    append(&younger, LATE).await;
    younger.commit().await.unwrap();
    append(&older, EARLY).await;
    sees_nothing(&mut watcher).await;
    older.commit().await.unwrap();
    for number in ["a", "b"] {
        let update = watcher.update().await;
        assert!(id_of(&update).ends_with(number), "{update:?}");
    }
}

#[tokio::test]
async fn a_row_that_is_rolled_back_holds_nothing_up_for_ever() {
    let Some(server) = Postgres::shared() else { return };
    let url = server.fresh_database();
    let (_service, mut watcher) = watched(&url).await;
    let database = connect(&url).await;
    let undone = database.begin().await.unwrap();
    append(&undone, EARLY).await;
    let kept = database.begin().await.unwrap();
    append(&kept, LATE).await;
    kept.commit().await.unwrap();
    undone.rollback().await.unwrap();
    let update = watcher.update().await;
    assert!(id_of(&update).ends_with('b'), "{update:?}");
}

#[tokio::test]
async fn a_row_that_is_committed_after_a_later_one_is_counted_too() {
    const PENDING: &str = "SELECT pending FROM delivery_stats WHERE account_id = '-'";
    let Some(server) = Postgres::shared() else { return };
    let url = server.fresh_database();
    let (_service, mut watcher) = watched(&url).await;
    let database = connect(&url).await;
    let early = database.begin().await.unwrap();
    append(&early, EARLY).await;
    let late = database.begin().await.unwrap();
    append(&late, LATE).await;
    late.commit().await.unwrap();
    // Who counts has looked at the log meanwhile.
    sees_nothing(&mut watcher).await;
    assert_eq!(ask(&url, PENDING).await, 0);
    early.commit().await.unwrap();
    eventually("both are counted", async || (ask(&url, PENDING).await == 2).then_some(())).await;
}
