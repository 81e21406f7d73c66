//! The database of a test's own: a file, or, where `BOOKORA_TEST_DATABASE` is `postgres`, one on the
//! PostgreSQL server that the tests of a run share. The tests run once with each.

use std::path::Path;

use sea_orm::{ConnectionTrait, Database, DatabaseConnection, Statement};

use crate::postgres::Postgres;

/// Whether the tests of this run use PostgreSQL.
pub fn is_postgres() -> bool {
    match std::env::var("BOOKORA_TEST_DATABASE").as_deref() {
        Ok("postgres") => true,
        Ok("sqlite") | Err(_) => false,
        Ok(other) => panic!("BOOKORA_TEST_DATABASE is sqlite or postgres, not {other}"),
    }
}

/// The URL of a new database. A file is in the folder.
pub fn fresh_database(folder: &Path) -> String {
    if is_postgres() {
        let server = Postgres::shared().expect("PostgreSQL, which was asked for, is installed");
        server.fresh_database()
    } else {
        database_file(folder)
    }
}

/// The URL of a database that is a file in the folder.
pub fn database_file(folder: &Path) -> String {
    format!("sqlite://{}?mode=rwc", folder.join("test.db").display())
}

/// A connection that is not a service's.
pub async fn connect(url: &str) -> DatabaseConnection {
    Database::connect(url).await.expect("the database opens")
}

/// The number that a question is answered with.
pub async fn ask(url: &str, question: &str) -> i64 {
    let database = connect(url).await;
    let question = Statement::from_string(database.get_database_backend(), question.to_owned());
    let answer = database.query_one_raw(question).await.expect("it answers");
    let number = answer.expect("with a row").try_get_by_index(0).expect("a number");
    database.close().await.expect("the connection ends");
    number
}
