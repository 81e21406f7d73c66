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
    /// Another process wrote the same at the same time, so this was not written. Try again.
    #[error("another process wrote the same at the same time")]
    Conflict(#[source] DbErr),
    /// The endpoint's secrets do not open with the master keys of this process. Another replica may
    /// have the key, and this one look at its file again: try again.
    #[error("the endpoint's secrets do not open with the master keys of this process")]
    Sealed,
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
        matches!(
            self,
            Self::Full(_)
                | Self::Unavailable(_)
                | Self::Conflict(_)
                | Self::Sealed
                | Self::Overloaded
        )
    }
}

/// SQLite's primary result codes (<https://www.sqlite.org/rescode.html>) that come from outside.
const SQLITE_BUSY: i32 = 5;
const SQLITE_LOCKED: i32 = 6;
const SQLITE_IOERR: i32 = 10;
const SQLITE_FULL: i32 = 13;
const SQLITE_CANTOPEN: i32 = 14;

/// PostgreSQL's codes (its manual, appendix A): of two transactions that met one was undone.
const POSTGRES_CONFLICTS: [&str; 3] = ["23505", "40001", "40P01"];
const POSTGRES_DISK_FULL: &str = "53100";
/// A standby, which this connection took for the primary; a transaction that this process left idle,
/// as it was paused or cut off; a statement that took too long.
const POSTGRES_OUTSIDE: [&str; 4] = ["25006", "25P03", "57014", "55P03"];
/// Classes of codes that come from outside: connections, resources, an operator, the system.
const POSTGRES_OUTSIDE_CLASSES: [&str; 4] = ["08", "53", "57", "58"];
/// Characters of PostgreSQL's codes; SQLite's are shorter.
const POSTGRES_CODE_LENGTH: usize = 5;

impl From<DbErr> for StoreError {
    fn from(error: DbErr) -> Self {
        let code = sqlx_error(&error)
            .and_then(sqlx::Error::as_database_error)
            .and_then(sqlx::error::DatabaseError::code);
        let kind = match code.as_deref() {
            Some(code) if code.len() == POSTGRES_CODE_LENGTH => of_postgres(code),
            Some(code) => of_sqlite(code),
            None if is_connection_failure(&error) => Self::Unavailable,
            None => Self::Bug,
        };
        drop(code);
        kind(error)
    }
}

fn of_sqlite(code: &str) -> fn(DbErr) -> StoreError {
    // The primary code is in the lower eight bits of the extended one.
    match code.parse::<i32>().map(|extended| extended & 0xff) {
        Ok(SQLITE_FULL) => StoreError::Full,
        Ok(SQLITE_BUSY | SQLITE_LOCKED | SQLITE_IOERR | SQLITE_CANTOPEN) => StoreError::Unavailable,
        _ => StoreError::Bug,
    }
}

fn of_postgres(code: &str) -> fn(DbErr) -> StoreError {
    if POSTGRES_CONFLICTS.contains(&code) {
        StoreError::Conflict
    } else if code == POSTGRES_DISK_FULL {
        StoreError::Full
    } else if POSTGRES_OUTSIDE.contains(&code)
        || POSTGRES_OUTSIDE_CLASSES.iter().any(|class| code.starts_with(class))
    {
        StoreError::Unavailable
    } else {
        StoreError::Bug
    }
}

/// What the library below says, where the failure is its.
#[must_use]
pub fn sqlx_error(error: &DbErr) -> Option<&sqlx::Error> {
    match error {
        DbErr::Conn(RuntimeErr::SqlxError(source))
        | DbErr::Exec(RuntimeErr::SqlxError(source))
        | DbErr::Query(RuntimeErr::SqlxError(source)) => Some(source),
        _ => None,
    }
}

fn is_connection_failure(error: &DbErr) -> bool {
    matches!(error, DbErr::ConnectionAcquire(_) | DbErr::Conn(_))
        || sqlx_error(error).is_some_and(|source| {
            matches!(
                source,
                sqlx::Error::Io(_)
                    | sqlx::Error::Tls(_)
                    | sqlx::Error::Protocol(_)
                    | sqlx::Error::PoolTimedOut
                    | sqlx::Error::PoolClosed
                    | sqlx::Error::WorkerCrashed
            )
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_from_outside_may_pass_and_a_bug_does_not() {
        let of = |code: &str| {
            let error = DbErr::Custom(code.to_owned());
            let kind = if code.len() == POSTGRES_CODE_LENGTH {
                of_postgres(code)
            } else {
                of_sqlite(code)
            };
            kind(error)
        };
        assert!(matches!(of("13"), StoreError::Full(_)));
        assert!(matches!(of("53100"), StoreError::Full(_)));
        // SQLITE_BUSY_SNAPSHOT, SQLITE_IOERR_FSYNC.
        for code in
            ["5", "517", "1034", "57P01", "57P03", "08006", "53300", "25006", "25P03", "57014"]
        {
            assert!(matches!(of(code), StoreError::Unavailable(_)), "{code}");
        }
        for code in ["40001", "40P01", "23505"] {
            assert!(matches!(of(code), StoreError::Conflict(_)), "{code}");
        }
        for code in ["1", "2067", "42601", "42P01", "22021"] {
            assert!(matches!(of(code), StoreError::Bug(_)), "{code}");
        }
    }
}
