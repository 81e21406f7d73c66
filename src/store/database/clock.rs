//! The database's time, which is that of every replica: what one of them plans another finds due.
//! Asked for every second and carried on by the monotonic clock between, so that the clock of a
//! replica's machine may be wrong, and may jump.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use crate::domain::clock::{Clock, Timestamp};

/// The database's clock was set back by this or more: then time goes back. A smaller difference is
/// waited for, so that what comes later is never stamped earlier.
const STEP_BACK_MIN: i64 = 5_000_000_000;

/// See the module.
pub struct DatabaseClock {
    local: Arc<dyn Clock>,
    /// The database's time at the start of the monotonic clock, in Unix nanoseconds.
    start: AtomicI64,
    /// The latest time that was told, in Unix nanoseconds.
    told: AtomicI64,
}

impl DatabaseClock {
    /// A clock that goes with the machine's until the database was asked.
    pub fn new(local: Arc<dyn Clock>) -> Self {
        let start = (local.now() - local.monotonic()).as_unix_nanos();
        Self { local, start: AtomicI64::new(start), told: AtomicI64::new(i64::MIN) }
    }

    /// The database was asked at `asked`, and answered with its time before now. It looked at its
    /// clock somewhere in between; where that may be what is assumed already, nothing changes.
    pub fn set(&self, database_time: Timestamp, asked: Duration) {
        let earliest = (database_time - self.local.monotonic()).as_unix_nanos();
        let latest = (database_time - asked).as_unix_nanos();
        let assumed = self.start.load(Ordering::Relaxed);
        let start = assumed.clamp(earliest, latest.max(earliest));
        if start < assumed.saturating_sub(STEP_BACK_MIN) {
            self.told.store(i64::MIN, Ordering::Relaxed);
        }
        self.start.store(start, Ordering::Relaxed);
    }
}

impl Clock for DatabaseClock {
    fn now(&self) -> Timestamp {
        let start = Timestamp::from_unix_nanos(self.start.load(Ordering::Relaxed));
        let now = (start + self.local.monotonic()).as_unix_nanos();
        let before = self.told.fetch_max(now, Ordering::Relaxed);
        Timestamp::from_unix_nanos(now.max(before))
    }

    fn monotonic(&self) -> Duration {
        self.local.monotonic()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A machine whose wall clock shows 1,000 s after 1970 at its start.
    struct Machine(AtomicI64);

    impl Machine {
        fn set(&self, millis: i64) {
            self.0.store(millis, Ordering::Relaxed);
        }
    }

    impl Clock for Machine {
        fn now(&self) -> Timestamp {
            Timestamp::from_unix_millis(1_000_000) + self.monotonic()
        }

        fn monotonic(&self) -> Duration {
            Duration::from_millis(self.0.load(Ordering::Relaxed).unsigned_abs())
        }
    }

    fn machine_and_clock() -> (Arc<Machine>, DatabaseClock) {
        let machine = Arc::new(Machine(AtomicI64::new(0)));
        let clock = DatabaseClock::new(machine.clone());
        (machine, clock)
    }

    /// The database is asked now, answers after 20 ms, and had this time at some moment between.
    fn ask(machine: &Machine, clock: &DatabaseClock, database_millis: i64) {
        let asked = clock.monotonic();
        machine.set(machine.0.load(Ordering::Relaxed) + 20);
        clock.set(Timestamp::from_unix_millis(database_millis), asked);
    }

    #[test]
    fn the_time_is_the_databases_and_goes_on_between_answers() {
        let (machine, clock) = machine_and_clock();
        assert_eq!(clock.now(), machine.now());
        ask(&machine, &clock, 5_000_000);
        let now = clock.now().as_unix_millis();
        assert!((5_000_000..=5_000_020).contains(&now), "{now}");
        machine.set(1_020);
        assert_eq!(clock.now().as_unix_millis(), now + 1_000);
    }

    #[test]
    fn an_answer_that_fits_changes_nothing_and_a_slow_one_does_not_turn_time_back() {
        let (machine, clock) = machine_and_clock();
        ask(&machine, &clock, 1_000_010);
        assert_eq!(clock.now().as_unix_millis(), 1_000_020);
        // It had this time before it was asked, by what was assumed: the clock was too fast.
        ask(&machine, &clock, 1_000_012);
        let now = clock.now().as_unix_millis();
        ask(&machine, &clock, 1_000_025);
        assert!(clock.now().as_unix_millis() >= now);
    }

    #[test]
    fn time_goes_back_where_the_databases_clock_was_set_back() {
        let (machine, clock) = machine_and_clock();
        ask(&machine, &clock, 9_000_000);
        assert!(clock.now().as_unix_millis() >= 9_000_000);
        ask(&machine, &clock, 2_000_000);
        assert!(clock.now().as_unix_millis() <= 2_000_020);
    }
}
