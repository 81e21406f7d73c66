//! The database of a test's own: a file, or, where `BOOKORA_TEST_DATABASE` is `postgres`, one on the
//! PostgreSQL server that the tests of a run share. The tests run once with each.

use std::path::{Path, PathBuf};

use bookora_webhooks::domain::master_key::MasterKey;
use bookora_webhooks::domain::random::SystemRandom;
use bookora_webhooks::store::key_file;
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, Statement};

use crate::postgres::Postgres;

/// A new database. It goes when this is dropped; a file goes with its folder.
pub struct FreshDatabase {
    url: String,
    server: Option<&'static Postgres>,
}

/// Whether the tests of this run use PostgreSQL.
pub fn is_postgres() -> bool {
    match std::env::var("BOOKORA_TEST_DATABASE").as_deref() {
        Ok("postgres") => true,
        Ok("sqlite") | Err(_) => false,
        Ok(other) => panic!("BOOKORA_TEST_DATABASE is sqlite or postgres, not {other}"),
    }
}

impl FreshDatabase {
    /// A new database. A file is in the folder.
    pub fn new(folder: &Path) -> Self {
        if !is_postgres() {
            return Self::file(folder);
        }
        let server = Postgres::shared().expect("PostgreSQL was asked for and is there");
        Self { url: server.fresh_database(), server: Some(server) }
    }

    /// A file in the folder, in any run.
    pub fn file(folder: &Path) -> Self {
        Self { url: database_file(folder), server: None }
    }

    /// Where it is.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for FreshDatabase {
    fn drop(&mut self) {
        if let Some(server) = self.server {
            let url = self.url.clone();
            // Not awaited: dropping waits for whoever is just connecting, and that may be a task of
            // the runtime that this would block. Until then it would hold up every watch on the
            // server.
            std::thread::spawn(move || server.drop_database(&url));
        }
    }
}

/// The master key file of services on a database: one for all that are not files, beside which a
/// service makes one by itself.
pub fn master_key_file(url: &str) -> Option<PathBuf> {
    if url.starts_with("sqlite:") {
        return None;
    }
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("master.key");
    if !path.exists() {
        // Another test may have made it meanwhile.
        let _ = key_file::make(&path, &MasterKey::generate(&SystemRandom));
    }
    Some(path)
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
