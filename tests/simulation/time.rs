//! Virtual time: it stands still while anybody has something to do, and then goes on to when
//! somebody has.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use bookora_webhooks::domain::clock::{Clock, Timestamp};
use tokio::time::Instant;

/// When every seed begins: 2026-06-10T10:30:00Z.
pub const BEGIN: Timestamp = Timestamp::from_unix_millis(1_781_087_400_000);

/// A machine's clock, which somebody may set.
pub struct VirtualClock {
    begun: Instant,
    /// Nanoseconds that it is ahead.
    ahead: AtomicI64,
}

impl VirtualClock {
    /// A clock that shows [`BEGIN`] at `begun`.
    pub fn new(begun: Instant) -> Self {
        Self { begun, ahead: AtomicI64::new(0) }
    }

    /// It is set by so many milliseconds.
    pub fn set(&self, millis: i64) {
        self.ahead.fetch_add(millis.saturating_mul(1_000_000), Ordering::Relaxed);
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        let true_time = BEGIN + self.monotonic();
        let ahead = self.ahead.load(Ordering::Relaxed);
        Timestamp::from_unix_nanos(true_time.as_unix_nanos().saturating_add(ahead))
    }

    fn monotonic(&self) -> Duration {
        now() - self.begun
    }
}

/// The present moment.
#[expect(clippy::disallowed_methods, reason = "the one place that asks; it is virtual here")]
pub fn now() -> Instant {
    Instant::now()
}
