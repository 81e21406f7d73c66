//! PostgreSQL: a pool of connections that write and one of those that read, to the one of several
//! hosts that is the primary.

use std::str::FromStr;
use std::sync::{Arc, Weak};
use std::time::Duration;

use sea_orm::{DbErr, RuntimeErr, SqlxPostgresConnector};
use sqlx::postgres::{PgConnectOptions, PgListener, PgPool, PgPoolOptions};
use sqlx::{ConnectOptions, Connection, PgConnection, Row};

use super::clock::DatabaseClock;
use super::session::Pool;
use super::{ACQUIRE_TIMEOUT, OpenError, STATEMENTS_MAX};
use crate::domain::clock::{Clock, Timestamp};

/// Connections that write: publishes, outcomes, claims, and a few callers' writes beside them.
const WRITERS: u32 = 8;
/// Connections that read, and one that listens.
const READERS: u32 = 5;
/// How long a connection may have been idle before it is tried before its next use.
const IDLE_TRUSTED: Duration = Duration::from_secs(1);
/// How often the database is asked what time it is, and whether it is still the primary.
const PULSE_INTERVAL: Duration = Duration::from_secs(1);
/// How long it may take to answer that before another host is looked for.
const PULSE_PATIENCE: Duration = Duration::from_secs(2);
/// What each session asks of the server: nothing of ours runs for so long, unless it is stuck.
const SESSION: [(&str, &str); 6] = [
    ("statement_timeout", "10s"),
    ("idle_in_transaction_session_timeout", "10s"),
    ("default_transaction_isolation", "read committed"),
    ("client_min_messages", "warning"),
    // Each statement has its index. A plan that reads a table from end to end is chosen while the
    // statistics still say that it is small, and is kept.
    ("enable_seqscan", "off"),
    // Statements are small: compiling one takes longer than executing it.
    ("jit", "off"),
];
/// Names the lock on the schema among the advisory locks of the database.
const SCHEMA_LOCK: i64 = 0x626f_6f6b_6f72_6131;
/// The database's clock in microseconds, and whether it is a standby.
const PULSE: &str = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint, \
                     pg_is_in_recovery()";

/// The open pools.
pub struct Postgres {
    pub(super) writer: Pool,
    pub(super) reader: Pool,
    pools: [PgPool; 2],
    hosts: Vec<PgConnectOptions>,
    clock: Arc<DatabaseClock>,
}

impl Postgres {
    /// Connects to the first primary among the hosts of `url`, and keeps to a primary from then
    /// on: `postgres://user:password@host1:5432,host2:5432/database`.
    ///
    /// # Errors
    /// [`OpenError`], in words for the operator.
    pub async fn open(url: &str, clock: Arc<dyn Clock>) -> Result<Arc<Self>, OpenError> {
        let hosts: Result<Vec<_>, _> = host_urls(url).iter().map(|url| options(url)).collect();
        let hosts = hosts.map_err(OpenError::InvalidUrl)?;
        let first = primary(&hosts).await.unwrap_or_else(|| hosts[0].clone());
        let [writers, readers] = [WRITERS, READERS].map(|size| pool(size, first.clone()));
        let connect =
            |pool: &PgPool| Pool::new(SqlxPostgresConnector::from_sqlx_postgres_pool(pool.clone()));
        let postgres = Self {
            writer: connect(&writers),
            reader: connect(&readers),
            pools: [writers, readers],
            hosts,
            clock: Arc::new(DatabaseClock::new(clock)),
        };
        if let Err(error) = postgres.ask_time().await {
            return Err(database_error(cause(error, &first).await).into());
        }
        let postgres = Arc::new(postgres);
        tokio::spawn(pulse(Arc::downgrade(&postgres)));
        Ok(postgres)
    }

    /// The database's clock.
    pub fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock) as Arc<dyn Clock>
    }

    /// Takes the lock on the schema, which is given back when the connection is dropped.
    ///
    /// # Errors
    /// The database's.
    pub async fn lock_schema(&self) -> Result<PgConnection, DbErr> {
        let lock = async {
            let mut connection = self.pools[0].acquire().await?.detach();
            // Another replica's migration may take its time.
            sqlx::query("SET statement_timeout = 0").execute(&mut connection).await?;
            let lock = sqlx::query("SELECT pg_advisory_lock($1)").bind(SCHEMA_LOCK);
            lock.execute(&mut connection).await?;
            Ok(connection)
        };
        lock.await.map_err(database_error)
    }

    /// A connection that is told of notifications.
    ///
    /// # Errors
    /// The database's.
    pub async fn listen(&self, channel: &str) -> Result<PgListener, DbErr> {
        let listen = async {
            let mut listener = PgListener::connect_with(&self.pools[1]).await?;
            listener.listen(channel).await?;
            Ok(listener)
        };
        listen.await.map_err(database_error)
    }

    /// Whether [`Postgres::close`] was called.
    pub fn is_closed(&self) -> bool {
        self.pools[0].is_closed() || self.pools[1].is_closed()
    }

    /// Closes the connections.
    ///
    /// # Errors
    /// The database's.
    pub async fn close(&self) -> Result<(), DbErr> {
        self.reader.close().await?;
        self.writer.close().await
    }

    async fn ask_time(&self) -> Result<(), sqlx::Error> {
        let asked = self.clock.monotonic();
        let row = sqlx::query(PULSE).fetch_one(&self.pools[1]).await?;
        if row.try_get(1)? {
            return Err(standby());
        }
        let micros: i64 = row.try_get(0)?;
        self.clock.set(Timestamp::from_unix_nanos(micros.saturating_mul(1_000)), asked);
        Ok(())
    }

    /// New connections go to whichever host is the primary now.
    async fn turn_to_primary(&self) {
        if self.hosts.len() < 2 {
            return;
        }
        if let Some(primary) = primary(&self.hosts).await {
            tracing::warn!(
                host = primary.get_host(),
                port = primary.get_port(),
                "the database is reached at this host from now on"
            );
            for pool in &self.pools {
                pool.set_connect_options(primary.clone());
            }
        }
    }
}

