//! A database that is brought from another server, where more transactions had been.

use bookora_webhooks::proto::WatchDeliveriesRequest;
use tonic::Code;

use super::ACCOUNT;
use crate::caller::{Caller, deaf_endpoint};
use crate::postgres::Postgres;
use crate::service::Service;
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
