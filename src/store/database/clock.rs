//! The database's time, which is that of every replica: what one of them plans another finds due.
//! Asked for every second and carried on by the monotonic clock between, so that the clock of a
//! replica's machine may be wrong, and may jump.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use crate::domain::clock::{Clock, Timestamp};

/// See the module.
pub struct DatabaseClock {
    local: Arc<dyn Clock>,
    /// The database's time at the start of the monotonic clock, in Unix nanoseconds.
    start: AtomicI64,
}

impl DatabaseClock {
    /// A clock that goes with the machine's until the database was asked.
    pub fn new(local: Arc<dyn Clock>) -> Self {
        let start = local.now() - local.monotonic();
        Self { local, start: AtomicI64::new(start.as_unix_nanos()) }
    }

    /// The database was asked at `asked`, and answered with its time before now: it is taken to
    /// have looked at its clock in the middle, so that the error is half of that time at most.
    pub fn set(&self, database_time: Timestamp, asked: Duration) {
        let answered = self.local.monotonic();
        let looked = asked + answered.saturating_sub(asked) / 2;
        self.start.store((database_time - looked).as_unix_nanos(), Ordering::Relaxed);
    }
}

impl Clock for DatabaseClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_nanos(self.start.load(Ordering::Relaxed)) + self.local.monotonic()
    }

    fn monotonic(&self) -> Duration {
        self.local.monotonic()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A machine whose wall clock is an hour late.
    struct Late(AtomicI64);

    impl Clock for Late {
        fn now(&self) -> Timestamp {
            Timestamp::from_unix_millis(1_000_000) - Duration::from_hours(1) + self.monotonic()
        }

        fn monotonic(&self) -> Duration {
            Duration::from_millis(self.0.load(Ordering::Relaxed).unsigned_abs())
        }
    }

    #[test]
    fn the_time_is_the_databases_and_goes_on_between_answers() {
        let machine = Arc::new(Late(AtomicI64::new(0)));
        let clock = DatabaseClock::new(machine.clone());
        assert_eq!(clock.now(), machine.now());
        let asked = clock.monotonic();
        machine.0.store(10, Ordering::Relaxed);
        clock.set(Timestamp::from_unix_millis(5_000_000), asked);
        assert_eq!(clock.now(), Timestamp::from_unix_millis(5_000_005), "half of the round trip");
        machine.0.store(1_010, Ordering::Relaxed);
        assert_eq!(clock.now(), Timestamp::from_unix_millis(5_001_005));
    }
}