/// Keeps the clock right, and finds the primary again when it is lost. Ends with the pools.
async fn pulse(postgres: Weak<Postgres>) {
    loop {
        tokio::time::sleep(PULSE_INTERVAL).await;
        let Some(postgres) = postgres.upgrade().filter(|open| !open.is_closed()) else {
            return;
        };
        match tokio::time::timeout(PULSE_PATIENCE, postgres.ask_time()).await {
            Ok(Ok(())) => {}
            Ok(Err(sqlx::Error::PoolClosed)) => return,
            Ok(Err(error)) => {
                tracing::warn!(%error, "the database does not answer");
                postgres.turn_to_primary().await;
            }
            Err(_) => {
                tracing::warn!("the database does not answer in time");
                postgres.turn_to_primary().await;
            }
        }
    }
}

/// The first of the hosts that answers and is not a standby.
async fn primary(hosts: &[PgConnectOptions]) -> Option<PgConnectOptions> {
    for host in hosts {
        let ask = async {
            let mut connection = PgConnection::connect_with(host).await?;
            let row = sqlx::query(PULSE).fetch_one(&mut connection).await?;
            connection.close().await?;
            row.try_get::<bool, _>(1)
        };
        if let Ok(Ok(false)) = tokio::time::timeout(PULSE_PATIENCE, ask).await {
            return Some(host.clone());
        }
    }
    None
}

/// Why a pool got no connection in time: it tried until then, and does not say what was wrong.
async fn cause(error: sqlx::Error, host: &PgConnectOptions) -> sqlx::Error {
    if !matches!(error, sqlx::Error::PoolTimedOut) {
        return error;
    }
    let connect = PgConnection::connect_with(host);
    match tokio::time::timeout(PULSE_PATIENCE, connect).await {
        Ok(Err(cause)) => cause,
        Ok(Ok(_)) | Err(_) => error,
    }
}

fn pool(size: u32, options: PgConnectOptions) -> PgPool {
    PgPoolOptions::new()
        .max_connections(size)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .test_before_acquire(false)
        .before_acquire(|connection, meta| {
            Box::pin(async move {
                if meta.idle_for > IDLE_TRUSTED {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
        .after_connect(|connection, _| {
            Box::pin(async move {
                let row = sqlx::query(PULSE).fetch_one(&mut *connection).await?;
                if row.try_get(1)? { Err(standby()) } else { Ok(()) }
            })
        })
        .connect_lazy_with(options)
}

fn options(url: &str) -> Result<PgConnectOptions, sqlx::Error> {
    Ok(PgConnectOptions::from_str(url)?
        .application_name(env!("CARGO_PKG_NAME"))
        .statement_cache_capacity(STATEMENTS_MAX)
        .options(SESSION)
        .disable_statement_logging())
}

/// One URL for each of the hosts that are named in one, separated by commas as libpq has it.
fn host_urls(url: &str) -> Vec<String> {
    let Some((scheme, rest)) = url.split_once("://") else { return vec![url.to_owned()] };
    let authority_end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(authority_end);
    let (user, hosts) = match authority.rsplit_once('@') {
        Some((user, hosts)) => (format!("{user}@"), hosts),
        None => (String::new(), authority),
    };
    hosts.split(',').map(|host| format!("{scheme}://{user}{host}{path}")).collect()
}

fn standby() -> sqlx::Error {
    sqlx::Error::Protocol("the database is a standby: it takes no writes".to_owned())
}

fn database_error(error: sqlx::Error) -> DbErr {
    DbErr::Conn(RuntimeErr::SqlxError(Arc::new(error)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_may_name_several_hosts() {
        for (url, hosts) in [
            ("postgres://h/d", &["postgres://h/d"][..]),
            (
                "postgres://u:p@a:1,b:2/d?x=y",
                &["postgres://u:p@a:1/d?x=y", "postgres://u:p@b:2/d?x=y"],
            ),
            (
                "postgres://u:p,q@a,[::1]:5/d",
                &["postgres://u:p,q@a/d", "postgres://u:p,q@[::1]:5/d"],
            ),
            ("postgresql://a,b", &["postgresql://a", "postgresql://b"]),
        ] {
            assert_eq!(host_urls(url), hosts, "{url}");
        }
    }
}
