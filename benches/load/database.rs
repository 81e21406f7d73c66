//! The databases that are measured: a SQLite file, and a PostgreSQL server of the run's own, which
//! writes through to the disk.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context, bail};
use sea_orm::{ConnectionTrait, Database as Connection, DatabaseConnection};
use serde::{Serialize, Serializer};
use tempfile::TempDir;
use tokio::sync::OnceCell;

use super::kernel::{Used, used_by_tree};
use super::stamp::{BODY_BYTES, now_nanos};
use super::tests::postgres::Postgres;

/// Which database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Sqlite,
    Postgres,
}

impl Kind {
    pub const ALL: [Self; 2] = [Self::Sqlite, Self::Postgres];

    fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

impl FromStr for Kind {
    type Err = anyhow::Error;

    fn from_str(name: &str) -> anyhow::Result<Self> {
        let found = Self::ALL.into_iter().find(|kind| kind.name() == name);
        found.with_context(|| format!("DB is sqlite or postgres, not {name}"))
    }
}

impl Serialize for Kind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// An empty database for one scenario.
pub struct Database {
    /// Which.
    pub kind: Kind,
    /// For the service.
    pub url: String,
    server: Option<&'static Postgres>,
    folder: TempDir,
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Some(server) = self.server {
            server.drop_database(&self.url);
        }
    }
}

/// Whether the server of this process was set up.
static SET_UP: OnceCell<()> = OnceCell::const_new();

/// Gives the server Debian's settings, which other services were measured with.
async fn set_up(server: &Postgres, url: &str) -> anyhow::Result<()> {
    let connection = Connection::connect(url).await?;
    connection.execute_unprepared("ALTER SYSTEM SET shared_buffers = '128MB'").await?;
    connection.execute_unprepared("ALTER SYSTEM SET max_wal_size = '1GB'").await?;
    connection.close().await?;
    server.stop();
    server.start_again();
    Ok(())
}

impl Database {
    /// Makes one.
    pub async fn make(kind: Kind) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let (server, url) = match kind {
            Kind::Sqlite => (None, sqlite(&folder.path().join("bench.db"))),
            Kind::Postgres => {
                let Some(server) = Postgres::shared() else { bail!("PostgreSQL is missing") };
                let url = server.fresh_database();
                SET_UP.get_or_try_init(|| set_up(server, &url)).await?;
                (Some(server), url)
            }
        };
        Ok(Self { kind, url, server, folder })
    }

    /// A file beside it.
    pub fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What a server of it has used; a file uses nothing by itself.
    pub fn used(&self) -> anyhow::Result<Used> {
        self.server.map_or(Ok(Used::default()), |server| used_by_tree(server.process_id()))
    }

    /// A connection beside the service's.
    pub async fn connect(&self) -> anyhow::Result<DatabaseConnection> {
        Ok(Connection::connect(&self.url).await?)
    }

    /// The second yardstick: the median time of a commit of one row as long as a body, by nobody
    /// but us, in milliseconds.
    pub async fn commit_millis(&self) -> anyhow::Result<f64> {
        const COMMITS: usize = 200;
        let url = match self.kind {
            Kind::Sqlite => sqlite(&self.beside("yardstick.db")),
            Kind::Postgres => self.url.clone(),
        };
        let mut options = sea_orm::ConnectOptions::new(url);
        options.max_connections(1).sqlx_logging(false);
        let connection = Connection::connect(options).await?;
        if self.kind == Kind::Sqlite {
            connection.execute_unprepared("PRAGMA journal_mode = WAL").await?;
            connection.execute_unprepared("PRAGMA synchronous = FULL").await?;
        }
        let body = "m".repeat(BODY_BYTES);
        connection.execute_unprepared("CREATE TABLE IF NOT EXISTS yardstick (body TEXT)").await?;
        let mut nanos = Vec::new();
        for _ in 0..COMMITS {
            let begun = now_nanos();
            let insert = format!("INSERT INTO yardstick VALUES ('{body}')");
            connection.execute_unprepared(&insert).await?;
            nanos.push(now_nanos() - begun);
        }
        connection.close().await?;
        nanos.sort_unstable();
        #[expect(clippy::cast_precision_loss, reason = "some milliseconds")]
        Ok(nanos[COMMITS / 2] as f64 / 1e6)
    }
}

fn sqlite(file: &Path) -> String {
    format!("sqlite://{}?mode=rwc", file.display())
}
