//! What replicas tell each other: that the log has grown, and that rows are due for which the
//! teller has no room. Only hints, by NOTIFY beside the transactions and not in them, where they
//! would make commits wait for each other: whoever misses one looks by itself soon after.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use sea_orm::{ConnectionTrait, DatabaseBackend, Statement};
use sqlx::postgres::PgListener;
use tokio::sync::Notify;

use super::changes::ChangeLog;
use super::database::{Connections, in_time};
use super::error::StoreError;
use super::membership::Membership;
use super::wakeup::Wakeup;

/// The channel of NOTIFY.
const CHANNEL: &str = "bookora_webhooks";
/// How often a replica tells at most; what comes in between is told together.
const TELL_INTERVAL: Duration = Duration::from_millis(5);
/// How long to wait before listening again after the database was lost.
const LISTEN_RETRY_WAIT: Duration = Duration::from_millis(500);
/// What is told, behind the teller's id.
const LOG: &str = "log";
const DUE: &str = "due";

/// What this replica has to tell the others.
#[derive(Default)]
pub struct Peers {
    has_committed: AtomicBool,
    has_due: AtomicBool,
    told: Notify,
}

impl Peers {
    /// The log has grown.
    pub fn committed(&self) {
        self.has_committed.store(true, Ordering::Relaxed);
        self.told.notify_one();
    }

    /// Waits until there is something to tell, and says whether that is that the log has grown, and
    /// whether rows are due.
    pub async fn told(&self) -> (bool, bool) {
        self.told.notified().await;
        let has_committed = self.has_committed.swap(false, Ordering::Relaxed);
        (has_committed, self.has_due.swap(false, Ordering::Relaxed))
    }

    /// Rows are due that this replica has no room for.
    pub fn due(&self) {
        self.has_due.store(true, Ordering::Relaxed);
        self.told.notify_one();
    }
}

/// What telling and listening need.
pub struct Talk {
    /// Where.
    pub connections: Weak<Connections>,
    /// What is told.
    pub peers: Arc<Peers>,
    /// To whom.
    pub membership: Arc<Membership>,
    /// Learns that the log has grown.
    pub change_log: Weak<ChangeLog>,
    /// Learns that rows are due.
    pub wakeup: Arc<Wakeup>,
}

impl Talk {
    /// Tells and listens until the connections are closed.
    pub fn start(self) {
        let talk = Arc::new(self);
        tokio::spawn(Arc::clone(&talk).tell());
        tokio::spawn(talk.listen());
    }

    async fn tell(self: Arc<Self>) {
        loop {
            let (committed, due) = self.peers.told().await;
            let Some(connections) = self.open_connections() else { return };
            if self.membership.has_others() {
                for what in [committed.then_some(LOG), due.then_some(DUE)].into_iter().flatten() {
                    if let Err(error) = in_time(self.notify(&connections, what)).await {
                        tracing::debug!(%error, "the other replicas could not be told");
                    }
                }
            }
            drop(connections);
            tokio::time::sleep(TELL_INTERVAL).await;
        }
    }

    async fn notify(&self, connections: &Connections, what: &str) -> Result<(), StoreError> {
        let message = format!("{}:{what}", self.membership.own());
        let values = [CHANNEL.into(), message.into()];
        let sql = "SELECT pg_notify($1, $2)";
        let statement = Statement::from_sql_and_values(DatabaseBackend::Postgres, sql, values);
        connections.writer().query_one_raw(statement).await?;
        Ok(())
    }

    async fn listen(self: Arc<Self>) {
        loop {
            let Some(connections) = self.open_connections() else { return };
            let listening = connections.listen(CHANNEL).await;
            drop(connections);
            match listening {
                Ok(Some(listener)) => self.hear(listener).await,
                Ok(None) => return,
                Err(error) => tracing::warn!(%error, "cannot listen to the other replicas"),
            }
            // Whatever was told meanwhile was not heard.
            self.learn(LOG);
            self.learn(DUE);
            tokio::time::sleep(LISTEN_RETRY_WAIT).await;
        }
    }

    /// Until the connection is lost.
    async fn hear(&self, mut listener: PgListener) {
        while let Ok(Some(told)) = listener.try_recv().await {
            match told.payload().split_once(':') {
                Some((teller, _)) if teller == self.membership.own().to_string() => {}
                Some((_, what)) => self.learn(what),
                None => {}
            }
        }
    }

    fn learn(&self, what: &str) {
        match what {
            LOG => {
                if let Some(change_log) = self.change_log.upgrade() {
                    change_log.committed_elsewhere();
                }
            }
            DUE => self.wakeup.look(),
            // Of a newer version.
            _ => {}
        }
    }

    fn open_connections(&self) -> Option<Arc<Connections>> {
        self.connections.upgrade().filter(|connections| !connections.is_closed())
    }
}
