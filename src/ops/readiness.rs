//! Whether calls are to be sent to this process: the store is open, which is after its migrations,
//! and answers, and the process is not asked to end.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::domain::clock::Clock;
use crate::store::Store;

/// How long what was found stands, so that the store is asked once a second however many ask.
const FRESH: Duration = Duration::from_secs(1);
/// How long the store may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// Why no calls are to be sent here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotReady {
    /// The database is being opened, and brought to this build's schema.
    Starting,
    /// The database does not answer, or not in time.
    NoStore,
    /// The process was asked to end.
    Draining,
}

impl fmt::Display for NotReady {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Starting => "starting: the database is being opened and brought up to date",
            Self::NoStore => "store: the database does not answer",
            Self::Draining => "draining: the process was asked to end",
        })
    }
}

/// What readiness is told from.
#[derive(Default)]
pub struct Readiness {
    started: OnceLock<Started>,
    is_draining: AtomicBool,
    /// When the store was last asked, and whether it answered.
    last: Mutex<Option<(Duration, bool)>>,
}

struct Started {
    store: Arc<Store>,
    clock: Arc<dyn Clock>,
}

impl Readiness {
    /// The store is open, and calls are taken.
    pub fn started(&self, store: Arc<Store>) {
        let clock = store.clock();
        // A process starts once.
        let _ = self.started.set(Started { store, clock });
    }

    /// The process was asked to end.
    pub fn draining(&self) {
        self.is_draining.store(true, Ordering::Relaxed);
    }

    /// Whether calls are to be sent here.
    ///
    /// # Errors
    /// [`NotReady`] says why not.
    pub async fn check(&self) -> Result<(), NotReady> {
        if self.is_draining.load(Ordering::Relaxed) {
            return Err(NotReady::Draining);
        }
        let started = self.started.get().ok_or(NotReady::Starting)?;
        if self.answers(started).await { Ok(()) } else { Err(NotReady::NoStore) }
    }

    /// Whoever comes while the store is asked waits for the same answer.
    async fn answers(&self, started: &Started) -> bool {
        let mut last = self.last.lock().await;
        if let Some((asked, answered)) = *last
            && started.clock.monotonic().saturating_sub(asked) < FRESH
        {
            return answered;
        }
        let answered = matches!(timeout(PATIENCE, started.store.ping()).await, Ok(Ok(())));
        *last = Some((started.clock.monotonic(), answered));
        answered
    }
}
