//! SQLite: one file, one process, one connection that writes and a few that read beside it.
//!
//! SQLite lets one connection write at a time. A pool of one, and transactions that take the
//! write lock at once (`BEGIN IMMEDIATE`), make writers wait for each other here instead of
//! failing each other there.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sea_orm::sqlx::{Connection, SqliteConnection};
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DbBackend, DbErr, Statement};
use tokio::sync::{Mutex, MutexGuard};

use super::session::Pool;
use super::{ACQUIRE_TIMEOUT, OpenError, STATEMENTS_MAX};

/// How long a statement waits for another process's lock on the file before it fails.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Connections that read: as many as two cores keep busy, and one for a long listing.
const READERS: u32 = 3;
/// Pages of 4 KiB that the write-ahead log grows to before a commit has to write it back: 64 MiB.
/// It does not come to that while the checkpoints are made beside the writer.
const WAL_AUTOCHECKPOINT_PAGES: &str = "16384";
/// Bytes that are left of a write-ahead log which a burst, or a reader that stood in the way of
/// writing it back, made larger: 64 MiB, so that it is seldom cut and grown again.
const WAL_BYTES_MAX: &str = "67108864";
/// What the writer keeps of the file in memory, in KiB: the pages that a busy service's writes go to.
/// A reader has SQLite's 2 MiB.
const WRITER_CACHE_KIB: &str = "-16384";
/// One part in this many of the file may be free, for what comes next: what is cut off today would
/// be grown again tomorrow.
const FREE_PAGES_SHARE: i64 = 4;
/// Pages of 4 KiB that are moved and cut off in one step: some 10 ms.
const GIVE_BACK_PAGES_MAX: u32 = 512;

/// The open file, and the lock that keeps a second process away.
pub struct Sqlite {
    pub(super) writer: Pool,
    pub(super) reader: Pool,
    /// Writes the log back beside the writer.
    pub(super) checkpointer: Pool,
    /// Taken by the writers that callers do not wait for.
    background: Mutex<()>,
    path: PathBuf,
    /// Held for as long as the connections are; the operating system frees it with the process.
    _lock: File,
}

impl Sqlite {
    /// Opens the database at `url`, `sqlite://<path>?mode=rwc`, after taking the lock on it.
    ///
    /// # Errors
    /// [`OpenError`], in words for the operator.
    pub async fn open(url: &str) -> Result<Self, OpenError> {
        let path = sqlite_path(url)?;
        let lock = lock_beside(&path)?;
        let writer = Pool::new(Database::connect(options(url, 1, false)).await?);
        let reader = Pool::new(Database::connect(options(url, READERS, true)).await?);
        let checkpointer = Pool::new(Database::connect(options(url, 1, true)).await?);
        Ok(Self { writer, reader, checkpointer, background: Mutex::default(), path, _lock: lock })
    }

    /// The file.
    #[must_use]
    pub fn file(&self) -> &Path {
        &self.path
    }

    /// Whether [`Sqlite::close`] was called.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.checkpointer.bare().get_sqlite_connection_pool().is_closed()
    }

    /// Closes the connections. The last one writes the log back, so that the database is whole in
    /// its one file.
    ///
    /// # Errors
    /// The database's.
    pub async fn close(&self) -> Result<(), DbErr> {
        self.checkpointer.close().await?;
        self.reader.close().await?;
        self.writer.close().await
    }

    /// Cuts free pages off the end of the file, a bounded number, where more of it is free than a
    /// quarter; says whether there were any to cut off. When it has done enough the log is written
    /// back, which is what makes the file smaller.
    ///
    /// # Errors
    /// The database's.
    pub async fn give_back_pages(&self) -> Result<bool, DbErr> {
        let free = self.pragma("freelist_count").await?;
        if free <= self.pragma("page_count").await? / FREE_PAGES_SHARE {
            return Ok(false);
        }
        let cut_off = format!("PRAGMA incremental_vacuum({GIVE_BACK_PAGES_MAX})");
        self.writer.execute_unprepared(&cut_off).await?;
        // None where the file was made by a build that did not ask for it.
        let has_cut = self.pragma("freelist_count").await? < free;
        self.writer.execute_unprepared("PRAGMA wal_checkpoint(PASSIVE)").await?;
        Ok(has_cut)
    }

    async fn pragma(&self, name: &str) -> Result<i64, DbErr> {
        let statement = Statement::from_string(DbBackend::Sqlite, format!("PRAGMA {name}"));
        let row = self.writer.query_one_raw(statement).await?;
        row.map_or(Ok(0), |row| row.try_get_by_index(0))
    }

    /// The turn of those that no caller waits for: claims, outcomes, pruning. Taken before their
    /// transaction begins and kept until it has ended, so that one of them at most stands in line
    /// before a caller's write.
    pub async fn background_turn(&self) -> MutexGuard<'_, ()> {
        self.background.lock().await
    }
}

