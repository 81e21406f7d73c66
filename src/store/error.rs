//! Why the store did not do what it was asked, by what the caller does about it.

use sea_orm::{DbErr, RuntimeErr};

/// A failure of the store.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// The disk is full: reads go on, writes will work again when there is room.
    #[error("the database's disk is full")]
    Full(#[source] DbErr),
    /// The database does not answer, or not in time; whether a write was committed is not known.
    /// Try again.
    #[error("the database does not answer")]
    Unavailable(#[source] DbErr),
    /// More writes are queued than the store takes on. Try again later.
    #[error("the queue of writes is full")]
    Overloaded,
    /// The store is shutting down, so the write was not made.
    #[error("the store is closed")]
    Closed,
    /// A row holds what this build cannot read: a bug, or a newer schema.
    #[error("a stored row cannot be read: {0}")]
    Corrupt(String),
    /// A statement failed for no outside reason: a bug.
    #[error("a statement failed")]
    Bug(#[source] DbErr),
}

impl StoreError {
    /// Whether trying again later may succeed.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Full(_) | Self::Unavailable(_) | Self::Overloaded)
    }
}

/// SQLite's primary result codes (<https://www.sqlite.org/rescode.html>) that come from outside.
const SQLITE_BUSY: i32 = 5;
const SQLITE_LOCKED: i32 = 6;
const SQLITE_IOERR: i32 = 10;
const SQLITE_FULL: i32 = 13;
const SQLITE_CANTOPEN: i32 = 14;

impl From<DbErr> for StoreError {
    fn from(error: DbErr) -> Self {
        match primary_result_code(&error) {
            Some(SQLITE_FULL) => Self::Full(error),
            Some(SQLITE_BUSY | SQLITE_LOCKED | SQLITE_IOERR | SQLITE_CANTOPEN) => {
                Self::Unavailable(error)
            }
            None if is_connection_failure(&error) => Self::Unavailable(error),
            _ => Self::Bug(error),
        }
    }
}

fn primary_result_code(error: &DbErr) -> Option<i32> {
    let (DbErr::Conn(RuntimeErr::SqlxError(source))
    | DbErr::Exec(RuntimeErr::SqlxError(source))
    | DbErr::Query(RuntimeErr::SqlxError(source))) = error
    else {
        return None;
    };
    let extended: i32 = source.as_database_error()?.code()?.parse().ok()?;
    // The primary code is in the lower eight bits of the extended one.
    Some(extended & 0xff)
}

fn is_connection_failure(error: &DbErr) -> bool {
    matches!(error, DbErr::ConnectionAcquire(_) | DbErr::Conn(_))
        || matches!(
            error,
            DbErr::Exec(RuntimeErr::SqlxError(source)) | DbErr::Query(RuntimeErr::SqlxError(source))
                if matches!(
                    **source,
                    sea_orm::sqlx::Error::Io(_)
                        | sea_orm::sqlx::Error::PoolTimedOut
                        | sea_orm::sqlx::Error::PoolClosed
                        | sea_orm::sqlx::Error::WorkerCrashed
                )
        )
}
