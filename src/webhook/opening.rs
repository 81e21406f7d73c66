//! The opening of a connection: how far it came, how long its parts took, and why it failed.
//!
//! The HTTP client's pool decides whether an attempt opens a connection, waits for one that
//! another attempt is opening, or takes an idle one; it hands the connector a URI alone. So the
//! attempt runs inside [`Opening::observe`], the connector notes what it does in the
//! [`Opening::current`] one, and the connection keeps it: an attempt knows by it whether the
//! connection it used is the one that it opened.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::domain::address::ForbiddenAddress;

tokio::task_local! {
    static CURRENT: Opening;
}

/// Why no connection was opened. Sources are kept: [`super::outcome`] tells more from them.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The name does not resolve now: try again later.
    #[error("the host name does not resolve")]
    Dns(#[source] io::Error),
    /// The policy forbids an address; nothing was sent.
    #[error("the address is forbidden")]
    Blocked(#[source] ForbiddenAddress),
    /// No address took the connection: try again later.
    #[error("no connection could be made")]
    Connect(#[source] io::Error),
    /// The handshake failed, or the certificate is not trusted.
    #[error("the TLS handshake failed")]
    Tls(#[source] io::Error),
    /// It took longer than any attempt may last.
    #[error("the connection was not opened in time")]
    TooSlow,
}

/// What the connector has come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stage {
    /// Nothing was begun: an idle connection was used or waited for.
    #[default]
    Idle,
    /// The name is being resolved.
    Resolving,
    /// TCP connections are being made.
    Connecting,
    /// The TLS handshake is under way.
    Securing,
    /// The connection is ready for requests.
    Open,
}

/// What is known of an opening so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct Progress {
    /// What the connector has come to.
    pub stage: Stage,
    /// When that stage began.
    began: Option<Instant>,
    /// Where the TCP connection leads.
    pub remote_address: Option<SocketAddr>,
    /// How long the resolver took.
    pub dns: Option<Duration>,
    /// How long the TCP connection took.
    pub connect: Option<Duration>,
    /// How long the handshake took.
    pub tls: Option<Duration>,
}

impl Progress {
    /// What another attempt on the same connection reports of it: where it leads, and no times.
    pub fn reused(&self) -> Self {
        Self { remote_address: self.remote_address, ..Self::default() }
    }

    /// When the connection was ready for requests.
    pub fn opened(&self) -> Option<Instant> {
        self.began.filter(|_| self.stage == Stage::Open)
    }
}

/// Notes of one attempt's opening, shared by the attempt, the connector and the connection.
#[derive(Clone, Debug, Default)]
pub struct Opening(Arc<Mutex<Progress>>);

impl Opening {
    /// The notes of the attempt that the present task runs; new ones outside of an attempt.
    pub fn current() -> Self {
        CURRENT.try_with(Self::clone).unwrap_or_default()
    }

    /// Runs an attempt; what it opens is noted here.
    pub async fn observe<F: Future>(&self, attempt: F) -> F::Output {
        CURRENT.scope(self.clone(), attempt).await
    }

    /// What is known so far.
    pub fn progress(&self) -> Progress {
        *self.lock()
    }

    /// Whether both are notes of the same attempt.
    pub fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Notes that an opening begins; it forgets one that the attempt made before.
    pub fn begin(&self, stage: Stage) {
        *self.lock() = Progress { stage, began: Some(monotonic_now()), ..Progress::default() };
    }

    /// Notes that the present stage ended well and the next begins.
    pub fn enter(&self, next: Stage) {
        let mut progress = self.lock();
        let took = progress.began.map(|began| began.elapsed());
        match progress.stage {
            Stage::Resolving => progress.dns = took,
            Stage::Connecting => progress.connect = took,
            Stage::Securing => progress.tls = took,
            Stage::Idle | Stage::Open => {}
        }
        progress.stage = next;
        progress.began = Some(monotonic_now());
    }

    /// Notes where the TCP connection leads.
    pub fn reached(&self, remote_address: SocketAddr) {
        self.lock().remote_address = Some(remote_address);
    }

    fn lock(&self) -> MutexGuard<'_, Progress> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The time by which the parts of an attempt are measured.
#[expect(clippy::disallowed_methods, reason = "durations are monotonic, whatever the clock says")]
pub fn monotonic_now() -> Instant {
    Instant::now()
}
