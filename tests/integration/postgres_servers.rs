//! What the tests' own servers can be put through.

use sea_orm::ConnectionTrait;

use crate::database::{ask, connect};
use crate::postgres::{Postgres, at_hosts};

async fn execute(url: &str, statement: &str) {
    let database = connect(url).await;
    database.execute_unprepared(statement).await.expect("it is executed");
    database.close().await.expect("the connection ends");
}

#[tokio::test]
async fn a_server_that_was_stopped_or_killed_starts_again_with_what_was_committed() {
    let Some(server) = Postgres::start() else { return };
    let url = server.fresh_database();
    execute(&url, "CREATE TABLE numbers (number BIGINT)").await;
    execute(&url, "INSERT INTO numbers VALUES (1)").await;
    server.stop();
    server.start_again();
    execute(&url, "INSERT INTO numbers VALUES (2)").await;
    server.kill();
    server.start_again();
    assert_eq!(ask(&url, "SELECT SUM(number)::BIGINT FROM numbers").await, 3);
}

#[tokio::test]
async fn a_promoted_standby_has_everything_that_the_killed_server_committed() {
    let Some(server) = Postgres::start() else { return };
    let url = server.fresh_database();
    let standby = server.standby();
    execute(&url, "CREATE TABLE numbers (number BIGINT)").await;
    execute(&url, "INSERT INTO numbers SELECT generate_series(1, 1000)").await;
    server.kill();
    standby.promote();
    let url = at_hosts(&url, &standby.host());
    assert_eq!(ask(&url, "SELECT COUNT(*) FROM numbers").await, 1_000);
    execute(&url, "INSERT INTO numbers VALUES (0)").await;
}
