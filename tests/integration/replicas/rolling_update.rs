//! Replicas are replaced one by one, under load, and the schema may be ahead of some of them.

use sea_orm::ConnectionTrait;

use super::fleet::Fleet;
use super::load::Load;
use crate::database::connect;
use crate::party::Receivers;
use crate::postgres::Postgres;

const EVENTS: usize = 2_000;
/// What a migration of a later release does: it adds, and is noted as done.
const LATER_MIGRATION: &str = "
    ALTER TABLE deliveries ADD COLUMN of_a_later_release TEXT;
    ALTER TABLE delivery_changes ADD COLUMN of_a_later_release TEXT;
    CREATE TABLE table_of_a_later_release (id BIGINT PRIMARY KEY);
    INSERT INTO seaql_migrations (version, applied_at)
        VALUES ('m29991231_000001_of_a_later_release', 0)";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_that_are_replaced_one_by_one_under_load_lose_and_repeat_nothing() {
    let Some(server) = Postgres::shared() else { return };
    let (url, receivers) = (server.fresh_database(), Receivers::new());
    let mut fleet = Fleet::start(3, &url, &[&receivers.ca_argument()]);
    let load = Load::begin(&fleet, receivers.start(0).await, EVENTS).await;
    for replica in 0..fleet.len() {
        load.acknowledged(EVENTS * (replica + 1) / (fleet.len() + 1)).await;
        fleet.replace(replica).await;
    }
    assert_eq!(load.end(&url).await, 0, "nothing was sent twice");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_a_later_release_has_migrated_is_served_by_this_one() {
    let Some(server) = Postgres::shared() else { return };
    let (url, receivers) = (server.fresh_database(), Receivers::new());
    let mut fleet = Fleet::start(2, &url, &[&receivers.ca_argument()]);
    let load = Load::begin(&fleet, receivers.start(0).await, EVENTS).await;
    load.acknowledged(EVENTS / 3).await;
    // Under the feet of those that run.
    let database = connect(&url).await;
    database.execute_unprepared(LATER_MIGRATION).await.expect("it is migrated");
    database.close().await.expect("the connection ends");
    load.acknowledged(EVENTS * 2 / 3).await;
    // And before the start of one that does not know it.
    fleet.replace(0).await;
    load.end(&url).await;
    assert!(fleet.all_run(), "no replica ended");
}
