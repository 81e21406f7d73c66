//! Why the database cannot be opened: sentences for whoever starts the service, which say what to
//! do. No URL is in them, since it may hold a password.

use std::path::PathBuf;

use sea_orm::DbErr;

use crate::store::error::sqlx_error;

/// What is said where PostgreSQL refuses, by its codes (its manual, appendix A).
const OF_POSTGRES: [(&str, &str); 8] = [
    ("28P01", "it refuses the user or the password: correct them in --database-url"),
    (
        "28000",
        "it refuses the user: correct the user in --database-url, or allow it in pg_hba.conf",
    ),
    ("3D000", "make the database that --database-url names with createdb, or name another"),
    ("42501", "the user lacks rights: give it CREATE on the database and its schema"),
    ("53100", "its disk is full: make room, then start again"),
    ("53300", "it has as many connections as it takes: raise its max_connections"),
    ("57P03", "it is not ready yet: start again in a moment"),
    ("25006", "it takes no writes: name the primary in --database-url"),
];

/// The same for SQLite, by its primary result codes (<https://www.sqlite.org/rescode.html>).
const OF_SQLITE: [(i32, &str); 8] = [
    (5, "another program holds the file: end it, then start again"),
    (8, "the file may only be read: give this process the right to write to it and to its folder"),
    (10, "the file cannot be read or written: look at its disk, whether it is full"),
    (11, "the file is damaged: put a backup in its place"),
    (13, "its disk is full: make room, then start again"),
    (
        14,
        "the file is not there, or this process lacks the rights to it: `?mode=rwc` at the end of \
         --database-url has it made",
    ),
    (23, "this process lacks the rights to the file: give it those to read and to write"),
    (26, "the file is something else: name another in --database-url"),
];

/// Why the database cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The URL names no database that this build can use.
    #[error(
        "the database URL is not supported: use sqlite://<path>?mode=rwc, or \
         postgres://<user>:<password>@<host>:<port>/<database>"
    )]
    UnsupportedUrl,
    /// The URL is one of PostgreSQL, and wrong. It is not shown: it may hold a password.
    #[error("the database URL cannot be read: correct --database-url")]
    InvalidUrl(#[source] sqlx::Error),
    /// Another process has the file.
    #[error("another bookora-webhooks process is using {0}; one file serves one process")]
    InUse(PathBuf),
    /// The lock file beside the database cannot be made.
    #[error(
        "cannot lock {path}, beside the database: its folder has to be there, with room in it, and \
         this process needs the right to write to it"
    )]
    Lock {
        /// The lock file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The database cannot be opened or brought to this build's schema.
    #[error("cannot open the database{}", advice(.0))]
    Database(#[from] DbErr),
}

/// What to do about it, behind a colon; nothing where that is not known.
fn advice(error: &DbErr) -> String {
    let advice = match sqlx_error(error) {
        Some(sqlx::Error::Database(refusal)) => refusal.code().and_then(|code| of_code(&code)),
        Some(sqlx::Error::Io(_)) => {
            Some("see that it runs, and correct the host and the port in --database-url")
        }
        Some(sqlx::Error::Tls(_)) => {
            Some("correct sslmode and sslrootcert in --database-url, or the server's certificate")
        }
        Some(sqlx::Error::PoolTimedOut) => {
            Some("it does not answer in time: see that it runs, and that it can be reached")
        }
        _ => None,
    };
    advice.map_or_else(String::new, |advice| format!(": {advice}"))
}

fn of_code(code: &str) -> Option<&'static str> {
    if let Some((_, advice)) = OF_POSTGRES.iter().find(|(known, _)| *known == code) {
        return Some(advice);
    }
    // The primary code is in the lower eight bits of the extended one.
    let primary = code.parse::<i32>().ok()? & 0xff;
    OF_SQLITE.iter().find(|(known, _)| *known == primary).map(|(_, advice)| *advice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_advice_is_that_of_the_database_that_refuses() {
        assert!(of_code("28P01").unwrap().contains("password"));
        // SQLITE_IOERR_SHMSIZE.
        assert!(of_code("4874").unwrap().contains("full"));
        assert!(of_code("14").unwrap().contains("rwc"));
        assert_eq!(of_code("42601"), None);
        assert_eq!(of_code("1"), None);
    }
}
