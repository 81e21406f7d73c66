//! The database: its connections, and in [`dialect`] what the two kinds of it say differently.
//! Everything else in the store is the same for both.

mod checkpoint;
pub mod clock;
pub mod dialect;
mod open_error;
mod postgres;
pub mod session;
mod sqlite;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sea_orm::{DbErr, RuntimeErr};
use tokio::sync::MutexGuard;

pub use self::open_error::OpenError;
use self::postgres::Postgres;
use self::session::{Pool, Transaction};
use self::sqlite::Sqlite;
use crate::domain::clock::Clock;
use crate::store::error::StoreError;

/// How long a caller waits for a connection before the database counts as unavailable.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);
/// Statements that a connection keeps prepared: those of multi-row inserts differ by their rows.
const STATEMENTS_MAX: usize = 256;

/// How long any work of ours on the database takes at most before it counts as unavailable: longer
/// than its own limits, for when nothing comes back from it at all.
const WORK_PATIENCE: Duration = Duration::from_secs(15);

/// Waits for work on the database, and not without end.
///
/// # Errors
/// The work's, or that it did not end in time: whether it was done is not known.
pub async fn in_time<T>(
    work: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    tokio::time::timeout(WORK_PATIENCE, work).await.unwrap_or_else(|_| {
        let reason = "it did not answer in time".to_owned();
        Err(StoreError::Unavailable(DbErr::Conn(RuntimeErr::Internal(reason))))
    })
}

enum Engine {
    Sqlite(Arc<Sqlite>),
    Postgres(Arc<Postgres>),
}

/// The open connections.
pub struct Connections {
    engine: Engine,
}

impl Connections {
    /// Opens the database at `url`.
    ///
    /// # Errors
    /// [`OpenError`], in words for the operator.
    pub async fn open(url: &str, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        let engine = if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            Engine::Postgres(Postgres::open(url, clock).await?)
        } else {
            let sqlite = Arc::new(Sqlite::open(url).await?);
            checkpoint::start(&sqlite);
            Engine::Sqlite(sqlite)
        };
        Ok(Self { engine })
    }

    /// Connections for statements that only read.
    #[must_use]
    pub fn reader(&self) -> &Pool {
        match &self.engine {
            Engine::Sqlite(sqlite) => &sqlite.reader,
            Engine::Postgres(postgres) => &postgres.reader,
        }
    }

    /// Connections for statements outside a transaction that write: migrations.
    #[must_use]
    pub fn writer(&self) -> &Pool {
        match &self.engine {
            Engine::Sqlite(sqlite) => &sqlite.writer,
            Engine::Postgres(postgres) => &postgres.writer,
        }
    }

    /// Begins a transaction that may write.
    ///
    /// # Errors
    /// The database's, among them that no connection came free in time.
    pub async fn begin(&self) -> Result<Transaction, DbErr> {
        self.writer().begin().await
    }

    /// The turn of those that no caller waits for: claims, outcomes, pruning. Taken before
    /// [`Connections::begin`] and kept until the transaction has ended. Where there is one writer,
    /// one of them at most stands in line before a caller's write.
    pub async fn background_turn(&self) -> Option<MutexGuard<'_, ()>> {
        match &self.engine {
            Engine::Sqlite(sqlite) => Some(sqlite.background_turn().await),
            Engine::Postgres(_) => None,
        }
    }

    /// What time it is for all that use this database: on SQLite one process does.
    #[must_use]
    pub fn clock(&self, local: &Arc<dyn Clock>) -> Arc<dyn Clock> {
        match &self.engine {
            Engine::Sqlite(_) => Arc::clone(local),
            Engine::Postgres(postgres) => postgres.clock(),
        }
    }

    /// Several processes at once use PostgreSQL; one has a SQLite file to itself.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        matches!(self.engine, Engine::Postgres(_))
    }

    /// Keeps other processes from changing the schema for as long as the guard is held.
    ///
    /// # Errors
    /// The database's.
    pub async fn lock_schema(&self) -> Result<SchemaLock, DbErr> {
        match &self.engine {
            Engine::Sqlite(_) => Ok(SchemaLock { _lock: None }),
            Engine::Postgres(postgres) => {
                Ok(SchemaLock { _lock: Some(postgres.lock_schema().await?) })
            }
        }
    }

    /// A connection that is told when another process writes; `None` where there is no other.
    ///
    /// # Errors
    /// The database's.
    pub async fn listen(&self, channel: &str) -> Result<Option<sqlx::postgres::PgListener>, DbErr> {
        match &self.engine {
            Engine::Sqlite(_) => Ok(None),
            Engine::Postgres(postgres) => Ok(Some(postgres.listen(channel).await?)),
        }
    }

    /// Gives back a bounded part of what the file has free, and says whether there may be more.
    /// PostgreSQL does so by itself.
    ///
    /// # Errors
    /// The database's.
    pub async fn give_back_pages(&self) -> Result<bool, DbErr> {
        match &self.engine {
            Engine::Sqlite(sqlite) => sqlite.give_back_pages().await,
            Engine::Postgres(_) => Ok(false),
        }
    }

    /// The file that the database is; PostgreSQL is none of ours.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        match &self.engine {
            Engine::Sqlite(sqlite) => Some(sqlite.file()),
            Engine::Postgres(_) => None,
        }
    }

    /// Whether [`Connections::close`] was called.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        match &self.engine {
            Engine::Sqlite(sqlite) => sqlite.is_closed(),
            Engine::Postgres(postgres) => postgres.is_closed(),
        }
    }

    /// Closes the connections.
    ///
    /// # Errors
    /// The database's.
    pub async fn close(&self) -> Result<(), DbErr> {
        match &self.engine {
            Engine::Sqlite(sqlite) => sqlite.close().await,
            Engine::Postgres(postgres) => postgres.close().await,
        }
    }
}

/// The right to change the schema; given back when dropped.
pub struct SchemaLock {
    _lock: Option<sqlx::PgConnection>,
}
