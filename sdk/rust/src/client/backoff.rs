//! How long to wait before another try.

use std::time::Duration;

/// Waits that double from try to try, each moved at random between nothing and its whole ("full
/// jitter"), so that clients that were cut off together do not come back together.
#[derive(Clone, Debug)]
pub struct Backoff {
    first: Duration,
    max: Duration,
    next: Duration,
}

impl Backoff {
    pub fn new(first: Duration, max: Duration) -> Self {
        Self { first, max, next: first }
    }

    /// Of streams that are opened again: 100 ms, doubling to 10 s.
    pub fn of_streams() -> Self {
        Self::new(Duration::from_millis(100), Duration::from_secs(10))
    }

    /// The next wait; `asked` is what the server asks for, which is obeyed. `fraction` is the
    /// chance, 0 to 1.
    pub fn next(&mut self, asked: Option<Duration>, fraction: f64) -> Duration {
        let longest = self.next;
        self.next = self.max.min(longest * 2);
        asked.unwrap_or_else(|| longest.mul_f64(fraction))
    }

    /// Something went well.
    pub fn reset(&mut self) {
        self.next = self.first;
    }
}

/// A random fraction, 0 to 1.
pub fn chance() -> f64 {
    #[expect(clippy::disallowed_methods, reason = "the one source; `Backoff` takes it as argument")]
    rand::random()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_bound_and_begin_anew() {
        let mut backoff = Backoff::of_streams();
        let waits: Vec<_> = (0..9).map(|_| backoff.next(None, 1.0).as_millis()).collect();
        assert_eq!(waits, [100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000]);
        backoff.reset();
        assert_eq!(backoff.next(None, 0.5), Duration::from_millis(50));
    }

    #[test]
    fn what_the_server_asks_for_is_obeyed() {
        let mut backoff = Backoff::of_streams();
        let asked = Duration::from_mins(1);
        assert_eq!(backoff.next(Some(asked), 0.0), asked);
        assert_eq!(backoff.next(None, 1.0), Duration::from_millis(200));
    }
}
