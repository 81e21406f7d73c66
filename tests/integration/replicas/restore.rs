//! A database that is brought from another server, where more transactions had been.

use bookora_webhooks::proto::WatchDeliveriesRequest;
use tonic::Code;

use super::ACCOUNT;
use crate::caller::{Caller, deaf_endpoint};
use crate::postgres::Postgres;
use crate::service::{Service, eventually};
use crate::tally::{UNCOUNT, assert_counts, stats_of};
use crate::watches::{Watcher, publish_batches, watch_request};

/// What a dump from such a server has, seen from the one that it is restored on.
const FROM_ELSEWHERE: &str =
    "UPDATE delivery_changes SET transaction_id = transaction_id + 1000000000";

#[tokio::test]
async fn watchers_of_a_database_from_another_server_begin_anew_and_miss_nothing_from_then_on() {
    let Some(server) = Postgres::shared() else { return };
    let mut service = Service::start_on(&server.fresh_database(), &[]);
    Caller::new(&service).await.register(deaf_endpoint(ACCOUNT)).await;
    let mut watcher = Watcher::open(&service, watch_request()).await;
    publish_batches(&service, 1, 1).await;
    watcher.update().await;
    service.kill();
    service.change_database(FROM_ELSEWHERE).await;
    service.restart();

    let request = WatchDeliveriesRequest { resume_token: watcher.token.clone(), ..watch_request() };
    let refused = service.query().await.watch_deliveries(request).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument, "{refused}");
    let mut watcher = Watcher::open(&service, watch_request()).await;
    publish_batches(&service, 1, 1).await;
    assert_eq!(watcher.update().await.delivery.expect("it is shown").revision, 1);
    assert!(service.log().contains("the database comes from another server"));
}

#[tokio::test]
async fn what_was_not_counted_before_a_log_begins_anew_is_counted_all_the_same() {
    let Some(server) = Postgres::shared() else { return };
    let mut service = Service::start_on(&server.fresh_database(), &[]);
    Caller::new(&service).await.register(deaf_endpoint(ACCOUNT)).await;
    publish_batches(&service, 2, 50).await;
    service.kill();
    service.change_database(UNCOUNT).await;
    service.change_database(FROM_ELSEWHERE).await;
    service.restart();
    let mut caller = Caller::new(&service).await;
    assert_eq!(assert_settled(&service, &mut caller).await, 100);
    publish_batches(&service, 1, 50).await;
    assert_eq!(assert_settled(&service, &mut caller).await, 150);
    assert!(service.log().contains("the database comes from another server"));
}

/// Holds the figures against the tables once each delivery was tried.
async fn assert_settled(service: &Service, caller: &mut Caller) -> i64 {
    eventually("each delivery was tried", async || {
        let untried = "SELECT COUNT(*) FROM deliveries WHERE attempt_count = 0";
        (service.ask_database(untried).await == 0).then_some(())
    })
    .await;
    assert_counts(caller, service.database_url(), stats_of(ACCOUNT)).await
}

/// What a dump from such a server has whose whole log was pruned.
const PRUNED_ELSEWHERE: &str = "
    DELETE FROM delivery_changes;
    UPDATE store_identity SET log_floor_transaction = 1000000000, log_floor = 7,
        counted_transaction = 1000000000, counted_sequence = 7";

#[tokio::test]
async fn a_database_from_another_server_is_known_as_such_where_its_log_is_empty() {
    let Some(server) = Postgres::shared() else { return };
    let mut service = Service::start_on(&server.fresh_database(), &[]);
    Caller::new(&service).await.register(deaf_endpoint(ACCOUNT)).await;
    publish_batches(&service, 1, 50).await;
    let mut caller = Caller::new(&service).await;
    assert_eq!(assert_settled(&service, &mut caller).await, 50);
    service.kill();
    service.change_database(PRUNED_ELSEWHERE).await;
    service.restart();
    let mut watcher = Watcher::open(&service, watch_request()).await;
    publish_batches(&service, 1, 1).await;
    assert_eq!(watcher.update().await.delivery.expect("it is shown").revision, 1);
    Watcher::resume(&service, &watcher.token).await.next().await.expect("its token is good");
    let mut caller = Caller::new(&service).await;
    assert_eq!(assert_settled(&service, &mut caller).await, 51);
}