fn options(url: &str, connections: u32, only_reads: bool) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options
        .min_connections(1)
        .max_connections(connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .sqlx_logging(false)
        .map_sqlx_sqlite_pool_opts(|pool| {
            pool.before_acquire(|connection, _| {
                let is_between_transactions = is_between_transactions(connection);
                Box::pin(async move { Ok(is_between_transactions) })
            })
        })
        .map_sqlx_sqlite_opts(move |sqlite| {
            let sqlite = sqlite
                .busy_timeout(BUSY_TIMEOUT)
                .statement_cache_capacity(STATEMENTS_MAX)
                .pragma("journal_mode", "WAL")
                // FULL: a commit is on disk when it returns, also after a loss of power.
                .pragma("synchronous", "FULL")
                .pragma("wal_autocheckpoint", WAL_AUTOCHECKPOINT_PAGES)
                .pragma("journal_size_limit", WAL_BYTES_MAX)
                // What undoes a statement of many rows, if one of them fails, is not worth a file.
                .pragma("temp_store", "MEMORY")
                .pragma("query_only", if only_reads { "ON" } else { "OFF" });
            // Takes effect when the file is made: free pages can be cut off its end. Setting it is
            // a write, not for readers.
            if only_reads {
                return sqlite;
            }
            sqlite.pragma("auto_vacuum", "INCREMENTAL").pragma("cache_size", WRITER_CACHE_KIB)
        });
    options
}

/// Whether a connection that nobody uses is in no transaction, as far as sqlx knows; otherwise it is
/// to be closed. Where a commit finds the disk full, SQLite undoes the transaction by itself, and
/// sqlx goes on to count it as open. The next one would be a savepoint, and after the first of them
/// that is undone all that follow: acknowledged, and never committed.
fn is_between_transactions(connection: &SqliteConnection) -> bool {
    !connection.is_in_transaction()
}

fn sqlite_path(url: &str) -> Result<PathBuf, OpenError> {
    let unsupported = || OpenError::UnsupportedUrl;
    let rest = url.strip_prefix("sqlite:").ok_or_else(unsupported)?;
    let path = rest.trim_start_matches("//").split('?').next().unwrap_or_default();
    // A database in memory would be another one on each connection, and gone after a crash.
    if path.is_empty() || path == ":memory:" || url.contains("mode=memory") {
        return Err(unsupported());
    }
    Ok(PathBuf::from(path))
}

fn lock_beside(database: &Path) -> Result<File, OpenError> {
    let mut path = database.as_os_str().to_owned();
    path.push(".lock");
    let path = PathBuf::from(path);
    let failed = |source| OpenError::Lock { path: path.clone(), source };
    let file =
        OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse(database.to_owned())),
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_sqlite_file_is_a_database() {
        let path = |url| sqlite_path(url).ok();
        assert_eq!(path("sqlite://bookora.db?mode=rwc"), Some("bookora.db".into()));
        assert_eq!(path("sqlite:///var/lib/bookora.db"), Some("/var/lib/bookora.db".into()));
        assert_eq!(path("sqlite:bookora.db"), Some("bookora.db".into()));
        for url in
            ["sqlite::memory:", "sqlite://", "sqlite://a?mode=memory", "mysql://h/db", "a.db"]
        {
            assert_eq!(path(url), None, "{url}");
        }
    }
}
