//! Where statements are executed: every one of the store's, reads and writes, and what begins and
//! ends a transaction, goes through a [`Session`]. Migrations alone do not.

use async_trait::async_trait;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, ExecResult,
    QueryResult, RuntimeErr, SqliteTransactionMode, Statement, TransactionOptions,
    TransactionTrait,
};

use crate::failpoint;

/// A pool of connections, or a transaction on one of them.
pub struct Session<C>(C);

/// A pool: each statement takes one of its connections.
pub type Pool = Session<DatabaseConnection>;
/// A transaction; undone when dropped before [`Transaction::commit`].
pub type Transaction = Session<DatabaseTransaction>;

impl Pool {
    /// Statements on a pool.
    #[must_use]
    pub const fn new(connection: DatabaseConnection) -> Self {
        Self(connection)
    }

    /// The pool itself, for who brings statements of their own: migrations.
    #[must_use]
    pub const fn bare(&self) -> &DatabaseConnection {
        &self.0
    }

    /// How many connections are open, and how many of these are idle.
    #[must_use]
    pub fn size(&self) -> (u32, usize) {
        if self.0.get_database_backend() == DbBackend::Sqlite {
            let pool = self.0.get_sqlite_connection_pool();
            (pool.size(), pool.num_idle())
        } else {
            let pool = self.0.get_postgres_connection_pool();
            (pool.size(), pool.num_idle())
        }
    }

    /// Begins a transaction that may write, waiting for the one before to end.
    ///
    /// # Errors
    /// The database's, among them that no connection came free in time.
    pub async fn begin(&self) -> Result<Transaction, DbErr> {
        fail_on_purpose("BEGIN")?;
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        let pool = self.0.clone();
        // A task of its own, which nobody breaks off: where who asked for it gives up meanwhile, it
        // is begun and undone. Broken off between BEGIN and its answer, the connection would come
        // back to the pool with a transaction that nobody knows to be open.
        let beginning = tokio::spawn(async move { pool.begin_with_options(options).await });
        match beginning.await {
            Ok(begun) => Ok(Session(begun?)),
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                // The runtime is ending.
                Err(_) => {
                    Err(DbErr::Conn(RuntimeErr::Internal("the process is ending".to_owned())))
                }
            },
        }
    }

    /// Closes the connections.
    ///
    /// # Errors
    /// The database's.
    pub async fn close(&self) -> Result<(), DbErr> {
        self.0.close_by_ref().await
    }
}

impl Transaction {
    /// Commits.
    ///
    /// # Errors
    /// The database's. Whether it was committed is not known then.
    pub async fn commit(self) -> Result<(), DbErr> {
        fail_on_purpose("COMMIT")?;
        self.0.commit().await?;
        if failpoint::fails("commit.after") { Err(gone("COMMIT, done")) } else { Ok(()) }
    }
}

#[async_trait]
impl<C: ConnectionTrait> ConnectionTrait for Session<C> {
    fn get_database_backend(&self) -> DbBackend {
        self.0.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        fail_on_purpose(&statement.sql)?;
        self.0.execute_raw(statement).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        fail_on_purpose(sql)?;
        self.0.execute_unprepared(sql).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        fail_on_purpose(&statement.sql)?;
        self.0.query_one_raw(statement).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        fail_on_purpose(&statement.sql)?;
        self.0.query_all_raw(statement).await
    }

    fn support_returning(&self) -> bool {
        self.0.support_returning()
    }
}

/// Where a debug build can be told that the n-th statement fails.
fn fail_on_purpose(sql: &str) -> Result<(), DbErr> {
    if failpoint::fails("statement") { Err(gone(sql)) } else { Ok(()) }
}

/// The error of a database that is gone.
fn gone(sql: &str) -> DbErr {
    tracing::info!(sql, "a statement fails on purpose");
    DbErr::Conn(RuntimeErr::Internal("failpoint".to_owned()))
}
