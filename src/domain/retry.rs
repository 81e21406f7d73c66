//! When to try again: the schedule of waits between attempts, and its jitter.

use std::time::Duration;

use super::random::Random;

/// Most retries of a schedule.
pub const RETRIES_MAX: usize = 10;
/// Shortest wait before a retry.
pub const RETRY_WAIT_MIN: Duration = Duration::from_secs(1);
/// Longest wait before a retry.
pub const RETRY_WAIT_MAX: Duration = Duration::from_hours(24);
/// How far chance moves a wait, to either side, so that what failed together does not come back
/// together.
const JITTER: f64 = 0.2;

/// The waits before each retry; as many retries as waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetrySchedule(Vec<Duration>);

/// The waits make no schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRetrySchedule {
    /// More than [`RETRIES_MAX`] waits.
    #[error("must have at most 10 entries")]
    TooMany,
    /// A wait is too short or too long.
    #[error("must be between 1 s and 24 h")]
    Wait {
        /// Its place in the list, from 0.
        index: usize,
    },
}

impl RetrySchedule {
    /// Checks the waits, each before jitter.
    ///
    /// # Errors
    /// [`InvalidRetrySchedule`] says what is allowed.
    pub fn new(waits: Vec<Duration>) -> Result<Self, InvalidRetrySchedule> {
        if waits.len() > RETRIES_MAX {
            return Err(InvalidRetrySchedule::TooMany);
        }
        let allowed = RETRY_WAIT_MIN..=RETRY_WAIT_MAX;
        match waits.iter().position(|wait| !allowed.contains(wait)) {
            Some(index) => Err(InvalidRetrySchedule::Wait { index }),
            None => Ok(Self(waits)),
        }
    }

    /// Wait before retry `number` (1 = after the first failed attempt), before jitter. With the
    /// default schedule: 30 s, 5 min, 30 min; then `None`: give up.
    #[must_use]
    pub fn wait_before_retry(&self, number: u32) -> Option<Duration> {
        let index = usize::try_from(number).ok()?.checked_sub(1)?;
        self.0.get(index).copied()
    }

    /// The waits, before jitter.
    #[must_use]
    pub fn waits(&self) -> &[Duration] {
        &self.0
    }
}

impl Default for RetrySchedule {
    fn default() -> Self {
        Self([30, 5 * 60, 30 * 60].map(Duration::from_secs).to_vec())
    }
}

/// How long to wait before a retry: the scheduled wait with jitter, or what the receiver asked
/// for where that is longer, plus up to 20 %: nobody comes earlier than asked.
#[must_use]
pub fn jittered_wait(
    scheduled: Duration,
    asked: Option<Duration>,
    random: &dyn Random,
) -> Duration {
    let scheduled = with_jitter(scheduled, random);
    let asked = asked.map(|asked| asked.mul_f64(1.0 + JITTER * random.fraction()));
    asked.map_or(scheduled, |asked| asked.max(scheduled))
}

/// The wait moved by up to 20 % to either side.
#[must_use]
fn with_jitter(wait: Duration, random: &dyn Random) -> Duration {
    wait.mul_f64(1.0 - JITTER + 2.0 * JITTER * random.fraction())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::random::SeededRandom;

    #[test]
    fn the_default_schedule_retries_three_times() {
        let schedule = RetrySchedule::default();
        let waits = [0, 1, 2, 3, 4].map(|retry| schedule.wait_before_retry(retry));
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        assert_eq!(waits, [None, seconds(30), seconds(300), seconds(1800), None]);
    }

    #[test]
    fn waits_out_of_range_and_too_many_are_refused() {
        let second = Duration::from_secs(1);
        assert_eq!(RetrySchedule::new(vec![second; 11]), Err(InvalidRetrySchedule::TooMany));
        assert!(RetrySchedule::new(vec![second; 10]).is_ok());
        for wait in [Duration::ZERO, Duration::from_millis(999), Duration::from_hours(25)] {
            let refused = Err(InvalidRetrySchedule::Wait { index: 1 });
            assert_eq!(RetrySchedule::new(vec![second, wait]), refused);
        }
    }

    #[test]
    fn jitter_stays_within_a_fifth_and_reaches_both_sides() {
        let random = SeededRandom::new(7);
        let waits: Vec<_> = (0..1_000)
            .map(|_| with_jitter(Duration::from_secs(100), &random).as_secs_f64())
            .collect();
        assert!(waits.iter().all(|wait| (80.0..=120.0).contains(wait)));
        assert!(waits.iter().any(|wait| *wait < 85.0) && waits.iter().any(|wait| *wait > 115.0));
    }

    proptest! {
        #[test]
        fn what_is_asked_lengthens_a_wait_and_never_shortens_it(
            scheduled in 1_u64..=86_400,
            asked in proptest::option::of(0_u64..=86_400),
            seed: u64,
        ) {
            let scheduled = Duration::from_secs(scheduled);
            let asked = asked.map(Duration::from_secs);
            let without = jittered_wait(scheduled, None, &SeededRandom::new(seed));
            let wait = jittered_wait(scheduled, asked, &SeededRandom::new(seed));
            let asked = asked.unwrap_or_default();
            prop_assert!(wait >= asked && wait >= without);
            prop_assert!(wait == without || wait <= asked.mul_f64(1.0 + JITTER));
        }
    }
}
