//! Replicas that start on a database that has nothing yet.

use bookora_webhooks::proto::ListEventTypesRequest;

use super::fleet::Fleet;
use super::load::Load;
use crate::party::Receivers;
use crate::postgres::Postgres;

const REPLICAS: usize = 5;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_that_start_at_the_same_moment_on_an_empty_database_all_come_up() {
    let Some(server) = Postgres::shared() else { return };
    let (url, receivers) = (server.fresh_database(), Receivers::new());
    let fleet = Fleet::start(REPLICAS, &url, &[&receivers.ca_argument()]);
    for service in fleet.services() {
        let types = service.admin().await.list_event_types(ListEventTypesRequest::default()).await;
        assert_eq!(types.expect("it answers").into_inner().event_types.len(), 8);
    }
    let load = Load::begin(&fleet, receivers.start(0).await, 200).await;
    assert_eq!(load.end(&url).await, 0, "nothing was sent twice");
}
